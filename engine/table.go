package engine

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"mianshen/engine/column"
	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Table is what is known of many enterprises: one column a delivered field, one row an enterprise. Rows are only ever added,
// so that a row number means the same enterprise for good. Reading at once from many goroutines is fine, changing isn't.
type Table struct {
	Vocabulary *rules.Vocabulary

	mu      sync.Mutex // over what is found out or fetched while reading: all that follows but load and records
	codes   []string
	rows    map[string]int // made on first use
	columns []*column.Column
	load    func(*rules.Field) (*column.Column, error)
	records RecordReader
	known   map[int]limit    // what was found out about columns, until they change
	texts   map[int]*derived // derived texts as of day, until a column changes
	day     civil.Date
	members map[int]map[string][]uint64 // of sets: which rows have a member, until the column changes
	values  map[int][]*formula.Value    // of texts and sets: the dictionary as rules see it
	open    map[int]gaps                // what isn't known of columns, until they change
}

// RecordReader reads the bytes that a Records column holds for one enterprise.
type RecordReader func(f *rules.Field, data string) ([]*formula.Record, error)

// ErrColumn reports a column that doesn't fit its field or its table.
var ErrColumn = errors.New("column doesn't fit")

// NewTable returns a table of the enterprises in which everything is missing. codes are the USCC in the order of rows, each
// once; the table keeps the slice.
func NewTable(v *rules.Vocabulary, codes []string) *Table {
	return &Table{Vocabulary: v, codes: codes, columns: make([]*column.Column, len(v.Fields))}
}

// Lazy makes the table fetch columns that haven't been put when they are first wanted. load returns nil for a field of which
// nothing is known.
func (t *Table) Lazy(load func(*rules.Field) (*column.Column, error)) { t.load = load }

// ReadRecords sets how Records columns are read; without it they are missing.
func (t *Table) ReadRecords(r RecordReader) { t.records = r }

// Rows is the number of enterprises.
func (t *Table) Rows() int { return len(t.codes) }

// Code returns the USCC of a row.
func (t *Table) Code(row int) string { return t.codes[row] }

// Row finds the row of an enterprise.
func (t *Table) Row(uscc string) (int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = make(map[string]int, len(t.codes))
		for i, c := range t.codes {
			t.rows[c] = i
		}
	}
	row, ok := t.rows[uscc]
	return row, ok
}

// Put sets the column of a delivered field; the table keeps it.
func (t *Table) Put(f *rules.Field, c *column.Column) error {
	if err := t.whole(f, c); err != nil {
		return err
	}
	c = declared(f, c)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.columns[f.Index] = c
	t.forget(f)
	return nil
}

// forget drops what was found out about a column that changes.
func (t *Table) forget(f *rules.Field) {
	delete(t.known, f.Index)
	delete(t.members, f.Index)
	delete(t.values, f.Index)
	delete(t.open, f.Index)
	t.texts = nil
}

// whole reports what keeps a column from being the field's in this table.
func (t *Table) whole(f *rules.Field, c *column.Column) error {
	if c.Rows != len(t.codes) {
		return fmt.Errorf("%s has %d rows, the table %d: %w", f.ID, c.Rows, len(t.codes), ErrColumn)
	}
	return t.fits(f, c)
}

func (t *Table) fits(f *rules.Field, c *column.Column) error {
	if f.Derived() {
		return fmt.Errorf("%s is derived: %w", f.ID, ErrColumn)
	}
	if c.Kind != column.Nothing && c.Kind != KindOf(f) {
		return fmt.Errorf("%s of type %s can't be a column of kind %d: %w", f.ID, f.Type, c.Kind, ErrColumn)
	}
	return nil
}

