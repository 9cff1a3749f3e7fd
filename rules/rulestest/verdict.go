package rulestest

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"mianshen/rules"
)

// Verdict is the judge's answer for one item and one firm, in the words of the machine's own output: amounts in yuan with two
// decimals, "" where there is none.
type Verdict struct {
	Outcome                 string
	Amount                  string
	Failed, Missing, Manual []string
	Records                 []RecordVerdict
	Payments                []string // n due amount
}

// RecordVerdict is the answer for one record.
type RecordVerdict struct {
	Basis, Outcome, Amount  string
	Failed, Missing, Manual []string
}

// Firm is a firm under judgement.
type Firm struct{ env env }

// Load takes the facts of one firm.
func (j *Judge) Load(f Facts, a Around) *Firm {
	return &Firm{env{judge: j, facts: j.load(f), around: &a, firm: f.Enterprise, asOf: dayFromCivil(a.AsOf)}}
}

// Decide decides one item.
func (f *Firm) Decide(id string) Verdict { return f.env.judge.items[id].decide(&f.env) }

// answer is a check with its result.
type answer struct {
	id    string
	value value
}

func (it *item) decide(outer *env) Verdict {
	e := *outer
	e.item, e.row, e.record = it, nil, nil
	e.grant = it.granting(e.asOf)
	var v Verdict
	if it.rule.Each != "" {
		v = it.decideEach(&e)
	} else {
		v = it.decideOnce(&e)
	}
	if v.Outcome == "eligible" && v.Amount != "" && len(it.rule.Payments) > 0 {
		v.Payments = it.payments(&e, v.Amount)
	}
	e.counted("outcome " + v.Outcome)
	return v
}

func (it *item) ask(e *env, record bool) []answer {
	var out []answer
	for _, c := range it.checks {
		if it.rule.Each == "" || c.record == record {
			out = append(out, answer{c.id, c.eval(e)})
		}
	}
	return out
}

// fold joins answers and an amount (nil: the item has none) to an outcome, which ids are false, and what the rest waits for.
func fold(answers []answer, amount *value) (outcome string, failed []string, w *waits) {
	outcome = "eligible"
	for _, a := range answers {
		switch {
		case !a.value.known:
			outcome, w = "unknown", w.join(a.value.waits)
		case !a.value.truth:
			failed = append(failed, a.id)
		}
	}
	if amount != nil && !amount.known {
		outcome, w = "unknown", w.join(amount.waits)
	}
	if len(failed) > 0 {
		return "ineligible", failed, nil
	}
	return outcome, nil, w
}

// waiting gives what is missing in byte order and the conditions for a person in the order of the policy.
func (it *item) waiting(w *waits) (missing, manual []string) {
	if w == nil {
		return nil, nil
	}
	manual = sorted(w.manual)
	slices.SortStableFunc(manual, func(a, b string) int { return it.place(a) - it.place(b) })
	return sorted(w.missing), manual
}

// place is where a condition for a person stands in the policy; those of other items and the amount come last.
func (it *item) place(id string) int {
	if i := slices.Index(it.manuals, id); i >= 0 {
		return i
	}
	return len(it.manuals)
}

func (it *item) decideOnce(e *env) Verdict {
	answers := append(it.ask(e, false), it.earlier(e, it.basis(e))...)
	amount := it.figure(e)
	if amount != nil {
		amount = it.capped(e, *amount)
	}
	var v Verdict
	var w *waits
	v.Outcome, v.Failed, w = fold(answers, amount)
	v.Missing, v.Manual = it.waiting(w)
	if v.Outcome == "eligible" && amount != nil {
		v.Amount = yuan(amount.num)
	}
	return v
}

func (it *item) decideEach(e *env) Verdict {
	var v Verdict
	firm := it.ask(e, false)
	outcome, failed, w := fold(firm, nil)
	table := e.fact(it.rule.Each)
	if !table.known && outcome != "ineligible" {
		outcome, w = "unknown", w.join(table.waits)
	}
	total, eligible, undecided := new(big.Rat), 0, false
	var recordFailed []string
	for _, r := range table.rows {
		in := *e
		in.record = r
		rv, amount, rw := it.decideRecord(&in)
		v.Records = append(v.Records, rv)
		recordFailed = append(recordFailed, rv.Failed...)
		w = w.join(rw)
		switch rv.Outcome {
		case "eligible":
			eligible++
			if amount != nil {
				total.Add(total, amount.num)
			}
		case "unknown":
			undecided = true
		}
	}
	e.counted("each")
	switch {
	case outcome != "eligible":
	case eligible > 0:
	case undecided:
		outcome = "unknown"
	default:
		outcome, failed = "ineligible", it.inOrder(recordFailed)
	}
	var amount *value
	if it.amount != nil && outcome != "ineligible" && table.known {
		t := e.limited(total)
		if amount = &t; eligible > 0 {
			amount = it.capped(e, t)
		}
		if !amount.known {
			outcome, w = "unknown", w.join(amount.waits)
		}
	}
	v.Outcome, v.Failed = outcome, failed
	if outcome != "ineligible" {
		v.Missing, v.Manual = it.waiting(w)
	}
	if outcome == "eligible" && amount != nil {
		v.Amount = yuan(amount.num)
	}
	return v
}

