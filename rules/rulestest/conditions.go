package rulestest

import "fmt"

// cond is a random condition.
func (g *gen) cond(d int) string {
	leaf := func() string { return g.named("bool", "高新技术企业", "失信", "欠税", "成熟", "小微") }
	if g.inSet && g.chance(60) {
		return g.element()
	}
	if d <= 0 {
		return g.one(leaf, func() string { return g.compare(0) }, g.choiceOf)
	}
	return g.one(leaf,
		func() string { return g.paren("not %s", g.cond(d-1)) },
		func() string { return g.paren("%s and %s", g.cond(d-1), g.cond(d-1)) },
		func() string { return g.paren("%s or %s", g.cond(d-1), g.cond(d-1)) },
		func() string { return g.compare(d - 1) }, func() string { return g.compare(d - 1) },
		func() string { return g.compare(d - 1) }, func() string { return g.compare(d - 1) },
		g.choiceOf, g.choiceOf, g.texts,
		func() string { return g.paren("%s == %s", g.cond(d-1), g.pick("true", "false", leaf())) },
		func() string { return g.paren("%s != %s", leaf(), g.cond(d-1)) },
		func() string { return g.ifelse(d, g.cond) },
		func() string { return g.reached(d) },
		func() string { return g.loops(d) }, func() string { return g.loops(d) },
		func() string { return g.asked() },
	)
}

// element is a condition on the member of a set.
func (g *gen) element() string {
	return g.pick(`(# == "软件")`, `(# in ["集成电路", "人工智能"])`, `(# != "生物医药")`)
}

var comparing = []string{">=", ">", "<=", "<", "==", "!="}

func (g *gen) compare(d int) string {
	op := g.pick(comparing...)
	sides := g.IntN(9)
	two := func(of func(int) string, bounds []string) string {
		if g.chance(60) {
			return g.paren("%s %s %s", of(d), op, g.bound(bounds))
		}
		return g.paren("%s %s %s", of(d), op, of(d))
	}
	switch sides {
	case 0, 1:
		return two(g.money, moneyBounds)
	case 2:
		return two(g.percent, percentBounds)
	case 3:
		return two(g.ratio, ratioBounds)
	case 4:
		return two(g.count, countBounds)
	case 5:
		return two(g.bare, bareBounds)
	case 6:
		return two(g.date, dayBounds)
	case 7:
		return g.measures(op, d)
	}
	return g.paren("%s %s %s %s %s", g.bound(percentBounds), g.pick("<", "<="), g.percent(d), g.pick("<", "<="), g.bound(percentBounds))
}

// measures compares what has a unit of its own.
func (g *gen) measures(op string, d int) string {
	return g.one(
		func() string {
			return g.paren("%s %s %s", g.named("area", "厂房面积"), op, g.pick("500", "100.5*平方米", "200*平方米"))
		},
		func() string { return g.paren("亩均税收 %s %s", op, g.pick("15*万元/亩", "0.5*亿元/亩")) },
		func() string { return g.paren("%s %s %s", g.perHead(d), op, g.pick("10*万元/人", "人均营收")) },
		func() string { return g.paren("%s %s %s", g.sum("area", d), op, g.pick("500", "厂房面积")) },
		func() string { return g.paren("%s %s 12", g.sum("months", d), op) },
		func() string {
			return g.paren("基准日 - %s %s %s", g.date(d-1), op, g.pick("365*天", "30", "宽限"))
		},
		func() string { return g.paren("专利数 %s %s", op, g.pick("3", "10*件", "0")) },
	)
}

// choiceOf asks whether something is one of a list.
func (g *gen) choiceOf() string {
	return g.one(
		func() string {
			return g.paren(`企业规模 %s "%s"`, g.pick("==", "!="), g.pick("大型", "中型", "小型", "微型", "不适用"))
		},
		func() string {
			return g.paren("企业规模 %s %s", g.pick("in", "not in"), g.pick(`["小型", "微型"]`, `["大型", "中型", "不适用"]`, `["大型", "中型", "小型"]`, `["微型"]`))
		},
		func() string {
			return g.paren(`信用等级 %s %s`, g.pick("in", "not in"), g.pick(`["甲", "乙"]`, `["丁"]`))
		},
		func() string { return g.paren(`信用等级 %s "%s"`, g.pick("==", "!="), g.pick("甲", "丁")) },
		func() string { return g.paren(`标签 contains "%s"`, g.pick("集成电路", "软件")) },
		func() string { return g.paren(`"%s" %s 资质`, g.pick("一级", "二级"), g.pick("in", "not in")) },
		func() string { return g.paren("从业人数 in [%s, 30, 裁员人数]", g.pick("20", "10*人")) },
		func() string { return g.paren("裁员率 in [5.5, %s]", g.pick("20", "资产负债率")) },
		func() string { return fmt.Sprintf(`行业(行业代码, %q, %q)`, g.bound(codes), g.bound(codes)) },
		func() string { return g.paren("年(认定日期) in [2024, 年度]") },
	)
}

func (g *gen) texts() string {
	x := g.named("text", "行业代码", "批次", "企业名称")
	return g.one(
		func() string { return g.paren(`%s startsWith "%s"`, x, g.pick("C3", "I", "示例", "A")) },
		func() string { return g.paren(`%s contains "%s"`, x, g.pick("39", "例", "1")) },
		func() string { return g.paren(`%s matches "%s"`, x, g.pick("^C[0-9]+$", "第.批", "^.{3,}$", "")) },
		func() string {
			return g.paren(`%s %s %s`, x, g.pick("==", "!="), g.pick(`"C39"`, `"第一批"`, "批次"))
		},
		func() string { return g.paren(`%s in ["C39", "第一批", 批次]`, x) },
	)
}

func (g *gen) reached(d int) string {
	n := g.pick("3", "1", "12", "评级分", "100000", "-1")
	if g.chance(30) {
		return fmt.Sprintf("%s(%s, %s, %s)", g.pick("满年", "满月"), g.date(d-1), n, g.date(0))
	}
	return fmt.Sprintf("%s(%s, %s)", g.pick("满年", "满月"), g.date(d-1), n)
}

func (g *gen) loops(d int) string {
	if g.loop != "" || g.inSet {
		return g.choiceOf()
	}
	inner := *g
	if g.chance(30) {
		inner.inSet = true
		return fmt.Sprintf("%s(%s, %s)", g.pick("any", "all", "none"), g.pick("标签", "资质"), inner.cond(min(d-1, 1)))
	}
	inner.loop = g.pick("合同", "新招")
	return fmt.Sprintf("%s(%s, %s)", g.pick("any", "all", "none"), inner.loop, inner.cond(d-1))
}

// asked asks other items and the history.
func (g *gen) asked() string {
	if len(g.items) == 0 {
		return "成熟"
	}
	return g.one(
		func() string { return fmt.Sprintf(`曾获(%q)`, g.pick(g.items...)) },
		func() string { return fmt.Sprintf(`符合(%q)`, g.pick(g.items...)) },
		func() string { return g.paren("%s > 0*元", g.awarded()) },
	)
}
