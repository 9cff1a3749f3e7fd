package ladder

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestLadder: whatever the bounds, a ladder finds the ranks that counting finds.
func TestLadder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spread := int64(1) << rapid.IntRange(0, 62).Draw(t, "spread")
		near := rapid.Int64Range(-spread, spread)
		bounds := rapid.SliceOfN(near, 0, 200).Draw(t, "bounds")
		slices.Sort(bounds)
		bounds = slices.Compact(bounds)
		values := rapid.SliceOfN(rapid.OneOf(near, rapid.Int64()), 1, 55).Draw(t, "values")
		values = append(values, 0, math.MinInt64, math.MaxInt64)
		for _, b := range bounds[:min(2, len(bounds))] {
			values = append(values, b-1, b, b+1)
		}
		ranked(t, bounds, values)
		var days []int32
		for _, v := range values {
			days = append(days, int32(v))
		}
		ranked(t, bounds, days)
	})
}

func ranked[T int32 | int64](t *rapid.T, bounds []int64, values []T) {
	var got [64]uint16
	Ranks(New(bounds), values, &got)
	for i, v := range values {
		want := 0
		for _, b := range bounds {
			if b <= int64(v) {
				want++
			}
		}
		if int(got[i]) != want {
			t.Fatalf("%d among %v has rank %d, want %d", v, bounds, got[i], want)
		}
	}
}

// BenchmarkRanks ranks amounts by 23 bounds of several magnitudes, one operation a value: by slots, and by search.
func BenchmarkRanks(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func() int64 { return int64(math.Exp(random.NormFloat64()*2 + 16)) }
	var bounds []int64
	for range 23 {
		bounds = append(bounds, draw())
	}
	slices.Sort(bounds)
	values := make([]int64, 1<<16)
	for i := range values {
		values[i] = draw()
	}
	slots := New(slices.Compact(bounds))
	for name, l := range map[string]*Ladder{"slots": slots, "search": {bounds: bounds}} {
		b.Run(name, func(b *testing.B) {
			var out [64]uint16
			for i := range b.N / 64 {
				at := i % (len(values) / 64) * 64
				Ranks(l, values[at:at+64], &out)
			}
		})
	}
}
