package column

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/s2"
)

// A chunk is, with all numbers little-endian:
//
//	magic "mscK", version 1 byte; CRC-32C of what follows, 4 bytes
//	kind, scale, packing: 1 byte each (packing 1: the body is an s2 block); rows, 2 bytes
//	body: known bitmap, origins, values
//
// A bitmap is a byte that says how it is told, and its words if that is bitsListed. Values are those of known rows only. Whole
// numbers are their minimum (8 bytes), a width (1 byte) and for each the difference from the minimum in that many bytes.
// Dictionaries and origins hold what this chunk uses, in order of first use. Counts and lengths are uvarints.
const (
	magic      = "mscK\x01"
	headerSize = len(magic) + 4 + 5
	crcAt      = len(magic)
	headAt     = crcAt + 4
)

const (
	plain  = 0
	packed = 1
)

// maxUnpacked is the greatest body that is compressed: what a reader may be made to allocate for a few bytes.
const maxUnpacked = 64 << 20

// How a bitmap is told.
const (
	bitsNone   = 0
	bitsAll    = 1 // all rows; of truth values: all that are known
	bitsListed = 2
)

// How From is told.
const (
	fromRuns   = 0
	fromListed = 1
)

// Append appends rows [from, from+rows) of c to dst as one self-contained chunk, at most ChunkRows of them. Chunks with the
// same content have the same bytes, whatever column they come from, as long as the program is the same (compression may
// differ between processors). Rows that c doesn't have, or too many, panic.
func Append(dst []byte, c *Column, from, rows int) []byte {
	if from < 0 || rows < 0 || rows > ChunkRows || from+rows > c.Rows {
		panic("column: rows outside a chunk or a column")
	}
	part := cut(c, from, rows)
	start := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, 0, 0, 0, 0, byte(part.Kind), part.Scale, plain)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(rows))
	dst = part.appendBody(dst)
	dst = squeeze(dst, start)
	sum := crc32.Checksum(dst[start+headAt:], crc32.MakeTable(crc32.Castagnoli))
	binary.LittleEndian.PutUint32(dst[start+crcAt:], sum)
	return dst
}

// squeeze compresses the body of the chunk at start if that saves an eighth; less isn't worth the time to read it.
func squeeze(dst []byte, start int) []byte {
	body := dst[start+headerSize:]
	if len(body) == 0 || len(body) > maxUnpacked {
		return dst
	}
	end := len(dst)
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(body)))
	body = dst[start+headerSize : end]
	small := s2.Encode(dst[end:cap(dst)], body)
	if len(small) > len(body)-len(body)/8 {
		return dst
	}
	dst[start+headAt+2] = packed
	return dst[:start+headerSize+copy(body, small)]
}

func (c *Column) appendBody(dst []byte) []byte {
	known := countBits(c.Known)
	dst = appendBits(dst, c.Known, known, c.Rows)
	dst = c.appendOrigins(dst)
	switch c.Kind {
	case Bool:
		return appendBits(dst, c.Bits, countBits(c.Bits), known)
	case Number:
		dst = appendWhole(dst, knownOnly(c.Ints, c.Known, known))
		return c.appendOdd(dst)
	case Date:
		return appendWhole(dst, knownOnly(c.Days, c.Known, known))
	case Text, Set, Records:
		dst = c.appendDict(dst, known)
		return appendWhole(dst, knownOnly(c.Codes, c.Known, known))
	}
	return dst
}

// appendBits appends a bitmap of which set bits are 1, all being the number that would be every one.
func appendBits(dst []byte, words []uint64, set, all int) []byte {
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

func (c *Column) appendOrigins(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c.Origins)))
	for _, o := range c.Origins {
		dst = appendText(dst, o.Source)
		dst = binary.AppendVarint(dst, int64(o.On))
		dst = appendText(dst, o.Delivery)
		dst = appendText(dst, o.Reason)
	}
	if len(c.Origins) < 2 {
		return dst
	}
	if runs := countRuns(c.From); runs <= c.Rows/4 {
		return appendRuns(append(dst, fromRuns), c.From, runs)
	}
	dst = append(dst, fromListed)
	for _, at := range c.From {
		dst = binary.LittleEndian.AppendUint16(dst, at)
	}
	return dst
}

func countRuns(from []uint16) int {
	runs := 0
	for i, at := range from {
		if i == 0 || at != from[i-1] {
			runs++
		}
	}
	return runs
}

// appendRuns appends how many runs there are, and for each its length and what stands in it.
func appendRuns(dst []byte, from []uint16, runs int) []byte {
	dst = binary.AppendUvarint(dst, uint64(runs))
	for start, i := 0, 1; i <= len(from); i++ {
		if i < len(from) && from[i] == from[start] {
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(i-start))
		dst = binary.AppendUvarint(dst, uint64(from[start]))
		start = i
	}
	return dst
}

func appendText(dst []byte, text string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// appendDict appends the dictionary: how many entries, their lengths, their bytes.
func (c *Column) appendDict(dst []byte, known int) []byte {
	dict := c.Dict
	if known == 0 {
		dict = nil
	}
	dst = binary.AppendUvarint(dst, uint64(len(dict)))
	for _, text := range dict {
		dst = binary.AppendUvarint(dst, uint64(len(text)))
	}
	for _, text := range dict {
		dst = append(dst, text...)
	}
	return dst
}

// appendOdd appends the odd values in the order of their rows.
func (c *Column) appendOdd(dst []byte) []byte {
	rows := make([]int, 0, len(c.Odd))
	for row := range c.Odd {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	dst = binary.AppendUvarint(dst, uint64(len(rows)))
	for _, row := range rows {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(row))
		dst = appendText(dst, c.Odd[row])
	}
	return dst
}

type whole interface{ int64 | int32 | uint32 }

// knownOnly returns the values of known rows, of which there are n.
func knownOnly[T whole](values []T, known []uint64, n int) []T {
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

// appendWhole appends whole numbers.
func appendWhole[T whole](dst []byte, values []T) []byte {
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
