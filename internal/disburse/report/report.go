// Package report counts what became of money without applications in a year: how much of it is automatic (免申即享), how long it took
// from policy to money, and what was paid, held and returned, by department and item.
package report

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Share is how many of some things are automatic (免申即享), confirmed with one step (即申即享) or applied for.
type Share struct{ Auto, Confirm, Apply int64 }

// All is how many there are.
func (s Share) All() int64 { return s.Auto + s.Confirm + s.Apply }

// Permille is the share of the automatic ones, in tenths of a percent, rounded down; 0 of nothing.
func (s Share) Permille() int64 {
	if s.All() == 0 {
		return 0
	}
	return s.Auto * 1000 / s.All()
}

func (s *Share) add(m rules.Mode, n int64) {
	switch m {
	case rules.Auto:
		s.Auto += n
	case rules.Confirm:
		s.Confirm += n
	default:
		s.Apply += n
	}
}

// Sum is a number of entries or payments and their money.
type Sum struct {
	Count int64
	Fen   exact.Money
}

func (s *Sum) add(fen exact.Money) { s.Count, s.Fen = s.Count+1, s.Fen+fen }

// Line is one item of one department.
type Line struct {
	Department, Item, Title string
	Mode                    rules.Mode // "": no policy has the item any more
	Eligible                int64      // pairs of the newest sweep
	Paid                    Sum        // that went through, also where it came back later
	Returned                Sum        // by the bank
	Recovered               Sum        // given back by firms
	Held                    Sum        // entries that are held now
	Open                    Sum        // entries on living lists that aren't paid yet
	Days                    Days
}

// Days are calendar days from the day the policy came into force to the day that a payment went through.
type Days struct {
	Payments            int
	Least, Median, Most int
}

// Report is one fiscal year. Items and Pairs are of today: the current policies and the newest sweep.
type Report struct {
	Year  int
	Items Share
	Pairs Share // eligible pairs
	Days  Days
	Lines []Line // by department, then item
}

// maker adds a report up.
type maker struct {
	office *casework.Office
	book   *casework.Book
	lines  map[[2]string]*Line
	days   map[*Line][]int
}

// Of is the report of a fiscal year. casework.ErrNothing: no policy has been published yet.
func Of(ctx context.Context, o *casework.Office, year int) (*Report, error) {
	book, err := o.Current(ctx)
	if err != nil {
		return nil, err
	}
	m := &maker{office: o, book: book, lines: map[[2]string]*Line{}, days: map[*Line][]int{}}
	r := &Report{Year: year}
	for _, rule := range book.Rules {
		r.Items.add(rule.Item.Mode, 1)
		m.line(rule.Policy.Issuer, rule.Item.ID)
	}
	if err := m.pairs(ctx, r); err != nil {
		return nil, err
	}
	if err := m.money(ctx, year); err != nil {
		return nil, err
	}
	if err := m.entries(ctx, year); err != nil {
		return nil, err
	}
	var all []int
	for l, days := range m.days {
		l.Days = count(days)
		all = append(all, days...)
	}
	r.Days = count(all)
	for _, l := range slices.SortedFunc(maps.Values(m.lines), func(a, b *Line) int {
		return cmp.Or(cmp.Compare(a.Department, b.Department), cmp.Compare(a.Item, b.Item))
	}) {
		r.Lines = append(r.Lines, *l)
	}
	return r, nil
}

// Keep leaves the lines of the departments alone, all of them for nil. Shares and days stay those of the district.
func (r *Report) Keep(departments []string) {
	if departments != nil {
		r.Lines = slices.DeleteFunc(r.Lines, func(l Line) bool { return !slices.Contains(departments, l.Department) })
	}
}

func (m *maker) line(department, item string) *Line {
	key := [2]string{department, item}
	if m.lines[key] == nil {
		l := &Line{Department: department, Item: item, Title: item}
		if r, ok := m.book.Rule(item); ok {
			l.Title, l.Mode = r.Item.Title, r.Item.Mode
		}
		m.lines[key] = l
	}
	return m.lines[key]
}

// count sums up days, which it sorts. The median of an even number is the lower one.
func count(days []int) Days {
	if len(days) == 0 {
		return Days{}
	}
	slices.Sort(days)
	return Days{Payments: len(days), Least: days[0], Median: days[(len(days)-1)/2], Most: days[len(days)-1]}
}

// pairs counts the eligible pairs of the newest sweep; there may be none yet.
func (m *maker) pairs(ctx context.Context, r *Report) error {
	return each(ctx, m.office.Store, func(scan func(...any) error) error {
		var item string
		var n int64
		if err := scan(&item, &n); err != nil {
			return err
		}
		if rule, ok := m.book.Rule(item); ok {
			m.line(rule.Policy.Issuer, item).Eligible = n
			r.Pairs.add(rule.Item.Mode, n)
		}
		return nil
	}, `SELECT item, decisions FROM sweep_summary WHERE outcome = 'eligible'
		AND sweep = (SELECT max(id) FROM sweep WHERE status = 'done' AND purpose <> 'retroactive')`)
}

// money adds up postings and recoveries of the year's lines.
func (m *maker) money(ctx context.Context, year int) error {
	return each(ctx, m.office.Store, func(scan func(...any) error) error {
		var department, item, kind string
		var at time.Time
		var fen exact.Money
		if err := scan(&department, &item, &kind, store.StampInto(&at), &fen); err != nil {
			return err
		}
		l := m.line(department, item)
		switch kind {
		case "post":
			l.Paid.add(fen)
			if r, ok := m.book.Rule(item); ok && !r.Policy.InForce.From.IsZero() {
				m.days[l] = append(m.days[l], civil.On(at).Sub(r.Policy.InForce.From))
			}
		case "return":
			l.Returned.add(fen)
		default:
			l.Recovered.add(fen)
		}
		return nil
	}, `SELECT l.department, e.item, m.kind, m.at, m.fen FROM (
			SELECT o.payment AS payment, o.kind AS kind, o.at AS at, o.fen AS fen FROM posting o WHERE o.kind IN ('post', 'return')
			UNION ALL SELECT r.payment, 'recovered', c.at, c.fen FROM recovery_receipt c JOIN recovery r ON r.id = c.recovery) m
		JOIN payment p ON p.id = m.payment JOIN payment_line f ON f.payment = p.id JOIN budget_line b ON b.id = f.line AND b.year = $1
		JOIN list_entry e ON e.list = p.list AND e.n = p.n JOIN disbursement_list l ON l.id = e.list`, year)
}

// entries adds up what is held and what is on its way.
func (m *maker) entries(ctx context.Context, year int) error {
	return each(ctx, m.office.Store, func(scan func(...any) error) error {
		var department, item, status string
		var fen exact.Money
		if err := scan(&department, &item, &status, &fen); err != nil {
			return err
		}
		l := m.line(department, item)
		if status == "held" {
			l.Held.add(fen)
			return nil
		}
		l.Open.add(fen)
		return nil
	}, `SELECT l.department, e.item, e.status, e.amount_fen FROM list_entry e JOIN disbursement_list l ON l.id = e.list
		JOIN budget_line b ON b.id = e.line AND b.year = $1 WHERE e.status IN ('in', 'held') AND l.state <> 'withdrawn'
		AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.list = e.list AND p.n = e.n AND p.state = 'paid')`, year)
}

// each runs a query and calls visit for every row.
func each(ctx context.Context, s *store.Store, visit func(rowset.Scan) error, query string, args ...any) error {
	rows, err := s.DB().QueryContext(ctx, query, args...)
	return rowset.Each(rows, err, visit)
}
