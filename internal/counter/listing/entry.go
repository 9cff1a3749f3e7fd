package listing

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/lists/view"
)

// entry is one entry that something is done to.
type entry struct {
	List string `arg:"" help:"名单编号"`
	N    int    `arg:"" help:"条目序号"`
	counter.Acting
	Reason string `required:"" help:"理由"`
}

// change is what Book does to an entry with a reason.
type change func(ctx context.Context, a lists.Actor, list string, n int, reason string, now time.Time) error

func (c *entry) do(ctx context.Context, p *counter.Program, how func(*lists.Book) change, roles ...string) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		if err := how(lists.New(d.Store))(ctx, d.Actor(roles...), c.List, c.N, c.Reason, d.Now); err != nil {
			return err
		}
		return d.Stands(ctx, c.List)
	})
}

type hold struct{ entry }

// Run holds an entry.
func (c *hold) Run(ctx context.Context, p *counter.Program) error {
	return c.do(ctx, p, func(b *lists.Book) change { return b.Hold }, "D1", "D2", "F1", "F2", "F3")
}

type free struct{ entry }

// Run releases an entry.
func (c *free) Run(ctx context.Context, p *counter.Program) error {
	return c.do(ctx, p, func(b *lists.Book) change { return b.Release }, "D1", "F1")
}

type remove struct{ entry }

// Run removes an entry.
func (c *remove) Run(ctx context.Context, p *counter.Program) error {
	return c.do(ctx, p, func(b *lists.Book) change { return b.Remove }, "D1")
}

type lower struct {
	entry
	Amount string `required:"" help:"改成多少元"`
}

// Run lowers an amount.
func (c *lower) Run(ctx context.Context, p *counter.Program) error {
	m, err := counter.Money("--amount", c.Amount)
	if err != nil {
		return err
	}
	return c.do(ctx, p, func(b *lists.Book) change {
		return func(ctx context.Context, a lists.Actor, list string, n int, reason string, now time.Time) error {
			return b.Lower(ctx, a, list, n, m, reason, now)
		}
	}, "D1")
}

type answer struct {
	List string `arg:"" help:"名单编号"`
	N    int    `arg:"" help:"条目序号"`
	counter.Acting
	Yes  bool   `xor:"answer" required:"" help:"同意"`
	No   bool   `xor:"answer" required:"" help:"不同意：这一条不拨"`
	Note string `help:"说明"`
}

// Run keeps what a firm says.
func (c *answer) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		if err := lists.New(d.Store).Answer(ctx, d.Actor("E1", "E2", "D1"), c.List, c.N, c.Yes, c.Note, d.Now); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.Out, "已记下名单“%s”第 %d 条的答复：%s。\n", c.List, c.N, map[bool]string{true: "同意", false: "不同意"}[c.Yes])
		return err
	})
}

type object struct {
	List string `arg:"" help:"名单编号"`
	N    int    `arg:"" help:"条目序号"`
	counter.Acting
	By   string `required:"" help:"异议人"`
	Text string `required:"" help:"异议内容"`
}

var officials = []string{"D1", "D2", "F1", "F2", "F3"}

// Run writes an objection down.
func (c *object) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		id, err := lists.New(d.Store).Object(ctx, d.Actor(officials...), c.List, c.N, c.By, c.Text, d.Now)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.Out, "异议 %s 已登记，第 %d 条暂缓，其余照常。请由另一人答复：mianshen list decide %s。\n", id, c.N, id)
		return err
	})
}

type objections struct{ one }

