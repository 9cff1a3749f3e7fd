package night

import (
	"context"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/store"
)

// Foresee is the sweep that will be done once a proposal is published, by its trial, as if it ended now. It has no number.
func Foresee(office *casework.Office, p *casework.Proposal, t *casework.Trial, now time.Time) *Night {
	n := &Night{
		Office: office, Sweep: store.Sweep{Plan: store.Plan{AsOf: t.Around.AsOf}, FinishedAt: now}, Book: &casework.Book{Book: p.Book},
		Table: t.Table, Around: t.Around, Laws: map[string]*Law{},
	}
	for _, r := range p.Book.Rules {
		n.Laws[r.Item.ID] = NewLaw(r)
	}
	return n
}

// Ear is a box that keeps nothing and hands events on, without their decisions, which aren't made yet.
type Ear func([]event.Event) error

// Followed is always the beginning.
func (Ear) Followed(context.Context, string) (int64, error) { return 0, nil }

// Follow hands events on.
func (e Ear) Follow(ctx context.Context, name string, _ int64, events []event.Event, now time.Time) (int, error) {
	return e.Tell(ctx, name, events, now)
}

// Tell hands events on.
func (e Ear) Tell(_ context.Context, _ string, events []event.Event, _ time.Time) (int, error) {
	for i := range events {
		events[i].Decision = ""
	}
	return len(events), e(events)
}
