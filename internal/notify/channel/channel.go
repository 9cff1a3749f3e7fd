// Package channel is the small door to everything that carries a message out of the building. A channel sends one message and
// says what became of it. Whether it may be asked again after a doubt is what tells channels apart.
package channel

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Result is what became of an attempt to send.
type Result string

// The results.
const (
	Delivered Result = "delivered" // the other side has taken it
	Retry     Result = "retry"     // it has surely not been taken, or asking again does no harm; later it may be
	Refused   Result = "refused"   // it has surely not been taken and never will be
	Unknown   Result = "unknown"   // nobody knows; a person decides
)

// Names of channels, as the database has them.
const (
	Inbox   = "inbox"
	SMTP    = "smtp"
	Webhook = "webhook"
	SMS     = "sms"
	WeCom   = "wecom"
	Log     = "log"
)

// Address is where a firm is reached on a channel, opened from its seal for one attempt.
type Address struct {
	To     string
	Secret []byte // the key of a webhook's signature, nil for none
	Masked string // for people and logs
}

// Message is what is sent.
type Message struct {
	Event, Channel, Enterprise, Kind string
	Attempt                          int
	Title, Text, Link                string
	Params                           map[string]string // for gateways that send templates of their own
	Key                              string            // the same for each attempt at one message (idempotency)
	OptOut                           string            // the address that stops this channel, "" for none
}

// Channel sends messages. It may be used by many goroutines at once.
type Channel interface {
	// Name is one of the names above.
	Name() string
	// Idempotent says that the same Key may be sent twice without being delivered twice.
	Idempotent() bool
	// Send makes one attempt. The error says why where the result isn't Delivered; it holds no address and no secret.
	Send(ctx context.Context, to Address, m Message) (Result, error)
}

// ErrHeader says that an address or a title holds characters that could become another header.
var ErrHeader = errors.New("control characters in an address or a title")

// Line returns ErrHeader unless each text is one line of valid UTF-8 without control characters.
func Line(texts ...string) error {
	for _, text := range texts {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }) || strings.ToValidUTF8(text, "") != text {
			return ErrHeader
		}
	}
	return nil
}

// Answer is what an HTTP status means where the whole answer was read. Idempotent: a server error may be asked again; else nobody
// knows what it did before it failed.
func Answer(status int, idempotent bool) (Result, error) {
	err := fmt.Errorf("the gateway answered with status %d", status)
	switch {
	case status >= 200 && status < 300:
		return Delivered, nil
	case status == 408 || status == 425 || status == 429:
		return Retry, err
	case status < 500:
		return Refused, err
	case idempotent:
		return Retry, err
	}
	return Unknown, err
}
