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

// differences makes of changes what the store keeps: each with the SHA-256 of the decision's canonical bytes, computed by the
// rule's own program, which must come to the same as the columns did. Rows count from base.
func (n *night) differences(ctx context.Context, base int, changes []engine.Change) ([]store.Difference, error) {
	slices.SortStableFunc(changes, func(a, b engine.Change) int { return cmp.Compare(a.Row, b.Row) })
	out := make([]store.Difference, len(changes))
	var groups [][2]int // of changes about one row
	for from := 0; from < len(changes); {
		to := from
		for to < len(changes) && changes[to].Row == changes[from].Row {
			to++
		}
		groups = append(groups, [2]int{from, to})
		from = to
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for i := range errs {
		wg.Go(func() {
			session := n.book.NewSession(rules.Circumstances{AsOf: n.sweep.AsOf})
			for errs[i] == nil {
				k := int(next.Add(1)) - 1
				if k >= len(groups) || ctx.Err() != nil {
					return
				}
				g := groups[k]
				errs[i] = n.hash(session, base, changes[g[0]:g[1]], out[g[0]:g[1]])
			}
		})
	}
	wg.Wait()
	for _, err := range append(errs, ctx.Err()) {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
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
