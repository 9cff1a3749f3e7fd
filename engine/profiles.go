package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mianshen/engine/column"
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// FromProfiles makes a table of profiles, one row each in their order.
func FromProfiles(v *rules.Vocabulary, profiles []*rules.Profile) (*Table, error) {
	codes := make([]string, len(profiles))
	for i, p := range profiles {
		codes[i] = p.Enterprise
	}
	t := NewTable(v, codes)
	var tables [][]*formula.Record
	t.ReadRecords(func(_ *rules.Field, data string) ([]*formula.Record, error) {
		i, err := strconv.Atoi(data)
		if err != nil || i >= len(tables) {
			return nil, ErrColumn
		}
		return tables[i], nil
	})
	for _, f := range v.Fields {
		if f.Derived() {
			continue
		}
		b := column.NewBuilder(KindOf(f))
		for _, p := range profiles {
			fact := p.Fact(f)
			if err := b.From(column.Origin{Source: fact.Source, On: fact.On.Number(), Reason: fact.Reason}); err != nil {
				return nil, err
			}
			if f.Type == rules.TypeTable && fact.Value != nil {
				b.Text([]byte(strconv.Itoa(len(tables))))
				tables = append(tables, fact.Value.Rows())
				continue
			}
			if err := AddValue(b, f, fact.Value); err != nil {
				return nil, err
			}
		}
		if err := t.Put(f, b.Take(column.Origin{})); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// AddValue adds a fact of a field that isn't a table to the builder of its column; nil is missing.
func AddValue(b *column.Builder, f *rules.Field, v *formula.Value) error {
	if v == nil || !v.Known() {
		b.Missing()
		return nil
	}
	switch v.Kind() {
	case formula.Bool:
		b.Bool(v.True())
	case formula.Number:
		return addNumber(b, v.Num())
	case formula.Date:
		b.Day(v.Day().Number())
	case formula.String:
		b.Text([]byte(v.Text()))
	case formula.Set:
		b.Text([]byte(strings.Join(append(slices.Clone(v.Members()), ""), "\n")))
	default:
		return fmt.Errorf("%s: a %v isn't a column value: %w", f.ID, v, ErrColumn)
	}
	return nil
}

// addNumber adds a number as a decimal where it is one.
func addNumber(b *column.Builder, n exact.Num) error {
	scaled, err := n, error(nil)
	for scale := uint8(0); scale <= column.MaxScale && err == nil; scale++ {
		if i, whole := scaled.Int64(); whole && i <= maxInt && i >= -maxInt {
			b.Number(i, scale)
			return nil
		}
		scaled, err = scaled.Mul(exact.Int(10))
	}
	return b.Exact(n.Rat().String())
}
