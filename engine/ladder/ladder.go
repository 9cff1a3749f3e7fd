// Package ladder ranks values by bounds: the inner loop of encoding columns for a plan.
package ladder

import (
	"math"
	"slices"
)

// Ladder tells how many of some ascending bounds a value reaches. A binary search takes a branch for each halving that no
// processor foresees; here values and bounds fall into slots, the leading bits of their distance from the least bound as a
// floating-point number, which keep the order, are narrow where bounds of money usually are close, and cost no branch: what lies in
// a lower slot is reached, and only the few bounds of the same slot are compared.
type Ladder struct {
	bounds []int64  // ascending, and after them as many that no value reaches as the comparisons may look at
	first  []uint16 // by slot: how many bounds lie in lower ones; nil where bounds are searched
	low    int64    // below every bound: all values up to it are alike
	high   int64    // the greatest bound: all values from it on are alike
	shared int      // how many bounds a slot has at most
}

const (
	fraction   = 6       // how many bits after the leading one tell slots apart
	mostShared = 6       // up to how many bounds in one slot are compared one after the other
	farthest   = 1 << 61 // how far from zero bounds may lie so that distances don't overflow
)

// New makes a ladder of ascending, distinct bounds, fewer than 65,000.
func New(bounds []int64) *Ladder {
	n := len(bounds)
	l := &Ladder{bounds: bounds}
	if n == 0 || bounds[0] < -farthest || bounds[n-1] > farthest {
		return l
	}
	l.low, l.high = bounds[0]-1, bounds[n-1]
	counts := make([]uint16, l.slot(l.high)+1)
	for _, b := range bounds {
		at := l.slot(b)
		counts[at]++
		l.shared = max(l.shared, int(counts[at]))
	}
	if l.shared > mostShared {
		return l
	}
	below := uint16(0)
	for i, c := range counts {
		counts[i] = below
		below += c
	}
	l.first, l.bounds = counts, slices.Clone(bounds)
	for range l.shared {
		l.bounds = append(l.bounds, math.MaxInt64)
	}
	return l
}

// slot is where a value lies that is neither below low nor above high.
func (l *Ladder) slot(v int64) uint64 {
	const one = 1023 << fraction // slot of the distance 1
	return math.Float64bits(float64(v-l.low+1))>>(52-fraction) - one
}

// Ranks sets out to how many bounds are not above each value, of which there are up to 64.
func Ranks[T int32 | int64](l *Ladder, values []T, out *[64]uint16) {
	if l.first == nil {
		for i, v := range values {
			out[i&63] = l.search(int64(v))
		}
		return
	}
	for i, v := range values {
		out[i&63] = l.first[l.slot(min(max(int64(v), l.low), l.high))]
	}
	for range l.shared {
		for i, v := range values {
			more := uint16(0)
			if l.bounds[out[i&63]] <= min(int64(v), l.high) {
				more = 1
			}
			out[i&63] += more
		}
	}
}

// search is how many bounds are not above v.
func (l *Ladder) search(v int64) uint16 {
	low, n := 0, len(l.bounds)
	for n > 0 {
		half := n >> 1
		if l.bounds[low+half] <= v {
			low += half + 1
			n -= half + 1
			continue
		}
		n = half
	}
	return uint16(low)
}
