package outbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	now   = time.Date(2025, 6, 30, 4, 0, 0, 0, time.UTC)
	clerk = outbox.Actor{Person: "E1", Role: "E1"}
)

const firm, other = "91310118MA00000001", "91310118MA00000002"

// both runs a test on each database, with two firms.
func both(t *testing.T, run func(*testing.T, *store.Store, *outbox.Box)) {
	for name, address := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "test.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), address(t))
			ok(t, err)
			t.Cleanup(func() { ok(t, s.Close()) })
			ok(t, s.PutEnterprises(t.Context(), []store.Enterprise{{USCC: firm, Name: "甲公司"}, {USCC: other, Name: "乙公司"}}))
			run(t, s, outbox.New(s, seal.New()))
		})
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func made(enterprise, subject string) event.Event {
	return event.Event{ID: event.ID("paid", enterprise, subject), Kind: "paid", Enterprise: enterprise, Subject: subject, At: now}
}

func count(t *testing.T, s *store.Store, query string, args ...any) (n int) {
	t.Helper()
	ok(t, s.DB().QueryRowContext(t.Context(), query, args...).Scan(&n))
	return n
}

// TestFollow: the events of a change and the follower go together, once.
func TestFollow(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, b *outbox.Box) {
		e := made(firm, "1")
		e.Worth, e.Due, e.Item, e.Decision, e.Data = exact.Money(500), civil.MustParse("2025-07-15"), "i", "d", map[string]string{"理由": "\"引号\""}
		if n, err := b.Follow(t.Context(), "sweeps", 7, []event.Event{e, e, made(other, "1")}, now); err != nil || n != 2 {
			t.Fatalf("%d, %v", n, err)
		}
		if _, err := b.Follow(t.Context(), "sweeps", 7, []event.Event{made(firm, "2")}, now); !errors.Is(err, store.ErrConflict) {
			t.Errorf("followed again: %v", err)
		}
		if seq, err := b.Followed(t.Context(), "sweeps"); err != nil || seq != 7 {
			t.Errorf("followed to %d, %v", seq, err)
		}
		if seq, err := b.Followed(t.Context(), "nobody"); err != nil || seq != 0 {
			t.Errorf("nobody followed to %d, %v", seq, err)
		}
		bad := made(firm, "3")
		bad.Subject = "4"
		if _, err := b.Follow(t.Context(), "sweeps", 8, []event.Event{made(firm, "2"), bad}, now); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("an id of something else: %v", err)
		}
		unknown := made("91310118MA00000009", "1")
		if _, err := b.Follow(t.Context(), "sweeps", 8, []event.Event{made(firm, "2"), unknown}, now); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a firm that isn't known: %v", err)
		}
		rows, err := b.Message(t.Context(), e.ID)
		if err != nil || len(rows) != 1 || fmt.Sprint(rows[0].Event) != fmt.Sprint(e) || rows[0].Channel != channel.Inbox {
			t.Errorf("kept as %+v, %v, want %+v", rows, err, e)
		}
		if n, m := count(t, s, "SELECT count(*) FROM event"), count(t, s, "SELECT count(*) FROM audit_record WHERE kind = 'notify.followed'"); n != 2 || m != 1 {
			t.Errorf("%d events, %d records", n, m)
		}
	})
}