// declared is the column without texts that the field may not have (any more): where they stand the fact is missing.
func declared(f *rules.Field, c *column.Column) *column.Column {
	if c.Kind != column.Text && c.Kind != column.Set || f.Values == nil {
		return c
	}
	foreign := strangers(f, c)
	if foreign == nil {
		return c
	}
	var rows []int
	for row, code := range c.Codes {
		if foreign[code] && c.IsKnown(row) {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return c
	}
	all := make([]int, c.Rows)
	for i := range all {
		all[i] = i
	}
	out := column.Gather(c, all)
	b := column.NewBuilder(c.Kind)
	for _, row := range rows {
		o := c.Origin(row)
		o.Reason = "存的值不在指标字典里"
		if b.From(o) != nil {
			return &column.Column{Rows: c.Rows, Known: make([]uint64, column.Words(c.Rows)), Origins: []column.Origin{o}}
		}
		b.Missing()
	}
	if column.Overlay(out, rows, b.Take(column.Origin{})) != nil {
		return &column.Column{Rows: c.Rows, Known: make([]uint64, column.Words(c.Rows)), Origins: []column.Origin{{}}}
	}
	return out
}

// strangers tells by code which dictionary entries are, or have, a value that the field may not have; nil where none has.
func strangers(f *rules.Field, c *column.Column) []bool {
	may := make(map[string]bool, len(f.Values))
	for _, v := range f.Values {
		may[v] = true
	}
	var out []bool
	for code, entry := range c.Dict {
		if c.Kind == column.Text && may[entry] || c.Kind == column.Set && eachIn(entry, may) {
			continue
		}
		if out == nil {
			out = make([]bool, len(c.Dict))
		}
		out[code] = true
	}
	return out
}

// eachIn reports whether all members of a set, as the dictionary has it, are among others.
func eachIn(entry string, others map[string]bool) bool {
	if entry == "" {
		return true
	}
	for m := range strings.SplitSeq(strings.TrimSuffix(entry, "\n"), "\n") {
		if !others[m] {
			return false
		}
	}
	return true
}

// As is the table as another vocabulary sees it: fields are found by id, and those whose type or unit is another are missing.
// Columns are shared, so neither table may be changed any more.
func (t *Table) As(v *rules.Vocabulary) *Table {
	out := NewTable(v, t.codes)
	out.records = t.records
	out.Lazy(func(f *rules.Field) (*column.Column, error) {
		own, ok := t.Vocabulary.Field(f.ID)
		if !ok || own.ID != f.ID || own.Measure() != f.Measure() {
			return nil, nil
		}
		return t.Column(own)
	})
	return out
}

// KindOf is the kind of column that holds a field.
func KindOf(f *rules.Field) column.Kind {
	switch f.Type {
	case rules.TypeBool:
		return column.Bool
	case rules.TypeInt, rules.TypeDecimal, rules.TypeMoney:
		return column.Number
	case rules.TypeDate:
		return column.Date
	case rules.TypeSet:
		return column.Set
	case rules.TypeTable:
		return column.Records
	}
	return column.Text
}

// Column returns the column of a delivered field, nil where nothing is known of it. It is read only.
func (t *Table) Column(f *rules.Field) (*column.Column, error) {
	t.mu.Lock()
	c := t.columns[f.Index]
	t.mu.Unlock()
	if c != nil || t.load == nil || f.Derived() {
		return c, nil
	}
	c, err := t.load(f)
	if err != nil || c == nil {
		return nil, err
	}
	if err := t.whole(f, c); err != nil {
		return nil, err
	}
	c = declared(f, c)
	t.mu.Lock()
	defer t.mu.Unlock()
	if other := t.columns[f.Index]; other != nil { // somebody was quicker
		return other, nil
	}
	t.columns[f.Index] = c
	return c, nil
}

// Change writes new facts of some enterprises in place: row i of patch is what is now known of rows[i] for the field. Rows
// that don't exist yet must have been added by Grow.
func (t *Table) Change(f *rules.Field, rows []int, patch *column.Column) error {
	if err := t.fits(f, patch); err != nil {
		return err
	}
	c, err := t.Column(f)
	if err != nil {
		return err
	}
	if c == nil {
		c = &column.Column{Rows: len(t.codes), Known: make([]uint64, column.Words(len(t.codes))), Origins: []column.Origin{{}}}
		t.columns[f.Index] = c
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(f)
	return column.Overlay(c, rows, patch)
}

// Grow adds enterprises of which nothing is known yet and returns the row of the first.
func (t *Table) Grow(codes []string) (first int, err error) {
	first = len(t.codes)
	for _, c := range codes {
		if t.rows != nil {
			t.rows[c] = len(t.codes)
		}
		t.codes = append(t.codes, c)
	}
	t.texts, t.members, t.open = nil, nil, nil
	for _, c := range t.columns {
		if c != nil {
			if err := column.Extend(c, len(codes)); err != nil {
				return first, err
			}
		}
	}
	return first, nil
}

// Profile is what the table knows of one enterprise, as rules see it.
func (t *Table) Profile(row int) (*rules.Profile, error) {
	p := rules.NewProfile(t.Vocabulary, t.codes[row])
	for _, f := range t.Vocabulary.Fields {
		if f.Derived() {
			continue
		}
		c, err := t.Column(f)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		if err := p.Set(f, t.fact(f, c, row)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (t *Table) fact(f *rules.Field, c *column.Column, row int) rules.Fact {
	o := c.Origin(row)
	fact := rules.Fact{Source: o.Source}
	fact.On, _ = civil.FromNumber(o.On)
	if !c.IsKnown(row) {
		fact.Reason = o.Reason
		return fact
	}
	v, err := t.value(f, c, row)
	if err != nil {
		fact.Reason = "存的数据读不出来"
		return fact
	}
	fact.Value = v
	return fact
}

// value is the known value of a row as rules see it.
func (t *Table) value(f *rules.Field, c *column.Column, row int) (*formula.Value, error) {
	switch c.Kind {
	case column.Bool:
		return formula.BoolOf(c.IsTrue(row)), nil
	case column.Number:
		n, err := number(c, row)
		return formula.NumberOf(n), err
	case column.Date:
		d, ok := civil.FromNumber(c.Days[row])
		if !ok {
			return nil, fmt.Errorf("day %d: %w", c.Days[row], ErrColumn)
		}
		return formula.DateOf(d), nil
	case column.Text:
		return formula.TextOf(c.Dict[c.Codes[row]]), nil
	case column.Set:
		return setOf(c.Dict[c.Codes[row]]), nil
	case column.Records:
		if t.records == nil {
			return nil, ErrColumn
		}
		rows, err := t.records(f, c.Dict[c.Codes[row]])
		return formula.TableOf(rows), err
	}
	return nil, ErrColumn
}

// number is the exact value of a known row.
func number(c *column.Column, row int) (exact.Num, error) {
	if text, odd := c.Odd[row]; odd {
		return oddNumber(text)
	}
	if c.Scale == 0 {
		return exact.Int(c.Ints[row]), nil
	}
	return exact.Frac(c.Ints[row], pow10(c.Scale)), nil
}

// oddNumber reads "n" or "n/d".
func oddNumber(text string) (exact.Num, error) {
	top, bottom, fraction := strings.Cut(text, "/")
	n, err := exact.Parse(top)
	if err != nil || !fraction {
		return n, err
	}
	d, err := exact.Parse(bottom)
	if err != nil {
		return n, err
	}
	return n.Quo(d)
}

func pow10(scale uint8) int64 {
	p := int64(1)
	for range scale {
		p *= 10
	}
	return p
}

// setOf reads the dictionary entry of a set.
func setOf(entry string) *formula.Value {
	if entry == "" {
		return formula.SetOf(nil)
	}
	return formula.SetOf(strings.Split(strings.TrimSuffix(entry, "\n"), "\n"))
}

// having is which rows of a Set column have each of the wanted members, as bitmaps padded to whole blocks. They are kept until the
// column changes.
func (t *Table) having(f *rules.Field, c *column.Column, wanted []string) map[string][]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := t.members[f.Index]
	out := make(map[string][]uint64, len(wanted))
	var fresh []string
	for _, m := range wanted {
		if bits, ok := kept[m]; ok {
			out[m] = bits
			continue
		}
		fresh = append(fresh, m)
	}
	if len(fresh) == 0 {
		return out
	}
	if kept == nil {
		kept = map[string][]uint64{}
	}
	for m, bits := range withMembers(c, fresh) {
		kept[m], out[m] = bits, bits
	}
	if t.members == nil {
		t.members = map[int]map[string][]uint64{}
	}
	t.members[f.Index] = kept
	return out
}

// dictionary is what the dictionary of a Text or Set column stands for; it is kept until the column changes.
func (t *Table) dictionary(f *rules.Field, c *column.Column) []*formula.Value {
	t.mu.Lock()
	defer t.mu.Unlock()
	if kept := t.values[f.Index]; len(kept) == len(c.Dict) {
		return kept
	}
	out := make([]*formula.Value, len(c.Dict))
	for i, entry := range c.Dict {
		out[i] = formula.TextOf(entry)
		if f.Type == rules.TypeSet {
			out[i] = setOf(entry)
		}
	}
	if t.values == nil {
		t.values = map[int][]*formula.Value{}
	}
	t.values[f.Index] = out
	return out
}

// blocks is how many blocks hold rows.
func blocks(rows int) int { return (rows + kernel.Rows - 1) / kernel.Rows }
