// Package cashier answers with the pages of money: batches of payments and what the bank says, reconciliation, the budget, the
// accounts that firms are paid to, findings, recoveries and the yearly report. Who may come to which page is decided before, by
// the table of access.
package cashier

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"mianshen/internal/disburse/overview"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/treasury"
)

// Pages answers with pages of money. It is safe for concurrent use.
type Pages struct {
	*counter.Counter
	scratch string
}

// New returns the pages; scratch is a folder for files on their way out, "" the system's.
func New(c *counter.Counter, scratch string) *Pages { return &Pages{c, scratch} }

// Routes are the answers by method and address.
func (p *Pages) Routes() map[string]counter.Answer {
	return map[string]counter.Answer{
		"GET /payments":                p.payments,
		"GET /payments/:id":            p.batch,
		"POST /payments/:id/files":     p.file,
		"POST /payments/:id/unknown":   p.unknown,
		"POST /payments/:id/answers":   p.stateAnswer,
		"POST /payments/receipts":      p.receipts,
		"POST /payments/doubts":        p.resolve,
		"GET /reconciliation":          p.reconciliation,
		"POST /reconciliation":         p.reconciliation,
		"GET /budget":                  p.budget,
		"POST /budget":                 p.openLine,
		"GET /budget/:id":              p.line,
		"POST /budget/:id/approve":     p.approveLine,
		"POST /budget/:id/allot":       p.allot,
		"POST /budget/:id/carry":       p.carry,
		"GET /accounts":                p.accounts,
		"POST /accounts":               p.record,
		"POST /accounts/:id/verify":    p.verify,
		"POST /accounts/:id/retire":    p.retire,
		"POST /accounts/:id/unmask":    p.unmask,
		"GET /findings":                p.findings,
		"POST /findings":               p.find,
		"POST /findings/import":        p.importFindings,
		"POST /findings/answers":       p.answerFinding,
		"GET /recoveries":              p.recoveries,
		"POST /recoveries":             p.claim,
		"POST /recoveries/:id/approve": p.approveRecovery,
		"POST /recoveries/:id/receive": p.receive,
		"GET /report":                  p.report,
	}
}

const pageSize = 50

func batchURL(id string) string { return "/payments/" + id }

func (p *Pages) payments(w http.ResponseWriter, r *http.Request) error {
	return p.showPayments(w, r, "", nil)
}

// showPayments is the page of batches, receipts and what is in doubt.
func (p *Pages) showPayments(w http.ResponseWriter, r *http.Request, said string, because error) error {
	ctx := r.Context()
	who := p.Who(ctx)
	s := p.Begin(r, "支付和回单", "payments")
	s.Hint = "审批后的名单生成支付批次，文件交给银行或预算管理一体化系统，再收回单。没有回单的不算已付。"
	s.Said, s.Links = said, []moneyui.Link{{Text: "对账", URL: "/reconciliation"}}
	if err := p.locked(ctx, &s); err != nil {
		return err
	}
	if who.Has(caller.F1) {
		s.Do = []moneyui.Form{{Action: "/payments/receipts", Button: "上传回单", Title: "收到银行回单", Files: true, Hint: "pain.002、CSV 或 Excel。同一份再传一遍不会重复入账，顺序不要紧。", Fields: []moneyui.Field{{Name: "receipts", Label: "回单文件", Kind: "file", Must: true}}}}
	}
	batches, err := p.Seen.Batches(ctx, "", counter.Text(r, "after"), pageSize)
	if err != nil {
		return err
	}
	var rows [][]moneyui.Cell
	for _, b := range batches {
		doubts := moneyui.Cell{Text: strconv.Itoa(b.Doubts)}
		rows = append(rows, []moneyui.Cell{
			{Text: b.ID, URL: batchURL(b.ID), Small: b.Title}, moneyui.Text(b.Department), {Text: b.MadeOn.String(), Small: "回单最迟 " + b.AnswerBy.String()}, moneyui.Text(strconv.Itoa(b.Lines)), moneyui.Sum(b.Sum), {Text: spread(b.States)}, doubts,
		})
	}
	section := moneyui.Section{ID: "batches", Title: "支付批次", Tables: []moneyui.Table{{Name: "支付批次", Heads: []string{"批次", "部门", "哪天生成", "笔数#", "金额（元）#", "办到哪里", "待查#"}, Rows: rows, Empty: "还没有支付批次：名单审批以后，由财政经办在名单页面生成支付文件。"}}}
	if len(batches) == pageSize {
		section.More = counter.URL("/payments", "after", batches[pageSize-1].ID)
	}
	s.Sections = append(s.Sections, section)
	doubts, err := p.doubts(ctx, who, "", counter.Text(r, "doubt"))
	if err != nil {
		return err
	}
	files, err := p.Seen.ReceiptFiles(ctx, pageSize)
	var came [][]moneyui.Cell
	for _, f := range files {
		came = append(came, []moneyui.Cell{{Text: f.Name, Small: f.SHA256[:12]}, moneyui.Text(formatWord(f.Format)), moneyui.Text(strconv.Itoa(f.Lines)), moneyui.Text(strconv.Itoa(f.Doubts)), {Text: f.By, Small: moneyui.Clock(f.At)}})
	}
	s.Sections = append(s.Sections, doubts, moneyui.Section{ID: "files", Title: "收到的回单文件", Tables: []moneyui.Table{{Name: "回单文件", Heads: []string{"文件", "格式", "行数#", "待查#", "谁收的"}, Rows: came, Empty: "还没有收到回单。"}}})
	if err != nil {
		return err
	}
	return p.Show(w, r, s, because)
}

