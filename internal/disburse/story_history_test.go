package disburse_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/disburse"
	"mianshen/internal/disburse/granted"
	"mianshen/internal/fsck"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// clean proves the promises on the database.
func (d *desk) clean() {
	d.Helper()
	results, err := fsck.Run(d.Context(), d.db, func() {})
	if err != nil {
		d.Fatal(err)
	}
	for _, r := range results {
		if r.Count > 0 && r.Check.ID != "L2.once" && r.Check.ID != "A1.role" { // budget lines and roles of these tests come by SQL, without records
			d.Errorf("fsck %s: %+v", r.Check.ID, r.Findings)
		}
	}
}

// hold gives a person a role, proposed and confirmed by two others.
func (d *desk) hold(person, role, scope string) {
	d.Helper()
	id := person + role + scope
	d.exec(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, 'granted', 'maker', $5)`, id, person, role, scope, store.Stamp(now.Add(-time.Hour)))
	d.exec(`UPDATE role_grant SET confirmed_by = 'third', confirmed_at = $1 WHERE id = $2`, store.Stamp(now.Add(-time.Hour)), id)
}

const onceFirst = `id: p-first
title: 首次奖励办法
issuer: 区经委
in_force: {from: 2024-01-01, to: 2026-12-31}
clauses: [{ref: 第一条, text: "未获过奖励的，首次奖励一元。本年已获奖励的不再叠加。"}]
items:
  - id: first
    title: 首次奖励
    mode: auto
    period: year
    amount: '1 * 元'
    conditions:
      - {id: none, clause: 第一条, quote: 未获过奖励的, exclude: '曾获("item-0")', because: 没有获得过奖励, remedy: 不再奖励}
  - id: added
    title: 叠加奖励
    mode: auto
    period: year
    amount: '1 * 元'
    conditions:
      - {id: little, clause: 第一条, quote: 本年已获奖励的不再叠加, require: '已奖("item-0", 2025) <= 0 * 元', because: 本年没有获得奖励, remedy: 不再叠加}
`

const onceCases = `cases:
  - {name: 首次, kind: accepted, item: first, as_of: 2025-06-30, facts: {金额0: 1}, awards: [], expect: {outcome: eligible}}
  - {name: 得过, kind: refused, like: 首次, awards: [{事项: item-0, 所属期: "2024", 金额: 1, 发放日期: 2025-06-01}], expect: {outcome: ineligible, failed: [none]}}
  - {name: 第二天才得, kind: boundary, like: 首次, awards: [{事项: item-0, 所属期: "2024", 金额: 1, 发放日期: 2025-07-01}], expect: {outcome: eligible}}
  - {name: 不知道, kind: missing, item: first, as_of: 2025-06-30, facts: {金额0: 1}, expect: {outcome: unknown}}
  - {name: 本年没有, kind: accepted, item: added, as_of: 2025-06-30, facts: {金额0: 1}, awards: [], expect: {outcome: eligible}}
  - {name: 本年得过, kind: refused, like: 本年没有, awards: [{事项: item-0, 所属期: "2025", 金额: 1, 发放日期: 2025-06-01}], expect: {outcome: ineligible, failed: [little]}}
  - {name: 上年得过, kind: boundary, like: 本年没有, awards: [{事项: item-0, 所属期: "2024", 金额: 1, 发放日期: 2025-06-01}], expect: {outcome: eligible}}
  - {name: 不知道本年, kind: missing, item: added, as_of: 2025-06-30, facts: {金额0: 1}, expect: {outcome: unknown}}
`

// TestHistory lets conditions on what was granted before wait until somebody has said since when the ledger has everything and another
// has confirmed it, and then decides with what was brought in.
func TestHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.office.Past = granted.LookbackOf(d.db)
		d.hold("other", "D2", bureau)
		s := small{items: four(thing{}), firms: plain(3, 5, 2)}
		for i, code := range []string{"91310118832628001D", "91310118MA1JP7UB2B", "91310118XNQ4X1AB1Q"} {
			s.firms[i].code = code
		}
		d.role("D1", bureau)
		files := s.files()
		files["first/policy.yaml"] = &fstest.MapFile{Data: []byte(onceFirst)}
		files["first/cases.yaml"] = &fstest.MapFile{Data: []byte(onceCases)}
		d.publish(smallVocabulary, files, now.Add(-time.Hour))
		d.deliver(s.firms, now)
		clock := now
		tick := func() time.Time { clock = clock.Add(time.Minute); return clock }
		outcomes := func(item string) string {
			t.Helper()
			sweep := d.sweep(tick())
			text := ""
			for _, f := range s.firms {
				r, err := d.office.Replay(ctx, casework.DecisionID(sweep.ID, item, f.code))
				if err != nil || !r.Same {
					t.Fatal(err, r)
				}
				text += " " + string(r.Decision.Outcome)
			}
			return text
		}
		want := func(when, item, outcome string) {
			t.Helper()
			if got := outcomes(item); got != outcome {
				t.Errorf("%s: %s is%s, want%s", when, item, got, outcome)
			}
		}
		want("nobody says anything", "first", " unknown unknown unknown")

		book, err := d.office.Current(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b, owner := granted.New(d.db), granted.OwnerOf(book.Book)
		head := "统一社会信用代码,事项,所属期,依据,金额,发放日期\n"
		load := func(rows string) granted.File {
			t.Helper()
			f, err := b.Import(ctx, granted.Loading{Department: bureau, Name: "旧账.csv", Source: "2024 年以前的账", Body: []byte(head + rows)}, owner, "maker", tick())
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		state := func(since civil.Date, items ...string) string {
			t.Helper()
			ids, err := b.State(ctx, granted.Statement{Department: bureau, Since: since, Evidence: "对账记录"}, items, owner, "maker", tick())
			if err != nil {
				t.Fatal(err)
			}
			return ids[0]
		}
		agree := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		f := load(fmt.Sprintf("%s,item-0,2023,,8,2023-05-01\n%s,item-0,2025,,0.03,2025-03-01\n", s.firms[1].code, s.firms[0].code))
		id := state(civil.MustParse("2025-01-01"), "item-0")
		if err := b.AnswerStatement(ctx, id, true, "other", tick()); err == nil || !strings.Contains(err.Error(), "没有复核") {
			t.Errorf("whole over grants that wait: %v", err)
		}
		agree(b.AnswerFile(ctx, f.ID, true, "other", tick()))
		want("a statement that waits", "added", " unknown unknown unknown")
		agree(b.AnswerStatement(ctx, id, true, "other", tick()))
		want("whole since 2025", "added", " ineligible eligible eligible")
		want("whole since 2025", "first", " unknown unknown unknown")

		ever := state(civil.Date{}, "item-0")
		agree(b.AnswerStatement(ctx, ever, true, "other", tick()))
		want("whole from the beginning", "first", " ineligible ineligible eligible")

		d.line("L", bureau, 1000)
		p, err := d.Plan(ctx, disburse.Request{Department: bureau, Items: []string{"item-0"}}, tick())
		if err != nil || amounts(p) != "2B:5/5 1Q:2/2" || len(p.Left) != 1 || !strings.Contains(p.Left[0].Reason, "以前已经拨付") {
			t.Errorf("paid elsewhere for this year: %s, %+v, %v", amounts(p), p.Left, err)
		}
		if _, err := d.Draft(ctx, maker, disburse.Drafting{ID: "N1", Title: "名单", Request: disburse.Request{Department: bureau, Items: []string{"item-0"}}}, tick()); err != nil {
			t.Fatal(err)
		}
		more := load(s.firms[2].code + ",item-0,2022,,1,2022-05-01\n")
		want("while more waits", "first", " unknown unknown unknown")
		agree(b.AnswerFile(ctx, more.ID, false, "other", tick()))
		want("rejected", "first", " ineligible ineligible eligible")
		agree(b.End(ctx, ever, "另有别处发放", "other", tick()))
		want("ended", "first", " unknown unknown unknown")
		want("still whole since 2025", "added", " ineligible eligible eligible")
		_, err = b.Import(ctx, granted.Loading{Department: bureau, Name: "旧账.csv", Source: "账", Body: []byte(head + s.firms[1].code + ",item-0,2025,,1,2025-05-01\n")}, owner, "maker", tick())
		if err == nil || !strings.Contains(err.Error(), "第 2 行") || !strings.Contains(err.Error(), "名单 N1") {
			t.Errorf("brought in what is on a list: %v", err)
		}
		d.clean()
	})
}
