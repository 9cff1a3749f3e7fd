package kernel

import (
	"math/bits"
	"slices"
)

// conj takes four literals a time, so that the result is read and written once for four of them.
func (portable) conj(t, p *Bits, ts, ns []*Bits, pos, neg []int32) (eligible, possible int) {
	for w := range t {
		t[w], p[w] = ^uint64(0), ^uint64(0)
	}
	for len(pos) >= 4 {
		a, b, c, d := pos[0], pos[1], pos[2], pos[3]
		if keep4(t, p, ts[a], ns[a], ts[b], ns[b], ts[c], ns[c], ts[d], ns[d]) == 0 {
			return 0, 0
		}
		pos = pos[4:]
	}
	for _, i := range pos {
		if keep(t, p, ts[i], ns[i]) == 0 {
			return 0, 0
		}
	}
	for _, i := range neg {
		if drop(t, p, ts[i], ns[i]) == 0 {
			return 0, 0
		}
	}
	for w := range t {
		eligible += bits.OnesCount64(t[w])
		possible += bits.OnesCount64(p[w])
	}
	return eligible, possible
}

// keep4 narrows (t, p) to four conditions and returns zero when no row is left in p.
func keep4(t, p, t0, n0, t1, n1, t2, n2, t3, n3 *Bits) (left uint64) {
	for w := range t {
		a, b, c, d := t0[w], t1[w], t2[w], t3[w]
		t[w] &= a & b & c & d
		x := p[w] & (a | n0[w]) & (b | n1[w]) & (c | n2[w]) & (d | n3[w])
		p[w] = x
		left |= x
	}
	return left
}

// keep narrows (t, p) to a condition and returns zero when no row is left in p.
func keep(t, p, t0, n0 *Bits) (left uint64) {
	for w := range t {
		a := t0[w]
		t[w] &= a
		x := p[w] & (a | n0[w])
		p[w] = x
		left |= x
	}
	return left
}

// drop narrows (t, p) to the negation of a condition and returns zero when no row is left in p.
func drop(t, p, t0, n0 *Bits) (left uint64) {
	for w := range t {
		a := t0[w]
		t[w] &^= a | n0[w]
		x := p[w] &^ a
		p[w] = x
		left |= x
	}
	return left
}

// join is the disjunction of literals when flip is 0, and the conjunction when flip is 1, by way of the negated disjunction of
// the negated literals: unknown is its own negation. Four words at a time stay in registers.
func (portable) join(t, n *Bits, ts, ns []*Bits, literals []int32, flip int32) {
	invert := -uint64(flip)
	for w := 0; w < Words; w += 4 {
		var t0, t1, t2, t3, p0, p1, p2, p3 uint64
		for _, l := range literals {
			l ^= flip
			a, b := (*[4]uint64)(ts[l>>1][w:]), (*[4]uint64)(ns[l>>1][w:])
			if l&1 == 0 {
				t0, p0 = t0|a[0], p0|a[0]|b[0]
				t1, p1 = t1|a[1], p1|a[1]|b[1]
				t2, p2 = t2|a[2], p2|a[2]|b[2]
				t3, p3 = t3|a[3], p3|a[3]|b[3]
				continue
			}
			t0, p0 = t0|^(a[0]|b[0]), p0|^a[0]
			t1, p1 = t1|^(a[1]|b[1]), p1|^a[1]
			t2, p2 = t2|^(a[2]|b[2]), p2|^a[2]
			t3, p3 = t3|^(a[3]|b[3]), p3|^a[3]
		}
		x, y := (*[4]uint64)(t[w:]), (*[4]uint64)(n[w:])
		x[0], y[0] = t0^(t0^^p0)&invert, p0&^t0
		x[1], y[1] = t1^(t1^^p1)&invert, p1&^t1
		x[2], y[2] = t2^(t2^^p2)&invert, p2&^t2
		x[3], y[3] = t3^(t3^^p3)&invert, p3&^t3
	}
}

// positions takes the lowest bit of a word until none is left.
func (portable) positions(dst []uint16, b *Bits) []uint16 {
	from := len(dst)
	dst = slices.Grow(dst, Count(b))
	rows := dst[from:cap(dst)]
	k := 0
	for w, x := range b {
		for ; x != 0; x &= x - 1 {
			rows[k] = uint16(w*64 + bits.TrailingZeros64(x))
			k++
		}
	}
	return dst[:from+k]
}

func (portable) and(out, a, b *Bits) {
	for w := range out {
		out[w] = a[w] & b[w]
	}
}

func (portable) andNot(out, a, b *Bits) {
	for w := range out {
		out[w] = a[w] &^ b[w]
	}
}

func (portable) or(out, a, b *Bits) {
	for w := range out {
		out[w] = a[w] | b[w]
	}
}

func (portable) count(b *Bits) (rows int) {
	for _, x := range b {
		rows += bits.OnesCount64(x)
	}
	return rows
}
