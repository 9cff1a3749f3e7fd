package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// ErrCurve reports a condition that has no curve: it isn't a comparison of a number with a threshold that columns decide, the
// item's amount needs the rule's own program, or history, persons' findings or a number that no column can hold leave some
// enterprises to that program.
var ErrCurve = errors.New("the condition has no cost curve")

// Curve is what a threshold costs at every value: who gets the grant, and how much money it takes, if nothing but the threshold
// moves. Enterprises for which the figure or another condition isn't known are in none of it.
type Curve struct {
	Op      formula.Op // how figures are compared with the threshold: >=, >, <= or <
	Present exact.Num  // the threshold as written, in the figure's base unit
	Unit    formula.Unit

	// Points are the figures of enterprises that fulfil everything else, those first that the strictest threshold still lets
	// in. With the threshold at Figure, all points up to and with this one (of the same figure) get the grant if it counts the
	// threshold itself, those before it otherwise.
	Points []Point
}

// Point is one figure that occurs.
type Point struct {
	Figure      exact.Num
	Enterprises int         // up to and with this figure
	Money       exact.Money // for them together; saturates at what money can count
}

// Curve computes what moving the threshold of one condition of item i costs. condition is an id.
func (p *Plan) Curve(ctx context.Context, i int, condition string) (*Curve, error) {
	it := p.items[i]
	at := slices.IndexFunc(it.parts, func(q part) bool { return q.id == condition })
	if at < 0 {
		return nil, fmt.Errorf("item %s has no condition %q: %w", it.rule.Item.ID, condition, ErrCurve)
	}
	c := &compiler{plan: p, rule: it.rule, rules: p.book.NewProbe(it.rule, p.around), facts: p.book.NewProbe(nil, p.around), memo: map[*formula.Node]int32{}}
	c.probe = c.rules
	figure, curve, err := c.threshold(it.rule.Shape().Conditions[at])
	if err != nil {
		return nil, err
	}
	byHand := len(p.byHand[it.rule.Item.ID]) > 0
	if byHand || it.whole || it.pay.kind == wholeAmount || it.pay.kind == openAmount {
		return nil, fmt.Errorf("item %s: %w", it.rule.Item.ID, ErrCurve)
	}
	entries, err := p.entrants(ctx, it, at, figure)
	if err != nil {
		return nil, err
	}
	curve.add(entries, figure)
	return curve, ctx.Err()
}

// threshold takes a condition apart into the figure and what it is compared with.
func (c *compiler) threshold(part rules.Part) (*gauge, *Curve, error) {
	n := part.Root
	for n != nil && n.Op == formula.OpDefine {
		n = c.rule.Part(n.Slot)
	}
	if n == nil || part.Kind != rules.Require && part.Kind != rules.Exclude {
		return nil, nil, fmt.Errorf("condition %s: %w", part.ID, ErrCurve)
	}
	op, figure, bound := n.Op, 0, 1
	flip := map[formula.Op]formula.Op{formula.OpGe: formula.OpLe, formula.OpGt: formula.OpLt, formula.OpLe: formula.OpGe, formula.OpLt: formula.OpGt}
	negate := map[formula.Op]formula.Op{formula.OpGe: formula.OpLt, formula.OpGt: formula.OpLe, formula.OpLe: formula.OpGt, formula.OpLt: formula.OpGe}
	if flip[op] == 0 || n.Args[0].Type.Kind != formula.Number {
		return nil, nil, fmt.Errorf("condition %s isn't a comparison of numbers: %w", part.ID, ErrCurve)
	}
	if c.constant(n.Args[1]) == nil {
		op, figure, bound = flip[op], 1, 0
	}
	present := c.constant(n.Args[bound])
	if present == nil {
		return nil, nil, fmt.Errorf("condition %s has no fixed threshold: %w", part.ID, ErrCurve)
	}
	if part.Kind == rules.Exclude {
		op = negate[op]
	}
	a := c.arithmetic()
	x, ok := a.compile(n.Args[figure])
	if !ok {
		return nil, nil, fmt.Errorf("condition %s: %w", part.ID, ErrCurve)
	}
	for _, s := range a.prog.steps {
		if s.op == stepChoose || s.op == stepLoad && c.plan.fields[s.field] == nil {
			return nil, nil, fmt.Errorf("condition %s reads what the plan didn't prepare: %w", part.ID, ErrCurve)
		}
	}
	return &gauge{prog: a.prog, value: x}, &Curve{Op: op, Present: present.Num(), Unit: n.Args[figure].Type.Unit}, nil
}

// gauge reads a figure of rows.
type gauge struct {
	prog  program
	value num
}

