package kernel

import (
	"encoding/binary"
	"math/bits"
)

// portable are the loops in plain Go. It compares several codes at once inside a 64-bit word, each in a lane of its own.
type portable struct{}

// wide tells that these loops do not run on wide registers.
func (portable) wide() bool { return false }

// Lanes of 8 and of 16 bits: the lowest bit of each, and the highest.
const (
	ones8  = 0x0101010101010101
	high8  = 0x8080808080808080
	ones16 = 0x0001000100010001
	high16 = 0x8000800080008000
)

// gather8 collects the highest bit of each lane of 8 bits in the lowest byte, in the order of the lanes. No two products of the
// multiplication meet in one bit, so nothing is carried.
func gather8(x uint64) uint64 { return (x & high8) * 0x0002040810204081 >> 56 }

// gather16 collects the highest bits of 16 lanes of 16 bits in the lowest 16 bits: one multiplication moves those of four words
// to the top, where those of the first word come lowest. No two products meet here either.
func gather16(a, b, c, d uint64) uint64 {
	return (a&high16>>12 | b&high16>>8 | c&high16>>4 | d&high16) * (1<<45 | 1<<30 | 1<<15 | 1) >> 48
}

// lanes8 reads eight codes as the lanes of a word.
func lanes8(c *[64]uint8, i int) uint64 { return binary.LittleEndian.Uint64(c[i : i+8]) }

// lanes16 reads four codes as the lanes of a word.
func lanes16(c *[64]uint16, i int) uint64 {
	return uint64(c[i]) | uint64(c[i+1])<<16 | uint64(c[i+2])<<32 | uint64(c[i+3])<<48
}

// ge8 compares lanes without their highest bits, which a subtraction from a lane with that bit set cannot carry out of; the
// highest bits decide beforehand where they differ.
func (portable) ge8(codes *[Rows]uint8, bound uint8, out *Bits) {
	low := uint64(bound&0x7f) * ones8
	if bound >= 0x80 {
		high := func(v uint64) uint64 { return gather8(((v | high8) - low) & v) }
		for w := range out {
			c := (*[64]uint8)(codes[w*64:])
			out[w] = high(lanes8(c, 0)) | high(lanes8(c, 8))<<8 | high(lanes8(c, 16))<<16 | high(lanes8(c, 24))<<24 |
				high(lanes8(c, 32))<<32 | high(lanes8(c, 40))<<40 | high(lanes8(c, 48))<<48 | high(lanes8(c, 56))<<56
		}
		return
	}
	atLeast := func(v uint64) uint64 { return gather8((v | high8) - low | v) }
	for w := range out {
		c := (*[64]uint8)(codes[w*64:])
		out[w] = atLeast(lanes8(c, 0)) | atLeast(lanes8(c, 8))<<8 | atLeast(lanes8(c, 16))<<16 | atLeast(lanes8(c, 24))<<24 |
			atLeast(lanes8(c, 32))<<32 | atLeast(lanes8(c, 40))<<40 | atLeast(lanes8(c, 48))<<48 | atLeast(lanes8(c, 56))<<56
	}
}

// ge16 is ge8 with lanes of 16 bits.
func (portable) ge16(codes *[Rows]uint16, bound uint16, out *Bits) {
	low := uint64(bound&0x7fff) * ones16
	flip := -uint64(bound >> 15)
	if bound >= 0x8000 {
		low = uint64(-bound) * ones16
	}
	atLeast := func(v uint64) uint64 { v ^= flip; return (v | high16) - low | v }
	for w := range out {
		c := (*[64]uint16)(codes[w*64:])
		x := gather16(atLeast(lanes16(c, 0)), atLeast(lanes16(c, 4)), atLeast(lanes16(c, 8)), atLeast(lanes16(c, 12))) |
			gather16(atLeast(lanes16(c, 16)), atLeast(lanes16(c, 20)), atLeast(lanes16(c, 24)), atLeast(lanes16(c, 28)))<<16 |
			gather16(atLeast(lanes16(c, 32)), atLeast(lanes16(c, 36)), atLeast(lanes16(c, 40)), atLeast(lanes16(c, 44)))<<32 |
			gather16(atLeast(lanes16(c, 48)), atLeast(lanes16(c, 52)), atLeast(lanes16(c, 56)), atLeast(lanes16(c, 60)))<<48
		out[w] = x ^ flip
	}
}

