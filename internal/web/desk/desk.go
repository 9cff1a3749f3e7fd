// Package desk answers the questions that visitors ask, for the API and for the pages alike: what can be found, what a
// policy says, what it means for one enterprise, and why. It joins the casework office, which decides, with the search
// index, which finds; it decides nothing itself. Its answers are plain values whose JSON form is that of the API.
package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mianshen/index"
	"mianshen/internal/casework"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// ErrNotFound says that there is no such policy, item, enterprise or decision.
var ErrNotFound = errors.New("not found")

// ErrNotReady says that nothing is published or compared yet.
var ErrNotReady = casework.ErrNothing

// Searcher finds documents; *index.Index is one. It must be safe for many goroutines.
type Searcher interface {
	Search(ctx context.Context, q index.Query) (index.Result, error)
	Suggest(ctx context.Context, typed string, n int) ([]index.Suggestion, error)
	Related(ctx context.Context, group string, n int) ([]index.Hit, error)
}

// Desk answers. It may be used by many goroutines.
type Desk struct {
	office   *casework.Office
	searcher Searcher
	now      func() time.Time

	mu      sync.Mutex
	samples []Enterprise // of the comparison sampled
	sampled int64
}

// New returns a desk over an office and an index of what the office has published. now gives the time.
func New(office *casework.Office, searcher Searcher, now func() time.Time) *Desk {
	return &Desk{office: office, searcher: searcher, now: now}
}

// AsOf is the day whose facts and law the newest finished comparison looked at; ErrNotReady when there is none.
func (d *Desk) AsOf(ctx context.Context) (civil.Date, error) {
	sweep, err := d.office.LatestDone(ctx)
	return sweep.AsOf, err
}

// Ready tells whether the desk can answer: the database does, policies are published, and a comparison is done.
func (d *Desk) Ready(ctx context.Context) error {
	if err := d.office.Store.Ping(ctx); err != nil {
		return err
	}
	if _, err := d.office.Current(ctx); err != nil {
		return err
	}
	_, err := d.office.LatestDone(ctx)
	return err
}

// found maps the store's not-found to ErrNotFound; what names the thing.
func found(err error, what, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%s %s: %w", what, id, ErrNotFound)
	}
	return err
}

// Enterprise is an entry of the picker.
type Enterprise struct {
	USCC string `json:"uscc" doc:"统一社会信用代码" example:"91310118MA1JP7UB2B"`
	Name string `json:"name" doc:"企业名称"`
}

// Enterprises finds enterprises whose code begins with q or whose name contains it, at most limit; more tells whether
// there are others.
func (d *Desk) Enterprises(ctx context.Context, q string, limit int) (list []Enterprise, more bool, err error) {
	all, err := d.office.Store.SearchEnterprises(ctx, q, limit+1)
	if err != nil {
		return nil, false, err
	}
	if len(all) > limit {
		all, more = all[:limit], true
	}
	list = make([]Enterprise, 0, len(all))
	for _, e := range all {
		list = append(list, enterpriseOf(e))
	}
	return list, more, nil
}

// Enterprise finds one by its code.
func (d *Desk) Enterprise(ctx context.Context, uscc string) (Enterprise, error) {
	e, err := d.office.Store.Enterprise(ctx, uscc)
	if err != nil {
		return Enterprise{}, found(err, "enterprise", uscc)
	}
	return enterpriseOf(e), nil
}

// enterpriseOf leaves the name empty where it was never delivered; the store then has the code in its place.
func enterpriseOf(e store.Enterprise) Enterprise {
	if e.Name == e.USCC {
		e.Name = ""
	}
	return Enterprise{USCC: e.USCC, Name: e.Name}
}

// Called is the enterprise's name, or words that stand in for it.
func (e Enterprise) Called() string {
	if e.Name == "" {
		return "（名称未提供）"
	}
	return e.Name
}

