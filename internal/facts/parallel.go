package facts

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// maxWorkers is how many goroutines work on columns at once: each may hold one of a million rows.
const maxWorkers = 4

// parallel calls do with each entry of a list, from some goroutines at once, and stops at the first error.
func parallel[T any](list []T, do func(T) error) error {
	workers := min(len(list), runtime.GOMAXPROCS(0), maxWorkers)
	errs := make([]error, workers)
	var next atomic.Int64
	var failed atomic.Bool
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for !failed.Load() {
				n := int(next.Add(1)) - 1
				if n >= len(list) {
					return
				}
				if errs[i] = do(list[n]); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
