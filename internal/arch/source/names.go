package source

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Imports gives the imports of a file, none if it could not be parsed.
func (f *File) Imports() []*ast.ImportSpec {
	if f.AST == nil {
		return nil
	}
	return f.AST.Imports
}

// ImportPath gives the path of an import without quotes.
func ImportPath(imp *ast.ImportSpec) string {
	p, err := strconv.Unquote(imp.Path.Value)
	if err != nil {
		return imp.Path.Value
	}
	return p
}

// LocalNames maps the names under which the file knows its imports to their paths, for the paths that are wanted.
func (f *File) LocalNames(wanted func(string) bool) map[string]string {
	names := map[string]string{}
	for _, imp := range f.Imports() {
		target := ImportPath(imp)
		if !wanted(target) {
			continue
		}
		if imp.Name != nil {
			names[imp.Name.Name] = target
			continue
		}
		names[GuessName(target)] = target
	}
	return names
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// GuessName gives the name that a package most likely has: the last element of its path, without the version and
// without a leading "go-".
func GuessName(target string) string {
	base := path.Base(target)
	if majorVersion.MatchString(base) {
		base = path.Base(path.Dir(target))
	}
	base, _, _ = strings.Cut(base, ".")
	return strings.TrimPrefix(base, "go-")
}

// TypeSpecs gives the type declarations of a file.
func (f *File) TypeSpecs() []*ast.TypeSpec {
	if f.AST == nil {
		return nil
	}
	var specs []*ast.TypeSpec
	for _, d := range f.AST.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, s := range gen.Specs {
			if spec, ok := s.(*ast.TypeSpec); ok {
				specs = append(specs, spec)
			}
		}
	}
	return specs
}

// Receiver gives the name of a method's type, and "" for a function.
func Receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	name := ""
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

// FuncName gives Name, or Type.Name for a method.
func FuncName(fn *ast.FuncDecl) string {
	if recv := Receiver(fn); recv != "" {
		return recv + "." + fn.Name.Name
	}
	return fn.Name.Name
}

// Selected gives the import path of X in X.Sel, and "" for anything else.
func Selected(e ast.Expr, names map[string]string) string {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return names[x.Name]
}
