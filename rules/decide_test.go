package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/rulestest"
)

// office is a policy of one or more items over the random vocabulary, made for a test.
type office struct {
	t    *testing.T
	v    *rules.Vocabulary
	book *rules.Book
}

// open compiles items (their YAML at the indentation of a list) with further keys of the policy.
func open(t *testing.T, items string, keys ...string) office {
	t.Helper()
	text := "id: demo\ntitle: 示例\n" + strings.Join(append(keys, ""), "\n") + "items:\n" + items
	if !strings.Contains(text, "in_force") {
		text = "in_force: {from: 2024-01-01, to: 2026-12-31}\n" + text
	}
	v := randomVocabulary(t)
	p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(text)}, "demo")
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	book, ms := rules.Compile(v, []*rules.Policy{p})
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	return office{t, v, book}
}

func (o office) rule(id string) *rules.Rule {
	o.t.Helper()
	r, ok := o.book.Rule(id)
	if !ok {
		o.t.Fatalf("no item %s", id)
	}
	return r
}

func (o office) session(cells map[string]string, a rulestest.Around) *rules.Session {
	o.t.Helper()
	p, err := rulestest.Facts{Enterprise: caseFirm, Cells: cells}.Profile(o.v)
	if err != nil {
		o.t.Fatal(err)
	}
	s := o.book.NewSession(a.Circumstances())
	s.Load(p)
	return s
}

// decide gives "outcome amount failed/missing/manual" of the item with the id demo-a.
func (o office) decide(cells map[string]string, a rulestest.Around) string {
	o.t.Helper()
	d := o.session(cells, a).Decide(o.rule("demo-a"))
	amount := "-"
	if d.Amount != nil {
		amount = d.Amount.String()
	}
	return fmt.Sprintf("%s %s %s", d.Outcome, amount, strings.Join(slices.Concat(d.Failed, d.Missing, d.Manual), ","))
}

func day(text string) civil.Date { return civil.MustParse(text) }

// award is "item period basis amount on"; - for no basis and no day.
func award(t *testing.T, text string) rules.Award {
	t.Helper()
	f := strings.Fields(text)
	p, err := rules.ParseInterval(f[1])
	if err != nil {
		t.Fatal(err)
	}
	negative := strings.HasPrefix(f[3], "-")
	m, err := exact.ParseMoney(strings.TrimPrefix(f[3], "-"))
	if err != nil {
		t.Fatal(err)
	}
	a := rules.Award{Enterprise: caseFirm, Item: f[0], Period: p, Amount: m}
	if negative {
		a.Amount = -m
	}
	if f[2] != "-" {
		a.Basis = f[2]
	}
	if f[4] != "-" {
		a.On = day(f[4])
	}
	return a
}

func awards(t *testing.T, texts ...string) []rules.Award {
	t.Helper()
	out := []rules.Award{}
	for _, s := range texts {
		out = append(out, award(t, s))
	}
	return out
}

const plainItem = "  - id: demo-a\n    title: 示例\n    conditions: [{id: a, require: 高新技术企业}]\n"

func TestWindows(t *testing.T) {
	for _, c := range []struct{ window, open, closed string }{
		{"{from: 05-20, to: 06-05}", "2025-05-20 2025-06-05 2026-05-31", "2025-05-19 2025-06-06 2025-12-31"},
		{"{from: 12-20, to: 01-10}", "2025-12-20 2025-12-31 2026-01-01 2026-01-10", "2025-12-19 2026-01-11 2025-06-30"},
		{"{from: 02-01, to: 02-29}", "2024-02-29 2025-02-28", "2024-03-01 2025-03-01"},
		{"{from: 2025-12-20, to: 2026-01-10}", "2025-12-20 2026-01-10 2025-12-31", "2024-12-25 2026-12-25 2025-12-19 2026-01-11"},
		{"[{from: 03-01, to: 03-31}, {from: 2025-09-01, to: 2025-09-01}]", "2025-03-01 2026-03-31 2025-09-01", "2025-04-01 2026-09-01 2025-08-31"},
		{"{from: 06-30, to: 06-30}", "2025-06-30", "2025-06-29 2025-07-01"},
	} {
		r := open(t, plainItem+"    window: "+c.window+"\n").rule("demo-a")
		for _, d := range strings.Fields(c.open) {
			if !r.Open(day(d)) {
				t.Errorf("%s is closed on %s", c.window, d)
			}
		}
		for _, d := range strings.Fields(c.closed) {
			if r.Open(day(d)) {
				t.Errorf("%s is open on %s", c.window, d)
			}
		}
	}
	o := open(t, plainItem+"    window: {from: 05-20, to: 06-05}\n")
	d := o.session(map[string]string{"高新技术企业": "是"}, rulestest.Around{AsOf: day("2025-06-30")}).Decide(o.rule("demo-a"))
	if line := string(d.AppendLine(nil)); d.Open || d.Outcome != rules.Eligible || !strings.Contains(line, `"open":false`) {
		t.Errorf("outside its window the item is decided and says so: %s", line)
	}
}

