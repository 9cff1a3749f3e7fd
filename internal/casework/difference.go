package casework

import (
	"context"
	"errors"
	"sort"
	"sync"

	"mianshen/engine"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Difference is what publishing a proposal changes for one item over the latest snapshot: how many firms enter and leave
// eligibility, become unknown, or get another amount, and the money before and after.
type Difference struct {
	Item                            string
	Title                           string
	Entered, Left, Unknown, Changed int
	Before, After                   exact.Num // sums of eligible amounts, in 分
}

// verdict is the part of a decision that a difference looks at.
type verdict struct {
	outcome rules.Outcome
	amount  exact.Money
}

// Difference decides the items of the proposed policies for every enterprise of the latest snapshot under the current law and
// under the proposed one. ErrNothing when no enterprise is known yet; items without any change are left out.
func (o *Office) Difference(ctx context.Context, p *Proposal, asOf civil.Date) ([]Difference, error) {
	snapshot, err := o.Store.LatestSnapshot(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNothing
	}
	if err != nil {
		return nil, err
	}
	after, err := o.verdicts(ctx, p.Book, snapshot.ID, asOf, p.concerns)
	if err != nil {
		return nil, err
	}
	before := map[string]map[string]verdict{}
	current, err := o.Current(ctx)
	if err == nil {
		before, err = o.verdicts(ctx, current.Book, snapshot.ID, asOf, p.concerns)
	} else if errors.Is(err, ErrNothing) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return differences(before, after, p.Book)
}

// concerns reports whether an item belongs to a policy that is proposed.
func (p *Proposal) concerns(r *rules.Rule) bool {
	for _, v := range p.Versions {
		if v.PolicyID == r.Policy.ID {
			return true
		}
	}
	return false
}

// verdicts are the outcomes by item and enterprise that aren't ineligible.
func (o *Office) verdicts(ctx context.Context, book *rules.Book, snapshot string, asOf civil.Date, wanted func(*rules.Rule) bool) (map[string]map[string]verdict, error) {
	profiles, err := o.profiles(ctx, book, snapshot)
	if err != nil {
		return nil, err
	}
	var list []*rules.Rule
	out := map[string]map[string]verdict{}
	for _, r := range book.Rules {
		if wanted(r) && r.Due(asOf) {
			list = append(list, r)
			out[r.Item.ID] = map[string]verdict{}
		}
	}
	var mu sync.Mutex
	err = engine.Sweep(ctx, book, list, profiles, rules.Circumstances{AsOf: asOf}, func(_, _ int, d *rules.Decision) {
		if d.Outcome == rules.Ineligible {
			return
		}
		v := verdict{outcome: d.Outcome}
		if d.Amount != nil {
			v.amount = *d.Amount
		}
		mu.Lock()
		out[d.Rule.Item.ID][d.Enterprise] = v
		mu.Unlock()
	})
	return out, err
}

func differences(before, after map[string]map[string]verdict, book *rules.Book) ([]Difference, error) {
	items := map[string]bool{}
	for id := range before {
		items[id] = true
	}
	for id := range after {
		items[id] = true
	}
	var out []Difference
	for id := range items {
		d := Difference{Item: id}
		if r, ok := book.Rule(id); ok {
			d.Title = r.Item.Title
		}
		if err := d.count(before[id], after[id]); err != nil {
			return nil, err
		}
		if d.Entered+d.Left+d.Unknown+d.Changed > 0 {
			out = append(out, d)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Item < out[j].Item })
	return out, nil
}

func (d *Difference) count(before, after map[string]verdict) (err error) {
	firms := map[string]bool{}
	for f := range before {
		firms[f] = true
	}
	for f := range after {
		firms[f] = true
	}
	for f := range firms {
		b, a := before[f], after[f] // the zero verdict is ineligible
		was, is := b.outcome == rules.Eligible, a.outcome == rules.Eligible
		switch {
		case !was && is:
			d.Entered++
		case was && !is:
			d.Left++
		case was && is && a.amount != b.amount:
			d.Changed++
		case a.outcome == rules.Unknown && b.outcome != rules.Unknown:
			d.Unknown++
		}
		if was {
			if d.Before, err = d.Before.Add(b.amount.Num()); err != nil {
				return err
			}
		}
		if is {
			if d.After, err = d.After.Add(a.amount.Num()); err != nil {
				return err
			}
		}
	}
	return nil
}
