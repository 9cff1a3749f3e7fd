package fsck_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/fsck"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// BenchmarkEntries checks lists of this many entries, all paid, with seats, caps, steps and receipts, on either database;
// MIANSHEN_FSCK_ENTRIES asks for another number. It reports how long the checks took together and the slowest of them, and how much
// memory the process had at most (PostgreSQL's is its own).
func BenchmarkEntries(b *testing.B) {
	count := 20_000
	if text := os.Getenv("MIANSHEN_FSCK_ENTRIES"); text != "" {
		if _, err := fmt.Sscan(text, &count); err != nil {
			b.Fatal(err)
		}
	}
	for name, address := range map[string]func() string{
		"sqlite":   func() string { return "sqlite://" + filepath.Join(b.TempDir(), "large.db") },
		"postgres": func() string { return pgtest.Database(b) },
	} {
		b.Run(name, func(b *testing.B) {
			url := address()
			s, err := store.Open(b.Context(), url)
			if err == nil {
				err = s.Close()
			}
			if err == nil {
				err = fill(b, url, count)
			}
			if err != nil {
				b.Fatal(err)
			}
			_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak is counted from here
			for b.Loop() {
				check(b, url)
			}
			b.ReportMetric(peak(), "MiB")
		})
	}
}

// check runs all checks, and says which six took longest.
func check(b *testing.B, url string) {
	s, err := store.Inspect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	began := time.Now()
	results, err := fsck.Run(b.Context(), s, func() {
		took, began = append(took, time.Since(began)), time.Now()
	})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	for range 6 {
		slowest := 0
		for i := range took {
			if took[i] > took[slowest] {
				slowest = i
			}
		}
		b.Logf("%-14s %7.2f s, %d findings", results[slowest].Check.ID, took[slowest].Seconds(), results[slowest].Count)
		took[slowest] = 0
	}
}

// peak is how much memory this process had at most, in MiB, where Linux tells.
func peak() (mib float64) {
	text, _ := os.ReadFile("/proc/self/status")
	if _, rest, found := bytes.Cut(text, []byte("VmHWM:")); found {
		_, _ = fmt.Sscan(string(rest), &mib)
	}
	return mib / 1024
}

// How the two databases say what fill needs: the numbers i from 0, a number with leading zeros, bytes, and how the guards are put
// away, for they take most of the time.
var spelling = map[string]*strings.Replacer{
	"sqlite": strings.NewReplacer("SERIES", "(WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < COUNT - 1) SELECT i FROM s) s",
		"PAD18", "printf('%018d', i)", "PAD64", "printf('%064d', i)", "BYTES", "x'00'"),
	"pgx": strings.NewReplacer("SERIES", "generate_series(0, COUNT - 1) s (i)",
		"PAD18", "lpad(i::TEXT, 18, '0')", "PAD64", "lpad(i::TEXT, 64, '0')", "BYTES", "'\\x00'"),
}

