package money

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/disburse/recheck"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
)

const (
	pageSize = 25
	atOnce   = 300 // entries that are decided again within the page of a list
)

var statuses = []moneyui.Pair{{Name: "全部"}, {Name: "拨付", Value: "in"}, {Name: "暂缓", Value: "held"}, {Name: "移出", Value: "removed"}, {Name: "退回", Value: "returned"}}

// entries is a page of the entries, as the address narrows them.
func (p *Pages) entries(ctx context.Context, r *http.Request, f *file) (moneyui.Section, error) {
	filter := view.EntryFilter{Status: counter.Text(r, "status"), Item: counter.Text(r, "item"), Find: counter.Text(r, "find"), Limit: pageSize}
	filter.After, _ = strconv.Atoi(counter.Text(r, "after"))
	page, err := p.View.Entries(ctx, f.ID, filter)
	s := moneyui.Section{ID: "entries", Title: "条目"}
	address := func(status string, after int) string {
		last := ""
		if after > 0 {
			last = strconv.Itoa(after)
		}
		return counter.URL(listURL(f.ID), "status", status, "item", filter.Item, "find", filter.Find, "after", last) + "#entries"
	}
	counts := map[string]int{}
	for status, n := range f.Statuses {
		counts[status] = n
		counts[""] += n
	}
	s.Count = fmt.Sprintf("%d 条", counts[""])
	for _, x := range statuses {
		s.Tabs = append(s.Tabs, moneyui.Link{Text: fmt.Sprintf("%s %d", x.Name, counts[x.Value]), URL: address(x.Value, 0), Here: x.Value == filter.Status})
	}
	choices := []moneyui.Pair{{Name: "全部事项"}}
	for _, x := range f.sums {
		choices = append(choices, moneyui.Pair{Name: f.title(x.Item), Value: x.Item})
	}
	s.Forms = []moneyui.Form{{
		Action: listURL(f.ID), Ask: true, Quiet: true, Fold: filter.Find == "" && filter.Item == "", Title: "按事项、企业找", Button: "找", Hidden: []moneyui.Pair{{Name: "status", Value: filter.Status}},
		Fields: []moneyui.Field{{Name: "item", Label: "事项", Kind: "select", Choices: choices, Value: filter.Item}, {Name: "find", Label: "找企业", Kind: "text", Value: filter.Find, Hint: "名称的一部分，或统一社会信用代码的开头"}},
	}}
	var rows [][]moneyui.Cell
	for _, e := range page {
		state := moneyui.EntryState(e.Status)
		state.Small = e.Note
		rows = append(rows, []moneyui.Cell{
			moneyui.To(strconv.Itoa(e.N), entryURL(f.ID, e.N)),
			{Text: e.Name, URL: "/enterprises/" + e.Enterprise, Small: e.Enterprise},
			{Text: f.title(e.Item), Small: e.Reason},
			{Text: moneyui.Yuan(e.Amount), Small: cut(e)},
			state,
			{Text: account(e.Account), Small: map[string]string{"yes": "企业已确认", "no": "企业不要", "silent": "企业没有答复"}[e.Confirmation]},
			moneyui.To("看", entryURL(f.ID, e.N)),
		})
	}
	s.Tables = []moneyui.Table{{Name: "条目", Heads: []string{"序号", "企业", "事项", "金额（元）#", "状态", "收款账户", "详情"}, Rows: rows, Empty: "没有符合的条目，换一个条件看看。"}}
	if len(page) == pageSize {
		s.More = address(filter.Status, page[pageSize-1].N)
	}
	return s, err
}

func cut(e view.Entry) string {
	if e.Amount == e.Claimed {
		return ""
	}
	return "判定 " + moneyui.Yuan(e.Claimed)
}

func account(masked string) string {
	if masked == "" {
		return "公示时绑定"
	}
	return masked
}

// changed is what a check just before approval finds, within the page where the list is short.
func (p *Pages) changed(ctx context.Context, _ *http.Request, f *file) (moneyui.Section, error) {
	if !slices.Contains([]lists.State{lists.Handled, lists.Checked, lists.Approving}, f.State) {
		return moneyui.Section{}, nil
	}
	if f.Count > atOnce {
		return moneyui.Section{ID: "recheck", Title: "批前复查", Hint: "审批以前，用最新的数据和当天有效的政策再判一遍。", Links: []moneyui.Link{{Text: "现在复查", URL: listURL(f.ID) + "/recheck"}}}, nil
	}
	return p.differences(ctx, f.who, f.List)
}

