package forecast

import (
	"slices"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
)

// plan is what of a rule depends on the day.
type plan struct {
	marks  []mark         // days that the law lays down
	fields []*rules.Field // delivered facts that may get too old
	atoms  []atom
	daily  bool            // something is read that changes every day
	dated  map[string]bool // the conditions that dates can turn
	moving bool            // a figure that is compared with a bound moves from day to day
}

// mark is a day that is the same for all firms.
type mark struct {
	day   civil.Date
	cause Cause
}

// study reads the trees of a rule, and of those whose outcome it asks, into a plan.
type study struct {
	book  *rules.Book
	rule  *rules.Rule
	plan  *plan
	top   string       // the condition that is being read
	rows  *rules.Field // the table of the loop that is being read; nil: none
	seen  map[*rules.Rule]bool
	known map[*formula.Node]bool // what dependent has found
}

func (d *Desk) plan(r *rules.Rule) *plan {
	p := d.plans[r]
	if p == nil {
		p = &plan{dated: map[string]bool{}}
		s := &study{book: d.book, plan: p, seen: map[*rules.Rule]bool{}, known: map[*formula.Node]bool{}}
		s.read(r)
		d.plans[r] = p
	}
	return p
}

func (s *study) read(r *rules.Rule) {
	if s.seen[r] {
		return
	}
	s.seen[r] = true
	outer, rows := s.rule, s.rows
	s.rule, s.rows = r, nil
	defer func() { s.rule, s.rows = outer, rows }()
	policy := Cause{Kind: ByPolicy, Name: r.Policy.Title}
	s.mark(r.Policy.InForce.From, policy)
	s.markAfter(r.Policy.InForce.To, policy)
	s.markAfter(r.Policy.SettleTo, policy)
	for _, f := range r.Reads() {
		if f.StaleAfter > 0 && !f.Derived() && !slices.Contains(s.plan.fields, f) {
			s.plan.fields = append(s.plan.fields, f)
		}
	}
	shape := r.Shape()
	for _, c := range shape.Conditions {
		if outer == nil {
			s.top = c.ID
		}
		s.part(c)
	}
	for _, n := range []*formula.Node{shape.Amount, shape.AtMost, shape.PerGrant, shape.PerYear, shape.Total} {
		s.sum(n)
	}
	if f, ok := s.book.Vocabulary.Field(r.Item.Basis); ok && f.Derived() {
		s.walk(f.Derivation())
	}
}

func (s *study) mark(day civil.Date, c Cause) {
	if !day.IsZero() {
		s.plan.marks = append(s.plan.marks, mark{day, c})
	}
}

func (s *study) markAfter(day civil.Date, c Cause) {
	if next, ok := day.AddDays(1); ok {
		s.mark(next, c)
	}
}

func (s *study) part(p rules.Part) {
	for _, n := range append([]*formula.Node{p.Root}, p.Points...) {
		if n != nil {
			s.walk(n)
		}
	}
	for _, inner := range p.Parts {
		s.part(inner)
	}
}

// sum reads a sum, of which only whether it is known counts for the outcome.
func (s *study) sum(n *formula.Node) {
	switch {
	case n == nil || !s.dependent(n):
	case s.moving(n):
		s.atom(n, true)
	default:
		s.walk(n)
	}
}

// walk notes the days on which a tree's value may change. Whatever doesn't depend on the day needs none: facts only get too old,
// which the plan's fields see to.
func (s *study) walk(n *formula.Node) {
	if !s.dependent(n) {
		return
	}
	switch n.Op {
	case formula.OpAsOf:
		s.every()
	case formula.OpDefine:
		s.walk(s.rule.Part(n.Slot))
	case formula.OpField:
		s.walk(s.book.Vocabulary.Fields[n.Slot].Derivation())
	case formula.OpQualifies:
		for _, item := range n.Names {
			if other, ok := s.book.Rule(item); ok {
				s.read(other)
			}
		}
	case formula.OpAny, formula.OpAll, formula.OpNone, formula.OpFilter, formula.OpCount, formula.OpSum:
		s.loop(n)
	case formula.OpReachedYears, formula.OpReachedMonths, formula.OpYear, formula.OpTiers, formula.OpIn,
		formula.OpEq, formula.OpNe, formula.OpLt, formula.OpLe, formula.OpGt, formula.OpGe:
		if s.implicit(n) || slices.ContainsFunc(n.Args, s.moving) {
			s.plan.moving = s.plan.moving || len(n.Args) == 2 && n.Args[0].Type.Kind == formula.Number
			s.atom(n, false)
			return
		}
		s.walkAll(n.Args)
	default:
		if n.Op == formula.OpLookup {
			s.value(n.Name)
		}
		s.walkAll(n.Args)
	}
}

