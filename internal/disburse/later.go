package disburse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mianshen/internal/disburse/claim"
	"mianshen/internal/disburse/entitle"
	"mianshen/internal/disburse/lists"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// instalments parts what is due of items that are paid in instalments, and adds the later parts of entitlements whose first part is
// on a list or was paid: those that are due, each decided on its day by its own conditions.
func (w *world) instalments(ctx context.Context) error {
	if err := w.readEntered(ctx); err != nil {
		return err
	}
	facts := w.session()
	whole := w.due
	w.due = make([]*due, 0, len(whole))
	for _, d := range whole {
		if len(d.Rule.Item.Payments) == 0 {
			w.due = append(w.due, d)
			continue
		}
		if err := w.inParts(d, facts); err != nil {
			return err
		}
	}
	w.missed()
	for _, id := range sortedKeys(w.past.byID) {
		first, n := w.past.next(id)
		if n == 0 || !w.wanted[first.Item] {
			continue
		}
		r, _ := w.book.Rule(first.Item)
		if n > len(r.Item.Payments) {
			continue
		}
		if err := w.later(ctx, r, first, n, facts); err != nil {
			return err
		}
	}
	return nil
}

// inParts makes an entry of each instalment that is due with the decision itself, up to the first that isn't.
func (w *world) inParts(d *due, facts func(int) (*rules.Session, error)) error {
	row, _ := w.table.Row(d.Enterprise)
	session, err := facts(row)
	if err != nil {
		return err
	}
	pays := claim.Parts(d.Rule.Item, d.entry.Amount)
	for n, amount := range claim.Parts(d.Rule.Item, d.Amount) {
		x := *d
		x.part, x.claimed.Amount = part(n+1), amount
		x.entry.Part, x.entry.Entitlement, x.entry.Amount = x.part, x.claimed, min(pays[n], amount)
		fate, reason := w.ripe(d.Rule, n+1, w.arose(d.Rule, d.Enterprise, w.sweep.ID, w.sweep.AsOf), session)
		if fate != "" {
			w.hold(&x, fate, reason)
			return nil
		}
		switch {
		case amount == 0 || x.entry.Amount == 0:
			continue
		case x.entry.Amount == amount:
			x.entry.Reason = ""
		case x.entry.Reason == "":
			x.entry.Reason = "各期合计按应拨金额分摊"
		}
		w.due = append(w.due, &x)
	}
	return nil
}

// ripe says why an instalment of a grant decided on a day can't be paid yet; "" where it can.
func (w *world) ripe(r *rules.Rule, n int, decided civil.Date, session *rules.Session) (Fate, string) {
	day := r.Item.Payments[n-1].After.From(decided)
	if day.After(today(w.now)) {
		return Later, fmt.Sprintf("第 %d 期到 %s 才应拨付", n, day)
	}
	if day.After(w.sweep.AsOf) {
		return Later, fmt.Sprintf("第 %d 期应在 %s 核定，请用该日或以后的比对起草", n, day)
	}
	switch outcome, findings := session.Instalment(r, n); outcome {
	case rules.Eligible:
		return "", ""
	case rules.Ineligible:
		return Later, fmt.Sprintf("第 %d 期：%s", n, claim.Failing(findings))
	default:
		return Unknown, fmt.Sprintf("第 %d 期：%s", n, claim.Failing(findings))
	}
}

// delayed reports whether the first instalment of an item waits, so that its day counts from when the right arose, not from whichever
// sweep looks at it.
func delayed(r *rules.Rule) bool {
	day := civil.MustParse("2000-01-01")
	return len(r.Item.Payments) > 0 && r.Item.Payments[0].After.From(day) != day
}

// entrance is a sweep by which a firm became eligible, or any sweep that is done.
type entrance struct {
	sweep int64
	asOf  civil.Date
}

