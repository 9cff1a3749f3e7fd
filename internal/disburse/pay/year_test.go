package pay_test

import (
	"fmt"
	"testing"
	"time"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/disburse/pay/paytest"
	"mianshen/internal/disburse/receipt"
	"mianshen/internal/fsck"
	"mianshen/rules/civil"
)

// The last day of the year, on which a batch is sent, and days of the next one.
var (
	newYearsEve = time.Date(2025, 12, 31, 2, 0, 0, 0, time.UTC)
	january     = newYearsEve.AddDate(0, 0, 8)
	february    = newYearsEve.AddDate(0, 0, 40)
)

// sentAtYearsEnd sends a list of n entries on 31 December, to be answered by 10 January.
func (d *desk) sentAtYearsEnd(t testing.TB, n int) pay.Batch {
	t.Helper()
	d.w.List(t, "L1", n)
	b := paytest.Must[pay.Batch](t)(d.Export(t.Context(), handler, "L1", civil.MustParse("2026-01-10"), newYearsEve))
	paytest.Must[pay.File](t)(d.MakeFile(t.Context(), handler, b.ID, "pain.001", t.TempDir()+"/out.xml", newYearsEve))
	paytest.Check(t, d.Send(t.Context(), handler, "L1", newYearsEve))
	return b
}

// on is a bank's answer of a day.
func on(b pay.Batch, n int, result, day string) paytest.Answer {
	a := answer(b, n, result)
	a.At = day + " 09:00:00"
	return a
}

// takeAt takes answers in at an instant.
func (d *desk) takeAt(t testing.TB, now time.Time, answers ...paytest.Answer) pay.Taken {
	t.Helper()
	return paytest.Must[pay.Taken](t)(d.TakeReceipts(t.Context(), handler, "回单.csv", paytest.CSV(answers), now))
}

// carriedLine opens the line of 2026 that takes what 2025 leaves; it is approved where asked.
func (d *desk) carriedLine(t testing.TB, id string, approved bool) {
	t.Helper()
	book := ledger.New(d.s)
	if d.ask(t, `SELECT count(*) FROM budget_line WHERE id = $1`, id) == "0" {
		paytest.Must[string](t)(book.OpenLine(t.Context(), ledger.Line{
			ID: id, Name: "惠企资金（结转）", Year: 2026, Department: "dep", Unit: "118001", Project: "310118250000000000012", Function: "2150805", Economic: "50799", CarriedFrom: paytest.Line,
		}, paytest.Handler, january))
	}
	if approved {
		paytest.Check(t, book.ApproveLine(t.Context(), id, paytest.Approver, january))
	}
}

// line is what a budget line has: total, reserved and posted.
func (d *desk) line(t testing.TB, id string) string {
	t.Helper()
	return d.ask(t, `SELECT CAST(total_fen AS TEXT) || ' ' || CAST(reserved_fen AS TEXT) || ' ' || CAST(posted_fen AS TEXT) FROM budget_line WHERE id = $1`, id)
}

// doubt finds the open line of 待查 of an entry and a class.
func (d *desk) doubt(t testing.TB, b pay.Batch, n int, class evidence.Class) string {
	t.Helper()
	for _, l := range paytest.Must[[]evidence.Line](t)(d.Doubts(t.Context(), b.ID)) {
		if l.Class == class && l.Receipt.Payment == pay.PaymentID("L1", n, 1) {
			return l.ID
		}
	}
	t.Fatalf("no doubt %s of entry %d", class, n)
	return ""
}

// found counts what fsck finds, by check.
func (d *desk) found(t testing.TB) string {
	t.Helper()
	counts := map[string]int64{}
	for _, r := range paytest.Must[[]fsck.Result](t)(fsck.Run(t.Context(), d.s, func() {})) {
		if r.Count > 0 {
			counts[r.Check.ID] = r.Count
		}
	}
	return fmt.Sprint(counts)
}

// said is what F1 writes down that the bank said of an entry.
func said(n int, result receipt.Result, day string) pay.Statement {
	return pay.Statement{Payment: pay.PaymentID("L1", n, 1), Result: result, On: civil.MustParse(day), Basis: "银行复函〔2026〕1号"}
}

// TestExecutedInTheOldYear holds that a payment sent on 31 December whose receipt bears a day of January counts for the old year once
// the bank says that it was carried out in December, by two persons, and not before.
func TestExecutedInTheOldYear(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		b := d.sentAtYearsEnd(t, 2)
		before, clean := d.line(t, paytest.Line), d.found(t)
		equal(t, "January", d.takeAt(t, january, on(b, 1, "成功", "2026-01-01"), on(b, 2, "成功", "2025-12-31")).Classes[evidence.OtherYear], 1)
		equal(t, "waits", d.state(t, "L1", 1)+", "+d.state(t, "L1", 2), "sent in, paid in")
		wantRefused(t, "true without a line", d.Resolve(ctx, checker, d.doubt(t, b, 1, evidence.OtherYear), true, "x", january), "结转")
		paytest.Must[int](t)(d.MarkUnknown(ctx, checker, b.ID, nil, "回单跨年", january))
		id := paytest.Must[string](t)(d.State(ctx, handler, said(1, receipt.Success, "2025-12-31"), january))
		equal(t, "one person", d.state(t, "L1", 1), "unknown in")
		paytest.Check(t, d.Resolve(ctx, checker, id, true, "复函写明 12 月 31 日扣款", january))
		equal(t, "two persons", d.state(t, "L1", 1), "paid in")
		equal(t, "the line of the old year", d.ask(t, `SELECT line FROM posting WHERE kind = 'post' AND payment = $1`, pay.PaymentID("L1", 1, 1)), paytest.Line)
		if after := d.line(t, paytest.Line); after == before {
			t.Errorf("line is still %s", after)
		}
		paytest.Check(t, d.Resolve(ctx, checker, d.doubt(t, b, 1, evidence.Repeated), false, "记账日，以复函为准", january))
		paytest.Check(t, d.Settle(ctx, checker, "L1", january))
		equal(t, "fsck", d.found(t), clean)
	})
}

