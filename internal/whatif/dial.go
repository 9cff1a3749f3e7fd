package whatif

import (
	"context"
	"math/big"
	"strings"

	"mianshen/internal/whatif/place"
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// dial is the number of the law that a Variation turns.
type dial struct {
	present   exact.Num
	factor    exact.Num // what one of the unit that people write comes to in the base unit
	condition string    // the one condition of which the number is the threshold and nothing else; "": it counts elsewhere too
	parse     func(string) (exact.Num, error)
	words     func(exact.Num) string
	edit      func(exact.Num) (rules.Edit, error)
}

// newDial finds the number by its name: a dated value of the policy, or else a condition of the item.
func newDial(v *Variation, rule *rules.Rule) (*dial, error) {
	name, cell, _ := strings.Cut(strings.TrimSuffix(v.Name, "]"), "[")
	value := rule.Policy.Value(name)
	if value != nil {
		return valueDial(v, rule, value, cell)
	}
	var names []string
	for _, p := range rule.Shape().Conditions {
		if p.ID == v.Name {
			return conditionDial(v, rule, p)
		}
		names = append(names, p.ID)
	}
	for _, other := range rule.Policy.Values {
		names = append(names, other.Name)
	}
	if near, ok := source.Nearest(name, names); ok {
		return nil, refuse("事项 %s 没有数值或条件 %s，是不是 %s？", v.Item, source.Clip(v.Name), near)
	}
	return nil, refuse("事项 %s 没有数值或条件 %s，有：%s", v.Item, source.Clip(v.Name), strings.Join(names, "、"))
}

// valueDial turns a dated value or a cell of one, on the day.
func valueDial(v *Variation, rule *rules.Rule, value *rules.DatedValue, cell string) (*dial, error) {
	entry := rule.Policy.EntryOn(value, v.AsOf)
	if entry == nil {
		return nil, refuse("数值 %s 在 %s 没有值", value.Name, v.AsOf)
	}
	d := &dial{present: entry.Value, parse: value.Parse, words: value.Words}
	var err error
	if d.factor, err = value.Parse("1"); err != nil {
		return nil, refuse("%v", err)
	}
	d.edit = func(n exact.Num) (rules.Edit, error) {
		return rules.Edit{What: rules.EditValue, Value: value.Name, On: v.AsOf, Cell: cell, Text: value.Text(n)}, nil
	}
	cells := entry.Cells()
	switch {
	case len(cells) == 0 && cell == "":
		d.condition = place.Threshold(rule, value.Name)
		return d, nil
	case len(cells) == 0:
		return nil, refuse("数值 %s 不分档", value.Name)
	}
	for i, c := range cells {
		if c != cell {
			continue
		}
		d.present = entry.Table[c]
		if entry.Tiers != nil {
			d.present = entry.Tiers[i].Value
		}
		return d, nil
	}
	return nil, refuse("数值 %s 按 %s 分档，写明哪一档，如 %s[%s]；有：%s", value.Name, value.By, value.Name, cells[0], strings.Join(cells, "、"))
}

// conditionDial turns the threshold that is written in a condition.
func conditionDial(v *Variation, rule *rules.Rule, p rules.Part) (*dial, error) {
	no := refuse("条件 %s 不是一个指标与一个数的比较，不能变动；把这个数写进 values.yaml 再试", p.ID)
	figure, bound, ok := place.Sides(rule, p)
	if !ok {
		return nil, no
	}
	now := v.Book.NewProbe(rule, v.Circumstances).Eval(bound, nil, nil)
	if !now.Known() || now.Kind() != formula.Number {
		return nil, no
	}
	unit := figure.Type.Unit
	d := &dial{
		present: now.Num(), condition: p.ID, factor: exact.Int(1), words: unit.Show,
		parse: func(text string) (exact.Num, error) { return rules.ParseFigure(text, unit) },
	}
	switch {
	case unit.IsMoney():
		d.factor = exact.Int(1_000_000) // 万元
	case unit.Plain() && unit.Flavour != formula.Bare:
		d.factor, d.words = exact.Frac(1, 100), percent
	}
	d.edit = func(n exact.Num) (rules.Edit, error) {
		text, ok := place.Write(rule, p, n)
		if !ok {
			return rules.Edit{}, no
		}
		return rules.Edit{What: rules.EditCondition, Item: v.Item, Condition: p.ID, Text: text}, nil
	}
	return d, nil
}

// percent writes a ratio as people read it.
func percent(n exact.Num) string {
	hundredfold, err := n.Mul(exact.Int(100))
	if err != nil {
		return n.String()
	}
	text := hundredfold.Decimal(4)
	if shown, err := exact.Parse(text); err != nil || shown.Cmp(hundredfold) != 0 {
		return "约 " + text + "%"
	}
	return text + "%"
}

// span reads the two ends.
func (d *dial) span(from, to string) (low, high exact.Num, err error) {
	if low, err = d.parse(from); err != nil {
		return low, high, refuse("从“%s”：%v", source.Clip(from), err)
	}
	if high, err = d.parse(to); err != nil {
		return low, high, refuse("到“%s”：%v", source.Clip(to), err)
	}
	if low.Cmp(high) >= 0 {
		return low, high, refuse("从 %s 到 %s：前一个数应小于后一个数", d.words(low), d.words(high))
	}
	return low, high, nil
}

// evenly is how many values the item is decided at where there is no curve.
const evenly = 21

// decideEach decides the item anew at evenly spaced values and at the present one.
func (c *Curve) decideEach(ctx context.Context, v *Variation, rule *rules.Rule, d *dial, from, to exact.Num) error {
	ids := []string{rule.Item.ID}
	at := func(book *rules.Book, n exact.Num) error {
		res, err := decide(ctx, v.Table, book, due(book, ids, v.AsOf), v.Circumstances)
		if err != nil {
			return err
		}
		total, err := totalOf(res, rule.Item.ID)
		c.Steps = append(c.Steps, Step{Value: n, Words: d.words(n), Enterprises: total.Eligible, Money: total.Money})
		return err
	}
	if err := at(v.Book, d.present); err != nil {
		return err
	}
	c.Present = c.Steps[0]
	if d.present.Cmp(from) < 0 || d.present.Cmp(to) > 0 {
		c.Steps = nil
	}
	for i := range evenly {
		n, err := between(from, to, int64(i), evenly-1)
		if err != nil {
			return err
		}
		edit, err := d.edit(n)
		if err != nil {
			return err
		}
		book, err := amended(v.Book, rule.Policy, []rules.Edit{edit})
		if err != nil {
			return err
		}
		if err := at(book, n); err != nil {
			return err
		}
	}
	for _, s := range c.Steps {
		switch {
		case c.Budget == nil:
		case s.Money <= *c.Budget && (c.Affordable == nil || s.Money > c.Affordable.Money):
			c.Affordable = &s
		case s.Money > *c.Budget && (c.Beyond == nil || s.Money < c.Beyond.Money):
			c.Beyond = &s
		}
	}
	return nil
}

// between is from plus i of n equal parts of the way to to.
func between(from, to exact.Num, i, n int64) (exact.Num, error) {
	way := new(big.Rat).Sub(to.Rat(), from.Rat())
	way.Mul(way, big.NewRat(i, n))
	return exact.FromRat(way.Add(way, from.Rat()))
}

// grid lists round values between two, at most n: multiples of 1, 2 or 5 times a power of ten of the unit.
func grid(unit, from, to exact.Num, n int) []exact.Num {
	low, high := new(big.Rat).Quo(from.Rat(), unit.Rat()), new(big.Rat).Quo(to.Rat(), unit.Rat())
	least := new(big.Rat).Sub(high, low)
	least.Quo(least, big.NewRat(int64(max(n-1, 1)), 1))
	step := round(least)
	at := new(big.Rat).Quo(low, step)
	at.SetInt(new(big.Int).Quo(at.Num(), at.Denom())) // towards zero: may lie before from
	var out []exact.Num
	for at.Mul(at, step); at.Cmp(high) <= 0; at.Add(at, step) {
		v, err := exact.FromRat(new(big.Rat).Mul(at, unit.Rat()))
		if err == nil && at.Cmp(low) >= 0 {
			out = append(out, v)
		}
	}
	return out
}

// round is the smallest of 1, 2 and 5 times the powers of ten that isn't below x, which is above 0.
func round(x *big.Rat) *big.Rat {
	p, ten := big.NewRat(1, 1), big.NewRat(10, 1)
	for p.Cmp(x) > 0 {
		p.Quo(p, ten)
	}
	for new(big.Rat).Mul(p, ten).Cmp(x) <= 0 {
		p.Mul(p, ten)
	}
	for _, m := range []int64{1, 2, 5} {
		if step := new(big.Rat).Mul(p, big.NewRat(m, 1)); step.Cmp(x) >= 0 {
			return step
		}
	}
	return p.Mul(p, ten)
}
