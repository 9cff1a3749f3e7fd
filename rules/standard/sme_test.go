package standard

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

const wan = 1_000_000 // 分 in one 万元

var none Indicator

// yearbook repeats the table of 统计上大中小微型企业划分办法（2017） by hand, one code
// for each industry: large, medium, small; staff in 人, money in 万元.
var yearbook = []struct {
	name                   string
	codes                  []string
	staff, revenue, assets [3]int64
}{
	{"农、林、牧、渔业", []string{"A", "A0111"}, [3]int64{}, [3]int64{20000, 500, 50}, [3]int64{}},
	{"工业", []string{"B", "C", "C3311", "D44"}, [3]int64{1000, 300, 20}, [3]int64{40000, 2000, 300}, [3]int64{}},
	{"建筑业", []string{"E", "E4710"}, [3]int64{}, [3]int64{80000, 6000, 300}, [3]int64{80000, 5000, 300}},
	{"批发业", []string{"F51", "F511"}, [3]int64{200, 20, 5}, [3]int64{40000, 5000, 1000}, [3]int64{}},
	{"零售业", []string{"F52", "F529"}, [3]int64{300, 50, 10}, [3]int64{20000, 500, 100}, [3]int64{}},
	{"交通运输业", []string{"G54", "G55", "G56", "G57", "G58", "G591", "G5910"}, [3]int64{1000, 300, 20}, [3]int64{30000, 3000, 200}, [3]int64{}},
	{"仓储业", []string{"G592", "G593", "G594", "G595", "G596", "G599"}, [3]int64{200, 100, 20}, [3]int64{30000, 1000, 100}, [3]int64{}},
	{"邮政业", []string{"G60", "G602"}, [3]int64{1000, 300, 20}, [3]int64{30000, 2000, 100}, [3]int64{}},
	{"住宿业", []string{"H61"}, [3]int64{300, 100, 10}, [3]int64{10000, 2000, 100}, [3]int64{}},
	{"餐饮业", []string{"H62"}, [3]int64{300, 100, 10}, [3]int64{10000, 2000, 100}, [3]int64{}},
	{"信息传输业", []string{"I63", "I64", "I6421"}, [3]int64{2000, 100, 10}, [3]int64{100000, 1000, 100}, [3]int64{}},
	{"软件和信息技术服务业", []string{"I65", "I651"}, [3]int64{300, 100, 10}, [3]int64{10000, 1000, 50}, [3]int64{}},
	{"房地产开发经营", []string{"K701", "K7010"}, [3]int64{}, [3]int64{200000, 1000, 100}, [3]int64{10000, 5000, 2000}},
	{"物业管理", []string{"K702"}, [3]int64{1000, 300, 100}, [3]int64{5000, 1000, 500}, [3]int64{}},
	{"租赁和商务服务业", []string{"L", "L71", "L7291"}, [3]int64{300, 100, 10}, [3]int64{}, [3]int64{120000, 8000, 100}},
	{"其他未列明行业", []string{"M", "N", "O", "Q85", "R", "K703", "K709", "M7320"}, [3]int64{300, 100, 10}, [3]int64{}, [3]int64{}},
}

// TestEveryBoundary puts each indicator of each industry on each bound and one
// below it, the others high enough not to matter.
func TestEveryBoundary(t *testing.T) {
	const plenty = math.MaxInt64
	tested := 0
	for _, row := range yearbook {
		for _, code := range row.codes {
			if name, ok := SizeStandard(code); !ok || name != row.name {
				t.Errorf("%s goes by %q, want %q", code, name, row.name)
			}
			for column, bounds := range [][3]int64{row.staff, row.revenue, row.assets} {
				for i, above := range []Class{Large, Medium, Small} {
					if bounds[i] == 0 {
						continue
					}
					at := bounds[i]
					if column != staffColumn {
						at *= wan
					}
					in := [3]Indicator{Known(plenty), Known(plenty), Known(plenty)}
					for value, want := range map[int64]Class{at: above, at - 1: above - 1, at + 1: above} {
						in[column] = Known(value)
						got, missing := Classify(code, in[0], in[1], in[2])
						if only, ok := got.Only(); !ok || only != want || missing != 0 {
							t.Errorf("%s with input %d = %d: %v, missing %b; want %v", code, column, value, got, missing, want)
						}
					}
					tested++
				}
			}
		}
	}
	if tested < 16*3 {
		t.Errorf("only %d bounds were tested", tested)
	}
}

