// Package numeral finds the figures in a Chinese sentence of law: sums of money, percentages, lengths of time, days, counts and
// measures, whether written 500万元, 五百万元, 百分之五点五, 5.5%, 二年 or 七角五分. It guesses: what it gives is for warnings,
// never for deciding.
package numeral

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// Kinds of figures. Others are named by their unit.
const (
	Money   = "元"  // Number counts 分
	Percent = "%"  // Number is the plain ratio
	Months  = "月"  // years as well, by twelve
	Day     = "日期" // Number is 2025-01-01
)

// Figure is one number of a sentence. Two that say the same have equal Kind and Number.
type Figure struct {
	Kind   string
	Number string
	Text   string // as it stands in the sentence
}

// New makes a figure of a number in the base of its kind.
func New(kind string, n *big.Rat, text string) Figure {
	return Figure{Kind: kind, Number: n.RatString(), Text: text}
}

const (
	arabic  = `[0-9][0-9,]*(?:\.[0-9]+)?`
	chinese = `[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?`
	number  = `(?:` + arabic + `|` + chinese + `)`
	measure = `美元|元|%|％|个百分点|人|名|家|户|个月|月|周?年|周?岁|天|个工作日|工作日|日|平方米|亩|公里|吨标准煤|吨|千瓦时|千瓦|件|项|个|台|套|次|小时`
)

var (
	small   = regexp.MustCompile(`(` + number + `)角(?:(` + number + `)分)?`)
	figure  = regexp.MustCompile(`(百分之)?(` + number + `)([百千万亿]*)(` + measure + `)?(?:(` + number + `)角)?(?:(` + number + `)分)?`)
	onDay   = regexp.MustCompile(`([0-9]{4}|[〇零一二三四五六七八九]{4})年(?:度|(` + number + `)月(?:(` + number + `)日)?)?`)
	bridge  = regexp.MustCompile(`^(?:周岁)?(?:至|到|或|和|与|、|~|～|—|–|-)$`)
	ordinal = regexp.MustCompile(`第` + number + `[^，。；]|[上前下同每次](?:一|1)个?年度?|每[家年月日平]|[一二三四五六七八九十]次性|一企一策|同一|一般|统一`)
)

// Read finds the figures of a sentence, zero left out: days first, then the others in their order, sums in 角 and 分 last. A number
// without a unit takes that of the next one where only 至, 或, 、 and the like stand between: 十六至三十五岁 are two ages.
func Read(text string) []Figure {
	var out []Figure
	text = onDay.ReplaceAllStringFunc(text, func(s string) string {
		if m := onDay.FindStringSubmatch(s); m[3] != "" {
			day := fmt.Sprintf("%s-%02s-%02s", parse(m[1]).RatString(), parse(m[2]).RatString(), parse(m[3]).RatString())
			out = append(out, Figure{Kind: Day, Number: day, Text: s})
		}
		return "｜"
	})
	text = ordinal.ReplaceAllString(text, "｜")
	found := figure.FindAllStringSubmatchIndex(text, -1)
	var tail []Figure
	unit := ""
	for i := len(found) - 1; i >= 0; i-- {
		m := groups(text, found[i])
		own := unitOf(m)
		next := len(text)
		if i+1 < len(found) {
			next = found[i+1][0]
		}
		if own == "" && i+1 < len(found) && bridge.MatchString(text[found[i][1]:next]) {
			own = unit
		}
		unit = own
		if f, ok := make1(m, own); ok {
			tail = append(tail, f)
		}
	}
	for i := len(tail) - 1; i >= 0; i-- {
		out = append(out, tail[i])
	}
	for _, m := range small.FindAllStringSubmatch(text, -1) {
		if f := New(Money, addFen(parse(m[1]), 10, m[2]), m[0]); !strings.Contains(text, "元"+m[0]) {
			out = append(out, f)
		}
	}
	return out
}

func groups(text string, at []int) []string {
	out := make([]string, len(at)/2)
	for i := range out {
		if at[2*i] >= 0 {
			out[i] = text[at[2*i]:at[2*i+1]]
		}
	}
	return out
}

func unitOf(m []string) string {
	if m[1] != "" {
		return Percent
	}
	return m[4]
}

// make1 makes a figure of a match: 百分之, number, scale, unit, 角, 分.
func make1(m []string, unit string) (Figure, bool) {
	n := parse(m[2])
	for _, r := range m[3] {
		n.Mul(n, big.NewRat(scales[r], 1))
	}
	if n.Sign() == 0 || unit == "" {
		return Figure{}, false
	}
	if unit == Money {
		if m[5] != "" {
			n.Add(n, new(big.Rat).Quo(parse(m[5]), big.NewRat(10, 1)))
		}
		return New(Money, addFen(n, 100, m[6]), m[0]), true
	}
	kind, factor := Measure(unit)
	if kind == Percent {
		factor = big.NewRat(1, 100)
	}
	return New(kind, n.Mul(n, factor), m[0]), true
}

func addFen(n *big.Rat, factor int64, fen string) *big.Rat {
	n.Mul(n, big.NewRat(factor, 1))
	if fen != "" {
		n.Add(n, parse(fen))
	}
	return n
}

// Measure brings a unit to its kind; factor is how many of the kind it is worth. Money and percentages are left to the caller.
func Measure(unit string) (kind string, factor *big.Rat) {
	if base, ok := strings.CutPrefix(unit, "万"); ok && base != "" {
		kind, factor = Measure(base)
		return kind, factor.Mul(factor, big.NewRat(10_000, 1))
	}
	factor = big.NewRat(1, 1)
	switch unit {
	case "年", "周年":
		return Months, big.NewRat(12, 1)
	case "个月":
		return Months, factor
	case "日":
		return "天", factor
	case "个工作日":
		return "工作日", factor
	case "名":
		return "人", factor
	case "周岁":
		return "岁", factor
	case "％", "个百分点":
		return Percent, factor
	}
	return unit, factor
}

var scales = map[rune]int64{'十': 10, '百': 100, '千': 1000, '万': 10_000, '亿': 100_000_000}

// parse reads 2,000, 5.5, 三十, 二千万, 五点五, 二〇二五.
func parse(s string) *big.Rat {
	if r, ok := new(big.Rat).SetString(strings.ReplaceAll(s, ",", "")); ok {
		return r
	}
	whole, decimals, _ := strings.Cut(s, "点")
	total, part, digit := int64(0), int64(0), int64(-1)
	for _, r := range whole {
		if d, ok := digits[r]; ok {
			digit = max(digit, 0)*10 + d // 二〇二五
			continue
		}
		if scale := scales[r]; scale >= 10_000 {
			if section := part + max(digit, 0); total >= scale {
				total += section * scale // 一亿五千万
			} else {
				total = (total + section) * scale
			}
			part, digit = 0, -1
			continue
		}
		if digit < 0 {
			digit = 1 // 十二
		}
		part += digit * scales[r]
		digit = -1
	}
	out := big.NewRat(total+part+max(digit, 0), 1)
	place := big.NewRat(1, 10)
	for _, r := range decimals {
		out.Add(out, new(big.Rat).Mul(place, big.NewRat(digits[r], 1)))
		place.Quo(place, big.NewRat(10, 1))
	}
	return out
}

var digits = map[rune]int64{'零': 0, '〇': 0, '一': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}
