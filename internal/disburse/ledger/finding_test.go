package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/intake"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// asks is the only item that the tests know, with its manual condition.
func asks(item string) (ledger.Demand, bool) {
	return ledger.Demand{Department: department, Conditions: []string{"信用良好", rules.AmountFinding}}, item == "rent"
}

func found(id string, result bool, on string) ledger.Finding {
	return ledger.Finding{ID: id, Evidence: "现场核查记录", PersonFinding: rules.PersonFinding{
		Enterprise: firm, Item: "rent", Condition: "信用良好", Result: &result, On: civil.MustParse(on),
	}}
}

func TestFinding(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		sum := exact.Money(5000)
		amount := found("f2", true, "2026-02-01")
		amount.Condition, amount.Result, amount.Amount = rules.AmountFinding, nil, &sum
		w.audited("finding.recorded", "f1", map[string]string{"by": d1, "count": "2"}, func() error {
			_, err := w.b.RecordFindings(ctx, []ledger.Finding{found("f1", true, "2026-02-01"), amount}, asks, d1, now)
			return err
		})
		firms := func(day string, known time.Time) string {
			f, err := w.b.Findings(ctx, civil.MustParse(day), known)
			check(w.t, err)
			return fmt.Sprint(f.Firms("rent"))
		}
		if got := firms("2026-03-02", time.Time{}); got != "[]" {
			w.t.Errorf("unconfirmed findings count: %s", got)
		}
		w.audited("finding.answered", "f1", map[string]string{"answer": "confirmed", "by": d2}, func() error { return w.b.AnswerFinding(ctx, "f1", true, asks, d2, now) })
		w.audited("finding.answered", "f2", map[string]string{"answer": "rejected"}, func() error { return w.b.AnswerFinding(ctx, "f2", false, asks, maker, now) })
		for day, want := range map[string]string{"2026-02-01": "[" + firm + "]", "2026-01-31": "[]"} {
			if got := firms(day, time.Time{}); got != want {
				w.t.Errorf("findings of %s: %s, want %s", day, got, want)
			}
		}
		if got := firms("2026-02-01", now.Add(-time.Microsecond)) + firms("2026-02-01", now); got != "[]["+firm+"]" {
			w.t.Errorf("findings known before and at the confirmation: %s", got)
		}
		list, err := w.b.FindingList(ctx, ledger.FindingFilter{Enterprise: firm, Item: "rent"})
		check(w.t, err)
		if len(list) != 2 || list[0].Answer != "confirmed" || !*list[0].Result || list[1].AnsweredBy != maker || *list[1].Amount != 5000 || list[1].Result != nil || list[1].On != civil.MustParse("2026-02-01") {
			w.t.Errorf("findings: %+v", list)
		}
		for after, want := range map[string]string{"": "f1", "f1": "f2", "f2": ""} { // both were recorded at one instant
			page, err := w.b.FindingList(ctx, ledger.FindingFilter{Enterprise: firm, Item: "rent", Page: ledger.Page{After: after, Limit: 1}})
			check(w.t, err)
			if got := len(page); (want == "") != (got == 0) || (got > 0 && page[0].ID != want) {
				w.t.Errorf("the page after %q: %+v, want %q", after, page, want)
			}
		}
		if list, err = w.b.FindingList(ctx, ledger.FindingFilter{Waiting: true}); err != nil || len(list) != 0 {
			w.t.Errorf("waiting: %v, %v", list, err)
		}
		_, err = w.b.RecordFindings(ctx, []ledger.Finding{amount}, asks, d1, now)
		w.refused(err, store.ErrInvalid, "编号已经有了")
		amount.ID = "" // what was rejected may be found again
		_, err = w.b.RecordFindings(ctx, []ledger.Finding{amount}, asks, d1, now)
		check(w.t, err)
	})
}

