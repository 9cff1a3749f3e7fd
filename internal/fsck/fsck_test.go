package fsck_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mianshen/internal/fsck"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// bed is a database that one damage after the other is done to.
type bed interface {
	// damaged makes the database healthy, does the damage with its guards away and returns its address.
	damaged(t *testing.T, c corruption) string
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func healthy(t *testing.T, address string) {
	t.Helper()
	s, err := store.Open(t.Context(), address)
	must(t, err)
	build(t, s)
	must(t, s.Close())
}

// broken runs fsck and returns the ids of the checks that found something, with what they say.
func broken(t *testing.T, address string) (ids []string, said string) {
	t.Helper()
	s, err := store.Inspect(t.Context(), address)
	must(t, err)
	defer func() { must(t, s.Close()) }()
	steps := 0
	results, err := fsck.Run(t.Context(), s, func() { steps++ })
	must(t, err)
	if steps != len(fsck.Checks()) || len(results) != steps {
		t.Errorf("%d steps and %d results for %d checks", steps, len(results), len(fsck.Checks()))
	}
	for _, r := range results {
		if r.Count == 0 {
			continue
		}
		ids = append(ids, r.Check.ID)
		for _, f := range r.Findings {
			said += fmt.Sprintf("%s %s：%s\n", r.Check.ID, f.Row, f.Text)
		}
	}
	return ids, said
}

func TestCorruptions(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	t.Run("sqlite", func(t *testing.T) { corrupted(t, newFile(t)) })
	t.Run("postgres", func(t *testing.T) {
		pgtest.NotRacing(t)
		corrupted(t, newServer(t))
	})
}

func corrupted(t *testing.T, b bed) {
	if ids, said := broken(t, b.damaged(t, corruption{})); len(ids) > 0 {
		t.Fatalf("the healthy database has findings:\n%s", said)
	}
	for _, c := range corruptions {
		t.Run(c.name, func(t *testing.T) {
			ids, said := broken(t, b.damaged(t, c))
			if !slices.Equal(ids, strings.Fields(c.want)) {
				t.Errorf("found by %v, want %s:\n%s", ids, c.want, said)
			}
			for _, secret := range []string{strings.Repeat("a", 64), strings.Repeat("b", 64), "102290000001"} {
				if strings.Contains(said, secret) {
					t.Errorf("a finding says what an account is: %s", said)
				}
			}
		})
	}
}

// TestEveryCheckFinds holds the table of corruptions against the checks: none is without one.
func TestEveryCheckFinds(t *testing.T) {
	found := map[string]bool{}
	for _, c := range corruptions {
		for _, id := range strings.Fields(c.want) {
			found[id] = true
		}
	}
	seen := map[string]bool{}
	for _, c := range fsck.Checks() {
		if !found[c.ID] {
			t.Errorf("no corruption is found by %s", c.ID)
		}
		if seen[c.ID] || c.Promise == "" {
			t.Errorf("%s is there twice, or has no sentence", c.ID)
		}
		seen[c.ID] = true
	}
}

// file is a bed on SQLite.
type file struct{ contents []byte }

func newFile(t *testing.T) bed {
	path := filepath.Join(t.TempDir(), "healthy.db")
	healthy(t, "sqlite://"+path)
	contents, err := os.ReadFile(path)
	must(t, err)
	return file{contents}
}

func (f file) damaged(t *testing.T, c corruption) string {
	path := filepath.Join(t.TempDir(), "test.db")
	must(t, os.WriteFile(path, f.contents, 0o600))
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=ignore_check_constraints(1)&_pragma=foreign_keys(0)&_pragma=synchronous(0)")
	must(t, err)
	defer func() { must(t, db.Close()) }()
	db.SetMaxOpenConns(1)
	run(t, db, "BEGIN")
	guards := texts(t, db, `SELECT sql FROM sqlite_master WHERE type = 'trigger'`)
	for _, name := range texts(t, db, `SELECT name FROM sqlite_master WHERE type = 'trigger'`) {
		run(t, db, "DROP TRIGGER "+name)
	}
	for _, table := range strings.Fields(c.unkey) {
		run(t, db, "CREATE TABLE copied AS SELECT * FROM "+table, "DROP TABLE "+table, "ALTER TABLE copied RENAME TO "+table)
	}
	for _, index := range strings.Fields(c.drop) {
		run(t, db, "DROP INDEX "+index)
	}
	run(t, db, spelled(c.plant, "CAST(replace(CAST(body AS TEXT), 'fact', 'fakt') AS BLOB)", "x'00'")...)
	run(t, db, guards...)
	for _, name := range texts(t, db, `SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '`+c.off+`' LIMIT 1`) {
		run(t, db, "DROP TRIGGER "+name)
	}
	run(t, db, "COMMIT")
	return "sqlite://" + path
}

// server is a bed on PostgreSQL: one database without constraints, whose rows are put back before each damage.
type server struct {
	db      *sql.DB
	address string
	back    []string // statements that make it healthy again
	tables  []string
}

func newServer(t *testing.T) bed {
	s := server{address: pgtest.Database(t)}
	healthy(t, s.address)
	db, err := sql.Open("pgx", s.address)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	db.SetMaxOpenConns(1)
	s.db = db
	run(t, db, `SET session_replication_role = replica`, `CREATE SCHEMA healthy`)
	run(t, db, texts(t, db, `SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname)
		FROM pg_constraint WHERE contype IN ('c', 'f', 'u', 'p') AND connamespace = 'public'::regnamespace AND conrelid <> 0`)...)
	run(t, db, texts(t, db, `SELECT format('DROP INDEX %I', indexname) FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'`)...)
	for _, table := range texts(t, db, `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version'`) {
		run(t, db, `CREATE TABLE healthy.`+table+` AS TABLE `+table)
		s.tables = append(s.tables, table)
		s.back = append(s.back, `DELETE FROM `+table, `INSERT INTO `+table+` OVERRIDING SYSTEM VALUE SELECT * FROM healthy.`+table)
	}
	return s
}

func (s server) damaged(t *testing.T, c corruption) string {
	var all []string
	for _, table := range s.tables {
		all = append(all, "ALTER TABLE "+table+" DISABLE TRIGGER USER")
	}
	all = append(all, s.back...)
	all = append(all, spelled(c.plant, `convert_to(replace(convert_from(body, 'UTF8'), 'fact', 'fakt'), 'UTF8')`, `'\x00'::bytea`)...)
	for _, table := range s.tables {
		if table != c.off {
			all = append(all, "ALTER TABLE "+table+" ENABLE TRIGGER USER")
		}
	}
	run(t, s.db, "DO $damage$ BEGIN "+strings.Join(all, ";\n")+"; END $damage$") // at once, which is quicker
	return s.address
}

// spelled puts what the databases write differently into statements.
func spelled(statements []string, edited, bytes string) (list []string) {
	for _, statement := range statements {
		list = append(list, strings.NewReplacer("EDITED", edited, "BYTES", bytes).Replace(statement))
	}
	return list
}

func run(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func texts(t *testing.T, db *sql.DB, query string) (list []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		must(t, rows.Scan(&text))
		list = append(list, text)
	}
	must(t, rows.Err())
	return list
}
