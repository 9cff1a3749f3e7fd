package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// A passing is a kind of thing that is begun, grows, and is dropped where it never comes to its end.
type passing struct{ keys, lock, rest, whole string }

// The kinds: which of them were begun before $1 and never finished; and by its key $1 how one is held, so that nobody
// finishes or adds to it meanwhile, what hangs on it, and itself.
var (
	loadingDeliveries = passing{
		`SELECT seq FROM delivery WHERE id IS NULL AND received_at < $1`,
		`SELECT seq FROM delivery WHERE seq = $1 AND id IS NULL`,
		`DELETE FROM delivery_part WHERE delivery = $1`, `DELETE FROM delivery WHERE seq = $1`,
	}
	// One of an older program stays where a sweep names it.
	unsealedSnapshots = passing{
		`SELECT seq FROM snapshot n WHERE NOT sealed AND received_at < $1 AND NOT EXISTS (SELECT 1 FROM sweep WHERE snapshot = n.seq)`,
		`SELECT seq FROM snapshot WHERE seq = $1 AND NOT sealed`,
		`DELETE FROM snapshot_chunk WHERE snapshot = $1`, `DELETE FROM snapshot WHERE seq = $1`,
	}
	staleUploads = passing{
		`SELECT id FROM upload WHERE at < $1`,
		`SELECT id FROM upload WHERE id = $1`,
		`DELETE FROM upload_chunk WHERE upload = $1`, `DELETE FROM upload WHERE id = $1`,
	}
)

// DropLoading removes what was begun before an instant and never finished: deliveries that aren't sealed with their parts,
// snapshots that aren't sealed with their chunks, and uploads. It returns how many of them there were. Whoever is still at
// one of them finds it gone (ErrNotFound), so before should be a day ago or more.
func (s *Store) DropLoading(ctx context.Context, before time.Time) (dropped int64, err error) {
	defer wrap(&err, "drop what was begun before %v", before)
	if err := instant("before", before); err != nil {
		return 0, err
	}
	for _, kind := range []passing{loadingDeliveries, unsealedSnapshots, staleUploads} {
		keys, err := collect(ctx, s.db, scanText, kind.keys, stamp{before})
		if err != nil {
			return dropped, err
		}
		for _, key := range keys {
			was, err := s.drop(ctx, kind, key)
			if err != nil {
				return dropped, err
			}
			if was {
				dropped++
			}
		}
	}
	return dropped, nil
}

// drop removes the one with a key, in a transaction of its own, and tells whether it was there and not finished.
func (s *Store) drop(ctx context.Context, kind passing, key string) (was bool, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var held string
		err := tx.QueryRowContext(ctx, kind.lock+s.locking("UPDATE"), key).Scan(&held)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, kind.rest, key); err != nil {
			return err
		}
		was = true
		_, err = tx.ExecContext(ctx, kind.whole, key)
		return err
	})
	return was && err == nil, err
}
