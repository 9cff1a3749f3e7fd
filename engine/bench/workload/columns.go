package workload

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"mianshen/engine/column"
)

// drawn is how many enterprises are drawn from one seed, so that columns are the same whoever draws them and however long.
const drawn = 8192

// Columns draws all fields of so many enterprises, in the order of Fields, on so many processors.
func (w *World) Columns(rows, workers int) []*column.Column {
	out := make([]*column.Column, len(w.Fields))
	next := make(chan int)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := range next {
				out[i] = w.column(i, rows)
			}
		})
	}
	for i := range out {
		next <- i
	}
	close(next)
	wait.Wait()
	return out
}

// column draws one field.
func (w *World) column(i, rows int) *column.Column {
	c, codes := w.blank(i, rows)
	for from := 0; from < rows; from += drawn {
		d := w.dice(i, from/drawn)
		for row := from; row < min(from+drawn, rows); row++ {
			v, known := d.draw()
			if !known {
				continue
			}
			c.Known[row>>6] |= 1 << (uint(row) & 63)
			put(c, codes, row, v)
		}
	}
	if c.Codes != nil {
		c.Dict = codes.dict()
	}
	return c
}

// blank is a column of the field in which nothing is known yet, and the coder of its texts.
func (w *World) blank(i, rows int) (*column.Column, *coder) {
	f := w.Fields[i]
	c := &column.Column{Rows: rows, Known: make([]uint64, column.Words(rows)), Origins: []column.Origin{{Source: Source}}}
	switch f.Kind {
	case Money, Count, Percent:
		c.Kind, c.Ints = column.Number, make([]int64, rows)
		if f.Kind == Percent {
			c.Scale = 4
		}
	case Day:
		c.Kind, c.Days = column.Date, make([]int32, rows)
	case Enum:
		c.Kind, c.Codes = column.Text, make([]uint32, rows)
	case Flag:
		c.Kind, c.Bits = column.Bool, make([]uint64, column.Words(rows))
	case Tags:
		c.Kind, c.Codes = column.Set, make([]uint32, rows)
	}
	return c, &coder{f: f, index: map[uint64]uint32{}}
}

func put(c *column.Column, codes *coder, row int, v uint64) {
	switch c.Kind {
	case column.Number:
		c.Ints[row] = int64(v)
	case column.Date:
		c.Days[row] = int32(v)
	case column.Bool:
		c.Bits[row>>6] |= v << (uint(row) & 63)
	default:
		c.Codes[row] = codes.code(v)
	}
}

// coder numbers the values of a text or set column in order of first use.
type coder struct {
	f     *Field
	index map[uint64]uint32
	texts []string
}

func (c *coder) code(v uint64) uint32 {
	code, ok := c.index[v]
	if !ok {
		code = uint32(len(c.texts))
		c.index[v] = code
		c.texts = append(c.texts, c.f.text(v))
	}
	return code
}

func (c *coder) dict() []string {
	if len(c.texts) == 0 {
		return []string{""}
	}
	return c.texts
}

// text is the value in a column's dictionary.
func (f *Field) text(v uint64) string {
	if f.Kind == Enum {
		return f.Values[v]
	}
	var b strings.Builder
	for ; v != 0; v &= v - 1 {
		b.WriteString(f.Values[bits.TrailingZeros64(v)] + "\n")
	}
	return b.String()
}

// View reads a column as whole numbers in the unit of the field's Kind. It may be used by many goroutines.
type View struct {
	Field *Field
	c     *column.Column
	codes []uint64
}

// NewView prepares the reading of a column of the field.
func NewView(f *Field, c *column.Column) *View {
	v := &View{Field: f, c: c, codes: make([]uint64, len(c.Dict))}
	for i, text := range c.Dict {
		v.codes[i] = f.value(text)
	}
	return v
}

// NewViews prepares all columns, in the order of Fields.
func (w *World) NewViews(cols []*column.Column) []*View {
	out := make([]*View, len(cols))
	for i, c := range cols {
		out[i] = NewView(w.Fields[i], c)
	}
	return out
}

