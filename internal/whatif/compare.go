package whatif

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"mianshen/engine"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Question is what two versions of the law are compared on. Both books are of the table's vocabulary. The table is only read, but
// columns may be fetched and looked through meanwhile, so nobody else may use it until the answer is there.
type Question struct {
	Table         *engine.Table
	Before, After *rules.Book
	Items         []string // ids; none: all items of either
	rules.Circumstances
	GroupBy  []string // names of fields to group the changes by; nil: DefaultGroups. Those the vocabulary lacks are left out.
	Examples int      // at most so many examples of each kind; 0: 10
}

// Outcome is what a change of the law does.
type Outcome struct {
	AsOf  civil.Date `json:"as_of"`
	Firms int        `json:"firms"` // enterprises that were asked about
	Items []*Effect  `json:"items"` // by id; those that aren't due on the day under either law are left out
}

// Effect is what the change does to one item.
type Effect struct {
	Item  string `json:"item"`
	Title string `json:"title"`

	Entered int `json:"entered"` // eligible now and not before
	Left    int `json:"left"`    // eligible before and not now
	Waiting int `json:"waiting"` // 待核实 now and not before
	Settled int `json:"settled"` // 待核实 before and not now
	Changed int `json:"changed"` // eligible both times, of another amount

	Before     Total       `json:"before"`
	After      Total       `json:"after"`
	Difference exact.Money `json:"difference"` // of the money: after less before

	Groups []*Grouping `json:"groups"`

	EnteredExamples []Example `json:"entered_examples"` // in the order of the table's rows
	LeftExamples    []Example `json:"left_examples"`
}

// Any reports whether anything changes for anybody.
func (e *Effect) Any() bool { return e.Entered+e.Left+e.Waiting+e.Settled+e.Changed > 0 }

// Total is what an item comes to over all enterprises.
type Total struct {
	Eligible int         `json:"eligible"`
	Unknown  int         `json:"unknown"`
	Money    exact.Money `json:"money"`
}

// Example is one enterprise for which the outcome changes.
type Example struct {
	Enterprise string        `json:"enterprise"` // USCC
	Was        rules.Outcome `json:"was"`
	Now        rules.Outcome `json:"now"`
	Before     *exact.Money  `json:"before"` // null where there is no amount
	After      *exact.Money  `json:"after"`
	Reason     string        `json:"reason"` // the first condition that comes out otherwise, in one line of Chinese

	row int
}

// change is what Compare keeps of an engine.Change.
type change struct {
	row                          int
	entered, left, bothOfAmounts bool
	money                        exact.Money // after less before
}

const defaultExamples = 10

// Compare decides the items under both laws for all enterprises of the table. The error is a Refusal, exact.ErrOverflow where the
// money of an item is beyond what can be counted, or that of the table or the context.
func Compare(ctx context.Context, q Question) (*Outcome, error) {
	if q.Examples == 0 {
		q.Examples = defaultExamples
	}
	ids, err := q.items()
	if err != nil {
		return nil, err
	}
	before, err := q.decide(ctx, q.Before, ids)
	if err != nil {
		return nil, err
	}
	after, err := q.decide(ctx, q.After, ids)
	if err != nil {
		return nil, err
	}
	out := &Outcome{AsOf: q.AsOf, Firms: q.Table.Rows()}
	changes := map[string][]change{}
	effects := map[string]*Effect{}
	for _, id := range ids {
		e := &Effect{Item: id, Title: q.title(id), Groups: []*Grouping{}, EnteredExamples: []Example{}, LeftExamples: []Example{}}
		if err := e.totals(before, after); err != nil {
			return nil, err
		}
		out.Items, effects[id] = append(out.Items, e), e
	}
	engine.Differences(before, after, func(c engine.Change) {
		changes[c.Item] = append(changes[c.Item], effects[c.Item].add(c, q.Examples, q.Table.Code))
	})
	for _, e := range out.Items {
		if e.Groups, err = q.group(ctx, changes[e.Item]); err != nil {
			return nil, err
		}
		delete(changes, e.Item)
	}
	return out, q.explain(out.Items)
}

