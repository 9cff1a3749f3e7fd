package disburse_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/disburse/lists"
	teller "mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/pay/paytest"
	"mianshen/internal/disburse/payout"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// number asks for one number.
func (d *desk) number(query string, args ...any) (n int64) {
	d.Helper()
	if err := d.db.DB().QueryRowContext(d.Context(), query, args...).Scan(&n); err != nil {
		d.Fatalf("%s: %v", query, err)
	}
	return n
}

// settled takes the list L1 the whole way, with a bank that pays all of it; accounts stand in the order of the firms.
func (d *desk) settled(firms []smallFirm, ring paytest.Ring) (over time.Time) {
	d.Helper()
	bank := teller.New(d.db, ring, payout.Debtor{Name: "示例财政局", Bank: "102290000017", Account: "1001234509000000001"})
	handler, over := teller.Actor{Person: "F1"}, now.AddDate(0, 0, 14)
	d.step("D2", lists.ActReview, now)
	d.step("D1", lists.ActConfirm, now)
	d.step("D1", lists.ActNotice, now)
	d.step("F1", lists.ActHandle, over)
	d.step("F2", lists.ActCheck, over)
	d.step("F3", lists.ActApprove, over)
	batch := paytest.Must[teller.Batch](d)(bank.Export(d.Context(), handler, "L1", civil.On(over.AddDate(0, 0, 7)), over))
	paytest.Must[teller.File](d)(bank.MakeFile(d.Context(), handler, batch.ID, "pain.001", filepath.Join(d.TempDir(), "file"), over))
	paytest.Check(d, bank.Send(d.Context(), handler, "L1", over))
	var answers []paytest.Answer
	rows, err := d.db.DB().QueryContext(d.Context(), `SELECT p.id, p.amount_fen, e.enterprise FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n ORDER BY p.id`)
	paytest.Check(d, err)
	for rows.Next() {
		a := paytest.Answer{Batch: batch.ID, Result: "成功", At: "2025-07-16 10:00:00"}
		firm := ""
		paytest.Check(d, rows.Scan(&a.Payment, &a.Fen, &firm))
		for i, f := range firms {
			if f.code == firm {
				a.Account = paytest.Account(i)
			}
		}
		answers = append(answers, a)
	}
	paytest.Check(d, rows.Close())
	paytest.Check(d, rows.Err())
	over = over.AddDate(0, 0, 1)
	paytest.Must[teller.Taken](d)(bank.TakeReceipts(d.Context(), handler, "a.csv", paytest.CSV(answers), over))
	if doubts, err := bank.Doubts(d.Context(), batch.ID); err != nil || len(doubts) > 0 {
		d.Fatalf("%+v, %v", doubts, err)
	}
	paytest.Check(d, bank.Settle(d.Context(), teller.Actor{Person: "F2"}, "L1", over))
	return over
}

