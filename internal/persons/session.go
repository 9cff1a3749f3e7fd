package persons

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"mianshen/internal/persons/secret"
	"mianshen/internal/store"
)

// How long a session lasts: in all, and without a request; and how long showing password and code again counts.
const (
	SessionLasts = 12 * time.Hour
	SessionIdle  = 30 * time.Minute
	StepUpFor    = 5 * time.Minute
)

// seenEvery is how exactly it is known when a session or a token was used last.
const seenEvery = time.Minute

// ErrNobody says that a cookie or a token is nobody's, or not any more.
var ErrNobody = errors.New("nobody")

// open makes a session and returns what its cookie holds; old ones of the account go.
func open(ctx context.Context, tx *store.Tx, account string, stepped, expires, now time.Time) (cookie string, err error) {
	if _, err := tx.Exec(ctx, `DELETE FROM session WHERE account = $1 AND expires_at < $2`, account, store.Stamp(now.Add(-30*24*time.Hour))); err != nil {
		return "", err
	}
	cookie = secret.Token()
	_, err = tx.Exec(ctx, `INSERT INTO session (id, account, created_at, seen_at, stepped_up_at, expires_at) VALUES ($1, $2, $3, $3, $4, $5)`,
		secret.Sum(cookie), account, store.Stamp(now), store.Stamp(stepped), store.Stamp(expires))
	return cookie, err
}

