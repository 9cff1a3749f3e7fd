package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"mianshen/engine/kernel"
	"mianshen/engine/outcome"
	"mianshen/rules"
)

// worker evaluates blocks, one after the other.
type worker struct {
	plan     *Plan
	ts, ns   []*kernel.Bits // by node, for the block at hand
	temps    []int          // slot of a temporary group, by node
	m        machine
	reserved bool // groups have the places that a report wants

	dense   [2]kernel.Bits
	rows    []uint16
	sums    []int64
	session *rules.Session
	hand    map[int][]handled // by item, for the block at hand, by row
	masks   map[int]*[2]kernel.Bits
	out     outcome.Builder
	faults  map[Fault]int
}

// handled is a pair that a rule's own program has decided.
type handled struct {
	row     uint16
	outcome rules.Outcome
	amount  int64 // -1: none
}

func (p *Plan) newWorker() *worker {
	w := &worker{plan: p, ts: make([]*kernel.Bits, len(p.nodes)), ns: make([]*kernel.Bits, len(p.nodes)), faults: map[Fault]int{}}
	w.m.w = w
	private := 0
	for _, it := range p.items {
		private = max(private, len(it.temps))
	}
	shared := make([]kernel.Bits, 2*private)
	for id, n := range p.nodes {
		switch n.kind {
		case nodeConstant:
			w.ts[id], w.ns[id] = &constants[n.truth][0], &constants[n.truth][1]
		case nodeAtLeast, nodeLook:
			w.ts[id] = new(kernel.Bits)
		}
	}
	for _, id := range p.joined {
		pair := new([2]kernel.Bits)
		w.ts[id], w.ns[id] = &pair[0], &pair[1]
	}
	for _, it := range p.items {
		for i, id := range it.temps {
			w.ts[id], w.ns[id] = &shared[2*i], &shared[2*i+1]
		}
	}
	for _, id := range p.leaves {
		if n := &p.nodes[id]; n.kind == nodeLook && (len(n.unclear) > 0 || p.fields[n.field].lists == nil) {
			w.ns[id] = new(kernel.Bits)
		}
	}
	return w
}

// size is how many rows of a block exist.
func (p *Plan) size(block int) int { return min(p.table.Rows()-block*kernel.Rows, kernel.Rows) }

func bitsAt(words []uint64, block int) *kernel.Bits {
	return (*kernel.Bits)(words[block*kernel.Words:])
}

// leaf evaluates one predicate over one column.
func (w *worker) leaf(id int32, block int) {
	n := &w.plan.nodes[id]
	e := w.plan.fields[n.field]
	open := bitsAt(e.missing, block)
	switch n.kind {
	case nodeTrue:
		w.ts[id], w.ns[id] = bitsAt(e.bits, block), open
	case nodeMember:
		w.ts[id], w.ns[id] = bitsAt(n.rows, block), open
	case nodeAtLeast:
		w.ns[id] = open
		w.atLeast(w.ts[id], n, e, block, open)
	case nodeLook:
		w.look(id, n, e, block, open)
	}
}

func (w *worker) atLeast(t *kernel.Bits, n *node, e *encoded, block int, open *kernel.Bits) {
	from := block * kernel.Rows
	to := from + w.plan.size(block)
	switch {
	case e.planes != nil:
		size := e.depth * kernel.Words
		kernel.GEPlanes(e.planes[block*size:(block+1)*size], uint(n.rank), t)
	case e.ints != nil:
		kernel.GE64(e.ints[from:to], n.bound, t)
		kernel.AndNot(t, t, open)
	default:
		kernel.GE32(e.days[from:to], int32(min(max(n.bound, math.MinInt32), math.MaxInt32)), t)
		kernel.AndNot(t, t, open)
	}
}