// TestMoneyBack gives back a payment in two parts: each frees as much of the cap, and the last one the place in the group of exclusion and
// the time; the right itself stays settled.
func TestMoneyBack(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.persons()
		firms := plain(5)
		firms[0].amounts[1] = 4
		items := four(thing{total: 5, times: 1, rule: "highest"})
		items[1].rule = "highest"
		s := small{items: items, firms: firms}
		d.line("L", bureau, 100)
		d.publish(smallVocabulary, s.files(), now.Add(-time.Hour))
		d.deliver(firms, now)
		ring := paytest.NewRing(t)
		d.sweep(now.Add(time.Minute))
		d.accounts(firms, ring)
		if p := d.draft("L1", disburse.Request{Department: bureau}); amounts(p) != "00:5/5" {
			t.Fatalf("%s, %+v", amounts(p), p.Left)
		}
		at := d.settled(firms, ring)
		book := ledger.New(d.db)
		uses := func(want string) {
			t.Helper()
			got := fmt.Sprint(d.number(`SELECT sum(used_fen) FROM cap_use WHERE most_fen IS NOT NULL`), " ", d.number(`SELECT sum(used_times) FROM cap_use`), " ",
				d.number(`SELECT count(*) FROM entry_seat WHERE kind = 'exclusive'`))
			if got != want {
				t.Errorf("fen and times used of caps, places of exclusion: %s, want %s", got, want)
			}
		}
		again := func(want string) *disburse.Proposal {
			t.Helper()
			p, err := d.Plan(ctx, disburse.Request{Department: bureau}, at)
			if err != nil || amounts(p) != want {
				t.Errorf("proposes %q, %v, want %q: %+v", amounts(p), err, want, p.Left)
			}
			return p
		}
		uses("5 1 1")
		again("")
		payment := ""
		if err := d.db.DB().QueryRowContext(ctx, `SELECT id FROM payment`).Scan(&payment); err != nil {
			t.Fatal(err)
		}
		back := func(id string, fen exact.Money) {
			t.Helper()
			_, err := book.Propose(ctx, ledger.Recovery{ID: id, Payment: payment, Amount: fen, Reason: "核减"}, "maker", at)
			paytest.Check(t, err)
			uses(map[string]string{"R1": "5 1 1", "R2": "3 1 1"}[id]) // what is only claimed back frees nothing
			paytest.Check(t, book.ApproveRecovery(ctx, id, "F3", at))
			paytest.Check(t, book.Receive(ctx, id, "流水"+id, fen, "F1", at))
		}
		back("R1", 2)
		uses("3 1 1")
		again("")
		back("R2", 3)
		uses("0 0 0")
		if p := again("00:4/4"); p.Entries[0].Entitlement.Item != "item-1" {
			t.Errorf("%+v", p.Entries)
		} else if len(p.Left) != 1 || !strings.Contains(p.Left[0].Reason, "本笔已在名单 L1 上") {
			t.Errorf("what was given back is settled: %+v", p.Left)
		}
		if _, err := d.Draft(ctx, maker, disburse.Drafting{ID: "L2", Title: "名单", Request: disburse.Request{Department: bureau}}, at); err != nil {
			t.Fatal(err)
		}
		uses("0 0 1")
		d.clean()
	})
}

// TestLower gives back of a shared cap what an entry no longer takes: another item may claim it with a later list, and nobody else's entry changes.
func TestLower(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		firms := plain(5, 1)
		items := four(thing{total: 5, capGroup: true})
		items[1].total, items[1].capGroup = 5, true
		d.stage(small{items: items, firms: firms})
		d.line("L", bureau, 100)
		if p := d.draft("L1", disburse.Request{Department: bureau}); amounts(p) != "00:5/5 01:1/1" {
			t.Fatalf("%s, %+v", amounts(p), p.Left)
		}
		firms[0].amounts[1] = 3
		d.again(firms, now.Add(time.Hour))
		if p := d.plan(disburse.Request{Department: bureau}); len(p.Entries) != 0 {
			t.Fatalf("the cap is used up: %s", amounts(p))
		}
		paytest.Check(t, lists.New(d.db).Lower(t.Context(), maker, "L1", 1, 3, "核减", now))
		if used, sum := d.number(`SELECT max(used_fen) FROM cap_use`), d.number(`SELECT sum(amount_fen) FROM list_entry`); used != 3 || sum != 4 {
			t.Errorf("%d 分 of caps are used, %d 分 are on the list", used, sum)
		}
		if p := d.draft("L2", disburse.Request{Department: bureau}); amounts(p) != "00:2/3" {
			t.Errorf("what the other item gets: %s, %+v", amounts(p), p.Left)
		}
		d.clean()
	})
}

