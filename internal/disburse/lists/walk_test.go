package lists_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mianshen/internal/disburse/lists"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules/exact"
)

// TestWalk does MIANSHEN_WALK random things (100,000; a tenth of it on PostgreSQL) to a few lists and to the model, which must
// agree at each step on whether it goes and on what comes of it. Each transition of the table is taken at least once.
func TestWalk(t *testing.T) {
	steps := 100_000
	if pgtest.Racing {
		steps = 2000
	}
	if text := os.Getenv("MIANSHEN_WALK"); text != "" {
		_, err := fmt.Sscan(text, &steps)
		ok(t, err)
	}
	t.Run("sqlite", func(t *testing.T) { walk(t, "sqlite://"+filepath.Join(t.TempDir(), "w.db"), steps) })
	t.Run("postgres", func(t *testing.T) {
		pgtest.NotRacing(t)
		walk(t, pgtest.Database(t), steps/10)
	})
}

type walker struct {
	*world
	r       *rand.Rand
	lists   []*model
	all     []*model
	made    int
	covered map[lists.Step]int
	done    map[string][2]int // of each kind of thing: refused, done
	cast    []actor
}

func walk(t *testing.T, address string, steps int) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("MIANSHEN_SEED"); text != "" {
		_, err := fmt.Sscan(text, &seed)
		ok(t, err)
	}
	t.Logf("%d steps, MIANSHEN_SEED=%d", steps, seed)
	w := &walker{world: newWorld(t, address), r: rand.New(rand.NewPCG(seed, 1)), covered: map[lists.Step]int{}, done: map[string][2]int{}}
	if w.s.Kind() == store.SQLite {
		w.exec("PRAGMA synchronous = OFF")
	}
	w.firms(0, 3)
	ok(t, w.s.PutEnterprises(t.Context(), []store.Enterprise{{USCC: uscc(3), Name: firmName(3)}}))
	w.grant("D1", "D2", dept)
	w.grant("F1", "F2", "")
	w.grant("F1", "F3", "")
	w.grant("F2", "F3", "")
	for a := range cast {
		w.cast = append(w.cast, a)
	}
	sortActors(w.cast)
	for i := range steps {
		w.once()
		if t.Failed() {
			t.Fatalf("at step %d", i)
		}
		if i%500 == 0 || i == steps-1 {
			w.sums()
		}
	}
	for _, s := range lists.Steps() {
		if s.Action == lists.ActEdit { // written by Remove, Lower, Hold and Release
			continue
		}
		t.Logf("%6d × %s: %q -> %q as %s", w.covered[s], s.Action, s.From, s.To, s.Role)
		if w.covered[s] == 0 {
			t.Errorf("%v was never taken", s)
		}
	}
	t.Logf("refused, done: %v", w.done)
}

