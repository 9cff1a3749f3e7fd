package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"

	"mianshen/internal/arch/source"
)

// checkSignatures reports borrowed types in what a room exports: functions, methods of exported types, exported fields,
// interfaces, variables and constants. Packages named main export nothing. It reads source, not types, so a borrowed
// type that a variable takes from an expression is seen only in the expression itself.
func checkSignatures(t *Table, tree *source.Tree) []Violation {
	var found []Violation
	for _, p := range tree.Packages {
		aliases := borrowedAliases(p)
		for _, f := range p.Code() {
			if f.AST == nil || f.AST.Name.Name == "main" {
				continue
			}
			found = append(found, unnamed(tree, f)...)
			s := surface{names: f.LocalNames(borrowed), aliases: aliases}
			found = append(found, s.violations(tree, f, t.Rooms[p.Dir])...)
		}
	}
	return found
}

// violations collects what one file shows and its room may not.
func (s *surface) violations(tree *source.Tree, f *source.File, room Room) []Violation {
	for _, d := range f.AST.Decls {
		s.decl(d)
	}
	var found []Violation
	for _, hit := range s.hits {
		if !room.shows(hit.target) {
			text := fmt.Sprintf("shows %s in the exported %s: what is borrowed stays inside its room", hit.target, hit.name)
			found = append(found, Violation{Path: f.Path, Line: tree.Line(hit.pos), Text: text})
		}
	}
	return found
}

// shows tells whether the room may export names of this import path.
func (r Room) shows(target string) bool {
	for lib := range maps.Keys(r.Shows) {
		if target == lib || strings.HasPrefix(target, lib+"/") {
			return true
		}
	}
	return false
}

// unnamed reports borrowed imports whose local name cannot be told from the path. They must be named in the import, or
// the other checks would be blind to them.
func unnamed(tree *source.Tree, f *source.File) []Violation {
	var found []Violation
	used := map[string]bool{}
	ast.Inspect(f.AST, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				used[x.Name] = true
			}
		}
		return true
	})
	for _, imp := range f.Imports() {
		target := source.ImportPath(imp)
		if imp.Name == nil && borrowed(target) && !used[source.GuessName(target)] {
			text := fmt.Sprintf("imports %s under a name that the path does not tell: name it", target)
			found = append(found, Violation{Path: f.Path, Line: tree.Line(imp.Pos()), Text: text})
		}
	}
	return found
}

// borrowedAliases gives the package-level aliases of borrowed types that are not exported: through them a borrowed type
// could be shown under a name of ours.
func borrowedAliases(p *source.Package) map[string]string {
	aliases := map[string]string{}
	for _, f := range p.Code() {
		if f.AST == nil {
			continue
		}
		names := f.LocalNames(borrowed)
		for _, spec := range f.TypeSpecs() {
			if target := source.Selected(spec.Type, names); target != "" && spec.Assign.IsValid() {
				aliases[spec.Name.Name] = target
			}
		}
	}
	return aliases
}

// surface collects the borrowed names in the exported declarations of one file.
type surface struct {
	names   map[string]string // local name -> import path
	aliases map[string]string // alias of the package -> import path
	hits    []hit
}

// hit is one borrowed name in one exported declaration.
type hit struct {
	pos    token.Pos
	name   string
	target string
}

// decl looks at one declaration.
func (s *surface) decl(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		recv := source.Receiver(d)
		if d.Name.IsExported() && (recv == "" || ast.IsExported(recv)) {
			s.expose(d.Name.Name, d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			s.spec(spec)
		}
	}
}

// spec looks at one type, variable or constant.
func (s *surface) spec(spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			if spec.TypeParams != nil {
				s.expose(spec.Name.Name, spec.TypeParams)
			}
			s.expose(spec.Name.Name, spec.Type)
		}
	case *ast.ValueSpec:
		exported := slices.IndexFunc(spec.Names, (*ast.Ident).IsExported)
		if exported < 0 {
			return
		}
		name := spec.Names[exported].Name
		s.expose(name, spec.Type)
		if spec.Type == nil {
			for _, v := range spec.Values {
				s.expose(name, typeInValue(v))
			}
		}
	}
}

// typeInValue gives the part of an expression that tells its type: the function called, the literal's type.
func typeInValue(v ast.Expr) ast.Expr {
	switch v := v.(type) {
	case *ast.CallExpr:
		return typeInValue(v.Fun)
	case *ast.CompositeLit:
		return v.Type
	case *ast.UnaryExpr:
		return typeInValue(v.X)
	case *ast.ParenExpr:
		return typeInValue(v.X)
	case *ast.FuncLit:
		return v.Type
	case *ast.SelectorExpr:
		return v
	}
	return nil
}

// expose finds borrowed names in a type, leaving out fields of structs that are not exported.
func (s *surface) expose(name string, node ast.Node) {
	if node == nil {
		return
	}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			for _, f := range n.Fields.List {
				if len(f.Names) == 0 || slices.ContainsFunc(f.Names, (*ast.Ident).IsExported) {
					s.expose(name, f.Type)
				}
			}
			return false
		case *ast.SelectorExpr:
			if target := source.Selected(n, s.names); target != "" {
				s.hits = append(s.hits, hit{pos: n.Pos(), name: name, target: target})
			}
			return false
		case *ast.Ident:
			if target := s.aliases[n.Name]; target != "" {
				s.hits = append(s.hits, hit{pos: n.Pos(), name: name, target: target})
			}
		}
		return true
	})
}
