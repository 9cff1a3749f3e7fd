package rules

import (
	"maps"
	"slices"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Shape is a compiled item laid open for engines that decide many enterprises at once. The trees are shared and immutable;
// named parts and derived fields stand in them as OpDefine and OpField (see Rule.Part and Field.Derivation).
type Shape struct {
	Conditions []Part        // in policy order; all bind the firm
	Amount     *formula.Node // nil: the item has no amount by formula
	AtMost     *formula.Node // the sum waits for a person; nil: none
	PerGrant   *formula.Node // caps; nil: none
	PerYear    *formula.Node
	Total      *formula.Node
	Round      exact.Rounding
	Each       bool // decided record by record
}

// Part is one compiled condition.
type Part struct {
	ID    string
	Kind  ConditionKind
	Root  *formula.Node // of Require and Exclude, else nil
	Parts []Part        // of AnyOf and AllOf

	Points   []*formula.Node // of Score, one a part
	Minimums []*exact.Num    // of Score, one a part; nil: the part has no minimum of its own
	AtLeast  exact.Num       // of Score: what the sum must reach
}

// Shape lays the rule open.
func (r *Rule) Shape() Shape {
	s := Shape{Round: r.Item.Round, Each: r.table != nil}
	for _, c := range r.checks {
		s.Conditions = append(s.Conditions, c.part())
	}
	for _, e := range []struct {
		from *formula.Program
		to   **formula.Node
	}{{r.amount, &s.Amount}, {r.atMost, &s.AtMost}, {r.perGrant, &s.PerGrant}, {r.perYear, &s.PerYear}, {r.total, &s.Total}} {
		if e.from != nil {
			*e.to = e.from.Root
		}
	}
	return s
}

func (c *check) part() Part {
	p := Part{ID: c.id, Kind: c.cond.Kind}
	if c.program != nil {
		p.Root = c.program.Root
	}
	for _, k := range c.parts {
		p.Parts = append(p.Parts, k.part())
	}
	if c.cond.Kind == Score {
		p.AtLeast = c.cond.Score.AtLeast
		for i, points := range c.points {
			p.Points, p.Minimums = append(p.Points, points.Root), append(p.Minimums, c.cond.Score.Parts[i].Minimum)
		}
	}
	return p
}

// Part returns the tree of the named part in a slot of OpDefine.
func (r *Rule) Part(slot int) *formula.Node { return r.defines[slot].program.Root }

// Derivation returns the tree of a derived field, nil for a delivered one.
func (f *Field) Derivation() *formula.Node {
	if f.derive == nil {
		return nil
	}
	return f.derive.Root
}

// Dated returns what 取值 gives on a day: the entry that holds, nil where none does. bare tells whether bounds written without
// a unit are percentage points of a ratio.
func (r *Rule) Dated(name string, day civil.Date) (entry *DatedEntry, bare bool) {
	b := r.lookups[name]
	if b == nil {
		return nil, false
	}
	return b.value.at(day, r.Policy.InForce), b.percent
}

// Related lists the items whose awards the rule looks at besides its own, through 已奖, 曾获 and its cap group, and the items
// whose outcome it asks by 符合.
func (r *Rule) Related() (awards, outcomes []string) {
	r.walk(func(n *formula.Node) {
		switch n.Op {
		case formula.OpAwarded, formula.OpEverAwarded:
			awards = append(awards, n.Names...)
		case formula.OpQualifies:
			outcomes = append(outcomes, n.Names...)
		}
	})
	if g := r.Item.Cap.Group; g != "" {
		awards = append(awards, r.book.groups[g]...)
	}
	return awards, outcomes
}

// Probe answers what parts of a rule's expressions come to when one fact is known and all others are missing. It isn't safe
// for concurrent use.
type Probe struct {
	run   *run
	rule  *Rule
	needs map[*formula.Node]need
}

// need is what a tree reads besides delivered facts.
type need struct {
	derived []*Field
	parts   []*part
}

// NewProbe returns a probe for a rule of the book under the circumstances; nil stands for no rule (derivations).
func (b *Book) NewProbe(r *Rule, c Circumstances) *Probe {
	s := b.NewSession(c)
	s.profile = NewProfile(b.Vocabulary, "")
	s.frame.GrantYear = c.AsOf.Year()
	p := &Probe{run: &run{Session: s, rule: r}, rule: r, needs: map[*formula.Node]need{}}
	if r != nil {
		p.run.d = &Decision{Rule: r, AsOf: c.AsOf, Grant: r.Grant(c.AsOf)}
		s.frame.Host = p.run
		s.frame.GrantYear = p.run.d.Grant.From.Year()
		s.frame.Defines = make([]*formula.Value, len(r.defines))
	}
	return p
}

// Eval evaluates a tree of the rule when the field is v; nil field: no fact is known.
func (p *Probe) Eval(n *formula.Node, f *Field, v *formula.Value) *formula.Value {
	s := p.run.Session
	s.frame.Reset()
	clear(s.frame.Fields)
	if f != nil {
		s.frame.Fields[f.Index] = v
	}
	need := p.need(n)
	s.derive(need.derived)
	for _, d := range need.parts {
		s.frame.Defines[d.slot] = s.frame.Eval(d.program.Root)
	}
	return s.frame.Eval(n)
}

func (p *Probe) need(n *formula.Node) need {
	if known, ok := p.needs[n]; ok {
		return known
	}
	derived, parts := map[*Field]bool{}, map[int]bool{}
	add := p.run.book.Vocabulary.derivedOf(derived)
	var visit func(*formula.Node) bool
	visit = func(n *formula.Node) bool {
		add(n)
		if n.Op == formula.OpDefine && !parts[n.Slot] {
			parts[n.Slot] = true
			p.rule.Part(n.Slot).Walk(visit)
		}
		return true
	}
	n.Walk(visit)
	out := need{derived: p.run.book.Vocabulary.inOrder(derived)}
	if p.rule != nil {
		for _, d := range p.rule.defines {
			if parts[d.slot] && !d.record {
				out.parts = append(out.parts, d)
			}
		}
	}
	p.needs[n] = out
	return out
}

// Derived computes a derived field for the loaded profile.
func (s *Session) Derived(f *Field) *formula.Value {
	seen := map[*Field]bool{}
	s.book.Vocabulary.derivedOf(seen)(&formula.Node{Op: formula.OpField, Slot: f.Index})
	s.derive(s.book.Vocabulary.inOrder(seen))
	return s.frame.Fields[f.Index]
}

// Firms lists the enterprises that have an award of one of the items, sorted. A nil history has none.
func (h *History) Firms(items []string) []string {
	if h == nil {
		return nil
	}
	firms := map[string]bool{}
	for _, item := range items {
		for _, a := range h.byItem[item] {
			firms[a.Enterprise] = true
		}
	}
	return slices.Sorted(maps.Keys(firms))
}

// Firms lists the enterprises of which a person has found something for the item, sorted. A nil Findings has none.
func (f *Findings) Firms(item string) []string {
	if f == nil {
		return nil
	}
	return f.firms[item]
}

// Each calls visit for every award, in no order. A nil history has none.
func (h *History) Each(visit func(Award)) {
	if h == nil {
		return
	}
	for _, list := range h.byFirm {
		for _, a := range list {
			visit(a)
		}
	}
}

// Each calls visit for every finding, in no order. A nil Findings has none.
func (f *Findings) Each(visit func(PersonFinding)) {
	if f == nil {
		return
	}
	for _, list := range f.byKey {
		for _, x := range list {
			visit(x)
		}
	}
}

// Fit holds a computed value of a derived field to the field's declared type: unknown where it isn't one of its values.
func (f *Field) Fit(v *formula.Value) *formula.Value { return f.fit(v) }

// derivedFields lists the derived fields that the rule reads, directly or through others, in order of dependence.
func (r *Rule) derivedFields() []*Field {
	v, seen := r.book.Vocabulary, map[*Field]bool{}
	r.walk(v.derivedOf(seen))
	if r.basis != nil && r.basis.Derived() {
		v.derivedOf(seen)(&formula.Node{Op: formula.OpField, Slot: r.basis.Index})
	}
	return v.inOrder(seen)
}

// derivedOf returns a visitor that adds the derived fields a tree reads to seen.
func (v *Vocabulary) derivedOf(seen map[*Field]bool) func(*formula.Node) {
	var visit func(*formula.Node)
	visit = func(n *formula.Node) {
		if n.Op != formula.OpField {
			return
		}
		if f := v.Fields[n.Slot]; f.Derived() && !seen[f] {
			seen[f] = true
			f.derive.Root.Walk(func(n *formula.Node) bool { visit(n); return true })
		}
	}
	return visit
}

// inOrder lists the derived fields in seen so that each comes after those it reads.
func (v *Vocabulary) inOrder(seen map[*Field]bool) []*Field {
	var out []*Field
	for _, f := range v.derived {
		if seen[f] {
			out = append(out, f)
		}
	}
	return out
}

// Measure says what values of the field are, so that values kept under one vocabulary are never read as something else under
// another: the type and the unit, for a table those of its columns.
func (f *Field) Measure() string {
	m := string(f.Type) + " " + f.Unit
	for _, c := range f.Columns {
		m += ";" + c.ID + " " + c.Measure()
	}
	return m
}

// AsksPersons lists the conditions that wait for a person, in policy order, AmountFinding last where a person records the sum.
func (r *Rule) AsksPersons() []string {
	var out []string
	var walk func([]*check)
	walk = func(cs []*check) {
		for _, c := range cs {
			if c.cond.Kind == Manual {
				out = append(out, c.id)
			}
			walk(c.parts)
		}
	}
	walk(r.checks)
	if r.Item.AtMost.Text != "" {
		out = append(out, AmountFinding)
	}
	return out
}
