package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/pgtest"
	"mianshen/internal/store"
)

// race is two transactions that may not both be committed in this order: the second begins while the first is open, and must be
// refused once the first is committed. Without a lock it would not see the first and go through.
type race struct {
	name          string
	first, second []string
}

// TestMeanwhile runs such pairs on PostgreSQL, whose transactions are underway at once (SQLite has one writer).
func TestMeanwhile(t *testing.T) {
	s := opened(t, pgtest.Database(t))
	w := newTown(t, s)
	for _, p := range []string{"n1", "n2", "n3"} {
		w.do(`INSERT INTO person (id, name, created_at) VALUES ('`+p+`', '某人', `+stamp(1)+`)`, grant("grant-"+p, p, "F3", ""), confirm("grant-"+p, "sa"))
	}
	for _, r := range w.races() {
		t.Run(r.name, func(t *testing.T) {
			w.TB = t
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			second := make(chan error, 1)
			err := s.Transact(ctx, func(tx *store.Tx) error {
				if err := execAll(w, tx, r.first); err != nil {
					return err
				}
				go func() { second <- w.try(r.second...) }()
				select {
				case err := <-second: // it neither waited nor was refused for what is committed
					return fmt.Errorf("the second did not wait: %w", errors.Join(err, context.Canceled))
				case <-time.After(100 * time.Millisecond):
					return nil
				}
			})
			if err != nil {
				t.Fatalf("the first: %v", err)
			}
			select {
			case err := <-second:
				if !errors.Is(err, store.ErrConflict) {
					t.Errorf("the second: %v, want a refusal", err)
				}
			case <-ctx.Done():
				t.Error("the second waits for ever")
			}
		})
	}
}

// races makes the lists that they need.
func (w *town) races() (out []race) {
	w.Helper()
	names := 0
	made := func(state string) (list string, first int) {
		names++
		list = fmt.Sprint("r", names)
		w.take(list, roads[state], 1)
		return list, w.first(list)
	}
	add := func(name string, first, second []string) {
		out = append(out, race{name: name, first: first, second: second})
	}
	approve := func(list string, of int, person string) []string {
		return []string{event(list, 7, "approve", "checked", "approved", "F3", person, stamp(15), digest(of))}
	}
	export := func(list string, of int) []string {
		return []string{pay(list, 1, 1, of, "L25", stamp(16)), batch(list, 1, 1000, of)}
	}
	send := func(list string) []string {
		return []string{"UPDATE payment SET state = 'sent', moved_at = " + stamp(17) + " WHERE list = '" + list + "'"}
	}
	hold := func(list string) []string {
		return []string{"UPDATE list_entry SET status = 'held', note = 'n' WHERE list = '" + list + "'"}
	}
	void := func(list string) []string {
		return []string{posting("void", "L25", 1000, stamp(16), "'"+list+"'", "1")}
	}
	revoke := func(p string) []string {
		return []string{`UPDATE role_grant SET revoked_by = 'se', revoked_at = ` + stamp(14) + ` WHERE id = 'grant-` + p + `'`}
	}

	l, n := made("checked")
	add("approved by two", approve(l, n, "f3"), approve(l, n, "f4"))
	l, n = made("checked")
	add("revoked, then approved", revoke("n1"), approve(l, n, "n1"))
	l, n = made("checked")
	add("disabled, then approved", []string{`UPDATE person SET disabled_at = ` + stamp(14) + ` WHERE id = 'n2'`}, approve(l, n, "n2"))
	l, n = made("checked")
	add("held, then approved", hold(l), approve(l, n, "f4"))
	l, n = made("approved")
	add("held, then paid", hold(l), export(l, n))
	l, n = made("approved")
	add("voided, then paid", void(l), export(l, n))
	l, n = made("approved")
	add("paid, then voided", export(l, n), void(l))
	l, n = made("approved")
	add("paid, then paid", export(l, n), export(l, n))
	l, n = made("approved")
	add("suspended, then paid", []string{event(l, 8, "suspend", "approved", "approved", "F1", "f1", stamp(16), "NULL")}, export(l, n))
	l, _ = made("exported")
	add("withdrawn, then sent", []string{event(l, 9, "withdraw", "exported", "withdrawn", "D1", "d1", stamp(17), "NULL")}, send(l))
	l, _ = made("exported")
	add("sent, then withdrawn", send(l), []string{event(l, 9, "withdraw", "exported", "withdrawn", "D1", "d1", stamp(17), "NULL")})
	l, _ = made("exported")
	add("sent, then held", send(l), hold(l))
	l, n = made("draft")
	w.do("UPDATE disbursement_list SET hash = '" + digest(n) + "' WHERE id = '" + l + "'")
	add("cut, then reviewed", []string{"UPDATE list_entry SET amount_fen = 1, reason = 'r' WHERE list = '" + l + "'"},
		[]string{event(l, 2, "review", "draft", "reviewed", "D2", "d2", stamp(2), digest(n))})
	return append(append(out, w.pastRaces()...), w.moreRaces(made, send)...)
}

