package ration

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
	"time"

	"mianshen/rules/exact"
)

const cases = 20000

func newSource(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

func randomDues(r *rand.Rand) []Due {
	dues := make([]Due, r.IntN(9))
	for i := range dues {
		most := []int64{3, 1000, 1e15}[r.IntN(3)]
		dues[i] = Due{ID: strconv.Itoa(i), Amount: exact.Money(r.Int64N(most + 1)), Score: exact.Frac(r.Int64N(4), 3), Time: r.Int64N(3)}
	}
	return dues
}

func sums(shares []Share) (due, paid exact.Money) {
	for _, s := range shares {
		due, paid = due+s.Amount, paid+s.Paid
	}
	return due, paid
}

func divide(t *testing.T, rule Rule, money exact.Money, dues []Due) []Share {
	t.Helper()
	shares, err := Divide(rule, money, dues)
	if err != nil {
		t.Fatal(err)
	}
	return shares
}

// TestProperties holds sums, bounds, order independence and idempotence for every rule on random lists.
func TestProperties(t *testing.T) {
	r := newSource(t)
	for range cases {
		dues := randomDues(r)
		all := divide(t, Hold, math.MaxInt64, dues)
		total, _ := sums(all)
		money := exact.Money(r.Int64N(int64(total) + 3))
		for _, rule := range []Rule{Hold, Prorate, Rank} {
			shares := divide(t, rule, money, dues)
			holds(t, rule, money, total, shares)

			mixed := append([]Due(nil), dues...)
			r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			if again := divide(t, rule, money, mixed); !reflect.DeepEqual(shares, again) {
				t.Fatalf("%s %d: order matters: %v, %v", rule, money, shares, again)
			}
			again := make([]Due, len(shares))
			for i, s := range shares {
				again[i] = s.Due
				again[i].Amount = s.Paid
			}
			for i, s := range divide(t, rule, money, again) {
				if s.Paid != shares[i].Paid || s.Held != 0 {
					t.Fatalf("%s %d: not idempotent: %v, %v", rule, money, shares[i], s)
				}
			}
		}
	}
}

func holds(t *testing.T, rule Rule, money, total exact.Money, shares []Share) {
	t.Helper()
	want := min(money, total)
	if rule == Hold && total > money {
		want = 0
	}
	if _, paid := sums(shares); paid != want {
		t.Fatalf("%s: paid %d of %d, due %d", rule, paid, money, total)
	}
	for _, s := range shares {
		if s.Paid < 0 || s.Held < 0 || s.Paid+s.Held != s.Amount {
			t.Fatalf("%s: %+v", rule, s)
		}
		if rule == Prorate && total > money {
			exactly := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(int64(s.Amount)), big.NewInt(int64(money))), big.NewInt(int64(total)))
			off := exactly.Sub(exactly, big.NewRat(int64(s.Paid), 1))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("prorate: %+v is a 分 or more from its part", s)
			}
		}
		if rule == Rank && s.Held > 0 {
			noneBehind(t, s, shares)
		}
	}
}

// noneBehind fails if somebody of lower rank was paid while s waits.
func noneBehind(t *testing.T, s Share, shares []Share) {
	t.Helper()
	for _, o := range shares {
		c := s.Score.Cmp(o.Score)
		behind := c > 0 || c == 0 && (s.Time < o.Time || s.Time == o.Time && s.ID < o.ID)
		if behind && o.Paid > 0 {
			t.Fatalf("%+v waits behind %+v", s, o)
		}
	}
}

func TestByHand(t *testing.T) {
	dues := []Due{{ID: "b", Amount: 100}, {ID: "a", Amount: 100}, {ID: "c", Amount: 100, Score: exact.Int(1)}, {ID: "d", Amount: 0}}
	for _, c := range []struct {
		rule  Rule
		money exact.Money
		want  [4]exact.Money
	}{
		{Prorate, 200, [4]exact.Money{67, 67, 66, 0}},
		{Prorate, 0, [4]exact.Money{}},
		{Prorate, 300, [4]exact.Money{100, 100, 100, 0}},
		{Rank, 150, [4]exact.Money{50, 0, 100, 0}},
		{Hold, 299, [4]exact.Money{}},
		{Hold, 300, [4]exact.Money{100, 100, 100, 0}},
	} {
		for i, s := range divide(t, c.rule, c.money, dues) {
			if s.Paid != c.want[i] {
				t.Errorf("%s %d: %s is paid %d, want %d", c.rule, c.money, s.ID, s.Paid, c.want[i])
			}
		}
	}
	huge := divide(t, Prorate, math.MaxInt64-1, []Due{{ID: "a", Amount: math.MaxInt64 - 5}, {ID: "b", Amount: 5}})
	if huge[0].Paid+huge[1].Paid != math.MaxInt64-1 {
		t.Errorf("large sums: %v", huge)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		rule  Rule
		money exact.Money
		dues  []Due
		want  error
	}{
		{"other", 1, nil, ErrInvalid},
		{Hold, -1, nil, ErrInvalid},
		{Hold, 1, []Due{{ID: "a", Amount: -1}}, ErrInvalid},
		{Hold, 1, []Due{{ID: "a"}, {ID: "a"}}, ErrInvalid},
		{Hold, 1, []Due{{Amount: 1}}, ErrInvalid},
		{Hold, 1, []Due{{ID: "a", Amount: math.MaxInt64}, {ID: "b", Amount: 1}}, exact.ErrOverflow},
	} {
		if _, err := Divide(c.rule, c.money, c.dues); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
