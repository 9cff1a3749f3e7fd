package outlook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/night"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// ending is how many days before its end a policy is told to end.
const ending = 60

// steps are how many days before a window opens or closes, or an entitlement ends, a firm is told; the nearest that isn't past counts.
var steps = []int{1, 3, 15}

func step(rest int) (days int, ok bool) {
	i := slices.IndexFunc(steps, func(s int) bool { return rest >= 0 && rest <= s })
	if i < 0 {
		return 0, false
	}
	return steps[i], true
}

// Remind reminds firms on a day, by what the latest sweep came to, and returns how many events are new. Whoever was told of a step isn't
// told of it again, however often a day comes.
func (o *Outlook) Remind(ctx context.Context, day civil.Date, now time.Time) (fresh int, err error) {
	sweep, err := o.office.LatestDone(ctx)
	if errors.Is(err, casework.ErrNothing) || errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	k, err := o.open(ctx, sweep)
	if err != nil {
		return 0, err
	}
	k.now, k.told = now, &Told{}
	err = k.remind(ctx, day)
	return k.told.Fresh, err
}

func (k *look) remind(ctx context.Context, day civil.Date) error {
	for _, l := range k.due {
		if !l.Rule.Due(day) {
			continue // the sweep was on another day
		}
		for _, say := range []func(firm) (event.Event, bool){windows(l, day), ends(l, day)} {
			if err := k.remindAll(ctx, l, day, say); err != nil {
				return err
			}
		}
	}
	return k.remindEnds(ctx, day)
}

// firm is one that an item is owed to.
type firm struct {
	row int
	sum *exact.Money
	night.Firm
	sweep int64
}

// remindAll reminds all firms that an item is owed to; nil says that there is nothing to remind of.
func (k *look) remindAll(ctx context.Context, l *night.Law, day civil.Date, say func(firm) (event.Event, bool)) (err error) {
	if say == nil {
		return nil
	}
	var list []firm
	write := func() error {
		names, err := night.Names(ctx, k.office.Store, list, func(x firm) string { return k.Table.Code(x.row) })
		if err != nil {
			return err
		}
		var events []event.Event
		for _, x := range list {
			x.sweep, x.Firm = k.Sweep.ID, night.Firm{USCC: k.Table.Code(x.row), Name: names[k.Table.Code(x.row)], Day: day, At: k.now}
			if e, ok := say(x); ok {
				events = append(events, e)
			}
		}
		list = list[:0]
		return k.tellNew(ctx, events)
	}
	i := k.items[l.Rule.Item.ID]
	k.state.Grants(i, func(row int, _ exact.Money) bool {
		if list = append(list, firm{row: row, sum: k.amount(i, row)}); len(list) == page {
			err = write()
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	return write()
}

// tellNew tells of events that nobody has been told of.
func (k *look) tellNew(ctx context.Context, events []event.Event) error {
	known := map[string]bool{}
	for part := range slices.Chunk(events, 100) {
		args := make([]any, len(part))
		for i, e := range part {
			args[i] = e.ID
		}
		rows, err := k.office.Store.DB().QueryContext(ctx, "SELECT id FROM event WHERE id IN "+store.Places(0, len(part)), args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return errors.Join(err, rows.Close())
			}
			known[id] = true
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return k.tell(ctx, slices.DeleteFunc(events, func(e event.Event) bool { return known[e.ID] }))
}

// about is an event with what all reminders say.
func about(kind, subject string, l *night.Law, x firm) event.Event {
	e := l.About(kind, subject, x.Firm)
	e.Data[event.Sum], e.Worth, e.Decision = night.Words(x.sum), night.Worth(x.sum), casework.DecisionID(x.sweep, l.Rule.Item.ID, x.USCC)
	e.Data[event.Clause] = l.Clauses
	return e
}

// windows says that a window opens or closes soon; nil: none does.
func windows(l *night.Law, today civil.Date) func(firm) (event.Event, bool) {
	from, to, ok := Window(l.Rule.Item, today)
	if !ok {
		return nil
	}
	kind, day := event.Closes, to
	if from.After(today) {
		kind, day = event.Opens, from
	}
	rest := day.Sub(today)
	s, ok := step(rest)
	if !ok {
		return nil
	}
	return func(x firm) (event.Event, bool) {
		e := about(kind, fmt.Sprintf("%s|%s|%d", l.Rule.Item.ID, day, s), l, x)
		e.Data[event.From], e.Data[event.Until], e.Data[event.Rest], e.Due = from.String(), to.String(), away(rest), day
		return e, true
	}
}

// away says in how many days something is.
func away(days int) string {
	switch days {
	case 0:
		return "今天"
	case 1:
		return "明天"
	}
	return fmt.Sprintf("%d 天后", days)
}

// ends says that the policy of an item that firms are owed ends soon; nil: it doesn't.
func ends(l *night.Law, today civil.Date) func(firm) (event.Event, bool) {
	to := l.Rule.Policy.InForce.To
	if to.IsZero() || to.Before(today) || to.Sub(today) > ending {
		return nil
	}
	return func(x firm) (event.Event, bool) {
		e := about(event.Ending, l.Rule.Item.ID+"|"+to.String(), l, x)
		e.Data[event.Until], e.Due = to.String(), to
		return e, true
	}
}

// last is a firm that was told up to when it is owed an item.
type last struct {
	uscc, item string
	due        civil.Date
}

// remindEnds reminds firms of the day up to which they are owed an item, where that is still so: who has renewed its certificate hears
// nothing.
func (k *look) remindEnds(ctx context.Context, today civil.Date) error {
	list, err := k.lasts(ctx, today)
	if err != nil {
		return err
	}
	names, err := night.Names(ctx, k.office.Store, list, func(x last) string { return x.uscc })
	if err != nil {
		return err
	}
	w := k.worker()
	var events []event.Event
	for _, x := range list {
		l := k.Laws[x.item]
		row, ok := k.Table.Row(x.uscc)
		s, soon := step(x.due.Sub(today))
		if !ok || !soon || l == nil || !slices.Contains(k.due, l) || k.state.Outcome(k.items[x.item], row) != rules.Eligible {
			continue
		}
		found, _, err := w.see(row, []*night.Law{l}, night.Firm{USCC: x.uscc, Name: names[x.uscc], Day: today, At: k.now})
		if err != nil {
			return err
		}
		for _, e := range found {
			if e.Kind == event.Expires && e.Due == x.due {
				e.Subject = fmt.Sprintf("%s|%d", e.Subject, s)
				e.ID = event.ID(e.Kind, e.Enterprise, e.Subject)
				events = append(events, e)
			}
		}
	}
	return k.tellNew(ctx, events)
}

// lasts are the ends that were told before today and come within the longest step.
func (k *look) lasts(ctx context.Context, today civil.Date) (list []last, err error) {
	until, _ := today.AddDays(slices.Max(steps))
	rows, err := k.office.Store.DB().QueryContext(ctx, `SELECT enterprise, item, due, subject FROM event
		WHERE kind = $1 AND due >= $2 AND due <= $3 AND at < $4 ORDER BY enterprise, subject`, event.Expires, store.Day(today), store.Day(until), store.Stamp(today.Start()))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x last
		var subject string
		if err := rows.Scan(&x.uscc, &x.item, store.DayInto(&x.due), &subject); err != nil {
			return nil, err
		}
		if strings.Count(subject, "|") == 1 { // a forecast, not a reminder of it
			list = append(list, x)
		}
	}
	return list, rows.Err()
}
