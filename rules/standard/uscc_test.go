package standard

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// validCodes are public codes that pass both checks; the first five are of Qingpu.
var validCodes = []string{
	"91310118MA1JP7UB2B", "91310118832628001D", "9131011877976576X6", "913101180625739120", "91310118MAK7DA2R14",
	"91350200MA2YJ1XR9G", "91350200776049653A", "91350500798359476R", "91440101MA5CJQ4N59", "91350213678251743X",
	"91350203MA32AXT97E", "91350206MA31LUJ437", "91350203MA31NDF85F",
}

// pilotCodes fail the check of the standard and are lawful nevertheless.
var pilotCodes = []string{"91350100M0001TGQXM", "91350203M0001FUE2P", "91350203M0001QAY9B", "91350211M0000XUF46"}

func TestParseUSCCValid(t *testing.T) {
	for _, code := range append(append([]string{}, validCodes...), pilotCodes...) {
		for _, text := range []string{code, " " + code + "\t", "\u3000" + strings.ToLower(code), fullWidth(code)} {
			if got, err := ParseUSCC(text); err != nil || got != code {
				t.Errorf("ParseUSCC(%q) = %q, %v", text, got, err)
			}
		}
	}
}

func fullWidth(text string) string {
	return strings.Map(func(r rune) rune { return r + 0xFEE0 }, text)
}

func TestParseUSCCMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "统一社会信用代码为空",
		" \u3000":                "统一社会信用代码为空",
		"91310118MA1J9K8D6D":     "校验不通过：第18位应为",
		"91310118MA1J23DYE01":    "应为18位，实为19位",
		"91310118MA1JP7UB2":      "应为18位，实为17位",
		"91310118MA1JP7UB2C":     "校验不通过：第18位应为“B”，实为“C”，可能有一位录错",
		"91310118MA1JP7UBB2":     "校验不通过", // two characters swapped
		"91310118MA1JP7UO2B":     "第16位“O”不允许：不使用字母 I、O、S、V、Z，是否应为“0”",
		"9131011I832628001D":     "第8位“I”不允许：不使用字母 I、O、S、V、Z，是否应为“1”",
		"91310118MA1JP7U-2B":     "第16位'-'不允许：只用数字和大写字母",
		"91310118MA1JP7U青2B":     "第16位'青'不允许",
		"9131A118MA1JP7UB2B":     "第5位“A”有误：第3至8位是行政区划码，应为数字",
		"9.13101E+17":            "已被 Excel 改成数字",
		"9.13101180625739E+17":   "已被 Excel 改成数字",
		"9.13e17":                "已被 Excel 改成数字",
		"９.13101E+17":            "已被 Excel 改成数字",
		"9E+17":                  "已被 Excel 改成数字",
		"913101180625739000.00":  "已被 Excel 改成数字",
		"913101180625739000":     "末三位都是0，像是 Excel",
		"310118002345678":        "实为15位（15位像是旧的工商注册号）",
		"MA1JP7UB2":              "实为9位（像是组织机构代码）",
		"MA1JP7UB-2":             "实为10位（像是组织机构代码）",
		"某某有限公司":                 "实为6位",
		strings.Repeat("9", 257): "过长：应为18位，实为257字节",
		strings.Repeat("9", 200): "实为200位",
		"9131\x00\x1b":           "“9131��”应为18位",
		"9131\xff":               "编码损坏",
	} {
		got, err := ParseUSCC(text)
		if err == nil || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseUSCC(%q) = %q, %v; want error with %q", text, got, err, want)
		}
	}
}

// TestOrganisationCheck: a code whose own check character is right may still
// have a wrong organisation code inside.
func TestOrganisationCheck(t *testing.T) {
	head := "91310118" + "MA1JP7UB" + "3" // the check character is 2
	code := head + string(usccCheck(head))
	_, err := ParseUSCC(code)
	if err == nil || !strings.Contains(err.Error(), "组织机构代码校验不通过：第17位应为“2”，实为“3”") {
		t.Errorf("%s: %v", code, err)
	}
}

// TestEverySubstitution: GB 32100's check finds every single wrong character.
func TestEverySubstitution(t *testing.T) {
	tried := 0
	for _, code := range validCodes {
		for i := range code {
			for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
				if byte(c) == code[i] {
					continue
				}
				wrong := code[:i] + string(c) + code[i+1:]
				if got, err := ParseUSCC(wrong); err == nil {
					t.Errorf("%s was read as %s", wrong, got)
				}
				tried++
			}
		}
	}
	if tried != len(validCodes)*18*35 {
		t.Errorf("%d substitutions", tried)
	}
}

