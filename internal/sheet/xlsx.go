package sheet

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// Limits of the XLSX format.
const (
	maxXLSXRows = 1 << 20
	maxXLSXText = 32_767 // UTF-16 units in a cell
)

// sampled is how many rows are held back to choose the column widths.
const sampled = 200

// xlsxWriter writes a workbook of one sheet.
type xlsxWriter struct {
	out    io.Writer
	file   *excelize.File
	stream *excelize.StreamWriter
	header []string
	held   [][]Cell
	rows   int // written, with the header
	begun  bool
	styles map[int]int // decimals -> style of a number
}

// NewXLSX returns a writer of a workbook with one sheet: bold header that stays in view, numbers as numbers, everything else
// as text that is never run, numerals of more than 15 digits (codes) as text. The name must be one that Excel allows. The
// file is written on Close; the same cells give the same bytes.
func NewXLSX(w io.Writer, name string, header []string) (Writer, error) {
	f := excelize.NewFile()
	if err := f.SetSheetName(f.GetSheetName(0), name); err != nil {
		return nil, fmt.Errorf("xlsx sheet %q: %w", name, errors.Join(err, f.Close()))
	}
	stream, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, fmt.Errorf("xlsx sheet %q: %w", name, errors.Join(err, f.Close()))
	}
	return &xlsxWriter{out: w, file: f, stream: stream, header: header, styles: map[int]int{}}, nil
}

func (x *xlsxWriter) Write(cells ...Cell) error {
	if err := fits(cells, len(x.header)); err != nil {
		return err
	}
	if x.begun {
		return x.row(cells)
	}
	x.held = append(x.held, append([]Cell(nil), cells...))
	if len(x.held) < sampled {
		return nil
	}
	return x.begin()
}

// begin writes column widths, header and the rows held back.
func (x *xlsxWriter) begin() error {
	x.begun = true
	for i, h := range x.header {
		wide := Width(h)
		for _, row := range x.held {
			if i < len(row) {
				wide = max(wide, Width(row[i].Text))
			}
		}
		if err := x.stream.SetColWidth(i+1, i+1, float64(min(wide, 60)+3)); err != nil {
			return fmt.Errorf("xlsx column %d: %w", i+1, err)
		}
	}
	if err := x.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("xlsx frozen row: %w", err)
	}
	if err := x.top(); err != nil {
		return err
	}
	for _, row := range x.held {
		if err := x.row(row); err != nil {
			return err
		}
	}
	x.held = nil
	return nil
}

// top writes the header.
func (x *xlsxWriter) top() error {
	style, err := x.file.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF7"}},
	})
	if err != nil {
		return fmt.Errorf("xlsx header style: %w", err)
	}
	values := make([]any, len(x.header))
	for i, h := range x.header {
		values[i] = excelize.Cell{StyleID: style, Value: h}
	}
	return x.set(values)
}

func (x *xlsxWriter) row(cells []Cell) error {
	values := make([]any, len(cells))
	for i, c := range cells {
		if c.Text == "" {
			continue
		}
		if len(utf16.Encode([]rune(c.Text))) > maxXLSXText {
			return fmt.Errorf("xlsx row %d column %s: text of %d bytes is longer than Excel allows", x.rows+1, Letter(i+1), len(c.Text))
		}
		values[i] = c.Text
		if c.Kind != Number || !shownExactly(c.Text) {
			continue
		}
		number, err := strconv.ParseFloat(c.Text, 64) // 15 digits survive it, so the file holds the same numeral
		if err != nil {
			return fmt.Errorf("xlsx row %d column %s: %w", x.rows+1, Letter(i+1), err)
		}
		style, err := x.numberStyle(c.Text)
		if err != nil {
			return err
		}
		values[i] = excelize.Cell{StyleID: style, Value: number}
	}
	return x.set(values)
}

// shownExactly reports whether Excel keeps the numeral as it is: at most 15 digits and no zeros in front.
func shownExactly(numeral string) bool {
	whole := strings.TrimPrefix(numeral, "-")
	padded := len(whole) > 1 && whole[0] == '0' && whole[1] != '.'
	return plain(numeral) && !padded && countDigits(numeral) <= 15
}

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// numberStyle shows as many decimals as the numeral has.
func (x *xlsxWriter) numberStyle(numeral string) (int, error) {
	_, fraction, _ := strings.Cut(numeral, ".")
	if id, ok := x.styles[len(fraction)]; ok {
		return id, nil
	}
	format := "0"
	if fraction != "" {
		format += "." + strings.Repeat("0", len(fraction))
	}
	id, err := x.file.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return 0, fmt.Errorf("xlsx number style %s: %w", format, err)
	}
	x.styles[len(fraction)] = id
	return id, nil
}

func (x *xlsxWriter) set(values []any) error {
	x.rows++
	if x.rows > maxXLSXRows {
		return fmt.Errorf("xlsx: more than %d rows", maxXLSXRows)
	}
	if err := x.stream.SetRow("A"+strconv.Itoa(x.rows), values); err != nil {
		return fmt.Errorf("xlsx row %d: %w", x.rows, err)
	}
	return nil
}

func (x *xlsxWriter) Close() (err error) {
	defer func() { err = errors.Join(err, x.file.Close()) }()
	if !x.begun {
		if err := x.begin(); err != nil {
			return err
		}
	}
	if err := x.stream.Flush(); err != nil {
		return fmt.Errorf("xlsx: %w", err)
	}
	if err := x.file.Write(x.out); err != nil {
		return fmt.Errorf("xlsx: %w", err)
	}
	return nil
}
