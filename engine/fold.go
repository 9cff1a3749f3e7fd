package engine

import (
	"cmp"
	"slices"

	"mianshen/engine/kernel"
	"mianshen/engine/outcome"
)

// fewWords is up to how many words with possible rows a group is evaluated word by word instead of as a whole.
const fewWords = 20

// task is what every block asks of an item, kept apart from the rest of it: an item's share of a block takes less than a
// microsecond, in which few loads from far away fit. All orders stand one behind the other.
type task struct {
	order []int32 // conditions as literals, in the order in which they are asked
	grant outcome.Item
	plain uint8 // how many of the first two are predicates
	thin  bool  // the first is possible in few words of a block, and several items begin with it; neither is negated
	easy  bool  // columns decide it, and its amount is no formula
}

// fold decides the conditions of an item over the block at hand, the most selective first, and stops when no row is left. What no
// item asks for any more isn't evaluated.
func (w *worker) fold(it *task, rows int) *kernel.Active {
	a := &w.active
	rest := w.start(it, rows)
	for len(rest) > 0 && a.Len() > 0 {
		lit := rest[0]
		if id := lit >> 1; w.stamps[id] != w.epoch {
			if w.piecemeal(id) {
				w.below(id)
				a.AndWords(func(word int, among uint64) (t, p uint64) { return w.word(lit, word, among) })
				rest = rest[1:]
				continue
			}
			w.need(id)
		}
		n := w.ready(rest, 1, 2)
		a.Narrow(w.asked[:n])
		rest = rest[n:]
	}
	return a
}

// atOnce is how many conditions an item begins with, where they are evaluated already: wide registers go through all of them
// before anything is stored.
var atOnce = func() int {
	if kernel.SIMD() {
		return 8
	}
	return 2
}()

// start begins with the first conditions of an item and returns the others.
func (w *worker) start(it *task, rows int) []int32 {
	a := &w.active
	if rows != kernel.Rows || it.plain == 0 {
		a.All(rows)
		return it.order
	}
	for _, lit := range it.order[:it.plain] {
		if id := lit >> 1; w.stamps[id] != w.epoch {
			w.need(id)
		}
	}
	if it.thin && !kernel.SIMD() {
		x, y := it.order[0]>>1, it.order[1]>>1
		a.StartAt(w.filled(x), w.ts[x], w.ns[x], w.ts[y], w.ns[y])
		return it.order[2:]
	}
	n := w.ready(it.order, int(it.plain), atOnce)
	a.Start(w.asked[:n])
	return it.order[n:]
}

// ready puts down the first conditions, of which so many are evaluated, and those after them that are too, and returns how many
// they are: most at most.
func (w *worker) ready(lits []int32, evaluated, most int) int {
	for i, lit := range lits[:min(len(lits), most)] {
		id := lit >> 1
		if i >= evaluated && w.stamps[id] != w.epoch {
			return i
		}
		w.asked[i] = kernel.Literal{T: w.ts[id], N: w.ns[id], Not: lit&1 == 1}
	}
	return min(len(lits), most)
}

// words are those of the block at hand in which a predicate is possible.
type words struct {
	epoch int32
	at    []uint8
}

// filled are the words in which a predicate that several items begin with is possible, once evaluated.
func (w *worker) filled(id int32) []uint8 {
	f := w.thin[id]
	if f == nil {
		f = &words{at: make([]uint8, 0, kernel.Words)}
		w.thin[id] = f
	}
	if f.epoch != w.epoch {
		f.epoch = w.epoch
		f.at = kernel.Filled(f.at[:0], w.ts[id], w.ns[id])
	}
	return f.at
}

// single reports whether a literal is a predicate over columns or a constant, not a group.
func (p *Plan) single(lit int32) bool { return p.nodes[lit>>1].kind < nodeAny }

// below evaluates the predicates that a group is made of, or a predicate by itself, but for those that can be asked row by row.
func (w *worker) below(id int32) {
	n := &w.plan.nodes[id]
	if n.kind < nodeAny && w.plan.pieces[id]&pieceRows == 0 {
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
	case n.kind < nodeAny && w.plan.pieces[id]&pieceRows != 0 && w.stamps[id] != w.epoch:
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
	p.line(left)
	p.bundle(func(id int32) bool { return possible[id] < min(all, samples)*kernel.Words })
}

// line puts the conditions of each item in order, given how many rows of the samples a literal leaves possible.
func (p *Plan) line(left func(lit int32) int) {
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
	}
}

// bundle makes the tasks; few tells that a predicate is possible in few words of a block.
func (p *Plan) bundle(few func(id int32) bool) {
	first, total := make([]int, len(p.nodes)), 0
	for _, it := range p.items {
		total += len(it.order)
		if len(it.order) > 0 {
			first[it.order[0]>>1]++
		}
	}
	all := make([]int32, 0, total)
	p.tasks = make([]task, len(p.items))
	for i, it := range p.items {
		from := len(all)
		all = append(all, it.order...)
		it.order = all[from:len(all):len(all)]
		k := &p.tasks[i]
		k.set(it)
		for int(k.plain) < min(2, len(it.order)) && p.single(it.order[k.plain]) {
			k.plain++
		}
		k.thin = k.plain == 2 && (it.order[0]|it.order[1])&1 == 0 && first[it.order[0]>>1] > 1 && few(it.order[0]>>1)
	}
}

// set takes over what an item is.
func (k *task) set(it *item) {
	*k = task{order: it.order, grant: it.grant, easy: !it.whole && (it.pay.kind == noAmount || it.pay.kind == fixedAmount)}
}
