package receipt_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mianshen/internal/disburse/payout"
	"mianshen/internal/disburse/receipt"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// until is the last day on which receipts are expected in these tests.
var until = civil.MustParse("2025-07-10")

// read lets the bank's lines pass through the reader of CSV.
func read(t testing.TB, list []line) []receipt.Receipt {
	t.Helper()
	got, err := receipt.ReadCSV(bytes.NewReader(asCSV(list)), receipt.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Receipts
}

// failer is what testing.TB and rapid.T have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func matched(t failer, b payout.Batch, list []receipt.Receipt) receipt.Matching {
	t.Helper()
	m, err := receipt.Match(b, list, until)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMatch holds what each set of receipts makes of payment P0001, and the class of each receipt that doesn't count.
func TestMatch(t *testing.T) {
	b := sample(2)
	good := line{b.ID, "P0001", b.Lines[0].Account, "6000.00", "成功", "", "2025-07-01 09:30:00"}
	with := func(change func(l *line)) line {
		l := good
		change(&l)
		return l
	}
	result := func(word, reason, at string) line {
		return with(func(l *line) { l.result, l.reason, l.at = word, reason, at })
	}
	const day = "2025-07-02 10:00:00"
	for name, c := range map[string]struct {
		list []line
		want string
	}{
		"absent":               {nil, "无回单 []"},
		"success":              {[]line{good}, "已付 []"},
		"success three times":  {[]line{good, good, good}, "已付 []"},
		"failure":              {[]line{result("失败", "户名不符", day)}, "失败 []"},
		"failure said twice":   {[]line{result("失败", "户名不符", day), result("失败", "户名不符", "2025-07-03 10:00:00")}, "失败 []"},
		"underway":             {[]line{result("处理中", "", day)}, "处理中 []"},
		"underway, then paid":  {[]line{result("处理中", "", day), good}, "已付 []"},
		"paid, then returned":  {[]line{good, result("退回", "销户", day)}, "退回 []"},
		"returned alone":       {[]line{result("退回", "销户", day)}, "退回 []"},
		"returned before paid": {[]line{good, result("退回", "销户", "2025-07-01 09:29:59")}, "待查 [结果矛盾 结果矛盾]"},
		"returned twice":       {[]line{result("退回", "销户", day), result("退回", "销户", "2025-07-03 10:00:00")}, "待查 [结果矛盾 结果矛盾]"},
		"paid and failed":      {[]line{good, result("失败", "户名不符", day)}, "待查 [结果矛盾 结果矛盾]"},
		"failed and returned":  {[]line{result("退回", "销户", day), result("失败", "户名不符", day)}, "待查 [结果矛盾 结果矛盾]"},
		"paid at two times":    {[]line{good, result("成功", "", day)}, "待查 [重复成功 重复成功]"},
		"one 分 more":           {[]line{with(func(l *line) { l.amount = "6000.01" })}, "待查 [金额不符]"},
		"one 分 less":           {[]line{with(func(l *line) { l.amount = "5999.99" })}, "待查 [金额不符]"},
		"wrong account":        {[]line{with(func(l *line) { l.account = b.Lines[1].Account })}, "待查 [账号不符]"},
		"account without zero": {[]line{with(func(l *line) { l.account = l.account[1:] })}, "待查 [账号不符]"},
		"unknown id":           {[]line{with(func(l *line) { l.payment = "P0009" })}, "无回单 [编号不识]"},
		"id in lower case":     {[]line{with(func(l *line) { l.payment = "p0001" })}, "无回单 [编号不识]"},
		"another batch":        {[]line{with(func(l *line) { l.batch = "QP-2025-0002" })}, "待查 [他批回单]"},
		"last day":             {[]line{result("成功", "", "2025-07-10 23:59:59")}, "已付 []"},
		"too late":             {[]line{result("成功", "", "2025-07-11 00:00:00")}, "待查 [逾期回单]"},
		"first day":            {[]line{result("成功", "", "2025-06-30 00:00:00")}, "已付 []"},
		"too early":            {[]line{result("成功", "", "2025-06-29 23:59:59")}, "待查 [时间过早]"},
		"right beside a wrong": {[]line{good, with(func(l *line) { l.amount = "6000.01" })}, "待查 [同笔待查 金额不符]"},
	} {
		m := matched(t, b, read(t, c.list))
		classes := []receipt.Doubt{}
		for _, q := range m.Doubts {
			classes = append(classes, q.Class)
		}
		if got := fmt.Sprintf("%s %v", m.Outcomes[0].State, classes); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if m.Outcomes[1].State != receipt.Open {
			t.Errorf("%s: the other payment is %s", name, m.Outcomes[1].State)
		}
	}
}

// TestFormatsAgree holds that the same answers mean the same in each format, together too.
func TestFormatsAgree(t *testing.T) {
	b := sample(15)
	list := answers(b)
	for i := range list {
		if list[i].result == "失败" {
			list[i].reason = "AC04；" + list[i].reason // pain.002 has the code by itself
		}
		if list[i].result == "退回" {
			list[i].reason = "退汇；" + list[i].reason
		}
	}
	want := matched(t, b, read(t, list))
	bare := answers(b)
	book, err := receipt.ReadXLSX(bytes.NewReader(asXLSX(t, list)), receipt.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	report, err := receipt.ReadPain002(bytes.NewReader(asPain(bare)), receipt.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(read(t, list), book.Receipts, report.Receipts)
	if d := cmp.Diff(want, matched(t, b, all)); d != "" {
		t.Error(d)
	}
	if got := want.String(); got != "处理中 3 笔，已付 6 笔，失败 3 笔，退回 3 笔" {
		t.Error(got)
	}
}

// anyReceipts draws receipts about a small batch, right and wrong in every way.
func anyReceipts(t *rapid.T, b payout.Batch) []receipt.Receipt {
	start := time.Date(2025, 6, 29, 22, 0, 0, 0, civil.Shanghai())
	one := rapid.Custom(func(t *rapid.T) receipt.Receipt {
		l := rapid.SampledFrom(b.Lines).Draw(t, "line")
		r := receipt.Receipt{
			Batch: rapid.SampledFrom([]string{b.ID, b.ID, b.ID, "QP-2025-0002"}).Draw(t, "batch"), Payment: l.ID, Account: l.Account,
			Amount: l.Amount + exact.Money(rapid.SampledFrom([]int{0, 0, 0, 0, 1, -1}).Draw(t, "off")),
			Result: rapid.SampledFrom([]receipt.Result{receipt.Underway, receipt.Success, receipt.Success, receipt.Failed, receipt.Returned}).Draw(t, "result"),
			At:     start.Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "day")) * 24 * time.Hour),
		}
		if r.Result == receipt.Failed || r.Result == receipt.Returned {
			r.Reason = rapid.SampledFrom([]string{"户名不符", "销户"}).Draw(t, "reason")
		}
		if rapid.IntRange(0, 9).Draw(t, "unknown") == 0 {
			r.Payment = "X"
		}
		if rapid.IntRange(0, 9).Draw(t, "account") == 0 {
			r.Account = "6222"
		}
		if rapid.Bool().Draw(t, "zone") {
			r.At = r.At.UTC()
		}
		return r
	})
	return rapid.SliceOfN(one, 0, 14).Draw(t, "receipts")
}

