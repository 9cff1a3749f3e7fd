package lists_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// way is the way of a list from draft to settled, with who takes it.
var way = []struct {
	action lists.Action
	person string
}{
	{lists.ActReview, "D2"},
	{lists.ActConfirm, "D1"},
	{lists.ActNotice, "D1"},
	{lists.ActHandle, "F1"},
	{lists.ActCheck, "F2"},
	{lists.ActApprove, "F3"},
	{lists.ActExport, "F1"},
	{lists.ActSend, "F1"},
	{lists.ActSettle, "F2"},
}

// overNotice is a day after a notice of five working days that begins on day0.
var overNotice = day0.AddDate(0, 0, 8)

// hash is that of the list's content.
func (w *world) hash(list string) (hash string) {
	w.t.Helper()
	ok(w.t, w.s.DB().QueryRowContext(w.t.Context(), "SELECT coalesce(hash, '') FROM disbursement_list WHERE id = $1", list).Scan(&hash))
	return hash
}

func (w *world) state(list string) (state lists.State) {
	w.t.Helper()
	ok(w.t, w.s.DB().QueryRowContext(w.t.Context(), "SELECT state FROM disbursement_list WHERE id = $1", list).Scan(&state))
	return state
}

// order is a step with all that it may need.
func (w *world) order(list string, action lists.Action) lists.Order {
	o := lists.Order{List: list, Action: action, Note: "因故", Days: 5}
	if action == lists.ActApprove || action == lists.ActApproveFirst {
		o.Hash = w.hash(list)
	}
	if action == lists.ActConfirm {
		o.Silence = w.unasked(list)
	}
	return o
}

// unasked says of every item on the list that nobody is asked.
func (w *world) unasked(list string) map[string]lists.Silence {
	w.t.Helper()
	rows, err := w.s.DB().QueryContext(w.t.Context(), "SELECT DISTINCT item FROM list_entry WHERE list = $1", list)
	ok(w.t, err)
	defer func() { ok(w.t, rows.Close()) }()
	all := map[string]lists.Silence{}
	for rows.Next() {
		var item string
		ok(w.t, rows.Scan(&item))
		all[item] = lists.Unasked
	}
	ok(w.t, rows.Err())
	return all
}

// take does a step on the day that it needs, with the payments that belong to it.
func (w *world) take(person, list string, action lists.Action) error {
	now := day0
	if action != lists.ActNotice {
		now = overNotice
	}
	return w.takeAt(person, list, action, now)
}

func (w *world) takeAt(person, list string, action lists.Action, now time.Time) error {
	o, ctx := w.order(list, action), w.t.Context()
	if action != lists.ActExport && action != lists.ActSend && action != lists.ActSettle {
		return w.b.Step(ctx, as(person), o, now)
	}
	return w.s.Transact(ctx, func(tx *store.Tx) error {
		if err := payments(ctx, tx, person, list, action, now); err != nil {
			return err
		}
		return w.b.StepTx(ctx, tx, as(person), o, now)
	})
}

