// Package vm decides pairs with expr's virtual machine, one run a pair, in Kleene's logic. expr knows no missing value, so a
// condition is written twice: where it is surely false, and where it is surely true, each guarded by what is known.
package vm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	exprvm "github.com/expr-lang/expr/vm"

	"mianshen/engine/bench/workload"
)

// Outcome is the answer for one pair.
type Outcome int

// The outcomes.
const (
	Ineligible Outcome = iota
	Eligible
	Unknown
)

// Machine holds the programs of all items, which read a map: that is faster here than a struct. Each goroutine has its own Run.
type Machine struct {
	programs []*exprvm.Program
	fields   []*workload.Field
}

// known is the name under which an expression asks whether a fact is known.
func known(f *workload.Field) string { return f.Name + "_known" }

// Compile compiles the items, whose amounts only have to be known.
func Compile(fields []*workload.Field, items []*workload.Item) (*Machine, error) {
	m := &Machine{fields: fields}
	env := map[string]any{}
	for _, f := range fields {
		env[known(f)] = false
		env[f.Name] = zero(f)
	}
	for _, it := range items {
		p, err := expr.Compile(m.source(it), expr.Env(env))
		if err != nil {
			return nil, fmt.Errorf("item %s: %w", it.ID, err)
		}
		m.programs = append(m.programs, p)
	}
	return m, nil
}

func zero(f *workload.Field) any {
	switch f.Kind {
	case workload.Enum:
		return ""
	case workload.Flag:
		return false
	case workload.Tags:
		return []string{}
	}
	return 0
}

// source is the whole item: 0 as soon as a condition is surely false, 1 when all are surely true, else 2.
func (m *Machine) source(it *workload.Item) string {
	all := &workload.Condition{Op: workload.And, Kids: it.Conditions}
	granted := m.surely(all, true)
	if it.Amount.Reads() {
		granted += " && " + known(m.fields[it.Amount.Field])
	}
	return fmt.Sprintf("%s ? 0 : (%s ? 1 : 2)", m.surely(all, false), granted)
}

// surely writes where a condition is known and has the wanted truth.
func (m *Machine) surely(c *workload.Condition, want bool) string {
	switch c.Op {
	case workload.Not:
		return m.surely(c.Kids[0], !want)
	case workload.And, workload.Or:
		parts := make([]string, len(c.Kids))
		for i, k := range c.Kids {
			parts[i] = "(" + m.surely(k, want) + ")"
		}
		if (c.Op == workload.And) == want {
			return strings.Join(parts, " && ")
		}
		return strings.Join(parts, " || ")
	}
	return known(m.fields[c.Field]) + " && " + m.leaf(c, want)
}

func (m *Machine) leaf(c *workload.Condition, want bool) string {
	f := m.fields[c.Field]
	not := map[bool]string{true: "", false: "not "}[want]
	switch c.Op {
	case workload.Is:
		return not + f.Name
	case workload.In:
		if len(c.Among) == 1 {
			return fmt.Sprintf("%s %s %q", f.Name, map[bool]string{true: "==", false: "!="}[want], f.Values[c.Among[0]])
		}
		return fmt.Sprintf("%s %sin %s", f.Name, not, f.List(c.Among))
	case workload.Has:
		if len(c.Among) == 1 {
			return fmt.Sprintf("%q %sin %s", f.Values[c.Among[0]], not, f.Name)
		}
		return fmt.Sprintf("%s(%s, # in %s)", map[bool]string{true: "any", false: "none"}[want], f.Name, f.List(c.Among))
	}
	op := c.Op
	if !want {
		op = [...]workload.Op{workload.Below, workload.AtMost, workload.Above, workload.AtLeast}[op]
	}
	return fmt.Sprintf("%s %s %d", f.Name, workload.Comparison(op), c.Bound)
}

// Run decides pairs, one after the other. It isn't safe for concurrent use.
type Run struct {
	m     *Machine
	views []*workload.View
	env   map[string]any
	vm    exprvm.VM
}

// NewRun starts deciding the rows of views.
func (m *Machine) NewRun(views []*workload.View) *Run {
	return &Run{m: m, views: views, env: map[string]any{}}
}

// Load takes the next row.
func (r *Run) Load(row int) {
	for _, v := range r.views {
		value, ok := v.At(row)
		r.env[known(v.Field)] = ok
		r.env[v.Field.Name] = boxed(v.Field, value)
	}
}

// boxed is a value as expr likes it best.
func boxed(f *workload.Field, value uint64) any {
	switch f.Kind {
	case workload.Enum:
		return f.Values[value]
	case workload.Flag:
		return value == 1
	case workload.Tags:
		held := []string{}
		for i, member := range f.Values {
			if value>>i&1 == 1 {
				held = append(held, member)
			}
		}
		return slices.Clip(held)
	}
	return int(value)
}

// Decide decides an item for the loaded row.
func (r *Run) Decide(item int) (Outcome, error) {
	out, err := r.vm.Run(r.m.programs[item], r.env)
	if err != nil {
		return Ineligible, fmt.Errorf("item %d: %w", item, err)
	}
	return Outcome(out.(int)), nil
}
