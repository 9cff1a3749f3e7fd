package web

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mianshen/index"
	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/problem"
)

// searchFor is the address of a search; parameters come as names and values in turn.
func searchFor(text string, more ...string) string {
	q := url.Values{"q": {text}}
	for i := 0; i < len(more); i += 2 {
		q.Add(more[i], more[i+1])
	}
	return "/api/v1/search?" + q.Encode()
}

func TestSearchSaysHowItRead(t *testing.T) {
	s, _ := served(t, nil)
	got := read[desk.Answer](t, s, searchFor("xiaojuren"), http.StatusOK)
	if got.Read != "小巨人" || got.Total == 0 || got.Helpline != nil {
		t.Errorf("%+v", got)
	}
	if got := read[desk.Answer](t, s, searchFor("xiaojuren", "literal", "true"), http.StatusOK); got.Read != "" || got.Total != got.Weak {
		t.Errorf("literally: %+v", got)
	}
	got = read[desk.Answer](t, s, searchFor("我区研发补助"), http.StatusOK)
	if len(got.Chips) != 1 || got.Chips[0].Word != "我区" || got.Chips[0].By != "level" || !slices.Equal(got.Chips[0].Values, []string{"区"}) {
		t.Errorf("chips: %+v", got.Chips)
	}
	if got := read[desk.Answer](t, s, searchFor("我区研发补助", "plain", "我区"), http.StatusOK); len(got.Chips) != 0 {
		t.Errorf("a plain word: %+v", got.Chips)
	}
	got = read[desk.Answer](t, s, searchFor("公积金提取zzzz"), http.StatusOK)
	if got.Total != got.Weak || got.Helpline == nil || got.Helpline.Number != "12329" {
		t.Errorf("whom to call: %+v", got.Helpline)
	}
}

func TestSearchNarrowsAndSorts(t *testing.T) {
	s, _ := served(t, nil)
	all := read[desk.Answer](t, s, searchFor("", "limit", "100"), http.StatusOK)
	if all.Today.String() != "2025-06-30" || len(all.Facets.States) == 0 || len(all.Facets.Industries) == 0 {
		t.Fatalf("%+v", all.Facets)
	}
	bands := []string{}
	for _, c := range all.Facets.Amounts {
		bands = append(bands, c.Value)
	}
	if diff := cmp.Diff(index.AmountBands, bands); diff != "" {
		t.Error("bands: " + diff)
	}
	for name, facet := range map[string][]desk.Count{"state": all.Facets.States, "amount": all.Facets.Amounts, "industry": all.Facets.Industries} {
		for _, c := range facet {
			got := read[desk.Answer](t, s, searchFor("", name, c.Value), http.StatusOK)
			if got.Total < c.N || got.Total > all.Total || name != "industry" && got.Total != c.N {
				t.Errorf("%s=%s: %d, counted %d", name, c.Value, got.Total, c.N)
			}
		}
	}
	newest := read[desk.Answer](t, s, searchFor("", "sort", "newest", "limit", "100"), http.StatusOK).Hits
	if !slices.IsSortedFunc(newest, func(a, b desk.Hit) int { return b.From.Compare(a.From) }) || len(newest) != all.Total {
		t.Error("the newest don't come first")
	}
	ending := read[desk.Answer](t, s, searchFor("", "sort", "ending", "limit", "100"), http.StatusOK).Hits
	for _, h := range ending {
		if h.State == index.StateEnded {
			t.Errorf("%s has ended and is about to end", h.Policy)
		}
	}
	if current := read[desk.Answer](t, s, searchFor("", "in_force", "true"), http.StatusOK); current.Total != all.Facets.States[0].N {
		t.Errorf("%d in force, counted %+v", current.Total, all.Facets.States)
	}
	for _, bad := range []string{"state=lost", "amount=1-2", "industry=Z", "sort=up", "literal=maybe"} {
		name, _, _ := strings.Cut(bad, "=")
		p := read[problem.Problem](t, s, "/api/v1/search?"+bad, http.StatusUnprocessableEntity)
		if len(p.Errors) != 1 || !strings.HasPrefix(p.Errors[0].Location, "query."+name) {
			t.Errorf("%s: %+v", bad, p)
		}
	}
}

