package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"mianshen/index"
	"mianshen/index/lexicon"
	"mianshen/internal/casework"
	"mianshen/internal/catalog"
	"mianshen/internal/web/say"
	"mianshen/internal/web/seek"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Answer is what a search found, one page of it.
type Answer struct {
	Query      string      `json:"query"`
	Total      int         `json:"total" doc:"找到多少项政策"`
	Weak       int         `json:"weak" doc:"其中只是可能相关的"`
	Ignored    string      `json:"ignored,omitempty" doc:"太长而没有用来检索的部分"`
	Read       string      `json:"read,omitempty" doc:"订正以后实际查找的文字；没有订正就没有。literal=true 查原文"`
	Chips      []Chip      `json:"chips" doc:"当作筛选条件的词；放进 plain 就当普通的词来查"`
	Helpline   *Helpline   `json:"helpline,omitempty" doc:"没有找到对得上的政策时，可以问的电话"`
	Today      civil.Date  `json:"today" doc:"有效、失效按这一天算：比对的基准日，还没有比对过就是当天"`
	AsOf       *civil.Date `json:"as_of" doc:"比对的基准日；还没有比对过为 null"`
	Enterprise *Enterprise `json:"enterprise,omitempty"`
	Hits       []Hit       `json:"hits"`
	Facets     Facets      `json:"facets"`
	Cursor     string      `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

// Hit is one policy that was found, represented by the passage that fits best.
type Hit struct {
	Rank    int         `json:"rank"`
	Policy  string      `json:"policy"`
	Title   string      `json:"title"`
	Number  string      `json:"number,omitempty"`
	Issuer  string      `json:"issuer,omitempty"`
	Level   string      `json:"level,omitempty"`
	From    civil.Date  `json:"from"`
	To      *civil.Date `json:"to"`
	Settle  *civil.Date `json:"settle_to" doc:"有效期内各期可以兑现到这一天；没有另定为 null"`
	State   string      `json:"state" enum:"current,coming,ended" doc:"current 有效或仍可兑现，coming 即将开始，ended 已失效"`
	Part    string      `json:"part" enum:"policy,item,clause,plain,qa,media" doc:"最相关的段落是什么"`
	Ref     string      `json:"ref,omitempty" doc:"段落在政策里的位置：条款号、事项编号等"`
	Snippet string      `json:"snippet" doc:"已转义的 HTML，命中的词在 mark 里"`
	Score   float64     `json:"score"`
	Weak    bool        `json:"weak,omitempty"`
	More    int         `json:"more" doc:"同一政策里还有几段也相关"`
	Items   []HitItem   `json:"items"`

	Marked []Segment `json:"-"` // the title, with what was found in it
}

// InForce says when the policy is in force, in words.
func (h Hit) InForce() string {
	days := rules.Days{From: h.From}
	if h.To != nil {
		days.To = *h.To
	}
	return say.Days(days)
}

// on is the state of the policy on a day.
func (h Hit) on(today civil.Date) string {
	last := h.To
	if h.Settle != nil && last != nil {
		last = h.Settle
	}
	switch {
	case last != nil && last.Before(today):
		return index.StateEnded
	case h.From.After(today):
		return index.StateComing
	}
	return index.StateCurrent
}

// HitItem is one benefit of a policy that was found.
type HitItem struct {
	ItemSummary
	Standing *Standing `json:"standing,omitempty" doc:"对所选企业意味着什么"`

	Marked []Segment `json:"-"` // the title, with what was found in it
}

// Standing is what an item means for the chosen enterprise.
type Standing struct {
	Decision string        `json:"decision"`
	Outcome  rules.Outcome `json:"outcome" enum:"eligible,ineligible,unknown"`
	Amount   *exact.Money  `json:"amount" doc:"元，两位小数"`
	Obstacle string        `json:"obstacle,omitempty" doc:"第一个没有满足的条件，或者还缺什么"`
	Sentence string        `json:"sentence"`
	Open     bool          `json:"open"`
}

// Chip is a word of the text that was taken as a filter.
type Chip struct {
	Word   string   `json:"word"`
	By     string   `json:"by" enum:"mode,level,state,department" doc:"按什么筛：兑现方式、层级、有效状态、发文部门"`
	Values []string `json:"values" doc:"筛成哪些"`

	Overruled bool `json:"overruled,omitempty" doc:"已按同一类手选的条件筛，这个词没有起作用"`
}

// Helpline is a telephone that knows more.
type Helpline struct {
	Name   string `json:"name"`
	Number string `json:"number" example:"12345"`
}

// Facets counts policies by what they could be narrowed to.
type Facets struct {
	Departments []Count `json:"departments"`
	Kinds       []Count `json:"kinds"`
	Modes       []Count `json:"modes"`
	Fields      []Count `json:"fields"`
	Industries  []Count `json:"industries" doc:"国民经济行业门类，A 到 T；不限行业的政策没有计入"`
	Amounts     []Count `json:"amounts" doc:"写到的最高金额在哪一档，万元，含下不含上"`
	States      []Count `json:"states" doc:"current 有效，coming 即将开始，ended 已失效"`
}

// Count is one value to narrow by.
type Count struct {
	Value string `json:"value"`
	N     int    `json:"n"`
}

// What counts for an item of the enterprise that asks: a little before others where it gets it, less where it may.
const (
	favorEligible = 1.15
	favorUnknown  = 1.05
)

// Search finds policies. ErrNotFound if the enterprise is unknown, ErrNotReady if one is asked for and nothing was compared
// yet; the context's error when the search took too long.
func (d *Desk) Search(ctx context.Context, ask seek.Ask) (*Answer, error) {
	out := &Answer{Query: ask.Text, Hits: []Hit{}, Chips: []Chip{}, Today: civil.On(d.now())}
	if asOf, err := d.AsOf(ctx); err == nil {
		out.AsOf, out.Today = &asOf, asOf
	}
	book, err := d.office.Current(ctx)
	if err != nil {
		return nil, err
	}
	standings, err := d.standings(ctx, ask.Enterprise, out)
	if err != nil {
		return nil, err
	}
	q := ask.Query(out.Today.String())
	q.Favor = favor(book, standings)
	res, err := d.searcher.Search(ctx, q)
	if err == nil && len(ask.States) == 0 && q.Filter.States != nil && slices.ContainsFunc(res.Chips, func(c index.Chip) bool { return c.By == lexicon.ByState }) {
		q.Filter.States = nil // the words say which states are wanted
		res, err = d.searcher.Search(ctx, q)
	}
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	out.Total, out.Weak, out.Ignored, out.Read, out.Facets = res.Total, res.Weak, res.Ignored, res.Read, facetsOf(res.Facets)
	for _, c := range res.Chips {
		out.Chips = append(out.Chips, Chip(c))
	}
	text := cmp.Or(res.Read, ask.Text)
	for _, h := range res.Hits {
		if hit, ok := hitOf(book, h, text, standings); ok {
			hit.State = hit.on(out.Today)
			out.Hits = append(out.Hits, hit)
		}
	}
	if out.Total == out.Weak {
		name, number := lexicon.Helpline(ask.Text + " " + res.Read)
		out.Helpline = &Helpline{Name: name, Number: number}
	}
	return out, nil
}

// favor gives the passages about items that the enterprise gets or may get by what their scores are multiplied.
func favor(b *casework.Book, standings map[string]*Standing) map[string]float64 {
	by := map[rules.Outcome]float64{rules.Eligible: favorEligible, rules.Unknown: favorUnknown}
	out := map[string]float64{}
	for _, r := range b.Rules {
		if s := standings[r.Item.ID]; s != nil && by[s.Outcome] > 0 {
			out[catalog.ItemID(r.Policy, r.Item)] = by[s.Outcome]
		}
	}
	return out
}

// standings looks up what every item means for the enterprise, by item; nil when none was chosen.
func (d *Desk) standings(ctx context.Context, uscc string, out *Answer) (map[string]*Standing, error) {
	if uscc == "" {
		return nil, nil
	}
	enterprise, err := d.Enterprise(ctx, uscc)
	if err != nil {
		return nil, err
	}
	matches, _, words, err := d.reasons(ctx, uscc)
	if err != nil {
		return nil, found(err, "enterprise", uscc)
	}
	out.Enterprise = &enterprise
	all := map[string]*Standing{}
	for _, m := range matches {
		all[m.Item] = &Standing{Decision: m.Decision, Outcome: m.Outcome, Amount: m.Amount, Sentence: m.Sentence, Open: m.Open, Obstacle: obstacle(words, m)}
	}
	return all, nil
}

// obstacle is the first thing in the way, short enough for a badge.
func obstacle(v *rules.Vocabulary, m Match) string {
	switch {
	case m.Outcome == rules.Eligible || m.Explanation == nil:
		return ""
	case m.Outcome == rules.Unknown && len(m.Missing) > 0:
		return "缺 " + say.Fact(v, m.Missing[0].Name)
	case m.Outcome == rules.Unknown:
		return "等人工认定"
	}
	for _, f := range m.Explanation.Conditions {
		if f.Result == "false" {
			return "没有满足" + say.Quote(f.Title())
		}
	}
	return strings.TrimSuffix(m.Sentence, "。")
}

// facetsOf puts what has an order of its own into it; the rest comes by frequency.
func facetsOf(f index.Facets) Facets {
	out := Facets{
		Departments: counts(f.Departments), Kinds: counts(f.ItemKinds), Modes: counts(f.Modes), Fields: counts(f.Fields), Industries: counts(f.Industries),
		Amounts: counts(f.Amounts), States: counts(f.States),
	}
	sortBy(out.Amounts, func(a, b Count) bool {
		return slices.Index(index.AmountBands, a.Value) < slices.Index(index.AmountBands, b.Value)
	})
	sortBy(out.States, func(a, b Count) bool { return slices.Index(seek.States, a.Value) < slices.Index(seek.States, b.Value) })
	return out
}

func counts(all []index.Count) []Count {
	out := []Count{}
	for _, c := range all {
		out = append(out, Count{Value: c.Value, N: c.N})
	}
	return out
}

// hitOf joins a hit with its policy; ok is false for one that isn't published any more, which the index will drop when it
// is built again.
func hitOf(b *casework.Book, h index.Hit, query string, standings map[string]*Standing) (out Hit, ok bool) {
	i := slices.IndexFunc(b.Policies, func(p *rules.Policy) bool { return p.ID == h.Group })
	if i < 0 {
		return Hit{}, false
	}
	p := b.Policies[i]
	out = Hit{
		Rank: h.Rank, Policy: p.ID, Title: p.Title, Number: p.Number, Issuer: p.Issuer, Level: p.Level, From: p.InForce.From,
		To: day(p.InForce.To), Settle: day(p.SettleTo), Part: string(h.Kind), Ref: h.Ref, Snippet: h.Snippet, Score: h.Score, Weak: h.Weak, More: h.More,
		Marked: Marks(h.Title),
	}
	if index.Plain(h.Title) != p.Title { // an item has a title of its own
		out.Marked = Marks(index.Highlight(p.Title, query))
	}
	for _, it := range p.Items {
		out.Items = append(out.Items, HitItem{ItemSummary: itemSummary(p, it), Standing: standings[it.ID], Marked: Marks(index.Highlight(it.Title, query))})
	}
	sortBy(out.Items, func(a, b HitItem) bool { return rank(a, h.Ref) < rank(b, h.Ref) })
	return out, true
}

// rank puts the item that was found first, then what the enterprise gets, then what may still come.
func rank(it HitItem, ref string) int {
	n := 0
	if it.Standing != nil {
		n = map[rules.Outcome]int{rules.Eligible: 1, rules.Unknown: 2, rules.Ineligible: 3}[it.Standing.Outcome]
	}
	if it.ID != ref {
		n += 10
	}
	return n
}
