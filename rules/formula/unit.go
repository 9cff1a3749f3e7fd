package formula

import (
	"fmt"
	"sort"
	"strings"

	"mianshen/rules/exact"
	"mianshen/rules/source"
)

// Flavour tells numbers without a dimension apart.
type Flavour uint8

// Bare: a number written in the rule or a field without unit; it may stand for a count or for percentage points, never for
// money. Ratio: a quotient. Percent: a field in %, kept as its plain ratio, against which a bare number means percentage points.
const (
	Bare Flavour = iota
	Ratio
	Percent
)

// Unit is the unit of a number: dimensions with exponents (元 is money, in 分), or a flavour when there are none.
type Unit struct {
	Flavour Flavour
	Scaled  bool // of a field counted in a multiple, such as 万吨 or 万元/亩: a bare number against it would be in the wrong one
	dims    []dim
}

type dim struct {
	name string
	exp  int
}

const yuan = "元"

// moneyUnits are the units of money with their worth in 分.
var moneyUnits = map[string]int64{"分": 1, "角": 10, "元": 100, "百元": 1e4, "千元": 1e5, "万元": 1e6, "百万元": 1e8, "千万元": 1e9, "亿元": 1e10}

// scaledUnits are other units that are a multiple of a base unit.
var scaledUnits = map[string]struct {
	base string
	by   int64
}{"万人": {"人", 1e4}, "日": {"天", 1}, "万件": {"件", 1e4}, "万吨": {"吨", 1e4}, "千克": {"千克", 1}, "公顷": {"公顷", 1}, "万平方米": {"平方米", 1e4}, "平米": {"平方米", 1}, "㎡": {"平方米", 1}}

// plainUnits are the counts and measures that rules may name besides those of the vocabulary.
var plainUnits = []string{"人", "天", "日", "周", "月", "年", "家", "户", "件", "项", "个", "台", "套", "次", "张", "床", "辆", "小时", "平方米", "亩", "公顷", "公里", "吨", "千克", "吨标准煤", "千瓦时", "千瓦"}

// maxUnit caps a unit's name, in bytes.
const maxUnit = 60

// ParseUnit reads a unit as the vocabulary or a header writes it: "", "%", 元, 万元, 人, 万元/亩. factor is what a number in
// that unit is multiplied with to reach the base unit: 分 for money, the plain ratio for %, 天 for 日.
func ParseUnit(text string) (u Unit, factor exact.Num, err error) {
	switch text {
	case "":
		return Unit{}, exact.Int(1), nil
	case "%", "％":
		return Unit{Flavour: Percent}, exact.Frac(1, 100), nil
	}
	factor = exact.Int(1)
	if len(text) > maxUnit {
		return Unit{}, factor, fmt.Errorf("单位“%s”太长", source.Clip(text))
	}
	for i, part := range strings.Split(text, "/") {
		part = strings.TrimSpace(part)
		if part == "" || i > 1 {
			return Unit{}, factor, fmt.Errorf("单位“%s”无法识别", source.Clip(text))
		}
		one, f := baseUnit(part)
		if i == 0 {
			u, factor = one, f
			continue
		}
		if u, err = divide(u, one); err == nil {
			factor, err = factor.Quo(f)
		}
	}
	return u, factor, err
}

func baseUnit(name string) (Unit, exact.Num) {
	if fen, ok := moneyUnits[name]; ok {
		return Unit{dims: []dim{{yuan, 1}}}, exact.Int(fen)
	}
	if s, ok := scaledUnits[name]; ok {
		return Unit{dims: []dim{{s.base, 1}}}, exact.Int(s.by)
	}
	return Unit{dims: []dim{{name, 1}}}, exact.Int(1)
}

// KnownUnit reports whether text is a unit this package knows by itself.
func KnownUnit(text string) bool {
	if text == "" || text == "%" || text == "％" || moneyUnits[text] != 0 {
		return true
	}
	if _, ok := scaledUnits[text]; ok {
		return true
	}
	for _, u := range plainUnits {
		if u == text {
			return true
		}
	}
	return false
}

// MoneyUnit is the unit of sums of money.
func MoneyUnit() Unit { return Unit{dims: []dim{{yuan, 1}}} }

// IsMoney reports whether the unit is exactly money.
func (u Unit) IsMoney() bool {
	s := u.settled()
	return len(s.dims) == 1 && s.dims[0] == dim{yuan, 1}
}

// money is the exponent of money in the unit.
func (u Unit) money() int {
	for _, d := range u.dims {
		if d.name == yuan {
			return d.exp
		}
	}
	return 0
}

// Same reports whether two units are the same.
func (u Unit) Same(o Unit) bool {
	u, o = u.settled(), o.settled()
	if len(u.dims) != len(o.dims) || len(u.dims) == 0 && u.Flavour != o.Flavour {
		return false
	}
	for i, d := range u.dims {
		if o.dims[i] != d {
			return false
		}
	}
	return true
}

