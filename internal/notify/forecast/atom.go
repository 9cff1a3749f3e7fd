package forecast

import (
	"slices"

	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// atom is a tree that reads the day and whose value steps from time to time, such as a comparison of a date with the day. It is
// computed with all facts taken as fresh: every operation on its way to the day is unknown with any operand, so a fact that has got
// too old only makes it unknown for good.
type atom struct {
	node     *formula.Node
	rule     *rules.Rule
	rows     *rules.Field // the table whose records it is about, as 本条; nil: about the firm
	lawful   bool         // only whether it is known counts
	monotone bool         // it turns once at most
	name     string       // of the fact that it compares
}

// atom notes a tree, or that every day has to be asked.
func (s *study) atom(n *formula.Node, lawful bool) {
	s.plan.dated[s.top] = true
	if s.plan.daily {
		return
	}
	x := &expansion{study: s, loop: s.rows != nil}
	a := atom{rule: s.rule, lawful: lawful, monotone: !lawful && s.monotone(n)}
	if a.node = x.expand(n); x.failed || x.column && x.record {
		s.every()
		return
	}
	switch {
	case x.column:
		a.rows = s.rows
	case x.record:
		a.rows, _ = s.book.Vocabulary.Field(s.rule.Item.Each)
	}
	a.name = x.name
	s.plan.atoms = append(s.plan.atoms, a)
}

// monotone reports whether a tree compares the day, moved by what doesn't depend on it, with something that doesn't.
func (s *study) monotone(n *formula.Node) bool {
	switch n.Op {
	case formula.OpReachedYears, formula.OpReachedMonths:
		return len(n.Args) == 2 && !slices.ContainsFunc(n.Args, s.dependent)
	case formula.OpLt, formula.OpLe, formula.OpGt, formula.OpGe:
		return s.shifted(n.Args[0]) && !s.dependent(n.Args[1]) || s.shifted(n.Args[1]) && !s.dependent(n.Args[0])
	}
	return false
}

func (s *study) shifted(n *formula.Node) bool {
	switch n.Op {
	case formula.OpAsOf:
		return true
	case formula.OpShiftDays, formula.OpAddYears, formula.OpAddMonths:
		return s.shifted(n.Args[0]) && !s.dependent(n.Args[1])
	case formula.OpDayDiff:
		return s.shifted(n.Args[0]) && !s.dependent(n.Args[1]) || s.shifted(n.Args[1]) && !s.dependent(n.Args[0])
	}
	return false
}

// expansion writes a tree so that it can be computed by itself: named parts and derived facts that depend on the day are written out,
// and the columns of a loop's record become those of 本条.
type expansion struct {
	*study
	loop           bool
	column, record bool
	failed         bool
	derived        bool
	name           string
}

func (x *expansion) expand(n *formula.Node) *formula.Node {
	switch n.Op {
	case formula.OpDefine:
		return x.inside(x.rule.Part(n.Slot))
	case formula.OpField:
		f := x.book.Vocabulary.Fields[n.Slot]
		if x.name == "" {
			x.name = f.Name
		}
		if !x.dependent(n) {
			return n
		}
		outer := x.derived
		x.derived = true
		body := x.inside(f.Derivation())
		x.derived = outer
		return body
	case formula.OpAwarded, formula.OpEverAwarded, formula.OpQualifies:
		x.failed = true
		return n
	case formula.OpRecord:
		x.record = true
		x.call(n, x.rule.Item.Each)
		return n
	case formula.OpColumn:
		if x.loop {
			x.column = true
			x.call(n, x.rows.Name)
			own := *n
			own.Op = formula.OpRecord
			return &own
		}
		return n
	}
	if x.dependent(n) && !x.strict(n.Op) {
		x.failed = true
		return n
	}
	own := *n
	own.Args = make([]*formula.Node, len(n.Args))
	for i, a := range n.Args {
		own.Args[i] = x.expand(a)
	}
	return &own
}

// call names what the atom is about by a column.
func (x *expansion) call(n *formula.Node, table string) {
	f, ok := x.book.Vocabulary.Field(table)
	if ok && x.name == "" && n.Slot >= 0 && n.Slot < len(f.Columns) {
		x.name = f.Columns[n.Slot].FullName()
	}
}

// inside expands the body of a name, which isn't within the loop that the name stands in.
func (x *expansion) inside(n *formula.Node) *formula.Node {
	loop := x.loop
	x.loop = false
	out := x.expand(n)
	x.loop = loop
	return out
}

// strict reports whether an operation that depends on the day is unknown with any operand, and can be computed by itself.
func (x *expansion) strict(op formula.Op) bool {
	switch op {
	case formula.OpGrantYear:
		return !x.derived // there it is the year of the day
	case formula.OpAsOf, formula.OpEq, formula.OpNe, formula.OpLt, formula.OpLe, formula.OpGt, formula.OpGe, formula.OpIn,
		formula.OpAdd, formula.OpSub, formula.OpMul, formula.OpDiv, formula.OpNeg, formula.OpMin, formula.OpMax, formula.OpTiers,
		formula.OpShiftDays, formula.OpDayDiff, formula.OpAddYears, formula.OpAddMonths, formula.OpReachedYears, formula.OpReachedMonths,
		formula.OpWorkdays, formula.OpYear, formula.OpLookup:
		return true
	}
	return false
}

// days are those of a stretch on which the plan's rule must be asked, with why.
func (d *Desk) days(p *plan, i int, from, to civil.Date) map[civil.Date][]Cause {
	days := map[civil.Date][]Cause{}
	add := func(day civil.Date, c Cause) {
		if !day.Before(from) && !day.After(to) {
			days[day] = append(days[day], c)
		}
	}
	if d.known[i].From == from {
		add(from, Cause{Kind: ByPeriod})
	}
	for month := rules.Month.Of(from, 0); !month.From.IsZero() && !month.From.After(to); month = rules.Month.Of(month.From, -1) {
		add(month.From, Cause{Kind: ByPeriod})
	}
	for _, m := range p.marks {
		add(m.day, m.cause)
	}
	for _, f := range p.fields {
		fact := d.known[i].Profile.Fact(f)
		if old, ok := fact.On.AddDays(f.StaleAfter + 1); ok && fact.Value != nil {
			add(old, Cause{Kind: ByStale, Name: f.Name, On: fact.On})
		}
	}
	if p.daily {
		for day := from; !day.After(to); day, _ = day.AddDays(1) {
			days[day] = append(days[day], Cause{Kind: ByPeriod})
		}
		return days
	}
	for _, a := range p.atoms {
		frame := d.frame(i)
		d.turns(a, frame, from, to, func(day civil.Date) { add(day, Cause{Kind: ByDate, Name: a.name}) })
	}
	return days
}

// frame holds the facts of a stretch, all taken as fresh.
func (d *Desk) frame(i int) *formula.Frame {
	if d.frames[i] != nil {
		return d.frames[i]
	}
	from, _ := d.bounds(i)
	session := d.session(from)
	f := &formula.Frame{Fields: make([]*formula.Value, len(d.book.Vocabulary.Fields))}
	for slot, field := range d.book.Vocabulary.Fields {
		if field.Derived() {
			f.Fields[slot] = session.Derived(field)
			continue
		}
		f.Fields[slot] = d.known[i].Profile.Fact(field).Value
	}
	d.frames[i] = f
	return f
}

// turns visits the days on which an atom's value isn't that of the day before.
func (d *Desk) turns(a atom, frame *formula.Frame, from, to civil.Date, visit func(civil.Date)) {
	records := []*formula.Record{nil}
	if a.rows != nil {
		records = nil
		if table := frame.Fields[a.rows.Index]; table != nil && table.Known() {
			records = table.Rows()
		}
	}
	before, _ := from.AddDays(-1)
	for _, record := range records {
		value := func(day civil.Date) *formula.Value { return a.on(frame, record, day) }
		first := value(before)
		if a.monotone {
			last := value(to)
			if first.Known() && last.Known() {
				bisect(value, first, last, before, to, visit)
			}
			if first.Known() == last.Known() {
				continue
			}
		}
		for day := from; !day.After(to); day, _ = day.AddDays(1) {
			if next := value(day); !a.same(first, next) {
				visit(day)
				first = next
			}
		}
	}
}

// bisect finds the one turn between two days, the later of which it may be.
func bisect(value func(civil.Date) *formula.Value, first, last *formula.Value, before, to civil.Date, visit func(civil.Date)) {
	if first.Equal(last) {
		return
	}
	for to.Sub(before) > 1 {
		middle, _ := before.AddDays(to.Sub(before) / 2)
		if value(middle).Equal(first) {
			before = middle
		} else {
			to = middle
		}
	}
	visit(to)
}

func (a *atom) same(x, y *formula.Value) bool {
	if x.Known() != y.Known() {
		return false
	}
	return a.lawful || !x.Known() || x.Equal(y)
}

func (a *atom) on(frame *formula.Frame, record *formula.Record, day civil.Date) *formula.Value {
	frame.Reset()
	frame.AsOf, frame.GrantYear, frame.Record, frame.Host = day, a.rule.Grant(day).From.Year(), record, law{a.rule, day}
	return frame.Eval(a.node)
}

// law answers what an atom asks of the policy.
type law struct {
	rule *rules.Rule
	day  civil.Date
}

// Lookup implements formula.Host.
func (l law) Lookup(name string, by *formula.Value) *formula.Value {
	if entry, percent := l.rule.Dated(name, l.day); entry != nil {
		return entry.On(name, by, percent)
	}
	return formula.Unknown(formula.Cause{Kind: formula.Fault, Text: name})
}

// Awarded implements formula.Host; no atom asks it.
func (law) Awarded([]string, int) *formula.Value { return formula.NumberOf(exact.Int(0)) }

// EverAwarded implements formula.Host; no atom asks it.
func (law) EverAwarded([]string) *formula.Value { return formula.BoolOf(false) }

// Qualifies implements formula.Host; no atom asks it.
func (law) Qualifies(string) *formula.Value { return formula.BoolOf(false) }
