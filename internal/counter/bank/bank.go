// Package bank is the part of the command mianshen list that deals with the bank: payments and their files, receipts, what is in
// doubt, reconciliation.
package bank

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/balance"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/seal"
	"mianshen/rules/civil"
)

// Commands are the commands, in the order of a list's way.
type Commands struct {
	Export    export    `cmd:"" help:"生成支付和批次（财政经办）"`
	File      file      `cmd:"" help:"取支付文件（财政经办）"`
	Send      send      `cmd:"" help:"登记已送出银行（财政经办）"`
	Receipts  receipts  `cmd:"" help:"收下银行回单（财政经办）"`
	Overdue   overdue   `cmd:"" help:"把过了答复期限的支付标为“结果不明”（财政经办）"`
	Unknown   unknown   `cmd:"" help:"把送出的支付记为“结果不明”，不再自动送（财政复核）"`
	Answer    answered  `cmd:"" name:"bank-said" help:"补记银行对一笔“结果不明”的答复，由另一人认定才算数（财政经办）"`
	Doubts    doubts    `cmd:"" help:"列出待查的回单"`
	Resolve   resolve   `cmd:"" help:"查清一条待查的回单（财政复核，不是收下它的人）"`
	Settle    settle    `cmd:"" help:"办结（财政复核）"`
	Reconcile reconcile `cmd:"" help:"对账：名单、额度、文件、回单、银行流水逐笔核对"`
}

// banking are the flags of a command about payments.
type banking struct {
	counter.Acting
	counter.Sealing
}

func (c *banking) desk(d *counter.Desk, debtor payout.Debtor) (*pay.Desk, error) {
	ring, err := c.Ring(d)
	if err != nil {
		return nil, err
	}
	return pay.New(d.Store, ring, debtor), nil
}

// do runs with a desk that writes no file.
func (c *banking) do(ctx context.Context, p *counter.Program, run func(*counter.Desk, *pay.Desk) error) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		desk, err := c.desk(d, payout.Debtor{})
		if err != nil {
			return err
		}
		return run(d, desk)
	})
}

// Payer is the paying account, which stands in every payment file.
type Payer struct {
	Name    string `name:"payer-name" env:"MIANSHEN_PAYER_NAME" help:"付款人全称"`
	Bank    string `name:"payer-bank" env:"MIANSHEN_PAYER_BANK" help:"付款行行号，12 位"`
	Account string `name:"payer-account" env:"MIANSHEN_PAYER_ACCOUNT" help:"付款账号；写在环境变量里，别人在进程列表里就看不到"`
}

// Debtor is the account, or a misuse that says what is missing.
func (p Payer) Debtor() (payout.Debtor, error) {
	if p.Name == "" || p.Bank == "" || p.Account == "" {
		return payout.Debtor{}, counter.Misuse{Text: "要写明付款账户：--payer-name、--payer-bank、--payer-account，或环境变量 MIANSHEN_PAYER_NAME、MIANSHEN_PAYER_BANK、MIANSHEN_PAYER_ACCOUNT"}
	}
	return payout.Debtor{Name: p.Name, Bank: p.Bank, Account: p.Account}, nil
}

// paying runs with a desk that knows the paying account.
func (c *banking) paying(ctx context.Context, p *counter.Program, by Payer, run func(*counter.Desk, *pay.Desk) error) error {
	debtor, err := by.Debtor()
	if err != nil {
		return err
	}
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		desk, err := c.desk(d, debtor)
		if err != nil {
			return err
		}
		return run(d, desk)
	})
}

type export struct {
	List string `arg:"" help:"名单编号"`
	banking
	Payer
	AnswerBy string `name:"answer-by" required:"" help:"银行最迟哪天答复，如 2025-07-31；以后的回单要人来查"`
}

