package column

import "math/bits"

func countBits(words []uint64) int {
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
