package fundsapi

import (
	"context"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/web/desk"
)

// Choice is which item a firm chose of a group in which it may have one.
type Choice struct {
	Group      string `json:"group"`
	Enterprise string `json:"enterprise"`
	Name       string `json:"name"`
	Item       string `json:"item"`
	By         string `json:"by" doc:"谁选的：企业，或代记的部门经办"`
	At         string `json:"at" format:"date-time"`
}

// Choices is a page of choices.
type Choices struct {
	Choices []Choice `json:"choices"`
	Cursor  string   `json:"cursor,omitempty"`
}

// AskChoices asks for choices.
type AskChoices struct {
	Group string `query:"group" maxLength:"200"`
	desk.Paging
}

// FirmChoices asks for the choices of one firm.
type FirmChoices struct {
	USCC string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位"`
	AskChoices
}

func (a *API) choices(ctx context.Context, firm string, in *AskChoices) (*Choices, error) {
	before, err := number(in.Paging)
	if err != nil {
		return nil, err
	}
	page, err := a.Seen.Chosens(ctx, firm, in.Group, before, in.Limit)
	out := &Choices{}
	out.Choices, out.Cursor = listed(page, in.Limit, func(c overview.Chosen) Choice {
		return Choice{c.Group, c.Enterprise, c.Name, c.Item, c.By, instant(c.At)}
	}, func(c overview.Chosen) string { return counted(c.Seq) })
	return out, err
}

// Choices returns a page of the choices that count, the latest first. Groups are the district's, so no department owns one.
func (a *API) Choices(ctx context.Context, in *AskChoices) (*Choices, error) {
	return a.choices(ctx, "", in)
}

// FirmChoices returns a page of the choices of one firm that count.
func (a *API) FirmChoices(ctx context.Context, in *FirmChoices) (*Choices, error) {
	code, err := uscc("path.uscc", in.USCC)
	if err != nil {
		return nil, err
	}
	return a.choices(ctx, code, &in.AskChoices)
}

// Choose records a choice.
type Choose struct {
	USCC string `path:"uscc" maxLength:"40" doc:"统一社会信用代码，18位"`
	Body struct {
		Group string `json:"group" minLength:"1" maxLength:"200" doc:"几选一的组"`
		Item  string `json:"item" minLength:"1" maxLength:"100" doc:"选的事项"`
	}
}

// Choose records what a firm chose; the last choice of a group counts.
func (a *API) Choose(ctx context.Context, in *Choose) (*Choices, error) {
	code, err := uscc("path.uscc", in.USCC)
	if err != nil {
		return nil, err
	}
	c := ledger.Choice{Group: in.Body.Group, Enterprise: code, Item: in.Body.Item}
	if err := a.Ledger.Choose(ctx, c, a.who(ctx).ID(), a.Clock()); err != nil {
		return nil, a.Explain(ctx, err, "这家企业")
	}
	return a.choices(ctx, code, &AskChoices{Group: c.Group, Paging: desk.Paging{Limit: 1}})
}
