package rules_test

import (
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
)

// TestNotYes holds what a reviewer found to become a yes although something wasn't known: facts that have gone stale, awards
// without a sum or a basis, a derived enum outside its values.
func TestNotYes(t *testing.T) {
	v, ms := rules.ParseVocabulary("v", []byte(`fields:
  - {name: 状态, id: status, type: enum, values: [存续, 注销], source: 甲, stale_after: 35 days}
  - {name: 备注, id: note, type: string, source: 甲}
  - {name: 级别, id: grade, type: enum, values: [国家级, 市级], derive: 备注}
  - {name: 认定日, id: certified, type: date, source: 甲}
`))
	if v == nil {
		t.Fatal(ms)
	}
	p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(`id: p
title: 示例
in_force: {from: 2020-01-01}
items:
  - {id: stale, title: 甲, conditions: [{id: c, require: '状态 == "存续"'}]}
  - {id: grade, title: 乙, conditions: [{id: c, exclude: '级别 == "市级"'}]}
  - {id: net, title: 丙, amount: '10*万元 - 已奖("net", 年度)', cap: {total: 100*万元}, conditions: [{id: c, require: '状态 == "存续"'}]}
  - {id: once, title: 丁, period: once, basis: 认定日, once_per: basis, conditions: [{id: c, require: '状态 == "存续"'}]}
`)}, "p")
	if ms.Fatal() {
		t.Fatal(ms)
	}
	b, ms := rules.Compile(v, []*rules.Policy{p})
	if b == nil {
		t.Fatal(ms)
	}
	asOf := civil.MustParse("2025-06-30")
	year, err := rules.ParseInterval("2025")
	if err != nil {
		t.Fatal(err)
	}
	day, _ := civil.Parse("2025-06-01")
	for name, c := range map[string]struct {
		item   string
		on     string // of the fact 状态
		note   string
		awards []rules.Award
		want   rules.Outcome
		why    string
	}{
		"fresh":                 {item: "stale", on: "2025-05-26", want: rules.Eligible},
		"stale":                 {item: "stale", on: "2025-05-25", want: rules.Unknown, why: "状态已过期"},
		"outside the enum":      {item: "grade", on: "2025-06-01", note: "市级（已撤销）", want: rules.Unknown, why: "不在可取的值里"},
		"award without a sum":   {item: "net", on: "2025-06-01", awards: []rules.Award{{Item: "net", Period: year, Unstated: true}}, want: rules.Unknown, why: "没有写金额"},
		"award without a basis": {item: "once", on: "2025-06-01", awards: []rules.Award{{Enterprise: "other", Item: "once", Period: year}}, want: rules.Unknown, why: "没有写依据"},
		"basis written anew":    {item: "once", on: "2025-06-01", awards: []rules.Award{{Enterprise: "other", Item: "once", Period: year, Basis: "20250601"}}, want: rules.Ineligible},
		"another basis":         {item: "once", on: "2025-06-01", awards: []rules.Award{{Enterprise: "other", Item: "once", Period: year, Basis: "2025-06-02"}}, want: rules.Eligible},
	} {
		profile := rules.NewProfile(v, "firm")
		set := func(field string, value *formula.Value, on civil.Date) {
			f, _ := v.Field(field)
			if err := profile.Set(f, rules.Fact{Value: value, On: on}); err != nil {
				t.Fatal(err)
			}
		}
		set("状态", formula.TextOf("存续"), civil.MustParse(c.on))
		set("备注", formula.TextOf(c.note), civil.Date{})
		set("认定日", formula.DateOf(day), civil.Date{})
		for i := range c.awards {
			if c.awards[i].Enterprise == "" {
				c.awards[i].Enterprise = "firm"
			}
		}
		s := b.NewSession(rules.Circumstances{AsOf: asOf, History: rules.NewHistory(c.awards)})
		s.Load(profile)
		r, _ := b.Rule(c.item)
		e := s.Explain(r)
		var text strings.Builder
		if err := e.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if e.Outcome != c.want || !strings.Contains(text.String(), c.why) {
			t.Errorf("%s: %s, want %s with %q:\n%s", name, e.Outcome, c.want, c.why, text.String())
		}
	}
}
