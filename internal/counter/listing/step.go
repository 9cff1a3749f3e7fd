package listing

import (
	"context"
	"fmt"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/disburse/recheck"
)

// step is a list to be taken a step further.
type step struct {
	List string `arg:"" help:"名单编号"`
	counter.Acting
	Note string `help:"说明"`
}

// why is a step that needs a reason.
type why struct {
	List string `arg:"" help:"名单编号"`
	counter.Acting
	Note string `required:"" help:"理由"`
}

func (c *step) take(ctx context.Context, p *counter.Program, o lists.Order) error {
	o.List, o.Note = c.List, c.Note
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error { return take(ctx, d, o) })
}

func (c *why) take(ctx context.Context, p *counter.Program, a lists.Action) error {
	o := lists.Order{List: c.List, Note: c.Note, Action: a}
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error { return take(ctx, d, o) })
}

// take takes the step in the role that it needs from where the list stands, and says where it stands then.
func take(ctx context.Context, d *counter.Desk, o lists.Order) error {
	l, err := view.New(d.Store).List(ctx, o.List)
	if err != nil {
		return err
	}
	if err := lists.New(d.Store).Step(ctx, actor(d, o.Action, l.State), o, d.Now); err != nil {
		return err
	}
	return d.Stands(ctx, o.List)
}

// actor is who acts, in a role that the action has from the state, or from any where it has none from there.
func actor(d *counter.Desk, action lists.Action, from lists.State) lists.Actor {
	var here, all []string
	for _, s := range lists.Steps() {
		if s.Action == action {
			all = append(all, s.Role)
		}
		if s.Action == action && s.From == from {
			here = append(here, s.Role)
		}
	}
	if len(here) > 0 {
		return d.Actor(here...)
	}
	return d.Actor(all...)
}

type review struct {
	step
	Hash string `help:"看过的内容摘要，与现在的核对"`
}

// Run reviews.
func (c *review) Run(ctx context.Context, p *counter.Program) error {
	return c.take(ctx, p, lists.Order{Action: lists.ActReview, Hash: c.Hash})
}

type handle struct{ step }

// Run handles.
func (c *handle) Run(ctx context.Context, p *counter.Program) error {
	return c.take(ctx, p, lists.Order{Action: lists.ActHandle})
}

type check struct{ step }

// Run checks.
func (c *check) Run(ctx context.Context, p *counter.Program) error {
	return c.take(ctx, p, lists.Order{Action: lists.ActCheck})
}

type notice struct {
	step
	Days int `required:"" help:"公示几个工作日；少于 5 个须用 --note 写明依据"`
}

// Run begins the public notice.
func (c *notice) Run(ctx context.Context, p *counter.Program) error {
	return c.take(ctx, p, lists.Order{Action: lists.ActNotice, Days: c.Days})
}

type ask struct {
	step
	Days int `required:"" help:"给企业几个工作日"`
}

// Run opens the firms' window.
func (c *ask) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		if err := lists.New(d.Store).Ask(ctx, actor(d, lists.ActConfirm, lists.Reviewed), c.List, c.Days, d.Now); err != nil {
			return err
		}
		l, err := view.New(d.Store).List(ctx, c.List)
		if err == nil {
			_, err = fmt.Fprintf(p.Out, "企业确认到 %s（含当日）为止；期满后用 mianshen list confirm 汇总。\n", l.ConfirmUntil)
		}
		return err
	})
}

type confirm struct{ step }

// Run closes the firms' window: what silence means is what the policy of each item says.
func (c *confirm) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		silence, err := disburse.Silences(ctx, d.Office, c.List)
		if err != nil {
			return err
		}
		return take(ctx, d, lists.Order{List: c.List, Action: lists.ActConfirm, Note: c.Note, Silence: silence})
	})
}

type giveBack struct{ why }

// Run returns the list to its draft.
func (c *giveBack) Run(ctx context.Context, p *counter.Program) error {
	return c.take(ctx, p, lists.ActReturn)
}

type reopen struct{ why }

// Run reopens.
func (c *reopen) Run(ctx context.Context, p *counter.Program) error {
	return c.take(ctx, p, lists.ActReopen)
}

type withdraw struct{ why }

