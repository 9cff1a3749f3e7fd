//go:build goexperiment.simd && amd64

package kernel

import (
	"math"
	"math/bits"
	"simd/archsimd"
	"slices"
	"unsafe"
)

func (v vector) ge8(codes *[Rows]uint8, bound uint8, out *Bits) {
	if !v.on {
		v.portable.ge8(codes, bound, out)
		return
	}
	b := archsimd.BroadcastUint8x64(bound)
	for w := 0; w < Words; w += 4 {
		c, o := (*[256]uint8)(codes[w*64:]), (*[4]uint64)(out[w:])
		o[0] = archsimd.LoadUint8x64((*[64]uint8)(c[0:])).GreaterEqual(b).ToBits()
		o[1] = archsimd.LoadUint8x64((*[64]uint8)(c[64:])).GreaterEqual(b).ToBits()
		o[2] = archsimd.LoadUint8x64((*[64]uint8)(c[128:])).GreaterEqual(b).ToBits()
		o[3] = archsimd.LoadUint8x64((*[64]uint8)(c[192:])).GreaterEqual(b).ToBits()
	}
}

func (v vector) ge16(codes *[Rows]uint16, bound uint16, out *Bits) {
	if !v.on {
		v.portable.ge16(codes, bound, out)
		return
	}
	b := archsimd.BroadcastUint16x32(bound)
	for w := range out {
		lo := archsimd.LoadUint16x32((*[32]uint16)(codes[w*64:])).GreaterEqual(b).ToBits()
		hi := archsimd.LoadUint16x32((*[32]uint16)(codes[w*64+32:])).GreaterEqual(b).ToBits()
		out[w] = uint64(lo) | uint64(hi)<<32
	}
}

func (v vector) eq8(codes *[Rows]uint8, code uint8, out *Bits) {
	if !v.on {
		v.portable.eq8(codes, code, out)
		return
	}
	b := archsimd.BroadcastUint8x64(code)
	for w := range out {
		out[w] |= archsimd.LoadUint8x64((*[64]uint8)(codes[w*64:])).Equal(b).ToBits()
	}
}

func (v vector) eq16(codes *[Rows]uint16, code uint16, out *Bits) {
	if !v.on {
		v.portable.eq16(codes, code, out)
		return
	}
	b := archsimd.BroadcastUint16x32(code)
	for w := range out {
		lo := archsimd.LoadUint16x32((*[32]uint16)(codes[w*64:])).Equal(b).ToBits()
		hi := archsimd.LoadUint16x32((*[32]uint16)(codes[w*64+32:])).Equal(b).ToBits()
		out[w] |= uint64(lo) | uint64(hi)<<32
	}
}

func (v vector) ge32(values []int32, bound int32, out *Bits) {
	if !v.on {
		v.portable.ge32(values, bound, out)
		return
	}
	b := archsimd.BroadcastInt32x16(bound)
	full := len(values) / 64
	for w := range full {
		x := (*[64]int32)(values[w*64:])
		b0 := archsimd.LoadInt32x16((*[16]int32)(x[0:])).GreaterEqual(b).ToBits()
		b1 := archsimd.LoadInt32x16((*[16]int32)(x[16:])).GreaterEqual(b).ToBits()
		b2 := archsimd.LoadInt32x16((*[16]int32)(x[32:])).GreaterEqual(b).ToBits()
		b3 := archsimd.LoadInt32x16((*[16]int32)(x[48:])).GreaterEqual(b).ToBits()
		out[w] = uint64(b0) | uint64(b1)<<16 | uint64(b2)<<32 | uint64(b3)<<48
	}
	atLeastTail(values, bound, out)
}

func (v vector) ge64(values []int64, bound int64, out *Bits) {
	if !v.on {
		v.portable.ge64(values, bound, out)
		return
	}
	b := archsimd.BroadcastInt64x8(bound)
	full := len(values) / 64
	for w := range full {
		x := (*[64]int64)(values[w*64:])
		b0 := archsimd.LoadInt64x8((*[8]int64)(x[0:])).GreaterEqual(b).ToBits()
		b1 := archsimd.LoadInt64x8((*[8]int64)(x[8:])).GreaterEqual(b).ToBits()
		b2 := archsimd.LoadInt64x8((*[8]int64)(x[16:])).GreaterEqual(b).ToBits()
		b3 := archsimd.LoadInt64x8((*[8]int64)(x[24:])).GreaterEqual(b).ToBits()
		b4 := archsimd.LoadInt64x8((*[8]int64)(x[32:])).GreaterEqual(b).ToBits()
		b5 := archsimd.LoadInt64x8((*[8]int64)(x[40:])).GreaterEqual(b).ToBits()
		b6 := archsimd.LoadInt64x8((*[8]int64)(x[48:])).GreaterEqual(b).ToBits()
		b7 := archsimd.LoadInt64x8((*[8]int64)(x[56:])).GreaterEqual(b).ToBits()
		out[w] = uint64(b0) | uint64(b1)<<8 | uint64(b2)<<16 | uint64(b3)<<24 | uint64(b4)<<32 | uint64(b5)<<40 | uint64(b6)<<48 | uint64(b7)<<56
	}
	atLeastTail(values, bound, out)
}

