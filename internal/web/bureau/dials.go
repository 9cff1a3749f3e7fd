package bureau

import (
	"slices"
	"strings"

	"mianshen/internal/whatif/place"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// lookups names the dated values that a rule reads, in the order in which it does.
func lookups(r *rules.Rule) []string {
	var out []string
	walk(r, func(n *formula.Node) {
		if n.Op == formula.OpLookup && !slices.Contains(out, n.Name) {
			out = append(out, n.Name)
		}
	})
	return out
}

// walk visits every tree of a rule and the named parts that they read.
func walk(r *rules.Rule, visit func(*formula.Node)) {
	seen := map[int]bool{}
	var tree func(n *formula.Node)
	tree = func(n *formula.Node) {
		if n == nil {
			return
		}
		n.Walk(func(n *formula.Node) bool {
			visit(n)
			if n.Op == formula.OpDefine && !seen[n.Slot] {
				seen[n.Slot] = true
				tree(r.Part(n.Slot))
			}
			return true
		})
	}
	var part func(p rules.Part)
	part = func(p rules.Part) {
		tree(p.Root)
		for _, n := range p.Points {
			tree(n)
		}
		for _, q := range p.Parts {
			part(q)
		}
	}
	s := r.Shape()
	for _, p := range s.Conditions {
		part(p)
	}
	for _, n := range []*formula.Node{s.Amount, s.AtMost, s.PerGrant, s.PerYear, s.Total} {
		tree(n)
	}
}

// valueDials are a dated value on a day, or each cell of it.
func valueDials(r *rules.Rule, v *rules.DatedValue, day civil.Date) []Dial {
	entry := r.Policy.EntryOn(v, day)
	if entry == nil {
		return nil
	}
	cells := entry.Cells()
	if len(cells) == 0 {
		return []Dial{valueDial(v, "", entry.Value)}
	}
	var out []Dial
	for i, cell := range cells {
		n := entry.Table[cell]
		if entry.Tiers != nil {
			n = entry.Tiers[i].Value
		}
		out = append(out, valueDial(v, cell, n))
	}
	return out
}

func valueDial(v *rules.DatedValue, cell string, now exact.Num) Dial {
	d := Dial{Name: v.Name, Value: v.Name, Cell: cell, Text: v.Text(now)}
	what := v.Name
	if cell != "" {
		d.Name, what = v.Name+"["+cell+"]", v.Name+"："+cell
	}
	d.Words = what + "（现为 " + v.Words(now) + "）"
	d.From, d.To = around(v, now)
	return d
}

// around is half of a number and twice as much, whole where the number is; "" where it is nothing.
func around(v *rules.DatedValue, now exact.Num) (from, to string) {
	low, err := now.Quo(exact.Int(2))
	if err != nil || now.Sign() <= 0 {
		return "", ""
	}
	high, err := now.Mul(exact.Int(2))
	if err != nil {
		return "", ""
	}
	from, to = v.Text(low), v.Text(high)
	if !strings.Contains(v.Text(now), ".") {
		from, _, _ = strings.Cut(from, ".")
	}
	if strings.Contains(from, "/") || strings.Contains(to, "/") {
		return "", ""
	}
	return from, to
}

// thresholds are the conditions that compare a figure with a number that is written in them.
func thresholds(r *rules.Rule) []Dial {
	texts := map[string]*rules.Condition{}
	for _, c := range r.Policy.All(r.Item) {
		texts[c.ID] = c
	}
	var out []Dial
	for _, p := range r.Shape().Conditions {
		c := texts[p.ID]
		if c == nil || !written(r, p) {
			continue
		}
		out = append(out, Dial{Name: p.ID, Words: strings.TrimSuffix(c.Because, "。") + "（" + c.Expression.Text + "）", Text: c.Expression.Text})
	}
	return out
}

// written reports whether a condition compares a figure with a number that stands in it.
func written(r *rules.Rule, p rules.Part) bool {
	_, bound, ok := place.Sides(r, p)
	if !ok {
		return false
	}
	only := true
	bound.Walk(func(n *formula.Node) bool {
		only = only && n.Op != formula.OpLookup && n.Op != formula.OpDefine
		return only
	})
	return only
}
