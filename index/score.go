package index

import (
	"context"
	"math/bits"

	"mianshen/index/words"

	bleveindex "github.com/blevesearch/bleve_index_api"
)

// scratch is the working memory of one search: arrays with one entry for each row, and the rows that are in use in each.
type scratch struct {
	tf      []float32   // of the term in work
	score   []float32   // so far
	mask    []words.Set // which terms were found
	inTitle []words.Set // which of them in the title
	touched []int32     // rows with a mask
	hits    []int32     // rows with a tf
	weights []weight    // of each term
	phrase  layer       // of the variant in work
	slot    layer       // the best variant of the slot in work
}

// layer is a sum for each of some rows.
type layer struct {
	sum, cover []float32
	rows       []int32 // with a cover
}

func newLayer(n int) layer { return layer{sum: make([]float32, n), cover: make([]float32, n)} }

func (l *layer) reset() {
	for _, r := range l.rows {
		l.sum[r], l.cover[r] = 0, 0
	}
	l.rows = l.rows[:0]
}

// weight is what a term weighs in this index.
type weight struct {
	value   float64 // inverse frequency, less for generic words
	unknown bool    // it stands nowhere
}

func newScratch(n int) *scratch {
	return &scratch{
		tf: make([]float32, n), score: make([]float32, n), mask: make([]words.Set, n), inTitle: make([]words.Set, n),
		phrase: newLayer(n), slot: newLayer(n),
	}
}

func (s *scratch) reset() {
	for _, r := range s.hits { // left over only when a search ended early
		s.tf[r], s.inTitle[r] = 0, 0
	}
	for _, r := range s.touched {
		s.score[r], s.mask[r], s.inTitle[r] = 0, 0, 0
	}
	s.phrase.reset()
	s.slot.reset()
	s.hits, s.touched, s.weights = s.hits[:0], s.touched[:0], s.weights[:0]
}

// Settings of what documents write instead of a word.
const (
	variantFactor = 0.9 // a synonym counts a little less than the word itself
	variantCover  = 0.8 // share of a variant's weight from which on its word counts as found
)

// score gives each row that holds a term its score and mask, and each term its weight.
func (x *Index) score(ctx context.Context, s *scratch, asked words.Query) error {
	if x.reader == nil {
		return ctx.Err()
	}
	s.weights = append(s.weights, make([]weight, len(asked.Terms))...)
	var slotted words.Set
	for _, slot := range asked.Slots {
		slotted |= slot.Typed
		for _, v := range slot.Variants {
			slotted |= v
		}
	}
	for i := range asked.Terms {
		if slotted.Has(i) {
			continue
		}
		err := x.term(ctx, s, asked, i, func(r int32, value, _ float32) { s.score[r] += value })
		if err != nil {
			return err
		}
	}
	for _, slot := range asked.Slots {
		if err := x.scoreSlot(ctx, s, asked, slot); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// term finds term n, notes it for each row that holds it and gives its weight there to add.
func (x *Index) term(ctx context.Context, s *scratch, asked words.Query, n int, add func(r int32, value, weight float32)) error {
	t := asked.Terms[n]
	if err := x.collect(ctx, s, t, 1<<n); err != nil {
		return err
	}
	idf := inverseFrequency(float64(len(x.rows)), float64(len(s.hits))) * t.Weight
	s.weights[n] = weight{value: idf, unknown: len(s.hits) == 0}
	for _, r := range s.hits {
		tf := s.tf[r]
		if s.mask[r] == 0 {
			s.touched = append(s.touched, r)
		}
		s.mask[r] |= 1 << n
		add(r, float32(idf)*tf/(tf+saturation), float32(idf))
		s.tf[r] = 0
	}
	s.hits = s.hits[:0]
	return nil
}

// scoreSlot adds to each row what the best of a word and its variants counts there.
func (x *Index) scoreSlot(ctx context.Context, s *scratch, asked words.Query, slot words.Slot) error {
	defer s.slot.reset()
	if err := x.scorePhrase(ctx, s, asked, slot.Typed, slot.Typed); err != nil {
		return err
	}
	for _, v := range slot.Variants {
		if err := x.scorePhrase(ctx, s, asked, v, slot.Typed); err != nil {
			return err
		}
	}
	for _, r := range s.slot.rows {
		s.score[r] += s.slot.sum[r]
	}
	return nil
}

// scorePhrase finds the terms of one phrase for a slot. What documents write instead counts by the square of how much of it
// is there: 技术 alone is not 高新技术企业. Where nearly all is there, the word typed counts as found.
func (x *Index) scorePhrase(ctx context.Context, s *scratch, asked words.Query, phrase, typed words.Set) error {
	defer s.phrase.reset()
	var whole float32
	for set := phrase; set != 0; set &= set - 1 {
		n := bits.TrailingZeros64(uint64(set))
		err := x.term(ctx, s, asked, n, func(r int32, value, weight float32) {
			if s.phrase.cover[r] == 0 {
				s.phrase.rows = append(s.phrase.rows, r)
			}
			s.phrase.sum[r] += value
			s.phrase.cover[r] += weight
		})
		if err != nil {
			return err
		}
		whole += float32(s.weights[n].value)
	}
	for _, r := range s.phrase.rows {
		sum := s.phrase.sum[r]
		if phrase != typed {
			sum *= s.instead(r, phrase, typed, whole)
		}
		if s.slot.cover[r] == 0 {
			s.slot.rows = append(s.slot.rows, r)
			s.slot.cover[r] = 1
		}
		s.slot.sum[r] = max(s.slot.sum[r], sum)
	}
	return nil
}

// instead gives what a variant counts in row r, and notes the word typed as found where nearly all of the variant is there.
func (s *scratch) instead(r int32, phrase, typed words.Set, whole float32) float32 {
	c := s.phrase.cover[r] / whole
	if c >= variantCover {
		s.mask[r] |= typed
		if s.inTitle[r]&phrase == phrase {
			s.inTitle[r] |= typed
		}
	}
	return variantFactor * c * c
}

// collect sums up how often t stands in each row, title and body together, lengths allowed for.
func (x *Index) collect(ctx context.Context, s *scratch, t words.Term, bit words.Set) error {
	keys := []string{t.Key}
	if t.Kind == words.Single {
		keys = x.pairs.startingWith(t.Key)
	}
	for _, key := range keys {
		for _, field := range searchedFields {
			if err := x.collectKey(ctx, s, field, key, bit); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *Index) collectKey(ctx context.Context, s *scratch, field, key string, bit words.Set) error {
	factor := x.bodyFactor
	if field == titleField {
		factor = x.titleFactor
	}
	postings, err := x.reader.TermFieldReader(ctx, []byte(key), field, true, false, false)
	if err != nil {
		return err
	}
	var into bleveindex.TermFieldDoc
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			_ = postings.Close() // the context's error says it all
			return ctx.Err()
		}
		p, err := postings.Next(&into)
		if err != nil {
			_ = postings.Close() // the first error is the cause
			return err
		}
		if p == nil {
			return postings.Close()
		}
		r := x.rowOf[p.ID.Value()]
		if s.tf[r] == 0 {
			s.hits = append(s.hits, r)
		}
		if field == titleField {
			s.inTitle[r] |= bit
		}
		s.tf[r] += float32(p.Freq) * factor[r]
	}
}
