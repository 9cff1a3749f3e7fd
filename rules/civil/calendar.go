package civil

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"
)

// What the calendar file may say about a day.
const (
	kindYear    = "year"
	kindHoliday = "holiday"
	kindWorkday = "workday"
)

// maxCalendar caps the text of a calendar file, in bytes.
const maxCalendar = 1 << 20

//go:embed calendar.tsv
var embeddedCalendar string

// Calendar says which days are working days (工作日) in the years it has data
// for. It is immutable and safe for concurrent use.
type Calendar struct {
	first  Date
	days   []dayKind // from first on, one a day
	names  map[Date]string
	source map[int]string // year -> number of the notice
}

type dayKind uint8

const (
	uncovered dayKind = iota
	rest
	work
)

var official = sync.OnceValue(func() *Calendar {
	c, err := ParseCalendar(embeddedCalendar)
	if err != nil {
		panic(fmt.Sprintf("civil: embedded calendar.tsv: %v", err)) // held by a test
	}
	return c
})

// Official returns the embedded calendar of the State Council's notices on
// holidays (国务院办公厅关于部分节假日安排的通知).
func Official() *Calendar { return official() }

// IsWorkday asks the embedded calendar; see Calendar.IsWorkday.
func IsWorkday(d Date) (workday, ok bool) { return official().IsWorkday(d) }

// AddWorkdays asks the embedded calendar; see Calendar.AddWorkdays.
func AddWorkdays(d Date, n int) (Date, bool) { return official().AddWorkdays(d, n) }

// ParseCalendar reads a calendar from tab-separated text with the columns
// date, kind and name. A line of kind year (2025, year, number of the notice)
// declares that the year is covered and precedes its days; a holiday line is a
// day off, a workday line a Saturday or Sunday that is worked (调休). Days not
// named follow the week. Lines that start with # and the header are skipped.
// The first mistake is returned, in Chinese with its line number.
func ParseCalendar(text string) (*Calendar, error) {
	if len(text) > maxCalendar {
		return nil, fmt.Errorf("工作日历过大（超过%d字节）", maxCalendar)
	}
	c := &Calendar{names: map[Date]string{}, source: map[int]string{}}
	kinds := map[Date]dayKind{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") || line == "date\tkind\tname" {
			continue
		}
		if err := c.add(kinds, line); err != nil {
			return nil, fmt.Errorf("工作日历第%d行：%w", i+1, err)
		}
	}
	if len(c.source) == 0 {
		return nil, fmt.Errorf("工作日历没有任何年份的数据")
	}
	c.fill(kinds)
	return c, nil
}

// add reads one line into the years covered, or into kinds.
func (c *Calendar) add(kinds map[Date]dayKind, line string) error {
	cells := strings.Split(line, "\t")
	if len(cells) != 3 || strings.TrimSpace(cells[2]) == "" {
		return fmt.Errorf("应有三列：日期、类别、名称")
	}
	if cells[1] == kindYear {
		return c.addYear(cells[0], cells[2])
	}
	d, err := parseISO(cells[0])
	if err != nil {
		return err
	}
	if c.source[d.Year()] == "" {
		return fmt.Errorf("%v 之前没有声明%d年的 year 行", d, d.Year())
	}
	if kinds[d] != uncovered {
		return fmt.Errorf("%v 重复出现", d)
	}
	switch {
	case cells[1] == kindHoliday:
		kinds[d] = rest
	case cells[1] == kindWorkday && weekend(d):
		kinds[d] = work
	case cells[1] == kindWorkday:
		return fmt.Errorf("%v 不是周六或周日，不能是调休上班日", d)
	default:
		return fmt.Errorf("类别“%s”不认识，应为 year、holiday 或 workday", cut(cells[1], 12))
	}
	c.names[d] = cells[2]
	return nil
}

func (c *Calendar) addYear(text, notice string) error {
	if len(text) != 4 || !digits(text) || value(text) < MinYear || value(text) > MaxYear {
		return fmt.Errorf("年份“%s”看不懂", cut(text, 12))
	}
	if c.source[value(text)] != "" {
		return fmt.Errorf("%s年重复声明", text)
	}
	c.source[value(text)] = notice
	return nil
}

// fill lays the covered years out as one slice from the first to the last day.
func (c *Calendar) fill(kinds map[Date]dayKind) {
	low, high := MaxYear, MinYear
	for year := range c.source {
		low, high = min(low, year), max(high, year)
	}
	c.first = Date{number(low, 1, 1)}
	c.days = make([]dayKind, number(high, 12, 31)-c.first.n+1)
	for year := range c.source {
		for n := number(year, 1, 1); n <= number(year, 12, 31); n++ {
			d := Date{n}
			kind := kinds[d]
			if kind == uncovered && weekend(d) {
				kind = rest
			} else if kind == uncovered {
				kind = work
			}
			c.days[n-c.first.n] = kind
		}
	}
}

// kind looks a day up; days outside the data are uncovered.
func (c *Calendar) kind(n int32) dayKind {
	if n < c.first.n || n >= c.first.n+int32(len(c.days)) {
		return uncovered
	}
	return c.days[n-c.first.n]
}

// IsWorkday reports whether d is a working day: Monday to Friday unless a
// holiday, Saturday and Sunday only if worked in exchange. ok is false for no
// date and in years without data.
func (c *Calendar) IsWorkday(d Date) (workday, ok bool) {
	kind := c.kind(d.n)
	return kind == work, kind != uncovered
}

// AddWorkdays returns the n-th working day after d, which itself is not
// counted; with negative n the n-th before d; with n = 0 d itself, working
// day or not. ok is false for no date, and when the count passes through a
// year without data (d's own day needs none).
func (c *Calendar) AddWorkdays(d Date, n int) (result Date, ok bool) {
	if d.IsZero() {
		return Date{}, false
	}
	step, day := int32(1), d.n
	if n < 0 {
		step = -1
	}
	for n != 0 {
		day += step
		switch c.kind(day) {
		case uncovered:
			return Date{}, false
		case work:
			n -= int(step)
		}
	}
	return Date{day}, true
}

// Covers reports whether there is data for the year.
func (c *Calendar) Covers(year int) bool { return c.source[year] != "" }

// Notice returns the number (文号) of the notice that the year's data comes
// from, "" for a year without data.
func (c *Calendar) Notice(year int) string { return c.source[year] }

// Name returns the holiday that d is off for or worked in exchange for, and ""
// for an ordinary day.
func (c *Calendar) Name(d Date) string { return c.names[d] }

func weekend(d Date) bool {
	day := d.Weekday()
	return day == time.Saturday || day == time.Sunday
}
