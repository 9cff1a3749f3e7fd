package words

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func keys(q Query) string {
	var out []string
	for _, t := range q.Terms {
		key := t.Key
		if t.Weight < 1 {
			key = fmt.Sprintf("%s/%.2g", key, t.Weight)
		}
		out = append(out, key)
	}
	return strings.Join(out, " ")
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"厂房租金有没有补助", "厂房 房租 租金 补助/0.45"},
		{"请问小巨人企业能不能拿奖励？", "小巨 巨人 人企 企业/0.45 奖励/0.45"},
		{"研发费用 补贴", "研发 发费 费用 补贴/0.45"},
		{"補貼", "补贴"},
		{"有补贴吗", "补贴"},
		{"节能补贴", "节能 能补 补贴/0.45"},
		{"国有企业", "国有 有企 企业/0.45"},
		{"科技创新的目的", "科技 技创 创新 目的"},
		{"沪府办规【２０２４】４号", "#2024-4/0.3 #沪府办规2024-4"},
		{"请问沪府办规〔2024〕4号的内容", "#2024-4/0.3 #沪府办规2024-4 内容"},
		{"〔2024〕4号", "#2024-4"},
		{"能奖二十万的", "¥200000"},
		{"2024年", "2024"},
		{"税", "税"},
		{"AI 税", "ai"},
		{"5G+工业互联网", "5g 工业 业互 互联 联网"},
		{"name:x AND (a OR b)~2^3", "name x and a or b 2/0.3 3/0.3"},
		{"企业 企业 企业", "企业"},
		{"能不能", ""},
		{"*", ""},
		{"/.*/", ""},
		{"", ""},
	} {
		if got := keys(Read(c.text, nil)); got != c.want {
			t.Errorf("Read(%q) = %s, want %s", c.text, got, c.want)
		}
	}
}

func TestReadSaysWhatItLeavesOut(t *testing.T) {
	q := Read("能不能", nil)
	if q.Empty || q.Ignored != "能不能" {
		t.Errorf("only asking words: %+v", q)
	}
	if q := Read(" \t\n\u3000", nil); !q.Empty || q.Ignored != "" {
		t.Errorf("blanks: %+v", q)
	}
	q = Read(strings.Repeat("补贴", 100), nil)
	if q.Ignored != strings.Repeat("补贴", 32)+"…" {
		t.Errorf("200 runes: ignored %q", q.Ignored)
	}
	var long strings.Builder
	for i := range 40 {
		fmt.Fprintf(&long, "w%02d ", i)
	}
	q = Read(long.String(), nil)
	if len(q.Terms) != MaxQueryTerms || !strings.HasPrefix(q.Ignored, "w32") {
		// 128 runes end after w31, so the rest is said by the cut of the text
		t.Errorf("40 words: %d terms, ignored %q", len(q.Terms), q.Ignored)
	}
	q = Read("天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜", nil)
	if len(q.Terms) > MaxQueryTerms || q.Ignored == "" {
		t.Errorf("too many pairs: %d terms, ignored %q", len(q.Terms), q.Ignored)
	}
}

// checkQuery holds what every query keeps, whatever was typed.
func checkQuery(t *testing.T, text string) {
	t.Helper()
	q := Read(text, nil)
	if len(q.Terms) > MaxQueryTerms {
		t.Errorf("%.50q: %d terms", text, len(q.Terms))
	}
	if n := utf8.RuneCountInString(q.Ignored); n > 65 || !utf8.ValidString(q.Ignored) {
		t.Errorf("%.50q: ignored %q", text, q.Ignored)
	}
	if len(q.Terms) == 0 && !q.Empty && q.Ignored == "" {
		t.Errorf("%.50q: nothing used, nothing said", text)
	}
	for _, term := range q.Terms {
		if term.Key == "" || term.Weight <= 0 || term.Weight > 1 || term.First > term.Last || term.Last >= MaxQueryRunes {
			t.Errorf("%.50q: term %+v", text, term)
		}
	}
	if got := unmark(NewMarker(q).Mark(text)); len(text) < 1<<16 && got != text {
		t.Errorf("%.50q: marked gives %.50q", text, got)
	}
}

func hostile() []string {
	var planes strings.Builder
	for r := rune(0); r <= utf8.MaxRune; r += 97 {
		planes.WriteRune(r)
	}
	return []string{
		"*", "/.*/", "name:x", "\x00\x01\x1b[31m", strings.Repeat("(", 1<<20), strings.Repeat("补贴", 1<<19), strings.Repeat(" ", 1<<20),
		strings.Repeat("a ", 10_000), planes.String(), "\xff\xfe\xfd", "〔〔〔2024〕〕〕", strings.Repeat("9", 200), "9999999999999999999999亿元",
		strings.Repeat("亿", 100), "一" + strings.Repeat("万", 100), "2024)" + strings.Repeat(" ", 100) + "4号", "+-=&&||><!(){}[]^\"~*?:\\/",
	}
}

func TestHostileQueries(t *testing.T) {
	for _, text := range hostile() {
		checkQuery(t, text)
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range hostile() {
		if len(text) < 4096 {
			f.Add(text)
		}
	}
	f.Add("请问沪府办规〔2024〕4号能奖二十万的 5G 税")
	f.Fuzz(checkQuery)
}

func TestBounds(t *testing.T) {
	for text, want := range map[string][2]int64{
		"一百万以上的奖励": {1_000_000, 0}, "至少50万": {500_000, 0}, "不超过30万元": {0, 300_000}, "二十万以下": {0, 200_000}, "10万到20万以内": {0, 200_000},
		"超过一百万，不超过五百万": {1_000_000, 5_000_000}, "最高五百万": {0, 0}, "五十万": {0, 0}, "以上": {0, 0},
	} {
		q := Read(text, nil)
		if got := [2]int64{q.AtLeast, q.AtMost}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
