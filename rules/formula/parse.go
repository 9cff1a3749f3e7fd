package formula

import (
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"mianshen/rules/exact"
	"mianshen/rules/source"
)

// Parse reads, checks and types an expression in the scope. Problems are in Chinese and point at characters of the source.
// An expression that passes has no name, operation or unit that isn't declared.
func Parse(text string, scope *Scope) (*Node, Problems) {
	if ps := precheck(text); len(ps) > 0 {
		return nil, ps
	}
	tree, problem := parseTree(text)
	if problem != nil {
		return nil, Problems{*problem}
	}
	c := &checker{scope: scope, runes: []rune(text)}
	n := c.node(tree)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return fold(c, n)
}

func fold(c *checker, n *Node) (*Node, Problems) {
	n = c.constant(n)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return n, nil
}

func parseTree(text string) (node ast.Node, problem *Problem) {
	defer func() {
		if p := recover(); p != nil {
			node, problem = nil, &Problem{0, "表达式无法解析", ""}
		}
	}()
	config := *syntax
	tree, err := parser.ParseWithConfig(text, &config)
	if err == nil {
		return tree.Node, nil
	}
	var fe *file.Error
	if !errors.As(err, &fe) {
		return nil, &Problem{0, "表达式无法解析：" + err.Error(), ""}
	}
	return nil, translate(text, fe)
}

// syntax is what expressions are parsed with. Its maps of expr's built-ins are shared, since they are only read.
var syntax = func() *conf.Config {
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	config.DisableIfOperator = true
	return config
}()

var unexpected = regexp.MustCompile(`^unexpected token (\w+)(?:\("(.*)"\))?$`)

// spoken are words that people write for operators.
var spoken = map[string]string{
	"=": "判断相等写两个等号 ==", "且": "写作 and", "并且": "写作 and", "和": "写作 and", "同时": "写作 and", "与": "写作 and", "或": "写作 or", "或者": "写作 or",
	"非": "写作 not", "不": "写作 not", "不是": "写作 not 或 !=", "大于": "写作 >", "小于": "写作 <", "等于": "写作 ==", "不等于": "写作 !=", "不低于": "写作 >=", "不高于": "写作 <=", "不超过": "写作 <=", "以上": "写作 >=", "以下": "写作 <=",
	"属于": "写作 in", "包含": "写作 contains", "是": "写作 ==",
}

// translate puts expr's syntax errors into words for the author of a policy.
func translate(text string, fe *file.Error) *Problem {
	at, msg := max(0, fe.From), fe.Message
	switch {
	case strings.Contains(msg, "maximum allowed nodes"):
		return &Problem{at, "表达式太长", "拆成几个条件，或用 define 给各部分命名"}
	case strings.HasPrefix(msg, "unexpected token EOF"):
		return &Problem{at, "表达式没有写完", ""}
	case strings.HasPrefix(msg, "bad number syntax"):
		return &Problem{numberStart(text, at), "数字的写法有误", "数字和单位之间写乘号，如 5*万元；不用千分位和科学计数法"}
	case strings.Contains(msg, "out of range") || strings.Contains(msg, "strconv"):
		return &Problem{numberStart(text, at), "数字太大", "用单位写，如 2*亿元"}
	case strings.HasPrefix(msg, "unrecognized character"):
		return &Problem{at, "无法识别的字符", ""}
	}
	if m := unexpected.FindStringSubmatch(msg); m != nil {
		hint := spoken[m[2]]
		if KnownUnit(m[2]) {
			hint = "数字和单位之间写乘号，如 500*万元"
		}
		if hint == "" && m[1] == "Identifier" {
			hint = "名称之间要有运算符，如 and、or、*"
		}
		return &Problem{at, "这里不该出现“" + source.Clip(m[2]) + "”", hint}
	}
	return &Problem{at, "写法有误（" + source.Clip(msg) + "）", ""}
}

// numberStart finds the first character of the number that ends at a place.
func numberStart(text string, at int) int {
	rs := []rune(text)
	at = min(at, len(rs)-1)
	for at > 0 && (rs[at-1] >= '0' && rs[at-1] <= '9' || rs[at-1] == '.') {
		at--
	}
	return max(0, at)
}

// checker turns expr's tree into ours, refusing whatever isn't on the closed list.
type checker struct {
	scope    *Scope
	runes    []rune
	problems Problems
	loop     *loop
}

