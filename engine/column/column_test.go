package column

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"mianshen/engine/column/decimal"
)

// cell is a row as a test thinks of it: value is "" when the row isn't known, otherwise the value as text.
type cell struct {
	known  bool
	value  string
	origin Origin
}

// build makes a column of cells through a Builder.
func build(kind Kind, cells []cell) *Column {
	b := NewBuilder(kind)
	for _, x := range cells {
		if err := b.From(x.origin); err != nil {
			panic(err)
		}
		add(b, kind, x)
	}
	return b.Take(Origin{Source: "unused"})
}

func add(b *Builder, kind Kind, x cell) {
	switch {
	case !x.known:
		b.Missing()
	case kind == Bool:
		b.Bool(x.value == "true")
	case kind == Number:
		if err := b.Exact(x.value); err != nil {
			panic(err)
		}
	case kind == Date:
		n, _ := strconv.Atoi(x.value)
		b.Day(int32(n))
	default:
		b.Text([]byte(x.value))
	}
}

// read is the inverse of build.
func read(c *Column) []cell {
	cells := make([]cell, c.Rows)
	for i := range cells {
		cells[i] = cell{known: c.IsKnown(i), origin: c.Origin(i)}
		if !c.IsKnown(i) {
			continue
		}
		switch c.Kind {
		case Bool:
			cells[i].value = strconv.FormatBool(c.IsTrue(i))
		case Number:
			n, scale, odd := c.Exact(i)
			cells[i].value = odd
			if odd == "" {
				cells[i].value = decimal.Text(n, scale)
			}
		case Date:
			cells[i].value = strconv.Itoa(int(c.Days[i]))
		default:
			cells[i].value = c.Dict[c.Codes[i]]
		}
	}
	return cells
}

// check fails when a column breaks what the comment on Column promises.
func check(c *Column) error {
	words := Words(c.Rows)
	lengths := map[Kind]int{Bool: len(c.Bits), Number: len(c.Ints), Date: len(c.Days)}
	want := c.Rows
	if c.Kind == Bool {
		want = words
	}
	if n, ok := lengths[c.Kind]; ok && n != want || isCoded(c.Kind) && len(c.Codes) != want || len(c.Known) != words {
		return fmt.Errorf("lengths of kind %d", c.Kind)
	}
	for i := c.Rows; i < 64*words; i++ {
		if c.IsKnown(i) || c.Kind == Bool && c.IsTrue(i) {
			return errors.New("a bit past the rows")
		}
	}
	if c.Rows > 0 && len(c.Origins) == 0 || c.From != nil && len(c.From) != c.Rows {
		return errors.New("origins")
	}
	for row := range c.Odd {
		if !c.IsKnown(row) || c.Ints[row] != 0 {
			return errors.New("an odd row")
		}
	}
	if isCoded(c.Kind) && (len(c.Dict) == 0 && c.Rows > 0 || len(slices.Compact(slices.Sorted(slices.Values(c.Dict)))) != len(c.Dict)) {
		return errors.New("dictionary")
	}
	for i := range c.Rows {
		if c.IsKnown(i) {
			continue
		}
		if c.Kind == Bool && c.IsTrue(i) || c.Kind == Number && c.Ints[i] != 0 || c.Kind == Date && c.Days[i] != 0 ||
			isCoded(c.Kind) && c.Codes[i] != 0 || c.Kind == Nothing && c.IsKnown(i) {
			return errors.New("a value in an unknown row")
		}
	}
	return nil
}

func same(t *rapid.T, c *Column, want []cell) {
	t.Helper()
	if err := check(c); err != nil {
		t.Fatalf("%v in %+v", err, c)
	}
	got := read(c)
	if !slices.Equal(got, want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

var kinds = rapid.SampledFrom([]Kind{Nothing, Bool, Number, Date, Text, Set, Records})

var numbers = rapid.OneOf(
	rapid.Map(rapid.IntRange(-300, 300), strconv.Itoa),
	rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }),
	rapid.SampledFrom([]string{
		"4611686018427387904", "4611686018427387905", "-4611686018427387904", "1/3", "-2/7", "1/1000000000000",
		"1/10000000000000", "123456789012345678901234567890", "461168601842738790/1", "5/2", "1/8", "922337203685477580800/100",
	}),
	rapid.Custom(func(t *rapid.T) string {
		d := decimal.Pow10(rapid.Uint8Range(0, 14).Draw(t, "scale"))
		return new(big.Rat).SetFrac64(rapid.Int64().Draw(t, "n"), d).RatString()
	}),
)

var origins = rapid.SampledFrom([]Origin{
	{}, {Source: "税务"}, {Source: "税务", On: 20000, Delivery: "d1"}, {Source: "社保", On: -5, Reason: "未报"}, {Reason: "过期"},
})

