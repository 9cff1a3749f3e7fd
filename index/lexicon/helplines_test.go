package lexicon

import (
	"strings"
	"testing"
)

func TestHelpline(t *testing.T) {
	for question, want := range map[string]string{
		"":                "12345",
		"zzzz":            "12345",
		"路灯坏了":            "12345",
		"招大学生有什么补贴":       "12333",
		"社保怎么交":           "12333",
		"小规模纳税人增值税发票":     "12366",
		"生育津贴报销":          "12393",
		"个体工商户注销营业执照":     "12315",
		"公积金提取":           "12329",
		"打官司找律师":          "12348",
		"家庭農場種植補貼":        "12316", // folded like every text
		"货车道路运输证":         "12328",
		"出口报关":            "12360",
		"办诊所":             "12320",
		"ＺＺ" + "医保退税加计扣除": "12366", // more of it stands there
	} {
		if name, number := Helpline(question); number != want || name == "" {
			t.Errorf("%q: %s %s, want %s", question, name, number, want)
		}
	}
	if _, number := Helpline(strings.Repeat("税", 1<<20)); number != "12345" {
		t.Errorf("a long question: %s", number)
	}
}

func TestHelplinesFile(t *testing.T) {
	all, err := helplines()
	if err != nil || len(all) != 11 {
		t.Fatalf("%d lines, %v", len(all), err)
	}
	seen := map[string]string{}
	for _, h := range all {
		for _, w := range h.words {
			if before := seen[w]; before != "" {
				t.Errorf("%s stands for %s and %s", w, before, h.number)
			}
			seen[w] = h.number
		}
	}
	for _, bad := range []string{"", "12345", "12345 热线 :", "热线 12345 : 词", "12345 : 词"} {
		if _, err := parseHelplines(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