func TestScopes(t *testing.T) {
	if n := len(sizeRules()); n != 16 {
		t.Fatalf("%d size standards", n)
	}
	reached := scopeSet(0)
	for code, entry := range industries().byCode {
		if len(entry.children) == 0 {
			reached |= entry.scopes
		}
		matches := 0
		for _, rule := range sizeRules() {
			for _, prefix := range rule.scope {
				if !ValidIndustry(prefix) {
					t.Errorf("%s has the scope %s, which is no code", rule.name, prefix)
				}
				if Under(code, prefix) == True {
					matches++
				}
			}
		}
		if matches > 1 {
			t.Errorf("%s stands in %d scopes", code, matches)
		}
	}
	if reached != 1<<outside|1<<16-1 {
		t.Errorf("scopes reached by the leaves: %b", reached)
	}
	for _, code := range []string{"G53", "G5311", "J", "J6621", "K704", "P", "P83", "Q84", "Q8411", "S", "T", "T97"} {
		for _, value := range []Indicator{none, Known(0), Known(1e15)} {
			if got, missing := Classify(code, value, value, value); got != Classes(NotApplicable) || missing != 0 {
				t.Errorf("%s: %v, missing %b; want 不适用", code, got, missing)
			}
		}
	}
}

func TestClassify(t *testing.T) {
	all := Classes(Micro, Small, Medium, Large)
	tests := []struct {
		name                   string
		industry               string
		staff, revenue, assets Indicator
		want                   ClassSet
		missing                Inputs
	}{
		{"a large factory", "C3311", Known(1000), Known(40000 * wan), none, Classes(Large), 0},
		{"one person short", "C3311", Known(999), Known(40000 * wan), none, Classes(Medium), 0},
		{"one fen short", "C3311", Known(1000), Known(40000*wan - 1), none, Classes(Medium), 0},
		{"many people, little revenue", "C", Known(5000), Known(299 * wan), none, Classes(Micro), 0},
		{"revenue unknown", "C", Known(500), none, none, Classes(Micro, Small, Medium), InputRevenue},
		{"revenue can't matter", "C", Known(19), none, none, Classes(Micro), 0},
		{"staff unknown", "C", none, Known(300 * wan), Known(0), Classes(Micro, Small), InputStaff},
		{"nothing known", "C", none, none, none, all, InputStaff | InputRevenue},
		{"negative staff", "C", Known(-1), Known(40000 * wan), none, Classes(Micro), 0},
		{"negative revenue", "A", none, Known(math.MinInt64), none, Classes(Micro), 0},
		{"builder without assets", "E", Known(1), Known(80000 * wan), none, all, InputAssets},
		{"farm needs revenue only", "A", none, none, none, all, InputRevenue},
		{"service needs staff only", "M", none, Known(0), Known(0), all, InputStaff},
		{"leasing", "L", Known(300), none, Known(120000 * wan), Classes(Large), 0},
		{"trade, coarse", "F", Known(250), Known(50000 * wan), none, Classes(Large, Medium), InputIndustry},
		{"trade, coarse but small", "F", Known(7), Known(2000 * wan), none, Classes(Small, Micro), InputIndustry},
		{"trade, coarse and decided", "F", Known(4), none, none, Classes(Micro), 0},
		{"hotels and restaurants are alike", "H", Known(150), none, none, Classes(Medium, Small, Micro), InputRevenue},
		{"hotels and restaurants, decided", "H", Known(150), Known(2000 * wan), none, Classes(Medium), 0},
		{"mining or factory are one standard", "C", Known(1000), none, none, all, InputRevenue},
		{"health or social work", "Q", Known(300), none, none, Classes(Large, NotApplicable), InputIndustry},
		{"loading or storage", "G59", Known(150), Known(30000 * wan), none, Classes(Small, Medium), InputIndustry},
		{"transport, partly outside", "G", Known(0), Known(0), none, Classes(Micro, NotApplicable), InputIndustry},
		{
			"property, any", "K", Known(1000), Known(5000 * wan), Known(10000 * wan),
			Classes(Large, Medium, NotApplicable), InputIndustry,
		},
		{"no industry", "", Known(0), Known(0), Known(0), Classes(Micro, NotApplicable), InputIndustry},
		{"no such industry", "C99", Known(0), Known(0), Known(0), Classes(Micro, NotApplicable), InputIndustry},
		{
			"nothing at all", "", none, none, none, all.Union(Classes(NotApplicable)),
			InputIndustry | InputStaff | InputRevenue | InputAssets,
		},
		{
			"no industry, tiny", "", Known(0), none, none, all.Union(Classes(NotApplicable)),
			InputIndustry | InputRevenue | InputAssets,
		},
	}
	for _, tt := range tests {
		got, missing := Classify(tt.industry, tt.staff, tt.revenue, tt.assets)
		if got != tt.want || missing != tt.missing {
			t.Errorf("%s: %v, missing %04b; want %v, %04b", tt.name, got, missing, tt.want, tt.missing)
		}
	}
}

