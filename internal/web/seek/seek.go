// Package seek holds what is asked of a search and how that stands in an address: leniently read, written in one form, so that
// two addresses of one search are the same text. It asks nobody.
package seek

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"mianshen/index"
	"mianshen/rules"
	"mianshen/rules/standard"
)

// Ask is a search. The zero Ask lists everything.
type Ask struct {
	Text        string
	Enterprise  string   // USCC; each hit then says what its items mean for it
	Departments []string // what it is narrowed to; several values of one kind mean any of them
	Kinds       []string // 补贴 ...
	Modes       []string // auto, confirm, apply
	Fields      []string
	States      []string // current, ended, coming, on the day of the search
	Amounts     []string // of index.AmountBands
	Industry    string   // a section letter of GB/T 4754
	Sort        string   // of Sorts
	Literal     bool     // look for exactly what was typed
	Plain       []string // words of the text that are no filters though they could be
	Offset      int
	Limit       int
}

// Sorts are the orders of hits: the best first, the last to come into force, the next to end, the greatest sum.
var Sorts = []string{"", string(index.SortNewest), string(index.SortEnding), string(index.SortAmount)}

// Caps on filters.
const (
	maxValues = 10 // of one filter
	maxValue  = 50 // runes of a value
)

// filter is a part of an address with several values.
type filter struct {
	name   string
	of     func(*Ask) *[]string
	lawful func(string) bool
}

var filters = []filter{
	{"department", func(a *Ask) *[]string { return &a.Departments }, short},
	{"kind", func(a *Ask) *[]string { return &a.Kinds }, short},
	{"mode", func(a *Ask) *[]string { return &a.Modes }, func(s string) bool { return rules.Mode(s).Label() != "" }},
	{"field", func(a *Ask) *[]string { return &a.Fields }, short},
	{"state", func(a *Ask) *[]string { return &a.States }, func(s string) bool { return slices.Contains(States, s) }},
	{"amount", func(a *Ask) *[]string { return &a.Amounts }, func(s string) bool { return slices.Contains(index.AmountBands, s) }},
	{"plain", func(a *Ask) *[]string { return &a.Plain }, short},
}

// States are those of a policy on a day, in the order in which they are shown.
var States = []string{index.StateCurrent, index.StateComing, index.StateEnded}

// short is a text that can be a value.
func short(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsRune(s, 0) && utf8.RuneCountInString(s) <= maxValue
}

// Read takes the filters, the order and how the text is read from the query of an address. What is too long, too much, or makes
// no sense is left out. in_force=true stands for state=current, as in older addresses.
func (a *Ask) Read(q url.Values) {
	for _, f := range filters {
		into := f.of(a)
		for _, value := range q[f.name] {
			if f.lawful(value) && len(*into) < maxValues && !slices.Contains(*into, value) {
				*into = append(*into, value)
			}
		}
	}
	if q.Get("in_force") == "true" && len(a.States) == 0 {
		a.States = []string{index.StateCurrent}
	}
	if section := q.Get("industry"); slices.Contains(standard.IndustryChildren(""), section) {
		a.Industry = section
	}
	if order := q.Get("sort"); slices.Contains(Sorts, order) {
		a.Sort = order
	}
	a.Literal = q.Get("literal") == "true"
}

// Filters is what Read reads, in one form: names and values sorted, nothing twice. Its Encode names a search beside its text.
func (a Ask) Filters() url.Values {
	q := url.Values{}
	for _, f := range filters {
		if values := slices.Sorted(slices.Values(*f.of(&a))); len(values) > 0 {
			q[f.name] = slices.Compact(values)
		}
	}
	if a.Industry != "" {
		q.Set("industry", a.Industry)
	}
	if a.Sort != "" {
		q.Set("sort", a.Sort)
	}
	if a.Literal {
		q.Set("literal", "true")
	}
	return q
}

// Narrowed tells whether any filter is chosen.
func (a Ask) Narrowed() bool {
	return len(a.Departments)+len(a.Kinds)+len(a.Modes)+len(a.Fields)+len(a.States)+len(a.Amounts) > 0 || a.Industry != ""
}

// Query is the search in the words of the index; today is the day by which policies are in force or have ended.
func (a Ask) Query(today string) index.Query {
	q := index.Query{
		Text: a.Text, Literal: a.Literal, Words: a.Plain, Today: today, Sort: index.Sort(a.Sort), Offset: a.Offset, Limit: a.Limit,
		Filter: index.Filter{
			Departments: a.Departments, ItemKinds: a.Kinds, Modes: a.Modes, Fields: a.Fields, Industry: a.Industry, States: a.States, Amounts: a.Amounts,
		},
	}
	if a.Text == "" && a.Sort == "" {
		q.Sort = index.SortNewest // where nothing is asked for, nothing fits better
	}
	if q.Sort == index.SortEnding && len(q.Filter.States) == 0 {
		q.Filter.States = []string{index.StateCurrent, index.StateComing} // what has ended doesn't end soon
	}
	return q
}
