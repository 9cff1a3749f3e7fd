package index

import (
	"cmp"
	"context"
	"fmt"

	"mianshen/index/words"
)

// Settings of the closer look.
const (
	closerRows  = 80   // rows that are looked at again, the best ones
	windowRunes = 48   // how near to each other the words of a question stand where it is answered
	notLooked   = 0.75 // of its share counts for a row that was not looked at
	titled      = 0.5  // of what stands close together may be in the title
	apart       = 0.5  // of its score counts for a row in which the words of the question stand far apart
)

// lookCloser reads the best rows again: what counts is how much of the query stands close together, with the title. Rows
// that are not read count for less, so that they stay behind.
func (x *Index) lookCloser(ctx context.Context, s *scratch, read reading, shares *shares) error {
	if read.Empty || len(s.found) == 0 {
		return nil
	}
	s.closer = true
	s.order = s.order[:0]
	for i := range s.found {
		if s.found[i].missed == 0 {
			s.order = append(s.order, int32(i))
		}
	}
	look := words.NewLooker(read.Query)
	for _, i := range best(s.order, closerRows, func(a, b *int32) int {
		f, g := &s.found[*a], &s.found[*b]
		return cmp.Or(cmp.Compare(g.score, f.score), cmp.Compare(x.byID[f.row], x.byID[g.row]))
	}) {
		f := &s.found[i]
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		d, err := x.document(x.rows[f.row].ID)
		if err != nil {
			return err
		}
		near, alone := nearest(look, d, read.Query, shares)
		f.score *= apart + (1-apart)*(titled*near+(1-titled)*alone)
		f.share = near * min(1, at(read.places, x.places[f.row]))
		f.looked = true
	}
	return nil
}

// nearest gives the greatest share of the query that stands in one window of the body, with the title and without.
func nearest(look *words.Looker, d Document, asked words.Query, shares *shares) (with, alone float64) {
	var title words.Set
	for _, p := range look.Places(d.Title + "。" + d.Number + "。" + d.Also) {
		title |= p.Terms
	}
	title = withSlots(title, asked)
	with = shares.of(title, title)
	places := look.Places(d.Body)
	for i, p := range places {
		var set words.Set
		for _, next := range places[i:] {
			if next.Last-p.First >= windowRunes {
				break
			}
			set |= next.Terms
		}
		with = max(with, shares.of(withSlots(set|title, asked), title))
		alone = max(alone, shares.of(withSlots(set, asked), 0))
	}
	return with, alone
}

// withSlots adds the words for which something else was found that is written for them.
func withSlots(set words.Set, asked words.Query) words.Set {
	for _, slot := range asked.Slots {
		for _, v := range slot.Variants {
			if set&v == v {
				set |= slot.Typed
			}
		}
	}
	return set
}
