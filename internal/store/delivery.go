package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// State says whether a sealed delivery counts.
type State string

// A delivery is sealed as Accepted, Held or Quarantined. One that is held or quarantined may become accepted, one that is
// held or accepted may be quarantined, and each may be withdrawn, which is final. Only accepted ones count.
const (
	Accepted    State = "accepted"
	OnHold      State = "held"        // waits for a person to look at what differs from the delivery before
	Quarantined State = "quarantined" // known to be bad, or suspected
	Withdrawn   State = "withdrawn"   // taken back by its department
)

// Standing is the state of a delivery from an instant on.
type Standing struct {
	State  State
	At     time.Time
	By     string // who said so, never empty
	Reason string // may be empty
}

// Delivery is one department's data of one period. What begins it is given to BeginDelivery, what is known at its end to
// SealDelivery.
type Delivery struct {
	Seq        int64 // given by the store, 1 and up, in the order of beginning
	Source     string
	Period     string // free text for the store, never empty: current:2025-06-25, 2024, 2024-Q1, 2024-03
	Complete   bool   // whether it speaks of all enterprises, those that it leaves out included
	ReceivedAt time.Time
	ReceivedBy string
	File       string // its name, may be empty
	Purpose    string // what the data may be used for, never empty
	LegalBasis string // by which law, never empty
	Seal
	Standing Standing // the newest one, or that of the instant asked for
}

// Seal is what is known of a delivery once all of it has arrived.
type Seal struct {
	ID       string // content address, given by the caller: 64 digits of lower-case hexadecimal, no two deliveries have the same
	Bytes    int64  // size of the raw data
	Rows     int64  // sum over the parts
	Checksum string // SHA-256 of the raw bytes in lower-case hexadecimal
	Mapping  []byte // which column became what
	Report   []byte // what was found
}

// Part is some rows of a delivery.
type Part struct {
	N    int   // 0 and up
	Rows int64 // how many rows it holds
	Body []byte
}

