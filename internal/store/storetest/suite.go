// Package storetest is what every store must do, on whichever database: one suite that the tests of package store run on
// SQLite in a file, SQLite in memory and PostgreSQL. A new database has to pass it, and nothing else.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Run runs the suite. open gives a store on a database of its own each time, and closes it when its t ends.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	tests := []struct {
		name string
		run  func(*testing.T, *store.Store)
	}{
		{"policies are published once and stay", policies},
		{"an old version becomes current again", rollback},
		{"a policy's content can't be another's", foreignContent},
		{"vocabularies are published once and stay", vocabularies},
		{"changes come in order, whoever writes", changes},
		{"snapshots are addressed by content", snapshots},
		{"snapshots are read in order, page by page", profilePages},
		{"a broken snapshot leaves nothing", brokenSnapshot},
		{"enterprises are found by code and name", enterprises},
		{"a sweep from plan to summary", sweep},
		{"a sweep begins once a slot", sweepSlot},
		{"a sweep pins what is stored", sweepPins},
		{"decisions are written once", decisionsOnce},
		{"decisions that contradict are refused", decisionConflicts},
		{"decisions that are none are refused", decisionInvalid},
		{"a failed batch leaves nothing", decisionsAllOrNone},
		{"a slot has one winner of sixteen", slotRace},
		{"a slot is finished once", slotFinish},
		{"what is append-only can't be changed", appendOnly},
		{"the database refuses what must not be", constraints},
		{"text order is byte order", textOrder},
		{"instants are UTC to the microsecond", instants},
		{"text that one database can't hold", badText},
		{"a canceled write leaves nothing", canceled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// at returns the instant n seconds into the tests' time.
func at(n int) time.Time { return time.Date(2025, 6, 30, 1, 0, n, 123456000, time.UTC) }

// today is the as-of day of the tests.
var today = civil.MustParse("2025-06-30")

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		check(t, err)
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// equal compares got with want; no difference is made between empty and nil lists.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	options := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(store.Snapshot{}), cmp.Comparer(func(a, b civil.Date) bool { return a == b })}
	if diff := cmp.Diff(want, got, options); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wants fails t unless err is a kind of target.
func wants(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: error is %v, want %v", what, err, target)
	}
}

// count returns the answer of a query for one number.
func count(t *testing.T, s *store.Store, query string, args ...any) (n int64) {
	t.Helper()
	check(t, s.DB().QueryRowContext(t.Context(), query, args...).Scan(&n))
	return n
}

// run runs raw SQL and returns its error.
func run(t *testing.T, s *store.Store, query string) error {
	t.Helper()
	_, err := s.DB().ExecContext(t.Context(), query)
	return err
}

func uscc(n int) string { return fmt.Sprintf("91310118MA%08d", n) }

// firms returns n profiles in order.
func firms(n int) iter.Seq2[store.Profile, error] {
	return func(yield func(store.Profile, error) bool) {
		for i := range n {
			if !yield(store.Profile{USCC: uscc(i), Name: fmt.Sprintf("示例%d号有限公司", i), Body: fmt.Appendf(nil, `{"n":%d}`, i)}, nil) {
				return
			}
		}
	}
}

// list gives the profiles in the order of the arguments.
func list(profiles ...store.Profile) iter.Seq2[store.Profile, error] {
	return func(yield func(store.Profile, error) bool) {
		for _, p := range profiles {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// world is the least that a sweep needs.
type world struct {
	vocabulary, policy, other string // versions; other belongs to a second policy
	snapshot                  string
}

// prepare stores a vocabulary, two policies and a snapshot of n firms.
func prepare(ctx context.Context, s *store.Store, n int) (w world, err error) {
	vocabulary, policy, other := []byte("fields: []"), []byte("policy p1"), []byte("policy p2")
	w = world{vocabulary: store.Hash(vocabulary), policy: store.Hash(policy), other: store.Hash(other)}
	_, err1 := s.PublishVocabulary(ctx, store.VocabularyVersion{PublishedAt: at(0), PublishedBy: "test", Body: vocabulary})
	_, err2 := s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "p1", Title: "一", PublishedAt: at(0), PublishedBy: "test", Files: policy})
	_, err3 := s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "p2", Title: "二", PublishedAt: at(0), PublishedBy: "test", Files: other})
	n0, _, err4 := s.PutSnapshot(ctx, store.Snapshot{ReceivedAt: at(0), Source: "test"}, firms(n))
	w.snapshot = n0.ID
	return w, errors.Join(err1, err2, err3, err4)
}

func newWorld(t *testing.T, s *store.Store, n int) world {
	t.Helper()
	w, err := prepare(t.Context(), s, n)
	check(t, err)
	return w
}

func (w world) plan(slot string) store.Plan {
	return store.Plan{Slot: slot, AsOf: today, KnownAt: at(1), Snapshot: w.snapshot, Vocabulary: w.vocabulary, Policies: []string{w.policy}}
}

func (w world) begin(t *testing.T, s *store.Store) int64 {
	t.Helper()
	return must[store.Sweep](t)(s.BeginSweep(t.Context(), w.plan(""), at(2))).ID
}

// decision returns a decision on item for firm n: each third one is eligible, ineligible, unknown.
func (w world) decision(item string, n int) store.Decision {
	d := store.Decision{
		ID: fmt.Sprintf("d-%s-%d", item, n), PolicyVersion: w.policy, Item: item, Enterprise: uscc(n), AsOf: today,
		Outcome: []store.Outcome{store.Eligible, store.Ineligible, store.Unknown}[n%3],
		Body:    fmt.Appendf(nil, `{"item":%q,"enterprise":%q}`, item, uscc(n)),
	}
	if d.Outcome == store.Eligible {
		d.HasAmount, d.AmountFen = true, int64(100*n)
	}
	return d
}

func (w world) decisions(item string, n int) (all []store.Decision) {
	for i := range n {
		all = append(all, w.decision(item, i))
	}
	return all
}

// collect returns what Profiles gives.
func collect(t *testing.T, s *store.Store, snapshot string) (all []store.Profile) {
	t.Helper()
	check(t, s.Profiles(t.Context(), snapshot, func(p store.Profile) error {
		all = append(all, p)
		return nil
	}))
	return all
}
