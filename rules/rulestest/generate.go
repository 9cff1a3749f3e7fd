package rulestest

import (
	_ "embed" // the vocabulary of random rules
	"fmt"
	"math/rand/v2"
	"strings"
)

//go:embed vocabulary.yaml
var vocabulary []byte

// Vocabulary is the vocabulary.yaml of random rules.
func Vocabulary() []byte { return vocabulary }

// gen draws random expressions that the door of rules must accept.
type gen struct {
	*rand.Rand
	defines []define // of the item at hand, by kind
	record  string   // table of 本条
	loop    string   // table of the loop around
	inSet   bool     // in a loop over a set
	values  bool     // whether 取值 may be asked
	items   []string // items that may be asked for
}

type define struct{ name, kind, text string }

func (g *gen) pick(options ...string) string { return options[g.IntN(len(options))] }

func (g *gen) chance(percent int) bool { return g.IntN(100) < percent }

// one draws one of the functions.
func (g *gen) one(options ...func() string) string { return options[g.IntN(len(options))]() }

// thresholds that facts are drawn around, in 万元, 人, %, and so on.
var (
	moneyBounds   = []string{"0*元", "300*万元", "500*万元", "2000*万元", "1*亿元", "0.3*亿元", "1234.56*元", "4*亿元", "922337203685477.58*百元", "50*万元"}
	percentBounds = []string{"0", "5.5", "20", "10", "100", "0.05", "50", "33.3"}
	ratioBounds   = []string{"0", "0.05", "0.1", "1", "比例(5)", "比例(10)", "2", "1.5"}
	countBounds   = []string{"0", "20", "30", "300", "10*人", "1000*人", "100", "9223372036854775807"}
	bareBounds    = []string{"0", "60", "80", "1.5", "100", "2024", "3"}
	dayBounds     = []string{`日期("2022-02-28")`, `日期("2024-02-29")`, `日期("2025-06-30")`, "基准日", `日期("2000-01-01")`}
	codes         = []string{"C", "C39", "C3911", "I65", "I", "G", "G59", "F51", "K70", "P", "E47", "H", "L72", "A01", "B06", "C26", "I6511", "M73"}
)

func (g *gen) bound(list []string) string { return list[g.IntN(len(list))] }

// column names a column of the loop or of 本条 of the kind, or "".
func (g *gen) column(k string) string {
	columns := map[string]map[string][]string{
		"合同": {"money": {"租金"}, "area": {"面积"}, "bool": {"转租"}, "date": {"起租"}, "percent": {"折扣"}, "enum": {"用途"}, "text": {"合同号"}},
		"新招": {"months": {"月数"}, "bool": {"参保"}, "money": {"月薪"}, "text": {"岗位", "编号"}},
	}
	if g.loop != "" && !g.inSet {
		if c := columns[g.loop][k]; len(c) > 0 && g.chance(70) {
			return "." + g.pick(c...)
		}
	}
	if g.record != "" {
		if c := columns[g.record][k]; len(c) > 0 && g.chance(60) {
			return "本条." + g.pick(c...)
		}
	}
	return ""
}

// named is a define or column of the kind, else one of the fields.
func (g *gen) named(k string, fields ...string) string {
	if c := g.column(k); c != "" {
		return c
	}
	for _, d := range g.defines {
		if d.kind == k && g.chance(30) {
			return d.name
		}
	}
	return g.pick(fields...)
}

func (g *gen) money(d int) string {
	leaf := func() string {
		return g.named("money", "上年营业收入", "前年营业收入", "研发费用", "资产总额", "投资额", "增量", "合同总租金")
	}
	if d <= 0 {
		if g.chance(25) {
			return "(" + g.bound(moneyBounds) + ")"
		}
		return leaf()
	}
	return g.one(leaf, leaf,
		func() string { return "(" + g.bound(moneyBounds) + ")" },
		func() string { return g.paren("%s + %s", g.money(d-1), g.money(d-1)) },
		func() string { return g.paren("%s - %s", g.money(d-1), g.money(d-1)) },
		func() string { return g.paren("%s * %s", g.money(d-1), g.plain(d-1)) },
		func() string { return g.paren("%s * %s", g.ratio(d-1), g.money(d-1)) },
		func() string { return g.paren("%s / %s", g.money(d-1), g.plain(d-1)) },
		func() string { return g.paren("%s * %s", g.count(d-1), g.perHead(d-1)) },
		func() string {
			// 人 · 元 counts as 元 only where it meets 元
			return fmt.Sprintf("max(%s * %s * 元, 0*元)", g.named("count", "从业人数", "裁员人数", "专利数"), g.pick("1500", "0.5", "9000000000000"))
		},
		func() string { return g.paren("%s * 万元", g.bare(d-1)) },
		func() string { return fmt.Sprintf("min(%s, %s)", g.money(d-1), g.money(d-1)) },
		func() string { return fmt.Sprintf("max(%s, %s, %s)", g.money(d-1), g.bound(moneyBounds), g.money(0)) },
		func() string { return g.paren("-%s", leaf()) },
		func() string { return g.ifelse(d, g.money) },
		func() string { return g.tiers(d, g.money) },
		func() string { return g.value("money") },
		func() string { return g.sum("money", d) },
		func() string { return g.awarded() },
	)
}

