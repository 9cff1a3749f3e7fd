package index

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"mianshen/index/share"
	"mianshen/index/words"
)

// found is a row that was found.
type found struct {
	row    int32
	missed int32 // dimensions of the filter
	next   int32 // a further row of its group, one more than its place among those found; 0 for none
	looked bool  // closer
	score  float64
	share  float64   // of the query that stands in it
	sure   float64   // that it answers the question
	has    words.Set // the typed terms that stand in it
}

func (f found) weak() bool { return f.sure < share.Floor }

// group is one group found.
type group struct {
	found // its best passage
	count int
	first int32 // of its rows among those found, counted from 1
}

// rank scores the rows that hold some of a query and looks closer at the best.
func (x *Index) rank(ctx context.Context, s *scratch, q Query, read reading) (*share.Shares, error) {
	if err := x.score(ctx, s, read.Query); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("search: %w", ctx.Err())
		}
		return nil, fmt.Errorf("search: %w: %w", ErrRebuild, err)
	}
	shares := share.New(x.lexicon, read.Query, s.weights)
	x.find(s, q, read, shares)
	return shares, x.lookCloser(ctx, s, read, shares)
}

// find notes the rows that hold enough of the query and pass the filter but for one facet, in no order.
func (x *Index) find(s *scratch, q Query, read reading, shares *share.Shares) {
	plain := q.Filter.empty()
	consider := func(r int32, score float64, part share.Held) {
		row := &x.rows[r]
		missed := 0
		if !plain {
			missed = q.Filter.missed(row, q.Today)
		}
		if missed&missedOther != 0 {
			return
		}
		if q.Today != "" && row.To != "" && row.To < q.Today {
			score *= endedFactor
		}
		if len(q.Favor) > 0 {
			if by, ok := q.Favor[row.ID]; ok {
				score *= by
			}
		}
		s.found = append(s.found, found{row: r, missed: int32(missed), score: score, share: part.Share, sure: part.Sure, has: s.mask[r]})
	}
	if read.Empty {
		for r := range x.rows {
			consider(int32(r), 0, share.Held{Share: 1, Sure: 1})
		}
	}
	for _, r := range s.touched {
		sh := shares.Of(s.mask[r], s.inTitle[r])
		if sh.Share < leastShare {
			continue
		}
		score := x.final(r, s.score[r], sh.Share)
		if len(read.places) > 0 {
			score *= at(read.places, x.places[r])
		}
		consider(r, score*x.kindAndSum(r, read), sh)
	}
}

// Settings of what a passage is, and of the greatest sum it names.
const (
	recorded  = 0.85 // a recording only has a title to show
	outOfSums = 0.6  // names less than at least is asked for, or only more than at most
)

// kindAndSum gives what counts of row r's score for what it is and the sum it names.
func (x *Index) kindAndSum(r int32, read reading) float64 {
	row := &x.rows[r]
	factor := 1.0
	if row.Kind == KindMedia {
		factor = recorded
	}
	if row.Amount < read.AtLeast || read.AtMost > 0 && (row.Amount == 0 || row.Amount > read.AtMost) {
		factor *= outOfSums
	}
	return factor
}

// looseShare is how many of the characters of a question, of all of them, a document must hold close together, when nothing else is left to
// go by.
const looseShare = 0.5

// keepLoose keeps the rows that hold enough of the characters asked for, as weak ones.
func (s *scratch) keepLoose(characters int) {
	still := s.found[:0]
	for _, f := range s.found {
		if f.looked && float64(f.has.Len()) >= looseShare*float64(characters) {
			f.share, f.sure = min(f.share, leastShare), min(f.sure, leastShare)
			still = append(still, f)
		}
	}
	s.found = still
}

// final gives the score of row r from the sum over its terms: more for a greater share of the query, less for one of
// many passages, since the best of seventy is often good by chance.
func (x *Index) final(r int32, sum float32, part float64) float64 {
	return float64(sum) * (0.7 + 0.3*part) * x.byChance[x.groupOf[r]]
}

// byChance gives what counts of the score of one of so many passages.
func byChance(passages int32) float64 { return 1 / (1 + chancePenalty*math.Log(float64(passages))) }

// rollUp gives the groups that pass the filter, in no order; with passages, each row is a group of its own.
func (x *Index) rollUp(s *scratch, passages bool) []group {
	unit := func(row int32) int32 {
		if passages {
			return row
		}
		return x.groupOf[row]
	}
	for i := range s.found {
		f := &s.found[i]
		if !f.looked && s.closer {
			f.share *= notLooked
			f.sure *= notLooked
			f.score *= apart
		}
		at := &s.groupAt[unit(f.row)]
		if *at == 0 {
			s.groups = append(s.groups, group{})
			*at = int32(len(s.groups))
		}
		g := &s.groups[*at-1]
		f.next, g.first = g.first, int32(i+1)
		if f.missed != 0 {
			continue
		}
		if g.count++; g.count == 1 || x.better(*f, g.found) {
			g.found = *f
		}
	}
	s.passed = s.passed[:0]
	for _, g := range s.groups {
		s.groupAt[unit(s.found[g.first-1].row)] = 0
		if g.count > 0 {
			s.passed = append(s.passed, g)
		}
	}
	return s.passed
}

// better reports whether a represents a group better than b. When nothing was asked, the first row stays.
func (x *Index) better(a, b found) bool {
	if a.weak() != b.weak() {
		return b.weak()
	}
	if a.score != b.score {
		return a.score > b.score
	}
	return x.byID[a.row] < x.byID[b.row] && (a.score > 0 || a.row < b.row)
}

// bestGroups gives the first n groups in order.
func (x *Index) bestGroups(all []group, q Query, n int) []group {
	return best(all, n, func(a, b *group) int {
		return cmp.Or(compareBool(a.weak(), b.weak()), x.bySort(q.Sort, a.row, b.row), cmp.Compare(b.score, a.score), cmp.Compare(x.byID[a.row], x.byID[b.row]))
	})
}

// bySort compares two rows in an order other than relevance.
func (x *Index) bySort(order Sort, a, b int32) int {
	r, s := &x.rows[a], &x.rows[b]
	switch order {
	case SortNewest:
		return cmp.Compare(s.From, r.From)
	case SortEnding:
		return cmp.Or(compareBool(r.To == "", s.To == ""), cmp.Compare(r.To, s.To))
	case SortAmount:
		return cmp.Compare(s.Amount, r.Amount)
	}
	return 0
}

// best gives the first n of all in the order of compare, sorted, without sorting the rest.
func best[T any](all []T, n int, compare func(a, b *T) int) []T {
	if n <= 0 {
		return nil
	}
	byOrder := func(a, b T) int { return compare(&a, &b) }
	top := make([]T, 0, min(2*n, len(all)))
	var last T // of the first n so far
	for i := range all {
		if len(top) >= n && compare(&last, &all[i]) <= 0 {
			continue
		}
		if top = append(top, all[i]); len(top) == cap(top) || len(top) == n {
			slices.SortFunc(top, byOrder)
			top = top[:min(n, len(top))]
			last = top[len(top)-1]
		}
	}
	slices.SortFunc(top, byOrder)
	return top[:min(n, len(top))]
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
