package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/store"
	"mianshen/internal/web/bureau"
	"mianshen/internal/web/desk"
	"mianshen/internal/web/once"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/receive"
)

// own is a server of an official over a store of its own, which the test may change.
func own(t *testing.T) *Server {
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
	var ticks atomic.Int64 // no two orders come at one instant
	server, _ := served(t, func(c *Config) {
		c.Office, c.Demo = office, false
		c.Clock = func() time.Time { return later.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }
	})
	as(t, server, "li")
	return server
}

// answered sends a request and decodes the answer; any other status than want fails the test.
func answered[T any](t *testing.T, s *Server, method, path, body string, want int, headers ...string) T {
	t.Helper()
	if method == http.MethodPost && strings.HasPrefix(body, "{") {
		headers = append(headers, "Content-Type", "application/json")
	}
	w := send(s, method, path, body, headers)
	if w.Code != want {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	var out T
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
	}
	return out
}

// to is the address of a delivery of premiums.
func to(change map[string]string) string {
	q := url.Values{"source": {"区人社局"}, "period": {"2024"}, "purpose": {"免申即享政策比对"}, "legal_basis": {"数据共享协议第5条"}, "file": {"失业保险费.csv"}}
	for name, value := range change {
		q.Set(name, value)
	}
	return "/api/v1/deliveries?" + q.Encode()
}

func body(t *testing.T, s *Server, factor int) string {
	t.Helper()
	list, err := s.cfg.Office.Store.SearchEnterprises(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return string(premiums(list, factor))
}

func TestDeliver(t *testing.T) {
	s := own(t)
	data := body(t, s, 1)
	first := answered[bureau.DeliveryDetail](t, s, http.MethodPost, to(nil), data, http.StatusCreated, "Content-Type", "text/csv")
	if first.State != "accepted" || first.Rows != 100 || len(first.Report.Columns) != 3 || first.Missing == nil || *first.Missing != "5.0" || first.ReceivedBy != "区经委 李工" {
		t.Fatalf("%+v", first)
	}
	if again := answered[bureau.DeliveryDetail](t, s, http.MethodPost, to(nil), data, http.StatusOK, "Content-Type", "text/csv"); again.ID != first.ID {
		t.Errorf("the same data is another delivery: %s", again.ID)
	}
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	_ = m.WriteField("note", "先看这一项")
	part, err := m.CreateFormFile("file", "失业保险费.csv")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte(data))
	_ = m.Close()
	if again := answered[bureau.DeliveryDetail](t, s, http.MethodPost, to(nil), form.String(), http.StatusOK, "Content-Type", m.FormDataContentType()); again.ID != first.ID {
		t.Errorf("the same data in a form is another delivery: %s", again.ID)
	}

	held := answered[bureau.DeliveryDetail](t, s, http.MethodPost, to(nil), body(t, s, 10_000), http.StatusCreated, "Content-Type", "text/csv")
	if held.State != "held" || held.Against != first.ID || len(held.Jumps) == 0 || held.Jumps[0].Kind != "unit" || !strings.Contains(held.Reason, "单位") {
		t.Errorf("%+v", held)
	}
	broken := strings.Replace(data, "12000", "一万二", 1)
	p := answered[problem.Problem](t, s, http.MethodPost, to(nil), broken, http.StatusUnprocessableEntity, "Content-Type", "text/csv")
	if len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Location, "失业保险费.csv:2:B（实缴失业保险费(元)）") || !strings.Contains(p.Errors[0].Message, "一万二") {
		t.Errorf("%+v", p)
	}
	for name, value := range map[string]string{"source": "区某局", "period": "去年", "purpose": " ", "complete": "是", "table": "没有", "sort": "up"} {
		p := answered[problem.Problem](t, s, http.MethodPost, to(map[string]string{name: value}), data, http.StatusUnprocessableEntity)
		if len(p.Errors) != 1 || p.Errors[0].Location != "query."+name {
			t.Errorf("%s=%s: %+v", name, value, p)
		}
	}
	if w := send(s, http.MethodPost, to(nil), "", nil); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("nothing was taken for data: %d", w.Code)
	}
	if w := send(s, http.MethodPost, to(nil), form.String()[:form.Len()/2], []string{"Content-Type", m.FormDataContentType()}); w.Code != http.StatusBadRequest {
		t.Errorf("half a form: %d %s", w.Code, w.Body)
	}
}

