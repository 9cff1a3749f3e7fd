package arch

import (
	"fmt"
	"go/ast"
	"slices"

	"mianshen/internal/arch/source"
)

// The kinds of budgets, as Excuse.Kind names them.
const (
	kindPackage  = "package"
	kindFile     = "file"
	kindFunction = "function"
	kindMethods  = "methods"
	kindNesting  = "nesting"
)

// measure is one size that has a budget.
type measure struct {
	place, kind string
	path        string
	line        int
	size, limit int
}

// checkBudgets reports what is larger than its budget or, where it is excused, than its ceiling; and excuses that
// nothing needs any more, so that the list stays short.
func checkBudgets(t *Table, tree *source.Tree) []Violation {
	var found []Violation
	needed := map[Excuse]bool{}
	for _, m := range measures(t, tree) {
		if m.limit == 0 || m.size <= m.limit {
			continue
		}
		limit := m.limit
		for _, e := range t.Excused {
			if e.Place == m.place && e.Kind == m.kind {
				needed[e] = true
				limit = e.Ceiling
			}
		}
		if m.size > limit {
			text := fmt.Sprintf("%s %s has size %d, the budget is %d: divide it, or excuse it in internal/arch/house.go with a reason",
				m.kind, m.place, m.size, limit)
			found = append(found, Violation{Path: m.path, Line: m.line, Text: text})
		}
	}
	for _, e := range t.Excused {
		if !needed[e] {
			text := fmt.Sprintf("excuse for %s %s is not needed any more: take it out of internal/arch/house.go", e.Kind, e.Place)
			found = append(found, Violation{Path: e.Place, Text: text})
		}
	}
	return found
}

// measures takes every size of the tree. Generated files are left out.
func measures(t *Table, tree *source.Tree) []measure {
	var all []measure
	for _, p := range tree.Packages {
		total := 0
		for _, f := range p.Files {
			if f.Generated {
				continue
			}
			budget := t.Code
			if f.Test || t.Rooms[p.Dir].ForTests {
				budget = t.Tests
			}
			if !f.Test {
				total += f.Lines
			}
			all = append(all, measure{place: f.Path, kind: kindFile, path: f.Path, size: f.Lines, limit: budget.File})
			all = append(all, measureFile(tree, f, budget)...)
		}
		all = append(all, measure{place: p.Dir, kind: kindPackage, path: p.Dir, size: total, limit: t.Code.Package})
	}
	return all
}

// measureFile takes the sizes of the functions and interfaces of one file.
func measureFile(tree *source.Tree, f *source.File, budget Budget) []measure {
	if f.AST == nil {
		return nil
	}
	var all []measure
	for _, d := range f.AST.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		place := f.Path + ":" + source.FuncName(fn)
		line := tree.Line(fn.Pos())
		length := tree.Line(fn.End()) - line + 1
		all = append(all,
			measure{place: place, kind: kindFunction, path: f.Path, line: line, size: length, limit: budget.Function},
			measure{place: place, kind: kindNesting, path: f.Path, line: line, size: deepest(fn.Body), limit: budget.Nesting})
	}
	for _, spec := range f.TypeSpecs() {
		if it, ok := spec.Type.(*ast.InterfaceType); ok {
			all = append(all, measure{
				place: f.Path + ":" + spec.Name.Name, kind: kindMethods,
				path: f.Path, line: tree.Line(spec.Pos()), size: it.Methods.NumFields(), limit: budget.Methods,
			})
		}
	}
	return all
}

// deepest gives how deep if, for, switch and select stand inside one another in a function. Function literals inside it
// start anew, wherever they stand.
func deepest(body *ast.BlockStmt) int {
	most := nesting(body)
	ast.Inspect(body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok {
			most = max(most, nesting(lit.Body))
		}
		return true
	})
	return most
}

// nesting is deepest for one node, without the function literals in it. A chain of else-if is one level.
func nesting(node ast.Node) int {
	most := 0
	ast.Inspect(node, func(n ast.Node) bool {
		var inner int
		switch n := n.(type) {
		case *ast.IfStmt:
			inner = 1 + ifNesting(n)
		case *ast.ForStmt:
			inner = 1 + nesting(n.Body)
		case *ast.RangeStmt:
			inner = 1 + nesting(n.Body)
		case *ast.SwitchStmt:
			inner = 1 + nesting(n.Body)
		case *ast.TypeSwitchStmt:
			inner = 1 + nesting(n.Body)
		case *ast.SelectStmt:
			inner = 1 + nesting(n.Body)
		case *ast.FuncLit: // measured by deepest
		default:
			return true
		}
		most = max(most, inner)
		return false
	})
	return most
}

// ifNesting gives the deepest nesting below an if and the else-ifs that follow it.
func ifNesting(n *ast.IfStmt) int {
	most := nesting(n.Body)
	switch e := n.Else.(type) {
	case *ast.IfStmt:
		most = max(most, ifNesting(e))
	case *ast.BlockStmt:
		most = max(most, nesting(e))
	}
	return most
}

// Largest gives, for each kind of budget, the sizes that come nearest to it or exceed it, largest first, at most n of
// each: what a reader wants to see before the budget stops him.
func Largest(t *Table, tree *source.Tree, n int) []string {
	byKind := map[string][]measure{}
	for _, m := range measures(t, tree) {
		if m.limit > 0 {
			byKind[m.kind] = append(byKind[m.kind], m)
		}
	}
	var lines []string
	for _, kind := range []string{kindPackage, kindFile, kindFunction, kindMethods, kindNesting} {
		all := byKind[kind]
		slices.SortStableFunc(all, func(a, b measure) int { return b.size - a.size })
		for _, m := range all[:min(n, len(all))] {
			lines = append(lines, fmt.Sprintf("%-8s %5d of %5d  %s", m.kind, m.size, m.limit, m.place))
		}
	}
	return lines
}
