package index

import (
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/registry"
)

// ErrRebuild means that there is no usable index: none was built, it is of an older mapping, or a file of it is
// damaged. The caller builds it again from its own data with [Create].
var ErrRebuild = errors.New("index must be rebuilt")

// mappingVersion changes whenever the same document would be indexed differently: tokens, folding table, fields.
const mappingVersion = "mianshen-index-1"

// Names below the folder of an index.
const (
	currentFile  = "CURRENT"       // "GENERATION SHA256-OF-ITS-MANIFEST\n"
	manifestFile = "manifest.json" // in a generation, as all below
	tableFile    = "table.gob"
	bleveDir     = "bleve"
	genPrefix    = "gen-"
)

// Fields of the inverted file.
const (
	bodyField   = "body"
	titleField  = "title"
	sourceField = "source" // the document as JSON, stored, not searched
	analyzer    = "mianshen"
)

// manifest says what a generation consists of.
type manifest struct {
	Version   string              `json:"version"`
	Documents int                 `json:"documents"`
	Files     map[string]fileSeal `json:"files"` // by slash path within the generation
}

type fileSeal struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// row is what is kept of each document in memory: what filters, facets and scores need.
type row struct {
	ID, Group, Department, Level, Mode, ItemKind, Field, From, To string
	Kind                                                          Kind
	Industries                                                    []string
	BodyLen, TitleLen                                             int
}

// policyAnalyzer hands our tokens to bleve.
type policyAnalyzer struct{}

// Analyze implements bleve's analyzer.
func (policyAnalyzer) Analyze(input []byte) analysis.TokenStream {
	tokens := documentTokens(string(input))
	stream := make(analysis.TokenStream, len(tokens))
	backing := make([]analysis.Token, len(tokens))
	for i, t := range tokens {
		backing[i] = analysis.Token{Term: []byte(t.term), Start: t.start, End: t.end, Position: i + 1}
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
// who opens dir finds the old index or the new one, never half of one. Indexes already open stay good. Earlier
// generations are removed afterwards. On an error, also one from docs, the old index stays. Only one Create may run
// on a dir at a time. Nothing is synced to disk: an index that a crash cut short is found at [Open].
func Create(ctx context.Context, dir string, docs iter.Seq2[Document, error]) (err error) {
	defer wrap(&err, "create index %s", dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	gen, err := os.MkdirTemp(dir, genPrefix)
	if err != nil {
		return err
	}
	seal, err := build(ctx, gen, docs)
	if err != nil {
		return errors.Join(err, os.RemoveAll(gen))
	}
	current := filepath.Join(dir, currentFile)
	line := filepath.Base(gen) + " " + seal + "\n"
	if err := os.WriteFile(current+".new", []byte(line), 0o644); err != nil {
		return err
	}
	if err := os.Rename(current+".new", current); err != nil {
		return err
	}
	return removeOthers(dir, filepath.Base(gen))
}

// build writes one generation and gives the checksum of its manifest.
func build(ctx context.Context, gen string, docs iter.Seq2[Document, error]) (seal string, err error) {
	defer recoverAs(&err, errors.New("build failed"))
	rows, err := writeBleve(ctx, gen, docs)
	if err != nil {
		return "", err
	}
	table, err := os.Create(filepath.Join(gen, tableFile))
	if err != nil {
		return "", err
	}
	err = gob.NewEncoder(table).Encode(rows)
	if err := errors.Join(err, table.Close()); err != nil {
		return "", err
	}
	m := manifest{Version: mappingVersion, Documents: len(rows), Files: map[string]fileSeal{}}
	err = filepath.WalkDir(gen, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(gen, path)
		if err != nil {
			return err
		}
		m.Files[filepath.ToSlash(name)], err = sealOf(path)
		return err
	})
	if err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), os.WriteFile(filepath.Join(gen, manifestFile), text, 0o644)
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
	d.Title, d.Body = validText(d.Title), validText(d.Body)
	if d.Group == "" {
		d.Group = d.ID
	}
	source, err := json.Marshal(d)
	if err != nil {
		return row{}, err
	}
	head := d.Title + "。" + d.Number + "。" + validText(d.Also)
	r := row{
		ID: d.ID, Group: d.Group, Kind: d.Kind, Department: d.Department, Level: d.Level, Mode: d.Mode,
		ItemKind: d.ItemKind, Field: d.Field, From: d.From, To: d.To, Industries: d.Industries,
		BodyLen: len([]rune(d.Body)), TitleLen: len([]rune(head)),
	}
	return r, b.Index(d.ID, map[string]any{bodyField: d.Body, titleField: head, sourceField: string(source)})
}

// sealOf gives size and checksum of a file.
func sealOf(path string) (fileSeal, error) {
	f, err := os.Open(path)
	if err != nil {
		return fileSeal{}, err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fileSeal{}, err
	}
	return fileSeal{Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// removeOthers removes every generation but keep.
func removeOthers(dir, keep string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), genPrefix) && e.Name() != keep {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// wrap adds what was being done to an error.
func wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}

// recoverAs turns a panic of the layers below into an error that is as, so that no damaged file ends the process.
func recoverAs(err *error, as error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", as, p)
	}
}
