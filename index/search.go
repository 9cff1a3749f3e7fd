package index

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
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
	Text    string   // as typed; nothing of it is syntax
	Literal bool     // look for what was typed: put nothing right, take no word as a filter
	Words   []string // words, as in Chip.Word, that are no filters though they could be
	Today   string   // a day, 2025-06-30: what has ended by then comes later; "" for no day
	Sort    Sort
	Favor   map[string]float64 // document id -> by what its score is multiplied, such as more for what fits the one who asks
	Filter  Filter
	Offset  int // groups to skip, 0 to MaxOffset
	Limit   int // groups to give, 1 to MaxLimit; 0 is DefaultLimit
}

// Sort is an order of hits. What is weak stays behind what isn't.
type Sort string

// The orders of hits.
const (
	SortRelevance Sort = ""       // the best first
	SortNewest    Sort = "newest" // by first day in force, the last first
	SortEnding    Sort = "ending" // by last day in force, the next first; without one last
	SortAmount    Sort = "amount" // by the greatest sum named, the greatest first
)

// Result is what a search found.
type Result struct {
	Hits    []Hit  // one page, best first, hits that are weak behind all others
	Total   int    // groups found, on all pages
	Weak    int    // how many of Total are weak
	Facets  Facets // counted over the groups that are not weak, or over all when all are
	Ignored string // what of Query.Text is beyond the caps or can't be searched, at most 64 runes and …
	Read    string // what was looked for instead of Query.Text, where something was put right; else ""
	Chips   []Chip // the words of the query that were taken as filters
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

// Floor is the share of a short query's weight that a hit must hold not to be weak; a longer one's floor is lower.
const Floor = 0.40

// Settings of the score: BM25F over body and title.
const (
	saturation    = 2.0  // k1
	bodyNorm      = 0.5  // b of the body; passages are of like length
	titleNorm     = 0.3  // b of the title
	titleWeight   = 4.0  // a pair in the title counts like four in the body
	endedFactor   = 0.6  // what has ended comes later, but is found
	leastShare    = 0.05 // of the query's weight: what holds less is no hit
	chancePenalty = 0.05 // for each factor e in the number of a group's passages
)

// Search finds the documents that fit q. It fails with the context's error, with os.ErrClosed, or with [ErrRebuild]
// if the index turns out to be damaged; any text is a lawful query. The same index gives the same result.
func (x *Index) Search(ctx context.Context, q Query) (Result, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return Result{}, fmt.Errorf("search: %w", os.ErrClosed)
	}
	return x.searchLocked(ctx, q)
}

// searchLocked is Search for who holds the lock.
func (x *Index) searchLocked(ctx context.Context, q Query) (res Result, err error) {
	if err := q.Filter.check(q.Today); err != nil {
		return Result{}, err
	}
	// A segment cut short under a running process faults; that ends this search, not the process.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverAs(&err, ErrRebuild)
	ctx, cancel := context.WithTimeout(ctx, x.limit)
	defer cancel()

	s := x.scratch.Get().(*scratch)
	defer x.scratch.Put(s)
	res, err = x.answer(ctx, s, q)
	if err == nil && len(res.Chips) > 0 && res.Total == res.Weak {
		// What could be a filter left nothing that fits, so it was none.
		for _, c := range res.Chips {
			q.Words = append(q.Words[:len(q.Words):len(q.Words)], c.Word)
		}
		return x.answer(ctx, s, q)
	}
	return res, err
}

// answer is one way to understand and answer a query.
func (x *Index) answer(ctx context.Context, s *scratch, q Query) (Result, error) {
	defer s.reset()
	read := x.read(q)
	filter := narrowed(q.Filter, read.chips)
	rows, err := x.rank(ctx, s, &filter, q, read)
	if err != nil {
		return Result{}, err
	}
	if loose := read.Loose(); len(rows) == 0 && len(loose.Terms) > 0 {
		// None of it stands anywhere. What shares at least characters with it may help, and is said to be weak.
		s.reset()
		read.Query = loose
		if rows, err = x.rank(ctx, s, &filter, q, read); err != nil {
			return Result{}, err
		}
		for i := range rows {
			rows[i].share = min(rows[i].share, leastShare)
		}
	}
	found, facets := x.rollUp(rows, q)
	res := Result{Total: len(found), Facets: facets, Ignored: read.Ignored, Read: read.corrected(), Chips: read.chips}
	for _, g := range found {
		if g.weak() {
			res.Weak++
		}
	}
	res.Hits, err = x.page(ctx, q, read.Query, found)
	return res, err
}

