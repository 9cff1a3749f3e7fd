package store_test

import (
	"fmt"
	"strings"
	"testing"

	"mianshen/internal/pgtest"
)

// TestLargeListIsLinear takes a list of 3,000 entries from draft to sent on PostgreSQL, in a session whose plans were made when the tables
// were nearly empty, and looks at what its indexes and tables were read for: some rows for each entry, not all rows.
func TestLargeListIsLinear(t *testing.T) {
	s := opened(t, pgtest.Database(t))
	s.DB().SetMaxOpenConns(1) // one session, which has seen small lists
	w := newTown(t, s)
	w.take("small", roads["sent"], 1)
	w.take("l", "draft", 1)
	const entries = 3000
	of, id := w.first("l"), "lpad((10000 + n)::TEXT, 64, '0')"
	w.do(posting("allot", "L25", 1000*entries, stamp(2), "'big'"), "UPDATE cap_use SET most_fen = NULL, most_times = NULL")
	w.bulk(entries, fmt.Sprintf(`INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
			SELECT %s, '', 'i1', '%s', 'p' || n, '', '', 1000, %d, '%s', 'd', %s`, id, firm(of), w.sweep, w.policy, stamp(1)),
		fmt.Sprintf(`INSERT INTO list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, line, status)
			SELECT 'l', n, %s, '', '%s', 'i1', '某公司', 1000, 1000, 'L25', 'in'`, id, firm(of)),
		"INSERT INTO seat (kind, key, holder) SELECT 'basis', n::TEXT, 'i1'",
		"INSERT INTO entry_seat (list, n, kind, key, holder) SELECT 'l', n, 'basis', n::TEXT, 'i1'",
		"INSERT INTO entry_cap (list, n, key, fen, times) SELECT 'l', n, 'i1|2025', 1000, 1")
	w.do(fmt.Sprintf("UPDATE list_entry SET account = 'acct-%d' WHERE list = 'l'", of),
		fmt.Sprintf("UPDATE disbursement_list SET hash = '%s', notice_until = '2025-07-11' WHERE id = 'l'", digest(of)))
	states := []string{"draft", "reviewed", "confirmed", "noticed", "handled", "checked", "approved", "exported", "sent"}
	for i, action := range strings.Fields("review confirm notice handle check approve export send") {
		a := actors[action]
		if action == "export" {
			w.bulk(entries, "INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, person) SELECT "+stamp(4)+", 'reserve', 'L25', 'available', 'reserved', 1000, 'l', n, 1, 'f1'")
			w.do(posting("reserve", "L25", 1000, stamp(4), "'l'", "1"), pay("l", 1, 1, of, "L25", stamp(16)),
				fmt.Sprintf(`INSERT INTO payment (id, list, n, attempt, batch, account, line, amount_fen, state, moved_at, moved_by)
				SELECT 'l-' || n, 'l', n, 1, 'l-b', 'acct-%d', 'L25', 1000, 'ready', %s, 'f1' FROM generate_series(2, %d) n`, of, stamp(16), entries),
				batch("l", entries, 1000*entries, of))
		}
		w.do(event("l", i+2, action, states[i], states[i+1], a.role, a.person, stamp(a.day), digest(of)))
	}
	w.do("UPDATE payment SET state = 'sent', moved_at = "+stamp(17)+" WHERE list = 'l'", "SELECT pg_stat_force_next_flush()")
	rows, err := s.DB().QueryContext(t.Context(), `SELECT relname || ' by ' || indexrelname, idx_tup_read FROM pg_stat_user_indexes
		UNION ALL SELECT relname || ' whole', coalesce(seq_tup_read, 0) FROM pg_stat_user_tables ORDER BY 2 DESC LIMIT 10`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var most int64
	for rows.Next() {
		var what string
		var read int64
		if err := rows.Scan(&what, &read); err != nil {
			t.Fatal(err)
		}
		if most = max(most, read); read > 30*entries {
			t.Errorf("%s: %d rows read for %d entries", what, read, entries)
		}
	}
	if err := rows.Err(); err != nil || most < entries {
		t.Errorf("%d rows read at most, %v: nothing is counted", most, err)
	}
}

// bulk runs statements that select from n = 2 to entries, 500 rows a statement, as the rooms do.
func (w *town) bulk(entries int, statements ...string) {
	w.Helper()
	for _, statement := range statements {
		var all []string
		for from := 2; from <= entries; from += 500 {
			all = append(all, statement+fmt.Sprintf(" FROM generate_series(%d, %d) n", from, min(from+499, entries)))
		}
		w.do(all...)
	}
}
