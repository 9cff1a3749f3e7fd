package persons

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"mianshen/internal/persons/secret"
	"mianshen/internal/store"
)

// ErrSignIn says that somebody can't sign in, and not why: an unknown login, a wrong password, a wrong or used code and a
// locked account all look the same and take the same time.
var ErrSignIn = errors.New("登录名、密码或动态验证码不对，或者账号没有启用、因为连续出错暂时锁着。请核对后再试，连续出错要等的时间会越来越长")

// After so many failures in a row an account is locked, first for lockBegins, each further failure twice as long, at most lockMost.
const (
	mostFailures = 5
	lockBegins   = time.Minute
	lockMost     = 15 * time.Minute
)

// login is a local account as signing in needs it.
type login struct {
	id       string
	login    string
	password string
	second   string // sum of the second half of an initial password that has two
	totp     []byte // sealed; nil before enrolment
	step     int64
	failed   int
	locked   time.Time
}

const selectLogin = `SELECT a.id, a.login, a.password, coalesce(a.second, ''), a.totp, a.totp_step, a.failed, a.locked_until FROM account a JOIN person p ON p.id = a.person
	WHERE a.kind = 'local' AND a.disabled_at IS NULL AND p.disabled_at IS NULL AND `

func scanLogin(row *sql.Row) (l login, err error) {
	return l, row.Scan(&l.id, &l.login, &l.password, &l.second, &l.totp, &l.step, &l.failed, store.StampInto(&l.locked))
}

// SignIn opens a session for whoever knows the password and the code of a local account, and returns what its cookie holds.
// Before enrolment there is no code, and the session is good for nothing but enrolling. ErrSignIn: no.
func (b *Book) SignIn(ctx context.Context, name, password, code string, now time.Time) (cookie string, err error) {
	proof := proof{where: "a.login = $1", arg: name, password: password, code: code, now: now}
	err = b.prove(ctx, proof, func(tx *store.Tx, l login) error {
		if cookie, err = open(ctx, tx, l.id, time.Time{}, now.Add(SessionLasts), now); err != nil {
			return err
		}
		return tx.Audit(ctx, record("session.opened", l.id, nil, now, map[string]string{"by": "password"}))
	})
	return cookie, err
}

// StepUp exchanges the identity's session for one that showed password and code just now, and returns what its cookie holds.
// ErrSignIn: no; failures count as at signing in.
func (b *Book) StepUp(ctx context.Context, id *Identity, password, code string, now time.Time) (cookie string, err error) {
	proof := proof{where: "a.id = $1", arg: id.Account, password: password, code: code, now: now}
	err = b.prove(ctx, proof, func(tx *store.Tx, l login) error {
		if l.totp == nil {
			return ErrNotAllowed
		}
		cookie, err = b.rotate(ctx, tx, id, now)
		return err
	})
	return cookie, err
}

// proof is what somebody shows to be the person of an account.
type proof struct {
	where, arg     string
	password, code string
	now            time.Time
}

