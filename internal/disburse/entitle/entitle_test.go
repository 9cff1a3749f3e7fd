package entitle

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

func claim(item, firm, period string, b Basis) Claim {
	return Claim{Item: item, Enterprise: firm, Period: period, Basis: b, Amount: 100, Since: civil.MustParse("2025-06-30")}
}

func must(t *testing.T, c Claim) Entitlement {
	t.Helper()
	e, err := Make(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestIDIsFixed holds the form of the id, on which uniqueness in databases will stand: this value must never change.
func TestIDIsFixed(t *testing.T) {
	const want = "3dc96ec3a423dcf1d005c78c504badb410cca9753f7168afd158ee3bbaf70ecd"
	if got := ID("xjr-first", "91310118MA1JP7UB2B", "2024", Basis{"获评批次", "第六批"}); got != want {
		t.Errorf("ID = %s, want %s", got, want)
	}
}

// TestIDsDiffer moves text from one part to the next: no two may come to one id.
func TestIDsDiffer(t *testing.T) {
	seen := map[string][]string{}
	parts := []string{"", "a", "b", "ab", "1:a", "a1:b", "0:", "\n"}
	for _, i := range parts {
		for _, e := range parts {
			for _, k := range parts {
				for _, v := range parts {
					id := ID(i, e, "2024", Basis{k, v})
					if o, ok := seen[id]; ok {
						t.Fatalf("%q and %q have one id", o, []string{i, e, k, v})
					}
					seen[id] = []string{i, e, k, v}
				}
			}
		}
	}
}

func TestMake(t *testing.T) {
	good := claim("a", "F", "2024-Q1", Basis{"发票号", "1"})
	more := good
	more.Amount = 7
	if must(t, good).ID != must(t, more).ID {
		t.Error("the amount changes the id")
	}
	for name, x := range map[string]struct {
		change func(*Claim)
		want   error
	}{
		"nothing":       {func(c *Claim) { c.Amount = 0 }, ErrNothing},
		"negative":      {func(c *Claim) { c.Amount = -1 }, ErrInvalid},
		"no item":       {func(c *Claim) { c.Item = "" }, ErrInvalid},
		"no firm":       {func(c *Claim) { c.Enterprise = "" }, ErrInvalid},
		"period":        {func(c *Claim) { c.Period = "2024-13" }, ErrInvalid},
		"period spaced": {func(c *Claim) { c.Period = "2024 " }, ErrInvalid},
		"space":         {func(c *Claim) { c.Basis.Value = " 1" }, ErrInvalid},
		"control":       {func(c *Claim) { c.Item = "a\n" }, ErrInvalid},
		"not utf-8":     {func(c *Claim) { c.Item = "\xff" }, ErrInvalid},
		"long":          {func(c *Claim) { c.Item = strings.Repeat("a", maxText+1) }, ErrInvalid},
		"kind alone":    {func(c *Claim) { c.Basis.Value = "" }, ErrInvalid},
		"rule":          {func(c *Claim) { c.Exclusive = []Exclusive{{"G", "lowest"}} }, ErrInvalid},
		"group twice":   {func(c *Claim) { c.Exclusive = []Exclusive{{"G", First}, {"G", Highest}} }, ErrInvalid},
	} {
		c := good
		x.change(&c)
		if _, err := Make(c); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e := must(t, good)
	if err := Distinct([]Entitlement{e, e}); !errors.Is(err, ErrTwice) {
		t.Errorf("twice: %v", err)
	}
}

func TestSameBasis(t *testing.T) {
	invoice, bare := Basis{"发票号", "1"}, Basis{"", "1"}
	once := func(c Claim) Claim { c.Once = true; return c }
	for name, x := range map[string]struct {
		a, b Claim
		want bool
	}{
		"one invoice, two items":            {claim("a", "F", "2024", invoice), claim("b", "F", "2025", invoice), true},
		"two kinds written alike":           {claim("a", "F", "2024", invoice), claim("b", "F", "2024", Basis{"年度", "1"}), false},
		"no kind, two items":                {claim("a", "F", "2024", bare), claim("b", "F", "2024", bare), false},
		"no basis":                          {claim("a", "F", "2024", Basis{}), once(claim("a", "F", "2025", Basis{})), false},
		"one item, two periods":             {claim("a", "F", "2024", invoice), claim("a", "F", "2025", invoice), false},
		"one item, two periods, once_per":   {claim("a", "F", "2024", bare), once(claim("a", "F", "2025", bare)), true},
		"one batch, two firms":              {claim("a", "F", "2024", invoice), claim("a", "G", "2024", invoice), false},
		"one batch, two firms and items":    {claim("a", "F", "2024", invoice), claim("b", "G", "2024", invoice), false},
		"one item, two firms, once_per":     {once(claim("a", "F", "2024", invoice)), once(claim("a", "G", "2024", invoice)), true},
		"two items and firms, one once_per": {claim("a", "F", "2024", invoice), once(claim("b", "G", "2024", invoice)), true},
	} {
		a, b := must(t, x.a), must(t, x.b)
		if got := SameBasis([]Entitlement{a, b}, nil); (len(got) == 1) != x.want {
			t.Errorf("%s: %v", name, got)
		}
		p := Paid{Item: b.Item, Enterprise: b.Enterprise, Period: b.Period, Basis: b.Basis, Once: b.Once, Amount: 1}
		if got := SameBasis([]Entitlement{a}, []Paid{p}); (len(got) == 1 && got[0] == Clash{0, -1, p.ID()}) != x.want {
			t.Errorf("%s, paid: %v", name, got)
		}
		p.Amount = 0
		if got := SameBasis([]Entitlement{a}, []Paid{p}); got != nil {
			t.Errorf("%s, recovered: %v", name, got)
		}
	}
	a := must(t, claim("a", "F", "2024", Basis{}))
	if got := SameBasis([]Entitlement{a}, []Paid{{Item: "a", Enterprise: "F", Period: "2024", Amount: 1}}); len(got) != 1 {
		t.Errorf("paid before: %v", got)
	}
}

func TestLimits(t *testing.T) {
	in := func(group string, c Claim) Claim { c.CapGroup = group; return c }
	all := []Entitlement{
		must(t, in("K", claim("a", "F", "2024-Q1", Basis{}))),
		must(t, in("K", claim("b", "F", "2024", Basis{}))),
		must(t, in("K", claim("a", "F", "2025", Basis{}))),
		must(t, in("K", claim("a", "G", "2024", Basis{}))),
		must(t, claim("c", "F", "2024", Basis{})),
	}
	paid := []Paid{
		{Item: "b", Enterprise: "F", Period: "2024-Q4", CapGroup: "K", Amount: 30},
		{Item: "b", Enterprise: "F", Period: "2024-Q4", CapGroup: "K", Amount: 5}, // a second instalment
		{Item: "a", Enterprise: "G", Period: "2023", CapGroup: "K", Amount: 500},
		{Item: "c", Enterprise: "F", Period: "2024", Amount: 0},
	}
	both := []string{"F", "G"}
	type l struct {
		owners, members []int
		left            exact.Money
		times           int
	}
	for name, x := range map[string]struct {
		c    Cap
		want []l
	}{
		"grant":      {Cap{Kind: PerGrant, Item: "a", Group: "K", Most: 50}, []l{{[]int{0}, []int{0}, 50, 0}, {[]int{2}, []int{2}, 50, 0}, {[]int{3}, []int{3}, 50, 0}}},
		"year":       {Cap{Kind: PerYear, Item: "a", Group: "K", Most: 50}, []l{{[]int{0}, []int{0, 1}, 15, 0}, {[]int{2}, []int{2}, 50, 0}, {[]int{3}, []int{3}, 50, 0}}},
		"alone":      {Cap{Kind: PerYear, Item: "b", Most: 50}, []l{{[]int{1}, []int{1}, 15, 0}}},
		"total":      {Cap{Kind: Total, Item: "a", Group: "K", Most: 50}, []l{{[]int{0, 2}, []int{0, 1, 2}, 15, 0}, {[]int{3}, []int{3}, 0, 0}}},
		"affiliated": {Cap{Kind: Total, Item: "a", Group: "K", Most: 600, Firms: both}, []l{{[]int{0, 2, 3}, []int{0, 1, 2, 3}, 65, 0}}},
		"times":      {Cap{Kind: Times, Item: "a", Group: "K", Times: 3}, []l{{[]int{0, 2}, []int{0, 1, 2}, 0, 2}, {[]int{3}, []int{3}, 0, 2}}},
		"the group":  {Cap{Kind: PerYear, Group: "K", Most: 40}, []l{{[]int{0, 1}, []int{0, 1}, 5, 0}, {[]int{2}, []int{2}, 40, 0}, {[]int{3}, []int{3}, 40, 0}}},
		"recovered":  {Cap{Kind: Total, Item: "c", Most: 9}, []l{{[]int{4}, []int{4}, 9, 0}}},
	} {
		got, err := Limits(all, []Cap{x.c}, paid)
		if err != nil {
			t.Fatal(err)
		}
		var have []l
		for _, g := range got {
			have = append(have, l{g.Owners, g.Members, g.Left, g.TimesLeft})
		}
		if !reflect.DeepEqual(have, x.want) {
			t.Errorf("%s: %v, want %v", name, have, x.want)
		}
	}
}

func TestLimitsRefuse(t *testing.T) {
	all := []Entitlement{must(t, claim("a", "F", "2024", Basis{}))}
	for _, c := range []Cap{
		{Kind: Total},
		{Kind: "month", Item: "a"},
		{Kind: Total, Item: "a", Most: -1},
		{Kind: Total, Item: "a", Times: 1},
		{Kind: Times, Item: "a"},
		{Kind: Times, Item: "a", Times: 1, Most: 1},
	} {
		if _, err := Limits(all, []Cap{c}, nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	huge := Paid{Item: "a", Enterprise: "F", Period: "2023", Amount: math.MaxInt64}
	if _, err := Limits(all, []Cap{{Kind: Total, Item: "a"}}, []Paid{huge, huge}); !errors.Is(err, exact.ErrOverflow) {
		t.Errorf("overflow: %v", err)
	}
	if _, err := Limits(all, nil, []Paid{{Item: "a", Enterprise: "F", Period: "2023", Amount: -1}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("negative: %v", err)
	}
}
