package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"mianshen/rules/civil"
)

// Status is where a sweep stands.
type Status string

// A sweep begins as Running. Done means that all its decisions are stored and summed up; Failed that it was given up,
// and what it had stored counts nowhere. Neither ever changes again.
const (
	Running Status = "running"
	Done    Status = "done"
	Failed  Status = "failed"
)

// Plan is what a sweep compares; it is pinned when the sweep begins.
type Plan struct {
	Slot       string     // the tick of the schedule that wants it, at most one sweep each; empty: no tick
	AsOf       civil.Date // the day whose law and facts count
	KnownAt    time.Time  // what had been received by then counts
	Snapshot   string     // id of the snapshot
	Vocabulary string     // id of the vocabulary version
	Policies   []string   // ids of the policy versions, at least one, in any order
}

// Sweep is one comparison of all items of its policies with all enterprises of its snapshot.
type Sweep struct {
	ID int64 // 1 and up, in the order of beginning
	Plan
	Status                        Status
	StartedAt                     time.Time
	FinishedAt                    time.Time // zero while it runs
	Note                          string    // why it failed, for people
	Eligible, Ineligible, Unknown int64     // decisions by outcome, once it is done
}

// Total is how often a sweep came to an outcome for an item.
type Total struct {
	Item      string
	Outcome   Outcome
	Decisions int64
	AmountFen int64 // the sum in 分; 0 unless eligible
}

// BeginSweep starts a sweep of plan at now. ErrSlotTaken: the slot has its sweep, see SweepBySlot. ErrNotFound: the
// snapshot, the vocabulary or a policy version isn't stored.
func (s *Store) BeginSweep(ctx context.Context, plan Plan, now time.Time) (sweep Sweep, err error) {
	defer wrap(&err, "begin sweep as of %v, slot %q", plan.AsOf, plan.Slot)
	policies := slices.Compact(slices.Sorted(slices.Values(plan.Policies)))
	if plan.AsOf.IsZero() || len(policies) == 0 {
		return Sweep{}, fmt.Errorf("no as-of day or no policies: %w", ErrInvalid)
	}
	if err := errors.Join(clean("slot", plan.Slot), instant("known-at", plan.KnownAt), instant("now", now)); err != nil {
		return Sweep{}, err
	}
	var id int64
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.serialize(ctx, tx, sweeps); err != nil {
			return err
		}
		var snapshot int64
		err := tx.QueryRowContext(ctx, `SELECT seq FROM snapshot WHERE id = $1`, plan.Snapshot).Scan(&snapshot)
		if err != nil {
			return known(err, "snapshot", plan.Snapshot)
		}
		var vocabulary string
		err = tx.QueryRowContext(ctx, `SELECT id FROM vocabulary_version WHERE id = $1`, plan.Vocabulary).Scan(&vocabulary)
		if err != nil {
			return known(err, "vocabulary", plan.Vocabulary)
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) + 1 FROM sweep`).Scan(&id); err != nil {
			return err
		}
		if err := pinPolicies(ctx, tx, id, policies); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO sweep (id, slot, as_of, known_at, snapshot, vocabulary, status, started_at)
			VALUES ($1, $2, $3, $4, $5, $6, 'running', $7) ON CONFLICT (slot) DO NOTHING`,
			id, sql.NullString{String: plan.Slot, Valid: plan.Slot != ""}, day{plan.AsOf}, stamp{plan.KnownAt}, snapshot, vocabulary, stamp{now})
		if err != nil {
			return err
		}
		if added, err := result.RowsAffected(); err != nil || added == 1 {
			return err
		}
		return ErrSlotTaken
	})
	if err != nil {
		return Sweep{}, err
	}
	return s.Sweep(ctx, id)
}

// pinPolicies writes which policy versions sweep id applies.
func pinPolicies(ctx context.Context, tx *sql.Tx, id int64, policies []string) error {
	for _, policy := range policies {
		result, err := tx.ExecContext(ctx, `INSERT INTO sweep_policy (sweep, policy_version)
			SELECT CAST($1 AS BIGINT), id FROM policy_version WHERE id = $2`, id, policy)
		if err != nil {
			return err
		}
		if added, err := result.RowsAffected(); err != nil || added != 1 {
			return errors.Join(fmt.Errorf("policy version %q: %w", policy, ErrNotFound), err)
		}
	}
	return nil
}

// FinishSweep ends a running sweep as Done, with its totals and a change of kind ChangeSweep, or as Failed, with a note
// for people. To end it again the same way changes nothing. ErrConflict: it ended the other way. ErrNotFound: no such sweep.
func (s *Store) FinishSweep(ctx context.Context, id int64, status Status, note string, now time.Time) (err error) {
	defer wrap(&err, "finish sweep %d as %s", id, status)
	if status != Done && status != Failed {
		return fmt.Errorf("a sweep can't end as %q: %w", status, ErrInvalid)
	}
	if err := errors.Join(clean("note", note), instant("now", now)); err != nil {
		return err
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		var stands Status
		if err := tx.QueryRowContext(ctx, `SELECT status FROM sweep WHERE id = $1`+s.locking("UPDATE"), id).Scan(&stands); err != nil {
			return err
		}
		if stands == status {
			return nil
		}
		if stands != Running {
			return fmt.Errorf("it ended as %s: %w", stands, ErrConflict)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE sweep SET status = $1, finished_at = $2, note = $3 WHERE id = $4`,
			string(status), stamp{now}, note, id); err != nil {
			return err
		}
		if status == Failed {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO sweep_summary (sweep, item, outcome, decisions, amount_fen) `+totals, id); err != nil {
			return err
		}
		if err := s.serialize(ctx, tx, sequences); err != nil {
			return err
		}
		return record(ctx, tx, Change{At: now, Kind: ChangeSweep, Subject: strconv.FormatInt(id, 10)})
	})
}

