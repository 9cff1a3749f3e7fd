package pay_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/evidence"
	"mianshen/internal/disburse/pay/paytest"
	"mianshen/internal/disburse/receipt"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// spoilt gives what can be wrong with a line by itself, and the class that it goes to.
var spoilt = map[evidence.Class]func(a *paytest.Answer){
	evidence.OtherBatch:   func(a *paytest.Answer) { a.Batch = "ELSE-1" },
	evidence.UnknownID:    func(a *paytest.Answer) { a.Payment = "NOBODY" },
	evidence.WrongAccount: func(a *paytest.Answer) { a.Account = "6222020000000099999" },
	evidence.WrongAmount:  func(a *paytest.Answer) { a.Fen++ },
	evidence.TooEarly:     func(a *paytest.Answer) { a.At = "2025-06-29 23:59:59" },
	evidence.TooLate:      func(a *paytest.Answer) { a.At = "2025-07-11 00:00:00" },
	evidence.Ahead:        func(a *paytest.Answer) { a.At = "2025-07-04 00:00:00" }, // the files come on 2 July
}

// TestDoubts holds that a line that is wrong by itself goes to 待查 under its class, moves nothing, and doesn't poison the rest.
func TestDoubts(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		b := d.sent(t, "L1", 9)
		n := 0
		for class, spoil := range spoilt {
			n++
			wrong := answer(b, n, "成功")
			spoil(&wrong)
			got := d.take(t, wrong, answer(b, 9, "处理中"))
			equal(t, string(class), got.Classes[class], 1)
			equal(t, string(class)+" moves", got.Moved, 0)
			equal(t, string(class), d.state(t, "L1", n), "sent in")
			got = d.take(t, answer(b, n, "成功"))
			equal(t, string(class)+" and the right one", fmt.Sprint(got.Classes, got.Moved), "map[已入账:1] 1")
		}
		equal(t, "doubts", len(paytest.Must[[]evidence.Line](t)(d.Doubts(t.Context(), ""))), len(spoilt))
		less := answer(b, 8, "成功")
		less.Fen--
		equal(t, "1 分 less", d.take(t, less).Classes[evidence.WrongAmount], 1)
		equal(t, "1 分 less", d.state(t, "L1", 8), "sent in")
	})
}

// TestAhead holds that what the bank dates later than the day after the file came moves nothing, whatever comes after, until a person
// lets it count; then it counts on the day on which the file came. The day after is fine: banks date ahead over midnight.
func TestAhead(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		b := d.sent(t, "L1", 3)
		dated := func(n int, at string) paytest.Answer {
			a := answer(b, n, "成功")
			a.At = at
			return a
		}
		got := d.take(t, dated(1, "2025-07-03 23:59:59"), dated(2, "2025-07-04 00:00:00"))
		equal(t, "taken", fmt.Sprint(got.Classes, got.Moved), "map[银行时间还没到:1 已入账:1] 1")
		equal(t, "the one ahead", d.state(t, "L1", 2), "sent in")
		wrong := dated(3, "2025-07-05 10:00:00")
		wrong.Fen++
		equal(t, "ahead and of another amount", d.take(t, wrong).Classes[evidence.WrongAmount], 1)
		// Days later, with another file, it still waits; the answer doesn't depend on the clock.
		again := paytest.Must[pay.Taken](t)(d.TakeReceipts(t.Context(), handler, "又.csv", paytest.CSV([]paytest.Answer{dated(2, "2025-07-04 00:00:00"), answer(b, 3, "处理中")}), later.AddDate(0, 0, 5)))
		equal(t, "again", fmt.Sprint(again.New, again.Moved), "1 0")
		equal(t, "the one ahead", d.state(t, "L1", 2), "sent in")
		for _, l := range paytest.Must[[]evidence.Line](t)(d.Doubts(t.Context(), b.ID)) {
			if l.Class == evidence.Ahead {
				paytest.Check(t, d.Resolve(t.Context(), checker, l.ID, true, "银行更正了日期", later.AddDate(0, 0, 6)))
			}
		}
		equal(t, "let count", d.state(t, "L1", 2), "paid in")
		equal(t, "posted", d.ask(t, `SELECT count(*) FROM posting WHERE kind = 'post' AND payment = $1 AND at < '2025-07-03'`, pay.PaymentID("L1", 2, 1)), "1")
	})
}

