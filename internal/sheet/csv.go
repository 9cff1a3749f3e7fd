package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// csvRows reads comma-separated rows, RFC 4180 taken strictly: a quote that stands or ends in the wrong place is an error,
// since it moves every later cell.
type csvRows struct {
	in     *bufio.Reader
	limits Limits
	notes  Notes
	check  bool // the text may hold damaged characters
	number int
	long   []byte // a line that is longer than the buffer of in
	buf    []byte // unquoted bytes of the current row
	ends   []int  // where the cells end in buf
	cells  []Cell
	failed error
}

// ReadCSV reads a CSV file in UTF-8, with or without byte order mark, or GB18030; which one is found out by reading the whole
// file once and said in Notes. Anything else is an *Error.
func ReadCSV(r io.ReaderAt, size int64, limits Limits) (Rows, error) {
	text, err := detect(r, size)
	if err != nil {
		return nil, err
	}
	return &csvRows{
		in:     bufio.NewReaderSize(text.reader, 64<<10),
		limits: limits.WithDefaults(),
		notes:  Notes{Encoding: text.name},
		check:  text.check,
	}, nil
}

func (c *csvRows) Notes() Notes { return c.notes }

func (c *csvRows) Next() (Row, error) {
	if c.failed != nil {
		return Row{}, c.failed
	}
	row, err := c.next()
	c.failed = err
	return row, err
}

func (c *csvRows) next() (Row, error) {
	line, err := c.line()
	for err == nil && len(line) == 0 {
		line, err = c.line()
	}
	if err != nil {
		return Row{}, err
	}
	if c.number > c.limits.Rows {
		return Row{}, c.fail(0, "", "行数超过上限，请拆分文件")
	}
	c.cells = c.cells[:0]
	first := c.number
	if bytes.IndexByte(line, '"') < 0 {
		if err := c.plainRow(line); err != nil {
			return Row{}, err
		}
		return Row{Number: first, Cells: c.cells}, nil
	}
	if err := c.quotedRow(line); err != nil {
		return Row{}, err
	}
	return Row{Number: first, Cells: c.cells}, nil
}

// line returns the next line without its end, or io.EOF. The bytes are valid until the next call.
func (c *csvRows) line() ([]byte, error) {
	c.long = c.long[:0]
	part, err := c.in.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		c.long = append(c.long, part...)
		if len(c.long) > c.limits.LineBytes {
			c.number++
			return nil, c.fail(0, "", "这一行太长，可能缺少换行或引号没有成对")
		}
		part, err = c.in.ReadSlice('\n')
	}
	if err != nil && err != io.EOF {
		return nil, &Error{Row: c.number + 1, Message: "读文件出错：" + err.Error()}
	}
	if len(c.long) > 0 {
		c.long = append(c.long, part...)
		part = c.long
	}
	if len(part) == 0 {
		return nil, io.EOF
	}
	c.number++
	c.notes.NoNewline = 0
	if part[len(part)-1] != '\n' {
		c.notes.NoNewline = c.number
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(part, []byte("\n")), []byte("\r")), nil
}

// plainRow splits a row without quotes.
func (c *csvRows) plainRow(line []byte) error {
	text := string(line)
	for {
		cell, rest, more := strings.Cut(text, ",")
		if err := c.add(cell); err != nil || !more {
			return err
		}
		text = rest
	}
}

