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

// ge8 subtracts the bound from lanes whose highest bits are set, so that no lane borrows from the next. Those bits stay where the
// low bits of a code are at least those of the bound; between halves of the range the highest bit of the code decides: below
// 0x80 either is enough, from there on it takes both.
func (portable) ge8(codes *[Rows]uint8, bound uint8, out *Bits) {
	low := uint64(bound&0x7f) * ones8
	if bound >= 0x80 {
		both := func(x uint64) uint64 { return gather8(((x | high8) - low) & x) }
		for w := range out {
			c := (*[64]uint8)(codes[w*64:])
			out[w] = both(lanes8(c, 0)) | both(lanes8(c, 8))<<8 | both(lanes8(c, 16))<<16 | both(lanes8(c, 24))<<24 |
				both(lanes8(c, 32))<<32 | both(lanes8(c, 40))<<40 | both(lanes8(c, 48))<<48 | both(lanes8(c, 56))<<56
		}
		return
	}
	either := func(x uint64) uint64 { return gather8((x | high8) - low | x) }
	for w := range out {
		c := (*[64]uint8)(codes[w*64:])
		out[w] = either(lanes8(c, 0)) | either(lanes8(c, 8))<<8 | either(lanes8(c, 16))<<16 | either(lanes8(c, 24))<<24 |
			either(lanes8(c, 32))<<32 | either(lanes8(c, 40))<<40 | either(lanes8(c, 48))<<48 | either(lanes8(c, 56))<<56
	}
}

// ge16 is ge8 with lanes of 16 bits. It turns the question round in the upper half of the range, x >= bound being not
// ^x >= 0x10000-bound, which costs a twentieth here and halves the code.
func (portable) ge16(codes *[Rows]uint16, bound uint16, out *Bits) {
	var flip uint64
	if bound > 0x8000 {
		bound, flip = -bound, ^flip
	}
	low := uint64(bound) * ones16
	either := func(x uint64) uint64 { x ^= flip; return (x | high16) - low | x }
	for w := range out {
		c := (*[64]uint16)(codes[w*64:])
		x := gather16(either(lanes16(c, 0)), either(lanes16(c, 4)), either(lanes16(c, 8)), either(lanes16(c, 12))) |
			gather16(either(lanes16(c, 16)), either(lanes16(c, 20)), either(lanes16(c, 24)), either(lanes16(c, 28)))<<16 |
			gather16(either(lanes16(c, 32)), either(lanes16(c, 36)), either(lanes16(c, 40)), either(lanes16(c, 44)))<<32 |
			gather16(either(lanes16(c, 48)), either(lanes16(c, 52)), either(lanes16(c, 56)), either(lanes16(c, 60)))<<48
		out[w] = x ^ flip
	}
}

// ge32 compares one value at a time. Turning the signs over makes the signed order the unsigned one.
func (portable) ge32(values []int32, bound int32, out *Bits) {
	b := uint64(uint32(bound) ^ 1<<31)
	for w := range len(values) / 64 {
		out[w] = ^below32((*[64]int32)(values[w*64:]), b, b<<32)
	}
	atLeastTail(values, bound, out)
}

// below32 is below64 for values read in pairs. What stands in the lower half of a word doesn't matter for the order of upper
// halves, so the second of a pair is compared, where it stands, with the bound in the upper half.
func below32(v *[64]int32, bound, upper uint64) uint64 {
	var lo, hi uint64
	for i := 15; i >= 0; i-- {
		c, d := (*[2]int32)(v[i*2:]), (*[2]int32)(v[i*2+32:])
		x, y := pair(c[0], c[1]), pair(d[0], d[1])
		lo = pushLess(pushLess(lo, x, upper), x&(1<<32-1), bound)
		hi = pushLess(pushLess(hi, y, upper), y&(1<<32-1), bound)
	}
	return lo | hi<<32
}

// pair puts two values beside each other, the second above, with their signs turned over.
func pair(first, second int32) uint64 {
	return (uint64(uint32(first)) | uint64(uint32(second))<<32) ^ (1<<63 | 1<<31)
}

// ge64 compares one value at a time. Adding the sign makes the signed order the unsigned one.
func (portable) ge64(values []int64, bound int64, out *Bits) {
	for w := range len(values) / 64 {
		out[w] = ^below64((*[64]int64)(values[w*64:]), uint64(bound)+1<<63)
	}
	atLeastTail(values, bound, out)
}

// below64 tells which values, once 1<<63 is added, are below the bound. It goes from the last row to the first, the two halves of
// the word side by side.
func below64(v *[64]int64, bound uint64) uint64 {
	var lo, hi uint64
	for i := 30; i >= 0; i -= 2 {
		lo, hi = pushLess(lo, uint64(v[i+1])+1<<63, bound), pushLess(hi, uint64(v[i+33])+1<<63, bound)
		lo, hi = pushLess(lo, uint64(v[i])+1<<63, bound), pushLess(hi, uint64(v[i+32])+1<<63, bound)
	}
	return lo | hi<<32
}

// pushLess shifts into x whether v is below the bound. The compiler makes it a subtraction, and an addition that carries its
// borrow.
func pushLess(x, v, bound uint64) uint64 {
	_, less := bits.Sub64(v, bound, 0)
	x, _ = bits.Add64(x, x, less)
	return x
}

// atLeastTail compares one value at a time for the words of out that the values do not fill.
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
	differs := func(x uint64) uint64 { x ^= same; return gather8(x&^high8 + (high8 - ones8) | x) }
	for w := range out {
		c := (*[64]uint8)(codes[w*64:])
		out[w] |= ^(differs(lanes8(c, 0)) | differs(lanes8(c, 8))<<8 | differs(lanes8(c, 16))<<16 | differs(lanes8(c, 24))<<24 |
			differs(lanes8(c, 32))<<32 | differs(lanes8(c, 40))<<40 | differs(lanes8(c, 48))<<48 | differs(lanes8(c, 56))<<56)
	}
}

// eq16 is eq8 with lanes of 16 bits.
func (portable) eq16(codes *[Rows]uint16, v uint16, out *Bits) {
	same := uint64(v) * ones16
	differs := func(x uint64) uint64 { x ^= same; return x&^high16 + (high16 - ones16) | x }
	for w := range out {
		c := (*[64]uint16)(codes[w*64:])
		x := gather16(differs(lanes16(c, 0)), differs(lanes16(c, 4)), differs(lanes16(c, 8)), differs(lanes16(c, 12))) |
			gather16(differs(lanes16(c, 16)), differs(lanes16(c, 20)), differs(lanes16(c, 24)), differs(lanes16(c, 28)))<<16 |
			gather16(differs(lanes16(c, 32)), differs(lanes16(c, 36)), differs(lanes16(c, 40)), differs(lanes16(c, 44)))<<32 |
			gather16(differs(lanes16(c, 48)), differs(lanes16(c, 52)), differs(lanes16(c, 56)), differs(lanes16(c, 60)))<<48
		out[w] |= ^x
	}
}
