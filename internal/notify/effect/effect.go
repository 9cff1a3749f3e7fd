// Package effect says what became of messages: what a firm has not read yet, and, of all firms together, how many were told, read it,
// acted, and were paid.
package effect

import (
	"context"
	"time"

	"mianshen/internal/store"
)

// Mark is the state of a firm's inbox. Two that are equal show the same.
type Mark struct {
	Unread int
	Newest time.Time // when the newest message came; zero: none
	All    int
}

// Inbox returns the state of a firm's inbox.
func Inbox(ctx context.Context, s *store.Store, enterprise string) (m Mark, err error) {
	err = s.DB().QueryRowContext(ctx, `SELECT count(*), count(CASE WHEN r.event IS NULL THEN 1 END), max(o.ended_at)
		FROM outbox o LEFT JOIN reading r ON r.event = o.event WHERE o.enterprise = $1 AND o.channel = 'inbox' AND o.state = 'delivered'`, enterprise).
		Scan(&m.All, &m.Unread, store.StampInto(&m.Newest))
	return m, err
}

// Count is how many messages of a kind are in a firm's inbox.
type Count struct {
	Kind        string
	All, Unread int
}

// Kinds counts a firm's inbox by kind; those without messages aren't among them.
func Kinds(ctx context.Context, s *store.Store, enterprise string) (list []Count, err error) {
	rows, err := s.DB().QueryContext(ctx, `SELECT e.kind, count(*), count(CASE WHEN r.event IS NULL THEN 1 END)
		FROM outbox o JOIN event e ON e.id = o.event LEFT JOIN reading r ON r.event = o.event
		WHERE o.enterprise = $1 AND o.channel = 'inbox' AND o.state = 'delivered' GROUP BY e.kind ORDER BY e.kind`, enterprise)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c Count
		if err := rows.Scan(&c.Kind, &c.All, &c.Unread); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// Line is what came of the messages of one kind on one channel.
type Line struct {
	Kind, Channel string
	Sent          int // messages that came out of events
	Told          int // that were delivered, by themselves or in a digest
	Waiting       int
	Dropped       int // for what the firm chose
	Dead, Unknown int
	Seen, Acted   int // of those told: whose firm has read of it, and did what it asked
	Paid          int // of those told: whose firm was paid for the item afterwards, and the bank didn't send it back
}

// Report counts messages of events between two instants (to excluded), by kind and channel.
func Report(ctx context.Context, s *store.Store, from, to time.Time) (list []Line, err error) {
	rows, err := s.DB().QueryContext(ctx, `SELECT e.kind, o.channel, count(*),
			count(CASE WHEN o.state IN ('delivered', 'digested') THEN 1 END), count(CASE WHEN o.state IN ('waiting', 'leased', 'sending') THEN 1 END),
			count(CASE WHEN o.state = 'dropped' THEN 1 END), count(CASE WHEN o.state = 'dead' THEN 1 END), count(CASE WHEN o.state = 'unknown' THEN 1 END),
			count(CASE WHEN o.state IN ('delivered', 'digested') THEN r.seen_at END), count(CASE WHEN o.state IN ('delivered', 'digested') THEN r.acted_at END),
			count(CASE WHEN o.state IN ('delivered', 'digested') AND e.item <> '' AND EXISTS
				(SELECT 1 FROM event p WHERE p.enterprise = e.enterprise AND p.kind = 'paid' AND p.item = e.item AND p.at >= e.at AND NOT EXISTS
					(SELECT 1 FROM event b WHERE b.kind = 'returned' AND b.enterprise = p.enterprise AND b.subject = p.subject)) THEN 1 END)
		FROM event e JOIN outbox o ON o.event = e.id LEFT JOIN reading r ON r.event = e.id
		WHERE e.at >= $1 AND e.at < $2 GROUP BY e.kind, o.channel ORDER BY e.kind, o.channel`, store.Stamp(from), store.Stamp(to))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var l Line
		err := rows.Scan(&l.Kind, &l.Channel, &l.Sent, &l.Told, &l.Waiting, &l.Dropped, &l.Dead, &l.Unknown, &l.Seen, &l.Acted, &l.Paid)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, rows.Err()
}
