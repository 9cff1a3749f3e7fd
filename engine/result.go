package engine

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"mianshen/engine/outcome"
)

type (
	// Result is what a sweep comes to; see package outcome for all of them.
	Result = outcome.Result
	// ItemTotal is what one item comes to.
	ItemTotal = outcome.Total
	// Change is a pair that comes to something else than before.
	Change = outcome.Change
	// Fault is why pairs of an item couldn't be decided.
	Fault = outcome.Fault
)

// ErrState reports bytes that aren't the state of a result, or results that don't belong together.
var ErrState = outcome.ErrState

// DecodeState reads what Result.AppendState wrote; see package outcome.
func DecodeState(data []byte) (*Result, error) { return outcome.DecodeState(data) }

// Concat joins the results of consecutive rows; see package outcome.
func Concat(parts []*Result) (*Result, error) { return outcome.Concat(parts) }

// Differences calls visit for every pair of which two results say different things; see package outcome.
func Differences(before, after *Result, visit func(Change)) {
	outcome.Differences(before, after, visit)
}

// Sweep decides all items for all enterprises of the table.
func (p *Plan) Sweep(ctx context.Context) (*Result, error) {
	return p.Blocks(ctx, 0, blocks(p.table.Rows()))
}

// Blocks decides all items for the enterprises of n blocks of kernel.Rows rows from block first on. Row 0 of the result is the
// first row of the first block. A cancelled context ends it with the context's error.
func (p *Plan) Blocks(ctx context.Context, first, n int) (*Result, error) {
	rows := 0
	for b := first; b < first+n; b++ {
		rows += p.size(b)
	}
	items := make([]outcome.Item, len(p.items))
	for i, it := range p.items {
		items[i] = it.grant
	}
	made, faults := make([]*outcome.Block, n), map[Fault]int{}
	var builders []*outcome.Builder
	var mu sync.Mutex
	err := p.workers(ctx, n, func(w *worker, b int) (err error) {
		made[b], err = w.block(ctx, first+b)
		return err
	}, func(w *worker) {
		mu.Lock()
		defer mu.Unlock()
		builders = append(builders, &w.out)
		for f, c := range w.faults {
			faults[f] += c
		}
	})
	if err != nil {
		return nil, err
	}
	return outcome.New(items, made, rows, builders, faults), nil
}

// workers has n pieces of work done in parallel, each once, and ends with the first error or that of the context. done is
// called for each worker at its end.
func (p *Plan) workers(ctx context.Context, n int, work func(w *worker, piece int) error, done func(*worker)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, min(runtime.GOMAXPROCS(0), max(n, 1)))
	for i := range errs {
		wg.Go(func() {
			w := p.newWorker()
			for errs[i] == nil {
				piece := int(next.Add(1)) - 1
				if piece >= n {
					break
				}
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = work(w, piece)
				}
			}
			done(w)
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

// each has something done for every block, in parallel, with places of their own for some groups.
func (p *Plan) each(ctx context.Context, groups []int32, work func(w *worker, block int)) error {
	return p.workers(ctx, blocks(p.table.Rows()), func(w *worker, b int) error {
		if !w.reserved {
			w.reserve(groups)
			w.reserved = true
		}
		work(w, b)
		return nil
	}, func(*worker) {})
}
