package proof

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
)

// node is a condition of a random item, as text that can be changed in one place.
type node struct {
	id, key, text string
	parts         []*node
}

func (n *node) yaml(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%s- id: %s\n", indent, n.id)
	if n.parts == nil {
		fmt.Fprintf(b, "%s  %s: '%s'\n", indent, n.key, n.text)
		return
	}
	fmt.Fprintf(b, "%s  %s:\n", indent, n.key)
	for _, p := range n.parts {
		p.yaml(b, indent+"    ")
	}
}

func (n *node) find(id string) *node {
	if n.id == id {
		return n
	}
	for _, p := range n.parts {
		if f := p.find(id); f != nil {
			return f
		}
	}
	return nil
}

// maker draws random items from few fields and few constants, so that conditions often have to do with each other.
type maker struct {
	*rand.Rand
	ids   int
	table bool
}

func pick[T any](m *maker, of ...T) T { return of[m.IntN(len(of))] }

var compare = []string{">=", ">", "<", "<=", "==", "!="}

func (m *maker) atom() string {
	op := pick(m, compare...)
	switch m.IntN(18) {
	case 0, 1, 2:
		return "上年营业收入 " + op + " " + pick(m, "1*万元", "2*万元", "300*万元", `取值("起点")`)
	case 3, 4:
		return "从业人数 " + op + " " + pick(m, "10", "11", "20")
	case 5:
		return "企业规模 " + pick(m, "==", "!=") + ` "` + pick(m, "大型", "小型", "微型") + `"`
	case 6:
		return "企业规模 in " + pick(m, `["小型", "微型"]`, `["大型", "中型", "小型"]`, `["不适用"]`)
	case 7:
		return "行业(行业代码, " + pick(m, `"C"`, `"C33"`, `"C", "I"`, `"I65"`) + ")"
	case 8:
		return pick(m, "制造业企业", "高新技术企业")
	case 9:
		return "绿色工厂级别 " + pick(m, `== "市级"`, `!= "无"`, `in ["国家级", "市级"]`, `== "无"`)
	case 10:
		return pick(m, "研发费用占比 ", "上年研发费用 / 上年营业收入 ") + pick(m, ">= 0.03", "> 比例(3)", "< 0.05")
	case 11:
		return "成立日期 " + op + " 日期(" + pick(m, `"2024-01-01"`, `"2024-01-02"`) + ")"
	case 12:
		return "年(成立日期) " + op + " " + pick(m, "年度", "2024")
	case 13:
		return pick(m, `"甲" in 资质`, "满年(成立日期, 1)", "any(租赁合同, .面积 > 10)", "count(租赁合同) >= 1", "count(租赁合同) < 0")
	case 14:
		return `取值("分档", 上年营业收入) ` + pick(m, "> 0*元", ">= 2*万元", "< 5*万元")
	case 15:
		return "上年营业收入 / 2 >= " + pick(m, "1*万元", "150*万元")
	case 16:
		return `取值("级别", 绿色工厂级别) ` + pick(m, "> 0*元", ">= 2*万元")
	}
	if m.table {
		return "本条.面积 " + op + " " + pick(m, "10", "20")
	}
	return `取值("起点") ` + op + " 2*万元"
}

func (m *maker) test(depth int) string {
	if depth == 0 || m.IntN(3) == 0 {
		return m.atom()
	}
	switch m.IntN(6) {
	case 0:
		return "not (" + m.test(depth-1) + ")"
	case 1:
		return "(" + m.test(depth-1) + ") and " + m.atom()
	case 2:
		return m.atom() + " or " + m.atom()
	case 3:
		return "(" + m.test(depth-1) + " ? " + m.atom() + " : " + m.atom() + ")"
	}
	return m.atom()
}

func (m *maker) condition(depth int) *node {
	m.ids++
	n := &node{id: fmt.Sprint("c", m.ids)}
	if depth > 0 && m.IntN(3) == 0 {
		n.key = pick(m, "any", "any", "all")
		for range 1 + m.IntN(3) {
			n.parts = append(n.parts, m.condition(depth-1))
		}
		return n
	}
	n.key, n.text = pick(m, "require", "require", "exclude"), m.test(2)
	return n
}

