// Package night opens finished sweeps for those who tell firms of them, and says what all that they tell has in common: the item with
// its reasons and clauses, the firm, the day.
package night

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/rules"
)

// Night is a finished sweep that is being told of. It is immutable and may be read by many goroutines.
type Night struct {
	Office *casework.Office
	Sweep  store.Sweep
	Book   *casework.Book
	Table  *engine.Table
	Around rules.Circumstances
	Laws   map[string]*Law // by item
}

// Open opens a sweep with what it has pinned.
func Open(ctx context.Context, office *casework.Office, sweep store.Sweep) (*Night, error) {
	n := &Night{Office: office, Sweep: sweep, Laws: map[string]*Law{}}
	var err error
	if n.Book, err = office.Of(ctx, sweep.Plan); err != nil {
		return nil, err
	}
	snap, err := office.Store.Snapshot(ctx, sweep.Snapshot)
	if err != nil {
		return nil, err
	}
	if n.Table, err = office.Table(ctx, n.Book.Book.Vocabulary, snap); err != nil {
		return nil, err
	}
	n.Around, err = office.Circumstances(ctx, sweep)
	for _, r := range n.Book.Rules {
		n.Laws[r.Item.ID] = NewLaw(r)
	}
	return n, err
}

// Firm is the firm of a code, as of the sweep's day and end.
func (n *Night) Firm(uscc string, names map[string]string) Firm {
	return Firm{USCC: uscc, Name: names[uscc], Day: n.Sweep.AsOf, At: n.Sweep.FinishedAt}
}

// Load loads the facts of a firm into a session.
func (n *Night) Load(session *rules.Session, uscc string) error {
	row, ok := n.Table.Row(uscc)
	if !ok {
		return fmt.Errorf("enterprise %s of sweep %d: %w", uscc, n.Sweep.ID, store.ErrNotFound)
	}
	profile, err := n.Table.Profile(row)
	if err == nil {
		session.Load(profile)
	}
	return err
}

// Share has as many goroutines as there are processors work on pieces 0..n-1. Each makes a worker of its own with start, and takes one
// piece after the other. It returns the first error met.
func Share[W any](n int, start func() W, work func(w W, piece int) error) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	next := 0
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		if failed != nil || next >= n {
			return n
		}
		next++
		return next - 1
	}
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			w := start()
			for i := take(); i < n; i = take() {
				if err := work(w, i); err != nil {
					mu.Lock()
					if failed == nil {
						failed = err
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return failed
}

// Names looks up what enterprises are called.
func Names[T any](ctx context.Context, s *store.Store, list []T, code func(T) string) (map[string]string, error) {
	names := map[string]string{}
	var codes []string
	for _, x := range list {
		if c := code(x); names[c] == "" {
			names[c] = c
			codes = append(codes, c)
		}
	}
	for part := range slices.Chunk(codes, 500) {
		marks, args := make([]string, len(part)), make([]any, len(part))
		for i, c := range part {
			marks[i], args[i] = fmt.Sprintf("$%d", i+1), c
		}
		rows, err := s.DB().QueryContext(ctx, `SELECT uscc, name FROM enterprise WHERE uscc IN (`+strings.Join(marks, ", ")+`)`, args...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var c, name string
			if err := rows.Scan(&c, &name); err != nil {
				rows.Close()
				return nil, err
			}
			names[c] = name
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return names, nil
}
