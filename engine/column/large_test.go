package column

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mianshen/engine/column/decimal"
)

// seeded returns random numbers from a seed that the test prints, or that MIANSHEN_SEED gives.
func seeded(t *testing.T) *rand.Rand {
	seed := time.Now().UnixNano()
	if text := os.Getenv("MIANSHEN_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseInt(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("MIANSHEN_SEED=%d", seed)
	return rand.New(rand.NewSource(seed))
}

// many makes cells of a shape that real columns have: some known, values of some width, origins in runs or mixed.
func many(rnd *rand.Rand, kind Kind, rows int) []cell {
	share, width, pool, run := rnd.Intn(5), uint(rnd.Intn(63)), 1+rnd.Intn(1<<uint(1+rnd.Intn(14))), 1+rnd.Intn(2000)
	scales := 1 + rnd.Intn(3)
	cells := make([]cell, rows)
	from := Origin{Source: "市场监管"}
	for i := range cells {
		if rnd.Intn(run) == 0 {
			from = Origin{Source: "部门" + strconv.Itoa(rnd.Intn(9)), On: int32(rnd.Intn(30)), Delivery: strconv.Itoa(rnd.Intn(3))}
		}
		cells[i].origin = from
		if kind == Nothing || share < 4 && rnd.Intn(4) >= share {
			continue
		}
		cells[i].known = true
		n := rnd.Int63() >> width
		switch kind {
		case Bool:
			cells[i].value = strconv.FormatBool(rnd.Intn(2) == 0)
		case Number:
			cells[i].value = decimal.Text(n, uint8(4*rnd.Intn(scales)))
		case Date:
			cells[i].value = strconv.Itoa(int(int32(n)))
		default:
			cells[i].value = strings.Repeat("值", rnd.Intn(3)) + strconv.Itoa(rnd.Intn(pool))
		}
	}
	return cells
}

// TestLargeColumns does with columns of several chunks what the property tests do with small ones.
func TestLargeColumns(t *testing.T) {
	rnd := seeded(t)
	for range 3 {
		for kind := Nothing; kind <= Records; kind++ {
			t.Run(fmt.Sprint("kind ", kind), func(t *testing.T) {
				rows := rnd.Intn(3*ChunkRows) + 1
				if rnd.Intn(4) == 0 {
					rows = 2 * ChunkRows
				}
				want := many(rnd, kind, rows)
				c := build(kind, want)
				equal(t, "built", c, want)

				joined, err := Join(chunksOf(c), rows)
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "joined", joined, want)
				if !Equal(c, joined) || joined.Scale != c.Scale || !slices.Equal(joined.Dict, c.Dict) || !slices.Equal(joined.Origins, c.Origins) {
					t.Fatal("joined from its chunks, the column has another form")
				}

				picked := make([]int, rnd.Intn(2*rows))
				some := make([]cell, len(picked))
				for i := range picked {
					picked[i] = rnd.Intn(rows)
					some[i] = want[picked[i]]
				}
				g := Gather(c, picked)
				equal(t, "gathered", g, some)

				over := many(rnd, kind, len(picked))
				if err := Overlay(joined, picked, build(kind, over)); err != nil {
					t.Fatal(err)
				}
				for i, r := range picked {
					want[r] = over[i]
				}
				equal(t, "overlaid", joined, want)
				from := rnd.Intn(rows)
				n := min(rnd.Intn(ChunkRows), rows-from)
				if !bytes.Equal(Append(nil, joined, from, n), Append(nil, build(kind, want[from:from+n]), 0, n)) {
					t.Fatal("the same rows have other bytes")
				}
			})
		}
	}
}

func equal(t *testing.T, what string, c *Column, want []cell) {
	t.Helper()
	if err := check(c); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for i, got := range read(c) {
		if got != want[i] {
			t.Fatalf("%s: row %d is %v, not %v", what, i, got, want[i])
		}
	}
	if c.Rows != len(want) {
		t.Fatalf("%s: %d rows, not %d", what, c.Rows, len(want))
	}
}

// TestLongDictionary holds that a few rows of a column with a long dictionary take only their own texts along.
func TestLongDictionary(t *testing.T) {
	b := NewBuilder(Text)
	for i := range 100_000 {
		b.Text([]byte(strconv.Itoa(i)))
	}
	c := b.Take(Origin{})
	g := Gather(c, []int{99_999, 5, 99_999, 50_000})
	if !slices.Equal(g.Dict, []string{"99999", "5", "50000"}) || !slices.Equal(g.Codes, []uint32{0, 1, 0, 2}) {
		t.Fatal(g.Dict, g.Codes)
	}
	part, err := Decode(Append(nil, c, 70_000, 2))
	if err != nil || !slices.Equal(part.Dict, []string{"70000", "70001"}) {
		t.Fatal(err, part)
	}
	again, err := Join(chunksOf(c), c.Rows)
	if err != nil || !Equal(c, again) {
		t.Fatal(err)
	}
}

