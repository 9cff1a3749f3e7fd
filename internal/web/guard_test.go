package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mianshen/index"
	"mianshen/internal/web/door"
	"mianshen/internal/web/problem"
	"mianshen/internal/web/receive"
	"mianshen/internal/web/source"
)

func TestHeaders(t *testing.T) {
	s, _ := served(t, nil)
	for _, path := range []string{"/", "/nothing", "/api/v1/search", "/api/v1/nothing", "/metrics"} {
		h := call(s, path).Header()
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestNoScriptOrStyleInPages(t *testing.T) {
	s, _ := served(t, nil)
	firm := anyFirm(t, s)
	for _, path := range []string{
		"/", "/?q=%E8%A1%A5%E8%B4%B4", "/enterprises", "/enterprises/" + firm, "/policies/qp-rs-wengang", "/nothing", "/deliveries",
		"/deliveries/" + anyDelivery(t, s, "区人社局"), "/sweeps", "/sweeps/2", "/sweeps/2/differences", "/readiness", "/gaps", "/simulation?item=" + simulated(t, s).item,
	} {
		body := strings.ToLower(call(s, path).Body.String())
		for _, bad := range []string{"<style", " style=", "<script>", " onclick=", "javascript:", "//cdn"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
	}
}

func TestWhatIsTypedIsNeverMarkup(t *testing.T) {
	s, _ := served(t, nil)
	item := simulated(t, s).item
	const evil = `%3Cscript%3Ealert(1)%3C/script%3E%22%20onfocus=%22x`
	for _, path := range []string{"/?q=" + evil, "/?q=x&department=" + evil, "/enterprises?find=" + evil + "&q=" + evil, "/policies/" + evil, "/simulation?item=" + evil, "/deliveries?state=" + evil, "/sweeps/2/differences?item=" + evil + "&turn=" + evil, "/simulation?item=" + item + "&from=1&to=" + evil + "&set=" + evil + "&budget=" + evil} {
		body := call(s, path).Body.String()
		if strings.Contains(body, "<script>alert") || strings.Contains(body, `" onfocus="x`) {
			t.Errorf("%s came back as markup", path)
		}
	}
}

func TestCaps(t *testing.T) {
	s, _ := served(t, nil)
	problemOf := func(r *http.Request) (int, problem.Problem) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var p problem.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatalf("%s: %v: %s", r.URL.Path, err, w.Body)
		}
		return w.Code, p
	}
	long := httptest.NewRequest(http.MethodGet, "/api/v1/search?q="+strings.Repeat("a", maxTarget), http.NoBody)
	if code, p := problemOf(long); code != http.StatusRequestEntityTooLarge || p.Title != "请求太大" {
		t.Errorf("long address: %d %v", code, p)
	}
	large := httptest.NewRequest(http.MethodGet, "/api/v1/search", bytes.NewReader(make([]byte, maxBody+1)))
	if code, _ := problemOf(large); code != http.StatusRequestEntityTooLarge {
		t.Errorf("large body: %d", code)
	}
	office, _ := served(t, func(c *Config) { c.Demo = false })
	as(t, office, "li")
	for method, path := range map[string]string{http.MethodPost: "/api/v1/deliveries", http.MethodPatch: "/api/v1/uploads/x"} {
		r := httptest.NewRequest(method, path, http.NoBody)
		r.ContentLength = allowances[strings.TrimSuffix(method+" "+path, "x")+map[bool]string{true: ":id"}[method == http.MethodPatch]].body + 1
		w := httptest.NewRecorder()
		office.ServeHTTP(w, r)
		if w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s of %d bytes: %d", method, path, r.ContentLength, w.Code)
		}
	}
	query := httptest.NewRequest(http.MethodGet, "/api/v1/search?q="+strings.Repeat("a", 201), http.NoBody)
	if code, p := problemOf(query); code != http.StatusUnprocessableEntity || len(p.Errors) != 1 || p.Errors[0].Message != "最多 200 个字" {
		t.Errorf("long query: %d %+v", code, p)
	}
	foreign := httptest.NewRequest(http.MethodPost, "/api/v1/search", http.NoBody)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	if code, _ := problemOf(foreign); code != http.StatusForbidden {
		t.Errorf("cross-site write: %d", code)
	}
}

