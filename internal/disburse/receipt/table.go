package receipt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"mianshen/internal/sheet"
	"mianshen/internal/sheet/xlsx"
	"mianshen/rules/exact"
)

// The columns of a receipt table, by name in its first row and in any order; others are left alone. The last row has 合计 under
// 批次号, the number of lines under 支付编号 and their sum under 金额: a table without it was cut off.
const (
	columnBatch   = "批次号"
	columnPayment = "支付编号"
	columnAccount = "收款账号"
	columnAmount  = "金额"
	columnResult  = "结果" // 成功, 失败, 退回, 处理中
	columnReason  = "原因"
	columnTime    = "银行时间" // 2025-06-30 09:30:00, in Shanghai
)

var tableColumns = []string{columnBatch, columnPayment, columnAccount, columnAmount, columnResult, columnReason, columnTime}

// totalWord marks the last row.
const totalWord = "合计"

// ReadCSV reads a receipt table in UTF-8 or GB18030; which one is found out and said. The error is an *Error, or one of r.
func ReadCSV(r io.Reader, limits Limits) (File, error) {
	limits = limits.withDefaults()
	data, err := whole(r, limits.Bytes)
	if err != nil {
		return File{}, err
	}
	rows, err := sheet.ReadCSV(bytes.NewReader(data), int64(len(data)), sheetLimits(limits))
	if err != nil {
		return File{}, ours(err)
	}
	file, err := readTable(rows, limits)
	if err != nil {
		return File{}, err
	}
	if cut := rows.Notes().NoNewline; cut > 0 {
		return File{}, &Error{cut, "最后一行没有换行，文件可能不完整"}
	}
	file.Encoding = rows.Notes().Encoding
	return file, nil
}

// ReadXLSX reads the same table from a workbook that has one sheet. The error is an *Error, or one of r.
func ReadXLSX(r io.Reader, limits Limits) (File, error) {
	limits = limits.withDefaults()
	data, err := whole(r, limits.Bytes)
	if err != nil {
		return File{}, err
	}
	bounds := sheetLimits(limits)
	bounds.Unzipped = 8 * limits.Bytes
	book, err := xlsx.Open(bytes.NewReader(data), int64(len(data)), bounds)
	if err != nil {
		return File{}, ours(err)
	}
	if n := len(book.Sheets()); n != 1 {
		return File{}, &Error{Message: fmt.Sprintf("工作簿有 %d 张工作表，不能确定读哪一张", n)}
	}
	rows, err := book.Rows(0)
	if err != nil {
		return File{}, ours(err)
	}
	return readTable(rows, limits)
}

// whole reads everything, up to the limit.
func whole(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read receipt: %w", err)
	}
	if int64(len(data)) > limit {
		return nil, &Error{Message: fmt.Sprintf("文件超过 %d 字节", limit)}
	}
	return data, nil
}

func sheetLimits(l Limits) sheet.Limits {
	return sheet.Limits{Rows: l.Receipts + 100, Columns: 100, CellBytes: 2_000, LineBytes: 64 << 10}
}

// ours keeps the sentence and the row of an error of a sheet, and leaves out the text of the cell, which may be an account.
func ours(err error) error {
	var e *sheet.Error
	if errors.As(err, &e) {
		return &Error{e.Row, e.Message}
	}
	return err
}

// table reads rows under a header.
type table struct {
	place map[string]int // column -> index
	file  File
	sum   exact.Num
	ended bool // the row 合计 was read
	last  int  // number of the last row
}

func readTable(rows sheet.Rows, limits Limits) (File, error) {
	t := &table{}
	for {
		row, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return File{}, ours(err)
		}
		if message := t.row(row, limits); message != "" {
			return File{}, &Error{row.Number, message}
		}
		t.last = row.Number
	}
	switch {
	case t.place == nil:
		return File{}, &Error{Message: "文件是空的"}
	case !t.ended:
		return File{}, &Error{t.last, "后面没有“合计”行，文件不完整"}
	}
	return t.file, nil
}

