package lexicon

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"mianshen/index/words"
)

// Group is words that mean the same.
type Group struct {
	Said    []string // what people say
	Written []string // what documents write
	Both    bool     // documents may also write what people say, so each side is looked for when the other is asked
	Line    int      // of the file, from 1
}

// Caps on a file of synonyms and on one word in it.
const (
	maxSynonyms = 1 << 20 // bytes
	maxWord     = 16      // runes
	maxWritten  = 6       // words on the right
)

// ParseGroups reads a file of synonyms: one group a line, what people say on the left, what documents write on the right,
// words separated by blanks; ">" between the sides when only the left asks for the right, "=" when each asks for the
// other. What follows # is a remark. A word may be asked for in one group only. All mistakes are reported, as name:line.
func ParseGroups(name, text string) ([]Group, error) {
	if len(text) > maxSynonyms {
		return nil, fmt.Errorf("%s: 有 %d 字节，至多 %d", name, len(text), maxSynonyms)
	}
	var out []Group
	var wrong []error
	where := map[string]int{}
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) { // some editors write a mark at the start
		n++
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		g, err := parseGroup(line)
		g.Line = n
		if err == nil {
			err = g.once(where)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w", name, n, err))
			continue
		}
		out = append(out, g)
	}
	return out, errors.Join(wrong...)
}

func parseGroup(line string) (Group, error) {
	left, right, both := strings.Cut(line, "=")
	if !both {
		var one bool
		if left, right, one = strings.Cut(line, ">"); !one {
			return Group{}, errors.New("两边之间要有 > 或 =，例如：高企 高新企业 > 高新技术企业")
		}
	}
	g := Group{Said: foldAll(left), Written: foldAll(right), Both: both}
	if len(g.Said) == 0 || len(g.Written) == 0 {
		return Group{}, errors.New("两边都要有词")
	}
	if len(g.Written) > maxWritten {
		return Group{}, fmt.Errorf("右边有 %d 个词，至多 %d 个", len(g.Written), maxWritten)
	}
	for _, w := range append(g.Said, g.Written...) {
		if r := utf8.RuneCountInString(w); r < 2 || r > maxWord {
			return Group{}, fmt.Errorf("“%s”有 %d 个字，词应有 2 至 %d 个字", w, r, maxWord)
		}
	}
	return g, nil
}

func foldAll(side string) []string {
	var out []string
	for w := range strings.FieldsSeq(side) {
		out = append(out, words.Fold(w))
	}
	return out
}

// once refuses a word that an earlier line already gives a meaning to.
func (g Group) once(where map[string]int) error {
	asks := g.Said
	if g.Both {
		asks = append(append([]string{}, g.Said...), g.Written...)
	}
	for _, w := range asks {
		if line, ok := where[w]; ok {
			return fmt.Errorf("“%s”在第 %d 行已经有了", w, line)
		}
		where[w] = g.Line
	}
	return nil
}
