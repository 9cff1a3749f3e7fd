package decide

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"mianshen/engine"
	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/workload"
	"mianshen/engine/column"
	"mianshen/rules"
)

// Firms measures a night in which one enterprise in a hundred has changed: facts written into the table, those enterprises
// decided anew, the result put together, and the differences listed. Every round must give the bytes of a sweep from scratch.
func Firms(ctx context.Context, l *lab.Lab) error {
	law, t, err := l.Stage(l.Items)
	if err != nil {
		return err
	}
	plan, err := engine.NewPlan(t, law.Book, law.Book.Rules, lab.Around)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	result, err := plan.Sweep(ctx)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	var took lab.Timing
	var problems []string
	replans := 0
	for night := 1; night <= l.Repeat; night++ {
		rows := law.World.Moved(l.Rows, night)
		patches := map[*rules.Field]*column.Column{}
		for _, name := range workload.Touched() {
			i, _ := law.World.Field(name)
			patches[law.World.Vocabulary.Fields[i]] = law.World.Patch(i, rows, night)
		}
		start := time.Now()
		next, again, changes, err := anew(ctx, t, plan, law.Book, result, rows, patches)
		if err != nil {
			return err
		}
		took.Add(time.Since(start))
		if again != plan {
			replans++
		}
		plan, result = again, next
		l.Logf("night %d: %d pairs of %d enterprises changed", night, changes, len(rows))
		if night == l.Repeat {
			problems = append(problems, fromScratch(ctx, t, law.Book, result)...)
		}
	}
	l.Report(lab.Built("firms_1pct_ms"), lab.Milliseconds(took.Median()), "ms")
	l.Report(lab.Built("firms_1pct_replans"), float64(replans), fmt.Sprintf("of %d nights", l.Repeat))
	l.Equal(lab.Built("firms_1pct"), problems)
	return nil
}

// anew decides the changed enterprises and counts the differences; where the plan no longer holds it makes another.
func anew(ctx context.Context, t *engine.Table, plan *engine.Plan, book *rules.Book, before *engine.Result, rows []int, patches map[*rules.Field]*column.Column) (*engine.Result, *engine.Plan, int, error) {
	for f, patch := range patches {
		if err := t.Change(f, rows, patch); err != nil {
			return nil, nil, 0, fmt.Errorf("change: %w", err)
		}
	}
	var after *engine.Result
	some, err := plan.Rows(ctx, rows)
	if err == nil {
		after, err = before.Replace(rows, some)
	}
	if errors.Is(err, engine.ErrReplan) {
		if plan, err = engine.NewPlan(t, book, book.Rules, lab.Around); err == nil {
			after, err = plan.Sweep(ctx)
		}
	}
	if err != nil {
		return nil, nil, 0, fmt.Errorf("decide anew: %w", err)
	}
	changes := 0
	engine.Differences(before, after, func(engine.Change) { changes++ })
	return after, plan, changes, nil
}

// fromScratch lists in what a result differs from a new plan's.
func fromScratch(ctx context.Context, t *engine.Table, book *rules.Book, got *engine.Result) []string {
	want, err := decided(ctx, t, book, book.Rules)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	for i, it := range got.Items {
		if it != want.Items[i] {
			problems = append(problems, fmt.Sprintf("in place %+v, from scratch %+v", it, want.Items[i]))
		}
	}
	if len(problems) == 0 && !bytes.Equal(got.AppendState(nil), want.AppendState(nil)) {
		problems = append(problems, "the totals agree, the enterprises don't")
	}
	return problems
}