// table8 keeps the table in four registers: a permutation looks a code up among 128 entries by its low seven bits, the highest
// bit chooses between two of them.
func (v vector) table8(codes *[Rows]uint8, table *[256]uint8, t, n *Bits) {
	if !v.on {
		v.portable.table8(codes, table, t, n)
		return
	}
	e0 := archsimd.LoadUint8x64((*[64]uint8)(table[0:]))
	e1 := archsimd.LoadUint8x64((*[64]uint8)(table[64:]))
	e2 := archsimd.LoadUint8x64((*[64]uint8)(table[128:]))
	e3 := archsimd.LoadUint8x64((*[64]uint8)(table[192:]))
	upper := archsimd.BroadcastUint8x64(0x80)
	yes, unsure := archsimd.BroadcastUint8x64(True), archsimd.BroadcastUint8x64(Unknown)
	for w := range t {
		c := archsimd.LoadUint8x64((*[64]uint8)(codes[w*64:]))
		x := e2.ConcatPermute(e3, c).Merge(e0.ConcatPermute(e1, c), c.GreaterEqual(upper))
		t[w] = x.Equal(yes).ToBits()
		n[w] = x.Equal(unsure).ToBits()
	}
}

// table32 makes 16-bit codes of 32-bit ones; a code that doesn't fit becomes one that no short table has.
func (v vector) table32(codes []uint32, table []uint8, t, n *Bits) {
	var narrow [Rows]uint16
	if !v.on || len(table) > most || len(codes) == 0 {
		v.portable.table32(codes, table, t, n)
		return
	}
	full := len(codes) / 64 * 64
	for i := 0; i < full; i += 64 {
		c, to := (*[64]uint32)(codes[i:]), (*[64]uint16)(narrow[i:])
		archsimd.LoadUint32x16((*[16]uint32)(c[0:])).SaturateToUint16().Store((*[16]uint16)(to[0:]))
		archsimd.LoadUint32x16((*[16]uint32)(c[16:])).SaturateToUint16().Store((*[16]uint16)(to[16:]))
		archsimd.LoadUint32x16((*[16]uint32)(c[32:])).SaturateToUint16().Store((*[16]uint16)(to[32:]))
		archsimd.LoadUint32x16((*[16]uint32)(c[48:])).SaturateToUint16().Store((*[16]uint16)(to[48:]))
	}
	for i, c := range codes[full:] {
		narrow[full+i] = uint16(min(c, math.MaxUint16))
	}
	if !below(&narrow, len(table)) {
		v.portable.table32(codes, table, t, n)
		return
	}
	v.table16(&narrow, table, t, n)
	cut(t, len(codes))
	cut(n, len(codes))
}

// cut takes out of b the rows from the given one on.
func cut(b *Bits, rows int) {
	if rows%64 != 0 {
		b[rows/64] &= 1<<(rows%64) - 1
	}
	clear(b[(rows+63)/64:])
}

// most is how long a table may be whose answers, a bit each, fit four registers.
const most = 2048

// table16 keeps the answers of a short table as two sets of bits, each in registers.
func (v vector) table16(codes *[Rows]uint16, table []uint8, t, n *Bits) {
	if !v.on || len(table) > most || !below(codes, len(table)) {
		v.portable.table16(codes, table, t, n)
		return
	}
	var entries [most]uint8
	copy(entries[:], table)
	var yes, unsure [most / 64]uint64
	y, u := archsimd.BroadcastUint8x64(True), archsimd.BroadcastUint8x64(Unknown)
	for i := 0; i < len(table); i += 64 {
		e := archsimd.LoadUint8x64((*[64]uint8)(entries[i:]))
		yes[i/64], unsure[i/64] = e.Equal(y).ToBits(), e.Equal(u).ToBits()
	}
	members(codes, &yes, t)
	members(codes, &unsure, n)
}

