package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"mianshen/rules/civil"
)

// Outcome is what an item means for an enterprise.
type Outcome string

// The three outcomes: 符合, 不符合, 待核实.
const (
	Eligible   Outcome = "eligible"
	Ineligible Outcome = "ineligible"
	Unknown    Outcome = "unknown"
)

// Decision is what one item of a policy version means for one enterprise. It is immutable.
type Decision struct {
	ID            string // given by the caller, the same for the same decision; see PutDecisions
	Sweep         int64  // the first sweep that came to it, with the snapshot it read; set by the store
	PolicyVersion string // id of a version that the sweep pins
	PolicyID      string // the policy of that version; set by the store
	Item          string
	Enterprise    string     // USCC of an enterprise that some snapshot holds
	AsOf          civil.Date // that of the sweep; a decision that is stored keeps the one of its first sweep
	Outcome       Outcome
	HasAmount     bool   // whether AmountFen counts; never unless Eligible
	AmountFen     int64  // 分, 0 and up
	SHA256        string // of the canonical bytes, in lower-case hexadecimal; may be left empty if Body has them
	Body          []byte // the canonical bytes with findings, or nil where they are computed again when asked for
}

// check refuses what isn't a decision, and sets SHA256 from Body.
func (d *Decision) check() error {
	if d.Body != nil {
		hash := Hash(d.Body)
		if d.SHA256 != "" && d.SHA256 != hash {
			return fmt.Errorf("SHA256 %s isn't that of the body, %s: %w", d.SHA256, hash, ErrInvalid)
		}
		d.SHA256 = hash
	}
	if sum, err := hex.DecodeString(d.SHA256); d.AsOf.IsZero() || err != nil || len(sum) != sha256.Size {
		return fmt.Errorf("as of %v with hash %q: a day or a hash is missing: %w", d.AsOf, d.SHA256, ErrInvalid)
	}
	if d.Outcome != Eligible && d.Outcome != Ineligible && d.Outcome != Unknown {
		return fmt.Errorf("outcome %q: %w", d.Outcome, ErrInvalid)
	}
	if d.HasAmount && (d.Outcome != Eligible || d.AmountFen < 0) || !d.HasAmount && d.AmountFen != 0 {
		return fmt.Errorf("%s with amount %d: %w", d.Outcome, d.AmountFen, ErrInvalid)
	}
	return errors.Join(text("id", d.ID), text("item", d.Item))
}

