package effect_test

import (
	"path/filepath"
	"testing"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/effect"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const firm, other = "91310118MA00000001", "91310118MA00000002"

var now = time.Date(2025, 6, 30, 4, 0, 0, 0, time.UTC)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestReport tells three events, of which one is read and acted on and then paid, and counts what became of each.
func TestReport(t *testing.T) {
	run := func(t *testing.T, address string) {
		s, err := store.Open(t.Context(), address)
		ok(t, err)
		t.Cleanup(func() { ok(t, s.Close()) })
		ok(t, s.PutEnterprises(t.Context(), []store.Enterprise{{USCC: firm, Name: "甲"}, {USCC: other, Name: "乙"}}))
		box := outbox.New(s, seal.New())
		made := func(kind, enterprise, item string, at time.Time) event.Event {
			return event.Event{ID: event.ID(kind, enterprise, item), Kind: kind, Enterprise: enterprise, Subject: item, At: at, Item: item, Data: map[string]string{}}
		}
		owed, missing := made(event.Eligible, firm, "rent", now), made(event.Missing, firm, "tax", now.Add(time.Minute))
		all := []event.Event{
			owed, missing, made(event.Eligible, other, "rent", now), made(event.Paid, firm, "rent", now.Add(time.Hour)),
			// What the bank sent back wasn't paid.
			made(event.Paid, firm, "tax", now.Add(time.Hour)), made(event.Returned, firm, "tax", now.Add(2*time.Hour)),
		}
		_, err = box.Tell(t.Context(), "test", all, now)
		ok(t, err)
		deliver(t, box, 5)
		if m, err := effect.Inbox(t.Context(), s, firm); err != nil || m.All != 5 || m.Unread != 5 || !m.Newest.Equal(now) {
			t.Errorf("inbox before: %+v, %v", m, err)
		}
		ok(t, box.Seen(t.Context(), firm, []string{owed.ID, missing.ID}, now))
		ok(t, box.Acted(t.Context(), firm, []string{owed.ID}, now))
		if m, err := effect.Inbox(t.Context(), s, firm); err != nil || m.Unread != 3 {
			t.Errorf("inbox after: %+v, %v", m, err)
		}
		list, err := effect.Report(t.Context(), s, now.Add(-time.Hour), now.Add(3*time.Hour))
		ok(t, err)
		want := []effect.Line{
			{Kind: "eligible", Channel: "inbox", Sent: 2, Told: 1, Waiting: 1, Seen: 1, Acted: 1, Paid: 1},
			{Kind: "missing", Channel: "inbox", Sent: 1, Told: 1, Seen: 1},
			{Kind: "paid", Channel: "inbox", Sent: 2, Told: 2, Paid: 1},
			{Kind: "returned", Channel: "inbox", Sent: 1, Told: 1},
		}
		if len(list) != len(want) {
			t.Fatalf("%+v", list)
		}
		for i := range want {
			if list[i] != want[i] {
				t.Errorf("%+v, want %+v", list[i], want[i])
			}
		}
		if list, err := effect.Report(t.Context(), s, now.Add(3*time.Hour), now.Add(4*time.Hour)); err != nil || len(list) != 0 {
			t.Errorf("another time: %v, %v", list, err)
		}
	}
	t.Run("sqlite", func(t *testing.T) { run(t, "sqlite://"+filepath.Join(t.TempDir(), "test.db")) })
	t.Run("postgres", func(t *testing.T) { run(t, pgtest.Database(t)) })
}

// deliver sends the messages of the first firm as a dispatcher does; the other firm's wait.
func deliver(t *testing.T, box *outbox.Box, n int) {
	t.Helper()
	lease := outbox.Lease{Channel: channel.Inbox, Owner: "test", Until: now.Add(time.Hour)}
	firms, err := box.Lease(t.Context(), lease, 100, now)
	ok(t, err)
	var begin []outbox.Ticket
	for _, f := range firms {
		for _, m := range f.Messages {
			if f.Enterprise == firm {
				begin = append(begin, outbox.Ticket{Lease: lease, Event: m.Event.ID, Attempt: m.Attempt + 1})
			}
		}
	}
	if len(begin) != n {
		t.Fatalf("%d messages, want %d", len(begin), n)
	}
	_, _, err = box.Turn(t.Context(), begin, nil, now)
	ok(t, err)
	var done []outbox.Done
	for _, b := range begin {
		done = append(done, outbox.Done{Ticket: b, Result: channel.Delivered})
	}
	_, marked, err := box.Turn(t.Context(), nil, done, now)
	ok(t, err)
	for _, m := range marked {
		if !m {
			t.Error("an attempt didn't count")
		}
	}
	ok(t, box.Release(t.Context(), lease))
}
