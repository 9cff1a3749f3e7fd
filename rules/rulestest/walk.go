package rulestest

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// typed is an expression the judge has read: its kind, the unit of a number, and how to work it out.
type typed struct {
	kind   kind
	unit   unit
	table  string // of a table: its name
	record bool   // reads 本条
	eval   func(*env) value
}

// env is what an expression is worked out against.
type env struct {
	judge  *Judge
	facts  map[string]value
	around *Around
	firm   string
	asOf   int
	grant  span
	record *row
	row    *row
	member string
	item   *item
}

// scope is what names mean while an expression is read.
type scope struct {
	judge   *Judge
	defines map[string]string // name -> text
	read    map[string]typed  // defines already read
	values  map[string]*dated
	record  string // table of 本条
	loop    string // table of the loop around, or "" for a set
	source  []rune // text at hand
}

var maxNumber = new(big.Rat).SetInt64(1<<63 - 1)

// counted says that an operation was met; the run's report needs every one of them.
func (e *env) counted(name string) {
	n, ok := e.judge.counts[name]
	if !ok {
		n = new(int)
		e.judge.counts[name] = n
	}
	*n++
}

// limited is a number, or unknown where it leaves the range of money and counts.
func (e *env) limited(r *big.Rat) value {
	if new(big.Rat).Abs(r).Cmp(maxNumber) > 0 {
		e.counted("overflow")
		return failing()
	}
	return number(r)
}

// read turns the text of an expression into something the judge can work out.
func (s *scope) read1(src string) (out typed, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, ok := p.(mistake)
			if !ok {
				panic(p)
			}
			err = fmt.Errorf("%q: %w", src, m)
		}
	}()
	tree, err := parser.Parse(src)
	if err != nil {
		return out, fmt.Errorf("%q: %w", src, err)
	}
	at := *s
	at.source = []rune(src)
	return at.node(tree.Node), nil
}

func fail(format string, args ...any) typed { panic(mistake(fmt.Sprintf(format, args...))) }

func constant(v value, u unit) typed {
	return typed{kind: v.kind, unit: u, eval: func(*env) value { return v }}
}

func (s *scope) node(n ast.Node) typed {
	switch v := n.(type) {
	case *ast.IdentifierNode:
		return s.name(v.Value)
	case *ast.IntegerNode:
		return constant(whole(int64(v.Value)), unit{})
	case *ast.FloatNode:
		at := v.Location() // the text, since the float has lost digits
		r, ok := new(big.Rat).SetString(string(s.source[at.From:at.To]))
		if !ok {
			fail("number %v", v.Value)
		}
		return constant(number(r), unit{})
	case *ast.BoolNode:
		return constant(truth(v.Value), unit{})
	case *ast.StringNode:
		return constant(text(v.Value), unit{})
	case *ast.UnaryNode:
		return s.unary(v)
	case *ast.BinaryNode:
		return s.binary(v)
	case *ast.ConditionalNode:
		return s.choice(v)
	case *ast.MemberNode:
		return s.column(v)
	case *ast.PointerNode:
		return typed{kind: kindText, eval: func(e *env) value { e.counted("#"); return text(e.member) }}
	case *ast.BuiltinNode:
		return s.builtin(v)
	case *ast.CallNode:
		return s.call(v.Callee.(*ast.IdentifierNode).Value, v.Arguments)
	}
	return fail("%T", n)
}

// knownUnits are worth so many base units: 分, 人, 天.
var knownUnits = map[string]struct {
	base string
	by   int64
}{
	"分": {money, 1}, "角": {money, 10}, "元": {money, 100}, "百元": {money, 10_000}, "千元": {money, 100_000}, "万元": {money, 1_000_000}, "百万元": {money, 100_000_000}, "千万元": {money, 1_000_000_000},
	"亿元": {money, 10_000_000_000}, "人": {"人", 1}, "万人": {"人", 10_000}, "天": {"天", 1}, "日": {"天", 1}, "月": {"月", 1}, "年": {"年", 1},
	"件": {"件", 1}, "项": {"项", 1}, "家": {"家", 1}, "个": {"个", 1}, "台": {"台", 1}, "套": {"套", 1}, "次": {"次", 1}, "户": {"户", 1}, "亩": {"亩", 1},
	"平方米": {"平方米", 1}, "吨": {"吨", 1}, "吨标准煤": {"吨标准煤", 1}, "千瓦": {"千瓦", 1}, "辆": {"辆", 1}, "张": {"张", 1},
}

