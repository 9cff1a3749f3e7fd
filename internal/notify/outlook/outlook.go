// Package outlook tells firms of the days ahead. After each sweep it forecasts: on which day dates change an outcome, which threshold is
// near, which record of bad credit is all that stands in the way. Every day it reminds: of windows that open or close, of policies and
// of certificates that end.
//
// A forecast takes much more time than a sweep, so it is made anew only where it may come out otherwise: for firms of which something
// else is known, for items whose rule is another one, and on days that dates make a difference on. What was looked at is kept in the
// table outlook, many firms a row; without it everything is looked at, and the same events come of it.
package outlook

import (
	"context"
	"strconv"
	"time"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/night"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Name is the follower's name in the store.
const Name = "outlook"

// Bounds of what is done at once.
const (
	page    = 5000 // events stored in one transaction
	shard   = 8192 // firms looked at between two writes of the table
	piece   = 64   // firms that one worker takes at once
	changes = 500  // changes read at once
)

// Box keeps events with their messages. Follow also moves a follower, in the same transaction; store.ErrConflict says that it has
// been there already.
type Box interface {
	Followed(ctx context.Context, name string) (int64, error)
	Follow(ctx context.Context, name string, seq int64, events []event.Event, now time.Time) (int, error)
	Tell(ctx context.Context, job string, events []event.Event, now time.Time) (int, error)
}

// Outlook tells of the days ahead. It may be used by one goroutine at a time.
type Outlook struct {
	office *casework.Office
	box    Box
	Near   exact.Num // which share of a threshold counts as near; 0: nobody is told
	all    bool      // everything is looked at, and nothing is kept
}

// New returns an outlook that takes 5 % of a threshold as near.
func New(office *casework.Office, box Box) *Outlook {
	return &Outlook{office: office, box: box, Near: exact.Frac(5, 100)}
}

// Told says what came of a step.
type Told struct {
	Sweeps int // that were looked ahead from
	Firms  int // that were looked at
	Fresh  int // events that are new
}

// Step looks ahead from each sweep that ended since the last step, in their order. Whoever is killed goes on where it stood, and tells
// nothing twice.
func (o *Outlook) Step(ctx context.Context, now time.Time) (told Told, err error) {
	for {
		seq, err := o.box.Followed(ctx, Name)
		if err != nil {
			return told, err
		}
		list, err := o.office.Store.Changes(ctx, seq, changes)
		if err != nil || len(list) == 0 {
			return told, err
		}
		at := list[len(list)-1]
		for _, c := range list {
			if c.Kind == store.ChangeSweep {
				at = c
				break
			}
		}
		if at.Kind == store.ChangeSweep {
			if err := o.follow(ctx, at, now, &told); err != nil {
				return told, err
			}
		}
		if _, err := o.box.Follow(ctx, Name, at.Seq, nil, now); err != nil {
			return told, err
		}
	}
}

func (o *Outlook) follow(ctx context.Context, c store.Change, now time.Time, told *Told) error {
	id, err := strconv.ParseInt(c.Subject, 10, 64)
	if err != nil {
		return err
	}
	sweep, err := o.office.Store.Sweep(ctx, id)
	if err != nil || sweep.Purpose == store.Retroactive {
		return err
	}
	k, err := o.open(ctx, sweep)
	if err != nil {
		return err
	}
	k.change, k.now, k.told = c.Seq, now, told
	if err := k.prepare(); err != nil {
		return err
	}
	told.Sweeps++
	for n := 0; n*shard < k.state.Rows(); n++ {
		if err := k.shard(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// look is a finished sweep that is looked ahead from.
type look struct {
	*night.Night
	*Outlook
	state  *engine.Result
	items  map[string]int // places in state
	due    []*night.Law
	near   exact.Num
	prints *prints
	before map[int64][]*night.Law // by an earlier sweep: what must be looked at anew of firms that were looked at then
	change int64
	now    time.Time
	told   *Told
}

func (o *Outlook) open(ctx context.Context, sweep store.Sweep) (*look, error) {
	n, err := night.Open(ctx, o.office, sweep)
	if err != nil {
		return nil, err
	}
	state, err := o.office.State(ctx, sweep)
	if err != nil {
		return nil, err
	}
	return o.look(n, state), nil
}

func (o *Outlook) look(n *night.Night, state *engine.Result) *look {
	k := &look{Night: n, Outlook: o, state: state, items: map[string]int{}, near: o.Near, before: map[int64][]*night.Law{}}
	for i, t := range k.state.Items {
		k.items[t.Item] = i
	}
	for _, r := range n.Book.Rules {
		if _, ok := k.items[r.Item.ID]; ok && r.Due(n.Sweep.AsOf) {
			k.due = append(k.due, n.Laws[r.Item.ID])
		}
	}
	return k
}

// changed are the laws that aren't as they were in an earlier sweep.
func (k *look) changed(ctx context.Context, id int64) ([]*night.Law, error) {
	if list, known := k.before[id]; known {
		return list, nil
	}
	sweep, err := k.office.Store.Sweep(ctx, id)
	if err != nil {
		return nil, err
	}
	was, err := k.office.Of(ctx, sweep.Plan)
	if err != nil {
		return nil, err
	}
	list := k.due
	if was.Vocabulary == k.Book.Vocabulary {
		list = nil
		for _, l := range k.due {
			if !k.same(was, sweep.AsOf, l.Rule) {
				list = append(list, l)
			}
		}
	}
	k.before[id] = list
	return list, nil
}

// same tells whether a rule decides as it did by an earlier book on an earlier day, for the same facts.
func (k *look) same(was *casework.Book, day civil.Date, r *rules.Rule) bool {
	old, ok := was.Rule(r.Item.ID)
	if !ok || !old.Due(day) || was.Versions[r.Policy.ID] != k.Book.Versions[r.Policy.ID] {
		return false
	}
	_, outcomes := r.Related()
	return len(outcomes) == 0 || was.Key() == k.Book.Key()
}

// one is a firm that is looked at.
type one struct {
	row    int
	laws   []*night.Law
	until  civil.Date // of what isn't looked at; zero: nothing
	events []event.Event
}

// shard looks at the firms of one shard that need it, tells of them, and keeps what was looked at.
func (k *look) shard(ctx context.Context, n int) error {
	first := n * shard
	rows := min(shard, k.state.Rows()-first)
	kept, err := k.kept(ctx, n)
	if err != nil || kept.sweep == k.Sweep.ID {
		return err // done before a kill
	}
	fresh := make([]entry, rows)
	k.prints.of(first, fresh)
	list, err := k.choose(ctx, first, kept, fresh)
	if err != nil {
		return err
	}
	if err := k.lookAt(ctx, list); err != nil {
		return err
	}
	for _, x := range list {
		fresh[x.row-first].until = x.until
	}
	if err := k.tellAll(ctx, list); err != nil {
		return err
	}
	k.told.Firms += len(list)
	return k.keep(ctx, n, fresh)
}

// tellAll tells of what was seen of some firms.
func (k *look) tellAll(ctx context.Context, list []*one) error {
	var events []event.Event
	for _, x := range list {
		events = append(events, x.events...)
		if len(events) >= page {
			if err := k.tell(ctx, events); err != nil {
				return err
			}
			events = nil
		}
	}
	return k.tell(ctx, events)
}

// choose finds the firms to look at, and takes over what is known of the others.
func (k *look) choose(ctx context.Context, first int, kept keptShard, fresh []entry) (list []*one, err error) {
	changed := k.due
	if kept.sweep != 0 {
		if changed, err = k.changed(ctx, kept.sweep); err != nil {
			return nil, err
		}
	}
	for i := range fresh {
		x := &one{row: first + i, laws: k.due}
		if i < len(kept.entries) && kept.entries[i].print == fresh[i].print && kept.entries[i].until.After(k.Sweep.AsOf) {
			x.until, x.laws = kept.entries[i].until, changed
			fresh[i].until = x.until
		}
		if len(x.laws) > 0 {
			list = append(list, x)
		}
	}
	return list, nil
}

func (k *look) lookAt(ctx context.Context, list []*one) error {
	names, err := night.Names(ctx, k.office.Store, list, func(x *one) string { return k.Table.Code(x.row) })
	if err != nil {
		return err
	}
	pieces := (len(list) + piece - 1) / piece
	return night.Share(pieces, k.worker, func(w *worker, n int) error {
		for _, x := range list[n*piece : min((n+1)*piece, len(list))] {
			events, until, err := w.see(x.row, x.laws, k.Firm(k.Table.Code(x.row), names))
			if err != nil {
				return err
			}
			if x.events = events; x.until.IsZero() || until.Before(x.until) {
				x.until = until
			}
		}
		return ctx.Err()
	})
}

func (k *look) tell(ctx context.Context, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	for i := range events {
		events[i].Change = k.change
	}
	n, err := k.box.Tell(ctx, Name, events, k.now)
	k.told.Fresh += n
	return err
}
