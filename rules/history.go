package rules

import (
	"maps"
	"slices"
	"sort"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Award is one line of the history of grants: an amount granted, or recovered when negative.
type Award struct {
	Enterprise string
	Item       string
	Period     Interval // 所属期
	Basis      string   // 依据; may be ""
	Amount     exact.Money
	Unstated   bool       // no sum was given: what it adds up to isn't known
	On         civil.Date // day of payment; may be zero
}

// History is what was granted before. A nil *History is not knowing; an empty one is knowing that there was nothing. It is
// immutable.
type History struct {
	byFirm map[string][]Award
	byItem map[string][]Award    // awards of all firms, for once_per
	since  map[string]civil.Date // of a ledger: the items of which it has everything, and from when on; nil: it has everything
}

// NewHistory takes all awards.
func NewHistory(awards []Award) *History {
	h := &History{byFirm: map[string][]Award{}, byItem: map[string][]Award{}}
	for _, a := range awards {
		h.byFirm[a.Enterprise] = append(h.byFirm[a.Enterprise], a)
		h.byItem[a.Item] = append(h.byItem[a.Item], a)
	}
	return h
}

// NewLedger takes the awards of a ledger that has everything of some items only, from a day on; the zero Date is from the beginning. What
// is asked beyond that isn't known. Such a history answers 已奖 and 曾获; how often an item is granted and how much of its caps is left is
// decided where it is paid, with what is on its way.
func NewLedger(awards []Award, since map[string]civil.Date) *History {
	h := NewHistory(awards)
	h.since = maps.Clone(since)
	if h.since == nil {
		h.since = map[string]civil.Date{}
	}
	return h
}

// Limits reports whether the history has everything, so that periods, caps over time and bases that count once are held against it. A nil
// history hasn't.
func (h *History) Limits() bool { return h != nil && h.since == nil }

// Knows reports whether the history has all grants of the items whose period begins on the day or later, or with the zero Date all there
// ever were. A nil history knows of none.
func (h *History) Knows(items []string, from civil.Date) bool {
	if h == nil || h.since == nil {
		return h != nil
	}
	return !slices.ContainsFunc(items, func(item string) bool {
		since, known := h.since[item]
		return !known || !since.IsZero() && (from.IsZero() || since.After(from))
	})
}

// grant is what is left of all awards for one item, period and basis after recoveries.
type grant struct {
	item, basis string
	period      Interval
	amount      exact.Num
	recovered   bool
	unstated    bool // a part of it has no sum
}

// grants nets the awards that were paid up to the day, oldest period first. What was recovered entirely is no grant.
func grants(awards []Award, asOf civil.Date, wanted func(Award) bool) []grant {
	type key struct{ firm, item, period, basis string }
	byKey := map[key]*grant{}
	var order []key
	for _, a := range awards {
		if !wanted(a) || !a.On.IsZero() && a.On.After(asOf) {
			continue
		}
		k := key{a.Enterprise, a.Item, a.Period.Name, a.Basis}
		g := byKey[k]
		if g == nil {
			g = &grant{item: a.Item, basis: a.Basis, period: a.Period}
			byKey[k], order = g, append(order, k)
		}
		sum, err := g.amount.Add(a.Amount.Num())
		if err == nil {
			g.amount = sum
		}
		g.recovered = g.recovered || a.Amount < 0
		g.unstated = g.unstated || a.Unstated
	}
	var out []grant
	for _, k := range order {
		if g := byKey[k]; !g.recovered || g.unstated || g.amount.Sign() > 0 {
			out = append(out, *g)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].period.From.Before(out[j].period.From) })
	return out
}

// PersonFinding is what a person has found about a manual condition (Result), or the sum recorded for at_most (Amount, with
// Condition "amount").
type PersonFinding struct {
	Enterprise string
	Item       string
	Condition  string
	Result     *bool
	Amount     *exact.Money
	On         civil.Date
}

// AmountFinding is the condition name under which the sum of an at_most item is recorded.
const AmountFinding = "amount"

// Findings are the findings of persons. A nil *Findings holds none.
type Findings struct {
	byKey map[[3]string][]PersonFinding
	firms map[string][]string // by item, sorted
}

// NewFindings takes all findings; of several for one condition the latest day counts, and two of one day that differ count as none.
func NewFindings(all []PersonFinding) *Findings {
	f := &Findings{byKey: map[[3]string][]PersonFinding{}, firms: map[string][]string{}}
	for _, x := range all {
		k := [3]string{x.Enterprise, x.Item, x.Condition}
		f.byKey[k] = append(f.byKey[k], x)
		f.firms[x.Item] = append(f.firms[x.Item], x.Enterprise)
	}
	for item, firms := range f.firms {
		slices.Sort(firms)
		f.firms[item] = slices.Compact(firms)
	}
	return f
}

// find returns the finding that counts on the day; conflict reports two of the same day that differ.
func (f *Findings) find(firm, item, condition string, asOf civil.Date) (best *PersonFinding, conflict bool) {
	if f == nil {
		return nil, false
	}
	list := f.byKey[[3]string{firm, item, condition}]
	for i := range list {
		x := &list[i]
		if !x.On.IsZero() && x.On.After(asOf) {
			continue
		}
		switch {
		case best == nil || x.On.Compare(best.On) > 0:
			best, conflict = x, false
		case x.On == best.On && !sameFinding(x, best):
			conflict = true
		}
	}
	return best, conflict
}

func sameFinding(a, b *PersonFinding) bool {
	same := func(x, y *bool) bool { return (x == nil) == (y == nil) && (x == nil || *x == *y) }
	return same(a.Result, b.Result) && (a.Amount == nil) == (b.Amount == nil) && (a.Amount == nil || *a.Amount == *b.Amount)
}
