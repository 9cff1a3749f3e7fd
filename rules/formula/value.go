// Package formula is the language of conditions and amounts: expr-lang's grammar in Chinese names with the law's meaning.
// An expression is capped, parsed by expr, checked against declared names, types and units, turned into a small tree of our
// own (Node), and run as an expr program in which every operator is one of our three-valued functions, so that expr's
// machine never meets a missing fact by itself. It is the only package that knows expr.
package formula

import (
	"slices"
	"sort"
	"strings"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Kind is the kind of a value or type.
type Kind uint8

// The kinds of value. Number covers counts, measures, percentages and money (in 分).
const (
	Invalid Kind = iota
	Bool
	Number
	Date
	String
	Set
	TableKind
	rowsKind // the records that a loop or filter has kept
)

// Value is a three-valued value: known, or unknown with the reasons. Values are immutable and shared; the zero Value is
// unknown without a reason.
type Value struct {
	kind     Kind
	known    bool
	truth    bool
	date     civil.Date
	num      exact.Num
	text     string
	set      []string // Set: sorted, unique
	rows     []*Record
	possible []string // of an unknown String: all it can still be; nil when that isn't known
	why      *Why
}

// Record is one row of a table: its key and the values of the table's columns in their order.
type Record struct {
	Key     string
	Columns []*Value
}

// CauseKind says what keeps a value from being known.
type CauseKind uint8

// Causes of not knowing. Only Missing names a fact that somebody could supply.
const (
	Missing   CauseKind = iota // a base field or table.column without a usable value
	Fault                      // the rule met a division by zero, an overflow, a date outside the calendar
	NoHistory                  // earlier awards were not given
	Pending                    // a person has not yet recorded a finding
)

// Cause is one reason why a value is unknown. Name is the field (or table.column), the condition id for Pending; Text is a
// sentence part in Chinese such as 缺失, 已过期, 数据矛盾, 除数为零.
type Cause struct {
	Kind CauseKind
	Name string
	Text string
}

// Why joins causes; it is shared between values and may form a graph.
type Why struct {
	cause       Cause
	left, right *Why
}

// Causes lists each distinct cause once, sorted by kind, name and text.
func (v *Value) Causes() []Cause {
	if v.why == nil {
		return nil
	}
	set := map[Cause]bool{}
	collect(v.why, set, map[*Why]bool{})
	out := make([]Cause, 0, len(set))
	for c := range set {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Kind != b.Kind {
			return a.Kind < b.Kind
		}
		if a.Name != b.Name {
			return a.Name < b.Name
		}
		return a.Text < b.Text
	})
	return out
}

func collect(w *Why, set map[Cause]bool, seen map[*Why]bool) {
	for w != nil && !seen[w] {
		seen[w] = true
		if w.left == nil && w.right == nil {
			set[w.cause] = true
			return
		}
		collect(w.left, set, seen)
		w = w.right
	}
}

func both(a, b *Why) *Why {
	if a == nil || a == b {
		return b
	}
	if b == nil {
		return a
	}
	return &Why{left: a, right: b}
}

var (
	trueValue  = &Value{kind: Bool, known: true, truth: true}
	falseValue = &Value{kind: Bool, known: true}
)

// BoolOf returns the known truth value b.
func BoolOf(b bool) *Value {
	if b {
		return trueValue
	}
	return falseValue
}

// NumberOf returns a known number in its base unit: 分 for money, the plain ratio for percentages, else the field's unit.
func NumberOf(n exact.Num) *Value { return &Value{kind: Number, known: true, num: n} }

// DateOf returns a known day.
func DateOf(d civil.Date) *Value { return &Value{kind: Date, known: true, date: d} }

// TextOf returns a known text.
func TextOf(s string) *Value { return &Value{kind: String, known: true, text: s} }

// SetOf returns a known set; members are sorted and made unique. No members: the empty set, which is known.
func SetOf(members []string) *Value {
	m := slices.Clone(members)
	slices.Sort(m)
	return &Value{kind: Set, known: true, set: slices.Compact(m)}
}

// TableOf returns a known table.
func TableOf(rows []*Record) *Value { return &Value{kind: TableKind, known: true, rows: rows} }

// Unknown returns a value that isn't known for the cause.
func Unknown(c Cause) *Value { return &Value{why: &Why{cause: c}} }

// OneOf returns a text of which only the remaining possibilities are known; one possibility makes it known.
func OneOf(possible []string, causes ...Cause) *Value {
	if len(possible) == 1 {
		return TextOf(possible[0])
	}
	v := &Value{kind: String, possible: possible}
	for _, c := range causes {
		v.why = both(v.why, &Why{cause: c})
	}
	return v
}

func unknownFrom(vs ...*Value) *Value {
	var w *Why
	for _, v := range vs {
		if !v.known {
			w = both(w, v.why)
		}
	}
	return &Value{why: w}
}

// Known reports whether the value is known.
func (v *Value) Known() bool { return v.known }

// Kind returns the kind of a known value.
func (v *Value) Kind() Kind { return v.kind }

// True and False report a known truth value.
func (v *Value) True() bool { return v.known && v.truth }

// False reports a known false.
func (v *Value) False() bool { return v.known && v.kind == Bool && !v.truth }

// Num returns the number of a known Number.
func (v *Value) Num() exact.Num { return v.num }

// Day returns the day of a known Date.
func (v *Value) Day() civil.Date { return v.date }

// Text returns the text of a known String.
func (v *Value) Text() string { return v.text }

// Members returns the members of a known Set, sorted.
func (v *Value) Members() []string { return v.set }

// Rows returns the records of a known table.
func (v *Value) Rows() []*Record { return v.rows }

// Possible returns what an unknown text can still be, or nil.
func (v *Value) Possible() []string { return v.possible }

// Equal reports whether two known values are the same.
func (v *Value) Equal(o *Value) bool {
	if !v.known || !o.known || v.kind != o.kind {
		return false
	}
	switch v.kind {
	case Bool:
		return v.truth == o.truth
	case Number:
		return v.num.Cmp(o.num) == 0
	case Date:
		return v.date == o.date
	case String:
		return v.text == o.text
	case Set:
		return slices.Equal(v.set, o.set)
	}
	return false
}

// String is for logs and tests.
func (v *Value) String() string {
	if !v.known {
		return "unknown"
	}
	switch v.kind {
	case Bool:
		if v.truth {
			return "true"
		}
		return "false"
	case Number:
		return v.num.String()
	case Date:
		return v.date.String()
	case String:
		return v.text
	case Set:
		return strings.Join(v.set, ";")
	}
	return "table"
}

// Open returns an unknown value with the reasons of the operands that aren't known.
func Open(operands ...*Value) *Value { return unknownFrom(operands...) }

// Not is Kleene negation.
func Not(v *Value) *Value { return applyLogic(OpNot, []*Value{v}) }

// Every is Kleene conjunction: false as soon as one is false, true when all are; true of none.
func Every(vs []*Value) *Value { return quantify(vs, false, false) }

// Some is Kleene disjunction: true as soon as one is true, false when all are; false of none.
func Some(vs []*Value) *Value { return quantify(vs, true, true) }
