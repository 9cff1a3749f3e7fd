// Package timetable runs what recurs. Each tick of a job is a slot, named after the instant that it was planned for in Shanghai, with a
// unique row in the store: it runs once on any number of nodes, and what ended is on record. Slots that nobody took while no server ran
// are made up for once, in order, within bounds.
package timetable

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Job is something that recurs: daily or weekly at a time of day, or every so often, which must divide a day.
type Job struct {
	Name   string // of its slots, never to be changed
	Label  string // for people
	Daily  bool
	Weekly bool          // on Mondays
	At     time.Duration // since midnight in Shanghai, of a daily or weekly job
	Every  time.Duration // of another
	// Run does the work of the tick planned for an instant, and says in a few words what came of it. What it does twice must be
	// as good as done once: a process may end in the middle, and what it hasn't finished a person sees.
	Run func(ctx context.Context, planned time.Time) (outcome string, err error)
	// CatchUp is how many missed slots are made up for after a time without a server: the newest ones, the oldest of them first.
	CatchUp int
}

// slotLayout sorts as the instants do.
const slotLayout = "2006-01-02T15:04"

// Slot is the name of the tick that a job planned for an instant.
func Slot(planned time.Time) string { return planned.In(civil.Shanghai()).Format(slotLayout) }

// Last is the instant of the newest tick at or before now.
func (j Job) Last(now time.Time) time.Time {
	midnight := civil.On(now).Start()
	if j.Daily || j.Weekly {
		at := midnight.Add(j.At)
		for at.After(now) || j.Weekly && civil.On(at).Weekday() != time.Monday {
			midnight = midnight.AddDate(0, 0, -1)
			at = midnight.Add(j.At)
		}
		return at
	}
	return midnight.Add(now.Sub(midnight).Truncate(j.Every))
}

// Next is the instant of the first tick after now.
func (j Job) Next(now time.Time) time.Time {
	if j.Daily {
		return j.Last(now).AddDate(0, 0, 1)
	}
	if j.Weekly {
		return j.Last(now).AddDate(0, 0, 7)
	}
	return j.Last(now).Add(j.Every)
}

// missed are the ticks at or before now that aren't in the rows, the oldest first: at most CatchUp of them, and none from before the
// newest row. A job that never ran has missed the newest alone. Where the newest row is of a later instant the clock has gone back:
// then what is due by the clock is all that may be missed, so that the job goes on; the rows see to it that it doesn't run twice.
func (j Job) missed(rows []store.Slot, now time.Time) (list []time.Time) {
	newest := ""
	if len(rows) > 0 {
		newest = rows[0].Name
	}
	if last := j.Last(now); Slot(last) < newest {
		return []time.Time{last}
	}
	for at := j.Last(now); len(list) < max(j.CatchUp, 1) && Slot(at) > newest; at = j.Last(at.Add(-time.Nanosecond)) {
		list = append(list, at)
		if newest == "" {
			break
		}
	}
	slices.Reverse(list)
	return list
}

func (j Job) check() error {
	const day = 24 * time.Hour
	switch {
	case j.Name == "" || j.Label == "" || j.Run == nil:
		return errors.New("a job needs a name, a label and work")
	case j.Daily && j.Weekly, (j.Daily || j.Weekly) && (j.Every != 0 || j.At < 0 || j.At >= day), !j.Daily && !j.Weekly && (j.Every < time.Minute || day%j.Every != 0):
		return fmt.Errorf("job %s: daily or weekly at a time of day, or every so many whole parts of a day from a minute on", j.Name)
	}
	return nil
}

// Timetable is a number of jobs over one store. It is safe for concurrent use.
type Timetable struct {
	s    *store.Store
	log  *slog.Logger
	now  func() time.Time
	jobs []Job
	busy []sync.Mutex // by job: one tick at a time in this process
}

// New returns a timetable, or an error for jobs that can't be right. now nil stands for the clock.
func New(s *store.Store, log *slog.Logger, now func() time.Time, jobs ...Job) (*Timetable, error) {
	if now == nil {
		now = time.Now
	}
	known := map[string]bool{}
	for _, j := range jobs {
		if err := j.check(); err != nil {
			return nil, err
		}
		if known[j.Name] {
			return nil, fmt.Errorf("two jobs are called %s", j.Name)
		}
		known[j.Name] = true
	}
	return &Timetable{s: s, log: log, now: now, jobs: jobs, busy: make([]sync.Mutex, len(jobs))}, nil
}

