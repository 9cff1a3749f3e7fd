package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/rulestest"
)

// TestFindings: the latest day's finding up to the as-of day counts; two of that day that differ count as none.
func TestFindings(t *testing.T) {
	yes, no := true, false
	found := func(result *bool, on string) rules.PersonFinding {
		f := rules.PersonFinding{Enterprise: caseFirm, Item: "demo-a", Condition: "m", Result: result}
		if on != "" {
			f.On = day(on)
		}
		return f
	}
	of := func(f rules.PersonFinding, change func(*rules.PersonFinding)) rules.PersonFinding {
		change(&f)
		return f
	}
	o := open(t, "  - id: demo-a\n    title: 示例\n    conditions: [{id: m, manual: 影响力大}]\n")
	for name, c := range map[string]struct {
		want     string
		findings []rules.PersonFinding
	}{
		"none":              {"unknown - m", nil},
		"yes":               {"eligible - ", []rules.PersonFinding{found(&yes, "")}},
		"no":                {"ineligible - m", []rules.PersonFinding{found(&no, "")}},
		"the later counts":  {"ineligible - m", []rules.PersonFinding{found(&no, "2025-05-02"), found(&yes, "2025-05-01")}},
		"of the as-of day":  {"eligible - ", []rules.PersonFinding{found(&no, "2025-05-02"), found(&yes, "2025-06-30")}},
		"still to come":     {"ineligible - m", []rules.PersonFinding{found(&no, "2025-05-02"), found(&yes, "2025-07-01")}},
		"a day beats none":  {"eligible - ", []rules.PersonFinding{found(&no, ""), found(&yes, "2024-01-01")}},
		"conflict":          {"unknown - m", []rules.PersonFinding{found(&no, "2025-05-02"), found(&yes, "2025-05-02")}},
		"conflict settled":  {"eligible - ", []rules.PersonFinding{found(&no, "2025-05-02"), found(&yes, "2025-05-02"), found(&yes, "2025-05-03")}},
		"conflict of three": {"unknown - m", []rules.PersonFinding{found(&yes, "2025-05-02"), found(&no, "2025-05-02"), found(&yes, "2025-05-02")}},
		"the same twice":    {"eligible - ", []rules.PersonFinding{found(&yes, "2025-05-02"), found(&yes, "2025-05-02")}},
		"of another firm":   {"unknown - m", []rules.PersonFinding{of(found(&yes, ""), func(f *rules.PersonFinding) { f.Enterprise = "91310118MA1JP7UB3X" })}},
		"of another item":   {"unknown - m", []rules.PersonFinding{of(found(&yes, ""), func(f *rules.PersonFinding) { f.Item = "demo-b" })}},
		"without a result":  {"unknown - m", []rules.PersonFinding{found(nil, "")}},
	} {
		if got := o.decide(nil, rulestest.Around{AsOf: day("2025-06-30"), Findings: c.findings}); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestAtMost: the sum waits for a person, and what was recorded never goes beyond the most.
func TestAtMost(t *testing.T) {
	o := open(t, plainItem+"    at_most: 上年营业收入 * 比例(10)\n    cap: {per_grant: 40*元}\n")
	for _, c := range []struct{ revenue, recorded, want string }{
		{"1000", "", "unknown - amount"},
		{"1000", "25.50", "eligible 25.50 "},
		{"100", "25.50", "eligible 10.00 "},
		{"1000", "99.00", "eligible 40.00 "},
		{"1000", "0.00", "eligible 0.00 "},
		{"", "25.50", "unknown - 上年营业收入"},
		{"", "", "unknown - 上年营业收入,amount"},
	} {
		a := rulestest.Around{AsOf: day("2025-06-30")}
		if c.recorded != "" {
			m, err := exact.ParseMoney(c.recorded)
			if err != nil {
				t.Fatal(err)
			}
			a.Findings = []rules.PersonFinding{{Enterprise: caseFirm, Item: "demo-a", Condition: rules.AmountFinding, Amount: &m}}
		}
		if got := o.decide(map[string]string{"高新技术企业": "是", "上年营业收入": c.revenue}, a); got != c.want {
			t.Errorf("revenue %q, recorded %q: %s, want %s", c.revenue, c.recorded, got, c.want)
		}
	}
}

func TestInstalments(t *testing.T) {
	for _, c := range []struct{ instalments, amount, day, want string }{
		{"[{share: 40}, {share: 60, after: 1y}]", "100*元", "2024-02-29", "1 2024-02-29 40.00; 2 2025-02-28 60.00"},
		{"[{share: 50}, {share: 50, after: 6m}]", "0.03*元", "2025-08-31", "1 2025-08-31 0.02; 2 2026-02-28 0.01"},
		{"[{share: 33.3}, {share: 33.3, after: 30d}, {share: 33.4, after: 1m}]", "1*元", "2025-01-31", "1 2025-01-31 0.33; 2 2025-03-02 0.33; 3 2025-02-28 0.34"},
		{"[{share: 100, after: 1m}]", "0*元", "2025-12-31", "1 2026-01-31 0.00"},
	} {
		o := open(t, plainItem+"    amount: "+c.amount+"\n    instalments: "+c.instalments+"\n")
		d := o.session(map[string]string{"高新技术企业": "是"}, rulestest.Around{AsOf: day(c.day)}).Decide(o.rule("demo-a"))
		if got := strings.Join(rulestest.FromDecision(d).Payments, "; "); got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.instalments, c.amount, got, c.want)
		}
	}
	o := open(t, plainItem+"    amount: 1*元\n    instalments: [{share: 100}]\n")
	if d := o.session(nil, rulestest.Around{AsOf: day("2025-06-30")}).Decide(o.rule("demo-a")); len(d.Payments) != 0 {
		t.Errorf("payments of what isn't granted: %v", d.Payments)
	}
}

