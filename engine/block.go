package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"mianshen/engine/kernel"
	"mianshen/engine/outcome"
	"mianshen/rules"
)

// worker evaluates blocks, one after the other.
type worker struct {
	plan     *Plan
	ts, ns   []*kernel.Bits // by node, for the block at hand
	m        machine
	reserved bool // groups have the places that a report wants

	at     int      // block at hand
	epoch  int32    // of it
	stamps []int32  // by node: the epoch in which it was evaluated
	thin   []*words // by node
	active kernel.Active
	asked  [8]kernel.Literal // of the item at hand

	rows    []uint16 // of the item at hand: eligible
	wait    []uint16 // unknown
	sums    []int64
	session *rules.Session
	hand    map[int][]handled // by item, for the block at hand, by row
	masks   map[int]*[2]kernel.Bits
	out     outcome.Builder
	faults  map[Fault]int
}

// handled is a pair that a rule's own program has decided.
type handled struct {
	row     uint16
	outcome rules.Outcome
	amount  int64 // -1: none
}

func (p *Plan) newWorker() *worker {
	w := &worker{plan: p, ts: make([]*kernel.Bits, len(p.nodes)), ns: make([]*kernel.Bits, len(p.nodes)), stamps: make([]int32, len(p.nodes)), thin: make([]*words, len(p.nodes)), faults: map[Fault]int{}}
	w.m.w = w
	private := 0
	for _, it := range p.items {
		private = max(private, len(it.temps))
	}
	shared := make([]kernel.Bits, 2*private)
	for id, n := range p.nodes {
		switch n.kind {
		case nodeConstant:
			w.ts[id], w.ns[id] = &constants[n.truth][0], &constants[n.truth][1]
		case nodeAtLeast, nodeLook:
			w.ts[id] = new(kernel.Bits)
		}
	}
	for _, id := range p.joined {
		pair := new([2]kernel.Bits)
		w.ts[id], w.ns[id] = &pair[0], &pair[1]
	}
	for _, it := range p.items {
		for i, id := range it.temps {
			w.ts[id], w.ns[id] = &shared[2*i], &shared[2*i+1]
		}
	}
	for _, id := range p.leaves {
		if n := &p.nodes[id]; n.kind == nodeLook && (len(n.unclear) > 0 || p.fields[n.field].lists == nil) {
			w.ns[id] = new(kernel.Bits)
		}
	}
	return w
}

// size is how many rows of a block exist.
func (p *Plan) size(block int) int { return min(p.table.Rows()-block*kernel.Rows, kernel.Rows) }

func bitsAt(words []uint64, block int) *kernel.Bits {
	return (*kernel.Bits)(words[block*kernel.Words:])
}

// leaf evaluates one predicate over one column.
func (w *worker) leaf(id int32, block int) {
	n := &w.plan.nodes[id]
	e := w.plan.fields[n.field]
	open := bitsAt(e.missing, block)
	switch n.kind {
	case nodeTrue:
		w.ts[id], w.ns[id] = bitsAt(e.bits, block), open
	case nodeMember:
		w.ts[id], w.ns[id] = bitsAt(n.rows, block), open
	case nodeAtLeast:
		w.ns[id] = open
		w.atLeast(w.ts[id], n, e, block, open)
	case nodeLook:
		w.look(id, n, e, block, open)
	}
}

func (w *worker) atLeast(t *kernel.Bits, n *node, e *encoded, block int, open *kernel.Bits) {
	from := block * kernel.Rows
	to := from + w.plan.size(block)
	switch {
	case e.planes != nil:
		size := e.depth * kernel.Words
		kernel.GEPlanes(e.planes[block*size:(block+1)*size], uint(n.rank), t)
	case e.ints != nil:
		kernel.GE64(e.ints[from:to], n.bound, t)
		kernel.AndNot(t, t, open)
	default:
		kernel.GE32(e.days[from:to], int32(min(max(n.bound, math.MinInt32), math.MaxInt32)), t)
		kernel.AndNot(t, t, open)
	}
}

// look evaluates a condition over a dictionary.
func (w *worker) look(id int32, n *node, e *encoded, block int, open *kernel.Bits) {
	t := w.ts[id]
	if e.lists == nil {
		kernel.Table32(e.codes[block*kernel.Rows:block*kernel.Rows+w.plan.size(block)], n.answers, t, w.ns[id])
		kernel.AndNot(t, t, open)
		kernel.Or(w.ns[id], w.ns[id], open)
		return
	}
	if len(n.yes) == 1 && e.dense[n.yes[0]] != nil && len(n.unclear) == 0 {
		w.ts[id], w.ns[id] = e.common(int(n.yes[0]), block), open
		return
	}
	*t = kernel.Bits{}
	e.gather(t, n.yes, block)
	if len(n.unclear) == 0 {
		w.ns[id] = open
		return
	}
	unclear := w.ns[id]
	*unclear = *open
	e.gather(unclear, n.unclear, block)
}

// gather adds the rows of some codes to out.
func (e *encoded) gather(out *kernel.Bits, codes []uint16, block int) {
	for _, code := range codes {
		if e.dense[code] != nil {
			kernel.Or(out, out, e.common(int(code), block))
			continue
		}
		for _, r := range e.lists.of(block, int(code)) {
			out[r>>6%kernel.Words] |= 1 << (r & 63)
		}
	}
}

