package index

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/blevesearch/bleve/v2"
	bleveindex "github.com/blevesearch/bleve_index_api"
)

// Index is an open index. It never changes; what is new is built beside it by [Create] and opened in its place.
// All methods may be called at once from many goroutines.
type Index struct {
	mu     sync.RWMutex // Close waits for searches
	closed bool

	gen    string
	seal   manifest
	store  bleve.Index // nil when there are no documents
	reader bleveindex.IndexReader

	rows              []row
	rowOf             []int32 // bleve's document number -> row
	groupOf           []int32 // row -> group
	groups            []string
	avgBody, avgTitle float64
	scratch           sync.Pool
	temp              string // removed by Close
}

// Open opens the current index below dir after verifying every file of it against its checksum. Any reason for which
// it can't be used is an [ErrRebuild]. Several processes may have one index open.
func Open(dir string) (*Index, error) {
	x, err := openCurrent(dir)
	if errors.Is(err, os.ErrNotExist) {
		x, err = openCurrent(dir) // a Create may have replaced the generation between two of our steps
	}
	if err != nil {
		return nil, fmt.Errorf("open index %s: %w: %w", dir, ErrRebuild, err)
	}
	return x, nil
}

// NewTemp builds an index of docs in a temporary folder, which Close removes.
func NewTemp(ctx context.Context, docs []Document) (*Index, error) {
	dir, err := os.MkdirTemp("", "mianshen-index-")
	if err != nil {
		return nil, err
	}
	err = Create(ctx, dir, All(docs))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	x, err := Open(dir)
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
	err := x.seal.verify(ctx, x.gen)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("verify index: %w", ctx.Err())
	}
	return fmt.Errorf("verify index: %w: %w", ErrRebuild, err)
}

func openCurrent(dir string) (x *Index, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverAs(&err, errors.New("damaged"))
	line, err := readCapped(filepath.Join(dir, currentFile), 1<<10)
	if err != nil {
		return nil, err
	}
	name, sum, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	if !ok || !strings.HasPrefix(name, genPrefix) || name != filepath.Base(name) {
		return nil, fmt.Errorf("%s: %.80q names no generation", currentFile, line)
	}
	x = &Index{gen: filepath.Join(dir, name)}
	if x.seal, err = readManifest(x.gen, sum); err != nil {
		return nil, err
	}
	if err := x.seal.verify(context.Background(), x.gen); err != nil {
		return nil, err
	}
	if err := x.load(); err != nil {
		return nil, errors.Join(err, x.release())
	}
	return x, nil
}

// readManifest reads the manifest of a generation, whose checksum must be sum.
func readManifest(gen, sum string) (m manifest, err error) {
	path := filepath.Join(gen, manifestFile)
	seal, err := sealOf(path)
	if err != nil {
		return m, err
	}
	if seal.SHA256 != sum {
		return m, fmt.Errorf("%s: checksum differs", manifestFile)
	}
	text, err := readCapped(path, 1<<20)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if m.Version != mappingVersion {
		return m, fmt.Errorf("%s: version %q, want %q", manifestFile, m.Version, mappingVersion)
	}
	return m, nil
}

// verify compares every file of the generation with its seal.
func (m manifest) verify(ctx context.Context, gen string) error {
	for name, want := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("%s: name leads out of the index", name)
		}
		got, err := sealOf(filepath.Join(gen, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s: checksum differs", name)
		}
	}
	return nil
}

// load opens the inverted file and reads the table.
func (x *Index) load() error {
	text, err := os.ReadFile(filepath.Join(x.gen, tableFile))
	if err != nil {
		return err
	}
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&x.rows); err != nil {
		return fmt.Errorf("%s: %w", tableFile, err)
	}
	if len(x.rows) != x.seal.Documents {
		return fmt.Errorf("%s: %d rows, want %d", tableFile, len(x.rows), x.seal.Documents)
	}
	x.scratch.New = func() any { return newScratch(len(x.rows)) }
	x.number()
	if len(x.rows) == 0 {
		return nil
	}
	x.store, err = bleve.OpenUsing(filepath.Join(x.gen, bleveDir), map[string]any{
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
	return x.matchRows()
}

// number numbers the groups in the order in which they come, shares equal strings, and takes the mean lengths.
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
		}
		x.groupOf[i] = g
		body, title = body+r.BodyLen, title+r.TitleLen
	}
	n := float64(max(len(x.rows), 1))
	x.avgBody, x.avgTitle = max(float64(body)/n, 1), max(float64(title)/n, 1)
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
		found++
	}
	if found != len(x.rows) {
		return errors.Join(fmt.Errorf("%d documents, want %d", found, len(x.rows)), all.Close())
	}
	return all.Close()
}

func readCapped(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes, at most %d", filepath.Base(path), info.Size(), limit)
	}
	return os.ReadFile(path)
}
