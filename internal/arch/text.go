package arch

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mianshen/internal/arch/source"
)

// machinePaths are the places that exist only where somebody builds: homes of people, and the folder beside the
// repository that belongs to whoever prepared the work. The patterns are put together so that this file has none, and
// start with plain text, which is quick to look for.
var machinePaths = []*regexp.Regexp{
	regexp.MustCompile("/" + `home/\w+/`),
	regexp.MustCompile("/" + `Users/\w+/`),
	regexp.MustCompile("/" + `root/`),
	regexp.MustCompile("\\.\\./" + `shared\b`),
}

// checkText reports files of text that name a path of the machine they were written on: the project must build and
// pass its tests anywhere.
func checkText(_ *Table, tree *source.Tree) []Violation {
	patterns := slices.Concat(machinePaths, hereabouts())
	var found []Violation
	for _, name := range slices.Sorted(maps.Keys(tree.Texts)) {
		for _, re := range patterns {
			if v, ok := firstPath(name, tree.Texts[name], re); ok {
				found = append(found, v)
			}
		}
	}
	return found
}

// firstPath gives the first place in a text where a path starts that fits the pattern. One that goes on from a word,
// as in a web address, does not start there.
func firstPath(name string, text []byte, re *regexp.Regexp) (Violation, bool) {
	for from := 0; from < len(text); {
		at := re.FindIndex(text[from:])
		if at == nil {
			break
		}
		start, end := from+at[0], from+at[1]
		if start == 0 || !inWord(text[start-1]) {
			line := 1 + bytes.Count(text[:start], []byte("\n"))
			return Violation{Path: name, Line: line, Text: "names a path of the machine it was written on: " + string(text[start:end])}, true
		}
		from = end
	}
	return Violation{}, false
}

// inWord tells whether a byte can stand inside a longer path or address.
func inWord(b byte) bool {
	return b == '.' || b == '_' || b == '-' || '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z'
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
