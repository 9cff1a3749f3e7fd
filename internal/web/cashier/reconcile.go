package cashier

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/balance"
	"mianshen/internal/disburse/report"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
	"mianshen/rules/civil"
)

// Outcome says what a file of receipts came to.
func Outcome(t pay.Taken) string {
	if t.Again {
		return "这份回单以前收过，没有再入账。"
	}
	text := fmt.Sprintf("收下 %d 行（%s），其中新的 %d 行，%d 笔支付有了结果。", t.Lines, t.Format, t.New, t.Moved)
	var classes []string
	for c, n := range t.Classes {
		classes = append(classes, fmt.Sprintf("%s %d 行", c, n))
	}
	slices.Sort(classes)
	if len(classes) > 0 {
		text += "\n" + strings.Join(classes, "，") + "。"
	}
	for c := range t.Classes {
		if c.Doubtful() {
			text += "\n有对不上的，在下面“待查”里，由财政复核处理。"
			break
		}
	}
	if t.Refused != "" {
		text += "\n银行整批拒收：" + t.Refused + "。请人工核实。"
	}
	return text
}

const maxLines = 200

// reconciliation puts list, ledger, file, receipts and, where one is given, the bank's statement side by side.
func (p *Pages) reconciliation(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	s := p.Begin(r, "对账", "payments")
	s.Crumbs = []moneyui.Link{{Text: "支付和回单", URL: "/payments"}}
	s.Hint = "名单、预算账、支付文件、银行回单逐笔比，给了银行流水就一起比。每一笔只归一类。"
	year, list := civil.On(p.Clock()).Year(), counter.Text(r, "list")
	if n, err := strconv.Atoi(counter.Text(r, "year")); err == nil && n >= 2000 && n < 3000 {
		year = n
	}
	fields := []moneyui.Field{{Name: "year", Label: "年份", Kind: "text", Value: strconv.Itoa(year), Must: true}, {Name: "list", Label: "只看名单（编号）", Kind: "text", Value: list}}
	s.Sections = []moneyui.Section{{ID: "ask", Title: "对什么", Forms: []moneyui.Form{
		{Action: "/reconciliation", Button: "对账", Ask: true, Fields: fields},
		{Action: "/reconciliation", Button: "连同流水对账", Title: "和银行流水一起对", Fold: true, Quiet: true, Files: true, Hint: "CSV，有日期、金额、支付编号或摘要几列。", Fields: append(slices.Clone(fields), moneyui.Field{Name: "statement", Label: "银行流水", Kind: "file", Must: true})},
	}}}
	var statement *balance.Statement
	if r.Method == http.MethodPost {
		file, h, err := counter.Open(r, "statement", balance.MaxStatement)
		if err != nil {
			return p.Show(w, r, s, err)
		}
		defer func() { _ = file.Close() }()
		if statement, err = balance.ReadStatement(file, h.Size); err != nil {
			return p.Show(w, r, s, problem.New(http.StatusUnprocessableEntity, err.Error()))
		}
	}
	rep, err := balance.Reconcile(ctx, p.Office.Store, p.Bank, year, list, statement)
	if err != nil {
		return p.Show(w, r, s, p.Explain(ctx, err, "这份名单"))
	}
	if statement == nil {
		for _, f := range []string{"csv", "jsonl"} {
			s.Links = append(s.Links, moneyui.Link{Text: "下载全部明细（" + strings.ToUpper(f) + "）", URL: counter.URL("/api/v1/reconciliation/lines", "year", strconv.Itoa(year), "list", list, "format", f)})
		}
	}
	s.Sections = append(s.Sections, balanced(rep, statement != nil)...)
	return p.Show(w, r, s, nil)
}

