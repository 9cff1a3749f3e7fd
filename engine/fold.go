package engine

import (
	"cmp"
	"slices"

	"mianshen/engine/kernel"
)

// fewWords is up to how many words with possible rows a group is evaluated word by word instead of as a whole.
const fewWords = 20

// fold decides the conditions of an item over the block at hand, the most selective first, and stops when no row is left. What no
// item asks for any more isn't evaluated.
func (w *worker) fold(it *item, rows int) *kernel.Active {
	a := &w.active
	rest := it.order
	switch {
	case rows == kernel.Rows && it.plain >= 2:
		x, y := rest[0]>>1, rest[1]>>1
		w.need(x)
		w.need(y)
		a.Two(w.ts[x], w.ns[x], w.ts[y], w.ns[y])
		rest = rest[2:]
	case rows == kernel.Rows && it.plain == 1:
		x := rest[0] >> 1
		w.need(x)
		a.One(w.ts[x], w.ns[x])
		rest = rest[1:]
	default:
		a.All(rows)
	}
	for _, lit := range rest {
		if a.Len() == 0 {
			break
		}
		id := lit >> 1
		if w.stamps[id] != w.epoch && w.piecemeal(id) {
			w.below(id)
			a.AndWords(func(word int, among uint64) (t, p uint64) { return w.word(lit, word, among) })
			continue
		}
		w.need(id)
		if lit&1 == 1 {
			a.AndNot(w.ts[id], w.ns[id])
		} else {
			a.And(w.ts[id], w.ns[id])
		}
	}
	return a
}

// single reports whether a literal is a predicate over columns or a constant, not a group.
func (p *Plan) single(lit int32) bool { return p.nodes[lit>>1].kind < nodeAny }

// below evaluates the predicates that a group is made of, or a predicate by itself, but for those that can be asked row by row.
func (w *worker) below(id int32) {
	n := &w.plan.nodes[id]
	if n.kind < nodeAny && !n.few {
		w.need(id)
	}
	for _, lit := range n.kids {
		w.below(lit >> 1)
	}
}

// word is a literal over one word of the block: where it is known to be true, and where it isn't known to be false. Only the rows among
// some need be right.
func (w *worker) word(lit int32, i int, among uint64) (t, p uint64) {
	id := lit >> 1
	n := &w.plan.nodes[id]
	switch {
	case n.few && n.kind < nodeAny && w.stamps[id] != w.epoch:
		t, p = w.some(n, i, among)
	case n.kind < nodeAny:
		t = w.ts[id][i]
		p = t | w.ns[id][i]
	case n.kind == nodeAny:
		for _, kid := range n.kids {
			kt, kp := w.word(kid, i, among)
			t, p = t|kt, p|kp
		}
	default:
		t, p = ^uint64(0), ^uint64(0)
		for _, kid := range n.kids {
			kt, kp := w.word(kid, i, among)
			t, p = t&kt, p&kp
		}
	}
	if lit&1 == 1 {
		return ^p, ^t
	}
	return t, p
}

// samples is over how many blocks selectivity is counted.
const samples = 4

// sort orders the conditions of each item: predicates before groups, those first that leave the fewest rows possible.
func (p *Plan) sort() {
	yes, possible := make([]int, len(p.nodes)), make([]int, len(p.nodes))
	w := p.newWorker()
	all := blocks(p.table.Rows())
	for i := range min(all, samples) {
		w.predicates(i * all / min(all, samples))
		for _, id := range slices.Concat(p.leaves, p.joined) {
			yes[id] += kernel.Count(w.ts[id])
			possible[id] += kernel.Count(w.ts[id]) + kernel.Count(w.ns[id])
		}
	}
	left := func(lit int32) int {
		if lit&1 == 1 {
			return samples*kernel.Rows - yes[lit>>1]
		}
		return possible[lit>>1]
	}
	for _, it := range p.items {
		it.order = it.order[:0]
		for _, id := range it.pos {
			it.order = append(it.order, id<<1)
		}
		for _, id := range it.neg {
			it.order = append(it.order, id<<1|1)
		}
		slices.SortStableFunc(it.order, func(a, b int32) int {
			return cmp.Or(cmp.Compare(p.nodes[a>>1].kind/nodeAny, p.nodes[b>>1].kind/nodeAny), cmp.Compare(left(a), left(b)))
		})
		it.plain = 0
		for it.plain < min(2, len(it.order)) && it.order[it.plain]&1 == 0 && p.single(it.order[it.plain]) {
			it.plain++
		}
	}
}
