package rules_test

import (
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

const amendVocabulary = `fields:
  - {name: 小巨人, id: giant, type: bool, source: 甲}
  - {name: 上年营业收入, id: revenue, type: money, unit: 元, source: 甲}
  - {name: 从业人数, id: staff, type: int, unit: 人, source: 甲}
`

const amendPolicy = `id: p
title: 办法
in_force: {from: 2025-01-01, to: 2025-12-31}
clauses: [{ref: 第一条, text: 条款}]
conditions:
  - {id: giant, require: 小巨人}
items:
  - id: a
    title: 甲
    conditions:
      - {id: revenue, require: '上年营业收入 >= 取值("门槛")'}
      - {id: paths, any: [{id: few, require: 从业人数 < 10}, {id: many, require: 从业人数 > 100}]}
      - {id: bad, exclude: 从业人数 == 13}
      - {id: judged, manual: 影响力大}
    amount: '取值("奖励", 上年营业收入)'
  - id: b
    title: 乙
    conditions: [{id: revenue, require: 上年营业收入 > 1*元}]
    at_most: 10*万元
`

const amendValues = `values:
  - {name: 门槛, unit: 万元, clause: 第一条, dated: [{from: 2025-01-01, to: 2025-06-30, value: 500}, {from: 2025-07-01, value: 400}]}
  - {name: 奖励, unit: 万元, clause: 第一条, by: 上年营业收入, tiers: [{at_least: 500万元, value: 10}, {at_least: 1亿元, value: 20}]}
  - {name: 比例, unit: "%", clause: 第一条, value: 5.5}
`

func amendable(t *testing.T) (*rules.Vocabulary, *rules.Policy) {
	t.Helper()
	v, ms := rules.ParseVocabulary("vocabulary.yaml", []byte(amendVocabulary))
	if v == nil {
		t.Fatal(ms)
	}
	p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(amendPolicy), "values.yaml": []byte(amendValues)}, "p")
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	return v, p
}

