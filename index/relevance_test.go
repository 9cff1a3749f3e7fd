package index_test

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"mianshen/index"
	"mianshen/index/judge"
)

var update = flag.Bool("update", false, "write the figures reached to testdata/figures.tsv")

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
	x.Patient()
	t.Cleanup(func() { _ = x.Close() })
	return x
}

// asked asks the questions of one of the relevance files.
func asked(t *testing.T, x *index.Index, file string) []judge.Answer {
	t.Helper()
	questions, err := judge.Questions(index.Relevance, file)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := judge.Ask(context.Background(), x, today, questions)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// TestRelevance holds the figures reached: none may become worse, and what has become better is to be written down.
func TestRelevance(t *testing.T) {
	x := corpus(t)
	files := []string{"testdata/queries.txtar", "testdata/sealed.txtar"}
	var reached []judge.Figures
	for _, file := range files {
		answers := asked(t, x, file)
		classes, all := judge.Sum(answers)
		for _, f := range append(classes, all) {
			f.Class = strings.TrimSuffix(strings.TrimPrefix(file, "testdata/"), ".txtar") + "/" + f.Class
			reached = append(reached, f)
		}
		if file == files[0] { // the others are not to be tuned to
			showWorst(t, answers)
		}
	}
	if *update {
		writeFigures(t, reached)
	}
	text, err := index.Relevance.ReadFile("testdata/figures.tsv")
	if err != nil {
		t.Fatal(err)
	}
	before, err := judge.ReadFigures(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != len(reached) && !*update {
		t.Errorf("%d figures in testdata/figures.tsv, want %d", len(before), len(reached))
	}
	for _, f := range reached {
		for _, worse := range f.Worse(before[f.Class]) {
			t.Error(worse)
		}
	}
}

func writeFigures(t *testing.T, reached []judge.Figures) {
	t.Helper()
	lines := []string{judge.Head}
	for _, f := range reached {
		lines = append(lines, f.Line())
	}
	if err := os.WriteFile("testdata/figures.tsv", []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// showWorst logs the questions that are answered worst.
func showWorst(t *testing.T, answers []judge.Answer) {
	t.Helper()
	for _, a := range judge.Worst(answers) {
		var got []string
		for _, h := range a.Hits[:min(len(a.Hits), 5)] {
			g := h.Group
			if h.Weak {
				g += "?"
			}
			got = append(got, g)
		}
		t.Logf("%.2f %s: %s, want %v, got %v", a.NDCG, a.Class, a.Text, a.Want, got)
	}
}

// TestQuestionsOfEachClass holds how many questions there are.
func TestQuestionsOfEachClass(t *testing.T) {
	n := map[string]int{}
	total := 0
	for _, file := range []string{"testdata/queries.txtar", "testdata/sealed.txtar"} {
		questions, err := judge.Questions(index.Relevance, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range questions {
			n[q.Class]++
			total++
		}
		if file == "testdata/sealed.txtar" && len(questions)*3 < total {
			t.Errorf("%d of %d questions are by someone who hadn't seen the code, want a third", len(questions), total)
		}
	}
	if total < 150 {
		t.Errorf("%d questions", total)
	}
	classes := []string{"colloquial", "abbreviation", "synonym", "typo", "pinyin", "traditional", "number", "amount", "long", "no-answer"}
	for _, c := range classes {
		if n[c] < 8 {
			t.Errorf("%d questions of class %s", n[c], c)
		}
	}
}
