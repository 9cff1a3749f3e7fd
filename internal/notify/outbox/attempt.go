package outbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
)

// Ticket is a leased message that is about to be sent. Attempt is the number of the new attempt, which fences it from then on.
type Ticket struct {
	Lease
	Event   string
	Attempt int
	Members []string // events that become part of this message, as a digest
	Digest  bool
	Chosen  time.Time // of the choice that let it through, as Firm has it; zero: whatever is chosen now
}

// Done is what came of the attempt of a ticket.
type Done struct {
	Ticket
	Result channel.Result
	Note   string
	Dead   bool      // of a Retry: there were enough
	Next   time.Time // of a Retry: when to try again
}

// Turn writes, in one transaction, that some messages are being sent and what came of others. granted says for each ticket whether it may be
// sent: not if its lease is over, if the firm has opted out or chosen otherwise meanwhile, or if messages are locked. marked says for each
// attempt whether it still counted: not if somebody else has taken over.
func (b *Box) Turn(ctx context.Context, begin []Ticket, done []Done, now time.Time) (granted, marked []bool, err error) {
	granted, marked = make([]bool, len(begin)), make([]bool, len(done))
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		clear(granted)
		clear(marked)
		for _, i := range inOrder(done, func(d Done) string { return d.Event + d.Channel }) {
			ok, err := done[i].write(ctx, tx, now)
			if err != nil {
				return err
			}
			marked[i] = ok
		}
		for _, i := range inOrder(begin, func(t Ticket) string { return t.Event + t.Channel }) {
			ok, err := begin[i].write(ctx, tx, now)
			if err == nil && !ok {
				err = begin[i].giveBack(ctx, tx)
			}
			if err != nil {
				return err
			}
			granted[i] = ok
		}
		return nil
	})
	return granted, marked, err
}

// inOrder are the indexes of a list by key, so that two writers meet the same rows in the same order.
func inOrder[T any](all []T, key func(T) string) []int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(key(all[a]), key(all[b])) })
	return order
}

const leasedBy = " WHERE event = $1 AND channel = $2 AND state = 'leased' AND lease_owner = $3"

func (t Ticket) write(ctx context.Context, tx *store.Tx, now time.Time) (ok bool, err error) {
	for _, member := range t.Members {
		var n int
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM outbox"+leasedBy, member, t.Channel, t.Owner).Scan(&n); err != nil || n == 0 {
			return false, err
		}
	}
	var digest any
	if t.Digest || len(t.Members) > 0 {
		digest = t.Event
	}
	n, err := tx.Exec(ctx, `UPDATE outbox SET state = 'sending', attempt = $4, lease_until = $5, digest = $6, note = ''`+leasedBy+` AND attempt = $7 AND lease_until > $8
		AND NOT EXISTS (SELECT 1 FROM instance WHERE locked = 1)
		AND (channel = 'inbox' OR EXISTS (SELECT 1 FROM contact c WHERE c.enterprise = outbox.enterprise AND c.channel = outbox.channel
			AND c.verified_at IS NOT NULL AND c.stopped_at IS NULL)
			AND NOT EXISTS (SELECT 1 FROM preference p WHERE p.enterprise = outbox.enterprise AND p.changed_at <> $9))`,
		t.Event, t.Channel, t.Owner, t.Attempt, store.Stamp(t.Until), digest, t.Attempt-1, store.Stamp(now), store.Stamp(t.Chosen))
	if err != nil || n == 0 {
		return false, err
	}
	for _, member := range t.Members {
		if _, err := tx.Exec(ctx, "UPDATE outbox SET state = 'digested', digest = $4, ended_at = $5, lease_owner = NULL, lease_until = NULL"+leasedBy,
			member, t.Channel, t.Owner, t.Event, store.Stamp(now)); err != nil {
			return false, err
		}
	}
	_, err = tx.Exec(ctx, "INSERT INTO outbox_attempt (event, channel, attempt, begun_at) VALUES ($1, $2, $3, $4)", t.Event, t.Channel, t.Attempt, store.Stamp(now))
	return err == nil, err
}

// giveBack lets what wasn't granted wait again, so that the choice is asked anew.
func (t Ticket) giveBack(ctx context.Context, tx *store.Tx) error {
	for _, id := range append([]string{t.Event}, t.Members...) {
		if _, err := tx.Exec(ctx, "UPDATE outbox SET state = 'waiting', lease_owner = NULL, lease_until = NULL"+leasedBy, id, t.Channel, t.Owner); err != nil {
			return err
		}
	}
	return nil
}

