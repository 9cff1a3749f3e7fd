package web

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"mianshen/internal/persons"
	"mianshen/internal/pgtest"
	"mianshen/internal/web/door"
)

// row is a line of testdata/matrix.txt.
type row struct {
	route, token string
	cells        map[string]byte // by role
}

// readMatrix reads who may call what, as it was written by hand.
func readMatrix(t *testing.T) (list []row) {
	t.Helper()
	file, err := os.Open("testdata/matrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var roles []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 0 || strings.HasPrefix(lines.Text(), "#"):
		case words[0] == "route":
			roles = words[2:]
		case len(words) != len(roles)+3:
			t.Fatalf("%q has %d words, want %d", lines.Text(), len(words), len(roles)+3)
		default:
			r := row{route: words[0] + " " + words[1], token: words[2], cells: map[string]byte{}}
			for i, cell := range words[3:] {
				r.cells[roles[i]] = cell[0]
			}
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		t.Fatal("no matrix", lines.Err())
	}
	return list
}

// matrix is a running server with somebody of each role.
type matrix struct {
	*testing.T
	book         *persons.Book
	closed, demo *Server // one for those who sign in, one of samples
	web, samples *httptest.Server
	client       *http.Client
	newcomer     [2]string         // login and initial password
	kept         map[string]string // cookies by role
	own, foreign filler
	asked        int
}

// filler makes a request of a route, about one's own things or another's.
type filler struct {
	names  *strings.Replacer
	source string
}

// Replace is the request that the route stands for.
func (f filler) Replace(route string) string {
	if route == "POST /api/v1/deliveries" {
		return route + "?source=" + f.source
	}
	return f.names.Replace(route)
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	demo, s := served(t, nil)
	closed, _ := served(t, func(c *Config) { c.Demo = false })
	m := &matrix{T: t, kept: map[string]string{}, book: closed.cfg.Persons, closed: closed, demo: demo, web: httptest.NewServer(closed), samples: httptest.NewServer(demo)}
	t.Cleanup(m.web.Close)
	t.Cleanup(m.samples.Close)
	m.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	cast := people()
	mine := cast[0].Holdings[0].Scope
	list, err := s.office.Store.SearchEnterprises(t.Context(), "", 50)
	if err != nil {
		t.Fatal(err)
	}
	other := ""
	for _, e := range list {
		if e.USCC != mine {
			other = e.USCC
		}
	}
	delivery := func(source string) string { return anyDelivery(t, demo, source) }
	fill := func(uscc, source, list string) filler {
		return filler{strings.NewReplacer(":uscc", uscc, "/decisions/:id", fmt.Sprintf("/decisions/1-a-wengang-fanhuan-%s", uscc), "/policies/:id", "/policies/qp-rs-wengang",
			"/items/:id", "/items/a-wengang-fanhuan", ":file", "none.css", "/deliveries/:id", "/deliveries/"+delivery(source), "/sweeps/:id", "/sweeps/1",
			"/uploads/:id", "/uploads/none", "/lists/:id", "/lists/"+list, ":n", "1"), url.QueryEscape(source)}
	}
	m.own, m.foreign = fill(mine, "区人社局", s.lists[0]), fill(other, "区市场监管局", s.lists[1])
	m.enter()
	return m
}

// enter makes somebody who hasn't enrolled.
func (m *matrix) enter() {
	m.Helper()
	now := m.closed.cfg.Clock()
	sa, se := m.identity("SA"), m.identity("SE")
	person, err := m.book.Add(m.Context(), sa, "新来的", now)
	if err != nil {
		m.Fatal(err)
	}
	second := ""
	account, first, err := m.book.Prepare(m.Context(), sa, persons.Login{Person: person, Login: "newcomer-" + person[:8]}, now)
	if err == nil {
		_, second, err = m.book.Enable(m.Context(), se, account, now)
	}
	if err != nil {
		m.Fatal(err)
	}
	m.newcomer = [2]string{"newcomer-" + person[:8], first + "-" + second}
}

func (m *matrix) identity(login string) *persons.Identity {
	m.Helper()
	id, err := m.book.Session(m.Context(), m.cookie(login, false), m.closed.cfg.Clock())
	if err != nil {
		m.Fatal(login, err)
	}
	return id
}

// cookie opens a session of somebody, stepped up or not.
func (m *matrix) cookie(role string, stepped bool) string {
	m.Helper()
	now := m.closed.cfg.Clock()
	if role == "newcomer" {
		cookie, err := m.book.SignIn(m.Context(), m.newcomer[0], m.newcomer[1], "", now)
		if err != nil {
			m.Fatal(err)
		}
		return cookie
	}
	cookie, err := m.book.AsDemo(m.Context(), role, now)
	if err == nil && stepped {
		var id *persons.Identity
		if id, err = m.book.Session(m.Context(), cookie, now); err == nil {
			cookie, err = m.book.DemoStepUp(m.Context(), id, now)
		}
	}
	if err != nil {
		m.Fatal(role, err)
	}
	return cookie
}

// answer is what came back.
type answer struct {
	code     int
	location string
	body     string
}

// ask sends a request with a cookie, a token or neither.
func (m *matrix) ask(base, route, cookie, token string) answer {
	m.Helper()
	method, path, _ := strings.Cut(route, " ")
	r, err := http.NewRequestWithContext(m.Context(), method, base+path, http.NoBody)
	if err != nil {
		m.Fatal(err)
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: door.Cookie, Value: cookie})
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := m.client.Do(r)
	if err != nil {
		m.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	m.asked++
	if res.Header.Get("Content-Type") == "text/event-stream" { // goes on until one leaves
		return answer{code: res.StatusCode}
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		m.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), string(body)}
}

