package fundsapi

import (
	"context"
	"path"

	"mianshen/internal/disburse/granted"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Second is who recorded something and what the second person said of it.
type Second struct {
	State      string `json:"state" enum:"waiting,confirmed,rejected"`
	RecordedBy string `json:"recorded_by"`
	RecordedAt string `json:"recorded_at" format:"date-time"`
	AnsweredBy string `json:"answered_by,omitempty"`
	AnsweredAt string `json:"answered_at,omitempty" format:"date-time"`
}

func secondOf(a overview.Answered) Second {
	return Second{stateOf(a.Answer), a.RecordedBy, instant(a.RecordedAt), a.By, instant(a.At)}
}

// EarlierFile is a file of grants from before this ledger or from elsewhere.
type EarlierFile struct {
	ID         string      `json:"id"`
	Department string      `json:"department"`
	Name       string      `json:"name" doc:"文件名"`
	SHA256     string      `json:"sha256"`
	Source     string      `json:"source" doc:"来源：哪几年的账、哪个单位的函"`
	Grants     int         `json:"grants" doc:"几笔"`
	Sum        exact.Money `json:"sum" doc:"元"`
	Second
}

func fileOf(f overview.EarlierFile) EarlierFile {
	return EarlierFile{f.ID, f.Department, f.Name, f.SHA256, f.Source, f.Grants, f.Sum, secondOf(f.Answered)}
}

// EarlierFiles is a page of files.
type EarlierFiles struct {
	Files  []EarlierFile `json:"files"`
	Count  int           `json:"count" doc:"一共几份"`
	Cursor string        `json:"cursor,omitempty"`
}

// AskEarlierFiles asks for files of earlier grants.
type AskEarlierFiles struct {
	Department string `query:"department" maxLength:"200" doc:"不写就是您能看的全部部门"`
	State      string `query:"state" enum:"waiting,confirmed,rejected"`
	desk.Paging
}

// EarlierFiles returns a page of the files of earlier grants, those of one's own departments, the latest first.
func (a *API) EarlierFiles(ctx context.Context, in *AskEarlierFiles) (*EarlierFiles, error) {
	c, err := a.choice(ctx, in.Paging, "", in.State)
	if err != nil {
		return nil, err
	}
	page, count, err := a.Seen.EarlierFiles(ctx, of(c, in.Department))
	out := &EarlierFiles{Count: count}
	out.Files, out.Cursor = listed(page, in.Limit, fileOf, func(f overview.EarlierFile) string { return f.ID })
	return out, err
}

func (a *API) file(ctx context.Context, id string) (*EarlierFile, error) {
	return one(ctx, a, id, "这份补录", a.Seen.EarlierFiles, fileOf)
}

// EarlierGrant is one line of a file.
type EarlierGrant struct {
	Line       int         `json:"line" doc:"文件的第几行"`
	Item       string      `json:"item"`
	Enterprise string      `json:"enterprise"`
	Name       string      `json:"name"`
	Period     string      `json:"period" doc:"所属期"`
	Basis      string      `json:"basis,omitempty" doc:"依据"`
	Amount     exact.Money `json:"amount" doc:"元；退回的是负数"`
	On         string      `json:"on" format:"date" doc:"发放日期"`
}

// EarlierGrants is a page of the grants of a file.
type EarlierGrants struct {
	Grants []EarlierGrant `json:"grants"`
	Cursor string         `json:"cursor,omitempty"`
}

// AskEarlierGrants asks for the grants of a file.
type AskEarlierGrants struct {
	One
	desk.Paging
}

// EarlierGrants returns a page of the grants of a file, line by line: what who answers it has to see.
func (a *API) EarlierGrants(ctx context.Context, in *AskEarlierGrants) (*EarlierGrants, error) {
	after, err := number(in.Paging)
	if err != nil {
		return nil, err
	}
	if _, err := a.file(ctx, in.ID); err != nil {
		return nil, err
	}
	page, err := a.Seen.EarlierGrants(ctx, in.ID, int(after), in.Limit)
	out := &EarlierGrants{}
	out.Grants, out.Cursor = listed(page, in.Limit, func(g overview.EarlierGrant) EarlierGrant {
		return EarlierGrant{g.Line, g.Item, g.Enterprise, g.Name, g.Period, g.Basis, g.Amount, g.On.String()}
	}, func(g overview.EarlierGrant) string { return counted(g.Line) })
	return out, err
}

// BringEarlier brings a file of earlier grants in.
type BringEarlier struct {
	Body struct {
		Department string `json:"department" minLength:"1" maxLength:"200" doc:"哪个部门的事项"`
		Name       string `json:"name" minLength:"1" maxLength:"200" doc:"文件名"`
		Source     string `json:"source" minLength:"1" maxLength:"200" doc:"来源：哪几年的账、哪个单位的函"`
		Data       []byte `json:"data" doc:"文件内容，base64；CSV 或 XLSX：统一社会信用代码、事项、所属期、依据、金额、发放日期；退回的金额写负数；最大 32 MiB"`
	}
}

// Brought is what a file of earlier grants came to.
type Brought struct {
	Again bool         `json:"again" doc:"里面的拨付都已补录过，没有变化"`
	File  *EarlierFile `json:"file,omitempty"`
}

// BringEarlier brings a file in, all or nothing; it counts once another person of the department has confirmed it.
func (a *API) BringEarlier(ctx context.Context, in *BringEarlier) (*Brought, error) {
	book, err := a.Office.Current(ctx)
	if err != nil {
		return nil, a.Explain(ctx, err, "这个部门的事项")
	}
	f, err := a.granted.Import(ctx, granted.Loading{Department: in.Body.Department, Name: path.Base(in.Body.Name), Body: in.Body.Data, Source: in.Body.Source}, granted.OwnerOf(book.Book), a.who(ctx).ID(), a.Clock())
	switch {
	case err != nil:
		return nil, a.Explain(ctx, unread("body.data", err), "这份补录")
	case f.ID == "":
		return &Brought{Again: true}, nil
	}
	out, err := a.file(ctx, f.ID)
	return &Brought{File: out}, err
}

// AnswerFile confirms or rejects a file of earlier grants, by another person than the one who brought it in.
func (a *API) AnswerFile(ctx context.Context, in *Reply) (*EarlierFile, error) {
	if _, err := a.file(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.granted.AnswerFile(ctx, in.ID, in.Body.Answer == "confirmed", a.who(ctx).ID(), a.Clock()); err != nil {
		return nil, a.Explain(ctx, err, "这份补录")
	}
	return a.file(ctx, in.ID)
}

// Whole is a statement that the ledger has everything of an item from a day on.
type Whole struct {
	ID         string `json:"id"`
	Department string `json:"department"`
	Item       string `json:"item"`
	Since      string `json:"since,omitempty" format:"date" doc:"从哪天起账目完整；没有就是一直以来"`
	Evidence   string `json:"evidence"`
	Second
	EndedAt   string `json:"ended_at,omitempty" format:"date-time" doc:"终止了才有"`
	EndReason string `json:"end_reason,omitempty"`
}

func wholeOf(s overview.Whole) Whole {
	out := Whole{s.ID, s.Department, s.Item, "", s.Evidence, secondOf(s.Answered), instant(s.EndedAt), s.EndReason}
	if !s.Since.IsZero() {
		out.Since = s.Since.String()
	}
	return out
}

// Wholes is a page of statements.
type Wholes struct {
	Statements []Whole `json:"statements"`
	Count      int     `json:"count" doc:"一共几条"`
	Cursor     string  `json:"cursor,omitempty"`
}

// AskWholes asks for statements.
type AskWholes struct {
	Department string `query:"department" maxLength:"200" doc:"不写就是您能看的全部部门"`
	Item       string `query:"item" maxLength:"100"`
	State      string `query:"state" enum:"waiting,confirmed,rejected,ended"`
	desk.Paging
}

// Wholes returns a page of statements that the ledger is whole, those of one's own departments, the latest first.
func (a *API) Wholes(ctx context.Context, in *AskWholes) (*Wholes, error) {
	c, err := a.choice(ctx, in.Paging, "", in.State)
	if err != nil {
		return nil, err
	}
	if in.Item != "" {
		c.Items = []string{in.Item}
	}
	page, count, err := a.Seen.Wholes(ctx, of(c, in.Department))
	out := &Wholes{Count: count}
	out.Statements, out.Cursor = listed(page, in.Limit, wholeOf, func(s overview.Whole) string { return s.ID })
	return out, err
}

func (a *API) whole(ctx context.Context, id string) (*Whole, error) {
	return one(ctx, a, id, "这条账目完整的登记", a.Seen.Wholes, wholeOf)
}

// State states that the ledger is whole.
type State struct {
	Body struct {
		Department string   `json:"department" minLength:"1" maxLength:"200"`
		Items      []string `json:"items" minItems:"1" maxItems:"1000"`
		Since      string   `json:"since,omitempty" format:"date" doc:"从这天起；和 ever 写一项"`
		Ever       bool     `json:"ever,omitempty" doc:"一直以来：有史以来的拨付都在账里"`
		Evidence   string   `json:"evidence" minLength:"1" maxLength:"200" doc:"依据：对账记录、纪要"`
	}
}

// Stated are the statements that were recorded.
type Stated struct {
	Statements []Whole `json:"statements"`
}

// State records a statement for each item; it counts once another person of the department has confirmed it.
func (a *API) State(ctx context.Context, in *State) (*Stated, error) {
	var since civil.Date
	now, b := a.Clock(), in.Body
	if b.Ever == (b.Since != "") {
		return nil, problem.Wrong("body.since", "写明从哪天起（since），或者一直以来（ever），只写一项")
	}
	if !b.Ever {
		var err error
		if since, err = day("body.since", b.Since, now); err != nil {
			return nil, err
		}
	}
	book, err := a.Office.Current(ctx)
	if err != nil {
		return nil, a.Explain(ctx, err, "这个部门的事项")
	}
	ids, err := a.granted.State(ctx, granted.Statement{Department: b.Department, Since: since, Evidence: b.Evidence}, b.Items, granted.OwnerOf(book.Book), a.who(ctx).ID(), now)
	if err != nil {
		return nil, a.Explain(ctx, err, "这个部门的事项")
	}
	out := &Stated{Statements: []Whole{}}
	for _, id := range ids {
		s, err := a.whole(ctx, id)
		if err != nil {
			return nil, err
		}
		out.Statements = append(out.Statements, *s)
	}
	return out, nil
}

// AnswerWhole confirms or rejects a statement, by another person than the one who recorded it.
func (a *API) AnswerWhole(ctx context.Context, in *Reply) (*Whole, error) {
	if _, err := a.whole(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.granted.AnswerStatement(ctx, in.ID, in.Body.Answer == "confirmed", a.who(ctx).ID(), a.Clock()); err != nil {
		return nil, a.Explain(ctx, err, "这条账目完整的登记")
	}
	return a.whole(ctx, in.ID)
}

// EndWhole ends a statement.
type EndWhole struct {
	One
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"理由，不写人名"`
	}
}

// EndWhole ends a statement that holds: from then on the history of its item isn't known.
func (a *API) EndWhole(ctx context.Context, in *EndWhole) (*Whole, error) {
	if _, err := a.whole(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.granted.End(ctx, in.ID, in.Body.Reason, a.who(ctx).ID(), a.Clock()); err != nil {
		return nil, a.Explain(ctx, err, "这条账目完整的登记")
	}
	return a.whole(ctx, in.ID)
}