func (d Done) write(ctx context.Context, tx *store.Tx, now time.Time) (ok bool, err error) {
	rows := 0
	err = each(ctx, tx.Query, "SELECT 1 FROM outbox WHERE event = $1 AND channel = $2 AND state = 'sending' AND lease_owner = $3 AND attempt = $4"+tx.Lock(),
		[]any{d.Event, d.Channel, d.Owner, d.Attempt}, func(rowset.Scan) error { rows++; return nil })
	if err != nil || rows == 0 {
		return false, err
	}
	return true, end(ctx, tx, d, now)
}

// end closes the attempt and moves its message, whose row is held.
func end(ctx context.Context, tx *store.Tx, d Done, now time.Time) error {
	state, why, next, ended := "delivered", "", now, store.Stamp(now)
	switch d.Result {
	case channel.Retry:
		if d.Dead {
			state, why = "dead", note("试了 "+itoa(d.Attempt)+" 次没有送达："+d.Note)
			break
		}
		state, why, ended, next = "waiting", note(d.Note), nil, d.Next
	case channel.Refused:
		state, why = "dead", note(d.Note)
	case channel.Unknown:
		state, why = "unknown", note(d.Note)
	case channel.Delivered:
	}
	_, err := tx.Exec(ctx, "UPDATE outbox_attempt SET ended_at = $4, outcome = $5, note = $6 WHERE event = $1 AND channel = $2 AND attempt = $3 AND ended_at IS NULL",
		d.Event, d.Channel, d.Attempt, store.Stamp(now), string(d.Result), why)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE outbox SET state = $4, ended_at = $5, next_at = $6, note = $7, lease_owner = NULL, lease_until = NULL
		WHERE event = $1 AND channel = $2 AND state = 'sending' AND attempt = $3`, d.Event, d.Channel, d.Attempt, state, ended, store.Stamp(next), why)
	return err
}

type held struct {
	event, state, owner string
	attempt             int
}

// overdue are messages whose lease is over, some at a time.
func overdue(ctx context.Context, ask querier, l Lease, lock string, busy func(string) bool, now time.Time) (all []held, err error) {
	const most = 500
	err = each(ctx, ask, `SELECT event, state, lease_owner, attempt FROM outbox WHERE channel = $1 AND state IN ('leased', 'sending') AND lease_until < $2
		ORDER BY event LIMIT $3`+lock, []any{l.Channel, store.Stamp(now), most}, func(scan rowset.Scan) error {
		var h held
		err := scan(&h.event, &h.state, &h.owner, &h.attempt)
		if h.owner != l.Owner || !busy(h.event) {
			all = append(all, h)
		}
		return err
	})
	return all, err
}

// Expire takes back what is held beyond its lease, but for the events that the owner itself is busy with, whatever its clock says: what
// wasn't begun waits again; what was being sent waits again where the channel is idempotent, and is unknown elsewhere. It returns how many
// became unknown.
func (b *Box) Expire(ctx context.Context, l Lease, idempotent bool, busy func(event string) bool, now time.Time) (unknown int, err error) {
	if all, err := overdue(ctx, b.s.DB().QueryContext, l, "", busy, now); err != nil || len(all) == 0 {
		return 0, err
	}
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		unknown = 0
		all, err := overdue(ctx, tx.Query, l, tx.Lock(), busy, now)
		if err != nil {
			return err
		}
		for _, h := range all {
			t := Ticket{Lease: l, Event: h.event, Attempt: h.attempt}
			switch {
			case h.state == "leased":
				_, err = tx.Exec(ctx, "UPDATE outbox SET state = 'waiting', lease_owner = NULL, lease_until = NULL WHERE event = $1 AND channel = $2 AND state = 'leased'", h.event, l.Channel)
			case idempotent:
				err = end(ctx, tx, Done{Ticket: t, Result: channel.Retry, Note: "发送时程序中断，按同一个键重发", Next: now}, now)
			default:
				unknown++
				_, err = tx.Exec(ctx, `UPDATE outbox SET state = 'unknown', ended_at = $3, note = '发送时程序中断，不知是否送达，请核实后处理', lease_owner = NULL, lease_until = NULL
					WHERE event = $1 AND channel = $2 AND state = 'sending'`, h.event, l.Channel, store.Stamp(now))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return unknown, err
}
