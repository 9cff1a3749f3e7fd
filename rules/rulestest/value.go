// Package rulestest is the judge of the rules: a second, slower evaluator that was written from the contract of the language and
// the policy files alone, and a generator of random policies and enterprises to hold the two against each other. It walks
// expr's own tree with big.Rat numbers and shares with rules only what reads the files (vocabulary, policies) and the tables of
// national standards. Tests of rules and of engine use it; nothing of the product does.
//
// The judge knows money in 分, percentages as plain ratios, days as a count. A value that isn't known carries the base fields and
// the conditions for a person on which it still waits.
package rulestest

import (
	"maps"
	"math/big"
	"slices"
)

// kind is the kind of a value.
type kind uint8

const (
	kindBool kind = iota
	kindNumber
	kindDate
	kindText
	kindSet
	kindTable
)

// flavour tells numbers without a dimension apart.
type flavour uint8

const (
	bare flavour = iota
	ratio
	percent
)

// unit is a unit of measure: dimensions with exponents, or a flavour if there are none.
type unit struct {
	flavour flavour
	dims    map[string]int
}

const money = "元"

func of(name string) unit { return unit{dims: map[string]int{name: 1}} }

func (u unit) plain() bool { return len(u.dims) == 0 }

// settled leaves out the counts that money was multiplied with: where units meet, 人 · 元 is 元.
func (u unit) settled() unit {
	if u.dims[money] != 1 {
		return u
	}
	dims := maps.Clone(u.dims)
	maps.DeleteFunc(dims, func(n string, e int) bool { return n != money && e > 0 })
	return unit{dims: dims}
}

func (u unit) same(o unit) bool {
	return maps.Equal(u.settled().dims, o.settled().dims) && (!u.plain() || u.flavour == o.flavour)
}

// combine adds sign times the exponents of o.
func (u unit) combine(o unit, sign int) map[string]int {
	out := map[string]int{}
	for n, e := range u.dims {
		out[n] += e
	}
	for n, e := range o.dims {
		out[n] += sign * e
	}
	maps.DeleteFunc(out, func(_ string, e int) bool { return e == 0 })
	return out
}

// times is the unit of a product.
func (u unit) times(o unit) unit {
	if u.plain() && o.plain() {
		switch {
		case u.flavour == bare:
			return o
		case o.flavour == bare:
			return u
		}
		return unit{flavour: ratio}
	}
	dims := u.combine(o, 1)
	if len(dims) == 0 {
		return unit{flavour: ratio}
	}
	return unit{dims: dims}
}

// per is the unit of a quotient; equal units give the plain ratio.
func (u unit) per(o unit) unit {
	if o.plain() {
		switch {
		case !u.plain():
			return u
		case o.flavour == bare && u.flavour == percent:
			return u
		}
		return unit{flavour: ratio}
	}
	dims := u.combine(o, -1)
	if len(dims) == 0 {
		return unit{flavour: ratio}
	}
	return unit{dims: dims}
}

// join brings two units together: a bare number beside a percentage means percentage points, beside a count that count.
func join(a, b unit) unit {
	switch {
	case a.same(b):
		return a.settled()
	case a.plain() && b.plain():
		if a.flavour == bare && b.flavour == percent || a.flavour == percent && b.flavour == bare {
			return unit{flavour: percent}
		}
		return unit{flavour: ratio}
	case a.plain() && a.flavour == bare && b.dims[money] == 0:
		return b
	case b.plain() && b.flavour == bare && a.dims[money] == 0:
		return a
	}
	panic(mistake("units don't fit"))
}

// mistake is an expression the judge can't read; the door of rules should have refused it.
type mistake string

func (m mistake) Error() string { return string(m) }

// waits are the reasons why a value isn't known: fields that are missing, conditions for a person.
type waits struct {
	missing []string
	manual  []string
}

func (w *waits) join(o *waits) *waits {
	switch {
	case w == nil || w == o:
		return o
	case o == nil:
		return w
	}
	return &waits{missing: slices.Concat(w.missing, o.missing), manual: slices.Concat(w.manual, o.manual)}
}

func sorted(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }

// row is one record of a table.
type row struct {
	key   string
	cells map[string]value
}

// value is a value of three-valued logic.
type value struct {
	kind     kind
	known    bool
	truth    bool
	num      *big.Rat
	day      int // days since 1970-01-01
	text     string
	set      []string
	rows     []*row
	possible []string // of an unknown size class: all it can still be
	waits    *waits
}

func truth(b bool) value        { return value{kind: kindBool, known: true, truth: b} }
func number(r *big.Rat) value   { return value{kind: kindNumber, known: true, num: r} }
func whole(n int64) value       { return number(new(big.Rat).SetInt64(n)) }
func text(s string) value       { return value{kind: kindText, known: true, text: s} }
func date(day int) value        { return value{kind: kindDate, known: true, day: day} }
func lacking(name string) value { return value{waits: &waits{missing: []string{name}}} }

// failing is unknown without anything that could be supplied: overflow, division by zero, no history.
func failing() value { return value{} }

// open is unknown for the reasons of those that aren't known.
func open(vs ...value) value {
	var w *waits
	for _, v := range vs {
		if !v.known {
			w = w.join(v.waits)
		}
	}
	return value{waits: w}
}

func allKnown(vs []value) bool {
	return !slices.ContainsFunc(vs, func(v value) bool { return !v.known })
}

func (v value) equal(o value) bool {
	if v.kind != o.kind {
		return false
	}
	switch v.kind {
	case kindBool:
		return v.truth == o.truth
	case kindNumber:
		return v.num.Cmp(o.num) == 0
	case kindDate:
		return v.day == o.day
	case kindText:
		return v.text == o.text
	case kindSet:
		return slices.Equal(v.set, o.set)
	}
	return false
}

func not(v value) value {
	if !v.known {
		return open(v)
	}
	return truth(!v.truth)
}

// every is true if all are, false as soon as one is.
func every(vs []value) value {
	for _, v := range vs {
		if v.known && !v.truth {
			return truth(false)
		}
	}
	if !allKnown(vs) {
		return open(vs...)
	}
	return truth(true)
}

// some is true as soon as one is, false if all are.
func some(vs []value) value {
	flipped := make([]value, len(vs))
	for i, v := range vs {
		flipped[i] = not(v)
	}
	return not(every(flipped))
}