// CatchUp runs the slots that were missed, job by job in the order of the timetable, each job's oldest first.
func (t *Timetable) CatchUp(ctx context.Context) error {
	for i := range t.jobs {
		if err := t.catchUp(ctx, i); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// elsewhere is for how long a slot that hasn't ended is taken to be run by another node, which goes on with the missed ones itself.
const elsewhere = 10 * time.Minute

// catchUp runs what a job has missed up to now, the slot that is due among it. It leaves off where another node is at it, so that
// one node makes up for all in order. A clock that goes forward has missed what lies between.
func (t *Timetable) catchUp(ctx context.Context, i int) error {
	t.busy[i].Lock()
	defer t.busy[i].Unlock()
	rows, err := t.s.Slots(ctx, t.jobs[i].Name, 1)
	if err != nil {
		return err
	}
	now := t.now()
	missed := t.jobs[i].missed(rows, now)
	if len(missed) > 1 && len(rows) > 0 && rows[0].FinishedAt.IsZero() && now.Sub(rows[0].StartedAt).Abs() < elsewhere {
		return nil
	}
	for _, at := range missed {
		if !t.tick(ctx, i, at) {
			break
		}
	}
	return nil
}

// Start makes up for what was missed and ticks until the returned function is called.
func (t *Timetable) Start(ctx context.Context) (stop func() error, err error) {
	scheduler, err := gocron.NewScheduler(gocron.WithLocation(civil.Shanghai()))
	if err != nil {
		return nil, fmt.Errorf("timetable: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var caught sync.WaitGroup
	for i, j := range t.jobs {
		_, err := scheduler.NewJob(definition(j), gocron.NewTask(func() { caught.Wait(); t.due(ctx, i) }), gocron.WithName(j.Name), gocron.WithSingletonMode(gocron.LimitModeReschedule))
		if err != nil {
			cancel()
			return nil, fmt.Errorf("timetable: job %s: %w", j.Name, err)
		}
	}
	caught.Go(func() {
		if err := t.CatchUp(ctx); err != nil && ctx.Err() == nil {
			t.log.Error("missed slots", "error", err)
		}
	})
	scheduler.Start()
	return func() error {
		cancel()
		caught.Wait()
		return scheduler.Shutdown()
	}, nil
}

func definition(j Job) gocron.JobDefinition {
	minute := int(j.At / time.Minute)
	at := gocron.NewAtTimes(gocron.NewAtTime(uint(minute/60), uint(minute%60), 0))
	switch {
	case j.Daily:
		return gocron.DailyJob(1, at)
	case j.Weekly:
		return gocron.WeeklyJob(1, gocron.NewWeekdays(time.Monday), at)
	}
	if j.Every < time.Hour {
		return gocron.CronJob(fmt.Sprintf("*/%d * * * *", int(j.Every/time.Minute)), false)
	}
	return gocron.CronJob(fmt.Sprintf("0 */%d * * *", int(j.Every/time.Hour)), false)
}

// due runs what is due of a job.
func (t *Timetable) due(ctx context.Context, i int) {
	if err := t.catchUp(ctx, i); err != nil && ctx.Err() == nil {
		t.log.Error("slots not found", "job", t.jobs[i].Name, "error", err)
	}
}

// tick runs a job for a planned instant unless that slot is taken, and tells whether it was this node's.
func (t *Timetable) tick(ctx context.Context, i int, planned time.Time) bool {
	j, slot := t.jobs[i], Slot(planned)
	if ctx.Err() != nil {
		return false
	}
	mine, err := t.s.TakeSlot(ctx, j.Name, slot, t.now())
	if err != nil || !mine {
		if err != nil && ctx.Err() == nil {
			t.log.Error("slot not taken", "job", j.Name, "slot", slot, "error", err)
		}
		return false
	}
	outcome, err := run(ctx, j, planned)
	if err != nil {
		t.log.Error("job failed", "job", j.Name, "slot", slot, "error", err)
		outcome = failed + brief(err.Error())
	}
	if outcome == "" {
		outcome = "没有要做的"
	}
	// The row is finished also when the server ends: what was cut off says so.
	if err := t.s.FinishSlot(context.WithoutCancel(ctx), j.Name, slot, outcome, t.now()); err != nil {
		t.log.Error("slot not finished", "job", j.Name, "slot", slot, "error", err)
	}
	return true
}

// failed begins the outcome of a tick that came to an error.
const failed = "失败："

func run(ctx context.Context, j Job, planned time.Time) (outcome string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return j.Run(ctx, planned)
}

// brief keeps an outcome short.
func brief(text string) string {
	const most = 200
	if r := []rune(strings.ToValidUTF8(text, "")); len(r) > most {
		return string(r[:most]) + "……"
	}
	return strings.ToValidUTF8(text, "")
}

// Line is a job as a person sees it.
type Line struct {
	Name, Label string
	When        string // in words
	Next        time.Time
	Slots       []store.Slot // the latest first
}

// Failed tells whether a slot came to an error.
func Failed(s store.Slot) bool { return strings.HasPrefix(s.Outcome, failed) }

// Lines shows all jobs, with up to so many slots of each.
func (t *Timetable) Lines(ctx context.Context, slots int) (list []Line, err error) {
	for _, j := range t.jobs {
		l := Line{Name: j.Name, Label: j.Label, When: j.when(), Next: j.Next(t.now())}
		if l.Slots, err = t.s.Slots(ctx, j.Name, slots); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

func (j Job) when() string {
	switch {
	case j.Weekly:
		return fmt.Sprintf("每周一 %02d:%02d", int(j.At.Hours()), int(j.At.Minutes())%60)
	case j.Daily:
		return fmt.Sprintf("每天 %02d:%02d", int(j.At.Hours()), int(j.At.Minutes())%60)
	case j.Every < time.Hour:
		return fmt.Sprintf("每 %d 分钟", int(j.Every.Minutes()))
	}
	return fmt.Sprintf("每 %d 小时", int(j.Every.Hours()))
}
