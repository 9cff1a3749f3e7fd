package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/internal/store/storetest"
	"mianshen/rules/civil"
)

func TestMain(m *testing.M) {
	storetest.Child()
	pgtest.Main(m)
}

// opened opens a store that is closed when t ends.
func opened(t testing.TB, address string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func file(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "test.db") }

func TestSQLiteFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return opened(t, file(t)) })
}

func TestSQLiteMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return opened(t, "sqlite://:memory:") })
}

func TestPostgres(t *testing.T) {
	pgtest.Database(t) // skips the suite as a whole where PostgreSQL isn't installed
	storetest.Run(t, func(t *testing.T) *store.Store { return opened(t, pgtest.Database(t)) })
}

func TestSQLiteKilled(t *testing.T) { storetest.Kill(t, file(t), 6) }

func TestPostgresKilled(t *testing.T) { storetest.Kill(t, pgtest.Database(t), 6) }

// TestOpenAgain opens databases that are migrated already, by several at once on PostgreSQL, and finds what was written.
func TestOpenAgain(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { openAgain(t, file(t)) })
	t.Run("postgres", func(t *testing.T) {
		address := pgtest.Database(t)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				s, err := store.Open(t.Context(), address)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		openAgain(t, address)
	})
}

func openAgain(t *testing.T, address string) {
	for round := range 3 {
		s, err := store.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		mine, err := s.TakeSlot(t.Context(), "job", "tick", time.Unix(1, 0))
		if err != nil || mine != (round == 0) {
			t.Errorf("round %d: slot taken is %v, %v", round, mine, err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a closed store answers")
		}
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	addresses := map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return file(t) },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			address := address(t)
			s, err := store.Open(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.DB().ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
			if err = errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
			_, err = store.Open(t.Context(), address)
			if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "数据库结构是第 9999 版") {
				t.Errorf("open a newer database: %v", err)
			}
		})
	}
}

func TestBadAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"":                                    "数据库地址应为",
		"mianshen.db":                         "数据库地址应为",
		"mysql://u:secret@h/d":                "数据库地址应为",
		"sqlite://":                           "缺少文件路径",
		"sqlite:///no/such/dir/db":            "no such file",
		"postgres://u:secret@127.0.0.1:bad/d": "数据库地址无法识别",
		"postgres://u:secret@127.0.0.1:1/d?connect_timeout=1":    "refused",
		"postgres://127.0.0.1:1/d?password=secret&user=u&bad=[]": "",
	} {
		s, err := store.Open(t.Context(), address)
		if err == nil {
			t.Errorf("%q opens", address)
			_ = s.Close()
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("open %q: %v, want %q in it", address, err, want)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

// TestOneProcess opens a file that is open already, in this process and from another, also under a second name.
func TestOneProcess(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "甲 100%?#.db") // nothing in a path is special
	s := opened(t, "sqlite://"+path)
	link := filepath.Join(dir, "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("正由另一个进程（进程号 %d）使用", os.Getpid())
	for _, name := range []string{path, link} {
		_, err := store.Open(t.Context(), "sqlite://"+name)
		if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), want) {
			t.Errorf("second open of %s: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // a process that isn't refused writes for ever
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "MIANSHEN_STORETEST_VICTIM=sqlite://"+path)
	out, err := cmd.Output()
	if err == nil || !strings.Contains(string(out), want) {
		t.Errorf("open from another process: %v, %s", err, out)
	}
	if _, err := s.TakeSlot(t.Context(), "job", "tick", time.Unix(1, 0)); err != nil {
		t.Errorf("the first store is disturbed: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v; want 0600", info.Mode(), err)
	}
}

// TestSQLiteSettings looks at the pragmas of several connections at once: each must have them, not only the first.
func TestSQLiteSettings(t *testing.T) {
	s := opened(t, file(t))
	var connections []*sql.Conn
	for range 4 {
		c, err := s.DB().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		connections = append(connections, c)
	}
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "recursive_triggers": "1", "trusted_schema": "0", "busy_timeout": "30000",
	} {
		for i, c := range connections {
			var got string
			if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("connection %d has %s = %s, %v; want %s", i, pragma, got, err, want)
			}
		}
	}
	for _, c := range connections {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkNight puts the decisions of 45 items over 2,000 enterprises, and again the next night without a difference.
func BenchmarkNight(b *testing.B) {
	for name, address := range map[string]func(testing.TB) string{"sqlite": file, "postgres": pgtest.Database} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				night(b, opened(b, address(b)))
			}
		})
	}
}

func night(b *testing.B, s *store.Store) {
	ctx, now := b.Context(), time.Unix(1, 0)
	const firms, items = 2000, 45
	body := []byte(strings.Repeat("x", 600))
	_, err1 := s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "p", Title: "p", PublishedAt: now, PublishedBy: "p", Files: body})
	_, err2 := s.PublishVocabulary(ctx, store.VocabularyVersion{PublishedAt: now, PublishedBy: "p", Body: body})
	start := time.Now()
	snapshot, _, err3 := s.PutSnapshot(ctx, store.Snapshot{ReceivedAt: now, Source: "b"}, func(yield func(store.Profile, error) bool) {
		for i := range firms {
			if !yield(store.Profile{USCC: fmt.Sprintf("91310118MA%08d", i), Name: "b", Body: body}, nil) {
				return
			}
		}
	})
	if err := errors.Join(err1, err2, err3); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms/snapshot")
	policy := store.Hash(body)
	for i, metric := range []string{"ms/first-night", "ms/same-night"} {
		day := civil.MustParse([]string{"2025-06-30", "2025-07-01"}[i])
		sweep, err := s.BeginSweep(ctx, store.Plan{AsOf: day, KnownAt: now, Snapshot: snapshot.ID, Vocabulary: policy, Policies: []string{policy}}, now)
		if err != nil {
			b.Fatal(err)
		}
		decisions := make([]store.Decision, 0, firms*items)
		for n := range firms * items {
			item, firm := fmt.Sprint("item-", n%items), fmt.Sprintf("91310118MA%08d", n/items)
			decisions = append(decisions, store.Decision{
				ID: store.Hash([]byte(item + firm))[:32], PolicyVersion: policy, Item: item,
				Enterprise: firm, AsOf: day, Outcome: store.Eligible, HasAmount: true, AmountFen: 1, Body: body,
			})
		}
		start = time.Now()
		_, err = s.PutDecisions(ctx, sweep.ID, decisions)
		put := time.Since(start)
		if err = errors.Join(err, s.FinishSweep(ctx, sweep.ID, store.Done, "", now)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(put.Milliseconds()), metric)
		b.ReportMetric(float64((time.Since(start) - put).Milliseconds()), "ms/finish")
	}
	start = time.Now()
	if _, err := s.Matches(ctx, 0, "91310118MA00000999"); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(start).Microseconds()), "us/matches")
}
