package ledger_test

import (
	"testing"

	"mianshen/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// everywhere runs a test on each database.
func everywhere(t *testing.T, run func(*world)) {
	t.Run("sqlite", func(t *testing.T) { run(newWorld(t, sqliteStore(t))) })
	t.Run("postgres", func(t *testing.T) {
		pgtest.NotRacing(t)
		run(newWorld(t, opened(t, pgtest.Database(t))))
	})
}
