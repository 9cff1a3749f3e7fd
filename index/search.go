package index

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"mianshen/index/share"
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
	Text     string   // as typed; nothing of it is syntax
	Literal  bool     // look for what was typed: put nothing right, take no word as a filter
	Words    []string // words, as in Chip.Word, that are no filters though they could be
	Today    string   // a day, 2025-06-30: what has ended by then comes later; "" for no day
	Sort     Sort
	Favor    map[string]float64 // document id -> by what its score is multiplied, such as more for what fits the one who asks
	Filter   Filter
	Passages bool // each passage is a hit of its own, for searching within a policy
	Offset   int  // groups to skip, 0 to MaxOffset
	Limit    int  // groups to give, 1 to MaxLimit; 0 is DefaultLimit
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

// Floor is how sure a hit must be not to be weak.
const Floor = share.Floor

// Word is a word of a query as it was understood.
type Word = share.Word

// Result is what a search found.
type Result struct {
	Hits    []Hit  // one page, best first, hits that are weak behind all others
	Total   int    // groups found, on all pages
	Weak    int    // how many of Total are weak
	Facets  Facets // counted over the groups that are not weak, or over all when all are
	Ignored string // what of Query.Text is beyond the caps or can't be searched, at most 64 runes and …
	Read    string // what was looked for instead of Query.Text, where something was put right; else ""
	Chips   []Chip // the words of the query that were taken as filters
	Words   []Word // the words of the query as they were understood
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
	Score   float64  // comparable within one result only; 0 when nothing was asked
	Weak    bool     // it is less than [Floor] sure that it answers what was asked
	More    int      // further passages of the group that were found
	Share   float64  // of the query's weight that stands in it, close together
	Sure    float64  // that it answers what was asked, 0 to 1; see [share.Held]
	Missing []string // words of the query that don't
	NotDone string   // what the query asks how to do, and it doesn't say; "" for nothing
}

// Settings of the score: BM25F over body and title; see the package. They were tuned by the relevance files.
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
	if err := x.gen.Touched(); err != nil {
		return Result{}, fmt.Errorf("search: %w: %w", ErrRebuild, err)
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
	q.Filter, read.chips = narrowed(q.Filter, read.chips)
	shares, err := x.rank(ctx, s, q, read)
	if err != nil {
		return Result{}, err
	}
	understood := shares.Understood(read.Query, x.lexicon.Expand)
	if loose := read.Loose(); len(s.found) == 0 && len(loose.Terms) > 0 {
		// None of it stands anywhere. What shares at least characters with it may help, and is said to be weak.
		s.reset()
		read.Query = loose
		if shares, err = x.rank(ctx, s, q, read); err != nil {
			return Result{}, err
		}
		s.keepLoose(loose.Typed)
	}
	all := x.rollUp(s, q.Passages)
	res := Result{Total: len(all), Ignored: read.Ignored, Read: read.corrected(), Chips: read.chips, Words: understood}
	for i := range all {
		if all[i].weak() {
			res.Weak++
		}
	}
	res.Facets = x.facets(s, q, res.Weak == res.Total)
	first, last := page(q, len(all))
	res.Hits, err = x.hits(ctx, read.Query, shares, x.bestGroups(all, q, last)[first:], first)
	return res, err
}

// page gives which of n groups are asked for, last not included.
func page(q Query, n int) (first, last int) {
	limit := q.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	first = min(max(q.Offset, 0), MaxOffset, n)
	return first, min(first+min(limit, MaxLimit), n)
}

// hits reads the documents of one page, whose first group stands at offset, and marks what was found.
func (x *Index) hits(ctx context.Context, asked words.Query, shares *share.Shares, found []group, offset int) ([]Hit, error) {
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
			Score: g.score, Weak: g.weak(), More: g.count - 1, Share: g.share, Sure: g.sure, Missing: shares.Missing(g.has), NotDone: shares.NotDone(g.has),
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
			d, err = unpack(string(f.Value()))
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
