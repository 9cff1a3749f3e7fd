package kernel

// table8 spreads the answers first, so that both bits of a row enter a word at once: 32 rows shift through its two halves.
func (portable) table8(codes *[Rows]uint8, table *[256]uint8, t, n *Bits) {
	var spread [256]uint64
	for c, e := range table {
		spread[c] = uint64(e&True)<<31 | uint64(e&Unknown)<<62
	}
	for w := 0; w < Words; w += 2 {
		c := (*[128]uint8)(codes[w*64:])
		var x, y, z, u uint64
		for i := range 32 {
			x = x>>1 | spread[c[i]]
			y = y>>1 | spread[c[i+32]]
			z = z>>1 | spread[c[i+64]]
			u = u>>1 | spread[c[i+96]]
		}
		t[w], n[w] = halves(x, y)
		t[w+1], n[w+1] = halves(z, u)
	}
}

// halves puts the lower halves of two words together, and their upper halves.
func halves(first, second uint64) (lower, upper uint64) {
	return first&(1<<32-1) | second<<32, first>>32 | second>>32<<32
}

// table16 looks up one code at a time.
func (portable) table16(codes *[Rows]uint16, table []uint8, t, n *Bits) {
	lookUp(codes[:], table, t, n)
}

// table32 looks up one code at a time.
func (portable) table32(codes []uint32, table []uint8, t, n *Bits) { lookUp(codes, table, t, n) }

// lookUp gathers the answers of 32 rows, two bits each, in a word and parts them then.
func lookUp[C uint16 | uint32](codes []C, table []uint8, t, n *Bits) {
	full := len(codes) / 64
	for w := range full {
		c := (*[64]C)(codes[w*64:])
		var lo, hi uint64
		for i := 31; i >= 0; i-- {
			lo = lo*4 + uint64(table[c[i]])
			hi = hi*4 + uint64(table[c[i+32]])
		}
		t[w], n[w] = halves(part(lo), part(hi))
	}
	clear(t[full:])
	clear(n[full:])
	for i, c := range codes[full*64:] {
		t[full] |= uint64(table[c]&True) << i
		n[full] |= uint64(table[c]&Unknown) >> 1 << i
	}
}

// part moves the even bits of x to its lower half and the odd bits to its upper half, keeping their order.
func part(x uint64) uint64 {
	x = swap(x, 0x2222222222222222, 1)
	x = swap(x, 0x0c0c0c0c0c0c0c0c, 2)
	x = swap(x, 0x00f000f000f000f0, 4)
	x = swap(x, 0x0000ff000000ff00, 8)
	return swap(x, 0x00000000ffff0000, 16)
}

// swap exchanges the bits of x under mask with those that stand by places higher.
func swap(x, mask uint64, by uint) uint64 {
	d := (x ^ x>>by) & mask
	return x ^ d ^ d<<by
}
