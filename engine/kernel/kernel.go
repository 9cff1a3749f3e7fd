// Package kernel holds the inner loops of the engine: comparisons and look-ups over the codes of one block of rows, and
// three-valued logic over the bitmaps that come of them. It knows no policy and no column, allocates nothing (Positions grows
// what it is given) and keeps no state, so everything in it may be called from many goroutines at once.
//
// A block is 4,096 rows: a bitmap of a block is 512 bytes, and those of a few dozen conditions stay in the first
// cache. A condition over a block is a pair of bitmaps, T (known to be true) and N (not known), which never share a bit; what
// is in neither is known to be false. A function that makes a pair keeps that promise if the pairs it was given keep it.
//
// Built with GOEXPERIMENT=simd, on a processor that has what the loops need (AVX-512 with VBMI, VBMI2 and VPOPCNTDQ: Ice Lake,
// Zen 4 and later), the same functions run on 512-bit registers. The results are the same bits; the tests hold both to it.
package kernel

const (
	// Rows is how many rows a block has.
	Rows = 4096
	// Words is how many words the bitmap of a block has.
	Words = Rows / 64
)

// Bits is a bitmap over a block: row i is bit i%64 of word i/64.
type Bits = [Words]uint64

// The entries of a table of three-valued answers.
const (
	False   uint8 = 0
	True    uint8 = 1
	Unknown uint8 = 2
)

// SIMD tells whether the loops run on 512-bit registers. It is decided once, when the program starts.
func SIMD() bool { return loops.wide() }

// GE32 sets out to the rows whose value is at least bound. There are at most Rows values; rows past them are not in out.
func GE32(values []int32, bound int32, out *Bits) { loops.ge32(values, bound, out) }

// GE64 sets out to the rows whose value is at least bound. There are at most Rows values; rows past them are not in out.
func GE64(values []int64, bound int64, out *Bits) { loops.ge64(values, bound, out) }

// Table8 sets t and n to the rows whose code stands for True and for Unknown in the table. Every entry of the table is False,
// True or Unknown, also those that no row uses.
func Table8(codes *[Rows]uint8, table *[256]uint8, t, n *Bits) { loops.table8(codes, table, t, n) }

// Table16 is Table8 for 16-bit codes. Every code is an index of the table; one that is not panics.
func Table16(codes *[Rows]uint16, table []uint8, t, n *Bits) { loops.table16(codes, table, t, n) }

// Table32 is Table16 for 32-bit codes, of which there are at most Rows; rows past them are neither in t nor in n.
func Table32(codes []uint32, table []uint8, t, n *Bits) { loops.table32(codes, table, t, n) }

// Conj decides a conjunction. Literal i of pos is the condition (ts[i], ns[i]), of neg its negation; ns is as long as ts. t becomes
// the rows in which every literal is known to be true, p those in which none is known to be false, so t is part of p, and p
// without t waits for facts. It returns how many rows are in t and in p. Without literals both hold every row. Literals that
// refuse most rows should come first: the rest is skipped once no row is left. t and p are written completely, also then, and
// must not be among ts and ns. Rows past the end of a last block count like others: a caller gives a literal that refuses them.
func Conj(t, p *Bits, ts, ns []*Bits, pos, neg []int32) (eligible, possible int) {
	return loops.conj(t, p, ts, ns, pos, neg)
}

// Any sets (t, n) to the disjunction of literals by Kleene's logic: true where one is true, else unknown where one is unknown. A
// literal is 2i for the condition (ts[i], ns[i]) and 2i+1 for its negation. Without literals every row is false. t and n
// are written completely and must not be among ts and ns.
func Any(t, n *Bits, ts, ns []*Bits, literals []int32) { loops.any(t, n, ts, ns, literals) }

// All is Any for the conjunction: false where one literal is false, else unknown where one is unknown. Without literals every
// row is true.
func All(t, n *Bits, ts, ns []*Bits, literals []int32) { loops.all(t, n, ts, ns, literals) }

// Positions appends the rows of b to dst, ascending. It allocates only when dst has no room for them.
func Positions(dst []uint16, b *Bits) []uint16 { return loops.positions(dst, b) }

// And sets out to the rows that are in a and in b. out may be one of them.
func And(out, a, b *Bits) { loops.and(out, a, b) }

// AndNot sets out to the rows that are in a and not in b. out may be one of them.
func AndNot(out, a, b *Bits) { loops.andNot(out, a, b) }

// Or sets out to the rows that are in a or in b. out may be one of them.
func Or(out, a, b *Bits) { loops.or(out, a, b) }

// Count gives how many rows are in b.
func Count(b *Bits) int { return loops.count(b) }

// Empty tells whether no row is in b.
func Empty(b *Bits) bool {
	for w := 0; w < Words; w += 8 {
		if b[w]|b[w+1]|b[w+2]|b[w+3]|b[w+4]|b[w+5]|b[w+6]|b[w+7] != 0 {
			return false
		}
	}
	return true
}
