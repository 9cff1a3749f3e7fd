package money

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"mianshen/internal/disburse"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
	"mianshen/rules"
	"mianshen/rules/civil"
)

const shown = 200 // rows of a proposal that a page holds

// draftPage shows what a list would hold, before it is made.
func (p *Pages) draftPage(w http.ResponseWriter, r *http.Request) error {
	return p.propose(w, r, nil)
}

// departments are those for which a caller drafts.
func drafts(who caller.Caller) (list []string) {
	for _, h := range who.Identity.Roles {
		if h.Role == "D1" {
			list = append(list, h.Scope)
		}
	}
	return list
}

// request is what a form asks to propose; of a department that isn't the caller's, nothing.
func (p *Pages) request(r *http.Request) (disburse.Request, error) {
	mine := drafts(p.Who(r.Context()))
	dept := cmp.Or(counter.Text(r, "department"), mine[0])
	if !slices.Contains(mine, dept) {
		return disburse.Request{}, problem.New(http.StatusForbidden, "只能起草自己部门的名单。")
	}
	if err := r.ParseForm(); err != nil {
		return disburse.Request{}, err
	}
	var items []string
	for _, i := range r.Form["item"] {
		if i != "" {
			items = append(items, i)
		}
	}
	return disburse.Request{Department: dept, Items: items}, nil
}

// can are the items of a department that lists are drafted from.
func (p *Pages) can(ctx context.Context, dept string) (list []moneyui.Pair, items map[string]treasury.Item, err error) {
	items, err = p.Items(ctx)
	for _, i := range items {
		if i.Department == dept && i.Mode != rules.Apply {
			list = append(list, moneyui.Pair{Name: i.Title + "（" + i.Mode.Label() + "）", Value: i.ID})
		}
	}
	slices.SortFunc(list, func(a, b moneyui.Pair) int { return cmp.Compare(a.Value, b.Value) })
	return list, items, err
}

func (p *Pages) propose(w http.ResponseWriter, r *http.Request, because error) error {
	ctx := r.Context()
	s := p.Begin(r, "起草名单", "lists")
	s.Crumbs = crumbs
	s.Hint = "这里先列出会进名单的和不进名单的，还没有写下任何东西。看过以后再起草。"
	req, err := p.request(r)
	if err != nil {
		return err
	}
	choices, items, err := p.can(ctx, req.Department)
	if err != nil {
		return err
	}
	picked := ""
	if len(req.Items) == 1 {
		picked = req.Items[0]
	}
	var depts []moneyui.Pair
	for _, d := range drafts(p.Who(ctx)) {
		depts = append(depts, moneyui.Pair{Name: d, Value: d})
	}
	s.Sections = append(s.Sections, moneyui.Section{ID: "which", Title: "起草什么", Forms: []moneyui.Form{{
		Action: "/lists/draft", Button: "看看会列入谁", Ask: true, Quiet: true, Fields: []moneyui.Field{
			{Name: "department", Label: "部门", Kind: "select", Choices: depts, Value: req.Department},
			{Name: "item", Label: "事项", Kind: "select", Choices: append([]moneyui.Pair{{Name: "全部免申即享的事项"}}, choices...), Value: picked},
		},
	}}})
	plan, err := p.Drafts.Plan(ctx, req, p.Clock())
	if err = p.Explain(ctx, err, "这个部门的事项"); err != nil {
		return p.Show(w, r, s, cmp.Or(because, err))
	}
	p.form(&s, req, plan)
	s.Sections = append(s.Sections, proposal(plan, items)...)
	return p.Show(w, r, s, because)
}

// form is the order to make the list, where there is something to put on it.
func (p *Pages) form(s *moneyui.Sheet, req disburse.Request, plan *disburse.Proposal) {
	if len(plan.Entries) == 0 {
		s.Next = []string{"现在没有可以列入的。看下面“不列入的”和“预算额度”各写着什么，处理以后再来。"}
		return
	}
	day := civil.On(p.Clock())
	hidden := []moneyui.Pair{{Name: "department", Value: req.Department}, {Name: "id", Value: treasury.NewID(day)}, {Name: "seen", Value: seen(plan)}}
	for _, i := range req.Items {
		hidden = append(hidden, moneyui.Pair{Name: "item", Value: i})
	}
	s.Next = []string{fmt.Sprintf("第 %d 次比对（基准日 %s）算出可以列入 %d 笔，共 %s 元；另有 %d 条不列入。", plan.Sweep, plan.AsOf, len(plan.Entries), moneyui.Yuan(plan.Total()), len(plan.Left))}
	s.Do = []moneyui.Form{{
		Action: "/lists", Button: "照此起草", Hidden: hidden, Fields: []moneyui.Field{
			{Name: "title", Label: "名单标题", Kind: "text", Must: true, Value: fmt.Sprintf("%s %d 年免申即享拨付名单（%d 月）", req.Department, day.Year(), day.Month())},
			{Name: "two", Label: "金额较大，要两位财政审批先后审批", Kind: "check"},
		},
	}}
}

