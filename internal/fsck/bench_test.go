package fsck_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"mianshen/internal/fsck"
	"mianshen/internal/store"
)

// BenchmarkEntries checks lists of this many entries, all paid, on SQLite; MIANSHEN_FSCK_ENTRIES asks for another number. It
// reports what the process has taken from the system at the end.
func BenchmarkEntries(b *testing.B) {
	count := 20_000
	if text := os.Getenv("MIANSHEN_FSCK_ENTRIES"); text != "" {
		if _, err := fmt.Sscan(text, &count); err != nil {
			b.Fatal(err)
		}
	}
	path := filepath.Join(b.TempDir(), "large.db")
	s, err := store.Open(b.Context(), "sqlite://"+path)
	if err == nil {
		err = s.Close()
	}
	if err == nil {
		err = fill(b, path, count)
	}
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := store.Inspect(b.Context(), "sqlite://"+path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := fsck.Run(b.Context(), s, func() {}); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MiB")
}

// fill puts lists of 1,000 entries into a database, without the guards, for they take most of the time.
func fill(b *testing.B, path string, count int) error {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(0)&_pragma=synchronous(0)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	var drop string
	if err := db.QueryRowContext(b.Context(), `SELECT group_concat('DROP TRIGGER ' || name, '; ') FROM sqlite_master WHERE type = 'trigger'`).Scan(&drop); err != nil {
		return err
	}
	series := fmt.Sprintf("WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < %d - 1) ", count)
	at := `'2026-02-02T00:00:00.000000Z'`
	for _, statement := range []string{
		drop, `BEGIN`,
		`INSERT INTO person (id, name, created_at) VALUES ('f1', '某', ` + at + `)`,
		`INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, opened_by, opened_at) VALUES ('B', 'n', 2026, 'd', '101', 'P', '2080799', '31204', 'f1', ` + at + `)`,
		series + `INSERT INTO enterprise (uscc, name, folded) SELECT printf('%018d', i), '某', '' FROM s`,
		series + `INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at)
			SELECT 'a' || i, printf('%018d', i), '某', '102290000001', x'00', '*', printf('%064d', i), '报', 'f1', ` + at + ` FROM s`,
		series + `INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
			SELECT printf('%064d', i), '', 'x', printf('%018d', i), '2025', '发票', 'b' || i, 100, 1, '` + sixty4 + `', 'd', ` + at + ` FROM s`,
		series + `INSERT INTO disbursement_list (id, title, department, kind, sweep, state, round, hash, made_at)
			SELECT 'L' || (i / 1000), 't', 'd', 'regular', 1, 'settled', 1, '` + sixty4 + `', ` + at + ` FROM s WHERE i % 1000 = 0`,
		series + `INSERT INTO list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, line, account, status)
			SELECT 'L' || (i / 1000), (i % 1000 + 1), printf('%064d', i), '', printf('%018d', i), 'x', '某', 100, 100, 'B', 'a' || i, 'in' FROM s`,
		series + `INSERT INTO payment (id, list, n, attempt, batch, account, line, amount_fen, state, moved_at, moved_by)
			SELECT 'P' || i, 'L' || (i / 1000), (i % 1000 + 1), 1, 'B' || (i / 1000), 'a' || i, 'B', 100, 'paid', ` + at + `, 'f1' FROM s`,
		series + `INSERT INTO payment_batch (id, list, round, list_hash, made_on, lines, sum_fen, made_by, made_at)
			SELECT 'B' || (i / 1000), 'L' || (i / 1000), 1, '` + sixty4 + `', '2026-02-02', 1000, 100000, 'f1', ` + at + ` FROM s WHERE i % 1000 = 0`,
		series + `INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, person)
			SELECT ` + at + `, 'reserve', 'B', 'available', 'reserved', 100, 'L' || (i / 1000), (i % 1000 + 1), 1, 'f1' FROM s`,
		series + `INSERT INTO posting (at, kind, line, debit, credit, fen, payment, person) SELECT ` + at + `, 'post', 'B', 'reserved', 'paid', 100, 'P' || i, 'f1' FROM s`,
		series + `INSERT INTO receipt_line (id, file, batch, payment, print, amount_fen, result, reason, class)
			SELECT printf('%064d', i), '` + sixty4 + `', 'B' || (i / 1000), 'P' || i, printf('%064d', i), 100, 'success', '', 'applied' FROM s`,
		`COMMIT`,
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			return fmt.Errorf("%.60s: %w", statement, err)
		}
	}
	return db.Close()
}