// PutDecisions stores decisions of a running sweep, all or none, and returns how many had never been stored; the others
// are only linked to the sweep. To put the same again changes nothing, so a sweep that was interrupted may begin its
// part anew. An ID stands for one hash: where ID and canonical bytes leave the day out, a sweep of another day that comes
// to the same decision writes no more than the link.
//
// ErrInvalid: something isn't a decision, or isn't of the sweep's day. ErrConflict: the sweep doesn't run, an ID stands
// for another decision, a pair has another decision in this sweep or comes twice, or a policy version isn't the
// sweep's.
func (s *Store) PutDecisions(ctx context.Context, sweep int64, decisions []Decision) (added int64, err error) {
	defer wrap(&err, "put %d decisions of sweep %d", len(decisions), sweep)
	sorted := slices.Clone(decisions)
	for i := range sorted {
		if err := sorted[i].check(); err != nil {
			return 0, fmt.Errorf("decision %q on %q and %q: %w", sorted[i].ID, sorted[i].Item, sorted[i].Enterprise, err)
		}
	}
	// By ID: two nodes that put the same ones wait for each other instead of blocking each other, and the unique index
	// grows in its order.
	slices.SortFunc(sorted, func(a, b Decision) int { return cmp.Compare(a.ID, b.ID) })
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.joins(ctx, tx, sweep, sorted); err != nil {
			return err
		}
		stmts := newStatements(tx)
		for chunk := range slices.Chunk(sorted, writeRows) {
			n, err := s.putChunk(ctx, stmts, sweep, chunk)
			if err != nil {
				return err
			}
			added += n
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// joins refuses decisions that sweep can't take, and keeps it from ending before tx does.
func (s *Store) joins(ctx context.Context, tx *sql.Tx, sweep int64, decisions []Decision) error {
	var status Status
	var asOf day
	if err := tx.QueryRowContext(ctx, `SELECT status, as_of FROM sweep WHERE id = $1`+s.locking("SHARE"), sweep).Scan(&status, &asOf); err != nil {
		return err
	}
	if status != Running {
		return fmt.Errorf("it is %s: %w", status, ErrConflict)
	}
	for _, d := range decisions {
		if d.AsOf != asOf.Date {
			return fmt.Errorf("decision %q is as of %v, the sweep as of %v: %w", d.ID, d.AsOf, asOf, ErrInvalid)
		}
	}
	return nil
}

// putChunk stores up to writeRows decisions and links them to the sweep.
func (s *Store) putChunk(ctx context.Context, stmts *statements, sweep int64, chunk []Decision) (added int64, err error) {
	missing, err := s.missing(ctx, stmts, chunk)
	if err != nil {
		return 0, err
	}
	if len(missing) > 0 {
		if added, err = s.insert(ctx, stmts, sweep, missing); err != nil {
			return 0, err
		}
	}
	if added < int64(len(missing)) { // somebody else stored some meanwhile: do they say the same?
		if _, err := s.missing(ctx, stmts, missing); err != nil {
			return 0, err
		}
	}
	return added, s.link(ctx, stmts, sweep, chunk)
}

// missing returns which decisions of chunk, sorted by ID, aren't stored, and refuses those whose ID stands for another.
// Where a body stands there it need not be given again, nor the other way round: the hash is what counts.
func (s *Store) missing(ctx context.Context, stmts *statements, chunk []Decision) (missing []Decision, err error) {
	rows, err := stmts.query(ctx, `SELECT id, policy_version, item, enterprise, outcome, amount_fen, sha256
		FROM decision WHERE id IN `+s.placeholders(1, len(chunk))+` ORDER BY id`, ids(chunk))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var stored Decision
	for _, d := range chunk {
		for stored.ID < d.ID && rows.Next() {
			var amount sql.NullInt64
			if err := rows.Scan(&stored.ID, &stored.PolicyVersion, &stored.Item, &stored.Enterprise, &stored.Outcome,
				&amount, (*digest)(&stored.SHA256)); err != nil {
				return nil, err
			}
			stored.HasAmount, stored.AmountFen = amount.Valid, amount.Int64
		}
		if stored.ID != d.ID {
			missing = append(missing, d)
		} else if !same(stored, d) {
			return nil, fmt.Errorf("id %q stands for another decision: %w", d.ID, ErrConflict)
		}
	}
	return missing, rows.Err()
}

// insert writes decisions that aren't stored and returns how many somebody else hadn't stored before.
func (s *Store) insert(ctx context.Context, stmts *statements, sweep int64, decisions []Decision) (int64, error) {
	const columns = 10
	rows := make([]any, 0, columns*len(decisions))
	for _, d := range decisions {
		rows = append(rows, d.ID, sweep, d.PolicyVersion, d.Item, d.Enterprise, day{d.AsOf}, string(d.Outcome),
			sql.NullInt64{Int64: d.AmountFen, Valid: d.HasAmount}, digest(d.SHA256), d.Body)
	}
	return stmts.exec(ctx, `INSERT INTO decision
		(id, sweep, policy_version, item, enterprise, as_of, outcome, amount_fen, sha256, body)
		VALUES `+s.placeholders(len(decisions), columns)+` ON CONFLICT (id) DO NOTHING`, rows)
}

// link makes stored decisions those of the sweep, and refuses them where a pair has another one there.
func (s *Store) link(ctx context.Context, stmts *statements, sweep int64, chunk []Decision) error {
	number, in := strconv.FormatInt(sweep, 10), s.placeholders(1, len(chunk))
	linked, err := stmts.exec(ctx, `INSERT INTO sweep_decision (sweep, enterprise, item, decision)
		SELECT `+number+`, enterprise, item, seq FROM decision WHERE id IN `+in+`
		ON CONFLICT (sweep, enterprise, item) DO NOTHING`, ids(chunk))
	if err != nil || linked == int64(len(chunk)) {
		return err
	}
	var present int
	if err := stmts.tx.QueryRowContext(ctx, `SELECT count(*) FROM decision d JOIN sweep_decision m
		ON m.sweep = `+number+` AND m.enterprise = d.enterprise AND m.item = d.item AND m.decision = d.seq
		WHERE d.id IN `+in, ids(chunk)...).Scan(&present); err != nil {
		return err
	}
	if present != len(chunk) {
		return fmt.Errorf("%d pairs have another decision in this sweep or come twice: %w", len(chunk)-present, ErrConflict)
	}
	return nil
}

// ids returns the IDs as arguments of a statement.
func ids(decisions []Decision) []any {
	list := make([]any, len(decisions))
	for i, d := range decisions {
		list[i] = d.ID
	}
	return list
}

// same tells whether two decisions under one ID say the same.
func same(a, b Decision) bool {
	return a.PolicyVersion == b.PolicyVersion && a.Item == b.Item && a.Enterprise == b.Enterprise && a.Outcome == b.Outcome &&
		a.HasAmount == b.HasAmount && a.AmountFen == b.AmountFen && a.SHA256 == b.SHA256
}

const decisionColumns = `d.id, d.sweep, d.policy_version, v.policy_id, d.item, d.enterprise, d.as_of, d.outcome,
	d.amount_fen, d.sha256, d.body`

const selectDecision = `SELECT ` + decisionColumns + ` FROM decision d JOIN policy_version v ON v.id = d.policy_version `

func scanDecision(scan func(...any) error) (d Decision, err error) {
	var asOf day
	var amount sql.NullInt64
	err = scan(&d.ID, &d.Sweep, &d.PolicyVersion, &d.PolicyID, &d.Item, &d.Enterprise, &asOf, &d.Outcome, &amount, (*digest)(&d.SHA256), &d.Body)
	d.AsOf, d.HasAmount, d.AmountFen = asOf.Date, amount.Valid, amount.Int64
	return d, err
}

// Decision returns the decision with the given id, or ErrNotFound.
func (s *Store) Decision(ctx context.Context, id string) (d Decision, err error) {
	defer wrap(&err, "decision %q", id)
	return scanDecision(s.db.QueryRowContext(ctx, selectDecision+`WHERE d.id = $1`, id).Scan)
}

// Matches returns what a sweep came to for an enterprise, one decision for each item, in the byte order of the items.
// Sweep 0 is the one begun last among those that are done. ErrNotFound: no such sweep, or no snapshot ever held the enterprise.
func (s *Store) Matches(ctx context.Context, sweep int64, uscc string) (list []Decision, err error) {
	defer wrap(&err, "matches of %q in sweep %d", uscc, sweep)
	if sweep == 0 {
		latest, err := s.LatestSweep(ctx)
		if err != nil {
			return nil, err
		}
		sweep = latest.ID
	}
	if _, err := s.Enterprise(ctx, uscc); err != nil {
		return nil, err
	}
	if _, err := s.Sweep(ctx, sweep); err != nil {
		return nil, err
	}
	return collect(ctx, s.db, scanDecision, `SELECT `+decisionColumns+` FROM sweep_decision m
		JOIN decision d ON d.seq = m.decision JOIN policy_version v ON v.id = d.policy_version
		WHERE m.sweep = $1 AND m.enterprise = $2 ORDER BY m.item`, sweep, uscc)
}
