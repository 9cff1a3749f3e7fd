package counter

import (
	"context"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/ui"
	"mianshen/rules/civil"
)

// Due is what is on lists for a firm, in its words.
func (c *Counter) Due(ctx context.Context, uscc string) (out []ui.Due, err error) {
	list, err := c.Seen.Dues(ctx, uscc)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	items, err := c.Items(ctx)
	if err != nil {
		return nil, err
	}
	today := civil.On(c.Clock())
	for _, d := range list {
		u := ui.Due{List: d.List, N: d.N, Title: d.Item, Department: d.Department, Period: d.Period, Amount: d.Amount}
		if t := items[d.Item].Title; t != "" {
			u.Title = t
		}
		u.State, u.Plain = plainly(d, today)
		u.Ask = d.State == lists.Reviewed && !d.ConfirmUntil.IsZero() && !today.After(d.ConfirmUntil) && d.Answer == "" && d.Status == "in"
		u.Public = d.NoticeUntil != (civil.Date{}) && d.State != lists.Reviewed && d.State != lists.Confirmed
		out = append(out, u)
	}
	return out, nil
}

// plainly says in a word and in a sentence how it stands with an entry, and when the money comes.
func plainly(d overview.Due, today civil.Date) (state, sentence string) {
	switch {
	case d.Payment == "paid":
		return "已到账", moneyui.Clock(d.MovedAt) + "银行确认到账。"
	case d.Payment == "returned", d.Payment == "failed":
		return "没有付成", "银行说：" + d.Reason + "。请核对收款账户，改好后部门会另行安排。"
	case d.Payment == "sent":
		return "支付中", "已经交给银行，最迟 " + d.AnswerBy.String() + " 有结果。"
	case d.Payment == "unknown":
		return "正在查", "银行还没有给出结果，财政正在查，请等消息，不用再申请。"
	case d.Status == "removed":
		return "没有列入", "移出了名单：" + d.Note + "。"
	case d.Status == "held":
		return "暂缓", "先不付：" + d.Note + "。"
	case d.Suspended:
		return "暂停", "名单暂停办理，恢复后接着办。"
	}
	switch d.State {
	case lists.Reviewed:
		if d.Answer == "yes" {
			return "已确认", "您已经确认，接着公示。"
		}
		if !d.ConfirmUntil.IsZero() {
			return "等您确认", "请在 " + d.ConfirmUntil.String() + " 以前确认。"
		}
		return "部门已审核", "接着公示，您不用做什么。"
	case lists.Noticed:
		if !d.NoticeUntil.Before(today) {
			return "公示中", "公示到 " + d.NoticeUntil.String() + "，没有异议就交财政办理。"
		}
		return "财政办理中", "公示期满，等财政经办。"
	case lists.Confirmed:
		return "等公示", "接着公示，您不用做什么。"
	}
	return "财政办理中", "正在审核、审批、支付，批准后付到登记的账户。"
}
