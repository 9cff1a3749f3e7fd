package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mianshen/engine/kernel"
	"mianshen/engine/outcome"
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// errProgram says that a condition can't be decided by columns.
var errProgram = errors.New("needs the rule's own program")

// maxEntries caps the dictionaries that are asked entry by entry.
const maxEntries = 200_000

// compiler turns one rule into literals over the plan's nodes. A literal is 2i for node i and 2i+1 for its negation.
type compiler struct {
	plan  *Plan
	rule  *rules.Rule
	probe *rules.Probe // rules or facts, whichever the tree at hand belongs to
	rules *rules.Probe
	facts *rules.Probe // for derivations, which know no rule
	memo  map[*formula.Node]int32
}

// within switches to the probe of derivations (r nil) and returns what switches back.
func (c *compiler) within(r *rules.Rule) func() {
	before := c.probe
	if r == nil {
		c.probe = c.facts
	}
	return func() { c.probe = before }
}

// item compiles the rule.
func (c *compiler) item() *item {
	shape := c.rule.Shape()
	it := &item{rule: c.rule}
	_, outcomes := c.rule.Related()
	it.whole = shape.Each || len(outcomes) > 0 || c.rule.Item.OncePer && c.plan.around.History.Limits()
	var lits []int32
	for _, part := range shape.Conditions {
		lit, err := c.condition(part)
		it.parts = append(it.parts, newPart(part.ID, lit, err))
		if err != nil {
			it.whole = true
			continue
		}
		lits = c.flatten(lits, lit)
	}
	slices.Sort(lits)
	for _, lit := range slices.Compact(lits) {
		if lit&1 == 1 {
			it.neg = append(it.neg, lit>>1)
		} else {
			it.pos = append(it.pos, lit>>1)
		}
	}
	it.pay = c.payment(shape)
	it.grant = outcome.Item{ID: c.rule.Item.ID, Amount: shape.Amount != nil || shape.AtMost != nil, Fixed: it.pay.fixed}
	return it
}

func newPart(id string, lit int32, err error) part { return part{id: id, lit: lit, ok: err == nil} }

// flatten adds a literal to a conjunction, the parts of an All by themselves.
func (c *compiler) flatten(lits []int32, lit int32) []int32 {
	n := c.plan.nodes[lit>>1]
	inside := n.kind == nodeAll && lit&1 == 0 || n.kind == nodeAny && lit&1 == 1
	if !inside {
		return append(lits, lit)
	}
	for _, kid := range n.kids {
		lits = c.flatten(lits, kid^lit&1)
	}
	return lits
}

// condition compiles a condition as it must be true.
func (c *compiler) condition(p rules.Part) (int32, error) {
	switch p.Kind {
	case rules.Require:
		return c.boolean(p.Root)
	case rules.Exclude:
		lit, err := c.boolean(p.Root)
		return lit ^ 1, err
	case rules.Manual:
		return c.constantNode(kernel.Unknown), nil
	case rules.Score:
		return c.score(p)
	}
	lits := make([]int32, len(p.Parts))
	for i, part := range p.Parts {
		lit, err := c.condition(part)
		if err != nil {
			return 0, err
		}
		lits[i] = lit
	}
	if p.Kind == rules.AnyOf {
		return c.group(nodeAny, lits), nil
	}
	return c.group(nodeAll, lits), nil
}

func (c *compiler) constantNode(truth uint8) int32 {
	return c.plan.node("c"+strconv.Itoa(int(truth)), node{kind: nodeConstant, truth: truth}) << 1
}

// group joins literals; equal groups are one node.
func (c *compiler) group(kind nodeKind, lits []int32) int32 {
	slices.Sort(lits)
	lits = slices.Compact(lits)
	if len(lits) == 1 {
		return lits[0]
	}
	key := fmt.Sprint(kind, lits)
	return c.plan.node(key, node{kind: kind, kids: lits}) << 1
}