// Samples picks enterprises to show around with: of the first few, those that get most, at most n. It is computed once for
// each comparison.
func (d *Desk) Samples(ctx context.Context, n int) ([]Enterprise, error) {
	const looked = 24
	d.mu.Lock()
	defer d.mu.Unlock()
	sweep, err := d.office.LatestDone(ctx)
	if err != nil || sweep.ID == d.sampled {
		return d.samples, err
	}
	list, _, err := d.Enterprises(ctx, "公司", looked) // by name: where a name is missing there is little else
	if err != nil {
		return nil, err
	}
	eligible := map[string]int{}
	for _, e := range list {
		decisions, _, err := d.office.Matches(ctx, sweep.ID, e.USCC)
		if errors.Is(err, store.ErrNotFound) {
			continue // delivered after the comparison
		}
		if err != nil {
			return nil, err
		}
		for _, x := range decisions {
			if x.Outcome == rules.Eligible {
				eligible[e.USCC]++
			}
		}
	}
	sortBy(list, func(a, b Enterprise) bool { return eligible[a.USCC] > eligible[b.USCC] })
	d.samples, d.sampled = list[:min(n, len(list))], sweep.ID
	return d.samples, nil
}

// Sweep is one comparison of all items with all enterprises.
type Sweep struct {
	ID         int64         `json:"id"`
	AsOf       civil.Date    `json:"as_of" doc:"基准日：比对看的是这一天的政策和数据"`
	KnownAt    string        `json:"known_at" format:"date-time" doc:"数据截止时刻：此前收到的数据才算数"`
	Status     string        `json:"status" enum:"running,held,done,failed" doc:"running 正在比对，held 等人核对，done 完成，failed 作废"`
	Purpose    string        `json:"purpose" enum:"nightly,manual,retroactive" doc:"nightly 定时，manual 人工，retroactive 回溯"`
	Slot       string        `json:"slot,omitempty" doc:"哪一次定时任务触发的"`
	Previous   int64         `json:"previous,omitempty" doc:"与哪一次比对相比"`
	Rows       int64         `json:"enterprises" doc:"比对多少家企业"`
	Shards     int           `json:"shards" doc:"分成几片"`
	Note       string        `json:"note,omitempty" doc:"为什么等人核对或者作废"`
	StartedAt  string        `json:"started_at" format:"date-time"`
	FinishedAt string        `json:"finished_at,omitempty" format:"date-time"`
	Snapshot   string        `json:"snapshot" doc:"企业数据快照的SHA-256"`
	Vocabulary string        `json:"vocabulary" doc:"指标字典版本的SHA-256"`
	Totals     OutcomeCounts `json:"totals"`
}

// OutcomeCounts counts decisions by outcome.
type OutcomeCounts struct {
	Eligible   int64 `json:"eligible" doc:"符合"`
	Unknown    int64 `json:"unknown" doc:"待核实"`
	Ineligible int64 `json:"ineligible" doc:"不符合"`
}

// SweepOf puts a comparison of the store into the form of the API.
func SweepOf(s store.Sweep) Sweep { return sweepOf(s) }

// Sweeps lists comparisons, the newest first: at most limit, after leaving out the first skip.
func (d *Desk) Sweeps(ctx context.Context, skip, limit int) (list []Sweep, more bool, err error) {
	all, err := d.office.Store.Sweeps(ctx, skip+limit+1)
	if err != nil {
		return nil, false, err
	}
	list = []Sweep{}
	for i, s := range all {
		if i >= skip && i < skip+limit {
			list = append(list, sweepOf(s))
		}
	}
	return list, len(all) > skip+limit, nil
}

const instant = "2006-01-02T15:04:05Z07:00"

func sweepOf(s store.Sweep) Sweep {
	out := Sweep{
		ID: s.ID, AsOf: s.AsOf, KnownAt: s.KnownAt.In(civil.Shanghai()).Format(instant), Status: string(s.Status), Slot: s.Slot,
		Purpose: string(s.Purpose), Previous: s.Previous, Rows: s.Rows, Shards: s.Shards, Note: s.Note,
		StartedAt: s.StartedAt.In(civil.Shanghai()).Format(instant), Snapshot: s.Snapshot, Vocabulary: s.Vocabulary,
		Totals: OutcomeCounts{Eligible: s.Eligible, Unknown: s.Unknown, Ineligible: s.Ineligible},
	}
	if !s.FinishedAt.IsZero() {
		out.FinishedAt = s.FinishedAt.In(civil.Shanghai()).Format(instant)
	}
	return out
}

// rule finds the rule of an item among what is current.
func rule(b *casework.Book, item string) (*rules.Rule, error) {
	r, ok := b.Rule(item)
	if !ok {
		return nil, fmt.Errorf("item %s: %w", item, ErrNotFound)
	}
	return r, nil
}
