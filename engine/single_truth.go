package engine

import (
	"slices"

	"mianshen/engine/kernel"
)

// truth is a three-valued answer, ordered so that and is the least, or the greatest; zero is not asked yet.
type truth uint8

const (
	isFalse truth = iota + 1
	isOpen
	isTrue
)

// fromKernel are the truths of kernels' answers.
var fromKernel = [...]truth{kernel.False: isFalse, kernel.True: isTrue, kernel.Unknown: isOpen}

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// literal is the truth of a node, or of its negation.
func (q *inquiry) literal(lit int32) truth {
	v := q.truth(lit >> 1)
	if lit&1 == 1 {
		return isFalse + isTrue - v
	}
	return v
}

// truth is the truth of a node, worked out when it is first asked for.
func (q *inquiry) truth(id int32) truth {
	v := q.truths[id]
	if v == 0 {
		v = q.evaluate(&q.single.plan.nodes[id])
		q.truths[id] = v
	}
	return v
}

func (q *inquiry) evaluate(n *node) truth {
	switch n.kind {
	case nodeConstant:
		return fromKernel[n.truth]
	case nodeCompare:
		return q.compare(n.compare)
	case nodeAny:
		v := isFalse
		for _, lit := range n.kids {
			if v = max(v, q.literal(lit)); v == isTrue {
				break
			}
		}
		return v
	case nodeAll:
		v := isTrue
		for _, lit := range n.kids {
			if v = min(v, q.literal(lit)); v == isFalse {
				break
			}
		}
		return v
	}
	return q.facts[n.field].answer(n)
}

// answer is the truth of a predicate over one column.
func (f *fact) answer(n *node) truth {
	switch {
	case !f.known:
		return isOpen
	case n.kind == nodeTrue:
		return truthOf(f.n == 1)
	case n.kind == nodeAtLeast:
		return truthOf(f.n >= n.bound)
	case n.kind == nodeMember:
		return truthOf(slices.Contains(f.members, n.member))
	case f.n < 0:
		return isOpen
	}
	return fromKernel[n.answers[f.n]]
}

// register is a number of a program; n means something only where it is known.
type register struct {
	n     int64
	known bool
}

func (q *inquiry) compare(k *comparison) truth {
	q.run(&k.prog)
	a, b := q.regs[k.a.reg], q.regs[k.b.reg]
	if !a.known || !b.known {
		return isOpen
	}
	return truthOf(k.decide(a.n, q.divisor(&k.a), b.n, q.divisor(&k.b)))
}

// divisor is the divisor of a known number, 1 where it has none.
func (q *inquiry) divisor(x *num) int64 {
	if x.over < 0 {
		return 1
	}
	return q.regs[x.over].n
}

// run computes a program. What it left in registers holds until the next run.
func (q *inquiry) run(p *program) {
	for len(q.regs) < p.regs {
		q.regs = append(q.regs, register{})
	}
	for i := range p.steps {
		if s := &p.steps[i]; s.op == stepChoose {
			q.truth(s.test >> 1) // before the others, since it may run a program of its own
		}
	}
	for i := range p.steps {
		s := &p.steps[i]
		q.regs[s.dst] = q.step(s)
	}
}

func (q *inquiry) step(s *step) register {
	switch s.op {
	case stepConst:
		return register{s.k, true}
	case stepLoad:
		f := &q.facts[s.field]
		return register{f.n, f.known}
	case stepLook:
		f := &q.facts[s.field]
		if !f.known || f.n < 0 || s.open[f.n] {
			return register{}
		}
		return register{s.values[f.n], true}
	case stepChoose:
		return q.choose(s)
	}
	a := q.regs[s.a]
	switch s.op {
	case stepScale:
		return register{a.n * s.k, a.known}
	case stepTiers:
		return register{s.tier(a.n), a.known}
	case stepGuard:
		over := q.regs[s.over]
		return register{a.n, a.known && over.known && over.n != 0}
	}
	b := q.regs[s.b]
	return register{s.binary(a.n, b.n), a.known && b.known}
}

// tier is the value of the last bound that a reaches, 0 where it reaches none.
func (s *step) tier(a int64) (v int64) {
	for i, b := range s.bounds {
		if a >= b {
			v = s.values[i]
		}
	}
	return v
}

func (s *step) binary(a, b int64) int64 {
	switch s.op {
	case stepAdd:
		return a + b
	case stepSub:
		return a - b
	case stepMul:
		return a * b
	case stepMin:
		return min(a, b)
	}
	return max(a, b)
}

// choose is ?: by Kleene's logic: an unknown test leaves the number unknown unless both branches are known and equal.
func (q *inquiry) choose(s *step) register {
	a, b := q.regs[s.a], q.regs[s.b]
	switch q.literal(s.test) {
	case isTrue:
		return a
	case isFalse:
		return b
	}
	return register{a.n, a.known && b.known && a.n == b.n}
}
