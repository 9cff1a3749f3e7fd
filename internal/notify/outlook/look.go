package outlook

import (
	"slices"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/forecast"
	"mianshen/internal/notify/night"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// ahead is within how many days a forecast is told.
const ahead = 180

// worker looks at one firm after another.
type worker struct {
	*look
	session *rules.Session
	desk    *forecast.Desk
}

func (k *look) worker() *worker {
	return &worker{look: k, session: k.Book.NewSession(k.Around), desk: forecast.New(k.Book.Book, k.Around)}
}

// see says what a firm should know of the days ahead, as far as some laws go, and from which day on dates may bring something else.
func (w *worker) see(row int, laws []*night.Law, f night.Firm) (out []event.Event, until civil.Date, err error) {
	profile, err := w.Table.Profile(row)
	if err != nil {
		return nil, until, err
	}
	w.session.Load(profile)
	if err := w.desk.Load([]forecast.Stretch{{From: w.Sweep.AsOf, Profile: w.lasting(profile)}}); err != nil {
		return nil, until, err
	}
	sooner := func(day civil.Date) {
		if until.IsZero() || day.Before(until) {
			until = day
		}
	}
	for _, l := range laws {
		i := w.items[l.Rule.Item.ID]
		outcome := w.state.Outcome(i, row)
		sooner(w.desk.Until(l.Rule, outcome == rules.Ineligible && w.near.Sign() > 0))
		if outcome == rules.Ineligible {
			out = append(out, w.hindered(l, profile, f)...)
		}
		if outcome == rules.Unknown {
			continue
		}
		c, ok := w.turn(l, outcome)
		if !ok {
			continue
		}
		if c.Day.Sub(w.Sweep.AsOf) > ahead { // too early to tell
			day, _ := c.Day.AddDays(-ahead)
			sooner(day)
			continue
		}
		out = append(out, w.turns(l, i, row, c, f)...)
	}
	return out, until, nil
}

// turn is the day that is known already on which dates change the outcome.
func (w *worker) turn(l *night.Law, outcome rules.Outcome) (c forecast.Change, ok bool) {
	if !w.desk.Dated(l.Rule, nil) {
		return c, false
	}
	if outcome == rules.Ineligible && !w.desk.Dated(l.Rule, engine.Decide(w.session, l.Rule).Failed) {
		return c, false // something is in the way that no date removes
	}
	return w.desk.Next(l.Rule)
}

// lasting is a profile whose facts don't get old from now on: a firm is told what dates bring, not that departments will deliver again.
// What is too old today stays so.
func (w *worker) lasting(p *rules.Profile) *rules.Profile {
	p = p.Clone()
	for _, f := range w.Book.Book.Vocabulary.Fields {
		if f.Derived() || f.StaleAfter == 0 {
			continue
		}
		if fact := p.Fact(f); fact.Value != nil && !f.Stale(fact, w.Sweep.AsOf) {
			fact.On = civil.Date{}
			_ = p.Set(f, fact) // a delivered field of the same profile takes its own fact
		}
	}
	return p
}

func (k *look) amount(i, row int) *exact.Money {
	if m, ok := k.state.Amount(i, row); ok {
		return &m
	}
	return nil
}

// begin is an event with what all of the days ahead say.
func (w *worker) begin(kind, subject string, l *night.Law, sum *exact.Money, f night.Firm) event.Event {
	e := l.About(kind, subject, f)
	e.Data[event.Sum], e.Worth, e.Decision = night.Words(sum), night.Worth(sum), casework.DecisionID(w.Sweep.ID, l.Rule.Item.ID, f.USCC)
	e.Data[event.Clause] = l.Clauses
	return e
}

// turns tells of a day on which dates change the outcome.
func (w *worker) turns(l *night.Law, i, row int, c forecast.Change, f night.Firm) []event.Event {
	if len(c.Causes) == 0 || c.Causes[0].Kind != forecast.ByDate {
		return nil
	}
	why, remedy := "", "无"
	for _, x := range night.Conditions(l.Rule, c.Turned) {
		why = x.Because
		remedy = night.OrNone(x.Remedy)
	}
	if c.Causes[0].Name != "" {
		why = night.OrNone(why) + "（按" + c.Causes[0].Name + "推算）"
	}
	subject := l.Rule.Item.ID + "|" + c.Day.String()
	switch {
	case c.Now == rules.Eligible:
		e := w.begin(event.Forecast, subject, l, c.After.Amount, f)
		e.Data[event.From], e.Data[event.Why], e.Data[event.Clause] = c.Day.String(), night.OrNone(why), night.ClausesOf(l.Rule, c.Turned)
		return []event.Event{e}
	case c.Was == rules.Eligible:
		last, _ := c.Day.AddDays(-1)
		e := w.begin(event.Expires, subject, l, w.amount(i, row), f)
		e.Data[event.Until], e.Data[event.Why], e.Data[event.Remedy], e.Due = last.String(), "此后不再满足“"+night.OrNone(why)+"”", remedy, last
		e.Data[event.Clause] = night.ClausesOf(l.Rule, c.Turned)
		return []event.Event{e}
	}
	return nil
}

// hindered tells of the one thing in a firm's way: a threshold that is near, or a record of bad credit.
func (w *worker) hindered(l *night.Law, p *rules.Profile, f night.Firm) []event.Event {
	if w.recorded(l, p) {
		if d := engine.Decide(w.session, l.Rule); l.Blocked(d) {
			return []event.Event{l.Credit(d, w.Sweep.ID, f)}
		}
		return nil
	}
	if w.near.Sign() <= 0 {
		return nil
	}
	for _, m := range w.session.Near(l.Near, w.near) {
		if m.Passes {
			continue
		}
		e := w.begin(event.Near, l.Rule.Item.ID+"|"+m.Threshold.Condition+"|"+l.Rule.Grant(w.Sweep.AsOf).Name, l, m.Amount, f)
		e.Data[event.Figure], e.Data[event.Present], e.Data[event.Bound] = night.OrNone(m.Threshold.Name), m.Threshold.Say(m.Figure), m.Threshold.Say(m.Bound)
		e.Data[event.Distance], e.Data[event.Clause] = night.OrNone(m.Distance), night.OrNone(m.Threshold.Clause)
		return []event.Event{e}
	}
	return nil
}

// recorded reports whether any fact that a credit condition reads isn't a plain no.
func (w *worker) recorded(l *night.Law, p *rules.Profile) bool {
	return slices.ContainsFunc(l.Fields, func(f *rules.Field) bool {
		if f.Derived() {
			return false
		}
		v := p.Fact(f).Value
		return v != nil && !v.False()
	})
}
