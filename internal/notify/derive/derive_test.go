package derive_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo/quarter"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/notify/words"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func databases(t *testing.T, run func(t *testing.T, s *store.Store)) {
	for name, address := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite://" + t.TempDir() + "/a.db" },
		"postgres": pgtest.Database,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), address(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			run(t, s)
		})
	}
}

// box hands events on to the outbox and keeps them.
type box struct {
	*outbox.Box
	all map[string]event.Event
}

func (b *box) Follow(ctx context.Context, name string, seq int64, events []event.Event, now time.Time) (int, error) {
	n, err := b.Box.Follow(ctx, name, seq, events, now)
	b.keep(events, err)
	return n, err
}

func (b *box) Tell(ctx context.Context, job string, events []event.Event, now time.Time) (int, error) {
	n, err := b.Box.Tell(ctx, job, events, now)
	b.keep(events, err)
	return n, err
}

func (b *box) keep(events []event.Event, err error) {
	for _, e := range events {
		if err == nil {
			b.all[e.ID] = e
		}
	}
}

// TestQuarter follows a quarter that is played through the doors that persons use, from deliveries to payments that bounce, and
// holds that each kind of event comes with all that its words may name, and that nothing is told twice.
func TestQuarter(t *testing.T) {
	if pgtest.Racing {
		t.Skip("under the race detector a quarter takes many minutes: the gate plays it without")
	}
	every, notices := 300, 30 // lines of the quarter between two steps of the follower, and notices
	if os.Getenv("MIANSHEN_LONG") != "" {
		every, notices = 12, 1
	}
	databases(t, func(t *testing.T, s *store.Store) {
		if s.Kind() == store.Postgres && every > 12 {
			t.Skip("on PostgreSQL make chaos plays it, by MIANSHEN_LONG")
		}
		ctx := t.Context()
		b := &box{outbox.New(s, seal.New()), map[string]event.Event{}}
		office := casework.New(s)
		follower, ahead := derive.New(office, b), outlook.New(office, b)
		lines, noticed, told := 0, 0, 0
		step := func() {
			now := time.Date(2025, 9, 30, 0, 0, lines, 0, time.UTC)
			n, err := follower.Step(ctx, now)
			if err != nil {
				t.Fatal(err)
			}
			looked, err := ahead.Step(ctx, now)
			if err != nil {
				t.Fatal(err)
			}
			told += n + looked.Fresh
		}
		config := quarter.Config{Store: s, Keys: seal.New(), Seed: 1, Files: t.TempDir(), Tell: func(line string) {
			lines++
			notice := strings.HasSuffix(line, lists.ActNotice.Words())
			if notice {
				noticed++
			}
			if lines%every == 0 || notice && noticed%notices == 1%notices {
				step()
			}
		}}
		if err := quarter.Run(ctx, config); err != nil {
			t.Fatal(err)
		}
		step()
		counts := map[string]int{}
		for _, e := range b.all {
			counts[e.Kind]++
			whole(t, e)
		}
		t.Logf("%d lines, %d events: %v", lines, told, counts)
		for _, kind := range []string{
			event.Eligible, event.Missing, event.Near, event.Credit, event.Notice, event.Paid, event.Returned, event.Objection,
			event.Forecast, event.Expires,
		} {
			if counts[kind] == 0 {
				t.Errorf("no event %s", kind)
			}
		}
		if told != len(b.all) {
			t.Errorf("%d events were new, %d are different", told, len(b.all))
		}
		var events, messages int
		if err := s.DB().QueryRowContext(ctx, `SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM outbox)`).Scan(&events, &messages); err != nil {
			t.Fatal(err)
		}
		if events != told || messages < events {
			t.Errorf("%d events and %d messages are stored, %d were told", events, messages, told)
		}
		read(t, s, b.Box)
	})
}

// whole holds an event's data against its kind.
func whole(t *testing.T, e event.Event) {
	t.Helper()
	k, ok := event.KindOf(e.Kind)
	if !ok {
		t.Fatalf("kind %q", e.Kind)
	}
	for _, v := range k.Variables {
		if v.Name != event.Link && e.Data[v.Name] == "" {
			t.Fatalf("%s of %s lacks %s: %v", e.Kind, e.Subject, v.Name, e.Data)
		}
	}
	template, _ := words.Default(e.Kind)
	said, err := words.Say(template, e, "https://m.example")
	if err != nil || strings.ContainsAny(said.Title+said.Text, "{}") || len(said.Text) > 6000 {
		t.Fatalf("%s is said as %+v: %v", e.Kind, said, err)
	}
	for name := range e.Data {
		extra := []string{event.Topic, event.Department, event.Industry, event.Ref}
		if !k.Has(name) && !slices.Contains(extra, name) {
			t.Fatalf("%s has %s, which its kind doesn't", e.Kind, name)
		}
	}
}
