// Package hold is the command mianshen lock: payments and messages held back after a restore, until two persons have let go.
package hold

import (
	"context"
	"fmt"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter"
	"mianshen/internal/disburse/brake"
)

// Lock is the command with its subcommands.
type Lock struct {
	Show showCmd `cmd:"" default:"withargs" help:"看锁没锁，解锁以前要核对什么"`
	Set  setCmd  `cmd:"" help:"锁定：从备份恢复以后、启动服务以前先做这一步"`
	Ask  askCmd  `cmd:"" help:"写明核对情况，申请解锁（财政复核）"`
	Open openCmd `cmd:"" help:"解锁（财政审批，不是写核对情况的人）"`
}

type showCmd struct {
	counter.Place
	counter.Shown
}

// Run shows how it stands.
func (c *showCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		b, err := brake.New(o.Store).Standing(ctx)
		if err != nil {
			return err
		}
		t := &counter.Part{Card: true, Columns: counter.Columns("locked", "锁着", "reason", "原因", "since", "什么时候锁的", "note", "核对情况", "asked_by", "谁核对的", "asked", "什么时候核对的",
			"taken", "文件已取走、没记送出的支付", "open", "送出了没有结果的支付", "unsaid", "结果不明的消息", "waiting", "一解锁就发的消息")}
		t.Add(counter.Word{Code: fmt.Sprint(b.Locked), Text: map[bool]string{true: "是", false: "否"}[b.Locked]}, b.Reason, b.Since, b.Note, b.Asker, b.Asked, b.Taken, b.Open, b.Unsaid, b.Waiting)
		return c.Show(p.Out, t)
	})
}

type setCmd struct {
	counter.Place
	Reason string `required:"" help:"为什么锁，如：7 月 2 日从 7 月 1 日的备份恢复"`
}

// Run locks. Who has the database at hand may; nobody is signed in after a restore.
func (c *setCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Read(ctx, p, func(o *casework.Office) error {
		if err := brake.New(o.Store).Pull(ctx, "", c.Reason, time.Now()); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.Out, "支付和推送已锁定。核对银行流水以后：财政复核 mianshen lock ask，财政审批 mianshen lock open；网页在 /lock。")
		return err
	})
}

type askCmd struct {
	counter.Acting
	Note string `required:"" help:"和哪份流水核对、到哪一天、差异怎么处理"`
}

// Run says what was reconciled.
func (c *askCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Work, func(d *counter.Desk) error {
		if err := brake.New(d.Store).Ask(ctx, d.Who.Person, c.Note, d.Now); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.Out, "已写明核对情况，等财政审批（另一个人）解锁：mianshen lock open。")
		return err
	})
}

type openCmd struct {
	counter.Acting
	Yes bool `help:"看过核对情况，确认解锁"`
}

// Run unlocks, or shows what was said for it and unlocks nothing.
func (c *openCmd) Run(ctx context.Context, p *counter.Program) error {
	return c.Do(ctx, p, counter.Approve, func(d *counter.Desk) error {
		b := brake.New(d.Store)
		s, err := b.Standing(ctx)
		if err != nil {
			return err
		}
		if s.Locked && s.AskedBy != "" && !c.Yes {
			_, err := fmt.Fprintf(p.Out, "%s 写明的核对情况：%s\n看过没有问题，加 --yes 解锁。\n", s.Asker, s.Note)
			return err
		}
		if err := b.Release(ctx, d.Who.Person, s.Asked, d.Now); err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.Out, "已解锁，可以支付，留着的消息接着发。")
		return err
	})
}
