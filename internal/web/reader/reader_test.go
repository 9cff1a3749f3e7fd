package reader

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mianshen/internal/web/desk"
)

func TestAround(t *testing.T) {
	for marked, want := range map[string]string{
		"":                  "",
		"给<mark>奖励</mark>的": "给[奖励]的",
		strings.Repeat("前", 30) + "<mark>奖励</mark>" + strings.Repeat("后", 200): "…" + strings.Repeat("前", 24) + "[奖励]" + strings.Repeat("后", 93) + "…",
	} {
		var got strings.Builder
		for _, s := range around(desk.Marks(marked)) {
			if s.Mark {
				s.Text = "[" + s.Text + "]"
			}
			got.WriteString(s.Text)
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCovered(t *testing.T) {
	for marked, want := range map[string]int{
		"": 0, "没有": 0, "<mark>研发</mark>和<mark>研发</mark>": 2, "<mark>研发</mark>的<mark>费用</mark>": 4,
	} {
		if got := covered(desk.Marks(marked)); got != want {
			t.Errorf("%s: %d, want %d", marked, got, want)
		}
	}
}
