package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Shard is what a sweep came to for some rows of its snapshot, over all items. A stored one is a checkpoint.
type Shard struct {
	N           int          // 0 and up, below Plan.Shards
	First, Rows int64        // the rows of the snapshot that it is about
	Body        []byte       // outcomes and amounts, in a form of the caller's
	SHA256      string       // of all that the shard says, in lower-case hexadecimal; empty in PutShard: that of Body
	Counts      []byte       // in a form of the caller's
	At          time.Time    // when it was stored; set by the store
	Differences []Difference // against Plan.Previous, in any order, one a pair; only for PutShard
	Faults      []Fault      // one an item and reason; only for PutShard
}

// Fault counts pairs that a sweep could not decide for a fault of the rule or the facts; their outcome is Unknown.
type Fault struct {
	Item, Reason string
	Pairs        int64
}

// Turn is the kind of a difference.
type Turn string

// The turns that an enterprise may take for an item.
const (
	Entered       Turn = "entered" // it is eligible and wasn't
	Left          Turn = "left"    // it was eligible and isn't
	AmountChanged Turn = "amount"  // it was and is eligible, for another amount
	BecameUnknown Turn = "unknown" // it is unknown and wasn't
	BecameKnown   Turn = "known"   // it was unknown and is ineligible
)

// Amount is a sum that an eligible outcome may have.
type Amount struct {
	Known bool
	Fen   int64 // 分, 0 and up; 0 unless Known
}

// Difference is what a sweep came to for a pair otherwise than the sweep before. A pair that was not there was ineligible.
type Difference struct {
	Item, Enterprise string
	Turn             Turn
	Was, Now         Outcome
	Before, After    Amount
	SHA256           [sha256.Size]byte // of the new decision's canonical bytes
}

// differenceRows is how many differences go into one INSERT, differenceColumns what each takes.
const (
	differenceRows    = 200
	differenceColumns = 9
)

// PutShard stores a shard of a running sweep with its differences and faults, all or nothing. added is false where the same
// shard, by its SHA256, stands there already, which changes nothing. ErrConflict: another one stands there, the sweep
// doesn't run, has no such shard or no such rows, or a pair comes twice. ErrInvalid: something isn't a difference.
func (s *Store) PutShard(ctx context.Context, sweep int64, shard Shard, now time.Time) (added bool, err error) {
	defer wrap(&err, "put shard %d of sweep %d", shard.N, sweep)
	if shard.SHA256 == "" {
		shard.SHA256 = Hash(shard.Body)
	}
	if err := errors.Join(counted("shard", int64(shard.N)), counted("first", shard.First), counted("rows", shard.Rows), size("body", shard.Body),
		hexadecimal("SHA256", shard.SHA256), size("counts", shard.Counts), instant("now", now)); err != nil {
		return false, err
	}
	differences := slices.Clone(shard.Differences)
	slices.SortFunc(differences, func(a, b Difference) int { // the table grows in the order of its key
		return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Enterprise, b.Enterprise))
	})
	for _, d := range differences {
		if err := d.check(); err != nil {
			return false, fmt.Errorf("difference on %q for %q: %w", d.Item, d.Enterprise, err)
		}
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var err error
		if added, err = s.addShard(ctx, tx, sweep, shard, now); err != nil || !added {
			return err
		}
		if err := s.addDifferences(ctx, tx, sweep, differences); err != nil {
			return err
		}
		return addFaults(ctx, tx, sweep, shard)
	})
	return added && err == nil, err
}

// addShard stores the shard itself, unless it is there.
func (s *Store) addShard(ctx context.Context, tx *sql.Tx, sweep int64, shard Shard, now time.Time) (added bool, err error) {
	var status Status
	if err := tx.QueryRowContext(ctx, `SELECT status FROM sweep WHERE id = $1`+s.locking("SHARE"), sweep).Scan(&status); err != nil {
		return false, err
	}
	stands := func() (bool, error) {
		return same(tx.QueryRowContext(ctx, `SELECT sha256 FROM sweep_shard WHERE sweep = $1 AND shard = $2`, sweep, shard.N), shard.SHA256)
	}
	if there, err := stands(); err != nil || there {
		return false, err
	}
	if status != Running {
		return false, fmt.Errorf("the sweep is %s: %w", status, ErrConflict)
	}
	result, err := tx.ExecContext(ctx, `INSERT INTO sweep_shard (sweep, shard, first_row, rows, sha256, body, counts, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (sweep, shard) DO NOTHING`,
		sweep, shard.N, shard.First, shard.Rows, digest(shard.SHA256), notNull(shard.Body), notNull(shard.Counts), stamp{now})
	if err != nil {
		return false, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return n == 1, err
	}
	_, err = stands() // another node was faster
	return false, err
}

