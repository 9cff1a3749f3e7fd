// Package cashier answers with the pages of money: batches of payments and what the bank says, reconciliation, the budget, the
// accounts that firms are paid to, findings, recoveries and the yearly report. Who may come to which page is decided before, by
// the table of access.
package cashier

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
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
		came = append(came, []moneyui.Cell{{Text: f.Name, Small: f.SHA256[:12]}, moneyui.Text(f.Format), moneyui.Text(strconv.Itoa(f.Lines)), moneyui.Text(strconv.Itoa(f.Doubts)), {Text: f.By, Small: moneyui.Clock(f.At)}})
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

// doubts is the queue of receipts that a person has to look at.
func (p *Pages) doubts(ctx context.Context, who caller.Caller, batch, after string) (moneyui.Section, error) {
	s := moneyui.Section{ID: "doubts", Title: "待查", Hint: "编号、账号、金额、时间有一样对不上的回单，机器不猜，由财政复核逐条看。收文件的人不能处理自己收的。"}
	page, err := p.Seen.Receipts(ctx, overview.ReceiptFilter{Batch: batch, Doubtful: true, After: after, Limit: pageSize})
	var rows [][]moneyui.Cell
	for _, l := range page {
		do := moneyui.Cell{}
		if who.Has(caller.F2) {
			do.Forms = []moneyui.Form{{Action: "/payments/doubts", Button: "处理", Title: "处理", Fold: true, Quiet: true, Hidden: []moneyui.Pair{{Name: "line", Value: l.ID}}, Fields: []moneyui.Field{
				{Name: "holds", Label: "这一行", Kind: "select", Choices: []moneyui.Pair{{Name: "不算数，其余回单照算", Value: "no"}, {Name: "算数（只有时间可疑、其余都对的才行）", Value: "yes"}}},
				{Name: "reason", Label: "怎么核实的", Kind: "text", Must: true},
			}}}
		}
		firm := moneyui.Cell{Text: l.Name, Small: l.Payment}
		if l.List != "" {
			firm.URL = fmt.Sprintf("/lists/%s/entries/%d", l.List, l.N)
		} else {
			firm.Text = "不是我们的支付编号"
		}
		rows = append(rows, []moneyui.Cell{moneyui.Badge(evidence.Class(l.Class).String(), moneyui.Warn), firm, moneyui.Sum(l.Amount), {Text: moneyui.ResultWord(l.Result), Small: l.Reason}, {Text: l.FileName, Small: moneyui.Clock(l.BankAt)}, do})
	}
	s.Tables = []moneyui.Table{{Name: "待查的回单", Heads: []string{"为什么待查", "哪一笔", "金额（元）#", "银行说", "来自", "处理"}, Rows: rows, Empty: "没有待查的回单。"}}
	if len(page) == pageSize {
		s.More = counter.URL("/payments", "doubt", page[pageSize-1].ID)
	}
	return s, err
}

func (p *Pages) batch(w http.ResponseWriter, r *http.Request) error { return p.showBatch(w, r, nil) }

// showBatch is the page of one batch.
func (p *Pages) showBatch(w http.ResponseWriter, r *http.Request, because error) error {
	ctx, id := r.Context(), r.PathValue("id")
	who := p.Who(ctx)
	found, err := p.Seen.Batches(ctx, id, "", 1)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return problem.New(http.StatusNotFound, "没有找到这个支付批次。")
	}
	b := found[0]
	l, err := p.View.List(ctx, b.List)
	if err != nil {
		return p.Explain(ctx, err, "这份名单")
	}
	s := p.Begin(r, "支付批次 "+b.ID, "payments")
	s.Crumbs = []moneyui.Link{{Text: "支付和回单", URL: "/payments"}}
	s.State, s.Tone = l.State.Words(), moneyui.ListTone(l.State, l.Suspended)
	s.Meta = []string{b.Title, b.Department, fmt.Sprintf("%d 笔，%s 元", b.Lines, moneyui.Yuan(b.Sum)), b.MadeOn.String() + " 由" + b.MadeBy + "生成", "回单最迟 " + b.AnswerBy.String()}
	s.Links = []moneyui.Link{{Text: "名单", URL: "/lists/" + b.List}, {Text: "对账", URL: counter.URL("/reconciliation", "list", b.List)}}
	if l.State == lists.Exported && l.Round == b.Round && who.Has(caller.F1) {
		s.Next = []string{"下载文件，交给银行或一体化系统，然后到名单页面记为送出。每次下载都有记录，同一种文件每次字节都一样。"}
		s.Do = []moneyui.Form{{Action: batchURL(id) + "/files", Button: "下载", Fields: []moneyui.Field{{Name: "format", Label: "哪种文件", Kind: "select", Choices: formats(), Value: "application"}}}}
	}
	downloads, err := p.Seen.Downloads(ctx, id)
	if err != nil {
		return err
	}
	var taken [][]moneyui.Cell
	for _, d := range downloads {
		taken = append(taken, []moneyui.Cell{moneyui.Text(pay.Formats()[d.Format].Name()), {Text: d.Name, Small: moneyui.Clock(d.At)}, moneyui.Text(strconv.FormatInt(d.Bytes, 10)), {Text: d.SHA256, Code: true}})
	}
	payments, err := p.paymentsOf(r, b)
	if err != nil {
		return err
	}
	doubts, err := p.doubts(ctx, who, id, "")
	if err != nil {
		return err
	}
	s.Sections = []moneyui.Section{payments, doubts, {ID: "downloads", Title: "下载记录", Tables: []moneyui.Table{{Name: "下载记录", Heads: []string{"文件", "谁下载的", "字节#", "SHA-256"}, Rows: taken, Empty: "还没有人下载过文件，没有下载就不能记为送出。"}}}}
	return p.Show(w, r, s, because)
}

