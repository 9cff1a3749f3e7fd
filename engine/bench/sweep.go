package main

import (
	"context"
	"fmt"
	"time"

	"mianshen/engine"
	"mianshen/engine/bench/peers/duck"
	"mianshen/engine/bench/workload"
	"mianshen/engine/column"
	"mianshen/rules"
)

// sweep decides all items for all enterprises, without amounts and with them, and asks DuckDB the same.
func sweep(ctx context.Context, l *lab) error {
	w, items, book, err := l.workload(l.items, false)
	if err != nil {
		return err
	}
	_, paid, paidBook, err := l.workload(l.items, true)
	if err != nil {
		return err
	}
	cols := w.Columns(l.rows, l.workers)
	l.describe(w, items, cols)
	forgetPeak()
	before := memory("VmRSS")
	counts, err := l.decide(ctx, "sweep_1k_1m_ms", w, book, cols)
	if err != nil {
		return err
	}
	l.report(built("sweep_memory_mib"), memory("VmHWM")-before, "MiB over raw columns")
	l.selectivity(counts)
	sums, err := l.decide(ctx, "sweep_amounts_1k_1m_ms", w, paidBook, cols)
	if err != nil {
		return err
	}
	if _, err := l.decide(ctx, "sweep_1k_100k_ms", w, book, workload.Head(cols, l.rows/10)); err != nil {
		return err
	}
	return l.againstDuckDB(ctx, w, cols, []question{{"3v", items, counts}, {"amounts", paid, sums}})
}

// describe says what is measured on.
func (l *lab) describe(w *workload.World, items []*workload.Item, cols []*column.Column) {
	leaves := 0
	for _, it := range items {
		leaves += it.Leaves()
	}
	l.report("conditions_per_item", float64(leaves)/float64(len(items)), "conditions")
	l.report("distinct_predicates_1k", float64(workload.Predicates(items)), "predicates")
	l.report("raw_columns_mib", float64(workload.RawBytes(cols))/(1<<20), "MiB")
	l.logf("%d fields, %d enterprises", len(w.Fields), cols[0].Rows)
}

// newTable makes the engine's table of the columns.
func newTable(w *workload.World, cols []*column.Column) (*engine.Table, error) {
	t := engine.NewTable(w.Vocabulary, workload.Codes(cols[0].Rows))
	for i, c := range cols {
		if err := t.Put(w.Vocabulary.Fields[i], c); err != nil {
			return nil, fmt.Errorf("table: %w", err)
		}
	}
	return t, nil
}

// decide measures the engine over the columns and gives its counts.
func (l *lab) decide(ctx context.Context, name string, w *workload.World, book *rules.Book, cols []*column.Column) ([]duck.Count, error) {
	t, err := newTable(w, cols)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	plan, err := engine.NewPlan(t, book, book.Rules, around)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	l.report(built("plan_for_"+name), milliseconds(time.Since(start)), "ms")
	var result *engine.Result
	took, err := times(l.repeat, func() (err error) {
		result, err = plan.Sweep(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	l.logf("%s: %v to %v, %+v", name, took[0], took[len(took)-1], plan.Shape())
	l.report(built(name), milliseconds(median(took)), "ms")
	return countsOf(result), nil
}

func countsOf(r *engine.Result) []duck.Count {
	out := make([]duck.Count, len(r.Items))
	for i, it := range r.Items {
		out[i] = duck.Count{Eligible: int64(it.Eligible), Possible: int64(it.Eligible + it.Unknown), Sum: int64(it.Sum)}
	}
	return out
}

// selectivity says how many pairs are granted and how many wait.
func (l *lab) selectivity(counts []duck.Count) {
	var eligible, possible float64
	for _, c := range counts {
		eligible += float64(c.Eligible)
		possible += float64(c.Possible)
	}
	pairs := float64(l.rows) * float64(len(counts))
	l.report("eligible_share", eligible/pairs*100, "%")
	l.report("unknown_share", (possible-eligible)/pairs*100, "%")
}

// engineCounts is the engine's answer over the columns.
func engineCounts(ctx context.Context, w *workload.World, book *rules.Book, cols []*column.Column) ([]duck.Count, error) {
	t, err := newTable(w, cols)
	if err != nil {
		return nil, err
	}
	plan, err := engine.NewPlan(t, book, book.Rules, around)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	result, err := plan.Sweep(ctx)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	return countsOf(result), nil
}
