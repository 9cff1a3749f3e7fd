package rules

import (
	"slices"

	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Threshold is a figure of the enterprise that an item compares with a number which the rule or its dated values lay down. The
// item needs it: there is no other way to fulfil the condition.
type Threshold struct {
	Condition              string // id
	Because, Clause, Quote string
	Name                   string     // of the figure, where it is a field or a named part; else ""
	Op                     formula.Op // how the figure must stand to the bound: OpGe, OpGt, OpLe or OpLt
	Unit                   formula.Unit

	top  *check
	node *formula.Node // figure Op bound
}

// Margin is an enterprise close to a threshold that fulfils everything else of the item.
type Margin struct {
	Threshold     *Threshold
	Figure, Bound exact.Num // in the base unit: 分 for money, the plain ratio for percentages
	Passes        bool
	Distance      string // in words: 差 3 人; "" for numbers without unit

	// Amount is what the item pays or, where the threshold refuses it, would pay for the facts as they are: an amount that
	// follows the figure isn't raised to the bound. nil: the item has none.
	Amount *exact.Money
}

// Say writes a number of the figure's unit as people read it.
func (t *Threshold) Say(n exact.Num) string { return quantity(n, t.Unit) }

// Thresholds are the thresholds of a rule, in policy order, with all else that it demands. They are immutable.
type Thresholds struct {
	rule  *Rule
	all   []*Threshold
	rests []demand // what conditions with a threshold demand besides
}

// demand is a part of a condition that must come out as wanted.
type demand struct {
	top  *check
	node *formula.Node // nil: check as a whole
	want bool
	part *check
}

// Thresholds finds the thresholds of the rule among the conditions that bind the enterprise, not single records.
func (r *Rule) Thresholds() *Thresholds {
	t := &Thresholds{rule: r}
	for _, c := range r.checks {
		if !c.record {
			t.divide(c, c)
		}
	}
	return t
}

// All lists the thresholds. They are shared and must not be changed.
func (t *Thresholds) All() []*Threshold { return t.all }

// divide takes a condition apart into what must hold at once.
func (t *Thresholds) divide(top, c *check) {
	switch c.cond.Kind {
	case Require, Exclude:
		t.split(top, c, c.program.Root, c.cond.Kind == Require)
	case AllOf:
		for _, p := range c.parts {
			t.divide(top, p)
		}
	default:
		t.rests = append(t.rests, demand{top: top, part: c})
	}
}

func (t *Thresholds) split(top, c *check, n *formula.Node, want bool) {
	inner := t.inside(n)
	switch {
	case inner != nil:
		t.split(top, c, inner, want)
	case n.Op == formula.OpNot:
		t.split(top, c, n.Args[0], !want)
	case n.Op == formula.OpAnd && want, n.Op == formula.OpOr && !want:
		t.split(top, c, n.Args[0], want)
		t.split(top, c, n.Args[1], want)
	default:
		if compare := t.comparison(n, want); compare != nil {
			t.all = append(t.all, newThreshold(top, c, compare))
			n, want = compare, true
		}
		t.rests = append(t.rests, demand{top: top, part: c, node: n, want: want})
	}
}

// inside is what stands behind a named part or a derived field that is a condition; nil for others.
func (t *Thresholds) inside(n *formula.Node) *formula.Node {
	switch {
	case n.Type.Kind != formula.Bool:
	case n.Op == formula.OpDefine:
		return t.rule.Part(n.Slot)
	case n.Op == formula.OpField:
		return t.rule.book.Vocabulary.Fields[n.Slot].Derivation()
	}
	return nil
}

func newThreshold(top, c *check, n *formula.Node) *Threshold {
	t := &Threshold{Condition: top.id, Because: c.cond.Because, Clause: c.cond.Clause, Quote: c.cond.Quote, Op: n.Op, Unit: n.Args[0].Type.Unit, top: top, node: n}
	if t.Because == "" {
		t.Because = top.cond.Because
	}
	if t.Clause == "" {
		t.Clause, t.Quote = top.cond.Clause, top.cond.Quote
	}
	if f := n.Args[0]; f.Op == formula.OpField || f.Op == formula.OpDefine {
		t.Name = f.Name
	}
	return t
}

var (
	mirrored = map[formula.Op]formula.Op{formula.OpGe: formula.OpLe, formula.OpGt: formula.OpLt, formula.OpLe: formula.OpGe, formula.OpLt: formula.OpGt}
	negated  = map[formula.Op]formula.Op{formula.OpGe: formula.OpLt, formula.OpGt: formula.OpLe, formula.OpLe: formula.OpGt, formula.OpLt: formula.OpGe}
)

// comparison writes a comparison of a figure with a bound as it must come out true, the figure on the left; nil for what isn't
// one.
func (t *Thresholds) comparison(n *formula.Node, want bool) *formula.Node {
	if mirrored[n.Op] == 0 || n.Args[0].Type.Kind != formula.Number {
		return nil
	}
	op, figure, bound := n.Op, n.Args[0], n.Args[1]
	if t.fixed(figure) {
		op, figure, bound = mirrored[op], bound, figure
	}
	if !want {
		op = negated[op]
	}
	if t.fixed(figure) || !t.fixed(bound) {
		return nil
	}
	return &formula.Node{Op: op, Type: n.Type, Args: []*formula.Node{figure, bound}}
}

// fixed reports whether a number is laid down: it reads no fact, or is a dated value.
func (t *Thresholds) fixed(n *formula.Node) bool {
	if n.Op == formula.OpLookup {
		return true
	}
	fixed := true
	var visit func(*formula.Node) bool
	visit = func(n *formula.Node) bool {
		switch n.Op {
		case formula.OpField, formula.OpRecord, formula.OpAwarded, formula.OpEverAwarded, formula.OpQualifies:
			fixed = false
		case formula.OpDefine:
			t.rule.Part(n.Slot).Walk(visit)
		}
		return fixed
	}
	n.Walk(visit)
	return fixed
}

// Near lists the thresholds of which the loaded enterprise's figure is at most share (0.02 for 2 %) of the bound away, on
// either side, while all else that the item demands is fulfilled and its amount is known: the threshold alone decides. A bound
// of 0 has no neighbourhood.
func (s *Session) Near(t *Thresholds, share exact.Num) []Margin {
	r := s.start(t.rule)
	defer func() { s.frame.Host, s.frame.Defines, s.frame.Record = nil, nil, nil }()
	var out []Margin
	var d *Decision
	for _, th := range t.all {
		m, ok := r.within(th, share)
		if !ok {
			continue
		}
		if d == nil {
			d = s.Decide(t.rule)
			r.d.Records = slices.DeleteFunc(slices.Clone(d.Records), func(rd RecordDecision) bool { return rd.Outcome != Eligible })
		}
		if r.alone(t, th, d) && r.stake(&m, d) {
			x := &explainer{session: s, rule: t.rule, run: r}
			x.gap(th.node, true, func(words string) { m.Distance = words })
			out = append(out, m)
		}
	}
	return out
}

// start sets the frame up for parts of a rule, as a decision does.
func (s *Session) start(rule *Rule) *run {
	d := &Decision{Rule: rule, Enterprise: s.profile.Enterprise, AsOf: s.around.AsOf, Grant: rule.Grant(s.around.AsOf)}
	r := &run{Session: s, rule: rule, d: d, limits: &d.Limits, raw: &d.exact}
	s.derive(rule.derived)
	s.frame.Reset()
	s.frame.Host, s.frame.GrantYear, s.frame.Record = r, d.Grant.From.Year(), nil
	s.frame.Defines = make([]*formula.Value, len(rule.defines))
	for _, p := range rule.defines {
		if !p.record {
			s.frame.Defines[p.slot] = s.frame.Run(p.program)
		}
	}
	return r
}

// within measures a figure; ok is false where it or the bound isn't known, or it is further away than the share.
func (r *run) within(t *Threshold, share exact.Num) (m Margin, ok bool) {
	figure := r.frame.Eval(t.node.Args[0])
	if !figure.Known() {
		return m, false
	}
	bound := r.frame.Eval(t.node.Args[1])
	if !bound.Known() || bound.Num().Sign() == 0 {
		return m, false
	}
	away, err := figure.Num().Sub(bound.Num())
	if err != nil {
		return m, false
	}
	room, err := magnitude(bound.Num()).Mul(share)
	if err != nil || magnitude(away).Cmp(room) > 0 {
		return m, false
	}
	return Margin{Threshold: t, Figure: figure.Num(), Bound: bound.Num(), Passes: r.frame.Eval(t.node).True()}, true
}

func magnitude(n exact.Num) exact.Num {
	if n.Sign() < 0 {
		return n.Neg()
	}
	return n
}

// alone reports whether all that the item demands besides the threshold is fulfilled.
func (r *run) alone(t *Thresholds, th *Threshold, d *Decision) bool {
	for _, f := range d.Findings {
		if (f.check == nil || f.check != th.top) && !f.Value.True() {
			return false
		}
	}
	for _, rest := range t.rests {
		if rest.top == th.top && rest.node != th.node && !r.holds(rest) {
			return false
		}
	}
	return t.rule.table == nil || len(r.d.Records) > 0
}

func (r *run) holds(d demand) bool {
	if d.node == nil {
		return r.finding(d.part).Value.True()
	}
	v := r.frame.Eval(d.node)
	if d.want {
		return v.True()
	}
	return v.False()
}

// stake fills in the amount; it reports false where the item has one that isn't known.
func (r *run) stake(m *Margin, d *Decision) bool {
	switch {
	case m.Passes:
		m.Amount = d.Amount
		return d.Outcome == Eligible
	case r.rule.amount == nil && r.rule.atMost == nil:
		return true
	case r.rule.table != nil:
		m.Amount = r.heldRecords()
	default:
		m.Amount = r.held(r.amount(), r.caps())
	}
	return m.Amount != nil
}
