package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/rulestest"
)

// TestHeld: what an unknown decision would pay if its conditions came out true, after caps and rounding.
func TestHeld(t *testing.T) {
	around := rulestest.Around{AsOf: day("2025-06-30")}
	history := rulestest.Around{AsOf: day("2025-06-30"), Awards: awards(t, "demo-a 2023 - 900.00 2023-05-01")}
	for _, test := range []struct {
		name, item string
		cells      map[string]string
		around     rulestest.Around
		want       string // "-": not known
	}{
		{"data missing, capped and rounded", "    amount: 研发费用 * 比例(10)\n    cap: {per_grant: 500*元}\n    round: {to: 元, how: down}\n", map[string]string{"研发费用": "4567.89"}, around, "456.00"},
		{"cut by the cap", "    amount: 研发费用 * 比例(10)\n    cap: {per_grant: 500*元}\n", map[string]string{"研发费用": "9999.99"}, around, "500.00"},
		{"what is left of the total", "    amount: 研发费用\n    cap: {total: 1000*元}\n", map[string]string{"研发费用": "9999.99"}, history, "100.00"},
		{"negative counts as 0", "    amount: 研发费用 - 10*元\n", map[string]string{"研发费用": "1"}, around, "0.00"},
		{"the amount isn't known", "    amount: 研发费用\n", nil, around, "-"},
		{"a cap isn't known", "    amount: 研发费用\n    cap: {per_grant: 投资额}\n", map[string]string{"研发费用": "1"}, around, "-"},
		{"the sum waits for a person", "    at_most: 研发费用\n", map[string]string{"研发费用": "1"}, around, "-"},
		{"no amount", "", nil, around, "-"},
	} {
		o := open(t, plainItem+test.item)
		d := o.session(test.cells, test.around).Decide(o.rule("demo-a"))
		if got := heldText(d.Held); got != test.want || d.Outcome != rules.Unknown || len(d.Limits) > 0 {
			t.Errorf("%s: %s, held %s, limits %v; want %s", test.name, d.Outcome, got, d.Limits, test.want)
		}
		if line := string(d.AppendLine(nil)); strings.Contains(line, "held") {
			t.Errorf("%s: %s", test.name, line)
		}
		cells := map[string]string{"高新技术企业": "否"}
		if d := o.session(cells, test.around).Decide(o.rule("demo-a")); d.Held != nil {
			t.Errorf("%s: a refused decision holds %s", test.name, heldText(d.Held))
		}
	}
}

// TestHeldRecords: records that aren't refused count, those whose amount isn't known make the sum unknown.
func TestHeldRecords(t *testing.T) {
	o := open(t, "  - id: demo-a\n    title: 示例\n    each: 合同\n    basis: 合同号\n    conditions: [{id: a, require: 高新技术企业}, {id: b, exclude: 本条.转租}]\n    amount: 本条.租金\n    cap: {per_grant: 1000*元}\n")
	for _, test := range []struct {
		records string // rent and sublet of each
		want    string
	}{
		{"300.50 否; 200 否", "500.50"},
		{"300 否; 200 ~; 100 是", "500.00"},
		{"800 否; 800 ~", "1000.00"},
		{"300 是", "0.00"},
		{"300 否; ~ ~", "-"},
		{"300 否; ~ 是", "300.00"},
	} {
		facts := rulestest.Facts{Enterprise: caseFirm, Records: map[string][]rulestest.Record{}}
		for i, text := range strings.Split(test.records, "; ") {
			cells := map[string]string{}
			rent, sublet, _ := strings.Cut(text, " ")
			for name, cell := range map[string]string{"租金": rent, "转租": sublet} {
				if cell != "~" {
					cells[name] = cell
				}
			}
			facts.Records["合同"] = append(facts.Records["合同"], rulestest.Record{Key: fmt.Sprint(i), Cells: cells})
		}
		p, err := facts.Profile(o.v)
		if err != nil {
			t.Fatal(err)
		}
		s := o.book.NewSession(rules.Circumstances{AsOf: day("2025-06-30")})
		s.Load(p)
		if d := s.Decide(o.rule("demo-a")); heldText(d.Held) != test.want || d.Outcome != rules.Unknown {
			t.Errorf("%s: %s, held %s, want %s", test.records, d.Outcome, heldText(d.Held), test.want)
		}
	}
}

// TestNoHistory: the fault has the words by which readers know it.
func TestNoHistory(t *testing.T) {
	o := open(t, "  - {id: demo-a, title: 示例, conditions: [{id: a, exclude: '曾获(\"demo-a\")'}]}\n")
	d := o.session(nil, rulestest.Around{AsOf: day("2025-06-30")}).Decide(o.rule("demo-a"))
	if len(d.Faults) != 1 || d.Faults[0] != rules.NoHistory {
		t.Error(d.Faults)
	}
	if owed := o.v.Owed("合同.租金"); owed.Source == "" || owed.Name != "合同.租金" {
		t.Error(owed)
	}
}

func heldText(m *exact.Money) string {
	if m == nil {
		return "-"
	}
	return m.String()
}
