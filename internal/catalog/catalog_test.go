package catalog

import (
	"slices"
	"testing"

	"mianshen/index"
	"mianshen/rules"
	"mianshen/seeds"
)

func policies(t *testing.T) []*rules.Policy {
	t.Helper()
	all, mistakes := rules.ReadPolicies(seeds.Policies(), "policies")
	if law, _ := rules.WithoutCases(mistakes); law.Fatal() {
		t.Fatal(law)
	}
	return all
}

func TestEverythingCanBeFound(t *testing.T) {
	all := policies(t)
	docs := Documents(all)
	count := map[index.Kind]int{}
	ids := map[string]bool{}
	for _, d := range docs {
		count[d.Kind]++
		if ids[d.ID] {
			t.Errorf("id %s occurs twice", d.ID)
		}
		ids[d.ID] = true
		if d.Title == "" || d.Body == "" || d.Department == "" || d.From == "" {
			t.Errorf("%s lacks something: %+v", d.ID, d)
		}
	}
	want := map[index.Kind]int{}
	for _, p := range all {
		want[index.KindPolicy]++
		want[index.KindPlain]++
		want[index.KindItem] += len(p.Items)
		want[index.KindClause] += len(p.Clauses)
		want[index.KindQA] += len(p.QA)
		want[index.KindMedia] += len(p.Media)
	}
	for kind, n := range want {
		if count[kind] != n || n == 0 {
			t.Errorf("%s: %d documents, want %d", kind, count[kind], n)
		}
	}
}

func TestIndexTakesIt(t *testing.T) {
	x, err := index.NewTemp(t.Context(), Documents(policies(t)), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	res, err := x.Search(t.Context(), index.Query{Text: "稳岗返还"})
	if err != nil || len(res.Hits) == 0 || res.Hits[0].Group != "qp-rs-wengang" {
		t.Errorf("%+v %v", res.Hits, err)
	}
}

// TestMixedPolicies: what belongs to the policy as a whole says nothing that is only true of some of its items.
func TestMixedPolicies(t *testing.T) {
	p := &rules.Policy{ID: "p", Title: "办法", Issuer: "区经委", Clauses: []rules.Clause{{Ref: "第一条", Text: "甲"}}, Items: []*rules.Item{
		{ID: "a", Title: "甲事项", Mode: rules.Auto, Kind: "补贴", Field: "科技", Industries: []string{"C"}},
		{ID: "b", Title: "乙事项", Mode: rules.Apply, Kind: "补贴", Field: "就业", Industries: []string{"C", "I"}},
	}}
	for _, d := range Documents([]*rules.Policy{p}) {
		if d.Kind == index.KindItem {
			continue
		}
		if d.Mode != "" || d.Field != "" || d.ItemKind != "补贴" || !slices.Equal(d.Industries, []string{"C", "I"}) {
			t.Errorf("%s: %+v", d.ID, d)
		}
	}
	p.Items[1].Industries = nil
	if d := Documents([]*rules.Policy{p})[0]; d.Industries != nil {
		t.Errorf("one item is open to all industries, the policy isn't: %v", d.Industries)
	}
}
