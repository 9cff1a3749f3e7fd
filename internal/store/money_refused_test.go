package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mianshen/internal/store"
)

// illegal is what the database must refuse, with some of its words ("a|b": either, where the databases differ). The last of the
// statements is the illegal one; those before it are legal, and the transaction is rolled back as a whole.
type illegal struct {
	name, want string
	statements []string
}

// How the two databases say which constraint it was.
const (
	isCheck   = "CHECK constraint failed|violates check constraint"
	isUnique  = "UNIQUE constraint failed|duplicate key value"
	isForeign = "FOREIGN KEY constraint failed|violates foreign key constraint"
)

// TestMoneyIsRefused goes at a world in which lists rest in each state with everything that may never happen, and finds the world
// as it was.
func TestMoneyIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		w := newTown(t, s)
		w.fill()
		cases := append(persons(), w.entries()...)
		cases = append(append(cases, w.steps()...), w.payments()...)
		cases = append(append(cases, w.postings()...), fixed()...)
		before := w.dump()
		for _, c := range cases {
			w.refused(c)
		}
		if after := w.dump(); after != before {
			t.Errorf("the world has changed:\n%s\nwas\n%s", after, before)
		}
		t.Logf("%d illegal transactions", len(cases))
		if len(cases) < 150 {
			t.Errorf("only %d illegal transactions", len(cases))
		}
	})
}

func (w *town) refused(c illegal) {
	w.Helper()
	last := len(c.statements) - 1
	reached := errors.New("the statements before are legal")
	if last > 0 {
		if err := w.s.Transact(w.Context(), func(tx *store.Tx) error { return errors.Join(execAll(w, tx, c.statements[:last]), reached) }); !errors.Is(err, reached) || errors.Is(err, store.ErrConflict) {
			w.Errorf("%s: what comes before is refused: %v", c.name, err)
		}
	}
	err := w.try(c.statements...)
	if !errors.Is(err, store.ErrConflict) {
		w.Errorf("%s: %v, want a refusal of\n%s", c.name, err, c.statements[last])
		return
	}
	for _, words := range strings.Split(c.want, "|") {
		if strings.Contains(err.Error(), words) {
			return
		}
	}
	w.Errorf("%s: refused for another reason: %v, want %s", c.name, err, c.want)
}

func execAll(w *town, tx *store.Tx, statements []string) error {
	for _, statement := range statements {
		if w.s.Kind() == store.Postgres {
			statement = strings.ReplaceAll(statement, "X'00'", `'\x00'`)
		}
		if _, err := tx.Exec(w.Context(), statement); err != nil {
			return err
		}
	}
	return nil
}

