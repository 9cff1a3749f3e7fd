package index

import (
	"cmp"
	"context"
	"fmt"

	"mianshen/index/share"
	"mianshen/index/words"
)

// Settings of the closer look.
const (
	closerRows  = 60 // rows that are looked at again, the best ones; more in an index that is not large
	closerFew   = 200
	windowRunes = 48       // how near to each other the words of a question stand where it is answered
	maxLooked   = 16 << 10 // bytes of a body, and of a title, that are looked at
	notLooked   = 0.75     // of its share counts for a row that was not looked at
	titled      = 0.5      // of what stands close together may be in the title
	apart       = 0.3      // of its score counts for a row in which the words of the question stand far apart
)

// lookCloser reads the best rows again: what counts is how much of the query stands close together, with the title. Rows
// that are not read count for less, so that they stay behind.
func (x *Index) lookCloser(ctx context.Context, s *scratch, read reading, shares *share.Shares) error {
	if read.Empty || len(s.found) == 0 {
		return nil
	}
	s.closer = true
	look := words.NewLooker(read.Query)
	if err := x.lookAt(ctx, s, x.rowsThat(s, func(missed int32) bool { return missed == 0 }), look, read, shares); err != nil {
		return err
	}
	// Those that only one choice keeps out are counted beside it, as strong or weak as they would be when chosen.
	return x.lookAt(ctx, s, x.rowsThat(s, func(missed int32) bool { return missed != 0 && missed&(missed-1) == 0 }), look, read, shares)
}

// rowsThat gives the best rows by what they miss of the filter, as places in s.found.
func (x *Index) rowsThat(s *scratch, fits func(missed int32) bool) []int32 {
	s.order = s.order[:0]
	for i := range s.found {
		if fits(s.found[i].missed) {
			s.order = append(s.order, int32(i))
		}
	}
	return best(s.order, x.closer(), func(a, b *int32) int {
		f, g := &s.found[*a], &s.found[*b]
		return cmp.Or(cmp.Compare(g.score, f.score), cmp.Compare(x.byID[f.row], x.byID[g.row]))
	})
}

// lookAt looks at rows.
func (x *Index) lookAt(ctx context.Context, s *scratch, rows []int32, look *words.Looker, read reading, shares *share.Shares) error {
	for _, i := range rows {
		f := &s.found[i]
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		d, err := x.document(x.rows[f.row].ID)
		if err != nil {
			return err
		}
		n := nearest(look, d, read.Query, shares)
		f.score *= apart + (1-apart)*(titled*n.plain+(1-titled)*n.alone)
		where := min(1, at(read.places, x.places[f.row]))
		f.share, f.sure = n.Share*where, n.Sure*where
		f.looked, f.has = true, n.has
	}
	return nil
}

// closer gives how many rows are looked at again.
func (x *Index) closer() int {
	if len(x.rows) <= manyRows {
		return closerFew
	}
	return closerRows
}

// near is what of a query stands together in a document.
type near struct {
	share.Held           // in one window of the body and the title, what stands in the title counting more
	plain      float64   // the same, all counting alike
	alone      float64   // without the title
	has        words.Set // the typed terms of share
}

// nearest looks for the window in which most of the query stands.
func nearest(look *words.Looker, d Document, asked words.Query, shares *share.Shares) near {
	var title words.Set
	for _, p := range look.Places(words.Clip(d.Title, maxLooked) + "。" + d.Number + "。" + words.Clip(d.Also, maxLooked)) {
		title |= p.Terms
	}
	title = withSlots(title, asked)
	n := near{Held: shares.Of(title, title), plain: shares.Of(title, 0).Share, has: title}
	places := look.Places(words.Clip(d.Body, maxLooked))
	for i, p := range places {
		var set words.Set
		for _, next := range places[i:] {
			if next.Last-p.First >= windowRunes {
				break
			}
			set |= next.Terms
		}
		both := withSlots(set|title, asked)
		if part := shares.Of(both, title); part.Share > n.Share {
			n.Held, n.has = part, both
		}
		n.plain = max(n.plain, shares.Of(both, 0).Share)
		n.alone = max(n.alone, shares.Of(withSlots(set, asked), 0).Share)
	}
	return n
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
