package cashier

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

func lineURL(id string) string { return "/budget/" + id }

func (p *Pages) budget(w http.ResponseWriter, r *http.Request) error { return p.showBudget(w, r, nil) }

// showBudget is the page of all budget lines.
func (p *Pages) showBudget(w http.ResponseWriter, r *http.Request, because error) error {
	ctx := r.Context()
	who, mine := p.Who(ctx), treasury.Departments(p.Who(ctx))
	s := p.Begin(r, "预算额度", "budget")
	s.Hint = "一笔钱只能从当年、本部门的额度里付。公示时冻结，到账时记支出，退回时恢复。"
	list, err := p.Ledger.Lines(ctx, ledger.LineFilter{})
	if err != nil {
		return err
	}
	var rows [][]moneyui.Cell
	var total, reserved, posted exact.Money
	for _, l := range list {
		if mine != nil && !slices.Contains(mine, l.Department) {
			continue
		}
		state := moneyui.Badge("可用", moneyui.Good)
		if l.ApprovedBy == "" {
			state = moneyui.Badge("待审核", moneyui.Warn)
		}
		total, reserved, posted = total+l.Total, reserved+l.Reserved, posted+l.Posted
		rows = append(rows, []moneyui.Cell{{Text: l.Name, URL: lineURL(l.ID), Small: fmt.Sprintf("%d 年 · %s", l.Year, l.Department)}, state, moneyui.Sum(l.Total), moneyui.Sum(l.Reserved), moneyui.Sum(l.Posted), moneyui.Sum(l.Available())})
	}
	sum := []moneyui.Cell{moneyui.Text("合计"), {}, moneyui.Sum(total), moneyui.Sum(reserved), moneyui.Sum(posted), moneyui.Sum(total - reserved - posted)}
	s.Sections = []moneyui.Section{{ID: "lines", Title: "额度", Tables: []moneyui.Table{{Name: "预算额度", Heads: []string{"额度", "状态", "下达（元）#", "冻结（元）#", "已付（元）#", "可用（元）#"}, Rows: rows, Sum: sum, Empty: "还没有预算额度：由财政经办建立，财政审批审核后下达。"}}}}
	if who.Has(caller.F1) {
		form, err := p.lineForm(r)
		if err != nil {
			return err
		}
		s.Sections = append(s.Sections, moneyui.Section{ID: "open", Title: "建立一条额度", Hint: "建立后要财政审批审核，再下达金额。", Forms: []moneyui.Form{form}})
	}
	return p.Show(w, r, s, because)
}

// lineForm asks for a new line; departments and items are those of the current policies.
func (p *Pages) lineForm(r *http.Request) (f moneyui.Form, err error) {
	items, err := p.Items(r.Context())
	if err != nil {
		return f, err
	}
	var depts, choices []moneyui.Pair
	for _, i := range items {
		d := moneyui.Pair{Name: i.Department, Value: i.Department}
		if !slices.Contains(depts, d) {
			depts = append(depts, d)
		}
		choices = append(choices, moneyui.Pair{Name: i.Department + "：" + i.Title, Value: i.ID})
	}
	byName := func(a, b moneyui.Pair) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(depts, byName)
	slices.SortFunc(choices, byName)
	f = moneyui.Form{Action: "/budget", Button: "建立", Fields: []moneyui.Field{
		{Name: "name", Label: "名称", Kind: "text", Must: true, Hint: "政策写明额度名称的，要写得一样"},
		{Name: "year", Label: "预算年度", Kind: "text", Must: true, Value: strconv.Itoa(civil.On(p.Clock()).Year())},
		{Name: "department", Label: "部门", Kind: "select", Choices: depts},
		{Name: "item", Label: "只用于事项", Kind: "select", Choices: append([]moneyui.Pair{{Name: "本部门任一事项"}}, choices...)},
		{Name: "unit", Label: "预算单位", Kind: "text", Must: true},
		{Name: "project", Label: "项目代码", Kind: "text", Must: true},
		{Name: "function", Label: "功能分类（7 位）", Kind: "text", Must: true},
		{Name: "economic", Label: "经济分类（5 位）", Kind: "text", Must: true},
		{Name: "carried_from", Label: "承接上年额度（编号）", Kind: "text"},
	}}
	for i := range f.Fields { // what was typed stays when something was wrong
		f.Fields[i].Value = cmp.Or(counter.Text(r, f.Fields[i].Name), f.Fields[i].Value)
	}
	return f, nil
}

