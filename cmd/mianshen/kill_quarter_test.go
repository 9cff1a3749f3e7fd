package main

import (
	"bufio"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mianshen/internal/pgtest"
)

// numberOf is the number in an environment variable, or what it is without.
func numberOf(t *testing.T, variable string, without uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return without
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKilledQuarter kills the program with SIGKILL at random moments of a quarter, between any two and in the middle of any of its
// transactions, and lets another process go on, until the quarter is over. What it then came to must be what a quarter came to that
// nobody interrupted, and fsck must find nothing. MIANSHEN_KILLS_QUARTER sets how often on each database.
func TestKilledQuarter(t *testing.T) {
	pgtest.NotRacing(t) // the program that is killed is built without it
	kills := int(numberOf(t, "MIANSHEN_KILLS_QUARTER", 10))
	seed := numberOf(t, "MIANSHEN_SEED", uint64(time.Now().UnixNano()))
	t.Logf("seed %d (MIANSHEN_SEED), %d kills on each database (MIANSHEN_KILLS_QUARTER)", seed, kills)
	program := filepath.Join(t.TempDir(), "mianshen")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, address := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "a.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			keys := filepath.Join(t.TempDir(), "keys")
			undisturbed := quarterChild(t.Context(), program, address(t), keys, t.TempDir())
			want, err := undisturbed.Output()
			if err != nil || !strings.Contains(string(want), "全部相符") {
				t.Fatalf("an undisturbed quarter: %v\n%s", err, want)
			}
			for killed := 0; killed < kills; {
				db, files := address(t), t.TempDir()
				for {
					again := killed < kills
					got, over := killQuarter(t, quarterChild(t.Context(), program, db, keys, files), again, time.Duration(r.Int64N(int64(1500*time.Millisecond))))
					if !over {
						killed++
						continue
					}
					if got != string(want) {
						t.Fatalf("after %d kills\n%s\nundisturbed\n%s", killed, got, want)
					}
					break
				}
			}
		})
	}
}

// quarterChild is the program that plays the quarter, as it is built for people.
func quarterChild(ctx context.Context, program, db, keys, files string) *exec.Cmd {
	return exec.CommandContext(ctx, program, "demo", "quarter", "--db", db, "--seed", "5", "--keys", keys, "--files", files)
}

// killQuarter lets the program run, and kills it, if it is to, some time after it said the first thing that it did. It returns what
// the program printed and whether it came to its end.
func killQuarter(t *testing.T, cmd *exec.Cmd, kill bool, after time.Duration) (out string, over bool) {
	t.Helper()
	var printed strings.Builder
	cmd.Stdout = &printed
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, ended := make(chan struct{}), make(chan string, 1)
	go func() {
		last := ""
		for lines := bufio.NewScanner(log); lines.Scan(); last = lines.Text() {
			if last == "" {
				close(said)
			}
		}
		ended <- last
	}()
	if kill {
		select {
		case <-said:
			time.Sleep(after)
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Logf("kill: %v", err)
			}
		case last := <-ended:
			ended <- last
		}
	}
	last := <-ended
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "", false
	}
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, last, printed.String())
	}
	return printed.String(), true
}