// rank scores the rows that hold some of a query and looks closer at the best.
func (x *Index) rank(ctx context.Context, s *scratch, f *Filter, q Query, read reading) ([]found, error) {
	if err := x.score(ctx, s, read.Query); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("search: %w", ctx.Err())
		}
		return nil, fmt.Errorf("search: %w: %w", ErrRebuild, err)
	}
	shares := newShares(x.lexicon, read.Query, s.weights)
	rows := x.found(s, f, q, read, shares)
	return rows, x.lookCloser(ctx, rows, read, shares)
}

// found is a row that was found.
type found struct {
	row    int32
	missed int // dimensions of the filter
	score  float64
	share  float64 // of the query that stands in it
	floor  float64 // below it the row is weak
}

func (f found) weak() bool { return f.share < f.floor }

// rows gives the rows that hold enough of the query and pass the filter but for one facet, in no order.
func (x *Index) found(s *scratch, f *Filter, q Query, asked reading, shares *shares) []found {
	var out []found
	consider := func(r int32, score, share float64) {
		if missed := f.missed(&x.rows[r], q.Today); missed&missedOther == 0 {
			if q.Today != "" && x.rows[r].stateOn(q.Today) == StateEnded {
				score *= endedFactor
			}
			if by, ok := q.Favor[x.rows[r].ID]; ok {
				score *= by
			}
			out = append(out, found{row: r, missed: missed, score: score, share: share, floor: shares.floor})
		}
	}
	if asked.Empty {
		for r := range x.rows {
			consider(int32(r), 0, 1)
		}
	}
	for _, r := range s.touched {
		sh := shares.of(s.mask[r], s.inTitle[r])
		if sh >= leastShare {
			here := at(asked.places, x.places[r])
			consider(r, x.final(r, s.score[r], sh)*here, sh)
		}
	}
	return out
}

// group is one group found.
type group struct {
	found // its best passage
	count int
}

// rollUp gives the groups that pass the filter, sorted, and the facets.
func (x *Index) rollUp(rows []found, q Query) ([]group, Facets) {
	byGroup := map[int32]*group{}
	tally := newTally(x, q.Today)
	for _, f := range rows {
		tally.add(f.row, f.missed, f.weak())
		if f.missed != 0 {
			continue
		}
		g := byGroup[x.groupOf[f.row]]
		if g == nil {
			g = &group{found: f}
			byGroup[x.groupOf[f.row]] = g
		}
		g.count++
		if x.better(f, g.found) {
			g.found = f
		}
	}
	out := make([]group, 0, len(byGroup))
	for _, g := range byGroup {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(compareBool(a.weak(), b.weak()), x.bySort(q.Sort, a.row, b.row), cmp.Compare(b.score, a.score),
			cmp.Compare(x.rows[a.row].ID, x.rows[b.row].ID))
	})
	return out, tally.facets()
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

// final gives the score of row r from the sum over its terms: more for a greater share of the query, less for one of
// many passages, since the best of seventy is often good by chance.
func (x *Index) final(r int32, sum float32, share float64) float64 {
	passages := float64(x.size[x.groupOf[r]])
	return float64(sum) * (0.7 + 0.3*share) / (1 + chancePenalty*math.Log(passages))
}

// better reports whether a represents a group better than b. When nothing was asked, the first row stays.
func (x *Index) better(a, b found) bool {
	if a.weak() != b.weak() {
		return b.weak()
	}
	if a.score != b.score {
		return a.score > b.score
	}
	return a.score > 0 && x.rows[a.row].ID < x.rows[b.row].ID
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
			Score: g.score, Weak: g.weak(), More: g.count - 1,
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
func Highlight(text, query string) string { return words.NewMarker(words.Read(query, nil)).Mark(text) }
