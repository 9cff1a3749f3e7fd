package engine

import (
	"math/big"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// payment compiles how an eligible amount comes about: the formula, at least 0, cut by the caps that apply, rounded once.
func (c *compiler) payment(s rules.Shape) payment {
	amounts := []*formula.Node{s.Amount, s.PerGrant}
	if c.plan.around.History.Limits() {
		amounts = append(amounts, s.PerYear, s.Total)
	}
	switch {
	case s.Each:
		return payment{kind: wholeAmount}
	case s.AtMost != nil:
		return payment{kind: openAmount}
	case s.Amount == nil:
		return payment{kind: noAmount}
	}
	for _, n := range amounts {
		if n == nil {
			continue
		}
		if r := c.reads(n); r.facts && r.fields == 0 && !c.probe.Eval(n, nil, nil).Known() {
			return payment{kind: openAmount}
		}
	}
	a := c.arithmetic()
	sum, ok := c.capped(a, amounts)
	pay := payment{kind: formulaAmount, sum: sum, step: max(int64(s.Round.Step), 1), up: s.Round.How == exact.HalfUp}
	if !ok || !fits(new(big.Int).Lsh(product(sum.den, pay.step), 1)) {
		return payment{kind: wholeAmount}
	}
	pay.prog = a.prog
	for _, st := range a.prog.steps {
		if st.op == stepLoad {
			c.plan.use(c.plan.table.Vocabulary.Fields[st.field])
		}
	}
	if c.constants(amounts) {
		m := machine{}
		m.run(&pay.prog, 0, nil, 1)
		return payment{kind: fixedAmount, fixed: pay.round(m.vals[sum.reg][0])}
	}
	return pay
}

func (c *compiler) constants(amounts []*formula.Node) bool {
	for _, n := range amounts {
		if n != nil && c.reads(n).fields > 0 {
			return false
		}
	}
	return true
}

// capped is the amount after its caps, both at least 0.
func (c *compiler) capped(a *arithmetic, amounts []*formula.Node) (sum num, ok bool) {
	zero := num{reg: a.emit(step{op: stepConst}), den: 1, over: -1, field: -1, fixed: true}
	for i, n := range amounts {
		if n == nil {
			continue
		}
		x, fine := a.compile(n)
		if !fine || x.over >= 0 {
			return sum, false
		}
		if x, fine = a.best(stepMax, x, zero); !fine {
			return sum, false
		}
		if i == 0 {
			sum = x
			continue
		}
		if sum, fine = a.best(stepMin, sum, x); !fine {
			return sum, false
		}
	}
	return sum, true
}

// best is the smaller or the larger of two numbers without divisors.
func (a *arithmetic) best(op stepOp, x, y num) (num, bool) {
	if x.over >= 0 || y.over >= 0 {
		return x, false
	}
	x, y, ok := a.level(x, y)
	if !ok {
		return x, false
	}
	lo, hi := min(x.lo, y.lo), min(x.hi, y.hi)
	if op == stepMax {
		lo, hi = max(x.lo, y.lo), max(x.hi, y.hi)
	}
	return num{reg: a.emit(step{op: op, a: x.reg, b: y.reg}), den: x.den, over: -1, lo: lo, hi: hi, field: -1}, true
}

// round is v/den 分, which isn't negative, rounded once.
func (p *payment) round(v int64) int64 {
	unit := p.sum.den * p.step
	q := v / unit
	if p.up && v%unit*2 >= unit {
		q++
	}
	return q * p.step
}
