package outcome_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"mianshen/engine/kernel"
	"mianshen/engine/outcome"
)

// pair is what one item comes to for one row: 0 ineligible, 1 eligible, 2 unknown.
type pair struct {
	is     int
	amount int64
}

// made builds the result of rows by rows and items.
func made(items []outcome.Item, own []bool, rows [][]pair) *outcome.Result {
	b := &outcome.Builder{}
	var blocks []*outcome.Block
	for from := 0; from < len(rows); from += kernel.Rows {
		b.Reset(len(items))
		for i, g := range items {
			var yes, open []uint16
			var sums []int64
			for row, pairs := range rows[from:min(from+kernel.Rows, len(rows))] {
				switch p := pairs[i]; p.is {
				case 1:
					yes, sums = append(yes, uint16(row)), append(sums, p.amount)
				case 2:
					open = append(open, uint16(row))
				}
			}
			if !own[i] {
				sums = nil
			}
			b.Add(g, yes, sums, open)
		}
		blocks = append(blocks, b.Take())
	}
	return outcome.New(items, blocks, len(rows), []*outcome.Builder{b}, map[outcome.Fault]int{})
}

// TestReplaceIsFromScratch replaces rows night after night, among them new ones, and holds the bytes and the totals against a result
// built anew, and the differences against those of results that don't know where they come from.
func TestReplaceIsFromScratch(t *testing.T) {
	items := []outcome.Item{
		{ID: "none"},
		{ID: "fixed", Amount: true, Fixed: 500},
		{ID: "zero", Amount: true},
		{ID: "sums", Amount: true},
		{ID: "mostly", Amount: true, Fixed: 700},
		{ID: "rare", Amount: true, Fixed: 900},
		{ID: "huge", Amount: true},
	}
	own := []bool{false, false, false, true, true, true, true}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		share := []int{2, 16, 3, 15, 3, 400, 2} // one row in so many is eligible; around 16 sets turn into bitmaps and back
		draw := func() []pair {
			out := make([]pair, len(items))
			for i, g := range items {
				switch {
				case r.IntN(share[i]) == 0:
					out[i] = pair{1, g.Fixed}
				case r.IntN(17) == 0:
					out[i] = pair{is: 2}
				}
				if out[i].is != 1 || !own[i] {
					continue
				}
				switch {
				case g.ID == "huge" && seed%4 == 0:
					out[i].amount = math.MaxInt64 - r.Int64N(9)
				case g.Fixed == 0 || r.IntN(50) == 0:
					out[i].amount = r.Int64N(1 << 40)
				}
			}
			return out
		}
		var rows [][]pair
		for range 1 + r.IntN(3*kernel.Rows) {
			rows = append(rows, draw())
		}
		result := made(items, own, rows)
		for range 4 {
			var moved []int
			of := 1 + r.IntN(200)
			for row := range len(rows) + r.IntN(kernel.Rows)*r.IntN(2) {
				if row >= len(rows) {
					rows = append(rows, nil)
				} else if r.IntN(of) > 0 || row < kernel.Rows && seed%2 == 0 {
					continue
				}
				rows[row] = draw()
				moved = append(moved, row)
			}
			fresh := make([][]pair, len(moved))
			for i, row := range moved {
				fresh[i] = rows[row]
			}
			before := result
			var err error
			if result, err = before.Replace(moved, made(items, own, fresh)); err != nil {
				t.Fatal(err)
			}
			want := made(items, own, rows)
			if !bytes.Equal(result.AppendState(nil), want.AppendState(nil)) || !slices.Equal(result.Items, want.Items) {
				t.Fatalf("seed %d: replaced %+v, from scratch %+v", seed, result.Items, want.Items)
			}
			if got, all := listed(before, result), listed(before, want); !slices.Equal(got, all) {
				t.Fatalf("seed %d: %d differences by the replaced rows, %d by all", seed, len(got), len(all))
			}
			if got, all := listed(result, before), listed(want, before); !slices.Equal(got, all) {
				t.Fatalf("seed %d: %d differences backwards, %d from scratch", seed, len(got), len(all))
			}
		}
	}
}

func listed(before, after *outcome.Result) []outcome.Change {
	var out []outcome.Change
	outcome.Differences(before, after, func(c outcome.Change) { out = append(out, c) })
	return out
}