var kinds = map[recheck.Kind]moneyui.Cell{
	recheck.Still: moneyui.Badge("没有变化", moneyui.Good), recheck.Lost: moneyui.Badge("不再符合", moneyui.Bad), recheck.Changed: moneyui.Badge("金额变了", moneyui.Warn), recheck.Unknown: moneyui.Badge("待核实", moneyui.Warn),
}

func (p *Pages) differences(ctx context.Context, who caller.Caller, l view.List) (moneyui.Section, error) {
	s := moneyui.Section{ID: "recheck", Title: "批前复查", Hint: "用最新的数据和当天有效的政策，把每一条再判一遍，只列出和起草时不同的。"}
	found, err := recheck.List(ctx, p.Office, l.ID)
	if errors.Is(err, recheck.ErrStale) {
		s.Hint = err.Error()
		return s, nil
	}
	if err = p.Explain(ctx, err, "这份名单的条目"); err != nil {
		return s, err
	}
	var rows [][]moneyui.Cell
	for _, e := range found {
		if e.Kind != recheck.Still {
			rows = append(rows, []moneyui.Cell{moneyui.To(strconv.Itoa(e.N), entryURL(l.ID, e.N)), {Text: e.Name, Small: e.Enterprise}, kinds[e.Kind], moneyui.Sum(e.Was), moneyui.Sum(e.Now), moneyui.Text(e.Reason)})
		}
	}
	s.Count = fmt.Sprintf("复查 %d 条，%d 条有变化", len(found), len(rows))
	s.Tables = []moneyui.Table{{Name: "和起草时不同的", Heads: []string{"序号", "企业", "怎么变了", "起草时（元）#", "现在（元）#", "为什么"}, Rows: rows, Empty: "每一条都和起草时一样。"}}
	if len(rows) > 0 && who.Has(caller.F1|caller.F2|caller.F3) {
		s.Forms = []moneyui.Form{{Action: listURL(l.ID) + "/recheck", Button: "把有变化的都暂缓", Hint: "暂缓以后内容变了，要财政经办“重新核对”，再走复核、审批。"}}
	}
	return s, nil
}

// recheck is the check of a long list, on a page of its own.
func (p *Pages) recheck(w http.ResponseWriter, r *http.Request) error {
	ctx, who := r.Context(), p.Who(r.Context())
	l, err := p.Visible(ctx, who, r.PathValue("id"))
	if err != nil {
		return err
	}
	section, err := p.differences(ctx, who, l)
	if err != nil {
		return err
	}
	s := p.Begin(r, "批前复查", "lists")
	s.Crumbs = append(slices.Clone(crumbs), moneyui.Link{Text: l.Title, URL: listURL(l.ID)})
	s.Sections = []moneyui.Section{section}
	return p.Show(w, r, s, nil)
}

func (p *Pages) entry(w http.ResponseWriter, r *http.Request) error { return p.showEntry(w, r, nil) }

// showEntry is the page of one entry.
func (p *Pages) showEntry(w http.ResponseWriter, r *http.Request, because error) error {
	f, err := p.file(r)
	if err != nil {
		return err
	}
	ctx, n := r.Context(), number(r)
	page, err := p.View.Entries(ctx, f.ID, view.EntryFilter{After: n - 1, Limit: 1})
	if err != nil {
		return err
	}
	if n == 0 || len(page) == 0 || page[0].N != n {
		return problem.New(http.StatusNotFound, "这份名单没有这一条。")
	}
	e := page[0]
	s := p.Begin(r, fmt.Sprintf("第 %d 条：%s", n, e.Name), "lists")
	s.Crumbs = append(slices.Clone(crumbs), moneyui.Link{Text: f.Title, URL: listURL(f.ID)})
	state := moneyui.EntryState(e.Status)
	s.State, s.Tone = state.Text, state.Tone
	if e.Note != "" {
		s.Next = []string{state.Text + "：" + e.Note}
	}
	s.Do = f.changes(e)
	facts := []moneyui.Fact{
		{Name: "企业", Value: e.Name + " " + e.Enterprise, URL: "/enterprises/" + e.Enterprise},
		{Name: "事项", Value: f.title(e.Item)},
		{Name: "所属期", Value: e.Period},
		{Name: "金额", Value: moneyui.Both(e.Amount)},
		{Name: "判定金额", Value: moneyui.Yuan(e.Claimed) + " 元"},
		{Name: "预算额度", Value: f.line(e.Line), URL: "/budget/" + e.Line},
		{Name: "收款账户", Value: account(e.Account)},
		{Name: "判定", Value: e.Decision, URL: "/decisions/" + e.Decision},
	}
	why := e.Reason
	if why == "" {
		why = "按判定的金额全额拨付。"
	}
	s.Sections = []moneyui.Section{
		{ID: "what", Title: "这一笔", Facts: facts},
		{ID: "why", Title: "为什么是这个金额", Words: []string{why}, Tables: []moneyui.Table{{Name: "判定的理由", Heads: []string{"判定的理由和条款"}, Rows: [][]moneyui.Cell{{{Text: "完整理由", URL: "/decisions/" + e.Decision, Reasons: "/decisions/" + e.Decision + "/reasons"}}}}}},
	}
	if err := p.paid(ctx, &s, f, e); err != nil {
		return err
	}
	objections, err := p.objected(ctx, f, n)
	if err != nil {
		return err
	}
	s.Sections = append(s.Sections, objections)
	return p.Show(w, r, s, because)
}

