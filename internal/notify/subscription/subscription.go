// Package subscription keeps what calendar and feed programs subscribe to: the secret addresses of a firm, and what its calendar said
// last, so that a program is told when a day moves or is off.
//
// An address holds a random token, of which only the SHA-256 is kept: whoever reads the database can't read a calendar by it, and it is
// found by that sum, so that the time of a look-up tells nothing of a token. It belongs to the person who had it made. It ends when
// somebody of the firm ends it or an administrator resets or disables that person's account, and counts no longer once the person doesn't
// act for the firm.
package subscription

import (
	"context"
	"strings"
	"time"

	"mianshen/internal/audit"
	"mianshen/internal/persons/secret"
	"mianshen/internal/store"
)

// Book keeps the subscriptions of a store. It may be used by many goroutines at once.
type Book struct{ s *store.Store }

// New gives the book of s.
func New(s *store.Store) *Book { return &Book{s} }

// refused is an error for a person: the sentence alone is shown, kind tells programs what it is.
type refused struct {
	kind error
	text string
}

func (r refused) Error() string { return r.text }
func (r refused) Unwrap() error { return r.kind }

// Address is a live address as people see it: the token isn't known any more.
type Address struct {
	ID     string // names it, and opens nothing
	Person string
	Name   string // of the person
	MadeAt time.Time
	Counts bool // the person still acts for the firm
}

// Found is whom a token is for.
type Found struct{ ID, Enterprise string }

// idLength is how much of a sum names an address.
const idLength = 12

// Whoever had an address made must still act for the firm.
const acting = `EXISTS (SELECT 1 FROM role_grant g JOIN person p ON p.id = g.person WHERE g.person = f.person AND g.scope = f.enterprise
	AND g.role IN ('E1', 'E2') AND g.confirmed_at IS NOT NULL AND g.revoked_at IS NULL AND p.disabled_at IS NULL)`

// Make makes the address of a person for a firm and returns its token, which nobody can show again. An address that he had is ended:
// he has one. The caller knows that he acts for the firm.
func (b *Book) Make(ctx context.Context, enterprise, person string, now time.Time) (token string, err error) {
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		token = secret.Token()
		sum := secret.Sum(token)
		renewed, err := tx.Exec(ctx, `UPDATE feed_address SET ended_at = $3, ended_by = $2 WHERE enterprise = $1 AND person = $2 AND ended_at IS NULL`,
			enterprise, person, store.Stamp(now))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO feed_address (sum, enterprise, person, made_at) VALUES ($1, $2, $3, $4)`, sum, enterprise, person, store.Stamp(now)); err != nil {
			return err
		}
		kind := "feed_made"
		if renewed > 0 {
			kind = "feed_renewed"
		}
		return record(ctx, tx, kind, enterprise, person, sum[:idLength], now)
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Addresses are what a token opens on the server at base: the calendar and the policies.
func Addresses(base, token string) (calendar, policies string) {
	base = strings.TrimSuffix(base, "/") + "/feeds/" + token
	return base + "/calendar.ics", base + "/policies.atom"
}

// End ends an address of a firm, whoever had it made.
func (b *Book) End(ctx context.Context, enterprise, id, by string, now time.Time) error {
	if len(id) != idLength {
		return gone()
	}
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE feed_address SET ended_at = $3, ended_by = $4 WHERE enterprise = $1 AND substr(sum, 1, 12) = $2 AND ended_at IS NULL`,
			enterprise, id, store.Stamp(now), by)
		if err == nil && n == 0 {
			err = gone()
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, "feed_ended", enterprise, by, id, now)
	})
}

func gone() error {
	return refused{store.ErrConflict, "这个订阅地址不存在或已经停用，请刷新页面查看。"}
}

func record(ctx context.Context, tx *store.Tx, kind, enterprise, person, id string, now time.Time) error {
	return tx.Audit(ctx, audit.Entry{
		Kind: "notify." + kind, Subject: enterprise, At: now, Facts: map[string]string{"address": id}, Sealed: map[string]string{"person": person},
	})
}

// Live lists the addresses of a firm that nobody has ended, the oldest first.
func (b *Book) Live(ctx context.Context, enterprise string) (list []Address, err error) {
	rows, err := b.s.DB().QueryContext(ctx, `SELECT f.sum, f.person, n.name, f.made_at, CASE WHEN `+acting+` THEN 1 ELSE 0 END
		FROM feed_address f JOIN person n ON n.id = f.person WHERE f.enterprise = $1 AND f.ended_at IS NULL ORDER BY f.made_at, f.sum`, enterprise)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a Address
		var counts int
		if err := rows.Scan(&a.ID, &a.Person, &a.Name, store.StampInto(&a.MadeAt), &counts); err != nil {
			return nil, err
		}
		a.ID, a.Counts = a.ID[:idLength], counts == 1
		list = append(list, a)
	}
	return list, rows.Err()
}

// Find tells whom a token is for; ok is false where it is nobody's, was ended, or was made by somebody who acts for the firm no more.
func (b *Book) Find(ctx context.Context, token string) (f Found, ok bool, err error) {
	const most = 100
	if token == "" || len(token) > most {
		return f, false, nil
	}
	want := secret.Sum(token)
	rows, err := b.s.DB().QueryContext(ctx, `SELECT f.sum, f.enterprise FROM feed_address f WHERE f.sum = $1 AND f.ended_at IS NULL AND `+acting, want)
	if err != nil {
		return f, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var sum string
		if err := rows.Scan(&sum, &f.Enterprise); err != nil {
			return f, false, err
		}
		if ok = secret.Same(sum, want); ok {
			f.ID = sum[:idLength]
		}
	}
	if !ok {
		f = Found{}
	}
	return f, ok, rows.Err()
}

// Published says when each policy last became what it is: when its current version was made current.
func (b *Book) Published(ctx context.Context) (map[string]time.Time, error) {
	rows, err := b.s.DB().QueryContext(ctx, `SELECT policy_id, max(at) FROM policy_pointer GROUP BY policy_id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]time.Time{}
	for rows.Next() {
		var id string
		var at time.Time
		if err := rows.Scan(&id, store.StampInto(&at)); err != nil {
			return nil, err
		}
		out[id] = at
	}
	return out, rows.Err()
}
