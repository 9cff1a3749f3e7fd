// Package ledger holds what payments stand on: budget lines with their postings in double entry, the accounts that firms are
// paid to, what persons found out, what firms chose, what was granted before, and what is claimed back.
//
// Each function that changes something is one transaction with one record of the audit log. It checks in that transaction that
// the person has the role for it, and that where two are needed they are two persons. What must never happen (a line
// overdrawn, a reference booked twice, one person who does both steps) the database refuses as well; the checks here say it in
// words that a person can act on. There is no clock: callers give the instant.
package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mianshen/internal/audit"
	"mianshen/internal/persons/duty"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules/exact"
)

// ErrRole says that the person doesn't have the role that the step needs, or isn't known.
var ErrRole = errors.New("role missing")

// ErrDamaged says that the postings of a line and its sums differ, which no function here can bring about.
var ErrDamaged = errors.New("ledger damaged")

// Refusal is a sentence in Chinese for the person who asked. It is also its kind: ErrRole, ErrDamaged, store.ErrInvalid,
// store.ErrConflict or store.ErrNotFound.
type Refusal struct {
	Text string
	Kind error
}

// Error returns the sentence.
func (r *Refusal) Error() string { return r.Text }

// Unwrap returns the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

func refuse(kind error, format string, args ...any) error {
	return &Refusal{Text: fmt.Sprintf(format, args...), Kind: kind}
}

// Book is the ledger of one store. It may be used by many goroutines.
type Book struct{ store *store.Store }

// New returns the ledger of a store.
func New(s *store.Store) *Book { return &Book{s} }

// MaxAmount is the largest sum of one posting and of one line, as of one payment batch.
const MaxAmount exact.Money = 999_999_999_999_999

// maxText is how many characters a name, a reference or a reason may have.
const maxText = 200

// identity is the id that the caller gave, else a random one.
func identity(id string) string {
	if id == "" {
		return rand.Text()
	}
	return id
}

// words refuses a text that is empty, too long, or has characters that can't stand in one line.
func words(what, text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return refuse(store.ErrInvalid, "没有填写%s，请补上", what)
	case utf8.RuneCountInString(text) > maxText:
		return refuse(store.ErrInvalid, "%s有 %d 个字，请缩短到 %d 个字以内", what, utf8.RuneCountInString(text), maxText)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, Unseen):
		return refuse(store.ErrInvalid, "%s含有换行或不能显示的字符，请重新填写", what)
	}
	return nil
}

// Unseen reports whether a character can't stand in a line that somebody signs: a control character, one that begins another line, or one
// that turns the direction of what follows, so that it reads otherwise than it is kept.
func Unseen(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// sum refuses an amount that can't be booked.
func sum(fen exact.Money) error {
	if fen <= 0 || fen > MaxAmount {
		return refuse(store.ErrInvalid, "金额 %s 元不能入账，应大于 0，不超过 %s 元", fen, MaxAmount)
	}
	return nil
}

// first returns the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// The roles that the ledger knows, as table role_grant has them.
const (
	firmClerk = "E1"
	firmAdmin = "E2"
	drafts    = "D1"
	reviews   = "D2"
	handles   = "F1"
	checks    = "F2"
	approves  = "F3"
	audits    = "AU"
)

// person is who acts, with the roles that count now.
type person struct {
	id, name string
	roles    []role
}

type role struct{ name, scope string }

// actor reads who acts, within the transaction of what is done.
func actor(ctx context.Context, tx *store.Tx, id string) (p person, err error) {
	rows, err := tx.Query(ctx, `SELECT p.name, coalesce(r.role, ''), coalesce(r.scope, '')
		FROM person p LEFT JOIN live_role r ON r.person = p.id WHERE p.id = $1`, id)
	err = rowset.Each(rows, err, func(scan rowset.Scan) error {
		var r role
		err := scan(&p.name, &r.name, &r.scope)
		p.roles = append(p.roles, r)
		return err
	})
	p.id = id
	if err == nil && p.name == "" {
		err = refuse(ErrRole, "没有编号为“%.64s”的人员，请重新登录后再办理", id)
	}
	return p, err
}

// has reports whether the person has a role; a scope of "" means any.
func (p person) has(name, scope string) bool {
	return slices.ContainsFunc(p.roles, func(r role) bool { return r.name == name && (scope == "" || r.scope == scope) })
}

// may refuses a person who has none of the roles, wherever they hold.
func (p person) may(what string, names ...string) error {
	var missing []string
	for _, name := range names {
		if p.has(name, "") {
			return nil
		}
		missing = append(missing, duty.Full(name))
	}
	return refuse(ErrRole, "您没有%s的角色，不能%s；请由有这一角色的人员办理", strings.Join(missing, "或"), what)
}

// acts is actor and may in one.
func acts(ctx context.Context, tx *store.Tx, id, what string, names ...string) (person, error) {
	p, err := actor(ctx, tx, id)
	if err != nil {
		return p, err
	}
	return p, p.may(what, names...)
}

// record writes the audit record of a change, last in its transaction: ids in plain, the name of the person sealed.
func (p person) record(ctx context.Context, tx *store.Tx, kind, subject string, now time.Time, facts map[string]string) error {
	all := map[string]string{"by": p.id}
	for name, value := range facts {
		if value != "" {
			all[name] = value
		}
	}
	return tx.Audit(ctx, audit.Entry{Kind: kind, Subject: subject, At: now, Facts: all, Sealed: map[string]string{"person": p.name}})
}

// exists reports whether the query has a row.
func exists(ctx context.Context, tx *store.Tx, query string, args ...any) (found bool, err error) {
	rows, err := tx.Query(ctx, query, args...)
	err = rowset.Each(rows, err, func(rowset.Scan) error { found = true; return nil })
	return found, err
}

// at takes an instant as the databases keep it, so that what is compared in memory and there is the same.
func at(now time.Time) time.Time { return now.UTC().Truncate(time.Microsecond) }
