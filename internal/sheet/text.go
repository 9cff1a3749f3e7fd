package sheet

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// fits refuses rows that are longer than the header.
func fits(cells []Cell, columns int) error {
	if len(cells) > columns {
		return fmt.Errorf("sheet: row of %d cells under a header of %d", len(cells), columns)
	}
	return nil
}

// textWriter holds all rows back until it knows how wide the columns are.
type textWriter struct {
	out    io.Writer
	rows   [][]Cell
	widths []int
}

// NewText returns a writer of a table for terminals: columns are as wide as their widest cell, counted in East Asian width,
// numbers stand right, and nothing in a cell can steer the terminal. It writes everything on Close.
func NewText(w io.Writer, header []string) Writer {
	t := &textWriter{out: w, widths: make([]int, len(header))}
	t.keep(words(header))
	return t
}

func (t *textWriter) Write(cells ...Cell) error {
	if err := fits(cells, len(t.widths)); err != nil {
		return err
	}
	t.keep(cells)
	return nil
}

func (t *textWriter) keep(cells []Cell) {
	row := make([]Cell, len(t.widths))
	for i, c := range cells {
		row[i] = Cell{Text: visible(c.Text), Kind: c.Kind}
		t.widths[i] = max(t.widths[i], Width(row[i].Text))
	}
	t.rows = append(t.rows, row)
}

func (t *textWriter) Close() error {
	numbers := make([]bool, len(t.widths))
	for _, row := range t.rows[1:] {
		for i, c := range row {
			numbers[i] = numbers[i] || c.Kind == Number
		}
	}
	out := bufio.NewWriter(t.out)
	for n, row := range t.rows {
		var b strings.Builder
		for i, c := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			pad := strings.Repeat(" ", t.widths[i]-Width(c.Text))
			if c.Kind == Number || n == 0 && numbers[i] {
				b.WriteString(pad + c.Text)
			} else {
				b.WriteString(c.Text + pad)
			}
		}
		fmt.Fprintln(out, strings.TrimRight(b.String(), " "))
		if n == 0 {
			fmt.Fprintln(out, t.rule())
		}
	}
	return out.Flush()
}

func (t *textWriter) rule() string {
	parts := make([]string, len(t.widths))
	for i, w := range t.widths {
		parts[i] = strings.Repeat("-", w)
	}
	return strings.Join(parts, "  ")
}

// Width is how many columns of a terminal the text takes: two for wide and full-width characters, none for combining and
// invisible ones, else one.
func Width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r < 0x80:
			n++
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		default:
			n++
			if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
				n++
			}
		}
	}
	return n
}

// visible makes a text fit for one line of a terminal: line breaks and tabs become spaces, other control characters and
// those that change the direction of text become U+FFFD.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
