package best

import (
	"cmp"
	"slices"

	"mianshen/rules/exact"
)

// search walks the tree of who is paid. It first looks for the largest sum, then for the preferred combination that
// reaches it. In both it goes down only where a bound says that enough can still be reached.
//
// The bound relaxes the problem twice. Of each clique of entitlements that exclude each other pairwise only the largest
// counts; and of the limits that bind for certain only a nested family is kept, over which going through the cliques in
// any order and giving each what is left is exact (a laminar polymatroid).
type search struct {
	m        *model
	order    []int // in which entitlements are decided
	state    []state
	against  []int // how many of those that are in exclude it
	cliques  []clique
	nested   []int // limits kept for the bound: any two are disjoint or nested
	steps    int
	left     int
	floor    int64 // a leaf must exceed it
	ties     bool  // the sum is known: the first leaf that reaches it with settled amounts ends the search
	done     bool
	open     int64 // the largest bound among branches given up
	total    int64
	pay      []int64
	counts   []int64 // by limit: how many members are in
	binding  []int   // by limit: how many owners are in
	crossing bool
}

type state uint8

const (
	undecided state = iota
	in
	out
)

type clique struct{ members, chain []int }

func newSearch(m *model, steps int) *search {
	n := len(m.all)
	s := &search{m: m, left: steps, state: make([]state, n), against: make([]int, n), pay: make([]int64, n)}
	s.counts, s.binding = make([]int64, len(m.limits)), make([]int, len(m.limits))
	for i := range n {
		if m.most[i] > 0 {
			s.order = append(s.order, i)
		} else {
			s.state[i] = out
		}
	}
	s.nested, s.crossing = m.nest(s.order)
	s.cover()
	return s
}

// run gives the answer without reasons.
func (s *search) run() Answer {
	preferred := slices.Clone(s.order)
	slices.SortStableFunc(s.order, func(a, b int) int { return cmp.Compare(s.m.most[b], s.m.most[a]) })
	s.walk(0)
	a := Answer{Proved: s.left > 0 || s.open <= s.total}
	best := max(s.total, s.open)
	if a.Proved && s.left > 0 && s.total > 0 {
		s.order, s.ties = preferred, true
		s.floor = s.total - 1
		s.walk(0)
		a.Settled = s.done
	} else {
		a.Settled = a.Proved && s.total == 0
	}
	a.Steps, a.Total, a.Bound = s.steps, exact.Money(s.total), exact.Money(best)
	for i, e := range s.m.all {
		a.Lines = append(a.Lines, Line{Entitlement: e, Pay: exact.Money(s.pay[i])})
	}
	return a
}

// walk decides the entitlements from position at on.
func (s *search) walk(at int) {
	for at < len(s.order) && s.against[s.order[at]] > 0 {
		at++ // what is excluded needs no decision
	}
	bound := s.bound()
	if s.done || bound <= s.floor {
		return
	}
	if s.left <= 0 {
		s.open = max(s.open, bound)
		return
	}
	s.left--
	s.steps++
	if at == len(s.order) {
		s.leaf()
		return
	}
	i := s.order[at]
	if s.take(i) {
		s.walk(at + 1)
	}
	s.drop(i)
	s.state[i] = out
	s.walk(at + 1)
	s.state[i] = undecided
}

// take puts an entitlement in and reports whether the numbers that limits allow still hold.
func (s *search) take(i int) bool {
	s.state[i] = in
	for _, c := range s.m.clashes[i] {
		s.against[c.other]++
	}
	for _, k := range s.m.of[i] {
		s.counts[k]++
		if s.m.limits[k].owned[i] {
			s.binding[k]++
		}
	}
	for _, k := range s.m.of[i] {
		if l := &s.m.limits[k]; s.binding[k] > 0 && (s.counts[k] > l.times || s.counts[k] > l.room) {
			return false
		}
	}
	return true
}