// endSessions ends the sessions that where, about $2, picks.
func endSessions(ctx context.Context, tx *store.Tx, where, arg string, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE session SET revoked_at = $1 WHERE revoked_at IS NULL AND `+where, store.Stamp(now), arg)
	return err
}

// rotate exchanges a session for one that has stepped up. It ends when the old one would have.
func (b *Book) rotate(ctx context.Context, tx *store.Tx, id *Identity, now time.Time) (cookie string, err error) {
	var expires time.Time
	err = tx.QueryRow(ctx, `SELECT expires_at FROM session WHERE id = $1 AND account = $2 AND revoked_at IS NULL`+tx.Lock(), id.Session, id.Account).Scan(store.StampInto(&expires))
	if errors.Is(err, sql.ErrNoRows) || err == nil && !now.Before(expires) {
		return "", ErrNobody
	}
	if err != nil {
		return "", err
	}
	if err := endSessions(ctx, tx, `id = $2`, id.Session, now); err != nil {
		return "", err
	}
	if cookie, err = open(ctx, tx, id.Account, now, expires, now); err != nil {
		return "", err
	}
	return cookie, tx.Audit(ctx, record("session.stepped_up", id.Account, id, now, nil))
}

// External opens a session for the person to whom an administrator linked what an identity provider calls issuer and subject.
// ErrSignIn: nobody has; persons are never made by signing in.
func (b *Book) External(ctx context.Context, issuer, subject string, now time.Time) (cookie string, err error) {
	return b.enter(ctx, `a.kind = 'oidc' AND a.issuer = $1 AND a.subject = $2`, []any{issuer, subject}, "oidc", now)
}

// ExternalStepUp exchanges the identity's session after its provider has asked for the password again, just now.
func (b *Book) ExternalStepUp(ctx context.Context, id *Identity, issuer, subject string, now time.Time) (cookie string, err error) {
	return b.exchange(ctx, id, `kind = 'oidc' AND issuer = $2 AND subject = $3`, []any{issuer, subject}, now)
}

// AsDemo opens a session of a demo person. ErrSignIn: there is no such demo person.
func (b *Book) AsDemo(ctx context.Context, login string, now time.Time) (cookie string, err error) {
	return b.enter(ctx, `a.kind = 'demo' AND a.login = $1`, []any{login}, "demo", now)
}

// DemoStepUp exchanges a demo person's session without asking for anything.
func (b *Book) DemoStepUp(ctx context.Context, id *Identity, now time.Time) (cookie string, err error) {
	return b.exchange(ctx, id, `kind = 'demo'`, nil, now)
}

func (b *Book) enter(ctx context.Context, where string, args []any, by string, now time.Time) (cookie string, err error) {
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		var account string
		err := tx.QueryRow(ctx, `SELECT a.id FROM account a JOIN person p ON p.id = a.person WHERE a.disabled_at IS NULL AND p.disabled_at IS NULL AND `+where, args...).Scan(&account)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrSignIn
		}
		if err != nil {
			return err
		}
		if cookie, err = open(ctx, tx, account, time.Time{}, now.Add(SessionLasts), now); err != nil {
			return err
		}
		return tx.Audit(ctx, record("session.opened", account, nil, now, map[string]string{"by": by}))
	})
	return cookie, err
}

func (b *Book) exchange(ctx context.Context, id *Identity, where string, args []any, now time.Time) (cookie string, err error) {
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		err := tx.QueryRow(ctx, `SELECT id FROM account WHERE id = $1 AND disabled_at IS NULL AND `+where, append([]any{id.Account}, args...)...).Scan(new(string))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrSignIn
		}
		if err != nil {
			return err
		}
		cookie, err = b.rotate(ctx, tx, id, now)
		return err
	})
	return cookie, err
}

// Session tells whose a cookie is. ErrNobody: nobody's, or its session ended, was revoked, lasted too long or wasn't used for too long.
func (b *Book) Session(ctx context.Context, cookie string, now time.Time) (*Identity, error) {
	id := &Identity{Session: secret.Sum(cookie)}
	var seen, stepped, expires time.Time
	err := b.store.DB().QueryRowContext(ctx, `SELECT s.account, s.seen_at, s.stepped_up_at, s.expires_at, a.kind = 'demo', a.kind <> 'local' OR a.totp IS NOT NULL, p.id, p.name
		FROM session s JOIN account a ON a.id = s.account JOIN person p ON p.id = a.person
		WHERE s.id = $1 AND s.revoked_at IS NULL AND a.disabled_at IS NULL AND p.disabled_at IS NULL`, id.Session).
		Scan(&id.Account, store.StampInto(&seen), store.StampInto(&stepped), store.StampInto(&expires), &id.Demo, &id.Enrolled, &id.Person, &id.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNobody
	}
	if err != nil {
		return nil, err
	}
	if !now.Before(expires) || now.Sub(seen) > SessionIdle {
		return nil, ErrNobody
	}
	// A clock that jumped back must not make a step-up last.
	since := now.Sub(stepped)
	id.StepUp = !stepped.IsZero() && since <= StepUpFor && since >= -seenEvery
	if now.Sub(seen) >= seenEvery {
		if err := b.touch(ctx, `UPDATE session SET seen_at = $1 WHERE id = $2 AND revoked_at IS NULL`, id.Session, now); err != nil {
			return nil, err
		}
	}
	id.Roles, err = roles(ctx, outside{b.store.DB()}, id.Person)
	return id, err
}

// touch notes when something was used.
func (b *Book) touch(ctx context.Context, update, id string, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, update, store.Stamp(now), id)
		return err
	})
}

// Open is a session that lasts.
type Open struct {
	ID      string
	Created time.Time
	Seen    time.Time
	Here    bool // it is the one that asks
}

// Sessions lists the sessions of the identity's person that haven't ended, the newest first.
func (b *Book) Sessions(ctx context.Context, id *Identity, now time.Time) (list []Open, err error) {
	err = each(ctx, outside{b.store.DB()}, func(r *sql.Rows) error {
		var o Open
		var expires time.Time
		if err := r.Scan(&o.ID, store.StampInto(&o.Created), store.StampInto(&o.Seen), store.StampInto(&expires)); err != nil {
			return err
		}
		if o.Here = o.ID == id.Session; now.Before(expires) && now.Sub(o.Seen) <= SessionIdle {
			list = append(list, o)
		}
		return nil
	}, `SELECT s.id, s.created_at, s.seen_at, s.expires_at FROM session s JOIN account a ON a.id = s.account
		WHERE a.person = $1 AND s.revoked_at IS NULL ORDER BY s.created_at DESC, s.id`, id.Person)
	return list, err
}

// End ends one of the person's own sessions, on every node at once. Someone else's is store.ErrNotFound.
func (b *Book) End(ctx context.Context, id *Identity, session string, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE session SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL AND account IN (SELECT id FROM account WHERE person = $3)`,
			store.Stamp(now), session, id.Person)
		if err != nil {
			return err
		}
		if n == 0 {
			return sql.ErrNoRows
		}
		return tx.Audit(ctx, record("session.ended", session, id, now, nil))
	})
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode reads what encode wrote; anything else is nothing, which opens nowhere.
func decode(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}
