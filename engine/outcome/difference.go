package outcome

import (
	"bytes"
	"math/bits"
	"slices"
	"weak"

	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// Change is what one item comes to otherwise for one enterprise.
type Change struct {
	Item                string
	Row                 int
	Was, Now            rules.Outcome
	Before, After       exact.Money
	HasBefore, HasAfter bool // whether the amounts count
}

// Differences calls visit for every pair of which two results say different things, item by item in the order of after, then
// those that only before has, each by row. Rows that before doesn't have count as ineligible in it; both results must number
// their rows alike. Where before.Replace made after, only the replaced rows are looked at.
func Differences(before, after *Result, visit func(Change)) {
	if p := after.patch; p != nil && p.of == weak.Make(before) {
		Differences(p.was, p.now, func(c Change) {
			c.Row = p.rows[c.Row]
			visit(c)
		})
		return
	}
	was := map[string]int{}
	for i, g := range before.items {
		was[g.ID] = i
	}
	for i, g := range after.items {
		j, ok := was[g.ID]
		if !ok {
			j = -1
		}
		delete(was, g.ID)
		differ(before, after, j, i, g.ID, visit)
	}
	for j, g := range before.items {
		if _, gone := was[g.ID]; gone {
			differ(before, after, j, -1, g.ID, visit)
		}
	}
}

// view is one item of one block, or nothing.
type view struct {
	block *Block
	item  int
	grant Item
}

func (r *Result) view(block, item int) view {
	if item < 0 || block >= len(r.blocks) {
		return view{}
	}
	return view{r.blocks[block], item, r.items[item]}
}

// same reports whether two views hold the same bytes.
func (v view) same(o view) bool {
	if v.block == nil || o.block == nil {
		return v.empty() && o.empty()
	}
	x, y := v.block.at[2*v.item:], o.block.at[2*o.item:]
	if x[1]-x[0] != y[1]-y[0] || x[2]-x[1] != y[2]-y[1] || !slices.Equal(v.block.data[x[0]:x[2]], o.block.data[y[0]:y[2]]) {
		return false
	}
	a, b := v.sums(), o.sums()
	return bytes.Equal(a, b) && v.grant.Amount == o.grant.Amount && (len(a) > 0 || v.grant.Fixed == o.grant.Fixed)
}

func (v view) empty() bool { return v.block == nil || v.block.at[2*v.item] == v.block.at[2*v.item+2] }

func (v view) sums() []byte { return v.block.sums[v.block.paid[v.item]:v.block.paid[v.item+1]] }

func (v view) set(k int, out *kernel.Bits) {
	if v.block == nil {
		*out = kernel.Bits{}
		return
	}
	v.block.set(v.item, k, out)
}

// amounts are the amounts by row of the block.
func (v view) amounts() func(row int) (exact.Money, bool) {
	if v.block == nil || !v.grant.Amount {
		return func(int) (exact.Money, bool) { return 0, false }
	}
	sums := v.block.amounts(v.item)
	if sums == nil {
		return func(int) (exact.Money, bool) { return exact.Money(v.grant.Fixed), true }
	}
	rows := v.block.rows(nil, v.item, 0)
	return func(row int) (exact.Money, bool) {
		at, _ := slices.BinarySearch(rows, uint16(row))
		return exact.Money(sums[at]), true
	}
}

func differ(before, after *Result, j, i int, id string, visit func(Change)) {
	var sets [4]kernel.Bits // eligible and unknown, before and after
	for b := range max(len(before.blocks), len(after.blocks)) {
		old, now := before.view(b, j), after.view(b, i)
		if old.same(now) {
			continue
		}
		old.set(0, &sets[0])
		old.set(1, &sets[1])
		now.set(0, &sets[2])
		now.set(1, &sets[3])
		was, is := old.amounts(), now.amounts()
		each(&sets, func(row int) {
			c := Change{Item: id, Row: b*kernel.Rows + row, Was: outcome(&sets[0], &sets[1], row), Now: outcome(&sets[2], &sets[3], row)}
			if c.Was == rules.Eligible {
				c.Before, c.HasBefore = was(row)
			}
			if c.Now == rules.Eligible {
				c.After, c.HasAfter = is(row)
			}
			if c.Was != c.Now || c.Before != c.After || c.HasBefore != c.HasAfter {
				visit(c)
			}
		})
	}
}

// each calls visit for the rows whose outcome differs, and for those that are eligible both times: their amounts may differ.
func each(sets *[4]kernel.Bits, visit func(row int)) {
	for w := range kernel.Words {
		changed := (sets[0][w] ^ sets[2][w]) | (sets[1][w] ^ sets[3][w]) | (sets[0][w] & sets[2][w])
		for ; changed != 0; changed &= changed - 1 {
			visit(w*64 + bits.TrailingZeros64(changed))
		}
	}
}

func outcome(t, u *kernel.Bits, row int) rules.Outcome {
	switch {
	case t[row>>6]>>(uint(row)&63)&1 == 1:
		return rules.Eligible
	case u[row>>6]>>(uint(row)&63)&1 == 1:
		return rules.Unknown
	}
	return rules.Ineligible
}
