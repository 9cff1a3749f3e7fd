package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"mianshen/internal/notify/event"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
)

// Followed returns how far a follower has come in the sequence of changes, 0 for one that never was.
func (b *Box) Followed(ctx context.Context, name string) (seq int64, err error) {
	err = b.s.DB().QueryRowContext(ctx, "SELECT seq FROM follower WHERE name = $1", name).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// Follow stores the events of the changes up to seq and moves the follower there, in one transaction: events of a change come once, however
// often a follower begins anew. ErrConflict where it has been there already. It returns how many events are new.
func (b *Box) Follow(ctx context.Context, name string, seq int64, events []event.Event, now time.Time) (fresh int, err error) {
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		moved, err := tx.Exec(ctx, `INSERT INTO follower (name, seq, at) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE follower.seq < excluded.seq`, name, seq, store.Stamp(now))
		if err == nil && moved == 0 {
			err = fmt.Errorf("follower %q has passed %d: %w", name, seq, store.ErrConflict)
		}
		if err != nil {
			return err
		}
		if fresh, err = Enqueue(ctx, tx, events, now); err != nil {
			return err
		}
		facts := map[string]string{"seq": strconv.FormatInt(seq, 10), "events": strconv.Itoa(len(events)), "new": strconv.Itoa(fresh)}
		return record(ctx, tx, "followed", name, Actor{}, now, facts)
	})
	return fresh, err
}

// Tell stores events that come from no change of the sequence, such as a reminder of the day; job names who tells. It returns how many are new.
func (b *Box) Tell(ctx context.Context, job string, events []event.Event, now time.Time) (fresh int, err error) {
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		if fresh, err = Enqueue(ctx, tx, events, now); err != nil {
			return err
		}
		return record(ctx, tx, "told", job, Actor{}, now, map[string]string{"events": strconv.Itoa(len(events)), "new": strconv.Itoa(fresh)})
	})
	return fresh, err
}

// Enqueue stores events within the transaction of what they tell of, with a message for the inbox and one for each channel on which the
// firm can be reached. An event that is known already is left as it is. The audit record is the caller's.
func Enqueue(ctx context.Context, tx *store.Tx, events []event.Event, now time.Time) (fresh int, err error) {
	if err := valid(events); err != nil {
		return 0, err
	}
	if err := tx.Room(ctx, len(events)); err != nil {
		return 0, err
	}
	events = slices.Clone(events)
	slices.SortFunc(events, func(a, b event.Event) int { return compare(a.ID, b.ID) }) // two writers meet in one order
	for part := range slices.Chunk(events, 500) {
		ids, err := insertEvents(ctx, tx, part)
		if err != nil {
			return fresh, err
		}
		fresh += len(ids)
		if err := among(ids, func(ids []string) error { return insertMessages(ctx, tx, ids, now) }); err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// insertEvents returns the ids of those that weren't known.
func insertEvents(ctx context.Context, tx *store.Tx, events []event.Event) (fresh []string, err error) {
	const columns = 11
	args := make([]any, 0, len(events)*columns)
	for _, e := range events {
		data := e.Data
		if data == nil {
			data = map[string]string{}
		}
		text, err := json.Marshal(data)
		if err != nil {
			return nil, err
		}
		var change any
		if e.Change != 0 {
			change = e.Change
		}
		args = append(args, e.ID, e.Kind, e.Enterprise, e.Subject, store.Stamp(e.At), change, e.Item, e.Decision, int64(e.Worth), store.Day(e.Due), string(text))
	}
	query := `INSERT INTO event (id, kind, enterprise, subject, at, change, item, decision, worth_fen, due, data) VALUES ` +
		places(tx.Kind(), 1, len(events), columns) + ` ON CONFLICT DO NOTHING RETURNING id`
	err = each(ctx, tx.Query, query, args, func(scan rowset.Scan) error {
		var id string
		err := scan(&id)
		fresh = append(fresh, id)
		return err
	})
	return fresh, err
}

func insertMessages(ctx context.Context, tx *store.Tx, ids []string, now time.Time) error {
	kind := tx.Kind()
	in, args := list(kind, []any{store.Stamp(now)}, ids)
	next := "CAST(" + mark(kind, 1) + " AS " + map[store.Kind]string{store.SQLite: "TEXT", store.Postgres: "TIMESTAMPTZ"}[kind] + ")"
	for _, query := range []string{
		`INSERT INTO outbox (event, channel, enterprise, state, next_at) SELECT e.id, 'inbox', e.enterprise, 'waiting', ` + next + ` FROM event e WHERE e.id IN ` + in,
		`INSERT INTO outbox (event, channel, enterprise, state, next_at) SELECT e.id, c.channel, e.enterprise, 'waiting', ` + next + `
			FROM event e JOIN contact c ON c.enterprise = e.enterprise
			WHERE c.channel <> 'inbox' AND c.verified_at IS NOT NULL AND c.stopped_at IS NULL AND e.id IN ` + in,
	} {
		if _, err := tx.Exec(ctx, query, args...); err != nil {
			return err
		}
	}
	return nil
}
