package seeds_test

import (
	"fmt"
	"io/fs"
	"testing"

	"mianshen/rules"
	"mianshen/rules/formula"
	"mianshen/seeds"
)

// TestDemoOutcomes decides every sample item for every embedded firm, as a
// plain match without history does, and prints what comes out, so that whoever
// changes policies or firms sees whether the demonstration still shows something.
func TestDemoOutcomes(t *testing.T) {
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if mistakes.Fatal() {
		t.Fatal(mistakes)
	}
	book := compileSeeds(t, v)
	session := book.NewSession(rules.Circumstances{AsOf: cutoff})
	count := map[string]map[rules.Outcome]int{}
	for _, p := range profiles(t, v) {
		session.Load(p)
		for _, r := range book.Rules {
			if count[r.Item.ID] == nil {
				count[r.Item.ID] = map[rules.Outcome]int{}
			}
			count[r.Item.ID][session.Decide(r).Outcome]++
		}
	}
	total := map[rules.Outcome]int{}
	for _, r := range book.Rules {
		c := count[r.Item.ID]
		t.Logf("%-28s eligible %4d, unknown %4d, ineligible %4d", r.Item.ID, c[rules.Eligible], c[rules.Unknown], c[rules.Ineligible])
		for outcome, n := range c {
			total[outcome] += n
		}
		if c[rules.Ineligible] == 0 || c[rules.Eligible]+c[rules.Unknown] == 0 {
			t.Errorf("%s decides all firms alike: %v", r.Item.ID, c)
		}
	}
	t.Logf("%d items: %v", len(book.Rules), total)
}

func compileSeeds(t *testing.T, v *rules.Vocabulary) *rules.Book {
	t.Helper()
	folders, err := fs.ReadDir(seeds.Policies(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var policies []*rules.Policy
	for _, folder := range folders {
		p, mistakes := rules.ReadPolicy(seeds.Policies(), folder.Name(), "policies")
		if mistakes.Fatal() {
			t.Fatal(mistakes)
		}
		policies = append(policies, p)
	}
	book, mistakes := rules.Compile(v, policies)
	if mistakes.Fatal() {
		t.Fatal(mistakes)
	}
	return book
}

// profiles reads the embedded firms with their records.
func profiles(t *testing.T, v *rules.Vocabulary) []*rules.Profile {
	t.Helper()
	b, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	var all []*rules.Profile
	byCode := map[string]*rules.Profile{}
	set := func(p *rules.Profile, f *rules.Field, value *formula.Value) {
		if err := p.Set(f, rules.Fact{Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range b.Profiles.Rows {
		p := rules.NewProfile(v, row[0])
		for i, name := range b.Profiles.Header[1:] {
			f := mustField(t, v, name)
			value, err := f.Parse(row[i+1], "")
			if err != nil {
				t.Fatal(err)
			}
			if value != nil {
				set(p, f, value)
			}
		}
		all, byCode[row[0]] = append(all, p), p
	}
	for _, table := range b.Records {
		f := mustField(t, v, table.Name)
		for code, records := range recordsOf(t, f, table) {
			set(byCode[code], f, formula.TableOf(records))
		}
	}
	return all
}

func mustField(t *testing.T, v *rules.Vocabulary, name string) *rules.Field {
	t.Helper()
	f, ok := v.Field(name)
	if !ok {
		t.Fatal(fmt.Errorf("no field %s", name))
	}
	return f
}

// recordsOf reads a table by firm; a firm with one empty row has none.
func recordsOf(t *testing.T, f *rules.Field, table seeds.Table) map[string][]*formula.Record {
	t.Helper()
	records := map[string][]*formula.Record{}
	for _, row := range table.Rows {
		if row[1] == "" {
			records[row[0]] = nil
			continue
		}
		var cells []*formula.Value
		for i, c := range f.Columns {
			value, err := c.Parse(row[i+2], "")
			if err != nil {
				t.Fatal(err)
			}
			cells = append(cells, value)
		}
		records[row[0]] = append(records[row[0]], f.NewRecord(row[1], cells))
	}
	return records
}
