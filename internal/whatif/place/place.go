// Package place finds where a number of the law counts in an item, and writes another one in its place.
package place

import (
	"fmt"
	"strings"

	"mianshen/rules"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
)

// Sides takes a condition apart that compares a figure of enterprises with a number that is the same for all; ok is false for any
// other.
func Sides(rule *rules.Rule, p rules.Part) (figure, bound *formula.Node, ok bool) {
	root := resolve(rule, p.Root)
	if root == nil || !comparison(root) {
		return nil, nil, false
	}
	figure, bound = root.Args[0], root.Args[1]
	if !asksFacts(rule, figure) {
		figure, bound = bound, figure
	}
	return figure, bound, asksFacts(rule, figure) && !asksFacts(rule, bound)
}

// Write is the expression of a condition that Sides can take apart with another number, in the base unit, for the bound. ok is false
// where the comparison doesn't stand in the condition itself, or an expression can't hold the number.
func Write(rule *rules.Rule, p rules.Part, n exact.Num) (text string, ok bool) {
	figure, bound, ok := Sides(rule, p)
	if !ok || resolve(rule, p.Root) != p.Root {
		return "", false
	}
	written := expression(rule, p.ID)
	from, to := sign(written)
	text, ok = literal(n, figure.Type.Unit)
	if bound == p.Root.Args[0] {
		return text + written[from:], ok && to > 0
	}
	return written[:to] + text, ok && to > 0
}

// expression is what a condition says as it is written.
func expression(rule *rules.Rule, id string) string {
	for _, c := range rule.Policy.All(rule.Item) {
		if c.ID == id {
			return c.Expression.Text
		}
	}
	return ""
}

// sign finds where the sign of a comparison stands, outside of brackets and texts; to is 0 where it doesn't.
func sign(written string) (from, to int) {
	depth, quote := 0, byte(0)
	for i := range len(written) {
		switch c := written[i]; {
		case quote != 0:
			if c == quote && written[i-1] != '\\' {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case depth == 0 && (c == '<' || c == '>'):
			if i+1 < len(written) && written[i+1] == '=' {
				return i, i + 2
			}
			return i, i + 1
		}
	}
	return 0, 0
}

// literal writes a number so that an expression has it in a unit.
func literal(n exact.Num, unit formula.Unit) (string, bool) {
	hundredth, err := n.Quo(exact.Int(100))
	if err != nil || strings.Contains(n.String(), "/") {
		return "", false
	}
	switch {
	case unit.IsMoney():
		return fmt.Sprintf("(%s*元)", hundredth), true
	case unit.Scaled:
		return "", false
	case unit.Plain() && unit.Flavour != formula.Bare:
		percent, err := n.Mul(exact.Int(100))
		return fmt.Sprintf("比例(%s)", percent), err == nil
	}
	return n.String(), true
}

// Threshold is the id of the condition of which a dated value is the threshold, if the item reads it there, once, and nowhere else;
// otherwise it is empty.
func Threshold(rule *rules.Rule, value string) string {
	s := rule.Shape()
	_, outcomes := rule.Related()
	if len(outcomes) > 0 || reads(rule, value, s.Amount, s.AtMost, s.PerGrant, s.PerYear, s.Total) > 0 {
		return "" // an item that is asked by 符合 may read it too
	}
	id, times := "", 0
	for _, p := range s.Conditions {
		n := partReads(rule, value, p)
		times += n
		root := resolve(rule, p.Root)
		if n != 1 || root == nil || !comparison(root) {
			continue
		}
		for _, side := range root.Args {
			if side = resolve(rule, side); side.Op == formula.OpLookup && side.Name == value && len(side.Args) == 0 {
				id = p.ID
			}
		}
	}
	if times != 1 {
		return ""
	}
	return id
}

// resolve goes through named parts to what they stand for.
func resolve(rule *rules.Rule, n *formula.Node) *formula.Node {
	for n != nil && n.Op == formula.OpDefine {
		n = rule.Part(n.Slot)
	}
	return n
}

func comparison(n *formula.Node) bool {
	switch n.Op {
	case formula.OpGe, formula.OpGt, formula.OpLe, formula.OpLt:
		return n.Args[0].Type.Kind == formula.Number
	}
	return false
}

// partReads counts how often a condition reads the value.
func partReads(rule *rules.Rule, value string, p rules.Part) int {
	n := reads(rule, value, p.Root) + reads(rule, value, p.Points...)
	for _, part := range p.Parts {
		n += partReads(rule, value, part)
	}
	return n
}

// reads counts how often trees read the value, through named parts.
func reads(rule *rules.Rule, value string, trees ...*formula.Node) (times int) {
	for _, tree := range trees {
		walk(rule, tree, func(n *formula.Node) {
			if n.Op == formula.OpLookup && n.Name == value {
				times++
			}
		})
	}
	return times
}

// asksFacts reports whether a tree reads anything that differs between enterprises.
func asksFacts(rule *rules.Rule, tree *formula.Node) (asks bool) {
	walk(rule, tree, func(n *formula.Node) {
		switch n.Op {
		case formula.OpField, formula.OpColumn, formula.OpRecord, formula.OpElement, formula.OpAwarded, formula.OpEverAwarded, formula.OpQualifies:
			asks = true
		}
	})
	return asks
}

// walk visits a tree and the named parts that it reads.
func walk(rule *rules.Rule, tree *formula.Node, visit func(*formula.Node)) {
	if tree == nil {
		return
	}
	tree.Walk(func(n *formula.Node) bool {
		visit(n)
		if n.Op == formula.OpDefine {
			walk(rule, rule.Part(n.Slot), visit)
		}
		return true
	})
}
