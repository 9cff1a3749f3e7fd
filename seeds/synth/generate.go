// Package synth writes down made-up enterprises as the departments of a
// district would deliver them: cells and records by the names of a vocabulary,
// with the gaps that missing deliveries leave. What is true of an enterprise comes from package firm.
package synth

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"

	"mianshen/seeds/firm"
)

// Table is a sheet of text: a header and rows of the same width.
type Table struct {
	Name   string // 企业画像 for the profiles, else the vocabulary's name of the table
	Header []string
	Rows   [][]string
}

// Bundle is a set of synthetic enterprises as files hold them.
//
// Profiles has 统一社会信用代码 and every delivered (not derived) single field of
// the vocabulary, in its order; Records has a table for each of the vocabulary's, in
// its order, beginning with 统一社会信用代码 and the key. Cells are in base units (元,
// percentage points), in the form that `match --profiles` reads: empty is
// missing, ";;" is the empty set, a record row with nothing but the code says that the firm is known to have no records.
type Bundle struct {
	Profiles Table
	Records  []Table
}

// Row is one synthetic enterprise: its cells in the order of Profiles.Header,
// and the record rows of each table, in the order of that table's header. A
// table without entry is missing.
type Row struct {
	Cells   []string
	Records map[string][][]string
}

const codeColumn = "统一社会信用代码"

// Maker makes enterprises for one vocabulary. It is immutable and safe for concurrent use.
type Maker struct{ layout *layout }

// New reads the fields and tables that departments deliver from the text of a
// vocabulary.yaml. The error says that it can't be read or has none. One without
// a field that the generator writes makes Firms panic and name it: the
// vocabulary of package seeds has them all.
func New(vocabulary []byte) (*Maker, error) {
	l, err := readLayout(vocabulary)
	if err != nil {
		return nil, err
	}
	return &Maker{l}, nil
}

// Firms yields n made-up enterprises, one at a time and in constant memory. The
// i-th depends on seed and i only, never on n, clock or machine. Every name begins
// with 示例 and every credit code is valid but of a series that is not issued.
// Their data are as of 2025-06-30: year-1 is 2024, quarter-1 the first
// quarter of 2025. One in twenty stands at a threshold, one in twenty has a record
// at one, and both are delivered in full; all others lack what a department failed
// to deliver. n outside 0..firm.MaxFirms yields as many as the nearest bound.
func (m *Maker) Firms(n int, seed uint64) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for number := range min(max(n, 0), firm.MaxFirms) {
			if !yield(m.layout.write(firm.New(seed, number))) {
				return
			}
		}
	}
}

// Generate collects Firms into tables.
func (m *Maker) Generate(n int, seed uint64) Bundle {
	l := m.layout
	b := Bundle{Profiles: Table{Name: "企业画像", Header: l.header()}}
	for _, t := range l.tables {
		b.Records = append(b.Records, Table{Name: t.name, Header: t.header()})
	}
	for row := range m.Firms(n, seed) {
		b.Profiles.Rows = append(b.Profiles.Rows, row.Cells)
		for i, t := range l.tables {
			b.Records[i].Rows = append(b.Records[i].Rows, row.Records[t.name]...)
		}
	}
	return b
}

// sheet is a firm with what is delivered of it so far.
type sheet struct {
	*firm.Firm
	layout  *layout
	cells   []string
	records map[string][][]string // key first, without the credit code
	keys    map[string]int        // records numbered so far
}

func (l *layout) write(f *firm.Firm) Row {
	s := &sheet{Firm: f, layout: l, cells: make([]string, len(l.columns)), records: map[string][][]string{}, keys: map[string]int{}}
	s.fill()
	s.keepRecords()
	s.edgeRecords()
	s.countRecords()
	s.lose()
	return s.deliver()
}

func (l *layout) header() []string {
	names := []string{codeColumn}
	for _, c := range l.columns {
		names = append(names, c.name)
	}
	return names
}

func (t *tableLayout) header() []string {
	names := []string{codeColumn, t.key}
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names
}

// deliver puts the credit code before every row.
func (f *sheet) deliver() Row {
	out := Row{Cells: append([]string{f.USCC}, f.cells...), Records: make(map[string][][]string, len(f.records))}
	for name, rows := range f.records {
		for _, row := range rows {
			out.Records[name] = append(out.Records[name], append([]string{f.USCC}, row...))
		}
	}
	return out
}

// WriteCSV writes the table as UTF-8 CSV with "\n" line ends and without a byte order mark.
func (t Table) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(t.Header); err != nil {
		return fmt.Errorf("write the header of %s: %w", t.Name, err)
	}
	if err := out.WriteAll(t.Rows); err != nil {
		return fmt.Errorf("write %d rows of %s: %w", len(t.Rows), t.Name, err)
	}
	return nil
}

// ReadCSV reads what WriteCSV wrote. The error names the table and, where there is one, the line.
func ReadCSV(name string, r io.Reader) (Table, error) {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return Table{}, fmt.Errorf("read %s: %w", name, err)
	}
	if len(rows) == 0 {
		return Table{}, fmt.Errorf("read %s: no header", name)
	}
	return Table{Name: name, Header: rows[0], Rows: rows[1:]}, nil
}
