package intern

import (
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// TestTable holds a Table against a map, also after Take.
func TestTable(t *testing.T) {
	table := New()
	rapid.Check(t, func(t *rapid.T) {
		want, codes := []string{}, map[string]uint32{}
		for range rapid.IntRange(0, 500).Draw(t, "texts") {
			text := strconv.Itoa(rapid.IntRange(0, 300).Draw(t, "text"))
			code, ok := codes[text]
			if !ok {
				code = uint32(len(want))
				codes[text] = code
				want = append(want, text)
			}
			if got := table.Code([]byte(text)); got != code {
				t.Fatalf("%s has code %d, not %d", text, got, code)
			}
		}
		if got := table.Take(); !slices.Equal(got, want) {
			t.Fatalf("%v, not %v", got, want)
		}
	})
}

// TestRenumber holds a Renumbering, with its table or without one, against the definition.
func TestRenumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{1, 50, 100_000}).Draw(t, "dictionary")
		codes := rapid.SliceOf(rapid.Uint32Range(0, uint32(size-1))).Draw(t, "codes")
		r := Renumber(codes, size)
		var used []int
		for _, code := range codes {
			if !slices.Contains(used, int(code)) {
				used = append(used, int(code))
			}
			if got := r.Number(code); used[got] != int(code) {
				t.Fatalf("%d became %d", code, got)
			}
		}
		if !slices.Equal(used, r.Used) {
			t.Fatalf("used %v, not %v", r.Used, used)
		}
	})
}