// loop is what .列 and # mean at this place.
type loop struct {
	table *Table
	set   *Type
}

var invalid = &Node{Op: OpConst, Const: &Value{}}

func (c *checker) span(n ast.Node) (int, int) {
	loc := n.Location()
	return max(0, loc.From), max(0, loc.To)
}

func (c *checker) fail(n ast.Node, hint, format string, args ...any) *Node {
	from, _ := c.span(n)
	c.problems = append(c.problems, Problem{from, fmt.Sprintf(format, args...), hint})
	return invalid
}

func (c *checker) make(at ast.Node, op Op, t Type, args ...*Node) *Node {
	from, to := c.span(at)
	for _, a := range args {
		if a != invalid {
			from, to = min(from, a.From), max(to, a.To)
		}
	}
	return &Node{Op: op, Type: t, Args: args, From: from, To: to}
}

func anyInvalid(ns ...*Node) bool {
	for _, n := range ns {
		if n == invalid {
			return true
		}
	}
	return false
}

func (c *checker) node(n ast.Node) *Node {
	switch v := n.(type) {
	case *ast.IdentifierNode:
		return c.identifier(v)
	case *ast.IntegerNode, *ast.FloatNode:
		return c.numeral(n)
	case *ast.BoolNode:
		out := c.make(n, OpConst, Type{Kind: Bool})
		out.Const = BoolOf(v.Value)
		return out
	case *ast.StringNode:
		if strings.ContainsFunc(v.Value, invisible) {
			return c.fail(n, "删去后重新输入", "文字里有看不见的字符")
		}
		out := c.make(n, OpConst, Type{Kind: String})
		out.Const = TextOf(v.Value)
		return out
	case *ast.UnaryNode:
		return c.unary(v)
	case *ast.BinaryNode:
		return c.binary(v)
	case *ast.ConditionalNode:
		return c.conditional(v)
	case *ast.MemberNode:
		return c.member(v)
	case *ast.PointerNode:
		return c.pointer(v)
	case *ast.BuiltinNode:
		return c.builtin(v)
	case *ast.CallNode:
		return c.call(v)
	case *ast.ArrayNode:
		return c.fail(n, "列表只能放在 in 的右边或 分档 里", "这里不能用列表")
	case *ast.NilNode:
		return c.fail(n, "缺失由引擎处理，不必也不能与 nil 比较", "不能使用 nil")
	}
	return c.fail(n, "允许的写法见政策编写说明：比较、and or not、四则、any/all/none/count/sum 等", "不能使用这种写法（%s）", describe(n))
}

func describe(n ast.Node) string {
	s := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", n), "*ast."), "Node")
	if name, ok := map[string]string{"Map": "映射 {}", "Slice": "切片", "Chain": "?.", "VariableDeclarator": "let", "Sequence": "分号", "Predicate": "闭包", "Pair": "键值", "Bytes": "字节串"}[s]; ok {
		return name
	}
	return s
}

func (c *checker) identifier(v *ast.IdentifierNode) *Node {
	switch v.Value {
	case "基准日":
		return c.make(v, OpAsOf, Type{Kind: Date})
	case "年度":
		return c.make(v, OpGrantYear, Type{Kind: Number})
	case "本条":
		return c.fail(v, "写作 本条.列名", "本条 要带列名")
	}
	if s, ok := c.scope.Fields[v.Value]; ok {
		out := c.make(v, OpField, s.Type)
		out.Slot, out.Name = s.Slot, v.Value
		return out
	}
	if s, ok := c.scope.Defines[v.Value]; ok {
		out := c.make(v, OpDefine, s.Type)
		out.Slot, out.Name = s.Slot, v.Value
		return out
	}
	if c.scope.Broken[v.Value] {
		return c.fail(v, "", "“%s”本身有误，先改正它", v.Value)
	}
	if KnownUnit(v.Value) || c.scope.Units[v.Value] {
		return c.unitConstant(v)
	}
	hint := "名称须在指标字典（vocabulary.yaml）或本事项的 define 里"
	if near, ok := source.Nearest(v.Value, c.names()); ok {
		hint = "是不是 " + near + "？"
	}
	return c.fail(v, hint, "没有“%s”这个指标", source.Clip(v.Value))
}

