package fsck_test

import "strings"

// corruption is damage done by somebody with an SQL prompt who took the guards away.
type corruption struct {
	name  string
	want  string   // the checks that find it, in their order, and no other
	drop  string   // indexes that stand against it
	unkey string   // tables whose keys stand against it, on SQLite
	plant []string // the damage
	off   string   // a table whose triggers don't come back: one on SQLite, all on PostgreSQL
}

func one(name, want string, plant ...string) corruption {
	return corruption{name: name, want: want, plant: plant}
}

const early = `'2026-01-01T00:00:00.000000Z'`

var corruptions = []corruption{
	// M1
	one("a right under another id", "M1.id",
		`UPDATE entitlement SET period = '2023' WHERE id = '`+entries[0].right()+`'`),
	{
		name: "a right registered twice", want: "M1.unique", unkey: "entitlement",
		plant: []string{`INSERT INTO entitlement SELECT * FROM entitlement WHERE id = '` + entries[2].right() + `'`},
	},
	{
		name: "a paid right on a second list", want: "M1.live", drop: "list_entry_live", plant: []string{
			`INSERT INTO list_entry SELECT 'L3', 2, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, reason, line, account, 'in', '' FROM list_entry WHERE list = 'L1' AND n = 6`,
		},
	},
	{
		name: "a right paid twice", want: "M1.twice M1.claim M2.counted M8.reserved M8.approved A8.answered", drop: "payment_live", plant: []string{
			`INSERT INTO payment_batch SELECT 'B2', list, 2, list_hash, made_on, 1, 1000, made_by, made_at, answer_by FROM payment_batch`,
			`INSERT INTO payment SELECT 'P9', list, n, 2, 'B2', account, line, amount_fen, state, moved_at, moved_by, reason FROM payment WHERE id = 'P1'`,
			`INSERT INTO posting (seq, at, kind, line, debit, credit, fen, payment, person) SELECT 900, at, kind, line, debit, credit, fen, 'P9', person FROM posting WHERE payment = 'P1'`,
		},
	},
	one("more paid than the right", "M1.claim M1.entry M2.counted M3.fits M8.batch M8.reserved A8.amount A2.hash",
		`UPDATE payment SET amount_fen = 1500 WHERE id = 'P1'`, `UPDATE list_entry SET amount_fen = 1500 WHERE list = 'L1' AND n = 1`,
		`UPDATE posting SET fen = 1500 WHERE payment = 'P1'`),
	one("an entry of another firm", "M1.entry M7.recovery A5.owner A2.hash", `UPDATE list_entry SET enterprise = '`+firmB+`' WHERE list = 'L1' AND n = 1`),
	one("less paid without a reason", "M1.entry", `UPDATE list_entry SET amount_fen = 600 WHERE list = 'L3'`),
	one("a paid entry taken off the list", "M1.status M9.free A2.hash", `UPDATE list_entry SET status = 'removed', note = '无' WHERE list = 'L1' AND n = 1`),
	one("an entry returned that never failed", "M1.status", `UPDATE list_entry SET status = 'returned', note = '无' WHERE list = 'L3'`),
	one("a right of a policy that the sweep didn't apply", "D3.decision", `DELETE FROM sweep_policy`),
	// M2, M3
	one("an overdrawn line", "M2.line M2.counted", `UPDATE budget_line SET reserved_fen = 100000`),
	one("a counter moved by hand", "M2.counted", `UPDATE budget_line SET total_fen = total_fen + 1`),
	one("a posting of one side", "M2.counted M3.kind", `UPDATE posting SET debit = 'reserved' WHERE kind = 'allot'`),
	one("a posting of another sum", "M2.counted M3.fits", `UPDATE posting SET fen = fen + 1 WHERE kind = 'post' AND payment = 'P1'`),
	one("a reservation of another sum", "M2.counted M3.fits M8.reserved", `UPDATE posting SET fen = 999 WHERE kind = 'reserve' AND list = 'L1' AND n = 1`),
	{
		name: "a reservation made free twice", want: "M2.counted M3.once M3.open", drop: "posting_entry", plant: []string{
			`INSERT INTO posting (seq, at, kind, line, debit, credit, fen, list, n, round, person) SELECT 900, at, kind, line, debit, credit, fen, list, n, round, person FROM posting WHERE kind = 'void' AND list = 'L2'`,
		},
	},
	one("a paid payment without a posting", "M2.counted M3.post M3.open", `DELETE FROM posting WHERE kind = 'post' AND payment = 'P1'`),
	{
		name: "a payment posted twice", want: "M2.counted M3.post M3.open", drop: "posting_payment", plant: []string{
			`INSERT INTO posting (seq, at, kind, line, debit, credit, fen, payment, person) SELECT 900, at, kind, line, debit, credit, fen, payment, person FROM posting WHERE payment = 'P1'`,
		},
	},
	{
		name: "a return that restores the line twice", want: "M2.counted M7.return", drop: "posting_payment", plant: []string{
			`INSERT INTO posting (seq, at, kind, line, debit, credit, fen, payment, person) SELECT 900, at, kind, line, debit, credit, fen, payment, person FROM posting WHERE kind = 'return'`,
		},
	},
	one("a return that restores nothing", "M2.counted M7.return", `DELETE FROM posting WHERE kind = 'return'`),
	one("money of a failed payment never made free", "M2.counted M3.open", `DELETE FROM posting WHERE kind = 'void' AND list = 'L1' AND n = 2`),
	one("money of a withdrawn list never made free", "M2.counted M3.open", `DELETE FROM posting WHERE kind = 'void' AND list = 'L2'`),
	one("a reservation missing", "M2.counted M3.reserved M8.reserved", `DELETE FROM posting WHERE kind = 'reserve' AND list = 'L1' AND n = 6`),
	// M6, M7
	one("paid out of next year's money", "M6.year", `UPDATE posting SET at = '2026-12-31T17:00:00.000000Z' WHERE kind = 'post' AND payment = 'P1'`),
	one("a line that nobody approved", "M6.line L2.once", `UPDATE budget_line SET approved_by = NULL, approved_at = NULL`),
	one("a line approved by the one who opened it", "M6.line", `UPDATE budget_line SET approved_by = opened_by`),
	one("money carried over into nothing", "M2.counted M6.carry L2.once",
		`INSERT INTO posting (at, kind, line, debit, credit, fen, ref, person) SELECT at, 'carry', line, credit, debit, 100, '结转 1', person FROM posting WHERE kind = 'allot'`),
	one("a reservation moved to another line than the one carried over", "M2.counted M6.year M6.moved M7.restored L2.once",
		`INSERT INTO posting (seq, at, kind, line, debit, credit, fen, payment, person) SELECT 900, at, 'move_out', line, 'reserved', 'appropriation', fen, payment, person FROM posting WHERE kind = 'post' AND payment = 'P1'`,
		`INSERT INTO budget_line SELECT 'C', name, 2027, department, item, unit, project, function, economic, NULL, opened_by, opened_at, approved_by, approved_at, 0, 0, 0 FROM budget_line WHERE id = 'B'`,
		`INSERT INTO posting (seq, at, kind, line, debit, credit, fen, payment, person) SELECT 901, at, 'move_in', 'C', 'appropriation', 'reserved', fen, payment, person FROM posting WHERE kind = 'post' AND payment = 'P1'`),
	one("more claimed back than was paid", "M7.recovery", `UPDATE recovery SET amount_fen = 1001`),
	one("a recovery approved by its proposer", "M7.recovery", `UPDATE recovery SET approved_by = proposed_by`),
	one("money received that never came", "M7.received", `UPDATE recovery SET received_fen = 400`),
	one("money that came back and restored nothing", "M2.counted M7.restored", `DELETE FROM posting WHERE kind = 'recover'`),
	// M8, A5, A7, A8
	one("control totals of another batch", "M8.batch", `UPDATE payment_batch SET sum_fen = sum_fen + 1`),
	one("a payment of another sum than its entry", "M1.claim M3.fits M8.batch M8.entry M8.reserved A8.amount", `UPDATE payment SET amount_fen = 7000 WHERE id = 'P6'`),
	one("a payment to another account of the list", "M8.entry A8.amount", `UPDATE payment SET account = 'b' WHERE id = 'P1'`),
	one("an approved entry that isn't paid", "M2.counted M3.open M8.missing", `DELETE FROM payment WHERE id = 'P6'`, `DELETE FROM posting WHERE payment = 'P6'`,
		`DELETE FROM receipt_line WHERE payment = 'P6'`, `UPDATE payment_batch SET lines = 3, sum_fen = 6000`),
	one("a list without its batch", "M3.open M8.batch M8.missing", `DELETE FROM payment_batch`),
	one("a batch of another content", "M8.approved", `UPDATE payment_batch SET list_hash = '`+sixty4+`'`),
	one("an account changed after the approval", "M8.entry A5.owner A2.hash", `UPDATE list_entry SET account = 'b' WHERE list = 'L1' AND n = 1`),
	one("an account in its cooling period", "A5.verified", `UPDATE payee_account SET usable_from = '2026-02-20T00:00:00.000000Z' WHERE id = 'a'`),
	one("an account verified by the one who recorded it", "A5.verified", `UPDATE payee_account SET verified_by = recorded_by WHERE id = 'a'`),
	one("an account out of use before it was paid to", "A5.verified", `UPDATE payee_account SET retired_at = '2026-02-01T00:00:00.000000Z' WHERE id = 'a'`),
	{
		name: "two accounts of one firm", want: "A5.one L2.once", drop: "payee_account_live",
		plant: []string{`INSERT INTO payee_account SELECT 'c', enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at, verified_how, verified_by, verified_at, usable_from, retired_at FROM payee_account WHERE id = 'a'`},
	},
	one("paid over an objection", "A7.objection A7.holds", `UPDATE objection SET n = 1 WHERE id = 'o5'`),
	one("an objection that holds nothing", "A7.holds", `UPDATE objection SET list = 'L3', n = 1 WHERE id = 'o5'`),
	one("an objection answered by the one who took it down", "A7.holds", `UPDATE objection SET answered_by = recorded_by WHERE id = 'o4'`),
	one("a receipt one 分 off", "A8.amount", `UPDATE receipt_line SET amount_fen = 1001 WHERE payment = 'P1'`),
	one("a receipt of another account", "A8.amount", `UPDATE receipt_line SET print = '`+strings.Repeat("b", 64)+`' WHERE payment = 'P1'`),
	one("a receipt that says the contrary", "A8.result", `UPDATE receipt_line SET result = 'failed' WHERE payment = 'P1'`),
	one("a payment that the bank never answered for", "A8.answered", `DELETE FROM receipt_line WHERE payment = 'P1'`),
	one("a payment whose receipt another one contradicted since", "", `UPDATE receipt_line SET class = 'contradicted' WHERE payment = 'P1'`),
	one("a payment whose receipts say something else and are in doubt", "A8.answered", `UPDATE receipt_line SET class = 'contradicted', result = 'failed' WHERE payment = 'P1'`),
	one("an account retired between the file and the sending", "A5.verified", `UPDATE payee_account SET retired_at = (SELECT at FROM list_event WHERE list = 'L1' AND action = 'export') WHERE id = (SELECT account FROM payment WHERE id = 'P1')`),
	one("待查 resolved by the one who took the file in", "A8.resolved L2.once", `UPDATE receipt_line SET resolved_by = 'f1', resolved_at = '2026-02-14T00:00:00.000000Z', resolution = '确认' WHERE payment = 'P1'`),
	one("待查 resolved by the one for whom another took the file in", "A8.resolved L2.once", `UPDATE receipt_file SET received_for = 'f2'`,
		`UPDATE receipt_line SET resolved_by = 'f3', resolved_for = 'f2', resolved_at = '2026-02-14T00:00:00.000000Z', resolution = '确认' WHERE payment = 'P1'`),
	one("settled with an unknown payment", "M2.counted M3.open M7.recovery A8.settled M2.back", `UPDATE payment SET state = 'unknown' WHERE id = 'P1'`,
		`DELETE FROM posting WHERE payment = 'P1'`, `DELETE FROM receipt_line WHERE payment = 'P1'`),
	one("paid before the list was sent", "A8.sent A3.replay", `UPDATE disbursement_list SET state = 'exported' WHERE id = 'L1'`),
	// M9
	{
		name: "two items of one exclusive group", want: "M9.seat", unkey: "seat entry_seat",
		plant: []string{`INSERT INTO entry_seat (list, n, kind, key, holder) VALUES ('L1', 5, 'exclusive', 'g/` + firmA + `', 'z')`},
	},
	{
		name: "a seat without its row", want: "M9.seat", unkey: "seat",
		plant: []string{`DELETE FROM seat WHERE kind = 'basis'`},
	},
	one("one invoice under two items", "M1.id M9.basis", `UPDATE entitlement SET basis_kind = '发票', basis = 'F1' WHERE id = '`+entries[4].right()+`'`),
	one("a removed entry that keeps its seat", "M9.free", `INSERT INTO seat (kind, key, holder) VALUES ('once', 'k', 'h')`,
		`INSERT INTO entry_seat (list, n, kind, key, holder) VALUES ('L1', 4, 'once', 'k', 'h')`),
	one("a seat that nobody has", "M9.free", `INSERT INTO seat (kind, key, holder) VALUES ('once', 'k', 'h')`),
	one("a cap passed", "M2.cap M2.used", `UPDATE cap_use SET used_fen = 5001`),
	one("a cap made free of money that never came back", "M2.back", `UPDATE entry_cap SET back_fen = 400 WHERE list = 'L1' AND n = 1`, `UPDATE cap_use SET used_fen = used_fen - 100 WHERE key = (SELECT key FROM entry_cap WHERE list = 'L1' AND n = 1)`),
	one("a cap taken beyond the entry", "M2.back", `UPDATE entry_cap SET fen = 1001 WHERE list = 'L1' AND n = 1`, `UPDATE cap_use SET used_fen = used_fen + 1 WHERE key = (SELECT key FROM entry_cap WHERE list = 'L1' AND n = 1)`),
	one("a cap counted short", "M2.used", `UPDATE cap_use SET used_fen = 1999`),
	one("more times than a cap allows", "M2.cap M2.used", `UPDATE cap_use SET used_times = 3`),
	// A1, A2, A3, A4
	one("approved by the one who handled it", "A1.persons A1.role", `UPDATE list_event SET person = 'f1' WHERE list = 'L1' AND action = 'approve'`),
	one("both approvals by one person", "A1.persons", `UPDATE list_event SET person = 'f3' WHERE list = 'L1' AND action = 'approve'`),
	one("standing in for oneself", "A1.standin", `UPDATE list_event SET stands_for = person WHERE list = 'L1' AND action = 'check'`),
	one("a step by somebody without the role", "A1.role", `UPDATE list_event SET person = 'idle' WHERE list = 'L1' AND action = 'check'`),
	one("a role revoked before the step", "A1.role L2.once", `UPDATE role_grant SET revoked_at = '2026-02-01T00:00:00.000000Z', revoked_by = 'se' WHERE person = 'f4'`),
	one("a role of another department", "A1.role A1.history", `UPDATE role_grant SET scope = '科委' WHERE person = 'd2'`),
	one("a finding confirmed by the one who made it", "A1.finding", `UPDATE finding SET answered_by = recorded_by`),
	one("earlier grants confirmed by the one who brought them in", "A1.history", `UPDATE earlier_file SET answered_by = recorded_by WHERE id = 'G2'`),
	one("the ledger called whole by somebody of another department", "A1.history", `UPDATE whole_ledger SET department = '科委'`),
	one("the ledger called whole over grants that wait", "D5.history L2.once", `UPDATE earlier_file SET answer = NULL, answered_by = NULL, answered_at = NULL WHERE id = 'G2'`),
	one("an earlier grant of another sum", "M4.earlier", `UPDATE earlier_grant SET amount_fen = 801 WHERE file = 'G2' AND line = 2`),
	one("a rejected earlier grant that counts", "M4.earlier", `UPDATE earlier_grant SET live = 0 WHERE file = 'G2'`, `UPDATE earlier_grant SET live = 1 WHERE file = 'G1'`),
	one("more given back than was granted", "M4.earlier", `UPDATE earlier_grant SET amount_fen = CASE line WHEN 2 THEN 10 ELSE -20 END WHERE file = 'G2'`, `UPDATE earlier_file SET sum_fen = -10 WHERE id = 'G2'`),
	one("paid here and before", "M1.earlier", `UPDATE earlier_grant SET (item, period, basis) = (SELECT item, period, basis FROM entitlement WHERE id = '`+entries[0].right()+`') WHERE file = 'G2'`),
	one("the statement that the ledger is whole without a record", "L2.once", `DELETE FROM whole_ledger`),
	one("a held entry let in after the approval", "M3.open M8.missing A7.holds A2.hash", `UPDATE list_entry SET status = 'in', note = '' WHERE list = 'L1' AND n = 5`),
	one("another hash than was approved", "A2.hash A2.bound", `UPDATE disbursement_list SET hash = '`+sixty4+`' WHERE id = 'L1'`),
	one("approved on another content than was handled", "M8.approved A2.bound", `UPDATE list_event SET hash = '`+sixty4+`' WHERE list = 'L1' AND action = 'approve'`),
	one("a list put forward by hand", "M3.reserved A3.replay", `UPDATE disbursement_list SET state = 'approved' WHERE id = 'L3'`),
	one("a stage skipped", "A3.replay L2.once", `DELETE FROM list_event WHERE list = 'L1' AND action = 'check'`),
	one("a list suspended by hand", "A3.replay", `UPDATE disbursement_list SET suspended = 1 WHERE id = 'L3'`),
	one("one approval where two are asked for", "A3.replay", `UPDATE disbursement_list SET two_approvers = 0 WHERE id = 'L1'`),
	one("a step added to the table", "A3.table", `INSERT INTO list_step (action, from_state, to_state, role) VALUES ('send', 'draft', 'sent', 'SA')`),
	one("a step taken from the table", "A3.table", `DELETE FROM list_step WHERE action = 'withdraw' AND from_state = 'exported'`),
	one("handled within the notice period", "A7.notice", `UPDATE disbursement_list SET notice_until = '2026-02-10' WHERE id = 'L1'`),
	one("a role confirmed by the one who gets it", "A4.grant", `UPDATE role_grant SET confirmed_by = person WHERE person = 'f4'`),
	one("a role proposed and confirmed by one person", "A4.grant", `UPDATE role_grant SET confirmed_by = proposed_by WHERE person = 'f4'`),
	one("a second first start", "A4.origin", `INSERT INTO role_grant (id, person, role, scope, origin, proposed_at, confirmed_at) VALUES ('z', 'idle', 'SA', '', 'first_start', `+early+`, `+early+`)`),
	one("a demo role in a real database", "A4.origin", `INSERT INTO role_grant (id, person, role, scope, origin, proposed_at, confirmed_at) VALUES ('z', 'idle', 'F3', '', 'demo', `+early+`, `+early+`)`),
	one("an administrator with a business role", "A4.excludes", `UPDATE role_grant SET role = 'SE', person = 'f4' WHERE id = 'g-se'`),
	one("a demo account in a real database", "A4.demo", `INSERT INTO account (id, person, kind, login, created_at) VALUES ('z', 'idle', 'demo', 'z', `+early+`)`),
	{name: "postings unguarded", want: "M5.guards", off: "posting"},
	{name: "the log unguarded", want: "M5.guards", off: "audit_record"},
	// D3, D4
	one("a policy changed after publication", "D3.policy", `UPDATE policy_version SET files = BYTES`),
	one("a vocabulary changed after publication", "D3.vocabulary", `UPDATE vocabulary_version SET body = BYTES`),
	one("a pointer to another policy's version", "D3.pointer L2.once", `UPDATE policy_pointer SET policy_id = 'other'`),
	one("a part of a delivery gone", "D3.delivery", `DELETE FROM delivery_part`),
	one("a part of a delivery changed", "D3.parts", `UPDATE delivery_part SET body = BYTES`),
	one("a snapshot unsealed", "D4.snapshot", `UPDATE snapshot SET sealed = FALSE`),
	one("a sweep without a shard", "D4.sweep", `DELETE FROM sweep_shard`),
	// L1, L2
	one("an audit record edited", "L1.tree L1.checkpoint", `UPDATE audit_record SET body = EDITED WHERE kind = 'policy.published'`),
	one("an audit record under another kind", "L1.record L2.once", `UPDATE audit_record SET kind = 'list.review' WHERE kind = 'list.send'`),
	one("the newest audit record cut off", "L1.record L1.tree", `DELETE FROM audit_record WHERE seq = (SELECT max(seq) FROM audit_record)`),
	one("an audit record removed", "L1.record L1.tree L1.checkpoint L2.once", `DELETE FROM audit_record WHERE kind = 'list.send'`),
	one("a hash of the tree changed", "L1.tree", `UPDATE audit_hash SET hash = (SELECT h.hash FROM audit_hash h WHERE h.idx = 0) WHERE idx = 1`),
	one("a checkpoint taken away", "L1.checkpoint", `DELETE FROM audit_checkpoint WHERE size = (SELECT min(size) FROM audit_checkpoint)`),
	one("a checkpoint moved in time", "L1.checkpoint", `UPDATE audit_checkpoint SET at = `+early),
	one("a change without a record", "L2.once", `INSERT INTO policy_pointer (policy_id, version, at, set_by) SELECT policy_id, version, at, set_by FROM policy_pointer`),
}
