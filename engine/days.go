package engine

import (
	"strconv"

	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
)

// days compiles a condition on one date that can only change once as the day moves on (满年, 加月, comparisons): the day at
// which it changes is found by asking, and columns compare with that day.
func (c *compiler) days(n *formula.Node, f *rules.Field) (int32, error) {
	l, ok := c.plan.ranges(f)
	if !ok {
		return 0, errProgram
	}
	if n.Op == formula.OpEq || n.Op == formula.OpNe {
		return c.oneDay(n, f, l)
	}
	if c.slope(n) == 0 {
		return 0, errProgram
	}
	return c.turn(n, f, l)
}

// oneDay is == or !=: on or after, and not after.
func (c *compiler) oneDay(n *formula.Node, f *rules.Field, l limit) (int32, error) {
	same := 0 // the side that is the same for all
	if c.reads(n.Args[1]).fields == 0 {
		same = 1
	}
	if c.reads(n.Args[same]).fields > 0 || c.slope(n.Args[1-same]) == 0 {
		return 0, errProgram
	}
	truth := formula.Type{Kind: formula.Bool}
	from, err := c.turn(&formula.Node{Op: formula.OpGe, Type: truth, Args: n.Args}, f, l)
	if err != nil {
		return 0, err
	}
	after, err := c.turn(&formula.Node{Op: formula.OpGt, Type: truth, Args: n.Args}, f, l)
	if err != nil {
		return 0, err
	}
	lit := c.group(nodeAll, []int32{from, after ^ 1})
	if n.Op == formula.OpNe {
		lit ^= 1
	}
	return lit, nil
}

// turn finds the day from which a condition that changes at most once has its later answer.
func (c *compiler) turn(n *formula.Node, f *rules.Field, l limit) (int32, error) {
	ask := func(day int64) uint8 {
		d, ok := civil.FromNumber(int32(day))
		if !ok {
			return kernel.Unknown
		}
		return answer(c.probe.Eval(n, f, formula.DateOf(d)))
	}
	first, last := ask(l.low), ask(l.bound)
	if first == kernel.Unknown || last == kernel.Unknown || c.probe.Eval(n, f, nil).Known() {
		return 0, errProgram
	}
	low, high := l.low, l.bound+1 // the first day of the later answer lies in (low, high]
	for low+1 < high {
		mid := low + (high-low)/2
		switch ask(mid) {
		case kernel.Unknown:
			return 0, errProgram // the calendar has a hole
		case first:
			low = mid
		default:
			high = mid
		}
	}
	if first == last {
		high = 0 // every known day has the same answer
		first ^= 1
	}
	lit := c.atLeast(f.Index, high)
	if first == kernel.True {
		lit ^= 1
	}
	return lit, nil
}

// atLeast is the node of a column's values from a bound on.
func (c *compiler) atLeast(field int, bound int64) int32 {
	key := "g" + strconv.Itoa(field) + ":" + strconv.FormatInt(bound, 10)
	return c.plan.node(key, node{kind: nodeAtLeast, field: field, bound: bound}) << 1
}

// slope tells how a tree moves with the one date in it: 1 as the date, -1 against it, 0 not known to be either. A condition
// moves from false to true (1) or from true to false (-1).
func (c *compiler) slope(n *formula.Node) int {
	switch n.Op {
	case formula.OpField:
		f := c.plan.table.Vocabulary.Fields[n.Slot]
		if f.Derived() {
			return c.slope(f.Derivation())
		}
		return 1
	case formula.OpDefine:
		return c.slope(c.rule.Part(n.Slot))
	case formula.OpAddYears, formula.OpAddMonths, formula.OpShiftDays, formula.OpWorkdays, formula.OpYear:
		return c.first(n)
	case formula.OpReachedYears, formula.OpReachedMonths:
		return c.reached(n)
	case formula.OpDayDiff, formula.OpSub, formula.OpGe, formula.OpGt, formula.OpLe, formula.OpLt:
		return c.between(n)
	}
	return 0
}

// first is the slope of the first argument where the others are the same for all.
func (c *compiler) first(n *formula.Node) int {
	for _, a := range n.Args[1:] {
		if c.reads(a).fields > 0 {
			return 0
		}
	}
	return c.slope(n.Args[0])
}

// reached is 满年: true for early days, or for late ones where the date stands for the base.
func (c *compiler) reached(n *formula.Node) int {
	if len(n.Args) == 3 && c.reads(n.Args[0]).fields == 0 && c.reads(n.Args[1]).fields == 0 {
		return c.slope(n.Args[2])
	}
	return -c.first(n)
}

// between is a difference or comparison of which one side is the same for all.
func (c *compiler) between(n *formula.Node) int {
	sign := 1
	if n.Op == formula.OpLe || n.Op == formula.OpLt {
		sign = -1
	}
	switch {
	case c.reads(n.Args[1]).fields == 0:
		return sign * c.slope(n.Args[0])
	case c.reads(n.Args[0]).fields == 0:
		return -sign * c.slope(n.Args[1])
	}
	return 0
}
