package outlook

import (
	"context"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/night"
)

// Foretell makes the events on the days ahead that follow once a proposal is published, a sweep has been done for the day of its trial and
// firms are reminded on that day, and hands them on in pages. They have no decision, which isn't made yet. What firms have heard before is
// among them, but for reminders.
func (o *Outlook) Foretell(ctx context.Context, p *casework.Proposal, t *casework.Trial, now time.Time, tell func([]event.Event) error) error {
	ahead := &Outlook{office: o.office, box: night.Ear(tell), Near: o.Near, all: true}
	k := ahead.look(night.Foresee(o.office, p, t, now), t.After)
	k.now, k.told = now, &Told{}
	for first := 0; first < k.state.Rows(); first += shard {
		var list []*one
		for row := first; row < min(first+shard, k.state.Rows()); row++ {
			list = append(list, &one{row: row, laws: k.due})
		}
		if err := k.lookAt(ctx, list); err != nil {
			return err
		}
		if err := k.tellAll(ctx, list); err != nil {
			return err
		}
	}
	return k.remind(ctx, t.Around.AsOf)
}
