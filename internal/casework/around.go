package casework

import (
	"context"
	"time"

	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Past tells what decisions look back on besides the facts: what persons found out and what was granted before. Both are bounded
// by a day and by the instant up to which something counts as known, and come out the same whenever they are asked for again.
// A nil history is not knowing.
type Past interface {
	Findings(ctx context.Context, onDay civil.Date, known time.Time) (*rules.Findings, error)
	History(ctx context.Context, until civil.Date, known time.Time) (*rules.History, error)
}

// Circumstances are what a sweep decides with: its day, and the past as far as it was known at the instant that the sweep pins.
// Those of the sweep asked for last are kept.
func (o *Office) Circumstances(ctx context.Context, sweep store.Sweep) (rules.Circumstances, error) {
	o.kept.mu.Lock()
	kept, of := o.kept.around, o.kept.aroundOf
	o.kept.mu.Unlock()
	if of == sweep.ID && of != 0 {
		return kept, nil
	}
	around, err := o.around(ctx, sweep.AsOf, sweep.KnownAt)
	if err == nil {
		o.kept.mu.Lock()
		o.kept.around, o.kept.aroundOf = around, sweep.ID
		o.kept.mu.Unlock()
	}
	return around, err
}

// around asks the past about a day, as known at an instant.
func (o *Office) around(ctx context.Context, day civil.Date, known time.Time) (around rules.Circumstances, err error) {
	around.AsOf = day
	if o.Past == nil {
		return around, nil
	}
	if around.Findings, err = o.Past.Findings(ctx, day, known); err != nil {
		return around, err
	}
	around.History, err = o.Past.History(ctx, day, known)
	return around, err
}
