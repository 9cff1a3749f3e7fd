package desk

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/internal/web/say"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Match is what one item means for one enterprise.
type Match struct {
	Decision    string              `json:"decision" doc:"判定编号，可用来查完整理由"`
	Policy      string              `json:"policy"`
	PolicyTitle string              `json:"policy_title"`
	Issuer      string              `json:"issuer,omitempty"`
	Item        string              `json:"item"`
	Title       string              `json:"title"`
	Mode        rules.Mode          `json:"mode" enum:"auto,confirm,apply" doc:"auto 免申即享，confirm 即申即享，apply 依申请"`
	Kind        string              `json:"kind"`
	Period      string              `json:"period" doc:"所属期"`
	Outcome     rules.Outcome       `json:"outcome" enum:"eligible,ineligible,unknown" doc:"eligible 符合，unknown 待核实，ineligible 不符合"`
	Amount      *exact.Money        `json:"amount" doc:"元，两位小数；没有金额的事项和没有判定为符合的为 null"`
	Open        bool                `json:"open" doc:"基准日是否在办理期内"`
	Sentence    string              `json:"sentence" doc:"一句话说明"`
	Failed      []string            `json:"failed" doc:"没有满足的条件"`
	Missing     []rules.MissingFact `json:"missing" doc:"缺的数据和应当提供它的部门"`
	Manual      []string            `json:"manual" doc:"等人工认定的条件"`

	Remedies    []string           `json:"-"` // what can be done about what failed
	Explanation *rules.Explanation `json:"-"`
}

// Firm is what the newest finished comparison came to for one enterprise.
type Firm struct {
	Enterprise Enterprise    `json:"enterprise"`
	AsOf       civil.Date    `json:"as_of"`
	Sweep      Sweep         `json:"sweep"`
	Totals     OutcomeCounts `json:"totals"`
	Sum        exact.Money   `json:"sum" doc:"符合的各项金额之和，没有扣除就高不重复、年度上限和已经拨付的部分"`
	Matches    []Match       `json:"matches"`

	Wanted []Want `json:"-"`
}

// Want is a fact whose absence keeps items from being decided.
type Want struct {
	Name, Source string // as say.Fact writes it; department
	Field        string // as rules call it
	Items        int    // how many items wait for it
}

// Of returns what is of the given outcome, in the order of Matches.
func (f *Firm) Of(outcome rules.Outcome) []Match {
	var out []Match
	for _, m := range f.Matches {
		if m.Outcome == outcome {
			out = append(out, m)
		}
	}
	return out
}

// Firm returns the matches of one enterprise: eligible first, then unknown, then ineligible; within that larger amounts
// first. ErrNotFound for an enterprise that the comparison didn't see, ErrNotReady when there was no comparison.
func (d *Desk) Firm(ctx context.Context, uscc string) (*Firm, error) {
	enterprise, err := d.Enterprise(ctx, uscc)
	if err != nil {
		return nil, err
	}
	all, sweep, words, err := d.reasons(ctx, uscc)
	if err != nil {
		return nil, found(err, "enterprise", uscc)
	}
	f := &Firm{Enterprise: enterprise, AsOf: sweep.AsOf, Sweep: sweepOf(sweep), Matches: make([]Match, 0, len(all))}
	for _, m := range all {
		f.Matches = append(f.Matches, m)
		switch m.Outcome {
		case rules.Eligible:
			f.Totals.Eligible++
			if err := f.add(m.Amount); err != nil {
				return nil, err
			}
		case rules.Unknown:
			f.Totals.Unknown++
		default:
			f.Totals.Ineligible++
		}
	}
	f.Wanted = wanted(words, f.Of(rules.Unknown))
	return f, nil
}

func (f *Firm) add(amount *exact.Money) error {
	if amount == nil {
		return nil
	}
	sum, err := f.Sum.Num().Add(amount.Num())
	if err != nil {
		return fmt.Errorf("sum of %s: %w", f.Enterprise.USCC, err)
	}
	fen, ok := sum.Int64()
	if !ok {
		return fmt.Errorf("sum of %s isn't whole", f.Enterprise.USCC)
	}
	f.Sum = exact.Money(fen)
	return nil
}

// wanted counts which facts the undecided items wait for, the most wanted first.
func wanted(v *rules.Vocabulary, unknown []Match) []Want {
	var out []Want
	at := map[string]int{}
	for _, m := range unknown {
		for _, missing := range m.Missing {
			i, ok := at[missing.Name]
			if !ok {
				i = len(out)
				at[missing.Name] = i
				out = append(out, Want{Name: say.Fact(v, missing.Name), Source: missing.Source, Field: missing.Name})
			}
			out[i].Items++
		}
	}
	sortBy(out, func(a, b Want) bool { return a.Items > b.Items })
	return out
}

