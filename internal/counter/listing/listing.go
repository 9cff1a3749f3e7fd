// Package listing is the command mianshen list: disbursement lists from the draft to the bank's last answer.
package listing

import (
	"context"
	"fmt"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/counter/bank"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/rules/exact"
)

// Group is the command with its subcommands, in the order of a list's way.
type Group struct {
	All     allCmd     `cmd:"" default:"withargs" help:"列出名单"`
	Draft   draftCmd   `cmd:"" help:"起草：把比对结果里应拨的列成名单（部门经办）"`
	Show    showCmd    `cmd:"" help:"看一份名单的概况"`
	Entries entriesCmd `cmd:"" help:"看名单的条目"`
	Events  eventsCmd  `cmd:"" help:"看谁在什么时候办了哪一步"`
	Summary summaryCmd `cmd:"" help:"审批前要看的：笔数、金额、与上一份的差别、额度，和内容摘要"`
	Changes changesCmd `cmd:"" help:"复查：起草以后数据、政策或企业状况变了的条目"`
	Steps   stepsCmd   `cmd:"" help:"列出名单的各个环节：从哪到哪，由谁办"`

	Add    addCmd `cmd:"" help:"草稿里加入一家企业按名单的比对应拨而未列入的（部门经办）"`
	Remove remove `cmd:"" help:"移出一条（部门经办）"`
	Lower  lower  `cmd:"" help:"草稿里减少一条的金额（部门经办）"`
	Hold   hold   `cmd:"" help:"暂缓一条，写明原因"`
	Free   free   `cmd:"" name:"release" help:"恢复暂缓的一条"`

	Review  review  `cmd:"" help:"部门审核（部门审核）"`
	Ask     ask     `cmd:"" help:"开启企业确认，到第几个工作日为止（部门经办）"`
	Answer  answer  `cmd:"" help:"企业答复一条：同意或不同意"`
	Confirm confirm `cmd:"" help:"汇总企业确认（部门经办）"`

	Notice      notice      `cmd:"" help:"公示：绑定收款账户，冻结额度，开始公示期（部门经办）"`
	NoticeTable noticeTable `cmd:"" help:"公示表：xlsx、html、docx 或 csv"`
	Object      object      `cmd:"" help:"登记异议，只暂缓那一条"`
	Objections  objections  `cmd:"" help:"列出异议"`
	Decide      decide      `cmd:"" help:"答复异议：成立或不成立，须由登记人以外的人"`
	Attach      attach      `cmd:"" help:"加附件：会议纪要、请款函、公示结果、其他"`
	Attachments attachments `cmd:"" help:"列出附件，或取出一件"`

	Handle  handle  `cmd:"" help:"公示期满后经办（财政经办）"`
	Check   check   `cmd:"" help:"复核（财政复核）"`
	Approve approve `cmd:"" help:"审批：先复查，有变化就暂缓并停下（财政审批）"`

	bank.Commands

	Return   giveBack `cmd:"" name:"return" help:"退回更正：解冻额度，回到草稿"`
	Reopen   reopen   `cmd:"" help:"重新核对：回到公示后（财政经办）"`
	Withdraw withdraw `cmd:"" help:"撤回整份名单，不再拨付（部门经办）"`
	Suspend  suspend  `cmd:"" help:"暂停整份名单"`
	Resume   resume   `cmd:"" help:"恢复暂停的名单"`

	Correct correct   `cmd:"" help:"政策或数据更正后：补发列成名单，多发的说出应追回多少"`
	Report  reportCmd `cmd:"" help:"一年的免申即享：占比、天数、已拨、退回、追回、暂缓"`
}

func stateWord(s lists.State) counter.Word {
	return counter.Word{Code: string(s), Text: s.Words()}
}

var statusWords = map[string]string{"in": "拨付", "held": "暂缓", "removed": "移出", "returned": "退汇"}

func statusWord(s string) counter.Word {
	text, ok := statusWords[s]
	if !ok {
		text = s
	}
	return counter.Word{Code: s, Text: text}
}

