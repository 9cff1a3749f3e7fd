package xlsx

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"mianshen/internal/sheet"
)

// rows reads the rows of one sheet.
type rows struct {
	book   *Workbook
	x      *xmlPart
	notes  sheet.Notes
	number int
	column int // of the last cell
	inData bool
	cells  []sheet.Cell
	failed error
}

// maxMerged caps the merged areas that are remembered.
const maxMerged = 1000

// Rows opens sheet i of Sheets for reading from its start.
func (w *Workbook) Rows(i int) (sheet.Rows, error) {
	x, err := w.xml(w.sheets[i].part)
	if err != nil {
		return nil, asError(err)
	}
	return &rows{book: w, x: x}, nil
}

func (r *rows) Notes() sheet.Notes { return r.notes }

func (r *rows) Next() (sheet.Row, error) {
	if r.failed != nil {
		return sheet.Row{}, r.failed
	}
	row, err := r.next()
	if err == nil {
		return row, nil
	}
	r.x.close()
	if err != io.EOF {
		err = asError(err)
	}
	r.failed = err
	return sheet.Row{}, err
}

func (r *rows) next() (sheet.Row, error) {
	for {
		t, err := r.x.token()
		if err != nil {
			return sheet.Row{}, err
		}
		switch e := t.(type) {
		case xml.EndElement:
			r.inData = r.inData && e.Name.Local != "sheetData"
		case xml.StartElement:
			if !r.inData || e.Name.Local != "row" {
				r.around(e)
				continue
			}
			row, err := r.row(e)
			if err != nil || len(row.Cells) > 0 {
				return row, err
			}
		}
	}
}

// around takes what stands before and after the rows.
func (r *rows) around(e xml.StartElement) {
	switch e.Name.Local {
	case "sheetData":
		r.inData = true
	case "col":
		first, _ := strconv.Atoi(attr(e, "min"))
		last, _ := strconv.Atoi(attr(e, "max"))
		// A column hidden to the sheet's end hides nothing that was filled in.
		if yes(attr(e, "hidden")) && last >= first && last <= r.book.limits.Columns {
			r.notes.HiddenColumns += last - first + 1
		}
	case "mergeCell":
		from, to, _ := strings.Cut(attr(e, "ref"), ":")
		c1, r1, ok1 := position(from)
		c2, r2, ok2 := position(to)
		if ok1 && ok2 && len(r.notes.Merged) < maxMerged {
			r.notes.Merged = append(r.notes.Merged, sheet.Area{FirstRow: r1, LastRow: r2, FirstColumn: c1, LastColumn: c2})
		}
	}
}

func yes(s string) bool { return s == "1" || s == "true" }

// row reads one row; Cells is empty when nothing is in it.
func (r *rows) row(e xml.StartElement) (sheet.Row, error) {
	number := r.number + 1
	if text := attr(e, "r"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < number {
			return sheet.Row{}, &sheet.Error{Row: number, Message: "工作表的行号错乱，文件已损坏"}
		}
		number = n
	}
	if number > r.book.limits.Rows {
		return sheet.Row{}, &sheet.Error{Row: number, Message: "行数超过上限，请拆分文件"}
	}
	r.number, r.column, r.cells = number, 0, r.cells[:0]
	hidden := yes(attr(e, "hidden"))
	for {
		t, err := r.x.token()
		if err != nil {
			return sheet.Row{}, err
		}
		switch c := t.(type) {
		case xml.EndElement:
			if hidden && len(r.cells) > 0 {
				r.notes.HiddenRows++
			}
			return sheet.Row{Number: number, Cells: r.cells, Hidden: hidden}, nil
		case xml.StartElement:
			if c.Name.Local != "c" {
				err = r.x.skip()
			} else {
				err = r.cell(c)
			}
			if err != nil {
				return sheet.Row{}, err
			}
		}
	}
}

