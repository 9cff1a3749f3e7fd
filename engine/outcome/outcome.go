// Package outcome holds what a sweep came to: for every item which enterprises are eligible, for which it is unknown, and the
// amounts, in blocks of rows. Results can be asked, compared, cut, joined, patched, and written as bytes; they know nothing of
// how they were decided.
package outcome

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// denseFrom is from how many rows on a set of rows of a block is kept as a bitmap: it then takes as much room.
const denseFrom = kernel.Rows / 16

// Block holds, for every item, the rows of one block that are eligible and those that are unknown, and the amounts of
// the eligible ones where they differ between rows. Set k of item i lies at data[at[2i+k]:at[2i+k+1]]: row numbers, ascending,
// or, when it is denseFrom long, a bitmap. Amounts in 分 lie as varints at sums[paid[i]:paid[i+1]]; none there means that all
// eligible rows get the item's fixed amount.
type Block struct {
	at   []uint32
	data []uint16
	paid []uint32
	sums []byte
}

// Builder makes a Block, item by item.
type Builder struct {
	Block
	counts []count
	most   kernel.Bits
}

// count adds up one item over blocks.
type count struct {
	eligible, unknown int
	high, low         uint64 // sum of amounts in 分
}

// Reset begins a block of so many items.
func (b *Builder) Reset(items int) {
	b.at, b.data, b.paid, b.sums = append(b.at[:0], 0), b.data[:0], append(b.paid[:0], 0), b.sums[:0]
	if b.counts == nil {
		b.counts = make([]count, items)
	}
}

// Take returns what was added since Reset.
func (b *Builder) Take() *Block {
	return &Block{at: slices.Clone(b.at), data: slices.Clone(b.data), paid: slices.Clone(b.paid), sums: slices.Clone(b.sums)}
}

// Add adds the next item: its eligible rows, their amounts (nil: the item's fixed amount, or none), the unknown rows;
// rows ascend.
func (b *Builder) Add(g Item, rows []uint16, sums []int64, unknown []uint16) {
	if g.fixed(sums) {
		sums = nil
	}
	c := &b.counts[len(b.paid)-1]
	c.eligible += len(rows)
	c.unknown += len(unknown)
	b.put(rows)
	b.put(unknown)
	for _, s := range sums {
		b.sums = binary.AppendUvarint(b.sums, uint64(s))
		c.plus(uint64(s))
	}
	b.paid = append(b.paid, uint32(len(b.sums)))
	if sums == nil {
		c.times(len(rows), g.Fixed)
	}
}

// fixed reports whether all amounts are the item's own, so that they needn't be kept.
func (g Item) fixed(sums []int64) bool {
	return g.Fixed > 0 && !slices.ContainsFunc(sums, func(s int64) bool { return s != g.Fixed })
}

// AddActive adds the next item from the rows that its conditions leave, where no row has an amount of its own.
func (b *Builder) AddActive(g *Item, a *kernel.Active) {
	yes, open := a.Counts()
	c := &b.counts[len(b.paid)-1]
	c.eligible += yes
	c.unknown += open
	c.times(yes, g.Fixed)
	if yes >= denseFrom || open >= denseFrom {
		b.wide(a, yes, open)
	} else {
		b.data = a.AppendYes(b.data, yes)
		b.at = append(b.at, uint32(len(b.data)))
		b.data = a.AppendOpen(b.data, open)
		b.at = append(b.at, uint32(len(b.data)))
	}
	b.paid = append(b.paid, uint32(len(b.sums)))
}

// wide adds two sets of which one at least is kept as a bitmap.
func (b *Builder) wide(a *kernel.Active, yes, open int) {
	var t, u kernel.Bits
	a.Bits(&t, &u)
	if yes < denseFrom {
		b.data = a.AppendYes(b.data, yes)
	} else {
		b.data = appendBits(b.data, &t)
	}
	b.at = append(b.at, uint32(len(b.data)))
	if open < denseFrom {
		b.data = a.AppendOpen(b.data, open)
	} else {
		b.data = appendBits(b.data, &u)
	}
	b.at = append(b.at, uint32(len(b.data)))
}