func (p *Pages) paymentsOf(r *http.Request, b overview.Batch) (moneyui.Section, error) {
	state := counter.Text(r, "state")
	page, err := p.Seen.Payments(r.Context(), overview.PaymentFilter{Batch: b.ID, State: state, After: counter.Text(r, "after"), Limit: pageSize})
	s := moneyui.Section{ID: "payments", Title: "支付", Count: spread(b.States), Tabs: []moneyui.Link{{Text: "全部", URL: batchURL(b.ID), Here: state == ""}}}
	for _, name := range moneyui.PaymentStates {
		if n := b.States[name].Count; n > 0 {
			s.Tabs = append(s.Tabs, moneyui.Link{Text: fmt.Sprintf("%s %d", moneyui.PaymentWord(name), n), URL: counter.URL(batchURL(b.ID), "state", name), Here: name == state})
		}
	}
	unclear := p.Who(r.Context()).Has(caller.F2)
	var rows [][]moneyui.Cell
	for _, x := range page {
		cell := moneyui.PaymentState(x.State)
		cell.Small = x.Reason
		if unclear && x.State == "sent" {
			cell.Forms = []moneyui.Form{{Action: batchURL(b.ID) + "/unknown", Button: "记为结果不明", Title: "结果不明？", Fold: true, Quiet: true, Hidden: []moneyui.Pair{{Name: "payment", Value: x.ID}}, Fields: []moneyui.Field{{Name: "reason", Label: "为什么", Kind: "text", Must: true}}}}
		}
		rows = append(rows, []moneyui.Cell{{Text: x.Name, URL: fmt.Sprintf("/lists/%s/entries/%d", x.List, x.N), Small: x.Enterprise}, {Text: x.ID, Code: true}, moneyui.Text(x.Account), moneyui.Sum(x.Amount), cell, moneyui.Text(moneyui.Clock(x.MovedAt))})
	}
	s.Tables = []moneyui.Table{{Name: "支付", Heads: []string{"企业", "支付编号", "收款账户", "金额（元）#", "状态", "时间"}, Rows: rows, Empty: "没有这种状态的支付。"}}
	if len(page) == pageSize {
		s.More = counter.URL(batchURL(b.ID), "state", state, "after", page[pageSize-1].ID)
	}
	return s, err
}

// formats are the files that a batch can leave as.
func formats() (list []moneyui.Pair) {
	for key, f := range pay.Formats() {
		list = append(list, moneyui.Pair{Name: f.Name() + "（." + f.Extension() + "）", Value: key})
	}
	slices.SortFunc(list, func(a, b moneyui.Pair) int { return strings.Compare(a.Value, b.Value) })
	return list
}

// file makes a file of the batch, records who takes it, and sends it.
func (p *Pages) file(w http.ResponseWriter, r *http.Request) (err error) {
	ctx, id, format := r.Context(), r.PathValue("id"), counter.Text(r, "format")
	kind, ok := pay.Formats()[format]
	if !ok {
		return p.showBatch(w, r, problem.New(http.StatusUnprocessableEntity, "没有这种文件，请从列表里选。"))
	}
	dir, err := os.MkdirTemp(p.scratch, "mianshen-batch-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "batch")
	if _, err := p.Bank.MakeFile(ctx, pay.Actor{Person: p.Who(ctx).ID()}, id, format, path, p.Clock()); err != nil {
		return p.showBatch(w, r, p.Explain(ctx, err, "这个支付批次"))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return counter.Send(w, id+"-"+format+"."+kind.Extension(), "application/octet-stream", data)
}

func (p *Pages) unknown(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	err := p.Bank.MarkUnknown(ctx, pay.Actor{Person: p.Who(ctx).ID()}, id, []string{counter.Text(r, "payment")}, counter.Text(r, "reason"), p.Clock())
	if err != nil {
		return p.showBatch(w, r, p.Explain(ctx, err, "这笔支付"))
	}
	return p.Lead(w, r, batchURL(id))
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
