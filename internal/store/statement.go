package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mianshen/rules/civil"
)

// transact runs do in one transaction that is committed if do returns nil. On SQLite it first waits for its turn to write.
func (s *Store) transact(ctx context.Context, do func(*sql.Tx) error) (err error) {
	if s.writer != nil {
		select {
		case s.writer <- struct{}{}:
			defer func() { <-s.writer }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	committed := false
	defer func() { // also when do panics
		if committed {
			return
		}
		if e := tx.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) {
			err = errors.Join(err, e)
		}
	}()
	if err := do(tx); err != nil {
		if ctx.Err() != nil { // else the driver's error may hide why: "statement is closed"
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		return err
	}
	committed = true
	return tx.Commit()
}

// A queue names what PostgreSQL's writers pass one at a time, from serialize to commit.
type queue int64

// The queues, in the order in which one transaction may take several. The numbers are keys of advisory locks;
// 0x6d69616e_04 is that of the triggers which keep drafts of lists and grants that are brought in apart (0006_money.sql).
const (
	snapshots queue = 0x6d69616e_01
	sweeps    queue = 0x6d69616e_02
	sequences queue = 0x6d69616e_03
)

// serialize lets tx pass queue q alone until it ends. So numbers given out after it are committed in their order, and a
// follower who has seen one will never find a smaller one later. SQLite's writers are alone anyway.
func (s *Store) serialize(ctx context.Context, tx *sql.Tx, q queue) error {
	if s.kind == SQLite {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(q))
	return err
}

// locking makes a SELECT hold its rows to the end of the transaction, where another one could change them meanwhile.
func (s *Store) locking(strength string) string {
	if s.kind == SQLite {
		return ""
	}
	return " FOR " + strength
}

// placeholders returns rows groups of columns parameters, "(?,?),(?,?)": numbered from 1 for PostgreSQL, bare for
// SQLite, which looks numbered ones up by name, slower with each one.
func (s *Store) placeholders(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("),(")
		default:
			b.WriteByte(',')
		}
		if s.kind == SQLite {
			b.WriteByte('?')
			continue
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}

// statements prepares each text once for a transaction, which closes them at its end.
type statements struct {
	tx       *sql.Tx
	prepared map[string]*sql.Stmt
}

func newStatements(tx *sql.Tx) *statements { return &statements{tx, map[string]*sql.Stmt{}} }

// prepare sees to it that query is prepared.
func (p *statements) prepare(ctx context.Context, query string) (err error) {
	if p.prepared[query] == nil {
		p.prepared[query], err = p.tx.PrepareContext(ctx, query) //nolint:sqlclosecheck // the transaction closes it at its end
	}
	return err
}

// exec runs query and returns how many rows it wrote.
func (p *statements) exec(ctx context.Context, query string, args []any) (int64, error) {
	if err := p.prepare(ctx, query); err != nil {
		return 0, err
	}
	result, err := p.prepared[query].ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// collect runs a query outside any transaction and returns what scan makes of each row.
func collect[T any](ctx context.Context, db *sql.DB, scan func(func(...any) error) (T, error), query string, args ...any) (list []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

// same tells whether the row has the hash sum: false if there is no row, ErrConflict if it has another one.
func same(row *sql.Row, sum string) (bool, error) {
	var stands digest
	err := row.Scan(&stands)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err == nil && string(stands) != sum {
		err = fmt.Errorf("another, %s, stands there: %w", stands, ErrConflict)
	}
	return err == nil, err
}

// notNull makes an absent body an empty one, for absent it would be NULL.
func notNull(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}

// all makes no limit of a limit of 0 or less.
func all(limit int) int64 {
	if limit <= 0 {
		return math.MaxInt64
	}
	return int64(limit)
}

// scanText and scanBody are what collect takes for a single column.
func scanText(scan func(...any) error) (value string, err error) {
	err = scan(&value)
	return value, err
}

func scanBody(scan func(...any) error) (body []byte, err error) {
	err = scan(&body)
	return body, err
}

// stamp is an instant as a column: text in SQLite, TIMESTAMPTZ in PostgreSQL, NULL for the zero time.
type stamp struct{ time.Time }

// stampLayout has one width, so that text order is time order.
const stampLayout = "2006-01-02T15:04:05.000000Z"

// Value implements driver.Valuer.
func (t stamp) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.UTC().Truncate(time.Microsecond).Format(stampLayout), nil
}

// Scan implements sql.Scanner.
func (t *stamp) Scan(src any) (err error) {
	switch v := src.(type) {
	case nil:
		t.Time = time.Time{}
	case time.Time:
		t.Time = v.UTC()
	case string:
		t.Time, err = time.Parse(stampLayout, v)
	default:
		return fmt.Errorf("column holds %T, want an instant", src)
	}
	return err
}

// day is a civil date as a column: text in SQLite, DATE in PostgreSQL.
type day struct{ civil.Date }

// Value implements driver.Valuer.
func (d day) Value() (driver.Value, error) { return d.String(), nil }

// Scan implements sql.Scanner.
func (d *day) Scan(src any) (err error) {
	switch v := src.(type) {
	case time.Time:
		d.Date, err = civil.New(v.Year(), int(v.Month()), v.Day())
	case string:
		d.Date, err = civil.Parse(v)
	default:
		return fmt.Errorf("column holds %T, want a date", src)
	}
	return err
}

// digest is a SHA-256 in hexadecimal, as a column of 32 bytes.
type digest string

// Value implements driver.Valuer.
func (d digest) Value() (driver.Value, error) { return hex.DecodeString(string(d)) }

// Scan implements sql.Scanner.
func (d *digest) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("column holds %T, want a hash", src)
	}
	*d = digest(hex.EncodeToString(b))
	return nil
}
