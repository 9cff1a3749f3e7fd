package pgtest_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/pgtest"
)

// lonely names the environment variable that makes the binary play the test that gets killed.
const lonely = "MIANSHEN_PGTEST_LONELY"

func TestMain(m *testing.M) { pgtest.Main(m) }

func query(t *testing.T, db *sql.DB, q string) string {
	t.Helper()
	var answer string
	if err := db.QueryRow(q).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return answer
}

func open(t *testing.T, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestDatabasesAreSeparate(t *testing.T) {
	first, second := open(t, pgtest.Database(t)), open(t, pgtest.Database(t))
	if _, err := first.Exec("CREATE TABLE only_here (x int)"); err != nil {
		t.Fatal(err)
	}
	const count = "SELECT count(*)::text FROM pg_tables WHERE tablename = 'only_here'"
	if a, b := query(t, first, count), query(t, second, count); a != "1" || b != "0" {
		t.Errorf("table seen %s times in its database, %s times in the other; want 1 and 0", a, b)
	}
	if got := query(t, first, "SHOW timezone"); got != "America/New_York" {
		t.Errorf("time zone of the server is %s: a program that forgets UTC would not be found", got)
	}
}

// TestKilled starts this binary again, lets it start a server, kills it with SIGKILL, and sees that server and folder go.
func TestKilled(t *testing.T) {
	address := pgtest.Database(t) // skips where PostgreSQL isn't installed
	if os.Getenv(lonely) != "" {
		fmt.Println("at " + address)
		time.Sleep(time.Minute)
		return
	}
	tmp := t.TempDir()
	for dir := tmp; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o777); err != nil { // the server's user must get through and clean up
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$", "-test.count=1")
	cmd.Env = append(os.Environ(), lonely+"=1", "TMPDIR="+tmp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address = ""
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		address, _ = strings.CutPrefix(lines.Text(), "at ")
	}
	if _, err := url.Parse(address); err != nil || address == "" {
		t.Fatalf("the child said no address: %q, %v", address, err)
	}
	db := open(t, address)
	query(t, db, "SELECT 'alive'")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself, not by the signal")
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left, err := filepath.Glob(filepath.Join(tmp, "mianshen-pg-*"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		answers := db.PingContext(ctx) == nil
		cancel()
		if len(left) == 0 && !answers {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("20 s after the kill: folders left %v, server answers: %v", left, answers)
		}
	}
}
