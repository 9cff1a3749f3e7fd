package derive

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/forecast"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Bounds of what is told ahead.
const (
	ahead  = 180 // days within which a forecast is told
	ending = 60  // days before its end a policy is told to end
	firms  = 500 // firms looked at between two writes
)

// steps are how many days before a window opens or closes a firm is told; the nearest that isn't past counts.
var steps = []int{1, 3, 15}

// outlook tells each firm of the days ahead: windows, forecasts, ends of policies, and what little stands in its way.
func (n *night) outlook(ctx context.Context, state *engine.Result, w *writer) error {
	items := map[string]int{}
	for i, t := range state.Items {
		items[t.Item] = i
	}
	workers := make([]*worker, runtime.GOMAXPROCS(0))
	for i := range workers {
		workers[i] = n.worker(state, items)
	}
	for first := 0; first < state.Rows(); first += firms {
		rows := make([]int, 0, firms)
		for row := first; row < min(first+firms, state.Rows()); row++ {
			rows = append(rows, row)
		}
		names, err := namesOf(ctx, n.office.Store, rows, n.table.Code)
		if err != nil {
			return err
		}
		found := make([][]event.Event, len(rows))
		if err := together(workers, len(rows), func(k *worker, i int) error {
			var err error
			found[i], err = k.look(rows[i], n.firm(n.table.Code(rows[i]), names))
			return err
		}); err != nil {
			return err
		}
		for _, events := range found {
			if err := w.add(events...); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// together shares work out over workers, by turns.
func together(workers []*worker, n int, work func(*worker, int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, len(workers))
	for k, w := range workers {
		wg.Go(func() {
			for i := k; i < n && errs[k] == nil; i += len(workers) {
				errs[k] = work(w, i)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// worker looks at one firm after another.
type worker struct {
	*night
	state   *engine.Result
	items   map[string]int
	session *rules.Session
	desk    *forecast.Desk
	due     []*law
}

func (n *night) worker(state *engine.Result, items map[string]int) *worker {
	w := &worker{night: n, state: state, items: items, session: n.book.NewSession(n.around), desk: forecast.New(n.book.Book, n.around)}
	for _, r := range n.book.Rules {
		if _, ok := items[r.Item.ID]; ok && r.Due(n.sweep.AsOf) {
			w.due = append(w.due, n.laws[r.Item.ID])
		}
	}
	return w
}

func (w *worker) look(row int, f firm) ([]event.Event, error) {
	profile, err := w.table.Profile(row)
	if err != nil {
		return nil, err
	}
	w.session.Load(profile)
	if err := w.desk.Load([]forecast.Stretch{{From: w.sweep.AsOf, Profile: lasting(w.book.Book.Vocabulary, profile)}}); err != nil {
		return nil, err
	}
	var out []event.Event
	for _, l := range w.due {
		i := w.items[l.rule.Item.ID]
		switch w.state.Outcome(i, row) {
		case rules.Eligible:
			out = append(out, w.windows(l, i, row, f)...)
			out = append(out, w.ends(l, i, row, f)...)
			out = append(out, w.turns(l, i, row, f)...)
		case rules.Ineligible:
			out = append(out, w.hindered(l, profile, f)...)
			out = append(out, w.turns(l, i, row, f)...)
		}
	}
	return out, nil
}

// lasting is a profile whose facts don't get old: a firm is told what dates bring, not that departments will deliver again.
func lasting(v *rules.Vocabulary, p *rules.Profile) *rules.Profile {
	p = p.Clone()
	for _, f := range v.Fields {
		if f.Derived() || f.StaleAfter == 0 {
			continue
		}
		if fact := p.Fact(f); fact.Value != nil {
			fact.On = civil.Date{}
			_ = p.Set(f, fact) // a delivered field of the same profile takes its own fact
		}
	}
	return p
}

func (w *worker) amount(i, row int) *exact.Money {
	if m, ok := w.state.Amount(i, row); ok {
		return &m
	}
	return nil
}

// begin is an event with what all of the days ahead say.
func (w *worker) begin(kind, subject string, l *law, sum *exact.Money, f firm) event.Event {
	e := l.about(kind, subject, f)
	e.Data[event.Sum], e.Worth, e.Decision = words(sum), worth(sum), casework.DecisionID(w.sweep.ID, l.rule.Item.ID, f.uscc)
	e.Data[event.Clause] = l.clauses
	return e
}

// windows tells of a window that opens or closes soon.
func (w *worker) windows(l *law, i, row int, f firm) []event.Event {
	from, to, ok := Window(l.rule.Item, w.sweep.AsOf)
	if !ok {
		return nil
	}
	kind, day := event.Closes, to
	if from.After(w.sweep.AsOf) {
		kind, day = event.Opens, from
	}
	rest := day.Sub(w.sweep.AsOf)
	for _, step := range steps {
		if rest > step {
			continue
		}
		e := w.begin(kind, fmt.Sprintf("%s|%s|%d", l.rule.Item.ID, day, step), l, w.amount(i, row), f)
		e.Data[event.From], e.Data[event.Until], e.Data[event.Rest], e.Due = from.String(), to.String(), away(rest), day
		return []event.Event{e}
	}
	return nil
}

// away says in how many days something is.
func away(days int) string {
	switch days {
	case 0:
		return "今天"
	case 1:
		return "明天"
	}
	return fmt.Sprintf("%d 天后", days)
}

// ends tells that the policy of an item that the firm is owed ends soon.
func (w *worker) ends(l *law, i, row int, f firm) []event.Event {
	to := l.rule.Policy.InForce.To
	if to.IsZero() || to.Before(w.sweep.AsOf) || to.Sub(w.sweep.AsOf) > ending {
		return nil
	}
	e := w.begin(event.Ending, l.rule.Item.ID+"|"+to.String(), l, w.amount(i, row), f)
	e.Data[event.Until], e.Due = to.String(), to
	return []event.Event{e}
}

// turns tells of a day that is known already on which dates change the outcome.
func (w *worker) turns(l *law, i, row int, f firm) []event.Event {
	if !w.desk.Dated(l.rule, nil) {
		return nil
	}
	if w.state.Outcome(i, row) == rules.Ineligible && !w.desk.Dated(l.rule, engine.Decide(w.session, l.rule).Failed) {
		return nil // something is in the way that no date removes
	}
	c, ok := w.desk.Next(l.rule)
	if !ok || c.Day.Sub(w.sweep.AsOf) > ahead || len(c.Causes) == 0 || c.Causes[0].Kind != forecast.ByDate {
		return nil
	}
	why, remedy := "", "无"
	for _, x := range conditions(l.rule, c.Turned) {
		why = x.Because
		remedy = orNone(x.Remedy)
	}
	if c.Causes[0].Name != "" {
		why = orNone(why) + "（按" + c.Causes[0].Name + "推算）"
	}
	subject := l.rule.Item.ID + "|" + c.Day.String()
	switch {
	case c.Now == rules.Eligible:
		e := w.begin(event.Forecast, subject, l, c.After.Amount, f)
		e.Data[event.From], e.Data[event.Why], e.Data[event.Clause] = c.Day.String(), orNone(why), clausesOf(l.rule, c.Turned)
		return []event.Event{e}
	case c.Was == rules.Eligible:
		last, _ := c.Day.AddDays(-1)
		e := w.begin(event.Expires, subject, l, w.amount(i, row), f)
		e.Data[event.Until], e.Data[event.Why], e.Data[event.Remedy], e.Due = last.String(), "此后不再满足“"+orNone(why)+"”", remedy, last
		e.Data[event.Clause] = clausesOf(l.rule, c.Turned)
		return []event.Event{e}
	}
	return nil
}

// hindered tells of the one thing in a firm's way: a threshold that is near, or a record of bad credit.
func (w *worker) hindered(l *law, p *rules.Profile, f firm) []event.Event {
	if w.recorded(l, p) {
		if d := engine.Decide(w.session, l.rule); l.blocked(d) {
			return []event.Event{w.credit(d, l, f)}
		}
		return nil
	}
	if w.near.Sign() <= 0 {
		return nil
	}
	for _, m := range w.session.Near(l.near, w.near) {
		if m.Passes {
			continue
		}
		e := w.begin(event.Near, l.rule.Item.ID+"|"+m.Threshold.Condition+"|"+l.rule.Grant(w.sweep.AsOf).Name, l, m.Amount, f)
		e.Data[event.Figure], e.Data[event.Present], e.Data[event.Bound] = orNone(m.Threshold.Name), m.Threshold.Say(m.Figure), m.Threshold.Say(m.Bound)
		e.Data[event.Distance], e.Data[event.Clause] = orNone(m.Distance), orNone(m.Threshold.Clause)
		return []event.Event{e}
	}
	return nil
}

// recorded reports whether any fact that a credit condition reads isn't a plain no.
func (w *worker) recorded(l *law, p *rules.Profile) bool {
	return slices.ContainsFunc(l.fields, func(f *rules.Field) bool {
		if f.Derived() {
			return false
		}
		v := p.Fact(f).Value
		return v != nil && !v.False()
	})
}

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
