package formula

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"mianshen/rules/source"
)

// items reads the item ids by which an expression asks for earlier awards or another item's outcome.
func (c *checker) items(v *ast.CallNode, args []ast.Node) ([]string, bool) {
	if c.scope.NoItems {
		c.fail(v, "", "指标字典的推算里不能看事项或拨付历史")
		return nil, false
	}
	return c.texts(args, "事项编号")
}

func (c *checker) awarded(v *ast.CallNode) *Node {
	if len(v.Arguments) < 2 {
		return c.fail(v, `写作 已奖("事项编号", 年度)`, "参数个数不对")
	}
	last := len(v.Arguments) - 1
	names, ok := c.items(v, v.Arguments[:last])
	year := c.node(v.Arguments[last])
	if !ok || year == invalid || !c.want(v, year, Number, "最后一个参数（年度）") {
		return invalid
	}
	out := c.make(v, OpAwarded, Type{Kind: Number, Unit: MoneyUnit()}, year)
	out.Names = names
	return out
}

func (c *checker) everAwarded(v *ast.CallNode) *Node {
	names, ok := c.items(v, v.Arguments)
	if !ok {
		return c.fail(v, `写作 曾获("事项编号")`, "曾获 要写事项编号")
	}
	out := c.make(v, OpEverAwarded, Type{Kind: Bool})
	out.Names = names
	return out
}

func (c *checker) qualifies(v *ast.CallNode) *Node {
	names, ok := c.items(v, v.Arguments)
	if !ok || len(names) != 1 {
		return c.fail(v, `写作 符合("事项编号")`, "符合 要有一个事项编号")
	}
	if c.scope.Item != nil && !c.scope.Item(names[0]) {
		return c.fail(v, fmt.Sprintf("检查“%s”的拼写，它所在的政策要一起装入", source.Clip(names[0])), "没有编号为“%s”的事项", source.Clip(names[0]))
	}
	out := c.make(v, OpQualifies, Type{Kind: Bool})
	out.Names = names
	return out
}
