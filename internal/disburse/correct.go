package disburse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/disburse/claim"
	"mianshen/internal/disburse/entitle"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// CorrectionRequest says what to work out anew: an item whose rule or facts were corrected, by a sweep that was made after the
// correction (of purpose retroactive: as of the day of the first one, with what is known now).
type CorrectionRequest struct {
	Department, Item string
	Sweep            int64
}

// Recovery is money that was paid and isn't due by the corrected decision.
type Recovery struct {
	Payment, Enterprise, Name, Item, Period, Basis string
	Amount                                         exact.Money
	Reason                                         string
}

// Correction is what a correction changes, net of what was paid: Proposal.Entries for a list of kind supplement (补发), Recoveries
// to be claimed back (追回), and in Proposal.Left what a person has to look at first.
type Correction struct {
	Proposal
	Recoveries []Recovery
}

// account is what entries of one entitlement hold, and what became of it.
type account struct {
	entries  []paid
	parts    map[string]bool
	paid     exact.Money // of all entries, less what is claimed back
	claimed  exact.Money // what is claimed back, whether or not it has come
	received exact.Money // what has come back of it
	payments []payment   // that went through, with what can still be claimed back
}

type payment struct {
	id   string
	left exact.Money
}

// Correct works out an item anew for the period of the sweep.
func (d *Desk) Correct(ctx context.Context, r CorrectionRequest, now time.Time) (*Correction, error) {
	w, err := d.open(ctx, Request{Department: r.Department, Items: []string{r.Item}, Sweep: r.Sweep}, now)
	if err != nil {
		return nil, err
	}
	rule, _ := w.book.Rule(r.Item)
	if !rule.Due(w.sweep.AsOf) {
		return nil, refusal(store.ErrInvalid, "事项“%s”在 %s 不判定，请选择所属期内的比对", rule.Item.Title, w.sweep.AsOf)
	}
	w.replace = r.Item
	if err := w.claim(ctx); err != nil {
		return nil, err
	}
	if err := w.settle(ctx); err != nil {
		return nil, err
	}
	accounts, err := w.accounts(ctx, rule)
	if err != nil {
		return nil, err
	}
	whole := map[string]due{}
	for _, x := range w.due {
		whole[x.ID] = *x
	}
	out := &Correction{}
	w.due = nil
	for _, id := range sortedKeys(whole) {
		w.more(whole[id], accounts[id])
	}
	for _, id := range sortedKeys(accounts) {
		found, err := w.less(rule, whole[id], accounts[id])
		if err != nil {
			return nil, err
		}
		out.Recoveries = append(out.Recoveries, found...)
	}
	p, err := w.propose(ctx)
	if err != nil {
		return nil, err
	}
	out.Proposal = *p
	return out, nil
}

// DraftCorrection puts the entries of a correction on a supplement list. The recoveries are proposed one by one in the ledger.
func (d *Desk) DraftCorrection(ctx context.Context, actor lists.Actor, l Drafting, r CorrectionRequest, now time.Time) (*Correction, error) {
	c, err := d.Correct(ctx, r, now)
	if err != nil {
		return nil, err
	}
	if len(c.Entries) == 0 {
		return c, refusal(store.ErrConflict, "没有需要补发的条目；需追回 %d 笔，另有 %d 笔须人工处理", len(c.Recoveries), len(c.Left))
	}
	return c, d.lists.Draft(ctx, actor, lists.Draft{
		ID: l.ID, Title: l.Title, Department: r.Department, Kind: "supplement", Sweep: c.Sweep, TwoApprovers: l.TwoApprovers, Entries: c.Entries,
	}, now)
}

// accounts are the entitlements of the item and the sweep's period that have entries, by id.
func (w *world) accounts(ctx context.Context, r *rules.Rule) (map[string]*account, error) {
	period := r.Grant(w.sweep.AsOf).Name
	out := map[string]*account{}
	for _, x := range w.past.all {
		if x.Item != r.Item.ID || x.Period != period {
			continue
		}
		a := out[x.id]
		if a == nil {
			a = &account{parts: map[string]bool{}}
			out[x.id] = a
		}
		a.entries, a.parts[x.part], a.paid = append(a.entries, x), true, a.paid+x.amount
	}
	err := each(ctx, w.desk.store, func(scan func(...any) error) error {
		var entitlement string
		var p payment
		var claimed, received exact.Money
		err := scan(&entitlement, &p.id, &p.left, &claimed, &received)
		if a := out[entitlement]; a != nil {
			p.left -= claimed
			a.paid, a.claimed, a.received = a.paid-claimed, a.claimed+claimed, a.received+received
			a.payments = append(a.payments, p)
		}
		return err
	}, `SELECT e.entitlement, p.id, p.amount_fen, CAST((SELECT coalesce(sum(r.amount_fen), 0) FROM recovery r WHERE r.payment = p.id) AS BIGINT),
		CAST((SELECT coalesce(sum(r.received_fen), 0) FROM recovery r WHERE r.payment = p.id) AS BIGINT)
		FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n WHERE p.state = 'paid' AND e.item = $1`, r.Item.ID)
	for _, a := range out {
		slices.SortFunc(a.payments, func(a, b payment) int { return cmp.Compare(a.id, b.id) })
	}
	return out, err
}