func persons() []illegal {
	const begins, moves, excludes = "a role begins as proposed", "a role is proposed, confirmed once", "administrators exclude each other"
	demo := `INSERT INTO role_grant (id, person, role, scope, origin, proposed_at, confirmed_at) VALUES ('g', 'x', 'D2', '科委', 'demo', ` + stamp(1) + `, ` + stamp(1) + `)`
	account := `INSERT INTO account (id, person, kind, login, created_at) VALUES ('a', 'x', '%s', '%s', ` + stamp(1) + `)`
	lock := `UPDATE instance SET locked = 1, lock_reason = '恢复'`
	return []illegal{
		{"unlocked by one person", "unlocking takes two persons", []string{lock, `UPDATE instance SET unlock_by = 'f1'`, `UPDATE instance SET locked = 0, lock_reason = '', unlock_by = NULL, opened_by = 'f1'`}},
		{"unlocked by nobody", "unlocking takes two persons", []string{lock, `UPDATE instance SET unlock_by = 'f1'`, `UPDATE instance SET locked = 0, lock_reason = '', unlock_by = NULL`}},
		{"unlocked at once", "unlocking takes two persons", []string{lock, `UPDATE instance SET locked = 0, lock_reason = '', opened_by = 'f1'`}},
		{"locked for no reason", isCheck, []string{`UPDATE instance SET locked = 1`}},
		{"real data become a demo", "never becomes a demo", []string{`UPDATE instance SET demo = 1`}},
		{"a second instance", isCheck, []string{`INSERT INTO instance (id, demo, locked) VALUES (2, 0, 0)`}},
		{"no instance", "instance has one row", []string{`DELETE FROM instance`}},
		{"a person is deleted", "a person is never deleted", []string{`DELETE FROM person WHERE id = 'x'`}},
		{"a person becomes another", "the id of a person never changes", []string{`UPDATE person SET id = 'y' WHERE id = 'x'`}},
		{"an account is deleted", "an account is never deleted", []string{`DELETE FROM account WHERE id = 'a2'`}},
		{"an account changes hands", "always the same person", []string{`UPDATE account SET person = 'x' WHERE id = 'a2'`}},
		{"a login twice", isUnique, []string{`INSERT INTO account (id, person, kind, login, issuer, subject, created_at) VALUES ('a', 'x', 'oidc', 'f3', 'i', 's', ` + stamp(1) + `)`}},
		{"a subject twice", isUnique, []string{`INSERT INTO account (id, person, kind, login, issuer, subject, created_at) VALUES ('a', 'x', 'oidc', 'x', 'idp', 'f3', ` + stamp(1) + `)`}},
		{"a local account without password", isCheck, []string{fmt.Sprintf(account, "local", "x")}},
		{"a demo account outside a demo", "demo accounts exist in a demo only", []string{fmt.Sprintf(account, "demo", "x")}},
		{"a password in clear", isCheck, []string{`UPDATE account SET password = '123456' WHERE id = 'a1'`}},
		{"a demo role outside a demo", begins, []string{demo}},
		{"a second first start", begins + "|" + excludes, []string{strings.Replace(strings.Replace(demo, "'demo'", "'first_start'", 1), "'D2', '科委'", "'SA', ''", 1)}},
		{"a role that begins confirmed", begins, []string{strings.Replace(demo, "'demo', ", "'granted', ", 1)}},
		{"a role of one's own", isCheck, []string{grant("g", "se", "F1", "")}},
		{"a role confirmed by its owner", isCheck, []string{grant("g", "x", "F1", ""), confirm("g", "x")}},
		{"a role confirmed by its proposer", isCheck, []string{grant("g", "x", "F1", ""), confirm("g", "se")}},
		{"a role confirmed by nobody", isCheck, []string{grant("g", "x", "F1", ""), `UPDATE role_grant SET confirmed_at = ` + stamp(1) + ` WHERE id = 'g'`}},
		{"a role confirmed again", moves, []string{confirm("grant-x", "f1")}},
		{"a role of another department", moves, []string{`UPDATE role_grant SET scope = '科委' WHERE id = 'grant-x'`}},
		{"a revoked role comes back", moves, []string{`UPDATE role_grant SET revoked_by = NULL, revoked_at = NULL WHERE id = 'grant-gone'`}},
		{"a role is deleted", "a role is revoked, never deleted", []string{`DELETE FROM role_grant WHERE id = 'grant-x'`}},
		{"a department's role without department", isCheck, []string{grant("g", "x", "D1", "")}},
		{"a firm's role without firm", isCheck, []string{grant("g", "x", "E1", "科委")}},
		{"an administrator gets a business role", excludes, []string{grant("g", "sa", "F3", ""), confirm("g", "d1")}},
		{"an official becomes administrator", excludes, []string{grant("g", "f1", "LA", ""), confirm("g", "sa")}},
		{"one who is disabled becomes administrator", excludes, []string{grant("g", "off", "SA", ""), confirm("g", "sa")}},
		{"a session revives", "a session ends for good", []string{`UPDATE session SET revoked_at = NULL`}},
		{"a token gets more scopes", "a token ends for good", []string{`UPDATE api_token SET scopes = 'all'`}},
		{"a second first-start token", isCheck, []string{`INSERT INTO first_start (id, hash, expires_at) VALUES (2, '` + digest(1) + `', ` + stamp(1) + `)`}},
	}
}

