// Package best finds what a firm should be paid when its entitlements exclude, repeat and cap each other: the legal
// combination with the largest sum, proved to be the largest, and for each entitlement that loses the reason why. Affiliated
// firms whose caps count together are solved together; groups of exclusion are each firm's own.
//
// A combination gives each entitlement from 0 分 up to its amount, so that a cap may cut any of those it binds. It is legal if
//
//   - of an exclusive group at most one item is paid, counting what was paid before; under `first` only the item whose claim
//     arose first, of those that could be paid if they stood alone and don't come too late in another group; under
//     `difference` what other items of the group were paid is deducted; under `choice` only the item that the firm chose,
//     if it has chosen;
//   - no basis is paid twice (entitle.SameBasis);
//   - every cap of an item that is paid holds (entitle.Limit).
//
// Among combinations with the largest sum one is taken by a fixed preference: entitlements stand in order of Since, then
// larger amount, then id; a combination comes before another if it pays the first entitlement on which they differ in who is
// paid; if the same are paid, if it gives more to the first whose sums differ. The order of the input never matters.
//
// The search is branch and bound over who is paid (search.go); how much each gets is exact too (amounts.go). It is pure, its
// sums are int64 分, and what doesn't fit is exact.ErrOverflow.
package best

import (
	"cmp"
	"fmt"
	"slices"

	"mianshen/internal/disburse/entitle"
	"mianshen/rules/exact"
)

// DefaultSteps is the number of steps after which a search gives up unless Problem says otherwise: some seconds
// for thirty entitlements, which mostly need a hundredth of it.
const DefaultSteps = 100_000

// Problem is the entitlements of one firm, or of firms whose caps count together, with all that stands between them.
type Problem struct {
	Entitlements []entitle.Entitlement // made by entitle.Make, each id once; in any order
	Paid         []entitle.Paid        // the firms', their affiliates', and those of any firm that may share a once_per basis
	Caps         []entitle.Cap
	Chosen       map[Chooser]string // the item that a firm chose of a group of rule `choice`; groups not named are open
	MaxSteps     int                // 0: DefaultSteps
}

// Chooser is a firm before a group of rule `choice`.
type Chooser struct{ Enterprise, Group string }

// Answer is what Solve found. With Proved, Total is the largest sum that any legal combination reaches. Without, the search gave
// up: the lines are legal and add up to Total, no combination exceeds Bound, and a person decides.
type Answer struct {
	Total   exact.Money // 分
	Bound   exact.Money // 分; equal to Total exactly when Proved
	Proved  bool
	Settled bool   // the lines are those of the fixed preference; false if the search gave up on ties alone
	Steps   int    // nodes visited
	Lines   []Line // one an entitlement, in the order of the fixed preference
}

// Gap is how much more, in 分, some combination might reach; 0 when Proved.
func (a Answer) Gap() exact.Money { return a.Bound - a.Total }

// Line is one entitlement's fate. A line that is paid less than its amount has a Reason; one paid whole has none.
type Line struct {
	Entitlement entitle.Entitlement
	Pay         exact.Money // 分, 0 to the amount
	Reason      *Reason
}

// ReasonKind says why a line is paid less than its amount.
type ReasonKind string

// The kinds of reason.
const (
	Excluded   ReasonKind = "excluded"    // another item of the group Group counts: By
	NotChosen  ReasonKind = "not_chosen"  // the firm chose another item of Group
	SameBasis  ReasonKind = "same_basis"  // By claims the same thing
	PaidBefore ReasonKind = "paid_before" // this very entitlement was paid
	Cut        ReasonKind = "cut"         // a cap leaves no more: Limit
	Deducted   ReasonKind = "deducted"    // what other items of Group were paid is deducted: Sum
	NotProved  ReasonKind = "not_proved"  // the search gave up before it could say; only without Proved
)

