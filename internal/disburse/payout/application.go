package payout

import (
	"bufio"
	"fmt"
	"html/template"
	"io"
)

// Application is the 财政直接支付申请书 for printing on A4, landscape: one HTML file that loads nothing, with amounts in figures and
// in capital characters, and places for signatures and seals.
type Application struct{}

// Name returns 财政直接支付申请书.
func (Application) Name() string { return "财政直接支付申请书" }

// Extension returns html.
func (Application) Extension() string { return "html" }

// demands is empty: a page carries whatever Batch.Check lets pass.
func (Application) demands(Batch) Mistakes { return nil }

type applicationRow struct {
	Number          int
	Line            Line
	Figure, Capital string
}

func (Application) write(w io.Writer, b Batch) error {
	rows := make([]applicationRow, len(b.Lines))
	for i, l := range b.Lines {
		rows[i] = applicationRow{Number: i + 1, Line: l, Figure: fen(l.Amount), Capital: Capital(l.Amount)}
	}
	y, m, d := b.Created.Year(), b.Created.Month(), b.Created.Day()
	out := bufio.NewWriter(w)
	err := page.Execute(out, map[string]any{
		"Batch": b, "Rows": rows, "Day": fmt.Sprintf("%d年%d月%d日", y, m, d),
		"Figure": fen(b.Control.Sum), "Capital": Capital(b.Control.Sum),
	})
	if err != nil {
		return fmt.Errorf("application: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("application: %w", err)
	}
	return nil
}

var page = template.Must(template.New("application").Parse(`<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>财政直接支付申请书（{{.Batch.ID}}）</title>
<style>
@page { size: A4 landscape; margin: 12mm; }
body { font: 10pt/1.5 "Songti SC", SimSun, "Noto Serif CJK SC", serif; color: #000; margin: 0 auto; max-width: 273mm; }
h1 { font-size: 18pt; text-align: center; letter-spacing: .2em; margin: 0 0 4mm; }
dl { display: grid; grid-template-columns: auto 1fr auto 1fr; gap: 1mm 4mm; margin: 0 0 4mm; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 8.5pt; }
th, td { border: .3mm solid #000; padding: 1mm; text-align: left; overflow-wrap: anywhere; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.sum { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.sign { display: flex; justify-content: space-between; margin-top: 10mm; break-inside: avoid; }
.sign span { flex: 1; }
.mark { font-size: 7.5pt; overflow-wrap: anywhere; margin-top: 6mm; }
</style>
</head>
<body>
<h1>财政直接支付申请书</h1>
<dl>
<dt>批次号：</dt><dd>{{.Batch.ID}}</dd><dt>申请日期：</dt><dd>{{.Day}}</dd>
<dt>付款人：</dt><dd>{{.Batch.Debtor.Name}}</dd><dt>付款行行号：</dt><dd>{{.Batch.Debtor.Bank}}</dd>
<dt>付款账号：</dt><dd>{{.Batch.Debtor.Account}}</dd><dt>笔数：</dt><dd>{{.Batch.Control.Count}}笔</dd>
<dt>合计金额（小写）：</dt><dd>￥{{.Figure}}</dd><dt>合计金额（大写）：</dt><dd>人民币{{.Capital}}</dd>
</dl>
<table>
<thead><tr><th>序号</th><th>支付编号</th><th>收款人</th><th>收款行行号</th><th>收款账号</th><th>金额（元）</th><th>金额（大写）</th><th>用途</th><th>预算单位</th><th>项目代码</th><th>功能分类</th><th>经济分类</th></tr></thead>
<tbody>
{{- range .Rows}}
<tr><td>{{.Number}}</td><td>{{.Line.ID}}</td><td>{{.Line.Payee}}</td><td>{{.Line.Bank}}</td><td>{{.Line.Account}}</td><td class="sum">{{.Figure}}</td><td>{{.Capital}}</td><td>{{.Line.Purpose}}</td><td>{{.Line.Budget.Unit}}</td><td>{{.Line.Budget.Project}}</td><td>{{.Line.Budget.Function}}</td><td>{{.Line.Budget.Economic}}</td></tr>
{{- end}}
<tr><th colspan="5">合计：{{.Batch.Control.Count}}笔</th><th class="sum">{{.Figure}}</th><th colspan="6">人民币{{.Capital}}</th></tr>
</tbody>
</table>
<p class="sign"><span>申请单位（盖章）：</span><span>经办人：</span><span>复核人：</span><span>负责人：</span></p>
<p class="mark">名单摘要（SHA-256）：{{.Batch.ListHash}}</p>
</body>
</html>
`))
