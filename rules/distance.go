package rules

import (
	"fmt"
	"strings"

	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// distance tells how far an expression is from (or beyond) what the condition wants of it: 差 0.4 个百分点，研发费用再增 32 万元.
func (x *explainer) distance(root *formula.Node, want bool) string {
	var parts []string
	x.gaps(root, want, func(s string) {
		if len(parts) < 4 {
			parts = append(parts, s)
		}
	})
	return strings.Join(parts, "；")
}

// gaps visits the comparisons that decide the expression.
func (x *explainer) gaps(n *formula.Node, want bool, say func(string)) {
	switch n.Op {
	case formula.OpAnd, formula.OpOr:
		for _, a := range n.Args {
			x.gaps(a, want, say)
		}
	case formula.OpNot:
		x.gaps(n.Args[0], !want, say)
	case formula.OpField:
		if f := x.rule.book.Vocabulary.Fields[n.Slot]; f.Derived() && f.Type == TypeBool {
			x.gaps(f.derive.Root, want, say)
		}
	case formula.OpDefine:
		if p := x.define(n); p != nil && p.Root.Type.Kind == formula.Bool {
			x.gaps(p.Root, want, say)
		}
	case formula.OpLt, formula.OpLe, formula.OpGt, formula.OpGe:
		x.gap(n, want, say)
	case formula.OpReachedYears, formula.OpReachedMonths:
		x.reached(n, want, say)
	}
}

func (x *explainer) define(n *formula.Node) *formula.Program {
	for _, d := range x.rule.defines {
		if d.slot == n.Slot {
			return d.program
		}
	}
	return nil
}

// upward reports whether the left side must be large for the comparison to be as wanted.
func upward(op formula.Op, want bool) bool {
	return (op == formula.OpGt || op == formula.OpGe) == want
}

func (x *explainer) gap(n *formula.Node, want bool, say func(string)) {
	l, r := x.session.frame.Eval(n.Args[0]), x.session.frame.Eval(n.Args[1])
	if !l.Known() || !r.Known() {
		return
	}
	if l.Kind() == formula.Date {
		days := l.Day().Sub(r.Day())
		x.sayDays(n, days, want, say)
		return
	}
	diff, err := l.Num().Sub(r.Num())
	if err != nil {
		return
	}
	fulfilled := x.session.frame.Eval(n).True() == want
	size := diff
	if size.Sign() < 0 {
		size = size.Neg()
	}
	unit := n.Args[0].Type.Unit
	if unit.Plain() && unit.Flavour == formula.Bare {
		return // a difference of bare numbers, such as years, tells nobody anything
	}
	text := difference(size, unit)
	switch {
	case fulfilled && size.Sign() == 0:
		say("正好在界上")
	case fulfilled && upward(n.Op, want):
		say(spaced("高出", text))
	case fulfilled:
		say(spaced("低于上限", text))
	case size.Sign() == 0 && upward(n.Op, want):
		say("正好在界上，须再多一点")
	case size.Sign() == 0:
		say("正好在界上，须再少一点")
	case upward(n.Op, want):
		say(spaced("差", text) + x.remedy(n, r.Num()))
	default:
		say(spaced("超出", text))
	}
}

// spaced sets a space between words and a number, none between words.
func spaced(word, text string) string {
	if strings.HasPrefix(text, "不到") {
		return word + text
	}
	return word + " " + text
}

// difference writes a difference; of percentages in percentage points.
func difference(n exact.Num, u formula.Unit) string {
	if u.Plain() && u.Flavour != formula.Bare {
		if p := percent(n); p != "0" || n.Sign() == 0 {
			return p + " 个百分点"
		}
		return "不到 0.01 个百分点"
	}
	return quantity(n, u)
}

// remedy says, for a ratio below its threshold, by how much its numerator would have to grow.
func (x *explainer) remedy(n *formula.Node, threshold exact.Num) string {
	q := x.quotient(n.Args[0])
	if q == nil {
		return ""
	}
	num, den := x.session.frame.Eval(q.Args[0]), x.session.frame.Eval(q.Args[1])
	if !num.Known() || !den.Known() || den.Num().Sign() <= 0 {
		return ""
	}
	need, err := threshold.Mul(den.Num())
	if err != nil {
		return ""
	}
	if need, err = need.Sub(num.Num()); err != nil || need.Sign() <= 0 {
		return ""
	}
	name := "分子"
	if q.Args[0].Op == formula.OpField || q.Args[0].Op == formula.OpDefine {
		name = q.Args[0].Name
	}
	return fmt.Sprintf("，%s再增 %s", name, quantity(need, q.Args[0].Type.Unit))
}

// quotient finds the division behind a value, through derived fields and named parts.
func (x *explainer) quotient(n *formula.Node) *formula.Node {
	for range 4 {
		switch n.Op {
		case formula.OpDiv:
			return n
		case formula.OpField:
			f := x.rule.book.Vocabulary.Fields[n.Slot]
			if !f.Derived() {
				return nil
			}
			n = f.derive.Root
		case formula.OpDefine:
			p := x.define(n)
			if p == nil {
				return nil
			}
			n = p.Root
		default:
			return nil
		}
	}
	return nil
}

func (x *explainer) sayDays(n *formula.Node, days int, want bool, say func(string)) {
	fulfilled := x.session.frame.Eval(n).True() == want
	if days < 0 {
		days = -days
	}
	switch {
	case fulfilled:
		return
	case upward(n.Op, want):
		say(fmt.Sprintf("早了 %d 天", days))
	default:
		say(fmt.Sprintf("晚了 %d 天", days))
	}
}

// reached tells from which day 满年 or 满月 holds.
func (x *explainer) reached(n *formula.Node, want bool, say func(string)) {
	d, k := x.session.frame.Eval(n.Args[0]), x.session.frame.Eval(n.Args[1])
	if !d.Known() || !k.Known() || x.session.frame.Eval(n).True() == want {
		return
	}
	count, ok := k.Num().Int64()
	if !ok || count < 0 || count > 1000 {
		return
	}
	day, ok := d.Day().AddYears(int(count))
	if n.Op == formula.OpReachedMonths {
		day, ok = d.Day().AddMonths(int(count))
	}
	if !ok {
		return
	}
	base := x.session.around.AsOf
	if len(n.Args) == 3 {
		if b := x.session.frame.Eval(n.Args[2]); b.Known() {
			base = b.Day()
		}
	}
	if want {
		say(fmt.Sprintf("%s 起满足，还差 %d 天", day, day.Sub(base)))
		return
	}
	say(fmt.Sprintf("%s 起已超过", day))
}
