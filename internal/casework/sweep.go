package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"mianshen/engine"
	"mianshen/engine/kernel"
	"mianshen/internal/facts"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// SweepRequest says what to compare.
type SweepRequest struct {
	AsOf    civil.Date // the day whose law and facts count
	KnownAt time.Time  // what had been received by then counts; zero: Now
	Now     time.Time
	Slot    string        // the tick of the schedule that wants it; "": none
	Purpose store.Purpose // "": Manual
	Shard   int           // how many rows a shard has; 0: 65,536. It is rounded up to whole blocks.
	Hold    int           // a sweep that changes more than so many percent of what was decided before waits for a person; 0: 30, below 0: never
}

// Progress says how far a sweep is.
type Progress struct {
	Sweep       int64
	Done, Total int // shards
}

// Bounds of a sweep.
const (
	shardRows = 16 * kernel.Rows
	// holdPercent and holdPairs are from where on a sweep waits for a person: a share of the pairs decided before that weren't
	// ineligible, and at least so many pairs.
	holdPercent = 30
	holdPairs   = 100
	// firstPairs is up to how many pairs a first sweep, which has nothing to differ from, records each as a difference from
	// nothing. Beyond, the state alone says what it came to.
	firstPairs = 5_000_000
)

// Prepare builds the snapshot of a day from what had been received, and makes it the latest one unless the purpose is to look
// back. ErrNothing: nothing was published or delivered yet.
func (o *Office) Prepare(ctx context.Context, r SweepRequest) (*Book, store.Snapshot, error) {
	book, err := o.Current(ctx)
	if err != nil {
		return nil, store.Snapshot{}, err
	}
	if r.KnownAt.IsZero() {
		r.KnownAt = r.Now
	}
	accepted, err := o.Store.Deliveries(ctx, store.DeliveryFilter{State: store.Accepted, KnownAt: r.KnownAt, Limit: 1})
	if err != nil {
		return nil, store.Snapshot{}, err
	}
	if len(accepted) == 0 {
		return nil, store.Snapshot{}, ErrNothing
	}
	snap, err := facts.Build(ctx, o.Store, book.Book.Vocabulary, facts.Request{
		Vocabulary: book.Vocabulary, AsOf: r.AsOf, KnownAt: r.KnownAt, Now: r.Now, Announce: r.Purpose != store.Retroactive,
	})
	return book, snap, err
}

// Sweep compares all current items with all enterprises as of a day, and stores the state and what differs from the sweep
// before. A slot that already has its sweep gives that one and store.ErrSlotTaken; one that is still running is gone on with.
func (o *Office) Sweep(ctx context.Context, r SweepRequest, tell func(Progress)) (store.Sweep, error) {
	book, snap, err := o.Prepare(ctx, r)
	if err != nil {
		return store.Sweep{}, err
	}
	plan, err := o.plan(ctx, r, book, snap)
	if err != nil {
		return store.Sweep{}, err
	}
	began := time.Now()
	sweep, err := o.Store.BeginSweep(ctx, plan, r.Now)
	if errors.Is(err, store.ErrSlotTaken) {
		taken, lookup := o.Store.SweepBySlot(ctx, r.Slot)
		if lookup != nil || taken.Status != store.Running {
			return taken, errors.Join(err, lookup)
		}
		sweep, err = taken, nil
	}
	if err != nil {
		return store.Sweep{}, err
	}
	return o.finish(ctx, sweep, r.Now, began, tell)
}

// plan pins what a sweep compares.
func (o *Office) plan(ctx context.Context, r SweepRequest, book *Book, snap store.Snapshot) (store.Plan, error) {
	plan := store.Plan{
		Slot: r.Slot, Purpose: r.Purpose, AsOf: r.AsOf, KnownAt: r.KnownAt, Snapshot: snap.ID, Vocabulary: book.Vocabulary,
		Policies: book.VersionIDs(), Rows: snap.Rows, Hold: r.Hold,
	}
	switch {
	case plan.Hold == 0:
		plan.Hold = holdPercent
	case plan.Hold < 0:
		plan.Hold = -1
	}
	if plan.Purpose == "" {
		plan.Purpose = store.Manual
	}
	if plan.KnownAt.IsZero() {
		plan.KnownAt = r.Now
	}
	size := r.Shard
	if size <= 0 {
		size = shardRows
	}
	size = (size + kernel.Rows - 1) / kernel.Rows * kernel.Rows
	plan.Shards = int((snap.Rows + int64(size) - 1) / int64(size))
	if plan.Purpose == store.Retroactive {
		return plan, nil
	}
	last, err := o.Store.LatestSweep(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return plan, nil
	}
	if err != nil {
		return plan, err
	}
	same, err := o.follows(ctx, snap, last.Snapshot)
	if same {
		plan.Previous = last.ID
	}
	return plan, err
}