// cancelEvery is after how many items of a block the context is asked: 64 items of a block take well below a millisecond, so that a
// cancelled sweep stops within the 10 ms that the contract gives, however many items there are.
const cancelEvery = 64

// block evaluates every item over one block and returns what came of it.
func (w *worker) block(ctx context.Context, block int) (*outcome.Block, error) {
	p := w.plan
	rows := p.size(block)
	w.begin(block)
	if err := w.byHand(ctx, block, rows); err != nil {
		return nil, err
	}
	w.out.Reset(len(p.items))
	for i := range p.tasks {
		if i%cancelEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if k := &p.tasks[i]; k.easy && len(w.hand) == 0 {
			w.out.AddActive(&k.grant, w.fold(k, rows))
			continue
		}
		w.pay(p.items[i], i, block, rows)
	}
	return w.out.Take(), ctx.Err()
}

// begin turns to a block, of which nothing is evaluated yet.
func (w *worker) begin(block int) {
	w.at = block
	w.epoch++
}

// need sees to it that a predicate or group is evaluated over the block at hand.
func (w *worker) need(id int32) {
	if w.stamps[id] == w.epoch {
		return
	}
	w.stamps[id] = w.epoch
	n := &w.plan.nodes[id]
	switch {
	case n.kind == nodeConstant:
	case n.kind == nodeCompare:
		w.tests(&n.compare.prog)
		w.m.compare(n.compare, w.at, w.plan.size(w.at), w.ts[id], w.ns[id])
	case n.kind >= nodeAny:
		for _, lit := range n.kids {
			w.need(lit >> 1)
		}
		w.group(id)
	default:
		w.leaf(id, w.at)
	}
}

// tests evaluates what a program chooses by.
func (w *worker) tests(p *program) {
	for i := range p.steps {
		if p.steps[i].op == stepChoose {
			w.need(p.steps[i].test >> 1)
		}
	}
}

// predicates evaluates everything that items share over a block.
func (w *worker) predicates(block int) {
	w.begin(block)
	for _, id := range w.plan.leaves {
		w.need(id)
	}
	for _, id := range w.plan.joined {
		w.need(id)
	}
}

func (w *worker) group(id int32) {
	n := &w.plan.nodes[id]
	if n.kind == nodeAny {
		kernel.Any(w.ts[id], w.ns[id], w.ts, w.ns, n.kids)
		return
	}
	kernel.All(w.ts[id], w.ns[id], w.ts, w.ns, n.kids)
}

// trim clears the rows past the end.
func trim(b *kernel.Bits, rows int) {
	for i := range b {
		switch left := rows - i*64; {
		case left <= 0:
			b[i] = 0
		case left < 64:
			b[i] &= 1<<uint(left) - 1
		}
	}
}

// pay computes amounts where the conditions are true and adds the item to the result. Where an amount isn't known, eligible becomes
// unknown.
func (w *worker) pay(it *item, index, block, rows int) {
	if hand := w.hand[index]; it.whole || len(hand) > 0 || it.pay.kind == wholeAmount {
		w.handled(it, index, block, rows, hand)
		return
	}
	a := w.fold(&w.plan.tasks[index], rows)
	w.rows, w.wait = a.Rows(w.rows[:0], w.wait[:0])
	w.sums = w.sums[:0]
	if len(w.rows) == 0 {
		w.out.Add(it.grant, nil, nil, w.wait)
		return
	}
	switch it.pay.kind {
	case openAmount:
		w.wait = append(w.wait, w.rows...)
		slices.Sort(w.wait)
		w.out.Add(it.grant, nil, nil, w.wait)
	case formulaAmount:
		before := len(w.wait)
		w.compute(it, block, w.rows)
		if len(w.wait) > before {
			slices.Sort(w.wait)
		}
		w.out.Add(it.grant, w.rows, w.sums, w.wait)
	default:
		w.out.Add(it.grant, w.rows, nil, w.wait)
	}
}

// compute leaves in w.rows and w.sums the rows whose amount is known, and adds the others to w.wait.
func (w *worker) compute(it *item, block int, rows []uint16) {
	w.tests(&it.pay.prog)
	w.m.run(&it.pay.prog, block, rows, len(rows))
	vals := w.m.vals[it.pay.sum.reg]
	w.sums = w.sums[:0]
	kept := rows[:0]
	for j, r := range rows {
		if !w.m.known(it.pay.sum.reg, j) {
			w.wait = append(w.wait, r)
			continue
		}
		kept = append(kept, r)
		w.sums = append(w.sums, it.pay.round(vals[j]))
	}
	w.rows = kept
}

// Decide decides one pair by the rule's own program for the profile that the session has loaded. A fault of the program is that
// pair's 待核实, never the end of what asks.
func Decide(s *rules.Session, r *rules.Rule) (d *rules.Decision) {
	defer func() {
		if p := recover(); p != nil {
			d = s.Undecided(r, fmt.Sprintf("%s%v", faultPrefix, p))
		}
	}()
	return s.Decide(r)
}

// faultPrefix begins the reason of a pair whose program failed.
const faultPrefix = "判定时出错："

// decide is Decide, counting faults.
func (w *worker) decide(r *rules.Rule) *rules.Decision {
	d := Decide(w.session, r)
	if len(d.Faults) == 1 && strings.HasPrefix(d.Faults[0], faultPrefix) {
		w.faults[Fault{Item: r.Item.ID, Reason: d.Faults[0]}]++
	}
	return d
}