func balanced(rep *balance.Report, asked bool) []moneyui.Section {
	heads := []string{"类别", "名单（元）#", "预算账（元）#", "支付文件（元）#", "银行回单（元）#"}
	if asked {
		heads = append(heads, "银行流水（元）#")
	}
	row := func(name string, x balance.Row) []moneyui.Cell {
		out := []moneyui.Cell{moneyui.Text(name)}
		for i, t := range []balance.Tally{x.List, x.Ledger, x.File, x.Receipts, x.Statement} {
			if i < len(heads)-1 {
				out = append(out, moneyui.Cell{Text: moneyui.Yuan(t.Sum), Small: strconv.Itoa(t.Count) + " 笔"})
			}
		}
		return out
	}
	var rows, files [][]moneyui.Cell
	out := []moneyui.Section{{}}
	for i, x := range rep.Rows {
		class := balance.Class(i)
		if x == (balance.Row{}) && len(rep.Lines[i]) == 0 {
			continue
		}
		rows = append(rows, row(class.String(), x))
		if !class.Finished() {
			out = append(out, lines(class, rep.Lines[i]))
		}
	}
	odd := 0
	for _, f := range rep.Files {
		state := moneyui.Badge("重做一遍字节相同", moneyui.Good)
		if f.Problem != "" {
			state = moneyui.Cell{Text: f.Problem}
		}
		file := []moneyui.Cell{moneyui.To(f.Batch, batchURL(f.Batch)), moneyui.Text(pay.Formats()[f.Format].Name()), state}
		if f.Problem != "" { // these first
			files = slices.Insert(files, odd, file)
			odd++
			continue
		}
		files = append(files, file)
	}
	table := moneyui.Table{Name: "按类别", Heads: heads, Rows: rows, Sum: row("合计", rep.Total), Empty: "这一年还没有支付批次，没有可对的账。"}
	out[0] = moneyui.Section{ID: "classes", Title: "按类别", Count: map[bool]string{true: "全部相符", false: "有没办完或不符的"}[rep.Clean()], Tables: []moneyui.Table{table}}
	count := fmt.Sprintf("%d 个，重做一遍字节都相同", len(files))
	if odd > 0 {
		count = fmt.Sprintf("%d 个，其中 %d 个与送出的不同", len(files), odd)
	}
	return append(out, moneyui.Section{ID: "files", Title: "支付文件", Count: count, Fold: odd == 0 && len(files) > 10, Tables: []moneyui.Table{{Name: "支付文件", Heads: []string{"批次", "文件", "核对"}, Rows: files, Empty: "还没有下载过支付文件。"}}})
}

// lines are the payments and receipts of a class that isn't finished.
func lines(class balance.Class, list []balance.Line) moneyui.Section {
	s := moneyui.Section{ID: fmt.Sprintf("class-%d", class), Title: class.String(), Count: fmt.Sprintf("%d 笔", len(list)), Fold: true}
	var rows [][]moneyui.Cell
	for i, l := range list {
		if i == maxLines {
			s.Hint = fmt.Sprintf("只列出前 %d 笔，全部明细请下载。", maxLines)
			break
		}
		where := moneyui.Cell{Text: l.List}
		if l.List != "" && l.N > 0 {
			where = moneyui.To(fmt.Sprintf("%s 第 %d 条", l.List, l.N), fmt.Sprintf("/lists/%s/entries/%d", l.List, l.N))
		}
		rows = append(rows, []moneyui.Cell{where, {Text: l.Payment, Code: true}, moneyui.Sum(l.Amount), moneyui.Text(l.Note)})
	}
	s.Tables = []moneyui.Table{{Name: class.String(), Heads: []string{"名单条目", "支付编号", "金额（元）#", "要看什么"}, Rows: rows, Empty: "没有。"}}
	return s
}

// report is what became of money without applications in a year.
func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	s := p.Begin(r, "拨付报告", "report")
	year := civil.On(p.Clock()).Year()
	if n, err := strconv.Atoi(counter.Text(r, "year")); err == nil && n >= 2000 && n < 3000 {
		year = n
	}
	s.Hint = "免申即享占多少，从政策生效到钱到账多少天，已付、暂缓、退回各多少。"
	s.Tabs = []moneyui.Link{{Text: strconv.Itoa(year-1) + " 年", URL: counter.URL("/report", "year", strconv.Itoa(year-1))}, {Text: strconv.Itoa(year) + " 年", URL: counter.URL("/report", "year", strconv.Itoa(year)), Here: true}}
	rep, err := report.Of(ctx, p.Office, year)
	if err = p.Explain(ctx, err, "报告"); err != nil {
		return p.Show(w, r, s, err)
	}
	if mine := treasury.Departments(p.Who(ctx)); mine != nil {
		rep.Keep(mine)
		s.Hint += "占比和到账天数是全区的，金额只列您所在部门的事项。"
	}
	s.Sections = reported(rep)
	return p.Show(w, r, s, nil)
}