// pastRaces are about a right that comes onto a list while it is brought in as paid before: either way one of them sees the other.
func (w *town) pastRaces() (out []race) {
	w.Helper()
	for i, id := range []string{"late-1", "late-2"} {
		of := w.newcomer()
		w.do(w.right(of), fmt.Sprintf(`INSERT INTO disbursement_list (id, title, department, kind, sweep, two_approvers, made_at)
			VALUES ('%s', '名单', '科委', 'regular', %d, 0, %s)`, id, w.sweep, stamp(1)))
		drafted := []string{entry(id, 1, of, "L25")}
		switch i {
		case 0:
			out = append(out, race{"on a list, then brought in", drafted, earlier(id, of, 5)})
		case 1:
			out = append(out, race{"brought in, then on a list", earlier(id, of, 5), drafted})
		}
	}
	return out
}

// newcomer is a firm that has nothing yet.
func (w *town) newcomer() int {
	w.Helper()
	w.firms++
	if err := w.s.PutEnterprises(w.Context(), []store.Enterprise{{USCC: firm(w.firms), Name: "某公司"}}); err != nil {
		w.Fatal(err)
	}
	return w.firms
}

// earlier brings in a grant of the right of a firm, as one file.
func earlier(file string, of, fen int) []string {
	return []string{
		fmt.Sprintf(`INSERT INTO earlier_file (id, department, name, sha256, source, grants, sum_fen, recorded_by, recorded_at)
			VALUES ('%s', '科委', 'a', '%s', 'e', 1, %d, 'd1', %s)`, file, digest(of), fen, stamp(1)),
		fmt.Sprintf(`INSERT INTO earlier_grant (file, line, item, enterprise, period, basis, amount_fen, on_day)
			VALUES ('%s', 2, 'i1', '%s', '2025', '', %d, '2025-01-01')`, file, firm(of), fen),
	}
}

