package index

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"mianshen/index/words"

	bleveindex "github.com/blevesearch/bleve_index_api"
)

// MaxSearchTime is the longest a search may take; beyond it [Index.Search] gives context.DeadlineExceeded, never part
// of a result. A caller's context may end it earlier.
const MaxSearchTime = 500 * time.Millisecond

// Caps on paging.
const (
	DefaultLimit = 10
	MaxLimit     = 100
	MaxOffset    = 10_000
)

// Query is a search. The zero Query lists everything.
type Query struct {
	Text   string // as typed; nothing of it is syntax
	Filter Filter
	Offset int // groups to skip, 0 to MaxOffset
	Limit  int // groups to give, 1 to MaxLimit; 0 is DefaultLimit
}

// Result is what a search found.
type Result struct {
	Hits    []Hit  // one page, best first, hits that are weak behind all others
	Total   int    // groups found, on all pages
	Weak    int    // how many of Total are weak
	Facets  Facets // counted over the groups that are not weak, or over all when all are
	Ignored string // what of Query.Text is beyond the caps or can't be searched, at most 64 runes and …
}

// Hit is a group, represented by the passage that fits best.
type Hit struct {
	Rank    int    // from 1, over all pages
	ID      string // of the passage
	Group   string
	Kind    Kind
	Title   string // HTML, with <mark>
	Snippet string // HTML, with <mark>, about 120 characters of the passage
	Ref     string
	Score   float64 // comparable within one result only; 0 when nothing was asked
	Weak    bool    // less than Floor of what was asked for stands in it
	More    int     // further passages of the group that were found
}

// Floor is the share of the query's weight that a hit must hold not to be weak.
const Floor = 0.40

// Settings of the score: BM25F over body and title.
const (
	saturation    = 2.0  // k1
	bodyNorm      = 0.5  // b of the body; passages are of like length
	titleNorm     = 0.3  // b of the title
	titleWeight   = 4.0  // a pair in the title counts like four in the body
	leastShare    = 0.05 // of the query's weight: what holds less is no hit
	titleShare    = 0.4  // by how much more of the query a term counts that stands in the title
	chancePenalty = 0.05 // for each factor e in the number of a group's passages
	seamWeight    = 0.25 // of a missing pair whose two characters are covered by their neighbours
)

// Search finds the documents that fit q. It fails with the context's error, with os.ErrClosed, or with [ErrRebuild]
// if the index turns out to be damaged; any text is a lawful query. The same index gives the same result.
func (x *Index) Search(ctx context.Context, q Query) (res Result, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return Result{}, fmt.Errorf("search: %w", os.ErrClosed)
	}
	if err := q.Filter.check(); err != nil {
		return Result{}, err
	}
	// A segment cut short under a running process faults; that ends this search, not the process.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverAs(&err, ErrRebuild)
	ctx, cancel := context.WithTimeout(ctx, x.limit)
	defer cancel()

	asked := words.Read(q.Text)
	s := x.scratch.Get().(*scratch)
	defer x.scratch.Put(s)
	defer s.reset()
	if err := x.score(ctx, s, asked); err != nil {
		if ctx.Err() != nil {
			return Result{}, fmt.Errorf("search: %w", ctx.Err())
		}
		return Result{}, fmt.Errorf("search: %w: %w", ErrRebuild, err)
	}
	found, facets := x.rollUp(s, &q.Filter, asked)
	res = Result{Total: len(found), Facets: facets, Ignored: asked.Ignored}
	for _, g := range found {
		if g.weak {
			res.Weak++
		}
	}
	res.Hits, err = x.page(ctx, q, asked, found)
	return res, err
}

// scratch is the working memory of one search, one entry for each row.
type scratch struct {
	tf      []float32 // of the term in work
	score   []float32
	mask    []uint32 // which terms were found
	inTitle []uint32 // which of them in the title
	touched []int32  // rows with a mask
	hits    []int32  // rows with a tf
	weights []weight
}

// weight is what a term weighs in this index.
type weight struct {
	value   float64 // inverse frequency, less for generic words
	unknown bool    // it stands nowhere
}

func newScratch(n int) *scratch {
	return &scratch{
		tf: make([]float32, n), score: make([]float32, n), mask: make([]uint32, n), inTitle: make([]uint32, n),
	}
}

func (s *scratch) reset() {
	for _, r := range s.hits { // left over only when a search ended early
		s.tf[r], s.inTitle[r] = 0, 0
	}
	for _, r := range s.touched {
		s.score[r], s.mask[r], s.inTitle[r] = 0, 0, 0
	}
	s.hits, s.touched, s.weights = s.hits[:0], s.touched[:0], s.weights[:0]
}

// score gives each row that holds a term its score and mask, and each term its weight.
func (x *Index) score(ctx context.Context, s *scratch, asked words.Query) error {
	if x.reader == nil {
		return ctx.Err()
	}
	n := float64(len(x.rows))
	for i, t := range asked.Terms {
		if err := x.collect(ctx, s, t, 1<<i); err != nil {
			return err
		}
		idf := inverseFrequency(n, float64(len(s.hits))) * t.Weight
		s.weights = append(s.weights, weight{value: idf, unknown: len(s.hits) == 0})
		for _, r := range s.hits {
			tf := float64(s.tf[r])
			if s.mask[r] == 0 {
				s.touched = append(s.touched, r)
			}
			s.score[r] += float32(idf * tf / (tf + saturation))
			s.mask[r] |= 1 << i
			s.tf[r] = 0
		}
		s.hits = s.hits[:0]
	}
	return ctx.Err()
}

