package recheck

import (
	"context"
	"errors"

	"mianshen/internal/casework"
	"mianshen/internal/store"
)

// stale is what ErrStale is: a sentence, and a kind of store.ErrConflict.
type stale struct{}

func (stale) Error() string {
	return "有更正或新到的数据还没有进入比对，请先运行一次比对（每晚自动运行，也可以用 mianshen sweep），再复查、审批。"
}

func (stale) Unwrap() error { return store.ErrConflict }

// ErrStale says that a list can't be decided again now: a fact of one of its firms was put right, or a delivery began or ceased to
// count, and no snapshot knows it yet. A comparison has to come first.
var ErrStale error = stale{}

// fresh is ErrStale if something that bears on a list came after what the newest snapshot knows. A comparison that found all facts
// unchanged keeps the snapshot, and knows as much as it asked for.
func fresh(ctx context.Context, o *casework.Office, snap store.Snapshot, list string) error {
	known := snap.KnownAt
	sweep, err := o.Store.LatestSweep(ctx)
	switch {
	case err == nil && sweep.Snapshot == snap.ID && sweep.KnownAt.After(known):
		known = sweep.KnownAt
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	var later int
	err = o.Store.DB().QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM correction c WHERE c.at > $1 AND c.uscc IN (SELECT enterprise FROM list_entry WHERE list = $2 AND status IN ('in', 'held')))
		+ (SELECT count(*) FROM delivery_state s WHERE s.at > $1 AND (s.state = 'accepted'
			OR EXISTS (SELECT 1 FROM delivery_state b WHERE b.delivery = s.delivery AND b.seq < s.seq AND b.state = 'accepted')))`, store.Stamp(known), list).Scan(&later)
	if err == nil && later > 0 {
		err = ErrStale
	}
	return err
}
