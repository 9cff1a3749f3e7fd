package store_test

import (
	"fmt"
	"strings"
	"testing"

	"mianshen/internal/store"
)

// payments and batches.
func (w *town) payments() []illegal {
	const begins, state, whole = "a payment comes from an entry", "the payment can not go to this state", "count or sum of the batch"
	approved, bad, settled := w.first("approved"), w.first("bad"), w.first("settled")
	good := pay("approved", 1, 1, approved, "L25", stamp(16))
	move := func(id, to string) string { return "UPDATE payment SET state = '" + to + "' WHERE id = '" + id + "'" }
	sent := "UPDATE payment SET state = 'sent', moved_at = %s WHERE list = 'exported'"
	lock := `UPDATE instance SET locked = 1, lock_reason = '恢复'`
	return []illegal{
		{"an entry paid twice at once", isUnique, []string{good, pay("approved", 1, 2, approved, "L25", stamp(16))}},
		{"an attempt twice", isUnique, []string{good, strings.Replace(good, "'approved-1-1'", "'z'", 1)}},
		{"a payment that is there already", isUnique + "|" + begins, []string{pay("sent", 1, 1, w.first("sent"), "L25", stamp(16))}},
		{"a paid entry paid again", begins + "|" + isUnique, []string{pay("settled", 1, 2, settled, "L25", stamp(21))}},
		{"a failed payment repeated", begins, []string{pay("settled", 2, 2, settled+1, "L25", stamp(21))}},
		{"a payment of a list that is checked", begins, []string{pay("checked", 1, 1, w.first("checked"), "L25", stamp(16))}},
		{"a payment of a list with one approval of two", begins, []string{pay("approving", 1, 1, w.first("approving"), "L25", stamp(16))}},
		{"a payment of a suspended list", begins, []string{event("approved", 8, "suspend", "approved", "approved", "F1", "f1", stamp(16), "NULL"), good}},
		{"a payment of more", begins, []string{strings.Replace(good, "1000", "1001", 1)}},
		{"a payment to another account", begins, []string{strings.Replace(good, fmt.Sprint("acct-", approved), fmt.Sprint("acct-", settled), 1)}},
		{"a payment from another line", begins + "|of another fiscal year", []string{strings.Replace(good, "'L25'", "'L24'", 1)}},
		{"a payment of a held entry", begins, []string{"UPDATE list_entry SET status = 'held', note = 'n' WHERE list = 'approved'", good}},
		{"a payment of content that changed", begins, []string{"UPDATE list_entry SET status = 'held', note = 'n' WHERE list = 'approved'", "UPDATE list_entry SET status = 'in' WHERE list = 'approved'", good}},
		{"a payment of what is voided", begins, []string{pay("bad", 5, 1, bad+4, "L25", stamp(16))}},
		{"a payment of what is objected to", begins, []string{pay("bad", 6, 1, bad+5, "L25", stamp(16))}},
		{"a payment that begins paid", begins, []string{strings.Replace(good, "'ready'", "'paid'", 1)}},
		{"a payment to a cooling account", "still in its cooling period", []string{pay("bad", 2, 1, bad+1, "L25", stamp(16))}},
		{"a payment to an unverified account", "still in its cooling period", []string{pay("bad", 3, 1, bad+2, "L25", stamp(16))}},
		{"a payment to a retired account", "still in its cooling period", []string{fmt.Sprintf("UPDATE payee_account SET retired_at = %s WHERE id = 'acct-%d'", stamp(15), bad), pay("bad", 1, 1, bad, "L25", stamp(16))}},
		{"a payment from last year's line", "of another fiscal year", []string{pay("bad", 4, 1, bad+3, "L24", stamp(16))}},
		{"a payment on 1 January", "of another fiscal year", []string{strings.Replace(good, stamp(16), "'2025-12-31T16:00:00.000000Z'", 1)}},
		{"a payment while payments are locked", begins + "|payments are locked", []string{lock, good}},
		{"a payment without batch", isForeign, []string{good}},
		{"a payment of no list", begins, []string{strings.Replace(good, "'approved'", "'nowhere'", 1)}},
		{"a payment of no entry", begins, []string{strings.Replace(good, "'approved', 1,", "'approved', 9,", 1)}},
		{"a batch of more lines", whole, []string{good, batch("approved", 2, 1000, approved)}},
		{"a batch of another sum", whole, []string{good, batch("approved", 1, 999, approved)}},
		{"a batch of other content", whole, []string{good, batch("approved", 1, 1000, approved+1)}},
		{"a batch of another list", whole, []string{good, strings.Replace(batch("bad", 1, 1000, bad), "'bad-b'", "'approved-b'", 1)}},
		{"a payment added to a closed batch", begins, []string{good, batch("approved", 1, 1000, approved), strings.Replace(pay("bad", 1, 1, bad, "L25", stamp(16)), "'bad-b'", "'approved-b'", 1)}},
		{"a second batch of a round", isUnique + "|" + whole, []string{strings.Replace(batch("sent", 1, 1000, w.first("sent")), "'sent-b'", "'z'", 1)}},
		{"sent while payments are locked", "payments are locked", []string{lock, fmt.Sprintf(sent, stamp(17))}},
		{"sent on 1 January", "a payment is sent as it was exported", []string{fmt.Sprintf(sent, "'2025-12-31T16:00:00.000000Z'")}},
		{"sent with a held entry", "a payment is sent as it was exported", []string{"UPDATE list_entry SET status = 'held', note = 'n' WHERE list = 'exported'", fmt.Sprintf(sent, stamp(17))}},
		{"sent from a suspended list", "a payment is sent as it was exported", []string{event("exported", 9, "suspend", "exported", "exported", "F1", "f1", stamp(17), "NULL"), fmt.Sprintf(sent, stamp(17))}},
		{"sent from a list that was withdrawn", "a payment is sent as it was exported", []string{event("exported", 9, "withdraw", "exported", "withdrawn", "D1", "d1", stamp(17), "NULL"), fmt.Sprintf(sent, stamp(17))}},
		{"paid without being sent", state, []string{move("exported-1-1", "paid")}},
		{"sent again", state, []string{move("sent-1-1", "sent")}},
		{"a failed one sent again", state + "|a payment is sent as it was exported", []string{move("settled-2-1", "sent")}},
		{"cancelled after sending", state, []string{move("sent-1-1", "cancelled")}},
		{"failed after it was paid", state, []string{move("settled-1-1", "failed")}},
		{"returned before it was paid", state, []string{move("sent-1-1", "returned")}},
		{"returned twice", state, []string{move("settled-3-1", "returned")}},
		{"unknown, then sent again", state, []string{move("sent-1-1", "unknown"), move("sent-1-1", "sent")}},
		{"returned by the bank after the firm gave back", "the firm has given back", []string{move("settled-1-1", "returned")}},
		{"another sum in a payment", state, []string{"UPDATE payment SET amount_fen = 1, state = 'paid' WHERE id = 'sent-1-1'"}},
		{"a payment is deleted", "a payment is never deleted", []string{"DELETE FROM payment WHERE id = 'exported-1-1'"}},
		{"a file made again otherwise", isUnique, []string{"INSERT INTO batch_file (batch, format, sha256, bytes) VALUES ('sent-b', 'csv', '" + digest(2) + "', 10)"}},
		{"a download of no file", isForeign, []string{"INSERT INTO batch_download (batch, format, person, at) VALUES ('sent-b', 'xlsx', 'f1', " + stamp(17) + ")"}},
		{"a file of receipts twice", isUnique, []string{"INSERT INTO receipt_file (sha256, name, format, sealed, lines, received_at, received_by) SELECT sha256, 'again', format, sealed, lines, received_at, received_by FROM receipt_file"}},
		{"a receipt twice", isUnique, []string{"INSERT INTO receipt_line (id, file, batch, payment, print, amount_fen, result, reason, class) SELECT id, file, batch, payment, print, amount_fen, result, reason, class FROM receipt_line"}},
		{"a receipt resolved twice", "a receipt is resolved once", []string{"UPDATE receipt_line SET resolution = '再查' WHERE class = '待查'"}},
		{"a receipt resolved by who took it in", "who took a receipt in does not resolve it", []string{"UPDATE receipt_line SET resolved_by = 'f1', resolved_at = " + stamp(20) + ", resolution = '查明' WHERE class = 'applied'"}},
		{"a receipt resolved for who took it in", "who took a receipt in does not resolve it", []string{"UPDATE receipt_line SET resolved_by = 'f2', resolved_for = 'f1', resolved_at = " + stamp(20) + ", resolution = '查明' WHERE class = 'applied'"}},
		{"a receipt resolved for oneself", isCheck, []string{"UPDATE receipt_line SET resolved_by = 'f2', resolved_for = 'f2', resolved_at = " + stamp(20) + ", resolution = '查明' WHERE class = 'applied'"}},
		{"a receipt of another sum", "a receipt is resolved once", []string{"UPDATE receipt_line SET amount_fen = 2 WHERE class = 'applied'"}},
		{"a receipt resolved by nobody", isCheck, []string{"UPDATE receipt_line SET resolution = '查明' WHERE class = 'applied'"}},
		{"a receipt is deleted", "a receipt is never deleted", []string{"DELETE FROM receipt_line"}},
	}
}

