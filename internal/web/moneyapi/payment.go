package moneyapi

import (
	"context"
	"net/http"
	"strconv"

	"mianshen/internal/disburse/overview"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/treasury"
	"mianshen/rules/exact"
)

func cursor(n int) string { return desk.CursorOf(strconv.Itoa(n)) }

// Payment is an attempt to pay an entry.
type Payment struct {
	ID         string      `json:"id" doc:"支付编号"`
	List       string      `json:"list"`
	N          int         `json:"n" doc:"第几条"`
	Batch      string      `json:"batch"`
	Enterprise string      `json:"enterprise"`
	Name       string      `json:"name"`
	Account    string      `json:"account" doc:"掩码"`
	Amount     exact.Money `json:"amount" doc:"元"`
	State      string      `json:"state" enum:"ready,sent,unknown,paid,failed,returned,cancelled"`
	Reason     string      `json:"reason,omitempty"`
	Moved      string      `json:"moved" format:"date-time"`
}

// Payments is a page of payments.
type Payments struct {
	Payments []Payment `json:"payments"`
	Cursor   string    `json:"cursor,omitempty"`
}

// AskPayments asks for payments.
type AskPayments struct {
	List       string `query:"list" maxLength:"30"`
	Batch      string `query:"batch" maxLength:"35"`
	State      string `query:"state" enum:"ready,sent,unknown,paid,failed,returned,cancelled"`
	Enterprise string `query:"enterprise" maxLength:"18"`
	Find       string `query:"find" maxLength:"100" doc:"企业名称的一部分，或统一社会信用代码的开头"`
	desk.Paging
}

// Payments returns a page of payments, those of one's own departments.
func (a *API) Payments(ctx context.Context, in *AskPayments) (*Payments, error) {
	after, err := in.Position()
	if err != nil {
		return nil, err
	}
	page, err := a.Seen.Payments(ctx, overview.PaymentFilter{
		List: in.List, Batch: in.Batch, State: in.State, Enterprise: in.Enterprise, Find: in.Find, Departments: treasury.Departments(a.Who(ctx)), After: after, Limit: in.Limit,
	})
	out := &Payments{Payments: []Payment{}}
	for _, p := range page {
		out.Payments = append(out.Payments, Payment{p.ID, p.List, p.N, p.Batch, p.Enterprise, p.Name, p.Account, p.Amount, p.State, p.Reason, instant(p.MovedAt)})
	}
	if len(page) == in.Limit {
		out.Cursor = desk.CursorOf(page[in.Limit-1].ID)
	}
	return out, err
}

// Receipt is a line that the bank wrote.
type Receipt struct {
	ID         string      `json:"id"`
	Batch      string      `json:"batch"`
	Payment    string      `json:"payment"`
	Amount     exact.Money `json:"amount" doc:"元"`
	Result     string      `json:"result" enum:"underway,success,failed,returned"`
	Reason     string      `json:"reason,omitempty"`
	Class      string      `json:"class" doc:"applied、underway，其余都是待查"`
	At         string      `json:"at,omitempty" format:"date-time" doc:"银行时间"`
	Resolution string      `json:"resolution,omitempty" doc:"人工处理的结论"`
}

// Receipts is a page of receipts.
type Receipts struct {
	Receipts []Receipt `json:"receipts"`
	Cursor   string    `json:"cursor,omitempty"`
}

// AskReceipts asks for receipts.
type AskReceipts struct {
	Batch    string `query:"batch" maxLength:"35"`
	Payment  string `query:"payment" maxLength:"35"`
	Doubtful bool   `query:"doubtful" doc:"只要待查、还没有处理的"`
	desk.Paging
}

// Receipts returns a page of receipts.
func (a *API) Receipts(ctx context.Context, in *AskReceipts) (*Receipts, error) {
	after, err := in.Position()
	if err != nil {
		return nil, err
	}
	page, err := a.Seen.Receipts(ctx, overview.ReceiptFilter{Batch: in.Batch, Payment: in.Payment, Doubtful: in.Doubtful, After: after, Limit: in.Limit})
	out := &Receipts{Receipts: []Receipt{}}
	for _, r := range page {
		out.Receipts = append(out.Receipts, Receipt{r.ID, r.Batch, r.Payment, r.Amount, r.Result, r.Reason, r.Class, instant(r.BankAt), r.Resolution})
	}
	if len(page) == in.Limit {
		out.Cursor = desk.CursorOf(page[in.Limit-1].ID)
	}
	return out, err
}

