//go:build goexperiment.simd && amd64

package kernel

import (
	"simd/archsimd"
	"slices"
)

// table8 keeps the table in four registers: a permutation looks a code up among 128 entries by its low seven bits, the highest
// bit chooses between two of them.
func (v vector) table8(codes *[Rows]uint8, table *[256]uint8, t, n *Bits) {
	if !v.on {
		v.portable.table8(codes, table, t, n)
		return
	}
	e0, e1, e2, e3 := load64(table[0:]), load64(table[64:]), load64(table[128:]), load64(table[192:])
	upper := archsimd.BroadcastUint8x64(0x80)
	yes, unsure := archsimd.BroadcastUint8x64(True), archsimd.BroadcastUint8x64(Unknown)
	for w := range t {
		c := load64(codes[w*64:])
		x := e2.ConcatPermute(e3, c).Merge(e0.ConcatPermute(e1, c), c.GreaterEqual(upper))
		t[w] = x.Equal(yes).ToBits()
		n[w] = x.Equal(unsure).ToBits()
	}
	archsimd.ClearAVXUpperBits()
}

// most is how long a table may be whose answers, a bit each, fit four registers.
const most = 2048

// table16 turns a short table into two sets of bits.
func (v vector) table16(codes *[Rows]uint16, table []uint8, t, n *Bits) {
	if !v.on || len(table) > most || !below(codes, len(table)) {
		v.portable.table16(codes, table, t, n)
		return
	}
	sets(codes, table, t, n)
	archsimd.ClearAVXUpperBits()
}

// below tells whether every code is below limit, which is at most most.
func below(codes *[Rows]uint16, limit int) bool {
	m0, m1 := load32(codes[:]), load32(codes[32:])
	for i := 64; i < Rows; i += 64 {
		m0, m1 = m0.Max(load32(codes[i:])), m1.Max(load32(codes[i+32:]))
	}
	return m0.Max(m1).GreaterEqual(archsimd.BroadcastUint16x32(uint16(limit))).ToBits() == 0
}

// table32 narrows the codes to what the length of the table asks for and goes on with those.
func (v vector) table32(codes []uint32, table []uint8, t, n *Bits) {
	done := false
	switch {
	case !v.on || len(table) > most:
	case len(table) <= 256:
		var narrow [Rows]uint8
		if done = narrow8(&narrow, codes, len(table)); done {
			var whole [256]uint8
			copy(whole[:], table)
			v.table8(&narrow, &whole, t, n)
		}
	default:
		var narrow [Rows]uint16
		if done = narrow16(&narrow, codes, len(table)); done {
			sets(&narrow, table, t, n)
			archsimd.ClearAVXUpperBits()
		}
	}
	if !done {
		v.portable.table32(codes, table, t, n)
		return
	}
	cut(t, len(codes))
	cut(n, len(codes))
}

// narrow8 copies codes and tells whether every one is below limit, which is at most 256.
func narrow8(to *[Rows]uint8, codes []uint32, limit int) bool {
	highest := archsimd.BroadcastUint32x16(0)
	full := len(codes) / 64 * 64
	for i := 0; i < full; i += 64 {
		c, o := (*[64]uint32)(codes[i:]), (*[64]uint8)(to[i:])
		x, y, z, u := wide16(c[0:]), wide16(c[16:]), wide16(c[32:]), wide16(c[48:])
		highest = highest.Max(x.Max(y).Max(z.Max(u)))
		x.TruncateToUint8().Store((*[16]uint8)(o[0:]))
		y.TruncateToUint8().Store((*[16]uint8)(o[16:]))
		z.TruncateToUint8().Store((*[16]uint8)(o[32:]))
		u.TruncateToUint8().Store((*[16]uint8)(o[48:]))
	}
	top := highest32(highest)
	for i, c := range codes[full:] {
		top = max(top, c)
		to[full+i] = uint8(c)
	}
	return int(top) < limit
}

