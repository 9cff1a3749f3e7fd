// Package decide holds the experiments on deciding: everything at once, what changed, one enterprise, one threshold; against
// DuckDB, expr's machine and the compiled rules.
package decide

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"mianshen/engine"
	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/peers/duck"
	"mianshen/engine/bench/workload"
	"mianshen/engine/column"
	"mianshen/rules"
)

// Sweep decides all items for all enterprises, without amounts and with them, and asks DuckDB the same.
func Sweep(ctx context.Context, l *lab.Lab) error {
	law, err := l.Law(l.Items, false)
	if err != nil {
		return err
	}
	paid, err := l.Law(l.Items, true)
	if err != nil {
		return err
	}
	all := l.Population(law.World, l.Rows)
	describe(l, law.Items, all.Columns)
	counts, err := sweep(ctx, l, "1k_1m", all, law.Book)
	if err != nil {
		return err
	}
	selectivity(l, counts)
	sums, err := sweep(ctx, l, "amounts_1k_1m", all, paid.Book)
	if err != nil {
		return err
	}
	if _, err := sweep(ctx, l, "1k_100k", all.Head(l.Rows/10), law.Book); err != nil {
		return err
	}
	return againstDuckDB(ctx, l, all, []question{{"3v", law.Items, counts}, {"amounts", paid.Items, sums}})
}

// Tenfold decides ten times as many items for all enterprises.
func Tenfold(ctx context.Context, l *lab.Lab) error {
	start := time.Now()
	law, err := l.Law(10*l.Items, false)
	if err != nil {
		return err
	}
	l.Report("compile_10k_s", time.Since(start).Seconds(), "s")
	p := l.Population(law.World, l.Rows)
	if _, err = sweep(ctx, l, "10k_1m", p, law.Book); err != nil {
		return err
	}
	return cancelled(ctx, l, p, law.Book)
}

// cancelled measures how long a sweep goes on after its context was cancelled; the longest of some times counts.
func cancelled(ctx context.Context, l *lab.Lab, p lab.Population, book *rules.Book) error {
	t, err := p.Table()
	if err != nil {
		return err
	}
	plan, err := engine.NewPlan(t, book, book.Rules, lab.Around)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	var took lab.Timing
	for i := range 20 {
		some, cancel := context.WithCancel(ctx)
		var at time.Time
		time.AfterFunc(time.Duration(50+7*i)*time.Millisecond, func() { at = time.Now(); cancel() })
		for err = nil; err == nil; { // a small one may end before
			_, err = plan.Sweep(some)
		}
		if took.Add(time.Since(at)); !errors.Is(err, context.Canceled) {
			return fmt.Errorf("cancelled: %w", err)
		}
	}
	l.Report(lab.Built("cancel_10k_ms"), lab.Milliseconds(took.Quantile(1)), "ms at most in 20 times")
	return nil
}

// describe says what is measured on.
func describe(l *lab.Lab, items []*workload.Item, cols []*column.Column) {
	leaves := 0
	for _, it := range items {
		leaves += it.Leaves()
	}
	l.Report("conditions_per_item", float64(leaves)/float64(len(items)), "conditions")
	l.Report("distinct_predicates_1k", float64(workload.Predicates(items)), "predicates")
	l.Report("raw_columns_mib", float64(workload.RawBytes(cols))/(1<<20), "MiB")
}

// selectivity says how many pairs are granted and how many wait.
func selectivity(l *lab.Lab, counts []duck.Count) {
	var eligible, possible float64
	for _, c := range counts {
		eligible += float64(c.Eligible)
		possible += float64(c.Possible)
	}
	pairs := float64(l.Rows) * float64(len(counts))
	l.Report("eligible_share", eligible/pairs*100, "%")
	l.Report("unknown_share", (possible-eligible)/pairs*100, "%")
}

// sweep measures the engine and gives its counts. what is the size, as in the names of results.
func sweep(ctx context.Context, l *lab.Lab, what string, p lab.Population, book *rules.Book) ([]duck.Count, error) {
	t, err := p.Table()
	if err != nil {
		return nil, err
	}
	lab.ForgetPeak()
	before, resident := lab.Heap(), lab.Resident()
	start := time.Now()
	plan, err := engine.NewPlan(t, book, book.Rules, lab.Around)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	l.Report(lab.Built("plan_"+what+"_ms"), lab.Milliseconds(time.Since(start)), "ms, columns encoded")
	var result *engine.Result
	took, err := lab.Times(l.Repeat, func() (err error) {
		result, err = plan.Sweep(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	l.Logf("%s: %v to %v, %+v", what, took.Least(), took.Quantile(1), plan.Shape())
	l.Report(lab.Built("sweep_"+what+"_ms"), lab.Milliseconds(took.Median()), "ms")
	l.Report(lab.Built("sweep_"+what+"_least_ms"), lab.Milliseconds(took.Least()), "ms")
	l.Report(lab.Built("sweep_"+what+"_processor_ms"), lab.Milliseconds(took.Processor), "ms of processor time")
	l.Report(lab.Built("memory_"+what+"_mib"), lab.Heap()-before, "MiB alive over the raw columns: plan and result")
	l.Report(lab.Built("peak_"+what+"_mib"), lab.Peak()-resident, "MiB resident at most over the raw columns, with garbage")
	runtime.KeepAlive(plan)
	return countsOf(result), nil
}

// counted is the engine's answer, not measured.
func counted(ctx context.Context, p lab.Population, book *rules.Book) ([]duck.Count, error) {
	t, err := p.Table()
	if err != nil {
		return nil, err
	}
	result, err := decided(ctx, t, book, book.Rules)
	if err != nil {
		return nil, err
	}
	return countsOf(result), nil
}

// decided decides rules for all enterprises of a table.
func decided(ctx context.Context, t *engine.Table, book *rules.Book, list []*rules.Rule) (*engine.Result, error) {
	plan, err := engine.NewPlan(t, book, list, lab.Around)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	result, err := plan.Sweep(ctx)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	return result, nil
}

func countsOf(r *engine.Result) []duck.Count {
	out := make([]duck.Count, len(r.Items))
	for i, it := range r.Items {
		out[i] = duck.Count{Eligible: int64(it.Eligible), Possible: int64(it.Eligible + it.Unknown), Sum: int64(it.Sum)}
	}
	return out
}
