package rulestest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Policy is a random policy as its author would write it: the texts of its files, and the ids of its items and of the conditions
// that wait for a person.
type Policy struct {
	Files   map[string][]byte
	Items   []string
	Manuals [][2]string // item, condition
}

// valuesFile is the numbers of the law: dated, by tiers of money and of percentages, by texts with and without 其他.
const valuesFile = `values:
  - {name: 奖励标准, unit: 万元, clause: 第一条, dated: [{from: 2024-01-01, to: 2024-12-31, value: 15}, {from: 2025-01-01, value: 20.5}]}
  - {name: 比例上限, unit: "%", clause: 第一条, value: 5.5}
  - {name: 分数线, unit: "", clause: 第一条, dated: [{from: 2024-01-01, to: 2025-06-29, value: 60}, {from: 2025-06-30, value: 80}]}
  - {name: 按收入奖励, unit: 万元, clause: 第一条, by: 上年营业收入, tiers: [{at_least: 500万元, value: 15}, {at_least: 2000万元, value: 20}, {at_least: 1亿元, value: 30.25}]}
  - {name: 按等级奖励, unit: 元, clause: 第一条, by: 信用等级, table: {甲: 30000, 乙: 20000.01, 其他: 100}}
  - {name: 按规模奖励, unit: 元, clause: 第一条, by: 批次, table: {第一批: 30000, 第二批: 0}}
  - {name: 按裁员率, unit: "%", clause: 第一条, by: 裁员率, tiers: [{at_least: 0, value: 1}, {at_least: 5.5, value: 10}, {at_least: 20, value: 0.5}]}
`

// RandomPolicy draws a policy of up to four items. depth bounds how deep expressions nest. Ids begin with id.
func RandomPolicy(r *rand.Rand, id string, depth int) Policy {
	p := Policy{}
	w := &writer{gen: gen{Rand: r, values: true}, policy: &p}
	w.line(0, "id: %s", id)
	w.line(0, "title: 随机政策")
	w.line(0, "in_force: {from: 2024-01-01}")
	w.line(0, "clauses:")
	w.line(1, "- {ref: 第一条, text: 随机条款}")
	if r.IntN(3) == 0 {
		w.line(0, "conditions:")
		w.id = "all"
		w.condition(1, "all", 1, true)
	}
	w.line(0, "items:")
	for i := range 2 + r.IntN(3) {
		name := fmt.Sprintf("%s-%c", id, 'a'+i)
		w.item(name, depth)
		p.Items = append(p.Items, name)
		w.items = append(w.items, name)
	}
	for i, m := range p.Manuals {
		if m[0] == "" { // of the policy: each item has it
			p.Manuals[i][0] = p.Items[0]
		}
	}
	p.Files = map[string][]byte{"policy.yaml": []byte(w.String()), "values.yaml": []byte(valuesFile)}
	return p
}

// writer writes a policy file.
type writer struct {
	strings.Builder
	gen
	policy *Policy
	id     string
	owner  string // item of the conditions, "" for the policy's own
}

func (w *writer) line(indent int, format string, args ...any) {
	fmt.Fprintf(w, "%s%s\n", strings.Repeat("  ", indent), fmt.Sprintf(format, args...))
}

func (w *writer) expr(s string) string { return "'" + s + "'" }

func (w *writer) item(id string, depth int) {
	w.owner, w.record, w.defines = id, "", nil
	w.line(1, "- id: %s", id)
	w.line(2, "title: 事项")
	w.line(2, "%s", w.pick("mode: auto", "mode: confirm"))
	span := w.pick("", "year-1", "quarter-1")
	if span != "" {
		w.line(2, "for: %s", span)
	}
	if f := w.pick("", "", "once", "year", "quarter", "month", "{every: 3y}"); f != "" && !(span == "year-1" && (f == "quarter" || f == "month")) && !(span == "quarter-1" && f == "month") {
		w.line(2, "period: %s", f)
	}
	if w.chance(35) {
		w.record = w.pick("合同", "新招")
		w.line(2, "each: %s", w.record)
	}
	w.defined(depth)
	w.line(2, "conditions:")
	n := 1 + w.IntN(4)
	for i := range n {
		w.condition(3, fmt.Sprintf("c%d", i), depth, true)
	}
	w.sum(depth)
}

