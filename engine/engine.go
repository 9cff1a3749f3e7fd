// Package engine decides all enterprises at once. A Table holds what is known of them as columns; a Plan is many items compiled
// together, in which every distinct predicate is evaluated once for each block of rows into two bitmaps, where it is true and
// where it isn't known, and items are combined from them word by word in Kleene's logic. What columns can't decide, the rule's
// own program does, and only for rows that are still open. Random tests hold both, and an independent evaluator, to each other.
//
// The work of a block stays in the processor's caches; the inner loops stand in engine/kernel. Amounts are computed where the
// conditions are true, in 64-bit integers whose bounds were proved when the plan was made; where they can't be proved, the
// program computes them. A Result says what every pair came to in a few hundred bytes for each block and item; results can be
// compared, stored, patched and asked for curves.
package engine

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"mianshen/rules"
)

// batch is how many profiles a worker takes at a time.
const batch = 64

// Sweep decides every rule for every profile under the same circumstances and calls visit with the index of the rule, the
// index of the profile and the decision. visit is called from several goroutines at once, once for each pair, in no order; a
// decision is not used again after visit returns. A cancelled context ends the sweep with its error.
func Sweep(ctx context.Context, book *rules.Book, list []*rules.Rule, profiles []*rules.Profile, around rules.Circumstances, visit func(rule, profile int, d *rules.Decision)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			s := book.NewSession(around)
			for {
				from := int(next.Add(batch)) - batch
				if from >= len(profiles) || ctx.Err() != nil {
					return
				}
				for i := from; i < min(from+batch, len(profiles)); i++ {
					s.Load(profiles[i])
					for j, r := range list {
						visit(j, i, Decide(s, r))
					}
				}
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
