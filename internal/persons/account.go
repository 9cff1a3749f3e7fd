package persons

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mianshen/internal/audit"
	"mianshen/internal/persons/secret"
	"mianshen/internal/store"
)

// Caps on a password. Length is what counts; what of is the person's choice.
const (
	minPassword = 12  // characters
	maxPassword = 200 // bytes
	maxName     = 100
	maxLogin    = 200
	maxLinked   = 300
)

// Add enters a person, who can do nothing yet. By must be a system administrator.
func (b *Book) Add(ctx context.Context, by *Identity, name string, now time.Time) (id string, err error) {
	if name, err = text("姓名", name, maxName); err != nil {
		return "", err
	}
	id = newID()
	return id, b.store.Transact(ctx, func(tx *store.Tx) error {
		if err := must(ctx, tx, by, SystemAdmin); err != nil {
			return err
		}
		if err := putPerson(ctx, tx, id, name, now); err != nil {
			return err
		}
		return tx.Audit(ctx, about(record("person.added", id, by, now, nil), "name", name))
	})
}

func putPerson(ctx context.Context, tx *store.Tx, id, name string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO person (id, name, created_at) VALUES ($1, $2, $3)`, id, name, store.Stamp(now))
	return err
}

// Login is a way to sign in that is to be made: with Issuer and Subject one of an identity provider, else a local one.
type Login struct {
	Person  string
	Login   string // what is typed at signing in; for a provider's it is what administrators see
	Issuer  string
	Subject string
}

// linked refuses a provider's identity of which a part is missing, or which doesn't look to who enables it like what it is.
func (l *Login) linked() (err error) {
	if l.Issuer == "" && l.Subject == "" {
		return nil
	}
	for _, x := range []struct {
		what string
		of   *string
	}{{"统一身份认证地址", &l.Issuer}, {"那里的用户编号", &l.Subject}} {
		if *x.of, err = text(x.what, *x.of, maxLinked); err != nil {
			return err
		}
		if strings.ContainsFunc(*x.of, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return refuse("%s里有看不见的字符，请重新填写。", x.what)
		}
	}
	return nil
}

// Prepare makes an account, which a security administrator must enable. For a local one it returns the first half of the initial
// password, to be handed to the person; Enable returns the other one, so that no administrator alone can come in. By must be a
// system administrator, and not that person.
func (b *Book) Prepare(ctx context.Context, by *Identity, l Login, now time.Time) (id, half string, err error) {
	if l.Login, err = text("登录名", l.Login, maxLogin); err != nil {
		return "", "", err
	}
	if err := l.linked(); err != nil {
		return "", "", err
	}
	id = newID()
	var password any
	kind := "oidc"
	if l.Issuer == "" {
		kind, half = "local", secret.Half()
		password = secret.Hash(half)
	}
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		if err := must(ctx, tx, by, SystemAdmin); err != nil {
			return err
		}
		if by.Person == l.Person {
			return refuse("不能给自己开账号，请另一位系统管理员来办。")
		}
		_, err := tx.Exec(ctx, `INSERT INTO account (id, person, kind, login, password, issuer, subject, created_at, disabled_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`, id, l.Person, kind, l.Login, password, orNull(l.Issuer), orNull(l.Subject), store.Stamp(now))
		if err != nil {
			return err
		}
		e := about(record("account.prepared", id, by, now, map[string]string{"kind": kind}), "holder", l.Person)
		return tx.Audit(ctx, identified(e, l.Issuer, l.Subject))
	})
	if errors.Is(err, store.ErrConflict) {
		err = clash("没有这个人，或者这个登录名已经有了（不分大小写）。")
	}
	return id, half, err
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// identified seals into a record which identity of a provider the account is for, where it is for one.
func identified(e audit.Entry, issuer, subject string) audit.Entry {
	if issuer == "" {
		return e
	}
	return about(about(e, "issuer", issuer), "subject", subject)
}

// Enable lets an account be used, and returns what to type at signing in: for a local one also the second half of its initial
// password, to be handed to the person apart from the first; with both one can only enrol. Whoever signs in as a provider's identity is
// the person from then on: who enables has seen issuer and subject, which never change (List). By must be a security administrator,
// and not its person.
func (b *Book) Enable(ctx context.Context, by *Identity, account string, now time.Time) (login, half string, err error) {
	half = secret.Half()
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		if err := b.mayChange(ctx, tx, by, account, SecurityAdmin); err != nil {
			return err
		}
		var second any
		var local bool
		var issuer, subject string
		if err := tx.QueryRow(ctx, `SELECT login, kind = 'local', coalesce(issuer, ''), coalesce(subject, '') FROM account WHERE id = $1`, account).
			Scan(&login, &local, &issuer, &subject); err != nil {
			return err
		}
		if local {
			second = secret.Sum(half)
		} else {
			half = ""
		}
		n, err := tx.Exec(ctx, `UPDATE account SET disabled_at = NULL, failed = 0, locked_until = NULL, second = $2 WHERE id = $1 AND disabled_at IS NOT NULL`, account, second)
		if err != nil {
			return err
		}
		if n == 0 {
			return clash("这个账号已经启用了。")
		}
		return tx.Audit(ctx, identified(record("account.enabled", account, by, now, nil), issuer, subject))
	})
	if err != nil {
		return "", "", err
	}
	return login, half, nil
}

// mayChange refuses who hasn't the role or is the account's own person.
func (b *Book) mayChange(ctx context.Context, tx *store.Tx, by *Identity, account string, role Role) error {
	if err := must(ctx, tx, by, role); err != nil {
		return err
	}
	var person string
	if err := tx.QueryRow(ctx, `SELECT person FROM account WHERE id = $1`, account).Scan(&person); err != nil {
		return err
	}
	if person == by.Person {
		return refuse("不能办自己的账号，请另一位管理员来办。")
	}
	return nil
}

// Reset gives a local account another initial password and forgets its second factor, for who lost either, and returns what to
// type at signing in, with the first half of that password, as Prepare does. Its sessions, and the tokens and secret addresses of its person, end, and a
// security administrator must enable it again. By must be a system administrator, and not its person.
func (b *Book) Reset(ctx context.Context, by *Identity, account string, now time.Time) (login, half string, err error) {
	half = secret.Half()
	password := secret.Hash(half)
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		if err := b.mayChange(ctx, tx, by, account, SystemAdmin); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE account SET password = $1, second = NULL, totp = NULL, disabled_at = $2 WHERE id = $3 AND kind = 'local'`, password, store.Stamp(now), account)
		if err != nil {
			return err
		}
		if n == 0 {
			return clash("这个账号由统一身份认证管理，请到那里重置。")
		}
		if err := endSessions(ctx, tx, `account = $2`, account, now); err != nil {
			return err
		}
		var person string
		if err := tx.QueryRow(ctx, `SELECT login, person FROM account WHERE id = $1`, account).Scan(&login, &person); err != nil {
			return err
		}
		if err := endSecrets(ctx, tx, person, by, now); err != nil {
			return err
		}
		return tx.Audit(ctx, record("account.reset", account, by, now, nil))
	})
	return login, half, err
}