// unitOf reads a declared unit with its worth in base units.
func unitOf(name string) (unit, *big.Rat) {
	switch name {
	case "":
		return unit{}, big.NewRat(1, 1)
	case "%":
		return unit{flavour: percent}, big.NewRat(1, 100)
	}
	up, down, found := strings.Cut(name, "/")
	base := func(n string) (unit, *big.Rat) {
		if k, ok := knownUnits[n]; ok {
			return of(k.base), new(big.Rat).SetInt64(k.by)
		}
		return of(n), big.NewRat(1, 1)
	}
	u, by := base(up)
	if found {
		d, f := base(down)
		return u.per(d), by.Quo(by, f)
	}
	return u, by
}

func (s *scope) name(name string) typed {
	switch name {
	case "基准日":
		return typed{kind: kindDate, eval: func(e *env) value { e.counted(name); return date(e.asOf) }}
	case "年度":
		return typed{kind: kindNumber, eval: func(e *env) value {
			e.counted(name)
			y, _, _ := parts(e.grant.from)
			return whole(int64(y))
		}}
	}
	if f, ok := s.judge.fields[name]; ok {
		return typed{kind: f.kind, unit: f.unit, table: f.table, eval: func(e *env) value { return e.fact(name) }}
	}
	if src, ok := s.defines[name]; ok {
		d, ok := s.read[name]
		if !ok {
			var err error
			if d, err = s.read1(src); err != nil {
				fail("define %s: %v", name, err)
			}
			s.read[name] = d
		}
		inner := d.eval
		d.eval = func(e *env) value {
			e.counted("define")
			plain := *e
			plain.row = nil
			return inner(&plain)
		}
		return d
	}
	u, by := unitOf(name)
	return constant(number(by), u)
}

func (s *scope) unary(v *ast.UnaryNode) typed {
	x := s.node(v.Node)
	inner := x.eval
	switch v.Operator {
	case "not", "!":
		x.eval = func(e *env) value { e.counted("not"); return not(inner(e)) }
	case "-":
		x.eval = func(e *env) value {
			e.counted("neg")
			a := inner(e)
			if !a.known {
				return open(a)
			}
			return number(new(big.Rat).Neg(a.num))
		}
	}
	return x
}

// into brings a number to the unit joined: a bare number among percentages is in percentage points.
func (t typed) into(u unit) typed {
	if t.kind != kindNumber || !t.unit.plain() || t.unit.flavour != bare || !u.plain() || u.flavour != percent {
		return t
	}
	inner := t.eval
	t.unit = u
	t.eval = func(e *env) value {
		a := inner(e)
		if !a.known {
			return open(a)
		}
		return number(new(big.Rat).Quo(a.num, big.NewRat(100, 1)))
	}
	return t
}

func pair(l, r typed) (typed, typed, unit) {
	if l.kind != kindNumber || r.kind != kindNumber {
		return l, r, unit{}
	}
	u := join(l.unit, r.unit)
	return l.into(u), r.into(u), u
}

// strict is an operation that is unknown as soon as one operand is.
func strict(k kind, u unit, name string, args []typed, do func(*env, []value) value) typed {
	out := typed{kind: k, unit: u}
	for _, a := range args {
		out.record = out.record || a.record
	}
	out.eval = func(e *env) value {
		e.counted(name)
		vs := make([]value, len(args))
		for i, a := range args {
			vs[i] = a.eval(e)
		}
		if !allKnown(vs) {
			e.counted("missing operand")
			return open(vs...)
		}
		return do(e, vs)
	}
	return out
}

