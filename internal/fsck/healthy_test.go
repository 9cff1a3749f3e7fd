package fsck_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"mianshen/internal/audit"
	"mianshen/internal/store"
)

// world builds a healthy database by plain SQL, with all triggers and constraints on: list L1 goes the whole way with entries
// that are paid (1, 6), failed (2), paid and returned (3), removed for an objection (4) and held by one (5); L2 is withdrawn from
// public notice, L3 is a draft.
type world struct {
	t   *testing.T
	s   *store.Store
	now time.Time
}

const (
	firmA, firmB = "91310118MA1JL00015", "91310118MA1JL00023"
	sixty4       = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// write runs statements in one transaction, with one record of the audit log if kind is given. In a
// statement $now is the instant, $blob some bytes.
func (w *world) write(kind, subject string, statements ...string) {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	now := "'" + w.now.UTC().Format("2006-01-02T15:04:05.000000Z") + "'"
	blob := "x'00'"
	if w.s.Kind() == store.Postgres {
		blob = `'\x00'::bytea`
	}
	err := w.s.Transact(w.t.Context(), func(tx *store.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(w.t.Context(), strings.NewReplacer("$now", now, "$blob", blob).Replace(statement)); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		if kind == "" {
			return nil
		}
		return tx.Audit(w.t.Context(), audit.Entry{Kind: kind, Subject: subject, At: w.now})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// on sets the day; the clock of the world goes forward only.
func (w *world) on(month, day int) {
	w.now = time.Date(2026, time.Month(month), day, 2, 0, 0, 0, time.UTC)
}

func build(t *testing.T, s *store.Store) {
	t.Helper()
	w := &world{t: t, s: s}
	w.on(1, 5)
	w.people()
	w.decided()
	w.money()
	w.first()
	w.paid()
	w.answered()
	w.others()
	secret, _, err := audit.NewKey("test.log", strings.NewReader(strings.Repeat("k", 64)))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.write("thing.shown", "L1")
		if _, err := s.SignAudit(t.Context(), secret, w.now); err != nil {
			t.Fatal(err)
		}
	}
	w.write("thing.shown", "L1")
}

// people are the two first administrators, who give all others their roles.
func (w *world) people() {
	for _, p := range []string{"sa", "se", "d1", "d2", "f1", "f2", "f3", "f4", "idle"} {
		w.write("", "", `INSERT INTO person (id, name, created_at) VALUES ('`+p+`', '某人', $now)`)
	}
	for _, p := range []string{"sa", "se"} {
		w.write("", "", `INSERT INTO role_grant (id, person, role, scope, origin, proposed_at, confirmed_at) VALUES ('g-`+p+`', '`+p+`', '`+strings.ToUpper(p)+`', '', 'first_start', $now, $now)`)
	}
	for p, role := range map[string]string{"d1": "D1", "d2": "D2", "f1": "F1", "f2": "F2", "f3": "F3", "f4": "F3"} {
		scope := ""
		if role[0] == 'D' {
			scope = "人社局"
		}
		w.write("role.proposed", "g-"+p, `INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ('g-`+p+`', '`+p+`', '`+role+`', '`+scope+`', 'granted', 'sa', $now)`)
		w.write("role.confirmed", "g-"+p, `UPDATE role_grant SET confirmed_by = 'se', confirmed_at = $now WHERE id = 'g-`+p+`'`)
	}
}

// decided is a delivery, a snapshot and a sweep by one policy.
func (w *world) decided() {
	ctx, s := w.t.Context(), w.s
	step := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	_, err := s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "wengang", Title: "稳岗", PublishedAt: w.now, PublishedBy: "甲", Files: []byte("files")})
	step(err)
	_, err = s.PublishVocabulary(ctx, store.VocabularyVersion{PublishedAt: w.now, PublishedBy: "甲", Body: []byte("words")})
	step(err)
	seq, err := s.BeginDelivery(ctx, store.Delivery{Source: "社保", Period: "2025", ReceivedAt: w.now, ReceivedBy: "甲", Purpose: "比对", LegalBasis: "办法"})
	step(err)
	_, err = s.PutPart(ctx, seq, store.Part{Rows: 2, Body: []byte("rows")})
	step(err)
	_, err = s.SealDelivery(ctx, seq, store.Seal{ID: sixty4, Checksum: sixty4, Rows: 2}, store.Standing{State: store.Accepted, At: w.now, By: "甲"})
	step(err)
	w.write("", "",
		`INSERT INTO enterprise (uscc, name, folded) VALUES ('`+firmA+`', '甲公司', ''), ('`+firmB+`', '乙公司', '')`)
	step(w.snapshot(ctx))
	w.write("", "", `INSERT INTO sweep_policy (sweep, policy_version) VALUES (1, '`+digest("files")+`')`,
		`INSERT INTO sweep (id, purpose, as_of, known_at, snapshot, vocabulary, shards, rows, status, started_at)
			VALUES (1, 'manual', '2026-01-01', $now, 1, '`+digest("words")+`', 1, 2, 'running', $now)`)
	step(w.shard(ctx))
	w.write("", "", `UPDATE sweep SET status = 'done', finished_at = $now WHERE id = 1`)
}

func (w *world) snapshot(ctx context.Context) error {
	return w.s.Transact(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO snapshot (seq, id, as_of, known_at, received_at, source, rows, vocabulary, recipe, depth, sealed)
			VALUES (1, $1, '2026-01-01', $2, $2, '日结', 2, $3, $4, 0, $5)`, sixty4, store.Stamp(w.now), digest("words"), []byte("r"), false)
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE snapshot SET sealed = $1 WHERE seq = 1`, true)
		}
		return err
	})
}

