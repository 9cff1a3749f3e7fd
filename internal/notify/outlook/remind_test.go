package outlook_test

import (
	"testing"

	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
)

// TestRemind goes through the days after a sweep: each window and each end is told 15, 3 and 1 days before, once, and a day that comes
// again tells nothing.
func TestRemind(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	l := newLife(t, seeded(t), 60)
	ctx, b := t.Context(), newBox(outbox.New(l.office.Store, seal.New()))
	o := outlook.New(l.office, b)
	if n, err := o.Remind(ctx, l.today, l.at); err != nil || n != 0 {
		t.Fatalf("before any sweep %d, %v", n, err)
	}
	l.sweep()
	if _, err := o.Step(ctx, l.at); err != nil {
		t.Fatal(err)
	}
	for n := range 110 {
		l.today, _ = l.today.AddDays(1)
		if n >= 100 { // the end of 2026, when policies end, is looked at too
			l.today, _ = l.today.AddDays(40)
		}
		l.at = l.at.AddDate(0, 0, 1)
		before := len(b.told)
		n, err := o.Remind(ctx, l.today, l.at)
		if err != nil || n != len(b.told)-before {
			t.Fatalf("on %s %d of %d are new, %v", l.today, n, len(b.told)-before, err)
		}
		if again, err := o.Remind(ctx, l.today, l.at); err != nil || again != 0 {
			t.Errorf("on %s again %d, %v", l.today, again, err)
		}
	}
	counts := map[string]int{}
	for _, e := range b.told {
		counts[e.Kind]++
		if !e.Due.IsZero() && e.Data[event.Day] > e.Due.String() {
			t.Errorf("%s of %s is told after its day: %+v", e.Kind, e.Enterprise, e)
		}
	}
	t.Logf("%v", counts)
	for _, kind := range []string{event.Opens, event.Closes, event.Ending, event.Expires} {
		if counts[kind] == 0 {
			t.Errorf("no event %s", kind)
		}
	}
}
