package index

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"mianshen/index/share"
	"mianshen/index/words"

	bleveindex "github.com/blevesearch/bleve_index_api"
)

// scratch is the working memory of one search: arrays with one entry for each row, and the rows that are in use in each.
type scratch struct {
	tf      []float32      // of the term in work
	score   []float32      // so far
	mask    []words.Set    // which terms were found
	inTitle []words.Set    // which of them in the title
	touched []int32        // rows with a mask
	hits    []int32        // rows with a tf
	weights []share.Weight // of each term
	phrase  layer          // of the variant in work
	slot    layer          // the best variant of the slot in work

	only    []int32 // nil, or the rows that count, in the order of documents
	within  bool    // only are rows of the variant in work
	variant []int32 // those
	narrow  bool    // only touched rows count any more, which are then in the order of documents
	scores  []float32
	df      int // documents that hold the term in work

	found   []found // rows that hold enough of the query
	closer  bool    // the best of them were looked at closer
	order   []int32 // places in found
	groups  []group // all groups found
	groupAt []int32 // group, or row -> one more than its place in groups
	passed  []group // those that pass the filter
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

func newScratch(n int) *scratch {
	return &scratch{
		tf: make([]float32, n), score: make([]float32, n), mask: make([]words.Set, n), inTitle: make([]words.Set, n),
		phrase: newLayer(n), slot: newLayer(n), groupAt: make([]int32, n),
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
	s.found, s.groups, s.closer, s.narrow = s.found[:0], s.groups[:0], false, false
	s.only, s.within = nil, false
}

// Settings of what documents write instead of a word.
const (
	variantFactor = 0.9 // a synonym counts a little less than the word itself
	variantCover  = 0.8 // share of a variant's weight from which on its word counts as found
)

// Settings that keep queries of frequent words fast: once what is still to come can't bring another row among the best, the
// rest is looked up only in the best of those found.
const (
	manyRows   = 20_000 // from which on it matters
	worthIt    = 500    // documents from which on it pays to think about it
	amongBest  = 100
	kept       = 400  // rows that go on, and those that are as good as the last of them
	reachable  = 0.35 // of a word's weight: so much it brings to a row that holds it in title and text
	singleCost = 60_000
)

// job is a word of the query to score: one term, or a slot.
type job struct {
	term int
	slot *words.Slot
	n    int     // documents, about
	rest float32 // weight of this and all later jobs
	last bool    // a seam, or a lone character: it only helps to put in order what others find
}

// jobs gives what is to score, the rarest first.
func (x *Index) jobs(asked words.Query) []job {
	var slotted words.Set
	var out []job
	for i := range asked.Slots {
		slot := &asked.Slots[i]
		all := slot.Typed
		for _, v := range slot.Variants {
			all |= v
		}
		slotted |= all
		n := 0
		for t := range asked.Terms {
			if all.Has(t) {
				n = max(n, x.about(asked.Terms[t]))
			}
		}
		out = append(out, job{slot: slot, n: n, rest: x.weigh(asked, slot.Typed)})
		for _, v := range slot.Variants {
			out[len(out)-1].rest = max(out[len(out)-1].rest, x.weigh(asked, v))
		}
	}
	for i, t := range asked.Terms {
		if !slotted.Has(i) {
			out = append(out, job{term: i, n: x.about(t), rest: x.weigh(asked, 1<<i), last: t.Seam || t.Aside})
		}
	}
	slices.SortStableFunc(out, func(a, b job) int { return cmp.Or(compareBool(a.last, b.last), cmp.Compare(a.n, b.n)) })
	for i := len(out) - 2; i >= 0; i-- {
		out[i].rest += out[i+1].rest
	}
	return out
}

// weigh gives what some terms weigh, about.
func (x *Index) weigh(asked words.Query, terms words.Set) (sum float32) {
	for i, t := range asked.Terms {
		if terms.Has(i) {
			sum += float32(inverseFrequency(float64(len(x.rows)), float64(x.about(t))) * t.Weight)
		}
	}
	return sum
}

// about gives in how many documents a term stands, about; nothing for words and figures, which are rarely frequent.
func (x *Index) about(t words.Term) int {
	first, size := utf8.DecodeRuneInString(t.Key)
	switch t.Kind {
	case words.Pair:
		next, _ := utf8.DecodeRuneInString(t.Key[size:])
		return x.pairs.Pair(first, next)
	case words.Single:
		return min(singleCost, x.pairs.Follow(first))
	}
	return 0
}

// score gives each row that holds a term its score and mask, and each term its weight.
func (x *Index) score(ctx context.Context, s *scratch, asked words.Query) error {
	if x.reader == nil {
		return ctx.Err()
	}
	s.weights = append(s.weights, make([]share.Weight, len(asked.Terms))...)
	for i, j := range x.jobs(asked) {
		if !s.narrow && i > 0 && x.enough(s, j) {
			x.narrow(s)
		}
		var err error
		if j.slot != nil {
			err = x.scoreSlot(ctx, s, asked, *j.slot)
		} else {
			err = x.term(ctx, s, asked, j.term, func(r int32, value, _ float32) { s.score[r] += value })
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// enough reports whether j and what comes after it can be looked up in the best rows so far alone.
func (x *Index) enough(s *scratch, j job) bool {
	if x.noShortCut || len(x.rows) <= manyRows || j.n < worthIt || len(s.touched) < amongBest {
		return false
	}
	return j.last || j.rest*reachable < s.nth(amongBest)
}

// nth gives the nth best score so far.
func (s *scratch) nth(n int) float32 {
	s.scores = s.scores[:0]
	for _, r := range s.touched {
		s.scores = append(s.scores, s.score[r])
	}
	return nthGreatest(s.scores, n)
}

// nthGreatest gives the nth greatest of all, which it puts into another order.
func nthGreatest(all []float32, n int) float32 {
	for len(all) > 1 {
		pivot := all[len(all)/2]
		greater, equal := 0, 0
		for i, v := range all {
			switch {
			case v > pivot:
				all[i], all[greater+equal] = all[greater+equal], all[i]
				all[greater], all[greater+equal] = all[greater+equal], all[greater]
				greater++
			case v == pivot:
				all[i], all[greater+equal] = all[greater+equal], all[i]
				equal++
			}
		}
		switch {
		case n <= greater:
			all = all[:greater]
		case n <= greater+equal:
			return pivot
		default:
			n -= greater + equal
			all = all[greater+equal:]
		}
	}
	return all[0]
}

// narrow keeps the best rows found so far; from then on no others are added.
func (x *Index) narrow(s *scratch) {
	s.narrow = true
	if len(s.touched) > kept {
		least := s.nth(kept)
		still := s.touched[:0]
		for _, r := range s.touched {
			if s.score[r] >= least {
				still = append(still, r)
				continue
			}
			s.score[r], s.mask[r], s.inTitle[r] = 0, 0, 0
		}
		s.touched = still
	}
	x.byDocument(s.touched)
	s.only = s.touched
}

// counts reports whether row r may still hold a term.
func (s *scratch) counts(r int32) bool {
	switch {
	case s.within:
		return s.phrase.cover[r] != 0
	case s.narrow:
		return s.mask[r] != 0
	}
	return true
}

// term finds term n, notes it for each row that holds it and gives its weight there to add.
func (x *Index) term(ctx context.Context, s *scratch, asked words.Query, n int, add func(r int32, value, weight float32)) error {
	t := asked.Terms[n]
	if err := x.collect(ctx, s, t, 1<<n); err != nil {
		return err
	}
	df := len(s.hits)
	if s.only != nil {
		df = max(df, s.df)
	}
	idf := inverseFrequency(float64(len(x.rows)), float64(df)) * t.Weight
	s.weights[n] = share.Weight{Value: idf, Unknown: df == 0}
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
	defer func(only []int32) { s.only, s.within = only, false }(s.only)
	for i, n := range x.rarestFirst(asked, phrase) {
		if i == 1 && phrase != typed {
			// Without its rarest pair too little of a variant is there.
			s.variant = append(s.variant[:0], s.phrase.rows...)
			s.only, s.within = s.variant, true
			x.byDocument(s.only)
		}
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
		whole += float32(s.weights[n].Value)
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

// rarestFirst gives the terms of a set, the rarest first.
func (x *Index) rarestFirst(asked words.Query, set words.Set) []int {
	var out []int
	for i := range asked.Terms {
		if set.Has(i) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(x.about(asked.Terms[a]), x.about(asked.Terms[b])) })
	return out
}

// byDocument sorts rows by bleve's numbers.
func (x *Index) byDocument(rows []int32) {
	slices.SortFunc(rows, func(a, b int32) int { return cmp.Compare(x.docOf[a], x.docOf[b]) })
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

// collect sums up how often t stands in each row, title and body together, lengths allowed for. When only candidates are
// looked at, s.df is how many documents hold it in the one field or the other.
func (x *Index) collect(ctx context.Context, s *scratch, t words.Term, bit words.Set) error {
	s.df = 0
	keys := []string{t.Key}
	if t.Kind == words.Single {
		keys = x.pairs.StartingWith(t.Key, singleCost)
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

// occurrence notes that a term stands in row r.
func (s *scratch) occurrence(r int32, factor []float32, title bool, bit words.Set) {
	if s.tf[r] == 0 {
		s.hits = append(s.hits, r)
	}
	if title {
		s.inTitle[r] |= bit
	}
	s.tf[r] += factor[r]
}

func (x *Index) collectKey(ctx context.Context, s *scratch, field, key string, bit words.Set) (err error) {
	title := field == titleField
	factor := x.bodyFactor
	if title {
		factor = x.titleFactor
	}
	// How often is not asked for: passages are short, and reading it takes longer than all the rest.
	postings, err := x.reader.TermFieldReader(ctx, []byte(key), field, false, false, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, postings.Close()) }()
	count := int(postings.Count())
	s.df = max(s.df, count)
	if s.only != nil && count > 4*len(s.only) {
		return x.advance(ctx, s, postings, factor, title, bit)
	}
	var into bleveindex.TermFieldDoc
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		p, err := postings.Next(&into)
		if err != nil || p == nil {
			return err
		}
		if r := x.rowOf[p.ID.Value()]; s.counts(r) {
			s.occurrence(r, factor, title, bit)
		}
	}
}

// advance finds which of the candidates a term stands in, without reading what lies between them.
func (x *Index) advance(ctx context.Context, s *scratch, postings bleveindex.TermFieldReader, factor []float32, title bool, bit words.Set) error {
	var into bleveindex.TermFieldDoc
	id := make(bleveindex.IndexInternalID, 8)
	at, started := uint64(0), false // the document that the reader stands on
	for i, r := range s.only {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		doc := uint64(x.docOf[r])
		if !started || at < doc {
			p, err := postings.Advance(bleveindex.NewIndexInternalID(id, doc), &into)
			if err != nil || p == nil {
				return err
			}
			at, started = p.ID.Value(), true
		}
		if at == doc {
			s.occurrence(r, factor, title, bit)
		}
	}
	return nil
}
