package place_test

import (
	"fmt"
	"strings"
	"testing"

	"mianshen/internal/whatif/place"
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

const vocabulary = `fields:
  - {name: 收入, id: revenue, type: money, unit: 元, source: 甲}
  - {name: 研发, id: research, type: money, unit: 元, source: 甲}
  - {name: 人数, id: staff, type: int, unit: 人, source: 甲}
  - {name: 裁员率, id: rate, type: decimal, unit: "%", source: 甲}
  - {name: 亩均税收, id: per_mu, type: decimal, unit: 万元/亩, source: 甲}
  - {name: 名称, id: title, type: string, source: 甲}
  - {name: 标签, id: tags, type: set, source: 甲}
  - {name: 成立日期, id: founded, type: date, source: 甲}
`

const values = `values:
  - {name: 门槛, unit: 万元, clause: 第一条, value: 500}
  - {name: 人数门槛, unit: 人, clause: 第一条, by: 收入, tiers: [{at_least: 1万元, value: 3}]}
`

// item compiles an item of one condition with an id c.
func item(t *testing.T, condition, rest string) *rules.Rule {
	t.Helper()
	v, ms := rules.ParseVocabulary("v", []byte(vocabulary))
	if v == nil {
		t.Fatal(ms)
	}
	text := "id: p\ntitle: 办法\nin_force: {from: 2025-01-01}\nclauses: [{ref: 第一条, text: 条款}]\nitems:\n  - id: a\n    title: 甲\n    conditions:\n      - id: c\n        " + condition + "\n" + rest +
		"  - {id: b, title: 乙, conditions: [{id: x, require: '收入 > 取值(\"门槛\")'}]}\n"
	p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(text), "values.yaml": []byte(values)}, "p")
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	book, ms := rules.Compile(v, []*rules.Policy{p})
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	r, _ := book.Rule("a")
	return r
}

func TestThreshold(t *testing.T) {
	for _, c := range []struct{ condition, rest, want string }{
		{`require: '收入 >= 取值("门槛")'`, "", "c"},
		{`exclude: '取值("门槛") > 收入 - 研发'`, "", "c"},
		{`require: 大`, "    define: {大: '收入 >= 线', 线: '取值(\"门槛\")'}\n", "c"},
		{`require: '收入 >= 取值("门槛") * 2'`, "", ""},
		{`require: '收入 >= 取值("门槛") and 人数 > 3'`, "", ""},
		{`any: [{require: '收入 >= 取值("门槛")'}]`, "", ""},
		{`require: '收入 - 取值("门槛") >= 取值("门槛")'`, "", ""},
		{`require: '收入 == 取值("门槛")'`, "", ""},
		{`require: '收入 >= 取值("门槛")'`, "      - {id: d, exclude: '研发 < 取值(\"门槛\")'}\n", ""},
		{`require: '收入 >= 取值("门槛")'`, "    amount: '取值(\"门槛\")'\n", ""},
		{`require: '收入 >= 取值("门槛")'`, "    amount: 收入\n    cap: {per_grant: '取值(\"门槛\")'}\n", ""},
		{`require: '收入 >= 取值("门槛")'`, "      - {id: d, require: '符合(\"b\")'}\n", ""},
		{`require: '收入 >= 1*元'`, "", ""},
		{`score: {at_least: 1, parts: [{name: 甲, points: '收入 >= 取值("门槛") ? 1 : 0'}]}`, "", ""},
	} {
		if got := place.Threshold(item(t, c.condition, c.rest), "门槛"); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.condition, c.rest, got, c.want)
		}
	}
}

func TestWrite(t *testing.T) {
	for _, c := range []struct{ condition, number, want string }{
		{`require: '收入 >= 500*万元'`, "300000000", "收入 >=(3000000*元)"},
		{`require: '收入>取值("门槛")'`, "12345", "收入>(123.45*元)"},
		{`exclude: '10*人 <= 人数'`, "15", "15<= 人数"},
		{`require: '裁员率 < 比例(5.5)'`, "0.06", "裁员率 <比例(6)"},
		{`require: '研发 / 收入 >= 0.05'`, "0.06", "研发 / 收入 >=比例(6)"},
		{`require: 'min(收入, (研发)) > 1*元'`, "100", "min(收入, (研发)) >(1*元)"},
		{`require: 'count(标签, # in ["a>b)"]) >= 2'`, "3", `count(标签, # in ["a>b)"]) >=3`},
		{`require: '亩均税收 >= 10*万元/(1*亩)'`, "5", ""},
		{`require: '成立日期 > 日期("2020-01-01")'`, "5", ""},
		{`require: '(收入 >= 500*万元)'`, "5", ""},
		{`require: '收入 >= 研发'`, "5", ""},
		{`require: '收入 >= 1*元 and 人数 > 3'`, "5", ""},
		{`manual: 影响力`, "5", ""},
		{`require: '人数 >= 取值("人数门槛", 收入)'`, "5", ""},
	} {
		rule := item(t, c.condition, "")
		n, err := exact.Parse(c.number)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := place.Write(rule, rule.Shape().Conditions[0], n)
		if ok != (c.want != "") || ok && strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%s: %q %v, want %q", c.condition, got, ok, c.want)
		}
		if !ok {
			continue
		}
		again := item(t, fmt.Sprintf("require: '%s'", got), "")
		_, bound, _ := place.Sides(again, again.Shape().Conditions[0])
		if v := constant(again, bound); v.Cmp(n) != 0 {
			t.Errorf("%s: read back as %v, want %v", got, v, n)
		}
	}
	rule := item(t, `require: '人数 > 3'`, "")
	if _, ok := place.Write(rule, rule.Shape().Conditions[0], exact.Frac(1, 3)); ok {
		t.Error("a third is written")
	}
}

// constant is the number of a tree that reads no facts.
func constant(rule *rules.Rule, n *formula.Node) exact.Num {
	v, _ := rules.ParseVocabulary("v", []byte(vocabulary))
	book, _ := rules.Compile(v, []*rules.Policy{rule.Policy})
	again, _ := book.Rule("a")
	return book.NewProbe(again, rules.Circumstances{}).Eval(n, nil, nil).Num()
}
