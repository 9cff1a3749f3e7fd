package casework

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/engine"
	"mianshen/internal/facts"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Difference is what publishing a proposal changes for one item over what is known now: how many firms enter and leave
// eligibility, become unknown, or get another amount, and the money before and after.
type Difference struct {
	Item                            string
	Title                           string
	Entered, Left, Unknown, Changed int
	Before, After                   exact.Num // sums of eligible amounts, in 分
}

// Trial is what the items of a proposal's policies come to for every enterprise, under the current law and under the proposed one.
type Trial struct {
	Before, After *engine.Result
	Table         *engine.Table
	Around        rules.Circumstances
}

// Difference adds up what publishing a proposal changes, with the facts known at now, as Try and Trial.Count do.
func (o *Office) Difference(ctx context.Context, p *Proposal, asOf civil.Date, now time.Time) ([]Difference, error) {
	t, err := o.Try(ctx, p, asOf, now)
	if err != nil {
		return nil, err
	}
	return t.Count(p)
}

// Count adds up what a proposal changes, by item; items without any change are left out.
func (t *Trial) Count(p *Proposal) ([]Difference, error) {
	return differences(t.Before, t.After, p.Book)
}

// Changes lists each pair that a proposal changes, in the order of enterprises, then items; the differences carry no hash.
func (t *Trial) Changes() []store.Difference {
	var list []store.Difference
	engine.Differences(t.Before, t.After, func(c engine.Change) {
		list = append(list, store.Difference{
			Item: c.Item, Enterprise: t.Table.Code(c.Row), Turn: turn(c), Was: store.Outcome(c.Was), Now: store.Outcome(c.Now),
			Before: store.Amount{Known: c.HasBefore, Fen: int64(c.Before)}, After: store.Amount{Known: c.HasAfter, Fen: int64(c.After)},
		})
	})
	slices.SortFunc(list, func(a, b store.Difference) int {
		return cmp.Or(strings.Compare(a.Enterprise, b.Enterprise), strings.Compare(a.Item, b.Item))
	})
	return list
}

// Try decides the items of the proposed policies for every enterprise under the current law and under the proposed one, with the facts
// known at now. ErrNothing when no enterprise is known yet.
func (o *Office) Try(ctx context.Context, p *Proposal, asOf civil.Date, now time.Time) (*Trial, error) {
	current, err := o.Current(ctx)
	if errors.Is(err, ErrNothing) {
		current, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	snap, err := o.population(ctx, current, asOf, now)
	if err != nil {
		return nil, err
	}
	t := &Trial{Before: &engine.Result{}}
	if t.Around, err = o.around(ctx, asOf, now); err != nil {
		return nil, err
	}
	if t.After, err = o.proposed(ctx, p.Book, snap, t.Around, p.concerns); err != nil {
		return nil, err
	}
	if t.Table, err = o.Table(ctx, p.Book.Vocabulary, snap); err != nil {
		return nil, err
	}
	if current != nil {
		t.Before, err = o.proposed(ctx, current.Book, snap, t.Around, p.concerns)
	}
	return t, err
}

// population is the snapshot to try a proposal on: of the day under the current law, else the latest there is.
func (o *Office) population(ctx context.Context, current *Book, asOf civil.Date, now time.Time) (store.Snapshot, error) {
	accepted, err := o.Store.Deliveries(ctx, store.DeliveryFilter{State: store.Accepted, KnownAt: now, Limit: 1})
	if err != nil {
		return store.Snapshot{}, err
	}
	if len(accepted) > 0 && current != nil {
		return facts.Build(ctx, o.Store, current.Book.Vocabulary, facts.Request{Vocabulary: current.Vocabulary, AsOf: asOf, KnownAt: now, Now: now})
	}
	snap, err := o.Store.LatestSnapshot(ctx)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNothing
	}
	return snap, err
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

// proposed decides the wanted items of a book that are due.
func (o *Office) proposed(ctx context.Context, book *rules.Book, snap store.Snapshot, around rules.Circumstances, wanted func(*rules.Rule) bool) (*engine.Result, error) {
	table, err := o.Table(ctx, book.Vocabulary, snap)
	if err != nil {
		return nil, err
	}
	var list []*rules.Rule
	for _, r := range book.Rules {
		if wanted(r) && r.Due(around.AsOf) {
			list = append(list, r)
		}
	}
	plan, err := engine.NewPlan(table, book, list, around)
	if err != nil {
		return nil, err
	}
	return plan.Sweep(ctx)
}

// differences adds up what changes, by item.
func differences(before, after *engine.Result, book *rules.Book) ([]Difference, error) {
	var out []Difference
	at := map[string]int{}
	engine.Differences(before, after, func(c engine.Change) {
		i, ok := at[c.Item]
		if !ok {
			i = len(out)
			at[c.Item] = i
			out = append(out, Difference{Item: c.Item})
		}
		out[i].add(c)
	})
	for i := range out {
		d := &out[i]
		if r, ok := book.Rule(d.Item); ok {
			d.Title = r.Item.Title
		}
		var err error
		if d.Before, err = sum(before, d.Item); err != nil {
			return nil, err
		}
		if d.After, err = sum(after, d.Item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sum is what an item costs by a result; 0 where it isn't in it.
func sum(r *engine.Result, item string) (exact.Num, error) {
	for _, t := range r.Items {
		switch {
		case t.Item == item && t.Overflow:
			return exact.Num{}, fmt.Errorf("事项 %s 的金额合计超出可计算的范围", item)
		case t.Item == item:
			return t.Sum.Num(), nil
		}
	}
	return exact.Num{}, nil
}

func (d *Difference) add(c engine.Change) {
	switch {
	case c.Was == rules.Eligible && c.Now == rules.Eligible:
		d.Changed++
	case c.Now == rules.Eligible:
		d.Entered++
	case c.Was == rules.Eligible:
		d.Left++
	case c.Now == rules.Unknown:
		d.Unknown++
	}
}
