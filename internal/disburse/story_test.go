package disburse_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/disburse/recheck"
	"mianshen/internal/disburse/report"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

const bureau = "区经委"

// plain are firms that stand alone, able for every item, with the given amounts for item-0.
func plain(amounts ...int) (out []smallFirm) {
	for n, a := range amounts {
		out = append(out, smallFirm{code: fmt.Sprintf("9131%014d", n), group: fmt.Sprint("集团", n), able: [4]bool{true, true, true, true}, amounts: [4]int{a}})
	}
	return out
}

// four are items of which only the first can bring anything to plain firms.
func four(first thing) []thing {
	first.id = "item-0"
	return []thing{first, {id: "item-1", field: 1}, {id: "item-2", field: 2}, {id: "item-3", field: 3}}
}

// stage publishes items, delivers firms and sweeps.
func (d *desk) stage(s small) {
	d.Helper()
	d.role("D1", bureau)
	d.publish(smallVocabulary, s.files(), now.Add(-time.Hour))
	d.deliver(s.firms, now)
	d.sweep(now.Add(time.Minute))
}

func (d *desk) again(firms []smallFirm, at time.Time) store.Sweep {
	d.Helper()
	d.deliver(firms, at)
	return d.sweep(at.Add(time.Minute))
}

// amounts writes what a proposal pays, entry by entry.
func amounts(p *disburse.Proposal) string {
	var out []string
	for _, e := range p.Entries {
		out = append(out, fmt.Sprintf("%s%s:%d/%d", e.Entitlement.Enterprise[16:], e.Part, e.Amount, e.Entitlement.Amount))
	}
	return strings.Join(out, " ")
}

// TestShort divides a line that has 7 分 among claims of 3, 5 and 2.
func TestShort(t *testing.T) {
	for rule, want := range map[string]string{"hold": "", "prorate": "00:2/3 01:4/5 02:1/2", "rank": ""} {
		onBoth(t, func(t *testing.T, d *desk) {
			d.stage(small{items: four(thing{short: rule}), firms: plain(3, 5, 2)})
			d.line("L", bureau, 7)
			p := d.plan(disburse.Request{Department: bureau})
			if rule == "rank" { // equal scores and times: by id of the entitlement, whole until the money ends
				if p.Total() != 7 {
					t.Errorf("rank pays %s", amounts(p))
				}
				return
			}
			if amounts(p) != want || len(p.Lines) != 1 || p.Lines[0].Due != 10 || p.Lines[0].Available != 7 || !strings.Contains(p.Lines[0].Problem, "不足") {
				t.Errorf("%s pays %q, want %q; %+v", rule, amounts(p), want, p.Lines)
			}
			d.allot("L", 3)
			if p := d.plan(disburse.Request{Department: bureau}); p.Total() != 10 || len(p.Left) != 0 {
				t.Errorf("with enough money %s pays %s, leaves %+v", rule, amounts(p), p.Left)
			}
		})
	}
}

// TestLines has no line, one that nobody approved, one of the year before, and one carried over from it.
func TestLines(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.stage(small{items: four(thing{}), firms: plain(3)})
		says := func(want string) {
			t.Helper()
			p := d.plan(disburse.Request{Department: bureau})
			if len(p.Entries) != 0 || len(p.Left) != 1 || p.Left[0].Fate != disburse.NoLine || !strings.Contains(p.Left[0].Reason, want) {
				t.Errorf("%+v, want %q", p, want)
			}
		}
		says("没有预算额度“L”")
		const open = `INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, carried_from, opened_by, opened_at)
			VALUES ($1, $2, $3, $4, '101001', 'P1', '2150805', '50701', $5, 'maker', $6)`
		d.exec(open, "old", "L", 2024, bureau, nil, store.Stamp(now))
		says("2025 年没有可用额度")
		d.exec(open, "new", "结转", 2025, bureau, "old", store.Stamp(now))
		says("还没有审核")
		d.exec(`UPDATE budget_line SET approved_by = 'other', approved_at = $1 WHERE id = 'new'`, store.Stamp(now))
		d.allot("new", 3)
		if p := d.plan(disburse.Request{Department: bureau}); amounts(p) != "00:3/3" || p.Entries[0].Line != "new" {
			t.Errorf("carried over: %+v", p)
		}
		if _, err := d.Plan(t.Context(), disburse.Request{Department: bureau, Year: 2024}, now); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("last year: %v", err)
		}
		if _, err := d.Plan(t.Context(), disburse.Request{Department: "区科委", Items: []string{"item-0"}}, now); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("another department's item: %v", err)
		}
	})
}