// allCmd lists lists.
type allCmd struct {
	counter.Place
	counter.Shown
	State      string `help:"只列这个状态的，如 noticed；各状态见 mianshen list steps"`
	Department string `help:"只列这个部门的"`
	After      string `help:"接着列：上一页最后一份的编号"`
	Limit      int    `short:"n" default:"50" help:"最多列几份，不超过 200"`
}

// Run lists.
func (c *allCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		page, err := view.New(o.Store).Lists(ctx, view.Filter{State: lists.State(c.State), Department: c.Department, After: c.After, Limit: c.Limit})
		if err != nil {
			return err
		}
		t := &counter.Part{
			Columns: counter.Columns("id", "编号", "state", "状态", "suspended", "暂停", "count", "笔数", "sum", "金额（元）", "held", "暂缓", "department", "部门", "title", "名称"),
			Empty:   "没有这样的名单。起草用 mianshen list draft。",
		}
		for _, l := range page {
			t.Add(l.ID, stateWord(l.State), l.Suspended, l.Count, l.Sum, l.Held, l.Department, l.Title)
		}
		return c.Show(p.Out, t)
	})
}

// one is a list to be looked at.
type one struct {
	List string `arg:"" help:"名单编号"`
	counter.Place
	counter.Shown
}

type showCmd struct{ one }

// Run shows a list at a glance.
func (c *showCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		l, err := view.New(o.Store).List(ctx, c.List)
		if err != nil {
			return err
		}
		return c.Show(p.Out, card(l))
	})
}

func card(l view.List) *counter.Part {
	kind := counter.Word{Code: l.Kind, Text: map[string]string{"regular": "常规", "supplement": "补发"}[l.Kind]}
	t := &counter.Part{Key: "list", Card: true, Columns: counter.Columns("id", "编号", "title", "名称", "department", "部门", "kind", "种类", "sweep", "比对批次",
		"state", "状态", "suspended", "暂停", "two_approvers", "两人审批", "round", "轮次", "count", "笔数", "sum", "金额（元）", "held", "暂缓",
		"confirm_until", "企业确认到", "notice_until", "公示到", "hash", "内容摘要", "made_at", "起草时间")}
	t.Add(l.ID, l.Title, l.Department, kind, l.Sweep, stateWord(l.State), l.Suspended, l.TwoApprovers, l.Round, l.Count, l.Sum, l.Held, l.ConfirmUntil, l.NoticeUntil, l.Hash, l.MadeAt)
	return t
}

type entriesCmd struct {
	one
	Status     string `help:"只看这个状态的：in、held、removed 或 returned"`
	Item       string `help:"只看这个事项的"`
	Enterprise string `help:"只看这家企业的（统一社会信用代码）"`
	Find       string `help:"只看名称里有这几个字、或代码以此开头的企业"`
	After      int    `help:"接着列：上一页最后一条的序号"`
	Limit      int    `short:"n" default:"50" help:"最多列几条，不超过 200"`
}

// Run shows a page of the entries.
func (c *entriesCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		v := view.New(o.Store)
		if _, err := v.List(ctx, c.List); err != nil {
			return err
		}
		page, err := v.Entries(ctx, c.List, view.EntryFilter{Status: c.Status, Item: c.Item, Enterprise: c.Enterprise, Find: c.Find, After: c.After, Limit: c.Limit})
		if err != nil {
			return err
		}
		t := entryTable(page)
		return c.Show(p.Out, t)
	})
}

var answerWords = map[string]string{"yes": "同意", "no": "不同意", "silent": "未答复"}

func entryTable(page []view.Entry) *counter.Part {
	t := &counter.Part{Empty: "没有这样的条目。", Columns: counter.Columns("n", "序号", "enterprise", "信用代码", "name", "企业", "item", "事项", "period", "所属期",
		"part", "部分", "amount", "金额（元）", "claimed", "判定金额", "line", "额度", "account", "账户", "status", "状态", "confirmation", "企业答复", "reason", "减少原因", "note", "说明", "decision", "判定")}
	for _, e := range page {
		t.Add(e.N, e.Enterprise, e.Name, e.Item, e.Period, e.Part, e.Amount, e.Claimed, e.Line, e.Account, statusWord(e.Status),
			counter.Word{Code: e.Confirmation, Text: answerWords[e.Confirmation]}, e.Reason, e.Note, e.Decision)
	}
	return t
}