// prove checks a proof, counts a failure, and does what follows from success in the same transaction. The hash is computed
// outside of it; whether the account is locked is asked again inside, so that guesses sent at once count one by one.
func (b *Book) prove(ctx context.Context, p proof, then func(*store.Tx, login) error) error {
	known, err := scanLogin(b.store.DB().QueryRowContext(ctx, selectLogin+p.where, p.arg))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	right, err := b.right(ctx, known, p.password)
	if err != nil {
		return err
	}
	if known.id == "" {
		return ErrSignIn
	}
	failed := false
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT id FROM account WHERE id = $1`+tx.Lock(), known.id).Scan(new(string)); err != nil {
			return err
		}
		l, err := scanLogin(tx.QueryRow(ctx, selectLogin+"a.id = $1", known.id))
		if errors.Is(err, sql.ErrNoRows) || err == nil && (l.password != known.password || l.second != known.second || p.now.Before(l.locked)) {
			return ErrSignIn
		}
		if err != nil {
			return err
		}
		step, err := b.step(l, p)
		if err != nil {
			return err
		}
		if failed = !right || step < 0; failed {
			return fail(ctx, tx, l, p.now)
		}
		_, err = tx.Exec(ctx, `UPDATE account SET failed = 0, locked_until = NULL, totp_step = $1 WHERE id = $2`, step, l.id)
		if err != nil {
			return err
		}
		return then(tx, l)
	})
	if err == nil && failed {
		return ErrSignIn
	}
	return err
}

// step is the step of time whose code the proof shows; -1 when it is none. Before enrolment no code is asked.
func (b *Book) step(l login, p proof) (int64, error) {
	if l.totp == nil {
		return l.step, nil
	}
	key, err := b.seal.Open(l.totp, place(l.id))
	if err != nil {
		return 0, fmt.Errorf("key of the one-time codes of account %s: %w", l.id, err)
	}
	if step := secret.Match(key, p.code, p.now, l.step); step > 0 {
		return step, nil
	}
	return -1, nil
}

// place is what the key of an account's codes is sealed for.
func place(account string) string { return "account|totp|" + account }

// fail counts a failure and locks the account after too many.
func fail(ctx context.Context, tx *store.Tx, l login, now time.Time) error {
	l.failed++
	var until time.Time
	if l.failed >= mostFailures {
		until = now.Add(min(lockBegins<<min(l.failed-mostFailures, 10), lockMost))
	}
	if _, err := tx.Exec(ctx, `UPDATE account SET failed = $1, locked_until = $2 WHERE id = $3`, l.failed, store.Stamp(until), l.id); err != nil || until.IsZero() {
		return err
	}
	return tx.Audit(ctx, record("account.locked", l.id, nil, now, map[string]string{"failed": fmt.Sprint(l.failed)}))
}

// right tells whether a password is the one of an account. An initial password of two halves is typed with a hyphen between.
func (b *Book) right(ctx context.Context, l login, password string) (bool, error) {
	if l.second == "" {
		return b.verify(ctx, l.password, password)
	}
	first, second, _ := strings.Cut(strings.TrimSpace(password), "-")
	right, err := b.verify(ctx, l.password, first)
	return right && secret.Same(l.second, secret.Sum(second)), err
}

// verify computes a hash when there is a place to.
func (b *Book) verify(ctx context.Context, phc, password string) (bool, error) {
	select {
	case b.hash <- struct{}{}:
		defer func() { <-b.hash }()
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	return len(password) <= maxPassword && secret.Verify(phc, password), nil
}

// Enrolment is the second factor that somebody is about to take.
type Enrolment struct {
	Address string // what the QR code says
	Typed   string // the key, to be typed by hand
	Ticket  string // comes back with Enrol; good for this account only
	Login   string
}

// pending is what a ticket is sealed for.
func pending(account string) string { return "account|pending|" + account }

// Offer draws the key of a second factor for an account that hasn't one. Nothing is kept before Enrol.
func (b *Book) Offer(ctx context.Context, id *Identity) (*Enrolment, error) {
	l, err := scanLogin(b.store.DB().QueryRowContext(ctx, selectLogin+"a.id = $1 AND a.totp IS NULL", id.Account))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, clash("这个账号已经绑定了动态验证码。手机丢了请找系统管理员重置。")
	}
	if err != nil {
		return nil, err
	}
	return b.offer(l, secret.NewKey())
}

func (b *Book) offer(l login, key []byte) (*Enrolment, error) {
	sealed, err := b.seal.Seal(key, pending(l.id))
	return &Enrolment{Address: secret.Address(key, "免申", l.login), Typed: secret.Typed(key), Ticket: encode(sealed), Login: l.login}, err
}

// Again is the enrolment that a ticket stands for, to be shown once more after a mistake.
func (b *Book) Again(ctx context.Context, id *Identity, ticket string) (*Enrolment, error) {
	l, err := scanLogin(b.store.DB().QueryRowContext(ctx, selectLogin+"a.id = $1 AND a.totp IS NULL", id.Account))
	if err != nil {
		return nil, clash("这个账号已经绑定了动态验证码。")
	}
	key, err := b.seal.Open(decode(ticket), pending(id.Account))
	if err != nil {
		return nil, refuse("这个二维码已经作废，请重新打开本页。")
	}
	return b.offer(l, key)
}

// Enrol gives an account its second factor, proved by a code, and the password that its person chose, which is not the one by
// which he came. The session is exchanged; it returns what its cookie holds.
func (b *Book) Enrol(ctx context.Context, id *Identity, ticket, password, code string, now time.Time) (cookie string, err error) {
	key, err := b.seal.Open(decode(ticket), pending(id.Account))
	if err != nil {
		return "", refuse("这个二维码已经作废，请重新打开本页。")
	}
	step := secret.Match(key, code, now, 0)
	if step == 0 {
		return "", refuse("动态验证码不对。请看手机上现在的六位数字；一直不对，多半是手机的时间不准。")
	}
	l, err := scanLogin(b.store.DB().QueryRowContext(ctx, selectLogin+"a.id = $1 AND a.totp IS NULL", id.Account))
	if err != nil {
		return "", clash("这个账号已经绑定了动态验证码。")
	}
	if err := b.renewed(ctx, l, password); err != nil {
		return "", err
	}
	sealed, err := b.seal.Seal(key, place(l.id))
	if err != nil {
		return "", err
	}
	phc := secret.Hash(password)
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE account SET password = $1, second = NULL, totp = $2, totp_step = $3, failed = 0 WHERE id = $4 AND totp IS NULL AND password = $5`, phc, sealed, step, l.id, l.password)
		if err != nil {
			return err
		}
		if n == 0 {
			return clash("这个账号已经绑定了动态验证码。")
		}
		if err := endSessions(ctx, tx, `account = $2`, l.id, now); err != nil {
			return err
		}
		if cookie, err = open(ctx, tx, l.id, time.Time{}, now.Add(SessionLasts), now); err != nil {
			return err
		}
		return tx.Audit(ctx, record("account.enrolled", l.id, id, now, nil))
	})
	return cookie, err
}

