package column

// Gather returns a column whose row i is row rows[i] of c; rows may repeat and come in any order. The dictionary and the
// origins of the new column hold only what it uses. A row that c doesn't have panics. Nothing is shared with c but the texts.
func Gather(c *Column, rows []int) *Column {
	g := &Column{Kind: c.Kind, Rows: len(rows), Known: pickBits(c.Known, rows)}
	switch c.Kind {
	case Bool:
		g.Bits = pickBits(c.Bits, rows)
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
	p := &Column{Kind: c.Kind, Rows: rows, Known: window(c.Known, from, rows)}
	switch c.Kind {
	case Bool:
		p.Bits = window(c.Bits, from, rows)
	case Number:
		p.Scale, p.Ints = c.Scale, c.Ints[from:to]
		if c.Scale > 0 || len(c.Odd) > 0 {
			p.Ints = append([]int64(nil), p.Ints...)
			p.copyOdd(c, func(i int) int { return from + i })
			p.settle()
		}
	case Date:
		p.Days = c.Days[from:to]
	case Text, Set, Records:
		p.Codes = append([]uint32(nil), c.Codes[from:to]...)
		p.compactDict(c.Dict)
	}
	if c.From != nil {
		p.From = append([]uint16(nil), c.From[from:to]...)
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

func pickBits(words []uint64, rows []int) []uint64 {
	picked := make([]uint64, Words(len(rows)))
	for i, r := range rows {
		picked[i>>6] |= words[r>>6] >> (uint(r) & 63) & 1 << (uint(i) & 63)
	}
	return picked
}

// window returns bits [from, from+rows) of a bitmap.
func window(words []uint64, from, rows int) []uint64 {
	out := make([]uint64, Words(rows))
	words, shift := words[from>>6:], uint(from)&63
	for i := range out {
		out[i] = words[i] >> shift
		if shift > 0 && i+1 < len(words) {
			out[i] |= words[i+1] << (64 - shift)
		}
	}
	if tail := uint(rows) & 63; tail > 0 {
		out[len(out)-1] &= 1<<tail - 1
	}
	return out
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
	r := newRenumbering(c.Codes, len(dict))
	for i, code := range c.Codes {
		if c.Known[i>>6]>>(uint(i)&63)&1 == 1 {
			c.Codes[i] = r.number(code)
		}
	}
	c.Dict = pick(dict, r.used)
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
	r := newRenumbering(c.From, len(origins))
	for i, at := range c.From {
		c.From[i] = uint16(r.number(uint32(at)))
	}
	c.Origins = pick(origins, r.used)
	if len(c.Origins) == 1 {
		c.From = nil
	}
}

// renumbering counts codes from 0 in order of first use.
type renumbering struct {
	base   uint32
	table  []uint32 // new code + 1 by old code - base; nil: sparse is used
	sparse map[uint32]uint32
	used   []int // old codes
}

// newRenumbering prepares for codes of a dictionary of n entries. A table is cleared in less time than a map is filled, but
// not when a few rows use codes from all over a long dictionary.
func newRenumbering[T uint16 | uint32](codes []T, n int) *renumbering {
	r := &renumbering{}
	if n > 4*len(codes) {
		low, high := extremes(codes)
		r.base, n = uint32(low), int(high-low)+1
	}
	if n > 8*len(codes) {
		r.sparse = make(map[uint32]uint32, len(codes))
		return r
	}
	r.table = make([]uint32, n)
	return r
}

func (r *renumbering) number(code uint32) uint32 {
	if r.table == nil {
		return r.lookUp(code)
	}
	known := &r.table[code-r.base]
	if *known == 0 {
		r.used = append(r.used, int(code))
		*known = uint32(len(r.used))
	}
	return *known - 1
}

func (r *renumbering) lookUp(code uint32) uint32 {
	at, ok := r.sparse[code]
	if !ok {
		at = uint32(len(r.used))
		r.used = append(r.used, int(code))
		r.sparse[code] = at
	}
	return at
}

// extremes returns the least and the greatest value; 0 and 0 of none.
func extremes[T int64 | int32 | uint32 | uint16](values []T) (low, high T) {
	if len(values) == 0 {
		return 0, 0
	}
	low, high = values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}
