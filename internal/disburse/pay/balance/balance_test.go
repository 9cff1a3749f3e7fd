package balance_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/balance"
	"mianshen/internal/disburse/pay/paytest"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	handler = pay.Actor{Person: paytest.Handler}
	later   = paytest.Now.Add(48 * time.Hour)
	debtor  = payout.Debtor{Name: "示例财政局", Bank: "102290000017", Account: "1001234509000000001"}
)

// databases are those that every test runs on.
var databases = map[string]func(t testing.TB) string{
	"sqlite":   func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "pay.db") },
	"postgres": pgtest.Database,
}

type desk struct {
	*pay.Desk
	w *paytest.World
}

func newDesk(t testing.TB, address string) *desk {
	t.Helper()
	s, err := store.Open(context.Background(), address)
	paytest.Check(t, err)
	t.Cleanup(func() { paytest.Check(t, s.Close()) })
	w := paytest.New(t, s)
	return &desk{pay.New(s, w.Ring, debtor), w}
}

func (d *desk) send(t testing.TB, id string, n int) pay.Batch {
	t.Helper()
	d.w.List(t, id, n)
	b := paytest.Must[pay.Batch](t)(d.Export(t.Context(), handler, id, civil.MustParse("2025-07-10"), paytest.Now))
	paytest.Must[pay.File](t)(d.MakeFile(t.Context(), handler, b.ID, "pain.001", filepath.Join(t.TempDir(), "x"), paytest.Now))
	paytest.Check(t, d.Send(t.Context(), handler, id, paytest.Now))
	return b
}

func (d *desk) take(t testing.TB, answers ...paytest.Answer) {
	t.Helper()
	paytest.Must[pay.Taken](t)(d.TakeReceipts(t.Context(), handler, "a", paytest.CSV(answers), later))
}

func answer(b pay.Batch, n int, result string) paytest.Answer {
	a := paytest.Answer{Batch: b.ID, Payment: pay.PaymentID(b.List, n, 1), Account: paytest.Account(n), Fen: paytest.Amount(n), Result: result, At: "2025-07-01 09:30:00"}
	if result == "失败" || result == "退回" {
		a.Reason, a.At = "原因", "2025-07-02 10:00:00"
	}
	return a
}

// statement writes a bank statement of movements "payment fen".
func statement(t testing.TB, text string) *balance.Statement {
	t.Helper()
	return paytest.Must[*balance.Statement](t)(balance.ReadStatement(strings.NewReader(text), int64(len(text))))
}

func move(payment string, fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("2025-07-01,%s%d.%02d,付款 %s\n", sign, fen/100, fen%100, payment)
}

// TestClasses puts a payment into each class, and finds each of them there and in no other.
func TestClasses(t *testing.T) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, address(t))
			b := d.send(t, "L1", 9)
			wrong := answer(b, 6, "成功")
			wrong.Fen++
			nobody := answer(b, 6, "成功")
			nobody.Batch = "ELSE"
			d.take(t, answer(b, 1, "成功"), answer(b, 2, "失败"), answer(b, 3, "退回"), answer(b, 4, "处理中"), wrong, nobody, answer(b, 7, "成功"), answer(b, 8, "成功"), answer(b, 9, "成功"))
			id := func(n int) string { return pay.PaymentID("L1", n, 1) }
			text := "日期,金额,摘要\n" + move(id(1), paytest.Amount(1)) + move(id(3), paytest.Amount(3)) + move(id(3), -paytest.Amount(3)) +
				move(id(8), paytest.Amount(8)-1) + move(id(9), paytest.Amount(9)) + move("水费", 100) + move("P"+strings.Repeat("A", 26), 7)
			_, err := d.w.S.DB().ExecContext(t.Context(), map[store.Kind]string{store.SQLite: `DROP TRIGGER posting_delete`, store.Postgres: `ALTER TABLE posting DISABLE TRIGGER USER`}[d.w.S.Kind()])
			paytest.Check(t, err)
			_, err = d.w.S.DB().ExecContext(t.Context(), `DELETE FROM posting WHERE kind = 'post' AND payment = $1`, id(9))
			paytest.Check(t, err)
			r := paytest.Must[*balance.Report](t)(balance.Reconcile(t.Context(), d.w.S, d.Desk, 2025, "", statement(t, text)))
			var got []string
			for _, lines := range r.Lines {
				for _, l := range lines {
					got = append(got, fmt.Sprint(l.Class, " ", l.N))
				}
			}
			want := "已付 1, 失败 2, 退回 3, 处理中 4, 无回单 5, 待查 6, 账实不符 9, 流水无此支付 7, 流水金额不符 8, 待查回单 0, 待查回单 0, 无主流水 0, 无主流水 0"
			if text := strings.Join(got, ", "); text != want {
				t.Errorf("got  %s\nwant %s", text, want)
			}
			if r.Clean() || len(r.Files) != 1 || r.Files[0].Problem != "" {
				t.Errorf("files %+v", r.Files)
			}
			if r.Total.List.Count != 9 || r.Total.File != r.Total.List || r.Total.Ledger != r.Total.List || r.Total.Statement.Count != 6 {
				t.Errorf("total %+v", r.Total)
			}
			other := pay.New(d.w.S, d.w.Ring, payout.Debtor{Name: "另一个", Bank: debtor.Bank, Account: debtor.Account})
			r = paytest.Must[*balance.Report](t)(balance.Reconcile(t.Context(), d.w.S, other, 2025, "L1", nil))
			if r.Files[0].Problem == "" {
				t.Error("another file is taken for the one that left")
			}
			r = paytest.Must[*balance.Report](t)(balance.Reconcile(t.Context(), d.w.S, d.Desk, 2024, "", nil))
			if r.Total.List.Count != 0 || len(r.Lines[balance.StrayReceipt]) != 1 { // what names no batch of ours waits in every year
				t.Errorf("another year has %+v", r.Total)
			}
		})
	}
}

