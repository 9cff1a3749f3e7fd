// Package lock answers with the page on which payments and messages are locked after a restore, and unlocked by two persons. Who may
// come to it is decided before, by the table of access.
package lock

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"mianshen/internal/disburse/brake"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
)

// Page answers. It is safe for concurrent use.
type Page struct {
	*counter.Counter
	brake *brake.Brake
}

// New returns the page.
func New(c *counter.Counter) *Page { return &Page{c, brake.New(c.Office.Store)} }

// Routes are the answers by method and address.
func (p *Page) Routes() map[string]counter.Answer {
	return map[string]counter.Answer{
		"GET /lock":       func(w http.ResponseWriter, r *http.Request) error { return p.show(w, r, nil) },
		"POST /lock":      p.pull,
		"POST /lock/ask":  p.ask,
		"POST /lock/open": p.open,
	}
}

// show is the page, with why an order before wasn't carried out.
func (p *Page) show(w http.ResponseWriter, r *http.Request, because error) error {
	b, err := p.brake.Standing(r.Context())
	if err != nil {
		return err
	}
	s := p.Begin(r, "锁定和解锁", "payments")
	s.Hint = "从备份恢复以后，备份到恢复之间付出去的钱、发出去的消息，库里没有。先锁定，和银行流水核对清楚，再由两个人解锁，才不会重付、重发。"
	s.State, s.Tone = "没有锁", moneyui.Good
	if b.Locked {
		s.State, s.Tone = "锁着", moneyui.Warn
	}
	p.orders(r, &s, b)
	s.Sections = []moneyui.Section{standing(b)}
	if p.Who(r.Context()).Has(caller.F1 | caller.F2 | caller.F3 | caller.AU) {
		s.Sections = append(s.Sections, outstanding(b))
	}
	return p.Show(w, r, s, because)
}

// orders are what who looks may do now.
func (p *Page) orders(r *http.Request, s *moneyui.Sheet, b brake.Standing) {
	who := p.Who(r.Context())
	if !b.Locked {
		s.Next = []string{"支付和推送照常。只有从备份恢复以后，或者怀疑有重付时才要锁。"}
		if who.Has(pullers) {
			s.Do = []moneyui.Form{{Action: "/lock", Button: "锁定", Title: "锁定支付和推送", Fold: true, Quiet: true, Hint: "立刻生效：不能生成支付文件、不能记为送出，消息都留着不发。", Fields: []moneyui.Field{{Name: "reason", Label: "为什么", Kind: "text", Must: true, Hint: "如 7 月 2 日从 7 月 1 日的备份恢复"}}}}
		}
		return
	}
	if b.AskedBy == "" {
		s.Next = []string{"第一步：由财政复核取银行流水，按下面列的逐项核对，写明核对情况。", "第二步：由财政审批（另一个人）看过以后解锁。"}
	} else {
		s.Next = []string{b.Asker + "已经写明核对情况，等财政审批（另一个人）解锁。"}
	}
	if who.Has(caller.F2) {
		s.Do = append(s.Do, moneyui.Form{Action: "/lock/ask", Button: "已核对，申请解锁", Title: "写明核对情况", Fold: b.AskedBy != "", Quiet: b.AskedBy != "", Fields: []moneyui.Field{{Name: "note", Label: "和哪份流水核对、到哪一天、差异怎么处理", Kind: "area", Must: true}}})
	}
	switch {
	case b.AskedBy == "" || !who.Has(caller.F3):
	case b.AskedBy == who.ID():
		s.Blocked = []string{"核对情况是您写的，要由另一位财政审批来解锁。"}
	case p.Unproven(r):
		s.Do = append([]moneyui.Form{counter.Proof("/lock", "解锁")}, s.Do...)
	default:
		s.Do = append([]moneyui.Form{{Action: "/lock/open", Button: "解锁", Title: "解锁支付和推送", Hint: "解锁以后立刻可以支付，留着的消息接着发。", Hidden: []moneyui.Pair{{Name: "asked", Value: b.Asked.UTC().Format(time.RFC3339Nano)}}}}, s.Do...)
	}
}

const pullers = caller.F1 | caller.F2 | caller.F3 | caller.SA | caller.SE

// standing says since when and why, and what was said of reconciling.
func standing(b brake.Standing) moneyui.Section {
	s := moneyui.Section{ID: "standing", Title: "现在怎么样"}
	if !b.Locked {
		s.Words = []string{"支付和推送没有锁。"}
		if b.Note != "" {
			s.Facts = []moneyui.Fact{{Name: "上次解锁时的核对情况", Value: b.Note}}
		}
		return s
	}
	s.Facts = []moneyui.Fact{{Name: "为什么锁", Value: b.Reason}, {Name: "什么时候锁的", Value: moneyui.Clock(b.Since)}}
	if b.AskedBy != "" {
		s.Facts = append(s.Facts, moneyui.Fact{Name: "核对情况", Value: b.Note}, moneyui.Fact{Name: "谁核对的", Value: b.Asker + "，" + moneyui.Clock(b.Asked)})
	}
	return s
}

// outstanding is what may have left without the database knowing.
func outstanding(b brake.Standing) moneyui.Section {
	row := func(what string, n int, look moneyui.Cell) []moneyui.Cell {
		return []moneyui.Cell{moneyui.Text(what), moneyui.Text(fmt.Sprint(n)), look}
	}
	payments, messages := moneyui.To("支付批次", "/payments"), moneyui.To("消息的去向", "/report/messages")
	return moneyui.Section{ID: "outstanding", Title: "解锁以前要核对的", Links: []moneyui.Link{{Text: "和银行流水对账", URL: "/reconciliation"}}, Tables: []moneyui.Table{{
		Name: "要核对的", Heads: []string{"什么", "多少#", "到哪里看"}, Rows: [][]moneyui.Cell{
			row("文件已经被取走、还没记为送出的支付：可能已经付了", b.Taken, payments),
			row("送出了、还没有结果的支付：可能已经有结果", b.Open, payments),
			row("结果不明的消息：可能已经收到", b.Unsaid, messages),
			row("一解锁就发的消息：可能已经发过", b.Waiting, messages),
		},
	}}}
}

// done leads back, or shows why not.
func (p *Page) done(w http.ResponseWriter, r *http.Request, err error) error {
	if errors.Is(err, brake.ErrRole) {
		err = problem.New(http.StatusForbidden, err.Error())
	}
	if err != nil {
		return p.show(w, r, p.Explain(r.Context(), err, "锁"))
	}
	return p.Lead(w, r, "/lock")
}

func (p *Page) pull(w http.ResponseWriter, r *http.Request) error {
	return p.done(w, r, p.brake.Pull(r.Context(), p.Who(r.Context()).ID(), counter.Text(r, "reason"), p.Clock()))
}

func (p *Page) ask(w http.ResponseWriter, r *http.Request) error {
	return p.done(w, r, p.brake.Ask(r.Context(), p.Who(r.Context()).ID(), counter.Text(r, "note"), p.Clock()))
}

func (p *Page) open(w http.ResponseWriter, r *http.Request) error {
	asked, _ := time.Parse(time.RFC3339Nano, counter.Text(r, "asked")) // none fits nothing that was said
	return p.done(w, r, p.brake.Release(r.Context(), p.Who(r.Context()).ID(), asked, p.Clock()))
}
