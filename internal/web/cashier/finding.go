package cashier

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/intake"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
	"mianshen/rules"
	"mianshen/rules/civil"
)

func (p *Pages) findings(w http.ResponseWriter, r *http.Request) error {
	return p.showFindings(w, r, "", nil)
}

var findingRegister = counter.Register{Path: "/findings", Unit: "条", States: []moneyui.Pair{{Name: "全部"}, {Name: "待确认", Value: "waiting"}, {Name: "已确认", Value: "confirmed"}, {Name: "已退回", Value: "rejected"}}}

// showFindings is the page of what persons found out.
func (p *Pages) showFindings(w http.ResponseWriter, r *http.Request, said string, because error) error {
	ctx := r.Context()
	who := p.Who(ctx)
	s := p.Begin(r, "人工认定", "findings")
	s.Hint = "数据判不了的条件由部门经办核实、部门审核确认，确认后下一次比对起算数。"
	s.Said = said
	items, err := p.Items(ctx)
	if err != nil {
		return err
	}
	c := findingRegister.Choice(r)
	c.Items = treasury.ItemsOf(who, items)
	list, count, err := p.Seen.Findings(ctx, c)
	if err != nil {
		return err
	}
	var rows [][]moneyui.Cell
	last := ""
	for _, f := range list {
		last = f.ID
		rows = append(rows, findingRow(who, f, items[f.Item]))
	}
	section := findingRegister.Section(c, "findings", "核实结果", count, len(list), last)
	section.Tables = []moneyui.Table{{Name: "核实结果", Heads: []string{"企业", "事项和条件", "结果", "依据", "谁核实的", "确认"}, Rows: rows, Empty: "没有。数据判不了的条件，由部门经办登记核实结果。"}}
	s.Sections = []moneyui.Section{section}
	if who.Has(caller.D1) {
		s.Sections = append(s.Sections, p.recording(r, items))
	}
	return p.Show(w, r, s, because)
}

func findingRow(who caller.Caller, f overview.Finding, item treasury.Item) []moneyui.Cell {
	var result moneyui.Cell
	switch {
	case f.Amount != nil:
		result = moneyui.Sum(*f.Amount)
		result.Text += " 元"
	case f.Holds:
		result = moneyui.Badge("满足", moneyui.Good)
	default:
		result = moneyui.Badge("不满足", moneyui.Bad)
	}
	answer := moneyui.Badge(map[string]string{"confirmed": "已确认", "rejected": "已退回", "": "待确认"}[f.Answer], map[string]moneyui.Tone{"confirmed": moneyui.Good, "rejected": moneyui.Bad, "": moneyui.Warn}[f.Answer])
	answer.Small = f.AnsweredBy
	if f.Answer == "" && who.For(caller.D2, item.Department) && f.RecordedBy != who.ID() {
		for _, x := range []moneyui.Pair{{Name: "确认", Value: "yes"}, {Name: "退回", Value: "no"}} {
			answer.Forms = append(answer.Forms, moneyui.Form{Action: "/findings/answers", Button: x.Name, Quiet: true, Hidden: []moneyui.Pair{{Name: "finding", Value: f.ID}, {Name: "confirm", Value: x.Value}}})
		}
	}
	condition := f.Condition
	if condition == rules.AmountFinding {
		condition = "核定金额"
	}
	return []moneyui.Cell{{Text: f.Name, URL: "/enterprises/" + f.Enterprise, Small: f.Enterprise}, {Text: cmp.Or(item.Title, f.Item), Small: condition}, result, moneyui.Text(f.Evidence), {Text: f.Recorder, Small: f.On.String()}, answer}
}

