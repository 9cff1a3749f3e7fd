package firm

import (
	"math/bits"
	"math/rand/v2"
)

// Dice draws everything the generator needs from one PCG stream in whole
// numbers only. There is no floating point in it, so that the same seed gives
// the same bytes on every machine (some fuse a multiply and an add), and it
// takes nothing from math/rand/v2 but the PCG itself, whose output is specified.
type Dice struct{ pcg *rand.PCG }

// NewDice returns the stream of one firm: it depends on the seed and the
// firm's number only, so firm 7 is the same among ten and among a million.
func NewDice(seed uint64, number int) *Dice {
	return &Dice{pcg: rand.NewPCG(mix(seed), mix(uint64(number)+0x9e3779b97f4a7c15))}
}

// mix spreads neighbouring numbers over all 64 bits (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Below returns a number in [0, n); n must be positive.
func (d *Dice) Below(n int64) int64 {
	hi, _ := bits.Mul64(d.pcg.Uint64(), uint64(n))
	return int64(hi)
}

// Between returns a number in [lo, hi], lo when hi is below it.
func (d *Dice) Between(lo, hi int64) int64 {
	if hi <= lo {
		return lo
	}
	return lo + d.Below(hi-lo+1)
}

// Chance is true with the given probability in thousandths.
func (d *Dice) Chance(permille int64) bool { return d.Below(1000) < permille }

// Weighted returns an index, each with the probability of its weight; the weights must not sum to 0.
func (d *Dice) Weighted(weights ...int64) int {
	var total int64
	for _, w := range weights {
		total += w
	}
	at := d.Below(total)
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return len(weights) - 1
}

// Bell returns a nearly normal number with mean 0 and standard deviation 1000, within ±6000 (the sum of twelve uniform ones).
func (d *Dice) Bell() int64 {
	var sum int64
	for range 12 {
		sum += d.Below(1000)
	}
	return sum - 5994
}

// Around returns median times 2^(bell * octaves/1000): a lognormal number
// whose standard deviation is so many thousandths of an octave. median must be in [0, 2^40].
func (d *Dice) Around(median, octaves int64) int64 {
	e := min(max(d.Bell()*octaves/1000, -20_000), 20_000)
	return scaleBy(median, e)
}

// pow2 is 2^(i/16) in units of 2^-20.
var pow2 = [17]int64{
	1048576, 1095000, 1143480, 1194106, 1246974, 1302182, 1359835, 1420040, 1482910,
	1548564, 1617125, 1688722, 1763488, 1841564, 1923097, 2008240, 2097152,
}

// scaleBy returns x * 2^(milli/1000), at least 0; x in [0, 2^40], milli in [-20000, 20000].
func scaleBy(x, milli int64) int64 {
	octave, rest := milli/1000, milli%1000
	if rest < 0 {
		octave, rest = octave-1, rest+1000
	}
	cell, within := rest*16/1000, rest*16%1000
	factor := pow2[cell] + (pow2[cell+1]-pow2[cell])*within/1000
	return x * factor >> (20 - octave) // at most 61 bits before the shift, which is never negative
}

// Choose returns one of xs, which must not be empty.
func Choose[T any](d *Dice, xs []T) T { return xs[d.Below(int64(len(xs)))] }
