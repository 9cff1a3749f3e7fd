// Package arch holds the architecture of the house as a table and reads the source to see that it is kept.
//
// [House] is the table: which room may import which, which room owns which borrowed library, how long a file or a
// function may grow. [Read] parses every Go file of the module itself. It does not ask the go command, because
// go test answers from its cache when the files that a test opened are unchanged, and it sees only the files opened by
// the test, not those opened by a child process: a violation added later would go unseen. [Check] compares the two and
// gives one [Violation] for each place that breaks a rule.
//
// The test of this package runs [Check] over the real tree, and over small trees in testdata, each of which breaks one
// rule, to prove that every rule can fail.
package arch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mianshen/internal/arch/source"
)

// Violation is one place in the source that breaks one rule of the table.
type Violation struct {
	// Path is relative to the root of the module, with slashes. For a rule about a whole package it is the folder.
	Path string
	// Line counts from 1; 0 means the whole file or folder.
	Line int
	// Text says what is wrong and what the table allows instead.
	Text string
}

// String gives path:line: text, or path: text where there is no line.
func (v Violation) String() string {
	if v.Line == 0 {
		return v.Path + ": " + v.Text
	}
	return fmt.Sprintf("%s:%d: %s", v.Path, v.Line, v.Text)
}

// Check compares a tree with the table. The result is sorted by path, line and text, and is empty when all is well.
func Check(t *Table, tree *source.Tree) []Violation {
	var found []Violation
	for _, check := range []func(*Table, *source.Tree) []Violation{
		checkParsed, checkRooms, checkImports, checkPurity, checkSignatures, checkBudgets, checkComments, checkText,
	} {
		found = append(found, check(t, tree)...)
	}
	slices.SortFunc(found, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), strings.Compare(a.Text, b.Text))
	})
	return slices.Compact(found)
}

// checkParsed reports files that are not Go, since nothing else can be said of them.
func checkParsed(_ *Table, tree *source.Tree) []Violation {
	var found []Violation
	for _, f := range tree.Files() {
		if f.Err != nil {
			found = append(found, Violation{Path: f.Path, Text: "cannot be parsed: " + f.Err.Error()})
		}
	}
	return found
}

// checkRooms reports packages that the table does not list: a new room is a decision, not an accident.
func checkRooms(t *Table, tree *source.Tree) []Violation {
	var found []Violation
	for _, p := range tree.Packages {
		if _, ok := t.Rooms[p.Dir]; !ok {
			found = append(found, Violation{Path: p.Dir, Text: "is not a room of the table in internal/arch/house.go"})
		}
	}
	return found
}

// checkComments reports packages without a package comment. It may stand in any file that is not a test; a package of
// tests alone has it in one of them.
func checkComments(_ *Table, tree *source.Tree) []Violation {
	var found []Violation
	for _, p := range tree.Packages {
		code := p.Code()
		if len(code) == 0 {
			code = p.Files
		}
		if !slices.ContainsFunc(code, func(f *source.File) bool { return f.AST != nil && f.AST.Doc != nil }) {
			found = append(found, Violation{Path: p.Dir, Text: "has no package comment"})
		}
	}
	return found
}
