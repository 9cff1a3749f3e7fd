package kernel

import (
	"math/rand/v2"
	"testing"
)

// conditions are pairs of bitmaps that share no row, of many kinds: sure, unsure, mostly true, mostly false, never, always.
func conditions(r *rand.Rand, many int) (ts, ns []*Bits) {
	for range many {
		yes, unsure := r.IntN(1001), 0
		if r.IntN(2) == 0 {
			unsure = r.IntN(1001 - yes)
		}
		if r.IntN(3) > 0 {
			yes = 1000 - unsure
		}
		var y, n Bits
		for i := range Rows {
			switch k := r.IntN(1000); {
			case k < yes:
				y[i/64] |= 1 << (i % 64)
			case k < yes+unsure:
				n[i/64] |= 1 << (i % 64)
			}
		}
		ts, ns = append(ts, &y), append(ns, &n)
	}
	return ts, ns
}

// kleene gives the answer of one literal for one row: -1 false, 0 unknown, 1 true.
func kleene(ts, ns []*Bits, literal int32, row int) int {
	i, answer := literal>>1, -1
	switch {
	case has(ns[i], row):
		answer = 0
	case has(ts[i], row):
		answer = 1
	}
	if literal&1 == 1 {
		return -answer
	}
	return answer
}

// folded folds the answers of literals for each row: the least for a conjunction, the greatest for a disjunction.
func folded(ts, ns []*Bits, literals []int32, conjunction bool) (answers [Rows]int) {
	for row := range Rows {
		answer := -1
		if conjunction {
			answer = 1
		}
		for _, l := range literals {
			if a := kleene(ts, ns, l, row); a < answer == conjunction {
				answer = a
			}
		}
		answers[row] = answer
	}
	return answers
}

// signs parts literals into those that stand as they are and those that are negated.
func signs(literals []int32) (pos, neg []int32) {
	for _, l := range literals {
		if l&1 == 0 {
			pos = append(pos, l>>1)
		} else {
			neg = append(neg, l>>1)
		}
	}
	return pos, neg
}

func TestLogicAgainstKleene(t *testing.T) {
	r := random(t)
	for range 120 {
		ts, ns := conditions(r, 1+r.IntN(12))
		literals := make([]int32, r.IntN(14))
		for k := range literals {
			literals[k] = int32(r.IntN(2 * len(ts)))
			if r.IntN(2) == 0 {
				literals[k] &^= 1
			}
		}
		all, some := folded(ts, ns, literals, true), folded(ts, ns, literals, false)
		holds := func(answers *[Rows]int, least int) Bits {
			return rowsWhere(Rows, func(i int) bool { return answers[i] >= least })
		}
		unsure := func(answers *[Rows]int) Bits {
			return rowsWhere(Rows, func(i int) bool { return answers[i] == 0 })
		}
		y, p := noise(r), noise(r)
		pos, neg := signs(literals)
		eligible, possible := Conj(y, p, ts, ns, pos, neg)
		same(t, "Conj t", y, holds(&all, 1))
		same(t, "Conj p", p, holds(&all, 0))
		if eligible != Count(y) || possible != Count(p) {
			t.Fatalf("Conj counts %d, %d, want %d, %d", eligible, possible, Count(y), Count(p))
		}
		All(y, p, ts, ns, literals)
		same(t, "All t", y, holds(&all, 1))
		same(t, "All n", p, unsure(&all))
		Any(y, p, ts, ns, literals)
		same(t, "Any t", y, holds(&some, 1))
		same(t, "Any n", p, unsure(&some))
	}
}
