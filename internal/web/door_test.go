package web

import (
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"mianshen/internal/persons"
	"mianshen/internal/persons/provider"
	"mianshen/internal/persons/secret"
	"mianshen/internal/store"
	"mianshen/internal/web/door"
	"mianshen/internal/web/source"
)

const sentence = "correct horse battery"

// house is a server over TLS with an empty book of persons, and a clock that a test moves.
type house struct {
	*testing.T
	server *Server
	web    *httptest.Server
	moved  atomic.Int64 // nanoseconds
}

func (h *house) now() time.Time { return received.Add(time.Duration(h.moved.Load())) }

// later moves the clock past the code that was just used.
func (h *house) later() { h.moved.Add(int64(time.Minute)) }

func newHouse(t *testing.T, change func(*Config)) *house {
	t.Helper()
	h := &house{T: t}
	db, err := store.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "persons.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	h.server, _ = served(t, func(c *Config) {
		c.Demo, c.Persons, c.Clock = false, persons.New(db, ring), h.now
		if change != nil {
			change(c)
		}
	})
	h.web = httptest.NewTLSServer(h.server)
	t.Cleanup(h.web.Close)
	return h
}

// browser is a person's browser.
type browser struct {
	*house
	client *http.Client
	key    []byte // of the authenticator app
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.Fatal(err)
	}
	client := h.web.Client()
	return &browser{house: h, client: &http.Client{Jar: jar, Transport: client.Transport}}
}

// get opens a page; post sends a form. They return the page that comes at the end of it.
func (b *browser) get(path string) (string, int) { return b.do(http.MethodGet, path, nil) }

func (b *browser) post(path string, form ...string) (string, int) {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return b.do(http.MethodPost, path, values)
}

func (b *browser) do(method, path string, form url.Values) (string, int) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, b.web.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.web.URL)
	res, err := b.client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	return string(body), res.StatusCode
}

// wants fails unless a page came as expected, and returns what its pattern found.
func (b *browser) wants(page string, code, want int, pattern string) string {
	b.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if code != want || found == nil {
		b.Fatalf("%d, want %d with %q: %s", code, want, pattern, page)
	}
	return found[len(found)-1]
}

func (b *browser) code() string { return secret.Code(b.key, secret.Step(b.now())) }

// enrol binds a second factor at the page where one is led.
func (b *browser) enrol(password string) {
	b.Helper()
	page, code := b.get("/me") // led to where one must go
	ticket := b.wants(page, code, http.StatusOK, `name="ticket" value="([^"]+)"`)
	b.wants(page, code, http.StatusOK, `<svg class="qr"`)
	typed := b.wants(page, code, http.StatusOK, `<code class="key">([A-Z2-7 ]+)</code>`)
	var err error
	if b.key, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(typed, " ", "")); err != nil {
		b.Fatal(err)
	}
	page, code = b.post("/enrol", "ticket", ticket, "password", password, "code", "000000")
	if again := b.wants(page, code, http.StatusUnprocessableEntity, `<code class="key">([A-Z2-7 ]+)</code>`); again != typed {
		b.Error("another key after a mistake")
	}
	page, code = b.post("/enrol", "ticket", b.wants(page, code, http.StatusUnprocessableEntity, `name="ticket" value="([^"]+)"`), "password", password, "code", b.code())
	b.wants(page, code, http.StatusOK, "登录着的地方")
	b.later()
}

// stepUp shows password and code again.
func (b *browser) stepUp(to string) {
	b.Helper()
	page, code := b.post("/stepup", "to", to, "password", sentence, "code", b.code())
	b.wants(page, code, http.StatusOK, "")
	b.later()
}

// first makes both administrators, each in a browser.
func (h *house) first() (sa, se *browser) {
	h.Helper()
	token, err := h.server.cfg.Persons.Start(h.Context(), h.now())
	if err != nil {
		h.Fatal(err)
	}
	sa, se = h.browser(), h.browser()
	page, code := sa.post("/first", "token", "x", "role", "SA", "name", "甲", "login", "jia")
	sa.wants(page, code, http.StatusUnprocessableEntity, "令牌不对")
	for role, b := range map[string]*browser{"SA": sa, "SE": se} {
		page, code := b.post("/first", "token", token, "role", role, "name", "管理员"+role, "login", "admin-"+role)
		b.wants(page, code, http.StatusOK, "初始密码")
		b.enrol(sentence)
	}
	page, code = sa.get("/first")
	sa.wants(page, code, http.StatusNotFound, "")
	return sa, se
}

