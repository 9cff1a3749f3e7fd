package intake

import (
	"context"
	"errors"
	"strings"

	"mianshen/internal/sheet"
	"mianshen/rules"
	"mianshen/rules/formula"
)

// Slot is one thing that the rows of a streamed table can hold beside the enterprise's code and name.
type Slot struct {
	Name    string       // in messages
	Headers []string     // what a column may be called to be it
	Field   *rules.Field // how its cells are read
	Refused string       // why this file may not deliver it, a sentence in Chinese; "" when it may
}

// What a column of a Layout can be instead of a slot.
const (
	UnreadSlot = -1 - iota // left out: unknown or derived
	CodeSlot               // 统一社会信用代码
	NameSlot               // 企业名称, for showing alone
)

// LayoutColumn is what one column of a file was found to be.
type LayoutColumn struct {
	Header   string // as in the file, shortened
	Letter   string // as spreadsheets name columns; "" in JSONL
	Unit     string // from the header; "" stands for the field's own
	Position int    // from 0
	Slot     int    // index into the slots, or one of the constants
}

// Layout is what the header of a file was found to mean.
type Layout struct {
	Sheet   string         // of a workbook with more than one
	Row     int            // of the header
	Width   int            // cells of the header, those without a name included
	Columns []LayoutColumn // in the order of the file; cells without a name are left out
	Found   string         // what the file is, for a person: CSV，编码 UTF-8
	Notices []string       // sentences in Chinese that a person should be told
}

// StreamRow is one enterprise of a stream. Values has an element for each slot, nil where it is missing, and belongs to the
// stream: it is valid until take returns.
type StreamRow struct {
	Number int // as an editor or a spreadsheet counts
	Code   string
	Name   string // "" when the file doesn't say, or nothing that can be shown
	Values []*formula.Value
}

// Stream reads a file of one row an enterprise without holding it: take gets the rows in the order of the file, also those in
// which a cell couldn't be read, whose value is then missing. what names the table in messages. Reading stops once more than
// most problems are found; most below 50 counts as 50. The error is a *Problems when anything can't be read, and then nothing
// that take got may be used; or ctx's. The same enterprise may come twice: that is the caller's to find.
func Stream(ctx context.Context, what string, slots []Slot, in Input, opts Options, most int, take func(StreamRow)) (*Layout, error) {
	s, err := open(in, opts)
	if err != nil {
		return nil, err
	}
	s.problems.most = max(most, maxProblems)
	sc := slotSchema(what, slots)
	im := &importer{source: s, schema: sc, at: make([]*column, len(sc.slots))}
	values := make([]*formula.Value, len(slots))
	if err := im.stream(ctx, func(l *line) { l.streamTo(values, take) }); err != nil {
		return nil, err
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return im.layout(), nil
}

// Header finds the header among the first rows of a table and resolves it, as Stream does for formats that it reads. name is
// the file's. The error is a *Problems.
func Header(what string, slots []Slot, name string, opts Options, rows sheet.Rows) (*Layout, error) {
	sc := slotSchema(what, slots)
	s := &source{in: Input{Name: name}, opts: opts, problems: &Problems{}}
	im := &importer{source: s, schema: sc, at: make([]*column, len(sc.slots))}
	row, ok := im.header(rows)
	if !ok {
		return nil, s.err()
	}
	l := im.layout()
	l.Row = row
	return l, nil
}

// ParseCell reads a text cell of a column: what Stream makes of it. nil is missing; the error is a sentence in Chinese.
func ParseCell(f *rules.Field, unit, text string) (*formula.Value, error) {
	c := sheet.Words(text)
	if c.Empty() {
		return nil, nil
	}
	col := &column{field: f, unit: unit}
	seen, err := col.text(c)
	if err != nil {
		return nil, err
	}
	v, err := f.Parse(seen, unit)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), f.FullName()+"："))
	}
	return v, nil
}

// DisplayName returns an enterprise's name as it can be shown; "" for nothing that can.
func DisplayName(text string) string {
	if name := strings.TrimSpace(text); printable(name, 600) {
		return name
	}
	return ""
}

// Clip shortens a text for a message and hides what can't be shown in one.
func Clip(s string) string { return clip(s) }

// IsCSV reports whether the file is text in rows: CSV and not one of the formats that Stream is for. The error says, as a
// *Problems, what keeps it from being read at all.
func (in Input) IsCSV() (bool, error) {
	format, err := in.detect()
	if err != nil {
		return false, &Problems{List: []Problem{{File: in.Name, Message: err.Error()}}}
	}
	return format == formatCSV, nil
}

func slotSchema(what string, slots []Slot) *schema {
	s := newSchema(what)
	for _, one := range slots {
		s.add(slot{name: one.Name, field: one.Field, refused: one.Refused}, one.Headers...)
	}
	return s
}

// stream reads the one table of the file.
func (im *importer) stream(ctx context.Context, take func(*line)) error {
	switch im.format {
	case formatJSONL:
		return im.readLines(ctx, take)
	case formatXLSX:
		b := im.openBook()
		if b == nil {
			return nil
		}
		main := b.first()
		for i, sh := range b.Sheets() {
			if i != main && main >= 0 {
				im.notice("工作表“%s”没有读", clip(sh.Name))
			}
		}
		return im.readSheet(ctx, b, main, im, take)
	}
	rows, err := im.rows()
	if err != nil {
		im.stop(err)
		return nil
	}
	return im.readRows(ctx, rows, take)
}

// fact is what the line says in a column: the table that stands for it, or its cell. ok is false where that can't be read.
func (l *line) fact(col *column) (v *formula.Value, ok bool) {
	v, ok = l.tables[col.slot], true
	if v == nil && col.position < len(l.cells) {
		v, ok = l.value(col, l.cells[col.position])
	}
	return v, ok
}

// streamTo reads a line's cells into values and hands them on.
func (l *line) streamTo(values []*formula.Value, take func(StreamRow)) {
	code, ok := l.enterprise()
	if !ok {
		return
	}
	clear(values)
	for _, col := range l.columns {
		if col == nil || col.slot < slotFirst {
			continue
		}
		v, ok := l.fact(col)
		if v != nil && ok {
			values[col.slot-slotFirst] = v
		}
	}
	take(StreamRow{Number: l.number, Code: code, Name: l.display(l.schema.names[nameColumn]), Values: values})
}

func (im *importer) layout() *Layout {
	out := &Layout{Sheet: im.sheet, Width: len(im.columns), Found: im.found(), Notices: im.notices}
	for _, col := range im.columns {
		if col == nil {
			continue
		}
		c := LayoutColumn{Header: col.header, Letter: col.letter, Unit: col.unit, Position: col.position, Slot: UnreadSlot}
		switch {
		case col.slot == slotCode:
			c.Slot = CodeSlot
		case col.slot == slotName:
			c.Slot = NameSlot
		case col.slot >= slotFirst:
			c.Slot = col.slot - slotFirst
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}
