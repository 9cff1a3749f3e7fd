package reuse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	_ "modernc.org/sqlite"
)

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// open is a database of one connection, and what that connection keeps.
func open(tb testing.TB, connections int) *sql.DB {
	tb.Helper()
	db, err := Open("file:" + filepath.Join(tb.TempDir(), "r.db") + "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)")
	ok(tb, err)
	tb.Cleanup(func() { ok(tb, db.Close()) })
	db.SetMaxOpenConns(connections)
	do(tb, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)")
	return db
}

func do(tb testing.TB, db *sql.DB, query string, args ...any) {
	tb.Helper()
	_, err := db.ExecContext(tb.Context(), query, args...)
	ok(tb, err)
}

// kept is how many statements the one connection keeps.
func kept(tb testing.TB, db *sql.DB) (n int) {
	tb.Helper()
	one, err := db.Conn(tb.Context())
	ok(tb, err)
	ok(tb, one.Raw(func(c any) error {
		n = c.(*conn).newest.Len()
		if n != len(c.(*conn).kept) {
			return fmt.Errorf("%d in order, %d by text", n, len(c.(*conn).kept))
		}
		return nil
	}))
	ok(tb, one.Close())
	return n
}

// TestNested reads by one statement while rows of the same statement are open: each has its own.
func TestNested(t *testing.T) {
	db, ctx := open(t, 1), t.Context()
	for i := range 3 {
		do(t, db, "INSERT INTO t (id, word) VALUES ($1, $2)", i, fmt.Sprint("w", i))
	}
	tx, err := db.BeginTx(ctx, nil)
	ok(t, err)
	const query = "SELECT id FROM t WHERE id >= $1 ORDER BY id"
	var got []int
	outer, err := tx.QueryContext(ctx, query, 0)
	ok(t, err)
	for outer.Next() {
		var a, b int
		ok(t, outer.Scan(&a))
		ok(t, tx.QueryRowContext(ctx, query, a).Scan(&b))
		got = append(got, a, b)
	}
	ok(t, errors.Join(outer.Err(), outer.Close(), tx.Commit())) //nolint:sqlclosecheck // before the next statement, not at the end
	if fmt.Sprint(got) != "[0 0 1 1 2 2]" {
		t.Errorf("got %v", got)
	}
	if n := kept(t, db); n != 2 {
		t.Errorf("%d statements are kept, want the insert and one of the query", n)
	}
}

// TestRefused runs a statement again after it was refused, within a transaction and after it.
func TestRefused(t *testing.T) {
	db, ctx := open(t, 1), t.Context()
	const insert = "INSERT INTO t (id, word) VALUES ($1, $2)"
	do(t, db, insert, 1, "a")
	tx, err := db.BeginTx(ctx, nil)
	ok(t, err)
	for range 3 {
		if _, err := tx.ExecContext(ctx, insert, 2, "a"); err == nil {
			t.Error("a word twice went in")
		}
		if err := tx.QueryRowContext(ctx, "SELECT 1 FROM t WHERE id = $1", 2).Scan(new(int)); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("what was refused is there: %v", err)
		}
	}
	_, err = tx.ExecContext(ctx, insert, 2, "b")
	ok(t, errors.Join(err, tx.Commit()))
	do(t, db, insert, 3, "c")
	var words string
	ok(t, db.QueryRowContext(ctx, "SELECT group_concat(word ORDER BY id) FROM t").Scan(&words))
	if words != "a,b,c" {
		t.Errorf("got %s", words)
	}
}

// TestArguments leaves no argument of one run to the next.
func TestArguments(t *testing.T) {
	db, ctx := open(t, 1), t.Context()
	const query = "SELECT coalesce($1, '-') || coalesce($2, '-')"
	var got string
	ok(t, db.QueryRowContext(ctx, query, "a", "b").Scan(&got))
	ok(t, db.QueryRowContext(ctx, query, nil, "c").Scan(&got))
	if got != "-c" {
		t.Errorf("got %s", got)
	}
	if err := db.QueryRowContext(ctx, query, "a").Scan(&got); err == nil {
		t.Errorf("an argument too few gave %s", got)
	}
}

