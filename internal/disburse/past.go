package disburse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"mianshen/internal/disburse/claim"
	"mianshen/internal/disburse/entitle"
	"mianshen/internal/store"
	"mianshen/internal/store/rowset"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// paid is an entry that counts: on a living list, on its way, or paid. What the bank has returned is another status and doesn't.
//
// Money that came back from the firm (recovery_receipt) doesn't count: caps have that much more room, and once all of it is back the entry
// excludes no other item and no other period. The right itself stays settled, and its basis stays used.
type paid struct {
	entitle.Paid
	id, part, list  string
	claimed, amount exact.Money
	back            exact.Money // that came back
	decision        string
	asOf            civil.Date // of the sweep that it came from
}

// past is everything that counts, found by what asks for it. Its slices are in one fixed order.
type past struct {
	all     []paid
	byFirm  map[string][]int
	byID    map[string][]int
	byBasis map[entitle.Basis][]int
	rules   *rules.Book
}

// readPast reads all entries that count.
func (d *Desk) readPast(ctx context.Context, law *claim.Law, book *rules.Book) (*past, error) {
	p := &past{byFirm: map[string][]int{}, byID: map[string][]int{}, byBasis: map[entitle.Basis][]int{}, rules: book}
	groups, err := d.heldGroups(ctx)
	if err != nil {
		return nil, err
	}
	err = each(ctx, d.store, func(scan func(...any) error) error {
		var x paid
		var n int
		err := scan(&x.list, &n, &x.id, &x.part, &x.Item, &x.Enterprise, &x.Period, &x.Basis.Kind, &x.Basis.Value, &x.amount, &x.claimed, &x.decision, store.DayInto(&x.asOf), &x.back)
		x.Amount = x.amount - x.back
		x.Groups = groups[entryKey{x.list, n}]
		p.add(x, law)
		return err
	}, `SELECT e.list, e.n, t.id, t.part, t.item, t.enterprise, t.period, t.basis_kind, t.basis, e.amount_fen, e.claimed_fen, t.decision, s.as_of,
			CAST(coalesce((SELECT b.fen FROM entry_back b WHERE b.list = e.list AND b.n = e.n), 0) AS BIGINT)
		FROM list_entry e JOIN entitlement t ON t.id = e.entitlement AND t.part = e.part JOIN disbursement_list l ON l.id = e.list
		JOIN sweep s ON s.id = t.sweep WHERE e.status IN ('in', 'held') AND l.state <> 'withdrawn'`)
	if err == nil {
		err = d.readEarlier(ctx, p, law)
	}
	slices.SortFunc(p.all, func(a, b paid) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.part, b.part)) })
	for i, x := range p.all {
		p.byFirm[x.Enterprise] = append(p.byFirm[x.Enterprise], i)
		p.byID[x.id] = append(p.byID[x.id], i)
		if x.Basis.Value != "" {
			p.byBasis[x.Basis] = append(p.byBasis[x.Basis], i)
		}
	}
	return p, err
}

// add takes an entry in, with what the law says of its item.
func (p *past) add(x paid, law *claim.Law) {
	if r, ok := p.rules.Rule(x.Item); ok {
		x.CapGroup, x.Once = r.Item.Cap.Group, r.Item.OncePer
		for _, g := range law.Groups(r.Item, x.Period) {
			x.Groups = append(x.Groups, g.Group)
		}
	}
	if x.Spent = x.Amount == 0; x.Spent {
		x.Groups = nil
	}
	p.all = append(p.all, x)
}

// earlier begins what stands for the list of a grant that was brought in.
const earlier = "补录 "

// readEarlier adds what was granted before this ledger or elsewhere and was brought in, also what no second person has confirmed yet: it
// may have been paid. What was given back of it counts once a second person has confirmed that: nobody alone opens a right again.
func (d *Desk) readEarlier(ctx context.Context, p *past, law *claim.Law) error {
	return each(ctx, d.store, func(scan func(...any) error) error {
		var x paid
		if err := scan(&x.list, &x.Item, &x.Enterprise, &x.Period, &x.Basis.Value, &x.amount); err != nil {
			return err
		}
		if r, ok := p.rules.Rule(x.Item); ok && x.Basis.Value != "" {
			x.Basis.Kind = r.Item.Basis
		}
		x.list, x.Amount, x.claimed = earlier+x.list, x.amount, x.amount
		x.id = x.ID()
		p.add(x, law)
		return nil
	}, `SELECT min(g.file), g.item, g.enterprise, g.period, g.basis, CAST(sum(g.amount_fen) AS BIGINT) FROM earlier_grant g JOIN earlier_file h ON h.id = g.file
		WHERE g.live = 1 AND (g.amount_fen > 0 OR h.answer = 'confirmed') GROUP BY g.item, g.enterprise, g.period, g.basis HAVING sum(g.amount_fen) > 0`)
}

// left is what is paid of a right and hasn't come back.
func (p *past) left(id string) (sum exact.Money) {
	for _, i := range p.byID[id] {
		sum += p.all[i].Amount
	}
	return sum
}

