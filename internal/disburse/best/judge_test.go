package best

import (
	"cmp"
	"slices"

	"mianshen/internal/disburse/entitle"
)

// judge tries every combination of amounts and asks the law of each, as the package comment states it. It shares no code
// with the search, the model, entitle.Limits or entitle.SameBasis.
type judge struct {
	p     Problem
	all   []entitle.Entitlement
	late  []bool // refused by `first`
	pairs [][]bool
	x     []int64
	best  []int64
	total int64
}

func newJudge(p Problem) *judge {
	j := &judge{p: p, all: slices.Clone(p.Entitlements), total: -1}
	slices.SortFunc(j.all, func(a, b entitle.Entitlement) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.ID, b.ID))
	})
	n := len(j.all)
	j.x, j.late, j.pairs = make([]int64, n), make([]bool, n), make([][]bool, n)
	for i := range n {
		j.pairs[i] = make([]bool, n)
		for k := range n {
			j.pairs[i][k] = i != k && j.excludes(j.all[i], j.all[k])
		}
	}
	j.first()
	return j
}

func (j *judge) first() {
	alone := make([]bool, len(j.all))
	for i := range j.all {
		j.x[i] = 1
		alone[i] = j.legal()
		j.x[i] = 0
	}
	before := func(k, i int) bool {
		o, e := j.all[k], j.all[i]
		return cmp.Or(o.Since.Compare(e.Since), cmp.Compare(o.Item, e.Item), cmp.Compare(k, i)) < 0
	}
	// An entitlement is late if one of another item that isn't late comes before it. So many rounds settle all.
	for range j.all {
		next := make([]bool, len(j.all))
		for i, e := range j.all {
			for k, o := range j.all {
				next[i] = next[i] || alone[k] && !j.late[k] && o.Item != e.Item && shares(e, o, entitle.First) && before(k, i)
			}
		}
		j.late = next
	}
}

func shares(a, b entitle.Entitlement, rule entitle.Rule) bool {
	return a.Enterprise == b.Enterprise && slices.ContainsFunc(a.Exclusive, func(x entitle.Exclusive) bool {
		return x.Rule == rule && slices.Contains(b.Exclusive, x)
	})
}

func (j *judge) excludes(a, b entitle.Entitlement) bool {
	if a.Item != b.Item && a.Enterprise == b.Enterprise && slices.ContainsFunc(a.Exclusive, func(x entitle.Exclusive) bool { return slices.Contains(b.Exclusive, x) }) {
		return true
	}
	return oneThing(a.Claim, b.Claim)
}

func oneThing(a, b entitle.Claim) bool {
	if a.Basis != b.Basis || a.Basis.Value == "" {
		return false
	}
	if a.Item == b.Item {
		return (a.Once || b.Once) && (a.Period != b.Period || a.Enterprise != b.Enterprise)
	}
	return a.Basis.Kind != "" && (a.Enterprise == b.Enterprise || a.Once || b.Once)
}

func claimOf(p entitle.Paid) entitle.Claim {
	return entitle.Claim{Item: p.Item, Enterprise: p.Enterprise, Period: p.Period, Basis: p.Basis, CapGroup: p.CapGroup, Once: p.Once}
}

// run finds the best by looking at everything.
func (j *judge) run() { j.from(0) }

func (j *judge) from(i int) {
	if i == len(j.all) {
		sum := int64(0)
		for _, v := range j.x {
			sum += v
		}
		if sum >= j.total && (sum > j.total || j.preferred()) && j.legal() {
			j.total, j.best = sum, slices.Clone(j.x)
		}
		return
	}
	for v := int64(0); v <= int64(j.all[i].Amount); v++ {
		j.x[i] = v
		j.from(i + 1)
	}
	j.x[i] = 0
}

func (j *judge) preferred() bool {
	for i := range j.x {
		if (j.x[i] > 0) != (j.best[i] > 0) {
			return j.x[i] > 0
		}
	}
	return slices.Compare(j.x, j.best) > 0
}

func (j *judge) legal() bool {
	for i, v := range j.x {
		if v == 0 {
			continue
		}
		if j.late[i] || !j.beside(i) || !j.afterPaid(i) {
			return false
		}
		for _, c := range j.p.Caps {
			if !j.under(c, j.all[i].Claim) {
				return false
			}
		}
	}
	return true
}

func (j *judge) beside(i int) bool {
	for k := range i {
		if j.x[k] > 0 && j.pairs[i][k] {
			return false
		}
	}
	return true
}

// served tells whether the thing that an entitlement is for was paid for before.
func (j *judge) served(e entitle.Entitlement) bool {
	return slices.ContainsFunc(j.p.Paid, func(p entitle.Paid) bool {
		same := claimOf(p)
		return p.Amount > 0 && (oneThing(e.Claim, same) || e.Item == p.Item && e.Enterprise == p.Enterprise && e.Period == p.Period && e.Basis == p.Basis)
	})
}

