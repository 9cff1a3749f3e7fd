package formula

import (
	"slices"
	"strings"
	"testing"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

func unit(text string) Unit {
	u, _, err := ParseUnit(text)
	if err != nil {
		panic(err)
	}
	return u
}

// testScope is a small vocabulary: money 收入 前收入, 人数, % 占比, bool 高企, date 成立, enum 规模, set 标签, table 合同.
func testScope() *Scope {
	contracts := &Table{Name: "合同", Key: "合同号", Columns: []Column{{"租金", Type{Kind: Number, Unit: unit("元")}}, {"面积", Type{Kind: Number, Unit: unit("平方米")}}, {"转租", Type{Kind: Bool}}}}
	types := []struct {
		name string
		t    Type
	}{
		{"收入", Type{Kind: Number, Unit: unit("元")}},
		{"前收入", Type{Kind: Number, Unit: unit("元")}},
		{"人数", Type{Kind: Number, Unit: unit("人")}},
		{"占比", Type{Kind: Number, Unit: unit("%")}},
		{"高企", Type{Kind: Bool}},
		{"成立", Type{Kind: Date}},
		{"规模", Type{Kind: String, Options: ClassNames()}},
		{"标签", Type{Kind: Set}},
		{"合同", Type{Kind: TableKind, Table: contracts}},
		{"行业代码", Type{Kind: String}},
	}
	s := &Scope{Fields: map[string]Symbol{}, Lookups: map[string]Lookup{"上限": {Type: Type{Kind: Number, Unit: Unit{Flavour: Ratio}}}}, Record: contracts}
	for i, f := range types {
		s.Fields[f.name] = Symbol{Type: f.t, Slot: i}
	}
	return s
}

func facts() []*Value {
	row := func(key string, rent, area int64, sub *Value) *Record {
		return &Record{Key: key, Columns: []*Value{NumberOf(exact.Int(rent)), NumberOf(exact.Int(area)), sub}}
	}
	return []*Value{
		NumberOf(exact.Int(5_000_000_00)), Unknown(Cause{Missing, "前收入", "缺失"}), NumberOf(exact.Int(30)), NumberOf(exact.Frac(55, 1000)), BoolOf(true), DateOf(civil.MustParse("2022-02-28")),
		OneOf([]string{"小型", "微型"}, Cause{Missing, "人数", "缺失"}), SetOf([]string{"集成电路"}),
		TableOf([]*Record{row("A", 100_00, 50, BoolOf(false)), row("B", 200_00, 80, Unknown(Cause{Missing, "合同.转租", "缺失"}))}), TextOf("C39"),
	}
}

func TestMeaning(t *testing.T) {
	for expr, want := range map[string]string{
		"收入 >= 500*万元": "true", "人数 * 30*元/人 == 900*元": "true", "人数 * 12*元 / 人数 == 12*元": "true", "sum(合同, .面积 * 3*元/平方米) == 390*元": "true", "收入 > 500*万元": "false", "收入 == 5000000.00*元": "true", "前收入 > 0*元": "unknown",
		"前收入 > 0*元 or 高企": "true", "前收入 > 0*元 and not 高企": "false", "not (前收入 > 0*元)": "unknown",
		"占比 >= 5.5": "true", "占比 > 5.5": "false", "占比 == 比例(5.5)": "true", "占比 + 1 == 6.5": "true", "占比 >= 55/1000": "true",
		"收入 / 人数 >= 10*万元/人": "true", "人数 <= 30": "true", "人数 < 30*人": "false", "收入 / (人数 - 30) > 1*元/人": "unknown",
		"收入 / 前收入 >= 0.05": "unknown", "人数 * 1500*元 == 45000*元": "true", "min(收入, 1*亿元) == 500*万元": "true", "max(占比, 10) == 10*占比/占比": "false",
		`规模 == "大型"`: "false", `规模 != "大型"`: "true", `规模 == "小型"`: "unknown", `规模 in ["小型","微型"]`: "true", `规模 in ["大型","中型"]`: "false", `规模 in ["小型"]`: "unknown",
		`标签 contains "集成电路"`: "true", `"软件" in 标签`: "false", `any(标签, # == "软件")`: "false", `all(标签, # in ["集成电路"])`: "true",
		"any(合同, .面积 > 60)": "true", "any(合同, .转租)": "unknown", "any(合同, .转租 or .面积 > 60)": "true", "none(合同, .面积 > 90*平方米)": "true", "all(合同, not .转租)": "unknown",
		"sum(合同, .租金) == 300*元": "true", "count(合同) == 2": "true", "count(合同, .面积 > 60) == 1": "true", "sum(filter(合同, .面积 > 60), .租金) == 200*元": "true", "count(filter(合同, .转租)) > 0": "unknown",
		"满年(成立, 3)": "true", "满年(成立, 3, 日期(\"2025-02-27\"))": "false", "加年(成立, 2) == 日期(\"2024-02-28\")": "true", "年(成立) == 年度 - 2": "true",
		"基准日 - 成立 > 365*天": "true", "成立 + 1*天 == 日期(\"2022-03-01\")": "true", "满月(成立, 36)": "true",
		`行业(行业代码, "C", "I65")`: "true", `行业(行业代码, "C3911")`: "unknown", `行业(行业代码, "I")`: "false", `行业代码 startsWith "C3"`: "true", `行业代码 matches "^C3"`: "true",
		`分档(收入, [[100*万元, 5*万元], [500*万元, 20*万元]]) == 20*万元`: "true", "(前收入 > 0*元 ? 1 : 1) == 1": "true", "(前收入 > 0*元 ? 1 : 2) == 1": "unknown",
		"本条.面积 > 10": "unknown", "1 < 人数 < 31": "true", "高企 == true": "true", "高企 ? 占比 > 5 : false": "true", "人数 in [30, 31]": "true", "人数 not in [30, 31]": "false",
		"收入 * 9000000000000 > 0*元": "unknown", "收入 / 3 * 3 == 收入": "true", `年(成立) in [2021, 2022]`: "true", `前收入 > 0*元 in [true]`: "skip",
	} {
		if want == "skip" {
			continue
		}
		n, ps := Parse(expr, testScope())
		if len(ps) > 0 {
			t.Errorf("%s: %v", expr, ps)
			continue
		}
		p, err := Compile(n)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		f := &Frame{Fields: facts(), AsOf: civil.MustParse("2025-06-30"), GrantYear: 2024}
		got, walked := f.Run(p), f.Eval(n)
		if got.String() != want || walked.String() != want {
			t.Errorf("%s = %s (walked %s), want %s; %s %v", expr, got, walked, want, p.Guarded(), got.Causes())
		}
	}
}

func TestRefused(t *testing.T) {
	for expr, want := range map[string]string{
		"收入 >= 500": "金额必须带单位", "收入 > 人数": "单位不合", "人数 > 30*元": "单位不合", "收入 * 收入 > 0*元": "金额不能与金额相乘", "收人 > 0*元": "没有“收人”这个指标",
		"前收入 ?? 0 > 1": "??", "now() > 成立": "没有“now”这个函数", "收入 ≥ 5*万元": "全角或特殊符号", `规模 == “小型”`: "全角或特殊符号", `规模 == "小形"`: "没有“小形”这个取值",
		"人数 = 3": "不该出现", "收入 >": "没有写完", "(收入 > 0*元": "括号没有闭合", "any(合同, any(合同, .面积 > 1))": "循环里不能再有循环", "filter(合同, .面积 > 1)": "filter 只能放在",
		"合同[0].面积 > 1": "不能用", "{\"a\": 1} == 1": "映射", "1..5 == 1": "不能使用运算符 ..", "let x = 1; x > 0": "分号", "收入 | max(1)": "管道", "len(标签) > 1": "没有“len”这个函数",
		"收入 / 0 > 1*元": "除数是零", "not 收入 > 1*元": "not 后面应是条件", "成立 > \"2025-01-01\"": "日期不能与文字比较", "取值(\"下限\") > 1": "没有“下限”", "人数 % 2 == 0": "不能使用 %",
		"9223372036854775807 * 10 * 万元 > 收入": "写定的数算不出来", "1e3 > 人数": "写法不能用", "高企 + 1 > 2": "不能相加减", "标签 == 标签": "不能直接比较", "收入 > nil": "nil", `行业(行业代码, "Z9")`: "里没有",
		"高企 // and 收入 > 1*元": "不能写注释", "高企 /* x */": "不能写注释", "5万元 <= 收入": "写乘号", "人数 < 99999999999999999999999": "数字太大", "高企 且 高企": "写作 and", "满月(成立, 3*年)": "第二个参数应是个数", "ｘ > 1": "不能用在表达式里", "а > 1": "不能用在表达式里", "人数 > 30\u200b": "不能用在表达式里", "收入 ** 2 > 1*元": "不能使用运算符",
		strings.Repeat("(", 60) + "1": "括号嵌套", "高企 and 收入": "应是是否", "$env == 1": "不能使用 $", "env[\"x\"]": "不能用", "本条 == 1": "本条 要带列名", "满年(成立, 收入)": "第二个参数应是个数",
	} {
		n, ps := Parse(expr, testScope())
		if len(ps) == 0 {
			t.Errorf("%s: passed as %v", expr, n.Op)
			continue
		}
		if !strings.Contains(ps.Error(), want) {
			t.Errorf("%s: %v; want …%s…", expr, ps, want)
		}
	}
}

// TestTooLargeIsRefusedAtOnce: what expr refuses must be refused where the policy is compiled, not found out when it first runs; and what
// is left for the first run must then pass.
func TestTooLargeIsRefusedAtOnce(t *testing.T) {
	leaf := &Node{Op: OpConst, Type: Type{Kind: Bool}, Const: BoolOf(true)}
	refused, late := 0, 0
	for n := 1; n < 6000; n += 397 {
		for _, wide := range []int{2, 40} {
			root := leaf
			for made := 1; made < n; made += wide {
				args := []*Node{root}
				for range wide {
					args = append(args, leaf)
				}
				root = &Node{Op: OpAnd, Type: Type{Kind: Bool}, Args: args}
				if wide == 2 && made > 400 { // as deep as that, and then wide
					root.Args = append(root.Args, slices.Repeat([]*Node{leaf}, n-made)...)
					break
				}
			}
			p, err := Compile(root)
			if err != nil {
				refused++
				continue
			}
			late += map[bool]int{true: 1}[p.code == nil]
			if p.once.Do(p.build); p.err != nil {
				t.Fatalf("%d nodes: accepted, then %.200v", n, p.err)
			}
		}
	}
	if refused == 0 || late == 0 {
		t.Errorf("%d refused, %d left for later: both must occur", refused, late)
	}
}