// decided is what the item comes to on a day for a 小巨人 with a revenue (in 元) and a staff.
func decided(t *testing.T, v *rules.Vocabulary, p *rules.Policy, day, item, revenue, staff string) string {
	t.Helper()
	book, ms := rules.Compile(v, []*rules.Policy{p})
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	profile := rules.NewProfile(v, caseFirm)
	for name, cell := range map[string]string{"小巨人": "是", "上年营业收入": revenue, "从业人数": staff} {
		f, _ := v.Field(name)
		value, err := f.Parse(cell, "")
		if err == nil {
			err = profile.Set(f, rules.Fact{Value: value})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	yes := true
	s := book.NewSession(rules.Circumstances{AsOf: civil.MustParse(day), Findings: rules.NewFindings([]rules.PersonFinding{{Enterprise: caseFirm, Item: "a", Condition: "judged", Result: &yes}})})
	s.Load(profile)
	r, _ := book.Rule(item)
	d := s.Decide(r)
	out := string(d.Outcome)
	if d.Amount != nil {
		out += " " + d.Amount.String()
	}
	return out + " " + strings.Join(d.Failed, ",")
}

func TestAmend(t *testing.T) {
	v, p := amendable(t)
	day := civil.MustParse("2025-03-31")
	for _, c := range []struct {
		name                string
		edits               []rules.Edit
		item, revenue, crew string
		before, after       string
	}{
		{"a value of a day", []rules.Edit{{What: rules.EditValue, Value: "门槛", On: day, Text: "0.06亿元"}}, "a", "5500000", "5", "eligible 100000.00 ", "ineligible revenue"},
		{"the other day's entry stays", []rules.Edit{{What: rules.EditValue, Value: "门槛", On: civil.MustParse("2025-07-01"), Text: "600"}}, "a", "5500000", "5", "eligible 100000.00 ", "eligible 100000.00 "},
		{"a tier", []rules.Edit{{What: rules.EditValue, Value: "奖励", Cell: "1亿元", Text: "30"}}, "a", "200000000", "5", "eligible 200000.00 ", "eligible 300000.00 "},
		{"an expression", []rules.Edit{{What: rules.EditCondition, Item: "a", Condition: "revenue", Text: "上年营业收入 > 600*万元"}}, "a", "5500000", "5", "eligible 100000.00 ", "ineligible revenue"},
		{"an exclusion stays one", []rules.Edit{{What: rules.EditCondition, Item: "a", Condition: "bad", Text: "从业人数 == 5"}}, "a", "5500000", "5", "eligible 100000.00 ", "ineligible bad"},
		{"a part", []rules.Edit{{What: rules.EditCondition, Item: "a", Condition: "few", Text: "从业人数 < 50"}}, "a", "5500000", "40", "ineligible paths", "eligible 100000.00 "},
		{"a condition of the policy", []rules.Edit{{What: rules.EditCondition, Item: "a", Condition: "giant", Text: "not 小巨人"}}, "a", "5500000", "5", "eligible 100000.00 ", "ineligible giant"},
		{"one dropped", []rules.Edit{{What: rules.EditDrop, Item: "a", Condition: "revenue"}}, "a", "1", "5", "ineligible revenue", "eligible 0.00 "},
		{"a part dropped", []rules.Edit{{What: rules.EditDrop, Item: "a", Condition: "few"}}, "a", "5500000", "5", "eligible 100000.00 ", "ineligible paths"},
		{"an amount instead of at_most", []rules.Edit{{What: rules.EditAmount, Item: "b", Text: "7*万元"}}, "b", "5500000", "5", "unknown ", "eligible 70000.00 "},
		{"a cap and an amount", []rules.Edit{{What: rules.EditAmount, Item: "a", Text: "9*万元"}, {What: rules.EditPerGrant, Item: "a", Text: "1*万元"}}, "a", "5500000", "5", "eligible 100000.00 ", "eligible 10000.00 "},
		{"two edits of one value", []rules.Edit{{What: rules.EditValue, Value: "奖励", Cell: "1亿元", Text: "30"}, {What: rules.EditValue, Value: "奖励", Cell: "500万元", Text: "3"}}, "a", "5500000", "5", "eligible 100000.00 ", "eligible 30000.00 "},
		{"a manual condition by data", []rules.Edit{{What: rules.EditCondition, Item: "a", Condition: "judged", Text: "从业人数 > 7"}}, "a", "5500000", "5", "eligible 100000.00 ", "ineligible judged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			amended, ms := rules.Amend(p, c.edits)
			if err := ms.Err(); err != nil {
				t.Fatal(err)
			}
			if got := decided(t, v, amended, "2025-03-31", c.item, c.revenue, c.crew); got != c.after {
				t.Errorf("after the edit %q, want %q", got, c.after)
			}
			if got := decided(t, v, p, "2025-03-31", c.item, c.revenue, c.crew); got != c.before {
				t.Errorf("the policy itself %q, want %q", got, c.before)
			}
		})
	}
}

// TestAmendMistakes holds what is said of edits that can't be made.
func TestAmendMistakes(t *testing.T) {
	v, p := amendable(t)
	for _, c := range []struct {
		edit rules.Edit
		want []string
	}{
		{rules.Edit{What: rules.EditValue, Value: "门坎", Text: "600"}, []string{"改动:1:1", "政策 p 没有数值 门坎", "是不是 门槛？", "'门坎': '600'"}},
		{rules.Edit{What: rules.EditValue, Value: "门槛", Text: "600"}, []string{"数值 门槛 分了 2 段日期", "写明改的是哪一天的值"}},
		{rules.Edit{What: rules.EditValue, Value: "比例", Text: "6人"}, []string{"改动:1:", "值“6人”的单位与 % 不合"}},
		{rules.Edit{What: rules.EditValue, Value: "比例", Text: "6天天"}, []string{"值里的单位“天天”无法识别", "数后面只能跟单位"}},
		{rules.Edit{What: rules.EditValue, Value: "比例", Text: "很多"}, []string{"值应是数"}},
		{rules.Edit{What: rules.EditValue, Value: "比例"}, []string{"没有写改成什么"}},
		{rules.Edit{What: rules.EditValue, Value: "比例", Cell: "甲", Text: "6"}, []string{"数值 比例 没有“甲”这一档"}},
		{rules.Edit{What: rules.EditValue, Value: "奖励", Text: "6"}, []string{"数值 奖励 按 上年营业收入 分档：500万元、1亿元", "奖励[500万元]"}},
		{rules.Edit{What: rules.EditValue, Value: "奖励", Cell: "1亿", Text: "6"}, []string{"数值 奖励 没有“1亿”这一档", "1亿元"}},
		{rules.Edit{What: rules.EditCondition, Item: "c", Condition: "revenue", Text: "true"}, []string{"政策 p 没有事项 c"}},
		{rules.Edit{What: rules.EditCondition, Item: "a", Condition: "revenu", Text: "true"}, []string{"事项 a 没有条件 revenu", "是不是 revenue？"}},
		{rules.Edit{What: rules.EditTimes, Item: "a", Text: "0"}, []string{"times"}},
		{rules.Edit{What: "x", Item: "a", Text: "0"}, []string{"没有“x”这种改动"}},
		{rules.Edit{What: rules.EditAmount, Item: "a", Text: "上年营收 * 2"}, []string{"改动:1:12: 错误：", "上年营收", "            ^", "上年营业收入"}},
		{rules.Edit{What: rules.EditAmount, Item: "a", Text: "'x' == 上年营收 ? 1*元 : 2*元"}, []string{"改动:1:21: 错误：", "'amount': '''x'' == 上年营收"}},
		{rules.Edit{What: rules.EditAmount, Item: "a", Text: "a\n: &b\x01"}, []string{"改动:1:"}},
	} {
		amended, ms := rules.Amend(p, []rules.Edit{c.edit})
		if amended != nil {
			_, ms = rules.Compile(v, []*rules.Policy{amended})
		}
		err := ms.Err()
		if err == nil {
			t.Errorf("%+v: no mistake", c.edit)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%+v:\n%v\nwithout %q", c.edit, err, part)
			}
		}
	}
	only := []rules.Edit{{What: rules.EditDrop, Item: "a", Condition: "few"}, {What: rules.EditDrop, Item: "a", Condition: "many"}}
	if _, ms := rules.Amend(p, only); ms.Err() == nil || !strings.Contains(ms.Error(), "改动 2:1:1") || !strings.Contains(ms.Error(), "any 里没有条件了") {
		t.Errorf("an any without conditions: %v", ms)
	}
}

