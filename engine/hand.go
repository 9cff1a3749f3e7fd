package engine

import (
	"context"
	"slices"

	"mianshen/engine/kernel"
	"mianshen/rules"
)

// handled adds an item of which some rows were decided by its own program: those replace what columns said.
func (w *worker) handled(it *item, index, block, whole int, hand []handled) {
	t, u := new(kernel.Bits), new(kernel.Bits)
	if mask := w.masks[index]; mask != nil {
		*t, *u = mask[0], mask[1]
	} else {
		w.fold(&w.plan.tasks[index], whole).Bits(t, u)
	}
	for _, h := range hand {
		bit := uint64(1) << (h.row & 63)
		t[h.row>>6] &^= bit
		u[h.row>>6] &^= bit
		if h.outcome == rules.Unknown {
			u[h.row>>6] |= bit
		}
	}
	w.wait = kernel.Positions(w.wait[:0], u)
	rows, sums := w.paid(it, block, t)
	for _, h := range hand {
		if h.outcome != rules.Eligible {
			continue
		}
		at, _ := slices.BinarySearch(rows, h.row)
		rows, sums = slices.Insert(rows, at, h.row), slices.Insert(sums, at, max(h.amount, 0))
	}
	if !it.grant.Amount {
		sums = nil
	}
	slices.Sort(w.wait)
	w.out.Add(it.grant, rows, sums, w.wait)
}

// paid computes the amounts of rows whose conditions columns find true; none where the program decides them all.
func (w *worker) paid(it *item, block int, t *kernel.Bits) (rows []uint16, sums []int64) {
	if it.whole || it.pay.kind == wholeAmount {
		return nil, nil
	}
	rest := kernel.Positions(nil, t)
	switch it.pay.kind {
	case openAmount:
		w.wait = append(w.wait, rest...)
		return nil, nil
	case formulaAmount:
		w.compute(it, block, rest)
		return slices.Clone(w.rows), slices.Clone(w.sums)
	}
	for range rest {
		sums = append(sums, it.pay.fixed)
	}
	return rest, sums
}

// byHand has the rules' own programs decide what columns can't: for each such row of the block the profile is loaded once.
func (w *worker) byHand(ctx context.Context, block, rows int) error {
	p := w.plan
	clear(w.hand)
	clear(w.masks)
	wanted := map[uint16][]int{}
	for i, it := range p.items {
		if p.hand {
			for _, row := range p.handRows(it, block) {
				wanted[row] = append(wanted[row], i)
			}
		}
		if !it.whole && it.pay.kind != wholeAmount {
			continue
		}
		w.open(it, i, rows, wanted)
	}
	if len(wanted) == 0 {
		return nil
	}
	if w.session == nil {
		w.session = p.book.NewSession(p.around)
		w.hand = map[int][]handled{}
	}
	for r := range uint16(kernel.Rows) {
		if items := wanted[r]; items != nil {
			if err := w.decideRow(ctx, block*kernel.Rows+int(r), r, items); err != nil {
				return err
			}
		}
	}
	return nil
}

// open asks for the rows that the columns leave open for an item. An item whose amount alone needs the program is asked where
// its conditions are true.
func (w *worker) open(it *item, index, rows int, wanted map[uint16][]int) {
	mask := new([2]kernel.Bits)
	if w.masks == nil {
		w.masks = map[int]*[2]kernel.Bits{}
	}
	w.masks[index] = mask
	w.fold(&w.plan.tasks[index], rows).Bits(&mask[0], &mask[1])
	asked := mask[0]
	if it.whole {
		kernel.Or(&asked, &mask[0], &mask[1])
	}
	for _, r := range kernel.Positions(nil, &asked) {
		if n := len(wanted[r]); n == 0 || wanted[r][n-1] != index {
			wanted[r] = append(wanted[r], index)
		}
	}
}

// handRows are the rows of a block that columns may not decide for the item.
func (p *Plan) handRows(it *item, block int) []uint16 {
	rows := p.byHand[it.rule.Item.ID]
	from, _ := slices.BinarySearch(rows, block*kernel.Rows)
	to, _ := slices.BinarySearch(rows, (block+1)*kernel.Rows)
	var out []uint16
	for _, row := range rows[from:to] {
		out = append(out, uint16(row-block*kernel.Rows))
	}
	return out
}

// decideRow decides some items for one enterprise by their programs.
func (w *worker) decideRow(ctx context.Context, row int, r uint16, items []int) error {
	profile, err := w.plan.table.Profile(row)
	if err != nil {
		return err
	}
	w.session.Load(profile)
	for _, i := range items {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d := w.decide(w.plan.items[i].rule)
		h := handled{row: r, outcome: d.Outcome, amount: -1}
		if d.Amount != nil {
			h.amount = int64(*d.Amount)
		}
		w.hand[i] = append(w.hand[i], h)
	}
	return nil
}
