package index_test

import (
	"context"
	"slices"
	"testing"

	"mianshen/index"
	"mianshen/index/judge"
	"mianshen/index/lexicon"
)

// TestEverySynonymEarnsItsPlace asks for each group of synonyms the question that goes with it: with the group the document
// is among the first three, since a few official words stand in several; without it, it is not, or it is marked weak.
func TestEverySynonymEarnsItsPlace(t *testing.T) {
	lessons, err := judge.Lessons(index.Relevance, "testdata/synonyms.txtar")
	if err != nil {
		t.Fatal(err)
	}
	lex, err := lexicon.Default()
	if err != nil {
		t.Fatal(err)
	}
	groups := lex.Groups()
	if len(groups) != len(lessons) || len(groups) < 300 {
		t.Fatalf("%d groups of synonyms, %d questions for them", len(groups), len(lessons))
	}
	docs := make([]index.Document, 0, len(lessons))
	for _, l := range lessons {
		docs = append(docs, l.Document)
	}
	x, err := index.NewTemp(context.Background(), docs, lex)
	if err != nil {
		t.Fatal(err)
	}
	x.Patient()
	defer func() { _ = x.Close() }()
	for i, l := range lessons {
		x.SetLexicon(lex)
		if got := first(t, x, l.Question); !slices.Contains(got, l.Word) {
			t.Errorf("line %d, %s: %q gives %s", groups[i].Line, l.Word, l.Question, got)
		}
		x.SetLexicon(lex.Without(i))
		if slices.Contains(first(t, x, l.Question), l.Word) {
			t.Errorf("line %d, %s: %q is answered without it", groups[i].Line, l.Word, l.Question)
		}
	}
}

// first gives the groups of the first three hits that are not weak.
func first(t *testing.T, x *index.Index, text string) []string {
	t.Helper()
	res, err := x.Search(context.Background(), index.Query{Text: text, Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, h := range res.Hits {
		if !h.Weak {
			out = append(out, h.Group)
		}
	}
	return out
}