func (p *Pages) openLine(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	year, err := strconv.Atoi(counter.Text(r, "year"))
	if err != nil {
		return p.showBudget(w, r, problem.New(http.StatusUnprocessableEntity, "预算年度要写成四位数字，例如 2025。"))
	}
	text := func(name string) string { return counter.Text(r, name) }
	id, err := p.Ledger.OpenLine(ctx, ledger.Line{
		Name: text("name"), Year: year, Department: text("department"), Item: text("item"), Unit: text("unit"), Project: text("project"), Function: text("function"), Economic: text("economic"), CarriedFrom: text("carried_from"),
	}, p.Who(ctx).ID(), p.Clock())
	if err != nil {
		return p.showBudget(w, r, p.Explain(ctx, err, "这条额度"))
	}
	return p.Lead(w, r, lineURL(id))
}

func (p *Pages) line(w http.ResponseWriter, r *http.Request) error { return p.showLine(w, r, nil) }

var postingWords = map[string]string{"allot": "下达", "carry": "结转出", "reserve": "冻结", "void": "解冻", "move_out": "冻结结转出", "move_in": "冻结结转入", "post": "支付", "return": "银行退回", "recover": "追回"}

var accountWords = map[string]string{"appropriation": "下达", "available": "可用", "reserved": "冻结", "paid": "已付"}

// showLine is the statement of a line in double entry.
func (p *Pages) showLine(w http.ResponseWriter, r *http.Request, because error) error {
	ctx := r.Context()
	st, err := p.Ledger.Statement(ctx, r.PathValue("id"))
	if err != nil {
		return p.Explain(ctx, err, "这条预算额度")
	}
	l := st.Line
	if mine := treasury.Departments(p.Who(ctx)); mine != nil && !slices.Contains(mine, l.Department) {
		return problem.New(http.StatusNotFound, "没有找到这条预算额度。")
	}
	names, err := p.Seen.Names(ctx)
	if err != nil {
		return err
	}
	s := p.Begin(r, l.Name, "budget")
	s.Crumbs = []moneyui.Link{{Text: "预算额度", URL: "/budget"}}
	s.State, s.Tone = "可用", moneyui.Good
	if l.ApprovedBy == "" {
		s.State, s.Tone = "待审核", moneyui.Warn
	}
	s.Meta = []string{fmt.Sprintf("%d 年", l.Year), l.Department, "编号 " + l.ID}
	p.orders(r, &s, l)
	var accounts, rows [][]moneyui.Cell
	for _, a := range st.Accounts {
		accounts = append(accounts, []moneyui.Cell{moneyui.Text(accountWords[a.Name]), moneyui.Sum(a.Balance)})
	}
	postings := st.Postings
	const most = 500
	cut := ""
	if len(postings) > most {
		cut, postings = fmt.Sprintf("只列出最近的 %d 笔，共 %d 笔。", most, len(postings)), postings[len(postings)-most:]
	}
	for _, x := range postings {
		about := moneyui.Cell{Text: cmp.Or(x.Ref, x.Payment)}
		if x.List != "" {
			about = moneyui.To(fmt.Sprintf("%s 第 %d 条", x.List, x.N), fmt.Sprintf("/lists/%s/entries/%d", x.List, x.N))
		}
		rows = append(rows, []moneyui.Cell{moneyui.Text(strconv.FormatInt(x.Seq, 10)), {Text: postingWords[x.Kind], Small: moneyui.Clock(x.At)}, moneyui.Text(accountWords[x.Debit] + " → " + accountWords[x.Credit]), moneyui.Sum(x.Fen), about, moneyui.Text(names[x.Person])})
	}
	who := func(id string, at string) string { return cmp.Or(names[id], "还没有") + " " + at }
	s.Sections = []moneyui.Section{
		{ID: "line", Title: "额度", Facts: []moneyui.Fact{
			{Name: "只用于", Value: cmp.Or(l.Item, "本部门任一事项")},
			{Name: "预算单位", Value: l.Unit},
			{Name: "项目代码", Value: l.Project},
			{Name: "功能分类", Value: l.Function},
			{Name: "经济分类", Value: l.Economic},
			{Name: "承接", Value: cmp.Or(l.CarriedFrom, "无")},
			{Name: "建立", Value: who(l.OpenedBy, moneyui.Clock(l.OpenedAt))},
			{Name: "审核", Value: who(l.ApprovedBy, moneyui.Clock(l.ApprovedAt))},
		}},
		{ID: "accounts", Title: "余额", Hint: "复式记账，四个科目加起来是 0。", Tables: []moneyui.Table{{Name: "余额", Heads: []string{"科目", "余额（元）#"}, Rows: accounts, Empty: "没有。"}}},
		{ID: "postings", Title: "分录", Hint: cut, Tables: []moneyui.Table{{Name: "分录", Heads: []string{"序号", "事由", "从哪到哪", "金额（元）#", "凭据", "经手"}, Rows: rows, Empty: "还没有分录。审核后由财政审批下达金额。"}}},
	}
	return p.Show(w, r, s, because)
}

