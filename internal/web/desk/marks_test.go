package desk

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mianshen/index"
)

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		html string
		want []Segment
	}{
		{"", nil},
		{"没有", []Segment{{Text: "没有"}}},
		{"给<mark>小巨人</mark>奖励", []Segment{{Text: "给"}, {"小巨人", true}, {Text: "奖励"}}},
		{"&lt;b&gt; <mark>&#34;a&amp;b</mark>", []Segment{{Text: "<b> "}, {`"a&b`, true}}},
		{"<script>x</script><mark>y", []Segment{{Text: "<script>x</script>"}, {"y", true}}}, // shown as text, never run
	} {
		if diff := cmp.Diff(c.want, Marks(c.html)); diff != "" {
			t.Errorf("%s: %s", c.html, diff)
		}
	}
}

// FuzzMarks: what the index marks in a text comes back as that text, byte for byte.
func FuzzMarks(f *testing.F) {
	f.Add("首次获评“小巨人”的企业 <b>&amp;", "小巨人")
	f.Fuzz(func(t *testing.T, text, query string) {
		if len(text) > 2000 || len(query) > 200 {
			t.Skip("longer than is worth trying")
		}
		joined := ""
		for _, s := range Marks(index.Highlight(text, query)) {
			joined += s.Text
		}
		if want := plainText(text); joined != want {
			t.Errorf("%q came back as %q", want, joined)
		}
	})
}

// plainText is text as the index may print it: invalid bytes replaced.
func plainText(s string) string {
	out := ""
	for _, r := range s {
		out += string(r)
	}
	return out
}

func TestQuoted(t *testing.T) {
	for _, c := range []struct {
		text, quote string
		want        []Segment
	}{
		{"在本区注册的企业", "本区注册", []Segment{{Text: "在"}, {"本区注册", true}, {Text: "的企业"}}},
		{"本区注册", "本区注册", []Segment{{"本区注册", true}}},
		{"在本区", "没有", []Segment{{Text: "在本区"}}},
		{"在本区", "", []Segment{{Text: "在本区"}}},
	} {
		if diff := cmp.Diff(c.want, Quoted(c.text, c.quote)); diff != "" {
			t.Error(diff)
		}
	}
}