// TestInstalments pays two fifths at once, and the rest on the first sweep a month later whose facts fulfil its condition.
func TestInstalments(t *testing.T) {
	const shares = "    instalments:\n      - {share: 40}\n      - {share: 60, after: 1m, conditions: [{id: still, clause: 第一条, quote: 有资格, require: 资格1, because: 仍有资格}]}\n"
	onBoth(t, func(t *testing.T, d *desk) {
		firms := plain(3, 3)
		d.stage(small{items: four(thing{shares: shares}), firms: firms})
		d.line("L", bureau, 100)
		p := d.draft("L1", disburse.Request{Department: bureau})
		if amounts(p) != "00i1:1/1 01i1:1/1" || len(p.Left) != 2 || p.Left[0].Fate != disburse.Later {
			t.Fatalf("first: %s, %+v", amounts(p), p.Left)
		}
		firms[1].able[1] = false
		d.deliver(firms, now.Add(time.Hour))
		after := now.AddDate(0, 1, 2)
		day, _ := demo.AsOf().AddMonths(1)
		if _, err := d.office.Sweep(t.Context(), casework.SweepRequest{AsOf: day, Now: after, Hold: -1}, nil); err != nil {
			t.Fatal(err)
		}
		p, err := d.Plan(t.Context(), disburse.Request{Department: bureau}, after)
		if err != nil || amounts(p) != "00i2:2/2" || p.Entries[0].Decision[:2] != "1-" {
			t.Fatalf("second: %s, %v\n%+v", amounts(p), err, p.Left)
		}
		if last := p.Left[len(p.Left)-1]; last.Part != "i2" || !strings.Contains(last.Reason, "仍有资格") {
			t.Errorf("the other firm: %+v", last)
		}
	})
}

// TestRecheck changes facts after drafting.
func TestRecheck(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		firms := plain(3, 3, 3)
		items := small{items: four(thing{}), firms: firms}
		d.stage(items)
		d.line("L", bureau, 100)
		d.draft("L1", disburse.Request{Department: bureau})
		firms[0].able[0], firms[1].amounts[0] = false, 2
		d.deliver(firms, now.Add(time.Hour))
		if _, err := recheck.List(t.Context(), d.office, "L1"); !errors.Is(err, recheck.ErrStale) || !errors.Is(err, store.ErrConflict) {
			t.Fatalf("a delivery that no comparison knows: %v", err)
		}
		d.sweep(now.Add(time.Hour + time.Minute))
		type row struct {
			kind   recheck.Kind
			now    exact.Money
			reason string
		}
		same := func(rows ...row) {
			t.Helper()
			entries, err := recheck.List(t.Context(), d.office, "L1")
			if err != nil || len(entries) != len(rows) {
				t.Fatalf("%+v, %v", entries, err)
			}
			for i, want := range rows {
				if e := entries[i]; e.Kind != want.kind || e.Now != want.now || !strings.Contains(e.Reason, want.reason) || e.Was != 3 || (e.Reason == "") != (want.reason == "") {
					t.Errorf("entry %d: %+v, want %+v", i+1, e, want)
				}
			}
		}
		same(row{recheck.Lost, 0, "不满足“有资格（第一条）”"}, row{recheck.Changed, 2, "现在核算"}, row{recheck.Still, 3, ""})
		items.items[0].also = " and 企业 == \"好\"" // a fact that nobody has delivered yet
		d.publish(smallVocabulary, items.files(), now.Add(time.Hour))
		d.again(firms, now.Add(2*time.Hour))
		same(row{recheck.Lost, 0, "不满足"}, row{recheck.Unknown, 0, "缺少企业"}, row{recheck.Unknown, 0, "缺少企业"})
		if _, err := recheck.List(t.Context(), d.office, "nothing"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no list: %v", err)
		}
	})
}