// TestOrderAndRepetition is the property that matching rests on: any permutation and repetition gives the same result.
func TestOrderAndRepetition(t *testing.T) {
	b := sample(4)
	list := entries(b)
	rapid.Check(t, func(t *rapid.T) {
		once := anyReceipts(t, b)
		kept := slices.Clone(once)
		again := slices.Clone(once)
		if len(once) > 0 {
			again = append(again, rapid.SliceOfN(rapid.SampledFrom(once), 0, 10).Draw(t, "again")...)
		}
		again = rapid.Permutation(again).Draw(t, "order")
		first, err := receipt.Reconcile(list, b, once, until)
		if err != nil {
			t.Fatal(err)
		}
		second, err := receipt.Reconcile(list, b, again, until)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(first, second); d != "" {
			t.Fatal(d)
		}
		if d := cmp.Diff(kept, once); d != "" {
			t.Fatal("the caller's receipts were changed: ", d)
		}
	})
}

// TestNeverGuessed judges again, by the promises alone: paid needs a right success and nothing against it, and every receipt
// is accounted for exactly once.
func TestNeverGuessed(t *testing.T) {
	b := sample(4)
	rapid.Check(t, func(t *rapid.T) {
		all := anyReceipts(t, b)
		m := matched(t, b, all)
		for i, o := range m.Outcomes {
			success, against := 0, 0
			seen := map[string]bool{}
			for _, r := range all {
				key := fmt.Sprint(r.Batch, r.Account, r.Amount, r.Result, r.Reason, r.At.Unix())
				if r.Payment != o.Payment || seen[key] {
					continue
				}
				seen[key] = true
				right := r.Batch == b.ID && r.Account == b.Lines[i].Account && r.Amount == b.Lines[i].Amount &&
					!civil.On(r.At).Before(b.Created) && !civil.On(r.At).After(until)
				switch {
				case right && r.Result == receipt.Success:
					success++
				case !right || r.Result != receipt.Underway:
					against++
				}
			}
			if paid := success == 1 && against == 0; paid != (o.State == receipt.Paid) {
				t.Fatalf("%s: %s with %d successes and %d against them", o.Payment, o.State, success, against)
			}
			if (len(seen) == 0) != (o.State == receipt.Open) {
				t.Fatalf("%s: %s with %d receipts", o.Payment, o.State, len(seen))
			}
		}
		for i, q := range m.Doubts {
			if i > 0 && cmp.Equal(q, m.Doubts[i-1]) {
				t.Fatalf("receipt twice in doubt: %v", q)
			}
		}
	})
}

