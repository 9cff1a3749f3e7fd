package engine

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"sync"

	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// Single decides all items of a plan for one enterprise at a time. Each item is filed under the condition that refuses most
// enterprises of the plan's table; only items whose condition doesn't refuse the enterprise are looked at, and predicates are
// evaluated when the first of them asks. A Single is immutable and may be used from many goroutines at once. It answers for the
// policies and circumstances of its plan, for any enterprise, also after the plan's table has changed.
type Single struct {
	plan   *Plan
	inputs []input
	reads  [][]int32 // by item: fields, and derived texts, that its outcome may depend on

	lits    []int32 // the conditions of item i: lits[at[i]:at[i+1]], those that refuse most first
	at      []int32
	shelves []*shelf           // by field; nil: nothing is filed there
	others  []group            // items filed under conditions that have no place on a shelf
	always  []int32            // items without a condition that columns decide
	byHand  map[string][]int32 // enterprise -> items that only the rule's own program may decide
	pool    sync.Pool
}

// Answer is what one item came to for an enterprise that it doesn't refuse.
type Answer struct {
	Item      int           // index of the item, as in Plan.Items
	Outcome   rules.Outcome // Eligible or Unknown
	Amount    exact.Money   // in 分, of an eligible enterprise, where the item has one
	HasAmount bool
}

// Single prepares the plan for deciding one enterprise at a time. No column may have been put into the table since the plan was
// made.
func (p *Plan) Single() *Single {
	s := &Single{plan: p, inputs: p.inputs(), reads: p.readings(), byHand: p.firmsByHand()}
	s.shelves = make([]*shelf, len(p.fields))
	s.pool.New = func() any { return s.newInquiry() }
	filed := s.order(p.possible())
	for _, lit := range slices.Sorted(maps.Keys(filed)) {
		if items := filed[lit]; !s.file(lit, items) {
			s.others = append(s.others, group{lit: lit, items: items})
		}
	}
	for _, sh := range s.shelves {
		if sh != nil {
			sh.order()
		}
	}
	return s
}

// order lists the conditions of each item and returns the items by their first condition.
func (s *Single) order(possible []int) map[int32][]int32 {
	filed := map[int32][]int32{}
	s.at = append(s.at, 0)
	for i, it := range s.plan.items {
		from := len(s.lits)
		for _, id := range it.pos {
			s.lits = append(s.lits, id<<1)
		}
		for _, id := range it.neg {
			s.lits = append(s.lits, id<<1|1)
		}
		own := s.lits[from:]
		slices.SortFunc(own, func(a, b int32) int { return cmp.Or(cmp.Compare(possible[a], possible[b]), cmp.Compare(a, b)) })
		s.at = append(s.at, int32(len(s.lits)))
		if len(own) == 0 {
			s.always = append(s.always, int32(i))
			continue
		}
		filed[own[0]] = append(filed[own[0]], int32(i))
	}
	return filed
}

// firmsByHand lists by enterprise the items for which history or persons' findings say something about it.
func (p *Plan) firmsByHand() map[string][]int32 {
	out := map[string][]int32{}
	if p.around.History == nil && p.around.Findings == nil {
		return out
	}
	for i, it := range p.items {
		awards, _ := it.rule.Related()
		firms := p.around.History.Firms(append(awards, it.rule.Item.ID))
		firms = append(firms, p.around.Findings.Firms(it.rule.Item.ID)...)
		slices.Sort(firms)
		for _, f := range slices.Compact(firms) {
			out[f] = append(out[f], int32(i))
		}
	}
	return out
}

// maxSampled is how many blocks of the table are looked at to learn which conditions refuse most.
const maxSampled = 4

// possible counts, by literal, in how many rows of some blocks it isn't false.
func (p *Plan) possible() []int {
	out := make([]int, 2*len(p.nodes))
	all := blocks(p.table.Rows())
	w := p.newWorker()
	for k := range min(all, maxSampled) {
		w.possible(k*all/min(all, maxSampled), out)
	}
	return out
}

