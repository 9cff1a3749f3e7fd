// Package civil holds calendar days as the law uses them: a day in Shanghai
// without a time of day, exact month and year arithmetic, full years (满年),
// and working days by the State Council's yearly holiday notices.
//
// Nothing here reads a clock: the as-of day is always an argument. Every
// result is checked against the range 1900-01-01 to 2999-12-31; arithmetic
// that would leave it, or that starts from "no date", reports ok=false so
// that the caller can turn it into unknown instead of a wrong answer.
//
// Date is a four-byte value: copy it, compare it with ==, use it as a map
// key. All functions are pure and safe for concurrent use.
package civil

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"
)

// MinYear and MaxYear bound the years a Date can have, both included.
const (
	MinYear = 1900
	MaxYear = 2999
)

const (
	// epoch is the count of days from 0000-03-01 to 1899-12-31, so that
	// Date{1} is 1900-01-01.
	epoch = 693900
	// maxNumber is the number of 2999-12-31.
	maxNumber = 401767
	// maxMonths is more months than the whole range has; larger steps are
	// refused before they are added up.
	maxMonths = 12 * (MaxYear - MinYear + 1)
)

// Date is a civil day, or no date at all (the zero value). The days
// 1900-01-01 to 2999-12-31 of the proleptic Gregorian calendar exist.
type Date struct {
	n int32 // 1 is 1900-01-01, 0 is no date
}

// New returns the day with the given year (1900..2999), month (1..12) and day
// of the month. The error, in Chinese, says which part is impossible.
func New(year, month, day int) (Date, error) {
	if year < MinYear || year > MaxYear {
		return Date{}, fmt.Errorf("年份%d超出范围（%d至%d年）", year, MinYear, MaxYear)
	}
	if month < 1 || month > 12 {
		return Date{}, fmt.Errorf("月份%d不存在（应为1至12）", month)
	}
	if last := daysIn(year, month); day < 1 || day > last {
		return Date{}, fmt.Errorf("%d年%d月没有%d日（该月共%d天）", year, month, day, last)
	}
	return Date{number(year, month, day)}, nil
}

// FromNumber returns the day with the given Number. ok is false for 0 and for
// numbers outside the range.
func FromNumber(n int32) (d Date, ok bool) {
	if n < 1 || n > maxNumber {
		return Date{}, false
	}
	return Date{n}, true
}

// Number is the position of the day, 1 for 1900-01-01 and 401767 for
// 2999-12-31; 0 for no date. It grows by one a day, so columns can store and
// compare it.
func (d Date) Number() int32 { return d.n }

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d.n == 0 }

// Year returns the year, 0 for no date.
func (d Date) Year() int { y, _, _ := d.Parts(); return y }

// Month returns the month 1..12, 0 for no date.
func (d Date) Month() int { _, m, _ := d.Parts(); return m }

// Day returns the day of the month 1..31, 0 for no date.
func (d Date) Day() int { _, _, day := d.Parts(); return day }

// Quarter returns the quarter 1..4, 0 for no date.
func (d Date) Quarter() int { return (d.Month() + 2) / 3 }

// Weekday returns the day of the week. It has no meaning for no date.
func (d Date) Weekday() time.Weekday { return time.Weekday(d.n % 7) } // 1900-01-01 was a Monday

