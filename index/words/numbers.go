package words

import (
	"math"
	"strconv"
	"strings"
)

// docNumber is a document number such as 沪府办规〔2024〕4号 found in a text: the letters before the year, the year and
// the running number, with the rune positions it spans.
type docNumber struct {
	prefix      []rune // Han letters before the year; in running text more than the issuer's may stand there
	year, n     int
	first, last int
}

// maxPrefix is the longest issuer abbreviation that is looked for: 京人社就发 has five letters, few have ten.
const maxPrefix = 10

// keys gives the terms a number is indexed under: the bare year and number, and each ending of the prefix, since in
// 根据沪府办规〔2024〕4号 nobody can tell where the issuer's abbreviation starts. All start with #, which no word does.
func (d docNumber) keys() []string {
	tail := strconv.Itoa(d.year) + "-" + strconv.Itoa(d.n)
	keys := []string{"#" + tail}
	for i := len(d.prefix) - 1; i >= 0; i-- {
		keys = append(keys, "#"+string(d.prefix[i:])+tail)
	}
	return keys
}

// findNumbers finds the document numbers of f in any bracket style, or none: 〔2024〕4号, [2024] 4 号, （2024）第4号,
// 2024年第4号, 2024年4号.
func findNumbers(f folded) []docNumber {
	var out []docNumber
	for i := 0; i+6 <= len(f.runes); i++ {
		if !digitAt(f, i) || digitAt(f, i-1) {
			continue
		}
		d, ok := numberAt(f, i)
		if !ok {
			d, ok = yearFirst(f, i)
		}
		if !ok {
			continue
		}
		out = append(out, d)
		i = d.last
	}
	return out
}

// numberAt reads the document number whose year starts at rune i.
func numberAt(f folded, i int) (docNumber, bool) {
	year, j := digits(f, i, 4)
	if j != i+4 || year < 1949 || year > 2099 || digitAt(f, j) {
		return docNumber{}, false
	}
	marked := false
	for _, mark := range []rune{closeBracket, '年', '第'} {
		if k := skipBlank(f, j); k < len(f.runes) && f.runes[k] == mark {
			j, marked = k+1, true
		}
	}
	j = skipBlank(f, j)
	n, k := digits(f, j, 5)
	if k == j || n == 0 {
		return docNumber{}, false
	}
	end := skipBlank(f, k)
	if end >= len(f.runes) || f.runes[end] != '号' {
		return docNumber{}, false
	}
	d := docNumber{year: year, n: n, first: i, last: end}
	d.readPrefix(f, i)
	return d, marked || len(d.prefix) > 0
}

// yearFirst reads a document number whose year, in brackets, stands before the issuer: 〔2022〕京经信发45号.
func yearFirst(f folded, i int) (docNumber, bool) {
	year, j := digits(f, i, 4)
	if j != i+4 || year < 1949 || year > 2099 || i == 0 || f.runes[i-1] != openBracket || j >= len(f.runes) || f.runes[j] != closeBracket {
		return docNumber{}, false
	}
	d := docNumber{year: year, first: i - 1}
	for j = skipBlank(f, j+1); j < len(f.runes) && len(d.prefix) <= maxPrefix && isHan(f.runes[j]) && f.runes[j] != '第'; j++ {
		d.prefix = append(d.prefix, f.runes[j])
	}
	if j = skipBlank(f, j); j < len(f.runes) && f.runes[j] == '第' {
		j++
	}
	n, k := digits(f, skipBlank(f, j), 5)
	d.n = n
	end := skipBlank(f, k)
	if n == 0 || len(d.prefix) < 2 || len(d.prefix) > maxPrefix || end >= len(f.runes) || f.runes[end] != '号' {
		return docNumber{}, false
	}
	d.last = end
	return d, true
}

// readPrefix walks back from the year over the bracket to the letters before it.
func (d *docNumber) readPrefix(f folded, i int) {
	j := i - 1
	for j >= 0 && (f.runes[j] == blank || f.runes[j] == invisible) && i-j <= maxGap {
		j--
	}
	if j >= 0 && f.runes[j] == openBracket {
		d.first = j
		j--
	}
	for ; j >= 0 && len(d.prefix) < maxPrefix && isHan(f.runes[j]); j-- {
		d.prefix = append([]rune{f.runes[j]}, d.prefix...)
		d.first = j
	}
}

// DocumentNumber is a document number (文号) as it stands in a text.
type DocumentNumber struct {
	Text   string // 沪府办规〔2024〕4号, as written
	Prefix string // the Han letters before the year, at most ten: the issuer's abbreviation, or the end of a sentence
}

// DocumentNumbers gives the document numbers in text, in order.
func DocumentNumbers(text string) []DocumentNumber {
	f := fold(text)
	var out []DocumentNumber
	for _, n := range findNumbers(f) {
		out = append(out, DocumentNumber{Text: text[f.at[n.first]:f.at[n.last+1]], Prefix: string(n.prefix)})
	}
	return out
}

// NumberSpans gives the runes that the document numbers in text span, first and last of each, in order; they don't overlap.
func NumberSpans(text string) [][2]int {
	var out [][2]int
	for _, n := range findNumbers(fold(text)) {
		first := n.first
		if len(out) > 0 {
			first = max(first, out[len(out)-1][1]+1)
		}
		out = append(out, [2]int{first, n.last})
	}
	return out
}

// digits reads at most limit ASCII digits at i.
func digits(f folded, i, limit int) (value, next int) {
	for next = i; digitAt(f, next) && next-i < limit; next++ {
		value = value*10 + int(f.runes[next]-'0')
	}
	return value, next
}