// score compiles a condition by points: every minimum and the sum must be reached.
func (c *compiler) score(p rules.Part) (int32, error) {
	a := c.arithmetic()
	var lits []int32
	var sum num
	for i, points := range p.Points {
		n, ok := a.compile(points)
		if !ok || n.over >= 0 {
			return 0, errProgram
		}
		if m := p.Minimums[i]; m != nil {
			lit, err := c.against(points, *m)
			if err != nil {
				return 0, err
			}
			lits = append(lits, lit)
		}
		if i == 0 {
			sum = n
			continue
		}
		if sum, ok = a.plus(sum, n, 1); !ok {
			return 0, errProgram
		}
	}
	total, ok := a.value(formula.NumberOf(p.AtLeast))
	if !ok {
		return 0, errProgram
	}
	lit, err := c.comparison(a, formula.OpGe, sum, total, fmt.Sprintf("score %p %s", p.Points[0], p.AtLeast))
	return c.group(nodeAll, append(lits, lit)), err
}

// against compiles n >= minimum.
func (c *compiler) against(n *formula.Node, minimum exact.Num) (int32, error) {
	k := &formula.Node{Op: formula.OpConst, Type: n.Type, Const: formula.NumberOf(minimum)}
	return c.boolean(&formula.Node{Op: formula.OpGe, Type: formula.Type{Kind: formula.Bool}, Args: []*formula.Node{n, k}})
}

// boolean compiles a tree of kind Bool.
func (c *compiler) boolean(n *formula.Node) (lit int32, err error) {
	if known, ok := c.memo[n]; ok {
		return known, nil
	}
	if lit, err = c.tree(n); err == nil {
		c.memo[n] = lit
	}
	return lit, err
}

func (c *compiler) tree(n *formula.Node) (int32, error) {
	switch n.Op {
	case formula.OpAnd, formula.OpOr:
		return c.logic(n)
	case formula.OpNot:
		lit, err := c.boolean(n.Args[0])
		return lit ^ 1, err
	case formula.OpIf:
		return c.either(n)
	case formula.OpDefine:
		return c.boolean(c.rule.Part(n.Slot))
	}
	reads := c.reads(n)
	switch {
	case !reads.facts:
		return 0, errProgram
	case reads.fields == 0:
		return c.constantNode(answer(c.probe.Eval(n, nil, nil))), nil
	case n.Op == formula.OpField && reads.fields >= 1:
		return c.field(n)
	case reads.fields == 1 && hasDictionary(reads.field):
		return c.dictionary(n, reads.field)
	case n.Op == formula.OpIn:
		return c.oneOf(n)
	case (n.Op == formula.OpEq || n.Op == formula.OpNe) && n.Args[0].Type.Kind == formula.Bool:
		return c.same(n)
	case reads.fields == 1 && reads.field.Type == rules.TypeDate:
		return c.days(n, reads.field)
	}
	switch n.Op {
	case formula.OpEq, formula.OpNe, formula.OpLt, formula.OpLe, formula.OpGt, formula.OpGe:
		if n.Args[0].Type.Kind == formula.Number {
			return c.numbers(n)
		}
	}
	return 0, errProgram
}

// field is a Bool field by itself.
func (c *compiler) field(n *formula.Node) (int32, error) {
	f := c.plan.table.Vocabulary.Fields[n.Slot]
	if f.Derived() {
		defer c.within(nil)()
		return c.boolean(f.Derivation())
	}
	return c.plan.node("b"+strconv.Itoa(f.Index), node{kind: nodeTrue, field: f.Index}) << 1, nil
}

func (c *compiler) logic(n *formula.Node) (int32, error) {
	a, b, err := c.both(n)
	if err != nil {
		return 0, err
	}
	kind := nodeAll
	if n.Op == formula.OpOr {
		kind = nodeAny
	}
	return c.join(kind, a, b), nil
}

// both are the two conditions of an operator.
func (c *compiler) both(n *formula.Node) (a, b int32, err error) {
	if a, err = c.boolean(n.Args[0]); err == nil {
		b, err = c.boolean(n.Args[1])
	}
	return a, b, err
}

