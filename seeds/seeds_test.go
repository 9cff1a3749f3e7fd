package seeds_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mianshen/rules/source"
	"mianshen/rules/standard"
	"mianshen/seeds"
)

// maxEmbedded is what the embedded enterprises may weigh in the binary.
const maxEmbedded = 2 << 20

// TestEmbeddedIsGenerated makes the embedded firms again. Texts are compared
// unpacked, because another Go release may compress otherwise; the packed bytes are compared between two runs.
func TestEmbeddedIsGenerated(t *testing.T) {
	fresh := seeds.Generate(seeds.Size, seeds.Seed)
	embedded, err := seeds.Enterprises()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(embedded, fresh) { // cmp.Diff alone takes seconds for half a million cells
		t.Fatalf("the embedded enterprises are stale, run go run ./seeds/gen (-embedded +generated):\n%.3000s", cmp.Diff(embedded, fresh))
	}
	first, err := seeds.Pack(fresh)
	if err != nil {
		t.Fatal(err)
	}
	second, err := seeds.Pack(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(first, second, bytes.Equal) {
		t.Fatal("packing the same enterprises twice gives different bytes")
	}
	total := 0
	for name, packed := range first {
		total += len(packed)
		sameText(t, filepath.Join("data", name), packed)
	}
	t.Logf("%d files, %d bytes packed", len(first), total)
	if total > maxEmbedded {
		t.Errorf("the embedded enterprises weigh %d bytes, more than %d", total, maxEmbedded)
	}
}

// sameText compares a committed file with a freshly packed one, and looks at the header's time and name.
func sameText(t *testing.T, path string, packed []byte) {
	t.Helper()
	committed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, got := unzip(t, committed), unzip(t, packed)
	if !bytes.Equal(want, got) {
		t.Errorf("%s: committed text of %d bytes, generated %d", path, len(want), len(got))
	}
}

func unzip(t *testing.T, packed []byte) []byte {
	t.Helper()
	in, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if !in.ModTime.IsZero() || in.Name != "" {
		t.Errorf("gzip header has time %v and name %q", in.ModTime, in.Name)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestFirmsDependOnSeedAndNumberOnly(t *testing.T) {
	long := seeds.Generate(300, 7)
	short := seeds.Generate(40, 7)
	if diff := cmp.Diff(long.Profiles.Rows[:40], short.Profiles.Rows); diff != "" {
		t.Errorf("the first 40 firms change with the number of firms:\n%.2000s", diff)
	}
	other := seeds.Generate(40, 8)
	same := 0
	for i := range 40 {
		if slices.Equal(other.Profiles.Rows[i][2:], short.Profiles.Rows[i][2:]) {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d of 40 firms are the same under another seed", same)
	}
	if n := len(seeds.Generate(-1, 7).Profiles.Rows); n != 0 {
		t.Errorf("-1 firms: got %d", n)
	}
}

func TestCreditCodes(t *testing.T) {
	const n = 10_000
	seen := make(map[string]bool, n)
	for row := range seeds.Firms(n, 3) {
		code := row.Cells[0]
		if parsed, err := standard.ParseUSCC(code); err != nil || parsed != code {
			t.Fatalf("credit code %s: parsed %q, %v", code, parsed, err)
		}
		if code[8:10] != "XN" {
			t.Fatalf("credit code %s is not of the series that nobody issues", code)
		}
		if seen[code] {
			t.Fatalf("credit code %s twice", code)
		}
		seen[code] = true
	}
}

func TestExport(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "new", "demo"), t.TempDir()
	for _, dir := range []string{first, second} {
		if err := seeds.Export(dir); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(tree(t, first), tree(t, second)); diff != "" {
		t.Errorf("two exports differ:\n%.2000s", diff)
	}
	files := tree(t, first)
	if files["vocabulary.yaml"] != string(seeds.Vocabulary()) {
		t.Error("vocabulary.yaml is not the embedded one")
	}
	for _, name := range []string{"profiles.csv", "records/租赁合同.csv", "records/新招用人员.csv", "awards.csv", "findings.csv"} {
		lines := strings.Count(files[name], "\n")
		t.Logf("%s: %d bytes, %d lines", name, len(files[name]), lines)
		if !strings.HasPrefix(files[name], "统一社会信用代码,") || lines < 2 {
			t.Errorf("%s: header or rows are missing: %.80q", name, files[name])
		}
	}
	err := fs.WalkDir(seeds.Policies(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		want, err := fs.ReadFile(seeds.Policies(), name)
		if files["policies/"+name] != string(want) {
			t.Errorf("policies/%s is not the embedded one", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestExportRefusesFolderInUse(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "profiles.csv")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := seeds.Export(dir)
	if !errors.Is(err, seeds.ErrNotEmpty) {
		t.Fatalf("export into a folder in use: %v", err)
	}
	if want := dir + "：目标文件夹不是空的，不覆盖其中的文件，请换一个文件夹"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if diff := cmp.Diff(map[string]string{"profiles.csv": "mine"}, tree(t, dir)); diff != "" {
		t.Errorf("the folder was changed:\n%s", diff)
	}
	if err := seeds.Export(mine); err == nil {
		t.Error("export onto a file succeeds")
	}
}

// TestSamplesNameItems holds awards and findings to items and firms that exist.
func TestSamplesNameItems(t *testing.T) {
	dir := t.TempDir()
	if err := seeds.Export(dir); err != nil {
		t.Fatal(err)
	}
	files := tree(t, dir)
	ids := map[string]bool{}
	for name, text := range files {
		if !strings.HasSuffix(name, "policy.yaml") {
			continue
		}
		for _, line := range strings.Split(text, "\n") {
			if id, ok := strings.CutPrefix(line, "  - id: "); ok {
				ids[strings.TrimSpace(id)] = true
			}
		}
	}
	for _, name := range []string{"awards.csv", "findings.csv"} {
		for i, line := range strings.Split(strings.TrimSpace(files[name]), "\n")[1:] {
			cells := strings.Split(line, ",")
			if len(cells) != 6 || !ids[cells[1]] || !strings.Contains(files["profiles.csv"], cells[0]) {
				t.Errorf("%s:%d: %s", name, i+2, line)
			}
		}
	}
}

// tree reads every file under dir by its slash-separated name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestVocabularyIsACopy(t *testing.T) {
	text := seeds.Vocabulary()
	text[0] = 'X'
	if seeds.Vocabulary()[0] == 'X' {
		t.Error("changing the returned vocabulary changes the embedded one")
	}
	if _, mistakes := source.Parse("vocabulary.yaml", seeds.Vocabulary()); len(mistakes) > 0 {
		t.Error(mistakes)
	}
}