// Run lists the objections.
func (c *objections) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		if _, err := view.New(o.Store).List(ctx, c.List); err != nil {
			return err
		}
		all, err := lists.New(o.Store).Objections(ctx, c.List)
		if err != nil {
			return err
		}
		t := &counter.Part{Empty: "没有异议。", Columns: counter.Columns("id", "编号", "n", "条目", "raised_at", "时间", "raised_by", "异议人", "text", "内容", "recorded_by", "登记人",
			"outcome", "结果", "answer", "答复", "answered_by", "答复人", "answered_at", "答复时间")}
		for _, x := range all {
			outcome := counter.Word{Code: x.Outcome, Text: map[string]string{"upheld": "成立", "rejected": "不成立", "": "待答复"}[x.Outcome]}
			t.Add(x.ID, x.N, x.RaisedAt, x.RaisedBy, x.Text, x.RecordedBy, outcome, x.Answer, x.AnsweredBy, x.AnsweredAt)
		}
		return c.Show(p.Out, t)
	})
}

type decide struct {
	Objection string `arg:"" help:"异议编号"`
	counter.Acting
	Uphold bool   `xor:"outcome" required:"" help:"成立：移出这一条"`
	Reject bool   `xor:"outcome" required:"" help:"不成立：恢复这一条"`
	Answer string `required:"" help:"答复的内容和依据"`
}

// Run answers an objection.
func (c *decide) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		if err := lists.New(d.Store).Resolve(ctx, d.Actor(officials...), c.Objection, c.Uphold, c.Answer, d.Now); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.Out, "异议 %s 已答复：%s。\n", c.Objection, map[bool]string{true: "成立，这一条已移出", false: "不成立"}[c.Uphold])
		return err
	})
}

type attach struct {
	List string `arg:"" help:"名单编号"`
	File string `arg:"" help:"文件，不超过 10 MiB"`
	counter.Acting
	Kind string `required:"" help:"会议纪要、请款函、公示结果或其他"`
}

// Run adds a paper.
func (c *attach) Run(ctx context.Context, p *counter.Program) error {
	body, err := counter.Small(c.File, lists.MaxAttachment)
	if err != nil {
		return err
	}
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		n, err := lists.New(d.Store).Attach(ctx, d.Actor(officials...), c.List, c.Kind, filepath.Base(c.File), body, d.Now)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.Out, "已加为第 %d 件附件。\n", n)
		return err
	})
}

type attachments struct {
	one
	Take int    `help:"取出第几件"`
	Out  string `help:"取出的写到这个文件；缺省到标准输出"`
}

// Run lists the papers, or takes one out.
func (c *attachments) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		book := lists.New(o.Store)
		if c.Take > 0 {
			body, err := book.Attachment(ctx, c.List, c.Take)
			if err != nil {
				return err
			}
			return p.Save(c.Out, p.Out, true, func(w io.Writer) error { _, err := w.Write(body); return err })
		}
		if _, err := view.New(o.Store).List(ctx, c.List); err != nil {
			return err
		}
		all, err := book.Attachments(ctx, c.List)
		if err != nil {
			return err
		}
		t := &counter.Part{Empty: "没有附件。", Columns: counter.Columns("n", "序号", "kind", "种类", "name", "文件名", "size", "字节", "state", "加入时的状态", "added_by", "加入人", "added_at", "时间", "sha256", "SHA-256")}
		for _, x := range all {
			t.Add(x.N, x.Kind, x.Name, x.Size, stateWord(x.State), x.AddedBy, x.AddedAt, x.SHA256)
		}
		return c.Show(p.Out, t)
	})
}

type noticeTable struct {
	List string `arg:"" help:"名单编号"`
	counter.Place
	Format  string `enum:"xlsx,html,docx,csv" default:"xlsx" help:"xlsx、html、docx 或 csv"`
	Out     string `help:"写到这个文件；缺省到标准输出"`
	Contact string `help:"异议向哪里提：地址、电话"`
}

// Run writes the table of the public notice.
func (c *noticeTable) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		t, err := view.New(o.Store).Notice(ctx, c.List)
		if err != nil {
			return err
		}
		t.Contact = c.Contact
		write := map[string]func(io.Writer) error{"xlsx": t.WriteXLSX, "html": t.WriteHTML, "docx": t.WriteDOCX, "csv": t.WriteCSV}[c.Format]
		return p.Save(c.Out, p.Out, c.Format == "xlsx" || c.Format == "docx", write)
	})
}