// look evaluates a condition over a dictionary.
func (w *worker) look(id int32, n *node, e *encoded, block int, open *kernel.Bits) {
	t := w.ts[id]
	if e.lists == nil {
		kernel.Table32(e.codes[block*kernel.Rows:block*kernel.Rows+w.plan.size(block)], n.answers, t, w.ns[id])
		kernel.AndNot(t, t, open)
		kernel.Or(w.ns[id], w.ns[id], open)
		return
	}
	if len(n.yes) == 1 && e.dense[n.yes[0]] != nil && len(n.unclear) == 0 {
		w.ts[id], w.ns[id] = bitsAt(e.dense[n.yes[0]], block), open
		return
	}
	*t = kernel.Bits{}
	e.gather(t, n.yes, block)
	if len(n.unclear) == 0 {
		w.ns[id] = open
		return
	}
	unclear := w.ns[id]
	*unclear = *open
	e.gather(unclear, n.unclear, block)
}

// gather adds the rows of some codes to out.
func (e *encoded) gather(out *kernel.Bits, codes []uint16, block int) {
	for _, code := range codes {
		if bitmap := e.dense[code]; bitmap != nil {
			kernel.Or(out, out, bitsAt(bitmap, block))
			continue
		}
		for _, r := range e.lists.of(block, int(code)) {
			out[r>>6%kernel.Words] |= 1 << (r & 63)
		}
	}
}

// block evaluates every item over one block and returns what came of it.
func (w *worker) block(ctx context.Context, block int) (*outcome.Block, error) {
	p := w.plan
	rows := p.size(block)
	w.predicates(block)
	if err := w.byHand(ctx, block, rows); err != nil {
		return nil, err
	}
	w.out.Reset(len(p.items))
	for i, it := range p.items {
		some, open := w.conditions(it, i, rows, &w.dense[0], &w.dense[1])
		w.pay(it, i, block, some, open)
	}
	return w.out.Take(), ctx.Err()
}

// predicates evaluates everything that items share over a block.
func (w *worker) predicates(block int) {
	for _, id := range w.plan.leaves {
		w.leaf(id, block)
	}
	for _, id := range w.plan.joined {
		if n := &w.plan.nodes[id]; n.kind == nodeCompare {
			w.m.compare(n.compare, block, w.plan.size(block), w.ts[id], w.ns[id])
		} else {
			w.group(id)
		}
	}
}

func (w *worker) group(id int32) {
	n := &w.plan.nodes[id]
	if n.kind == nodeAny {
		kernel.Any(w.ts[id], w.ns[id], w.ts, w.ns, n.kids)
		return
	}
	kernel.All(w.ts[id], w.ns[id], w.ts, w.ns, n.kids)
}

// conditions folds the conditions of an item: t is where all are true, u where none is false and one is unknown. It reports
// whether there are any such rows.
func (w *worker) conditions(it *item, index, rows int, t, u *kernel.Bits) (some, open bool) {
	if mask := w.masks[index]; mask != nil {
		*t, *u = mask[0], mask[1]
		return !kernel.Empty(t), !kernel.Empty(u)
	}
	return w.conj(it, rows, t, u)
}

func (w *worker) conj(it *item, rows int, t, u *kernel.Bits) (some, open bool) {
	for _, id := range it.temps {
		w.group(id)
	}
	eligible, possible := kernel.Conj(t, u, w.ts, w.ns, it.pos, it.neg)
	if eligible == possible && rows == kernel.Rows {
		*u = kernel.Bits{}
		return eligible > 0, false
	}
	kernel.AndNot(u, u, t)
	if rows == kernel.Rows {
		return eligible > 0, true
	}
	trim(t, rows)
	trim(u, rows)
	return !kernel.Empty(t), !kernel.Empty(u)
}

// trim clears the rows past the end.
func trim(b *kernel.Bits, rows int) {
	for i := range b {
		switch left := rows - i*64; {
		case left <= 0:
			b[i] = 0
		case left < 64:
			b[i] &= 1<<uint(left) - 1
		}
	}
}

