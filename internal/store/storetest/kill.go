package storetest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"mianshen/internal/store"
)

// victim names the environment variable with the database that a child process writes until it is killed.
const victim = "MIANSHEN_STORETEST_VICTIM"

// crowd is how many decisions the child puts at once: enough that a kill after a random wait falls into a transaction.
const crowd = 4000

// Child must be the first call in TestMain of a test binary that calls Kill. In Kill's child it never returns.
func Child() {
	address := os.Getenv(victim)
	if address == "" {
		return
	}
	fmt.Println("error:", write(address))
	os.Exit(1)
}

// write puts decisions of one sweep after the other until an error ends it, and says each time what was acknowledged.
func write(address string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, address)
	if err != nil {
		return err
	}
	w, err := prepare(ctx, s, crowd)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		sweep, err := s.BeginSweep(ctx, w.plan(""), at(2))
		if err != nil {
			return err
		}
		fmt.Println("begun", sweep.ID)
		if _, err := s.PutDecisions(ctx, sweep.ID, w.decisions(fmt.Sprint("item-", sweep.ID), crowd)); err != nil {
			return err
		}
		fmt.Println("put", sweep.ID)
		if err := s.FinishSweep(ctx, sweep.ID, store.Done, "", at(3)); err != nil {
			return err
		}
		fmt.Println("done", sweep.ID)
	}
}

// Kill lets a child process write the database at address, kills it with SIGKILL at different moments, rounds times, and
// looks each time whether the database is whole: what was acknowledged is there, of a batch there is all or nothing,
// a sweep that is done has its totals, and an interrupted one can be taken up again. At least one kill must have
// fallen into a batch.
func Kill(t *testing.T, address string, rounds int) {
	inside := 0
	for round := range rounds {
		last := kill(t, address, time.Duration(round)*37*time.Millisecond)
		s, err := store.Open(t.Context(), address)
		check(t, err)
		if whole(t, s, last) {
			inside++
		}
		check(t, s.Close())
	}
	t.Logf("%d of %d kills fell between the beginning of a batch and its acknowledgement", inside, rounds)
	if inside == 0 {
		t.Error("no kill fell into a batch: this test saw nothing")
	}
}

// kill runs the child until some time after it began a sweep that is not its first, and returns the last it said of each kind.
func kill(t *testing.T, address string, wait time.Duration) map[string]int64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) // the test starts itself
	cmd.Env = append(os.Environ(), victim+"="+address)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	last := map[string]int64{}
	lines := bufio.NewScanner(out)
	begun := 0
	for lines.Scan() {
		kind, id, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		last[kind] = n
		if kind != "begun" {
			continue
		}
		if begun++; begun == 2 {
			time.AfterFunc(wait, func() { _ = cmd.Process.Kill() }) // fails only if the child has ended, seen below
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return last
}

// whole checks the database against what the child said last, and tells whether a batch was cut off.
func whole(t *testing.T, s *store.Store, last map[string]int64) (cut bool) {
	t.Helper()
	if s.Kind() == store.SQLite {
		var answer string
		check(t, s.DB().QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&answer))
		broken := count(t, s, "SELECT count(*) FROM pragma_foreign_key_check")
		if answer != "ok" || broken != 0 {
			t.Fatalf("integrity check: %s, %d broken references", answer, broken)
		}
	}
	const linked = "SELECT count(*) FROM sweep_decision WHERE sweep = $1"
	for _, w := range must[[]store.Sweep](t)(s.Sweeps(t.Context(), 4)) {
		n := count(t, s, linked, w.ID)
		if n != 0 && n != crowd || n != count(t, s, "SELECT count(*) FROM decision WHERE sweep = $1", w.ID) {
			t.Errorf("sweep %d has %d of %d decisions", w.ID, n, crowd)
		}
		if total := w.Eligible + w.Ineligible + w.Unknown; w.Status == store.Done && (n != crowd || total != crowd) {
			t.Errorf("sweep %d is done with %d decisions and %d in its totals", w.ID, n, total)
		}
	}
	for kind, id := range last {
		w := must[store.Sweep](t)(s.Sweep(t.Context(), id))
		if kind == "put" && count(t, s, linked, id) != crowd || kind == "done" && w.Status != store.Done {
			t.Errorf("%s %d was acknowledged, the database says %+v", kind, id, w)
		}
	}
	open := must[store.Sweep](t)(s.Sweep(t.Context(), last["begun"]))
	if open.Status != store.Running || last["put"] == last["begun"] {
		return false
	}
	w := world{policy: open.Policies[0]}
	must[int64](t)(s.PutDecisions(t.Context(), open.ID, w.decisions(fmt.Sprint("item-", open.ID), crowd)))
	check(t, s.FinishSweep(t.Context(), open.ID, store.Done, "", at(4)))
	if done := must[store.Sweep](t)(s.Sweep(t.Context(), open.ID)); done.Eligible+done.Ineligible+done.Unknown != crowd {
		t.Errorf("taken up again, sweep %d has totals %+v", open.ID, done)
	}
	return true
}
