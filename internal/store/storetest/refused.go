package storetest

import (
	"strings"
	"testing"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

func decisionsOnce(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 1000)
	first := w.begin(t, s)
	if n := must[int64](t)(s.PutDecisions(ctx, first, w.decisions("item", 600))); n != 600 {
		t.Errorf("%d decisions are new, want 600", n)
	}
	if n := must[int64](t)(s.PutDecisions(ctx, first, w.decisions("item", 1000))); n != 400 { // resumed from its beginning
		t.Errorf("%d decisions are new, want 400", n)
	}
	check(t, s.FinishSweep(ctx, first, store.Done, "", at(3)))

	plan := w.plan("")
	plan.AsOf = civil.MustParse("2025-07-01")
	second := must[store.Sweep](t)(s.BeginSweep(ctx, plan, at(4))).ID
	next := w.decisions("item", 1000)
	for i := range next {
		next[i].AsOf = plan.AsOf
	}
	if n := must[int64](t)(s.PutDecisions(ctx, second, next)); n != 0 {
		t.Errorf("%d decisions are new on the second night, want 0", n)
	}
	check(t, s.FinishSweep(ctx, second, store.Done, "", at(5)))
	equal(t, "summaries", must[[]store.Total](t)(s.SweepSummary(ctx, second)), must[[]store.Total](t)(s.SweepSummary(ctx, first)))
	match := must[[]store.Decision](t)(s.Matches(ctx, 0, uscc(7)))
	if len(match) != 1 || match[0].Sweep != first || match[0].AsOf != today {
		t.Errorf("matches of the second night are %+v, want the decision of the first", match)
	}
	if n := count(t, s, "SELECT count(*) FROM decision"); n != 1000 {
		t.Errorf("%d decisions are stored, want 1000", n)
	}
	if n := must[int64](t)(s.PutDecisions(ctx, w.begin(t, s), nil)); n != 0 {
		t.Errorf("nothing makes %d decisions", n)
	}
}

func decisionConflicts(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 10)
	id := w.begin(t, s)
	must[int64](t)(s.PutDecisions(ctx, id, w.decisions("item", 5)))
	for name, spoil := range map[string]func(d *store.Decision){
		"another hash":          func(d *store.Decision) { d.Body = []byte("else") },
		"another amount":        func(d *store.Decision) { d.AmountFen++ },
		"no amount":             func(d *store.Decision) { d.AmountFen, d.HasAmount = 0, false },
		"another outcome":       func(d *store.Decision) { d.Outcome, d.HasAmount, d.AmountFen = store.Unknown, false, 0 },
		"another item":          func(d *store.Decision) { d.Item = "else" },
		"another enterprise":    func(d *store.Decision) { d.Enterprise = uscc(4) },
		"a second for the pair": func(d *store.Decision) { d.ID = "second" },
		"a foreign policy":      func(d *store.Decision) { d.ID, d.Item, d.PolicyVersion = "f", "else", w.other },
		"an unknown policy":     func(d *store.Decision) { d.ID, d.Item, d.PolicyVersion = "f", "else", store.Hash(nil) },
		"an unknown enterprise": func(d *store.Decision) { d.ID, d.Enterprise = "f", uscc(99) },
	} {
		d := w.decision("item", 3)
		spoil(&d)
		_, err := s.PutDecisions(ctx, id, []store.Decision{w.decision("item", 9), d})
		wants(t, name, err, store.ErrConflict)
	}
	double := w.decision("item", 6)
	double.ID = "double"
	_, err := s.PutDecisions(ctx, id, []store.Decision{w.decision("item", 6), double})
	wants(t, "a pair twice in a batch", err, store.ErrConflict)
	_, err = s.PutDecisions(ctx, id, []store.Decision{w.decision("item", 6), w.decision("item", 6)})
	wants(t, "an id twice in a batch", err, store.ErrConflict)
	_, err = s.PutDecisions(ctx, 999, w.decisions("item", 1))
	wants(t, "no such sweep", err, store.ErrNotFound)
	check(t, s.FinishSweep(ctx, id, store.Done, "", at(3)))
	_, err = s.PutDecisions(ctx, id, []store.Decision{w.decision("item", 6)})
	wants(t, "a sweep that is done", err, store.ErrConflict)
	if n := count(t, s, "SELECT count(*) FROM decision"); n != 5 {
		t.Errorf("%d decisions are stored, want 5", n)
	}
}

