// Package outward is the HTTP client for addresses that others chose. It goes to hosts on a list by https, looks at the address
// that was really dialled, follows no redirect, reads no more than it must and waits for nobody longer than its timeout.
package outward

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Options of a client.
type Options struct {
	Hosts    []string // names that may be called, without ports; "*.example.cn" stands for all names under it
	Loopback bool     // for tests: loopback addresses, and http to them
	Private  bool     // for a gateway inside the building: private addresses too
	TLS      *tls.Config
	Timeout  time.Duration // of a whole call; 0 stands for 10 s
	Conns    int           // at most so many connections to a host; 0 stands for 32
}

const (
	mostAnswer     = 64 << 10
	defaultTimeout = 10 * time.Second
	defaultConns   = 32
)

// ErrAddress says that an address may not be called. The error never repeats it.
var ErrAddress = errors.New("the address may not be called")

// Client calls by POST. It may be used by many goroutines at once.
type Client struct {
	o Options
	c *http.Client
}

// New returns a client.
func New(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Conns == 0 {
		o.Conns = defaultConns
	}
	dialer := &net.Dialer{Timeout: o.Timeout, Control: func(_, address string, _ syscall.RawConn) error { return o.dialled(address) }}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: o.TLS, TLSHandshakeTimeout: o.Timeout, ResponseHeaderTimeout: o.Timeout,
		MaxConnsPerHost: o.Conns, MaxIdleConnsPerHost: o.Conns, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: mostAnswer,
		DisableCompression: true, // Proxy is nil: a proxy would dial for us and see nothing of the check
	}
	return &Client{o, &http.Client{
		Transport: transport, Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Check returns ErrAddress unless the text is an address that may be called, as far as can be told before its name is looked up.
func (c *Client) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return ErrAddress
	}
	host := strings.ToLower(u.Hostname())
	ip, ipErr := netip.ParseAddr(host)
	local := c.o.Loopback && ipErr == nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return fmt.Errorf("%w: it must begin with https://", ErrAddress)
	}
	if !local && !slices.ContainsFunc(c.o.Hosts, func(pattern string) bool { return matches(strings.ToLower(pattern), host) }) {
		return fmt.Errorf("%w: its host isn't on the list", ErrAddress)
	}
	return nil
}

func matches(pattern, host string) bool {
	if under, ok := strings.CutPrefix(pattern, "*"); ok && strings.HasPrefix(under, ".") {
		return strings.HasSuffix(host, under) && len(host) > len(under)
	}
	return pattern == host
}

// carrier grade NAT, documentation, IPv4 within IPv6 and other ranges that nobody outside answers from, beside those that netip knows.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("::/96"), netip.MustParsePrefix("::ffff:0:0:0/96"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("192.88.99.0/24"),
}

// dialled looks at the address that a connection is about to be made to, after its name was looked up.
func (o Options) dialled(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrAddress
	}
	ip := at.Addr().Unmap().WithZone("")
	switch {
	case ip.IsLoopback() && o.Loopback, ip.IsPrivate() && o.Private:
		return nil
	case !ip.IsGlobalUnicast() || ip.IsLoopback() || ip.IsPrivate() || slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(ip) }):
		return fmt.Errorf("%w: it leads to a network that isn't public", ErrAddress)
	}
	return nil
}

// Reply is an answer that was read to its end.
type Reply struct {
	Status int
	Body   []byte
}

// Post sends a body and reads the answer to its end. sent false: nothing of the request can have reached anybody. Errors hold
// neither address nor body.
func (c *Client) Post(ctx context.Context, address string, header http.Header, body []byte) (r Reply, sent bool, err error) {
	if err := c.Check(address); err != nil {
		return r, false, err
	}
	var wrote atomic.Bool
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, &noted{bytes.NewReader(body), &wrote})
	if err != nil {
		return r, false, ErrAddress
	}
	request.ContentLength = int64(len(body))
	request.Header = header
	response, err := c.c.Do(request)
	if err != nil {
		return r, wrote.Load(), plain(err)
	}
	defer response.Body.Close()
	r.Status = response.StatusCode
	if r.Body, err = io.ReadAll(io.LimitReader(response.Body, mostAnswer+1)); err != nil {
		return r, true, fmt.Errorf("the answer broke off: %w", plain(err))
	}
	if len(r.Body) > mostAnswer {
		return r, true, errors.New("the answer is too long")
	}
	return r, true, nil
}

// noted is a body that notes that somebody has begun to read it for sending. It can't be rewound, so that the transport never sends
// it a second time by itself.
type noted struct {
	r     *bytes.Reader
	begun *atomic.Bool
}

func (n *noted) Read(p []byte) (int, error) {
	n.begun.Store(true)
	return n.r.Read(p)
}

// plain takes the address out of an error of net/http.
func plain(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	switch e, ok := errors.AsType[net.Error](err); {
	case errors.Is(err, ErrAddress):
		return ErrAddress
	case ok && e.Timeout():
		return errors.New("the other side didn't answer in time")
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection was closed")
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%s failed", e.Op)
	}
	return errors.New("the call failed")
}
