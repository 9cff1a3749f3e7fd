package smtp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	server "github.com/emersion/go-smtp"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/smtp"
)

// post is a real mail server that keeps what it takes.
type post struct {
	port   int
	roots  *x509.CertPool
	mu     sync.Mutex
	mails  []string
	hellos int
	conn   net.Conn     // of the last session
	from   error        // the answer to MAIL
	to     error        // to RCPT
	data   func() error // to the text, after it was kept
}

func newPost(t testing.TB, secure bool) *post {
	p := &post{}
	s := server.NewServer(server.BackendFunc(func(conn *server.Conn) (server.Session, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.hellos++
		p.conn = conn.Conn()
		return &session{p}, nil
	}))
	s.Domain = "localhost"
	if secure {
		certificate, roots := certify(t)
		s.TLSConfig, p.roots = &tls.Config{Certificates: []tls.Certificate{certificate}}, roots
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.port = l.Addr().(*net.TCPAddr).Port
	var done sync.WaitGroup
	done.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() { _, _ = s.Close(), l.Close(); done.Wait() }) // a server that doesn't serve yet closes no listener
	return p
}

// certify makes a certificate for 127.0.0.1, and what trusts it.
func certify(t testing.TB) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(made)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

type session struct{ p *post }

func (s *session) Mail(string, *server.MailOptions) error { return s.p.from }
func (s *session) Rcpt(string, *server.RcptOptions) error { return s.p.to }
func (s *session) Reset()                                 {}
func (s *session) Logout() error                          { return nil }

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.p.mu.Lock()
	s.p.mails = append(s.p.mails, string(text))
	answer := s.p.data
	s.p.mu.Unlock()
	if answer != nil {
		return answer()
	}
	return nil
}

func (p *post) options() smtp.Options {
	return smtp.Options{Host: "127.0.0.1", Port: p.port, From: "no-reply@mianshen.example.cn", Hello: "mianshen.example.cn", TLS: &tls.Config{RootCAs: p.roots}, Timeout: 2 * time.Second}
}

func (p *post) channel(t testing.TB, o smtp.Options) *smtp.Channel {
	t.Helper()
	c, err := smtp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

var (
	to      = channel.Address{To: "a@firm.example.cn"}
	message = channel.Message{Title: "您公司符合一项补贴", Text: "请在 7 月 15 日前确认。", Link: "https://example.cn/d/1", Key: "abc/smtp", OptOut: "https://example.cn/stop/x"}
)

func TestSent(t *testing.T) {
	p := newPost(t, true)
	c := p.channel(t, p.options())
	for range 3 {
		if result, err := c.Send(t.Context(), to, message); result != channel.Delivered || err != nil {
			t.Fatalf("%s, %v", result, err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.mails) != 3 || p.hellos > 2 { // one before STARTTLS, one after
		t.Fatalf("%d mails over %d sessions", len(p.mails), p.hellos)
	}
	for _, words := range []string{
		"From: <no-reply@mianshen.example.cn>", "To: <a@firm.example.cn>", "=?UTF-8?q?=E6=82=A8", "Message-ID: <abc.smtp@mianshen.example.cn>",
		"List-Unsubscribe: <https://example.cn/stop/x>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
	} {
		if !strings.Contains(p.mails[0], words) {
			t.Errorf("no %q in\n%s", words, p.mails[0])
		}
	}
}

func TestStartTLSRequired(t *testing.T) {
	plain := newPost(t, false)
	if result, err := plain.channel(t, plain.options()).Send(t.Context(), to, message); result != channel.Retry || err == nil || len(plain.mails) != 0 {
		t.Errorf("without STARTTLS: %s, %v", result, err)
	}
	o := plain.options()
	o.Plain = true
	if result, err := plain.channel(t, o).Send(t.Context(), to, message); result != channel.Delivered || err != nil {
		t.Errorf("where it is allowed: %s, %v", result, err)
	}
	other := newPost(t, true)
	o = other.options()
	o.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
	if result, err := other.channel(t, o).Send(t.Context(), to, message); result != channel.Retry || err == nil || len(other.mails) != 0 {
		t.Errorf("with a certificate that nobody trusts: %s, %v", result, err)
	}
}

func TestAnswers(t *testing.T) {
	say := func(code int) error {
		return &server.SMTPError{Code: code, Message: "so", EnhancedCode: server.EnhancedCodeNotSet}
	}
	var hung *post
	hangUp := func() error { return hung.conn.Close() }
	for _, c := range []struct {
		name     string
		from, to error
		data     func() error
		want     channel.Result
	}{
		{"sender refused", say(550), nil, nil, channel.Refused},
		{"greylisted", nil, say(450), nil, channel.Retry},
		{"no such mailbox", nil, say(550), nil, channel.Refused},
		{"text refused", nil, nil, func() error { return say(554) }, channel.Refused},
		{"text later", nil, nil, func() error { return say(451) }, channel.Retry},
		{"takes and is silent", nil, nil, func() error { time.Sleep(3 * time.Second); return nil }, channel.Unknown},
		{"takes and goes down", nil, nil, func() error { return say(421) }, channel.Unknown},
		{"takes and hangs up", nil, nil, hangUp, channel.Unknown},
	} {
		p := newPost(t, true)
		hung = p
		p.from, p.to, p.data = c.from, c.to, c.data
		result, err := p.channel(t, p.options()).Send(t.Context(), to, message)
		if result != c.want || err == nil || strings.Contains(err.Error(), "firm") {
			t.Errorf("%s: %s, %v, want %s", c.name, result, err, c.want)
		}
	}
	gone := newPost(t, true)
	o := gone.options()
	o.Port = 1
	if result, err := gone.channel(t, o).Send(t.Context(), to, message); result != channel.Retry || err == nil {
		t.Errorf("nobody there: %s, %v", result, err)
	}
}

func TestInjection(t *testing.T) {
	p := newPost(t, true)
	c := p.channel(t, p.options())
	for _, address := range []string{"", "a", "a@b.cn\r\nBcc: x@y.cn", "a@b.cn, x@y.cn", "A <a@b.cn>", "a@b.cn\x00", "a b@c.cn"} {
		if result, err := c.Send(t.Context(), channel.Address{To: address}, message); result != channel.Refused || err == nil {
			t.Errorf("to %q: %s, %v", address, result, err)
		}
	}
	for _, title := range []string{"x\r\nBcc: x@y.cn", "x\ny", "x\u2028y", "\xff"} {
		m := message
		m.Title = title
		if result, err := c.Send(t.Context(), to, m); result != channel.Refused || !errors.Is(err, channel.ErrHeader) {
			t.Errorf("title %q: %s, %v", title, result, err)
		}
	}
	if len(p.mails) != 0 {
		t.Errorf("%d mails went out", len(p.mails))
	}
	if _, err := smtp.New(smtp.Options{Host: "127.0.0.1", Port: 25, From: "x\r\n@y"}); err == nil {
		t.Error("a sender with a line break")
	}
}
