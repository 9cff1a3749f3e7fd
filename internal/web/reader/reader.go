// Package reader helps who looks for something in the texts themselves: it completes what is being typed, finds passages of one
// policy, and names policies that are like it.
package reader

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"mianshen/index"
	"mianshen/internal/casework"
	"mianshen/internal/catalog"
	"mianshen/internal/web/desk"
	"mianshen/rules"
)

// Reader reads what an office has published by way of an index. It may be used by many goroutines.
type Reader struct {
	office   *casework.Office
	searcher desk.Searcher
}

// New returns a reader over an office and an index of what the office has published.
func New(office *casework.Office, searcher desk.Searcher) *Reader {
	return &Reader{office: office, searcher: searcher}
}

// Suggestion completes what is being typed.
type Suggestion struct {
	Text   string         `json:"text" doc:"选了它就查它"`
	Policy string         `json:"policy,omitempty" doc:"它是哪项政策的名称；只是一个词就没有"`
	Parts  []desk.Segment `json:"parts" doc:"text 分成几段，已经输入的有 mark"`
}

// Suggest completes what is being typed, in characters or pinyin, with at most n suggestions.
func (r *Reader) Suggest(ctx context.Context, typed string, n int) ([]Suggestion, error) {
	found, err := r.searcher.Suggest(ctx, typed, min(n, index.MaxSuggestions))
	if err != nil {
		return nil, fmt.Errorf("suggest: %w", err)
	}
	out := []Suggestion{}
	for _, s := range found {
		out = append(out, Suggestion{Text: s.Text, Policy: s.Group, Parts: desk.Marks(s.HTML)})
	}
	return out, nil
}

// Related gives the published policies that are most like one, at most n.
func (r *Reader) Related(ctx context.Context, policy string, n int) ([]desk.PolicySummary, error) {
	book, err := r.office.Current(ctx)
	if err != nil {
		return nil, err
	}
	hits, err := r.searcher.Related(ctx, policy, n)
	if err != nil {
		return nil, fmt.Errorf("related: %w", err)
	}
	var out []desk.PolicySummary
	for _, h := range hits {
		if i := slices.IndexFunc(book.Policies, func(p *rules.Policy) bool { return p.ID == h.Group }); i >= 0 {
			out = append(out, desk.Summary(book, book.Policies[i]))
		}
	}
	return out, nil
}

// Passage is a part of one policy that was found.
type Passage struct {
	Part    string // item, clause, plain, qa, media
	Ref     string // where a reader should be set down
	Name    string // the item's title; "" for other parts
	Snippet []desk.Segment
}

// Found is what was found in one policy.
type Found struct {
	Passages []Passage
	Read     string // what was looked for instead of what was typed, where something was put right; else ""
}

// MaxPassages is how many passages of one policy are given at most.
const MaxPassages = 12

// Within finds passages of one policy: of each part the one that fits best, then others in which the words stand. The order is
// by how much of the question stands there. desk.ErrNotFound for an unknown policy.
func (r *Reader) Within(ctx context.Context, policy, text string) (Found, error) {
	book, err := r.office.Current(ctx)
	if err != nil {
		return Found{}, err
	}
	i := slices.IndexFunc(book.Policies, func(p *rules.Policy) bool { return p.ID == policy })
	if i < 0 {
		return Found{}, fmt.Errorf("policy %s: %w", policy, desk.ErrNotFound)
	}
	p := book.Policies[i]
	var out Found
	best := map[string]index.Hit{}
	for _, kind := range []index.Kind{index.KindItem, index.KindClause, index.KindPlain, index.KindQA, index.KindMedia} {
		res, err := r.searcher.Search(ctx, index.Query{Text: text, Limit: 1, Filter: index.Filter{Groups: []string{policy}, Kinds: []index.Kind{kind}}})
		if err != nil {
			return Found{}, fmt.Errorf("search in %s: %w", policy, err)
		}
		out.Read = cmp.Or(out.Read, res.Read)
		for _, h := range res.Hits {
			if !h.Weak {
				best[h.ID] = h
			}
		}
	}
	text = cmp.Or(out.Read, text)
	type ranked struct {
		Passage
		by int
	}
	var found []ranked
	for _, doc := range catalog.Documents([]*rules.Policy{p}) {
		here := Passage{Part: string(doc.Kind), Ref: doc.Ref, Name: itemTitle(p, doc.Ref)}
		marked := desk.Marks(index.Highlight(doc.Body, text))
		by := covered(marked)
		if h, ok := best[doc.ID]; ok {
			here.Snippet = desk.Marks(h.Snippet)
			found = append(found, ranked{here, by + len(text)})
		} else if doc.Kind != index.KindPolicy && 2*by > runes(text) {
			here.Snippet = around(marked)
			found = append(found, ranked{here, by})
		}
	}
	slices.SortStableFunc(found, func(a, b ranked) int { return cmp.Compare(b.by, a.by) })
	for _, f := range found[:min(len(found), MaxPassages)] {
		out.Passages = append(out.Passages, f.Passage)
	}
	return out, nil
}

// itemTitle is the title of the item that a reference means, or "".
func itemTitle(p *rules.Policy, ref string) string {
	for _, it := range p.Items {
		if it.ID == ref {
			return it.Title
		}
	}
	return ""
}

// runes counts the characters of a text but for blanks.
func runes(text string) int { return len([]rune(strings.Join(strings.Fields(text), ""))) }

// covered counts the characters of what is marked, each marked text once.
func covered(all []desk.Segment) (n int) {
	var seen []string
	for _, s := range all {
		if s.Mark && !slices.Contains(seen, s.Text) {
			seen = append(seen, s.Text)
			n += runes(s.Text)
		}
	}
	return n
}

// Characters that a snippet shows before its first mark, and in all.
const (
	snippetLead = 24
	snippetMost = 120
)

// around cuts marked text to a stretch that begins shortly before the first mark.
func around(all []desk.Segment) []desk.Segment {
	var out []desk.Segment
	left := snippetMost
	for i, s := range all {
		text := []rune(s.Text)
		if i == 0 && !s.Mark && len(text) > snippetLead {
			text = append([]rune("…"), text[len(text)-snippetLead:]...)
		}
		if len(text) > left {
			return append(out, desk.Segment{Text: string(text[:left]) + "…", Mark: s.Mark})
		}
		left -= len(text)
		out = append(out, desk.Segment{Text: string(text), Mark: s.Mark})
	}
	return out
}
