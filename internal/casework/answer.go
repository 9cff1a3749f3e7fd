package casework

import (
	"context"
	"errors"
	"fmt"

	"mianshen/internal/store"
	"mianshen/rules"
)

// LatestDone returns the newest finished sweep, or ErrNothing.
func (o *Office) LatestDone(ctx context.Context) (store.Sweep, error) {
	sweep, err := o.Store.LatestSweep(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return store.Sweep{}, ErrNothing
	}
	return sweep, err
}

func (o *Office) session(ctx context.Context, book *Book, sweep store.Sweep, uscc string) (*rules.Session, error) {
	snap, err := o.Store.Snapshot(ctx, sweep.Snapshot)
	if err != nil {
		return nil, err
	}
	profile, err := o.reader.Profile(ctx, book.Book.Vocabulary, snap, uscc)
	if err != nil {
		return nil, err
	}
	around, err := o.Circumstances(ctx, sweep)
	if err != nil {
		return nil, err
	}
	s := book.NewSession(around)
	s.Load(profile)
	return s, nil
}

// Explained is a decision with its explanation, computed again from what its sweep pins.
type Explained struct {
	Decision    Decision
	Sweep       store.Sweep
	Name        string // of the enterprise
	Explanation *rules.Explanation
	Reproduced  bool // outcome, amount and recorded hash are those of the stored state
}

// Explain computes a decision again and tells why. store.ErrNotFound for an id that no sweep has.
func (o *Office) Explain(ctx context.Context, id string) (Explained, error) {
	number, item, uscc, err := parseID(id)
	if err != nil {
		return Explained{}, err
	}
	sweep, err := o.Store.Sweep(ctx, number)
	if err != nil {
		return Explained{}, err
	}
	all, err := o.explain(ctx, sweep, uscc, func(d Decision) bool { return d.Item == item })
	if err != nil {
		return Explained{}, err
	}
	if len(all) == 0 {
		return Explained{}, fmt.Errorf("decision %.80q: %w", id, store.ErrNotFound)
	}
	return all[0], nil
}

// Reasons explains every decision of the newest finished sweep about one enterprise, by item, in one pass over its profile.
func (o *Office) Reasons(ctx context.Context, uscc string) ([]Explained, store.Sweep, error) {
	sweep, err := o.LatestDone(ctx)
	if err != nil {
		return nil, sweep, err
	}
	all, err := o.explain(ctx, sweep, uscc, func(Decision) bool { return true })
	return all, sweep, err
}

// Matches are the decisions of a sweep about an enterprise, by item. Sweep 0 is the newest finished one; only a finished sweep
// has any.
func (o *Office) Matches(ctx context.Context, number int64, uscc string) ([]Decision, store.Sweep, error) {
	sweep, err := o.LatestDone(ctx)
	if number != 0 {
		sweep, err = o.Store.Sweep(ctx, number)
	}
	if err != nil {
		return nil, sweep, err
	}
	book, err := o.Of(ctx, sweep.Plan)
	if err != nil {
		return nil, sweep, err
	}
	list, err := o.decisions(ctx, sweep, book, uscc)
	return list, sweep, err
}

func (o *Office) explain(ctx context.Context, sweep store.Sweep, uscc string, wanted func(Decision) bool) ([]Explained, error) {
	if sweep.Status == store.Running || sweep.Status == store.Failed {
		return nil, fmt.Errorf("sweep %d is %s: %w", sweep.ID, sweep.Status, store.ErrNotFound)
	}
	book, err := o.Of(ctx, sweep.Plan)
	if err != nil {
		return nil, err
	}
	list, err := o.decisions(ctx, sweep, book, uscc)
	if err != nil {
		return nil, err
	}
	session, err := o.session(ctx, book, sweep, uscc)
	if err != nil {
		return nil, err
	}
	firm, err := o.Store.Enterprise(ctx, uscc)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	out := make([]Explained, 0, len(list))
	for _, d := range list {
		if !wanted(d) {
			continue
		}
		r, _ := book.Rule(d.Item) // decisions has found it
		e := Explained{Decision: d, Sweep: sweep, Name: firm.Name, Explanation: session.Explain(r)}
		e.Reproduced = d.reproduces(e.Explanation.Decision)
		out = append(out, e)
	}
	return out, nil
}
