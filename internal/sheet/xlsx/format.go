package xlsx

import (
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"mianshen/internal/sheet"
)

// style is what a number format makes of a number.
type style uint8

const (
	general style = iota
	percent
	date
)

// maxFormats caps the cell formats of a workbook; Excel allows 65,490.
const maxFormats = 70_000

// readStyles reads which cell formats show percentages and days.
func (w *Workbook) readStyles(part string) error {
	custom := map[int]style{}
	inFormats := false
	return w.each(part, func(e xml.StartElement, _ *xmlPart) error {
		switch e.Name.Local {
		case "numFmt":
			if id, err := strconv.Atoi(attr(e, "numFmtId")); err == nil {
				custom[id] = formatStyle(attr(e, "formatCode"))
			}
		case "cellXfs":
			inFormats = true
		case "cellStyleXfs", "cellStyles", "dxfs":
			inFormats = false
		case "xf":
			if !inFormats {
				return nil
			}
			if len(w.styles) >= maxFormats {
				return &sheet.Error{Message: "工作簿的单元格格式太多"}
			}
			w.styles = append(w.styles, numberStyle(attr(e, "numFmtId"), custom))
		}
		return nil
	})
}

// numberStyle knows the built-in formats of ECMA-376 part 1, 18.8.30, those for Chinese included.
func numberStyle(text string, custom map[int]style) style {
	id, err := strconv.Atoi(text)
	if err != nil {
		return general
	}
	if s, ok := custom[id]; ok {
		return s
	}
	switch {
	case id == 9 || id == 10:
		return percent
	case id >= 14 && id <= 17 || id == 22 || id >= 27 && id <= 31 || id == 36 || id >= 50 && id <= 54 || id == 57 || id == 58:
		return date
	}
	return general
}

// formatStyle reads a format code's first section, quoted and escaped characters left out.
func formatStyle(code string) style {
	var b strings.Builder
	for i := 0; i < len(code) && code[i] != ';'; i++ {
		switch code[i] {
		case '"', '[':
			end := map[byte]string{'"': `"`, '[': "]"}[code[i]]
			n := strings.Index(code[i+1:], end)
			if n < 0 {
				return general
			}
			i += n + 1
		case '\\', '_', '*':
			i++
		default:
			b.WriteByte(code[i])
		}
	}
	bare := strings.ToLower(b.String())
	bare = strings.NewReplacer("general", "", "e+", "", "e-", "", "am/pm", "", "a/p", "").Replace(bare)
	switch {
	case strings.Contains(bare, "%"):
		return percent
	case strings.ContainsAny(bare, "yde"), strings.Contains(bare, "m") && !strings.ContainsAny(bare, "hs"):
		return date
	}
	return general
}

// shownDigits is the precision of spreadsheets.
const shownDigits = 15

// numeral turns a stored number such as 9.13101E+17 or 0.30000000000000004 into the plain decimal that spreadsheets show, of
// at most 15 significant digits; long says that it is whole and has more digits than that.
func numeral(raw string) (text string, long, ok bool) {
	s, exponent := raw, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(strings.TrimPrefix(s[i+1:], "+"))
		if err != nil || n > 400 || n < -400 {
			return "", false, false
		}
		s, exponent = s[:i], n
	}
	negative := strings.HasPrefix(s, "-")
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if len(whole)+len(fraction) > 400 || !digits(whole+fraction) {
		return "", false, false
	}
	point := len(whole) + exponent // digits before the decimal point
	all := strings.TrimLeft(whole+fraction, "0")
	point -= len(whole) + len(fraction) - len(all)
	all, point = shorten(all, point)
	if all == "" {
		return "0", false, true
	}
	switch {
	case point <= 0:
		text = "0." + strings.Repeat("0", -point) + all
	case point >= len(all):
		text = all + strings.Repeat("0", point-len(all))
	default:
		text = all[:point] + "." + all[point:]
	}
	if negative {
		text = "-" + text
	}
	return text, point > shownDigits, true
}

// shorten rounds half up to 15 digits and drops zeros at the end.
func shorten(all string, point int) (string, int) {
	if len(all) > shownDigits {
		up := all[shownDigits] >= '5'
		b := []byte(all[:shownDigits])
		for i := len(b) - 1; i >= 0 && up; i-- {
			b[i]++
			if up = b[i] > '9'; up {
				b[i] = '0'
			}
		}
		all = string(b)
		if up {
			all, point = "1"+all, point+1
		}
	}
	return strings.TrimRight(all, "0"), point
}

// day turns a serial number into a day. 1900 was no leap year, though spreadsheets count its 29 February as day 60.
func (w *Workbook) day(serial string) (string, bool) {
	whole, fraction, _ := strings.Cut(serial, ".")
	n, err := strconv.Atoi(whole)
	if err != nil || n < 1 || n > 2_958_465 || n == 60 && !w.from04 {
		return "", false
	}
	from := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case w.from04:
		from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case n < 60:
		from = from.AddDate(0, 0, 1)
	}
	text := from.AddDate(0, 0, n).Format("2006-01-02")
	if fraction == "" {
		return text, true
	}
	part, err := strconv.ParseFloat("0."+fraction, 64)
	if err != nil {
		return "", false
	}
	return text + " " + time.Unix(int64(part*86400+0.5), 0).UTC().Format("15:04:05"), true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
