package casework

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mianshen/engine"
	"mianshen/engine/kernel"
	"mianshen/internal/store"
	"mianshen/rules"
)

// Replayed is one decision computed again from what its sweep pins.
type Replayed struct {
	Decision Decision
	Line     []byte // the canonical bytes, computed again
	Same     bool   // they come to what is stored, and have the recorded hash where there is one
}

// Replay computes a decision again. store.ErrNotFound for an id that no sweep has.
func (o *Office) Replay(ctx context.Context, id string) (Replayed, error) {
	x, err := o.Explain(ctx, id)
	if err != nil {
		return Replayed{}, err
	}
	return Replayed{Decision: x.Decision, Line: x.Explanation.Decision.AppendLine(nil), Same: x.Reproduced}, nil
}

// ReplayReport is what computing a whole sweep again came to.
type ReplayReport struct {
	Sweep       int64
	Shards      int
	Pairs       int64    // pairs of enterprise and item decided again
	Differences int64    // recorded differences whose canonical bytes were computed again
	Wrong       []string // what isn't as stored, for people; at most maxWrong
	WrongTotal  int64
}

// maxWrong is how many contradictions a report names.
const maxWrong = 100

func (r *ReplayReport) wrong(format string, args ...any) {
	r.WrongTotal++
	if len(r.Wrong) < maxWrong {
		r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...))
	}
}

// ReplayAll decides a finished sweep again from what it pins, and holds the state of every shard and the hash of every recorded
// difference against what is stored, byte for byte. Sweep 0 is the newest finished one.
func (o *Office) ReplayAll(ctx context.Context, number int64, tell func(Progress)) (*ReplayReport, error) {
	sweep, err := o.LatestDone(ctx)
	if number != 0 {
		sweep, err = o.Store.Sweep(ctx, number)
	}
	if err != nil {
		return nil, err
	}
	if sweep.Status == store.Running || sweep.Status == store.Failed {
		return nil, fmt.Errorf("第 %d 次比对没有完成，没有可以重放的结果：%w", sweep.ID, store.ErrConflict)
	}
	n, err := o.night(ctx, sweep)
	if err != nil {
		return nil, err
	}
	report := &ReplayReport{Sweep: sweep.ID, Shards: sweep.Shards}
	err = o.Store.Shards(ctx, sweep.ID, func(h store.Shard) error {
		if tell != nil {
			defer tell(Progress{Sweep: sweep.ID, Done: h.N + 1, Total: sweep.Shards})
		}
		return n.replay(ctx, h, report)
	})
	if err != nil {
		return nil, err
	}
	return report, n.replayDifferences(ctx, report)
}

// replay decides a shard again.
func (n *night) replay(ctx context.Context, h store.Shard, report *ReplayReport) error {
	first, blocks := span(n.sweep.Plan, h.N)
	state, err := n.plan.Blocks(ctx, first, blocks)
	if err != nil {
		return err
	}
	report.Pairs += int64(state.Rows()) * int64(len(state.Items))
	if bytes.Equal(state.AppendState(nil), h.Body) {
		return nil
	}
	stored, err := engine.DecodeState(h.Body)
	if err != nil {
		report.wrong("第 %d 片的状态已损坏：%v", h.N, err)
		return nil
	}
	found := false
	engine.Differences(stored, state, func(c engine.Change) {
		found = true
		report.wrong("%s：存的是 %s，重算是 %s", DecisionID(n.sweep.ID, c.Item, n.table.Code(first*kernel.Rows+c.Row)), c.Was.Label(), c.Now.Label())
	})
	if !found {
		report.wrong("第 %d 片的字节与重算的不同", h.N)
	}
	return nil
}

// replayPage is how many differences are read, and computed again, at a time.
const replayPage = 200_000

// replayDifferences computes the canonical bytes of all recorded differences again, enterprise by enterprise within a page.
func (n *night) replayDifferences(ctx context.Context, report *ReplayReport) error {
	filter := store.DifferenceFilter{Limit: replayPage}
	for {
		page, err := n.office.Store.Differences(ctx, n.sweep.ID, filter)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			filter.AfterItem, filter.AfterEnterprise = page[len(page)-1].Item, page[len(page)-1].Enterprise
		}
		slices.SortFunc(page, func(a, b store.Difference) int {
			return cmp.Or(strings.Compare(a.Enterprise, b.Enterprise), strings.Compare(a.Item, b.Item))
		})
		if err := n.replayPage(ctx, page, report); err != nil {
			return err
		}
		if len(page) < replayPage {
			return nil
		}
	}
}

// replayPage computes the differences of a page again, in parallel over enterprises.
func (n *night) replayPage(ctx context.Context, page []store.Difference, report *ReplayReport) error {
	var mu sync.Mutex
	return n.parallel(ctx, runs(page, func(a, b store.Difference) bool { return a.Enterprise == b.Enterprise }), func(session *rules.Session, r run) error {
		mine := &ReplayReport{}
		err := n.replayFirm(session, page[r.from:r.to], mine)
		mu.Lock()
		defer mu.Unlock()
		report.Differences += mine.Differences
		for _, w := range mine.Wrong {
			report.wrong("%s", w)
		}
		return err
	})
}

// replayFirm computes the differences of one enterprise again.
func (n *night) replayFirm(session *rules.Session, list []store.Difference, report *ReplayReport) error {
	row, known := n.table.Row(list[0].Enterprise)
	if known {
		profile, err := n.table.Profile(row)
		if err != nil {
			return err
		}
		session.Load(profile)
	}
	for _, d := range list {
		r, ok := n.book.Rule(d.Item)
		due := ok && r.Due(n.sweep.AsOf)
		switch {
		case !due && d.SHA256 == ([32]byte{}): // the item isn't decided any more: there are no bytes
		case !due || !known:
			report.wrong("%s：事项或企业不在这次比对里", DecisionID(n.sweep.ID, d.Item, d.Enterprise))
		default:
			report.Differences++
			if store.Hash(engine.Decide(session, r).AppendLine(nil)) != hex.EncodeToString(d.SHA256[:]) {
				report.wrong("%s：重算的判定与留存的摘要不符", DecisionID(n.sweep.ID, d.Item, d.Enterprise))
			}
		}
	}
	return nil
}
