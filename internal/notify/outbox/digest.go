package outbox

import (
	"context"
	"time"

	"mianshen/internal/notify/choice"
	"mianshen/internal/store"
)

// Digest lets the digests of one rhythm go out (choice.Daily or choice.Weekly): what happened before the instant that they were planned
// for waits no longer, and each firm's choice is asked again when it is sent. What has failed waits for its own turn. It returns how many
// messages go, of how many firms. What is let go twice goes once.
func (b *Box) Digest(ctx context.Context, rhythm choice.Digest, planned, now time.Time) (messages, firms int64, err error) {
	const of = ` o.state = 'waiting' AND o.attempt = 0 AND o.channel <> 'inbox' AND o.enterprise IN (SELECT enterprise FROM preference WHERE digest = $1)
		AND EXISTS (SELECT 1 FROM event e WHERE e.id = o.event AND e.at < $2)`
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		row := tx.QueryRow(ctx, "SELECT count(*), count(DISTINCT o.enterprise) FROM outbox o WHERE"+of, string(rhythm), store.Stamp(planned))
		if err := row.Scan(&messages, &firms); err != nil || messages == 0 {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE outbox AS o SET next_at = $3 WHERE o.next_at > $3 AND"+of, string(rhythm), store.Stamp(planned), store.Stamp(now))
		return err
	})
	return messages, firms, err
}