// Resume goes on with sweeps that a process has left running, the oldest first.
func (o *Office) Resume(ctx context.Context, now time.Time, tell func(Progress)) ([]store.Sweep, error) {
	running, err := o.Store.RunningSweeps(ctx)
	if err != nil {
		return nil, err
	}
	var out []store.Sweep
	for _, sweep := range running {
		done, err := o.finish(ctx, sweep, now, time.Now(), tell)
		if err != nil {
			return out, err
		}
		out = append(out, done)
	}
	return out, nil
}

// finish decides the shards that are missing and ends the sweep. A stored state that is damaged, or contradicts what is decided
// now, gives the sweep up. After any other error it stays running: what it has stored counts when it is gone on with.
func (o *Office) finish(ctx context.Context, sweep store.Sweep, from, began time.Time, tell func(Progress)) (store.Sweep, error) {
	now := func() time.Time { return from.Add(time.Since(began)) }
	totals, held, err := o.decideAll(ctx, sweep, now, tell)
	switch {
	case errors.Is(err, engine.ErrState), errors.Is(err, ErrContradiction):
		giveUp := context.WithoutCancel(ctx)
		return sweep, errors.Join(err, o.Store.FinishSweep(giveUp, sweep.ID, store.Failed, "存的比对状态已损坏或前后矛盾，这次比对作废，请重新比对", nil, now()))
	case err != nil:
		return sweep, err
	}
	status := store.Done
	if held != "" {
		status = store.Held
	}
	if err := o.Store.FinishSweep(ctx, sweep.ID, status, held, totals, now()); err != nil {
		return sweep, err
	}
	return o.Store.Sweep(ctx, sweep.ID)
}

// night is one sweep being worked on.
type night struct {
	office  *Office
	sweep   store.Sweep
	book    *Book
	table   *engine.Table
	around  rules.Circumstances
	plan    *engine.Plan
	before  *engine.Result // of the sweep before; nil: none
	changed int            // pairs of items that were decided before, and came out otherwise
	against int            // pairs of those items that weren't ineligible before
	kept    map[string]bool
}

func (o *Office) decideAll(ctx context.Context, sweep store.Sweep, now func() time.Time, tell func(Progress)) ([]store.Total, string, error) {
	n, err := o.night(ctx, sweep)
	if err != nil {
		return nil, "", err
	}
	done, err := o.Store.ShardsDone(ctx, sweep.ID)
	if err != nil {
		return nil, "", err
	}
	parts := make([]*engine.Result, sweep.Shards)
	stored := map[int]bool{}
	for _, i := range done {
		stored[i] = true
		if parts[i], err = o.shard(ctx, sweep.ID, i); err != nil {
			return nil, "", err
		}
		first, blocks := span(sweep.Plan, i)
		n.weigh(i, n.changes(first, blocks, parts[i]))
	}
	finished := len(done)
	if tell == nil {
		tell = func(Progress) {}
	}
	tell(Progress{Sweep: sweep.ID, Done: finished, Total: sweep.Shards})
	for i := range parts {
		if stored[i] {
			continue
		}
		if parts[i], err = n.shard(ctx, i, now()); err != nil {
			return nil, "", err
		}
		finished++
		tell(Progress{Sweep: sweep.ID, Done: finished, Total: sweep.Shards})
	}
	totals, err := summarise(parts)
	return totals, n.hold(), err
}

// night opens what a sweep has pinned.
func (o *Office) night(ctx context.Context, sweep store.Sweep) (*night, error) {
	book, err := o.Of(ctx, sweep.Plan)
	if err != nil {
		return nil, err
	}
	n := &night{office: o, sweep: sweep, book: book, kept: map[string]bool{}}
	snap, err := o.Store.Snapshot(ctx, sweep.Snapshot)
	if err != nil {
		return nil, err
	}
	if n.table, err = o.Table(ctx, book.Book.Vocabulary, snap); err != nil {
		return nil, err
	}
	if n.around, err = o.Circumstances(ctx, sweep); err != nil {
		return nil, err
	}
	if n.plan, err = engine.NewPlan(n.table, book.Book, book.Due(sweep.AsOf), n.around); err != nil {
		return nil, err
	}
	if sweep.Previous == 0 {
		return n, nil
	}
	previous, err := o.Store.Sweep(ctx, sweep.Previous)
	if err != nil {
		return nil, err
	}
	if n.before, err = o.State(ctx, previous); err != nil {
		return nil, err
	}
	err = n.compareWith(ctx, previous)
	return n, err
}

