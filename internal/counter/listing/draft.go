package listing

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/report"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// drafting are the flags of a list that is made.
type drafting struct {
	counter.Acting
	counter.Shown
	Department   string `required:"" help:"部门：政策的发布机关"`
	Sweep        int64  `help:"按第几次比对；缺省为最近一次现行的"`
	Year         int    `help:"预算年度；缺省为今年"`
	ID           string `name:"id" help:"名单编号，不超过 30 字；缺省按日期取一个"`
	Title        string `help:"名单名称；缺省为部门和日期"`
	TwoApprovers bool   `name:"two-approvers" help:"须两人先后审批"`
	DryRun       bool   `name:"dry-run" help:"只算出来看，不列名单"`
}

// named fills in what wasn't said.
func (c *drafting) named(now time.Time, what string) disburse.Drafting {
	day := civil.On(now)
	r := disburse.Drafting{ID: c.ID, Title: c.Title, TwoApprovers: c.TwoApprovers, Request: disburse.Request{Department: c.Department, Sweep: c.Sweep, Year: c.Year}}
	if r.ID == "" {
		r.ID = fmt.Sprintf("L%04d%02d%02d-%s", day.Year(), day.Month(), day.Day(), rand.Text()[:6])
	}
	if r.Title == "" {
		r.Title = fmt.Sprintf("%s%s %s", c.Department, what, day)
	}
	return r
}

type draftCmd struct {
	drafting
	Item []string `help:"只拨这些事项；缺省为部门全部免申即享的事项"`
}

// Run drafts a list, or shows what it would hold.
func (c *draftCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		fmt.Fprintln(p.Err, "正在核算应拨……")
		r := c.named(d.Now, "拨付名单")
		r.Items = c.Item
		desk := disburse.New(d.Office)
		var plan *disburse.Proposal
		var err error
		if c.DryRun {
			r.ID = ""
			plan, err = desk.Plan(ctx, r.Request, d.Now)
		} else {
			plan, err = desk.Draft(ctx, d.Actor("D1"), r, d.Now)
		}
		if plan == nil {
			return err
		}
		return proposed(p, c.Shown, err, r.ID, plan, nil)
	})
}

type addCmd struct {
	List       string `arg:"" help:"名单编号"`
	Enterprise string `arg:"" help:"统一社会信用代码"`
	counter.Acting
	Item   []string `help:"只加这些事项；缺省为应拨的全部"`
	Reason string   `required:"" help:"理由，不写人名"`
}

// Run adds what is due to a firm to a draft.
func (c *addCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		plan, err := disburse.New(d.Office).Add(ctx, d.Actor("D1"), disburse.Addition{List: c.List, Enterprise: c.Enterprise, Items: c.Item, Reason: c.Reason}, d.Now)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.Out, "已加入 %d 条，共 %s。\n", len(plan.Entries), plan.Total().Words())
		return err
	})
}

// proposed shows a proposal; where it became no list, because of what it holds, on stderr with the reason.
func proposed(p *counter.Program, s counter.Shown, problem error, id string, plan *disburse.Proposal, more *counter.Part) error {
	out := p.Out
	if problem != nil {
		id, out = "", p.Err
	}
	if problem != nil && !errors.Is(problem, store.ErrConflict) {
		return problem
	}
	parts := []*counter.Part{head(id, plan), entriesOf(plan), linesOf(plan), leftOf(plan)}
	if more != nil {
		parts = append(parts, more)
	}
	if s.Format == "text" {
		parts[1].Rows, parts[3] = nil, leftCounts(plan) // who is in is seen with list entries
	}
	if err := s.Show(out, parts...); err != nil {
		return err
	}
	return problem
}

func head(id string, plan *disburse.Proposal) *counter.Part {
	t := &counter.Part{Key: "list", Card: true, Columns: counter.Columns("id", "名单", "sweep", "比对批次", "as_of", "比对日", "year", "预算年度", "count", "应拨笔数", "sum", "应拨金额（元）")}
	t.Add(id, plan.Sweep, plan.AsOf, plan.Year, len(plan.Entries), plan.Total())
	return t
}

func entriesOf(plan *disburse.Proposal) *counter.Part {
	t := &counter.Part{Key: "entries", Columns: counter.Columns("n", "序号", "enterprise", "信用代码", "name", "企业", "item", "事项", "period", "所属期", "part", "部分", "amount", "金额（元）",
		"claimed", "判定金额", "line", "额度", "reason", "减少原因", "decision", "判定")}
	for i, e := range plan.Entries {
		c := e.Entitlement
		t.Add(i+1, c.Enterprise, e.Name, c.Item, c.Period, e.Part, e.Amount, c.Amount, e.Line, e.Reason, e.Decision)
	}
	return t
}

func linesOf(plan *disburse.Proposal) *counter.Part {
	t := &counter.Part{Key: "lines", Title: "额度：", Columns: counter.Columns("name", "名称", "id", "编号", "available", "可用（元）", "due", "应拨", "paid", "列入", "items", "事项", "problem", "问题")}
	for _, l := range plan.Lines {
		t.Add(l.Name, l.ID, l.Available, l.Due, l.Paid, l.Items, l.Problem)
	}
	return t
}

var fateWords = map[disburse.Fate]string{
	disburse.Lost: "不重复享受或已到上限", disburse.Before: "已列入名单或已拨付", disburse.Unknown: "待核实", disburse.NoLine: "没有预算额度",
	disburse.Short: "预算额度不足", disburse.Later: "分期未到期或未达条件",
}

