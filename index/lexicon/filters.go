package lexicon

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mianshen/index/words"
)

//go:embed data/filters.txt
var filterText string

// What a filter word narrows.
const (
	ByMode       = "mode"
	ByLevel      = "level"
	ByState      = "state"
	ByDepartment = "department"
)

// FilterWord is a way to say that only some documents are wanted.
type FilterWord struct {
	By     string
	Values []string // for a department, parts of its name of which one must fit; else one value
	Words  []string // folded
}

// parseFilters reads the file of filter words.
func parseFilters(text string) ([]FilterWord, error) {
	var out []FilterWord
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		head, said, ok := strings.Cut(line, ":")
		by, values, also := strings.Cut(head, "=")
		f := FilterWord{By: strings.TrimSpace(by), Values: strings.Fields(values), Words: foldAll(said)}
		if !ok || !also || len(f.Values) == 0 || len(f.Words) == 0 || !slices.Contains([]string{ByMode, ByLevel, ByState, ByDepartment}, f.By) {
			return nil, fmt.Errorf("filter words: %q is not written: what = values : words", line)
		}
		out = append(out, f)
	}
	return out, nil
}

// FilterAt gives the filter word that starts folded text and its length in runes, the longest that fits; 0 for none.
func (l *Lexicon) FilterAt(text []rune) (FilterWord, int) {
	var best FilterWord
	most := 0
	s := string(text[:min(len(text), words.MaxQueryRunes)])
	for _, f := range l.filters {
		for _, w := range f.Words {
			if n := utf8.RuneCountInString(w); n > most && strings.HasPrefix(s, w) {
				best, most = f, n
			}
		}
	}
	return best, most
}
