package seeds_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"mianshen/rules/source"
	"mianshen/rules/standard"
	"mianshen/seeds"
)

// fact is one entry of vocabulary.yaml, or a column of a table, as read by this test alone.
type fact struct {
	keys    map[string]string
	values  []string
	columns []fact
}

func (f fact) name() string { return f.keys["name"] }

// facts reads the embedded vocabulary.
func facts(t *testing.T) []fact {
	t.Helper()
	file, mistakes := source.Parse("vocabulary.yaml", seeds.Vocabulary())
	if err := mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	if len(file.Root.Entries) != 1 || file.Root.Entries[0].Key != "fields" {
		t.Fatalf("vocabulary.yaml must have the one key fields")
	}
	return factsOf(file.Root.Entries[0].Value)
}

func factsOf(n *source.Node) []fact {
	var all []fact
	for _, item := range n.Items {
		f := fact{keys: map[string]string{}}
		for _, e := range item.Entries {
			f.keys[e.Key] = e.Value.Text
			switch e.Key {
			case "values":
				for _, v := range e.Value.Items {
					f.values = append(f.values, v.Text)
				}
			case "columns":
				f.columns = factsOf(e.Value)
			}
		}
		all = append(all, f)
	}
	return all
}

var (
	asciiID    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	period     = regexp.MustCompile(`^(year|quarter|month)-[1-9]$`)
	staleAfter = regexp.MustCompile(`^[1-9][0-9]* days$`)
	fieldKeys  = strings.Fields("name id type unit source of period level stale_after min max label absent values derive key columns")
	columnKeys = strings.Fields("name id type unit values min max")
	kinds      = strings.Fields("bool int decimal money date string enum set table")
	// reserved are words of the rules' own language, which a fact may not take.
	reserved = strings.Fields("and or not in true false nil 元 千元 万元 亿元 人 天 月 年 件 项 家 本条 基准日 年度 取值 日期 加年 加月 满年 满月 工作日 比例 划型 行业 分档 已奖 曾获 符合")
)

func TestVocabularyShape(t *testing.T) {
	all := facts(t)
	names, ids := map[string]bool{}, map[string]bool{}
	count := map[string]int{}
	for _, f := range all {
		checkFact(t, f, fieldKeys)
		if names[f.name()] || ids[f.keys["id"]] {
			t.Errorf("%s: name or id %s twice", f.name(), f.keys["id"])
		}
		names[f.name()], ids[f.keys["id"]] = true, true
		count[f.keys["type"]]++
		checkDelivery(t, f)
		if f.keys["type"] == "table" {
			checkTable(t, f)
		}
	}
	t.Logf("%d fields: %v", len(all), count)
	if len(all) < 110 {
		t.Errorf("%d fields, want at least 110", len(all))
	}
	for _, kind := range kinds {
		if count[kind] == 0 {
			t.Errorf("no field of type %s", kind)
		}
	}
}

// mayBeNegative are the delivered numbers that have no min, and why.
var mayBeNegative = map[string]string{
	"上年净利润": "a loss", "前年净利润": "a loss", "较LPR上浮": "below LPR", "上年入库税收": "net of refunds", "前年入库税收": "net of refunds", "亩均税收": "net of refunds",
	"不含税金额": "an invoice in red", "上年综合能源消费量": "net of what was produced", "前年综合能源消费量": "net of what was produced", "年节能量": "more was used",
	"毕业年度": "a year",
}

// TestBounds: a number is never below zero, unless there is a reason why it may be.
func TestBounds(t *testing.T) {
	for _, f := range facts(t) {
		for _, n := range append(f.columns, f) {
			if kind := n.keys["type"]; kind != "int" && kind != "decimal" && kind != "money" || n.keys["derive"] != "" {
				continue
			}
			if _, reason := mayBeNegative[n.name()]; reason == (n.keys["min"] == "0") {
				t.Errorf("%s: min %q, may be negative %v", n.name(), n.keys["min"], reason)
			}
		}
	}
}

