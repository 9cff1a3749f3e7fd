package lists

import "slices"

// State is where a list stands.
type State string

// The states of a list, in the order of its way. None is before the first event; Withdrawn and Settled are the ends.
const (
	None      State = ""
	Drafted   State = "draft"     // made out of a sweep; D1 may take entries out and lower amounts
	Reviewed  State = "reviewed"  // the department has looked at it; firms confirm where the mode asks for it
	Confirmed State = "confirmed" // the firms' answers are in
	Noticed   State = "noticed"   // in public notice, accounts bound and money reserved
	Handled   State = "handled"   // F1 took it after the notice; from here on the content is bound
	Checked   State = "checked"   // F2 checked it
	Approving State = "approving" // the first of two F3 approved
	Approved  State = "approved"  // approved: payments may be made of it
	Exported  State = "exported"  // the payment file is made
	Sent      State = "sent"      // the file has left; nothing is called back from here
	Settled   State = "settled"   // the bank has answered for each payment
	Withdrawn State = "withdrawn" // given up; its rights and money are free again
)

// Action is what somebody does to a list.
type Action string

// The actions. Draft and Edit have methods of their own, the others go through Book.Step.
const (
	ActDraft        Action = "draft"
	ActEdit         Action = "edit"
	ActReview       Action = "review"
	ActConfirm      Action = "confirm"
	ActNotice       Action = "notice"
	ActHandle       Action = "handle"
	ActCheck        Action = "check"
	ActApproveFirst Action = "approve_first"
	ActApprove      Action = "approve"
	ActExport       Action = "export"
	ActSend         Action = "send"
	ActSettle       Action = "settle"
	ActReopen       Action = "reopen"
	ActReturn       Action = "return"
	ActWithdraw     Action = "withdraw"
	ActSuspend      Action = "suspend"
	ActResume       Action = "resume"
)

// Step is one row of the table of transitions: who in Role may take a list by Action from From to To.
type Step struct {
	Action   Action
	From, To State
	Role     string
}

// Steps returns the table of transitions: first the way forward, then what leads back or aside. The database has the same
// (list_step). The caller owns the slice.
func Steps() []Step { return slices.Clone(table) }

var table = slices.Concat(
	[]Step{
		{ActDraft, None, Drafted, "D1"},
		{ActEdit, Drafted, Drafted, "D1"},
		{ActReview, Drafted, Reviewed, "D2"},
		{ActConfirm, Reviewed, Confirmed, "D1"},
		{ActNotice, Confirmed, Noticed, "D1"},
		{ActHandle, Noticed, Handled, "F1"},
		{ActCheck, Handled, Checked, "F2"},
		{ActApproveFirst, Checked, Approving, "F3"},
		{ActApprove, Checked, Approved, "F3"},
		{ActApprove, Approving, Approved, "F3"},
		{ActExport, Approved, Exported, "F1"},
		{ActSend, Exported, Sent, "F1"},
		{ActSettle, Sent, Settled, "F2"},
	},
	from(ActReopen, Noticed, "F1", Handled, Checked, Approving, Approved),
	from(ActReturn, Drafted, "D1", Reviewed, Confirmed, Noticed),
	from(ActReturn, Drafted, "F1", Noticed, Approved, Exported),
	from(ActReturn, Drafted, "F2", Handled),
	from(ActReturn, Drafted, "F3", Checked, Approving),
	from(ActWithdraw, Withdrawn, "D1", Drafted, Reviewed, Confirmed, Noticed, Handled, Checked, Approving, Approved, Exported),
	aside("D1", Drafted, Reviewed, Confirmed, Noticed),
	aside("F1", Handled, Checked, Approving, Approved, Exported),
)

// from is one action that leads from several states to one.
func from(action Action, to State, role string, states ...State) (steps []Step) {
	for _, s := range states {
		steps = append(steps, Step{action, s, to, role})
	}
	return steps
}

// aside is suspending and resuming, which leave a list where it is.
func aside(role string, states ...State) (steps []Step) {
	for _, s := range states {
		steps = append(steps, Step{ActSuspend, s, s, role}, Step{ActResume, s, s, role})
	}
	return steps
}

// step finds the transition, or says what the list can do instead.
func step(h head, action Action, role string) (Step, error) {
	var roles, others []string
	for _, s := range table {
		switch {
		case s.From != h.state:
		case s.Action == action && s.Role == role:
			return s, h.open(action)
		case s.Action == action:
			roles = append(roles, RoleName(s.Role))
		case !slices.Contains(others, actionNames[s.Action]):
			others = append(others, actionNames[s.Action])
		}
	}
	if len(roles) > 0 {
		return Step{}, forbidden("名单“%s”现在的“%s”由%s办理，您以“%s”的角色不能办理，请交由相应角色的人。", h.id, actionNames[action], join(roles), RoleName(role))
	}
	if len(others) == 0 {
		return Step{}, conflict("名单“%s”%s，不能再办理任何环节。", h.id, stateNames[h.state])
	}
	return Step{}, conflict("名单“%s”现在是“%s”，不能%s；可以办理：%s。", h.id, stateNames[h.state], actionNames[action], join(others))
}

// open refuses what a suspended list can't do, and resuming one that isn't.
func (h head) open(action Action) error {
	switch {
	case action == ActResume && !h.suspended:
		return conflict("名单“%s”没有暂停，不需要恢复。", h.id)
	case h.suspended && action != ActResume && action != ActWithdraw:
		return conflict("名单“%s”已暂停，请先恢复，再%s。", h.id, actionNames[action])
	}
	return nil
}

var actionNames = map[Action]string{
	ActDraft: "起草", ActEdit: "修改", ActReview: "审核", ActConfirm: "汇总确认", ActNotice: "公示", ActHandle: "经办", ActCheck: "复核",
	ActApproveFirst: "初审批", ActApprove: "审批", ActExport: "生成支付文件", ActSend: "送出", ActSettle: "办结", ActReopen: "重新核对",
	ActReturn: "退回更正", ActWithdraw: "撤回", ActSuspend: "暂停", ActResume: "恢复",
}

var stateNames = map[State]string{
	None: "未起草", Drafted: "草稿", Reviewed: "部门已审核", Confirmed: "企业已确认", Noticed: "公示中", Handled: "财政已经办", Checked: "财政已复核",
	Approving: "待第二人审批", Approved: "已审批", Exported: "已生成支付文件", Sent: "已送出", Settled: "已办结", Withdrawn: "已撤回",
}

// Words names the action as persons say it, such as 复核.
func (a Action) Words() string { return actionNames[a] }

// Words names the state as persons say it, such as 公示中.
func (s State) Words() string { return stateNames[s] }
