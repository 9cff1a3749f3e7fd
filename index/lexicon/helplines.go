package lexicon

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"mianshen/index/words"
)

//go:embed data/helplines.txt
var helplineText string

// helpline is a telephone for matters that have words.
type helpline struct {
	number, name string
	words        []string // folded
}

// helplines gives all lines, the one for everything first.
var helplines = sync.OnceValues(func() ([]helpline, error) { return parseHelplines(helplineText) })

// parseHelplines reads the file of helplines.
func parseHelplines(text string) ([]helpline, error) {
	var out []helpline
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		head, said, _ := strings.Cut(line, ":")
		number, name, ok := strings.Cut(strings.TrimSpace(head), " ")
		h := helpline{number: number, name: name, words: foldAll(said)}
		if !ok || strings.Trim(number, "0123456789") != "" || len(h.words) == 0 {
			return nil, fmt.Errorf("helplines: %q is not written: number name : words", line)
		}
		out = append(out, h)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("helplines: there are none")
	}
	return out, nil
}

// Helpline gives the national service line for what a question is about: the one of whose words the most characters stand in it,
// the first in the file where several are alike, and the line for everything where none do.
func Helpline(question string) (name, number string) {
	all, err := helplines()
	if err != nil {
		return "", "" // the file is ours; a test reads it
	}
	head, _ := words.Cap(question)
	folded := words.Fold(head)
	best, most := all[0], 0
	for _, h := range all {
		n := 0
		for _, w := range h.words {
			if strings.Contains(folded, w) {
				n += utf8.RuneCountInString(w)
			}
		}
		if n > most {
			best, most = h, n
		}
	}
	return best.name, best.number
}
