// Package webhook sends messages to a firm's own system. The body is JSON; X-Mianshen-Signature is "v1=" and the HMAC-SHA-256, in
// hexadecimal, of the timestamp, a dot and the body, with the secret that the firm was given. X-Mianshen-Timestamp is in seconds: who
// receives refuses what is older than five minutes. Idempotency-Key is the same for each attempt at one message.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/outward"
)

// Headers of a call.
const (
	HeaderSignature = "X-Mianshen-Signature"
	HeaderTimestamp = "X-Mianshen-Timestamp"
	HeaderKey       = "Idempotency-Key"
)

// Channel sends signed webhooks.
type Channel struct {
	client *outward.Client
	now    func() time.Time
}

// New returns a channel; now gives the instant that a call is signed for.
func New(o outward.Options, now func() time.Time) *Channel { return &Channel{outward.New(o), now} }

// Check returns an error unless messages may be sent to the address.
func (c *Channel) Check(address string) error { return c.client.Check(address) }

// Name implements channel.Channel.
func (c *Channel) Name() string { return channel.Webhook }

// Idempotent implements channel.Channel.
func (c *Channel) Idempotent() bool { return true }

// body is what is sent.
type body struct {
	ID         string            `json:"id"`
	Kind       string            `json:"kind"`
	Enterprise string            `json:"enterprise"`
	Title      string            `json:"title"`
	Text       string            `json:"text"`
	Link       string            `json:"link,omitempty"`
	OptOut     string            `json:"opt_out,omitempty"`
	Params     map[string]string `json:"params,omitempty"`
}

// Send implements channel.Channel.
func (c *Channel) Send(ctx context.Context, to channel.Address, m channel.Message) (channel.Result, error) {
	if len(to.Secret) == 0 {
		return channel.Refused, errors.New("the webhook has no secret to sign with")
	}
	text, err := json.Marshal(body{m.Event, m.Kind, m.Enterprise, m.Title, m.Text, m.Link, m.OptOut, m.Params})
	if err != nil {
		return channel.Refused, err
	}
	stamp := strconv.FormatInt(c.now().Unix(), 10)
	header := http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"mianshen"},
		HeaderTimestamp: {stamp}, HeaderKey: {m.Key}, HeaderSignature: {Sign(to.Secret, stamp, text)},
	}
	reply, _, err := c.client.Post(ctx, to.To, header, text)
	if errors.Is(err, outward.ErrAddress) {
		return channel.Refused, err
	}
	if err != nil {
		return channel.Retry, err
	}
	return channel.Answer(reply.Status, true)
}

// Sign returns the signature over a timestamp and a body.
func Sign(secret []byte, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}