// TestOtherBatch holds that a payment of one batch isn't moved under the name of another.
func TestOtherBatch(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		one, two := d.sent(t, "L1", 2), d.sent(t, "L2", 2)
		a := answer(one, 1, "成功")
		a.Batch = two.ID
		got := d.take(t, a, answer(two, 2, "成功"))
		equal(t, "classes", fmt.Sprint(got.Classes[evidence.OtherBatch], got.Moved), "1 1")
		equal(t, "states", d.state(t, "L1", 1)+d.state(t, "L2", 2), "sent inpaid in")
	})
}

// TestUnsent holds that receipts which come before the batch is marked as sent wait for it.
func TestUnsent(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.w.List(t, "L1", 2)
		b := d.exported(t, "L1")
		got := d.take(t, answer(b, 1, "成功"), answer(b, 2, "失败"))
		equal(t, "taken", fmt.Sprint(got.Classes[evidence.Unsent], got.Moved), "2 0")
		paytest.Check(t, d.Send(t.Context(), handler, "L1", paytest.Now))
		equal(t, "states", d.state(t, "L1", 1)+", "+d.state(t, "L1", 2), "paid in, failed returned")
		equal(t, "doubts", len(paytest.Must[[]evidence.Line](t)(d.Doubts(t.Context(), b.ID))), 0)
	})
}

// TestUnknown holds that what wasn't answered in time is unknown, is never sent again, and moves by a receipt alone.
func TestUnknown(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		b := d.sent(t, "L1", 3)
		d.take(t, answer(b, 1, "成功"))
		equal(t, "on the last day", paytest.Must[int64](t)(d.Overdue(ctx, pay.Actor{Person: paytest.Service}, paytest.Now.AddDate(0, 0, 10))), 0)
		mark := func(reason string, payments ...string) error {
			_, err := d.MarkUnknown(ctx, checker, b.ID, payments, reason, later)
			return err
		}
		paytest.Check(t, mark("银行无法查询", pay.PaymentID("L1", 2, 1)))
		wantRefused(t, "paid isn't unknown", mark("x", pay.PaymentID("L1", 1, 1)), "不在“已送银行”状态")
		wantRefused(t, "no reason", mark(" "), "请写明为什么")
		equal(t, "the day after", paytest.Must[int64](t)(d.Overdue(ctx, pay.Actor{Person: paytest.Service}, paytest.Now.AddDate(0, 0, 11))), 1)
		equal(t, "states", d.state(t, "L1", 2)+", "+d.state(t, "L1", 3), "unknown in, unknown in")
		wantRefused(t, "sent again", d.Send(ctx, handler, "L1", later), "现在是“已送出”")
		_, err := d.Export(ctx, handler, "L1", answerBy, later)
		wantRefused(t, "exported again", err, "现在是“已送出”")
		_, err = d.MakeFile(ctx, handler, b.ID, "pain.001", t.TempDir()+"/x", later)
		wantRefused(t, "file again", err, "现在是“已送出”")
		paytest.Must[pay.File](t)(d.Prove(ctx, b.ID, "pain.001"))
		wantRefused(t, "settled", d.Settle(ctx, checker, "L1", later), "还有 2 笔")
		d.take(t, answer(b, 2, "失败"), answer(b, 3, "成功"))
		paytest.Check(t, d.Settle(ctx, checker, "L1", later))
	})
}

