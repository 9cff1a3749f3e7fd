// Package pgtest gives a test its own PostgreSQL database.
//
// The first call of [Database] in a test binary makes a cluster in a temporary folder and starts one server on it;
// every later call makes one more database there. The server is started by a keeper, a small shell process that waits
// for the end of a pipe whose other end only the test binary holds. However the binary ends (also by SIGKILL or by
// the timeout of go test), the pipe closes, and the keeper stops the server and removes the folder.
//
// The server is made to differ from what a developer's machine has, so that a hidden assumption shows: its time zone
// isn't UTC and not Shanghai either, and text sorts by the ICU rules for Chinese where the server can do that, so that
// an ORDER BY without a declared collation gives another order than SQLite does. It never calls fsync.
package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver, for making and dropping databases
)

// errNotInstalled says that the machine has no PostgreSQL server programs.
var errNotInstalled = errors.New("no initdb in PATH or under /usr/lib/postgresql: PostgreSQL isn't installed here")

var (
	once     sync.Once
	shared   *server
	startErr error
	counter  atomic.Int64
)

// Main runs the tests of a binary, stops the server if one was started, and exits. Call it from TestMain. A binary
// without it is cleaned up by the keeper alone, a moment after its end.
func Main(m *testing.M) {
	code := m.Run()
	if shared != nil {
		if err := shared.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// Database makes an empty database for t and returns its URL (postgres://user:password@127.0.0.1:port/name); it is
// dropped when t ends. Where PostgreSQL isn't installed t is skipped, but fails if the environment has CI or
// MIANSHEN_NO_SKIP, where nothing may be skipped. Any other trouble fails t. Tests may call it at once.
func Database(t testing.TB) string {
	t.Helper()
	once.Do(func() { shared, startErr = start() })
	if maySkip(startErr) {
		t.Skipf("skipped: %v", startErr)
	}
	if startErr != nil {
		t.Fatalf("pgtest: %v", startErr)
	}
	name := fmt.Sprintf("test_%d", counter.Add(1))
	if err := shared.create(name); err != nil {
		t.Fatalf("pgtest: create database %s: %v\n%s", name, err, shared.log())
	}
	t.Cleanup(func() {
		if err := shared.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: drop database %s: %v", name, err)
		}
	})
	return shared.url(name)
}

// maySkip tells whether err, an error of start, is one that skips a test in this environment.
func maySkip(err error) bool {
	return errors.Is(err, errNotInstalled) && os.Getenv("CI") == "" && os.Getenv("MIANSHEN_NO_SKIP") == ""
}

// server is a running PostgreSQL in a folder of its own.
type server struct {
	dir      string // holds data, password, log
	password string
	port     int
	keeper   *exec.Cmd
	alive    *os.File // the pipe's end whose closing tells the keeper to stop
	admin    *sql.DB
}

// start makes a cluster and starts a server on it, taking another port if the chosen one is lost to someone else.
func start() (*server, error) {
	bin, err := programs(debian)
	if err != nil {
		return nil, err
	}
	s := &server{password: rand.Text()}
	if s.dir, err = os.MkdirTemp("", "mianshen-pg-"); err != nil {
		return nil, err
	}
	if err := s.initialize(bin); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	for range 3 {
		if err = s.launch(bin); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(s.dir))
}

// initialize runs initdb in the server's folder.
func (s *server) initialize(bin string) error {
	user, err := servant()
	if err != nil {
		return err
	}
	password := filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(s.password), 0o600); err != nil {
		return err
	}
	for _, path := range []string{s.dir, password} {
		if err := user.give(path); err != nil {
			return err
		}
	}
	cmd := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", filepath.Join(s.dir, "data"), "--username", "mianshen",
		"--pwfile", password, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync")
	cmd.Dir = s.dir
	user.apply(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd.Path, err, out)
	}
	return nil
}

// settings of the server: no durability, small, and unlike a developer's machine (see the package comment).
var settings = []string{
	"fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200",
	"listen_addresses=127.0.0.1", "timezone=America/New_York", "log_timezone=UTC",
}

// keeperScript runs a server until its standard input ends, then stops the server at once and removes the folder
// ($1: program, $2: folder, the rest: arguments). If the folder is still wanted (a file "again" stands there), it stays.
const keeperScript = `program=$1; dir=$2; shift 2
"$program" -D "$dir/data" "$@" >>"$dir/log" 2>&1 </dev/null & server=$!
cat >/dev/null
kill -QUIT $server 2>/dev/null; wait $server
cd /; [ -e "$dir/again" ] || rm -rf "$dir"`

// launch starts the keeper with the server and waits until the server answers.
func (s *server) launch(bin string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.port = port
	user, err := servant()
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	args := []string{"-c", keeperScript, "keeper", filepath.Join(bin, "postgres"), s.dir, "-p", strconv.Itoa(port), "-k", s.dir}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	s.keeper = exec.Command("/bin/sh", args...)
	s.keeper.Dir = s.dir
	s.keeper.Stdin = read
	user.apply(s.keeper)
	if err := s.keeper.Start(); err != nil {
		return errors.Join(err, read.Close(), write.Close())
	}
	s.alive = write
	if err := read.Close(); err != nil {
		return err
	}
	if s.admin, err = sql.Open("pgx", s.url("postgres")); err != nil {
		return err
	}
	if err := s.wait(); err != nil {
		return errors.Join(err, s.retire())
	}
	return nil
}

// wait returns once the server answers, or with the end of its log when it doesn't within a minute or has ended.
func (s *server) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := s.admin.PingContext(ctx)
		if err == nil {
			return nil
		}
		if text := s.log(); ctx.Err() != nil || strings.Contains(text, "FATAL:  could not") {
			return fmt.Errorf("server doesn't answer on port %d: %w\n%s", s.port, err, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// retire ends a keeper whose server didn't come up, leaving the folder for another try.
func (s *server) retire() error {
	again := filepath.Join(s.dir, "again")
	if err := os.WriteFile(again, nil, 0o600); err != nil {
		return err
	}
	return errors.Join(s.end(), os.Remove(again), os.Rename(filepath.Join(s.dir, "log"), filepath.Join(s.dir, "log.old")))
}

// stop ends the server and removes its folder; the keeper can't where the server's user may not write beside it.
func (s *server) stop() error {
	return errors.Join(s.end(), os.RemoveAll(s.dir))
}

// end ends the server and waits for the keeper's own end.
func (s *server) end() error {
	return errors.Join(s.admin.Close(), s.alive.Close(), s.keeper.Wait())
}

// create makes an empty database, sorting by ICU's rules for Chinese from PostgreSQL 15 on, where it was built with ICU.
func (s *server) create(name string) error {
	err := s.exec("CREATE DATABASE " + name + " TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'zh'")
	if err == nil {
		return nil
	}
	return s.exec("CREATE DATABASE " + name + " TEMPLATE template0")
}

func (s *server) exec(query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := s.admin.ExecContext(ctx, query)
	return err
}

func (s *server) url(name string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword("mianshen", s.password),
		Host: "127.0.0.1:" + strconv.Itoa(s.port), Path: name, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// log returns the last 4,000 bytes of the server's log.
func (s *server) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// NotRacing skips a test under the race detector, and says so: one of money on PostgreSQL, of another program, or one that does much by
// one goroutine. The gate runs it without the detector.
func NotRacing(t testing.TB) {
	t.Helper()
	if Racing {
		t.Skip("not under the race detector: make check runs this without it")
	}
}
