package storetest

import (
	"bufio"
	"bytes"
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

// crowd is how many differences the child puts at once, and pieces of how many bytes make a delivery: enough that a kill
// after a random wait falls into a transaction.
const (
	crowd  = 2000
	pieces = 4
	piece  = 1 << 16
)

// Child must be the first call in TestMain of a test binary that calls Kill. In Kill's child it never returns.
func Child() {
	address := os.Getenv(victim)
	if address == "" {
		return
	}
	fmt.Println("error:", write(address))
	os.Exit(1)
}

// write puts one sweep of one shard and one delivery after the other until an error ends it, and says each time what was
// acknowledged.
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
	for {
		sweep, err := s.BeginSweep(ctx, w.crowded(), at(2))
		if err != nil {
			return err
		}
		fmt.Println("begun", sweep.ID)
		if err := putCrowd(ctx, s, sweep.ID, func() { fmt.Println("put", sweep.ID) }); err != nil {
			return err
		}
		fmt.Println("done", sweep.ID)
		delivery, err := s.BeginDelivery(ctx, tax("2024"))
		if err != nil {
			return err
		}
		fmt.Println("loading", delivery)
		if err := putPieces(ctx, s, delivery); err != nil {
			return err
		}
		fmt.Println("sealed", delivery)
	}
}

func (w world) crowded() store.Plan {
	plan := w.plan("", 1)
	plan.Rows = crowd
	return plan
}

// putCrowd puts the one shard of a sweep, calls said, and ends the sweep.
func putCrowd(ctx context.Context, s *store.Store, sweep int64, said func()) error {
	h := store.Shard{Rows: crowd, Body: []byte("shard"), Faults: []store.Fault{{Item: "item", Reason: "溢出", Pairs: 1}}}
	for firm := range crowd {
		h.Differences = append(h.Differences, difference("item", firm))
	}
	if _, err := s.PutShard(ctx, sweep, h, at(3)); err != nil {
		return err
	}
	said()
	return s.FinishSweep(ctx, sweep, store.Done, "", []store.Total{{Item: "item", Outcome: store.Unknown, Decisions: crowd}}, at(3))
}

// putPieces puts the parts of a delivery and seals it.
func putPieces(ctx context.Context, s *store.Store, delivery int64) error {
	for n := range pieces {
		if _, err := s.PutPart(ctx, delivery, store.Part{N: n, Rows: 1, Body: bytes.Repeat([]byte{byte(n)}, piece)}); err != nil {
			return err
		}
	}
	_, err := s.SealDelivery(ctx, delivery, seal(fmt.Sprint("delivery ", delivery), pieces), standing(store.Accepted, 3))
	return err
}

// Kill lets a child process write the database at address, kills it with SIGKILL at different moments, rounds times, and
// looks each time whether the database is whole: what was acknowledged is there, of a shard there is all or nothing, a
// sweep that is done has its totals, a sealed delivery all its parts, and what was interrupted can be taken up again. Each
// kind of writing must have been hit at least once.
func Kill(t *testing.T, address string, rounds int) {
	hit := map[string]int{}
	for round := range rounds {
		kind := []string{"begun", "loading"}[round%2]
		last := kill(t, address, kind, time.Duration(round/2)*7*time.Millisecond)
		s, err := store.Open(t.Context(), address)
		check(t, err)
		sound(t, s)
		whole(t, s)
		acknowledged(t, s, last)
		if takeUp(t, s, last) {
			hit[kind]++
		}
		check(t, s.Close())
	}
	t.Logf("of %d kills fell into a writing before its acknowledgement: %v", rounds, hit)
	if hit["begun"] == 0 || hit["loading"] == 0 {
		t.Errorf("no kill fell into a shard, or none into a delivery: %v", hit)
	}
}

// kill runs the child until some time after it said kind for the second time, and returns the last it said of each kind.
func kill(t *testing.T, address, kind string, wait time.Duration) map[string]int64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) // the test starts itself
	cmd.Env = append(os.Environ(), victim+"="+address)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	last := map[string]int64{}
	lines := bufio.NewScanner(out)
	said := 0
	for lines.Scan() {
		what, id, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		last[what] = n
		if what != kind {
			continue
		}
		if said++; said == 2 {
			time.AfterFunc(wait, func() { _ = cmd.Process.Kill() }) // fails only if the child has ended, seen below
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return last
}

// sound lets SQLite look for damage.
func sound(t *testing.T, s *store.Store) {
	t.Helper()
	if s.Kind() != store.SQLite {
		return
	}
	var answer string
	check(t, s.DB().QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&answer))
	broken := count(t, s, "SELECT count(*) FROM pragma_foreign_key_check")
	if answer != "ok" || broken != 0 {
		t.Fatalf("integrity check: %s, %d broken references", answer, broken)
	}
}

// whole checks that the database holds nothing by halves.
func whole(t *testing.T, s *store.Store) {
	t.Helper()
	for _, w := range must[[]store.Sweep](t)(s.Sweeps(t.Context(), 4)) {
		shards := count(t, s, "SELECT count(*) FROM sweep_shard WHERE sweep = $1", w.ID)
		n := count(t, s, "SELECT count(*) FROM sweep_difference WHERE sweep = $1", w.ID)
		faults := count(t, s, "SELECT count(*) FROM sweep_fault WHERE sweep = $1", w.ID)
		if n != crowd*shards || faults != shards {
			t.Errorf("sweep %d has %d shards with %d differences and %d faults", w.ID, shards, n, faults)
		}
		if w.Status == store.Done && (shards != 1 || w.Unknown != crowd) {
			t.Errorf("sweep %d is done with %d shards and %d in its totals", w.ID, shards, w.Unknown)
		}
	}
	for _, d := range must[[]store.Delivery](t)(s.Deliveries(t.Context(), store.DeliveryFilter{Newest: true, Limit: 3})) {
		n := 0
		check(t, s.Parts(t.Context(), d.ID, func(p store.Part) error {
			if n++; len(p.Body) != piece || p.Body[piece-1] != byte(p.N) {
				t.Errorf("part %d of delivery %d isn't whole", p.N, d.Seq)
			}
			return nil
		}))
		if n != pieces {
			t.Errorf("sealed delivery %d has %d parts", d.Seq, n)
		}
	}
}

// acknowledged checks that what the child said last is so.
func acknowledged(t *testing.T, s *store.Store, last map[string]int64) {
	t.Helper()
	if id := last["put"]; id != 0 && len(must[[]int](t)(s.ShardsDone(t.Context(), id))) != 1 {
		t.Errorf("the shard of sweep %d was acknowledged and isn't there", id)
	}
	if id := last["done"]; id != 0 && must[store.Sweep](t)(s.Sweep(t.Context(), id)).Status != store.Done {
		t.Errorf("sweep %d was acknowledged as done and isn't", id)
	}
	if seq := last["sealed"]; seq != 0 && count(t, s, "SELECT count(*) FROM delivery WHERE id IS NOT NULL AND seq = $1", seq) != 1 {
		t.Errorf("delivery %d was acknowledged as sealed and isn't", seq)
	}
}

// takeUp goes on where the child was killed, and tells whether that was before an acknowledgement.
func takeUp(t *testing.T, s *store.Store, last map[string]int64) (cut bool) {
	t.Helper()
	if id := last["begun"]; last["done"] != id {
		cut = last["put"] != id
		check(t, putCrowd(t.Context(), s, id, func() {}))
	}
	if seq := last["loading"]; last["sealed"] != seq {
		cut = true
		check(t, putPieces(t.Context(), s, seq))
	}
	whole(t, s)
	return cut
}
