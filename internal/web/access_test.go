package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"mianshen/internal/web/bureau"
)

func TestEveryRouteDeclaresWhoMayCallIt(t *testing.T) {
	e := echo.New()
	nothing := func(echo.Context) error { return nil }
	e.GET("/open", nothing)
	e.POST("/forgotten", nothing)
	err := declared(e, map[string]Access{"GET /open": Public, "GET /gone": Inside})
	if err == nil {
		t.Fatal("an undeclared route was accepted")
	}
	for _, want := range []string{"route POST /forgotten has no declared access", "access is declared for GET /gone, which is no route"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %q", want, err)
		}
	}
	if err := declared(e, map[string]Access{"GET /open": Public, "POST /forgotten": 0}); err == nil {
		t.Error("a route that nobody may call counts as declared")
	}
	if err := declared(e, map[string]Access{"GET /open": Public, "POST /forgotten": Inside}); err != nil {
		t.Error(err)
	}
}

// TestAccess calls every route of the table as each role: nobody gets past the table, and nothing in it is closed to those
// whom it names.
func TestAccess(t *testing.T) {
	demo, s := served(t, nil)
	closedServer, _ := served(t, func(c *Config) { c.Demo = false })
	office, _ := served(t, func(c *Config) { c.Demo, c.Callers = false, as("区经委 李工") })
	firm := anyFirm(t, demo)
	decision := read[matchesJSON](t, demo, "/api/v1/enterprises/"+firm+"/matches", http.StatusOK).Matches[0].Decision
	delivery := anyDelivery(t, demo)
	fill := strings.NewReplacer(":uscc", firm, "/decisions/:id", "/decisions/"+decision, "/policies/:id", "/policies/qp-rs-wengang",
		"/items/:id", "/items/a-wengang-fanhuan", ":file", "none.css", "/deliveries/:id", "/deliveries/"+delivery, "/sweeps/:id", "/sweeps/1", "/uploads/:id", "/uploads/none")
	if s.sweep.ID == 0 {
		t.Fatal("nothing was compared")
	}
	for key, a := range access {
		method, path, _ := strings.Cut(key, " ")
		for _, c := range []struct {
			role   Role
			server http.Handler
		}{{DemoVisitor, demo}, {Visitor, closedServer}, {Official, office}} {
			got := send(c.server, method, fill.Replace(path), "", nil).Code
			if refused := got == http.StatusUnauthorized || got == http.StatusForbidden; refused == a.Allows(c.role) {
				t.Errorf("%s as role %d: %d, allowed: %v", key, c.role, got, a.Allows(c.role))
			}
			if got == http.StatusMethodNotAllowed || got >= http.StatusInternalServerError {
				t.Errorf("%s as role %d: %d", key, c.role, got)
			}
		}
	}
	for _, path := range []string{"/api/v1/search?enterprise=" + firm, "/?enterprise=" + firm} {
		if got := call(closedServer, path).Code; got != http.StatusUnauthorized {
			t.Errorf("%s tells of an enterprise: %d", path, got)
		}
	}
	if body := call(closedServer, "/").Body.String(); strings.Contains(body, "/enterprises") || strings.Contains(body, "/deliveries") || strings.Contains(body, "示例数据") {
		t.Error("the page leads to what is closed")
	}
}

// anyFirm is the enterprise that the samples show first.
func anyFirm(t *testing.T, s *Server) string {
	t.Helper()
	list, err := s.desk.Samples(t.Context(), 1)
	if err != nil || len(list) == 0 {
		t.Fatal("no sample enterprise", err)
	}
	return list[0].USCC
}

// anyDelivery is the delivery that came last and counts.
func anyDelivery(t *testing.T, s *Server) string {
	t.Helper()
	list := read[bureau.DeliveryList](t, s, "/api/v1/deliveries?state=accepted", http.StatusOK)
	if len(list.Deliveries) == 0 {
		t.Fatal("nothing was delivered")
	}
	return list.Deliveries[0].ID
}

// as makes every caller an official of that name.
func as(name string) func(*http.Request) (Caller, bool) {
	return func(*http.Request) (Caller, bool) { return Caller{Name: name, Role: Official}, true }
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("a server without an office was built")
	}
}

func TestMethodsAndMissing(t *testing.T) {
	s, _ := served(t, nil)
	for _, c := range []struct {
		method, path string
		want         int
		program      bool
	}{
		{http.MethodGet, "/api/v1/nothing", http.StatusNotFound, true},
		{http.MethodDelete, "/api/v1/policies", http.StatusMethodNotAllowed, true},
		{http.MethodGet, "/nothing", http.StatusNotFound, false},
		{http.MethodGet, "/policies/none", http.StatusNotFound, false},
		{http.MethodGet, "/decisions/xyz", http.StatusNotFound, false},
		{http.MethodGet, "/deliveries/xyz", http.StatusNotFound, false},
		{http.MethodGet, "/sweeps/0", http.StatusNotFound, false},
		{http.MethodGet, "/sweeps/99/differences", http.StatusNotFound, false},
		{http.MethodGet, "/enterprises/91310118MA1JP7UB2C", http.StatusNotFound, false},
		{http.MethodHead, "/", http.StatusOK, false},
		{http.MethodHead, "/api/v1/policies", http.StatusOK, true},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(c.method, c.path, http.NoBody))
		if w.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, w.Code, c.want)
		}
		kind := w.Header().Get("Content-Type")
		if c.want >= 400 && c.program != (kind == "application/problem+json") {
			t.Errorf("%s %s: %s", c.method, c.path, kind)
		}
		if c.want == http.StatusNotFound && !c.program && !strings.Contains(w.Body.String(), `href="/"`) {
			t.Errorf("%s: no way back", c.path)
		}
	}
}
