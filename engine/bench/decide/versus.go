package decide

import (
	"context"
	"fmt"
	"time"

	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/peers/duck"
	"mianshen/engine/bench/workload"
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
func againstDuckDB(ctx context.Context, l *lab.Lab, p lab.Population, questions []question) error {
	db, err := duck.Open(ctx, "", l.Workers)
	if err != nil {
		return err
	}
	defer db.Close()
	start := time.Now()
	if err := db.Load(ctx, p.World.NewViews(p.Columns), len(p.Codes)); err != nil {
		return err
	}
	version, err := db.Version(ctx)
	if err != nil {
		return err
	}
	l.Logf("DuckDB %s loaded in %v", version, time.Since(start).Round(time.Millisecond))
	for _, q := range questions {
		best, err := bestForm(ctx, l, db, q)
		if err != nil {
			return err
		}
		l.Logf("DuckDB, %s: best is %s", q.name, best.Name)
		var theirs []duck.Count
		took, err := lab.Times(2, func() (err error) {
			theirs, err = db.Counts(ctx, best, q.items)
			return err
		})
		if err != nil {
			return err
		}
		l.Report(lab.Built("duckdb_"+q.name+"_1k_1m_ms"), lab.Milliseconds(took.Least()), "ms, the shorter of two runs")
		l.Report(lab.Built("duckdb_"+q.name+"_1k_1m_processor_ms"), lab.Milliseconds(took.Processor), "ms of processor time")
		l.Equal(lab.Built("duckdb_"+q.name), differences(q.items, q.ours, theirs))
	}
	return nil
}

// bestForm tries all forms on some items; the shortest of three times counts.
func bestForm(ctx context.Context, l *lab.Lab, db *duck.DB, q question) (best duck.Form, err error) {
	least := time.Duration(1<<63 - 1)
	some := q.items[:min(tried, len(q.items))]
	for _, form := range duck.Forms() {
		took, err := lab.Times(3, func() error {
			theirs, err := db.Counts(ctx, form, some)
			if err == nil && len(differences(some, q.ours, theirs)) > 0 {
				l.Logf("DuckDB differs in the form %q", form.Name)
			}
			return err
		})
		if err != nil {
			return best, err
		}
		l.Logf("DuckDB, %s, %s: %.0f ms for %d items", q.name, form.Name, lab.Milliseconds(took.Least()), len(some))
		if took.Least() < least {
			least, best = took.Least(), form
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
