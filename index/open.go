package index

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"mianshen/index/lexicon"
	"mianshen/index/pairs"
	"mianshen/index/repair"
	"mianshen/index/sealed"
	"mianshen/index/suggest"

	"github.com/blevesearch/bleve/v2"
	bleveindex "github.com/blevesearch/bleve_index_api"
)

// Index is an open index. It never changes; what is new is built beside it by [Create] and opened in its place.
// All methods may be called at once from many goroutines.
type Index struct {
	mu     sync.RWMutex // Close waits for searches
	closed bool
	limit  time.Duration // MaxSearchTime, but for tests

	noShortCut bool // for tests: every word is looked for everywhere

	lexicon *lexicon.Lexicon

	gen    sealed.Generation
	store  bleve.Index // nil when there are no documents
	reader bleveindex.IndexReader

	known                   values
	places                  [][]lexicon.Place // of each row
	pairs                   pairs.Pairs
	sums                    []int64 // every sum of money that is named, in yuan, ascending
	repairer                *repair.Repairer
	suggester               *suggest.Suggester
	rows                    []row
	rowOf, docOf            []int32 // bleve's document number -> row, and back
	groupOf                 []int32 // row -> group
	groups                  []string
	size                    []int32   // passages of each group
	byChance                []float64 // what counts of the score of a passage of each group
	byID                    []int32   // row -> its place in the order of ids
	bodyFactor, titleFactor []float32 // row -> what one occurrence counts, lengths allowed for
	scratch                 sync.Pool
	temp                    string // removed by Close
}

// Open opens the current index below dir after verifying every file of it against its checksum. Any reason for which
// it can't be used is an [ErrRebuild]. Several processes may have one index open. Queries are read with lex; nil is the
// lexicon that comes with the program.
func Open(dir string, lex *lexicon.Lexicon) (*Index, error) {
	if lex == nil {
		var err error
		if lex, err = lexicon.Default(); err != nil {
			return nil, fmt.Errorf("open index %s: %w", dir, err)
		}
	}
	x, err := open(dir, lex)
	if err != nil {
		return nil, fmt.Errorf("open index %s: %w: %w", dir, ErrRebuild, err)
	}
	return x, nil
}

// NewTemp builds an index of docs in a temporary folder, which Close removes. lex is as in [Open].
func NewTemp(ctx context.Context, docs []Document, lex *lexicon.Lexicon) (*Index, error) {
	dir, err := os.MkdirTemp("", "mianshen-index-")
	if err != nil {
		return nil, err
	}
	err = Create(ctx, dir, All(docs))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	x, err := Open(dir, lex)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	x.temp = dir
	return x, nil
}

// Documents gives the number of documents.
func (x *Index) Documents() int { return len(x.rows) }

// Close waits for running searches, then gives everything back. A second call does nothing.
func (x *Index) Close() (err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	return x.release()
}

func (x *Index) release() (err error) {
	defer recoverAs(&err, ErrRebuild)
	if x.reader != nil {
		err = x.reader.Close()
	}
	if x.store != nil {
		err = errors.Join(err, x.store.Close())
	}
	if x.temp != "" {
		err = errors.Join(err, os.RemoveAll(x.temp))
	}
	return err
}

// Verify reads every file of the index again and compares it with its checksum; damage is an [ErrRebuild]. For an
// index that has been open for long; it reads everything, so rarely.
func (x *Index) Verify(ctx context.Context) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return fmt.Errorf("verify index: %w", os.ErrClosed)
	}
	err := x.gen.Verify(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("verify index: %w", ctx.Err())
	}
	return fmt.Errorf("verify index: %w: %w", ErrRebuild, err)
}

func open(dir string, lex *lexicon.Lexicon) (x *Index, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverAs(&err, errors.New("damaged"))
	gen, err := sealed.Open(dir, mappingVersion)
	if err != nil {
		return nil, err
	}
	x = &Index{gen: gen, limit: MaxSearchTime, lexicon: lex}
	if err := x.load(); err != nil {
		return nil, errors.Join(err, x.release())
	}
	return x, nil
}

// load opens the inverted file and reads the table.
func (x *Index) load() error {
	if err := readGob(filepath.Join(x.gen.Dir, tableFile), &x.rows); err != nil {
		return err
	}
	var phrases []repair.Phrase
	var entries []suggest.Entry
	if err := errors.Join(readGob(filepath.Join(x.gen.Dir, phraseFile), &phrases), readGob(filepath.Join(x.gen.Dir, suggestFile), &entries)); err != nil {
		return err
	}
	x.scratch.New = func() any { return newScratch(len(x.rows)) }
	x.number()
	if len(x.rows) == 0 {
		return nil
	}
	var err error
	x.store, err = bleve.OpenUsing(filepath.Join(x.gen.Dir, bleveDir), map[string]any{
		"read_only": true, "bolt_timeout": "2s",
	})
	if err != nil {
		return err
	}
	inner, err := x.store.Advanced()
	if err != nil {
		return err
	}
	if x.reader, err = inner.Reader(); err != nil {
		return err
	}
	if err := errors.Join(x.matchRows(), x.readPairs()); err != nil {
		return err
	}
	x.repairer = repair.New(x.lexicon, x.pairs, phrases)
	x.suggester = suggest.New(entries, x.ownSuggestions())
	return nil
}

