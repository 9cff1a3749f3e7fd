package persons

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"mianshen/internal/persons/secret"
	"mianshen/internal/store"
)

// What tokens may be for.
const (
	ScopeRead   = "read"   // what the person may read
	ScopeIntake = "intake" // hand in data
	ScopeWork   = "work"   // other orders of the API

	// For what a person in a session does only after showing password and code again: a token made for it.
	ScopeApprove = "approve" // approve lists, budget lines and recoveries
	ScopeUnmask  = "unmask"  // see whole account numbers
	ScopeVerify  = "verify"  // verify payee accounts
)

// Scopes are all of them.
var Scopes = []string{ScopeRead, ScopeIntake, ScopeWork, ScopeApprove, ScopeUnmask, ScopeVerify}

var scopeWords = map[string]string{ScopeRead: "查询", ScopeIntake: "送数据", ScopeWork: "办理", ScopeApprove: "审批", ScopeUnmask: "查看完整账号", ScopeVerify: "核验账户"}

// ScopeWord is what a token may do, as persons say it.
func ScopeWord(scope string) string { return scopeWords[scope] }

// tokenBegins marks a token, so that one that leaked is recognised.
const tokenBegins = "msk_"

// maxTokenDays is how long a token may live.
const maxTokenDays = 366

// grave are the scopes for what a session must step up for: making such a token is the step, and it lasts a day.
var grave = []string{ScopeApprove, ScopeUnmask, ScopeVerify}

// Token is a token as its person sees it later: without what it says.
type Token struct {
	ID      string
	Name    string
	Scopes  []string
	Created time.Time
	Expires time.Time
	Used    time.Time // zero: never
}

// NewToken makes a token by which programs act for the identity's person, and returns it: it is shown once. It takes a session
// that stepped up.
func (b *Book) NewToken(ctx context.Context, id *Identity, name string, scopes []string, days int, now time.Time) (token string, err error) {
	if id.Session == "" || !id.StepUp {
		return "", ErrNotAllowed
	}
	if name, err = text("名称", name, maxName); err != nil {
		return "", err
	}
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	if len(scopes) == 0 || slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(Scopes, s) }) {
		return "", refuse("请选这个令牌可以做什么。")
	}
	if days < 1 || days > maxTokenDays {
		return "", refuse("有效期为 1 到 %d 天。", maxTokenDays)
	}
	if days > 1 && slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(grave, s) }) {
		return "", refuse("能审批、核验或看账号的令牌最多用 1 天，请另建一个。")
	}
	token = tokenBegins + secret.Token()
	sum := secret.Sum(token)
	return token, b.store.Transact(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO api_token (id, person, name, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			sum, id.Person, name, strings.Join(scopes, " "), store.Stamp(now), store.Stamp(now.AddDate(0, 0, days)))
		if err != nil {
			return err
		}
		return tx.Audit(ctx, record("token.made", sum, id, now, map[string]string{"scopes": strings.Join(scopes, " ")}))
	})
}

// Bearer tells whose a token is. ErrNobody: nobody's, revoked or past its end.
func (b *Book) Bearer(ctx context.Context, token string, now time.Time) (*Identity, error) {
	if !strings.HasPrefix(token, tokenBegins) {
		return nil, ErrNobody
	}
	id := &Identity{Enrolled: true}
	sum := secret.Sum(token)
	var scopes string
	var expires, used time.Time
	err := b.store.DB().QueryRowContext(ctx, `SELECT t.scopes, t.expires_at, t.used_at, p.id, p.name FROM api_token t JOIN person p ON p.id = t.person
		WHERE t.id = $1 AND t.revoked_at IS NULL AND p.disabled_at IS NULL`, sum).Scan(&scopes, store.StampInto(&expires), store.StampInto(&used), &id.Person, &id.Name)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !now.Before(expires) {
		return nil, ErrNobody
	}
	if err != nil {
		return nil, err
	}
	id.Scopes = strings.Fields(scopes)
	if used.IsZero() || now.Sub(used) >= seenEvery {
		if err := b.touch(ctx, `UPDATE api_token SET used_at = $1 WHERE id = $2 AND revoked_at IS NULL`, sum, now); err != nil {
			return nil, err
		}
	}
	id.Roles, err = roles(ctx, outside{b.store.DB()}, id.Person)
	return id, err
}

// Tokens lists the tokens of the identity's person that aren't revoked, the newest first.
func (b *Book) Tokens(ctx context.Context, id *Identity) (list []Token, err error) {
	err = each(ctx, outside{b.store.DB()}, func(r *sql.Rows) error {
		var t Token
		var scopes string
		err := r.Scan(&t.ID, &t.Name, &scopes, store.StampInto(&t.Created), store.StampInto(&t.Expires), store.StampInto(&t.Used))
		t.Scopes = strings.Fields(scopes)
		list = append(list, t)
		return err
	}, `SELECT id, name, scopes, created_at, expires_at, used_at FROM api_token WHERE person = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id`, id.Person)
	return list, err
}

// RevokeToken ends one of the person's own tokens. Someone else's is store.ErrNotFound.
func (b *Book) RevokeToken(ctx context.Context, id *Identity, token string, now time.Time) error {
	return b.store.Transact(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE api_token SET revoked_at = $1 WHERE id = $2 AND person = $3 AND revoked_at IS NULL`, store.Stamp(now), token, id.Person)
		if err != nil {
			return err
		}
		if n == 0 {
			return sql.ErrNoRows
		}
		return tx.Audit(ctx, record("token.revoked", token, id, now, nil))
	})
}
