package whatif_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"mianshen/engine"
	"mianshen/internal/whatif"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/rulestest"
)

// threshold is a kind of figure that a random law compares with a number.
type threshold struct {
	figure, from, to, unit string
	written                func(exact.Num) string // the number in an expression
}

func quotient(n exact.Num) string { return "(" + n.Rat().String() + ")" }

var thresholds = []threshold{
	{"上年营业收入", "-1万元", "3000万元", "万元", func(n exact.Num) string { return quotient(n) + "*元/100" }},
	{"上年营业收入 - 前年营业收入", "0元", "1亿元", "亿元", func(n exact.Num) string { return quotient(n) + "*元/100" }},
	{"从业人数", "3", "120人", "人", func(n exact.Num) string { return quotient(n) + "*人" }},
	{"裁员率", "1%", "30", "%", quotient},
	{"研发费用 / 上年营业收入", "0.5%", "20%", "%", quotient},
	{"系数", "0", "3.5", "", quotient},
}

// law is a random policy with one threshold, and firms.
type law struct {
	threshold
	vocabulary *rules.Vocabulary
	text       string // of policy.yaml, with %s for the threshold
	budget     exact.Money
	district
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func randomLaw(t *testing.T, r *rand.Rand, v *rules.Vocabulary, firms int) *law {
	t.Helper()
	l := &law{threshold: thresholds[r.IntN(len(thresholds))], vocabulary: v, budget: exact.Money(r.Int64N(2_000_000_000))}
	l.text = "id: p\ntitle: 办法\nin_force: {from: 2024-01-01}\nclauses: [{ref: 第一条, text: 条款}]\nitems:\n  - id: a\n    title: 甲\n    conditions:\n" +
		compared(r, l.figure) +
		pick(r, "", "      - {id: d, exclude: 失信}\n", "      - {id: d, require: '高新技术企业 or 研发费用 > 1*万元'}\n") +
		fmt.Sprintf("    amount: '%s'\n", pick(r, "20*万元", "研发费用 * 比例(10)", "min(50*万元, 投资额 / 3)", "从业人数 * 1500*元"))
	for i := range firms {
		f := rulestest.RandomFacts(r, []int{0, 10, 30}[r.IntN(3)])
		f.Enterprise = fmt.Sprintf("F%017d", i)
		for name, cell := range f.Cells {
			if len(cell) > 12 && cell[4] != '-' { // figures that force the column out of 62 bits
				delete(f.Cells, name)
			}
		}
		p, err := f.Profile(v)
		if err != nil {
			t.Fatal(err)
		}
		l.profiles = append(l.profiles, p)
	}
	var err error
	if l.table, err = engine.FromProfiles(v, l.profiles); err != nil {
		t.Fatal(err)
	}
	l.around = rules.Circumstances{AsOf: civil.MustParse("2025-06-30")}
	return l
}

// compared is the condition, with %s for the threshold on either side.
func compared(r *rand.Rand, figure string) string {
	op, left, right := pick(r, ">=", ">", "<", "<="), figure, "%s"
	if r.IntN(3) == 0 {
		left, right = right, left
	}
	return fmt.Sprintf("      - {id: c, %s: '%s %s %s'}\n", pick(r, "require", "require", "exclude"), left, op, right)
}

// compiled is the law with a threshold as an expression, and a value in values.yaml.
func (l *law) compiled(t *testing.T, bound, value string) *rules.Book {
	t.Helper()
	values := fmt.Sprintf("values:\n  - {name: 门槛, unit: %q, clause: 第一条, value: %s}\n", l.unit, value)
	p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": fmt.Appendf(nil, l.text, bound), "values.yaml": []byte(values)}, "p")
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	book, ms := rules.Compile(l.vocabulary, []*rules.Policy{p})
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	return book
}

// total decides every firm by its own program.
func (l *law) total(t *testing.T, b *rules.Book) (out whatif.Total) {
	t.Helper()
	for _, d := range l.verdicts(t, b, "a") {
		addTo(&out, d)
	}
	return out
}

// TestCurvesAreBruteForce holds the steps of random curves, and what their budget pays for, against deciding every firm anew.
func TestCurvesAreBruteForce(t *testing.T) {
	r := seed(t)
	v, ms := rules.ParseVocabulary("vocabulary.yaml", rulestest.Vocabulary())
	if v == nil {
		t.Fatal(ms)
	}
	by := map[string]int{}
	for range 40 {
		l := randomLaw(t, r, v, 20+r.IntN(150))
		book, name := l.compiled(t, `取值("门槛")`, "7"), "门槛"
		if l.around.History = nil; r.IntN(4) == 0 { // one firm that was granted something: no curve over columns
			l.around.History = rules.NewHistory([]rules.Award{{Enterprise: l.profiles[0].Enterprise, Item: "a"}})
		}
		if r.IntN(2) == 0 {
			name, book = "c", l.compiled(t, map[string]string{"万元": "7*万元", "亿元": "7*亿元", "%": "比例(7)", "人": "7", "": "7"}[l.unit], "1")
		}
		c, err := whatif.Vary(ctx, whatif.Variation{Table: l.table, Book: book, Circumstances: l.around, Item: "a", Name: name, From: l.from, To: l.to, Budget: l.budget, Steps: 30})
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", l.figure, name, err, l.text)
		}
		by[fmt.Sprintf("%s exact %v", map[bool]string{true: "condition", false: "value"}[name == "c"], c.Exact)]++
		l.check(t, r, c)
		if t.Failed() {
			t.Fatalf("%s: %+v\n%s", name, c, l.text)
		}
	}
	t.Log(by)
	if len(by) != 4 {
		t.Errorf("not all ways occurred: %v", by)
	}
}

