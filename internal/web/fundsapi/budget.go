package fundsapi

import (
	"context"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/web/desk"
	"mianshen/rules/exact"
)

// Line is a line of the budget.
type Line struct {
	ID          string      `json:"id" doc:"额度编号"`
	Name        string      `json:"name"`
	Year        int         `json:"year"`
	Department  string      `json:"department"`
	Item        string      `json:"item,omitempty" doc:"只用于这个事项；没有就是部门的任何事项"`
	Unit        string      `json:"unit" doc:"预算单位"`
	Project     string      `json:"project" doc:"项目代码"`
	Function    string      `json:"function" doc:"功能分类科目"`
	Economic    string      `json:"economic" doc:"经济分类科目"`
	CarriedFrom string      `json:"carried_from,omitempty" doc:"结转自上年的哪条额度"`
	State       string      `json:"state" enum:"waiting,approved" doc:"批准、下达和结转在页面上由财政审批本人办理"`
	Total       exact.Money `json:"total" doc:"下达，元"`
	Reserved    exact.Money `json:"reserved" doc:"冻结，元"`
	Posted      exact.Money `json:"posted" doc:"已付，元"`
	Left        exact.Money `json:"left" doc:"可用，元：下达减去冻结和已付"`
	OpenedBy    string      `json:"opened_by"`
	OpenedAt    string      `json:"opened_at" format:"date-time"`
	ApprovedBy  string      `json:"approved_by,omitempty"`
	ApprovedAt  string      `json:"approved_at,omitempty" format:"date-time"`
}

func lineOf(l overview.Line) Line {
	state := "waiting"
	if l.ApprovedBy != "" {
		state = "approved"
	}
	return Line{
		l.ID, l.Name, l.Year, l.Department, l.Item, l.Unit, l.Project, l.Function, l.Economic, l.CarriedFrom, state,
		l.Total, l.Reserved, l.Posted, l.Total - l.Reserved - l.Posted, l.OpenedBy, instant(l.OpenedAt), l.ApprovedBy, instant(l.ApprovedAt),
	}
}

// Lines is a page of budget lines.
type Lines struct {
	Lines  []Line `json:"lines"`
	Count  int    `json:"count" doc:"一共几条"`
	Cursor string `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

// AskLines asks for budget lines.
type AskLines struct {
	Year       int    `query:"year" minimum:"2000" maximum:"2999" doc:"不写就是各年"`
	Department string `query:"department" maxLength:"200" doc:"不写就是您能看的全部部门"`
	Item       string `query:"item" maxLength:"100"`
	State      string `query:"state" enum:"waiting,approved"`
	Find       string `query:"find" maxLength:"100" doc:"额度名称的一部分，或编号的开头"`
	desk.Paging
}

// Lines returns a page of budget lines, those of one's own departments, the latest first.
func (a *API) Lines(ctx context.Context, in *AskLines) (*Lines, error) {
	c, err := a.choice(ctx, in.Paging, in.Find, in.State)
	if err != nil {
		return nil, err
	}
	if in.Item != "" {
		c.Items = []string{in.Item}
	}
	page, count, err := a.Seen.Lines(ctx, in.Year, of(c, in.Department))
	out := &Lines{Count: count}
	out.Lines, out.Cursor = listed(page, in.Limit, lineOf, func(l overview.Line) string { return l.ID })
	return out, err
}

// Line returns one budget line.
func (a *API) Line(ctx context.Context, in *One) (*Line, error) {
	return one(ctx, a, in.ID, "这条预算额度", func(ctx context.Context, c overview.Choice) ([]overview.Line, int, error) {
		return a.Seen.Lines(ctx, 0, c)
	}, lineOf)
}

// Posting is a movement of a budget line.
type Posting struct {
	Seq     int64       `json:"seq"`
	At      string      `json:"at" format:"date-time"`
	Kind    string      `json:"kind" doc:"allot 下达、carry 结转出、reserve 冻结、void 解冻、move_out 和 move_in 冻结结转、post 支付、return 退回、recover 追回"`
	Debit   string      `json:"debit" doc:"从哪个科目：appropriation、available、reserved、paid"`
	Credit  string      `json:"credit" doc:"到哪个科目"`
	Amount  exact.Money `json:"amount" doc:"元"`
	List    string      `json:"list,omitempty"`
	N       int         `json:"n,omitempty" doc:"第几条"`
	Round   int         `json:"round,omitempty"`
	Payment string      `json:"payment,omitempty"`
	Ref     string      `json:"ref,omitempty" doc:"文号或银行流水号"`
	By      string      `json:"by"`
}

// Postings is a page of the postings of a line.
type Postings struct {
	Postings []Posting `json:"postings"`
	Cursor   string    `json:"cursor,omitempty"`
}

// AskPostings asks for the postings of a line.
type AskPostings struct {
	One
	desk.Paging
}

// Postings returns a page of the postings of a line, the earliest first.
func (a *API) Postings(ctx context.Context, in *AskPostings) (*Postings, error) {
	after, err := number(in.Paging)
	if err != nil {
		return nil, err
	}
	if _, err := a.Line(ctx, &in.One); err != nil {
		return nil, err
	}
	page, err := a.Seen.Postings(ctx, in.ID, after, in.Limit)
	out := &Postings{}
	out.Postings, out.Cursor = listed(page, in.Limit, func(p overview.Posting) Posting {
		return Posting{p.Seq, instant(p.At), p.Kind, p.Debit, p.Credit, p.Fen, p.List, p.N, p.Round, p.Payment, p.Ref, p.By}
	}, func(p overview.Posting) string { return counted(p.Seq) })
	return out, err
}

// OpenLine opens a budget line.
type OpenLine struct {
	Body struct {
		ID          string `json:"id,omitempty" maxLength:"100" pattern:"^[^/]*$" doc:"额度编号；不写就取一个。写了，同一条重复送来会被拒绝"`
		Name        string `json:"name" minLength:"1" maxLength:"200" doc:"与政策里的预算科目一致"`
		Year        int    `json:"year" minimum:"2000" maximum:"2999"`
		Department  string `json:"department" minLength:"1" maxLength:"200" doc:"哪个部门的名单可以用"`
		Item        string `json:"item,omitempty" maxLength:"200" doc:"只用于这个事项；不写就是部门的任何事项"`
		Unit        string `json:"unit" pattern:"^[A-Za-z0-9]{3,21}$" doc:"预算单位代码"`
		Project     string `json:"project" pattern:"^[A-Za-z0-9]{1,21}$" doc:"项目代码"`
		Function    string `json:"function" pattern:"^[0-9]{7}$" doc:"支出功能分类科目"`
		Economic    string `json:"economic" pattern:"^[0-9]{5}$" doc:"支出经济分类科目"`
		CarriedFrom string `json:"carried_from,omitempty" maxLength:"200" doc:"结转自上年的哪条额度"`
	}
}

// OpenLine opens a line that waits to be approved, on the page, by another person.
func (a *API) OpenLine(ctx context.Context, in *OpenLine) (*Line, error) {
	b := in.Body
	id, err := a.Ledger.OpenLine(ctx, ledger.Line{
		ID: b.ID, Name: b.Name, Year: b.Year, Department: b.Department, Item: b.Item, Unit: b.Unit, Project: b.Project, Function: b.Function, Economic: b.Economic, CarriedFrom: b.CarriedFrom,
	}, a.who(ctx).ID(), a.Clock())
	if err != nil {
		return nil, a.Explain(ctx, err, "来源额度")
	}
	return a.Line(ctx, &One{id})
}
