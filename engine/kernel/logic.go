package kernel

import (
	"math/bits"
	"slices"
)

// conj takes four literals a time, so that the result is read and written once for four of them.
func (portable) conj(t, p *Bits, ts, ns []*Bits, pos, neg []int32) (eligible, possible int) {
	fill(t, p, ^uint64(0))
	for len(pos) >= 4 {
		a, b, c, d := pos[0], pos[1], pos[2], pos[3]
		if keep4(t, p, ts[a], ns[a], ts[b], ns[b], ts[c], ns[c], ts[d], ns[d]) == 0 {
			return 0, 0
		}
		pos = pos[4:]
	}
	for _, i := range pos {
		keep(t, p, ts[i], ns[i])
	}
	for _, i := range neg {
		drop(t, p, ts[i], ns[i])
	}
	return Count(t), Count(p)
}

// all narrows from every row.
func (portable) all(t, n *Bits, ts, ns []*Bits, literals []int32) {
	fill(t, n, ^uint64(0))
	for _, l := range literals {
		if l&1 == 0 {
			keep(t, n, ts[l>>1], ns[l>>1])
		} else {
			drop(t, n, ts[l>>1], ns[l>>1])
		}
	}
	AndNot(n, n, t)
}

// any widens from no row.
func (portable) any(t, n *Bits, ts, ns []*Bits, literals []int32) {
	fill(t, n, 0)
	for _, l := range literals {
		if l&1 == 0 {
			add(t, n, ts[l>>1], ns[l>>1])
		} else {
			addNot(t, n, ts[l>>1], ns[l>>1])
		}
	}
	AndNot(n, n, t)
}

// fill sets every word of (t, p).
func fill(t, p *Bits, x uint64) {
	_ = *p
	for w := 0; w < Words; w += 4 {
		t[w], t[w+1], t[w+2], t[w+3] = x, x, x, x
		p[w], p[w+1], p[w+2], p[w+3] = x, x, x, x
	}
}

// keep4 narrows (t, p) to four conditions and returns zero when no row is left in p.
func keep4(t, p, t0, n0, t1, n1, t2, n2, t3, n3 *Bits) (left uint64) {
	_, _, _, _, _, _, _, _, _, _ = *t, *p, *t0, *n0, *t1, *n1, *t2, *n2, *t3, *n3
	for w := range t {
		x, y := t[w], p[w]
		a := t0[w]
		x, y = x&a, y&(a|n0[w])
		a = t1[w]
		x, y = x&a, y&(a|n1[w])
		a = t2[w]
		x, y = x&a, y&(a|n2[w])
		a = t3[w]
		x, y = x&a, y&(a|n3[w])
		t[w], p[w] = x, y
		left |= y
	}
	return left
}

// keep narrows (t, p) to a condition.
func keep(t, p, t0, n0 *Bits) {
	_, _, _, _ = *t, *p, *t0, *n0
	for w := range t {
		a := t0[w]
		t[w] &= a
		p[w] &= a | n0[w]
	}
}

// drop narrows (t, p) to the negation of a condition.
func drop(t, p, t0, n0 *Bits) {
	_, _, _, _ = *t, *p, *t0, *n0
	for w := range t {
		a := t0[w]
		t[w] &^= a | n0[w]
		p[w] &^= a
	}
}

// add widens (t, p) by a condition.
func add(t, p, t0, n0 *Bits) {
	_, _, _, _ = *t, *p, *t0, *n0
	for w := range t {
		a := t0[w]
		t[w] |= a
		p[w] |= a | n0[w]
	}
}

// addNot widens (t, p) by the negation of a condition.
func addNot(t, p, t0, n0 *Bits) {
	_, _, _, _ = *t, *p, *t0, *n0
	for w := range t {
		a := t0[w]
		t[w] |= ^(a | n0[w])
		p[w] |= ^a
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
	_, _, _ = *out, *a, *b
	for w := 0; w < Words; w += 4 {
		out[w], out[w+1], out[w+2], out[w+3] = a[w]&b[w], a[w+1]&b[w+1], a[w+2]&b[w+2], a[w+3]&b[w+3]
	}
}

func (portable) andNot(out, a, b *Bits) {
	_, _, _ = *out, *a, *b
	for w := 0; w < Words; w += 4 {
		out[w], out[w+1], out[w+2], out[w+3] = a[w]&^b[w], a[w+1]&^b[w+1], a[w+2]&^b[w+2], a[w+3]&^b[w+3]
	}
}

func (portable) or(out, a, b *Bits) {
	_, _, _ = *out, *a, *b
	for w := 0; w < Words; w += 4 {
		out[w], out[w+1], out[w+2], out[w+3] = a[w]|b[w], a[w+1]|b[w+1], a[w+2]|b[w+2], a[w+3]|b[w+3]
	}
}

// count adds up four words at a time.
func (portable) count(b *Bits) int {
	var c0, c1, c2, c3 int
	for w := 0; w < Words; w += 4 {
		c0 += bits.OnesCount64(b[w])
		c1 += bits.OnesCount64(b[w+1])
		c2 += bits.OnesCount64(b[w+2])
		c3 += bits.OnesCount64(b[w+3])
	}
	return c0 + c1 + c2 + c3
}
