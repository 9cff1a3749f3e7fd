package readiness

import (
	"cmp"
	"context"
	"slices"

	"mianshen/rules"
	"mianshen/rules/exact"
)

// Verdict says whether an item could be granted without application.
type Verdict string

// The verdicts, from near to far.
const (
	Ready        Verdict = "ready"  // 可免申: data decide every condition and the amount
	AwaitsData   Verdict = "data"   // 待数据共享: departments have to deliver first
	AwaitsClause Verdict = "clause" // 待修订条款: a person has to judge, so the clause would have to become a figure
)

// Verdicts lists the verdicts from near to far.
var Verdicts = []Verdict{Ready, AwaitsData, AwaitsClause}

// Label is the verdict in Chinese.
func (v Verdict) Label() string {
	return map[Verdict]string{Ready: "可免申", AwaitsData: "待数据共享", AwaitsClause: "待修订条款"}[v]
}

// Item is how ready one item is. Conditions of instalments aren't looked at: they wait for the day the instalment is due.
type Item struct {
	Policy      string     `json:"policy"`
	PolicyTitle string     `json:"policy_title"`
	Item        string     `json:"item"`
	Title       string     `json:"title"`
	Mode        rules.Mode `json:"mode"`
	Verdict     Verdict    `json:"verdict"`
	Needs       []Need     `json:"needs"` // the conditions in policy order, then what the amount and the basis need
	Owed        []Debt     `json:"owed"`  // by department

	Eligible   int         `json:"eligible"`
	Unknown    int         `json:"unknown"`
	Ineligible int         `json:"ineligible"`
	Amount     exact.Money `json:"amount"` // of the eligible; the greatest sum there is where it would overflow
}

// Need is one condition, or part of one, and what it takes to decide it: it stands as its verdict says.
type Need struct {
	ID      string     `json:"id,omitempty"`
	Title   string     `json:"title"`
	Clause  string     `json:"clause,omitempty"`
	Quote   string     `json:"quote,omitempty"`
	Verdict Verdict    `json:"verdict"`
	Judge   string     `json:"judge,omitempty"` // what a person has to find
	Owed    []Coverage `json:"owed,omitempty"`  // facts that departments have to deliver
	Any     bool       `json:"any,omitempty"`   // one of the parts is enough: the nearest counts
	Parts   []Need     `json:"parts,omitempty"`
}

// Debt is what a department owes an item.
type Debt struct {
	Department string     `json:"department"`
	Facts      []Coverage `json:"facts"`
}

// Count is how many items of one mode have each verdict.
type Count struct {
	Mode   rules.Mode `json:"mode"`
	Ready  int        `json:"ready"`
	Data   int        `json:"data"`
	Clause int        `json:"clause"`
}

// Of is the number of one verdict.
func (c Count) Of(v Verdict) int {
	return map[Verdict]int{Ready: c.Ready, AwaitsData: c.Data, AwaitsClause: c.Clause}[v]
}

// Summarise counts items by mode, in the order 免申即享, 即申即享, 依申请.
func Summarise(items []Item) []Count {
	out := []Count{{Mode: rules.Auto}, {Mode: rules.Confirm}, {Mode: rules.Apply}}
	for _, it := range items {
		c := &out[slices.IndexFunc(out, func(c Count) bool { return c.Mode == it.Mode })]
		switch it.Verdict {
		case Ready:
			c.Ready++
		case AwaitsData:
			c.Data++
		default:
			c.Clause++
		}
	}
	return out
}

// Items tells of every item of the survey how ready it is, in the order of the rules.
func (s *Survey) Items(ctx context.Context) ([]Item, error) {
	a := &assessor{s: s, ctx: ctx, needs: map[int][]Need{}}
	out := make([]Item, len(s.Rules))
	for i, r := range s.Rules {
		needs, err := a.item(i)
		if err != nil {
			return nil, err
		}
		t := s.totals[i]
		out[i] = Item{
			Policy: r.Policy.ID, PolicyTitle: r.Policy.Title, Item: r.Item.ID, Title: r.Item.Title, Mode: r.Item.Mode, Verdict: furthest(needs), Needs: needs,
			Owed: debts(needs), Eligible: t.Eligible, Unknown: t.Unknown, Ineligible: t.Ineligible, Amount: t.Sum,
		}
		if t.Overflow {
			out[i].Amount = 1<<63 - 1
		}
	}
	return out, nil
}

// Farther reports whether it takes more to get there than from o.
func (v Verdict) Farther(o Verdict) bool {
	return slices.Index(Verdicts, v) > slices.Index(Verdicts, o)
}

// furthest is the verdict of needs that must all be met.
func furthest(needs []Need) Verdict {
	out := Ready
	for _, n := range needs {
		if n.Verdict.Farther(out) {
			out = n.Verdict
		}
	}
	return out
}

// nearest is the verdict of needs of which one is enough.
func nearest(needs []Need) Verdict {
	out := AwaitsClause
	for _, n := range needs {
		if out.Farther(n.Verdict) {
			out = n.Verdict
		}
	}
	return out
}

// debts sorts what needs wait for by department, each fact once. Ways that aren't the nearest don't count.
func debts(needs []Need) []Debt {
	out := []Debt{}
	for _, c := range owing(needs) {
		at := slices.IndexFunc(out, func(d Debt) bool { return d.Department == c.Department })
		if at < 0 {
			at, out = len(out), append(out, Debt{Department: c.Department})
		}
		if !slices.Contains(out[at].Facts, c) {
			out[at].Facts = append(out[at].Facts, c)
		}
	}
	slices.SortFunc(out, func(a, b Debt) int { return cmp.Compare(a.Department, b.Department) })
	return out
}

func owing(needs []Need) []Coverage {
	var out []Coverage
	for _, n := range needs {
		out = append(out, n.Owed...)
		parts := n.Parts
		if n.Any {
			parts = slices.DeleteFunc(slices.Clone(parts), func(p Need) bool { return p.Verdict != n.Verdict })
		}
		out = append(out, owing(parts)...)
	}
	return out
}
