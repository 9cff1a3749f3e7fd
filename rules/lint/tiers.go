package lint

import (
	"fmt"
	"slices"
	"strings"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/lint/proof"
	"mianshen/rules/source"
)

// ladder is one use of tiers in an item on one day: 取值 of a value with tiers, or 分档.
type ladder struct {
	model  *proof.Model
	use    *formula.Node // as written
	by     *formula.Node // inlined: what the tiers depend on
	bounds []exact.Num
	values []*formula.Value // unknown where they depend on facts
	at     []func(text, hint string) source.Mistake
}

// ladders lists the tiers that an item's expressions use, on every day.
func (a *audit) ladders(r *rules.Rule) []ladder {
	var out []ladder
	for _, m := range a.of(r) {
		for _, e := range expressions(r) {
			r.Tree(e).Walk(func(n *formula.Node) bool {
				switch {
				case n.Op == formula.OpTiers:
					out = append(out, written(m, n, e))
				case n.Op == formula.OpLookup && len(n.Args) == 1:
					if l := a.dated(m, n); l.bounds != nil {
						out = append(out, l)
					}
				}
				return true
			})
		}
	}
	return out
}

func written(m *proof.Model, n *formula.Node, e rules.Expression) ladder {
	l := ladder{model: m, use: n, by: m.Inline(n.Args[0])}
	for i := 1; i+1 < len(n.Args); i += 2 {
		v := m.Constant(m.Inline(n.Args[i+1]))
		if v == nil {
			v = formula.Open()
		}
		l.bounds, l.values = append(l.bounds, n.Args[i].Const.Num()), append(l.values, v)
		from := n.Args[i].From
		l.at = append(l.at, func(text, hint string) source.Mistake { return e.Node().MistakeAt(from, text, hint) })
	}
	return l
}

func (a *audit) dated(m *proof.Model, n *formula.Node) ladder {
	l := ladder{model: m, use: n, by: m.Inline(n.Args[0])}
	v := m.Rule.Policy.Value(n.Name)
	e := m.Rule.Policy.EntryOn(v, m.Day)
	if e == nil {
		return l
	}
	for i, t := range e.Tiers {
		l.bounds, l.values = append(l.bounds, t.Bound(v.Percent(a.book.Vocabulary))), append(l.values, formula.NumberOf(t.Value))
		node := e.Node()
		if list := entry(node, "tiers"); list != nil && i < len(list.Items) {
			node = list.Items[i]
		}
		l.at = append(l.at, node.Mistake)
	}
	return l
}

// bound and value write those of a step for people; what a quotient reaches is a plain number.
func (l ladder) bound(i int) string {
	u := l.use.Args[0].Type.Unit
	if u.Plain() && u.Flavour == formula.Ratio {
		return l.bounds[i].Decimal(4)
	}
	return show(u, l.bounds[i])
}

func (l ladder) value(i int) string { return show(l.use.Type.Unit, l.values[i].Num()) }

// subject names what the tiers depend on.
func (l ladder) subject() string {
	if n := l.use.Args[0]; n.Name != "" {
		return n.Name
	}
	return "分档的数"
}

// paid reports whether the item's amount reads the tiers.
func (l ladder) paid() bool { return l.amount(func(*formula.Node) bool { return true }) }

func (l ladder) amount(fits func(root *formula.Node) bool) bool {
	it, k := l.model.Rule.Item, proof.Key(l.model.Inline(l.use))
	for _, e := range []rules.Expression{it.Amount, it.AtMost} {
		t := l.model.Rule.Tree(e)
		if t == nil {
			continue
		}
		root := l.model.Inline(t)
		found := false
		root.Walk(func(n *formula.Node) bool { found = found || proof.Key(n) == k; return !found })
		if found && fits(root) {
			return true
		}
	}
	return false
}

// vanishes reports whether n is zero where the tiers give zero.
func vanishes(n *formula.Node, tiers string) bool {
	some := func(ns []*formula.Node) bool {
		return slices.ContainsFunc(ns, func(a *formula.Node) bool { return vanishes(a, tiers) })
	}
	switch n.Op {
	case formula.OpMul, formula.OpMin:
		return some(n.Args)
	case formula.OpDiv:
		return vanishes(n.Args[0], tiers)
	}
	return proof.Key(n) == tiers
}

// tierOrder warns of amounts that fall as bounds rise.
func tierOrder(a *audit) {
	for _, r := range a.rules {
		for _, l := range a.ladders(r) {
			for i := 1; i < len(l.bounds) && l.paid(); i++ {
				a.step(l, i)
			}
		}
	}
}

// step compares the amount of a tier with that of the one below.
func (a *audit) step(l ladder, i int) {
	if !l.values[i].Known() || !l.values[i-1].Known() {
		return
	}
	switch l.values[i].Num().Cmp(l.values[i-1].Num()) {
	case -1:
		a.warn(l.at[i](fmt.Sprintf("%s到 %s起只给 %s，比低一档的 %s少", l.subject(), l.bound(i), l.value(i), l.value(i-1)), "核对是不是写反了"))
	case 0:
		a.warn(l.at[i](fmt.Sprintf("这一档与低一档都是 %s", l.value(i)), "合并成一档，或核对金额"))
	}
}

