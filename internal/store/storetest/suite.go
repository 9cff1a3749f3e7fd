// Package storetest is what every store must do, on whichever database: one suite that the tests of package store run on
// SQLite in a file, SQLite in memory and PostgreSQL. A new database has to pass it, and nothing else.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Run runs the suite. open gives a store on a database or schema of its own each time, and closes it when its t ends.
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
		{"a delivery counts once it is sealed", delivery},
		{"parts and seals that contradict are refused", deliveryConflicts},
		{"a delivery goes from state to state", deliveryStates},
		{"what never arrived is dropped", dropLoading},
		{"corrections are appended", corrections},
		{"uploads are taken up where they ended", uploads},
		{"a snapshot is there once it is sealed", snapshots},
		{"the latest snapshot is the one announced last", latestSnapshot},
		{"a snapshot stands on a sealed base", snapshotBase},
		{"chunks that contradict or are missing", chunkConflicts},
		{"enterprises are found by code and name", enterprises},
		{"enterprises are renamed, not doubled", enterpriseNames},
		{"searches are saved once, listed and dropped", savedSearches},
		{"an enterprise saves so many searches", savedRoom},
		{"a sweep from plan to summary", sweep},
		{"a sweep begins once a slot", sweepSlot},
		{"a sweep pins what is stored", sweepPins},
		{"a sweep is done with all its shards", sweepWhole},
		{"a held sweep waits for a person", sweepHeld},
		{"shards are written once", shardsOnce},
		{"shards that contradict are refused", shardConflicts},
		{"what is no difference is refused", differenceInvalid},
		{"differences are found page by page", differences},
		{"two nodes do the same sweep", twoNodes},
		{"a slot has one winner of sixteen", slotRace},
		{"a slot is finished once", slotFinish},
		{"a change and its audit record are one", auditTogether},
		{"audit records are numbered without gaps", auditNumbers},
		{"checkpoints of the audit log", auditSigned},
		{"what is tampered with is seen", auditTampered},
		{"the database refuses what no audit log has", auditRefused},
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

// hash is the content address of a text.
func hash(text string) string { return store.Hash([]byte(text)) }

// world is the least that a sweep needs.
type world struct {
	vocabulary, policy, other string // versions; other belongs to a second policy
	snapshot                  string
}

// prepare stores a vocabulary, two policies and a snapshot of n firms.
func prepare(ctx context.Context, s *store.Store, n int64) (w world, err error) {
	vocabulary, policy, other := []byte("fields: []"), []byte("policy p1"), []byte("policy p2")
	w = world{vocabulary: store.Hash(vocabulary), policy: store.Hash(policy), other: store.Hash(other), snapshot: hash("snapshot")}
	_, err1 := s.PublishVocabulary(ctx, store.VocabularyVersion{PublishedAt: at(0), PublishedBy: "test", Body: vocabulary})
	_, err2 := s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "p1", Title: "一", PublishedAt: at(0), PublishedBy: "test", Files: policy})
	_, err3 := s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "p2", Title: "二", PublishedAt: at(0), PublishedBy: "test", Files: other})
	if err := errors.Join(err1, err2, err3); err != nil {
		return w, err
	}
	return w, w.put(ctx, s, w.meta("snapshot", n), store.Chunk{Body: []byte("codes")}, store.Chunk{Field: "field", Body: []byte("values")})
}

// meta describes a snapshot of n firms whose id is the hash of name.
func (w world) meta(name string, n int64) store.Snapshot {
	return store.Snapshot{ID: hash(name), AsOf: today, KnownAt: at(0), ReceivedAt: at(1), Source: "test", Rows: n, Vocabulary: w.vocabulary, Recipe: []byte("{}")}
}

// put stores a snapshot and announces it.
func (w world) put(ctx context.Context, s *store.Store, meta store.Snapshot, chunks ...store.Chunk) error {
	isNew, err := s.BeginSnapshot(ctx, meta)
	if err == nil && isNew {
		err = s.PutChunks(ctx, meta.ID, chunks)
	}
	if err == nil {
		_, err = s.SealSnapshot(ctx, meta.ID, true, at(2))
	}
	return err
}

func newWorld(t *testing.T, s *store.Store, n int64) world {
	t.Helper()
	w, err := prepare(t.Context(), s, n)
	check(t, err)
	return w
}

// plan is that of a sweep over the world's firms in so many shards of ten.
func (w world) plan(slot string, shards int) store.Plan {
	return store.Plan{
		Slot: slot, Purpose: store.Manual, AsOf: today, KnownAt: at(1), Snapshot: w.snapshot, Vocabulary: w.vocabulary,
		Policies: []string{w.policy}, Shards: shards, Rows: int64(10 * shards),
	}
}

func (w world) begin(t *testing.T, s *store.Store, shards int) int64 {
	t.Helper()
	return must[store.Sweep](t)(s.BeginSweep(t.Context(), w.plan("", shards), at(2))).ID
}

// shard returns shard n of ten firms with a difference for each firm and item.
func shard(n int, items ...string) store.Shard {
	out := store.Shard{N: n, First: int64(10 * n), Rows: 10, Body: fmt.Appendf(nil, "shard %d", n), Counts: []byte("{}")}
	for firm := 10 * n; firm < 10*n+10; firm++ {
		for _, item := range items {
			out.Differences = append(out.Differences, difference(item, firm))
		}
	}
	return out
}

// difference returns one of five kinds, by the number of the firm.
func difference(item string, firm int) store.Difference {
	d := store.Difference{Item: item, Enterprise: uscc(firm), SHA256: sha256.Sum256([]byte(item + uscc(firm)))}
	sum := func(fen int) store.Amount { return store.Amount{Known: true, Fen: int64(fen)} }
	switch firm % 5 {
	case 0:
		d.Turn, d.Was, d.Now, d.After = store.Entered, store.Ineligible, store.Eligible, sum(100*firm)
	case 1:
		d.Turn, d.Was, d.Now, d.Before = store.Left, store.Eligible, store.Ineligible, sum(7)
	case 2:
		d.Turn, d.Was, d.Now, d.Before, d.After = store.AmountChanged, store.Eligible, store.Eligible, sum(1), sum(2)
	case 3:
		d.Turn, d.Was, d.Now = store.BecameUnknown, store.Ineligible, store.Unknown
	case 4:
		d.Turn, d.Was, d.Now = store.BecameKnown, store.Unknown, store.Ineligible
	}
	return d
}

// complete puts all shards of a sweep and ends it.
func complete(t *testing.T, s *store.Store, id int64, shards int) {
	t.Helper()
	for n := range shards {
		must[bool](t)(s.PutShard(t.Context(), id, shard(n, "item"), at(3)))
	}
	check(t, s.FinishSweep(t.Context(), id, store.Done, "", []store.Total{{Item: "item", Outcome: store.Unknown, Decisions: 1}}, at(3)))
}