// recording are the forms by which findings are recorded.
func (p *Pages) recording(r *http.Request, items map[string]treasury.Item) moneyui.Section {
	var choices []moneyui.Pair
	for _, i := range items {
		if !p.Who(r.Context()).For(caller.D1, i.Department) {
			continue
		}
		for _, c := range i.Asks {
			name := c
			if c == rules.AmountFinding {
				name = "核定金额"
			}
			choices = append(choices, moneyui.Pair{Name: i.Title + "：" + name, Value: i.ID + " " + c})
		}
	}
	slices.SortFunc(choices, func(a, b moneyui.Pair) int { return strings.Compare(a.Name, b.Name) })
	evidence := moneyui.Field{Name: "evidence", Label: "依据", Kind: "text", Must: true, Hint: "文件、纪要或检查记录"}
	s := moneyui.Section{ID: "record", Title: "登记"}
	if len(choices) == 0 {
		s.Words = []string{"本部门的事项没有要人工认定的条件。"}
		return s
	}
	s.Forms = []moneyui.Form{
		{Action: "/findings", Button: "登记", Title: "登记一条", Fields: []moneyui.Field{
			{Name: "condition", Label: "事项和条件", Kind: "select", Choices: choices, Value: counter.Text(r, "condition")},
			{Name: "uscc", Label: "统一社会信用代码", Kind: "text", Must: true, Value: counter.Text(r, "uscc")},
			{Name: "result", Label: "结果", Kind: "select", Choices: []moneyui.Pair{{Name: "满足", Value: "yes"}, {Name: "不满足", Value: "no"}, {Name: "核定金额（写在右边）", Value: "amount"}}},
			{Name: "amount", Label: "核定金额（元）", Kind: "text"},
			{Name: "on", Label: "哪天核实的", Kind: "date", Must: true, Value: civil.On(p.Clock()).String()},
			evidence,
		}},
		{Action: "/findings/import", Button: "导入", Title: "从 CSV 导入", Fold: true, Quiet: true, Files: true, Hint: "列名和 match 的核实结果文件一样。有一处不对，整份不收。", Fields: []moneyui.Field{{Name: "file", Label: "文件", Kind: "file", Must: true}, evidence}},
	}
	return s
}

func (p *Pages) find(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	item, condition, _ := strings.Cut(counter.Text(r, "condition"), " ")
	f := ledger.Finding{PersonFinding: rules.PersonFinding{Enterprise: counter.Text(r, "uscc"), Item: item, Condition: condition, On: counter.Day(r, "on")}, Evidence: counter.Text(r, "evidence")}
	yes := r.FormValue("result") == "yes"
	if r.FormValue("result") == "amount" {
		m, err := counter.Money(r, "amount")
		if err != nil {
			return p.showFindings(w, r, "", err)
		}
		f.Amount = &m
	} else {
		f.Result = &yes
	}
	if f.On == (civil.Date{}) {
		return p.showFindings(w, r, "", problem.New(http.StatusUnprocessableEntity, "请写明哪天核实的，例如 2025-07-01。"))
	}
	asks, err := p.Asks(ctx)
	if err == nil {
		_, err = p.Ledger.RecordFindings(ctx, []ledger.Finding{f}, asks, p.Who(ctx).ID(), p.Clock())
	}
	return p.toFindings(w, r, err)
}

func (p *Pages) toFindings(w http.ResponseWriter, r *http.Request, err error) error {
	var cells *intake.Problems
	if errors.As(err, &cells) {
		err = problem.New(http.StatusUnprocessableEntity, cells.Error())
	}
	if err != nil {
		return p.showFindings(w, r, "", p.Explain(r.Context(), err, "这一条"))
	}
	return p.Lead(w, r, "/findings")
}

func (p *Pages) importFindings(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	name, data, err := counter.File(r, "file", ledger.MaxFindingsFile)
	if err != nil {
		return p.showFindings(w, r, "", err)
	}
	asks, err := p.Asks(ctx)
	n := 0
	if err == nil {
		n, err = p.Ledger.ImportFindings(ctx, intake.Bytes(name, data), counter.Text(r, "evidence"), asks, p.Who(ctx).ID(), p.Clock())
	}
	if err != nil {
		return p.toFindings(w, r, err)
	}
	return p.showFindings(w, r, fmt.Sprintf("登记了 %d 条，等部门审核确认。", n), nil)
}

func (p *Pages) answerFinding(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	_, err := p.Finding(ctx, p.Who(ctx), counter.Text(r, "finding"))
	if err != nil {
		return p.toFindings(w, r, err)
	}
	asks, err := p.Asks(ctx)
	if err == nil {
		err = p.Ledger.AnswerFinding(ctx, counter.Text(r, "finding"), r.FormValue("confirm") == "yes", asks, p.Who(ctx).ID(), p.Clock())
	}
	return p.toFindings(w, r, err)
}