func sortActors(all []actor) {
	for i := range all {
		for j := i; j > 0 && all[j-1].person+all[j-1].role > all[j].person+all[j].role; j-- {
			all[j-1], all[j] = all[j], all[j-1]
		}
	}
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

func (a actor) as() lists.Actor { return lists.Actor{Person: a.person, Role: a.role} }

// once does one thing.
func (w *walker) once() {
	if len(w.lists) < 4 {
		w.draws()
		return
	}
	m, a := pick(w.r, w.lists), pick(w.r, w.cast)
	if w.r.IntN(10) < 7 {
		w.steps(m, a)
	} else {
		w.entry(m, a)
	}
	w.same(m)
	if (m.state == lists.Settled || m.state == lists.Withdrawn) && w.r.IntN(8) == 0 {
		for i := range w.lists {
			if w.lists[i] == m {
				w.lists = append(w.lists[:i], w.lists[i+1:]...)
				return
			}
		}
	}
}

// draws makes a list of new rights or, one time in five, of the rights of another list, which goes if none of them lives.
func (w *walker) draws() {
	w.made++
	m := &model{id: fmt.Sprint("W", w.made), item: fmt.Sprint("item", w.made), state: lists.Drafted, two: w.r.IntN(2) == 0, did: map[string][]lists.Action{}}
	legal := true
	if len(w.lists) > 0 && w.r.IntN(5) == 0 {
		other := pick(w.r, w.lists)
		m.item = other.item
		for _, l := range w.all {
			for _, e := range l.entries {
				legal = legal && (l.item != m.item || e.status == "removed")
			}
		}
	}
	a := pick(w.r, []actor{{"D1", "D1"}, {"D1.2", "D1"}})
	d := w.draft(m.id, m.item, 0, 1, 2, 3)
	d.TwoApprovers = m.two
	w.agree("draft", legal, w.b.Draft(w.t.Context(), a.as(), d, day0))
	if !legal {
		return
	}
	w.covered[lists.Steps()[0]]++
	m.did[a.person] = []lists.Action{lists.ActDraft}
	for firm := range 4 {
		m.entries = append(m.entries, &modelEntry{firm: firm, amount: 1000_00, status: "in"})
	}
	w.lists, w.all = append(w.lists, m), append(w.all, m)
}

// agree holds what happened against what the model says.
func (w *walker) agree(what string, legal bool, err error) {
	w.t.Helper()
	n := w.done[what]
	n[map[bool]int{true: 1}[err == nil]]++
	w.done[what] = n
	if legal != (err == nil) {
		w.t.Errorf("%s: %v, the model says legal %v", what, err, legal)
	}
	if err != nil && !strings.HasSuffix(err.Error(), "。") && what != "export" {
		w.t.Errorf("%s: %q isn't a sentence", what, err)
	}
}

// steps takes a step: mostly the one of those possible here that was taken least, else any.
func (w *walker) steps(m *model, a actor) {
	action := pick(w.r, actions())
	if w.r.IntN(10) < 8 {
		least := -1
		for _, s := range lists.Steps() {
			if s.From != m.state || s.Action == lists.ActEdit || s.Action == lists.ActResume != m.suspended {
				continue
			}
			// ways back and ends are common enough; what leads on is preferred
			n := w.covered[s]
			if s.From == s.To || s.Action == lists.ActReturn || s.Action == lists.ActWithdraw || s.Action == lists.ActReopen {
				n = 4*n + 4
				if m.early() {
					n *= 4
				}
			}
			if n += w.r.IntN(12); least < 0 || n < least {
				least, action = n, s.Action
				a = pick(w.r, w.able(s.Role))
				for try := 0; try < 3 && (!cast[a] || !m.apart(a, action)); try++ { // mostly somebody who may
					a = pick(w.r, w.able(s.Role))
				}
			}
		}
	}
	from, late := m.state, w.r.IntN(4) > 0
	now := day0
	if late {
		now = overNotice
	}
	if action == lists.ActNotice {
		now = day0
	}
	legal := m.step(a, action, late)
	err := w.does(m, a, action, now)
	w.agree(string(action), legal, err)
	if legal {
		w.covered[lists.Step{Action: action, From: from, To: m.state, Role: a.role}]++
	}
}

func (w *walker) able(role string) (all []actor) {
	for _, a := range w.cast {
		if a.role == role {
			all = append(all, a)
		}
	}
	return all
}

// does takes the step in the store, with the payments that belong to it.
func (w *walker) does(m *model, a actor, action lists.Action, now time.Time) error {
	o, ctx := w.order(m.id, action), w.t.Context()
	if action != lists.ActExport && action != lists.ActSend && action != lists.ActSettle {
		return w.b.Step(ctx, a.as(), o, now)
	}
	return w.s.Transact(ctx, func(tx *store.Tx) error {
		if err := payments(ctx, tx, a.person, m.id, action, overNotice); err != nil {
			return fmt.Errorf("%w。", err)
		}
		return w.b.StepTx(ctx, tx, a.as(), o, overNotice)
	})
}

// entry does something to an entry.
func (w *walker) entry(m *model, a actor) {
	i := w.r.IntN(len(m.entries))
	e, n, ctx := m.entries[i], i+1, w.t.Context()
	switch w.r.IntN(8) {
	case 0:
		if w.r.IntN(4) > 0 { // lists that run empty go nowhere
			return
		}
		w.agree("remove", m.remove(a, e), w.b.Remove(ctx, a.as(), m.id, n, "因故移出", day0))
	case 1:
		amount := e.amount - w.r.IntN(3)
		w.agree("lower", m.lower(a, e, amount), w.b.Lower(ctx, a.as(), m.id, n, exact.Money(amount), "更正", day0))
	case 2:
		w.agree("hold", m.hold(a, e), w.b.Hold(ctx, a.as(), m.id, n, "因故暂缓", day0))
	case 3, 4:
		w.agree("release", m.release(a, e), w.b.Release(ctx, a.as(), m.id, n, "已核实", overNotice))
	case 5:
		legal := m.object(a, e)
		id, err := w.b.Object(ctx, a.as(), m.id, n, "某人", "不符合条件", day0)
		w.agree("object", legal, err)
		if err == nil {
			e.open = append(e.open, modelObjection{id, a.person})
		}
	default:
		if len(e.open) == 0 {
			return
		}
		o, upheld := pick(w.r, e.open), w.r.IntN(4) == 0
		legal := m.resolve(a, e, o, upheld)
		w.agree("resolve", legal, w.b.Resolve(ctx, a.as(), o.id, upheld, "经核实", overNotice))
	}
}

// same holds a list against its model.
func (w *walker) same(m *model) {
	w.t.Helper()
	var state lists.State
	var suspended, round int
	var hash string
	ctx := w.t.Context()
	ok(w.t, w.s.DB().QueryRowContext(ctx, "SELECT state, suspended, round, coalesce(hash, '') FROM disbursement_list WHERE id = $1", m.id).
		Scan(&state, &suspended, &round, &hash))
	if state != m.state || (suspended == 1) != m.suspended || round != m.round || (hash == "") != (m.content == "") {
		w.t.Errorf("%s is %q suspended %d round %d hash %q, the model says %q %v %d %q", m.id, state, suspended, round, hash, m.state, m.suspended, m.round, m.content)
	}
	rows, err := w.s.DB().QueryContext(ctx, `SELECT e.n, e.status, e.amount_fen,
		(SELECT count(*) FROM posting o WHERE o.list = e.list AND o.n = e.n AND o.kind = 'reserve') -
		(SELECT count(*) FROM posting o WHERE o.list = e.list AND o.n = e.n AND o.kind = 'void') FROM list_entry e WHERE e.list = $1 ORDER BY e.n`, m.id)
	ok(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var n, amount, reserved int
		var status string
		ok(w.t, rows.Scan(&n, &status, &amount, &reserved))
		e := m.entries[n-1]
		if status != e.status || amount != e.amount || (reserved == 1) != (e.reserved > 0) || reserved > 1 {
			w.t.Errorf("entry %d of %s is %s, %d 分, %d times reserved; the model says %+v", n, m.id, status, amount, reserved, *e)
		}
	}
	ok(w.t, rows.Err())
}

// sums holds the sums of the budget line against what its postings and the entries' reservations come to.
func (w *walker) sums() {
	w.t.Helper()
	left := w.count(`SELECT coalesce(sum(CASE kind WHEN 'reserve' THEN fen WHEN 'void' THEN -fen WHEN 'post' THEN -fen ELSE 0 END), 0) FROM posting`)
	if n := w.count("SELECT reserved_fen FROM budget_line WHERE id = $1", line); n != left {
		w.t.Errorf("the line has %d 分 reserved, its postings come to %d", n, left)
	}
	paid := w.count("SELECT coalesce(sum(amount_fen), 0) FROM payment WHERE state = 'paid'")
	if n := w.count("SELECT posted_fen FROM budget_line WHERE id = $1", line); n != paid {
		w.t.Errorf("the line has %d 分 posted, %d were paid", n, paid)
	}
}