func (w *world) shard(ctx context.Context) error {
	return w.s.Transact(ctx, func(tx *store.Tx) error {
		sum := sha256.Sum256([]byte("b"))
		_, err := tx.Exec(ctx, `INSERT INTO sweep_shard (sweep, shard, first_row, rows, sha256, body, counts, at) VALUES (1, 0, 0, 2, $1, $2, $2, $3)`,
			sum[:], []byte("b"), store.Stamp(w.now))
		return err
	})
}

// money is a budget line with 1,000.00, and an account for each firm.
func (w *world) money() {
	for i, firm := range []string{firmA, firmB} {
		id := string(rune('a' + i))
		w.write("payee.recorded", id, `INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at)
			VALUES ('`+id+`', '`+firm+`', '某公司', '102290000001', $blob, '***1', '`+strings.Repeat(id, 64)+`', '企业填报', 'f1', $now)`)
		w.write("payee.verified", id, `UPDATE payee_account SET verified_how = '小额打款', verified_by = 'f2', verified_at = $now, usable_from = $now WHERE id = '`+id+`'`)
	}
	w.write("budget.opened", "B", `INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, opened_by, opened_at)
			VALUES ('B', '稳岗补贴', 2026, '人社局', '101', 'P1', '2080799', '31204', 'f1', $now)`)
	w.write("budget.approved", "B", `UPDATE budget_line SET approved_by = 'f3', approved_at = $now WHERE id = 'B'`)
	w.write("budget.allotted", "B", `INSERT INTO posting (at, kind, line, debit, credit, fen, ref, person) VALUES ($now, 'allot', 'B', 'appropriation', 'available', 100000, '指标 1', 'f1')`)
}

// entry is what a list proposes, with the right behind it.
type entry struct {
	n                        int
	item, firm, period, part string
	basis                    string
	fen, claimed             int
	account                  string
}

func (e entry) right() string {
	kind := ""
	if e.basis != "" {
		kind = "发票"
	}
	form := "mianshen entitlement 1\n"
	for _, text := range []string{e.item, e.firm, e.period, kind, e.basis} {
		form += fmt.Sprintf("%d:%s", len(text), text)
	}
	return digest(form)
}

func (e entry) insert(list string) []string {
	kind := ""
	if e.basis != "" {
		kind = "发票"
	}
	return []string{
		fmt.Sprintf(`INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
			VALUES ('%s', '%s', '%s', '%s', '%s', '%s', '%s', %d, 1, '%s', '1-x', $now)`, e.right(), e.part, e.item, e.firm, e.period, kind, e.basis, e.claimed, digest("files")),
		fmt.Sprintf(`INSERT INTO list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, reason, line, account, status)
			VALUES ('%s', %d, '%s', '%s', '%s', '%s', '某公司', %d, %d, '', 'B', '%s', 'in')`, list, e.n, e.right(), e.part, e.firm, e.item, e.fen, e.claimed, e.account),
	}
}

