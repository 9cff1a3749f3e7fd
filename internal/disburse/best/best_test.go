package best

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"

	"mianshen/internal/disburse/entitle"
	"mianshen/internal/pgtest"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

const cases = 20000

// newSource prints its seed; MIANSHEN_SEED repeats a run.
func newSource(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("MIANSHEN_SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = given
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 2))
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomClaim draws from few values, so that things meet.
func randomClaim(r *rand.Rand, most int64) entitle.Claim {
	item := pick(r, "a", "b", "c", "d")
	c := entitle.Claim{
		Item: item, Enterprise: pick(r, "F", "F", "F", "A"), Period: pick(r, "2024", "2025", "2025-Q1"), Amount: exact.Money(1 + r.Int64N(most)),
		Basis: pick(r, entitle.Basis{}, entitle.Basis{Value: "1"}, entitle.Basis{Kind: "发票号", Value: "1"}, entitle.Basis{Kind: "发票号", Value: "2"},
			entitle.Basis{Value: "3"}),
		Since: civil.MustParse(pick(r, "2025-01-01", "2025-01-02", "2025-01-03")), Once: r.IntN(4) == 0,
		CapGroup: map[string]string{"a": "K", "b": "K", "c": "", "d": "L"}[item],
	}
	return c
}

// random is a small problem: exclusions by every rule, caps of every kind, with and without groups and affiliated firms.
func random(r *rand.Rand, n int, most int64) Problem {
	p := Problem{Chosen: map[Chooser]string{}}
	rule := map[string]entitle.Rule{}
	in := map[string][]entitle.Exclusive{}
	for _, g := range []string{"G", "H"} {
		rule[g] = pick(r, entitle.Highest, entitle.First, entitle.Difference, entitle.Choice)
		for _, item := range []string{"a", "b", "c", "d"} {
			if r.IntN(5) < 2 {
				in[item] = append(in[item], entitle.Exclusive{Group: g, Rule: rule[g]})
			}
		}
		if r.IntN(4) == 0 {
			p.Chosen[Chooser{pick(r, "F", "A"), g}] = pick(r, "a", "b", "c")
		}
	}
	seen := map[string]bool{}
	for range n {
		c := randomClaim(r, most)
		c.Exclusive = in[c.Item]
		e, err := entitle.Make(c)
		if err != nil {
			panic(err)
		}
		if !seen[e.ID] {
			seen[e.ID] = true
			p.Entitlements = append(p.Entitlements, e)
		}
	}
	for range r.IntN(7) {
		p.Caps = append(p.Caps, randomCap(r, most))
	}
	for range r.IntN(3) * r.IntN(2) {
		c := randomClaim(r, most)
		paid := entitle.Paid{
			Item: c.Item, Enterprise: pick(r, "F", "F", "A", "X"), Period: c.Period, Basis: c.Basis, CapGroup: c.CapGroup, Once: c.Once,
			Amount: exact.Money(r.Int64N(most + 1)),
		}
		for _, x := range in[c.Item] {
			paid.Groups = append(paid.Groups, x.Group)
		}
		p.Paid = append(p.Paid, paid)
	}
	return p
}

func randomCap(r *rand.Rand, most int64) entitle.Cap {
	c := entitle.Cap{Kind: pick(r, entitle.PerGrant, entitle.PerYear, entitle.Total, entitle.Times), Item: pick(r, "a", "b", "c", "d", ""), Group: pick(r, "", "K", "L")}
	if c.Item == "" {
		c.Group = pick(r, "K", "L")
	}
	if c.Kind == entitle.Times {
		c.Times = 1 + r.IntN(3)
	} else {
		c.Most = exact.Money(r.Int64N(3 * most))
	}
	if r.IntN(4) == 0 {
		c.Firms = []string{"F", "A"}
	}
	return c
}

