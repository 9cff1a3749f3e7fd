// Package pack writes and reads the parts that chunks are made of: bitmaps, whole numbers in few bytes, places, texts. It knows
// bytes, not columns.
package pack

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// How a bitmap is told.
const (
	bitsNone   = 0
	bitsAll    = 1 // all rows; of truth values: all that are known
	bitsListed = 2
)

// How places are told.
const (
	placeRuns    = 0
	placesListed = 1
)

// AppendBits appends a bitmap of which set bits are 1, all being the number that would be every one.
func AppendBits(dst []byte, words []uint64, set, all int) []byte {
	switch set {
	case 0:
		return append(dst, bitsNone)
	case all:
		return append(dst, bitsAll)
	}
	dst = append(dst, bitsListed)
	for _, w := range words {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return dst
}

// AppendPlaces appends small numbers, one a row, that often stay the same for many rows.
func AppendPlaces(dst []byte, places []uint16) []byte {
	if runs := countRuns(places); runs <= len(places)/4 {
		return appendRuns(append(dst, placeRuns), places, runs)
	}
	dst = append(dst, placesListed)
	for _, at := range places {
		dst = binary.LittleEndian.AppendUint16(dst, at)
	}
	return dst
}

func countRuns(places []uint16) int {
	runs := 0
	for i, at := range places {
		if i == 0 || at != places[i-1] {
			runs++
		}
	}
	return runs
}

// appendRuns appends how many runs there are, and for each its length and what stands in it.
func appendRuns(dst []byte, places []uint16, runs int) []byte {
	dst = binary.AppendUvarint(dst, uint64(runs))
	for start, i := 0, 1; i <= len(places); i++ {
		if i < len(places) && places[i] == places[start] {
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(i-start))
		dst = binary.AppendUvarint(dst, uint64(places[start]))
		start = i
	}
	return dst
}

// AppendText appends a text with its length.
func AppendText(dst []byte, text string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// Whole is what whole numbers are kept in.
type Whole interface{ int64 | int32 | uint32 }

// Known returns the values of known rows, of which there are n.
func Known[T Whole](values []T, known []uint64, n int) []T {
	if n == len(values) {
		return values
	}
	kept := make([]T, 0, n)
	for w, word := range known {
		for ; word != 0; word &= word - 1 {
			kept = append(kept, values[w<<6+bits.TrailingZeros64(word)])
		}
	}
	return kept
}

// AppendWhole appends whole numbers: the least of them (8 bytes), a width (1 byte), and for each the difference from the
// least in that many bytes.
func AppendWhole[T Whole](dst []byte, values []T) []byte {
	low, high := extremes(values)
	width := widthOf(uint64(int64(high) - int64(low)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(int64(low)))
	dst = append(dst, byte(width))
	end := len(dst) + width*len(values)
	dst = slices.Grow(dst, width*len(values)+8)
	if width == 0 {
		return dst
	}
	out := dst[len(dst) : end+8]
	for _, v := range values { // eight bytes each, of which the next number overwrites what isn't needed
		binary.LittleEndian.PutUint64(out, uint64(int64(v)-int64(low)))
		out = out[width:]
	}
	return dst[:end]
}

// widthOf is how many bytes a difference needs, 0 to 8.
func widthOf(n uint64) int { return (bits.Len64(n) + 7) / 8 }

// extremes returns the least and the greatest value; 0 and 0 of none.
func extremes[T Whole](values []T) (low, high T) {
	if len(values) == 0 {
		return 0, 0
	}
	low, high = values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}
