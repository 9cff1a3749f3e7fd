package persons

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"mianshen/internal/persons/secret"
	"mianshen/internal/store"
)

// firstLasts is how long the token of the first start is good.
const firstLasts = 24 * time.Hour

// missing are the administrators that a database never had, of those that its first start makes.
func missing(ctx context.Context, q querier) (list []Role, err error) {
	had := map[Role]bool{}
	err = each(ctx, q, func(r *sql.Rows) error {
		var role Role
		err := r.Scan(&role)
		had[role] = true
		return err
	}, `SELECT DISTINCT role FROM role_grant WHERE role IN ('SA', 'SE')`)
	for _, role := range []Role{SystemAdmin, SecurityAdmin} {
		if !had[role] {
			list = append(list, role)
		}
	}
	return list, err
}

// Missing lists the administrators that the first start has yet to make.
func (b *Book) Missing(ctx context.Context) ([]Role, error) {
	return missing(ctx, outside{b.store.DB()})
}

// Start returns a fresh token with which the first administrators are made; earlier ones are void. "": a database that has, or
// had, both, or a demo needs none.
func (b *Book) Start(ctx context.Context, now time.Time) (token string, err error) {
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		token = "" // of an earlier run
		var demo bool
		if err := tx.QueryRow(ctx, `SELECT demo = 1 FROM instance WHERE id = 1`+tx.Lock()).Scan(&demo); err != nil || demo {
			return err
		}
		if lack, err := missing(ctx, inside{tx}); err != nil || len(lack) == 0 {
			return err
		}
		token = secret.Token()
		_, err := tx.Exec(ctx, `INSERT INTO first_start (id, hash, expires_at) VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at`,
			secret.Sum(token), store.Stamp(now.Add(firstLasts)))
		if err != nil {
			return err
		}
		return tx.Audit(ctx, record("first_start.issued", "instance", nil, now, nil))
	})
	return token, err
}

// First makes the first system or security administrator for whoever has the token of the first start: each once, and two
// different persons. It returns what the cookie of a session holds that can enrol, and the whole initial password,
// for who is cut off before enrolling: whoever holds the token is trusted with it. ErrSignIn: another token, or one past its end.
func (b *Book) First(ctx context.Context, token string, role Role, name, loginName string, now time.Time) (cookie, initial string, err error) {
	if name, err = text("姓名", name, maxName); err != nil {
		return "", "", err
	}
	if loginName, err = text("登录名", loginName, maxLogin); err != nil {
		return "", "", err
	}
	if role != SystemAdmin && role != SecurityAdmin {
		return "", "", refuse("首次启动只能设系统管理员和安全管理员。")
	}
	initial = secret.Token()[:20]
	password := secret.Hash(initial)
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		var sum string
		var expires time.Time
		err := tx.QueryRow(ctx, `SELECT hash, expires_at FROM first_start WHERE id = 1`+tx.Lock()).Scan(&sum, store.StampInto(&expires))
		if errors.Is(err, sql.ErrNoRows) || err == nil && (!secret.Same(sum, secret.Sum(token)) || !now.Before(expires)) {
			return ErrSignIn
		}
		if err != nil {
			return err
		}
		person, account, at := newID(), newID(), store.Stamp(now)
		if err := putPerson(ctx, tx, person, name, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO account (id, person, kind, login, password, created_at) VALUES ($1, $2, 'local', $3, $4, $5)`, account, person, loginName, password, at); err != nil {
			return err
		}
		if err := given(ctx, tx, person, Holding{Role: role}, "first_start", now); err != nil {
			return err
		}
		if cookie, err = open(ctx, tx, account, time.Time{}, now.Add(SessionLasts), now); err != nil {
			return err
		}
		return tx.Audit(ctx, about(record("first_start.used", person, nil, now, map[string]string{"role": string(role)}), "name", name))
	})
	if errors.Is(err, store.ErrConflict) {
		err = clash("这个登录名已经有了（不分大小写），或者" + role.Label() + "已经设过。")
	}
	return cookie, initial, err
}

// given writes a role that nobody proposed.
func given(ctx context.Context, tx *store.Tx, person string, h Holding, origin string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO role_grant (id, person, role, scope, origin, proposed_at, confirmed_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
		newID(), person, string(h.Role), h.Scope, origin, store.Stamp(now))
	return err
}

// MakeDemo makes an empty database a demo, for good; one that is a demo stays one. store.ErrConflict: it holds accounts or
// enterprises already.
func (b *Book) MakeDemo(ctx context.Context, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE instance SET demo = 1 WHERE id = 1 AND demo = 0`)
		if err != nil || n == 0 {
			return err
		}
		return tx.Audit(ctx, record("instance.demo", "instance", nil, now, nil))
	})
}

// IsDemo tells whether the database is a demo.
func (b *Book) IsDemo(ctx context.Context) (demo bool, err error) {
	err = b.store.DB().QueryRowContext(ctx, `SELECT demo = 1 FROM instance WHERE id = 1`).Scan(&demo)
	return demo, err
}

// DemoPerson is somebody whom one may be in a demo by a click.
type DemoPerson struct {
	Login    string
	Name     string
	Holdings []Holding
}

// AddDemo enters the persons of a demo; those that are there stay, and so does another person of the demo with the login, in whatever
// case. store.ErrConflict: the database is no demo.
func (b *Book) AddDemo(ctx context.Context, list []DemoPerson, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		added := false
		for _, d := range list {
			there := 0
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM account WHERE kind = 'demo' AND lower(login) = lower($1)`, d.Login).Scan(&there); err != nil {
				return err
			}
			if there > 0 {
				continue
			}
			added = true
			if _, err := tx.Exec(ctx, `INSERT INTO person (id, name, created_at) VALUES ($1, $2, $3)`, "demo-"+d.Login, d.Name, store.Stamp(now)); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO account (id, person, kind, login, created_at) VALUES ($1, $1, 'demo', $2, $3)`, "demo-"+d.Login, d.Login, store.Stamp(now)); err != nil {
				return err
			}
			for _, h := range d.Holdings {
				if err := given(ctx, tx, "demo-"+d.Login, h, "demo", now); err != nil {
					return err
				}
			}
		}
		if !added {
			return nil
		}
		return tx.Audit(ctx, record("demo.persons", "instance", nil, now, nil))
	})
}

// DemoPersons lists the demo persons who hold a role, in the order of the roles.
func (b *Book) DemoPersons(ctx context.Context) (list []DemoPerson, err error) {
	err = each(ctx, outside{b.store.DB()}, func(r *sql.Rows) error {
		var d DemoPerson
		var h Holding
		if err := r.Scan(&d.Login, &d.Name, &h.Role, &h.Scope); err != nil {
			return err
		}
		if last := len(list) - 1; last >= 0 && list[last].Login == d.Login {
			list[last].Holdings = append(list[last].Holdings, h)
			return nil
		}
		d.Holdings = []Holding{h}
		list = append(list, d)
		return nil
	}, `SELECT a.login, p.name, r.role, r.scope FROM account a JOIN person p ON p.id = a.person JOIN live_role r ON r.person = p.id
		WHERE a.kind = 'demo' AND a.disabled_at IS NULL ORDER BY a.id, r.role, r.scope`)
	slices.SortStableFunc(list, func(a, b DemoPerson) int {
		return cmp.Compare(slices.Index(Roles, a.Holdings[0].Role), slices.Index(Roles, b.Holdings[0].Role))
	})
	return list, err
}
