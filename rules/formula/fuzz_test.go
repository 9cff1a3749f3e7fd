package formula

import (
	"reflect"
	"strings"
	"testing"

	"mianshen/rules/civil"
)

// FuzzExpression: no text makes parsing, compiling or running panic; a problem points into the text; what is accepted gives the
// same value and reasons in expr's machine and in the walk, and with every fact missing never a yes by a comparison of facts.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"收入 >= 500*万元", "前收入 > 0*元 or 高企", "占比 == 比例(5.5)", "收入 / 人数 >= 10*万元/人", `规模 in ["小型", "微型"]`, `标签 contains "集成电路"`,
		"any(合同, .转租 or .面积 > 60)", "sum(filter(合同, .面积 > 60), .租金) == 200*元", "满年(成立, 3, 日期(\"2025-02-27\"))", "基准日 - 成立 > 365*天",
		`行业(行业代码, "C", "I65")`, "分档(收入, [[100*万元, 5*万元], [500*万元, 20*万元]]) == 20*万元", "(前收入 > 0*元 ? 1 : 2) == 1", "1 < 人数 < 31",
		"本条.面积 > 10", `all(标签, # in ["集成电路"])`, "取值(\"上限\") > 0.05", "工作日(成立, 30) > 基准日", "count(合同) == 2", "max(占比, 10) > 5",
		`行业代码 matches "^C3"`, "not (收入 > 1*元)", "-收入 < 0*元", "1..2", "now()", "((((", "\"", "收入 ?? 0", "{\"a\": 1}", "let x = 1; x", "a ? b : c", "$env", "#", ".租金",
	} {
		f.Add(s)
	}
	rest := facts()
	f.Fuzz(func(t *testing.T, text string) {
		root, problems := Parse(text, testScope())
		for _, p := range problems {
			if n := len([]rune(text)); p.Offset < 0 || p.Offset > n || p.Message == "" {
				t.Errorf("%q: a problem at %d of %d characters: %q", text, p.Offset, n, p.Message)
			}
		}
		if len(problems) > 0 {
			return
		}
		program, err := Compile(root)
		if err != nil {
			t.Fatalf("%q: accepted, then %v", text, err)
		}
		for _, fields := range [][]*Value{rest, make([]*Value, len(rest))} {
			frame := &Frame{Fields: fields, AsOf: civil.MustParse("2025-06-30"), GrantYear: 2024}
			ran, walked := frame.Run(program), frame.Eval(root)
			same := ran.Known() == walked.Known() && (!ran.Known() || ran.Equal(walked) || ran.Kind() == TableKind)
			if !same || !reflect.DeepEqual(ran.Causes(), walked.Causes()) {
				t.Errorf("%q: the machine says %v %v, the walk %v %v", text, ran, ran.Causes(), walked, walked.Causes())
			}
			for _, c := range ran.Causes() {
				if strings.Contains(c.Text, "执行出错") {
					t.Errorf("%q: expr's machine failed inside: %s", text, program.Guarded())
				}
			}
		}
	})
}
