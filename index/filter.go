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

// tally counts groups by facet value.
type tally struct {
	x      *Index
	today  string
	strong bool
	seen   [2][facetCount]map[facetEntry]struct{} // strong, weak
}

type facetEntry struct {
	value string
	group int32
}

func newTally(x *Index, today string) *tally {
	t := &tally{x: x, today: today}
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
	state := ""
	if t.today != "" {
		state = row.stateOn(t.today)
	}
	note := func(dimension int, value string) {
		if value != "" && missed&^(1<<dimension) == 0 {
			t.seen[w][dimension][facetEntry{value, t.x.groupOf[r]}] = struct{}{}
		}
	}
	note(dimDepartment, row.Department)
	note(dimItemKind, row.ItemKind)
	note(dimMode, row.Mode)
	note(dimField, row.Field)
	note(dimAmount, bandOf(row.Amount))
	note(dimState, state)
	for _, letter := range row.Industries {
		note(dimIndustry, letter)
	}
}

// facets gives the counts over the strong groups, or over the weak ones where no group at all is strong.
func (t *tally) facets() Facets {
	w := 0
	if !t.strong {
		w = 1
	}
	s := &t.seen[w]
	return Facets{
		Departments: counts(s[dimDepartment]), ItemKinds: counts(s[dimItemKind]), Modes: counts(s[dimMode]), Fields: counts(s[dimField]),
		Industries: counts(s[dimIndustry]), Amounts: counts(s[dimAmount]), States: counts(s[dimState]),
	}
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