// drawValue prefers values at the bounds of some standard.
func drawValue(t *rapid.T, label string, column int) int64 {
	if rapid.Float64Range(0, 1).Draw(t, label+" plain") < 0.2 {
		return rapid.Int64().Draw(t, label)
	}
	rule := rapid.SampledFrom(sizeRules()).Draw(t, label+" rule")
	class := rapid.SampledFrom([]Class{Small, Medium, Large}).Draw(t, label+" class")
	return rule.limits[column][class] + rapid.Int64Range(-1, 1).Draw(t, label+" offset")
}

// TestPartialKnowledgeProperty: whatever is forgotten of an enterprise, its
// class stays in the set; learning what missing doesn't name changes nothing.
func TestPartialKnowledgeProperty(t *testing.T) {
	leaves := leafCodes()
	decided := 0
	rapid.Check(t, func(t *rapid.T) {
		leaf := rapid.SampledFrom(leaves).Draw(t, "leaf")
		var full, part [columnCount]Indicator
		for i := range full {
			full[i] = Known(drawValue(t, "value", i))
			if rapid.Bool().Draw(t, "known") {
				part[i] = full[i]
			}
		}
		coarse := rapid.SampledFrom(append(IndustryPath(leaf), "")).Draw(t, "coarse")
		truth, _ := Classify(leaf, full[0], full[1], full[2])
		only, ok := truth.Only()
		if !ok {
			t.Fatalf("%s is fully known and has %v", leaf, truth)
		}
		possible, missing := Classify(coarse, part[0], part[1], part[2])
		if !possible.Has(only) {
			t.Fatalf("%s is %v, but known as %q it can only be %v", leaf, only, coarse, possible)
		}
		if _, ok := possible.Only(); ok != (missing == 0) {
			t.Fatalf("%v with missing %04b", possible, missing)
		}
		if missing == 0 {
			decided++
		}
		for i := range part {
			if !missing.Has(InputStaff << i) {
				part[i] = full[i]
			}
		}
		if !missing.Has(InputIndustry) {
			coarse = leaf
		}
		if again, _ := Classify(coarse, part[0], part[1], part[2]); again != possible {
			t.Fatalf("%v became %v by what was not missing (%04b)", possible, again, missing)
		}
	})
	if decided == 0 {
		t.Error("no case was decided")
	}
}

