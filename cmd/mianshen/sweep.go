package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// sweepCmd compares all items with all enterprises and stores the result.
type sweepCmd struct {
	Start   sweepRun     `cmd:"" name:"run" default:"withargs" help:"比对一次；中断过的从断点接着比"`
	List    sweepList    `cmd:"" help:"列出比对批次"`
	Release sweepRelease `cmd:"" help:"放行或作废一次等人核对的比对"`
}

// sweepRun runs a sweep.
type sweepRun struct {
	DB      string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	AsOf    string `name:"as-of" help:"按这一天的政策和数据比对；缺省为今天"`
	KnownAt string `name:"known-at" help:"只用这一刻之前收到的数据，如 2025-06-30T18:00:00+08:00；缺省为现在"`
	Slot    string `help:"批次名：同名的只比对一次"`
	Shard   int    `default:"65536" help:"每片多少户；一片一个断点"`
	Hold    int    `default:"30" help:"变化超过上一次结果的百分之几就等人核对；--hold=-1 表示从不"`
	Resume  bool   `help:"只接着比没有比完的，不开始新的"`
	Adopt   bool   `help:"把 --as-of 那天的结果作为现行结果；不写时，不是今天的比对只供查看，不代替现行结果"`
}

// Run sweeps.
func (c *sweepRun) Run(ctx context.Context, s *streams) (err error) {
	now := time.Now()
	r := casework.SweepRequest{AsOf: civil.On(now), Now: now, Slot: c.Slot, Shard: c.Shard, Hold: c.Hold}
	if c.AsOf != "" {
		if r.AsOf, err = civil.Parse(c.AsOf); err != nil {
			return misuse{fmt.Sprintf("--as-of：%v", err)}
		}
		if r.AsOf != civil.On(now) && !c.Adopt {
			r.Purpose = store.Retroactive
		}
	}
	if c.KnownAt != "" {
		if r.KnownAt, err = time.Parse(time.RFC3339, c.KnownAt); err != nil {
			return misuse{"--known-at 写作 2025-06-30T18:00:00+08:00"}
		}
		r.Purpose = store.Retroactive
	}
	o, err := office(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Store.Close()) }()
	tell := tellShards(s)
	resumed, err := o.Resume(ctx, now, tell)
	for _, w := range resumed {
		saySweep(s, w)
	}
	if err != nil || c.Resume {
		return err
	}
	sweep, err := o.Sweep(ctx, r, tell)
	switch {
	case errors.Is(err, casework.ErrNothing):
		fmt.Fprintln(s.err, "库里还没有政策或企业数据：先用 mianshen publish 和 mianshen import。")
		return errMistakes
	case errors.Is(err, store.ErrSlotTaken):
		fmt.Fprintf(s.err, "“%s”已经比对过（%s）。\n", c.Slot, statusWords[sweep.Status])
	case err != nil:
		return err
	}
	saySweep(s, sweep)
	return sayDifferences(ctx, s, o, sweep)
}

// tellShards shows each checkpoint: a line is written once the shard is stored, so that whoever reads the log knows how far the
// sweep was when the process ended.
func tellShards(s *streams) func(casework.Progress) {
	return func(p casework.Progress) {
		fmt.Fprintf(s.err, "第 %d 次比对：%d/%d 片\n", p.Sweep, p.Done, p.Total)
	}
}

var statusWords = map[store.Status]string{store.Running: "进行中", store.Held: "等人核对", store.Done: "已完成", store.Failed: "已作废"}

func saySweep(s *streams, w store.Sweep) {
	status := statusWords[w.Status]
	if w.Purpose == store.Retroactive {
		status += "，只供查看"
	}
	fmt.Fprintf(s.out, "第 %d 次比对（%s，%s）：%d 户，符合 %d，待核实 %d，不符合 %d。\n", w.ID, w.AsOf, status, w.Rows, w.Eligible, w.Unknown, w.Ineligible)
	if w.Note != "" {
		fmt.Fprintf(s.err, "%s\n", w.Note)
	}
}

var turnWords = map[store.Turn]string{
	store.Entered: "新增符合", store.Left: "不再符合", store.AmountChanged: "金额改变", store.BecameUnknown: "转为待核实", store.BecameKnown: "由待核实转为不符合",
}

