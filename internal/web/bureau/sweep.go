package bureau

import (
	"context"
	"strings"

	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/internal/web/desk"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// SweepDetail is one comparison with how far it is and what it came to.
type SweepDetail struct {
	desk.Sweep
	Done      int         `json:"shards_done" doc:"已经比对完几片"`
	Items     []ItemCount `json:"items" doc:"每个事项的结论；还在比对的为空"`
	Faults    []Fault     `json:"faults" doc:"算不出来的，都是待核实"`
	Turns     []TurnCount `json:"differences" doc:"与上一次比对相比的变化"`
	Released  string      `json:"released_at,omitempty" format:"date-time" doc:"等人核对的何时放行或作废"`
	By        string      `json:"released_by,omitempty"`
	Why       string      `json:"release_note,omitempty"`
	Effective bool        `json:"effective" doc:"是否算数：完成了，并且不是回溯"`
}

// ItemCount is what an item came to over all enterprises.
type ItemCount struct {
	Item       string      `json:"item"`
	Title      string      `json:"title"`
	Policy     string      `json:"policy"`
	Eligible   int64       `json:"eligible" doc:"符合"`
	Unknown    int64       `json:"unknown" doc:"待核实"`
	Ineligible int64       `json:"ineligible" doc:"不符合"`
	Amount     exact.Money `json:"amount" doc:"符合的金额之和，元"`
}

// Fault counts enterprises for which an item couldn't be computed.
type Fault struct {
	Item        string `json:"item"`
	Title       string `json:"title"`
	Reason      string `json:"reason"`
	Enterprises int64  `json:"enterprises"`
}

// TurnCount counts the enterprises that took a turn for an item.
type TurnCount struct {
	Item        string      `json:"item"`
	Title       string      `json:"title"`
	Turn        string      `json:"turn" enum:"entered,left,amount,unknown,known" doc:"entered 新符合，left 不再符合，amount 金额变了，unknown 变为待核实，known 从待核实变为不符合"`
	Enterprises int64       `json:"enterprises"`
	Before      exact.Money `json:"before" doc:"变化前的金额之和，元"`
	After       exact.Money `json:"after" doc:"变化后的金额之和，元"`
}

// OneSweep names a comparison.
type OneSweep struct {
	ID int64 `path:"id" minimum:"1" doc:"第几次比对"`
}

// sweep is a comparison with the law that it has pinned.
func (b *Bureau) sweep(ctx context.Context, id int64) (store.Sweep, *casework.Book, error) {
	w, err := b.office.Store.Sweep(ctx, id)
	if err != nil {
		return w, nil, err
	}
	book, err := b.office.Of(ctx, w.Plan)
	return w, book, err
}

// Sweep returns one comparison.
func (b *Bureau) Sweep(ctx context.Context, in *OneSweep) (*SweepDetail, error) {
	w, book, err := b.sweep(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &SweepDetail{
		Sweep: desk.SweepOf(w), Items: []ItemCount{}, Faults: []Fault{}, Turns: []TurnCount{}, By: w.ReleasedBy, Why: w.ReleaseNote,
		Effective: w.Status == store.Done && w.Purpose != store.Retroactive,
	}
	if !w.ReleasedAt.IsZero() {
		out.Released = instant(w.ReleasedAt)
	}
	done, err := b.office.Store.ShardsDone(ctx, w.ID)
	if err != nil {
		return nil, err
	}
	out.Done = len(done)
	return out, b.counts(ctx, book, out)
}

// counts adds what stands in the store about a comparison.
func (b *Bureau) counts(ctx context.Context, book *casework.Book, out *SweepDetail) error {
	totals, err := b.office.Store.SweepSummary(ctx, out.ID)
	if err != nil {
		return err
	}
	for _, t := range totals {
		if last := len(out.Items) - 1; last < 0 || out.Items[last].Item != t.Item {
			x := ItemCount{Item: t.Item, Title: title(book, t.Item)}
			if r, ok := book.Rule(t.Item); ok {
				x.Policy = r.Policy.ID
			}
			out.Items = append(out.Items, x)
		}
		out.Items[len(out.Items)-1].add(t)
	}
	faults, err := b.office.Store.Faults(ctx, out.ID)
	if err != nil {
		return err
	}
	for _, f := range faults {
		out.Faults = append(out.Faults, Fault{Item: f.Item, Title: title(book, f.Item), Reason: f.Reason, Enterprises: f.Pairs})
	}
	turns, err := b.office.Store.DifferenceCounts(ctx, out.ID)
	if err != nil {
		return err
	}
	for _, t := range turns {
		out.Turns = append(out.Turns, TurnCount{
			Item: t.Item, Title: title(book, t.Item), Turn: string(t.Turn), Enterprises: t.Enterprises,
			Before: exact.Money(t.BeforeFen), After: exact.Money(t.AfterFen),
		})
	}
	return nil
}

func (c *ItemCount) add(t store.Total) {
	switch t.Outcome {
	case store.Eligible:
		c.Eligible, c.Amount = t.Decisions, exact.Money(t.AmountFen)
	case store.Unknown:
		c.Unknown = t.Decisions
	default:
		c.Ineligible = t.Decisions
	}
}

// title is what an item is called; one that a book doesn't have is called by its id.
func title(book *casework.Book, item string) string {
	if r, ok := book.Rule(item); ok {
		return r.Item.Title
	}
	return item
}

// Difference is what a comparison came to for an enterprise and an item otherwise than the one before.
type Difference struct {
	Decision   string          `json:"decision,omitempty" doc:"这次的判定编号；事项不再比对的没有"`
	Item       string          `json:"item"`
	Title      string          `json:"title"`
	Enterprise desk.Enterprise `json:"enterprise"`
	Turn       string          `json:"turn" enum:"entered,left,amount,unknown,known"`
	Was        rules.Outcome   `json:"was" enum:"eligible,ineligible,unknown"`
	Now        rules.Outcome   `json:"now" enum:"eligible,ineligible,unknown"`
	Before     *exact.Money    `json:"before" doc:"元，两位小数；没有金额的为 null"`
	After      *exact.Money    `json:"after"`
}

// DifferenceList is a page of differences, by item and enterprise.
type DifferenceList struct {
	Differences []Difference `json:"differences"`
	Cursor      string       `json:"cursor,omitempty" doc:"下一页的游标；没有下一页就没有"`
}

// ListDifferences asks for the differences of a comparison.
type ListDifferences struct {
	OneSweep
	Item string `query:"item" maxLength:"100" doc:"事项"`
	Turn string `query:"turn" enum:"entered,left,amount,unknown,known" doc:"哪种变化"`
	desk.Paging
}

// Differences lists what a comparison changed.
func (b *Bureau) Differences(ctx context.Context, in *ListDifferences) (*DifferenceList, error) {
	w, book, err := b.sweep(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	filter := store.DifferenceFilter{Item: in.Item, Turn: store.Turn(in.Turn), Limit: in.Limit + 1}
	at, err := in.Position()
	if err != nil {
		return nil, err
	}
	if at != "" {
		var ok bool
		if filter.AfterItem, filter.AfterEnterprise, ok = strings.Cut(at, "\n"); !ok {
			return nil, &desk.Refusal{Location: "query.cursor", Message: "不是这个接口给出的游标"}
		}
	}
	all, err := b.office.Store.Differences(ctx, in.ID, filter)
	if err != nil {
		return nil, err
	}
	out := &DifferenceList{Differences: []Difference{}}
	if len(all) > in.Limit {
		all = all[:in.Limit]
		last := all[in.Limit-1]
		out.Cursor = desk.CursorOf(last.Item + "\n" + last.Enterprise)
	}
	codes := make([]string, len(all))
	for i, d := range all {
		codes[i] = d.Enterprise
	}
	names, err := b.names(ctx, codes)
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		x := differenceOf(book, w, d)
		x.Enterprise.Name = names[d.Enterprise]
		out.Differences = append(out.Differences, x)
	}
	return out, nil
}

func differenceOf(book *casework.Book, w store.Sweep, d store.Difference) Difference {
	x := Difference{
		Item: d.Item, Title: title(book, d.Item), Enterprise: desk.Enterprise{USCC: d.Enterprise}, Turn: string(d.Turn),
		Was: rules.Outcome(d.Was), Now: rules.Outcome(d.Now), Before: amount(d.Before), After: amount(d.After),
	}
	if r, ok := book.Rule(d.Item); ok && r.Due(w.AsOf) {
		x.Decision = casework.DecisionID(w.ID, d.Item, d.Enterprise)
	}
	return x
}

func amount(a store.Amount) *exact.Money {
	if !a.Known {
		return nil
	}
	m := exact.Money(a.Fen)
	return &m
}

// Release lets a comparison count that waits for a person, or not.
type Release struct {
	OneSweep
	Body struct {
		Accept bool   `json:"accept" doc:"true 放行，false 作废"`
		Note   string `json:"note" minLength:"1" maxLength:"500" doc:"核对了什么"`
	}
}

// Release ends a comparison that is held, and returns it as it stands then.
func (b *Bureau) Release(ctx context.Context, in *Release, act Act) (*SweepDetail, error) {
	if err := b.office.Store.ReleaseSweep(ctx, in.ID, act.By, in.Body.Accept, in.Body.Note, act.At); err != nil {
		return nil, refused(err, "这次比对不在等人核对，或者已经有人作了另外的决定。")
	}
	return b.Sweep(ctx, &in.OneSweep)
}
