package store_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// town is a small world of persons and money, made by plain SQL: one list rests in each state that a list can have, each with an
// entry of a firm of its own. Line L25 has 1,000.00, of which each list takes 10.00.
type town struct {
	testing.TB
	s      *store.Store
	sweep  int64
	policy string
	firms  int // that have lists
}

// stamp is ten in the morning, in Shanghai, of a day of July 2025.
func stamp(day int) string { return fmt.Sprintf("'2025-07-%02dT02:00:00.000000Z'", day) }

// digest is a content address out of one small number.
func digest(n int) string { return fmt.Sprintf("%064x", n) }

func firm(n int) string { return fmt.Sprintf("91310118MA%08d", n) }

// onBoth runs a test on either database.
func onBoth(t *testing.T, run func(*testing.T, *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { run(t, opened(t, "sqlite://"+filepath.Join(t.TempDir(), "money.db"))) })
	t.Run("postgres", func(t *testing.T) { run(t, opened(t, pgtest.Database(t))) })
}

// try runs statements in one transaction.
func (w *town) try(statements ...string) error { return tryAll(w.s, statements...) }

func tryAll(s *store.Store, statements ...string) error {
	ctx := context.Background() // at the end of a test its own is over
	return s.Transact(ctx, func(tx *store.Tx) error {
		for _, statement := range statements {
			if s.Kind() == store.Postgres {
				statement = strings.ReplaceAll(statement, "X'00'", `'\x00'`)
			}
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *town) do(statements ...string) {
	w.Helper()
	if err := w.try(statements...); err != nil {
		w.Fatalf("%v\n%s", err, strings.Join(statements, "\n"))
	}
}

func (w *town) number(query string) (n int64) {
	w.Helper()
	if err := w.s.DB().QueryRowContext(w.Context(), query).Scan(&n); err != nil {
		w.Fatalf("%s: %v", query, err)
	}
	return n
}

// newTown makes persons, a sweep, firms with accounts and budget lines, but no list.
func newTown(t testing.TB, s *store.Store) *town {
	t.Helper()
	w := &town{TB: t, s: s}
	w.sweepOnce()
	for _, p := range []string{"sa", "se", "d1", "d2", "f1", "f2", "f3", "f4", "x", "off", "gone"} {
		w.do(`INSERT INTO person (id, name, created_at) VALUES ('` + p + `', '某人', ` + stamp(1) + `)`)
	}
	for role, p := range map[string]string{"SA": "sa", "SE": "se"} {
		w.do(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_at, confirmed_at) VALUES ('first-` + role + `', '` + p + `', '` + role + `', '', 'first_start', ` +
			stamp(1) + `, ` + stamp(1) + `)`)
	}
	for _, g := range []string{"d1 D1 科委", "d2 D2 科委", "f1 F1 财政", "f2 F2 财政", "f3 F3 财政", "f4 F3 财政", "off F2 财政", "gone F2 财政", "x D1 经委"} {
		p := strings.Fields(g)
		w.do(grant("grant-"+p[0], p[0], p[1], p[2]), confirm("grant-"+p[0], "sa"))
	}
	w.do(`UPDATE person SET disabled_at = `+stamp(1)+` WHERE id = 'off'`, `UPDATE role_grant SET revoked_by = 'se', revoked_at = `+stamp(1)+` WHERE id = 'grant-gone'`)
	w.do(`INSERT INTO account (id, person, kind, login, password, created_at) VALUES ('a1', 'f3', 'local', 'f3', '$argon2id$x', `+stamp(1)+`)`,
		`INSERT INTO account (id, person, kind, login, issuer, subject, created_at) VALUES ('a2', 'f3', 'oidc', 'f3@idp', 'idp', 'f3', `+stamp(1)+`)`,
		`INSERT INTO session (id, account, created_at, seen_at, expires_at, revoked_at) VALUES ('`+digest(1)+`', 'a1', `+stamp(1)+`, `+stamp(1)+`, `+stamp(2)+`, `+stamp(1)+`)`,
		`INSERT INTO api_token (id, person, name, scopes, created_at, expires_at) VALUES ('`+digest(1)+`', 'f3', 't', 'read', `+stamp(1)+`, `+stamp(30)+`)`)
	for line, year := range map[string]int{"L25": 2025, "L24": 2024} {
		w.do(fmt.Sprintf(`INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, opened_by, opened_at)
				VALUES ('%s', '扶持', %d, '科委', '101001', 'P1', '2060404', '30312', 'f1', %s)`, line, year, stamp(1)),
			`UPDATE budget_line SET approved_by = 'f3', approved_at = `+stamp(1)+` WHERE id = '`+line+`'`,
			posting("allot", line, 100000, strings.Replace(stamp(1), "2025", fmt.Sprint(year), 1), "'allot-"+line+"'"))
	}
	w.do(`INSERT INTO cap_use (key, most_fen, most_times) VALUES ('i1|2025', 50000, 40), ('once', NULL, 1)`)
	return w
}

// sweepOnce makes a sweep over nothing, by the doors of the store.
func (w *town) sweepOnce() {
	ctx, now := w.Context(), time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	vocabulary, files := []byte("fields: []"), []byte("policy")
	w.policy = store.Hash(files)
	meta := store.Snapshot{ID: store.Hash([]byte("s")), AsOf: civil.MustParse("2025-07-01"), KnownAt: now, ReceivedAt: now, Source: "test", Vocabulary: store.Hash(vocabulary), Recipe: []byte("{}")}
	_, err := w.s.PublishVocabulary(ctx, store.VocabularyVersion{PublishedAt: now, PublishedBy: "test", Body: vocabulary})
	if err == nil {
		_, err = w.s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "p", Title: "办法", PublishedAt: now, PublishedBy: "test", Files: files})
	}
	if err == nil {
		_, err = w.s.BeginSnapshot(ctx, meta)
	}
	if err == nil {
		_, err = w.s.SealSnapshot(ctx, meta.ID, true, now)
	}
	if err != nil {
		w.Fatal(err)
	}
	sweep, err := w.s.BeginSweep(ctx, store.Plan{Purpose: store.Manual, AsOf: meta.AsOf, KnownAt: now, Snapshot: meta.ID, Vocabulary: meta.Vocabulary, Policies: []string{w.policy}}, now)
	if err != nil {
		w.Fatal(err)
	}
	w.sweep = sweep.ID
}

func grant(id, person, role, scope string) string {
	return fmt.Sprintf(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ('%s', '%s', '%s', '%s', 'granted', 'se', %s)`,
		id, person, role, scope, stamp(1))
}

func confirm(id, by string) string {
	return fmt.Sprintf(`UPDATE role_grant SET confirmed_by = '%s', confirmed_at = %s WHERE id = '%s'`, by, stamp(1), id)
}

// sides of each kind of posting.
var sides = map[string][2]string{
	"allot": {"appropriation", "available"}, "carry": {"available", "appropriation"}, "reserve": {"available", "reserved"},
	"void": {"reserved", "available"}, "move_out": {"reserved", "appropriation"}, "move_in": {"appropriation", "reserved"}, "post": {"reserved", "paid"}, "return": {"paid", "available"}, "recover": {"paid", "available"},
}

// posting of a kind; what it is for is an entry of the first round ('list', n), a payment or a reference.
func posting(kind, line string, fen int, at string, about ...string) string {
	list, n, round, payment, ref := "NULL", "NULL", "NULL", "NULL", "''"
	switch kind {
	case "reserve", "void":
		list, n, round = about[0], about[1], "1"
	case "move_out", "move_in", "post", "return":
		payment = about[0]
	default:
		ref = about[0]
	}
	return fmt.Sprintf(`INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, payment, ref, person) VALUES (%s, '%s', '%s', '%s', '%s', %d, %s, %s, %s, %s, %s, 'f1')`,
		at, kind, line, sides[kind][0], sides[kind][1], fen, list, n, round, payment, ref)
}

// right of firm n to 10.00 for item i1.
func (w *town) right(n int) string {
	return fmt.Sprintf(`INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
		VALUES ('%s', '', 'i1', '%s', '2025', '', '', 1000, %d, '%s', 'd', %s)`, digest(n), firm(n), w.sweep, w.policy, stamp(1))
}

// entry n of a list for the right of a firm.
func entry(list string, n, of int, line string) string {
	return fmt.Sprintf(`INSERT INTO list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, line, status)
		VALUES ('%s', %d, '%s', '', '%s', 'i1', '某公司', 1000, 1000, '%s', 'in')`, list, n, digest(of), firm(of), line)
}

// account of a firm, not verified.
func payee(id string, of int) string {
	return fmt.Sprintf(`INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at)
		VALUES ('%s', '%s', '某公司', '102290000001', X'00', '****1', '%s', '企业填报', 'd1', %s)`, id, firm(of), digest(of), stamp(1))
}

func verify(id string, usable string) string {
	return fmt.Sprintf(`UPDATE payee_account SET verified_how = '打款', verified_by = 'f1', verified_at = %s, usable_from = %s WHERE id = '%s'`, stamp(1), usable, id)
}

// lists of every state, and what leads there.
var roads = map[string]string{
	"begun": "", "draft": "draft", "reviewed": "draft review", "confirmed": "draft review confirm", "noticed": "draft review confirm notice",
	"handled": "draft review confirm notice handle", "checked": "draft review confirm notice handle check",
	"approving": "draft review confirm notice handle check approve_first",
	"approved":  "draft review confirm notice handle check approve",
	"exported":  "draft review confirm notice handle check approve export",
	"sent":      "draft review confirm notice handle check approve export send",
	"settled":   "draft review confirm notice handle check approve export send settle",
	"withdrawn": "draft review withdraw", "suspended": "draft suspend",
}

// actor of each action, and the day on which he does it.
var actors = map[string]struct {
	person, role string
	day          int
}{
	"draft": {"d1", "D1", 1}, "review": {"d2", "D2", 2}, "confirm": {"d1", "D1", 3}, "notice": {"d1", "D1", 4}, "handle": {"f1", "F1", 12}, "check": {"f2", "F2", 13},
	"approve_first": {"f3", "F3", 14}, "approve": {"f4", "F3", 15}, "export": {"f1", "F1", 16}, "send": {"f1", "F1", 17}, "settle": {"f2", "F2", 20},
	"withdraw": {"d1", "D1", 18}, "suspend": {"d1", "D1", 18},
}

// event of a list, from where to where.
func event(list string, seq int, action, from, to, role, person, at, hash string) string {
	if hash != "NULL" {
		hash = "'" + hash + "'"
	}
	return fmt.Sprintf(`INSERT INTO list_event (list, seq, action, from_state, to_state, role, person, at, hash, note) VALUES ('%s', %d, '%s', '%s', '%s', '%s', '%s', %s, %s, 'n')`,
		list, seq, action, from, to, role, person, at, hash)
}

// hashed are the actions that bind the content of the list.
const hashed = " review confirm notice handle check approve_first approve export send settle "

// take begins a list with so many entries, each of a new firm, and takes it along its road.
func (w *town) take(list, road string, entries int) {
	w.Helper()
	two := 0
	if strings.HasSuffix(road, "approve_first") {
		two = 1
	}
	w.do(fmt.Sprintf(`INSERT INTO disbursement_list (id, title, department, kind, sweep, two_approvers, made_at) VALUES ('%s', '名单', '科委', 'regular', %d, %d, %s)`,
		list, w.sweep, two, stamp(1)))
	first := w.firms + 1
	w.firms += entries
	state := ""
	for i, action := range strings.Fields(road) {
		w.before(list, action, first, entries)
		var to string
		if err := w.s.DB().QueryRowContext(w.Context(), `SELECT to_state FROM list_step WHERE action = $1 AND from_state = $2`, action, state).Scan(&to); err != nil {
			w.Fatal(action, state, err)
		}
		hash := "NULL"
		if strings.Contains(hashed, " "+action+" ") {
			hash = digest(first)
		}
		a := actors[action]
		w.do(event(list, i+1, action, state, to, a.role, a.person, stamp(a.day), hash))
		state = to
		w.after(list, action, first, entries)
	}
}

// before an action comes what it asks for.
func (w *town) before(list, action string, first, entries int) {
	w.Helper()
	var statements []string
	for n := 1; n <= entries; n++ {
		of := first + n - 1
		account := fmt.Sprintf("acct-%d", of)
		switch action {
		case "draft":
			if err := w.s.PutEnterprises(w.Context(), []store.Enterprise{{USCC: firm(of), Name: "某公司"}}); err != nil {
				w.Fatal(err)
			}
			statements = append(statements, w.right(of), payee(account, of), verify(account, stamp(2)))
		case "review":
			statements = append(statements, fmt.Sprintf(`UPDATE list_entry SET account = '%s' WHERE list = '%s' AND n = %d`, account, list, n))
		case "export":
			statements = append(statements, pay(list, n, 1, of, "L25", stamp(16)))
		case "settle":
			statements = append(statements, w.answer(list, n)...)
		}
	}
	switch action {
	case "review":
		statements = append(statements, fmt.Sprintf(`UPDATE disbursement_list SET hash = '%s', notice_until = '2025-07-11' WHERE id = '%s'`, digest(first), list))
	case "export":
		statements = append(statements, batch(list, entries, 1000*entries, first))
	}
	w.do(statements...)
}

// after an action comes what follows from it.
func (w *town) after(list, action string, first, entries int) {
	w.Helper()
	var statements []string
	for n := 1; n <= entries; n++ {
		of := first + n - 1
		switch action {
		case "draft":
			seat := fmt.Sprintf("'exclusive', 'g|%s', 'i1'", firm(of))
			statements = append(statements, entry(list, n, of, "L25"), "INSERT INTO seat (kind, key, holder) VALUES ("+seat+")",
				fmt.Sprintf("INSERT INTO entry_seat (list, n, kind, key, holder) VALUES ('%s', %d, %s)", list, n, seat),
				fmt.Sprintf("INSERT INTO entry_cap (list, n, key, fen, times) VALUES ('%s', %d, 'i1|2025', 1000, 1)", list, n))
		case "notice":
			statements = append(statements, posting("reserve", "L25", 1000, stamp(4), "'"+list+"'", fmt.Sprint(n)))
		case "send":
			statements = append(statements, fmt.Sprintf(`UPDATE payment SET state = 'sent', moved_at = %s WHERE list = '%s' AND n = %d`, stamp(17), list, n))
		}
	}
	w.do(statements...)
}

// answer is what the bank says of entry n: the first and the third are paid, the second failed.
func (w *town) answer(list string, n int) []string {
	id := fmt.Sprintf("%s-%d-1", list, n)
	if n == 2 {
		return []string{
			`UPDATE payment SET state = 'failed' WHERE id = '` + id + `'`, posting("void", "L25", 1000, stamp(18), "'"+list+"'", fmt.Sprint(n)),
			fmt.Sprintf(`UPDATE list_entry SET status = 'returned', note = 'n' WHERE list = '%s' AND n = %d`, list, n),
		}
	}
	return []string{`UPDATE payment SET state = 'paid' WHERE id = '` + id + `'`, posting("post", "L25", 1000, stamp(18), "'"+id+"'")}
}

// pay is an attempt to pay an entry to the account of its firm.
func pay(list string, n, attempt, of int, line, at string) string {
	return fmt.Sprintf(`INSERT INTO payment (id, list, n, attempt, batch, account, line, amount_fen, state, moved_at, moved_by)
		VALUES ('%[1]s-%[2]d-%[3]d', '%[1]s', %[2]d, %[3]d, '%[1]s-b', 'acct-%[4]d', '%[5]s', 1000, 'ready', %[6]s, 'f1')`, list, n, attempt, of, line, at)
}

// batch of a list's first round.
func batch(list string, lines, sum, first int) string {
	return fmt.Sprintf(`INSERT INTO payment_batch (id, list, round, list_hash, made_on, lines, sum_fen, made_by, made_at) VALUES ('%[1]s-b', '%[1]s', 1, '%[2]s', '2025-07-16', %[3]d, %[4]d, 'f1', %[5]s)`,
		list, digest(first), lines, sum, stamp(16))
}

// fill puts a list in each state, one that was settled with a payment of each end, one whose entries no payment may be made of,
// and a row in every other table.
func (w *town) fill() {
	w.Helper()
	for _, state := range slices.Sorted(maps.Keys(roads)) {
		entries := 1
		if state == "settled" {
			entries = 4
		}
		w.take(state, roads[state], entries)
	}
	third := "'settled-3-1'"
	w.do(`UPDATE payment SET state = 'returned' WHERE id = `+third, posting("return", "L25", 1000, stamp(21), third),
		`UPDATE list_entry SET status = 'returned', note = 'n' WHERE list = 'settled' AND n = 3`)
	w.bad()
	first := w.first("settled")
	for id, n := range map[string]int{"rec": 1, "rec-4": 4} {
		w.do(fmt.Sprintf(`INSERT INTO recovery (id, payment, enterprise, amount_fen, reason, proposed_by, proposed_at) VALUES ('%s', 'settled-%d-1', '%s', 600, '超付', 'f1', %s)`,
			id, n, firm(first+n-1), stamp(21)))
	}
	w.do(`UPDATE recovery SET approved_by = 'f3', approved_at = `+stamp(22)+` WHERE id = 'rec'`,
		`INSERT INTO recovery_receipt (recovery, ref, fen, at, person) VALUES ('rec', 'bank-1', 400, `+stamp(23)+`, 'f1')`, posting("recover", "L25", 400, stamp(23), "'bank-1'"))
	w.do(`INSERT INTO batch_file (batch, format, sha256, bytes) VALUES ('sent-b', 'csv', '`+digest(1)+`', 10)`,
		`INSERT INTO batch_download (batch, format, person, at) VALUES ('sent-b', 'csv', 'f1', `+stamp(17)+`)`,
		`INSERT INTO receipt_file (sha256, name, format, sealed, lines, received_at, received_by) VALUES ('`+digest(1)+`', 'r', 'csv', X'00', 2, `+stamp(19)+`, 'f1')`,
		`INSERT INTO choice (grp, enterprise, item, person, at) VALUES ('g', '`+firm(1)+`', 'i1', 'd1', `+stamp(2)+`)`,
		`INSERT INTO confirmation (list, n, round, answer, person, at) VALUES ('confirmed', 1, 0, 'yes', 'd1', `+stamp(2)+`)`,
		`INSERT INTO list_attachment (list, n, state, kind, name, sha256, body, added_by, added_at) VALUES ('checked', 1, 'checked', '请款函', 'a', '`+digest(1)+`', X'00', 'f1', `+stamp(13)+`)`,
		`INSERT INTO finding (id, item, enterprise, condition, result, on_day, evidence, recorded_by, recorded_at, answer, answered_by, answered_at)
			VALUES ('fin', 'i1', '`+firm(1)+`', 'c', 1, '2025-07-01', 'e', 'd1', `+stamp(1)+`, 'confirmed', 'd2', `+stamp(2)+`)`,
		`INSERT INTO earlier_file (id, department, name, sha256, source, grants, sum_fen, recorded_by, recorded_at)
			VALUES ('ef', '经委', 'a', '`+digest(1)+`', 'e', 1, 5, 'd1', `+stamp(1)+`), ('wait', '经委', 'b', '`+digest(2)+`', 'e', 1, 5, 'd1', `+stamp(1)+`)`,
		`INSERT INTO earlier_grant (file, line, item, enterprise, period, basis, amount_fen, on_day)
			VALUES ('ef', 2, 'i9', '`+firm(1)+`', '2019', '', 5, '2019-01-01'), ('wait', 2, 'i9', '`+firm(2)+`', '2019', '', 5, '2019-01-01')`,
		`UPDATE earlier_file SET answer = 'confirmed', answered_by = 'd2', answered_at = `+stamp(2)+` WHERE id = 'ef'`,
		`INSERT INTO whole_ledger (id, department, item, evidence, recorded_by, recorded_at) VALUES ('wl', '经委', 'i9', 'e', 'd1', `+stamp(1)+`), ('wl2', '经委', 'i9', 'e', 'd1', `+stamp(1)+`)`,
		`UPDATE whole_ledger SET answer = 'confirmed', answered_by = 'd2', answered_at = `+stamp(2)+` WHERE id = 'wl'`)
	for i, class := range []string{"applied", "待查"} {
		w.do(fmt.Sprintf(`INSERT INTO receipt_line (id, file, batch, payment, print, amount_fen, result, reason, class) VALUES ('%s', '%s', 'b', 'p', '%s', 1, 'success', '', '%s')`,
			digest(i), digest(1), digest(1), class))
	}
	w.do(`UPDATE receipt_line SET resolved_by = 'f2', resolved_at = ` + stamp(20) + `, resolution = '查明' WHERE class = '待查'`)
	for id, list := range map[string]string{"open": "noticed", "shut": "bad"} {
		w.do(`INSERT INTO objection (id, list, n, raised_by, text, recorded_by, raised_at) VALUES ('` + id + `', '` + list + `', 1, '某人', '不符', 'd1', ` + stamp(5) + `)`)
	}
	w.do(`UPDATE objection SET outcome = 'rejected', answer = '符合', answered_by = 'd2', answered_at = `+stamp(6)+` WHERE id = 'shut'`,
		`INSERT INTO objection (id, list, n, raised_by, text, recorded_by, raised_at) VALUES ('late', 'bad', 6, '某人', '不符', 'd1', `+stamp(15)+`)`)
}

// first returns the number of the firm of a list's first entry.
func (w *town) first(list string) int {
	return int(w.number(`SELECT CAST(substr(enterprise, 11) AS BIGINT) FROM list_entry WHERE list = '` + list + `' AND n = 1`))
}

// bad makes a list that is approved with six entries: nothing is wrong with the first; the others have an account in its cooling
// period, one that isn't verified, a line of the year before, a reservation that is voided, an open objection.
func (w *town) bad() {
	w.Helper()
	first := w.firms + 1
	w.firms += 6
	w.do(fmt.Sprintf(`INSERT INTO disbursement_list (id, title, department, kind, sweep, made_at) VALUES ('bad', '名单', '科委', 'regular', %d, %s)`, w.sweep, stamp(1)))
	w.do(event("bad", 1, "draft", "", "draft", "D1", "d1", stamp(1), "NULL"))
	for n := 1; n <= 6; n++ {
		of := first + n - 1
		account, line := fmt.Sprintf("acct-%d", of), "L25"
		if n == 4 {
			line = "L24"
		}
		if err := w.s.PutEnterprises(w.Context(), []store.Enterprise{{USCC: firm(of), Name: "某公司"}}); err != nil {
			w.Fatal(err)
		}
		w.do(w.right(of), payee(account, of), entry("bad", n, of, line), fmt.Sprintf(`UPDATE list_entry SET account = '%s' WHERE list = 'bad' AND n = %d`, account, n))
		switch n {
		case 2:
			w.do(verify(account, stamp(30)))
		case 3:
		default:
			w.do(verify(account, stamp(2)))
		}
	}
	w.do(fmt.Sprintf(`UPDATE disbursement_list SET hash = '%s', notice_until = '2025-07-11' WHERE id = 'bad'`, digest(first)))
	state := "draft"
	for i, action := range []string{"review", "confirm", "notice", "handle", "check", "approve"} {
		var to string
		if err := w.s.DB().QueryRowContext(w.Context(), `SELECT to_state FROM list_step WHERE action = $1 AND from_state = $2`, action, state).Scan(&to); err != nil {
			w.Fatal(action, state, err)
		}
		a := actors[action]
		w.do(event("bad", i+2, action, state, to, a.role, a.person, stamp(a.day), digest(first)))
		state = to
	}
	for n := 1; n <= 6; n++ {
		line, at := "L25", stamp(4)
		if n == 4 {
			line, at = "L24", "'2024-12-31T02:00:00.000000Z'"
		}
		w.do(posting("reserve", line, 1000, at, "'bad'", fmt.Sprint(n)))
	}
	w.do(posting("void", "L25", 1000, stamp(5), "'bad'", "5"))
}

// tables of persons and of money.
var tables = []string{
	"account", "api_token", "batch_download", "batch_file", "budget_line", "cap_use", "choice", "confirmation", "disbursement_list", "earlier_file", "earlier_grant", "entitlement", "entry_cap",
	"entry_seat", "finding", "first_start", "instance", "list_attachment", "list_entry", "list_event", "list_step", "objection", "payee_account", "payment",
	"payment_batch", "person", "posting", "receipt_file", "receipt_line", "recovery", "recovery_receipt", "role_grant", "seat", "session", "whole_ledger",
}

// dump returns every row of these tables.
func (w *town) dump() string {
	w.Helper()
	var lines []string
	for _, table := range tables {
		rows, err := w.s.DB().QueryContext(w.Context(), "SELECT * FROM "+table) //nolint:sqlclosecheck // read to the end, which closes it
		if err != nil {
			w.Fatal(err)
		}
		columns, err := rows.Columns()
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for err == nil && rows.Next() {
			err = rows.Scan(into...)
			lines = append(lines, fmt.Sprint(table, values))
		}
		if err == nil {
			err = rows.Err()
		}
		if err != nil {
			w.Fatal(err)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