// totals sums up the decisions of sweep $1.
const totals = `SELECT m.sweep, m.item, d.outcome, count(*), CAST(COALESCE(sum(d.amount_fen), 0) AS BIGINT)
	FROM sweep_decision m JOIN decision d ON d.seq = m.decision WHERE m.sweep = $1 GROUP BY m.sweep, m.item, d.outcome`

// locking makes a SELECT hold its rows to the end of the transaction, where another one could change them meanwhile.
func (s *Store) locking(strength string) string {
	if s.kind == SQLite {
		return ""
	}
	return " FOR " + strength
}

const selectSweep = `SELECT s.id, COALESCE(s.slot, ''), s.as_of, s.known_at, n.id, s.vocabulary, s.status, s.started_at, s.finished_at, s.note,
	CAST(COALESCE((SELECT sum(decisions) FROM sweep_summary WHERE sweep = s.id AND outcome = 'eligible'), 0) AS BIGINT),
	CAST(COALESCE((SELECT sum(decisions) FROM sweep_summary WHERE sweep = s.id AND outcome = 'ineligible'), 0) AS BIGINT),
	CAST(COALESCE((SELECT sum(decisions) FROM sweep_summary WHERE sweep = s.id AND outcome = 'unknown'), 0) AS BIGINT)
	FROM sweep s JOIN snapshot n ON n.seq = s.snapshot `

func scanSweep(scan func(...any) error) (w Sweep, err error) {
	var asOf day
	var known, started, finished stamp
	err = scan(&w.ID, &w.Slot, &asOf, &known, &w.Snapshot, &w.Vocabulary, &w.Status, &started, &finished, &w.Note,
		&w.Eligible, &w.Ineligible, &w.Unknown)
	w.AsOf, w.KnownAt, w.StartedAt, w.FinishedAt = asOf.Date, known.Time, started.Time, finished.Time
	return w, err
}

// sweep returns the one sweep that where finds, with its policies in the order of their ids.
func (s *Store) sweep(ctx context.Context, where string, args ...any) (Sweep, error) {
	w, err := scanSweep(s.db.QueryRowContext(ctx, selectSweep+where, args...).Scan)
	if err != nil {
		return Sweep{}, err
	}
	w.Policies, err = collect(ctx, s.db, func(scan func(...any) error) (id string, err error) {
		err = scan(&id)
		return id, err
	}, `SELECT policy_version FROM sweep_policy WHERE sweep = $1 ORDER BY policy_version`, w.ID)
	return w, err
}

// Sweep returns the sweep with the given number, or ErrNotFound.
func (s *Store) Sweep(ctx context.Context, id int64) (w Sweep, err error) {
	defer wrap(&err, "sweep %d", id)
	return s.sweep(ctx, `WHERE s.id = $1`, id)
}

// SweepBySlot returns the sweep of a tick of the schedule, or ErrNotFound.
func (s *Store) SweepBySlot(ctx context.Context, slot string) (w Sweep, err error) {
	defer wrap(&err, "sweep of slot %q", slot)
	return s.sweep(ctx, `WHERE s.slot = $1`, slot)
}

// LatestSweep returns the sweep begun last among those that are done, or ErrNotFound if none is.
func (s *Store) LatestSweep(ctx context.Context) (w Sweep, err error) {
	defer wrap(&err, "latest sweep")
	return s.sweep(ctx, `WHERE s.status = 'done' ORDER BY s.id DESC LIMIT 1`)
}

// Sweeps returns up to limit sweeps of any status, the newest first, without their Policies.
func (s *Store) Sweeps(ctx context.Context, limit int) (list []Sweep, err error) {
	defer wrap(&err, "sweeps")
	return collect(ctx, s.db, scanSweep, selectSweep+`ORDER BY s.id DESC LIMIT $1`, max(limit, 0))
}

// SweepSummary returns the totals of a sweep that is done, by item and outcome in byte order; outcomes that didn't occur
// have no entry. Of another sweep it returns none. ErrNotFound: no such sweep.
func (s *Store) SweepSummary(ctx context.Context, id int64) (list []Total, err error) {
	defer wrap(&err, "summary of sweep %d", id)
	if _, err := s.Sweep(ctx, id); err != nil {
		return nil, err
	}
	return collect(ctx, s.db, func(scan func(...any) error) (t Total, err error) {
		err = scan(&t.Item, &t.Outcome, &t.Decisions, &t.AmountFen)
		return t, err
	}, `SELECT item, outcome, decisions, amount_fen FROM sweep_summary WHERE sweep = $1 ORDER BY item, outcome`, id)
}
