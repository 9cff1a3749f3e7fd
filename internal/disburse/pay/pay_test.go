package pay_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/paytest"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	debtor   = payout.Debtor{Name: "示例财政局", Bank: "102290000017", Account: "1001234509000000001"}
	answerBy = civil.MustParse("2025-07-10")
	later    = paytest.Now.Add(48 * time.Hour)
	handler  = pay.Actor{Person: paytest.Handler}
	checker  = pay.Actor{Person: paytest.Checker}
)

// databases are those that every test runs on.
var databases = map[string]func(t testing.TB) string{
	"sqlite":   func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "pay.db") },
	"postgres": pgtest.Database,
}

// opened opens a store that is closed when t ends.
func opened(t testing.TB, address string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), address)
	paytest.Check(t, err)
	t.Cleanup(func() { paytest.Check(t, s.Close()) })
	return s
}

// each runs a test on every database, with a world of its own.
func each(t *testing.T, test func(t *testing.T, d *desk)) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			if name == "postgres" {
				pgtest.NotRacing(t)
			}
			test(t, newDesk(t, address))
		})
	}
}

// desk is a world with its doors.
type desk struct {
	*pay.Desk
	w       *paytest.World
	s       *store.Store
	address func(t testing.TB) string // of another database of the kind
}

func newDesk(t testing.TB, address func(t testing.TB) string) *desk {
	t.Helper()
	s := opened(t, address(t))
	w := paytest.New(t, s)
	return &desk{pay.New(s, w.Ring, debtor), w, s, address}
}

// fresh is a desk over another database, with the same keys, so that prints are the same.
func (d *desk) fresh(t testing.TB) *desk {
	t.Helper()
	s := opened(t, d.address(t))
	w := paytest.NewWith(t, s, d.w.Ring)
	return &desk{pay.New(s, w.Ring, debtor), w, s, d.address}
}

// sent makes a list of n entries and takes it to sent.
func (d *desk) sent(t testing.TB, id string, n int) pay.Batch {
	t.Helper()
	d.w.List(t, id, n)
	return d.send(t, id)
}

// exported exports an approved list and takes its file.
func (d *desk) exported(t testing.TB, id string) pay.Batch {
	t.Helper()
	b := paytest.Must[pay.Batch](t)(d.Export(t.Context(), handler, id, answerBy, paytest.Now))
	paytest.Must[pay.File](t)(d.MakeFile(t.Context(), handler, b.ID, "pain.001", filepath.Join(t.TempDir(), "out.xml"), paytest.Now))
	return b
}

func (d *desk) send(t testing.TB, id string) pay.Batch {
	t.Helper()
	b := d.exported(t, id)
	paytest.Check(t, d.Send(t.Context(), handler, id, paytest.Now))
	return b
}

// grant gives a person one more role.
func (d *desk) grant(t testing.TB, person, role string) {
	t.Helper()
	for _, q := range []string{
		`INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ($1, $2, $3, '', 'granted', 'sa', $4)`,
		`UPDATE role_grant SET confirmed_by = 'se', confirmed_at = $4 WHERE id = $1 AND person = $2 AND role = $3`,
	} {
		_, err := d.s.DB().ExecContext(t.Context(), q, person+role, person, role, store.Stamp(paytest.Now))
		paytest.Check(t, err)
	}
}

// take takes answers in as CSV.
func (d *desk) take(t testing.TB, answers ...paytest.Answer) pay.Taken {
	t.Helper()
	return paytest.Must[pay.Taken](t)(d.TakeReceipts(t.Context(), handler, "回单.csv", paytest.CSV(answers), later))
}

// ask runs a query for one text.
func (d *desk) ask(t testing.TB, query string, args ...any) (text string) {
	t.Helper()
	paytest.Check(t, d.s.DB().QueryRowContext(t.Context(), query, args...).Scan(&text))
	return text
}