// TestFromFirstStartToWork goes the whole way through the pages: first start, a person with account and role by two
// administrators, enrolment, signing out and in, step-up, a token for a program.
func TestFromFirstStartToWork(t *testing.T) {
	h := newHouse(t, nil)
	sa, se := h.first()
	page, code := sa.post("/persons", "name", "王工")
	sa.wants(page, code, http.StatusOK, "再验证一次") // led to step up
	sa.stepUp("/persons")
	page, code = sa.post("/persons", "name", "王工")
	person := sa.wants(page, code, http.StatusOK, `id="([a-z0-9]+)"><h2>王工`)
	page, code = sa.post("/persons/accounts", "person", person, "login", "wanggong")
	initial := sa.wants(page, code, http.StatusOK, `初始密码前半 <code class="key">([^<]+)</code>`)
	page, code = sa.post("/persons/roles", "person", person, "role", "D1", "scope", "区人社局")
	sa.wants(page, code, http.StatusOK, "待确认")
	page, code = sa.post("/persons/roles", "person", person, "role", "E1", "scope", "x")
	sa.wants(page, code, http.StatusUnprocessableEntity, "哪家企业")

	wang, second := h.browser(), ""
	page, code = wang.post("/signin", "login", "wanggong", "password", initial, "code", "", "to", "/deliveries")
	wang.wants(page, code, http.StatusUnprocessableEntity, "没有启用")
	se.stepUp("/persons")
	page, code = se.get("/persons")
	account := se.wants(page, code, http.StatusOK, `action="/persons/accounts/enable" method="post"><input type="hidden" name="account" value="([^"]+)"`)
	grant := se.wants(page, code, http.StatusOK, `action="/persons/roles/confirm" method="post"><input type="hidden" name="grant" value="([^"]+)"`)
	for _, form := range [][]string{{"/persons/accounts/enable", "account", account}, {"/persons/roles/confirm", "grant", grant}} {
		page, code = sa.post(form[0], form[1], form[2])
		sa.wants(page, code, http.StatusForbidden, "角色不能") // not by who proposed
		page, code = se.post(form[0], form[1], form[2])
		se.wants(page, code, http.StatusOK, "")
		if form[1] == "account" {
			second = se.wants(page, code, http.StatusOK, `登录名 <code class="key">wanggong</code> 初始密码后半 <code class="key">([^<]+)</code>`)
		}
	}
	subject := strings.Repeat("0123456789-", 20) + "z" // whoever enables sees all of it
	page, code = sa.post("/persons/accounts", "person", person, "login", "王工（统一）", "issuer", "https://id.example.gov/realms/qu", "subject", subject)
	sa.wants(page, code, http.StatusOK, "王工（统一）")
	page, code = se.get("/persons")
	se.wants(page, code, http.StatusOK, `https://id.example.gov/realms/qu</code> 的用户 <code>`+subject+`</code>.*向本人核对.*action="/persons/accounts/enable"`)
	for _, half := range []string{initial, second} { // no administrator comes in alone
		page, code = wang.post("/signin", "login", "wanggong", "password", half, "code", "", "to", "/deliveries")
		wang.wants(page, code, http.StatusUnprocessableEntity, "密码")
	}
	page, code = wang.post("/signin", "login", "wanggong", "password", initial+"-"+second, "code", "", "to", "/deliveries")
	wang.wants(page, code, http.StatusOK, "绑定动态验证码") // nowhere else before
	wang.enrol(sentence)
	page, code = wang.get("/deliveries")
	wang.wants(page, code, http.StatusOK, "数据到达")
	page, code = wang.get("/persons")
	wang.wants(page, code, http.StatusForbidden, "角色不能")
	page, code = wang.post("/signout")
	wang.wants(page, code, http.StatusOK, "登录")
	page, code = wang.get("/deliveries")
	wang.wants(page, code, http.StatusUnauthorized, `href="/signin"`)
	page, code = wang.post("/signin", "login", "wanggong", "password", sentence, "code", wang.code(), "to", "/deliveries")
	wang.wants(page, code, http.StatusOK, "数据到达")
	h.later()

	wang.stepUp("/me")
	page, code = wang.post("/me/tokens", "name", "每月报送", "days", "30", "scope", "read")
	token := wang.wants(page, code, http.StatusOK, `<code class="key">(msk_[^<]+)</code>`)
	r := httptest.NewRequest(http.MethodGet, "/api/v1/deliveries", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	if h.server.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Error(w.Code, w.Body)
	}
	page, code = se.post("/persons/disable", "person", person)
	se.wants(page, code, http.StatusOK, "已停用")
	page, code = wang.get("/deliveries")
	wang.wants(page, code, http.StatusUnauthorized, "")
	w = httptest.NewRecorder()
	if h.server.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
		t.Error("the token of who was disabled:", w.Code)
	}
}

func TestCookie(t *testing.T) {
	h := newHouse(t, nil)
	token, err := h.server.cfg.Persons.Start(t.Context(), h.now())
	if err != nil {
		t.Fatal(err)
	}
	w := send(h.server, http.MethodPost, "/first", url.Values{"token": {token}, "role": {"SA"}, "name": {"甲"}, "login": {"jia"}}.Encode(), []string{"Content-Type", "application/x-www-form-urlencoded"})
	set := w.Header().Get("Set-Cookie")
	for _, want := range []string{door.Cookie + "=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(set, want) {
			t.Errorf("%q is missing in %q", want, set)
		}
	}
	if strings.Contains(set, "Domain") || w.Header().Get("Cache-Control") != "no-store" {
		t.Error(set, w.Header())
	}
	foreign := httptest.NewRequest(http.MethodPost, "/signin", strings.NewReader("login=jia"))
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	answer := httptest.NewRecorder()
	if h.server.ServeHTTP(answer, foreign); answer.Code != http.StatusForbidden {
		t.Error("a sign-in sent by another site:", answer.Code)
	}
}

