package suggest

import (
	"cmp"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"mianshen/index/lexicon"
	"mianshen/index/words"
)

// Caps on suggestions.
const (
	maxScanned = 1_500 // entries with one beginning that are looked at
	maxKey     = 24    // letters of a key
	leastHeard = 2     // titles in which a phrase stands to be suggested
	Longest    = 60    // runes of a title that is suggested
)

// Entry is what may be suggested, with the keys under which it is found.
type Entry struct {
	Text, Folded, Pinyin, Initials, Group string
	N                                     int
}

// Suggester finds what starts so. It never changes and may be used from many goroutines.
type Suggester struct {
	all      []Entry            // by Folded
	pinyin   []int32            // by Pinyin
	initials []int32            // by Initials
	titles   map[string][]int32 // of a group
}

// Entries gives what titles and phrases offer.
func (l *Listener) Entries() []Entry {
	var out []Entry
	add := func(text, group string, n int) {
		folded := words.Fold(text)
		full, initials := Spell(folded)
		out = append(out, Entry{Text: text, Folded: folded, Pinyin: full, Initials: initials, Group: group, N: n})
	}
	for text, n := range l.counts {
		if n >= leastHeard && l.titles[text] == "" {
			add(text, "", n)
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Folded, b.Folded)) })
	out = out[:min(len(out), maxPhrases)]
	for title, group := range l.titles {
		if utf8.RuneCountInString(title) <= Longest {
			add(title, group, 1)
		}
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Folded, b.Folded), cmp.Compare(a.Text, b.Text))
	})
	return slices.CompactFunc(out, func(a, b Entry) bool { return a.Folded == b.Folded })
}

// Spell gives the pinyin of the first characters of folded text, and their initials. What has no reading stands for itself.
func Spell(folded string) (full, initials string) {
	for _, r := range folded {
		s := string(r)
		if all := lexicon.Readings(r); len(all) > 0 {
			s = all[0]
		} else if !words.IsPlain(r) {
			continue
		}
		if len(full) < maxKey {
			full += s
		}
		if len(initials) < maxKey {
			initials += s[:1]
		}
	}
	return full, initials
}

// New gives the Suggester for what an index suggests, and for entries of the caller's.
func New(entries, own []Entry) *Suggester {
	s := &Suggester{all: append(entries, own...)}
	slices.SortFunc(s.all, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Folded, b.Folded), cmp.Compare(b.N, a.N)) })
	s.all = slices.CompactFunc(s.all, func(a, b Entry) bool { return a.Folded == b.Folded })
	s.pinyin, s.initials = make([]int32, len(s.all)), make([]int32, len(s.all))
	for i := range s.all {
		s.pinyin[i], s.initials[i] = int32(i), int32(i)
	}
	s.titles = make(map[string][]int32, len(s.all))
	for i, e := range s.all {
		if e.Group != "" {
			s.titles[e.Group] = append(s.titles[e.Group], int32(i))
		}
	}
	slices.SortFunc(s.pinyin, func(a, b int32) int { return strings.Compare(s.all[a].Pinyin, s.all[b].Pinyin) })
	slices.SortFunc(s.initials, func(a, b int32) int { return strings.Compare(s.all[a].Initials, s.all[b].Initials) })
	return s
}

// Starting gives what starts with what was typed: its characters, then how the letters behind them are read.
func (s *Suggester) Starting(typed []rune) []Entry {
	chars, letters := Split(typed)
	var out []Entry
	if letters == "" {
		out = scan(len(s.all), func(i int) *Entry { return &s.all[i] }, func(e *Entry) string { return e.Folded }, chars)
		return likeliest(out)
	}
	if chars != "" {
		within := scan(len(s.all), func(i int) *Entry { return &s.all[i] }, func(e *Entry) string { return e.Folded }, chars)
		for _, e := range within {
			full, initials := Spell(strings.TrimPrefix(e.Folded, chars))
			if strings.HasPrefix(full, letters) || strings.HasPrefix(initials, letters) {
				out = append(out, e)
			}
		}
		return likeliest(out)
	}
	out = scan(len(s.pinyin), func(i int) *Entry { return &s.all[s.pinyin[i]] }, func(e *Entry) string { return e.Pinyin }, letters)
	out = append(out, scan(len(s.initials), func(i int) *Entry { return &s.all[s.initials[i]] }, func(e *Entry) string { return e.Initials }, letters)...)
	return likeliest(out)
}

// Titles gives the titles of a group that may be suggested.
func (s *Suggester) Titles(group string) []Entry {
	var out []Entry
	for _, i := range s.titles[group] {
		out = append(out, s.all[i])
	}
	return out
}

// Split parts what was typed into characters and the letters at the end that may be pinyin, without blanks.
func Split(typed []rune) (chars, letters string) {
	i := len(typed)
	for i > 0 && (typed[i-1] >= 'a' && typed[i-1] <= 'z' || typed[i-1] == ' ' || typed[i-1] == '"') {
		i--
	}
	letters = strings.Map(func(r rune) rune {
		if r == ' ' || r == '"' {
			return -1
		}
		return r
	}, string(typed[i:]))
	return string(typed[:i]), letters
}

// scan gives the entries whose key starts with prefix, of n that are sorted by key; not all where they are many.
func scan(n int, at func(int) *Entry, key func(*Entry) string, prefix string) []Entry {
	first, last := 0, n
	for first < last { // the first key that is not below prefix
		mid := (first + last) / 2
		if key(at(mid)) < prefix {
			first = mid + 1
		} else {
			last = mid
		}
	}
	var out []Entry
	for i := first; i < n && i-first < maxScanned && strings.HasPrefix(key(at(i)), prefix); i++ {
		out = append(out, *at(i))
	}
	return out
}

// likeliest sorts: words before titles, the more often heard first, the shorter first.
func likeliest(all []Entry) []Entry {
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(min(len(a.Group), 1), min(len(b.Group), 1)), cmp.Compare(b.N, a.N), cmp.Compare(len(a.Text), len(b.Text)), cmp.Compare(a.Text, b.Text))
	})
	return all
}

// MarkTyped marks the first place in text where typed stands.
func MarkTyped(text string, typed []rune) string {
	runes := []rune(text)
	folded := []rune(words.Fold(text))
	for i := 0; i+len(typed) <= len(folded); i++ {
		if slices.Equal(folded[i:i+len(typed)], typed) {
			return html.EscapeString(string(runes[:i])) + "<mark>" + html.EscapeString(string(runes[i:i+len(typed)])) + "</mark>" + html.EscapeString(string(runes[i+len(typed):]))
		}
	}
	return html.EscapeString(text)
}
