// Package exact holds the numbers of the law: rationals that never round by themselves, money counted in 分, and the few
// named ways in which a sum may be rounded or shared out. No floating point takes part anywhere.
package exact

import (
	"errors"
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// maxBits bounds numerator and denominator of an intermediate result, so that no rule text can grow numbers without end.
const maxBits = 1024

// ErrOverflow reports a result whose magnitude exceeds 2^63-1 base units, or a fraction that has grown beyond all use.
var ErrOverflow = errors.New("数值溢出")

// ErrZeroDivision reports a division by zero.
var ErrZeroDivision = errors.New("除数为零")

// Num is an exact rational number. The zero Num is 0. Values are immutable; comparing them with == is meaningless, use
// Cmp. Results of Add, Sub, Mul and Quo with a magnitude above 2^63-1 are an ErrOverflow, never wrapped.
type Num struct {
	n   int64
	dm1 int64    // denominator minus one, so that the zero Num is 0/1
	big *big.Rat // set when numerator or denominator leave int64
}

// Int returns the number i.
func Int(i int64) Num { return Num{n: i} }

// Frac returns n/d in lowest terms; d must not be zero.
func Frac(n, d int64) Num { return fromRat(big.NewRat(n, d)) }

// FromRat returns r exactly, or ErrOverflow when it is out of range.
func FromRat(r *big.Rat) (Num, error) { return checked(new(big.Rat).Set(r)) }

func fromRat(r *big.Rat) Num {
	if r.Num().IsInt64() && r.Denom().IsInt64() {
		return Num{n: r.Num().Int64(), dm1: r.Denom().Int64() - 1}
	}
	return Num{big: r}
}

var maxMagnitude = new(big.Int).SetInt64(math.MaxInt64)

// Bounded reports whether a fraction is small enough to be worked on; its magnitude may be any.
func Bounded(r *big.Rat) bool { return r.Num().BitLen() <= maxBits && r.Denom().BitLen() <= maxBits }

func checked(r *big.Rat) (Num, error) {
	if !Bounded(r) {
		return Num{}, ErrOverflow
	}
	limit := new(big.Int).Mul(maxMagnitude, r.Denom())
	if r.Num().CmpAbs(limit) > 0 {
		return Num{}, ErrOverflow
	}
	return fromRat(r), nil
}

// Rat returns a copy of x as a big.Rat.
func (x Num) Rat() *big.Rat {
	if x.big != nil {
		return new(big.Rat).Set(x.big)
	}
	return big.NewRat(x.n, x.dm1+1)
}

// IsInt reports whether x is a whole number.
func (x Num) IsInt() bool { return x.big == nil && x.dm1 == 0 || x.big != nil && x.big.IsInt() }

// Int64 returns x as an int64; ok is false when x isn't whole.
func (x Num) Int64() (int64, bool) {
	if x.big == nil && x.dm1 == 0 {
		return x.n, true
	}
	return 0, false
}

// Sign returns -1, 0 or 1.
func (x Num) Sign() int {
	if x.big != nil {
		return x.big.Sign()
	}
	switch {
	case x.n < 0:
		return -1
	case x.n > 0:
		return 1
	}
	return 0
}

// Cmp returns -1, 0 or 1 as x is less than, equal to or greater than y.
func (x Num) Cmp(y Num) int {
	if x.big == nil && y.big == nil {
		if x.dm1 == 0 && y.dm1 == 0 {
			return cmpInt(x.n, y.n)
		}
		if c, ok := cmpFrac(x, y); ok {
			return c
		}
	}
	return x.Rat().Cmp(y.Rat())
}

func cmpInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// cmpFrac compares by cross multiplication in 128 bits.
func cmpFrac(x, y Num) (int, bool) {
	if x.n == math.MinInt64 || y.n == math.MinInt64 {
		return 0, false
	}
	if sx, sy := x.Sign(), y.Sign(); sx != sy {
		return cmpInt(int64(sx), int64(sy)), true
	}
	lh, ll := bits.Mul64(abs(x.n), uint64(y.dm1)+1)
	rh, rl := bits.Mul64(abs(y.n), uint64(x.dm1)+1)
	c := 0
	switch {
	case lh != rh:
		c = 1
		if lh < rh {
			c = -1
		}
	case ll != rl:
		c = 1
		if ll < rl {
			c = -1
		}
	}
	if x.n < 0 {
		c = -c
	}
	return c, true
}

func abs(i int64) uint64 {
	if i < 0 {
		return uint64(-i)
	}
	return uint64(i)
}

// Neg returns -x.
func (x Num) Neg() Num {
	if x.big != nil || x.n == math.MinInt64 {
		r := x.Rat()
		return fromRat(r.Neg(r))
	}
	return Num{n: -x.n, dm1: x.dm1}
}

// Add returns x + y.
func (x Num) Add(y Num) (Num, error) {
	if x.small() && y.small() {
		if s := x.n + y.n; (s > x.n) == (y.n > 0) && s != math.MinInt64 {
			return Num{n: s}, nil
		}
	}
	return checked(new(big.Rat).Add(x.Rat(), y.Rat()))
}

// Sub returns x - y.
func (x Num) Sub(y Num) (Num, error) { return x.Add(y.Neg()) }

// Mul returns x · y.
func (x Num) Mul(y Num) (Num, error) {
	if x.small() && y.small() && x.n != math.MinInt64 && y.n != math.MinInt64 {
		hi, lo := bits.Mul64(abs(x.n), abs(y.n))
		if hi == 0 && lo <= math.MaxInt64 {
			p := int64(lo)
			if (x.n < 0) != (y.n < 0) {
				p = -p
			}
			return Num{n: p}, nil
		}
	}
	if z, ok := mulFrac(x, y); ok {
		return z, nil
	}
	return checked(new(big.Rat).Mul(x.Rat(), y.Rat()))
}

// mulFrac multiplies fractions that stay in int64: numerators are first reduced against the other's denominator, so that the
// product is in lowest terms.
func mulFrac(x, y Num) (Num, bool) {
	if x.big != nil || y.big != nil || x.n == math.MinInt64 || y.n == math.MinInt64 {
		return Num{}, false
	}
	a, b, c, d := abs(x.n), uint64(x.dm1)+1, abs(y.n), uint64(y.dm1)+1
	if a == 0 || c == 0 {
		return Num{}, true
	}
	g, h := gcd(a, d), gcd(c, b)
	nh, nl := bits.Mul64(a/g, c/h)
	dh, dl := bits.Mul64(b/h, d/g)
	if nh|dh != 0 || nl > math.MaxInt64 || dl > math.MaxInt64 {
		return Num{}, false
	}
	n := int64(nl)
	if (x.n < 0) != (y.n < 0) {
		n = -n
	}
	return Num{n: n, dm1: int64(dl) - 1}, true
}

// Quo returns x / y exactly, ErrZeroDivision when y is zero.
func (x Num) Quo(y Num) (Num, error) {
	if y.Sign() == 0 {
		return Num{}, ErrZeroDivision
	}
	if x.small() && y.small() && x.n != math.MinInt64 && y.n > 0 {
		g := int64(gcd(abs(x.n), uint64(y.n)))
		return Num{n: x.n / g, dm1: y.n/g - 1}, nil
	}
	return checked(new(big.Rat).Quo(x.Rat(), y.Rat()))
}

func (x Num) small() bool { return x.big == nil && x.dm1 == 0 }

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// maxDigits caps a numeral before it is parsed.
const maxDigits = 64

// Parse reads a plain decimal numeral: optional sign, digits, optional fraction; no exponent, no separators.
func Parse(text string) (Num, error) {
	if !isDecimal(text) {
		return Num{}, errors.New("不是十进制数")
	}
	if n, ok := parseSmall(text); ok {
		return n, nil
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return Num{}, errors.New("不是十进制数")
	}
	return checked(r)
}

// parseSmall reads a decimal of at most 17 digits without big numbers.
func parseSmall(text string) (Num, bool) {
	if len(text) > 17 {
		return Num{}, false
	}
	n, d := int64(0), int64(1)
	point := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '.':
			point = true
		case c >= '0' && c <= '9':
			n = n*10 + int64(c-'0')
			if point {
				d *= 10
			}
		}
	}
	g := int64(gcd(uint64(n), uint64(d)))
	if text[0] == '-' {
		n = -n
	}
	return Num{n: n / g, dm1: d/g - 1}, true
}

func isDecimal(text string) bool {
	t := strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	if len(text)-len(t) > 1 || t == "" || len(t) > maxDigits || strings.Count(t, ".") > 1 || t[0] == '.' || t[len(t)-1] == '.' {
		return false
	}
	return strings.Trim(t, "0123456789.") == "" && strings.IndexFunc(t, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }) < 0
}

// String writes x exactly: a decimal where it ends, else a fraction such as 1/3.
func (x Num) String() string {
	r := x.Rat()
	if r.IsInt() {
		return r.Num().String()
	}
	if n, exact := r.FloatPrec(); exact {
		return r.FloatString(n)
	}
	return r.String()
}

// Decimal writes x with at most places decimals, half away from zero, without trailing zeros: for people, never for
// further arithmetic.
func (x Num) Decimal(places int) string {
	s := x.Rat().FloatString(places)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}
