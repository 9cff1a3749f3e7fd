package formula

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"mianshen/rules/exact"
	"mianshen/rules/source"
)

func (c *checker) numeral(n ast.Node) *Node {
	from, to := c.span(n)
	text := ""
	if from < to && to <= len(c.runes) {
		text = string(c.runes[from:to])
	}
	if len(text) > maxNumeral {
		return c.fail(n, "", "数字太长")
	}
	num, err := exact.Parse(text)
	if err != nil {
		return c.fail(n, "写作 1500 或 5.5，不用千分位、指数或十六进制；大数用单位，如 2*亿元", "数字“%s”的写法不能用", source.Clip(text))
	}
	out := c.make(n, OpConst, Type{Kind: Number})
	out.Const = NumberOf(num)
	return out
}

func (c *checker) want(at ast.Node, n *Node, kind Kind, what string) bool {
	if n == invalid {
		return false
	}
	if n.Type.Kind != kind {
		c.fail(at, "", "%s应是%s，却是%s", what, kindName(kind), kindName(n.Type.Kind))
		return false
	}
	return true
}

func kindName(k Kind) string {
	return [...]string{"无", "是否（条件）", "数", "日期", "文字", "集合", "表", "表"}[k]
}

func (c *checker) unary(v *ast.UnaryNode) *Node {
	x := c.node(v.Node)
	if x == invalid {
		return x
	}
	switch v.Operator {
	case "not", "!":
		if x.Type.Kind != Bool {
			return c.fail(v, "not 只管紧跟着的一项；否定一个比较要加括号：not (甲 > 乙)", "not 后面应是条件，却是%s", kindName(x.Type.Kind))
		}
		return c.make(v, OpNot, Type{Kind: Bool}, x)
	case "-", "+":
		if !c.want(v, x, Number, "正负号后面") {
			return invalid
		}
		if v.Operator == "+" {
			return x
		}
		return c.make(v, OpNeg, x.Type, x)
	}
	return c.fail(v, "", "不能使用运算符 %s", v.Operator)
}

var comparisons = map[string]Op{"==": OpEq, "!=": OpNe, "<": OpLt, "<=": OpLe, ">": OpGt, ">=": OpGe}

func (c *checker) binary(v *ast.BinaryNode) *Node {
	switch v.Operator {
	case "and", "&&":
		return c.logic(v, OpAnd)
	case "or", "||":
		return c.logic(v, OpOr)
	case "in":
		return c.in(v)
	case "matches":
		return c.matches(v)
	case "??":
		return c.fail(v, "缺省值写在指标字典的 absent，并说明理由", "不能使用 ??：缺失的事实不能当作有")
	}
	l, r := c.node(v.Left), c.node(v.Right)
	if anyInvalid(l, r) {
		return invalid
	}
	if op, ok := comparisons[v.Operator]; ok {
		return c.compare(v, op, l, r)
	}
	switch v.Operator {
	case "+", "-":
		return c.addition(v, l, r)
	case "*", "/":
		return c.product(v, l, r)
	case "contains":
		return c.contains(v, l, r)
	case "startsWith":
		if !c.want(v, l, String, "startsWith 左边") || !c.want(v, r, String, "startsWith 右边") {
			return invalid
		}
		return c.make(v, OpStartsWith, Type{Kind: Bool}, l, r)
	}
	return c.fail(v, "可用：and or not in contains startsWith matches 与四则、比较", "不能使用运算符 %s", v.Operator)
}

func (c *checker) logic(v *ast.BinaryNode, op Op) *Node {
	l, r := c.node(v.Left), c.node(v.Right)
	okL, okR := c.want(v.Left, l, Bool, v.Operator+" 左边"), c.want(v.Right, r, Bool, v.Operator+" 右边")
	if !okL || !okR {
		return invalid
	}
	return c.make(v, op, Type{Kind: Bool}, l, r)
}

// scaled divides a bare number that stands for percentage points by 100.
func (c *checker) scaled(n *Node, u Unit) *Node {
	k := &Node{Op: OpConst, Type: Type{Kind: Number}, Const: NumberOf(hundredth), From: n.From, To: n.To}
	return &Node{Op: OpMul, Type: Type{Kind: Number, Unit: u}, Args: []*Node{n, k}, From: n.From, To: n.To}
}

