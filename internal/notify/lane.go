package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
)

// lane is one channel at work.
type lane struct {
	d       *Dispatcher
	c       channel.Channel
	name    string
	workers int
	tasks   chan task
	wake    chan struct{}
	book    *book
	mu      sync.Mutex
	held    map[string]bool // events of tasks that aren't done
}

// task is one message that the choice has let through.
type task struct {
	lease      outbox.Lease
	attempt    int // the one to come
	events     []event.Event
	fresh      []string // members of a digest that is put together now
	digest     bool
	preference choice.Preference
	chosen     time.Time
}

func newLane(d *Dispatcher, l Lane) *lane {
	return &lane{d: d, c: l.Channel, name: l.Channel.Name(), workers: l.Workers, tasks: make(chan task), wake: make(chan struct{}, 1), book: newBook(d, l.Workers), held: map[string]bool{}}
}

// run leases until ctx ends; the workers then finish what they have.
func (l *lane) run(ctx context.Context) {
	var workers, writer sync.WaitGroup
	writer.Go(l.book.run)
	for range l.workers {
		workers.Go(func() {
			for t := range l.tasks {
				l.send(ctx, t)
				l.hold([]task{t}, false)
			}
		})
	}
	l.feed(ctx)
	close(l.tasks)
	workers.Wait()
	close(l.book.turns)
	writer.Wait()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.d.o.Timeout)
	defer cancel()
	if err := l.d.box.Release(end, l.lease()); err != nil {
		l.complain("leases aren't given back", err)
	}
}

func (l *lane) lease() outbox.Lease {
	return outbox.Lease{Channel: l.name, Owner: l.d.o.Owner, Until: l.d.o.Now().Add(l.d.o.Lease)}
}

func (l *lane) complain(what string, err error) {
	l.d.o.Log.Error(what, "channel", l.name, "error", err)
}

// feed leases and hands out, a few messages for each worker at a time.
func (l *lane) feed(ctx context.Context) {
	var swept time.Time // by the machine's own clock, which doesn't jump
	for ctx.Err() == nil {
		if swept.IsZero() || time.Since(swept) > l.d.o.Lease/4 {
			l.sweep(ctx)
			swept = time.Now()
		}
		n, err := l.round(ctx)
		if err != nil && ctx.Err() == nil {
			l.complain("messages can't be leased", err)
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-time.After(l.d.o.Poll):
		}
	}
}

// sweep takes back what others left behind.
func (l *lane) sweep(ctx context.Context) {
	unknown, err := l.d.box.Expire(ctx, l.lease(), l.c.Idempotent(), l.busy, l.d.o.Now())
	if err != nil && ctx.Err() == nil {
		l.complain("old leases can't be taken back", err)
	}
	if unknown > 0 {
		l.d.o.Log.Warn("messages whose outcome nobody knows", "channel", l.name, "messages", unknown)
	}
}

// round is one lease with its choices; it returns how many messages it dealt with.
func (l *lane) round(ctx context.Context) (n int, err error) {
	lease, now := l.lease(), l.d.o.Now()
	const each = 4
	firms, err := l.d.box.Lease(ctx, lease, each*l.workers, now)
	if err != nil {
		return 0, err
	}
	var tasks []task
	var drop []choice.Dropped
	var later []choice.Later
	for _, f := range firms {
		n += len(f.Messages)
		made, d := l.choose(lease, f, now)
		tasks, drop, later = append(tasks, made...), append(drop, d.Drop...), append(later, d.Later...)
	}
	if err := l.d.box.Settle(ctx, lease, drop, later, now); err != nil {
		return n, errors.Join(err, l.d.box.Release(context.WithoutCancel(ctx), lease))
	}
	l.hold(tasks, true)
	for i, t := range tasks {
		select {
		case l.tasks <- t:
		case <-ctx.Done():
			l.hold(tasks[i:], false)
			return n, nil
		}
	}
	return n, nil
}

// hold notes which events this lane is busy with.
func (l *lane) hold(tasks []task, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range tasks {
		for _, e := range t.events {
			if held {
				l.held[e.ID] = true
			} else {
				delete(l.held, e.ID)
			}
		}
	}
}

func (l *lane) busy(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[id]
}

