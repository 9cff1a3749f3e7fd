package rules

import (
	"fmt"
	"slices"
	"sort"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Ids of findings that come from the history instead of a condition.
const (
	periodFinding = "period"
	onceFinding   = "once_per"
)

// unstated is what awards add up to when one of them has no sum.
var unstated = formula.Unknown(formula.Cause{Kind: formula.Fault, Text: "有一笔拨付没有写金额"})

var noHistory = formula.Unknown(formula.Cause{Kind: formula.NoHistory, Text: NoHistory})

// Lookup answers 取值.
func (r *run) Lookup(name string, by *formula.Value) *formula.Value {
	b := r.rule.lookups[name]
	if b == nil {
		return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: "没有“" + name + "”这个数值"})
	}
	e := b.value.at(r.around.AsOf, r.rule.Policy.InForce)
	if e == nil {
		return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: fmt.Sprintf("“%s”在 %s 没有值", name, r.around.AsOf)})
	}
	return e.value(name, by, b.percent)
}

// Awarded answers 已奖: money granted for a year, net of recovery.
func (r *run) Awarded(items []string, year int) *formula.Value {
	if from, err := civil.New(year, 1, 1); err != nil || !r.around.History.Knows(items, from) {
		return noHistory
	}
	sum := exact.Int(0)
	for _, g := range r.grants() {
		if !slices.Contains(items, g.item) || g.period.From.Year() != year {
			continue
		}
		if g.unstated {
			return unstated
		}
		total, err := sum.Add(g.amount)
		if err != nil {
			return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: err.Error()})
		}
		sum = total
	}
	return formula.NumberOf(sum)
}

// EverAwarded answers 曾获.
func (r *run) EverAwarded(items []string) *formula.Value {
	if !r.around.History.Knows(items, civil.Date{}) {
		return noHistory
	}
	for _, g := range r.grants() {
		if slices.Contains(items, g.item) {
			return formula.BoolOf(true)
		}
	}
	return formula.BoolOf(false)
}

// Qualifies answers 符合 with the other item's outcome on the same day; an item that isn't decided on the day qualifies nobody.
func (r *run) Qualifies(item string) *formula.Value {
	other, ok := r.book.byItem[item]
	if !ok {
		return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: "没有事项 " + item})
	}
	if !other.Due(r.around.AsOf) {
		return formula.BoolOf(false)
	}
	d := r.asked[item]
	if d == nil {
		inner := &Session{book: r.book, around: r.around, profile: r.profile, asked: r.asked}
		inner.frame = formula.Frame{Fields: r.frame.Fields, AsOf: r.frame.AsOf}
		d = inner.Decide(other)
		if r.asked == nil {
			r.asked = map[string]*Decision{}
		}
		r.asked[item] = d
	}
	switch d.Outcome {
	case Eligible:
		return formula.BoolOf(true)
	case Ineligible:
		return formula.BoolOf(false)
	}
	var causes []formula.Cause
	for _, m := range d.Missing {
		causes = append(causes, formula.Cause{Kind: formula.Missing, Name: m, Text: "缺失"})
	}
	if len(causes) == 0 {
		causes = append(causes, formula.Cause{Kind: formula.Fault, Text: "事项“" + other.Item.Title + "”待核实"})
	}
	vs := make([]*formula.Value, len(causes))
	for i, c := range causes {
		vs[i] = formula.Unknown(c)
	}
	return formula.Open(vs...)
}

// grants are this firm's net grants up to the day.
func (r *run) grants() []grant {
	if !r.net {
		r.past = grants(r.around.History.byFirm[r.d.Enterprise], r.around.AsOf, func(Award) bool { return true })
		r.net = true
	}
	return r.past
}

// basisText is what identifies the thing granted, as text; nil when the item has no basis or decides record by record.
func (r *run) basisText() *formula.Value {
	f := r.rule.basis
	if f == nil {
		return nil
	}
	v := r.frame.Fields[f.Index]
	if !v.Known() {
		return formula.Open(v)
	}
	return formula.TextOf(f.Cell(v))
}

// fromHistory gives the findings that need the history: how often the item may be granted, and the same basis claimed before.
func (r *run) fromHistory(basis *formula.Value) []Finding {
	if !r.around.History.Limits() {
		return nil
	}
	var out []Finding
	if blocked, by := r.granted(basis); blocked {
		out = append(out, Finding{ID: periodFinding, Value: formula.BoolOf(false), Text: fmt.Sprintf("已就 %s 拨付过本事项", by.period.Name)})
	}
	if !r.rule.Item.OncePer || basis == nil {
		return out
	}
	if !basis.Known() {
		return append(out, Finding{ID: onceFinding, Value: basis, Text: "不知道依据，无法核对是否重复"})
	}
	if v, text := r.once(basis.Text()); v != nil {
		out = append(out, Finding{ID: onceFinding, Value: v, Text: text})
	}
	return out
}

