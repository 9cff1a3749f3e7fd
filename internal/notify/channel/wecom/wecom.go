// Package wecom sends messages to a group robot of 企业微信. Its address is a secret of the group, and it knows no idempotency.
package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/channel/outward"
)

// Host is where robots stand.
const Host = "qyapi.weixin.qq.com"

// Channel sends to robots.
type Channel struct{ client *outward.Client }

// New returns a channel. Where o has no hosts, Host alone is called.
func New(o outward.Options) *Channel {
	if len(o.Hosts) == 0 {
		o.Hosts = []string{Host}
	}
	return &Channel{outward.New(o)}
}

// Check returns an error unless messages may be sent to the address.
func (c *Channel) Check(address string) error { return c.client.Check(address) }

// Name implements channel.Channel.
func (c *Channel) Name() string { return channel.WeCom }

// Idempotent implements channel.Channel.
func (c *Channel) Idempotent() bool { return false }

const (
	mostText = 2048  // bytes of a text message
	tooMany  = 45009 // the robot's errcode beyond 20 messages a minute
)

// Send implements channel.Channel.
func (c *Channel) Send(ctx context.Context, to channel.Address, m channel.Message) (channel.Result, error) {
	type content struct {
		Content string `json:"content"`
	}
	text, err := json.Marshal(map[string]any{"msgtype": "text", "text": content{words(m)}})
	if err != nil {
		return channel.Refused, err
	}
	reply, sent, err := c.client.Post(ctx, to.To, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, text)
	switch {
	case errors.Is(err, outward.ErrAddress):
		return channel.Refused, err
	case err != nil && !sent:
		return channel.Retry, err
	case err != nil:
		return channel.Unknown, err
	case reply.Status != http.StatusOK:
		return channel.Answer(reply.Status, false)
	}
	return said(reply.Body)
}

// said reads the robot's answer, which has status 200 also where it refuses.
func said(body []byte) (channel.Result, error) {
	var answer struct {
		Code *int `json:"errcode"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Code == nil {
		return channel.Unknown, errors.New("the robot's answer can't be read")
	}
	switch *answer.Code {
	case 0:
		return channel.Delivered, nil
	case -1, tooMany: // 系统繁忙, 接口调用超过限制
		return channel.Retry, fmt.Errorf("the robot answered with errcode %d", *answer.Code)
	}
	return channel.Refused, fmt.Errorf("the robot answered with errcode %d", *answer.Code)
}

// words are title, text and link within what a robot takes; the text is cut at a character.
func words(m channel.Message) string {
	tail := ""
	for _, line := range []string{m.Link, m.OptOut} {
		if line != "" {
			tail += "\n" + line
		}
	}
	head := m.Title + "\n" + m.Text
	if room := mostText - len(tail); len(head) > room {
		head = strings.ToValidUTF8(head[:max(room-len("…"), 0)], "") + "…"
	}
	return head + tail
}