// fits tells whether an answer is what a cell says: '.' may, '-' may not, 's' must step up first.
func fits(a answer, cell byte) bool {
	refused := a.code == http.StatusUnauthorized || a.code == http.StatusForbidden || a.location == "/enrol"
	stepUp := strings.HasPrefix(a.location, "/stepup?to=/")
	switch cell {
	case '.':
		return !refused && !stepUp && a.code < http.StatusInternalServerError && a.code != http.StatusMethodNotAllowed
	case '-':
		return refused && !stepUp
	case 's':
		return stepUp
	}
	return false
}

// TestMatrix asks a running server every route as every role, about one's own and about another's, and holds the answers
// against testdata/matrix.txt.
func TestMatrix(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	rows := readMatrix(t)
	m := newMatrix(t)
	listed := map[string]bool{}
	for _, r := range rows {
		listed[r.route] = true
		if _, ok := access[r.route]; !ok {
			t.Errorf("%s is no route", r.route)
			continue
		}
		for role, cell := range r.cells {
			m.cell(r.route, role, cell)
		}
	}
	for route := range access {
		if !listed[route] {
			t.Errorf("%s isn't in testdata/matrix.txt", route)
		}
	}
	t.Logf("%d requests, %d routes", m.asked, len(rows))
}

// cell asks one route as one role.
func (m *matrix) cell(route, role string, cell byte) {
	m.Helper()
	base, cookie := m.web.URL, ""
	switch role {
	case "demo":
		base = m.samples.URL
	case "visitor":
	default:
		if m.kept[role] == "" {
			m.kept[role] = m.cookie(role, false)
		}
		cookie = m.kept[role]
	}
	if route == "POST /signout" {
		delete(m.kept, role)
	}
	say := func(about string, a answer, want byte) {
		m.Helper()
		if !fits(a, want) {
			m.Errorf("%s as %s about %s: %d %s, the matrix says %c: %.200s", route, role, about, a.code, a.location, cell, a.body)
		}
	}
	own := m.ask(base, m.own.Replace(route), cookie, "")
	switch cell {
	case '.', '-':
		say("its own", own, cell)
		if m.foreign.Replace(route) != m.own.Replace(route) {
			say("another's", m.ask(base, m.foreign.Replace(route), cookie, ""), cell)
		}
	case 's':
		say("its own", own, 's')
		say("its own, stepped up", m.ask(base, m.own.Replace(route), m.cookie(role, true), ""), '.')
	case 'd':
		say("its own", own, '.')
		say("another's", m.ask(base, m.foreign.Replace(route), cookie, ""), '-')
	case 'o':
		say("its own", own, '.')
		if own.code == http.StatusNotFound {
			m.Errorf("%s as %s: its own isn't there", route, role)
		}
		foreign, missing := m.ask(base, m.foreign.Replace(route), cookie, ""), m.ask(base, m.absent(route), cookie, "")
		if foreign.code != http.StatusNotFound || foreign != missing {
			m.Errorf("%s as %s: another's answers %d, what isn't there %d: %.300s\n%.300s", route, role, foreign.code, missing.code, foreign.body, missing.body)
		}
	default:
		m.Errorf("%s as %s: no such cell %c", route, role, cell)
	}
}

// absent is a route about what isn't there.
func (m *matrix) absent(route string) string {
	const nobody = "91310118MA1JP7UB2B"
	return strings.NewReplacer(":uscc", nobody, "/decisions/:id", "/decisions/1-a-wengang-fanhuan-"+nobody, "/deliveries/:id", "/deliveries/"+strings.Repeat("0", 64), "/lists/:id", "/lists/none", ":n", "1").Replace(route)
}

// TestTokensOfMatrix asks as every role by tokens: with the scope that the matrix names one may what one may by session, but for
// stepping up; with other scopes nothing.
func TestTokensOfMatrix(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	rows := readMatrix(t)
	m := newMatrix(t)
	now := m.closed.cfg.Clock()
	for _, role := range []string{"E1", "D1", "D2", "F3", "AU", "SA", "SE", "SV", "person"} {
		id, err := m.book.Session(t.Context(), m.cookie(role, true), now)
		if err != nil {
			t.Fatal(err)
		}
		tokens := map[string]string{}
		for _, scope := range persons.Scopes {
			if tokens[scope], err = m.book.NewToken(t.Context(), id, "t", []string{scope}, 1, now); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range rows {
			for scope, token := range tokens {
				want := byte('-')
				if scope == r.token && strings.IndexByte(".od", r.cells[role]) >= 0 {
					want = '.'
				}
				if a := m.ask(m.web.URL, m.own.Replace(r.route), "", token); !fits(a, want) {
					t.Errorf("%s as %s with a token for %s: %d, want %c", r.route, role, scope, a.code, want)
				}
			}
		}
	}
	for _, bad := range []string{"x", "msk_x"} {
		if a := m.ask(m.web.URL, "GET /api/v1/policies", "", bad); a.code != http.StatusUnauthorized {
			t.Errorf("a token that is nobody's: %d", a.code)
		}
	}
	t.Logf("%d requests", m.asked)
}
