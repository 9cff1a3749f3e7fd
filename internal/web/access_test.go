package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestEveryRouteDeclaresWhoMayCallIt(t *testing.T) {
	e := echo.New()
	nothing := func(echo.Context) error { return nil }
	e.GET("/open", nothing)
	e.POST("/forgotten", nothing)
	err := declared(e, map[string]Access{"GET /open": Public, "GET /gone": Sample})
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
	if err := declared(e, map[string]Access{"GET /open": Public, "POST /forgotten": Sample}); err != nil {
		t.Error(err)
	}
}

// TestAccess calls every route of the table as each role: nobody gets past the table, and nothing in it is closed to those
// whom it names.
func TestAccess(t *testing.T) {
	demo, s := served(t, nil)
	closedServer, _ := served(t, func(c *Config) { c.Demo = false })
	firm := anyFirm(t, demo)
	decision := read[matchesJSON](t, demo, "/api/v1/enterprises/"+firm+"/matches", http.StatusOK).Matches[0].Decision
	fill := strings.NewReplacer(":uscc", firm, "/decisions/:id", "/decisions/"+decision, "/policies/:id", "/policies/qp-rs-wengang",
		"/items/:id", "/items/a-wengang-fanhuan", ":file", "none.css")
	if s.sweep.ID == 0 {
		t.Fatal("nothing was compared")
	}
	for key, a := range access {
		_, path, _ := strings.Cut(key, " ")
		for _, c := range []struct {
			role   Role
			server http.Handler
		}{{DemoVisitor, demo}, {Visitor, closedServer}} {
			got := call(c.server, fill.Replace(path)).Code
			if refused := got == http.StatusUnauthorized; refused == a.Allows(c.role) {
				t.Errorf("%s as role %d: %d, allowed: %v", key, c.role, got, a.Allows(c.role))
			}
		}
	}
	for _, path := range []string{"/api/v1/search?enterprise=" + firm, "/?enterprise=" + firm} {
		if got := call(closedServer, path).Code; got != http.StatusUnauthorized {
			t.Errorf("%s tells of an enterprise: %d", path, got)
		}
	}
	if body := call(closedServer, "/").Body.String(); strings.Contains(body, "/enterprises") || strings.Contains(body, "示例数据") {
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
