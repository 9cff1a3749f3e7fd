package cells

import (
	"bytes"
	"fmt"
	"unicode"

	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/lines"
	"mianshen/internal/intake/delivery/parts"
	"mianshen/internal/sheet"
)

// Worker reads pieces of a CSV file into batches. It belongs to one goroutine.
type Worker struct {
	file    string
	walker  *lines.Walker
	columns []cell
	code    int // which column is 统一社会信用代码
	name    int // which is 企业名称, -1 for none
	slots   []intake.Slot
	batch   *Batch
	ids     []byte // codes of the batch, one after the other
	tallies []Tally
}

// cell is what one column of the file is read as.
type cell struct {
	intake.LayoutColumn
	lane  *Lane // nil: not a series
	named bool  // there is a header
	tally *Tally
}

// NewWorker returns a worker for a file with a layout of slots. walker is for it alone.
func NewWorker(file string, slots []intake.Slot, layout *intake.Layout, walker *lines.Walker) *Worker {
	w := &Worker{file: file, walker: walker, columns: make([]cell, layout.Width), name: -1, slots: slots, tallies: make([]Tally, len(slots))}
	for _, c := range layout.Columns {
		one := &w.columns[c.Position]
		one.LayoutColumn, one.named = c, true
		switch {
		case c.Slot == intake.CodeSlot:
			w.code = c.Position
		case c.Slot == intake.NameSlot:
			w.name = c.Position
		case c.Slot >= 0:
			one.lane = NewLane(slots[c.Slot].Field, c.Unit)
			one.tally = &w.tallies[c.Slot]
			if slots[c.Slot].Name == NameColumn {
				w.name = c.Position
			}
		}
	}
	return w
}

// Count adds what the worker counted to tallies, by slot.
func (w *Worker) Count(tallies []Tally) {
	for i := range w.tallies {
		tallies[i].Merge(&w.tallies[i], 0)
	}
}

// Read reads one piece.
func (w *Worker) Read(p lines.Piece) *Batch {
	w.batch, w.ids = &Batch{}, make([]byte, 0, p.Records*codeLength)
	w.batch.Keys, w.batch.Rows = make([]Key, 0, p.Records), make([]int, 0, p.Records)
	if w.name >= 0 {
		w.batch.Names = make([]string, 0, p.Records)
	}
	for i := range w.columns {
		if l := w.columns[i].lane; l != nil {
			l.Begin(p.Records)
		}
	}
	w.walker.Reset(p)
	for !w.batch.Full() && w.walker.Next() {
		if w.walker.Plain != nil {
			w.plain(w.walker.Plain)
			continue
		}
		w.cells(w.walker.Cells)
	}
	if err := w.walker.Err(); err != nil {
		b := Broken(w.file, err)
		w.batch.Problems, w.batch.Stop = append(w.batch.Problems, b.Problems...), true
	}
	return w.finish()
}

// finish turns what was read into the batch's columns.
func (w *Worker) finish() *Batch {
	b := w.batch
	ids := string(w.ids)
	b.Codes = make([]string, len(b.Keys))
	for i := range b.Codes {
		b.Codes[i] = ids[i*codeLength : (i+1)*codeLength]
	}
	for i := range w.columns {
		c := &w.columns[i]
		if c.lane == nil {
			continue
		}
		made := c.lane.Take()
		if len(b.Problems) > 0 {
			continue
		}
		c.tally.Add(made)
		b.Columns = append(b.Columns, parts.NamedColumn{Series: w.slots[c.Slot].Name, Column: made})
	}
	return b
}

// plain reads a record without quotes.
func (w *Worker) plain(line []byte) {
	if n := bytes.Count(line, comma) + 1; n != len(w.columns) {
		w.width(n, isBlank(line))
		return
	}
	p := 0
	for range w.code {
		p += bytes.IndexByte(line[p:], ',') + 1
	}
	if !w.begin(line[p:cellEnd(line, p, len(line))], func() bool { return isBlank(line) }) {
		return
	}
	p = 0
	for i := range w.columns {
		c := &w.columns[i]
		end := -1
		if c.lane != nil {
			end = c.lane.read(line, p, len(line))
		}
		if end < 0 {
			end = cellEnd(line, p, len(line))
			w.slow(i, line[p:end])
		}
		if i == w.name {
			w.title(line[p:end])
		}
		p = end + 1
	}
}

var comma = []byte{','}

// cells reads a record that was taken apart before.
func (w *Worker) cells(cells [][]byte) {
	blank := func() bool {
		for _, c := range cells {
			if len(bytes.TrimSpace(c)) > 0 {
				return false
			}
		}
		return true
	}
	if len(cells) != len(w.columns) {
		w.width(len(cells), len(cells) == 1 && blank())
		return
	}
	if !w.begin(cells[w.code], blank) {
		return
	}
	for i, text := range cells {
		end := -1
		if l := w.columns[i].lane; l != nil && bytes.IndexByte(text, ',') < 0 {
			end = l.read(text, 0, len(text))
		}
		if end < 0 {
			w.slow(i, text)
		}
		if i == w.name {
			w.title(text)
		}
	}
}

// isBlank reports whether nothing is in any cell of a plain record.
func isBlank(line []byte) bool {
	return bytes.IndexFunc(line, func(r rune) bool { return r != ',' && !unicode.IsSpace(r) }) < 0
}

// width notes a record of n cells that should have others, unless it is one blank cell.
func (w *Worker) width(n int, blank bool) {
	if n == 1 && blank {
		return
	}
	w.fail(nil, nil, fmt.Sprintf("有 %d 格，表头是 %d 格：可能多了或少了逗号，或者文件不完整", n, len(w.columns)))
}

// begin reads the code of a record and reports whether its other cells are to be read.
func (w *Worker) begin(text []byte, blank func() bool) bool {
	if k, ok := fastCode(text); ok {
		w.row(k, text)
		return true
	}
	if blank() {
		return false
	}
	code, k, err := parseCode(sheet.Unguard(string(text)))
	if err != nil {
		w.fail(&w.columns[w.code], text, err.Error())
		return false
	}
	w.row(k, []byte(code))
	return true
}

func (w *Worker) row(k Key, code []byte) {
	w.batch.Keys = append(w.batch.Keys, k)
	w.batch.Rows = append(w.batch.Rows, w.walker.Row)
	w.ids = append(w.ids, code...)
}

// slow reads a cell that the fast way didn't.
func (w *Worker) slow(i int, text []byte) {
	c := &w.columns[i]
	switch {
	case c.lane != nil:
		if err := c.lane.slow(sheet.Unguard(string(text))); err != nil {
			w.fail(c, text, err.Error())
		}
		return
	case !c.named && len(text) > 0:
		w.fail(&cell{LayoutColumn: intake.LayoutColumn{Letter: sheet.Letter(i + 1)}}, text, fmt.Sprintf("“%s”上面没有列名", intake.Clip(string(text))))
	}
}

// title notes the name of the enterprise.
func (w *Worker) title(text []byte) {
	w.batch.Names = append(w.batch.Names, intake.DisplayName(sheet.Unguard(string(text))))
}

// fail notes what is wrong with a cell, or with the record where c is nil.
func (w *Worker) fail(c *cell, text []byte, message string) {
	p := intake.Problem{File: w.file, Row: w.walker.Row, Text: intake.Clip(sheet.Unguard(string(text))), Message: message}
	if c != nil {
		p.Column, p.Header = c.Letter, c.Header
	}
	w.batch.Add(p)
}
