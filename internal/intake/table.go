package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mianshen/internal/sheet"
	"mianshen/rules"
	"mianshen/rules/formula"
)

// importer reads one table by a schema.
type importer struct {
	*source
	schema  *schema
	sheet   string
	columns []*column       // by position; a blank header has none
	at      []*column       // by slot
	keyed   bool            // JSONL: columns have keys and no letters
	prefix  string          // of keys inside a table: its name and a dot
	inner   map[int]*nested // JSONL: readers of tables given as arrays, by slot
}

// column is one column of the file.
type column struct {
	header, letter, unit string
	position             int // from 0
	slot                 int // -1: not read
	field                *rules.Field
	cache                map[string]*formula.Value
	percents             int // cells that a spreadsheet shows as percentages
	nonzero, small       int // of a % field: values other than 0, and those between -1 and 1
}

// line is one row of data.
type line struct {
	*importer
	number int
	cells  []sheet.Cell           // by position of the column
	tables map[int]*formula.Value // JSONL: tables given as arrays, by slot
}

// headerRows is how many rows from the top may come before the header.
const headerRows = 10

// every is how many rows pass between two looks at the context.
const every = 512

func (im *importer) readRows(ctx context.Context, rows sheet.Rows, take func(*line)) error {
	header, ok := im.header(rows)
	if !ok {
		return nil
	}
	l := &line{importer: im}
	for n := 0; ; n++ {
		if n%every == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if im.problems.full {
			return nil
		}
		row, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			im.stop(err)
			return nil
		}
		if im.shape(row) {
			l.number, l.cells = row.Number, row.Cells
			take(l)
		}
	}
	im.finish(rows.Notes(), header)
	return nil
}

// stop records the error that ended the reading.
func (im *importer) stop(err error) {
	var e *sheet.Error
	if !errors.As(err, &e) {
		e = &sheet.Error{Message: "读文件出错：" + err.Error()}
	}
	im.reject(im.sheet, e, "")
}

// header looks for the row with 统一社会信用代码 and resolves its columns. Nothing is read under a header with mistakes.
func (im *importer) header(rows sheet.Rows) (number int, ok bool) {
	before, seen := len(im.problems.List)+im.problems.More, ""
	for range headerRows {
		row, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			im.stop(err)
			return 0, false
		}
		if isHeader(row) {
			im.resolveAll(row)
			im.complete(row.Number)
			return row.Number, len(im.problems.List)+im.problems.More == before
		}
		if seen == "" && len(row.Cells) > 0 {
			seen = row.Cells[0].Text
		}
	}
	hint := ""
	switch {
	case strings.Contains(seen, rules.KeyColumn) && strings.ContainsAny(seen, "\t;；|"):
		hint = "；看起来不是以逗号分隔，请另存为“CSV UTF-8（逗号分隔）”"
	case seen != "":
		hint = fmt.Sprintf("；第一格是“%s”", clip(seen))
	}
	im.reject(im.sheet, nil, fmt.Sprintf("前 %d 行里没有列名“%s”%s", headerRows, rules.KeyColumn, hint))
	return 0, false
}

func isHeader(row sheet.Row) bool {
	for _, c := range row.Cells {
		if name, _ := splitHeader(c.Text); name == rules.KeyColumn {
			return true
		}
	}
	return false
}

func (im *importer) resolveAll(row sheet.Row) {
	if row.Number > 1 {
		im.notice("%s表头在第 %d 行，以上没有读", im.inSheet(), row.Number)
	}
	im.columns = make([]*column, len(row.Cells))
	for i, c := range row.Cells {
		if strings.TrimSpace(c.Text) != "" {
			im.columns[i] = im.resolve(row.Number, i, c.Text)
		}
	}
}

// resolve finds what a header stands for. What is wrong with it is recorded, and the column then isn't read.
func (im *importer) resolve(row, position int, header string) *column {
	col := &column{header: im.prefix + clip(header), position: position, slot: -1}
	if !im.keyed {
		col.letter = sheet.Letter(position + 1)
	}
	name, unit := splitHeader(header)
	i, known := im.schema.names[name]
	if !known {
		im.unknown(row, col, name)
		return col
	}
	s := im.schema.slots[i]
	switch {
	case s.field != nil && s.field.Derived():
		im.notice("%s列 %s 由其他指标推算，没有读", im.inSheet(), s.name)
		return col
	case s.field != nil && s.field.Type == rules.TypeTable && !im.keyed:
		im.fail(row, col, "", fmt.Sprintf("%s 是每户多条的表，不能放在一格里，请另用一个文件或工作表提供", s.name))
		return col
	case s.refused != "":
		im.fail(row, col, "", s.refused)
		return col
	case im.at[i] != nil:
		im.fail(row, col, "", fmt.Sprintf("与 %s“%s”重复，都是 %s", im.at[i].letter, im.at[i].header, s.name))
		return col
	}
	if wrong := checkUnit(s.field, s.name, unit); wrong != "" {
		im.fail(row, col, "", wrong)
		return col
	}
	col.slot, col.field, col.unit = i, s.field, unit
	im.at[i] = col
	if s.field != nil && s.field.Type != rules.TypeMoney && s.field.Type != rules.TypeDecimal {
		col.cache = map[string]*formula.Value{}
	}
	return col
}