// Reason is why a line is paid less than its amount.
type Reason struct {
	Kind  ReasonKind
	Group string         // of exclusion; for Excluded, NotChosen, Deducted
	By    string         // id of the entitlement or payment that stands against it; for Excluded, SameBasis, PaidBefore
	Paid  bool           // By was paid before
	Limit *entitle.Limit // for Cut; Owners and Members are positions in Answer.Lines
	Sum   exact.Money    // 分; for Deducted: what was paid to others of the group
}

// String says the reason in Chinese, without the names of items, which the caller knows.
func (r Reason) String() string {
	switch r.Kind {
	case Excluded:
		return fmt.Sprintf("与互斥组“%s”的另一事项不重复享受", r.Group)
	case NotChosen:
		return fmt.Sprintf("互斥组“%s”中企业选择了另一事项", r.Group)
	case SameBasis:
		return "同一依据已用于另一笔"
	case PaidBefore:
		return "本笔已经拨付"
	case Deducted:
		return fmt.Sprintf("互斥组“%s”按差额补足，扣除已拨付 %s", r.Group, r.Sum.Words())
	case Cut:
		name := map[entitle.CapKind]string{entitle.PerGrant: "单次上限", entitle.PerYear: "年度上限", entitle.Total: "累计上限"}[r.Limit.Cap.Kind]
		if name == "" {
			return fmt.Sprintf("最多 %d 次，此前已拨付 %d 次", r.Limit.Cap.Times, r.Limit.PaidTimes)
		}
		return fmt.Sprintf("%s %s，此前已拨付 %s", name, r.Limit.Cap.Most.Words(), r.Limit.Paid.Words())
	case NotProved:
	}
	return "计算步数用尽，未能证明最优，需人工核定"
}

// Solve finds the best legal combination. Errors: entitle.ErrTwice, entitle.ErrInvalid (also for a group whose items name
// different rules), exact.ErrOverflow. Giving up is no error: see Answer.Proved.
func Solve(p Problem) (Answer, error) {
	all := slices.Clone(p.Entitlements)
	slices.SortFunc(all, func(a, b entitle.Entitlement) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.ID, b.ID))
	})
	if err := check(all); err != nil {
		return Answer{}, err
	}
	p.Caps, p.Paid = slices.Clone(p.Caps), slices.Clone(p.Paid)
	slices.SortFunc(p.Caps, byText[entitle.Cap]) // so that their order doesn't choose between reasons
	slices.SortFunc(p.Paid, byText[entitle.Paid])
	m, err := build(all, p)
	if err != nil {
		return Answer{}, err
	}
	steps := p.MaxSteps
	if steps <= 0 {
		steps = DefaultSteps
	}
	a := newSearch(m, steps).run()
	m.explain(&a)
	return a, nil
}

// byText orders values by all that they hold.
func byText[T any](a, b T) int { return cmp.Compare(fmt.Sprintf("%#v", a), fmt.Sprintf("%#v", b)) }

// check holds what the search relies on; the sum of everything must fit, so that no sum below it can overflow.
func check(all []entitle.Entitlement) error {
	if err := entitle.Distinct(all); err != nil {
		return err
	}
	sum := exact.Money(0)
	rules := map[string]entitle.Rule{}
	for _, e := range all {
		made, err := entitle.Make(e.Claim)
		if err != nil {
			return err
		}
		if made.ID != e.ID {
			return fmt.Errorf("%w：%s 的编号与内容不符", entitle.ErrInvalid, e.ID)
		}
		if sum, err = entitle.Add(sum, e.Amount); err != nil {
			return err
		}
		for _, x := range e.Exclusive {
			if rules[x.Group] == "" {
				rules[x.Group] = x.Rule
			}
			if rules[x.Group] != x.Rule {
				return fmt.Errorf("%w：互斥组“%s”同时写了 %s 和 %s", entitle.ErrInvalid, x.Group, rules[x.Group], x.Rule)
			}
		}
	}
	return nil
}
