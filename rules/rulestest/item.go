package rulestest

import (
	"fmt"
	"math/big"
	"slices"

	"mianshen/rules"
)

// span is a range of days, both included.
type span struct{ from, to int }

// dated is a value of values.yaml.
type dated struct {
	unit    unit
	entries []datedEntry
}

type datedEntry struct {
	from, to int // to 0: open
	value    *big.Rat
	tiers    []tier
	table    map[string]*big.Rat
}

func (d *dated) on(day int) *datedEntry {
	for i, e := range d.entries {
		if day >= e.from && (e.to == 0 || day <= e.to) {
			return &d.entries[i]
		}
	}
	return nil
}

// check is a condition the judge can work out.
type check struct {
	id     string
	record bool
	eval   func(*env) value
}

// item is an item of a policy.
type item struct {
	id                       string
	rule                     *rules.Item
	checks                   []check
	amount, atMost           *typed
	perGrant, perYear, total *typed
	judge                    *Judge
	manuals                  []string // ids in the order of the policy
}

func (j *Judge) policy(p *rules.Policy) error {
	values := map[string]*dated{}
	for _, v := range p.Values {
		values[v.Name] = j.dated(v)
	}
	for _, it := range p.Items {
		out := &item{id: it.ID, rule: it, judge: j}
		s := &scope{judge: j, defines: map[string]string{}, read: map[string]typed{}, values: values, record: it.Each}
		for _, d := range it.Defines {
			s.defines[d.Name] = d.Text
		}
		for _, c := range p.All(it) {
			k, err := s.check(out, c, c.ID)
			if err != nil {
				return err
			}
			out.checks = append(out.checks, k)
		}
		for _, m := range []struct {
			text string
			into **typed
		}{
			{it.Amount.Text, &out.amount},
			{it.AtMost.Text, &out.atMost},
			{it.Cap.PerGrant.Text, &out.perGrant},
			{it.Cap.PerYear.Text, &out.perYear},
			{it.Cap.Total.Text, &out.total},
		} {
			if m.text == "" {
				continue
			}
			t, err := s.read1(m.text)
			if err != nil {
				return err
			}
			*m.into = &t
		}
		j.items[it.ID] = out
		if it.Cap.Group != "" {
			j.groups[it.Cap.Group] = append(j.groups[it.Cap.Group], it.ID)
		}
	}
	return nil
}

// dated takes over a value of the law.
func (j *Judge) dated(v *rules.DatedValue) *dated {
	d := &dated{}
	if d.unit, _ = unitOf(v.Unit); d.unit.plain() && d.unit.flavour == percent {
		d.unit.flavour = ratio // 取值 of unit % is a ratio
	}
	by := false // by a percentage
	if f, ok := j.fields[v.By]; ok {
		by = f.unit.plain() && f.unit.flavour == percent
	}
	for _, e := range v.Entries {
		in := datedEntry{from: dayFromCivil(e.From), value: e.Value.Rat()}
		if !e.To.IsZero() {
			in.to = dayFromCivil(e.To)
		}
		for _, t := range e.Tiers {
			in.tiers = append(in.tiers, tier{t.Bound(by).Rat(), t.Value.Rat()})
		}
		if e.Table != nil {
			in.table = map[string]*big.Rat{}
			for k, n := range e.Table {
				in.table[k] = n.Rat()
			}
		}
		d.entries = append(d.entries, in)
	}
	return d
}

// check reads a condition; id is that of the condition it is a part of.
func (s *scope) check(it *item, c *rules.Condition, id string) (check, error) {
	if c.ID != "" {
		id = c.ID
	}
	switch c.Kind {
	case rules.Require, rules.Exclude:
		t, err := s.read1(c.Expression.Text)
		if err != nil {
			return check{}, fmt.Errorf("%s: %w", id, err)
		}
		if c.Kind == rules.Exclude {
			return check{id, t.record, func(e *env) value { e.counted("exclude"); return not(t.eval(e)) }}, nil
		}
		return check{id, t.record, func(e *env) value { e.counted("require"); return t.eval(e) }}, nil
	case rules.AnyOf, rules.AllOf:
		return s.parts(it, c, id)
	case rules.Score:
		return s.score(c, id)
	}
	it.manuals = append(it.manuals, id)
	return check{id, false, func(e *env) value { e.counted("manual"); return e.found(it.id, id) }}, nil
}

