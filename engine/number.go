package engine

import (
	"math/big"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// maxInt bounds every numerator and divisor that arithmetic over columns meets, so that no step can overflow. It is proved
// when an expression is compiled, from the bounds of the columns; what can't be proved is decided by the rule's own program.
const maxInt = int64(1) << 62

// num is a compiled number of a row: the value of register reg, divided by den and, in a quotient, by register over too.
type num struct {
	reg    int
	den    int64 // 1 and up
	over   int   // -1: none
	lo, hi int64 // of reg
	olo    int64 // of over
	ohi    int64

	// fixed: written in the rule, the same for all and always known. Only these may lose their place among the operands.
	fixed bool

	// a number that depends on one column alone, on a straight line: reg = mul × raw value + add. field -1: not so.
	field    int
	mul, add int64
}

// step is one operation over registers. Registers are columns of int64 with a bitmap of what isn't known.
type step struct {
	op     stepOp
	dst    int
	a, b   int
	k      int64   // constant
	field  int     // of load and look
	values []int64 // of look, by dictionary code; of tiers, by bound
	bounds []int64 // of tiers
	open   []bool  // of look: no value for this code
	test   int32   // of choose: literal
	over   int     // of guard: divisor
}

type stepOp uint8

const (
	stepConst stepOp = iota
	stepLoad
	stepLook
	stepAdd
	stepSub
	stepMul
	stepScale // a × k
	stepMin
	stepMax
	stepTiers
	stepChoose
	stepGuard // a, unknown where over is zero
)

// program computes numbers of rows.
type program struct {
	steps []step
	regs  int
}

// arithmetic compiles numbers of one item into one program; equal nodes are computed once.
type arithmetic struct {
	c    *compiler
	prog program
	memo map[*formula.Node]num
}

func (c *compiler) arithmetic() *arithmetic {
	return &arithmetic{c: c, memo: map[*formula.Node]num{}}
}

func (a *arithmetic) emit(s step) int {
	s.dst = a.prog.regs
	a.prog.regs++
	a.prog.steps = append(a.prog.steps, s)
	return s.dst
}

// fits reports whether a bound can be worked with.
func fits(xs ...*big.Int) bool {
	limit := big.NewInt(maxInt)
	for _, x := range xs {
		if x.CmpAbs(limit) > 0 {
			return false
		}
	}
	return true
}

func product(x, y int64) *big.Int { return new(big.Int).Mul(big.NewInt(x), big.NewInt(y)) }

func (a *arithmetic) value(v *formula.Value) (num, bool) {
	if !v.Known() || v.Kind() != formula.Number {
		return num{}, false
	}
	r := v.Num().Rat()
	if !fits(r.Num(), r.Denom()) {
		return num{}, false
	}
	k := r.Num().Int64()
	return num{reg: a.emit(step{op: stepConst, k: k}), den: r.Denom().Int64(), over: -1, lo: k, hi: k, fixed: true, field: -1, add: k}, true
}

// compile makes steps of a tree of kind Number; ok is false where the rule's own program must decide.
func (a *arithmetic) compile(n *formula.Node) (out num, ok bool) {
	if known, done := a.memo[n]; done {
		return known, true
	}
	if out, ok = a.tree(n); ok {
		a.memo[n] = out
	}
	return out, ok
}

func (a *arithmetic) tree(n *formula.Node) (num, bool) {
	reads := a.c.reads(n)
	switch {
	case !reads.facts:
		return num{}, false
	case reads.fields == 0:
		return a.value(a.c.probe.Eval(n, nil, nil))
	case reads.fields == 1 && hasDictionary(reads.field):
		return a.look(n, reads.field)
	}
	switch n.Op {
	case formula.OpField:
		return a.fieldOf(a.c.plan.table.Vocabulary.Fields[n.Slot])
	case formula.OpDefine:
		return a.compile(a.c.rule.Part(n.Slot))
	case formula.OpAdd, formula.OpSub:
		return a.sum(n)
	case formula.OpMul, formula.OpDiv:
		return a.term(n)
	case formula.OpNeg:
		x, ok := a.compile(n.Args[0])
		if !ok {
			return x, false
		}
		return a.scale(x, -1)
	case formula.OpMin, formula.OpMax:
		return a.extreme(n)
	case formula.OpTiers:
		return a.tiers(n)
	case formula.OpLookup:
		return a.lookup(n)
	case formula.OpIf:
		return a.choose(n)
	}
	return num{}, false
}

func (a *arithmetic) fieldOf(f *rules.Field) (num, bool) {
	if f.Derived() {
		defer a.c.within(nil)()
		out, ok := a.compile(f.Derivation())
		if f.Type == rules.TypeInt && (out.den != 1 || out.over >= 0) {
			return out, false
		}
		return out, ok
	}
	r, ok := a.c.plan.ranges(f)
	if !ok {
		return num{}, false
	}
	return num{reg: a.emit(step{op: stepLoad, field: f.Index}), den: pow10(r.scale), over: -1, lo: -r.bound, hi: r.bound, field: f.Index, mul: 1}, true
}

// scale multiplies by a whole number.
func (a *arithmetic) scale(x num, k int64) (num, bool) {
	if k == 1 {
		return x, true
	}
	lo, hi := product(x.lo, k), product(x.hi, k)
	if k < 0 {
		lo, hi = hi, lo
	}
	mul, add := product(x.mul, k), product(x.add, k)
	if !fits(lo, hi, mul, add) {
		return x, false
	}
	x.reg = a.emit(step{op: stepScale, a: x.reg, k: k})
	x.lo, x.hi, x.mul, x.add = lo.Int64(), hi.Int64(), mul.Int64(), add.Int64()
	if k == 0 {
		x.field = -1
	}
	return x, true
}

// level brings two numbers without divisors to one denominator.
func (a *arithmetic) level(x, y num) (num, num, bool) {
	if x.den == y.den {
		return x, y, true
	}
	g := new(big.Int).GCD(nil, nil, big.NewInt(x.den), big.NewInt(y.den)).Int64()
	kx, ky := y.den/g, x.den/g
	den := product(x.den, kx)
	x2, okx := a.scale(x, kx)
	y2, oky := a.scale(y, ky)
	if !okx || !oky || !fits(den) {
		return x, y, false
	}
	x2.den, y2.den = den.Int64(), den.Int64()
	return x2, y2, true
}

func (a *arithmetic) sum(n *formula.Node) (num, bool) {
	x, y, ok := a.pair(n.Args)
	if !ok {
		return x, false
	}
	if n.Op == formula.OpSub {
		return a.plus(x, y, -1)
	}
	return a.plus(x, y, 1)
}

// plus is x + y or, with sign -1, x - y. Quotients can be added where they have the same divisor.
func (a *arithmetic) plus(x, y num, sign int64) (num, bool) {
	if x.over != y.over {
		return x, false
	}
	over, olo, ohi := x.over, x.olo, x.ohi
	x, y, ok := a.level(x, y)
	if !ok {
		return x, false
	}
	op := stepAdd
	if sign < 0 {
		op = stepSub
		y.lo, y.hi = -y.hi, -y.lo
	}
	lo, hi := new(big.Int).Add(big.NewInt(x.lo), big.NewInt(y.lo)), new(big.Int).Add(big.NewInt(x.hi), big.NewInt(y.hi))
	if !fits(lo, hi) {
		return x, false
	}
	out := num{reg: a.emit(step{op: op, a: x.reg, b: y.reg}), den: x.den, over: over, olo: olo, ohi: ohi, lo: lo.Int64(), hi: hi.Int64()}
	out.line(x, y, sign)
	return out, true
}

// line keeps the straight line of a sum where both parts depend on the same column, or one on none.
func (n *num) line(x, y num, sign int64) {
	n.field = -1
	mul := new(big.Int).Add(big.NewInt(x.mul), product(y.mul, sign))
	add := new(big.Int).Add(big.NewInt(x.add), product(y.add, sign))
	switch {
	case n.over >= 0 || !fits(mul, add) || mul.Sign() == 0:
		return
	case x.fixed:
		n.field = y.field
	case y.fixed || x.field == y.field:
		n.field = x.field
	}
	n.mul, n.add = mul.Int64(), add.Int64()
}

func (a *arithmetic) pair(args []*formula.Node) (x, y num, ok bool) {
	if x, ok = a.compile(args[0]); !ok {
		return x, y, false
	}
	y, ok = a.compile(args[1])
	return x, y, ok
}

// term is a product or a quotient.
func (a *arithmetic) term(n *formula.Node) (num, bool) {
	x, y, ok := a.pair(n.Args)
	switch {
	case !ok:
		return x, false
	case n.Op == formula.OpMul:
		return a.multiply(x, y)
	case y.over >= 0 || x.over >= 0 && !y.fixed:
		return x, false
	case y.fixed && y.lo == 0:
		return x, false
	case y.fixed:
		return a.multiply(x, a.reciprocal(y))
	}
	return a.quotient(x, y)
}

// reciprocal is 1/y of a constant that isn't zero.
func (a *arithmetic) reciprocal(y num) num {
	top, bottom := y.den, y.lo
	if bottom < 0 {
		top, bottom = -top, -bottom
	}
	return num{reg: a.emit(step{op: stepConst, k: top}), den: bottom, over: -1, lo: top, hi: top, fixed: true, field: -1, add: top}
}

func (a *arithmetic) multiply(x, y num) (num, bool) {
	if x.over >= 0 && y.over >= 0 {
		return x, false
	}
	if x.fixed || y.over >= 0 {
		x, y = y, x
	}
	if y.fixed {
		return a.byConstant(x, y)
	}
	lo, hi := corners(x.lo, x.hi, y.lo, y.hi)
	den := product(x.den, y.den)
	if !fits(lo, hi, den) {
		return x, false
	}
	out := num{reg: a.emit(step{op: stepMul, a: x.reg, b: y.reg}), den: den.Int64(), over: x.over, olo: x.olo, ohi: x.ohi, lo: lo.Int64(), hi: hi.Int64(), field: -1}
	return out, true
}

// byConstant multiplies by a constant in lowest terms, so that the denominator stays small.
func (a *arithmetic) byConstant(x, y num) (num, bool) {
	k := big.NewRat(y.lo, y.den)
	k.Mul(k, big.NewRat(1, x.den)) // cancels what it can against the denominator
	if !fits(k.Num(), k.Denom()) {
		return x, false
	}
	out, ok := a.scale(x, k.Num().Int64())
	out.den = k.Denom().Int64()
	return out, ok
}

// corners bounds a product.
func corners(a, b, c, d int64) (lo, hi *big.Int) {
	lo, hi = product(a, c), product(a, c)
	for _, p := range []*big.Int{product(a, d), product(b, c), product(b, d)} {
		if p.Cmp(lo) < 0 {
			lo = p
		}
		if p.Cmp(hi) > 0 {
			hi = p
		}
	}
	return lo, hi
}

// quotient is x/y for a divisor that differs between rows: unknown where it is zero.
func (a *arithmetic) quotient(x, y num) (num, bool) {
	x2, ok := a.scale(x, y.den)
	if !ok {
		return x, false
	}
	reg := a.emit(step{op: stepGuard, a: x2.reg, over: y.reg})
	return num{reg: reg, den: x.den, over: y.reg, lo: x2.lo, hi: x2.hi, olo: y.lo, ohi: y.hi, field: -1}, true
}

func (a *arithmetic) extreme(n *formula.Node) (num, bool) {
	op := stepMin
	if n.Op == formula.OpMax {
		op = stepMax
	}
	best, ok := a.compile(n.Args[0])
	for _, arg := range n.Args[1:] {
		x, fine := a.compile(arg)
		if !ok || !fine {
			return best, false
		}
		best, ok = a.best(op, best, x)
	}
	return best, ok
}

// tiers is 分档 whose values are constants.
func (a *arithmetic) tiers(n *formula.Node) (num, bool) {
	var bounds, values []exact.Num
	for i := 1; i+1 < len(n.Args); i += 2 {
		b, v := a.c.constant(n.Args[i]), a.c.constant(n.Args[i+1])
		if b == nil || v == nil {
			return num{}, false
		}
		bounds, values = append(bounds, b.Num()), append(values, v.Num())
	}
	return a.step(n.Args[0], bounds, values)
}

// lookup is 取值 by tiers of a number; by a text it is a look.
func (a *arithmetic) lookup(n *formula.Node) (num, bool) {
	entry, bare := a.c.rule.Dated(n.Name, a.c.plan.around.AsOf)
	if entry == nil || entry.Tiers == nil || len(n.Args) != 1 {
		return num{}, false
	}
	var bounds, values []exact.Num
	for _, t := range entry.Tiers {
		bounds, values = append(bounds, t.Bound(bare)), append(values, t.Value)
	}
	return a.step(n.Args[0], bounds, values)
}

// step picks the value of the last bound that x reaches, 0 below the first. Bounds needn't ascend: the last reached counts.
func (a *arithmetic) step(arg *formula.Node, bounds, values []exact.Num) (num, bool) {
	x, ok := a.compile(arg)
	if !ok || x.over >= 0 {
		return x, false
	}
	s := step{op: stepTiers, a: x.reg}
	den := big.NewInt(1)
	for _, v := range values {
		d := v.Rat().Denom()
		g := new(big.Int).GCD(nil, nil, den, d)
		den.Mul(den, new(big.Int).Quo(d, g))
	}
	out := num{den: 1, over: -1, field: -1}
	for i, b := range bounds {
		// x/den >= b where x >= ceil(b × den)
		at := new(big.Rat).Mul(b.Rat(), new(big.Rat).SetInt64(x.den))
		v := new(big.Rat).Mul(values[i].Rat(), new(big.Rat).SetInt(den))
		bound := ceil(at)
		if !fits(bound, v.Num(), den) {
			return x, false
		}
		s.bounds, s.values = append(s.bounds, bound.Int64()), append(s.values, v.Num().Int64())
		out.lo, out.hi = min(out.lo, v.Num().Int64()), max(out.hi, v.Num().Int64())
	}
	out.reg, out.den = a.emit(s), den.Int64()
	return out, fits(den)
}

// ceil is the least whole number not below r.
func ceil(r *big.Rat) *big.Int {
	q, m := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int)) // Euclidean: floor for a positive denominator
	if m.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q
}