// join flattens groups of the same kind into one.
func (c *compiler) join(kind nodeKind, lits ...int32) int32 {
	var flat []int32
	for _, lit := range lits {
		if n := c.plan.nodes[lit>>1]; n.kind == kind && lit&1 == 0 {
			flat = append(flat, n.kids...)
			continue
		}
		flat = append(flat, lit)
	}
	return c.group(kind, flat)
}

// either is ?: between conditions: (test and a) or (not test and b) or (a and b), which is what Kleene's logic makes of it.
func (c *compiler) either(n *formula.Node) (int32, error) {
	var lits [3]int32
	for i, arg := range n.Args {
		lit, err := c.boolean(arg)
		if err != nil {
			return 0, err
		}
		lits[i] = lit
	}
	test, a, b := lits[0], lits[1], lits[2]
	return c.join(nodeAny, c.group(nodeAll, []int32{test, a}), c.group(nodeAll, []int32{test ^ 1, b}), c.group(nodeAll, []int32{a, b})), nil
}

// same is equality of two conditions.
func (c *compiler) same(n *formula.Node) (int32, error) {
	a, b, err := c.both(n)
	if err != nil {
		return 0, err
	}
	if n.Op == formula.OpNe {
		b ^= 1
	}
	return c.join(nodeAny, c.group(nodeAll, []int32{a, b}), c.group(nodeAll, []int32{a ^ 1, b ^ 1})), nil
}

// oneOf is membership in a list of constants.
func (c *compiler) oneOf(n *formula.Node) (int32, error) {
	var lits []int32
	for _, a := range n.Args[1:] {
		if c.constant(a) == nil {
			return 0, errProgram // one element that isn't known leaves the whole unknown
		}
		lit, err := c.boolean(&formula.Node{Op: formula.OpEq, Type: n.Type, Args: []*formula.Node{n.Args[0], a}})
		if err != nil {
			return 0, err
		}
		lits = append(lits, lit)
	}
	return c.group(nodeAny, lits), nil
}

// answer is a truth value as kernels hold it.
func answer(v *formula.Value) uint8 {
	switch {
	case v.True():
		return kernel.True
	case v.False():
		return kernel.False
	}
	return kernel.Unknown
}

// hasDictionary reports whether the values of a field come from a dictionary: texts, also derived ones, and sets.
func hasDictionary(f *rules.Field) bool {
	k := f.FormulaType().Kind
	return k == formula.String || k == formula.Set
}

// dictionary compiles a condition on one text or set: its answer for each entry of the dictionary.
func (c *compiler) dictionary(n *formula.Node, f *rules.Field) (int32, error) {
	if f.Type == rules.TypeSet && !f.Derived() {
		if lit, ok := c.members(n, f); ok {
			return lit, nil
		}
	}
	dict, ok := c.plan.dictionary(f)
	if !ok {
		return 0, errProgram
	}
	answers := make([]uint8, len(dict))

	for i, v := range dict {
		answers[i] = answer(c.probe.Eval(n, f, v))
	}
	if c.probe.Eval(n, f, nil).Known() {
		return 0, errProgram // decided even when the fact is missing: no column says that
	}
	return c.look(f, answers), nil
}

// look is a node by its answers. A condition and its negation are one node: the one that fewer codes answer True, whose rows are
// gathered sooner, or else the one that answers the first code False.
func (c *compiler) look(f *rules.Field, answers []uint8) int32 {
	flip := int32(0)
	if turned(answers) {
		flip = 1
		answers = slices.Clone(answers)
		for i, a := range answers {
			if a != kernel.Unknown {
				answers[i] = a ^ 1
			}
		}
	}
	n := node{kind: nodeLook, field: f.Index, answers: answers}
	if len(answers) <= maxListed {
		for code, a := range answers {
			switch a {
			case kernel.True:
				n.yes = append(n.yes, uint16(code))
			case kernel.Unknown:
				n.unclear = append(n.unclear, uint16(code))
			}
		}
	}
	return c.plan.node("l"+strconv.Itoa(f.Index)+":"+string(answers), n)<<1 | flip
}

