// Package sheet moves plain tables in and out of files: CSV and XLSX in both directions, and aligned text for terminals. It
// knows grids of cells and nothing of what they mean; vocabularies and enterprises are intake's.
//
// Reading is a stream with every size capped, and says what spreadsheets hide: which number is shown as a percentage or a
// day, which formula has no result, which rows are hidden, which cells are merged. Writing never produces a cell that a
// spreadsheet would run as a formula, and what is written reads back the same. Workbooks are read in package xlsx below.
package sheet

import (
	"fmt"
	"strings"
)

// Kind says how a file stores a cell.
type Kind uint8

// The kinds of cells. CSV knows only Text.
const (
	// Text is words, or anything at all in CSV; empty text is an empty cell.
	Text Kind = iota
	// Number is a plain decimal without exponent, with at most 15 significant digits, as spreadsheets show it.
	Number
	// Percent is a number that is shown as a percentage: Text holds the stored ratio, 0.055 for 5.5 %.
	Percent
	// Date is a day: Text is 2025-06-30, followed by a space and the time where that isn't midnight.
	Date
	// Bool is TRUE or FALSE.
	Bool
	// Fault is an error value such as #N/A.
	Fault
	// Damaged is a whole number of more than 15 digits, whose last digits a spreadsheet has already replaced by zeros.
	Damaged
	// NoResult is a formula that was saved without its result.
	NoResult
)

// Cell is one cell. The zero Cell is empty.
type Cell struct {
	Text string
	Kind Kind
}

// Words returns a text cell.
func Words(s string) Cell { return Cell{Text: s} }

// Figure returns a number cell from a plain decimal numeral such as -6000.00; anything else becomes a text cell.
func Figure(s string) Cell {
	if !plain(s) {
		return Cell{Text: s}
	}
	return Cell{Text: s, Kind: Number}
}

// Empty reports whether nothing is in the cell.
func (c Cell) Empty() bool { return c.Text == "" && c.Kind == Text }

// Row is one row of a table that is read.
type Row struct {
	Number int    // counted from 1 as a spreadsheet program counts; blank rows count
	Cells  []Cell // by column; valid until the next call of Next
	Hidden bool
}

// Rows is a stream of rows. Blank rows are left out.
type Rows interface {
	// Next returns the next row, io.EOF after the last, or an *Error after which nothing more can be read.
	Next() (Row, error)
	// Notes returns what a person should be told about how the file was read; it is complete once Next has given io.EOF.
	Notes() Notes
}

// Notes is what a reader noticed without stopping.
type Notes struct {
	Encoding      string // of CSV: UTF-8 or GB18030
	NoNewline     int    // of CSV: the last row, when it doesn't end in a newline and so may have been cut off
	HiddenRows    int
	HiddenColumns int
	Merged        []Area
}

// Area is a rectangle of cells, counted from 1, both corners included.
type Area struct{ FirstRow, LastRow, FirstColumn, LastColumn int }

// Error is what keeps a file from being read: a sentence in Chinese with the place as far as it is known.
type Error struct {
	Row, Column int    // from 1; 0 unknown
	Text        string // of the cell
	Message     string
}

// Error returns the sentence with its place.
func (e *Error) Error() string {
	switch {
	case e.Row == 0:
		return e.Message
	case e.Column == 0:
		return fmt.Sprintf("第 %d 行：%s", e.Row, e.Message)
	}
	return fmt.Sprintf("第 %d 行 %s 列：%s", e.Row, Letter(e.Column), e.Message)
}

// Limits caps what is read. Zero values stand for the defaults.
type Limits struct {
	Rows      int   // rows of one table, 2,000,000
	Columns   int   // columns of one table, 2,000
	CellBytes int   // bytes of one cell, 20,000
	LineBytes int   // bytes of one CSV row or JSON line, 4 MiB
	Unzipped  int64 // bytes that a workbook may unpack to, 1 GiB
	Ratio     int64 // times a workbook may grow when unpacked, 300, beyond its first 16 MiB
	Entries   int   // files in a workbook, 10,000
}

// WithDefaults returns the limits with zero values replaced.
func (l Limits) WithDefaults() Limits {
	l.Rows = or(l.Rows, 2_000_000)
	l.Columns = or(l.Columns, 2_000)
	l.CellBytes = or(l.CellBytes, 20_000)
	l.LineBytes = or(l.LineBytes, 4<<20)
	l.Unzipped = or(l.Unzipped, 1<<30)
	l.Ratio = or(l.Ratio, 300)
	l.Entries = or(l.Entries, 10_000)
	return l
}

func or[T int | int64](v, fallback T) T {
	if v <= 0 {
		return fallback
	}
	return v
}

// Letter names a column, counted from 1, as spreadsheets do: A, Z, AA.
func Letter(column int) string {
	var b []byte
	for ; column > 0; column = (column - 1) / 26 {
		b = append([]byte{byte('A' + (column-1)%26)}, b...)
	}
	return string(b)
}

// Writer takes a table row by row. Rows may be shorter than the header, not longer. Close writes what is still held back
// and must be called once; it doesn't close the underlying writer.
type Writer interface {
	Write(cells ...Cell) error
	Close() error
}

// formulaStarts are the characters after which a spreadsheet may run a cell.
const formulaStarts = "=+-@＝＋－＠"

// risky reports whether a spreadsheet could take the text for a formula. Numerals such as -5.00 are fine.
func risky(s string) bool {
	if s == "" || plain(s) {
		return false
	}
	if s[0] == '\t' || s[0] == '\r' || s[0] == '\n' {
		return true
	}
	t := strings.TrimLeft(s, " \t\r\n\u00a0\u3000\ufeff")
	return t != "" && strings.ContainsRune(formulaStarts, []rune(t[:min(len(t), 4)])[0])
}

// guard makes a text harmless in CSV by a leading apostrophe. A text that looks guarded gets one more, so that Unguard
// gives back every text.
func guard(s string) string {
	if risky(s) || s != "" && s[0] == '\'' && risky(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

// Unguard returns the text of a CSV cell without the apostrophe that a Writer put before it to make it harmless.
func Unguard(s string) string {
	if s != "" && s[0] == '\'' && risky(strings.TrimLeft(s, "'")) {
		return s[1:]
	}
	return s
}

// plain reports whether s is a decimal numeral: optional minus, digits, optional fraction.
func plain(s string) bool {
	t := strings.TrimPrefix(s, "-")
	whole, fraction, dot := strings.Cut(t, ".")
	return digits(whole) && (!dot || digits(fraction)) && len(t) <= 64
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
