package web

import (
	"bytes"
	"encoding/xml"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
)

// subscribed makes the address of who is signed in, as the page does, and returns its two paths.
func subscribed(t *testing.T, s *Server) (calendar, policies string) {
	t.Helper()
	w := submit(s, "/inbox/feeds", url.Values{})
	found := regexp.MustCompile(`https?://[^<"]+(/feeds/[A-Za-z0-9_-]{43})/calendar\.ics`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || found == nil || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return found[1] + "/calendar.ics", found[1] + "/policies.atom"
}

// TestFeedAddress reads a calendar without a session by its secret address, asks whether it changed, changes the address and ends it.
// What was ended answers like what never was, and the secret stands in no log.
func TestFeedAddress(t *testing.T) {
	var log bytes.Buffer
	s, _ := served(t, func(c *Config) {
		c.Logger, c.Public = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), "https://mianshen.example"
	})
	as(t, s, "E1")
	calendar, policies := subscribed(t, s)
	if again := call(s, "/inbox/settings").Body.String(); strings.Contains(again, calendar) {
		t.Error("the address is shown again")
	}
	signed.Delete(s)
	first := call(s, calendar)
	h := first.Header()
	if first.Code != http.StatusOK || h.Get("Content-Type") != "text/calendar; charset=utf-8" || !strings.HasPrefix(h.Get("Cache-Control"), "private") || h.Get("Referrer-Policy") != "no-referrer" || h.Get("ETag") == "" {
		t.Fatalf("%d %v", first.Code, h)
	}
	days, err := ics.ParseCalendar(bytes.NewReader(first.Body.Bytes()))
	if err != nil || len(days.Events()) == 0 {
		t.Fatalf("%v: %s", err, first.Body)
	}
	for _, e := range days.Events() {
		link := e.GetProperty(ics.ComponentPropertyUrl).Value
		if u, err := url.Parse(link); err != nil || u.Host != "mianshen.example" || strings.HasPrefix(u.Path, "/policies/") && call(s, u.Path).Code != http.StatusOK {
			t.Errorf("%q leads nowhere: %v", link, err)
		}
	}
	if w := send(s, http.MethodGet, calendar, "", []string{"If-None-Match", h.Get("ETag")}); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("not modified: %d", w.Code)
	}
	if w := call(s, calendar); !bytes.Equal(w.Body.Bytes(), first.Body.Bytes()) {
		t.Error("asked again, it says something else")
	}
	if w := call(s, policies); w.Code != http.StatusOK || strings.Contains(w.Body.String(), strings.Split(policies, "/")[2]) {
		t.Errorf("policies: %d, or the secret stands in them", w.Code)
	}

	as(t, s, "E1")
	renewed, _ := subscribed(t, s)
	signed.Delete(s)
	never := call(s, "/feeds/"+strings.Repeat("A", 43)+"/calendar.ics")
	if ended := call(s, calendar); ended.Code != http.StatusNotFound || ended.Body.String() != never.Body.String() || call(s, renewed).Code != http.StatusOK {
		t.Errorf("renewed: %d, %d", ended.Code, call(s, renewed).Code)
	}
	as(t, s, "E2")
	id := regexp.MustCompile(`name="id" value="([0-9a-f]{12})"`).FindStringSubmatch(call(s, "/inbox/settings").Body.String())
	if id == nil {
		t.Fatal("no address on the page")
	}
	if w := submit(s, "/inbox/feeds/end", url.Values{"id": {id[1]}}); w.Code != http.StatusOK {
		t.Errorf("end: %d", w.Code)
	}
	signed.Delete(s)
	if w := call(s, renewed); w.Code != http.StatusNotFound {
		t.Errorf("ended: %d", w.Code)
	}
	for _, path := range []string{calendar, renewed} {
		if strings.Contains(log.String(), strings.Split(path, "/")[2]) {
			t.Errorf("the log holds the secret:\n%s", &log)
		}
	}
}

// TestFeedTooOften holds one address to its rate, whoever asks.
func TestFeedTooOften(t *testing.T) {
	s, _ := served(t, nil)
	as(t, s, "E1")
	_, policies := subscribed(t, s)
	signed.Delete(s)
	codes := map[int]int{}
	for range 125 {
		codes[call(s, policies).Code]++
	}
	if codes[http.StatusOK] != 120 || codes[http.StatusTooManyRequests] != 5 {
		t.Errorf("%v", codes)
	}
}

// TestPolicyFeeds reads the feed of all policies as anybody, page by page, and the one of a firm.
func TestPolicyFeeds(t *testing.T) {
	s, _ := served(t, func(c *Config) { c.Demo = false; c.Public = "https://mianshen.example" })
	type page struct {
		ID    string `xml:"http://www.w3.org/2005/Atom id"`
		Links []struct {
			Rel  string `xml:"rel,attr"`
			Href string `xml:"href,attr"`
		} `xml:"http://www.w3.org/2005/Atom link"`
		Entries []struct {
			ID      string    `xml:"http://www.w3.org/2005/Atom id"`
			Title   string    `xml:"http://www.w3.org/2005/Atom title"`
			Updated time.Time `xml:"http://www.w3.org/2005/Atom updated"`
			Link    struct {
				Href string `xml:"href,attr"`
			} `xml:"http://www.w3.org/2005/Atom link"`
		} `xml:"http://www.w3.org/2005/Atom entry"`
	}
	fetch := func(path string) (all page) {
		t.Helper()
		at, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		for at != nil {
			w := call(s, at.RequestURI())
			var p page
			if err := xml.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/atom+xml; charset=utf-8" {
				t.Fatalf("%d %v %v: %s", w.Code, err, w.Header(), w.Body)
			}
			all.ID, all.Entries = p.ID, append(all.Entries, p.Entries...)
			next := ""
			for _, l := range p.Links {
				if l.Rel == "next" {
					next = l.Href
				}
			}
			if next == "" {
				return all
			}
			if at, err = at.Parse(next); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	everybodys := fetch("/policies.atom")
	book, err := s.cfg.Office.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(everybodys.Entries) != len(book.Policies) {
		t.Errorf("%d entries of %d policies", len(everybodys.Entries), len(book.Policies))
	}
	seen := map[string]bool{}
	last := time.Now().AddDate(100, 0, 0)
	for _, e := range everybodys.Entries {
		u, err := url.Parse(e.Link.Href)
		if err != nil || u.Host != "mianshen.example" || call(s, u.Path).Code != http.StatusOK || seen[e.ID] || e.Title == "" || e.Updated.IsZero() || e.Updated.After(last) {
			t.Errorf("%v %+v", err, e)
		}
		seen[e.ID], last = true, e.Updated
	}
	if w := call(s, "/policies.atom?page=1000"); w.Code != http.StatusNotFound {
		t.Errorf("a page that isn't there: %d", w.Code)
	}
	as(t, s, "E1")
	_, policies := subscribed(t, s)
	signed.Delete(s)
	own := fetch(policies)
	if own.ID == everybodys.ID || len(own.Entries) == 0 || len(own.Entries) >= len(everybodys.Entries) {
		t.Errorf("%d entries of a firm, %d of all", len(own.Entries), len(everybodys.Entries))
	}
	for _, e := range own.Entries {
		if !seen[e.ID] {
			t.Errorf("%s isn't the same in both", e.ID)
		}
	}
}
