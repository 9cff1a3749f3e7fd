package night

import (
	"slices"
	"strings"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/notify/event"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Law is what is said of an item, worked out once. It is immutable.
type Law struct {
	Rule    *rules.Rule
	Why     string // the reasons of all conditions
	Clauses string
	Fields  []*rules.Field // that conditions on records of bad credit may read
	Near    *rules.Thresholds

	credit []*rules.Condition
}

// NewLaw works out what is said of a rule's item.
func NewLaw(r *rules.Rule) *Law {
	l := &Law{Rule: r, Near: r.Thresholds()}
	var why []string
	for _, c := range r.Policy.All(r.Item) {
		if c.Because != "" {
			why = append(why, c.Because)
		}
		if isCredit(c) {
			l.credit = append(l.credit, c)
		}
	}
	const most = 4
	if len(why) > most {
		why = append(why[:most], "等条件都符合")
	}
	l.Why, l.Clauses = OrNone(strings.Join(why, "；")), ClausesOf(r, nil)
	for _, f := range r.Reads() {
		if len(l.credit) > 0 && isRecord(f.Name+f.Label) {
			l.Fields = append(l.Fields, f)
		}
	}
	return l
}

// isCredit reports whether a condition refuses firms for a record of bad credit.
func isCredit(c *rules.Condition) bool {
	return c.Kind == rules.Exclude && isRecord(c.Expression.Text+c.Quote+c.Remedy)
}

// isRecord reports whether a text is about records of bad credit, as the law calls them.
func isRecord(text string) bool {
	return slices.ContainsFunc([]string{"失信", "惩戒", "经营异常", "不良信用", "信用修复"}, func(word string) bool { return strings.Contains(text, word) })
}

// ClausesOf names the clauses of some conditions of an item, all of them for nil, each once.
func ClausesOf(r *rules.Rule, ids []string) string {
	var out []string
	for _, c := range r.Policy.All(r.Item) {
		if c.Clause != "" && (ids == nil || slices.Contains(ids, c.ID)) && !slices.Contains(out, c.Clause) {
			out = append(out, c.Clause)
		}
	}
	return OrNone(strings.Join(out, "、"))
}

// Conditions finds those of an item by id.
func Conditions(r *rules.Rule, ids []string) []*rules.Condition {
	var out []*rules.Condition
	for _, c := range r.Policy.All(r.Item) {
		if slices.Contains(ids, c.ID) {
			out = append(out, c)
		}
	}
	return out
}

// Reasons says which conditions aren't fulfilled and what can be done.
func Reasons(r *rules.Rule, ids []string) (why, remedy string) {
	var whys, remedies []string
	for _, c := range Conditions(r, ids) {
		if c.Because != "" {
			whys = append(whys, "不再满足“"+c.Because+"”")
		}
		if c.Remedy != "" && !slices.Contains(remedies, c.Remedy) {
			remedies = append(remedies, c.Remedy)
		}
	}
	if len(whys) == 0 && slices.Contains(ids, "period") {
		whys = append(whys, "本期已经享受过")
	}
	return OrNone(strings.Join(whys, "；")), OrNone(strings.Join(remedies, "；"))
}

// OrNone is a text, or a word where there is none: no variable is ever empty.
func OrNone(text string) string {
	if text == "" {
		return "无"
	}
	return text
}

// Words writes an amount; items without one say so.
func Words(amount *exact.Money) string {
	if amount == nil {
		return "按认定的金额"
	}
	return amount.Words()
}

// Firm is whom an event is for, and when.
type Firm struct {
	USCC, Name string
	Day        civil.Date
	At         time.Time
}

// About begins an event on an item for a firm.
func (l *Law) About(kind, subject string, f Firm) event.Event {
	e := event.New(kind, f.USCC, subject, f.At)
	e.Item = l.Rule.Item.ID
	Fill(e.Data, l.Rule.Policy, f)
	e.Data[event.Item] = l.Rule.Item.Title
	if codes := l.Rule.Item.Industries; len(codes) == 1 {
		e.Data[event.Industry] = codes[0]
	}
	return e
}

// Fill puts in what every event on a policy says.
func Fill(data map[string]string, p *rules.Policy, f Firm) {
	data[event.Firm], data[event.Document], data[event.Number], data[event.Issuer] = f.Name, p.Title, OrNone(p.Number), OrNone(p.Issuer)
	data[event.Day], data[event.Department] = f.Day.String(), p.Issuer
}

// Worth is what an amount counts for the order of messages.
func Worth(m *exact.Money) exact.Money {
	if m == nil {
		return 0
	}
	return max(0, *m)
}

// Blocked reports whether records of bad credit alone refuse a decision.
func (l *Law) Blocked(d *rules.Decision) bool {
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

// Credit is the event of a decision that records of bad credit alone refuse.
func (l *Law) Credit(d *rules.Decision, sweep int64, f Firm) event.Event {
	e := l.About(event.Credit, l.Rule.Item.ID+"|"+strings.Join(d.Failed, ",")+"|"+d.Grant.Name, f)
	var quotes, owners []string
	for _, c := range Conditions(l.Rule, d.Failed) {
		quotes = append(quotes, c.Quote)
	}
	for _, field := range l.Fields {
		if !slices.Contains(owners, field.Source) && field.Source != "" {
			owners = append(owners, field.Source)
		}
	}
	_, e.Data[event.Remedy] = Reasons(l.Rule, d.Failed)
	e.Data[event.Record], e.Data[event.Source] = OrNone(strings.Join(quotes, "、")), OrNone(strings.Join(owners, "、"))
	e.Data[event.Clause] = ClausesOf(l.Rule, d.Failed)
	e.Decision = casework.DecisionID(sweep, l.Rule.Item.ID, f.USCC)
	return e
}