func (s *search) drop(i int) {
	for _, c := range s.m.clashes[i] {
		s.against[c.other]--
	}
	for _, k := range s.m.of[i] {
		s.counts[k]--
		if s.m.limits[k].owned[i] {
			s.binding[k]--
		}
	}
}

// leaf sets the amounts of those that are in, at least 1 分 each: a combination that pays one of them nothing is another leaf.
func (s *search) leaf() {
	var chosen, limits []int
	for i, st := range s.state {
		if st == in {
			chosen = append(chosen, i)
		}
	}
	for k, owners := range s.binding {
		if owners > 0 && s.m.limits[k].room != unlimited {
			limits = append(limits, k)
		}
	}
	p := newPacking(s.m, chosen, limits)
	total, bound, ok := p.best(&s.left, &s.steps, s.crossing)
	if bound > total {
		s.open = max(s.open, bound) // gave up among the amounts
	}
	if !ok || total <= s.floor {
		return
	}
	amounts, settled := p.amounts(total, &s.left, &s.steps, s.crossing && s.ties)
	if !s.ties || settled {
		clear(s.pay)
		for j, i := range chosen {
			s.pay[i] = amounts[j]
		}
	}
	if s.ties {
		s.done = settled
		return
	}
	s.total, s.floor = total, total
}

// bound is a sum that no leaf below the present node exceeds.
func (s *search) bound() int64 {
	values := make([]int64, len(s.cliques))
	for c, q := range s.cliques {
		for _, i := range q.members {
			if s.state[i] == in || s.state[i] == undecided && s.against[i] == 0 {
				values[c] = max(values[c], s.m.most[i])
			}
		}
	}
	room := make([]int64, len(s.m.limits))
	for _, k := range s.nested {
		room[k] = s.room(k)
	}
	sum := int64(0)
	for c, q := range s.cliques {
		v := values[c]
		for _, k := range q.chain {
			v = min(v, room[k])
		}
		for _, k := range q.chain {
			if room[k] != unlimited {
				room[k] -= v
			}
		}
		sum += v
	}
	return sum
}

// room is what a limit leaves at the present node: unlimited while it may not bind, and for a limit of number the sum of the
// largest that number allows, one a clique.
func (s *search) room(k int) int64 {
	l := &s.m.limits[k]
	if !l.uniform && s.binding[k] == 0 {
		return unlimited
	}
	if l.times >= int64(len(l.members)) {
		return l.room
	}
	var values []int64
	for _, q := range s.cliques {
		v := int64(0)
		for _, i := range q.members {
			if l.in[i] && (s.state[i] == in || s.state[i] == undecided && s.against[i] == 0) {
				v = max(v, s.m.most[i])
			}
		}
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b int64) int { return cmp.Compare(b, a) })
	sum := int64(0)
	for _, v := range values[:min(int64(len(values)), l.times)] {
		sum += v
	}
	return min(sum, l.room)
}

// cover parts the entitlements into cliques, largest amounts first, each joining the first clique that it clashes with entirely.
func (s *search) cover() {
	order := slices.Clone(s.order)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.m.most[b], s.m.most[a]) })
	where := make([]int, len(s.m.all))
	for i := range where {
		where[i] = -1
	}
	for _, i := range order {
		met := make([]int, len(s.cliques))
		seen := map[int]bool{}
		for _, c := range s.m.clashes[i] {
			if w := where[c.other]; w >= 0 && !seen[c.other] {
				seen[c.other] = true
				met[w]++
			}
		}
		at := 0
		for at < len(met) && met[at] < len(s.cliques[at].members) {
			at++
		}
		if at == len(met) {
			s.cliques = append(s.cliques, clique{})
		}
		s.cliques[at].members = append(s.cliques[at].members, i)
		where[i] = at
	}
	for c := range s.cliques {
		q := &s.cliques[c]
		for _, k := range s.nested {
			if l := &s.m.limits[k]; !slices.ContainsFunc(q.members, func(i int) bool { return !l.in[i] }) {
				q.chain = append(q.chain, k)
			}
		}
	}
}
