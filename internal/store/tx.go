package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"mianshen/internal/audit"
	"mianshen/rules/civil"
)

// Tx is a transaction that the rooms above write in with SQL of their own, where what is written belongs together with a
// record of the audit log. Statements have placeholders $1, $2 and on, on either database. It ends with the function that
// Transact was given.
type Tx struct {
	s     *Store
	tx    *sql.Tx
	roomy bool // see Room
}

// Transact runs do in one transaction, which is committed if do returns nil. On SQLite it first waits for its turn to write. What
// the database refuses is an ErrConflict, a row that isn't there an ErrNotFound; other errors of do come back as they are.
//
// Where PostgreSQL gives the transaction up for another one (a deadlock, a serialization failure), nothing of it is left, and do is
// run again from the start, up to 5 times in all. So do must not add to what an earlier run left outside the transaction: it sets
// its results anew each time.
func (s *Store) Transact(ctx context.Context, do func(*Tx) error) error {
	for run := 1; ; run++ {
		err := s.transact(ctx, func(tx *sql.Tx) error {
			t := &Tx{s: s, tx: tx}
			defer t.tidy(ctx)
			return do(t)
		})
		if !givenUp(err) || run == 5 || ctx.Err() != nil {
			return refusal(err)
		}
		_, _ = s.db.ExecContext(ctx, "SELECT pg_sleep(0.02)") // lets the other one have what it waited for
	}
}

// givenUp tells whether PostgreSQL ended a transaction in favour of another one: it may well go through the next time.
func givenUp(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// Kind says which database this is.
func (t *Tx) Kind() Kind { return t.s.kind }

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	result, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Query runs a query; the caller closes the rows before the next statement of the transaction.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(ctx, query, args...)
}

// QueryRow runs a query for one row.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, query, args...)
}

// Prepare compiles a statement that runs many times; it is closed with the transaction.
func (t *Tx) Prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	return t.tx.PrepareContext(ctx, query)
}

// Places are n placeholders in brackets, such as IN wants them, after so many others. SQLite looks each up by name: a hundred are
// quick, many hundreds aren't.
func Places(after, n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "$" + strconv.Itoa(after+i+1)
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// Audit appends a record to the audit log within the transaction, after everything that it waits for: so it comes last.
func (t *Tx) Audit(ctx context.Context, entry audit.Entry) error {
	_, err := t.s.appendAudit(ctx, t.tx, entry)
	return err
}

// Lock returns what to write after SELECT … to hold its rows to the end of the transaction; nothing on SQLite, whose writers
// come one at a time.
func (t *Tx) Lock() string { return t.s.locking("UPDATE") }

// Stamp is an instant as a column: cut to microseconds, in UTC. The zero time is NULL.
func Stamp(t time.Time) any { return stamp{t} }

// StampInto scans such a column; NULL becomes the zero time.
func StampInto(t *time.Time) sql.Scanner { return stampInto{t} }

type stampInto struct{ to *time.Time }

// Scan implements sql.Scanner.
func (s stampInto) Scan(src any) error {
	var t stamp
	err := t.Scan(src)
	*s.to = t.Time
	return err
}

// Day is a civil date as a column. The zero date is NULL.
func Day(d civil.Date) any {
	if d == (civil.Date{}) {
		return nil
	}
	return day{d}
}

// DayInto scans such a column; NULL becomes the zero date.
func DayInto(d *civil.Date) sql.Scanner { return dayInto{d} }

type dayInto struct{ to *civil.Date }

// Scan implements sql.Scanner.
func (s dayInto) Scan(src any) error {
	if src == nil {
		*s.to = civil.Date{}
		return nil
	}
	var d day
	err := d.Scan(src)
	*s.to = d.Date
	return err
}

// refusal gives a database's error its meaning as one of the errors of this package, where it has one.
func refusal(err error) error {
	switch {
	case err == nil || errors.Is(err, ErrConflict):
		return err
	case constraint(err):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}
