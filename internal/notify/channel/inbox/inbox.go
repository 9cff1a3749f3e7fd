// Package inbox is the channel within the house: the message's own row is what the firm reads, so sending it is only to tell
// open pages.
package inbox

import (
	"context"

	"mianshen/internal/notify/channel"
)

// Channel is the inbox.
type Channel struct{ tell func(enterprise string) }

// New returns a channel; tell is called for each message with its firm's code and must not wait. nil: nobody is told.
func New(tell func(enterprise string)) *Channel { return &Channel{tell} }

// Name implements channel.Channel.
func (c *Channel) Name() string { return channel.Inbox }

// Idempotent implements channel.Channel.
func (c *Channel) Idempotent() bool { return true }

// Send implements channel.Channel. The page is told a little before the row says so; who looks at once looks again.
func (c *Channel) Send(_ context.Context, _ channel.Address, m channel.Message) (channel.Result, error) {
	if c.tell != nil {
		c.tell(m.Enterprise)
	}
	return channel.Delivered, nil
}
