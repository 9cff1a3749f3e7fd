package index

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
)

// section is one file of a txtar archive.
type section struct{ name, data string }

// sections reads a txtar archive: a comment, then "-- name --" lines with what belongs to each below.
func sections(t testing.TB, path string) []section {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []section
	for line := range strings.Lines(string(text)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		if name, end := strings.CutSuffix(name, " --"); ok && end {
			out = append(out, section{name: name})
			continue
		}
		if len(out) > 0 {
			out[len(out)-1].data += line
		}
	}
	return out
}

// corpus reads testdata/corpus.txtar.
func corpus(t testing.TB) []Document {
	t.Helper()
	var docs []Document
	for _, f := range sections(t, "testdata/corpus.txtar") {
		head, body, _ := strings.Cut(f.data, "\n\n")
		group, _, _ := strings.Cut(f.name, "/")
		d := Document{ID: f.name, Group: group, Body: strings.TrimSpace(body)}
		fields := map[string]*string{
			"title": &d.Title, "number": &d.Number, "department": &d.Department, "ref": &d.Ref, "mode": &d.Mode, "itemkind": &d.ItemKind, "field": &d.Field,
		}
		for line := range strings.Lines(head) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if key == "kind" {
				d.Kind = Kind(value)
				continue
			}
			if fields[key] == nil {
				t.Fatalf("corpus, %s: unknown head line %q", f.name, line)
			}
			*fields[key] = value
		}
		docs = append(docs, d)
	}
	return docs
}

// TestRelevance holds what testdata/queries.txtar says.
func TestRelevance(t *testing.T) {
	x := open2(t, corpus(t))
	asked := 0
	for _, f := range sections(t, "testdata/queries.txtar") {
		t.Run(f.name, func(t *testing.T) {
			for line := range strings.Lines(f.data) {
				if strings.TrimSpace(line) == "" {
					continue
				}
				text, want, ok := strings.Cut(strings.TrimSpace(line), "=>")
				if !ok {
					t.Fatalf("no => in %q", line)
				}
				asked++
				expectFirst(t, x, strings.TrimSpace(text), strings.Fields(want))
			}
		})
	}
	if asked < 40 {
		t.Errorf("only %d queries", asked)
	}
}

func expectFirst(t *testing.T, x *Index, text string, want []string) {
	t.Helper()
	r, err := x.Search(context.Background(), Query{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(groups(r)) // a weak hit has a ? behind it
	strong := slices.ContainsFunc(got, func(g string) bool { return !strings.HasSuffix(g, "?") })
	switch {
	case len(want) == 0 && strong:
		t.Errorf("%s: has no answer here, found %v", text, got)
	case len(want) > 0 && !slices.Equal(got[:min(len(got), len(want))], want):
		t.Errorf("%s: found %v, want %v first", text, got, want)
	}
}