func decisionInvalid(t *testing.T, s *store.Store) {
	w := newWorld(t, s, 10)
	id := w.begin(t, s)
	for name, spoil := range map[string]func(d *store.Decision){
		"no id":                      func(d *store.Decision) { d.ID = "" },
		"no item":                    func(d *store.Decision) { d.Item = "" },
		"no day":                     func(d *store.Decision) { d.AsOf = civil.Date{} },
		"another day":                func(d *store.Decision) { d.AsOf = civil.MustParse("2025-07-01") },
		"no outcome":                 func(d *store.Decision) { d.Outcome = "" },
		"an amount and not eligible": func(d *store.Decision) { d.Outcome = store.Unknown },
		"a negative amount":          func(d *store.Decision) { d.AmountFen = -1 },
		"an amount that is none":     func(d *store.Decision) { d.HasAmount = false },
		"neither body nor hash":      func(d *store.Decision) { d.Body = nil },
		"a hash that is none":        func(d *store.Decision) { d.Body, d.SHA256 = nil, strings.Repeat("g", 64) },
		"another body's hash":        func(d *store.Decision) { d.SHA256 = store.Hash(nil) },
	} {
		d := w.decision("item", 3)
		spoil(&d)
		_, err := s.PutDecisions(t.Context(), id, []store.Decision{d})
		wants(t, name, err, store.ErrInvalid)
	}
	lean := w.decision("item", 3)
	lean.SHA256, lean.Body = store.Hash(lean.Body), nil
	must[int64](t)(s.PutDecisions(t.Context(), id, []store.Decision{lean}))
	got := must[store.Decision](t)(s.Decision(t.Context(), lean.ID))
	if got.Body != nil || got.SHA256 != lean.SHA256 {
		t.Errorf("a decision without body came out as %+v", got)
	}
}

