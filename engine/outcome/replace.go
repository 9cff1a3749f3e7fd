package outcome

import (
	"maps"
	"slices"

	"mianshen/engine/kernel"
	"mianshen/rules"
)

// Replace returns the result with the outcomes of some rows taken from what Rows came to for them. rows ascend, each once; rows
// past the end of r are added, and must be all up to the last.
func (r *Result) Replace(rows []int, with *Result) (*Result, error) {
	if len(rows) != with.rows || !slices.Equal(r.items, with.items) {
		return nil, ErrState
	}
	out := &Result{items: r.items, blocks: slices.Clone(r.blocks), rows: r.rows, Faults: maps.Clone(r.Faults)}
	if n := len(rows); n > 0 {
		out.rows = max(out.rows, rows[n-1]+1)
	}
	for from := 0; from < len(rows); {
		block := rows[from] / kernel.Rows
		to := from
		for to < len(rows) && rows[to]/kernel.Rows == block {
			to++
		}
		for len(out.blocks) <= block {
			out.blocks = append(out.blocks, emptyBlock(len(r.items)))
		}
		out.blocks[block] = out.blocks[block].patch(r.items, rows[from:to], with, from)
		from = to
	}
	counts := make([]count, len(out.items))
	for _, b := range out.blocks {
		b.count(out.items, counts)
	}
	out.total(counts)
	return out, nil
}

func emptyBlock(items int) *Block {
	return &Block{at: make([]uint32, 2*items+1), paid: make([]uint32, items+1)}
}

// patch is the block with some rows as another result has them, from its row first on.
func (r *Block) patch(items []Item, rows []int, with *Result, first int) *Block {
	var b Builder
	b.Reset(len(items))
	var t, u kernel.Bits
	for i, g := range items {
		r.set(i, 0, &t)
		r.set(i, 1, &u)
		paid := view{r, i, g}.amounts()
		fresh := map[int]int64{}
		for k, row := range rows {
			at := row % kernel.Rows
			bit := uint64(1) << (uint(at) & 63)
			t[at>>6] &^= bit
			u[at>>6] &^= bit
			switch with.Outcome(i, first+k) {
			case rules.Eligible:
				t[at>>6] |= bit
				amount, _ := with.Amount(i, first+k)
				fresh[at] = int64(amount)
			case rules.Unknown:
				u[at>>6] |= bit
			}
		}
		b.merge(g, &t, &u, paid, fresh)
	}
	return b.Take()
}
