package outbox

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mianshen/internal/notify/event"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Row is a message as a person sees it.
type Row struct {
	Event   event.Event
	Channel string
	State   string
	Attempt int
	NextAt  time.Time
	EndedAt time.Time // zero: it hasn't ended
	Note    string
	Digest  string // the event whose message carries this one
	SeenAt  time.Time
	ActedAt time.Time
}

const rowQuery = "SELECT " + eventColumns + `, o.channel, o.state, o.attempt, o.next_at, o.ended_at, o.note, coalesce(o.digest, ''), r.seen_at, r.acted_at
	FROM outbox o JOIN event e ON e.id = o.event LEFT JOIN reading r ON r.event = o.event WHERE `

func (b *Box) rows(ctx context.Context, where string, args ...any) (all []Row, err error) {
	err = each(ctx, b.s.DB().QueryContext, rowQuery+where, args, func(scan rowset.Scan) error {
		var r Row
		err := scanEvent(scan, &r.Event, &r.Channel, &r.State, &r.Attempt, store.StampInto(&r.NextAt), store.StampInto(&r.EndedAt), &r.Note, &r.Digest,
			store.StampInto(&r.SeenAt), store.StampInto(&r.ActedAt))
		all = append(all, r)
		return err
	})
	return all, err
}

// In returns up to limit messages in a state, the newest first.
func (b *Box) In(ctx context.Context, state string, limit int) ([]Row, error) {
	return b.rows(ctx, "o.state = $1 ORDER BY o.ended_at DESC, o.next_at, o.event, o.channel LIMIT $2", state, limit)
}

// Place is where a page of an inbox ended: the instant at which its last message came, and its event.
type Place struct {
	At    time.Time
	Event string
}

// Inbox returns up to limit messages that a firm can read in its inbox, of one kind where one is given, the newest first; those behind a
// place where that isn't zero. Many messages may come at one instant.
func (b *Box) Inbox(ctx context.Context, enterprise, kind string, after Place, limit int) ([]Row, error) {
	where, args := "o.enterprise = $1 AND o.channel = 'inbox' AND o.state = 'delivered'", []any{enterprise}
	if kind != "" {
		args = append(args, kind)
		where += fmt.Sprintf(" AND e.kind = $%d", len(args))
	}
	if !after.At.IsZero() {
		args = append(args, store.Stamp(after.At), after.Event)
		where += fmt.Sprintf(" AND (o.ended_at < $%[1]d OR o.ended_at = $%[1]d AND o.event > $%[2]d)", len(args)-1, len(args))
	}
	args = append(args, limit)
	return b.rows(ctx, where+fmt.Sprintf(" ORDER BY o.ended_at DESC, o.event LIMIT $%d", len(args)), args...)
}

// Events returns what a firm was told of some kinds, whatever became of the messages: the newest first, at most 5000.
func (b *Box) Events(ctx context.Context, enterprise string, kinds ...string) (all []event.Event, err error) {
	in, args := list(b.s.Kind(), []any{enterprise}, kinds)
	err = each(ctx, b.s.DB().QueryContext, "SELECT "+eventColumns+" FROM event e WHERE e.enterprise = "+mark(b.s.Kind(), 1)+" AND e.kind IN "+in+
		" ORDER BY e.at DESC, e.id LIMIT 5000", args, func(scan rowset.Scan) error {
		var e event.Event
		err := scanEvent(scan, &e)
		all = append(all, e)
		return err
	})
	return all, err
}

// Latest returns of Events the newest of each kind and item; of policies the newest of each policy.
func (b *Box) Latest(ctx context.Context, enterprise string, kinds ...string) ([]event.Event, error) {
	all, err := b.Events(ctx, enterprise, kinds...)
	seen := map[[3]string]bool{}
	return slices.DeleteFunc(all, func(e event.Event) bool {
		key := [3]string{e.Kind, e.Item, e.Data[event.Ref]}
		old := seen[key]
		seen[key] = true
		return old
	}), err
}

