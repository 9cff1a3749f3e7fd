package lexicon

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"mianshen/index/words"

	"github.com/go-ego/gse"
)

//go:embed data/words.txt
var generalWords string

//go:embed data/synonyms.txt
var synonyms string

// Lexicon is what is known about words.
type Lexicon struct {
	groups   []Group
	meanings map[string][]string // what may be said -> what is written for it
	own      map[string]bool     // every word of the groups
	longest  int                 // runes of the longest key of meanings
	cutter   *gse.Segmenter
	filters  []FilterWord
	general  map[string]int // how often a word stands in general texts
}

// Default gives the lexicon with the synonyms that come with the program.
var Default = sync.OnceValues(func() (*Lexicon, error) { return New("data/synonyms.txt", synonyms) })

// ownFrequency is how common words of the synonyms are taken to be where a text is cut into words: commoner than most
// general words, since this is what the texts are about.
const ownFrequency = "3000"

// New builds a lexicon from a file of synonyms; see [ParseGroups] for its format. name is how mistakes call it.
func New(name, text string) (*Lexicon, error) {
	groups, err := ParseGroups(name, text)
	if err != nil {
		return nil, err
	}
	return FromGroups(groups)
}

// FromGroups builds a lexicon from groups of synonyms.
func FromGroups(groups []Group) (*Lexicon, error) {
	l := &Lexicon{groups: groups, meanings: map[string][]string{}, own: map[string]bool{}, general: map[string]int{}, cutter: &gse.Segmenter{}}
	for _, g := range groups {
		l.mean(g)
		for _, w := range slices.Concat(g.Said, g.Written) {
			l.own[w] = true
		}
	}
	var own strings.Builder
	for w := range l.own {
		own.WriteString(w + " " + ownFrequency + "\n")
	}
	var err error
	if l.filters, err = parseFilters(filterText); err != nil {
		return nil, err
	}
	l.cutter.SkipLog = true
	// The first entry of a word counts.
	err = l.cutter.LoadDictStr(own.String() + generalWords)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(generalWords) {
		w, n, _ := strings.Cut(strings.TrimSpace(line), " ")
		if l.general[w], err = strconv.Atoi(n); err != nil {
			return nil, fmt.Errorf("general words: %w", err)
		}
	}
	return l, nil
}

// mean notes what the words of a group stand for. On the left of > they stand for the right only: who says 房租 for 租金
// need not mean every word that others say for it.
func (l *Lexicon) mean(g Group) {
	asks := g.Said
	if g.Both {
		asks = slices.Concat(g.Said, g.Written)
	}
	for _, w := range asks {
		written := g.Written
		if g.Both {
			written = slices.DeleteFunc(slices.Clone(asks), func(other string) bool { return other == w })
		}
		l.meanings[w] = append(l.meanings[w], written...)
		l.longest = max(l.longest, utf8.RuneCountInString(w))
	}
}

// Groups gives the groups of synonyms, in the order of the file.
func (l *Lexicon) Groups() []Group { return l.groups }

// Without gives the lexicon less one group: where words end stays as it is, but the group's words stand for nothing.
func (l *Lexicon) Without(n int) *Lexicon {
	out := *l
	out.meanings = map[string][]string{}
	for i, g := range l.groups {
		if i != n {
			out.mean(g)
		}
	}
	return &out
}

// Own reports whether a folded word stands in the synonyms.
func (l *Lexicon) Own(word string) bool { return l.own[word] }

// Known reports whether a folded word is a word at all.
func (l *Lexicon) Known(word string) bool { return l.own[word] || l.general[word] > 0 }

// Frequency gives how often a folded word stands in general texts, of some 60 million words; 0 for one that is rare there.
func (l *Lexicon) Frequency(word string) int { return l.general[word] }

// Span is a stretch of runes, Last included.
type Span struct{ First, Last int }

// Cut cuts folded text into words, by the most probable way through the dictionary. Characters in no word stand alone.
// It gives the words' runes in order, without gaps.
func (l *Lexicon) Cut(text []rune) []Span {
	if len(text) == 0 {
		return nil
	}
	s := string(text)
	return spans(s, l.cutter.Segment([]byte(s)))
}

// spans gives the runes of s that the segments of it cover.
func spans(s string, segments []gse.Segment) []Span {
	out := make([]Span, 0, len(segments))
	at := 0
	for _, seg := range segments {
		n := utf8.RuneCountInString(s[seg.Start():seg.End()])
		out = append(out, Span{at, at + n - 1})
		at += n
	}
	return out
}

// Parts cuts a word of four and more characters into the words it is made of; nothing for one that is not.
func (l *Lexicon) Parts(word []rune) []Span {
	const least = 4
	if len(word) < least {
		return nil
	}
	s := string(word)
	return spans(s, l.cutter.ModeSegment([]byte(s), true))
}

// Expand gives what documents write for the words of a query, where text is the query's folded runes. A word counts only
// where it is cut as one, so that 上规 is not found in 以上规定; the longest at each place counts.
func (l *Lexicon) Expand(text []rune) []words.Expansion {
	borders := make([]bool, len(text)+1)
	for _, s := range l.Cut(text) {
		borders[s.First], borders[s.Last+1] = true, true
	}
	var out []words.Expansion
	for i := 0; i < len(text); {
		n := 0
		if borders[i] {
			n = l.saidAt(text[i:], borders[i:])
		}
		if n == 0 {
			i++
			continue
		}
		out = append(out, words.Expansion{First: i, Last: i + n - 1, Phrases: l.meanings[string(text[i:i+n])]})
		i += n
	}
	return out
}

// saidAt gives the length of the longest word with a meaning that starts text and ends on a border, or 0.
func (l *Lexicon) saidAt(text []rune, borders []bool) int {
	for n := min(l.longest, len(text)); n > 1; n-- {
		if borders[n] && len(l.meanings[string(text[:n])]) > 0 {
			return n
		}
	}
	return 0
}