// TestAmendKeepsThePolicy: neither edit may reach the policy that was given.
func TestAmendKeepsThePolicy(t *testing.T) {
	v, p := amendable(t)
	edits := []rules.Edit{
		{What: rules.EditDrop, Item: "b", Condition: "giant"},
		{What: rules.EditDrop, Item: "a", Condition: "many"},
		{What: rules.EditValue, Value: "奖励", Cell: "500万元", Text: "1"},
		{What: rules.EditTotal, Item: "a", Text: "1*元"},
		{What: rules.EditPerYear, Item: "b", Text: "1*元"},
	}
	before := decided(t, v, p, "2025-03-31", "a", "5500000", "500")
	_, ms := rules.Amend(p, edits)
	if ms.Err() != nil {
		t.Fatal(ms)
	}
	if got := decided(t, v, p, "2025-03-31", "a", "5500000", "500"); got != before || len(p.All(p.Items[1])) != 2 || p.Items[0].Cap.Total.Text != "" {
		t.Errorf("the policy changed: %s, was %s", got, before)
	}
}

func TestParseFigure(t *testing.T) {
	_, p := amendable(t)
	ratio, _, _ := formula.ParseUnit("%")
	people, _, _ := formula.ParseUnit("人")
	perMu, _, _ := formula.ParseUnit("万元/亩")
	perMu.Scaled = true
	for _, c := range []struct {
		text string
		unit formula.Unit
		want string // in the base unit, or part of the error
	}{
		{"300万元", formula.MoneyUnit(), "300000000"},
		{"-0.5亿元", formula.MoneyUnit(), "-5000000000"},
		{"300", formula.MoneyUnit(), "要带单位（元）"},
		{"3人", formula.MoneyUnit(), "单位与 元 不合"},
		{"3%", ratio, "0.03"},
		{"3", ratio, "0.03"},
		{"5%", formula.Unit{Flavour: formula.Ratio}, "0.05"},
		{"0.05", formula.Unit{Flavour: formula.Ratio}, "0.05"},
		{"8", people, "8"},
		{"8人", people, "8"},
		{"10", perMu, "要带单位"},
		{"八", people, "应是数"},
		{"", people, "应是数"},
		{"9223372036854775807亿元", formula.MoneyUnit(), "太大"},
	} {
		got, err := rules.ParseFigure(c.text, c.unit)
		said := got.String()
		if err != nil {
			said = err.Error()
		}
		if !strings.Contains(said, c.want) || err == nil && said != c.want {
			t.Errorf("%q: %s, want %s", c.text, said, c.want)
		}
	}
	v := p.Value("门槛")
	if n, err := v.Parse("0.05亿元"); err != nil || v.Text(n) != "500" {
		t.Errorf("500 in 万元: %s %v", v.Text(n), err)
	}
	if got := v.Text(exact.Frac(1, 3)); !strings.Contains(got, "/") {
		t.Errorf("a third as %s", got)
	}
}