// once looks for an award of the item to any firm for the same basis: false where there is one, unknown where an award has no
// basis written, nil where nothing stands against the grant.
func (r *run) once(basis string) (*formula.Value, string) {
	key := [2]string{r.rule.Item.ID, basis}
	if r.claimed == nil {
		r.claimed = map[string]map[string]bool{}
	}
	claimed := r.claimed[key[0]]
	if claimed == nil {
		claimed = map[string]bool{}
		for _, g := range grants(r.around.History.byItem[key[0]], r.around.AsOf, func(Award) bool { return true }) {
			claimed[r.canonical(g.basis)] = true
		}
		r.claimed[key[0]] = claimed
	}
	switch {
	case claimed[basis]:
		return formula.BoolOf(false), "依据“" + basis + "”已经拨付过"
	case claimed[""]:
		return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: "有一笔拨付没有写依据，无法核对是否重复"}), "有一笔拨付没有写依据"
	}
	return nil, ""
}

// canonical writes a basis as the field's own cell would, so that 2025/6/1 and 20250601 are one.
func (r *run) canonical(basis string) string {
	if r.rule.basis == nil || basis == "" {
		return basis
	}
	v, err := r.rule.basis.Parse(basis, "")
	if err != nil || v == nil {
		return basis
	}
	return r.rule.basis.Cell(v)
}

// granted reports whether an earlier grant fills this one's period. Items decided record by record may be granted once a
// period for each record.
func (r *run) granted(basis *formula.Value) (bool, grant) {
	it := r.rule.Item
	for _, g := range r.grants() {
		if g.item != it.ID {
			continue
		}
		if r.rule.table != nil && g.basis != "" && basis.Known() && basis.Text() != g.basis {
			continue
		}
		if it.Frequency.blocks(r.d.Grant, g.period) {
			return true, g
		}
	}
	return false, grant{}
}

// blocks reports whether a grant for the period earlier excludes one for the period now.
func (f Frequency) blocks(now, earlier Interval) bool {
	switch {
	case f.Once:
		return true
	case f.Every > 0:
		years := now.From.Year() - earlier.From.Year()
		return years < f.Every && years > -f.Every
	case f.Span == Day:
		return false // no period is declared: caps limit it, and the disbursement pays an entitlement once
	}
	return f.Span.Of(now.From, 0).Overlaps(earlier)
}

// amount is the exact amount before caps, of the firm or of one record; nil when the item has none. Negative counts as 0.
func (r *run) amount() *formula.Value {
	var v *formula.Value
	switch {
	case r.rule.amount != nil:
		v = r.frame.Run(r.rule.amount)
	case r.rule.atMost != nil:
		v = r.recorded()
	default:
		return nil
	}
	*r.raw = v
	if v.Known() && v.Num().Sign() < 0 {
		return formula.NumberOf(exact.Int(0))
	}
	return v
}

// limits are the caps that apply: per_grant always, those over time only with a history.
type limits struct{ perGrant, perYear, total *formula.Value }

func (r *run) caps() limits {
	var l limits
	run := func(p *formula.Program) *formula.Value {
		if p == nil {
			return nil
		}
		return r.frame.Run(p)
	}
	l.perGrant = run(r.rule.perGrant)
	if r.around.History.Limits() {
		l.perYear, l.total = run(r.rule.perYear), run(r.rule.total)
		if (l.perYear != nil || l.total != nil) && r.anyUnstated() {
			l.total = unstated
		}
	}
	return l
}

// anyUnstated reports whether an award that counts toward the item's caps has no sum.
func (r *run) anyUnstated() bool {
	items := r.capItems()
	return slices.ContainsFunc(r.grants(), func(g grant) bool { return g.unstated && slices.Contains(items, g.item) })
}

// capItems are the items whose awards count toward the caps: the item's own, or those of its cap group.
func (r *run) capItems() []string {
	if g := r.rule.Item.Cap.Group; g != "" {
		return r.book.groups[g]
	}
	return []string{r.rule.Item.ID}
}

// open lists the caps that aren't known.
func (l limits) open() []*formula.Value {
	var out []*formula.Value
	for _, v := range []*formula.Value{l.perGrant, l.perYear, l.total} {
		if v != nil && !v.Known() {
			out = append(out, v)
		}
	}
	return out
}

func (r *run) limit(name string, to exact.Num) {
	m, err := exact.Rounding{}.Round(to)
	if err == nil {
		*r.limits = append(*r.limits, Limit{name, m})
	}
}

// recorded is the sum a person has recorded for an at_most item, never above the limit.
func (r *run) recorded() *formula.Value {
	limit := r.frame.Run(r.rule.atMost)
	found, conflict := r.around.Findings.find(r.d.Enterprise, r.rule.Item.ID, AmountFinding, r.around.AsOf)
	if conflict || found == nil || found.Amount == nil {
		pending := formula.Unknown(formula.Cause{Kind: formula.Pending, Name: AmountFinding, Text: "金额待人工核定"})
		return formula.Open(pending, limit)
	}
	if !limit.Known() {
		return limit
	}
	sum := formula.NumberOf(found.Amount.Num())
	if sum.Num().Cmp(limit.Num()) > 0 {
		r.limit("金额上限", limit.Num())
		return limit
	}
	return sum
}

