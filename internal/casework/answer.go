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
