package ledger_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

func TestRecovery(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		w.verified()
		w.line("a", 2026, "", 1000)
		payment := w.paidOut("a", "2025", "合同一", 600, now)
		w.sums("a", 1000, 0, 600)
		w.audited("recovery.proposed", "r1", map[string]string{"by": d1, "payment": payment, "fen": "400"}, func() error {
			_, err := w.b.Propose(ctx, ledger.Recovery{ID: "r1", Payment: payment, Amount: 400, Reason: "面积核减"}, d1, now)
			return err
		})
		w.unchanged(func() { w.refused(w.b.Receive(ctx, "r1", "流水1", 1, f1, now), store.ErrConflict, "还没有批准") })
		w.audited("recovery.approved", "r1", map[string]string{"by": f3}, func() error { return w.b.ApproveRecovery(ctx, "r1", f3, now) })
		w.audited("recovery.received", "r1", map[string]string{"line": "a", "fen": "150", "ref": "流水1"}, func() error {
			return w.b.Receive(ctx, "r1", "流水1", 150, f1, now.Add(time.Hour))
		})
		w.sums("a", 1000, 0, 450)
		next := time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC) // the first moment of 2027 in Shanghai: to the treasury
		w.audited("recovery.received", "r1", map[string]string{"line": "", "ref": "流水2"}, func() error { return w.b.Receive(ctx, "r1", "流水2", 250, f1, next) })
		w.sums("a", 1000, 0, 450)
		list, err := w.b.Recoveries(ctx, firm, ledger.Page{})
		check(w.t, err)
		if len(list) != 1 || list[0].Received != 400 || list[0].Open() != 0 || list[0].ApprovedBy != f3 || list[0].Enterprise != firm {
			w.t.Errorf("recoveries: %+v", list)
		}
		w.history(payment, next)
	})
}

// history holds the awards of TestRecovery against what they should be on each day.
func (w *world) history(payment string, next time.Time) {
	ctx := w.t.Context()
	for _, x := range []struct {
		until string
		known time.Time
		want  string
	}{
		{"2026-03-01", time.Time{}, ""},
		{"2026-03-02", time.Time{}, "6.00 -1.50 "},
		{"2026-03-02", now, "6.00 "},
		{"2026-12-31", time.Time{}, "6.00 -1.50 "},
		{"2027-01-01", time.Time{}, "6.00 -1.50 -2.50 "},
		{"2027-01-01", next.Add(-time.Microsecond), "6.00 -1.50 "},
	} {
		list, err := w.b.Awards(ctx, civil.MustParse(x.until), x.known)
		check(w.t, err)
		got := ""
		for _, a := range list {
			got += fmt.Sprint(a.Amount, " ")
			if a.Enterprise != firm || a.Item != "rent" || a.Period.Name != "2025" || a.Basis != "合同一" || a.On.IsZero() {
				w.t.Errorf("award of %s: %+v", payment, a)
			}
		}
		if got != x.want {
			w.t.Errorf("awards until %s known at %v: %s, want %s", x.until, x.known, got, x.want)
		}
	}
}

func TestHistory(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		w.verified()
		w.line("a", 2026, "", 1000)
		payment := w.paidOut("a", "2025-Q4", "", 100, now)
		check(w.t, w.giveBack(payment, "a", 100, now.Add(48*time.Hour)))
		w.paidOut("a", "2026-02-28", "发票", 7, now)
		list, err := w.b.Awards(ctx, civil.MustParse("2026-03-04"), time.Time{})
		check(w.t, err)
		got := ""
		for _, a := range list {
			got += fmt.Sprintln(a.Period, a.Basis, a.Amount, a.On)
		}
		const want = `{2025-10-01 2025-12-31 2025-Q4}  1.00 2026-03-02
{2025-10-01 2025-12-31 2025-Q4}  -1.00 2026-03-04
{2026-02-28 2026-02-28 2026-02-28} 发票 0.07 2026-03-02
`
		if got != want {
			w.t.Errorf("awards:\n%swant\n%s", got, want)
		}
	})
}

