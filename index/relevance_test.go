package index_test

import (
	"context"
	"testing"

	"mianshen/index"
	"mianshen/index/judge"
)

// today is the day of the relevance files.
const today = "2026-11-26"

// corpus gives the documents of the relevance files, indexed.
func corpus(t *testing.T) *index.Index {
	t.Helper()
	docs, err := judge.Corpus(index.Relevance, "testdata/corpus.txtar")
	if err != nil {
		t.Fatal(err)
	}
	x, err := index.NewTemp(context.Background(), docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}

// TestRelevance holds the figures reached so far.
func TestRelevance(t *testing.T) {
	questions, err := judge.Questions(index.Relevance, "testdata/queries.txtar")
	if err != nil {
		t.Fatal(err)
	}
	answers, err := judge.Ask(context.Background(), corpus(t), today, questions)
	if err != nil {
		t.Fatal(err)
	}
	classes, all := judge.Sum(answers)
	for _, f := range append(classes, all) {
		t.Logf("%+v", f)
	}
	for _, a := range judge.Worst(answers) {
		var got []string
		for _, h := range a.Hits[:min(len(a.Hits), 5)] {
			g := h.Group
			if h.Weak {
				g += "?"
			}
			got = append(got, g)
		}
		t.Logf("%.2f %s: %s want %v got %v", a.NDCG, a.Class, a.Text, a.Want, got)
	}
}