// inOrder puts ids in the order of the policy, each once.
func (it *item) inOrder(ids []string) []string {
	var out []string
	for _, c := range it.checks {
		if slices.Contains(ids, c.id) {
			out = append(out, c.id)
		}
	}
	for _, id := range []string{"period", "once_per"} {
		if slices.Contains(ids, id) {
			out = append(out, id)
		}
	}
	return out
}

func (it *item) decideRecord(e *env) (RecordVerdict, *value, *waits) {
	answers := append(it.ask(e, true), it.earlier(e, text(e.record.key))...)
	amount := it.figure(e)
	printed := amount // its own sum, rounded; the exact one is what is added up
	if amount != nil && amount.known {
		printed = it.rounded(e, *amount)
	}
	rv := RecordVerdict{Basis: e.record.key}
	var w *waits
	rv.Outcome, rv.Failed, w = fold(answers, printed)
	rv.Missing, rv.Manual = it.waiting(w)
	if rv.Outcome == "eligible" && amount != nil {
		rv.Amount = yuan(printed.num)
	}
	return rv, amount, w
}

// granting is the period a grant on the day is for.
func (it *item) granting(day int) span {
	s, back := it.rule.For.Span, it.rule.For.Back
	if s == rules.Day {
		s, back = it.rule.Frequency.Span, 0
	}
	if s == rules.Day {
		s = rules.Year
	}
	return period(s, day, back)
}

// period is the month, quarter or year of a day, moved back.
func period(s rules.Span, day, back int) span {
	months := map[rules.Span]int{rules.Month: 1, rules.Quarter: 3, rules.Year: 12}[s]
	y, m, _ := parts(day)
	first := ((y*12+m-1)/months - back) * months
	next := first + months
	return span{dayOf(first/12, first%12+1, 1), dayOf(next/12, next%12+1, 1) - 1}
}

// basis is what identifies the thing claimed.
func (it *item) basis(e *env) value {
	if it.rule.Basis == "" {
		return text("")
	}
	return e.fact(it.rule.Basis)
}

// earlier asks the history whether the item was granted too often (period) or for the same thing (once_per).
func (it *item) earlier(e *env, basis value) []answer {
	if e.around.Awards == nil {
		return nil
	}
	var out []answer
	f := it.rule.Frequency
	if f.Once || f.Span != rules.Day || f.Every > 0 {
		taken := e.grants(func(g granted) bool { return g.item == it.id && it.sameThing(g, basis) && it.within(e, g.period) })
		if len(taken) > 0 {
			e.counted("period used")
		}
		out = append(out, answer{"period", truth(len(taken) == 0)})
	}
	if it.rule.OncePer {
		a := open(basis)
		if basis.known {
			used := e.anyFirm(func(g granted) bool { return g.item == it.id && g.basis == basis.text })
			a = truth(len(used) == 0)
			nameless := e.anyFirm(func(g granted) bool { return g.item == it.id && g.basis == "" })
			switch {
			case len(used) > 0:
				e.counted("once_per used")
			case len(nameless) > 0: // one of them may be for this very thing
				a = value{}
			}
		}
		out = append(out, answer{"once_per", a})
	}
	return out
}

// sameThing tells whether an earlier grant counts against the period: record by record, those for the same record or for one that
// wasn't named.
func (it *item) sameThing(g granted, basis value) bool {
	return it.rule.Each == "" || g.basis == "" || g.basis == basis.text
}

// within tells whether an earlier period falls into the one in which the item may be granted once.
func (it *item) within(e *env, p rules.Interval) bool {
	f := it.rule.Frequency
	if f.Once {
		return true
	}
	if f.Every > 0 { // two grants are at least so many years apart, whichever came first
		year, _, _ := parts(e.grant.from)
		apart := year - p.From.Year()
		return apart < f.Every && -apart < f.Every
	}
	w := period(f.Span, e.grant.from, 0)
	return dayFromCivil(p.From) <= w.to && dayFromCivil(p.To) >= w.from
}