// TestDayOfSearch: before the first comparison policies are in force or not by the day of the clock.
func TestDayOfSearch(t *testing.T) {
	_, sample := served(t, nil)
	db, err := store.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	copyPolicies(t, sample.office, casework.New(db))
	s, _ := served(t, func(c *Config) {
		c.Office = casework.New(db)
		c.Clock = func() time.Time { return time.Date(2026, 12, 31, 16, 30, 0, 0, time.UTC) } // the next day in Shanghai
	})
	got := read[desk.Answer](t, s, searchFor("", "state", "ended", "limit", "100"), http.StatusOK)
	if got.Today.String() != "2027-01-01" || got.AsOf != nil || got.Total == 0 {
		t.Fatalf("%s, %d ended", got.Today, got.Total)
	}
	for _, h := range got.Hits {
		if h.State != index.StateEnded || h.To == nil {
			t.Errorf("%s: %s", h.Policy, h.State)
		}
	}
	// What ends next leaves out what has ended, unless the words ask for it.
	if got := read[desk.Answer](t, s, searchFor("补贴", "sort", "ending"), http.StatusOK); len(got.Hits) == 0 || got.Hits[0].State == index.StateEnded {
		t.Errorf("what ends next: %+v", got.Hits)
	}
	if got := read[desk.Answer](t, s, searchFor("已失效的补贴", "sort", "ending"), http.StatusOK); len(got.Chips) != 1 || len(got.Hits) == 0 || got.Hits[0].State != index.StateEnded {
		t.Errorf("what has ended: %+v %+v", got.Chips, got.Hits)
	}
	// In force comes before ended.
	states := []string{}
	for _, h := range read[desk.Answer](t, s, searchFor("机构信用运营补贴", "limit", "100"), http.StatusOK).Hits {
		states = append(states, h.State)
	}
	if !slices.Contains(states, index.StateCurrent) || !slices.Contains(states, index.StateEnded) {
		t.Errorf("only %v", states)
	}
}

