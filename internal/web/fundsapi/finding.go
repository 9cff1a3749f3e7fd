package fundsapi

import (
	"context"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/intake"
	"mianshen/internal/web/treasury"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// Finding is what a person found out about a condition that no data decide, or the sum recorded for an item.
type Finding struct {
	ID         string       `json:"id"`
	Enterprise string       `json:"enterprise"`
	Name       string       `json:"name"`
	Item       string       `json:"item"`
	Condition  string       `json:"condition" doc:"条件的名字；金额是 amount"`
	Holds      *bool        `json:"holds,omitempty" doc:"满足不满足；录的是金额就没有"`
	Amount     *exact.Money `json:"amount,omitempty" doc:"认定的金额，元"`
	On         string       `json:"on" format:"date" doc:"认定日"`
	Evidence   string       `json:"evidence"`
	State      string       `json:"state" enum:"waiting,confirmed,rejected"`
	RecordedBy string       `json:"recorded_by"`
	RecordedAt string       `json:"recorded_at" format:"date-time"`
	AnsweredBy string       `json:"answered_by,omitempty"`
}

func findingOf(f overview.Finding) Finding {
	out := Finding{
		ID: f.ID, Enterprise: f.Enterprise, Name: f.Name, Item: f.Item, Condition: f.Condition, Amount: f.Amount, On: f.On.String(), Evidence: f.Evidence, State: stateOf(f.Answer),
		RecordedBy: f.Recorder, RecordedAt: instant(f.RecordedAt), AnsweredBy: f.AnsweredBy,
	}
	if f.Amount == nil {
		out.Holds = &f.Holds
	}
	return out
}

// stateOf is the answer of the second person, or that there is none yet.
func stateOf(answer string) string {
	if answer == "" {
		return "waiting"
	}
	return answer
}

// Findings is a page of findings.
type Findings struct {
	Findings []Finding `json:"findings"`
	Count    int       `json:"count" doc:"一共几条"`
	Cursor   string    `json:"cursor,omitempty"`
}

// AskFindings asks for findings.
type AskFindings struct {
	Item  string `query:"item" maxLength:"100"`
	State string `query:"state" enum:"waiting,confirmed,rejected"`
	Asked
}

// Findings returns a page of findings, those of one's own departments' items, the latest first.
func (a *API) Findings(ctx context.Context, in *AskFindings) (*Findings, error) {
	c, err := a.choice(ctx, in.Paging, in.Find, in.State)
	if err != nil {
		return nil, err
	}
	items, err := a.Items(ctx)
	if err != nil {
		return nil, err
	}
	c.Items = treasury.ItemsOf(a.who(ctx), items)
	if in.Item != "" {
		if c.Items != nil && !treasury.Of(a.who(ctx), items[in.Item].Department) {
			in.Item = "" // like an item that there is not: no row has it
		}
		c.Items = []string{in.Item}
	}
	page, count, err := a.Seen.Findings(ctx, c)
	out := &Findings{Count: count}
	out.Findings, out.Cursor = listed(page, in.Limit, findingOf, func(f overview.Finding) string { return f.ID })
	return out, err
}

// Find records a finding.
type Find struct {
	Body struct {
		Enterprise string  `json:"enterprise" maxLength:"40" doc:"统一社会信用代码，18位"`
		Item       string  `json:"item" minLength:"1" maxLength:"100"`
		Condition  string  `json:"condition" minLength:"1" maxLength:"100" doc:"条件的名字；录金额写 amount"`
		Holds      *bool   `json:"holds,omitempty" doc:"满足不满足；和 amount 写一项"`
		Amount     *string `json:"amount,omitempty" maxLength:"30" doc:"认定的金额，元"`
		On         string  `json:"on,omitempty" format:"date" doc:"认定日；不写就是今天"`
		Evidence   string  `json:"evidence" minLength:"1" maxLength:"200" doc:"依据：文件、纪要、检查记录"`
	}
}

// Find records a finding, which counts once another person of the department has confirmed it.
func (a *API) Find(ctx context.Context, in *Find) (*Finding, error) {
	code, err := uscc("body.enterprise", in.Body.Enterprise)
	if err != nil {
		return nil, err
	}
	now, b := a.Clock(), in.Body
	f := ledger.Finding{Evidence: b.Evidence, PersonFinding: rules.PersonFinding{Enterprise: code, Item: b.Item, Condition: b.Condition, Result: b.Holds}}
	if f.On, err = day("body.on", b.On, now); err != nil {
		return nil, err
	}
	if b.Amount != nil {
		m, err := money("body.amount", *b.Amount)
		if err != nil {
			return nil, err
		}
		f.Amount = &m
	}
	asks, err := a.Asks(ctx)
	if err != nil {
		return nil, a.Explain(ctx, err, "这个事项")
	}
	ids, err := a.Ledger.RecordFindings(ctx, []ledger.Finding{f}, asks, a.who(ctx).ID(), now)
	if err != nil {
		return nil, a.Explain(ctx, unread("body", err), "这条人工认定")
	}
	return a.finding(ctx, ids[0])
}

func (a *API) finding(ctx context.Context, id string) (*Finding, error) {
	f, err := a.Finding(ctx, a.who(ctx), id)
	if err != nil {
		return nil, err
	}
	out := findingOf(f)
	return &out, nil
}

// ImportFindings records the findings of a file.
type ImportFindings struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"200" doc:"文件名"`
		Data     []byte `json:"data" doc:"文件内容，base64；CSV 或 XLSX，列名和 match 的人工认定文件一样，最大 16 MiB"`
		Evidence string `json:"evidence" minLength:"1" maxLength:"200" doc:"依据：文件、纪要、检查记录"`
	}
}

// Recorded is how many findings were recorded.
type Recorded struct {
	Recorded int `json:"recorded"`
}

// ImportFindings records the findings of a file, all or none.
func (a *API) ImportFindings(ctx context.Context, in *ImportFindings) (*Recorded, error) {
	asks, err := a.Asks(ctx)
	if err != nil {
		return nil, a.Explain(ctx, err, "这个事项")
	}
	n, err := a.Ledger.ImportFindings(ctx, intake.Bytes(in.Body.Name, in.Body.Data), in.Body.Evidence, asks, a.who(ctx).ID(), a.Clock())
	if err != nil {
		return nil, a.Explain(ctx, unread("body.data", err), "这份文件")
	}
	return &Recorded{n}, nil
}

// Reply answers what another person recorded.
type Reply struct {
	One
	Body struct {
		Answer string `json:"answer" enum:"confirmed,rejected" doc:"确认或驳回，不能再改；不能是录入的人"`
	}
}

// AnswerFinding confirms or rejects a finding, by another person than the one who recorded it.
func (a *API) AnswerFinding(ctx context.Context, in *Reply) (*Finding, error) {
	if _, err := a.finding(ctx, in.ID); err != nil {
		return nil, err
	}
	asks, err := a.Asks(ctx)
	if err == nil {
		err = a.Ledger.AnswerFinding(ctx, in.ID, in.Body.Answer == "confirmed", asks, a.who(ctx).ID(), a.Clock())
	}
	if err != nil {
		return nil, a.Explain(ctx, err, "这条人工认定")
	}
	return a.finding(ctx, in.ID)
}