// fill puts lists of 1,000 entries into a database.
func fill(b *testing.B, url string, count int) error {
	driver, address, unguard := "pgx", url, "SET session_replication_role = replica"
	if path, found := strings.CutPrefix(url, "sqlite://"); found {
		driver, address = "sqlite", "file:"+path+"?_pragma=foreign_keys(0)&_pragma=journal_mode(OFF)&_pragma=synchronous(0)&_pragma=cache_size(-200000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // the error of what was done counts
	conn, err := db.Conn(b.Context())
	if err != nil {
		return err
	}
	if driver == "sqlite" {
		if err := conn.QueryRowContext(b.Context(), `SELECT group_concat('DROP TRIGGER ' || name, '; ') FROM sqlite_master WHERE type = 'trigger'`).Scan(&unguard); err != nil {
			return err
		}
	}
	const at, hash = `'2026-02-02T00:00:00.000000Z'`, `'` + sixty4 + `'`
	for _, statement := range []string{
		unguard, `BEGIN`,
		`INSERT INTO person (id, name, created_at) VALUES ('f1', '某', ` + at + `)`,
		`INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, opened_by, opened_at) VALUES ('B', 'n', 2026, 'd', '101', 'P', '2080799', '31204', 'f1', ` + at + `)`,
		`INSERT INTO enterprise (uscc, name, folded) SELECT PAD18, '某', '' FROM SERIES`,
		`INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at, verified_how, verified_by, verified_at, usable_from)
			SELECT 'a' || i, PAD18, '某', '102290000001', BYTES, '*', PAD64, '报', 'f2', ` + at + `, 'x', 'f1', ` + at + `, ` + at + ` FROM SERIES`,
		`INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
			SELECT PAD64, '', 'x', PAD18, '2025', '发票', 'b' || i, 100, 1, ` + hash + `, 'd', ` + at + ` FROM SERIES`,
		`INSERT INTO disbursement_list (id, title, department, kind, sweep, state, round, hash, made_at)
			SELECT 'L' || (i / 1000), 't', 'd', 'regular', 1, 'settled', 1, ` + hash + `, ` + at + ` FROM SERIES WHERE i % 1000 = 0`,
		`INSERT INTO list_event (list, seq, action, from_state, to_state, role, person, at, hash)
			SELECT 'L' || (i / 1000), a.seq, a.action, a.was, a.now, a.role, 'p' || a.seq, ` + at + `, ` + hash + ` FROM SERIES CROSS JOIN (
				SELECT 1 AS seq, 'notice' AS action, 'confirmed' AS was, 'noticed' AS now, 'D1' AS role UNION ALL SELECT 2, 'handle', 'noticed', 'handled', 'F1'
				UNION ALL SELECT 3, 'check', 'handled', 'checked', 'F2' UNION ALL SELECT 4, 'approve', 'checked', 'approved', 'F3') a WHERE i % 1000 = 0`,
		`INSERT INTO list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, line, account, status)
			SELECT 'L' || (i / 1000), (i % 1000 + 1), PAD64, '', PAD18, 'x', '某', 100, 100, 'B', 'a' || i, 'in' FROM SERIES`,
		`INSERT INTO seat (kind, key, holder) SELECT 'basis', '发票|b' || i, 'x' FROM SERIES`,
		`INSERT INTO entry_seat (list, n, kind, key, holder) SELECT 'L' || (i / 1000), (i % 1000 + 1), 'basis', '发票|b' || i, 'x' FROM SERIES`,
		`INSERT INTO cap_use (key, most_fen, used_fen, used_times) SELECT 'year|' || i, 100, 100, 1 FROM SERIES`,
		`INSERT INTO entry_cap (list, n, key, fen, times) SELECT 'L' || (i / 1000), (i % 1000 + 1), 'year|' || i, 100, 1 FROM SERIES`,
		`INSERT INTO payment (id, list, n, attempt, batch, account, line, amount_fen, state, moved_at, moved_by)
			SELECT 'P' || i, 'L' || (i / 1000), (i % 1000 + 1), 1, 'B' || (i / 1000), 'a' || i, 'B', 100, 'paid', ` + at + `, 'f1' FROM SERIES`,
		`INSERT INTO payment_batch (id, list, round, list_hash, made_on, lines, sum_fen, made_by, made_at)
			SELECT 'B' || (i / 1000), 'L' || (i / 1000), 1, ` + hash + `, '2026-02-02', 1000, 100000, 'f1', ` + at + ` FROM SERIES WHERE i % 1000 = 0`,
		`INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, person)
			SELECT ` + at + `, 'reserve', 'B', 'available', 'reserved', 100, 'L' || (i / 1000), (i % 1000 + 1), 1, 'f1' FROM SERIES`,
		`INSERT INTO posting (at, kind, line, debit, credit, fen, payment, person) SELECT ` + at + `, 'post', 'B', 'reserved', 'paid', 100, 'P' || i, 'f1' FROM SERIES`,
		`INSERT INTO receipt_line (id, file, batch, payment, print, amount_fen, result, reason, class)
			SELECT PAD64, ` + hash + `, 'B' || (i / 1000), 'P' || i, PAD64, 100, 'success', '', 'applied' FROM SERIES`,
		`COMMIT`,
	} {
		statement = strings.ReplaceAll(spelling[driver].Replace(statement), "COUNT", fmt.Sprint(count))
		if _, err := conn.ExecContext(b.Context(), statement); err != nil {
			return fmt.Errorf("%.100s: %w", statement, err)
		}
	}
	if driver == "pgx" { // as its autovacuum does
		_, err = conn.ExecContext(b.Context(), "ANALYZE")
	}
	return errors.Join(err, conn.Close())
}
