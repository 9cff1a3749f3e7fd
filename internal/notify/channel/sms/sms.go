// Package sms sends short messages through an HTTP gateway that sends templates of its own: it is given the number, a template's id
// and the template's parameters. Such a gateway knows no idempotency. So what is in doubt stays in doubt: it is never sent again.
package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/outward"
)

// Gateway says how the gateway is called.
type Gateway struct {
	URL       string
	Token     string            // sent as a bearer token, "" for none
	Sign      string            // the signature that stands before the text (签名)
	Templates map[string]string // kind of event to template id; "" stands for all others
	HTTP      outward.Options
}

// Channel sends short messages.
type Channel struct {
	g      Gateway
	client *outward.Client
}

// New returns a channel, or an error for a gateway that may not be called.
func New(g Gateway) (*Channel, error) {
	c := &Channel{g, outward.New(g.HTTP)}
	return c, c.client.Check(g.URL)
}

// Name implements channel.Channel.
func (c *Channel) Name() string { return channel.SMS }

// Idempotent implements channel.Channel.
func (c *Channel) Idempotent() bool { return false }

var mobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)

// Check returns an error unless the text is a mobile number of the mainland.
func Check(number string) error {
	if !mobile.MatchString(number) {
		return errors.New("not a mobile number")
	}
	return nil
}

type request struct {
	To       string            `json:"to"`
	Template string            `json:"template"`
	Sign     string            `json:"sign,omitempty"`
	Params   map[string]string `json:"params"`
	Ref      string            `json:"ref"` // comes back in the gateway's bill
}

// Send implements channel.Channel.
func (c *Channel) Send(ctx context.Context, to channel.Address, m channel.Message) (channel.Result, error) {
	if err := Check(to.To); err != nil {
		return channel.Refused, err
	}
	template, ok := c.g.Templates[m.Kind]
	if !ok {
		template = c.g.Templates[""]
	}
	if template == "" {
		return channel.Refused, fmt.Errorf("no template for %q", m.Kind)
	}
	params := m.Params
	if params == nil {
		params = map[string]string{"title": m.Title, "link": m.Link}
	}
	text, err := json.Marshal(request{to.To, template, c.g.Sign, params, m.Key})
	if err != nil {
		return channel.Refused, err
	}
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	if c.g.Token != "" {
		header.Set("Authorization", "Bearer "+c.g.Token)
	}
	return Dumb(c.client.Post(ctx, c.g.URL, header, text))
}

// Dumb is what a call to a gateway without idempotency came to: it is asked again only where nothing was sent, or where the gateway
// says that it hasn't taken it.
func Dumb(reply outward.Reply, sent bool, err error) (channel.Result, error) {
	switch {
	case errors.Is(err, outward.ErrAddress):
		return channel.Refused, err
	case err != nil && sent:
		return channel.Unknown, err
	case err != nil:
		return channel.Retry, err
	}
	return channel.Answer(reply.Status, false)
}
