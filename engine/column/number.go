package column

import "mianshen/engine/column/decimal"

// ErrNumber is what an error about a text that is no exact value wraps.
var ErrNumber = decimal.ErrNumber

// Exact returns the value of row i, which must be known, of a Number column: num×10^-scale in the base unit, in lowest terms
// (num doesn't end in 0 unless scale is 0), or odd when that isn't "". An odd value is "n" or "n/d" in lowest terms.
func (c *Column) Exact(i int) (num int64, scale uint8, odd string) {
	if text, ok := c.Odd[i]; ok {
		return 0, 0, text
	}
	num, scale = decimal.Stripped(c.Ints[i], c.Scale)
	return num, scale, ""
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
		p := decimal.Pow10(c.Scale - to)
		for i, v := range c.Ints {
			c.Ints[i] = v / p
		}
	}
	if to > c.Scale {
		p := decimal.Pow10(to - c.Scale)
		bound := decimal.Limit / p
		for i, v := range c.Ints {
			if v > bound || v < -bound {
				c.setOdd(i, decimal.Text(v, c.Scale))
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
		n, scale, odd, err := decimal.Parse(text)
		if err == nil && odd == "" {
			back[i] = value{n, scale}
			least = max(least, scale)
		}
	}
	c.rescale(least)
	for i, v := range back {
		if n, ok := decimal.Raised(v.n, least-v.scale); ok {
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
	p := decimal.Pow10(c.Scale)
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
