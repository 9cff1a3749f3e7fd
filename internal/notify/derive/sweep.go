package derive

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/notify/night"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// Bounds of what is done at once.
const (
	held  = 100_000 // differences in memory, in the order of firms: the facts of a firm are read once for them
	batch = 20_000  // differences of which the events are in memory
	piece = 500     // differences that one worker takes
)

// sweeping is a finished sweep whose differences are being told.
type sweeping struct {
	*night.Night
	fresh map[string]bool // policies of which the sweep before had another version
}

// sweep tells of what differs in a finished sweep from the one before.
func (f *Follower) sweep(ctx context.Context, id int64, w *writer) error {
	sweep, err := f.office.Store.Sweep(ctx, id)
	if err != nil || sweep.Purpose == store.Retroactive {
		return err
	}
	opened, err := night.Open(ctx, f.office, sweep)
	if err != nil {
		return err
	}
	n := &sweeping{Night: opened}
	if n.fresh, err = n.versions(ctx); err != nil {
		return err
	}
	after := store.DifferenceFilter{Limit: held}
	for {
		list, err := f.office.Store.Differences(ctx, id, after)
		if err != nil || len(list) == 0 {
			return err
		}
		last := list[len(list)-1]
		after.AfterItem, after.AfterEnterprise = last.Item, last.Enterprise
		if err := n.tellAll(ctx, list, w); err != nil {
			return err
		}
	}
}

// tellAll tells of differences. While some are written down the next events are made.
func (n *sweeping) tellAll(ctx context.Context, list []store.Difference, w *writer) error {
	slices.SortStableFunc(list, func(a, b store.Difference) int { return cmp.Compare(a.Enterprise, b.Enterprise) })
	wait := func() error { return nil }
	for part := range slices.Chunk(list, batch) {
		events, err := n.tell(ctx, part)
		if err = errors.Join(err, wait()); err != nil {
			return err
		}
		written := make(chan error, 1)
		go func() { written <- w.add(events...) }()
		wait = func() error { return <-written }
	}
	return wait()
}

// versions are the policies of which the sweep before had another version, or none.
func (n *sweeping) versions(ctx context.Context) (map[string]bool, error) {
	fresh := map[string]bool{}
	if n.Sweep.Previous == 0 {
		return fresh, nil
	}
	before, err := n.Office.Store.Sweep(ctx, n.Sweep.Previous)
	for policy, version := range n.Book.Versions {
		fresh[policy] = !slices.Contains(before.Policies, version)
	}
	return fresh, err
}

// raised says why an amount is another one.
func (n *sweeping) raised(l *night.Law) string {
	if n.fresh[l.Rule.Policy.ID] {
		return "政策发布了新的版本，金额按新的标准算"
	}
	return "您单位的数据有变化，或者到了政策调整标准的日期"
}

// tell makes events of differences, which are in the order of enterprises.
func (n *sweeping) tell(ctx context.Context, list []store.Difference) ([]event.Event, error) {
	list = slices.DeleteFunc(list, func(d store.Difference) bool {
		l := n.Laws[d.Item]
		return l == nil || !l.Rule.Due(n.Sweep.AsOf) // what no longer exists is told by the policy's end
	})
	names, err := night.Names(ctx, n.Office.Store, list, func(d store.Difference) string { return d.Enterprise })
	if err != nil {
		return nil, err
	}
	pieces := slices.Collect(slices.Chunk(list, piece))
	found := make([][]event.Event, len(pieces))
	session := func() *rules.Session { return n.Book.NewSession(n.Around) }
	err = night.Share(len(pieces), session, func(session *rules.Session, i int) error {
		loaded := ""
		for _, d := range pieces[i] {
			if decides(d) && loaded != d.Enterprise {
				if err := n.Load(session, d.Enterprise); err != nil {
					return err
				}
				loaded = d.Enterprise
			}
			if e, ok := n.event(session, n.Laws[d.Item], d, n.Firm(d.Enterprise, names)); ok {
				found[i] = append(found[i], e)
			}
		}
		return nil
	})
	return slices.Concat(found...), err
}