// below tells whether every code is below limit.
func below(codes *[Rows]uint16, limit int) bool {
	if limit == 0 {
		return false
	}
	m0, m1 := archsimd.LoadUint16x32((*[32]uint16)(codes[:])), archsimd.LoadUint16x32((*[32]uint16)(codes[32:]))
	for i := 64; i < Rows; i += 64 {
		m0 = m0.Max(archsimd.LoadUint16x32((*[32]uint16)(codes[i:])))
		m1 = m1.Max(archsimd.LoadUint16x32((*[32]uint16)(codes[i+32:])))
	}
	return m0.Max(m1).Greater(archsimd.BroadcastUint16x32(uint16(limit-1))).ToBits() == 0
}

// members sets out to the rows whose code is in set. A permutation finds the 16 bits among which a code is, a shift brings its
// bit to the sign.
func members(codes *[Rows]uint16, set *[most / 64]uint64, out *Bits) {
	s0 := archsimd.LoadUint64x8((*[8]uint64)(set[0:])).AsUint16x32()
	s1 := archsimd.LoadUint64x8((*[8]uint64)(set[8:])).AsUint16x32()
	s2 := archsimd.LoadUint64x8((*[8]uint64)(set[16:])).AsUint16x32()
	s3 := archsimd.LoadUint64x8((*[8]uint64)(set[24:])).AsUint16x32()
	upper, last, zero := archsimd.BroadcastUint16x32(most/2), archsimd.BroadcastUint16x32(15), archsimd.BroadcastInt16x32(0)
	for w := range out {
		lo := archsimd.LoadUint16x32((*[32]uint16)(codes[w*64:]))
		i := lo.ShiftAllRight(4)
		lo = s2.ConcatPermute(s3, i).Merge(s0.ConcatPermute(s1, i), lo.GreaterEqual(upper)).ShiftLeft(last.AndNot(lo))
		hi := archsimd.LoadUint16x32((*[32]uint16)(codes[w*64+32:]))
		i = hi.ShiftAllRight(4)
		hi = s2.ConcatPermute(s3, i).Merge(s0.ConcatPermute(s1, i), hi.GreaterEqual(upper)).ShiftLeft(last.AndNot(hi))
		out[w] = uint64(lo.AsInt16x32().Less(zero).ToBits()) | uint64(hi.AsInt16x32().Less(zero).ToBits())<<32
	}
}

type words8 = archsimd.Uint64x8

// load reads eight words of a bitmap.
func load(b *Bits, w int) words8 { return archsimd.LoadUint64x8((*[8]uint64)(b[w:])) }

// store writes eight words of a bitmap.
func store(b *Bits, w int, x words8) { x.Store((*[8]uint64)(b[w:])) }

// conj keeps a quarter of a block in registers while it goes through the literals.
func (v vector) conj(t, p *Bits, ts, ns []*Bits, pos, neg []int32) (eligible, possible int) {
	if !v.on {
		return v.portable.conj(t, p, ts, ns, pos, neg)
	}
	ns = ns[:len(ts)]
	sumT := archsimd.BroadcastUint64x8(0)
	none := sumT
	sumP := sumT
	for w := uintptr(0); w < Words*8; w += 128 {
		t0 := archsimd.BroadcastUint64x8(^uint64(0))
		t1, p0, p1 := t0, t0, t0
		for k, i := range pos {
			if k&1 == 1 && p0.Or(p1).Equal(none).ToBits() == 0xff {
				break
			}
			a, b := (*[16]uint64)(unsafe.Add(unsafe.Pointer(ts[i]), w)), (*[16]uint64)(unsafe.Add(unsafe.Pointer(ns[i]), w))
			x, y := lower(a), upper(a)
			t0, p0 = t0.And(x), p0.And(x.Or(lower(b)))
			t1, p1 = t1.And(y), p1.And(y.Or(upper(b)))
		}
		for _, i := range neg {
			a, b := (*[16]uint64)(unsafe.Add(unsafe.Pointer(ts[i]), w)), (*[16]uint64)(unsafe.Add(unsafe.Pointer(ns[i]), w))
			x, y := lower(a), upper(a)
			t0, p0 = t0.AndNot(x.Or(lower(b))), p0.AndNot(x)
			t1, p1 = t1.AndNot(y.Or(upper(b))), p1.AndNot(y)
		}
		sumT = sumT.Add(t0.OnesCount()).Add(t1.OnesCount())
		sumP = sumP.Add(p0.OnesCount()).Add(p1.OnesCount())
		a, b := (*[16]uint64)(unsafe.Add(unsafe.Pointer(t), w)), (*[16]uint64)(unsafe.Add(unsafe.Pointer(p), w))
		t0.Store((*[8]uint64)(a[:]))
		t1.Store((*[8]uint64)(a[8:]))
		p0.Store((*[8]uint64)(b[:]))
		p1.Store((*[8]uint64)(b[8:]))
	}
	return sum(sumT), sum(sumP)
}

