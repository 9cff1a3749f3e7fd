package engine

import (
	"context"
	"slices"

	"mianshen/engine/kernel"
)

// Tally counts what one condition of an item came to.
type Tally struct {
	ID                   string // of the condition
	True, False, Unknown int
	Columns              bool // columns decide it; if not, nothing is counted
}

// Tallies counts each condition of item i by itself over all enterprises, in policy order.
func (p *Plan) Tallies(ctx context.Context, i int) ([]Tally, error) {
	out := make([]Tally, len(p.items[i].parts))
	for j, part := range p.items[i].parts {
		out[j] = Tally{ID: part.id, Columns: part.ok}
	}
	err := p.conditions(ctx, i, func(_, j, rows int, t, n *kernel.Bits) {
		yes, open := kernel.Count(t), kernel.Count(n)
		out[j].True += yes
		out[j].Unknown += open
		out[j].False += rows - yes - open
	})
	return out, err
}

// conditions calls visit for each block and each condition of item i that columns decide: t is where it is true, n where it
// isn't known.
func (p *Plan) conditions(ctx context.Context, i int, visit func(block, condition, rows int, t, n *kernel.Bits)) error {
	w, it := p.newWorker(), p.items[i]
	var lits []int32
	for _, part := range it.parts {
		if part.ok {
			lits = append(lits, part.lit)
		}
	}
	groups := p.below(lits)
	w.reserve(groups)
	for b := range blocks(p.table.Rows()) {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.predicates(b)
		for _, id := range groups {
			w.group(id)
		}
		for j, part := range it.parts {
			if part.ok {
				t, n := w.literal(part.lit, p.size(b))
				visit(b, j, p.size(b), &t, &n)
			}
		}
	}
	return nil
}

// literal is where a literal is true, and where it isn't known, in the block at hand.
func (w *worker) literal(lit int32, rows int) (t, n kernel.Bits) {
	t, n = *w.ts[lit>>1], *w.ns[lit>>1]
	if lit&1 == 1 {
		for k := range t {
			t[k] = ^(t[k] | n[k])
		}
	}
	trim(&t, rows)
	trim(&n, rows)
	return t, n
}

// below lists the groups that literals are made of, inner ones first.
func (p *Plan) below(lits []int32) []int32 {
	var out []int32
	for _, lit := range lits {
		if n := p.nodes[lit>>1]; n.kind >= nodeAny {
			out = append(append(out, p.below(n.kids)...), lit>>1)
		}
	}
	slices.Sort(out) // kids have smaller numbers than the groups they are in
	return slices.Compact(out)
}

// reserve gives groups places of their own: items otherwise share the places of groups that they alone use.
func (w *worker) reserve(groups []int32) {
	for _, id := range groups {
		pair := new([2]kernel.Bits)
		w.ts[id], w.ns[id] = &pair[0], &pair[1]
	}
}