// state is that of the payment of an entry, with the entry's.
func (d *desk) state(t testing.TB, list string, n int) string {
	t.Helper()
	return d.ask(t, `SELECT p.state || ' ' || e.status FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n WHERE p.list = $1 AND p.n = $2 ORDER BY p.attempt DESC LIMIT 1`, list, n)
}

// budget is the line as reserved, posted.
func (d *desk) budget(t testing.TB) string {
	t.Helper()
	return d.ask(t, `SELECT reserved_fen || ' ' || posted_fen FROM budget_line WHERE id = $1`, paytest.Line)
}

// answer is what the bank says of entry n, a firm of the same number.
func answer(b pay.Batch, n int, result string) paytest.Answer {
	a := paytest.Answer{Batch: b.ID, Payment: pay.PaymentID(b.List, n, 1), Account: paytest.Account(n), Fen: paytest.Amount(n), Result: result, At: "2025-07-01 09:30:00"}
	switch result {
	case "失败":
		a.Reason = "户名“龘龘”不符，㐀"
	case "退回":
		a.Reason, a.At = "账户已销户 𠮷", "2025-07-02 10:00:00"
	}
	return a
}

func wantRefused(t testing.TB, what string, err error, want string) {
	t.Helper()
	if !errors.Is(err, store.ErrConflict) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want a refusal with %q", what, err, want)
	}
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// TestWay takes a list from approved to settled, with one that fails and two that come back.
func TestWay(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		b := d.sent(t, "L1", 5)
		sum := int64(0)
		for n := 1; n <= 5; n++ {
			sum += paytest.Amount(n)
		}
		equal(t, "batch", fmt.Sprint(b.ID, b.Lines, b.Sum), fmt.Sprint("L1-1", 5, exact.Money(sum)))
		equal(t, "reserved", d.budget(t), fmt.Sprint(sum, " 0"))
		wantRefused(t, "settled too early", d.Settle(ctx, checker, "L1", later), "还有 5 笔")

		got := d.take(t, answer(b, 1, "成功"), answer(b, 2, "失败"), answer(b, 3, "成功"), answer(b, 4, "处理中"))
		equal(t, "taken", fmt.Sprint(got.New, got.Moved, got.Classes), "4 3 map[已入账:3 处理中:1]")
		got = d.take(t, answer(b, 3, "退回"), answer(b, 4, "成功"), answer(b, 5, "退回"))
		equal(t, "taken", fmt.Sprint(got.New, got.Moved, got.Classes), "3 3 map[已入账:3]")
		for n, want := range []string{"paid in", "failed returned", "returned returned", "paid in", "returned returned"} {
			equal(t, fmt.Sprint("entry ", n+1), d.state(t, "L1", n+1), want)
		}
		equal(t, "posted", d.budget(t), fmt.Sprint("0 ", paytest.Amount(1)+paytest.Amount(4)))
		paytest.Check(t, d.Settle(ctx, checker, "L1", later))
		equal(t, "list", d.ask(t, `SELECT state FROM disbursement_list WHERE id = 'L1'`), "settled")
	})
}

// TestRetry pays what came back anew, on another list and to another account, and nothing else twice.
func TestRetry(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		b := d.sent(t, "L1", 2)
		d.take(t, answer(b, 1, "成功"), answer(b, 2, "成功"), answer(b, 2, "退回"))
		d.w.Change(t, 2, 2, "6222029999999999999")
		right := paytest.Entitlement("L1", 2)
		d.w.ListOf(t, "L2", []paytest.Want{{Firm: 2, Version: 2, Entitlement: right}})
		second := d.send(t, "L2")
		a := answer(second, 1, "成功")
		a.Account, a.Fen = "6222029999999999999", paytest.Amount(2)
		equal(t, "moved", d.take(t, a).Moved, 1)
		equal(t, "paid", d.ask(t, `SELECT count(*) FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n WHERE e.entitlement = $1 AND p.state = 'paid'`, right), "1")
		equal(t, "posted", d.budget(t), fmt.Sprint("0 ", paytest.Amount(1)+paytest.Amount(2)))
		equal(t, "the old receipt again", d.take(t, answer(b, 2, "退回")).New, 0)
		equal(t, "posted", d.budget(t), fmt.Sprint("0 ", paytest.Amount(1)+paytest.Amount(2)))
	})
}