// orders are what a person who approves may do with a line.
func (p *Pages) orders(r *http.Request, s *moneyui.Sheet, l ledger.Line) {
	who := p.Who(r.Context())
	switch {
	case !who.Has(caller.F3):
		if l.ApprovedBy == "" {
			s.Next = []string{"等财政审批审核。"}
		}
	case l.OpenedBy == who.ID():
		s.Blocked = []string{"这条额度是您建立的，要由另一位财政审批来审核、下达。"}
	case p.Unproven(r):
		s.Do = []moneyui.Form{counter.Proof(lineURL(l.ID), "审核、下达")}
	case l.ApprovedBy == "":
		s.Do = []moneyui.Form{{Action: lineURL(l.ID) + "/approve", Button: "审核通过", Hint: "审核以后才能下达金额。"}}
	default:
		sum := moneyui.Field{Name: "amount", Label: "金额（元）", Kind: "text", Must: true}
		s.Do = []moneyui.Form{
			{Action: lineURL(l.ID) + "/allot", Button: "下达", Title: "下达金额", Fields: []moneyui.Field{sum, {Name: "ref", Label: "指标文号", Kind: "text", Must: true, Hint: "一个文号只算一次"}}},
			{Action: lineURL(l.ID) + "/carry", Button: "结转", Title: "把余额结转到下一年的额度", Fold: true, Quiet: true, Fields: []moneyui.Field{{Name: "to", Label: "转到（额度编号）", Kind: "text", Must: true}, sum, {Name: "ref", Label: "批准结转的文号", Kind: "text", Must: true}}},
		}
	}
}

func (p *Pages) toLine(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return p.showLine(w, r, p.Explain(r.Context(), err, "这条预算额度"))
	}
	return p.Lead(w, r, lineURL(r.PathValue("id")))
}

func (p *Pages) approveLine(w http.ResponseWriter, r *http.Request) error {
	return p.toLine(w, r, p.Ledger.ApproveLine(r.Context(), r.PathValue("id"), p.Who(r.Context()).ID(), p.Clock()))
}

func (p *Pages) allot(w http.ResponseWriter, r *http.Request) error {
	fen, err := counter.Money(r, "amount")
	if err == nil {
		err = p.Ledger.Allot(r.Context(), r.PathValue("id"), fen, counter.Text(r, "ref"), p.Who(r.Context()).ID(), p.Clock())
	}
	return p.toLine(w, r, err)
}

func (p *Pages) carry(w http.ResponseWriter, r *http.Request) error {
	fen, err := counter.Money(r, "amount")
	if err == nil {
		c := ledger.Carry{From: r.PathValue("id"), To: counter.Text(r, "to"), Fen: fen, Ref: counter.Text(r, "ref")}
		err = p.Ledger.CarryOver(r.Context(), c, p.Who(r.Context()).ID(), p.Clock())
	}
	return p.toLine(w, r, err)
}
