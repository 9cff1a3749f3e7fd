package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Change is one entry of the sequence that derived things (the search index, statistics, messages) follow. It is
// written in the transaction of what it tells of, and its Seq is greater than that of every change committed before.
type Change struct {
	Seq     int64 // 1 and up; numbers may be missing
	At      time.Time
	Kind    string // one of the constants Change...
	Subject string // what changed, as the kind says
}

// The kinds of change.
const (
	ChangePolicy     = "policy"     // another version became current; the subject is the policy's id
	ChangeVocabulary = "vocabulary" // another vocabulary became current; the subject is its version
	ChangeSnapshot   = "snapshot"   // a snapshot became the latest; the subject is its id
	ChangeSweep      = "sweep"      // a sweep is done; the subject is its number
)

// record appends a change within tx, which has passed the queue sequences.
func record(ctx context.Context, tx *sql.Tx, c Change) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO change (at, kind, subject) VALUES ($1, $2, $3)`, stamp{c.At}, c.Kind, c.Subject)
	return err
}

// Changes returns up to limit changes whose Seq is greater than after, in their order. A follower keeps the last Seq it
// has dealt with and misses nothing.
func (s *Store) Changes(ctx context.Context, after int64, limit int) (list []Change, err error) {
	defer wrap(&err, "changes after %d", after)
	return collect(ctx, s.db, func(scan func(...any) error) (c Change, err error) {
		var at stamp
		err = scan(&c.Seq, &at, &c.Kind, &c.Subject)
		c.At = at.Time
		return c, err
	}, `SELECT seq, at, kind, subject FROM change WHERE seq > $1 ORDER BY seq LIMIT $2`, after, max(limit, 0))
}

// TakeSlot claims a tick of the schedule for the caller. For each job and slot it returns true once, whoever asks, on
// any number of nodes, ever after. A slot is named after the planned time of the tick, never after the clock's.
func (s *Store) TakeSlot(ctx context.Context, job, slot string, now time.Time) (mine bool, err error) {
	defer wrap(&err, "take slot %q of job %q", slot, job)
	if err := errors.Join(text("job", job), text("slot", slot), instant("now", now)); err != nil {
		return false, err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO job_slot (job, slot, started_at) VALUES ($1, $2, $3)
			ON CONFLICT (job, slot) DO NOTHING`, job, slot, stamp{now})
		if err != nil {
			return err
		}
		added, err := result.RowsAffected()
		mine = added == 1
		return err
	})
	return mine && err == nil, err
}

// FinishSlot records how a taken slot ended. ErrNotFound: nobody took it. ErrConflict: it was finished before.
func (s *Store) FinishSlot(ctx context.Context, job, slot, outcome string, now time.Time) (err error) {
	defer wrap(&err, "finish slot %q of job %q", slot, job)
	if err := errors.Join(text("outcome", outcome), instant("now", now)); err != nil {
		return err
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE job_slot SET finished_at = $1, outcome = $2 WHERE job = $3 AND slot = $4`,
			stamp{now}, outcome, job, slot)
		if err != nil {
			return err
		}
		if found, err := result.RowsAffected(); err != nil || found == 1 {
			return err
		}
		return fmt.Errorf("nobody took it: %w", ErrNotFound)
	})
}

// Slot is one tick of the schedule that was taken.
type Slot struct {
	Job, Name  string
	StartedAt  time.Time
	FinishedAt time.Time // zero: it runs, or its process ended before it did
	Outcome    string
}

// Slots returns up to limit slots of a job, those with the greatest names first, which are the latest where names are instants.
func (s *Store) Slots(ctx context.Context, job string, limit int) (list []Slot, err error) {
	defer wrap(&err, "slots of job %q", job)
	return collect(ctx, s.db, func(scan func(...any) error) (x Slot, err error) {
		var started, finished stamp
		err = scan(&x.Job, &x.Name, &started, &finished, &x.Outcome)
		x.StartedAt, x.FinishedAt = started.Time, finished.Time
		return x, err
	}, `SELECT job, slot, started_at, finished_at, coalesce(outcome, '') FROM job_slot WHERE job = $1 ORDER BY slot DESC LIMIT $2`, job, max(limit, 0))
}