// choose asks what the firm chose. Its inbox isn't pushed, so it takes everything at once.
func (l *lane) choose(lease outbox.Lease, f outbox.Firm, now time.Time) (tasks []task, d choice.Deeds) {
	by := make(map[string]outbox.Message, len(f.Messages))
	var waiting []choice.Waiting
	for _, m := range f.Messages {
		by[m.Event.ID] = m
		waiting = append(waiting, choice.Waiting{Event: m.Event, Fixed: m.Digest})
		if l.name != channel.Inbox && f.Reachable != "" {
			d.Drop = append(d.Drop, choice.Dropped{Event: m.Event.ID, Why: f.Reachable})
		}
		if l.name == channel.Inbox {
			d.Send = append(d.Send, []event.Event{m.Event})
		}
	}
	if l.name == channel.Inbox {
		f.Preference = choice.Preference{}
	} else if f.Reachable == "" {
		d = choice.Decide(f.Preference, waiting, f.Used, now)
	}
	for _, group := range d.Send {
		m := by[group[0].ID]
		t := task{lease: lease, attempt: m.Attempt + 1, events: append(group, m.Members...), digest: m.Digest, preference: f.Preference, chosen: f.Chosen}
		for _, e := range group[1:] {
			t.fresh = append(t.fresh, e.ID)
		}
		tasks = append(tasks, t)
	}
	return tasks, d
}

// send makes one attempt. Once it is begun it goes on to its end, whatever becomes of ctx.
func (l *lane) send(ctx context.Context, t task) {
	now := l.d.o.Now()
	if ctx.Err() != nil { // released by run
		return
	}
	e := t.events[0]
	if at := t.preference.Next(now); at.After(now) { // it has become quiet meanwhile
		later := make([]choice.Later, 0, 1+len(t.fresh))
		for _, id := range append([]string{e.ID}, t.fresh...) {
			later = append(later, choice.Later{Event: id, At: at})
		}
		if err := l.d.box.Settle(ctx, t.lease, nil, later, now); err != nil {
			l.complain("a message can't be put off", err)
		}
		return
	}
	ticket := outbox.Ticket{Lease: t.lease, Event: e.ID, Attempt: t.attempt, Members: t.fresh, Digest: t.digest, Chosen: t.chosen}
	ticket.Until = now.Add(l.d.o.Lease)
	if !l.book.begin(ticket) {
		return
	}
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.d.o.Timeout)
	result, err := l.attempt(calling, t)
	cancel()
	done := outbox.Done{Ticket: ticket, Result: result, Dead: t.attempt >= l.d.o.Tries, Next: l.d.o.Now().Add(l.d.backoff(t.attempt))}
	if err != nil {
		done.Note = err.Error()
	}
	if !l.book.mark(done) {
		l.d.o.Log.Warn("somebody else has taken over a message", "channel", l.name, "event", e.ID, "attempt", t.attempt, "result", string(result))
	}
}

// attempt finds the words and the address and sends. What fails before the channel is asked was surely not sent.
func (l *lane) attempt(ctx context.Context, t task) (result channel.Result, err error) {
	e := t.events[0]
	sending := false
	defer func() {
		if p := recover(); p != nil {
			result, err = channel.Refused, fmt.Errorf("panic: %T", p)
			if sending && l.c.Idempotent() {
				result = channel.Retry
			} else if sending {
				result = channel.Unknown
			}
		}
	}()
	words, err := l.d.o.Writer.Write(ctx, l.name, t.events)
	if err != nil {
		return before(err, ErrWords), fmt.Errorf("写不出这条消息：%w", err)
	}
	m := channel.Message{
		Event: e.ID, Channel: l.name, Enterprise: e.Enterprise, Kind: e.Kind, Attempt: t.attempt,
		Title: words.Title, Text: words.Text, Link: words.Link, Params: words.Params, Key: e.ID + "/" + l.name,
	}
	var to channel.Address
	if l.name != channel.Inbox {
		var stop string
		if to, stop, err = l.d.box.Reach(ctx, e.Enterprise, l.name); err != nil {
			return before(err, outbox.ErrSealed), fmt.Errorf("联系地址打不开：%w", err)
		}
		if l.d.o.OptOut != "" && stop != "" {
			m.OptOut = l.d.o.OptOut + stop
		}
	}
	sending = true
	return l.c.Send(ctx, to, m)
}

// before is the result of what failed before sending: it is tried again but for one kind of error, which will be the same again.
func before(err, hopeless error) channel.Result {
	if errors.Is(err, hopeless) {
		return channel.Refused
	}
	return channel.Retry
}
