package engine

import (
	"slices"

	"mianshen/engine/column"
	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// gaps are the rows of a column without a usable value on a day.
type gaps struct {
	day  civil.Date
	rows []uint64
}

// missing is the bitmap of rows without a usable value on a day, padded to whole blocks with rows that are missing. It is kept until
// the column changes or another day is asked for, and is only to be read: plans share it.
func (t *Table) missing(f *rules.Field, asOf civil.Date) []uint64 {
	t.mu.Lock()
	c, kept := t.columns[f.Index], t.open[f.Index]
	t.mu.Unlock()
	if kept.rows != nil && kept.day == asOf {
		return kept.rows
	}
	rows := missing(f, c, t.Rows(), asOf)
	if c == nil { // it may still be fetched
		return rows
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[int]gaps{}
	}
	t.open[f.Index] = gaps{asOf, rows}
	return rows
}

// missing is Table.missing of a column.
func missing(f *rules.Field, c *column.Column, rows int, asOf civil.Date) []uint64 {
	out := make([]uint64, blocks(rows)*kernel.Words)
	for i := range out {
		out[i] = ^uint64(0)
	}
	if c == nil {
		return out
	}
	for i, w := range c.Known {
		out[i] = ^w
	}
	stale := make([]bool, len(c.Origins))
	for i, o := range c.Origins {
		day, _ := civil.FromNumber(o.On)
		stale[i] = f.Stale(rules.Fact{On: day}, asOf)
	}
	switch {
	case !slices.Contains(stale, true):
	case c.From == nil:
		return missing(f, nil, rows, asOf)
	default:
		for i, o := range c.From {
			if stale[o] {
				out[i>>6] |= 1 << (uint(i) & 63)
			}
		}
	}
	return out
}