// join brings two operands to one unit.
func (c *checker) join(at ast.Node, l, r *Node) (*Node, *Node, Unit, bool) {
	u, sl, sr, err := unify(l.Type.Unit, r.Type.Unit)
	if err != nil {
		c.fail(at, unitHint(l, r), "%v", err)
		return l, r, u, false
	}
	if sl {
		l = c.scaled(l, u)
	}
	if sr {
		r = c.scaled(r, u)
	}
	return l, r, u, true
}

func unitHint(l, r *Node) string {
	lu, ru := l.Type.Unit, r.Type.Unit
	if lu.IsMoney() || ru.IsMoney() {
		return "金额写作 2000*万元、0*元 这样带单位的数"
	}
	return "单位不同的量不能相比或相加；检查指标字典里的单位"
}

func (c *checker) compare(v *ast.BinaryNode, op Op, l, r *Node) *Node {
	t := Type{Kind: Bool}
	if l.Type.Kind != r.Type.Kind {
		return c.fail(v, dateHint(l, r), "%s不能与%s比较", kindName(l.Type.Kind), kindName(r.Type.Kind))
	}
	ordered := op != OpEq && op != OpNe
	switch l.Type.Kind {
	case Number:
		l, r, _, ok := c.join(v, l, r)
		if !ok {
			return invalid
		}
		return c.make(v, op, t, l, r)
	case Date:
		return c.make(v, op, t, l, r)
	case Bool, String:
		if ordered {
			return c.fail(v, "", "%s只能用 == 或 != 比较", kindName(l.Type.Kind))
		}
		if l.Type.Kind == String && !c.options(v, l, r) {
			return invalid
		}
		return c.make(v, op, t, l, r)
	}
	return c.fail(v, "集合用 contains，表用 any、all、none、count、sum", "%s不能直接比较", kindName(l.Type.Kind))
}

func dateHint(l, r *Node) string {
	if l.Type.Kind == Date || r.Type.Kind == Date {
		return `日期写作 日期("2025-01-01")`
	}
	return ""
}

// options refuses a literal that an enum can never hold.
func (c *checker) options(at ast.Node, l, r *Node) bool {
	if l.Op == OpConst {
		l, r = r, l
	}
	if r.Op != OpConst || l.Type.Options == nil || slices.Contains(l.Type.Options, r.Const.text) {
		return true
	}
	hint := "可取的值：" + strings.Join(l.Type.Options, "、")
	if near, ok := source.Nearest(r.Const.text, l.Type.Options); ok {
		hint = "是不是“" + near + "”？" + hint
	}
	c.problems = append(c.problems, Problem{r.From, fmt.Sprintf("没有“%s”这个取值", source.Clip(r.Const.text)), hint})
	_ = at
	return false
}

func (c *checker) addition(v *ast.BinaryNode, l, r *Node) *Node {
	days := Unit{dims: []dim{{"天", 1}}}
	switch {
	case l.Type.Kind == Number && r.Type.Kind == Number:
		l, r, u, ok := c.join(v, l, r)
		if !ok {
			return invalid
		}
		op := OpAdd
		if v.Operator == "-" {
			op = OpSub
		}
		return c.make(v, op, Type{Kind: Number, Unit: u}, l, r)
	case l.Type.Kind == Date && r.Type.Kind == Date && v.Operator == "-":
		return c.make(v, OpDayDiff, Type{Kind: Number, Unit: days}, l, r)
	case l.Type.Kind == Date && r.Type.Kind == Number:
		if _, _, _, err := unify(r.Type.Unit, days); err != nil {
			return c.fail(v, "写作 日期 + 30*天；整年整月用 加年、加月", "日期只能加减天数")
		}
		if v.Operator == "-" {
			r = c.make(v.Right, OpNeg, r.Type, r)
		}
		return c.make(v, OpShiftDays, Type{Kind: Date}, l, r)
	}
	return c.fail(v, "", "%s与%s不能相加减", kindName(l.Type.Kind), kindName(r.Type.Kind))
}

func (c *checker) product(v *ast.BinaryNode, l, r *Node) *Node {
	if !c.want(v.Left, l, Number, v.Operator+" 左边") || !c.want(v.Right, r, Number, v.Operator+" 右边") {
		return invalid
	}
	if v.Operator == "*" {
		u, err := multiply(l.Type.Unit, r.Type.Unit)
		if err != nil {
			return c.fail(v, "", "%v", err)
		}
		return c.make(v, OpMul, Type{Kind: Number, Unit: u}, l, r)
	}
	u, err := divide(l.Type.Unit, r.Type.Unit)
	if err != nil {
		return c.fail(v, "", "%v", err)
	}
	if r.Op == OpConst && r.Const.known && r.Const.num.Sign() == 0 {
		return c.fail(v, "", "除数是零")
	}
	return c.make(v, OpDiv, Type{Kind: Number, Unit: u}, l, r)
}