func (l *law) check(t *testing.T, r *rand.Rand, c *whatif.Curve) {
	t.Helper()
	present := 0
	for i, s := range c.Steps {
		if i > 0 && c.Steps[i-1].Value.Cmp(s.Value) >= 0 {
			t.Errorf("steps don't ascend: %v", c.Steps)
		}
		present += map[bool]int{true: 1}[s.Present]
		if r.IntN(4) > 0 {
			continue
		}
		got, want := whatif.Total{Eligible: s.Enterprises, Money: s.Money}, l.total(t, l.compiled(t, l.written(s.Value), "1"))
		if want.Unknown = 0; got != want {
			t.Errorf("at %s: %+v, want %+v", s.Words, got, want)
		}
		if s.Money <= l.budget && (c.Affordable == nil || c.Affordable.Money < s.Money) {
			t.Errorf("%s is affordable at %v of %v, told is %+v", s.Words, s.Money, l.budget, c.Affordable)
		}
	}
	if len(c.Steps) > 30 || present > 1 || c.Affordable != nil && c.Affordable.Money > l.budget {
		t.Errorf("%d steps, %d present, affordable %+v of %v", len(c.Steps), present, c.Affordable, l.budget)
	}
	if !c.Exact || c.Affordable == nil {
		return
	}
	// nothing between the affordable value and the more generous end may be affordable and cost more
	for _, p := range []int64{1, 2, 3, 5, 7} {
		for _, end := range []exact.Num{c.Steps[0].Value, c.Steps[len(c.Steps)-1].Value} {
			d, err := end.Sub(c.Affordable.Value)
			if err == nil {
				d, err = d.Mul(exact.Frac(p, 8))
			}
			if err == nil {
				d, err = d.Add(c.Affordable.Value)
			}
			if err != nil {
				t.Fatal(err)
			}
			if between := l.total(t, l.compiled(t, l.written(d), "1")); between.Money <= l.budget && between.Money > c.Affordable.Money {
				t.Errorf("%v costs %v, which %v pays for, but told is %+v", d, between.Money, l.budget, c.Affordable)
			}
		}
	}
}

