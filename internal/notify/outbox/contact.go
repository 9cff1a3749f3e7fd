package outbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/choice"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
)

// Contact is where a firm can be reached, as a person sees it.
type Contact struct {
	Enterprise, Channel string
	Masked              string
	VerifiedAt          time.Time // zero: not yet
	StoppedAt           time.Time // zero: it isn't
	Token               string    // stops the channel, for whoever has it
}

func place(column, enterprise, name string) string {
	return "contact|" + column + "|" + enterprise + "/" + name
}

// SetContact stores where a firm can be reached on a channel, unverified. The same address again leaves it verified and the opt-out as it
// is; another one ends both. A firm's first contact comes with the default preference.
func (b *Box) SetContact(ctx context.Context, a Actor, enterprise, name string, to channel.Address, now time.Time) error {
	if to.To == "" || to.Masked == "" {
		return invalid("请填写联系地址。")
	}
	address, err := b.seal.Seal([]byte(to.To), place("address", enterprise, name))
	if err != nil {
		return err
	}
	var secret any
	if len(to.Secret) > 0 {
		if secret, err = b.seal.Seal(to.Secret, place("secret", enterprise, name)); err != nil {
			return err
		}
	}
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		before, err := b.reach(ctx, tx.Query, enterprise, name)
		if err != nil && !errors.Is(err, ErrSealed) { // what doesn't open is another address
			return err
		}
		fresh := token()
		changed := before.To != to.To
		_, err = tx.Exec(ctx, `INSERT INTO contact (enterprise, channel, address, masked, secret, token) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (enterprise, channel) DO UPDATE SET address = excluded.address, masked = excluded.masked, secret = excluded.secret,
			verified_at = CASE WHEN $7 = 1 THEN NULL ELSE contact.verified_at END, stopped_at = CASE WHEN $7 = 1 THEN NULL ELSE contact.stopped_at END,
			token = CASE WHEN $7 = 1 THEN excluded.token ELSE contact.token END`,
			enterprise, name, address, to.Masked, secret, fresh, bit(changed))
		if err != nil {
			return err
		}
		p := choice.Default
		_, err = tx.Exec(ctx, "INSERT INTO preference (enterprise, digest, a_day, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
			enterprise, string(p.Digest), p.ADay, a.Person, store.Stamp(now))
		if err != nil {
			return err
		}
		return record(ctx, tx, "contact_set", enterprise, a, now, map[string]string{"channel": name})
	})
}

func token() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Verify says that the firm has shown that the address is its own.
func (b *Box) Verify(ctx context.Context, a Actor, enterprise, name string, now time.Time) error {
	return b.change(ctx, "contact_verified", a, enterprise, name, now,
		"这个联系方式不存在或已经验证过，请刷新页面查看。", "UPDATE contact SET verified_at = $3 WHERE enterprise = $1 AND channel = $2 AND verified_at IS NULL", store.Stamp(now))
}

// Stop opts out of a channel.
func (b *Box) Stop(ctx context.Context, a Actor, enterprise, name string, now time.Time) error {
	return b.change(ctx, "contact_stopped", a, enterprise, name, now,
		"这个联系方式不存在或已经停用，请刷新页面查看。", "UPDATE contact SET stopped_at = $3 WHERE enterprise = $1 AND channel = $2 AND stopped_at IS NULL", store.Stamp(now))
}

// Resume takes an opt-out back.
func (b *Box) Resume(ctx context.Context, a Actor, enterprise, name string, now time.Time) error {
	return b.change(ctx, "contact_resumed", a, enterprise, name, now,
		"这个联系方式不存在或没有停用，请刷新页面查看。", "UPDATE contact SET stopped_at = NULL WHERE enterprise = $1 AND channel = $2 AND stopped_at IS NOT NULL")
}

func (b *Box) change(ctx context.Context, kind string, a Actor, enterprise, name string, now time.Time, missing, query string, args ...any) error {
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, query, append([]any{enterprise, name}, args...)...)
		if err == nil && n == 0 {
			err = conflict(missing)
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, kind, enterprise, a, now, map[string]string{"channel": name})
	})
}

// StopByToken opts out by the link in a message. Twice is as good as once. ErrNotFound: nobody's token.
func (b *Box) StopByToken(ctx context.Context, token string, now time.Time) (c Contact, err error) {
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		err := tx.QueryRow(ctx, "SELECT enterprise, channel, masked, verified_at, stopped_at, token FROM contact WHERE token = $1"+tx.Lock(), token).
			Scan(&c.Enterprise, &c.Channel, &c.Masked, store.StampInto(&c.VerifiedAt), store.StampInto(&c.StoppedAt), &c.Token)
		if err != nil || !c.StoppedAt.IsZero() {
			return missing(err, "退订链接已失效，请登录后在通知设置里停用该渠道。")
		}
		c.StoppedAt = now
		if _, err := tx.Exec(ctx, "UPDATE contact SET stopped_at = $2 WHERE token = $1", token, store.Stamp(now)); err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(token))
		return record(ctx, tx, "contact_stopped", c.Enterprise, Actor{}, now, map[string]string{"channel": c.Channel, "token_sha256": hex.EncodeToString(sum[:])})
	})
	return c, err
}