func checkFact(t *testing.T, f fact, allowed []string) {
	t.Helper()
	for key := range f.keys {
		if !slices.Contains(allowed, key) {
			t.Errorf("%s: key %s is not one of the format", f.name(), key)
		}
	}
	for i, r := range f.name() {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !unicode.IsDigit(r)) {
			t.Errorf("%s: %q can't stand in an identifier", f.name(), r)
		}
	}
	if f.name() == "" || slices.Contains(reserved, f.name()) {
		t.Errorf("%q is no name for a fact", f.name())
	}
	kind := f.keys["type"]
	if !asciiID.MatchString(f.keys["id"]) || !slices.Contains(kinds, kind) {
		t.Errorf("%s: id %q, type %q", f.name(), f.keys["id"], kind)
	}
	if unit := f.keys["unit"]; (kind == "money") != (unit == "元") || unit != "" && kind != "money" && kind != "int" && kind != "decimal" {
		t.Errorf("%s: type %s with unit %q", f.name(), kind, unit)
	}
	if (kind == "enum" || kind == "set") != (len(f.values) > 0) {
		t.Errorf("%s: type %s with %d values", f.name(), kind, len(f.values))
	}
	for i, v := range f.values {
		if v == "" || strings.ContainsAny(v, "; ,") || slices.Contains(f.values[:i], v) {
			t.Errorf("%s: value %q is empty, doubled or can't stand in a cell", f.name(), v)
		}
	}
}

// checkDelivery looks at where a value comes from: a department or a formula, never both.
func checkDelivery(t *testing.T, f fact) {
	t.Helper()
	derived := f.keys["derive"] != ""
	if derived == (f.keys["source"] != "") || derived == (f.keys["stale_after"] != "") {
		t.Errorf("%s: needs either derive, or source and stale_after", f.name())
	}
	if derived && (f.keys["of"] != "" || f.keys["absent"] != "") {
		t.Errorf("%s: derived, yet with of or absent", f.name())
	}
	if !slices.Contains([]string{"L1", "L2", "L3", "L4"}, f.keys["level"]) || f.keys["label"] == "" {
		t.Errorf("%s: level %q, label %q", f.name(), f.keys["level"], f.keys["label"])
	}
	if s := f.keys["stale_after"]; s != "" && !staleAfter.MatchString(s) {
		t.Errorf("%s: stale_after %q", f.name(), s)
	}
	absent, given := f.keys["absent"]
	fits := map[string]bool{
		"bool": absent == "false", "int": absent == "0", "enum": slices.Contains(f.values, absent),
	}
	if given && !fits[f.keys["type"]] {
		t.Errorf("%s: absent %q does not fit %s", f.name(), absent, f.keys["type"])
	}
}

func checkTable(t *testing.T, f fact) {
	t.Helper()
	seen := map[string]bool{f.keys["key"]: true}
	for _, c := range f.columns {
		checkFact(t, c, columnKeys)
		if seen[c.name()] || seen[c.keys["id"]] {
			t.Errorf("%s.%s: name or id twice", f.name(), c.name())
		}
		seen[c.name()], seen[c.keys["id"]] = true, true
	}
	if f.keys["key"] == "" || len(f.columns) == 0 {
		t.Errorf("%s: key %q and %d columns", f.name(), f.keys["key"], len(f.columns))
	}
}

// TestVocabularySeries: the periods of one delivered series agree in type, unit and department.
func TestVocabularySeries(t *testing.T) {
	first := map[string]fact{}
	seen := map[string]bool{}
	for _, f := range facts(t) {
		series, p := f.keys["of"], f.keys["period"]
		if (series == "") != (p == "") || p != "" && !period.MatchString(p) {
			t.Errorf("%s: of %q, period %q", f.name(), series, p)
		}
		if series == "" {
			continue
		}
		if seen[series+p] {
			t.Errorf("%s: %s of %s is read twice", f.name(), p, series)
		}
		seen[series+p] = true
		g, ok := first[series]
		if !ok {
			first[series] = f
			continue
		}
		for _, key := range []string{"type", "unit", "source", "level"} {
			if f.keys[key] != g.keys[key] {
				t.Errorf("%s and %s read one series, but differ in %s", f.name(), g.name(), key)
			}
		}
	}
	for _, need := range []string{"营业收入year-2", "季度工业总产值quarter-1", "季度工业总产值quarter-5", "月参保人数month-1"} {
		if !seen[need] {
			t.Errorf("no field reads %s", need)
		}
	}
}

// TestVocabularyPlaces: districts and towns are those of the standard, and only 区外 or 外省市 are added.
func TestVocabularyPlaces(t *testing.T) {
	var towns []string
	for _, p := range standard.Towns() {
		towns = append(towns, p.Name)
	}
	var districts []string
	for _, p := range standard.Districts() {
		districts = append(districts, p.Name)
	}
	same := func(name string, got, want []string) {
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for _, f := range facts(t) {
		switch f.name() {
		case "注册街镇":
			same(f.name(), f.values, append(slices.Clone(towns), "区外"))
		case "注册区", "实际经营区":
			got := slices.DeleteFunc(slices.Clone(f.values), func(s string) bool { return s == "外省市" })
			slices.Sort(got)
			slices.Sort(districts)
			same(f.name(), got, districts)
		}
	}
}