// renewed refuses a password that isn't good or is the one there is.
func (b *Book) renewed(ctx context.Context, l login, password string) error {
	if err := chosen(l.login, password); err != nil {
		return err
	}
	same, err := b.right(ctx, l, password)
	if err == nil && !same && l.second != "" { // what one administrator knows is no password either
		same, err = b.verify(ctx, l.password, password)
		same = same || secret.Same(l.second, secret.Sum(password))
	}
	if err == nil && same {
		err = refuse("新密码要和原来的不同。")
	}
	return err
}

// ChangePassword gives the identity's account another password; its other sessions end. It takes a session that stepped up.
func (b *Book) ChangePassword(ctx context.Context, id *Identity, password string, now time.Time) error {
	if !id.StepUp {
		return ErrNotAllowed
	}
	l, err := scanLogin(b.store.DB().QueryRowContext(ctx, selectLogin+"a.id = $1", id.Account))
	if errors.Is(err, sql.ErrNoRows) {
		return clash("这个账号的密码不在这里改。")
	}
	if err != nil {
		return err
	}
	if err := b.renewed(ctx, l, password); err != nil {
		return err
	}
	phc := secret.Hash(password)
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE account SET password = $1 WHERE id = $2`, phc, l.id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE session SET revoked_at = $1 WHERE account = $2 AND id <> $3 AND revoked_at IS NULL`, store.Stamp(now), l.id, id.Session); err != nil {
			return err
		}
		return tx.Audit(ctx, record("account.password", l.id, id, now, nil))
	})
}
