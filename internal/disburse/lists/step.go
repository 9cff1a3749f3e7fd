package lists

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Silence says what it means for an entry of an item that the firm didn't answer.
type Silence string

// What silence means: the item asks nobody, or the entry is given up, stays in, or is held until somebody has asked.
const (
	Unasked Silence = "unasked"
	Forfeit Silence = "forfeit"
	Grant   Silence = "grant"
	Hold    Silence = "hold"
)

// UsualNotice is how many working days a public notice lasts unless somebody writes down why fewer do.
const UsualNotice = 5

// Order is a step that somebody wants to take with a list.
type Order struct {
	List    string
	Action  Action
	Hash    string             // of the content that the person saw: a must for approving, held against the list's where given
	Note    string             // why; a must for reopen, return, withdraw, suspend and resume
	Days    int                // notice: how many working days, at least 1; fewer than UsualNotice need a Note
	Silence map[string]Silence // confirm: for every item on the list, so that one whose firms must be asked is never forgotten
}

// Step takes a list one step further, in a transaction of its own with its audit record. What each does beside moving the list:
//
//   - confirm closes the firms' window: who said no is taken out, silence counts as Order.Silence says;
//   - notice binds each entry's account, holds entries that have none, reserves the money and begins the period of notice;
//   - return voids the reservations of the round, cancels payments that haven't left, and opens the draft again;
//   - withdraw does so too, and takes every entry out: their rights, seats and caps are free;
//   - check, approve, export and send refuse if the content isn't what was handled.
func (b *Book) Step(ctx context.Context, a Actor, o Order, now time.Time) error {
	return b.transact(ctx, func(tx *store.Tx) error { return b.StepTx(ctx, tx, a, o, now) })
}

// StepTx is Step within the caller's transaction, and comes last in it, since it writes the audit record. Refusals of the
// database come without their sentences.
func (b *Book) StepTx(ctx context.Context, tx *store.Tx, a Actor, o Order, now time.Time) error {
	t, err := b.Begin(ctx, tx, a, o, now)
	if err != nil {
		return err
	}
	return t.End(ctx, nil)
}

// Turn is a step that was begun: what it is taken on is held to the end of the transaction.
type Turn struct {
	Round int    // of the list, before the step
	Hash  string // of the content; "" for steps on none

	tx    *store.Tx
	actor Actor
	order Order
	now   time.Time
	head  head
	step  Step
	what  content
}

// Begin is the first half of StepTx: it holds the list, refuses who or what may not take the step, and does what each does beside
// moving the list. Whoever has more to do in the same transaction, such as making payments, does it between Begin and End.
func (b *Book) Begin(ctx context.Context, tx *store.Tx, a Actor, o Order, now time.Time) (*Turn, error) {
	h, err := load(ctx, tx, o.List)
	if err != nil {
		return nil, err
	}
	s, err := o.check(ctx, tx, h, a, now)
	if err != nil {
		return nil, err
	}
	c, err := o.content(ctx, tx, &h, a, now)
	return &Turn{h.round, c.hash, tx, a, o, now, h, s, c}, err
}

// End moves the list and writes the audit record, with more facts if there are any, such as the batch that was made. It comes last
// in the transaction.
func (t *Turn) End(ctx context.Context, facts map[string]string) error {
	all := map[string]string{
		"from": string(t.step.From), "to": string(t.step.To), "round": fmt.Sprint(t.Round),
		"days": map[bool]string{true: fmt.Sprint(t.order.Days)}[t.order.Action == ActNotice],
	}
	maps.Copy(all, facts)
	var hash any
	if t.Hash != "" {
		hash, all["hash"] = t.Hash, t.Hash
		all["count"], all["sum_fen"] = fmt.Sprint(t.what.count), fmt.Sprint(int64(t.what.sum))
	}
	if err := event(ctx, t.tx, t.head, t.step, t.actor, t.order.Note, hash, t.now); err != nil {
		return err
	}
	return record(ctx, t.tx, string(t.order.Action), t.head.id, t.actor, t.order.Note, t.now, all)
}

// check looks at everything that the database will look at too, so that who is refused reads why.
func (o Order) check(ctx context.Context, tx *store.Tx, h head, a Actor, now time.Time) (Step, error) {
	if o.Action == ActDraft || o.Action == ActEdit {
		return Step{}, invalid("“%s”不在这里办理，请用起草或修改条目的功能。", actionNames[o.Action])
	}
	s, err := step(h, o.Action, a.Role)
	if err != nil {
		return s, err
	}
	if err := a.has(ctx, tx, h.department); err != nil {
		return s, err
	}
	if err := another(ctx, tx, h, a, o.Action); err != nil {
		return s, err
	}
	today := civil.On(now)
	switch o.Action {
	case ActReopen, ActReturn, ActWithdraw, ActSuspend, ActResume:
		if o.Note == "" {
			return s, invalid("请写明%s的原因。", actionNames[o.Action])
		}
	case ActNotice:
		if o.Days > 0 && o.Days < UsualNotice && strings.TrimSpace(o.Note) == "" {
			return s, invalid("公示少于 %d 个工作日，请在说明里写明缩短公示的依据。", UsualNotice)
		}
	case ActHandle:
		if early := Early(h.noticeUntil, today); early != "" {
			return s, conflict("%s", early)
		}
	case ActApproveFirst:
		if !h.two {
			return s, conflict("名单“%s”由一人审批，请直接办理“审批”。", h.id)
		}
	case ActApprove:
		if h.two && h.state == Checked {
			return s, conflict("名单“%s”须由两人先后审批，请先办理“初审批”。", h.id)
		}
	}
	return s, nil
}

