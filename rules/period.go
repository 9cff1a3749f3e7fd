package rules

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mianshen/rules/civil"
	"mianshen/rules/source"
)

// Span is a length of civil time in which facts are counted and grants are given.
type Span uint8

// The spans. Day has no periods: it is the as-of day itself.
const (
	Day Span = iota
	Month
	Quarter
	Year
)

// Period says which period the as-of day looks at: the one it lies in (Back 0 of Day: current) or a whole one before.
type Period struct {
	Span Span
	Back int
}

var periodPattern = regexp.MustCompile(`^(year|quarter|month)-([1-9][0-9]?)$`)

func readPeriod(d *source.Decoder, n *source.Node, what string) Period {
	if n.Text == "current" {
		return Period{}
	}
	m := periodPattern.FindStringSubmatch(n.Text)
	if m == nil {
		d.Fail(n, "", "%s 写作 current、year-1、quarter-1 或 month-1", what)
		return Period{}
	}
	back, _ := strconv.Atoi(m[2])
	return Period{Span: map[string]Span{"year": Year, "quarter": Quarter, "month": Month}[m[1]], Back: back}
}

// String writes the period as in the vocabulary file.
func (p Period) String() string {
	if p.Span == Day {
		return "current"
	}
	return fmt.Sprintf("%s-%d", [...]string{"", "month", "quarter", "year"}[p.Span], p.Back)
}

// Interval is one concrete period: all days from From to To, both included, named 2024, 2024-Q1 or 2024-03.
type Interval struct {
	From, To civil.Date
	Name     string
}

// Of returns the concrete period of span s that day d lies in, moved back by back periods.
func (s Span) Of(d civil.Date, back int) Interval {
	months := map[Span]int{Day: 1, Month: 1, Quarter: 3, Year: 12}[s]
	if s == Day {
		return Interval{From: d, To: d, Name: d.String()}
	}
	index := (d.Year()*12+d.Month()-1)/months - back
	first := index * months
	from, err := civil.New(first/12, first%12+1, 1)
	if err != nil {
		return Interval{From: d, To: d, Name: d.String()}
	}
	next, ok := from.AddMonths(months)
	if !ok {
		return Interval{From: from, To: from.EndOfMonth(), Name: strconv.Itoa(from.Year())}
	}
	to, _ := next.AddDays(-1)
	return Interval{From: from, To: to, Name: s.name(from)}
}

func (s Span) name(from civil.Date) string {
	switch s {
	case Year:
		return strconv.Itoa(from.Year())
	case Quarter:
		return fmt.Sprintf("%d-Q%d", from.Year(), from.Quarter())
	}
	return fmt.Sprintf("%d-%02d", from.Year(), from.Month())
}

var intervalPattern = regexp.MustCompile(`^([0-9]{4})(?:年|-?Q([1-4])|-(0[1-9]|1[0-2])|年([0-9]{1,2})月)?$`)

// ParseInterval reads the name of a concrete period: 2024, 2024-Q1 or 2024-03.
func ParseInterval(text string) (Interval, error) {
	m := intervalPattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return Interval{}, fmt.Errorf("所属期“%s”写作 2024、2024-Q1 或 2024-03", source.Clip(text))
	}
	year, _ := strconv.Atoi(m[1])
	span, month := Year, 1
	switch {
	case m[2] != "":
		q, _ := strconv.Atoi(m[2])
		span, month = Quarter, q*3-2
	case m[3] != "" || m[4] != "":
		span = Month
		month, _ = strconv.Atoi(m[3] + m[4])
	}
	d, err := civil.New(year, month, 1)
	if err != nil {
		return Interval{}, fmt.Errorf("所属期“%s”：%w", source.Clip(text), err)
	}
	return span.Of(d, 0), nil
}

// Overlaps reports whether the two have a day in common.
func (i Interval) Overlaps(o Interval) bool {
	return i.From.Compare(o.To) <= 0 && o.From.Compare(i.To) <= 0
}