// TestFiles makes every file twice and finds it the same, recorded each time, and gone from where it was put together.
func TestFiles(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.w.List(t, "L1", 30)
		b := paytest.Must[pay.Batch](t)(d.Export(ctx, handler, "L1", answerBy, paytest.Now))
		wantRefused(t, "sent without a file", d.Send(ctx, handler, "L1", paytest.Now), "还没有人取走")
		folder := t.TempDir()
		for format := range pay.Formats() {
			path := filepath.Join(folder, "file")
			first := paytest.Must[pay.File](t)(d.MakeFile(ctx, handler, b.ID, format, path, paytest.Now))
			before := paytest.Must[[]byte](t)(os.ReadFile(path))
			second := paytest.Must[pay.File](t)(d.MakeFile(ctx, handler, b.ID, format, path, later))
			after := paytest.Must[[]byte](t)(os.ReadFile(path))
			sum := sha256.Sum256(after)
			if first != second || !bytes.Equal(before, after) || hex.EncodeToString(sum[:]) != first.SHA256 || int64(len(after)) != first.Bytes {
				t.Errorf("%s: %+v, then %+v", format, first, second)
			}
			if format != "xlsx" && !bytes.Contains(after, []byte(paytest.Account(7))) {
				t.Errorf("%s has no account", format)
			}
		}
		equal(t, "what stands in the folder", len(paytest.Must[[]os.DirEntry](t)(os.ReadDir(folder))), 1)
		equal(t, "downloads", d.ask(t, `SELECT count(*) FROM batch_download`), "12")
		equal(t, "records", d.ask(t, `SELECT count(*) FROM audit_record WHERE kind = 'batch.downloaded'`), "12")

		other := pay.New(d.s, d.w.Ring, payout.Debtor{Name: "示例财政局", Bank: debtor.Bank, Account: "1001234509000000002"})
		path := filepath.Join(folder, "other")
		_, err := other.MakeFile(ctx, handler, b.ID, "handover", path, later)
		wantRefused(t, "another debtor", err, "与先前的不同")
		_, err = other.Prove(ctx, b.ID, "handover")
		wantRefused(t, "another debtor proved", err, "与先前的不同")
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Error("the refused file is there")
		}
		_, err = d.MakeFile(ctx, checker, b.ID, "handover", path, later)
		wantRefused(t, "by F2", err, "没有办理这一步的角色")
		_, err = d.MakeFile(ctx, handler, b.ID, "word", path, later)
		wantRefused(t, "no such format", err, "没有“word”")
		paytest.Must[int64](t)(exec(t, d.s, `UPDATE instance SET locked = 1, lock_reason = 'restored'`))
		_, err = d.MakeFile(ctx, handler, b.ID, "handover", path, later)
		wantRefused(t, "locked", err, "已锁定")
		wantRefused(t, "send locked", d.Send(ctx, handler, "L1", later), "已锁定")
		equal(t, "refused downloads", d.ask(t, `SELECT count(*) FROM batch_download`), "12")
	})
}

// exec writes past the doors.
func exec(t testing.TB, s *store.Store, query string, args ...any) (int64, error) {
	t.Helper()
	var n int64
	err := s.Transact(t.Context(), func(tx *store.Tx) (err error) {
		n, err = tx.Exec(t.Context(), query, args...)
		return err
	})
	return n, err
}

