package engine

import (
	"math"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"

	"mianshen/engine/column"
	"mianshen/engine/kernel"
	"mianshen/rules"
)

// encoded is one column as the inner loops read it, padded to whole blocks.
type encoded struct {
	field   *rules.Field
	missing []uint64 // rows without a usable value; rows past the end are missing
	bits    []uint64 // Bool

	// Number and Date: the rank of each value among the bounds in use, that is how many are not above it; missing rows have 0
	bounds []int64
	rank8  []uint8
	rank16 []uint16

	codes   []uint32 // texts and sets: as in the column, missing rows have 0
	lists   *lists   // rows by code, for small dictionaries
	members map[string][]uint64
	column  *column.Column
}

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
func (p *Plan) encode() error {
	bounds, members := map[int][]int64{}, map[int][]string{}
	for _, id := range p.leaves {
		switch n := p.nodes[id]; n.kind {
		case nodeAtLeast:
			bounds[n.field] = append(bounds[n.field], n.bound)
		case nodeMember:
			members[n.field] = append(members[n.field], n.member)
		}
	}
	var wg sync.WaitGroup
	queue := make(chan *encoded)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for e := range queue {
				p.encodeColumn(e, bounds[e.field.Index], members[e.field.Index])
			}
		})
	}
	for _, e := range p.fields {
		if e != nil {
			queue <- e
		}
	}
	close(queue)
	wg.Wait()
	for _, id := range p.leaves {
		n := &p.nodes[id]
		switch e := p.fields[n.field]; n.kind {
		case nodeAtLeast:
			n.rank = e.place(n.bound)
		case nodeMember:
			n.rows = e.members[n.member]
		}
	}
	return nil
}

func (p *Plan) encodeColumn(e *encoded, bounds []int64, members []string) {
	rows := p.table.Rows()
	if e.field.Derived() {
		e.missing = make([]uint64, blocks(rows)*kernel.Words)
		e.codes = padded(p.derived[e.field.Index].codes)
		e.list(rows, len(p.derived[e.field.Index].values))
		return
	}
	c := p.table.columns[e.field.Index]
	e.column = c
	e.missing = missing(e.field, c, rows, p.around.AsOf)
	if c == nil || c.Kind == column.Nothing {
		e.blank(rows)
		for _, m := range members {
			e.members[m] = make([]uint64, len(e.missing))
		}
		return
	}
	switch c.Kind {
	case column.Bool:
		e.bits = padded(c.Bits)
		for i, open := range e.missing { // a stale value may still be there
			e.bits[i] &^= open
		}
	case column.Number:
		rank(e, c.Ints, bounds)
	case column.Date:
		rank(e, c.Days, bounds)
	case column.Text:
		e.codes = padded(c.Codes)
		e.list(rows, len(c.Dict))
	case column.Set:
		e.codes = padded(c.Codes)
		e.list(rows, len(c.Dict))
		e.member(c, members)
	}
}

// blank is a column of which nothing is known.
func (e *encoded) blank(rows int) {
	n := blocks(rows) * kernel.Rows
	switch KindOf(e.field) {
	case column.Bool:
		e.bits = make([]uint64, n/64)
	case column.Number, column.Date:
		e.rank8 = make([]uint8, n)
	default:
		e.codes = make([]uint32, n)
		e.list(rows, 1)
		e.members = map[string][]uint64{}
	}
}

// padded copies values to whole blocks.
func padded[T uint32 | uint64](values []T) []T {
	unit := kernel.Rows
	var zero T
	if _, bitmap := any(zero).(uint64); bitmap {
		unit = kernel.Words
	}
	out := make([]T, (len(values)+unit-1)/unit*unit)
	copy(out, values)
	return out
}

// rank encodes values by the bounds in use.
func rank[T int32 | int64](e *encoded, values []T, bounds []int64) {
	slices.Sort(bounds)
	e.bounds = slices.Compact(bounds)
	n := blocks(len(values)) * kernel.Rows
	if len(e.bounds) < math.MaxUint8 {
		e.rank8 = make([]uint8, n)
		ranks(e.rank8, e, values)
		return
	}
	e.rank16 = make([]uint16, n)
	ranks(e.rank16, e, values)
}

func ranks[R uint8 | uint16, T int32 | int64](out []R, e *encoded, values []T) {
	bounds := make([]T, 0, len(e.bounds))
	for _, b := range e.bounds {
		bounds = append(bounds, T(min(max(b, int64(minOf[T]())), int64(maxOf[T]()))))
	}
	for i, v := range values {
		low, n := 0, len(bounds)
		for n > 0 {
			half := n >> 1
			if bounds[low+half] <= v {
				low += half + 1
				n -= half + 1
				continue
			}
			n = half
		}
		if e.missing[i>>6]>>(uint(i)&63)&1 == 0 {
			out[i] = R(low)
		}
	}
}

func minOf[T int32 | int64]() T {
	var zero T
	if _, short := any(zero).(int32); short {
		low := int64(math.MinInt32)
		return T(low)
	}
	low := int64(math.MinInt64)
	return T(low)
}

func maxOf[T int32 | int64]() T { return -(minOf[T]() + 1) }

// place is the rank from which on values reach a bound.
func (e *encoded) place(bound int64) uint16 {
	return uint16(sort.Search(len(e.bounds), func(i int) bool { return e.bounds[i] >= bound }) + 1)
}

// list groups the rows of each block by code.
func (e *encoded) list(rows, codes int) {
	if codes > maxListed {
		return
	}
	l := &lists{codes: codes, at: make([]uint16, blocks(rows)*(codes+1)), rows: make([]uint16, blocks(rows)*kernel.Rows)}
	next := make([]uint16, codes+1)
	for b := range blocks(rows) {
		base := b * kernel.Rows
		block, at := e.codes[base:base+kernel.Rows], l.at[b*(codes+1):(b+1)*(codes+1)]
		open := e.missing[base/64:]
		clear(next)
		for i, c := range block {
			if open[i>>6]>>(uint(i)&63)&1 == 0 {
				next[c+1]++
			}
		}
		for i := 1; i <= codes; i++ {
			next[i] += next[i-1]
		}
		copy(at, next)
		for i, c := range block {
			if open[i>>6]>>(uint(i)&63)&1 == 0 {
				l.rows[base+int(next[c])] = uint16(i)
				next[c]++
			}
		}
	}
	e.lists = l
}

// member makes a bitmap for each member that is asked for.
func (e *encoded) member(c *column.Column, wanted []string) {
	e.members = make(map[string][]uint64, len(wanted))
	maps := make([][]uint64, 0, len(wanted))
	for _, m := range wanted {
		bits := make([]uint64, len(e.missing))
		e.members[m] = bits
		maps = append(maps, bits)
	}
	has := make([][]uint16, len(c.Dict)) // which of the wanted each entry of the dictionary has
	index := make(map[string]int, len(wanted))
	for i, m := range wanted {
		index[m] = i
	}
	for code, entry := range c.Dict {
		for m := range strings.SplitSeq(strings.TrimSuffix(entry, "\n"), "\n") {
			if i, ok := index[m]; ok && entry != "" {
				has[code] = append(has[code], uint16(i))
			}
		}
	}
	for row, code := range c.Codes {
		if e.missing[row>>6]>>(uint(row)&63)&1 == 1 {
			continue
		}
		for _, i := range has[code] {
			maps[i][row>>6] |= 1 << (uint(row) & 63)
		}
	}
}
