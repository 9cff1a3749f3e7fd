package casework

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mianshen/engine"
	"mianshen/engine/kernel"
	"mianshen/internal/facts"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// shelf keeps what was read lately: the table of one snapshot, a few shards of sweeps, and what one sweep decides with.
type shelf struct {
	mu       sync.Mutex
	snapshot string
	own      *engine.Table     // of the snapshot, as its own vocabulary has it
	words    *rules.Vocabulary // as which it was asked for last
	table    *engine.Table
	shards   map[shardKey]*engine.Result
	order    []shardKey
	around   rules.Circumstances
	aroundOf int64 // the sweep; 0: none
}

type shardKey struct {
	sweep int64
	n     int
}

// keptShards is how many shards are kept; one takes a few MiB at a thousand items.
const keptShards = 8

// Table opens the table of a snapshot as a vocabulary sees it; the newest one asked for is kept. Where the vocabulary isn't the
// snapshot's own, fields whose type or unit is another are missing. The table is shared: nobody may change it.
func (o *Office) Table(ctx context.Context, v *rules.Vocabulary, snap store.Snapshot) (*engine.Table, error) {
	o.kept.mu.Lock()
	defer o.kept.mu.Unlock()
	if o.kept.snapshot == snap.ID && o.kept.words == v {
		return o.kept.table, nil
	}
	if o.kept.snapshot != snap.ID {
		own, err := o.open(ctx, snap)
		if err != nil {
			return nil, err
		}
		o.kept.snapshot, o.kept.own = snap.ID, own
	}
	o.kept.words, o.kept.table = v, o.kept.own.As(v)
	return o.kept.table, nil
}

// open opens the table of a snapshot as its own vocabulary has it.
func (o *Office) open(ctx context.Context, snap store.Snapshot) (*engine.Table, error) {
	words, err := o.Store.VocabularyVersion(ctx, snap.Vocabulary)
	if err != nil {
		return nil, err
	}
	own, mistakes := rules.ParseVocabulary("vocabulary.yaml", words.Body)
	if err := mistakes.Err(); err != nil {
		return nil, fmt.Errorf("vocabulary %s: %w", snap.Vocabulary, err)
	}
	t, err := facts.Open(context.WithoutCancel(ctx), o.Store, own, snap)
	if err != nil {
		return nil, err
	}
	return t, facts.Prefetch(ctx, t, nil)
}

// Latest opens the table of the snapshot announced last. ErrNothing: nothing was delivered yet.
func (o *Office) Latest(ctx context.Context, v *rules.Vocabulary) (store.Snapshot, *engine.Table, error) {
	snap, err := o.Store.LatestSnapshot(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return snap, nil, ErrNothing
	}
	if err != nil {
		return snap, nil, err
	}
	t, err := o.Table(ctx, v, snap)
	return snap, t, err
}

// shard returns the state of one shard of a sweep.
func (o *Office) shard(ctx context.Context, sweep int64, n int) (*engine.Result, error) {
	key := shardKey{sweep, n}
	o.kept.mu.Lock()
	kept := o.kept.shards[key]
	o.kept.mu.Unlock()
	if kept != nil {
		return kept, nil
	}
	stored, err := o.Store.ShardOf(ctx, sweep, n)
	if err != nil {
		return nil, err
	}
	state, err := engine.DecodeState(stored.Body)
	if err != nil {
		return nil, fmt.Errorf("shard %d of sweep %d: %w", n, sweep, err)
	}
	o.kept.mu.Lock()
	defer o.kept.mu.Unlock()
	if o.kept.shards == nil {
		o.kept.shards = map[shardKey]*engine.Result{}
	}
	if len(o.kept.order) >= keptShards {
		delete(o.kept.shards, o.kept.order[0])
		o.kept.order = o.kept.order[1:]
	}
	o.kept.shards[key] = state
	o.kept.order = append(o.kept.order, key)
	return state, nil
}

// State is what a finished sweep came to, all shards joined. Row i is row i of its snapshot.
func (o *Office) State(ctx context.Context, sweep store.Sweep) (*engine.Result, error) {
	parts := make([]*engine.Result, 0, sweep.Shards)
	err := o.Store.Shards(ctx, sweep.ID, func(h store.Shard) error {
		state, err := engine.DecodeState(h.Body)
		if err != nil {
			return fmt.Errorf("shard %d of sweep %d: %w", h.N, sweep.ID, err)
		}
		parts = append(parts, state)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return engine.Concat(parts)
}

// span is which blocks a shard of a sweep covers.
func span(plan store.Plan, n int) (first, blocks int) {
	all := int((plan.Rows + kernel.Rows - 1) / kernel.Rows)
	each := (all + plan.Shards - 1) / plan.Shards
	first = min(n*each, all)
	return first, min(each, all-first)
}

// Due lists the rules that are decided on the day.
func (b *Book) Due(asOf civil.Date) []*rules.Rule {
	var out []*rules.Rule
	for _, r := range b.Rules {
		if r.Due(asOf) {
			out = append(out, r)
		}
	}
	return out
}
