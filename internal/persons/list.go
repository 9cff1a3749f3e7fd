package persons

import (
	"context"
	"database/sql"
	"time"

	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
)

// Person is a person with everything that an administrator sees.
type Person struct {
	ID       string
	Name     string
	Disabled bool
	Accounts []Account
	Grants   []Grant // that aren't revoked: proposed ones and those that count
}

// Account is a way to sign in.
type Account struct {
	ID       string
	Kind     string // local, oidc or demo
	Login    string
	Issuer   string // of a provider's: what it calls itself
	Subject  string // and whom it signs in, as it calls him
	Enrolled bool   // has a second factor, or needs none of ours
	Disabled bool   // not enabled yet, or not any more
}

// Grant is a role as proposed, confirmed or given by the first start or a demo.
type Grant struct {
	ID         string
	Role       Role
	Scope      string
	Origin     string
	Proposer   string // the name of who proposed it
	ProposedAt time.Time
	Confirmed  bool
}

// querier is what a store's connections and its transactions have in common.
type querier interface {
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

type inside struct{ tx *store.Tx }

func (i inside) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return i.tx.Query(ctx, q, args...)
}

type outside struct{ db *sql.DB }

func (o outside) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return o.db.QueryContext(ctx, q, args...)
}

// each runs a query and reads each of its rows with scan.
func each(ctx context.Context, q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.query(ctx, query, args...)
	return rowset.Each(rows, err, func(rowset.Scan) error { return scan(rows) })
}

func holdings(ctx context.Context, tx *store.Tx, person string) ([]Holding, error) {
	return roles(ctx, inside{tx}, person)
}

func roles(ctx context.Context, q querier, person string) (list []Holding, err error) {
	err = each(ctx, q, func(r *sql.Rows) error {
		var h Holding
		err := r.Scan(&h.Role, &h.Scope)
		list = append(list, h)
		return err
	}, `SELECT role, scope FROM live_role WHERE person = $1 ORDER BY role, scope`, person)
	return list, err
}

// List returns all persons, those who came first in front.
func (b *Book) List(ctx context.Context) (list []Person, err error) {
	db := outside{b.store.DB()}
	at := map[string]int{}
	err = each(ctx, db, func(r *sql.Rows) error {
		var p Person
		err := r.Scan(&p.ID, &p.Name, &p.Disabled)
		at[p.ID] = len(list)
		list = append(list, p)
		return err
	}, `SELECT id, name, disabled_at IS NOT NULL FROM person ORDER BY created_at, id`)
	if err != nil {
		return nil, err
	}
	err = each(ctx, db, func(r *sql.Rows) error {
		var a Account
		var person string
		err := r.Scan(&person, &a.ID, &a.Kind, &a.Login, &a.Issuer, &a.Subject, &a.Enrolled, &a.Disabled)
		if i, ok := at[person]; ok {
			list[i].Accounts = append(list[i].Accounts, a)
		}
		return err
	}, `SELECT person, id, kind, login, coalesce(issuer, ''), coalesce(subject, ''), kind <> 'local' OR totp IS NOT NULL, disabled_at IS NOT NULL FROM account ORDER BY created_at, id`)
	if err != nil {
		return nil, err
	}
	err = each(ctx, db, func(r *sql.Rows) error {
		var g Grant
		var person string
		err := r.Scan(&person, &g.ID, &g.Role, &g.Scope, &g.Origin, &g.Proposer, store.StampInto(&g.ProposedAt), &g.Confirmed)
		if i, ok := at[person]; ok {
			list[i].Grants = append(list[i].Grants, g)
		}
		return err
	}, `SELECT g.person, g.id, g.role, g.scope, g.origin, coalesce(p.name, ''), g.proposed_at, g.confirmed_at IS NOT NULL
		FROM role_grant g LEFT JOIN person p ON p.id = g.proposed_by WHERE g.revoked_at IS NULL ORDER BY g.proposed_at, g.id`)
	return list, err
}

// Local tells whether the identity's account has a password of ours.
func (b *Book) Local(ctx context.Context, id *Identity) (local bool, err error) {
	err = each(ctx, outside{b.store.DB()}, func(r *sql.Rows) error { return r.Scan(&local) }, `SELECT kind = 'local' FROM account WHERE id = $1`, id.Account)
	return local, err
}
