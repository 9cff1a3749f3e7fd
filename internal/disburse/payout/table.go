package payout

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"mianshen/internal/sheet"
)

// CodePage is how a CSV file writes its characters.
type CodePage uint8

// The code pages. GBK isn't one of them: it loses characters of names, such as 𠮷 and 㐀.
const (
	UTF8    CodePage = iota // with byte order mark
	GB18030                 // every character in 1, 2 or 4 bytes
)

// column is one column of the tables, with what it holds of a line.
type column struct {
	name  string
	width int // bytes that the bank's field takes, in the file's code page
	of    func(number int, l Line) string
}

// columns are those of the bank's batch file, in order. A character takes at most 4 bytes in both code pages, so that 60 take 240.
var columns = []column{
	{"序号", 6, func(number int, _ Line) string { return strconv.Itoa(number) }},
	{"支付编号", 35, func(_ int, l Line) string { return l.ID }},
	{payeeColumn, 240, func(_ int, l Line) string { return l.Payee }},
	{"收款行行号", 12, func(_ int, l Line) string { return l.Bank }},
	{"收款账号", 32, func(_ int, l Line) string { return l.Account }},
	{"金额", 16, func(_ int, l Line) string { return fen(l.Amount) }},
	{purposeColumn, 240, func(_ int, l Line) string { return l.Purpose }},
	{"预算单位", 21, func(_ int, l Line) string { return l.Budget.Unit }},
	{"项目代码", 21, func(_ int, l Line) string { return l.Budget.Project }},
	{"功能分类", 7, func(_ int, l Line) string { return l.Budget.Function }},
	{"经济分类", 5, func(_ int, l Line) string { return l.Budget.Economic }},
}

// amountColumn is where columns hold the amount.
const amountColumn = 5

// The columns whose width differs between banks.
const (
	payeeColumn   = "收款人"
	purposeColumn = "用途"
)

func header() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

// CSV is the bank's batch file: a header, a row a payment, and a last row 合计 with the count under 支付编号 and the sum under
// 金额. Columns and the bytes each may take are
//
//	序号 6, 支付编号 35, 收款人 240, 收款行行号 12, 收款账号 32, 金额 16, 用途 240, 预算单位 21, 项目代码 21, 功能分类 7, 经济分类 5
//
// counted in the code page; a longer value is a mistake, never cut. Rows end in \r\n.
type CSV struct {
	Page         CodePage // UTF8 by default
	PayeeBytes   int      // where the bank's field for 收款人 is narrower than 240; 0: 240
	PurposeBytes int      // the same for 用途
}

// width is how many bytes a column may take at this bank.
func (c CSV) width(col column) int {
	switch {
	case col.name == payeeColumn && c.PayeeBytes > 0:
		return min(c.PayeeBytes, col.width)
	case col.name == purposeColumn && c.PurposeBytes > 0:
		return min(c.PurposeBytes, col.width)
	}
	return col.width
}

// Name returns 银行批量文件 with the code page.
func (c CSV) Name() string {
	if c.Page == GB18030 {
		return "银行批量文件（CSV，GB18030）"
	}
	return "银行批量文件（CSV，UTF-8）"
}

// Extension returns csv.
func (CSV) Extension() string { return "csv" }

func (c CSV) demands(b Batch) Mistakes {
	var found Mistakes
	sizes := gb18030{}
	for i, l := range b.Lines {
		for _, col := range columns {
			if message := c.refuses(col.of(i+1, l), c.width(col), sizes); message != "" {
				found = append(found, Mistake{Line: i + 1, Field: col.name, Message: message})
			}
		}
	}
	return found
}

// refuses says why the code page can't carry the text in so many bytes, or nothing.
func (c CSV) refuses(text string, width int, sizes gb18030) string {
	size := len(text)
	if c.Page == GB18030 {
		size = 0
		for _, r := range text {
			n := sizes.of(r)
			if n == 0 {
				return fmt.Sprintf("字符“%c”（%U）不能用 GB18030 编码表示", r, r)
			}
			size += n
		}
	}
	if size > width {
		return fmt.Sprintf("占 %d 个字节，超过银行规定的 %d 个字节", size, width)
	}
	return ""
}

// gb18030 remembers how many bytes characters take.
type gb18030 map[rune]int

// of returns 0 for a character that doesn't come back as it went.
func (g gb18030) of(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if n, ok := g[r]; ok {
		return n
	}
	written, err := simplifiedchinese.GB18030.NewEncoder().String(string(r))
	if err != nil {
		written = ""
	}
	if read, err := simplifiedchinese.GB18030.NewDecoder().String(written); err != nil || read != string(r) {
		written = ""
	}
	g[r] = len(written)
	return len(written)
}

func (c CSV) write(w io.Writer, b Batch) error {
	if c.Page != GB18030 {
		return c.rows(w, b, true)
	}
	encoded := transform.NewWriter(w, simplifiedchinese.GB18030.NewEncoder())
	return errors.Join(c.rows(encoded, b, false), encoded.Close())
}

func (CSV) rows(w io.Writer, b Batch, mark bool) error {
	out, err := sheet.NewCSV(w, header(), mark)
	if err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	return fill(out, b)
}

// fill writes the rows of a table whose header is written.
func fill(out sheet.Writer, b Batch) error {
	cells := make([]sheet.Cell, len(columns))
	for i, l := range b.Lines {
		for j, col := range columns {
			cells[j] = sheet.Words(col.of(i+1, l))
		}
		cells[amountColumn] = sheet.Figure(cells[amountColumn].Text)
		if err := out.Write(cells...); err != nil {
			return fmt.Errorf("payment %d: %w", i+1, err)
		}
	}
	clear(cells)
	cells[0] = sheet.Words("合计")
	cells[1] = sheet.Words(strconv.Itoa(b.Control.Count))
	cells[amountColumn] = sheet.Figure(fen(b.Control.Sum))
	return errors.Join(out.Write(cells...), out.Close())
}

// Workbook is the same table as an XLSX file with one sheet 支付明细: amounts are numbers, everything else is text.
type Workbook struct{}

// Name returns 支付明细表（XLSX）.
func (Workbook) Name() string { return "支付明细表（XLSX）" }

// Extension returns xlsx.
func (Workbook) Extension() string { return "xlsx" }

// demands is empty: a workbook carries whatever Batch.Check lets pass.
func (Workbook) demands(Batch) Mistakes { return nil }

func (Workbook) write(w io.Writer, b Batch) error {
	out, err := sheet.NewXLSX(w, "支付明细", header())
	if err != nil {
		return err
	}
	return fill(out, b)
}
