package lists_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/entitle"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// both runs a test on each database.
func both(t *testing.T, run func(*testing.T, *world)) {
	t.Run("sqlite", func(t *testing.T) {
		run(t, newWorld(t, "sqlite://"+filepath.Join(t.TempDir(), "test.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		pgtest.NotRacing(t)
		run(t, newWorld(t, pgtest.Database(t)))
	})
}

// dept is the department of the tests, and line its budget line.
const dept, line = "区经委", "L1"

// budget is what the line has, in 分.
const budget = 1_000_000_000_00

// world is a store with persons, a sweep and a budget line.
type world struct {
	t      testing.TB
	s      *store.Store
	b      *lists.Book
	sweep  int64
	policy string
	now    time.Time
}

// day0 is a Monday, well before the holidays of its year.
var day0 = time.Date(2025, 6, 30, 1, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, address string) *world {
	t.Helper()
	s, err := store.Open(t.Context(), address)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	w := &world{t: t, s: s, b: lists.New(s), now: day0}
	w.prepare()
	w.persons()
	w.line(line, 2025, budget)
	return w
}

// prepare stores what a sweep pins, and a sweep.
func (w *world) prepare() {
	t, ctx := w.t, w.t.Context()
	vocabulary, policy := []byte("fields: []"), []byte("policy p1")
	_, err := w.s.PublishVocabulary(ctx, store.VocabularyVersion{PublishedAt: day0, PublishedBy: "t", Body: vocabulary})
	ok(t, err)
	_, err = w.s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "p1", Title: "一", PublishedAt: day0, PublishedBy: "t", Files: policy})
	ok(t, err)
	w.policy = store.Hash(policy)
	snapshot := store.Snapshot{
		ID: store.Hash([]byte("s")), AsOf: civil.MustParse("2025-06-30"), KnownAt: day0, ReceivedAt: day0, Source: "t",
		Rows: 1, Vocabulary: store.Hash(vocabulary), Recipe: []byte("{}"),
	}
	_, err = w.s.BeginSnapshot(ctx, snapshot)
	ok(t, err)
	ok(t, w.s.PutChunks(ctx, snapshot.ID, []store.Chunk{{Body: []byte("codes")}}))
	_, err = w.s.SealSnapshot(ctx, snapshot.ID, true, day0)
	ok(t, err)
	sweep, err := w.s.BeginSweep(ctx, store.Plan{
		Purpose: store.Manual, AsOf: snapshot.AsOf, KnownAt: day0, Snapshot: snapshot.ID, Vocabulary: snapshot.Vocabulary,
		Policies: []string{w.policy}, Shards: 0, Rows: 0,
	}, day0)
	ok(t, err)
	w.sweep = sweep.ID
	w.exec("UPDATE instance SET demo = 1")
}

// persons makes a person a role, named like it, a second one for F3 and D1, and a D1 of another department.
func (w *world) persons() {
	for _, role := range []string{"D1", "D2", "F1", "F2", "F3", "D1.2", "F3.2", "D1.other", "AU"} {
		w.exec("INSERT INTO person (id, name, created_at) VALUES ($1, $2, $3)", role, "人员"+role, store.Stamp(day0))
		scope := dept
		if strings.HasSuffix(role, "other") {
			scope = "区科委"
		}
		w.grant(role, role[:2], scope)
	}
}

func (w *world) grant(person, role, scope string) {
	if role[0] != 'D' && role[0] != 'E' {
		scope = ""
	}
	w.exec(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_at, confirmed_at) VALUES ($1, $2, $3, $4, 'demo', $5, $5)`,
		person+"/"+role, person, role, scope, store.Stamp(day0))
}

// line opens a budget line with so much money.
func (w *world) line(id string, year int, total exact.Money) {
	w.exec(`INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, opened_by, opened_at)
		VALUES ($1, $2, $3, $4, '101001', 'P1', '2150805', '50701', 'F1', $5)`, id, "指标"+id, year, dept, store.Stamp(day0))
	w.exec("UPDATE budget_line SET approved_by = 'F2', approved_at = $1 WHERE id = $2", store.Stamp(day0), id)
	at := time.Date(year, 1, 2, 3, 0, 0, 0, time.UTC)
	w.exec(`INSERT INTO posting (at, kind, line, debit, credit, fen, ref, person) VALUES ($1, 'allot', $2, 'appropriation', 'available', $3, $4, 'F1')`,
		store.Stamp(at), id, int64(total), "下达/"+id)
}

// firms stores enterprises from..to-1, each with a usable account.
func (w *world) firms(from, to int) {
	var all []store.Enterprise
	for i := from; i < to; i++ {
		all = append(all, store.Enterprise{USCC: uscc(i), Name: firmName(i)})
	}
	ok(w.t, w.s.PutEnterprises(w.t.Context(), all))
	ok(w.t, w.s.Transact(w.t.Context(), func(tx *store.Tx) error {
		for i := from; i < to; i++ {
			if err := account(w.t.Context(), tx, i, day0); err != nil {
				return err
			}
		}
		return nil
	}))
}

// account gives firm i a verified account that may be used from an instant on.
func account(ctx context.Context, tx *store.Tx, i int, usable time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at)
		VALUES ($1, $2, $3, '301290000007', $4, '尾号0001', $5, '企业申报', 'F1', $6)`,
		fmt.Sprint("A", i), uscc(i), firmName(i), []byte{1}, store.Hash([]byte(fmt.Sprint("A", i))), store.Stamp(day0))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE payee_account SET verified_how = '打款验证', verified_by = 'F2', verified_at = $1, usable_from = $2 WHERE id = $3",
		store.Stamp(day0), store.Stamp(usable), fmt.Sprint("A", i))
	return err
}