func entries(b payout.Batch) []receipt.Entry {
	var list []receipt.Entry
	for _, l := range b.Lines {
		list = append(list, receipt.Entry{Payment: l.ID, Account: l.Account, Amount: l.Amount})
	}
	return list
}

// TestReconcile puts payments into each class.
func TestReconcile(t *testing.T) {
	b := sample(10)
	list := entries(b)
	list[6].Amount++                                                              // differs, P0007
	list = slices.Delete(list, 7, 8)                                              // in the file alone, P0008
	list = append(list, receipt.Entry{Payment: "P9", Account: "1", Amount: 1_00}) // on the list alone
	bank := answers(b)
	bank[5].amount = "7000.00" // in doubt, P0006
	bank = append(bank, line{b.ID, "X1", "1", "0.01", "成功", "", "2025-07-01 09:30:00"}, line{"OLD", "X2", "1", "0.02", "成功", "", "2025-07-01 09:30:00"})
	bank = slices.Delete(bank, 9, 10) // no receipt, P0010
	bank = append(bank, line{b.ID, "P0003", b.Lines[2].Account, "6000.02", "成功", "", "2025-07-01 09:00:00"})
	got, err := receipt.Reconcile(list, b, read(t, bank), until)
	if err != nil {
		t.Fatal(err)
	}
	want := map[receipt.Class]receipt.Row{
		receipt.Settled:  {List: receipt.Tally{2, 1_200_004}, File: receipt.Tally{2, 1_200_004}, Receipts: receipt.Tally{2, 1_200_004}},
		receipt.Lost:     {List: receipt.Tally{1, 600_001}, File: receipt.Tally{1, 600_001}, Receipts: receipt.Tally{1, 600_001}},
		receipt.Back:     {List: receipt.Tally{1, 600_002}, File: receipt.Tally{1, 600_002}, Receipts: receipt.Tally{2, 1_200_004}},
		receipt.Waiting:  {List: receipt.Tally{2, 1_200_011}, File: receipt.Tally{2, 1_200_011}, Receipts: receipt.Tally{2, 1_200_011}},
		receipt.Silent:   {List: receipt.Tally{1, 600_009}, File: receipt.Tally{1, 600_009}},
		receipt.InDoubt:  {List: receipt.Tally{1, 600_005}, File: receipt.Tally{1, 600_005}, Receipts: receipt.Tally{1, 700_000}},
		receipt.Differs:  {List: receipt.Tally{1, 600_007}, File: receipt.Tally{1, 600_006}, Receipts: receipt.Tally{1, 600_006}},
		receipt.ListOnly: {List: receipt.Tally{1, 100}},
		receipt.FileOnly: {File: receipt.Tally{1, 600_007}, Receipts: receipt.Tally{1, 600_007}},
		receipt.Stray:    {Receipts: receipt.Tally{2, 3}},
	}
	for c := receipt.Settled; c <= receipt.Stray; c++ {
		if got.Rows[c] != want[c] {
			t.Errorf("%s: %+v, want %+v", c, got.Rows[c], want[c])
		}
	}
	addsUp(t, got)
	if got.Finished() {
		t.Error("finished, though ten things wait")
	}
	clean := slices.DeleteFunc(answers(b), func(l line) bool { return l.result == "处理中" })
	short := sample(10)
	short.Lines = slices.DeleteFunc(short.Lines, func(l payout.Line) bool { return l.ID == "P0004" || l.ID == "P0009" })
	got, err = receipt.Reconcile(entries(short), short, read(t, clean), until)
	if err != nil || !got.Finished() {
		t.Errorf("not finished: %+v, %v", got.Total, err)
	}
	other := entries(b)
	other[0].Account = "6222"
	if got, err := receipt.Reconcile(other, b, read(t, answers(b)), until); err != nil || got.Rows[receipt.Differs].List.Count != 1 {
		t.Errorf("another account on the list: %+v, %v", got.Rows, err)
	}
	if _, err := receipt.Reconcile(append(list, list[0]), b, nil, until); err == nil {
		t.Error("a list with one payment twice was taken")
	}
	b.Lines[1].ID = b.Lines[0].ID
	if _, err := receipt.Match(b, nil, until); err == nil {
		t.Error("a batch with one payment twice was taken")
	}
}

