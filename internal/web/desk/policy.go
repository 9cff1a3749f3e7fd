package desk

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"

	"mianshen/internal/casework"
	"mianshen/internal/web/say"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// ItemSummary names one benefit.
type ItemSummary struct {
	ID     string     `json:"id"`
	Policy string     `json:"policy"`
	Title  string     `json:"title"`
	Mode   rules.Mode `json:"mode" enum:"auto,confirm,apply" doc:"auto 免申即享，confirm 即申即享，apply 依申请"`
	Kind   string     `json:"kind" doc:"补贴、融资、减免、人才、荣誉、就业或其他"`
	Field  string     `json:"field,omitempty" doc:"领域"`
}

// PolicySummary names one published policy.
type PolicySummary struct {
	ID      string        `json:"id"`
	Title   string        `json:"title"`
	Number  string        `json:"number,omitempty" doc:"文号"`
	Issuer  string        `json:"issuer,omitempty" doc:"发文部门"`
	Level   string        `json:"level,omitempty" doc:"国家、市或区"`
	From    civil.Date    `json:"from" doc:"生效日，含当日"`
	To      *civil.Date   `json:"to" doc:"失效日，含当日；长期有效为 null"`
	Version string        `json:"version" doc:"已发布版本的SHA-256"`
	Items   []ItemSummary `json:"items"`
}

// InForce says when the policy is in force, in words.
func (p PolicySummary) InForce() string {
	days := rules.Days{From: p.From}
	if p.To != nil {
		days.To = *p.To
	}
	return say.Days(days)
}

// Policy is one published policy with everything that is annotated on it.
type Policy struct {
	PolicySummary
	SettleTo     *civil.Date   `json:"settle_to" doc:"有效期内各期可以兑现到这一天"`
	Plain        string        `json:"plain,omitempty" doc:"大白话解读"`
	QA           []QA          `json:"qa"`
	Media        []Media       `json:"media"`
	Consultation *Consultation `json:"consultation,omitempty" doc:"发布前征求意见的情况"`
	Clauses      []Clause      `json:"clauses"`
	Common       []Condition   `json:"common_conditions" doc:"对每个事项都适用的条件"`
	Details      []Item        `json:"item_details"`
	Values       []Value       `json:"values" doc:"政策规定的数，随日期变化"`
}

// QA is one question with its answer.
type QA struct {
	Q string `json:"q"`
	A string `json:"a"`
}

