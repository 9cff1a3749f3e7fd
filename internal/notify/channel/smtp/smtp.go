// Package smtp sends messages by mail, over connections that are kept. The server must offer STARTTLS with a certificate that the
// program trusts, unless the options say otherwise. SMTP has no idempotency: once the whole text is sent and no answer comes back,
// nobody knows, and the message isn't sent again.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	wire "github.com/wneessen/go-mail/smtp"

	"mianshen/internal/notify/channel"
)

// Options of a mail server.
type Options struct {
	Host           string
	Port           int
	User, Password string // "" for a server that asks for neither
	From           string // the sender's address
	Hello          string // the name that the program gives itself; "" stands for the machine's
	TLS            *tls.Config
	Plain          bool          // without STARTTLS, for a server on the same machine
	Timeout        time.Duration // of connecting, and of one message; 0 stands for 20 s
	Conns          int           // kept connections; 0 stands for 8
}

const (
	defaultTimeout = 20 * time.Second
	defaultConns   = 8
)

// Channel sends mail.
type Channel struct {
	from   string
	domain string
	client *gomail.Client
	idle   chan *wire.Client
}

// New returns a channel, or an error for options that can't be right. It doesn't connect yet.
func New(o Options) (*Channel, error) {
	from, err := mail.ParseAddress(o.From)
	if err != nil || channel.Line(o.From, o.Hello) != nil {
		return nil, errors.New("the sender's address can't be read")
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Conns == 0 {
		o.Conns = defaultConns
	}
	settings := []gomail.Option{gomail.WithPort(o.Port), gomail.WithTimeout(o.Timeout), gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithoutNoop()}
	if o.Plain {
		settings = append(settings, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if o.TLS != nil {
		config := o.TLS.Clone()
		if config.ServerName == "" {
			config.ServerName = o.Host
		}
		settings = append(settings, gomail.WithTLSConfig(config))
	}
	if o.Hello != "" {
		settings = append(settings, gomail.WithHELO(o.Hello))
	}
	if o.User != "" {
		settings = append(settings, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(o.User), gomail.WithPassword(o.Password))
	}
	client, err := gomail.NewClient(o.Host, settings...)
	if err != nil {
		return nil, err
	}
	return &Channel{from.Address, from.Address[strings.LastIndexByte(from.Address, '@')+1:], client, make(chan *wire.Client, o.Conns)}, nil
}

// Name implements channel.Channel.
func (c *Channel) Name() string { return channel.SMTP }

// Idempotent implements channel.Channel.
func (c *Channel) Idempotent() bool { return false }

// Check returns an error unless the text is one mail address and nothing else.
func Check(address string) error {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || channel.Line(address) != nil {
		return errors.New("not a mail address")
	}
	return nil
}

// Send implements channel.Channel.
func (c *Channel) Send(ctx context.Context, to channel.Address, m channel.Message) (channel.Result, error) {
	letter, err := c.letter(to.To, m)
	if err != nil {
		return channel.Refused, err
	}
	select {
	case conn := <-c.idle:
		if came := c.over(conn, letter); !came.stale {
			return came.result, came.why
		}
	default:
	}
	conn, err := c.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return channel.Retry, errors.New("the mail server can't be reached: " + step(err))
	}
	came := c.over(conn, letter)
	return came.result, came.why
}

// Close ends the connections that are kept.
func (c *Channel) Close() {
	for {
		select {
		case conn := <-c.idle:
			_ = c.client.CloseWithSMTPClient(conn) // it isn't used any more
		default:
			return
		}
	}
}

// outcome is what came of one attempt over a connection.
type outcome struct {
	result channel.Result
	why    error
	stale  bool // the server had closed the connection before anything was sent
	keep   bool // the connection is still good
}

// over sends over a connection and keeps it if it is still good.
func (c *Channel) over(conn *wire.Client, letter *gomail.Msg) outcome {
	came := read(c.client.SendWithSMTPClient(conn, letter))
	if !came.keep {
		_ = conn.Close() // without QUIT: within a text that would be a line of it
		return came
	}
	select {
	case c.idle <- conn:
	default:
		_ = c.client.CloseWithSMTPClient(conn) // one too many
	}
	return came
}

// read says what go-mail's error means. Up to the end of the text nothing was taken; from there on only the server's answer counts.
func read(err error) outcome {
	if err == nil {
		return outcome{result: channel.Delivered, keep: true}
	}
	failed, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return outcome{result: channel.Unknown, why: errors.New("the mail server's answer can't be read")}
	}
	code := failed.ErrorCode()
	why := fmt.Errorf("%s: code %d", failed.Reason, code)
	switch {
	case failed.Reason == gomail.ErrSMTPReset: // after the server has taken it
		return outcome{result: channel.Delivered}
	case failed.Reason == gomail.ErrSMTPDataClose && (code == 0 || code == 421): // 421 comes of going down, whatever was done before
		return outcome{result: channel.Unknown, why: why}
	case code >= 500 || failed.Reason == gomail.ErrGetSender || failed.Reason == gomail.ErrGetRcpts:
		return outcome{result: channel.Refused, why: why}
	}
	stale := failed.Reason == gomail.ErrConnCheck || failed.Reason == gomail.ErrSMTPMailFrom && (code == 0 || code == 421)
	return outcome{result: channel.Retry, why: why, stale: stale}
}

// step says what kind of trouble a connection had, without what the server or the system wrote.
func step(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate isn't trusted"
	}
	if strings.Contains(err.Error(), "STARTTLS") {
		return "it doesn't offer STARTTLS"
	}
	return "no connection"
}

// letter is the mail: plain text in UTF-8, with a header by which the reader's program offers to stop.
func (c *Channel) letter(to string, m channel.Message) (*gomail.Msg, error) {
	if err := Check(to); err != nil {
		return nil, err
	}
	if err := channel.Line(m.Title, m.Link, m.OptOut, m.Key); err != nil {
		return nil, err
	}
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(letter.From(c.from), letter.To(to)); err != nil {
		return nil, errors.New("not a mail address")
	}
	letter.Subject(m.Title)
	letter.SetDate()
	letter.SetMessageIDWithValue(strings.ReplaceAll(m.Key, "/", ".") + "@" + c.domain)
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	text := m.Text
	if m.Link != "" {
		text += "\n\n" + m.Link
	}
	if m.OptOut != "" {
		letter.SetGenHeader("List-Unsubscribe", "<"+m.OptOut+">")
		letter.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
		text += "\n\n不再接收：" + m.OptOut
	}
	letter.SetBodyString(gomail.TypeTextPlain, text)
	return letter, nil
}
