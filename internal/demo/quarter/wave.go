package quarter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"mianshen/internal/disburse"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/recheck"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// big is the sum of a list above which two persons approve.
const big exact.Money = 1_000_000_00

// known makes the accounts of firms known before the first wave.
func (p *play) known(ctx context.Context) error {
	for _, dept := range p.depts {
		if err := p.accounts(ctx, dept, 2); err != nil {
			return err
		}
	}
	return nil
}

// first is the first wave of lists: what the sweep of the first day came to.
func (p *play) first(ctx context.Context) error {
	for _, until := range []lists.State{lists.Handled, lists.Settled} {
		for i, dept := range p.depts {
			id := fmt.Sprintf("Q1-%02d", i)
			withdrawn, err := p.list(ctx, id, dept, 6, until)
			if err == nil && withdrawn {
				_, err = p.list(ctx, id+"b", dept, 8, until)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
		}
		// Between public notice and approval some firms lose their credit.
		if err := p.correct(ctx, "公示期间列入失信名单（示例）", 15, at(16, 9)); err != nil {
			return err
		}
		if _, err := p.sweep(ctx, "second", store.Nightly, at(17, 2)); err != nil {
			return err
		}
		p.floor = at(18, 9)
	}
	return nil
}

// renewed is what happens between the waves: who bounced has a new account, who had none has one, and short lines got more money.
func (p *play) renewed(ctx context.Context) error {
	lines, err := p.ledger.Lines(ctx, ledger.LineFilter{Year: 2025})
	if err != nil {
		return err
	}
	for _, l := range lines {
		if !p.short(l.ID) {
			continue
		}
		err := p.ledger.Allot(ctx, l.ID, max(l.Total, 1), "追加-"+l.ID, who(approver), at(37, 9))
		if err != nil && !errors.Is(err, store.ErrConflict) { // it was allotted before
			return err
		}
	}
	for _, dept := range p.depts {
		if err := p.renew(ctx, dept); err != nil {
			return err
		}
	}
	for _, dept := range p.depts {
		if err := p.accounts(ctx, dept, 36); err != nil {
			return err
		}
	}
	return nil
}

// again is the second wave.
func (p *play) again(ctx context.Context) error {
	for i, dept := range p.depts {
		if _, err := p.list(ctx, fmt.Sprintf("Q2-%02d", i), dept, 41, lists.Settled); err != nil {
			return fmt.Errorf("Q2-%02d: %w", i, err)
		}
	}
	return nil
}

// accounts gives each firm with something due its account, in the first wave not all of them.
func (p *play) accounts(ctx context.Context, dept string, day int) error {
	plan, err := p.desk.Plan(ctx, disburse.Request{Department: dept}, at(day, 9))
	if err != nil {
		return err
	}
	for _, e := range plan.Entries {
		firm := e.Entitlement.Enterprise
		if day < 30 && p.chance("no account", firm) < 60 {
			continue
		}
		if err := p.account(ctx, firm, "1", day); err != nil {
			return err
		}
	}
	return nil
}

// account records and verifies the account of a firm; an other version is another number.
func (p *play) account(ctx context.Context, firm, version string, day int) error {
	id := "A-" + firm + "-" + version
	have, err := p.payees.Accounts(ctx, firm, ledger.Page{})
	if err != nil {
		return err
	}
	recorded := false
	for _, a := range have {
		if a.ID == id {
			if !a.VerifiedAt.IsZero() {
				return nil
			}
			recorded = true
		} else if a.RetiredAt.IsZero() && !a.VerifiedAt.IsZero() && version == "1" {
			return nil // it has a later one
		}
	}
	if !recorded {
		e, err := p.Store.Enterprise(ctx, firm)
		if err != nil {
			return err
		}
		number := fmt.Sprintf("6222%s%014d", version, binary.BigEndian.Uint64(p.digest("number", firm))%100_000_000_000_000)
		a := ledger.NewAccount{ID: id, Enterprise: firm, Holder: e.Name, Bank: "102290000017", Number: number, Source: "企业填报（示例）"}
		if _, err := p.payees.Record(ctx, a, who(handler), at(day, 10)); err != nil {
			return err
		}
	}
	return p.payees.Verify(ctx, id, "小额打款核验（示例）", ledger.Cooling, who(checker), at(day, 11))
}

// renew gives firms whose payment came back another account.
func (p *play) renew(ctx context.Context, dept string) error {
	all, err := p.entriesOf(ctx, dept, "returned")
	if err != nil {
		return err
	}
	for _, e := range all {
		if err := p.account(ctx, e.Enterprise, "2", 35); err != nil {
			return err
		}
	}
	return nil
}

// entriesOf are the entries of a department's lists with a status.
func (p *play) entriesOf(ctx context.Context, dept, status string) (out []view.Entry, err error) {
	all, err := p.view.Lists(ctx, view.Filter{Department: dept, Limit: 200})
	for _, l := range all {
		var entries []view.Entry
		if err == nil {
			entries, err = p.entries(ctx, l.ID, status)
		}
		out = append(out, entries...)
	}
	return out, err
}

// entries are all entries of a list with a status.
func (p *play) entries(ctx context.Context, list, status string) (out []view.Entry, err error) {
	for after := 0; ; {
		page, err := p.view.Entries(ctx, list, view.EntryFilter{Status: status, After: after, Limit: 200})
		if err != nil || len(page) == 0 {
			return out, err
		}
		out = append(out, page...)
		after = page[len(page)-1].N
	}
}

// list takes a list from draft to a state or to its end, if there is anything due.
func (p *play) list(ctx context.Context, id, dept string, day int, until lists.State) (withdrawn bool, err error) {
	if _, err := p.view.List(ctx, id); errors.Is(err, store.ErrNotFound) {
		plan, err := p.desk.Plan(ctx, disburse.Request{Department: dept}, at(day, 9))
		if err != nil || len(plan.Entries) == 0 {
			return false, err
		}
		_, err = p.desk.Draft(ctx, lists.Actor{Person: p.maker(dept), Role: "D1"}, disburse.Drafting{
			ID: id, Title: dept + "免申即享名单（示例）", TwoApprovers: plan.Total() > big, Request: disburse.Request{Department: dept},
		}, at(day, 9))
		if err != nil {
			return false, err
		}
		p.tell("%s 起草名单 %s（%s）：%d 笔，%s元", civil.On(at(day, 9)), id, dept, len(plan.Entries), plan.Total())
	} else if err != nil {
		return false, err
	}
	for {
		t, err := p.look(ctx, id)
		if err != nil {
			return false, err
		}
		if t.State == lists.Withdrawn || t.State == lists.Settled || t.State == until {
			return t.State == lists.Withdrawn, nil
		}
		if err := t.next(ctx); err != nil {
			return false, fmt.Errorf("%s: %w", t.State.Words(), err)
		}
	}
}

// turn is a list as it stands when somebody takes it up.
type turn struct {
	*play
	view.List
	events []view.Event
	now    time.Time // an hour after what was done last, not before the floor
}

func (p *play) look(ctx context.Context, id string) (*turn, error) {
	l, err := p.view.List(ctx, id)
	if err != nil {
		return nil, err
	}
	events, err := p.view.Events(ctx, id)
	if err != nil {
		return nil, err
	}
	now := events[len(events)-1].At.Add(time.Hour)
	if now.Before(p.floor) && l.State != lists.Drafted {
		now = p.floor
	}
	return &turn{play: p, List: l, events: events, now: now}, nil
}

func (t *turn) did(a lists.Action) bool {
	for _, e := range t.events {
		if e.Action == a {
			return true
		}
	}
	return false
}

func (t *turn) planned(what string, permille int) bool { return t.chance(what, t.ID) < permille }

// next does the next thing.
func (t *turn) next(ctx context.Context) error {
	switch t.State {
	case lists.Drafted:
		return t.step(ctx, lists.ActReview, t.reviewer(t.Department), "D2", "")
	case lists.Reviewed:
		return t.step(ctx, lists.ActConfirm, t.maker(t.Department), "D1", "")
	case lists.Confirmed:
		return t.step(ctx, lists.ActNotice, t.maker(t.Department), "D1", "")
	case lists.Noticed:
		return t.notice(ctx)
	case lists.Handled:
		return t.handled(ctx)
	case lists.Checked:
		return t.checked(ctx)
	case lists.Approving:
		return t.step(ctx, lists.ActApprove, who(second), "F3", "")
	case lists.Approved:
		return t.export(ctx)
	case lists.Exported:
		return t.send(ctx)
	}
	return t.settle(ctx)
}

func (t *turn) step(ctx context.Context, action lists.Action, person, role, note string) error {
	o := lists.Order{List: t.ID, Action: action, Note: note}
	if action == lists.ActNotice {
		o.Days = 5
	}
	if action == lists.ActApprove || action == lists.ActApproveFirst {
		o.Hash = t.Hash
	}
	if action == lists.ActConfirm {
		var err error
		if o.Silence, err = disburse.Silences(ctx, t.office, t.ID); err != nil {
			return err
		}
	}
	if err := t.lists.Step(ctx, lists.Actor{Person: person, Role: role}, o, t.now); err != nil {
		return err
	}
	t.tell("%s %s：%s", civil.On(t.now), t.ID, action.Words())
	return nil
}

// notice is the period of public notice: objections, or the list is called back.
func (t *turn) notice(ctx context.Context) error {
	switch {
	case t.planned("withdraw", 80) && !strings.HasSuffix(t.ID, "b"):
		return t.step(ctx, lists.ActWithdraw, t.maker(t.Department), "D1", "公示的依据写错，撤回重做")
	case t.planned("suspend", 150) && !t.did(lists.ActSuspend):
		return t.step(ctx, lists.ActSuspend, t.maker(t.Department), "D1", "等区里的会议纪要")
	case t.Suspended:
		return t.step(ctx, lists.ActResume, t.maker(t.Department), "D1", "会议纪要已到")
	}
	if done, err := t.object(ctx); done || err != nil {
		return err
	}
	if over := t.NoticeUntil.Start().AddDate(0, 0, 1).Add(9 * time.Hour); t.now.Before(over) {
		t.now = over
	}
	return t.step(ctx, lists.ActHandle, who(handler), "F1", "")
}

// object raises the next objection to the list, or answers one.
func (t *turn) object(ctx context.Context) (done bool, err error) {
	raised, err := t.lists.Objections(ctx, t.ID)
	if err != nil {
		return false, err
	}
	seen := map[int]bool{}
	for _, o := range raised {
		if o.Outcome == "" {
			upheld := t.chance("upheld", t.ID, o.N) < 500
			answer := "经核对，数据与来源部门一致，异议不成立"
			if upheld {
				answer = "经核对，异议属实，移出名单"
			}
			t.tell("%s %s：答复第 %d 笔的异议，%s", civil.On(t.now.AddDate(0, 0, 1)), t.ID, o.N, answer)
			return true, t.lists.Resolve(ctx, lists.Actor{Person: t.reviewer(t.Department), Role: "D2"}, o.ID, upheld, answer, t.now.AddDate(0, 0, 1))
		}
		seen[o.N] = true
	}
	entries, err := t.entries(ctx, t.ID, "in")
	for _, e := range entries {
		if seen[e.N] || t.chance("object", t.ID, e.N) >= 15 {
			continue
		}
		t.tell("%s %s：有人对第 %d 笔提出异议", civil.On(t.now), t.ID, e.N)
		_, err := t.lists.Object(ctx, lists.Actor{Person: t.maker(t.Department), Role: "D1"}, t.ID, e.N, "某公众", "认为这家企业的数据有误（示例）", t.now)
		return true, err
	}
	return false, err
}

func (t *turn) handled(ctx context.Context) error {
	if t.planned("letter", 500) {
		papers, err := t.lists.Attachments(ctx, t.ID)
		if err != nil {
			return err
		}
		if len(papers) == 0 {
			_, err := t.lists.Attach(ctx, lists.Actor{Person: who(handler), Role: "F1"}, t.ID, "请款函", "请款函.txt", []byte("请款函（示例）"), t.now)
			return err
		}
	}
	return t.step(ctx, lists.ActCheck, who(checker), "F2", "")
}

// checked is the last look before approval: what changed is held, and the list goes through the hands again.
func (t *turn) checked(ctx context.Context) error {
	if t.planned("return", 150) && !t.did(lists.ActReturn) {
		return t.step(ctx, lists.ActReturn, who(approver), "F3", "标题没有写所属期，退回更正")
	}
	if t.Hash == "" { // an entry was held since: all hands look at it anew
		return t.step(ctx, lists.ActReopen, who(handler), "F1", "有条目挂起，重新核对")
	}
	found, err := recheck.List(ctx, t.office, t.ID)
	if err != nil {
		return err
	}
	reasons := map[int]string{}
	for _, e := range found {
		if e.Kind != recheck.Still {
			reasons[e.N] = e.Reason
		}
	}
	held, err := t.lists.HoldAll(ctx, lists.Actor{Person: who(checker), Role: "F2"}, t.ID, reasons, t.now)
	if err != nil || held > 0 {
		t.tell("%s %s：批前复查，%d 笔有变化，先挂起", civil.On(t.now), t.ID, held)
		return err
	}
	if t.TwoApprovers {
		return t.step(ctx, lists.ActApproveFirst, who(approver), "F3", "")
	}
	return t.step(ctx, lists.ActApprove, who(approver), "F3", "")
}

func (t *turn) export(ctx context.Context) error {
	b, err := t.bank.Export(ctx, pay.Actor{Person: who(handler)}, t.ID, civil.On(t.now.AddDate(0, 0, 20)), t.now)
	if err == nil {
		t.tell("%s %s：生成支付批次 %s，%d 笔，%s元", civil.On(t.now), t.ID, b.ID, b.Lines, b.Sum)
	}
	return err
}