func (im *importer) unknown(row int, col *column, name string) {
	if im.opts.IgnoreUnknown {
		im.notice("%s列“%s”不在指标字典里，没有读", im.inSheet(), clip(name))
		return
	}
	message := fmt.Sprintf("“%s”不是%s的列", clip(name), im.schema.what)
	if near := im.schema.nearest(name); near != "" {
		message += fmt.Sprintf("，是不是“%s”", near)
	}
	im.fail(row, col, "", message)
}

// complete asks for the columns that must be there.
func (im *importer) complete(row int) {
	for _, i := range im.schema.needed {
		if im.at[i] == nil {
			im.fail(row, nil, "", fmt.Sprintf("缺少列“%s”", im.schema.slots[i].name))
		}
	}
}

// shape reports whether a row has data and as many cells as the header.
func (im *importer) shape(row sheet.Row) bool {
	blank := true
	for _, c := range row.Cells {
		if c.Kind != sheet.Text || strings.TrimSpace(c.Text) != "" {
			blank = false
			break
		}
	}
	width := len(im.columns)
	if im.format == formatCSV && len(row.Cells) != width && !(blank && len(row.Cells) <= 1) {
		im.fail(row.Number, nil, "", fmt.Sprintf("有 %d 格，表头是 %d 格：可能多了或少了逗号，或者文件不完整", len(row.Cells), width))
		return false
	}
	if blank {
		return false
	}
	for i, c := range row.Cells {
		if (i >= width || im.columns[i] == nil) && !c.Empty() {
			im.fail(row.Number, &column{letter: sheet.Letter(i + 1)}, c.Text, fmt.Sprintf("“%s”上面没有列名", clip(c.Text)))
			return false
		}
	}
	return true
}

// fail records a problem of a row and, unless col is nil, a column.
func (im *importer) fail(row int, col *column, text, message string) {
	p := Problem{File: im.in.Name, Sheet: im.sheet, Row: row, Text: clip(text), Message: message}
	if col != nil {
		p.Column, p.Header = col.letter, col.header
	}
	im.problems.add(p)
}

func (im *importer) inSheet() string {
	if im.sheet == "" {
		return ""
	}
	return "工作表“" + im.sheet + "”："
}

// finish says what was noticed in the whole table.
func (im *importer) finish(notes sheet.Notes, header int) {
	im.encoding = notes.Encoding
	if notes.NoNewline > 0 {
		im.notice("最后一行（第 %d 行）末尾没有换行，请核对文件是否完整", notes.NoNewline)
	}
	if notes.HiddenRows > 0 {
		im.notice("%s有 %d 行被隐藏或筛掉，也已读入", im.inSheet(), notes.HiddenRows)
	}
	if notes.HiddenColumns > 0 {
		im.notice("%s有 %d 列被隐藏，也已读入", im.inSheet(), notes.HiddenColumns)
	}
	for _, a := range notes.Merged {
		im.merged(a, header)
	}
	for _, col := range im.columns {
		if col == nil {
			continue
		}
		if col.percents > 0 {
			im.notice("%s列 %s（%s）有 %d 格是百分比格式，已按显示的百分数读（存的 0.055 读作 5.5）", im.inSheet(), col.letter, col.header, col.percents)
			continue
		}
		if col.nonzero > 0 && col.nonzero == col.small {
			im.notice("%s列 %s（%s）的值全部在 -1 和 1 之间，疑似以小数存储：该指标以 %% 计，5.5%% 应写 5.5，请核对", im.inSheet(), col.letter, col.header)
		}
	}
}

// merged refuses merged cells among the data: all but the first of them are empty in the file.
func (im *importer) merged(a sheet.Area, header int) {
	for i := a.FirstColumn; i <= a.LastColumn && i <= len(im.columns); i++ {
		if col := im.columns[i-1]; a.LastRow > header && col != nil && col.slot >= 0 {
			im.fail(max(a.FirstRow, header), col, "", fmt.Sprintf("第 %d 至 %d 行是合并单元格，只有第一格有值，请取消合并并逐格填写", a.FirstRow, a.LastRow))
			return
		}
	}
}
