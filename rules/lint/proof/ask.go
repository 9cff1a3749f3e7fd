package proof

import (
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Figure computes an expression of the item that doesn't depend on facts; nil for others, and where nothing was written.
func (m *Model) Figure(e rules.Expression) *formula.Value {
	t := m.Rule.Tree(e)
	if t == nil {
		return nil
	}
	return m.Constant(m.Inline(t))
}

// Steps tells for each step of ascending bounds, the first being below the lowest bound, whether a subject on it meets those of
// the item's conditions that read nothing else; limited is whether there are any. The subject is an inlined number.
func (m *Model) Steps(subject *formula.Node, bounds []exact.Num) (open []bool, limited bool) {
	var edges []*formula.Node
	for _, b := range bounds {
		c := &formula.Node{Op: formula.OpConst, Const: formula.NumberOf(b)}
		n := m.comparison(&formula.Node{Op: formula.OpGe, Type: formula.Type{Kind: formula.Bool}, Args: []*formula.Node{subject, c}})
		if n == nil || n.Args[0].Op != formula.OpDefine {
			return make([]bool, len(bounds)+1), false
		}
		edges = append(edges, n)
	}
	slot := edges[0].Args[0].Slot
	own := m.about(slot)
	open = make([]bool, len(bounds)+1)
	for _, w := range m.cells(slot, append(edges, own...)) {
		m.frame.Defines[slot] = w
		step := 0
		for _, e := range edges {
			if m.frame.Eval(e).True() {
				step++
			}
		}
		open[step] = open[step] || w.Known() && m.meets(own)
	}
	return open, len(own) > 0
}

// Allows reports whether a subject with the text meets those of the item's conditions that read nothing else.
func (m *Model) Allows(subject *formula.Node, text string) bool {
	slot := m.term(subject).Slot
	own := m.about(slot)
	m.frame.Defines[slot] = formula.TextOf(text)
	return m.meets(own)
}

// about are the pieces of the item's conditions that read only the variable.
func (m *Model) about(slot int) []*formula.Node {
	if m.own == nil {
		for _, p := range (&study{Model: m}).top() {
			m.own = append(m.own, p.tree)
		}
	}
	var out []*formula.Node
	for _, t := range m.own {
		if slots := slotsOf(t); len(slots) == 1 && slots[0] == slot {
			out = append(out, t)
		}
	}
	return out
}

func (m *Model) meets(trees []*formula.Node) bool {
	for _, t := range trees {
		if !m.frame.Eval(t).True() {
			return false
		}
	}
	return true
}
