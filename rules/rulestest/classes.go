package rulestest

import (
	"math/big"
	"slices"
	"strings"

	"mianshen/rules/standard"
)

// size is one line of 统计上大中小微型企业划分办法（2017）: the lower bounds of 大型, 中型 and 小型 by each indicator; 0 0 0 is not used.
type size struct {
	scope                  string // codes of GB/T 4754-2017, by commas
	staff, revenue, assets [3]int64
}

// sizes holds staff in 人, money in 万元.
var sizes = []size{
	{"A", [3]int64{}, [3]int64{20000, 500, 50}, [3]int64{}},
	{"B,C,D", [3]int64{1000, 300, 20}, [3]int64{40000, 2000, 300}, [3]int64{}},
	{"E", [3]int64{}, [3]int64{80000, 6000, 300}, [3]int64{80000, 5000, 300}},
	{"F51", [3]int64{200, 20, 5}, [3]int64{40000, 5000, 1000}, [3]int64{}},
	{"F52", [3]int64{300, 50, 10}, [3]int64{20000, 500, 100}, [3]int64{}},
	{"G54,G55,G56,G57,G58,G591", [3]int64{1000, 300, 20}, [3]int64{30000, 3000, 200}, [3]int64{}},
	{"G592,G593,G594,G595,G596,G599", [3]int64{200, 100, 20}, [3]int64{30000, 1000, 100}, [3]int64{}},
	{"G60", [3]int64{1000, 300, 20}, [3]int64{30000, 2000, 100}, [3]int64{}},
	{"H61", [3]int64{300, 100, 10}, [3]int64{10000, 2000, 100}, [3]int64{}},
	{"H62", [3]int64{300, 100, 10}, [3]int64{10000, 2000, 100}, [3]int64{}},
	{"I63,I64", [3]int64{2000, 100, 10}, [3]int64{100000, 1000, 100}, [3]int64{}},
	{"I65", [3]int64{300, 100, 10}, [3]int64{10000, 1000, 50}, [3]int64{}},
	{"K701", [3]int64{}, [3]int64{200000, 1000, 100}, [3]int64{10000, 5000, 2000}},
	{"K702", [3]int64{1000, 300, 100}, [3]int64{5000, 1000, 500}, [3]int64{}},
	{"L", [3]int64{300, 100, 10}, [3]int64{}, [3]int64{120000, 8000, 100}},
	{"K703,K709,M,N,O,Q85,R", [3]int64{300, 100, 10}, [3]int64{}, [3]int64{}},
}

var classNames = []string{"微型", "小型", "中型", "大型"}

const notApplicable = "不适用"

// linesFor lists the lines of sizes a code may fall under, -1 for none of them, by walking to the smallest classes of industry.
func linesFor(code string) []int {
	children := standard.IndustryChildren(code)
	if len(children) == 0 {
		return []int{lineOf(code)}
	}
	var out []int
	for _, c := range children {
		for _, l := range linesFor(c) {
			if !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	return out
}

func lineOf(code string) int {
	for i, s := range sizes {
		for scope := range strings.SplitSeq(s.scope, ",") {
			if strings.HasPrefix(code, scope) {
				return i
			}
		}
	}
	return -1
}

// level is the highest class whose lower bound is met, 0 for 微型 to 3 for 大型.
func level(v *big.Rat, bounds [3]int64, by int64) int {
	for i, b := range bounds {
		if v.Cmp(new(big.Rat).SetInt64(b*by)) >= 0 {
			return 3 - i
		}
	}
	return 0
}

// classify is 划型 of (industry, staff, revenue, assets) with the classes still possible and what the class still depends on.
func (j *Judge) classify(args []value) value {
	industry := args[0]
	code := ""
	if industry.known && standard.ValidIndustry(industry.text) {
		code = industry.text
	}
	lines, ok := j.lines[code]
	if !ok {
		lines = linesFor(code)
		j.lines[code] = lines
	}
	possible := map[string]bool{}
	var why *waits
	for _, l := range lines {
		if l < 0 {
			possible[notApplicable] = true
			continue
		}
		top, w := sizes[l].reach(args[1:])
		if w == nil {
			possible[classNames[top]] = true
			continue
		}
		for c := 0; c <= top; c++ {
			possible[classNames[c]] = true
		}
		if top > 0 {
			why = why.join(w)
		}
	}
	if len(possible) == 1 {
		for c := range possible {
			return text(c)
		}
	}
	out := value{kind: kindText, waits: why}
	for c := range possible {
		out.possible = append(out.possible, c)
	}
	if !industry.known {
		out.waits = out.waits.join(industry.waits)
	}
	return out
}

// reach gives the highest class the known indicators allow, and what the unknown ones wait for (not nil if there is one).
func (s size) reach(indicators []value) (top int, why *waits) {
	top = 3
	for i, b := range [][3]int64{s.staff, s.revenue, s.assets} {
		by := int64(1_000_000) // 万元 in 分
		if i == 0 {
			by = 1
		}
		switch v := indicators[i]; {
		case b == [3]int64{}:
		case v.known:
			top = min(top, level(v.num, b, by))
		case v.waits == nil:
			why = why.join(&waits{})
		default:
			why = why.join(v.waits)
		}
	}
	return top, why
}

// belongs is 行业: whether a code lies under one of the prefixes.
func belongs(code value, prefixes []string) value {
	if !code.known {
		return open(code)
	}
	undecided := false
	for _, p := range prefixes {
		switch {
		case !standard.ValidIndustry(code.text):
			undecided = true
		case strings.HasPrefix(code.text, p):
			return truth(true)
		case strings.HasPrefix(p, code.text):
			undecided = true
		}
	}
	if undecided {
		return failing()
	}
	return truth(false)
}
