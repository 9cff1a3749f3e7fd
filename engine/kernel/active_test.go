package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestActive holds the word-wise conjunction against Conj on random conditions, dense and sparse.
func TestActive(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 2000 {
		n := 1 + r.IntN(6)
		ts, ns := make([]*Bits, n), make([]*Bits, n)
		var pos, neg []int32
		for i := range n {
			ts[i], ns[i] = new(Bits), new(Bits)
			thin := r.IntN(3)
			for w := range Words {
				x, y := r.Uint64(), r.Uint64()
				for range thin * 3 {
					x, y = x&r.Uint64(), y&r.Uint64()
				}
				ts[i][w], ns[i][w] = x&^y, y
			}
			if i == 1 || r.IntN(2) == 0 {
				pos = append(pos, int32(i))
			} else {
				neg = append(neg, int32(i))
			}
		}
		rows := Rows
		var a Active
		var lits []Literal
		for i := range n {
			lits = append(lits, Literal{ts[i], ns[i], slices.Contains(neg, int32(i))})
		}
		switch r.IntN(4) {
		case 0:
			rows = 1 + r.IntN(Rows)
			a.All(rows)
		case 1:
			a.Start(lits[:1])
			lits = lits[1:]
		case 2:
			first := 1 + r.IntN(n)
			a.Start(lits[:first])
			lits = lits[first:]
		default:
			if n < 2 || lits[0].Not || lits[1].Not {
				continue
			}
			a.StartAt(Filled(nil, ts[0], ns[0]), ts[0], ns[0], ts[1], ns[1])
			lits = lits[2:]
		}
		for len(lits) > 0 {
			some := 1 + r.IntN(len(lits))
			if l := lits[0]; r.IntN(2) == 0 && !l.Not {
				noise := r.Uint64() // what isn't among the rows that are asked for may be anything
				a.AndWords(func(w int, among uint64) (t, p uint64) {
					return l.T[w]&among | noise&^among, (l.T[w]|l.N[w])&among | noise&^among
				})
				some = 1
			} else {
				a.Narrow(lits[:some])
			}
			lits = lits[some:]
		}
		var want, possible, yes, open Bits
		Conj(&want, &possible, ts, ns, pos, neg)
		for i := rows; i < Rows; i++ {
			want[i/64] &^= 1 << (i % 64)
			possible[i/64] &^= 1 << (i % 64)
		}
		AndNot(&possible, &possible, &want)
		a.Bits(&yes, &open)
		if a.Count() != Count(&want)+Count(&possible) {
			t.Fatal("rows are counted otherwise")
		}
		if yes != want || open != possible {
			t.Fatalf("%d conditions, %d negated, %d rows: bits differ", len(pos), len(neg), rows)
		}
		gotYes, gotOpen := a.Rows(nil, nil)
		if !equalRows(gotYes, Positions(nil, &want)) || !equalRows(gotOpen, Positions(nil, &possible)) {
			t.Fatal("rows differ from bits")
		}
	}
}

func equalRows(a, b []uint16) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
