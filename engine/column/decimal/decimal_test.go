package decimal

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestParse holds Parse, Text, Stripped and Raised against big.Rat.
func TestParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		num := rapid.Int64().Draw(t, "num")
		by := rapid.Uint8Range(0, 14).Draw(t, "scale")
		want := new(big.Rat).SetFrac64(num, Pow10(by))
		if got := Text(num, by); got != want.RatString() {
			t.Fatalf("%d e%d is %s", num, by, got)
		}
		n, scale, odd, err := Parse(want.Num().String() + "0/" + want.Denom().String() + "0")
		if err != nil {
			t.Fatal(err)
		}
		if odd != "" {
			if _, least := Stripped(num, by); odd != want.RatString() || least <= MaxScale && Fits(num) {
				t.Fatalf("%v is odd: %s", want, odd)
			}
			return
		}
		short, least := Stripped(num, by)
		if n != short || scale != least || !Fits(n) || scale > MaxScale {
			t.Fatalf("%v is %d e%d", want, n, scale)
		}
		up := rapid.Uint8Range(0, MaxScale).Draw(t, "up")
		exact := new(big.Int).Mul(big.NewInt(n), big.NewInt(Pow10(up)))
		raised, ok := Raised(n, up)
		if fits := exact.IsInt64() && Fits(exact.Int64()); ok != fits || ok && raised != exact.Int64() {
			t.Fatalf("%d raised by %d is %d, %v", n, up, raised, ok)
		}
	})
}

func TestLimit(t *testing.T) {
	for n, want := range map[int64]bool{
		0: true, Limit: true, -Limit: true, Limit + 1: false, -Limit - 1: false, 1<<63 - 1: false, -1 << 63: false,
	} {
		if Fits(n) != want || AllFit([]int64{1, n, -1}) != want {
			t.Errorf("%d: %v and %v", n, Fits(n), AllFit([]int64{1, n, -1}))
		}
	}
}

func TestRefused(t *testing.T) {
	for _, text := range []string{"", "-", "--1", "1.5", "1e9", "1/0", "1/-1", "1/", "/1", " 1", strings.Repeat("1", maxText+1)} {
		if _, _, _, err := Parse(text); !errors.Is(err, ErrNumber) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}