// payments does to the payments of a list what the room of payments does in the transaction of a step.
func payments(ctx context.Context, tx *store.Tx, person, list string, action lists.Action, now time.Time) error {
	if action != lists.ActExport {
		state := map[lists.Action]string{lists.ActSend: "sent", lists.ActSettle: "paid"}[action]
		was := map[lists.Action]string{lists.ActSend: "ready", lists.ActSettle: "sent"}[action]
		_, err := tx.Exec(ctx, "UPDATE payment SET state = $1, moved_at = $2, moved_by = $3 WHERE list = $4 AND state = $5",
			state, store.Stamp(now), person, list, was)
		if err != nil || action == lists.ActSend {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO posting (at, kind, line, debit, credit, fen, payment, person)
			SELECT $1, 'post', line, 'reserved', 'paid', amount_fen, id, $2 FROM payment WHERE list = $3 AND state = 'paid'`, store.Stamp(now), person, list)
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO payment (id, list, n, attempt, batch, account, line, amount_fen, state, moved_at, moved_by)
		SELECT l.id || '-' || e.n || '-' || l.round, e.list, e.n, l.round, l.id || '-' || l.round, e.account, e.line, e.amount_fen, 'ready', $1, $2
		FROM list_entry e JOIN disbursement_list l ON l.id = e.list WHERE l.id = $3 AND e.status = 'in'`, store.Stamp(now), person, list)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO payment_batch (id, list, round, list_hash, made_on, lines, sum_fen, made_by, made_at)
		SELECT l.id || '-' || l.round, l.id, l.round, l.hash, $1, count(*), CAST(sum(e.amount_fen) AS BIGINT), $2, $3
		FROM list_entry e JOIN disbursement_list l ON l.id = e.list WHERE l.id = $4 AND e.status = 'in' GROUP BY l.id, l.round, l.hash`,
		store.Day(civil.On(now)), person, store.Stamp(now), list)
	return err
}

// to drafts a list and takes it to a state of the way.
func (w *world) to(d lists.Draft, state lists.State) {
	w.t.Helper()
	ok(w.t, w.b.Draft(w.t.Context(), as("D1"), d, day0))
	w.on(d.ID, state)
}

// on takes a list on to a state of the way.
func (w *world) on(list string, state lists.State) {
	w.t.Helper()
	begun := false
	for _, s := range way {
		if w.state(list) == state {
			return
		}
		begun = begun || slices.Contains(lists.Steps(), lists.Step{Action: s.action, From: w.state(list), To: next(s.action), Role: s.person[:2]})
		if begun {
			ok(w.t, w.take(s.person, list, s.action))
		}
	}
	if got := w.state(list); got != state {
		w.t.Fatalf("list %s is %q, want %q", list, got, state)
	}
}

func next(a lists.Action) lists.State {
	for _, s := range lists.Steps() {
		if s.Action == a {
			return s.To
		}
	}
	return ""
}

// TestTable holds the table of transitions in code against that of the database.
func TestTable(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		var stored []lists.Step
		rows, err := w.s.DB().QueryContext(t.Context(), "SELECT action, from_state, to_state, role FROM list_step")
		ok(t, err)
		defer rows.Close()
		for rows.Next() {
			var s lists.Step
			ok(t, rows.Scan(&s.Action, &s.From, &s.To, &s.Role))
			stored = append(stored, s)
		}
		ok(t, rows.Err())
		order := func(a, b lists.Step) int {
			return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.From, b.From), cmp.Compare(a.Role, b.Role))
		}
		code := lists.Steps()
		slices.SortFunc(code, order)
		slices.SortFunc(stored, order)
		if !slices.Equal(code, stored) {
			t.Errorf("code has %v\ndatabase has %v", code, stored)
		}
	})
}

// TestWay goes the whole way, one audit record a step, and keeps the sums of the line.
func TestWay(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 3)
		w.to(w.draft("L", "a", 0, 1, 2), lists.Drafted)
		for _, s := range way {
			before := w.count("SELECT count(*) FROM audit_record")
			ok(t, w.take(s.person, "L", s.action))
			if n := w.count("SELECT count(*) FROM audit_record") - before; n != 1 {
				t.Errorf("%s wrote %d audit records", s.action, n)
			}
		}
		if got := w.state("L"); got != lists.Settled {
			t.Errorf("ends as %q", got)
		}
		if n := w.count("SELECT posted_fen - reserved_fen FROM budget_line WHERE id = $1", line); n != 3000_00 {
			t.Errorf("%d 分 paid and not reserved any more, want 300000", n)
		}
	})
}

// TestEveryStep tries each action in each state as each role: those of the table go, all others are refused with a sentence and
// change nothing.
func TestEveryStep(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 1)
		states := []lists.State{lists.Drafted, lists.Reviewed, lists.Confirmed, lists.Noticed, lists.Handled, lists.Checked, lists.Approved, lists.Exported, lists.Sent, lists.Settled}
		legal := 0
		for i, state := range states {
			id := fmt.Sprint("L", i)
			w.to(w.draft(id, fmt.Sprint("item", i), 0), state)
			for _, action := range actions() {
				for _, person := range []string{"D1", "D2", "F1", "F2", "F3", "AU"} {
					legal += w.tries(id, state, action, person)
				}
			}
		}
		if legal < 20 {
			t.Errorf("only %d legal steps were tried", legal)
		}
	})
}

// actions are all that go through Step.
func actions() (all []lists.Action) {
	for _, s := range lists.Steps() {
		if !slices.Contains(all, s.Action) && s.Action != lists.ActDraft && s.Action != lists.ActEdit {
			all = append(all, s.Action)
		}
	}
	return all
}

// errUndo ends a transaction whose step went well.
var errUndo = fmt.Errorf("undo")

// tries a step in a transaction that is undone, and returns 1 if it is legal.
func (w *world) tries(id string, state lists.State, action lists.Action, person string) int {
	w.t.Helper()
	now := overNotice
	o := w.order(id, action)
	err := w.s.Transact(w.t.Context(), func(tx *store.Tx) error {
		if action == lists.ActExport && person == "F1" && state == lists.Approved || action == lists.ActSettle && state == lists.Sent && person == "F2" {
			if err := payments(w.t.Context(), tx, person, id, action, now); err != nil {
				return err
			}
		}
		if err := w.b.StepTx(w.t.Context(), tx, as(person), o, now); err != nil {
			return err
		}
		return errUndo
	})
	want := slices.ContainsFunc(lists.Steps(), func(s lists.Step) bool {
		return s.Action == action && s.From == state && s.Role == person[:2] && action != lists.ActResume && action != lists.ActApproveFirst
	})
	if want != (err == errUndo) { //nolint:errorlint // undone as it is
		w.t.Errorf("%s in %q as %s: %v, want legal %v", action, state, person, err, want)
	}
	if !want && err != nil {
		kind := store.ErrConflict
		if errors.Is(err, lists.ErrForbidden) {
			kind = lists.ErrForbidden
		}
		says(w.t, err, kind)
	}
	return map[bool]int{true: 1}[want]
}

// TestPersons: whoever did one stage does no other, also with the other's role, and also after his own was taken away.
func TestPersons(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 1)
		w.grant("D1", "D2", dept)
		w.grant("F1", "F2", "")
		w.grant("F1", "F3", "")
		w.grant("F2", "F3", "")
		w.to(w.draft("L", "a", 0), lists.Drafted)
		one := func(person, role string, action lists.Action) {
			t.Helper()
			err := w.b.Step(t.Context(), lists.Actor{Person: person, Role: role}, w.order("L", action), overNotice)
			says(t, err, lists.ErrForbidden, "不能再办理", "其他人员")
			// and the database refuses it too, without the code
			if err := w.raw("L", action, person, role); !errors.Is(err, store.ErrConflict) || !strings.Contains(err.Error(), "same person") {
				t.Errorf("the database says %v", err)
			}
		}
		one("D1", "D2", lists.ActReview)
		w.on("L", lists.Handled)
		w.exec("UPDATE role_grant SET revoked_at = $1, revoked_by = 'AU' WHERE id = 'F1/F1'", store.Stamp(overNotice))
		one("F1", "F2", lists.ActCheck)
		w.on("L", lists.Checked)
		one("F1", "F3", lists.ActApprove)
		one("F2", "F3", lists.ActApprove)
		ok(t, w.take("F3", "L", lists.ActApprove))
		err := w.take("F1", "L", lists.ActExport)
		says(t, err, lists.ErrForbidden, "财政经办")
	})
}

// raw inserts an event by SQL, as somebody would who goes around the code.
func (w *world) raw(list string, action lists.Action, person, role string) error {
	return w.s.Transact(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(w.t.Context(), `INSERT INTO list_event (list, seq, action, from_state, to_state, role, person, at, hash)
			SELECT l.id, (SELECT max(seq) + 1 FROM list_event WHERE list = l.id), s.action, s.from_state, s.to_state, s.role, $1, $2, l.hash
			FROM disbursement_list l JOIN list_step s ON s.from_state = l.state AND s.action = $3 AND s.role = $4 WHERE l.id = $5`,
			person, store.Stamp(overNotice), string(action), role, list)
		return err
	})
}

// TestTwoApprovers: two different F3, one after the other.
func TestTwoApprovers(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 1)
		d := w.draft("L", "a", 0)
		d.TwoApprovers = true
		w.to(d, lists.Checked)
		says(t, w.take("F3", "L", lists.ActApprove), store.ErrConflict, "初审批")
		ok(t, w.take("F3", "L", lists.ActApproveFirst))
		says(t, w.take("F3", "L", lists.ActApprove), lists.ErrForbidden, "不能再办理")
		ok(t, w.take("F3.2", "L", lists.ActApprove))
	})
}

// TestHashVoids: what changes after handling voids it, until F1 takes the list up again.
func TestHashVoids(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 2)
		ctx := t.Context()
		w.to(w.draft("L", "a", 0, 1), lists.Checked)
		o := w.order("L", lists.ActApprove)
		o.Hash = store.Hash([]byte("other"))
		says(t, w.b.Step(ctx, as("F3"), o, overNotice), store.ErrConflict, "清单已变，请重新核对")
		o.Hash = ""
		says(t, w.b.Step(ctx, as("F3"), o, overNotice), store.ErrInvalid, "摘要")
		seen := w.hash("L")
		ok(t, w.b.Hold(ctx, as("F1"), "L", 2, "信用核查未通过，请核实后恢复或移出", overNotice))
		o.Hash = seen
		says(t, w.b.Step(ctx, as("F3"), o, overNotice), store.ErrConflict, "清单已变，请重新核对")
		ok(t, w.take("F1", "L", lists.ActReopen))
		ok(t, w.b.Release(ctx, as("F1"), "L", 2, "核实无误", overNotice))
		w.on("L", lists.Checked)
		if again := w.hash("L"); again != seen {
			t.Errorf("the same content has hash %s, was %s", again, seen)
		}
		ok(t, w.b.Step(ctx, as("F3"), o, overNotice))
	})
}

// TestRetiredAccount: an entry whose account was retired after the freeze isn't let in again in that round, whether it was held or
// objected to; the payment file would refuse it after everybody has signed.
func TestRetiredAccount(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 3)
		ctx := t.Context()
		w.to(w.draft("L", "a", 0, 1, 2), lists.Noticed)
		ok(t, w.b.Hold(ctx, as("F1"), "L", 1, "核实账户", day0))
		id, err := w.b.Object(ctx, as("D2"), "L", 2, "某人", "不符合条件", day0)
		ok(t, err)
		w.exec("UPDATE payee_account SET retired_at = $1 WHERE id IN ('A0', 'A1')", store.Stamp(day0))
		says(t, w.b.Release(ctx, as("F1"), "L", 1, "核实无误", day0), store.ErrConflict, "已停用", "下一批")
		ok(t, w.b.Resolve(ctx, as("F2"), id, false, "查无此事", day0))
		if n := w.count("SELECT count(*) FROM list_entry WHERE status = 'held'"); n != 2 {
			t.Errorf("%d entries are held, want 2", n)
		}
	})
}

// TestShortNotice: a notice of fewer days than usual needs a reason, which stays in the list's history; its days are in the audit log.
func TestShortNotice(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 2)
		w.to(w.draft("L", "a", 0, 1), lists.Confirmed)
		o := w.order("L", lists.ActNotice)
		o.Days, o.Note = 2, "救灾资金，局务会同意缩短公示"
		ok(t, w.b.Step(t.Context(), as("D1"), o, day0))
		if n := w.count("SELECT count(*) FROM list_event WHERE action = 'notice' AND note LIKE '救灾资金%'"); n != 1 {
			t.Errorf("the reason stands %d times", n)
		}
		size, err := w.s.AuditSize(t.Context())
		ok(t, err)
		last, err := w.s.AuditRecords(t.Context(), size-1, 1)
		ok(t, err)
		if last[0].Facts["days"] != "2" {
			t.Errorf("the audit record doesn't say how long: %v", last[0].Facts)
		}
	})
}

// TestNotice: what the freeze asks for.
func TestNotice(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 2)
		ctx := t.Context()
		ok(t, w.s.PutEnterprises(ctx, []store.Enterprise{{USCC: uscc(7), Name: firmName(7)}, {USCC: uscc(8), Name: firmName(8)}}))
		ok(t, w.s.Transact(ctx, func(tx *store.Tx) error { return account(ctx, tx, 8, day0.AddDate(1, 0, 0)) }))
		w.to(w.draft("L", "a", 0, 1, 7, 8), lists.Confirmed)
		o := w.order("L", lists.ActNotice)
		o.Days = 0
		says(t, w.b.Step(ctx, as("D1"), o, day0), store.ErrInvalid, "工作日")
		for _, note := range []string{"", "  "} {
			o.Days, o.Note = lists.UsualNotice-1, note
			says(t, w.b.Step(ctx, as("D1"), o, day0), store.ErrInvalid, "少于 5 个工作日", "依据")
		}
		o.Days = 5
		says(t, w.b.Step(ctx, as("D1"), o, time.Date(2031, 5, 1, 1, 0, 0, 0, time.UTC)), store.ErrConflict, "放假安排")
		ok(t, w.b.Step(ctx, as("D1"), o, day0))
		if n := w.count("SELECT count(*) FROM list_entry WHERE status = 'held' AND note LIKE '%账户%'"); n != 2 {
			t.Errorf("%d entries are held for their account, want 2", n)
		}
		if n := w.count("SELECT reserved_fen FROM budget_line WHERE id = $1", line); n != 2000_00 {
			t.Errorf("%d 分 reserved", n)
		}
		says(t, w.b.Release(ctx, as("D1"), "L", 3, "有账户了", day0), store.ErrConflict, "账户", "下一批")
		early := w.order("L", lists.ActHandle)
		says(t, w.b.Step(ctx, as("F1"), early, day0.AddDate(0, 0, 7)), store.ErrConflict, "2025-07-07")
		ok(t, w.b.Step(ctx, as("F1"), early, overNotice))

		w.line("L2", 2025, 999_99)
		short := w.draft("S", "b", 0)
		short.Entries[0].Line = "L2"
		w.to(short, lists.Confirmed)
		says(t, w.take("D1", "S", lists.ActNotice), store.ErrConflict, "L2", "999.99", "1000.00", "差 0.01 元")
		w.line("L3", 2024, 5000_00)
		old := w.draft("O", "c", 0)
		old.Entries[0].Line = "L3"
		w.to(old, lists.Confirmed)
		says(t, w.take("D1", "O", lists.ActNotice), store.ErrConflict, "L3", "2024", "结转")
	})
}

// TestReturn: money goes back exactly once, and the rights are free after a withdrawal.
func TestReturn(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 2)
		ctx := t.Context()
		reserved := func(want int64) {
			t.Helper()
			if n := w.count("SELECT reserved_fen FROM budget_line WHERE id = $1", line); n != want {
				t.Errorf("%d 分 reserved, want %d", n, want)
			}
		}
		w.to(w.draft("L", "a", 0, 1), lists.Noticed)
		reserved(2000_00)
		ok(t, w.b.Remove(ctx, as("D1"), "L", 2, "重复享受", day0))
		reserved(1000_00)
		ok(t, w.take("F1", "L", lists.ActReturn))
		reserved(0)
		ok(t, w.b.Lower(ctx, as("D1"), "L", 1, 900_00, "更正", day0))
		says(t, w.b.Lower(ctx, as("D1"), "L", 1, 900_00, "更正", day0), store.ErrInvalid, "更小")
		w.on("L", lists.Approved)
		reserved(900_00)
		if n := w.count("SELECT round FROM disbursement_list WHERE id = 'L'"); n != 2 {
			t.Errorf("round %d", n)
		}
		w.to(w.draft("M", "a", 1), lists.Drafted) // what was removed may go on another list
		ok(t, w.take("D1", "L", lists.ActWithdraw))
		reserved(0)
		again := w.draft("N", "a", 0)
		again.Entries[0].Entitlement.Amount, again.Entries[0].Amount = 1100_00, 1100_00
		w.to(again, lists.Noticed) // and with the amount of a later decision
		reserved(1100_00)
	})
}

// TestSuspend: a suspended list takes no step but resuming and withdrawing; an objection still reaches it.
func TestSuspend(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 1)
		w.to(w.draft("L", "a", 0), lists.Noticed)
		says(t, w.take("D1", "L", lists.ActResume), store.ErrConflict, "没有暂停")
		ok(t, w.take("D1", "L", lists.ActSuspend))
		says(t, w.take("F1", "L", lists.ActHandle), store.ErrConflict, "已暂停")
		says(t, w.b.Hold(t.Context(), as("D1"), "L", 1, "因故", day0), store.ErrConflict, "已暂停")
		_, err := w.b.Object(t.Context(), as("D2"), "L", 1, "某人", "不符合条件", day0)
		ok(t, err)
		ok(t, w.take("D1", "L", lists.ActResume))
	})
}

// TestStandIn: 代办 is written down and gives no power.
func TestStandIn(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.firms(0, 1)
		w.to(w.draft("L", "a", 0), lists.Drafted)
		o := w.order("L", lists.ActReview)
		says(t, w.b.Step(t.Context(), lists.Actor{Person: "AU", Role: "D2", StandsFor: "D2"}, o, day0), lists.ErrForbidden, "部门审核")
		says(t, w.b.Step(t.Context(), lists.Actor{Person: "D2", Role: "D2", StandsFor: "D2"}, o, day0), store.ErrInvalid, "同一人")
		w.grant("D1.2", "D2", "区科委") // the same role elsewhere is another one
		for _, nobody := range []string{"AU", "D1", "D1.2", "no such person"} {
			says(t, w.b.Step(t.Context(), lists.Actor{Person: "D2", Role: "D2", StandsFor: nobody}, o, day0), store.ErrInvalid, "被代办", "本人办理")
		}
		w.grant("D1.other", "D2", dept)
		ok(t, w.b.Step(t.Context(), lists.Actor{Person: "D2", Role: "D2", StandsFor: "D1.other"}, o, day0))
		if n := w.count("SELECT count(*) FROM list_event WHERE action = 'review' AND stands_for = 'D1.other'"); n != 1 {
			t.Error("nobody stood in")
		}
	})
}
