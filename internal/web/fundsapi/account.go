package fundsapi

import (
	"context"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/overview"
)

// Account is an account that a firm is paid to. Its number is only ever shown masked here.
type Account struct {
	ID          string `json:"id"`
	Enterprise  string `json:"enterprise"`
	Holder      string `json:"holder" doc:"户名"`
	Bank        string `json:"bank" doc:"行号"`
	Number      string `json:"number" doc:"账号，掩码"`
	Source      string `json:"source" doc:"账号从哪里来"`
	State       string `json:"state" enum:"waiting,cooling,usable,retired" doc:"等核验、冷静期、可付、已停用；核验在页面上由财政复核本人办理"`
	RecordedBy  string `json:"recorded_by"`
	RecordedAt  string `json:"recorded_at" format:"date-time"`
	VerifiedBy  string `json:"verified_by,omitempty"`
	VerifiedHow string `json:"verified_how,omitempty"`
	VerifiedAt  string `json:"verified_at,omitempty" format:"date-time"`
	UsableFrom  string `json:"usable_from,omitempty" format:"date-time" doc:"从什么时候起付给它"`
	RetiredAt   string `json:"retired_at,omitempty" format:"date-time"`
}

func (a *API) accountOf(x overview.Account) Account {
	state := "usable"
	switch {
	case !x.RetiredAt.IsZero():
		state = "retired"
	case x.VerifiedAt.IsZero():
		state = "waiting"
	case a.Clock().Before(x.UsableFrom):
		state = "cooling"
	}
	return Account{
		x.ID, x.Enterprise, x.Holder, x.Bank, x.Masked, x.Source, state, x.Recorder, instant(x.RecordedAt),
		x.VerifiedBy, x.VerifiedHow, instant(x.VerifiedAt), instant(x.UsableFrom), instant(x.RetiredAt),
	}
}

// Accounts is a page of accounts.
type Accounts struct {
	Accounts []Account `json:"accounts"`
	Count    int       `json:"count" doc:"一共几个"`
	Cursor   string    `json:"cursor,omitempty"`
}

// AskAccounts asks for accounts.
type AskAccounts struct {
	State string `query:"state" enum:"waiting,live,retired" doc:"待核验、在用（含冷静期）、已停用"`
	Asked
}

// accounts reads accounts: departments see those of the firms on their lists, and what the caller recorded.
func (a *API) accounts(ctx context.Context, c overview.Choice) ([]overview.Account, int, error) {
	c.Person = a.who(ctx).ID()
	return a.Seen.Accounts(ctx, c)
}

// Accounts returns a page of accounts, numbers masked, the latest first.
func (a *API) Accounts(ctx context.Context, in *AskAccounts) (*Accounts, error) {
	c, err := a.choice(ctx, in.Paging, in.Find, in.State)
	if err != nil {
		return nil, err
	}
	page, count, err := a.accounts(ctx, c)
	out := &Accounts{Count: count}
	out.Accounts, out.Cursor = listed(page, in.Limit, a.accountOf, func(x overview.Account) string { return x.ID })
	return out, err
}

func (a *API) account(ctx context.Context, id string) (*Account, error) {
	return one(ctx, a, id, "这个收款账户", a.accounts, a.accountOf)
}

// RecordAccount records an account.
type RecordAccount struct {
	Body struct {
		Enterprise string `json:"enterprise" maxLength:"40" doc:"统一社会信用代码，18位"`
		Holder     string `json:"holder" minLength:"1" maxLength:"200" doc:"户名：企业登记的名称"`
		Bank       string `json:"bank" pattern:"^[0-9]{12}$" doc:"行号"`
		Number     string `json:"number" minLength:"1" maxLength:"100" writeOnly:"true" doc:"账号；答复里只有掩码"`
		Source     string `json:"source" minLength:"1" maxLength:"200" doc:"账号从哪里来：申请表、某部门"`
	}
}

// RecordAccount records an account that waits to be verified, on the page, by another person.
func (a *API) RecordAccount(ctx context.Context, in *RecordAccount) (*Account, error) {
	code, err := uscc("body.enterprise", in.Body.Enterprise)
	if err != nil {
		return nil, err
	}
	b := in.Body
	id, err := a.Payees.Record(ctx, ledger.NewAccount{Enterprise: code, Holder: b.Holder, Bank: b.Bank, Number: b.Number, Source: b.Source}, a.who(ctx).ID(), a.Clock())
	if err != nil {
		return nil, a.Explain(ctx, err, "这家企业")
	}
	return a.account(ctx, id)
}

// RetireAccount takes an account out of use.
type RetireAccount struct {
	One
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"理由，不写人名"`
	}
}

// RetireAccount takes an account out of use.
func (a *API) RetireAccount(ctx context.Context, in *RetireAccount) (*Account, error) {
	if _, err := a.account(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.Payees.Retire(ctx, in.ID, in.Body.Reason, a.who(ctx).ID(), a.Clock()); err != nil {
		return nil, a.Explain(ctx, err, "这个收款账户")
	}
	return a.account(ctx, in.ID)
}