// Message returns the messages of one event, by channel.
func (b *Box) Message(ctx context.Context, id string) ([]Row, error) {
	return b.rows(ctx, "o.event = $1 ORDER BY o.channel", id)
}

// Newest is the last event of a kind; the error wraps store.ErrNotFound where there is none.
func (b *Box) Newest(ctx context.Context, kind string) (e event.Event, err error) {
	found := false
	err = each(ctx, b.s.DB().QueryContext, "SELECT "+eventColumns+" FROM event e WHERE e.kind = $1 ORDER BY e.at DESC, e.worth_fen DESC, e.id LIMIT 1", []any{kind}, func(scan rowset.Scan) error {
		found = true
		return scanEvent(scan, &e)
	})
	if err == nil && !found {
		err = fmt.Errorf("an event of kind %q: %w", kind, store.ErrNotFound)
	}
	return e, err
}

// Known are the ids of those of some events that are stored already.
func (b *Box) Known(ctx context.Context, events []event.Event) (map[string]bool, error) {
	known := map[string]bool{}
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	err := among(ids, func(part []string) error {
		in, args := list(b.s.Kind(), nil, part)
		return each(ctx, b.s.DB().QueryContext, "SELECT id FROM event WHERE id IN "+in, args, func(scan rowset.Scan) error {
			var id string
			err := scan(&id)
			known[id] = true
			return err
		})
	})
	return known, err
}

// Count is how many messages of a channel are in a state.
type Count struct {
	Channel, State string
	N              int
}

// Counts returns them by channel and state.
func (b *Box) Counts(ctx context.Context) (all []Count, err error) {
	err = each(ctx, b.s.DB().QueryContext, "SELECT channel, state, count(*) FROM outbox GROUP BY channel, state ORDER BY channel, state", nil, func(scan rowset.Scan) error {
		var c Count
		err := scan(&c.Channel, &c.State, &c.N)
		all = append(all, c)
		return err
	})
	return all, err
}

// Due is how many messages of some channels wait for their turn now, or are with an owner; none while messages are locked.
func (b *Box) Due(ctx context.Context, owner string, channels []string, now time.Time) (n int, err error) {
	kind := b.s.Kind()
	in, args := list(kind, []any{store.Stamp(now), owner}, channels)
	query := `SELECT count(*) FROM outbox WHERE (state = 'waiting' AND next_at <= ` + mark(kind, 1) + ` OR state IN ('leased', 'sending') AND lease_owner = ` + mark(kind, 2) +
		`) AND channel IN ` + in + ` AND NOT EXISTS (SELECT 1 FROM instance WHERE locked = 1)`
	err = b.s.DB().QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// Try is one attempt to send a message.
type Try struct {
	Attempt          int
	BegunAt, EndedAt time.Time // EndedAt zero: it runs, or the program ended before it could say what came of it
	Outcome, Note    string
}

// Attempts are all of a message, in order.
func (b *Box) Attempts(ctx context.Context, id, channel string) (all []Try, err error) {
	err = each(ctx, b.s.DB().QueryContext, `SELECT attempt, begun_at, ended_at, coalesce(outcome, ''), note FROM outbox_attempt
		WHERE event = $1 AND channel = $2 ORDER BY attempt`, []any{id, channel}, func(scan rowset.Scan) error {
		var t Try
		err := scan(&t.Attempt, store.StampInto(&t.BegunAt), store.StampInto(&t.EndedAt), &t.Outcome, &t.Note)
		all = append(all, t)
		return err
	})
	return all, err
}

// Retry lets a dead or unknown message be sent again, which a person answers for.
func (b *Box) Retry(ctx context.Context, a Actor, id, channel, why string, now time.Time) error {
	return b.decide(ctx, "retried", a, id, channel, why, now,
		"UPDATE outbox SET state = 'waiting', ended_at = NULL, next_at = $3, note = '' WHERE event = $1 AND channel = $2 AND state IN ('dead', 'unknown')")
}

// Confirm says that an unknown message has arrived, as a person found out.
func (b *Box) Confirm(ctx context.Context, a Actor, id, channel, why string, now time.Time) error {
	return b.decide(ctx, "confirmed", a, id, channel, why, now,
		"UPDATE outbox SET state = 'delivered', ended_at = $3 WHERE event = $1 AND channel = $2 AND state = 'unknown'")
}

func (b *Box) decide(ctx context.Context, kind string, a Actor, id, channel, why string, now time.Time, query string) error {
	if a.Person == "" || why == "" {
		return invalid("请写明理由后再提交。")
	}
	a.why = note(why)
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, query, id, channel, store.Stamp(now))
		if err == nil && n == 0 {
			err = conflict("这条消息不在待人处理的状态，请刷新页面查看。")
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, kind, id, a, now, map[string]string{"channel": channel})
	})
}