var entries = []entry{
	{n: 1, item: "x", firm: firmA, period: "2025", basis: "F1", fen: 1000, claimed: 1000, account: "a"},
	{n: 2, item: "x", firm: firmB, period: "2025", basis: "F2", fen: 2000, claimed: 2000, account: "b"},
	{n: 3, item: "y", firm: firmA, period: "2025", fen: 3000, claimed: 3000, account: "a"},
	{n: 4, item: "y", firm: firmB, period: "2025", fen: 4000, claimed: 4000, account: "b"},
	{n: 5, item: "z", firm: firmA, period: "2025", fen: 5000, claimed: 5000, account: "a"},
	{n: 6, item: "z", firm: firmB, period: "2025", part: "i2", fen: 6000, claimed: 6000, account: "b"},
}

// content is the hash of a list in a round, in the form that the approval binds.
func content(id string, round int, list ...entry) string {
	text := func(s string) string { return fmt.Sprintf("%d:%s", len(s), s) }
	form := fmt.Sprintf("mianshen list 1\n%s%d;%s1;\n", text(id), round, text("人社局"))
	for _, e := range list {
		form += fmt.Sprintf("%d;%d;%s%s%s%s%s%s\n", e.n, e.fen, text(e.right()), text(e.part), text(e.firm), text(e.item), text("B"), text(e.account))
	}
	return digest(form)
}

// does is an event of a list, with its record; hash "" for those without content.
func (w *world) does(list string, seq int, action, from, to, role, person, hash string, before ...string) {
	w.t.Helper()
	bound := "NULL"
	if hash != "" {
		bound = "'" + hash + "'"
	}
	w.write("list."+cmp.Or(map[string]string{"draft": "drafted"}[action], action), list, append(before, fmt.Sprintf(`INSERT INTO list_event (list, seq, action, from_state, to_state, role, person, at, hash, note)
		VALUES ('%s', %d, '%s', '%s', '%s', '%s', '%s', $now, %s, '说明')`, list, seq, action, from, to, role, person, bound))...)
}

func list(id string, two int) string {
	return fmt.Sprintf(`INSERT INTO disbursement_list (id, title, department, kind, sweep, two_approvers, made_at) VALUES ('%s', '清单', '人社局', 'regular', 1, %d, $now)`, id, two)
}

func setHash(id, hash string) string {
	return `UPDATE disbursement_list SET hash = '` + hash + `' WHERE id = '` + id + `'`
}

func posting(kind, debit, credit string, fen int, list string, n int, payment string) string {
	place := "NULL, NULL, NULL"
	if list != "" {
		place = fmt.Sprintf("'%s', %d, 1", list, n)
	}
	if payment == "" {
		payment = "NULL"
	} else {
		payment = "'" + payment + "'"
	}
	return fmt.Sprintf(`INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, payment, person)
		VALUES ($now, '%s', 'B', '%s', '%s', %d, %s, %s, 'f1')`, kind, debit, credit, fen, place, payment)
}

// first takes L1 to its approval.
func (w *world) first() {
	w.on(2, 2)
	draft := []string{list("L1", 1)}
	for _, e := range entries {
		draft = append(draft, e.insert("L1")...)
	}
	draft = append(draft,
		`INSERT INTO seat (kind, key, holder) VALUES ('exclusive', 'g/`+firmA+`', 'x'), ('basis', '发票/F1', 'x'), ('exclusive', 'h/`+firmB+`', 'y')`,
		`INSERT INTO entry_seat (list, n, kind, key, holder) VALUES ('L1', 1, 'exclusive', 'g/`+firmA+`', 'x'), ('L1', 1, 'basis', '发票/F1', 'x'), ('L1', 4, 'exclusive', 'h/`+firmB+`', 'y')`,
		`INSERT INTO cap_use (key, most_fen, most_times) VALUES ('x/2026', 5000, 2)`,
		`INSERT INTO entry_cap (list, n, key, fen, times) VALUES ('L1', 1, 'x/2026', 1000, 1), ('L1', 2, 'x/2026', 2000, 1)`)
	whole, noticed := content("L1", 0, entries...), content("L1", 1, entries...)
	w.does("L1", 1, "draft", "", "draft", "D1", "d1", "", draft...)
	w.does("L1", 2, "review", "draft", "reviewed", "D2", "d2", whole, setHash("L1", whole))
	w.does("L1", 3, "confirm", "reviewed", "confirmed", "D1", "d1", whole)
	freeze := []string{`UPDATE disbursement_list SET notice_until = '2026-02-09' WHERE id = 'L1'`, setHash("L1", noticed)}
	w.does("L1", 4, "notice", "confirmed", "noticed", "D1", "d1", noticed, freeze...)
	var reserve []string
	for _, e := range entries {
		reserve = append(reserve, posting("reserve", "available", "reserved", e.fen, "L1", e.n, ""))
	}
	w.write("", "", reserve...)
	w.write("", "", `INSERT INTO objection (id, list, n, raised_by, text, recorded_by, raised_at) VALUES ('o4', 'L1', 4, '某', '不符', 'd1', $now), ('o5', 'L1', 5, '某', '待查', 'd1', $now)`,
		`UPDATE list_entry SET status = 'held', note = '异议' WHERE list = 'L1' AND n IN (4, 5)`)
	w.write("", "", `UPDATE objection SET outcome = 'upheld', answer = '成立', answered_by = 'd2', answered_at = $now WHERE id = 'o4'`,
		`UPDATE list_entry SET status = 'removed', note = '异议成立' WHERE list = 'L1' AND n = 4`,
		posting("void", "reserved", "available", 4000, "L1", 4, ""))
	w.on(2, 10)
	left := left()
	w.does("L1", 5, "handle", "noticed", "handled", "F1", "f1", left, setHash("L1", left))
	w.does("L1", 6, "check", "handled", "checked", "F2", "f2", left)
	w.does("L1", 7, "approve_first", "checked", "approving", "F3", "f3", left)
	w.does("L1", 8, "approve", "approving", "approved", "F3", "f4", left)
}

