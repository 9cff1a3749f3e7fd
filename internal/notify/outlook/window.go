package outlook

import (
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Window is the item's window that is open on the day, or else the next one to open within a year; ok is false where it has none.
func Window(it *rules.Item, day civil.Date) (from, to civil.Date, ok bool) {
	for _, x := range it.Windows {
		for _, year := range []int{day.Year() - 1, day.Year(), day.Year() + 1} {
			a, b := spell(x, year)
			if a.IsZero() || b.IsZero() || b.Before(day) || a.Sub(day) > 366 {
				continue
			}
			if !ok || a.Before(from) {
				from, to, ok = a, b, true
			}
		}
	}
	return from, to, ok
}

// spell is a window in the year that it begins in.
func spell(w rules.Window, year int) (from, to civil.Date) {
	if w.From.Year != 0 {
		return dayOf(w.From.Year, w.From), dayOf(w.To.Year, w.To)
	}
	end := year
	if w.To.Month*100+w.To.Day < w.From.Month*100+w.From.Day {
		end++
	}
	return dayOf(year, w.From), dayOf(end, w.To)
}

// dayOf is a day of a window; 29 February is the 28th where there is none.
func dayOf(year int, d rules.WindowDay) civil.Date {
	out, err := civil.New(year, d.Month, d.Day)
	if err != nil {
		out, _ = civil.New(year, d.Month, 28)
	}
	return out
}