// TestStatementRefused holds what is refused of a statement, and how.
func TestStatementRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "空",
		"日期,摘要\n":                       "没有“金额”列",
		"日期,金额\n2025-02-30,1.00\n":      "第 2 行：日期",
		"日期,金额\n2025-02-20,1.001\n":     "第 2 行：金额",
		"日期,金额\n2025-02-20,6222020x1\n": "第 2 行：金额",
	} {
		_, err := balance.ReadStatement(strings.NewReader(text), int64(len(text)))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "6222020") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := balance.ReadStatement(strings.NewReader(""), balance.MaxStatement+1); err == nil {
		t.Error("a large statement is read")
	}
}

// year plays a year of lists with returns, rejects, duplicates and shuffles, and returns how many payments each class must have.
func (d *desk) year(t testing.TB, lists, n int, seed uint64) (want map[balance.Class]int, text string) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	want = map[balance.Class]int{}
	var out strings.Builder
	out.WriteString("日期,金额,支付编号\n")
	for i := range lists {
		b := d.send(t, fmt.Sprint("L", i+1), n)
		var all []paytest.Answer
		for n := 1; n <= b.Lines; n++ {
			a := answer(b, n, "成功")
			row := move(a.Payment, a.Fen)
			row = strings.Replace(row, "付款 ", "", 1)
			switch k := r.IntN(100); {
			case k < 3:
				want[balance.Failed]++
				all = append(all, answer(b, n, "失败"))
			case k < 6:
				want[balance.Returned]++
				all = append(all, a, answer(b, n, "退回"))
			case k < 7:
				want[balance.Silent]++
			case k < 8:
				want[balance.InDoubt]++
				want[balance.StrayReceipt]++
				a.Fen--
				all = append(all, a)
			case k < 9:
				want[balance.StatementMissing]++
				all = append(all, a)
			default:
				want[balance.Settled]++
				all = append(all, a)
				out.WriteString(row)
			}
		}
		for range n / 20 {
			all = append(all, all[r.IntN(len(all))])
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		half := len(all) / 2
		d.take(t, all[:half]...)
		d.take(t, all[half:]...)
		d.take(t, all[half/2:half]...)
	}
	return want, out.String()
}

// reconcile reports the year and holds the counts of the classes.
func (d *desk) reconcile(t testing.TB, want map[balance.Class]int, text string) {
	t.Helper()
	r := paytest.Must[*balance.Report](t)(balance.Reconcile(t.Context(), d.w.S, d.Desk, 2025, "", statement(t, text)))
	for c, lines := range r.Lines {
		if len(lines) != want[balance.Class(c)] {
			t.Errorf("%s has %d, want %d", balance.Class(c), len(lines), want[balance.Class(c)])
		}
	}
	settled := r.Rows[balance.Settled]
	if settled.List != settled.Ledger || settled.List != settled.File || settled.List != settled.Receipts || settled.List != settled.Statement {
		t.Errorf("settled: %+v", settled)
	}
}

// TestYear is the year in small.
func TestYear(t *testing.T) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			d := newDesk(t, address(t))
			want, text := d.year(t, 3, 200, seed)
			d.reconcile(t, want, text)
		})
	}
}

// BenchmarkYear reconciles 20 lists of 5,000; 60 s is the promise.
func BenchmarkYear(b *testing.B) {
	d := newDesk(b, databases["sqlite"](b))
	want, text := d.year(b, 20, 5000, 1)
	for b.Loop() {
		d.reconcile(b, want, text)
	}
}
