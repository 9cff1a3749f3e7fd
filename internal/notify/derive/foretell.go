package derive

import (
	"context"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/night"
)

// Foretell makes the events of what will differ once a proposal is published and a sweep has been done for the day of its trial, as that
// sweep will, and hands them on in pages. They have no decision, which isn't made yet. Searches that firms keep are left out: they are
// asked when the policy is there.
func (f *Follower) Foretell(ctx context.Context, p *casework.Proposal, t *casework.Trial, now time.Time, tell func([]event.Event) error) error {
	n := &sweeping{night.Foresee(f.office, p, t, now), map[string]bool{}}
	for _, v := range p.Versions {
		n.fresh[v.PolicyID] = true
	}
	w := &writer{ctx: ctx, box: night.Ear(tell), now: now}
	if err := n.tellAll(ctx, t.Changes(), w); err != nil {
		return err
	}
	return w.flush()
}