// returned reports whether money of a right came back from the firm.
func (p *past) returned(id string) bool {
	return slices.ContainsFunc(p.byID[id], func(i int) bool { return p.all[i].back > 0 })
}

type entryKey struct {
	list string
	n    int
}

// heldGroups are the groups of exclusion in which entries hold a seat: also those of items that no policy has any more.
func (d *Desk) heldGroups(ctx context.Context) (map[entryKey][]string, error) {
	out := map[entryKey][]string{}
	err := each(ctx, d.store, func(scan func(...any) error) error {
		var k entryKey
		var key string
		err := scan(&k.list, &k.n, &key)
		if at := strings.LastIndexByte(key, '|'); at > 0 {
			out[k] = append(out[k], key[:at])
		}
		return err
	}, `SELECT list, n, key FROM entry_seat WHERE kind = 'exclusive'`)
	return out, err
}

// settled says why a claim of a group of rule difference isn't made up from what the same sweep gave under another item of the group:
// the best of that group was found then. Only a later sweep, by which the firm is due more, is a reason to make up the difference.
func (p *past) settled(x claim.Claim, sweep int64) string {
	for _, g := range x.Exclusive {
		for _, i := range p.byFirm[x.Enterprise] {
			o := p.all[i]
			if g.Rule == entitle.Difference && o.Item != x.Item && slices.Contains(o.Groups, g.Group) && strings.HasPrefix(o.decision, fmt.Sprintf("%d-", sweep)) {
				return "互斥组“" + g.Group + "”按这次比对已列入名单 " + o.list + " 上的另一项，不再补差额"
			}
		}
	}
	return ""
}

// before are the payments that count against claims of the firms: theirs, and those that share a basis that counts once. Payments
// of an item that is worked out anew (replace) are left out for its period.
func (p *past) before(firms []string, claims []claim.Claim, replace string) []entitle.Paid {
	seen := map[int]bool{}
	for _, f := range firms {
		for _, i := range p.byFirm[f] {
			seen[i] = true
		}
	}
	period := ""
	for _, c := range claims {
		if c.Item == replace {
			period = c.Period
		}
		for _, i := range p.byBasis[c.Basis] {
			if c.Once || p.all[i].Once {
				seen[i] = true
			}
		}
	}
	at := make([]int, 0, len(seen))
	for i := range seen {
		at = append(at, i)
	}
	slices.Sort(at)
	out := make([]entitle.Paid, 0, len(at))
	for _, i := range at {
		if x := p.all[i]; x.Item != replace || x.Period != period {
			out = append(out, x.Paid)
		}
	}
	return out
}

// blocked says why an earlier grant of the item excludes a claim; "" where none does. The claim's own entitlement isn't looked at.
func (p *past) blocked(c claim.Claim) string {
	now, err := rules.ParseInterval(c.Period)
	if err != nil {
		return ""
	}
	for _, i := range p.byFirm[c.Enterprise] {
		x := p.all[i]
		if x.Item != c.Item || x.id == c.ID || x.Spent {
			continue
		}
		if c.Rule.Item.Each != "" && x.Basis.Value != c.Basis.Value {
			continue // each record may be granted once a period
		}
		if earlier, err := rules.ParseInterval(x.Period); err != nil || c.Rule.Item.Frequency.Blocks(now, earlier) {
			return "已就 " + x.Period + " 拨付过本事项（名单 " + x.list + "），尚不能再次享受"
		}
	}
	return ""
}

// each runs a query and calls visit for every row.
func each(ctx context.Context, s *store.Store, visit func(rowset.Scan) error, query string, args ...any) error {
	rows, err := s.DB().QueryContext(ctx, query, args...)
	return rowset.Each(rows, err, visit)
}

// readNames are the names of all enterprises.
func (d *Desk) readNames(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	err := each(ctx, d.store, func(scan func(...any) error) error {
		var code, name string
		err := scan(&code, &name)
		names[code] = name
		return err
	}, `SELECT uscc, name FROM enterprise`)
	return names, err
}

// readSince tells, for items whose order of arising matters (a group of rule first, a budget shared by rank), on which day each
// firm last became eligible. A pair without an entry arose with the sweep itself.
func (w *world) readSince(ctx context.Context) (map[[2]string]civil.Date, error) {
	out := map[[2]string]civil.Date{}
	for _, item := range w.law.Related(sorted(w.wanted)) {
		r, _ := w.book.Rule(item)
		first := slices.ContainsFunc(r.Item.Exclusive, func(x rules.Exclusive) bool { return entitle.Rule(x.Rule) == entitle.First })
		if !first && r.Item.Budget.WhenShort != "rank" {
			continue
		}
		err := each(ctx, w.desk.store, func(scan func(...any) error) error {
			var firm string
			var day civil.Date
			err := scan(&firm, store.DayInto(&day))
			out[[2]string{item, firm}] = day
			return err
		}, `SELECT d.enterprise, max(s.as_of) FROM sweep_difference d JOIN sweep s ON s.id = d.sweep
			WHERE d.item = $1 AND d.kind = 'entered' AND s.status = 'done' AND s.purpose <> 'retroactive' AND s.id <= $2 GROUP BY d.enterprise`, item, w.sweep.ID)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