func TestRate(t *testing.T) {
	now := received
	s, _ := served(t, func(c *Config) {
		c.Rate = source.Rate{PerSecond: 1, Burst: 3}
		c.Clock = func() time.Time { return now }
	})
	ask := func(from string) int {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/policies?limit=1", http.NoBody)
		r.RemoteAddr = from
		r.Header.Set("X-Forwarded-For", "203.0.113.99") // believed only from proxies that are named
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests && (w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "太频繁")) {
			t.Errorf("429 without advice: %s", w.Body)
		}
		return w.Code
	}
	for i, want := range []int{200, 200, 200, 429} {
		if got := ask("198.51.100.7:1000"); got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
	if got := ask("198.51.100.8:1000"); got != 200 {
		t.Errorf("another source: %d", got)
	}
	now = now.Add(time.Second)
	if got := ask("198.51.100.7:1000"); got != 200 {
		t.Errorf("after a second: %d", got)
	}
	if got := call(s, "/healthz").Code; got != 200 {
		t.Errorf("health is not limited: %d", got)
	}
}

// TestLongUpload sends a piece more slowly than the server gives others: who may take long is given the time.
func TestLongUpload(t *testing.T) {
	s := own(t)
	u := answered[receive.Upload](t, s, http.MethodPost, "/api/v1/uploads", `{"file":"a.csv"}`, http.StatusOK)
	web := httptest.NewUnstartedServer(front(s))
	web.Config.ReadTimeout, web.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	web.Start()
	defer web.Close()
	for path, want := range map[string]int{"/api/v1/uploads/" + u.ID: http.StatusNoContent, "/api/v1/deliveries/x/standing": 0} {
		body, pen := io.Pipe()
		go func() {
			for range 5 {
				time.Sleep(100 * time.Millisecond)
				_, _ = pen.Write([]byte("{ "))
			}
			_ = pen.Close()
		}()
		method := map[bool]string{true: http.MethodPatch, false: http.MethodPost}[want != 0]
		r, err := http.NewRequestWithContext(t.Context(), method, web.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Upload-Offset", "0")
		r.Header.Set("Content-Type", "application/json")
		got := 0
		if res, err := http.DefaultClient.Do(r); err == nil {
			got = res.StatusCode
			_ = res.Body.Close()
		}
		if want != 0 && got != want || want == 0 && got == http.StatusOK {
			t.Errorf("%s %s: %d", method, path, got)
		}
	}
}

// slow is an index that answers when it is told to, or fails.
type slow struct {
	began, end chan struct{}
	err        error
}

func (s slow) Search(context.Context, index.Query) (index.Result, error) {
	if s.began != nil {
		s.began <- struct{}{}
		<-s.end
	}
	return index.Result{}, s.err
}

func (s slow) Suggest(context.Context, string, int) ([]index.Suggestion, error) { return nil, s.err }

func (s slow) Related(context.Context, string, int) ([]index.Hit, error) { return nil, s.err }

func TestOverload(t *testing.T) {
	blocked := slow{began: make(chan struct{}), end: make(chan struct{})}
	s, _ := served(t, func(c *Config) { c.AtOnce, c.Searcher = 1, blocked })
	var wait sync.WaitGroup
	wait.Go(func() { call(s, "/api/v1/search") })
	<-blocked.began
	w := call(s, "/api/v1/policies")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("overload: %d", w.Code)
	}
	close(blocked.end)
	wait.Wait()
	if got := call(s, "/api/v1/policies").Code; got != http.StatusOK {
		t.Errorf("after overload: %d", got)
	}
}