// cell reads one cell and puts it where it belongs.
func (r *rows) cell(e xml.StartElement) error {
	column := r.column + 1
	if ref := attr(e, "r"); ref != "" {
		c, _, ok := position(ref)
		if !ok || c < column {
			return &sheet.Error{Row: r.number, Message: "工作表的单元格位置错乱，文件已损坏"}
		}
		column = c
	}
	r.column = column
	kind, format := attr(e, "t"), r.style(attr(e, "s"))
	value, noResult, err := r.content()
	if err != nil {
		return err
	}
	if value == "" && !noResult {
		return nil
	}
	if column > r.book.limits.Columns {
		return &sheet.Error{Row: r.number, Column: column, Message: "列数超过上限"}
	}
	for len(r.cells) < column {
		r.cells = append(r.cells, sheet.Cell{})
	}
	c, err := r.meaning(kind, format, value)
	if err != nil {
		return err
	}
	if noResult {
		c = sheet.Cell{Kind: sheet.NoResult}
	}
	if len(c.Text) > r.book.limits.CellBytes {
		return &sheet.Error{Row: r.number, Column: column, Text: c.Text[:min(len(c.Text), 40)], Message: "单元格太长"}
	}
	r.cells[column-1] = c
	return nil
}

func (r *rows) style(index string) style {
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(r.book.styles) {
		return general
	}
	return r.book.styles[i]
}

// content reads a cell up to its end: the stored value, or that it is a formula without one.
func (r *rows) content() (value string, noResult bool, err error) {
	formula, stored := false, false
	for {
		t, err := r.x.token()
		if err != nil {
			return "", false, err
		}
		e, ok := t.(xml.StartElement)
		if _, end := t.(xml.EndElement); end {
			return value, formula && !stored, nil
		}
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "v":
			stored = true
			value, err = r.x.chars()
		case "is":
			value, err = r.x.text("is")
		case "f":
			formula = true
			err = r.x.skip()
		default:
			err = r.x.skip()
		}
		if err != nil {
			return "", false, err
		}
	}
}

// meaning turns a stored value into a cell: kind is the t attribute of ECMA-376 part 1, 18.18.11.
func (r *rows) meaning(kind string, format style, value string) (sheet.Cell, error) {
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || i < 0 || i >= len(r.book.shared) {
			return sheet.Cell{}, &sheet.Error{Row: r.number, Column: r.column, Message: "单元格指向不存在的文字，文件已损坏"}
		}
		return sheet.Cell{Text: r.book.shared[i]}, nil
	case "str":
		return sheet.Cell{Text: unescape(value)}, nil
	case "inlineStr":
		return sheet.Cell{Text: value}, nil
	case "b":
		if yes(strings.TrimSpace(value)) {
			return sheet.Cell{Text: "TRUE", Kind: sheet.Bool}, nil
		}
		return sheet.Cell{Text: "FALSE", Kind: sheet.Bool}, nil
	case "e":
		return sheet.Cell{Text: value, Kind: sheet.Fault}, nil
	case "d":
		text := strings.TrimSuffix(strings.TrimSuffix(strings.Replace(value, "T", " ", 1), "Z"), " 00:00:00")
		return sheet.Cell{Text: text, Kind: sheet.Date}, nil
	}
	return r.numeral(format, strings.TrimSpace(value))
}

// numeral turns a stored number into what its format shows.
func (r *rows) numeral(format style, value string) (sheet.Cell, error) {
	if value == "" {
		return sheet.Cell{}, nil
	}
	text, long, ok := numeral(value)
	if !ok {
		return sheet.Cell{}, &sheet.Error{Row: r.number, Column: r.column, Text: value, Message: "单元格里的数无法识别，文件已损坏"}
	}
	switch {
	case format == date:
		if d, ok := r.book.day(text); ok {
			return sheet.Cell{Text: d, Kind: sheet.Date}, nil
		}
	case format == percent:
		return sheet.Cell{Text: text, Kind: sheet.Percent}, nil
	case long:
		return sheet.Cell{Text: text, Kind: sheet.Damaged}, nil
	}
	return sheet.Cell{Text: text, Kind: sheet.Number}, nil
}

// position reads a reference such as AB12.
func position(ref string) (column, row int, ok bool) {
	i := 0
	for ; i < len(ref) && i < 4 && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		column = column*26 + int(ref[i]-'A') + 1
	}
	row, err := strconv.Atoi(ref[i:])
	return column, row, err == nil && column > 0 && row > 0
}
