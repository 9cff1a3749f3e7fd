package lint

import (
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/lint/numeral"
	"mianshen/rules/source"
)

// used is a figure that an expression or a dated value holds.
type used struct {
	numeral.Figure
	at    func(text, hint string) source.Mistake
	value string // name of the dated value it stands in; "" when it is written in the expression
}

// inUnit makes a figure of a number in the base of a unit; ok is false for bare numbers and zero.
func inUnit(u formula.Unit, n exact.Num) (f numeral.Figure, ok bool) {
	r, text := n.Rat(), show(u, n)
	name, _, _ := strings.Cut(u.String(), "/")
	switch {
	case n.Sign() == 0 || u.Plain() && u.Flavour == formula.Bare:
		return f, false
	case u.Plain():
		return numeral.New(numeral.Percent, r, text), true
	case name == numeral.Money:
		return numeral.New(numeral.Money, r, text), true
	}
	kind, factor := numeral.Measure(name)
	return numeral.New(kind, r.Mul(r, factor), text), true
}

// inValue are all figures of a dated value, each pointing at its entry.
func (a *audit) inValue(v *rules.DatedValue) []used {
	unit, _, err := formula.ParseUnit(v.Unit)
	if err != nil {
		return nil
	}
	var by formula.Unit
	if f, ok := a.book.Vocabulary.Lookup(v.By); ok {
		by = f.FormulaType().Unit
	}
	var out []used
	add := func(u formula.Unit, n exact.Num, node *source.Node) {
		if f, ok := inUnit(u, n); ok {
			out = append(out, used{Figure: f, at: node.Mistake, value: v.Name})
		}
	}
	for i := range v.Entries {
		e := &v.Entries[i]
		for _, t := range e.Tiers {
			add(by, t.Bound(v.Percent(a.book.Vocabulary)), e.Node())
			add(unit, t.Value, e.Node())
		}
		for _, k := range slices.Sorted(maps.Keys(e.Table)) {
			add(unit, e.Table[k], e.Node())
		}
		if e.Tiers == nil && e.Table == nil {
			add(unit, e.Value, e.Node())
		}
	}
	return out
}

