package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Table is an architecture: rooms, owners of borrowed libraries, budgets.
type Table struct {
	// Rooms are the packages by folder. A package in the tree that is not here is a violation; a room here that is not
	// yet in the tree is fine.
	Rooms map[string]Room
	// Libraries are the borrowed packages. One that is imported and not here is a violation.
	Libraries []Library
	// Code and Tests are the budgets of the two kinds of files.
	Code, Tests Budget
	// Excused are the places that may exceed a budget, each with its ceiling and its reason.
	Excused []Excuse
}

// Room is what the table says of one package.
type Room struct {
	// Imports are the rooms that its code may import.
	Imports []string
	// TestImports are further rooms for its tests, which may also import all that the code reaches, near or far.
	TestImports []string
	// ForTests tells that only tests use the room: its code has the budgets and the libraries of a test.
	ForTests bool
	// Bars are the things that its code may not do.
	Bars Bar
	// Shows are borrowed libraries that may appear in its exported signatures, with the reason.
	Shows map[string]string
}

// Bar is a set of things that the code of a room may not do. Tests may.
type Bar int

// The bars: NoClock forbids the clock and the local time zone, so that dates stay arguments; NoIO forbids files,
// network, databases, processes, logs and randomness, so that the same input gives the same bytes.
const (
	NoClock Bar = 1 << iota
	NoIO
)

// Library is one borrowed library, or a part of the standard library that has an owner too.
type Library struct {
	// Path is an import path; packages below it belong to it.
	Path string
	// Owners are the rooms whose code may import it; "..." is every room. With none it is for tests alone.
	Owners []string
	// Tests are further rooms whose tests may import it; "..." is every room. Owners' tests always may.
	Tests []string
	// Why is what it is borrowed for.
	Why string
}

// Budget is the size at which a reviewer asks why. 0 is no limit.
type Budget struct {
	// Function, File and Package count lines, with comments; Package leaves out tests and generated files.
	Function, File, Package int
	// Methods counts what an interface lists; Nesting counts if, for, switch and select inside one another, where
	// else-if is one level and a function literal starts anew.
	Methods, Nesting int
}

// Excuse lets one place exceed one budget.
type Excuse struct {
	// Place is a folder for a package, a path for a file, path:Name for a function (path:Type.Name for a method) or an
	// interface.
	Place string
	// Kind is package, file, function, methods or nesting.
	Kind string
	// Ceiling is the size it may have instead.
	Ceiling int
	// Why is the reason, for the next reader.
	Why string
}

// notRooms are names that say nothing of what a package gives.
var notRooms = []string{"util", "utils", "common", "models", "services", "helpers", "misc"}

// Sound checks the table against itself: every import leads to a room, none leads back, the rooms that handle money
// do not reach the index, the index reaches nothing but its own parts, and each library and excuse has its reason.
func (t *Table) Sound() []string {
	var bad []string
	for _, name := range slices.Sorted(maps.Keys(t.Rooms)) {
		bad = append(bad, t.soundRoom(name)...)
	}
	for _, l := range t.Libraries {
		if l.Why == "" {
			bad = append(bad, fmt.Sprintf("library %s: no reason", l.Path))
		}
		for _, r := range slices.Concat(l.Owners, l.Tests) {
			if _, ok := t.Rooms[r]; !ok && r != everyRoom {
				bad = append(bad, fmt.Sprintf("library %s: %s is no room", l.Path, r))
			}
		}
	}
	for _, e := range t.Excused {
		if e.Why == "" {
			bad = append(bad, fmt.Sprintf("excuse for %s: no reason", e.Place))
		}
	}
	return bad
}

// everyRoom stands for all rooms in Library.Owners and Library.Tests.
const everyRoom = "..."

// soundRoom is the part of Sound for one room.
func (t *Table) soundRoom(name string) []string {
	var bad []string
	room := t.Rooms[name]
	for _, part := range strings.Split(name, "/") {
		if slices.Contains(notRooms, part) {
			bad = append(bad, fmt.Sprintf("room %s: %s says nothing of what it gives", name, part))
		}
	}
	for _, to := range slices.Concat(room.Imports, room.TestImports) {
		if _, ok := t.Rooms[to]; !ok {
			bad = append(bad, fmt.Sprintf("room %s: imports %s, which is no room", name, to))
		}
	}
	reach := t.reach(room.Imports)
	if slices.Contains(reach, name) {
		bad = append(bad, fmt.Sprintf("room %s: imports itself in a circle", name))
	}
	if within(name, "index") && !all(reach, "index") {
		bad = append(bad, fmt.Sprintf("room %s: imports what is not of index", name))
	}
	for _, money := range []string{"internal/disburse", "internal/store", "internal/casework", "internal/audit"} {
		if within(name, money) && slices.ContainsFunc(reach, func(r string) bool { return within(r, "index") }) {
			bad = append(bad, fmt.Sprintf("room %s: reaches index, and nothing about money may read the index", name))
		}
	}
	return bad
}

// within tells whether a room is this one or stands in its folder.
func within(room, folder string) bool { return room == folder || strings.HasPrefix(room, folder+"/") }

// all tells whether every room of the list is within the folder.
func all(rooms []string, folder string) bool {
	return !slices.ContainsFunc(rooms, func(r string) bool { return !within(r, folder) })
}

// reach gives the rooms that can be come to from these through imports, sorted, these included.
func (t *Table) reach(from []string) []string {
	seen := map[string]bool{}
	var visit func([]string)
	visit = func(rooms []string) {
		for _, r := range rooms {
			if !seen[r] {
				seen[r] = true
				visit(t.Rooms[r].Imports)
			}
		}
	}
	visit(from)
	return slices.Sorted(maps.Keys(seen))
}

// library finds the entry for an import path; the longest path wins.
func (t *Table) library(importPath string) (Library, bool) {
	var best Library
	found := false
	for _, l := range t.Libraries {
		if importPath != l.Path && !strings.HasPrefix(importPath, l.Path+"/") {
			continue
		}
		if !found || len(l.Path) > len(best.Path) {
			best, found = l, true
		}
	}
	return best, found
}
