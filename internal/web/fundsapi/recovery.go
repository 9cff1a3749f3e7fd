package fundsapi

import (
	"context"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/overview"
	"mianshen/rules/exact"
)

// Recovery is money that a firm has to give back.
type Recovery struct {
	ID         string      `json:"id"`
	Payment    string      `json:"payment" doc:"支付编号"`
	Enterprise string      `json:"enterprise"`
	Name       string      `json:"name"`
	Department string      `json:"department"`
	Amount     exact.Money `json:"amount" doc:"应追回，元"`
	Received   exact.Money `json:"received" doc:"已收回，元"`
	Open       exact.Money `json:"open" doc:"未收回，元"`
	Reason     string      `json:"reason"`
	State      string      `json:"state" enum:"waiting,open,done" doc:"等批准、追回中、已追回；批准在页面上由财政审批本人办理"`
	ProposedBy string      `json:"proposed_by"`
	ProposedAt string      `json:"proposed_at" format:"date-time"`
	ApprovedBy string      `json:"approved_by,omitempty"`
}

func recoveryOf(r overview.Recovery) Recovery {
	return Recovery{
		r.ID, r.Payment, r.Enterprise, r.Name, r.Department, r.Amount, r.Received, r.Amount - r.Received, r.Reason, r.State(),
		r.ProposedBy, instant(r.ProposedAt), r.ApprovedBy,
	}
}

// Recoveries is a page of recoveries.
type Recoveries struct {
	Recoveries []Recovery `json:"recoveries"`
	Count      int        `json:"count" doc:"一共几笔"`
	Cursor     string     `json:"cursor,omitempty"`
}

// AskRecoveries asks for recoveries.
type AskRecoveries struct {
	State string `query:"state" enum:"waiting,open,done"`
	Asked
}

// Recoveries returns a page of recoveries, those of one's own departments' lists, the latest first.
func (a *API) Recoveries(ctx context.Context, in *AskRecoveries) (*Recoveries, error) {
	c, err := a.choice(ctx, in.Paging, in.Find, in.State)
	if err != nil {
		return nil, err
	}
	page, count, err := a.Seen.Recoveries(ctx, c)
	out := &Recoveries{Count: count}
	out.Recoveries, out.Cursor = listed(page, in.Limit, recoveryOf, func(r overview.Recovery) string { return r.ID })
	return out, err
}

func (a *API) recovery(ctx context.Context, id string) (*Recovery, error) {
	return one(ctx, a, id, "这笔追回", a.Seen.Recoveries, recoveryOf)
}

// Claim proposes a recovery.
type Claim struct {
	Body struct {
		ID      string `json:"id,omitempty" maxLength:"100" pattern:"^[^/]*$" doc:"追回编号；不写就取一个。写了，同一笔重复送来会被拒绝"`
		Payment string `json:"payment" minLength:"1" maxLength:"35" doc:"支付编号"`
		Amount  string `json:"amount" maxLength:"30" doc:"追回多少元"`
		Reason  string `json:"reason" minLength:"1" maxLength:"200"`
	}
}

// Claim claims back a part or all of a payment; it waits to be approved, on the page, by another person.
func (a *API) Claim(ctx context.Context, in *Claim) (*Recovery, error) {
	m, err := money("body.amount", in.Body.Amount)
	if err != nil {
		return nil, err
	}
	who := a.who(ctx)
	if err := a.OwnPayment(ctx, who, in.Body.Payment); err != nil {
		return nil, err
	}
	id, err := a.Ledger.Propose(ctx, ledger.Recovery{ID: in.Body.ID, Payment: in.Body.Payment, Amount: m, Reason: in.Body.Reason}, who.ID(), a.Clock())
	if err != nil {
		return nil, a.Explain(ctx, err, "这笔支付")
	}
	return a.recovery(ctx, id)
}

// Receive books money that came back.
type Receive struct {
	One
	Body struct {
		Amount string `json:"amount" maxLength:"30" doc:"收回多少元"`
		Ref    string `json:"ref" minLength:"1" maxLength:"200" doc:"银行流水号，一个只记一次"`
	}
}

// Receive books money that came back for an approved recovery.
func (a *API) Receive(ctx context.Context, in *Receive) (*Recovery, error) {
	m, err := money("body.amount", in.Body.Amount)
	if err != nil {
		return nil, err
	}
	if _, err := a.recovery(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.Ledger.Receive(ctx, in.ID, in.Body.Ref, m, a.who(ctx).ID(), a.Clock()); err != nil {
		return nil, a.Explain(ctx, err, "这笔追回")
	}
	return a.recovery(ctx, in.ID)
}
