package timetable

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func at(text string) time.Time {
	t, err := time.ParseInLocation(slotLayout, text, civil.Shanghai())
	if err != nil {
		panic(err)
	}
	return t
}

func both(t *testing.T, run func(*testing.T, *store.Store)) {
	opened := func(t *testing.T, address string) {
		s, err := store.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		run(t, s)
	}
	t.Run("sqlite", func(t *testing.T) { opened(t, "sqlite://"+filepath.Join(t.TempDir(), "test.db")) })
	t.Run("postgres", func(t *testing.T) { opened(t, pgtest.Database(t)) })
}

// clock stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) set(text string) { c.mu.Lock(); defer c.mu.Unlock(); c.now = at(text) }
func (c *clock) read() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

// ran notes for which instants jobs ran.
type ran struct {
	mu   sync.Mutex
	list []string
}

func (r *ran) job(name string, daily bool, catchUp int, err error) Job {
	j := Job{Name: name, Label: name, Daily: daily, CatchUp: catchUp}
	if daily {
		j.At = 2 * time.Hour
	} else {
		j.Every = time.Hour
	}
	j.Run = func(_ context.Context, planned time.Time) (string, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.list = append(r.list, name+" "+Slot(planned))
		return "一件", err
	}
	return j
}

func (r *ran) take() (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list, r.list = r.list, nil
	return list
}

// TestMissedSlots stops for days: each missed slot within bounds runs once, the oldest first, and on one of two nodes alone.
func TestMissedSlots(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store) {
		c, r := &clock{}, &ran{}
		nodes := make([]*Timetable, 2)
		for i := range nodes {
			var err error
			if nodes[i], err = New(s, quiet, c.read, r.job("daily", true, 3, nil), r.job("hourly", false, 2, errors.New("坏了"))); err != nil {
				t.Fatal(err)
			}
		}
		step := func(now string, want ...string) {
			t.Helper()
			c.set(now)
			var all sync.WaitGroup
			for _, n := range nodes {
				all.Go(func() {
					if err := n.CatchUp(context.WithoutCancel(t.Context())); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			got := r.take()
			for _, job := range []string{"daily", "hourly"} {
				mine := slices.DeleteFunc(slices.Clone(got), func(x string) bool { return !strings.HasPrefix(x, job) })
				if !slices.IsSorted(mine) {
					t.Errorf("at %s out of order: %v", now, mine)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("at %s ran %v, want %v", now, got, want)
			}
		}
		step("2025-07-01T10:30", "daily 2025-07-01T02:00", "hourly 2025-07-01T10:00")
		step("2025-07-01T10:59")
		step("2025-07-02T01:59", "hourly 2025-07-02T00:00", "hourly 2025-07-02T01:00")
		step("2025-07-02T02:00", "daily 2025-07-02T02:00", "hourly 2025-07-02T02:00")
		step("2025-07-09T03:15", "daily 2025-07-07T02:00", "daily 2025-07-08T02:00", "daily 2025-07-09T02:00", "hourly 2025-07-09T02:00", "hourly 2025-07-09T03:00")
		step("2025-07-05T12:00", "daily 2025-07-05T02:00", "hourly 2025-07-05T12:00") // a clock that goes back: jobs go on
		step("2025-07-09T03:15")                                                      // and nothing runs twice
		c.set("2025-07-05T12:00")

		lines, err := nodes[0].Lines(t.Context(), 10)
		if err != nil || len(lines) != 2 || len(lines[0].Slots) != 6 || lines[0].When != "每天 02:00" || lines[1].When != "每 1 小时" {
			t.Fatalf("%+v, %v", lines, err)
		}
		first, broken := lines[0].Slots[0], lines[1].Slots[0]
		if first.Name != "2025-07-09T02:00" || first.Outcome != "一件" || Failed(first) || first.FinishedAt.IsZero() || !Failed(broken) || !strings.Contains(broken.Outcome, "坏了") {
			t.Errorf("%+v, %+v", first, broken)
		}
		if got := Slot(lines[0].Next); got != "2025-07-06T02:00" {
			t.Errorf("next: %s", got)
		}
	})
}

// TestStarted catches up when it starts and ends when it is told; a job that panics is one that failed.
func TestStarted(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store) {
		done := make(chan struct{})
		job := Job{Name: "x", Label: "x", Every: time.Hour, Run: func(context.Context, time.Time) (string, error) { close(done); panic("boom") }}
		table, err := New(s, quiet, nil, job)
		if err != nil {
			t.Fatal(err)
		}
		stop, err := table.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		<-done
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if rows, err := s.Slots(t.Context(), "x", 5); err != nil || len(rows) != 1 || !Failed(rows[0]) {
			t.Errorf("%+v, %v", rows, err)
		}
	})
}

func TestJobsThatCantBe(t *testing.T) {
	run := func(context.Context, time.Time) (string, error) { return "", nil }
	for _, j := range []Job{
		{},
		{Name: "x", Label: "x", Run: run},
		{Name: "x", Label: "x", Run: run, Every: 7 * time.Hour},
		{Name: "x", Label: "x", Run: run, Daily: true, At: 25 * time.Hour},
		{Name: "x", Label: "x", Run: run, Every: time.Second},
		{Name: "x", Label: "x", Run: run, Daily: true, Weekly: true},
		{Name: "x", Label: "x", Run: run, Weekly: true, Every: time.Hour},
	} {
		if _, err := New(nil, quiet, nil, j); err == nil {
			t.Errorf("%+v is taken", j)
		}
	}
	j := Job{Name: "x", Label: "x", Run: run, Every: time.Hour}
	if _, err := New(nil, quiet, nil, j, j); err == nil {
		t.Error("two jobs of one name")
	}
}
