package funds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/intake"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Account is the command with its subcommands.
type Account struct {
	List   accounts `cmd:"" default:"withargs" help:"列出企业的收款账户，账号只露首尾"`
	Record record   `cmd:"" help:"登记一个收款账户（财政经办或部门经办），等人核验"`
	Verify verify   `cmd:"" help:"核验账户（财政复核，不是登记的人）；原来的账户停用"`
	Retire retire   `cmd:"" help:"停用账户（财政经办或财政复核）"`
	Unmask unmask   `cmd:"" help:"看完整账号：谁看、为什么，先记入审计日志"`
}

type accounts struct {
	counter.Place
	counter.Shown
	counter.Paged
	Enterprise string `help:"只列这家企业的（统一社会信用代码）"`
}

// Run lists accounts. Numbers are masked as they are kept, so it needs no keys.
func (c *accounts) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		all, err := ledger.NewRegistry(o.Store, nil).Accounts(ctx, c.Enterprise, page(c.Paged))
		if err != nil {
			return err
		}
		t := &counter.Part{Empty: "没有收款账户。登记用 mianshen account record。", Columns: counter.Columns("id", "编号", "enterprise", "信用代码", "holder", "户名", "bank", "行号", "number", "账号", "source", "来源",
			"recorded_by", "登记人", "verified_by", "核验人", "verified_how", "怎么核验", "usable_from", "可用于支付自", "retired_at", "停用时间")}
		for _, a := range counter.Cut(c.Paged, p, all, func(a ledger.PayeeAccount) string { return a.ID }) {
			t.Add(a.ID, a.Enterprise, a.Holder, a.Bank, a.Masked, a.Source, a.RecordedBy, a.VerifiedBy, a.VerifiedHow, a.UsableFrom, a.RetiredAt)
		}
		return c.Show(p.Out, t)
	})
}

// page asks for one row more than is shown, to know whether there are more.
func page(p counter.Paged) ledger.Page { return ledger.Page{After: p.After, Limit: p.Limit + 1} }

// registry runs with the registry of accounts, and then says what was done.
func registry(ctx context.Context, p *counter.Program, a counter.Acting, s counter.Sealing, scope string, do func(*counter.Desk, *ledger.Registry) (string, error)) error {
	return a.Do(ctx, p, scope, func(d *counter.Desk) error {
		ring, err := s.Ring(d)
		if err != nil {
			return err
		}
		said, err := do(d, ledger.NewRegistry(d.Store, ring))
		if err == nil {
			_, err = fmt.Fprintln(p.Out, said)
		}
		return err
	})
}

type record struct {
	Enterprise string `arg:"" help:"统一社会信用代码"`
	counter.Acting
	counter.Sealing
	ID         string `name:"id" help:"账户编号；缺省取一个"`
	Holder     string `required:"" help:"户名：企业登记的名称"`
	Bank       string `required:"" help:"行号，12 位"`
	Number     string `xor:"number" help:"账号；别人在进程列表里看得到，共用的机器上请用 --number-file"`
	NumberFile string `name:"number-file" xor:"number" help:"账号所在的文件，- 为标准输入"`
	Source     string `required:"" help:"账号从哪来：申请表、某部门"`
}

// Run takes in an account.
func (c *record) Run(ctx context.Context, p *counter.Program) error {
	number, err := c.number()
	if err != nil {
		return err
	}
	return registry(ctx, p, c.Acting, c.Sealing, counter.Work, func(d *counter.Desk, r *ledger.Registry) (string, error) {
		id, err := r.Record(ctx, ledger.NewAccount{ID: c.ID, Enterprise: c.Enterprise, Holder: c.Holder, Bank: c.Bank, Number: number, Source: c.Source}, d.Who.Person, d.Now)
		return fmt.Sprintf("账户 %s 已登记，等财政复核核验：mianshen account verify %s。", id, id), err
	})
}

func (c *record) number() (string, error) {
	const most = 1 << 10
	var text []byte
	var err error
	switch {
	case c.NumberFile == "-":
		text, err = io.ReadAll(io.LimitReader(os.Stdin, most))
	case c.NumberFile != "":
		text, err = counter.Small(c.NumberFile, most)
	default:
		text = []byte(c.Number)
	}
	number := strings.TrimSpace(string(text))
	if err == nil && number == "" {
		err = counter.Misuse{Text: "要写明账号：--number，或 --number-file 文件"}
	}
	return number, err
}

type verify struct {
	Account string `arg:"" help:"账户编号"`
	counter.Acting
	counter.Sealing
	How     string        `required:"" help:"怎么核验的：开户许可、小额打款"`
	Cooling time.Duration `default:"72h" help:"多久以后才付给它：让企业来得及发现不是自己改的"`
}