func solve(t testing.TB, p Problem) Answer {
	t.Helper()
	a, err := Solve(p)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAgainstEverything compares the search with the judge, which tries every combination: the sum and the preferred
// combination, line by line. It counts what the cases hold, so that they can't become easy unnoticed.
func TestAgainstEverything(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	r := newSource(t)
	var cut, lost, less, crossing int
	for n := range cases {
		p := random(r, 2+r.IntN(5), 3)
		a := solve(t, p)
		j := newJudge(p)
		j.run()
		if !a.Proved || !a.Settled || a.Gap() != 0 || int64(a.Total) != j.total {
			t.Fatalf("case %d: %d (proved %t, settled %t), every combination gives %d\n%+v", n, a.Total, a.Proved, a.Settled, j.total, p)
		}
		for i, l := range a.Lines {
			if int64(l.Pay) != j.best[i] {
				t.Fatalf("case %d: line %d is paid %d, the preferred combination is %v\n%+v", n, i, l.Pay, j.best, p)
			}
			if (l.Pay < l.Entitlement.Amount) != (l.Reason != nil) || l.Reason != nil && l.Reason.Kind == NotProved {
				t.Fatalf("case %d: line %d is paid %d, reason %+v\n%+v", n, i, l.Pay, l.Reason, p)
			}
			if l.Reason != nil && l.Pay > 0 {
				cut++
			}
		}
		lost += reasonsHold(t, j, a)
		if greedy(j) < int64(a.Total) {
			less++
		}
		if m, err := build(j.all, p); err == nil && newSearch(m, 1).crossing {
			crossing++
		}
	}
	t.Logf("%d cases; lines cut %d, lost %d; taking in turn is worse in %d, limits cross in %d", cases, cut, lost, less, crossing)
	if cut < 1000 || lost < 1000 || less < 500 || crossing < 100 {
		t.Error("the cases have become easy")
	}
}

// greedy is what paying in turn as much as is legal comes to.
func greedy(j *judge) int64 {
	clear(j.x)
	total := int64(0)
	for i, e := range j.all {
		for v := int64(e.Amount); v > 0; v-- {
			if j.x[i] = v; j.legal() {
				total += v
				break
			}
			j.x[i] = 0
		}
	}
	return total
}

// reasonsHold fails if a reason isn't true of what is paid, and counts the lines that get nothing.
func reasonsHold(t *testing.T, j *judge, a Answer) (lost int) {
	t.Helper()
	copy(j.x, j.best)
	for i, l := range a.Lines {
		if l.Pay == 0 {
			lost++
		}
		if l.Reason != nil && !j.holds(i, l.Reason) {
			t.Fatalf("line %d is paid %d, reason %s, which isn't true: %+v\n%+v", i, l.Pay, l.Reason, l.Reason, j.p)
		}
	}
	return lost
}

// TestOrder holds that the order of entitlements, caps and payments never matters, for reasons and steps neither.
func TestOrder(t *testing.T) {
	r := newSource(t)
	for range cases / 4 {
		p := random(r, 2+r.IntN(9), 1000)
		a := solve(t, p)
		r.Shuffle(len(p.Entitlements), func(i, j int) { p.Entitlements[i], p.Entitlements[j] = p.Entitlements[j], p.Entitlements[i] })
		r.Shuffle(len(p.Caps), func(i, j int) { p.Caps[i], p.Caps[j] = p.Caps[j], p.Caps[i] })
		r.Shuffle(len(p.Paid), func(i, j int) { p.Paid[i], p.Paid[j] = p.Paid[j], p.Paid[i] })
		b := solve(t, p)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("%+v\n%+v", a, b)
		}
	}
}

// TestMonotone holds that a looser cap, a cap less, or an entitlement more (outside `first`) never makes the sum smaller.
func TestMonotone(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	r := newSource(t)
	for range cases / 4 {
		p := random(r, 3+r.IntN(8), 1000)
		first := false
		for _, e := range p.Entitlements {
			for _, x := range e.Exclusive {
				first = first || x.Rule == entitle.First
			}
		}
		if first {
			continue
		}
		whole := solve(t, p).Total
		q := p
		q.Entitlements = p.Entitlements[1:]
		if part := solve(t, q).Total; part > whole {
			t.Fatalf("an entitlement more: %d, then %d\n%+v", part, whole, p)
		}
		if len(p.Caps) == 0 {
			continue
		}
		q = p
		q.Caps = append([]entitle.Cap(nil), p.Caps...)
		if c := &q.Caps[0]; c.Kind == entitle.Times {
			c.Times++
		} else {
			c.Most++
		}
		looser := solve(t, q).Total
		q.Caps = q.Caps[1:]
		if without := solve(t, q).Total; looser < whole || without < looser {
			t.Fatalf("caps: %d, looser %d, without %d\n%+v", whole, looser, without, p)
		}
	}
}

