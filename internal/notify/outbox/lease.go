package outbox

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/event"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules/civil"
)

// Lease is a number of messages of a channel that belong to one owner until an instant.
type Lease struct {
	Channel, Owner string
	Until          time.Time
}

// Firm is what waits for one firm on a channel, with what its choice depends on.
type Firm struct {
	Enterprise string
	Messages   []Message
	Preference choice.Preference
	Chosen     time.Time // when it chose that, zero if it never did
	Reachable  string    // "" or why the channel may not be used
	Used       int       // messages that went out today, or may have
}

// Message is one that is leased.
type Message struct {
	Event   event.Event
	Attempt int // attempts made so far
	Digest  bool
	Members []event.Event // for a digest that was tried before: what else is in it
}

const eventColumns = "e.id, e.kind, e.enterprise, e.subject, e.at, e.change, e.item, e.decision, e.worth_fen, e.due, e.data"

func scanEvent(scan rowset.Scan, e *event.Event, more ...any) error {
	var change *int64
	var data string
	into := []any{&e.ID, &e.Kind, &e.Enterprise, &e.Subject, store.StampInto(&e.At), &change, &e.Item, &e.Decision, (*int64)(&e.Worth), store.DayInto(&e.Due), &data}
	if err := scan(append(into, more...)...); err != nil {
		return err
	}
	if change != nil {
		e.Change = *change
	}
	return json.Unmarshal([]byte(data), &e.Data)
}

