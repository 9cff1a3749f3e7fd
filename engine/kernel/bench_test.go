package kernel

import (
	"strconv"
	"testing"
)

// perBlock runs f on one block again and again: the figure ns/op is nanoseconds a block.
func perBlock(b *testing.B, name string, f func()) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f()
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	r := random(b)
	out := new(Bits)
	v32, v64 := make([]int32, Rows), make([]int64, Rows)
	for i := range v64 {
		v32[i], v64[i] = int32(r.Uint32()), int64(r.Uint64())
	}
	perBlock(b, "GE32", func() { GE32(v32, 500, out) })
	perBlock(b, "GE64", func() { GE64(v64, 500, out) })
}

func BenchmarkTable(b *testing.B) {
	r := random(b)
	t, n := new(Bits), new(Bits)
	c8, table8 := codes8(r)[1], [256]uint8(answers(r, 256))
	perBlock(b, "8", func() { Table8(c8, &table8, t, n) })
	for _, size := range []int{100, 300, 1500, 60000} {
		table, c16, c32 := answers(r, size), new([Rows]uint16), make([]uint32, Rows)
		for i := range c16 {
			c16[i] = uint16(r.IntN(size))
			c32[i] = uint32(c16[i])
		}
		perBlock(b, "16/"+strconv.Itoa(size), func() { Table16(c16, table, t, n) })
		perBlock(b, "32/"+strconv.Itoa(size), func() { Table32(c32, table, t, n) })
	}
}

func BenchmarkLogic(b *testing.B) {
	r := random(b)
	ts, ns := make([]*Bits, 16), make([]*Bits, 16)
	for i := range ts { // no block ever runs empty
		ts[i], ns[i] = noise(r), new(Bits)
		AndNot(ns[i], noise(r), ts[i])
		ts[i][0] |= 1
		ns[i][0] &^= 1
	}
	t, p := new(Bits), new(Bits)
	for _, many := range []int{1, 2, 4, 9} {
		list := []int32{0, 1, 2, 3, 4, 5, 6, 7, 8}[:many]
		perBlock(b, "Conj/"+strconv.Itoa(many), func() { Conj(t, p, ts, ns, list, nil) })
		perBlock(b, "Any/"+strconv.Itoa(many), func() { Any(t, p, ts, ns, list) })
		perBlock(b, "All/"+strconv.Itoa(many), func() { All(t, p, ts, ns, list) })
	}
	perBlock(b, "Conj/8+1", func() { Conj(t, p, ts, ns, []int32{0, 1, 2, 3, 4, 5, 6, 7}, []int32{8}) })
	few := func(mille int) *Bits {
		b := rowsWhere(Rows, func(int) bool { return r.IntN(1000) < mille })
		return &b
	}
	for i := range ts { // as in practice: the most selective first, a tenth of the facts missing
		ts[i], ns[i] = few(min(20+i*150, 900)), few(100)
		AndNot(ns[i], ns[i], ts[i])
	}
	perBlock(b, "Conj/9real", func() { Conj(t, p, ts, ns, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8}, nil) })
	ts[1], ns[1] = new(Bits), new(Bits)
	perBlock(b, "Conj/9empty", func() { Conj(t, p, ts, ns, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8}, nil) })
}

func BenchmarkBits(b *testing.B) {
	r := random(b)
	x, y, out := noise(r), noise(r), new(Bits)
	perBlock(b, "And", func() { And(out, x, y) })
	perBlock(b, "AndNot", func() { AndNot(out, x, y) })
	perBlock(b, "Or", func() { Or(out, x, y) })
	perBlock(b, "Count", func() { Count(x) })
	perBlock(b, "Empty", func() { Empty(&Bits{Words - 1: 1}) })
	dst := make([]uint16, 0, 2*Rows)
	for _, share := range []int{1, 10, 100, 500, 1000} {
		set := rowsWhere(Rows, func(int) bool { return r.IntN(1000) < share })
		perBlock(b, "Positions/"+strconv.Itoa(share), func() { Positions(dst, &set) })
	}
}