func skipBlank(f folded, i int) int {
	for n := 0; i < len(f.runes) && n < maxGap && (f.runes[i] == blank || f.runes[i] == invisible); n++ {
		i++
	}
	return i
}

// sum is a sum of money found in a text, in whole yuan.
type sum struct {
	yuan        int64
	first, last int
}

// term gives the term a sum is indexed under; no word starts with ¥.
func (s sum) term() string { return "¥" + strconv.FormatInt(s.yuan, 10) }

// Sums gives the sums of money in text, in yuan, in order.
func Sums(text string) []int64 {
	var out []int64
	for _, s := range findAmounts(fold(text)) {
		out = append(out, s.yuan)
	}
	return out
}

// findAmounts finds sums of money: 50万, 50万元, 500,000元, 五十万元, 1.5亿. A bare number is none: it needs 万, 亿 or
// 元 behind it. Sums that are not whole yuan, or beyond 10^15, are passed over.
func findAmounts(f folded) []sum {
	var out []sum
	for i := 0; i < len(f.runes); i++ {
		var s sum
		var ok bool
		switch {
		case digitAt(f, i):
			s, ok = arabicSum(f, i)
		case chineseDigit(f.runes[i]) >= 0 || chineseUnit(f.runes[i]) == 10:
			s, ok = chineseSum(f, i)
		default:
			continue
		}
		if ok {
			out = append(out, s)
			i = s.last
			continue
		}
		if digitAt(f, i) {
			i = figuresEnd(f, i) // not 万元 out of 0.00001万元
		}
	}
	return out
}

// figuresEnd gives the last rune of the digits, points and commas that start at i.
func figuresEnd(f folded, i int) int {
	for digitAt(f, i+1) || digitAt(f, i+2) && (f.runes[i+1] == '.' || f.runes[i+1] == ',') {
		i++
	}
	return i
}

// arabicSum reads digits, a fraction of at most four digits, and the unit behind them.
func arabicSum(f folded, i int) (sum, bool) {
	const tenThousandths = 10_000
	var value int64
	j := i
	for ; j < len(f.runes) && j-i < 20; j++ {
		if f.runes[j] == ',' && j > i && groupOfThree(f, j+1) {
			continue
		}
		if !digitAt(f, j) {
			break
		}
		if value = value*10 + int64(f.runes[j]-'0'); value > 1e14 {
			return sum{}, false
		}
	}
	value *= tenThousandths
	if j+1 < len(f.runes) && f.runes[j] == '.' && digitAt(f, j+1) {
		j++
		for scale := int64(tenThousandths / 10); digitAt(f, j); j, scale = j+1, scale/10 {
			if scale == 0 {
				return sum{}, false
			}
			value += int64(f.runes[j]-'0') * scale
		}
	}
	return unitOf(f, i, j, value, tenThousandths)
}

// unitOf reads 千 百 十 万 亿 元 at j and finishes the sum that starts at i; value counts 1/scale.
func unitOf(f folded, i, j int, value, scale int64) (sum, bool) {
	j = skipBlank(f, j)
	big := false
	last := j - 1
	for ; j < len(f.runes); j++ {
		u := chineseUnit(f.runes[j])
		if u == 0 {
			break
		}
		if value > math.MaxInt64/u/2 {
			return sum{}, false
		}
		value, big, last = value*u, big || u >= 10_000, j
	}
	if j < len(f.runes) && f.runes[j] == '元' {
		big, last = true, j
	}
	if measured(f, last+1) {
		return sum{}, false
	}
	if !big || value%scale != 0 || value/scale > 1e15 || value <= 0 {
		return sum{}, false
	}
	return sum{yuan: value / scale, first: i, last: last}, true
}

// measured tells whether what stands at i counts something other than money: 20万平方米, 3万人.
func measured(f folded, i int) bool {
	i = skipBlank(f, i)
	return i < len(f.runes) && strings.ContainsRune("平亩吨人户辆件台个家次千公米立", f.runes[i])
}

// chineseSum reads a number in Chinese numerals with its unit, such as 五十万元 or 一千二百万.
func chineseSum(f folded, i int) (sum, bool) {
	var total, section, digit int64
	big, j := false, i
	for ; j < len(f.runes) && j-i < 16; j++ {
		r := f.runes[j]
		if d := chineseDigit(r); d >= 0 {
			digit = d
			continue
		}
		u := chineseUnit(r)
		if u == 0 {
			break
		}
		if u < 10_000 {
			section += max(digit, 1) * u
		} else {
			total = (total + section + digit) * u
			section, big = 0, true
		}
		if total > 1e15 {
			return sum{}, false
		}
		digit = 0
	}
	total += section + digit
	last := j - 1
	if j < len(f.runes) && f.runes[j] == '元' {
		big, last = true, j
	}
	if measured(f, last+1) || !big || total <= 0 || total > 1e15 {
		return sum{}, false
	}
	return sum{yuan: total, first: i, last: last}, true
}

// chineseDigit gives the value of a Chinese numeral 0 to 9, or -1.
func chineseDigit(r rune) int64 {
	switch r {
	case '零', '〇':
		return 0
	case '一':
		return 1
	case '二', '两':
		return 2
	case '三':
		return 3
	case '四':
		return 4
	case '五':
		return 5
	case '六':
		return 6
	case '七':
		return 7
	case '八':
		return 8
	case '九':
		return 9
	}
	return -1
}

// chineseUnit gives the value of a Chinese unit of ten and more, or 0.
func chineseUnit(r rune) int64 {
	switch r {
	case '十':
		return 10
	case '百':
		return 100
	case '千':
		return 1000
	case '万':
		return 10_000
	case '亿':
		return 100_000_000
	}
	return 0
}