func TestSettling(t *testing.T) {
	for _, c := range []struct{ keys, item, due, not string }{
		{"in_force: {from: 2024-01-01, to: 2025-12-31}", "", "2024-01-01 2025-12-31", "2023-12-31 2026-01-01"},
		{"in_force: {from: 2024-01-01}", "", "2024-01-01 2100-01-01", "2023-12-31"},
		{"in_force: {from: 2024-01-01, to: 2025-12-31}\nsettle_to: 2026-06-30", "    for: year-1\n", "2025-12-31 2026-01-01 2026-06-30", "2026-07-01 2023-12-31"},
		{"in_force: {from: 2024-01-01, to: 2025-12-31}\nsettle_to: 2027-06-30", "    for: year-1\n", "2026-12-31", "2027-01-01"}, // for 2026, when it was over
		{"in_force: {from: 2024-01-01, to: 2025-12-31}\nsettle_to: 2026-06-30", "    for: quarter-1\n    period: quarter\n", "2026-03-31", "2026-04-01"},
		{"in_force: {from: 2024-01-01, to: 2025-12-31}\nsettle_to: 2026-06-30", "", "2025-12-31", "2026-01-01"}, // for the year 2026
	} {
		r := open(t, plainItem+c.item, c.keys).rule("demo-a")
		for _, d := range strings.Fields(c.due) {
			if !r.Due(day(d)) {
				t.Errorf("%s %s: not due on %s", c.keys, c.item, d)
			}
		}
		for _, d := range strings.Fields(c.not) {
			if r.Due(day(d)) {
				t.Errorf("%s %s: due on %s", c.keys, c.item, d)
			}
		}
	}
}

func TestGrantPeriod(t *testing.T) {
	for _, c := range []struct{ item, day, want string }{
		{"", "2025-06-30", "2025"},
		{"    for: year-1\n", "2025-01-01", "2024"},
		{"    for: quarter-1\n", "2025-01-01", "2024-Q4"},
		{"    for: quarter-1\n", "2025-06-30", "2025-Q1"},
		{"    period: quarter\n", "2025-06-30", "2025-Q2"},
		{"    period: month\n", "2025-02-28", "2025-02"},
		{"    for: month-1\n", "2025-01-31", "2024-12"},
		{"    for: year-2\n    period: year\n", "2025-01-31", "2023"},
	} {
		if got := open(t, plainItem+c.item).rule("demo-a").Grant(day(c.day)).Name; got != c.want {
			t.Errorf("%q on %s is for %s, want %s", c.item, c.day, got, c.want)
		}
	}
}

