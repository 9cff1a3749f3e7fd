// Package derive follows what was committed (sweeps, publications, steps of lists, payments) and makes of it the events that firms
// hear of. What it makes depends on what is stored alone: whoever begins anew makes the same events, whose ids are the same, so that a
// crash between two pages tells nobody twice and leaves nobody out.
package derive

import (
	"context"
	"errors"
	"strconv"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/store"
)

// Name is the follower's name in the store.
const Name = "notify"

// page is how many events are stored in one transaction.
const page = 10_000

// Box keeps events with their messages. Follow also moves a follower, in the same transaction; store.ErrConflict says that it has
// been there already.
type Box interface {
	Followed(ctx context.Context, name string) (int64, error)
	Follow(ctx context.Context, name string, seq int64, events []event.Event, now time.Time) (int, error)
	Tell(ctx context.Context, job string, events []event.Event, now time.Time) (int, error)
}

// Match tells whether a search that a firm keeps finds a policy.
type Match func(ctx context.Context, text, filters, policy string) (bool, error)

// Follower makes events. It may be used by one goroutine at a time.
type Follower struct {
	office *casework.Office
	box    Box
	Match  Match // nil: searches find nothing
}

// New returns a follower.
func New(office *casework.Office, box Box) *Follower { return &Follower{office: office, box: box} }

// Step deals with all changes that were committed since the last one, then with lists and payments. It returns how many events are new.
func (f *Follower) Step(ctx context.Context, now time.Time) (fresh int, err error) {
	for {
		seq, err := f.box.Followed(ctx, Name)
		if err != nil {
			return fresh, err
		}
		list, err := f.office.Store.Changes(ctx, seq, 1)
		if err != nil {
			return fresh, err
		}
		if len(list) == 0 {
			break
		}
		n, err := f.follow(ctx, list[0], now)
		fresh += n
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return fresh, err
		}
	}
	n, err := f.money(ctx, now)
	return fresh + n, err
}

// follow deals with one change. All pages but the last are told before; the last one moves the follower.
func (f *Follower) follow(ctx context.Context, c store.Change, now time.Time) (int, error) {
	w := &writer{ctx: ctx, box: f.box, change: c.Seq, now: now}
	var err error
	switch c.Kind {
	case store.ChangeSweep:
		var id int64
		if id, err = strconv.ParseInt(c.Subject, 10, 64); err == nil {
			err = f.sweep(ctx, id, w)
		}
	case store.ChangePolicy:
		err = f.published(ctx, c, w)
	}
	if err != nil {
		return w.fresh, err
	}
	n, err := f.box.Follow(ctx, Name, c.Seq, w.list, now)
	return w.fresh + n, err
}

// writer gathers events into pages.
type writer struct {
	ctx    context.Context
	box    Box
	change int64
	now    time.Time
	list   []event.Event
	fresh  int
}

func (w *writer) add(events ...event.Event) error {
	for _, e := range events {
		e.Change = w.change
		w.list = append(w.list, e)
		if len(w.list) < page {
			continue
		}
		if err := w.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) flush() error {
	n, err := w.box.Tell(w.ctx, Name, w.list, w.now)
	w.fresh += n
	w.list = w.list[:0]
	return err
}
