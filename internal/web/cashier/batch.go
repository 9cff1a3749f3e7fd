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

	"mianshen/internal/disburse/brake"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/overview"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/web/caller"
	"mianshen/internal/web/counter"
	"mianshen/internal/web/moneyui"
	"mianshen/internal/web/problem"
	"mianshen/rules/civil"
)

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
	if b.States["sent"].Count > 0 && who.Has(caller.F2) {
		s.Do = append(s.Do, moneyui.Form{
			Action: batchURL(id) + "/unknown", Button: "整批记为结果不明", Title: fmt.Sprintf("%d 笔还没有银行答复，问不到结果？", b.States["sent"].Count), Fold: true, Quiet: true,
			Hint: "记下以后不会重付，也不会自动再送。以后收到回单照常入账；银行只给口头或书面答复的，由财政经办补记，财政复核认定。", Fields: []moneyui.Field{why},
		})
	}
	if n := b.States["unknown"].Count; n > 0 {
		s.Next = append(s.Next, fmt.Sprintf("%d 笔结果不明：向银行查清楚。有回单就收回单；没有回单的，由财政经办在下面补记银行答复，再由财政复核在“待查”里认定。", n))
	}
	if err := p.locked(ctx, &s); err != nil {
		return err
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
	state, find := counter.Text(r, "state"), counter.Text(r, "find")
	page, err := p.Seen.Payments(r.Context(), overview.PaymentFilter{Batch: b.ID, State: state, Find: find, After: counter.Text(r, "after"), Limit: pageSize})
	s := moneyui.Section{ID: "payments", Title: "支付", Count: spread(b.States), Tabs: []moneyui.Link{{Text: "全部", URL: batchURL(b.ID), Here: state == ""}}}
	for _, name := range moneyui.PaymentStates {
		if n := b.States[name].Count; n > 0 {
			s.Tabs = append(s.Tabs, moneyui.Link{Text: fmt.Sprintf("%s %d", moneyui.PaymentWord(name), n), URL: counter.URL(batchURL(b.ID), "state", name), Here: name == state})
		}
	}
	s.Forms = []moneyui.Form{{Action: batchURL(b.ID), Ask: true, Quiet: true, Button: "找", Hidden: []moneyui.Pair{{Name: "state", Value: state}}, Fields: []moneyui.Field{{Name: "find", Label: "找企业", Kind: "text", Value: find, Hint: "名称的一部分，或统一社会信用代码的开头"}}}}
	who := p.Who(r.Context())
	var rows [][]moneyui.Cell
	for _, x := range page {
		cell := moneyui.PaymentState(x.State)
		cell.Small, cell.Forms = x.Reason, p.paymentDeeds(who, b.ID, x)
		rows = append(rows, []moneyui.Cell{{Text: x.Name, URL: fmt.Sprintf("/lists/%s/entries/%d", x.List, x.N), Small: x.Enterprise}, {Text: x.ID, Code: true}, moneyui.Text(x.Account), moneyui.Sum(x.Amount), cell, moneyui.Text(moneyui.Clock(x.MovedAt))})
	}
	s.Tables = []moneyui.Table{{Name: "支付", Heads: []string{"企业", "支付编号", "收款账户", "金额（元）#", "状态", "时间"}, Rows: rows, Empty: "没有这种状态的支付。"}}
	if len(page) == pageSize {
		s.More = counter.URL(batchURL(b.ID), "state", state, "find", find, "after", page[pageSize-1].ID)
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

// why asks for the reason of a payment whose outcome is unknown.
var why = moneyui.Field{Name: "reason", Label: "为什么不明", Kind: "text", Must: true, Hint: "如银行系统故障、查询无记录"}

// paymentDeeds are what who looks may do with a payment.
func (p *Pages) paymentDeeds(who caller.Caller, batch string, x overview.Payment) []moneyui.Form {
	this := []moneyui.Pair{{Name: "payment", Value: x.ID}}
	switch {
	case x.State == "sent" && who.Has(caller.F2):
		return []moneyui.Form{{Action: batchURL(batch) + "/unknown", Button: "记为结果不明", Title: "结果不明？", Fold: true, Quiet: true, Hidden: this, Fields: []moneyui.Field{why}}}
	case x.State == "unknown" && who.Has(caller.F1):
		return []moneyui.Form{{Action: batchURL(batch) + "/answers", Button: "记下", Title: "补记银行答复", Fold: true, Quiet: true, Hidden: this, Hint: "记下以后进“待查”，由财政复核认定才算数。写银行划款的那一天，不是记账或回单的日期：跨年的按这一天决定用哪一年的额度。", Fields: []moneyui.Field{
			{Name: "result", Label: "银行说", Kind: "select", Choices: []moneyui.Pair{{Name: "已经付给企业", Value: "success"}, {Name: "没有付出去", Value: "failed"}, {Name: "付了又退回来", Value: "returned"}}},
			{Name: "on", Label: "哪天的事", Kind: "date", Must: true, Value: civil.On(p.Clock()).String()},
			{Name: "basis", Label: "银行怎么答复的", Kind: "text", Must: true, Hint: "函号、柜面查询、谁答复的；不写账号"},
		}}}
	}
	return nil
}

func (p *Pages) toBatch(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return p.showBatch(w, r, p.Explain(r.Context(), err, "这笔支付"))
	}
	return p.Lead(w, r, batchURL(r.PathValue("id")))
}

// unknown says of a payment, or of all of the batch that wait for the bank, that nobody knows what became of them.
func (p *Pages) unknown(w http.ResponseWriter, r *http.Request) error {
	var payments []string
	if id := counter.Text(r, "payment"); id != "" {
		payments = []string{id}
	}
	_, err := p.Bank.MarkUnknown(r.Context(), pay.Actor{Person: p.Who(r.Context()).ID()}, r.PathValue("id"), payments, counter.Text(r, "reason"), p.Clock())
	return p.toBatch(w, r, err)
}

// stateAnswer writes down what the bank said of a payment without a receipt.
func (p *Pages) stateAnswer(w http.ResponseWriter, r *http.Request) error {
	s := pay.Statement{Payment: counter.Text(r, "payment"), Result: evidence.ResultOf(counter.Text(r, "result")), On: counter.Day(r, "on"), Basis: counter.Text(r, "basis")}
	_, err := p.Bank.State(r.Context(), pay.Actor{Person: p.Who(r.Context()).ID()}, s, p.Clock())
	return p.toBatch(w, r, err)
}

// locked says on a page that payments are locked, and where that is undone.
func (p *Pages) locked(ctx context.Context, s *moneyui.Sheet) error {
	b, err := brake.New(p.Office.Store).Standing(ctx)
	if err == nil && b.Locked {
		s.Blocked = append(s.Blocked, "支付和推送现在锁着："+b.Reason+"。核对、解锁以前，不能生成支付文件，也不能记为送出。")
		s.Links = append(s.Links, moneyui.Link{Text: "去核对和解锁", URL: "/lock"})
	}
	return err
}

// formatWord names the format of a file of receipts.
func formatWord(format string) string {
	if format == pay.StatementFormat {
		return "银行答复（人工补记）"
	}
	return format
}
