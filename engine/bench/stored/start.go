package stored

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mianshen/engine"
	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/workload"
	"mianshen/internal/casework"
	"mianshen/internal/facts"
	"mianshen/internal/store"
	"mianshen/rules"
)

// Cold measures a process that starts and decides all items for all enterprises of the latest stored snapshot, step by step, and
// holds the result against the state that the first night stored. Nights runs it. The disk's cache is warm.
func Cold(ctx context.Context, l *lab.Lab) error {
	st, err := store.Open(ctx, database(l.Dir))
	if err != nil {
		return err
	}
	defer st.Close()
	step := lab.Started
	lap := func(name string) {
		l.Report("cold_"+name+"_s", time.Since(step).Seconds(), "s")
		step = time.Now()
	}
	lap("open")
	office := casework.New(st)
	book, err := office.Current(ctx)
	if err != nil {
		return err
	}
	lap("compile")
	snap, err := st.LatestSnapshot(ctx)
	if err != nil {
		return err
	}
	t, err := facts.Open(ctx, st, book.Book.Vocabulary, snap)
	if err != nil {
		return err
	}
	if err := facts.Prefetch(ctx, t, nil); err != nil {
		return err
	}
	lap("columns")
	plan, err := engine.NewPlan(t, book.Book, book.Due(firstDay), rules.Circumstances{AsOf: firstDay})
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	lap("plan")
	result, err := plan.Sweep(ctx)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	lap("sweep")
	l.Report("cold_start_s", time.Since(lab.Started).Seconds(), "s from the start of the process to the first result")
	sweep, err := st.LatestSweep(ctx)
	if err != nil {
		return err
	}
	state, err := office.State(ctx, sweep)
	if err != nil {
		return err
	}
	var problems []string
	if !bytes.Equal(state.AppendState(nil), result.AppendState(nil)) {
		problems = append(problems, "the stored state isn't the result")
	}
	l.Equal("cold", problems)
	return nil
}

// Night measures the second night: one enterprise in a hundred is delivered anew, then everything is decided again, held against
// the night before, and stored. The totals must be those of the same change made in memory. Nights runs it.
func Night(ctx context.Context, l *lab.Lab) error {
	w, err := workload.NewWorld()
	if err != nil {
		return err
	}
	path, err := change(l, w)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, database(l.Dir))
	if err != nil {
		return err
	}
	defer st.Close()
	start := time.Now()
	if err := receive(ctx, st, w, path, secondDay, false); err != nil {
		return err
	}
	l.Report("night_receive_s", time.Since(start).Seconds(), "s")
	office := casework.New(st)
	lab.ForgetPeak()
	start, own := time.Now(), lab.WatchOwn()
	sweep, err := office.Sweep(ctx, casework.SweepRequest{AsOf: secondDay, Now: night(secondDay), Hold: -1}, nil)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	l.Report("night_run_s", time.Since(start).Seconds(), "s: snapshot built, all decided, differences and state stored")
	l.Report("night_run_own_mib", own(), "MiB of its own at most")
	l.Report("night_run_mib", lab.Peak(), "MiB resident at most, with pages of the database file")
	if sweep.Status != store.Done {
		return fmt.Errorf("the second night's sweep is %s: %s", sweep.Status, sweep.Note)
	}
	differences, err := st.DifferenceCounts(ctx, sweep.ID)
	if err != nil {
		return err
	}
	var pairs int64
	for _, d := range differences {
		pairs += d.Enterprises
	}
	l.Report("night_differences", float64(pairs), "pairs that differ from the night before")
	state, err := office.State(ctx, sweep)
	if err != nil {
		return err
	}
	problems, err := inMemory(ctx, l, w, state)
	if err != nil {
		return err
	}
	l.Equal("night", problems)
	return nil
}

// change writes the second delivery.
func change(l *lab.Lab, w *workload.World) (path string, err error) {
	rows := w.Moved(l.Rows, 1)
	codes := make([]string, len(rows))
	for i, row := range rows {
		codes[i] = workload.Code(row)
	}
	var views []*workload.View
	for _, name := range workload.Touched() {
		i, _ := w.Field(name)
		views = append(views, workload.NewView(w.Fields[i], w.Patch(i, rows, 1)))
	}
	path = filepath.Join(l.Dir, "change.csv")
	file, err := os.Create(path) //nolint:gosec // in the experiment's own directory
	if err != nil {
		return "", fmt.Errorf("change: %w", err)
	}
	err = workload.WriteCSV(file, views, codes, l.Workers)
	if closing := file.Close(); err == nil {
		err = closing
	}
	return path, err
}

// inMemory makes the same change in a table and lists in which items a state differs from it. In a delivery that isn't complete
// an empty cell says nothing, so only known values are written.
func inMemory(ctx context.Context, l *lab.Lab, w *workload.World, state *engine.Result) (problems []string, err error) {
	law, t, err := l.Stage(l.Items)
	if err != nil {
		return nil, err
	}
	rows := w.Moved(l.Rows, 1)
	for _, name := range workload.Touched() {
		i, _ := w.Field(name)
		some, patch := workload.Known(rows, w.Patch(i, rows, 1))
		if err := t.Change(law.World.Vocabulary.Fields[i], some, patch); err != nil {
			return nil, fmt.Errorf("change: %w", err)
		}
	}
	plan, err := engine.NewPlan(t, law.Book, law.Book.Rules, rules.Circumstances{AsOf: secondDay})
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	want, err := plan.Sweep(ctx)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	if len(state.Items) != len(want.Items) {
		return []string{fmt.Sprintf("%d items, want %d", len(state.Items), len(want.Items))}, nil
	}
	for i, it := range want.Items {
		if state.Items[i] != it {
			problems = append(problems, fmt.Sprintf("stored %+v, in memory %+v", state.Items[i], it))
		}
	}
	return problems, nil
}
