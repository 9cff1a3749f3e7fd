package provider

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

const callback = "http://localhost:9/signin/oidc/callback"

// start starts a real provider with discovery, keys and a page to sign in at.
func start(t *testing.T) *httptest.Server {
	t.Helper()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer := "http://" + l.Addr().String()
	storage.RegisterClients(storage.WebClient("mianshen", "s3cret", callback), storage.WebClient("other", "s3cret", callback))
	server := httptest.NewUnstartedServer(exampleop.SetupServer(issuer, storage.NewStorage(storage.NewUserStore(issuer)), nil, false))
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func opened(t *testing.T, server *httptest.Server, client string) *Provider {
	t.Helper()
	p, err := New(Config{Issuer: server.URL, ClientID: client, Secret: "s3cret", Callback: callback})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// visit signs in at the provider as a browser would, and returns what it is sent back with.
func visit(t *testing.T, address string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back url.Values
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			back = r.URL.Query()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	at := page.Request.URL
	_ = page.Body.Close()
	if back != nil {
		return back
	}
	answer, err := browser.PostForm(at.Scheme+"://"+at.Host+"/login/username", url.Values{
		"username": {"test-user2"}, "password": {"verysecure"}, "id": {at.Query().Get("authRequestID")},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if back == nil {
		t.Fatalf("not sent back from %s: %s", answer.Request.URL, answer.Status)
	}
	return back
}

func TestSignIn(t *testing.T) {
	server := start(t)
	p := opened(t, server, "mianshen")
	for _, again := range []bool{false, true} {
		address, attempt, err := p.Begin(t.Context(), again, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		q := must(url.Parse(address)).Query()
		if q.Get("code_challenge_method") != "S256" || q.Get("nonce") != attempt.Nonce || q.Get("state") != attempt.State || (q.Get("prompt") == "login") != again {
			t.Error(address)
		}
		back := visit(t, address)
		issuer, subject, err := p.Finish(t.Context(), attempt, back, time.Now())
		if err != nil || issuer != server.URL || subject != "id2" {
			t.Errorf("%s, %s, %v", issuer, subject, err)
		}
		if _, _, err := p.Finish(t.Context(), attempt, back, time.Now()); !errors.Is(err, ErrRefused) {
			t.Error("a code is good twice:", err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestRefused(t *testing.T) {
	server := start(t)
	p := opened(t, server, "mianshen")
	for name, change := range map[string]func(*Attempt, url.Values) time.Time{
		"another state":    func(a *Attempt, _ url.Values) time.Time { a.State += "x"; return time.Now() },
		"no state":         func(a *Attempt, q url.Values) time.Time { a.State = ""; q.Del("state"); return time.Now() },
		"another nonce":    func(a *Attempt, _ url.Values) time.Time { a.Nonce += "x"; return time.Now() },
		"another verifier": func(a *Attempt, _ url.Values) time.Time { a.Verifier += "x"; return time.Now() },
		"another issuer":   func(_ *Attempt, q url.Values) time.Time { q.Set("iss", "https://evil.example"); return time.Now() },
		"another code":     func(_ *Attempt, q url.Values) time.Time { q.Set("code", "x"); return time.Now() },
		"no code":          func(_ *Attempt, q url.Values) time.Time { q.Del("code"); return time.Now() },
		"refused there":    func(_ *Attempt, q url.Values) time.Time { q.Set("error", "access_denied"); return time.Now() },
		"too late":         func(*Attempt, url.Values) time.Time { return time.Now().Add(attemptLasts + time.Minute) },
		"not asked again": func(a *Attempt, _ url.Values) time.Time {
			a.Again, a.Begun = true, time.Now().Add(5*time.Minute)
			return time.Now().Add(5 * time.Minute)
		},
	} {
		address, attempt, err := p.Begin(t.Context(), false, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		back := visit(t, address)
		now := change(&attempt, back)
		if issuer, subject, err := p.Finish(t.Context(), attempt, back, now); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %s %s %v", name, issuer, subject, err)
		}
	}
	// What was given to another client isn't ours.
	address, attempt, err := opened(t, server, "other").Begin(t.Context(), false, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Finish(t.Context(), attempt, visit(t, address), time.Now()); !errors.Is(err, ErrRefused) {
		t.Error("another client's code is taken:", err)
	}
}

func TestDown(t *testing.T) {
	server := start(t)
	p := opened(t, server, "mianshen")
	server.Close()
	if _, _, err := p.Begin(t.Context(), false, time.Now()); err == nil || errors.Is(err, ErrRefused) {
		t.Error(err)
	}
	for _, bad := range []Config{
		{Issuer: "http://id.example.gov", ClientID: "x", Callback: callback},
		{Issuer: "id.example.gov", ClientID: "x", Callback: callback},
		{Issuer: server.URL, Callback: callback},
		{Issuer: server.URL, ClientID: "x", Callback: "http://example.gov/"},
	} {
		if _, err := New(bad); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}
