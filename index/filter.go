package index

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Filter narrows a search. Several values of one field mean any of them; several fields must all fit; what is empty
// doesn't narrow.
type Filter struct {
	Departments []string
	Levels      []string
	Kinds       []Kind
	Modes       []string
	ItemKinds   []string
	Fields      []string
	Groups      []string // search within these policies
	Industry    string   // a section letter, A to T: documents for it or for all industries
	On          string   // a day, 2025-06-30: documents in force on it
	States      []string // current, ended, coming, as of Query.Today
	Amounts     []string // of AmountBands
}

// Facets counts groups by value, the most frequent first, then by value. Each list takes no notice of the filter on its
// own field, so that a further value can be chosen beside the first. Documents without a value are not counted.
type Facets struct {
	Departments, ItemKinds, Modes, Fields []Count
	Industries                            []Count // section letters
	Amounts                               []Count // of [AmountBands]
	States                                []Count // of StateCurrent, StateEnded, StateComing; only when Query.Today is given
}

// Count is one value of a facet.
type Count struct {
	Value string
	N     int // groups
}

// AmountBands are the bands in which the greatest sum that a document names may lie: from the lower number of 万元 to below
// the upper one.
var AmountBands = []string{"0-10", "10-50", "50-100", "100-500", "500-"}

// bandOf gives the band of a sum in yuan; "" for none.
func bandOf(yuan int64) string {
	const wan = 10_000
	switch {
	case yuan <= 0:
		return ""
	case yuan < 10*wan:
		return AmountBands[0]
	case yuan < 50*wan:
		return AmountBands[1]
	case yuan < 100*wan:
		return AmountBands[2]
	case yuan < 500*wan:
		return AmountBands[3]
	}
	return AmountBands[4]
}

// Dimensions of a filter that a document may miss; all but the last are facets.
const (
	dimDepartment = iota
	dimItemKind
	dimMode
	dimField
	dimIndustry
	dimAmount
	dimState
	facetCount
	missedOther = 1 << facetCount
)

// check refuses what could only be a mistake of the caller.
func (f Filter) check(today string) error {
	for _, day := range []string{f.On, today} {
		if day == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return fmt.Errorf("filter: day %q is not written YYYY-MM-DD", day)
		}
	}
	return nil
}

// stateOn gives the state of r on a day. ISO days compare as text.
func (r *row) stateOn(day string) string {
	switch {
	case r.To != "" && r.To < day:
		return StateEnded
	case r.From != "" && r.From > day:
		return StateComing
	}
	return StateCurrent
}

// missed gives the dimensions in which r fails, a bit each.
func (f *Filter) missed(r *row, today string) (m int) {
	miss := func(dimension int, fits bool) {
		if !fits {
			m |= 1 << dimension
		}
	}
	miss(dimDepartment, allows(f.Departments, r.Department))
	miss(dimItemKind, allows(f.ItemKinds, r.ItemKind))
	miss(dimMode, allows(f.Modes, r.Mode))
	miss(dimField, allows(f.Fields, r.Field))
	miss(dimIndustry, f.Industry == "" || len(r.Industries) == 0 || slices.Contains(r.Industries, f.Industry))
	miss(dimAmount, allows(f.Amounts, bandOf(r.Amount)))
	miss(dimState, today == "" || len(f.States) == 0 || slices.Contains(f.States, r.stateOn(today)))
	inForce := f.On == "" || r.stateOn(f.On) == StateCurrent
	if !allows(f.Levels, r.Level) || !allows(f.Kinds, r.Kind) || !allows(f.Groups, r.Group) || !inForce {
		m |= missedOther
	}
	return m
}

// allows reports whether v is among the allowed values, or none are named.
func allows[T comparable](allowed []T, v T) bool {
	return len(allowed) == 0 || slices.Contains(allowed, v)
}

// empty reports whether f narrows nothing.
func (f *Filter) empty() bool {
	return len(f.Departments)+len(f.Levels)+len(f.Kinds)+len(f.Modes)+len(f.ItemKinds)+len(f.Fields)+len(f.Groups)+len(f.States)+len(f.Amounts) == 0 &&
		f.Industry == "" && f.On == ""
}

// facets counts the groups that are not weak, or all when there are only weak ones. A group counts for a value when a row of
// it has the value and misses no other part of the filter.
func (x *Index) facets(s *scratch, q Query, weak bool) Facets {
	t := tally{x: x, s: s, q: q, weak: weak}
	for i := range t.counts {
		t.counts[i] = map[string]int{}
	}
	for i := range s.groups {
		t.add(&s.groups[i])
	}
	c := &t.counts
	return Facets{
		Departments: counts(c[dimDepartment]), ItemKinds: counts(c[dimItemKind]), Modes: counts(c[dimMode]), Fields: counts(c[dimField]),
		Industries: counts(c[dimIndustry]), Amounts: counts(c[dimAmount]), States: counts(c[dimState]),
	}
}

// tally counts groups by facet value.
type tally struct {
	x      *Index
	s      *scratch
	q      Query
	weak   bool
	counts [facetCount]map[string]int
	seen   []facetEntry // of the group in work
}

type facetEntry struct {
	dimension int
	value     string
}

// add counts one group.
func (t *tally) add(g *group) {
	t.seen = t.seen[:0]
	for at := g.first; at != 0; at = t.s.found[at-1].next {
		f := &t.s.found[at-1]
		if f.weak() && !t.weak {
			continue
		}
		row := &t.x.rows[f.row]
		t.note(dimDepartment, row.Department, f.missed)
		t.note(dimItemKind, row.ItemKind, f.missed)
		t.note(dimMode, row.Mode, f.missed)
		t.note(dimField, row.Field, f.missed)
		t.note(dimAmount, bandOf(row.Amount), f.missed)
		if t.q.Today != "" {
			t.note(dimState, row.stateOn(t.q.Today), f.missed)
		}
		for _, letter := range row.Industries {
			t.note(dimIndustry, letter, f.missed)
		}
	}
}

// note counts a value once a group.
func (t *tally) note(dimension int, value string, missed int32) {
	entry := facetEntry{dimension, value}
	if value == "" || missed&^(1<<dimension) != 0 || slices.Contains(t.seen, entry) {
		return
	}
	t.seen = append(t.seen, entry)
	t.counts[dimension][value]++
}

func counts(n map[string]int) []Count {
	out := make([]Count, 0, len(n))
	for v, k := range n {
		out = append(out, Count{v, k})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// inverseFrequency is BM25's weight of a term that df of n documents hold; never negative.
func inverseFrequency(n, df float64) float64 { return math.Log1p((n - df + 0.5) / (df + 0.5)) }
