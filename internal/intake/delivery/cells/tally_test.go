package cells

import (
	"math/big"
	"slices"
	"testing"

	"mianshen/engine/column"
)

// Figures are those of all values, however they are divided into parts of different scales and however parts are joined.
func TestTally(t *testing.T) {
	r := seeded(t)
	f, _ := vocabulary(t).Field("系数")
	for range 200 {
		var all []*big.Rat
		tallies := make([]Tally, 3)
		for part := range 6 {
			b := column.NewBuilder(column.Number)
			for range r.IntN(20) {
				if r.IntN(5) == 0 {
					b.Missing()
					continue
				}
				n, scale := r.Int64N(1<<(1+r.IntN(50)))-r.Int64N(1000), uint8(r.IntN(4))
				b.Number(n, scale)
				all = append(all, new(big.Rat).SetFrac(big.NewInt(n), new(big.Int).SetUint64(pow10[scale])))
			}
			tallies[part%3].Add(b.Take(column.Origin{}))
		}
		var sum Tally
		for i := range tallies {
			sum.Merge(&tallies[i], 0)
		}
		got := sum.Tell(f)
		if sum.Known != len(all) || (got == nil) != (len(all) == 0) {
			t.Fatalf("%d values, want %d", sum.Known, len(all))
		}
		if got != nil {
			figures(t, got, all)
		}
	}
}

func figures(t *testing.T, got *Numbers, all []*big.Rat) {
	t.Helper()
	slices.SortFunc(all, (*big.Rat).Cmp)
	total, zeros := new(big.Rat), 0
	var magnitudes []*big.Rat
	for _, v := range all {
		total.Add(total, v)
		if v.Sign() == 0 {
			zeros++
			continue
		}
		magnitudes = append(magnitudes, new(big.Rat).Abs(v))
	}
	for what, pair := range map[string][2]*big.Rat{
		"least": {parse(t, got.Least), all[0]}, "most": {parse(t, got.Most), all[len(all)-1]}, "total": {parse(t, got.Total), total},
	} {
		if pair[0].Cmp(pair[1]) != 0 {
			t.Fatalf("%s: %s, want %s", what, pair[0].FloatString(4), pair[1].FloatString(4))
		}
	}
	if got.Zeros != zeros || (got.Median == "") != (len(magnitudes) == 0) {
		t.Fatalf("%+v: want %d zeros", got, zeros)
	}
	if got.Median == "" {
		return
	}
	slices.SortFunc(magnitudes, (*big.Rat).Cmp)
	middle, told := magnitudes[(len(magnitudes)-1)/2], parse(t, got.Median)
	if told.Cmp(middle) > 0 || new(big.Rat).Mul(told, big.NewRat(11, 10)).Cmp(middle) <= 0 {
		t.Fatalf("median %s, want %s", got.Median, middle.FloatString(4))
	}
}

func parse(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return r
}
