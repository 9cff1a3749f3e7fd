package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestFull fills a database to the last page it may have: what is refused is told apart from other trouble, nothing of it is kept, and
// with room it goes on.
func TestFull(t *testing.T) {
	s, err := Open(t.Context(), "sqlite://"+t.TempDir()+"/full.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	write := func(pages int) error {
		return s.Transact(t.Context(), func(tx *Tx) error {
			if _, err := tx.Exec(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
				return err
			}
			for i := range 1000 {
				_, err := tx.Exec(t.Context(), "INSERT INTO person (id, name, created_at) VALUES ($1, $2, '2025-06-30T00:00:00.000000Z')", fmt.Sprint(i), strings.Repeat("长", 100))
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write(1); !Full(err) { // no fewer than there are
		t.Errorf("%v", err)
	}
	var n int
	if err := s.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM person").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d persons, %v", n, err)
	}
	if err := write(1 << 20); err != nil {
		t.Error(err)
	}
	if !Full(fmt.Errorf("x: %w", &pgconn.PgError{Code: "53100"})) || Full(&pgconn.PgError{Code: "23505"}) || Full(nil) {
		t.Error("PostgreSQL's codes")
	}
}
