package storetest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"mianshen/internal/store"
)

// tables that never change, each with a column of text to go at.
var lasting = map[string]string{
	"policy_version": "title", "policy_pointer": "set_by", "vocabulary_version": "published_by", "vocabulary_pointer": "set_by",
	"enterprise": "uscc", "change": "subject", "job_slot": "outcome",
	"delivery": "purpose", "delivery_part": "body", "delivery_state": "reason", "correction": "cell",
	"snapshot": "source", "snapshot_chunk": "field",
	"audit_record": "subject", "audit_head": "last", "audit_hash": "record", "audit_checkpoint": "note",
	"sweep": "note", "sweep_policy": "policy_version", "sweep_shard": "counts", "sweep_difference": "item", "sweep_fault": "reason", "sweep_summary": "item",
}

// passing are the tables whose rows come and go.
var passing = []string{"upload", "upload_chunk", "saved_search", "audit_salt"}

// ofMoney counts the tables of persons and of money, at which the tests of package store go with stories of their own.
const ofMoney = 35

// ofNotify counts the tables of what firms are told, at which the tests of internal/notify/outbox go.
const ofNotify = 12

// populate puts rows into every table that lasts.
func populate(t *testing.T, s *store.Store) world {
	t.Helper()
	ctx, w := t.Context(), newWorld(t, s, 20)
	deliver(t, s, "2024", "a")
	check(t, s.PutCorrections(ctx, []store.Correction{{Series: "a", Period: "2024", USCC: uscc(1), Cell: "1", At: at(1), By: "甲", Reason: "b"}}))
	check(t, s.PutEnterprises(ctx, []store.Enterprise{{USCC: uscc(77), Name: "某"}}))
	id := w.begin(t, s, 2)
	first := shard(0, "item")
	first.Faults = []store.Fault{{Item: "item", Reason: "溢出", Pairs: 1}}
	must[bool](t)(s.PutShard(ctx, id, first, at(2)))
	complete(t, s, id, 2)
	must[bool](t)(s.TakeSlot(ctx, "job", "tick", at(1)))
	check(t, s.FinishSlot(ctx, "job", "tick", "ok", at(2)))
	must[string](t)(s.SignAudit(ctx, newKey(t).secret, at(2)))
	return w
}

// appendOnly goes at every table with raw SQL, as somebody at an SQL prompt would.
func appendOnly(t *testing.T, s *store.Store) {
	w := populate(t, s)
	statements := []string{
		"UPDATE policy_version SET id = '" + store.Hash(nil) + "'",
		"UPDATE sweep_difference SET after_fen = after_fen + 1 WHERE after_fen IS NOT NULL",
		"UPDATE sweep SET status = 'running', finished_at = NULL",
		"UPDATE audit_record SET body = body",
		"UPDATE audit_record SET seq = seq + 10",
		"UPDATE audit_hash SET hash = hash",
		"UPDATE audit_checkpoint SET size = size",
		"UPDATE audit_salt SET salt = salt",
		"UPDATE audit_head SET last = last + 1",
		"UPDATE delivery SET id = NULL, bytes = NULL, rows = NULL, checksum = NULL, mapping = NULL, report = NULL",
		"UPDATE snapshot SET sealed = FALSE",
		"UPDATE snapshot SET rows = rows + 1",
		"INSERT INTO delivery_part (delivery, part, rows, sha256, body) SELECT delivery, part + 2, rows, sha256, body FROM delivery_part",
		"INSERT INTO snapshot_chunk (snapshot, field, chunk, sha256, body) SELECT snapshot, 'else', chunk, sha256, body FROM snapshot_chunk",
		"INSERT INTO sweep_policy (sweep, policy_version) VALUES (1, '" + w.other + "')",
		"INSERT INTO sweep_shard SELECT sweep, shard + 2, first_row, rows, sha256, body, counts, at FROM sweep_shard",
		"INSERT INTO sweep_difference SELECT sweep, 'else', enterprise, kind, was, now, before_fen, after_fen, sha256 FROM sweep_difference",
		"INSERT INTO sweep_fault SELECT sweep, shard, 'else', reason, pairs FROM sweep_fault",
		"INSERT INTO sweep_summary SELECT sweep, 'else', outcome, decisions, amount_fen FROM sweep_summary",
	}
	for table, column := range lasting {
		value := "'" + uscc(78) + "'"
		if s.Kind() == store.SQLite && (column == "body" || column == "counts") {
			value = "X'00'"
		}
		statements = append(statements, "UPDATE "+table+" SET "+column+" = "+value, "DELETE FROM "+table)
		switch s.Kind() {
		case store.Postgres:
			statements = append(statements, "TRUNCATE "+table+" CASCADE")
		case store.SQLite: // deletes without a DELETE
			if table != "enterprise" {
				statements = append(statements, "INSERT OR REPLACE INTO "+table+" SELECT * FROM "+table,
					"UPDATE OR REPLACE "+table+" SET "+column+" = "+column)
			}
		}
	}
	before := dump(t, s)
	for _, statement := range statements {
		if err := run(t, s, statement); err == nil {
			t.Errorf("the database carried out %s", statement)
		}
	}
	if after := dump(t, s); after != before {
		t.Errorf("the contents changed:\n%s\nto\n%s", before, after)
	}
	if n := int(count(t, s, map[store.Kind]string{
		store.SQLite:   "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'",
		store.Postgres: "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'goose_db_version'",
	}[s.Kind()])); n != len(lasting)+len(passing)+ofMoney+ofNotify {
		t.Errorf("the schema has %d tables, this test goes at %d of them and leaves %d out", n, len(lasting), len(passing)+ofMoney+ofNotify)
	}
}

