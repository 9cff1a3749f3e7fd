package engine

import (
	"math/bits"
	"slices"
	"strings"
	"sync"

	"mianshen/engine/column"
	"mianshen/engine/kernel"
)

// fewMembers is up to how many members are looked for one after the other: a pass over the rows each, but no dictionary taken
// apart.
const fewMembers = 3

// withMembers makes the bitmaps of members.
func withMembers(c *column.Column, members []string) map[string][]uint64 {
	if len(members) > fewMembers || slices.ContainsFunc(members, func(m string) bool { return m == "" || strings.Contains(m, "\n") }) {
		return withManyMembers(c, members)
	}
	out := make(map[string][]uint64, len(members))
	for _, m := range members {
		out[m] = withMember(c, m)
	}
	return out
}

// withMember is the bitmap of a member that is neither empty nor has a line's end.
func withMember(c *column.Column, member string) []uint64 {
	has := make([]uint8, len(c.Dict))
	stretches(len(c.Dict), func(from, to int) {
		for code, entry := range c.Dict[from:to] {
			if names(entry, member) {
				has[from+code] = 1
			}
		}
	})
	out := make([]uint64, blocks(c.Rows)*kernel.Words)
	stretches(c.Rows, func(from, to int) {
		for w := from / 64; w*64 < to; w++ {
			var word uint64
			for i, code := range c.Codes[w*64 : min(w*64+64, to)] {
				word |= uint64(has[code]) << uint(i)
			}
			out[w] = word & c.Known[w]
		}
	})
	return out
}

// names reports whether one of an entry's lines is the member.
func names(entry, member string) bool {
	for at := 0; ; at++ {
		i := strings.Index(entry[at:], member)
		if i < 0 {
			return false
		}
		at += i
		end := at + len(member)
		if (at == 0 || entry[at-1] == '\n') && (end == len(entry) || entry[end] == '\n') {
			return true
		}
	}
}

// withManyMembers makes the bitmaps of members, a word of them at a time.
func withManyMembers(c *column.Column, members []string) map[string][]uint64 {
	if c.Rows < len(c.Dict)/learnFrom { // rows too few for taking the dictionary apart
		n := newNaming(c, members)
		return n.rows(c)
	}
	out := make(map[string][]uint64, len(members))
	for some := range slices.Chunk(members, 64) {
		withWord(c, some, out)
	}
	return out
}

// withWord makes the bitmaps of up to 64 members in one pass over dictionary and rows.
func withWord(c *column.Column, members []string, out map[string][]uint64) {
	maps := make([][]uint64, len(members))
	index := make(map[string]int, len(members))
	for i, m := range members {
		maps[i] = make([]uint64, blocks(c.Rows)*kernel.Words)
		out[m], index[m] = maps[i], i
	}
	has := make([]uint64, len(c.Dict)) // which of the members each entry of the dictionary has
	stretches(len(c.Dict), func(from, to int) {
		for code, entry := range c.Dict[from:to] {
			if entry == "" {
				continue
			}
			for m := range strings.SplitSeq(strings.TrimSuffix(entry, "\n"), "\n") {
				if i, ok := index[m]; ok {
					has[from+code] |= 1 << i
				}
			}
		}
	})
	stretches(c.Rows, func(from, to int) {
		for w := from / 64; w*64 < to; w++ {
			var rows [64]uint64 // by member
			for i, code := range c.Codes[w*64 : min(w*64+64, to)] {
				bit := c.Known[w] & (1 << i)
				for m := has[code]; m != 0; m &= m - 1 {
					rows[bits.TrailingZeros64(m)] |= bit
				}
			}
			for i, m := range maps {
				m[w] = rows[i]
			}
		}
	})
}

// naming tells which of some members the entries of a dictionary name. What it has learned holds for one column, whose dictionary
// may grow meanwhile.
type naming struct {
	of    *column.Column
	index map[string]int // member -> its place

	mu    sync.Mutex // over what is learned
	asked int        // rows so far
	at    []uint32   // entry i names the members list[at[i]:at[i+1]]
	list  []uint16
}

func newNaming(c *column.Column, members []string) *naming {
	n := &naming{of: c, index: make(map[string]int, len(members))}
	for i, m := range members {
		n.index[m] = i
	}
	return n
}

// learnFrom is from which share of the dictionary on, one in so many, rows pay for taking all of it apart.
const learnFrom = 4

// learned is what is known of entries, once rows so many have been asked for that it pays.
func (n *naming) learned(dict []string, rows int) (at []uint32, list []uint16) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked += rows
	if n.at == nil && n.asked >= len(dict)/learnFrom {
		n.at, n.list = n.learn(dict)
	}
	return n.at, n.list
}

func (n *naming) learn(dict []string) (at []uint32, list []uint16) {
	at = make([]uint32, len(dict)+1)
	lists := make([][]uint16, (len(dict)+stretch-1)/stretch)
	stretches(len(dict), func(from, to int) {
		var own []uint16
		for i, entry := range dict[from:to] {
			before := len(own)
			own = n.named(own, entry)
			at[from+i+1] = uint32(len(own) - before)
		}
		lists[from/stretch] = own
	})
	for i := range dict {
		at[i+1] += at[i]
	}
	return at, slices.Concat(lists...)
}

// named appends the members that an entry names.
func (n *naming) named(dst []uint16, entry string) []uint16 {
	if entry == "" {
		return dst
	}
	for m := range strings.SplitSeq(strings.TrimSuffix(entry, "\n"), "\n") {
		if i, ok := n.index[m]; ok {
			dst = append(dst, uint16(i))
		}
	}
	return dst
}

// rows makes the bitmaps of all members over a column with the same dictionary.
func (n *naming) rows(c *column.Column) map[string][]uint64 {
	maps := make([][]uint64, len(n.index))
	out := make(map[string][]uint64, len(n.index))
	for m, i := range n.index {
		maps[i] = make([]uint64, blocks(c.Rows)*kernel.Words)
		out[m] = maps[i]
	}
	at, list := n.learned(c.Dict, c.Rows)
	stretches(c.Rows, func(from, to int) {
		var own []uint16
		for row := from; row < to; row++ {
			bit, code := uint64(1)<<(uint(row)&63)&c.Known[row>>6], c.Codes[row]
			var has []uint16
			switch {
			case bit == 0:
			case int(code)+1 < len(at):
				has = list[at[code]:at[code+1]]
			default:
				own = n.named(own[:0], c.Dict[code])
				has = own
			}
			for _, i := range has {
				maps[i][row>>6] |= bit
			}
		}
	})
	return out
}