// Parts returns year, month and day at once; 0, 0, 0 for no date.
func (d Date) Parts() (year, month, day int) {
	if d.n == 0 {
		return 0, 0, 0
	}
	// Years are counted from March, so that the leap day is the last of its
	// year and months have the regular lengths 31 30 31 30 31 31 30 31 30 31 31.
	z := int(d.n) + epoch
	era := z / 146097
	doe := z % 146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	year, month, day = yoe+era*400, mp+3, doy-(153*mp+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// Compare orders days: -1, 0 or 1. No date sorts before every day, so that
// sorting is total; it says nothing about law, check IsZero before deciding.
func (d Date) Compare(other Date) int { return cmp.Compare(d.n, other.n) }

// Before reports whether both are days and d is earlier than other.
func (d Date) Before(other Date) bool { return d.n != 0 && other.n != 0 && d.n < other.n }

// After reports whether both are days and d is later than other.
func (d Date) After(other Date) bool { return d.n != 0 && other.n != 0 && d.n > other.n }

// Sub returns the number of days from other to d, negative when d is earlier.
// Both must be days: with no date on either side the result is 0 and has no
// meaning, so check IsZero first.
func (d Date) Sub(other Date) int {
	if d.n == 0 || other.n == 0 {
		return 0
	}
	return int(d.n) - int(other.n)
}

// AddDays returns the day n days later (earlier for negative n). ok is false
// for no date and outside the range.
func (d Date) AddDays(n int) (result Date, ok bool) {
	if d.n == 0 || n > maxNumber || n < -maxNumber {
		return Date{}, false
	}
	return FromNumber(d.n + int32(n))
}

// AddMonths returns the same day of the month n months later (earlier for
// negative n), or the last day of that month where there is no such day:
// 2025-01-31 plus one month is 2025-02-28. ok is false for no date and
// outside the range.
func (d Date) AddMonths(n int) (result Date, ok bool) {
	if d.n == 0 || n > maxMonths || n < -maxMonths {
		return Date{}, false
	}
	year, month, day := d.Parts()
	months := year*12 + month - 1 + n
	if months < MinYear*12 || months >= (MaxYear+1)*12 {
		return Date{}, false
	}
	year, month = months/12, months%12+1
	return Date{number(year, month, min(day, daysIn(year, month)))}, true
}

// AddYears returns the same day n years later (earlier for negative n);
// 29 February becomes 28 February in a common year. ok is false for no date
// and outside the range.
func (d Date) AddYears(n int) (result Date, ok bool) {
	if n > MaxYear || n < -MaxYear {
		return Date{}, false
	}
	return d.AddMonths(12 * n)
}

// Reached decides 满年: whether years full years have passed from d to base,
// that is base >= d.AddYears(years). It becomes true on the same day years
// later, or on the last day of that month where there is no such day. ok is
// false when either date is missing or the anniversary is out of range.
func Reached(d Date, years int, base Date) (reached, ok bool) {
	due, ok := d.AddYears(years)
	if !ok || base.IsZero() {
		return false, false
	}
	return base.n >= due.n, true
}

// ReachedMonths decides 满月: base >= d.AddMonths(months). See Reached.
func ReachedMonths(d Date, months int, base Date) (reached, ok bool) {
	due, ok := d.AddMonths(months)
	if !ok || base.IsZero() {
		return false, false
	}
	return base.n >= due.n, true
}

// FullMonths returns how many full months have passed from d to base: the
// largest n with base >= d.AddMonths(n), negative when base is before d. ok is
// false when either date is missing.
func FullMonths(d, base Date) (months int, ok bool) {
	if d.IsZero() || base.IsZero() {
		return 0, false
	}
	y1, m1, d1 := d.Parts()
	y2, m2, d2 := base.Parts()
	months = (y2-y1)*12 + m2 - m1
	if d2 < min(d1, daysIn(y2, m2)) {
		months--
	}
	return months, true
}

// FullYears returns how many full years have passed from d to base: the
// largest n with base >= d.AddYears(n), negative when base is before d. ok is
// false when either date is missing.
func FullYears(d, base Date) (years int, ok bool) {
	months, ok := FullMonths(d, base)
	if !ok {
		return 0, false
	}
	years = months / 12
	if months%12 < 0 {
		years--
	}
	return years, true
}

// EndOfMonth returns the last day of d's month; no date stays no date.
func (d Date) EndOfMonth() Date {
	if d.IsZero() {
		return d
	}
	year, month, _ := d.Parts()
	return Date{number(year, month, daysIn(year, month))}
}

// String returns the ISO form 2025-06-30, and "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return string(d.append(make([]byte, 0, 10)))
}

// MarshalText writes the ISO form, nothing for no date.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads only the ISO form; empty text is no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := parseISO(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// MarshalJSON writes "2025-06-30", and null for no date.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	out := append(make([]byte, 0, 12), '"')
	return append(d.append(out), '"'), nil
}

// UnmarshalJSON reads a string in the ISO form; null is no date. The empty
// string and every other JSON value are refused.
func (d *Date) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*d = Date{}
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("日期应为文本“2025-06-30”或null：%w", err)
	}
	parsed, err := parseISO(text)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// append adds the ISO form of a day to b.
func (d Date) append(b []byte) []byte {
	y, m, day := d.Parts()
	return append(b,
		byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+day/10), byte('0'+day%10))
}

// number is the inverse of Parts for a day that exists.
func number(year, month, day int) int32 {
	if month <= 2 {
		year, month = year-1, month+12
	}
	doy := (153*(month-3)+2)/5 + day - 1
	return int32(year*365 + year/4 - year/100 + year/400 + doy - epoch)
}

// daysIn returns the length of a month.
func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
