package engine

import (
	"math/bits"
	"slices"
	"sort"

	"mianshen/engine/column"
	"mianshen/engine/kernel"
	"mianshen/engine/ladder"
	"mianshen/rules"
)

// encoded is one column as the inner loops read it, padded to whole blocks.
type encoded struct {
	field   *rules.Field
	missing []uint64 // rows without a usable value; rows past the end are missing
	bits    []uint64 // Bool

	// Number and Date: the rank of each value among the bounds in use, that is how many are not above it, bit by bit: depth
	// planes for each block; missing rows have 0
	bounds []int64
	depth  int
	planes []uint64

	ints []int64 // instead of ranks, where bounds are few: the column's own values
	days []int32

	codes   []uint32   // texts and sets: as in the column, not padded; missing rows have 0
	lists   *lists     // rows by code, for small dictionaries
	dense   [][]uint64 // by code: its rows as bitmaps, stride words from block to block, for codes that many rows have; nil for others
	stride  int
	members map[string][]uint64
	naming  *naming // of sets: what the dictionary says of the members
}

// fewLeaves is up to how many predicates over a column are evaluated on its own values: encoding it would cost more.
const fewLeaves = 4

// maxListed is the largest dictionary whose rows are listed by code.
const maxListed = 4096

// lists are the rows of each block by code: rows[block*kernel.Rows+at[code]:…at[code+1]] within the block. Missing rows aren't
// in it.
type lists struct {
	codes int
	at    []uint16 // (codes+1) a block
	rows  []uint16
}

func (l *lists) of(block, code int) []uint16 {
	at := l.at[block*(l.codes+1)+code:]
	base := block * kernel.Rows
	return l.rows[base+int(at[0]) : base+int(at[1])]
}

// encode prepares every column that the plan reads.
func (p *Plan) encode() {
	wanted := map[int]*leaves{}
	for _, id := range p.leaves {
		n := p.nodes[id]
		l := wanted[n.field]
		if l == nil {
			l = &leaves{}
			wanted[n.field] = l
		}
		switch n.kind {
		case nodeAtLeast:
			l.bounds = append(l.bounds, n.bound)
		case nodeMember:
			l.members = append(l.members, n.member)
		case nodeLook:
			l.looks++
			l.ask(n.yes)
			l.ask(n.unclear)
		}
	}
	parallel(len(p.fields), func(i int) {
		if e := p.fields[i]; e != nil {
			p.encodeColumn(e, wanted[i])
		}
	})
	for _, id := range p.leaves {
		n := &p.nodes[id]
		switch e := p.fields[n.field]; n.kind {
		case nodeAtLeast:
			n.rank = e.place(n.bound)
		case nodeMember:
			n.rows = e.members[n.member]
		}
	}
	p.scatter()
}

// leaves are the predicates over one column.
type leaves struct {
	bounds  []int64
	members []string
	looks   int
	codes   map[uint16]bool // that looks ask for
}

func (l *leaves) ask(codes []uint16) {
	if l.codes == nil {
		l.codes = map[uint16]bool{}
	}
	for _, c := range codes {
		l.codes[c] = true
	}
}

func (p *Plan) encodeColumn(e *encoded, wanted *leaves) {
	rows := p.table.Rows()
	if wanted == nil {
		wanted = &leaves{} // arithmetic alone reads it
	}
	if e.field.Derived() {
		e.missing = make([]uint64, blocks(rows)*kernel.Words)
		e.codes = p.derived[e.field.Index].codes
		e.list(rows, len(p.derived[e.field.Index].values), wanted)
		return
	}
	c := p.table.columns[e.field.Index]
	e.missing = p.table.missing(e.field, p.around.AsOf)
	if c == nil || c.Kind == column.Nothing {
		e.blank(rows, wanted)
		return
	}
	switch c.Kind {
	case column.Bool:
		e.bits = padded(c.Bits)
		for i, open := range e.missing { // a stale value may still be there
			e.bits[i] &^= open
		}
	case column.Number:
		e.ints = c.Ints
		rank(e, c.Ints, wanted.bounds)
	case column.Date:
		e.days = c.Days
		rank(e, c.Days, wanted.bounds)
	case column.Text:
		e.codes = c.Codes
		e.list(rows, len(c.Dict), wanted)
	case column.Set:
		e.codes = c.Codes
		e.list(rows, len(c.Dict), wanted)
		e.member(p.table, c, wanted.members)
	}
}

// blank is a column of which nothing is known.
func (e *encoded) blank(rows int, wanted *leaves) {
	n := blocks(rows) * kernel.Rows
	switch KindOf(e.field) {
	case column.Bool:
		e.bits = make([]uint64, n/64)
	case column.Number:
		e.ints = make([]int64, rows)
	case column.Date:
		e.days = make([]int32, rows)
	default:
		e.codes = make([]uint32, rows)
		e.members = map[string][]uint64{}
		for _, m := range wanted.members {
			e.members[m] = make([]uint64, n/64)
		}
	}
}