// postings, budget lines and recoveries.
func (w *town) postings() []illegal {
	const fits, year, claimed = "the posting does not fit", "of another fiscal year", "more would be claimed back"
	allot := func(fen int, ref string) string { return posting("allot", "L25", fen, stamp(5), "'"+ref+"'") }
	reserve := func(list string, fen int) string { return posting("reserve", "L25", fen, stamp(5), "'"+list+"'", "1") }
	void := func(list string) string { return posting("void", "L25", 1000, stamp(19), "'"+list+"'", "1") }
	of := firm(w.first("settled"))
	claim := func(payment string, fen int) string {
		return fmt.Sprintf("INSERT INTO recovery (id, payment, enterprise, amount_fen, reason, proposed_by, proposed_at) VALUES ('r', '%s', '%s', %d, '超付', 'f1', %s)", payment, of, fen, stamp(22))
	}
	came := func(recovery, ref string, fen int) string {
		return fmt.Sprintf("INSERT INTO recovery_receipt (recovery, ref, fen, at, person) VALUES ('%s', '%s', %d, %s, 'f1')", recovery, ref, fen, stamp(24))
	}
	line := `INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, opened_by, opened_at) VALUES ('n', '扶持', 2025, '科委', '101001', 'P1', '2060404', '30312', 'f1', ` + stamp(1) + `)`
	const newYear = "'2026-01-02T04:00:00.000000Z'"
	paidIn := func(approved bool) []string {
		out := []string{"UPDATE payment SET state = 'paid' WHERE id = 'sent-1-1'", strings.NewReplacer("opened_at)", "opened_at, carried_from)", stamp(1)+")", newYear+", 'L25')", "'n'", "'L26'", "2025", "2026").Replace(
			`INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, opened_by, opened_at) VALUES ('n', '扶持', 2025, '科委', '101001', 'P1', '2060404', '30312', 'f1', ` + stamp(1) + `)`)}
		if approved {
			out = append(out, "UPDATE budget_line SET approved_by = 'f3', approved_at = "+newYear+" WHERE id = 'L26'")
		}
		return out
	}
	free := w.number("SELECT total_fen - reserved_fen - posted_fen FROM budget_line WHERE id = 'L25'")
	scarce := posting("carry", "L25", int(free)-999, stamp(5), "'c'")
	return []illegal{
		{"a line overdrawn", isCheck, []string{scarce, reserve("reviewed", 1000)}},
		{"more carried over than is free", isCheck, []string{posting("carry", "L25", int(free)+1, stamp(5), "'c'")}},
		{"an allotment twice", isUnique, []string{allot(1, "allot-L25")}},
		{"an allotment for no reason", isCheck, []string{allot(1, "")}},
		{"an allotment to a line that isn't approved", isCheck, []string{line, posting("allot", "n", 1, stamp(5), "'n'")}},
		{"an allotment next year", year, []string{posting("allot", "L25", 1, "'2025-12-31T16:00:00.000000Z'", "'n'")}},
		{"a reservation from last year's line", fits + "|" + year, []string{posting("reserve", "L24", 1000, stamp(5), "'reviewed'", "1")}},
		{"a posting by nobody", isForeign, []string{strings.Replace(allot(1, "n"), "'f1'", "'nobody'", 1)}},
		{"a posting on no line", isForeign, []string{posting("allot", "L99", 1, stamp(5), "'n'")}},
		{"a reservation twice", isUnique, []string{reserve("noticed", 1000)}},
		{"a reservation of another sum", fits, []string{reserve("reviewed", 999)}},
		{"a reservation of no entry", isForeign + "|" + fits, []string{posting("reserve", "L25", 1000, stamp(5), "'reviewed'", "9")}},
		{"a void of nothing", fits, []string{void("reviewed")}},
		{"a void twice", isUnique, []string{void("noticed"), void("noticed")}},
		{"a void under a payment", fits, []string{void("exported")}},
		{"a void of what is sent", fits, []string{void("sent")}},
		{"a void of what is paid", fits, []string{void("settled")}},
		{"a void of what came back", fits, []string{strings.Replace(void("settled"), "'settled', 1", "'settled', 3", 1)}},
		{"posted before it is paid", fits, []string{posting("post", "L25", 1000, stamp(18), "'sent-1-1'")}},
		{"posted twice", isUnique, []string{posting("post", "L25", 1000, stamp(18), "'settled-1-1'")}},
		{"posted though it failed", fits, []string{posting("post", "L25", 1000, stamp(18), "'settled-2-1'")}},
		{"posted with another sum", fits, []string{"UPDATE payment SET state = 'paid' WHERE id = 'sent-1-1'", posting("post", "L25", 999, stamp(18), "'sent-1-1'")}},
		{"posted to another line", fits + "|" + year, []string{"UPDATE payment SET state = 'paid' WHERE id = 'sent-1-1'", posting("post", "L24", 1000, stamp(18), "'sent-1-1'")}},
		{"moved before it is paid", fits, []string{posting("move_out", "L25", 1000, stamp(18), "'sent-1-1'")}},
		{"moved after it is posted", fits, []string{posting("move_out", "L25", 1000, stamp(18), "'settled-1-1'")}},
		{"moved in and never out", fits, append(paidIn(true), posting("move_in", "L26", 1000, newYear, "'sent-1-1'"))},
		{"moved to a line that isn't carried over from its own", fits, append(paidIn(true), posting("move_out", "L25", 1000, newYear, "'sent-1-1'"), posting("move_in", "L24", 1000, "'2024-05-05T00:00:00.000000Z'", "'sent-1-1'"))},
		{"moved to a line that nobody approved", fits, append(paidIn(false), posting("move_out", "L25", 1000, newYear, "'sent-1-1'"), posting("move_in", "L26", 1000, newYear, "'sent-1-1'"))},
		{"moved to a line of another year than the payment", year, append(paidIn(true), posting("move_out", "L25", 1000, stamp(18), "'sent-1-1'"), posting("move_in", "L26", 1000, stamp(18), "'sent-1-1'"))},
		{"posted on the line that it was moved from", fits, append(paidIn(true), posting("move_out", "L25", 1000, newYear, "'sent-1-1'"), posting("move_in", "L26", 1000, newYear, "'sent-1-1'"), posting("post", "L25", 1000, stamp(18), "'sent-1-1'"))},
		{"a return without its payment's", fits, []string{posting("return", "L25", 1000, stamp(22), "'settled-1-1'")}},
		{"a return without a post", fits, []string{"UPDATE payment SET state = 'paid' WHERE id = 'sent-1-1'", "UPDATE payment SET state = 'returned' WHERE id = 'sent-1-1'", posting("return", "L25", 1000, stamp(22), "'sent-1-1'")}},
		{"a return posted twice", isUnique, []string{posting("return", "L25", 1000, stamp(22), "'settled-3-1'")}},
		{"a posting between other accounts", isCheck, []string{strings.Replace(allot(1, "n"), "'appropriation', 'available'", "'available', 'available'", 1)}},
		{"a posting of a new kind", isCheck, []string{strings.Replace(allot(1, "n"), "'allot'", "'gift'", 1)}},
		{"a posting of nothing", isCheck, []string{allot(0, "n")}},
		{"a posting of less than nothing", isCheck, []string{allot(-1, "n")}},
		{"a recovery booked without its receipt", fits, []string{posting("recover", "L25", 100, stamp(24), "'bank-9'")}},
		{"a recovery booked with another sum", fits, []string{came("rec", "bank-2", 100), posting("recover", "L25", 101, stamp(24), "'bank-2'")}},
		{"a recovery booked twice", isUnique, []string{posting("recover", "L25", 400, stamp(24), "'bank-1'")}},
		{"a recovery booked on another line", fits, []string{came("rec", "bank-2", 100), posting("recover", "L24", 100, stamp(24), "'bank-2'")}},
		{"a posting changed", "posting is append-only|posting is refused", []string{"UPDATE posting SET fen = fen + 1"}},
		{"a posting deleted", "posting is append-only|posting is refused", []string{"DELETE FROM posting"}},
		{"a total raised by hand", "the sums of a budget line", []string{"UPDATE budget_line SET total_fen = total_fen + 1 WHERE id = 'L25'"}},
		{"a reservation forgotten by hand", "the sums of a budget line", []string{"UPDATE budget_line SET reserved_fen = 0 WHERE id = 'L25'"}},
		{"a line approved by who opened it", isCheck, []string{line, "UPDATE budget_line SET approved_by = 'f1', approved_at = " + stamp(1) + " WHERE id = 'n'"}},
		{"a line approved anew", "a budget line keeps", []string{"UPDATE budget_line SET approved_by = 'f4' WHERE id = 'L25'"}},
		{"a line of another year", "a budget line keeps", []string{"UPDATE budget_line SET year = 2026 WHERE id = 'L25'"}},
		{"a line that begins with money", "a budget line begins empty", []string{strings.NewReplacer("opened_at)", "opened_at, total_fen)", stamp(1)+")", stamp(1)+", 5)").Replace(line)}},
		{"a line is deleted", "a budget line is never deleted", []string{line, "DELETE FROM budget_line WHERE id = 'n'"}},
		{"claimed back beyond the payment", claimed, []string{claim("settled-1-1", 401)}},
		{"claimed back before it was paid", claimed, []string{claim("sent-1-1", 1)}},
		{"claimed back what came back", claimed, []string{claim("settled-3-1", 1)}},
		{"claimed back of another firm", claimed, []string{strings.Replace(claim("settled-1-1", 1), of, firm(1), 1)}},
		{"a recovery approved by who proposed it", isCheck, []string{"UPDATE recovery SET approved_by = 'f1', approved_at = " + stamp(22) + " WHERE id = 'rec-4'"}},
		{"a recovery received before it is approved", isCheck, []string{came("rec-4", "bank-2", 1)}},
		{"a recovery received beyond its sum", isCheck, []string{came("rec", "bank-2", 201)}},
		{"a receipt of the bank twice", isUnique, []string{came("rec", "bank-1", 1)}},
		{"a recovery received by hand", "a recovery is approved once", []string{"UPDATE recovery SET received_fen = 600 WHERE id = 'rec'"}},
		{"a recovery of another sum", "a recovery is approved once", []string{"UPDATE recovery SET amount_fen = 500 WHERE id = 'rec'"}},
		{"a recovery is deleted", "a recovery is never deleted", []string{"DELETE FROM recovery WHERE id = 'rec-4'"}},
	}
}

