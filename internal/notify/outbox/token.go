package outbox

import (
	"context"

	"mianshen/internal/store"
)

// ByToken finds the contact that a link in a message stops. It changes nothing. ErrNotFound: nobody's token.
func (b *Box) ByToken(ctx context.Context, token string) (c Contact, err error) {
	err = b.s.DB().QueryRowContext(ctx, "SELECT enterprise, channel, masked, verified_at, stopped_at, token FROM contact WHERE token = $1", token).
		Scan(&c.Enterprise, &c.Channel, &c.Masked, store.StampInto(&c.VerifiedAt), store.StampInto(&c.StoppedAt), &c.Token)
	return c, missing(err, "退订链接已失效，请登录后在通知设置里停用该渠道。")
}