// put adds a set of rows.
func (b *Builder) put(rows []uint16) {
	if len(rows) < denseFrom {
		b.data = append(b.data, rows...)
	} else {
		b.most = kernel.Bits{}
		for _, r := range rows {
			b.most[r>>6] |= 1 << (r & 63)
		}
		b.data = appendBits(b.data, &b.most)
	}
	b.at = append(b.at, uint32(len(b.data)))
}

// times adds n equal amounts.
func (c *count) times(n int, amount int64) {
	high, low := bits.Mul64(uint64(n), uint64(amount))
	c.high += high
	c.plus(low)
}

func (c *count) plus(n uint64) {
	var carry uint64
	c.low, carry = bits.Add64(c.low, n, 0)
	c.high += carry
}

func appendBits(data []uint16, b *kernel.Bits) []uint16 {
	for _, w := range b {
		data = append(data, uint16(w), uint16(w>>16), uint16(w>>32), uint16(w>>48))
	}
	return data
}

// set reads set k of item i into out.
func (r *Block) set(i, k int, out *kernel.Bits) {
	rows := r.data[r.at[2*i+k]:r.at[2*i+k+1]]
	*out = kernel.Bits{}
	if len(rows) == denseFrom {
		for j := range out {
			out[j] = uint64(rows[4*j]) | uint64(rows[4*j+1])<<16 | uint64(rows[4*j+2])<<32 | uint64(rows[4*j+3])<<48
		}
		return
	}
	for _, row := range rows {
		out[row>>6] |= 1 << (row & 63)
	}
}

// rows appends the rows of set k of item i to dst, ascending.
func (r *Block) rows(dst []uint16, i, k int) []uint16 {
	rows := r.data[r.at[2*i+k]:r.at[2*i+k+1]]
	if len(rows) < denseFrom {
		return append(dst, rows...)
	}
	var b kernel.Bits
	r.set(i, k, &b)
	return kernel.Positions(dst, &b)
}

// amounts returns the amounts of item i's eligible rows, or nil when they all get the fixed amount or none.
func (r *Block) amounts(i int) []int64 {
	if r.paid[i] == r.paid[i+1] {
		return nil
	}
	return r.appendAmounts(make([]int64, 0, (r.paid[i+1]-r.paid[i])/2), i) // few amounts in 分 fit into a byte
}

func (r *Block) appendAmounts(dst []int64, i int) []int64 {
	data := r.sums[r.paid[i]:r.paid[i+1]]
	for len(data) > 0 {
		v, n := binary.Uvarint(data)
		dst = append(dst, int64(v))
		data = data[max(n, 1):]
	}
	return dst
}

// Result is what a sweep came to: for every item which enterprises are eligible, for which it is unknown, and the amounts.
// It is immutable.
type Result struct {
	Items  []Total
	Faults map[Fault]int // pairs that are unknown because the rule failed

	items  []Item
	blocks []*Block
	rows   int
	patch  *patch // nil: it didn't come out of Replace
}

// Item says of an item how amounts are kept.
type Item struct {
	ID     string
	Amount bool  // the item has amounts
	Fixed  int64 // 分; what eligible rows get where no amounts are kept
}

// Total is one item of a result. Ineligible is the rest of the rows.
type Total struct {
	Item                          string
	Eligible, Unknown, Ineligible int
	Sum                           exact.Money // of the eligible amounts; 0 where the item has none
	Overflow                      bool        // the sum is beyond what money can count
}

