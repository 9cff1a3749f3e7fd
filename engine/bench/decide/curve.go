package decide

import (
	"context"
	"fmt"
	"time"

	"mianshen/engine"
	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/workload"
	"mianshen/rules"
	"mianshen/rules/formula"
)

// curves is how many thresholds are moved.
const curves = 50

// Curve measures what one threshold costs at every value, over all enterprises, from the compiled rule on. With the
// threshold as written the curve must give what a sweep gives.
func Curve(ctx context.Context, l *lab.Lab) error {
	law, t, err := l.Stage(l.Items)
	if err != nil {
		return err
	}
	var took lab.Timing
	var problems []string
	for i, it := range law.Items {
		condition, ok := movable(law.World, it)
		if !ok || took.Len() == curves {
			continue
		}
		rule := law.Book.Rules[i : i+1]
		start := time.Now()
		plan, err := engine.NewPlan(t, law.Book, rule, lab.Around)
		if err != nil {
			return fmt.Errorf("plan: %w", err)
		}
		curve, err := plan.Curve(ctx, 0, condition)
		if err != nil {
			return fmt.Errorf("curve of %s %s: %w", it.ID, condition, err)
		}
		took.Add(time.Since(start))
		result, err := plan.Sweep(ctx)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		if got, want := present(curve), result.Items[0]; got.Enterprises != want.Eligible || got.Money != want.Sum {
			problems = append(problems, fmt.Sprintf("%s %s: the curve says %d and %v, the sweep %+v", it.ID, condition, got.Enterprises, got.Money, want))
		}
	}
	l.Report(lab.Built("cost_curve_ms"), lab.Milliseconds(took.Median()), "ms")
	l.Report(lab.Built("cost_curve_p95_ms"), lab.Milliseconds(took.Quantile(0.95)), "ms")
	l.Equal(lab.Built("cost_curve"), problems)
	return nil
}

// movable finds a condition that compares a number with a threshold.
func movable(w *workload.World, it *workload.Item) (id string, ok bool) {
	for i, c := range it.Conditions {
		if c.Op <= workload.Below && w.Fields[c.Field].Kind <= workload.Percent {
			return fmt.Sprintf("c%d", i), true
		}
	}
	return "", false
}

// present is the point of a curve with the threshold as it is written.
func present(c *engine.Curve) (last engine.Point) {
	for _, p := range c.Points {
		sign := p.Figure.Cmp(c.Present)
		within := map[formula.Op]bool{formula.OpGe: sign >= 0, formula.OpGt: sign > 0, formula.OpLe: sign <= 0, formula.OpLt: sign < 0}
		if !within[c.Op] {
			break
		}
		last = p
	}
	return last
}

// Simulate measures the simulation of one changed item over all enterprises: its text read and compiled, decided, and held
// against the present result, with every enterprise that enters, leaves or gets another amount.
func Simulate(ctx context.Context, l *lab.Lab) error {
	law, t, err := l.Stage(l.Items)
	if err != nil {
		return err
	}
	var took lab.Timing
	var problems []string
	for i := range min(curves, len(law.Items)) {
		before, err := decided(ctx, t, law.Book, law.Book.Rules[i:i+1])
		if err != nil {
			return err
		}
		text := law.World.PolicyText([]*workload.Item{law.World.Altered(law.Items[i], i)})
		start := time.Now()
		after, err := decidePolicy(ctx, t, text, 0)
		if err != nil {
			return err
		}
		gained := 0
		engine.Differences(before, after, func(c engine.Change) { gained += granted(c.Now) - granted(c.Was) })
		took.Add(time.Since(start))
		if want := after.Items[0].Eligible - before.Items[0].Eligible; gained != want {
			problems = append(problems, fmt.Sprintf("%s: %d more by the differences, %d by the totals", law.Items[i].ID, gained, want))
		}
	}
	l.Report(lab.Built("simulate_ms"), lab.Milliseconds(took.Median()), "ms")
	l.Report(lab.Built("simulate_p95_ms"), lab.Milliseconds(took.Quantile(0.95)), "ms")
	l.Equal(lab.Built("simulate"), problems)
	return nil
}

func granted(o rules.Outcome) int {
	if o == rules.Eligible {
		return 1
	}
	return 0
}