// line is the name of a budget line, or the id of one that the list no longer draws on.
func (f *file) line(id string) string {
	for _, l := range f.summary.Lines {
		if l.ID == id {
			return l.Name
		}
	}
	return id
}

// changes are what who looks may do with an entry.
func (f *file) changes(e view.Entry) (out []moneyui.Form) {
	reason := moneyui.Field{Name: "reason", Label: "理由", Kind: "text", Must: true}
	add := func(do, title, hint string, fields ...moneyui.Field) {
		out = append(out, moneyui.Form{Action: entryURL(f.ID, e.N), Button: title, Title: title, Hint: hint, Quiet: true, Fold: true, Hidden: []moneyui.Pair{{Name: "do", Value: do}}, Fields: append(fields, reason)})
	}
	d1 := f.who.For(caller.D1, f.Department)
	hand := d1 || f.who.For(caller.D2, f.Department) || f.who.Has(caller.F1|caller.F2|caller.F3)
	open := !slices.Contains([]lists.State{lists.Exported, lists.Sent, lists.Settled, lists.Withdrawn}, f.State) && !f.Suspended
	early := slices.Contains([]lists.State{lists.Drafted, lists.Reviewed, lists.Confirmed, lists.Noticed}, f.State)
	if open && hand && e.Status == "in" {
		add("hold", "暂缓", "先不付，别的照常。经办以后暂缓，名单要重新核对。")
	}
	if open && (d1 || f.who.Has(caller.F1)) && e.Status == "held" {
		add("release", "恢复拨付", "暂缓的原因已经没有了。")
	}
	if open && d1 && (e.Status == "held" || e.Status == "in" && early) {
		add("remove", "移出", "不能再回到这份名单，以后可以另行起草。")
	}
	if open && d1 && f.State == lists.Drafted && e.Status == "in" {
		add("lower", "改低金额", "只能改低。", moneyui.Field{Name: "amount", Label: "改成（元）", Kind: "text", Must: true})
	}
	return out
}

// paid adds the payments of an entry with what the bank said.
func (p *Pages) paid(ctx context.Context, s *moneyui.Sheet, f *file, e view.Entry) error {
	payments, err := p.Seen.Payments(ctx, overview.PaymentFilter{List: f.ID, N: e.N})
	if err != nil {
		return err
	}
	var paid, said [][]moneyui.Cell
	for _, x := range payments {
		state := moneyui.PaymentState(x.State)
		state.Small = x.Reason
		paid = append(paid, []moneyui.Cell{{Text: x.ID, Code: true}, moneyui.Text(strconv.Itoa(x.Attempt)), moneyui.Sum(x.Amount), moneyui.Text(x.Account), state, moneyui.Text(moneyui.Clock(x.MovedAt))})
		receipts, err := p.Seen.Receipts(ctx, overview.ReceiptFilter{Payment: x.ID})
		if err != nil {
			return err
		}
		for _, r := range receipts {
			said = append(said, []moneyui.Cell{{Text: moneyui.ResultWord(r.Result), Small: r.Reason}, moneyui.Sum(r.Amount), moneyui.Text(moneyui.Clock(r.BankAt)), {Text: evidence.Class(r.Class).String(), Small: r.Resolution}, {Text: r.FileName, Small: moneyui.Clock(r.ReceivedAt)}})
		}
	}
	s.Sections = append(s.Sections, moneyui.Section{ID: "payments", Title: "支付和回单", Tables: []moneyui.Table{
		{Name: "支付", Heads: []string{"支付编号", "第几次", "金额（元）#", "收款账户", "状态", "时间"}, Rows: paid, Empty: "还没有支付：审批以后由财政经办生成支付文件。"},
		{Name: "回单", Heads: []string{"银行说", "金额（元）#", "银行时间", "怎么认的", "来自"}, Rows: said, Empty: "还没有银行回单。"},
	}})
	return nil
}

// objections are those to a list, with the form that records one.
func (p *Pages) objections(ctx context.Context, _ *http.Request, f *file) (moneyui.Section, error) {
	return p.objected(ctx, f, 0)
}

