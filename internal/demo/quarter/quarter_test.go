//go:build !race

package quarter

import (
	"testing"

	"mianshen/internal/fsck"
	"mianshen/internal/seal"
	"mianshen/internal/store"
)

// TestQuarter plays a quarter and has fsck look at the end. TestKilledQuarter of the program does so on PostgreSQL too.
func TestQuarter(t *testing.T) {
	db, err := store.Open(t.Context(), "sqlite://"+t.TempDir()+"/a.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	c := Config{Store: db, Keys: seal.New(), Seed: 1, Files: t.TempDir(), Tell: func(line string) { t.Log(line) }}
	if err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	results, err := fsck.Run(t.Context(), db, func() {})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		for _, f := range r.Findings {
			t.Errorf("%s: %s: %s", r.Check.ID, f.Row, f.Text)
		}
	}
}
