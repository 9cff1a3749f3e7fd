// Package forecast says on which future day an item comes out otherwise for a firm, by what is known today: because a term is over
// (成立满三年), a certificate runs out, a fact is too old, a period, a value or the policy ends.
//
// It doesn't look at every day. From a rule's trees it finds the days on which anything that depends on the day can change, and lets
// the rule's own program decide on those alone. Where a tree can't be read that way, it asks every day; so the answer is always that of
// evaluation day by day.
package forecast

import (
	"errors"
	"maps"
	"slices"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
)

// Horizon is how many days a forecast looks ahead.
const Horizon = 400

// ErrStretches says that stretches don't begin today, or aren't in their order.
var ErrStretches = errors.New("stretches of facts don't begin today or aren't in order")

// Stretch is what is seen of a firm from a day on, up to the next stretch. Only the staleness of facts changes within.
type Stretch struct {
	From    civil.Date
	Profile *rules.Profile
}

// Kind is what kind of day it is on which something may change.
type Kind string

// The kinds of day.
const (
	ByDate   Kind = "date"   // a date among the facts, or one in the rule, has been reached
	ByStale  Kind = "stale"  // a fact is too old from then on
	ByPeriod Kind = "period" // other periods are looked at
	ByValue  Kind = "value"  // a value of the policy changes
	ByPolicy Kind = "policy" // the policy begins or ends
)

// Cause is why a day may change something. Name is the fact's or the value's; of a stale fact On is the day that it is of.
type Cause struct {
	Kind Kind
	Name string
	On   civil.Date
}

// Change is the first day on which an item comes out otherwise.
type Change struct {
	Day     civil.Date
	Was     rules.Outcome   // today; "" where the item isn't decided
	Now     rules.Outcome   // on the day
	Before  *rules.Decision // of the day before, nil where the item isn't decided
	After   *rules.Decision
	Causes  []Cause // what falls on the day, those before it that lie nearest; by kind and name
	Turned  []string
	Checked int // on how many days the rule was asked
}

// Desk forecasts for one firm after another. It isn't safe for concurrent use.
type Desk struct {
	book     *rules.Book
	today    civil.Date
	last     civil.Date
	around   rules.Circumstances
	plans    map[*rules.Rule]*plan
	sessions map[civil.Date]*seat
	known    []Stretch
	frames   []*formula.Frame // by stretch
	firm     int
}

// seat is the session of a day, with the firm that it has loaded.
type seat struct {
	*rules.Session
	firm int
}

// New returns a desk for a day. History and findings must be what is known on that day, so that none are of a later one.
func New(book *rules.Book, around rules.Circumstances) *Desk {
	last, _ := around.AsOf.AddDays(Horizon)
	return &Desk{book: book, today: around.AsOf, last: last, around: around, plans: map[*rules.Rule]*plan{}, sessions: map[civil.Date]*seat{}}
}

// Load takes what is known of the next firm, from today on.
func (d *Desk) Load(known []Stretch) error {
	if len(known) == 0 || known[0].From.After(d.today) {
		return ErrStretches
	}
	for i := 1; i < len(known); i++ {
		if !known[i-1].From.Before(known[i].From) {
			return ErrStretches
		}
	}
	d.known, d.frames = known, make([]*formula.Frame, len(known))
	d.firm++
	return nil
}

// On decides an item for the loaded firm on a day; nil where it isn't decided then.
func (d *Desk) On(r *rules.Rule, day civil.Date) *rules.Decision {
	if !r.Due(day) {
		return nil
	}
	return d.session(day).Decide(r)
}

// session is that of a day, with the loaded firm.
func (d *Desk) session(day civil.Date) *rules.Session {
	s := d.sessions[day]
	if s == nil {
		around := d.around
		around.AsOf = day
		s = &seat{Session: d.book.NewSession(around)}
		d.sessions[day] = s
	}
	if s.firm != d.firm {
		s.Load(d.known[d.stretch(day)].Profile)
		s.firm = d.firm
	}
	return s.Session
}

func (d *Desk) stretch(day civil.Date) int {
	at := 0
	for i, s := range d.known {
		if !s.From.After(day) {
			at = i
		}
	}
	return at
}