// objected are the objections to an entry, to all where n is 0.
func (p *Pages) objected(ctx context.Context, f *file, n int) (moneyui.Section, error) {
	s := moneyui.Section{ID: "objections", Title: "异议"}
	all, err := p.Lists.Objections(ctx, f.ID)
	hand := f.who.For(caller.D1|caller.D2, f.Department) || f.who.Has(caller.F1|caller.F2|caller.F3)
	var rows [][]moneyui.Cell
	for _, o := range all {
		if n > 0 && o.N != n {
			continue
		}
		outcome := moneyui.Cell{Text: map[string]string{"upheld": "成立", "rejected": "不成立"}[o.Outcome], Small: o.Answer}
		if o.Outcome == "" {
			outcome = moneyui.Badge("待答复", moneyui.Warn)
			if hand && o.RecordedBy != f.who.ID() {
				outcome.Forms = []moneyui.Form{{Action: listURL(f.ID) + "/objections/answers", Button: "答复", Title: "答复", Fold: true, Quiet: true, Hidden: []moneyui.Pair{{Name: "objection", Value: o.ID}}, Fields: []moneyui.Field{
					{Name: "outcome", Label: "异议", Kind: "select", Choices: []moneyui.Pair{{Name: "不成立，恢复拨付", Value: "rejected"}, {Name: "成立，移出名单", Value: "upheld"}}},
					{Name: "answer", Label: "答复和依据", Kind: "area", Must: true},
				}}}
			}
		}
		rows = append(rows, []moneyui.Cell{moneyui.To(strconv.Itoa(o.N), entryURL(f.ID, o.N)), {Text: o.RaisedBy, Small: moneyui.Clock(o.RaisedAt)}, moneyui.Text(o.Text), moneyui.Text(f.names[o.RecordedBy]), outcome})
	}
	s.Count = fmt.Sprintf("%d 条", len(rows))
	s.Tables = []moneyui.Table{{Name: "异议", Heads: []string{"第几条", "谁提的", "异议", "登记", "答复"}, Rows: rows, Empty: "没有异议。异议只暂缓它说的那一条，别的照常。"}}
	if hand && slices.Contains([]lists.State{lists.Noticed, lists.Handled, lists.Checked, lists.Approving}, f.State) {
		which := moneyui.Field{Name: "n", Label: "对第几条", Kind: "text", Must: true}
		if n > 0 {
			which.Value = strconv.Itoa(n)
		}
		s.Forms = []moneyui.Form{{Action: listURL(f.ID) + "/objections", Button: "登记", Title: "登记一条异议", Fold: true, Quiet: true, Hint: "登记后这一条先暂缓，由另一个人答复。", Fields: []moneyui.Field{
			which, {Name: "raised_by", Label: "谁提的", Kind: "text", Must: true}, {Name: "text", Label: "异议内容", Kind: "area", Must: true},
		}}}
	}
	return s, err
}

// papers are the attachments of a list.
func (p *Pages) papers(ctx context.Context, _ *http.Request, f *file) (moneyui.Section, error) {
	all, err := p.Lists.Attachments(ctx, f.ID)
	s := moneyui.Section{ID: "papers", Title: "附件", Count: fmt.Sprintf("%d 份", len(all))}
	var rows [][]moneyui.Cell
	for _, a := range all {
		rows = append(rows, []moneyui.Cell{{Text: a.Name, URL: fmt.Sprintf("%s/papers/%d", listURL(f.ID), a.N), Small: short(a.SHA256)}, moneyui.Text(a.Kind), moneyui.Text(a.State.Words()), {Text: f.names[a.AddedBy], Small: moneyui.Clock(a.AddedAt)}})
	}
	s.Tables = []moneyui.Table{{Name: "附件", Heads: []string{"文件", "种类", "哪个环节", "谁加的"}, Rows: rows, Empty: "还没有附件，如会议纪要、请款函、公示结果。"}}
	if treasury.Departments(f.who) != nil || f.who.Has(caller.F1|caller.F2|caller.F3) {
		var choices []moneyui.Pair
		for _, k := range lists.AttachmentKinds() {
			choices = append(choices, moneyui.Pair{Name: k, Value: k})
		}
		s.Forms = []moneyui.Form{{Action: listURL(f.ID) + "/papers", Button: "上传", Title: "加一份附件", Fold: true, Quiet: true, Files: true, Fields: []moneyui.Field{
			{Name: "kind", Label: "种类", Kind: "select", Choices: choices}, {Name: "paper", Label: "文件（不超过 10 MB）", Kind: "file", Must: true},
		}}}
	}
	return s, err
}
