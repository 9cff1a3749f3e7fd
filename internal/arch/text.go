package arch

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// machinePaths are the places that exist only where somebody builds: homes of people, and the folder beside the
// repository that belongs to whoever prepared the work. The patterns are put together so that this file has none.
var machinePaths = []*regexp.Regexp{
	regexp.MustCompile(`(^|[^\w.])/(home|Users)/\w+/`),
	regexp.MustCompile(`(^|[^\w.])/` + `root/`),
	regexp.MustCompile(`\.\./` + `shared\b`),
}

// checkText reports files of text that name a path of the machine they were written on: the project must build and
// pass its tests anywhere.
func checkText(_ *Table, tree *Tree) []Violation {
	patterns := slices.Concat(machinePaths, hereabouts())
	var found []Violation
	for _, name := range slices.Sorted(maps.Keys(tree.Texts)) {
		for _, re := range patterns {
			at := re.FindIndex(tree.Texts[name])
			if at == nil {
				continue
			}
			line := 1 + bytes.Count(tree.Texts[name][:at[1]-1], []byte("\n"))
			text := "names a path of the machine it was written on: " + strings.TrimSpace(string(tree.Texts[name][at[0]:at[1]]))
			found = append(found, Violation{Path: name, Line: line, Text: text})
		}
	}
	return found
}

// hereabouts gives patterns for the places of this very machine: the module cache and the repository with the folder
// beside it, each only if its path is long enough not to be met by accident.
func hereabouts() []*regexp.Regexp {
	places := []string{os.Getenv("GOMODCACHE"), os.Getenv("GOPATH")}
	if root, err := Root(); err == nil {
		places = append(places, root, filepath.Join(filepath.Dir(root), "shared"))
	}
	var patterns []*regexp.Regexp
	for _, p := range places {
		if strings.Count(filepath.ToSlash(p), "/") >= 2 {
			patterns = append(patterns, regexp.MustCompile(regexp.QuoteMeta(p)+`\b`))
		}
	}
	return patterns
}

// Root gives the folder of go.mod above the working directory, which in a test is the folder of its package.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", os.ErrNotExist
		}
		dir = parent
	}
}