// TestDistance holds the words that tell a firm how far it is from a threshold.
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		condition string
		cells     map[string]string
		want      string
	}{
		{"require: 研发强度 >= 5", map[string]string{"研发费用": "3680000", "上年营业收入": "80000000"}, "差 0.4 个百分点，研发费用再增 32 万元"},
		{"require: 研发费用 / 上年营业收入 >= 0.05", map[string]string{"研发费用": "3680000", "上年营业收入": "80000000"}, "差 0.4 个百分点，研发费用再增 32 万元"},
		{"require: 上年营业收入 >= 2000*万元", map[string]string{"上年营业收入": "19999999.99"}, "差 0.01 元"},
		{"require: 上年营业收入 >= 2000*万元", map[string]string{"上年营业收入": "20000000"}, "正好在界上"},
		{"require: 上年营业收入 > 2000*万元", map[string]string{"上年营业收入": "20000000"}, "正好在界上，须再多一点"},
		{"require: 上年营业收入 >= 2000*万元", map[string]string{"上年营业收入": "35000000"}, "高出 1500 万元"},
		{"require: 从业人数 <= 300", map[string]string{"从业人数": "312"}, "超出 12 人"},
		{"require: 从业人数 <= 300", map[string]string{"从业人数": "280"}, "低于上限 20 人"},
		{"exclude: 裁员率 > 5.5", map[string]string{"裁员率": "5.9"}, "超出 0.4 个百分点"},
		{"require: '满年(成立日期, 3)'", map[string]string{"成立日期": "2022-07-10"}, "2025-07-10 起满足，还差 10 天"},
		{"require: '成立日期 >= 日期(\"2024-01-01\")'", map[string]string{"成立日期": "2023-12-31"}, "早了 1 天"},
		{"require: 高新技术企业", map[string]string{"高新技术企业": "否"}, ""},
		{"require: 上年营业收入 >= 2000*万元", nil, ""},
	} {
		o := open(t, "  - id: demo-a\n    title: 示例\n    conditions:\n      - id: a\n        "+c.condition+"\n")
		e := o.session(c.cells, rulestest.Around{AsOf: day("2025-06-30")}).Explain(o.rule("demo-a"))
		if got := e.Conditions[0].Distance; got != c.want {
			t.Errorf("%s with %v: %q, want %q", c.condition, c.cells, got, c.want)
		}
	}
}

