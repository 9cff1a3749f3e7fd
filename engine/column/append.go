package column

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"mianshen/engine/column/pack"
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
	dst, small := pack.Squeeze(dst, start+headerSize)
	if small {
		dst[start+headAt+2] = packed
	}
	sum := crc32.Checksum(dst[start+headAt:], crc32.MakeTable(crc32.Castagnoli))
	binary.LittleEndian.PutUint32(dst[start+crcAt:], sum)
	return dst
}

func (c *Column) appendBody(dst []byte) []byte {
	known := pack.Count(c.Known)
	dst = pack.AppendBits(dst, c.Known, known, c.Rows)
	dst = c.appendOrigins(dst)
	switch c.Kind {
	case Bool:
		return pack.AppendBits(dst, c.Bits, pack.Count(c.Bits), known)
	case Number:
		dst = pack.AppendWhole(dst, pack.Known(c.Ints, c.Known, known))
		return c.appendOdd(dst)
	case Date:
		return pack.AppendWhole(dst, pack.Known(c.Days, c.Known, known))
	case Text, Set, Records:
		dst = c.appendDict(dst, known)
		return pack.AppendWhole(dst, pack.Known(c.Codes, c.Known, known))
	}
	return dst
}

func (c *Column) appendOrigins(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c.Origins)))
	for _, o := range c.Origins {
		dst = pack.AppendText(dst, o.Source)
		dst = binary.AppendVarint(dst, int64(o.On))
		dst = pack.AppendText(dst, o.Delivery)
		dst = pack.AppendText(dst, o.Reason)
	}
	if len(c.Origins) < 2 {
		return dst
	}
	return pack.AppendPlaces(dst, c.From)
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
		dst = pack.AppendText(dst, c.Odd[row])
	}
	return dst
}
