// Package readiness tells a district how far its policies are from being granted without application (免申即享): which items
// data decide already, which wait for the data of which department, which for a clause that a person has to judge; what is held
// up by whom, in enterprises and money; and who stands close to a threshold.
//
// Everything is counted over all enterprises and all items, never estimated: columns find the pairs that nobody can decide yet,
// and the rules' own programs say what each waits for.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"mianshen/engine"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Request is what a survey looks at.
type Request struct {
	Table  *engine.Table // isn't changed, and mustn't be while the survey is used
	Book   *rules.Book
	Rules  []*rules.Rule // of the book and due on the day
	Around rules.Circumstances

	// Result is what a sweep of all the rules over the table under the circumstances came to, rules and rows in the same order.
	// nil: Take sweeps itself.
	Result *engine.Result

	// Pairs keeps every undecided pair for Gaps.Pairs, not just what they add up to.
	Pairs bool

	// Progress is told how many enterprises have been gone through, of how many; it is called from several goroutines at
	// once. nil: nobody wants to know.
	Progress func(done, total int64)
}

// Survey is what was found out. It may be asked from one goroutine at a time.
type Survey struct {
	Request
	totals []engine.ItemTotal
	gaps   *Gaps
	wants  []map[string]int // by rule: pairs that wait for a fact
	seen   map[string]Coverage
}

// ErrResult reports a sweep's result that isn't of the survey's rules and table.
var ErrResult = errors.New("the result is of another sweep")

// Take decides all items for all enterprises and goes through the pairs that stay open. The error is the context's or the
// table's, ErrResult, or exact.ErrOverflow where what is held up is beyond what money can count.
func Take(ctx context.Context, r Request) (*Survey, error) {
	s := &Survey{Request: r, seen: map[string]Coverage{}}
	// Profiles are read by several goroutines at once, so what the table loads on demand must be there before.
	for _, f := range r.Book.Vocabulary.Fields {
		if _, err := r.Table.Column(f); err != nil {
			return nil, fmt.Errorf("column %s: %w", f.ID, err)
		}
	}
	result, err := s.result(ctx)
	if err != nil {
		return nil, err
	}
	s.totals = result.Items
	err = s.open(ctx, result)
	return s, err
}

// result is the sweep's that was given, or of a new one.
func (s *Survey) result(ctx context.Context) (*engine.Result, error) {
	if s.Result == nil {
		plan, err := engine.NewPlan(s.Table, s.Book, s.Rules, s.Around)
		if err != nil {
			return nil, err
		}
		return plan.Sweep(ctx)
	}
	same := func(r *rules.Rule, t engine.ItemTotal) bool { return r.Item.ID == t.Item }
	if s.Result.Rows() != s.Table.Rows() || !slices.EqualFunc(s.Rules, s.Result.Items, same) {
		return nil, ErrResult
	}
	return s.Result, nil
}

// AsOf is the day that the survey is for.
func (s *Survey) AsOf() civil.Date { return s.Around.AsOf }

// batch is how many enterprises a worker takes at a time.
const batch = 64

// sweep has work done for rows 0 to rows-1 in parallel, in pieces of batch rows, each by one worker with a session of its own,
// and ends with the first error or that of the context.
func (s *Survey) sweep(ctx context.Context, rows int, work func(w, from, to int, session *rules.Session) error) error {
	var next, done atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, workers())
	for w := range errs {
		wg.Go(func() {
			session := s.Book.NewSession(s.Around)
			for errs[w] == nil {
				from := int(next.Add(batch)) - batch
				if from >= rows {
					return
				}
				to := min(from+batch, rows)
				if errs[w] = ctx.Err(); errs[w] == nil {
					errs[w] = work(w, from, to, session)
				}
				if n := done.Add(int64(to - from)); s.Progress != nil {
					s.Progress(n, int64(rows))
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func workers() int { return runtime.GOMAXPROCS(0) }
