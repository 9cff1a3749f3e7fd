package rules_test

import (
	"maps"
	"os"
	"slices"
	"testing"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/rulestest"
	"mianshen/seeds"
)

// TestSeedsSurviveTheJudge reads every expression of the seed policies with the judge and decides every case of theirs both ways.
func TestSeedsSurviveTheJudge(t *testing.T) {
	v, book := seedBook(t)
	judge, err := rulestest.NewJudge(v, book.Policies)
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, p := range book.Policies {
		for _, res := range book.RunCases(p) {
			if res.Decision == nil {
				t.Errorf("%s: %v", res.Case.Name, res.Problems)
				continue
			}
			cases++
			facts, around := caseFacts(t, v, res.Case)
			got, want := rulestest.FromDecision(res.Decision), judge.Load(facts, around).Decide(res.Case.Item)
			if !got.Same(want) {
				t.Errorf("%s %s:\nrules %+v\njudge %+v", p.ID, res.Case.Name, got, want)
			}
		}
	}
	if t.Logf("%d cases", cases); cases < 300 {
		t.Errorf("%d cases: these can't be all", cases)
	}
}

// seedBook compiles the seed policies.
func seedBook(t testing.TB) (*rules.Vocabulary, *rules.Book) {
	t.Helper()
	v, ms := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if v == nil {
		t.Fatal(ms)
	}
	policies, ms := rules.ReadPolicies(seeds.Policies(), "seeds")
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	book, ms := rules.Compile(v, policies)
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	return v, book
}

const caseFirm = "91310118MA1JP7UB2B"

// caseFacts turns a case into facts for the judge; units in headers are taken out by the field itself.
func caseFacts(t *testing.T, v *rules.Vocabulary, c *rules.Case) (rulestest.Facts, rulestest.Around) {
	t.Helper()
	f := rulestest.Facts{Enterprise: caseFirm, Cells: map[string]string{}, Records: map[string][]rulestest.Record{}}
	own := func(field *rules.Field, text, unit string) string {
		x, err := field.Parse(text, unit)
		if err != nil {
			t.Fatal(err)
		}
		return field.Cell(x)
	}
	for header, text := range c.Facts {
		name, unit := rules.SplitHeader(header)
		field, _ := v.Field(name)
		f.Cells[field.Name] = own(field, text, unit)
	}
	for name, rows := range c.Records {
		if rows == nil {
			continue
		}
		table, _ := v.Field(name)
		f.Records[table.Name] = []rulestest.Record{}
		for i, r := range rows {
			row := rulestest.Record{Key: r[table.Key], Cells: map[string]string{}}
			if row.Key == "" {
				row.Key = "第" + string(rune('1'+i)) + "条"
			}
			for header, text := range r {
				column, unit := rules.SplitHeader(header)
				if field, ok := table.Column(column); ok {
					row.Cells[field.Name] = own(field, text, unit)
				}
			}
			f.Records[table.Name] = append(f.Records[table.Name], row)
		}
	}
	return f, caseAround(c)
}

func caseAround(c *rules.Case) rulestest.Around {
	a := rulestest.Around{AsOf: c.AsOf, Awards: slices.Clone(c.Awards)}
	if c.HasAwards() && a.Awards == nil {
		a.Awards = []rules.Award{}
	}
	for i := range a.Awards {
		if a.Awards[i].Enterprise == "" {
			a.Awards[i].Enterprise = caseFirm
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Findings)) {
		x := rules.PersonFinding{Enterprise: caseFirm, Item: c.Item, Condition: id}
		if yes, err := rules.ParseResult(c.Findings[id]); err == nil {
			x.Result = &yes
		} else if m, err := money(c.Findings[id]); err == nil {
			x.Amount = &m
		}
		a.Findings = append(a.Findings, x)
	}
	return a
}

func money(text string) (exact.Money, error) { return exact.ParseMoney(text) }

// TestSeedFirmsBothWays decides every seed item for made-up enterprises as departments deliver them, both ways, with and without a
// history: every seventh of the embedded ones, all of them with MIANSHEN_LONG=1.
func TestSeedFirmsBothWays(t *testing.T) {
	v, book := seedBook(t)
	judge, err := rulestest.NewJudge(v, book.Policies)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	step, pairs := 7, 0
	if os.Getenv("MIANSHEN_LONG") != "" {
		step = 1
	} else if underRace {
		step = 29
	}
	for i := 0; i < len(bundle.Profiles.Rows); i += step {
		facts := deliveredFacts(v, bundle, i)
		around := rulestest.Around{AsOf: day("2025-06-30")}
		if i%2 == 0 {
			around.Awards = []rules.Award{}
		}
		for n := range min(i%4, len(book.Rules)) {
			around.Awards = append(around.Awards, rules.Award{Enterprise: facts.Enterprise, Item: book.Rules[(i+17*n)%len(book.Rules)].Item.ID, Period: rules.Year.Of(around.AsOf, n), Amount: 1_000_000})
		}
		profile, err := facts.Profile(v)
		if err != nil {
			t.Fatal(err)
		}
		s, firm := book.NewSession(around.Circumstances()), judge.Load(facts, around)
		s.Load(profile)
		for _, r := range book.Rules {
			pairs++
			if got, want := rulestest.FromDecision(s.Decide(r)), firm.Decide(r.Item.ID); !got.Same(want) {
				t.Fatalf("%s of %s:\nrules %+v\njudge %+v", r.Item.ID, facts.Enterprise, got, want)
			}
		}
	}
	t.Logf("%d pairs", pairs)
}

// deliveredFacts takes one firm out of the bundle, records and all.
func deliveredFacts(v *rules.Vocabulary, b seeds.Bundle, i int) rulestest.Facts {
	row := b.Profiles.Rows[i]
	f := rulestest.Facts{Enterprise: row[0], Cells: map[string]string{}, Records: map[string][]rulestest.Record{}}
	for j, name := range b.Profiles.Header[1:] {
		field, ok := v.Field(name)
		if !ok {
			continue
		}
		if x, err := field.Parse(row[j+1], ""); err == nil {
			f.Cells[field.Name] = field.Cell(x)
		}
	}
	for _, t := range b.Records {
		for _, r := range t.Rows {
			if r[0] != row[0] {
				continue
			}
			if f.Records[t.Name] == nil {
				f.Records[t.Name] = []rulestest.Record{}
			}
			if r[1] == "" { // known to have none
				continue
			}
			record := rulestest.Record{Key: r[1], Cells: map[string]string{}}
			for j, name := range t.Header[2:] {
				record.Cells[name] = r[j+2]
			}
			f.Records[t.Name] = append(f.Records[t.Name], record)
		}
	}
	return f
}
