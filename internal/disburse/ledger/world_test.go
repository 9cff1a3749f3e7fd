package ledger_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/disburse/ledger"
	"mianshen/internal/store"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Persons of the tests: their ids are their roles, but for the second ones and the one who has two.
const (
	d1, d2, f1, f2, f3, au, e1 = "d1", "d2", "f1", "f2", "f3", "au", "e1"
	both                       = "both"  // F1, F2 and F3
	other                      = "other" // D1 and D2 of another department
	nobody                     = "nobody"
	maker                      = "maker" // D1 and D2 of the department
	department                 = "区经委"
	firm, second               = "91310118MA00000001", "91310118MA00000002"
	firmName                   = "上海示例（集团）有限公司"
)

// now is an instant of the current year; last one of the year before.
var (
	now  = time.Date(2026, 3, 2, 1, 0, 0, 123456000, time.UTC)
	last = time.Date(2025, 12, 31, 15, 59, 59, 0, time.UTC) // 23:59:59 in Shanghai
)

// world is a store with persons and firms, and what lists and payments stand on.
type world struct {
	t       testing.TB
	s       *store.Store
	b       *ledger.Book
	r       *ledger.Registry
	sweep   int64
	policy  string
	counter *atomic.Int64
}

// migrated is an SQLite file that is migrated already: migrating is what takes time.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "ledger-")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "migrated.db")
	s, err := store.Open(context.Background(), "sqlite://"+path)
	if err == nil {
		err = s.Close()
	}
	contents, readErr := os.ReadFile(path)
	return contents, errors.Join(err, readErr, os.RemoveAll(dir))
})

func sqliteStore(t testing.TB) *store.Store {
	t.Helper()
	contents, err := migrated()
	check(t, err)
	path := filepath.Join(t.TempDir(), "test.db")
	check(t, os.WriteFile(path, contents, 0o600))
	return opened(t, "sqlite://"+path)
}

