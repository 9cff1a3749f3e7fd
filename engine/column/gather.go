package column

import (
	"slices"

	"mianshen/engine/column/intern"
	"mianshen/engine/column/pack"
)

// Gather returns a column whose row i is row rows[i] of c; rows may repeat and come in any order. The dictionary and the
// origins of the new column hold only what it uses. A row that c doesn't have panics. Nothing is shared with c but the texts.
func Gather(c *Column, rows []int) *Column {
	g := &Column{Kind: c.Kind, Rows: len(rows), Known: pack.Pick(c.Known, rows)}
	switch c.Kind {
	case Bool:
		g.Bits = pack.Pick(c.Bits, rows)
	case Number:
		g.Scale, g.Ints = c.Scale, pick(c.Ints, rows)
		g.copyOdd(c, func(i int) int { return rows[i] })
		g.settle()
	case Date:
		g.Days = pick(c.Days, rows)
	case Text, Set, Records:
		g.Codes = pick(c.Codes, rows)
		g.compactDict(c.Dict)
	}
	if c.From != nil {
		g.From = pick(c.From, rows)
	}
	g.compactOrigins(c.Origins)
	return g
}

// cut returns rows [from, from+rows) of c as Gather would. The new column is only to be read: it may share slices with c.
func cut(c *Column, from, rows int) *Column {
	to := from + rows
	p := &Column{Kind: c.Kind, Rows: rows, Known: pack.Window(c.Known, from, rows)}
	switch c.Kind {
	case Bool:
		p.Bits = pack.Window(c.Bits, from, rows)
	case Number:
		p.Scale, p.Ints = c.Scale, c.Ints[from:to]
		if c.Scale > 0 || len(c.Odd) > 0 {
			p.Ints = slices.Clone(p.Ints)
			p.copyOdd(c, func(i int) int { return from + i })
			p.settle()
		}
	case Date:
		p.Days = c.Days[from:to]
	case Text, Set, Records:
		p.Codes = slices.Clone(c.Codes[from:to])
		p.compactDict(c.Dict)
	}
	if c.From != nil {
		p.From = slices.Clone(c.From[from:to])
	}
	p.compactOrigins(c.Origins)
	return p
}

func pick[T any](values []T, rows []int) []T {
	picked := make([]T, len(rows))
	for i, r := range rows {
		picked[i] = values[r]
	}
	return picked
}

// copyOdd gives row i of c the odd value that row source(i) of from has, if any.
func (c *Column) copyOdd(from *Column, source func(int) int) {
	if len(from.Odd) == 0 {
		return
	}
	for i, v := range c.Ints {
		if v != 0 || !c.IsKnown(i) {
			continue
		}
		if text, ok := from.Odd[source(i)]; ok {
			c.setOdd(i, text)
		}
	}
}

// compactDict turns Codes, which mean entries of dict, into codes of a new Dict that has only what known rows use.
func (c *Column) compactDict(dict []string) {
	r := intern.Renumber(c.Codes, len(dict))
	for i, code := range c.Codes {
		if c.Known[i>>6]>>(uint(i)&63)&1 == 1 {
			c.Codes[i] = r.Number(code)
		}
	}
	c.Dict = pick(dict, r.Used)
	c.completeDict()
}

// compactOrigins does the same for From and origins.
func (c *Column) compactOrigins(origins []Origin) {
	if c.Rows == 0 {
		return
	}
	if c.From == nil {
		c.Origins = []Origin{origins[0]}
		return
	}
	r := intern.Renumber(c.From, len(origins))
	for i, at := range c.From {
		c.From[i] = uint16(r.Number(uint32(at)))
	}
	c.Origins = pick(origins, r.Used)
	if len(c.Origins) == 1 {
		c.From = nil
	}
}