// TestStated holds that what the bank said without a receipt counts by two persons alone, and moves the payment as a receipt would.
func TestStated(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		b := d.sent(t, "L1", 4)
		said := func(n int, result receipt.Result) pay.Statement {
			return pay.Statement{Payment: pay.PaymentID("L1", n, 1), Result: result, On: civil.MustParse("2025-07-02"), Basis: "银行复函〔2025〕8号，账号6222020000000000001"}
		}
		state := func(actor pay.Actor, s pay.Statement) (string, error) { return d.State(ctx, actor, s, later) }
		_, err := state(handler, said(1, receipt.Success))
		wantRefused(t, "not unknown", err, "不在“结果不明”状态")
		equal(t, "all of the batch", paytest.Must[int](t)(d.MarkUnknown(ctx, checker, b.ID, nil, "银行系统故障", later)), 4)
		_, err = d.MarkUnknown(ctx, checker, b.ID, nil, "再来一次", later)
		wantRefused(t, "none left", err, "没有等银行答复的支付")
		for name, s := range map[string]pay.Statement{
			"underway": said(1, receipt.Underway), "tomorrow": {Payment: said(1, 0).Payment, Result: receipt.Success, On: civil.On(later.AddDate(0, 0, 1)), Basis: "x"},
			"before": {Payment: said(1, 0).Payment, Result: receipt.Success, On: civil.MustParse("2025-06-01"), Basis: "x"}, "no basis": {Payment: said(1, 0).Payment, Result: receipt.Success, On: civil.On(later)},
		} {
			if _, err := state(handler, s); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
		_, err = state(checker, said(1, receipt.Success))
		wantRefused(t, "by F2", err, "没有办理这一步的角色")
		paid, failed := paytest.Must[string](t)(state(handler, said(1, receipt.Success))), paytest.Must[string](t)(state(handler, said(2, receipt.Failed)))
		_, err = state(handler, said(1, receipt.Failed))
		wantRefused(t, "twice", err, "已经有一份银行答复")
		equal(t, "moves nothing", d.state(t, "L1", 1)+", "+d.state(t, "L1", 2), "unknown in, unknown in")
		wantRefused(t, "by the one who wrote it", d.Resolve(ctx, handler, paid, true, "x", later), "角色")
		d.take(t, answer(b, 3, "成功")) // others move, what is stated waits on
		equal(t, "waits on", d.ask(t, `SELECT class FROM receipt_line WHERE id = $1`, paid), string(evidence.Stated))
		paytest.Check(t, d.Resolve(ctx, checker, paid, true, "与复函一致", later))
		paytest.Check(t, d.Resolve(ctx, checker, failed, true, "与复函一致", later))
		equal(t, "states", d.state(t, "L1", 1)+", "+d.state(t, "L1", 2)+", "+d.state(t, "L1", 3), "paid in, failed returned, paid in")
		equal(t, "account in the reason", strings.Contains(d.ask(t, `SELECT reason FROM receipt_line WHERE id = $1`, failed), "6222020000"), false)
		wrong := paytest.Must[string](t)(state(handler, said(4, receipt.Success)))
		d.take(t, answer(b, 4, "失败"))
		equal(t, "the receipt came first", d.state(t, "L1", 4), "failed returned")
		wantRefused(t, "against a receipt", d.Resolve(ctx, checker, wrong, true, "x", later), "还是没有结果")
		paytest.Check(t, d.Resolve(ctx, checker, wrong, false, "以回单为准", later))
		paytest.Check(t, d.Settle(ctx, checker, "L1", later))
	})
}