func (g *gen) paren(format string, args ...any) string {
	return "(" + fmt.Sprintf(format, args...) + ")"
}

func (g *gen) ifelse(d int, of func(int) string) string {
	return g.paren("%s ? %s : %s", g.cond(d-1), of(d-1), of(d-1))
}

// tiers is 分档 with bounds that rise.
func (g *gen) tiers(d int, of func(int) string) string {
	bounds := [][3]string{{"0*元", "500*万元", "1*亿元"}, {"0", "20", "300"}, {"5.5", "10", "50"}}
	xs := []func(int) string{g.money, g.count, g.percent}
	i := g.IntN(len(bounds))
	var b strings.Builder
	fmt.Fprintf(&b, "分档(%s, [", xs[i](min(d-1, 1)))
	for n, bound := range bounds[i][:1+g.IntN(3)] {
		if n > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "[%s, %s]", bound, of(0))
	}
	return b.String() + "])"
}

func (g *gen) value(k string) string {
	if !g.values {
		return map[string]string{"money": "(5*万元)", "ratio": "比例(5)", "bare": "60"}[k]
	}
	switch k {
	case "money":
		return g.one(
			func() string { return `取值("奖励标准")` },
			func() string { return fmt.Sprintf(`取值("按收入奖励", %s)`, g.money(0)) },
			func() string { return `取值("按等级奖励", 信用等级)` },
			func() string { return `取值("按规模奖励", 批次)` },
		)
	case "ratio":
		return g.one(
			func() string { return `取值("比例上限")` },
			func() string {
				return fmt.Sprintf(`取值("按裁员率", %s)`, g.pick("裁员率", "资产负债率", "增速"))
			},
		)
	}
	return `取值("分数线")`
}

// sum adds a column of a table, or counts where no column fits.
func (g *gen) sum(k string, d int) string {
	table, column := "合同", map[string]string{"money": "租金", "area": "面积"}[k]
	if k == "months" || k == "money" && g.chance(50) {
		table, column = "新招", map[string]string{"money": "月薪", "months": "月数"}[k]
	}
	if g.loop != "" || g.inSet {
		return map[string]string{"money": "投资额", "area": "厂房面积", "months": "6*月"}[k]
	}
	inner := *g
	inner.loop = table
	src := table
	if g.chance(40) {
		src = fmt.Sprintf("filter(%s, %s)", table, inner.cond(min(d-1, 1)))
	}
	what := "." + column
	if g.chance(20) {
		what += " * 2"
	}
	return fmt.Sprintf("sum(%s, %s)", src, what)
}

func (g *gen) awarded() string {
	if len(g.items) == 0 {
		return "(1*万元)"
	}
	return fmt.Sprintf(`已奖(%q, %s)`, g.pick(g.items...), g.pick("年度", "年度 - 1", "年(认定日期)", "2024"))
}

// plain is a ratio, a percentage or a bare number: what money may be multiplied by or divided with.
func (g *gen) plain(d int) string {
	return g.one(func() string { return g.ratio(d) }, func() string { return g.percent(d) }, func() string { return g.bare(d) })
}

func (g *gen) percent(d int) string {
	leaf := func() string { return g.named("percent", "裁员率", "资产负债率", "增速", "研发强度") }
	if d <= 0 {
		return leaf()
	}
	return g.one(leaf, leaf,
		func() string { return g.paren("%s + %s", g.percent(d-1), g.pick("1", "0.5", g.percent(d-1))) },
		func() string { return g.paren("%s - %s", g.percent(d-1), g.percent(d-1)) },
		func() string { return g.paren("%s - %s", g.bound(percentBounds), g.percent(d-1)) },
		func() string { return g.paren("2 * %s", g.percent(d-1)) },
		func() string { return fmt.Sprintf("min(%s, %s)", g.percent(d-1), g.bound(percentBounds)) },
		func() string { return fmt.Sprintf("max(%s, %s)", g.bound(percentBounds), g.percent(d-1)) },
		func() string { return g.paren("-%s", leaf()) },
		func() string { return g.paren("%s ? %s : %s", g.cond(d-1), g.percent(d-1), g.bound(percentBounds)) },
		func() string { return g.paren("%s ? %s : %s", g.cond(d-1), "5.5", g.percent(0)) },
	)
}