// TestContacts: addresses are sealed to their place, and only verified ones that aren't stopped get messages.
func TestContacts(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, b *outbox.Box) {
		ctx := t.Context()
		set := func(enterprise, to string) {
			t.Helper()
			ok(t, b.SetContact(ctx, clerk, enterprise, channel.SMTP, channel.Address{To: to, Secret: []byte("geheim"), Masked: "a***"}, now))
		}
		set(firm, "a@firm.cn")
		set(other, "b@firm.cn")
		tell := func(subject string, want int) {
			t.Helper()
			_, err := b.Tell(ctx, "test", []event.Event{made(firm, subject)}, now)
			ok(t, err)
			if rows, err := b.Message(ctx, made(firm, subject).ID); err != nil || len(rows) != want {
				t.Errorf("%s: %d messages, %v, want %d", subject, len(rows), err, want)
			}
		}
		tell("unverified", 1)
		ok(t, b.Verify(ctx, clerk, firm, channel.SMTP, now))
		if err := b.Verify(ctx, clerk, firm, channel.SMTP, now); !errors.Is(err, store.ErrConflict) {
			t.Errorf("verified twice: %v", err)
		}
		tell("verified", 2)
		ok(t, b.Stop(ctx, clerk, firm, channel.SMTP, now))
		tell("stopped", 1)
		ok(t, b.Resume(ctx, clerk, firm, channel.SMTP, now))
		set(firm, "a@firm.cn") // the same again
		tell("resumed", 2)
		set(firm, "c@firm.cn")
		tell("another address", 1)
		to, token, err := b.Reach(ctx, firm, channel.SMTP)
		if err != nil || to.To != "c@firm.cn" || string(to.Secret) != "geheim" || len(token) != 64 {
			t.Errorf("reached at %+v, %q, %v", to, token, err)
		}
		var sealed []byte
		ok(t, s.DB().QueryRowContext(ctx, "SELECT address FROM contact WHERE enterprise = $1", other).Scan(&sealed))
		if bytes.Contains(sealed, []byte("firm.cn")) {
			t.Error("the address can be read")
		}
		_, err = s.DB().ExecContext(ctx, "UPDATE contact SET address = $1 WHERE enterprise = $2", sealed, firm)
		ok(t, err)
		if to, _, err := b.Reach(ctx, firm, channel.SMTP); err == nil {
			t.Errorf("another firm's address opens: %+v", to)
		}
		if p, err := b.Preference(ctx, firm); err != nil || fmt.Sprint(p) != fmt.Sprint(choice.Default) {
			t.Errorf("the preference that comes with an address is %+v, %v", p, err)
		}
	})
}

func TestPreference(t *testing.T) {
	both(t, func(t *testing.T, _ *store.Store, b *outbox.Box) {
		want := choice.Preference{Topics: []string{"paid", "window"}, Departments: []string{"区科委"}, Industries: []string{"C39"}, QuietFrom: 1320, QuietTo: 480, WorkingDays: true, Digest: choice.Weekly, ADay: 3}
		ok(t, b.SetPreference(t.Context(), clerk, firm, want, now))
		if got, err := b.Preference(t.Context(), firm); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("kept as %+v, %v", got, err)
		}
		for _, spoil := range []func(*choice.Preference){
			func(p *choice.Preference) { p.QuietFrom = 1440 },
			func(p *choice.Preference) { p.QuietTo = -1 },
			func(p *choice.Preference) { p.Digest = "hourly" },
			func(p *choice.Preference) { p.ADay = 101 },
			func(p *choice.Preference) { p.Topics = []string{"a b"} },
			func(p *choice.Preference) { p.Departments = []string{""} },
		} {
			p := want
			spoil(&p)
			if err := b.SetPreference(t.Context(), clerk, firm, p, now); !errors.Is(err, store.ErrInvalid) || !strings.HasSuffix(err.Error(), "。") {
				t.Errorf("%+v: %v", p, err)
			}
		}
	})
}

