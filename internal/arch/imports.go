package arch

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"mianshen/internal/arch/source"
)

// barredImports are the packages of the standard library that NoIO keeps out.
var barredImports = []string{
	"database/sql", "io/ioutil", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand",
	"net", "net/http", "os", "os/exec", "os/signal", "os/user", "syscall",
}

// barredClock are the names of package time that NoClock keeps out.
var barredClock = []string{
	"After", "AfterFunc", "Local", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until",
}

// checkImports compares each import with the table: ours by room, borrowed ones by owner.
func checkImports(t *Table, tree *source.Tree) []Violation {
	var found []Violation
	for _, p := range tree.Packages {
		if _, ok := t.Rooms[p.Dir]; !ok {
			continue // reported once by checkRooms
		}
		for _, f := range p.Files {
			found = append(found, t.importsIn(tree, p.Dir, f)...)
		}
	}
	return found
}

// importsIn is checkImports for one file.
func (t *Table) importsIn(tree *source.Tree, dir string, f *source.File) []Violation {
	var found []Violation
	for _, imp := range f.Imports() {
		if text := t.judge(dir, tree.Module, f.Test, imp); text != "" {
			found = append(found, Violation{Path: f.Path, Line: tree.Line(imp.Pos()), Text: text})
		}
	}
	return found
}

// judge says what is wrong with one import, or nothing.
func (t *Table) judge(dir, module string, test bool, imp *ast.ImportSpec) string {
	target := source.ImportPath(imp)
	if to, ours := roomOf(target, module); ours {
		return t.judgeOurs(dir, test, to)
	}
	if target == "C" {
		return "imports C: the product is built without cgo"
	}
	if imp.Name != nil && imp.Name.Name == "." {
		return fmt.Sprintf("imports %s with a dot, which hides whose names are used", target)
	}
	test = test || t.Rooms[dir].ForTests
	lib, listed := t.library(target)
	switch {
	case !listed && borrowed(target):
		return fmt.Sprintf("imports %s, a library without an owner in the table", target)
	case !listed, owns(lib.Owners, dir), test && owns(lib.Tests, dir):
		return ""
	case len(lib.Owners) == 0:
		return fmt.Sprintf("imports %s, which is for tests (%s)", target, lib.Why)
	}
	return fmt.Sprintf("imports %s, which is owned by %s (%s)", target, strings.Join(lib.Owners, ", "), lib.Why)
}

// owns tells whether a list of rooms names this one or every one.
func owns(rooms []string, dir string) bool {
	return slices.Contains(rooms, dir) || slices.Contains(rooms, everyRoom)
}

// judgeOurs says what is wrong with importing the room to, or nothing. A test in an external package imports its own
// room.
func (t *Table) judgeOurs(dir string, test bool, to string) string {
	room := t.Rooms[dir]
	allowed := room.Imports
	kind := "room"
	if test {
		allowed = t.reach(slices.Concat(room.Imports, room.TestImports, []string{dir}))
		kind = "tests of room"
	}
	if slices.Contains(allowed, to) {
		return ""
	}
	may := "nothing of ours"
	if len(allowed) > 0 {
		may = strings.Join(slices.Sorted(slices.Values(allowed)), ", ")
	}
	return fmt.Sprintf("imports %s, but %s %s may import %s", to, kind, dir, may)
}

// roomOf turns an import path of this module into a room.
func roomOf(target, module string) (string, bool) {
	if target == module {
		return ".", true
	}
	return strings.CutPrefix(target, module+"/")
}

// borrowed tells whether an import path is neither ours nor of the standard library, whose first element has no dot.
func borrowed(target string) bool {
	first, _, _ := strings.Cut(target, "/")
	return strings.Contains(first, ".")
}

// checkPurity reports what the bars of a room keep out.
func checkPurity(t *Table, tree *source.Tree) []Violation {
	var found []Violation
	for _, p := range tree.Packages {
		bars := t.Rooms[p.Dir].Bars
		for _, f := range p.Code() {
			if bars&NoIO != 0 {
				found = append(found, barredIO(tree, p.Dir, f)...)
			}
			if bars&NoClock != 0 && f.AST != nil {
				found = append(found, barredTime(tree, p.Dir, f)...)
			}
		}
	}
	return found
}

// barredIO reports imports that reach outside the process.
func barredIO(tree *source.Tree, dir string, f *source.File) []Violation {
	var found []Violation
	for _, imp := range f.Imports() {
		if target := source.ImportPath(imp); slices.Contains(barredImports, target) {
			text := fmt.Sprintf("imports %s, but room %s does no I/O, logs nothing and draws no random numbers", target, dir)
			found = append(found, Violation{Path: f.Path, Line: tree.Line(imp.Pos()), Text: text})
		}
	}
	return found
}

// barredTime reports uses of the clock and of the machine's time zone.
func barredTime(tree *source.Tree, dir string, f *source.File) []Violation {
	names := f.LocalNames(func(target string) bool { return target == "time" })
	var found []Violation
	ast.Inspect(f.AST, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if source.Selected(sel, names) != "" && slices.Contains(barredClock, sel.Sel.Name) {
			text := fmt.Sprintf("uses time.%s, but room %s has no clock: the date is an argument", sel.Sel.Name, dir)
			found = append(found, Violation{Path: f.Path, Line: tree.Line(sel.Pos()), Text: text})
		}
		return true
	})
	return found
}
