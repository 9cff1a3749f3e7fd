//go:build goexperiment.simd && amd64

package kernel

import (
	"math/bits"
	"simd/archsimd"
	"slices"
	"unsafe"
)

// quarter is 1,024 rows of a bitmap: two registers.
type quarter [Words / 4]uint64

// quarterOf gives a quarter of b, which starts at from bytes: 0, 128, 256 or 384. The pointer is made by hand since the checks
// of a slice, however sure to pass, take a tenth of the time of conj.
func quarterOf(b *Bits, from uintptr) *quarter {
	return (*quarter)(unsafe.Add(unsafe.Pointer(b), from))
}

func (q *quarter) lower() words8 { return archsimd.LoadUint64x8((*[8]uint64)(q[0:])) }

func (q *quarter) upper() words8 { return archsimd.LoadUint64x8((*[8]uint64)(q[8:])) }

func (q *quarter) set(lower, upper words8) {
	lower.Store((*[8]uint64)(q[0:]))
	upper.Store((*[8]uint64)(q[8:]))
}

// The bytes of a bitmap and of a quarter.
const (
	bitsBytes    = Words * 8
	quarterBytes = bitsBytes / 4
)

// conj keeps a quarter of a block in registers while it goes through the literals. Looking for an empty p costs little at every
// fourth literal and saves the rest.
func (v vector) conj(t, p *Bits, ts, ns []*Bits, pos, neg []int32) (eligible, possible int) {
	if !v.on {
		return v.portable.conj(t, p, ts, ns, pos, neg)
	}
	ns = ns[:len(ts)]
	none := archsimd.BroadcastUint64x8(0)
	sumT, sumP := none, none
	for from := uintptr(0); from < bitsBytes; from += quarterBytes {
		t0 := archsimd.BroadcastUint64x8(^uint64(0))
		t1, p0, p1 := t0, t0, t0
		for k, i := range pos {
			if k&3 == 3 && p0.Or(p1).Equal(none).ToBits() == 0xff {
				break
			}
			a, b := quarterOf(ts[i], from), quarterOf(ns[i], from)
			x, y := a.lower(), a.upper()
			t0, p0 = t0.And(x), p0.And(x.Or(b.lower()))
			t1, p1 = t1.And(y), p1.And(y.Or(b.upper()))
		}
		for _, i := range neg {
			a, b := quarterOf(ts[i], from), quarterOf(ns[i], from)
			x, y := a.lower(), a.upper()
			t0, p0 = t0.AndNot(x.Or(b.lower())), p0.AndNot(x)
			t1, p1 = t1.AndNot(y.Or(b.upper())), p1.AndNot(y)
		}
		sumT = sumT.Add(t0.OnesCount()).Add(t1.OnesCount())
		sumP = sumP.Add(p0.OnesCount()).Add(p1.OnesCount())
		quarterOf(t, from).set(t0, t1)
		quarterOf(p, from).set(p0, p1)
	}
	eligible, possible = sum(sumT), sum(sumP)
	archsimd.ClearAVXUpperBits()
	return eligible, possible
}

// sum adds the eight words of a register.
func sum(x words8) int {
	var s [8]uint64
	x.Store(&s)
	return int(s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7])
}

// start keeps eight words in registers while it goes through the conditions, and has the processor move those together in which a
// row is possible.
func (v vector) start(a *Active, lits []Literal) {
	if !v.on {
		v.portable.start(a, lits)
		return
	}
	none, all := archsimd.BroadcastUint64x8(0), archsimd.BroadcastUint64x8(^uint64(0))
	k, filled := 0, uint64(0)
	for w := 0; w < Words; w += 8 {
		t, p := all, all
		for i := range lits {
			l := &lits[i]
			x, n := eightOf(l.T, w), eightOf(l.N, w)
			if l.Not {
				t, p = t.AndNot(x.Or(n)), p.AndNot(x)
			} else {
				t, p = t.And(x), p.And(x.Or(n))
			}
		}
		some := p.NotEqual(none)
		mask := some.ToBits()
		t.Compress(some).Store((*[8]uint64)(a.t[k:]))
		p.Compress(some).Store((*[8]uint64)(a.p[k:]))
		filled |= uint64(mask) << w
		k += bits.OnesCount8(mask)
	}
	load64(eachWord[:]).Compress(archsimd.Mask8x64FromBits(filled)).Store((*[Words]uint8)(a.at[:]))
	archsimd.ClearAVXUpperBits()
	a.n = k
}