type eventsCmd struct{ one }

// Run shows who did what.
func (c *eventsCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		v := view.New(o.Store)
		if _, err := v.List(ctx, c.List); err != nil {
			return err
		}
		all, err := v.Events(ctx, c.List)
		if err != nil {
			return err
		}
		t := &counter.Part{Columns: counter.Columns("seq", "序号", "at", "时间", "action", "环节", "from", "从", "to", "到", "role", "角色", "name", "办理人",
			"person", "编号", "stands_for", "代", "hash", "内容摘要", "note", "说明")}
		for _, e := range all {
			t.Add(e.Seq, e.At, counter.Word{Code: string(e.Action), Text: e.Action.Words()}, stateWord(e.From), stateWord(e.To), e.Role, e.Name, e.Person, e.StandsFor, e.Hash, e.Note)
		}
		return c.Show(p.Out, t)
	})
}

type summaryCmd struct {
	one
	Simulated string `help:"试算得出的总额（元），与名单比较"`
}

// Run shows what an approver has to see.
func (c *summaryCmd) Run(ctx context.Context, p *counter.Program) error {
	var simulated *exact.Money
	if c.Simulated != "" {
		m, err := counter.Money("--simulated", c.Simulated)
		if err != nil {
			return err
		}
		simulated = &m
	}
	return c.Read(ctx, p, func(o *casework.Office) error {
		s, err := view.New(o.Store).Summary(ctx, c.List, simulated)
		if err != nil {
			return err
		}
		top := &counter.Part{Key: "top", Title: "金额最大的条目：", Columns: counter.Columns("n", "序号", "enterprise", "信用代码", "name", "企业", "item", "事项",
			"amount", "金额（元）", "claimed", "判定金额", "line", "额度", "reason", "减少原因")}
		for _, e := range s.Top {
			top.Add(e.N, e.Enterprise, e.Name, e.Item, e.Amount, e.Claimed, e.Line, e.Reason)
		}
		return c.Show(p.Out, card(s.List), against(s), budget(s), top)
	})
}

func against(s view.Summary) *counter.Part {
	t := &counter.Part{Key: "against", Card: true, Columns: counter.Columns("before", "上一份已审批的名单", "new", "比它新增（条）", "new_sum", "新增金额", "gone", "比它减少（条）", "gone_sum", "减少金额",
		"changed", "金额变化（条）", "changed_from", "变化前", "changed_to", "变化后", "expected", "试算总额", "off", "与试算相差")}
	a := s.Against
	var expected, off any
	if s.Expected != nil {
		expected, off = *s.Expected, s.Off
	}
	t.Add(s.Before, a.New, a.NewSum, a.Gone, a.GoneSum, a.Changed, a.ChangedFrom, a.ChangedTo, expected, off)
	return t
}

func budget(s view.Summary) *counter.Part {
	t := &counter.Part{Key: "lines", Title: "额度：", Columns: counter.Columns("id", "编号", "name", "名称", "year", "年度", "count", "笔数", "sum", "金额（元）", "left", "此外还可用")}
	for _, l := range s.Lines {
		t.Add(l.ID, l.Name, l.Year, l.Count, l.Sum, l.Left)
	}
	return t
}

type stepsCmd struct{ counter.Shown }

// Run shows the table of steps.
func (c *stepsCmd) Run(p *counter.Program) error {
	t := &counter.Part{Columns: counter.Columns("action", "环节", "from", "从", "to", "到", "role", "角色")}
	for _, s := range lists.Steps() {
		t.Add(counter.Word{Code: string(s.Action), Text: fmt.Sprintf("%s（%s）", s.Action.Words(), s.Action)}, named(s.From), named(s.To), s.Role)
	}
	return c.Show(p.Out, t)
}

func named(s lists.State) counter.Word {
	if s == lists.None {
		return stateWord(s)
	}
	return counter.Word{Code: string(s), Text: fmt.Sprintf("%s（%s）", s.Words(), s)}
}
