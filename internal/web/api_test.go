package web

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mianshen/internal/web/bureau"
	"mianshen/internal/web/problem"
	"mianshen/rules/exact"
)

var update = flag.Bool("update", false, "write the golden files anew")

type matchesJSON struct {
	AsOf   string `json:"as_of"`
	Totals struct{ Eligible, Unknown, Ineligible int }
	Sum    string

	Matches []struct {
		Decision, Policy, Item, Outcome, Sentence string
		Amount                                    *string
		Missing                                   []struct{ Name, Source string }
		Failed, Manual                            []string
	}
}

func TestMatches(t *testing.T) {
	s, _ := served(t, nil)
	firm := anyFirm(t, s)
	got := read[matchesJSON](t, s, "/api/v1/enterprises/"+firm+"/matches", http.StatusOK)
	if got.AsOf != "2025-06-30" || len(got.Matches) != got.Totals.Eligible+got.Totals.Unknown+got.Totals.Ineligible || got.Totals.Eligible == 0 {
		t.Fatalf("%+v", got)
	}
	order := map[string]int{"eligible": 0, "unknown": 1, "ineligible": 2}
	last, sum := 0, exact.Money(0)
	for _, m := range got.Matches {
		if order[m.Outcome] < last {
			t.Errorf("%s stands behind a later outcome", m.Item)
		}
		last = order[m.Outcome]
		if m.Amount != nil {
			fen, err := exact.ParseMoney(*m.Amount)
			if err != nil || m.Outcome != "eligible" {
				t.Errorf("%s: amount %s of %s: %v", m.Item, *m.Amount, m.Outcome, err)
			}
			sum += fen
		}
		if m.Outcome == "ineligible" && len(m.Missing)+len(m.Manual) > 0 {
			t.Errorf("%s is ineligible and waits", m.Item)
		}
		if m.Outcome == "unknown" && len(m.Missing) > 0 && !strings.Contains(m.Sentence, "您不用做什么。") {
			t.Errorf("%s: %s", m.Item, m.Sentence)
		}
	}
	if sum.String() != got.Sum {
		t.Errorf("sum %s, want %s", got.Sum, sum)
	}
}

func TestDecisionsAreReproduced(t *testing.T) {
	s, _ := served(t, nil)
	firm := anyFirm(t, s)
	outcomes := map[string]bool{}
	for _, m := range read[matchesJSON](t, s, "/api/v1/enterprises/"+firm+"/matches", http.StatusOK).Matches {
		outcomes[m.Outcome] = true
		why := read[struct {
			ID, Outcome, SHA256 string
			Amount              *string
			Reproduced          bool
			Explanation         struct {
				Item, Outcome string
				Conditions    []struct{ Result, Clause, Quote string }
				Records       []json.RawMessage
			}
		}](t, s, "/api/v1/decisions/"+m.Decision, http.StatusOK)
		if !why.Reproduced || why.Outcome != m.Outcome || why.Explanation.Outcome != m.Outcome || why.Explanation.Item != m.Item {
			t.Errorf("%s: %+v", m.Item, why)
		}
		if len(why.Explanation.Conditions)+len(why.Explanation.Records) == 0 {
			t.Errorf("%s has no reasons", m.Item)
		}
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(why.SHA256) {
			t.Errorf("%s: hash %q", m.Item, why.SHA256)
		}
	}
	if len(outcomes) != 3 {
		t.Errorf("the sample shows only %v", outcomes)
	}
}

func TestSearch(t *testing.T) {
	s, _ := served(t, nil)
	firm := anyFirm(t, s)
	type answer struct {
		Total  int
		Cursor string
		Hits   []struct {
			Policy, Snippet string
			Weak            bool
			Items           []struct {
				ID, Mode string
				Standing *struct{ Outcome, Sentence, Obstacle string }
			}
		}
		Facets struct{ Modes, Departments []struct{ Value string } }
	}
	got := read[answer](t, s, "/api/v1/search?q=%E5%B0%8F%E5%B7%A8%E4%BA%BA%E5%A5%96%E5%8A%B1&enterprise="+firm, http.StatusOK)
	if len(got.Hits) == 0 || got.Hits[0].Policy != "qp-jw-zjtx-tidu" || !strings.Contains(got.Hits[0].Snippet, "<mark>") {
		t.Fatalf("%+v", got)
	}
	for _, h := range got.Hits {
		for _, it := range h.Items {
			if it.Standing == nil || it.Standing.Sentence == "" || (it.Standing.Outcome != "eligible") != (it.Standing.Obstacle != "") {
				t.Errorf("%s: %+v", it.ID, it.Standing)
			}
		}
	}
	only := read[answer](t, s, "/api/v1/search?mode=apply", http.StatusOK)
	if only.Total == 0 {
		t.Fatal("nothing needs an application")
	}
	for _, h := range only.Hits {
		if !slices.ContainsFunc(h.Items, func(it struct {
			ID, Mode string
			Standing *struct{ Outcome, Sentence, Obstacle string }
		},
		) bool {
			return it.Mode == "apply"
		}) {
			t.Errorf("%s has nothing to apply for", h.Policy)
		}
	}
	if none := read[answer](t, s, "/api/v1/search?q=zzzzqqqq", http.StatusOK); none.Total != 0 || none.Hits == nil {
		t.Errorf("%+v", none)
	}
}

