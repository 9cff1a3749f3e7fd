package readiness_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"mianshen/engine"
	"mianshen/internal/readiness"
	"mianshen/rules"
	"mianshen/rules/formula"
)

const smallVocabulary = `fields:
  - {name: 高企, id: high_tech, type: bool, source: 区科委}
  - {name: 人数, id: staff, type: int, unit: 人, source: 区人社局}
  - {name: 稀有日期, id: rare, type: date, source: 区经委}
  - {name: 从未交付, id: never, type: bool, source: 区法院}
  - {name: 过期, id: old, type: bool, source: 区法院, stale_after: 10 days}
  - {name: 营收, id: revenue, type: money, unit: 元, source: 区税务局}
  - name: 合同
    id: contracts
    type: table
    source: 区房管局
    key: 合同号
    columns: [{name: 租金, id: rent, type: money, unit: 元}, {name: 面积, id: area, type: decimal, unit: 平方米}]
  - {name: 大户, id: large, type: bool, derive: 人数 >= 10 and not 从未交付}
`

const smallPolicy = `id: p
title: 办法
in_force: {from: 2025-01-01}
clauses: [{ref: 第一条, text: 条文甲、条文乙}]
items:
`

// TestVerdicts: what each kind of condition makes of an item. Of 300 enterprises all have 高企 and 人数, two have 稀有日期, none
// 从未交付, all a 过期 that is too old, 250 one contract whose 面积 isn't filled in.
func TestVerdicts(t *testing.T) {
	for _, test := range []struct{ name, item, want string }{
		{"data", "conditions: [{id: a, clause: 第一条, quote: 条文甲, require: 高企}]", "ready"},
		{"never delivered", "conditions: [{id: a, clause: 第一条, quote: 条文甲, require: 从未交付}]", "data 区法院:从未交付 0/300"},
		{"through a derived field", "conditions: [{id: a, require: 大户}]", "data 区法院:从未交付 0/300"},
		{"too old", "conditions: [{id: a, require: 过期}]", "data 区法院:过期 0/300"},
		{"few have it and many wait", "conditions: [{id: a, require: 年(稀有日期) >= 2000}]", "data 区经委:稀有日期 2/300"},
		{"few have it and few need it", "conditions: [{id: a, require: not 高企}, {id: b, require: 年(稀有日期) >= 2000}]", "ready"},
		{"a person", "conditions: [{id: a, manual: 影响大, clause: 第一条, quote: 条文乙}]", "clause"},
		{"data or a person", "conditions: [{id: a, any: [{require: 高企}, {manual: 影响大}]}]", "ready"},
		{"one department or another", "conditions: [{id: a, any: [{require: 从未交付}, {require: 高企}]}]", "ready"},
		{"a department or a person", "conditions: [{id: a, any: [{require: 从未交付}, {manual: 影响大}]}]", "data 区法院:从未交付 0/300"},
		{"data and a person", "conditions: [{id: a, all: [{require: 从未交付}, {manual: 影响大}]}]", "clause 区法院:从未交付 0/300"},
		{"the amount", "conditions: [{id: a, require: 高企}]\n    amount: 营收", "data 区税务局:营收 0/300"},
		{"the cap", "conditions: [{id: a, require: 高企}]\n    amount: 1*元\n    cap: {per_grant: 营收}", "data 区税务局:营收 0/300"},
		{"a person sets the sum", "conditions: [{id: a, require: 高企}]\n    at_most: 1*万元", "clause"},
		{"points", "conditions: [{id: a, score: {at_least: 1, parts: [{name: 甲, points: '从未交付 ? 1 : 0'}]}}]", "data 区法院:从未交付 0/300"},
		{"records", "each: 合同\n    basis: 合同号\n    conditions: [{id: a, require: '本条.租金 > 0*元'}]\n    amount: 本条.租金", "ready"},
		{"a column of records", "each: 合同\n    basis: 合同号\n    conditions: [{id: a, require: '本条.面积 > 0*平方米'}]\n    amount: 本条.租金", "data 区房管局:合同.面积 0/250"},
		{"history", "conditions: [{id: a, exclude: '曾获(\"i\")'}]", "data 拨付历史:已发放的奖补 0/0"},
		{"another item", "conditions: [{id: a, require: '符合(\"judged\")'}]", "clause 区法院:从未交付 0/300"},
	} {
		s, err := readiness.Take(context.Background(), smallDistrict(t, test.item))
		if err != nil {
			t.Fatal(err)
		}
		items, err := s.Items(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got := string(items[0].Verdict)
		for _, d := range items[0].Owed {
			for _, c := range d.Facts {
				got += fmt.Sprintf(" %s:%s %d/%d", d.Department, c.Fact, c.Known, c.Of)
			}
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// smallDistrict has the item i as written and another that a person has to judge.
func smallDistrict(t *testing.T, item string) readiness.Request {
	t.Helper()
	v, ms := rules.ParseVocabulary("vocabulary.yaml", []byte(smallVocabulary))
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	text := smallPolicy + "  - id: i\n    title: 事项\n    " + item + "\n  - id: judged\n    title: 另一事项\n    conditions: [{id: a, require: 从未交付}, {id: b, manual: 影响大}]\n"
	policy, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(text)}, "p")
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	book, ms := rules.Compile(v, []*rules.Policy{policy})
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	var profiles []*rules.Profile
	for i := range 300 {
		profiles = append(profiles, smallFirm(t, v, i))
	}
	table, err := engine.FromProfiles(v, profiles)
	if err != nil {
		t.Fatal(err)
	}
	return readiness.Request{Table: table, Book: book, Rules: book.Rules, Around: rules.Circumstances{AsOf: asOf}}
}

func smallFirm(t *testing.T, v *rules.Vocabulary, i int) *rules.Profile {
	t.Helper()
	p := rules.NewProfile(v, fmt.Sprintf("91310118XN%08d", i))
	cells := map[string]string{"高企": "是", "人数": "12", "过期": "否"}
	if i < 2 {
		cells["稀有日期"] = "2020-01-01"
	}
	for name, text := range cells {
		f, _ := v.Field(name)
		value, err := f.Parse(text, "")
		if err != nil {
			t.Fatal(err)
		}
		on, _ := asOf.AddDays(-30) // too old for 过期 alone
		if err := p.Set(f, rules.Fact{Value: value, On: on}); err != nil {
			t.Fatal(err)
		}
	}
	if i < 250 {
		f, _ := v.Field("合同")
		rent, _ := f.Columns[0].Parse("100", "")
		if err := p.Set(f, rules.Fact{Value: formula.TableOf([]*formula.Record{f.NewRecord("1", []*formula.Value{rent})})}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// TestResult: a sweep's own result may be given, but only of the same rules and enterprises.
func TestResult(t *testing.T) {
	r := smallDistrict(t, "conditions: [{id: a, require: 从未交付}]")
	plan, err := engine.NewPlan(r.Table, r.Book, r.Rules, r.Around)
	if err != nil {
		t.Fatal(err)
	}
	if r.Result, err = plan.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	s, err := readiness.Take(context.Background(), r)
	if err != nil || s.Gaps().Whole.Pairs != 600 || s.Gaps().Pairs != nil || s.AsOf() != asOf {
		t.Errorf("%v: %+v", err, s)
	}
	if got := s.Gaps().Parties[0].Party; got.Name != "区法院" || got.Kind != readiness.Department {
		t.Errorf("%+v", got)
	}
	r.Rules = r.Rules[:1]
	if _, err := readiness.Take(context.Background(), r); !errors.Is(err, readiness.ErrResult) {
		t.Error(err)
	}
}
