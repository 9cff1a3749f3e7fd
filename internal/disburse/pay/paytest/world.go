// Package paytest makes approved lists for tests, by SQL of its own, and plays the bank that answers them.
package paytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
	"mianshen/rules/civil"
)

// Persons of every world, by what they are. Finance2 is another person with the role F2.
const ( //nolint:revive // one list of names
	Maker, Reviewer, Handler, Checker, Finance2, Approver, Service, Security, System = "d1", "d2", "f1", "f2", "f2b", "f3", "sv", "se", "sa"
)

// Line is the budget line that pays, of 2025.
const Line = "line-2025"

// Now is the instant at which lists are made; Today its day in Shanghai.
var (
	Now   = time.Date(2025, 6, 30, 1, 0, 0, 0, time.UTC)
	Today = civil.MustParse("2025-06-30")
)

// noticed is when lists go into public notice, for 5 working days.
var noticed = Now.AddDate(0, 0, -15)

// Cooled is since when accounts may be used.
var Cooled = Now.AddDate(0, 0, -12)

// World is a database with persons, a budget line and firms with accounts.
type World struct {
	S    *store.Store
	Ring Ring

	sweep int64
	firms int
}

// Must returns the value or ends the test.
func Must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		Check(t, err)
		return v
	}
}

// Check ends the test with an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// New fills an empty store with persons, roles and a budget line of 10,000,000,000 元.
func New(t testing.TB, s *store.Store) *World {
	t.Helper()
	return NewWith(t, s, NewRing(t))
}

// NewWith does it with the keys of another world.
func NewWith(t testing.TB, s *store.Store, ring Ring) *World {
	t.Helper()
	w := &World{S: s, Ring: ring}
	Check(t, w.begin(context.Background()))
	return w
}

// Account is the account number of a firm.
func Account(firm int) string { return fmt.Sprintf("6222020%011d", firm) }

// Firm is the credit code of a firm.
func Firm(firm int) string { return fmt.Sprintf("91310118MA%08d", firm) }

// Amount is what entry n of a list is paid, in 分.
func Amount(n int) int64 { return 600_000 + int64(n) }

func (w *World) begin(ctx context.Context) error {
	at, hash := store.Stamp(Now), store.Hash([]byte("policy"))
	return w.S.Transact(ctx, func(tx *store.Tx) error {
		e := &execs{ctx: ctx, tx: tx}
		for _, p := range []string{Maker, Reviewer, Handler, Checker, Finance2, Approver, Service, Security, System} {
			e.do(`INSERT INTO person (id, name, created_at) VALUES ($1, $2, $3)`, p, "某"+p, at)
		}
		for _, g := range [][3]string{
			{Maker, "D1", "dep"}, {Reviewer, "D2", "dep"}, {Handler, "F1", ""}, {Checker, "F2", ""}, {Finance2, "F2", ""}, {Approver, "F3", ""}, {Service, "SV", ""},
		} {
			e.do(`INSERT INTO role_grant (id, person, role, scope, origin, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, 'granted', $5, $6)`, "g"+g[0], g[0], g[1], g[2], System, at)
			e.do(`UPDATE role_grant SET confirmed_by = $1, confirmed_at = $2 WHERE id = $3`, Security, at, "g"+g[0])
		}
		e.do(`INSERT INTO vocabulary_version (id, published_at, published_by, body) VALUES ($1, $2, 'x', $3)`, hash, at, []byte("x"))
		e.do(`INSERT INTO policy_version (id, policy_id, title, published_at, published_by, files) VALUES ($1, 'p', '办法', $2, 'x', $3)`, hash, at, []byte("x"))
		e.do(`INSERT INTO snapshot (id, as_of, known_at, received_at, source, rows, vocabulary, recipe, depth, sealed) VALUES ($1, $2, $3, $3, 'test', 0, $1, $4, 0, $5)`, hash, store.Day(Today), at, []byte("{}"), false)
		e.do(`UPDATE snapshot SET sealed = $1`, true)
		e.do(`INSERT INTO sweep (id, purpose, as_of, known_at, snapshot, vocabulary, shards, rows, status, started_at) SELECT 1, 'manual', $1, $2, seq, $3, 0, 0, 'running', $4 FROM snapshot`, store.Day(Today), at, hash, at)
		if e.err == nil {
			e.err = tx.QueryRow(ctx, `SELECT max(id) FROM sweep`).Scan(&w.sweep)
		}
		e.do(`INSERT INTO budget_line (id, name, year, department, unit, project, function, economic, opened_by, opened_at)
			VALUES ($1, '惠企资金', 2025, 'dep', '118001', '310118250000000000012', '2150805', '50799', $2, $3)`, Line, Handler, at)
		e.do(`UPDATE budget_line SET approved_by = $1, approved_at = $2 WHERE id = $3`, Checker, at, Line)
		e.do(`INSERT INTO posting (at, kind, line, debit, credit, fen, ref, person) VALUES ($1, 'allot', $2, 'appropriation', 'available', 1000000000000, 'allot-1', $3)`, at, Line, Handler)
		return e.err
	})
}

