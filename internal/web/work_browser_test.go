package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mianshen/internal/store"
	"mianshen/internal/web/bureau"
)

func TestDeliveryPages(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/deliveries")
	if b.count("table .state-held") != 1 || b.count("table .state-accepted") < 5 {
		t.Errorf("%d held, %d accepted", b.count("table .state-held"), b.count("table .state-accepted"))
	}
	if b.count(".work [aria-current]") != 1 {
		t.Error("the menu doesn't show where one is")
	}
	b.look("deliveries")
	b.do(chromedp.Click(".tabs a[href*='state=held']"))
	b.wait("document.querySelectorAll('tbody tr').length === 1")
	b.do(chromedp.Click("tbody th a"))
	b.wait("document.querySelector('.notice') && document.querySelector('.grave')")
	if text := eval[string](b, "document.querySelector('main').innerText"); !strings.Contains(text, "10000 倍") || !strings.Contains(text, "实缴失业保险费") {
		t.Errorf("the page doesn't say what is wrong: %s", text)
	}
	b.look("delivery")
	b.open("/deliveries?state=withdrawn")
	if b.count(".empty") != 1 {
		t.Error("no word about an empty list")
	}
}

func TestSweepPages(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/sweeps")
	if n := b.count("tbody tr"); n != 2 {
		t.Errorf("%d comparisons", n)
	}
	b.look("sweeps")
	b.do(chromedp.Click("tbody th a"))
	b.wait("document.querySelector('#progress') && document.querySelector('#h-turns')")
	if b.count("#progress[hx-get]") != 0 {
		t.Error("a comparison that is done goes on asking")
	}
	b.look("sweep")
	b.do(chromedp.Click("tr.sum td a"))
	b.wait("document.querySelectorAll('.standing .outcome').length > 0")
	b.look("differences")
	b.do(chromedp.Click("a.standing"))
	b.wait("document.querySelector('.decision .finding')")
}

func TestReportPages(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/readiness")
	if b.count(".match.verdict-ready") == 0 || b.count(".match.verdict-clause .clause") == 0 {
		t.Error("no item is ready, or no clause is quoted")
	}
	b.look("readiness")
	b.do(chromedp.Click(".verdicts a[href*='clause']"))
	b.wait("location.search.includes('clause') && document.querySelectorAll('.match.verdict-ready').length === 0")

	b.open("/gaps")
	if b.count("#h-parties") != 1 || b.count("tbody tr") < 3 {
		t.Error("nobody is waited for")
	}
	b.look("gaps")
}

func TestSimulationPage(t *testing.T) {
	s, _ := served(t, nil)
	b := browse(t, s)
	b.open("/simulation")
	b.look("simulation-first")
	item := simulated(t, s)
	b.open("/simulation?item=" + item.item)
	b.wait("document.querySelector('.chart polyline')")
	if b.count(".chart title") != 1 || b.count(".curve tbody tr") < 3 {
		t.Error("the curve has no title or no table beside it")
	}
	b.look("simulation")
	b.do(chromedp.SetValue("#set", item.set), chromedp.SetValue("#budget", "1"), chromedp.Click(".trial button"))
	b.wait("document.querySelectorAll('[id^=he-]').length > 0")
	b.look("simulation-set")
	w := call(s, "/simulation?item="+item.item+"&from="+url.QueryEscape("很多")+"&to=2&name="+url.QueryEscape(item.name))
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "很多") || !strings.Contains(w.Body.String(), "notice") {
		t.Errorf("%d", w.Code)
	}
}

// trial is an item with a number that can be moved.
type trial struct{ item, name, from, to, set string }

// simulated finds an item whose number moves somebody in or out.
func simulated(t *testing.T, s *Server) trial {
	t.Helper()
	choices, err := s.bureau.Choices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range choices {
		dials, err := s.bureau.Dials(t.Context(), c.Item)
		if err != nil {
			t.Fatal(err)
		}
		if len(dials) == 0 || dials[0].From == "" {
			continue
		}
		d := dials[0]
		in := &bureau.Simulate{}
		in.Body.Item, in.Body.Vary = c.Item, &bureau.Vary{Name: d.Name, From: d.From, To: d.To}
		got, err := s.bureau.Simulate(t.Context(), in)
		if err != nil {
			t.Fatalf("%s %s: %v", c.Item, d.Name, err)
		}
		first, last := got.Curve.Steps[0], got.Curve.Steps[len(got.Curve.Steps)-1]
		if got.Curve.Exact && first.Enterprises != last.Enterprises {
			return trial{c.Item, d.Name, d.From, d.To, d.To}
		}
	}
	t.Fatal("no number moves anybody")
	return trial{}
}

// TestProgressRefreshes looks at a comparison that runs: the page goes on asking until it has ended, and then no more.
func TestProgressRefreshes(t *testing.T) {
	s := own(t)
	st := s.cfg.Office.Store
	done, err := s.cfg.Office.LatestDone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plan := done.Plan
	plan.Slot, plan.Previous = "", done.ID
	running, err := st.BeginSweep(t.Context(), plan, later)
	if err != nil {
		t.Fatal(err)
	}
	b := browse(t, s)
	b.open("/sweeps/2")
	if b.count("#progress .state-running") != 1 || b.count("#progress progress") != 1 {
		t.Fatal("the page doesn't show that the comparison runs")
	}
	b.look("running")
	if err := st.FinishSweep(t.Context(), running.ID, store.Failed, "磁盘满了", nil, later); err != nil {
		t.Fatal(err)
	}
	b.wait("document.querySelector('#progress .state-failed') && document.querySelector('#progress').innerText.includes('磁盘满了')")
	if b.count("#progress[hx-get]") != 0 {
		t.Error("the page goes on asking")
	}
}
