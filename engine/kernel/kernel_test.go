package kernel

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// random gives numbers from a seed that a failing test prints; MIANSHEN_SEED repeats it.
func random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("MIANSHEN_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("MIANSHEN_SEED: %v", err)
		}
	}
	t.Logf("MIANSHEN_SEED=%d, SIMD %v", seed, SIMD())
	return rand.New(rand.NewPCG(seed, seed))
}

// rowsWhere is the bitmap that every comparison is held against, one row at a time.
func rowsWhere(rows int, holds func(row int) bool) Bits {
	var b Bits
	for i := range rows {
		if holds(i) {
			b[i/64] |= 1 << (i % 64)
		}
	}
	return b
}

// has tells whether a row is in a bitmap.
func has(b *Bits, row int) bool { return b[row/64]>>(row%64)&1 == 1 }

// noise is a bitmap that holds anything, since results must be written completely.
func noise(r *rand.Rand) *Bits {
	var b Bits
	for w := range b {
		b[w] = r.Uint64()
	}
	return &b
}

// same fails unless two bitmaps are equal.
func same(t *testing.T, what string, got *Bits, want Bits) {
	t.Helper()
	if *got == want {
		return
	}
	for i := range Rows {
		if has(got, i) != has(&want, i) {
			t.Fatalf("%s: row %d is %v, want %v", what, i, has(got, i), has(&want, i))
		}
	}
}

// codes8 are blocks of 8-bit codes: all codes in turn, random, few, the ends, one alone.
func codes8(r *rand.Rand) []*[Rows]uint8 {
	blocks := make([]*[Rows]uint8, 6)
	for k := range blocks {
		blocks[k] = new([Rows]uint8)
		for i := range blocks[k] {
			blocks[k][i] = []uint8{uint8(i), uint8(r.Uint32()), uint8(r.IntN(3)), uint8(-r.IntN(2)), 0x7f + uint8(r.IntN(2)), 0xff}[k]
		}
	}
	return blocks
}

// codes16 are blocks of 16-bit codes with the same ends.
func codes16(r *rand.Rand) []*[Rows]uint16 {
	blocks := make([]*[Rows]uint16, 6)
	for k := range blocks {
		blocks[k] = new([Rows]uint16)
		for i := range blocks[k] {
			blocks[k][i] = []uint16{uint16(i * 16), uint16(r.Uint32()), uint16(r.IntN(300)), uint16(-r.IntN(2)), 0x7fff + uint16(r.IntN(2)), 0xffff}[k]
		}
	}
	return blocks
}

// lengths are the tails of a last block.
func lengths(r *rand.Rand) []int {
	return []int{0, 1, 31, 32, 33, 63, 64, 65, 127, 128, Rows - 65, Rows - 64, Rows - 1, Rows, r.IntN(Rows), r.IntN(Rows)}
}

func TestComparesValuesAndTails(t *testing.T) {
	r := random(t)
	ends := []int64{-1 << 63, -1<<63 + 1, -1 << 32, -1 << 31, -2, -1, 0, 1, 2, 1<<31 - 1, 1 << 31, 1 << 32, 1<<63 - 2, 1<<63 - 1}
	pick := func() int64 {
		if r.IntN(2) == 0 {
			return ends[r.IntN(len(ends))]
		}
		return int64(r.Uint64()) >> r.IntN(64)
	}
	for _, n := range lengths(r) {
		wide, narrow := make([]int64, n), make([]int32, n)
		for i := range wide {
			wide[i], narrow[i] = pick(), int32(pick())
		}
		for range 8 {
			bound, out := pick(), noise(r)
			GE64(wide, bound, out)
			same(t, "GE64", out, rowsWhere(n, func(i int) bool { return wide[i] >= bound }))
			low := int32(bound)
			GE32(narrow, low, out)
			same(t, "GE32", out, rowsWhere(n, func(i int) bool { return narrow[i] >= low }))
		}
	}
}

// answers is a table of random answers, most of them of one kind.
func answers(r *rand.Rand, size int) []uint8 {
	table := make([]uint8, size)
	most := uint8(r.IntN(3))
	for c := range table {
		table[c] = most
		if r.IntN(4) == 0 {
			table[c] = uint8(r.IntN(3))
		}
	}
	return table
}

