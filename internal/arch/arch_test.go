package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"mianshen/internal/arch/source"
)

// TestHouse holds the real tree against the real table.
func TestHouse(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := source.Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Packages) < 2 || len(tree.Texts) < 10 {
		t.Fatalf("read %d packages and %d texts: this cannot be the whole module", len(tree.Packages), len(tree.Texts))
	}
	for _, v := range Check(&House, tree) {
		t.Error(v)
	}
	t.Logf("%d packages; the largest of each kind:\n%s", len(tree.Packages), strings.Join(Largest(&House, tree, 5), "\n"))
}

// TestTable holds the table against itself.
func TestTable(t *testing.T) {
	for _, bad := range House.Sound() {
		t.Error(bad)
	}
}

// TestUnsoundTable proves that a table that contradicts the design is found.
func TestUnsoundTable(t *testing.T) {
	table := Table{
		Rooms: map[string]Room{
			"index":          {Imports: []string{"rules"}},
			"rules":          {Imports: []string{"engine"}},
			"engine":         {Imports: []string{"rules"}},
			"internal/store": {Imports: []string{"internal/web"}},
			"internal/web":   {Imports: []string{"index"}},
			"internal/utils": {Imports: []string{"nowhere"}},
		},
		Libraries: []Library{{Path: "example.org/x", Owners: []string{"attic"}}},
		Excused:   []Excuse{{Place: "rules", Kind: kindPackage, Ceiling: 2000}},
	}
	want := []string{
		"room engine: imports itself in a circle",
		"room index: imports what is not of index",
		"room internal/store: reaches index, and nothing about money may read the index",
		"room internal/utils: utils says nothing of what it gives",
		"room internal/utils: imports nowhere, which is no room",
		"room rules: imports itself in a circle",
		"library example.org/x: no reason",
		"library example.org/x: attic is no room",
		"excuse for rules: no reason",
	}
	if diff := cmp.Diff(want, table.Sound()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestViolations checks the real table against small trees that break it. Each archive in testdata is a tree with a
// file "want" that holds the whole report; an archive whose report is empty proves what is allowed.
func TestViolations(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			fsys, want := unpack(t, name)
			tree, err := source.Read(fsys)
			if err != nil {
				t.Fatal(err)
			}
			table := House
			table.Excused = nil
			var got strings.Builder
			for _, v := range Check(&table, tree) {
				got.WriteString(v.String() + "\n")
			}
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("%s (-want +got)\n%s", name, diff)
			}
		})
	}
}

// unpack turns an archive into a module and the report it expects. {{up}} stands for "..", which the archive may not
// spell out, since it is itself a text of this repository.
func unpack(t *testing.T, name string) (fs.FS, string) {
	t.Helper()
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{"go.mod": {Data: []byte("module mianshen\n\ngo 1.26.0\n")}}
	want, found := "", false
	for _, f := range ar.Files {
		text := strings.NewReplacer("{{up}}", "..", "{{root}}", "/"+"root").Replace(string(f.Data))
		if f.Name == "want" {
			want, found = text, true
			continue
		}
		tree[f.Name] = &fstest.MapFile{Data: []byte(text)}
	}
	if !found {
		t.Fatalf("%s has no file named want", name)
	}
	return tree, want
}

// TestBudgets proves each budget: one more than it is reported, an excuse with a high enough ceiling lets it pass, one
// with a low ceiling does not, and an excuse that nothing needs is reported itself.
func TestBudgets(t *testing.T) {
	src := "// Package rules is long.\npackage rules\n\nfunc long() {\n\tfor {\n\t\tif true {\n\t\t\tfor {\n\t\t\t\treturn\n\t\t\t}\n\t\t}\n\t}\n}\n\n" +
		"type wide interface {\n\tA()\n\tB()\n}\n"
	tree, err := source.Read(fstest.MapFS{"go.mod": {Data: []byte("module mianshen\n")}, "rules/a.go": {Data: []byte(src)}})
	if err != nil {
		t.Fatal(err)
	}
	exact := Budget{Function: 9, File: 17, Package: 17, Methods: 2, Nesting: 3}
	small := Budget{Function: 8, File: 16, Package: 16, Methods: 1, Nesting: 2}
	excuses := func(more int) []Excuse {
		return []Excuse{
			{"rules", kindPackage, 16 + more, "test"},
			{"rules/a.go", kindFile, 16 + more, "test"},
			{"rules/a.go:long", kindFunction, 8 + more, "test"},
			{"rules/a.go:long", kindNesting, 2 + more, "test"},
			{"rules/a.go:wide", kindMethods, 1 + more, "test"},
		}
	}
	for _, c := range []struct {
		name    string
		budget  Budget
		excused []Excuse
		want    int
	}{
		{"exactly used up", exact, nil, 0},
		{"one too many each", small, nil, 5},
		{"excused", small, excuses(1), 0},
		{"above the ceiling", small, excuses(0), 5},
		{"excuse not needed", exact, excuses(1), 5},
	} {
		table := Table{Rooms: map[string]Room{"rules": {}}, Code: c.budget, Excused: c.excused}
		if got := Check(&table, tree); len(got) != c.want {
			t.Errorf("%s: %d violations, want %d: %v", c.name, len(got), c.want, got)
		}
	}
}

// TestNoModule proves that a tree without go.mod, or with one that names nothing, is an error and not an empty success.
func TestNoModule(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{
		"none":    {"a.go": {Data: []byte("package a\n")}},
		"unnamed": {"go.mod": {Data: []byte("go 1.26.0\n")}},
	} {
		if tree, err := source.Read(fsys); err == nil {
			t.Errorf("%s: read %v without an error", name, tree.Packages)
		}
	}
}
