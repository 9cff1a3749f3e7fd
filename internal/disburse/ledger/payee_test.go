package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/payee"
	"mianshen/internal/store"
)

func newAccount(id, number string) ledger.NewAccount {
	return ledger.NewAccount{ID: id, Enterprise: firm, Holder: firmName, Bank: "102290000123", Number: number, Source: "开户许可证"}
}

func TestPayee(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		w.audited("payee.recorded", "a1", map[string]string{"by": f1, "enterprise": firm}, func() error {
			a := newAccount("a1", "6222 0000 1111 2222")
			a.Holder = "上海示例(集团) 有限公司" // half-width brackets and a space
			_, err := w.r.Record(ctx, a, f1, now)
			return err
		})
		w.audited("payee.verified", "a1", map[string]string{"hours": "72", "retired": ""}, func() error {
			return w.r.Verify(ctx, "a1", "电话核实", ledger.Cooling, f2, now)
		})
		_, err := w.r.Record(ctx, newAccount("a2", "31050161-0001"), d1, now.Add(time.Hour))
		check(w.t, err)
		later := now.Add(2 * time.Hour)
		w.audited("payee.verified", "a2", map[string]string{"retired": "a1", "hours": "1.5"}, func() error {
			return w.r.Verify(ctx, "a2", "上门核实", 90*time.Minute, both, later)
		})
		list, err := w.r.Accounts(ctx, firm, ledger.Page{})
		check(w.t, err)
		if len(list) != 2 {
			w.t.Fatalf("accounts: %+v", list)
		}
		is, was := list[0], list[1]
		if is.ID != "a2" || is.Masked != "3105****0001" || is.Holder != firmName || !is.UsableFrom.Equal(later.Add(90*time.Minute)) || !is.RetiredAt.IsZero() || is.VerifiedHow != "上门核实" {
			w.t.Errorf("the new account: %+v", is)
		}
		if was.ID != "a1" || was.Masked != "6222****2222" || !was.RetiredAt.Equal(later) || !was.UsableFrom.Equal(now.Add(72*time.Hour)) {
			w.t.Errorf("the old account: %+v", was)
		}
		w.audited("payee.unmasked", "a1", map[string]string{"by": au, "reason": "核对退汇"}, func() error {
			number, err := w.r.Unmask(ctx, "a1", "核对退汇", au, now)
			if number != "6222000011112222" {
				w.t.Errorf("number %s", number)
			}
			return err
		})
		w.audited("payee.retired", "a2", map[string]string{"reason": "企业注销账户"}, func() error { return w.r.Retire(ctx, "a2", "企业注销账户", f1, later) })
		_, err = w.r.Record(ctx, newAccount("", "6222000011112222"), f1, later) // a retired number may come back, as a new account
		check(w.t, err)
	})
}