// reasons explains every decision of the newest finished sweep about an enterprise: eligible first, then unknown, then
// ineligible; within that larger amounts first, then what is less far off, then by item.
func (d *Desk) reasons(ctx context.Context, uscc string) ([]Match, store.Sweep, *rules.Vocabulary, error) {
	all, sweep, err := d.office.Reasons(ctx, uscc)
	if err != nil {
		return nil, sweep, nil, err
	}
	book, err := d.office.Of(ctx, sweep.Plan)
	if err != nil {
		return nil, sweep, nil, err
	}
	out := make([]Match, 0, len(all))
	for _, x := range all {
		out = append(out, matchOf(book.Book.Vocabulary, x))
	}
	place := map[rules.Outcome]int{rules.Eligible: 0, rules.Unknown: 1, rules.Ineligible: 2}
	slices.SortStableFunc(out, func(a, b Match) int {
		return cmp.Or(place[a.Outcome]-place[b.Outcome], cmp.Compare(fen(b.Amount), fen(a.Amount)), far(a)-far(b), cmp.Compare(a.Item, b.Item))
	})
	return out, sweep, book.Book.Vocabulary, nil
}

// far is how many conditions keep a firm from an item; where it is the records that don't fit, or there are none, that is
// farther than all.
func far(m Match) int {
	if m.Outcome == rules.Ineligible && len(m.Failed) == 0 {
		return math.MaxInt32
	}
	return len(m.Failed)
}

// fen orders amounts; none is less than any.
func fen(m *exact.Money) exact.Money {
	if m == nil {
		return -1
	}
	return *m
}

// matchOf puts an explained decision into words. Outcome and amount are the stored ones; where the explanation comes to
// something else, it isn't the explanation of this decision and its words are left out.
func matchOf(v *rules.Vocabulary, x casework.Explained) Match {
	e := x.Explanation
	out := Match{
		Decision: x.Decision.ID, Policy: e.Policy, PolicyTitle: e.Title, Issuer: e.Issuer, Item: e.Item, Title: e.ItemTitle,
		Mode: e.Mode, Kind: e.Decision.Rule.Item.Kind, Period: e.Period, Outcome: x.Decision.Outcome, Amount: amountOf(x.Decision),
		Open: e.Open, Failed: []string{}, Missing: []rules.MissingFact{}, Manual: []string{},
	}
	if !x.Reproduced {
		out.Sentence = "这条判定现在复算不出同样的结果，已停用说明，请联系管理员。"
		return out
	}
	out.Explanation, out.Sentence = e, say.Sentence(v, e)
	out.Missing, out.Manual = e.Missing, e.Manual
	out.Failed = append(out.Failed, e.Decision.Failed...)
	for _, f := range e.Conditions {
		if f.Result == "false" && f.Remedy != "" {
			out.Remedies = append(out.Remedies, strings.TrimSuffix(f.Remedy, "。"))
		}
	}
	return out
}

// amountOf is the stored amount, nil where there is none.
func amountOf(d casework.Decision) *exact.Money {
	if !d.HasAmount {
		return nil
	}
	return &d.Amount
}

// Why is one decision with its full reasons and everything it rests on.
type Why struct {
	ID         string             `json:"id"`
	Enterprise Enterprise         `json:"enterprise"`
	Outcome    rules.Outcome      `json:"outcome" enum:"eligible,ineligible,unknown"`
	Amount     *exact.Money       `json:"amount" doc:"元，两位小数"`
	Sentence   string             `json:"sentence" doc:"一句话说明"`
	Version    string             `json:"policy_version" doc:"政策版本的SHA-256"`
	Sweep      Sweep              `json:"sweep"`
	SHA256     string             `json:"sha256" doc:"判定规范字节的SHA-256"`
	Recorded   bool               `json:"recorded" doc:"这次比对变了的判定当时就记下了规范字节的SHA-256，复算的字节与它相符；没有变的只存了结论和金额"`
	Reproduced bool               `json:"reproduced" doc:"按同一政策版本、数据快照和基准日复算，得到与存下的同样的结论和金额；记下了SHA-256的，字节也相同"`
	Reasons    *rules.Explanation `json:"explanation"`

	Clauses map[string]string `json:"-"` // the text of each clause by its reference
	Words   *rules.Vocabulary `json:"-"` // of the decision
}

// Why explains a decision. ErrNotFound for an unknown id.
func (d *Desk) Why(ctx context.Context, id string) (*Why, error) {
	x, err := d.office.Explain(ctx, id)
	if err != nil {
		return nil, found(err, "decision", id)
	}
	w := &Why{
		ID: x.Decision.ID, Enterprise: enterpriseOf(store.Enterprise{USCC: x.Decision.Enterprise, Name: x.Name}), Outcome: x.Decision.Outcome,
		Version: x.Decision.PolicyVersion, Sweep: sweepOf(x.Sweep), SHA256: x.Decision.SHA256, Recorded: x.Decision.SHA256 != "", Reproduced: x.Reproduced,
		Reasons: x.Explanation, Amount: amountOf(x.Decision), Clauses: map[string]string{},
	}
	if !w.Recorded {
		w.SHA256 = store.Hash(x.Explanation.Decision.AppendLine(nil))
	}
	book, err := d.office.Of(ctx, x.Sweep.Plan)
	if err != nil {
		return nil, err
	}
	w.Words = book.Book.Vocabulary
	r, err := rule(book, x.Decision.Item)
	if err != nil {
		return nil, err
	}
	for _, c := range r.Policy.Clauses {
		w.Clauses[c.Ref] = c.Text
	}
	w.Sentence = say.Sentence(w.Words, x.Explanation)
	return w, nil
}