// entries: accounts, rights, entries, seats, caps, objections, findings.
func (w *town) entries() []illegal {
	newcomer := w.newcomer()
	const begins, moves, still = "an entry comes into a draft", "the entry can not change in this way", "the entry still counts"
	in := func(list string) string { return " WHERE list = '" + list + "' AND n = 1" }
	draft := w.first("draft")
	again := func(list string) string { return entry(list, 2, draft, "L25") }
	fresh := w.right(draft + 900)
	news := []string{strings.Replace(strings.Replace(w.right(draft), digest(draft), digest(900), 1), "'i1'", "'i2'", 1)}
	other := strings.NewReplacer(digest(draft), digest(900), "'i1'", "'i2'").Replace(again("draft"))
	seat := `INSERT INTO entry_seat (list, n, kind, key, holder) VALUES ('draft', %d, 'exclusive', 'g|` + firm(draft) + `', '%s')`
	use := `INSERT INTO entry_cap (list, n, key, fen, times) VALUES ('%s', 1, '%s', %d, 1)`
	objection := `UPDATE objection SET outcome = 'upheld', answer = '不符', answered_by = '%s', answered_at = ` + stamp(9) + ` WHERE id = '%s'`
	return []illegal{
		{"a second usable account of a firm", isUnique, []string{payee("a", draft), verify("a", stamp(9))}},
		{"an account that begins verified", "a payee account begins unverified", []string{strings.NewReplacer("recorded_at)", "recorded_at, verified_how, verified_by, verified_at, usable_from)",
			stamp(1)+")", stamp(1)+", 'x', 'f1', "+stamp(1)+", "+stamp(1)+")").Replace(payee("a", draft))}},
		{"an account verified by who recorded it", isCheck, []string{payee("a", draft), strings.Replace(verify("a", stamp(9)), "'f1'", "'d1'", 1)}},
		{"an account usable before it is verified", isCheck, []string{payee("a", draft), verify("a", "'2025-06-01T00:00:00.000000Z'")}},
		{"another number in the same account", "a payee account is verified once", []string{fmt.Sprintf("UPDATE payee_account SET print = '%s' WHERE id = 'acct-%d'", digest(7), draft)}},
		{"a cooling period cut short", "a payee account is verified once", []string{fmt.Sprintf("UPDATE payee_account SET usable_from = verified_at WHERE id = 'acct-%d'", w.first("bad")+1)}},
		{"a retired account revives", "a payee account is verified once", []string{
			fmt.Sprintf("UPDATE payee_account SET retired_at = %s WHERE id = 'acct-%d'", stamp(3), draft),
			fmt.Sprintf("UPDATE payee_account SET retired_at = NULL WHERE id = 'acct-%d'", draft),
		}},
		{"an account is deleted", "a payee account is retired, never deleted", []string{payee("a", draft), "DELETE FROM payee_account WHERE id = 'a'"}},
		{"a bank of eleven digits", isCheck, []string{strings.Replace(payee("a", draft), "102290000001", "10229000001", 1)}},
		{"one right under two ids", isUnique, []string{strings.Replace(w.right(draft), digest(draft), digest(900), 1)}},
		{"a right of an unknown firm", isForeign, []string{fresh}},
		{"a right to nothing", isCheck, []string{strings.Replace(news[0], "1000", "0", 1)}},
		{"a part of no kind", isCheck, []string{strings.Replace(news[0], "'', 'i2'", "'x1', 'i2'", 1)}},
		{"a right becomes another", "a right keeps", []string{"UPDATE entitlement SET period = '2026' WHERE id = '" + digest(draft) + "'"}},
		{"a right grows under its entry", "a right keeps", []string{"UPDATE entitlement SET amount_fen = 5000 WHERE id = '" + digest(draft) + "'"}},
		{"a right is deleted", "entitlement is append-only|a right is never deleted", []string{news[0], "DELETE FROM entitlement WHERE id = '" + digest(900) + "'"}},
		{"a right on two lists", isUnique, []string{again("begun")}},
		{"a right that was paid on a new list", isUnique, []string{entry("begun", 1, w.first("settled"), "L25")}},
		{"a right that is underway on a new list", isUnique, []string{entry("begun", 1, w.first("sent"), "L25")}},
		{"an entry in a reviewed list", begins, append(news, strings.Replace(other, "'draft'", "'reviewed'", 1))},
		{"an entry in an approved list", begins, append(news, strings.Replace(other, "'draft'", "'approved'", 1))},
		{"an entry of more than its right", begins, append(news, strings.Replace(other, "1000, 1000", "1001, 1001", 1))},
		{"an entry of another firm", begins, append(news, strings.Replace(other, firm(draft), firm(draft+1), 1))},
		{"an entry paid more than claimed", isCheck, append(news, strings.Replace(other, "1000, 1000", "1001, 1000", 1))},
		{"an entry cut for no reason", isCheck, []string{"UPDATE list_entry SET amount_fen = 1" + in("draft")}},
		{"an entry held for no reason", isCheck, []string{"UPDATE list_entry SET status = 'held'" + in("noticed")}},
		{"an account of another firm", isForeign, []string{fmt.Sprintf("UPDATE list_entry SET account = 'acct-%d'", w.first("sent")) + in("draft")}},
		{"a sum changed after review", moves, []string{"UPDATE list_entry SET amount_fen = 1, reason = 'r'" + in("reviewed")}},
		{"a sum changed after handling", moves, []string{"UPDATE list_entry SET amount_fen = 1, reason = 'r'" + in("handled")}},
		{"a sum changed after approval", moves, []string{"UPDATE list_entry SET amount_fen = 1, reason = 'r'" + in("approved")}},
		{"a line changed during notice", moves, []string{"UPDATE list_entry SET line = 'L24'" + in("noticed")}},
		{"an account changed during notice", moves, []string{"UPDATE list_entry SET account = NULL" + in("noticed")}},
		{"an account changed in mid-approval", moves, []string{
			fmt.Sprintf("UPDATE payee_account SET retired_at = %s WHERE id = 'acct-%d'", stamp(13), w.first("checked")), payee("a", w.first("checked")), verify("a", stamp(13)),
			"UPDATE list_entry SET account = 'a'" + in("checked"),
		}},
		{"an entry becomes another firm's", moves, []string{"UPDATE list_entry SET enterprise = '" + firm(draft+1) + "', account = NULL" + in("draft")}},
		{"an entry removed after sending", moves, []string{"UPDATE list_entry SET status = 'removed', note = 'n'" + in("sent")}},
		{"an entry held after it was paid", moves, []string{"UPDATE list_entry SET status = 'held', note = 'n'" + in("settled")}},
		{"a paid entry returned", moves, []string{"UPDATE list_entry SET status = 'returned', note = 'n'" + in("settled")}},
		{"an entry returned without a payment", moves, []string{"UPDATE list_entry SET status = 'returned', note = 'n'" + in("approved")}},
		{"a returned entry comes in again", moves, []string{"UPDATE list_entry SET status = 'in' WHERE list = 'settled' AND n = 2"}},
		{"a removed entry comes in again", moves, []string{"UPDATE list_entry SET status = 'removed', note = 'n'" + in("draft"), "UPDATE list_entry SET status = 'in'" + in("draft")}},
		{"an entry is deleted", "an entry is removed with a reason", []string{"DELETE FROM list_entry" + in("draft")}},
		{"a right of no sweep", isForeign, []string{strings.Replace(news[0], fmt.Sprintf(", %d, '", w.sweep), ", 999, '", 1)}},
		{"a right by no policy", isForeign, []string{strings.Replace(news[0], w.policy, digest(5), 1)}},
		{"a right decided anew by no policy", isForeign, append(news[:1:1], "UPDATE entitlement SET policy_version = 'x' WHERE id = '"+digest(900)+"'")},
		{"an entry of no list", begins, append(news[:1:1], strings.Replace(other, "'draft'", "'nowhere'", 1))},
		{"an entry from no line", isForeign, append(news[:1:1], strings.Replace(other, "'L25'", "'L99'", 1))},
		{"an entry moved to no line", isForeign, []string{"UPDATE list_entry SET line = 'L99'" + in("draft")}},
		{"an entry that comes with an account of another firm", isForeign, append(news[:1:1], strings.NewReplacer("line, status)", "line, account, status)",
			"'in')", fmt.Sprintf("'acct-%d', 'in')", w.first("sent"))).Replace(other))},
		{"a seat of no entry", isForeign, []string{fmt.Sprintf(seat, 99, "i1")}},
		{"a use by no entry", isForeign, []string{strings.Replace(fmt.Sprintf(use, "draft", "i1|2025", 1), "', 1, '", "', 99, '", 1)}},
		{"a use of no cap", isForeign, []string{fmt.Sprintf(use, "draft", "nothing", 1)}},
		{"a firm under another code", "code of an enterprise never changes", []string{"UPDATE enterprise SET uscc = '91310118MA99999999' WHERE uscc = '" + firm(draft) + "'"}},
		{"a cap in use under another key", isForeign + "|keeps its key", []string{"UPDATE cap_use SET key = 'x' WHERE key = 'i1|2025'"}},
		{"a cap in use deleted", isForeign + "|a cap is never deleted", []string{"DELETE FROM cap_use WHERE key = 'i1|2025'"}},
		{"a seat taken by another item", isForeign, append(news, other, fmt.Sprintf(seat, 2, "i2"))},
		{"a seat changes its holder", isForeign, []string{"UPDATE seat SET holder = 'i2' WHERE key = 'g|" + firm(draft) + "'"}},
		{"a second seat of that name", isUnique, []string{"INSERT INTO seat (kind, key, holder) VALUES ('exclusive', 'g|" + firm(draft) + "', 'i2')"}},
		{"a seat left under a live entry", still, []string{"DELETE FROM entry_seat" + in("draft")}},
		{"a seat let go of with its firm", isForeign, []string{"DELETE FROM seat WHERE key = 'g|" + firm(draft) + "'"}},
		{"a seat moved", "entry_seat never changes|entry_seat is refused", []string{"UPDATE entry_seat SET kind = 'basis'" + in("draft")}},
		{"a cap passed by sum", isCheck, []string{"UPDATE cap_use SET most_fen = used_fen, most_times = NULL WHERE key = 'i1|2025'", fmt.Sprintf(use, "bad", "i1|2025", 1)}},
		{"a cap passed by times", isCheck, []string{fmt.Sprintf(use, "draft", "once", 0), fmt.Sprintf(use, "sent", "once", 0)}},
		{"a cap passed by one entry", isCheck, []string{fmt.Sprintf(use, "bad", "i1|2025", 50001)}},
		{"a cap cut below its use", isCheck, []string{"UPDATE cap_use SET most_fen = used_fen - 1 WHERE key = 'i1|2025'"}},
		{"a cap that begins used", "a cap begins unused", []string{"INSERT INTO cap_use (key, used_fen) VALUES ('c', 1)"}},
		{"a use taken back under a live entry", still, []string{"DELETE FROM entry_cap" + in("draft")}},
		{"a use made smaller", "a share of a cap follows its entry and what came back", []string{"UPDATE entry_cap SET fen = 0" + in("draft")}},
		{"an objection answered by who recorded it", isCheck, []string{fmt.Sprintf(objection, "d1", "open")}},
		{"an objection answered twice", "an objection is answered once", []string{fmt.Sprintf(objection, "d2", "shut")}},
		{"an objection is reworded", "an objection is answered once", []string{"UPDATE objection SET text = '无' WHERE id = 'open'"}},
		{"an objection is deleted", "an objection is never deleted", []string{"DELETE FROM objection WHERE id = 'open'"}},
		{"a finding confirmed by who recorded it", isCheck, []string{strings.NewReplacer("'fin'", "'f'", "'d2'", "'d1'").Replace(finding(firm(1)))}},
		{"a finding answered twice", "a finding is answered once", []string{"UPDATE finding SET answer = 'rejected' WHERE id = 'fin'"}},
		{"a finding is deleted", "a finding is never deleted", []string{"DELETE FROM finding"}},
		{"earlier grants confirmed by who brought them in", isCheck, []string{`UPDATE earlier_file SET answer = 'confirmed', answered_by = 'd1', answered_at = ` + stamp(2) + ` WHERE id = 'wait'`}},
		{"earlier grants answered twice", "a file of earlier grants is answered once", []string{"UPDATE earlier_file SET answer = 'rejected' WHERE id = 'ef'"}},
		{"a file of earlier grants is deleted", "a file of earlier grants is never deleted", []string{"DELETE FROM earlier_file"}},
		{"an earlier grant of another sum", "an earlier grant falls with its file alone", []string{"UPDATE earlier_grant SET amount_fen = 6"}},
		{"an earlier grant taken out", "an earlier grant falls with its file alone", []string{"UPDATE earlier_grant SET live = 0"}},
		{"an earlier grant is deleted", "an earlier grant is never deleted", []string{"DELETE FROM earlier_grant"}},
		{"an earlier grant after the answer", "an earlier grant comes in with its file", []string{
			`INSERT INTO earlier_grant (file, line, item, enterprise, period, basis, amount_fen, on_day) VALUES ('ef', 3, 'i9', '` + firm(1) + `', '2018', '', 5, '2018-01-01')`,
		}},
		{"an entry of what one person says was given back", "the right was paid before this ledger or elsewhere", append(append(append([]string{w.right(newcomer)}, earlier("was", newcomer, 5)...),
			earlier("back", newcomer, -5)...), `INSERT INTO disbursement_list (id, title, department, kind, sweep, two_approvers, made_at) VALUES ('again', '名单', '科委', 'regular', `+fmt.Sprint(w.sweep)+`, 0, `+stamp(1)+`)`,
			entry("again", 1, newcomer, "L25"))},
		{"a grant falls that was given back", "more would be given back than was granted", append(append(earlier("gone", newcomer, 5), earlier("gone-back", newcomer, -5)...),
			`UPDATE earlier_file SET answer = 'rejected', answered_by = 'd2', answered_at = `+stamp(2)+` WHERE id = 'gone'`)},
		{"an earlier grant of what is on a list", "the right is on a list of this ledger", earlier("twice", w.first("noticed"), 5)},
		{"the ledger called whole by who said so", isCheck, []string{`UPDATE whole_ledger SET answer = 'confirmed', answered_by = 'd1', answered_at = ` + stamp(2) + ` WHERE id = 'wl2'`}},
		{"the ledger whole for longer", "answered once and ended once", []string{`UPDATE whole_ledger SET since = '2010-01-01' WHERE id = 'wl'`}},
		{"a statement ended for no reason", isCheck, []string{`UPDATE whole_ledger SET ended_by = 'd1', ended_at = ` + stamp(3) + ` WHERE id = 'wl'`}},
		{"the statement is deleted", "is ended, never deleted", []string{"DELETE FROM whole_ledger"}},
	}
}

