package index

import (
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"html"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"mianshen/index/lexicon"
	"mianshen/index/words"
)

// Caps on suggestions.
const (
	MaxSuggestions  = 10
	maxSuggestRunes = 32    // of what was typed
	maxScanned      = 4_000 // entries with one beginning that are looked at
	maxKey          = 24    // letters of a key
	leastHeard      = 2     // titles in which a phrase stands to be suggested
	longTyped       = 5     // runes from which on titles are suggested in which not all of it stands
	longestSuggest  = 60    // runes of a title that is suggested
)

// Suggestion completes what is being typed.
type Suggestion struct {
	Text  string // to be searched for when chosen
	HTML  string // Text with <mark> around what was typed, where it was typed in characters
	Group string // the policy whose title Text is; "" for a word
}

// suggestible is what may be suggested, with the keys under which it is found.
type suggestible struct {
	Text, Folded, Pinyin, Initials, Group string
	N                                     int
}

// suggester finds what starts so.
type suggester struct {
	all      []suggestible // by Folded
	pinyin   []int32       // by Pinyin
	initials []int32       // by Initials
}

// suggestions gives what titles and phrases offer.
func (l *listener) suggestions() []suggestible {
	var out []suggestible
	add := func(text, group string, n int) {
		folded := words.Fold(text)
		full, initials := spell(folded)
		out = append(out, suggestible{Text: text, Folded: folded, Pinyin: full, Initials: initials, Group: group, N: n})
	}
	for text, n := range l.counts {
		if n >= leastHeard && l.titles[text] == "" {
			add(text, "", n)
		}
	}
	slices.SortFunc(out, func(a, b suggestible) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Folded, b.Folded)) })
	out = out[:min(len(out), maxPhrases)]
	for title, group := range l.titles {
		if utf8.RuneCountInString(title) <= longestSuggest {
			add(title, group, 1)
		}
	}
	slices.SortFunc(out, func(a, b suggestible) int {
		return cmp.Or(cmp.Compare(a.Folded, b.Folded), cmp.Compare(a.Text, b.Text))
	})
	return slices.CompactFunc(out, func(a, b suggestible) bool { return a.Folded == b.Folded })
}

// spell gives the pinyin of the first characters of folded text, and their initials. What has no reading stands for itself.
func spell(folded string) (full, initials string) {
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

// ownSuggestions gives the lexicon's words that the texts hold, and what people say for them.
func (x *Index) ownSuggestions() []suggestible {
	var out []suggestible
	add := func(w string) {
		full, initials := spell(w)
		out = append(out, suggestible{Text: w, Folded: w, Pinyin: full, Initials: initials, N: 1})
	}
	for _, g := range x.lexicon.Groups() {
		written := slices.DeleteFunc(slices.Clone(g.Written), func(w string) bool { return !x.pairs.holds(w) })
		for _, w := range written {
			add(w)
		}
		for _, w := range g.Said {
			if len(written) > 0 || x.pairs.holds(w) {
				add(w)
			}
		}
	}
	return out
}

// readSuggester reads what the index suggests, and adds own to it.
func readSuggester(path string, own []suggestible) (*suggester, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &suggester{}
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&s.all); err != nil {
		return nil, fmt.Errorf("%s: %w", suggestFile, err)
	}
	s.all = append(s.all, own...)
	slices.SortFunc(s.all, func(a, b suggestible) int { return cmp.Or(cmp.Compare(a.Folded, b.Folded), cmp.Compare(b.N, a.N)) })
	s.all = slices.CompactFunc(s.all, func(a, b suggestible) bool { return a.Folded == b.Folded })
	s.pinyin, s.initials = make([]int32, len(s.all)), make([]int32, len(s.all))
	for i := range s.all {
		s.pinyin[i], s.initials[i] = int32(i), int32(i)
	}
	slices.SortFunc(s.pinyin, func(a, b int32) int { return strings.Compare(s.all[a].Pinyin, s.all[b].Pinyin) })
	slices.SortFunc(s.initials, func(a, b int32) int { return strings.Compare(s.all[a].Initials, s.all[b].Initials) })
	return s, nil
}

// Suggest completes what is being typed, in characters, pinyin, initials or a mixture: words first that stand in many titles,
// then titles. When little starts so, titles follow in which it stands. Nothing typed gives nothing.
func (x *Index) Suggest(ctx context.Context, typed string, n int) ([]Suggestion, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return nil, fmt.Errorf("suggest: %w", os.ErrClosed)
	}
	n = min(max(n, 0), MaxSuggestions)
	folded := []rune(words.Fold(strings.TrimSpace(typed)))
	folded = folded[:min(len(folded), maxSuggestRunes)]
	if len(folded) == 0 || n == 0 || x.suggester == nil {
		return nil, nil
	}
	found := x.suggester.starting(folded)
	if _, letters := split(folded); len(found) < n && (letters == "" || len(found) == 0) {
		more, err := x.titlesWith(ctx, string(folded), n)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
		found = append(found, more...)
	}
	out := make([]Suggestion, 0, n)
	for _, s := range found {
		if len(out) < n && !slices.ContainsFunc(out, func(o Suggestion) bool { return o.Text == s.Text }) {
			out = append(out, Suggestion{Text: s.Text, HTML: markTyped(s.Text, folded), Group: s.Group})
		}
	}
	return out, nil
}

