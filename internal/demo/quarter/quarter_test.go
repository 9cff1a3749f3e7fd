package quarter

import (
	"testing"

	"mianshen/internal/fsck"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestQuarter(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite://" + t.TempDir() + "/a.db" },
		"postgres": pgtest.Database,
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), address(t))
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
		})
	}
}