const values = `values:
  - {name: 起点, unit: 万元, clause: 第一条, dated: [{from: 2025-01-01, to: 2025-12-31, value: 2}, {from: 2026-01-01, value: 300}]}
  - name: 分档
    unit: 万元
    clause: 第一条
    by: 上年营业收入
    dated: [{from: 2025-01-01, tiers: [{at_least: 1万元, value: 1}, {at_least: 2万元, value: 3}, {at_least: 300万元, value: 5}]}]
  - name: 级别
    unit: 万元
    clause: 第一条
    by: 绿色工厂级别
    dated: [{from: 2025-01-01, table: {国家级: 3, 市级: 2, 其他: 0}}]
`

func compile(t *testing.T, v *rules.Vocabulary, table bool, shared, own []*node) *rules.Book {
	t.Helper()
	var b strings.Builder
	b.WriteString("id: p\ntitle: 示例\nin_force: {from: 2025-01-01, to: 2026-12-31}\nclauses: [{ref: 第一条, text: 示例。}]\n")
	if len(shared) > 0 {
		b.WriteString("conditions:\n")
	}
	for _, n := range shared {
		n.yaml(&b, "  ")
	}
	b.WriteString("items:\n  - id: a\n    title: 甲\n")
	if table {
		b.WriteString("    each: 租赁合同\n")
	}
	b.WriteString("    conditions:\n")
	for _, n := range own {
		n.yaml(&b, "      ")
	}
	p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(b.String()), "values.yaml": []byte(values)}, "")
	if ms.Fatal() {
		t.Fatalf("%v\n%s", ms, b.String())
	}
	book, ms := rules.Compile(v, []*rules.Policy{p})
	if book == nil {
		t.Fatalf("%v\n%s", ms, b.String())
	}
	return book
}

// profile draws facts on and around the constants of the conditions.
func (m *maker) profile(v *rules.Vocabulary) *rules.Profile {
	p := rules.NewProfile(v, "91310118MA1JP7UB2B")
	complete := m.IntN(3) == 0
	for _, f := range v.Fields {
		if f.Derived() || !complete && m.IntN(4) == 0 {
			continue
		}
		fact := rules.Fact{Value: m.fact(f, complete)}
		if err := p.Set(f, fact); err != nil {
			panic(err)
		}
	}
	return p
}

func (m *maker) fact(f *rules.Field, complete bool) *formula.Value {
	if f.Type == rules.TypeTable {
		var rows []*formula.Record
		for i := range m.IntN(3) {
			cells := []*formula.Value{cell(f.Columns[0], "1"), cell(f.Columns[1], pick(m, "9", "10", "11", "20", "21"))}
			if !complete && m.IntN(4) == 0 {
				cells[1] = nil
			}
			rows = append(rows, f.NewRecord(fmt.Sprint(i), cells))
		}
		return formula.TableOf(rows)
	}
	text := map[rules.FieldType][]string{
		rules.TypeBool:  {"是", "否"},
		rules.TypeMoney: {"0", "5000", "9999.99", "10000", "10000.01", "15000", "20000", "25000", "2999999.99", "3000000", "3000001", "900000000"},
		rules.TypeInt:   {"0", "9", "10", "11", "12", "19", "20", "21", "1200"}, rules.TypeDecimal: {"3", "5"}, rules.TypeSet: {"甲", "乙", ";;"},
		rules.TypeDate: {"2023-06-30", "2023-12-31", "2024-01-01", "2024-01-02", "2024-01-03", "2025-05-01"}, rules.TypeEnum: f.Values,
		rules.TypeString: {"C", "C33", "C3311", "I65", "I", "A01", "Z"},
	}[f.Type]
	return cell(f, pick(m, text...))
}

func cell(f *rules.Field, text string) *formula.Value {
	v, err := f.Parse(text, "")
	if err != nil {
		panic(err)
	}
	return v
}

// outcomes decides one item for many profiles on several days.
func outcomes(book *rules.Book, profiles []*rules.Profile) []rules.Outcome {
	var out []rules.Outcome
	for _, day := range []string{"2025-06-30", "2026-02-01"} {
		s := book.NewSession(rules.Circumstances{AsOf: civil.MustParse(day)})
		for _, p := range profiles {
			s.Load(p)
			out = append(out, s.Decide(book.Rules[0]).Outcome)
		}
	}
	return out
}