// TestTakeSharesNothing holds that a builder leaves the columns alone that it gave away.
func TestTakeSharesNothing(t *testing.T) {
	rnd := seeded(t)
	for kind := Bool; kind <= Records; kind++ {
		b := NewBuilder(kind)
		var taken []*Column
		var want [][]cell
		for range 4 {
			want = append(want, many(rnd, kind, 50+rnd.Intn(500)))
			for _, x := range want[len(want)-1] {
				if err := b.From(x.origin); err != nil {
					t.Fatal(err)
				}
				add(b, kind, x)
			}
			taken = append(taken, b.Take(Origin{}))
		}
		for i, c := range taken {
			equal(t, fmt.Sprint("column ", i), c, want[i])
		}
	}
}

// TestBuilderAllocates holds that texts that are known already, and all other values, cost no allocation of their own.
func TestBuilderAllocates(t *testing.T) {
	texts := [][]byte{[]byte("小型"), []byte("微型"), nil}
	text, number := NewBuilder(Text), NewBuilder(Number)
	allocations := testing.AllocsPerRun(20, func() {
		for i := range 10_000 {
			text.Text(texts[i%3])
			number.Number(int64(i), 0)
		}
		text.Take(Origin{})
		number.Take(Origin{})
	})
	if allocations > 60 {
		t.Fatalf("%v allocations for 20,000 values", allocations)
	}
}

// TestJoinScales holds that chunks of different scales, and chunks of which nothing is known, make one column.
func TestJoinScales(t *testing.T) {
	whole, fine, nothing := NewBuilder(Number), NewBuilder(Number), NewBuilder(Nothing)
	for i := range ChunkRows {
		whole.Number(int64(i)<<48, 0)
		fine.Number(int64(i), 3)
		nothing.Missing()
	}
	chunks := [][]byte{
		Append(nil, nothing.Take(Origin{Reason: "未交"}), 0, ChunkRows),
		Append(nil, whole.Take(Origin{Source: "a"}), 0, ChunkRows),
		Append(nil, fine.Take(Origin{Source: "b"}), 0, ChunkRows),
	}
	c, err := Join(chunks, 3*ChunkRows)
	if err != nil {
		t.Fatal(err)
	}
	if err := check(c); err != nil || c.Scale != 3 || len(c.Odd) == 0 {
		t.Fatalf("%v, scale %d, %d odd", err, c.Scale, len(c.Odd))
	}
	for i, x := range read(c)[ChunkRows:] {
		want := cell{true, decimal.Text(int64(i)<<48, 0), Origin{Source: "a"}}
		if i >= ChunkRows {
			want = cell{true, decimal.Text(int64(i-ChunkRows), 3), Origin{Source: "b"}}
		}
		if x != want {
			t.Fatalf("row %d is %v, not %v", i, x, want)
		}
	}
	if c.Origin(0) != (Origin{Reason: "未交"}) || c.IsKnown(0) {
		t.Fatalf("row 0: %v", c.Origin(0))
	}
	if first, err := Join(chunks[1:2], ChunkRows); err != nil || first.Scale != 0 || len(first.Odd) > 0 {
		t.Fatalf("%v, %+v", err, first)
	}
}

// TestManyOrigins holds that the last place is usable, that one origin too many is an error, and that it changes nothing.
func TestManyOrigins(t *testing.T) {
	b := NewBuilder(Bool)
	for i := range MaxOrigins - 1 {
		if err := b.From(Origin{On: int32(i + 1)}); err != nil {
			t.Fatal(i, err)
		}
		b.Bool(true)
	}
	if err := b.From(Origin{Source: "one more"}); !errors.Is(err, ErrOrigins) {
		t.Fatal(err)
	}
	c := b.Take(Origin{})
	if err := Extend(c, 100); err != nil || len(c.Origins) != MaxOrigins || c.Origin(c.Rows-1) != (Origin{}) {
		t.Fatal(err, len(c.Origins))
	}
	before, err := Join(chunksOf(c), c.Rows)
	if err != nil || !Equal(c, before) {
		t.Fatal(err)
	}
	b.Bool(false)
	full := b.Take(Origin{Source: "one more"})
	if err := Overlay(c, []int{5}, full); !errors.Is(err, ErrOrigins) {
		t.Fatal(err)
	}
	if !Equal(c, before) || len(c.Origins) != MaxOrigins {
		t.Fatal("changed by an error")
	}
	c.Origins[MaxOrigins-1].Source = "not zero"
	if err := Extend(c, 1); !errors.Is(err, ErrOrigins) || c.Rows != before.Rows {
		t.Fatal(err)
	}
	full.Rows, full.Known, full.Bits, full.From, full.Origins = c.Rows, c.Known, c.Bits, nil, full.Origins[:1]
	chunks := append(chunksOf(Gather(full, everyRow(7*ChunkRows))), chunksOf(Gather(c, everyRow(c.Rows)))...)
	if _, err := Join(chunks, 7*ChunkRows+c.Rows); !errors.Is(err, ErrOrigins) {
		t.Fatal(err)
	}
}

func everyRow(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}
