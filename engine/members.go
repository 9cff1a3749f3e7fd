package engine

import (
	"math/bits"
	"slices"
	"strings"

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
	for code, entry := range c.Dict {
		if names(entry, member) {
			has[code] = 1
		}
	}
	out := make([]uint64, blocks(c.Rows)*kernel.Words)
	for w := range c.Known {
		var word uint64
		for i, code := range c.Codes[w*64 : min(w*64+64, len(c.Codes))] {
			word |= uint64(has[code]) << uint(i)
		}
		out[w] = word & c.Known[w]
	}
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
	if len(c.Codes) < len(c.Dict)/2 { // taking the dictionary apart would cost more than the rows
		for row, code := range c.Codes {
			bit := c.Known[row>>6] & (1 << (uint(row) & 63))
			for m := range strings.SplitSeq(strings.TrimSuffix(c.Dict[code], "\n"), "\n") {
				if i, ok := index[m]; ok && c.Dict[code] != "" {
					maps[i][row>>6] |= bit
				}
			}
		}
		return
	}
	has := make([]uint64, len(c.Dict)) // which of the members each entry of the dictionary has
	for code, entry := range c.Dict {
		if entry == "" {
			continue
		}
		for m := range strings.SplitSeq(strings.TrimSuffix(entry, "\n"), "\n") {
			if i, ok := index[m]; ok {
				has[code] |= 1 << i
			}
		}
	}
	for w, known := range c.Known {
		var rows [64]uint64 // by member
		for i, code := range c.Codes[w*64 : min(w*64+64, len(c.Codes))] {
			bit := known & (1 << i)
			for m := has[code]; m != 0; m &= m - 1 {
				rows[bits.TrailingZeros64(m)] |= bit
			}
		}
		for i, m := range maps {
			m[w] = rows[i]
		}
	}
}
