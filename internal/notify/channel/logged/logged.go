// Package logged is a channel for demonstrations: a message becomes a line of the program's log, with the masked address.
package logged

import (
	"context"
	"log/slog"

	"mianshen/internal/notify/channel"
)

// Channel writes lines.
type Channel struct{ log *slog.Logger }

// New returns a channel that writes to log.
func New(log *slog.Logger) *Channel { return &Channel{log} }

// Name implements channel.Channel.
func (c *Channel) Name() string { return channel.Log }

// Idempotent implements channel.Channel: a line twice does no harm.
func (c *Channel) Idempotent() bool { return true }

// Send implements channel.Channel.
func (c *Channel) Send(ctx context.Context, to channel.Address, m channel.Message) (channel.Result, error) {
	c.log.InfoContext(ctx, "message", "enterprise", m.Enterprise, "to", to.Masked, "kind", m.Kind, "title", m.Title, "link", m.Link)
	return channel.Delivered, nil
}