// row takes one row; the message is empty where all is right.
func (t *table) row(row sheet.Row, limits Limits) string {
	switch {
	case t.place == nil:
		return t.head(row.Cells)
	case t.ended:
		return "“合计”行后面还有内容"
	}
	cells := map[string]sheet.Cell{}
	for name, i := range t.place {
		if i < len(row.Cells) {
			cells[name] = row.Cells[i]
		}
		if message := readable(name, cells[name]); message != "" {
			return message
		}
	}
	if cells[columnBatch].Text == totalWord {
		return t.total(cells)
	}
	if len(t.file.Receipts) == limits.Receipts {
		return fmt.Sprintf("超过 %d 笔", limits.Receipts)
	}
	return t.line(cells)
}

// head finds the columns.
func (t *table) head(cells []sheet.Cell) string {
	place := map[string]int{}
	for i, c := range cells {
		name := strings.TrimSpace(c.Text)
		if _, twice := place[name]; twice && name != "" {
			return "表头有两列“" + clip(name) + "”"
		}
		place[name] = i
	}
	t.place = map[string]int{}
	for _, name := range tableColumns {
		i, ok := place[name]
		if !ok {
			return "表头没有“" + name + "”列（文件不是支付回单，或编码不是 UTF-8、GB18030）"
		}
		t.place[name] = i
	}
	return ""
}

// readable refuses cells whose text isn't what the bank meant.
func readable(name string, c sheet.Cell) string {
	switch c.Kind {
	case sheet.Damaged:
		return name + "超过 15 位却存成了数字，末几位已经丢失，请让银行以文本格式重新提供"
	case sheet.Fault, sheet.NoResult, sheet.Percent, sheet.Bool:
		return name + "不是文字或数字"
	case sheet.Date:
		if name != columnTime {
			return name + "被存成了日期"
		}
	}
	return ""
}

func (t *table) line(cells map[string]sheet.Cell) string {
	r := raw{
		batch: cells[columnBatch].Text, payment: cells[columnPayment].Text, account: cells[columnAccount].Text,
		amount: cells[columnAmount].Text, reason: cells[columnReason].Text, at: cells[columnTime].Text,
	}
	if c := cells[columnTime]; c.Kind == sheet.Date && len(c.Text) == len("2006-01-02") {
		r.at += " 00:00:00" // a workbook shows midnight as the day alone
	}
	word := cells[columnResult].Text
	for i, name := range resultNames {
		if name != "" && name == word {
			r.result = Result(i)
		}
	}
	if r.result == 0 {
		return "结果“" + clip(word) + "”读不懂，应为成功、失败、退回或处理中"
	}
	one, message := r.receipt()
	if message != "" {
		return message
	}
	next, err := t.sum.Add(one.Amount.Num())
	if err != nil {
		return "金额相加超出能表示的范围"
	}
	t.sum = next
	t.file.Receipts = append(t.file.Receipts, one)
	return ""
}

// total holds the last row against what was read.
func (t *table) total(cells map[string]sheet.Cell) string {
	t.ended = true
	if want := strconv.Itoa(len(t.file.Receipts)); cells[columnPayment].Text != want {
		return fmt.Sprintf("合计 %s 笔，实有 %s 笔，文件不完整", clip(cells[columnPayment].Text), want)
	}
	said, message := total(cells[columnAmount].Text)
	if message != "" {
		return message
	}
	if said.Num().Cmp(t.sum) != 0 {
		return fmt.Sprintf("合计 %s 元，与各笔相加不符，文件不完整", said)
	}
	return ""
}

// total reads a sum that may be larger than one payment.
func total(text string) (exact.Money, string) {
	m, err := exact.ParseMoney(text)
	if err != nil || m < 0 {
		return 0, "合计金额“" + clip(text) + "”读不懂"
	}
	return m, ""
}