// TestHowOften: an item is granted once in its period; what was recovered wholly, is of another item or firm or still to come doesn't count.
func TestHowOften(t *testing.T) {
	yes := map[string]string{"高新技术企业": "是"}
	for _, c := range []struct{ item, awards, want string }{
		{"    period: once\n", "", "eligible - "},
		{"    period: once\n", "demo-a 2020 - 1.00 -", "ineligible - period"},
		{"    period: once\n", "demo-b 2020 - 1.00 -", "eligible - "},
		{"    period: once\n", "demo-a 2020 - 1.00 -|demo-a 2020 - -1.00 -", "eligible - "},
		{"    period: once\n", "demo-a 2020 - 1.00 -|demo-a 2020 - -0.50 -", "ineligible - period"},
		{"    period: once\n", "demo-a 2020 - 1.00 -|demo-a 2021 - -1.00 -", "ineligible - period"},
		{"    period: once\n", "demo-a 2020 - 0.00 -", "ineligible - period"},
		{"    period: once\n", "demo-a 2020 - 1.00 2025-07-01", "eligible - "},
		{"    period: once\n", "demo-a 2020 - 1.00 2025-06-30", "ineligible - period"},
		{"    period: year\n", "demo-a 2024 - 1.00 -", "eligible - "},
		{"    period: year\n", "demo-a 2025-Q1 - 1.00 -", "ineligible - period"},
		{"    period: year\n    for: year-1\n", "demo-a 2025 - 1.00 -", "eligible - "},
		{"    period: year\n    for: year-1\n", "demo-a 2024-12 - 1.00 -", "ineligible - period"},
		{"    period: quarter\n", "demo-a 2025-Q1 - 1.00 -", "eligible - "},
		{"    period: quarter\n", "demo-a 2025-05 - 1.00 -", "ineligible - period"},
		{"    period: {every: 3y}\n", "demo-a 2022 - 1.00 -", "eligible - "},
		{"    period: {every: 3y}\n", "demo-a 2023 - 1.00 -", "ineligible - period"},
		{"", "demo-a 2025 - 1.00 -", "eligible - "},
	} {
		a := rulestest.Around{AsOf: day("2025-06-30"), Awards: []rules.Award{}}
		if c.awards != "" {
			a.Awards = awards(t, strings.Split(c.awards, "|")...)
		}
		if got := open(t, plainItem+c.item).decide(yes, a); got != c.want {
			t.Errorf("%q with %q: %s, want %s", c.item, c.awards, got, c.want)
		}
	}
	if got := open(t, plainItem+"    period: once\n").decide(yes, rulestest.Around{AsOf: day("2025-06-30")}); got != "eligible - " {
		t.Errorf("without a history: %s", got)
	}
}

func TestOncePerBasis(t *testing.T) {
	o := open(t, plainItem+"    basis: 批次\n    once_per: basis\n")
	other := award(t, "demo-a 2020 第一批 1.00 -")
	other.Enterprise = "91310118MA1JP7UB3X"
	for _, c := range []struct {
		batch, want string
		awards      []rules.Award
	}{
		{"第一批", "eligible - ", []rules.Award{}},
		{"第一批", "ineligible - once_per", []rules.Award{other}},
		{"第二批", "eligible - ", []rules.Award{other}},
		{"", "unknown - 批次", []rules.Award{other}},
		{"第一批", "ineligible - once_per", awards(t, "demo-a 2025 第一批 1.00 -")},
		{"第一批", "eligible - ", awards(t, "demo-a 2025 第一批 1.00 -", "demo-a 2025 第一批 -1.00 -")},
		{"", "eligible - ", nil},
	} {
		if got := o.decide(map[string]string{"高新技术企业": "是", "批次": c.batch}, rulestest.Around{AsOf: day("2025-06-30"), Awards: c.awards}); got != c.want {
			t.Errorf("%s with %d awards: %s, want %s", c.batch, len(c.awards), got, c.want)
		}
	}
}

