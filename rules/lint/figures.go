package lint

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// figure is a number of the law with what it measures: 元 (in 分), % (the plain ratio), 月 (also for years), 日期, or another
// unit. Equal figures have equal kind and number.
type figure struct {
	kind   string
	number string
	shown  string
	at     func(text, hint string) source.Mistake // of figures in expressions and values
	name   string                                 // of figures behind 取值
}

// inUnit makes a figure of a number in the base of a unit; ok is false for bare numbers and zero.
func inUnit(u formula.Unit, n exact.Num) (figure, bool) {
	r, shown := n.Rat(), show(u, n)
	name, _, _ := strings.Cut(u.String(), "/")
	switch {
	case u.Plain() && u.Flavour == formula.Bare:
		return figure{}, false
	case u.Plain():
		return newFigure("%", r, shown)
	case name == "元":
		return newFigure("元", r, shown)
	}
	kind, factor := measured(name)
	return newFigure(kind, r.Mul(r, big.NewRat(factor, 1)), shown)
}

// valueFigures are all figures of a dated value, each pointing at its entry.
func (a *audit) valueFigures(v *rules.DatedValue) []figure {
	unit, _, err := formula.ParseUnit(v.Unit)
	if err != nil {
		return nil
	}
	var by formula.Unit
	if f, ok := a.book.Vocabulary.Lookup(v.By); ok {
		by = f.FormulaType().Unit
	}
	var out []figure
	add := func(u formula.Unit, n exact.Num, node *source.Node) {
		if f, ok := inUnit(u, n); ok {
			f.at, f.name = node.Mistake, v.Name
			out = append(out, f)
		}
	}
	for i := range v.Entries {
		e := &v.Entries[i]
		for _, t := range e.Tiers {
			add(by, t.Bound(v.Percent(a.book.Vocabulary)), e.Node())
			add(unit, t.Value, e.Node())
		}
		for _, k := range slices.Sorted(mapKeys(e.Table)) {
			add(unit, e.Table[k], e.Node())
		}
		if e.Tiers == nil && e.Table == nil {
			add(unit, e.Value, e.Node())
		}
	}
	return out
}

func mapKeys(m map[string]exact.Num) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// expressionFigures are the figures an expression uses: written ones, and those behind 取值 and named parts.
func (a *audit) expressionFigures(r *rules.Rule, e rules.Expression) []figure {
	var out []figure
	add := func(f figure, ok bool, from int) {
		if ok {
			f.at = func(text, hint string) source.Mistake { return e.Node().MistakeAt(from, text, hint) }
			out = append(out, f)
		}
	}
	var look func(n, around *formula.Node, from int)
	look = func(n, around *formula.Node, from int) {
		if from < 0 {
			defer func(from int) { _ = from }(from)
		}
		at := from
		if at < 0 {
			at = n.From
		}
		switch n.Op {
		case formula.OpConst:
			f, ok := constantFigure(n, around)
			add(f, ok, at)
		case formula.OpLookup:
			for _, f := range a.valueFigures(a.policy.Value(n.Name)) {
				add(f, true, at)
			}
		case formula.OpDefine:
			for _, d := range r.Item.Defines {
				if t := r.Tree(d.Expression); d.Name == n.Name && t != nil {
					look(t, nil, at)
				}
			}
		}
		for _, arg := range n.Args {
			look(arg, n, from)
		}
	}
	if t := r.Tree(e); t != nil {
		look(t, nil, -1)
	}
	return out
}

// constantFigure is the figure of a written number or date; a bare number takes its measure from what it is compared with.
func constantFigure(n, around *formula.Node) (figure, bool) {
	switch n.Const.Kind() {
	case formula.Date:
		d := n.Const.Day().String()
		return figure{kind: "日期", number: d, shown: d}, true
	case formula.Number:
	default:
		return figure{}, false
	}
	if f, ok := inUnit(n.Type.Unit, n.Const.Num()); ok || around == nil || !n.Type.Unit.Plain() || n.Type.Unit.Flavour != formula.Bare {
		return f, ok
	}
	switch around.Op {
	case formula.OpReachedYears, formula.OpAddYears:
		r := n.Const.Num().Rat()
		return newFigure("月", r.Mul(r, big.NewRat(12, 1)), n.Const.Num().Decimal(2)+" 年")
	case formula.OpReachedMonths, formula.OpAddMonths:
		return newFigure("月", n.Const.Num().Rat(), n.Const.Num().Decimal(2)+" 个月")
	case formula.OpEq, formula.OpNe, formula.OpLt, formula.OpLe, formula.OpGt, formula.OpGe, formula.OpIn:
		for _, o := range around.Args {
			if o != n && !o.Type.Unit.Plain() {
				return inUnit(o.Type.Unit, n.Const.Num())
			}
		}
	}
	return figure{}, false
}

