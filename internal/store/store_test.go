package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
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

// TestSQLiteFile gives each test of the suite a copy of a file that is migrated already: migrating is what takes time.
func TestSQLiteFile(t *testing.T) {
	migrated := filepath.Join(t.TempDir(), "migrated.db")
	s, err := store.Open(t.Context(), "sqlite://"+migrated)
	if err == nil {
		err = s.Close()
	}
	contents, readErr := os.ReadFile(migrated)
	if err := errors.Join(err, readErr); err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) *store.Store {
		path := filepath.Join(t.TempDir(), "test.db")
		if err := os.WriteFile(path, contents, 0o600); err != nil {
			t.Fatal(err)
		}
		return opened(t, "sqlite://"+path)
	})
}

func TestSQLiteMemory(t *testing.T) {
	pgtest.NotRacing(t) // the suite in a file is, and this one migrates anew for each test
	storetest.Run(t, func(t *testing.T) *store.Store { return opened(t, "sqlite://:memory:") })
}

// TestPostgres gives each test of the suite a schema of its own, which takes half the time of a database.
func TestPostgres(t *testing.T) {
	address := pgtest.Database(t)
	admin, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	schemas := 0
	storetest.Run(t, func(t *testing.T) *store.Store {
		schemas++
		if _, err := admin.ExecContext(t.Context(), fmt.Sprint("CREATE SCHEMA suite_", schemas)); err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		query := u.Query()
		query.Set("search_path", fmt.Sprint("suite_", schemas))
		u.RawQuery = query.Encode()
		return opened(t, u.String())
	})
}

func TestSQLiteKilled(t *testing.T) { storetest.Kill(t, file(t), 4) }

func TestPostgresKilled(t *testing.T) { storetest.Kill(t, pgtest.Database(t), 4) }

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
