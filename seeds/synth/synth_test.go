package synth

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// maker reads the sample vocabulary from the folder above, so that this package need not import that one.
func maker(t *testing.T) *Maker {
	t.Helper()
	text, err := os.ReadFile("../vocabulary.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "read the vocabulary"},
		{"broken", "fields: [", "read the vocabulary"},
		{"no fields", "fields: []", "0 delivered fields and 0 tables"},
		{"derived only", "fields:\n  - {name: 甲, id: a, type: bool, derive: 乙}\n", "0 delivered fields and 0 tables"},
	} {
		if _, err := New([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// TestEveryDepartmentAndHoleIsKnown: a department or field renamed in the vocabulary must be renamed here too.
func TestEveryDepartmentAndHoleIsKnown(t *testing.T) {
	l := maker(t).layout
	for _, department := range l.departments {
		if department != "" && undelivered[department] < 10 {
			t.Errorf("%s has no share of missing deliveries", department)
		}
	}
	for name := range holes {
		if _, ok := l.at[name]; !ok {
			t.Errorf("hole in %s, which nobody delivers", name)
		}
	}
	for _, table := range l.tables {
		if prefixes[table.name] == "" {
			t.Errorf("records of %s have no prefix", table.name)
		}
	}
}

func TestPackAndUnpack(t *testing.T) {
	m := maker(t)
	want := m.Generate(50, 5)
	files, err := m.Pack(want)
	if err != nil {
		t.Fatal(err)
	}
	folder := fstest.MapFS{}
	for name, content := range files {
		folder[name] = &fstest.MapFile{Data: content}
	}
	got, err := m.Unpack(folder)
	if err != nil {
		t.Fatal(err)
	}
	// A table without rows reads back as one with no rows, whether nil or empty.
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b [][]string) bool { return len(a) == len(b) && (len(a) == 0 || cmp.Equal(a, b)) })); diff != "" {
		t.Errorf("unpacked otherwise than packed:\n%.2000s", diff)
	}
	content := files["leases.csv.gz"]
	for name, damage := range map[string][]byte{"cut": content[:len(content)/2], "no gzip": []byte("统一社会信用代码"), "empty": nil} {
		folder["leases.csv.gz"] = &fstest.MapFile{Data: damage}
		if _, err := m.Unpack(folder); err == nil || !strings.Contains(err.Error(), "租赁合同") {
			t.Errorf("%s: error %v does not name the table", name, err)
		}
	}
	delete(folder, "leases.csv.gz")
	if _, err := m.Unpack(folder); err == nil || !strings.Contains(err.Error(), "租赁合同") {
		t.Errorf("missing file: error %v does not name the table", err)
	}
	if _, err := m.Pack(Bundle{}); err == nil {
		t.Error("a bundle without tables is packed")
	}
}

const samplePolicy = `id: p
conditions:
  - {id: shared, manual: 材料真实}
  - {id: fine, require: 小巨人}
items:
  - id: one
    period: quarter
    conditions:
      - any:
          - {id: inner, manual: 影响力大}
          - {require: 小巨人}
    at_most: "100*万元"
  - id: two
    amount: "1*万元"
`

func TestSamplesFollowPolicies(t *testing.T) {
	b := maker(t).Generate(3, 1)
	awards, findings, err := Samples(fstest.MapFS{"p/policy.yaml": {Data: []byte(samplePolicy)}}, b)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, row := range awards.Rows {
		seen[row[1]+" "+row[2]]++
	}
	if diff := cmp.Diff(map[string]int{"one 2024-Q1": 1, "one 2024-Q2": 1, "one 2024-Q3": 1, "two 2024": 3}, seen); diff != "" {
		t.Errorf("awards by item and period:\n%s", diff)
	}
	seen = map[string]int{}
	for _, row := range findings.Rows {
		seen[row[1]+" "+row[2]]++
		if sum := row[2] == "amount"; sum != (row[4] != "") || sum == (row[3] != "") {
			t.Errorf("finding %v: a sum has an amount, a condition an answer", row)
		}
	}
	if diff := cmp.Diff(map[string]int{"one shared": 3, "one inner": 3, "one amount": 3, "two shared": 3}, seen); diff != "" {
		t.Errorf("findings by item and condition:\n%s", diff)
	}
	for name, broken := range map[string]fstest.MapFS{
		"no file": {"p/values.yaml": {Data: []byte("values: []")}},
		"broken":  {"p/policy.yaml": {Data: []byte("items: [")}},
	} {
		if _, _, err := Samples(broken, b); err == nil || !strings.Contains(err.Error(), "p/policy.yaml") {
			t.Errorf("%s: error %v does not name the file", name, err)
		}
	}
}

func TestHundredths(t *testing.T) {
	for n, want := range map[int64]string{0: "0.00", 5: "0.05", 100: "1.00", -1: "-0.01", -12_345: "-123.45"} {
		if got := hundredths(n); got != want {
			t.Errorf("hundredths(%d) = %s, want %s", n, got, want)
		}
	}
}
