package derive

import (
	"context"
	"slices"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/store"
)

// Foretell makes the events that a proposal brings once it is published and a sweep has been done for the day of its trial, as that sweep
// will, and hands them on in pages. They have no decision, which isn't made yet. Searches that firms keep are left out: they are asked when the
// policy is there.
func (f *Follower) Foretell(ctx context.Context, p *casework.Proposal, t *casework.Trial, now time.Time, tell func([]event.Event) error) error {
	n := &night{
		office: f.office, sweep: store.Sweep{Plan: store.Plan{AsOf: t.Around.AsOf}}, book: &casework.Book{Book: p.Book},
		table: t.Table, around: t.Around, laws: map[string]*law{}, near: f.Near, at: now, fresh: map[string]bool{},
	}
	for _, v := range p.Versions {
		n.fresh[v.PolicyID] = true
	}
	for _, r := range p.Book.Rules {
		n.laws[r.Item.ID] = newLaw(r)
	}
	w := &writer{ctx: ctx, box: ear(tell), now: now}
	session := p.Book.NewSession(t.Around)
	for part := range slices.Chunk(t.Changes(), batch) {
		names, err := namesOf(ctx, f.office.Store, part, func(d store.Difference) string { return d.Enterprise })
		if err == nil {
			err = n.tell(session, part, names, w)
		}
		if err != nil {
			return err
		}
	}
	if err := n.outlook(ctx, t.After, w); err != nil {
		return err
	}
	return w.flush()
}

// ear is a box that keeps nothing.
type ear func([]event.Event) error

// Followed implements Box.
func (ear) Followed(context.Context, string) (int64, error) { return 0, nil }

// Follow implements Box.
func (e ear) Follow(ctx context.Context, name string, _ int64, events []event.Event, now time.Time) (int, error) {
	return e.Tell(ctx, name, events, now)
}

// Tell implements Box.
func (e ear) Tell(_ context.Context, _ string, events []event.Event, _ time.Time) (int, error) {
	for i := range events {
		events[i].Decision = ""
	}
	return len(events), e(events)
}