// Media is a recording or picture about the policy.
type Media struct {
	Kind  string `json:"kind"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Consultation counts who was asked before the policy was issued.
type Consultation struct {
	Asked  int        `json:"asked" doc:"征求了多少家的意见"`
	SME    int        `json:"sme" doc:"其中中小企业"`
	Opened civil.Date `json:"opened"`
	Closed civil.Date `json:"closed"`
}

// Clause is one clause of the document.
type Clause struct {
	Ref  string `json:"ref"`
	Text string `json:"text"`
}

// Condition is one requirement with the words of the clause it stands on.
type Condition struct {
	ID      string      `json:"id,omitempty"`
	Kind    string      `json:"kind" enum:"require,exclude,any,all,score,manual"`
	Because string      `json:"because,omitempty" doc:"用一句话说这个条件"`
	Clause  string      `json:"clause,omitempty"`
	Quote   string      `json:"quote,omitempty" doc:"条款里的原话"`
	Rule    string      `json:"rule,omitempty" doc:"比对时用的算式"`
	Remedy  string      `json:"remedy,omitempty" doc:"不满足时怎么办"`
	Parts   []Condition `json:"parts,omitempty"`
}

// Item is one benefit with its conditions.
type Item struct {
	ItemSummary
	PolicyTitle string      `json:"policy_title"`
	Issuer      string      `json:"issuer,omitempty"`
	Period      string      `json:"period" doc:"看哪一期的数据"`
	Frequency   string      `json:"frequency,omitempty" doc:"多久给一次"`
	Window      string      `json:"window" doc:"什么时候办"`
	Each        string      `json:"each,omitempty" doc:"按哪张表逐条比对"`
	Conditions  []Condition `json:"conditions" doc:"全部条件，包括对每个事项都适用的"`
	Amount      string      `json:"amount_rule,omitempty" doc:"金额的算式"`
	AtMost      bool        `json:"at_most" doc:"算式只是上限，金额由人核定"`
	Limits      []string    `json:"limits" doc:"上限和就高不重复"`
	Payments    []string    `json:"instalments" doc:"分几次付"`
	Materials   []Material  `json:"materials"`
	Review      []Step      `json:"review"`

	Own []Condition `json:"-"` // conditions of this item alone
}

// Material is a document that has to be handed in, or needn't be.
type Material struct {
	Name   string `json:"name"`
	From   string `json:"from,omitempty"`
	Clause string `json:"clause,omitempty"`
	Quote  string `json:"quote,omitempty"`
}

// Step is one step of the review.
type Step struct {
	Name   string `json:"name"`
	By     string `json:"by,omitempty"`
	Clause string `json:"clause,omitempty"`
	Quote  string `json:"quote,omitempty"`
}

// Value is a number of the law that changes by date.
type Value struct {
	Name    string       `json:"name"`
	Clause  string       `json:"clause"`
	By      string       `json:"by,omitempty" doc:"按哪个指标分档"`
	Entries []ValueEntry `json:"dated"`
}

// ValueEntry is the value for a range of days: one line, or one for each tier.
type ValueEntry struct {
	From  civil.Date  `json:"from"`
	To    *civil.Date `json:"to"`
	Lines []string    `json:"lines"`
}

// Days says for which days the entry counts.
func (e ValueEntry) Days() string {
	days := rules.Days{From: e.From}
	if e.To != nil {
		days.To = *e.To
	}
	return say.Days(days)
}

// Policies lists the published policies by id, beginning behind the id after; more tells whether others follow.
func (d *Desk) Policies(ctx context.Context, after string, limit int) (list []PolicySummary, more bool, err error) {
	book, err := d.office.Current(ctx)
	if err != nil {
		return nil, false, err
	}
	list = []PolicySummary{}
	for _, p := range book.Policies {
		if p.ID <= after {
			continue
		}
		if len(list) == limit {
			return list, true, nil
		}
		list = append(list, Summary(book, p))
	}
	return list, false, nil
}

// Policy returns a published policy. ErrNotFound for an unknown id.
func (d *Desk) Policy(ctx context.Context, id string) (*Policy, error) {
	book, err := d.office.Current(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(book.Policies, func(p *rules.Policy) bool { return p.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("policy %s: %w", id, ErrNotFound)
	}
	return policyOf(book, book.Policies[i]), nil
}

// Item returns an item of a published policy. ErrNotFound for an unknown id.
func (d *Desk) Item(ctx context.Context, id string) (*Item, error) {
	book, err := d.office.Current(ctx)
	if err != nil {
		return nil, err
	}
	r, err := rule(book, id)
	if err != nil {
		return nil, err
	}
	it := itemOf(r.Policy, r.Item)
	return &it, nil
}

// Totals counts what is published: policies, items, and how many of the items come without an application.
func (d *Desk) Totals(ctx context.Context) (policies, items, auto int, err error) {
	book, err := d.office.Current(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, r := range book.Rules {
		if r.Item.Mode == rules.Auto {
			auto++
		}
	}
	return len(book.Policies), len(book.Rules), auto, nil
}

// Summary names a policy of a book.
func Summary(b *casework.Book, p *rules.Policy) PolicySummary {
	out := PolicySummary{
		ID: p.ID, Title: p.Title, Number: p.Number, Issuer: p.Issuer, Level: p.Level, From: p.InForce.From, To: day(p.InForce.To),
		Version: b.Versions[p.ID], Items: []ItemSummary{},
	}
	for _, it := range p.Items {
		out.Items = append(out.Items, itemSummary(p, it))
	}
	return out
}

func itemSummary(p *rules.Policy, it *rules.Item) ItemSummary {
	return ItemSummary{ID: it.ID, Policy: p.ID, Title: it.Title, Mode: it.Mode, Kind: it.Kind, Field: it.Field}
}

// day is nil for no date, which JSON writes as null.
func day(d civil.Date) *civil.Date {
	if d.IsZero() {
		return nil
	}
	return &d
}

func policyOf(b *casework.Book, p *rules.Policy) *Policy {
	out := &Policy{
		PolicySummary: Summary(b, p), SettleTo: day(p.SettleTo), Plain: p.Plain, QA: []QA{}, Media: []Media{}, Clauses: []Clause{},
		Common: []Condition{}, Details: []Item{}, Values: []Value{},
	}
	for _, x := range p.QA {
		out.QA = append(out.QA, QA(x))
	}
	for _, x := range p.Media {
		out.Media = append(out.Media, Media(x))
	}
	if c := p.Consultation; c != nil {
		out.Consultation = &Consultation{Asked: c.Asked, SME: c.SME, Opened: c.Opened, Closed: c.Closed}
	}
	for _, c := range p.Clauses {
		out.Clauses = append(out.Clauses, Clause(c))
	}
	out.Common = conditions(p.All(&rules.Item{}))
	for _, it := range p.Items {
		out.Details = append(out.Details, itemOf(p, it))
	}
	for _, v := range p.Values {
		out.Values = append(out.Values, valueOf(b.Book.Vocabulary, v))
	}
	return out
}

func itemOf(p *rules.Policy, it *rules.Item) Item {
	out := Item{
		ItemSummary: itemSummary(p, it), PolicyTitle: p.Title, Issuer: p.Issuer, Period: say.Period(it.For), Frequency: say.Frequency(it.Frequency),
		Window: say.Windows(it.Windows), Each: it.Each, Conditions: conditions(p.All(it)), Own: conditions(it.Conditions), Amount: it.Amount.Text,
		Limits: limits(it), Payments: []string{}, Materials: []Material{}, Review: []Step{},
	}
	if it.AtMost.Text != "" {
		out.Amount, out.AtMost = it.AtMost.Text, true
	}
	for _, pay := range it.Payments {
		text := "拨付 " + pay.Share.Decimal(2) + "%"
		if after := pay.After.String(); after != "" {
			text = after + "后" + text
		}
		out.Payments = append(out.Payments, text)
	}
	for _, m := range it.Materials {
		out.Materials = append(out.Materials, Material(m))
	}
	for _, s := range it.Review {
		out.Review = append(out.Review, Step(s))
	}
	return out
}

func conditions(all []*rules.Condition) []Condition {
	out := []Condition{}
	for _, c := range all {
		x := Condition{ID: c.ID, Kind: c.Kind.String(), Because: c.Because, Clause: c.Clause, Quote: c.Quote, Rule: c.Expression.Text, Remedy: c.Remedy}
		if c.Kind == rules.Manual {
			x.Rule = c.Manual
		}
		if len(c.Parts) > 0 {
			x.Parts = conditions(c.Parts)
		}
		if c.Score != nil {
			x.Rule = "各项合计至少 " + c.Score.AtLeast.Decimal(2) + " 分"
			for _, part := range c.Score.Parts {
				x.Parts = append(x.Parts, Condition{Kind: "require", Because: part.Name, Rule: part.Points.Text})
			}
		}
		out = append(out, x)
	}
	return out
}

// limits says in words what an item's amount is held to.
func limits(it *rules.Item) []string {
	out := []string{}
	for _, c := range []struct {
		what string
		rule rules.Expression
	}{{"每次不超过 ", it.Cap.PerGrant}, {"每年不超过 ", it.Cap.PerYear}, {"累计不超过 ", it.Cap.Total}} {
		if c.rule.Text != "" {
			out = append(out, c.what+c.rule.Text)
		}
	}
	if it.Cap.Times > 0 {
		out = append(out, fmt.Sprintf("最多 %d 次", it.Cap.Times))
	}
	for _, x := range it.Exclusive {
		words := map[string]string{"highest": "同组事项就高不重复", "first": "同组事项先得者为准", "difference": "同组事项只补差额", "choice": "同组事项只能选一项"}
		out = append(out, words[x.Rule]+"（"+x.Group+"）")
	}
	return out
}

func valueOf(words *rules.Vocabulary, v *rules.DatedValue) Value {
	out := Value{Name: v.Name, Clause: v.Clause, By: v.By}
	for _, e := range v.Entries {
		x := ValueEntry{From: e.From, To: day(e.To), Lines: []string{}}
		switch {
		case len(e.Tiers) > 0:
			for _, t := range e.Tiers {
				x.Lines = append(x.Lines, tierLine(words, v, t))
			}
		case len(e.Table) > 0:
			for _, k := range largestFirst(e.Table) {
				x.Lines = append(x.Lines, k+"："+v.Words(e.Table[k]))
			}
		default:
			x.Lines = append(x.Lines, v.Words(e.Value))
		}
		out.Entries = append(out.Entries, x)
	}
	return out
}

// largestFirst are the keys of a table by falling value, 其他 behind all.
func largestFirst(table map[string]exact.Num) []string {
	const other = "其他"
	return slices.SortedFunc(maps.Keys(table), func(a, b string) int {
		if (a == other) != (b == other) {
			return map[bool]int{true: 1, false: -1}[a == other]
		}
		return cmp.Or(table[b].Cmp(table[a]), cmp.Compare(a, b))
	})
}

// tierLine is one tier in words: 研发费用占比 3%以上：10 万元.
func tierLine(words *rules.Vocabulary, v *rules.DatedValue, t rules.Tier) string {
	by, ok := words.Lookup(v.By)
	if !ok {
		return v.Words(t.Value)
	}
	return v.By + " " + t.BoundWords(by) + "以上：" + v.Words(t.Value)
}

func sortBy[T any](list []T, less func(a, b T) bool) {
	sort.SliceStable(list, func(i, j int) bool { return less(list[i], list[j]) })
}
