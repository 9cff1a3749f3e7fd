package seeds_test

import (
	"testing"

	"mianshen/rules"
	"mianshen/seeds"
)

// TestRulesReadTheSeeds: the vocabulary compiles, derived fields included, and
// rules read every cell of the embedded enterprises.
func TestRulesReadTheSeeds(t *testing.T) {
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	derived := 0
	for _, f := range v.Fields {
		if f.Derived() {
			derived++
		}
	}
	if derived < 20 {
		t.Errorf("%d derived fields, want at least 20", derived)
	}
	b, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	parse(t, b.Profiles, 1, v.Field)
	for _, table := range b.Records {
		f, ok := v.Field(table.Name)
		if !ok || f.Type != rules.TypeTable {
			t.Fatalf("the vocabulary has no table %s", table.Name)
		}
		parse(t, table, 2, f.Column)
	}
}

// parse reads the cells of all columns from the first on.
func parse(t *testing.T, table seeds.Table, first int, field func(string) (*rules.Field, bool)) {
	t.Helper()
	for i, name := range table.Header[first:] {
		f, ok := field(name)
		if !ok || f.Derived() {
			t.Errorf("%s: column %s is not delivered", table.Name, name)
			continue
		}
		for _, row := range table.Rows {
			if _, err := f.Parse(row[first+i], ""); err != nil {
				t.Errorf("%s %s: %v", table.Name, row[0], err)
			}
		}
	}
}
