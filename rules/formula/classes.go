package formula

import (
	"mianshen/rules/exact"
	"mianshen/rules/standard"
)

// ClassNames lists the size classes, largest first, 不适用 last.
func ClassNames() []string {
	return classTexts(standard.Classes(standard.Micro, standard.Small, standard.Medium, standard.Large, standard.NotApplicable))
}

func classTexts(s standard.ClassSet) []string {
	var out []string
	for _, c := range s.List() {
		out = append(out, c.String())
	}
	return out
}

// classify is 划型: the classes still possible, with only those causes on which the class still depends.
func classify(args []*Value) *Value {
	code := ""
	if args[0].known {
		code = args[0].text
	}
	indicator := func(v *Value) standard.Indicator {
		if !v.known {
			return standard.Indicator{}
		}
		return standard.Known(floor(v.num))
	}
	classes, missing := standard.Classify(code, indicator(args[1]), indicator(args[2]), indicator(args[3]))
	if c, ok := classes.Only(); ok {
		return TextOf(c.String())
	}
	out := &Value{kind: String, possible: classTexts(classes)}
	for i, input := range []standard.Inputs{standard.InputIndustry, standard.InputStaff, standard.InputRevenue, standard.InputAssets} {
		if !missing.Has(input) {
			continue
		}
		why := args[i].why
		if args[i].known {
			why = &Why{cause: Cause{Kind: Fault, Text: "行业代码“" + code + "”不够细，划不出企业规模"}}
		}
		out.why = both(out.why, why)
	}
	return out
}

// floor is the greatest whole number not above n; thresholds are whole numbers, so that comparing it decides the same.
func floor(n exact.Num) int64 {
	if i, ok := n.Int64(); ok {
		return i
	}
	m, err := exact.Rounding{}.Round(n)
	if err != nil {
		if n.Sign() < 0 {
			return -1
		}
		return 1<<63 - 1
	}
	if n.Sign() < 0 {
		return int64(m) - 1
	}
	return int64(m)
}

// industry is 行业: true where the code lies under one of the prefixes, unknown where a coarse code leaves it open.
func industry(n *Node, code *Value) *Value {
	if !code.known {
		return unknownFrom(code)
	}
	open := false
	for _, p := range n.Names {
		switch standard.Under(code.text, p) {
		case standard.True:
			return trueValue
		case standard.Unknown:
			open = true
		}
	}
	if !open {
		return falseValue
	}
	return fault("行业代码“" + code.text + "”不够细，定不了是否属于所列行业")
}