func lower(b *[16]uint64) words8 { return archsimd.LoadUint64x8((*[8]uint64)(b[:])) }
func upper(b *[16]uint64) words8 { return archsimd.LoadUint64x8((*[8]uint64)(b[8:])) }

// sum adds the eight words of a register.
func sum(x words8) int {
	var s [8]uint64
	x.Store(&s)
	return int(s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7])
}

// join keeps half a block in registers while it goes through the literals.
func (v vector) join(t, n *Bits, ts, ns []*Bits, literals []int32, flip int32) {
	if !v.on {
		v.portable.join(t, n, ts, ns, literals, flip)
		return
	}
	for w := 0; w < Words; w += 16 {
		t0 := archsimd.BroadcastUint64x8(0)
		t1, p0, p1 := t0, t0, t0
		for _, l := range literals {
			l ^= flip
			a, b := (*[16]uint64)(ts[l>>1][w:]), (*[16]uint64)(ns[l>>1][w:])
			x := archsimd.LoadUint64x8((*[8]uint64)(a[0:]))
			y := archsimd.LoadUint64x8((*[8]uint64)(a[8:]))
			px := x.Or(archsimd.LoadUint64x8((*[8]uint64)(b[0:])))
			py := y.Or(archsimd.LoadUint64x8((*[8]uint64)(b[8:])))
			if l&1 == 1 {
				x, px = px.Not(), x.Not()
				y, py = py.Not(), y.Not()
			}
			t0, p0 = t0.Or(x), p0.Or(px)
			t1, p1 = t1.Or(y), p1.Or(py)
		}
		store(n, w, p0.AndNot(t0))
		store(n, w+8, p1.AndNot(t1))
		if flip == 1 {
			t0, t1 = p0.Not(), p1.Not()
		}
		store(t, w, t0)
		store(t, w+8, t1)
	}
}

// count adds up eight words at a time.
func (v vector) count(b *Bits) int {
	if !v.on {
		return v.portable.count(b)
	}
	s0, s1 := archsimd.BroadcastUint64x8(0), archsimd.BroadcastUint64x8(0)
	for w := 0; w < Words; w += 16 {
		s0 = s0.Add(load(b, w).OnesCount())
		s1 = s1.Add(load(b, w+8).OnesCount())
	}
	return sum(s0.Add(s1))
}

func (v vector) and(out, a, b *Bits) {
	if !v.on {
		v.portable.and(out, a, b)
		return
	}
	for w := 0; w < Words; w += 8 {
		store(out, w, load(a, w).And(load(b, w)))
	}
}

func (v vector) andNot(out, a, b *Bits) {
	if !v.on {
		v.portable.andNot(out, a, b)
		return
	}
	for w := 0; w < Words; w += 8 {
		store(out, w, load(a, w).AndNot(load(b, w)))
	}
}

func (v vector) or(out, a, b *Bits) {
	if !v.on {
		v.portable.or(out, a, b)
		return
	}
	for w := 0; w < Words; w += 8 {
		store(out, w, load(a, w).Or(load(b, w)))
	}
}

// sparse is how many rows a bitmap holds below which taking them one by one is faster.
const sparse = 256

// first32 are the rows of half a word.
var first32 = [32]uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}

// positions lets the processor move the rows of half a word together. It writes 32 rows each time, of which the next ones
// write over those that are too many; the last ones, which would go past the result, come one by one.
func (v vector) positions(dst []uint16, b *Bits) []uint16 {
	if !v.on {
		return v.portable.positions(dst, b)
	}
	rows := Count(b)
	if rows < sparse {
		return v.portable.positions(dst, b)
	}
	from := len(dst)
	dst = slices.Grow(dst, rows)[:from+rows]
	row, half := archsimd.LoadUint16x32(&first32), archsimd.BroadcastUint16x32(32)
	w := 0
	for ; w < Words && len(dst)-from >= 64; w++ {
		x := b[w]
		row.Compress(archsimd.Mask16x32FromBits(uint32(x))).Store((*[32]uint16)(dst[from:]))
		row = row.Add(half)
		from += bits.OnesCount32(uint32(x))
		row.Compress(archsimd.Mask16x32FromBits(uint32(x >> 32))).Store((*[32]uint16)(dst[from:]))
		row = row.Add(half)
		from += bits.OnesCount32(uint32(x >> 32))
	}
	for ; w < Words; w++ {
		for x := b[w]; x != 0; x &= x - 1 {
			dst[from] = uint16(w*64 + bits.TrailingZeros64(x))
			from++
		}
	}
	return dst
}