// Run makes an account the one that is paid to.
func (c *verify) Run(ctx context.Context, p *counter.Program) error {
	return registry(ctx, p, c.Acting, c.Sealing, counter.Verify, func(d *counter.Desk, r *ledger.Registry) (string, error) {
		err := r.Verify(ctx, c.Account, c.How, c.Cooling, d.Who.Person, d.Now)
		return fmt.Sprintf("账户 %s 已核验，%s 起可用于支付。", c.Account, d.Now.Add(c.Cooling).In(civil.Shanghai()).Format("2006-01-02 15:04")), err
	})
}

type retire struct {
	Account string `arg:"" help:"账户编号"`
	counter.Acting
	counter.Sealing
	Reason string `required:"" help:"理由，不写人名"`
}

// Run takes an account out of use.
func (c *retire) Run(ctx context.Context, p *counter.Program) error {
	return registry(ctx, p, c.Acting, c.Sealing, counter.Work, func(d *counter.Desk, r *ledger.Registry) (string, error) {
		return fmt.Sprintf("账户 %s 已停用。", c.Account), r.Retire(ctx, c.Account, c.Reason, d.Who.Person, d.Now)
	})
}

type unmask struct {
	Account string `arg:"" help:"账户编号"`
	counter.Acting
	counter.Sealing
	Reason string `required:"" help:"为什么要看，不写人名"`
}

// Run shows a whole number.
func (c *unmask) Run(ctx context.Context, p *counter.Program) error {
	return registry(ctx, p, c.Acting, c.Sealing, counter.Unmask, func(d *counter.Desk, r *ledger.Registry) (string, error) {
		return r.Unmask(ctx, c.Account, c.Reason, d.Who.Person, d.Now)
	})
}

// Finding is the command with its subcommands.
type Finding struct {
	List   findings `cmd:"" default:"withargs" help:"列出人工认定"`
	Record found    `cmd:"" help:"录入一条人工认定（部门经办），等人确认"`
	Import load     `cmd:"" help:"录入一个文件的人工认定（部门经办）"`
	Answer reply    `cmd:"" help:"确认或驳回一条（部门审核，不是录入的人）"`
}

type findings struct {
	counter.Place
	counter.Shown
	counter.Paged
	Enterprise string `help:"只列这家企业的"`
	Item       string `help:"只列这个事项的"`
	Waiting    bool   `help:"只列等人确认的"`
}

// Run lists findings.
func (c *findings) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		all, err := ledger.New(o.Store).FindingList(ctx, ledger.FindingFilter{Enterprise: c.Enterprise, Item: c.Item, Waiting: c.Waiting, Page: page(c.Paged)})
		if err != nil {
			return err
		}
		t := &counter.Part{Empty: "没有这样的人工认定。", Columns: counter.Columns("id", "编号", "enterprise", "信用代码", "item", "事项", "condition", "条件", "result", "认定", "on", "认定日", "evidence", "依据",
			"recorded_by", "录入人", "recorded_at", "录入时间", "answer", "结果", "answered_by", "确认人")}
		for _, f := range counter.Cut(c.Paged, p, all, func(f ledger.Finding) string { return f.ID }) {
			t.Add(f.ID, f.Enterprise, f.Item, f.Condition, result(f), f.On, f.Evidence, f.RecordedBy, f.RecordedAt, word(f.Answer, map[string]string{"confirmed": "已确认", "rejected": "已驳回", "": "等确认"}), f.AnsweredBy)
		}
		return c.Show(p.Out, t)
	})
}

func result(f ledger.Finding) any {
	switch {
	case f.Amount != nil:
		return *f.Amount
	case f.Result != nil && *f.Result:
		return counter.Word{Code: "yes", Text: "符合"}
	case f.Result != nil:
		return counter.Word{Code: "no", Text: "不符合"}
	}
	return ""
}

// asks says which conditions of an item of the published policies wait for a person.
func asks(ctx context.Context, d *counter.Desk) (ledger.Asks, error) {
	book, err := d.Office.Current(ctx)
	if err != nil {
		return nil, err
	}
	return ledger.AsksOf(book.Book), nil
}

type found struct {
	Enterprise string `arg:"" help:"统一社会信用代码"`
	Item       string `arg:"" help:"事项"`
	Condition  string `arg:"" help:"条件的名字；录入金额写 amount"`
	counter.Acting
	Yes      bool   `xor:"result" required:"" help:"符合"`
	No       bool   `xor:"result" required:"" help:"不符合"`
	Amount   string `xor:"result" required:"" help:"认定的金额（元）"`
	On       string `help:"认定日；缺省为今天"`
	Evidence string `required:"" help:"依据：文件、纪要、检查记录"`
}