// settle applies the caps, rounds once, and shares the amount out over the instalments. All caps are known.
func (r *run) settle(amount exact.Num, caps limits) {
	n, err := r.capped(amount, caps)
	var m exact.Money
	if err == nil {
		m, err = r.rule.Item.Round.Round(n)
	}
	if err != nil {
		r.d.Outcome = Unknown
		r.d.Faults = append(r.d.Faults, err.Error())
		return
	}
	r.d.Amount = &m
	r.instalments(m)
}

// capped applies per_grant, then what is left of the year's and the total cap, then how many times the item may be granted.
func (r *run) capped(n exact.Num, caps limits) (exact.Num, error) {
	it := r.rule.Item
	if caps.perGrant != nil {
		n = r.cut(n, caps.perGrant.Num(), "单次上限")
	}
	if !r.around.History.Limits() {
		return n, nil
	}
	items := r.capItems()
	if it.Cap.Times > 0 && r.times(items) >= it.Cap.Times {
		return r.cut(n, exact.Int(0), fmt.Sprintf("最多 %d 次", it.Cap.Times)), nil
	}
	for _, c := range []struct {
		limit *formula.Value
		year  int
		name  string
	}{{caps.perYear, r.d.Grant.From.Year(), "年度上限余额"}, {caps.total, 0, "累计上限余额"}} {
		if c.limit == nil {
			continue
		}
		left, err := c.limit.Num().Sub(r.used(items, c.year))
		if err != nil {
			return n, err
		}
		n = r.cut(n, left, c.name)
	}
	return n, nil
}

// cut brings n down to a limit, at least to 0.
func (r *run) cut(n, limit exact.Num, name string) exact.Num {
	if limit.Sign() < 0 {
		limit = exact.Int(0)
	}
	if n.Cmp(limit) <= 0 {
		return n
	}
	r.limit(name, limit)
	return limit
}

// times is how often the items were granted.
func (r *run) times(items []string) int {
	count := 0
	for _, g := range r.grants() {
		if slices.Contains(items, g.item) {
			count++
		}
	}
	return count
}

// sumRecords adds up the exact amounts of the eligible records.
func (r *run) sumRecords(caps limits) {
	sum := exact.Int(0)
	for _, rd := range r.d.Records {
		if rd.Outcome != Eligible || rd.due == nil {
			continue
		}
		total, err := sum.Add(rd.due.Num())
		if err != nil {
			r.d.Outcome = Unknown
			r.d.Faults = append(r.d.Faults, err.Error())
			return
		}
		sum = total
	}
	r.settle(sum, caps)
}

// used is what was granted under the items in a year (0: ever).
func (r *run) used(items []string, year int) exact.Num {
	sum := exact.Int(0)
	for _, g := range r.grants() {
		if !slices.Contains(items, g.item) || year != 0 && g.period.From.Year() != year {
			continue
		}
		if total, err := sum.Add(g.amount); err == nil {
			sum = total
		}
	}
	return sum
}

func (r *run) instalments(total exact.Money) {
	ps := r.rule.Item.Payments
	if len(ps) == 0 {
		return
	}
	weights := make([]exact.Num, len(ps))
	for i, p := range ps {
		weights[i] = p.Share
	}
	parts, err := exact.Split(total, weights)
	if err != nil {
		return
	}
	for i, p := range ps {
		r.d.Payments = append(r.d.Payments, Payment{N: i + 1, Due: p.After.from(r.around.AsOf), Amount: parts[i]})
	}
}

// causes sorts what is unknown into missing base fields, conditions waiting for a person (in policy order, amount last), and
// faults of the rule.
func (r *run) causes(open []*formula.Value) (missing, manual, faults []string) {
	if len(open) == 0 {
		return nil, nil, nil
	}
	pending := map[string]bool{}
	for _, c := range formula.Open(open...).Causes() {
		switch c.Kind {
		case formula.Missing:
			missing = append(missing, c.Name)
		case formula.Pending:
			pending[c.Name] = true
		default:
			faults = append(faults, c.Text)
		}
	}
	sort.Strings(missing)
	var walk func([]*check)
	walk = func(cs []*check) {
		for _, c := range cs {
			if c.cond.Kind == Manual && pending[c.id] {
				manual = append(manual, c.id)
				delete(pending, c.id)
			}
			walk(c.parts)
		}
	}
	walk(r.rule.checks)
	if pending[AmountFinding] {
		manual = append(manual, AmountFinding)
	}
	return slices.Compact(missing), manual, faults
}
