package lint

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"mianshen/rules"
	"mianshen/seeds"
)

var update = flag.Bool("update", false, "write what is found into testdata")

// TestFiles holds the whole text of what is found in each archive by the checks it names.
func TestFiles(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) { testFile(t, name) })
	}
}

var wanted = regexp.MustCompile(`(?m)^checks: (.*)$`)

func testFile(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	ids := strings.Split(wanted.FindStringSubmatch(string(archive.Comment))[1], ", ")
	for _, id := range ids {
		if !slices.ContainsFunc(Checks(), func(c Check) bool { return c.ID == id }) {
			t.Fatalf("no check %s", id)
		}
	}
	files := map[string][]byte{}
	want := -1
	for i, f := range archive.Files {
		files[f.Name] = f.Data
		if f.Name == "want" {
			want = i
		}
	}
	p, ms := rules.ReadPolicyFiles(files, "")
	if p == nil || ms.Fatal() {
		t.Fatal(ms)
	}
	policies := []*rules.Policy{p}
	if other, ok := files["other.yaml"]; ok {
		o, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": other}, "other")
		if o == nil || ms.Fatal() {
			t.Fatal(ms)
		}
		policies = append(policies, o)
	}
	b, ms := rules.Compile(vocabulary(t), policies)
	if b == nil {
		t.Fatal(ms)
	}
	var got strings.Builder
	for _, m := range Policy(b, p) {
		if slices.ContainsFunc(ids, func(id string) bool { return strings.HasSuffix(m.Message, "〔"+id+"〕") }) {
			got.WriteString(m.Error() + "\n\n")
		}
	}
	if *update {
		archive.Files[want].Data = []byte(got.String())
		if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.TrimSpace(string(archive.Files[want].Data)), strings.TrimSpace(got.String())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func vocabulary(t *testing.T) *rules.Vocabulary {
	t.Helper()
	data, err := os.ReadFile("testdata/vocabulary.yaml")
	if err != nil {
		t.Fatal(err)
	}
	v, ms := rules.ParseVocabulary("vocabulary.yaml", data)
	if v == nil {
		t.Fatal(ms)
	}
	return v
}

// TestHostile: a policy with as many conditions and dates as are allowed, and one whose named parts double forty times, are
// examined in seconds.
func TestHostile(t *testing.T) {
	var many, doubled, dated strings.Builder
	many.WriteString("    conditions:\n")
	for i := range 290 {
		fmt.Fprintf(&many, "      - {id: c%d, require: '上年营业收入 >= %d*万元 or 从业人数 > %d or 裁员率 < %d or 企业规模 == \"大型\" and 行业(行业代码, \"C%d\")'}\n", i, i, i, i, 13+i%30)
	}
	dated.WriteString("values:\n  - {name: 数, unit: 万元, clause: 第一条, dated: [")
	for i := range 20 {
		fmt.Fprintf(&dated, "{from: 2025-01-%02d, to: 2025-01-%02d, value: %d}, ", i+1, i+1, i)
	}
	dated.WriteString("{from: 2025-01-21, value: 3}]}\n")
	doubled.WriteString("    define:\n      数零: 上年营业收入\n")
	last := "数零"
	for i := range 40 {
		next := fmt.Sprint("数", i)
		fmt.Fprintf(&doubled, "      %s: '%s + %s'\n", next, last, last)
		last = next
	}
	fmt.Fprintf(&doubled, "    conditions: [{id: x, require: '%s > 1*元'}]\n    amount: %s\n", last, last)
	const head = "id: p\ntitle: 示例\nin_force: {from: 2025-01-01, to: 2027-12-31}\nclauses: [{ref: 第一条, text: 示例。}]\nitems:\n  - id: a\n    title: 甲\n"
	for _, body := range []string{many.String(), doubled.String()} {
		p, ms := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(head + body), "values.yaml": []byte(dated.String())}, "")
		if ms.Fatal() {
			t.Fatal(ms)
		}
		b, ms := rules.Compile(vocabulary(t), []*rules.Policy{p})
		if b == nil {
			t.Fatal(ms)
		}
		start := time.Now()
		if found := Policy(b, p); len(found) == 0 {
			t.Error("nothing found")
		}
		if d := time.Since(start); d > 20*time.Second { // about a second without the race detector
			t.Errorf("took %s", d)
		}
	}
}

// TestChecks holds that each check has a short id of its own, a reason, and an archive that shows it.
func TestChecks(t *testing.T) {
	shown := map[string]bool{}
	names, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`〔([a-z-]+)〕`).FindAllStringSubmatch(string(txtar.Format(archive)), -1) {
			shown[m[1]] = true
		}
	}
	seen := map[string]bool{}
	for _, c := range Checks() {
		if seen[c.ID] || c.Reason == "" || !regexp.MustCompile(`^[a-z-]{4,20}$`).MatchString(c.ID) {
			t.Errorf("check %q", c.ID)
		}
		seen[c.ID] = true
		if !shown[c.ID] {
			t.Errorf("no archive shows what %s finds", c.ID)
		}
	}
}

// TestSeeds: nothing in the sample policies keeps them from being published, none of their conditions is needless, and what is
// said of them stays short.
func TestSeeds(t *testing.T) {
	v, ms := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if v == nil {
		t.Fatal(ms)
	}
	policies, ms := rules.ReadPolicies(seeds.Policies(), "policies")
	law, _ := rules.WithoutCases(ms)
	if law.Fatal() {
		t.Fatal(law)
	}
	b, ms := rules.Compile(v, policies)
	if b == nil {
		t.Fatal(ms)
	}
	for _, p := range b.Policies {
		found := Policy(b, p)
		if found.Fatal() || len(found) > 40 {
			t.Errorf("%s: %d found\n%v", p.ID, len(found), found)
		}
		t.Logf("%s\n%v", p.ID, found)
	}
}
