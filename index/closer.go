package index

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mianshen/index/words"
)

// Settings of the closer look.
const (
	closerRows  = 120  // rows that are looked at again, the best ones
	windowRunes = 48   // how near to each other the words of a question stand where it is answered
	notLooked   = 0.75 // of its share counts for a row that was not looked at
	titled      = 0.5  // of what stands close together may be in the title
	apart       = 0.5  // of its score counts for a row in which the words of the question stand far apart
)

// lookCloser reads the best rows again: what counts is how much of the query stands close together, with the title. Rows
// that are not read count for less, so that they stay behind.
func (x *Index) lookCloser(ctx context.Context, rows []found, asked reading, shares *shares) error {
	if asked.Empty || len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(x.rows[a.row].ID, x.rows[b.row].ID))
	})
	m := words.NewMarker(asked.Query)
	for i := range rows {
		f := &rows[i]
		if i >= closerRows {
			f.share *= notLooked
			f.floor = shares.floor
			f.score *= apart
			continue
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		d, err := x.document(x.rows[f.row].ID)
		if err != nil {
			return err
		}
		near, alone := nearest(m, d, asked.Query, shares)
		f.score *= apart + (1-apart)*(titled*near+(1-titled)*alone)
		f.floor = shares.floor
		f.share = near * min(1, at(asked.places, x.places[f.row]))
	}
	return nil
}

// nearest gives the greatest share of the query that stands in one window of the body, with the title and without.
func nearest(m words.Marker, d Document, asked words.Query, shares *shares) (with, alone float64) {
	var title words.Set
	for _, p := range m.Places(d.Title + "。" + d.Number + "。" + d.Also) {
		title |= p.Terms
	}
	title = withSlots(title, asked)
	with = shares.of(title, title)
	places := m.Places(d.Body)
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
