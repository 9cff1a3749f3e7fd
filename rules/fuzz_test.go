package rules_test

import (
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/rulestest"
	"mianshen/seeds"
)

// FuzzPolicy: no policy text makes reading, compiling or deciding panic, and no firm of which nothing is known is refused or
// granted anything by a condition on its facts that wasn't decided by the rule alone.
func FuzzPolicy(f *testing.F) {
	v := randomVocabulary(f)
	for i := range uint64(20) {
		p := rulestest.RandomPolicy(rand.New(rand.NewPCG(i, 7)), "p", 2)
		f.Add(string(p.Files["policy.yaml"]), string(p.Files["values.yaml"]))
	}
	names, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range names {
		a, err := txtar.ParseFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(a.Files[0].Data), "values: []")
	}
	for _, e := range hostileExpressions() {
		if len(e) < 2000 {
			f.Add(withCondition(e), "")
		}
	}
	f.Fuzz(func(t *testing.T, policy, values string) {
		p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(policy), "values.yaml": []byte(values)}, "fuzz")
		if _ = ms.Error(); p == nil || ms.Fatal() {
			return
		}
		book, ms := rules.Compile(v, []*rules.Policy{p})
		if _ = ms.Error(); book == nil {
			return
		}
		s := book.NewSession(rules.Circumstances{AsOf: civil.MustParse("2025-06-30"), History: rules.NewHistory(nil)})
		s.Load(rules.NewProfile(v, "91310118MA1JP7UB2B"))
		for _, r := range book.Rules {
			d := s.Decide(r)
			if d.Outcome == rules.Eligible && (len(d.Failed) > 0 || len(d.Manual) > 0) || d.Outcome != rules.Eligible && d.Amount != nil {
				t.Errorf("outcome %s with failed %v, manual %v, amount %v", d.Outcome, d.Failed, d.Manual, d.Amount)
			}
			s.Explain(r)
		}
	})
}

// FuzzVocabulary: no vocabulary makes reading panic, and one that is read can be filled and written again.
func FuzzVocabulary(f *testing.F) {
	f.Add(string(rulestest.Vocabulary()))
	f.Add(string(seeds.Vocabulary()))
	f.Add("fields:\n  - {name: 甲, id: a, type: bool, derive: not 乙}\n  - {name: 乙, id: b, type: bool}\n")
	f.Fuzz(func(t *testing.T, text string) {
		v, ms := rules.ParseVocabulary("vocabulary.yaml", []byte(text))
		if _ = ms.Error(); v == nil {
			return
		}
		for _, field := range v.Fields {
			for _, cell := range []string{"1", "是", "2025-06-30", "甲;乙", ";;", "5.5%"} {
				x, err := field.Parse(cell, "")
				if err != nil || x == nil {
					continue
				}
				back, err := field.Parse(field.Cell(x), "")
				if err != nil || !back.Equal(x) {
					t.Errorf("%s: %q is read as %v, written as %q, read again as %v (%v)", field.Name, cell, x, field.Cell(x), back, err)
				}
			}
		}
	})
}

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
