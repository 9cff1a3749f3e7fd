package derive_test

import (
	"testing"
	"time"

	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/effect"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/store"
)

// read reads some messages of a quarter as firms would, and then counts what came of them a second time: out of the rows one by one, and
// what was paid out of the payments themselves instead of what was told of them.
func read(t *testing.T, s *store.Store, box *outbox.Box) {
	t.Helper()
	now := time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)
	sendInbox(t, box, now)
	rows := fetch(t, s, `SELECT e.id, e.enterprise FROM event e ORDER BY e.id`, 2)
	for i, r := range rows {
		var err error
		switch {
		case i%30 == 0:
			err = box.Seen(t.Context(), r[1], []string{r[0]}, now)
		case i%50 == 1:
			err = box.Acted(t.Context(), r[1], []string{r[0]}, now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := effect.Report(t.Context(), s, now.AddDate(-5, 0, 0), now)
	if err != nil {
		t.Fatal(err)
	}
	want := recount(t, s)
	paid := 0
	for _, l := range got {
		key := [2]string{l.Kind, l.Channel}
		if l != want[key] {
			t.Errorf("%+v, counted again it is %+v", l, want[key])
		}
		paid += l.Paid
		delete(want, key)
	}
	if len(want) > 0 || paid == 0 {
		t.Errorf("%d told firms were paid; not reported: %v", paid, want)
	}
	t.Logf("%+v", got)
}

// recount counts out of the rows.
func recount(t *testing.T, s *store.Store) map[[2]string]effect.Line {
	t.Helper()
	paidAt := map[[2]string]string{} // the latest instant at which money arrived and stayed, by firm and item
	for _, r := range fetch(t, s, `SELECT x.enterprise, x.item, p.moved_at FROM payment p JOIN list_entry x ON x.list = p.list AND x.n = p.n WHERE p.state = 'paid'`, 3) {
		key := [2]string{r[0], r[1]}
		paidAt[key] = max(paidAt[key], r[2])
	}
	readings := map[string][]string{}
	for _, r := range fetch(t, s, `SELECT event, seen_at, coalesce(CAST(acted_at AS TEXT), '') FROM reading`, 3) {
		readings[r[0]] = r
	}
	out := map[[2]string]effect.Line{}
	for _, r := range fetch(t, s, `SELECT o.event, o.channel, o.state, e.kind, e.enterprise, e.item, e.at FROM outbox o, event e WHERE o.event = e.id`, 7) {
		key := [2]string{r[3], r[1]}
		l := out[key]
		l.Kind, l.Channel = r[3], r[1]
		l.Sent++
		switch r[2] {
		case "delivered", "digested":
			l.Told++
			if x := readings[r[0]]; x != nil {
				l.Seen++
				if x[2] != "" {
					l.Acted++
				}
			}
			if at := paidAt[[2]string{r[4], r[5]}]; r[5] != "" && at != "" && at >= r[6] {
				l.Paid++
			}
		case "waiting", "leased", "sending":
			l.Waiting++
		case "dropped":
			l.Dropped++
		case "dead":
			l.Dead++
		case "unknown":
			l.Unknown++
		}
		out[key] = l
	}
	return out
}

// fetch gives rows as texts; instants come so that they sort.
func fetch(t *testing.T, s *store.Store, query string, columns int) (out [][]string) {
	t.Helper()
	rows, err := s.DB().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		values, into := make([]any, columns), make([]any, columns)
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, columns)
		for i, v := range values {
			switch v := v.(type) {
			case time.Time:
				texts[i] = v.UTC().Format("2006-01-02T15:04:05.000000Z")
			case []byte:
				texts[i] = string(v)
			case string:
				texts[i] = v
			}
		}
		out = append(out, texts)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// sendInbox puts all that waits into the inboxes, as a dispatcher does.
func sendInbox(t *testing.T, box *outbox.Box, now time.Time) {
	t.Helper()
	lease := outbox.Lease{Channel: channel.Inbox, Owner: "test", Until: now.Add(time.Hour)}
	for {
		firms, err := box.Lease(t.Context(), lease, 500, now)
		if err != nil {
			t.Fatal(err)
		}
		if len(firms) == 0 {
			return
		}
		var begin []outbox.Ticket
		var done []outbox.Done
		for _, f := range firms {
			for _, m := range f.Messages {
				k := outbox.Ticket{Lease: lease, Event: m.Event.ID, Attempt: m.Attempt + 1}
				begin, done = append(begin, k), append(done, outbox.Done{Ticket: k, Result: channel.Delivered})
			}
		}
		if _, _, err := box.Turn(t.Context(), begin, nil, now); err != nil {
			t.Fatal(err)
		}
		if _, _, err := box.Turn(t.Context(), nil, done, now); err != nil {
			t.Fatal(err)
		}
	}
}