// moreRaces are about rights, seats, caps, lines, recoveries, roles and the lock of payments, which comes last and stays.
func (w *town) moreRaces(made func(string) (string, int), send func(string) []string) (out []race) {
	w.Helper()
	add := func(name string, first, second []string) {
		out = append(out, race{name: name, first: first, second: second})
	}
	l, n := made("draft")
	w.do(fmt.Sprintf(`INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
		SELECT id, 'i2', item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at FROM entitlement WHERE id = '%s'`, digest(n)))
	second := strings.Replace(entry(l, 2, n, "L25"), "', '', '", "', 'i2', '", 1)
	decide := "UPDATE entitlement SET amount_fen = 900 WHERE part = 'i2' AND id = '" + digest(n) + "'"
	add("on a list, then decided anew", []string{second}, []string{decide})
	other, _ := made("draft")
	w.do(`INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
		SELECT id, 'i3', item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at FROM entitlement WHERE id = '` + digest(n) + `' AND part = ''`)
	third := strings.Replace(entry(l, 3, n, "L25"), "', '', '", "', 'i3', '", 1)
	add("decided anew, then on a list", []string{strings.Replace(decide, "'i2'", "'i3'", 1)}, []string{third})
	add("on a list, then on another", []string{strings.Replace(third, "1000, 1000", "900, 900", 1)}, []string{strings.Replace(strings.Replace(third, "1000, 1000", "900, 900", 1), "'"+l+"'", "'"+other+"'", 1)})
	seat := func(list, holder string) []string {
		return []string{
			"INSERT INTO seat (kind, key, holder) VALUES ('basis', 'invoice', '" + holder + "') ON CONFLICT DO NOTHING",
			"INSERT INTO entry_seat (list, n, kind, key, holder) VALUES ('" + list + "', 1, 'basis', 'invoice', '" + holder + "')",
		}
	}
	add("a seat taken, then by another", seat(l, "i1"), seat(other, "i2"))
	use := func(list string) []string {
		return []string{"INSERT INTO entry_cap (list, n, key, fen, times) VALUES ('" + list + "', 1, 'once', 0, 1)"}
	}
	add("a cap used, then used", use(l), use(other))
	one, _ := made("draft")
	two, _ := made("draft")
	reserve := func(list string) []string {
		return []string{posting("reserve", "L25", 1000, stamp(5), "'"+list+"'", "1")}
	}
	spend := `INSERT INTO posting (at, kind, line, debit, credit, fen, ref, person) SELECT ` + stamp(5) + `, 'carry', id, 'available', 'appropriation',
		total_fen - reserved_fen - posted_fen - 999, 'c', 'f1' FROM budget_line WHERE id = 'L25'`
	add("the last of a line, twice", append(reserve(one), spend), reserve(two))
	w.take("p", roads["settled"], 1)
	w.take("q", roads["settled"], 1)
	claim := func(id, list string, fen int) string {
		return fmt.Sprintf("INSERT INTO recovery (id, payment, enterprise, amount_fen, reason, proposed_by, proposed_at) VALUES ('%s', '%s-1-1', '%s', %d, '超付', 'f1', %s)", id, list, firm(w.first(list)), fen, stamp(22))
	}
	add("claimed back, then again", []string{claim("c1", "p", 600)}, []string{claim("c2", "p", 600)})
	w.do(claim("c3", "q", 600), "UPDATE recovery SET approved_by = 'f3', approved_at = "+stamp(22)+" WHERE id = 'c3'")
	came := []string{"INSERT INTO recovery_receipt (recovery, ref, fen, at, person) VALUES ('c3', 'b', 600, " + stamp(23) + ", 'f1')"}
	back := []string{"UPDATE payment SET state = 'returned' WHERE list = 'q'"}
	add("given back, then returned", came, back)
	w.do(grant("both-1", "n3", "AU", ""), grant("both-2", "x", "F2", ""), grant("both-3", "x", "SA", ""), `UPDATE role_grant SET revoked_by = 'se', revoked_at = `+stamp(2)+` WHERE id = 'grant-x'`)
	add("an official, then administrator", []string{confirm("both-2", "sa")}, []string{confirm("both-3", "f1")})
	l, _ = made("exported")
	add("locked, then sent", []string{"UPDATE instance SET locked = 1, lock_reason = '恢复'"}, send(l))
	return out
}