// TestChangedTable runs kept statements after the table changed under them, by this connection and by another.
func TestChangedTable(t *testing.T) {
	db, ctx := open(t, 2), t.Context()
	const insert, query = "INSERT INTO t (id, word) VALUES ($1, $2)", "SELECT * FROM t ORDER BY id"
	columns := func(c *sql.Conn) int {
		found, err := c.QueryContext(ctx, query)
		ok(t, err)
		names, err := found.Columns()
		ok(t, errors.Join(err, found.Err(), found.Close())) //nolint:sqlclosecheck // before the next statement
		return len(names)
	}
	a, err := db.Conn(ctx)
	ok(t, err)
	b, err := db.Conn(ctx)
	ok(t, err)
	_, err = a.ExecContext(ctx, insert, 1, "a")
	ok(t, err)
	if columns(a) != 2 || columns(b) != 2 {
		t.Fatal("not two columns")
	}
	_, err = b.ExecContext(ctx, "ALTER TABLE t ADD COLUMN more TEXT")
	ok(t, err)
	_, err = b.ExecContext(ctx, "CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no'); END")
	ok(t, err)
	if _, err := a.ExecContext(ctx, insert, 2, "b"); err == nil {
		t.Error("a trigger that came after the statement was compiled doesn't hold")
	}
	if n, m := columns(a), columns(b); n != 3 || m != 3 {
		t.Errorf("%d and %d columns, want 3", n, m)
	}
	_, err = a.ExecContext(ctx, "PRAGMA foreign_keys = 0")
	ok(t, errors.Join(err, a.Close(), b.Close()))
}

// TestGivenUp goes on after a statement whose context ended, and after rows that weren't read to their end.
func TestGivenUp(t *testing.T) {
	db := open(t, 1)
	const query = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT sum(i) FROM n"
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := db.QueryRowContext(ctx, query, 1<<60).Scan(new(int)); err == nil {
			t.Error("an endless query ended")
		}
	})
	cancel()
	wait.Wait()
	var sum int
	ok(t, db.QueryRowContext(t.Context(), query, 10).Scan(&sum))
	if sum != 55 {
		t.Errorf("got %d", sum)
	}
	for i := range 20 {
		do(t, db, "INSERT INTO t (id, word) VALUES ($1, $2)", i, fmt.Sprint("w", i))
	}
	for range 3 {
		found, err := db.QueryContext(t.Context(), "SELECT id FROM t ORDER BY id")
		ok(t, err)
		var id int
		if !found.Next() {
			t.Fatal(found.Err())
		}
		ok(t, errors.Join(found.Scan(&id), found.Close())) //nolint:sqlclosecheck // unread
		if id != 0 {
			t.Errorf("the first row is %d", id)
		}
	}
	do(t, db, "DROP TABLE t") // refused while a statement still reads it
}

// TestBound keeps the statements used last, none that is long, and runs a prepared one as often as one likes.
func TestBound(t *testing.T) {
	db, ctx := open(t, 1), t.Context()
	for i := range 2 * keep {
		do(t, db, fmt.Sprintf("INSERT INTO t (id, word) VALUES ($1, '%d')", i), i)
	}
	if n := kept(t, db); n != keep {
		t.Errorf("%d are kept", n)
	}
	do(t, db, "SELECT 1 -- "+fmt.Sprintf("%0*d", longest, 0))
	if n := kept(t, db); n != keep {
		t.Errorf("%d are kept", n)
	}
	for range 2 {
		s, err := db.PrepareContext(ctx, "INSERT INTO t (id, word) VALUES ($1, $2) ON CONFLICT DO NOTHING")
		ok(t, err)
		for i := range 3 {
			_, err := s.ExecContext(ctx, 1000+i, fmt.Sprint("w", i))
			ok(t, err)
		}
		ok(t, s.Close()) //nolint:sqlclosecheck // given back, to be taken again
	}
	var n int
	ok(t, db.QueryRowContext(ctx, "SELECT count(*) FROM t WHERE id >= 1000").Scan(&n))
	if n != 3 {
		t.Errorf("%d rows", n)
	}
}

// TestMany has goroutines write and read by the same statements at the same time.
func TestMany(t *testing.T) {
	db, ctx := open(t, 4), t.Context()
	var wait sync.WaitGroup
	for w := range 6 {
		wait.Go(func() {
			for i := range 50 {
				id := w*1000 + i
				if _, err := db.ExecContext(ctx, "INSERT INTO t (id, word) VALUES ($1, $2)", id, fmt.Sprint(id)); err != nil {
					t.Error(err)
				}
				var word string
				if err := db.QueryRowContext(ctx, "SELECT word FROM t WHERE id = $1", id).Scan(&word); err != nil || word != fmt.Sprint(id) {
					t.Errorf("%d is %s: %v", id, word, err)
				}
			}
		})
	}
	wait.Wait()
	var n int
	ok(t, db.QueryRowContext(ctx, "SELECT count(*) FROM t").Scan(&n))
	if n != 300 {
		t.Errorf("%d rows", n)
	}
}