// BringReceipts hands in a file of receipts.
type BringReceipts struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200" doc:"文件名"`
		Data []byte `json:"data" doc:"文件内容，base64；pain.002、CSV 或 XLSX"`
	}
}

// Taken is what a file of receipts came to.
type Taken struct {
	SHA256  string         `json:"sha256"`
	Again   bool           `json:"again" doc:"以前收过，没有再入账"`
	Lines   int            `json:"lines"`
	New     int            `json:"new"`
	Moved   int            `json:"moved" doc:"有了结果的支付"`
	Classes map[string]int `json:"classes" doc:"新的行按类别"`
	Refused string         `json:"refused,omitempty"`
}

// Bring takes a file of receipts in, whole or not at all.
func (a *API) Bring(ctx context.Context, in *BringReceipts) (*Taken, error) {
	t, err := a.Bank.TakeReceipts(ctx, pay.Actor{Person: a.Who(ctx).ID()}, in.Body.Name, in.Body.Data, a.Clock())
	if err != nil {
		return nil, a.Explain(ctx, treasury.Unread(err), "这份回单")
	}
	out := &Taken{SHA256: t.SHA256, Again: t.Again, Lines: t.Lines, New: t.New, Moved: t.Moved, Classes: map[string]int{}, Refused: t.Refused}
	for c, n := range t.Classes {
		out.Classes[string(c)] = n
	}
	return out, nil
}

// Objection is a complaint against one entry in public notice.
type Objection struct {
	ID       string `json:"id"`
	List     string `json:"list"`
	N        int    `json:"n"`
	RaisedBy string `json:"raised_by"`
	Text     string `json:"text"`
	RaisedAt string `json:"raised_at" format:"date-time"`
	Outcome  string `json:"outcome,omitempty" enum:"upheld,rejected"`
	Answer   string `json:"answer,omitempty"`
}

// Objections are those to a list.
type Objections struct {
	Objections []Objection `json:"objections"`
}

// Objections returns the objections to a list.
func (a *API) Objections(ctx context.Context, in *OneList) (*Objections, error) {
	if _, err := a.Visible(ctx, a.Who(ctx), in.ID); err != nil {
		return nil, err
	}
	all, err := a.Treasury.Lists.Objections(ctx, in.ID)
	out := &Objections{Objections: []Objection{}}
	for _, o := range all {
		out.Objections = append(out.Objections, Objection{o.ID, o.List, o.N, o.RaisedBy, o.Text, instant(o.RaisedAt), o.Outcome, o.Answer})
	}
	return out, err
}

// Object records an objection.
type Object struct {
	OneList
	Body struct {
		N        int    `json:"n" minimum:"1" doc:"对第几条"`
		RaisedBy string `json:"raised_by" minLength:"1" maxLength:"200"`
		Text     string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

// Object writes an objection down, which holds its entry.
func (a *API) Object(ctx context.Context, in *Object) (*Objection, error) {
	who := a.Who(ctx)
	l, err := a.Visible(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	now := a.Clock()
	id, err := a.Treasury.Lists.Object(ctx, treasury.Actor(who, l.Department, "", treasury.Hands...), l.ID, in.Body.N, in.Body.RaisedBy, in.Body.Text, now)
	if err != nil {
		return nil, a.Explain(ctx, err, "这一条")
	}
	return &Objection{ID: id, List: l.ID, N: in.Body.N, RaisedBy: in.Body.RaisedBy, Text: in.Body.Text, RaisedAt: instant(now)}, nil
}

// Resolve answers an objection.
type Resolve struct {
	OneList
	Objection string `path:"objection" maxLength:"64"`
	Body      struct {
		Outcome string `json:"outcome" enum:"upheld,rejected"`
		Answer  string `json:"answer" minLength:"1" maxLength:"4000"`
	}
}

// Resolve answers an objection to a list.
func (a *API) Resolve(ctx context.Context, in *Resolve) (*Objections, error) {
	who := a.Who(ctx)
	l, err := a.Visible(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := a.Objections(ctx, &in.OneList)
	if err != nil {
		return nil, err
	}
	for _, o := range all.Objections {
		if o.ID != in.Objection {
			continue
		}
		err := a.Treasury.Lists.Resolve(ctx, treasury.Actor(who, l.Department, "", treasury.Hands...), o.ID, in.Body.Outcome == "upheld", in.Body.Answer, a.Clock())
		if err != nil {
			return nil, a.Explain(ctx, err, "这条异议")
		}
		return a.Objections(ctx, &in.OneList)
	}
	return nil, problem.New(http.StatusNotFound, "没有找到这条异议。")
}