// pay makes the first entries of a list paid, as if the bank had said so, past the way that leads there.
func (d *desk) pay(list string, numbers ...int) {
	d.Helper()
	if d.db.Kind() == store.SQLite {
		d.exec("DROP TRIGGER payment_begins")
		d.exec("DROP TRIGGER payment_account")
		d.exec("DROP TRIGGER payment_batch_whole")
	} else {
		d.exec("ALTER TABLE payment DISABLE TRIGGER USER")
		d.exec("ALTER TABLE payment_batch DISABLE TRIGGER USER")
	}
	d.exec(`INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at)
		SELECT 'A' || e.n, e.enterprise, e.name, '102290000001', $1, '****', $2, '示例', 'maker', $3 FROM list_entry e WHERE e.list = $4`,
		[]byte{1}, strings.Repeat("0", 64), store.Stamp(now), list)
	err := d.db.Transact(d.Context(), func(tx *store.Tx) error {
		var sum int64
		for _, n := range numbers {
			if _, err := tx.Exec(d.Context(), `INSERT INTO payment (id, list, n, attempt, batch, account, line, amount_fen, state, moved_at, moved_by)
				SELECT 'P' || e.n, e.list, e.n, 1, 'B', 'A' || e.n, e.line, e.amount_fen, 'paid', $1, 'maker' FROM list_entry e WHERE e.list = $2 AND e.n = $3`, store.Stamp(now), list, n); err != nil {
				return err
			}
			var one int64
			if err := tx.QueryRow(d.Context(), `SELECT amount_fen FROM list_entry WHERE list = $1 AND n = $2`, list, n).Scan(&one); err != nil {
				return err
			}
			sum += one
		}
		_, err := tx.Exec(d.Context(), `INSERT INTO payment_batch (id, list, round, list_hash, made_on, lines, sum_fen, made_by, made_at) VALUES ('B', $1, 1, $2, $3, $4, $5, 'maker', $6)`,
			list, strings.Repeat("0", 64), store.Day(demo.AsOf()), len(numbers), sum, store.Stamp(now))
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
}

// TestCorrect corrects facts backwards after three of four firms were paid: one gets more, one gives back a part, one all, one is new,
// and the one that wasn't paid yet is left to its list. A second correction on top finds nothing.
func TestCorrect(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		firms := plain(3, 3, 3, 3, 0)
		d.stage(small{items: four(thing{total: 9}), firms: firms})
		d.line("L", bureau, 100)
		d.draft("L1", disburse.Request{Department: bureau})
		d.pay("L1", 1, 2, 3)
		firms[0].amounts[0], firms[1].amounts[0], firms[2].able[0], firms[3].amounts[0], firms[4].amounts[0] = 7, 1, false, 2, 4
		d.deliver(firms, now.Add(time.Hour))
		s, err := d.office.Sweep(t.Context(), casework.SweepRequest{AsOf: demo.AsOf(), Now: now.Add(2 * time.Hour), Purpose: store.Retroactive, Hold: -1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := disburse.CorrectionRequest{Department: bureau, Item: "item-0", Sweep: s.ID}
		c, err := d.DraftCorrection(t.Context(), maker, disburse.Drafting{ID: "S1", Title: "补发"}, r, now)
		if err != nil || amounts(&c.Proposal) != "00c1:4/4 04:4/4" {
			t.Fatalf("%v, %+v", err, c)
		}
		if len(c.Recoveries) != 2 || c.Recoveries[0].Payment+c.Recoveries[1].Payment != "P2P3" || c.Recoveries[0].Amount != 2 || c.Recoveries[1].Amount != 3 {
			t.Errorf("recoveries %+v", c.Recoveries)
		}
		if len(c.Left) != 1 || c.Left[0].Enterprise != firms[3].code || c.Left[0].Fate != disburse.Before {
			t.Errorf("left %+v", c.Left)
		}
		for i, x := range c.Recoveries {
			d.exec(`INSERT INTO recovery (id, payment, enterprise, amount_fen, reason, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, 'maker', $6)`,
				fmt.Sprint("R", i), x.Payment, x.Enterprise, int64(x.Amount), x.Reason, store.Stamp(now))
		}
		c, err = d.Correct(t.Context(), r, now)
		if err != nil || len(c.Entries) != 0 || len(c.Recoveries) != 0 {
			t.Errorf("once more: %v, %+v", err, c)
		}
		// The correction was a mistake. What is claimed back is still with the firms: nothing is paid on top of it.
		firms[1].amounts[0], firms[2].able[0] = 3, true
		d.deliver(firms, now.Add(3*time.Hour))
		if s, err = d.office.Sweep(t.Context(), casework.SweepRequest{AsOf: demo.AsOf(), Now: now.Add(4 * time.Hour), Purpose: store.Retroactive, Hold: -1}, nil); err != nil {
			t.Fatal(err)
		}
		r.Sweep = s.ID
		if c, err = d.Correct(t.Context(), r, now); err != nil || len(c.Entries) != 0 || len(c.Recoveries) != 0 {
			t.Errorf("back again: %v, %+v", err, c)
		}
		waiting := 0
		for _, l := range c.Left {
			if l.Fate == disburse.Unknown && strings.Contains(l.Reason, "正在追回") {
				waiting++
			}
		}
		if waiting != 2 {
			t.Errorf("%d firms wait for what is claimed back: %+v", waiting, c.Left)
		}
	})
}

// TestReport counts items, pairs and what lies on lists.
func TestReport(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.stage(small{items: four(thing{}), firms: plain(3, 2)})
		d.line("L", bureau, 100)
		d.draft("L1", disburse.Request{Department: bureau})
		d.exec(`UPDATE list_entry SET status = 'held', note = '异议' WHERE list = 'L1' AND n = 2`)
		r, err := report.Of(t.Context(), d.office, 2025)
		if err != nil || r.Items != (report.Share{Auto: 4}) || r.Items.Permille() != 1000 || r.Pairs.Auto != 8 || len(r.Lines) != 4 {
			t.Fatalf("%+v, %v", r, err)
		}
		if l := r.Lines[0]; l.Item != "item-0" || l.Eligible != 2 || l.Open != (report.Sum{Count: 1, Fen: 3}) || l.Held != (report.Sum{Count: 1, Fen: 2}) || l.Paid.Count != 0 {
			t.Errorf("%+v", l)
		}
		if r.Keep(nil); len(r.Lines) != 4 {
			t.Errorf("kept for all: %+v", r.Lines)
		}
		if r.Keep([]string{bureau}); len(r.Lines) != 4 {
			t.Errorf("kept for its own: %+v", r.Lines)
		}
		if r.Keep([]string{"别的部门"}); len(r.Lines) != 0 || r.Items.Auto != 4 {
			t.Errorf("kept for another: %+v", r)
		}
	})
}

// TestTwoDesks drafts what another desk has put on a list meanwhile: the database refuses all of it.
func TestTwoDesks(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		d.stage(small{items: four(thing{}), firms: plain(3, 2)})
		d.line("L", bureau, 100)
		p := d.plan(disburse.Request{Department: bureau})
		d.draft("L1", disburse.Request{Department: bureau})
		err := lists.New(d.db).Draft(t.Context(), maker, lists.Draft{ID: "L2", Title: "迟到", Department: bureau, Kind: "regular", Sweep: p.Sweep, Entries: p.Entries}, now)
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("the late list: %v", err)
		}
		if _, err := d.Draft(t.Context(), maker, disburse.Drafting{ID: "L2", Title: "迟到", Request: disburse.Request{Department: bureau}}, now); !errors.Is(err, store.ErrConflict) {
			t.Errorf("nothing left: %v", err)
		}
	})
}
