package intern

import "slices"

// Renumbering counts codes from 0 in order of first use.
type Renumbering struct {
	base   uint32
	table  []uint32 // new code + 1 by old code - base; nil: sparse is used
	sparse map[uint32]uint32
	Used   []int // old codes by new code
}

// Renumber prepares for codes, all of a dictionary of n entries. A table is cleared in less time than a map is filled, but
// not when a few rows use codes from all over a long dictionary.
func Renumber[T uint16 | uint32](codes []T, n int) *Renumbering {
	r := &Renumbering{}
	if len(codes) > 0 && n > 4*len(codes) {
		low, high := slices.Min(codes), slices.Max(codes)
		r.base, n = uint32(low), int(high-low)+1
	}
	if n > 8*len(codes) {
		r.sparse = make(map[uint32]uint32, len(codes))
		return r
	}
	r.table = make([]uint32, n)
	return r
}

// Number returns the new code.
func (r *Renumbering) Number(code uint32) uint32 {
	if r.table == nil {
		return r.lookUp(code)
	}
	known := &r.table[code-r.base]
	if *known == 0 {
		r.Used = append(r.Used, int(code))
		*known = uint32(len(r.Used))
	}
	return *known - 1
}

func (r *Renumbering) lookUp(code uint32) uint32 {
	at, ok := r.sparse[code]
	if !ok {
		at = uint32(len(r.Used))
		r.Used = append(r.Used, int(code))
		r.sparse[code] = at
	}
	return at
}