// TestCursors walks lists page by page and finds everything exactly once.
func TestCursors(t *testing.T) {
	s, sample := served(t, nil)
	book, err := sample.office.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range book.Policies {
		want = append(want, p.ID)
	}
	type page struct {
		Policies []struct{ ID string }
		Hits     []struct{ Policy string }
		Cursor   string
	}
	for _, path := range []string{"/api/v1/policies?limit=4", "/api/v1/search?limit=4"} {
		var got []string
		for cursor, n := "", 0; n < 20; n++ {
			p := read[page](t, s, path+"&cursor="+cursor, http.StatusOK)
			for _, x := range p.Policies {
				got = append(got, x.ID)
			}
			for _, h := range p.Hits {
				got = append(got, h.Policy)
			}
			if cursor = p.Cursor; cursor == "" {
				break
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestStrictInputs(t *testing.T) {
	s, _ := served(t, nil)
	for path, location := range map[string]string{
		"/api/v1/search?enterprise=91310118MA1JP7UB2C":      "query.enterprise",
		"/api/v1/search?mode=gift":                          "query.mode[0]",
		"/api/v1/search?limit=0":                            "query.limit",
		"/api/v1/search?limit=many":                         "query.limit",
		"/api/v1/search?cursor=!!":                          "query.cursor",
		"/api/v1/search?cursor=LTE":                         "query.cursor",
		"/api/v1/search?sort=up":                            "query.sort",
		"/api/v1/enterprises/123/matches":                   "path.uscc",
		"/api/v1/decisions/xyz":                             "path.id",
		"/api/v1/enterprises?q=" + strings.Repeat("a", 101): "query.q",
	} {
		p := read[problem.Problem](t, s, path, http.StatusUnprocessableEntity)
		if len(p.Errors) == 0 || p.Errors[0].Location != location {
			t.Errorf("%s: %+v", path, p)
			continue
		}
		if m := p.Errors[0].Message; !regexp.MustCompile(`\p{Han}`).MatchString(m) {
			t.Errorf("%s: %q is no sentence for the caller", path, m)
		}
	}
	for _, path := range []string{"/api/v1/policies/none", "/api/v1/items/none", "/api/v1/decisions/1-none-91310118MA1JP7UB2B"} {
		if p := read[problem.Problem](t, s, path, http.StatusNotFound); p.Status != http.StatusNotFound || p.Type != "about:blank" || p.Title != "没有找到" {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

// TestGolden holds whole answers against files, so that a change of a shape is seen.
func TestGolden(t *testing.T) {
	s, _ := served(t, nil)
	for name, path := range map[string]string{
		"policy":  "/api/v1/policies/qp-rs-wengang",
		"item":    "/api/v1/items/a-wengang-fanhuan",
		"missing": "/api/v1/items/none",
		"sweeps":  "/api/v1/sweeps",

		"delivery": "/api/v1/deliveries/" + read[bureau.DeliveryList](t, s, "/api/v1/deliveries?state=held", http.StatusOK).Deliveries[0].ID,
	} {
		w := call(s, path)
		var value any
		if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
			t.Fatal(err)
		}
		shape, err := json.MarshalIndent(shapeOf("", value), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".json", append(shape, '\n'))
	}
}

var hash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// shapeOf keeps texts and blanks what changes with the samples: hashes, counts and times.
func shapeOf(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = shapeOf(k, x)
		}
	case []any:
		for i, x := range v {
			v[i] = shapeOf(key, x)
		}
	case string:
		if hash.MatchString(v) {
			return "HASH"
		}
		if key == "finished_at" {
			return "TIME"
		}
	case float64:
		if slices.Contains([]string{"eligible", "unknown", "ineligible"}, key) {
			return "COUNT"
		}
	}
	return v
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (go test -update writes it anew): %s", name, diff)
	}
}

func TestOpenAPI(t *testing.T) {
	s, _ := served(t, nil)
	doc := read[struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Description string
			Responses   map[string]struct{ Content map[string]any }
		}
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}](t, s, "/openapi.json", http.StatusOK)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("version %s", doc.OpenAPI)
	}
	for key := range access {
		method, path, _ := strings.Cut(key, " ")
		if !strings.HasPrefix(path, "/api/") {
			continue
		}
		path = regexp.MustCompile(`:(\w+)`).ReplaceAllString(path, "{$1}")
		op, ok := doc.Paths[path][strings.ToLower(method)]
		if !ok || op.OperationID == "" || op.Description == "" || op.Responses["404"].Content["application/problem+json"] == nil {
			t.Errorf("%s is not described: %+v", path, op)
		}
	}
	if doc.Components.Schemas["Match"].Properties["outcome"] == nil {
		t.Error("a match has no outcome")
	}
}

func TestReady(t *testing.T) {
	s, _ := served(t, nil)
	if w := call(s, "/readyz"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := call(s, "/healthz"); w.Code != http.StatusOK {
		t.Errorf("%d", w.Code)
	}
}