func (s *study) walkAll(list []*formula.Node) {
	for _, n := range list {
		s.walk(n)
	}
}

func (s *study) loop(n *formula.Node) {
	s.walk(n.Args[0])
	if len(n.Args) == 1 {
		return
	}
	outer := s.rows
	s.rows = s.table(n.Args[0])
	if s.rows == nil && s.dependent(n.Args[1]) {
		s.every()
	}
	s.walk(n.Args[1])
	s.rows = outer
}

// table is the one whose records a loop goes through; nil where that can't be told.
func (s *study) table(n *formula.Node) *rules.Field {
	switch n.Op {
	case formula.OpField:
		if f := s.book.Vocabulary.Fields[n.Slot]; !f.Derived() {
			return f
		}
	case formula.OpFilter:
		return s.table(n.Args[0])
	case formula.OpDefine:
		return s.table(s.rule.Part(n.Slot))
	}
	return nil
}

// value notes the days on which a dated value changes.
func (s *study) value(name string) {
	v := s.rule.Policy.Value(name)
	if v == nil {
		return
	}
	for i := range v.Entries {
		s.mark(v.Entries[i].From, Cause{Kind: ByValue, Name: name})
		s.markAfter(v.Entries[i].To, Cause{Kind: ByValue, Name: name})
	}
}

// implicit reports whether an operation itself reads the day.
func (s *study) implicit(n *formula.Node) bool {
	return (n.Op == formula.OpReachedYears || n.Op == formula.OpReachedMonths) && len(n.Args) == 2
}

// dependent reports whether a tree's value depends on the day in any way.
func (s *study) dependent(n *formula.Node) bool {
	if known, ok := s.known[n]; ok {
		return known
	}
	var is bool
	switch n.Op {
	case formula.OpAsOf, formula.OpGrantYear, formula.OpLookup, formula.OpQualifies:
		is = true
	case formula.OpDefine:
		is = s.dependent(s.rule.Part(n.Slot))
	case formula.OpField:
		body := s.book.Vocabulary.Fields[n.Slot].Derivation()
		is = body != nil && s.dependent(body)
	default:
		is = s.implicit(n) || slices.ContainsFunc(n.Args, s.dependent)
	}
	s.known[n] = is
	return is
}

// moving reports whether a tree's value may change every day. Truth values and steps don't: walk finds the days of theirs.
func (s *study) moving(n *formula.Node) bool {
	if !s.dependent(n) || n.Type.Kind == formula.Bool {
		return false
	}
	switch n.Op {
	case formula.OpAsOf:
		return true
	case formula.OpDefine:
		return s.moving(s.rule.Part(n.Slot))
	case formula.OpField:
		return s.moving(s.book.Vocabulary.Fields[n.Slot].Derivation())
	case formula.OpTiers, formula.OpYear:
		return false
	}
	return slices.ContainsFunc(n.Args, s.moving)
}

// every notes that every day has to be asked.
func (s *study) every() { s.plan.daily, s.plan.dated[s.top] = true, true }

// Dated reports whether dates among a firm's facts or in the rule can turn each of some conditions; of none, whether they can turn any.
// What isn't dated changes with periods, values, stale facts and the policy's own days alone.
func (d *Desk) Dated(r *rules.Rule, ids []string) bool {
	p := d.plan(r)
	for _, id := range ids {
		if !p.dated[id] {
			return false
		}
	}
	return len(p.dated) > 0
}
