package outcome

import (
	"encoding/binary"
	"maps"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"weak"

	"mianshen/engine/kernel"
)

// patch is how a result came out of another one, so that the two can be compared by the replaced rows alone. It knows the other one
// only weakly: a chain of nights must not keep every night before it alive.
type patch struct {
	of       weak.Pointer[Result]
	rows     []int
	was, now *Result // of the rows, by their place in rows
}

// Replace returns the result with the outcomes of some rows taken from what Rows came to for them. rows ascend, each once; rows
// past the end of r are added, and must be all up to the last. Differences of r and the new result then take time in proportion to
// the rows.
func (r *Result) Replace(rows []int, with *Result) (*Result, error) {
	if len(rows) != with.rows || !slices.Equal(r.items, with.items) {
		return nil, ErrState
	}
	out := &Result{items: r.items, blocks: slices.Clone(r.blocks), rows: r.rows, Faults: maps.Clone(r.Faults)}
	if n := len(rows); n > 0 {
		out.rows = max(out.rows, rows[n-1]+1)
	}
	for n := 0; n*kernel.Rows < out.rows; n++ {
		if n >= len(out.blocks) {
			out.blocks = append(out.blocks, emptyBlock(len(r.items)))
		}
	}
	fresh := with.byBlock(rows, len(out.blocks))
	gone := make([][]entry, len(out.blocks))
	patchers := parallel(len(out.blocks), func() *patcher { return newPatcher(r.items, rows) }, func(p *patcher, n int) {
		if p.turn(n) {
			out.blocks[n] = p.patch(out.blocks[n], fresh[n])
			gone[n] = slices.Clone(p.gone)
		}
	})
	out.patch = &patch{of: weak.Make(r), rows: slices.Clone(rows), was: gathered(r.items, slices.Concat(gone...), len(rows)), now: with}
	out.retotal(r, patchers)
	return out, nil
}

// retotal adds up what the patchers changed against before.
func (r *Result) retotal(before *Result, patchers []*patcher) {
	if slices.ContainsFunc(before.Items, func(t Total) bool { return t.Overflow }) {
		r.total(r.count()) // the sum before isn't known
		return
	}
	counts := make([]count, len(r.items))
	for i, t := range before.Items {
		counts[i] = count{eligible: t.Eligible, unknown: t.Unknown, low: uint64(t.Sum)}
	}
	for _, p := range patchers {
		merge(counts, p.more)
	}
	for _, p := range patchers { // after all are added, so that nothing falls below zero
		for i := range counts {
			counts[i].minus(p.less[i])
		}
	}
	r.total(counts)
}

func (c *count) minus(o count) {
	c.eligible -= o.eligible
	c.unknown -= o.unknown
	var borrow uint64
	c.low, borrow = bits.Sub64(c.low, o.low, 0)
	c.high -= o.high + borrow
}

// parallel has work done for the numbers below n, each once, on all processors, each of which has what start gives; it returns
// those.
func parallel[W any](n int, start func() W, work func(w W, n int)) []W {
	workers := make([]W, min(runtime.GOMAXPROCS(0), max(n, 1)))
	var next atomic.Int64
	var wg sync.WaitGroup
	for i := range workers {
		workers[i] = start()
		wg.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				work(workers[i], k)
			}
		})
	}
	wg.Wait()
	return workers
}

// count adds all blocks up.
func (r *Result) count() []count {
	counts := make([]count, len(r.items))
	parts := parallel(len(r.blocks), func() []count { return make([]count, len(r.items)) }, func(mine []count, n int) {
		r.blocks[n].count(r.items, mine)
	})
	for _, mine := range parts {
		merge(counts, mine)
	}
	return counts
}

func emptyBlock(items int) *Block {
	return &Block{at: make([]uint32, 2*items+1), paid: make([]uint32, items+1)}
}

// entry is one pair that isn't ineligible.
type entry struct {
	amount int64
	item   int32
	row    int32 // its place among the replaced rows
	set    uint8 // 0 eligible, 1 unknown
	own    bool  // the amount was kept for the row, not taken from the item
}

// grouped sorts entries into groups; those of one group stay in their order.
func grouped(list []entry, groups int, group func(entry) int) [][]entry {
	ends := make([]int, groups+1)
	for _, e := range list {
		ends[group(e)+1]++
	}
	for g := range groups {
		ends[g+1] += ends[g]
	}
	sorted, out := make([]entry, len(list)), make([][]entry, groups)
	for g := range out {
		out[g] = sorted[ends[g]:ends[g]:ends[g+1]]
	}
	for _, e := range list {
		g := group(e)
		out[g] = append(out[g], e)
	}
	return out
}

