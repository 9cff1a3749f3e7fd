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

// A sweep begins as Running. Done means that all its shards are stored and summed up; Held that they are too, but that a
// person must look at them before they count; Failed that it was given up, or refused by that person, and counts nowhere.
// Done and Failed never change again.
const (
	Running Status = "running"
	Held    Status = "held"
	Done    Status = "done"
	Failed  Status = "failed"
)

// Purpose says what a sweep is for.
type Purpose string

// The purposes of sweeps.
const (
	Nightly     Purpose = "nightly"     // the schedule wanted it
	Manual      Purpose = "manual"      // a person wanted it
	Retroactive Purpose = "retroactive" // what would have been decided on a day that is past; never the latest sweep
)

// Outcome is what an item means for an enterprise.
type Outcome string

// The three outcomes: 符合, 不符合, 待核实.
const (
	Eligible   Outcome = "eligible"
	Ineligible Outcome = "ineligible"
	Unknown    Outcome = "unknown"
)

// Plan is what a sweep compares; it is pinned when the sweep begins.
type Plan struct {
	Slot       string // the tick of the schedule that wants it, at most one sweep each; empty: no tick
	Purpose    Purpose
	AsOf       civil.Date // the day whose law and facts count
	KnownAt    time.Time  // what had been received by then counts
	Snapshot   string     // id of the sealed snapshot
	Vocabulary string     // id of the vocabulary version
	Policies   []string   // ids of the policy versions, at least one, in any order
	Previous   int64      // the sweep, done, that its differences are against; 0: none
	Shards     int        // how many shards it has, 0 and up
	Rows       int64      // how many enterprises its shards have together
	Hold       int        // from how many percent of changed outcomes on a person must look at it; -1: never
}

// Sweep is one comparison of all items of its policies with all enterprises of its snapshot.
type Sweep struct {
	ID int64 // 1 and up, in the order of beginning
	Plan
	Status                        Status
	StartedAt                     time.Time
	FinishedAt                    time.Time // zero while it runs
	Note                          string    // why it failed or is held, for people
	ReleasedAt                    time.Time // zero unless it was held and a person has decided
	ReleasedBy, ReleaseNote       string
	Eligible, Ineligible, Unknown int64 // decisions by outcome, once it is done or held
}

// Total is how often a sweep came to an outcome for an item.
type Total struct {
	Item      string
	Outcome   Outcome
	Decisions int64 // more than 0
	AmountFen int64 // the sum in 分; 0 unless eligible
}

// BeginSweep starts a sweep of plan at now. ErrSlotTaken: the slot has its sweep, see SweepBySlot. ErrNotFound: the
// snapshot, the vocabulary, a policy version or the previous sweep isn't stored. ErrConflict: the previous sweep isn't done.
func (s *Store) BeginSweep(ctx context.Context, plan Plan, now time.Time) (sweep Sweep, err error) {
	defer wrap(&err, "begin sweep as of %v, slot %q", plan.AsOf, plan.Slot)
	if err := errors.Join(plan.check(), instant("now", now)); err != nil {
		return Sweep{}, err
	}
	var id int64
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.serialize(ctx, tx, sweeps); err != nil {
			return err
		}
		snapshot, err := pinned(ctx, tx, plan)
		if err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) + 1 FROM sweep`).Scan(&id); err != nil {
			return err
		}
		if err := pinPolicies(ctx, tx, id, plan.Policies); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO sweep
			(id, slot, purpose, as_of, known_at, snapshot, vocabulary, previous, shards, rows, hold, status, started_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'running', $12) ON CONFLICT (slot) DO NOTHING`,
			id, sql.NullString{String: plan.Slot, Valid: plan.Slot != ""}, string(plan.Purpose), day{plan.AsOf}, stamp{plan.KnownAt}, snapshot,
			plan.Vocabulary, sql.NullInt64{Int64: plan.Previous, Valid: plan.Previous != 0}, plan.Shards, plan.Rows, plan.Hold, stamp{now})
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

// check refuses what is no plan.
func (p Plan) check() error {
	if p.AsOf.IsZero() || len(p.Policies) == 0 {
		return fmt.Errorf("no as-of day or no policies: %w", ErrInvalid)
	}
	if p.Purpose != Nightly && p.Purpose != Manual && p.Purpose != Retroactive {
		return fmt.Errorf("purpose %q: %w", p.Purpose, ErrInvalid)
	}
	return errors.Join(clean("slot", p.Slot), instant("known-at", p.KnownAt), counted("shards", int64(p.Shards)), counted("rows", p.Rows),
		counted("previous", p.Previous), counted("hold", int64(p.Hold)+1))
}