// signing are the stages that need different persons; edit counts as draft.
var signing = map[Action]Action{
	ActDraft: ActDraft, ActEdit: ActDraft, ActReview: ActReview, ActHandle: ActHandle, ActCheck: ActCheck,
	ActApproveFirst: ActApproveFirst, ActApprove: ActApprove,
}

// Apart says why who did one action can't do another on the same list, since different persons have to; "" where he can.
func Apart(did, wants Action) string {
	if was, is := signing[did], signing[wants]; was == "" || is == "" || was == is {
		return ""
	}
	return "您办理过这份名单的“" + signing[did].Words() + "”，不能再办理“" + wants.Words() + "”，请交由其他人员。"
}

// Early says why a list in public notice can't be handled yet; "" where it can.
func Early(noticeUntil, today civil.Date) string {
	if noticeUntil.Before(today) {
		return ""
	}
	return fmt.Sprintf("公示到 %s 为止（含当日），期满后的第二天起才能经办。", noticeUntil)
}

// another refuses who did another stage of the list, in whichever round and by whichever account.
func another(ctx context.Context, tx *store.Tx, h head, a Actor, action Action) error {
	if signing[action] == "" {
		return nil
	}
	why := ""
	err := query(ctx, tx, "SELECT action FROM list_event WHERE list = $1 AND person = $2 ORDER BY seq", []any{h.id, a.Person}, func(scan scanner) error {
		var did Action
		err := scan(&did)
		if text := Apart(did, action); text != "" {
			why = text
		}
		return err
	})
	if err == nil && why != "" {
		err = forbidden("%s", why)
	}
	return err
}

// content does what belongs to the step, and gives the content that it is taken on, empty for steps on none.
func (o Order) content(ctx context.Context, tx *store.Tx, h *head, a Actor, now time.Time) (c content, err error) {
	switch o.Action {
	case ActReview, ActHandle:
		c, err = bind(ctx, tx, h, h.round)
	case ActConfirm:
		if err = o.confirm(ctx, tx, *h, a, now); err == nil {
			c, err = bind(ctx, tx, h, h.round)
		}
	case ActNotice:
		c, err = o.freeze(ctx, tx, h, a, now)
	case ActCheck, ActApproveFirst, ActApprove, ActExport, ActSend:
		return o.bound(ctx, tx, *h)
	case ActSettle: // entries that came back are out by now, the hash is that of what was sent
		return content{hash: h.hash}, nil
	case ActReturn:
		return c, release(ctx, tx, *h, a, o.Note, now)
	case ActWithdraw:
		if err = release(ctx, tx, *h, a, o.Note, now); err == nil {
			_, err = tx.Exec(ctx, "UPDATE list_entry SET status = 'removed', note = $1 WHERE list = $2 AND status IN ('in', 'held')", "名单已撤回："+o.Note, h.id)
		}
		return c, err
	default:
		return c, nil
	}
	if err == nil && c.count == 0 {
		err = conflict("名单“%s”没有可以拨付的条目（都已移出或暂缓），请退回更正或撤回。", h.id)
	}
	if err == nil && o.Hash != "" && o.Hash != c.hash && o.Action != ActNotice && o.Action != ActConfirm {
		err = conflict("清单已变，请重新核对。")
	}
	return c, err
}

// bound refuses a content that isn't the one that was handled and, where the caller says what he saw, not that one. The hash is
// computed anew from the entries, not only read.
func (o Order) bound(ctx context.Context, tx *store.Tx, h head) (content, error) {
	if o.Hash == "" && (o.Action == ActApprove || o.Action == ActApproveFirst) {
		return content{}, invalid("审批时须带上您所看到的清单摘要，请从审批页面办理。")
	}
	c, err := canonical(ctx, tx, h, h.round)
	if err != nil {
		return c, err
	}
	var handled string
	err = query(ctx, tx, "SELECT hash FROM list_event WHERE list = $1 AND action = 'handle' ORDER BY seq DESC LIMIT 1", []any{h.id}, func(scan scanner) error {
		return scan(&handled)
	})
	if err == nil && (h.hash != c.hash || handled != c.hash || o.Hash != "" && o.Hash != c.hash) {
		err = conflict("清单已变，请重新核对。%s", map[bool]string{true: "请退回更正后重走流程。", false: "请财政经办“重新核对”后再走复核、审批。"}[h.state == Exported])
	}
	return c, err
}