func (j *judge) afterPaid(i int) bool {
	e := j.all[i]
	if j.served(e) {
		return false
	}
	for _, g := range e.Exclusive {
		if chosen := j.p.Chosen[Chooser{e.Enterprise, g.Group}]; g.Rule == entitle.Choice && chosen != "" && chosen != e.Item {
			return false
		}
		others := int64(0)
		for _, p := range j.p.Paid {
			if p.Enterprise == e.Enterprise && p.Item != e.Item && slices.Contains(p.Groups, g.Group) {
				others += int64(p.Amount)
			}
		}
		if others > 0 && (g.Rule != entitle.Difference || !j.difference(e, g, others)) {
			return false
		}
	}
	return true
}

func (j *judge) difference(e entitle.Entitlement, g entitle.Exclusive, others int64) bool {
	claimed, got := int64(0), int64(0)
	for k, o := range j.all {
		if o.Item == e.Item && o.Enterprise == e.Enterprise && slices.Contains(o.Exclusive, g) {
			got += j.x[k]
			if !j.served(o) {
				claimed += int64(o.Amount)
			}
		}
	}
	return got <= max(0, claimed-others)
}

// under reports whether a cap that owner brings holds.
func (j *judge) under(c entitle.Cap, owner entitle.Claim) bool {
	mine := func(x entitle.Claim) bool {
		return c.Item != "" && x.Item == c.Item || c.Item == "" && x.CapGroup == c.Group
	}
	with := func(firm string) bool {
		return len(c.Firms) == 0 && firm == owner.Enterprise || slices.Contains(c.Firms, firm)
	}
	counts := func(x entitle.Claim) bool {
		inGroup := c.Group != "" && x.CapGroup == c.Group && c.Kind != entitle.PerGrant
		inTime := c.Kind == entitle.Total || c.Kind == entitle.Times || c.Kind == entitle.PerGrant && x.Period == owner.Period ||
			c.Kind == entitle.PerYear && x.Period[:4] == owner.Period[:4]
		return (mine(x) || inGroup) && with(x.Enterprise) && inTime
	}
	if !mine(owner) || !with(owner.Enterprise) {
		return true
	}
	sum, times := int64(0), map[string]bool{}
	for k, o := range j.all {
		if j.x[k] > 0 && counts(o.Claim) {
			sum += j.x[k]
			times[o.ID] = true
		}
	}
	for _, p := range j.p.Paid {
		if p.Amount > 0 && counts(claimOf(p)) {
			sum += int64(p.Amount)
			times[p.ID()] = true
		}
	}
	if c.Kind == entitle.Times {
		return len(times) <= c.Times
	}
	return sum <= int64(c.Most)
}

// holds reports whether the reason of line i is true, with j.x set to what is paid.
func (j *judge) holds(i int, r *Reason) bool {
	e := j.all[i]
	switch r.Kind {
	case Excluded, SameBasis, PaidBefore:
		if r.Paid {
			return j.paidAgainst(e, r)
		}
		return slices.ContainsFunc(j.all, func(o entitle.Entitlement) bool {
			at := slices.IndexFunc(j.all, func(x entitle.Entitlement) bool { return x.ID == o.ID })
			earlier := j.late[i] && shares(e, o, entitle.First) && !j.late[at]
			return o.ID == r.By && j.excludes(e, o) && (j.x[at] > 0 || earlier)
		})
	case NotChosen:
		chosen := j.p.Chosen[Chooser{e.Enterprise, r.Group}]
		return chosen != "" && chosen != e.Item
	case Deducted:
		j.x[i]++
		defer func() { j.x[i]-- }()
		return !j.difference(e, entitle.Exclusive{Group: r.Group, Rule: entitle.Difference}, int64(r.Sum))
	case Cut:
		j.x[i]++
		defer func() { j.x[i]-- }()
		for k, o := range j.all {
			if j.x[k] > 0 && !j.under(r.Limit.Cap, o.Claim) {
				return true
			}
		}
	case NotProved:
	}
	return false
}

func (j *judge) paidAgainst(e entitle.Entitlement, r *Reason) bool {
	return slices.ContainsFunc(j.p.Paid, func(p entitle.Paid) bool {
		if p.ID() != r.By || p.Amount == 0 {
			return false
		}
		switch r.Kind {
		case Excluded:
			return p.Item != e.Item && p.Enterprise == e.Enterprise && slices.Contains(p.Groups, r.Group)
		case SameBasis:
			return oneThing(e.Claim, claimOf(p))
		}
		return r.By == e.ID
	})
}