// eachWord are the words of a block.
var eachWord = func() (at [Words]uint8) {
	for i := range at {
		at[i] = uint8(i)
	}
	return at
}()

// eightOf gives eight words of b from word from on, without checks of slices, as quarterOf.
func eightOf(b *Bits, from int) words8 {
	return archsimd.LoadUint64x8((*[8]uint64)(unsafe.Add(unsafe.Pointer(b), from*8)))
}

func (v vector) any(t, n *Bits, ts, ns []*Bits, literals []int32) {
	if !v.on {
		v.portable.any(t, n, ts, ns, literals)
		return
	}
	join(t, n, ts, ns, literals, 0)
}

func (v vector) all(t, n *Bits, ts, ns []*Bits, literals []int32) {
	if !v.on {
		v.portable.all(t, n, ts, ns, literals)
		return
	}
	join(t, n, ts, ns, literals, 1)
}

// join is the disjunction of literals when flip is 0, and the conjunction when flip is 1, by way of the negated disjunction of
// the negated literals: unknown is its own negation. A quarter of a block stays in registers.
func join(t, n *Bits, ts, ns []*Bits, literals []int32, flip int32) {
	ns = ns[:len(ts)]
	for from := uintptr(0); from < bitsBytes; from += quarterBytes {
		t0 := archsimd.BroadcastUint64x8(0)
		t1, p0, p1 := t0, t0, t0
		for _, l := range literals {
			a, b := quarterOf(ts[l>>1], from), quarterOf(ns[l>>1], from)
			x, y := a.lower(), a.upper()
			u, z := x.Or(b.lower()), y.Or(b.upper())
			if l&1 != flip {
				x, u = u.Not(), x.Not()
				y, z = z.Not(), y.Not()
			}
			t0, p0 = t0.Or(x), p0.Or(u)
			t1, p1 = t1.Or(y), p1.Or(z)
		}
		quarterOf(n, from).set(p0.AndNot(t0), p1.AndNot(t1))
		if flip == 1 {
			t0, t1 = p0.Not(), p1.Not()
		}
		quarterOf(t, from).set(t0, t1)
	}
	archsimd.ClearAVXUpperBits()
}

// gePlanes keeps the whole block in registers.
func (v vector) gePlanes(planes []uint64, bound uint, out *Bits) {
	if !v.on {
		v.portable.gePlanes(planes, bound, out)
		return
	}
	low := bits.TrailingZeros(bound)
	a, b, c, d := quartersOf((*Bits)(planes[low*Words:]))
	x0, x1, x2, x3, x4, x5, x6, x7 := a.lower(), a.upper(), b.lower(), b.upper(), c.lower(), c.upper(), d.lower(), d.upper()
	for k := low + 1; k*Words < len(planes); k++ {
		a, b, c, d = quartersOf((*Bits)(planes[k*Words:]))
		if bound>>k&1 == 1 {
			x0, x1 = x0.And(a.lower()), x1.And(a.upper())
			x2, x3 = x2.And(b.lower()), x3.And(b.upper())
			x4, x5 = x4.And(c.lower()), x5.And(c.upper())
			x6, x7 = x6.And(d.lower()), x7.And(d.upper())
		} else {
			x0, x1 = x0.Or(a.lower()), x1.Or(a.upper())
			x2, x3 = x2.Or(b.lower()), x3.Or(b.upper())
			x4, x5 = x4.Or(c.lower()), x5.Or(c.upper())
			x6, x7 = x6.Or(d.lower()), x7.Or(d.upper())
		}
	}
	a, b, c, d = quartersOf(out)
	a.set(x0, x1)
	b.set(x2, x3)
	c.set(x4, x5)
	d.set(x6, x7)
	archsimd.ClearAVXUpperBits()
}