// TestExportRefuses holds what stops an export, with the database as before.
func TestExportRefuses(t *testing.T) {
	export := func(d *desk, actor pay.Actor, by string, now time.Time) error {
		_, err := d.Export(context.Background(), actor, "L1", civil.MustParse(by), now)
		return err
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, d *desk)
		actor pay.Actor
		by    string
		now   time.Time
		want  string
	}{
		"another role":   {nil, checker, "2025-07-10", paytest.Now, "您没有“财政经办”的角色"},
		"no day":         {nil, handler, "2025-06-29", paytest.Now, "答复期限"},
		"retired":        {func(t *testing.T, d *desk) { d.w.Change(t, 2, 2, "62220299999") }, handler, "2025-07-10", paytest.Now, "第 2 笔：收款账户已停用"},
		"next year":      {nil, handler, "2026-07-10", paytest.Now.AddDate(1, 0, 0), "第 1 笔：预算指标属于 2025 年"},
		"cooling period": {nil, handler, "2025-07-10", paytest.Cooled.Add(-time.Hour), "第 1 笔：收款账户还在变更等待期内"},
		"content": {func(t *testing.T, d *desk) {
			paytest.Must[int64](t)(exec(t, d.s, `UPDATE disbursement_list SET hash = $1 WHERE id = 'L1'`, store.Hash([]byte("x"))))
		}, handler, "2025-07-10", paytest.Now, "清单已变"},
		"reservation": {func(t *testing.T, d *desk) {
			paytest.Must[int64](t)(exec(t, d.s, `INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, person) VALUES ($1, 'void', $2, 'reserved', 'available', $3, 'L1', 1, 1, 'f1')`,
				store.Stamp(paytest.Now), paytest.Line, paytest.Amount(1)))
		}, handler, "2025-07-10", paytest.Now, "名单 3 笔 18000.06 元，冻结 2 笔 12000.05 元"},
		"locked": {func(t *testing.T, d *desk) {
			paytest.Must[int64](t)(exec(t, d.s, `UPDATE instance SET locked = 1, lock_reason = 'restored'`))
		}, handler, "2025-07-10", paytest.Now, "已锁定"},
		"title": {func(t *testing.T, d *desk) {
			paytest.Must[int64](t)(exec(t, d.s, `UPDATE disbursement_list SET title = '=1+1' WHERE id = 'L1'`))
		}, handler, "2025-07-10", paytest.Now, "用途"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.w.List(t, "L1", 3)
				if c.spoil != nil {
					c.spoil(t, d)
				}
				before := paytest.Dump(t, d.s, paytest.Tables)
				err := export(d, c.actor, c.by, c.now)
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "6222020") {
					t.Errorf("%v, want %s", err, c.want)
				}
				if diff := paytest.Differ(before, paytest.Dump(t, d.s, paytest.Tables)); diff != "" {
					t.Errorf("changed:\n%s", diff)
				}
			})
		})
	}
}

// TestLeavesNoMore holds that what was exported and may not be paid any more neither leaves as a file nor is sent: an account that was
// retired since, a year that is over. Returned and made right, the list goes its way again.
func TestLeavesNoMore(t *testing.T) {
	for name, c := range map[string]struct {
		now   time.Time
		spoil func(t *testing.T, d *desk)
		want  string
	}{
		"retired":   {paytest.Now, func(t *testing.T, d *desk) { d.w.Change(t, 2, 2, "62220299999") }, "有 1 笔的收款账户在生成支付文件以后停用了"},
		"1 January": {time.Date(2025, 12, 31, 16, 0, 0, 0, time.UTC), func(*testing.T, *desk) {}, "有 3 笔的预算指标不是 2026 年的"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				ctx := t.Context()
				d.w.List(t, "L1", 3)
				b := d.exported(t, "L1")
				c.spoil(t, d)
				file := func() error {
					_, err := d.MakeFile(ctx, handler, b.ID, "xlsx", filepath.Join(t.TempDir(), "x"), c.now)
					return err
				}
				wantRefused(t, "the file", file(), c.want)
				wantRefused(t, "sending", d.Send(ctx, handler, "L1", c.now), c.want)
				if _, err := exec(t, d.s, `UPDATE payment SET state = 'sent', moved_at = $1 WHERE list = 'L1'`, store.Stamp(c.now)); !errors.Is(err, store.ErrConflict) {
					t.Errorf("past the doors: %v", err)
				}
				equal(t, "state", d.state(t, "L1", 2), "ready in")
			})
		})
	}
}
