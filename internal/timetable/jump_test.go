package timetable

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// TestMain runs the tests, or is a node of its own for TestTwoProcesses.
func TestMain(m *testing.M) {
	if address := os.Getenv("MIANSHEN_TEST_NODE"); address != "" {
		if err := node(address, os.Getenv("MIANSHEN_TEST_NOW")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	pgtest.Main(m)
}

// node makes up for what was missed at an instant, and prints each slot that it runs.
func node(address, now string) error {
	s, err := store.Open(context.Background(), address)
	if err != nil {
		return err
	}
	run := func(name string) func(context.Context, time.Time) (string, error) {
		return func(_ context.Context, planned time.Time) (string, error) {
			fmt.Println(name, Slot(planned))
			time.Sleep(5 * time.Millisecond)
			return "一件", nil
		}
	}
	table, err := New(
		s, quiet, func() time.Time { return at(now) },
		Job{Name: "daily", Label: "日", Daily: true, At: 2 * time.Hour, CatchUp: 7, Run: run("daily")},
		Job{Name: "hourly", Label: "时", Every: time.Hour, CatchUp: 100, Run: run("hourly")},
		Job{Name: "weekly", Label: "周", Weekly: true, At: 9 * time.Hour, CatchUp: 4, Run: run("weekly")},
	)
	if err != nil {
		return err
	}
	return errors.Join(table.CatchUp(context.Background()), s.Close())
}

// TestTwoProcesses stops two processes on one PostgreSQL for three days: each missed slot runs once, in one of them, in order.
func TestTwoProcesses(t *testing.T) {
	address := pgtest.Database(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	both := func(now string) (ran []string) {
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 2 {
			all.Go(func() {
				command := exec.Command(self)
				command.Env = append(os.Environ(), "MIANSHEN_TEST_NODE="+address, "MIANSHEN_TEST_NOW="+now)
				command.Stderr = os.Stderr
				out, err := command.Output()
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ran = append(ran, strings.Split(strings.TrimSpace(string(out)), "\n")...)
			})
		}
		all.Wait()
		ran = slices.DeleteFunc(ran, func(x string) bool { return x == "" })
		slices.Sort(ran)
		return ran
	}
	// 2025-06-30 is a Monday.
	if ran, want := both("2025-07-01T10:30"), []string{"daily 2025-07-01T02:00", "hourly 2025-07-01T10:00", "weekly 2025-06-30T09:00"}; !slices.Equal(ran, want) {
		t.Errorf("at first %v, want %v", ran, want)
	}
	var want []string
	for day := 2; day <= 4; day++ {
		want = append(want, fmt.Sprintf("daily 2025-07-%02dT02:00", day))
	}
	for n := 1; n <= 72; n++ {
		want = append(want, "hourly "+Slot(at("2025-07-01T10:00").Add(time.Duration(n)*time.Hour)))
	}
	if ran := both("2025-07-04T10:30"); !slices.Equal(ran, want) {
		t.Errorf("after three days %v, want %v", ran, want)
	}
	if ran := both("2025-07-04T10:59"); len(ran) > 0 {
		t.Errorf("again %v", ran)
	}
	back := []string{"daily 2025-06-19T02:00", "hourly 2025-06-20T00:00", "weekly 2025-06-16T09:00"}
	if ran := both("2025-06-20T00:00"); !slices.Equal(ran, back) {
		t.Errorf("a clock that goes back runs %v, want %v", ran, back)
	}
	if ran := both("2025-06-20T00:00"); len(ran) > 0 {
		t.Errorf("and again %v", ran)
	}
	s, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, job := range []string{"daily", "hourly", "weekly"} {
		rows, err := s.Slots(t.Context(), job, 200)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range rows {
			if x.FinishedAt.IsZero() || x.Outcome != "一件" || i > 0 && x.Name >= rows[i-1].Name {
				t.Errorf("%+v", x)
			}
		}
	}
}

// TestClockJumps lets the clock jump while a server runs: forward, and what lies between is made up for at the next tick, in order; back,
// and the job goes on by the clock it has, but runs no slot twice.
func TestClockJumps(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store) {
		c, r := &clock{}, &ran{}
		table, err := New(s, quiet, c.read, r.job("hourly", false, 100, nil))
		if err != nil {
			t.Fatal(err)
		}
		tick := func(now string, slots int, first, last string) {
			t.Helper()
			c.set(now)
			table.due(t.Context(), 0)
			got := r.take()
			if len(got) != slots || !slices.IsSorted(got) || slots > 0 && (got[0] != "hourly "+first || got[slots-1] != "hourly "+last) {
				t.Errorf("at %s ran %v, want %d from %s to %s", now, got, slots, first, last)
			}
		}
		tick("2025-07-01T10:00", 1, "2025-07-01T10:00", "2025-07-01T10:00")
		tick("2025-07-01T10:00", 0, "", "")
		tick("2025-07-03T10:20", 48, "2025-07-01T11:00", "2025-07-03T10:00") // two days forward
		tick("2025-07-01T12:00", 0, "", "")                                  // and back
		tick("2025-07-03T10:59", 0, "", "")
		tick("2025-07-03T11:00", 1, "2025-07-03T11:00", "2025-07-03T11:00")
		tick("2024-12-31T23:59", 1, "2024-12-31T23:00", "2024-12-31T23:00") // a clock that lost its battery
		tick("2024-12-31T23:59", 0, "", "")
		tick("2025-07-03T12:00", 1, "2025-07-03T12:00", "2025-07-03T12:00")
	})
}