// narrow16 copies codes and tells whether every one is below limit, which is at most most.
func narrow16(to *[Rows]uint16, codes []uint32, limit int) bool {
	highest := archsimd.BroadcastUint32x16(0)
	full := len(codes) / 64 * 64
	for i := 0; i < full; i += 64 {
		c, o := (*[64]uint32)(codes[i:]), (*[64]uint16)(to[i:])
		x, y, z, u := wide16(c[0:]), wide16(c[16:]), wide16(c[32:]), wide16(c[48:])
		highest = highest.Max(x.Max(y).Max(z.Max(u)))
		x.TruncateToUint16().Store((*[16]uint16)(o[0:]))
		y.TruncateToUint16().Store((*[16]uint16)(o[16:]))
		z.TruncateToUint16().Store((*[16]uint16)(o[32:]))
		u.TruncateToUint16().Store((*[16]uint16)(o[48:]))
	}
	top := highest32(highest)
	for i, c := range codes[full:] {
		top = max(top, c)
		to[full+i] = uint16(c)
	}
	return int(top) < limit
}

func wide16(c []uint32) archsimd.Uint32x16 { return archsimd.LoadUint32x16((*[16]uint32)(c)) }

// highest32 gives the greatest of 16 codes.
func highest32(x archsimd.Uint32x16) uint32 {
	var c [16]uint32
	x.Store(&c)
	return slices.Max(c[:])
}

// cut takes the rows from the given one on out of b.
func cut(b *Bits, rows int) {
	if rows%64 != 0 {
		b[rows/64] &= 1<<(rows%64) - 1
	}
	clear(b[(rows+63)/64:])
}

// sets looks the codes up in a table of at most most answers, as two sets of bits.
func sets(codes *[Rows]uint16, table []uint8, t, n *Bits) {
	var entries [most]uint8
	copy(entries[:], table)
	var yes, unsure [most / 64]uint64
	y, u := archsimd.BroadcastUint8x64(True), archsimd.BroadcastUint8x64(Unknown)
	for w := range (len(table) + 63) / 64 {
		e := load64(entries[w*64:])
		yes[w], unsure[w] = e.Equal(y).ToBits(), e.Equal(u).ToBits()
	}
	members(codes, &yes, t)
	members(codes, &unsure, n)
}

// members sets out to the rows whose code is in set, which stays in four registers: a permutation finds the 16 bits among which
// the code's is, a shift brings it to the sign.
func members(codes *[Rows]uint16, set *[most / 64]uint64, out *Bits) {
	s0 := archsimd.LoadUint64x8((*[8]uint64)(set[0:])).AsUint16x32()
	s1 := archsimd.LoadUint64x8((*[8]uint64)(set[8:])).AsUint16x32()
	s2 := archsimd.LoadUint64x8((*[8]uint64)(set[16:])).AsUint16x32()
	s3 := archsimd.LoadUint64x8((*[8]uint64)(set[24:])).AsUint16x32()
	upper, last, zero := archsimd.BroadcastUint16x32(most/2), archsimd.BroadcastUint16x32(15), archsimd.BroadcastInt16x32(0)
	for w := range out {
		lo, hi := load32(codes[w*64:]), load32(codes[w*64+32:])
		i, j := lo.ShiftAllRight(4), hi.ShiftAllRight(4)
		lo = s2.ConcatPermute(s3, i).Merge(s0.ConcatPermute(s1, i), lo.GreaterEqual(upper)).ShiftLeft(last.AndNot(lo))
		hi = s2.ConcatPermute(s3, j).Merge(s0.ConcatPermute(s1, j), hi.GreaterEqual(upper)).ShiftLeft(last.AndNot(hi))
		out[w] = uint64(lo.AsInt16x32().Less(zero).ToBits()) | uint64(hi.AsInt16x32().Less(zero).ToBits())<<32
	}
}

// planes shifts the codes up bit by bit: the sign of a lane is the bit whose turn it is.
func (v vector) planes(c *[64]uint16, depth int, out []uint64) {
	if !v.on {
		v.portable.planes(c, depth, out)
		return
	}
	up, zero := uint64(16-depth), archsimd.BroadcastInt16x32(0)
	lo, hi := load32(c[0:]).ShiftAllLeft(up), load32(c[32:]).ShiftAllLeft(up)
	for k := depth - 1; k >= 0; k-- {
		out[k*Words] = uint64(lo.AsInt16x32().Less(zero).ToBits()) | uint64(hi.AsInt16x32().Less(zero).ToBits())<<32
		lo, hi = lo.Add(lo), hi.Add(hi)
	}
	archsimd.ClearAVXUpperBits()
}