func decisionsAllOrNone(t *testing.T, s *store.Store) {
	w := newWorld(t, s, 1000)
	id := w.begin(t, s)
	all := w.decisions("item", 1000)
	all[998].Enterprise = uscc(5000)
	_, err := s.PutDecisions(t.Context(), id, all)
	wants(t, "one bad decision of a thousand", err, store.ErrConflict)
	if n := count(t, s, "SELECT count(*) FROM decision") + count(t, s, "SELECT count(*) FROM sweep_decision"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// appendOnly goes at every table with raw SQL, as somebody at an SQL prompt would.
func appendOnly(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 5)
	id := w.begin(t, s)
	must[int64](t)(s.PutDecisions(ctx, id, w.decisions("item", 5)))
	check(t, s.FinishSweep(ctx, id, store.Done, "", at(3)))
	_, _, err := s.PutSnapshot(ctx, store.Snapshot{ReceivedAt: at(1), Source: "test"}, list(store.Profile{USCC: uscc(77), Name: "某"}))
	check(t, err)
	must[bool](t)(s.TakeSlot(ctx, "job", "tick", at(1)))
	check(t, s.FinishSlot(ctx, "job", "tick", "ok", at(2)))
	columns := map[string]string{
		"policy_version": "title", "policy_pointer": "set_by", "vocabulary_version": "published_by", "vocabulary_pointer": "set_by",
		"snapshot": "source", "profile": "name", "sweep": "note", "sweep_policy": "policy_version", "decision": "outcome",
		"sweep_decision": "item", "sweep_summary": "item", "change": "subject", "job_slot": "outcome", "enterprise": "uscc",
	}
	statements := []string{
		"UPDATE policy_version SET id = '" + store.Hash(nil) + "'",
		"UPDATE decision SET amount_fen = amount_fen + 1 WHERE amount_fen IS NOT NULL",
		"UPDATE sweep SET status = 'running', finished_at = NULL",
		"INSERT INTO profile (snapshot, uscc, name, body) SELECT 1, uscc, name, body FROM profile WHERE snapshot = 2",
		"INSERT INTO sweep_policy (sweep, policy_version) VALUES (1, '" + w.other + "')",
	}
	for table, column := range columns {
		statements = append(statements, "UPDATE "+table+" SET "+column+" = '"+uscc(78)+"'", "DELETE FROM "+table)
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
	before := dump(t, s, columns)
	for _, statement := range statements {
		if err := run(t, s, statement); err == nil {
			t.Errorf("the database carried out %s", statement)
		}
	}
	if after := dump(t, s, columns); after != before {
		t.Errorf("the contents changed:\n%s\nto\n%s", before, after)
	}
	if n := int(count(t, s, map[store.Kind]string{
		store.SQLite:   "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'",
		store.Postgres: "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version'",
	}[s.Kind()])); n != len(columns) {
		t.Errorf("the schema has %d tables, this test goes at %d", n, len(columns))
	}
}

// dump returns the number of rows of each table and all values of the columns.
func dump(t *testing.T, s *store.Store, columns map[string]string) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{
		"policy_version", "policy_pointer", "vocabulary_version", "vocabulary_pointer", "snapshot", "profile",
		"sweep", "sweep_policy", "decision", "sweep_decision", "sweep_summary", "change", "job_slot", "enterprise",
	} {
		rows, err := s.DB().QueryContext(t.Context(), "SELECT "+columns[table]+" FROM "+table+" ORDER BY 1")
		check(t, err)
		b.WriteString("\n" + table + ":")
		for rows.Next() {
			var value string
			check(t, rows.Scan(&value))
			b.WriteString(" " + value)
		}
		check(t, rows.Err())
		check(t, rows.Close())
	}
	return b.String()
}

// constraints tries by raw SQL what the functions would refuse before.
func constraints(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 6)
	id := w.begin(t, s)
	must[int64](t)(s.PutDecisions(ctx, id, w.decisions("item", 4)))
	must[int64](t)(s.PutDecisions(ctx, w.begin(t, s), w.decisions("item", 5))) // firm 4's decision belongs to sweep 2 only
	const (
		when     = "'2025-06-30T00:00:00.000000Z'"
		decision = "INSERT INTO decision (id, sweep, policy_version, item, enterprise, as_of, outcome, amount_fen, sha256) VALUES "
		begin    = "INSERT INTO sweep (id, as_of, known_at, snapshot, vocabulary, status, started_at, finished_at) VALUES "
		link     = "INSERT INTO sweep_decision (sweep, enterprise, item, decision) SELECT "
	)
	hash, p, firm, day := "X'"+store.Hash(nil)+"'", "'"+w.policy+"'", "'"+uscc(5)+"'", "'2025-06-30'"
	short := "X'00'"
	if s.Kind() == store.Postgres {
		hash, short = `'\x`+store.Hash(nil)+"'", `'\x00'`
	}
	for name, statement := range map[string]string{
		"a fourth outcome":           decision + "('x', 1, " + p + ", 'i', " + firm + ", " + day + ", 'maybe', NULL, " + hash + ")",
		"money for the ineligible":   decision + "('x', 1, " + p + ", 'i', " + firm + ", " + day + ", 'ineligible', 1, " + hash + ")",
		"zero for the unknown":       decision + "('x', 1, " + p + ", 'i', " + firm + ", " + day + ", 'unknown', 0, " + hash + ")",
		"negative money":             decision + "('x', 1, " + p + ", 'i', " + firm + ", " + day + ", 'eligible', -1, " + hash + ")",
		"an id twice":                decision + "('d-item-1', 1, " + p + ", 'i', " + firm + ", " + day + ", 'unknown', NULL, " + hash + ")",
		"an impossible day":          decision + "('x', 1, " + p + ", 'i', " + firm + ", '2025-02-29', 'unknown', NULL, " + hash + ")",
		"no hash":                    decision + "('x', 1, " + p + ", 'i', " + firm + ", " + day + ", 'unknown', NULL, " + short + ")",
		"an unknown firm":            decision + "('x', 1, " + p + ", 'i', '" + uscc(50) + "', " + day + ", 'unknown', NULL, " + hash + ")",
		"a policy not in the sweep":  decision + "('x', 1, '" + w.other + "', 'i', " + firm + ", " + day + ", 'unknown', NULL, " + hash + ")",
		"a running sweep that ended": begin + "(9, " + day + ", " + when + ", 1, '" + w.vocabulary + "', 'running', " + when + ", " + when + ")",
		"a done sweep without end":   begin + "(9, " + day + ", " + when + ", 1, '" + w.vocabulary + "', 'done', " + when + ", NULL)",
		"a fourth status":            begin + "(9, " + day + ", " + when + ", 1, '" + w.vocabulary + "', 'paused', " + when + ", " + when + ")",
		"an unknown snapshot":        begin + "(9, " + day + ", " + when + ", 7, '" + w.vocabulary + "', 'running', " + when + ", NULL)",
		"a pair twice in a sweep":    link + "1, enterprise, item, seq FROM decision WHERE id = 'd-item-2'",
		"a decision of another firm": link + "1, " + firm + ", item, seq FROM decision WHERE id = 'd-item-4'",
		"a decision of another item": link + "1, enterprise, 'else', seq FROM decision WHERE id = 'd-item-4'",
		"a pointer to another's":     "INSERT INTO policy_pointer (policy_id, version, at, set_by) VALUES ('p2', " + p + ", " + when + ", 'x')",
		"a pointer to nothing":       "INSERT INTO vocabulary_pointer (version, at, set_by) VALUES ('" + store.Hash(nil) + "', " + when + ", 'x')",
		"an id that isn't a hash":    "INSERT INTO vocabulary_version (id, published_at, published_by, body) SELECT upper(id), published_at, published_by, body FROM vocabulary_version",
		"a lower-case code":          "INSERT INTO enterprise (uscc, name, folded) VALUES ('" + strings.ToLower(uscc(5)) + "', 'x', 'x')",
		"a profile of no snapshot":   "INSERT INTO profile (snapshot, uscc, name, body) SELECT 99, uscc, name, body FROM profile",
		"a slot with half an end":    "INSERT INTO job_slot (job, slot, started_at, outcome) VALUES ('j', 's', " + when + ", 'ok')",
	} {
		if err := run(t, s, statement); err == nil {
			t.Errorf("%s: the database carried out %s", name, statement)
		}
	}
	check(t, run(t, s, link+"1, enterprise, item, seq FROM decision WHERE id = 'd-item-4'")) // the spelling is right
	check(t, run(t, s, decision+"('x', 1, "+p+", 'i', "+firm+", "+day+", 'eligible', 0, "+hash+")"))
	check(t, s.FinishSweep(ctx, id, store.Done, "", at(3)))
	if err := run(t, s, link+"1, enterprise, item, seq FROM decision WHERE id = 'x'"); err == nil {
		t.Error("a sweep that is done took one more decision")
	}
}
