package casework_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/disburse/granted"
	"mianshen/internal/disburse/ledger"
	"mianshen/internal/store"
	"mianshen/rules"
)

const lookingBack = `id: p-1
title: 示例奖励
in_force: {from: 2025-01-01, to: 2026-12-31}
clauses: [{ref: 第一条, text: "营业收入五百万元以上且影响力大、未获其他奖励的，奖励一万元。"}]
items:
  - id: award
    title: 奖励
    conditions:
      - {id: revenue, clause: 第一条, quote: 营业收入五百万元以上, require: 营业收入 >= 取值("门槛"), because: 收入达到门槛, remedy: 达到后再比对}
      - {id: judged, clause: 第一条, quote: 影响力大, manual: 影响力大, because: 影响力大, remedy: 请主管部门认定}
  - id: once
    title: 首次奖励
    conditions:
      - {id: first, clause: 第一条, quote: 未获其他奖励, exclude: '曾获("award")', because: 没有获得过奖励, remedy: 不再奖励}
`

// before brings in what was granted before there was a ledger, and has it said that there was nothing else.
func before(t *testing.T, b *granted.Book, at time.Time) {
	t.Helper()
	owner := func(string) (string, bool) { return "区经委", true }
	f, err := b.Import(t.Context(), granted.Loading{
		Department: "区经委", Name: "a.csv", Source: "旧账", Body: []byte("统一社会信用代码,事项,所属期,依据,金额,发放日期\n91310118832628001D,award,2024,,1,2025-06-01\n"),
	}, owner, "d1", at)
	if err == nil {
		err = b.AnswerFile(t.Context(), f.ID, true, "d2", at.Add(time.Second))
	}
	var ids []string
	if err == nil {
		ids, err = b.State(t.Context(), granted.Statement{Department: "区经委", Evidence: "旧账"}, []string{"award"}, owner, "d1", at.Add(2*time.Second))
	}
	if err == nil {
		err = b.AnswerStatement(t.Context(), ids[0], true, "d2", at.Add(3*time.Second))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// persons gives the store a D1 and a D2 of one department.
func persons(t *testing.T, s *store.Store) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO person (id, name, created_at) VALUES ('d1', '甲', $1), ('d2', '乙', $1), ('g1', '丙', $1), ('g2', '丁', $1)`,
		`INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ('a', 'd1', 'D1', '区经委', 'granted', 'g1', $1), ('b', 'd2', 'D2', '区经委', 'granted', 'g1', $1)`,
		`UPDATE role_grant SET confirmed_by = 'g2', confirmed_at = $1`,
	} {
		if err := s.Transact(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), statement, store.Stamp(now))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPast confirms a finding between two sweeps: it counts from the second one on, and both can be computed again to the byte,
// by an office that has only the store and the same past.
func TestPast(t *testing.T) {
	onBoth(t, func(t *testing.T, o *casework.Office) {
		ctx := t.Context()
		persons(t, o.Store)
		book := ledger.New(o.Store)
		past := granted.LookbackOf(o.Store)
		o.Past = past
		v, list := firms(t)
		proposal, err := o.ProposeWith(ctx, []byte(vocabulary), fstest.MapFS{
			"p/policy.yaml": {Data: []byte(lookingBack)}, "p/values.yaml": {Data: []byte(values)}, "p/cases.yaml": {Data: []byte(backCases)},
		}, "x")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Publish(ctx, proposal, "甲", now); err != nil {
			t.Fatal(err)
		}
		receive(t, o, v, list, now)
		if err := o.Store.PutEnterprises(ctx, []store.Enterprise{{USCC: "91310118832628001D", Name: "甲公司"}}); err != nil {
			t.Fatal(err)
		}
		before(t, past.Granted, now.Add(30*time.Second))
		first := must(sweepOn(ctx, o, "1", now.Add(time.Minute)))(t)
		const firm = "91310118MA1JP7UB2B"
		yes := true
		asks := func(string) (ledger.Demand, bool) {
			return ledger.Demand{Department: "区经委", Conditions: []string{"judged"}}, true
		}
		ids, err := book.RecordFindings(ctx, []ledger.Finding{{Evidence: "核查记录", PersonFinding: rules.PersonFinding{
			Enterprise: firm, Item: "award", Condition: "judged", Result: &yes, On: asOf,
		}}}, asks, "d1", now.Add(2*time.Minute))
		if err == nil {
			err = book.AnswerFinding(ctx, ids[0], true, asks, "d2", now.Add(3*time.Minute))
		}
		if err != nil {
			t.Fatal(err)
		}
		second := must(sweepOn(ctx, o, "2", now.Add(time.Hour)))(t)
		got := differences(t, o, second.ID)
		if len(got) != 1 || got[0].Enterprise != firm || got[0].Item != "award" || got[0].Turn != store.Entered {
			t.Errorf("differences of the second sweep: %+v", got)
		}
		again := casework.New(o.Store)
		again.Past = past
		for _, office := range []*casework.Office{o, again} {
			for id, want := range map[string]string{
				casework.DecisionID(first.ID, "award", firm):                "unknown",
				casework.DecisionID(second.ID, "award", firm):               "eligible",
				casework.DecisionID(first.ID, "once", "91310118832628001D"): "ineligible",
				casework.DecisionID(first.ID, "once", firm):                 "eligible",
			} {
				r, err := office.Replay(ctx, id)
				if err != nil || !r.Same || string(r.Decision.Outcome) != want {
					t.Errorf("%s is %s, the same %t, %v; want %s", id, r.Decision.Outcome, r.Same, err, want)
				}
			}
			for _, sweep := range []store.Sweep{first, second} {
				report, err := office.ReplayAll(ctx, sweep.ID, nil)
				if err != nil || report.WrongTotal != 0 || report.Pairs != 6 {
					t.Errorf("sweep %d again: %+v, %v", sweep.ID, report, err)
				}
			}
		}
		blind := casework.New(o.Store) // without the past the same can't come out, and it is seen
		report, err := blind.ReplayAll(ctx, second.ID, nil)
		if err != nil || report.WrongTotal == 0 || !strings.Contains(strings.Join(report.Wrong, "\n"), firm) {
			t.Errorf("without the past: %+v, %v", report, err)
		}
	})
}

// TestUnknownHistory lets what asks for the history wait as long as nobody says that the ledger has all of it.
func TestUnknownHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, o *casework.Office) {
		o.Past = granted.LookbackOf(o.Store)
		around, err := o.Circumstances(t.Context(), store.Sweep{ID: 1, Plan: store.Plan{AsOf: asOf, KnownAt: now}})
		if err != nil || around.History != nil || around.Findings == nil || around.AsOf != asOf {
			t.Errorf("%+v, %v", around, err)
		}
	})
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

const backCases = `cases:
  - {name: 认定, kind: accepted, item: award, as_of: 2025-06-30, facts: {营业收入: 6000000}, findings: {judged: 是}, expect: {outcome: eligible}}
  - {name: 没有达到, kind: refused, like: 认定, facts: {营业收入: 1}, expect: {outcome: ineligible, failed: [revenue]}}
  - {name: 差一分, kind: boundary, like: 认定, facts: {营业收入: 4999999.99}, expect: {outcome: ineligible, failed: [revenue]}}
  - {name: 没有数据, kind: missing, like: 认定, facts: {营业收入: ~}, expect: {outcome: unknown, missing: [营业收入]}}
  - {name: 首次, kind: accepted, item: once, as_of: 2025-06-30, facts: {营业收入: 1}, awards: [], expect: {outcome: eligible}}
  - {name: 得过, kind: refused, like: 首次, awards: [{事项: award, 所属期: "2024", 金额: 1, 发放日期: 2025-06-01}], expect: {outcome: ineligible, failed: [first]}}
  - {name: 第二天才得, kind: boundary, like: 首次, awards: [{事项: award, 所属期: "2024", 金额: 1, 发放日期: 2025-07-01}], expect: {outcome: eligible}}
  - {name: 不知道得没得过, kind: missing, item: once, as_of: 2025-06-30, facts: {营业收入: 1}, expect: {outcome: unknown}}
`
