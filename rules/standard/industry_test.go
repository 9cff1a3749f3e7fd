package standard

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestIndustryTable(t *testing.T) {
	x := industries()
	levels := map[int]int{}
	for code := range x.byCode {
		levels[len(code)]++
	}
	if levels[1] != 20 || levels[3] != 97 || levels[4] != 473 || levels[5] != 1381 || len(x.byCode) != 1971 {
		t.Errorf("codes by length: %v, want 20, 97, 473, 1381", levels)
	}
	for code, entry := range x.byCode {
		if len(code) < 5 && len(entry.children) == 0 {
			t.Errorf("%s %s has nothing below it", code, entry.name)
		}
		if strings.TrimSpace(entry.name) != entry.name || strings.ContainsAny(entry.name, ",;(\t ") {
			t.Errorf("%s has a name with stray characters: %q", code, entry.name)
		}
		if parent := parentCode(code); parent != "" && !slices.Contains(x.byCode[parent].children, code) {
			t.Errorf("%s isn't below %s", code, parent)
		}
	}
	if got := strings.Join(x.sections, ""); got != "ABCDEFGHIJKLMNOPQRST" {
		t.Errorf("sections %s", got)
	}
}

func TestIndustry(t *testing.T) {
	for code, want := range map[string]string{
		"C": "制造业", "C33": "金属制品业", "C331": "结构性金属制品制造", "C3311": "金属结构制造",
		"I65": "软件和信息技术服务业", "Q84": "卫生", "Q85": "社会工作", "F51": "批发业", "K704": "房地产租赁经营",
		"T97": "国际组织", "L7296": "非融资担保服务",
	} {
		if name, ok := Industry(code); !ok || name != want || !ValidIndustry(code) {
			t.Errorf("Industry(%s) = %q, %v; want %q", code, name, ok, want)
		}
	}
	for _, code := range []string{"", "33", "c33", " C33", "C3", "C99", "C33110", "Z", "F33", "制造业"} {
		if name, ok := Industry(code); ok || name != "" || ValidIndustry(code) {
			t.Errorf("Industry(%q) = %q", code, name)
		}
	}
}

func TestIndustryPathAndChildren(t *testing.T) {
	for code, want := range map[string]string{
		"C3311": "C C33 C331 C3311", "C331": "C C33 C331", "C33": "C C33", "C": "C", "": "", "C99": "",
	} {
		if got := strings.Join(IndustryPath(code), " "); got != want {
			t.Errorf("IndustryPath(%q) = %q, want %q", code, got, want)
		}
	}
	for code, want := range map[string]string{
		"F": "F51 F52", "K70": "K701 K702 K703 K704 K709", "K701": "K7010", "K7010": "", "C99": "",
		"": "A B C D E F G H I J K L M N O P Q R S T",
	} {
		if got := strings.Join(IndustryChildren(code), " "); got != want {
			t.Errorf("IndustryChildren(%q) = %q, want %q", code, got, want)
		}
	}
	IndustryChildren("F")[0] = "changed"
	if IndustryChildren("F")[0] != "F51" {
		t.Error("a caller changed the table")
	}
}

func TestCanonicalIndustry(t *testing.T) {
	for text, want := range map[string]string{
		"C3311": "C3311", " c3311 ": "C3311", "3311": "C3311", "331": "C331", "33": "C33", "C": "C",
		"Ｃ３３": "C33", "３３": "C33", "\u30003311\t": "C3311", "0111": "A0111", "01": "A01", "111": "B111", "97": "T97",
	} {
		if code, ok := CanonicalIndustry(text); !ok || code != want {
			t.Errorf("CanonicalIndustry(%q) = %q, %v; want %q", text, code, ok, want)
		}
	}
	for _, text := range []string{"", "  ", "3", "99", "1", "F33", "C 33", "33.0", "制造业", "C3311 金属", strings.Repeat(" ", 999) + "C"} {
		if code, ok := CanonicalIndustry(text); ok || code != "" {
			t.Errorf("CanonicalIndustry(%q) = %q", text, code)
		}
	}
}