func leftOf(plan *disburse.Proposal) *counter.Part {
	t := &counter.Part{Key: "left", Columns: counter.Columns("enterprise", "信用代码", "name", "企业", "item", "事项", "period", "所属期", "basis", "依据", "part", "部分", "amount", "判定金额", "fate", "去向", "reason", "原因", "gap", "可能差额")}
	for _, l := range plan.Left {
		t.Add(l.Enterprise, l.Name, l.Item, l.Period, l.Basis, l.Part, l.Amount, counter.Word{Code: string(l.Fate), Text: fateWords[l.Fate]}, l.Reason, l.Gap)
	}
	return t
}

// leftCounts says how many are left out why, with the first of each as an example.
func leftCounts(plan *disburse.Proposal) *counter.Part {
	t := &counter.Part{Key: "left", Title: "没有列入（逐条见 --format json）：", Columns: counter.Columns("fate", "去向", "count", "笔数", "sum", "判定金额", "example", "例如")}
	at := map[disburse.Fate]int{}
	for _, l := range plan.Left {
		i, ok := at[l.Fate]
		if !ok {
			i = len(t.Rows)
			at[l.Fate] = i
			t.Add(fateWords[l.Fate], 0, exact.Money(0), fmt.Sprintf("%s %s：%s", l.Name, l.Title, l.Reason))
		}
		row := t.Rows[i]
		row[1], row[2] = row[1].(int)+1, row[2].(exact.Money)+l.Amount
	}
	return t
}

type correct struct {
	drafting
	Item string `required:"" help:"更正过的事项"`
}

// Help says how a correction is made.
func (*correct) Help() string {
	return "先更正政策或数据，再按原来的日子重新比对（mianshen sweep run --as-of 那一天），然后用 --sweep 指明那次比对。少拨的列成补发名单；多拨的在这里说出，用 mianshen recovery propose 逐笔提出追回。"
}

// Run works out a correction and puts what is due on a list.
func (c *correct) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		fmt.Fprintln(p.Err, "正在重新核算……")
		l := c.named(d.Now, "补发名单")
		r := disburse.CorrectionRequest{Department: c.Department, Item: c.Item, Sweep: c.Sweep}
		desk := disburse.New(d.Office)
		found, err := desk.Correct(ctx, r, d.Now)
		if err != nil {
			return err
		}
		if c.DryRun || len(found.Entries) == 0 {
			l.ID = ""
		} else {
			found, err = desk.DraftCorrection(ctx, d.Actor("D1"), l, r, d.Now)
		}
		if found == nil {
			return err
		}
		return proposed(p, c.Shown, err, l.ID, &found.Proposal, recoveries(found.Recoveries))
	})
}

func recoveries(all []disburse.Recovery) *counter.Part {
	t := &counter.Part{
		Key: "recoveries", Title: "多拨的，请逐笔提出追回（mianshen recovery propose）：",
		Columns: counter.Columns("payment", "支付编号", "enterprise", "信用代码", "name", "企业", "item", "事项", "period", "所属期", "basis", "依据", "amount", "金额（元）", "reason", "原因"),
	}
	for _, r := range all {
		t.Add(r.Payment, r.Enterprise, r.Name, r.Item, r.Period, r.Basis, r.Amount, r.Reason)
	}
	return t
}

type reportCmd struct {
	counter.Place
	counter.Shown
	Year int `help:"预算年度；缺省为今年"`
}

// Run shows what became of money without applications in a year.
func (c *reportCmd) Run(ctx context.Context, p *counter.Program) error {
	if c.Year == 0 {
		c.Year = civil.On(time.Now()).Year()
	}
	return c.Read(ctx, p, func(o *casework.Office) error {
		r, err := report.Of(ctx, o, c.Year)
		if err != nil {
			return err
		}
		sums := &counter.Part{Key: "sums", Card: true, Columns: counter.Columns("year", "年度", "items", "事项", "items_auto", "其中免申即享", "pairs", "符合（户次）", "pairs_auto", "其中免申即享",
			"permille", "免申即享户次占比（‰）", "payments", "已到账笔数", "days_least", "从政策生效到到账最短（天）", "days_median", "中位数（天）", "days_most", "最长（天）")}
		sums.Add(r.Year, r.Items.All(), r.Items.Auto, r.Pairs.All(), r.Pairs.Auto, r.Pairs.Permille(), r.Days.Payments, r.Days.Least, r.Days.Median, r.Days.Most)
		lines := &counter.Part{Key: "lines", Title: "分部门、分事项：", Columns: counter.Columns("department", "部门", "item", "事项", "title", "名称", "mode", "方式", "eligible", "符合", "paid", "已拨（笔）", "paid_sum", "已拨（元）",
			"returned", "退回（笔）", "returned_sum", "退回（元）", "recovered_sum", "追回（元）", "held", "暂缓（笔）", "held_sum", "暂缓（元）", "open", "在办（笔）", "open_sum", "在办（元）", "days_median", "天数中位")}
		for _, l := range r.Lines {
			lines.Add(l.Department, l.Item, l.Title, counter.Word{Code: string(l.Mode), Text: l.Mode.Label()}, l.Eligible, l.Paid.Count, l.Paid.Fen, l.Returned.Count, l.Returned.Fen, l.Recovered.Fen,
				l.Held.Count, l.Held.Fen, l.Open.Count, l.Open.Fen, l.Days.Median)
		}
		return c.Show(p.Out, sums, lines)
	})
}