// TestExecutedInTheNewYear holds that what the bank carried out in January is paid out of an approved line of the new year that is carried
// over from the old one, by two persons, and otherwise stays unknown with a word what to do.
func TestExecutedInTheNewYear(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		b := d.sentAtYearsEnd(t, 4)
		old, clean := d.line(t, paytest.Line), d.found(t)
		paytest.Must[int](t)(d.MarkUnknown(ctx, checker, b.ID, []string{pay.PaymentID("L1", 1, 1)}, "问不到", january))
		id := paytest.Must[string](t)(d.State(ctx, handler, said(1, receipt.Success, "2026-01-02"), january))
		wantRefused(t, "no line", d.Resolve(ctx, checker, id, true, "复函", january), "开立由“惠企资金”结转的 2026 年额度")
		d.carriedLine(t, "carried", false)
		wantRefused(t, "a line that nobody approved", d.Resolve(ctx, checker, id, true, "复函", january), "2026 年额度")
		equal(t, "unknown", d.state(t, "L1", 1), "unknown in")
		equal(t, "nothing moved", d.line(t, paytest.Line), old)
		d.carriedLine(t, "carried", true)
		d.takeAt(t, january, on(b, 2, "成功", "2026-01-02"), on(b, 3, "成功", "2026-01-02"), on(b, 3, "退回", "2026-01-05"), on(b, 4, "退回", "2026-01-05"))
		equal(t, "a receipt alone", d.state(t, "L1", 2)+", "+d.state(t, "L1", 3), "sent in, sent in")
		paytest.Check(t, d.Resolve(ctx, checker, id, true, "复函", january))
		paytest.Check(t, d.Resolve(ctx, checker, d.doubt(t, b, 2, evidence.OtherYear), true, "银行确认 1 月 2 日扣款", january))
		equal(t, "two persons", d.state(t, "L1", 1)+", "+d.state(t, "L1", 2), "paid in, paid in")
		sum := paytest.Amount(1) + paytest.Amount(2)
		equal(t, "carried line", d.line(t, "carried"), fmt.Sprint(sum, " 0 ", sum))
		equal(t, "old line", d.line(t, paytest.Line), fmt.Sprint(1_000_000_000_000-sum, " ", paytest.Amount(3)+paytest.Amount(4), " 0"))
		equal(t, "booked on", d.ask(t, `SELECT max(line) || min(line) FROM posting WHERE kind = 'post'`), "carriedcarried")

		// what came back restores the line that paid it; whose day of payment nobody knows waits
		success := ""
		for _, l := range paytest.Must[[]evidence.Line](t)(d.Doubts(ctx, b.ID)) {
			if l.Receipt.Payment == pay.PaymentID("L1", 3, 1) && l.Receipt.Result == receipt.Success {
				success = l.ID
			}
		}
		paytest.Check(t, d.Resolve(ctx, checker, success, true, "银行确认 1 月 2 日扣款", january))
		equal(t, "paid and returned", d.state(t, "L1", 3), "returned returned")
		equal(t, "carried line", d.line(t, "carried"), fmt.Sprint(sum+paytest.Amount(3), " 0 ", sum))
		wantRefused(t, "a return alone", d.Resolve(ctx, checker, d.doubt(t, b, 4, evidence.OtherYear), true, "x", january), "哪一天划款")
		d.takeAt(t, february, on(b, 2, "退回", "2026-01-09"))
		equal(t, "returned later", d.state(t, "L1", 2), "returned returned")
		equal(t, "carried line", d.line(t, "carried"), fmt.Sprint(sum+paytest.Amount(3), " 0 ", paytest.Amount(1)))
		equal(t, "record", d.ask(t, `SELECT count(*) FROM audit_record WHERE kind = 'budget.moved'`), "3")
		equal(t, "fsck", d.found(t), clean)
	})
}

// TestLateIntoTheNewYear holds that a receipt which came after the last day, of the next year, isn't booked in the old year by calling it true.
func TestLateIntoTheNewYear(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		b := d.sentAtYearsEnd(t, 1)
		equal(t, "late", d.takeAt(t, february, on(b, 1, "成功", "2026-01-20")).Classes[evidence.TooLate], 1)
		id := d.doubt(t, b, 1, evidence.TooLate)
		wantRefused(t, "no line", d.Resolve(ctx, checker, id, true, "银行确认", february), "结转的 2026 年额度")
		d.carriedLine(t, "carried", true)
		paytest.Check(t, d.Resolve(ctx, checker, id, true, "银行确认", february))
		equal(t, "paid", d.state(t, "L1", 1), "paid in")
		equal(t, "booked", d.ask(t, `SELECT line FROM posting WHERE kind = 'post' AND at >= '2026-01-20' AND at < '2026-01-21'`), "carried")
	})
}