// left is the hash of L1 with what is left after the objections.
func left() string {
	return content("L1", 1, entries[0], entries[1], entries[2], entries[5])
}

// paid makes the payments of L1 and sends them.
func (w *world) paid() {
	w.on(2, 11)
	var pay []string
	for _, e := range []entry{entries[0], entries[1], entries[2], entries[5]} {
		pay = append(pay, fmt.Sprintf(`INSERT INTO payment (id, list, n, attempt, batch, account, line, amount_fen, state, moved_at, moved_by)
			VALUES ('P%d', 'L1', %d, 1, 'B1', '%s', 'B', %d, 'ready', $now, 'f1')`, e.n, e.n, e.account, e.fen))
	}
	pay = append(pay, `INSERT INTO payment_batch (id, list, round, list_hash, made_on, lines, sum_fen, made_by, made_at) VALUES ('B1', 'L1', 1, '`+left()+`', '2026-02-11', 4, 12000, 'f1', $now)`)
	w.does("L1", 9, "export", "approved", "exported", "F1", "f1", left(), pay...)
	w.does("L1", 10, "send", "exported", "sent", "F1", "f1", left(), `UPDATE payment SET state = 'sent', moved_at = $now WHERE list = 'L1'`)
}

// answered takes the bank's answers, settles L1 and claims a part of one payment back.
func (w *world) answered() {
	w.on(2, 13)
	w.write("receipts.taken", sixty4, `INSERT INTO receipt_file (sha256, name, format, sealed, lines, received_at, received_by) VALUES ('`+sixty4+`', 'r.csv', 'csv', $blob, 5, $now, 'f1')`)
	for i, r := range []struct {
		payment, account, result string
		fen                      int
	}{{"P1", "a", "success", 1000}, {"P2", "b", "failed", 2000}, {"P3", "a", "success", 3000}, {"P3", "a", "returned", 3000}, {"P6", "b", "success", 6000}} {
		w.write("", "", fmt.Sprintf(`INSERT INTO receipt_line (id, file, batch, payment, print, amount_fen, result, reason, class) VALUES ('%064d', '%s', 'B1', '%s', '%s', %d, '%s', '', 'applied')`,
			i, sixty4, r.payment, strings.Repeat(r.account, 64), r.fen, r.result))
	}
	for _, e := range []entry{entries[0], entries[2], entries[5]} {
		id := fmt.Sprint("P", e.n)
		w.write("", "", `UPDATE payment SET state = 'paid', moved_at = $now WHERE id = '`+id+`'`, posting("post", "reserved", "paid", e.fen, "", 0, id))
	}
	w.write("", "", `UPDATE payment SET state = 'failed', moved_at = $now WHERE id = 'P2'`, posting("void", "reserved", "available", 2000, "L1", 2, ""),
		`UPDATE list_entry SET status = 'returned', note = '账号不存在' WHERE list = 'L1' AND n = 2`)
	w.write("", "", `UPDATE payment SET state = 'returned', moved_at = $now WHERE id = 'P3'`, posting("return", "paid", "available", 3000, "", 0, "P3"),
		`UPDATE list_entry SET status = 'returned', note = '退汇' WHERE list = 'L1' AND n = 3`)
	w.does("L1", 11, "settle", "sent", "settled", "F2", "f2", left())
	w.write("recovery.proposed", "R1", `INSERT INTO recovery (id, payment, enterprise, amount_fen, reason, proposed_by, proposed_at) VALUES ('R1', 'P1', '`+firmA+`', 400, '更正', 'f1', $now)`)
	w.write("recovery.approved", "R1", `UPDATE recovery SET approved_by = 'f3', approved_at = $now WHERE id = 'R1'`)
	w.write("recovery.received", "R1", `INSERT INTO recovery_receipt (recovery, ref, fen, at, person) VALUES ('R1', '到账 1', 300, $now, 'f1')`,
		`INSERT INTO posting (at, kind, line, debit, credit, fen, ref, person) VALUES ($now, 'recover', 'B', 'paid', 'available', 300, '到账 1', 'f1')`)
	w.write("", "", `INSERT INTO finding (id, item, enterprise, condition, result, on_day, evidence, recorded_by, recorded_at) VALUES ('F1', 'x', '`+firmA+`', 'c', 1, '2026-01-01', '纸', 'd1', $now)`)
	w.write("finding.answered", "F1", `UPDATE finding SET answer = 'confirmed', answered_by = 'd2', answered_at = $now WHERE id = 'F1'`)
	w.before()
}

