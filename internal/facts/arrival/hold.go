package arrival

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mianshen/internal/facts/form"
	"mianshen/internal/intake/delivery"
	"mianshen/internal/store"
	"mianshen/rules"
)

// Hold says when a delivery waits for a person. The zero value is fine.
type Hold struct {
	Never    bool // it counts at once, whatever it looks like
	LostRows int  // percent of the enterprises of the complete delivery before that may be gone in a complete one; 0 stands for 50
}

// reason says why a delivery is held, a line for each difference.
func reason(held []delivery.Jump) string {
	lines := make([]string, len(held))
	for i, j := range held {
		lines[i] = j.Message
	}
	return strings.Join(lines, "\n")
}

// lookBack is how many deliveries of a department are looked through for the one before.
const lookBack = 50

// compare tells how a delivery differs from the accepted one before of the same department, kind of period and series, and which
// of the differences look like a mistake: numbers in another unit, or a complete delivery without most of its enterprises.
func (a *arrival) compare(ctx context.Context, now *delivery.Report, hold Hold) (jumps, held []delivery.Jump, err error) {
	before, err := a.before(ctx)
	if err != nil || before == nil {
		return nil, nil, err
	}
	jumps = delivery.Compare(before, now)
	if hold.Never {
		return jumps, nil, nil
	}
	if hold.LostRows == 0 {
		hold.LostRows = 50
	}
	if lost := before.Rows - now.Rows; before.Complete && now.Complete && lost*100 > before.Rows*hold.LostRows {
		held = append(held, delivery.Jump{
			Kind: "rows", Before: fmt.Sprint(before.Rows), Now: fmt.Sprint(now.Rows),
			Message: fmt.Sprintf("完整批次的企业数从 %d 户变为 %d 户，减少超过 %d%%", before.Rows, now.Rows, hold.LostRows),
		})
	}
	if now.Rows*2 < before.Rows || before.Rows*2 < now.Rows { // totals of so different numbers of enterprises say nothing
		before, now = withoutTotals(before), withoutTotals(now)
	}
	for _, j := range delivery.Compare(before, now) {
		if j.Kind == "unit" {
			held = append(held, j)
		}
	}
	return jumps, held, nil
}

// before returns the report of the delivery that one is held against, nil if there is none: the accepted one that was received
// last of its department and kind of period and has one of its series.
func (a *arrival) before(ctx context.Context) (*delivery.Report, error) {
	list, err := a.st.Deliveries(ctx, store.DeliveryFilter{Source: a.Source, State: store.Accepted, Newest: true, Limit: lookBack})
	if err != nil {
		return nil, err
	}
	kind, err := delivery.CheckPeriod(a.Period)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if span, err := delivery.CheckPeriod(d.Period); err != nil || span != kind {
			continue
		}
		full, err := a.st.Delivery(ctx, d.ID)
		if err != nil {
			return nil, err
		}
		m, err := form.ReadMapping(full.Mapping)
		if err != nil {
			return nil, fmt.Errorf("delivery %s: %w", d.ID, err)
		}
		if !slices.ContainsFunc(m.Series, func(s form.Series) bool { return a.mapping.Names(s.Name) }) || len(full.Report) == 0 {
			continue
		}
		r := &delivery.Report{}
		if err := json.Unmarshal(full.Report, r); err != nil {
			return nil, fmt.Errorf("report of delivery %s: %w", d.ID, err)
		}
		return r, nil
	}
	return nil, nil
}

func withoutTotals(r *delivery.Report) *delivery.Report {
	copied := *r
	copied.Columns = slices.Clone(r.Columns)
	for i := range copied.Columns {
		if c := &copied.Columns[i]; c.Numbers != nil && c.Series != rules.KeyColumn {
			numbers := *c.Numbers
			numbers.Total = ""
			c.Numbers = &numbers
		}
	}
	return &copied
}
