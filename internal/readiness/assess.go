package readiness

import (
	"context"
	"slices"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
)

// assessor finds out what conditions need.
type assessor struct {
	s     *Survey
	ctx   context.Context
	needs map[int][]Need // by rule
}

// item lists what a rule needs.
func (a *assessor) item(rule int) ([]Need, error) {
	if known, ok := a.needs[rule]; ok {
		return known, nil
	}
	r := a.s.Rules[rule]
	needs := []Need{}
	for _, c := range r.Policy.All(r.Item) {
		n, err := a.condition(rule, c)
		if err != nil {
			return nil, err
		}
		needs = append(needs, n)
	}
	for _, extra := range []func(int) (Need, bool, error){a.records, a.amount, a.basis} {
		n, wanted, err := extra(rule)
		if err != nil {
			return nil, err
		}
		if wanted {
			needs = append(needs, n)
		}
	}
	a.needs[rule] = needs
	return needs, nil
}

// condition tells what a condition or a part of one needs.
func (a *assessor) condition(rule int, c *rules.Condition) (Need, error) {
	n := Need{ID: c.ID, Title: c.Because, Clause: c.Clause, Quote: c.Quote, Verdict: Ready}
	switch c.Kind {
	case rules.Manual:
		n.Verdict, n.Judge = AwaitsClause, c.Manual
		return n, nil
	case rules.AnyOf, rules.AllOf:
		for _, p := range c.Parts {
			part, err := a.condition(rule, p)
			if err != nil {
				return n, err
			}
			n.Parts = append(n.Parts, part)
		}
		if n.Any = c.Kind == rules.AnyOf; n.Any {
			n.Verdict = nearest(n.Parts)
		} else {
			n.Verdict = furthest(n.Parts)
		}
		return n, nil
	}
	err := a.expressions(rule, &n, c.Expressions()...)
	return n, err
}

// records is the need of an item decided record by record for the records themselves.
func (a *assessor) records(rule int) (Need, bool, error) {
	table := a.s.Rules[rule].Item.Each
	n := Need{Title: "逐条判定的" + table, Verdict: Ready}
	if table == "" {
		return n, false, nil
	}
	err := a.facts(rule, &n, []string{table})
	return n, true, err
}

// amount is what the amount and its caps need.
func (a *assessor) amount(rule int) (Need, bool, error) {
	it := a.s.Rules[rule].Item
	n := Need{ID: rules.AmountFinding, Title: "金额", Verdict: Ready}
	if it.AtMost.Text != "" {
		n.Verdict, n.Judge = AwaitsClause, "核定金额，不超过 "+it.AtMost.Text
	}
	wanted := it.Amount.Text+it.AtMost.Text != ""
	err := a.expressions(rule, &n, it.Amount, it.AtMost, it.Cap.PerGrant, it.Cap.PerYear, it.Cap.Total)
	return n, wanted, err
}

// basis is what an item that is granted once for a basis needs to know it.
func (a *assessor) basis(rule int) (Need, bool, error) {
	it := a.s.Rules[rule].Item
	n := Need{Title: "核对依据是否重复", Verdict: Ready}
	f, ok := a.s.Book.Vocabulary.Field(it.Basis)
	if !it.OncePer || !ok || it.Each != "" {
		return n, false, nil
	}
	r := &reader{a: a, rule: rule, seen: map[*formula.Node]bool{}}
	r.field(f)
	err := a.facts(rule, &n, r.facts)
	return n, true, err
}

// expressions adds what expressions of the rule need. Those without text are left out.
func (a *assessor) expressions(rule int, n *Need, list ...rules.Expression) error {
	r := &reader{a: a, rule: rule, seen: map[*formula.Node]bool{}}
	for _, e := range list {
		if e.Text == "" {
			continue
		}
		if tree := a.s.Rules[rule].Tree(e); tree != nil {
			tree.Walk(r.read)
		}
	}
	for _, item := range r.items {
		if err := a.outcome(item, n); err != nil {
			return err
		}
	}
	if r.history {
		n.owe(Coverage{Fact: "已发放的奖补", Department: ledger.Name})
	}
	return a.facts(rule, n, r.facts)
}

// facts adds those that departments have to deliver.
func (a *assessor) facts(rule int, n *Need, facts []string) error {
	for _, fact := range facts {
		c, err := a.s.coverage(a.ctx, rule, fact)
		if err != nil {
			return err
		}
		if c.owed() {
			n.owe(c)
		}
	}
	return nil
}

func (n *Need) owe(c Coverage) {
	n.Owed = append(n.Owed, c)
	if n.Verdict == Ready {
		n.Verdict = AwaitsData
	}
}

// outcome adds what another item needs, whose outcome is asked by 符合. An item that isn't decided on the day needs nothing.
func (a *assessor) outcome(item string, n *Need) error {
	rule := slices.IndexFunc(a.s.Rules, func(r *rules.Rule) bool { return r.Item.ID == item })
	if rule < 0 {
		return nil
	}
	needs, err := a.item(rule)
	if err != nil {
		return err
	}
	for _, c := range owing(needs) {
		n.owe(c)
	}
	if furthest(needs) == AwaitsClause {
		n.Verdict, n.Judge = AwaitsClause, "先判定“"+a.s.Rules[rule].Item.Title+"”，它要人认定"
	}
	return nil
}

// reader collects what a tree reads, through named parts and derived fields.
type reader struct {
	a       *assessor
	rule    int
	facts   []string // as in Decision.Missing
	items   []string // whose outcome is asked
	history bool     // earlier awards are asked for and weren't given
	seen    map[*formula.Node]bool
}

func (r *reader) read(n *formula.Node) bool {
	switch n.Op {
	case formula.OpField:
		r.field(r.a.s.Book.Vocabulary.Fields[n.Slot])
	case formula.OpColumn, formula.OpRecord:
		if n.Slot >= 0 {
			r.add(n.Name)
		}
	case formula.OpDefine:
		r.walk(r.a.s.Rules[r.rule].Part(n.Slot))
	case formula.OpAwarded: // of which year isn't known here; mostly this one
		year, err := civil.New(r.a.s.Around.AsOf.Year(), 1, 1)
		r.history = r.history || err != nil || !r.a.s.Around.History.Knows(n.Names, year)
	case formula.OpEverAwarded:
		r.history = r.history || !r.a.s.Around.History.Knows(n.Names, civil.Date{})
	case formula.OpQualifies:
		r.items = append(r.items, n.Names...)
	}
	return true
}

func (r *reader) field(f *rules.Field) {
	if f.Derived() {
		r.walk(f.Derivation())
		return
	}
	r.add(f.Name)
}

// walk reads a tree that may be met again.
func (r *reader) walk(n *formula.Node) {
	if !r.seen[n] {
		r.seen[n] = true
		n.Walk(r.read)
	}
}

func (r *reader) add(fact string) {
	if !slices.Contains(r.facts, fact) {
		r.facts = append(r.facts, fact)
	}
}