// TestCrowd sends bodies that never end from one source. It gets half of the places and the others keep theirs.
func TestCrowd(t *testing.T) {
	s, _ := served(t, func(c *Config) { c.AtOnce = 4 })
	from := func(address string, body io.Reader) int {
		r := httptest.NewRequest(http.MethodPost, "/signin", body)
		r.RemoteAddr = address
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
	var wait sync.WaitGroup
	var writers []*io.PipeWriter
	for range 2 {
		body, writer := io.Pipe()
		writers = append(writers, writer)
		wait.Go(func() { from("198.51.100.7:1000", body) })
		_, _ = writer.Write([]byte("login=a")) // returns once the handler has begun to read
	}
	if code := from("198.51.100.7:1001", strings.NewReader("login=a")); code != http.StatusTooManyRequests {
		t.Errorf("a third of the same source: %d", code)
	}
	if code := from("198.51.100.8:1000", strings.NewReader("login=a")); code != http.StatusUnprocessableEntity {
		t.Errorf("another source: %d", code)
	}
	for _, w := range writers {
		_ = w.Close()
	}
	wait.Wait()
	if code := from("198.51.100.7:1002", strings.NewReader("login=a")); code != http.StatusUnprocessableEntity {
		t.Errorf("afterwards: %d", code)
	}
}

// TestHeavy holds that large bodies, which are read whole, come few at once, and of one person fewer; small ones aren't held up.
func TestHeavy(t *testing.T) {
	s, _ := served(t, nil)
	from := func(login string, body io.Reader) int {
		cookie, err := s.cfg.Persons.AsDemo(t.Context(), login, s.cfg.Clock())
		if err != nil {
			t.Error(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/api/v1/granted/files", body) // of a pipe: of unknown length
		r.Header.Set("Content-Type", "application/json")
		r.AddCookie(&http.Cookie{Name: door.Cookie, Value: cookie})
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
	var wait sync.WaitGroup
	var writers []*io.PipeWriter
	for range 2 {
		body, writer := io.Pipe()
		writers = append(writers, writer)
		wait.Go(func() { from("D1", body) })
		_, _ = writer.Write([]byte("{")) // returns once the handler has begun to read
	}
	body, writer := io.Pipe()
	go func() { _, _ = writer.Write([]byte("{")); _ = writer.Close() }()
	if code := from("D1", body); code != http.StatusTooManyRequests {
		t.Errorf("a third large one of the same person: %d", code)
	}
	_ = body.Close()
	if code := from("D1", strings.NewReader("{}")); code != http.StatusUnprocessableEntity {
		t.Errorf("a small one: %d", code)
	}
	for _, w := range writers {
		_ = w.Close()
	}
	wait.Wait()
}

func TestInsideStaysInside(t *testing.T) {
	var logged bytes.Buffer
	s, _ := served(t, func(c *Config) {
		c.Searcher = slow{err: errors.New("disk sector 42 is bad")}
		c.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	})
	for _, path := range []string{"/api/v1/search?q=secret", "/?q=secret"} {
		w := call(s, path)
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "sector") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := call(s, "/policies/qp-rs-wengang"); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "相关政策") {
		t.Errorf("a policy can't be read without an index: %d", w.Code)
	}
	if !strings.Contains(logged.String(), "sector 42") || strings.Contains(logged.String(), "secret") {
		t.Errorf("log: %s", &logged)
	}
	late, _ := served(t, func(c *Config) { c.Searcher = slow{err: context.DeadlineExceeded} })
	if w := call(late, "/api/v1/search"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "用时太长") {
		t.Errorf("late: %d %s", w.Code, w.Body)
	}
	if w := call(late, "/?q=x"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "用时太长") {
		t.Errorf("late page: %d", w.Code)
	}
}

func TestMetricsNameRoutesOnly(t *testing.T) {
	s, _ := served(t, nil)
	firm := anyFirm(t, s)
	call(s, "/enterprises/"+firm)
	call(s, "/made/up/"+firm)
	body := call(s, "/metrics").Body.String()
	if !strings.Contains(body, `mianshen_http_requests_total{method="GET",route="/enterprises/:uscc",status="200"} 1`) {
		t.Errorf("not counted: %s", body)
	}
	if strings.Contains(body, firm) || strings.Contains(body, "made") {
		t.Error("a label was made up by a caller")
	}
}

func TestServeStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	slowly := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop()
		time.Sleep(50 * time.Millisecond)
		w.WriteHeader(http.StatusNoContent)
	})
	status := make(chan int, 1)
	err := Serve(ctx, "127.0.0.1:0", slowly, nil, func(a net.Addr) {
		go func() {
			res, err := http.Get("http://" + a.String())
			if err != nil {
				status <- 0
				return
			}
			_ = res.Body.Close()
			status <- res.StatusCode
		}()
	})
	if err != nil {
		t.Error(err)
	}
	if got := <-status; got != http.StatusNoContent {
		t.Errorf("the request under way got %d", got)
	}
	if err := Serve(t.Context(), "256.0.0.1:1", slowly, nil, nil); err == nil {
		t.Error("an impossible address was served")
	}
}
