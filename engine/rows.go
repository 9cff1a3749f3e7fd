package engine

import (
	"context"
	"errors"
	"maps"
	"slices"

	"mianshen/engine/kernel"
	"mianshen/rules"
)

// ErrReplan says that facts have come in for which the plan wasn't made; a new plan must be.
var ErrReplan = errors.New("the plan no longer holds for the table")

// Rows decides all items for some rows of the table as they are now; row i of the result is rows[i]. What columns held when the
// plan was made doesn't matter, so after Table.Change this is how changed enterprises are decided anew. ErrReplan: the plan
// doesn't hold for the new facts.
func (p *Plan) Rows(ctx context.Context, rows []int) (*Result, error) {
	q, err := p.over(p.table.gather(rows))
	if err != nil {
		return nil, err
	}
	return q.Sweep(ctx)
}

// over is the plan for another table whose dictionaries, scales and bounds are those of the plan's own.
func (p *Plan) over(t *Table) (*Plan, error) {
	q := *p
	q.table, q.nodes, q.fields, q.odd = t, slices.Clone(p.nodes), make([]*encoded, len(p.fields)), nil
	q.derived, q.byHand, q.hand = map[int]*derived{}, map[string][]int{}, false
	if !q.Fits() {
		return nil, ErrReplan
	}
	for index, d := range p.derived {
		now := q.derive(t.Vocabulary.Fields[index], d)
		if len(now.values) != len(d.values) {
			return nil, ErrReplan
		}
		q.derived[index] = now
	}
	for index, e := range p.fields {
		if e != nil {
			q.fields[index] = &encoded{field: e.field}
		}
	}
	if p.around.History != nil || p.around.Findings != nil {
		for _, it := range p.items {
			q.byHand[it.rule.Item.ID] = q.touched(it.rule)
			q.hand = q.hand || len(q.byHand[it.rule.Item.ID]) > 0
		}
	}
	if err := q.fetch(q.compiled()); err != nil {
		return nil, err
	}
	q.hand = q.hand || len(q.odd) > 0
	return &q, q.encode()
}

func (p *Plan) compiled() []*rules.Rule {
	out := make([]*rules.Rule, len(p.items))
	for i, it := range p.items {
		out[i] = it.rule
	}
	return out
}

// Replace returns the result with the outcomes of some rows taken from what Rows came to for them. rows ascend, each once; rows
// past the end of r are added, and must be all up to the last.
func (r *Result) Replace(rows []int, with *Result) (*Result, error) {
	if len(rows) != with.rows || !slices.Equal(r.items, with.items) {
		return nil, ErrState
	}
	out := &Result{items: r.items, blocks: slices.Clone(r.blocks), rows: r.rows, Faults: maps.Clone(r.Faults)}
	if n := len(rows); n > 0 {
		out.rows = max(out.rows, rows[n-1]+1)
	}
	for from := 0; from < len(rows); {
		block := rows[from] / kernel.Rows
		to := from
		for to < len(rows) && rows[to]/kernel.Rows == block {
			to++
		}
		for len(out.blocks) <= block {
			out.blocks = append(out.blocks, emptyBlock(len(r.items)))
		}
		out.blocks[block] = out.blocks[block].patch(r.items, rows[from:to], with, from)
		from = to
	}
	counts := make([]count, len(out.items))
	for _, b := range out.blocks {
		b.count(out.items, counts)
	}
	out.total(counts)
	return out, nil
}

func emptyBlock(items int) *blockResult {
	return &blockResult{at: make([]uint32, 2*items+1), paid: make([]uint32, items+1)}
}

// patch is the block with some rows as another result has them, from its row first on.
func (r *blockResult) patch(items []grant, rows []int, with *Result, first int) *blockResult {
	var b builder
	b.reset(len(items))
	var t, u kernel.Bits
	for i, g := range items {
		r.set(i, 0, &t)
		r.set(i, 1, &u)
		paid := view{r, i, g}.amounts()
		fresh := map[int]int64{}
		for k, row := range rows {
			at := row % kernel.Rows
			bit := uint64(1) << (uint(at) & 63)
			t[at>>6] &^= bit
			u[at>>6] &^= bit
			switch with.Outcome(i, first+k) {
			case rules.Eligible:
				t[at>>6] |= bit
				amount, _ := with.Amount(i, first+k)
				fresh[at] = int64(amount)
			case rules.Unknown:
				u[at>>6] |= bit
			}
		}
		b.merge(g, &t, &u, paid, fresh)
	}
	return b.take()
}
