package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"mianshen/rules/rulestest"
)

// plainPolicy draws a policy of the kind that authors write: comparisons with thresholds, dates, lists, ratios, nested a little.
// Nearly all of it is decided by columns, unlike the wild policies of rulestest.
func plainPolicy(r *rand.Rand, id string) rulestest.Policy {
	p := rulestest.Policy{}
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\ntitle: 常见政策\nin_force: {from: 2024-01-01}\nclauses:\n  - {ref: 第一条, text: 条款}\nitems:\n", id)
	for i := range 3 + r.IntN(3) {
		name := fmt.Sprintf("%s-%c", id, 'a'+i)
		p.Items = append(p.Items, name)
		fmt.Fprintf(&b, "  - id: %s\n    title: 事项\n    mode: auto\n    for: year-1\n    conditions:\n", name)
		for j := range 1 + r.IntN(4) {
			plainCondition(r, &b, j)
		}
		fmt.Fprintf(&b, "    amount: '%s'\n", plainAmount(r))
		if r.IntN(3) == 0 {
			fmt.Fprintf(&b, "    round: {to: %s, how: %s}\n", pick(r, "元", "万元", "分"), pick(r, "down", "half-up"))
		}
		if r.IntN(3) == 0 {
			fmt.Fprintf(&b, "    cap: {per_grant: %s}\n", pick(r, "50*万元", "3*万元", "研发费用"))
		}
	}
	p.Files = map[string][]byte{"policy.yaml": []byte(b.String()), "values.yaml": []byte(plainValues)}
	return p
}

const plainValues = `values:
  - {name: 奖励, unit: 万元, clause: 第一条, value: 20}
  - {name: 比例, unit: "%", clause: 第一条, value: 5.5}
  - {name: 分档奖励, unit: 万元, clause: 第一条, by: 上年营业收入, tiers: [{at_least: 500万元, value: 15}, {at_least: 2000万元, value: 20.5}]}
  - {name: 等级奖励, unit: 元, clause: 第一条, by: 信用等级, table: {甲: 30000, 乙: 20000.01, 丙: 1}}
`

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func plainCondition(r *rand.Rand, b *strings.Builder, n int) {
	switch r.IntN(6) {
	case 0:
		fmt.Fprintf(b, "      - {id: c%d, exclude: '%s'}\n", n, plainTest(r, 1))
	case 1:
		fmt.Fprintf(b, "      - id: c%d\n        any:\n          - require: '%s'\n          - exclude: '%s'\n          - all:\n              - require: '%s'\n              - require: '%s'\n",
			n, plainTest(r, 0), plainTest(r, 0), plainTest(r, 1), plainTest(r, 0))
	case 2:
		fmt.Fprintf(b, "      - id: c%d\n        score: {at_least: %s, parts: [{name: 甲, points: '%s'}, {name: 乙, points: '%s', at_least: 2}]}\n",
			n, pick(r, "1", "5", "10.5"), pick(r, "高新技术企业 ? 5 : 1", "专利数", "从业人数 / 10"), pick(r, "min(专利数, 8)", "分档(从业人数, [[10, 2], [100, 6]])", "裁员人数"))
	default:
		fmt.Fprintf(b, "      - {id: c%d, require: '%s'}\n", n, plainTest(r, 2))
	}
}

func plainTest(r *rand.Rand, depth int) string {
	if depth > 0 && r.IntN(3) == 0 {
		a, c := plainTest(r, depth-1), plainTest(r, depth-1)
		switch r.IntN(4) {
		case 0:
			return "(" + a + " and " + c + ")"
		case 1:
			return "(" + a + " or " + c + ")"
		case 2:
			return "(not (" + a + "))"
		}
		return "((" + plainTest(r, 0) + ") ? (" + a + ") : (" + c + "))"
	}
	op := pick(r, ">=", ">", "<", "<=", "==", "!=")
	return pick(r, "高新技术企业", "not 失信", "高新技术企业 == 欠税", "成熟 == true", "成熟 != 高新技术企业", "小微 == (从业人数 > 10)",
		"上年营业收入 "+op+" "+pick(r, "0*元", "500*万元", "2000*万元", "1234.56*元"),
		"从业人数 "+op+" "+pick(r, "10", "30", "100", "0"),
		"10*人 "+op+" 从业人数",
		"裁员率 "+op+" "+pick(r, "5.5", "20", "0"),
		"系数 "+op+" "+pick(r, "1", "0.5", "2.25"),
		"亩均税收 "+op+" "+pick(r, "10*万元/(1*亩)", "30*万元/(1*亩)"),
		"成立日期 "+op+" 日期(\"2022-02-28\")",
		"满年(成立日期, "+pick(r, "1", "3", "5")+")",
		"满月(认定日期, "+pick(r, "3", "12")+")",
		"加年(认定日期, 3) "+op+" 基准日",
		"年(成立日期) "+op+" "+pick(r, "2022", "2024", "年度"),
		"基准日 - 成立日期 "+op+" "+pick(r, "365*天", "1000*天"),
		"行业(行业代码, \"C\", \"I65\")", "行业代码 startsWith \"C\"", "批次 contains \"一\"", "企业名称 matches \"^示例\"",
		"信用等级 == \"甲\"", "信用等级 != \"丁\"", "信用等级 in [\"甲\", \"乙\"]", "企业规模 in [\"小型\", \"微型\"]", "企业规模 != \"大型\"",
		"\"软件\" in 标签", "any(标签, # in [\"软件\", \"人工智能\"])", "none(标签, # == \"集成电路\")", "count(标签) "+op+" 1", "all(标签, # in [\"软件\", \"人工智能\", \"生物医药\"])",
		"研发费用 / 上年营业收入 "+op+" "+pick(r, "0.03", "比例(5)", "取值(\"比例\")"),
		"(上年营业收入 - 前年营业收入) / 前年营业收入 "+op+" 0.1",
		"上年营业收入 - 前年营业收入 "+op+" "+pick(r, "0*元", "500*万元"),
		"研发费用 * 2 "+op+" 资产总额", "max(研发费用, 投资额) "+op+" 500*万元",
		"从业人数 in [10, 30, 100]", "研发费用 / 从业人数 "+op+" 1*万元/(1*人)", "资产负债率 "+op+" 比例(60)")
}

func plainAmount(r *rand.Rand) string {
	return pick(r, "20*万元", "取值(\"奖励\")", "min(50*万元, 研发费用 * 比例(10))", "从业人数 * 1500*元", "取值(\"分档奖励\", 上年营业收入)", "取值(\"等级奖励\", 信用等级)",
		"分档(上年营业收入, [[500*万元, 15*万元], [2000*万元, 20*万元]])", "高新技术企业 ? 10*万元 : 5*万元", "(上年营业收入 - 前年营业收入) * 取值(\"比例\")", "max(研发费用, 投资额) / 3",
		"研发费用 * 比例(10) + 投资额 * 比例(1)", "企业规模 == \"微型\" ? 研发费用 : 1*元", "已奖(\"x\", 年度) + 1*元", "研发费用 * (研发费用 / 上年营业收入)", "(失信 or 欠税) ? 0*元 : 投资额 / 7")
}