// TestExplainAgrees: the explanation is of the decision, with every condition, its facts and who owes what is missing.
func TestExplainAgrees(t *testing.T) {
	o := open(t, "  - id: demo-a\n    title: 示例\n    conditions:\n      - {id: a, clause: 第一条, quote: 高新, require: 高新技术企业}\n      - {id: b, exclude: 失信}\n      - {id: m, manual: 影响力大}\n    amount: 投资额 * 比例(10)\n",
		"clauses:\n  - {ref: 第一条, text: 是高新技术企业。}")
	s := o.session(map[string]string{"高新技术企业": "是", "投资额": "1000"}, rulestest.Around{AsOf: day("2025-06-30")})
	e, d := s.Explain(o.rule("demo-a")), s.Decide(o.rule("demo-a"))
	if e.Outcome != d.Outcome || e.Outcome != rules.Unknown || len(e.Conditions) != 3 {
		t.Fatalf("%s, %s, %d conditions", e.Outcome, d.Outcome, len(e.Conditions))
	}
	var got []string
	for _, c := range e.Conditions {
		got = append(got, c.ID+" "+c.Result)
	}
	if want := []string{"a true", "b unknown", "m unknown"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if f := e.Conditions[0]; f.Clause != "第一条" || f.Quote != "高新" || len(f.Facts) != 1 || f.Facts[0].Value != "是" || !f.Facts[0].Known {
		t.Errorf("the first condition: %+v", f)
	}
	if len(e.Missing) != 1 || e.Missing[0].Name != "失信" || e.Missing[0].Source != "区法院" || !slices.Equal(e.Manual, []string{"m"}) {
		t.Errorf("missing %v, manual %v", e.Missing, e.Manual)
	}
	if e.Figure == nil || !strings.Contains(e.Figure.Exact, "100") {
		t.Errorf("the sum: %+v", e.Figure)
	}
}

// TestCaseInheritance: like fills facts, records and findings key by key, all else where the case has none of its own.
func TestCaseInheritance(t *testing.T) {
	policy := "id: demo\ntitle: 示例\nin_force: {from: 2024-01-01}\nitems:\n" + plainItem + "    period: once\n" + strings.ReplaceAll(plainItem, "demo-a", "demo-b")
	cases := `cases:
  - {name: 三, kind: refused, like: 二, facts: {高新技术企业: 否}, expect: {outcome: ineligible, failed: [a]}}
  - {name: 一, kind: accepted, item: demo-a, as_of: 2025-06-30, facts: {高新技术企业: 是, 失信: 否}, awards: [], expect: {outcome: eligible}}
  - {name: 二, kind: accepted, like: 一, as_of: 2025-07-01, facts: {失信: ~}, expect: {outcome: eligible}}
  - {name: 四, kind: missing, like: 一, facts: {高新技术企业: ~}, expect: {outcome: unknown, missing: [高新技术企业]}}
  - {name: 五, kind: refused, like: 二, awards: [{item: demo-a, period: "2024", amount: "1.00"}], expect: {outcome: ineligible, failed: [period]}}
  - {name: 六, kind: accepted, like: 五, item: demo-b, expect: {outcome: eligible}}
`
	p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(policy), "cases.yaml": []byte(cases)}, "demo")
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	book, ms := rules.Compile(randomVocabulary(t), []*rules.Policy{p})
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range book.RunCases(p) {
		if len(r.Problems) > 0 {
			t.Errorf("%s: %v", r.Case.Name, r.Problems)
		}
		got = append(got, fmt.Sprintf("%s %s %s %d %q", r.Case.Name, r.Case.Item, r.Case.AsOf, len(r.Case.Awards), r.Case.Facts["失信"]))
	}
	want := []string{`三 demo-a 2025-07-01 0 ""`, `一 demo-a 2025-06-30 0 "否"`, `二 demo-a 2025-07-01 0 ""`, `四 demo-a 2025-06-30 0 "否"`, `五 demo-a 2025-07-01 1 ""`, `六 demo-b 2025-07-01 1 ""`}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
