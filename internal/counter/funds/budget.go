// Package funds is what lists draw on: the commands for budget lines, payee accounts, findings of persons, choices of firms and
// money claimed back.
package funds

import (
	"context"
	"fmt"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/disburse/ledger"
	"mianshen/rules/exact"
)

// Budget is the command with its subcommands.
type Budget struct {
	Lines     lines     `cmd:"" default:"withargs" help:"列出预算额度"`
	Statement statement `cmd:"" help:"一条额度的流水和余额"`
	Open      open      `cmd:"" help:"建一条额度（财政经办），等人批准"`
	Approve   accept    `cmd:"" help:"批准一条额度（财政审批，不是建它的人）"`
	Allot     allot     `cmd:"" help:"按指标文号下达额度（财政审批）"`
	Carry     carry     `cmd:"" help:"把上年结余转到今年的额度（财政审批）"`
}

// act runs with the ledger, and then says what was done.
func act(ctx context.Context, p *counter.Program, a counter.Acting, scope string, do func(*counter.Desk, *ledger.Book) (string, error)) error {
	return a.Do(ctx, p, scope, func(d *counter.Desk) error {
		said, err := do(d, ledger.New(d.Store))
		if err == nil {
			_, err = fmt.Fprintln(p.Out, said)
		}
		return err
	})
}

type lines struct {
	counter.Place
	counter.Shown
	Year       int    `help:"只列这个年度的"`
	Department string `help:"只列这个部门的"`
	Item       string `help:"只列这个事项的"`
}

// Run lists budget lines.
func (c *lines) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		all, err := ledger.New(o.Store).Lines(ctx, ledger.LineFilter{Year: c.Year, Department: c.Department, Item: c.Item})
		if err != nil {
			return err
		}
		t := &counter.Part{Empty: "没有这样的预算额度。建额度用 mianshen budget open。", Columns: counter.Columns("id", "编号", "name", "名称", "year", "年度", "department", "部门", "item", "事项",
			"total", "下达（元）", "reserved", "冻结", "posted", "已付", "available", "可用", "approved", "已批准", "carried_from", "结转自")}
		for _, l := range all {
			t.Add(l.ID, l.Name, l.Year, l.Department, l.Item, l.Total, l.Reserved, l.Posted, l.Available(), l.ApprovedBy != "", l.CarriedFrom)
		}
		return c.Show(p.Out, t)
	})
}

type statement struct {
	Line string `arg:"" help:"额度编号"`
	counter.Place
	counter.Shown
}

var (
	kindWords    = map[string]string{"allot": "下达", "carry": "结转", "reserve": "冻结", "void": "解冻", "move_out": "冻结结转出", "move_in": "冻结结转入", "post": "支付", "return": "退回", "recover": "追回"}
	accountWords = map[string]string{"appropriation": "下达", "available": "可用", "reserved": "冻结", "paid": "已付"}
)

func word(code string, words map[string]string) counter.Word {
	text, ok := words[code]
	if !ok {
		text = code
	}
	return counter.Word{Code: code, Text: text}
}

// Run shows the account of a line.
func (c *statement) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		s, err := ledger.New(o.Store).Statement(ctx, c.Line)
		if err != nil {
			return err
		}
		l := s.Line
		head := &counter.Part{Key: "line", Card: true, Columns: counter.Columns("id", "编号", "name", "名称", "year", "年度", "department", "部门", "item", "事项", "unit", "预算单位", "project", "项目",
			"function", "功能分类", "economic", "经济分类", "carried_from", "结转自", "opened_by", "建立人", "approved_by", "批准人", "total", "下达（元）", "reserved", "冻结", "posted", "已付", "available", "可用")}
		head.Add(l.ID, l.Name, l.Year, l.Department, l.Item, l.Unit, l.Project, l.Function, l.Economic, l.CarriedFrom, l.OpenedBy, l.ApprovedBy, l.Total, l.Reserved, l.Posted, l.Available())
		accounts := &counter.Part{Key: "accounts", Title: "余额（合计为零）：", Columns: counter.Columns("account", "科目", "balance", "余额（元）")}
		for _, a := range s.Accounts {
			accounts.Add(word(a.Name, accountWords), a.Balance)
		}
		postings := &counter.Part{Key: "postings", Title: "流水：", Columns: counter.Columns("seq", "序号", "at", "时间", "kind", "种类", "debit", "从", "credit", "到", "amount", "金额（元）", "list", "名单", "n", "条目", "round", "轮次",
			"payment", "支付编号", "ref", "文号", "person", "办理人")}
		for _, x := range s.Postings {
			postings.Add(x.Seq, x.At, word(x.Kind, kindWords), word(x.Debit, accountWords), word(x.Credit, accountWords), x.Fen, x.List, x.N, x.Round, x.Payment, x.Ref, x.Person)
		}
		return c.Show(p.Out, head, accounts, postings)
	})
}

