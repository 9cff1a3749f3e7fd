// Package proof finds out what can be known for certain of an item's conditions: which are always or never met, which exclude
// each other, which follow from others. It tries every combination of the values that the conditions can tell apart, missing
// ones and partly known ones included, with the three-valued meaning that rules/formula gives the operators. Where there are
// too many combinations it says nothing.
package proof

import (
	"fmt"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Model holds the conditions of one item, on one day, as logic over few variables. A variable is a term that isn't constant,
// such as a field, a quotient of two, or a whole test that can't be taken apart. Named parts and derived fields are put in
// place, so that equal terms are one variable; different terms count as independent, which makes more combinations possible
// than there are and so keeps every claim about all combinations true.
type Model struct {
	Rule   *rules.Rule
	Day    civil.Date
	vocab  *rules.Vocabulary
	vars   []*variable
	slots  map[string]int
	frame  formula.Frame // Defines hold the variables
	places map[*formula.Node]place
	sealed map[*formula.Node]bool // came in by a name: not taken apart, since the name is what stands in the text
	left   *int                   // how many evaluations the models of the item may still make
	own    []*formula.Node        // the pieces of the conditions, once asked for
}

// maxEvaluations bounds the work on one item: about a second. What isn't settled by then is left open.
const maxEvaluations = 2_000_000

// variable is one term. Its values are tried one from every range that the conditions can tell apart.
type variable struct {
	kind    formula.Kind
	whole   bool // only whole numbers
	counted bool // never negative
	partial bool // a text of which only the possibilities may be known
	options []string
	record  bool // reads the record under decision
}

// place says where a piece of logic is written.
type place struct {
	cond     *rules.Condition
	expr     rules.Expression // zero for groups, scores and manual conditions
	from, to int
}

// days are the first day in force and every later one on which a dated value changes; nil if there are too many to try.
func days(p *rules.Policy) []civil.Date {
	last := p.InForce.To
	if !p.SettleTo.IsZero() {
		last = p.SettleTo
	}
	out := []civil.Date{p.InForce.From}
	for _, v := range p.Values {
		for _, e := range v.Entries {
			next, ok := e.To.AddDays(1)
			if e.To.IsZero() || !ok {
				next = e.From
			}
			out = append(out, e.From, next)
		}
	}
	out = slices.DeleteFunc(out, func(d civil.Date) bool {
		return d.Before(p.InForce.From) || !last.IsZero() && d.After(last)
	})
	slices.SortFunc(out, civil.Date.Compare)
	out = slices.Compact(out)
	if len(out) > 24 {
		return nil
	}
	return out
}

// Models are the models of an item, one for each of the days on which they may differ; nil if there are too many.
func Models(vocab *rules.Vocabulary, r *rules.Rule) []*Model {
	left := maxEvaluations
	var out []*Model
	for _, d := range days(r.Policy) {
		m := &Model{Rule: r, Day: d, vocab: vocab, left: &left, slots: map[string]int{}, places: map[*formula.Node]place{}, sealed: map[*formula.Node]bool{}}
		m.frame.Host = m
		out = append(out, m)
	}
	return out
}

// Lookup answers 取值 on the model's day.
func (m *Model) Lookup(name string, by *formula.Value) *formula.Value {
	v := m.Rule.Policy.Value(name)
	if v == nil {
		return formula.Open()
	}
	e := m.Rule.Policy.EntryOn(v, m.Day)
	if e == nil {
		return formula.Open()
	}
	return e.On(name, by, v.Percent(m.vocab))
}

// Awarded is not known here.
func (m *Model) Awarded([]string, int) *formula.Value { return formula.Open() }

// EverAwarded is not known here.
func (m *Model) EverAwarded([]string) *formula.Value { return formula.Open() }

// Qualifies is not known here.
func (m *Model) Qualifies(string) *formula.Value { return formula.Open() }

// maxInlined caps the nodes of a tree in which names are replaced: names that stand for names can double it again and again.
const maxInlined = 2000

// Inline copies a tree with named parts and derived fields put in place. In a tree grown too large names stay, as terms of their own.
func (m *Model) Inline(n *formula.Node) *formula.Node {
	room := maxInlined
	return m.inline(n, &room)
}

func (m *Model) inline(n *formula.Node, room *int) *formula.Node {
	*room--
	if t := m.behind(n); t != nil && *room > 0 {
		out := m.inline(t, room)
		out.Walk(func(x *formula.Node) bool { x.From, x.To = n.From, n.To; return true })
		m.sealed[out] = true
		return out
	}
	out := *n
	out.Args = nil
	for _, a := range n.Args {
		out.Args = append(out.Args, m.inline(a, room))
	}
	return &out
}

// behind is the tree that a name stands for. Whole numbers and enums stay names, since rules fit them to their type; so does what
// reads 年度, which is another year in derived fields.
func (m *Model) behind(n *formula.Node) *formula.Node {
	switch n.Op {
	case formula.OpDefine:
		for _, d := range m.Rule.Item.Defines {
			if d.Name == n.Name {
				return m.Rule.Tree(d.Expression)
			}
		}
	case formula.OpField:
		f := m.vocab.Fields[n.Slot]
		if f.Type == rules.TypeBool || f.Type == rules.TypeDecimal || f.Type == rules.TypeMoney {
			if t := f.Tree(); t != nil && !contains(t, formula.OpGrantYear) {
				return t
			}
		}
	}
	return nil
}

func contains(n *formula.Node, ops ...formula.Op) bool {
	found := false
	n.Walk(func(x *formula.Node) bool {
		found = found || slices.Contains(ops, x.Op)
		return !found
	})
	return found
}

// Constant computes an inlined tree that reads only written numbers and dated values; nil for any other.
func (m *Model) Constant(n *formula.Node) *formula.Value {
	fixed := true
	n.Walk(func(x *formula.Node) bool {
		if len(x.Args) == 0 && x.Op != formula.OpConst && x.Op != formula.OpLookup {
			fixed = false
		}
		if len(x.Args) == 1 && (x.Op == formula.OpAwarded || x.Op == formula.OpCount) || x.Op == formula.OpReachedYears || x.Op == formula.OpReachedMonths {
			fixed = false // asks the history, or the as-of day
		}
		return fixed
	})
	if !fixed {
		return nil
	}
	if v := m.frame.Eval(n); v.Known() {
		return v
	}
	return nil
}

func constantNode(n *formula.Node, v *formula.Value) *formula.Node {
	return &formula.Node{Op: formula.OpConst, Type: n.Type, Const: v, From: n.From, To: n.To}
}

// condition is a condition as logic over the variables.
func (m *Model) condition(c *rules.Condition) *formula.Node {
	var out *formula.Node
	switch c.Kind {
	case rules.Require, rules.Exclude:
		t := m.Rule.Tree(c.Expression)
		if t == nil {
			break
		}
		out = m.rewrite(m.Inline(t), place{cond: c, expr: c.Expression})
		if c.Kind == rules.Exclude {
			out = &formula.Node{Op: formula.OpNot, Type: out.Type, Args: []*formula.Node{out}}
		}
	case rules.AnyOf, rules.AllOf:
		for _, p := range c.Parts {
			out = join(out, m.condition(p), c.Kind == rules.AnyOf)
		}
	}
	if out == nil { // manual, score: a truth of its own
		out = m.read(fmt.Sprintf("condition %p", c), variable{kind: formula.Bool}, &formula.Node{})
	}
	if _, ok := m.places[out]; !ok {
		m.places[out] = place{cond: c}
	}
	return out
}

func join(a, b *formula.Node, either bool) *formula.Node {
	if a == nil {
		return b
	}
	op := formula.OpAnd
	if either {
		op = formula.OpOr
	}
	return &formula.Node{Op: op, Type: formula.Type{Kind: formula.Bool}, Args: []*formula.Node{a, b}}
}

// rewrite turns an inlined test into logic over variables and notes where each piece stands.
func (m *Model) rewrite(n *formula.Node, at place) *formula.Node {
	var out *formula.Node
	if v := m.Constant(n); v != nil {
		out = constantNode(n, v)
	} else {
		out = m.logic(n, at)
	}
	at.from, at.to = n.From, n.To
	m.places[out] = at
	if m.sealed[n] {
		m.sealed[out] = true
	}
	return out
}

func (m *Model) logic(n *formula.Node, at place) *formula.Node {
	switch n.Op {
	case formula.OpAnd, formula.OpOr, formula.OpNot, formula.OpIf:
		out := *n
		out.Args = nil
		for _, a := range n.Args {
			out.Args = append(out.Args, m.rewrite(a, at))
		}
		return &out
	case formula.OpEq, formula.OpNe, formula.OpLt, formula.OpLe, formula.OpGt, formula.OpGe:
		if out := m.comparison(n); out != nil {
			return out
		}
	case formula.OpIn:
		if out := m.membership(n); out != nil {
			return out
		}
	case formula.OpIndustry:
		out := *n
		out.Args = []*formula.Node{m.term(n.Args[0])}
		return &out
	}
	return m.read(Key(n), variable{kind: formula.Bool}, n)
}

var flipped = map[formula.Op]formula.Op{formula.OpEq: formula.OpEq, formula.OpNe: formula.OpNe, formula.OpLt: formula.OpGt, formula.OpLe: formula.OpGe, formula.OpGt: formula.OpLt, formula.OpGe: formula.OpLe}

// comparison is a term against a constant, or the order of two terms against zero.
func (m *Model) comparison(n *formula.Node) *formula.Node {
	out := *n
	l, r := n.Args[0], n.Args[1]
	if m.Constant(l) != nil {
		l, r, out.Op = r, l, flipped[n.Op]
	}
	if c := m.Constant(r); c != nil {
		if !m.enumerable(l) {
			return nil
		}
		l, c = m.unscaled(l, c)
		out.Args = []*formula.Node{m.graded(l), constantNode(r, c)}
		return &out
	}
	a, b := Key(l), Key(r)
	if a > b {
		a, b, out.Op = b, a, flipped[out.Op]
	}
	zero := &formula.Node{Op: formula.OpConst, Type: formula.Type{Kind: formula.Number}, Const: formula.NumberOf(exact.Int(0))}
	out.Args = []*formula.Node{m.read(a+" <> "+b, variable{kind: formula.Number}, n), zero}
	return &out
}

// unscaled moves a constant divisor of a term, or a factor, to the constant it is compared with: x / 10 >= 2 is x >= 20. It does so
// only where the term can't overflow, which would make it unknown for an x that is known.
func (m *Model) unscaled(l *formula.Node, c *formula.Value) (*formula.Node, *formula.Value) {
	if (l.Op != formula.OpDiv && l.Op != formula.OpMul) || c.Kind() != formula.Number {
		return l, c
	}
	x, k := l.Args[0], m.Constant(l.Args[1])
	if l.Op == formula.OpMul && k == nil {
		x, k = l.Args[1], m.Constant(l.Args[0])
	}
	one := exact.Int(1)
	if k == nil || k.Num().Sign() <= 0 || m.Constant(x) != nil {
		return l, c
	}
	if by := k.Num().Cmp(one); l.Op == formula.OpDiv && by < 0 || l.Op == formula.OpMul && by > 0 {
		return l, c
	}
	moved, err := c.Num().Quo(k.Num())
	if l.Op == formula.OpDiv {
		moved, err = c.Num().Mul(k.Num())
	}
	if err != nil {
		return l, c
	}
	return m.unscaled(x, formula.NumberOf(moved))
}

// graded is the variable for a term, or, for a dated value that depends on one term, that value of the variable.
func (m *Model) graded(n *formula.Node) *formula.Node {
	if n.Op != formula.OpLookup || len(n.Args) != 1 || m.Constant(n.Args[0]) != nil || !m.enumerable(n.Args[0]) {
		return m.term(n)
	}
	out := *n
	out.Args = []*formula.Node{m.term(n.Args[0])}
	return &out
}

func (m *Model) membership(n *formula.Node) *formula.Node {
	if !m.enumerable(n.Args[0]) {
		return nil
	}
	out := *n
	out.Args = []*formula.Node{m.term(n.Args[0])}
	for _, e := range n.Args[1:] {
		c := m.Constant(e)
		if c == nil {
			return nil
		}
		out.Args = append(out.Args, constantNode(e, c))
	}
	return &out
}

// maxOptions caps the texts of which every set of possibilities is tried.
const maxOptions = 6

// enumerable reports whether all values of a term can be tried: one that is partly known needs few options.
func (m *Model) enumerable(n *formula.Node) bool {
	return !m.partial(n) || n.Type.Options != nil && len(n.Type.Options) <= maxOptions
}

// partial reports whether a text comes from 划型, which may leave several classes open.
func (m *Model) partial(n *formula.Node) bool {
	return n.Type.Kind == formula.String && m.classifies(n, map[int]bool{})
}

func (m *Model) classifies(n *formula.Node, seen map[int]bool) bool {
	found := false
	n.Walk(func(x *formula.Node) bool {
		found = found || x.Op == formula.OpClassify || x.Op == formula.OpDefine
		if x.Op == formula.OpField && !seen[x.Slot] {
			seen[x.Slot] = true
			if t := m.vocab.Fields[x.Slot].Tree(); t != nil {
				found = found || m.classifies(t, seen)
			}
		}
		return !found
	})
	return found
}

// term is the variable for a term that isn't constant.
func (m *Model) term(n *formula.Node) *formula.Node {
	v := variable{kind: n.Type.Kind, options: n.Type.Options, partial: m.partial(n)}
	switch n.Op {
	case formula.OpField:
		v.whole = m.vocab.Fields[n.Slot].Type == rules.TypeInt
	case formula.OpRecord, formula.OpColumn:
		if f, ok := m.vocab.Lookup(n.Name); ok {
			v.whole = f.Type == rules.TypeInt
		}
	case formula.OpCount:
		v.whole, v.counted = true, true
	case formula.OpYear:
		v.whole = true
	}
	return m.read(Key(n), v, n)
}

// read is the node that reads the variable of a key.
func (m *Model) read(key string, v variable, at *formula.Node) *formula.Node {
	slot, ok := m.slots[key]
	if !ok {
		slot = len(m.vars)
		v.record = contains(at, formula.OpRecord, formula.OpDefine) // a name that stayed may read it
		m.slots[key] = slot
		m.vars = append(m.vars, &v)
		m.frame.Defines = append(m.frame.Defines, nil)
	}
	return &formula.Node{Op: formula.OpDefine, Type: formula.Type{Kind: m.vars[slot].kind}, Slot: slot, From: at.From, To: at.To}
}

// Key is the same for terms that always have the same value.
func Key(n *formula.Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:%s%q", n.Op, n.Name, n.Names)
	if n.Const != nil {
		fmt.Fprintf(&b, "%d %s", n.Const.Kind(), n.Const)
	}
	if n.Pattern != nil {
		b.WriteString(n.Pattern.String())
	}
	for _, a := range n.Args {
		b.WriteString("(" + Key(a) + ")")
	}
	return b.String()
}