// inExpression are the figures an expression uses: written ones, and those behind 取值 and named parts, which point at the name.
func (a *audit) inExpression(r *rules.Rule, e rules.Expression) []used {
	var out []used
	seen := map[string]bool{}
	var look func(n, around *formula.Node, from int)
	look = func(n, around *formula.Node, from int) {
		at := from
		if at < 0 {
			at = n.From
		}
		point := func(text, hint string) source.Mistake { return e.Node().MistakeAt(at, text, hint) }
		switch n.Op {
		case formula.OpConst:
			if f, ok := constant(n, around); ok {
				out = append(out, used{Figure: f, at: point})
			}
		case formula.OpLookup:
			for _, u := range a.inValue(a.policy.Value(n.Name)) {
				out = append(out, used{Figure: u.Figure, at: point, value: u.value})
			}
		case formula.OpDefine:
			if t := define(r, n.Name); t != nil && !seen[n.Name] {
				seen[n.Name] = true
				look(t, nil, at)
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

// define is the tree of a named part of the item; nil where there is none.
func define(r *rules.Rule, name string) *formula.Node {
	for _, d := range r.Item.Defines {
		if d.Name == name {
			return r.Tree(d.Expression)
		}
	}
	return nil
}

// constant is the figure of a written number or date; a bare number takes its measure from what it is compared with.
func constant(n, around *formula.Node) (f numeral.Figure, ok bool) {
	switch n.Const.Kind() {
	case formula.Date:
		d := n.Const.Day().String()
		return numeral.Figure{Kind: numeral.Day, Number: d, Text: d}, true
	case formula.Number:
	default:
		return f, false
	}
	u, num := n.Type.Unit, n.Const.Num()
	if f, ok = inUnit(u, num); ok || around == nil || !u.Plain() || u.Flavour != formula.Bare {
		return f, ok
	}
	switch around.Op {
	case formula.OpReachedYears, formula.OpAddYears:
		return numeral.New(numeral.Months, new(big.Rat).Mul(num.Rat(), big.NewRat(12, 1)), num.Decimal(2)+" 年"), true
	case formula.OpReachedMonths, formula.OpAddMonths:
		return numeral.New(numeral.Months, num.Rat(), num.Decimal(2)+" 个月"), true
	case formula.OpEq, formula.OpNe, formula.OpLt, formula.OpLe, formula.OpGt, formula.OpGe, formula.OpIn:
		for _, o := range around.Args {
			if o != n && !o.Type.Unit.Plain() {
				return inUnit(o.Type.Unit, num)
			}
		}
	}
	return f, false
}

// without are those of the kind that others don't hold, each once.
func without(these, others []used, kind string) []used {
	var out []used
	for _, u := range these {
		same := func(o used) bool { return o.Kind == u.Kind && o.Number == u.Number }
		if u.Kind == kind && !slices.ContainsFunc(others, same) && !slices.ContainsFunc(out, same) {
			out = append(out, u)
		}
	}
	return out
}

// said are the figures of a text.
func said(text string) []used {
	var out []used
	for _, f := range numeral.Read(text) {
		out = append(out, used{Figure: f})
	}
	return out
}

func texts(us []used) string {
	var out []string
	for _, u := range us {
		out = append(out, u.Text)
	}
	return strings.Join(slices.Compact(out), "、")
}

func kinds(us []used) []string {
	var out []string
	for _, u := range us {
		out = append(out, u.Kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// elsewhere are words of a clause whose figures stand in another document.
var elsewhere = regexp.MustCompile(`目标|公布|另行|参照|依照|按照.{0,12}规定|有关规定|本市.{0,8}(?:下限|上限|标准)`)

// figures compares the figures of the law with those of its values, conditions and amounts.
func figures(a *audit) {
	var stated []used // anywhere in the law
	for _, c := range a.policy.Clauses {
		stated = append(stated, said(c.Text)...)
	}
	told := map[string]bool{}
	for _, v := range a.policy.Values {
		if a.valued(v, stated) {
			told[v.Name] = true
		}
	}
	for _, r := range a.rules {
		for _, c := range a.policy.All(r.Item) {
			c.Walk(func(c *rules.Condition) { a.quoted(r, c, told) })
		}
		a.sums(r, stated)
	}
}

// valued warns of figures of a dated value that stand in no clause, where the clause it cites has others of the kind.
func (a *audit) valued(v *rules.DatedValue, stated []used) (told bool) {
	c, ok := a.policy.Clause(v.Clause)
	if !ok || elsewhere.MatchString(c.Text) {
		return false
	}
	here, held := said(c.Text), a.inValue(v)
	for _, kind := range kinds(held) {
		list := without(here, nil, kind)
		if len(list) == 0 {
			continue
		}
		for _, u := range without(held, stated, kind) {
			if kind == numeral.Percent && u.Number == "1" {
				continue // the whole of it needn't be written
			}
			told = true
			a.warn(u.at(fmt.Sprintf("“%s”的 %s在%s的原文里找不到，原文写的是%s", v.Name, u.Text, v.Clause, texts(list)), "核对原文和 values.yaml；数在别的文件里的，在 quote 或条款里说明"))
		}
	}
	return told
}

// quoted warns when a condition uses a figure that its clause doesn't have while its quote has one that it doesn't use, and when
// the two have none in common. Values that were told before stay quiet.
func (a *audit) quoted(r *rules.Rule, c *rules.Condition, told map[string]bool) {
	clause, ok := a.policy.Clause(c.Clause)
	if !ok || c.Quote == "" {
		return
	}
	quote, around := said(c.Quote), said(clause.Text)
	var uses []used
	for _, e := range c.Expressions() {
		uses = append(uses, a.inExpression(r, e)...)
	}
	for _, kind := range kinds(uses) {
		if slices.ContainsFunc(uses, func(u used) bool { return u.Kind == kind && told[u.value] }) {
			continue
		}
		unused, foreign := without(quote, uses, kind), without(uses, around, kind)
		if len(foreign) == 0 && len(unused) == len(without(quote, nil, kind)) {
			foreign = without(uses, nil, kind)
		}
		if len(unused) > 0 && len(foreign) > 0 {
			a.warn(foreign[0].at(fmt.Sprintf("这里用的是 %s，引文写的却是%s", texts(foreign), texts(unused)), "核对 quote、表达式和 values.yaml"))
		}
	}
}

// sums warns of written sums and shares of the amount and its caps that stand in no clause.
func (a *audit) sums(r *rules.Rule, stated []used) {
	it := r.Item
	for _, e := range []rules.Expression{it.Amount, it.AtMost, it.Cap.PerGrant, it.Cap.PerYear, it.Cap.Total} {
		uses := slices.DeleteFunc(a.inExpression(r, e), func(u used) bool { return u.value != "" })
		for _, u := range append(without(uses, stated, numeral.Money), without(uses, stated, numeral.Percent)...) {
			if len(stated) > 0 && u.Number != "1" {
				a.warn(u.at(fmt.Sprintf("金额里的 %s在条款原文里找不到", u.Text), "在条款里写明，或核对写的数"))
			}
		}
	}
}