// readEntered reads by which sweeps firms became eligible for wanted items whose first instalment waits, and which sweeps there were.
func (w *world) readEntered(ctx context.Context) error {
	w.entered = map[[2]string][]entrance{}
	for _, item := range sorted(w.wanted) {
		if r, ok := w.book.Rule(item); !ok || !delayed(r) {
			continue
		}
		err := each(ctx, w.desk.store, func(scan func(...any) error) error {
			var firm string
			var e entrance
			err := scan(&firm, &e.sweep, store.DayInto(&e.asOf))
			w.entered[[2]string{item, firm}] = append(w.entered[[2]string{item, firm}], e)
			return err
		}, `SELECT d.enterprise, s.id, s.as_of FROM sweep_difference d JOIN sweep s ON s.id = d.sweep
			WHERE d.item = $1 AND d.kind = 'entered' AND s.status = 'done' AND s.purpose <> 'retroactive' AND s.id <= $2 ORDER BY s.id`, item, w.sweep.ID)
		if err != nil {
			return err
		}
	}
	if len(w.entered) == 0 {
		return nil
	}
	return each(ctx, w.desk.store, func(scan func(...any) error) error {
		var e entrance
		err := scan(&e.sweep, store.DayInto(&e.asOf))
		w.sweeps = append(w.sweeps, e)
		return err
	}, `SELECT id, as_of FROM sweep WHERE status = 'done' AND purpose <> 'retroactive' AND id <= $1 ORDER BY as_of, id`, w.sweep.ID)
}

// arose is the day from which the instalments of a right count that a sweep decided: the as-of day of that sweep; where the first one
// waits, of the first sweep of the right's period since which the firm has been eligible without a break.
func (w *world) arose(r *rules.Rule, firm string, sweep int64, asOf civil.Date) civil.Date {
	since := civil.Date{}
	for _, e := range w.entered[[2]string{r.Item.ID, firm}] {
		if e.sweep <= sweep {
			since = e.asOf
		}
	}
	if since.IsZero() {
		return asOf
	}
	if from := r.Grant(asOf).From; since.Before(from) {
		since = from
	}
	for _, e := range w.sweeps {
		if e.sweep <= sweep && !e.asOf.Before(since) {
			return e.asOf
		}
	}
	return asOf
}

// missed leaves to a person the rights of the period before whose first instalment waited beyond the period: today's sweep decides for
// another one.
func (w *world) missed() {
	for _, key := range sortedPairs(w.entered) {
		r, _ := w.book.Rule(key[0])
		now, last := r.Grant(w.sweep.AsOf), entrance{}
		for _, e := range w.sweeps {
			if r.Grant(e.asOf).From.Before(now.From) {
				last = e
			}
		}
		begun := w.entered[key][0]
		if last.sweep == 0 || begun.sweep > last.sweep {
			continue
		}
		period := r.Grant(last.asOf).Name
		day := r.Item.Payments[0].After.From(w.arose(r, key[1], last.sweep, last.asOf))
		paid := slices.ContainsFunc(w.past.byFirm[key[1]], func(i int) bool { return w.past.all[i].Item == key[0] && w.past.all[i].Period == period })
		if paid || day.After(today(w.now)) {
			continue
		}
		w.hold(&due{Claim: claim.Claim{Rule: r, Entitlement: entitle.Entitlement{Claim: entitle.Claim{Item: key[0], Enterprise: key[1], Period: period}}}, part: part(1)},
			Unknown, fmt.Sprintf("%s 的首期应在 %s 拨付，那时已进入下一所属期，请人工核定后办理", period, day))
	}
}

func sortedPairs[V any](m map[[2]string]V) [][2]string {
	return slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
}

// sweepOf is the sweep of a decision's id.
func sweepOf(decision string) (n int64) {
	text, _, _ := strings.Cut(decision, "-")
	n, _ = strconv.ParseInt(text, 10, 64) // 0: no sweep, so that the day of the entry counts
	return n
}

// next is an entry of the first instalment of an entitlement and the number of the first one that has no entry; 0 where it isn't
// paid in instalments.
func (p *past) next(id string) (first paid, n int) {
	have := map[string]bool{}
	for _, i := range p.byID[id] {
		have[p.all[i].part] = true
		if p.all[i].part == "i1" {
			first, n = p.all[i], 2
		}
	}
	for n > 0 && have[part(n)] {
		n++
	}
	return first, n
}

func part(n int) string { return fmt.Sprintf("i%d", n) }

