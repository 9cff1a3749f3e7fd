// Package reader helps who looks for something in the texts themselves: it completes what is being typed, finds passages of one
// policy, and names policies that are like it.
package reader

import (
	"context"
	"fmt"
	"slices"

	"mianshen/index"
	"mianshen/internal/casework"
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

// Within finds passages of one policy, the best first; what holds little of the question is left out. desk.ErrNotFound for an
// unknown policy.
func (r *Reader) Within(ctx context.Context, policy, text string) (Found, error) {
	book, err := r.office.Current(ctx)
	if err != nil {
		return Found{}, err
	}
	i := slices.IndexFunc(book.Policies, func(p *rules.Policy) bool { return p.ID == policy })
	if i < 0 {
		return Found{}, fmt.Errorf("policy %s: %w", policy, desk.ErrNotFound)
	}
	res, err := r.searcher.Search(ctx, index.Query{Text: text, Passages: true, Limit: MaxPassages, Filter: index.Filter{
		Groups: []string{policy}, Kinds: []index.Kind{index.KindItem, index.KindClause, index.KindPlain, index.KindQA, index.KindMedia},
	}})
	if err != nil {
		return Found{}, fmt.Errorf("search in %s: %w", policy, err)
	}
	out := Found{Read: res.Read}
	for _, h := range res.Hits {
		if !h.Weak {
			name := itemTitle(book.Policies[i], h.Ref)
			out.Passages = append(out.Passages, Passage{Part: string(h.Kind), Ref: h.Ref, Name: name, Snippet: desk.Marks(h.Snippet)})
		}
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
