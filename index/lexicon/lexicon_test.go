package lexicon

import (
	"slices"
	"strings"
	"testing"
)

func TestMistakesInSynonymsAreAllSaid(t *testing.T) {
	_, err := ParseGroups("my.txt", "高企 > 高新技术企业\n# 注\n只有一边\n高企 > 别的词\n一 > 二二\n > 空的\n甲乙 > a1 a2 a3 a4 a5 a6 a7\n")
	if err == nil {
		t.Fatal("no mistake found")
	}
	for _, want := range []string{"my.txt:3: 两边之间要有", "my.txt:4: “高企”在第 1 行已经有了", "my.txt:5: “一”有 1 个字", "my.txt:6: 两边都要有词", "my.txt:7: 右边有 7 个词"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not among:\n%v", want, err)
		}
	}
	if _, err := ParseGroups("big.txt", strings.Repeat("x", maxSynonyms+1)); err == nil {
		t.Error("a file beyond the cap was read")
	}
}

func TestOneSidedAndTwoSided(t *testing.T) {
	l, err := New("test", "房租 = 租金\n高企 高新企业 > 高新技术企业\n")
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string][]string{
		"房租": {"租金"}, "租金": {"房租"}, "高企": {"高新技术企业"}, "高新技术企业": nil,
	} {
		var got []string
		for _, e := range l.Expand([]rune(word)) {
			got = append(got, e.Phrases...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", word, got, want)
		}
	}
	if len(l.Without(0).Expand([]rune("房租"))) != 0 || len(l.Without(1).Expand([]rune("房租"))) != 1 {
		t.Error("Without takes away the wrong group")
	}
}

// TestAWordInsideOthersIsNone: 上规 is not meant in 以上规定.
func TestAWordInsideOthersIsNone(t *testing.T) {
	l, err := New("test", "上规 > 小升规\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Expand([]rune("以上规定")); len(got) != 0 {
		t.Errorf("以上规定: %v", got)
	}
	if got := l.Expand([]rune("上规奖励")); len(got) != 1 {
		t.Errorf("上规奖励: %v", got)
	}
}

func TestReadings(t *testing.T) {
	for word, want := range map[string]string{"小巨人": "xiao ju ren", "绿色": "lv se", "补贴": "bu tie"} {
		if got := strings.Join(Spellings(word)[0], " "); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
	if Spellings("AI") != nil || Readings('a') != nil {
		t.Error("letters have a reading")
	}
	for syllable, want := range map[string]string{"zhong": "zh", "an": "", "lv": "l", "er": ""} {
		if got := Initial(syllable); got != want {
			t.Errorf("initial of %s: %q, want %q", syllable, got, want)
		}
	}
	if !Alike('赁', '凭') || !Alike('帖', '贴') || !Alike('机', '技') || Alike('火', '水') {
		t.Error("Alike is wrong")
	}
}

func TestPlaces(t *testing.T) {
	if _, err := places(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]Place{
		"广州市天河区人才公寓": {"广东/广州"}, "北京市海淀区": {"北京"}, "温州鹿城": {"浙江/温州"}, "科技型企业": nil, "柳河县": {"吉林/通化"}, "上海临港": {"上海"},
	} {
		if got := Places(text); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if !Place("广东/广州").Within("广东") || Place("广东").Within("广东/广州") {
		t.Error("Within is wrong")
	}
}

func TestFilterWords(t *testing.T) {
	if _, err := parseFilters("mode = auto\n"); err == nil {
		t.Error("a line without words was read")
	}
	l, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if f, n := l.FilterAt([]rune("免申即享的奖励")); n != 4 || f.By != ByMode {
		t.Errorf("免申即享: %v, %d", f, n)
	}
	if _, n := l.FilterAt([]rune("研发费用")); n != 0 {
		t.Errorf("研发费用 is %d runes of a filter", n)
	}
}