func TestStandings(t *testing.T) {
	s := own(t)
	d := answered[bureau.DeliveryDetail](t, s, http.MethodPost, to(nil), body(t, s, 1), http.StatusCreated)
	path := "/api/v1/deliveries/" + d.ID + "/standing"
	out := answered[bureau.DeliveryDetail](t, s, http.MethodPost, path, `{"state":"quarantined","reason":"疑似旧数据"}`, http.StatusOK)
	if out.State != "quarantined" || len(out.Standings) != 2 || out.Standings[1].By != "区经委 李工" || out.Standings[1].Reason != "疑似旧数据" {
		t.Fatalf("%+v", out)
	}
	answered[bureau.DeliveryDetail](t, s, http.MethodPost, path, `{"state":"accepted","reason":"核对过，没有错"}`, http.StatusOK)
	answered[bureau.DeliveryDetail](t, s, http.MethodPost, path, `{"state":"withdrawn","reason":"部门撤回"}`, http.StatusOK)
	if p := answered[problem.Problem](t, s, http.MethodPost, path, `{"state":"accepted","reason":"再用"}`, http.StatusConflict); !strings.Contains(p.Detail, "撤回的不能再改") {
		t.Errorf("%+v", p)
	}
	for _, wrong := range []string{`{"state":"held","reason":"x"}`, `{"state":"accepted","reason":""}`, `{"state":"accepted"}`, `{"state":"accepted","reason":"x","by":"别人"}`, `{"State":"accepted","reason":"x"}`} {
		answered[problem.Problem](t, s, http.MethodPost, path, wrong, http.StatusUnprocessableEntity)
	}
	for _, wrong := range []string{`{"state":"accepted","state":"withdrawn","reason":"x"}`, `{"state":"accepted","reason":"x"} {}`, `{`, strings.Repeat(`{"a":`, 30)} {
		p := answered[problem.Problem](t, s, http.MethodPost, path, wrong, http.StatusBadRequest)
		if len(p.Errors) == 0 && p.Detail == "" {
			t.Errorf("%s: %+v", wrong, p)
		}
	}
	list := answered[bureau.DeliveryList](t, s, http.MethodGet, "/api/v1/deliveries?state=withdrawn", "", http.StatusOK)
	if len(list.Deliveries) != 1 || list.Deliveries[0].ID != d.ID {
		t.Errorf("%+v", list)
	}
}

func TestUploads(t *testing.T) {
	s := own(t)
	data := body(t, s, 1)
	u := answered[receive.Upload](t, s, http.MethodPost, "/api/v1/uploads", fmt.Sprintf(`{"file":"../失业保险费.csv","total":%d}`, len(data)), http.StatusOK)
	if u.File != "失业保险费.csv" || u.Offset != 0 {
		t.Fatalf("%+v", u)
	}
	path := "/api/v1/uploads/" + u.ID
	piece := func(from, until, want int) string {
		t.Helper()
		w := send(s, http.MethodPatch, path, data[from:until], []string{"Upload-Offset", strconv.Itoa(from)})
		if w.Code != want {
			t.Fatalf("piece %d to %d: %d %s", from, until, w.Code, w.Body)
		}
		return w.Header().Get("Upload-Offset")
	}
	half := len(data) / 2
	piece(0, half, http.StatusNoContent)
	piece(0, half, http.StatusNoContent) // sent again
	if at := piece(half+1, len(data), http.StatusConflict); at != strconv.Itoa(half) {
		t.Errorf("gone on with from %s, want %d", at, half)
	}
	answered[problem.Problem](t, s, http.MethodPost, to(map[string]string{"upload": u.ID}), "", http.StatusConflict)
	piece(half, len(data), http.StatusNoContent)
	if got := answered[receive.Upload](t, s, http.MethodGet, path, "", http.StatusOK); got.Offset != int64(len(data)) {
		t.Errorf("%+v", got)
	}

	foreign, _ := served(t, func(c *Config) { c.Office, c.Demo, c.Clock = s.cfg.Office, false, s.cfg.Clock })
	as(t, foreign, "zhao")
	for _, w := range []int{
		send(foreign, http.MethodGet, path, "", nil).Code, send(foreign, http.MethodPatch, path, "x", []string{"Upload-Offset", "0"}).Code,
		send(foreign, http.MethodPost, to(map[string]string{"upload": u.ID}), "", nil).Code,
	} {
		if w != http.StatusNotFound {
			t.Errorf("somebody else's upload answers %d", w)
		}
	}
	d := answered[bureau.DeliveryDetail](t, s, http.MethodPost, to(map[string]string{"upload": u.ID}), "", http.StatusCreated)
	if d.Rows != 100 || d.File != "失业保险费.csv" {
		t.Errorf("%+v", d)
	}
	if _, err := s.cfg.Office.Store.Upload(t.Context(), u.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the upload is still there: %v", err)
	}
	if w := send(s, http.MethodPatch, path, "x", []string{"Upload-Offset", "-1"}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("offset -1: %d", w.Code)
	}
}