func TestUnder(t *testing.T) {
	tests := []struct {
		code, prefix string
		want         Tri
	}{
		{"C3311", "C", True},
		{"C3311", "C33", True},
		{"C3311", "C331", True},
		{"C3311", "C3311", True},
		{"C", "C", True},
		{"C", "C33", Unknown},
		{"C33", "C3311", Unknown},
		{"C331", "C3311", Unknown},
		{"C33", "C34", False},
		{"C3311", "C3312", False},
		{"C3311", "D", False},
		{"C", "D44", False},
		{"C34", "C3311", False},
		{"", "C", Unknown},
		{"", "", Unknown},
		{"C99", "C", Unknown},
		{"33", "C33", Unknown},
		{"C33", "", Unknown},
		{"C33", "C99", Unknown},
		{"D44", "C99", Unknown},
	}
	for _, tt := range tests {
		if got := Under(tt.code, tt.prefix); got != tt.want {
			t.Errorf("Under(%q, %q) = %v, want %v", tt.code, tt.prefix, got, tt.want)
		}
	}
}

// TestUnderProperty holds Under to its meaning: what it decides for a coarse
// code is true of every code below it.
func TestUnderProperty(t *testing.T) {
	codes := slices.Sorted(func(yield func(string) bool) {
		for code := range industries().byCode {
			if !yield(code) {
				return
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		fine := rapid.SampledFrom(codes).Draw(t, "fine")
		coarse := rapid.SampledFrom(IndustryPath(fine)).Draw(t, "coarse")
		prefix := rapid.SampledFrom(codes).Draw(t, "prefix")
		if rapid.Bool().Draw(t, "related") {
			prefix = rapid.SampledFrom(IndustryPath(fine)).Draw(t, "own prefix")
		}
		if known := Under(coarse, prefix); known != Unknown && Under(fine, prefix) != known {
			t.Fatalf("Under(%s, %s) = %v but Under(%s, %s) = %v", coarse, prefix, known, fine, prefix, Under(fine, prefix))
		}
		if Under(fine, prefix) == True && !slices.Contains(IndustryPath(fine), prefix) {
			t.Fatalf("%s is under %s, which isn't on its path", fine, prefix)
		}
	})
}

func TestTriString(t *testing.T) {
	if True.String() != "是" || False.String() != "否" || Unknown.String() != "待核实" || Tri(0) != Unknown {
		t.Error("names of the three values")
	}
}

func TestPlaces(t *testing.T) {
	districts, towns := Districts(), Towns()
	if len(districts) != 16 || len(towns) != 11 {
		t.Fatalf("%d districts, %d towns", len(districts), len(towns))
	}
	names := map[string]bool{}
	for i, p := range slices.Concat(districts, towns) {
		names[p.Name] = true
		want, suffix := "310", "区"
		if i >= len(districts) {
			want, suffix = "310118", "街道镇"
		}
		if !strings.HasPrefix(p.Code, want) || !strings.ContainsRune(suffix, []rune(p.Name)[len([]rune(p.Name))-1]) {
			t.Errorf("%+v", p)
		}
	}
	if len(names) != 27 || !names["青浦区"] || !names["金泽镇"] || !names["夏阳街道"] {
		t.Errorf("names %v", names)
	}
	districts[0].Name = "changed"
	if Districts()[0].Name != "黄浦区" {
		t.Error("a caller changed the table")
	}
}

func TestRowsPanicsOnMistake(t *testing.T) {
	for name, table := range map[string]string{"columns": "a\tb\n1\n", "row": "a\tb\nCC\tx\n"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a broken table was read", name)
				}
			}()
			x := &industryIndex{byCode: map[string]*industry{}, byDigits: map[string]string{}}
			rows("test", table, "a\tb", func(cells []string) error { return x.add(cells[0], cells[1]) })
		}()
	}
}
