package derive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// batch is how many differences are held at once.
const batch = 20_000

// night is a finished sweep that is being told of.
type night struct {
	office *casework.Office
	sweep  store.Sweep
	book   *casework.Book
	table  *engine.Table
	around rules.Circumstances
	laws   map[string]*law
	near   exact.Num
	at     time.Time
	fresh  map[string]bool // policies of which the sweep before had another version
}

// sweep tells of a finished sweep: what differs from the one before, then what each firm should know of the days ahead.
func (f *Follower) sweep(ctx context.Context, id int64, w *writer) error {
	n, err := f.night(ctx, id)
	if err != nil || n.sweep.Purpose == store.Retroactive {
		return err
	}
	if err := n.differences(ctx, w); err != nil {
		return err
	}
	state, err := n.office.State(ctx, n.sweep)
	if err != nil {
		return err
	}
	return n.outlook(ctx, state, w)
}

func (f *Follower) night(ctx context.Context, id int64) (*night, error) {
	n := &night{office: f.office, laws: map[string]*law{}, near: f.Near}
	var err error
	if n.sweep, err = f.office.Store.Sweep(ctx, id); err != nil {
		return nil, err
	}
	if n.sweep.Purpose == store.Retroactive {
		return n, nil
	}
	if n.book, err = f.office.Of(ctx, n.sweep.Plan); err != nil {
		return nil, err
	}
	snap, err := f.office.Store.Snapshot(ctx, n.sweep.Snapshot)
	if err != nil {
		return nil, err
	}
	if n.table, err = f.office.Table(ctx, n.book.Book.Vocabulary, snap); err != nil {
		return nil, err
	}
	if n.fresh, err = n.versions(ctx); err != nil {
		return nil, err
	}
	n.around, err = f.office.Circumstances(ctx, n.sweep)
	n.at = n.sweep.FinishedAt
	for _, r := range n.book.Rules {
		n.laws[r.Item.ID] = newLaw(r)
	}
	return n, err
}

// versions are the policies of which the sweep before had another version, or none.
func (n *night) versions(ctx context.Context) (map[string]bool, error) {
	fresh := map[string]bool{}
	if n.sweep.Previous == 0 {
		return fresh, nil
	}
	before, err := n.office.Store.Sweep(ctx, n.sweep.Previous)
	for policy, version := range n.book.Versions {
		fresh[policy] = !slices.Contains(before.Policies, version)
	}
	return fresh, err
}

// raised says why an amount is another one.
func (n *night) raised(l *law) string {
	if n.fresh[l.rule.Policy.ID] {
		return "政策发布了新的版本，金额按新的标准算"
	}
	return "您单位的数据有变化，或者到了政策调整标准的日期"
}

// differences tells of pairs that come out otherwise than before.
func (n *night) differences(ctx context.Context, w *writer) error {
	session := n.book.NewSession(n.around)
	var after store.DifferenceFilter
	for {
		after.Limit = batch
		list, err := n.office.Store.Differences(ctx, n.sweep.ID, after)
		if err != nil || len(list) == 0 {
			return err
		}
		last := list[len(list)-1]
		after.AfterItem, after.AfterEnterprise = last.Item, last.Enterprise
		slices.SortStableFunc(list, func(a, b store.Difference) int { return cmp.Compare(a.Enterprise, b.Enterprise) })
		names, err := namesOf(ctx, n.office.Store, list, func(d store.Difference) string { return d.Enterprise })
		if err != nil {
			return err
		}
		if err := n.tell(session, list, names, w); err != nil {
			return err
		}
	}
}

// tell tells of differences, which are in the order of enterprises.
func (n *night) tell(session *rules.Session, list []store.Difference, names map[string]string, w *writer) error {
	loaded := ""
	for _, d := range list {
		l := n.laws[d.Item]
		if l == nil || !l.rule.Due(n.sweep.AsOf) {
			continue // what no longer exists is told by the policy's end
		}
		if decides(d) && loaded != d.Enterprise {
			if err := n.load(session, d.Enterprise); err != nil {
				return err
			}
			loaded = d.Enterprise
		}
		e, ok := n.event(session, l, d, n.firm(d.Enterprise, names))
		if !ok {
			continue
		}
		if err := w.add(e); err != nil {
			return err
		}
	}
	return nil
}

func (n *night) firm(uscc string, names map[string]string) firm {
	return firm{uscc: uscc, name: names[uscc], day: n.sweep.AsOf, at: n.at}
}

func (n *night) load(session *rules.Session, uscc string) error {
	row, ok := n.table.Row(uscc)
	if !ok {
		return fmt.Errorf("enterprise %s of sweep %d: %w", uscc, n.sweep.ID, store.ErrNotFound)
	}
	profile, err := n.table.Profile(row)
	if err == nil {
		session.Load(profile)
	}
	return err
}

// decides reports whether what is said of a difference takes the decision itself.
func decides(d store.Difference) bool {
	return d.Now != store.Eligible && (d.Was == store.Eligible || d.Now == store.Unknown)
}

