package rulestest

import (
	"time"

	"mianshen/rules/civil"
)

// Days are counted from 1970-01-01 and reckoned by the standard library, apart from working days, which are a table.

const (
	firstYear = 1900
	lastYear  = 2999
)

func dayOf(y, m, d int) int {
	return int(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func dayFromCivil(d civil.Date) int { return dayOf(d.Parts()) }

func civilFromDay(day int) civil.Date {
	y, m, d := parts(day)
	out, err := civil.New(y, m, d)
	if err != nil {
		panic(err)
	}
	return out
}

func parts(day int) (y, m, d int) {
	t := time.Unix(int64(day)*86400, 0).UTC()
	return t.Year(), int(t.Month()), t.Day()
}

func inCalendar(day int) bool { return day >= dayOf(firstYear, 1, 1) && day <= dayOf(lastYear, 12, 31) }

// addMonths is the same day of the month n months later, or the last day of that month.
func addMonths(day, n int) (int, bool) {
	y, m, d := parts(day)
	months := y*12 + m - 1 + n
	y, m = months/12, months%12+1
	if months < 0 || y < firstYear || y > lastYear {
		return 0, false
	}
	if last := time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day(); d > last {
		d = last
	}
	return dayOf(y, m, d), true
}

func addDays(day, n int) (int, bool) {
	out := day + n
	return out, inCalendar(out)
}

func addWorkdays(day, n int) (int, bool) {
	out, ok := civil.AddWorkdays(civilFromDay(day), n)
	if !ok {
		return 0, false
	}
	return dayFromCivil(out), true
}
