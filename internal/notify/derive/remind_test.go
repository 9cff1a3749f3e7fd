package derive_test

import (
	"maps"
	"strings"
	"testing"

	"mianshen/internal/casework"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/pay/paytest"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/seal"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// TestRemind goes through the days on which a list waits for three firms: who hasn't answered is reminded 15, 3 and 1 days before the last
// one, once each; who has answered isn't; and on a day that comes again, or after the last one, nobody is.
func TestRemind(t *testing.T) {
	databases(t, func(t *testing.T, s *store.Store) {
		ctx, world := t.Context(), paytest.New(t, s)
		const firms, days = 3, 20
		world.Asked(t, "L", firms, days)
		b := &box{outbox.New(s, seal.New()), map[string]event.Event{}}
		f := derive.New(casework.New(s), b)
		if n, err := f.Remind(ctx, paytest.Today, paytest.Now); err != nil || n != 0 {
			t.Fatalf("before they are asked %d, %v", n, err)
		}
		if n, err := f.Step(ctx, paytest.Now); err != nil || n != firms {
			t.Fatalf("%d are asked, %v", n, err)
		}
		until := due(t, b.all)
		answers := map[int]int{9: 1, 2: 2} // so many days before the last: which entry
		got := map[int]int{}
		now, day := paytest.Now, paytest.Today
		for rest := until.Sub(day); rest >= -2; rest-- {
			if entry := answers[rest]; entry != 0 {
				paytest.Check(t, lists.New(s).Answer(ctx, lists.Actor{Person: paytest.Maker, Role: "D1"}, "L", entry, true, "", now))
			}
			n, err := f.Remind(ctx, day, now)
			paytest.Check(t, err)
			if n > 0 {
				got[rest] = n
			}
			if again, err := f.Remind(ctx, day, now); err != nil || again != 0 {
				t.Errorf("%s again: %d, %v", day, again, err)
			}
			day, _ = day.AddDays(1)
			now = now.AddDate(0, 0, 1)
		}
		if want := map[int]int{15: 3, 3: 2, 1: 1}; !maps.Equal(got, want) {
			t.Errorf("reminded %v, want %v", got, want)
		}
		for _, e := range b.all {
			if e.Kind != event.Confirm || e.Due != until || e.Data[event.Until] != until.String() || e.Worth == 0 {
				t.Errorf("%+v", e)
			}
		}
		if n, err := f.Step(ctx, now); err != nil || n != 0 {
			t.Errorf("the follower tells %d more, %v", n, err)
		}
	})
}

// TestRemindLate: after days without a reminder, only the step that is nearest to the last day is told.
func TestRemindLate(t *testing.T) {
	databases(t, func(t *testing.T, s *store.Store) {
		ctx, world := t.Context(), paytest.New(t, s)
		world.Asked(t, "L", 1, 20)
		b := &box{outbox.New(s, seal.New()), map[string]event.Event{}}
		f := derive.New(casework.New(s), b)
		_, err := f.Step(ctx, paytest.Now)
		paytest.Check(t, err)
		late, _ := due(t, b.all).AddDays(-2)
		if n, err := f.Remind(ctx, late, paytest.Now.AddDate(0, 1, 0)); err != nil || n != 1 {
			t.Errorf("%d, %v", n, err)
		}
		for _, e := range b.all {
			if strings.Count(e.Subject, "|") == 3 && !strings.HasSuffix(e.Subject, "|3") {
				t.Errorf("told of %s", e.Subject)
			}
		}
	})
}

// due is the last day of the events.
func due(t *testing.T, all map[string]event.Event) civil.Date {
	t.Helper()
	for _, e := range all {
		return e.Due
	}
	t.Fatal("nothing is told")
	return civil.Date{}
}
