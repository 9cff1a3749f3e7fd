package outward_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/notify/channel/outward"
)

func TestCheck(t *testing.T) {
	c := outward.New(outward.Options{Hosts: []string{"hook.firm.cn", "*.example.cn"}})
	for address, good := range map[string]bool{
		"https://hook.firm.cn/a?b=c":   true,
		"https://HOOK.firm.cn:8443/":   true,
		"https://a.example.cn/":        true,
		"https://example.cn/":          false,
		"https://badexample.cn/":       false,
		"https://hook.firm.cn.evil.cn": false,
		"https://evil.cn/hook.firm.cn": false,
		"https://u:p@hook.firm.cn/":    false,
		"https://hook.firm.cn/#x":      false,
		"http://hook.firm.cn/":         false,
		"ftp://hook.firm.cn/":          false,
		"//hook.firm.cn/":              false,
		"https://127.0.0.1/":           false,
		"http://127.0.0.1/":            false,
		"https://[::1]/":               false,
		"":                             false,
		"https://":                     false,
	} {
		if err := c.Check(address); (err == nil) != good || err != nil && !errors.Is(err, outward.ErrAddress) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := outward.New(outward.Options{Loopback: true}).Check("http://10.0.0.1/"); err == nil {
		t.Error("http beyond loopback")
	}
}

// TestDialled: a name on the list that leads into the building is found out when it is dialled.
func TestDialled(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("somebody called") }))
	defer s.Close()
	for _, host := range []string{"localhost", "127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "100.64.0.1", "0.0.0.0", "[::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[::7f00:1]", "[::ffff:0:7f00:1]", "[100::1]", "192.88.99.1"} {
		c := outward.New(outward.Options{Hosts: []string{strings.Trim(host, "[]")}, Timeout: time.Second})
		_, sent, err := c.Post(t.Context(), "https://"+host+s.URL[strings.LastIndexByte(s.URL, ':'):], http.Header{}, []byte("x"))
		if !errors.Is(err, outward.ErrAddress) || sent {
			t.Errorf("%s: %v, sent %v", host, err, sent)
		}
	}
}

func TestPost(t *testing.T) {
	var calls atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/long":
			_, _ = w.Write(make([]byte, 1<<20))
		case "/away":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/slow":
			time.Sleep(400 * time.Millisecond)
		default:
			_, _ = w.Write(append([]byte("got "), body...))
		}
	}))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c := outward.New(outward.Options{Loopback: true, TLS: &tls.Config{RootCAs: roots}, Timeout: 200 * time.Millisecond})
	for path, want := range map[string]struct {
		status int
		body   string
		fails  bool
	}{
		"/": {200, "got x", false}, "/away": {302, "", false}, "/long": {200, "", true}, "/slow": {0, "", true},
	} {
		reply, sent, err := c.Post(t.Context(), s.URL+path, http.Header{}, []byte("x"))
		if reply.Status != want.status || want.body != "" && string(reply.Body) != want.body || (err != nil) != want.fails || !sent {
			t.Errorf("%s: %d %.20q %v %v", path, reply.Status, reply.Body, sent, err)
		}
		if err != nil && strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: the error tells the address: %v", path, err)
		}
	}
	if calls.Load() != 4 {
		t.Errorf("%d calls", calls.Load())
	}
	untrusting := outward.New(outward.Options{Loopback: true, Timeout: time.Second})
	if _, sent, err := untrusting.Post(t.Context(), s.URL, http.Header{}, []byte("x")); err == nil || sent {
		t.Errorf("a certificate that nobody trusts: %v, sent %v", err, sent)
	}
}