// Run records a finding.
func (c *found) Run(ctx context.Context, p *counter.Program) error {
	f := ledger.Finding{Evidence: c.Evidence, PersonFinding: rules.PersonFinding{Enterprise: c.Enterprise, Item: c.Item, Condition: c.Condition}}
	if c.Amount != "" {
		m, err := counter.Money("--amount", c.Amount)
		if err != nil {
			return err
		}
		f.Amount = &m
	} else {
		f.Result = &c.Yes
	}
	if c.On != "" {
		day, err := civil.Parse(c.On)
		if err != nil {
			return counter.Misuse{Text: fmt.Sprintf("--on：%v", err)}
		}
		f.On = day
	}
	return act(ctx, p, c.Acting, counter.Work, func(d *counter.Desk, b *ledger.Book) (string, error) {
		if f.On.IsZero() {
			f.On = civil.On(d.Now)
		}
		known, err := asks(ctx, d)
		if err != nil {
			return "", err
		}
		ids, err := b.RecordFindings(ctx, []ledger.Finding{f}, known, d.Who.Person, d.Now)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("人工认定 %s 已录入，等部门审核确认：mianshen finding answer %s --confirm。", ids[0], ids[0]), nil
	})
}

type load struct {
	File string `arg:"" help:"CSV 或 XLSX"`
	counter.Acting
	Evidence string `required:"" help:"依据：文件、纪要、检查记录"`
}

// Run records the findings of a file, all or none.
func (c *load) Run(ctx context.Context, p *counter.Program) error {
	body, err := counter.Small(c.File, ledger.MaxFindingsFile)
	if err != nil {
		return err
	}
	return act(ctx, p, c.Acting, counter.Work, func(d *counter.Desk, b *ledger.Book) (string, error) {
		known, err := asks(ctx, d)
		if err != nil {
			return "", err
		}
		n, err := b.ImportFindings(ctx, intake.Bytes(c.File, body), c.Evidence, known, d.Who.Person, d.Now)
		if problems := (*intake.Problems)(nil); errors.As(err, &problems) {
			return "", fmt.Errorf("没有录入，请改正后再试：\n%w", problems)
		}
		return fmt.Sprintf("录入 %d 条人工认定，等部门审核确认：mianshen finding list --waiting。", n), err
	})
}

type reply struct {
	Finding string `arg:"" help:"编号"`
	counter.Acting
	Confirm bool `xor:"answer" required:"" help:"确认：下一次比对起算数"`
	Reject  bool `xor:"answer" required:"" help:"驳回"`
}

// Run answers a finding.
func (c *reply) Run(ctx context.Context, p *counter.Program) error {
	return act(ctx, p, c.Acting, counter.Work, func(d *counter.Desk, b *ledger.Book) (string, error) {
		known, err := asks(ctx, d)
		if err != nil {
			return "", err
		}
		return map[bool]string{true: "已确认，下一次比对起算数。", false: "已驳回。"}[c.Confirm], b.AnswerFinding(ctx, c.Finding, c.Confirm, known, d.Who.Person, d.Now)
	})
}

// Choice is the command with its subcommands.
type Choice struct {
	List   choices `cmd:"" default:"withargs" help:"列出企业的选择"`
	Choose choose  `cmd:"" help:"记下企业在几选一的组里选了哪个事项（企业，或部门经办代记）"`
}

type choices struct {
	counter.Place
	counter.Shown
}

// Run lists choices.
func (c *choices) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		all, err := ledger.New(o.Store).Choices(ctx, time.Time{})
		if err != nil {
			return err
		}
		t := &counter.Part{Empty: "没有企业作过选择。", Columns: counter.Columns("enterprise", "信用代码", "group", "组", "item", "选的事项")}
		for _, firm := range slices.Sorted(maps.Keys(all)) {
			for _, group := range slices.Sorted(maps.Keys(all[firm])) {
				t.Add(firm, group, all[firm][group])
			}
		}
		return c.Show(p.Out, t)
	})
}

type choose struct {
	Enterprise string `arg:"" help:"统一社会信用代码"`
	Group      string `arg:"" help:"几选一的组"`
	Item       string `arg:"" help:"选的事项"`
	counter.Acting
}

// Run records a choice.
func (c *choose) Run(ctx context.Context, p *counter.Program) error {
	return act(ctx, p, c.Acting, counter.Work, func(d *counter.Desk, b *ledger.Book) (string, error) {
		return "已记下；最后一次的选择算数。", b.Choose(ctx, ledger.Choice{Group: c.Group, Enterprise: c.Enterprise, Item: c.Item}, d.Who.Person, d.Now)
	})
}
