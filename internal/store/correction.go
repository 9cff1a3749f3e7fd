package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Correction is one cell that a person put right. It is never changed; a later one for the same cell replaces it.
type Correction struct {
	Seq      int64 // given by the store, 1 and up, in the order of writing
	Series   string
	Period   string // as in Delivery
	USCC     string
	Cell     string // the value as text
	Missing  bool   // the value is known to be missing; Cell is empty then
	Unit     string // of Cell, may be empty
	At       time.Time
	By       string // who did it, never empty
	Reason   string // never empty
	Delivery string // ID of the sealed delivery that it corrects, may be empty
}

// PutCorrections stores corrections, all or none. ErrInvalid: one lacks something. ErrNotFound: one names a delivery that
// isn't sealed.
func (s *Store) PutCorrections(ctx context.Context, list []Correction) (err error) {
	defer wrap(&err, "put %d corrections", len(list))
	return s.transact(ctx, func(tx *sql.Tx) error { return putCorrections(ctx, tx, list) })
}

// PutCorrections stores corrections as Store.PutCorrections does, within the transaction.
func (t *Tx) PutCorrections(ctx context.Context, list []Correction) (err error) {
	defer wrap(&err, "put %d corrections", len(list))
	return putCorrections(ctx, t.tx, list)
}

func putCorrections(ctx context.Context, tx *sql.Tx, list []Correction) error {
	for _, c := range list {
		if err := c.check(); err != nil {
			return fmt.Errorf("%q of %q for %q: %w", c.Series, c.USCC, c.Period, err)
		}
	}
	for _, c := range list {
		result, err := tx.ExecContext(ctx, `INSERT INTO correction (series, period, uscc, cell, unit, at, set_by, reason, delivery)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, d.id FROM (SELECT 1 AS one) o LEFT JOIN delivery d ON d.id = $9 WHERE $9 = '' OR d.id IS NOT NULL`,
			c.Series, c.Period, c.USCC, sql.NullString{String: c.Cell, Valid: !c.Missing}, c.Unit, stamp{c.At}, c.By, c.Reason, c.Delivery)
		if err != nil {
			return err
		}
		if added, err := result.RowsAffected(); err != nil || added != 1 {
			return errors.Join(fmt.Errorf("delivery %q: %w", c.Delivery, ErrNotFound), err)
		}
	}
	return nil
}

// check refuses what is no correction.
func (c Correction) check() error {
	if c.Missing && c.Cell != "" {
		return fmt.Errorf("missing and %q: %w", c.Cell, ErrInvalid)
	}
	return errors.Join(text("series", c.Series), text("period", c.Period), code(c.USCC), clean("cell", c.Cell), clean("unit", c.Unit),
		text("person", c.By), text("reason", c.Reason), clean("delivery", c.Delivery), instant("correction", c.At))
}

// CorrectionFilter says which corrections are wanted; the zero value: all.
type CorrectionFilter struct {
	Series, Period, USCC string    // empty: any
	KnownAt              time.Time // zero: any time; else what was put right by then
	After                int64     // Seq of the last one of the page before; 0: from the first
	Limit                int       // 0: all
}

// Corrections returns the corrections that the filter lets through, the oldest first.
func (s *Store) Corrections(ctx context.Context, f CorrectionFilter) (list []Correction, err error) {
	defer wrap(&err, "corrections of %q", f.USCC)
	if f.KnownAt.IsZero() {
		f.KnownAt = endOfTime
	}
	return collect(ctx, s.db, func(scan func(...any) error) (c Correction, err error) {
		var cell, delivery sql.NullString
		var at stamp
		err = scan(&c.Seq, &c.Series, &c.Period, &c.USCC, &cell, &c.Unit, &at, &c.By, &c.Reason, &delivery)
		c.Cell, c.Missing, c.At, c.Delivery = cell.String, !cell.Valid, at.Time, delivery.String
		return c, err
	}, `SELECT seq, series, period, uscc, cell, unit, at, set_by, reason, delivery FROM correction
		WHERE seq > $1 AND at <= $2 AND ($3 = '' OR series = $3) AND ($4 = '' OR period = $4) AND ($5 = '' OR uscc = $5)
		ORDER BY seq LIMIT $6`, f.After, stamp{f.KnownAt}, f.Series, f.Period, f.USCC, all(f.Limit))
}
