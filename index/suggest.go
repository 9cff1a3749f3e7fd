package index

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"mianshen/index/suggest"
	"mianshen/index/words"

	bleveindex "github.com/blevesearch/bleve_index_api"
)

// Caps on suggestions.
const (
	MaxSuggestions  = 10
	maxSuggestRunes = 32 // of what was typed
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
func (x *Index) Suggest(ctx context.Context, typed string, n int) (out []Suggestion, err error) {
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
	// A segment cut short under a running process faults; that ends this call, not the process.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverAs(&err, ErrRebuild)
	if err := x.gen.Touched(); err != nil {
		return nil, fmt.Errorf("suggest: %w: %w", ErrRebuild, err)
	}
	found := x.suggester.Starting(folded)
	if len(found) < n {
		more, err := x.titlesWith(ctx, folded, n)
		if err != nil {
			return nil, fmt.Errorf("suggest: %w", err)
		}
		found = append(found, more...)
	}
	out = make([]Suggestion, 0, n)
	for _, s := range found {
		if len(out) < n && !slices.ContainsFunc(out, func(o Suggestion) bool { return o.Text == s.Text }) {
			out = append(out, Suggestion{Text: s.Text, HTML: suggest.MarkTyped(s.Text, folded), Group: s.Group})
		}
	}
	return out, nil
}

// maxTitlesRead is in how many titles with the rarest pair of what was typed the rest is looked for.
const maxTitlesRead = 3_000

// titlesWith gives up to n titles in which what was typed stands, or what it is put right to.
func (x *Index) titlesWith(ctx context.Context, typed []rune, n int) ([]suggest.Entry, error) {
	key := x.rarestPair(typed)
	if key == "" {
		right, changes := x.repairer.Text(string(typed))
		typed = []rune(right)
		if key = x.rarestPair(typed); len(changes) == 0 || key == "" {
			return nil, nil
		}
	}
	postings, err := x.reader.TermFieldReader(ctx, []byte(key), titleField, false, false, false)
	if err != nil {
		return nil, err
	}
	var out []suggest.Entry
	var into bleveindex.TermFieldDoc
	looked := map[int32]bool{} // groups, all of whose titles are looked at together
	for range maxTitlesRead {
		p, err := postings.Next(&into)
		if err != nil || p == nil || len(out) >= n {
			return out, errors.Join(err, postings.Close())
		}
		g := x.groupOf[x.rowOf[p.ID.Value()]]
		if looked[g] {
			continue
		}
		looked[g] = true
		for _, e := range x.suggester.Titles(x.groups[g]) {
			if strings.Contains(e.Folded, string(typed)) && !slices.ContainsFunc(out, func(o suggest.Entry) bool { return o.Text == e.Text }) {
				out = append(out, e)
			}
		}
	}
	return out, postings.Close()
}

// rarestPair gives the pair of Han characters in typed that the fewest documents hold; "" where there is none, or one that
// no document holds.
func (x *Index) rarestPair(typed []rune) string {
	best, least := "", 0
	for i := 0; i+1 < len(typed); i++ {
		if !words.IsHan(typed[i]) || !words.IsHan(typed[i+1]) {
			continue
		}
		n := x.pairs.Pair(typed[i], typed[i+1])
		if n == 0 {
			return ""
		}
		if best == "" || n < least {
			best, least = string(typed[i:i+2]), n
		}
	}
	return best
}

// Plain gives the text of a title or snippet without marks.
func Plain(marked string) string {
	return html.UnescapeString(strings.NewReplacer("<mark>", "", "</mark>", "").Replace(marked))
}

// MaxRelated is the most that Related gives.
const MaxRelated = 10

// Related gives the groups that are most like one: found by its title, itself left out, nothing weak.
func (x *Index) Related(ctx context.Context, group string, n int) (out []Hit, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return nil, fmt.Errorf("related: %w", os.ErrClosed)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverAs(&err, ErrRebuild)
	if err := x.gen.Touched(); err != nil {
		return nil, fmt.Errorf("related: %w: %w", ErrRebuild, err)
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
	for _, h := range res.Hits {
		if h.Group != group && !h.Weak && len(out) < min(n, MaxRelated) {
			out = append(out, h)
		}
	}
	return out, nil
}
