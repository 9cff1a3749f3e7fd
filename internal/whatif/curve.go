package whatif

import (
	"context"
	"errors"
	"math"
	"slices"

	"mianshen/engine"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// Variation is a number of the law that is moved from one value to another, while everything else stays.
type Variation struct {
	Table *engine.Table // as in Question
	Book  *rules.Book
	rules.Circumstances
	Item   string
	Name   string      // a dated value, one cell of it (奖励[500万元]), or the id of a condition that compares a figure with a number
	From   string      // as people write it, with its unit where the number needs one: 300万元, 3%, 8
	To     string      //
	Budget exact.Money // 0: none
	Steps  int         // at most so many values are told; 0: 200, never below 10
}

// Curve is what an item costs at each value of the number.
type Curve struct {
	Item  string `json:"item"`
	Title string `json:"title"`
	Name  string `json:"name"`

	// Exact tells that every figure of every enterprise was looked at: Affordable and Beyond are neighbours, between which no other
	// figure lies, and Steps are all figures where there is room for them, else round values. Otherwise the number also counts
	// elsewhere (in the amount, in several conditions), and the item was decided anew at each of the Steps and nowhere between.
	Exact bool `json:"exact"`

	Steps      []Step       `json:"steps"` // by value, the smallest first
	Present    Step         `json:"present"`
	Budget     *exact.Money `json:"budget,omitempty"`
	Affordable *Step        `json:"affordable,omitempty"` // the most generous value told that the budget pays for; absent: none
	Beyond     *Step        `json:"beyond,omitempty"`     // the least generous value told that it doesn't pay for; absent: none
}

// Step is the item at one value.
type Step struct {
	Value       exact.Num   `json:"-"`     // in the base unit: 分, or the plain ratio
	Words       string      `json:"value"` // as people read it
	Enterprises int         `json:"enterprises"`
	Money       exact.Money `json:"money"`
	Present     bool        `json:"present,omitempty"` // the law as it is
	Affordable  bool        `json:"affordable,omitempty"`
}

const (
	mostSteps  = 200
	leastSteps = 10
)

// Vary computes the curve: by one pass over all figures where the number is nothing but the threshold of one condition, else by
// deciding the item anew at evenly spaced values. The error is a Refusal, source.Mistakes where the law can't have one of the
// values, exact.ErrOverflow as in Compare, or that of the table or the context.
func Vary(ctx context.Context, v Variation) (*Curve, error) {
	if v.Steps == 0 {
		v.Steps = mostSteps
	}
	v.Steps = min(max(v.Steps, leastSteps), mostSteps)
	rule, err := ruleOf(v.Book, v.Item)
	if err != nil {
		return nil, err
	}
	if !rule.Due(v.AsOf) {
		return nil, refuse("事项 %s 在 %s 不在有效期内，不判定", v.Item, v.AsOf)
	}
	d, err := newDial(&v, rule)
	if err != nil {
		return nil, err
	}
	from, to, err := d.span(v.From, v.To)
	if err != nil {
		return nil, err
	}
	c := &Curve{Item: v.Item, Title: rule.Item.Title, Name: v.Name}
	if v.Budget > 0 {
		c.Budget = &v.Budget
	}
	plan, err := engine.NewPlan(v.Table, v.Book, []*rules.Rule{rule}, v.Circumstances)
	if err != nil {
		return nil, err
	}
	whole, err := v.whole(ctx, plan, rule, d)
	switch {
	case err == nil:
		c.Exact = true
		c.read(whole, d, v.Steps, from, to)
	case errors.Is(err, engine.ErrCurve):
		err = c.decideEach(ctx, &v, rule, d, from, to)
	}
	if err != nil {
		return nil, err
	}
	c.mark()
	return c, nil
}

// whole is the curve over all figures; engine.ErrCurve where the number isn't a mere threshold, or where some enterprises are
// decided by other means than columns: by what was granted before, by a person, or for a number that no column holds.
func (v *Variation) whole(ctx context.Context, plan *engine.Plan, rule *rules.Rule, d *dial) (*engine.Curve, error) {
	if d.condition == "" {
		return nil, engine.ErrCurve
	}
	awards, _ := rule.Related()
	firms := append(v.History.Firms(append(awards, rule.Item.ID)), v.Findings.Firms(rule.Item.ID)...)
	if slices.ContainsFunc(firms, func(code string) bool { _, known := v.Table.Row(code); return known }) {
		return nil, engine.ErrCurve
	}
	for _, f := range rule.Reads() {
		c, err := v.Table.Column(f)
		if err != nil {
			return nil, err
		}
		if c != nil && len(c.Odd) > 0 {
			return nil, engine.ErrCurve
		}
	}
	c, err := plan.Curve(ctx, 0, d.condition)
	if err == nil && len(c.Points) > 0 && c.Points[len(c.Points)-1].Money == math.MaxInt64 {
		return nil, exact.ErrOverflow
	}
	return c, err
}

// read takes the steps within a span from the whole curve.
func (c *Curve) read(whole *engine.Curve, d *dial, steps int, from, to exact.Num) {
	at := func(n exact.Num) Step {
		s := Step{Value: n, Words: d.words(n)}
		s.Enterprises, s.Money = whole.At(n)
		return s
	}
	figures := within(whole.Points, from, to)
	values := figures
	if len(figures) > steps-5 { // the ends, the present value and those about the budget come on top
		values = grid(d.factor, from, to, steps-5)
	}
	for _, n := range values {
		c.Steps = append(c.Steps, at(n))
	}
	c.Present = at(d.present)
	c.Steps = append(c.Steps, at(from), at(to))
	if d.present.Cmp(from) >= 0 && d.present.Cmp(to) <= 0 {
		c.Steps = append(c.Steps, c.Present)
	}
	if c.Budget != nil {
		c.spend(slices.Concat(figures, []exact.Num{from, to, d.present}), from, to, at)
	}
}

// spend finds the two neighbours among values between which the budget is used up.
func (c *Curve) spend(values []exact.Num, from, to exact.Num, at func(exact.Num) Step) {
	values = slices.DeleteFunc(values, func(n exact.Num) bool { return n.Cmp(from) < 0 || n.Cmp(to) > 0 })
	slices.SortFunc(values, exact.Num.Cmp)
	if at(from).Money > at(to).Money { // so that what it costs ascends
		slices.Reverse(values)
	}
	over, _ := slices.BinarySearchFunc(values, *c.Budget, func(n exact.Num, budget exact.Money) int {
		if at(n).Money <= budget {
			return -1
		}
		return 1
	})
	if over > 0 {
		s := at(values[over-1])
		c.Affordable, c.Steps = &s, append(c.Steps, s)
	}
	if over < len(values) {
		s := at(values[over])
		c.Beyond, c.Steps = &s, append(c.Steps, s)
	}
}

// within lists the figures between two values, both included, ascending.
func within(points []engine.Point, from, to exact.Num) []exact.Num {
	descending := len(points) > 1 && points[0].Figure.Cmp(points[1].Figure) > 0
	first, last := from, to
	if descending {
		first, last = to, from
	}
	order := func(p engine.Point, n exact.Num) int {
		if descending {
			return n.Cmp(p.Figure)
		}
		return p.Figure.Cmp(n)
	}
	low, _ := slices.BinarySearchFunc(points, first, order)
	high, found := slices.BinarySearchFunc(points, last, order)
	if found {
		high++
	}
	out := make([]exact.Num, 0, max(high-low, 0))
	for _, p := range points[low:max(high, low)] {
		out = append(out, p.Figure)
	}
	if descending {
		slices.Reverse(out)
	}
	return out
}

// mark sorts the steps, leaves out repetitions and marks the present value and the one that the budget pays for.
func (c *Curve) mark() {
	slices.SortFunc(c.Steps, func(a, b Step) int { return a.Value.Cmp(b.Value) })
	c.Steps = slices.CompactFunc(c.Steps, func(a, b Step) bool { return a.Value.Cmp(b.Value) == 0 })
	for i := range c.Steps {
		s := &c.Steps[i]
		s.Present = s.Value.Cmp(c.Present.Value) == 0
		s.Affordable = c.Affordable != nil && s.Value.Cmp(c.Affordable.Value) == 0
	}
	c.Present.Present = true
}