// padded copies a bitmap to whole blocks.
func padded(words []uint64) []uint64 {
	out := make([]uint64, (len(words)+kernel.Words-1)/kernel.Words*kernel.Words)
	copy(out, words)
	return out
}

// rank encodes values by the bounds in use.
func rank[T int32 | int64](e *encoded, values []T, bounds []int64) {
	slices.Sort(bounds)
	e.bounds = slices.Compact(bounds)
	if len(e.bounds) <= fewLeaves {
		return
	}
	e.depth = bits.Len(uint(len(e.bounds)))
	e.planes = make([]uint64, blocks(len(values))*e.depth*kernel.Words)
	steps := ladder.New(e.bounds)
	var ranks [64]uint16
	for from := 0; from < len(values); from += 64 {
		word := values[from:min(from+64, len(values))]
		ladder.Ranks(steps, word, &ranks)
		block, at := from/kernel.Rows, from%kernel.Rows/64
		planes := e.planes[block*e.depth*kernel.Words+at:]
		kernel.Planes(ranks[:len(word)], e.depth, planes)
		for k := range e.depth { // rows without a value have rank 0
			planes[k*kernel.Words] &^= e.missing[from>>6]
		}
	}
}

// place is the rank from which on values reach a bound.
func (e *encoded) place(bound int64) uint16 {
	return uint16(sort.Search(len(e.bounds), func(i int) bool { return e.bounds[i] >= bound }) + 1)
}

// list groups the rows of each block by code, where the dictionary is small enough and it pays.
func (e *encoded) list(rows, codes int, wanted *leaves) {
	if codes > maxListed || wanted.looks <= fewLeaves {
		return
	}
	l := &lists{codes: codes, at: make([]uint16, blocks(rows)*(codes+1)), rows: make([]uint16, blocks(rows)*kernel.Rows)}
	next := make([]uint16, codes+2) // missing rows are sorted as if they had one code more, without a branch on each
	for b := range blocks(rows) {
		base := b * kernel.Rows
		block, at := e.codes[base:min(base+kernel.Rows, rows)], l.at[b*(codes+1):(b+1)*(codes+1)]
		open := e.missing[base/64:]
		clear(next)
		for i, c := range block {
			next[orLast(c, uint32(codes), open[i>>6]>>(uint(i)&63))+1]++
		}
		for i := 1; i <= codes; i++ {
			next[i] += next[i-1]
		}
		copy(at, next)
		for i, c := range block {
			n := &next[orLast(c, uint32(codes), open[i>>6]>>(uint(i)&63))]
			l.rows[base+int(*n)] = uint16(i)
			*n++
		}
	}
	e.lists = l
	e.spreadOut(rows, wanted)
}

// orLast is the code c, or last where the lowest bit of open is set.
func orLast(c, last uint32, open uint64) uint32 { return c ^ (c^last)&-uint32(open&1) }

// denseShare is from which share of rows on, one in so many, a code gets a bitmap.
const denseShare = 160

// spreadOut makes bitmaps of the codes that many rows have.
func (e *encoded) spreadOut(rows int, wanted *leaves) {
	counts := make([]int, e.lists.codes)
	for b := range blocks(rows) {
		for code := range counts {
			counts[code] += len(e.lists.of(b, code))
		}
	}
	var many []int
	for code, n := range counts {
		if wanted.codes[uint16(code)] && n >= rows/denseShare {
			many = append(many, code)
		}
	}
	// what a block reads lies together, so that the processor can fetch it ahead
	e.dense, e.stride = make([][]uint64, len(counts)), len(many)*kernel.Words
	all := make([]uint64, blocks(rows)*e.stride)
	for i, code := range many {
		e.dense[code] = all[i*kernel.Words:]
		for b := range blocks(rows) {
			bitmap := e.common(code, b)
			for _, r := range e.lists.of(b, code) {
				bitmap[r>>6] |= 1 << (r & 63)
			}
		}
	}
}

// common is the bitmap of a block for a code that has one.
func (e *encoded) common(code, block int) *kernel.Bits {
	return (*kernel.Bits)(e.dense[code][block*e.stride:])
}

// member takes a bitmap for each member that is asked for, without rows whose value is too old. Some rows of a table that a plan was
// made for come with what the plan has learned; for a whole one the table keeps the bitmaps.
func (e *encoded) member(t *Table, c *column.Column, wanted []string) {
	if e.naming != nil {
		e.members = e.naming.rows(c)
	} else {
		e.naming, e.members = newNaming(c, wanted), t.having(e.field, c, wanted)
	}
	stale := false
	for i, w := range c.Known {
		stale = stale || w&e.missing[i] != 0
	}
	if !stale {
		return
	}
	for m, bits := range e.members {
		own := make([]uint64, len(bits))
		for i := range own {
			own[i] = bits[i] &^ e.missing[i]
		}
		e.members[m] = own
	}
}
