package engine

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"mianshen/rules"
	"mianshen/rules/formula"
)

// numbers compiles a comparison of two numbers: with a bound where one column alone decides, by arithmetic otherwise.
func (c *compiler) numbers(n *formula.Node) (int32, error) {
	a := c.arithmetic()
	x, y, ok := a.pair(n.Args)
	if !ok {
		return 0, errProgram
	}
	if x.over < 0 && y.over < 0 {
		if d, ok := a.plus(x, y, -1); ok && d.field >= 0 {
			return c.line(n.Op, d), nil
		}
	}
	return c.comparison(a, n.Op, x, y, c.key(n))
}

// key writes a tree so that trees that mean the same for every rule have the same text.
func (c *compiler) key(n *formula.Node) string {
	switch n.Op {
	case formula.OpDefine:
		return c.key(c.rule.Part(n.Slot))
	case formula.OpField:
		return "f" + strconv.Itoa(n.Slot)
	case formula.OpConst:
		return strconv.Quote(n.Const.String())
	}
	var b strings.Builder
	fmt.Fprint(&b, n.Op, "(")
	switch n.Op {
	case formula.OpLookup:
		fmt.Fprintf(&b, "%q %q ", c.rule.Policy.ID, n.Name)
	case formula.OpGrantYear, formula.OpAwarded, formula.OpEverAwarded:
		fmt.Fprintf(&b, "%q %q ", c.rule.Item.ID, n.Names)
	case formula.OpIndustry:
		fmt.Fprintf(&b, "%q ", n.Names)
	}
	for _, a := range n.Args {
		b.WriteString(c.key(a) + " ")
	}
	return b.String() + ")"
}

// line compiles (mul × raw + add) op 0 into bounds of the raw values.
func (c *compiler) line(op formula.Op, d num) int32 {
	if d.mul < 0 {
		d.mul, d.add = -d.mul, -d.add
		op = map[formula.Op]formula.Op{formula.OpLt: formula.OpGt, formula.OpGt: formula.OpLt, formula.OpLe: formula.OpGe, formula.OpGe: formula.OpLe, formula.OpEq: formula.OpEq, formula.OpNe: formula.OpNe}[op]
	}
	at := big.NewRat(-d.add, d.mul) // where the line crosses zero
	from := clamp(ceil(at))
	after := from
	if at.IsInt() {
		after = clamp(new(big.Int).Add(at.Num(), big.NewInt(1)))
	}
	switch op {
	case formula.OpGe:
		return c.atLeast(d.field, from)
	case formula.OpGt:
		return c.atLeast(d.field, after)
	case formula.OpLt:
		return c.atLeast(d.field, from) ^ 1
	case formula.OpLe:
		return c.atLeast(d.field, after) ^ 1
	}
	lit := c.group(nodeAll, []int32{c.atLeast(d.field, from), c.atLeast(d.field, after) ^ 1})
	if from == after { // no whole raw value lies there: false wherever the fact is known
		lit = c.atLeast(d.field, math.MaxInt64)
	}
	if op == formula.OpNe {
		lit ^= 1
	}
	return lit
}

func clamp(b *big.Int) int64 {
	switch {
	case b.IsInt64():
		return b.Int64()
	case b.Sign() < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

// comparison makes a node that compares two numbers row by row.
func (c *compiler) comparison(a *arithmetic, op formula.Op, x, y num, key string) (int32, error) {
	if x.over < 0 && y.over < 0 {
		var ok bool
		if x, y, ok = a.level(x, y); !ok {
			return 0, errProgram
		}
	} else if !measurable(y) || !measurable(x) {
		return 0, errProgram
	}
	for _, s := range a.prog.steps {
		if s.op == stepLoad {
			c.plan.use(c.plan.table.Vocabulary.Fields[s.field])
		}
	}
	n := node{kind: nodeCompare, field: -1, compare: &comparison{prog: a.prog, op: op, a: x, b: y}}
	return c.plan.node("k"+key, n) << 1, nil
}

// measurable reports whether the cross products with a quotient stay within 127 bits: any register × y.over × y.den.
func measurable(y num) bool {
	over := int64(1)
	if y.over >= 0 {
		over = max(y.ohi, -y.olo)
	}
	return fits(product(over, y.den))
}

// derived is a text that is computed from other fields: a code for each row, and what each code stands for.
type derived struct {
	codes  []uint32
	values []*formula.Value
	index  map[string]uint32 // code by what a value says
}

// dictionary is what a text or set can be: the values of its dictionary; ok is false when there are too many to ask one by one.
func (p *Plan) dictionary(f *rules.Field) ([]*formula.Value, bool) {
	if f.Derived() {
		d := p.derived[f.Index]
		if d == nil {
			d = p.derivedText(f)
			p.derived[f.Index] = d
		}
		return d.values, d.values != nil
	}
	c := p.table.columns[f.Index]
	if c == nil || len(c.Dict) == 0 {
		p.entries[f.Index] = 0
		return []*formula.Value{nil}, true
	}
	if len(c.Dict) > maxEntries {
		return nil, false
	}
	if p.entries[f.Index] != len(c.Dict) {
		p.entries[f.Index] = len(c.Dict)
	}
	return p.table.dictionary(f, c), true
}

// decide is the three-valued answer of a comparison for one row; over are the divisors, 1 where there are none.
func (k *comparison) decide(a, aOver, b, bOver int64) bool {
	c := crossCompare(a, bOver*k.b.den, b, aOver*k.a.den)
	if (aOver < 0) != (bOver < 0) {
		c = -c
	}
	switch k.op {
	case formula.OpEq:
		return c == 0
	case formula.OpNe:
		return c != 0
	case formula.OpLt:
		return c < 0
	case formula.OpLe:
		return c <= 0
	case formula.OpGt:
		return c > 0
	}
	return c >= 0
}
