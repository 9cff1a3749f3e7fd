package funds

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/disburse/granted"
	"mianshen/internal/intake"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Granted is the command with its subcommands.
type Granted struct {
	List   grantedList `cmd:"" default:"withargs" help:"列出补录的文件和账目完整的登记"`
	Import bringIn     `cmd:"" help:"补录以前或别处的拨付（部门经办）：CSV 或 XLSX，整份核对，有一处不对就不录"`
	State  whole       `cmd:"" help:"登记“从某日起账目完整”（部门经办）：事项的拨付从那天起都在账里，包括补录的"`
	Answer agree       `cmd:"" help:"复核一份补录或一条登记（部门审核，不是登记的人）"`
	End    end         `cmd:"" help:"终止一条账目完整的登记（部门经办或部门审核）：从这时起，本事项的拨付历史作不知道"`
}

// book runs with what was granted and whose items they are, and then says what was done.
func book(ctx context.Context, p *counter.Program, a counter.Acting, do func(*counter.Desk, *granted.Book, granted.Owner) (string, error)) error {
	return a.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		now, err := d.Office.Current(ctx)
		if err != nil {
			return err
		}
		said, err := do(d, granted.New(d.Store), granted.OwnerOf(now.Book))
		if problems := (*intake.Problems)(nil); errors.As(err, &problems) {
			return fmt.Errorf("没有补录，请改正后再试：\n%w", problems)
		}
		if err == nil {
			_, err = fmt.Fprintln(p.Out, said)
		}
		return err
	})
}

var answerWords = map[string]string{"confirmed": "已确认", "rejected": "已驳回", "": "等复核"}

type grantedList struct {
	counter.Place
	counter.Shown
}

// Run lists files and statements.
func (c *grantedList) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		b := granted.New(o.Store)
		files, err := b.Files(ctx)
		if err != nil {
			return err
		}
		statements, err := b.Statements(ctx)
		if err != nil {
			return err
		}
		f := &counter.Part{
			Key: "files", Title: "补录的文件：", Empty: "没有补录过拨付。", Columns: counter.Columns("id", "编号", "department", "部门", "name", "文件", "source", "来源", "grants", "笔数", "sum", "金额（元）",
				"recorded_by", "补录人", "recorded_at", "补录时间", "answer", "结果", "answered_by", "复核人"),
		}
		for _, x := range files {
			f.Add(x.ID, x.Department, x.Name, x.Source, x.Grants, x.Sum, x.RecordedBy, x.RecordedAt, word(x.Answer.Answer, answerWords), x.By)
		}
		s := &counter.Part{
			Key: "statements", Title: "账目完整的登记：", Empty: "没有登记过账目完整：问拨付历史的条件都待核实。", Columns: counter.Columns("id", "编号", "department", "部门", "item", "事项", "since", "从哪天起", "evidence", "依据",
				"recorded_by", "登记人", "recorded_at", "登记时间", "answer", "结果", "answered_by", "复核人", "ended_at", "终止时间", "end_reason", "终止理由"),
		}
		for _, x := range statements {
			var from any = counter.Word{Code: "ever", Text: "一直以来"}
			if !x.Since.IsZero() {
				from = x.Since
			}
			s.Add(x.ID, x.Department, x.Item, from, x.Evidence, x.RecordedBy, x.RecordedAt, word(x.Answer.Answer, answerWords), x.By, x.EndedAt, x.EndReason)
		}
		return c.Show(p.Out, f, s)
	})
}

type bringIn struct {
	File string `arg:"" help:"CSV 或 XLSX：统一社会信用代码、事项、所属期、依据、金额、发放日期；退回的金额写负数"`
	counter.Acting
	ID         string `name:"id" help:"补录编号；缺省取一个"`
	Department string `required:"" help:"哪个部门的事项"`
	Source     string `required:"" help:"来源：哪几年的账、哪个单位的函"`
}

