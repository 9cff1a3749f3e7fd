package counter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Column is one kind of value: its name in JSON and in text.
type Column struct{ Key, Head string }

// Word is a value that programs read as Code and people as Text.
type Word struct{ Code, Text string }

// Columns makes columns of pairs of key and head.
func Columns(pairs ...string) []Column {
	list := make([]Column, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, Column{pairs[i], pairs[i+1]})
	}
	return list
}

// Part is something to show: in text a card shows its one row line by line, a table has a line of heads and a line a row.
type Part struct {
	Key, Title string
	Columns    []Column
	Card       bool
	Rows       [][]any
	Empty      string // what a table without rows says in text
}

// Add adds a row: a value for each column.
func (p *Part) Add(values ...any) { p.Rows = append(p.Rows, values) }

// Show writes the parts as text, or as one JSON document: a part alone as itself, several under their keys.
func (s Shown) Show(w io.Writer, parts ...*Part) error {
	if s.Format == "json" {
		return showJSON(w, parts)
	}
	var b strings.Builder
	for i, p := range parts {
		if i > 0 && (len(p.Rows) > 0 || p.Empty != "") {
			b.WriteByte('\n')
		}
		p.text(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Part) text(b *strings.Builder) {
	if len(p.Rows) == 0 {
		if p.Empty != "" {
			b.WriteString(p.Empty + "\n")
		}
		return
	}
	if p.Title != "" {
		b.WriteString(p.Title + "\n")
	}
	if p.Card {
		for i, c := range p.Columns {
			if text := words(p.Rows[0][i]); text != "" {
				b.WriteString(c.Head + "：" + text + "\n")
			}
		}
		return
	}
	p.table(b)
}

// table aligns the columns as a terminal shows them, where a Chinese character takes two places.
func (p *Part) table(b *strings.Builder) {
	lines := make([][]string, 1, len(p.Rows)+1)
	for _, c := range p.Columns {
		lines[0] = append(lines[0], c.Head)
	}
	for _, row := range p.Rows {
		var line []string
		for _, v := range row {
			line = append(line, words(v))
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(p.Columns))
	for _, line := range lines {
		for i, text := range line {
			widths[i] = max(widths[i], width(text))
		}
	}
	for _, line := range lines {
		var out strings.Builder
		for i, text := range line {
			out.WriteString(text + strings.Repeat(" ", widths[i]-width(text)+2))
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
	}
}

// width is how many places a text takes.
func width(text string) (n int) {
	for _, r := range text {
		n++
		if r >= 0x1100 {
			n++
		}
	}
	return n
}

// words writes a value for people; what is nothing is "". Line ends and control characters don't reach the terminal.
func words(v any) string {
	var text string
	switch v := v.(type) {
	case nil:
	case Word:
		text = v.Text
	case []string:
		text = strings.Join(v, " ")
	case bool:
		return map[bool]string{true: "是"}[v]
	case time.Time:
		return map[bool]string{false: v.In(civil.Shanghai()).Format("2006-01-02 15:04:05")}[v.IsZero()]
	case civil.Date:
		return map[bool]string{false: v.String()}[v.IsZero()]
	case exact.Money:
		return v.String()
	default:
		text = fmt.Sprint(v)
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

func showJSON(w io.Writer, parts []*Part) error {
	var b bytes.Buffer
	if len(parts) > 1 {
		b.WriteByte('{')
	}
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(',')
		}
		if len(parts) > 1 {
			fmt.Fprintf(&b, "%q:", p.Key)
		}
		if err := p.json(&b); err != nil {
			return err
		}
	}
	if len(parts) > 1 {
		b.WriteByte('}')
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b.Bytes(), "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err := w.Write(out.Bytes())
	return err
}

// json writes a card as an object and a table as an array of objects, the members in the order of the columns.
func (p *Part) json(b *bytes.Buffer) error {
	if !p.Card {
		b.WriteByte('[')
	}
	for i, row := range p.Rows {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := p.object(b, row); err != nil {
			return err
		}
	}
	if !p.Card {
		b.WriteByte(']')
	}
	return nil
}

func (p *Part) object(b *bytes.Buffer, row []any) error {
	b.WriteByte('{')
	for i, c := range p.Columns {
		value, err := json.Marshal(plain(row[i]))
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%q:%s", c.Key, value)
	}
	b.WriteByte('}')
	return nil
}

// plain is a value as JSON has it: no time and no day are null.
func plain(v any) any {
	switch v := v.(type) {
	case Word:
		return v.Code
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UTC().Format(time.RFC3339Nano)
	case civil.Date:
		if v.IsZero() {
			return nil
		}
	}
	return v
}
