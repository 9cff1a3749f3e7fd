package formula

import (
	"sort"
	"strings"

	"github.com/expr-lang/expr/ast"

	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/source"
	"mianshen/rules/standard"
)

func (c *checker) builtin(v *ast.BuiltinNode) *Node {
	switch v.Name {
	case "min", "max":
		return c.extreme(v, v.Name, v.Arguments)
	case "any", "all", "none":
		return c.quantifier(v)
	case "count":
		return c.count(v)
	case "sum":
		return c.sum(v)
	case "filter":
		return c.fail(v, "写作 count(filter(表, 条件)) 或 sum(filter(表, 条件), .列)", "filter 只能放在 count 或 sum 里面")
	}
	return c.noFunction(v, v.Name)
}

func (c *checker) call(v *ast.CallNode) *Node {
	id, ok := v.Callee.(*ast.IdentifierNode)
	if !ok {
		return c.fail(v, "", "不能这样调用")
	}
	if id.Value == "min" || id.Value == "max" {
		return c.extreme(v, id.Value, v.Arguments)
	}
	read, ok := functions[id.Value]
	if !ok {
		return c.noFunction(v, id.Value)
	}
	return read(c, v)
}

// functions are the functions added to expr's grammar. It is filled in init because the readers refer to it for hints.
var functions map[string]func(*checker, *ast.CallNode) *Node

func init() {
	functions = map[string]func(*checker, *ast.CallNode) *Node{
		"取值": (*checker).lookup, "日期": (*checker).dateLiteral, "年": (*checker).year, "比例": (*checker).share,
		"加年": dateShift(OpAddYears), "加月": dateShift(OpAddMonths), "工作日": dateShift(OpWorkdays),
		"满年": reached(OpReachedYears), "满月": reached(OpReachedMonths),
		"划型": (*checker).classify, "行业": (*checker).industry, "分档": (*checker).tiers,
		"已奖": (*checker).awarded, "曾获": (*checker).everAwarded, "符合": (*checker).qualifies,
	}
}

func (c *checker) noFunction(v ast.Node, name string) *Node {
	names := []string{"min", "max", "any", "all", "none", "count", "sum"}
	for n := range functions {
		names = append(names, n)
	}
	sort.Strings(names)
	hint := "可用的函数：" + strings.Join(names, "、")
	if name == "now" || name == "date" {
		hint = "判定不看时钟：今天写作 基准日，某一天写作 日期(\"2025-01-01\")"
	} else if near, ok := source.Nearest(name, names); ok {
		hint = "是不是 " + near + "？"
	}
	return c.fail(v, hint, "没有“%s”这个函数", source.Clip(name))
}

func (c *checker) extreme(at ast.Node, name string, args []ast.Node) *Node {
	if len(args) < 2 || len(args) > 50 {
		return c.fail(at, "", "%s 要有两个以上的数", name)
	}
	nodes, ok := make([]*Node, len(args)), true
	for i, a := range args {
		nodes[i] = c.node(a)
		ok = c.want(a, nodes[i], Number, name+" 的参数") && ok
	}
	if !ok {
		return invalid
	}
	unit, ok := c.joinAll(at, nodes)
	if !ok {
		return invalid
	}
	op := OpMin
	if name == "max" {
		op = OpMax
	}
	return c.make(at, op, Type{Kind: Number, Unit: unit}, nodes...)
}

// joinAll brings all numbers to one unit: first they agree on it pair by pair, then each is scaled to it.
func (c *checker) joinAll(at ast.Node, nodes []*Node) (Unit, bool) {
	unit := nodes[0].Type.Unit
	for _, n := range nodes[1:] {
		u, _, _, err := unify(unit, n.Type.Unit)
		if err != nil {
			c.fail(at, unitHint(nodes[0], n), "%v", err)
			return unit, false
		}
		unit = u
	}
	for i, n := range nodes {
		if _, scale, _, _ := unify(n.Type.Unit, unit); scale {
			nodes[i] = c.scaled(n, unit)
		}
	}
	return unit, true
}

