package lint

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/standard"
)

// model holds the conditions of one item, on one day, as logic over few variables. A variable is a term that isn't constant,
// such as a field, a quotient of two, or a whole test that can't be taken apart. Named parts and derived fields are put in
// place, so that equal terms are one variable; different terms count as independent, which makes more combinations possible
// than there are and so keeps every claim about all combinations true.
type model struct {
	rule   *rules.Rule
	vocab  *rules.Vocabulary
	day    civil.Date
	vars   []*variable
	slots  map[string]int
	frame  formula.Frame // Defines hold the variables
	places map[*formula.Node]place
	sealed map[*formula.Node]bool // came in by a name: not taken apart, since the name is what stands in the text
}

// variable is one term. Its values are tried one from every range that the conditions can tell apart.
type variable struct {
	kind    formula.Kind
	whole   bool // only whole numbers
	counted bool // never negative
	partial bool // a text of which only the possibilities may be known
	options []string
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

// of returns the models of an item, one for each of the days.
func (a *audit) of(r *rules.Rule) []*model {
	if ms, ok := a.models[r]; ok {
		return ms
	}
	var out []*model
	for _, d := range days(a.policy) {
		m := &model{rule: r, vocab: a.book.Vocabulary, day: d, slots: map[string]int{}, places: map[*formula.Node]place{}, sealed: map[*formula.Node]bool{}}
		m.frame.Host = m
		out = append(out, m)
	}
	a.models[r] = out
	return out
}

// Lookup answers 取值 on the model's day.
func (m *model) Lookup(name string, by *formula.Value) *formula.Value {
	v := value(m.rule.Policy, name)
	if v == nil {
		return formula.Open()
	}
	e := m.rule.Policy.EntryOn(v, m.day)
	if e == nil {
		return formula.Open()
	}
	return e.On(name, by, percent(m.vocab, v))
}

// Awarded is not known here.
func (m *model) Awarded([]string, int) *formula.Value { return formula.Open() }

// EverAwarded is not known here.
func (m *model) EverAwarded([]string) *formula.Value { return formula.Open() }

// Qualifies is not known here.
func (m *model) Qualifies(string) *formula.Value { return formula.Open() }

func value(p *rules.Policy, name string) *rules.DatedValue {
	for _, v := range p.Values {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// percent reports whether the field that a value depends on is in %.
func percent(v *rules.Vocabulary, d *rules.DatedValue) bool {
	f, ok := v.Lookup(d.By)
	return ok && f.FormulaType().Unit.Same(formula.Unit{Flavour: formula.Percent})
}

// inline copies a tree with named parts and derived fields put in place.
func (m *model) inline(n *formula.Node) *formula.Node {
	if t := m.behind(n); t != nil {
		out := m.inline(t)
		out.Walk(func(x *formula.Node) bool { x.From, x.To = n.From, n.To; return true })
		m.sealed[out] = true
		return out
	}
	out := *n
	out.Args = nil
	for _, a := range n.Args {
		out.Args = append(out.Args, m.inline(a))
	}
	return &out
}

// behind is the tree that a name stands for. Whole numbers and enums stay names, since rules fit them to their type; so does what
// reads 年度, which is another year in derived fields.
func (m *model) behind(n *formula.Node) *formula.Node {
	switch n.Op {
	case formula.OpDefine:
		for _, d := range m.rule.Item.Defines {
			if d.Name == n.Name {
				return m.rule.Tree(d.Expression)
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

// constant computes an inlined tree that reads only written numbers and dated values; nil for any other.
func (m *model) constant(n *formula.Node) *formula.Value {
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
func (m *model) condition(c *rules.Condition) *formula.Node {
	var out *formula.Node
	switch c.Kind {
	case rules.Require, rules.Exclude:
		t := m.rule.Tree(c.Expression)
		if t == nil {
			break
		}
		out = m.rewrite(m.inline(t), place{cond: c, expr: c.Expression})
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
func (m *model) rewrite(n *formula.Node, at place) *formula.Node {
	var out *formula.Node
	if v := m.constant(n); v != nil {
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

func (m *model) logic(n *formula.Node, at place) *formula.Node {
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
	return m.read(key(n), variable{kind: formula.Bool}, n)
}

var flipped = map[formula.Op]formula.Op{formula.OpEq: formula.OpEq, formula.OpNe: formula.OpNe, formula.OpLt: formula.OpGt, formula.OpLe: formula.OpGe, formula.OpGt: formula.OpLt, formula.OpGe: formula.OpLe}

// comparison is a term against a constant, or the order of two terms against zero.
func (m *model) comparison(n *formula.Node) *formula.Node {
	out := *n
	l, r := n.Args[0], n.Args[1]
	if m.constant(l) != nil {
		l, r, out.Op = r, l, flipped[n.Op]
	}
	if c := m.constant(r); c != nil {
		if !m.enumerable(l) {
			return nil
		}
		out.Args = []*formula.Node{m.term(l), constantNode(r, c)}
		return &out
	}
	a, b := key(l), key(r)
	if a > b {
		a, b, out.Op = b, a, flipped[out.Op]
	}
	zero := &formula.Node{Op: formula.OpConst, Type: formula.Type{Kind: formula.Number}, Const: formula.NumberOf(exact.Int(0))}
	out.Args = []*formula.Node{m.read(a+" <> "+b, variable{kind: formula.Number}, n), zero}
	return &out
}

func (m *model) membership(n *formula.Node) *formula.Node {
	if !m.enumerable(n.Args[0]) {
		return nil
	}
	out := *n
	out.Args = []*formula.Node{m.term(n.Args[0])}
	for _, e := range n.Args[1:] {
		c := m.constant(e)
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
func (m *model) enumerable(n *formula.Node) bool {
	return !m.partial(n) || n.Type.Options != nil && len(n.Type.Options) <= maxOptions
}

// partial reports whether a text comes from 划型, which may leave several classes open.
func (m *model) partial(n *formula.Node) bool {
	found := false
	n.Walk(func(x *formula.Node) bool {
		found = found || x.Op == formula.OpClassify
		if x.Op == formula.OpField {
			if t := m.vocab.Fields[x.Slot].Tree(); t != nil && t != n {
				found = found || m.partial(t)
			}
		}
		return !found
	})
	return found && n.Type.Kind == formula.String
}

// term is the variable for a term that isn't constant.
func (m *model) term(n *formula.Node) *formula.Node {
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
	return m.read(key(n), v, n)
}

// read is the node that reads the variable of a key.
func (m *model) read(key string, v variable, at *formula.Node) *formula.Node {
	slot, ok := m.slots[key]
	if !ok {
		slot = len(m.vars)
		m.slots[key] = slot
		m.vars = append(m.vars, &v)
		m.frame.Defines = append(m.frame.Defines, nil)
	}
	return &formula.Node{Op: formula.OpDefine, Type: formula.Type{Kind: m.vars[slot].kind}, Slot: slot, From: at.From, To: at.To}
}

// key is the same for terms that always have the same value.
func key(n *formula.Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:%s%q", n.Op, n.Name, n.Names)
	if n.Const != nil {
		fmt.Fprintf(&b, "%d %s", n.Const.Kind(), n.Const)
	}
	if n.Pattern != nil {
		b.WriteString(n.Pattern.String())
	}
	for _, a := range n.Args {
		b.WriteString("(" + key(a) + ")")
	}
	return b.String()
}

// slotsOf lists the variables that trees read, sorted.
func slotsOf(trees ...*formula.Node) []int {
	var out []int
	for _, t := range trees {
		t.Walk(func(n *formula.Node) bool {
			if n.Op == formula.OpDefine {
				out = append(out, n.Slot)
			}
			return true
		})
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// cells are values of a variable, unknown among them, one from every range that the trees can tell apart.
func (m *model) cells(slot int, trees []*formula.Node) []*formula.Value {
	var atoms []*formula.Node
	for _, t := range trees {
		t.Walk(func(n *formula.Node) bool {
			if n.Op == formula.OpDefine && n.Slot == slot || reads(n, slot) {
				atoms = append(atoms, n)
			}
			return true
		})
	}
	var out []*formula.Value
	seen := map[string]bool{}
	for _, w := range m.vars[slot].witnesses(atoms) {
		m.frame.Defines[slot] = w
		var signature strings.Builder
		for _, a := range atoms {
			if a.Op != formula.OpDefine || m.vars[slot].kind == formula.Bool {
				signature.WriteString(m.frame.Eval(a).String() + ";")
			}
		}
		if !seen[signature.String()] {
			seen[signature.String()] = true
			out = append(out, w)
		}
	}
	return out
}

// reads reports whether n compares the variable with something.
func reads(n *formula.Node, slot int) bool {
	switch n.Op {
	case formula.OpAnd, formula.OpOr, formula.OpNot, formula.OpIf:
		return false
	}
	return len(n.Args) > 0 && n.Args[0].Op == formula.OpDefine && n.Args[0].Slot == slot
}

// witnesses are values around all constants that the atoms compare with.
func (v *variable) witnesses(atoms []*formula.Node) []*formula.Value {
	var consts []*formula.Value
	industries := false
	for _, a := range atoms {
		industries = industries || a.Op == formula.OpIndustry
		for _, arg := range a.Args {
			if arg.Op == formula.OpConst {
				consts = append(consts, arg.Const)
			}
		}
	}
	out := []*formula.Value{formula.Open()}
	switch v.kind {
	case formula.Bool:
		out = append(out, formula.BoolOf(true), formula.BoolOf(false))
	case formula.Number:
		out = append(out, v.numbers(consts)...)
	case formula.Date:
		for _, c := range consts {
			for n := -1; n <= 1; n++ {
				if d, ok := c.Day().AddDays(n); ok {
					out = append(out, formula.DateOf(d))
				}
			}
		}
	case formula.String:
		out = append(out, v.texts(consts, industries)...)
	}
	return out
}

func (v *variable) numbers(consts []*formula.Value) []*formula.Value {
	var sorted []*big.Rat
	for _, c := range consts {
		sorted = append(sorted, c.Num().Rat())
	}
	slices.SortFunc(sorted, (*big.Rat).Cmp)
	var tried []*big.Rat
	one := big.NewRat(1, 1)
	for i, c := range sorted {
		if v.whole {
			f := new(big.Rat).SetInt(new(big.Int).Div(c.Num(), c.Denom())) // rounds down: the denominator is positive
			tried = append(tried, f, new(big.Rat).Sub(f, one), new(big.Rat).Add(f, one))
			continue
		}
		tried = append(tried, c)
		if i > 0 {
			mid := new(big.Rat).Add(c, sorted[i-1])
			tried = append(tried, mid.Quo(mid, big.NewRat(2, 1)))
		}
	}
	if !v.whole && len(sorted) > 0 {
		tried = append(tried, new(big.Rat).Sub(sorted[0], one), new(big.Rat).Add(sorted[len(sorted)-1], one))
	}
	var out []*formula.Value
	for _, t := range tried {
		if n, err := exact.FromRat(t); err == nil && !(v.counted && n.Sign() < 0) {
			out = append(out, formula.NumberOf(n))
		}
	}
	return out
}

func (v *variable) texts(consts []*formula.Value, industries bool) []*formula.Value {
	var out []*formula.Value
	if v.options == nil {
		out = append(out, formula.TextOf("\x00"))
	}
	for _, c := range consts {
		if v.options == nil {
			out = append(out, c)
		}
	}
	for _, o := range v.options {
		out = append(out, formula.TextOf(o))
	}
	if industries {
		out = append(out, allIndustries()...)
	}
	for set := 1; v.partial && set < 1<<len(v.options); set++ {
		var some []string
		for i, o := range v.options {
			if set>>i&1 == 1 {
				some = append(some, o)
			}
		}
		if len(some) > 1 {
			out = append(out, formula.OneOf(some))
		}
	}
	return out
}

// allIndustries are all codes of GB/T 4754 at every level.
var allIndustries = sync.OnceValue(func() []*formula.Value {
	var out []*formula.Value
	var add func(code string)
	add = func(code string) {
		for _, c := range standard.IndustryChildren(code) {
			out = append(out, formula.TextOf(c))
			add(c)
		}
	}
	add("")
	return out
})

// maxCombinations is how many combinations are tried before a question is left open.
const maxCombinations = 20_000

// all reports whether holds is true of the trees' values in every combination. It is false when there are too many to try.
func (m *model) all(trees []*formula.Node, holds func(values []rank) bool) bool {
	slots := slotsOf(trees...)
	cells := make([][]*formula.Value, len(slots))
	total := 1
	for i, s := range slots {
		cells[i] = m.cells(s, trees)
		if total *= len(cells[i]); total > maxCombinations {
			return false
		}
	}
	values := make([]rank, len(trees))
	for n := range total {
		rest := n
		for i, s := range slots {
			m.frame.Defines[s] = cells[i][rest%len(cells[i])]
			rest /= len(cells[i])
		}
		for i, t := range trees {
			values[i] = rankOf(m.frame.Eval(t))
		}
		if !holds(values) {
			return false
		}
	}
	return true
}

// rank orders truth: false, unknown, true. And is the least of its parts, or the greatest.
type rank int8

const (
	isFalse rank = iota
	isUnknown
	isTrue
)

func rankOf(v *formula.Value) rank {
	switch {
	case v.True():
		return isTrue
	case v.False():
		return isFalse
	}
	return isUnknown
}

func least(values []rank) rank    { return slices.MinFunc(values, cmp.Compare[rank]) }
func greatest(values []rank) rank { return slices.MaxFunc(values, cmp.Compare[rank]) }