func TestFindingRefused(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		_, err := w.b.RecordFindings(ctx, []ledger.Finding{found("f1", true, "2026-02-01")}, asks, maker, now)
		check(w.t, err)
		w.unchanged(func() {
			sum := exact.Money(-1)
			list := []ledger.Finding{
				found("g1", true, "2026-03-03"), found("g2", true, "2026-02-01"), found("g3", true, "2026-02-02"), found("g4", true, "2026-02-03"),
				found("g5", true, "2026-02-04"), found("g5", true, "2026-02-05"), found("g7", true, "2026-02-06"), found("g8", true, "2026-02-07"), found("g9", true, "2026-02-08"),
			}
			list[2].Enterprise = "91310118MA00000009"
			list[3].Item = "unknown"
			list[4].Condition = "别的"
			list[6].Evidence = ""
			list[7].Amount, list[7].Result = &sum, nil
			list[8].On, list[8].Amount = civil.Date{}, &sum
			_, err := w.b.RecordFindings(ctx, list, asks, d1, now)
			var all ledger.Mistakes
			if !errors.As(err, &all) {
				w.t.Fatal(err)
			}
			for i, want := range []string{
				"第 1 条（" + firm + "，rent）：认定日期 2026-03-03 晚于今天（2026-03-02）", "第 2 条", "第 3 条", "第 4 条", "第 5 条", "第 6 条", "第 7 条", "第 8 条", "第 9 条", "第 9 条",
			} {
				if i >= len(all) || !strings.HasPrefix(all[i], want) {
					w.t.Errorf("mistake %d is not %q:\n%v", i+1, want, err)
				}
			}
			w.refused(err, store.ErrInvalid, "已有一条认定", "没有这家企业", "没有这个事项", "应为：信用良好、amount", "编号与前面的一条相同", "没有填写认定依据", "金额 -0.01 元不对", "只能填一项", "没有填写认定日期")
			if len(all) != 10 {
				w.t.Errorf("%d mistakes, want 10:\n%v", len(all), err)
			}
			amount := exact.Money(1)
			wrong := found("h1", true, "2026-02-09")
			wrong.Result, wrong.Amount = nil, &amount
			_, err = w.b.RecordFindings(ctx, []ledger.Finding{wrong}, asks, d1, now)
			w.refused(err, store.ErrInvalid, "金额只能认定在“amount”下")
			_, err = w.b.RecordFindings(ctx, []ledger.Finding{found("h1", true, "2026-02-09")}, func(string) (ledger.Demand, bool) { return ledger.Demand{Department: department}, true }, d1, now)
			w.refused(err, store.ErrInvalid, "没有要人工认定的条件")
			_, err = w.b.RecordFindings(ctx, nil, asks, d1, now)
			w.refused(err, store.ErrInvalid, "这次有 0 条")
			_, err = w.b.RecordFindings(ctx, []ledger.Finding{found("h1", true, "2026-02-09")}, asks, d2, now)
			w.refused(err, ledger.ErrRole, "部门经办（D1）")
			w.refused(w.b.AnswerFinding(ctx, "f1", true, asks, d1, now), ledger.ErrRole, "部门审核（D2）")
			w.refused(w.b.AnswerFinding(ctx, "f1", true, asks, maker, now), store.ErrConflict, "另一人复核")
			w.refused(w.b.AnswerFinding(ctx, "f1", true, asks, other, now), ledger.ErrRole, "录入和复核都要由该部门的人办理")
			_, err = w.b.RecordFindings(ctx, []ledger.Finding{found("h1", true, "2026-02-09")}, asks, other, now)
			w.refused(err, ledger.ErrRole, "请由该部门的部门经办（D1）录入")
			w.refused(w.b.AnswerFinding(ctx, "none", true, asks, d2, now), store.ErrNotFound)
		})
		check(w.t, w.b.AnswerFinding(ctx, "f1", false, asks, d2, now))
		w.unchanged(func() {
			w.refused(w.b.AnswerFinding(ctx, "f1", true, asks, d2, now), store.ErrConflict, "已经复核过")
		})
	})
}

