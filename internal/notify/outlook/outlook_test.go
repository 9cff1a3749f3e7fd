package outlook_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/notify/derive"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/outbox"
	"mianshen/internal/notify/outlook"
	"mianshen/internal/pgtest"
	"mianshen/internal/seal"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/seeds"
)

var errKilled = errors.New("killed")

// box is an outbox that keeps what it was told first, and ends at a given call, before or after it is written.
type box struct {
	*outbox.Box // nil: nothing is stored
	seq         map[string]int64
	told        map[string]event.Event
	calls       int
	kill        int // the call that is killed; 0: none
	after       bool
}

func newBox(s *outbox.Box) *box {
	return &box{Box: s, seq: map[string]int64{}, told: map[string]event.Event{}}
}

func (b *box) Followed(ctx context.Context, name string) (int64, error) {
	if b.Box != nil {
		return b.Box.Followed(ctx, name)
	}
	return b.seq[name], nil
}

func (b *box) Follow(ctx context.Context, name string, seq int64, events []event.Event, now time.Time) (int, error) {
	return b.do(events, func() (int, error) {
		b.seq[name] = seq
		if b.Box == nil {
			return 0, nil
		}
		return b.Box.Follow(ctx, name, seq, events, now)
	})
}

func (b *box) Tell(ctx context.Context, job string, events []event.Event, now time.Time) (int, error) {
	return b.do(events, func() (int, error) {
		if b.Box == nil {
			return 0, nil
		}
		return b.Box.Tell(ctx, job, events, now)
	})
}

func (b *box) do(events []event.Event, write func() (int, error)) (int, error) {
	b.calls++
	if b.calls == b.kill && !b.after {
		return 0, errKilled
	}
	n, err := write()
	if err != nil {
		return n, err
	}
	for _, e := range events {
		if _, known := b.told[e.ID]; !known {
			b.told[e.ID] = e
		}
	}
	if b.calls == b.kill {
		return n, errKilled
	}
	return n, nil
}

// past is a history that grows, and findings, each known from an instant on.
type past struct {
	awards   []dated[rules.Award]
	findings []dated[rules.PersonFinding]
}

type dated[T any] struct {
	at  time.Time
	one T
}

func until[T any](list []dated[T], known time.Time) (all []T) {
	for _, x := range list {
		if !x.at.After(known) {
			all = append(all, x.one)
		}
	}
	return all
}

func (p *past) History(_ context.Context, _ civil.Date, known time.Time) (*rules.History, error) {
	return rules.NewHistory(until(p.awards, known)), nil
}

func (p *past) Findings(_ context.Context, _ civil.Date, known time.Time) (*rules.Findings, error) {
	return rules.NewFindings(until(p.findings, known)), nil
}

// life is a town in which things happen.
type life struct {
	t      *testing.T
	r      *rand.Rand
	office *casework.Office
	book   *casework.Book
	firms  []demo.Firm
	past   *past
	today  civil.Date
	at     time.Time
}

func newLife(t *testing.T, r *rand.Rand, n int) *life {
	office, book, _ := town(t, n)
	firms, err := demo.Firms(book.Book.Vocabulary, seeds.Generate(n, seeds.Seed))
	if err != nil {
		t.Fatal(err)
	}
	l := &life{t: t, r: r, office: office, book: book, firms: firms, past: &past{}, today: demo.AsOf(), at: began}
	office.Past = l.past
	return l
}