func TestKeys(t *testing.T) {
	s := own(t)
	begin := func(key, file string) (int, receive.Upload) {
		w := send(s, http.MethodPost, "/api/v1/uploads", `{"file":"`+file+`"}`, []string{"Content-Type", "application/json", once.Header, key})
		var u receive.Upload
		_ = json.Unmarshal(w.Body.Bytes(), &u)
		return w.Code, u
	}
	_, first := begin("k-1", "a.csv")
	if code, again := begin("k-1", "a.csv"); code != http.StatusOK || again.ID != first.ID || again.ID == "" {
		t.Errorf("%d, %s, first %s", code, again.ID, first.ID)
	}
	if code, _ := begin("k-1", "b.csv"); code != http.StatusUnprocessableEntity {
		t.Errorf("another order under a key that was used: %d", code)
	}
	if _, other := begin("k-2", "a.csv"); other.ID == first.ID {
		t.Error("another key is the same order")
	}
	if code, _ := begin("k-3", ""); code != http.StatusUnprocessableEntity {
		t.Errorf("%d", code)
	}
	if code, _ := begin("k-3", "a.csv"); code != http.StatusOK {
		t.Errorf("a refusal was kept: %d", code)
	}
	ids, wait := make([]string, 8), sync.WaitGroup{}
	for i := range ids {
		wait.Go(func() {
			for code := http.StatusConflict; code == http.StatusConflict; {
				var u receive.Upload
				code, u = begin("k-4", "a.csv")
				ids[i] = u.ID
			}
		})
	}
	wait.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Errorf("one key, several uploads: %q", ids)
			break
		}
	}
}