func (c *checker) names() []string {
	var out []string
	for n := range c.scope.Fields {
		out = append(out, n)
	}
	for n := range c.scope.Defines {
		out = append(out, n)
	}
	sort.Strings(out)
	return append(out, "基准日", "年度")
}

func (c *checker) unitConstant(v *ast.IdentifierNode) *Node {
	u, factor, err := ParseUnit(v.Value)
	if err != nil {
		return c.fail(v, "", "%v", err)
	}
	out := c.make(v, OpConst, Type{Kind: Number, Unit: u})
	out.Const = NumberOf(factor)
	return out
}

func (c *checker) member(v *ast.MemberNode) *Node {
	prop, ok := v.Property.(*ast.StringNode)
	if !ok || v.Optional || v.Method {
		return c.fail(v, "", "不能使用下标、可选链或方法")
	}
	if id, ok := v.Node.(*ast.IdentifierNode); ok && id.Value == "本条" {
		if c.scope.Record == nil {
			return c.fail(id, "在事项里写 each: 表名，才能逐条判定", "这里没有“本条”")
		}
		return c.column(v, OpRecord, c.scope.Record, prop.Value)
	}
	if p, ok := v.Node.(*ast.PointerNode); ok && p.Name == "" {
		if c.loop == nil || c.loop.table == nil {
			return c.fail(v.Property, "写作 any(表名, .列名 …)", "“.%s”只能用在对表的 any、all、none、count、sum 里", prop.Value)
		}
		return c.column(v, OpColumn, c.loop.table, prop.Value)
	}
	return c.fail(v, "表的列在循环里写作 .列名，逐条判定时写作 本条.列名", "不能用点号取“%s”", source.Clip(prop.Value))
}

func (c *checker) column(v ast.Node, op Op, t *Table, name string) *Node {
	if name == t.Key {
		out := c.make(v, op, Type{Kind: String})
		out.Slot, out.Name = -1, t.Name+"."+name
		return out
	}
	i, ok := t.find(name)
	if !ok {
		names := []string{t.Key}
		for _, col := range t.Columns {
			names = append(names, col.Name)
		}
		return c.fail(v, "有的列："+strings.Join(names, "、"), "表 %s 没有“%s”这一列", t.Name, source.Clip(name))
	}
	out := c.make(v, op, t.Columns[i].Type)
	out.Slot, out.Name = i, t.Name+"."+name
	return out
}

func (c *checker) pointer(v *ast.PointerNode) *Node {
	if v.Name != "" || c.loop == nil || c.loop.set == nil {
		return c.fail(v, "", "“#%s”只能用在对集合的 any、all、none 里", v.Name)
	}
	return c.make(v, OpElement, Type{Kind: String, Options: c.loop.set.Options})
}

// Assign fits an expression to a declared type, as for a derived field: the kinds must agree, and a number must have the unit
// or be a bare number or ratio that can stand for it.
func Assign(n *Node, t Type) (*Node, Problems) {
	c := &checker{}
	if n.Type.Kind != t.Kind {
		return nil, Problems{{n.From, fmt.Sprintf("应是%s，却是%s", kindName(t.Kind), kindName(n.Type.Kind)), ""}}
	}
	if t.Kind != Number || n.Type.Unit.Same(t.Unit) {
		return n, nil
	}
	u, scale, _, err := unify(n.Type.Unit, t.Unit)
	if err != nil || !u.Same(t.Unit) && !(u.Flavour == Ratio && len(t.Unit.dims) == 0) {
		return nil, Problems{{n.From, fmt.Sprintf("单位应是 %s，却是 %s", t.Unit, n.Type.Unit), ""}}
	}
	if scale {
		return c.scaled(n, t.Unit), nil
	}
	return n, nil
}

// Points fits an expression to points of a score: a number without unit, a count, or percentage points.
func Points(n *Node) (*Node, Problems) {
	u := n.Type.Unit
	if n.Type.Kind != Number || u.money() != 0 {
		return nil, Problems{{n.From, "评分应是不带金额单位的数", "金额先换成数，如 收入 / (1*万元)"}}
	}
	if len(u.dims) == 0 && u.Flavour == Percent {
		k := &Node{Op: OpConst, Type: Type{Kind: Number}, Const: NumberOf(exact.Int(100)), From: n.From, To: n.To}
		return &Node{Op: OpMul, Type: Type{Kind: Number}, Args: []*Node{n, k}, From: n.From, To: n.To}, nil
	}
	return n, nil
}
