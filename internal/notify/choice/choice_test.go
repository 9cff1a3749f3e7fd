package choice_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/event"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// at is an instant in Shanghai.
func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, civil.Shanghai())
	if err != nil {
		panic(err)
	}
	return t
}

func TestNext(t *testing.T) {
	night := choice.Preference{QuietFrom: 22 * 60, QuietTo: 8 * 60}
	noon := choice.Preference{QuietFrom: 12 * 60, QuietTo: 13*60 + 30}
	working := choice.Preference{QuietFrom: 22 * 60, QuietTo: 8 * 60, WorkingDays: true}
	for _, c := range []struct {
		p         choice.Preference
		now, want string
	}{
		{choice.Preference{}, "2025-06-30 03:00", "2025-06-30 03:00"},
		{night, "2025-06-30 21:59", "2025-06-30 21:59"},
		{night, "2025-06-30 22:00", "2025-07-01 08:00"},
		{night, "2025-07-01 00:00", "2025-07-01 08:00"},
		{night, "2025-07-01 07:59", "2025-07-01 08:00"},
		{night, "2025-07-01 08:00", "2025-07-01 08:00"},
		{noon, "2025-07-01 12:00", "2025-07-01 13:30"},
		{noon, "2025-07-01 13:30", "2025-07-01 13:30"},
		{working, "2025-06-27 23:00", "2025-06-30 08:00"}, // a Friday night
		{working, "2025-09-28 10:00", "2025-09-28 10:00"}, // a Sunday that is worked
		{working, "2025-09-30 22:30", "2025-10-09 08:00"}, // the long holiday
		{working, "2035-06-30 10:00", "2035-07-02 08:00"}, // a Saturday of a year without calendar
	} {
		if got := c.p.Next(at(c.now)); !got.Equal(at(c.want)) {
			t.Errorf("%+v at %s: %s, want %s", c.p, c.now, got.In(civil.Shanghai()), c.want)
		}
		if got := c.p.Next(at(c.now).UTC()); !got.Equal(at(c.want)) {
			t.Errorf("%+v at %s in UTC: %s, want %s", c.p, c.now, got, c.want)
		}
	}
}

func TestSlot(t *testing.T) {
	for _, c := range []struct {
		p         choice.Preference
		now, want string
	}{
		{choice.Preference{Digest: choice.None}, "2025-06-30 03:00", "2025-06-30 03:00"},
		{choice.Preference{Digest: choice.Daily}, "2025-06-30 08:59", "2025-06-30 09:00"},
		{choice.Preference{Digest: choice.Daily}, "2025-06-30 09:00", "2025-07-01 09:00"},
		{choice.Preference{Digest: choice.Weekly}, "2025-06-30 08:00", "2025-06-30 09:00"},
		{choice.Preference{Digest: choice.Weekly}, "2025-06-30 10:00", "2025-07-07 09:00"},
		{choice.Preference{Digest: choice.Weekly, WorkingDays: true}, "2025-09-30 10:00", "2025-10-09 09:00"},
		{choice.Preference{Digest: choice.Daily, QuietFrom: 22 * 60, QuietTo: 10 * 60}, "2025-06-30 03:00", "2025-06-30 10:00"},
	} {
		if got := c.p.Slot(at(c.now)); !got.Equal(at(c.want)) {
			t.Errorf("%+v at %s: %s, want %s", c.p, c.now, got.In(civil.Shanghai()), c.want)
		}
	}
}

func TestSubscribed(t *testing.T) {
	e := event.Event{Kind: "paid", Data: map[string]string{event.Topic: "money", event.Department: "科委", event.Industry: "C3920"}}
	for _, c := range []struct {
		p    choice.Preference
		want bool
	}{
		{choice.Preference{}, true},
		{choice.Preference{Topics: []string{"paid"}}, true},
		{choice.Preference{Topics: []string{"money"}}, true},
		{choice.Preference{Topics: []string{"window"}}, false},
		{choice.Preference{Departments: []string{"经委", "科委"}}, true},
		{choice.Preference{Departments: []string{"经委"}}, false},
		{choice.Preference{Industries: []string{"C39"}}, true},
		{choice.Preference{Industries: []string{"I"}}, false},
		{choice.Preference{Topics: []string{"paid"}, Industries: []string{"I"}}, false},
	} {
		if got := c.p.Subscribed(e); got != c.want {
			t.Errorf("%+v: %v", c.p, got)
		}
	}
	if !(choice.Preference{Departments: []string{"x"}, Industries: []string{"y"}}).Subscribed(event.Event{Kind: "paid"}) {
		t.Error("an event that says nothing of itself isn't heard")
	}
}