// TestVaryValuesThatCountTwice: a value that the amount reads, one in two conditions, and a cell of a table are decided anew.
func TestVaryValuesThatCountTwice(t *testing.T) {
	d := sample(t, 200, "qp-fg-2025-24", "qp-jw-gy-2025-22", "qp-jw-zjtx-tidu")
	for _, c := range []struct {
		item, name, from, to, want string
		exact                      bool
	}{
		{"b-zc-small", "中小微增量起点", "500万元", "2500万元", "20", false},
		{"b-zc-year", "年度增速门槛", "1%", "5%", "", true},
		{"a-zjtx-first", "市级首次奖励[5%]", "10", "20万元", "20", false},
		{"b-ls-saving", "节能量起点", "50", "150吨标准煤", "", false}, // record by record
	} {
		v := whatif.Variation{Table: d.table, Book: d.book, Circumstances: d.around, Item: c.item, Name: c.name, From: c.from, To: c.to}
		got, err := whatif.Vary(ctx, v)
		if err != nil {
			t.Errorf("%s %s: %v", c.item, c.name, err)
			continue
		}
		if got.Exact != c.exact || !c.exact && (len(got.Steps) < 21 || len(got.Steps) > 22) {
			t.Errorf("%s %s: exact %v, %d steps", c.item, c.name, got.Exact, len(got.Steps))
		}
		rule, _ := d.book.Rule(c.item)
		name, cell, _ := strings.Cut(strings.TrimSuffix(c.name, "]"), "[")
		for i, s := range got.Steps {
			if i%8 != 0 {
				continue
			}
			text := rule.Policy.Value(name).Text(s.Value)
			var want whatif.Total
			if !strings.Contains(text, "/") {
				for _, x := range d.verdicts(t, d.amended(t, c.item, rules.Edit{What: rules.EditValue, Value: name, Cell: cell, On: d.around.AsOf, Text: text}), c.item) {
					addTo(&want, x)
				}
				if s.Enterprises != want.Eligible || s.Money != want.Money {
					t.Errorf("%s %s at %s: %+v, want %+v", c.item, c.name, s.Words, s, want)
				}
			}
		}
	}
}

// TestVaryRefuses holds what is said of variations that can't be.
func TestVaryRefuses(t *testing.T) {
	d := sample(t, 50, "qp-jw-gy-2025-22", "qp-jw-zjtx-tidu")
	for _, c := range []struct{ item, name, from, to, want string }{
		{"b-zc-smal", "x", "1", "2", "没有事项 b-zc-smal，是不是 b-zc-small？"},
		{"b-zc-small", "中小微增量起", "1", "2", "没有数值或条件 中小微增量起，是不是 中小微增量起点？"},
		{"b-zc-small", "中小微增量起点", "1人", "2", "从“1人”：值“1人”的单位与 万元 不合"},
		{"b-zc-small", "中小微增量起点", "1", "很多", "到“很多”：值应是数"},
		{"b-zc-small", "中小微增量起点", "2亿元", "1000", "从 2 亿元 到 1000 万元：前一个数应小于后一个数"},
		{"b-zc-small", "中小微增量起点[甲]", "1", "2", "数值 中小微增量起点 不分档"},
		{"a-zjtx-first", "市级首次奖励", "1", "2", "写明哪一档，如 市级首次奖励[3%]；有：3%、5%、10%"},
		{"a-zjtx-first", "title", "1", "2", "条件 title 不是一个指标与一个数的比较"},
	} {
		_, err := whatif.Vary(ctx, whatif.Variation{Table: d.table, Book: d.book, Circumstances: d.around, Item: c.item, Name: c.name, From: c.from, To: c.to})
		var refusal *whatif.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Text, c.want) {
			t.Errorf("%s %s: %v, want %s", c.item, c.name, err, c.want)
		}
	}
}