func (s *scope) parts(it *item, c *rules.Condition, id string) (check, error) {
	out := check{id: id}
	var parts []check
	for _, p := range c.Parts {
		k, err := s.check(it, p, id)
		if err != nil {
			return out, err
		}
		parts = append(parts, k)
		out.record = out.record || k.record
	}
	out.eval = func(e *env) value {
		vs := make([]value, len(parts))
		for i, p := range parts {
			vs[i] = p.eval(e)
		}
		if c.Kind == rules.AnyOf {
			e.counted("parts any")
			return some(vs)
		}
		e.counted("parts all")
		return every(vs)
	}
	return out, nil
}

func (s *scope) score(c *rules.Condition, id string) (check, error) {
	out := check{id: id}
	var points []typed
	var least []*big.Rat
	for _, p := range c.Score.Parts {
		t, err := s.read1(p.Points.Text)
		if err != nil {
			return out, fmt.Errorf("%s: %w", id, err)
		}
		out.record = out.record || t.record
		points = append(points, t)
		var m *big.Rat
		if p.Minimum != nil {
			m = p.Minimum.Rat()
		}
		least = append(least, m)
	}
	out.eval = func(e *env) value {
		e.counted("score")
		var vs, demands []value
		sum := whole(0)
		for i, p := range points {
			v := p.eval(e)
			if v.known && p.unit.plain() && p.unit.flavour == percent {
				v = e.limited(new(big.Rat).Mul(v.num, big.NewRat(100, 1)))
			}
			if vs = append(vs, v); v.known && sum.known {
				sum = e.limited(new(big.Rat).Add(sum.num, v.num))
			}
			if least[i] != nil {
				demands = append(demands, reaches(v, least[i]))
			}
		}
		if !allKnown(vs) {
			sum = open(vs...)
		}
		return every(append(demands, reaches(sum, c.Score.AtLeast.Rat())))
	}
	return out, nil
}

func reaches(v value, bound *big.Rat) value {
	if !v.known {
		return open(v)
	}
	return truth(v.num.Cmp(bound) >= 0)
}

// finding is what counts of a person's findings: the latest day's, if those of that day agree.
func (e *env) finding(item, id string) *rules.PersonFinding {
	var best []rules.PersonFinding
	for _, f := range e.around.Findings {
		if f.Enterprise != e.firm || f.Item != item || f.Condition != id || f.On.After(e.around.AsOf) {
			continue
		}
		if len(best) > 0 && best[0].On != f.On {
			if f.On.Compare(best[0].On) < 0 {
				continue
			}
			best = nil
		}
		best = append(best, f)
	}
	if len(best) == 0 {
		return nil
	}
	for _, f := range best[1:] {
		if !agree(f.Result, best[0].Result) || !agree(f.Amount, best[0].Amount) {
			e.counted("finding conflict")
			return nil
		}
	}
	e.counted("finding")
	return &best[0]
}

func agree[T comparable](a, b *T) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func (e *env) found(item, id string) value {
	f := e.finding(item, id)
	if f == nil || f.Result == nil {
		return value{waits: &waits{manual: []string{id}}}
	}
	return truth(*f.Result)
}

// granted is what is left of the awards for one firm, item, period and basis.
type granted struct {
	firm, item, basis string
	period            rules.Interval
	net               *big.Rat
	recovered         bool
}

// grants nets the awards paid up to the day that are wanted; one that was recovered entirely is none. Awards of other firms are
// looked at only by anyFirm.
func (e *env) grants(wanted func(granted) bool) []granted {
	return e.anyFirm(func(g granted) bool { return g.firm == e.firm && wanted(g) })
}

func (e *env) anyFirm(wanted func(granted) bool) []granted {
	var out []granted
	for _, a := range e.around.Awards {
		g := granted{firm: a.Enterprise, item: a.Item, basis: a.Basis, period: a.Period, net: new(big.Rat)}
		if !wanted(g) || a.On.After(e.around.AsOf) {
			continue
		}
		i := slices.IndexFunc(out, func(o granted) bool {
			return o.firm == g.firm && o.item == g.item && o.basis == g.basis && o.period.Name == g.period.Name
		})
		if i < 0 {
			i, out = len(out), append(out, g)
		}
		out[i].net.Add(out[i].net, new(big.Rat).SetInt64(int64(a.Amount)))
		out[i].recovered = out[i].recovered || a.Amount < 0
	}
	return slices.DeleteFunc(out, func(g granted) bool { return g.recovered && g.net.Sign() <= 0 })
}
