package engine

import (
	"math"
	"math/bits"

	"mianshen/engine/kernel"
)

// fewRows is up to how many possible rows of a block a condition is asked row by row instead of for all of them. It is for conditions
// that one item alone asks, over columns that aren't encoded: those of a plan with few items, which would spend its time on values
// that other conditions have refused already.
const fewRows = kernel.Rows / 4

// piece tells how a node can be asked other than for a whole block.
type piece uint8

const (
	pieceWords piece = 1 << iota // it is a group, which goes word by word
	pieceRows                    // it goes row by row, or has parts that do
)

// scatter finds out how nodes can be asked.
func (p *Plan) scatter() {
	p.pieces = make([]piece, len(p.nodes))
	for id := range p.nodes { // kids have smaller numbers than the groups they are in
		p.pieces[id] = p.piece(&p.nodes[id])
	}
}

func (p *Plan) piece(n *node) piece {
	if n.kind >= nodeAny {
		k := pieceWords
		for _, lit := range n.kids {
			k |= p.pieces[lit>>1] & pieceRows
		}
		if n.uses > 1 {
			k = pieceWords
		}
		return k
	}
	if n.uses <= 1 && (n.kind == nodeAtLeast && p.fields[n.field].planes == nil || n.kind == nodeLook && p.fields[n.field].lists == nil) {
		return pieceRows
	}
	return 0
}

// piecemeal tells whether a condition is better asked word by word, or row by row, than evaluated for the whole block.
func (w *worker) piecemeal(id int32) bool {
	k := w.plan.pieces[id]
	return k&pieceWords != 0 && w.active.Len() <= fewWords || k&pieceRows != 0 && w.active.Count() <= fewRows
}

// some is a predicate over a column that isn't encoded, for some rows of word i of the block: where it is known to be true, and where it
// isn't known to be false.
func (w *worker) some(n *node, i int, among uint64) (t, p uint64) {
	e := w.plan.fields[n.field]
	i += w.at * kernel.Words
	open := e.missing[i] & among
	rest := among &^ open
	switch {
	case n.kind == nodeLook:
		codes := e.codes[i*64:]
		for ; rest != 0; rest &= rest - 1 {
			answer := n.answers[codes[bits.TrailingZeros64(rest)]]
			t |= uint64(answer&kernel.True) << uint(bits.TrailingZeros64(rest))
			open |= uint64(answer>>1) << uint(bits.TrailingZeros64(rest))
		}
	case e.ints != nil:
		t = reaching(e.ints[i*64:], n.bound, rest)
	default:
		t = reaching(e.days[i*64:], int32(min(max(n.bound, math.MinInt32), math.MaxInt32)), rest)
	}
	return t, t | open
}

// reaching are those of the rows whose value is at least bound.
func reaching[T int32 | int64](values []T, bound T, rows uint64) (out uint64) {
	for ; rows != 0; rows &= rows - 1 {
		if k := bits.TrailingZeros64(rows); values[k] >= bound {
			out |= 1 << uint(k)
		}
	}
	return out
}
