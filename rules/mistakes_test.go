package rules_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"mianshen/rules"
	"mianshen/rules/source"
)

var update = flag.Bool("update", false, "write what the mistakes say now into testdata/mistakes")

// TestMistakes holds the whole text of what authors are told about their mistakes: place, line, caret, hint. Each archive in
// testdata/mistakes has the files of a policy (or a vocabulary.yaml of its own) and what is said in the file "want".
func TestMistakes(t *testing.T) {
	names, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(names) < 25 {
		t.Fatalf("%d archives: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, want := map[string][]byte{}, ""
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				files[f.Name] = f.Data
			}
			got := said(t, files)
			if *update {
				rewrite(t, name, archive, got)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func rewrite(t *testing.T, name string, a *txtar.Archive, got string) {
	t.Helper()
	kept := a.Files[:0]
	for _, f := range a.Files {
		if f.Name != "want" {
			kept = append(kept, f)
		}
	}
	kept = append(kept, txtar.File{Name: "want", Data: []byte(got)})
	a.Files = kept
	if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// said reads and compiles the files and gives all mistakes as `check` prints them.
func said(t *testing.T, files map[string][]byte) string {
	t.Helper()
	v := randomVocabulary(t)
	var all source.Mistakes
	if own, ok := files["vocabulary.yaml"]; ok {
		read, ms := rules.ParseVocabulary("vocabulary.yaml", own)
		if all = append(all, ms...); read != nil {
			v = read
		}
		delete(files, "vocabulary.yaml")
	}
	if len(files) > 0 {
		p, ms := rules.ReadPolicyFiles(files, "示例")
		all = append(all, ms...)
		if p != nil {
			book, more := rules.Compile(v, []*rules.Policy{p})
			all = append(all, more...)
			all = append(all, caseMistakes(book, p)...)
		}
	}
	all.Sort()
	return all.Error() + "\n"
}

func caseMistakes(book *rules.Book, p *rules.Policy) source.Mistakes {
	var out source.Mistakes
	if book == nil || len(p.Cases) == 0 {
		return nil
	}
	for _, r := range book.RunCases(p) {
		if len(r.Problems) > 0 {
			out = append(out, r.Mistake())
		}
	}
	return out
}