// execs runs statements until one fails.
type execs struct {
	ctx context.Context
	tx  *store.Tx
	err error
}

func (e *execs) do(query string, args ...any) {
	if e.err == nil {
		if _, e.err = e.tx.Exec(e.ctx, query, args...); e.err != nil {
			e.err = fmt.Errorf("%s: %w", query, e.err)
		}
	}
}

// many prepares a statement and runs it for 1 to n.
func (e *execs) many(n int, query string, args func(n int) []any) {
	if e.err != nil {
		return
	}
	stmt, err := e.tx.Prepare(e.ctx, query)
	for i := 1; i <= n && err == nil; i++ {
		_, err = stmt.ExecContext(e.ctx, args(i)...)
	}
	if err != nil {
		e.err = fmt.Errorf("%s: %w", query, err)
	}
}

// AccountID is the id of a firm's account; version counts from 1.
func AccountID(firm, version int) string { return fmt.Sprintf("acct-%d-%d", firm, version) }

// hire makes sure that firms 1 to n are there with a verified account each.
func (w *World) hire(e *execs, n int) {
	first := w.firms
	if n <= first {
		return
	}
	w.firms = n
	e.many(n-first, `INSERT INTO enterprise (uscc, name, folded) VALUES ($1, $2, $2)`, func(i int) []any {
		return []any{Firm(first + i), fmt.Sprintf("上海𠮷祥%d有限公司", first+i)}
	})
	for i := first + 1; i <= n && e.err == nil; i++ {
		w.open(e, i, 1, Account(i))
	}
}

// open registers a verified account of a firm.
func (w *World) open(e *execs, firm, version int, number string) {
	id := AccountID(firm, version)
	sealed, err := w.Ring.Seal([]byte(number), "payee_account|sealed|"+id)
	if err != nil {
		e.err = err
		return
	}
	past := store.Stamp(Cooled)
	e.do(`INSERT INTO payee_account (id, enterprise, holder, bank, sealed, masked, print, source, recorded_by, recorded_at) VALUES ($1, $2, $3, '103290000023', $4, '****', $5, 'test', $6, $7)`,
		id, Firm(firm), fmt.Sprintf("上海𠮷祥%d有限公司", firm), sealed, w.Ring.Print(number, "payee_account|print"), Handler, past)
	e.do(`UPDATE payee_account SET verified_how = 'bank', verified_by = $1, verified_at = $2, usable_from = $2 WHERE id = $3`, Checker, past, id)
}

// Change retires a firm's account and gives it another number.
func (w *World) Change(t testing.TB, firm, version int, number string) {
	t.Helper()
	ctx := context.Background()
	Check(t, w.S.Transact(ctx, func(tx *store.Tx) error {
		e := &execs{ctx: ctx, tx: tx}
		e.do(`UPDATE payee_account SET retired_at = $1 WHERE id = $2`, store.Stamp(Now), AccountID(firm, version-1))
		w.open(e, firm, version, number)
		return e.err
	}))
}

// Want is one entry of a list.
type Want struct {
	Firm, Version int
	Entitlement   string // 64 hexadecimal digits
	New           bool   // the entitlement isn't there yet
}

// List makes an approved list of n firms, entry n for firm n.
func (w *World) List(t testing.TB, id string, n int) {
	t.Helper()
	wants := make([]Want, n)
	for i := range wants {
		wants[i] = want(id, i+1)
	}
	w.ListOf(t, id, wants)
}