// String names the unit in messages.
func (u Unit) String() string {
	if len(u.dims) == 0 {
		return [...]string{"无单位数", "比值", "%"}[u.Flavour]
	}
	var up, down []string
	for _, d := range u.dims {
		for range max(d.exp, -d.exp) {
			if d.exp > 0 {
				up = append(up, d.name)
			} else {
				down = append(down, d.name)
			}
		}
	}
	s := strings.Join(up, "·")
	if s == "" {
		s = "1"
	}
	if len(down) > 0 {
		s += "/" + strings.Join(down, "·")
	}
	return s
}

func combine(a, b Unit, sign int) []dim {
	sums := map[string]int{}
	for _, d := range a.dims {
		sums[d.name] += d.exp
	}
	for _, d := range b.dims {
		sums[d.name] += sign * d.exp
	}
	var out []dim
	for name, exp := range sums {
		if exp != 0 {
			out = append(out, dim{name, exp})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

// multiply gives the unit of a product.
func multiply(a, b Unit) (Unit, error) {
	if len(a.dims) == 0 && len(b.dims) == 0 {
		switch {
		case a.Flavour == Bare:
			return b, nil
		case b.Flavour == Bare:
			return a, nil
		}
		return Unit{Flavour: Ratio}, nil
	}
	dims := combine(a, b, 1)
	if len(dims) == 0 {
		return Unit{Flavour: Ratio}, nil
	}
	out := Unit{dims: dims}
	if n := out.money(); n > 1 || n < -1 {
		return out, fmt.Errorf("金额不能与金额相乘（单位会成 %s）", out)
	}
	return out, nil
}

// settled drops the counts that money was multiplied with: 人 · 元 counts as 元. It is done only when units meet, so that
// 面积 * 30*元/平方米 comes out as money too.
func (u Unit) settled() Unit {
	if u.money() != 1 || len(u.dims) == 1 {
		return u
	}
	var kept []dim
	for _, d := range u.dims {
		if d.name == yuan || d.exp < 0 {
			kept = append(kept, d)
		}
	}
	return Unit{dims: kept}
}

// divide gives the unit of a quotient; equal units give a Ratio.
func divide(a, b Unit) (Unit, error) {
	if len(b.dims) == 0 {
		if len(a.dims) > 0 {
			return a, nil
		}
		if b.Flavour == Bare && a.Flavour == Percent {
			return a, nil
		}
		return Unit{Flavour: Ratio}, nil
	}
	dims := combine(a, b, -1)
	if len(dims) == 0 {
		return Unit{Flavour: Ratio}, nil
	}
	out := Unit{dims: dims}
	if n := out.money(); n > 1 || n < -1 {
		return out, fmt.Errorf("单位 %s 与 %s 不能相除", a, b)
	}
	return out, nil
}

// hundredth is what turns a bare number into percentage points.
var hundredth = exact.Frac(1, 100)

// unify brings two numbers to one unit for comparing, adding and choosing. scaleA and scaleB say which side is a bare number
// that stands for percentage points and must be divided by 100.
func unify(a, b Unit) (u Unit, scaleA, scaleB bool, err error) {
	if a.Same(b) {
		return a.settled(), false, false, nil
	}
	aPlain, bPlain := len(a.dims) == 0, len(b.dims) == 0
	switch {
	case aPlain && a.Flavour == Bare && b.Scaled || bPlain && b.Flavour == Bare && a.Scaled:
		return a, false, false, fmt.Errorf("这个量以倍数单位计，数后面要写明单位，如 10*万吨")
	case aPlain && bPlain:
		return unifyPlain(a, b)
	case aPlain && a.Flavour == Bare && b.money() == 0:
		return b, false, false, nil
	case bPlain && b.Flavour == Bare && a.money() == 0:
		return a, false, false, nil
	case aPlain && a.Flavour == Bare || bPlain && b.Flavour == Bare:
		return a, false, false, fmt.Errorf("金额必须带单位，不能与不带单位的数放在一起（一边是 %s，一边是 %s）", a, b)
	}
	return a, false, false, fmt.Errorf("单位不合：一边是 %s，一边是 %s", a, b)
}

func unifyPlain(a, b Unit) (u Unit, scaleA, scaleB bool, err error) {
	switch {
	case a.Flavour == Bare && b.Flavour == Percent:
		return b, true, false, nil
	case a.Flavour == Percent && b.Flavour == Bare:
		return a, false, true, nil
	}
	return Unit{Flavour: Ratio}, false, false, nil
}

// Plain reports whether the unit has no dimension.
func (u Unit) Plain() bool { return len(u.dims) == 0 }

// Show writes a number of the unit as people read it: 12 人, 15 万元/亩.
func (u Unit) Show(n exact.Num) string {
	if u.money() == 1 {
		if v, err := n.Quo(exact.Int(1e6)); err == nil {
			return v.Decimal(4) + " 万" + u.String()
		}
	}
	return n.Decimal(4) + " " + Measure(u.String())
}

// Measure is the word for a unit behind a number: 6 个月.
func Measure(unit string) string {
	if unit == "月" {
		return "个月"
	}
	return unit
}
