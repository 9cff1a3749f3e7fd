package casework

import (
	"cmp"
	"context"
	"crypto/sha256"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"mianshen/engine"
	"mianshen/internal/store"
	"mianshen/rules"
)

// run is consecutive entries of a list that are about one enterprise.
type run struct{ from, to int }

// runs cuts a list where same says that the next entry is about another enterprise.
func runs[T any](list []T, same func(a, b T) bool) []run {
	var out []run
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && same(list[from], list[to]) {
			to++
		}
		out = append(out, run{from, to})
		from = to
	}
	return out
}

// parallel has work done for every run, each processor with a session of its own, and ends with the first error.
func (n *night) parallel(ctx context.Context, all []run, work func(*rules.Session, run) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for i := range errs {
		wg.Go(func() {
			session := n.book.NewSession(n.around)
			for errs[i] == nil {
				k := int(next.Add(1)) - 1
				if k >= len(all) {
					return
				}
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = work(session, all[k])
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

// differences makes of changes what the store keeps: each with the SHA-256 of the decision's canonical bytes, computed by the
// rule's own program, which must come to the same as the columns did. Rows count from base.
func (n *night) differences(ctx context.Context, base int, changes []engine.Change) ([]store.Difference, error) {
	slices.SortStableFunc(changes, func(a, b engine.Change) int { return cmp.Compare(a.Row, b.Row) })
	out := make([]store.Difference, len(changes))
	all := runs(changes, func(a, b engine.Change) bool { return a.Row == b.Row })
	err := n.parallel(ctx, all, func(session *rules.Session, r run) error {
		return n.hash(session, base, changes[r.from:r.to], out[r.from:r.to])
	})
	return out, err
}

// hash fills the differences of one enterprise.
func (n *night) hash(session *rules.Session, base int, changes []engine.Change, out []store.Difference) error {
	row := base + changes[0].Row
	profile, err := n.table.Profile(row)
	if err != nil {
		return err
	}
	session.Load(profile)
	var line []byte
	for i, c := range changes {
		d := store.Difference{
			Item: c.Item, Enterprise: n.table.Code(row), Turn: turn(c), Was: store.Outcome(c.Was), Now: store.Outcome(c.Now),
			Before: store.Amount{Known: c.HasBefore, Fen: int64(c.Before)}, After: store.Amount{Known: c.HasAfter, Fen: int64(c.After)},
		}
		if r, ok := n.book.Rule(c.Item); ok && r.Due(n.sweep.AsOf) {
			decision := engine.Decide(session, r)
			if err := agrees(decision, c); err != nil {
				return err
			}
			line = decision.AppendLine(line[:0])
			d.SHA256 = sha256.Sum256(line)
		}
		out[i] = d
	}
	return nil
}

// turn names what happened to a pair.
func turn(c engine.Change) store.Turn {
	switch {
	case c.Was == rules.Eligible && c.Now == rules.Eligible:
		return store.AmountChanged
	case c.Now == rules.Eligible:
		return store.Entered
	case c.Was == rules.Eligible:
		return store.Left
	case c.Now == rules.Unknown:
		return store.BecameUnknown
	}
	return store.BecameKnown
}