// later proposes the n-th instalment, or says what it waits for.
func (w *world) later(ctx context.Context, r *rules.Rule, first paid, n int, facts func(int) (*rules.Session, error)) error {
	c := claim.Claim{Rule: r, Entitlement: entitle.Entitlement{ID: first.id, Claim: entitle.Claim{
		Item: first.Item, Enterprise: first.Enterprise, Period: first.Period, Basis: first.Basis, Amount: first.claimed, Since: first.asOf,
		Once: r.Item.OncePer, CapGroup: r.Item.Cap.Group, Exclusive: w.law.Groups(r.Item, first.Period),
	}}}
	c.Amount = first.claimed
	d := &due{Claim: c, part: part(n), claimed: c.Entitlement}
	if w.past.returned(first.id) {
		w.hold(d, Unknown, fmt.Sprintf("前面各期有钱追回，第 %d 期是否还应拨付请人工核定", n))
		return nil
	}
	row, known := w.table.Row(first.Enterprise)
	if !known {
		w.hold(d, Unknown, fmt.Sprintf("第 %d 期核定时没有这家企业的数据，请补齐后重新比对", n))
		return nil
	}
	session, err := facts(row)
	if err != nil {
		return err
	}
	if fate, reason := w.ripe(r, n, w.arose(r, first.Enterprise, sweepOf(first.decision), first.asOf), session); fate != "" {
		w.hold(d, fate, reason)
		return nil
	}
	again, err := w.desk.office.Explain(ctx, first.decision)
	if err != nil {
		return err
	}
	parts := claim.Parts(r.Item, claim.Amounts(again.Explanation.Decision)[recordOf(r, first.Basis)])
	if n > len(parts) || parts[0] != first.claimed {
		w.hold(d, Unknown, fmt.Sprintf("第 %d 期的金额与首期对不上，请人工核定", n))
		return nil
	}
	d.Amount, d.claimed.Amount, d.decision, d.version = parts[n-1], parts[n-1], again.Decision.ID, again.Decision.PolicyVersion
	return w.rest(d, first, session)
}

// recordOf is the record that a basis is of, "" for an item that isn't decided record by record.
func recordOf(r *rules.Rule, b entitle.Basis) string {
	if r.Item.Each == "" {
		return ""
	}
	return b.Value
}

// rest makes the entry of a later instalment: cut as the first one was, and to what caps leave by now.
func (w *world) rest(d *due, first paid, session *rules.Session) error {
	c, pay, reason := d.Claim, d.Amount, ""
	if first.amount < first.claimed {
		share, err := quotient(c.Amount.Num(), first.amount.Num(), first.claimed.Num())
		if err != nil {
			return err
		}
		cut, err := exact.Rounding{}.Round(share)
		if err != nil {
			return err
		}
		pay, reason = min(pay, cut), "与首期按同一比例扣减"
	}
	members := []string{c.Enterprise}
	if g := w.group[c.Enterprise]; g != "" {
		members = w.groups[g]
	}
	year, total := session.CapsOverTime(c.Rule)
	var caps []entitle.Cap
	for kind, x := range map[entitle.CapKind]rules.CapOverTime{entitle.PerYear: year, entitle.Total: total} { // merged puts them in order
		if x.Set && x.Known {
			caps = append(caps, entitle.Cap{Kind: kind, Item: c.Item, Group: c.CapGroup, Most: x.Most})
		}
		if x.Set && !x.Known {
			w.hold(d, Unknown, "年度或累计上限取决于缺失的数据，请补齐数据后重新比对")
			return nil
		}
	}
	limits, err := entitle.Limits([]entitle.Entitlement{c.Entitlement}, merged(caps, members), w.past.before(members, nil, ""))
	if err != nil {
		return err
	}
	for _, l := range limits {
		d.shares = append(d.shares, w.share(l, c.Enterprise))
		if l.Left < pay {
			pay, reason = l.Left, fmt.Sprintf("上限 %s，此前已拨付 %s", l.Cap.Most.Words(), l.Paid.Words())
		}
	}
	slices.SortFunc(d.shares, func(a, b share) int { return cmp.Compare(a.key, b.key) })
	if pay <= 0 {
		w.hold(d, Lost, reason)
		return nil
	}
	d.entry = lists.Entry{Entitlement: d.claimed, Part: d.part, Name: w.names[c.Enterprise], Amount: pay, Reason: reason}
	w.due = append(w.due, d)
	return nil
}

// quotient is a*b/c of sums of money; c isn't 0.
func quotient(a, b, c exact.Num) (exact.Num, error) {
	product, err := a.Mul(b)
	if err != nil {
		return exact.Num{}, err
	}
	return product.Quo(c)
}