// addDifferences stores differences, sorted by item and enterprise.
func (s *Store) addDifferences(ctx context.Context, tx *sql.Tx, sweep int64, differences []Difference) error {
	stmts := newStatements(tx)
	rows := make([]any, 0, differenceColumns*differenceRows)
	for chunk := range slices.Chunk(differences, differenceRows) {
		rows = rows[:0]
		for i := range chunk {
			d := &chunk[i]
			rows = append(rows, sweep, d.Item, d.Enterprise, string(d.Turn), string(d.Was), string(d.Now), d.Before.column(), d.After.column(),
				d.SHA256[:])
		}
		if _, err := stmts.exec(ctx, `INSERT INTO sweep_difference (sweep, item, enterprise, kind, was, now, before_fen, after_fen, sha256) VALUES `+
			s.placeholders(len(chunk), differenceColumns), rows); err != nil {
			return err
		}
	}
	return nil
}

// addFaults stores the faults of a shard.
func addFaults(ctx context.Context, tx *sql.Tx, sweep int64, shard Shard) error {
	for _, f := range shard.Faults {
		if err := errors.Join(text("item of a fault", f.Item), text("reason of a fault", f.Reason), counted("pairs", f.Pairs-1)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO sweep_fault (sweep, shard, item, reason, pairs) VALUES ($1, $2, $3, $4, $5)`,
			sweep, shard.N, f.Item, f.Reason, f.Pairs); err != nil {
			return err
		}
	}
	return nil
}

// column is the amount as a column.
func (a Amount) column() any {
	if !a.Known {
		return nil
	}
	return a.Fen
}

// fits tells whether an outcome may have the amount.
func (a Amount) fits(o Outcome) bool {
	if a.Known {
		return o == Eligible && a.Fen >= 0
	}
	return a.Fen == 0
}

// check refuses what is no difference.
func (d *Difference) check() error {
	if err := errors.Join(text("item", d.Item), code(d.Enterprise)); err != nil {
		return err
	}
	if !d.Turn.fits(d.Was, d.Now) {
		return fmt.Errorf("%q from %q to %q: %w", d.Turn, d.Was, d.Now, ErrInvalid)
	}
	if !d.Before.fits(d.Was) || !d.After.fits(d.Now) || d.Was == d.Now && d.Before == d.After {
		return fmt.Errorf("%s with %+v to %s with %+v: %w", d.Was, d.Before, d.Now, d.After, ErrInvalid)
	}
	return nil
}

// fits tells whether the turn leads from one outcome to the other.
func (t Turn) fits(was, now Outcome) bool {
	for _, o := range []Outcome{was, now} {
		if o != Eligible && o != Ineligible && o != Unknown {
			return false
		}
	}
	switch t {
	case Entered:
		return was != Eligible && now == Eligible
	case Left:
		return was == Eligible && now != Eligible
	case AmountChanged:
		return was == Eligible && now == Eligible
	case BecameUnknown:
		return was != Unknown && now == Unknown
	case BecameKnown:
		return was == Unknown && now == Ineligible
	}
	return false
}

// ShardsDone returns the numbers of the shards that are stored of a sweep, ascending; none if there is no such sweep.
func (s *Store) ShardsDone(ctx context.Context, sweep int64) (list []int, err error) {
	defer wrap(&err, "shards done of sweep %d", sweep)
	return collect(ctx, s.db, func(scan func(...any) error) (n int, err error) {
		err = scan(&n)
		return n, err
	}, `SELECT shard FROM sweep_shard WHERE sweep = $1 ORDER BY shard`, sweep)
}

// ShardOf returns shard n of a sweep without its differences and faults, or ErrNotFound.
func (s *Store) ShardOf(ctx context.Context, sweep int64, n int) (h Shard, err error) {
	defer wrap(&err, "shard %d of sweep %d", n, sweep)
	var at stamp
	err = s.db.QueryRowContext(ctx, `SELECT shard, first_row, rows, sha256, body, counts, at FROM sweep_shard WHERE sweep = $1 AND shard = $2`,
		sweep, n).Scan(&h.N, &h.First, &h.Rows, (*digest)(&h.SHA256), &h.Body, &h.Counts, &at)
	h.At = at.Time
	return h, err
}

// Shards calls do with every stored shard of a sweep as ShardOf returns it, in order, and ends with do's first error. No
// connection is held while do runs, so it may call the store.
func (s *Store) Shards(ctx context.Context, sweep int64, do func(Shard) error) (err error) {
	defer wrap(&err, "shards of sweep %d", sweep)
	numbers, err := s.ShardsDone(ctx, sweep)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		shard, err := s.ShardOf(ctx, sweep, n)
		if err != nil {
			return err
		}
		if err := do(shard); err != nil {
			return err
		}
	}
	return nil
}

// DifferenceFilter says which differences of a sweep are wanted; the zero value: all.
type DifferenceFilter struct {
	Item, Enterprise           string // empty: any
	Turn                       Turn   // empty: any
	AfterItem, AfterEnterprise string // pair of the last one of the page before; empty: from the first
	Limit                      int    // 0: all
}

// Differences returns the differences of a sweep that the filter lets through, in the byte order of item and enterprise.
// They may be read of a sweep in any status; those of one that isn't done don't count.
func (s *Store) Differences(ctx context.Context, sweep int64, f DifferenceFilter) (list []Difference, err error) {
	defer wrap(&err, "differences of sweep %d", sweep)
	with, where, args := "", `sweep = $1 AND (item, enterprise) > ($2, $3)`, []any{sweep, f.AfterItem, f.AfterEnterprise, all(f.Limit)}
	switch {
	case f.Item != "" && f.AfterItem > f.Item:
		return nil, nil
	case f.Item != "" && f.AfterItem < f.Item:
		where, args[1], args[2] = `sweep = $1 AND item = $2 AND enterprise > $3`, f.Item, ""
	case f.Item != "":
		where = `sweep = $1 AND item = $2 AND enterprise > $3`
	case f.Enterprise != "":
		with, where = eachItem, where+` AND item IN (SELECT item FROM each WHERE item IS NOT NULL)`
	}
	for column, value := range map[string]string{"enterprise": f.Enterprise, "kind": string(f.Turn)} {
		if value != "" { // not by "or", which would keep the database from looking enterprises up in the key
			args = append(args, value)
			where += fmt.Sprintf(" AND %s = $%d", column, len(args))
		}
	}
	return collect(ctx, s.db, scanDifference, with+`SELECT item, enterprise, kind, was, now, before_fen, after_fen, sha256
		FROM sweep_difference WHERE `+where+` ORDER BY item, enterprise LIMIT $4`, args...)
}

// eachItem finds the items of sweep $1 by one look into the key each, so that the differences of one enterprise take as
// many looks as there are items, not as many as there are differences.
const eachItem = `WITH RECURSIVE each (item) AS (
	SELECT (SELECT min(item) FROM sweep_difference WHERE sweep = $1)
	UNION ALL SELECT (SELECT min(d.item) FROM sweep_difference d WHERE d.sweep = $1 AND d.item > each.item) FROM each WHERE each.item IS NOT NULL) `

func scanDifference(scan func(...any) error) (d Difference, err error) {
	var before, after sql.NullInt64
	var sum sql.RawBytes
	err = scan(&d.Item, &d.Enterprise, &d.Turn, &d.Was, &d.Now, &before, &after, &sum)
	d.Before, d.After = Amount{before.Valid, before.Int64}, Amount{after.Valid, after.Int64}
	copy(d.SHA256[:], sum)
	return d, err
}

// DifferenceCount is how many enterprises took a turn for an item, and their amounts before and after in 分.
type DifferenceCount struct {
	Item                string
	Turn                Turn
	Enterprises         int64
	BeforeFen, AfterFen int64
}

// DifferenceCounts counts the differences of a sweep by item and turn, in byte order; what didn't occur has no entry.
func (s *Store) DifferenceCounts(ctx context.Context, sweep int64) (list []DifferenceCount, err error) {
	defer wrap(&err, "difference counts of sweep %d", sweep)
	return collect(ctx, s.db, func(scan func(...any) error) (c DifferenceCount, err error) {
		err = scan(&c.Item, &c.Turn, &c.Enterprises, &c.BeforeFen, &c.AfterFen)
		return c, err
	}, `SELECT item, kind, count(*), CAST(COALESCE(sum(before_fen), 0) AS BIGINT), CAST(COALESCE(sum(after_fen), 0) AS BIGINT)
		FROM sweep_difference WHERE sweep = $1 GROUP BY item, kind ORDER BY item, kind`, sweep)
}

// Faults returns the faults of a sweep over its stored shards, in the byte order of item and reason.
func (s *Store) Faults(ctx context.Context, sweep int64) (list []Fault, err error) {
	defer wrap(&err, "faults of sweep %d", sweep)
	return collect(ctx, s.db, func(scan func(...any) error) (f Fault, err error) {
		err = scan(&f.Item, &f.Reason, &f.Pairs)
		return f, err
	}, `SELECT item, reason, CAST(sum(pairs) AS BIGINT) FROM sweep_fault WHERE sweep = $1 GROUP BY item, reason ORDER BY item, reason`, sweep)
}
