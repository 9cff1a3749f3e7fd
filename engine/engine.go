// Package engine decides all enterprises at once. Today it runs every rule's program for every profile, in parallel over
// profiles; columns, differences and simulation will stand beside it and must give the same outcome for each profile.
package engine

import (
	"context"
	"fmt"
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
						visit(j, i, decide(s, r))
					}
				}
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// decide decides one pair. A fault of the program is that pair's 待核实, never the sweep's end.
func decide(s *rules.Session, r *rules.Rule) (d *rules.Decision) {
	defer func() {
		if p := recover(); p != nil {
			d = s.Undecided(r, fmt.Sprintf("判定时出错：%v", p))
		}
	}()
	return s.Decide(r)
}