// copyPolicies publishes in one office what is current in another.
func copyPolicies(t *testing.T, from, to *casework.Office) {
	t.Helper()
	book, err := from.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	vocabulary, err := from.Store.CurrentVocabulary(t.Context())
	if err == nil {
		_, err = to.Store.PublishVocabulary(t.Context(), vocabulary)
	}
	for _, version := range book.Versions {
		if err != nil {
			break
		}
		var p store.PolicyVersion
		if p, err = from.Store.PolicyVersion(t.Context(), version); err == nil {
			_, err = to.Store.PublishPolicy(t.Context(), p)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestFavor: what an enterprise gets doesn't come later than it does for nobody in particular.
func TestFavor(t *testing.T) {
	s, _ := served(t, nil)
	firm := anyFirm(t, s)
	better := false
	for _, text := range []string{"补贴", "奖励", "研发费用", "贷款贴息", "专精特新"} {
		var scores [2]map[string]float64
		for i, more := range [][]string{nil, {"enterprise", firm}} {
			scores[i] = map[string]float64{}
			for _, h := range read[desk.Answer](t, s, searchFor(text, append(more, "limit", "100")...), http.StatusOK).Hits {
				scores[i][h.Policy] = h.Score
			}
		}
		for policy, score := range scores[1] {
			better = better || score > scores[0][policy]
			if score < scores[0][policy] || score > 1.16*scores[0][policy] {
				t.Errorf("%s: %s has %f, for the enterprise %f", text, policy, scores[0][policy], score)
			}
		}
	}
	if !better {
		t.Error("nothing is favored")
	}
}

type suggestions struct {
	Suggestions []struct {
		Text, Policy string
		Parts        []desk.Segment
	}
}

func TestSuggest(t *testing.T) {
	s, _ := served(t, nil)
	for typed, want := range map[string]string{"xiaoju": "小巨人", "xjr": "小巨人", "小巨": "小巨人", "稳岗": "稳岗", "wengang": "稳岗"} {
		got := read[suggestions](t, s, "/api/v1/suggest?q="+url.QueryEscape(typed), http.StatusOK).Suggestions
		if len(got) == 0 || len(got) > 8 || !strings.Contains(got[0].Text, want) {
			t.Errorf("%s: %+v", typed, got)
			continue
		}
		for _, x := range got {
			text := ""
			for _, p := range x.Parts {
				text += p.Text
			}
			if text != x.Text {
				t.Errorf("%s: the parts of %s are %+v", typed, x.Text, x.Parts)
			}
		}
	}
	if got := read[suggestions](t, s, "/api/v1/suggest?q=", http.StatusOK); got.Suggestions == nil || len(got.Suggestions) != 0 {
		t.Errorf("nothing typed: %+v", got)
	}
	if w := call(s, "/api/v1/suggest?q=x"); w.Header().Get("Cache-Control") != "public, max-age=60" {
		t.Errorf("kept %s", w.Header().Get("Cache-Control"))
	}
	for _, bad := range []string{"limit=11", "limit=0", "q=" + strings.Repeat("a", 201)} {
		read[problem.Problem](t, s, "/api/v1/suggest?"+bad, http.StatusUnprocessableEntity)
	}
}

type searchesJSON struct {
	Searches []struct{ Text, Filters, Created string }
}

// another is a server whose store a test may change.
func another(t *testing.T) *Server {
	t.Helper()
	office, err := settle(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := office.Store.Close(); err != nil {
			t.Error(err)
		}
	})
	s, _ := served(t, func(c *Config) { c.Office = office })
	return s
}

func TestSavedSearchesOverHTTP(t *testing.T) {
	s := another(t)
	at := "/api/v1/enterprises/" + anyFirm(t, s) + "/searches"
	save := func(body string, want int) string {
		t.Helper()
		w := send(s, http.MethodPost, at, body, []string{"Content-Type", "application/json"})
		if w.Code != want {
			t.Errorf("save %s: %d, want %d: %s", body, w.Code, want, w.Body)
		}
		return w.Body.String()
	}
	if got := read[searchesJSON](t, s, at, http.StatusOK); got.Searches == nil || len(got.Searches) != 0 {
		t.Errorf("at first: %+v", got)
	}
	for range 2 {
		save(`{"text":" 租金  补贴 ","filters":"state=current&kind=补贴&kind=减免"}`, http.StatusOK)
	}
	save(`{"filters":"mode=auto"}`, http.StatusOK)
	want := searchesJSON{}
	want.Searches = []struct{ Text, Filters, Created string }{
		{"", "mode=auto", "2025-07-01"}, {"租金 补贴", "kind=%E5%87%8F%E5%85%8D&kind=%E8%A1%A5%E8%B4%B4&state=current", "2025-07-01"},
	}
	if diff := cmp.Diff(want, read[searchesJSON](t, s, at, http.StatusOK)); diff != "" {
		t.Error(diff)
	}
	for body, location := range map[string]string{
		`{}`:            "body.text",
		`{"text":"  "}`: "body.text",
		`{"text":"` + strings.Repeat("字", 129) + `"}`: "body.text",
		`{"filters":"mode=gift"}`:                     "body.filters",
		`{"filters":"page=2"}`:                        "body.filters",
		`{"filters":"mode=auto&mode=auto"}`:           "body.filters",
		`{"filters":"%zz"}`:                           "body.filters",
	} {
		if got := save(body, http.StatusUnprocessableEntity); !strings.Contains(got, location) {
			t.Errorf("%s: %s", body, got)
		}
	}
	q := url.Values{"text": {want.Searches[1].Text}, "filters": {want.Searches[1].Filters}}.Encode()
	for range 2 {
		if w := send(s, http.MethodDelete, at+"?"+q, "", nil); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "租金") || !strings.Contains(w.Body.String(), "mode=auto") {
			t.Errorf("remove: %d %s", w.Code, w.Body)
		}
	}
	for i := range store.MaxSaved - 1 {
		save(fmt.Sprintf(`{"text":"第%d个"}`, i), http.StatusOK)
	}
	if got := save(`{"text":"再一个"}`, http.StatusConflict); !strings.Contains(got, "最多保存50个搜索") {
		t.Errorf("full: %s", got)
	}
	save(`{"text":"第1个"}`, http.StatusOK)
	const nobody = "/api/v1/enterprises/91310118MA1JP7UB2B/searches"
	read[problem.Problem](t, s, nobody, http.StatusNotFound)
	if w := send(s, http.MethodPost, nobody, `{"text":"a"}`, []string{"Content-Type", "application/json"}); w.Code != http.StatusNotFound {
		t.Errorf("for nobody: %d", w.Code)
	}
}

// TestSavedSearchForms are what the pages send where there are no scripts.
func TestSavedSearchForms(t *testing.T) {
	s := another(t)
	firm := anyFirm(t, s)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	body := url.Values{"text": {"租金"}, "filters": {"mode=auto"}}.Encode()
	w := send(s, http.MethodPost, "/enterprises/"+firm+"/searches", body, form)
	if want := "/?enterprise=" + firm + "&mode=auto&q=%E7%A7%9F%E9%87%91"; w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
		t.Errorf("%d to %s, want %s", w.Code, w.Header().Get("Location"), want)
	}
	if page := call(s, "/enterprises/"+firm).Body.String(); !strings.Contains(page, "“租金”，免申即享") {
		t.Error("the enterprise's page doesn't list what was saved")
	}
	if w := send(s, http.MethodPost, "/enterprises/"+firm+"/searches", body, append(form, "Sec-Fetch-Site", "cross-site")); w.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", w.Code)
	}
	if w := send(s, http.MethodPost, "/enterprises/"+firm+"/searches/remove", body, form); w.Code != http.StatusSeeOther {
		t.Errorf("remove: %d", w.Code)
	}
	if page := call(s, "/enterprises/"+firm).Body.String(); strings.Contains(page, "保存的搜索") {
		t.Error("what was removed is listed")
	}
}
