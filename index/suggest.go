package index

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"mianshen/index/suggest"
	"mianshen/index/words"
)

// Caps on suggestions.
const (
	MaxSuggestions  = 10
	maxSuggestRunes = 32 // of what was typed
	longTyped       = 5  // runes from which on titles are suggested in which not all of it stands
)

// Suggestion completes what is being typed.
type Suggestion struct {
	Text  string // to be searched for when chosen
	HTML  string // Text with <mark> around what was typed, where it was typed in characters
	Group string // the policy whose title Text is; "" for a word
}

// ownSuggestions gives the lexicon's words that the texts hold, and what people say for them.
func (x *Index) ownSuggestions() []suggest.Entry {
	var out []suggest.Entry
	add := func(w string) {
		full, initials := suggest.Spell(w)
		out = append(out, suggest.Entry{Text: w, Folded: w, Pinyin: full, Initials: initials, N: 1})
	}
	for _, g := range x.lexicon.Groups() {
		written := slices.DeleteFunc(slices.Clone(g.Written), func(w string) bool { return !x.pairs.Holds(w) })
		for _, w := range written {
			add(w)
		}
		for _, w := range g.Said {
			if len(written) > 0 || x.pairs.Holds(w) {
				add(w)
			}
		}
	}
	return out
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
	found := x.suggester.Starting(folded)
	if _, letters := suggest.Split(folded); len(found) < n && (letters == "" || len(found) == 0) {
		more, err := x.titlesWith(ctx, string(folded), n)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
		found = append(found, more...)
	}
	out := make([]Suggestion, 0, n)
	for _, s := range found {
		if len(out) < n && !slices.ContainsFunc(out, func(o Suggestion) bool { return o.Text == s.Text }) {
			out = append(out, Suggestion{Text: s.Text, HTML: suggest.MarkTyped(s.Text, folded), Group: s.Group})
		}
	}
	return out, nil
}

// titlesWith gives the titles of what is found by typed, the weak left out.
func (x *Index) titlesWith(ctx context.Context, typed string, n int) ([]suggest.Entry, error) {
	res, err := x.searchLocked(ctx, Query{Text: typed, Limit: n})
	if err != nil {
		return nil, err
	}
	var out []suggest.Entry
	for _, h := range res.Hits {
		title := Plain(h.Title)
		stands := utf8.RuneCountInString(typed) >= longTyped || strings.Contains(words.Fold(title), typed)
		if stands && !h.Weak && utf8.RuneCountInString(title) <= suggest.Longest {
			out = append(out, suggest.Entry{Text: title, Group: h.Group})
		}
	}
	return out, nil
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
