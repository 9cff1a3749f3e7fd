package say

import (
	"testing"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

const vocabulary = `fields:
  - {name: 失信被执行人, id: dishonest, type: bool, source: 区法院, label: 失信被执行人}
  - {name: 高新技术企业, id: hitech, type: bool, source: 区科委, label: 国家高新技术企业（证书在有效期内）}
  - {name: 上年营业收入, id: revenue, type: money, unit: 元, source: 区税务局, label: 上一年度营业收入}
  - {name: 上年入库税收, id: tax, type: money, unit: 元, source: 区税务局, label: 上一年度入库税收}
  - name: 租赁合同
    id: leases
    type: table
    source: 区房管局
    label: 房屋租赁合同（登记备案）
    key: 合同号
    columns: [{name: 实付租金, id: rent, type: money, unit: 元}]
`

func words(t *testing.T) *rules.Vocabulary {
	t.Helper()
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", []byte(vocabulary))
	if mistakes.Fatal() {
		t.Fatal(mistakes)
	}
	return v
}

func money(fen int64) *exact.Money { m := exact.Money(fen); return &m }

func TestSentence(t *testing.T) {
	v := words(t)
	for _, c := range []struct {
		name string
		e    rules.Explanation
		want string
	}{
		{
			"auto",
			rules.Explanation{Outcome: rules.Eligible, Amount: money(8_000_000), Open: true, Mode: rules.Auto},
			"全部条件都满足，按规定可得 8 万元。不用申请，符合条件的由部门比对后直接兑现。",
		},
		{
			"confirm",
			rules.Explanation{Outcome: rules.Eligible, Open: true, Mode: rules.Confirm},
			"全部条件都满足。不用报材料，收到通知后确认即可。",
		},
		{
			"closed",
			rules.Explanation{Outcome: rules.Eligible, Amount: money(100), Mode: rules.Auto},
			"全部条件都满足，按规定可得 1 元。现在不在办理期内，办理期到了再兑现。",
		},
		{
			"missing",
			rules.Explanation{Outcome: rules.Unknown, Missing: []rules.MissingFact{{Name: "失信被执行人", Source: "区法院"}}},
			"还缺：是否失信被执行人（由区法院提供）。数据到了会自动再比对，您不用做什么。",
		},
		{
			"many missing",
			rules.Explanation{Outcome: rules.Unknown, Missing: []rules.MissingFact{
				{Name: "上年营业收入", Source: "区税务局"},
				{Name: "高新技术企业", Source: "区科委"},
				{Name: "上年入库税收", Source: "区税务局"},
				{Name: "租赁合同.实付租金", Source: "区房管局"},
				{Name: "租赁合同", Source: "区房管局"},
			}},
			"还缺：上一年度营业收入、上一年度入库税收（由区税务局提供）；是否高新技术企业（由区科委提供）；租赁合同的实付租金（由区房管局提供），等共 5 项。数据到了会自动再比对，您不用做什么。",
		},
		{
			"manual",
			rules.Explanation{
				Outcome: rules.Unknown, Issuer: "区经委", Manual: []string{"influence"},
				Conditions: []rules.ExplainedFinding{{ID: "influence", Rule: "人工认定：行业影响力大"}},
			},
			"数据都齐了，还要由区经委人工认定：行业影响力大。",
		},
		{
			"history",
			rules.Explanation{Outcome: rules.Unknown, Faults: []string{"没有提供拨付历史"}},
			"还要对照以往的拨付记录，记录接入以后会自动再比对。",
		},
		{
			"failed",
			rules.Explanation{Outcome: rules.Ineligible, Conditions: []rules.ExplainedFinding{
				{Result: "true", Because: "注册地在青浦区"}, {Result: "false", Because: "研发费用占比达到 3%", Distance: "差 0.4 个百分点"},
			}},
			"没有满足“研发费用占比达到 3%”（差 0.4 个百分点）。",
		},
		{"no records", rules.Explanation{Outcome: rules.Ineligible}, "没有可以比对的记录。"},
		{"records", rules.Explanation{Outcome: rules.Ineligible, Records: make([]rules.ExplainedRecord, 3)}, "3 条记录都不符合条件。"},
	} {
		if got := Sentence(v, &c.e); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	day := civil.MustParse("2025-06-30")
	for got, want := range map[string]string{
		Day(day):                                        "2025年6月30日",
		Day(civil.Date{}):                               "",
		ISODay("2025-06-01"):                            "2025年6月1日",
		ISODay("企业"):                                    "企业",
		Days(rules.Days{From: day}):                     "2025年6月30日起，长期有效",
		Grant("2024"):                                   "2024年度",
		Grant("2025-Q1"):                                "2025年第1季度",
		Grant("2025-03"):                                "2025年3月",
		Wan(exact.Money(1_000_000)):                     "1 万元",
		Wan(exact.Money(75_589_147)):                    "约 75.59 万元",
		Wan(exact.Money(999_999)):                       "9999.99 元",
		Fact(words(t), "高新技术企业"):                        "是否高新技术企业",
		Fact(words(t), "租赁合同"):                          "租赁合同记录",
		Windows(nil):                                    "全年",
		Period(rules.Period{}):                          "比对当日",
		Frequency(rules.Frequency{}):                    "",
		Period(rules.Period{Span: rules.Year, Back: 1}): "上一年度",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
