package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/counter/letters"
	"mianshen/internal/notify/foretell"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/notify/words"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// effect is what a publication changes, and who will be told of it first.
type effect struct {
	compared bool // false: there are no enterprises yet
	diff     []casework.Difference
	sight    foretell.Sight
	now      time.Time
}

func (c *publishCmd) effect(ctx context.Context, office *casework.Office, p *casework.Proposal, asOf civil.Date, now time.Time) (e effect, err error) {
	e.now = now
	trial, err := office.Try(ctx, p, asOf, now)
	if errors.Is(err, casework.ErrNothing) {
		return e, nil
	}
	if err != nil {
		return e, err
	}
	e.compared = true
	if e.diff, err = trial.Count(p); err != nil {
		return e, err
	}
	box := outbox.New(office.Store, nil) // it only reads, and no address
	f, end, err := follower(ctx, office, box)
	if err != nil {
		return e, err
	}
	e.sight, err = foretell.Office{Follower: f, Outlook: outlook.New(office, box), Box: box, Shelf: words.NewShelf(office.Store, "")}.Of(ctx, p, trial, now)
	return e, errors.Join(err, end())
}

func (e effect) say(s *streams, asOf civil.Date) {
	if !e.compared {
		fmt.Fprintln(s.out, "库里还没有企业数据，没有比较差别。")
		return
	}
	if len(e.diff) == 0 {
		fmt.Fprintf(s.out, "按 %s 比较：没有企业的结果改变。\n", asOf)
	} else {
		fmt.Fprintf(s.out, "按 %s 比较：\n", asOf)
	}
	for _, d := range e.diff {
		fmt.Fprintf(s.out, "  %s %s：新增符合 %d 户，不再符合 %d 户，转为待核实 %d 户，金额改变 %d 户；金额 %s → %s\n",
			d.Item, d.Title, d.Entered, d.Left, d.Unknown, d.Changed, exact.InFull(d.Before), exact.InFull(d.After))
	}
	letters.SayFirst(s.out, e.sight, e.now)
}