// TestDelayedFirst pays a first instalment one month and a second two months after the firm became eligible, however many sweeps there
// were between; a firm that became eligible later waits longer.
func TestDelayedFirst(t *testing.T) {
	const shares = "    instalments:\n      - {share: 50, after: 1m}\n      - {share: 50, after: 2m}\n"
	onBoth(t, func(t *testing.T, d *desk) {
		firms := plain(4, 4)
		firms[1].able[0] = false
		d.stage(small{items: four(thing{shares: shares}), firms: firms})
		d.line("L", bureau, 100)
		at := now.Add(time.Hour)
		propose := func(months, days int, want string) *disburse.Proposal {
			t.Helper()
			day, _ := demo.AsOf().AddMonths(months)
			day, _ = day.AddDays(days)
			at = now.AddDate(0, months, days+2)
			if _, err := d.office.Sweep(t.Context(), casework.SweepRequest{AsOf: day, Now: at, Hold: -1}, nil); err != nil {
				t.Fatal(err)
			}
			p, err := d.Plan(t.Context(), disburse.Request{Department: bureau}, at)
			if err != nil || amounts(p) != want {
				t.Errorf("on %s: %q, want %q, %v: %+v", day, amounts(p), want, err, p.Left)
			}
			return p
		}
		if p := propose(0, 10, ""); len(p.Left) != 1 || p.Left[0].Fate != disburse.Later || !strings.Contains(p.Left[0].Reason, "第 1 期到") {
			t.Errorf("%+v", p.Left)
		}
		firms[1].able[0] = true
		d.deliver(firms, now.AddDate(0, 0, 13))
		propose(0, 15, "")
		propose(1, 0, "00i1:2/2")
		p, err := d.Draft(t.Context(), maker, disburse.Drafting{ID: "L1", Title: "名单", Request: disburse.Request{Department: bureau}}, at)
		if err != nil || len(p.Entries) != 1 {
			t.Fatal(err, p)
		}
		propose(1, 16, "01i1:2/2")
		propose(2, 0, "00i2:2/2 01i1:2/2")
	})
}

// TestAdd puts on a draft what was removed of another list, by what the proposal says and nothing else.
func TestAdd(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		firms := plain(3, 2, 0)
		firms[0].amounts[1] = 1
		d.stage(small{items: four(thing{}), firms: firms})
		d.line("L", bureau, 100)
		book := lists.New(d.db)
		d.draft("L1", disburse.Request{Department: bureau, Items: []string{"item-1"}})
		hash := func() (h string) {
			if err := d.db.DB().QueryRowContext(ctx, `SELECT coalesce(hash, '') FROM disbursement_list WHERE id = 'L1'`).Scan(&h); err != nil {
				t.Fatal(err)
			}
			return h
		}
		add := func(firm, reason string, items ...string) error {
			_, err := d.Add(ctx, maker, disburse.Addition{List: "L1", Enterprise: firm, Items: items, Reason: reason}, now)
			return err
		}
		for _, x := range []struct {
			err  error
			says string
		}{
			{add(firms[2].code, "漏列"), "没有可以加入的条目"},
			{add(firms[0].code, "漏列", "item-1"), "本笔已在名单 L1 上"},
			{add(firms[0].code, "", "item-0"), "请写明原因"},
			{add(firms[0].code, "漏列", "none"), "没有事项"},
			{func() error {
				_, err := d.Add(ctx, lists.Actor{Person: "other", Role: "D1"}, disburse.Addition{List: "L1", Enterprise: firms[0].code, Reason: "漏列"}, now)
				return err
			}(), "部门经办"},
		} {
			if x.err == nil || !strings.Contains(x.err.Error(), x.says) {
				t.Errorf("%v, want %s", x.err, x.says)
			}
		}
		before, records := hash(), d.number(`SELECT count(*) FROM audit_record WHERE kind = 'list.added'`)
		paytest.Check(t, add(firms[0].code, "漏列", "item-0"))
		paytest.Check(t, add(firms[1].code, "漏列"))
		if n, sum := d.number(`SELECT count(*) FROM list_entry WHERE list = 'L1' AND status = 'in'`), d.number(`SELECT sum(amount_fen) FROM list_entry`); n != 3 || sum != 6 {
			t.Errorf("%d entries of %d 分", n, sum)
		}
		if d.number(`SELECT count(*) FROM audit_record WHERE kind = 'list.added'`) != records+2 || before != "" && hash() == before {
			t.Error("no record, or the hash stayed")
		}
		d.hold("other", "D2", bureau)
		paytest.Check(t, book.Remove(ctx, maker, "L1", 2, "另行核实", now))
		if err := add(firms[0].code, "漏列", "item-0"); err == nil || !strings.Contains(err.Error(), "移出过") {
			t.Errorf("what was removed came back on the same list: %v", err)
		}
		d.clean()
	})
}