// pay computes amounts where the conditions are true (w.dense[0], if there are some) and adds the item to the result with what is
// unknown (w.dense[1], if anything is open). Where an amount isn't known, eligible becomes unknown.
func (w *worker) pay(it *item, index, block int, some, open bool) {
	t, u := &w.dense[0], &w.dense[1]
	if hand := w.hand[index]; it.whole || len(hand) > 0 || it.pay.kind == wholeAmount {
		w.handled(it, hand, block, t, u)
		return
	}
	w.rows = w.rows[:0]
	switch {
	case some && it.pay.kind == openAmount:
		kernel.Or(u, u, t)
		open = true
	case some:
		w.rows = kernel.Positions(w.rows, t)
	}
	var sums []int64
	if len(w.rows) > 0 && it.pay.kind == formulaAmount {
		before := len(w.rows)
		w.compute(it, block, w.rows, u)
		sums, open = w.sums, open || len(w.rows) < before
	}
	if !open {
		u = nil
	}
	w.out.Add(it.grant, w.rows, sums, u)
}

// compute leaves in w.rows and w.sums the rows whose amount is known, and moves the others to u.
func (w *worker) compute(it *item, block int, rows []uint16, u *kernel.Bits) {
	w.m.run(&it.pay.prog, block, rows, len(rows))
	vals := w.m.vals[it.pay.sum.reg]
	w.sums = w.sums[:0]
	kept := rows[:0]
	for j, r := range rows {
		if !w.m.known(it.pay.sum.reg, j) {
			u[r>>6] |= 1 << (r & 63)
			continue
		}
		kept = append(kept, r)
		w.sums = append(w.sums, it.pay.round(vals[j]))
	}
	w.rows = kept
}

// handled adds an item of which some rows were decided by its own program: those replace what columns said.
func (w *worker) handled(it *item, hand []handled, block int, t, u *kernel.Bits) {
	for _, h := range hand {
		bit := uint64(1) << (h.row & 63)
		t[h.row>>6] &^= bit
		u[h.row>>6] &^= bit
		if h.outcome == rules.Unknown {
			u[h.row>>6] |= bit
		}
	}
	var rows []uint16
	var sums []int64
	if !it.whole && it.pay.kind != wholeAmount {
		rest := kernel.Positions(nil, t)
		switch it.pay.kind {
		case openAmount:
			kernel.Or(u, u, t)
		case formulaAmount:
			w.compute(it, block, rest, u)
			rows, sums = slices.Clone(w.rows), slices.Clone(w.sums)
		default:
			rows = rest
			for range rest {
				sums = append(sums, it.pay.fixed)
			}
		}
	}
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
	w.out.Add(it.grant, rows, sums, u)
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
	w.conj(it, rows, &mask[0], &mask[1])
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
	touched := p.byHand[it.rule.Item.ID]
	if len(touched)+len(p.odd) == 0 {
		return nil
	}
	var out []uint16
	for _, list := range [][]int{touched, p.odd} {
		from, _ := slices.BinarySearch(list, block*kernel.Rows)
		for _, row := range list[from:] {
			if row >= (block+1)*kernel.Rows {
				break
			}
			out = append(out, uint16(row-block*kernel.Rows))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
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

// Decide decides one pair by the rule's own program for the profile that the session has loaded. A fault of the program is that
// pair's 待核实, never the end of what asks.
func Decide(s *rules.Session, r *rules.Rule) (d *rules.Decision) {
	defer func() {
		if p := recover(); p != nil {
			d = s.Undecided(r, fmt.Sprintf("%s%v", faultPrefix, p))
		}
	}()
	return s.Decide(r)
}

// faultPrefix begins the reason of a pair whose program failed.
const faultPrefix = "判定时出错："

// decide is Decide, counting faults.
func (w *worker) decide(r *rules.Rule) *rules.Decision {
	d := Decide(w.session, r)
	if len(d.Faults) == 1 && strings.HasPrefix(d.Faults[0], faultPrefix) {
		w.faults[Fault{Item: r.Item.ID, Reason: d.Faults[0]}]++
	}
	return d
}