func addsUp(t failer, r receipt.Reconciliation) {
	t.Helper()
	var total receipt.Row
	for _, row := range r.Rows {
		for _, p := range [][2]*receipt.Tally{{&total.List, &row.List}, {&total.File, &row.File}, {&total.Receipts, &row.Receipts}} {
			p[0].Count += p[1].Count
			p[0].Sum += p[1].Sum
		}
	}
	if total != r.Total {
		t.Fatalf("classes add up to %+v, total %+v", total, r.Total)
	}
}

// TestColumnsAddUp holds for any list, file and receipts that each column adds up to what went in.
func TestColumnsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := sample(5)
		list := entries(b)
		if rapid.Bool().Draw(t, "shorter") {
			list = list[:rapid.IntRange(0, 5).Draw(t, "kept")]
		}
		for i := range list {
			list[i].Amount += exact.Money(rapid.IntRange(0, 1).Draw(t, "off"))
		}
		r, err := receipt.Reconcile(list, b, anyReceipts(t, b), until)
		if err != nil {
			t.Fatal(err)
		}
		addsUp(t, r)
		var sum exact.Money
		for _, e := range list {
			sum += e.Amount
		}
		if r.Total.List != (receipt.Tally{len(list), sum}) || r.Total.File != receipt.Tally(b.Control) {
			t.Fatalf("%+v", r.Total)
		}
	})
}