// readGob reads a value that writeGob wrote.
func readGob(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(value); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

// number numbers the groups in the order in which they come, shares equal strings, and weighs the lengths.
func (x *Index) number() {
	known := map[string]int32{}
	shared := map[string]string{}
	share := func(s *string) {
		if old, ok := shared[*s]; ok {
			*s = old
			return
		}
		shared[*s] = *s
	}
	x.groupOf = make([]int32, len(x.rows))
	x.places = make([][]lexicon.Place, len(x.rows))
	body, title := 0, 0
	for i := range x.rows {
		r := &x.rows[i]
		for _, s := range []*string{&r.Group, &r.Department, &r.Level, &r.Mode, &r.ItemKind, &r.Field, &r.From, &r.To} {
			share(s)
		}
		g, ok := known[r.Group]
		if !ok {
			g = int32(len(x.groups))
			known[r.Group] = g
			x.groups = append(x.groups, r.Group)
			x.size = append(x.size, 0)
		}
		x.groupOf[i] = g
		x.known.note(r)
		for _, p := range r.Places {
			x.places[i] = append(x.places[i], lexicon.Place(p))
		}
		x.size[g]++
		body, title = body+r.BodyLen, title+r.TitleLen
	}
	for _, n := range x.size {
		x.byChance = append(x.byChance, byChance(n))
	}
	order := make([]int32, len(x.rows))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return strings.Compare(x.rows[a].ID, x.rows[b].ID) })
	x.byID = make([]int32, len(x.rows))
	for place, r := range order {
		x.byID[r] = int32(place)
	}
	n := float64(max(len(x.rows), 1))
	x.bodyFactor, x.titleFactor = make([]float32, len(x.rows)), make([]float32, len(x.rows))
	for i, r := range x.rows {
		x.bodyFactor[i] = factor(1, bodyNorm, r.BodyLen, float64(body)/n)
		x.titleFactor[i] = factor(titleWeight, titleNorm, r.TitleLen, float64(title)/n)
	}
}

// values is what occurs in the fields that words of a query may narrow.
type values struct{ modes, levels, departments []string }

func (v *values) note(r *row) {
	for _, f := range []struct {
		all   *[]string
		value string
	}{{&v.modes, r.Mode}, {&v.levels, r.Level}, {&v.departments, r.Department}} {
		if f.value != "" && !slices.Contains(*f.all, f.value) {
			*f.all = append(*f.all, f.value)
		}
	}
}

// factor is BM25F's weight of one occurrence in a field of some length; mean is the mean length of the field.
func factor(weight, norm float64, length int, mean float64) float32 {
	return float32(weight / (1 - norm + norm*float64(length)/max(mean, 1)))
}

// matchRows finds the row of each of bleve's document numbers.
func (x *Index) matchRows() error {
	byID := make(map[string]int32, len(x.rows))
	for i, r := range x.rows {
		byID[r.ID] = int32(i)
	}
	all, err := x.reader.DocIDReaderAll()
	if err != nil {
		return err
	}
	x.docOf = make([]int32, len(x.rows))
	found := 0
	for {
		id, err := all.Next()
		if err != nil {
			return errors.Join(err, all.Close())
		}
		if id == nil {
			break
		}
		name, err := x.reader.ExternalID(id)
		if err != nil {
			return errors.Join(err, all.Close())
		}
		r, ok := byID[name]
		if !ok || id.Value() != uint64(found) {
			return errors.Join(fmt.Errorf("document %q: not in the table", name), all.Close())
		}
		x.rowOf = append(x.rowOf, r)
		x.docOf[r] = int32(found)
		found++
	}
	if found != len(x.rows) {
		return errors.Join(fmt.Errorf("%d documents, want %d", found, len(x.rows)), all.Close())
	}
	return all.Close()
}

// readPairs learns the pairs. It is done at once, since bleve reads its dictionaries in goroutines of its own, where a
// fault can't be caught.
func (x *Index) readPairs() error {
	x.pairs = pairs.New()
	for _, field := range searchedFields {
		if err := x.readDict(field); err != nil {
			return err
		}
	}
	x.pairs.Join()
	slices.Sort(x.sums)
	x.sums = slices.Compact(x.sums)
	return nil
}

// readDict reads one field's dictionary.
func (x *Index) readDict(field string) error {
	dict, err := x.reader.FieldDict(field)
	if err != nil {
		return err
	}
	for {
		e, err := dict.Next()
		if err != nil {
			return errors.Join(err, dict.Close())
		}
		if e == nil {
			return dict.Close()
		}
		if yuan, ok := sumOf(e.Term); ok {
			x.sums = append(x.sums, yuan)
			continue
		}
		x.pairs.Add(e.Term, e.Count)
	}
}
