// Package money answers with the pages of disbursement lists: which there are, a draft before it is made, a list with what may be
// done with it now, its entries, its public notice. Who may come to which page is decided before, by the table of access.
package money

import (
	"fmt"
	"net/http"
	"strconv"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/treasury"
)

// Pages answers with pages of lists. It is safe for concurrent use.
type Pages struct{ *counter.Counter }

// New returns the pages.
func New(c *counter.Counter) *Pages { return &Pages{c} }

// Routes are the answers by method and address.
func (p *Pages) Routes() map[string]counter.Answer {
	return map[string]counter.Answer{
		"GET /lists":                         p.lists,
		"GET /lists/draft":                   p.draftPage,
		"POST /lists":                        p.draft,
		"GET /lists/steps":                   p.steps,
		"GET /lists/:id":                     p.list,
		"POST /lists/:id/steps":              p.step,
		"POST /lists/:id/approve":            p.approve,
		"POST /lists/:id/ask":                p.ask,
		"GET /lists/:id/recheck":             p.recheck,
		"POST /lists/:id/recheck":            p.holdChanged,
		"GET /lists/:id/entries/:n":          p.entry,
		"POST /lists/:id/entries/:n":         p.change,
		"POST /lists/:id/objections":         p.object,
		"POST /lists/:id/objections/answers": p.resolve,
		"POST /lists/:id/papers":             p.attach,
		"GET /lists/:id/papers/:n":           p.paper,
		"GET /notices":                       p.notices,
		"GET /lists/:id/notice":              p.notice,
		"GET /lists/:id/notice/:file":        p.noticeFile,
		"POST /enterprises/:uscc/answers":    p.answer,
	}
}

func listURL(id string) string { return "/lists/" + id }

func entryURL(id string, n int) string { return fmt.Sprintf("/lists/%s/entries/%d", id, n) }

var crumbs = []moneyui.Link{{Text: "拨付名单", URL: "/lists"}}

// lists is the page of all lists that one may see.
func (p *Pages) lists(w http.ResponseWriter, r *http.Request) error {
	ctx, q, who := r.Context(), r.URL.Query(), p.Who(r.Context())
	s := p.Begin(r, "拨付名单", "lists")
	s.Hint = "一份名单从起草到办结：部门起草、审核，公示，财政经办、复核、审批，支付，回单。点名单看办到哪一步、现在轮到谁。"
	s.Links = []moneyui.Link{{Text: "办理流程", URL: "/lists/steps"}, {Text: "公示中的名单", URL: "/notices"}}
	if who.Has(caller.D1) {
		s.Links = append([]moneyui.Link{{Text: "起草名单", URL: "/lists/draft"}}, s.Links...)
	}
	mine := treasury.Departments(who)
	counts, err := p.Seen.Counts(ctx, mine)
	if err != nil {
		return err
	}
	state, dept := lists.State(counter.Text(r, "state")), counter.Text(r, "department")
	var rows [][]moneyui.Cell
	for _, c := range counts {
		rows = append(rows, []moneyui.Cell{
			moneyui.To(c.Department, counter.URL("/lists", "department", c.Department)), moneyui.To(c.State.Words(), counter.URL("/lists", "state", string(c.State), "department", c.Department)),
			moneyui.Text(strconv.Itoa(c.Lists)), moneyui.Sum(c.Sum),
		})
	}
	s.Sections = append(s.Sections, moneyui.Section{ID: "counts", Title: "各部门办到哪里", Tables: []moneyui.Table{{
		Name: "各部门各状态的名单", Heads: []string{"部门", "状态", "名单（份）#", "金额（元）#"}, Rows: rows, Empty: "还没有名单。" + beginHint(who),
	}}})
	if len(mine) == 1 {
		dept = mine[0]
	}
	page, err := p.View.Lists(ctx, view.Filter{State: state, Department: dept, After: q.Get("after"), Limit: 50})
	if err != nil {
		return err
	}
	title := "名单"
	if state != "" || dept != "" {
		title = "名单：" + dept + " " + state.Words()
	}
	section := moneyui.Section{ID: "all", Title: title}
	var listed [][]moneyui.Cell
	for _, l := range page {
		if treasury.SeesEveryList(who) || who.For(caller.D1|caller.D2, l.Department) {
			listed = append(listed, listRow(l))
		}
	}
	section.Tables = []moneyui.Table{{
		Name: "名单", Heads: []string{"名单", "部门", "状态", "笔数#", "暂缓#", "金额（元）#", "起草"}, Rows: listed, Empty: "没有符合的名单。" + beginHint(who),
	}}
	if len(page) == 50 {
		section.More = counter.URL("/lists", "state", string(state), "department", dept, "after", page[49].ID)
	}
	if state != "" || counter.Text(r, "department") != "" {
		section.Links = []moneyui.Link{{Text: "看全部名单", URL: "/lists"}}
	}
	s.Sections = append(s.Sections, section)
	return p.Show(w, r, s, nil)
}

func beginHint(who caller.Caller) string {
	if who.Has(caller.D1) {
		return "比对完成后，点“起草名单”从比对结果起草第一份。"
	}
	return "名单由部门经办从比对结果起草。"
}

func listRow(l view.List) []moneyui.Cell {
	state := l.State.Words()
	if l.Suspended {
		state += "（暂停）"
	}
	return []moneyui.Cell{
		{Text: l.Title, URL: listURL(l.ID), Small: l.ID + " · " + moneyui.ModeWord(l.Kind)},
		moneyui.Text(l.Department), moneyui.Badge(state, moneyui.ListTone(l.State, l.Suspended)),
		moneyui.Text(strconv.Itoa(l.Count)), moneyui.Text(strconv.Itoa(l.Held)), moneyui.Sum(l.Sum), moneyui.Text(moneyui.Clock(l.MadeAt)),
	}
}

// steps draws the state machine.
func (p *Pages) steps(w http.ResponseWriter, r *http.Request) error {
	s := p.Begin(r, "名单的办理流程", "lists")
	s.Crumbs = crumbs
	s.Hint = "状态只照这张表变，数据库里有同样的一张表，不在表里的一步也走不了。"
	s.Machine = moneyui.Machine(lists.Steps(), lists.State(counter.Text(r, "at")))
	var rows [][]moneyui.Cell
	for _, x := range lists.Steps() {
		rows = append(rows, []moneyui.Cell{moneyui.Text(x.Action.Words()), moneyui.Text(x.From.Words()), moneyui.Text(x.To.Words()), moneyui.Text(lists.RoleName(x.Role) + "（" + x.Role + "）")})
	}
	s.Sections = []moneyui.Section{{
		ID: "table", Title: "全部转换", Count: fmt.Sprintf("%d 条", len(rows)), Hint: "部门经办与部门审核，财政经办、审核、审批，在一份名单上都必须是不同的人。",
		Tables: []moneyui.Table{{Name: "状态转换表", Heads: []string{"办理", "从", "到", "由谁办"}, Rows: rows}},
	}}
	return p.Show(w, r, s, nil)
}
