package standard

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed sme.tsv
var smeTable string

// fenPerWan is the number of 分 in one 万元.
const fenPerWan = 1_000_000

// Indicator is one figure of an enterprise, or that it isn't known. Staff is a
// count of 人; revenue and assets are in 分.
type Indicator struct {
	Known bool
	Value int64
}

// Known returns an indicator with a value.
func Known(value int64) Indicator { return Indicator{Known: true, Value: value} }

// Inputs is a set of the inputs of Classify.
type Inputs uint8

// The inputs of Classify, in the order of its arguments.
const (
	InputIndustry Inputs = 1 << iota // 行业代码
	InputStaff                       // 从业人员
	InputRevenue                     // 营业收入
	InputAssets                      // 资产总额
)

// Has reports whether every input of other is in the set.
func (n Inputs) Has(other Inputs) bool { return n&other == other }

// The columns of a threshold table: inputs after the industry.
const (
	staffColumn = iota
	revenueColumn
	assetsColumn
	columnCount
)

// bounds are the inclusive lower bounds of Small, Medium and Large, indexed by
// class; index Micro is the bottom. All zero means that the indicator isn't
// used.
type bounds [Large + 1]int64

func (b *bounds) used() bool { return b[Large] > 0 }

// class returns the highest tier whose bound is met.
func (b *bounds) class(value int64) Class {
	c := Micro
	for c < Large && value >= b[c+1] {
		c++
	}
	return c
}

// sizeRule is the standard of one of the 16 industries.
type sizeRule struct {
	name   string
	scope  []string // GB/T 4754 codes; each covers all below it
	limits [columnCount]bounds
}

// scopeSet is a set of size rules by position; bit outside is "no rule".
type scopeSet uint32

const outside = 31

var sizeRules = sync.OnceValue(func() []sizeRule {
	var rules []sizeRule
	const header = "industry\tscope\tindicator\tunit\tlarge\tmedium\tsmall"
	rows("sme.tsv", smeTable, header, func(cells []string) error {
		if len(rules) == 0 || rules[len(rules)-1].name != cells[0] {
			rules = append(rules, sizeRule{name: cells[0], scope: strings.Split(cells[1], ",")})
		}
		return rules[len(rules)-1].setLimits(cells[2:])
	})
	return rules
})

// setLimits reads indicator, unit and the three bounds from the largest down.
func (r *sizeRule) setLimits(cells []string) error {
	columns := map[string]struct {
		column int
		factor int64
	}{
		"从业人员 人":  {staffColumn, 1},
		"营业收入 万元": {revenueColumn, fenPerWan},
		"资产总额 万元": {assetsColumn, fenPerWan},
	}
	to, ok := columns[cells[0]+" "+cells[1]]
	if !ok || r.limits[to.column].used() {
		return fmt.Errorf("indicator %q in %q is unknown or repeated", cells[0], cells[1])
	}
	for i, class := range [...]Class{Large, Medium, Small} {
		n, err := strconv.ParseInt(cells[2+i], 10, 64)
		if err != nil || n <= 0 {
			return fmt.Errorf("bound %q of %v: %w", cells[2+i], class, err)
		}
		r.limits[to.column][class] = n * to.factor
	}
	b := r.limits[to.column]
	if b[Large] <= b[Medium] || b[Medium] <= b[Small] {
		return fmt.Errorf("bounds %v don't descend", cells[2:])
	}
	return nil
}

// scopeOf finds the rule for a leaf of the industry table.
func scopeOf(code string) scopeSet {
	for i, rule := range sizeRules() {
		for _, prefix := range rule.scope {
			if strings.HasPrefix(code, prefix) {
				return 1 << i
			}
		}
	}
	return 1 << outside
}

// Classify finds the size class by 统计上大中小微型企业划分办法（2017）: by each
// indicator that the industry uses, the highest class whose lower bound
// (inclusive) is met, and the lowest of these. An unknown indicator leaves every
// class up to the lowest by the known ones possible. industry is a GB/T
// 4754-2017 code at any level; "", a code that isn't in the table, or a level
// too coarse to tell (F, G59, K) gives the union over all standards it may
// fall under, with 不适用 where a part of it falls under none. Negative values
// are below the lowest bound.
//
// missing names the inputs on which the class still depends, none if the class
// is decided: an unknown indicator that no possible standard uses, or that
// can't lower the class any more, isn't among them, and the industry is only if
// two possible standards can differ.
//
// The method covers legal persons and other units; individual households
// (个体工商户) are classed by reference to it. Which kind an enterprise is
// can't be seen here: a policy that treats them differently says so itself.
func Classify(industry string, staff, revenue, assets Indicator) (possible ClassSet, missing Inputs) {
	indicators := [columnCount]Indicator{staffColumn: staff, revenueColumn: revenue, assetsColumn: assets}
	x := industries()
	scopes := x.all
	if entry := x.byCode[industry]; entry != nil {
		scopes = entry.scopes
	}
	rules := sizeRules()
	var first remainder
	for i, n := 0, 0; scopes>>i != 0; i++ {
		if scopes>>i&1 == 0 {
			continue
		}
		rest := remainder{cap: NotApplicable}
		if i != outside {
			rest = rules[i].remain(&indicators)
		}
		possible |= rest.possible()
		missing |= rest.missing()
		if n++; n == 1 {
			first = rest
		} else if rest != first {
			missing |= InputIndustry
		}
	}
	return possible, missing
}

// remainder is what one standard still depends on once the known indicators
// are used: the class is cap, lowered by the open indicators. Bounds above cap
// can't matter and are zero, so equal remainders are equal functions.
type remainder struct {
	cap  Class
	open [columnCount]bounds
}

func (r *sizeRule) remain(indicators *[columnCount]Indicator) remainder {
	rest := remainder{cap: Large}
	for i := range indicators {
		if indicators[i].Known && r.limits[i].used() {
			rest.cap = min(rest.cap, r.limits[i].class(indicators[i].Value))
		}
	}
	for i := range indicators {
		if !indicators[i].Known {
			copy(rest.open[i][:rest.cap+1], r.limits[i][:])
		}
	}
	return rest
}

// possible returns the classes that the open indicators leave.
func (r *remainder) possible() ClassSet {
	if r.missing() == 0 {
		return Classes(r.cap)
	}
	return upTo(r.cap)
}

// missing returns the open indicators that can still lower the class.
func (r *remainder) missing() Inputs {
	var n Inputs
	for i := range r.open {
		if r.open[i][Small] > 0 {
			n |= InputStaff << i
		}
	}
	return n
}

// SizeStandard returns the name of the standard that Classify uses for an
// industry (工业, 零售业), and false if the code is unknown, too coarse to tell, or
// outside all of them.
func SizeStandard(industry string) (name string, ok bool) {
	entry := industries().byCode[industry]
	if entry == nil {
		return "", false
	}
	for i, rule := range sizeRules() {
		if entry.scopes == 1<<i {
			return rule.name, true
		}
	}
	return "", false
}