// look is a number that depends on one text alone: its value for each entry of the dictionary.
func (a *arithmetic) look(n *formula.Node, f *rules.Field) (num, bool) {
	dict, ok := a.c.plan.dictionary(f)
	if !ok || a.c.probe.Eval(n, f, nil).Known() { // known even when the fact is missing: no column says that
		return num{}, false
	}
	values := make([]*big.Rat, len(dict))
	den := big.NewInt(1)
	for i, v := range dict {
		got := a.c.probe.Eval(n, f, v)
		if !got.Known() {
			continue
		}
		values[i] = got.Num().Rat()
		d := values[i].Denom()
		den.Mul(den, new(big.Int).Quo(d, new(big.Int).GCD(nil, nil, den, d)))
	}
	s := step{op: stepLook, field: f.Index, values: make([]int64, len(dict)), open: make([]bool, len(dict))}
	out := num{over: -1, field: -1}
	for i, v := range values {
		if v == nil {
			s.open[i] = true
			continue
		}
		v.Mul(v, new(big.Rat).SetInt(den))
		if !fits(v.Num(), den) {
			return num{}, false
		}
		s.values[i] = v.Num().Int64()
		out.lo, out.hi = min(out.lo, s.values[i]), max(out.hi, s.values[i])
	}
	a.c.plan.use(f)
	out.reg, out.den = a.emit(s), den.Int64()
	return out, true
}

// choose is ?: between numbers.
func (a *arithmetic) choose(n *formula.Node) (num, bool) {
	test, err := a.c.boolean(n.Args[0])
	if err != nil {
		return num{}, false
	}
	a.c.plan.nodes[test>>1].uses += 2 // read by programs too, so it can't be one item's own
	x, y, ok := a.pair(n.Args[1:])
	if !ok || x.over >= 0 || y.over >= 0 {
		return x, false
	}
	if x, y, ok = a.level(x, y); !ok {
		return x, false
	}
	return num{reg: a.emit(step{op: stepChoose, test: test, a: x.reg, b: y.reg}), den: x.den, over: -1, lo: min(x.lo, y.lo), hi: max(x.hi, y.hi), field: -1}, true
}
