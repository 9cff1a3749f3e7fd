// Package decimal has the arithmetic of numbers that are kept as a whole number and how many decimals that has. What doesn't
// fit is odd: kept as the text of a whole number or a fraction.
package decimal

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Limit is the greatest magnitude of a number that isn't odd, and MaxScale how many decimals it may have.
const (
	Limit    = 1 << 62
	MaxScale = 12
)

// maxText is how many bytes an odd value may have. Bringing a fraction to lowest terms takes time that grows with the square of
// its length, and a chunk may hold one a row.
const maxText = 512

// ErrNumber is what an error about a text that is no exact value wraps.
var ErrNumber = errors.New("not an exact value")

// Pow10 returns 10^e for e up to 18.
func Pow10(e uint8) int64 {
	p := int64(1)
	for range e {
		p *= 10
	}
	return p
}

// Stripped takes zeros off the end of n as long as scale allows.
func Stripped(n int64, scale uint8) (num int64, least uint8) {
	for scale > 0 && n%10 == 0 {
		n /= 10
		scale--
	}
	return n, scale
}

// Fits reports whether n is within Limit.
func Fits(n int64) bool { return -Limit <= n && n <= Limit }

// AllFit reports whether all values are within Limit.
func AllFit(values []int64) bool {
	near := int64(0) // negative when the two highest bits of a value differ, as they do from the limit on
	for _, v := range values {
		near |= v ^ v<<1
	}
	if near >= 0 {
		return true
	}
	for _, v := range values {
		if !Fits(v) {
			return false
		}
	}
	return true
}

// Raised returns n×10^by, by up to MaxScale, and whether that is within Limit.
func Raised(n int64, by uint8) (int64, bool) {
	p := Pow10(by)
	if bound := Limit / p; n > bound || n < -bound {
		return 0, false
	}
	return n * p, true
}

// Text is the text of n×10^-scale: "n" or "n/d" in lowest terms.
func Text(n int64, scale uint8) string {
	d := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(big.NewInt(n), d).RatString()
}

// Parse reads "n" or "n/d" with decimal digits, not necessarily in lowest terms: as n×10^-scale with the least scale or, where
// that isn't within Limit and MaxScale, as the odd text in lowest terms. Errors wrap ErrNumber.
func Parse(text string) (n int64, scale uint8, odd string, err error) {
	num, den, isFraction := strings.Cut(strings.TrimPrefix(text, "-"), "/")
	if len(text) > maxText || !isDigits(num) || isFraction && (!isDigits(den) || strings.Trim(den, "0") == "") {
		return 0, 0, "", fmt.Errorf("%w: %.40q", ErrNumber, text)
	}
	r := new(big.Rat).SetInt(whole(num))
	if isFraction {
		r.SetFrac(r.Num(), whole(den))
	}
	if text[0] == '-' {
		r.Neg(r)
	}
	if n, scale, ok := split(r); ok {
		return n, scale, "", nil
	}
	return 0, 0, r.RatString(), nil
}

// whole reads decimal digits. big.Rat would take 010/3 for an octal number.
func whole(digits string) *big.Int {
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

// split returns r as n×10^-scale with the least scale, if that is within Limit and MaxScale.
func split(r *big.Rat) (n int64, scale uint8, ok bool) {
	if !r.Denom().IsInt64() || r.Denom().Int64() > Pow10(MaxScale) {
		return 0, 0, false
	}
	d := r.Denom().Int64()
	for scale < MaxScale && Pow10(scale)%d != 0 {
		scale++
	}
	if Pow10(scale)%d != 0 {
		return 0, 0, false
	}
	num := new(big.Int).Mul(r.Num(), big.NewInt(Pow10(scale)/d))
	if !num.IsInt64() || !Fits(num.Int64()) {
		return 0, 0, false
	}
	return num.Int64(), scale, true
}