type open struct {
	counter.Acting
	ID          string `name:"id" help:"额度编号；缺省取一个"`
	Name        string `required:"" help:"名称，与政策里的预算科目一致"`
	Year        int    `required:"" help:"年度"`
	Department  string `required:"" help:"哪个部门的名单可以用"`
	Item        string `help:"只用于这个事项；缺省为部门的任何事项"`
	Unit        string `required:"" help:"预算单位代码"`
	Project     string `required:"" help:"项目代码"`
	Function    string `required:"" help:"支出功能分类科目，7 位"`
	Economic    string `required:"" help:"支出经济分类科目，5 位"`
	CarriedFrom string `name:"carried-from" help:"结转自上年的哪条额度"`
}

// Run opens a line.
func (c *open) Run(ctx context.Context, p *counter.Program) error {
	return act(ctx, p, c.Acting, counter.Work, func(d *counter.Desk, b *ledger.Book) (string, error) {
		id, err := b.OpenLine(ctx, ledger.Line{
			ID: c.ID, Name: c.Name, Year: c.Year, Department: c.Department, Item: c.Item, Unit: c.Unit, Project: c.Project,
			Function: c.Function, Economic: c.Economic, CarriedFrom: c.CarriedFrom,
		}, d.Who.Person, d.Now)
		return fmt.Sprintf("额度 %s 已建立，等财政审批批准：mianshen budget approve %s。", id, id), err
	})
}

type accept struct {
	Line string `arg:"" help:"额度编号"`
	counter.Acting
}

// Run approves a line.
func (c *accept) Run(ctx context.Context, p *counter.Program) error {
	return act(ctx, p, c.Acting, counter.Approve, func(d *counter.Desk, b *ledger.Book) (string, error) {
		return fmt.Sprintf("额度 %s 已批准。下达用 mianshen budget allot %s。", c.Line, c.Line), b.ApproveLine(ctx, c.Line, d.Who.Person, d.Now)
	})
}

type allot struct {
	Line string `arg:"" help:"额度编号"`
	counter.Acting
	Amount string `required:"" help:"多少元"`
	Ref    string `required:"" help:"指标文号，一个文号只记一次"`
}

// Run puts money on a line.
func (c *allot) Run(ctx context.Context, p *counter.Program) error {
	m, err := counter.Money("--amount", c.Amount)
	if err != nil {
		return err
	}
	return act(ctx, p, c.Acting, counter.Approve, func(d *counter.Desk, b *ledger.Book) (string, error) {
		if err := b.Allot(ctx, c.Line, m, c.Ref, d.Who.Person, d.Now); err != nil {
			return "", err
		}
		return left(ctx, b, c.Line, m)
	})
}

func left(ctx context.Context, b *ledger.Book, line string, m exact.Money) (string, error) {
	all, err := b.Lines(ctx, ledger.LineFilter{ID: line})
	if err != nil || len(all) == 0 {
		return "", err
	}
	return fmt.Sprintf("额度 %s 增加 %s 元，现在可用 %s 元。", line, m, all[0].Available()), nil
}

type carry struct {
	From string `arg:"" help:"上年的额度"`
	To   string `arg:"" help:"今年的额度，建立时要写明结转自上年那条"`
	counter.Acting
	Amount string `required:"" help:"多少元"`
	Ref    string `required:"" help:"准许结转的文号"`
}