func opened(t testing.TB, address string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newWorld(t testing.TB, s *store.Store) *world {
	w := &world{t: t, s: s, b: ledger.New(s), r: ledger.NewRegistry(s, glass{}), counter: &atomic.Int64{}}
	all := map[string][]string{
		d1: {"D1 " + department}, d2: {"D2 " + department}, f1: {"F1 "}, f2: {"F2 "}, f3: {"F3 "}, au: {"AU "}, e1: {"E1 " + firm},
		both: {"F1 ", "F2 ", "F3 "}, other: {"D1 区科委", "D2 区科委"}, maker: {"D1 " + department, "D2 " + department}, nobody: {}, "g1": {}, "g2": {},
	}
	for id := range all {
		w.exec(`INSERT INTO person (id, name, created_at) VALUES ($1, $2, $3)`, id, "人员"+id, store.Stamp(last))
	}
	for id, roles := range all {
		for _, one := range roles {
			w.grant(id, one)
		}
	}
	check(t, s.PutEnterprises(t.Context(), []store.Enterprise{{USCC: firm, Name: firmName}, {USCC: second, Name: "上海第二有限公司"}}))
	w.pins()
	return w
}

// grant gives a person a role, "NAME scope".
func (w *world) grant(id, one string) {
	name, scope, _ := strings.Cut(one, " ")
	grant := id + one
	w.exec(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, 'granted', 'g1', $5)`, grant, id, name, scope, store.Stamp(last))
	w.exec(`UPDATE role_grant SET confirmed_by = 'g2', confirmed_at = $1 WHERE id = $2`, store.Stamp(last), grant)
}

// pins stores what a list refers to: a policy and a sweep.
func (w *world) pins() {
	ctx := w.t.Context()
	_, err := w.s.PublishVocabulary(ctx, store.VocabularyVersion{PublishedAt: last, PublishedBy: "甲", Body: []byte("fields: []")})
	check(w.t, err)
	_, err = w.s.PublishPolicy(ctx, store.PolicyVersion{PolicyID: "p1", Title: "办法", PublishedAt: last, PublishedBy: "甲", Files: []byte("policy")})
	check(w.t, err)
	vocabulary, id := store.Hash([]byte("fields: []")), store.Hash([]byte("snapshot"))
	w.policy = store.Hash([]byte("policy"))
	_, err = w.s.BeginSnapshot(ctx, store.Snapshot{ID: id, AsOf: civil.On(last), KnownAt: last, ReceivedAt: last, Source: "test", Rows: 0, Vocabulary: vocabulary, Recipe: []byte("{}")})
	check(w.t, err)
	check(w.t, w.s.PutChunks(ctx, id, []store.Chunk{{Body: []byte("codes")}}))
	_, err = w.s.SealSnapshot(ctx, id, true, last)
	check(w.t, err)
	sweep, err := w.s.BeginSweep(ctx, store.Plan{Purpose: store.Manual, AsOf: civil.On(last), KnownAt: last, Snapshot: id, Vocabulary: vocabulary, Policies: []string{w.policy}, Hold: -1}, last)
	check(w.t, err)
	w.sweep = sweep.ID
}

// glass seals nothing: the tests see whether the context is right.
type glass struct{}

func (glass) Seal(plain []byte, place string) ([]byte, error) {
	return []byte(place + "=" + string(plain)), nil
}

func (glass) Open(sealed []byte, place string) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), place+"=")
	if !ok {
		return nil, errors.New("sealed for another place")
	}
	return []byte(plain), nil
}

func (glass) Print(plain, place string) string {
	sum := sha256.Sum256([]byte(place + "=" + plain))
	return hex.EncodeToString(sum[:])
}

// line opens and approves a line of a year, with some money on it.
func (w *world) line(id string, year int, from string, fen exact.Money) string {
	w.t.Helper()
	when := now
	if year == 2025 {
		when = last
	}
	ctx := w.t.Context()
	l := sample(id, year)
	l.CarriedFrom = from
	_, err := w.b.OpenLine(ctx, l, f1, last)
	check(w.t, err)
	check(w.t, w.b.ApproveLine(ctx, id, f3, last))
	if fen > 0 {
		check(w.t, w.b.Allot(ctx, id, fen, "首次"+id, f3, when))
	}
	return id
}

func sample(id string, year int) ledger.Line {
	return ledger.Line{ID: id, Name: "租金补贴" + id, Year: year, Department: department, Unit: "123001", Project: "P2026001", Function: "2150805", Economic: "31204"}
}

// entry puts an entry of a right of its own into a new list and reserves nothing yet; it returns the list.
func (w *world) entry(line, period, basis string, fen exact.Money) (string, error) {
	list := fmt.Sprint("L", w.counter.Add(1))
	right := store.Hash([]byte(list))
	err := w.together(
		step{`INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
			VALUES ($1, '', 'rent', $2, $3, '合同', $4, $5, $6, $7, 'x', $8)`, []any{right, firm, period, basis, int64(fen), w.sweep, w.policy, store.Stamp(now)}},
		step{`INSERT INTO disbursement_list (id, title, department, kind, sweep, made_at) VALUES ($1, '名单', $2, 'regular', $3, $4)`, []any{list, department, w.sweep, store.Stamp(now)}},
		step{`INSERT INTO list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, line, account, status)
			VALUES ($1, 1, $2, '', $3, 'rent', $4, $5, $5, $6, $7, 'in')`, []any{list, right, firm, firmName, int64(fen), line, w.account()}},
	)
	return list, err
}

// account is the live account of the firm, or nil.
func (w *world) account() any {
	list, err := w.r.Accounts(w.t.Context(), firm, ledger.Page{})
	check(w.t, err)
	for _, a := range list {
		if !a.VerifiedAt.IsZero() && a.RetiredAt.IsZero() {
			return a.ID
		}
	}
	return nil
}

// reserve freezes the entry of a list.
func (w *world) reserve(list, line string, fen exact.Money) error {
	return w.together(step{
		`INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, person) VALUES ($1, 'reserve', $2, 'available', 'reserved', $3, $4, 1, 1, 'f1')`,
		[]any{store.Stamp(now), line, int64(fen), list},
	})
}

// void lets a frozen entry go.
func (w *world) void(list, line string, fen exact.Money) error {
	return w.together(step{
		`INSERT INTO posting (at, kind, line, debit, credit, fen, list, n, round, person) VALUES ($1, 'void', $2, 'reserved', 'available', $3, $4, 1, 1, 'f1')`,
		[]any{store.Stamp(now), line, int64(fen), list},
	})
}

// pay takes a frozen entry through its approval to a payment that has succeeded, and returns the payment.
func (w *world) pay(list, line string, fen exact.Money, when time.Time) string {
	w.t.Helper()
	hash := store.Hash([]byte(list))
	id, batch := "P-"+list, "B-"+list
	steps := []step{{`UPDATE disbursement_list SET notice_until = $1 WHERE id = $2`, []any{store.Day(civil.On(when.AddDate(0, 0, -5))), list}}}
	state, seq := "", 0
	event := func(action, to, by string, day time.Time, bound any) {
		seq++
		steps = append(steps, step{
			`INSERT INTO list_event (list, seq, action, from_state, to_state, role, person, at, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			[]any{list, seq, action, state, to, strings.ToUpper(by), by, store.Stamp(day), bound},
		})
		state = to
	}
	early := when.AddDate(0, 0, -10)
	event("draft", "draft", d1, early, nil)
	steps = append(steps, step{`UPDATE disbursement_list SET hash = $1 WHERE id = $2`, []any{hash, list}})
	event("review", "reviewed", d2, early, hash)
	event("confirm", "confirmed", d1, early, hash)
	event("notice", "noticed", d1, early, hash)
	event("handle", "handled", f1, when, hash)
	event("check", "checked", f2, when, hash)
	event("approve", "approved", f3, when, hash)
	steps = append(steps,
		step{
			`INSERT INTO payment (id, list, n, attempt, batch, account, line, amount_fen, state, moved_at, moved_by) VALUES ($1, $2, 1, 1, $3, $4, $5, $6, 'ready', $7, 'f1')`,
			[]any{id, list, batch, w.account(), line, int64(fen), store.Stamp(when)},
		},
		step{
			`INSERT INTO payment_batch (id, list, round, list_hash, made_on, lines, sum_fen, made_by, made_at) VALUES ($1, $2, 1, $3, '2026-03-02', 1, $4, 'f1', $5)`,
			[]any{batch, list, hash, int64(fen), store.Stamp(when)},
		})
	event("export", "exported", f1, when, hash)
	steps = append(steps, step{`UPDATE payment SET state = 'sent' WHERE id = $1`, []any{id}})
	event("send", "sent", f1, when, hash)
	steps = append(steps, step{`UPDATE payment SET state = 'paid' WHERE id = $1`, []any{id}},
		step{
			`INSERT INTO posting (at, kind, line, debit, credit, fen, payment, person) VALUES ($1, 'post', $2, 'reserved', 'paid', $3, $4, 'f1')`,
			[]any{store.Stamp(when), line, int64(fen), id},
		})
	check(w.t, w.together(steps...))
	return id
}

