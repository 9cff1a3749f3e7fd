package money

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/treasury"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// file is everything that the page of a list tells.
type file struct {
	view.List
	who     caller.Caller
	events  []view.Event
	summary view.Summary
	sums    []overview.Sum // by item
	items   map[string]treasury.Item
	names   map[string]string
}

func (p *Pages) file(r *http.Request) (f *file, err error) {
	ctx := r.Context()
	f = &file{who: p.Who(ctx)}
	if f.List, err = p.Visible(ctx, f.who, r.PathValue("id")); err != nil {
		return nil, err
	}
	if f.events, err = p.View.Events(ctx, f.ID); err != nil {
		return nil, err
	}
	var expected *exact.Money
	if m, err := counter.Money(r, "expected"); err == nil {
		expected = &m
	}
	if f.summary, err = p.View.SummaryOf(ctx, f.List, expected); err != nil {
		return nil, err
	}
	if f.sums, err = p.Seen.Items(ctx, f.ID); err != nil {
		return nil, err
	}
	if f.items, err = p.Items(ctx); err != nil {
		return nil, err
	}
	f.names, err = p.Seen.Names(ctx)
	return f, err
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error { return p.showList(w, r, nil) }

func (p *Pages) showList(w http.ResponseWriter, r *http.Request, because error) error {
	f, err := p.file(r)
	if err != nil {
		return err
	}
	s := p.Begin(r, f.Title, "lists")
	s.Crumbs = crumbs
	s.State, s.Tone = f.State.Words(), moneyui.ListTone(f.State, f.Suspended)
	if f.Suspended {
		s.State += "（暂停）"
	}
	s.Meta = []string{f.ID, f.Department, moneyui.ModeWord(f.Kind), fmt.Sprintf("第 %d 次比对", f.Sweep), fmt.Sprintf("第 %d 轮", f.Round)}
	s.Stages = f.stages()
	f.todo(p, &s)
	s.Links = f.links()
	for _, part := range []func(context.Context, *http.Request, *file) (moneyui.Section, error){p.totals, p.changed, p.entries, p.objections, p.papers} {
		section, err := part(r.Context(), r, f)
		if err != nil {
			return err
		}
		if section.ID != "" {
			s.Sections = append(s.Sections, section)
		}
	}
	s.Sections = append(s.Sections, f.history())
	return p.Show(w, r, s, because)
}

func (f *file) links() []moneyui.Link {
	out := []moneyui.Link{{Text: "办到流程的哪一步", URL: counter.URL("/lists/steps", "at", string(f.State))}}
	if !f.NoticeUntil.IsZero() {
		out = append(out, moneyui.Link{Text: "公示", URL: listURL(f.ID) + "/notice"})
	}
	if slices.Contains([]lists.State{lists.Exported, lists.Sent, lists.Settled}, f.State) && treasury.SeesEveryList(f.who) {
		out = append(out, moneyui.Link{Text: "支付批次", URL: fmt.Sprintf("/payments/%s-%d", f.ID, f.Round)})
	}
	return out
}

// stages are the stages of a list with who did them, as far as what was done still counts.
func (f *file) stages() (out []moneyui.Stage) {
	done := map[lists.Action]view.Event{}
	for _, e := range f.events {
		switch e.Action {
		case lists.ActReturn:
			done = map[lists.Action]view.Event{lists.ActDraft: done[lists.ActDraft]}
		case lists.ActReopen:
			for _, a := range []lists.Action{lists.ActHandle, lists.ActCheck, lists.ActApproveFirst, lists.ActApprove} {
				delete(done, a)
			}
		default:
			done[e.Action] = e
		}
	}
	way := []lists.Action{lists.ActDraft, lists.ActReview, lists.ActConfirm, lists.ActNotice, lists.ActHandle, lists.ActCheck, lists.ActApproveFirst, lists.ActApprove, lists.ActExport, lists.ActSend, lists.ActSettle}
	here := false
	for _, a := range way {
		if a == lists.ActApproveFirst && !f.TwoApprovers {
			continue
		}
		g := moneyui.Stage{Name: a.Words()}
		if e, ok := done[a]; ok {
			g.Done, g.Who, g.When = true, e.Name, moneyui.Clock(e.At)
			if e.StandsFor != "" {
				g.Note = "代 " + f.names[e.StandsFor]
			}
		} else if !here && f.State != lists.Withdrawn {
			here, g.Here, g.Who = true, true, "轮到"+lists.RoleName(roleOf(a))
		}
		out = append(out, g)
	}
	return out
}

func roleOf(a lists.Action) string {
	for _, s := range lists.Steps() {
		if s.Action == a {
			return s.Role
		}
	}
	return ""
}

// todo says what comes next, and what who looks may do.
func (f *file) todo(p *Pages, s *moneyui.Sheet) {
	today := civil.On(p.Clock())
	switch {
	case f.State == lists.Settled:
		s.Next = []string{"已经办结。查每一笔的支付和回单，看下面的条目。"}
	case f.State == lists.Withdrawn:
		s.Next = []string{"已经撤回，占用的预算和资格都已放开，可以另行起草。"}
	case f.Suspended:
		s.Next = []string{"名单暂停着，恢复以前只能撤回。"}
	case f.State == lists.Noticed && !f.NoticeUntil.Before(today):
		s.Next = []string{"公示到 " + f.NoticeUntil.String() + "（含当日）。期间可以登记异议，期满后第二天起由财政经办。"}
	case f.State == lists.Reviewed && !f.ConfirmUntil.IsZero():
		s.Next = []string{"企业确认期到 " + f.ConfirmUntil.String() + "（含当日）。"}
	}
	if f.Hash == "" && slices.Contains([]lists.State{lists.Handled, lists.Checked, lists.Approving, lists.Approved}, f.State) {
		s.Next = append(s.Next, "经办以后内容变过，原来的经办、复核、审批不再算数：请财政经办“重新核对”，再走一遍。")
	}
	for _, o := range p.Offers(f.who, f.List, f.events) {
		if o.Blocked != "" {
			s.Blocked = append(s.Blocked, o.Blocked)
			continue
		}
		s.Do = append(s.Do, f.order(p, o.Action))
	}
	if f.State == lists.Reviewed && f.who.For(caller.D1, f.Department) && f.asked() {
		s.Do = append([]moneyui.Form{{
			Action: listURL(f.ID) + "/ask", Button: "请企业确认", Title: "请企业确认", Hint: "名单里有要企业确认一下的事项。企业在自己的页面上答复。",
			Fields: []moneyui.Field{{Name: "days", Label: "几个工作日", Kind: "number", Value: "5", Must: true}}, Quiet: !f.ConfirmUntil.IsZero(), Fold: !f.ConfirmUntil.IsZero(),
		}}, s.Do...)
	}
	if len(s.Do) == 0 && len(s.Blocked) == 0 && len(s.Next) == 0 {
		s.Next = []string{"现在轮到别人办理，看上面的进度。"}
	}
}

// asked tells whether the list has items that firms confirm.
func (f *file) asked() bool {
	for _, i := range f.summaryItems() {
		if f.items[i].Mode == rules.Confirm {
			return true
		}
	}
	return false
}

func (f *file) summaryItems() (ids []string) {
	for _, e := range f.summary.Top {
		if !slices.Contains(ids, e.Item) {
			ids = append(ids, e.Item)
		}
	}
	return ids
}

// aside are the steps that lead back or off; they need a note and unfold.
var aside = []lists.Action{lists.ActReopen, lists.ActReturn, lists.ActWithdraw, lists.ActSuspend, lists.ActResume}

// order is the form of a step.
func (f *file) order(p *Pages, a lists.Action) moneyui.Form {
	o := moneyui.Form{Action: listURL(f.ID) + "/steps", Button: a.Words(), Title: a.Words(), Hidden: []moneyui.Pair{{Name: "action", Value: string(a)}}}
	note := moneyui.Field{Name: "note", Label: "说明", Kind: "text"}
	stands := moneyui.Field{Name: "stands_for", Label: "代谁办理（AB 角）", Kind: "select", Choices: f.absent(a)}
	if slices.Contains(aside, a) {
		note.Label, note.Must = "为什么"+a.Words(), true
		o.Fields, o.Quiet, o.Fold = []moneyui.Field{note, stands}, true, true
		return o
	}
	o.Hint = fmt.Sprintf("%d 笔，共 %s 元。", f.Count, moneyui.Yuan(f.Sum))
	switch a {
	case lists.ActNotice:
		o.Hint += "公示一开始就冻结预算、绑定收款账户；没有可用账户的条目会暂缓。少于 5 个工作日的，请在说明里写明依据。"
		o.Fields = []moneyui.Field{{Name: "days", Label: "公示几个工作日", Kind: "number", Value: "5", Must: true}}
	case lists.ActConfirm:
		o.Hint += "没有答复的，按各事项政策写明的办；政策没有写的先暂缓，请再去问。"
	case lists.ActExport:
		o.Hint += "生成支付批次，每笔一个支付编号。"
		o.Fields = []moneyui.Field{{Name: "answer_by", Label: "最迟哪天收到银行回单", Kind: "date", Value: fortnight(p), Must: true}}
	case lists.ActSend:
		o.Hint += "先到支付批次页下载文件，交给银行或一体化系统以后，再在这里记为送出。送出以后不能撤回。"
	case lists.ActSettle:
		o.Hint = "银行对每一笔都有了结果、待查都处理完以后办结。"
	case lists.ActApprove, lists.ActApproveFirst:
		if f.who.Identity == nil || !f.who.Identity.StepUp {
			return counter.Proof(listURL(f.ID), a.Words())
		}
		o.Action = listURL(f.ID) + "/approve"
		o.Hint += "审批的是您看到的这份内容，摘要 " + f.Hash + "。内容有任何变化，审批不会成立。"
		o.Hidden = append(o.Hidden, moneyui.Pair{Name: "hash", Value: f.Hash})
	case lists.ActHandle, lists.ActCheck:
		o.Hidden = append(o.Hidden, moneyui.Pair{Name: "hash", Value: f.Hash})
	}
	if a == lists.ActHandle { // the content is bound by it, there is no hash of the notice to hold on to
		o.Hidden = o.Hidden[:1]
	}
	o.Fields = append(o.Fields, note, stands)
	return o
}

// fortnight is the day that is proposed for the bank's answer.
func fortnight(p *Pages) string {
	day, _ := civil.On(p.Clock()).AddDays(14) // this century has days left
	return day.String()
}

// absent are those for whom one may stand in.
func (f *file) absent(lists.Action) []moneyui.Pair {
	out := []moneyui.Pair{{Name: "本人办理"}}
	for id, name := range f.names {
		if id != f.who.ID() {
			out = append(out, moneyui.Pair{Name: name, Value: id})
		}
	}
	slices.SortFunc(out[1:], func(a, b moneyui.Pair) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// totals is what an approver has to see: sums, lines, the largest, what differs from the list before.
func (p *Pages) totals(ctx context.Context, _ *http.Request, f *file) (moneyui.Section, error) {
	u := f.summary
	s := moneyui.Section{ID: "totals", Title: "合计", Count: fmt.Sprintf("%d 笔 %s 元", f.Count, moneyui.Yuan(f.Sum)), Facts: []moneyui.Fact{
		{Name: "拨付", Value: fmt.Sprintf("%d 笔，%s", f.Count, moneyui.Both(f.Sum))},
		{Name: "暂缓", Value: fmt.Sprintf("%d 笔", f.Held)},
		{Name: "审批", Value: map[bool]string{true: "两人先后审批", false: "一人审批"}[f.TwoApprovers]},
	}}
	if f.Hash != "" {
		s.Facts = append(s.Facts, moneyui.Fact{Name: "内容摘要", Value: f.Hash})
	}
	if u.Before == "" {
		s.Facts = append(s.Facts, moneyui.Fact{Name: "与上期比", Value: "这个部门的这些事项以前没有审批过的名单"})
	} else {
		d := u.Against
		s.Facts = append(s.Facts, moneyui.Fact{Name: "与上期比", URL: listURL(u.Before), Value: fmt.Sprintf("比 %s 新增 %d 笔 %s 元，没有了 %d 笔 %s 元，金额变化 %d 笔（%s 元 → %s 元）",
			u.Before, d.New, moneyui.Yuan(d.NewSum), d.Gone, moneyui.Yuan(d.GoneSum), d.Changed, moneyui.Yuan(d.ChangedFrom), moneyui.Yuan(d.ChangedTo))})
	}
	if u.Expected != nil {
		s.Facts = append(s.Facts, moneyui.Fact{Name: "与试算比", Value: fmt.Sprintf("试算 %s 元，相差 %s 元", moneyui.Yuan(*u.Expected), moneyui.Yuan(u.Off))})
	}
	s.Forms = []moneyui.Form{{Action: listURL(f.ID), Ask: true, Quiet: true, Fold: true, Title: "与试算的总额比一比", Button: "比", Fields: []moneyui.Field{{Name: "expected", Label: "试算的总额（元）", Kind: "text", Must: true}}}}
	var items, lines, top [][]moneyui.Cell
	for _, x := range f.sums {
		items = append(items, []moneyui.Cell{moneyui.To(f.title(x.Item), counter.URL(listURL(f.ID), "item", x.Item)+"#entries"), moneyui.Text(strconv.Itoa(x.Count)), moneyui.Sum(x.Fen)})
	}
	for _, l := range u.Lines {
		lines = append(lines, []moneyui.Cell{{Text: l.Name, URL: "/budget/" + l.ID, Small: fmt.Sprintf("%d 年", l.Year)}, moneyui.Text(strconv.Itoa(l.Count)), moneyui.Sum(l.Sum), moneyui.Sum(l.Left)})
	}
	for _, e := range u.Top {
		top = append(top, []moneyui.Cell{{Text: e.Name, URL: entryURL(f.ID, e.N), Small: e.Enterprise}, moneyui.Text(f.title(e.Item)), moneyui.Sum(e.Amount)})
	}
	s.Tables = []moneyui.Table{
		{Name: "按事项", Heads: []string{"事项", "笔数#", "金额（元）#"}, Rows: items, Empty: "没有条目。"},
		{Name: "预算额度", Heads: []string{"预算额度", "笔数#", "本名单（元）#", "还可用（元）#"}, Rows: lines, Empty: "没有用到预算额度。"},
		{Name: "金额最大的十笔", Heads: []string{"金额最大的十笔", "事项", "金额（元）#"}, Rows: top, Empty: "没有条目。"},
	}
	return s, nil
}

func (f *file) title(item string) string {
	if t := f.items[item].Title; t != "" {
		return t
	}
	return item
}

// history is everything that was done to the list.
func (f *file) history() moneyui.Section {
	var rows [][]moneyui.Cell
	for _, e := range f.events {
		who := e.Name
		if e.StandsFor != "" {
			who += "（代 " + f.names[e.StandsFor] + "）"
		}
		rows = append(rows, []moneyui.Cell{moneyui.Text(moneyui.Clock(e.At)), moneyui.Text(e.Action.Words()), {Text: who, Small: lists.RoleName(e.Role)}, moneyui.Text(e.To.Words()), {Text: e.Note}, {Text: short(e.Hash), Code: true}})
	}
	return moneyui.Section{ID: "history", Title: "办理经过", Count: fmt.Sprintf("%d 步", len(rows)), Fold: true, Tables: []moneyui.Table{{
		Name: "办理经过", Heads: []string{"时间", "办理", "谁", "到", "说明", "内容摘要"}, Rows: rows,
	}}}
}

func short(hash string) string {
	if len(hash) > 12 {
		return hash[:12]
	}
	return hash
}