// BeginDelivery begins a delivery that counts nowhere before it is sealed, and returns its number for PutPart and
// SealDelivery. Seal and Standing of d are not read.
func (s *Store) BeginDelivery(ctx context.Context, d Delivery) (seq int64, err error) {
	defer wrap(&err, "begin delivery of %q for %q", d.Source, d.Period)
	if err := errors.Join(text("source", d.Source), text("period", d.Period), text("receiver", d.ReceivedBy), clean("file", d.File),
		text("purpose", d.Purpose), text("legal basis", d.LegalBasis), instant("receipt", d.ReceivedAt)); err != nil {
		return 0, err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO delivery (source, period, complete, received_at, received_by, file, purpose, legal_basis)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING seq`, d.Source, d.Period, d.Complete, stamp{d.ReceivedAt}, d.ReceivedBy,
			d.File, d.Purpose, d.LegalBasis).Scan(&seq)
	})
	return seq, err
}

// PutPart stores one part of a delivery that isn't sealed yet. added is false where it stands there already, which changes
// nothing. ErrConflict: another part stands there under its number, or the delivery is sealed without it.
func (s *Store) PutPart(ctx context.Context, delivery int64, p Part) (added bool, err error) {
	defer wrap(&err, "put part %d of delivery %d", p.N, delivery)
	if err := errors.Join(counted("part", int64(p.N)), counted("rows", p.Rows), size("body", p.Body)); err != nil {
		return false, err
	}
	sum := Hash(p.Body)
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var sealed sql.NullString
		if err := tx.QueryRowContext(ctx, `SELECT id FROM delivery WHERE seq = $1`+s.locking("SHARE"), delivery).Scan(&sealed); err != nil {
			return err
		}
		if !sealed.Valid {
			result, err := tx.ExecContext(ctx, `INSERT INTO delivery_part (delivery, part, rows, sha256, body) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (delivery, part) DO NOTHING`, delivery, p.N, p.Rows, digest(sum), notNull(p.Body))
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n == 1 {
				added = n == 1
				return err
			}
		}
		there, err := same(tx.QueryRowContext(ctx, `SELECT sha256 FROM delivery_part WHERE delivery = $1 AND part = $2 AND rows = $3`,
			delivery, p.N, p.Rows), sum)
		if err == nil && !there {
			err = fmt.Errorf("one with other rows stands there, or the delivery is sealed: %w", ErrConflict)
		}
		return err
	})
	return added && err == nil, err
}

// SealDelivery closes a delivery whose parts 0, 1, 2 and on have all arrived, and gives it its first standing. From then on
// it never changes. To seal it again under the same ID changes nothing. ErrConflict: a part is missing or their rows don't
// add up, or it is sealed under another ID, or another delivery has the ID, which is then returned with the error.
func (s *Store) SealDelivery(ctx context.Context, delivery int64, seal Seal, first Standing) (stored Delivery, err error) {
	defer wrap(&err, "seal delivery %d as %q", delivery, seal.ID)
	if err := errors.Join(hexadecimal("id", seal.ID), hexadecimal("checksum", seal.Checksum), counted("bytes", seal.Bytes),
		counted("rows", seal.Rows), size("mapping", seal.Mapping), size("report", seal.Report), first.check()); err != nil {
		return Delivery{}, err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var sealed sql.NullString
		if err := tx.QueryRowContext(ctx, `SELECT id FROM delivery WHERE seq = $1`+s.locking("UPDATE"), delivery).Scan(&sealed); err != nil {
			return err
		}
		if sealed.Valid && sealed.String == seal.ID {
			return nil
		}
		if sealed.Valid {
			return fmt.Errorf("it is sealed as %s: %w", sealed.String, ErrConflict)
		}
		return sealParts(ctx, tx, delivery, seal, first)
	})
	if err != nil && !errors.Is(err, ErrConflict) && !constraint(err) {
		return Delivery{}, err
	}
	stored, lookup := s.Delivery(ctx, seal.ID)
	if err == nil {
		err = lookup
	}
	return stored, err
}

// sealParts seals a delivery that tx has locked, unless parts are missing.
func sealParts(ctx context.Context, tx *sql.Tx, delivery int64, seal Seal, first Standing) error {
	var same, parts, last, rows int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM delivery WHERE id = $1`, seal.ID).Scan(&same); err != nil {
		return err
	}
	if same > 0 {
		return fmt.Errorf("another delivery has this id: %w", ErrConflict)
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*), COALESCE(max(part), -1), CAST(COALESCE(sum(rows), 0) AS BIGINT)
		FROM delivery_part WHERE delivery = $1`, delivery).Scan(&parts, &last, &rows); err != nil {
		return err
	}
	if parts != last+1 || rows != seal.Rows {
		return fmt.Errorf("%d parts up to number %d with %d rows, want all up to the last with %d rows: %w", parts, last, rows, seal.Rows, ErrConflict)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE delivery SET id = $1, bytes = $2, rows = $3, checksum = $4, mapping = $5, report = $6 WHERE seq = $7`,
		seal.ID, seal.Bytes, seal.Rows, seal.Checksum, notNull(seal.Mapping), notNull(seal.Report), delivery); err != nil {
		return err
	}
	return stand(ctx, tx, delivery, first)
}

// check refuses what is no standing.
func (st Standing) check() error {
	switch st.State {
	case Accepted, OnHold, Quarantined, Withdrawn:
	default:
		return fmt.Errorf("state %q: %w", st.State, ErrInvalid)
	}
	return errors.Join(text("person", st.By), clean("reason", st.Reason), instant("standing", st.At))
}

