package rules

import (
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Blocks reports whether a grant for the period earlier excludes one for the period now. Where no period is declared none does.
func (f Frequency) Blocks(now, earlier Interval) bool { return f.blocks(now, earlier) }

// Renewed reports whether the item is granted anew in each year, quarter or month.
func (f Frequency) Renewed() bool { return !f.Once && f.Every == 0 && f.Span != Day }

// From is the day d after the delay.
func (d Delay) From(day civil.Date) civil.Date { return d.from(day) }

// CapOverTime is a limit of an item on what a firm is granted in a year, or ever. The zero value is no limit.
type CapOverTime struct {
	Set   bool
	Known bool        // false: a fact that it follows from is missing
	Most  exact.Money // in 分, rounded down, at least 0
}

// CapsOverTime are the item's caps over years and over all time for the loaded profile, as the rule states them: nothing that
// was granted before is taken off.
func (s *Session) CapsOverTime(r *Rule) (perYear, total CapOverTime) {
	s.within(r, func(run *run) {
		perYear, total = run.overTime(r.perYear), run.overTime(r.total)
	})
	return perYear, total
}

func (r *run) overTime(p *formula.Program) CapOverTime {
	if p == nil {
		return CapOverTime{}
	}
	c := CapOverTime{Set: true}
	v := r.frame.Run(p)
	if !v.Known() {
		return c
	}
	most, err := exact.Rounding{}.Round(v.Num())
	c.Known, c.Most = err == nil, max(0, most)
	return c
}

// CapsAsk reports whether a cap over time depends on facts of the firm.
func (r *Rule) CapsAsk() bool {
	asks := false
	for _, p := range []*formula.Program{r.perYear, r.total} {
		if p == nil {
			continue
		}
		p.Root.Walk(func(n *formula.Node) bool {
			asks = asks || n.Op == formula.OpField || n.Op == formula.OpDefine || n.Op == formula.OpAwarded || n.Op == formula.OpEverAwarded || n.Op == formula.OpQualifies
			return !asks
		})
	}
	return asks
}

// Instalment decides the conditions of the item's n-th payment, from 1, for the loaded profile: on the day that the session is
// for. An instalment without conditions is Eligible.
func (s *Session) Instalment(r *Rule, n int) (Outcome, []Finding) {
	if n < 1 || n > len(r.payments) {
		return Unknown, nil
	}
	var findings []Finding
	s.within(r, func(run *run) {
		for _, c := range r.payments[n-1] {
			findings = append(findings, run.finding(c))
		}
	})
	outcome, _ := fold(findings)
	return outcome, findings
}

// Points is the sum of the points of the decision's scores; 0 where it has none or one isn't known.
func (d *Decision) Points() exact.Num {
	sum := exact.Int(0)
	for _, f := range d.Findings {
		for _, v := range f.Points {
			if !v.Known() {
				return exact.Int(0)
			}
			next, err := sum.Add(v.Num())
			if err != nil {
				return exact.Int(0)
			}
			sum = next
		}
	}
	return sum
}

// within runs work on an item's expressions in the state in which Decide evaluates them.
func (s *Session) within(r *Rule, work func(*run)) {
	grant := r.Grant(s.around.AsOf)
	x := &run{Session: s, rule: r, d: &Decision{Rule: r, Enterprise: s.profile.Enterprise, AsOf: s.around.AsOf, Grant: grant}}
	x.limits, x.raw = &x.d.Limits, &x.d.exact
	s.derive(r.derived)
	s.frame.Reset()
	s.frame.Host, s.frame.GrantYear, s.frame.Record = x, grant.From.Year(), nil
	s.frame.Defines = make([]*formula.Value, len(r.defines))
	for _, d := range r.defines {
		if !d.record {
			s.frame.Defines[d.slot] = s.frame.Run(d.program)
		}
	}
	work(x)
	s.frame.Host, s.frame.Defines = nil, nil
}

// Basis is what identifies the thing granted to the loaded profile, as its field's cell is written; known is false where the fact
// is missing. An item without basis, or one decided record by record, whose bases are the records' keys, has none: "", true.
func (s *Session) Basis(r *Rule) (text string, known bool) {
	known = true
	s.within(r, func(run *run) {
		if v := run.basisText(); v != nil {
			if known = v.Known(); known {
				text = v.Text()
			}
		}
	})
	return text, known
}
