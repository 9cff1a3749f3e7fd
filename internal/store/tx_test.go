package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// TestDeadlock has two transactions each change what the other changes next. PostgreSQL gives one up, which is run again; both go
// through. (SQLite has one writer.)
func TestDeadlock(t *testing.T) {
	s := opened(t, pgtest.Database(t))
	ctx := t.Context()
	firms := []string{"91310118MA00000001", "91310118MA00000002"}
	for _, f := range firms {
		if err := s.PutEnterprises(ctx, []store.Enterprise{{USCC: f, Name: "甲"}}); err != nil {
			t.Fatal(err)
		}
	}
	var runs atomic.Int64
	done := make(chan error, 2)
	met := []chan bool{make(chan bool), make(chan bool)}
	for i := range 2 {
		go func() {
			first := true
			done <- s.Transact(ctx, func(tx *store.Tx) error {
				runs.Add(1)
				change := func(firm string) error {
					_, err := tx.Exec(ctx, "UPDATE enterprise SET name = name || $1 WHERE uscc = $2", fmt.Sprint(i), firm)
					return err
				}
				if err := change(firms[i]); err != nil {
					return err
				}
				if first { // both have changed one by now
					first = false
					close(met[i])
					<-met[1-i]
				}
				return change(firms[1-i])
			})
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := runs.Load(); n < 3 {
		t.Errorf("%d runs, want one of them again", n)
	}
	var changed int
	if err := s.DB().QueryRowContext(ctx, "SELECT count(*) FROM enterprise WHERE length(name) = 3").Scan(&changed); err != nil || changed != 2 {
		t.Errorf("%d firms changed twice: %v", changed, err)
	}
}
