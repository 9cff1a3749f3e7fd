package rules

import (
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/rules/source"
)

// Root is the tree of one of the policy's files, policy.yaml, values.yaml or cases.yaml; nil where there is none.
func (p *Policy) Root(file string) *source.Node {
	if f := p.files[file]; f != nil {
		return f.Root
	}
	return nil
}

// Node is where the item stands in policy.yaml.
func (it *Item) Node() *source.Node { return it.node }

// Node is where the condition stands in policy.yaml.
func (c *Condition) Node() *source.Node { return c.node }

// Node is where the expression stands; nil for one that was not written.
func (e Expression) Node() *source.Node { return e.node }

// Node is where the value stands in values.yaml.
func (v *DatedValue) Node() *source.Node { return v.node }

// Node is where the entry stands in values.yaml.
func (e DatedEntry) Node() *source.Node { return e.node }

// Value finds a dated value by its name; nil where there is none.
func (p *Policy) Value(name string) *DatedValue {
	for _, v := range p.Values {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// Walk visits a condition and its parts, parents first.
func (c *Condition) Walk(visit func(*Condition)) {
	visit(c)
	for _, p := range c.Parts {
		p.Walk(visit)
	}
}

// Expressions are those of a condition and its parts: what they require or exclude, and points.
func (c *Condition) Expressions() []Expression {
	var out []Expression
	c.Walk(func(c *Condition) {
		if c.Kind == Require || c.Kind == Exclude {
			out = append(out, c.Expression)
		}
		if c.Score != nil {
			for _, p := range c.Score.Parts {
				out = append(out, p.Points)
			}
		}
	})
	return out
}

// Percent reports whether the field that the value depends on is in %.
func (v *DatedValue) Percent(vocab *Vocabulary) bool {
	f, ok := vocab.Lookup(v.By)
	return ok && f.typ.Unit.Same(formula.Unit{Flavour: formula.Percent})
}

// EntryOn is the entry of a value that counts on the day; after the policy's last day it is that of the last day, unless
// another was written. It is nil where the value has none.
func (p *Policy) EntryOn(v *DatedValue, day civil.Date) *DatedEntry { return v.at(day, p.InForce) }

// On is the number that the entry of the day gives for by, which is nil for a value without by; unknown where it gives none.
func (e *DatedEntry) On(name string, by *formula.Value, percent bool) *formula.Value {
	return e.value(name, by, percent)
}

// Bound is the tier's lower bound in the base unit of the field it depends on; percent says that this field is in %.
func (t Tier) Bound(percent bool) exact.Num {
	if t.bare && percent {
		b, _ := t.AtLeast.Quo(exact.Int(100))
		return b
	}
	return t.AtLeast
}

// Tree is the checked tree of an expression of the rule's item or of a condition of its policy; nil where it has none.
func (r *Rule) Tree(e Expression) *formula.Node {
	var found *formula.Program
	take := func(written Expression, p *formula.Program) {
		if e.node != nil && written.node == e.node && p != nil {
			found = p
		}
	}
	for _, d := range r.Item.Defines {
		for _, p := range r.defines {
			if p.name == d.Name {
				take(d.Expression, p.program)
			}
		}
	}
	take(r.Item.Amount, r.amount)
	take(r.Item.AtMost, r.atMost)
	take(r.Item.Cap.PerGrant, r.perGrant)
	take(r.Item.Cap.PerYear, r.perYear)
	take(r.Item.Cap.Total, r.total)
	var walk func(c *check)
	walk = func(c *check) {
		take(c.cond.Expression, c.program)
		for i, p := range c.points {
			take(c.cond.Score.Parts[i].Points, p)
		}
		for _, part := range c.parts {
			walk(part)
		}
	}
	for _, cs := range append([][]*check{r.checks}, r.payments...) {
		for _, c := range cs {
			walk(c)
		}
	}
	if found == nil {
		return nil
	}
	return found.Root
}

// Tree is the checked tree of a derived field; nil for a field that is delivered.
func (f *Field) Tree() *formula.Node {
	if f.derive == nil {
		return nil
	}
	return f.derive.Root
}