// endSecrets ends what opens something without signing in: the tokens of a person, and the addresses that his calendar programs read.
func endSecrets(ctx context.Context, tx *store.Tx, person string, by *Identity, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE api_token SET revoked_at = $1 WHERE person = $2 AND revoked_at IS NULL`, store.Stamp(now), person); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE feed_address SET ended_at = $1, ended_by = $3 WHERE person = $2 AND ended_at IS NULL`, store.Stamp(now), person, by.Person)
	return err
}

// Disable ends everything of a person at once: accounts, sessions, tokens, secret addresses, roles. By must be a system or a security administrator,
// and not that person; the last of either can't be disabled.
func (b *Book) Disable(ctx context.Context, by *Identity, person string, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		if err := must(ctx, tx, by, SystemAdmin, SecurityAdmin); err != nil {
			return err
		}
		if by.Person == person {
			return refuse("不能停用自己，请另一位管理员来办。")
		}
		if err := notLast(ctx, tx, person, SystemAdmin, SecurityAdmin); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE person SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL`, store.Stamp(now), person)
		if err != nil {
			return err
		}
		if n == 0 {
			return clash("没有这个人，或者已经停用了。")
		}
		if err := endSessions(ctx, tx, `account IN (SELECT id FROM account WHERE person = $2)`, person, now); err != nil {
			return err
		}
		if err := endSecrets(ctx, tx, person, by, now); err != nil {
			return err
		}
		return tx.Audit(ctx, record("person.disabled", person, by, now, nil))
	})
}

// chosen refuses passwords that are too short, too long or hold the login.
func chosen(login, password string) error {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return refuse("密码至少 %d 个字符，长一点的一句话就很好。", minPassword)
	case len(password) > maxPassword:
		return refuse("密码最多 %d 个字节。", maxPassword)
	case utf8.RuneCountInString(login) >= 4 && strings.Contains(strings.ToLower(password), strings.ToLower(login)):
		return refuse("密码里不要含有登录名。")
	}
	return nil
}