// byBlock lists the pairs of a result by the blocks in which its rows lie elsewhere: row i is rows[i]. Within a block entries come by
// item, set and row.
func (r *Result) byBlock(rows []int, blocks int) [][]entry {
	most := 0
	for _, t := range r.Items {
		most += t.Eligible + t.Unknown
	}
	all := make([]entry, 0, most)
	var list []uint16
	for i, g := range r.items {
		for set := range uint8(2) {
			for n, b := range r.blocks {
				list = b.rows(list[:0], i, int(set))
				all = list16(all, entry{item: int32(i), set: set, row: int32(n * kernel.Rows), amount: g.Fixed}, list, b.paidOut(g, i, int(set)))
			}
		}
	}
	return grouped(all, blocks, func(e entry) int { return rows[e.row] / kernel.Rows })
}

// paidOut are the amounts that were kept for the rows of a set; nil where there are none.
func (r *Block) paidOut(g Item, i, set int) []int64 {
	if set != 0 || !g.Amount {
		return nil
	}
	return r.amounts(i)
}

// list16 adds an entry for each listed row of the block that begins at row first.row.
func list16(out []entry, first entry, list []uint16, sums []int64) []entry {
	for k, row := range list {
		e := first
		e.row += int32(row)
		if sums != nil {
			e.amount, e.own = sums[k], true
		}
		out = append(out, e)
	}
	return out
}

// gathered is the result for the replaced rows by themselves; entries come by block, and within one by item, set and row.
func gathered(items []Item, list []entry, rows int) *Result {
	blocks := (rows + kernel.Rows - 1) / kernel.Rows
	sets := 2 * len(items)
	parts := grouped(list, blocks*sets, func(e entry) int { return int(e.row)/kernel.Rows*sets + 2*int(e.item) + int(e.set) })
	b := &Builder{}
	made := make([]*Block, blocks)
	var yes, open []uint16
	var sums []int64
	for n := range made {
		b.Reset(len(items))
		for i, g := range items {
			yes, open, sums = yes[:0], open[:0], sums[:0]
			own := false
			for _, e := range parts[n*sets+2*i] {
				yes, sums, own = append(yes, uint16(e.row%kernel.Rows)), append(sums, e.amount), own || e.own
			}
			for _, e := range parts[n*sets+2*i+1] {
				open = append(open, uint16(e.row%kernel.Rows))
			}
			if own {
				b.Add(g, yes, sums, open)
			} else {
				b.Add(g, yes, nil, open)
			}
		}
		made[n] = b.Take()
	}
	return New(items, made, rows, []*Builder{b}, nil)
}

// patcher makes blocks anew; its slices are reused from one to the next.
type patcher struct {
	items []Item
	rows  []int // that are replaced, of the whole result

	touched    kernel.Bits        // of the block at hand: which rows are replaced
	place      [kernel.Rows]int32 // their places in rows
	out        Builder
	gone       []entry // what the replaced rows came to before
	old        []uint16
	paid, sums []int64
	more, less []count // by item, of all blocks so far: what came and what went
}

func newPatcher(items []Item, rows []int) *patcher {
	return &patcher{items: items, rows: rows, more: make([]count, len(items)), less: make([]count, len(items))}
}

// turn turns to a block and tells whether any of its rows is replaced.
func (p *patcher) turn(block int) bool {
	from, _ := slices.BinarySearch(p.rows, block*kernel.Rows)
	to, _ := slices.BinarySearch(p.rows, (block+1)*kernel.Rows)
	p.touched = kernel.Bits{}
	for i := from; i < to; i++ {
		at := p.rows[i] % kernel.Rows
		p.touched[at>>6] |= 1 << (uint(at) & 63)
		p.place[at] = int32(i)
	}
	return from < to
}

func (p *patcher) hits(row uint16) uint64 { return p.touched[row>>6%kernel.Words] >> (row & 63) & 1 }

func (p *patcher) at(e entry) uint16 { return uint16(p.rows[e.row] % kernel.Rows) }

// patch is the block with the replaced rows as fresh has them. It leaves in gone what they came to before, by item, set and row.
func (p *patcher) patch(r *Block, fresh []entry) *Block {
	p.out.Reset(len(p.items))
	p.gone = p.gone[:0]
	for i, g := range p.items {
		n, yes := 0, 0
		for n < len(fresh) && int(fresh[n].item) == i {
			yes += 1 - int(fresh[n].set)
			n++
		}
		if n == 0 && r.at[2*i] == r.at[2*i+2] { // as most are
			end := uint32(len(p.out.data))
			p.out.at, p.out.paid = append(p.out.at, end, end), append(p.out.paid, uint32(len(p.out.sums)))
			continue
		}
		before := len(p.gone)
		p.set(r, i, 0, fresh[:yes])
		middle := len(p.gone)
		p.set(r, i, 1, fresh[yes:n])
		p.pay(r, g, i, fresh[:yes], p.gone[before:middle])
		if n > 0 {
			p.more[i].add(fresh[:n])
		}
		if len(p.gone) > before {
			p.less[i].add(p.gone[before:])
		}
		fresh = fresh[n:]
	}
	return p.out.Take()
}