func (c *checker) contains(v *ast.BinaryNode, l, r *Node) *Node {
	if !c.want(v.Right, r, String, "contains 右边") {
		return invalid
	}
	switch l.Type.Kind {
	case Set:
		if !c.options(v, l, r) {
			return invalid
		}
		return c.make(v, OpInSet, Type{Kind: Bool}, r, l)
	case String:
		return c.make(v, OpContains, Type{Kind: Bool}, l, r)
	}
	return c.fail(v, "", "contains 左边应是文字或集合，却是%s", kindName(l.Type.Kind))
}

func (c *checker) in(v *ast.BinaryNode) *Node {
	l := c.node(v.Left)
	list, isList := v.Right.(*ast.ArrayNode)
	if !isList {
		r := c.node(v.Right)
		if anyInvalid(l, r) {
			return invalid
		}
		if r.Type.Kind != Set {
			return c.fail(v.Right, `写作 in ["甲", "乙"]`, "in 右边应是列表或集合")
		}
		if !c.want(v.Left, l, String, "in 左边") || !c.options(v, r, l) {
			return invalid
		}
		return c.make(v, OpInSet, Type{Kind: Bool}, l, r)
	}
	if l == invalid {
		return invalid
	}
	if l.Type.Kind == Set || l.Type.Kind == TableKind || l.Type.Kind == rowsKind {
		return c.fail(v.Left, `集合写作 any(集合, # in ["甲", "乙"])`, "in 左边应是单个值，却是%s", kindName(l.Type.Kind))
	}
	if len(list.Nodes) == 0 {
		return c.fail(v.Right, "", "in 的列表是空的")
	}
	args, ok := []*Node{l}, true
	for _, item := range list.Nodes {
		e := c.node(item)
		if e == invalid || !c.want(item, e, l.Type.Kind, "列表里的值") || l.Type.Kind == String && !c.options(item, l, e) {
			ok = false
			continue
		}
		if l.Type.Kind == Number {
			joined, scaled, _, fits := c.join(item, l, e)
			ok = ok && fits && joined == l
			e = scaled
		}
		args = append(args, e)
	}
	if !ok {
		return invalid
	}
	return c.make(v, OpIn, Type{Kind: Bool}, args...)
}

// maxPattern caps a pattern; Go's regular expressions run in linear time.
const maxPattern = 200

func (c *checker) matches(v *ast.BinaryNode) *Node {
	l := c.node(v.Left)
	if l == invalid || !c.want(v.Left, l, String, "matches 左边") {
		return invalid
	}
	p, ok := v.Right.(*ast.StringNode)
	if !ok {
		return c.fail(v.Right, "", "matches 右边应是写定的文字")
	}
	if len(p.Value) > maxPattern {
		return c.fail(v.Right, "", "模式太长（上限 %d 字节）", maxPattern)
	}
	re, err := regexp.Compile(p.Value)
	if err != nil || strings.Count(p.Value, "{") > 4 {
		return c.fail(v.Right, "", "模式写法有误或太复杂")
	}
	out := c.make(v, OpMatches, Type{Kind: Bool}, l)
	out.Pattern = re
	return out
}

func (c *checker) conditional(v *ast.ConditionalNode) *Node {
	test, a, b := c.node(v.Cond), c.node(v.Exp1), c.node(v.Exp2)
	if anyInvalid(test, a, b) || !c.want(v.Cond, test, Bool, "? 前面") {
		return invalid
	}
	if a.Type.Kind != b.Type.Kind {
		return c.fail(v, "", "?: 的两边一个是%s，一个是%s", kindName(a.Type.Kind), kindName(b.Type.Kind))
	}
	t := a.Type
	switch a.Type.Kind {
	case Number:
		var ok bool
		if a, b, t.Unit, ok = c.join(v, a, b); !ok {
			return invalid
		}
	case Bool, Date, Set:
		t.Options = nil
	case String:
		t.Options = joinOptions(a, b)
	default:
		return c.fail(v, "", "?: 不能选表")
	}
	return c.make(v, OpIf, t, test, a, b)
}

func joinOptions(a, b *Node) []string {
	opts := func(n *Node) []string {
		if n.Op == OpConst {
			return []string{n.Const.text}
		}
		return n.Type.Options
	}
	x, y := opts(a), opts(b)
	if x == nil || y == nil {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(x), y...))))
}
