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
	if !hold.Never {
		if held, err = a.shrunk(ctx, now, hold); err != nil {
			return nil, nil, err
		}
	}
	before, err := a.before(ctx, false)
	if err != nil || before == nil {
		return nil, held, err
	}
	jumps = delivery.Compare(before, now)
	if hold.Never {
		return jumps, nil, nil
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

// shrunk holds a complete delivery that has lost most of the enterprises of the complete one before, or has none: whoever is gone
// from it counts as not being on the list.
func (a *arrival) shrunk(ctx context.Context, now *delivery.Report, hold Hold) ([]delivery.Jump, error) {
	if !now.Complete {
		return nil, nil
	}
	if now.Rows == 0 {
		return []delivery.Jump{{Kind: "rows", Now: "0", Message: "完整批次里一户企业也没有：采用后所有企业都不在名单内"}}, nil
	}
	before, err := a.before(ctx, true)
	if err != nil || before == nil {
		return nil, err
	}
	if hold.LostRows == 0 {
		hold.LostRows = 50
	}
	if lost := before.Rows - now.Rows; lost*100 <= before.Rows*hold.LostRows {
		return nil, nil
	}
	return []delivery.Jump{{
		Kind: "rows", Before: fmt.Sprint(before.Rows), Now: fmt.Sprint(now.Rows),
		Message: fmt.Sprintf("完整批次的企业数从 %d 户变为 %d 户，减少超过 %d%%", before.Rows, now.Rows, hold.LostRows),
	}}, nil
}

// before returns the report of the delivery that one is held against, nil if there is none: the accepted one that was received
// last of its department and kind of period and has one of its series, of complete ones alone if complete is asked for.
func (a *arrival) before(ctx context.Context, complete bool) (*delivery.Report, error) {
	filter := store.DeliveryFilter{Source: a.Source, State: store.Accepted, Newest: true, Limit: lookBack}
	if complete {
		filter.Limit = 0 // supplements may be many
	}
	list, err := a.st.Deliveries(ctx, filter)
	if err != nil {
		return nil, err
	}
	kind, err := delivery.CheckPeriod(a.Period)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if span, err := delivery.CheckPeriod(d.Period); err != nil || span != kind || complete && !d.Complete {
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