func uscc(i int) string     { return fmt.Sprintf("91310118MA%08d", i) }
func firmName(i int) string { return fmt.Sprintf("青浦第%d有限公司", i) }

// entry is 1,000.00 of an item for firm i.
func (w *world) entry(item string, i int) lists.Entry { return w.entryOf(item, i, "2024", 1000_00) }

func (w *world) entryOf(item string, i int, period string, amount exact.Money) lists.Entry {
	e, err := entitle.Make(entitle.Claim{Item: item, Enterprise: uscc(i), Period: period, Amount: amount})
	ok(w.t, err)
	return lists.Entry{Entitlement: e, Name: firmName(i), Amount: amount, Line: line, Decision: fmt.Sprint("d", i), PolicyVersion: w.policy}
}

// draft is a list with an entry of item for each of firms.
func (w *world) draft(id, item string, firms ...int) lists.Draft {
	d := lists.Draft{ID: id, Title: "名单" + id, Department: dept, Kind: "regular", Sweep: w.sweep}
	for _, i := range firms {
		d.Entries = append(d.Entries, w.entry(item, i))
	}
	return d
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := w.s.DB().ExecContext(w.t.Context(), query, args...)
	ok(w.t, err)
}

// count is the answer of a query for one number.
func (w *world) count(query string, args ...any) (n int64) {
	w.t.Helper()
	ok(w.t, w.s.DB().QueryRowContext(w.t.Context(), query, args...).Scan(&n))
	return n
}

// as is a person who acts in a role; the role comes first in the person's id.
func as(person string) lists.Actor { return lists.Actor{Person: person, Role: person[:2]} }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says fails t unless err is of a kind and has the words, and no English ones.
func says(t testing.TB, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error is %v, want one of kind %v", err, kind)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q doesn't say %q", err, word)
		}
	}
	if !strings.HasSuffix(err.Error(), "。") || strings.Contains(err.Error(), "constraint") {
		t.Errorf("%q isn't a sentence for a person", err)
	}
}

// large is how many entries the tests of speed draft, from MIANSHEN_ENTRIES or 2,000.
func large() int {
	n := 2000
	if text := os.Getenv("MIANSHEN_ENTRIES"); text != "" {
		_, _ = fmt.Sscan(text, &n)
	}
	return n
}
