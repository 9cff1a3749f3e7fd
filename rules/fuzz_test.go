package rules_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"mianshen/rules"
	"mianshen/rules/civil"
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