// put writes what a claim says in the place of its piece: true, or false where it can be left out of a choice.
func put(c Claim, all []*node) (undo func()) {
	truth := c.Kind == Implied || c.Kind == Always
	var n *node
	for _, root := range all {
		if f := root.find(c.Of.at.cond.ID); f != nil {
			n = f
		}
	}
	before := *n
	word := fmt.Sprint(truth != c.Of.neg)
	if c.Of.at.expr.Node() == nil {
		n.parts, n.key, n.text = nil, "require", word
	} else {
		from, to := c.Of.at.span()
		rs := []rune(n.text)
		n.text = string(rs[:from]) + "(" + word + ")" + string(rs[to:])
	}
	return func() { *n = before }
}

// agrees says which outcomes of the item before and after must agree.
func (c Claim) agrees(before, after rules.Outcome) bool {
	switch {
	case c.Kind == Implied, c.Kind == Branch, c.Kind == Always && c.Solid:
		return before == after
	case c.Kind == Always:
		return before != rules.Ineligible || after == rules.Ineligible
	}
	return (before == rules.Eligible) == (after == rules.Eligible) && (c.Of.Inside || before != rules.Eligible)
}

// TestClaimsHold: for random items, what a claim says holds for random profiles on and around the constants: removing what is
// implied, always true or a superfluous way changes no outcome, and nobody is ever eligible by what never holds.
func TestClaimsHold(t *testing.T) {
	data, err := os.ReadFile("../testdata/vocabulary.yaml")
	if err != nil {
		t.Fatal(err)
	}
	v, ms := rules.ParseVocabulary("vocabulary.yaml", data)
	if v == nil {
		t.Fatal(ms)
	}
	items := 400
	m := &maker{Rand: rand.New(rand.NewPCG(2025, 11))}
	counts := map[string]int{}
	for range items {
		m.table = m.IntN(3) == 0
		var shared, own []*node
		for range m.IntN(2) {
			shared = append(shared, m.firm())
		}
		for range 1 + m.IntN(4) {
			own = append(own, m.condition(2))
		}
		checkItem(t, v, m, shared, own, counts)
		if t.Failed() {
			return
		}
	}
	t.Log(counts)
	for _, k := range []string{"0 false", "0 true", "1 false", "2 false", "2 joint", "3 false", "3 true", "3 joint", "4 false", "4 true", "eligible", "unknown", "ineligible"} {
		if counts[k] == 0 {
			t.Errorf("%s never occurred", k)
		}
	}
}

// firm is a condition that doesn't read records.
func (m *maker) firm() *node {
	table := m.table
	m.table = false
	defer func() { m.table = table }()
	return m.condition(2)
}

func checkItem(t *testing.T, v *rules.Vocabulary, m *maker, shared, own []*node, counts map[string]int) {
	t.Helper()
	book := compile(t, v, m.table, shared, own)
	var profiles []*rules.Profile
	for range 40 {
		profiles = append(profiles, m.profile(v))
	}
	before := outcomes(book, profiles)
	for _, o := range before {
		counts[string(o)]++
	}
	for _, c := range Claims(Models(v, book.Rules[0])) {
		kind := fmt.Sprint(uint8(c.Kind), " ", c.Solid || c.Same)
		if c.By == nil && (c.Kind == Conflict || c.Kind == Implied || c.Kind == Branch) {
			kind = fmt.Sprint(uint8(c.Kind), " joint")
		}
		counts[kind]++
		undo := put(c, append(shared, own...))
		changed := compile(t, v, m.table, shared, own)
		after := outcomes(changed, profiles)
		undo()
		for i := range before {
			if c.agrees(before[i], after[i]) {
				continue
			}
			text, _ := c.Sentence("a")
			var b strings.Builder
			for _, n := range append(shared, own...) {
				n.yaml(&b, "")
			}
			t.Errorf("%s\n%s → %s\n%s", text, before[i], after[i], b.String())
			return
		}
	}
}
