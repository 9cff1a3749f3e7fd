package entitle

import (
	"fmt"
	"slices"

	"mianshen/rules/exact"
)

// CapKind says over what a cap counts.
type CapKind string

// The kinds of cap, as `cap` has them (design, section 6).
const (
	PerGrant CapKind = "per_grant" // sum of one item for one period
	PerYear  CapKind = "per_year"  // sum of the periods that begin in one year
	Total    CapKind = "total"     // sum of all periods
	Times    CapKind = "times"     // number of entitlements: each item, period and basis counts one, as in the rules' history
)

// Cap is one limit. It belongs to an item, and binds whenever that item is paid: then the item's own sums, or with Group those
// of every item of the cap group, stay at or under Most together with what was paid before. An item of the group that has
// no cap of its own is not held by another's once that other isn't paid. With an empty Item the cap is the group's own and
// binds always.
type Cap struct {
	Kind  CapKind
	Item  string      // owner; "" with Group: the group itself
	Group string      // cap group; "": the item alone. Not looked at by PerGrant, unless Item is ""
	Most  exact.Money // 分, >= 0; not for Times
	Times int         // >= 1, for Times alone
	Firms []string    // affiliated firms (关联集团) that count together; none: each firm by itself
}

// Check refuses a cap that limits nothing or says two things: ErrInvalid.
func (c Cap) Check() error {
	counted := c.Kind == Times
	known := slices.Contains([]CapKind{PerGrant, PerYear, Total, Times}, c.Kind)
	if !known || c.Item == "" && c.Group == "" || c.Most < 0 || counted != (c.Times > 0) || c.Times < 0 || counted && c.Most != 0 {
		return fmt.Errorf("%w：上限 %+v", ErrInvalid, c)
	}
	return nil
}

func (c Cap) owns(item, group string) bool {
	if c.Item == "" {
		return group == c.Group
	}
	return item == c.Item
}

func (c Cap) counts(item, group string) bool {
	return c.owns(item, group) || c.Group != "" && c.Kind != PerGrant && group == c.Group
}

// scope names the firm and time that a cap adds up over, for a claim or payment.
func (c Cap) scope(firm, period string) [2]string {
	s := [2]string{firm, ""}
	if len(c.Firms) > 0 {
		s[0] = ""
	}
	switch c.Kind {
	case PerGrant:
		s[1] = period
	case PerYear:
		s[1] = Year(period)
	case Total, Times:
	}
	return s
}

// Limit is a cap applied to given entitlements, net of what was paid: if any of Owners is paid, the Members come to at most
// Left (for Times: at most TimesLeft of them are paid).
type Limit struct {
	Cap       Cap
	Span      string // the period or year; "" for Total and Times
	Owners    []int  // ascending positions in the entitlements; never empty
	Members   []int  // ascending, including Owners
	Left      exact.Money
	TimesLeft int
	Paid      exact.Money // what was paid before and counts
	PaidTimes int
}

// Limits applies each cap in each scope that an owner lies in, in the order of caps, then of the first owner. Nothing goes
// below zero: a cap that was overdrawn before leaves 0. Errors: ErrInvalid, exact.ErrOverflow.
func Limits(all []Entitlement, caps []Cap, paid []Paid) ([]Limit, error) {
	for _, p := range paid {
		if err := p.Check(); err != nil {
			return nil, err
		}
	}
	var out []Limit
	for _, c := range caps {
		if err := c.Check(); err != nil {
			return nil, err
		}
		found, err := c.limits(all, paid)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func (c Cap) limits(all []Entitlement, paid []Paid) ([]Limit, error) {
	owners, members := map[[2]string][]int{}, map[[2]string][]int{}
	var order [][2]string
	for i, e := range all {
		if !c.firms(e.Enterprise) || !c.counts(e.Item, e.CapGroup) {
			continue
		}
		s := c.scope(e.Enterprise, e.Period)
		members[s] = append(members[s], i)
		if !c.owns(e.Item, e.CapGroup) {
			continue
		}
		if owners[s] == nil {
			order = append(order, s)
		}
		owners[s] = append(owners[s], i)
	}
	out := make([]Limit, 0, len(order))
	for _, s := range order {
		l := Limit{Cap: c, Span: s[1], Owners: owners[s], Members: members[s]}
		if err := l.net(s, paid); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// net takes off what was paid in the limit's scope.
func (l *Limit) net(scope [2]string, paid []Paid) error {
	c := l.Cap
	seen := map[string]bool{}
	for _, p := range paid {
		if p.Amount == 0 || !c.firms(p.Enterprise) || !c.counts(p.Item, p.CapGroup) || c.scope(p.Enterprise, p.Period) != scope {
			continue
		}
		sum, err := Add(l.Paid, p.Amount)
		if err != nil {
			return err
		}
		l.Paid = sum
		if id := p.ID(); !seen[id] { // instalments of one entitlement are one time
			seen[id] = true
			l.PaidTimes++
		}
	}
	l.Left = max(0, c.Most-l.Paid)
	l.TimesLeft = max(0, c.Times-l.PaidTimes)
	return nil
}