func sayDifferences(ctx context.Context, s *streams, o *casework.Office, w store.Sweep) error {
	if w.Previous == 0 {
		return nil // the first one differs from nothing
	}
	counts, err := o.Store.DifferenceCounts(ctx, w.ID)
	if err != nil {
		return err
	}
	if len(counts) == 0 {
		fmt.Fprintf(s.out, "与第 %d 次相比没有变化。\n", w.Previous)
		return nil
	}
	fmt.Fprintf(s.out, "与第 %d 次相比：\n", w.Previous)
	for _, c := range counts {
		money := ""
		if c.BeforeFen != 0 || c.AfterFen != 0 {
			money = fmt.Sprintf("，金额 %s → %s", exact.Money(c.BeforeFen).Words(), exact.Money(c.AfterFen).Words())
		}
		fmt.Fprintf(s.out, "  %s：%s %d 户%s\n", c.Item, turnWords[c.Turn], c.Enterprises, money)
	}
	return nil
}

// sweepList lists sweeps.
type sweepList struct {
	DB    string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Limit int    `short:"n" default:"20" help:"最多列几次"`
}

// Run lists.
func (c *sweepList) Run(ctx context.Context, s *streams) (err error) {
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	list, err := db.Sweeps(ctx, c.Limit)
	if err == nil && len(list) == 0 {
		fmt.Fprintln(s.err, "还没有比对过：用 mianshen sweep run --db 数据库地址。")
	}
	for _, w := range list {
		saySweep(s, w)
	}
	return err
}

// sweepRelease decides about a sweep that waits.
type sweepRelease struct {
	ID     int64  `arg:"" help:"第几次比对"`
	DB     string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Reject bool   `help:"作废；不写就是放行"`
	Reason string `required:"" help:"理由"`
	By     string `help:"经办人；缺省为登录名"`
}

// Run releases.
func (c *sweepRelease) Run(ctx context.Context, s *streams) (err error) {
	db, err := store.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.ReleaseSweep(ctx, c.ID, operator(c.By), !c.Reject, c.Reason, time.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return misuse{fmt.Sprintf("没有第 %d 次比对", c.ID)}
	case errors.Is(err, store.ErrConflict):
		return errors.Join(errMistakes, sayTo(s, "这次比对不在等人核对，或已经按另一种办法处理过。"))
	case err != nil:
		return err
	}
	w, err := db.Sweep(ctx, c.ID)
	saySweep(s, w)
	return err
}

// replayCmd computes stored decisions again.
type replayCmd struct {
	DB       string `name:"db" required:"" help:"sqlite://路径 或 postgres://……"`
	Decision string `help:"判定编号：重算这一个，输出它的规范 JSON"`
	All      bool   `help:"重算一次比对的全部结果"`
	Sweep    int64  `help:"第几次比对；缺省为最近一次作为现行结果的"`
}

// Run replays; what isn't as stored makes exit code 1.
func (c *replayCmd) Run(ctx context.Context, s *streams) (err error) {
	if c.All == (c.Decision != "") {
		return misuse{"要么给 --decision 编号，要么给 --all"}
	}
	o, err := office(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Store.Close()) }()
	if !c.All {
		return c.one(ctx, s, o)
	}
	report, err := o.ReplayAll(ctx, c.Sweep, nil)
	switch {
	case errors.Is(err, casework.ErrNothing):
		fmt.Fprintln(s.err, "还没有现行的比对结果。只供查看的比对用 --sweep 指明是第几次，要作为现行结果用 mianshen sweep run --adopt。")
		return errMistakes
	case errors.Is(err, store.ErrNotFound):
		return misuse{fmt.Sprintf("没有第 %d 次比对", c.Sweep)}
	case err != nil:
		return err
	}
	for _, w := range report.Wrong {
		fmt.Fprintln(s.err, w)
	}
	fmt.Fprintf(s.out, "第 %d 次比对：重算 %d 片、%d 个结果、%d 个留有摘要的判定，不一致 %d 处。\n", report.Sweep, report.Shards, report.Pairs, report.Differences, report.WrongTotal)
	if report.WrongTotal > 0 {
		return errMistakes
	}
	return nil
}

func (c *replayCmd) one(ctx context.Context, s *streams, o *casework.Office) error {
	r, err := o.Replay(ctx, c.Decision)
	if errors.Is(err, store.ErrNotFound) {
		return misuse{fmt.Sprintf("没有判定“%s”；编号写作 比对批次-事项-统一社会信用代码", c.Decision)}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s\n", r.Line)
	if !r.Same {
		fmt.Fprintln(s.err, "重算的结果与留存的不一致。")
		return errMistakes
	}
	if r.Decision.SHA256 != "" {
		fmt.Fprintf(s.err, "与留存的结果和摘要 %s 一致。\n", r.Decision.SHA256)
		return nil
	}
	fmt.Fprintln(s.err, "与留存的结果一致。")
	return nil
}