func TestLooksUp(t *testing.T) {
	r := random(t)
	for _, codes := range codes8(r) {
		table := [256]uint8(answers(r, 256))
		y, n := noise(r), noise(r)
		Table8(codes, &table, y, n)
		same(t, "Table8 t", y, rowsWhere(Rows, func(i int) bool { return table[codes[i]] == True }))
		same(t, "Table8 n", n, rowsWhere(Rows, func(i int) bool { return table[codes[i]] == Unknown }))
	}
	for _, size := range []int{1, 2, 31, 64, 255, 256, 257, 1000, 1023, 1024, 1025, 1500, 2047, 2048, 2049, 5000, 65536} {
		table, codes := answers(r, size), new([Rows]uint16)
		for i := range codes {
			codes[i] = uint16(r.IntN(size))
		}
		codes[r.IntN(Rows)] = uint16(size - 1)
		y, n := noise(r), noise(r)
		Table16(codes, table, y, n)
		same(t, "Table16 t", y, rowsWhere(Rows, func(i int) bool { return table[codes[i]] == True }))
		same(t, "Table16 n", n, rowsWhere(Rows, func(i int) bool { return table[codes[i]] == Unknown }))
	}
	for _, rows := range lengths(r) {
		table, codes := answers(r, []int{1, 9, 256, 257, 2000, 2048, 2049, 70000}[r.IntN(8)]), make([]uint32, rows)
		for i := range codes {
			codes[i] = uint32(r.IntN(len(table)))
		}
		y, n := noise(r), noise(r)
		Table32(codes, table, y, n)
		same(t, "Table32 t", y, rowsWhere(rows, func(i int) bool { return table[codes[i]] == True }))
		same(t, "Table32 n", n, rowsWhere(rows, func(i int) bool { return table[codes[i]] == Unknown }))
	}
}

// A code that the table does not know must not pass as an answer.
func TestRefusesCodesPastTheTable(t *testing.T) {
	for _, size := range []int{0, 1, 7, 300, 1024, 1025, 2048, 3000} {
		for _, row := range []int{0, 31, 63, 64, 2000, Rows - 1} {
			if size == 0 && row > 0 {
				continue
			}
			var codes [Rows]uint16
			codes[row] = uint16(size)
			mustPanic(t, func() { Table16(&codes, make([]uint8, size), new(Bits), new(Bits)) })
			mustPanic(t, func() { Table32([]uint32{uint32(size)}, make([]uint8, size), new(Bits), new(Bits)) })
		}
	}
}

// mustPanic fails if f returns.
func mustPanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	f()
}

func TestPositionsAndSets(t *testing.T) {
	r := random(t)
	for _, a := range append(samples(r), new(Bits)) {
		var want []uint16
		for i := range Rows {
			if has(a, i) {
				want = append(want, uint16(i))
			}
		}
		if got := Positions(nil, a); !slices.Equal(got, want) {
			t.Fatalf("Positions: got %d rows, want %d", len(got), len(want))
		}
		got := Positions(append(make([]uint16, 0, 2*Rows), 7, 7), a)
		if !slices.Equal(got, append([]uint16{7, 7}, want...)) {
			t.Fatal("Positions does not append")
		}
		for i, past := range got[len(got):cap(got)] {
			if i >= Rows && past != 0 {
				t.Fatal("Positions wrote far past its result")
			}
		}
		if Count(a) != len(want) || Empty(a) != (len(want) == 0) {
			t.Fatalf("Count %d, Empty %v, want %d rows", Count(a), Empty(a), len(want))
		}
		b, out := noise(r), noise(r)
		And(out, a, b)
		same(t, "And", out, rowsWhere(Rows, func(i int) bool { return has(a, i) && has(b, i) }))
		Or(out, a, b)
		same(t, "Or", out, rowsWhere(Rows, func(i int) bool { return has(a, i) || has(b, i) }))
		AndNot(out, a, b)
		same(t, "AndNot", out, rowsWhere(Rows, func(i int) bool { return has(a, i) && !has(b, i) }))
		AndNot(b, a, b)
		same(t, "AndNot in place", b, *out)
	}
}

// samples are bitmaps from nearly empty to full, and one row alone in each word's ends.
func samples(r *rand.Rand) []*Bits {
	list := []*Bits{{0: 1}, {Words - 1: 1 << 63}, {7: 1<<63 | 1}, noise(r)}
	for _, share := range []int{1, 5, 40, 500, 900, 990, 1000} {
		b := rowsWhere(Rows, func(int) bool { return r.IntN(1000) < share })
		list = append(list, &b)
	}
	return list
}

// A caller's bitmaps stay on its stack, and nothing is allocated for rows that fit.
func TestAllocatesNothing(t *testing.T) {
	dst := make([]uint16, 0, Rows)
	allocations := testing.AllocsPerRun(10, func() {
		var codes [Rows]uint8
		var wide [Rows]uint16
		var table [256]uint8
		var a, b, c, d Bits
		table[0] = Unknown
		GE64(make([]int64, 100), 3, &b)
		Table8(&codes, &table, &a, &b)
		Table16(&wide, table[:], &a, &b)
		Table32(make([]uint32, 100), table[:], &a, &b)
		ts, ns := [1]*Bits{&a}, [1]*Bits{&b}
		Conj(&c, &d, ts[:], ns[:], []int32{0}, nil)
		Any(&c, &d, ts[:], ns[:], []int32{1})
		All(&c, &d, ts[:], ns[:], []int32{1})
		Or(&c, &c, &d)
		dst = Positions(dst[:0], &c)
	})
	if allocations != 0 {
		t.Errorf("%v allocations a run", allocations)
	}
}
