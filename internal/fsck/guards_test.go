package fsck

import (
	"fmt"
	"strings"
	"testing"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// TestTriggers holds the numbers of triggers against a fresh database of each kind.
func TestTriggers(t *testing.T) {
	for _, address := range []string{"sqlite://:memory:", pgtest.Database(t)} {
		s, err := store.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		have, err := counted(t, s)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Join(strings.Fields(triggers[s.Kind()]), " "); strings.Join(have, " ") != want {
			t.Errorf("the triggers of %s in guards.go should be:\n%s", s.Kind(), strings.Join(have, " "))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func counted(t *testing.T, s *store.Store) (have []string, err error) {
	t.Helper()
	rows, err := s.DB().QueryContext(t.Context(), triggersOf(s.Kind()))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		var n int
		if err := rows.Scan(&table, &n); err != nil {
			return nil, err
		}
		have = append(have, fmt.Sprintf("%s:%d", table, n))
	}
	return have, rows.Err()
}