// Run brings a file in, all or nothing.
func (c *bringIn) Run(ctx context.Context, p *counter.Program) error {
	body, err := counter.Small(c.File, granted.MaxFile)
	if err != nil {
		return err
	}
	return book(ctx, p, c.Acting, func(d *counter.Desk, b *granted.Book, owner granted.Owner) (string, error) {
		f, err := b.Import(ctx, granted.Loading{ID: c.ID, Department: c.Department, Name: filepath.Base(c.File), Body: body, Source: c.Source}, owner, d.Who.Person, d.Now)
		if err != nil {
			return "", err
		}
		if f.ID == "" {
			return "这个文件里的拨付都已补录过，没有变化。", nil
		}
		return fmt.Sprintf("补录 %s：%d 笔，共 %s，等部门审核复核：mianshen granted answer %s --confirm。", f.ID, f.Grants, f.Sum.Words(), f.ID), nil
	})
}

type whole struct {
	counter.Acting
	Department string   `required:"" help:"部门"`
	Item       []string `xor:"items" required:"" help:"事项，可写多个"`
	All        bool     `xor:"items" required:"" help:"部门现行政策里的所有事项；以后新发布的事项要另行登记"`
	Since      string   `xor:"since" required:"" help:"从这天起：所属期自这天起的、这天以后拨付的都在账里"`
	Ever       bool     `xor:"since" required:"" help:"一直以来：有史以来的拨付都在账里；问“曾获”的条件要它"`
	Evidence   string   `required:"" help:"依据：对账记录、纪要"`
}

// Run records the statement for each item.
func (c *whole) Run(ctx context.Context, p *counter.Program) error {
	var from civil.Date
	if c.Since != "" {
		var err error
		if from, err = civil.Parse(c.Since); err != nil {
			return counter.Misuse{Text: fmt.Sprintf("--since：%v", err)}
		}
	}
	return book(ctx, p, c.Acting, func(d *counter.Desk, b *granted.Book, owner granted.Owner) (string, error) {
		items := c.Item
		if c.All {
			now, err := d.Office.Current(ctx)
			if err != nil {
				return "", err
			}
			for _, r := range now.Rules {
				if r.Policy.Issuer == c.Department {
					items = append(items, r.Item.ID)
				}
			}
		}
		ids, err := b.State(ctx, granted.Statement{Department: c.Department, Since: from, Evidence: c.Evidence}, items, owner, d.Who.Person, d.Now)
		if err != nil {
			return "", err
		}
		said := fmt.Sprintf("已登记 %d 个事项，等部门审核复核：", len(ids))
		for _, id := range ids {
			said += fmt.Sprintf("\nmianshen granted answer %s --confirm", id)
		}
		return said, nil
	})
}

type agree struct {
	ID string `arg:"" name:"id" help:"补录或登记的编号"`
	counter.Acting
	Confirm bool `xor:"answer" required:"" help:"确认：下一次比对起算数"`
	Reject  bool `xor:"answer" required:"" help:"驳回"`
}

// Run answers a file or a statement.
func (c *agree) Run(ctx context.Context, p *counter.Program) error {
	return book(ctx, p, c.Acting, func(d *counter.Desk, b *granted.Book, _ granted.Owner) (string, error) {
		do := func(answer func(context.Context, string, bool, string, time.Time) error) error {
			return answer(ctx, c.ID, c.Confirm, d.Who.Person, d.Now)
		}
		err := do(b.AnswerFile)
		if errors.Is(err, store.ErrNotFound) {
			err = do(b.AnswerStatement)
		}
		return map[bool]string{true: "已确认，下一次比对起算数。", false: "已驳回。"}[c.Confirm], err
	})
}

type end struct {
	ID string `arg:"" name:"id" help:"登记的编号"`
	counter.Acting
	Reason string `required:"" help:"理由，不写人名"`
}

// Run ends a statement.
func (c *end) Run(ctx context.Context, p *counter.Program) error {
	return book(ctx, p, c.Acting, func(d *counter.Desk, b *granted.Book, _ granted.Owner) (string, error) {
		return "已终止：下一次比对起，问这个事项拨付历史的条件待核实。", b.End(ctx, c.ID, c.Reason, d.Who.Person, d.Now)
	})
}