// fixed are the tables that never change once written, each with an update and a deletion.
func fixed() (out []illegal) {
	for table, column := range map[string]string{
		"list_event": "note", "list_attachment": "name", "confirmation": "note", "payment_batch": "made_by", "batch_file": "format", "batch_download": "format",
		"receipt_file": "name", "choice": "item", "recovery_receipt": "ref",
	} {
		const want = " is append-only| is refused: the table is append-only|a file made again must be the same"
		out = append(out, illegal{table + " changed", want, []string{"UPDATE " + table + " SET " + column + " = " + column}},
			illegal{table + " deleted", want, []string{"DELETE FROM " + table}})
	}
	return out
}

// TestMoneyHasOneRoad tries each step of the table from each state that isn't its own, by a person who has its role, and from its
// own state by each person who hasn't; all are refused, and what remains is the road.
func TestMoneyHasOneRoad(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		w := newTown(t, s)
		w.fill()
		table := w.table()
		before, tried := w.dump(), 0
		owners := map[string]string{"D1": "d1", "D2": "d2", "F1": "f1", "F2": "f2", "F3": "f3 f4"}
		for list := range roads {
			var state, hash string
			if err := s.DB().QueryRowContext(t.Context(), "SELECT state, coalesce(hash, '') FROM disbursement_list WHERE id = $1", list).Scan(&state, &hash); err != nil {
				t.Fatal(err)
			}
			seq := int(w.number("SELECT count(*) + 1 FROM list_event WHERE list = '" + list + "'"))
			for _, r := range table {
				bound := "NULL"
				if strings.Contains(hashed, " "+r.action+" ") {
					bound = hash
				}
				for _, p := range []string{"d1", "d2", "f1", "f2", "f3", "x", "sa", "off", "gone"} {
					owns := strings.Contains(owners[r.role], p)
					if owns == (r.from == state) {
						continue
					}
					if tried++; w.try(event(list, seq, r.action, r.from, r.to, r.role, p, stamp(25), bound)) == nil {
						t.Errorf("%s as %s by %s went through on list %s", r.action, r.role, p, list)
					}
				}
			}
		}
		if after := w.dump(); after != before {
			t.Errorf("the world has changed:\n%s\nwas\n%s", after, before)
		}
		t.Logf("%d steps", tried)
	})
}

// step is a row of list_step.
type step struct{ action, from, to, role string }

// table returns the rows of list_step in order.
func (w *town) table() (out []step) {
	w.Helper()
	rows, err := w.s.DB().QueryContext(w.Context(), "SELECT action, from_state, to_state, role FROM list_step ORDER BY action, from_state, role")
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s step
		if err := rows.Scan(&s.action, &s.from, &s.to, &s.role); err != nil {
			w.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		w.Fatal(err)
	}
	return out
}
