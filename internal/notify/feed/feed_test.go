package feed_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"

	"mianshen/internal/notify/feed"
	"mianshen/rules/civil"
)

// TestCalendar reads random calendars back with a parser that isn't ours.
func TestCalendar(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("MIANSHEN_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	alphabet := []rune("青浦区,;\\:\"\n窗口a 𠮷é—（）。")
	text := func(n int) string {
		out := make([]rune, 1+r.IntN(n))
		for i := range out {
			out[i] = alphabet[r.IntN(len(alphabet))]
		}
		return "题" + string(out) + "尾"
	}
	for n := range 200 {
		var days []feed.Day
		for i := range r.IntN(6) {
			from, _ := civil.MustParse("2025-12-20").AddDays(i)
			to, _ := from.AddDays(r.IntN(20))
			days = append(days, feed.Day{
				UID: fmt.Sprintf("d%d-%d@mianshen", n, i), From: from, To: to, Title: text(60), Text: text(200), Link: "https://m.example/d?a=1,2", Changed: time.Unix(1750000000, 0), Sequence: r.IntN(9), Cancelled: r.IntN(4) == 0,
			})
		}
		name := text(40)
		body := feed.Calendar(name, days)
		if !bytes.Equal(body, feed.Calendar(name, days)) {
			t.Fatal("not the same bytes")
		}
		for l := range strings.SplitSeq(strings.TrimSuffix(string(body), "\r\n"), "\r\n") {
			if len(l) > 75 || !utf8.ValidString(l) || strings.ContainsAny(l, "\r\n") {
				t.Fatalf("seed %d: line %q of %d octets", seed, l, len(l))
			}
		}
		calendar, err := ics.ParseCalendar(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, body)
		}
		events := calendar.Events()
		if len(events) != len(days) {
			t.Fatalf("%d events of %d", len(events), len(days))
		}
		for i, e := range events {
			d := days[i]
			from, err := e.GetAllDayStartAt()
			end, err2 := e.GetAllDayEndAt()
			next, _ := d.To.AddDays(1)
			if err != nil || err2 != nil || from.Format(time.DateOnly) != d.From.String() || end.Format(time.DateOnly) != next.String() {
				t.Errorf("%v %v: %v to %v, wanted %s to %s", err, err2, from, end, d.From, next)
			}
			if got := e.GetProperty(ics.ComponentPropertySummary).Value; got != d.Title {
				t.Errorf("seed %d: title %q, wanted %q", seed, got, d.Title)
			}
			if got := e.GetProperty(ics.ComponentPropertyDescription).Value; got != d.Text {
				t.Errorf("seed %d: text %q, wanted %q", seed, got, d.Text)
			}
			checkState(t, e, d)
			if e.Id() != d.UID || e.GetProperty(ics.ComponentPropertyDtStart).ICalParameters["VALUE"][0] != "DATE" {
				t.Errorf("uid %q", e.Id())
			}
		}
	}
}

// checkState holds an event's sequence, state and alarms, which ring at nine so many days before.
func checkState(t *testing.T, e *ics.VEvent, d feed.Day) {
	t.Helper()
	status, alarms := "CONFIRMED", len(feed.Alarms)
	if d.Cancelled {
		status, alarms = "CANCELLED", 0
	}
	if got := e.GetProperty(ics.ComponentPropertyStatus).Value; got != status || len(e.Alarms()) != alarms {
		t.Errorf("status %s with %d alarms, wanted %s with %d", got, len(e.Alarms()), status, alarms)
	}
	if got := e.GetProperty(ics.ComponentPropertySequence).Value; got != strconv.Itoa(d.Sequence) {
		t.Errorf("sequence %s, wanted %d", got, d.Sequence)
	}
	if stamp, err := e.GetDtStampTime(); err != nil || !stamp.Equal(d.Changed) {
		t.Errorf("stamp %v, %v", stamp, err)
	}
	begin, err := e.GetAllDayStartAt()
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range e.Alarms() {
		var days int
		trigger := a.GetProperty(ics.ComponentPropertyTrigger).Value
		if _, err := fmt.Sscanf(trigger, "-P%dDT15H", &days); err != nil && trigger != "-PT15H" {
			t.Fatalf("trigger %s", trigger)
		}
		before := time.Duration(days*24+15) * time.Hour
		if rings, want := begin.Add(-before), begin.AddDate(0, 0, -feed.Alarms[i]).Add(9*time.Hour); !rings.Equal(want) {
			t.Errorf("trigger %s rings at %v, wanted %v", trigger, rings, want)
		}
	}
}

func TestAtom(t *testing.T) {
	when := time.Date(2025, 6, 30, 1, 2, 3, 0, time.UTC)
	body, err := feed.Atom(feed.Feed{Name: "policies", Title: "政策", Base: "https://m.example/", Self: "policies.atom", Next: "policies.atom?page=2", Entries: []feed.Entry{
		{ID: "qp-1", Title: "甲 <b>&\x01", Author: "区经委", Summary: "一\n二", Path: "/policies/qp-1", Updated: when},
		{ID: "qp-2", Path: "/policies/qp-2", Updated: when.AddDate(0, 0, -1)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	type element struct {
		ID      string `xml:"http://www.w3.org/2005/Atom id"`
		Title   string `xml:"http://www.w3.org/2005/Atom title"`
		Updated string `xml:"http://www.w3.org/2005/Atom updated"`
		Author  string `xml:"http://www.w3.org/2005/Atom author>name"`
	}
	var back struct {
		XMLName xml.Name
		element
		Links []struct {
			Rel  string `xml:"rel,attr"`
			Href string `xml:"href,attr"`
		} `xml:"http://www.w3.org/2005/Atom link"`
		Entries []element `xml:"http://www.w3.org/2005/Atom entry"`
	}
	if err := xml.Unmarshal(body, &back); err != nil {
		t.Fatal(err)
	}
	if back.Links[0].Rel != "self" || back.Links[2].Rel != "next" || back.Links[2].Href != "policies.atom?page=2" || !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(back.ID) {
		t.Errorf("%+v", back)
	}
	if back.XMLName.Local != "feed" || len(back.Entries) != 2 || back.Updated != "2025-06-30T01:02:03Z" || !strings.HasPrefix(back.Entries[0].Title, "甲 <b>&") {
		t.Errorf("%+v", back)
	}
	ids := map[string]bool{}
	for _, e := range append(back.Entries, back.element) {
		if _, err := time.Parse(time.RFC3339, e.Updated); err != nil || e.ID == "" || ids[e.ID] || e.Title == "" || e.Author == "" {
			t.Errorf("%v %+v", err, e)
		}
		ids[e.ID] = true
	}
}
