package entitle

import "slices"

// Clash is one basis claimed twice. A is the position of an entitlement. The other is entitlement B (> A), or, where B is -1,
// the payment with the id Paid.
type Clash struct {
	A, B int
	Paid string
}

// SameBasis finds every two claims on one thing, among entitlements of any number of firms and against what was paid, ordered
// by A, then B, payments after entitlements in the order given:
//
//   - within one firm, the same kind and value of basis under two items, whatever the periods;
//   - under one item with once_per, the same value in two periods or for two firms, with or without a kind;
//   - across firms and items, the same kind and value where either is once_per. Without it two firms may share a basis,
//     such as the batch in which both were recognised.
//
// The same item, firm, period and basis paid before is a Clash as well: nobody is paid twice (promise M1). What was given back
// entirely clashes all the same: the thing was used.
func SameBasis(all []Entitlement, paid []Paid) []Clash {
	byValue := map[string][]int{}
	for i, e := range all {
		byValue[e.Basis.Value] = append(byValue[e.Basis.Value], i)
	}
	paidByValue := map[string][]int{}
	for i, p := range paid {
		if p.Amount > 0 || p.Spent {
			paidByValue[p.Basis.Value] = append(paidByValue[p.Basis.Value], i)
		}
	}
	var out []Clash
	for i, e := range all {
		for _, j := range byValue[e.Basis.Value] {
			if j > i && clashes(e.thing(), all[j].thing()) {
				out = append(out, Clash{A: i, B: j})
			}
		}
		for _, j := range paidByValue[e.Basis.Value] {
			if p := paid[j]; p.ID() == e.ID || clashes(e.thing(), p.thing()) {
				out = append(out, Clash{A: i, B: -1, Paid: p.ID()})
			}
		}
	}
	return out
}

// thing is what a clash depends on.
type thing struct {
	item, firm, period string
	basis              Basis
	once               bool
}

func (e Entitlement) thing() thing { return thing{e.Item, e.Enterprise, e.Period, e.Basis, e.Once} }
func (p Paid) thing() thing        { return thing{p.Item, p.Enterprise, p.Period, p.Basis, p.Once} }

func clashes(a, b thing) bool {
	once := a.once || b.once
	switch {
	case a.basis.Value == "" || a.basis != b.basis:
		return false
	case a.item == b.item:
		return once && (a.firm != b.firm || a.period != b.period)
	case a.basis.Kind == "":
		return false
	}
	return once || a.firm == b.firm
}

// firms reports whether a firm is among those of a cap; a cap without firms is each firm's own.
func (c Cap) firms(firm string) bool { return len(c.Firms) == 0 || slices.Contains(c.Firms, firm) }
