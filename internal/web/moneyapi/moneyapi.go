// Package moneyapi answers the API's questions and orders about lists, payments, receipts, notices, objections and reports. Its
// answers are plain values whose JSON form is that of the API: money as strings in 元, instants as RFC 3339.
package moneyapi

import (
	"context"
	"net/http"
	"time"

	"mianshen/internal/disburse"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
	"mianshen/internal/disburse/report"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// API answers. It is safe for concurrent use.
type API struct {
	*treasury.Treasury
	Who     func(context.Context) caller.Caller
	Scratch string // a folder for files on their way in, "" the system's
}

// List is a list.
type List struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Department  string      `json:"department"`
	Kind        string      `json:"kind" enum:"regular,supplement"`
	Sweep       int64       `json:"sweep" doc:"起草所依据的比对"`
	State       string      `json:"state" doc:"draft、reviewed、confirmed、noticed、handled、checked、approving、approved、exported、sent、settled、withdrawn"`
	Suspended   bool        `json:"suspended"`
	Round       int         `json:"round" doc:"第几轮：退回更正后加一"`
	Hash        string      `json:"hash,omitempty" doc:"内容的 SHA-256；内容变过就没有"`
	NoticeUntil string      `json:"notice_until,omitempty" format:"date"`
	Made        string      `json:"made" format:"date-time"`
	Count       int         `json:"count"`
	Held        int         `json:"held"`
	Sum         exact.Money `json:"sum" doc:"元"`
}

// Step is something that may be done with a list.
type Step struct {
	Action string `json:"action"`
	To     string `json:"to"`
	Role   string `json:"role"`
}

// Event is something that was done to a list.
type Event struct {
	Step
	From string `json:"from"`
	By   string `json:"by" doc:"谁办的"`
	At   string `json:"at" format:"date-time"`
	Hash string `json:"hash,omitempty"`
	Note string `json:"note,omitempty"`
}

// Detail is a list with its past and what the caller may do with it.
type Detail struct {
	List
	Events []Event `json:"events"`
	Can    []Step  `json:"can" doc:"您现在可以办的"`
}

