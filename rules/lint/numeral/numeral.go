package numeral

import ()

const (
	digits  = `[0-9][0-9,，]*(?:\.[0-9]+)?`
	hanzi   = `[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?`
	measure = `美元|元|%|％|个百分点|人|名|家|户|个月|月|周?年|天|个工作日|工作日|日|平方米|亩|公里|吨标准煤|吨|千瓦时|千瓦|件|项|个|台|套|次|小时|岁`
)

var (
	written = regexp.MustCompile(`(百分之)?(` + digits + `|` + hanzi + `)([百千万亿]*)(` + measure + `)?(?:(` + hanzi + `|[0-9]+)角)?(?:(` + hanzi + `|[0-9]+)分)?|(` + hanzi + `|[0-9]+)角(?:(` + hanzi + `|[0-9]+)分)?`)
	onDay   = regexp.MustCompile(`([0-9]{4}|[〇零一二三四五六七八九]{4})年(?:度|(` + digits + `|` + hanzi + `)月(?:(` + digits + `|` + hanzi + `)日)?)?`)
	ordinal = regexp.MustCompile(`第(?:` + digits + `|` + hanzi + `)[^，。；]|[上前下同每次](?:一|1)个?年度?|每[家年月日平]|[一二三四五六七八九十]次性|一企一策|同一|一般`)
)

// read finds the figures of a sentence.
func read(text string) []figure {
	var out []figure
	text = onDay.ReplaceAllStringFunc(text, func(s string) string {
		m := onDay.FindStringSubmatch(s)
		y, _, d := hanziNumber(m[1]), m[2], m[3]
		if d != "" {
			out = append(out, figure{kind: "日期", number: fmt.Sprintf("%s-%02s-%02s", y.RatString(), hanziNumber(m[2]).RatString(), hanziNumber(d).RatString()), shown: s})
		}
		return "｜"
	})
	text = ordinal.ReplaceAllString(text, "｜")
	for _, m := range written.FindAllStringSubmatch(text, -1) {
		if f, ok := figureOf(m); ok {
			out = append(out, f)
		}
	}
	return out
}

// figureOf makes a figure of a match of written.
func figureOf(m []string) (figure, bool) {
	if m[7] != "" { // 七角五分
		return newFigure("元", sum(hanziNumber(m[7]), 10, m[8]), m[0])
	}
	n := hanziNumber(m[2])
	for _, r := range m[3] {
		n.Mul(n, big.NewRat(scales[r], 1))
	}
	switch unit := m[4]; {
	case m[1] != "" || unit == "%" || unit == "％" || unit == "个百分点":
		return newFigure("%", n.Quo(n, big.NewRat(100, 1)), m[0])
	case unit == "元":
		if m[5] != "" {
			n.Add(n, new(big.Rat).Quo(hanziNumber(m[5]), big.NewRat(10, 1)))
		}
		return newFigure("元", sum(n, 100, m[6]), m[0])
	case unit == "" && (m[3] != "" || strings.HasSuffix(m[2], "万") || strings.HasSuffix(m[2], "亿")) && len([]rune(m[0])) > 1:
		return newFigure("元", n.Mul(n, big.NewRat(100, 1)), m[0]) // 15万、20万或30万元
	case unit == "":
		return figure{}, false
	default:
		kind, factor := measured(unit)
		return newFigure(kind, n.Mul(n, big.NewRat(factor, 1)), m[0])
	}
}

func sum(n *big.Rat, factor int64, fen string) *big.Rat {
	n.Mul(n, big.NewRat(factor, 1))
	if fen != "" {
		n.Add(n, hanziNumber(fen))
	}
	return n
}

func newFigure(kind string, n *big.Rat, shown string) (figure, bool) {
	return figure{kind: kind, number: n.RatString(), shown: shown}, n.Sign() != 0
}

// measured brings a unit to its kind.
func measured(unit string) (kind string, factor int64) {
	if base, ok := strings.CutPrefix(unit, "万"); ok && base != "" {
		kind, factor = measured(base)
		return kind, factor * 10_000
	}
	switch unit {
	case "年", "周年":
		return "月", 12
	case "个月":
		return "月", 1
	case "日":
		return "天", 1
	case "个工作日":
		return "工作日", 1
	case "名":
		return "人", 1
	}
	return unit, 1
}

var scales = map[rune]int64{'十': 10, '百': 100, '千': 1000, '万': 10_000, '亿': 100_000_000}

// hanziNumber reads 2,000, 5.5, 三十, 二千万, 五点五, 二〇二五.
func hanziNumber(s string) *big.Rat {
	plain := strings.NewReplacer(",", "", "，", "").Replace(s)
	if r, ok := new(big.Rat).SetString(plain); ok {
		return r
	}
	whole, decimals, _ := strings.Cut(s, "点")
	total, part, digit := int64(0), int64(0), int64(-1)
	for _, r := range whole {
		if d, ok := hanziDigit(r); ok {
			digit = max(digit, 0)*10 + d // 二〇二五
			continue
		}
		scale := scales[r]
		switch {
		case scale >= 10_000:
			total = (total + part + max(digit, 0)) * scale
			part, digit = 0, -1
			continue
		case digit < 0:
			digit = 1 // 十二
		}
		part += digit * scale
		digit = -1
	}
	out := big.NewRat(total+part+max(digit, 0), 1)
	unit := big.NewRat(1, 10)
	for _, r := range decimals {
		d, _ := hanziDigit(r)
		out.Add(out, new(big.Rat).Mul(unit, big.NewRat(d, 1)))
		unit.Quo(unit, big.NewRat(10, 1))
	}
	return out
}

func hanziDigit(r rune) (int64, bool) {
	if r == '两' {
		return 2, true
	}
	for i, d := range []rune("零一二三四五六七八九") {
		if r == d || r == '〇' && i == 0 {
			return int64(i), true
		}
	}
	return 0, false
}