func cells(t *rapid.T, kind Kind, least, most int) []cell {
	values := map[Kind]*rapid.Generator[string]{
		Bool: rapid.SampledFrom([]string{"true", "false"}), Number: numbers,
		Date: rapid.Map(rapid.Int32(), func(n int32) string { return strconv.Itoa(int(n)) }),
		Text: rapid.StringN(0, 3, 12), Set: rapid.SampledFrom([]string{"", "a\n", "a\nb\n"}), Records: rapid.StringN(0, 20, 60),
	}
	share := rapid.IntRange(0, 10).Draw(t, "share known")
	one := rapid.Custom(func(t *rapid.T) cell {
		x := cell{origin: origins.Draw(t, "origin")}
		if kind == Nothing || rapid.IntRange(0, 9).Draw(t, "known") >= share {
			return x
		}
		x.known, x.value = true, values[kind].Draw(t, "value")
		if kind == Number {
			r, _ := new(big.Rat).SetString(x.value)
			x.value = r.RatString()
		}
		return x
	})
	return rapid.SliceOfN(one, least, most).Draw(t, "cells")
}

func TestBuilderAndChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds.Draw(t, "kind")
		want := cells(t, kind, 0, 300)
		c := build(kind, want)
		same(t, c, want)

		from := rapid.IntRange(0, len(want)).Draw(t, "from")
		rows := rapid.IntRange(0, len(want)-from).Draw(t, "rows")
		data := Append([]byte("before"), c, from, rows)[len("before"):]
		part, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		same(t, part, want[from:from+rows])
		again := Append(nil, build(kind, want[from:from+rows]), 0, rows)
		if !bytes.Equal(data, again) || !bytes.Equal(data, Append(nil, part, 0, rows)) {
			t.Fatal("the same content has other bytes")
		}
		if !Equal(part, build(kind, want[from:from+rows])) {
			t.Fatal("not Equal")
		}
	})
}

// TestCanonical holds that neither order nor history shows in a column's Scale and Odd.
func TestCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := cells(t, Number, 1, 30)
		c := build(Number, want)
		shuffled := rapid.Permutation(want).Draw(t, "shuffled")
		other := build(Number, shuffled)
		if c.Scale != other.Scale || len(c.Odd) != len(other.Odd) {
			t.Fatalf("scale %d and %d, odd %v and %v", c.Scale, other.Scale, c.Odd, other.Odd)
		}
		b := NewBuilder(Number)
		for _, x := range want { // the same values with useless zeros
			n, scale, odd, err := decimal.Parse(x.value)
			by := rapid.Uint8Range(0, 6).Draw(t, "zeros")
			m, fits := decimal.Raised(n, by)
			if err != nil || odd != "" || !fits {
				add(b, Number, x)
				continue
			}
			b.Number(m, scale+by)
		}
		padded := b.Take(Origin{})
		if c.Scale != padded.Scale || !maps.Equal(c.Odd, padded.Odd) || !slices.Equal(c.Ints, padded.Ints) {
			t.Fatalf("padded: scale %d and %d, odd %v and %v", c.Scale, padded.Scale, c.Odd, padded.Odd)
		}
	})
}

func TestGather(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds.Draw(t, "kind")
		source := cells(t, kind, 1, 150)
		rows := rapid.SliceOfN(rapid.IntRange(0, len(source)-1), 0, 200).Draw(t, "rows")
		want := make([]cell, len(rows))
		for i, r := range rows {
			want[i] = source[r]
		}
		c := build(kind, source)
		g := Gather(c, rows)
		same(t, g, want)
		same(t, c, source)
		built := build(kind, want)
		if g.Scale != built.Scale || !slices.Equal(g.Dict, built.Dict) || !slices.Equal(g.Origins, built.Origins) {
			t.Fatalf("not compact: %+v, built %+v", g, built)
		}
	})
}

func TestOverlay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, over := kinds.Draw(t, "kind"), kinds.Draw(t, "kind of patch")
		want := cells(t, kind, 0, 100)
		c := build(kind, want)
		before := slices.Clone(want)
		for range rapid.IntRange(1, 3).Draw(t, "patches") {
			patch := cells(t, over, 0, 40)
			rows := make([]int, len(patch))
			end := len(want)
			for i := range rows {
				rows[i] = rapid.IntRange(0, end).Draw(t, "row")
				end = max(end, rows[i]+1)
			}
			err := Overlay(c, rows, build(over, patch))
			if kind != over && kind != Nothing && over != Nothing {
				if !errors.Is(err, ErrKind) {
					t.Fatal(err)
				}
				same(t, c, before)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range rows {
				want = append(want[:r:r], append([]cell{patch[i]}, want[min(r+1, len(want)):]...)...)
			}
			kind = max(kind, over)
		}
		same(t, c, want)
		built := build(kind, want)
		if !Equal(c, built) || c.Scale != built.Scale || !maps.Equal(c.Odd, built.Odd) {
			t.Fatalf("%+v differs from %+v", c, built)
		}
		if more := rapid.IntRange(0, 70).Draw(t, "more"); more > 0 {
			if err := Extend(c, more); err != nil {
				t.Fatal(err)
			}
			same(t, c, append(want, make([]cell, more)...))
		}
	})
}

// TestEqual holds that Equal sees each single change and nothing else.
func TestEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds.Draw(t, "kind")
		one := cells(t, kind, 1, 20)
		other := slices.Clone(one)
		at := rapid.IntRange(0, len(one)-1).Draw(t, "at")
		other[at] = cells(t, kind, 1, 1)[0]
		if got := Equal(build(kind, one), build(kind, other)); got != slices.Equal(one, other) {
			t.Fatalf("Equal says %v of %v and %v", got, one[at], other[at])
		}
	})
}
