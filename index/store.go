package index

import (
	"cmp"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"mianshen/index/lexicon"
	"mianshen/index/sealed"
	"mianshen/index/suggest"
	"mianshen/index/words"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/registry"
)

// ErrRebuild means that there is no usable index: none was built, it is of an older mapping, or a file of it is
// damaged. The caller builds it again from its own data with [Create].
var ErrRebuild = errors.New("index must be rebuilt")

// mappingVersion changes whenever the same document would be indexed differently: tokens, folding table, fields.
const mappingVersion = "mianshen-index-3"

// Names within a generation.
const (
	tableFile   = "table.gob"
	phraseFile  = "phrases.gob"
	suggestFile = "suggest.gob"
	bleveDir    = "bleve"
)

// Fields of the inverted file.
const (
	bodyField   = "body"
	titleField  = "title"
	sourceField = "source" // the document, packed, stored, not searched
	analyzer    = "mianshen"
)

var searchedFields = []string{bodyField, titleField}

// row is what is kept of each document in memory: what filters, facets and scores need.
type row struct {
	ID, Group, Department, Level, Mode, ItemKind, Field, From, To string
	Kind                                                          Kind
	Industries, Places                                            []string
	BodyLen, TitleLen                                             int
	Amount                                                        int64 // yuan, the greatest sum named up to maxAmount; 0 for none
}

// policyAnalyzer hands our tokens to bleve.
type policyAnalyzer struct{}

// Analyze implements bleve's analyzer.
func (policyAnalyzer) Analyze(input []byte) analysis.TokenStream {
	tokens := words.Tokens(string(input))
	stream := make(analysis.TokenStream, len(tokens))
	backing := make([]analysis.Token, len(tokens))
	for i, t := range tokens {
		backing[i] = analysis.Token{Term: []byte(t.Term), Start: t.Start, End: t.End, Position: i + 1}
		stream[i] = &backing[i]
	}
	return stream
}

func init() {
	err := registry.RegisterAnalyzer(analyzer, func(map[string]any, *registry.Cache) (analysis.Analyzer, error) {
		return policyAnalyzer{}, nil
	})
	if err != nil {
		panic(err) // the name is taken: a programming mistake, found by every test
	}
}

func newMapping() mapping.IndexMapping {
	searched := mapping.NewTextFieldMapping()
	searched.Analyzer = analyzer
	searched.Store, searched.IncludeInAll, searched.IncludeTermVectors, searched.DocValues = false, false, false, false
	stored := mapping.NewTextFieldMapping()
	stored.Index, stored.IncludeInAll, stored.IncludeTermVectors, stored.DocValues = false, false, false, false
	doc := mapping.NewDocumentStaticMapping()
	doc.AddFieldMappingsAt(bodyField, searched)
	doc.AddFieldMappingsAt(titleField, searched)
	doc.AddFieldMappingsAt(sourceField, stored)
	doc.AddSubDocumentMapping("_all", mapping.NewDocumentDisabledMapping())
	m := mapping.NewIndexMapping()
	m.DefaultMapping = doc
	m.StoreDynamic, m.IndexDynamic, m.DocValuesDynamic = false, false, false
	return m
}

// Create builds an index of docs below dir, which is made if need be, and makes it the current one by a single rename:
// who opens dir finds the old index or the new one, never half of one. Indexes already open stay good. On an error,
// also one from docs, the old index stays. Only one Create may run on a dir at a time.
func Create(ctx context.Context, dir string, docs iter.Seq2[Document, error]) error {
	return createAs(ctx, dir, mappingVersion, docs)
}

// createAs is Create for any version of the mapping.
func createAs(ctx context.Context, dir, version string, docs iter.Seq2[Document, error]) error {
	err := sealed.Write(dir, version, func(gen string) error { return build(ctx, gen, docs) })
	if err != nil {
		return fmt.Errorf("create index %s: %w", dir, err)
	}
	return nil
}

// build writes the files of one generation.
func build(ctx context.Context, gen string, docs iter.Seq2[Document, error]) (err error) {
	lex, err := lexicon.Default()
	if err != nil {
		return err
	}
	heard := suggest.NewListener(lex)
	rows, err := writeBleve(ctx, gen, heardBy(heard, docs))
	if err != nil {
		return err
	}
	return errors.Join(writeGob(filepath.Join(gen, tableFile), rows), writeGob(filepath.Join(gen, phraseFile), heard.Phrases()),
		writeGob(filepath.Join(gen, suggestFile), heard.Entries()))
}

// heardBy gives docs on while l listens to their titles.
func heardBy(l *suggest.Listener, docs iter.Seq2[Document, error]) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for d, err := range docs {
			if err == nil {
				l.Hear(validText(d.Title), validText(d.Also), cmp.Or(d.Group, d.ID))
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

func writeGob(path string, value any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(gob.NewEncoder(f).Encode(value), f.Close())
}

// writeBleve writes the inverted file and gives the rows of the table, in the order of docs.
func writeBleve(ctx context.Context, gen string, docs iter.Seq2[Document, error]) ([]row, error) {
	b, err := bleve.NewBuilder(filepath.Join(gen, bleveDir), newMapping(), map[string]any{
		"buildPathPrefix": gen,
		"batchSize":       500,
	})
	if err != nil {
		return nil, err
	}
	rows := []row{}
	seen := map[string]bool{}
	for d, err := range docs {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if err := d.check(); err != nil {
			return nil, err
		}
		if seen[d.ID] {
			return nil, fmt.Errorf("document %q: id is there twice", d.ID)
		}
		seen[d.ID] = true
		r, err := add(b, d)
		if err != nil {
			return nil, fmt.Errorf("document %q: %w", d.ID, err)
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 { // bleve's builder can't write an empty index
		return rows, os.RemoveAll(filepath.Join(gen, bleveDir))
	}
	return rows, b.Close()
}

func add(b bleve.Builder, d Document) (row, error) {
	d.Title, d.Body, d.Also = validText(d.Title), validText(d.Body), validText(d.Also)
	if d.Group == "" {
		d.Group = d.ID
	}
	head := d.Title + "。" + d.Number + "。" + validText(d.Also)
	r := row{
		ID: d.ID, Group: d.Group, Kind: d.Kind, Department: d.Department, Level: d.Level, Mode: d.Mode,
		ItemKind: d.ItemKind, Field: d.Field, From: d.From, To: d.To, Industries: d.Industries,
		BodyLen: len([]rune(d.Body)), TitleLen: len([]rune(head)), Amount: greatest(d.Title, d.Body),
	}
	for _, p := range lexicon.Places(words.Fold(d.Title + " " + d.Also + " " + d.Department)) {
		r.Places = append(r.Places, string(p))
	}
	return r, b.Index(d.ID, map[string]any{bodyField: d.Body, titleField: head, sourceField: pack(d)})
}

// maxAmount is the greatest sum in yuan that is taken for what a firm may get; beyond it texts speak of funds and turnovers.
const maxAmount = 100_000_000

// greatest gives the greatest sum of money that texts name, up to maxAmount.
func greatest(texts ...string) (yuan int64) {
	for _, text := range texts {
		for _, sum := range words.Sums(text) {
			if sum <= maxAmount {
				yuan = max(yuan, sum)
			}
		}
	}
	return yuan
}

// recoverAs turns a panic of the layers below into an error that is as, so that no damaged file ends the process.
func recoverAs(err *error, as error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", as, p)
	}
}
