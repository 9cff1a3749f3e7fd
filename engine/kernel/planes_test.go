package kernel

import (
	"slices"
	"strconv"
	"testing"
)

// planesOf spreads the codes of a block, as its callers do.
func planesOf(codes *[Rows]uint16, depth int) []uint64 {
	planes := make([]uint64, depth*Words)
	for w := range Words {
		Planes(codes[w*64:][:64], depth, planes[w:])
	}
	return planes
}

func TestPlanesHoldTheBits(t *testing.T) {
	r := random(t)
	for _, codes := range codes16(r) {
		planes := planesOf(codes, 16)
		for k := range 16 {
			same(t, "plane "+strconv.Itoa(k), (*Bits)(planes[k*Words:]), rowsWhere(Rows, func(i int) bool { return codes[i]>>k&1 == 1 }))
		}
		for _, rows := range []int{0, 1, 33, 63, 64} {
			out := slices.Repeat([]uint64{7}, 5*Words)
			Planes(codes[:rows], 5, out)
			for i, x := range out {
				var want uint64 = 7
				if i%Words == 0 {
					want = rowsWhere(rows, func(r int) bool { return codes[r]>>(i/Words)&1 == 1 })[0]
				}
				if x != want {
					t.Fatalf("%d codes: word %d is %x, want %x", rows, i, x, want)
				}
			}
		}
	}
}

func TestComparesPlanes(t *testing.T) {
	r := random(t)
	for depth := 1; depth <= 16; depth++ {
		for _, codes := range codes16(r) {
			for i := range codes {
				codes[i] &= 1<<depth - 1
			}
			planes := planesOf(codes, depth)
			for range 10 {
				bound, out := uint(1+r.IntN(1<<depth)), noise(r)
				bound = min(bound, 1<<depth-1)
				GEPlanes(planes, bound, out)
				same(t, "GEPlanes", out, rowsWhere(Rows, func(i int) bool { return uint(codes[i]) >= bound }))
			}
		}
	}
}

func BenchmarkPlanes(b *testing.B) {
	r := random(b)
	codes, out := codes16(r)[1], new(Bits)
	for _, depth := range []int{2, 6, 12} {
		planes := planesOf(codes, depth)
		k := 0
		perBlock(b, "GE/"+strconv.Itoa(depth), func() {
			k++
			GEPlanes(planes, uint(2*k)&(1<<depth-1)|1, out)
		})
		perBlock(b, "Spread64/"+strconv.Itoa(depth), func() { Planes(codes[:64], depth, planes) })
	}
}