// sweep sweeps today.
func (l *life) sweep() store.Sweep {
	l.t.Helper()
	l.at = l.at.Add(time.Hour)
	sweep, err := l.office.Sweep(l.t.Context(), casework.SweepRequest{AsOf: l.today, Now: l.at, Hold: -1}, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return sweep
}

// happen lets days go by and changes facts, law, history or findings.
func (l *life) happen() {
	l.t.Helper()
	l.today, _ = l.today.AddDays([]int{0, 1, 1, 2, 7, 29, 45}[l.r.IntN(7)])
	l.at = l.at.Add(24 * time.Hour)
	if l.r.IntN(2) == 0 {
		l.deliver()
	}
	if l.r.IntN(2) == 0 {
		l.amend()
	}
	if l.r.IntN(2) == 0 {
		f, rule := l.firms[l.r.IntN(len(l.firms))].Profile.Enterprise, l.book.Rules[l.r.IntN(len(l.book.Rules))]
		l.past.awards = append(l.past.awards, dated[rules.Award]{l.at, rules.Award{Enterprise: f, Item: rule.Item.ID, Period: rule.Grant(l.today), Amount: 1_000_000, On: l.today}})
	}
	if l.r.IntN(2) == 0 {
		f, rule, yes := l.firms[l.r.IntN(len(l.firms))].Profile.Enterprise, l.book.Rules[l.r.IntN(len(l.book.Rules))], l.r.IntN(2) == 0
		for _, c := range rule.Policy.All(rule.Item) {
			l.past.findings = append(l.past.findings, dated[rules.PersonFinding]{l.at, rules.PersonFinding{Enterprise: f, Item: rule.Item.ID, Condition: c.ID, Result: &yes, On: l.today}})
		}
	}
}

// deliver gives one firm some of another's facts.
func (l *life) deliver() {
	a, b := l.r.IntN(len(l.firms)), l.r.IntN(len(l.firms))
	p := l.firms[a].Profile.Clone()
	for _, f := range l.book.Book.Vocabulary.Fields {
		if !f.Derived() && l.r.IntN(4) == 0 {
			if err := p.Set(f, l.firms[b].Profile.Fact(f)); err != nil {
				l.t.Fatal(err)
			}
		}
	}
	l.firms[a].Profile = p
	if err := demo.Deliver(l.t.Context(), l.office, l.book.Book.Vocabulary, l.firms[a:a+1], l.at); err != nil {
		l.t.Fatal(err)
	}
}

var number = regexp.MustCompile(`value: (\d+)`)

// amend changes a number of a policy.
func (l *life) amend() {
	all, err := l.office.Store.CurrentPolicies(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	v := all[l.r.IntN(len(all))]
	at := number.FindAllSubmatchIndex(v.Files, -1)
	if len(at) == 0 {
		return
	}
	one := at[l.r.IntN(len(at))]
	old, _ := strconv.Atoi(string(v.Files[one[2]:one[3]]))
	v.Files = slices.Concat(v.Files[:one[2]], strconv.AppendInt(nil, int64(max(1, old*(80+l.r.IntN(40))/100)), 10), v.Files[one[3]:])
	if id := store.Hash(v.Files); id != v.ID {
		v.ID = id
		if _, err := l.office.Publish(l.t.Context(), &casework.Proposal{Versions: []store.PolicyVersion{v}}, "甲", l.at); err != nil {
			l.t.Fatal(err)
		}
	}
}

func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano() % 1_000_000)
	if n, err := strconv.ParseUint(os.Getenv("MIANSHEN_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("seed %d (MIANSHEN_SEED)", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// killed runs a step over and over, killed at random calls, until it has come to its end.
func killed(t *testing.T, r *rand.Rand, b *box, step func() error) {
	t.Helper()
	for n := 0; ; n++ {
		b.calls, b.kill, b.after = 0, 0, r.IntN(2) == 0
		if n < 5 {
			b.kill = 1 + r.IntN(3)
		}
		err := step()
		if err == nil {
			return
		}
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
	}
}

func same(t *testing.T, what string, got, want map[string]event.Event) {
	t.Helper()
	for id := range want {
		if _, ok := got[id]; !ok {
			t.Errorf("%s: %s %s of %s isn't told", what, want[id].Kind, want[id].Subject, want[id].Enterprise)
		} else if !reflect.DeepEqual(got[id], want[id]) {
			t.Errorf("%s: told %+v, want %+v", what, got[id], want[id])
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			t.Errorf("%s: %s %s of %s is told, and shouldn't be", what, got[id].Kind, got[id].Subject, got[id].Enterprise)
		}
	}
}

// TestIncremental lets a town live. What is told step by step, with kills at any call, is event by event what somebody tells who looks at
// everything from the first change on; and most firms aren't looked at.
func TestIncremental(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	r := seeded(t)
	rounds, firms := 8, 30
	if os.Getenv("MIANSHEN_LONG") != "" {
		rounds, firms = 60, 80
	}
	l := newLife(t, r, firms)
	ctx, messages := t.Context(), outbox.New(l.office.Store, seal.New())
	told, derived, whole := newBox(messages), newBox(messages), newBox(nil)
	near := func(o *outlook.Outlook) *outlook.Outlook {
		o.Near = exact.Frac(60, 100) // so that there is much to tell
		return o
	}
	everything, looked, sweeps := near(outlook.Whole(outlook.New(l.office, whole))), 0, 0
	for range rounds {
		l.sweep()
		sweeps++
		killed(t, r, told, func() error {
			n, err := near(outlook.New(l.office, told)).Step(ctx, l.at)
			looked += n.Firms
			return err
		})
		killed(t, r, derived, func() error { _, err := derive.New(l.office, derived).Step(ctx, l.at); return err })
		if n, err := everything.Step(ctx, l.at); err != nil || n.Sweeps != 1 || n.Firms != firms {
			t.Fatalf("%+v, %v", n, err)
		}
		same(t, l.today.String(), told.told, whole.told)
		l.happen()
	}
	scratch := newBox(nil)
	if _, err := derive.New(l.office, scratch).Step(ctx, l.at); err != nil {
		t.Fatal(err)
	}
	same(t, "from scratch", derived.told, scratch.told)
	counts := map[string]int{}
	for _, e := range told.told {
		counts[e.Kind]++
	}
	t.Logf("%d sweeps, looked at %d firms of %d: %v", sweeps, looked, sweeps*firms, counts)
	var stored int
	if err := l.office.Store.DB().QueryRowContext(ctx, "SELECT count(*) FROM event").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if stored != len(told.told)+len(derived.told) {
		t.Errorf("%d events are stored, %d and %d were told", stored, len(told.told), len(derived.told))
	}
}

// TestNothingNew looks at nobody where nothing has changed and no date has come.
func TestNothingNew(t *testing.T) {
	l := newLife(t, seeded(t), 20)
	l.today, _ = l.today.AddDays(1) // the first of a month makes everything new
	ctx, b := t.Context(), newBox(nil)
	for day, want := range []int{20, 0, 0} {
		l.sweep()
		got, err := outlook.New(l.office, b).Step(ctx, l.at)
		if err != nil || got.Sweeps != 1 || got.Firms > want+2 || got.Firms < want {
			t.Errorf("on day %d %+v, want about %d firms, %v", day, got, want, err)
		}
		l.today, _ = l.today.AddDays(1)
	}
	l.deliver()
	l.sweep()
	if got, err := outlook.New(l.office, b).Step(ctx, l.at); err != nil || got.Firms == 0 || got.Firms > 3 {
		t.Errorf("after a delivery %+v, %v", got, err)
	}
}