func TestPayeeRefused(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		const number = "6222000011112222"
		for _, a := range []ledger.NewAccount{newAccount("a1", number), newAccount("a2", "6222000011113333"), newAccount("gone", "6222000011114444")} {
			_, err := w.r.Record(ctx, a, both, now)
			check(w.t, err)
		}
		check(w.t, w.r.Verify(ctx, "a1", "电话核实", 0, f2, now))
		check(w.t, w.r.Retire(ctx, "gone", "录错", f2, now))
		w.unchanged(func() {
			for _, c := range []struct {
				change func(*ledger.NewAccount)
				kind   error
				says   string
			}{
				{func(a *ledger.NewAccount) { a.Holder = "上海示例有限公司" }, store.ErrInvalid, "与企业登记名称“" + firmName + "”不一致"},
				{func(a *ledger.NewAccount) { a.Bank = "10229000012" }, store.ErrInvalid, "12 位数字"},
				{func(a *ledger.NewAccount) { a.Number = "1234" }, store.ErrInvalid, "5 至 32 位"},
				{func(a *ledger.NewAccount) { a.Number = strings.Repeat("1", 33) }, store.ErrInvalid, "5 至 32 位"},
				{func(a *ledger.NewAccount) { a.Number = "=12345" }, store.ErrInvalid, "以字母或数字开头"},
				{func(a *ledger.NewAccount) { a.Source = "" }, store.ErrInvalid, "账号来源"},
				{func(a *ledger.NewAccount) { a.Enterprise = "91310118MA00000009" }, store.ErrNotFound, "先导入企业数据"},
				{func(a *ledger.NewAccount) { a.Number = number }, store.ErrConflict, "已经登记在该企业名下"},
				{func(a *ledger.NewAccount) {
					a.Enterprise, a.Holder, a.Number = second, "上海第二有限公司", number
				}, store.ErrConflict, "另一家企业（" + firm + "）"},
			} {
				a := newAccount("x", "62220000111155556")
				c.change(&a)
				_, err := w.r.Record(ctx, a, f1, now)
				w.refused(err, c.kind, c.says)
				if err != nil && strings.Contains(err.Error(), a.Number) {
					w.t.Errorf("the message has the account: %v", err)
				}
			}
			_, err := w.r.Record(ctx, newAccount("x", "62220000111155556"), f2, now)
			w.refused(err, ledger.ErrRole, "财政经办（F1）或部门经办（D1）")
			w.refused(w.r.Verify(ctx, "a2", "电话核实", 0, f1, now), ledger.ErrRole, "财政复核（F2）")
			w.refused(w.r.Verify(ctx, "a2", "电话核实", 0, both, now), store.ErrConflict, "是您登记的，请由另一人核实")
			w.refused(w.r.Verify(ctx, "a2", "", 0, f2, now), store.ErrInvalid, "核实方式")
			w.refused(w.r.Verify(ctx, "a2", "电话核实", -1, f2, now), store.ErrInvalid, "冷静期")
			w.refused(w.r.Verify(ctx, "a1", "电话核实", 0, f2, now), store.ErrConflict, "已经核实过")
			w.refused(w.r.Verify(ctx, "gone", "电话核实", 0, f2, now), store.ErrConflict, "已经停用")
			w.refused(w.r.Verify(ctx, "none", "电话核实", 0, f2, now), store.ErrNotFound)
			w.refused(w.r.Retire(ctx, "gone", "录错", f2, now), store.ErrConflict, "已经停用")
			w.refused(w.r.Retire(ctx, "a1", "", f2, now), store.ErrInvalid, "停用原因")
			w.refused(w.r.Retire(ctx, "a1", "录错", d1, now), ledger.ErrRole, "停用收款账户")
			w.refused(w.r.Retire(ctx, "none", "录错", f2, now), store.ErrNotFound)
			for by, why := range map[string]string{f1: "", d1: "想看", nobody: "想看"} {
				number, err := w.r.Unmask(ctx, "a1", why, by, now)
				if err == nil || number != "" {
					w.t.Errorf("%s was shown %q", by, number)
				}
			}
			_, err = w.r.Unmask(ctx, "none", "核对", f1, now)
			w.refused(err, store.ErrNotFound)
		})
		w.exec(`UPDATE enterprise SET name = '改名公司' WHERE uscc = $1`, firm)
		_, err := w.r.Record(ctx, newAccount("x", "62220000111155556"), f1, now)
		w.refused(err, store.ErrInvalid, "改名公司")
	})
}

// TestSealedElsewhere finds a sealed number that was moved to another row: it is never shown as that row's.
func TestSealedElsewhere(t *testing.T) {
	everywhere(t, func(w *world) {
		w.exec(`INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at)
			VALUES ('moved', $1, $2, '102290000123', $3, '6222****2222', $4, 'x', 'f1', $5)`,
			firm, firmName, []byte(payee.Sealed("a1")+"=6222000011112222"), store.Hash(nil), store.Stamp(now))
		w.unchanged(func() {
			if number, err := w.r.Unmask(w.t.Context(), "moved", "核对", f1, now); err == nil || number != "" {
				w.t.Errorf("shown: %q", number)
			}
		})
	})
}

func TestMask(t *testing.T) {
	for number, want := range map[string]string{"6222000011112222": "6222****2222", "622200001111": "6222****1111", "62220000": "****0000", "62220": "****20", "1": "****1", "": "****"} {
		if got := ledger.Mask(number); got != want {
			t.Errorf("%q is shown as %q, want %q", number, got, want)
		}
	}
}

// TestPayeeUnpayable refuses an account whose name no payment file may carry, before a whole list waits for it.
func TestPayeeUnpayable(t *testing.T) {
	everywhere(t, func(w *world) {
		long := strings.Repeat("长", 61)
		check(w.t, w.s.Transact(w.t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(w.t.Context(), "UPDATE enterprise SET name = $1 WHERE uscc = $2", long, firm)
			return err
		}))
		a := newAccount("", "6222000011112222")
		a.Holder = long
		if _, err := w.r.Record(w.t.Context(), a, f1, now); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "超过 60 个字") {
			w.t.Errorf("%v", err)
		}
	})
}