// collect sums up how often t stands in each row, title and body together, lengths allowed for.
func (x *Index) collect(ctx context.Context, s *scratch, t words.Term, bit uint32) error {
	keys := []string{t.Key}
	if t.Kind == words.Single {
		keys = x.startingWith(t.Key)
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

func (x *Index) collectKey(ctx context.Context, s *scratch, field, key string, bit uint32) error {
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

// share gives how much of the query's weight the terms in mask carry, 0 to 1. A missing pair counts for little where
// it is most likely no word but the seam between two: when both its characters stand in found pairs, or when it stands
// nowhere in the index and one of them does. No seam weighs more than the heaviest pair found.
func share(asked words.Query, weights []weight, mask, inTitle uint32) float64 {
	var covered [words.MaxQueryRunes]bool
	heaviest := 0.0
	for m := mask; m != 0; m &= m - 1 {
		n := bits.TrailingZeros32(m)
		heaviest = max(heaviest, weights[n].value)
		t := asked.Terms[n]
		for i := t.First; i <= t.Last; i++ {
			covered[i] = true
		}
	}
	var have, all float64
	for i, t := range asked.Terms {
		w := weights[i].value
		first, last := covered[t.First], covered[t.Last]
		switch {
		case mask&(1<<i) != 0:
			have += w
			if inTitle&(1<<i) != 0 {
				have += titleShare * w
			}
		case t.Kind == words.Pair && (first && last || weights[i].unknown && (first || last)):
			w = seamWeight * min(w, heaviest)
		}
		all += w
	}
	if all == 0 {
		return 0
	}
	return min(1, have/all)
}

// group is one group found.
type group struct {
	row   int32 // its best passage
	score float64
	weak  bool
	count int
}

// rollUp gives the groups that pass the filter, sorted, and the facets.
func (x *Index) rollUp(s *scratch, f *Filter, asked words.Query) ([]group, Facets) {
	byGroup := map[int32]*group{}
	tally := newTally(x)
	consider := func(r int32, score float64, weak bool) {
		missed := f.missed(&x.rows[r])
		if missed&missedOther != 0 {
			return
		}
		tally.add(r, missed, weak)
		if missed != 0 {
			return
		}
		g := byGroup[x.groupOf[r]]
		if g == nil {
			g = &group{row: r, score: score, weak: weak}
			byGroup[x.groupOf[r]] = g
		}
		g.count++
		if x.better(r, score, weak, g) {
			g.row, g.score, g.weak = r, score, weak
		}
	}
	if asked.Empty {
		for r := range x.rows {
			consider(int32(r), 0, false)
		}
	}
	for _, r := range s.touched {
		sh := share(asked, s.weights, s.mask[r], s.inTitle[r])
		if sh >= leastShare {
			consider(r, x.final(r, s.score[r], sh), sh < Floor)
		}
	}
	out := make([]group, 0, len(byGroup))
	for _, g := range byGroup {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(compareBool(a.weak, b.weak), cmp.Compare(b.score, a.score),
			cmp.Compare(x.rows[a.row].ID, x.rows[b.row].ID))
	})
	return out, tally.facets()
}

// final gives the score of row r from the sum over its terms: more for a greater share of the query, less for one of
// many passages, since the best of seventy is often good by chance.
func (x *Index) final(r int32, sum float32, share float64) float64 {
	passages := float64(x.size[x.groupOf[r]])
	return float64(sum) * (0.7 + 0.3*share) / (1 + chancePenalty*math.Log(passages))
}

// better reports whether row r represents g better than the row it has. When nothing was asked, the first row stays.
func (x *Index) better(r int32, score float64, weak bool, g *group) bool {
	if weak != g.weak {
		return g.weak
	}
	if score != g.score {
		return score > g.score
	}
	return score > 0 && x.rows[r].ID < x.rows[g.row].ID
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

// page reads the documents of one page and marks what was found.
func (x *Index) page(ctx context.Context, q Query, asked words.Query, found []group) ([]Hit, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	offset := min(max(q.Offset, 0), MaxOffset, len(found))
	found = found[offset:min(offset+min(limit, MaxLimit), len(found))]
	m := words.NewMarker(asked)
	hits := make([]Hit, 0, len(found))
	for i, g := range found {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		d, err := x.document(x.rows[g.row].ID)
		if err != nil {
			return nil, err
		}
		hits = append(hits, Hit{
			Rank: offset + i + 1, ID: d.ID, Group: d.Group, Kind: d.Kind, Ref: d.Ref,
			Title: m.Mark(d.Title), Snippet: m.Snippet(d.Body),
			Score: g.score, Weak: g.weak, More: g.count - 1,
		})
	}
	return hits, nil
}

// document reads a stored document. One that is missing is damage.
func (x *Index) document(id string) (d Document, err error) {
	stored, err := x.reader.Document(id)
	if err != nil {
		return d, fmt.Errorf("document %q: %w: %w", id, ErrRebuild, err)
	}
	if stored == nil {
		return d, fmt.Errorf("document %q: %w: not stored", id, ErrRebuild)
	}
	stored.VisitFields(func(f bleveindex.Field) {
		if f.Name() == sourceField {
			err = json.Unmarshal(f.Value(), &d)
		}
	})
	if err != nil || d.ID != id {
		return d, fmt.Errorf("document %q: %w: stored text differs", id, ErrRebuild)
	}
	return d, nil
}

// Highlight gives text as HTML with everything marked that query looks for, as in a hit. Marks aside and unescaped,
// the result is text, byte for byte.
func Highlight(text, query string) string { return words.NewMarker(words.Read(query)).Mark(text) }