// Lease takes up to about most messages that are due, whole firms at a time, so that a choice sees all that waits for one. Of a firm
// for which more waits the most valuable come.
func (b *Box) Lease(ctx context.Context, l Lease, most int, now time.Time) (firms []Firm, err error) {
	enterprises, err := b.due(ctx, l.Channel, most, now) // outside: who finds nothing keeps nobody from writing
	if err != nil || len(enterprises) == 0 {
		return nil, err
	}
	var all []leased
	err = b.s.Transact(ctx, func(tx *store.Tx) error {
		all = nil
		return among(enterprises, func(part []string) error {
			rows, err := pick(ctx, tx, l.Channel, part, most, now)
			if err != nil || len(rows) == 0 {
				return err
			}
			all = append(all, rows...)
			return take(ctx, tx, l, rows)
		})
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return b.firms(ctx, l, all, now)
}

type leased struct {
	e       event.Event
	attempt int
	digest  *string
}

// due are the firms whose turn it is, while nothing is locked.
func (b *Box) due(ctx context.Context, channel string, most int, now time.Time) (enterprises []string, err error) {
	known := map[string]bool{}
	err = each(ctx, b.s.DB().QueryContext, `SELECT enterprise FROM outbox WHERE channel = $1 AND state = 'waiting' AND next_at <= $2
		AND NOT EXISTS (SELECT 1 FROM instance WHERE locked = 1) ORDER BY next_at LIMIT $3`, []any{channel, store.Stamp(now), most}, func(scan rowset.Scan) error {
		var enterprise string
		err := scan(&enterprise)
		if !known[enterprise] {
			known[enterprise] = true
			enterprises = append(enterprises, enterprise)
		}
		return err
	})
	return enterprises, err
}

// pick reads the messages of firms and holds their rows; those that another node holds are left to it.
func pick(ctx context.Context, tx *store.Tx, channel string, enterprises []string, most int, now time.Time) (rows []leased, err error) {
	lock := ""
	if tx.Kind() == store.Postgres {
		lock = " FOR UPDATE OF o SKIP LOCKED"
	}
	const atLeast = 200 // of one firm
	kind := tx.Kind()
	in, args := list(kind, []any{channel, store.Stamp(now)}, enterprises)
	query := "SELECT " + eventColumns + `, o.attempt, o.digest FROM outbox o JOIN event e ON e.id = o.event
		WHERE o.channel = ` + mark(kind, 1) + ` AND o.state = 'waiting' AND o.next_at <= ` + mark(kind, 2) + ` AND o.enterprise IN ` + in + `
		ORDER BY e.worth_fen DESC, e.at, e.id LIMIT ` + mark(kind, len(args)+1) + lock
	err = each(ctx, tx.Query, query, append(args, max(2*most, atLeast)), func(scan rowset.Scan) error {
		var l leased
		err := scanEvent(scan, &l.e, &l.attempt, &l.digest)
		rows = append(rows, l)
		return err
	})
	return rows, err
}

func take(ctx context.Context, tx *store.Tx, l Lease, rows []leased) error {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.e.ID
	}
	return among(ids, func(part []string) error {
		kind := tx.Kind()
		in, args := list(kind, []any{l.Owner, store.Stamp(l.Until), l.Channel}, part)
		_, err := tx.Exec(ctx, `UPDATE outbox SET state = 'leased', lease_owner = `+mark(kind, 1)+`, lease_until = `+mark(kind, 2)+`
			WHERE channel = `+mark(kind, 3)+` AND state = 'waiting' AND event IN `+in, args...)
		return err
	})
}

// firms gathers what was leased by firm and reads what the choices need.
func (b *Box) firms(ctx context.Context, l Lease, all []leased, now time.Time) (firms []Firm, err error) {
	at := map[string]int{}
	var names []string
	for _, row := range all {
		i, ok := at[row.e.Enterprise]
		if !ok {
			i = len(firms)
			at[row.e.Enterprise] = i
			firms, names = append(firms, Firm{Enterprise: row.e.Enterprise, Preference: choice.Default, Reachable: noContact}), append(names, row.e.Enterprise)
		}
		m := Message{Event: row.e, Attempt: row.attempt, Digest: row.digest != nil}
		if m.Digest {
			if m.Members, err = b.members(ctx, l.Channel, m.Event.ID); err != nil {
				return nil, err
			}
		}
		firms[i].Messages = append(firms[i].Messages, m)
	}
	return firms, among(names, func(part []string) error {
		return b.choices(ctx, l, part, func(name string) *Firm { return &firms[at[name]] }, now)
	})
}

const noContact = "企业没有可用的联系方式"

func (b *Box) choices(ctx context.Context, l Lease, names []string, firm func(string) *Firm, now time.Time) error {
	ask, kind := b.s.DB().QueryContext, b.s.Kind()
	in, args := list(kind, nil, names)
	err := each(ctx, ask, preferenceColumns+" WHERE enterprise IN "+in, args, func(scan rowset.Scan) error {
		name, p, chosen, err := scanPreference(scan)
		if err == nil {
			firm(name).Preference, firm(name).Chosen = p, chosen
		}
		return err
	})
	if err != nil {
		return err
	}
	in, args = list(kind, []any{l.Channel}, names)
	query := `SELECT enterprise, verified_at, stopped_at FROM contact WHERE channel = ` + mark(kind, 1) + ` AND enterprise IN ` + in
	err = each(ctx, ask, query, args, func(scan rowset.Scan) error {
		var name string
		var verified, stopped time.Time
		err := scan(&name, store.StampInto(&verified), store.StampInto(&stopped))
		switch {
		case err != nil:
			return err
		case !stopped.IsZero():
			firm(name).Reachable = "企业已退订这一渠道"
		case verified.IsZero():
			firm(name).Reachable = "联系方式还没有验证"
		default:
			firm(name).Reachable = ""
		}
		return nil
	})
	if err != nil {
		return err
	}
	in, args = list(kind, []any{l.Channel, store.Stamp(civil.On(now).Start())}, names)
	query = `SELECT enterprise, count(*) FROM outbox WHERE channel = ` + mark(kind, 1) + ` AND (state IN ('leased', 'sending')
		OR state IN ('delivered', 'unknown') AND ended_at >= ` + mark(kind, 2) + `) AND enterprise IN ` + in + ` GROUP BY enterprise`
	return each(ctx, ask, query, args, func(scan rowset.Scan) error {
		var name string
		var used int
		err := scan(&name, &used)
		if err == nil { // without what this lease itself holds
			firm(name).Used = max(used-len(firm(name).Messages), 0)
		}
		return err
	})
}

// members are the events that a digest carries besides its own.
func (b *Box) members(ctx context.Context, channel, digest string) (all []event.Event, err error) {
	err = each(ctx, b.s.DB().QueryContext, "SELECT "+eventColumns+` FROM outbox o JOIN event e ON e.id = o.event
		WHERE o.channel = $1 AND o.digest = $2 AND o.state = 'digested' ORDER BY e.worth_fen DESC, e.at, e.id`, []any{channel, digest}, func(scan rowset.Scan) error {
		var e event.Event
		err := scanEvent(scan, &e)
		all = append(all, e)
		return err
	})
	return all, err
}

// Settle carries out what a choice says of leased messages that don't go now. Those that aren't the owner's any more stay as they are.
func (b *Box) Settle(ctx context.Context, l Lease, drop []choice.Dropped, later []choice.Later, now time.Time) error {
	if len(drop)+len(later) == 0 {
		return nil
	}
	const ours = " WHERE event = $1 AND channel = $2 AND state = 'leased' AND lease_owner = $3"
	drop, later = slices.Clone(drop), slices.Clone(later)
	slices.SortFunc(drop, func(a, b choice.Dropped) int { return compare(a.Event, b.Event) })
	slices.SortFunc(later, func(a, b choice.Later) int { return compare(a.Event, b.Event) })
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		for _, d := range drop {
			_, err := tx.Exec(ctx, "UPDATE outbox SET state = 'dropped', lease_owner = NULL, lease_until = NULL, ended_at = $4, note = $5"+ours,
				d.Event, l.Channel, l.Owner, store.Stamp(now), note(d.Why))
			if err != nil {
				return err
			}
		}
		for _, w := range later {
			_, err := tx.Exec(ctx, "UPDATE outbox SET state = 'waiting', lease_owner = NULL, lease_until = NULL, next_at = $4"+ours,
				w.Event, l.Channel, l.Owner, store.Stamp(w.At))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Release gives back all that an owner has leased on a channel and not begun to send.
func (b *Box) Release(ctx context.Context, l Lease) error {
	return b.s.Transact(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE outbox SET state = 'waiting', lease_owner = NULL, lease_until = NULL
			WHERE channel = $1 AND state = 'leased' AND lease_owner = $2`, l.Channel, l.Owner)
		return err
	})
}
