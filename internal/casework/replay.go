package casework

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"

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

// replayPage is how many differences are read at a time.
const replayPage = 5000

// replayDifferences computes the canonical bytes of all recorded differences again.
func (n *night) replayDifferences(ctx context.Context, report *ReplayReport) error {
	session := n.book.NewSession(rules.Circumstances{AsOf: n.sweep.AsOf})
	var filter store.DifferenceFilter
	filter.Limit = replayPage
	for {
		page, err := n.office.Store.Differences(ctx, n.sweep.ID, filter)
		if err != nil {
			return err
		}
		for _, d := range page {
			if err := n.replayOne(ctx, session, d, report); err != nil {
				return err
			}
		}
		if len(page) < replayPage {
			return nil
		}
		filter.AfterItem, filter.AfterEnterprise = page[len(page)-1].Item, page[len(page)-1].Enterprise
	}
}

func (n *night) replayOne(ctx context.Context, session *rules.Session, d store.Difference, report *ReplayReport) error {
	r, ok := n.book.Rule(d.Item)
	if d.SHA256 == ([32]byte{}) && (!ok || !r.Due(n.sweep.AsOf)) {
		return ctx.Err() // the item isn't decided any more: there are no bytes
	}
	row, known := n.table.Row(d.Enterprise)
	if !ok || !known {
		report.wrong("%s：事项或企业不在这次比对里", DecisionID(n.sweep.ID, d.Item, d.Enterprise))
		return ctx.Err()
	}
	profile, err := n.table.Profile(row)
	if err != nil {
		return err
	}
	session.Load(profile)
	line := engine.Decide(session, r).AppendLine(nil)
	report.Differences++
	if store.Hash(line) != hex.EncodeToString(d.SHA256[:]) {
		report.wrong("%s：重算的判定与留存的摘要不符", DecisionID(n.sweep.ID, d.Item, d.Enterprise))
	}
	return ctx.Err()
}