// decides reports whether what is said of a difference takes the decision itself.
func decides(d store.Difference) bool {
	return d.Now != store.Eligible && (d.Was == store.Eligible || d.Now == store.Unknown)
}

// event is what a difference means for a firm; ok is false where it means nothing to it. The subject holds the day: who leaves and
// comes back hears of it, but once a day.
func (n *sweeping) event(session *rules.Session, l *night.Law, d store.Difference, f night.Firm) (e event.Event, ok bool) {
	subject := d.Item + "|" + n.Sweep.AsOf.String()
	switch {
	case d.Turn == store.AmountChanged:
		e = l.About(event.Amount, subject+"|"+amount(d.After).String(), f)
		e.Data[event.Before], e.Data[event.Why], e.Worth = amount(d.Before).Words(), n.raised(l), amount(d.After)
	case d.Now == store.Eligible:
		e = l.About(event.Eligible, subject, f)
		e.Data[event.Mode], e.Data[event.Why], e.Worth = l.Rule.Item.Mode.Label(), l.Why, amount(d.After)
	case decides(d):
		return n.refusal(engine.Decide(session, l.Rule), l, d, subject, f)
	default:
		return e, false
	}
	e.Data[event.Sum], e.Data[event.Clause] = night.Words(known(d.After)), l.Clauses
	e.Decision = casework.DecisionID(n.Sweep.ID, d.Item, d.Enterprise)
	return e, true
}

func amount(a store.Amount) exact.Money { return exact.Money(a.Fen) }

func known(a store.Amount) *exact.Money {
	if !a.Known {
		return nil
	}
	return new(amount(a))
}

// refusal is an event of a pair that isn't eligible now: facts are wanted, credit stands in the way, or it has left.
func (n *sweeping) refusal(decision *rules.Decision, l *night.Law, d store.Difference, subject string, f night.Firm) (e event.Event, ok bool) {
	switch {
	case d.Now == store.Unknown && n.suppliable(decision):
		e = n.missing(decision, l, subject, f)
	case d.Was != store.Eligible:
		return e, false
	case l.Blocked(decision):
		e = l.Credit(decision, n.Sweep.ID, f)
	default:
		e = l.About(event.Left, subject, f)
		e.Data[event.Before] = night.Words(known(d.Before))
		e.Data[event.Why], e.Data[event.Remedy] = night.Reasons(l.Rule, decision.Failed)
		e.Data[event.Clause] = night.ClausesOf(l.Rule, decision.Failed)
		if d.Now == store.Unknown {
			e.Data[event.Why] = "有数据或者认定还没有到位，暂时不能判定"
		}
	}
	e.Decision = casework.DecisionID(n.Sweep.ID, d.Item, d.Enterprise)
	return e, true
}

// suppliable reports whether a decision waits for facts alone, at least one of which the firm can supply: what no department keeps a
// complete list of, and what isn't a table.
func (n *sweeping) suppliable(d *rules.Decision) bool {
	if len(d.Manual) > 0 || len(d.Faults) > 0 {
		return false
	}
	return slices.ContainsFunc(d.Missing, func(name string) bool {
		f, ok := n.Book.Book.Vocabulary.Field(name)
		return ok && !f.Derived() && f.Type != rules.TypeTable && f.Absent == ""
	})
}

func (n *sweeping) missing(d *rules.Decision, l *night.Law, subject string, f night.Firm) event.Event {
	e := l.About(event.Missing, subject, f)
	var owners []string
	for _, name := range d.Missing {
		if owner := n.Book.Book.Vocabulary.Owed(name).Source; owner != "" && !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	e.Data[event.Lacking], e.Data[event.Owner] = strings.Join(d.Missing, "、"), night.OrNone(strings.Join(owners, "、"))
	e.Data[event.Sum], e.Data[event.Clause], e.Worth = night.Words(d.Held), l.Clauses, night.Worth(d.Held)
	return e
}
