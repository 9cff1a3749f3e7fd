package engine

import (
	"context"
	"errors"
	"slices"
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
	q.table, q.nodes, q.fields, q.odd = t, slices.Clone(p.nodes), make([]*encoded, len(p.fields)), map[int][]int{}
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
			if e.naming != nil && e.naming.of == p.table.columns[index] {
				q.fields[index].naming = e.naming
			}
		}
	}
	if err := q.fetch(); err != nil {
		return nil, err
	}
	q.touch()
	q.encode()
	return &q, nil
}
