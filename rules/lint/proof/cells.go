package proof

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"strings"

	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/standard"
)

// slotsOf lists the variables that trees read, sorted.
func slotsOf(trees ...*formula.Node) []int {
	var out []int
	for _, t := range trees {
		t.Walk(func(n *formula.Node) bool {
			if n.Op == formula.OpDefine {
				out = append(out, n.Slot)
			}
			return true
		})
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// cells are values of a variable, unknown among them, one from every range that the trees can tell apart.
func (m *Model) cells(slot int, trees []*formula.Node) []*formula.Value {
	var atoms []*formula.Node
	for _, t := range trees {
		t.Walk(func(n *formula.Node) bool {
			if n.Op == formula.OpDefine && n.Slot == slot || reads(n, slot) {
				atoms = append(atoms, n)
			}
			return true
		})
	}
	var out []*formula.Value
	seen := map[string]bool{}
	for _, w := range m.witnesses(m.vars[slot], atoms) {
		m.frame.Defines[slot] = w
		*m.left -= len(atoms)
		var signature strings.Builder
		for _, a := range atoms {
			if a.Op != formula.OpDefine || m.vars[slot].kind == formula.Bool {
				signature.WriteString(m.frame.Eval(a).String() + ";")
			}
		}
		if !seen[signature.String()] {
			seen[signature.String()] = true
			out = append(out, w)
		}
	}
	return out
}

// reads reports whether n compares the variable, or a dated value that depends on it, with something.
func reads(n *formula.Node, slot int) bool {
	switch n.Op {
	case formula.OpAnd, formula.OpOr, formula.OpNot, formula.OpIf, formula.OpLookup:
		return false
	}
	if len(n.Args) == 0 {
		return false
	}
	x := n.Args[0]
	if x.Op == formula.OpLookup && len(x.Args) == 1 {
		x = x.Args[0]
	}
	return x.Op == formula.OpDefine && x.Slot == slot
}

// edges are the constants at which the truth of an atom may change.
func (m *Model) edges(atom *formula.Node) []*formula.Value {
	var out []*formula.Value
	if len(atom.Args) > 0 && atom.Args[0].Op == formula.OpLookup {
		v := m.Rule.Policy.Value(atom.Args[0].Name)
		e := m.Rule.Policy.EntryOn(v, m.Day)
		if e == nil {
			return nil
		}
		for _, t := range e.Tiers {
			out = append(out, formula.NumberOf(t.Bound(v.Percent(m.vocab))))
		}
		for text := range e.Table {
			out = append(out, formula.TextOf(text))
		}
		return out
	}
	for _, arg := range atom.Args {
		if arg.Op == formula.OpConst {
			out = append(out, arg.Const)
		}
	}
	return out
}

// witnesses are values around all constants that the atoms compare with.
func (m *Model) witnesses(v *variable, atoms []*formula.Node) []*formula.Value {
	var consts []*formula.Value
	var industries []string
	for _, a := range atoms {
		if a.Op == formula.OpIndustry {
			industries = append(industries, a.Names...)
		}
		consts = append(consts, m.edges(a)...)
	}
	out := []*formula.Value{formula.Open()}
	switch v.kind {
	case formula.Bool:
		out = append(out, formula.BoolOf(true), formula.BoolOf(false))
	case formula.Number:
		out = append(out, v.numbers(consts)...)
	case formula.Date:
		out = append(out, dates(consts)...)
	case formula.String:
		out = append(out, v.texts(consts, industries)...)
	}
	return out
}

func dates(consts []*formula.Value) []*formula.Value {
	var out []*formula.Value
	for _, c := range consts {
		for n := -1; n <= 1; n++ {
			if d, ok := c.Day().AddDays(n); ok {
				out = append(out, formula.DateOf(d))
			}
		}
	}
	return out
}

func (v *variable) numbers(consts []*formula.Value) []*formula.Value {
	var sorted []*big.Rat
	for _, c := range consts {
		sorted = append(sorted, c.Num().Rat())
	}
	slices.SortFunc(sorted, (*big.Rat).Cmp)
	var tried []*big.Rat
	one := big.NewRat(1, 1)
	for i, c := range sorted {
		if v.whole {
			f := new(big.Rat).SetInt(new(big.Int).Div(c.Num(), c.Denom())) // rounds down: the denominator is positive
			tried = append(tried, f, new(big.Rat).Sub(f, one), new(big.Rat).Add(f, one))
			continue
		}
		tried = append(tried, c)
		if i > 0 {
			mid := new(big.Rat).Add(c, sorted[i-1])
			tried = append(tried, mid.Quo(mid, big.NewRat(2, 1)))
		}
	}
	if !v.whole && len(sorted) > 0 {
		tried = append(tried, new(big.Rat).Sub(sorted[0], one), new(big.Rat).Add(sorted[len(sorted)-1], one))
	}
	var out []*formula.Value
	for _, t := range tried {
		if n, err := exact.FromRat(t); err == nil && !(v.counted && n.Sign() < 0) {
			out = append(out, formula.NumberOf(n))
		}
	}
	return out
}

func (v *variable) texts(consts []*formula.Value, industries []string) []*formula.Value {
	var out []*formula.Value
	if v.options == nil {
		out = append(out, formula.TextOf("\x00"))
	}
	for _, c := range consts {
		if v.options == nil {
			out = append(out, c)
		}
	}
	for _, o := range v.options {
		out = append(out, formula.TextOf(o))
	}
	if industries != nil {
		for _, c := range consts {
			industries = append(industries, c.Text())
		}
		out = append(out, around(industries)...)
	}
	for set := 1; v.partial && set < 1<<len(v.options); set++ {
		var some []string
		for i, o := range v.options {
			if set>>i&1 == 1 {
				some = append(some, o)
			}
		}
		if len(some) > 1 {
			out = append(out, formula.OneOf(some))
		}
	}
	return out
}

// around are industry codes of every kind that comparing with the codes can tell apart: these with all above them, and below each
// one that isn't among them.
func around(codes []string) []*formula.Value {
	above := map[string]bool{"": true}
	for _, c := range codes {
		for _, a := range standard.IndustryPath(c) {
			above[a] = true
		}
	}
	var out []*formula.Value
	for _, a := range slices.Sorted(maps.Keys(above)) {
		if a != "" {
			out = append(out, formula.TextOf(a))
		}
		children := standard.IndustryChildren(a)
		if i := slices.IndexFunc(children, func(c string) bool { return !above[c] }); i >= 0 {
			out = append(out, formula.TextOf(children[i]))
		}
	}
	return out
}

// maxCombinations is how many combinations are tried before a question is left open.
const maxCombinations = 20_000

// all reports whether holds is true of the trees' values in every combination. It is false when there are too many to try, or no
// evaluations left.
func (m *Model) all(trees []*formula.Node, holds func(values []rank) bool) bool {
	if *m.left < 0 {
		return false
	}
	slots := slotsOf(trees...)
	cells := make([][]*formula.Value, len(slots))
	total := 1
	for i, s := range slots {
		cells[i] = m.cells(s, trees)
		if total *= len(cells[i]); total > maxCombinations {
			return false
		}
	}
	values := make([]rank, len(trees))
	for n := range total {
		rest := n
		for i, s := range slots {
			m.frame.Defines[s] = cells[i][rest%len(cells[i])]
			rest /= len(cells[i])
		}
		for i, t := range trees {
			values[i] = rankOf(m.frame.Eval(t))
		}
		*m.left -= len(trees)
		if !holds(values) {
			return false
		}
	}
	return true
}

// rank orders truth: false, unknown, true. And is the least of its parts, or the greatest.
type rank int8

const (
	isFalse rank = iota
	isUnknown
	isTrue
)

func rankOf(v *formula.Value) rank {
	switch {
	case v.True():
		return isTrue
	case v.False():
		return isFalse
	}
	return isUnknown
}

func least(values []rank) rank    { return slices.MinFunc(values, cmp.Compare[rank]) }
func greatest(values []rank) rank { return slices.MaxFunc(values, cmp.Compare[rank]) }
