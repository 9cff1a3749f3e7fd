package casework_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const vocabulary = `fields:
  - {name: 营业收入, id: revenue, type: money, unit: 元, source: 区税务局}
  - {name: 失信, id: dishonest, type: bool, source: 区法院}
  - {name: 占比, id: share, type: decimal, unit: "%", source: 区税务局}
  - name: 合同
    id: leases
    type: table
    source: 区房管局
    key: 合同号
    columns: [{name: 租金, id: rent, type: money, unit: 元}, {name: 标签, id: tags, type: set}]
`

const policy = `id: p-1
title: 示例奖励
in_force: {from: 2025-01-01, to: 2026-12-31}
clauses: [{ref: 第一条, text: "营业收入五百万元以上且未失信的，奖励一万元。"}]
items:
  - id: award
    title: 奖励
    conditions:
      - {id: revenue, clause: 第一条, quote: 营业收入五百万元以上, require: 营业收入 >= 取值("门槛"), because: 收入达到门槛, remedy: 达到后再比对}
      - {id: dishonest, clause: 第一条, quote: 未失信, exclude: 失信, because: 未失信, remedy: 信用修复}
    amount: 1*万元
`

const values = `values: [{name: 门槛, unit: 万元, clause: 第一条, dated: [{from: 2025-01-01, value: 500}]}]
`

const cases = `cases:
  - {name: 达到, kind: accepted, item: award, as_of: 2025-06-30, facts: {营业收入: 6000000, 失信: 否}, expect: {outcome: eligible, amount: "10000.00"}}
  - {name: 没有达到, kind: refused, like: 达到, facts: {营业收入: 1}, expect: {outcome: ineligible, failed: [revenue]}}
  - {name: 差一分, kind: boundary, like: 达到, facts: {营业收入: 4999999.99}, expect: {outcome: ineligible, failed: [revenue]}}
  - {name: 没有失信数据, kind: missing, like: 达到, facts: {失信: ~}, expect: {outcome: unknown, missing: [失信]}}
`

var (
	now  = time.Date(2025, 7, 1, 9, 0, 0, 0, time.UTC)
	asOf = civil.MustParse("2025-06-30")
)

func folder(values, cases string) fstest.MapFS {
	return fstest.MapFS{"p/policy.yaml": {Data: []byte(policy)}, "p/values.yaml": {Data: []byte(values)}, "p/cases.yaml": {Data: []byte(cases)}}
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, o *casework.Office)) {
	for kind, address := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + t.TempDir() + "/a.db" },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(kind, func(t *testing.T) {
			db, err := store.Open(t.Context(), address(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, casework.New(db))
		})
	}
}

