package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
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
	err := declared(e, map[string]Access{"GET /open": public, "GET /gone": inside})
	if err == nil {
		t.Fatal("an undeclared route was accepted")
	}
	for _, want := range []string{"route POST /forgotten has no declared access", "access is declared for GET /gone, which is no route"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %q", want, err)
		}
	}
	if err := declared(e, map[string]Access{"GET /open": public, "POST /forgotten": {}}); err == nil {
		t.Error("a route that nobody may call counts as declared")
	}
	if err := declared(e, map[string]Access{"GET /open": public, "POST /forgotten": inside}); err != nil {
		t.Error(err)
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

// anyDelivery is a delivery of a department that counts.
func anyDelivery(t *testing.T, s *Server, source string) string {
	t.Helper()
	list := read[bureau.DeliveryList](t, s, "/api/v1/deliveries?state=accepted&source="+url.QueryEscape(source), http.StatusOK)
	if len(list.Deliveries) == 0 {
		t.Fatal("nothing was delivered by", source)
	}
	return list.Deliveries[0].ID
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

// TestSearchForAnEnterprise: what an item means for an enterprise is for those who may see it, and the menu leads nobody to what is
// closed to him.
func TestSearchForAnEnterprise(t *testing.T) {
	s, _ := served(t, func(c *Config) { c.Demo = false })
	own, other := people()[0].Holdings[0].Scope, ""
	samples, err := s.desk.Samples(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range samples {
		if e.USCC != own {
			other = e.USCC
		}
	}
	for login, want := range map[string][2]int{
		"": {http.StatusUnauthorized, http.StatusUnauthorized}, "E1": {http.StatusOK, http.StatusNotFound}, "AU": {http.StatusOK, http.StatusOK},
		"SA": {http.StatusNotFound, http.StatusNotFound}, "person": {http.StatusNotFound, http.StatusNotFound},
	} {
		signed.Delete(s)
		if login != "" {
			as(t, s, login)
		}
		for i, uscc := range []string{own, other} {
			for _, path := range []string{"/api/v1/search?enterprise=", "/?enterprise="} {
				if got := call(s, path+uscc).Code; got != want[i] {
					t.Errorf("%s%s as %q: %d, want %d", path, uscc, login, got, want[i])
				}
			}
		}
		body := call(s, "/").Body.String()
		for place, shown := range map[string]bool{
			`href="/enterprises"`: login == "AU", `href="/deliveries"`: login == "AU", `href="/persons"`: login == "AU" || login == "SA",
			`href="/enterprises/` + own + `"`: login == "E1", `href="/signin"`: login == "", "示例数据": false,
		} {
			if strings.Contains(body, place) != shown {
				t.Errorf("%s in the menu of %q: %v", place, login, !shown)
			}
		}
	}
}