// titlesWith gives the titles of what is found by typed, the weak left out.
func (x *Index) titlesWith(ctx context.Context, typed string, n int) ([]suggestible, error) {
	res, err := x.searchLocked(ctx, Query{Text: typed, Limit: n})
	if err != nil {
		return nil, err
	}
	var out []suggestible
	for _, h := range res.Hits {
		title := Plain(h.Title)
		stands := utf8.RuneCountInString(typed) >= longTyped || strings.Contains(words.Fold(title), typed)
		if stands && !h.Weak && utf8.RuneCountInString(title) <= longestSuggest {
			out = append(out, suggestible{Text: title, Group: h.Group})
		}
	}
	return out, nil
}

// starting gives what starts with what was typed: its characters, then how the letters behind them are read.
func (s *suggester) starting(typed []rune) []suggestible {
	chars, letters := split(typed)
	var out []suggestible
	if letters == "" {
		out = scan(len(s.all), func(i int) *suggestible { return &s.all[i] }, func(e *suggestible) string { return e.Folded }, chars)
		return likeliest(out)
	}
	if chars != "" {
		within := scan(len(s.all), func(i int) *suggestible { return &s.all[i] }, func(e *suggestible) string { return e.Folded }, chars)
		for _, e := range within {
			full, initials := spell(strings.TrimPrefix(e.Folded, chars))
			if strings.HasPrefix(full, letters) || strings.HasPrefix(initials, letters) {
				out = append(out, e)
			}
		}
		return likeliest(out)
	}
	out = scan(len(s.pinyin), func(i int) *suggestible { return &s.all[s.pinyin[i]] }, func(e *suggestible) string { return e.Pinyin }, letters)
	out = append(out, scan(len(s.initials), func(i int) *suggestible { return &s.all[s.initials[i]] }, func(e *suggestible) string { return e.Initials }, letters)...)
	return likeliest(out)
}

// split parts what was typed into characters and the letters at the end that may be pinyin, without blanks.
func split(typed []rune) (chars, letters string) {
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
func scan(n int, at func(int) *suggestible, key func(*suggestible) string, prefix string) []suggestible {
	first, last := 0, n
	for first < last { // the first key that is not below prefix
		mid := (first + last) / 2
		if key(at(mid)) < prefix {
			first = mid + 1
		} else {
			last = mid
		}
	}
	var out []suggestible
	for i := first; i < n && i-first < maxScanned && strings.HasPrefix(key(at(i)), prefix); i++ {
		out = append(out, *at(i))
	}
	return out
}

// likeliest sorts: words before titles, the more often heard first, the shorter first.
func likeliest(all []suggestible) []suggestible {
	slices.SortFunc(all, func(a, b suggestible) int {
		return cmp.Or(compareBool(a.Group != "", b.Group != ""), cmp.Compare(b.N, a.N), cmp.Compare(len(a.Text), len(b.Text)), cmp.Compare(a.Text, b.Text))
	})
	return all
}

// markTyped marks the first place in text where typed stands.
func markTyped(text string, typed []rune) string {
	runes := []rune(text)
	folded := []rune(words.Fold(text))
	for i := 0; i+len(typed) <= len(folded); i++ {
		if slices.Equal(folded[i:i+len(typed)], typed) {
			return html.EscapeString(string(runes[:i])) + "<mark>" + html.EscapeString(string(runes[i:i+len(typed)])) + "</mark>" + html.EscapeString(string(runes[i+len(typed):]))
		}
	}
	return html.EscapeString(text)
}

// Plain gives the text of a title or snippet without marks.
func Plain(marked string) string {
	return html.UnescapeString(strings.NewReplacer("<mark>", "", "</mark>", "").Replace(marked))
}

// MaxRelated is the most that Related gives.
const MaxRelated = 10

// Related gives the groups that are most like one: found by its title, itself left out, nothing weak.
func (x *Index) Related(ctx context.Context, group string, n int) ([]Hit, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return nil, fmt.Errorf("related: %w", os.ErrClosed)
	}
	i := slices.IndexFunc(x.rows, func(r row) bool { return r.Group == group })
	if i < 0 || x.reader == nil {
		return nil, nil
	}
	d, err := x.document(x.rows[i].ID)
	if err != nil {
		return nil, err
	}
	res, err := x.searchLocked(ctx, Query{Text: d.Title, Literal: true, Limit: MaxRelated + 1})
	if err != nil {
		return nil, err
	}
	var out []Hit
	for _, h := range res.Hits {
		if h.Group != group && !h.Weak && len(out) < min(n, MaxRelated) {
			out = append(out, h)
		}
	}
	return out, nil
}