// figure is the sum before rounding and before the caps over time, nil if the item has none; negative sums are 0.
func (it *item) figure(e *env) *value {
	var v value
	switch {
	case it.amount != nil:
		v = it.amount.eval(e)
	case it.atMost != nil:
		v = it.atMost.eval(e)
		f := e.finding(it.id, "amount")
		if f == nil || f.Amount == nil {
			v = open(v, value{waits: &waits{manual: []string{"amount"}}})
		} else {
			v = lesser(v, number(new(big.Rat).SetInt64(int64(*f.Amount))))
		}
	default:
		return nil
	}
	if v.known && v.num.Sign() < 0 {
		e.counted("negative amount")
		v = whole(0)
	}
	return &v
}

// capped applies all caps to an exact sum and rounds once.
func (it *item) capped(e *env, v value) *value {
	if it.perGrant != nil {
		v = lesser(v, it.limit(e, it.perGrant, new(big.Rat)))
	}
	out := it.overTime(e, v)
	if out.known {
		return it.rounded(e, *out)
	}
	return out
}

func lesser(a, b value) value {
	if !a.known || !b.known {
		return open(a, b)
	}
	if a.num.Cmp(b.num) <= 0 {
		return a
	}
	return b
}

// limit is what is left of a cap after what was granted, at least 0.
func (it *item) limit(e *env, t *typed, used *big.Rat) value {
	v := t.eval(e)
	if !v.known {
		return v
	}
	left := new(big.Rat).Sub(v.num, used)
	if v = e.limited(left); !v.known {
		return v
	}
	if left.Sign() <= 0 {
		e.counted("cap used up")
		left = new(big.Rat)
	}
	return number(left)
}

// overTime applies the caps over a year, all time and the number of grants; they need the history.
func (it *item) overTime(e *env, v value) *value {
	if e.around.Awards == nil {
		return &v
	}
	members := []string{it.id}
	if it.rule.Cap.Group != "" {
		members = it.judge.groups[it.rule.Cap.Group]
	}
	year, _, _ := parts(e.grant.from)
	grants := e.grants(func(g granted) bool { return slices.Contains(members, g.item) })
	inYear, ever := new(big.Rat), new(big.Rat)
	for _, g := range grants {
		ever.Add(ever, g.net)
		if g.period.From.Year() == year {
			inYear.Add(inYear, g.net)
		}
	}
	if it.perYear != nil {
		v = lesser(v, it.limit(e, it.perYear, inYear))
	}
	if it.total != nil {
		v = lesser(v, it.limit(e, it.total, ever))
	}
	if n := it.rule.Cap.Times; n > 0 && len(grants) >= n {
		e.counted("times used up")
		v = lesser(v, whole(0))
	}
	return &v
}

// rounded is the sum rounded to the item's step.
func (it *item) rounded(e *env, v value) *value {
	step := int64(it.rule.Round.Step)
	if step == 0 {
		step = 1
	}
	q := new(big.Rat).Quo(v.num, new(big.Rat).SetInt64(step))
	if it.rule.Round.How != 0 {
		q.Add(q, big.NewRat(1, 2))
	}
	n := new(big.Int).Quo(q.Num(), q.Denom())
	out := e.limited(new(big.Rat).SetInt(n.Mul(n, big.NewInt(step))))
	return &out
}

// payments shares a sum by the instalments: whole 分, what remains one by one to the largest fractions, earlier ones first.
func (it *item) payments(e *env, amount string) []string {
	fen, ok := new(big.Int).SetString(strings.Replace(amount, ".", "", 1), 10)
	if !ok {
		panic(amount)
	}
	n := len(it.rule.Payments)
	sums, rest, order := make([]*big.Int, n), make([]*big.Rat, n), make([]int, n)
	left := new(big.Int).Set(fen)
	for i, p := range it.rule.Payments {
		exactly := new(big.Rat).Mul(new(big.Rat).SetInt(fen), new(big.Rat).Quo(p.Share.Rat(), big.NewRat(100, 1)))
		sums[i] = new(big.Int).Quo(exactly.Num(), exactly.Denom())
		rest[i] = exactly.Sub(exactly, new(big.Rat).SetInt(sums[i]))
		left.Sub(left, sums[i])
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rest[b].Cmp(rest[a]) })
	for i := 0; left.Sign() > 0; i++ {
		sums[order[i]].Add(sums[order[i]], big.NewInt(1))
		left.Sub(left, big.NewInt(1))
	}
	var out []string
	for i, p := range it.rule.Payments {
		due := e.asOf
		if p.After.Years > 0 || p.After.Months > 0 {
			due, _ = addMonths(due, p.After.Years*12+p.After.Months)
		}
		due += p.After.Days
		out = append(out, fmt.Sprintf("%d %s %s", i+1, civilFromDay(due), yuan(new(big.Rat).SetInt(sums[i]))))
		e.counted("instalment")
	}
	return out
}

// yuan writes 分 in 元 with two decimals.
func yuan(fen *big.Rat) string { return new(big.Rat).Quo(fen, big.NewRat(100, 1)).FloatString(2) }