// before are grants made before there was a ledger, one file confirmed and one rejected, and the statement that there are no others.
func (w *world) before() {
	for _, id := range []string{"G1", "G2"} {
		w.write("earlier.imported", id, `INSERT INTO earlier_file (id, department, name, sha256, source, grants, sum_fen, recorded_by, recorded_at) VALUES ('`+id+`', '人社局', 'a.csv', '`+sixty4+`', '旧账', 2, 700, 'd1', $now)`,
			`INSERT INTO earlier_grant (file, line, item, enterprise, period, basis, amount_fen, on_day) VALUES ('`+id+`', 2, 'x', '`+firmA+`', '2019', '', 800, '2019-05-01'), ('`+id+`', 3, 'x', '`+firmA+`', '2019', '', -100, '2019-06-01')`)
		answer := map[string]string{"G1": "rejected", "G2": "confirmed"}[id]
		w.write("earlier.answered", id, `UPDATE earlier_file SET answer = '`+answer+`', answered_by = 'd2', answered_at = $now WHERE id = '`+id+`'`)
	}
	w.write("whole.stated", "W1", `INSERT INTO whole_ledger (id, department, item, evidence, recorded_by, recorded_at) VALUES ('W1', '人社局', 'x', '旧账', 'd1', $now)`)
	w.write("whole.answered", "W1", `UPDATE whole_ledger SET answer = 'confirmed', answered_by = 'd2', answered_at = $now WHERE id = 'W1'`)
	w.write("whole.ended", "W1", `UPDATE whole_ledger SET ended_by = 'd1', ended_at = $now, end_reason = '另有拨付' WHERE id = 'W1'`)
}

// others are a list that was withdrawn from public notice, and a draft.
func (w *world) others() {
	w.on(3, 2)
	e := entry{n: 1, item: "w", firm: firmA, period: "2025", fen: 700, claimed: 700, account: "a"}
	whole, noticed := content("L2", 0, e), content("L2", 1, e)
	w.does("L2", 1, "draft", "", "draft", "D1", "d1", "", append([]string{list("L2", 0)}, e.insert("L2")...)...)
	w.does("L2", 2, "review", "draft", "reviewed", "D2", "d2", whole, setHash("L2", whole))
	w.does("L2", 3, "confirm", "reviewed", "confirmed", "D1", "d1", whole)
	w.does("L2", 4, "notice", "confirmed", "noticed", "D1", "d1", noticed, `UPDATE disbursement_list SET notice_until = '2026-03-09' WHERE id = 'L2'`, setHash("L2", noticed),
		posting("reserve", "available", "reserved", 700, "L2", 1, ""))
	w.does("L2", 5, "suspend", "noticed", "noticed", "D1", "d1", "")
	w.does("L2", 6, "withdraw", "noticed", "withdrawn", "D1", "d1", "", posting("void", "reserved", "available", 700, "L2", 1, ""),
		`UPDATE list_entry SET status = 'removed', note = '撤回' WHERE list = 'L2'`)
	e.n, e.period = 1, "2024"
	w.does("L3", 1, "draft", "", "draft", "D1", "d1", "", append([]string{list("L3", 0)}, e.insert("L3")...)...)
}