func outcome(d *rules.Decision) rules.Outcome {
	if d == nil {
		return ""
	}
	return d.Outcome
}

// Next finds the first day after today, within Horizon, on which the item comes out otherwise than today for the loaded firm.
func (d *Desk) Next(r *rules.Rule) (Change, bool) {
	p := d.plan(r)
	c := Change{Was: outcome(d.On(r, d.today)), Checked: 1}
	for i := range d.known {
		from, to := d.bounds(i)
		if to.Before(from) {
			continue
		}
		days := d.days(p, i, from, to)
		for _, day := range slices.SortedFunc(maps.Keys(days), civil.Date.Compare) {
			c.Checked++
			after := d.On(r, day)
			if outcome(after) == c.Was {
				continue
			}
			c.Day, c.Now, c.After = day, outcome(after), after
			d.explain(r, &c, days[day])
			return c, true
		}
	}
	return c, false
}

// Until is the first day after today, that of the next month's first at the latest, on which the item's findings may come out otherwise
// for the loaded firm because of dates. Before it every day is as today: but for figures that move, which are asked for with moving.
func (d *Desk) Until(r *rules.Rule, moving bool) civil.Date {
	p := d.plan(r)
	tomorrow, _ := d.today.AddDays(1)
	month := rules.Month.Of(d.today, -1).From
	if p.daily || moving && p.moving || month.IsZero() {
		return tomorrow
	}
	until := month
	for i := range d.known {
		from, to := d.bounds(i)
		if to.After(month) {
			to = month
		}
		if to.Before(from) {
			continue
		}
		for day := range d.days(p, i, from, to) {
			if day.Before(until) {
				until = day
			}
		}
	}
	return until
}

// bounds are the first and the last day of a stretch that a forecast looks at.
func (d *Desk) bounds(i int) (from, to civil.Date) {
	from, _ = d.today.AddDays(1)
	if d.known[i].From.After(from) {
		from = d.known[i].From
	}
	to = d.last
	if i+1 < len(d.known) {
		if end, _ := d.known[i+1].From.AddDays(-1); end.Before(to) {
			to = end
		}
	}
	return from, to
}

// explain says what falls on the day of a change, and which conditions came out otherwise than the day before.
func (d *Desk) explain(r *rules.Rule, c *Change, causes []Cause) {
	before, _ := c.Day.AddDays(-1)
	c.Before = d.On(r, before)
	c.Causes = tidy(causes)
	if c.Before == nil || c.After == nil {
		return
	}
	was := map[string]int{}
	for _, f := range c.Before.Findings {
		was[f.ID] = truth(f.Value)
	}
	for _, f := range c.After.Findings {
		if now, known := was[f.ID]; known && now != truth(f.Value) {
			c.Turned = append(c.Turned, f.ID)
		}
	}
	for _, id := range c.After.Failed { // of records, which have no findings of the firm
		if _, firm := was[id]; !firm && !slices.Contains(c.Before.Failed, id) {
			c.Turned = append(c.Turned, id)
		}
	}
	for _, id := range c.Before.Failed {
		if _, firm := was[id]; !firm && !slices.Contains(c.After.Failed, id) {
			c.Turned = append(c.Turned, id)
		}
	}
}

func truth(v *formula.Value) int {
	switch {
	case v.True():
		return 1
	case v.False():
		return -1
	}
	return 0
}

// tidy sorts causes and leaves out those that say the same. The turn of a month alone is a cause only where nothing else is.
func tidy(causes []Cause) []Cause {
	slices.SortFunc(causes, func(a, b Cause) int {
		if a.Kind != b.Kind {
			return rank(a.Kind) - rank(b.Kind)
		}
		if a.Name != b.Name {
			if a.Name < b.Name {
				return -1
			}
			return 1
		}
		return a.On.Compare(b.On)
	})
	causes = slices.Compact(causes)
	if len(causes) > 1 && causes[len(causes)-1].Kind == ByPeriod {
		causes = causes[:len(causes)-1]
	}
	return causes
}

func rank(k Kind) int { return slices.Index([]Kind{ByPolicy, ByDate, ByStale, ByValue, ByPeriod}, k) }
