package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/seeds"
)

// childVariable makes the test binary run as the program itself.
const childVariable = "MIANSHEN_TEST_RUNS_MAIN"

// runAsChild must be the first call of TestMain; in a child it never returns.
func runAsChild() {
	if os.Getenv(childVariable) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
}

// killed says how a killed sweep ended.
type killed struct {
	begun    bool          // its log said that the sweep had begun
	shards   int           // that were stored by its log
	finished bool          // its log said that all shards were stored
	lasted   time.Duration // from the first to the last line of its log
}

// TestKilledSweeps kills the program with SIGKILL at random moments of a second night, lets another process go on, and holds the
// result against a sweep that was never interrupted: the same states, differences and digests, byte for byte. MIANSHEN_KILLS sets
// how often; of a hundred at least eighty must fall strictly inside the sweep.
func TestKilledSweeps(t *testing.T) {
	pgtest.NotRacing(t) // the program that is killed is built without it
	kills := 4
	if text := os.Getenv("MIANSHEN_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("MIANSHEN_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d (MIANSHEN_SEED), %d kills (MIANSHEN_KILLS)", seed, kills)
	r := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	base := filepath.Join(dir, "base.db")
	secondNight(t, base)
	whole := filepath.Join(dir, "whole.db")
	copyFile(t, base, whole)
	undisturbed := killOne(t, whole, time.Minute)
	if !undisturbed.finished {
		t.Fatalf("an undisturbed sweep: %+v", undisturbed)
	}
	took := undisturbed.lasted
	want := fingerprint(t, whole)
	inside := 0
	for i := range kills {
		path := filepath.Join(dir, "killed.db")
		copyFile(t, base, path)
		k := killOne(t, path, time.Duration(r.Int64N(int64(took)*9/10)))
		if k.begun && !k.finished {
			inside++
		}
		if out, err := child(path, "").CombinedOutput(); err != nil {
			t.Fatalf("kill %d (%+v): going on: %v\n%s", i, k, err, out)
		}
		if got := fingerprint(t, path); got != want {
			t.Fatalf("kill %d (%+v): the result differs from the uninterrupted one\n%s\n%s", i, k, got, want)
		}
	}
	t.Logf("%d of %d kills fell strictly inside a sweep; a whole one takes %v from its beginning to its end", inside, kills, took.Round(time.Millisecond))
	if kills >= 100 && inside < kills*8/10 {
		t.Errorf("only %d of %d kills fell inside a sweep", inside, kills)
	}
}

// secondNight makes a database in which one night is done and a second delivery waits for the next.
func secondNight(t *testing.T, path string) {
	t.Helper()
	ctx := t.Context()
	db, err := store.Open(ctx, "sqlite://"+path)
	if err != nil {
		t.Fatal(err)
	}
	office := casework.New(db)
	now := time.Date(2025, 6, 30, 2, 0, 0, 0, time.UTC)
	if _, err := office.PublishVocabulary(ctx, seeds.Vocabulary(), demo.By, now); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"qp-rs-wengang", "qp-jw-zjtx-tidu", "qp-kw-gq"} {
		folder, err := fs.Sub(seeds.Policies(), name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := office.Propose(ctx, folder, name)
		if err == nil {
			_, err = office.Publish(ctx, p, demo.By, now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	const firms = 9000 // three shards of a block
	for night, seed := range []uint64{1, 2} {
		list, err := demo.Firms(v, seeds.Generate(firms, 1))
		if err != nil {
			t.Fatal(err)
		}
		if seed == 2 {
			changed, err := demo.Firms(v, seeds.Generate(firms, 2))
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < firms; i += 50 {
				other := changed[i].Profile.Clone()
				other.Enterprise = list[i].Profile.Enterprise
				list[i].Profile = other
			}
		}
		at := now.Add(time.Duration(night) * 24 * time.Hour)
		if err := demo.Deliver(ctx, office, v, list, at); err != nil {
			t.Fatal(err)
		}
		if seed == 1 {
			if _, err := office.Sweep(ctx, casework.SweepRequest{AsOf: demo.AsOf(), Now: at.Add(time.Hour), Shard: 4096}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// child is the program that sweeps the database; slot names what is swept once.
func child(path, slot string) *exec.Cmd {
	if slot == "" {
		slot = "night 2"
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, "sweep", "--db", "sqlite://"+path, "--as-of", demo.AsOf().String(), "--adopt", "--shard", "4096", "--slot", slot)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	return cmd
}

// killOne kills a sweep some time after it has begun.
func killOne(t *testing.T, path string, after time.Duration) (k killed) {
	t.Helper()
	cmd := child(path, "")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begun, ended := make(chan struct{}), make(chan killed, 1)
	go func() {
		var log killed
		var at time.Time
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			var sweep, done, all int
			if n, _ := fmt.Sscanf(lines.Text(), "第 %d 次比对：%d/%d 片", &sweep, &done, &all); n < 3 {
				continue
			}
			if !log.begun {
				at = time.Now()
				close(begun)
			}
			log.begun, log.shards, log.finished = true, done, done == all
			log.lasted = time.Since(at)
		}
		ended <- log
	}()
	select {
	case <-begun:
	case <-time.After(time.Minute):
		t.Error("the sweep doesn't begin")
	}
	select {
	case k = <-ended:
	case <-time.After(after):
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Logf("kill: %v", err)
		}
		k = <-ended
	}
	_ = cmd.Wait() // it was killed
	return k
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		_ = os.Remove(to + suffix)
	}
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// fingerprint is one digest over all that the last sweep has stored, after everything was computed again and found the same.
func fingerprint(t *testing.T, path string) string {
	t.Helper()
	ctx := t.Context()
	db, err := store.Open(ctx, "sqlite://"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	sweep, err := db.LatestSweep(ctx)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	fmt.Fprintln(h, sweep.ID, sweep.Status, sweep.Rows, sweep.Eligible, sweep.Unknown, sweep.Ineligible)
	err = db.Shards(ctx, sweep.ID, func(s store.Shard) error {
		fmt.Fprintln(h, s.N, s.First, s.Rows)
		h.Write(s.Body)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := db.Differences(ctx, sweep.ID, store.DifferenceFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if sweep.ID != 2 || len(list) == 0 {
		t.Fatalf("sweep %d with %d differences", sweep.ID, len(list))
	}
	for _, d := range list {
		fmt.Fprintln(h, d)
	}
	report, err := casework.New(db).ReplayAll(ctx, sweep.ID, nil)
	if err != nil || report.WrongTotal > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	return fmt.Sprintf("%d differences %s", len(list), strings.ToLower(hex.EncodeToString(h.Sum(nil))))
}