// giveBack is what the bank's return does.
func (w *world) giveBack(payment, line string, fen exact.Money, when time.Time) error {
	return w.together(step{`UPDATE payment SET state = 'returned' WHERE id = $1`, []any{payment}},
		step{
			`INSERT INTO posting (at, kind, line, debit, credit, fen, payment, person) VALUES ($1, 'return', $2, 'paid', 'available', $3, $4, 'f1')`,
			[]any{store.Stamp(when), line, int64(fen), payment},
		})
}

// paidOut is entry, reserve and pay in one.
func (w *world) paidOut(line, period, basis string, fen exact.Money, when time.Time) string {
	w.t.Helper()
	list, err := w.entry(line, period, basis, fen)
	check(w.t, err)
	check(w.t, w.reserve(list, line, fen))
	return w.pay(list, line, fen, when)
}

// verified gives the firm an account that can be paid to.
func (w *world) verified() {
	w.t.Helper()
	id, err := w.r.Record(w.t.Context(), ledger.NewAccount{Enterprise: firm, Holder: firmName, Bank: "102290000123", Number: "6222000011112222", Source: "开户许可证"}, f1, last)
	check(w.t, err)
	check(w.t, w.r.Verify(w.t.Context(), id, "电话核实", 0, f2, last))
}

// step is one statement.
type step struct {
	query string
	args  []any
}

// together runs statements in one transaction.
func (w *world) together(steps ...step) error {
	ctx := w.t.Context()
	return w.s.Transact(ctx, func(tx *store.Tx) error {
		for _, s := range steps {
			if _, err := tx.Exec(ctx, s.query, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	check(w.t, w.together(step{query, args}))
}

// records counts the audit records, and returns the last one.
func (w *world) records() (n int64, r store.AuditRecord) {
	w.t.Helper()
	n, err := w.s.AuditSize(w.t.Context())
	check(w.t, err)
	list, err := w.s.AuditRecords(w.t.Context(), n-1, 1)
	check(w.t, err)
	return n, list[0]
}

// audited runs do, which must write exactly one audit record of a kind, with the facts given.
func (w *world) audited(kind, subject string, facts map[string]string, do func() error) {
	w.t.Helper()
	before, _ := w.records()
	check(w.t, do())
	after, r := w.records()
	if after != before+1 || r.Kind != kind || r.Subject != subject {
		w.t.Errorf("%d records, the last %s of %s, want one of %s of %s", after-before, r.Kind, r.Subject, kind, subject)
	}
	for name, value := range facts {
		if r.Facts[name] != value {
			w.t.Errorf("%s: fact %s is %q, want %q", kind, name, r.Facts[name], value)
		}
	}
	if _, sealed := r.Seals["person"]; !sealed || r.Facts["by"] == "" || strings.Contains(string(r.Bytes()), "人员") {
		w.t.Errorf("%s: %s", kind, r.Bytes())
	}
}

// refused wants an error of a kind whose text has words, and no audit record.
func (w *world) refused(err, kind error, words ...string) {
	w.t.Helper()
	if !errors.Is(err, kind) {
		w.t.Errorf("error is %v, want %v", err, kind)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			w.t.Errorf("%q doesn't say %q", err, word)
		}
	}
}

// unchanged runs do, after which no audit record may be new.
func (w *world) unchanged(do func()) {
	w.t.Helper()
	before, _ := w.records()
	do()
	if after, _ := w.records(); after != before {
		w.t.Errorf("%d audit records of what was refused", after-before)
	}
}

// accounts holds the statement of a line against what it should come to: total, reserved, posted.
func (w *world) sums(line string, total, reserved, posted exact.Money) {
	w.t.Helper()
	s, err := w.b.Statement(w.t.Context(), line)
	check(w.t, err)
	want := []ledger.Account{{"appropriation", -total}, {"available", total - reserved - posted}, {"reserved", reserved}, {"paid", posted}}
	if !slices.Equal(s.Accounts, want) {
		w.t.Errorf("line %s: accounts are %v, want %v", line, s.Accounts, want)
	}
	var sum exact.Money
	for _, a := range s.Accounts {
		sum += a.Balance
	}
	if sum != 0 {
		w.t.Errorf("line %s: the accounts come to %s", line, sum)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
