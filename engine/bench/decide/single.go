package decide

import (
	"context"
	"fmt"
	"time"

	"mianshen/engine"
	"mianshen/engine/bench/lab"
	"mianshen/rules"
)

// profiles is how many single enterprises are asked about.
const profiles = 5000

// Single measures one enterprise after the other against ten times as many items, on one core, and holds the answers against the
// sweep's.
func Single(ctx context.Context, l *lab.Lab) error {
	law, t, err := l.Stage(10 * l.Items)
	if err != nil {
		return err
	}
	plan, err := engine.NewPlan(t, law.Book, law.Book.Rules, lab.Around)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	start := time.Now()
	single := plan.Single()
	l.Report(lab.Built("single_prepare_ms"), lab.Milliseconds(time.Since(start)), "ms")
	var rows []int
	step := max(1, l.Rows/profiles)
	for row := 0; row < l.Rows; row += step {
		rows = append(rows, row)
	}
	want, err := plan.Rows(ctx, rows)
	if err != nil {
		return fmt.Errorf("rows: %w", err)
	}
	var took lab.Timing
	var problems []string
	for i, row := range rows {
		profile, err := t.Profile(row)
		if err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		start := time.Now()
		answers := single.Decide(profile)
		took.Add(time.Since(start))
		problems = append(problems, unlike(want, i, answers)...)
	}
	l.Report(lab.Built("single_10k_p50_us"), lab.Microseconds(took.Median()), "µs")
	l.Report(lab.Built("single_10k_p99_us"), lab.Microseconds(took.Quantile(0.99)), "µs")
	l.Equal(lab.Built("single"), problems)
	return nil
}

// unlike lists where the answers for one enterprise differ from row of a result.
func unlike(want *engine.Result, row int, answers []engine.Answer) (problems []string) {
	at := 0
	for i := range want.Items {
		got := engine.Answer{Item: i, Outcome: rules.Ineligible}
		if at < len(answers) && answers[at].Item == i {
			got = answers[at]
			at++
		}
		amount, has := want.Amount(i, row)
		if o := want.Outcome(i, row); o != got.Outcome || has != got.HasAmount || amount != got.Amount {
			problems = append(problems, fmt.Sprintf("item %s row %d: %+v, the sweep %s %v", want.Items[i].Item, row, got, o, amount))
		}
	}
	return problems
}