// Seen notes that a firm has read of events that are its own; others are left alone. Acted notes that it did what was asked.
func (b *Box) Seen(ctx context.Context, enterprise string, events []string, now time.Time) error {
	return b.reading(ctx, enterprise, events, now, "INSERT INTO reading (event, seen_at) SELECT id, $3 FROM event WHERE id = $1 AND enterprise = $2 ON CONFLICT DO NOTHING")
}

// Acted notes that a firm did what an event asked for.
func (b *Box) Acted(ctx context.Context, enterprise string, events []string, now time.Time) error {
	return b.reading(ctx, enterprise, events, now, `INSERT INTO reading (event, seen_at, acted_at) SELECT id, $3, $3 FROM event WHERE id = $1 AND enterprise = $2
		ON CONFLICT (event) DO UPDATE SET acted_at = excluded.acted_at WHERE reading.acted_at IS NULL`)
}

// SeenAll notes that a firm has read all that is in its inbox, of one kind where one is given, and returns of how many that is new.
func (b *Box) SeenAll(ctx context.Context, enterprise, kind string, now time.Time) (n int64, err error) {
	query := `INSERT INTO reading (event, seen_at) SELECT o.event, $2 FROM outbox o JOIN event e ON e.id = o.event
		WHERE o.enterprise = $1 AND o.channel = 'inbox' AND o.state = 'delivered' AND ($3 = '' OR e.kind = $3)
		AND NOT EXISTS (SELECT 1 FROM reading r WHERE r.event = o.event) ON CONFLICT DO NOTHING`
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		n, err = tx.Exec(ctx, b.timed(query, "$2"), enterprise, store.Stamp(now), kind)
		return err
	})
	return n, err
}

// Unsee takes back what SeenAll noted at an instant, but for what the firm did meanwhile.
func (b *Box) Unsee(ctx context.Context, enterprise string, at time.Time) (n int64, err error) {
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		n, err = tx.Exec(ctx, `DELETE FROM reading WHERE seen_at = $2 AND acted_at IS NULL AND event IN (SELECT id FROM event WHERE enterprise = $1)`, enterprise, store.Stamp(at))
		return err
	})
	return n, err
}

// Unact takes back that a firm did what an event asked for. It stays read.
func (b *Box) Unact(ctx context.Context, enterprise, id string) error {
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE reading SET acted_at = NULL WHERE event = $2 AND event IN (SELECT id FROM event WHERE enterprise = $1)`, enterprise, id)
		return err
	})
}

// timed says of a parameter that it is an instant: PostgreSQL takes an untyped one in a SELECT for text.
func (b *Box) timed(query, parameter string) string {
	if b.s.Kind() == store.Postgres {
		return strings.ReplaceAll(query, parameter, "CAST("+parameter+" AS TIMESTAMPTZ)")
	}
	return query
}

func (b *Box) reading(ctx context.Context, enterprise string, events []string, now time.Time, query string) error {
	query = b.timed(query, "$3")
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		for _, id := range events {
			if _, err := tx.Exec(ctx, query, id, enterprise, store.Stamp(now)); err != nil {
				return fmt.Errorf("event %s: %w", id, err)
			}
		}
		return nil
	})
}
