package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"mianshen/engine/kernel"
)

// Truth is what a condition came to for one row, as tests compare it.
type Truth struct {
	Item, Condition, Row int
	True, Unknown        bool
}

// Truths tells what columns make of each condition of each row.
func (p *Plan) Truths(visit func(Truth)) error {
	for i := range p.items {
		err := p.conditions(context.Background(), i, func(b, j, rows int, t, n *kernel.Bits) {
			for r := range rows {
				visit(Truth{i, j, b*kernel.Rows + r, t[r>>6]>>(r&63)&1 == 1, n[r>>6]>>(r&63)&1 == 1})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Odd lists the rows that columns can't hold.
func (p *Plan) Odd() []int { return slices.Concat(slices.Collect(maps.Values(p.odd))...) }

// Tiled is a table whose row i knows what row rows[i] of t knows; each row has a code of its own, and the first ones keep theirs.
func (t *Table) Tiled(rows []int) *Table {
	out := t.gather(rows)
	for i := len(t.codes); i < len(rows); i++ {
		out.codes[i] = fmt.Sprintf("T%017d", i)
	}
	return out
}