// TestStandIns holds that who stands in for another is a third person, that both have the role, and that who was stood in for counts as
// having acted.
func TestStandIns(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		b := d.sent(t, "L1", 4)
		d.grant(t, paytest.Finance2, "F1")
		d.grant(t, paytest.Handler, "F2")
		as := func(person, standsFor string) pay.Actor { return pay.Actor{Person: person, StandsFor: standsFor} }
		const h, c, both, stranger = paytest.Handler, paytest.Checker, paytest.Finance2, paytest.Maker
		for _, standsFor := range []string{c, stranger, "nobody"} {
			_, err := d.MarkUnknown(ctx, as(c, standsFor), b.ID, nil, "系统故障", later)
			wantRefused(t, "unknown for "+standsFor, err, map[bool]string{true: "同一人", false: "被代办的人没有"}[standsFor == c])
		}
		paytest.Must[int](t)(d.MarkUnknown(ctx, as(c, both), b.ID, nil, "系统故障", later))
		said := func(n int) pay.Statement {
			return pay.Statement{Payment: pay.PaymentID("L1", n, 1), Result: receipt.Success, On: civil.MustParse("2025-07-02"), Basis: "银行复函"}
		}
		for _, standsFor := range []string{h, c, "nobody"} {
			_, err := d.State(ctx, as(h, standsFor), said(1), later)
			wantRefused(t, "stated for "+standsFor, err, map[bool]string{true: "同一人", false: "被代办的人没有"}[standsFor == h])
		}
		id := paytest.Must[string](t)(d.State(ctx, as(h, both), said(1), later))
		resolve := func(a pay.Actor) error { return d.Resolve(ctx, a, id, true, "与复函一致", later) }
		for _, a := range []pay.Actor{as(h, ""), as(both, ""), as(c, h), as(c, both)} {
			wantRefused(t, fmt.Sprint("resolved by ", a), resolve(a), "另一位复核人")
		}
		wantRefused(t, "resolved for oneself", resolve(as(c, c)), "同一人")
		wantRefused(t, "resolved for who may not", resolve(as(c, stranger)), "被代办的人没有")
		paytest.Check(t, resolve(as(c, "")))
		equal(t, "state", d.state(t, "L1", 1), "paid in")
		_, err := d.TakeReceipts(ctx, as(h, c), "r.csv", paytest.CSV([]paytest.Answer{answer(b, 2, "成功")}), later)
		wantRefused(t, "taken in for who may not", err, "被代办的人没有")
	})
}

// TestResolve holds who closes a line of 待查, and that the payment then moves as the receipts say.
func TestResolve(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		b := d.sent(t, "L1", 4)
		late, wrong := answer(b, 1, "成功"), answer(b, 2, "成功")
		late.At = "2025-07-20 10:00:00"
		wrong.Fen++
		d.take(t, late, wrong, answer(b, 3, "成功"), answer(b, 3, "失败"), answer(b, 4, "成功"))
		equal(t, "contradicted", d.state(t, "L1", 3), "sent in")
		find := func(class evidence.Class, result receipt.Result) string {
			for _, l := range paytest.Must[[]evidence.Line](t)(d.Doubts(ctx, b.ID)) {
				if l.Class == class && l.Receipt.Result == result {
					return l.ID
				}
			}
			t.Fatalf("no doubt %s", class)
			return ""
		}
		resolve := func(person, id string, holds bool, reason string) error {
			return d.Resolve(ctx, pay.Actor{Person: person}, id, holds, reason, later)
		}
		wantRefused(t, "by F1", resolve(paytest.Handler, find(evidence.TooLate, receipt.Success), true, "x"), "没有办理这一步的角色")
		wantRefused(t, "without reason", resolve(paytest.Checker, find(evidence.TooLate, receipt.Success), true, " "), "处理依据")
		wantRefused(t, "another amount", resolve(paytest.Checker, find(evidence.WrongAmount, receipt.Success), true, "x"), "金额不符")
		wantRefused(t, "contradicted", resolve(paytest.Checker, find(evidence.Contradicted, receipt.Success), true, "x"), "结果矛盾")
		d.grant(t, paytest.Handler, "F2")
		wantRefused(t, "for who took it in", d.Resolve(ctx, pay.Actor{Person: paytest.Checker, StandsFor: paytest.Handler}, find(evidence.TooLate, receipt.Success), true, "x", later), "另一位复核人")
		id := find(evidence.TooLate, receipt.Success)
		paytest.Check(t, resolve(paytest.Checker, id, true, "银行来函确认"))
		wantRefused(t, "twice", resolve(paytest.Checker, id, false, "x"), "已经处理过")
		paytest.Check(t, resolve(paytest.Finance2, find(evidence.WrongAmount, receipt.Success), false, "银行更正"))
		paytest.Check(t, resolve(paytest.Finance2, find(evidence.Contradicted, receipt.Success), false, "银行来函：失败为准"))
		for n, want := range []string{"paid in", "sent in", "failed returned", "paid in"} {
			equal(t, fmt.Sprint("entry ", n+1), d.state(t, "L1", n+1), want)
		}
		equal(t, "doubts", len(paytest.Must[[]evidence.Line](t)(d.Doubts(ctx, ""))), 0)
		equal(t, "a late return after what a person said", d.take(t, answer(b, 1, "失败")).Classes[evidence.Contradicted], 1)
		equal(t, "records", d.ask(t, `SELECT count(*) FROM audit_record WHERE kind = 'receipt.resolved'`), "3")
	})
}