func (w *writer) defined(depth int) {
	if w.chance(60) {
		return
	}
	w.line(2, "define:")
	for i, k := range []string{"money", "percent", "bool"}[:1+w.IntN(3)] {
		name := []string{"甲数", "乙数", "丙项"}[i]
		text := map[string]func(int) string{"money": w.money, "percent": w.percent, "bool": w.cond}[k](min(depth, 2))
		w.line(3, "%s: %s", name, w.expr(text))
		w.defines = append(w.defines, define{name, k, text})
	}
}

// condition writes one condition; nested ones have no id half the time.
func (w *writer) condition(indent int, id string, depth int, top bool) {
	head := "- "
	if top || w.chance(50) {
		w.line(indent, "- id: %s", id)
		head = "  "
	}
	kinds := []string{"require", "require", "require", "exclude", "exclude", "any", "all", "score", "manual"}
	k := kinds[w.IntN(len(kinds))]
	if !top && head == "- " && k == "manual" || depth <= 0 && (k == "any" || k == "all" || k == "score") {
		k = "require"
	}
	switch k {
	case "require", "exclude":
		w.line(indent, "%s%s: %s", head, k, w.expr(w.cond(depth)))
	case "manual":
		w.line(indent, "%smanual: 由人判断", head)
		w.policy.Manuals = append(w.policy.Manuals, [2]string{w.owner, id})
	case "any", "all":
		w.line(indent, "%s%s:", head, k)
		for i := range 2 + w.IntN(2) {
			w.condition(indent+2, fmt.Sprintf("%s-%d", id, i), depth-1, false)
		}
	case "score":
		w.score(indent, head, depth)
	}
}

func (w *writer) score(indent int, head string, depth int) {
	w.line(indent, "%sscore:", head)
	w.line(indent+2, "at_least: %s", w.pick("60", "80", "10.5", "0"))
	w.line(indent+2, "parts:")
	for i := range 1 + w.IntN(3) {
		points := w.one(
			func() string { return w.bare(depth - 1) }, func() string { return w.percent(depth - 1) },
			func() string { return w.paren("%s ? 40 : 20", w.cond(depth-1)) }, func() string { return w.count(0) },
		)
		least := ""
		if w.chance(40) {
			least = w.pick(", at_least: 20", ", at_least: 0", ", at_least: 5.5")
		}
		w.line(indent+3, "- {name: 项%d, points: %s%s}", i, w.expr(points), least)
	}
}

// sum writes what is granted.
func (w *writer) sum(depth int) {
	switch {
	case w.chance(10):
		return
	case w.chance(15) && w.record == "":
		w.line(2, "at_most: %s", w.expr(w.money(depth-1)))
	default:
		w.line(2, "amount: %s", w.expr(w.money(depth)))
	}
	if w.chance(40) {
		w.line(2, "round: {to: %s, how: %s}", w.pick("分", "元", "百元", "万元"), w.pick("down", "half-up"))
	}
	if w.chance(50) {
		w.cap()
	}
	if w.chance(40) {
		w.line(2, "basis: %s", map[string]string{"": "批次", "合同": "合同号", "新招": "编号"}[w.record])
		if w.chance(70) {
			w.line(2, "once_per: basis")
		}
	}
	if w.chance(30) {
		w.line(2, "instalments: %s", w.pick("[{share: 40}, {share: 60, after: 1y}]", "[{share: 33.3}, {share: 33.3, after: 6m}, {share: 33.4, after: 30d}]", "[{share: 100, after: 1m}]"))
	}
}

func (w *writer) cap() {
	var parts []string
	record := w.record
	w.record, w.defines = "", nil
	if w.chance(70) {
		parts = append(parts, "per_grant: "+w.expr(w.pick("50*万元", "15000*元", w.money(1))))
	}
	if w.chance(50) {
		parts = append(parts, "per_year: "+w.expr(w.pick("100*万元", "30000*元 / 7", w.money(0))))
	}
	if w.chance(40) {
		parts = append(parts, "total: "+w.expr(w.pick("300*万元", "50000*元", w.money(0))))
	}
	if w.chance(30) {
		parts = append(parts, "times: "+w.pick("1", "2", "3"))
	}
	if w.chance(40) {
		parts = append(parts, "group: "+w.pick("甲组", "乙组"))
	}
	w.record = record
	if len(parts) > 0 {
		w.line(2, "cap: {%s}", strings.Join(parts, ", "))
	}
}
