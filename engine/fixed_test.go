package engine_test

import (
	"testing"

	"mianshen/engine"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// TestFixedWorlds holds columns against the rules where something went wrong once.
func TestFixedWorlds(t *testing.T) {
	v, mistakes := rules.ParseVocabulary("v", []byte(`fields:
  - {name: 成立日期, id: founded, type: date, source: 甲}
  - {name: 标签, id: tags, type: set, source: 甲}
  - {name: 收入, id: revenue, type: money, unit: 元, source: 甲}
  - {name: 成熟, id: mature, type: bool, derive: '满年(成立日期, 3)'}
  - {name: 派生标签, id: tags2, type: set, derive: 标签}
`))
	if v == nil {
		t.Fatal(mistakes)
	}
	law, mistakes := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(`id: p
title: 示例
in_force: {from: 2024-01-01}
clauses: [{ref: 第一条, text: 条款}]
items:
  - {id: a, title: 日期推算的是否与是否相等, mode: auto, conditions: [{id: c, exclude: 成熟 == true}], amount: 1*元}
  - {id: b, title: 推算的集合, mode: auto, conditions: [{id: c, require: '"甲" in 派生标签'}], amount: 1*元}
  - {id: c, title: 乘零不等于已知, mode: auto, conditions: [{id: c, require: 收入 * 0 == 0*元}], amount: 收入 * 0}
  - {id: d, title: 自减不等于已知, mode: auto, conditions: [{id: c, require: 收入 - 收入 == 0*元}], amount: 1*元}
  - {id: e, title: 全为零的分档不等于已知, mode: auto, conditions: [{id: c, require: '分档(收入, [[1*元, 0]]) == 0'}], amount: '20*万元 * 分档(收入, [[1*元, 1]])'}
`)}, "p")
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	book, mistakes := rules.Compile(v, []*rules.Policy{law})
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	var profiles []*rules.Profile
	for i, cells := range [][3]string{{"2020-01-01", "甲;乙", "5"}, {"2025-01-01", "乙", "0"}, {"", "", ""}, {"2022-06-30", ";;", "100000000"}} {
		p := rules.NewProfile(v, string(rune('A'+i)))
		for j, name := range []string{"成立日期", "标签", "收入"} {
			f, _ := v.Field(name)
			value, err := f.Parse(cells[j], "")
			if err == nil && value != nil {
				err = p.Set(f, rules.Fact{Value: value})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		profiles = append(profiles, p)
	}
	table, err := engine.FromProfiles(v, profiles)
	if err != nil {
		t.Fatal(err)
	}
	around := rules.Circumstances{AsOf: civil.MustParse("2025-06-30")}
	plan, err := engine.NewPlan(table, book, book.Rules, around)
	if err != nil {
		t.Fatal(err)
	}
	holdsTo(t, "once wrong", book, around, profiles, sweep(t, plan))
}

// TestLargestFigures has one firm hold a figure near the end of what columns hold: the others' amounts stay right.
func TestLargestFigures(t *testing.T) {
	v, mistakes := rules.ParseVocabulary("v", []byte("fields:\n  - {name: 收入, id: revenue, type: money, unit: 元, source: 甲}\n  - {name: 率, id: rate, type: decimal, unit: \"%\", source: 甲}\n  - {name: 成立日期, id: founded, type: date, source: 甲}\n  - {name: 区, id: district, type: string, source: 甲}\n"))
	if v == nil {
		t.Fatal(mistakes)
	}
	law, mistakes := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(`id: p
title: 示例
in_force: {from: 2024-01-01}
clauses: [{ref: 第一条, text: 条款}]
items:
  - {id: a, title: 乘积, mode: auto, conditions: [{id: c, require: 收入 > 0*元}], amount: 收入 * 率}
  - {id: b, title: 年份等于随年份变的数, mode: auto, conditions: [{id: c, exclude: '年(成立日期) == (年(成立日期) >= 2015 ? 2018 : 2012)'}], amount: 1*元}
  - {id: c, title: 两边相同的选择, mode: auto, conditions: [{id: c, require: 收入 > 0*元}], amount: '区 == "甲" ? 10*元 : 10*元'}
`)}, "p")
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	book, mistakes := rules.Compile(v, []*rules.Policy{law})
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	for _, largest := range []string{"11529215046068469.76", "11529215046068469.77", "23058430092136939.52", "46116860184273879.04", "-46116860184273879.04", "92233720368547758.07"} {
		var profiles []*rules.Profile
		for i, cells := range [][3]string{{largest, "99.99", "2012-01-01"}, {"12345678.90", "5", "2018-03-01"}, {"42000000", "5", "2015-01-01"}} {
			p := rules.NewProfile(v, string(rune('A'+i)))
			for j, name := range []string{"收入", "率", "成立日期"} {
				f, _ := v.Field(name)
				value, err := f.Parse(cells[j], "")
				if err == nil {
					err = p.Set(f, rules.Fact{Value: value})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			profiles = append(profiles, p)
		}
		table, err := engine.FromProfiles(v, profiles)
		if err != nil {
			t.Fatal(err)
		}
		around := rules.Circumstances{AsOf: civil.MustParse("2025-06-30")}
		plan, err := engine.NewPlan(table, book, book.Rules, around)
		if err != nil {
			t.Fatal(err)
		}
		holdsTo(t, largest, book, around, profiles, sweep(t, plan))
	}
}

// holdsTo holds a result against the rules' own programs.
func holdsTo(t *testing.T, what string, book *rules.Book, around rules.Circumstances, profiles []*rules.Profile, result *engine.Result) {
	t.Helper()
	session := book.NewSession(around)
	for row, p := range profiles {
		session.Load(p)
		for i, r := range book.Rules {
			want := session.Decide(r)
			amount, has := result.Amount(i, row)
			if got := result.Outcome(i, row); got != want.Outcome || has != (want.Amount != nil) || has && amount != *want.Amount {
				t.Errorf("%s, %s, firm %d: columns %s %s, rule %s %v", what, r.Item.Title, row, got, amount, want.Outcome, want.Amount)
			}
		}
	}
}
