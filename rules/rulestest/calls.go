package rulestest

import (
	"math/big"
	"slices"

	"github.com/expr-lang/expr/ast"

	"mianshen/rules/civil"
)

func (s *scope) builtin(v *ast.BuiltinNode) typed {
	switch v.Name {
	case "min", "max":
		return s.extreme(v)
	case "filter":
		src, pred := s.loopOver(v.Arguments)
		return typed{kind: kindTable, table: src.table, record: src.record || pred.record, eval: func(e *env) value {
			e.counted("filter")
			in := src.eval(e)
			rows, vs := e.each(in, pred)
			if rows == nil {
				return open(in)
			}
			out := open(vs...) // with the rows that may be in it: what is missing in them is told as well
			out.kind, out.known = kindTable, allKnown(vs)
			for i, r := range rows.rows {
				if !vs[i].known || vs[i].truth {
					out.rows = append(out.rows, r)
				}
			}
			return out
		}}
	case "any", "all", "none":
		return s.quantifier(v)
	case "count", "sum":
		return s.total(v)
	}
	return fail("builtin %s", v.Name)
}

func (s *scope) extreme(v *ast.BuiltinNode) typed {
	args := make([]typed, len(v.Arguments))
	var u unit
	for i, a := range v.Arguments {
		args[i] = s.node(a)
		if i == 0 {
			u = args[0].unit
		}
		u = join(u, args[i].unit)
	}
	for i := range args {
		args[i] = args[i].into(u)
	}
	return strict(kindNumber, u, v.Name, args, func(_ *env, a []value) value {
		best := a[0]
		for _, x := range a[1:] {
			if c := x.num.Cmp(best.num); c < 0 && v.Name == "min" || c > 0 && v.Name == "max" {
				best = x
			}
		}
		return best
	})
}

// loopOver reads the rows of a loop and what is asked of each.
func (s *scope) loopOver(args []ast.Node) (src, body typed) {
	src = s.node(args[0])
	if len(args) == 1 {
		return src, typed{}
	}
	n := args[1]
	if p, ok := n.(*ast.PredicateNode); ok {
		n = p.Node
	}
	inner := *s
	inner.loop = src.table
	return src, inner.node(n)
}

// each asks of every row or member; the first result is nil if the rows aren't known.
func (e *env) each(src value, body typed) (*value, []value) {
	if !src.known {
		e.counted("missing operand")
		return nil, nil
	}
	var out []value
	if src.kind == kindSet {
		if len(src.set) == 0 {
			e.counted("empty set")
		}
		for _, m := range src.set {
			in := *e
			in.member, in.row = m, nil
			out = append(out, body.eval(&in))
		}
		return &src, out
	}
	if len(src.rows) == 0 {
		e.counted("empty table")
	}
	for _, r := range src.rows {
		in := *e
		in.row = r
		out = append(out, body.eval(&in))
	}
	return &src, out
}

func (s *scope) quantifier(v *ast.BuiltinNode) typed {
	src, body := s.loopOver(v.Arguments)
	return typed{kind: kindBool, record: src.record || body.record, eval: func(e *env) value {
		e.counted(v.Name)
		in := src.eval(e)
		rows, vs := e.each(in, body)
		if rows == nil {
			return open(in)
		}
		switch v.Name {
		case "any":
			return some(vs)
		case "all":
			return every(vs)
		}
		return not(some(vs))
	}}
}

func (s *scope) total(v *ast.BuiltinNode) typed {
	src, body := s.loopOver(v.Arguments)
	out := typed{kind: kindNumber, unit: body.unit, record: src.record || body.record}
	if v.Name == "count" {
		out.unit = unit{}
	}
	out.eval = func(e *env) value {
		e.counted(v.Name)
		in := src.eval(e)
		if !in.known {
			var vs []value
			if body.eval != nil && in.rows != nil {
				in.known = true
				_, vs = e.each(in, body)
				in.known = false
			}
			return open(append(vs, in)...)
		}
		if body.eval == nil {
			return whole(int64(len(in.rows) + len(in.set)))
		}
		_, vs := e.each(in, body)
		if !allKnown(vs) {
			return open(vs...)
		}
		sum := new(big.Rat)
		for _, x := range vs {
			switch {
			case v.Name == "sum":
				sum.Add(sum, x.num)
			case x.truth:
				sum.Add(sum, big.NewRat(1, 1))
			}
		}
		return e.limited(sum)
	}
	return out
}

func constantTexts(args []ast.Node) []string {
	var out []string
	for _, a := range args {
		out = append(out, a.(*ast.StringNode).Value)
	}
	return out
}

func (s *scope) nodes(args []ast.Node) []typed {
	out := make([]typed, len(args))
	for i, a := range args {
		out[i] = s.node(a)
	}
	return out
}