// follows says whether the rows of a snapshot are the first rows of a later one: two nodes that built snapshots at the same
// moment may have numbered new enterprises differently, and then nothing can be compared row by row. A file has one process,
// which builds one snapshot after the other.
func (o *Office) follows(ctx context.Context, snap store.Snapshot, previous string) (bool, error) {
	if o.Store.Kind() == store.SQLite || snap.ID == previous {
		return true, nil
	}
	earlier, err := o.Store.Snapshot(ctx, previous)
	if err != nil {
		return false, err
	}
	then, err := facts.Codes(ctx, o.Store, earlier)
	if err != nil {
		return false, err
	}
	codes, err := facts.Codes(ctx, o.Store, snap)
	if err != nil {
		return false, err
	}
	return len(then) <= len(codes) && slices.Equal(then, codes[:len(then)]), nil
}

// compareWith finds the items whose policy is the same version in both sweeps: only they show whether data moved too much.
func (n *night) compareWith(ctx context.Context, previous store.Sweep) error {
	old, err := n.office.Of(ctx, previous.Plan)
	if err != nil {
		return err
	}
	for _, r := range n.book.Rules {
		if old.Versions[r.Policy.ID] == n.book.Versions[r.Policy.ID] {
			n.kept[r.Item.ID] = true
		}
	}
	return nil
}

// shard decides one shard and stores it with its differences, in one transaction. An item of which columns and the rule's own
// program come to different things is decided by its program alone, and noted as a fault.
func (n *night) shard(ctx context.Context, i int, now time.Time) (*engine.Result, error) {
	first, blocks := span(n.sweep.Plan, i)
	h := store.Shard{N: i, First: int64(first * kernel.Rows)}
	var state *engine.Result
	for {
		var err error
		if state, err = n.plan.Blocks(ctx, first, blocks); err != nil {
			return nil, err
		}
		changes := n.changes(first, blocks, state)
		h.Differences, err = n.differences(ctx, first*kernel.Rows, changes)
		var wrong *Contradiction
		if errors.As(err, &wrong) && n.plan.Distrust(wrong.Item) {
			h.Faults = append(h.Faults, store.Fault{Item: wrong.Item, Reason: "按列比对与规则程序的结果不一致，已全部改用规则程序判定", Pairs: int64(state.Rows())})
			continue
		}
		if err != nil {
			return nil, err
		}
		n.weigh(i, changes)
		break
	}
	h.Rows, h.Body = int64(state.Rows()), state.AppendState(nil)
	var err error
	for f, pairs := range state.Faults {
		h.Faults = append(h.Faults, store.Fault{Item: f.Item, Reason: f.Reason, Pairs: int64(pairs)})
	}
	if h.Counts, err = json.Marshal(state.Items); err != nil {
		return nil, err
	}
	_, err = n.office.Store.PutShard(ctx, n.sweep.ID, h, now)
	return state, err
}

// changes are the pairs of a shard that come out otherwise than before; nil where there is nothing to differ from.
func (n *night) changes(first, blocks int, state *engine.Result) []engine.Change {
	var out []engine.Change
	before := n.before
	if before == nil {
		if n.sweep.Rows*int64(len(n.plan.Items())) > firstPairs {
			return nil
		}
		before = &engine.Result{}
	}
	engine.Differences(before.Slice(first, blocks), state, func(c engine.Change) { out = append(out, c) })
	return out
}

// weigh counts how much a shard moves what was decided before.
func (n *night) weigh(i int, changes []engine.Change) {
	if n.before == nil {
		return
	}
	first, blocks := span(n.sweep.Plan, i)
	for _, c := range changes {
		if n.kept[c.Item] {
			n.changed++
		}
	}
	for _, t := range n.before.Slice(first, blocks).Items {
		if n.kept[t.Item] {
			n.against += t.Eligible + t.Unknown
		}
	}
}

// hold says why the sweep must wait for a person, "" when it needn't.
func (n *night) hold() string {
	percent := n.sweep.Hold
	if percent < 0 || n.changed < holdPairs || n.changed*100 <= n.against*percent {
		return ""
	}
	return fmt.Sprintf("与上一次比对（第 %d 次）相比，有 %d 个结果变了，上一次符合和待核实的共 %d 个，超过 %d%%：请核对新到的数据后放行或作废", n.sweep.Previous, n.changed, n.against, percent)
}

func summarise(parts []*engine.Result) ([]store.Total, error) {
	all, err := engine.Concat(parts)
	if err != nil {
		return nil, err
	}
	var out []store.Total
	for _, t := range all.Items {
		if t.Overflow {
			t.Sum = math.MaxInt64 // one item's sum beyond what money counts must not stop the others
		}
		for _, x := range []struct {
			outcome store.Outcome
			n       int
			sum     int64
		}{{store.Eligible, t.Eligible, int64(t.Sum)}, {store.Ineligible, t.Ineligible, 0}, {store.Unknown, t.Unknown, 0}} {
			if x.n > 0 {
				out = append(out, store.Total{Item: t.Item, Outcome: x.outcome, Decisions: int64(x.n), AmountFen: x.sum})
			}
		}
	}
	return out, nil
}