// tierGap warns of firms that are eligible and stand below the first tier.
func tierGap(a *audit) {
	for _, r := range a.rules {
		for _, l := range a.ladders(r) {
			tiers := proof.Key(l.model.Inline(l.use))
			if !l.amount(func(root *formula.Node) bool { return vanishes(root, tiers) }) {
				continue
			}
			steps, limited := l.model.Steps(l.by, l.bounds)
			switch {
			case !steps[0], l.bounds[0].Sign() <= 0:
			case limited:
				a.warn(l.at[0](fmt.Sprintf("%s 的条件放进了%s不到 %s的企业，最低一档却从 %s起：这些企业会判为符合、得零元", item(r), l.subject(), l.bound(0), l.bound(0)), "让条件的起点与最低一档一致"))
			default:
				a.warn(l.at[0](fmt.Sprintf("%s 没有条件直接要求%s达到最低一档 %s，不到的企业会判为符合、得零元", item(r), l.subject(), l.bound(0)), "把最低一档的起点写成条件"))
			}
		}
	}
}

// tierUnused warns of tiers on which no firm can stand, whichever item uses them.
func tierUnused(a *audit) {
	type use struct {
		ladder  ladder
		reached []bool
	}
	uses := map[string]*use{}
	var order []string
	for _, r := range a.rules {
		for _, l := range a.ladders(r) {
			where := fmt.Sprintf("%v", l.at[0]("", ""))
			u := uses[where]
			if u == nil {
				u = &use{ladder: l, reached: make([]bool, len(l.bounds)+1)}
				uses[where] = u
				order = append(order, where)
			}
			steps, _ := l.model.Steps(l.by, l.bounds)
			for i := range steps {
				u.reached[i] = u.reached[i] || steps[i]
			}
		}
	}
	for _, where := range order {
		u := uses[where]
		for i := range u.ladder.bounds {
			if !u.reached[i+1] {
				a.warn(u.ladder.at[i](fmt.Sprintf("事项的条件使%s从 %s起的这一档没有企业用得到", u.ladder.subject(), u.ladder.bound(i)), "核对条件的界限与各档的起点"))
			}
		}
	}
}

// tierCap warns of tiers that the cap of a grant cuts.
func tierCap(a *audit) {
	for _, r := range a.rules {
		for _, l := range a.ladders(r) {
			tiers := proof.Key(l.model.Inline(l.use))
			if limit := l.model.Figure(r.Item.Cap.PerGrant); limit != nil && l.amount(func(root *formula.Node) bool { return proof.Key(root) == tiers }) {
				a.cut(l, limit.Num())
			}
		}
	}
}

// cut warns of the tiers above a limit.
func (a *audit) cut(l ladder, limit exact.Num) {
	for i, v := range l.values {
		if v.Known() && v.Num().Cmp(limit) > 0 {
			a.warn(l.at[i](fmt.Sprintf("这一档的 %s超过每次上限 %s，企业拿不到", l.value(i), show(l.use.Type.Unit, limit)), "核对 cap.per_grant 或这一档的金额"))
		}
	}
}

// tableMisses warns of texts that conditions allow and a table has no value for.
func tableMisses(a *audit) {
	for _, r := range a.rules {
		for _, m := range a.of(r) {
			walk(r, func(n *formula.Node) {
				if n.Op != formula.OpLookup || len(n.Args) != 1 {
					return
				}
				v := a.policy.Value(n.Name)
				e := a.policy.EntryOn(v, m.Day)
				if e == nil || e.Table == nil {
					return
				}
				if lacks := missed(m, m.Inline(n.Args[0]), e.Table); len(lacks) > 0 {
					a.warn(e.Node().Mistake(fmt.Sprintf("“%s”没有写%s的值，%s 的这些企业会一直待核实", n.Name, strings.Join(lacks, "、"), item(r)), "补上，或者写明 其他: 0"))
				}
			})
		}
	}
}

// missed lists the texts without an entry that a subject may have under the item's conditions.
func missed(m *proof.Model, by *formula.Node, table map[string]exact.Num) []string {
	if _, ok := table["其他"]; ok {
		return nil
	}
	if by.Type.Options == nil {
		return []string{"表外其他文字"}
	}
	var out []string
	for _, o := range by.Type.Options {
		if _, ok := table[o]; !ok && m.Allows(by, o) {
			out = append(out, o)
		}
	}
	return out
}

// unusedValues warns of dated values that no expression reads.
func unusedValues(a *audit) {
	used := map[string]bool{}
	for _, r := range a.rules {
		walk(r, func(n *formula.Node) {
			if n.Op == formula.OpLookup {
				used[n.Name] = true
			}
		})
	}
	for _, v := range a.policy.Values {
		if !used[v.Name] {
			a.warn(v.Node().Mistake(fmt.Sprintf("“%s”没有任何表达式用到", v.Name), "删去，或在表达式里用 取值(…)"))
		}
	}
}

// show writes a number as people read it; shares as percentages, money per something in 元.
func show(u formula.Unit, n exact.Num) string {
	name := u.String()
	switch {
	case strings.HasPrefix(name, "元"):
		if m, err := (exact.Rounding{How: exact.HalfUp}).Round(n); err == nil {
			return m.Words() + strings.TrimPrefix(name, "元")
		}
	case u.Plain() && u.Flavour != formula.Bare:
		if p, err := n.Mul(exact.Int(100)); err == nil {
			return p.Decimal(4) + "%"
		}
	case u.Plain():
		return n.Decimal(4)
	}
	return u.Show(n)
}