// entrant is an enterprise that fulfils everything but the threshold: its figure (top/bottom) and what it would get.
type entrant struct {
	top, bottom int64
	amount      int64
}

// entrants finds those whom the threshold alone decides about.
func (p *Plan) entrants(ctx context.Context, it *item, condition int, figure *gauge) ([]entrant, error) {
	rest := *it
	rest.pos, rest.neg = nil, nil
	for j, q := range it.parts {
		if j == condition {
			continue
		}
		if q.lit&1 == 1 {
			rest.neg = append(rest.neg, q.lit>>1)
		} else {
			rest.pos = append(rest.pos, q.lit>>1)
		}
	}
	rest.temps = p.below(append(doubled(rest.pos), doubled(rest.neg)...))
	found := make([][]entrant, blocks(p.table.Rows()))
	err := p.each(ctx, rest.temps, func(w *worker, b int) {
		var t, u kernel.Bits
		w.predicates(b)
		for _, id := range rest.temps {
			w.group(id)
		}
		kernel.Conj(&t, &u, w.ts, w.ns, rest.pos, rest.neg)
		trim(&t, p.size(b))
		rows := kernel.Positions(nil, &t)
		if rest.pay.kind == formulaAmount {
			w.compute(&rest, b, rows)
			rows = w.rows
		}
		found[b] = w.figures(&rest, b, rows, figure)
	})
	return slices.Concat(found...), err
}

// doubled makes literals of nodes.
func doubled(ids []int32) []int32 {
	out := make([]int32, len(ids))
	for i, id := range ids {
		out[i] = id << 1
	}
	return out
}

// figures reads the figure of rows, whose amounts w.sums holds where they differ.
func (w *worker) figures(it *item, block int, rows []uint16, figure *gauge) []entrant {
	w.m.run(&figure.prog, block, rows, len(rows))
	var out []entrant
	for j := range rows {
		v := figure.value
		if !w.m.known(v.reg, j) {
			continue
		}
		e := entrant{top: w.m.vals[v.reg][j], bottom: v.den, amount: it.pay.fixed}
		if v.over >= 0 {
			over := w.m.vals[v.over][j]
			e.bottom *= over
			if over < 0 {
				e.top, e.bottom = -e.top, -e.bottom
			}
		}
		if it.pay.kind == formulaAmount {
			e.amount = w.sums[j]
		}
		out = append(out, e)
	}
	return out
}

// add sorts the entrants and adds them up.
func (c *Curve) add(entries []entrant, figure *gauge) {
	high := c.Op == formula.OpGe || c.Op == formula.OpGt // the largest figures are let in first
	compare := func(a, b entrant) int { return crossCompare(a.top, b.bottom, b.top, a.bottom) }
	if figure.value.over < 0 {
		compare = func(a, b entrant) int { return cmp.Compare(a.top, b.top) }
	}
	slices.SortFunc(entries, func(a, b entrant) int {
		if high {
			return compare(b, a)
		}
		return compare(a, b)
	})
	sum := int64(0)
	for i, e := range entries {
		if sum += e.amount; sum < 0 {
			sum = math.MaxInt64
		}
		p := Point{Enterprises: i + 1, Money: exact.Money(sum)}
		if last := len(c.Points) - 1; last >= 0 && compare(entries[i-1], e) == 0 {
			p.Figure = c.Points[last].Figure
			c.Points[last] = p
			continue
		}
		p.Figure = exact.Frac(e.top, e.bottom)
		c.Points = append(c.Points, p)
	}
}

// At is what the threshold costs at a value.
func (c *Curve) At(threshold exact.Num) (enterprises int, money exact.Money) {
	n, _ := slices.BinarySearchFunc(c.Points, threshold, func(p Point, t exact.Num) int {
		if c.passes(p.Figure, t) {
			return -1
		}
		return 1
	})
	if n == 0 {
		return 0, 0
	}
	return c.Points[n-1].Enterprises, c.Points[n-1].Money
}

func (c *Curve) passes(figure, threshold exact.Num) bool {
	d := figure.Cmp(threshold)
	switch c.Op {
	case formula.OpGe:
		return d >= 0
	case formula.OpGt:
		return d > 0
	case formula.OpLe:
		return d <= 0
	}
	return d < 0
}

// Within is the last point that a budget still pays for; ok is false when it doesn't pay for the first.
func (c *Curve) Within(budget exact.Money) (p Point, ok bool) {
	n, _ := slices.BinarySearchFunc(c.Points, budget, func(p Point, b exact.Money) int {
		if p.Money <= b {
			return -1
		}
		return 1
	})
	if n == 0 {
		return p, false
	}
	return c.Points[n-1], true
}