// quotedRow splits a row with quotes, which may go on over several lines; they count as one row.
func (c *csvRows) quotedRow(line []byte) error {
	first := c.number
	c.buf, c.ends = c.buf[:0], c.ends[:0]
	for more := true; more; {
		var err error
		if line, more, err = c.quotedCell(line); err != nil {
			var wrong *Error
			if errors.As(err, &wrong) {
				wrong.Row = first
			}
			return err
		}
		c.ends = append(c.ends, len(c.buf))
	}
	c.number = first
	if c.notes.NoNewline > 0 {
		c.notes.NoNewline = first
	}
	text, start := string(c.buf), 0
	for _, end := range c.ends {
		if err := c.add(text[start:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// quotedCell appends the first cell of line to buf and returns what follows its comma; more is false at the row's end.
func (c *csvRows) quotedCell(line []byte) (rest []byte, more bool, err error) {
	if len(line) == 0 || line[0] != '"' {
		cell, rest, more := bytes.Cut(line, []byte(","))
		if bytes.IndexByte(cell, '"') >= 0 {
			return nil, false, c.fail(len(c.ends)+1, string(cell), "引号只能包住整个单元格，单元格里的引号要写成两个")
		}
		c.buf = append(c.buf, cell...)
		return rest, more, nil
	}
	if line, err = c.inside(line[1:]); err != nil || len(line) == 0 {
		return nil, false, err
	}
	if line[0] != ',' {
		return nil, false, c.fail(len(c.ends)+1, string(line), "右引号后面有多余的字，单元格里的引号要写成两个")
	}
	return line[1:], true, nil
}

// inside appends quoted text up to the closing quote and returns what follows it, reading more lines as needed.
func (c *csvRows) inside(line []byte) ([]byte, error) {
	first := c.number
	for {
		i := bytes.IndexByte(line, '"')
		switch {
		case i >= 0 && i+1 < len(line) && line[i+1] == '"':
			c.buf = append(c.buf, line[:i+1]...)
			line = line[i+2:]
			continue
		case i >= 0:
			c.buf = append(c.buf, line[:i]...)
			return line[i+1:], nil
		}
		c.buf = append(append(c.buf, line...), '\n')
		if len(c.buf) > c.limits.LineBytes {
			c.number = first
			return nil, c.fail(len(c.ends)+1, "", "左引号从这里开始，一直没有右引号")
		}
		var err error
		if line, err = c.line(); err == io.EOF {
			c.number = first
			return nil, c.fail(len(c.ends)+1, "", "左引号从这里开始，到文件末尾也没有右引号，文件可能不完整")
		}
		if err != nil {
			return nil, err
		}
	}
}

// add takes one cell of the current row.
func (c *csvRows) add(text string) error {
	column := len(c.cells) + 1
	switch {
	case column > c.limits.Columns:
		return c.fail(column, "", "列数超过上限")
	case len(text) > c.limits.CellBytes:
		return c.fail(column, text[:min(len(text), 40)], "单元格太长，可能缺少换行或引号没有成对")
	case c.check && (!utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError)):
		return c.fail(column, strings.ToValidUTF8(text, "\ufffd"), "有无法识别的字符，文件的编码已损坏（按 "+c.notes.Encoding+" 读）")
	case strings.IndexByte(text, 0) >= 0:
		return c.fail(column, "", "含有空字符，不是文本文件或编码不是 UTF-8、GB18030")
	}
	c.cells = append(c.cells, Cell{Text: Unguard(text)})
	return nil
}

func (c *csvRows) fail(column int, text, message string) error {
	return &Error{Row: c.number, Column: column, Text: text, Message: message}
}

// csvWriter writes CSV, RFC 4180, with \r\n.
type csvWriter struct {
	out   *bufio.Writer
	width int
}

// NewCSV writes the header and returns a writer of UTF-8 CSV. With mark the file begins with a byte order mark, by which
// Excel recognises UTF-8. Texts that a spreadsheet would run get a leading apostrophe.
func NewCSV(w io.Writer, header []string, mark bool) (Writer, error) {
	c := &csvWriter{out: bufio.NewWriter(w), width: len(header)}
	if mark {
		if _, err := c.out.WriteString("\ufeff"); err != nil {
			return nil, err
		}
	}
	if err := c.Write(words(header)...); err != nil {
		return nil, err
	}
	return c, nil
}

func words(header []string) []Cell {
	cells := make([]Cell, len(header))
	for i, h := range header {
		cells[i] = Words(h)
	}
	return cells
}

func (c *csvWriter) Write(cells ...Cell) error {
	if err := fits(cells, c.width); err != nil {
		return err
	}
	for i := range c.width {
		if i > 0 {
			c.out.WriteByte(',') //nolint:errcheck // bufio keeps the first error for Flush
		}
		if i < len(cells) {
			c.cell(cells[i])
		}
	}
	_, err := c.out.WriteString("\r\n")
	return err
}

func (c *csvWriter) cell(cell Cell) {
	text := cell.Text
	if cell.Kind == Text {
		text = guard(text)
	}
	// A row of one empty cell would be a blank line, which readers leave out.
	if strings.ContainsAny(text, ",\"\r\n") || text == "" && c.width == 1 || strings.TrimSpace(text) != text {
		text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	c.out.WriteString(text) //nolint:errcheck // bufio keeps the first error for Flush
}

func (c *csvWriter) Close() error { return c.out.Flush() }