// TestBudgetUnderWriters lets 64 writers reserve and void on one line, over four nodes, while a monitor reads snapshots: never is
// more in use than there is, the sums are those of the postings, and the line can be used to exactly nothing.
func TestBudgetUnderWriters(t *testing.T) {
	const writers, entries, fen, room = 64, 8, 100, 400 // 512 entries want in, 400 fit
	address := pgtest.Database(t)
	var nodes []*store.Store
	for range 4 {
		nodes = append(nodes, opened(t, address))
	}
	w := newTown(t, nodes[0])
	w.take("l", "draft", 1)
	w.do(fmt.Sprintf(`INSERT INTO entitlement (id, part, item, enterprise, period, basis_kind, basis, amount_fen, sweep, policy_version, decision, made_at)
			SELECT lpad((1000 + n)::TEXT, 64, '0'), '', 'i1', '%s', n::TEXT, '', '', %d, %d, '%s', 'd', %s FROM generate_series(2, %d) n`, firm(1), fen, w.sweep, w.policy, stamp(1), writers*entries+1),
		fmt.Sprintf(`INSERT INTO list_entry (list, n, entitlement, part, enterprise, item, name, amount_fen, claimed_fen, line, status)
			SELECT 'l', n, lpad((1000 + n)::TEXT, 64, '0'), '', '%s', 'i1', '某公司', %d, %d, 'L25', 'in' FROM generate_series(2, %d) n`, firm(1), fen, fen, writers*entries+1),
		posting("carry", "L25", 100000-room*fen, stamp(2), "'c'"))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	ctx, stop := context.WithCancel(t.Context())
	var reads atomic.Int64
	var monitor, group sync.WaitGroup
	monitor.Go(func() { watch(ctx, t, nodes[1], &reads) })
	left := make([][]int, writers)
	for i := range writers {
		group.Go(func() {
			left[i] = hammer(t, nodes[i%len(nodes)], rand.New(rand.NewPCG(seed, uint64(i))), 2+i*entries, entries, fen)
		})
	}
	group.Wait()
	for i := range writers { // nobody voids any more: what is free is used up
		group.Go(func() {
			for _, n := range left[i] {
				if err := move(nodes[i%len(nodes)], "reserve", n, 2, fen); err != nil && !errors.Is(err, store.ErrConflict) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	stop()
	monitor.Wait()
	if got := w.number("SELECT reserved_fen FROM budget_line WHERE id = 'L25'"); got != room*fen || reads.Load() < 20 {
		t.Errorf("%d are reserved of %d, after %d looks", got, room*fen, reads.Load())
	}
	t.Logf("%d looks", reads.Load())
}

// move reserves or voids an entry in a round.
func move(s *store.Store, kind string, n, round, fen int) error {
	statement := posting(kind, "L25", fen, stamp(5), "'l'", fmt.Sprint(n))
	return tryAll(s, strings.Replace(statement, fmt.Sprintf("'l', %d, 1,", n), fmt.Sprintf("'l', %d, %d,", n, round), 1))
}

// hammer reserves entries and voids some of them; it returns those that are out in the end.
func hammer(t *testing.T, s *store.Store, random *rand.Rand, first, entries, fen int) (out []int) {
	for n := first; n < first+entries; n++ {
		err := move(s, "reserve", n, 1, fen)
		in := err == nil
		if in && random.IntN(3) == 0 {
			err, in = move(s, "void", n, 1, fen), false
		}
		if err != nil && !errors.Is(err, store.ErrConflict) {
			t.Error(err)
		}
		if !in {
			out = append(out, n)
		}
	}
	return out
}

// watch reads the line and its postings in one snapshot after the other.
func watch(ctx context.Context, t *testing.T, s *store.Store, reads *atomic.Int64) {
	for ctx.Err() == nil {
		var total, reserved, posted, sum int64
		err := s.DB().QueryRow(`SELECT total_fen, reserved_fen, posted_fen, (SELECT coalesce(sum(CASE kind WHEN 'reserve' THEN fen WHEN 'void' THEN -fen ELSE 0 END), 0)::BIGINT
			FROM posting WHERE line = 'L25') FROM budget_line WHERE id = 'L25'`).Scan(&total, &reserved, &posted, &sum)
		if err != nil || reserved+posted > total || reserved != sum || reserved < 0 {
			t.Errorf("total %d, reserved %d, posted %d, postings %d, %v", total, reserved, posted, sum, err)
			return
		}
		reads.Add(1)
	}
}

// TestTwoApproversAtOneInstant lets two persons approve a list at the same moment, again and again: one wins.
func TestTwoApproversAtOneInstant(t *testing.T) {
	address := pgtest.Database(t)
	s, other := opened(t, address), opened(t, address)
	w := newTown(t, s)
	for i := range 20 {
		list := fmt.Sprint("t", i)
		w.take(list, roads["checked"], 1)
		hash := digest(w.first(list))
		start, results := make(chan struct{}), make(chan error, 2)
		for person, node := range map[string]*store.Store{"f3": s, "f4": other} {
			go func() {
				<-start
				results <- tryAll(node, event(list, 7, "approve", "checked", "approved", "F3", person, stamp(15), hash))
			}()
		}
		close(start)
		one, two := <-results, <-results
		if (one == nil) == (two == nil) || !errors.Is(errors.Join(one, two), store.ErrConflict) {
			t.Errorf("list %s: %v and %v", list, one, two)
		}
	}
	if n := w.number("SELECT count(*) FROM list_event WHERE action = 'approve'"); n != 20 {
		t.Errorf("%d approvals of 20 lists", n)
	}
}