// Run carries money over.
func (c *carry) Run(ctx context.Context, p *counter.Program) error {
	m, err := counter.Money("--amount", c.Amount)
	if err != nil {
		return err
	}
	return act(ctx, p, c.Acting, counter.Approve, func(d *counter.Desk, b *ledger.Book) (string, error) {
		if err := b.CarryOver(ctx, ledger.Carry{From: c.From, To: c.To, Fen: m, Ref: c.Ref}, d.Who.Person, d.Now); err != nil {
			return "", err
		}
		return left(ctx, b, c.To, m)
	})
}

// Recovery is the command with its subcommands.
type Recovery struct {
	List    recoveries `cmd:"" default:"withargs" help:"列出追回"`
	Propose propose    `cmd:"" help:"提出追回一笔支付的全部或一部分（部门经办）"`
	Approve confirm    `cmd:"" help:"批准追回（财政审批，不是提出的人）"`
	Receive receive    `cmd:"" help:"登记收回的钱（财政经办）"`
}

type recoveries struct {
	counter.Place
	counter.Shown
	counter.Paged
	Enterprise string `help:"只列这家企业的（统一社会信用代码）"`
}

// Run lists recoveries.
func (c *recoveries) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		all, err := ledger.New(o.Store).Recoveries(ctx, c.Enterprise, page(c.Paged))
		if err != nil {
			return err
		}
		t := &counter.Part{Empty: "没有追回。", Columns: counter.Columns("id", "编号", "payment", "支付编号", "enterprise", "信用代码", "amount", "应追回（元）", "received", "已收回", "open", "未收回", "reason", "原因",
			"proposed_by", "提出人", "proposed_at", "提出时间", "approved_by", "批准人", "approved_at", "批准时间")}
		for _, r := range counter.Cut(c.Paged, p, all, func(r ledger.Recovery) string { return r.ID }) {
			t.Add(r.ID, r.Payment, r.Enterprise, r.Amount, r.Received, r.Open(), r.Reason, r.ProposedBy, r.ProposedAt, r.ApprovedBy, r.ApprovedAt)
		}
		return c.Show(p.Out, t)
	})
}

type propose struct {
	Payment string `arg:"" help:"支付编号"`
	counter.Acting
	Amount string `required:"" help:"追回多少元"`
	Reason string `required:"" help:"原因"`
}

// Run proposes a recovery.
func (c *propose) Run(ctx context.Context, p *counter.Program) error {
	m, err := counter.Money("--amount", c.Amount)
	if err != nil {
		return err
	}
	return act(ctx, p, c.Acting, counter.Work, func(d *counter.Desk, b *ledger.Book) (string, error) {
		id, err := b.Propose(ctx, ledger.Recovery{Payment: c.Payment, Amount: m, Reason: c.Reason}, d.Who.Person, d.Now)
		return fmt.Sprintf("追回 %s 已提出，等财政审批批准：mianshen recovery approve %s。", id, id), err
	})
}

type confirm struct {
	Recovery string `arg:"" help:"追回编号"`
	counter.Acting
}

// Run approves a recovery.
func (c *confirm) Run(ctx context.Context, p *counter.Program) error {
	return act(ctx, p, c.Acting, counter.Approve, func(d *counter.Desk, b *ledger.Book) (string, error) {
		return fmt.Sprintf("追回 %s 已批准。收到钱后登记：mianshen recovery receive %s。", c.Recovery, c.Recovery), b.ApproveRecovery(ctx, c.Recovery, d.Who.Person, d.Now)
	})
}

type receive struct {
	Recovery string `arg:"" help:"追回编号"`
	counter.Acting
	Amount string `required:"" help:"收回多少元"`
	Ref    string `required:"" help:"银行流水号，一个只记一次"`
}

// Run books money that came back.
func (c *receive) Run(ctx context.Context, p *counter.Program) error {
	m, err := counter.Money("--amount", c.Amount)
	if err != nil {
		return err
	}
	return act(ctx, p, c.Acting, counter.Work, func(d *counter.Desk, b *ledger.Book) (string, error) {
		return fmt.Sprintf("追回 %s 已登记收回 %s 元。", c.Recovery, m), b.Receive(ctx, c.Recovery, c.Ref, m, d.Who.Person, d.Now)
	})
}
