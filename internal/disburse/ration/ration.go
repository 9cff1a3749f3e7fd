// Package ration shares money that isn't enough among those to whom it is due: budget.when_short of an item (design,
// section 6). It is pure and exact: sums are in 分, nothing is rounded but by largest remainder, and the same input in any
// order gives the same shares.
package ration

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"mianshen/rules/exact"
)

// Rule says what happens when a budget line runs short.
type Rule string

// The rules, by the names that policies use. Whatever the rule, everybody is paid whole while the money is enough.
const (
	// Hold pays nobody while the money isn't enough for all: the whole list waits for more money or for a person.
	Hold Rule = "hold"
	// Prorate pays everybody the same part of what is due, rounded down to the 分; the 分 that remain go out one by one, to
	// the largest remainders first, among equal ones to the smaller id. The money is used to exactly 0.00.
	Prorate Rule = "prorate"
	// Rank pays whole by rank: higher score, then earlier time, then smaller id. The first for whom the rest isn't enough gets
	// that rest, and all after are held.
	Rank Rule = "rank"
)

// ErrInvalid refuses an unknown rule, a negative sum, an empty id or an id given twice.
var ErrInvalid = errors.New("资金分配的输入无效")

// Due is what somebody is to be paid.
type Due struct {
	ID     string      // of the entitlement; unique in a list
	Amount exact.Money // 分, >= 0
	Score  exact.Num   // for Rank; higher comes first
	Time   int64       // for Rank; milliseconds since 1970 at which the claim arose, earlier comes first
}

// Share is what one Due comes to: Paid + Held = Due.Amount, and neither is negative.
type Share struct {
	Due
	Paid, Held exact.Money
}

// Divide shares money, in 分 and at least 0, among the dues. The shares come ordered by id; under Prorate and Rank they sum
// to the smaller of money and all that is due, under Hold to all that is due or to 0. Dividing the same money among what was
// paid changes nothing. Errors: ErrInvalid, and exact.ErrOverflow if what is due doesn't fit in int64.
func Divide(rule Rule, money exact.Money, dues []Due) ([]Share, error) {
	total, err := check(rule, money, dues)
	if err != nil {
		return nil, err
	}
	out := make([]Share, len(dues))
	for i, d := range dues {
		out[i] = Share{Due: d}
	}
	slices.SortFunc(out, func(a, b Share) int { return cmp.Compare(a.ID, b.ID) })
	switch {
	case total <= money:
		for i := range out {
			out[i].Paid = out[i].Amount
		}
	case rule == Prorate:
		prorate(out, uint64(money), uint64(total))
	case rule == Rank:
		rank(out, money)
	}
	for i := range out {
		out[i].Held = out[i].Amount - out[i].Paid
	}
	return out, nil
}

func check(rule Rule, money exact.Money, dues []Due) (exact.Money, error) {
	if rule != Hold && rule != Prorate && rule != Rank {
		return 0, fmt.Errorf("%w：规则“%s”", ErrInvalid, rule)
	}
	if money < 0 {
		return 0, fmt.Errorf("%w：可用资金 %s 为负", ErrInvalid, money)
	}
	total, seen := exact.Money(0), make(map[string]bool, len(dues))
	for _, d := range dues {
		if d.ID == "" || seen[d.ID] || d.Amount < 0 {
			return 0, fmt.Errorf("%w：“%s” %s", ErrInvalid, d.ID, d.Amount)
		}
		seen[d.ID] = true
		if total += d.Amount; total < 0 {
			return 0, exact.ErrOverflow
		}
	}
	return total, nil
}

// prorate floors amount*money/total for each, in 128 bits, and hands out the rest. money < total, so each quotient is less
// than its amount or both are 0, and whoever has a remainder can take one 分 more without passing what is due. The 分 left
// over are fewer than those who have a remainder.
func prorate(shares []Share, money, total uint64) {
	left := money
	remainders := make([]uint64, len(shares))
	order := make([]int, len(shares))
	for i, s := range shares {
		hi, lo := bits.Mul64(uint64(s.Amount), money)
		part, rest := bits.Div64(hi, lo, total)
		shares[i].Paid, remainders[i], order[i] = exact.Money(part), rest, i
		left -= part
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) }) // shares stand by id
	for _, i := range order[:left] {
		shares[i].Paid++
	}
}

func rank(shares []Share, money exact.Money) {
	order := make([]int, len(shares))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := shares[a], shares[b]
		return cmp.Or(y.Score.Cmp(x.Score), cmp.Compare(x.Time, y.Time))
	})
	for _, i := range order {
		paid := min(money, shares[i].Amount)
		shares[i].Paid = paid
		money -= paid
	}
}
