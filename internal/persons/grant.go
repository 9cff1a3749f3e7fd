package persons

import (
	"context"
	"errors"
	"slices"
	"time"

	"mianshen/internal/store"
	"mianshen/rules/standard"
)

// Propose proposes a role for a person. By must be a system administrator, and not that person.
func (b *Book) Propose(ctx context.Context, by *Identity, person string, h Holding, now time.Time) (id string, err error) {
	if h.Scope, err = scope(h); err != nil {
		return "", err
	}
	id = newID()
	err = b.store.Transact(ctx, func(tx *store.Tx) error {
		if err := must(ctx, tx, by, SystemAdmin); err != nil {
			return err
		}
		if by.Person == person {
			return refuse("不能给自己提角色，请另一位系统管理员来提。")
		}
		_, err := tx.Exec(ctx, `INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, 'granted', $5, $6)`,
			id, person, string(h.Role), h.Scope, by.Person, store.Stamp(now))
		if err != nil {
			return err
		}
		return tx.Audit(ctx, about(record("role.proposed", id, by, now, map[string]string{"role": string(h.Role), "scope": h.Scope}), "holder", person))
	})
	if errors.Is(err, store.ErrConflict) {
		err = clash("没有这个人，请刷新页面再试。")
	}
	return id, err
}

// scope checks what a role is to be held for.
func scope(h Holding) (string, error) {
	switch h.Role {
	case FirmClerk, FirmAdmin:
		code, err := standard.ParseUSCC(h.Scope)
		if err != nil {
			return "", refuse("企业的角色要写明哪家企业：%v。", err)
		}
		return code, nil
	case DepartmentDrafts, DepartmentReviews:
		return text("部门", h.Scope, maxName)
	}
	if !slices.Contains(Roles, h.Role) {
		return "", refuse("没有 %q 这个角色。", string(h.Role))
	}
	if h.Scope == "" {
		return "", nil
	}
	return text("范围", h.Scope, maxName)
}

// Confirm makes a proposed role count. By must be a security administrator, neither the proposer nor the person.
func (b *Book) Confirm(ctx context.Context, by *Identity, grant string, now time.Time) error {
	err := b.store.Transact(ctx, func(tx *store.Tx) error {
		if err := must(ctx, tx, by, SecurityAdmin); err != nil {
			return err
		}
		var person, proposer string
		err := tx.QueryRow(ctx, `SELECT person, coalesce(proposed_by, '') FROM role_grant WHERE id = $1`, grant).Scan(&person, &proposer)
		if err != nil {
			return err
		}
		if by.Person == person || by.Person == proposer {
			return refuse("提的人和得到角色的人都不能确认，请另一位安全管理员来确认。")
		}
		n, err := tx.Exec(ctx, `UPDATE role_grant SET confirmed_by = $1, confirmed_at = $2 WHERE id = $3 AND confirmed_at IS NULL AND revoked_at IS NULL`, by.Person, store.Stamp(now), grant)
		if err != nil {
			return err
		}
		if n == 0 {
			return clash("这个角色已经确认过或撤销了。")
		}
		return tx.Audit(ctx, record("role.confirmed", grant, by, now, nil))
	})
	if errors.Is(err, store.ErrConflict) {
		err = clash("系统、安全、审计管理员互相排斥，也不能兼业务角色。请先撤销这个人原有的角色。")
	}
	return err
}

// Revoke takes a role away, or a proposal back. By must be a system or a security administrator; the last of either stays.
func (b *Book) Revoke(ctx context.Context, by *Identity, grant string, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		if err := must(ctx, tx, by, SystemAdmin, SecurityAdmin); err != nil {
			return err
		}
		var person string
		var role Role
		var counts bool
		err := tx.QueryRow(ctx, `SELECT person, role, confirmed_at IS NOT NULL FROM role_grant WHERE id = $1`, grant).Scan(&person, &role, &counts)
		if err != nil {
			return err
		}
		if counts && (role == SystemAdmin || role == SecurityAdmin) {
			if err := notLast(ctx, tx, person, role); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, `UPDATE role_grant SET revoked_by = $1, revoked_at = $2 WHERE id = $3 AND revoked_at IS NULL`, by.Person, store.Stamp(now), grant)
		if err != nil {
			return err
		}
		if n == 0 {
			return clash("这个角色已经撤销了。")
		}
		return tx.Audit(ctx, record("role.revoked", grant, by, now, nil))
	})
}

// notLast refuses to take any of the roles from the only person who holds it: nobody could give it back.
func notLast(ctx context.Context, tx *store.Tx, person string, roles ...Role) error {
	// Who takes roles away waits for others who do: otherwise two could take the last two at once.
	if err := tx.QueryRow(ctx, `SELECT id FROM instance WHERE id = 1`+tx.Lock()).Scan(new(int64)); err != nil {
		return err
	}
	for _, role := range roles {
		var own, others int
		err := tx.QueryRow(ctx, `SELECT count(CASE WHEN person = $1 THEN 1 END), count(CASE WHEN person <> $1 THEN 1 END) FROM live_role WHERE role = $2`, person, string(role)).Scan(&own, &others)
		if err != nil {
			return err
		}
		if own > 0 && others == 0 {
			return clash("这是最后一位" + role.Label() + "，撤了就没有人能再设。请先设好另一位。")
		}
	}
	return nil
}
