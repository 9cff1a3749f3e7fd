package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/rulestest"
)

// TestNear: a threshold counts when it alone decides, wherever it stands among conditions that must all hold.
func TestNear(t *testing.T) {
	full := map[string]string{"高新技术企业": "是", "从业人数": "100", "研发费用": "500", "上年营业收入": "10000", "失信": "否"}
	for _, test := range []struct {
		name, conditions string
		cells            map[string]string // besides full
		want             string            // condition+/-: amount, distance
	}{
		{"passes", "{id: a, require: 从业人数 >= 99}", nil, "a+ 1.00 高出 1 人"},
		{"on the bound", "{id: a, require: 从业人数 >= 100}", nil, "a+ 1.00 正好在界上"},
		{"misses", "{id: a, require: 从业人数 > 100}", nil, "a- 1.00 正好在界上，须再多一点"},
		{"misses by two", "{id: a, require: 从业人数 >= 102}", nil, "a- 1.00 差 2 人"},
		{"too far", "{id: a, require: 从业人数 >= 103}", nil, ""},
		{"at most", "{id: a, require: 从业人数 <= 99}", nil, "a- 1.00 超出 1 人"},
		{"the bound on the left", "{id: a, require: 101 <= 从业人数}", nil, "a- 1.00 差 1 人"},
		{"excluded", "{id: a, exclude: 从业人数 >= 100}", nil, "a- 1.00 正好在界上，须再少一点"},
		{"a bound of 0", "{id: a, require: 裁员人数 <= 0}", map[string]string{"裁员人数": "0"}, ""},
		{"not known", "{id: a, require: 专利数 >= 100}", nil, ""},
		{"both sides are figures", "{id: a, require: 从业人数 * 5*元 <= 研发费用}", nil, ""},
		{"joined by and", "{id: a, require: 高新技术企业 and 从业人数 >= 101}", nil, "a- 1.00 差 1 人"},
		{"the rest of the condition fails", "{id: a, require: 失信 and 从业人数 >= 101}", nil, ""},
		{"the rest of the condition isn't known", "{id: a, require: 欠税 and 从业人数 >= 101}", nil, ""},
		{"not or", "{id: a, exclude: 失信 or 从业人数 < 101}", nil, "a- 1.00 差 1 人"},
		{"one way of two", "{id: a, require: 高新技术企业 or 从业人数 >= 101}", nil, ""},
		{"parts of all", "{id: a, all: [{require: 高新技术企业}, {require: 从业人数 >= 101}]}", nil, "a- 1.00 差 1 人"},
		{"parts of any", "{id: a, any: [{require: 失信}, {require: 从业人数 >= 101}]}", nil, ""},
		{"another condition fails", "{id: a, require: 从业人数 >= 101}, {id: b, require: 失信}", nil, ""},
		{"another condition isn't known", "{id: a, require: 从业人数 >= 101}, {id: b, require: 欠税}", nil, ""},
		{"two thresholds missed", "{id: a, require: 从业人数 >= 101}, {id: b, require: 研发费用 >= 501*元}", nil, ""},
		{"two thresholds passed", "{id: a, require: 从业人数 >= 100}, {id: b, require: 研发费用 >= 499*元}", nil, "a+ 1.00 正好在界上; b+ 1.00 高出 1 元"},
		{"derived", "{id: a, require: 研发强度 >= 比例(5.05)}", nil, "a- 1.00 差 0.05 个百分点，研发费用再增 5 元"},
	} {
		o := open(t, "  - id: demo-a\n    title: 示例\n    conditions: ["+test.conditions+"]\n    amount: 1*元\n")
		if got := o.near(full, test.cells); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestNearAmounts: the amount is that of the item as facts are; where it isn't known, the threshold doesn't decide alone.
func TestNearAmounts(t *testing.T) {
	full := map[string]string{"从业人数": "100"}
	item := "  - id: demo-a\n    title: 示例\n    define: {起点: 从业人数 >= 101}\n    conditions: [{id: a, require: 起点}]\n"
	for _, test := range []struct {
		amount string
		cells  map[string]string
		want   string
	}{
		{"", nil, "a- - 差 1 人"},
		{"    amount: 从业人数 * 10*元\n    cap: {per_grant: 900*元}\n", nil, "a- 900.00 差 1 人"},
		{"    amount: 研发费用\n", map[string]string{"研发费用": "12.34"}, "a- 12.34 差 1 人"},
		{"    amount: 研发费用\n", nil, ""},
		{"    at_most: 100*元\n", nil, ""},
		{"    amount: 1*元\n    cap: {per_grant: 研发费用}\n", nil, ""},
	} {
		if got := open(t, item+test.amount).near(full, test.cells); got != test.want {
			t.Errorf("%q: %q, want %q", test.amount, got, test.want)
		}
	}
}

// near gives "condition+/- amount distance" of the item's thresholds within 2 %.
func (o office) near(cells ...map[string]string) string {
	all := map[string]string{}
	for _, c := range cells {
		for name, text := range c {
			all[name] = text
		}
	}
	s := o.session(all, rulestest.Around{AsOf: day("2025-06-30")})
	before := string(s.Decide(o.rule("demo-a")).AppendLine(nil))
	var out []string
	for _, m := range s.Near(o.rule("demo-a").Thresholds(), exact.Frac(2, 100)) {
		sign := "-"
		if m.Passes {
			sign = "+"
		}
		out = append(out, fmt.Sprintf("%s%s %s %s", m.Threshold.Condition, sign, heldText(m.Amount), m.Distance))
		if m.Threshold.Say(m.Bound) == "" {
			o.t.Error("a bound without words")
		}
	}
	if after := string(s.Decide(o.rule("demo-a")).AppendLine(nil)); before != after {
		o.t.Errorf("asking for neighbours changed the decision from %s to %s", before, after)
	}
	return strings.Join(out, "; ")
}

// TestThresholdsOfRecords: conditions that bind single records have no thresholds of the enterprise.
func TestThresholdsOfRecords(t *testing.T) {
	o := open(t, "  - id: demo-a\n    title: 示例\n    each: 合同\n    basis: 合同号\n    conditions: [{id: a, require: 从业人数 >= 101}, {id: b, require: 本条.租金 >= 10*元}]\n    amount: 本条.租金\n")
	all := o.rule("demo-a").Thresholds().All()
	if len(all) != 1 || all[0].Condition != "a" || all[0].Name != "从业人数" {
		t.Fatal(all)
	}
	for rents, want := range map[string]string{"9 12.5": "a- 12.50 差 1 人", "9": "", "": ""} {
		facts := rulestest.Facts{Enterprise: caseFirm, Cells: map[string]string{"从业人数": "100"}, Records: map[string][]rulestest.Record{}}
		for i, rent := range strings.Fields(rents) {
			facts.Records["合同"] = append(facts.Records["合同"], rulestest.Record{Key: fmt.Sprint(i), Cells: map[string]string{"租金": rent}})
		}
		p, err := facts.Profile(o.v)
		if err != nil {
			t.Fatal(err)
		}
		s := o.book.NewSession(rules.Circumstances{AsOf: day("2025-06-30")})
		s.Load(p)
		got := ""
		for _, m := range s.Near(o.rule("demo-a").Thresholds(), exact.Frac(2, 100)) {
			got = fmt.Sprintf("%s- %s %s", m.Threshold.Condition, heldText(m.Amount), m.Distance)
		}
		if got != want {
			t.Errorf("rents %s: %q, want %q", rents, got, want)
		}
	}
}