// Lists is a page of lists.
type Lists struct {
	Lists  []List `json:"lists"`
	Cursor string `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

func listOf(l view.List) List {
	out := List{
		ID: l.ID, Title: l.Title, Department: l.Department, Kind: l.Kind, Sweep: l.Sweep, State: string(l.State), Suspended: l.Suspended, Round: l.Round, Hash: l.Hash,
		Made: instant(l.MadeAt), Count: l.Count, Held: l.Held, Sum: l.Sum,
	}
	if !l.NoticeUntil.IsZero() {
		out.NoticeUntil = l.NoticeUntil.String()
	}
	return out
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(civil.Shanghai()).Format(time.RFC3339)
}

// AskLists asks for lists.
type AskLists struct {
	State      string `query:"state" maxLength:"20"`
	Department string `query:"department" maxLength:"100" doc:"不写就是您能看的全部部门"`
	desk.Paging
}

// Lists returns a page of the lists that the caller may see.
func (a *API) Lists(ctx context.Context, in *AskLists) (*Lists, error) {
	after, err := in.Position()
	if err != nil {
		return nil, err
	}
	dept := in.Department
	if mine := treasury.Departments(a.Who(ctx)); mine != nil {
		switch {
		case dept == "" && len(mine) == 1:
			dept = mine[0]
		case !a.Who(ctx).For(caller.D1|caller.D2, dept):
			return nil, problem.Wrong("query.department", "要写明自己的一个部门")
		}
	}
	page, err := a.View.Lists(ctx, view.Filter{State: lists.State(in.State), Department: dept, After: after, Limit: in.Limit})
	out := &Lists{Lists: []List{}}
	for _, l := range page {
		out.Lists = append(out.Lists, listOf(l))
	}
	if len(page) == in.Limit {
		out.Cursor = desk.CursorOf(page[in.Limit-1].ID)
	}
	return out, err
}

// OneList names a list.
type OneList struct {
	ID string `path:"id" minLength:"1" maxLength:"30"`
}

// List returns one list with its past.
func (a *API) List(ctx context.Context, in *OneList) (*Detail, error) {
	l, err := a.Visible(ctx, a.Who(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	events, err := a.View.Events(ctx, l.ID)
	out := &Detail{List: listOf(l), Events: []Event{}, Can: []Step{}}
	for _, e := range events {
		out.Events = append(out.Events, Event{Step{string(e.Action), string(e.To), e.Role}, string(e.From), e.Name, instant(e.At), e.Hash, e.Note})
	}
	for _, o := range a.Offers(a.Who(ctx), l, events) {
		if o.Blocked == "" {
			out.Can = append(out.Can, Step{string(o.Action), string(o.To), o.Role})
		}
	}
	return out, err
}

// Entry is one entry of a list.
type Entry struct {
	N          int         `json:"n"`
	Enterprise string      `json:"enterprise"`
	Name       string      `json:"name"`
	Item       string      `json:"item"`
	Period     string      `json:"period"`
	Amount     exact.Money `json:"amount" doc:"元"`
	Claimed    exact.Money `json:"claimed" doc:"判定的金额，元"`
	Reason     string      `json:"reason,omitempty" doc:"为什么比判定的少"`
	Line       string      `json:"line" doc:"预算额度"`
	Account    string      `json:"account,omitempty" doc:"掩码"`
	Status     string      `json:"status" enum:"in,held,removed,returned"`
	Note       string      `json:"note,omitempty"`
	Decision   string      `json:"decision" doc:"/api/v1/decisions/{id} 有理由和条款"`
}

// Entries is a page of entries.
type Entries struct {
	Entries []Entry `json:"entries"`
	Cursor  string  `json:"cursor,omitempty"`
}

// AskEntries asks for entries of a list.
type AskEntries struct {
	OneList
	Status     string `query:"status" enum:"in,held,removed,returned"`
	Item       string `query:"item" maxLength:"100"`
	Enterprise string `query:"enterprise" maxLength:"18"`
	Find       string `query:"find" maxLength:"100" doc:"企业名称的一部分，或统一社会信用代码的开头"`
	desk.Paging
}

// Entries returns a page of entries.
func (a *API) Entries(ctx context.Context, in *AskEntries) (*Entries, error) {
	const most = 1_000_000
	after, err := in.Skip(most)
	if err != nil {
		return nil, err
	}
	if err := a.MaySee(ctx, a.Who(ctx), in.ID); err != nil {
		return nil, err
	}
	page, err := a.View.Entries(ctx, in.ID, view.EntryFilter{Status: in.Status, Item: in.Item, Enterprise: in.Enterprise, Find: in.Find, After: after, Limit: in.Limit})
	out := &Entries{Entries: []Entry{}}
	for _, e := range page {
		out.Entries = append(out.Entries, Entry{e.N, e.Enterprise, e.Name, e.Item, e.Period, e.Amount, e.Claimed, e.Reason, e.Line, e.Account, e.Status, e.Note, e.Decision})
	}
	if len(page) == in.Limit {
		out.Cursor = cursor(page[in.Limit-1].N)
	}
	return out, err
}

// MakeList orders a draft.
type MakeList struct {
	Body struct {
		Department   string   `json:"department" minLength:"1" maxLength:"100"`
		Title        string   `json:"title" minLength:"1" maxLength:"200"`
		Items        []string `json:"items,omitempty" doc:"不写就是全部免申即享的事项"`
		TwoApprovers bool     `json:"two_approvers,omitempty"`
	}
}

// Draft drafts a list from the newest comparison.
func (a *API) Draft(ctx context.Context, in *MakeList) (*List, error) {
	who, now := a.Who(ctx), a.Clock()
	if !who.For(caller.D1, in.Body.Department) {
		return nil, problem.New(http.StatusForbidden, "只能起草自己部门的名单。")
	}
	d := disburse.Drafting{ID: treasury.NewID(civil.On(now)), Title: in.Body.Title, TwoApprovers: in.Body.TwoApprovers, Request: disburse.Request{Department: in.Body.Department, Items: in.Body.Items}}
	if _, err := a.Drafts.Draft(ctx, treasury.Actor(who, d.Department, "", "D1"), d, now); err != nil {
		return nil, a.Explain(ctx, err, "这个部门的事项")
	}
	l, err := a.View.List(ctx, d.ID)
	out := listOf(l)
	return &out, err
}

// TakeStep orders a step.
type TakeStep struct {
	OneList
	Body struct {
		Action    string `json:"action" enum:"review,confirm,notice,handle,check,export,send,settle,reopen,return,withdraw,suspend,resume" doc:"审批要在页面上由本人办理"`
		Hash      string `json:"hash,omitempty" maxLength:"64" doc:"您所看到的内容的摘要；给了就核对"`
		Note      string `json:"note,omitempty" maxLength:"2000"`
		StandsFor string `json:"stands_for,omitempty" maxLength:"64"`
		Days      int    `json:"days,omitempty" minimum:"0" maximum:"250" doc:"公示几个工作日；少于 5 个须在说明里写明依据"`
		AnswerBy  string `json:"answer_by,omitempty" maxLength:"10" doc:"生成支付文件：最迟哪天收到回单"`
	}
}

// Step takes a list one step further.
func (a *API) Step(ctx context.Context, in *TakeStep) (*Detail, error) {
	o := treasury.Order{StandsFor: in.Body.StandsFor}
	o.List, o.Action, o.Hash, o.Note, o.Days = in.ID, lists.Action(in.Body.Action), in.Body.Hash, in.Body.Note, in.Body.Days
	if in.Body.AnswerBy != "" {
		day, err := civil.Parse(in.Body.AnswerBy)
		if err != nil {
			return nil, problem.Wrong("body.answer_by", "应为日期，如 2025-07-01")
		}
		o.AnswerBy = day
	}
	if err := a.Treasury.Step(ctx, a.Who(ctx), o); err != nil {
		return nil, err
	}
	return a.List(ctx, &in.OneList)
}

// Notices is a page of public notices.
type Notices struct {
	Notices []Notice `json:"notices"`
	Cursor  string   `json:"cursor,omitempty"`
}

// Notice is a list in public notice.
type Notice struct {
	List       string      `json:"list"`
	Title      string      `json:"title"`
	Department string      `json:"department"`
	Until      string      `json:"until" format:"date" doc:"公示的最后一天"`
	Count      int         `json:"count"`
	Sum        exact.Money `json:"sum" doc:"元"`
	Page       string      `json:"page" doc:"公示页的地址"`
}

// AskPage asks for a page.
type AskPage struct{ desk.Paging }

// Notices returns a page of public notices, for everybody.
func (a *API) Notices(ctx context.Context, in *AskPage) (*Notices, error) {
	after, err := in.Position()
	if err != nil {
		return nil, err
	}
	page, err := a.Seen.Notices(ctx, after, in.Limit)
	out := &Notices{Notices: []Notice{}}
	for _, n := range page {
		out.Notices = append(out.Notices, Notice{n.List, n.Title, n.Department, n.Until.String(), n.Count, n.Sum, "/lists/" + n.List + "/notice"})
	}
	if len(page) == in.Limit {
		out.Cursor = desk.CursorOf(page[in.Limit-1].List)
	}
	return out, err
}

// AskReport asks for the report of a year.
type AskReport struct {
	Year int `query:"year" minimum:"2000" maximum:"2999" doc:"不写就是今年"`
}

// Report is what became of money without applications in a year.
type Report struct {
	Year      int    `json:"year"`
	Auto      int64  `json:"auto_items" doc:"免申即享的事项数"`
	Items     int64  `json:"items"`
	AutoPairs int64  `json:"auto_pairs" doc:"免申即享的企业·事项数"`
	Pairs     int64  `json:"pairs"`
	Median    int    `json:"median_days" doc:"从政策生效到到账，一半在几天以内"`
	Lines     []Line `json:"lines"`
}

// Line is one item of a report.
type Line struct {
	Department string      `json:"department"`
	Item       string      `json:"item"`
	Title      string      `json:"title"`
	Paid       exact.Money `json:"paid"`
	Open       exact.Money `json:"open"`
	Held       exact.Money `json:"held"`
	Returned   exact.Money `json:"returned"`
	Recovered  exact.Money `json:"recovered"`
}

// Report returns the report of a year.
func (a *API) Report(ctx context.Context, in *AskReport) (*Report, error) {
	year := in.Year
	if year == 0 {
		year = civil.On(a.Clock()).Year()
	}
	r, err := report.Of(ctx, a.Office, year)
	if err != nil {
		return nil, a.Explain(ctx, err, "报告")
	}
	r.Keep(treasury.Departments(a.Who(ctx)))
	out := &Report{Year: r.Year, Auto: r.Items.Auto, Items: r.Items.All(), AutoPairs: r.Pairs.Auto, Pairs: r.Pairs.All(), Median: r.Days.Median, Lines: []Line{}}
	for _, l := range r.Lines {
		out.Lines = append(out.Lines, Line{l.Department, l.Item, l.Title, l.Paid.Fen, l.Open.Fen, l.Held.Fen, l.Returned.Fen, l.Recovered.Fen})
	}
	return out, nil
}