// dump returns all values of the columns of the tables that last.
func dump(t *testing.T, s *store.Store) string {
	t.Helper()
	var b strings.Builder
	for _, table := range slices.Sorted(maps.Keys(lasting)) {
		rows, err := s.DB().QueryContext(t.Context(), "SELECT "+lasting[table]+" FROM "+table+" ORDER BY 1")
		check(t, err)
		b.WriteString("\n" + table + ":")
		n := b.Len()
		for rows.Next() {
			var value string
			check(t, rows.Scan(&value))
			b.WriteString(" " + value)
		}
		check(t, rows.Err())
		check(t, rows.Close())
		if b.Len() == n {
			t.Errorf("%s is empty: nothing is shown of it", table)
		}
	}
	return b.String()
}

// constraints tries by raw SQL what the functions would refuse before.
func constraints(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), populate(t, s)
	running := w.begin(t, s, 2)
	must[bool](t)(s.PutShard(ctx, running, shard(0, "item"), at(3)))
	loading := must[int64](t)(s.BeginDelivery(ctx, tax("2025")))
	must[bool](t)(s.PutPart(ctx, loading, store.Part{N: 1, Rows: 1}))
	must[bool](t)(s.BeginSnapshot(ctx, w.meta("unsealed", 1)))
	const (
		when       = "'2025-06-30T00:00:00.000000Z'"
		difference = "INSERT INTO sweep_difference (sweep, item, enterprise, kind, was, now, before_fen, after_fen, sha256) VALUES "
		begin      = "INSERT INTO sweep (id, purpose, as_of, known_at, snapshot, vocabulary, previous, shards, rows, status, started_at, finished_at) VALUES "
		shardRow   = "INSERT INTO sweep_shard (sweep, shard, first_row, rows, sha256, body, counts, at) SELECT "
		state      = "INSERT INTO delivery_state (delivery, state, at, set_by, reason) VALUES "
		correction = "INSERT INTO correction (series, period, uscc, cell, unit, at, set_by, reason, delivery) VALUES "
		snapshot   = "INSERT INTO snapshot (id, as_of, known_at, received_at, source, rows, vocabulary, recipe, base, depth, sealed) SELECT "
		part       = "INSERT INTO delivery_part (delivery, part, rows, sha256, body) SELECT "
	)
	sum, short := "X'"+store.Hash(nil)+"'", "X'00'"
	if s.Kind() == store.Postgres {
		sum, short = `'\x`+store.Hash(nil)+"'", `'\x00'`
	}
	pair := "(2, 'x', '" + uscc(11) + "', "
	plan := ", '2025-06-30', " + when + ", 1, '" + w.vocabulary + "', "
	fresh := "'" + hash("fresh") + "'"
	for name, statement := range map[string]string{
		"a fourth outcome":              difference + pair + "'left', 'eligible', 'maybe', NULL, NULL, " + sum + ")",
		"a sixth kind":                  difference + pair + "'moved', 'eligible', 'ineligible', NULL, NULL, " + sum + ")",
		"another kind":                  difference + pair + "'entered', 'eligible', 'ineligible', NULL, NULL, " + sum + ")",
		"money for the ineligible":      difference + pair + "'left', 'eligible', 'ineligible', 1, 1, " + sum + ")",
		"zero for the unknown":          difference + pair + "'unknown', 'eligible', 'unknown', 1, 0, " + sum + ")",
		"negative money":                difference + pair + "'entered', 'unknown', 'eligible', NULL, -1, " + sum + ")",
		"no difference":                 difference + pair + "'amount', 'eligible', 'eligible', 5, 5, " + sum + ")",
		"no difference without money":   difference + pair + "'amount', 'eligible', 'eligible', NULL, NULL, " + sum + ")",
		"no hash":                       difference + pair + "'left', 'eligible', 'ineligible', 1, NULL, " + short + ")",
		"a pair twice":                  difference + "(2, 'item', '" + uscc(1) + "', 'left', 'eligible', 'ineligible', 1, NULL, " + sum + ")",
		"a difference of no sweep":      difference + "(9, 'x', '" + uscc(1) + "', 'left', 'eligible', 'ineligible', 1, NULL, " + sum + ")",
		"a difference of a done sweep":  difference + "(1, 'x', '" + uscc(1) + "', 'left', 'eligible', 'ineligible', 1, NULL, " + sum + ")",
		"a shard twice":                 shardRow + "2, 0, 0, 10, sha256, body, counts, at FROM sweep_shard WHERE sweep = 2",
		"a shard too many":              shardRow + "2, 2, 0, 10, sha256, body, counts, at FROM sweep_shard WHERE sweep = 2",
		"rows too many":                 shardRow + "2, 1, 11, 10, sha256, body, counts, at FROM sweep_shard WHERE sweep = 2",
		"a shard of no sweep":           shardRow + "9, 0, 0, 0, sha256, body, counts, at FROM sweep_shard WHERE sweep = 2",
		"a fault of no shard":           "INSERT INTO sweep_fault VALUES (2, 1, 'item', 'r', 1)",
		"done without a shard":          "UPDATE sweep SET status = 'done', finished_at = started_at WHERE id = 2",
		"held without a shard":          "UPDATE sweep SET status = 'held', finished_at = started_at WHERE id = 2",
		"released before it is held":    "UPDATE sweep SET status = 'failed', finished_at = started_at, released_at = started_at, released_by = 'x' WHERE id = 2",
		"another plan":                  "UPDATE sweep SET shards = 1 WHERE id = 2",
		"a running sweep that ended":    begin + "(9, 'manual'" + plan + "NULL, 0, 0, 'running', " + when + ", " + when + ")",
		"a sweep that begins done":      begin + "(9, 'manual'" + plan + "NULL, 0, 0, 'done', " + when + ", " + when + ")",
		"a fifth status":                begin + "(9, 'manual'" + plan + "NULL, 0, 0, 'paused', " + when + ", " + when + ")",
		"a fourth purpose":              begin + "(9, 'fun'" + plan + "NULL, 0, 0, 'running', " + when + ", NULL)",
		"a previous sweep that runs":    begin + "(9, 'manual'" + plan + "2, 0, 0, 'running', " + when + ", NULL)",
		"an unknown snapshot":           begin + "(9, 'manual'" + strings.Replace(plan, ", 1,", ", 7,", 1) + "NULL, 0, 0, 'running', " + when + ", NULL)",
		"a snapshot that isn't sealed":  begin + "(9, 'manual'" + strings.Replace(plan, ", 1,", ", 2,", 1) + "NULL, 0, 0, 'running', " + when + ", NULL)",
		"an impossible day":             begin + "(9, 'manual'" + strings.Replace(plan, "06-30", "02-29", 1) + "NULL, 0, 0, 'running', " + when + ", NULL)",
		"sealed without its parts":      "UPDATE delivery SET id = " + fresh + ", bytes = 0, rows = 1, checksum = " + fresh + ", mapping = " + sum + ", report = " + sum + " WHERE id IS NULL",
		"sealed without a report":       "UPDATE delivery SET id = " + fresh + ", bytes = 0, rows = 1, checksum = " + fresh + ", mapping = " + sum + " WHERE id IS NULL",
		"a loading one that changes":    "UPDATE delivery SET source = 'else' WHERE id IS NULL",
		"a part of no delivery":         part + "99, 0, 1, sha256, body FROM delivery_part",
		"a state while loading":         state + "(2, 'accepted', " + when + ", 'x', '')",
		"a state of no delivery":        state + "(99, 'accepted', " + when + ", 'x', '')",
		"from accepted to held":         state + "(1, 'held', '2025-07-30T00:00:00.000000Z', 'x', '')",
		"a fifth state":                 state + "(1, 'lost', '2025-07-30T00:00:00.000000Z', 'x', '')",
		"a state before the last":       state + "(1, 'withdrawn', " + when + ", 'x', '')",
		"corrected by nobody":           correction + "('a', 'b', '" + uscc(1) + "', '1', '', " + when + ", '', 'r', NULL)",
		"corrected for no reason":       correction + "('a', 'b', '" + uscc(1) + "', '1', '', " + when + ", 'x', '', NULL)",
		"a correction of no delivery":   correction + "('a', 'b', '" + uscc(1) + "', '1', '', " + when + ", 'x', 'r', " + fresh + ")",
		"a snapshot that begins sealed": snapshot + fresh + ", as_of, known_at, received_at, source, rows, vocabulary, recipe, NULL, 0, TRUE FROM snapshot WHERE sealed",
		"a base that isn't sealed":      snapshot + fresh + ", as_of, known_at, received_at, source, rows, vocabulary, recipe, 2, 1, FALSE FROM snapshot WHERE sealed",
		"another depth":                 snapshot + fresh + ", as_of, known_at, received_at, source, rows, vocabulary, recipe, 1, 2, FALSE FROM snapshot WHERE sealed",
		"a depth without base":          snapshot + fresh + ", as_of, known_at, received_at, source, rows, vocabulary, recipe, NULL, 1, FALSE FROM snapshot WHERE sealed",
		"a snapshot's id twice":         snapshot + "id, as_of, known_at, received_at, source, rows, vocabulary, recipe, NULL, 0, FALSE FROM snapshot WHERE sealed",
		"an unsealed one that changes":  "UPDATE snapshot SET rows = 7 WHERE NOT sealed",
		"a chunk of no snapshot":        "INSERT INTO snapshot_chunk (snapshot, field, chunk, sha256, body) SELECT 99, field, chunk, sha256, body FROM snapshot_chunk",
		"more bytes than the total":     "INSERT INTO upload (id, meta, bytes, total, at) VALUES ('x', " + sum + ", 2, 1, " + when + ")",
		"a pointer to another's":        "INSERT INTO policy_pointer (policy_id, version, at, set_by) VALUES ('p2', '" + w.policy + "', " + when + ", 'x')",
		"a pointer to nothing":          "INSERT INTO vocabulary_pointer (version, at, set_by) VALUES ('" + store.Hash(nil) + "', " + when + ", 'x')",
		"an id that isn't a hash":       "INSERT INTO vocabulary_version (id, published_at, published_by, body) SELECT upper(id), published_at, published_by, body FROM vocabulary_version",
		"a lower-case code":             "INSERT INTO enterprise (uscc, name, folded) VALUES ('" + strings.ToLower(uscc(5)) + "', 'x', 'x')",
		"a slot with half an end":       "INSERT INTO job_slot (job, slot, started_at, outcome) VALUES ('j', 's', " + when + ", 'ok')",
	} {
		if err := run(t, s, statement); err == nil {
			t.Errorf("%s: the database carried out %s", name, statement)
		}
	}
	for _, statement := range []string{ // the spelling is right
		difference + pair + "'unknown', 'eligible', 'unknown', 1, NULL, " + sum + ")",
		begin + "(9, 'manual'" + plan + "1, 0, 0, 'running', " + when + ", NULL)",
		shardRow + "2, 1, 10, 10, sha256, body, counts, at FROM sweep_shard WHERE sweep = 2",
		state + "(1, 'withdrawn', '2025-07-30T00:00:00.000000Z', 'x', '')",
		correction + "('a', 'b', '" + uscc(1) + "', NULL, '', " + when + ", 'x', 'r', '" + hash("a") + "')",
		snapshot + fresh + ", as_of, known_at, received_at, source, rows, vocabulary, recipe, 1, 1, FALSE FROM snapshot WHERE sealed",
		part + "2, 0, 1, sha256, body FROM delivery_part WHERE delivery = 2",
		"UPDATE delivery SET id = " + fresh + ", bytes = 0, rows = 2, checksum = " + fresh + ", mapping = " + sum + ", report = " + sum + " WHERE id IS NULL",
		"UPDATE sweep SET status = 'held', finished_at = started_at WHERE id = 2",
	} {
		check(t, run(t, s, statement))
	}
	for _, statement := range []string{
		"UPDATE sweep SET status = 'done' WHERE id = 2",
		"UPDATE sweep SET status = 'done', released_at = finished_at, released_by = 'x', note = 'else' WHERE id = 2",
	} {
		if err := run(t, s, statement); err == nil {
			t.Errorf("a held sweep went on by %s", statement)
		}
	}
}
