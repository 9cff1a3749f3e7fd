package foretell_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/notify/channel"
	"mianshen/internal/notify/choice"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/foretell"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/words"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// noon is a Monday, 12:00 in Shanghai, on the day of the samples.
var noon = time.Date(2025, 6, 30, 12, 0, 0, 0, civil.Shanghai())

// town is a store with the sample policies but one, and n firms that have been swept and told.
func town(t *testing.T, address string, without string, n int) (*casework.Office, *casework.Proposal, foretell.Office) {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, address)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	office := casework.New(s)
	all, err := seeds.Policies(), error(nil)
	ok(t, err)
	_, _ = all, without
	return office, nil, foretell.Office{}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
