package disburse

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/disburse/claim"
	"mianshen/internal/disburse/entitle"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// world is all that a proposal is worked out of.
type world struct {
	desk    *Desk
	request Request
	now     time.Time
	sweep   store.Sweep
	book    *casework.Book
	law     *claim.Law
	around  rules.Circumstances // of the sweep: its day, what persons had found, what had been granted
	table   *engine.Table
	state   *engine.Result
	wanted  map[string]bool
	past    *past
	chosen  map[string]map[string]string // enterprise -> group -> item
	names   map[string]string
	groups  map[string][]string // 关联集团 -> its firms, where there are several
	group   map[string]string   // firm -> 关联集团, of those
	since   map[[2]string]civil.Date
	entered map[[2]string][]entrance // item and firm -> by which sweeps it became eligible; of items whose first instalment waits
	sweeps  []entrance               // that are done, by day

	firms   []claim.Firm // with any claim or refusal, by enterprise
	due     []*due
	left    []Left
	replace string // an item whose own payments are to be worked out anew (corrections)
}

// due is an entitlement, or a part of one, that is to be paid if the budget allows.
type due struct {
	claim.Claim
	part     string
	claimed  entitle.Entitlement // with what this part comes to by the decision
	entry    lists.Entry
	shares   []share
	exclude  bool // takes its seats in groups of exclusion
	decision string
	version  string // of the policy
}

// open reads what a request is about.
func (d *Desk) open(ctx context.Context, r Request, now time.Time) (*world, error) {
	year := today(now).Year()
	if r.Year == 0 {
		r.Year = year
	}
	if r.Year != year {
		return nil, refusal(store.ErrInvalid, "只能在本年度（%d 年）的预算额度内拨付，%d 年的请结转后再起草", year, r.Year)
	}
	w := &world{desk: d, request: r, now: now}
	var err error
	if w.sweep, err = d.sweepOf(ctx, r.Sweep); err != nil {
		return nil, err
	}
	if w.book, err = d.office.Of(ctx, w.sweep.Plan); err != nil {
		return nil, err
	}
	if w.wanted, err = wantedItems(w.book, r, w.sweep.AsOf); err != nil {
		return nil, err
	}
	if w.around, err = d.office.Circumstances(ctx, w.sweep); err != nil {
		return nil, err
	}
	w.law = claim.NewLaw(w.book.Book, w.sweep.AsOf)
	snap, err := d.store.Snapshot(ctx, w.sweep.Snapshot)
	if err != nil {
		return nil, err
	}
	if w.table, err = d.office.Table(ctx, w.book.Book.Vocabulary, snap); err != nil {
		return nil, err
	}
	if w.state, err = d.office.State(ctx, w.sweep); err != nil {
		return nil, err
	}
	if w.past, err = d.readPast(ctx, w.law, w.book.Book); err != nil {
		return nil, err
	}
	if w.chosen, err = d.ledger.Choices(ctx, now); err != nil {
		return nil, err
	}
	if w.names, err = d.readNames(ctx); err != nil {
		return nil, err
	}
	if w.since, err = w.readSince(ctx); err != nil {
		return nil, err
	}
	err = w.affiliates()
	return w, err
}

// affiliates reads which firms belong to one group (关联集团). A firm of which it isn't known stands for itself.
func (w *world) affiliates() error {
	w.groups, w.group = map[string][]string{}, map[string]string{}
	f, ok := w.table.Vocabulary.Field("关联集团")
	if !ok || f.Derived() || f.Type != rules.TypeString {
		return nil
	}
	c, err := w.table.Column(f)
	if err != nil || c == nil {
		return err
	}
	rows := map[uint32][]int{}
	for row := range c.Rows {
		if c.IsKnown(row) && c.Dict != nil {
			rows[c.Codes[row]] = append(rows[c.Codes[row]], row)
		}
	}
	for code, of := range rows {
		name := strings.TrimSpace(c.Dict[code])
		if len(of) < 2 || name == "" {
			continue
		}
		for _, row := range of {
			w.groups[name] = append(w.groups[name], w.table.Code(row))
			w.group[w.table.Code(row)] = name
		}
		slices.Sort(w.groups[name])
	}
	return nil
}

// claim makes the claims of every firm that is eligible for an item that is wanted or can stand against one.
func (w *world) claim(ctx context.Context) error {
	rows, pairs := w.pairs()
	w.firms = make([]claim.Firm, len(rows))
	err := parallel(ctx, len(rows), func() func(int) error {
		facts := w.session()
		return func(i int) error {
			firm := w.table.Code(rows[i])
			var err error
			w.firms[i], err = w.law.Of(firm, pairs[i], func() (*rules.Session, error) { return facts(rows[i]) }, func(item string) civil.Date {
				if day, ok := w.since[[2]string{item, firm}]; ok {
					return day
				}
				return w.sweep.AsOf
			})
			return err
		}
	})
	slices.SortFunc(w.firms, func(a, b claim.Firm) int { return cmp.Compare(a.Enterprise, b.Enterprise) })
	return err
}

// pairs are the eligible pairs of the related items, gathered by row.
func (w *world) pairs() (rows []int, pairs [][]claim.Pair) {
	type one struct {
		row int
		claim.Pair
	}
	var all []one
	related := map[string]bool{}
	for _, item := range w.law.Related(sorted(w.wanted)) {
		r, _ := w.book.Rule(item)
		related[item] = w.wanted[item] || w.replace == "" && r.Item.Mode != rules.Apply
	}
	for i, t := range w.state.Items {
		r, ok := w.book.Rule(t.Item)
		if !ok || !related[t.Item] {
			continue
		}
		w.state.Grants(i, func(row int, amount exact.Money) bool {
			all = append(all, one{row, claim.Pair{Rule: r, Amount: amount}})
			return true
		})
	}
	slices.SortStableFunc(all, func(a, b one) int { return cmp.Compare(a.row, b.row) })
	for _, p := range all {
		if len(rows) == 0 || rows[len(rows)-1] != p.row {
			rows, pairs = append(rows, p.row), append(pairs, nil)
		}
		pairs[len(pairs)-1] = append(pairs[len(pairs)-1], p.Pair)
	}
	return rows, pairs
}

// session gives a function that loads the facts of a row; it is one goroutine's.
func (w *world) session() func(row int) (*rules.Session, error) {
	s, loaded := w.book.NewSession(w.around), -1
	return func(row int) (*rules.Session, error) {
		if row == loaded {
			return s, nil
		}
		p, err := w.table.Profile(row)
		if err != nil {
			return nil, err
		}
		s.Load(p)
		loaded = row
		return s, nil
	}
}

// parallel has pieces 0 to n-1 worked on, each once; start makes what one goroutine works with. It ends with the first error or
// that of the context.
func parallel(ctx context.Context, n int, start func() func(int) error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make([]error, min(runtime.GOMAXPROCS(0), max(1, n)))
	for k := range failed {
		wg.Go(func() {
			work := start()
			for i := int(next.Add(1)) - 1; i < n && failed[k] == nil; i = int(next.Add(1)) - 1 {
				if failed[k] = ctx.Err(); failed[k] == nil {
					failed[k] = work(i)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// leftOf is a claim that is left out.
func (w *world) leftOf(c claim.Claim, fate Fate, reason string) Left {
	return Left{
		Item: c.Item, Title: c.Rule.Item.Title, Enterprise: c.Enterprise, Name: w.names[c.Enterprise], Period: c.Period, Basis: c.Basis.Value,
		Amount: c.Amount, Fate: fate, Reason: reason,
	}
}