// turned reports whether answers are kept negated.
func turned(answers []uint8) bool {
	yes, no, first := 0, 0, kernel.Unknown
	for _, a := range answers {
		switch a {
		case kernel.Unknown:
			continue
		case kernel.True:
			yes++
		default:
			no++
		}
		if first == kernel.Unknown {
			first = a
		}
	}
	return yes > no || yes == no && first == kernel.True
}

// members compiles what asks a set for written members: "甲" in 集合, any and none over the set.
func (c *compiler) members(n *formula.Node, f *rules.Field) (int32, bool) {
	switch n.Op {
	case formula.OpInSet:
		if n.Args[0].Op == formula.OpConst && n.Args[1].Op == formula.OpField {
			return c.member(f, n.Args[0].Const.Text()), true
		}
	case formula.OpAny, formula.OpNone:
		texts, ok := elements(n)
		if !ok {
			return 0, false
		}
		var lits []int32
		for _, t := range texts {
			lits = append(lits, c.member(f, t))
		}
		lit := c.group(nodeAny, lits)
		if n.Op == formula.OpNone {
			lit ^= 1
		}
		return lit, true
	}
	return 0, false
}

func (c *compiler) member(f *rules.Field, text string) int32 {
	return c.plan.node("m"+strconv.Itoa(f.Index)+":"+text, node{kind: nodeMember, field: f.Index, member: text}) << 1
}

// elements lists the texts t of any(集合, # == t) and any(集合, # in [t, ...]).
func elements(n *formula.Node) ([]string, bool) {
	if n.Args[0].Op != formula.OpField {
		return nil, false
	}
	test := n.Args[1]
	if test.Op != formula.OpEq && test.Op != formula.OpIn || test.Args[0].Op != formula.OpElement {
		return nil, false
	}
	var out []string
	for _, a := range test.Args[1:] {
		if a.Op != formula.OpConst || strings.Contains(a.Const.Text(), "\n") {
			return nil, false
		}
		out = append(out, a.Const.Text())
	}
	return out, len(out) > 0
}

// reading is what a tree reads.
type reading struct {
	facts  bool // only facts of the enterprise, and what is the same for all
	fields int  // 0, 1, or 2 for more
	field  *rules.Field
	times  int // how often it stands there, at most
}

// maxWalk bounds how far named parts are followed, since they may double at each step.
const maxWalk = 4000

// reads tells what a tree reads, through named parts and derived fields other than texts.
func (c *compiler) reads(n *formula.Node) reading {
	r := reading{facts: true}
	steps := 0
	var visit func(*formula.Node) bool
	visit = func(n *formula.Node) bool {
		steps++
		switch n.Op {
		case formula.OpField:
			f := c.plan.table.Vocabulary.Fields[n.Slot]
			switch {
			case f.Type == rules.TypeTable:
				r.facts = false
			case f.Derived() && !hasDictionary(f):
				f.Derivation().Walk(visit)
			default:
				r.add(f)
			}
		case formula.OpDefine:
			c.rule.Part(n.Slot).Walk(visit)
		case formula.OpRecord, formula.OpQualifies:
			r.facts = false
		}
		r.facts = r.facts && steps < maxWalk
		return r.facts
	}
	n.Walk(visit)
	return r
}

func (r *reading) add(f *rules.Field) {
	if r.field == nil {
		r.field, r.fields = f, 1
	}
	if r.field != f {
		r.fields = 2
	}
	r.times++
}

// constant is the value of a tree that reads nothing, nil for others and for what isn't known.
func (c *compiler) constant(n *formula.Node) *formula.Value {
	if r := c.reads(n); !r.facts || r.fields > 0 {
		return nil
	}
	if v := c.probe.Eval(n, nil, nil); v.Known() {
		return v
	}
	return nil
}