// At is the value of a row, 0 where it isn't known.
func (v *View) At(row int) (value uint64, known bool) {
	if !v.c.IsKnown(row) {
		return 0, false
	}
	switch v.c.Kind {
	case column.Number:
		return uint64(v.c.Ints[row]), true
	case column.Date:
		return uint64(v.c.Days[row]), true
	case column.Bool:
		return v.c.Bits[row>>6] >> (uint(row) & 63) & 1, true
	}
	return v.codes[v.c.Codes[row]], true
}

// value is the inverse of text. Values end in their index; members of sets are sorted by it.
func (f *Field) value(text string) uint64 {
	if f.Kind == Enum {
		return uint64(indexOf(text))
	}
	var v uint64
	for member := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if member != "" {
			v |= 1 << indexOf(member)
		}
	}
	return v
}

func indexOf(text string) int {
	n := 0
	for _, digit := range text[max(0, len(text)-4):] {
		n = n*10 + int(digit-'0')
	}
	return n
}

// dice draws the values of one field for one run of enterprises.
type dice struct {
	*rand.Rand
	f     *Field
	place int // of province 0, city 1, district 2; else -1
	where *rand.Rand
}

func (w *World) dice(field, run int) *dice {
	d := &dice{Rand: rand.New(rand.NewPCG(uint64(field)+100, uint64(run))), f: w.Fields[field], place: -1}
	if i := field - places; i >= 0 && i < 3 {
		d.place, d.where = i, rand.New(rand.NewPCG(1, uint64(run)))
	}
	return d
}

// draw gives the next value.
func (d *dice) draw() (v uint64, known bool) {
	district := 0
	if d.place >= 0 {
		district = skewed(d.where, cardinalities[2])
	}
	if d.Float64() < d.f.Missing {
		return 0, false
	}
	switch d.f.Kind {
	case Money, Count, Percent:
		return uint64(math.Exp(d.f.mean + d.f.spread*d.NormFloat64())), true
	case Day:
		year := 2000 + int(27*math.Sqrt(d.Float64()))
		return uint64(day(year, 1+d.IntN(12), 1+d.IntN(28))), true
	case Flag:
		if d.Float64() < d.f.mean {
			return 1, true
		}
		return 0, true
	case Tags:
		for range d.IntN(5) {
			v |= 1 << skewed(d.Rand, members)
		}
		return v, true
	}
	if d.place >= 0 {
		return uint64(district * cardinalities[d.place] / cardinalities[2]), true
	}
	return uint64(skewed(d.Rand, len(d.f.Values))), true
}

// RawBytes is the size of the columns as plain arrays: what encoding is measured against.
func RawBytes(cols []*column.Column) int64 {
	var n int64
	for _, c := range cols {
		n += 8*int64(len(c.Known)+len(c.Bits)+len(c.Ints)) + 4*int64(len(c.Days)+len(c.Codes))
		for _, text := range c.Dict {
			n += int64(len(text)) + 16
		}
	}
	return n
}

// Head is the first rows of the columns, sharing their values.
func Head(cols []*column.Column, rows int) []*column.Column {
	out := make([]*column.Column, len(cols))
	for i, c := range cols {
		h := *c
		h.Rows = rows
		h.Known, h.Bits = headBits(c.Known, rows), headBits(c.Bits, rows)
		h.Ints, h.Days, h.Codes = headOf(c.Ints, rows), headOf(c.Days, rows), headOf(c.Codes, rows)
		out[i] = &h
	}
	return out
}

func headOf[T any](s []T, rows int) []T {
	if s == nil {
		return nil
	}
	return s[:rows:rows]
}

func headBits(words []uint64, rows int) []uint64 {
	if words == nil {
		return nil
	}
	out := slices.Clone(words[:column.Words(rows)])
	if tail := uint(rows) & 63; tail != 0 {
		out[len(out)-1] &= 1<<tail - 1
	}
	return out
}

// Same holds all rows of other against those of v; row is the first that differs.
func (v *View) Same(other *View) (row int, same bool) {
	for row := range other.c.Rows {
		a, known := v.At(row)
		b, alsoKnown := other.At(row)
		if known != alsoKnown || known && v.number(a) != other.number(b) {
			return row, false
		}
	}
	return 0, true
}

// number is a number with four decimals at most, whatever the scale of its column.
func (v *View) number(n uint64) uint64 {
	if v.c.Kind == column.Number {
		for range 4 - v.c.Scale {
			n *= 10
		}
	}
	return n
}