// Run makes the payments.
func (c *export) Run(ctx context.Context, p *counter.Program) error {
	by, err := civil.Parse(c.AnswerBy)
	if err != nil {
		return counter.Misuse{Text: fmt.Sprintf("--answer-by：%v", err)}
	}
	return c.paying(ctx, p, c.Payer, func(d *counter.Desk, desk *pay.Desk) error {
		b, err := desk.Export(ctx, d.Payer(), c.List, by, d.Now)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.Out, "批次 %s：%d 笔 %s 元。取支付文件：mianshen list file %s --kind csv-gb18030 --out 文件。\n", b.ID, b.Lines, b.Sum, b.ID)
		return err
	})
}

type file struct {
	Batch string `arg:"" help:"批次号，如 mianshen list export 所示"`
	banking
	Payer
	Kind string `enum:"pain.001,csv-utf8,csv-gb18030,xlsx,application,handover" default:"pain.001" help:"pain.001 付款指令、csv-utf8、csv-gb18030、xlsx、application 直接支付申请书、handover 预算一体化"`
	Out  string `required:"" help:"写到这个文件，内有完整账号，请妥善保管"`
}

// Run takes a payment file out.
func (c *file) Run(ctx context.Context, p *counter.Program) error {
	if info, err := os.Stat(filepath.Dir(c.Out)); err != nil || !info.IsDir() {
		return counter.Misuse{Text: fmt.Sprintf("--out：没有目录 %s", filepath.Dir(c.Out))}
	}
	return c.paying(ctx, p, c.Payer, func(d *counter.Desk, desk *pay.Desk) error {
		f, err := desk.MakeFile(ctx, d.Payer(), c.Batch, c.Kind, c.Out, d.Now)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.Out, "%s：%d 字节，SHA-256 %s。送出后登记：mianshen list send 名单编号。\n", c.Out, f.Bytes, f.SHA256)
		return err
	})
}

type send struct {
	List string `arg:"" help:"名单编号"`
	banking
}

// Run says that the batch has gone.
func (c *send) Run(ctx context.Context, p *counter.Program) error {
	return c.do(ctx, p, func(d *counter.Desk, desk *pay.Desk) error {
		if err := desk.Send(ctx, d.Payer(), c.List, d.Now); err != nil {
			return err
		}
		return d.Stands(ctx, c.List)
	})
}

type settle struct {
	List string `arg:"" help:"名单编号"`
	banking
}

// Run ends a list.
func (c *settle) Run(ctx context.Context, p *counter.Program) error {
	return c.do(ctx, p, func(d *counter.Desk, desk *pay.Desk) error {
		if err := desk.Settle(ctx, d.Payer(), c.List, d.Now); err != nil {
			return err
		}
		return d.Stands(ctx, c.List)
	})
}

type receipts struct {
	File string `arg:"" help:"回单文件：pain.002、CSV 或 XLSX，按内容认"`
	banking
}

// Run takes receipts in. Lines in doubt make exit code 1.
func (c *receipts) Run(ctx context.Context, p *counter.Program) error {
	data, err := counter.Small(c.File, pay.MaxReceiptFile)
	if err != nil {
		return err
	}
	return c.do(ctx, p, func(d *counter.Desk, desk *pay.Desk) error {
		t, err := desk.TakeReceipts(ctx, d.Payer(), filepath.Base(c.File), data, d.Now)
		if err != nil {
			return err
		}
		return took(p, t)
	})
}

func took(p *counter.Program, t pay.Taken) error {
	if t.Again {
		_, err := fmt.Fprintln(p.Out, "这个回单文件以前收过，没有再记。")
		return err
	}
	doubtful, counts := 0, []string(nil)
	for _, class := range slices.Sorted(maps.Keys(t.Classes)) {
		counts = append(counts, fmt.Sprintf("%s %d 条", class, t.Classes[class]))
		if class.Doubtful() {
			doubtful += t.Classes[class]
		}
	}
	if _, err := fmt.Fprintf(p.Out, "收下 %s 回单 %d 条，新的 %d 条，%d 笔支付有了结果。%s\n", t.Format, t.Lines, t.New, t.Moved, strings.Join(counts, "，")); err != nil {
		return err
	}
	if t.Refused != "" {
		fmt.Fprintf(p.Err, "银行整批拒收：%s。请与银行核对后决定怎么办。\n", t.Refused)
	}
	if doubtful > 0 {
		fmt.Fprintf(p.Err, "有 %d 条待查：用 mianshen list doubts 看，查清后由财政复核用 mianshen list resolve 处理。\n", doubtful)
	}
	if t.Refused != "" || doubtful > 0 {
		return counter.ErrShown
	}
	return nil
}