// rows reads the first argument of a loop: a table, a set (where sets are allowed), or a filter of a table.
func (c *checker) rows(n ast.Node, filterAllowed, setAllowed bool) (*Node, *loop) {
	if f, ok := n.(*ast.BuiltinNode); ok && f.Name == "filter" && filterAllowed {
		if len(f.Arguments) != 2 {
			c.fail(f, "", "filter 要有表和条件两个参数")
			return invalid, nil
		}
		src, lp := c.rows(f.Arguments[0], false, false)
		if src == invalid {
			return invalid, nil
		}
		pred := c.predicate(f.Arguments[1], lp, Bool, "filter 的条件")
		if pred == invalid {
			return invalid, nil
		}
		return c.make(f, OpFilter, Type{Kind: rowsKind, Table: src.Type.Table}, src, pred), lp
	}
	if c.loop != nil {
		c.fail(n, "先用 define 把里层算好", "循环里不能再有循环")
		return invalid, nil
	}
	src := c.node(n)
	switch {
	case src == invalid:
		return invalid, nil
	case src.Type.Kind == TableKind:
		return src, &loop{table: src.Type.Table}
	case src.Type.Kind == Set && setAllowed:
		return src, &loop{set: &src.Type}
	}
	c.fail(n, "", "这里应是一张表，却是%s", kindName(src.Type.Kind))
	return invalid, nil
}

func (c *checker) predicate(n ast.Node, lp *loop, kind Kind, what string) *Node {
	if p, ok := n.(*ast.PredicateNode); ok {
		n = p.Node
	}
	if c.loop != nil {
		return c.fail(n, "先用 define 把里层算好", "循环里不能再有循环")
	}
	c.loop = lp
	body := c.node(n)
	c.loop = nil
	if body == invalid || !c.want(n, body, kind, what) {
		return invalid
	}
	return body
}

func (c *checker) quantifier(v *ast.BuiltinNode) *Node {
	if len(v.Arguments) != 2 {
		return c.fail(v, "写作 "+v.Name+"(表名, .列 > 0)", "%s 要有表和条件两个参数", v.Name)
	}
	src, lp := c.rows(v.Arguments[0], false, true)
	if src == invalid {
		return invalid
	}
	pred := c.predicate(v.Arguments[1], lp, Bool, v.Name+" 的条件")
	if pred == invalid {
		return invalid
	}
	op := map[string]Op{"any": OpAny, "all": OpAll, "none": OpNone}[v.Name]
	return c.make(v, op, Type{Kind: Bool}, src, pred)
}

func (c *checker) count(v *ast.BuiltinNode) *Node {
	if len(v.Arguments) < 1 || len(v.Arguments) > 2 {
		return c.fail(v, "写作 count(表名, 条件)", "count 要有表和条件")
	}
	src, lp := c.rows(v.Arguments[0], true, true)
	if src == invalid {
		return invalid
	}
	args := []*Node{src}
	if len(v.Arguments) == 2 {
		pred := c.predicate(v.Arguments[1], lp, Bool, "count 的条件")
		if pred == invalid {
			return invalid
		}
		args = append(args, pred)
	}
	return c.make(v, OpCount, Type{Kind: Number}, args...)
}

func (c *checker) sum(v *ast.BuiltinNode) *Node {
	if len(v.Arguments) != 2 {
		return c.fail(v, "写作 sum(表名, .列)", "sum 要有表和要加的列")
	}
	src, lp := c.rows(v.Arguments[0], true, false)
	if src == invalid {
		return invalid
	}
	body := c.predicate(v.Arguments[1], lp, Number, "sum 要加的")
	if body == invalid {
		return invalid
	}
	return c.make(v, OpSum, Type{Kind: Number, Unit: body.Type.Unit}, src, body)
}

// args reads between lo and hi arguments.
func (c *checker) args(v *ast.CallNode, lo, hi int, usage string) ([]*Node, bool) {
	if len(v.Arguments) < lo || len(v.Arguments) > hi {
		c.fail(v, "写作 "+usage, "参数个数不对")
		return nil, false
	}
	out, ok := make([]*Node, len(v.Arguments)), true
	for i, a := range v.Arguments {
		out[i] = c.node(a)
		ok = ok && out[i] != invalid
	}
	return out, ok
}

// texts reads constant texts.
func (c *checker) texts(nodes []ast.Node, what string) ([]string, bool) {
	var out []string
	for _, n := range nodes {
		s, ok := n.(*ast.StringNode)
		if !ok {
			c.fail(n, "", "%s应是写定的文字，如 \"...\"", what)
			return nil, false
		}
		out = append(out, s.Value)
	}
	return out, len(out) > 0
}