// ge32 compares one value at a time.
func (portable) ge32(values []int32, bound int32, out *Bits) { atLeast(values, bound, out) }

// ge64 compares one value at a time.
func (portable) ge64(values []int64, bound int64, out *Bits) { atLeast(values, bound, out) }

// atLeast compares one value at a time.
func atLeast[V int32 | int64](values []V, bound V, out *Bits) {
	for w := range len(values) / 64 {
		out[w] = ^below64((*[64]V)(values[w*64:]), uint64(bound)+sign)
	}
	atLeastTail(values, bound, out)
}

// sign added to a signed number makes the signed order the unsigned one.
const sign = 1 << 63

// below64 gives the values below a bound, to which sign has been added. It shifts the borrow of each subtraction into a word, from the last row to the
// first; the compiler turns that into a subtraction and an addition with carry. Two halves run side by side.
func below64[V int32 | int64](v *[64]V, bound uint64) uint64 {
	var lo, hi, less uint64
	for i := 30; i >= 0; i -= 2 {
		_, less = bits.Sub64(uint64(v[i+1])+sign, bound, 0)
		lo, _ = bits.Add64(lo, lo, less)
		_, less = bits.Sub64(uint64(v[i+33])+sign, bound, 0)
		hi, _ = bits.Add64(hi, hi, less)
		_, less = bits.Sub64(uint64(v[i])+sign, bound, 0)
		lo, _ = bits.Add64(lo, lo, less)
		_, less = bits.Sub64(uint64(v[i+32])+sign, bound, 0)
		hi, _ = bits.Add64(hi, hi, less)
	}
	return lo | hi<<32
}

// atLeastTail is atLeast for the words of out that the values do not fill.
func atLeastTail[V int32 | int64](values []V, bound V, out *Bits) {
	full := len(values) / 64
	clear(out[full:])
	for i, v := range values[full*64:] {
		if v >= bound {
			out[full] |= 1 << i
		}
	}
}

// eq8 finds the lanes that are zero once v is taken out: adding 0x7f to the low bits of a lane sets its highest bit unless they
// are all zero.
func (portable) eq8(codes *[Rows]uint8, v uint8, out *Bits) {
	same := uint64(v) * ones8
	differs := func(v uint64) uint64 { v ^= same; return gather8(v&^high8 + (high8 - ones8) | v) }
	for w := range out {
		c := (*[64]uint8)(codes[w*64:])
		out[w] |= ^(differs(lanes8(c, 0)) | differs(lanes8(c, 8))<<8 | differs(lanes8(c, 16))<<16 | differs(lanes8(c, 24))<<24 |
			differs(lanes8(c, 32))<<32 | differs(lanes8(c, 40))<<40 | differs(lanes8(c, 48))<<48 | differs(lanes8(c, 56))<<56)
	}
}

// eq16 is eq8 with lanes of 16 bits.
func (portable) eq16(codes *[Rows]uint16, v uint16, out *Bits) {
	same := uint64(v) * ones16
	differs := func(v uint64) uint64 { v ^= same; return v&^high16 + (high16 - ones16) | v }
	for w := range out {
		c := (*[64]uint16)(codes[w*64:])
		x := gather16(differs(lanes16(c, 0)), differs(lanes16(c, 4)), differs(lanes16(c, 8)), differs(lanes16(c, 12))) |
			gather16(differs(lanes16(c, 16)), differs(lanes16(c, 20)), differs(lanes16(c, 24)), differs(lanes16(c, 28)))<<16 |
			gather16(differs(lanes16(c, 32)), differs(lanes16(c, 36)), differs(lanes16(c, 40)), differs(lanes16(c, 44)))<<32 |
			gather16(differs(lanes16(c, 48)), differs(lanes16(c, 52)), differs(lanes16(c, 56)), differs(lanes16(c, 60)))<<48
		out[w] |= ^x
	}
}
