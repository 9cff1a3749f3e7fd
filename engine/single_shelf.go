package engine

import (
	"cmp"
	"slices"

	"mianshen/engine/kernel"
	"mianshen/rules"
)

// shelf holds the items that are filed under a predicate over one field, so that its fact leads to those that it doesn't refuse.
type shelf struct {
	all      []int32            // all of them: what a missing fact leads to
	byCode   map[int64][]int32  // Bool and texts, by what the fact must be
	byMember map[string][]int32 // sets, by what they must contain
	rising   []bounded          // numbers and days: by the bound they must reach, ascending
	falling  []bounded          // by the bound they must stay below, ascending
}

// group are items filed under one condition.
type group struct {
	lit   int32
	items []int32
}

// bounded are items filed under one bound.
type bounded struct {
	bound int64
	items []int32
}

// maxListedCodes is up to how many dictionary codes an item is filed under.
const maxListedCodes = 64

// file puts items on the shelf of their condition; false where it has no place there.
func (s *Single) file(lit int32, items []int32) bool {
	n := &s.plan.nodes[lit>>1]
	negated := lit&1 == 1
	var codes []int64
	switch {
	case n.kind == nodeTrue:
		codes = []int64{1}
		if negated {
			codes[0] = 0
		}
	case n.kind == nodeLook && s.plan.fields[n.field].field.Type != rules.TypeSet: // a set may have members but no code
		if codes = admitted(n.answers, negated); codes == nil {
			return false
		}
	case n.kind == nodeAtLeast || n.kind == nodeMember && !negated:
	default:
		return false
	}
	sh := s.shelf(n.field)
	sh.all = append(sh.all, items...)
	for _, c := range codes {
		sh.byCode[c] = append(sh.byCode[c], items...)
	}
	switch {
	case n.kind == nodeMember:
		sh.byMember[n.member] = append(sh.byMember[n.member], items...)
	case n.kind == nodeAtLeast && negated:
		sh.falling = append(sh.falling, bounded{n.bound, items})
	case n.kind == nodeAtLeast:
		sh.rising = append(sh.rising, bounded{n.bound, items})
	}
	return true
}

func (s *Single) shelf(field int) *shelf {
	if s.shelves[field] == nil {
		s.shelves[field] = &shelf{byCode: map[int64][]int32{}, byMember: map[string][]int32{}}
	}
	return s.shelves[field]
}

// admitted lists the codes that a look, or its negation, doesn't refuse; nil where they are too many.
func admitted(answers []uint8, negated bool) []int64 {
	refused := kernel.False
	if negated {
		refused = kernel.True
	}
	out := []int64{}
	for code, a := range answers {
		if a == refused {
			continue
		}
		if len(out) == maxListedCodes {
			return nil
		}
		out = append(out, int64(code))
	}
	return out
}

// order sorts the bounds.
func (sh *shelf) order() {
	byBound := func(a, b bounded) int { return cmp.Compare(a.bound, b.bound) }
	slices.SortFunc(sh.rising, byBound)
	slices.SortFunc(sh.falling, byBound)
}

// search visits the items on the shelf that the fact doesn't refuse.
func (q *inquiry) search(sh *shelf, f *fact) {
	if !f.known {
		q.visit(sh.all)
		return
	}
	q.visit(sh.byCode[f.n])
	for _, m := range f.members {
		q.visit(sh.byMember[m])
	}
	for _, g := range sh.rising {
		if g.bound > f.n {
			break
		}
		q.visit(g.items)
	}
	for _, g := range slices.Backward(sh.falling) {
		if g.bound <= f.n {
			break
		}
		q.visit(g.items)
	}
}
