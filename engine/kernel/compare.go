package kernel

import "math/bits"

// portable are the loops in plain Go. It compares several codes at once inside a 64-bit word, each in a lane of its own.
type portable struct{}

// wide tells that these loops do not run on wide registers.
func (portable) wide() bool { return false }

// high16 are the highest bits of lanes of 16 bits.
const high16 = 0x8000800080008000

// gather16 collects the highest bits of 16 lanes of 16 bits in the lowest 16 bits: one multiplication moves those of four words
// to the top, where those of the first word come lowest. No two products of the multiplication meet in one bit, so nothing is carried.
func gather16(a, b, c, d uint64) uint64 {
	return (a&high16>>12 | b&high16>>8 | c&high16>>4 | d&high16) * (1<<45 | 1<<30 | 1<<15 | 1) >> 48
}

// lanes16 reads four codes as the lanes of a word.
func lanes16(c *[64]uint16, i int) uint64 {
	return uint64(c[i]) | uint64(c[i+1])<<16 | uint64(c[i+2])<<32 | uint64(c[i+3])<<48
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