// TestHostile holds that files that can't be read whole change nothing, and that their errors are said.
func TestHostile(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		b := d.sent(t, "L1", 3)
		good := []paytest.Answer{answer(b, 1, "成功"), answer(b, 2, "失败"), answer(b, 3, "退回")}
		pain := string(paytest.Pain(good))
		gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(paytest.CSV(good))
		paytest.Check(t, err)
		before := paytest.Dump(t, d.s, paytest.Tables)
		_, document, _ := strings.Cut(pain, "?>")
		for name, c := range map[string]struct {
			data []byte
			want string
		}{
			"bomb":         {[]byte(`<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>` + strings.Replace(document, "ACSC", "&b;", 1)), "DTD"},
			"deep":         {[]byte(strings.Replace(pain, "<TxSts>", strings.Repeat("<a>", 10000), 1)), "嵌套"},
			"Big5":         {[]byte("\xa7\xe5\xa6\xb8\xb8\xb9,\xaa\xf7\xc3B\r\n"), "第 1 行"},
			"damaged":      {bytes.Replace(gb, []byte{0xa3, 0xac}, []byte{0x81}, 1), "第"},
			"UTF-16":       {[]byte("\xff\xfe\x7b\x98"), "UTF-16"},
			"wrong amount": {[]byte(strings.Replace(string(paytest.CSV(good)), "6000.02", "6000.021", 1)), "第 3 行"},
			"empty":        {nil, "空"},
			"large":        {make([]byte, pay.MaxReceiptFile+1), "超过 32 MB"},
			"no workbook":  {[]byte("PK\x03\x04"), "XLSX"},
		} {
			_, err := d.TakeReceipts(t.Context(), handler, "a", c.data, later)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "6222020") {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		if diff := paytest.Differ(before, paytest.Dump(t, d.s, paytest.Tables)); diff != "" {
			t.Errorf("changed:\n%s", diff)
		}
		got := paytest.Must[pay.Taken](t)(d.TakeReceipts(t.Context(), handler, "a", gb, later))
		equal(t, "GB18030", fmt.Sprint(got.New, got.Moved), "3 3")
		again := paytest.Must[pay.Taken](t)(d.TakeReceipts(t.Context(), handler, "b", gb, later))
		equal(t, "again", again.Again, true)
		other := paytest.Must[pay.Taken](t)(d.TakeReceipts(t.Context(), handler, "b", paytest.XLSX(t, good), later))
		equal(t, "the same as a workbook", fmt.Sprint(other.Format, other.New, other.Moved), "xlsx0 0")
		equal(t, "rare characters", strings.Contains(d.ask(t, `SELECT note FROM list_entry WHERE list = 'L1' AND n = 2`), "“龘龘”不符，㐀"), true)
	})
}

