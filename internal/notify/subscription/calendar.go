package subscription

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Day is one day of a firm's calendar. UID is the same for the same thing, whatever day it falls on.
type Day struct {
	UID         string
	Day         civil.Date
	Title, Text string
	Path        string // of a page
}

// Entry is a day as the calendar says it.
type Entry struct {
	Day
	Cancelled bool
	Sequence  int // how often it changed
	ChangedAt time.Time
}

// Bounds of a calendar.
const (
	maxDays = 2000 // that are given, the first of them
	kept    = 90   // how many days ago something may have been and still stand in it
)

// Calendar makes days what the firm's calendar says from today on, and returns all of it in order. What isn't among them any more is
// said as cancelled, unless it is past. Sequence and instant change with what is said and at no other time: who asks twice gets the same.
func (b *Book) Calendar(ctx context.Context, enterprise string, days []Day, today civil.Date, now time.Time) ([]Entry, error) {
	said, err := b.said(ctx, b.s.DB().QueryContext, enterprise)
	if err != nil {
		return nil, err
	}
	if len(turned(said, days, today, now)) > 0 {
		if said, err = b.say(ctx, enterprise, days, today, now); err != nil {
			return nil, err
		}
	}
	oldest, _ := today.AddDays(-kept)
	said = slices.DeleteFunc(said, func(e Entry) bool { return e.Day.Day.Before(oldest) })
	return said[:min(len(said), maxDays)], nil
}

// say stores what has changed and reads all of it again. Who does so for one firm at the same time waits.
func (b *Book) say(ctx context.Context, enterprise string, days []Day, today civil.Date, now time.Time) (said []Entry, err error) {
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		var name string
		if err := tx.QueryRow(ctx, `SELECT name FROM enterprise WHERE uscc = $1`+strings.Replace(tx.Lock(), "UPDATE", "NO KEY UPDATE", 1), enterprise).Scan(&name); err != nil {
			return err
		}
		if said, err = b.said(ctx, tx.Query, enterprise); err != nil {
			return err
		}
		for _, e := range turned(said, days, today, now) {
			_, err := tx.Exec(ctx, `INSERT INTO calendar_entry (enterprise, uid, day, title, text, path, cancelled, sequence, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
				ON CONFLICT (enterprise, uid) DO UPDATE SET day = excluded.day, title = excluded.title, text = excluded.text, path = excluded.path,
				cancelled = excluded.cancelled, sequence = excluded.sequence, changed_at = excluded.changed_at`,
				enterprise, e.UID, store.Day(e.Day.Day), e.Title, e.Text, e.Path, bit(e.Cancelled), e.Sequence, store.Stamp(e.ChangedAt))
			if err != nil {
				return err
			}
		}
		said, err = b.said(ctx, tx.Query, enterprise)
		return err
	})
	return said, err
}

// turned are the entries that say something else than before.
func turned(said []Entry, days []Day, today civil.Date, now time.Time) (list []Entry) {
	before := map[string]Entry{}
	for _, e := range said {
		before[e.UID] = e
	}
	there := map[string]bool{}
	for _, d := range days {
		there[d.UID] = true
		e, known := before[d.UID]
		switch {
		case !known:
			list = append(list, Entry{Day: d, ChangedAt: now})
		case e.Day != d || e.Cancelled:
			list = append(list, Entry{Day: d, Sequence: e.Sequence + 1, ChangedAt: now})
		}
	}
	for _, e := range said {
		if !there[e.UID] && !e.Cancelled && !e.Day.Day.Before(today) {
			e.Cancelled, e.Sequence, e.ChangedAt = true, e.Sequence+1, now
			list = append(list, e)
		}
	}
	return list
}

type querier = func(ctx context.Context, query string, args ...any) (*sql.Rows, error)

// said is all that the calendar of a firm says, in order.
func (b *Book) said(ctx context.Context, ask querier, enterprise string) (list []Entry, err error) {
	rows, err := ask(ctx, `SELECT uid, day, title, text, path, cancelled, sequence, changed_at FROM calendar_entry WHERE enterprise = $1 ORDER BY day, uid`, enterprise)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var cancelled int
		if err := rows.Scan(&e.UID, store.DayInto(&e.Day.Day), &e.Title, &e.Text, &e.Path, &cancelled, &e.Sequence, store.StampInto(&e.ChangedAt)); err != nil {
			return nil, err
		}
		e.Cancelled = cancelled == 1
		list = append(list, e)
	}
	return list, rows.Err()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