func days(d report.Days) string {
	if d.Payments == 0 {
		return "还没有到账的"
	}
	return fmt.Sprintf("最快 %d 天，一半在 %d 天以内，最慢 %d 天（%d 笔）", d.Least, d.Median, d.Most, d.Payments)
}

func reported(rep *report.Report) []moneyui.Section {
	share := func(s report.Share) string {
		return fmt.Sprintf("%d.%d%%（%d / %d）", s.Permille()/10, s.Permille()%10, s.Auto, s.All())
	}
	var moved, still [][]moneyui.Cell
	var all report.Line
	for _, l := range rep.Lines {
		about := l.Department + " · " + l.Mode.Label()
		if l.Days.Payments > 0 {
			about += fmt.Sprintf(" · 一半在 %d 天内到账", l.Days.Median)
		}
		row := []moneyui.Cell{{Text: l.Title, Small: about}, moneyui.Text(strconv.FormatInt(l.Eligible, 10))}
		if l.Paid.Count+l.Open.Count+l.Held.Count+l.Returned.Count+l.Recovered.Count == 0 {
			still = append(still, row)
			continue
		}
		for to, s := range map[*report.Sum]report.Sum{&all.Paid: l.Paid, &all.Open: l.Open, &all.Held: l.Held, &all.Returned: l.Returned, &all.Recovered: l.Recovered} {
			to.Count, to.Fen = to.Count+s.Count, to.Fen+s.Fen
		}
		moved = append(moved, append(row, sums(l)...))
	}
	heads := []string{"事项", "符合#", "已付（元）#", "在办（元）#", "暂缓（元）#", "退回（元）#", "追回（元）#"}
	sections := []moneyui.Section{
		{ID: "share", Title: strconv.Itoa(rep.Year) + " 年", Facts: []moneyui.Fact{
			{Name: "事项", Value: "免申即享 " + share(rep.Items)},
			{Name: "企业·事项", Value: "免申即享 " + share(rep.Pairs)},
			{Name: "到账天数", Value: days(rep.Days)},
			{Name: "已付", Value: moneyui.Both(all.Paid.Fen)},
		}},
		{ID: "items", Title: "按部门和事项", Count: strconv.Itoa(len(moved)) + " 项", Tables: []moneyui.Table{{
			Name: "按部门和事项", Heads: heads, Rows: moved, Sum: append([]moneyui.Cell{moneyui.Text("合计"), {}}, sums(all)...), Empty: "这一年还没有付款、退回或追回，也没有在办的名单。",
		}}},
	}
	if len(still) > 0 {
		sections = append(sections, moneyui.Section{ID: "still", Title: "这一年还没有资金往来的事项", Count: strconv.Itoa(len(still)) + " 项", Fold: true, Tables: []moneyui.Table{{
			Name: "还没有资金往来的事项", Heads: heads[:2], Rows: still,
		}}})
	}
	return sections
}

// sums are the five sums of a line, with how many each is of; where there is nothing, a dash is quicker to read than noughts.
func sums(l report.Line) (cells []moneyui.Cell) {
	for _, s := range []report.Sum{l.Paid, l.Open, l.Held, l.Returned, l.Recovered} {
		c := moneyui.Text("—")
		if s.Count > 0 {
			c = moneyui.Cell{Text: moneyui.Yuan(s.Fen), Small: strconv.FormatInt(s.Count, 10) + " 笔"}
		}
		cells = append(cells, c)
	}
	return cells
}