// event is what a difference means for a firm; ok is false where it means nothing to it. The subject holds the day: who leaves and
// comes back hears of it, but once a day.
func (n *night) event(session *rules.Session, l *law, d store.Difference, f firm) (e event.Event, ok bool) {
	subject := d.Item + "|" + n.sweep.AsOf.String()
	switch {
	case d.Turn == store.AmountChanged:
		e = l.about(event.Amount, subject+"|"+amount(d.After).String(), f)
		e.Data[event.Before], e.Data[event.Why], e.Worth = amount(d.Before).Words(), n.raised(l), amount(d.After)
	case d.Now == store.Eligible:
		e = l.about(event.Eligible, subject, f)
		e.Data[event.Mode], e.Data[event.Why], e.Worth = l.rule.Item.Mode.Label(), l.why, amount(d.After)
	case decides(d):
		return n.refusal(engine.Decide(session, l.rule), l, d, subject, f)
	default:
		return e, false
	}
	e.Data[event.Sum], e.Data[event.Clause] = words(known(d.After)), l.clauses
	e.Decision = casework.DecisionID(n.sweep.ID, d.Item, d.Enterprise)
	return e, true
}

func amount(a store.Amount) exact.Money { return exact.Money(a.Fen) }

func known(a store.Amount) *exact.Money {
	if !a.Known {
		return nil
	}
	return money(amount(a))
}

// refusal is an event of a pair that isn't eligible now: facts are wanted, credit stands in the way, or it has left.
func (n *night) refusal(decision *rules.Decision, l *law, d store.Difference, subject string, f firm) (e event.Event, ok bool) {
	switch {
	case d.Now == store.Unknown && n.suppliable(decision):
		e = n.missing(decision, l, subject, f)
	case d.Was != store.Eligible:
		return e, false
	case l.blocked(decision):
		e = n.credit(decision, l, f)
	default:
		e = l.about(event.Left, subject, f)
		e.Data[event.Before] = words(known(d.Before))
		e.Data[event.Why], e.Data[event.Remedy] = reasons(l.rule, decision.Failed)
		e.Data[event.Clause] = clausesOf(l.rule, decision.Failed)
		if d.Now == store.Unknown {
			e.Data[event.Why] = "有数据或者认定还没有到位，暂时不能判定"
		}
	}
	e.Decision = casework.DecisionID(n.sweep.ID, d.Item, d.Enterprise)
	return e, true
}

// suppliable reports whether a decision waits for facts alone, at least one of which the firm can supply: what no department keeps a
// complete list of, and what isn't a table.
func (n *night) suppliable(d *rules.Decision) bool {
	if len(d.Manual) > 0 || len(d.Faults) > 0 {
		return false
	}
	return slices.ContainsFunc(d.Missing, func(name string) bool {
		f, ok := n.book.Book.Vocabulary.Field(name)
		return ok && !f.Derived() && f.Type != rules.TypeTable && f.Absent == ""
	})
}

func (n *night) missing(d *rules.Decision, l *law, subject string, f firm) event.Event {
	e := l.about(event.Missing, subject, f)
	var owners []string
	for _, name := range d.Missing {
		if owner := n.book.Book.Vocabulary.Owed(name).Source; owner != "" && !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	e.Data[event.Lacking], e.Data[event.Owner] = strings.Join(d.Missing, "、"), orNone(strings.Join(owners, "、"))
	e.Data[event.Sum], e.Data[event.Clause], e.Worth = words(d.Held), l.clauses, worth(d.Held)
	return e
}

// blocked reports whether records of bad credit alone refuse a decision.
func (l *law) blocked(d *rules.Decision) bool {
	if d.Outcome != rules.Ineligible || len(d.Failed) == 0 {
		return false
	}
	for _, id := range d.Failed {
		if !slices.ContainsFunc(l.credit, func(c *rules.Condition) bool { return c.ID == id }) {
			return false
		}
	}
	return !slices.ContainsFunc(d.Findings, func(x rules.Finding) bool { return !x.Value.Known() })
}

func (n *night) credit(d *rules.Decision, l *law, f firm) event.Event {
	e := l.about(event.Credit, l.rule.Item.ID+"|"+strings.Join(d.Failed, ",")+"|"+d.Grant.Name, f)
	var quotes, owners []string
	for _, c := range conditions(l.rule, d.Failed) {
		quotes = append(quotes, c.Quote)
	}
	for _, field := range l.fields {
		if !slices.Contains(owners, field.Source) && field.Source != "" {
			owners = append(owners, field.Source)
		}
	}
	_, e.Data[event.Remedy] = reasons(l.rule, d.Failed)
	e.Data[event.Record], e.Data[event.Source] = orNone(strings.Join(quotes, "、")), orNone(strings.Join(owners, "、"))
	e.Data[event.Clause] = clausesOf(l.rule, d.Failed)
	e.Decision = casework.DecisionID(n.sweep.ID, l.rule.Item.ID, f.uscc)
	return e
}

// namesOf looks up what enterprises are called.
func namesOf[T any](ctx context.Context, s *store.Store, list []T, code func(T) string) (map[string]string, error) {
	names := map[string]string{}
	var codes []string
	for _, x := range list {
		if c := code(x); names[c] == "" {
			names[c] = c
			codes = append(codes, c)
		}
	}
	for part := range slices.Chunk(codes, 500) {
		marks, args := make([]string, len(part)), make([]any, len(part))
		for i, c := range part {
			marks[i], args[i] = fmt.Sprintf("$%d", i+1), c
		}
		rows, err := s.DB().QueryContext(ctx, `SELECT uscc, name FROM enterprise WHERE uscc IN (`+strings.Join(marks, ", ")+`)`, args...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var c, name string
			if err := rows.Scan(&c, &name); err != nil {
				rows.Close()
				return nil, err
			}
			names[c] = name
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return names, nil
}
