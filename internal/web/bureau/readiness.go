package bureau

import (
	"context"
	"errors"

	"mianshen/engine"
	"mianshen/internal/casework"
	"mianshen/internal/readiness"
	"mianshen/internal/store"
	"mianshen/internal/web/desk"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// ReadinessReport is 免申准备度: which items could be granted without application, which wait for data, which for a clause.
type ReadinessReport struct {
	AsOf   civil.Date        `json:"as_of"`
	Sweep  int64             `json:"sweep" doc:"依据第几次比对的数据和政策版本"`
	Total  int               `json:"total" doc:"一共多少个事项"`
	Counts VerdictCounts     `json:"counts"`
	Modes  []readiness.Count `json:"by_mode" doc:"按现在的兑现方式"`
	Items  []readiness.Item  `json:"items" doc:"ready 可免申：条件和金额都能由数据判定；data 待数据共享：部门还没有共享；clause 待修订条款：要人判断，改成数字才能免申"`
}

// VerdictCounts counts items by verdict.
type VerdictCounts struct {
	Ready  int `json:"ready" doc:"可免申"`
	Data   int `json:"data" doc:"待数据共享"`
	Clause int `json:"clause" doc:"待修订条款"`
}

// AskReadiness asks for the report.
type AskReadiness struct {
	Verdict string `query:"verdict" enum:"ready,data,clause" doc:"只要这一类；计数仍是全部的"`
}

// GapsReport is 漏享清单: what is held up because nobody can decide it yet.
type GapsReport struct {
	AsOf  civil.Date `json:"as_of"`
	Sweep int64      `json:"sweep" doc:"依据第几次比对的数据和政策版本"`
	*readiness.Gaps
}

// AskGaps asks for the list of what is held up.
type AskGaps struct{}

// reports is what a survey of a comparison came to.
type reports struct {
	sweep int64
	asOf  civil.Date
	items []readiness.Item
	gaps  *readiness.Gaps
}

// Readiness returns the report over the newest finished comparison.
func (b *Bureau) Readiness(ctx context.Context, in *AskReadiness) (*ReadinessReport, error) {
	k, err := b.survey(ctx)
	if err != nil {
		return nil, err
	}
	out := &ReadinessReport{AsOf: k.asOf, Sweep: k.sweep, Total: len(k.items), Modes: readiness.Summarise(k.items), Items: []readiness.Item{}}
	for _, c := range out.Modes {
		out.Counts.Ready, out.Counts.Data, out.Counts.Clause = out.Counts.Ready+c.Ready, out.Counts.Data+c.Data, out.Counts.Clause+c.Clause
	}
	for _, it := range k.items {
		if in.Verdict == "" || string(it.Verdict) == in.Verdict {
			out.Items = append(out.Items, it)
		}
	}
	return out, nil
}

// Gaps returns what is held up in the newest finished comparison.
func (b *Bureau) Gaps(ctx context.Context, _ *AskGaps) (*GapsReport, error) {
	k, err := b.survey(ctx)
	if err != nil {
		return nil, err
	}
	return &GapsReport{AsOf: k.asOf, Sweep: k.sweep, Gaps: k.gaps}, nil
}

// survey takes the survey of the newest finished comparison, or gives the one that is kept.
func (b *Bureau) survey(ctx context.Context) (*reports, error) {
	sweep, err := b.office.LatestDone(ctx)
	if err != nil {
		return nil, err
	}
	if k := b.keptOf(sweep.ID); k != nil {
		return k, nil
	}
	if err := b.enter(ctx); err != nil {
		return nil, err
	}
	defer b.leave()
	if k := b.keptOf(sweep.ID); k != nil { // somebody was faster
		return k, nil
	}
	book, table, err := b.population(ctx, sweep)
	if err != nil {
		return nil, err
	}
	s, err := readiness.Take(ctx, readiness.Request{
		Table: table, Book: book.Book, Rules: book.Due(sweep.AsOf), Around: rules.Circumstances{AsOf: sweep.AsOf},
	})
	if err != nil {
		return nil, tooMuch(err)
	}
	items, err := s.Items(ctx)
	if err != nil {
		return nil, err
	}
	k := &reports{sweep: sweep.ID, asOf: sweep.AsOf, items: items, gaps: s.Gaps()}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = k
	return k, nil
}

func (b *Bureau) keptOf(sweep int64) *reports {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil || b.kept.sweep != sweep {
		return nil
	}
	return b.kept
}

// population opens what a comparison has pinned.
func (b *Bureau) population(ctx context.Context, sweep store.Sweep) (*casework.Book, *engine.Table, error) {
	book, err := b.office.Of(ctx, sweep.Plan)
	if err != nil {
		return nil, nil, err
	}
	snap, err := b.office.Store.Snapshot(ctx, sweep.Snapshot)
	if err != nil {
		return nil, nil, err
	}
	table, err := b.office.Table(ctx, book.Book.Vocabulary, snap)
	return book, table, err
}

// tooMuch says so where money is beyond what can be counted.
func tooMuch(err error) error {
	if errors.Is(err, exact.ErrOverflow) {
		return &desk.Refusal{Message: "金额合计超出可计算的范围。"}
	}
	return err
}