// target is what the entries that an entitlement has should come to by the corrected decision: the whole, or the instalments that
// were begun.
func (a *account) target(x due) exact.Money {
	if len(x.Rule.Item.Payments) == 0 {
		return x.entry.Amount
	}
	var sum exact.Money
	for n, amount := range claim.Parts(x.Rule.Item, x.entry.Amount) {
		if a.parts[part(n+1)] {
			sum += amount
		}
	}
	return sum
}

// more adds what is due beyond what an entitlement has: all of it where it has nothing yet. What is claimed back and hasn't come is
// still the firm's, so nothing is paid on top of it before a person has looked.
func (w *world) more(x due, a *account) {
	if a == nil {
		if len(x.Rule.Item.Payments) == 0 {
			w.due = append(w.due, &x)
			return
		}
		w.hold(&x, Later, "分期拨付的新增企业，请用常规名单起草首期")
		return
	}
	difference := a.target(x) - a.paid
	if difference <= 0 {
		return
	}
	if open := a.claimed - a.received; open > 0 {
		w.hold(&x, Unknown, "这一笔正在追回，还有 "+open.Words()+" 没有收回；收回或撤销追回以前不补发，请人工核对")
		return
	}
	x.part = a.correction()
	if x.part == "" {
		w.hold(&x, Unknown, "同一笔已经更正过 99 次，请人工处理")
		return
	}
	x.claimed.Amount = difference
	x.entry.Entitlement, x.entry.Part, x.entry.Amount, x.entry.Reason = x.claimed, x.part, difference, ""
	w.due = append(w.due, &x)
}

// correction is the next part of a correction.
func (a *account) correction() string {
	for n := 1; n < 100; n++ {
		if name := fmt.Sprintf("c%d", n); !a.parts[name] {
			return name
		}
	}
	return ""
}

// less finds what an entitlement has beyond what is due, payment by payment. Whatever isn't certain is left to a person.
func (w *world) less(r *rules.Rule, x due, a *account) ([]Recovery, error) {
	first := a.entries[0]
	target, why := exact.Money(0), ""
	if x.ID != "" {
		target, why = a.target(x), fmt.Sprintf("更正后应拨 %s，已拨 %s", a.target(x).Words(), a.paid.Words())
	}
	over := a.paid - target
	if over <= 0 {
		return nil, nil
	}
	left := due{Claim: claim.Claim{Rule: r, Entitlement: entitle.Entitlement{ID: first.id, Claim: entitle.Claim{
		Item: first.Item, Enterprise: first.Enterprise, Period: first.Period, Basis: first.Basis, Amount: over,
	}}}}
	left.claimed = left.Entitlement
	if x.ID == "" {
		outcome, reason, err := w.gone(r, first)
		if err != nil {
			return nil, err
		}
		if outcome != rules.Ineligible {
			w.hold(&left, Unknown, "更正后"+reason+"，核实之前不追回")
			return nil, nil
		}
		why = "更正后" + reason
	}
	var out []Recovery
	for _, p := range a.payments {
		if amount := min(over, p.left); amount > 0 {
			over -= amount
			out = append(out, Recovery{p.id, first.Enterprise, w.names[first.Enterprise], first.Item, first.Period, first.Basis.Value, amount, why})
		}
	}
	if over > 0 && strings.HasPrefix(first.list, earlier) {
		left.Amount, left.claimed.Amount = over, over
		w.hold(&left, Before, "更正后少拨 "+over.Words()+"，而这一部分是以前拨付的（"+first.list+"），不在本系统追回，请由原来发放的部门处理")
	} else if over > 0 {
		left.Amount, left.claimed.Amount = over, over
		w.hold(&left, Before, "更正后少拨 "+over.Words()+"，而这一部分还没有拨付到账，请在名单 "+first.list+" 上移出或退回更正，不须追回")
	}
	return out, nil
}

// gone says why an entitlement that has entries isn't due any more. Only Ineligible is certain.
func (w *world) gone(r *rules.Rule, x paid) (rules.Outcome, string, error) {
	for _, l := range w.left {
		if l.Item == x.Item && l.Enterprise == x.Enterprise && (l.Basis == x.Basis.Value || l.Basis == "") {
			outcome := rules.Unknown
			if l.Fate == Lost {
				outcome = rules.Ineligible
			}
			return outcome, l.Reason, nil
		}
	}
	row, known := w.table.Row(x.Enterprise)
	if !known {
		return rules.Unknown, "没有这家企业的数据", nil
	}
	session, err := w.session()(row)
	if err != nil {
		return rules.Unknown, "", err
	}
	d := session.Decide(r)
	outcome, findings := d.Outcome, d.Findings
	if r.Item.Each != "" && outcome == rules.Eligible {
		outcome, findings = rules.Ineligible, nil
		for _, rec := range d.Records {
			if rec.Basis == x.Basis.Value {
				outcome, findings = rec.Outcome, rec.Findings
			}
		}
		if findings == nil {
			return outcome, "已没有“" + x.Basis.Value + "”这条记录", nil
		}
	}
	switch outcome {
	case rules.Unknown:
		return outcome, "待核实", nil
	case rules.Eligible:
		return rules.Ineligible, "核算的金额为零或依据已变", nil
	}
	return outcome, claim.Failing(findings), nil
}
