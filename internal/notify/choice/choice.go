// Package choice applies what a firm chose to the messages that wait for it, at the moment of sending: what it wants to hear, when,
// whether as a digest, and how much a day. Times of day are Shanghai's. The package is pure: the instant is an argument.
package choice

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"mianshen/internal/notify/event"
	"mianshen/rules/civil"
)

// Digest says whether messages come one by one or together.
type Digest string

// The digests. A daily one comes at DigestHour, a weekly one on Mondays at that hour, later where it is quiet then.
const (
	None   Digest = "none"
	Daily  Digest = "daily"
	Weekly Digest = "weekly"
)

// DigestHour is the hour of the day at which a digest is made, and what was put off to another day goes out.
const DigestHour = 9

// Preference is what a firm chose. The zero value of a list stands for everything.
type Preference struct {
	Topics      []string // kinds of event, or topics
	Departments []string
	Industries  []string // codes that begin like this
	QuietFrom   int      // minute of the day; the quiet time may go over midnight, and equal ends stand for none
	QuietTo     int
	WorkingDays bool // on working days alone, by the official calendar
	Digest      Digest
	ADay        int // messages a day and channel
}

// Default is what counts for a firm that gave an address and nothing else.
var Default = Preference{Digest: None, ADay: 5}

// Subscribed tells whether the firm wants to hear of e. What an event doesn't say about itself isn't held against it.
func (p Preference) Subscribed(e event.Event) bool {
	topic := len(p.Topics) == 0 || slices.Contains(p.Topics, e.Kind) || slices.Contains(p.Topics, e.Data[event.Topic])
	department, industry := e.Data[event.Department], e.Data[event.Industry]
	return topic && (len(p.Departments) == 0 || department == "" || slices.Contains(p.Departments, department)) &&
		(len(p.Industries) == 0 || industry == "" || slices.ContainsFunc(p.Industries, func(code string) bool {
			return strings.HasPrefix(industry, code) || strings.HasPrefix(code, industry)
		}))
}

// Next returns the first instant, now or later, at which a message may go out.
func (p Preference) Next(now time.Time) time.Time {
	const most = 100 // longer than any holiday has quiet times and days off
	for range most {
		next := p.outOfQuiet(now)
		if p.WorkingDays && !working(civil.On(next)) {
			next = p.tomorrow(next)
		}
		if next.Equal(now) {
			break
		}
		now = next
	}
	return now
}

func (p Preference) outOfQuiet(now time.Time) time.Time {
	if p.QuietFrom == p.QuietTo {
		return now
	}
	midnight := civil.On(now).Start()
	minute := int(now.Sub(midnight) / time.Minute)
	end := midnight.Add(time.Duration(p.QuietTo) * time.Minute)
	switch over := p.QuietFrom > p.QuietTo; {
	case over && minute >= p.QuietFrom:
		return end.AddDate(0, 0, 1)
	case over && minute < p.QuietTo, !over && minute >= p.QuietFrom && minute < p.QuietTo:
		return end
	}
	return now
}

// working falls back to weekdays where the calendar of the year isn't known yet.
func working(d civil.Date) bool {
	if yes, known := civil.IsWorkday(d); known {
		return yes
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

// tomorrow is when the messages of the next day begin: at the end of the quiet time if midnight is in it, else at DigestHour. What is put
// off wakes nobody at midnight.
func (p Preference) tomorrow(now time.Time) time.Time {
	midnight := civil.On(now).Start().AddDate(0, 0, 1)
	if at := p.outOfQuiet(midnight); at.After(midnight) {
		return at
	}
	return midnight.Add(DigestHour * time.Hour)
}

// Slot returns when the digest comes that takes in what happened at an instant; the instant itself where there is no digest.
func (p Preference) Slot(at time.Time) time.Time {
	if p.Digest != Daily && p.Digest != Weekly {
		return at
	}
	slot := civil.On(at).Start().Add(DigestHour * time.Hour)
	for !slot.After(at) || p.Digest == Weekly && civil.On(slot).Weekday() != time.Monday {
		slot = slot.AddDate(0, 0, 1)
	}
	return p.Next(slot)
}

// Waiting is a message that waits.
type Waiting struct {
	Event event.Event
	Fixed bool // it was put together and tried before: it goes as it is
}

// Later is a message that waits for longer.
type Later struct {
	Event string
	At    time.Time
}

// Dropped is a message that is never sent.
type Dropped struct{ Event, Why string }

// Deeds are what is done with the messages of a firm on a channel. A group of Send is one message: its first event carries it, the
// others are told with it.
type Deeds struct {
	Send  [][]event.Event
	Later []Later
	Drop  []Dropped
}

// Decide says what is done now with the messages that wait for one firm on one channel, of which used were sent today. The most
// valuable come first, and under a cap what is left waits for tomorrow.
func Decide(p Preference, waiting []Waiting, used int, now time.Time) (d Deeds) {
	ready, digest := p.sort(waiting, now, &d)
	room := max(p.ADay-used, 0)
	if len(digest) > 0 {
		ready = append(ready, digest)
	}
	slices.SortFunc(ready, func(a, b []event.Event) int { return order(a[0], b[0]) })
	for i, group := range ready {
		if i < room {
			d.Send = append(d.Send, group)
			continue
		}
		at := p.Next(p.tomorrow(now))
		for _, e := range group {
			d.Later = append(d.Later, Later{e.ID, at})
		}
	}
	return d
}

// sort drops what isn't wanted, puts off what may not go now, and parts the rest into single messages and one digest.
func (p Preference) sort(waiting []Waiting, now time.Time, d *Deeds) (single [][]event.Event, digest []event.Event) {
	next, today := p.Next(now), civil.On(now)
	for _, w := range waiting {
		e := w.Event
		slot := p.Slot(e.At)
		urgent := !e.Due.IsZero() && !civil.On(slot).Before(e.Due)
		switch {
		case !p.Subscribed(e):
			d.Drop = append(d.Drop, Dropped{e.ID, "企业没有订阅这一类"})
		case p.ADay <= 0:
			d.Drop = append(d.Drop, Dropped{e.ID, "企业每天的条数上限为零"})
		case !e.Due.IsZero() && e.Due.Before(today):
			d.Drop = append(d.Drop, Dropped{e.ID, "期限 " + e.Due.String() + " 已过"})
		case next.After(now):
			d.Later = append(d.Later, Later{e.ID, next})
		case w.Fixed || p.Digest != Daily && p.Digest != Weekly || urgent:
			single = append(single, []event.Event{e})
		case slot.After(now):
			d.Later = append(d.Later, Later{e.ID, slot})
		default:
			digest = append(digest, e)
		}
	}
	slices.SortFunc(digest, order)
	return single, digest
}

// order has the most valuable first, then what happened first.
func order(a, b event.Event) int {
	return cmp.Or(cmp.Compare(b.Worth, a.Worth), a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
}
