// Package notice makes the table of a public notice (公示表): what is to be paid to whom, for what, with nothing that the public
// has no right to. Names of natural persons are masked, enterprises stand with name and unified social credit code; accounts,
// decisions and reasons never come in.
package notice

import (
	"bufio"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"mianshen/internal/sheet"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Row is one entry. Payee is masked already where it is a person's name: see Mask.
type Row struct {
	N                 int
	Payee, USCC, Item string
	Amount            exact.Money // 分
}

// Table is a notice: what it is about, from when to when, and to whom objections go.
type Table struct {
	Title, Department string
	From, Until       civil.Date // both included
	Contact           string     // where objections are taken: address, telephone
	Rows              []Row
}

var header = []string{"序号", "企业名称", "统一社会信用代码", "事项", "拟拨付金额（元）"}

// corporate are the words that names of firms have and names of persons don't.
var corporate = []string{
	"公司", "集团", "中心", "厂", "店", "社", "院", "所", "部", "行", "会", "校", "馆", "站", "场", "工作室", "事务", "合伙", "企业", "基金", "园", "坊", "铺",
}

// Mask hides the name of a natural person, of two to four characters without any word of a firm: 张三丰 becomes 张**. Other names,
// and those with a mark between given names (买买提·艾力), keep or lose as much: 买**. Names of firms stay whole.
func Mask(name string) string {
	n := utf8.RuneCountInString(name)
	for _, word := range corporate {
		if strings.Contains(name, word) && n > 4 {
			return name
		}
	}
	if n > 4 && !strings.ContainsAny(name, "·•") {
		return name
	}
	first, _ := utf8.DecodeRuneInString(name)
	return string(first) + strings.Repeat("*", min(max(n-1, 1), 2))
}

// sum adds up the rows.
func (t Table) sum() (exact.Money, error) {
	var sum exact.Money
	for _, r := range t.Rows {
		if r.Amount < 0 || sum+r.Amount < sum {
			return 0, fmt.Errorf("第 %d 条的金额超出范围，请核对", r.N)
		}
		sum += r.Amount
	}
	return sum, nil
}

// WriteXLSX writes the table as a workbook of one sheet with the sum in the last row.
func (t Table) WriteXLSX(w io.Writer) error {
	out, err := sheet.NewXLSX(w, "公示", header)
	if err != nil {
		return err
	}
	return t.write(out)
}

// WriteCSV writes the table as CSV with a byte order mark, as spreadsheets want it.
func (t Table) WriteCSV(w io.Writer) error {
	out, err := sheet.NewCSV(w, header, true)
	if err != nil {
		return err
	}
	return t.write(out)
}

func (t Table) write(out sheet.Writer) error {
	sum, err := t.sum()
	if err != nil {
		return err
	}
	for _, r := range t.Rows {
		if err := out.Write(sheet.Figure(strconv.Itoa(r.N)), sheet.Words(r.Payee), sheet.Words(r.USCC), sheet.Words(r.Item), sheet.Figure(r.Amount.String())); err != nil {
			return err
		}
	}
	if err := out.Write(sheet.Words("合计"), sheet.Words(fmt.Sprintf("%d 笔", len(t.Rows))), sheet.Words(""), sheet.Words(""), sheet.Figure(sum.String())); err != nil {
		return err
	}
	return out.Close()
}

// period is the line below the title.
func (t Table) period() string {
	day := func(d civil.Date) string { return fmt.Sprintf("%d年%d月%d日", d.Year(), d.Month(), d.Day()) }
	return fmt.Sprintf("公示单位：%s　公示期：%s至%s", t.Department, day(t.From), day(t.Until))
}

// closing is the line below the table.
func (t Table) closing() string {
	return "公示期内如有异议，请以书面形式实名提出。联系方式：" + t.Contact
}

// WriteHTML writes the table as one page for printing on A4 that loads nothing.
func (t Table) WriteHTML(w io.Writer) error {
	sum, err := t.sum()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if err := page.Execute(out, map[string]any{"T": t, "Header": header, "Period": t.period(), "Closing": t.closing(), "Sum": sum, "Count": len(t.Rows)}); err != nil {
		return err
	}
	return out.Flush()
}

var page = template.Must(template.New("notice").Parse(`<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.T.Title}}</title>
<style>
@page { size: A4; margin: 18mm 15mm; }
body { font: 11pt/1.6 "Songti SC", SimSun, "Noto Serif CJK SC", serif; color: #000; margin: 0 auto; max-width: 180mm; }
h1 { font-size: 18pt; text-align: center; margin: 0 0 4mm; }
table { border-collapse: collapse; width: 100%; font-size: 10pt; margin: 4mm 0; }
th, td { border: .3mm solid #000; padding: 1mm 2mm; text-align: left; overflow-wrap: anywhere; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.sum { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<h1>{{.T.Title}}</h1>
<p>{{.Period}}</p>
<table>
<thead><tr>{{range .Header}}<th>{{.}}</th>{{end}}</tr></thead>
<tbody>
{{- range .T.Rows}}
<tr><td>{{.N}}</td><td>{{.Payee}}</td><td>{{.USCC}}</td><td>{{.Item}}</td><td class="sum">{{.Amount}}</td></tr>
{{- end}}
<tr><th colspan="4">合计：{{.Count}} 笔</th><th class="sum">{{.Sum}}</th></tr>
</tbody>
</table>
<p>{{.Closing}}</p>
</body>
</html>
`))