// TestTruncated cuts a file at every byte: nothing happens, until what is cut off is empty space alone; then all does.
func TestTruncated(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for name, write := range map[string]func([]paytest.Answer) []byte{
			"csv": paytest.CSV, "pain": paytest.Pain, "xlsx": func(list []paytest.Answer) []byte { return paytest.XLSX(t, list) },
		} {
			d = d.fresh(t)
			b := d.sent(t, "L1", 2)
			data := write([]paytest.Answer{answer(b, 1, "成功"), answer(b, 2, "失败")})
			before := paytest.Dump(t, d.s, paytest.Tables)
			for n := range len(bytes.TrimSpace(data)) {
				if _, err := d.TakeReceipts(t.Context(), handler, name, data[:n], later); err == nil {
					t.Fatalf("%s cut at %d of %d is taken", name, n, len(data))
				}
			}
			equal(t, name, paytest.Differ(before, paytest.Dump(t, d.s, paytest.Tables)), "")
			got := paytest.Must[pay.Taken](t)(d.TakeReceipts(t.Context(), handler, name, data, later))
			equal(t, name, got.Moved, 2)
		}
	})
}

// stream is what a bank may say of a batch, in random order and any number of times, without contradicting itself.
func stream(r *rand.Rand, b pay.Batch) []paytest.Answer {
	var all []paytest.Answer
	classes := []evidence.Class{evidence.OtherBatch, evidence.UnknownID, evidence.WrongAccount, evidence.WrongAmount, evidence.TooEarly, evidence.TooLate, evidence.Ahead}
	for n := 1; n <= b.Lines; n++ {
		switch r.IntN(6) {
		case 0, 1:
			all = append(all, answer(b, n, "成功"))
		case 2:
			all = append(all, answer(b, n, "失败"))
		case 3:
			all = append(all, answer(b, n, "成功"), answer(b, n, "退回"))
		case 4: // a second success, at another time
			again := answer(b, n, "成功")
			again.At = "2025-07-01 11:00:00"
			all = append(all, answer(b, n, "成功"), again)
		}
		if r.IntN(2) == 0 {
			all = append(all, answer(b, n, "处理中"))
		}
		if r.IntN(2) == 0 {
			wrong := answer(b, n, []string{"成功", "失败", "退回"}[r.IntN(3)])
			wrong.At = "2025-07-03 10:00:00"
			spoilt[classes[r.IntN(len(classes))]](&wrong)
			all = append(all, wrong)
		}
	}
	return all
}

// TestOrder holds that any order, repetition and division into files of the same receipts ends in the same database, and that the sums
// hold. What does not depend on it is all but when a line came and in which file.
func TestOrder(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	each(t, func(t *testing.T, d *desk) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		plan := rand.New(rand.NewPCG(seed, 1))
		rounds := 6
		if d.s.Kind() == store.Postgres {
			rounds = 2 // a database takes a second there
		}
		for round := range rounds {
			contents := uint64(plan.Int64())
			var first string
			for try := range 3 {
				other := d
				if round+try > 0 {
					other = d.fresh(t)
				}
				b := other.sent(t, "L1", 12)
				all := stream(rand.New(rand.NewPCG(contents, 2)), b)
				other.deliver(t, r, all)
				dump := paytest.Dump(t, other.s, paytest.Outcome)
				if try == 0 {
					first = dump
				}
				if diff := paytest.Differ(first, dump); diff != "" {
					t.Fatalf("round %d, try %d:\n%s", round, try, diff)
				}
				other.sums(t)
			}
		}
	})
}