func (r *Result) total(counts []count) {
	for i, it := range r.items {
		c := counts[i]
		t := Total{Item: it.ID, Eligible: c.eligible, Unknown: c.unknown, Ineligible: r.rows - c.eligible - c.unknown}
		if t.Overflow = c.high > 0 || c.low >= 1<<63; !t.Overflow {
			t.Sum = exact.Money(c.low)
		}
		r.Items = append(r.Items, t)
	}
}

// Slice is the result for n blocks of kernel.Rows rows from block first on; less where there are not so many.
func (r *Result) Slice(first, n int) *Result {
	out := &Result{items: r.items, Faults: map[Fault]int{}}
	first = min(first, len(r.blocks))
	out.blocks = r.blocks[first:min(first+n, len(r.blocks))]
	out.rows = max(min(r.rows-first*kernel.Rows, n*kernel.Rows), 0)
	out.total(out.count())
	return out
}

// New joins blocks of items that builders have made; rows is how many rows they have together. All blocks but the last must be
// whole, and the builders must have made these blocks and no others.
func New(items []Item, blocks []*Block, rows int, builders []*Builder, faults map[Fault]int) *Result {
	r := &Result{items: items, blocks: blocks, rows: rows, Faults: faults}
	counts := make([]count, len(items))
	for _, b := range builders {
		merge(counts, b.counts)
	}
	r.total(counts)
	return r
}

func merge(into, more []count) {
	for i, c := range more {
		into[i].eligible += c.eligible
		into[i].unknown += c.unknown
		into[i].high += c.high
		into[i].plus(c.low)
	}
}

// Rows is how many enterprises the result covers.
func (r *Result) Rows() int { return r.rows }

// Outcome is what item i came to for a row.
func (r *Result) Outcome(i, row int) rules.Outcome {
	b := r.blocks[row/kernel.Rows]
	at := uint16(row % kernel.Rows)
	switch {
	case b.has(i, 0, at):
		return rules.Eligible
	case b.has(i, 1, at):
		return rules.Unknown
	}
	return rules.Ineligible
}

func (r *Block) has(i, k int, row uint16) bool {
	rows := r.data[r.at[2*i+k]:r.at[2*i+k+1]]
	if len(rows) == denseFrom {
		return rows[row>>4]>>(row&15)&1 == 1
	}
	_, found := slices.BinarySearch(rows, row)
	return found
}

// Amount is what an eligible row gets from item i; ok is false where it isn't eligible or the item has no amount.
func (r *Result) Amount(i, row int) (m exact.Money, ok bool) {
	it := r.items[i]
	if r.Outcome(i, row) != rules.Eligible || !it.Amount {
		return 0, false
	}
	b := r.blocks[row/kernel.Rows]
	sums := b.amounts(i)
	if sums == nil {
		return exact.Money(it.Fixed), true
	}
	at, _ := slices.BinarySearch(b.rows(nil, i, 0), uint16(row%kernel.Rows))
	return exact.Money(sums[at]), true
}

// Grants calls visit for every eligible row of item i in order, with its amount (0 where the item has none), until visit
// returns false.
func (r *Result) Grants(i int, visit func(row int, amount exact.Money) bool) {
	var rows []uint16
	for n, b := range r.blocks {
		rows = b.rows(rows[:0], i, 0)
		sums := b.amounts(i)
		for j, row := range rows {
			amount := r.items[i].Fixed
			if sums != nil {
				amount = sums[j]
			}
			if !visit(n*kernel.Rows+int(row), exact.Money(amount)) {
				return
			}
		}
	}
}

// Unknowns calls visit for every row for which item i is unknown, in order, until visit returns false.
func (r *Result) Unknowns(i int, visit func(row int) bool) {
	var rows []uint16
	for n, b := range r.blocks {
		rows = b.rows(rows[:0], i, 1)
		for _, row := range rows {
			if !visit(n*kernel.Rows + int(row)) {
				return
			}
		}
	}
}

// Fault is an item that couldn't be worked out for some enterprises; they are 待核实.
type Fault struct {
	Item   string
	Reason string
}
