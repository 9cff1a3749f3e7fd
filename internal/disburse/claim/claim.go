// Package claim says what decisions give a right to, and within which limits: the entitlements of a firm, item by item and
// basis by basis, the groups of exclusion that they are in, and the caps over time that bind them.
//
// It is pure: a Law stands for the published policies on one day.
package claim

import (
	"fmt"
	"slices"

	"mianshen/internal/disburse/entitle"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Law is what the policies of a book say about payment on a day. It is immutable and may be used from many goroutines.
type Law struct {
	book   *rules.Book
	day    civil.Date
	yearly map[string]bool          // groups that start anew each year
	caps   map[string][]entitle.Cap // by item: caps that depend on no fact
	unsure map[string]bool          // items of which such a cap can't be worked out
	wants  map[string]bool          // items whose claims need the firm's facts
}

// NewLaw reads the payment side of a book as of a day.
func NewLaw(book *rules.Book, day civil.Date) *Law {
	l := &Law{book: book, day: day, yearly: map[string]bool{}, caps: map[string][]entitle.Cap{}, unsure: map[string]bool{}, wants: map[string]bool{}}
	session := book.NewSession(rules.Circumstances{AsOf: day})
	session.Load(rules.NewProfile(book.Vocabulary, ""))
	for _, r := range book.Rules {
		it := r.Item
		l.wants[it.ID] = it.Each != "" || it.Basis != "" || r.CapsAsk() || it.Budget.WhenShort == "rank"
		if !r.CapsAsk() {
			caps, known := capsOf(r, session)
			l.caps[it.ID], l.unsure[it.ID] = caps, !known
		}
		for _, x := range it.Exclusive {
			renewed, seen := l.yearly[x.Group]
			l.yearly[x.Group] = it.Frequency.Renewed() && (renewed || !seen)
		}
	}
	return l
}

// Groups are the groups of exclusion of an item for a period. A group whose items are all granted anew each year, quarter or
// month excludes within a year, which is then part of its name; any other excludes for good.
func (l *Law) Groups(it *rules.Item, period string) []entitle.Exclusive {
	out := make([]entitle.Exclusive, len(it.Exclusive))
	for i, x := range it.Exclusive {
		out[i] = entitle.Exclusive{Group: l.Group(x.Group, period), Rule: entitle.Rule(x.Rule)}
	}
	return out
}

// Group is the name of a group for a period.
func (l *Law) Group(name, period string) string {
	if l.yearly[name] {
		return name + " " + entitle.Year(period)
	}
	return name
}

// Caps are the caps over time of an item that depend on no fact of a firm.
func (l *Law) Caps(item string) []entitle.Cap { return l.caps[item] }

// Related are the items whose grants can stand against those of the given ones, however indirectly: by a group of exclusion, a
// cap group, or one kind of basis. They come sorted and include the given ones.
func (l *Law) Related(items []string) []string {
	ties := map[string][]string{}
	for _, r := range l.book.Rules {
		for _, tie := range tiesOf(r.Item) {
			ties[tie] = append(ties[tie], r.Item.ID)
		}
	}
	seen := map[string]bool{}
	queue := slices.Clone(items)
	for len(queue) > 0 {
		item := queue[0]
		queue = queue[1:]
		r, ok := l.book.Rule(item)
		if !ok || seen[item] {
			continue
		}
		seen[item] = true
		for _, tie := range tiesOf(r.Item) {
			queue = append(queue, ties[tie]...)
			delete(ties, tie)
		}
	}
	out := make([]string, 0, len(seen))
	for item := range seen {
		out = append(out, item)
	}
	slices.Sort(out)
	return out
}

func tiesOf(it *rules.Item) []string {
	var out []string
	for _, x := range it.Exclusive {
		out = append(out, "exclusive "+x.Group)
	}
	if it.Cap.Group != "" {
		out = append(out, "cap "+it.Cap.Group)
	}
	if it.Basis != "" {
		out = append(out, "basis "+it.Basis)
	}
	return out
}

// Pair is an item that a firm is eligible for, with the amount that the sweep came to.
type Pair struct {
	Rule   *rules.Rule
	Amount exact.Money
}

// Claim is an entitlement with what the budget asks about it.
type Claim struct {
	entitle.Entitlement
	Rule  *rules.Rule
	Score exact.Num // for budget.when_short rank; 0 without scores
}

// Refused is a pair that makes no claim, or none yet: a person must look.
type Refused struct {
	Pair
	Period, Reason string
}

// Firm is what one firm claims. Grants holds, for each item decided record by record, what its grant comes to as a whole.
type Firm struct {
	Enterprise string
	Claims     []Claim
	Caps       []entitle.Cap // over time, of the items that are claimed; each firm's own
	Grants     map[string]exact.Money
	Refused    []Refused
}

// Of makes the claims of a firm from its pairs. facts gives a session of the law's book and day with the firm's profile loaded;
// it is called only where the pair alone doesn't say enough. since tells when the claim to an item arose.
func (l *Law) Of(enterprise string, pairs []Pair, facts func() (*rules.Session, error), since func(item string) civil.Date) (Firm, error) {
	f := Firm{Enterprise: enterprise}
	for _, p := range pairs {
		if p.Amount <= 0 && p.Rule.Item.Each == "" {
			continue // known to be 0.00: makes no entry
		}
		var session *rules.Session
		if l.wants[p.Rule.Item.ID] {
			var err error
			if session, err = facts(); err != nil {
				return f, err
			}
		}
		if reason := l.add(&f, p, session, since); reason != "" {
			f.Refused = append(f.Refused, Refused{p, p.Rule.Grant(l.day).Name, reason})
		}
	}
	return f, nil
}

// add adds the claims of one pair, or says why there are none.
func (l *Law) add(f *Firm, p Pair, session *rules.Session, since func(string) civil.Date) string {
	it := p.Rule.Item
	base := entitle.Claim{Item: it.ID, Enterprise: f.Enterprise, Period: p.Rule.Grant(l.day).Name, Amount: p.Amount, Since: since(it.ID), Once: it.OncePer, CapGroup: it.Cap.Group}
	base.Exclusive = l.Groups(it, base.Period)
	caps, known := l.caps[it.ID], !l.unsure[it.ID]
	if p.Rule.CapsAsk() {
		caps, known = capsOf(p.Rule, session)
	}
	if !known {
		return "年度或累计上限算不出来，请补齐它所用的数据或数值后重新比对"
	}
	claims, score := []entitle.Claim{base}, exact.Num{}
	switch {
	case it.Each != "":
		d := session.Decide(p.Rule)
		if d.Outcome != rules.Eligible || d.Amount == nil || *d.Amount != p.Amount {
			return "逐条核算的结果与比对结果不一致，请重新比对后再起草"
		}
		claims = records(base, d)
		if f.Grants == nil {
			f.Grants = map[string]exact.Money{}
		}
		f.Grants[it.ID] = p.Amount
		score = d.Points()
	case it.Basis != "":
		text, known := session.Basis(p.Rule)
		if !known || text == "" {
			return fmt.Sprintf("缺少识别同一件事的“%s”，无法核对是否重复享受，请补齐数据后重新比对", it.Basis)
		}
		claims[0].Basis = entitle.Basis{Kind: it.Basis, Value: text}
	}
	if it.Each == "" && it.Budget.WhenShort == "rank" {
		score = session.Decide(p.Rule).Points()
	}
	made := make([]Claim, 0, len(claims))
	for _, c := range claims {
		e, err := entitle.Make(c)
		if err != nil {
			return "不能生成应拨记录：" + err.Error() + "，请核对数据"
		}
		if slices.ContainsFunc(made, func(o Claim) bool { return o.ID == e.ID }) {
			return fmt.Sprintf("依据“%s”在数据里出现了两次，请核对数据", e.Basis.Value)
		}
		made = append(made, Claim{Entitlement: e, Rule: p.Rule, Score: score})
	}
	f.Claims = append(f.Claims, made...)
	f.Caps = append(f.Caps, caps...)
	return ""
}

// records are the claims of an item decided record by record, one for each eligible record that gets anything.
func records(base entitle.Claim, d *rules.Decision) []entitle.Claim {
	var out []entitle.Claim
	amounts := Amounts(d)
	for _, r := range d.Records {
		if amount := amounts[r.Basis]; amount > 0 && r.Outcome == rules.Eligible {
			c := base
			c.Basis = entitle.Basis{Kind: d.Rule.Item.Basis, Value: r.Basis} // undeclared: identifies within the item only
			c.Amount = amount
			out = append(out, c)
		}
	}
	return out
}

// Amounts is what an eligible decision comes to by basis: under "" where the item isn't decided record by record, else the
// records' shares of the whole, in proportion to what each came to, which sum to the whole.
func Amounts(d *rules.Decision) map[string]exact.Money {
	out := map[string]exact.Money{}
	if d.Outcome != rules.Eligible || d.Amount == nil {
		return out
	}
	if d.Rule.Item.Each == "" {
		out[""] = *d.Amount
		return out
	}
	var keys []string
	var weights []exact.Num
	for _, r := range d.Records {
		if r.Outcome == rules.Eligible && r.Amount != nil {
			keys, weights = append(keys, r.Basis), append(weights, r.Amount.Num())
		}
	}
	parts, err := exact.Split(*d.Amount, weights)
	if err != nil {
		return out // nothing to share
	}
	for i, key := range keys {
		out[key] = parts[i]
	}
	return out
}

// Parts shares an amount out over the item's instalments, in order; without instalments it is one part.
func Parts(it *rules.Item, amount exact.Money) []exact.Money {
	weights := make([]exact.Num, len(it.Payments))
	for i, p := range it.Payments {
		weights[i] = p.Share
	}
	parts, err := exact.Split(amount, weights)
	if err != nil {
		return []exact.Money{amount}
	}
	return parts
}

// capsOf are the caps over time of an item; known is false where one of them isn't.
func capsOf(r *rules.Rule, session *rules.Session) (caps []entitle.Cap, known bool) {
	it := r.Item
	year, total := session.CapsOverTime(r)
	for _, c := range []struct {
		kind entitle.CapKind
		cap  rules.CapOverTime
	}{{entitle.PerYear, year}, {entitle.Total, total}} {
		if c.cap.Set && !c.cap.Known {
			return nil, false
		}
		if c.cap.Set {
			caps = append(caps, entitle.Cap{Kind: c.kind, Item: it.ID, Group: it.Cap.Group, Most: c.cap.Most})
		}
	}
	if it.Cap.Times > 0 {
		caps = append(caps, entitle.Cap{Kind: entitle.Times, Item: it.ID, Group: it.Cap.Group, Times: it.Cap.Times})
	}
	return caps, true
}
