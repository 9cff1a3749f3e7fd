package rules

import (
	"fmt"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Fact is what is known of one field: a value with its origin, or why there is none. The zero Fact is missing.
type Fact struct {
	Value  *formula.Value // nil: missing
	Source string         // department or file
	On     civil.Date     // the day the value is of or was received; may be zero
	Reason string         // of a missing fact: 缺失 (the default), 已过期, 矛盾
}

// Profile is what is known of one enterprise on a day. It belongs to a vocabulary; derived fields are never stored in it.
type Profile struct {
	Enterprise string // USCC
	facts      []Fact // by Field.Index; nil entries are missing
}

// NewProfile returns a profile in which everything is missing.
func NewProfile(v *Vocabulary, enterprise string) *Profile {
	return &Profile{Enterprise: enterprise, facts: make([]Fact, len(v.Fields))}
}

// Set stores a fact. Derived fields are refused: they follow from others.
func (p *Profile) Set(f *Field, fact Fact) error {
	if f.Derived() {
		return fmt.Errorf("%s 由其他指标推算，不能直接提供", f.Name)
	}
	if f.table != "" || f.Index >= len(p.facts) {
		return fmt.Errorf("%s 不是档案里的指标", f.FullName())
	}
	p.facts[f.Index] = fact
	return nil
}

// Fact returns what is known of a field; for a derived field the zero Fact.
func (p *Profile) Fact(f *Field) Fact {
	if f.table != "" || f.Index >= len(p.facts) {
		return Fact{}
	}
	return p.facts[f.Index]
}

// Clone copies the profile; facts are immutable and shared.
func (p *Profile) Clone() *Profile {
	return &Profile{Enterprise: p.Enterprise, facts: append([]Fact(nil), p.facts...)}
}

// Stale reports whether a fact is too old on a day to be used. A fact of no known day is never stale.
func (f *Field) Stale(fact Fact, asOf civil.Date) bool {
	return f.StaleAfter > 0 && !fact.On.IsZero() && asOf.Sub(fact.On) > f.StaleAfter
}

// value is the field's value in expressions: missing and stale facts become unknown with their reason.
func (p *Profile) value(f *Field, asOf civil.Date) *formula.Value {
	fact := p.facts[f.Index]
	if fact.Value != nil && f.Stale(fact, asOf) {
		fact = Fact{Reason: "已过期"}
	}
	if fact.Value != nil {
		return fact.Value
	}
	if fact.Reason == "" {
		return f.missing()
	}
	return formula.Unknown(formula.Cause{Kind: formula.Missing, Name: f.FullName(), Text: fact.Reason})
}

// missing is the unknown value of an absent fact.
func (f *Field) missing() *formula.Value {
	return formula.Unknown(formula.Cause{Kind: formula.Missing, Name: f.FullName(), Text: "缺失"})
}

// NewRecord makes one row of a table; cells are by column index, nil is missing.
func (f *Field) NewRecord(key string, cells []*formula.Value) *formula.Record {
	r := &formula.Record{Key: key, Columns: make([]*formula.Value, len(f.Columns))}
	for i, c := range f.Columns {
		if i < len(cells) && cells[i] != nil {
			r.Columns[i] = cells[i]
			continue
		}
		r.Columns[i] = c.missing()
	}
	return r
}

// formatNumber writes a number in its declared unit; money in 万元 or 亿元 where people say so.
func formatNumber(n exact.Num, u formula.Unit, factor exact.Num, name string) string {
	if u.IsMoney() {
		return moneyWords(n)
	}
	shown, err := n.Quo(factor)
	if err != nil {
		return n.String()
	}
	switch name {
	case "":
		return shown.Decimal(4)
	case "%":
		return about(shown, 2) + shown.Decimal(2) + "%"
	}
	return shown.Decimal(4) + " " + formula.Measure(name)
}

// about marks a number that is shown with fewer decimals than it has.
func about(n exact.Num, places int) string {
	if digits, terminates := n.Rat().FloatPrec(); terminates && digits <= places {
		return ""
	}
	return "约 "
}

// moneyWords writes an exact number of 分 in 元, 万元 or 亿元; parts of a 分 are shown rounded.
func moneyWords(fen exact.Num) string {
	m, err := exact.Rounding{How: exact.HalfUp}.Round(fen)
	if err != nil {
		return fen.String() + " 分"
	}
	return m.Words()
}
