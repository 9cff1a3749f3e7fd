package store

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mianshen/internal/pgtest"
	"mianshen/rules/civil"
)

// first are rows of a database of migration 1: two snapshots with profiles, a sweep that is done, one that runs, one that
// failed, with decisions. H stands for a hash's 64 digits, SHA for its bytes.
var first = []string{
	`INSERT INTO policy_version VALUES ('H1', 'p', '办法', '2025-06-01T00:00:00.000000Z', 'x', SHA)`,
	`INSERT INTO vocabulary_version VALUES ('H2', '2025-06-01T00:00:00.000000Z', 'x', SHA)`,
	`INSERT INTO enterprise VALUES ('91310118MA00000001', '某公司', '某公司')`,
	`INSERT INTO profile SELECT 1, uscc, name, SHA FROM enterprise`,
	`INSERT INTO profile SELECT 2, uscc, name, SHA FROM enterprise`,
	`INSERT INTO snapshot VALUES (1, 'H3', '2025-06-01T00:00:00.000000Z', 'old', 1)`,
	`INSERT INTO snapshot VALUES (2, 'H4', '2025-06-02T00:00:00.000000Z', 'old', 1)`,
	`INSERT INTO change (at, kind, subject) VALUES ('2025-06-02T00:00:00.000000Z', 'snapshot', 'H4')`,
	`INSERT INTO sweep_policy SELECT n, 'H1' FROM (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3) AS numbers`,
	`INSERT INTO sweep SELECT n, CASE n WHEN 1 THEN 'tick' END, '2025-06-30', '2025-06-30T00:00:00.000000Z', 2, 'H2', 'running',
		'2025-06-30T01:00:00.000000Z', NULL, '' FROM (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3) AS numbers`,
	`INSERT INTO decision (id, sweep, policy_version, item, enterprise, as_of, outcome, amount_fen, sha256)
		VALUES ('d', 1, 'H1', 'item', '91310118MA00000001', '2025-06-30', 'eligible', 5, SHA)`,
	`INSERT INTO sweep_decision SELECT 1, enterprise, item, seq FROM decision`,
	`INSERT INTO sweep_summary VALUES (1, 'item', 'eligible', 1, 5)`,
	`UPDATE sweep SET status = 'done', finished_at = '2025-06-30T02:00:00.000000Z' WHERE id = 1`,
	`UPDATE sweep SET status = 'failed', finished_at = '2025-06-30T02:00:00.000000Z', note = '停电' WHERE id = 3`,
	`INSERT INTO job_slot VALUES ('sweep', 'tick', '2025-06-30T01:00:00.000000Z', NULL, NULL)`,
}

func TestMigrateFromFirst(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "old.db")
		old, err := openSQLite(path, sqliteOptions)
		if err != nil {
			t.Fatal(err)
		}
		fromFirst(t, old, "sqlite://"+path)
	})
	t.Run("postgres", func(t *testing.T) {
		address := pgtest.Database(t)
		old, err := openPostgres(address, nil)
		if err != nil {
			t.Fatal(err)
		}
		fromFirst(t, old, address)
	})
}

func fromFirst(t *testing.T, old *Store, address string) {
	provider, err := old.migrations()
	if err == nil {
		_, err = provider.UpTo(t.Context(), 1)
	}
	tx, txErr := old.db.BeginTx(t.Context(), nil)
	if err := errors.Join(err, txErr); err != nil {
		t.Fatal(err)
	}
	for _, statement := range first {
		sum := Hash([]byte("x"))
		for _, n := range []string{"1", "2", "3", "4"} {
			statement = strings.ReplaceAll(statement, "H"+n, Hash([]byte(n)))
		}
		statement = strings.ReplaceAll(statement, "SHA", map[Kind]string{SQLite: "X'" + sum + "'", Postgres: `'\x` + sum + `'::bytea`}[old.kind])
		if _, err := tx.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := errors.Join(tx.Commit(), old.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	afterFirst(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// afterFirst looks at what has become of the rows of first, and goes on with them.
func afterFirst(t *testing.T, s *Store) {
	ctx, now := t.Context(), time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	const note = "由旧版程序比对，结果未保留，请重新比对"
	for id, want := range map[int64]string{1: note, 2: note, 3: "停电"} {
		w, err := s.Sweep(ctx, id)
		if err != nil || w.Status != Failed || w.Note != want || w.Snapshot != Hash([]byte("4")) || w.Rows != 1 || !slices.Equal(w.Policies, []string{Hash([]byte("1"))}) ||
			w.AsOf != civil.MustParse("2025-06-30") || w.FinishedAt.IsZero() {
			t.Errorf("sweep %d has become %+v, %v", id, w, err)
		}
	}
	if _, err := s.LatestSweep(ctx); !errors.Is(err, ErrNotFound) {
		t.Errorf("latest sweep: %v", err)
	}
	if _, err := s.LatestSnapshot(ctx); !errors.Is(err, ErrNotFound) {
		t.Errorf("latest snapshot: %v", err)
	}
	if _, err := s.Enterprise(ctx, "91310118MA00000001"); err != nil {
		t.Error(err)
	}
	if mine, err := s.TakeSlot(ctx, "sweep", "tick", now); err != nil || mine {
		t.Errorf("a slot that was taken is taken again: %v, %v", mine, err)
	}
	if n, err := s.DropLoading(ctx, now); err != nil || n != 1 { // the one that no sweep names
		t.Errorf("%d snapshots dropped, %v, want 1", n, err)
	}
	meta := Snapshot{ID: Hash([]byte("5")), AsOf: civil.MustParse("2025-07-01"), KnownAt: now, ReceivedAt: now, Source: "new", Vocabulary: Hash([]byte("2"))}
	_, err := s.BeginSnapshot(ctx, meta)
	if err == nil {
		_, err = s.SealSnapshot(ctx, meta.ID, true, now)
	}
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.BeginSweep(ctx, Plan{
		Purpose: Nightly, AsOf: meta.AsOf, KnownAt: now, Snapshot: meta.ID, Vocabulary: meta.Vocabulary, Policies: []string{Hash([]byte("1"))},
	}, now)
	if err != nil || w.ID != 4 {
		t.Errorf("the next sweep is %d, %v", w.ID, err)
	}
}
