package casework

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// Match is what an item means for an enterprise, with the decision it comes from.
type Match struct {
	Decision store.Decision
	Rule     *rules.Rule
	Amount   *exact.Money
	Obstacle string // the first condition that fails, or what is missing; "" when eligible
}

// LatestDone returns the newest finished sweep, or ErrNothing.
func (o *Office) LatestDone(ctx context.Context) (store.Sweep, error) {
	sweep, err := o.Store.LatestSweep(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return store.Sweep{}, ErrNothing
	}
	return sweep, err
}

// Matches returns the decisions of the newest finished sweep about one enterprise: eligible first, then unknown, then
// ineligible; within that larger amounts first, then by item.
func (o *Office) Matches(ctx context.Context, uscc string) ([]Match, store.Sweep, error) {
	sweep, err := o.LatestDone(ctx)
	if err != nil {
		return nil, sweep, err
	}
	book, err := o.Of(ctx, sweep.Plan)
	if err != nil {
		return nil, sweep, err
	}
	stored, err := o.Store.Matches(ctx, sweep.ID, uscc)
	if err != nil {
		return nil, sweep, err
	}
	session, err := o.session(ctx, book, sweep, uscc)
	if err != nil {
		return nil, sweep, err
	}
	var out []Match
	for _, d := range stored {
		r, ok := book.Rule(d.Item)
		if !ok {
			continue
		}
		m := Match{Decision: d, Rule: r}
		if d.HasAmount {
			amount := exact.Money(d.AmountFen)
			m.Amount = &amount
		}
		if d.Outcome != store.Eligible {
			m.Obstacle = obstacle(session.Decide(r))
		}
		out = append(out, m)
	}
	rank := map[store.Outcome]int{store.Eligible: 0, store.Unknown: 1, store.Ineligible: 2}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if x, y := rank[a.Decision.Outcome], rank[b.Decision.Outcome]; x != y {
			return x < y
		}
		if a.Decision.AmountFen != b.Decision.AmountFen {
			return a.Decision.AmountFen > b.Decision.AmountFen
		}
		return a.Decision.Item < b.Decision.Item
	})
	return out, sweep, nil
}

func (o *Office) session(ctx context.Context, book *Book, sweep store.Sweep, uscc string) (*rules.Session, error) {
	p, err := o.Store.Profile(ctx, sweep.Snapshot, uscc)
	if err != nil {
		return nil, err
	}
	profile, err := DecodeProfile(book.Book.Vocabulary, uscc, p.Body)
	if err != nil {
		return nil, err
	}
	s := book.NewSession(rules.Circumstances{AsOf: sweep.AsOf})
	s.Load(profile)
	return s, nil
}

// obstacle is the first thing that stands between the firm and the item, in words.
func obstacle(d *rules.Decision) string {
	if len(d.Failed) > 0 {
		for _, c := range d.Rule.Policy.All(d.Rule.Item) {
			if c.ID == d.Failed[0] {
				return "不满足：" + c.Because
			}
		}
		return "不满足：" + d.Failed[0]
	}
	switch {
	case len(d.Missing) > 0:
		return "缺：" + d.Missing[0]
	case len(d.Manual) > 0:
		return "待人工认定"
	case len(d.Faults) > 0:
		return d.Faults[0]
	case d.Outcome == rules.Ineligible:
		return "没有符合条件的记录"
	}
	return ""
}

// Explained is a stored decision with its explanation, computed again from what its sweep pins.
type Explained struct {
	Decision    store.Decision
	Sweep       store.Sweep
	Name        string // of the enterprise
	Explanation *rules.Explanation
	Reproduced  bool // the canonical bytes computed again have the stored SHA-256
}

// Explain computes a stored decision again and tells why. store.ErrNotFound for an unknown id.
func (o *Office) Explain(ctx context.Context, id string) (Explained, error) {
	d, err := o.Store.Decision(ctx, id)
	if err != nil {
		return Explained{}, err
	}
	sweep, err := o.Store.Sweep(ctx, d.Sweep)
	if err != nil {
		return Explained{}, err
	}
	book, err := o.Of(ctx, sweep.Plan)
	if err != nil {
		return Explained{}, err
	}
	r, ok := book.Rule(d.Item)
	if !ok {
		return Explained{}, fmt.Errorf("decision %s: item %s isn't in its policy version", id, d.Item)
	}
	session, err := o.session(ctx, book, sweep, d.Enterprise)
	if err != nil {
		return Explained{}, err
	}
	e := Explained{Decision: d, Sweep: sweep, Explanation: session.Explain(r)}
	e.Reproduced = store.Hash(e.Explanation.Decision.AppendLine(nil)) == d.SHA256
	if firm, err := o.Store.Enterprise(ctx, d.Enterprise); err == nil {
		e.Name = firm.Name
	}
	return e, nil
}

// Reasons explains every decision of the newest finished sweep about one enterprise, by item, in one pass over its profile.
func (o *Office) Reasons(ctx context.Context, uscc string) ([]Explained, store.Sweep, error) {
	sweep, err := o.LatestDone(ctx)
	if err != nil {
		return nil, sweep, err
	}
	book, err := o.Of(ctx, sweep.Plan)
	if err != nil {
		return nil, sweep, err
	}
	stored, err := o.Store.Matches(ctx, sweep.ID, uscc)
	if err != nil {
		return nil, sweep, err
	}
	session, err := o.session(ctx, book, sweep, uscc)
	if err != nil {
		return nil, sweep, err
	}
	firm, err := o.Store.Enterprise(ctx, uscc)
	if err != nil {
		return nil, sweep, err
	}
	out := make([]Explained, 0, len(stored))
	for _, d := range stored {
		r, ok := book.Rule(d.Item)
		if !ok {
			return nil, sweep, fmt.Errorf("decision %s: item %s isn't in its policy version", d.ID, d.Item)
		}
		e := Explained{Decision: d, Sweep: sweep, Name: firm.Name, Explanation: session.Explain(r)}
		e.Reproduced = store.Hash(e.Explanation.Decision.AppendLine(nil)) == d.SHA256
		out = append(out, e)
	}
	return out, sweep, nil
}
