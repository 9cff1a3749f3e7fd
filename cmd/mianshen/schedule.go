package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"mianshen/internal/audit"
	"mianshen/internal/casework"
	"mianshen/internal/disburse/pay"
	"mianshen/internal/disburse/payout"
	"mianshen/internal/store"
	"mianshen/internal/timetable"
	"mianshen/rules/civil"
)

// sweeper runs the sweeps of a server: once at start, then every night. Beside the slot of the timetable each sweep has one of its own, so
// that any number of nodes and double ticks run it once.
type sweeper struct {
	office *casework.Office
	asOf   func(time.Time) civil.Date // the day a tick decides for
	log    *slog.Logger
}

// timetable is what recurs on a server.
func (c *serveCmd) timetable(office *casework.Office, in *entrance, sweeps *sweeper, told *telling, log *slog.Logger) (*timetable.Timetable, error) {
	const days, hours = 7, 3 // how much is made up for
	jobs := []timetable.Job{
		{Name: "sweep", Label: "每日比对", Daily: true, At: 2 * time.Hour, CatchUp: 1, Run: func(ctx context.Context, _ time.Time) (string, error) { return sweeps.nightly(ctx, time.Now()) }},
		{Name: "loading", Label: "清理没有收完的数据和上传", Daily: true, At: 4 * time.Hour, CatchUp: 1, Run: func(ctx context.Context, _ time.Time) (string, error) {
			dropped, err := office.Store.DropLoading(ctx, time.Now().Add(-abandonedAfter))
			return some(dropped, "清理 %d 批"), err
		}},
		{Name: "overdue", Label: "过了答复期限的支付记为结果不明", Daily: true, At: 8 * time.Hour, CatchUp: days, Run: func(ctx context.Context, _ time.Time) (string, error) {
			service, err := in.book.Service(ctx)
			if err != nil || service == "" {
				return "没有服务账号（SV），不能办理，请系统管理员设一个", err
			}
			n, err := pay.New(office.Store, in.ring, payout.Debtor{}).Overdue(ctx, pay.Actor{Person: service}, time.Now())
			return some(n, "%d 笔记为结果不明"), err
		}},
	}
	jobs = append(jobs, told.jobs(sweeps.asOf)...)
	if c.AuditKey != "" {
		secret, err := secretKey(c.AuditKey)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, timetable.Job{Name: "checkpoint", Label: "签审计检查点", Every: time.Hour, CatchUp: hours, Run: func(ctx context.Context, _ time.Time) (string, error) {
			return checkpoint(ctx, office.Store, secret)
		}})
	}
	return timetable.New(office.Store, log, nil, jobs...)
}

// some says how many there were, "" for none.
func some(n int64, text string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(text, n)
}

// checkpoint signs all records that are there now.
func checkpoint(ctx context.Context, s *store.Store, secret string) (string, error) {
	signed, err := s.SignAudit(ctx, secret, time.Now())
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	point, err := audit.Open(signed)
	return fmt.Sprintf("盖住 %d 条记录", point.Size), err
}

// nightly sweeps and says what came of it.
func (w *sweeper) nightly(ctx context.Context, now time.Time) (string, error) {
	sweep, err := w.tick(ctx, now)
	switch {
	case errors.Is(err, store.ErrSlotTaken):
		return fmt.Sprintf("没有变化，第 %d 次比对仍然有效", sweep.ID), nil
	case errors.Is(err, casework.ErrNothing):
		return "", nil
	case err != nil:
		return "", err
	case sweep.Status == store.Held:
		return fmt.Sprintf("第 %d 次比对等人核对", sweep.ID), nil
	}
	return fmt.Sprintf("第 %d 次比对：符合 %d，待核实 %d", sweep.ID, sweep.Eligible, sweep.Unknown), nil
}

// tick sweeps for the slot of a time unless that slot has its sweep.
func (w *sweeper) tick(ctx context.Context, now time.Time) (store.Sweep, error) {
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
	return sweep, err
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