func publish(t *testing.T, o *casework.Office, vocabulary []byte, values, cases string) []casework.Published {
	t.Helper()
	p, err := o.ProposeWith(t.Context(), vocabulary, folder(values, cases), "x")
	if err != nil {
		t.Fatal(err)
	}
	out, err := o.Publish(t.Context(), p, "甲", now)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// firms are three: one well above, one 400 万元, one without a credit record.
func firms(t *testing.T) (*rules.Vocabulary, *intake.Batch) {
	t.Helper()
	v, ms := rules.ParseVocabulary("v", []byte(vocabulary))
	if v == nil {
		t.Fatal(ms)
	}
	set := func(p *rules.Profile, name, cell string) {
		f, _ := v.Field(name)
		val, err := f.Parse(cell, "")
		if err == nil && val != nil {
			err = p.Set(f, rules.Fact{Value: val, Source: f.Source, On: asOf})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	out := &intake.Batch{Names: map[string]string{}}
	for code, facts := range map[string][2]string{"91310118MA1JP7UB2B": {"8000000", "否"}, "91310118832628001D": {"4000000", "否"}, "9131011877976576X6": {"8000000", ""}} {
		p := rules.NewProfile(v, code)
		set(p, "营业收入", facts[0])
		set(p, "失信", facts[1])
		out.Names[code] = "示例" + code[len(code)-3:]
		out.Profiles = append(out.Profiles, p)
	}
	slices.SortFunc(out.Profiles, func(a, b *rules.Profile) int { return strings.Compare(a.Enterprise, b.Enterprise) })
	return v, out
}

// receive delivers firms.
func receive(t *testing.T, o *casework.Office, v *rules.Vocabulary, batch *intake.Batch, at time.Time) {
	t.Helper()
	if _, err := arrival.ReceiveProfiles(t.Context(), o.Store, v, batch, asOf, at, "测试"); err != nil {
		t.Fatal(err)
	}
}

func sweepOn(ctx context.Context, o *casework.Office, slot string, at time.Time) (store.Sweep, error) {
	return o.Sweep(ctx, casework.SweepRequest{AsOf: asOf, Now: at, Slot: slot}, nil)
}

func TestPublishSweepExplain(t *testing.T) {
	onBoth(t, func(t *testing.T, o *casework.Office) {
		ctx := t.Context()
		if _, err := o.Current(ctx); !errors.Is(err, casework.ErrNothing) {
			t.Fatalf("an empty store: %v", err)
		}
		first := publish(t, o, []byte(vocabulary), values, cases)
		if again := publish(t, o, nil, values, cases); again[0].Version != first[0].Version || again[0].New || again[0].Changed {
			t.Errorf("the same content again: %+v", again[0])
		}
		v, list := firms(t)
		receive(t, o, v, list, now)
		sweep, err := sweepOn(ctx, o, "s1", now)
		if err != nil || sweep.Eligible != 1 || sweep.Ineligible != 1 || sweep.Unknown != 1 {
			t.Fatalf("sweep %+v, %v", sweep, err)
		}
		if same, err := sweepOn(ctx, o, "s1", now); !errors.Is(err, store.ErrSlotTaken) || same.ID != sweep.ID {
			t.Errorf("the slot twice: %+v, %v", same, err)
		}
		want := map[string]rules.Outcome{"91310118MA1JP7UB2B": rules.Eligible, "91310118832628001D": rules.Ineligible, "9131011877976576X6": rules.Unknown}
		for code, outcome := range want {
			reasons, of, err := o.Reasons(ctx, code)
			if err != nil || of.ID != sweep.ID || len(reasons) != 1 || reasons[0].Explanation.Outcome != outcome || !reasons[0].Reproduced {
				t.Errorf("%s: %+v, %v; want %s", code, reasons, err, outcome)
				continue
			}
			e, err := o.Explain(ctx, reasons[0].Decision.ID)
			if err != nil || !e.Reproduced || e.Name == "" || e.Explanation.Conditions[0].Quote != "营业收入五百万元以上" {
				t.Errorf("%s: %+v, %v", code, e, err)
			}
		}
		if _, err := o.Explain(ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("unknown decision: %v", err)
		}
	})
}

// TestDifference holds what publishing would change, and that old decisions stay what they were after it has changed.
func TestDifference(t *testing.T) {
	onBoth(t, func(t *testing.T, o *casework.Office) {
		ctx := t.Context()
		publish(t, o, []byte(vocabulary), values, cases)
		v, list := firms(t)
		receive(t, o, v, list, now)
		if _, err := sweepOn(ctx, o, "", now); err != nil {
			t.Fatal(err)
		}
		old, _, err := o.Reasons(ctx, "91310118832628001D")
		if err != nil {
			t.Fatal(err)
		}
		lower := strings.Replace(values, "value: 500", "value: 300", 1)
		lowerCases := strings.Replace(cases, "4999999.99", "2999999.99", 1)
		p, err := o.Propose(ctx, folder(lower, lowerCases), "x")
		if err != nil {
			t.Fatal(err)
		}
		diff, err := o.Difference(ctx, p, asOf, now)
		if err != nil || len(diff) != 1 || diff[0].Entered != 1 || diff[0].Left != 0 || diff[0].After.String() != "2000000" || diff[0].Before.String() != "1000000" {
			t.Fatalf("difference %+v, %v", diff, err)
		}
		if _, err := o.Publish(ctx, p, "乙", now); err != nil {
			t.Fatal(err)
		}
		e, err := o.Explain(ctx, old[0].Decision.ID)
		if err != nil || e.Explanation.Outcome != rules.Ineligible || !e.Reproduced {
			t.Errorf("the decision before the change: %+v, %v", e.Explanation, err)
		}
		if _, err := sweepOn(ctx, o, "", now); err != nil {
			t.Fatal(err)
		}
		after, _, err := o.Reasons(ctx, "91310118832628001D")
		if err != nil || after[0].Decision.Outcome != rules.Eligible {
			t.Errorf("after the change: %+v, %v", after, err)
		}
	})
}

// TestOtherPolicy holds that a sweep can follow another although an item asks for one of a policy that has changed.
func TestOtherPolicy(t *testing.T) {
	onBoth(t, func(t *testing.T, o *casework.Office) {
		ctx := t.Context()
		asking := func(s string) []byte {
			return []byte(strings.NewReplacer("id: p-1", "id: p-2", "item: award", "item: second", "id: award", "id: second", "require: 营业收入 >= 取值(\"门槛\")", "require: '符合(\"award\") or 营业收入 >= 取值(\"门槛\")'", "500}", "9000}").Replace(s))
		}
		publish(t, o, []byte(vocabulary), values, cases)
		second := fstest.MapFS{"q/policy.yaml": {Data: asking(policy)}, "q/values.yaml": {Data: asking(values)}, "q/cases.yaml": {Data: asking(cases)}}
		p, err := o.Propose(ctx, second, "y")
		if err == nil {
			_, err = o.Publish(ctx, p, "甲", now)
		}
		if err != nil {
			t.Fatal(err)
		}
		v, list := firms(t)
		receive(t, o, v, list, now)
		before, err := sweepOn(ctx, o, "", now)
		if err != nil {
			t.Fatal(err)
		}
		publish(t, o, nil, strings.Replace(values, "value: 500", "value: 300", 1), strings.Replace(cases, "4999999.99", "2999999.99", 1))
		after, err := sweepOn(ctx, o, "", now)
		if err != nil || after.Eligible != before.Eligible+2 {
			t.Errorf("before %+v, after %+v, %v", before, after, err)
		}
	})
}

// TestRefused holds that nothing is stored of what isn't fit to be published.
func TestRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, o *casework.Office) {
		for name, f := range map[string]fstest.MapFS{
			"a failing case":  folder(values, strings.Replace(cases, `"10000.00"`, `"10000.01"`, 1)),
			"a missing kind":  folder(values, strings.Replace(cases, "kind: boundary", "kind: refused", 1)),
			"a gap of values": folder(strings.Replace(values, "2025-01-01", "2025-01-02", 1), cases),
		} {
			if _, err := o.ProposeWith(t.Context(), []byte(vocabulary), f, "x"); err == nil {
				t.Errorf("%s: passed", name)
			}
		}
		if _, err := o.Store.CurrentVocabulary(t.Context()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a vocabulary was stored: %v", err)
		}
	})
}