// deliver takes answers in at random: shuffled, in files of random length, some of them again.
func (d *desk) deliver(t *testing.T, r *rand.Rand, all []paytest.Answer) {
	t.Helper()
	all = slices.Clone(all)
	for range r.IntN(8) {
		all = append(all, all[r.IntN(len(all))])
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for len(all) > 0 {
		n := 1 + r.IntN(len(all))
		d.take(t, all[:n]...)
		if r.IntN(3) == 0 {
			d.take(t, all[:n]...)
		}
		all = all[n:]
	}
}

// sums holds the ledger against the payments.
func (d *desk) sums(t *testing.T) {
	t.Helper()
	for what, query := range map[string]string{
		"overdrawn lines":  `SELECT count(*) FROM budget_line WHERE reserved_fen + posted_fen > total_fen`,
		"paid sum":         `SELECT (SELECT coalesce(sum(amount_fen), 0) FROM payment WHERE state = 'paid') - (SELECT sum(posted_fen) FROM budget_line)`,
		"open sum":         `SELECT (SELECT coalesce(sum(amount_fen), 0) FROM payment WHERE state IN ('ready', 'sent', 'unknown')) - (SELECT sum(reserved_fen) FROM budget_line)`,
		"returns":          `SELECT (SELECT count(*) FROM payment WHERE state = 'returned') - (SELECT count(*) FROM posting WHERE kind = 'return')`,
		"double returns":   `SELECT count(*) FROM (SELECT payment FROM posting WHERE kind = 'return' GROUP BY payment HAVING count(*) > 1) x`,
		"entries returned": `SELECT (SELECT count(*) FROM list_entry WHERE status = 'returned') - (SELECT count(*) FROM payment WHERE state IN ('failed', 'returned'))`,
	} {
		equal(t, what, d.ask(t, query), "0")
	}
}

// TestContradicted holds that receipts which contradict each other move nothing when they come together; when they come one after the
// other, what moved stays, nothing more moves, and both wait for a person, whichever came first.
func TestContradicted(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		b := d.sent(t, "L1", 3)
		yes, no := func(n int) paytest.Answer { return answer(b, n, "成功") }, func(n int) paytest.Answer { return answer(b, n, "失败") }
		d.take(t, yes(1), no(1))
		d.take(t, yes(2))
		d.take(t, no(2))
		d.take(t, no(3))
		d.take(t, yes(3))
		equal(t, "states", d.state(t, "L1", 1)+", "+d.state(t, "L1", 2)+", "+d.state(t, "L1", 3), "sent in, paid in, failed returned")
		equal(t, "contradicted", d.ask(t, `SELECT count(*) FROM receipt_line WHERE class = 'contradicted'`), "6")
		d.sums(t)
	})
}

// TestReturnedAfterRecovery holds that a return of what the firm has given back already waits for a person, and doesn't poison the rest
// of its file: the same money can't have come back twice.
func TestReturnedAfterRecovery(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		b := d.sent(t, "L1", 3)
		d.take(t, answer(b, 1, "成功"), answer(b, 2, "成功"))
		at := store.Stamp(paytest.Now)
		for _, query := range []string{
			`INSERT INTO recovery (id, payment, enterprise, amount_fen, reason, proposed_by, proposed_at)
				SELECT 'R1', p.id, e.enterprise, p.amount_fen, '多付', '` + paytest.Maker + `', $1 FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n WHERE p.list = 'L1' AND p.n = 1`,
			`UPDATE recovery SET approved_by = '` + paytest.Approver + `', approved_at = $1 WHERE id = 'R1'`,
			`INSERT INTO recovery_receipt (recovery, ref, fen, at, person) VALUES ('R1', 'bank-1', 1, $1, '` + paytest.Handler + `')`,
		} {
			if _, err := exec(t, d.s, query, at); err != nil {
				t.Fatal(err)
			}
		}
		got := d.take(t, answer(b, 1, "退回"), answer(b, 2, "退回"), answer(b, 3, "成功"))
		equal(t, "taken", fmt.Sprint(got.Moved, got.Classes[evidence.Contradicted]), "2 1")
		equal(t, "states", d.state(t, "L1", 1)+", "+d.state(t, "L1", 2)+", "+d.state(t, "L1", 3), "paid in, returned returned, paid in")
		equal(t, "in doubt", d.ask(t, `SELECT count(*) FROM receipt_line WHERE class = 'contradicted'`), "1")
		d.sums(t)
	})
}