func TestRecoveryRefused(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		w.verified()
		w.line("a", 2026, "", 1000)
		payment := w.paidOut("a", "2025", "合同一", 600, now)
		returned := w.paidOut("a", "2025", "合同二", 100, now)
		propose := func(by string, r ledger.Recovery) error {
			_, err := w.b.Propose(ctx, r, by, now)
			return err
		}
		check(w.t, propose(d1, ledger.Recovery{ID: "r0", Payment: returned, Amount: 50, Reason: "核减"}))
		check(w.t, w.b.ApproveRecovery(ctx, "r0", f3, now))
		check(w.t, w.giveBack(returned, "a", 100, now))
		w.grant(both, "D1 "+department)
		check(w.t, propose(both, ledger.Recovery{ID: "r1", Payment: payment, Amount: 500, Reason: "核减"}))
		good := ledger.Recovery{ID: "r2", Payment: payment, Amount: 100, Reason: "核减"}
		w.unchanged(func() {
			for _, c := range []struct {
				by     string
				change func(*ledger.Recovery)
				kind   error
				says   string
			}{
				{f1, func(*ledger.Recovery) {}, ledger.ErrRole, "部门经办（D1）"},
				{other, func(*ledger.Recovery) {}, ledger.ErrRole, "请由该部门办理"},
				{d1, func(r *ledger.Recovery) { r.Amount = 101 }, store.ErrConflict, "最多还能追回 1.00 元"},
				{d1, func(r *ledger.Recovery) { r.Amount = 0 }, store.ErrInvalid, "不能入账"},
				{d1, func(r *ledger.Recovery) { r.Reason = "" }, store.ErrInvalid, "追回原因"},
				{d1, func(r *ledger.Recovery) { r.Payment = "none" }, store.ErrNotFound, "核对支付编号"},
				{d1, func(r *ledger.Recovery) { r.Payment = returned }, store.ErrConflict, "没有支付成功"},
				{d1, func(r *ledger.Recovery) { r.ID = "r1" }, store.ErrConflict, "换一个编号"},
			} {
				r := good
				c.change(&r)
				w.refused(propose(c.by, r), c.kind, c.says)
			}
			w.refused(w.b.ApproveRecovery(ctx, "r1", d1, now), ledger.ErrRole, "财政审批（F3）")
			w.refused(w.b.ApproveRecovery(ctx, "r1", both, now), store.ErrConflict, "另一人批准")
			w.refused(w.b.ApproveRecovery(ctx, "none", f3, now), store.ErrNotFound)
		})
		check(w.t, w.b.ApproveRecovery(ctx, "r1", f3, now))
		check(w.t, w.b.Receive(ctx, "r1", "流水1", 200, f1, now))
		w.unchanged(func() {
			w.refused(w.b.ApproveRecovery(ctx, "r1", f3, now), store.ErrConflict, "已经批准过")
			w.refused(w.b.Receive(ctx, "r1", "流水1", 200, f1, now), store.ErrConflict, "不能重复入账")
			w.refused(w.b.Receive(ctx, "r1", "流水2", 301, f1, now), store.ErrConflict, "最多登记 3.00 元")
			w.refused(w.b.Receive(ctx, "r1", "", 1, f1, now), store.ErrInvalid, "银行流水号")
			w.refused(w.b.Receive(ctx, "r1", "流水2", -1, f1, now), store.ErrInvalid)
			w.refused(w.b.Receive(ctx, "r1", "流水2", 1, f3, now), ledger.ErrRole, "财政经办（F1）")
			w.refused(w.b.Receive(ctx, "r0", "流水2", 1, f1, now), store.ErrConflict, "已由银行退回")
			w.refused(w.b.Receive(ctx, "none", "流水2", 1, f1, now), store.ErrNotFound)
		})
		w.sums("a", 1000, 0, 400)
	})
}

// TestRecoveryOnce books one reference from many sides at once.
func TestRecoveryOnce(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		w.verified()
		w.line("a", 2026, "", 1000)
		payment := w.paidOut("a", "2025", "合同一", 600, now)
		_, err := w.b.Propose(ctx, ledger.Recovery{ID: "r1", Payment: payment, Amount: 600, Reason: "核减"}, d1, now)
		check(w.t, err)
		check(w.t, w.b.ApproveRecovery(ctx, "r1", f3, now))
		var group sync.WaitGroup
		for i := range 16 {
			group.Go(func() { _ = w.b.Receive(ctx, "r1", fmt.Sprint("流水", i%4), 100, f1, now) }) // all but four fail, in whatever order
		}
		group.Wait()
		w.sums("a", 1000, 0, 200)
		list, err := w.b.Recoveries(ctx, "", ledger.Page{})
		if err != nil || list[0].Received != exact.Money(400) {
			w.t.Errorf("%+v, %v", list, err)
		}
	})
}
