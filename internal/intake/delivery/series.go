package delivery

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mianshen/internal/intake"
	"mianshen/internal/intake/delivery/cells"
	"mianshen/rules"
)

// seriesSlots lists what a file may hold: each series once, by its own name or that of a field that reads it, in the order of
// the vocabulary. Series of other departments are there to say whose they are.
func seriesSlots(v *rules.Vocabulary, source string) []intake.Slot {
	var slots []intake.Slot
	at := map[string]int{}
	for _, f := range v.Fields {
		name := SeriesOf(f)
		i, known := at[name]
		if !known {
			i = len(slots)
			at[name] = i
			slots = append(slots, intake.Slot{Name: name, Field: f, Headers: []string{name}})
		}
		if !mayDeliver(slots[i].Field, source) && mayDeliver(f, source) {
			slots[i].Field = f
		}
	}
	for _, f := range v.Fields {
		s := &slots[at[SeriesOf(f)]]
		for _, header := range []string{f.Name, f.ID} {
			if _, series := at[header]; !series {
				s.Headers = append(s.Headers, header)
			}
		}
	}
	for i := range slots {
		s := &slots[i]
		if s.Field.Derived() || mayDeliver(s.Field, source) {
			continue
		}
		s.Refused = fmt.Sprintf("%s 由%s提供，这一批是%s的数据", s.Name, s.Field.Source, source)
		s.Headers = slices.DeleteFunc(s.Headers, func(h string) bool { return h == cells.NameColumn })
	}
	return slots
}

// mayDeliver reports whether a department delivers a field. What nobody owns anybody may deliver.
func mayDeliver(f *rules.Field, source string) bool {
	return !f.Derived() && (f.Source == source || f.Source == "")
}

// tableOf returns the table whose records a file of a name holds, nil for one row an enterprise.
func (r *reader) tableOf(file string) *rules.Field {
	name := r.meta.Table
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	if f, ok := r.vocabulary.Field(name); ok && f.Type == rules.TypeTable {
		return f
	}
	return nil
}

// same notes whose rows the current file holds: a table's records, or "" for enterprises. All files of a delivery hold the same.
func (r *reader) same(table string) bool {
	if len(r.report.Files) == 1 {
		r.report.Table = table
	}
	if r.report.Table == table {
		return true
	}
	r.reject(intake.Problem{File: r.current().Name, Message: "企业的指标和表的记录不能放在同一批数据里，请分成两批"})
	return false
}

// tableUnder returns the one table whose key is among the headers, nil for none or several.
func (r *reader) tableUnder(headers []string) *rules.Field {
	var found *rules.Field
	for _, f := range r.vocabulary.Tables() {
		if !slices.Contains(headers, f.Key) || !mayDeliver(f, r.meta.Source) {
			continue
		}
		if found != nil {
			return nil
		}
		found = f
	}
	if found == nil || slices.ContainsFunc(r.slots, func(s intake.Slot) bool { return slices.Contains(s.Headers, found.Key) }) {
		return nil
	}
	return found
}
