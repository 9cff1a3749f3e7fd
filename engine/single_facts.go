package engine

import (
	"slices"
	"strings"

	"mianshen/engine/column"
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// input is how a fact becomes what the plan's column would hold of it.
type input struct {
	field *rules.Field
	kind  column.Kind
	limit limit             // of numbers and days
	unit  exact.Num         // raw values in one base unit of a number
	codes map[string]uint32 // of texts and sets whose dictionary the plan has looked at; nil: their codes are not asked for
}

// fact is what a column would hold of one enterprise.
type fact struct {
	known   bool
	odd     bool  // there is a value that the column can't hold; known is false or, for a set, the code is -1
	n       int64 // number in raw units, day, 1 of true, code; -1: not in the dictionary
	members []string
}

// inputs lists the fields that the plan reads.
func (p *Plan) inputs() []input {
	looked := p.looked()
	var out []input
	for _, e := range p.fields {
		if e == nil {
			continue
		}
		in := input{field: e.field, kind: KindOf(e.field), limit: p.limits[e.field.Index]}
		in.unit = exact.Int(pow10(in.limit.scale))
		switch {
		case looked[e.field.Index]:
			in.codes = p.codes(e.field)
		case in.kind == column.Text:
			continue // nothing of it is asked for
		}
		out = append(out, in)
	}
	return out
}

// looked tells of which fields dictionary codes are asked for.
func (p *Plan) looked() map[int]bool {
	out := map[int]bool{}
	add := func(prog *program) {
		for _, st := range prog.steps {
			if st.op == stepLook {
				out[st.field] = true
			}
		}
	}
	for i := range p.nodes {
		switch n := &p.nodes[i]; n.kind {
		case nodeLook:
			out[n.field] = true
		case nodeCompare:
			add(&n.compare.prog)
		}
	}
	for _, it := range p.items {
		add(&it.pay.prog)
	}
	return out
}

// codes maps the entries of a dictionary, as they were when the plan was made, to their codes.
func (p *Plan) codes(f *rules.Field) map[string]uint32 {
	if f.Derived() {
		return p.derived[f.Index].index
	}
	out := map[string]uint32{}
	if n := p.entries[f.Index]; n > 0 {
		for code, entry := range p.table.columns[f.Index].Dict[:n] {
			out[entry] = uint32(code)
		}
	}
	return out
}

// derivedKey tells derived texts apart, also those of which only some possibilities are left.
func derivedKey(v *formula.Value) string {
	if v.Known() {
		return "k" + v.String()
	}
	return "u" + strings.Join(v.Possible(), "\n")
}

// readings lists for each item the delivered fields that it reads and the derived texts that follow from such fields alone.
func (p *Plan) readings() [][]int32 {
	v := p.table.Vocabulary
	behind := map[int][]int32{}
	for index := range p.derived {
		behind[index] = delivered(v, v.Fields[index])
	}
	out := make([][]int32, len(p.items))
	for i, it := range p.items {
		for _, f := range it.rule.Reads() {
			out[i] = append(out[i], int32(f.Index))
		}
		base := out[i]
		for index, from := range behind {
			if !slices.ContainsFunc(from, func(f int32) bool { return !slices.Contains(base, f) }) {
				out[i] = append(out[i], int32(index))
			}
		}
	}
	return out
}

// delivered lists the delivered fields behind a derived one.
func delivered(v *rules.Vocabulary, f *rules.Field) []int32 {
	if !f.Derived() {
		return []int32{int32(f.Index)}
	}
	var out []int32
	f.Derivation().Walk(func(n *formula.Node) bool {
		if n.Op == formula.OpField {
			out = append(out, delivered(v, v.Fields[n.Slot])...)
		}
		return true
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// inquiry is the work on one enterprise.
type inquiry struct {
	single  *Single
	profile *rules.Profile
	facts   []fact // by field index
	odd     bool   // one of the facts is odd
	truths  []truth
	regs    []register
	found   []uint64 // bitmap of items that aren't refused by columns
	hand    []int32  // items that columns may not decide for this enterprise, sorted

	own    *rules.Session
	loaded bool // own has the profile
}

func (s *Single) newInquiry() *inquiry {
	return &inquiry{
		single: s, facts: make([]fact, len(s.plan.table.Vocabulary.Fields)), truths: make([]truth, len(s.plan.nodes)),
		found: make([]uint64, (len(s.plan.items)+63)/64),
	}
}

// load takes the next enterprise.
func (q *inquiry) load(p *rules.Profile) {
	q.profile, q.loaded, q.odd = p, false, false
	q.hand = q.single.byHand[p.Enterprise]
	clear(q.truths)
	clear(q.found)
	for i := range q.single.inputs {
		in := &q.single.inputs[i]
		f := q.fact(in)
		q.facts[in.field.Index] = f
		q.odd = q.odd || f.odd
	}
}

// session is the rules' own way to decide the enterprise.
func (q *inquiry) session() *rules.Session {
	if q.own == nil {
		q.own = q.single.plan.book.NewSession(q.single.plan.around)
	}
	if !q.loaded {
		q.own.Load(q.profile)
		q.loaded = true
	}
	return q.own
}

// fact reads one fact. What columns can't hold counts as missing: by Kleene's logic, whatever is decided without it stays so.
func (q *inquiry) fact(in *input) fact {
	if in.field.Derived() {
		return in.coded(derivedKey(q.session().Derived(in.field)))
	}
	got := q.profile.Fact(in.field)
	if got.Value == nil || in.field.Stale(got, q.single.plan.around.AsOf) {
		return fact{}
	}
	v := got.Value
	if !v.Known() {
		return fact{odd: true}
	}
	switch in.kind {
	case column.Bool:
		if v.True() {
			return fact{known: true, n: 1}
		}
		return fact{known: true}
	case column.Number:
		return in.number(v.Num())
	case column.Date:
		day := int64(v.Day().Number())
		if day < in.limit.low || day > in.limit.bound {
			return fact{odd: true}
		}
		return fact{known: true, n: day}
	case column.Text:
		return in.coded(v.Text())
	}
	return in.set(v.Members())
}

func (in *input) number(x exact.Num) fact {
	if in.limit.scale > 0 {
		var err error
		if x, err = x.Mul(in.unit); err != nil {
			return fact{odd: true}
		}
	}
	raw, whole := x.Int64()
	if !whole || raw > in.limit.bound || raw < -in.limit.bound {
		return fact{odd: true}
	}
	return fact{known: true, n: raw}
}

// coded is a text as its code.
func (in *input) coded(text string) fact {
	code, ok := in.codes[text]
	if !ok {
		return fact{odd: true}
	}
	return fact{known: true, n: int64(code)}
}

// set is a set by its members and, where it is asked for, its code.
func (in *input) set(members []string) fact {
	out := fact{known: true, members: members}
	if in.codes == nil {
		return out
	}
	entry := ""
	if len(members) > 0 {
		entry = strings.Join(members, "\n") + "\n"
	}
	code, ok := in.codes[entry]
	out.n, out.odd = int64(code), !ok
	if !ok {
		out.n = -1
	}
	return out
}
