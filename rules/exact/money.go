package exact

import (
	"fmt"
	"math/big"
	"sort"
	"strings"
)

// Money is a sum in 分 (1/100 元). Arithmetic on it goes through Num, where overflow is an error.
type Money int64

// Fen is the number of 分 in one 元.
const Fen = 100

// ParseMoney reads a sum in 元 with at most two decimals, such as 6000.00; anything else is an error, never a guess.
func ParseMoney(text string) (Money, error) {
	n, err := Parse(text)
	if err != nil {
		return 0, fmt.Errorf("金额“%s”：%w", clip(text), err)
	}
	fen, err := n.Mul(Int(Fen))
	if err != nil {
		return 0, fmt.Errorf("金额“%s”：%w", clip(text), err)
	}
	m, ok := fen.Int64()
	if !ok {
		return 0, fmt.Errorf("金额“%s”：最多两位小数（到分）", clip(text))
	}
	return Money(m), nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// String writes the sum in 元 with exactly two decimals, as in JSON and files.
func (m Money) String() string {
	sign, v := "", int64(m)
	if v < 0 {
		sign = "-"
	}
	u := abs(v)
	return fmt.Sprintf("%s%d.%02d", sign, u/Fen, u%Fen)
}

// Words writes the sum as people say it: 35 万元, 1.2 亿元 or 6000 元; exact, only the unit changes.
func (m Money) Words() string {
	u := abs(int64(m))
	switch {
	case u >= 1e10 && u%1e6 == 0:
		return Frac(int64(m), 1e10).Decimal(4) + " 亿元"
	case u >= 1e6 && u%1e4 == 0:
		return Frac(int64(m), 1e6).Decimal(2) + " 万元"
	}
	return grouped(strings.TrimSuffix(m.String(), ".00")) + " 元"
}

// grouped sets commas between thousands; below 10,000 there are none.
func grouped(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, found := strings.Cut(s, ".")
	if len(whole) > 4 {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "," + whole[i:]
		}
	}
	if found {
		whole += "." + frac
	}
	return sign + whole
}

// InFull writes an exact number of 分 in 元 with all its decimals, or with six and … where they never end.
func InFull(fen Num) string {
	yuan, err := fen.Quo(Int(Fen))
	if err != nil {
		return fen.String() + " 分"
	}
	if r := yuan.Rat(); !r.IsInt() {
		if n, exact := r.FloatPrec(); exact && n <= 8 {
			return grouped(r.FloatString(n)) + " 元"
		}
		down := new(big.Rat).SetInt64(1_000_000)
		down.Mul(down, r)
		whole := new(big.Int).Quo(down.Num(), down.Denom())
		return grouped(new(big.Rat).SetFrac(whole, big.NewInt(1_000_000)).FloatString(6)) + "… 元"
	}
	return grouped(yuan.String()) + " 元"
}

// Num returns the sum in 分 as an exact number.
func (m Money) Num() Num { return Int(int64(m)) }

// MarshalText writes the sum as a decimal string in 元.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (m *Money) UnmarshalText(b []byte) error {
	v, err := ParseMoney(string(b))
	if err != nil {
		return err
	}
	*m = v
	return nil
}

// Mode is a named way of rounding.
type Mode uint8

// Down rounds toward zero; HalfUp rounds a half away from zero.
const (
	Down Mode = iota
	HalfUp
)

// Rounding says to which step, in 分, and how an amount is rounded. The zero Rounding is to the 分, down.
type Rounding struct {
	Step Money // 0 and 1: 分; 100: 元; 1000000: 万元
	How  Mode
}

// Round rounds fen, an exact number of 分, once.
func (r Rounding) Round(fen Num) (Money, error) {
	step := int64(r.Step)
	if step < 1 {
		step = 1
	}
	q := fen.Rat()
	q.Quo(q, new(big.Rat).SetInt64(step))
	n := new(big.Int)
	if r.How == HalfUp {
		half := big.NewRat(int64(q.Sign()), 2)
		q.Add(q, half)
	}
	n.Quo(q.Num(), q.Denom()) // truncates toward zero
	n.Mul(n, big.NewInt(step))
	if !n.IsInt64() {
		return 0, ErrOverflow
	}
	return Money(n.Int64()), nil
}

// Split shares total in proportion to the weights so that the parts sum to total: every part is rounded down to the 分 and
// what remains goes out one 分 at a time, largest remainder first, earlier parts first among equals. Weights must not be
// negative and must not all be zero; total must not be negative.
func Split(total Money, weights []Num) ([]Money, error) {
	sum := new(big.Rat)
	for _, w := range weights {
		if w.Sign() < 0 {
			return nil, fmt.Errorf("分摊权重 %s 为负", w)
		}
		sum.Add(sum, w.Rat())
	}
	if sum.Sign() == 0 || total < 0 {
		return nil, fmt.Errorf("无法分摊 %s：权重之和为零或金额为负", total)
	}
	parts := make([]Money, len(weights))
	rest := make([]*big.Rat, len(weights))
	left := int64(total)
	for i, w := range weights {
		q := w.Rat()
		q.Mul(q, new(big.Rat).SetInt64(int64(total))).Quo(q, sum)
		whole := new(big.Int).Quo(q.Num(), q.Denom())
		parts[i] = Money(whole.Int64())
		left -= whole.Int64()
		rest[i] = q.Sub(q, new(big.Rat).SetInt(whole))
	}
	order := make([]int, len(weights))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return rest[order[a]].Cmp(rest[order[b]]) > 0 })
	for i := range left {
		parts[order[i]]++
	}
	return parts, nil
}