// TestCaps: what is left of each cap after what was granted, also under other items of the group; rounding comes last.
func TestCaps(t *testing.T) {
	other := "  - id: demo-b\n    title: 示例\n    conditions: [{id: a, require: 高新技术企业}]\n    amount: 1*元\n    cap: {group: 甲}\n"
	for _, c := range []struct{ cap, revenue, awards, want string }{
		{"{per_grant: 50*万元}", "600000", "", "eligible 500000.00 "},
		{"{per_grant: 50*万元}", "500000.01", "", "eligible 500000.00 "},
		{"{per_grant: 50*万元}", "499999.99", "", "eligible 499999.99 "},
		{"{per_grant: 100*元 / 3}", "600000", "", "eligible 33.33 "},
		{"{per_year: 100*元}", "600", "demo-a 2025 - 30.00 -", "eligible 70.00 "},
		{"{per_year: 100*元}", "600", "demo-a 2024 - 30.00 -", "eligible 100.00 "},
		{"{per_year: 100*元}", "600", "demo-a 2025 - 30.00 -|demo-a 2025 - -10.00 -", "eligible 80.00 "},
		{"{per_year: 100*元}", "600", "demo-a 2025 - 130.00 -", "eligible 0.00 "},
		{"{per_year: 100*元}", "600", "demo-b 2025 - 30.00 -", "eligible 100.00 "},
		{"{per_year: 100*元, group: 甲}", "600", "demo-b 2025-Q1 - 30.00 -|demo-a 2025 - 20.00 -", "eligible 50.00 "},
		{"{total: 100*元, group: 甲}", "600", "demo-b 2020 - 30.00 -|demo-a 2025 - 20.00 -", "eligible 50.00 "},
		{"{total: 100*元}", "600", "demo-a 2020 - 30.00 2025-07-01", "eligible 100.00 "},
		{"{times: 2}", "600", "demo-a 2020 - 1.00 -", "eligible 600.00 "},
		{"{times: 2}", "600", "demo-a 2020 - 1.00 -|demo-a 2021 - 1.00 -", "eligible 0.00 "},
		{"{times: 2}", "600", "demo-a 2020 - 1.00 -|demo-a 2021 - 1.00 -|demo-a 2021 - -1.00 -", "eligible 600.00 "},
		{"{times: 1, group: 甲}", "600", "demo-b 2020 - 1.00 -", "eligible 0.00 "},
		{"{per_year: 投资额}", "600", "", "unknown - 投资额"},
		{"{per_grant: 投资额}", "600", "", "unknown - 投资额"},
		{"{per_year: 100*元, total: 40*元, per_grant: 70*元}", "600", "", "eligible 40.00 "},
	} {
		o := open(t, plainItem+"    amount: 上年营业收入\n    cap: "+c.cap+"\n"+other)
		a := rulestest.Around{AsOf: day("2025-06-30"), Awards: []rules.Award{}}
		if c.awards != "" {
			a.Awards = awards(t, strings.Split(c.awards, "|")...)
		}
		if got := o.decide(map[string]string{"高新技术企业": "是", "上年营业收入": c.revenue}, a); got != c.want {
			t.Errorf("%s of %s with %q: %s, want %s", c.cap, c.revenue, c.awards, got, c.want)
		}
	}
	o := open(t, plainItem+"    amount: 上年营业收入\n    cap: {per_year: 投资额, total: 1*元, times: 1}\n")
	if got := o.decide(map[string]string{"高新技术企业": "是", "上年营业收入": "600"}, rulestest.Around{AsOf: day("2025-06-30")}); got != "eligible 600.00 " {
		t.Errorf("without a history caps over time wait for the disbursement: %s", got)
	}
}

func TestRounding(t *testing.T) {
	for _, c := range []struct{ round, amount, want string }{
		{"", "1*元 / 3", "0.33"},
		{"{how: half-up}", "1*元 / 8", "0.13"},
		{"{how: half-up}", "2*元 / 3", "0.67"},
		{"{to: 元}", "199*元 / 100", "1.00"},
		{"{to: 元, how: half-up}", "150*元 / 100", "2.00"},
		{"{to: 万元}", "199999.99*元", "190000.00"},
		{"{to: 万元, how: half-up}", "195000*元", "200000.00"},
		{"{to: 百元, how: half-up}", "149.99*元", "100.00"},
		{"", "0*元 - 5*元", "0.00"},
	} {
		item := plainItem + "    amount: " + c.amount + "\n"
		if c.round != "" {
			item += "    round: " + c.round + "\n"
		}
		if got := open(t, item).decide(map[string]string{"高新技术企业": "是"}, rulestest.Around{AsOf: day("2025-06-30")}); got != "eligible "+c.want+" " {
			t.Errorf("%s rounded %s: %s, want %s", c.amount, c.round, got, c.want)
		}
	}
}