func (g *gen) ratio(d int) string {
	leaf := func() string {
		return g.pick("比例(5)", "比例(系数)", "比例(0.3)", g.value("ratio"), "(裁员人数 / 从业人数)", "(研发费用 / 上年营业收入)")
	}
	if d <= 0 {
		return leaf()
	}
	return g.one(leaf,
		func() string { return g.paren("%s / %s", g.money(d-1), g.money(d-1)) },
		func() string { return g.paren("%s / %s", g.count(d-1), g.count(d-1)) },
		func() string { return g.paren("%s / %s", g.percent(d-1), g.percent(d-1)) },
		func() string { return g.paren("%s + %s", g.ratio(d-1), g.bound(ratioBounds)) },
		func() string { return g.paren("%s - %s", g.ratio(d-1), g.percent(d-1)) },
		func() string { return g.paren("%s * %s", g.percent(d-1), g.percent(d-1)) },
		func() string { return fmt.Sprintf("min(%s, %s)", g.ratio(d-1), g.bound(ratioBounds)) },
		func() string { return fmt.Sprintf("比例(%s)", g.bare(d-1)) },
		func() string { return g.ifelse(d, g.ratio) },
	)
}

func (g *gen) bare(d int) string {
	leaf := func() string {
		return g.named("bare", "评级分", "系数", "年度", "年(成立日期)", "年(基准日)")
	}
	if d <= 0 {
		if g.chance(30) {
			return g.bound(bareBounds)
		}
		return leaf()
	}
	return g.one(leaf, leaf,
		func() string { return g.paren("%s + %s", g.bare(d-1), g.bare(d-1)) },
		func() string { return g.paren("%s - %s", g.bare(d-1), g.bare(d-1)) },
		func() string { return g.paren("%s * %s", g.bare(d-1), g.bare(d-1)) },
		func() string { return g.tiers(d, func(int) string { return g.pick("10", "20", "系数", "5") }) },
		func() string { return g.counting(d) },
		func() string { return g.value("bare") },
		func() string { return g.ifelse(d, g.bare) },
		func() string { return fmt.Sprintf("min(%s, %s)", g.bare(d-1), g.bare(d-1)) },
		func() string { return fmt.Sprintf("年(%s)", g.date(d-1)) },
	)
}

func (g *gen) counting(d int) string {
	if g.loop != "" || g.inSet {
		return "系数"
	}
	inner := *g
	return g.one(
		func() string { return g.pick("count(合同)", "count(新招)", "count(标签)", "count(资质)") },
		func() string {
			inner.loop = g.pick("合同", "新招")
			return fmt.Sprintf("count(%s, %s)", inner.loop, inner.cond(d-1))
		},
		func() string {
			inner.loop = g.pick("合同", "新招")
			return fmt.Sprintf("count(filter(%s, %s))", inner.loop, inner.cond(d-1))
		},
		func() string { return `count(标签, # != "软件")` },
	)
}

func (g *gen) count(d int) string {
	leaf := func() string { return g.named("count", "从业人数", "裁员人数") }
	if d <= 0 {
		return leaf()
	}
	return g.one(leaf, leaf,
		func() string { return g.paren("%s + %s", g.count(d-1), g.pick("1", "10*人", g.count(d-1))) },
		func() string { return g.paren("%s - %s", g.count(d-1), g.count(d-1)) },
		func() string { return g.paren("%s * %s", g.count(d-1), g.bare(d-1)) },
		func() string { return g.paren("%s * %s", g.percent(d-1), g.count(d-1)) },
		func() string { return fmt.Sprintf("max(%s, 1)", g.count(d-1)) },
		func() string { return g.ifelse(d, g.count) },
	)
}

func (g *gen) perHead(d int) string {
	return g.one(func() string { return "人均营收" }, func() string { return "(1500*元/人)" }, func() string { return "(" + g.money(min(d, 1)) + " / " + g.count(0) + ")" })
}

func (g *gen) date(d int) string {
	leaf := func() string { return g.named("date", "成立日期", "认定日期") }
	if d <= 0 {
		if g.chance(30) {
			return g.bound(dayBounds)
		}
		return leaf()
	}
	steps := func() string { return g.pick("3", "-1", "评级分", "12", "1") }
	return g.one(leaf, leaf,
		func() string { return fmt.Sprintf("加年(%s, %s)", g.date(d-1), steps()) },
		func() string { return fmt.Sprintf("加月(%s, %s)", g.date(d-1), steps()) },
		func() string { return fmt.Sprintf("工作日(%s, %s)", g.date(d-1), steps()) },
		func() string {
			return g.paren("%s + %s", g.date(d-1), g.pick("30*天", "宽限", "1*天", "评级分"))
		},
		func() string { return g.paren("%s - %s", g.date(d-1), g.pick("30*天", "宽限", "365")) },
		func() string { return g.ifelse(d, g.date) },
	)
}

// RecordTable is the table whose columns RandomExpression reads as 本条.
const RecordTable = "合同"

// RandomExpression draws a condition (or a sum of money) over the random vocabulary that asks neither values.yaml nor the history.
func RandomExpression(r *rand.Rand, depth int) string {
	g := gen{Rand: r, record: RecordTable}
	if r.IntN(4) == 0 {
		return g.money(depth)
	}
	return g.cond(depth)
}

// RandomQuantity draws an expression that is money ("元"), a count ("人") or a percentage ("%").
func RandomQuantity(r *rand.Rand, unit string, depth int) string {
	g := gen{Rand: r, record: RecordTable}
	return map[string]func(int) string{money: g.money, "人": g.count, "%": g.percent}[unit](depth)
}
