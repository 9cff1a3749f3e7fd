package rulestest

import (
	"cmp"
	"slices"

	"mianshen/rules"
	"mianshen/rules/formula"
)

// tableValue reads the rows of a table through the door of rules, in the order of their keys.
func tableValue(f *rules.Field, records []Record) (*formula.Value, error) {
	var out []*formula.Record
	for _, r := range records {
		cells := make([]*formula.Value, len(f.Columns))
		for _, c := range f.Columns {
			v, err := c.Parse(r.Cells[c.Name], "")
			if err != nil {
				return nil, err
			}
			cells[c.Index] = v
		}
		out = append(out, f.NewRecord(r.Key, cells))
	}
	slices.SortStableFunc(out, func(a, b *formula.Record) int { return cmp.Compare(a.Key, b.Key) })
	return formula.TableOf(out), nil
}