// TestUnknownIsAPersons: an unknown message is confirmed or sent again by a person, with a record, and never else.
func TestUnknownIsAPersons(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, b *outbox.Box) {
		ctx := t.Context()
		ok(t, b.SetContact(ctx, clerk, firm, channel.SMS, channel.Address{To: "13800000000", Masked: "138****0000"}, now))
		ok(t, b.Verify(ctx, clerk, firm, channel.SMS, now))
		one, two := made(firm, "1"), made(firm, "2")
		_, err := b.Tell(ctx, "test", []event.Event{one, two}, now)
		ok(t, err)
		lease := outbox.Lease{Channel: channel.SMS, Owner: "gone", Until: now.Add(time.Minute)}
		_, err = b.Lease(ctx, lease, 10, now)
		ok(t, err)
		tickets := []outbox.Ticket{{Lease: lease, Event: one.ID, Attempt: 1}, {Lease: lease, Event: two.ID, Attempt: 1}}
		if granted, _, err := b.Turn(ctx, tickets, nil, now); err != nil || slices.Contains(granted, false) {
			t.Fatalf("granted %v, %v", granted, err)
		}
		busy := func(string) bool { return true }
		if n, err := b.Expire(ctx, lease, false, busy, now.Add(time.Hour)); err != nil || n != 0 {
			t.Errorf("the owner takes %d from itself, %v", n, err)
		}
		heir := outbox.Lease{Channel: channel.SMS, Owner: "heir", Until: now.Add(2 * time.Hour)}
		if n, err := b.Expire(ctx, heir, false, busy, now.Add(time.Hour)); err != nil || n != 2 {
			t.Fatalf("%d unknown, %v", n, err)
		}
		if firms, err := b.Lease(ctx, heir, 10, now.Add(time.Hour)); err != nil || len(firms) != 0 {
			t.Errorf("what is unknown is leased: %+v, %v", firms, err)
		}
		tries, err := b.Attempts(ctx, one.ID, channel.SMS)
		if err != nil || len(tries) != 1 || !tries[0].EndedAt.IsZero() {
			t.Errorf("attempts %+v, %v", tries, err)
		}
		if err := b.Retry(ctx, clerk, one.ID, channel.SMS, "", now); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("without a reason: %v", err)
		}
		ok(t, b.Retry(ctx, clerk, one.ID, channel.SMS, "运营商说没有收到", now))
		ok(t, b.Confirm(ctx, clerk, two.ID, channel.SMS, "企业说收到了", now))
		if err := b.Confirm(ctx, clerk, two.ID, channel.SMS, "再来", now); !errors.Is(err, store.ErrConflict) {
			t.Errorf("confirmed twice: %v", err)
		}
		if firms, err := b.Lease(ctx, heir, 10, now.Add(time.Hour)); err != nil || len(firms) != 1 || firms[0].Messages[0].Attempt != 1 {
			t.Errorf("what a person sends again isn't leased: %+v, %v", firms, err)
		}
		if n := count(t, s, "SELECT count(*) FROM audit_record WHERE kind IN ('notify.retried', 'notify.confirmed')"); n != 2 {
			t.Errorf("%d records", n)
		}
	})
}