// Run withdraws.
func (c *withdraw) Run(ctx context.Context, p *counter.Program) error {
	return c.take(ctx, p, lists.ActWithdraw)
}

type suspend struct{ why }

// Run suspends.
func (c *suspend) Run(ctx context.Context, p *counter.Program) error {
	return c.take(ctx, p, lists.ActSuspend)
}

type resume struct{ why }

// Run resumes.
func (c *resume) Run(ctx context.Context, p *counter.Program) error {
	return c.take(ctx, p, lists.ActResume)
}

type approve struct {
	step
	Hash string `required:"" help:"看过的内容摘要，如 mianshen list summary 所示"`
}

// Run approves what was seen, unless something has changed since it was drafted.
func (c *approve) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Approve, func(d *counter.Desk) error {
		l, err := view.New(d.Store).List(ctx, c.List)
		if err != nil {
			return err
		}
		o := lists.Order{List: c.List, Action: lists.ActApprove, Hash: c.Hash, Note: c.Note}
		if l.TwoApprovers && l.State == lists.Checked {
			o.Action = lists.ActApproveFirst
		}
		a := actor(d, o.Action, l.State)
		// What would be refused anyway is refused by the step, which says why; nobody else's attempt holds an entry.
		if a.Role == "F3" && l.Hash == c.Hash && !l.Suspended && (l.State == lists.Checked || l.State == lists.Approving) {
			if err := c.recheck(ctx, d, a); err != nil {
				return err
			}
		}
		return take(ctx, d, o)
	})
}

// recheck holds what isn't due any more as it was drafted. Where it holds something, there is nothing to approve yet.
func (c *approve) recheck(ctx context.Context, d *counter.Desk, a lists.Actor) error {
	fmt.Fprintln(d.Err, "审批前复查……")
	changed, err := changes(ctx, d.Office, c.List)
	if err != nil {
		return err
	}
	reasons := map[int]string{}
	for _, e := range changed {
		reasons[e.N] = "复查：" + e.Reason
	}
	held, err := lists.New(d.Store).HoldAll(ctx, a, c.List, reasons, d.Now)
	if err != nil || held == 0 {
		return err
	}
	if err := (counter.Shown{}).Show(d.Err, changeTable(changed)); err != nil {
		return err
	}
	fmt.Fprintf(d.Err, "没有审批：以上 %d 条与起草时不同，已暂缓，经办和复核要重来。请部门移出（list remove）或查清后恢复（list release），再由财政经办重新核对（list reopen），然后经办、复核、审批。\n", held)
	return counter.ErrShown
}

// changes are the entries that are in or held and aren't due as they were drafted.
func changes(ctx context.Context, o *casework.Office, list string) (changed []recheck.Entry, err error) {
	all, err := recheck.List(ctx, o, list)
	for _, e := range all {
		if e.Kind != recheck.Still {
			changed = append(changed, e)
		}
	}
	return changed, err
}

var changeWords = map[recheck.Kind]string{recheck.Still: "不变", recheck.Lost: "不再应拨", recheck.Changed: "金额改变", recheck.Unknown: "待核实"}

func changeTable(changed []recheck.Entry) *counter.Part {
	t := &counter.Part{Empty: "复查没有发现变化。", Columns: counter.Columns("n", "序号", "enterprise", "信用代码", "name", "企业", "item", "事项", "period", "所属期", "part", "部分",
		"kind", "变化", "was", "起草时（元）", "now", "现在（元）", "reason", "原因", "as_of", "数据日")}
	for _, e := range changed {
		t.Add(e.N, e.Enterprise, e.Name, e.Item, e.Period, e.Part, counter.Word{Code: string(e.Kind), Text: changeWords[e.Kind]}, e.Was, e.Now, e.Reason, e.AsOf)
	}
	return t
}

type changesCmd struct{ one }

// Run shows what a check before approval would hold, and holds nothing. Changes make exit code 1.
func (c *changesCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		changed, err := changes(ctx, o, c.List)
		if err != nil {
			return err
		}
		if err := c.Show(p.Out, changeTable(changed)); err != nil || len(changed) == 0 {
			return err
		}
		return counter.ErrShown
	})
}
