package words

import (
	"html"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// textGen draws texts that mix everything the tokenizer tells apart, also what is broken.
func textGen() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"专精特新", "“小巨人”", "企業", "機器人", "厂\n房", " ", "\u3000", "，", "。", "<b>", "&amp;", "ＡＢＣ１２３", "5G", "iPhone",
			"沪府办规〔2024〕4号", "京发[2023] 12 号", "2024年第7号", "50万元", "５００，０００元", "五十万", "1.5亿", "3.14", "１，２３４，５６７", "\u200b",
			"𠮷", "龘", "カナ", "ｶﾅ", "한국", "e\u0301", "\xff", "\xe4\xb8", "…", "<mark>", "能不能", "补贴", "⼀⼈", "㎡", "①", "İ",
		}),
		rapid.StringN(0, 6, -1),
	)
	return rapid.Map(rapid.SliceOfN(piece, 0, 20), func(p []string) string { return strings.Join(p, "") })
}

func TestFoldingTwiceChangesNothing(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if r > 0x3ffff { // beyond the assigned planes a sample will do
			r += 4096
		}
		if once := foldRune(r); foldRune(once) != once {
			t.Errorf("%U folds to %U, and that to %U", r, once, foldRune(once))
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"ＡＢＣ　１２３":      "abc 123",
		"機器人與廠房補貼":     "机器人与厂房补贴",
		"〔２０２４〕【】［］（）": "(2024)()()()",
		"“小巨人”《办法》":    `"小巨人""办法"`,
		"⼀⼈ ① ｶﾅ":      "一人 1 カナ",
	} {
		if got := string(fold(in).runes); got != want {
			t.Errorf("fold(%q) = %q, want %q", in, got, want)
		}
	}
	if n := len(simplified()); n < 3000 {
		t.Errorf("only %d traditional characters known", n)
	}
}

// TestTokensKnowTheirSource holds the promise that highlights rest on: a token's bytes, folded, are its term.
func TestTokensKnowTheirSource(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := textGen().Draw(t, "text")
		runes := utf8.RuneCountInString(text)
		for _, k := range Tokens(text) {
			if k.Start < 0 || k.Start >= k.End || k.End > len(text) || k.First > k.Last || k.Last >= runes {
				t.Fatalf("%q: token %+v lies outside", text, k)
			}
			source := text[k.Start:k.End]
			if utf8.RuneCountInString(source) != k.Last-k.First+1 {
				t.Fatalf("%q: token %+v: bytes and runes disagree", text, k)
			}
			if got := refold(source, k.Kind); got != k.Term && !(k.Kind == Number && slices.Contains(numberKeys(source), k.Term)) {
				t.Fatalf("%q: token %+v: its bytes %q fold to %q", text, k, source, got)
			}
		}
	})
}

// refold folds the bytes of one token into its term, each kind by its own definition.
func refold(source string, k Kind) string {
	f := fold(source)
	switch k {
	case Pair, Single:
		return string(slices.DeleteFunc(f.runes, func(r rune) bool { return !isHan(r) }))
	case Word:
		return strings.ReplaceAll(string(f.runes), ",", "")
	case Amount:
		if found := findAmounts(f); len(found) == 1 {
			return found[0].term()
		}
	}
	return ""
}

func numberKeys(source string) []string {
	if found := findNumbers(fold(source)); len(found) == 1 {
		return found[0].keys()
	}
	return nil
}

func unmark(s string) string {
	return html.UnescapeString(strings.NewReplacer(openMark, "", closeMark, "").Replace(s))
}

func TestMarksLeaveTheTextAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, query := textGen().Draw(t, "text"), textGen().Draw(t, "query")
		m := NewMarker(Read(query, nil))
		marked := m.Mark(text)
		if got := unmark(marked); got != text {
			t.Fatalf("Mark(%q) for %q = %q, without marks %q", text, query, marked, got)
		}
		if strings.Count(marked, openMark) != strings.Count(marked, closeMark) {
			t.Fatalf("marks of %q do not pair: %q", text, marked)
		}
		long := strings.Repeat(text, 8)
		inner := strings.TrimSuffix(strings.TrimPrefix(unmark(m.Snippet(long)), "…"), "…")
		if !strings.Contains(long, inner) {
			t.Fatalf("snippet %q is not in the text %q", inner, long)
		}
		if n := utf8.RuneCountInString(inner); n > snippetRunes+32 { // a word at its end is not cut
			t.Fatalf("snippet has %d runes", n)
		}
	})
}

func TestMark(t *testing.T) {
	for _, c := range []struct{ text, query, want string }{
		{"国家级专精特新“小巨人”企业", "小巨人", "国家级专精特新“<mark>小巨人</mark>”企业"},
		{"国家级专精特新“小巨人”企业", "专精特新小巨人", "国家级<mark>专精特新“小巨人</mark>”企业"},
		{"设\n备购置", "设备", "<mark>设\n备</mark>购置"},
		{"机器人 <b>", "機器人", "<mark>机器人</mark> &lt;b&gt;"},
		{"沪府办规〔2024〕4号文", "沪府办规[2024]4号", "<mark>沪府办规〔2024〕4号</mark>文"},
		{"最高 50 万元。", "五十万", "最高 <mark>50 万元</mark>。"},
		{"税收和纳税", "税", "<mark>税</mark>收和纳<mark>税</mark>"},
		{"ＡＩ大模型", "ai", "<mark>ＡＩ</mark>大模型"},
		{"补贴", "能不能", "补贴"},
	} {
		if got := NewMarker(Read(c.query, nil)).Mark(c.text); got != c.want {
			t.Errorf("Mark(%q) for %q = %q, want %q", c.text, c.query, got, c.want)
		}
	}
}

