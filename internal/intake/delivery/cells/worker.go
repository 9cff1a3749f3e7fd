package delivery

import (
	"bytes"
	"fmt"
	"unicode"

	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/lines"
	"mianshen/internal/sheet"
)

// worker reads pieces of a CSV file into batches. It belongs to one goroutine.
type worker struct {
	file    string
	walker  *lines.Walker
	most    int // bytes of a cell
	columns []cell
	code    int // which column is 统一社会信用代码
	name    int // which is 企业名称, -1 for none
	slots   []intake.Slot
	batch   *batch
	ids     []byte // codes of the batch, one after the other
	tallies []tally
}

// cell is what one column of the file is read as.
type cell struct {
	intake.LayoutColumn
	lane  *lane // nil: not a series
	named bool  // there is a header
	tally *tally
}

func (r *reader) newWorker(t *text, layout *intake.Layout) *worker {
	w := &worker{file: r.current().Name, walker: r.walker(t), most: r.limits.CellBytes, columns: make([]cell, layout.Width), name: -1, slots: r.slots}
	w.tallies = make([]tally, len(r.slots))
	for _, c := range layout.Columns {
		one := &w.columns[c.Position]
		one.LayoutColumn, one.named = c, true
		switch {
		case c.Slot == intake.CodeSlot:
			w.code = c.Position
		case c.Slot == intake.NameSlot:
			w.name = c.Position
		case c.Slot >= 0:
			one.lane = newLane(r.slots[c.Slot].Field, c.Unit)
			one.tally = &w.tallies[c.Slot]
			if r.slots[c.Slot].Name == nameColumn {
				w.name = c.Position
			}
		}
	}
	return w
}

// count adds what the worker counted to tallies, by slot.
func (w *worker) count(tallies []tally) {
	for i := range w.tallies {
		tallies[i].merge(&w.tallies[i], 0)
	}
}

// read reads one piece.
func (w *worker) read(p lines.Piece) *batch {
	w.batch, w.ids = &batch{}, make([]byte, 0, p.Records*codeLength)
	w.batch.keys, w.batch.lines = make([]key, 0, p.Records), make([]int, 0, p.Records)
	if w.name >= 0 {
		w.batch.names = make([]string, 0, p.Records)
	}
	for i := range w.columns {
		if l := w.columns[i].lane; l != nil {
			l.begin(p.Records)
		}
	}
	w.walker.Reset(p)
	for !w.batch.full() && w.walker.Next() {
		if w.walker.Plain != nil {
			w.plain(w.walker.Plain)
			continue
		}
		w.cells(w.walker.Cells)
	}
	if err := w.walker.Err(); err != nil {
		b := broken(w.file, err)
		w.batch.problems, w.batch.stop = append(w.batch.problems, b.problems...), true
	}
	return w.finish()
}

// finish turns what was read into the batch's columns.
func (w *worker) finish() *batch {
	b := w.batch
	ids := string(w.ids)
	b.codes = make([]string, len(b.keys))
	for i := range b.codes {
		b.codes[i] = ids[i*codeLength : (i+1)*codeLength]
	}
	for i := range w.columns {
		c := &w.columns[i]
		if c.lane == nil {
			continue
		}
		column := c.lane.take()
		if len(b.problems) > 0 {
			continue
		}
		c.tally.add(column)
		b.columns = append(b.columns, NamedColumn{Series: w.slots[c.Slot].Name, Column: column})
	}
	return b
}

// plain reads a record without quotes.
func (w *worker) plain(line []byte) {
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
func (w *worker) cells(cells [][]byte) {
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
func (w *worker) width(n int, blank bool) {
	if n == 1 && blank {
		return
	}
	w.fail(nil, nil, fmt.Sprintf("有 %d 格，表头是 %d 格：可能多了或少了逗号，或者文件不完整", n, len(w.columns)))
}

// begin reads the code of a record and reports whether its other cells are to be read.
func (w *worker) begin(text []byte, blank func() bool) bool {
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

func (w *worker) row(k key, code []byte) {
	w.batch.keys = append(w.batch.keys, k)
	w.batch.lines = append(w.batch.lines, w.walker.Line)
	w.ids = append(w.ids, code...)
}

// slow reads a cell that the fast way didn't.
func (w *worker) slow(i int, text []byte) {
	c := &w.columns[i]
	switch {
	case len(text) > w.most:
		w.batch.stop = true
		w.fail(c, text, "单元格太长，可能缺少换行或引号没有成对")
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
func (w *worker) title(text []byte) {
	w.batch.names = append(w.batch.names, intake.DisplayName(sheet.Unguard(string(text))))
}

// fail notes what is wrong with a cell, or with the record where c is nil.
func (w *worker) fail(c *cell, text []byte, message string) {
	p := intake.Problem{File: w.file, Row: w.walker.Line, Text: intake.Clip(sheet.Unguard(string(text))), Message: message}
	if c != nil {
		p.Column, p.Header = c.Letter, c.Header
	}
	w.batch.add(p)
}