func TestImportFindings(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		const head = "统一社会信用代码,事项,条件,结果,金额,日期\n"
		check(w.t, w.s.PutEnterprises(ctx, []store.Enterprise{{USCC: "91310118MA1JN1AK1W", Name: "一"}, {USCC: "91310118MA1JP7UB2B", Name: "二"}}))
		read := func(rows string) (int, error) {
			return w.b.ImportFindings(ctx, intake.Bytes("认定.csv", []byte(head+rows)), "会议纪要〔2026〕3号", asks, d1, now)
		}
		w.unchanged(func() {
			_, err := read("91310118MA1JN1AK1W,rent,信用良好,也许,,2026-02-01\n123,rent,信用良好,是,,2026-02-01\n")
			var problems *intake.Problems
			if !errors.As(err, &problems) || len(problems.List) != 2 {
				w.t.Errorf("cells: %v", err)
			}
			_, err = read("91310118MA1JN1AK1W,rent,信用良好,是,,\n91310118MA1JP7UB2B,none,信用良好,是,,2026-02-01\n")
			w.refused(err, store.ErrInvalid, "第 1 条（91310118MA1JN1AK1W，rent）：没有填写认定日期", "第 2 条（91310118MA1JP7UB2B，none）：没有这个事项")
		})
		n, err := read("91310118MA1JN1AK1W,rent,信用良好,是,,2026-02-01\n91310118MA1JP7UB2B,rent,,,12.34,2026-02-01\n")
		check(w.t, err)
		list, err := w.b.FindingList(ctx, ledger.FindingFilter{Enterprise: "91310118MA1JP7UB2B"})
		check(w.t, err)
		if n != 2 || len(list) != 1 || *list[0].Amount != 1234 || list[0].Evidence != "会议纪要〔2026〕3号" {
			w.t.Errorf("%d imported, %+v", n, list)
		}
	})
}

func TestChoice(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.t.Context()
		c := ledger.Choice{Group: "租金", Enterprise: firm, Item: "rent"}
		w.audited("choice.made", firm, map[string]string{"by": e1, "group": "租金", "item": "rent"}, func() error { return w.b.Choose(ctx, c, e1, now) })
		c.Item = "buy"
		later := now.Add(time.Hour)
		check(w.t, w.b.Choose(ctx, c, d1, later))
		for _, x := range []struct {
			known time.Time
			want  string
		}{{time.Time{}, "buy"}, {later, "buy"}, {now, "rent"}, {last, ""}} {
			got, err := w.b.Choices(ctx, x.known)
			if err != nil || got[firm]["租金"] != x.want {
				w.t.Errorf("chosen as known at %v: %v, %v, want %s", x.known, got, err, x.want)
			}
		}
		w.unchanged(func() {
			c := ledger.Choice{Group: "租金", Enterprise: second, Item: "rent"}
			w.refused(w.b.Choose(ctx, c, e1, now), ledger.ErrRole, "企业经办（E1）")
			w.refused(w.b.Choose(ctx, c, f1, now), ledger.ErrRole)
			w.refused(w.b.Choose(ctx, c, "ghost", now), ledger.ErrRole)
			w.refused(w.b.Choose(ctx, ledger.Choice{Group: "租金", Item: "rent"}, e1, now), ledger.ErrRole)
			w.refused(w.b.Choose(ctx, ledger.Choice{Enterprise: firm, Item: "rent"}, e1, now), store.ErrInvalid, "互斥组")
			w.refused(w.b.Choose(ctx, ledger.Choice{Group: "租金", Enterprise: firm}, e1, now), store.ErrInvalid, "事项")
			w.refused(w.b.Choose(ctx, ledger.Choice{Group: "租金", Enterprise: "91310118MA00000009", Item: "rent"}, d1, now), store.ErrNotFound)
		})
	})
}