func want(list string, n int) Want {
	return Want{Firm: n, Version: 1, Entitlement: Entitlement(list, n), New: true}
}

// Asked makes a list of n firms, entry n for firm n, that waits for them to confirm it, so many working days from Now.
func (w *World) Asked(t testing.TB, id string, n, days int) {
	t.Helper()
	var wants []Want
	for i := range n {
		wants = append(wants, want(id, i+1))
	}
	ctx, book := context.Background(), lists.New(w.S)
	Check(t, w.S.Transact(ctx, func(tx *store.Tx) error {
		e := &execs{ctx: ctx, tx: tx}
		w.draft(e, id, wants)
		return e.err
	}))
	Check(t, book.Step(ctx, lists.Actor{Person: Reviewer, Role: "D2"}, lists.Order{List: id, Action: lists.ActReview}, Now))
	Check(t, book.Ask(ctx, lists.Actor{Person: Maker, Role: "D1"}, id, days, Now))
}

// Entitlement is the right that entry n of a list of List is about.
func Entitlement(list string, n int) string { return store.Hash(fmt.Appendf(nil, "%s|%d", list, n)) }

// ListOf makes an approved list of these entries, with their sums reserved.
func (w *World) ListOf(t testing.TB, id string, wants []Want) {
	t.Helper()
	ctx := context.Background()
	Check(t, w.S.Transact(ctx, func(tx *store.Tx) error {
		e := &execs{ctx: ctx, tx: tx}
		w.draft(e, id, wants)
		return e.err
	}))
	w.approve(t, id)
}

func (w *World) draft(e *execs, id string, wants []Want) {
	most := 0
	for _, x := range wants {
		most = max(most, x.Firm)
	}
	w.hire(e, most)
	at := store.Stamp(Now)
	e.do(`INSERT INTO disbursement_list (id, title, department, kind, sweep, made_at) VALUES ($1, $2, 'dep', 'regular', $3, $4)`, id, "稳岗补贴 "+id, w.sweep, at)
	e.many(len(wants), `INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
		VALUES ($1, '', 'item', $2, $3, '', '', $4, $5, $6, 'decision', $7) ON CONFLICT DO NOTHING`, func(n int) []any {
		x := wants[n-1]
		return []any{x.Entitlement, Firm(x.Firm), id, Amount(x.Firm), w.sweep, store.Hash([]byte("policy")), at}
	})
	e.do(`INSERT INTO list_event (list, seq, action, from_state, to_state, role, person, at) VALUES ($1, 1, 'draft', '', 'draft', 'D1', $2, $3)`, id, Maker, at)
	e.many(len(wants), `INSERT INTO list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, line, account, status)
		VALUES ($1, $2, $3, '', $4, 'item', $5, $6, $7, $8, $9, 'in')`, func(n int) []any {
		x := wants[n-1]
		return []any{id, n, x.Entitlement, Firm(x.Firm), fmt.Sprintf("上海𠮷祥%d有限公司", x.Firm), Amount(x.Firm), Amount(x.Firm), Line, AccountID(x.Firm, x.Version)}
	})
}

// approve takes the list from its draft to approved.
func (w *World) approve(t testing.TB, id string) {
	t.Helper()
	ctx, book := context.Background(), lists.New(w.S)
	hash := ""
	for _, s := range []struct {
		person, role string
		order        lists.Order
		at           time.Time
	}{
		{Reviewer, "D2", lists.Order{Action: lists.ActReview}, noticed},
		{Maker, "D1", lists.Order{Action: lists.ActConfirm, Silence: map[string]lists.Silence{"item": lists.Unasked}}, noticed},
		{Maker, "D1", lists.Order{Action: lists.ActNotice, Days: 5}, noticed},
		{Handler, "F1", lists.Order{Action: lists.ActHandle}, Now},
		{Checker, "F2", lists.Order{Action: lists.ActCheck}, Now},
		{Approver, "F3", lists.Order{Action: lists.ActApprove}, Now},
	} {
		s.order.List, s.order.Hash = id, hash
		Check(t, book.Step(ctx, lists.Actor{Person: s.person, Role: s.role}, s.order, s.at))
		Check(t, w.S.DB().QueryRowContext(ctx, `SELECT hash FROM disbursement_list WHERE id = $1`, id).Scan(&hash))
	}
}
