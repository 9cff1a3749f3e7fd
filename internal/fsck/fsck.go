// Package fsck proves that a database keeps the promises about money and decisions, by SQL and arithmetic of its own. It
// shares no code with the rooms that write: ids, hashes, the tree of the audit log and the table of legal steps are computed
// here a second time, so that a mistake there shows here.
//
// It reads one state of the database in one transaction that can't write. Rows are looked at as they stream by; what is
// kept is the findings, no more than Most of one check. A finding names a row by its key, and never holds an account number.
package fsck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"mianshen/internal/store"
)

// Most is how many findings of one check are kept; the rest are counted.
const Most = 100

// Check is something that was promised.
type Check struct {
	ID      string // the promise, a dot and what of it, such as M1.twice
	Promise string // the sentence that must be true
	query   string // gives a row for each breach: which row, and what is wrong
	walk    walk   // or a walk over rows in order, which may find breaches of several checks
}

// walk looks at rows one after the other.
type walk func(ctx context.Context, b *book) error

// Finding is a row that breaks a promise.
type Finding struct {
	Row  string // which one
	Text string // what is wrong with it
}

// Result is what a check came to.
type Result struct {
	Check    Check
	Count    int64     // of all findings
	Findings []Finding // the first Most of them
}

// Checks returns all checks, in the order of Run's results.
func Checks() []Check {
	var all []Check
	for _, list := range [][]Check{rights, budgets, payments, receipts, seats, approvals, history, powers, guarded, sealed, logged} {
		all = append(all, list...)
	}
	return all
}

// Run makes all checks on one state of the database and calls step after each. The results are those of Checks, in their
// order. An error says that the check couldn't be finished, which proves nothing.
func Run(ctx context.Context, s *store.Store, step func()) (results []Result, err error) {
	tx, err := s.DB().BeginTx(ctx, &sql.TxOptions{Isolation: isolation(s.Kind()), ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { // nothing was written
		if e := tx.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) {
			err = errors.Join(err, e)
		}
	}()
	b := &book{tx: tx, kind: s.Kind(), place: map[string]int{}}
	for i, check := range Checks() {
		b.place[check.ID] = i
		b.results = append(b.results, Result{Check: check})
	}
	for _, r := range b.results {
		switch {
		case r.Check.walk != nil:
			err = r.Check.walk(ctx, b)
		case r.Check.query != "":
			err = b.ask(ctx, r.Check)
		}
		if err != nil {
			return nil, fmt.Errorf("核对 %s 没有做完：%w", r.Check.ID, err)
		}
		step()
	}
	return b.results, nil
}

// isolation gives one state of the database to the whole transaction.
func isolation(kind store.Kind) sql.IsolationLevel {
	if kind == store.Postgres {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault // SQLite: a transaction that reads sees one state
}

// book is what checks write their findings in, and the state that they read.
type book struct {
	tx      *sql.Tx
	kind    store.Kind
	place   map[string]int // of a check among the results
	results []Result
}

// found adds a finding of a check.
func (b *book) found(check, row, format string, args ...any) {
	r := &b.results[b.place[check]]
	if r.Count++; r.Count <= Most {
		r.Findings = append(r.Findings, Finding{row, fmt.Sprintf(format, args...)})
	}
}

// ask makes findings of what a check's query returns.
func (b *book) ask(ctx context.Context, c Check) error {
	var row, text string
	return b.each(ctx, c.query, []any{&row, &text}, func() { b.found(c.ID, row, "%s", text) })
}

// each runs a query and calls do for each row, scanned into the destinations.
func (b *book) each(ctx context.Context, query string, into []any, do func(), args ...any) error {
	rows, err := b.tx.QueryContext(ctx, dialect(b.kind, query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		do()
	}
	return rows.Err()
}
