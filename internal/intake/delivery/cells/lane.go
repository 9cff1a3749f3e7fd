// Package cells turns what stands in the cells of a delivery into typed columns: a Lane makes the columns of one series, a
// Worker reads pieces of a CSV file into batches, straight from bytes, and a Tally counts what came. What a Lane's fast readers
// take they read to the same value as rules.Field.Parse; everything else they leave to it.
package cells

import (
	"errors"
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode"

	"mianshen/engine"
	"mianshen/engine/column"
	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/records"
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// maxMemo is how many texts of one column are remembered from part to part, and maxMemoBytes how many bytes they may have.
const (
	maxMemo      = 4096
	maxMemoBytes = 256 << 10
)

// Lane makes the columns of one series, part by part. It belongs to one goroutine.
type Lane struct {
	field *rules.Field
	unit  string
	kind  column.Kind

	build    *column.Builder // of Bool, Number and Date
	exponent int             // of Number: the unit is 10^exponent base units; noPower if it isn't a power of ten
	whole    bool            // of Number: only whole values are lawful
	fromZero bool            // of Number: all values from zero up are lawful

	// Of Text, Set and Records, by the text of a cell: an index into words, or missing. Memos of truth values have 0 and 1.
	memo   map[string]int32
	index  map[string]int32 // canonical form -> index into words
	words  []string         // canonical forms
	last   int32            // index of the row that was added last
	place  []uint32         // by index: one more than the place in dict, 0 for none
	known  []uint64
	codes  []uint32
	dict   []string
	rows   int
	choice *choice // of Set, where its values are a short closed list
	kept   int     // bytes of memo and words
	size   int     // bytes of dict
}

const (
	noPower = math.MinInt32
	missing = -1
)

// NameColumn is the header of the enterprise's name, which everybody may give for showing.
const NameColumn = "企业名称"

// NewLane reads cells of a field in a unit, "" for the field's own. The unit was checked before.
func NewLane(f *rules.Field, unit string) *Lane {
	l := &Lane{
		field: f, unit: unit, kind: engine.KindOf(f), exponent: noPower, whole: f.Type != rules.TypeDecimal, fromZero: f.FromZero(),
		memo: map[string]int32{}, index: map[string]int32{}, choice: newChoice(f, unit),
	}
	if !l.coded() {
		l.build = column.NewBuilder(l.kind)
	}
	if unit == "" {
		unit = f.Unit
	}
	if _, factor, err := formula.ParseUnit(unit); err == nil && l.kind == column.Number {
		l.exponent = powerOf(factor)
	}
	return l
}

func (l *Lane) coded() bool { return l.kind >= column.Text }

// powerOf returns e where the number is 10^e, noPower where it isn't such a number.
func powerOf(n exact.Num) int {
	sign := 1
	whole, ok := n.Int64()
	if !ok {
		inverse, err := exact.Int(1).Quo(n)
		if err != nil {
			return noPower
		}
		if whole, ok = inverse.Int64(); !ok {
			return noPower
		}
		sign = -1
	}
	if e := slices.Index(pow10[:], uint64(max(whole, 0))); e >= 0 {
		return sign * e
	}
	return noPower
}

// pow10 are the powers of ten that fit in an int64.
var pow10 = func() (p [19]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// Begin makes ready for a part of so many rows at most.
func (l *Lane) Begin(rows int) {
	if !l.coded() {
		return
	}
	if len(l.memo) > maxMemo || len(l.words) > maxMemo || l.kept > maxMemoBytes {
		l.forget()
	}
	clear(l.place)
	l.size = 0
	l.known, l.codes, l.dict, l.rows = make([]uint64, column.Words(rows)), make([]uint32, rows), nil, 0
}

// forget drops what is remembered, but keeps its room: a lane of many different texts needs it again for each part.
func (l *Lane) forget() {
	clear(l.memo)
	clear(l.index)
	clear(l.words)
	l.words, l.place, l.kept = l.words[:0], l.place[:0], 0
	if l.choice != nil {
		clear(l.choice.known)
	}
}

// Size is how many bytes of text the current part has.
func (l *Lane) Size() int { return l.size }

// Take returns the column of the part.
func (l *Lane) Take() *column.Column {
	if !l.coded() {
		return l.build.Take(column.Origin{})
	}
	if len(l.dict) == 0 {
		l.dict = []string{""}
	}
	c := &column.Column{
		Kind: l.kind, Rows: l.rows, Known: l.known[:column.Words(l.rows)], Codes: l.codes[:l.rows], Dict: l.dict,
		Origins: []column.Origin{{}},
	}
	l.known, l.codes, l.dict, l.rows = nil, nil, nil, 0
	return c
}

// Missing adds a row that isn't known.
func (l *Lane) Missing() {
	if l.coded() {
		l.rows++
		return
	}
	l.build.Missing()
}

// code adds a row with the word at index i, or a missing one.
func (l *Lane) code(i int32) {
	if i == missing {
		l.rows++
		return
	}
	l.last = i
	at := l.place[i]
	if at == 0 {
		l.dict = append(l.dict, l.words[i])
		l.size += len(l.words[i])
		at = uint32(len(l.dict))
		l.place[i] = at
	}
	l.codes[l.rows] = at - 1
	l.known[l.rows>>6] |= 1 << (uint(l.rows) & 63)
	l.rows++
}

// word returns the index of a canonical form.
func (l *Lane) word(form string) int32 {
	if i, ok := l.index[form]; ok {
		return i
	}
	i := l.add(form)
	l.index[form] = i
	return i
}

// add makes a canonical form, which isn't there yet, the next word.
func (l *Lane) add(form string) int32 {
	l.words, l.place = append(l.words, form), append(l.place, 0)
	l.kept += len(form)
	return int32(len(l.words) - 1)
}

// slow adds a row with the value of a cell that the fast way doesn't recognise, as intake.ParseCell reads it. The error says,
// in Chinese, what is wrong with the cell; the row is then missing.
func (l *Lane) slow(text string) error {
	v, err := intake.ParseCell(l.field, l.unit, text)
	if err != nil {
		l.Missing()
		return err
	}
	if err := l.Put(v); err != nil {
		l.Missing()
		return err
	}
	l.remember(text, v)
	return nil
}

// remember notes that a text was read as v, which became the last row.
func (l *Lane) remember(text string, v *formula.Value) {
	l.kept += len(text)
	switch {
	case l.kind != column.Bool && !l.coded(), !l.coded() && l.kept > maxMemoBytes:
	case v == nil:
		l.memo[text] = missing
	case l.coded():
		l.memo[text] = l.last
	case v.True():
		l.memo[text] = 1
	default:
		l.memo[text] = 0
	}
}

// Put adds a row with a value of the lane's field, nil for a missing one. On an error no row is added.
func (l *Lane) Put(v *formula.Value) error {
	if v == nil {
		l.Missing()
		return nil
	}
	switch l.kind {
	case column.Bool:
		l.build.Bool(v.True())
	case column.Number:
		if n, whole := v.Num().Int64(); whole {
			l.build.Number(n, 0)
			return nil
		}
		return l.build.Exact(v.Num().Rat().RatString())
	case column.Date:
		l.build.Day(v.Day().Number())
	case column.Set:
		return l.putSet(v.Members())
	case column.Records:
		l.code(l.word(string(records.Encode(l.field, v.Rows()))))
	default:
		l.code(l.word(v.Text()))
	}
	return nil
}

// setForm writes the sorted members of a set as columns hold them.
func setForm(members []string) (string, error) {
	var b strings.Builder
	for _, m := range members {
		if strings.ContainsFunc(m, unicode.IsControl) {
			return "", errors.New("集合的成员含有控制字符")
		}
		b.WriteString(m)
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// maxExact is the greatest magnitude that the fast way reads.
const maxExact = 1 << 62

// number adds a row with m×10^-decimals of the unit, and reports whether that was possible without a closer look.
func (l *Lane) number(m uint64, decimals int, negative bool) bool {
	if l.exponent == noPower || !l.fromZero || negative && l.field.Min != "" {
		return false
	}
	e := l.exponent - decimals
	if m == 0 {
		e = 0
	}
	for e < 0 && m%10 == 0 {
		m /= 10
		e++
	}
	if e < 0 && (l.whole || e < -column.MaxScale) {
		return false
	}
	if e > 0 {
		if e >= len(pow10) {
			return false
		}
		hi, lo := bits.Mul64(m, pow10[e])
		if hi != 0 {
			return false
		}
		m = lo
	}
	if m > maxExact {
		return false
	}
	n := int64(m)
	if negative {
		n = -n
	}
	l.build.Number(n, uint8(max(-e, 0)))
	return true
}