func (c *checker) lookup(v *ast.CallNode) *Node {
	if len(v.Arguments) < 1 || len(v.Arguments) > 2 {
		return c.fail(v, "写作 取值(\"名称\") 或 取值(\"名称\", 指标)", "参数个数不对")
	}
	names, ok := c.texts(v.Arguments[:1], "取值的名称")
	if !ok {
		return invalid
	}
	l, ok := c.scope.Lookups[names[0]]
	if !ok {
		var known []string
		for n := range c.scope.Lookups {
			known = append(known, n)
		}
		hint := "先在 values.yaml 里写明这个数、单位和出处"
		if near, ok := source.Nearest(names[0], known); ok {
			hint = "是不是“" + near + "”？"
		}
		return c.fail(v.Arguments[0], hint, "values.yaml 里没有“%s”", source.Clip(names[0]))
	}
	out := c.make(v, OpLookup, l.Type)
	out.Name = names[0]
	if (l.By != nil) != (len(v.Arguments) == 2) {
		return c.fail(v, "values.yaml 里写了 by 的才要、也必须给第二个参数", "“%s”的参数个数不对", names[0])
	}
	if l.By == nil {
		return out
	}
	by := c.node(v.Arguments[1])
	if by == invalid || !c.want(v.Arguments[1], by, l.By.Kind, "取值的第二个参数") {
		return invalid
	}
	if by.Type.Kind == Number && !by.Type.Unit.Same(l.By.Unit) {
		return c.fail(v.Arguments[1], "", "“%s”按 %s 分档，这里是 %s", names[0], l.By.Unit, by.Type.Unit)
	}
	out.Args = []*Node{by}
	return out
}

func (c *checker) dateLiteral(v *ast.CallNode) *Node {
	texts, ok := c.texts(v.Arguments, "日期")
	if !ok || len(texts) != 1 {
		return c.fail(v, `写作 日期("2025-01-01")`, "日期 要有一个写定的日子")
	}
	d, err := civil.Parse(texts[0])
	if err != nil {
		return c.fail(v, `写作 日期("2025-01-01")`, "%v", err)
	}
	out := c.make(v, OpConst, Type{Kind: Date})
	out.Const = DateOf(d)
	return out
}

func (c *checker) year(v *ast.CallNode) *Node {
	args, ok := c.args(v, 1, 1, "年(日期)")
	if !ok || !c.want(v, args[0], Date, "年 的参数") {
		return invalid
	}
	return c.make(v, OpYear, Type{Kind: Number}, args...)
}

// share is 比例(percent): a bare number of percentage points as a ratio.
func (c *checker) share(v *ast.CallNode) *Node {
	args, ok := c.args(v, 1, 1, "比例(10)")
	if !ok || !c.want(v, args[0], Number, "比例 的参数") {
		return invalid
	}
	u := args[0].Type.Unit
	if len(u.dims) > 0 || u.Flavour == Ratio {
		return c.fail(v, "比例(10) 就是 10 %", "比例 的参数应是百分数，却是 %s", u)
	}
	if u.Flavour == Percent {
		return args[0]
	}
	out := c.scaled(args[0], Unit{Flavour: Ratio})
	out.From, out.To = c.span(v)
	return out
}

func dateShift(op Op) func(*checker, *ast.CallNode) *Node {
	return func(c *checker, v *ast.CallNode) *Node {
		args, ok := c.args(v, 2, 2, usage(op))
		if !ok || !c.want(v, args[0], Date, "第一个参数") || !c.wantCount(v, args[1], op) {
			return invalid
		}
		return c.make(v, op, Type{Kind: Date}, args...)
	}
}

// usage shows how a date function is written.
func usage(op Op) string {
	switch op {
	case OpAddYears:
		return "加年(日期, 数)"
	case OpAddMonths:
		return "加月(日期, 数)"
	case OpReachedYears:
		return "满年(日期, 数)"
	case OpReachedMonths:
		return "满月(日期, 数)"
	}
	return "工作日(日期, 数)"
}

func reached(op Op) func(*checker, *ast.CallNode) *Node {
	return func(c *checker, v *ast.CallNode) *Node {
		args, ok := c.args(v, 2, 3, usage(op))
		if !ok || !c.want(v, args[0], Date, "第一个参数") || !c.wantCount(v, args[1], op) {
			return invalid
		}
		if len(args) == 3 && !c.want(v, args[2], Date, "第三个参数") {
			return invalid
		}
		return c.make(v, op, Type{Kind: Bool}, args...)
	}
}