func TestSnippetShowsTheDensestPlace(t *testing.T) {
	text := strings.Repeat("研发投入的其他说明。", 30) + "研发费用补贴按实际支出的百分之十给予。" + strings.Repeat("其余事项另行通知。", 30)
	got := NewMarker(Read("研发费用补贴", nil)).Snippet(text)
	if !strings.Contains(got, "<mark>研发费用补贴</mark>") {
		t.Errorf("snippet misses the place: %s", got)
	}
	if !strings.HasPrefix(got, "…") || !strings.HasSuffix(got, "…") {
		t.Errorf("snippet does not say that text was left out: %s", got)
	}
	if n := utf8.RuneCountInString(unmark(got)); n > snippetRunes+2 {
		t.Errorf("snippet has %d runes", n)
	}
}

func TestDocumentNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"沪府办规〔2024〕4号":             "#沪府办规2024-4",
		"沪府办规[2024]4号":             "#沪府办规2024-4",
		"沪府办规【2024】 4 号":           "#沪府办规2024-4",
		"滬府辦規（2024）第4号":            "#沪府办规2024-4",
		"沪府办规2024年第4号":             "#沪府办规2024-4",
		"沪府办规 2024 4号":             "#沪府办规2024-4",
		"根据《关于印发通知》（沪府办规〔2024〕4号）": "#沪府办规2024-4",
	} {
		var terms []string
		for _, k := range Tokens(text) {
			terms = append(terms, k.Term)
		}
		if !slices.Contains(terms, want) || !slices.Contains(terms, "#2024-4") {
			t.Errorf("%s: terms %v lack %s", text, terms, want)
		}
	}
	for _, text := range []string{"2024年4月", "电话20241234号", "〔2024〕", "沪府办规〔1024〕4号", "第4号", "2024 4"} {
		if got := DocumentNumbers(text); len(got) > 0 {
			t.Errorf("%s: found %v", text, got)
		}
	}
	got := DocumentNumbers("（沪府办规〔2024〕4 号）")
	if len(got) != 1 || got[0] != (DocumentNumber{Text: "沪府办规〔2024〕4 号", Prefix: "沪府办规"}) {
		t.Errorf("DocumentNumbers = %+v", got)
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"50万": "¥500000", "50 万元": "¥500000", "五十万元": "¥500000", "500,000元": "¥500000", "５０万": "¥500000",
		"1.5亿": "¥150000000", "一千二百万": "¥12000000", "十万": "¥100000", "两百元": "¥200", "3千万": "¥30000000",
		"1,500,000元": "¥1500000", "0.35万元": "¥3500",
	} {
		found := findAmounts(fold(text))
		if len(found) != 1 || found[0].term() != want {
			t.Errorf("%s: %+v, want %s", text, found, want)
		}
	}
	for _, text := range []string{"50", "二〇二四年", "20万平方米", "3万人", "百分之五", "99999999999999999999万", "0元", "0.00001万元", "万一"} {
		if found := findAmounts(fold(text)); len(found) > 0 {
			t.Errorf("%s: found %+v", text, found)
		}
	}
}

// TestLookerFindsTokens holds the fast way to the tokens of the index: the same terms at the same places.
func TestLookerFindsTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, query := textGen().Draw(t, "text"), textGen().Draw(t, "query")
		q := Read(query, nil)
		want := map[[2]int]Set{}
		for _, k := range Tokens(text) {
			for i, term := range q.Terms {
				switch {
				case term.Kind == Single && (k.Kind == Pair || k.Kind == Single) && strings.HasPrefix(k.Term, term.Key):
					want[[2]int{k.First, k.First}] |= 1 << i
				case term.Kind != Single && term.Key == k.Term:
					want[[2]int{k.First, k.Last}] |= 1 << i
				}
			}
		}
		got := map[[2]int]Set{}
		for _, p := range NewLooker(q).Places(text) {
			got[[2]int{p.First, p.Last}] |= p.Terms
		}
		if !maps.Equal(want, got) {
			t.Fatalf("%q in %q: by tokens %v, looked %v", query, text, want, got)
		}
	})
}

func TestASeamAloneIsNotMarked(t *testing.T) {
	q := Read("厂房租金", nil)
	for i := range q.Terms {
		q.Terms[i].Seam = q.Terms[i].Key == "房租"
	}
	m := NewMarker(q)
	for text, want := range map[string]string{
		"厂房租金补助":  "<mark>厂房租金</mark>补助",
		"房租通":     "房租通",
		"厂房和租金":   "<mark>厂房</mark>和<mark>租金</mark>",
		"房租、厂房改造": "房租、<mark>厂房</mark>改造",
	} {
		if got := m.Mark(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestYearFirst(t *testing.T) {
	for text, want := range map[string]string{
		"〔2022〕京经信发45号": "#京经信发2022-45", "[2022] 京经信发 第45号": "#京经信发2022-45", "京经信发〔2022〕45号": "#京经信发2022-45",
	} {
		if got := numberKeys(text); !slices.Contains(got, want) {
			t.Errorf("%s: %v, want %s among them", text, got, want)
		}
	}
}

// TestSnippetOfOneLongMark: where each pair of a text is marked, a snippet is no longer than elsewhere, or little.
func TestSnippetOfOneLongMark(t *testing.T) {
	got := NewMarker(Read("企业企业", nil)).Snippet(strings.Repeat("企业", 20_000))
	if n := utf8.RuneCountInString(unmark(got)); n > snippetRunes+snippetLead+2 {
		t.Errorf("%d runes", n)
	}
}
