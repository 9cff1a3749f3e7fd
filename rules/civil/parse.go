package civil

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxText is more than any accepted form needs; longer text is refused unread.
const maxText = 64

// Parse reads a day in one of three forms, spaces around it ignored:
// 2025-06-30, 2025/6/30 (month and day with or without a leading zero) and
// 20250630. The year is 1900..2999 and the day must exist. Errors are in
// Chinese, name the text, and recognise the numbers that spreadsheets store
// instead of dates.
func Parse(text string) (Date, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Date{}, fmt.Errorf("日期为空")
	case len(text) > maxText:
		return Date{}, fmt.Errorf("日期“%s…”过长", cut(text, 12))
	case strings.Contains(text, "/"):
		return parseSlashed(text)
	case strings.Contains(text, "-"):
		return parseISO(text)
	case len(text) == 8 && digits(text):
		return build(text, text[:4], text[4:6], text[6:])
	case len(text) == 5 && digits(text):
		return Date{}, fmt.Errorf("“%s”像是 Excel 日期序号，请把该列设为日期格式后重新导出", text)
	}
	return Date{}, malformed(text)
}

// MustParse is Parse for dates written in code; it panics on a mistake and is
// never called with input.
func MustParse(text string) Date {
	d, err := Parse(text)
	if err != nil {
		panic(fmt.Sprintf("civil.MustParse(%q): %v", text, err))
	}
	return d
}

func parseISO(text string) (Date, error) {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' {
		return Date{}, malformed(text)
	}
	return build(text, text[:4], text[5:7], text[8:])
}

func parseSlashed(text string) (Date, error) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || len(parts[0]) != 4 || len(parts[1]) > 2 || len(parts[2]) > 2 {
		return Date{}, malformed(text)
	}
	return build(text, parts[0], parts[1], parts[2])
}

func build(text, year, month, day string) (Date, error) {
	if !digits(year) || !digits(month) || !digits(day) {
		return Date{}, malformed(text)
	}
	d, err := New(value(year), value(month), value(day))
	if err != nil {
		return Date{}, fmt.Errorf("日期“%s”不存在：%w", text, err)
	}
	return d, nil
}

func malformed(text string) error {
	return fmt.Errorf("日期“%s”看不懂，应写成 2025-06-30、2025/6/30 或 20250630", cut(text, 20))
}

// digits reports whether text is one or more ASCII digits.
func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// value reads at most four digits that were checked before.
func value(text string) int {
	n := 0
	for i := range len(text) {
		n = n*10 + int(text[i]-'0')
	}
	return n
}

// cut shortens text to at most n runes for a message and hides what can't be
// shown in one.
func cut(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return utf8.RuneError
		}
		return r
	}, text[:min(len(text), n*utf8.UTFMax)])
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n])
	}
	return text
}

// shanghaiZone is Asia/Shanghai of the IANA time zone database (public domain),
// with the summer times of 1940-1949 and 1986-1991. It is embedded so that no
// setting or file of the machine can change which day an instant falls on.
//
//go:embed shanghai.tzif
var shanghaiZone []byte

var shanghai = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocationFromTZData("Asia/Shanghai", shanghaiZone)
	if err != nil {
		panic(fmt.Sprintf("civil: embedded shanghai.tzif: %v", err)) // held by a test
	}
	return zone
})

// Shanghai returns the zone Asia/Shanghai, the same on every machine.
func Shanghai() *time.Location { return shanghai() }

// On returns the civil day in Shanghai at the instant t, or no date when its
// year is outside 1900..2999.
func On(t time.Time) Date {
	year, month, day := t.In(shanghai()).Date()
	d, err := New(year, int(month), day)
	if err != nil {
		return Date{}
	}
	return d
}

// Start returns the first instant of the day in Shanghai, and the zero Time
// for no date.
func (d Date) Start() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	year, month, day := d.Parts()
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, shanghai())
}