func (c *count) add(list []entry) {
	for _, e := range list {
		if e.set == 0 {
			c.eligible++
			c.times(1, e.amount)
		} else {
			c.unknown++
		}
	}
}

// set adds set k of item i.
func (p *patcher) set(r *Block, i, k int, fresh []entry) {
	rows := r.data[r.at[2*i+k]:r.at[2*i+k+1]]
	switch {
	case len(rows)+len(fresh) >= denseFrom:
		p.dense(r, i, k, fresh)
	case len(rows)+len(fresh) > 0:
		p.sparse(rows, i, k, fresh)
	}
	p.out.at = append(p.out.at, uint32(len(p.out.data)))
}

// sparse copies the rows that stay, without a branch for each, since most blocks have few of the others, and then lets the fresh ones
// in from the end.
func (p *patcher) sparse(rows []uint16, i, k int, fresh []entry) {
	start := len(p.out.data)
	data := slices.Grow(p.out.data, len(rows)+len(fresh))[:start+len(rows)+len(fresh)]
	n, touched := start, &p.touched
	for _, row := range rows {
		data[n] = row
		n += int(^touched[row>>6%kernel.Words] >> (row & 63) & 1)
	}
	if n-start < len(rows) {
		p.leave(rows, i, k)
	}
	end := n + len(fresh)
	for at, left := end-1, len(fresh); left > 0; at-- {
		row := p.at(fresh[left-1])
		if n > start && data[n-1] > row {
			n--
			data[at] = data[n]
			continue
		}
		data[at] = row
		left--
	}
	p.out.data = data[:end]
}

// dense is sparse for sets that are, or may become, a bitmap.
func (p *patcher) dense(r *Block, i, k int, fresh []entry) {
	var now, went kernel.Bits
	r.set(i, k, &now)
	kernel.And(&went, &now, &p.touched)
	kernel.AndNot(&now, &now, &p.touched)
	for _, e := range fresh {
		row := p.at(e)
		now[row>>6] |= 1 << (row & 63)
	}
	if !kernel.Empty(&went) {
		p.old = kernel.Positions(p.old[:0], &went)
		p.leave(p.old, i, k)
	}
	if kernel.Count(&now) < denseFrom {
		p.out.data = kernel.Positions(p.out.data, &now)
		return
	}
	p.out.data = appendBits(p.out.data, &now)
}

// leave adds to gone those of the rows that are replaced.
func (p *patcher) leave(rows []uint16, i, k int) {
	for _, row := range rows {
		if p.hits(row) == 1 {
			p.gone = append(p.gone, entry{item: int32(i), set: uint8(k), row: p.place[row], amount: p.items[i].Fixed})
		}
	}
}

// pay adds the amounts of item i, and tells the eligible rows that are gone theirs.
func (p *patcher) pay(r *Block, g Item, i int, fresh, gone []entry) {
	kept := r.sums[r.paid[i]:r.paid[i+1]]
	switch {
	case len(fresh)+len(gone) == 0:
		p.out.sums = append(p.out.sums, kept...)
	case len(kept) > 0 || slices.ContainsFunc(fresh, func(e entry) bool { return e.own }):
		p.repay(r, g, i, fresh, gone)
	}
	p.out.paid = append(p.out.paid, uint32(len(p.out.sums)))
}

func (p *patcher) repay(r *Block, g Item, i int, fresh, gone []entry) {
	p.old, p.paid, p.sums = r.rows(p.old[:0], i, 0), r.appendAmounts(p.paid[:0], i), p.sums[:0]
	for k, row := range p.old {
		for len(fresh) > 0 && p.at(fresh[0]) < row {
			p.sums = append(p.sums, fresh[0].amount)
			fresh = fresh[1:]
		}
		amount, own := g.Fixed, len(p.paid) > 0
		if own {
			amount = p.paid[k]
		}
		if p.hits(row) == 1 {
			gone[0].amount, gone[0].own = amount, own
			gone = gone[1:]
			continue
		}
		p.sums = append(p.sums, amount)
	}
	for _, e := range fresh {
		p.sums = append(p.sums, e.amount)
	}
	if g.fixed(p.sums) {
		return
	}
	for _, s := range p.sums {
		p.out.sums = binary.AppendUvarint(p.out.sums, uint64(s))
	}
}
