package outbox_test

import (
	"testing"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/store"
)

// TestDigest: a slot lets go what happened before it, for the firms of its rhythm, once. The inbox waits for no slot, and what failed waits
// for its own turn.
func TestDigest(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, b *outbox.Box) {
		ctx := t.Context()
		slot := time.Date(2025, 7, 1, 1, 0, 0, 0, time.UTC)
		for enterprise, rhythm := range map[string]choice.Digest{firm: choice.Daily, other: choice.Weekly} {
			ok(t, b.SetContact(ctx, clerk, enterprise, channel.SMTP, channel.Address{To: "a@b.cn", Masked: "a***"}, now))
			ok(t, b.Verify(ctx, clerk, enterprise, channel.SMTP, now))
			ok(t, b.SetPreference(ctx, clerk, enterprise, choice.Preference{Digest: rhythm, ADay: 5}, now))
		}
		early, second, failed, late, others := made(firm, "1"), made(firm, "2"), made(firm, "3"), made(firm, "4"), made(other, "1")
		late.At = slot
		_, err := b.Tell(ctx, "t", []event.Event{early, second, failed, late, others}, now)
		ok(t, err)
		far := slot.AddDate(0, 0, 10)
		do := func(query string, args ...any) {
			t.Helper()
			ok(t, s.Transact(ctx, func(tx *store.Tx) error { _, err := tx.Exec(ctx, query, args...); return err }))
		}
		do("UPDATE outbox SET next_at = $1", store.Stamp(far))
		do("UPDATE outbox SET attempt = 1 WHERE event = $1 AND channel = 'smtp'", failed.ID)
		waits := func(e event.Event, name string) (next time.Time) {
			t.Helper()
			ok(t, s.DB().QueryRowContext(ctx, "SELECT next_at FROM outbox WHERE event = $1 AND channel = $2", e.ID, name).Scan(store.StampInto(&next)))
			return next
		}
		expect := func(what string, want map[string]time.Time) {
			t.Helper()
			for name, e := range map[string]event.Event{"early": early, "second": second, "failed": failed, "late": late, "others": others} {
				at, known := want[name]
				if !known {
					at = far
				}
				if got := waits(e, channel.SMTP); !got.Equal(at) {
					t.Errorf("%s: %s waits for %s, want %s", what, name, got, at)
				}
				if got := waits(e, channel.Inbox); !got.Equal(far) {
					t.Errorf("%s: %s in the inbox waits for %s", what, name, got)
				}
			}
		}
		say := func(rhythm choice.Digest, at time.Time, messages, firms int64) {
			t.Helper()
			if m, f, err := b.Digest(ctx, rhythm, slot, at); err != nil || m != messages || f != firms {
				t.Errorf("%s: %d messages of %d firms, %v, want %d of %d", rhythm, m, f, err, messages, firms)
			}
		}
		ran := slot.Add(time.Minute)
		say(choice.Daily, ran, 2, 1)
		expect("daily", map[string]time.Time{"early": ran, "second": ran})
		say(choice.Daily, ran.Add(time.Hour), 2, 1) // they still wait, but no longer
		expect("again", map[string]time.Time{"early": ran, "second": ran})
		say(choice.Weekly, ran, 1, 1)
		ok(t, b.SetPreference(ctx, clerk, firm, choice.Preference{Digest: choice.None, ADay: 5}, now))
		say(choice.Daily, ran, 0, 0)
		expect("weekly", map[string]time.Time{"early": ran, "second": ran, "others": ran})
	})
}
