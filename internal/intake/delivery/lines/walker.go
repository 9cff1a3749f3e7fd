package lines

import (
	"bytes"
	"unicode/utf8"

	"mianshen/internal/sheet"
)

// Walker goes through the records of one piece. The zero Walker is at the end of nothing; Reset gives it a piece.
type Walker struct {
	// Encoding is the name of the file's encoding for messages.
	Encoding string
	// CellBytes caps a cell.
	CellBytes int

	// Row is the number of the record that Next found, as spreadsheets count.
	Row int
	// Plain is the record when it has no quotes and nothing is the matter with the piece: its cells are what stands between
	// its commas. It is followed by at least one more byte of the piece, which isn't part of it. Otherwise nil.
	Plain []byte
	// Cells are the record's cells when it isn't plain. They are valid until the next call of Next.
	Cells [][]byte

	piece  Piece
	pos    int
	row    int // of the record before pos
	quotes bool
	check  bool // every cell is to be looked at
	buf    []byte
	ends   []int
	failed *sheet.Error
}

var damaged = []byte(string(utf8.RuneError))

// Reset starts at the beginning of a piece.
func (w *Walker) Reset(p Piece) {
	w.piece, w.pos, w.row, w.failed = p, 0, p.First-1, nil
	w.quotes = bytes.IndexByte(p.Data, '"') >= 0
	w.check = p.Broken || bytes.IndexByte(p.Data, 0) >= 0 || !utf8.Valid(p.Data) || w.Encoding != "UTF-8" && bytes.Contains(p.Data, damaged)
}

// Next goes to the next record that isn't a blank line and reports whether there is one. It reports false at the piece's end
// and at what can't be read, which Err then tells.
func (w *Walker) Next() bool {
	for w.failed == nil && w.pos < len(w.piece.Data) {
		line := w.take()
		w.row++
		if len(line) == 0 {
			continue
		}
		w.Row, w.Plain, w.Cells = w.row, nil, nil
		if !w.check && len(line) <= w.CellBytes && (!w.quotes || bytes.IndexByte(line, '"') < 0) {
			w.Plain = line
			return true
		}
		w.failed = w.split(line)
		return w.failed == nil
	}
	return false
}

// Err returns what ended the walk, nil for the end of the piece.
func (w *Walker) Err() error {
	if w.failed == nil {
		return nil
	}
	return w.failed
}

// take goes over the next line and returns it without its end.
func (w *Walker) take() []byte {
	rest := w.piece.Data[w.pos:]
	n := bytes.IndexByte(rest, '\n')
	w.pos += n + 1
	if n > 0 && rest[n-1] == '\r' {
		n--
	}
	return rest[:n]
}

// split takes a record apart that begins with line; its quotes may reach over several.
func (w *Walker) split(line []byte) *sheet.Error {
	if w.piece.Broken && !w.piece.End && w.pos >= len(bytes.TrimRight(w.piece.Data, "\n")) {
		return w.fail(0, nil, "这一行太长，可能缺少换行或引号没有成对")
	}
	w.buf, w.ends = w.buf[:0], w.ends[:0]
	for more := true; more; {
		var wrong *sheet.Error
		if line, more, wrong = w.cell(line); wrong != nil {
			return wrong
		}
		w.ends = append(w.ends, len(w.buf))
	}
	w.Cells = w.Cells[:0]
	start := 0
	for i, end := range w.ends {
		cell := w.buf[start:end:end]
		if wrong := w.sound(i+1, cell); wrong != nil {
			return wrong
		}
		w.Cells = append(w.Cells, cell)
		start = end
	}
	return nil
}

// cell appends the first cell of line to buf and returns what follows its comma; more is false at the record's end.
func (w *Walker) cell(line []byte) (rest []byte, more bool, wrong *sheet.Error) {
	if len(line) == 0 || line[0] != '"' {
		cell, rest, more := bytes.Cut(line, []byte(","))
		if bytes.IndexByte(cell, '"') >= 0 {
			return nil, false, w.fail(len(w.ends)+1, cell, "引号只能包住整个单元格，单元格里的引号要写成两个")
		}
		w.buf = append(w.buf, cell...)
		return rest, more, nil
	}
	if line, wrong = w.inside(line[1:]); wrong != nil || len(line) == 0 {
		return nil, false, wrong
	}
	if line[0] != ',' {
		return nil, false, w.fail(len(w.ends)+1, line, "右引号后面有多余的字，单元格里的引号要写成两个")
	}
	return line[1:], true, nil
}

// inside appends quoted text up to the closing quote and returns what follows it, going on to more lines as needed.
func (w *Walker) inside(line []byte) ([]byte, *sheet.Error) {
	for {
		i := bytes.IndexByte(line, '"')
		switch {
		case i >= 0 && i+1 < len(line) && line[i+1] == '"':
			w.buf = append(w.buf, line[:i+1]...)
			line = line[i+2:]
			continue
		case i >= 0:
			w.buf = append(w.buf, line[:i]...)
			return line[i+1:], nil
		}
		w.buf = append(append(w.buf, line...), '\n')
		if w.pos < len(w.piece.Data) {
			line = w.take()
			continue
		}
		if w.piece.End {
			return nil, w.fail(len(w.ends)+1, nil, "左引号从这里开始，到文件末尾也没有右引号，文件可能不完整")
		}
		return nil, w.fail(len(w.ends)+1, nil, "左引号从这里开始，一直没有右引号")
	}
}

// sound says what is wrong with a cell's text, whatever it means.
func (w *Walker) sound(column int, cell []byte) *sheet.Error {
	switch {
	case len(cell) > w.CellBytes:
		return w.fail(column, cell[:min(len(cell), 40)], "单元格太长，可能缺少换行或引号没有成对")
	case !w.check:
		return nil
	case !utf8.Valid(cell) || w.Encoding != "UTF-8" && bytes.Contains(cell, damaged):
		return w.fail(column, bytes.ToValidUTF8(cell, damaged), "有无法识别的字符，文件的编码已损坏（按 "+w.Encoding+" 读）")
	case bytes.IndexByte(cell, 0) >= 0:
		return w.fail(column, nil, "含有空字符，不是文本文件或编码不是 UTF-8、GB18030")
	}
	return nil
}

func (w *Walker) fail(column int, text []byte, message string) *sheet.Error {
	return &sheet.Error{Row: w.Row, Column: column, Text: string(text), Message: message}
}
