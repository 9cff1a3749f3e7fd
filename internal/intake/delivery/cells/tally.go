package cells

import (
	"math/big"
	"math/bits"

	"mianshen/engine/column"
	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// decades is how many powers of ten numbers are told apart by, and lowest the exponent of the least.
const (
	decades = 40
	lowest  = -column.MaxScale
)

// Numbers says how a number's series is spread, as decimals in the field's own unit.
type Numbers struct {
	Zeros  int    `json:"zeros"`
	Least  string `json:"least"`
	Most   string `json:"most"`
	Total  string `json:"total"`            // exact
	Median string `json:"median,omitempty"` // of the magnitudes other than 0, two digits
}

// Tally counts the values of one series over all parts, in any order. Sums are exact, in units of 10^-MaxScale of the base
// unit. The median is told from a histogram of the first two digits.
type Tally struct {
	Known int // values

	numbers, zeros   int
	least, most, sum *big.Int
	histogram        []uint32 // magnitude's decade × 90 + first two digits - 10, of numbers other than 0
}

// Add counts the values of a part. Values that aren't whole at the column's scale are counted as known only.
func (t *Tally) Add(c *column.Column) {
	for _, w := range c.Known {
		t.Known += bits.OnesCount64(w)
	}
	if c.Kind != column.Number {
		return
	}
	if t.histogram == nil {
		t.histogram, t.sum = make([]uint32, decades*90), new(big.Int)
	}
	low, high, n := int64(1<<62), int64(-1<<62), 0
	var sumHigh, sumLow uint64 // two's complement
	for i, v := range c.Ints {
		if !c.IsKnown(i) || len(c.Odd) > 0 && c.Odd[i] != "" {
			continue
		}
		n++
		low, high = min(low, v), max(high, v)
		var carry uint64
		sumLow, carry = bits.Add64(sumLow, uint64(v), 0)
		sumHigh, _ = bits.Add64(sumHigh, uint64(v>>63), carry)
		if v == 0 {
			t.zeros++
			continue
		}
		t.histogram[bucket(v, c.Scale)]++
	}
	if n == 0 {
		return
	}
	sum := new(big.Int).SetUint64(sumLow)
	sum.Add(sum, new(big.Int).Lsh(big.NewInt(int64(sumHigh)), 64))
	t.Merge(&Tally{numbers: n, least: big.NewInt(low), most: big.NewInt(high), sum: sum}, column.MaxScale-c.Scale)
}

// bucket returns where a number other than 0 stands in the histogram.
func bucket(v int64, scale uint8) int {
	m := uint64(v)
	if v < 0 {
		m = -m
	}
	length := bits.Len64(m) * 1233 >> 12 // log10, or one less than it
	if length < len(pow10) && m >= pow10[length] {
		length++
	}
	first := m * 10
	if length >= 2 {
		first = m / pow10[length-2]
	}
	return (length-1-int(scale)-lowest)*90 + int(first) - 10
}

// Merge adds what another tally has; its numbers are times 10^up.
func (t *Tally) Merge(o *Tally, up uint8) {
	t.Known += o.Known
	t.zeros += o.zeros
	if t.histogram == nil {
		t.histogram = o.histogram
	} else {
		for i, n := range o.histogram {
			t.histogram[i] += n
		}
	}
	if o.numbers == 0 {
		return
	}
	t.numbers += o.numbers
	scale := new(big.Int).SetUint64(pow10[up])
	least, most := new(big.Int).Mul(o.least, scale), new(big.Int).Mul(o.most, scale)
	if t.least == nil || least.Cmp(t.least) < 0 {
		t.least = least
	}
	if t.most == nil || most.Cmp(t.most) > 0 {
		t.most = most
	}
	if t.sum == nil {
		t.sum = new(big.Int)
	}
	t.sum.Add(t.sum, scale.Mul(scale, o.sum))
}

// median returns the first two digits of the middle magnitude of the numbers other than 0, in units of 10^-MaxScale; nil
// where there is none.
func (t *Tally) median() *big.Int {
	rest := (t.numbers - t.zeros + 1) / 2
	if rest == 0 {
		return nil
	}
	for i, n := range t.histogram {
		if rest -= int(n); rest <= 0 {
			m := big.NewInt(int64(i%90 + 10))
			m.Mul(m, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(i/90)), nil))
			return m.Quo(m, big.NewInt(10))
		}
	}
	return nil
}

// Tell tells the tally of a number's series in the field's own unit, nil for none.
func (t *Tally) Tell(f *rules.Field) *Numbers {
	if t.numbers == 0 {
		return nil
	}
	n := &Numbers{Zeros: t.zeros, Least: inUnit(t.least, f), Most: inUnit(t.most, f), Total: inUnit(t.sum, f)}
	if m := t.median(); m != nil {
		n.Median = inUnit(m, f)
	}
	return n
}

// inUnit writes a number of 10^-MaxScale base units in the field's own unit, exactly.
func inUnit(n *big.Int, f *rules.Field) string {
	r := new(big.Rat).SetFrac(n, new(big.Int).SetUint64(pow10[column.MaxScale]))
	if _, factor, err := formula.ParseUnit(f.Unit); err == nil && factor.Cmp(exact.Int(0)) != 0 {
		r.Quo(r, factor.Rat())
	}
	places, ends := r.FloatPrec()
	if !ends {
		return r.RatString()
	}
	return r.FloatString(places)
}
