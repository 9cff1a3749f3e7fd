package outcome

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"mianshen/engine/kernel"
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
	for n := 0; n*kernel.Rows < out.rows; n++ {
		if n >= len(out.blocks) {
			out.blocks = append(out.blocks, emptyBlock(len(r.items)))
		}
	}
	fresh := with.byBlock(rows, len(out.blocks))
	out.total(out.count(func(p *patcher, n int) {
		from, _ := slices.BinarySearch(rows, n*kernel.Rows)
		to, _ := slices.BinarySearch(rows, (n+1)*kernel.Rows)
		if from < to {
			out.blocks[n] = p.patch(out.blocks[n], r.items, rows[from:to], fresh[n])
		}
	}))
	return out, nil
}

// count adds all blocks up, in parallel; before is called for each of them first, unless it is nil.
func (r *Result) count(before func(p *patcher, block int)) []count {
	counts := make([]count, len(r.items))
	var next atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			mine := make([]count, len(r.items))
			p := &patcher{}
			for n := int(next.Add(1)) - 1; n < len(r.blocks); n = int(next.Add(1)) - 1 {
				if before != nil {
					before(p, n)
				}
				r.blocks[n].count(r.items, mine)
			}
			mu.Lock()
			defer mu.Unlock()
			merge(counts, mine)
		})
	}
	wg.Wait()
	return counts
}

func emptyBlock(items int) *Block {
	return &Block{at: make([]uint32, 2*items+1), paid: make([]uint32, items+1)}
}

// entry is one pair that isn't ineligible.
type entry struct {
	item   int
	row    uint16 // of the block
	set    uint8  // 0 eligible, 1 unknown
	amount int64
}

// byBlock sorts the pairs of a result by the blocks in which its rows lie elsewhere: row i is rows[i]. Within a block entries come
// by item, set and row.
func (r *Result) byBlock(rows []int, blocks int) [][]entry {
	out := make([][]entry, blocks)
	var list []uint16
	for i, g := range r.items {
		for set := range uint8(2) {
			for n, b := range r.blocks {
				list = b.rows(list[:0], i, int(set))
				place(out, entry{item: i, set: set, amount: g.Fixed}, rows[n*kernel.Rows:], list, b.amounts(i))
			}
		}
	}
	return out
}

// place adds an entry for each listed row of a block, whose rows lie at to elsewhere. sums are amounts of the eligible, nil where all
// are the same.
func place(out [][]entry, e entry, to []int, list []uint16, sums []int64) {
	for k, row := range list {
		at := to[row]
		e.row = uint16(at % kernel.Rows)
		if e.set == 0 && sums != nil {
			e.amount = sums[k]
		}
		out[at/kernel.Rows] = append(out[at/kernel.Rows], e)
	}
}

// patcher makes blocks anew; its slices are reused from one to the next.
type patcher struct {
	out     Builder
	touched kernel.Bits
	old     [2][]uint16
	rows    [2][]uint16
	sums    []int64
}

// patch is the block with some rows as fresh has them. Items in which none of the rows stood or stands are copied as they are.
func (p *patcher) patch(r *Block, items []Item, rows []int, fresh []entry) *Block {
	p.out.Reset(len(items))
	p.touched = kernel.Bits{}
	for _, row := range rows {
		at := row % kernel.Rows
		p.touched[at>>6] |= 1 << (uint(at) & 63)
	}
	for i, g := range items {
		n := 0
		for n < len(fresh) && fresh[n].item == i {
			n++
		}
		p.old[0], p.old[1] = r.rows(p.old[0][:0], i, 0), r.rows(p.old[1][:0], i, 1)
		if n > 0 || meets(&p.touched, p.old[0]) || meets(&p.touched, p.old[1]) {
			p.merge(r, g, i, fresh[:n])
		} else {
			p.out.copy(r, i)
		}
		fresh = fresh[n:]
	}
	return p.out.Take()
}

func meets(b *kernel.Bits, rows []uint16) bool {
	for _, r := range rows {
		if b[r>>6]>>(r&63)&1 == 1 {
			return true
		}
	}
	return false
}

// copy adds an item as another block has it.
func (b *Builder) copy(r *Block, i int) {
	for k := 2 * i; k < 2*i+2; k++ {
		b.data = append(b.data, r.data[r.at[k]:r.at[k+1]]...)
		b.at = append(b.at, uint32(len(b.data)))
	}
	b.sums = append(b.sums, r.sums[r.paid[i]:r.paid[i+1]]...)
	b.paid = append(b.paid, uint32(len(b.sums)))
}

// merge adds an item of which the touched rows are replaced by fresh ones.
func (p *patcher) merge(r *Block, g Item, i int, fresh []entry) {
	paid := r.amounts(i)
	p.sums = p.sums[:0]
	for set := range p.rows {
		rows := p.rows[set][:0]
		add := func(row uint16, amount int64) {
			rows = append(rows, row)
			if set == 0 && g.Amount {
				p.sums = append(p.sums, amount)
			}
		}
		for k, row := range p.old[set] {
			for len(fresh) > 0 && int(fresh[0].set) == set && fresh[0].row < row {
				add(fresh[0].row, fresh[0].amount)
				fresh = fresh[1:]
			}
			if p.touched[row>>6]>>(row&63)&1 == 1 {
				continue
			}
			amount := g.Fixed
			if set == 0 && paid != nil {
				amount = paid[k]
			}
			add(row, amount)
		}
		for len(fresh) > 0 && int(fresh[0].set) == set {
			add(fresh[0].row, fresh[0].amount)
			fresh = fresh[1:]
		}
		p.rows[set] = rows
	}
	var sums []int64
	if g.Amount {
		sums = p.sums
	}
	p.out.Add(g, p.rows[0], sums, p.rows[1])
}