// possible adds to counts, by literal, in how many rows of a block it isn't false.
func (w *worker) possible(block int, counts []int) {
	rows := w.plan.size(block)
	counted := make([]bool, len(w.plan.nodes))
	count := func(ids []int32) {
		for _, id := range ids {
			if counted[id] {
				continue
			}
			counted[id] = true
			t, n := *w.ts[id], *w.ns[id]
			trim(&t, rows)
			trim(&n, rows)
			yes := kernel.Count(&t)
			counts[id<<1] += yes + kernel.Count(&n)
			counts[id<<1|1] += rows - yes
		}
	}
	w.predicates(block)
	for _, it := range w.plan.items {
		for _, id := range it.temps {
			w.group(id)
		}
		count(it.pos)
		count(it.neg)
	}
}

// Decide decides all items for the profile, which must be of the plan's vocabulary, and returns those that it isn't ineligible
// for, in the order of the items. It gives what a sweep would give for the enterprise. A fact that the plan's columns couldn't
// hold, such as a text that no enterprise of the table has, costs time: items that read it and aren't refused by other facts
// are decided by the rules' own programs.
func (s *Single) Decide(profile *rules.Profile) []Answer {
	q := s.pool.Get().(*inquiry)
	defer s.pool.Put(q)
	q.load(profile)
	for field, sh := range s.shelves {
		if sh != nil {
			q.search(sh, &q.facts[field])
		}
	}
	for i := range s.others {
		if g := &s.others[i]; q.literal(g.lit) != isFalse {
			q.visit(g.items)
		}
	}
	q.visit(s.always)
	for _, i := range q.hand {
		q.found[i>>6] |= 1 << (i & 63)
	}
	return q.answers()
}

// visit notes the items of which no condition is false.
func (q *inquiry) visit(items []int32) {
	for _, i := range items {
		if q.conditions(i) != isFalse {
			q.found[i>>6] |= 1 << (i & 63)
		}
	}
}

// conditions folds the conditions of an item.
func (q *inquiry) conditions(i int32) truth {
	v := isTrue
	for _, lit := range q.single.lits[q.single.at[i]:q.single.at[i+1]] {
		if v = min(v, q.literal(lit)); v == isFalse {
			break
		}
	}
	return v
}

// answers works out the noted items.
func (q *inquiry) answers() []Answer {
	n := 0
	for _, w := range q.found {
		n += bits.OnesCount64(w)
	}
	out := make([]Answer, 0, n)
	for k, w := range q.found {
		for ; w != 0; w &= w - 1 {
			a := q.answer(int32(k<<6 + bits.TrailingZeros64(w)))
			if a.Outcome != rules.Ineligible {
				out = append(out, a)
			}
		}
	}
	return out
}

// answer works out one item; it may still turn out ineligible.
func (q *inquiry) answer(i int32) Answer {
	it := q.single.plan.items[i]
	_, byHand := slices.BinarySearch(q.hand, i)
	v := q.conditions(i)
	if byHand || q.unsure(i) || it.whole || v == isTrue && it.pay.kind == wholeAmount {
		return q.program(i)
	}
	out := Answer{Item: int(i), Outcome: rules.Unknown}
	if v == isOpen || it.pay.kind == openAmount {
		return out
	}
	switch it.pay.kind {
	case fixedAmount:
		out.Amount, out.HasAmount = exact.Money(it.pay.fixed), true
	case formulaAmount:
		q.run(&it.pay.prog)
		sum := q.regs[it.pay.sum.reg]
		if !sum.known {
			return out
		}
		out.Amount, out.HasAmount = exact.Money(it.pay.round(sum.n)), true
	}
	out.Outcome = rules.Eligible
	return out
}

// unsure reports whether an item may depend on a fact that columns couldn't hold.
func (q *inquiry) unsure(i int32) bool {
	if !q.odd {
		return false
	}
	return slices.ContainsFunc(q.single.reads[i], func(f int32) bool { return q.facts[f].odd })
}

// program decides an item by the rule's own program.
func (q *inquiry) program(i int32) Answer {
	d := Decide(q.session(), q.single.plan.items[i].rule)
	out := Answer{Item: int(i), Outcome: d.Outcome}
	if d.Amount != nil {
		out.Amount, out.HasAmount = *d.Amount, true
	}
	return out
}
