package formula

import (
	"fmt"
	"math/big"

	"mianshen/rules/exact"
)

// fold3 joins the results of a loop over a table, a filtered table or a set. src unknown makes all unknown; on no records
// any is false, all and none are true, count and sum are zero.
func fold3(n *Node, src *Value, results []*Value) *Value {
	if !src.known {
		return unknownFrom(append(results, src)...)
	}
	switch n.Op {
	case OpAny:
		return quantify(results, true, true)
	case OpAll:
		return quantify(results, false, false)
	case OpNone:
		return quantify(results, true, false)
	case OpFilter:
		return filter(src, results)
	case OpSum:
		return sum(results)
	}
	if len(n.Args) == 1 {
		return NumberOf(exact.Int(int64(len(src.rows) + len(src.set))))
	}
	return countTrue(results)
}

// quantify looks for one result that decides: decisive is the truth value that does, verdict what it then is.
func quantify(results []*Value, decisive, verdict bool) *Value {
	var open *Why
	unknown := false
	for _, r := range results {
		if r.known && r.truth == decisive {
			return BoolOf(verdict)
		}
		if !r.known {
			unknown = true
			open = both(open, r.why)
		}
	}
	if unknown {
		return &Value{why: open}
	}
	return BoolOf(!verdict)
}

// filter keeps the records for which the predicate is true; one unknown makes the whole unknown. The records that may be in it
// stay with the unknown, so that what is missing in them is told as well.
func filter(src *Value, results []*Value) *Value {
	out := &Value{kind: rowsKind, known: true, rows: make([]*Record, 0, len(results))}
	for i, r := range results {
		if r.False() {
			continue
		}
		out.rows = append(out.rows, src.rows[i])
		if !r.known {
			out.known = false
			out.why = both(out.why, r.why)
		}
	}
	return out
}

func countTrue(results []*Value) *Value {
	n := int64(0)
	for _, r := range results {
		if !r.known {
			return unknownFrom(results...)
		}
		if r.truth {
			n++
		}
	}
	return NumberOf(exact.Int(n))
}

func sum(results []*Value) *Value {
	total := exact.Int(0)
	for _, r := range results {
		if !r.known {
			return unknownFrom(results...)
		}
	}
	for _, r := range results {
		t, err := total.Add(r.num)
		if err != nil {
			return sumExactly(results)
		}
		total = t
	}
	return NumberOf(total)
}

// sumExactly checks only the whole, so that the order of records can't matter.
func sumExactly(results []*Value) *Value {
	total := new(big.Rat)
	for _, r := range results {
		total.Add(total, r.num.Rat())
		if !exact.Bounded(total) {
			return fault(exact.ErrOverflow.Error())
		}
	}
	n, err := exact.FromRat(total)
	if err != nil {
		return fault(err.Error())
	}
	return NumberOf(n)
}

// constant computes what doesn't depend on any fact, so that an overflow or a division by zero in the rule is a mistake of the
// rule and not of each firm.
func (c *checker) constant(n *Node) *Node {
	if n == invalid {
		return n
	}
	all := len(n.Args) > 0
	for i, a := range n.Args {
		if n.Args[i] = c.constant(a); n.Args[i] == invalid {
			return invalid
		}
		all = all && n.Args[i].Op == OpConst
	}
	switch n.Op {
	case OpAdd, OpSub, OpMul, OpDiv, OpNeg, OpMin, OpMax, OpAddYears, OpAddMonths, OpShiftDays, OpYear:
	default:
		all = false
	}
	if !all {
		return n
	}
	args := make([]*Value, len(n.Args))
	for i, a := range n.Args {
		args[i] = a.Const
	}
	v := apply(&Frame{}, n, args)
	if !v.known {
		c.problems = append(c.problems, Problem{n.From, fmt.Sprintf("写定的数算不出来：%s", v.Causes()[0].Text), ""})
		return invalid
	}
	return &Node{Op: OpConst, Type: n.Type, Const: v, From: n.From, To: n.To}
}