// TestGuesses: a source may guess only so often, whatever the account.
func TestGuesses(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Guesses = source.Rate{} })
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	limited := 0
	for i := range 15 {
		if send(h.server, http.MethodPost, "/signin", fmt.Sprintf("login=u%d&password=x", i), form).Code == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited != 5 {
		t.Errorf("%d of 15 guesses at once were refused, want 5", limited)
	}
	if code := call(h.server, "/signin").Code; code != http.StatusOK {
		t.Error("the page itself is refused:", code)
	}
}

// TestRefusalsTakeTheirTime: how soon a refusal comes doesn't tell whether there is such an account.
func TestRefusalsTakeTheirTime(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Refusal = 400 * time.Millisecond })
	h.first()
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, login := range []string{"admin-SA", "nobody"} {
		begun := time.Now()
		w := send(h.server, http.MethodPost, "/signin", "login="+login+"&password=wrong", form)
		if took := time.Since(begun); w.Code != http.StatusUnprocessableEntity || took < 400*time.Millisecond {
			t.Errorf("%s: %d after %v", login, w.Code, took)
		}
	}
}

func TestLeadsNowhereElse(t *testing.T) {
	h := newHouse(t, nil)
	for _, to := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/\n/evil", "evil", ""} {
		body := call(h.server, "/signin?to="+url.QueryEscape(to)).Body.String()
		if !strings.Contains(body, `name="to" value="/"`) {
			t.Errorf("%q is handed on", to)
		}
	}
	if body := call(h.server, "/signin?to=/me").Body.String(); !strings.Contains(body, `name="to" value="/me"`) {
		t.Error("one's way is forgotten")
	}
}

// TestExternal signs in by a real identity provider that runs in this test.
func TestExternal(t *testing.T) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer := "http://" + l.Addr().String()
	var handler http.Handler
	idp := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	idp.Listener = l
	h := newHouse(t, func(c *Config) {
		c.Clock = time.Now // the provider's
		c.Provider, err = provider.New(provider.Config{Issuer: issuer, ClientID: "web", Secret: "s3cret", Callback: "https://127.0.0.1/signin/oidc/callback"})
	})
	if err != nil {
		t.Fatal(err)
	}
	callback := "https://127.0.0.1/signin/oidc/callback"
	storage.RegisterClients(storage.WebClient("web", "s3cret", callback))
	handler = exampleop.SetupServer(issuer, storage.NewStorage(storage.NewUserStore(issuer)), nil, false)
	idp.Start()
	t.Cleanup(idp.Close)

	b := h.browser()
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) { // our server listens at another port than is registered
			r.URL.Host = strings.TrimPrefix(h.web.URL, "https://")
		}
		return nil
	}
	visit := func(path string) (string, int) {
		t.Helper()
		page, code := b.get(path)
		id := b.wants(page, code, http.StatusOK, `name="id" value="([^"]+)"`)
		res, err := b.client.PostForm(issuer+"/login/username", url.Values{"username": {"test-user2"}, "password": {"verysecure"}, "id": {id}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body), res.StatusCode
	}
	page, code := visit("/signin/oidc")
	b.wants(page, code, http.StatusUnauthorized, "还没有与它对应的账号") // nobody is made by signing in

	book := h.server.cfg.Persons
	token, err := book.Start(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[persons.Role]*persons.Identity{}
	for _, role := range []persons.Role{persons.SystemAdmin, persons.SecurityAdmin} {
		cookie, _, err := book.First(t.Context(), token, role, "管理员", string(role), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if ids[role], err = book.Session(t.Context(), cookie, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	person, err := book.Add(t.Context(), ids[persons.SystemAdmin], "王工", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	account, _, err := book.Prepare(t.Context(), ids[persons.SystemAdmin], persons.Login{Person: person, Login: "王工（统一）", Issuer: issuer, Subject: "id2"}, time.Now())
	if err == nil {
		_, _, err = book.Enable(t.Context(), ids[persons.SecurityAdmin], account, time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	page, code = visit("/signin/oidc?to=/me")
	b.wants(page, code, http.StatusOK, "王工.*还没有角色")
	page, code = b.post("/me/tokens", "name", "x", "days", "1", "scope", "read")
	b.wants(page, code, http.StatusOK, "到统一身份认证再登录一次")
	page, code = visit("/signin/oidc?again=1&to=/me")
	b.wants(page, code, http.StatusOK, "王工")
	page, code = b.post("/me/tokens", "name", "x", "days", "1", "scope", "read")
	b.wants(page, code, http.StatusOK, "msk_")
	if page, code = b.get("/signin/oidc/callback?code=x&state=x"); code != http.StatusUnauthorized {
		t.Error("what wasn't begun is finished:", code, page)
	}
}