// told writes deeds as text, by the events' names.
func told(d choice.Deeds) string {
	var out []string
	for _, group := range d.Send {
		var ids []string
		for _, e := range group {
			ids = append(ids, e.ID)
		}
		out = append(out, "send "+strings.Join(ids, "+"))
	}
	for _, l := range d.Later {
		out = append(out, "later "+l.Event+" "+l.At.In(civil.Shanghai()).Format("01-02 15:04"))
	}
	for _, x := range d.Drop {
		out = append(out, "drop "+x.Event)
	}
	return strings.Join(out, "; ")
}

func TestDecide(t *testing.T) {
	now := at("2025-06-30 09:30")
	waiting := func(ids ...string) (all []choice.Waiting) {
		for i, id := range ids {
			all = append(all, choice.Waiting{Event: event.Event{ID: id, Kind: "k", At: at("2025-06-30 08:00").Add(time.Duration(i) * time.Minute), Worth: exact.Money(i)}})
		}
		return all
	}
	late := waiting("a", "b", "c")
	late[0].Event.At = at("2025-06-30 09:10")                                                   // after today's digest
	late[1].Event.At, late[1].Event.Due = at("2025-06-30 09:20"), civil.MustParse("2025-07-01") // no use in the next one
	late[2].Event.Due = civil.MustParse("2025-06-29")                                           // no use any more
	fixed := waiting("a", "b")
	fixed[0].Fixed = true
	for _, c := range []struct {
		name    string
		p       choice.Preference
		waiting []choice.Waiting
		used    int
		want    string
	}{
		{"the most valuable first", choice.Preference{ADay: 5}, waiting("a", "b", "c"), 0, "send c; send b; send a"},
		{"under a cap", choice.Preference{ADay: 2}, waiting("a", "b", "c"), 0, "send c; send b; later a 07-01 09:00"},
		{"under a cap that is used", choice.Preference{ADay: 2}, waiting("a", "b"), 7, "later b 07-01 09:00; later a 07-01 09:00"},
		{"nothing a day", choice.Preference{}, waiting("a"), 0, "drop a"},
		{"quiet", choice.Preference{ADay: 5, QuietFrom: 0, QuietTo: 600}, waiting("a"), 0, "later a 06-30 10:00"},
		{"not wanted", choice.Preference{ADay: 5, Topics: []string{"x"}, QuietFrom: 0, QuietTo: 600}, waiting("a"), 0, "drop a"},
		{"a digest", choice.Preference{ADay: 1, Digest: choice.Daily}, waiting("a", "b", "c"), 0, "send c+b+a"},
		{"a digest under a cap", choice.Preference{ADay: 1, Digest: choice.Daily}, waiting("a", "b"), 1, "later b 07-01 09:00; later a 07-01 09:00"},
		{"too late for the digest", choice.Preference{ADay: 5, Digest: choice.Daily}, late, 0, "send b; later a 07-01 09:00; drop c"},
		{"a digest that is tried again", choice.Preference{ADay: 5, Digest: choice.Daily}, fixed, 0, "send b; send a"},
	} {
		if got := told(choice.Decide(c.p, c.waiting, c.used, now)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestDecideAll holds for any choice: each message has one fate, the cap holds, and nothing goes out in quiet time.
func TestDecideAll(t *testing.T) {
	for n := range 2000 {
		p := choice.Preference{QuietFrom: n * 37 % 1440, QuietTo: n * 101 % 1440, WorkingDays: n%3 == 0, Digest: []choice.Digest{choice.None, choice.Daily, choice.Weekly}[n%3], ADay: n % 7}
		now := at("2025-06-25 00:00").Add(time.Duration(n) * 17 * time.Minute)
		var all []choice.Waiting
		for i := range n % 11 {
			all = append(all, choice.Waiting{Event: event.Event{ID: fmt.Sprint(i), Kind: "k", At: now.Add(-time.Duration(i*i) * time.Hour), Worth: exact.Money(i * n % 5)}})
		}
		d := choice.Decide(p, all, n%3, now)
		var ids []string
		for _, group := range d.Send {
			for _, e := range group {
				ids = append(ids, e.ID)
			}
		}
		for _, l := range d.Later {
			ids = append(ids, l.Event)
			if !l.At.After(now) || !p.Next(l.At).Equal(l.At) {
				t.Fatalf("%d: put off from %s to %s", n, now, l.At)
			}
		}
		for _, x := range d.Drop {
			ids = append(ids, x.Event)
		}
		slices.Sort(ids)
		if len(ids) != len(all) || len(slices.Compact(ids)) != len(all) || len(d.Send) > max(p.ADay-n%3, 0) || len(d.Send) > 0 && !p.Next(now).Equal(now) {
			t.Fatalf("%d: %+v of %d messages: %s", n, p, len(all), told(d))
		}
	}
}