// pinned refuses a plan that names what isn't there, and returns the number of its snapshot.
func pinned(ctx context.Context, tx *sql.Tx, plan Plan) (snapshot int64, err error) {
	if err := tx.QueryRowContext(ctx, `SELECT seq FROM snapshot WHERE id = $1 AND sealed`, plan.Snapshot).Scan(&snapshot); err != nil {
		return 0, known(err, "snapshot", plan.Snapshot)
	}
	var vocabulary string
	if err := tx.QueryRowContext(ctx, `SELECT id FROM vocabulary_version WHERE id = $1`, plan.Vocabulary).Scan(&vocabulary); err != nil {
		return 0, known(err, "vocabulary", plan.Vocabulary)
	}
	if plan.Previous == 0 {
		return snapshot, nil
	}
	var status Status
	if err := tx.QueryRowContext(ctx, `SELECT status FROM sweep WHERE id = $1`, plan.Previous).Scan(&status); err != nil {
		return 0, known(err, "previous sweep", strconv.FormatInt(plan.Previous, 10))
	}
	if status != Done {
		return 0, fmt.Errorf("the previous sweep %d is %s: %w", plan.Previous, status, ErrConflict)
	}
	return snapshot, nil
}

// pinPolicies writes which policy versions sweep id applies.
func pinPolicies(ctx context.Context, tx *sql.Tx, id int64, policies []string) error {
	for _, policy := range slices.Compact(slices.Sorted(slices.Values(policies))) {
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

// FinishSweep ends a running sweep: as Done or Held with its totals, or as Failed, whose totals aren't kept. note says why,
// for people. Done writes a change of kind ChangeSweep. To end it again the same way changes nothing. ErrConflict: it ended
// another way, or shards are missing or their rows don't add up. ErrNotFound: no such sweep.
func (s *Store) FinishSweep(ctx context.Context, id int64, status Status, note string, totals []Total, now time.Time) (err error) {
	defer wrap(&err, "finish sweep %d as %s", id, status)
	if status != Done && status != Failed && status != Held {
		return fmt.Errorf("a sweep can't end as %q: %w", status, ErrInvalid)
	}
	if err := errors.Join(clean("note", note), instant("now", now)); err != nil {
		return err
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		var stands Status
		var shards, rows int64
		if err := tx.QueryRowContext(ctx, `SELECT status, shards, rows FROM sweep WHERE id = $1`+s.locking("UPDATE"), id).Scan(&stands, &shards, &rows); err != nil {
			return err
		}
		if stands == status {
			return nil
		}
		if stands != Running {
			return fmt.Errorf("it is %s: %w", stands, ErrConflict)
		}
		if status != Failed {
			if err := s.sumUp(ctx, tx, id, shards, rows, totals); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE sweep SET status = $1, finished_at = $2, note = $3 WHERE id = $4`,
			string(status), stamp{now}, note, id); err != nil {
			return err
		}
		return s.announceSweep(ctx, tx, id, status, now)
	})
}

// sumUp stores the totals of a sweep, unless shards are missing.
func (s *Store) sumUp(ctx context.Context, tx *sql.Tx, id, shards, rows int64, totals []Total) error {
	var have, sum int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*), CAST(COALESCE(sum(rows), 0) AS BIGINT) FROM sweep_shard WHERE sweep = $1`, id).Scan(&have, &sum); err != nil {
		return err
	}
	if have != shards || sum != rows {
		return fmt.Errorf("%d of %d shards with %d of %d rows are there: %w", have, shards, sum, rows, ErrConflict)
	}
	stmts := newStatements(tx)
	for chunk := range slices.Chunk(totals, writeRows) {
		args := make([]any, 0, 5*len(chunk))
		for _, t := range chunk {
			if err := errors.Join(text("item", t.Item), counted("decisions", t.Decisions-1), counted("amount", t.AmountFen)); err != nil {
				return err
			}
			args = append(args, id, t.Item, string(t.Outcome), t.Decisions, t.AmountFen)
		}
		if _, err := stmts.exec(ctx, `INSERT INTO sweep_summary (sweep, item, outcome, decisions, amount_fen) VALUES `+
			s.placeholders(len(chunk), 5), args); err != nil {
			return err
		}
	}
	return nil
}

// announceSweep writes the change that tells of a sweep that has become Done.
func (s *Store) announceSweep(ctx context.Context, tx *sql.Tx, id int64, status Status, now time.Time) error {
	if status != Done {
		return nil
	}
	if err := s.serialize(ctx, tx, sequences); err != nil {
		return err
	}
	return record(ctx, tx, Change{At: now, Kind: ChangeSweep, Subject: strconv.FormatInt(id, 10)})
}

// ReleaseSweep ends a sweep that is held: a person lets it count (accept) or not. To release it again the same way changes
// nothing. ErrConflict: it isn't held, or was released the other way. ErrNotFound: no such sweep.
func (s *Store) ReleaseSweep(ctx context.Context, id int64, by string, accept bool, note string, now time.Time) (err error) {
	defer wrap(&err, "release sweep %d", id)
	if err := errors.Join(text("person", by), clean("note", note), instant("now", now)); err != nil {
		return err
	}
	status := Failed
	if accept {
		status = Done
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		var stands Status
		var released stamp
		if err := tx.QueryRowContext(ctx, `SELECT status, released_at FROM sweep WHERE id = $1`+s.locking("UPDATE"), id).Scan(&stands, &released); err != nil {
			return err
		}
		if stands == status && !released.IsZero() {
			return nil
		}
		if stands != Held {
			return fmt.Errorf("it is %s: %w", stands, ErrConflict)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE sweep SET status = $1, released_at = $2, released_by = $3, release_note = $4 WHERE id = $5`,
			string(status), stamp{now}, by, note, id); err != nil {
			return err
		}
		return s.announceSweep(ctx, tx, id, status, now)
	})
}

const selectSweep = `SELECT s.id, COALESCE(s.slot, ''), s.purpose, s.as_of, s.known_at, n.id, s.vocabulary, COALESCE(s.previous, 0), s.shards, s.rows, s.hold,
	s.status, s.started_at, s.finished_at, s.note, s.released_at, COALESCE(s.released_by, ''), s.release_note,
	CAST(COALESCE((SELECT sum(decisions) FROM sweep_summary WHERE sweep = s.id AND outcome = 'eligible'), 0) AS BIGINT),
	CAST(COALESCE((SELECT sum(decisions) FROM sweep_summary WHERE sweep = s.id AND outcome = 'ineligible'), 0) AS BIGINT),
	CAST(COALESCE((SELECT sum(decisions) FROM sweep_summary WHERE sweep = s.id AND outcome = 'unknown'), 0) AS BIGINT)
	FROM sweep s JOIN snapshot n ON n.seq = s.snapshot `

func scanSweep(scan func(...any) error) (w Sweep, err error) {
	var asOf day
	var knownAt, started, finished, released stamp
	err = scan(&w.ID, &w.Slot, &w.Purpose, &asOf, &knownAt, &w.Snapshot, &w.Vocabulary, &w.Previous, &w.Shards, &w.Rows, &w.Hold,
		&w.Status, &started, &finished, &w.Note, &released, &w.ReleasedBy, &w.ReleaseNote, &w.Eligible, &w.Ineligible, &w.Unknown)
	w.AsOf, w.KnownAt, w.StartedAt, w.FinishedAt, w.ReleasedAt = asOf.Date, knownAt.Time, started.Time, finished.Time, released.Time
	return w, err
}

// sweep returns the one sweep that where finds, with its policies in the order of their ids.
func (s *Store) sweep(ctx context.Context, where string, args ...any) (w Sweep, err error) {
	w, err = scanSweep(s.db.QueryRowContext(ctx, selectSweep+where, args...).Scan)
	if err != nil {
		return Sweep{}, err
	}
	w.Policies, err = s.pinnedPolicies(ctx, w.ID)
	return w, err
}

// pinnedPolicies returns the policy versions that a sweep applies, in the order of their ids.
func (s *Store) pinnedPolicies(ctx context.Context, id int64) ([]string, error) {
	return collect(ctx, s.db, scanText, `SELECT policy_version FROM sweep_policy WHERE sweep = $1 ORDER BY policy_version`, id)
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

// LatestSweep returns the sweep begun last among those that are done and not Retroactive, or ErrNotFound if none is.
func (s *Store) LatestSweep(ctx context.Context) (w Sweep, err error) {
	defer wrap(&err, "latest sweep")
	return s.sweep(ctx, `WHERE s.status = 'done' AND s.purpose <> 'retroactive' ORDER BY s.id DESC LIMIT 1`)
}

// RunningSweeps returns the sweeps that run, the oldest first, each with its Policies. Whoever finds one may go on with it:
// what its shards come to is determined by its plan, so that two who do so at once don't disturb each other.
func (s *Store) RunningSweeps(ctx context.Context) (list []Sweep, err error) {
	defer wrap(&err, "running sweeps")
	list, err = collect(ctx, s.db, scanSweep, selectSweep+`WHERE s.status = 'running' ORDER BY s.id`)
	for i := range list {
		if err == nil {
			list[i].Policies, err = s.pinnedPolicies(ctx, list[i].ID)
		}
	}
	return list, err
}

// Sweeps returns up to limit sweeps of any status, the newest first, without their Policies.
func (s *Store) Sweeps(ctx context.Context, limit int) (list []Sweep, err error) {
	defer wrap(&err, "sweeps")
	return collect(ctx, s.db, scanSweep, selectSweep+`ORDER BY s.id DESC LIMIT $1`, max(limit, 0))
}

// SweepSummary returns the totals of a sweep that is done or held, by item and outcome in byte order; outcomes that didn't occur
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
