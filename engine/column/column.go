// Package column holds one fact of many enterprises side by side: typed values, a bitmap of which are known, and where each
// came from. A Column is what deliveries are stored as, what snapshots are made of, and what the engine decides on. It knows
// no vocabulary and no policy: values are in the base unit of their field (分 for money, the plain ratio for percentages).
package column

import "mianshen/engine/column/decimal"

// Kind says how the values of a column are held.
type Kind uint8

// The kinds. The zero Kind is a column in which nothing is known.
const (
	Nothing Kind = iota
	Bool         // Bits
	Number       // Ints, in units of 10^-Scale of the field's base unit; rows in Odd have another value
	Date         // Days, as civil.Date.Number
	Text         // Codes into Dict: string, enum
	Set          // Codes into Dict, whose entries are the members, sorted, each ended by "\n"; "" is the empty set
	Records      // Codes into Dict, whose entries are the encoded records of one enterprise; the codec doesn't look inside
)

// ChunkRows is how many rows one encoded chunk holds; only the last chunk of a column may hold fewer.
const ChunkRows = 8192

// MaxScale is the greatest Scale of a Number column; values that need more decimals, or leave ±2^62 when scaled, are Odd.
const MaxScale = decimal.MaxScale

// Column is one field of Rows enterprises. Bitmaps have (Rows+63)/64 words, bit i of word w being row 64w+i, with all bits
// past Rows zero; the slice of the Kind has Rows elements, the others are nil. Where a row isn't known its element is 0.
type Column struct {
	Kind  Kind
	Scale uint8
	Rows  int
	Known []uint64
	Bits  []uint64
	Ints  []int64
	Days  []int32
	Codes []uint32
	Dict  []string       // distinct, in order of first use, then what Overlay added; entry 0 exists even if only unknown rows use it
	Odd   map[int]string // row -> exact value as "n" or "n/d" in lowest terms, in the base unit; such a row is known, its Ints is 0

	// Where values come from, and why others are missing. From has an index into Origins for each row, or is nil when every
	// row has origin 0. Origins is never empty in a column with rows and has MaxOrigins at most; Origins[0] may be the zero
	// Origin.
	From    []uint16
	Origins []Origin
}

// Origin says where a value came from or, for a row that isn't known, why there is none.
type Origin struct {
	Source   string // department or file
	On       int32  // civil.Date.Number of the day the value is of or was received; 0: not known
	Delivery string // id of the delivery; ""
	Reason   string // of a missing fact: "" stands for 缺失
}

// IsKnown reports whether row i has a value.
func (c *Column) IsKnown(i int) bool { return c.Known[i>>6]>>(uint(i)&63)&1 == 1 }

// IsTrue reports whether row i of a Bool column is known to be true.
func (c *Column) IsTrue(i int) bool { return c.Bits[i>>6]>>(uint(i)&63)&1 == 1 }

// Origin returns the origin of row i.
func (c *Column) Origin(i int) Origin {
	if c.From == nil {
		return c.Origins[0]
	}
	return c.Origins[c.From[i]]
}

// Words is how many words a bitmap over rows has.
func Words(rows int) int { return (rows + 63) / 64 }
