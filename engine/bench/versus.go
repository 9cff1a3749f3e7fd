package main

import (
	"context"
	"fmt"
	"time"

	"mianshen/engine/bench/peers/duck"
	"mianshen/engine/bench/workload"
	"mianshen/engine/column"
)

// question is what DuckDB is asked, with our answers.
type question struct {
	name  string
	items []*workload.Item
	ours  []duck.Count
}

// tried is how many items each form of a question is tried on; the best is then asked for all.
const tried = 50

// againstDuckDB asks DuckDB the questions in its best form and compares the answers.
func (l *lab) againstDuckDB(ctx context.Context, w *workload.World, cols []*column.Column, questions []question) error {
	db, err := duck.Open(ctx, "", l.workers)
	if err != nil {
		return err
	}
	defer db.Close()
	start := time.Now()
	if err := db.Load(ctx, w.NewViews(cols), cols[0].Rows); err != nil {
		return err
	}
	version, err := db.Version(ctx)
	if err != nil {
		return err
	}
	l.logf("DuckDB %s loaded in %v", version, time.Since(start).Round(time.Millisecond))
	for _, q := range questions {
		best, err := l.bestForm(ctx, db, q)
		if err != nil {
			return err
		}
		start := time.Now()
		theirs, err := db.Counts(ctx, best, q.items)
		if err != nil {
			return err
		}
		l.report("duckdb_"+q.name+"_1k_1m_ms", milliseconds(time.Since(start)), "ms")
		l.equal(built("duckdb_"+q.name), differences(q.items, q.ours, theirs))
	}
	return nil
}

// bestForm tries all forms on some items, once to warm up and once to measure.
func (l *lab) bestForm(ctx context.Context, db *duck.DB, q question) (best duck.Form, err error) {
	least := time.Duration(1<<63 - 1)
	some := q.items[:min(tried, len(q.items))]
	for _, form := range duck.Forms() {
		took, err := times(2, func() error {
			theirs, err := db.Counts(ctx, form, some)
			if err == nil && len(differences(some, q.ours, theirs)) > 0 {
				l.logf("DuckDB differs in the form %q", form.Name)
			}
			return err
		})
		if err != nil {
			return best, err
		}
		l.logf("DuckDB, %s, %s: %.0f ms for %d items", q.name, form.Name, milliseconds(took[0]), len(some))
		if took[0] < least {
			least, best = took[0], form
		}
	}
	return best, nil
}

// differences lists the items on which two engines disagree.
func differences(items []*workload.Item, ours, theirs []duck.Count) []string {
	var out []string
	for i := range theirs {
		if ours[i] != theirs[i] {
			out = append(out, fmt.Sprintf("item %s: ours %+v, theirs %+v", items[i].ID, ours[i], theirs[i]))
		}
	}
	return out
}
