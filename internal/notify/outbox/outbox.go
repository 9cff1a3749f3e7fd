// Package outbox keeps what firms should be told, and what became of it: events and their messages, one a channel; leases and attempts;
// where a firm can be reached and what it chose; what it has read.
//
// A message goes from waiting to leased to sending and ends delivered, dead, unknown, dropped or digested. The row says sending, with the
// number of the attempt, before anything is sent. A program that ends between sending and marking leaves such a row: where the channel is
// idempotent it is sent again under the same key, elsewhere it becomes unknown and a person decides. A lease has an owner and an end, and
// the attempt's number is its fence: whoever comes back late changes nothing.
//
// The machine's own moves are recorded by the rows themselves (outbox_attempt is append-only); what persons do, and each batch of events,
// has an audit record in its transaction. While the database is locked after a restore nothing is leased and nothing begins.
package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mianshen/internal/audit"
	"mianshen/internal/notify/event"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
)

// Sealer keeps addresses unreadable at rest; context is the place that a value is kept at.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Box is the outbox of a store. It may be used by many goroutines at once.
type Box struct {
	s    *store.Store
	seal Sealer
}

// New gives the outbox in s.
func New(s *store.Store, seal Sealer) *Box { return &Box{s, seal} }

// Actor is the person who acts, and in which role.
type Actor struct {
	Person, Role string
	why          string // what he said to this act
}

// refused is an error for a person: the sentence alone is shown, kind tells programs what it is.
type refused struct {
	kind error
	text string
}

func (r refused) Error() string { return r.text }
func (r refused) Unwrap() error { return r.kind }

func conflict(text string) error { return refused{store.ErrConflict, text} }

func invalid(text string) error { return refused{store.ErrInvalid, text} }

// record is the audit record of what a person did, the last statement of its transaction.
func record(ctx context.Context, tx *store.Tx, kind, subject string, a Actor, now time.Time, facts map[string]string) error {
	all := map[string]string{}
	for name, value := range facts {
		if value != "" {
			all[name] = value
		}
	}
	sealed := map[string]string{}
	if a.Role != "" {
		all["role"] = a.Role
	}
	if a.Person != "" {
		sealed["person"] = a.Person
	}
	if a.why != "" {
		sealed["why"] = a.why
	}
	return tx.Audit(ctx, audit.Entry{Kind: "notify." + kind, Subject: subject, At: now, Facts: all, Sealed: sealed})
}

type querier func(ctx context.Context, query string, args ...any) (*sql.Rows, error)

// each runs a query and hands on its rows.
func each(ctx context.Context, ask querier, query string, args []any, row func(rowset.Scan) error) error {
	rows, err := ask(ctx, query, args...)
	return rowset.Each(rows, err, row)
}

// places are the placeholders of rows by columns, from number first on: numbered for PostgreSQL, bare for SQLite, which is slow with many
// numbered ones.
func places(kind store.Kind, first, rows, columns int) string {
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
		if kind == store.SQLite {
			b.WriteByte('?')
			continue
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String() + ")"
}

// list is one row of placeholders for keys, which are added to args.
func list(kind store.Kind, args []any, keys []string) (string, []any) {
	text := places(kind, len(args)+1, 1, len(keys))
	for _, key := range keys {
		args = append(args, key)
	}
	return text, args
}

// mark is the placeholder number n where it stands beside those of places.
func mark(kind store.Kind, n int) string {
	if kind == store.SQLite {
		return "?"
	}
	return "$" + strconv.Itoa(n)
}

// note makes a text fit to be kept: one line, not long, never empty.
func note(text string) string {
	const most = 300
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	if runes := []rune(strings.TrimSpace(text)); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	if text = strings.TrimSpace(text); text == "" {
		return "没有说明"
	}
	return text
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// valid returns an error for events that aren't what they say.
func valid(events []event.Event) error {
	for _, e := range events {
		if e.ID != event.ID(e.Kind, e.Enterprise, e.Subject) || e.Worth < 0 {
			return fmt.Errorf("event %q of %s: %w", e.Kind, e.Enterprise, store.ErrInvalid)
		}
	}
	return nil
}

// among is a chunk of keys at a time.
func among(keys []string, do func([]string) error) error {
	const most = 400
	for part := range slices.Chunk(keys, most) {
		if err := do(part); err != nil {
			return err
		}
	}
	return nil
}

// missing turns the lack of a row into what a person reads.
func missing(err error, sentence string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return refused{store.ErrNotFound, sentence}
	}
	return err
}
