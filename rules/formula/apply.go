package formula

import (
	"fmt"
	"slices"
	"strings"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Host answers what an expression asks beyond the profile. Every answer may be unknown.
type Host interface {
	// Lookup returns the dated value that holds on the as-of day; by is nil or the value it depends on.
	Lookup(name string, by *Value) *Value
	// Awarded returns the money granted under the items for a year, net of recovery, in 分.
	Awarded(items []string, year int) *Value
	// EverAwarded tells whether any of the items was ever granted.
	EverAwarded(items []string) *Value
	// Qualifies returns the outcome of another item on the same day.
	Qualifies(item string) *Value
}

// Frame is all that one run reads: a profile's values by slot, the date, the record under decision.
type Frame struct {
	Fields    []*Value // by Symbol.Slot; nil counts as unknown
	Defines   []*Value // by Symbol.Slot, filled in order of dependence
	Record    *Record  // 本条
	AsOf      civil.Date
	GrantYear int
	Host      Host
	machine   machine
	steps     int64
}

var undefined = &Value{}

func at(vs []*Value, i int) *Value {
	if i < 0 || i >= len(vs) || vs[i] == nil {
		return undefined
	}
	return vs[i]
}

// fault is an unknown made by the rule itself.
func fault(text string) *Value { return Unknown(Cause{Kind: Fault, Text: text}) }

// apply gives the three-valued meaning of one operation. It is the single place where the meaning of an operator stands.
func apply(f *Frame, n *Node, args []*Value) *Value {
	switch n.Op {
	case OpConst:
		return n.Const
	case OpField:
		return at(f.Fields, n.Slot)
	case OpDefine:
		return at(f.Defines, n.Slot)
	case OpRecord:
		return column(f.Record, n.Slot)
	case OpAsOf:
		return DateOf(f.AsOf)
	case OpGrantYear:
		return NumberOf(exact.Int(int64(f.GrantYear)))
	case OpAnd, OpOr, OpNot, OpIf:
		return applyLogic(n.Op, args)
	case OpEq, OpNe, OpLt, OpLe, OpGt, OpGe, OpIn, OpInSet, OpContains, OpStartsWith, OpMatches:
		return applyPredicate(n, args)
	case OpAdd, OpSub, OpMul, OpDiv, OpNeg, OpMin, OpMax:
		return applyArithmetic(n.Op, args)
	case OpShiftDays, OpDayDiff, OpAddYears, OpAddMonths, OpReachedYears, OpReachedMonths, OpWorkdays, OpYear:
		return applyDate(f, n.Op, args)
	case OpClassify:
		return classify(args)
	case OpIndustry:
		return industry(n, args[0])
	case OpTiers:
		return applyTiers(args)
	case OpLookup, OpAwarded, OpEverAwarded, OpQualifies:
		return ask(f, n, args)
	}
	return fault("规则里有无法执行的操作")
}

func column(r *Record, slot int) *Value {
	if r == nil {
		return undefined
	}
	if slot < 0 {
		return TextOf(r.Key)
	}
	return at(r.Columns, slot)
}

func applyLogic(op Op, args []*Value) *Value {
	a := args[0]
	switch op {
	case OpNot:
		if !a.known {
			return unknownFrom(a)
		}
		return BoolOf(!a.truth)
	case OpIf:
		return choose(a, args[1], args[2])
	}
	b := args[1]
	decisive := op == OpOr // true decides or, false decides and
	if a.known && a.truth == decisive || b.known && b.truth == decisive {
		return BoolOf(decisive)
	}
	if a.known && b.known {
		return BoolOf(!decisive)
	}
	return unknownFrom(a, b)
}

// choose is ?: an unknown test leaves the result unknown unless both branches are known and equal.
func choose(test, a, b *Value) *Value {
	switch {
	case test.True():
		return a
	case test.False():
		return b
	case a.Equal(b):
		return a
	}
	return unknownFrom(test, a, b)
}

func applyPredicate(n *Node, args []*Value) *Value {
	a := args[0]
	switch n.Op {
	case OpMatches:
		if !a.known {
			return unknownFrom(a)
		}
		return BoolOf(n.Pattern.MatchString(a.text))
	case OpIn:
		return isIn(args)
	}
	b := args[1]
	if n.Op == OpEq || n.Op == OpNe {
		if v := equalPossible(a, b); v != nil {
			return BoolOf(v.truth == (n.Op == OpEq))
		}
	}
	if !a.known || !b.known {
		return unknownFrom(a, b)
	}
	switch n.Op {
	case OpInSet:
		_, found := slices.BinarySearch(b.set, a.text)
		return BoolOf(found)
	case OpContains:
		return BoolOf(strings.Contains(a.text, b.text))
	case OpStartsWith:
		return BoolOf(strings.HasPrefix(a.text, b.text))
	case OpEq:
		return BoolOf(a.Equal(b))
	case OpNe:
		return BoolOf(!a.Equal(b))
	}
	return BoolOf(ordered(n.Op, order(a, b)))
}

func order(a, b *Value) int {
	if a.kind == Date {
		return a.date.Compare(b.date)
	}
	return a.num.Cmp(b.num)
}

func ordered(op Op, c int) bool {
	switch op {
	case OpLt:
		return c < 0
	case OpLe:
		return c <= 0
	case OpGt:
		return c > 0
	}
	return c >= 0
}

// equalPossible decides equality of texts of which only the possibilities are known; nil where it stays open.
func equalPossible(a, b *Value) *Value {
	if !a.known && !b.known {
		return nil
	}
	if b.possible != nil {
		a, b = b, a
	}
	if a.possible == nil || !b.known || slices.Contains(a.possible, b.text) {
		return nil
	}
	return falseValue
}

// isIn decides membership in a written list; args[0] is looked for in the others.
func isIn(args []*Value) *Value {
	x, list := args[0], args[1:]
	for _, e := range list {
		if !e.known {
			return unknownFrom(args...)
		}
	}
	member := func(text string) bool {
		return slices.ContainsFunc(list, func(e *Value) bool { return e.text == text })
	}
	if x.known {
		return BoolOf(slices.ContainsFunc(list, x.Equal))
	}
	if x.possible == nil {
		return unknownFrom(x)
	}
	inside := 0
	for _, p := range x.possible {
		if member(p) {
			inside++
		}
	}
	switch inside {
	case 0:
		return falseValue
	case len(x.possible):
		return trueValue
	}
	return unknownFrom(x)
}

func applyArithmetic(op Op, args []*Value) *Value {
	for _, a := range args {
		if !a.known {
			return unknownFrom(args...)
		}
	}
	a := args[0].num
	if op == OpNeg {
		return NumberOf(a.Neg())
	}
	if op == OpMin || op == OpMax {
		best := args[0]
		for _, v := range args[1:] {
			if c := v.num.Cmp(best.num); op == OpMin && c < 0 || op == OpMax && c > 0 {
				best = v
			}
		}
		return best
	}
	b := args[1].num
	var out exact.Num
	var err error
	switch op {
	case OpAdd:
		out, err = a.Add(b)
	case OpSub:
		out, err = a.Sub(b)
	case OpMul:
		out, err = a.Mul(b)
	default:
		out, err = a.Quo(b)
	}
	if err != nil {
		return fault(err.Error())
	}
	return NumberOf(out)
}

func applyDate(f *Frame, op Op, args []*Value) *Value {
	for _, a := range args {
		if !a.known {
			return unknownFrom(args...)
		}
	}
	d := args[0].date
	switch op {
	case OpYear:
		return NumberOf(exact.Int(int64(d.Year())))
	case OpDayDiff:
		return NumberOf(exact.Int(int64(d.Sub(args[1].date))))
	}
	n, ok := args[1].num.Int64()
	if !ok || n > 1_000_000 || n < -1_000_000 {
		return fault("日期加减的个数不是适当的整数")
	}
	out, ok := shift(op, d, int(n))
	if !ok {
		return fault("日期超出可计算的范围")
	}
	if op != OpReachedYears && op != OpReachedMonths {
		return DateOf(out)
	}
	base := f.AsOf
	if len(args) == 3 {
		base = args[2].date
	}
	return BoolOf(base.Compare(out) >= 0)
}

func shift(op Op, d civil.Date, n int) (civil.Date, bool) {
	switch op {
	case OpAddYears, OpReachedYears:
		return d.AddYears(n)
	case OpAddMonths, OpReachedMonths:
		return d.AddMonths(n)
	case OpWorkdays:
		return civil.AddWorkdays(d, n)
	}
	return d.AddDays(n)
}

// applyTiers picks the value of the highest bound that x reaches, 0 below the lowest.
func applyTiers(args []*Value) *Value {
	for _, a := range args {
		if !a.known {
			return unknownFrom(args...)
		}
	}
	x := args[0]
	out := NumberOf(exact.Int(0))
	for i := 1; i+1 < len(args); i += 2 {
		if x.num.Cmp(args[i].num) >= 0 {
			out = args[i+1]
		}
	}
	return out
}

func ask(f *Frame, n *Node, args []*Value) *Value {
	if f.Host == nil {
		return fault("没有可询问的历史或取值")
	}
	switch n.Op {
	case OpLookup:
		if len(args) == 0 {
			return f.Host.Lookup(n.Name, nil)
		}
		if !args[0].known && args[0].possible == nil {
			return unknownFrom(args[0])
		}
		return f.Host.Lookup(n.Name, args[0])
	case OpAwarded:
		if !args[0].known {
			return unknownFrom(args[0])
		}
		year, ok := args[0].num.Int64()
		if !ok || year < 1900 || year > 2999 {
			return fault(fmt.Sprintf("已奖 的年度 %s 不是年份", args[0].num))
		}
		return f.Host.Awarded(n.Names, int(year))
	case OpEverAwarded:
		return f.Host.EverAwarded(n.Names)
	}
	return f.Host.Qualifies(n.Names[0])
}
