package column

import (
	"errors"
	"fmt"

	"mianshen/engine/column/decimal"
	"mianshen/engine/column/intern"
)

// MaxOrigins is how many origins a column may have.
const MaxOrigins = 65_535

// ErrOrigins is the error of a column that would have more than MaxOrigins origins.
var ErrOrigins = errors.New("column: more than 65535 origins")

// Builder makes a column row by row: each of Missing, Bool, Number, Exact, Date, Text adds one. A method of another kind than
// the builder's panics. A Builder must not be used by two goroutines at once.
type Builder struct {
	col     Column
	texts   *intern.Table
	spans   []span
	origins []Origin
	index   map[Origin]uint16
}

// span says that rows from start on, up to the next span, have origin at of the builder.
type span struct {
	start int
	at    uint16
}

// NewBuilder returns a builder of columns of a kind. One of kind Nothing takes only Missing.
func NewBuilder(kind Kind) *Builder {
	b := &Builder{col: Column{Kind: kind}}
	if isCoded(kind) {
		b.texts = intern.New()
	}
	return b
}

// isCoded reports whether a column of this kind has Codes and Dict.
func isCoded(kind Kind) bool { return kind == Text || kind == Set || kind == Records }

// Len is how many rows were added since the last Take.
func (b *Builder) Len() int { return b.col.Rows }

// Missing adds a row of which nothing is known.
func (b *Builder) Missing() {
	switch b.col.Kind {
	case Number:
		b.col.Ints = append(b.col.Ints, 0)
	case Date:
		b.col.Days = append(b.col.Days, 0)
	case Text, Set, Records:
		b.col.Codes = append(b.col.Codes, 0)
	case Bool:
		if b.col.Rows&63 == 0 {
			b.col.Bits = append(b.col.Bits, 0)
		}
	}
	if b.col.Rows&63 == 0 {
		b.col.Known = append(b.col.Known, 0)
	}
	b.col.Rows++
}

// known ends a row that has a value.
func (b *Builder) known() {
	row := uint(b.col.Rows)
	if row&63 == 0 {
		b.col.Known = append(b.col.Known, 0)
	}
	b.col.Known[row>>6] |= 1 << (row & 63)
	b.col.Rows++
}

// Bool adds a row with a truth value.
func (b *Builder) Bool(v bool) {
	b.must(Bool)
	row := uint(b.col.Rows)
	if row&63 == 0 {
		b.col.Bits = append(b.col.Bits, 0)
	}
	if v {
		b.col.Bits[row>>6] |= 1 << (row & 63)
	}
	b.known()
}

// Number adds a row with the value n×10^-scale in the base unit. n may end in zeros that scale makes useless.
func (b *Builder) Number(n int64, scale uint8) {
	b.must(Number)
	if scale != b.col.Scale || !decimal.Fits(n) {
		b.number(n, scale)
		return
	}
	b.col.Ints = append(b.col.Ints, n)
	b.known()
}

// number is Number for a value that isn't at the Scale of the column, or too great for it.
func (b *Builder) number(n int64, scale uint8) {
	if scale > b.col.Scale {
		n, scale = decimal.Stripped(n, scale)
	}
	if scale > b.col.Scale && scale <= MaxScale && decimal.Fits(n) {
		b.col.rescale(scale)
	}
	v, ok := int64(0), false
	if scale <= b.col.Scale {
		v, ok = decimal.Raised(n, b.col.Scale-scale)
	}
	b.col.Ints = append(b.col.Ints, v)
	if !ok {
		b.col.setOdd(b.col.Rows, decimal.Text(n, scale))
	}
	b.known()
}

// Exact adds a row with a value given as "n" or "n/d": decimal digits, n with or without a minus, at most 512 bytes. It need
// not be in lowest terms. Another text is an error that wraps ErrNumber, and no row is added.
func (b *Builder) Exact(text string) error {
	b.must(Number)
	n, scale, odd, err := decimal.Parse(text)
	if err != nil {
		return fmt.Errorf("column: %w", err)
	}
	if odd == "" {
		b.Number(n, scale)
		return nil
	}
	b.col.Ints = append(b.col.Ints, 0)
	b.col.setOdd(b.col.Rows, odd)
	b.known()
	return nil
}

// Day adds a row with a date, as civil.Date.Number.
func (b *Builder) Day(n int32) {
	b.must(Date)
	b.col.Days = append(b.col.Days, n)
	b.known()
}

// Text adds a row with a text, a set or records, in the form that Dict has. It allocates only for a text that is new.
func (b *Builder) Text(text []byte) {
	if b.texts == nil {
		panic("column: a builder of another kind was given a text")
	}
	b.col.Codes = append(b.col.Codes, b.texts.Code(text))
	b.known()
}

func (b *Builder) must(kind Kind) {
	if b.col.Kind != kind {
		panic("column: a builder was given a value of another kind")
	}
}

// From says where the rows that follow come from, until it is called again. It is cheap where the origin stays the same, and
// one look into a map where it changes. ErrOrigins: there would be too many, and the origin stays what it was.
func (b *Builder) From(o Origin) error {
	last := len(b.spans) - 1
	if last >= 0 && b.origins[b.spans[last].at] == o {
		return nil
	}
	at, ok := b.index[o]
	if !ok {
		if len(b.origins) == MaxOrigins-1 { // one is left for Take
			return ErrOrigins
		}
		if b.index == nil {
			b.index = map[Origin]uint16{}
		}
		at = uint16(len(b.origins))
		b.index[o] = at
		b.origins = append(b.origins, o)
	}
	if last >= 0 && b.spans[last].start == b.col.Rows {
		b.spans[last].at = at
		return nil
	}
	b.spans = append(b.spans, span{b.col.Rows, at})
	return nil
}

// Take returns the column of the rows added so far and starts another one of the same kind; nothing is shared between them.
// Rows before the first From have the origin given here.
func (b *Builder) Take(origin Origin) *Column {
	c := b.col
	if b.texts != nil {
		c.Dict = b.texts.Take()
	}
	c.completeDict()
	c.settle()
	b.placeOrigins(&c, origin)
	b.restart(c.Rows)
	return &c
}

// completeDict makes sure that code 0, which rows without a value have, is an entry.
func (c *Column) completeDict() {
	if isCoded(c.Kind) && c.Rows > 0 && len(c.Dict) == 0 {
		c.Dict = []string{""}
	}
}

// restart begins a column that will likely have as many rows as the last one.
func (b *Builder) restart(rows int) {
	kind := b.col.Kind
	b.col = Column{Kind: kind, Known: make([]uint64, 0, Words(rows))}
	switch kind {
	case Bool:
		b.col.Bits = make([]uint64, 0, Words(rows))
	case Number:
		b.col.Ints = make([]int64, 0, rows)
	case Date:
		b.col.Days = make([]int32, 0, rows)
	case Text, Set, Records:
		b.col.Codes = make([]uint32, 0, rows)
	}
	b.spans, b.origins, b.index = nil, nil, nil
}

// placeOrigins gives each row of c its origin: first where From wasn't called yet.
func (b *Builder) placeOrigins(c *Column, first Origin) {
	if c.Rows == 0 {
		return
	}
	m := newOriginMerger(c)
	end := c.Rows
	if len(b.spans) > 0 {
		end = b.spans[0].start
	}
	m.fill(0, end, first)
	for i, s := range b.spans {
		end = c.Rows
		if i+1 < len(b.spans) {
			end = b.spans[i+1].start
		}
		m.fill(s.start, end, b.origins[s.at])
	}
}