type overdue struct{ banking }

// Run says of payments that should have been answered that nobody knows.
func (c *overdue) Run(ctx context.Context, p *counter.Program) error {
	return c.do(ctx, p, func(d *counter.Desk, desk *pay.Desk) error {
		n, err := desk.Overdue(ctx, d.Payer(), d.Now)
		if err == nil {
			_, err = fmt.Fprintf(p.Out, "%d 笔支付过了答复期限，标为结果不明。\n", n)
		}
		return err
	})
}

type unknown struct {
	Batch    string   `arg:"" help:"批次号"`
	Payments []string `arg:"" optional:"" help:"支付编号；不写就是这一批所有还没有答复的"`
	banking
	Reason string `required:"" help:"为什么结果不明，如：银行系统故障"`
}

// Run says that nobody knows what became of payments.
func (c *unknown) Run(ctx context.Context, p *counter.Program) error {
	return c.do(ctx, p, func(d *counter.Desk, desk *pay.Desk) error {
		n, err := desk.MarkUnknown(ctx, d.Payer(), c.Batch, c.Payments, c.Reason, d.Now)
		if err == nil {
			_, err = fmt.Fprintf(p.Out, "%d 笔支付记为结果不明，不会再送。查清以后：有回单用 mianshen list receipts，没有回单用 mianshen list bank-said。\n", n)
		}
		return err
	})
}

type answered struct {
	Payment string `arg:"" help:"支付编号"`
	banking
	Result string `required:"" enum:"success,failed,returned" help:"success 已付、failed 没有付出去、returned 付了又退回"`
	On     string `required:"" help:"哪天的事，如 2025-07-02"`
	Basis  string `required:"" help:"银行怎么答复的：函号、谁问的；不写账号"`
}

// Run writes down what the bank said without a receipt.
func (c *answered) Run(ctx context.Context, p *counter.Program) error {
	on, err := civil.Parse(c.On)
	if err != nil {
		return counter.Misuse{Text: fmt.Sprintf("--on：%v", err)}
	}
	return c.do(ctx, p, func(d *counter.Desk, desk *pay.Desk) error {
		line, err := desk.State(ctx, d.Payer(), pay.Statement{Payment: c.Payment, Result: evidence.ResultOf(c.Result), On: on, Basis: c.Basis}, d.Now)
		if err == nil {
			_, err = fmt.Fprintf(p.Out, "已记下，等财政复核（另一个人）认定：mianshen list resolve %s --holds --reason 依据。\n", line)
		}
		return err
	})
}

type doubts struct {
	counter.Place
	counter.Shown
	Batch string `help:"只看这个批次的"`
}

// Run lists what is in doubt. It shows no account, so it needs no keys.
func (c *doubts) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		all, err := pay.New(o.Store, seal.New(), payout.Debtor{}).Doubts(ctx, c.Batch)
		if err != nil {
			return err
		}
		t := &counter.Part{Empty: "没有待查的回单。", Columns: counter.Columns("id", "编号", "batch", "批次", "payment", "支付编号", "amount", "金额（元）", "result", "结果", "at", "银行时间", "class", "为什么待查", "reason", "银行说明")}
		for _, l := range all {
			r := l.Receipt
			t.Add(l.ID, r.Batch, r.Payment, r.Amount, counter.Word{Code: evidence.ResultWord(r.Result), Text: r.Result.String()}, r.At, counter.Word{Code: string(l.Class), Text: l.Class.String()}, r.Reason)
		}
		return c.Show(p.Out, t)
	})
}