// without are the figures of the kind that others don't hold.
func without(figures, others []figure, kind string) []figure {
	var out []figure
	for _, f := range figures {
		same := func(o figure) bool { return o.kind == f.kind && o.number == f.number }
		if f.kind == kind && !slices.ContainsFunc(others, same) && !slices.ContainsFunc(out, same) {
			out = append(out, f)
		}
	}
	return out
}

func shown(figures []figure) string {
	var out []string
	for _, f := range figures {
		out = append(out, f.shown)
	}
	return strings.Join(slices.Compact(out), "、")
}

// elsewhere are words of a clause whose figures stand in another document.
var elsewhere = regexp.MustCompile(`目标|公布|另行|参照|依照|按照.{0,12}规定|有关规定`)

// figures compares the figures of the law with those of its expressions and values.
func figures(a *audit) {
	told := map[string]bool{}
	for _, v := range a.policy.Values {
		c, ok := a.policy.Clause(v.Clause)
		text := c.Text
		if v.Quote != "" {
			text = v.Quote
		}
		if !ok || elsewhere.MatchString(text) {
			continue
		}
		stated, held := read(text), a.valueFigures(v)
		for _, kind := range kinds(held) {
			if list := without(stated, nil, kind); len(list) > 0 {
				for _, f := range without(held, stated, kind) {
					told[v.Name] = true
					a.warn(f.at(fmt.Sprintf("“%s”的 %s 在%s的原文里找不到，原文写的是 %s", v.Name, f.shown, v.Clause, shown(list)), "核对原文和 values.yaml；条款引用另有出处的，写明出处"))
				}
			}
		}
	}
	for _, r := range a.rules {
		for _, c := range a.policy.All(r.Item) {
			c.Walk(func(c *rules.Condition) { a.quoted(r, c, told) })
		}
		a.sums(r)
	}
}

func kinds(figures []figure) []string {
	var out []string
	for _, f := range figures {
		out = append(out, f.kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// quoted warns when a condition uses a figure that its clause doesn't have while its quote has one that it doesn't use, and when
// the two have none in common. Figures of values that were told before stay quiet.
func (a *audit) quoted(r *rules.Rule, c *rules.Condition, told map[string]bool) {
	clause, ok := a.policy.Clause(c.Clause)
	if !ok || c.Quote == "" {
		return
	}
	stated, around := read(c.Quote), read(clause.Text)
	var used []figure
	for _, e := range c.Expressions() {
		used = append(used, a.expressionFigures(r, e)...)
	}
	for _, kind := range kinds(used) {
		if slices.ContainsFunc(used, func(f figure) bool { return f.kind == kind && told[f.name] }) {
			continue
		}
		mine, quote := without(used, nil, kind), without(stated, nil, kind)
		unused, foreign := without(stated, used, kind), without(used, around, kind)
		disjoint := len(quote) > 0 && len(unused) == len(quote)
		if disjoint && len(foreign) == 0 {
			foreign = mine
		}
		if len(unused) > 0 && len(foreign) > 0 {
			a.warn(foreign[0].at(fmt.Sprintf("这里用的是 %s，引文写的却是 %s", shown(foreign), shown(unused)), "核对 quote、表达式和 values.yaml"))
		}
	}
}

// sums warns of written sums and shares of the amount and its caps that stand in no clause.
func (a *audit) sums(r *rules.Rule) {
	var stated []figure
	for _, c := range a.policy.Clauses {
		stated = append(stated, read(c.Text)...)
	}
	it := r.Item
	for _, e := range []rules.Expression{it.Amount, it.AtMost, it.Cap.PerGrant, it.Cap.PerYear, it.Cap.Total} {
		used := slices.DeleteFunc(a.expressionFigures(r, e), func(f figure) bool { return f.name != "" })
		for _, kind := range []string{"元", "%"} {
			for _, f := range without(used, stated, kind) {
				a.warn(f.at(fmt.Sprintf("金额里的 %s 在条款原文里找不到", f.shown), "在条款里写明，或核对写的数"))
			}
		}
	}
}
