package derive

import (
	"context"
	"slices"
	"strconv"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/night"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// entry is what a step of a list or a payment means for the firm of one entry.
type entry struct {
	kind, subject, list, title, department, item, uscc, name, decision, ref string
	fen                                                                     int64
	at                                                                      time.Time
	until                                                                   civil.Date
	verdict, answer                                                         string
}

const entryColumns = `, l.id, l.title, l.department, e.item, e.enterprise, e.name, t.decision, e.amount_fen
	FROM disbursement_list l JOIN list_entry e ON e.list = l.id JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part `

// untold leaves out what has its event: lists and payments have no sequence of their own, so the events themselves say how far this
// has come. CAST keeps the subject a text on both databases.
func untold(kind, subject string) string {
	return ` AND NOT EXISTS (SELECT 1 FROM event x WHERE x.kind = '` + kind + `' AND x.enterprise = e.enterprise AND x.subject = ` + subject + `) ORDER BY 2, 1 LIMIT 5000`
}

const (
	round = `l.id || '|' || CAST(e.n AS TEXT) || '|' || CAST(l.round AS TEXT)`
	live  = ` WHERE e.status IN ('in', 'held') AND l.suspended = 0`
)

// questions find what hasn't been told: subject, instant, day, number and two texts, then the columns of an entry.
var questions = []struct{ kind, query string }{
	{event.Confirm, `SELECT ` + round + `, (SELECT max(v.at) FROM list_event v WHERE v.list = l.id), l.confirm_until, '', '', ''` + entryColumns + live + `
		AND l.state = 'reviewed' AND l.confirm_until IS NOT NULL` + untold(event.Confirm, round)},
	{event.Notice, `SELECT ` + round + `, (SELECT max(v.at) FROM list_event v WHERE v.list = l.id AND v.action = 'notice'), l.notice_until, '', '', ''` + entryColumns + live + `
		AND l.state = 'noticed' AND l.notice_until IS NOT NULL` + untold(event.Notice, round)},
	{event.Objection, `SELECT o.id, o.answered_at, NULL, '', o.outcome, o.answer` + entryColumns + `JOIN objection o ON o.list = e.list AND o.n = e.n
		WHERE o.outcome IS NOT NULL` + untold(event.Objection, `o.id`)},
	{event.Paid, `SELECT p.id, p.moved_at, NULL, p.id, '', ''` + entryColumns + `JOIN payment p ON p.list = e.list AND p.n = e.n
		WHERE p.state = 'paid'` + untold(event.Paid, `p.id`)},
	{event.Returned, `SELECT p.id, p.moved_at, NULL, p.id, '', p.reason` + entryColumns + `JOIN payment p ON p.list = e.list AND p.n = e.n
		WHERE p.state IN ('failed', 'returned')` + untold(event.Returned, `p.id`)},
}

// asked finds whom a list waits for, with the day up to which it does, who has been asked before today and hasn't answered.
const asked = `SELECT ` + round + `, (SELECT max(v.at) FROM list_event v WHERE v.list = l.id), l.confirm_until, '', '', ''` + entryColumns + live + `
	AND l.state = 'reviewed' AND l.confirm_until >= $1 AND l.confirm_until <= $2
	AND NOT EXISTS (SELECT 1 FROM confirmation c WHERE c.list = e.list AND c.n = e.n AND c.round = l.round)
	AND EXISTS (SELECT 1 FROM event x WHERE x.kind = 'confirm' AND x.enterprise = e.enterprise AND x.subject = ` + round + ` AND x.at < $3)
	ORDER BY 2, 1`

// Remind reminds firms that haven't answered a list that waits for them, 15, 3 and 1 days before it no longer does, once each. It returns
// how many events are new.
func (f *Follower) Remind(ctx context.Context, day civil.Date, now time.Time) (fresh int, err error) {
	book, err := f.office.Current(ctx)
	if err != nil {
		book = nil
	}
	steps := []int{15, 3, 1}
	until, _ := day.AddDays(steps[0])
	list, err := f.entries(ctx, event.Confirm, asked, store.Day(day), store.Day(until), store.Stamp(day.Start()))
	if err != nil || len(list) == 0 {
		return 0, err
	}
	var events []event.Event
	for _, x := range list {
		for _, step := range slices.Backward(steps) {
			if x.until.Sub(day) <= step {
				x.subject, x.at = x.subject+"|"+strconv.Itoa(step), now
				events = append(events, x.event(book))
				break
			}
		}
	}
	for part := range slices.Chunk(events, page) {
		n, err := f.box.Tell(ctx, Name, part, now)
		fresh += n
		if err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}

// money tells of steps of lists and of payments that haven't been told.
func (f *Follower) money(ctx context.Context, now time.Time) (fresh int, err error) {
	book, err := f.office.Current(ctx)
	if err != nil {
		book = nil // entries are named by their ids then
	}
	for _, q := range questions {
		for {
			list, err := f.entries(ctx, q.kind, q.query)
			if err != nil {
				return fresh, err
			}
			if len(list) == 0 {
				break
			}
			events := make([]event.Event, len(list))
			for i, x := range list {
				events[i] = x.event(book)
			}
			n, err := f.box.Tell(ctx, Name, events, now)
			fresh += n
			if err != nil || n == 0 {
				return fresh, err
			}
		}
	}
	return fresh, nil
}

func (f *Follower) entries(ctx context.Context, kind, query string, args ...any) ([]entry, error) {
	rows, err := f.office.Store.DB().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []entry
	for rows.Next() {
		x := entry{kind: kind}
		if err := rows.Scan(&x.subject, store.StampInto(&x.at), store.DayInto(&x.until), &x.ref, &x.verdict, &x.answer,
			&x.list, &x.title, &x.department, &x.item, &x.uscc, &x.name, &x.decision, &x.fen); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, rows.Err()
}

// event is what the firm hears.
func (x entry) event(book *casework.Book) event.Event {
	day := civil.On(x.at)
	e := event.New(x.kind, x.uscc, x.subject, x.at)
	e.Data[event.Firm], e.Data[event.Item], e.Data[event.Document], e.Data[event.Number], e.Data[event.Clause] = x.name, x.item, x.item, "无", "无"
	if book != nil {
		if r, ok := book.Rule(x.item); ok {
			night.Fill(e.Data, r.Policy, night.Firm{USCC: x.uscc, Name: x.name})
			e.Data[event.Item], e.Data[event.Clause] = r.Item.Title, night.ClausesOf(r, nil)
		}
	}
	e.Item, e.Decision, e.Worth, e.Due = x.item, x.decision, exact.Money(x.fen), x.until
	e.Data[event.Day], e.Data[event.Issuer], e.Data[event.Department] = day.String(), x.department, x.department
	e.Data[event.Sum], e.Data[event.List] = exact.Money(x.fen).Words(), x.title
	switch x.kind {
	case event.Confirm, event.Notice:
		e.Data[event.Until] = x.until.String()
	case event.Objection:
		e.Data[event.Verdict], e.Data[event.Answer] = map[string]string{"upheld": "异议成立", "rejected": "异议不成立"}[x.verdict], x.answer
	case event.Paid:
		e.Data[event.Ref] = x.ref
	case event.Returned:
		e.Data[event.Ref], e.Data[event.Why] = x.ref, night.OrNone(x.answer)
	}
	return e
}
