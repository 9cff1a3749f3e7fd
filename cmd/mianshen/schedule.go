package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/go-co-op/gocron/v2"

	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// nightly is when the sweep runs every day, in Shanghai: hour and minute.
var nightly = [2]uint{2, 0}

// sweeper runs the sweeps of a server: once at start, then every night. A tick is a slot with a unique row in the store, so
// that any number of nodes and double ticks run it once.
type sweeper struct {
	office *casework.Office
	asOf   func(time.Time) civil.Date // the day a tick decides for
	log    *slog.Logger
}

// start schedules the nightly sweep until the returned function is called.
func (w *sweeper) start(ctx context.Context) (stop func() error, err error) {
	scheduler, err := gocron.NewScheduler(gocron.WithLocation(civil.Shanghai()))
	if err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	_, err = scheduler.NewJob(
		gocron.DailyJob(1, gocron.NewAtTimes(gocron.NewAtTime(nightly[0], nightly[1], 0))),
		gocron.NewTask(func() { w.tick(ctx, time.Now()) }),
		gocron.WithName("sweep"),
		gocron.WithSingletonMode(gocron.LimitModeReschedule),
	)
	if err != nil {
		return nil, fmt.Errorf("schedule the sweep: %w", err)
	}
	scheduler.Start()
	return scheduler.Shutdown, nil
}

// tick sweeps for the slot of a time unless that slot has its sweep.
func (w *sweeper) tick(ctx context.Context, now time.Time) {
	sweep, err := w.sweep(ctx, now)
	switch {
	case errors.Is(err, store.ErrSlotTaken):
		w.log.Info("the slot has its sweep", "slot", sweep.Slot, "sweep", sweep.ID, "status", string(sweep.Status))
	case errors.Is(err, casework.ErrNothing):
		w.log.Info("nothing to sweep: no policies or no enterprises yet")
	case err != nil && ctx.Err() != nil:
		w.log.Info("sweep given up, the server ends")
	case err != nil:
		w.log.Error("sweep failed", "error", err)
	case sweep.Status == store.Held:
		w.log.Warn("sweep waits for a person", "sweep", sweep.ID, "note", sweep.Note)
	default:
		w.log.Info("sweep done", "sweep", sweep.ID, "as_of", sweep.AsOf.String(), "eligible", sweep.Eligible, "unknown", sweep.Unknown, "ineligible", sweep.Ineligible)
	}
}

// sweep names the slot by what the sweep would read: the day, the law and the snapshot. A restart on the same day without any
// change finds its slot taken; a newly published policy or delivery opens another. What an earlier process left running is
// finished first.
func (w *sweeper) sweep(ctx context.Context, now time.Time) (store.Sweep, error) {
	if _, err := w.office.Resume(ctx, now, w.tell); err != nil {
		return store.Sweep{}, err
	}
	r := casework.SweepRequest{AsOf: w.asOf(now), Now: now, Purpose: store.Nightly}
	book, snapshot, err := w.office.Prepare(ctx, r)
	if err != nil {
		return store.Sweep{}, err
	}
	r.Slot = fmt.Sprintf("sweep %s %s %.12s %.12s", civil.On(now), r.AsOf, book.Key(), snapshot.ID)
	for attempt := 2; ; attempt++ {
		sweep, err := w.office.Sweep(ctx, r, w.tell)
		if !errors.Is(err, store.ErrSlotTaken) || sweep.Status != store.Failed || attempt > maxAttempts {
			return sweep, err
		}
		r.Slot = fmt.Sprintf("%s attempt %d", strings.TrimSuffix(r.Slot, fmt.Sprintf(" attempt %d", attempt-1)), attempt)
	}
}

// tell logs checkpoints of long sweeps.
func (w *sweeper) tell(p casework.Progress) {
	if p.Total > 1 {
		w.log.Info("shard stored", "sweep", p.Sweep, "done", p.Done, "of", p.Total)
	}
}

// maxAttempts is how often a sweep that failed is tried for one slot.
const maxAttempts = 3