// TestPacking holds the amounts against every amount, with rows that cross in any way.
func TestPacking(t *testing.T) {
	r := newSource(t)
	crossing := 0
	for range cases {
		p := &packing{}
		for range 1 + r.IntN(5) {
			p.most = append(p.most, 1+r.Int64N(4))
		}
		for range r.IntN(5) {
			var row []int
			for j := range p.most {
				if r.IntN(2) == 0 {
					row = append(row, j)
				}
			}
			p.rows, p.room = append(p.rows, row), append(p.room, r.Int64N(8))
		}
		var best []int64
		want := int64(-1)
		every(p, make([]int64, 0, len(p.most)), func(x []int64) {
			sum := int64(0)
			for _, v := range x {
				sum += v
			}
			if sum > want || sum == want && fmt.Sprint(x) > fmt.Sprint(best) { // one digit each
				want, best = sum, append([]int64(nil), x...)
			}
		})
		left, steps := 10000, 0
		total, bound, ok := p.best(&left, &steps, true)
		if ok != (want >= 0) || ok && (total != want || bound != want) {
			t.Fatalf("%d to %d (%t), want %d: %+v", total, bound, ok, want, p)
		}
		if !ok {
			continue
		}
		if x, settled := p.amounts(total, &left, &steps, true); !settled || !reflect.DeepEqual(x, best) {
			t.Fatalf("%v, want %v: %+v", x, best, p)
		}
		if p.crosses() {
			crossing++
		}
	}
	t.Logf("%d of %d cross", crossing, cases)
}

func every(p *packing, x []int64, yield func([]int64)) {
	if len(x) == len(p.most) {
		if p.fits(x) {
			yield(x)
		}
		return
	}
	for v := int64(1); v <= p.most[len(x)]; v++ {
		every(p, append(x, v), yield)
	}
}

// TestGivesUp holds that a search without enough steps says so: what it pays is legal, and the true sum lies within its bound.
func TestGivesUp(t *testing.T) {
	r := newSource(t)
	gaveUp := 0
	for range cases / 10 {
		p := random(r, 8+r.IntN(8), 1000)
		whole := solve(t, p)
		p.MaxSteps = 1 + r.IntN(12)
		a := solve(t, p)
		if a.Total > whole.Total || a.Bound < whole.Total || a.Proved != (a.Gap() == 0) || a.Steps > p.MaxSteps {
			t.Fatalf("total %d bound %d proved %t, truly %d", a.Total, a.Bound, a.Proved, whole.Total)
		}
		j := newJudge(p)
		sum := exact.Money(0)
		for i, l := range a.Lines {
			j.x[i] = int64(l.Pay)
			sum += l.Pay
		}
		if !j.legal() || sum != a.Total {
			t.Fatalf("what is paid isn't legal: %+v", a)
		}
		if !a.Proved {
			gaveUp++
		}
	}
	t.Logf("gave up %d of %d", gaveUp, cases/10)
	if gaveUp == 0 {
		t.Error("no search gave up")
	}
}

func TestRefusals(t *testing.T) {
	made := func(c entitle.Claim) entitle.Entitlement {
		e, err := entitle.Make(c)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	a := made(entitle.Claim{Item: "a", Enterprise: "F", Period: "2025", Amount: math.MaxInt64, Exclusive: []entitle.Exclusive{{Group: "G", Rule: entitle.First}}})
	b := made(entitle.Claim{Item: "b", Enterprise: "F", Period: "2025", Amount: 1})
	c := made(entitle.Claim{Item: "c", Enterprise: "F", Period: "2025", Amount: 1, Exclusive: []entitle.Exclusive{{Group: "G", Rule: entitle.Highest}}})
	forged := b
	forged.ID = a.ID
	small := a
	small.Amount = 1
	for name, x := range map[string]struct {
		all  []entitle.Entitlement
		want error
	}{
		"overflow":    {[]entitle.Entitlement{a, b}, exact.ErrOverflow},
		"twice":       {[]entitle.Entitlement{b, b}, entitle.ErrTwice},
		"forged":      {[]entitle.Entitlement{forged}, entitle.ErrInvalid},
		"mixed rules": {[]entitle.Entitlement{small, c}, entitle.ErrInvalid},
	} {
		if _, err := Solve(Problem{Entitlements: x.all}); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := solve(t, Problem{}); !got.Proved || !got.Settled || got.Total != 0 {
		t.Errorf("nothing: %+v", got)
	}
}