func (s *scope) binary(v *ast.BinaryNode) typed {
	switch v.Operator {
	case "and", "&&", "or", "||":
		return s.logic(v)
	case "in":
		return s.in(v)
	case "matches":
		re := regexp.MustCompile(v.Right.(*ast.StringNode).Value)
		return strict(kindBool, unit{}, "matches", []typed{s.node(v.Left)}, func(_ *env, a []value) value { return truth(re.MatchString(a[0].text)) })
	case "contains":
		l, r := s.node(v.Left), s.node(v.Right)
		return strict(kindBool, unit{}, "contains", []typed{l, r}, func(_ *env, a []value) value {
			if a[0].kind == kindSet {
				return truth(slices.Contains(a[0].set, a[1].text))
			}
			return truth(strings.Contains(a[0].text, a[1].text))
		})
	case "startsWith":
		l, r := s.node(v.Left), s.node(v.Right)
		return strict(kindBool, unit{}, "startsWith", []typed{l, r}, func(_ *env, a []value) value { return truth(strings.HasPrefix(a[0].text, a[1].text)) })
	case "+", "-", "*", "/":
		return s.arithmetic(v)
	}
	return s.comparison(v)
}

func (s *scope) logic(v *ast.BinaryNode) typed {
	l, r := s.node(v.Left), s.node(v.Right)
	join, name := every, "and"
	if v.Operator == "or" || v.Operator == "||" {
		join, name = some, "or"
	}
	return typed{kind: kindBool, record: l.record || r.record, eval: func(e *env) value {
		e.counted(name)
		return join([]value{l.eval(e), r.eval(e)})
	}}
}

func (s *scope) comparison(v *ast.BinaryNode) typed {
	l, r, _ := pair(s.node(v.Left), s.node(v.Right))
	if v.Operator == "==" || v.Operator == "!=" {
		return typed{kind: kindBool, record: l.record || r.record, eval: func(e *env) value {
			e.counted(v.Operator)
			out := e.same(l.eval(e), []value{r.eval(e)})
			if v.Operator == "!=" {
				return not(out)
			}
			return out
		}}
	}
	return strict(kindBool, unit{}, v.Operator, []typed{l, r}, func(_ *env, a []value) value {
		c := a[0].day - a[1].day
		if a[0].kind == kindNumber {
			c = a[0].num.Cmp(a[1].num)
		}
		switch v.Operator {
		case "<":
			return truth(c < 0)
		case "<=":
			return truth(c <= 0)
		case ">":
			return truth(c > 0)
		case ">=":
			return truth(c >= 0)
		}
		panic(mistake("operator " + v.Operator))
	})
}

// same tells whether x is one of the list. Of a size class that isn't known all that it still can be may agree.
func (e *env) same(x value, list []value) value {
	for i, o := range list {
		if !x.known && x.possible == nil && o.possible != nil && len(list) == 1 {
			x, list[i] = o, x
		}
	}
	if !allKnown(list) {
		e.counted("missing operand")
		return open(append(slices.Clone(list), x)...)
	}
	has := func(v value) bool { return slices.ContainsFunc(list, func(o value) bool { return o.equal(v) }) }
	if x.known {
		return truth(has(x))
	}
	e.counted("missing operand")
	if x.possible == nil {
		return open(x)
	}
	n := 0
	for _, p := range x.possible {
		if has(text(p)) {
			n++
		}
	}
	switch n {
	case 0:
		e.counted("class set decided")
		return truth(false)
	case len(x.possible):
		e.counted("class set decided")
		return truth(true)
	}
	return open(x)
}