func (s *scope) call(name string, args []ast.Node) typed {
	switch name {
	case "取值":
		return s.lookup(args)
	case "日期":
		d, err := civil.Parse(constantTexts(args)[0])
		if err != nil {
			fail("%v", err)
		}
		return constant(date(dayFromCivil(d)), unit{})
	case "比例":
		x := s.node(args[0])
		out := x.into(unit{flavour: percent})
		out.unit = unit{flavour: ratio}
		if x.unit.flavour == percent {
			out.unit = x.unit
		}
		return out
	case "划型":
		in := s.nodes(args)
		return typed{kind: kindText, eval: func(e *env) value {
			e.counted(name)
			vs := make([]value, len(in))
			for i, a := range in {
				vs[i] = a.eval(e)
			}
			return e.judge.classify(vs)
		}}
	case "行业":
		code, prefixes := s.node(args[0]), constantTexts(args[1:])
		return typed{kind: kindBool, record: code.record, eval: func(e *env) value { e.counted(name); return belongs(code.eval(e), prefixes) }}
	case "分档":
		return s.tiers(args)
	case "已奖", "曾获", "符合":
		return s.history(name, args)
	}
	return s.dateCall(name, s.nodes(args))
}

func (s *scope) dateCall(name string, in []typed) typed {
	steps := map[string]func(int, int) (int, bool){
		"加年": addYears, "加月": addMonths, "工作日": addWorkdays, "满年": addYears, "满月": addMonths,
	}
	step := steps[name]
	switch name {
	case "年":
		return strict(kindNumber, unit{}, name, in, func(_ *env, a []value) value {
			y, _, _ := parts(a[0].day)
			return whole(int64(y))
		})
	case "加年", "加月", "工作日":
		return strict(kindDate, unit{}, name, in, func(e *env, a []value) value { return e.shifted(a[0].day, a[1].num, step) })
	case "满年", "满月":
		return strict(kindBool, unit{}, name, in, func(e *env, a []value) value {
			base := e.asOf
			if len(a) == 3 {
				base = a[2].day
			}
			due := e.shifted(a[0].day, a[1].num, step)
			if !due.known {
				return due
			}
			return truth(base >= due.day)
		})
	}
	return fail("function %s", name)
}

func addYears(day, n int) (int, bool) {
	if n > 10_000 || n < -10_000 {
		return 0, false
	}
	return addMonths(day, 12*n)
}

func (s *scope) lookup(args []ast.Node) typed {
	name := constantTexts(args[:1])[0]
	d, ok := s.values[name]
	if !ok {
		fail("no value %s", name)
	}
	by := s.nodes(args[1:])
	return strict(kindNumber, d.unit, "取值", by, func(e *env, a []value) value {
		entry := d.on(e.asOf)
		switch {
		case entry == nil:
			return failing()
		case len(entry.tiers) > 0:
			e.counted("取值 tiers")
			return number(tierOf(a[0].num, entry.tiers))
		case entry.table != nil:
			e.counted("取值 table")
			v, ok := entry.table[a[0].text]
			if !ok {
				v, ok = entry.table["其他"]
			}
			if !ok {
				return failing()
			}
			return number(v)
		}
		return number(entry.value)
	})
}

type tier struct{ from, value *big.Rat }

// tierOf is the value of the highest tier reached, 0 below the lowest.
func tierOf(x *big.Rat, tiers []tier) *big.Rat {
	out := new(big.Rat)
	for _, t := range tiers {
		if x.Cmp(t.from) >= 0 {
			out = t.value
		}
	}
	return out
}

func (s *scope) tiers(args []ast.Node) typed {
	x := s.node(args[0])
	var bounds, results []typed
	u, v := x.unit, unit{}
	for i, n := range args[1].(*ast.ArrayNode).Nodes {
		p := s.nodes(n.(*ast.ArrayNode).Nodes)
		bounds, results = append(bounds, p[0]), append(results, p[1])
		u = join(u, p[0].unit)
		if i == 0 {
			v = p[1].unit
		}
		v = join(v, p[1].unit)
	}
	all := []typed{x.into(u)}
	for i := range bounds {
		all = append(all, bounds[i].into(u), results[i].into(v))
	}
	return strict(kindNumber, v, "分档", all, func(_ *env, a []value) value {
		var tiers []tier
		for i := 1; i < len(a); i += 2 {
			tiers = append(tiers, tier{a[i].num, a[i+1].num})
		}
		return number(tierOf(a[0].num, tiers))
	})
}

func (s *scope) history(name string, args []ast.Node) typed {
	switch name {
	case "符合":
		id := constantTexts(args)[0]
		return typed{kind: kindBool, eval: func(e *env) value {
			e.counted(name)
			v := e.judge.items[id].decide(e)
			switch v.Outcome {
			case "eligible":
				return truth(true)
			case "ineligible":
				return truth(false)
			}
			return value{waits: &waits{missing: v.Missing}} // what waits for a person there is that item's affair
		}}
	case "曾获":
		ids := constantTexts(args)
		return typed{kind: kindBool, eval: func(e *env) value {
			e.counted(name)
			if e.around.Awards == nil {
				e.counted("no history")
				return failing()
			}
			return truth(len(e.grants(func(g granted) bool { return slices.Contains(ids, g.item) })) > 0)
		}}
	}
	ids, year := constantTexts(args[:len(args)-1]), s.node(args[len(args)-1])
	return strict(kindNumber, of(money), name, []typed{year}, func(e *env, a []value) value {
		if e.around.Awards == nil {
			e.counted("no history")
			return failing()
		}
		sum := new(big.Rat)
		for _, g := range e.grants(func(g granted) bool { return slices.Contains(ids, g.item) }) {
			if a[0].num.Cmp(new(big.Rat).SetInt64(int64(g.period.From.Year()))) == 0 {
				sum.Add(sum, g.net)
			}
		}
		return e.limited(sum)
	})
}