// seen tells whether what was shown is still what would be made.
func seen(p *disburse.Proposal) string {
	return fmt.Sprintf("%d-%d-%s", p.Sweep, len(p.Entries), p.Total())
}

var fates = map[disburse.Fate]string{
	disburse.Lost: "不另给", disburse.Before: "已列或已拨", disburse.Unknown: "待核实", disburse.NoLine: "没有预算额度", disburse.Short: "预算额度不足", disburse.Later: "还没有到期",
}

func proposal(plan *disburse.Proposal, items map[string]treasury.Item) []moneyui.Section {
	var in, left, lines [][]moneyui.Cell
	for i, e := range plan.Entries {
		if i < shown {
			in = append(in, []moneyui.Cell{
				{Text: e.Name, URL: "/enterprises/" + e.Entitlement.Enterprise, Small: e.Entitlement.Enterprise},
				moneyui.Text(items[e.Entitlement.Item].Title), moneyui.Sum(e.Amount),
				{Text: "看理由", URL: "/decisions/" + e.Decision, Small: e.Reason},
			})
		}
	}
	for i, x := range plan.Left {
		if i < shown {
			left = append(left, []moneyui.Cell{{Text: x.Name, URL: "/enterprises/" + x.Enterprise, Small: x.Enterprise}, moneyui.Text(x.Title), moneyui.Sum(x.Amount), moneyui.Badge(fates[x.Fate], moneyui.Quiet), moneyui.Text(x.Reason)})
		}
	}
	for _, l := range plan.Lines {
		url := ""
		if l.ID != "" {
			url = "/budget/" + l.ID
		}
		trouble := moneyui.Badge("够", moneyui.Good)
		if l.Problem != "" {
			trouble = moneyui.Cell{Text: l.Problem}
		}
		lines = append(lines, []moneyui.Cell{{Text: l.Name, URL: url}, moneyui.Sum(l.Due), moneyui.Sum(l.Paid), moneyui.Sum(l.Available), trouble})
	}
	return []moneyui.Section{
		{ID: "lines", Title: "预算额度", Tables: []moneyui.Table{{Name: "预算额度", Heads: []string{"额度", "应付（元）#", "列入（元）#", "可用（元）#", "问题"}, Rows: lines, Empty: "没有要用的预算额度。"}}},
		{ID: "in", Title: "列入的", Count: strconv.Itoa(len(plan.Entries)) + " 笔", Hint: first(len(plan.Entries)), Tables: []moneyui.Table{{
			Name: "列入的", Heads: []string{"企业", "事项", "金额（元）#", "为什么"}, Rows: in, Empty: "没有可以列入的。",
		}}},
		{ID: "left", Title: "不列入的", Count: strconv.Itoa(len(plan.Left)) + " 条", Hint: first(len(plan.Left)), Tables: []moneyui.Table{{
			Name: "不列入的", Heads: []string{"企业", "事项", "判定金额（元）#", "类别", "为什么、怎么办"}, Rows: left, Empty: "没有不列入的。",
		}}},
	}
}

func first(n int) string {
	if n > shown {
		return fmt.Sprintf("只列出前 %d 条，起草以后在名单里可以逐页看。", shown)
	}
	return ""
}

// draft makes the list that was shown; another one than was shown isn't made.
func (p *Pages) draft(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	req, err := p.request(r)
	if err != nil {
		return err
	}
	id, title := counter.Text(r, "id"), counter.Text(r, "title")
	if id == "" || title == "" || len(id) > 30 {
		return p.propose(w, r, problem.New(http.StatusUnprocessableEntity, "请写明名单标题，再起草。"))
	}
	plan, err := p.Drafts.Plan(ctx, req, p.Clock())
	if err == nil && seen(plan) != counter.Text(r, "seen") {
		return p.propose(w, r, problem.New(http.StatusConflict, "您看过以后结果变了，下面是现在的。请重新看过再起草。"))
	}
	if err == nil {
		actor := treasury.Actor(p.Who(ctx), req.Department, "", "D1")
		_, err = p.Drafts.Draft(ctx, actor, disburse.Drafting{ID: id, Title: title, TwoApprovers: r.FormValue("two") != "", Request: req}, p.Clock())
	}
	if err != nil {
		return p.propose(w, r, p.Explain(ctx, err, "这个部门的事项"))
	}
	return p.Lead(w, r, listURL(id))
}