// TestRefused goes at the tables with SQL that no function of ours would write.
func TestRefused(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, b *outbox.Box) {
		ctx, e := t.Context(), made(firm, "1")
		_, err := b.Follow(ctx, "f", 5, []event.Event{e, made(firm, "2")}, now)
		ok(t, err)
		stamp := "'2025-06-30T04:00:00.000000Z'"
		at := " WHERE event = '" + e.ID + "'"
		lease := "UPDATE outbox SET state = 'leased', lease_owner = 'o', lease_until = " + stamp + at
		sending := "UPDATE outbox SET state = 'sending', attempt = 1" + at
		try := "INSERT INTO outbox_attempt (event, channel, attempt, begun_at) VALUES ('" + e.ID + "', 'inbox', 1, " + stamp + ")"
		end := func(outcome string) string {
			return "UPDATE outbox_attempt SET ended_at = " + stamp + ", outcome = '" + outcome + "'" + at
		}
		to := func(state string) string {
			return "UPDATE outbox SET state = '" + state + "', note = 'x', lease_owner = NULL, lease_until = NULL, ended_at = " + stamp + at
		}
		back := "UPDATE outbox SET state = 'waiting', lease_owner = NULL, lease_until = NULL, ended_at = NULL" + at
		for name, statements := range map[string][]string{
			"a follower goes back":                 {"UPDATE follower SET seq = 4"},
			"an event changes":                     {"UPDATE event SET worth_fen = 1"},
			"an event goes":                        {"DELETE FROM event"},
			"a message goes":                       {"DELETE FROM outbox"},
			"a message of another firm":            {"INSERT INTO outbox (event, channel, enterprise, state, next_at) VALUES ('" + e.ID + "', 'sms', '" + other + "', 'waiting', " + stamp + ")"},
			"a message that begins delivered":      {"INSERT INTO outbox (event, channel, enterprise, state, next_at, ended_at) VALUES ('" + e.ID + "', 'sms', '" + firm + "', 'delivered', " + stamp + ", " + stamp + ")"},
			"a message twice":                      {"INSERT INTO outbox (event, channel, enterprise, state, next_at) VALUES ('" + e.ID + "', 'inbox', '" + firm + "', 'waiting', " + stamp + ")"},
			"an event twice":                       {"INSERT INTO event SELECT '" + strings.Repeat("0", 64) + "', kind, enterprise, subject, at, change, item, decision, worth_fen, due, data FROM event WHERE id = '" + e.ID + "'"},
			"delivered without sending":            {to("delivered")},
			"delivered from a lease":               {lease, to("delivered")},
			"delivered without an attempt":         {lease, sending, to("delivered")},
			"delivered by an attempt that runs":    {lease, sending, try, to("delivered")},
			"delivered by an attempt that failed":  {lease, sending, try, end("retry"), to("delivered")},
			"again without knowing":                {lease, sending, try, back},
			"again after it was delivered":         {lease, sending, try, end("delivered"), back},
			"again after it was unknown":           {lease, sending, try, end("unknown"), back},
			"delivered is sent again":              {lease, sending, try, end("delivered"), to("delivered"), back},
			"a lease without an owner":             {"UPDATE outbox SET state = 'leased'" + at},
			"an attempt ends twice":                {lease, sending, try, end("retry"), end("delivered")},
			"an attempt goes":                      {lease, sending, try, "DELETE FROM outbox_attempt"},
			"an attempt's number goes back":        {lease, sending, try, end("retry"), back, "UPDATE outbox SET attempt = 0" + at},
			"dropped without a reason":             {"UPDATE outbox SET state = 'dropped', ended_at = " + stamp + at},
			"a template changes":                   {"INSERT INTO template VALUES ('k', '', 1, 't', 'b', 'x', " + stamp + ")", "UPDATE template SET body = 'c'"},
			"a template goes":                      {"INSERT INTO template VALUES ('k', '', 1, 't', 'b', 'x', " + stamp + ")", "DELETE FROM template"},
			"a quiet time with one end":            {"INSERT INTO preference (enterprise, quiet_from, changed_by, changed_at) VALUES ('" + firm + "', 1, 'x', " + stamp + ")"},
			"a contact on a channel that isn't":    {"INSERT INTO contact (enterprise, channel, address, masked, token) VALUES ('" + firm + "', 'fax', 'x', 'x', '" + e.ID + "')"},
			"a fact that is answered by its giver": {person, supplied(stamp), "UPDATE supplied_fact SET answer = 'confirmed', reason = 'x', answered_by = 'p', answered_at = " + stamp},
			"a fact that changes":                  {person, supplied(stamp), "UPDATE supplied_fact SET cell = '2'"},
			"a fact that goes":                     {person, supplied(stamp), "DELETE FROM supplied_fact"},
		} {
			reached := errors.New("reached")
			last := len(statements) - 1
			err := s.Transact(ctx, func(tx *store.Tx) error {
				for i, statement := range statements {
					if _, err := tx.Exec(ctx, statement); err != nil && i < last {
						return fmt.Errorf("%s: %w", statement, errors.Join(reached, err))
					} else if err != nil {
						return err
					}
				}
				return reached
			})
			if errors.Is(err, reached) || !errors.Is(err, store.ErrConflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

const person = "INSERT INTO person (id, name, created_at) VALUES ('p', '张', '2025-06-30T04:00:00.000000Z')"

func supplied(stamp string) string {
	return "INSERT INTO supplied_fact (id, enterprise, field, period, cell, unit, note, supplied_by, supplied_at) VALUES ('s', '" + firm + "', 'f', '2024', '1', '', '', 'p', " + stamp + ")"
}
