package repair

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"mianshen/index/lexicon"
	"mianshen/index/words"

	"pgregory.net/rapid"
)

// texts are the evidence of these tests: each a document.
type texts []string

func (t texts) Pair(first, second rune) int {
	n := 0
	for _, text := range t {
		if strings.Contains(text, string([]rune{first, second})) {
			n++
		}
	}
	return n
}

func (t texts) Runes() map[rune]int {
	out := map[rune]int{}
	for _, text := range t {
		runes := []rune(text)
		for i := range runes {
			out[runes[i]] += 0
			if i+1 < len(runes) && words.IsHan(runes[i]) && words.IsHan(runes[i+1]) {
				out[runes[i]]++
			}
		}
	}
	return out
}

func (t texts) Word(letters string) bool { return strings.Contains(strings.Join(t, " "), letters) }

// sample is a small record in our own words.
var sample = texts{
	"专精特新小巨人企业奖励", "专精特新中小企业认定", "科技型中小企业入库奖励", "高新技术企业认定补贴", "融资租赁补贴", "融资租赁业务",
	"厂房租金补贴", "厂房租金补贴", "稳岗返还办理", "失业保险稳岗返还", "步行街改造奖励", "养老机构运营补贴", "人才公寓申请", "人才公寓管理",
	"知识产权质押融资", "ai大模型算力券", "跨境电商体验店", "孵化器认定", "企业上市奖励", "企业认定补贴", "企业认定补贴",
}

func repairer(t testing.TB) *Repairer {
	t.Helper()
	lex, err := lexicon.New("test", "高企 > 高新技术企业\n巨人奖 > 小巨人企业\n")
	if err != nil {
		t.Fatal(err)
	}
	var phrases []Phrase
	for _, text := range sample {
		runes := []rune(text)
		for n := 2; n <= min(8, len(runes)); n++ {
			for i := 0; i+n <= len(runes); i++ {
				phrases = append(phrases, Phrase{string(runes[i : i+n]), 1})
			}
		}
	}
	return New(lex, sample, phrases)
}

func TestRepairs(t *testing.T) {
	r := repairer(t)
	for typed, want := range map[string]string{
		// pinyin in full, in syllables, by initials, mixed with characters
		"xiaojuren": "小巨人", "xiao ju ren": "小巨人", "zjtx": "专精特新", "zjtx企业": "专精特新企业", "稳岗fanhuan": "稳岗返还", "fhq认定": "孵化器认定", "gaoqi": "高企",
		// one that sounds the same, looks the same, is missing, too many, swapped
		"科机型中小企业": "科技型中小企业", "专精特薪": "专精特新", "融资租凭补贴": "融资租赁补贴", "高新技企业": "高新技术企业", "养老构机运营": "养老机构运营", "步行接改造": "步行街改造",
		"人才公遇": "人才公寓",
		// what is right, or merely unknown, stays
		"专精特新": "专精特新", "火锅店": "火锅店", "世界杯决赛": "世界杯决赛", "宠物医院": "宠物医院", "ai大模型": "ai大模型", "高企认定": "高企认定", "人才公园": "人才公园",
		// what leads nowhere stays
		"qqqqzzzz": "qqqqzzzz", "www": "www", "vpn": "vpn", "": "", "2024": "2024", "a1": "a1",
	} {
		if got, _ := r.Text(typed); got != want {
			t.Errorf("%s: %s, want %s", typed, got, want)
		}
	}
}

// TestRepairsLeadToTheTexts holds, whatever is typed: what is changed becomes something that the texts or the lexicon hold, the
// same query is always repaired alike, and it stays short.
func TestRepairsLeadToTheTexts(t *testing.T) {
	r := repairer(t)
	piece := rapid.OneOf(rapid.SampledFrom([]string{"专精特新", "科机", "zj", "tx", "xiaoju", "ren", " ", "补帖", "融资", "凭", "的", "吗", "50万", "龘", "ai", "'"}), rapid.StringN(0, 4, -1))
	rapid.Check(t, func(t *rapid.T) {
		typed := words.Fold(strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "typed"), ""))
		got, changes := r.Text(typed)
		again, _ := r.Text(typed)
		if got != again {
			t.Fatalf("%q: once %q, once %q", typed, got, again)
		}
		if len(changes) == 0 && got != typed {
			t.Fatalf("%q became %q without a change", typed, got)
		}
		if utf8.RuneCountInString(got) > utf8.RuneCountInString(typed)+maxRepairs {
			t.Fatalf("%q grew to %q", typed, got)
		}
	})
}

func TestNothingIsRepairedWithoutTexts(t *testing.T) {
	lex, err := lexicon.New("test", "高企 > 高新技术企业\n")
	if err != nil {
		t.Fatal(err)
	}
	r := New(lex, texts{}, nil)
	for _, typed := range []string{"科机型", "xiaojuren", "补帖"} {
		if got, changes := r.Text(typed); got != typed {
			t.Errorf("%s became %s by %v", typed, got, changes)
		}
	}
}

func TestSwappedAndInserted(t *testing.T) {
	if i := inserted([]rune("高新技企业"), []rune("高新技术企业")); i != 3 {
		t.Errorf("术 stands at %d", i)
	}
	if !exchanged([]rune("科机型"), []rune("科技型"), 1) || exchanged([]rune("科机型"), []rune("科技行"), 1) {
		t.Error("exchanged is wrong")
	}
	if !slices.Equal([]rune(without([]rune("高新技术"), 1)), []rune("高技术")) {
		t.Error("without is wrong")
	}
}