// items lists the items that are due under one of the laws, sorted. Asked for by name, an item that isn't is a Refusal.
func (q *Question) items() ([]string, error) {
	due := map[string]bool{}
	for _, b := range []*rules.Book{q.Before, q.After} {
		for _, r := range b.Rules {
			due[r.Item.ID] = due[r.Item.ID] || r.Due(q.AsOf)
		}
	}
	wanted := slices.Clone(q.Items)
	if len(wanted) == 0 {
		maps.DeleteFunc(due, func(_ string, is bool) bool { return !is })
		wanted = slices.Collect(maps.Keys(due))
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	for _, id := range wanted {
		is, known := due[id]
		if !known {
			return nil, unknownItem(id, q.Before, q.After)
		}
		if !is {
			return nil, refuse("事项 %s 在 %s 不在有效期内，不判定", id, q.AsOf)
		}
	}
	return wanted, nil
}

// title is what the item is called, after the change if it is there.
func (q *Question) title(id string) string {
	for _, b := range []*rules.Book{q.After, q.Before} {
		if r, ok := b.Rule(id); ok {
			return r.Item.Title
		}
	}
	return ""
}

func (q *Question) decide(ctx context.Context, book *rules.Book, ids []string) (*engine.Result, error) {
	return decide(ctx, q.Table, book, due(book, ids, q.AsOf), q.Circumstances)
}

// due are the rules of those items that the book has and that are due on the day.
func due(book *rules.Book, ids []string, asOf civil.Date) []*rules.Rule {
	var list []*rules.Rule
	for _, id := range ids {
		if r, ok := book.Rule(id); ok && r.Due(asOf) {
			list = append(list, r)
		}
	}
	return list
}

func decide(ctx context.Context, t *engine.Table, book *rules.Book, list []*rules.Rule, around rules.Circumstances) (*engine.Result, error) {
	plan, err := engine.NewPlan(t, book, list, around)
	if err != nil {
		return nil, err
	}
	return plan.Sweep(ctx)
}

// totals takes what the two results say of the item over all enterprises.
func (e *Effect) totals(before, after *engine.Result) (err error) {
	if e.Before, err = totalOf(before, e.Item); err != nil {
		return err
	}
	if e.After, err = totalOf(after, e.Item); err != nil {
		return err
	}
	e.Difference = e.After.Money - e.Before.Money // neither is negative
	return nil
}

func totalOf(r *engine.Result, item string) (Total, error) {
	for _, t := range r.Items {
		if t.Item != item {
			continue
		}
		if t.Overflow {
			return Total{}, fmt.Errorf("事项 %s 的金额合计：%w", item, exact.ErrOverflow)
		}
		return Total{Eligible: t.Eligible, Unknown: t.Unknown, Money: t.Sum}, nil
	}
	return Total{}, nil
}

// add counts one change, and keeps it as an example where some are still wanted.
func (e *Effect) add(c engine.Change, examples int, code func(int) string) change {
	was, now := c.Was == rules.Eligible, c.Now == rules.Eligible
	out := change{row: c.Row, entered: now && !was, left: was && !now, bothOfAmounts: was && now, money: c.After - c.Before}
	e.Entered += count(out.entered)
	e.Left += count(out.left)
	e.Changed += count(out.bothOfAmounts)
	e.Waiting += count(c.Now == rules.Unknown && c.Was != rules.Unknown)
	e.Settled += count(c.Was == rules.Unknown && c.Now != rules.Unknown)
	list := &e.EnteredExamples
	if out.left {
		list = &e.LeftExamples
	}
	if (out.entered || out.left) && len(*list) < examples {
		x := Example{Enterprise: code(c.Row), Was: c.Was, Now: c.Now, row: c.Row}
		x.Before, x.After = amount(c.Before, c.HasBefore), amount(c.After, c.HasAfter)
		*list = append(*list, x)
	}
	return out
}

// amount is a sum that may not be there.
func amount(m exact.Money, is bool) *exact.Money {
	if !is {
		return nil
	}
	return &m
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
