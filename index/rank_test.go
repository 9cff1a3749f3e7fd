package index

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestBestIsTheHeadOfTheSortedList holds the selection to sorting everything.
func TestBestIsTheHeadOfTheSortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.IntRange(0, 50), 0, 200).Draw(t, "all")
		n := rapid.IntRange(0, 60).Draw(t, "n")
		want := slices.Clone(all)
		slices.Sort(want)
		want = want[:min(n, len(want))]
		if got := best(all, n, func(a, b *int) int { return cmp.Compare(*a, *b) }); !slices.Equal(got, want) && len(want) > 0 {
			t.Fatalf("best %d of %v: %v, want %v", n, all, got, want)
		}
	})
}

func TestNthGreatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Float32Range(0, 3), 1, 200).Draw(t, "all")
		n := rapid.IntRange(1, len(all)).Draw(t, "n")
		sorted := slices.Clone(all)
		slices.Sort(sorted)
		if got := nthGreatest(slices.Clone(all), n); got != sorted[len(sorted)-n] {
			t.Fatalf("%d. greatest of %v: %v, want %v", n, all, got, sorted[len(sorted)-n])
		}
	})
}

// TestPackedDocuments holds that a document comes out of the index as it went in.
func TestPackedDocuments(t *testing.T) {
	for _, d := range sample() {
		got, err := unpack(pack(d))
		if err != nil || got.Title != d.Title || got.Body != d.Body || got.Number != d.Number || got.To != d.To || !slices.Equal(got.Industries, d.Industries) {
			t.Errorf("%+v came out as %+v: %v", d, got, err)
		}
	}
	if _, err := unpack("half a document"); err == nil {
		t.Error("a damaged document was taken for one")
	}
}