// spread says how many payments stand where.
func spread(states map[string]overview.Sum) string {
	var parts []string
	for _, name := range moneyui.PaymentStates {
		if n := states[name].Count; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d 笔", moneyui.PaymentWord(name), n))
		}
	}
	return strings.Join(parts, "，")
}

// countsWhere names the choice that lets a line count, and when it may be taken.
func countsWhere(l overview.Receipt) string {
	switch evidence.Class(l.Class) {
	case evidence.Stated:
		return "属实，按银行的答复入账"
	case evidence.OtherYear:
		return "银行确是那一天划的款，记在那一年的结转额度上"
	}
	return "算数（只有时间可疑、其余都对的才行）"
}

// yearHint says what to do with a payment that the bank says is of another year than its money.
const yearHint = "“跨年支付”先问银行哪一天划的款：是送出那一年划的，把支付记为结果不明，由财政经办补记银行答复，财政复核认定，仍用原额度；" +
	"是下一年划的，由财政经办开立从原额度结转的新一年额度，财政审批批准，再来认定，记在新额度上。"

// doubts is the queue of receipts that a person has to look at.
func (p *Pages) doubts(ctx context.Context, who caller.Caller, batch, after string) (moneyui.Section, error) {
	s := moneyui.Section{ID: "doubts", Title: "待查", Hint: "编号、账号、金额、时间有一样对不上的回单，机器不猜，由财政复核逐条看。银行时间晚于收到文件次日的，钱还没到账，也先不入账。收文件的人不能处理自己收的。"}
	page, err := p.Seen.Receipts(ctx, overview.ReceiptFilter{Batch: batch, Doubtful: true, After: after, Limit: pageSize})
	var rows [][]moneyui.Cell
	otherYear := false
	for _, l := range page {
		do := moneyui.Cell{}
		if who.Has(caller.F2) {
			do.Forms = []moneyui.Form{{Action: "/payments/doubts", Button: "处理", Title: "处理", Fold: true, Quiet: true, Hidden: []moneyui.Pair{{Name: "line", Value: l.ID}}, Fields: []moneyui.Field{
				{Name: "holds", Label: "这一行", Kind: "select", Choices: []moneyui.Pair{{Name: "不算数，其余回单照算", Value: "no"}, {Name: countsWhere(l), Value: "yes"}}},
				{Name: "reason", Label: "怎么核实的", Kind: "text", Must: true},
			}}}
		}
		firm := moneyui.Cell{Text: l.Name, Small: l.Payment}
		if l.List != "" {
			firm.URL = fmt.Sprintf("/lists/%s/entries/%d", l.List, l.N)
		} else {
			firm.Text = "不是我们的支付编号"
		}
		if evidence.Class(l.Class) == evidence.OtherYear {
			otherYear = true
		}
		rows = append(rows, []moneyui.Cell{moneyui.Badge(evidence.Class(l.Class).String(), moneyui.Warn), firm, moneyui.Sum(l.Amount), {Text: moneyui.ResultWord(l.Result), Small: l.Reason}, {Text: l.FileName, Small: moneyui.Clock(l.BankAt)}, do})
	}
	s.Tables = []moneyui.Table{{Name: "待查的回单", Heads: []string{"为什么待查", "哪一笔", "金额（元）#", "银行说", "来自", "处理"}, Rows: rows, Empty: "没有待查的回单。"}}
	if otherYear {
		s.Hint += yearHint
	}
	if len(page) == pageSize {
		s.More = counter.URL("/payments", "doubt", page[pageSize-1].ID)
	}
	return s, err
}

// receipts takes a file of the bank in and says what it came to, by class.
func (p *Pages) receipts(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	name, data, err := counter.File(r, "receipts", pay.MaxReceiptFile)
	if err != nil {
		return p.showPayments(w, r, "", err)
	}
	taken, err := p.Bank.TakeReceipts(ctx, pay.Actor{Person: p.Who(ctx).ID()}, filepath.Base(name), data, p.Clock())
	if err != nil {
		return p.showPayments(w, r, "", p.unread(ctx, err))
	}
	return p.showPayments(w, r, Outcome(taken), nil)
}

// unread is an error of a file that can't be read; it names the line.
func (p *Pages) unread(ctx context.Context, err error) error {
	return p.Explain(ctx, treasury.Unread(err), "这份回单")
}

func (p *Pages) resolve(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	err := p.Bank.Resolve(ctx, pay.Actor{Person: p.Who(ctx).ID()}, counter.Text(r, "line"), r.FormValue("holds") == "yes", counter.Text(r, "reason"), p.Clock())
	if err != nil {
		return p.showPayments(w, r, "", p.Explain(ctx, err, "这一行回单"))
	}
	return p.Lead(w, r, "/payments#doubts")
}
