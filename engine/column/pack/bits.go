package pack

import "math/bits"

// Count is how many bits are set.
func Count(words []uint64) int {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}

// setAll sets the first rows bits of a bitmap.
func setAll(words []uint64, rows int) {
	for i := range words {
		words[i] = ^uint64(0)
	}
	if tail := uint(rows) & 63; tail > 0 {
		words[len(words)-1] = 1<<tail - 1
	}
}

// Pick returns the bits rows of a bitmap as a new one.
func Pick(words []uint64, rows []int) []uint64 {
	picked := make([]uint64, (len(rows)+63)/64)
	for i, r := range rows {
		picked[i>>6] |= words[r>>6] >> (uint(r) & 63) & 1 << (uint(i) & 63)
	}
	return picked
}

// Window returns bits [from, from+rows) of a bitmap.
func Window(words []uint64, from, rows int) []uint64 {
	out := make([]uint64, (rows+63)/64)
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

// Put sets bit i of a bitmap to v.
func Put(words []uint64, i int, v bool) {
	bit := uint64(1) << (uint(i) & 63)
	words[i>>6] &^= bit
	if v {
		words[i>>6] |= bit
	}
}
