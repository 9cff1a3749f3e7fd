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
}

// Facets counts groups by value, the most frequent first, then by value. Each list takes no notice of the filter on its
// own field, so that a further value can be chosen beside the first. Documents without a value are not counted.
type Facets struct {
	Departments, ItemKinds, Modes, Fields []Count
}

// Count is one value of a facet.
type Count struct {
	Value string
	N     int // groups
}

// Dimensions of a filter that a document may miss; the first four are facets.
const (
	missedDepartment = 1 << iota
	missedItemKind
	missedMode
	missedField
	missedOther
	facetCount = 4
)

// check refuses what could only be a mistake of the caller.
func (f Filter) check() error {
	if f.On == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, f.On); err != nil {
		return fmt.Errorf("filter: day %q is not written YYYY-MM-DD", f.On)
	}
	return nil
}

// missed gives the dimensions in which r fails.
func (f *Filter) missed(r *row) (m int) {
	if !allows(f.Departments, r.Department) {
		m |= missedDepartment
	}
	if !allows(f.ItemKinds, r.ItemKind) {
		m |= missedItemKind
	}
	if !allows(f.Modes, r.Mode) {
		m |= missedMode
	}
	if !allows(f.Fields, r.Field) {
		m |= missedField
	}
	industry := f.Industry == "" || len(r.Industries) == 0 || slices.Contains(r.Industries, f.Industry)
	// ISO days compare as text.
	inForce := f.On == "" || (r.From == "" || r.From <= f.On) && (r.To == "" || f.On <= r.To)
	if !allows(f.Levels, r.Level) || !allows(f.Kinds, r.Kind) || !allows(f.Groups, r.Group) || !industry || !inForce {
		m |= missedOther
	}
	return m
}

// allows reports whether v is among the allowed values, or none are named.
func allows[T comparable](allowed []T, v T) bool {
	return len(allowed) == 0 || slices.Contains(allowed, v)
}

// tally counts groups by facet value.
type tally struct {
	x      *Index
	strong bool
	seen   [2][facetCount]map[facetEntry]struct{} // strong, weak
}

type facetEntry struct {
	value string
	group int32
}

func newTally(x *Index) *tally {
	t := &tally{x: x}
	for w := range t.seen {
		for i := range t.seen[w] {
			t.seen[w][i] = map[facetEntry]struct{}{}
		}
	}
	return t
}

// add counts row r, found with the given misses, for every facet whose own filter is the only one it misses.
func (t *tally) add(r int32, missed int, weak bool) {
	w := 0
	if weak {
		w = 1
	}
	t.strong = t.strong || !weak
	row := &t.x.rows[r]
	for i, v := range [facetCount]string{row.Department, row.ItemKind, row.Mode, row.Field} {
		if v != "" && missed&^(1<<i) == 0 {
			t.seen[w][i][facetEntry{v, t.x.groupOf[r]}] = struct{}{}
		}
	}
}

// facets gives the counts over the strong groups, or over the weak ones where no group at all is strong.
func (t *tally) facets() Facets {
	w := 0
	if !t.strong {
		w = 1
	}
	s := &t.seen[w]
	return Facets{Departments: counts(s[0]), ItemKinds: counts(s[1]), Modes: counts(s[2]), Fields: counts(s[3])}
}

func counts(seen map[facetEntry]struct{}) []Count {
	n := map[string]int{}
	for e := range seen {
		n[e.value]++
	}
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
