package ui

import (
	"testing"

	"mianshen/rules"
)

func TestFigure(t *testing.T) {
	for rule, want := range map[string]string{
		`取值("奖励标准")`: "「奖励标准」",
		`min(本条.设备投资额 * 取值("设备补助比例"), 取值("单项目上限"))`: "设备投资额 × 「设备补助比例」，不超过 「单项目上限」",
		`150*万元`: "150 万元",
		`上年实缴失业保险费 * (企业规模 == "大型" ? 取值("大型") : 取值("其他"))`: "上年实缴失业保险费 ×（企业规模为“大型”时 「大型」，否则 「其他」）",
		`min(甲 * 0.3, 乙, 丙)`:                              "取较小者（甲 × 0.3，乙，丙）",
		`min(甲, 乙) - 已奖("a-b", 年度)`:                       "取较小者（甲，乙） - 本年度已经给过的",
		`分档(人数, [[10, 3*万元], [30, 8*万元]])`:                "按人数：10起 3 万元；30起 8 万元",
		`min(取值("额", 级别), sum(技改项目, .数字化投资额) * 取值("比例"))`: "「额」，不超过 技改项目的数字化投资额合计 × 「比例」",
		`类别 == "甲" ? 100*万元 : 类别 == "乙" ? 50*万元 : 30*万元`:  "类别为“甲”时 100 万元，否则 类别为“乙”时 50 万元，否则 30 万元",
		`min((甲 - 乙), 丙))`:                                "取较小者（（甲 - 乙），丙））",
	} {
		if got := figure(rule); got != want {
			t.Errorf("%s:\n got %s\nwant %s", rule, got, want)
		}
	}
}

func TestAlternatives(t *testing.T) {
	met, failed, open := rules.ExplainedFinding{Result: "true"}, rules.ExplainedFinding{Result: "false"}, rules.ExplainedFinding{Result: "unknown"}
	parts := []rules.ExplainedFinding{failed, met, open}
	for _, c := range []struct {
		kind, result string
		shown, aside int
	}{
		{"any", "true", 1, 2},
		{"any", "false", 3, 0},
		{"any", "unknown", 3, 0},
		{"all", "true", 3, 0},
	} {
		f := rules.ExplainedFinding{Kind: c.kind, Result: c.result, Parts: parts}
		if len(taken(f)) != c.shown || len(untaken(f)) != c.aside {
			t.Errorf("%s %s: %d shown, %d aside", c.kind, c.result, len(taken(f)), len(untaken(f)))
		}
	}
	if parts[0].Result != "false" || parts[2].Result != "unknown" {
		t.Error("the explanation was changed")
	}
}

func TestJoined(t *testing.T) {
	got := joined("第一句，\n接着。\n\n第二句。\n")
	if len(got) != 2 || got[0] != "第一句，接着。" || got[1] != "第二句。" {
		t.Errorf("%q", got)
	}
}
