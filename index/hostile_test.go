package index

import (
	"context"
	"fmt"
	"html"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func hostile() []string {
	var planes strings.Builder
	for r := rune(0); r <= utf8.MaxRune; r += 101 {
		planes.WriteRune(r)
	}
	texts := []string{
		"*", "?", "/.*/", "/[a-z]{1000}/", "name:x", "body:补贴", "_id:p1", "+补贴 -奖励", "补贴~2", "补贴^1e9", "\"补贴", "(补贴 OR 奖励", "补* 贴?",
		"\x00补贴\x1b[2J\x7f", "\xff\xfe补贴", strings.Repeat("(", 1<<20), strings.Repeat("补贴", 1<<19), strings.Repeat("企业 ", 10_000),
		strings.Repeat(" ", 1<<20) + "补贴", planes.String(), "<script>alert(1)</script>补贴", `{"query":{"match_all":{}}}`, "' OR 1=1 --", "¥500000", "#2025-3",
	}
	for plane := rune(0); plane <= 0x10; plane++ {
		var b strings.Builder
		for i := range rune(64) {
			b.WriteRune(plane<<16 + 0x100*i + 0x41)
		}
		texts = append(texts, b.String())
	}
	return texts
}

// checkSearch holds what every search keeps, whatever was typed.
func checkSearch(t *testing.T, x *Index, text string) {
	t.Helper()
	r, err := x.Search(context.Background(), Query{Text: text, Limit: 3})
	if err != nil {
		t.Errorf("%.40q: %v", text, err)
		return
	}
	if r.Weak > r.Total || len(r.Hits) > 3 || utf8.RuneCountInString(r.Ignored) > 65 {
		t.Errorf("%.40q: %+v", text, r)
	}
	for _, h := range r.Hits {
		bare := strings.NewReplacer("<mark>", "", "</mark>", "").Replace(h.Title + h.Snippet)
		if strings.ContainsAny(bare, "<>") || !utf8.ValidString(h.Title+h.Snippet) {
			t.Errorf("%.40q: not escaped: %s", text, bare)
		}
		if h.ID == "" || h.Group == "" || html.UnescapeString(bare) == "" {
			t.Errorf("%.40q: hit %+v", text, h)
		}
	}
}

func TestHostileQueries(t *testing.T) {
	docs := append(sample(), Document{ID: "html", Kind: KindText, Title: "<b>补贴</b> & \"企业\"", Body: "<img src=x onerror=alert(1)> 补贴 <mark>企业</mark>"})
	x := open2(t, docs)
	for _, text := range hostile() {
		checkSearch(t, x, text)
	}
	// What looks like syntax is text.
	for _, text := range []string{"*", "/.*/", "?", "_id:p1 ^"} {
		if r := search(t, x, Query{Text: text}); r.Total > 0 && r.Weak < r.Total {
			t.Errorf("%s found %s", text, groups(r))
		}
	}
	if r := search(t, x, Query{Text: strings.Repeat("补贴", 1<<19)}); !strings.HasSuffix(r.Ignored, "…") {
		t.Errorf("a query of 1 MB: ignored %q", r.Ignored)
	}
}

func TestHostileDocuments(t *testing.T) {
	var docs []Document
	for i, text := range hostile() {
		if len(text) > MaxBody {
			text = text[:MaxBody]
		}
		docs = append(docs, Document{ID: fmt.Sprint(i), Kind: KindText, Title: "标题" + text[:min(len(text), 100)], Body: text})
	}
	x := open2(t, docs)
	for _, text := range []string{"补贴", "企业", "标题", "补", "a"} {
		checkSearch(t, x, text)
	}
}

// TestWordsOfEveryDocument asks the dearest questions: words that stand everywhere, a lone character, nothing.
func TestWordsOfEveryDocument(t *testing.T) {
	var docs []Document
	const n = 2_000
	for i := range n {
		body := strings.Repeat("企业申请补贴应当符合条件，按照规定提交材料。", 5) + fmt.Sprintf("第%d项支持事项。", i)
		docs = append(docs, Document{ID: fmt.Sprintf("d%05d", i), Kind: KindText, Title: "补贴办法", Body: body})
	}
	x := open2(t, docs)
	for _, text := range []string{"企业申请补贴应当符合条件按照规定提交材料支持事项", "企", "", strings.Repeat("企业申请补贴", 20)} {
		r, err := x.Search(context.Background(), Query{Text: text, Limit: MaxLimit})
		if err != nil {
			t.Errorf("%.20s: %v", text, err)
		}
		if r.Total != n {
			t.Errorf("%.20s: found %d of %d", text, r.Total, n)
		}
	}
}

func FuzzSearch(f *testing.F) {
	x, err := NewTemp(context.Background(), sample(), nil)
	if err != nil {
		f.Fatal(err)
	}
	x.limit = time.Minute
	f.Cleanup(func() {
		if err := x.Close(); err != nil {
			f.Error(err)
		}
	})
	for _, text := range hostile() {
		if len(text) < 4096 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) { checkSearch(t, x, text) })
}

// TestSuggestOfAGroupWithManyTitles: titles of a group are looked through once, not once for each of its passages.
func TestSuggestOfAGroupWithManyTitles(t *testing.T) {
	var docs []Document
	for i := range 2_000 {
		docs = append(docs, Document{ID: fmt.Sprint(i), Group: "g", Kind: KindItem, Title: fmt.Sprintf("补贴第%d项", i)})
	}
	x := open2(t, docs)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := x.Suggest(context.Background(), "补贴zz", MaxSuggestions)
	runtime.ReadMemStats(&after)
	if len(got) > 0 || err != nil {
		t.Errorf("%v %v", got, err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

func TestSuggestionsAreValidText(t *testing.T) {
	x := open2(t, []Document{{ID: "a", Kind: KindItem, Title: "奇怪\x00标\xff题"}})
	got, err := x.Suggest(context.Background(), "奇怪", 1)
	if err != nil || len(got) != 1 || got[0].Text != "奇怪\ufffd标\ufffd题" {
		t.Errorf("%q %v", got, err)
	}
}
