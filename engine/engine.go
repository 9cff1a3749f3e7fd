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
	errs := make(chan error, runtime.GOMAXPROCS(0))
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			s := book.NewSession(around)
			for {
				from := int(next.Add(batch)) - batch
				if from >= len(profiles) || ctx.Err() != nil {
					return
				}
				for i := from; i < min(from+batch, len(profiles)); i++ {
					if err := decideAll(s, list, profiles, i, visit); err != nil {
						errs <- err
						return
					}
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return ctx.Err()
	}
}

// decideAll decides all rules for one profile and turns a panic into an error that names the enterprise.
func decideAll(s *rules.Session, list []*rules.Rule, profiles []*rules.Profile, i int, visit func(rule, profile int, d *rules.Decision)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("deciding %s: %v", profiles[i].Enterprise, p)
		}
	}()
	s.Load(profiles[i])
	for j, r := range list {
		visit(j, i, s.Decide(r))
	}
	return nil
}