// TestMissingMatters: each input that is named as missing can change the class,
// the others held, at some completion.
func TestMissingMatters(t *testing.T) {
	leaves := leafCodes()
	var grid [columnCount][]Indicator
	for i := range grid {
		values := []int64{-1}
		for _, rule := range sizeRules() {
			values = append(values, rule.limits[i][Small:]...)
		}
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			grid[i] = append(grid[i], Known(v))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		leaf := rapid.SampledFrom(leaves).Draw(t, "leaf")
		coarse := rapid.SampledFrom(IndustryPath(leaf)).Draw(t, "coarse")
		var part [columnCount]Indicator
		choices := grid
		for i := range part {
			if rapid.Bool().Draw(t, "known") {
				part[i] = Known(drawValue(t, "value", i))
				choices[i] = []Indicator{part[i]}
			}
		}
		_, missing := Classify(coarse, part[0], part[1], part[2])
		var below []string
		for _, code := range leaves {
			if Under(code, coarse) == True && (len(below) == 0 || industries().byCode[code].scopes != industries().byCode[below[len(below)-1]].scopes) {
				below = append(below, code)
			}
		}
		if got := dependsOn(below, choices); got != missing {
			t.Fatalf("%s %v: the class depends on %04b, missing says %04b", coarse, part, got, missing)
		}
	})
}

// dependsOn finds by trial which inputs can change the class.
func dependsOn(codes []string, grid [columnCount][]Indicator) Inputs {
	class := func(code string, s, r, a Indicator) ClassSet {
		set, _ := Classify(code, s, r, a)
		return set
	}
	var n Inputs
	for _, s := range grid[0] {
		for _, r := range grid[1] {
			for _, a := range grid[2] {
				base := class(codes[0], s, r, a)
				for _, code := range codes {
					here := class(code, s, r, a)
					if here != base {
						n |= InputIndustry
					}
					if here != class(code, grid[0][0], r, a) {
						n |= InputStaff
					}
					if here != class(code, s, grid[1][0], a) {
						n |= InputRevenue
					}
					if here != class(code, s, r, grid[2][0]) {
						n |= InputAssets
					}
				}
			}
		}
	}
	return n
}

func leafCodes() []string {
	var leaves []string
	for code, entry := range industries().byCode {
		if len(entry.children) == 0 {
			leaves = append(leaves, code)
		}
	}
	slices.Sort(leaves)
	return leaves
}

func TestClassSet(t *testing.T) {
	small := Classes(Small, Micro)
	if small.String() != "小型、微型" || Classes().String() != "" || upTo(Large).String() != "大型、中型、小型、微型" || upTo(Micro) != Classes(Micro) {
		t.Errorf("names: %q, %q", small, upTo(Large))
	}
	if small != Classes(Micro).Union(Classes(Small)) || !small.Has(Small) || small.Has(Large) || small.Has(0) || small.Has(99) {
		t.Error("union and membership")
	}
	if _, ok := small.Only(); ok {
		t.Error("two classes are not one")
	}
	if _, ok := ClassSet(0).Only(); ok {
		t.Error("no class is not one")
	}
	if c, ok := Classes(NotApplicable, 0, 77).Only(); !ok || c != NotApplicable {
		t.Errorf("only %v", c)
	}
	for _, tt := range []struct {
		set, other ClassSet
		want       Tri
	}{
		{small, Classes(Small, Micro, Medium), True},
		{small, small, True},
		{small, Classes(Small), Unknown},
		{small, Classes(Medium, Large), False},
		{small, 0, False},
		{0, small, Unknown},
	} {
		if got := tt.set.In(tt.other); got != tt.want {
			t.Errorf("%v in %v = %v, want %v", tt.set, tt.other, got, tt.want)
		}
	}
	for c := Micro; c <= NotApplicable; c++ {
		if back, ok := ParseClass(c.String()); !ok || back != c {
			t.Errorf("ParseClass(%q) = %v", c, back)
		}
	}
	for _, text := range []string{"", "大", "Large", "中小微型"} {
		if c, ok := ParseClass(text); ok {
			t.Errorf("ParseClass(%q) = %v", text, c)
		}
	}
	if Class(0).String() != "" || Class(9).String() != "Class(9)" {
		t.Error("names of no class")
	}
}

func BenchmarkClassify(b *testing.B) {
	for b.Loop() {
		if got, _ := Classify("C3311", Known(100), Known(5000*wan), none); got != Classes(Small) {
			b.Fatal(got)
		}
	}
}
