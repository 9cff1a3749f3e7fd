package best

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mianshen/internal/disburse/entitle"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// large is a firm with n entitlements under ten items a year, five exclusive groups that overlap, invoices shared between
// items, and caps by grant, year, number and in total that bind: more than any real firm should have.
func large(r *rand.Rand, n int) Problem {
	p := Problem{}
	for i := 0; len(p.Entitlements) < n; i++ {
		item := fmt.Sprintf("i%02d", i%10)
		c := entitle.Claim{
			Item: item, Enterprise: "F", Period: fmt.Sprint(2023 + i/10%3), Amount: exact.Money(1 + r.Int64N(50_000_000)),
			Basis: entitle.Basis{Kind: "发票号", Value: fmt.Sprint(r.IntN(4 * n))},
			Since: civil.MustParse("2025-01-01"), CapGroup: fmt.Sprintf("K%d", i%10%3),
		}
		for g := range 5 {
			if (i%10+g)%5 < 2 {
				c.Exclusive = append(c.Exclusive, entitle.Exclusive{Group: fmt.Sprintf("G%d-%s", g, c.Period), Rule: entitle.Highest})
			}
		}
		if e, err := entitle.Make(c); err == nil {
			p.Entitlements = append(p.Entitlements, e)
		}
	}
	for i := range 10 {
		p.Caps = append(p.Caps, entitle.Cap{Kind: entitle.Times, Item: fmt.Sprintf("i%02d", i), Times: 2},
			entitle.Cap{Kind: entitle.PerYear, Item: fmt.Sprintf("i%02d", i), Group: fmt.Sprintf("K%d", i%3), Most: exact.Money(30_000_000 + r.Int64N(50_000_000))},
			entitle.Cap{Kind: entitle.Total, Item: fmt.Sprintf("i%02d", i), Most: exact.Money(20_000_000 + r.Int64N(90_000_000))})
	}
	return p
}

// TestThirty holds that thirty entitlements are settled within the default steps.
func TestThirty(t *testing.T) {
	r := newSource(t)
	var times []time.Duration
	steps := 0
	for range 40 {
		p := large(r, 30)
		start := time.Now()
		a := solve(t, p)
		times = append(times, time.Since(start))
		steps = max(steps, a.Steps)
		if !a.Proved || !a.Settled {
			t.Errorf("thirty entitlements: %d to %d after %d steps, settled %t", a.Total, a.Bound, a.Steps, a.Settled)
		}
	}
	slices.Sort(times)
	t.Logf("median %v, longest %v, at most %d steps", times[20], times[39], steps)
}

func BenchmarkThirty(b *testing.B) {
	p := large(rand.New(rand.NewPCG(1, 1)), 30)
	for b.Loop() {
		solve(b, p)
	}
}