// quartersOf gives all four.
func quartersOf(b *Bits) (q0, q1, q2, q3 *quarter) {
	return (*quarter)(b[0:]), (*quarter)(b[16:]), (*quarter)(b[32:]), (*quarter)(b[48:])
}

// sparse is the number of rows below which taking them one by one is faster.
const sparse = 256

// first32 are the rows of half a word.
var first32 = [32]uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}

// positions has the processor move the rows of half a word together. It writes 32 rows each time, and the next ones go over those
// that were too many; the last words, where that could go past the result, come row by row.
func (v vector) positions(dst []uint16, b *Bits) []uint16 {
	rows := v.count(b)
	if !v.on || rows < sparse {
		return v.portable.positions(dst, b)
	}
	from := len(dst)
	dst = slices.Grow(dst, rows)[:from+rows]
	row, half := load32(first32[:]), archsimd.BroadcastUint16x32(32)
	w := 0
	for ; w < Words && len(dst)-from >= 64; w++ {
		lo, hi := uint32(b[w]), uint32(b[w]>>32)
		row.Compress(archsimd.Mask16x32FromBits(lo)).Store((*[32]uint16)(dst[from:]))
		row = row.Add(half)
		from += bits.OnesCount32(lo)
		row.Compress(archsimd.Mask16x32FromBits(hi)).Store((*[32]uint16)(dst[from:]))
		row = row.Add(half)
		from += bits.OnesCount32(hi)
	}
	archsimd.ClearAVXUpperBits()
	for ; w < Words; w++ {
		for x := b[w]; x != 0; x &= x - 1 {
			dst[from] = uint16(w*64 + bits.TrailingZeros64(x))
			from++
		}
	}
	return dst
}

func (v vector) and(out, a, b *Bits) {
	if !v.on {
		v.portable.and(out, a, b)
		return
	}
	for from := uintptr(0); from < bitsBytes; from += quarterBytes {
		x, y := quarterOf(a, from), quarterOf(b, from)
		quarterOf(out, from).set(x.lower().And(y.lower()), x.upper().And(y.upper()))
	}
	archsimd.ClearAVXUpperBits()
}

func (v vector) andNot(out, a, b *Bits) {
	if !v.on {
		v.portable.andNot(out, a, b)
		return
	}
	for from := uintptr(0); from < bitsBytes; from += quarterBytes {
		x, y := quarterOf(a, from), quarterOf(b, from)
		quarterOf(out, from).set(x.lower().AndNot(y.lower()), x.upper().AndNot(y.upper()))
	}
	archsimd.ClearAVXUpperBits()
}

func (v vector) or(out, a, b *Bits) {
	if !v.on {
		v.portable.or(out, a, b)
		return
	}
	for from := uintptr(0); from < bitsBytes; from += quarterBytes {
		x, y := quarterOf(a, from), quarterOf(b, from)
		quarterOf(out, from).set(x.lower().Or(y.lower()), x.upper().Or(y.upper()))
	}
	archsimd.ClearAVXUpperBits()
}

func (v vector) count(b *Bits) int {
	if !v.on {
		return v.portable.count(b)
	}
	c0 := archsimd.BroadcastUint64x8(0)
	c1 := c0
	for from := uintptr(0); from < bitsBytes; from += quarterBytes {
		q := quarterOf(b, from)
		c0, c1 = c0.Add(q.lower().OnesCount()), c1.Add(q.upper().OnesCount())
	}
	rows := sum(c0.Add(c1))
	archsimd.ClearAVXUpperBits()
	return rows
}