func finding(of string) string {
	return `INSERT INTO finding (id, item, enterprise, condition, result, on_day, evidence, recorded_by, recorded_at, answer, answered_by, answered_at)
		VALUES ('fin', 'i1', '` + of + `', 'c', 1, '2025-07-01', 'e', 'd1', ` + stamp(1) + `, 'confirmed', 'd2', ` + stamp(2) + `)`
}

// steps: what a list may not do next, beside what TestMoneyHasOneRoad tries.
func (w *town) steps() []illegal {
	const step, role, same, moves = "the list can not take this step now", "the person does not have this role here", "another stage of this list", "a list moves by its events alone"
	h := func(list string) string { return digest(w.first(list)) }
	set := func(what, list string) string {
		return "UPDATE disbursement_list SET " + what + " WHERE id = '" + list + "'"
	}
	check := func(person string) string {
		return event("handled", 6, "check", "handled", "checked", "F2", person, stamp(13), h("handled"))
	}
	approve := func(list string, seq int, from, person, hash string) string {
		return event(list, seq, "approve", from, "approved", "F3", person, stamp(15), hash)
	}
	as := func(person, role string) []string {
		return []string{grant("g", person, role, ""), confirm("g", "sa")}
	}
	revoke := `UPDATE role_grant SET revoked_by = 'se', revoked_at = ` + stamp(14) + ` WHERE id = 'grant-f4'`
	disable := `UPDATE person SET disabled_at = ` + stamp(14) + ` WHERE id = 'f4'`
	hold := "UPDATE list_entry SET status = 'held', note = 'n' WHERE list = 'checked'"
	late := event("noticed", 5, "handle", "noticed", "handled", "F1", "f1", "%s", h("noticed"))
	return []illegal{
		{"approved with a stale hash", step, []string{approve("checked", 7, "checked", "f4", digest(999))}},
		{"approved without a hash", step, []string{approve("checked", 7, "checked", "f4", "NULL")}},
		{"reviewed without a hash", isCheck, []string{event("draft", 2, "review", "draft", "reviewed", "D2", "d2", stamp(2), "NULL")}},
		{"approved with an entry changed after handling", step, []string{hold, approve("checked", 7, "checked", "f4", h("checked"))}},
		{"approved with an entry changed and the hash renewed", step, []string{hold, set("hash = '"+digest(998)+"'", "checked"), approve("checked", 7, "checked", "f4", digest(998))}},
		{"two approvers where one is asked for", step, []string{event("checked", 7, "approve_first", "checked", "approving", "F3", "f3", stamp(14), h("checked"))}},
		{"one approver where two are asked for", "a list keeps", []string{set("two_approvers = 0", "approving")}},
		{"the second approval by the first approver", same, []string{approve("approving", 8, "approving", "f3", h("approving"))}},
		{"approved by who handled", same, append(as("f1", "F3"), approve("checked", 7, "checked", "f1", h("checked")))},
		{"checked by who handled", same, append(as("f1", "F2"), check("f1"))},
		{"checked by who made", same, append(as("d1", "F2"), check("d1"))},
		{"checked by who reviewed", same, append(as("d2", "F2"), check("d2"))},
		{"reviewed by who made", same, []string{
			strings.Replace(grant("g", "d1", "D2", "科委"), "''", "'科委'", 1), confirm("g", "sa"), set("hash = '"+digest(1)+"'", "draft"),
			event("draft", 2, "review", "draft", "reviewed", "D2", "d1", stamp(2), digest(1)),
		}},
		{"checked without the role", role, []string{check("f4")}},
		{"checked in another role", step, []string{grant("g", "x", "F1", ""), confirm("g", "sa"), strings.Replace(check("x"), "'F2'", "'F1'", 1)}},
		{"checked in a role that was revoked", role, []string{check("gone")}},
		{"checked by one who is disabled", role, []string{check("off")}},
		{"approved in a role revoked meanwhile", role, []string{revoke, approve("checked", 7, "checked", "f4", h("checked"))}},
		{"approved by one disabled meanwhile", role, []string{disable, approve("checked", 7, "checked", "f4", h("checked"))}},
		{"drafted by another department", role, []string{event("begun", 1, "draft", "", "draft", "D1", "x", stamp(1), "NULL")}},
		{"a substitute of himself", isCheck, []string{strings.NewReplacer("hash, note)", "hash, note, stands_for)", "'n')", "'n', 'f2')").Replace(check("f2"))}},
		{"handled on the last day of notice", step, []string{fmt.Sprintf(late, "'2025-07-11T15:59:59.999999Z'")}},
		{"a notice cut short", "a list keeps", []string{set("notice_until = '2025-07-04'", "noticed")}},
		{"a notice without an end", "a list keeps", []string{set("notice_until = NULL", "noticed")}},
		{"a notice that ended before it began", step, []string{set("notice_until = '2025-07-03'", "confirmed"), event("confirmed", 4, "notice", "confirmed", "noticed", "D1", "d1", stamp(4), h("confirmed"))}},
		{"a number left out", step, []string{strings.Replace(check("f2"), "'handled', 6", "'handled', 7", 1)}},
		{"a number twice", step + "|" + isUnique, []string{strings.Replace(check("f2"), "'handled', 6", "'handled', 5", 1)}},
		{"a step from where the list isn't", step, []string{approve("handled", 6, "checked", "f4", h("handled"))}},
		{"a step to elsewhere", step, []string{strings.Replace(check("f2"), "'checked'", "'approved'", 1)}},
		{"a suspended list goes on", step, []string{event("handled", 6, "suspend", "handled", "handled", "F1", "f1", stamp(13), "NULL"), strings.Replace(check("f2"), "'handled', 6", "'handled', 7", 1)}},
		{"resumed without being suspended", step, []string{event("handled", 6, "resume", "handled", "handled", "F1", "f1", stamp(13), "NULL")}},
		{"returned for no reason", isCheck, []string{strings.Replace(event("handled", 6, "return", "handled", "draft", "F2", "f2", stamp(13), "NULL"), "'n')", "'')", 1)}},
		{"exported without payments", "entries of the list have no payment", []string{event("approved", 8, "export", "approved", "exported", "F1", "f1", stamp(16), h("approved"))}},
		{"settled while payments are open", "payments of the list are open", []string{event("sent", 10, "settle", "sent", "settled", "F2", "f2", stamp(18), h("sent"))}},
		{"withdrawn after payments have left", "payments of the list have left", []string{
			"UPDATE payment SET state = 'sent', moved_at = " + stamp(17) + " WHERE list = 'exported'",
			event("exported", 9, "withdraw", "exported", "withdrawn", "D1", "d1", stamp(18), "NULL"),
		}},
		{"a state set by hand", moves, []string{set("state = 'approved'", "checked")}},
		{"a round set by hand", moves, []string{set("round = 2", "noticed")}},
		{"suspended by hand", moves, []string{set("suspended = 1", "noticed")}},
		{"a list of another department", moves + "|a list keeps", []string{set("department = '经委'", "draft")}},
		{"a list that begins approved", "a list begins with its first event", []string{fmt.Sprintf("INSERT INTO disbursement_list (id, title, department, kind, sweep, state, made_at) VALUES ('z', 't', '科委', 'regular', %d, 'approved', %s)", w.sweep, stamp(1))}},
		{"a list is deleted", "a list is never deleted", []string{"DELETE FROM disbursement_list WHERE id = 'begun'"}},
		{"a step of its own", "the steps are fixed|list_step is refused", []string{"INSERT INTO list_step VALUES ('approve', 'draft', 'approved', 'D1')"}},
		{"a step for another role", "the steps are fixed|list_step is refused", []string{"UPDATE list_step SET role = 'D1' WHERE action = 'send'"}},
		{"a step less", "the steps are fixed|list_step is refused", []string{"DELETE FROM list_step WHERE action = 'resume'"}},
	}
}