// Contacts are all of a firm, by channel.
func (b *Box) Contacts(ctx context.Context, enterprise string) (all []Contact, err error) {
	err = each(ctx, b.s.DB().QueryContext, "SELECT channel, masked, verified_at, stopped_at, token FROM contact WHERE enterprise = $1 ORDER BY channel", []any{enterprise}, func(scan rowset.Scan) error {
		c := Contact{Enterprise: enterprise}
		err := scan(&c.Channel, &c.Masked, store.StampInto(&c.VerifiedAt), store.StampInto(&c.StoppedAt), &c.Token)
		all = append(all, c)
		return err
	})
	return all, err
}

// ErrSealed says that an address can't be opened: another key, or bytes that were changed.
var ErrSealed = errors.New("sealed address doesn't open")

// Reach opens where a firm is reached on a channel, and the token that stops it; zero values where there is no such contact, ErrSealed
// where it can't be opened.
func (b *Box) Reach(ctx context.Context, enterprise, name string) (to channel.Address, stop string, err error) {
	r, err := b.reach(ctx, b.s.DB().QueryContext, enterprise, name)
	return r.Address, r.token, err
}

type reached struct {
	channel.Address
	token string
}

func (b *Box) reach(ctx context.Context, ask querier, enterprise, name string) (r reached, err error) {
	var address, secret []byte
	err = each(ctx, ask, "SELECT address, masked, secret, token FROM contact WHERE enterprise = $1 AND channel = $2", []any{enterprise, name}, func(scan rowset.Scan) error {
		return scan(&address, &r.Masked, &secret, &r.token)
	})
	if err != nil || address == nil {
		return r, err
	}
	plain, err := b.seal.Open(address, place("address", enterprise, name))
	if err == nil && secret != nil {
		r.Secret, err = b.seal.Open(secret, place("secret", enterprise, name))
	}
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	r.To = string(plain)
	return r, nil
}

const preferenceColumns = "SELECT enterprise, topics, departments, industries, quiet_from, quiet_to, working_days, digest, a_day, changed_at FROM preference"

// scanPreference also returns when it was chosen.
func scanPreference(scan rowset.Scan) (enterprise string, p choice.Preference, chosen time.Time, err error) {
	var topics, departments, industries string
	var from, to *int
	var working int
	err = scan(&enterprise, &topics, &departments, &industries, &from, &to, &working, &p.Digest, &p.ADay, store.StampInto(&chosen))
	p.Topics, p.Departments, p.Industries = strings.Fields(topics), strings.Fields(departments), strings.Fields(industries)
	if from != nil && to != nil {
		p.QuietFrom, p.QuietTo = *from, *to
	}
	p.WorkingDays = working == 1
	return enterprise, p, chosen, err
}

// Preference returns what a firm chose, the default if it chose nothing.
func (b *Box) Preference(ctx context.Context, enterprise string) (p choice.Preference, err error) {
	p = choice.Default
	err = each(ctx, b.s.DB().QueryContext, preferenceColumns+" WHERE enterprise = $1", []any{enterprise}, func(scan rowset.Scan) error {
		_, p, _, err = scanPreference(scan)
		return err
	})
	return p, err
}

// SetPreference stores what a firm chose. It counts for everything that isn't sent yet.
func (b *Box) SetPreference(ctx context.Context, a Actor, enterprise string, p choice.Preference, now time.Time) error {
	const day = 24 * 60
	switch {
	case p.QuietFrom < 0 || p.QuietFrom >= day || p.QuietTo < 0 || p.QuietTo >= day:
		return invalid("免打扰时间应在 00:00 至 23:59 之间，请重新选择。")
	case !slices.Contains([]choice.Digest{choice.None, choice.Daily, choice.Weekly}, p.Digest):
		return invalid("汇总方式只有不汇总、每日、每周三种，请重新选择。")
	case p.ADay < 0 || p.ADay > 100:
		return invalid("每天的条数上限应在 0 至 100 之间，请重新填写。")
	}
	for _, word := range slices.Concat(p.Topics, p.Departments, p.Industries) {
		if strings.Join(strings.Fields(word), "") != word || word == "" {
			return invalid("主题、部门和行业里不能有空格，请重新选择。")
		}
	}
	var from, to any
	if p.QuietFrom != p.QuietTo {
		from, to = p.QuietFrom, p.QuietTo
	}
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO preference (enterprise, topics, departments, industries, quiet_from, quiet_to, working_days, digest, a_day, changed_by, changed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (enterprise) DO UPDATE SET topics = excluded.topics, departments = excluded.departments,
			industries = excluded.industries, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, working_days = excluded.working_days,
			digest = excluded.digest, a_day = excluded.a_day, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
			enterprise, strings.Join(p.Topics, " "), strings.Join(p.Departments, " "), strings.Join(p.Industries, " "), from, to, bit(p.WorkingDays),
			string(p.Digest), p.ADay, a.Person, store.Stamp(now))
		if err != nil {
			return err
		}
		return record(ctx, tx, "preference_set", enterprise, a, now, map[string]string{"digest": string(p.Digest)})
	})
}
