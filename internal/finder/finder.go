// Package finder keeps a search index in step with the store: it builds the index from the policies that are current,
// follows the store's sequence of changes, and exchanges the index without a gap when policies change or when the index
// turns out to be damaged. Nothing about money reads it.
package finder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"mianshen/index"
	"mianshen/index/lexicon"
	"mianshen/internal/casework"
	"mianshen/internal/catalog"
	"mianshen/internal/store"
)

// Finder searches what is published. It may be used by many goroutines.
type Finder struct {
	office *casework.Office
	dir    string
	log    *slog.Logger
	lex    *lexicon.Lexicon // nil is the program's own

	building sync.Mutex // one build at a time
	mu       sync.RWMutex
	current  *index.Index
	seq      int64 // of the last change that the index holds
}

// Open returns a finder whose index stands in dir, which is made where it is missing. The index is built anew from what is
// current: it takes less time than to find out whether one that stands there is still right. Queries are read with lex; nil is the
// program's own lexicon.
func Open(ctx context.Context, office *casework.Office, dir string, lex *lexicon.Lexicon, log *slog.Logger) (*Finder, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("finder: %w", err)
	}
	f := &Finder{office: office, dir: dir, lex: lex, log: log}
	if err := f.Rebuild(ctx); err != nil {
		return nil, err
	}
	return f, nil
}

// Close ends the use of the index.
func (f *Finder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil {
		return nil
	}
	return f.current.Close()
}

// Rebuild builds the index from what is current and puts it in the place of the one in use. Searches that run meanwhile end
// on the old one.
func (f *Finder) Rebuild(ctx context.Context) error {
	f.building.Lock()
	defer f.building.Unlock()
	return f.rebuild(ctx)
}

// rebuild is Rebuild for who holds the lock.
func (f *Finder) rebuild(ctx context.Context) error {
	seq, err := f.last(ctx)
	if err != nil {
		return err
	}
	var docs []index.Document
	book, err := f.office.Current(ctx)
	switch {
	case errors.Is(err, casework.ErrNothing):
	case err != nil:
		return fmt.Errorf("finder: %w", err)
	default:
		docs = catalog.Documents(book.Policies)
	}
	dir := filepath.Join(f.dir, "policies")
	if err := index.Create(ctx, dir, index.All(docs)); err != nil {
		return fmt.Errorf("finder: %w", err)
	}
	fresh, err := index.Open(dir, f.lex)
	if err != nil {
		return fmt.Errorf("finder: %w", err)
	}
	f.mu.Lock()
	old := f.current
	f.current, f.seq = fresh, seq
	f.mu.Unlock()
	if old != nil {
		return old.Close()
	}
	return nil
}

// page is how many changes are read at a time.
const page = 500

// last is the number of the newest change, counted on from the one the index holds.
func (f *Finder) last(ctx context.Context) (int64, error) {
	f.mu.RLock()
	seq := f.seq
	f.mu.RUnlock()
	for {
		changes, err := f.office.Store.Changes(ctx, seq, page)
		if err != nil || len(changes) == 0 {
			return seq, err
		}
		seq = changes[len(changes)-1].Seq
	}
}

// Follow brings the index up to date whenever policies or the vocabulary have changed, looking every so often, until ctx
// ends. What fails is logged and tried again.
func (f *Finder) Follow(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := f.CatchUp(ctx); err != nil && ctx.Err() == nil {
			f.log.Error("search index not up to date", "error", err)
		}
	}
}

// CatchUp brings the index up to date with all that was committed before.
func (f *Finder) CatchUp(ctx context.Context) error {
	f.mu.RLock()
	seq := f.seq
	f.mu.RUnlock()
	changes, err := f.office.Store.Changes(ctx, seq, page)
	if err != nil || len(changes) == 0 {
		return err
	}
	for _, c := range changes {
		if c.Kind == store.ChangePolicy || c.Kind == store.ChangeVocabulary {
			return f.Rebuild(ctx)
		}
	}
	f.mu.Lock()
	f.seq = max(f.seq, changes[len(changes)-1].Seq)
	f.mu.Unlock()
	return nil
}

// Search searches the index in use. A damaged index is said, built anew and asked once more.
func (f *Finder) Search(ctx context.Context, q index.Query) (index.Result, error) {
	return ask(ctx, f, func(x *index.Index) (index.Result, error) { return x.Search(ctx, q) })
}

// Suggest completes what is being typed from the index in use, which is healed as in Search.
func (f *Finder) Suggest(ctx context.Context, typed string, n int) ([]index.Suggestion, error) {
	return ask(ctx, f, func(x *index.Index) ([]index.Suggestion, error) { return x.Suggest(ctx, typed, n) })
}

// Related gives the policies that are most like one from the index in use, which is healed as in Search.
func (f *Finder) Related(ctx context.Context, policy string, n int) ([]index.Hit, error) {
	return ask(ctx, f, func(x *index.Index) ([]index.Hit, error) { return x.Related(ctx, policy, n) })
}

// ask asks the index in use. One that turns out to be damaged is built anew, one that was closed meanwhile has a successor; both
// are asked once more.
func ask[T any](ctx context.Context, f *Finder, question func(*index.Index) (T, error)) (T, error) {
	x := f.inUse()
	answer, err := guarded(x, question)
	if !errors.Is(err, index.ErrRebuild) && !errors.Is(err, os.ErrClosed) {
		return answer, err
	}
	if errors.Is(err, index.ErrRebuild) {
		if err := f.replace(ctx, x, err); err != nil {
			var nothing T
			return nothing, err
		}
	}
	return guarded(f.inUse(), question)
}

// replace builds the index anew in the place of a damaged one, once for all who find it damaged.
func (f *Finder) replace(ctx context.Context, damaged *index.Index, why error) error {
	f.building.Lock()
	defer f.building.Unlock()
	if f.inUse() != damaged {
		return nil
	}
	f.log.Error("search index damaged, building it anew", "error", why)
	return f.rebuild(ctx)
}

func (f *Finder) inUse() *index.Index {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.current
}

// guarded asks an index once. Files that are cut short under a running process make reading fault; that is damage, and
// doesn't end the process.
func guarded[T any](x *index.Index, question func(*index.Index) (T, error)) (answer T, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("finder: %w: %v", index.ErrRebuild, cause)
		}
	}()
	return question(x)
}
