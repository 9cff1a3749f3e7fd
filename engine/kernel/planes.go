package kernel

import "math/bits"

// GEPlanes sets out to the rows whose code is at least bound, 1 and up, from codes that are kept bit by bit: plane k of the
// block, planes[k*Words:(k+1)*Words], holds bit k of every row's code. There must be enough planes for bound. Each plane costs
// one operation a word, which makes codes of few bits much cheaper to compare than whole ones.
func GEPlanes(planes []uint64, bound uint, out *Bits) { loops.gePlanes(planes, bound, out) }

// Planes spreads the codes of 64 rows over planes: bit k of codes[r] becomes bit r of out[k*Words]. out has Words words for each
// plane, of which this writes the first; codes may be fewer than 64. depth is at most 16.
func Planes(codes []uint16, depth int, out []uint64) {
	if len(codes) == 64 {
		loops.planes((*[64]uint16)(codes), depth, out)
		return
	}
	var padded [64]uint16
	copy(padded[:], codes)
	loops.planes(&padded, depth, out)
}

// gePlanes goes from the lowest bit that is set in bound, since below it any code will do, to the highest: a code that has the
// bit passes where the bound hasn't, and must have passed so far where the bound has it too. Two planes at a time, so that what
// has passed so far is stored half as often.
func (portable) gePlanes(planes []uint64, bound uint, out *Bits) {
	low := bits.TrailingZeros(bound)
	soFar := (*Bits)(planes[low*Words:])
	planes, bound = planes[(low+1)*Words:], bound>>(low+1)
	for ; len(planes) >= 2*Words; planes, bound = planes[2*Words:], bound>>2 {
		p, q := (*Bits)(planes), (*Bits)(planes[Words:])
		switch bound & 3 {
		case 0:
			for w := range out {
				out[w] = soFar[w] | p[w] | q[w]
			}
		case 1:
			for w := range out {
				out[w] = soFar[w]&p[w] | q[w]
			}
		case 2:
			for w := range out {
				out[w] = (soFar[w] | p[w]) & q[w]
			}
		default:
			for w := range out {
				out[w] = soFar[w] & p[w] & q[w]
			}
		}
		soFar = out
	}
	switch {
	case len(planes) > 0 && bound&1 == 1:
		And(out, soFar, (*Bits)(planes))
	case len(planes) > 0:
		Or(out, soFar, (*Bits)(planes))
	case soFar != out:
		*out = *soFar
	}
}

// planes brings each bit in turn to the top of the lanes and gathers it there.
func (portable) planes(c *[64]uint16, depth int, out []uint64) {
	for k := range depth {
		up := uint(15-k) & 63
		at := func(i int) uint64 { return lanes16(c, i) << up }
		out[k*Words] = gather16(at(0), at(4), at(8), at(12)) | gather16(at(16), at(20), at(24), at(28))<<16 |
			gather16(at(32), at(36), at(40), at(44))<<32 | gather16(at(48), at(52), at(56), at(60))<<48
	}
}
