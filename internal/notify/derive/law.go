package derive

import (
	"slices"
	"strings"
	"time"

	"mianshen/internal/notify/event"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// law is what is said of an item, worked out once.
type law struct {
	rule    *rules.Rule
	why     string // the reasons of all conditions
	clauses string
	credit  []*rules.Condition
	fields  []*rules.Field // that credit conditions may read
	near    *rules.Thresholds
}

func newLaw(r *rules.Rule) *law {
	l := &law{rule: r, near: r.Thresholds()}
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
	l.why, l.clauses = orNone(strings.Join(why, "；")), clausesOf(r, nil)
	for _, f := range r.Reads() {
		if len(l.credit) > 0 && isRecord(f.Name+f.Label) {
			l.fields = append(l.fields, f)
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

// clausesOf names the clauses of some conditions of an item, all of them for nil, each once.
func clausesOf(r *rules.Rule, ids []string) string {
	var out []string
	for _, c := range r.Policy.All(r.Item) {
		if c.Clause != "" && (ids == nil || slices.Contains(ids, c.ID)) && !slices.Contains(out, c.Clause) {
			out = append(out, c.Clause)
		}
	}
	return orNone(strings.Join(out, "、"))
}

// conditions finds those of an item by id.
func conditions(r *rules.Rule, ids []string) []*rules.Condition {
	var out []*rules.Condition
	for _, c := range r.Policy.All(r.Item) {
		if slices.Contains(ids, c.ID) {
			out = append(out, c)
		}
	}
	return out
}

// reasons says which conditions aren't fulfilled and what can be done.
func reasons(r *rules.Rule, ids []string) (why, remedy string) {
	var whys, remedies []string
	for _, c := range conditions(r, ids) {
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
	return orNone(strings.Join(whys, "；")), orNone(strings.Join(remedies, "；"))
}

// orNone is a text, or a word where there is none: no variable is ever empty.
func orNone(text string) string {
	if text == "" {
		return "无"
	}
	return text
}

// words writes an amount; items without one say so.
func words(amount *exact.Money) string {
	if amount == nil {
		return "按认定的金额"
	}
	return amount.Words()
}

// firm is whom an event is for, and when.
type firm struct {
	uscc, name string
	day        civil.Date
	at         time.Time
}

// about begins an event on an item for a firm.
func (l *law) about(kind, subject string, f firm) event.Event {
	e := event.New(kind, f.uscc, subject, f.at)
	e.Item = l.rule.Item.ID
	fill(e.Data, l.rule.Policy, f)
	e.Data[event.Item] = l.rule.Item.Title
	if codes := l.rule.Item.Industries; len(codes) == 1 {
		e.Data[event.Industry] = codes[0]
	}
	return e
}

func fill(data map[string]string, p *rules.Policy, f firm) {
	data[event.Firm], data[event.Document], data[event.Number], data[event.Issuer] = f.name, p.Title, orNone(p.Number), orNone(p.Issuer)
	data[event.Day], data[event.Department] = f.day.String(), p.Issuer
}

func money(m exact.Money) *exact.Money { return &m }

func worth(m *exact.Money) exact.Money {
	if m == nil {
		return 0
	}
	return max(0, *m)
}
