package brake_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/brake"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var now = time.Date(2025, 7, 2, 1, 0, 0, 123456789, time.UTC)

// TestTwoPersons holds that what is locked is unlocked by two persons with their roles, each in his turn, and that each change has its
// record.
func TestTwoPersons(t *testing.T) {
	for name, address := range map[string]string{"sqlite": "sqlite://" + filepath.Join(t.TempDir(), "o.db"), "postgres": pgtest.Database(t)} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			cast(t, s)
			b, ctx := brake.New(s), t.Context()
			standing := func() brake.Standing {
				t.Helper()
				st, err := b.Standing(ctx)
				if err != nil {
					t.Fatal(err)
				}
				return st
			}
			refused := func(what string, err error, want string) {
				t.Helper()
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v, want %q", what, err, want)
				}
			}
			if standing().Locked {
				t.Fatal("locked from the beginning")
			}
			refused("nothing to unlock", b.Ask(ctx, "both", "x", now), "没有锁")
			refused("no reason", b.Pull(ctx, "f1", " ", now), "请写明")
			refused("a department", b.Pull(ctx, "d1", "x", now), "没有锁定支付和推送的角色")
			done(t, b.Pull(ctx, "", "恢复", now))
			refused("twice", b.Pull(ctx, "f1", "恢复", now), "已经锁着")
			refused("nobody has reconciled", b.Release(ctx, "f3", time.Time{}, now), "还没有人说明核对情况")
			refused("F1 doesn't ask", b.Ask(ctx, "f1", "核对到 7 月 1 日", now), "角色")
			done(t, b.Ask(ctx, "both", "核对到 7 月 1 日", now))
			st := standing()
			if !st.Locked || st.Reason != "恢复" || st.AskedBy != "both" || st.Asker != "两职" || st.Note != "核对到 7 月 1 日" {
				t.Errorf("%+v", st)
			}
			if err := b.Release(ctx, "both", st.Asked, now); !errors.Is(err, brake.ErrRole) {
				t.Error("unlocked by the one who asked:", err)
			}
			refused("F1 doesn't unlock", b.Release(ctx, "f1", st.Asked, now), "角色")
			done(t, b.Ask(ctx, "both", "核对到 7 月 2 日", now.Add(time.Minute)))
			refused("another note was seen", b.Release(ctx, "f3", st.Asked, now), "重写过")
			done(t, b.Release(ctx, "f3", standing().Asked, now))
			if standing().Locked {
				t.Error("still locked")
			}
			var records int
			if err := s.DB().QueryRowContext(ctx, `SELECT count(*) FROM audit_record WHERE subject = 'instance'`).Scan(&records); err != nil || records != 4 {
				t.Error(records, "records", err)
			}
			done(t, b.Pull(ctx, "f1", "疑似重付", now))
			if st := standing(); st.AskedBy != "" || st.Note != "" {
				t.Errorf("what was said before counts again: %+v", st)
			}
		})
	}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// cast makes persons with their roles.
func cast(t *testing.T, s *store.Store) {
	t.Helper()
	do := func(query string, args ...any) {
		if _, err := s.DB().ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	at := store.Stamp(now.Add(-time.Hour))
	do(`UPDATE instance SET demo = 1`)
	for id, roles := range map[string][]string{"f1": {"F1"}, "both": {"F2", "F3"}, "f3": {"F3"}, "d1": {"D1"}} {
		do(`INSERT INTO person (id, name, created_at) VALUES ($1, $2, $3)`, id, map[bool]string{true: "两职", false: "某人"}[id == "both"], at)
		for _, r := range roles {
			scope := "财政局"
			do(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_at, confirmed_at) VALUES ($1, $2, $3, $4, 'demo', $5, $5)`, id+r, id, r, scope, at)
		}
	}
}