type resolve struct {
	Line string `arg:"" help:"待查回单的编号，如 mianshen list doubts 所示"`
	banking
	Holds  bool   `xor:"outcome" required:"" help:"算数：只是日期存疑，支付、账号、金额都对；或补记的银行答复属实；银行在下一年划的款，要先有批准了的结转额度"`
	Reject bool   `xor:"outcome" required:"" help:"不算数：不理会这一条"`
	Reason string `required:"" help:"怎么查清的"`
}

// Run closes a line in doubt.
func (c *resolve) Run(ctx context.Context, p *counter.Program) error {
	return c.do(ctx, p, func(d *counter.Desk, desk *pay.Desk) error {
		if err := desk.Resolve(ctx, d.Payer(), c.Line, c.Holds, c.Reason, d.Now); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.Out, "已查清。")
		return err
	})
}

type reconcile struct {
	counter.Place
	counter.Sealing
	counter.Shown
	Payer
	Year      int    `help:"哪一年的批次；缺省为今年"`
	List      string `help:"只对这份名单"`
	Statement string `help:"银行流水（CSV：日期、金额、支付编号或摘要）"`
}

// Run puts list, ledger, file, receipts and statement side by side. What waits or differs makes exit code 1.
func (c *reconcile) Run(ctx context.Context, p *counter.Program) error {
	debtor, err := c.Debtor()
	if err != nil {
		return err
	}
	if c.Year == 0 {
		c.Year = civil.On(time.Now()).Year()
	}
	statement, err := readStatement(c.Statement)
	if err != nil {
		return err
	}
	return c.Read(ctx, p, func(o *casework.Office) error {
		ring, err := p.Keys(c.DB, c.Keys)
		if err != nil {
			return err
		}
		r, err := balance.Reconcile(ctx, o.Store, pay.New(o.Store, ring, debtor), c.Year, c.List, statement)
		if err != nil {
			return err
		}
		if err := c.Show(p.Out, balances(r)...); err != nil || r.Clean() {
			return err
		}
		fmt.Fprintln(p.Err, "还有没有结果或对不上的，请逐笔查清。")
		return counter.ErrShown
	})
}

func readStatement(path string) (s *balance.Statement, err error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, counter.Misuse{Text: fmt.Sprintf("--statement：读不了 %s", path)}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return balance.ReadStatement(f, info.Size())
}

func balances(r *balance.Report) []*counter.Part {
	sums := &counter.Part{Key: "sums", Columns: counter.Columns("class", "类别", "list", "名单（笔）", "list_sum", "元", "ledger", "额度（笔）", "ledger_sum", "元", "file", "文件（笔）", "file_sum", "元",
		"receipts", "回单（笔）", "receipts_sum", "元", "statement", "流水（笔）", "statement_sum", "元")}
	add := func(name string, x balance.Row) {
		sums.Add(name, x.List.Count, x.List.Sum, x.Ledger.Count, x.Ledger.Sum, x.File.Count, x.File.Sum, x.Receipts.Count, x.Receipts.Sum, x.Statement.Count, x.Statement.Sum)
	}
	lines := &counter.Part{Key: "lines", Title: "要看的：", Columns: counter.Columns("class", "类别", "list", "名单", "n", "序号", "payment", "支付编号", "amount", "金额（元）", "note", "说明")}
	for class, x := range r.Rows {
		name := balance.Class(class).String()
		if x != (balance.Row{}) {
			add(name, x)
		}
		if !balance.Class(class).Finished() {
			for _, l := range r.Lines[class] {
				lines.Add(name, l.List, l.N, l.Payment, l.Amount, l.Note)
			}
		}
	}
	add("合计", r.Total)
	files := &counter.Part{Key: "files", Title: "支付文件重新生成后核对：", Columns: counter.Columns("batch", "批次", "format", "格式", "problem", "不符")}
	for _, f := range r.Files {
		files.Add(f.Batch, f.Format, f.Problem)
	}
	return []*counter.Part{sums, lines, files}
}