func TestSweepAPI(t *testing.T) {
	s, sample := served(t, nil)
	w := read[bureau.SweepDetail](t, s, fmt.Sprintf("/api/v1/sweeps/%d", sample.sweep.ID), http.StatusOK)
	if w.Done != w.Shards || w.Previous != 1 || len(w.Items) < 60 || !w.Effective || len(w.Turns) == 0 {
		t.Fatalf("%+v", w)
	}
	counted, eligible := int64(0), int64(0)
	for _, c := range w.Turns {
		counted += c.Enterprises
	}
	for _, it := range w.Items {
		eligible += it.Eligible
	}
	if eligible != w.Totals.Eligible {
		t.Errorf("items come to %d, the comparison to %d", eligible, w.Totals.Eligible)
	}
	var all []bureau.Difference
	for cursor, n := "", 0; n < 100; n++ {
		page := read[bureau.DifferenceList](t, s, fmt.Sprintf("/api/v1/sweeps/%d/differences?limit=50&cursor=%s", w.ID, cursor), http.StatusOK)
		all = append(all, page.Differences...)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	seen := map[string]bool{}
	for _, d := range all {
		seen[d.Decision] = true
	}
	if int64(len(all)) != counted || len(seen) != len(all) {
		t.Errorf("%d differences in pages, %d of them different, %d counted", len(all), len(seen), counted)
	}
	d := all[0]
	why := read[struct{ Outcome string }](t, s, "/api/v1/decisions/"+d.Decision, http.StatusOK)
	if why.Outcome != string(d.Now) || d.Enterprise.Name == "" {
		t.Errorf("%+v explains as %s", d, why.Outcome)
	}
	only := read[bureau.DifferenceList](t, s, fmt.Sprintf("/api/v1/sweeps/%d/differences?turn=amount&item=%s", w.ID, d.Item), http.StatusOK)
	for _, x := range only.Differences {
		if x.Turn != "amount" || x.Item != d.Item || x.Before == nil || x.After == nil {
			t.Errorf("%+v", x)
		}
	}
	for path, status := range map[string]int{
		"/api/v1/sweeps/99": http.StatusNotFound, "/api/v1/sweeps/0": http.StatusUnprocessableEntity,
		"/api/v1/sweeps/2/differences?turn=up": http.StatusUnprocessableEntity, "/api/v1/sweeps/2/differences?cursor=" + desk.CursorOf("x"): http.StatusUnprocessableEntity,
	} {
		read[problem.Problem](t, s, path, status)
	}
}

// TestRelease lets a department take its data back: so many results change that a person has to look.
func TestRelease(t *testing.T) {
	s := own(t)
	list := answered[bureau.DeliveryList](t, s, http.MethodGet, "/api/v1/deliveries?source="+url.QueryEscape("区市场监管局")+"&limit=100", "", http.StatusOK)
	for _, d := range list.Deliveries {
		answered[bureau.DeliveryDetail](t, s, http.MethodPost, "/api/v1/deliveries/"+d.ID+"/standing", `{"state":"withdrawn","reason":"部门撤回"}`, http.StatusOK)
	}
	held, err := s.cfg.Office.Sweep(t.Context(), casework.SweepRequest{AsOf: demo.AsOf(), Now: later.Add(time.Hour)}, nil)
	if err != nil || held.Status != store.Held {
		t.Fatalf("%+v, %v", held, err)
	}
	path := fmt.Sprintf("/api/v1/sweeps/%d", held.ID)
	if w := answered[bureau.SweepDetail](t, s, http.MethodGet, path, "", http.StatusOK); w.Effective || !strings.Contains(w.Note, "核对") || len(w.Turns) == 0 {
		t.Errorf("%+v", w)
	}
	out := answered[bureau.SweepDetail](t, s, http.MethodPost, path+"/release", `{"accept":false,"note":"数据撤错了"}`, http.StatusOK)
	if out.Status != "failed" || out.By != "区经委 李工" || out.Why != "数据撤错了" || out.Released == "" {
		t.Errorf("%+v", out)
	}
	answered[bureau.SweepDetail](t, s, http.MethodPost, path+"/release", `{"accept":false,"note":"数据撤错了"}`, http.StatusOK)
	answered[problem.Problem](t, s, http.MethodPost, path+"/release", `{"accept":true,"note":"再想想"}`, http.StatusConflict)
	answered[problem.Problem](t, s, http.MethodPost, path+"/release", `{"accept":true}`, http.StatusUnprocessableEntity)
}

func TestSimulationAPI(t *testing.T) {
	s, sample := served(t, nil)
	x := simulated(t, s)
	order := func(body any) string {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	type m = map[string]any
	vary := m{"name": x.name, "from": x.from, "to": x.to, "budget": "10000.00"}
	edits := []m{{"what": "value", "value": x.name, "text": x.set}}
	got := answered[bureau.Simulation](t, s, http.MethodPost, "/api/v1/simulations", order(m{"item": x.item, "vary": vary, "edits": edits}), http.StatusOK)
	c := got.Curve
	if c == nil || len(got.Effects) == 0 || got.Effects[0].Item != x.item || got.Sweep != sample.sweep.ID {
		t.Fatalf("%+v", got)
	}
	e, last := got.Effects[0], c.Steps[len(c.Steps)-1]
	if e.Before.Eligible != c.Present.Enterprises || e.After.Eligible != last.Enterprises || e.After.Money != last.Money {
		t.Errorf("the curve says %+v to %+v, the comparison %+v to %+v", c.Present, last, e.Before, e.After)
	}
	for _, example := range e.LeftExamples {
		if got.Names[example.Enterprise] == "" || example.Reason == "" {
			t.Errorf("%+v", example)
		}
	}
	for body, says := range map[string]string{
		order(m{"item": x.item}):               "没有说明改什么",
		order(m{"item": "none", "vary": vary}): "没有事项",
		order(m{"item": x.item, "vary": m{"name": x.name, "from": "很多", "to": "1"}}):                                                          "很多",
		order(m{"item": x.item, "edits": []m{{"what": "condition", "condition": "none", "text": "真"}}}):                                       "none",
		order(m{"item": x.item, "edits": []m{{"what": "amount", "text": strings.Repeat("(", 5000)}}}):                                         "",
		order(m{"item": x.item, "edits": []m{{"what": "value", "value": x.name, "text": "-1"}}, "vary": m{"name": "", "from": "", "to": ""}}): "",
	} {
		p := answered[problem.Problem](t, s, http.MethodPost, "/api/v1/simulations", body, http.StatusUnprocessableEntity)
		if !strings.Contains(p.Detail, says) {
			t.Errorf("%.100s: %s", body, p.Detail)
		}
	}
}

// TestEveryProposalWorks tries every number that the page offers, over the span that it proposes.
func TestEveryProposalWorks(t *testing.T) {
	s, _ := served(t, nil)
	choices, err := s.bureau.Choices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tried, open := 0, 0
	for i, c := range choices {
		dials, err := s.bureau.Dials(t.Context(), c.Item)
		if err != nil {
			t.Fatal(err)
		}
		for j, d := range dials {
			if d.From == "" {
				open++
				continue
			}
			if (i+j)%20 > 0 { // a few of every kind
				continue
			}
			tried++
			in := &bureau.Simulate{}
			in.Body.Item, in.Body.Vary = c.Item, &bureau.Vary{Name: d.Name, From: d.From, To: d.To}
			if _, err := s.bureau.Simulate(t.Context(), in); err != nil {
				t.Errorf("%s, %s from %s to %s: %v", c.Item, d.Name, d.From, d.To, err)
			}
		}
	}
	t.Logf("%d numbers tried, %d without a span", tried, open)
	if tried < 8 {
		t.Error("too few numbers to vary")
	}
}

func TestReports(t *testing.T) {
	s, _ := served(t, nil)
	r := read[bureau.ReadinessReport](t, s, "/api/v1/reports/readiness", http.StatusOK)
	if r.Counts.Ready+r.Counts.Data+r.Counts.Clause != r.Total || r.Total != len(r.Items) || r.Counts.Ready == 0 || r.Counts.Clause == 0 {
		t.Errorf("%+v", r.Counts)
	}
	clause := read[bureau.ReadinessReport](t, s, "/api/v1/reports/readiness?verdict=clause", http.StatusOK)
	if len(clause.Items) != r.Counts.Clause || clause.Counts != r.Counts {
		t.Errorf("%d items, %+v", len(clause.Items), clause.Counts)
	}
	g := read[bureau.GapsReport](t, s, "/api/v1/reports/gaps", http.StatusOK)
	alone := int64(0)
	for _, w := range g.Parties {
		alone += int64(w.Alone.Held)
	}
	if g.Whole.Pairs == 0 || alone > int64(g.Whole.Held) {
		t.Errorf("%+v, alone %d", g.Whole, alone)
	}
	sweep := read[bureau.SweepDetail](t, s, fmt.Sprintf("/api/v1/sweeps/%d", g.Sweep), http.StatusOK)
	if int64(g.Whole.Pairs) != sweep.Totals.Unknown {
		t.Errorf("%d pairs are waited for, %d are unknown", g.Whole.Pairs, sweep.Totals.Unknown)
	}
	empty, err := store.Open(t.Context(), "sqlite://"+t.TempDir()+"/empty.db")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = empty.Close() }()
	none, _ := served(t, func(c *Config) { c.Office, c.Searcher = casework.New(empty), slow{} })
	for _, path := range []string{"/api/v1/reports/gaps", "/api/v1/reports/readiness", "/readiness", "/gaps", "/simulation"} {
		if w := call(none, path); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "还没有发布政策或完成比对") {
			t.Errorf("%s before anything was compared: %d", path, w.Code)
		}
	}
	for path, words := range map[string]string{"/deliveries": "还没有收到数据", "/sweeps": "还没有比对过"} {
		if w := call(none, path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), words) {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
