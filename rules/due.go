package rules

import (
	"fmt"
	"strings"

	"mianshen/rules/civil"
)

// Grant is the concrete period a decision on the day is for (所属期).
func (r *Rule) Grant(asOf civil.Date) Interval {
	it := r.Item
	if it.For.Span != Day {
		return it.For.Span.Of(asOf, it.For.Back)
	}
	if s := it.Frequency.Span; s != Day {
		return s.Of(asOf, 0)
	}
	return Year.Of(asOf, 0)
}

// Due reports whether the item is decided on the day: its policy is in force, or the day is at most settle_to and the grant's
// period has a day in force.
func (r *Rule) Due(asOf civil.Date) bool {
	p := r.Policy
	if p.InForce.Contains(asOf) {
		return true
	}
	if p.SettleTo.IsZero() || asOf.Before(p.InForce.From) || asOf.After(p.SettleTo) {
		return false
	}
	return r.Grant(asOf).Overlaps(Interval{From: p.InForce.From, To: p.InForce.To})
}

// Open reports whether the item's window is open on the day; an item without windows is always open.
func (r *Rule) Open(asOf civil.Date) bool {
	if len(r.Item.Windows) == 0 {
		return true
	}
	for _, w := range r.Item.Windows {
		if w.open(asOf) {
			return true
		}
	}
	return false
}

func (w Window) open(day civil.Date) bool {
	y, m, dd := day.Parts()
	now := WindowDay{Month: m, Day: dd}
	if w.From.Year != 0 {
		now.Year = y
		return now.code() >= w.From.code() && now.code() <= w.To.code()
	}
	if w.From.code() <= w.To.code() {
		return now.code() >= w.From.code() && now.code() <= w.To.code()
	}
	return now.code() >= w.From.code() || now.code() <= w.To.code() // crosses the turn of the year
}

// code orders days.
func (d WindowDay) code() int { return d.Year*10000 + d.Month*100 + d.Day }

// String writes the window as people say it.
func (w Window) String() string { return w.From.String() + "至" + w.To.String() }

// String writes the day as people say it.
func (d WindowDay) String() string {
	s := fmt.Sprintf("%d月%d日", d.Month, d.Day)
	if d.Year != 0 {
		s = fmt.Sprintf("%d年", d.Year) + s
	}
	return s
}

// String writes the delay as people say it.
func (d Delay) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		name string
	}{{d.Years, "年"}, {d.Months, "个月"}, {d.Days, "天"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d%s", p.n, p.name))
		}
	}
	return strings.Join(parts, "")
}

// from returns the day d after the delay.
func (d Delay) from(day civil.Date) civil.Date {
	for _, step := range []struct {
		n   int
		add func(int) (civil.Date, bool)
	}{{d.Years, day.AddYears}, {d.Months, day.AddMonths}, {d.Days, day.AddDays}} {
		if step.n > 0 {
			if out, ok := step.add(step.n); ok {
				return out
			}
		}
	}
	return day
}