func (s *scope) in(v *ast.BinaryNode) typed {
	x := s.node(v.Left)
	list, ok := v.Right.(*ast.ArrayNode)
	if !ok {
		return strict(kindBool, unit{}, "in set", []typed{x, s.node(v.Right)}, func(_ *env, a []value) value { return truth(slices.Contains(a[1].set, a[0].text)) })
	}
	out := typed{kind: kindBool, record: x.record}
	var args []typed
	for _, n := range list.Nodes {
		_, a, _ := pair(x, s.node(n))
		args = append(args, a)
		out.record = out.record || a.record
	}
	out.eval = func(e *env) value {
		e.counted("in")
		vs := make([]value, len(args))
		for i, a := range args {
			vs[i] = a.eval(e)
		}
		return e.same(x.eval(e), vs)
	}
	return out
}

func (s *scope) arithmetic(v *ast.BinaryNode) typed {
	l, r := s.node(v.Left), s.node(v.Right)
	if l.kind == kindDate {
		return dateArithmetic(v.Operator, l, r)
	}
	var u unit
	switch v.Operator {
	case "*":
		u = l.unit.times(r.unit)
	case "/":
		u = l.unit.per(r.unit)
	default:
		l, r, u = pair(l, r)
	}
	return strict(kindNumber, u, v.Operator, []typed{l, r}, func(e *env, a []value) value {
		x, y, z := a[0].num, a[1].num, new(big.Rat)
		switch v.Operator {
		case "+":
			z.Add(x, y)
		case "-":
			z.Sub(x, y)
		case "*":
			z.Mul(x, y)
		case "/":
			if y.Sign() == 0 {
				e.counted("division by zero")
				return failing()
			}
			z.Quo(x, y)
		}
		return e.limited(z)
	})
}

func dateArithmetic(op string, l, r typed) typed {
	if r.kind == kindDate {
		return strict(kindNumber, of("天"), "date-date", []typed{l, r}, func(_ *env, a []value) value { return whole(int64(a[0].day - a[1].day)) })
	}
	return strict(kindDate, unit{}, "date"+op, []typed{l, r}, func(e *env, a []value) value {
		n := new(big.Rat).Set(a[1].num)
		if op == "-" {
			n.Neg(n)
		}
		return e.shifted(a[0].day, n, addDays)
	})
}

// shifted moves a day by a whole number of steps; what leaves the calendar isn't known.
func (e *env) shifted(day int, n *big.Rat, step func(int, int) (int, bool)) value {
	if !n.IsInt() || new(big.Rat).Abs(n).Cmp(big.NewRat(1_000_000, 1)) > 0 {
		e.counted("date out of range")
		return failing()
	}
	out, ok := step(day, int(n.Num().Int64()))
	if !ok {
		e.counted("date out of range")
		return failing()
	}
	return date(out)
}

func (s *scope) choice(v *ast.ConditionalNode) typed {
	test := s.node(v.Cond)
	a, b, u := pair(s.node(v.Exp1), s.node(v.Exp2))
	return typed{kind: a.kind, unit: u, record: test.record || a.record || b.record, eval: func(e *env) value {
		e.counted("?:")
		t, x, y := test.eval(e), a.eval(e), b.eval(e)
		switch {
		case t.known && t.truth:
			return x
		case t.known:
			return y
		case x.known && y.known && x.equal(y):
			e.counted("?: decided by equal branches")
			return x
		}
		return open(t, x, y)
	}}
}

func (s *scope) column(v *ast.MemberNode) typed {
	name := v.Property.(*ast.StringNode).Value
	table, own := s.loop, false
	if id, ok := v.Node.(*ast.IdentifierNode); ok {
		if id.Value != "本条" {
			fail("member of %s", id.Value)
		}
		table, own = s.record, true
	}
	f, ok := s.judge.fields[table+"."+name]
	out := typed{record: own}
	if ok {
		out.kind, out.unit = f.kind, f.unit
	} else {
		if s.judge.fields[table].key != name {
			fail("no column %s.%s", table, name)
		}
		out.kind = kindText
	}
	out.eval = func(e *env) value {
		e.counted("column")
		r := e.row
		if own {
			r = e.record
		}
		if !ok {
			return text(r.key)
		}
		return r.cells[name]
	}
	return out
}