// stand appends a standing of a delivery that tx has locked; whether it may follow the one before, the database knows.
func stand(ctx context.Context, tx *sql.Tx, delivery int64, st Standing) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO delivery_state (delivery, state, at, set_by, reason) VALUES ($1, $2, $3, $4, $5)`,
		delivery, string(st.State), stamp{st.At}, st.By, st.Reason)
	return err
}

// SetStanding gives a sealed delivery another standing. ErrConflict: its state can't become that one (see State), or st.At
// is before the instant of the standing that it has. ErrNotFound: no delivery is sealed under id.
func (s *Store) SetStanding(ctx context.Context, id string, st Standing) (err error) {
	defer wrap(&err, "make delivery %q %s", id, st.State)
	if err := st.check(); err != nil {
		return err
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		var delivery int64
		if err := tx.QueryRowContext(ctx, `SELECT seq FROM delivery WHERE id = $1`+s.locking("UPDATE"), id).Scan(&delivery); err != nil {
			return err
		}
		return stand(ctx, tx, delivery, st)
	})
}

// Standings returns all standings that a delivery has had, the oldest first; none if there is no such delivery.
func (s *Store) Standings(ctx context.Context, id string) (list []Standing, err error) {
	defer wrap(&err, "standings of delivery %q", id)
	return collect(ctx, s.db, func(scan func(...any) error) (st Standing, err error) {
		var at stamp
		err = scan(&st.State, &at, &st.By, &st.Reason)
		st.At = at.Time
		return st, err
	}, `SELECT s.state, s.at, s.set_by, s.reason FROM delivery_state s JOIN delivery d ON d.seq = s.delivery WHERE d.id = $1 ORDER BY s.seq`, id)
}

// selectDelivery takes the instant whose standings count as $1; loading deliveries have none and are left out.
const selectDelivery = `SELECT d.seq, d.id, d.source, d.period, d.complete, d.received_at, d.received_by, d.file, d.purpose, d.legal_basis,
	d.bytes, d.rows, d.checksum, %s, s.state, s.at, s.set_by, s.reason FROM delivery d JOIN delivery_state s ON s.delivery = d.seq
	AND s.seq = (SELECT max(seq) FROM delivery_state WHERE delivery = d.seq AND at <= $1) WHERE `

// endOfTime is after every instant that the store takes.
var endOfTime = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

func scanDelivery(scan func(...any) error) (d Delivery, err error) {
	var received, at stamp
	err = scan(&d.Seq, &d.ID, &d.Source, &d.Period, &d.Complete, &received, &d.ReceivedBy, &d.File, &d.Purpose, &d.LegalBasis,
		&d.Bytes, &d.Rows, &d.Checksum, &d.Mapping, &d.Report, &d.Standing.State, &at, &d.Standing.By, &d.Standing.Reason)
	d.ReceivedAt, d.Standing.At = received.Time, at.Time
	return d, err
}

// Delivery returns the delivery sealed under id with its newest standing, or ErrNotFound.
func (s *Store) Delivery(ctx context.Context, id string) (d Delivery, err error) {
	defer wrap(&err, "delivery %q", id)
	return scanDelivery(s.db.QueryRowContext(ctx, fmt.Sprintf(selectDelivery, "d.mapping, d.report")+`d.id = $2`, stamp{endOfTime}, id).Scan)
}

// DeliveryFilter says which deliveries are wanted; the zero value: all.
type DeliveryFilter struct {
	Source, Period string    // empty: any
	State          State     // at the instant KnownAt; empty: any
	KnownAt        time.Time // zero: the newest standing; else what stood then, without the deliveries sealed later
	Newest         bool      // the newest first instead of the oldest
	After          int64     // Seq of the last one of the page before; 0: from the first
	Limit          int       // 0: all
}

// Deliveries returns the sealed deliveries that the filter lets through, by Seq, without their Mapping and Report.
func (s *Store) Deliveries(ctx context.Context, f DeliveryFilter) (list []Delivery, err error) {
	defer wrap(&err, "deliveries of %q for %q", f.Source, f.Period)
	if f.KnownAt.IsZero() {
		f.KnownAt = endOfTime
	}
	order := `($5 = 0 OR d.seq > $5) ORDER BY d.seq`
	if f.Newest {
		order = `($5 = 0 OR d.seq < $5) ORDER BY d.seq DESC`
	}
	return collect(ctx, s.db, scanDelivery, fmt.Sprintf(selectDelivery, "NULL, NULL")+`($2 = '' OR d.source = $2) AND ($3 = '' OR d.period = $3)
		AND ($4 = '' OR s.state = $4) AND `+order+` LIMIT $6`,
		stamp{f.KnownAt}, f.Source, f.Period, string(f.State), f.After, all(f.Limit))
}

// Parts calls do with every part of a sealed delivery, in order, and ends with do's first error. No connection is held while
// do runs, so it may call the store. ErrNotFound: no delivery is sealed under id.
func (s *Store) Parts(ctx context.Context, id string, do func(Part) error) (err error) {
	defer wrap(&err, "parts of delivery %q", id)
	d, err := s.Delivery(ctx, id)
	if err != nil {
		return err
	}
	for rows, n := int64(0), 0; ; n++ {
		p := Part{N: n}
		err := s.db.QueryRowContext(ctx, `SELECT rows, body FROM delivery_part WHERE delivery = $1 AND part = $2`, d.Seq, n).Scan(&p.Rows, &p.Body)
		if errors.Is(err, sql.ErrNoRows) && rows == d.Rows {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(p); err != nil {
			return err
		}
		rows += p.Rows
	}
}