// wantCount demands a number without unit, or in the unit that the function counts: years, months or days.
func (c *checker) wantCount(v ast.Node, n *Node, op Op) bool {
	if !c.want(v, n, Number, "第二个参数") {
		return false
	}
	own := map[Op]string{OpAddYears: "年", OpReachedYears: "年", OpAddMonths: "月", OpReachedMonths: "月", OpWorkdays: "天"}[op]
	u := n.Type.Unit
	if len(u.dims) == 0 && u.Flavour == Bare || len(u.dims) == 1 && u.dims[0] == (dim{own, 1}) {
		return true
	}
	c.fail(v, "写作 "+usage(op), "第二个参数应是个数（%s），却是 %s", own, u)
	return false
}

func (c *checker) classify(v *ast.CallNode) *Node {
	args, ok := c.args(v, 4, 4, "划型(行业代码, 从业人数, 营业收入, 资产总额)")
	if !ok || !c.want(v, args[0], String, "第一个参数") || !c.want(v, args[1], Number, "第二个参数") || !c.want(v, args[2], Number, "第三个参数") || !c.want(v, args[3], Number, "第四个参数") {
		return invalid
	}
	if u := args[1].Type.Unit; u.money() != 0 || len(u.dims) == 0 && u.Flavour != Bare {
		return c.fail(v, "", "从业人数的单位是 %s", u)
	}
	for _, a := range args[2:] {
		if !a.Type.Unit.IsMoney() {
			return c.fail(v, "", "营业收入和资产总额应是金额，却是 %s", a.Type.Unit)
		}
	}
	return c.make(v, OpClassify, Type{Kind: String, Options: ClassNames()}, args...)
}

func (c *checker) industry(v *ast.CallNode) *Node {
	if len(v.Arguments) < 2 {
		return c.fail(v, `写作 行业(行业代码, "C", "I65")`, "参数个数不对")
	}
	code := c.node(v.Arguments[0])
	prefixes, ok := c.texts(v.Arguments[1:], "行业代码")
	if code == invalid || !ok || !c.want(v, code, String, "第一个参数") {
		return invalid
	}
	for i, p := range prefixes {
		if !standard.ValidIndustry(p) {
			return c.fail(v.Arguments[i+1], "写带门类字母的代码，如 C、C39、C3911", "GB/T 4754-2017 里没有“%s”", source.Clip(p))
		}
	}
	out := c.make(v, OpIndustry, Type{Kind: Bool}, code)
	out.Names = prefixes
	return out
}

// tiers is 分档(x, [[bound, value], ...]).
func (c *checker) tiers(v *ast.CallNode) *Node {
	usage := "写作 分档(指标, [[500*万元, 15*万元], [1000*万元, 20*万元]])"
	if len(v.Arguments) != 2 {
		return c.fail(v, usage, "参数个数不对")
	}
	list, ok := v.Arguments[1].(*ast.ArrayNode)
	x := c.node(v.Arguments[0])
	if !ok || len(list.Nodes) == 0 || x == invalid || !c.want(v, x, Number, "第一个参数") {
		return c.fail(v, usage, "分档 的写法不对")
	}
	bounds, values := []*Node{x}, []*Node{}
	for _, item := range list.Nodes {
		pair, ok := item.(*ast.ArrayNode)
		if !ok || len(pair.Nodes) != 2 {
			return c.fail(item, usage, "每一档是 [下限, 值]")
		}
		b, val := c.constant(c.node(pair.Nodes[0])), c.node(pair.Nodes[1])
		if anyInvalid(b, val) || !c.want(item, b, Number, "下限") || !c.want(item, val, Number, "值") {
			return invalid
		}
		if b.Op != OpConst {
			return c.fail(item, "", "每一档的下限应是写定的数")
		}
		bounds, values = append(bounds, b), append(values, val)
	}
	if _, ok := c.joinAll(v, bounds); !ok {
		return invalid
	}
	unit, ok := c.joinAll(v, values)
	if !ok || !c.ascending(bounds[1:]) {
		return invalid
	}
	args := []*Node{bounds[0]}
	for i, b := range bounds[1:] {
		args = append(args, c.constant(b), values[i])
	}
	return c.make(v, OpTiers, Type{Kind: Number, Unit: unit}, args...)
}

func (c *checker) ascending(bounds []*Node) bool {
	var last exact.Num
	for i, b := range bounds {
		k := c.constant(b)
		if i > 0 && k.Const.num.Cmp(last) <= 0 {
			c.problems = append(c.problems, Problem{b.From, "各档下限应从小到大，不能重复", ""})
			return false
		}
		last = k.Const.num
	}
	return true
}
