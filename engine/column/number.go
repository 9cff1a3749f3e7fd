package column

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// limit is the greatest magnitude of an element of Ints.
const limit = 1 << 62

// maxOdd is how many bytes an exact value may have as text. Bringing a fraction to lowest terms takes time that grows with the
// square of its length, and a chunk may hold one a row.
const maxOdd = 512

// ErrNumber is what an error about a text that is no exact value wraps.
var ErrNumber = errors.New("not an exact value")

// Exact returns the value of row i, which must be known, of a Number column: num×10^-scale in the base unit, in lowest terms
// (num doesn't end in 0 unless scale is 0), or odd when that isn't "". An odd value is "n" or "n/d" in lowest terms.
func (c *Column) Exact(i int) (num int64, scale uint8, odd string) {
	if text, ok := c.Odd[i]; ok {
		return 0, 0, text
	}
	num, scale = stripped(c.Ints[i], c.Scale)
	return num, scale, ""
}

// pow10 returns 10^e for e up to 18.
func pow10(e uint8) int64 {
	p := int64(1)
	for range e {
		p *= 10
	}
	return p
}

// stripped takes zeros off the end of n as long as scale allows.
func stripped(n int64, scale uint8) (num int64, least uint8) {
	for scale > 0 && n%10 == 0 {
		n /= 10
		scale--
	}
	return n, scale
}

// inLimit reports whether n may be an element of Ints.
func inLimit(n int64) bool { return -limit <= n && n <= limit }

func allInLimit(values []int64) bool {
	near := int64(0) // negative when the two highest bits of a value differ, as they do from the limit on
	for _, v := range values {
		near |= v ^ v<<1
	}
	if near >= 0 {
		return true
	}
	low, high := extremes(values)
	return inLimit(low) && inLimit(high)
}

// raised returns n×10^by, by up to MaxScale, and whether that is within the limit.
func raised(n int64, by uint8) (int64, bool) {
	p := pow10(by)
	if bound := limit / p; n > bound || n < -bound {
		return 0, false
	}
	return n * p, true
}

// oddText is the text of n×10^-scale in Odd.
func oddText(n int64, scale uint8) string {
	d := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(big.NewInt(n), d).RatString()
}

// parseOdd reads "n" or "n/d" with decimal digits, not necessarily in lowest terms.
func parseOdd(text string) (*big.Rat, error) {
	num, den, isFraction := strings.Cut(strings.TrimPrefix(text, "-"), "/")
	if len(text) > maxOdd || !isDigits(num) || isFraction && (!isDigits(den) || strings.Trim(den, "0") == "") {
		return nil, fmt.Errorf("%w: %.40q", ErrNumber, text)
	}
	r := new(big.Rat).SetInt(whole10(num))
	if isFraction {
		r.SetFrac(r.Num(), whole10(den))
	}
	if text[0] == '-' {
		r.Neg(r)
	}
	return r, nil
}

// whole10 reads decimal digits. big.Rat would take 010/3 for an octal number.
func whole10(digits string) *big.Int {
	n, _ := new(big.Int).SetString(digits, 10)
	return n
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// decimal returns r as n×10^-scale with the least scale, and whether an element of Ints can hold it at that scale.
func decimal(r *big.Rat) (n int64, scale uint8, ok bool) {
	if !r.Denom().IsInt64() || r.Denom().Int64() > pow10(MaxScale) {
		return 0, 0, false
	}
	d := r.Denom().Int64()
	for scale < MaxScale && pow10(scale)%d != 0 {
		scale++
	}
	if pow10(scale)%d != 0 {
		return 0, 0, false
	}
	num := new(big.Int).Mul(r.Num(), big.NewInt(pow10(scale)/d))
	if !num.IsInt64() || !inLimit(num.Int64()) {
		return 0, 0, false
	}
	return num.Int64(), scale, true
}

// setOdd makes text the value of row i, whose element of Ints is 0 or becomes it.
func (c *Column) setOdd(i int, text string) {
	if c.Odd == nil {
		c.Odd = map[int]string{}
	}
	c.Odd[i] = text
	c.Ints[i] = 0
}

// rescale gives c another Scale. Values that the greater one pushes over the limit become odd; a lesser one must divide all.
func (c *Column) rescale(to uint8) {
	if to < c.Scale {
		p := pow10(c.Scale - to)
		for i, v := range c.Ints {
			c.Ints[i] = v / p
		}
	}
	if to > c.Scale {
		p := pow10(to - c.Scale)
		bound := limit / p
		for i, v := range c.Ints {
			if v > bound || v < -bound {
				c.setOdd(i, oddText(v, c.Scale))
				continue
			}
			c.Ints[i] = v * p
		}
	}
	c.Scale = to
}

// settle makes a Number column canonical: its Scale is the least at which no value that Ints could hold by itself loses
// decimals, and only what doesn't fit at that Scale is odd. So the same values have the same form, whatever their history.
func (c *Column) settle() {
	if c.Kind != Number || c.Scale == 0 && len(c.Odd) == 0 {
		return
	}
	type value struct {
		n     int64
		scale uint8
	}
	least := c.leastScale()
	back := map[int]value{}
	for i, text := range c.Odd {
		r, err := parseOdd(text)
		if err != nil {
			continue // a caller's own text, which nothing else may take for a number either
		}
		if n, scale, ok := decimal(r); ok {
			back[i] = value{n, scale}
			least = max(least, scale)
		}
	}
	c.rescale(least)
	for i, v := range back {
		if n, ok := raised(v.n, least-v.scale); ok {
			c.Ints[i] = n
			delete(c.Odd, i)
		}
	}
	if len(c.Odd) == 0 {
		c.Odd = nil
	}
}

// leastScale is the least Scale at which Ints stays whole.
func (c *Column) leastScale() uint8 {
	least := uint8(0)
	p := pow10(c.Scale)
	for _, v := range c.Ints {
		for v%p != 0 {
			least++
			p /= 10
		}
		if least == c.Scale {
			break
		}
	}
	return least
}
