// Package past looks back: who would have gained or lost on a past day had everything been known that is known now. It builds
// snapshots where there are none yet, which never become the latest one, and changes nothing else.
package past

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/facts"
	"mianshen/internal/store"
	"mianshen/internal/whatif"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Office is what a look back asks of casework.Office.
type Office interface {
	Current(ctx context.Context) (*casework.Book, error)
	Of(ctx context.Context, plan store.Plan) (*casework.Book, error)
}

// Question is a day that is looked back on, with what was known then and what is known now.
type Question struct {
	rules.Circumstances           // AsOf is the day; history and findings count for both
	Then                time.Time // what had been received by then is what was known
	Now                 time.Time // likewise, later; snapshots that have to be built are built at this instant
}

// Lookback is who would have gained or lost on a past day had everything been known that is known now.
type Lookback struct {
	AsOf    civil.Date `json:"as_of"`
	Sweep   int64      `json:"sweep,omitempty"` // whose law it was decided by; 0: there was none that day, and today's law was taken
	Then    string     `json:"then"`            // ids of the two snapshots
	Now     string     `json:"now"`
	Items   int        `json:"items"` // that were due
	Firms   int        `json:"firms"`
	Gained  int        `json:"gained"` // entries that are granted more than before
	Lost    int        `json:"lost"`
	Entries []Entry    `json:"entries"` // by item, then in the order of the snapshots' rows
}

// Entry is one enterprise to which one item would have meant something else.
type Entry struct {
	Item       string        `json:"item"`
	Enterprise string        `json:"enterprise"` // USCC
	Was        rules.Outcome `json:"was"`
	Now        rules.Outcome `json:"now"`
	Before     *exact.Money  `json:"before"` // null where nothing was granted or the item has no amount
	After      *exact.Money  `json:"after"`
}

// ErrRows says that two snapshots don't number their rows alike, which those of one store always do.
var ErrRows = errors.New("snapshots number their rows differently")

// Retroactive decides a past day twice, on the facts as they were known then and as they are known now, by the law that the last
// sweep of that day has pinned, or by the current one. What only waits or no longer waits for facts isn't told. Snapshots are built
// where there are none yet; they don't become the latest one. Errors are a *whatif.Refusal, casework.ErrNothing, ErrRows, or those of the
// store, the facts and the context.
func Retroactive(ctx context.Context, o Office, st *store.Store, q Question) (*Lookback, error) {
	if q.Now.Before(q.Then) {
		return nil, &whatif.Refusal{Text: "“当时”晚于“现在”"}
	}
	book, sweep, err := law(ctx, o, st, q.AsOf)
	if err != nil {
		return nil, err
	}
	before, err := q.decide(ctx, st, book, q.Then)
	if err != nil {
		return nil, err
	}
	after, err := q.decide(ctx, st, book, q.Now)
	if err != nil {
		return nil, err
	}
	out := &Lookback{AsOf: q.AsOf, Sweep: sweep, Then: before.snapshot, Now: after.snapshot, Items: len(before.result.Items), Entries: []Entry{}}
	err = out.compare(before, after)
	return out, err
}

// view is a past day as it was known at an instant.
type view struct {
	snapshot string
	table    *engine.Table
	result   *engine.Result
}

// decide decides everything that was due on the day on what was known at an instant. Only the columns that rules read are fetched.
func (q *Question) decide(ctx context.Context, st *store.Store, book *casework.Book, known time.Time) (*view, error) {
	snap, err := facts.Build(ctx, st, book.Book.Vocabulary, facts.Request{Vocabulary: book.Vocabulary, AsOf: q.AsOf, KnownAt: known, Now: q.Now})
	if err != nil {
		return nil, err
	}
	t, err := facts.Open(ctx, st, book.Book.Vocabulary, snap)
	if err != nil {
		return nil, err
	}
	read := map[*rules.Field]bool{}
	for _, r := range book.Rules { // also of items that aren't due: others may ask their outcome
		for _, f := range r.Reads() {
			read[f] = true
		}
	}
	if err := facts.Prefetch(ctx, t, slices.Collect(maps.Keys(read))); err != nil {
		return nil, err
	}
	plan, err := engine.NewPlan(t, book.Book, book.Due(q.AsOf), q.Circumstances)
	if err != nil {
		return nil, err
	}
	res, err := plan.Sweep(ctx)
	return &view{snapshot: snap.ID, table: t, result: res}, err
}

// law is that of the last sweep of the day that counts, or the current one.
func law(ctx context.Context, o Office, st *store.Store, day civil.Date) (*casework.Book, int64, error) {
	sweeps, err := st.Sweeps(ctx, maxSweeps)
	if err != nil {
		return nil, 0, err
	}
	for _, s := range sweeps {
		if s.AsOf != day || s.Status != store.Done || s.Purpose == store.Retroactive {
			continue
		}
		if s, err = st.Sweep(ctx, s.ID); err != nil { // with the policies that it has pinned
			return nil, 0, err
		}
		book, err := o.Of(ctx, s.Plan)
		return book, s.ID, err
	}
	book, err := o.Current(ctx)
	return book, 0, err
}

// maxSweeps is how many sweeps are looked through for the one of a day: more than ten years of nights.
const maxSweeps = 5000

// compare lists what was granted and wouldn't be, or would be and wasn't, or in another amount.
func (l *Lookback) compare(before, after *view) error {
	longer, shorter := before.table, after.table
	if longer.Rows() < shorter.Rows() {
		longer, shorter = shorter, longer
	}
	for row := range shorter.Rows() {
		if longer.Code(row) != shorter.Code(row) {
			return fmt.Errorf("row %d: %w", row, ErrRows)
		}
	}
	l.Firms = longer.Rows()
	engine.Differences(before.result, after.result, func(c engine.Change) {
		was, now := c.Was == rules.Eligible, c.Now == rules.Eligible
		if !was && !now {
			return
		}
		e := Entry{Item: c.Item, Enterprise: longer.Code(c.Row), Was: c.Was, Now: c.Now}
		if c.HasBefore {
			e.Before = &c.Before
		}
		if c.HasAfter {
			e.After = &c.After
		}
		l.Entries = append(l.Entries, e)
		if now && (!was || c.After > c.Before) {
			l.Gained++
			return
		}
		l.Lost++
	})
	return nil
}