func TestAllow(t *testing.T) {
	const odd = "91310118M0001TGQXM"
	list := PilotCodes()
	if got := strings.Join(list.Codes(), " "); got != strings.Join(pilotCodes, " ") {
		t.Errorf("pilot codes %s", got)
	}
	more, err := list.With(strings.ToLower(odd))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := more.Parse(odd); err != nil || got != odd {
		t.Errorf("listed code: %q, %v", got, err)
	}
	if _, err := list.Parse(odd); err == nil {
		t.Error("adding to a list changed the list it came from")
	}
	if _, err := ParseUSCC(odd); err == nil {
		t.Error("adding to a list changed the embedded list")
	}
	if _, err := (Allow{}).Parse(pilotCodes[0]); err == nil {
		t.Error("the empty list allows nothing")
	}
	if got, err := (Allow{}).Parse(validCodes[0]); err != nil || got != validCodes[0] {
		t.Errorf("the empty list refuses %v", err)
	}
	if _, err := list.With("91310118M0001TGQX"); err == nil || !strings.Contains(err.Error(), "允许清单") {
		t.Errorf("a short code was listed: %v", err)
	}
}

func TestUSCCFrom(t *testing.T) {
	for _, code := range validCodes {
		got, err := USCCFrom(code[:2], code[2:8], code[8:16])
		if err != nil || got != code {
			t.Errorf("USCCFrom of the parts of %s = %s, %v", code, got, err)
		}
	}
	for _, parts := range [][3]string{
		{"9", "310118", "MA1JP7UB"},
		{"91", "31011", "MA1JP7UB"},
		{"91", "310118", "MA1JP7U"},
		{"", "", ""},
		{"9O", "310118", "MA1JP7UB"},
		{"91", "31011A", "MA1JP7UB"},
		{"91", "310118", "MA1JP7UZ"},
		{"91", "310118", "ma1jp7ub"},
	} {
		if got, err := USCCFrom(parts[0], parts[1], parts[2]); err == nil {
			t.Errorf("USCCFrom(%q) = %s", parts, got)
		}
	}
}

func TestOrganisationBase(t *testing.T) {
	for seq, want := range map[int]string{0: "MA100000", 1: "MA100001", 30: "MA10000Y", 31: "MA100010", 28629150: "MA1YYYYY"} {
		if got, err := OrganisationBase("MA1", seq); err != nil || got != want {
			t.Errorf("OrganisationBase(MA1, %d) = %s, %v; want %s", seq, got, err, want)
		}
	}
	for _, bad := range []struct {
		series string
		seq    int
	}{{"MA1", 28629151}, {"MA1", -1}, {"MAO", 1}, {"ma1", 1}, {"MA1000000", 0}, {"MA100000", 1}} {
		if got, err := OrganisationBase(bad.series, bad.seq); err == nil {
			t.Errorf("OrganisationBase(%q, %d) = %s", bad.series, bad.seq, got)
		}
	}
}

// TestGeneratedCodesProperty: what generators make is read back as it is.
func TestGeneratedCodesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, err := OrganisationBase("MA", rapid.IntRange(0, 31*31*31*31*31*31-1).Draw(t, "seq"))
		if err != nil {
			t.Fatal(err)
		}
		district := rapid.SampledFrom(Districts()).Draw(t, "district").Code
		code, err := USCCFrom("91", district, base)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseUSCC(code); err != nil || got != code {
			t.Fatalf("ParseUSCC(%s) = %s, %v", code, got, err)
		}
	})
}

// FuzzParseUSCC: no text crashes the parser; what it accepts is in normal form
// and is accepted again; its errors stay short.
func FuzzParseUSCC(f *testing.F) {
	for _, seed := range append(append([]string{"", "9.13101E+17", "310118002345678", "\xff", "９１", "ı", "91310118MA1JP7UO2B"}, validCodes...), pilotCodes...) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := ParseUSCC(text)
		if err != nil {
			if code != "" || len(err.Error()) > 400 || !utf8.ValidString(err.Error()) {
				t.Fatalf("ParseUSCC(%q) = %q, error %q", text, code, err)
			}
			return
		}
		if len(code) != 18 || strings.Trim(code, usccCharset) != "" {
			t.Fatalf("ParseUSCC(%q) = %q", text, code)
		}
		if again, err := ParseUSCC(code); err != nil || again != code {
			t.Fatalf("ParseUSCC(%q) = %q, %v", code, again, err)
		}
	})
}

func BenchmarkParseUSCC(b *testing.B) {
	for b.Loop() {
		if _, err := ParseUSCC(validCodes[0]); err != nil {
			b.Fatal(err)
		}
	}
}
