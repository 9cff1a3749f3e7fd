package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

func sweep(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 30)
	_, err := s.LatestSweep(ctx)
	wants(t, "before the first", err, store.ErrNotFound)
	plan := w.plan("2025-06-30T02:00", 3)
	plan.Policies, plan.Purpose = []string{w.other, w.policy, w.other}, store.Nightly
	begun := must[store.Sweep](t)(s.BeginSweep(ctx, plan, at(3)))
	want := store.Sweep{ID: begun.ID, Plan: plan, Status: store.Running, StartedAt: at(3)}
	want.Policies = []string{min(w.policy, w.other), max(w.policy, w.other)}
	equal(t, "begun", begun, want)
	equal(t, "running", must[[]store.Sweep](t)(s.RunningSweeps(ctx)), []store.Sweep{want})
	for n := range 3 {
		must[bool](t)(s.PutShard(ctx, begun.ID, shard(n, "b", "a"), at(3)))
	}
	var totals []store.Total
	for _, item := range []string{"a", "b"} {
		totals = append(totals, store.Total{Item: item, Outcome: store.Eligible, Decisions: 12, AmountFen: 13500},
			store.Total{Item: item, Outcome: store.Ineligible, Decisions: 10}, store.Total{Item: item, Outcome: store.Unknown, Decisions: 8})
	}
	before := must[[]store.Change](t)(s.Changes(ctx, 0, 100))
	check(t, s.FinishSweep(ctx, begun.ID, store.Done, "", totals, at(4)))
	check(t, s.FinishSweep(ctx, begun.ID, store.Done, "", nil, at(5))) // changes nothing
	want.Status, want.FinishedAt, want.Eligible, want.Ineligible, want.Unknown = store.Done, at(4), 24, 20, 16
	equal(t, "done", must[store.Sweep](t)(s.Sweep(ctx, begun.ID)), want)
	equal(t, "latest", must[store.Sweep](t)(s.LatestSweep(ctx)), want)
	equal(t, "by slot", must[store.Sweep](t)(s.SweepBySlot(ctx, plan.Slot)), want)
	equal(t, "running no more", must[[]store.Sweep](t)(s.RunningSweeps(ctx)), []store.Sweep(nil))
	want.Policies = nil
	equal(t, "list", must[[]store.Sweep](t)(s.Sweeps(ctx, 5)), []store.Sweep{want})
	equal(t, "summary", must[[]store.Total](t)(s.SweepSummary(ctx, begun.ID)), totals)
	after := must[[]store.Change](t)(s.Changes(ctx, before[len(before)-1].Seq, 100))
	if len(after) != 1 || after[0].Kind != store.ChangeSweep || after[0].Subject != fmt.Sprint(begun.ID) {
		t.Errorf("changes after the sweep are %v, want one of kind sweep", after)
	}
	_, err = s.SweepSummary(ctx, begun.ID+1)
	wants(t, "summary of unknown sweep", err, store.ErrNotFound)

	// A failed sweep is never the latest, nor is one into the past.
	failed := w.begin(t, s, 3)
	must[bool](t)(s.PutShard(ctx, failed, shard(0, "a"), at(5)))
	check(t, s.FinishSweep(ctx, failed, store.Failed, "停电", totals, at(6)))
	plan = w.plan("", 1)
	plan.Purpose, plan.Previous = store.Retroactive, begun.ID
	past := must[store.Sweep](t)(s.BeginSweep(ctx, plan, at(6)))
	equal(t, "previous", past.Previous, begun.ID)
	complete(t, s, past.ID, 1)
	if got := must[store.Sweep](t)(s.LatestSweep(ctx)); got.ID != begun.ID {
		t.Errorf("latest is %d, want %d, for %d failed and %d is retroactive", got.ID, begun.ID, failed, past.ID)
	}
	if got := must[store.Sweep](t)(s.Sweep(ctx, failed)); got.Note != "停电" || got.Eligible != 0 {
		t.Errorf("the failed sweep is %+v", got)
	}
	equal(t, "a failed sweep has no totals", must[[]store.Total](t)(s.SweepSummary(ctx, failed)), []store.Total(nil))
	wants(t, "end it the other way", s.FinishSweep(ctx, failed, store.Done, "", nil, at(7)), store.ErrConflict)
	wants(t, "end as running", s.FinishSweep(ctx, failed, store.Running, "", nil, at(7)), store.ErrInvalid)
	wants(t, "end none", s.FinishSweep(ctx, 999, store.Done, "", nil, at(7)), store.ErrNotFound)
}

func sweepSlot(t *testing.T, s *store.Store) {
	w := newWorld(t, s, 1)
	var won, lost atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			_, err := s.BeginSweep(t.Context(), w.plan("tick", 1), at(2))
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, store.ErrSlotTaken) && errors.Is(err, store.ErrConflict):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 || lost.Load() != 15 {
		t.Errorf("%d sweeps began and %d found the slot taken, want 1 and 15", won.Load(), lost.Load())
	}
	if n := count(t, s, "SELECT count(*) FROM sweep_policy"); n != 1 {
		t.Errorf("%d pinned policies are left, want 1", n)
	}
	first, second := w.begin(t, s, 1), w.begin(t, s, 1) // without a slot there may be many
	if first >= second {
		t.Errorf("the later sweep has number %d, the earlier %d", second, first)
	}
}

func sweepPins(t *testing.T, s *store.Store) {
	w := newWorld(t, s, 1)
	for name, test := range map[string]struct {
		spoil func(*store.Plan)
		want  error
	}{
		"snapshot":        {func(p *store.Plan) { p.Snapshot = "none" }, store.ErrNotFound},
		"vocabulary":      {func(p *store.Plan) { p.Vocabulary = "none" }, store.ErrNotFound},
		"policy":          {func(p *store.Plan) { p.Policies = []string{w.policy, "none"} }, store.ErrNotFound},
		"no policy":       {func(p *store.Plan) { p.Policies = nil }, store.ErrInvalid},
		"no day":          {func(p *store.Plan) { p.AsOf = civil.Date{} }, store.ErrInvalid},
		"no known-at":     {func(p *store.Plan) { p.KnownAt = p.KnownAt.AddDate(-9999, 0, 0) }, store.ErrInvalid},
		"no purpose":      {func(p *store.Plan) { p.Purpose = "" }, store.ErrInvalid},
		"negative shards": {func(p *store.Plan) { p.Shards = -1 }, store.ErrInvalid},
		"no previous":     {func(p *store.Plan) { p.Previous = 99 }, store.ErrNotFound},
		"slot with a NUL": {func(p *store.Plan) { p.Slot = "\x00" }, store.ErrInvalid},
	} {
		plan := w.plan("", 1)
		test.spoil(&plan)
		_, err := s.BeginSweep(t.Context(), plan, at(2))
		wants(t, name, err, test.want)
	}
	running := w.begin(t, s, 1)
	plan := w.plan("", 1)
	plan.Previous = running
	_, err := s.BeginSweep(t.Context(), plan, at(3))
	wants(t, "a previous sweep that runs", err, store.ErrConflict)
	if n := count(t, s, "SELECT count(*) - 1 FROM sweep") + count(t, s, "SELECT count(*) - 1 FROM sweep_policy"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func sweepWhole(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 30)
	id := w.begin(t, s, 3)
	must[bool](t)(s.PutShard(ctx, id, shard(0, "a"), at(3)))
	must[bool](t)(s.PutShard(ctx, id, shard(2, "a"), at(3)))
	for _, status := range []store.Status{store.Done, store.Held} {
		wants(t, "without shard 1", s.FinishSweep(ctx, id, status, "", nil, at(4)), store.ErrConflict)
	}
	equal(t, "shards that are there", must[[]int](t)(s.ShardsDone(ctx, id)), []int{0, 2})
	short := shard(1, "a")
	short.Rows = 9
	must[bool](t)(s.PutShard(ctx, id, short, at(3)))
	wants(t, "a row is missing", s.FinishSweep(ctx, id, store.Done, "", nil, at(4)), store.ErrConflict)
	check(t, s.FinishSweep(ctx, id, store.Failed, "", nil, at(4)))

	again := w.begin(t, s, 1)
	must[bool](t)(s.PutShard(ctx, again, shard(0), at(3)))
	good := store.Total{Item: "a", Outcome: store.Eligible, Decisions: 1}
	for name, test := range map[string]struct {
		total store.Total
		want  error
	}{
		"the same total twice":     {good, store.ErrConflict},
		"no item":                  {store.Total{Outcome: store.Unknown, Decisions: 1}, store.ErrInvalid},
		"no decisions":             {store.Total{Item: "b", Outcome: store.Unknown}, store.ErrInvalid},
		"a fourth outcome":         {store.Total{Item: "b", Outcome: "maybe", Decisions: 1}, store.ErrConflict},
		"money for the ineligible": {store.Total{Item: "b", Outcome: store.Ineligible, Decisions: 1, AmountFen: 1}, store.ErrConflict},
	} {
		wants(t, name, s.FinishSweep(ctx, again, store.Done, "", []store.Total{good, test.total}, at(4)), test.want)
	}
	if got := must[store.Sweep](t)(s.Sweep(ctx, again)); got.Status != store.Running {
		t.Errorf("it is %s, want it to run still", got.Status)
	}
	empty := w.begin(t, s, 0)
	check(t, s.FinishSweep(ctx, empty, store.Done, "", nil, at(4)))
}

func sweepHeld(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 10)
	changes := func() int { return len(must[[]store.Change](t)(s.Changes(ctx, 0, 100))) }
	before := changes()
	hold := func() int64 {
		id := w.begin(t, s, 1)
		wants(t, "release one that runs", s.ReleaseSweep(ctx, id, "甲", true, "", at(3)), store.ErrConflict)
		must[bool](t)(s.PutShard(ctx, id, shard(0, "a"), at(3)))
		check(t, s.FinishSweep(ctx, id, store.Held, "变化过大", []store.Total{{Item: "a", Outcome: store.Unknown, Decisions: 10}}, at(4)))
		return id
	}
	id := hold()
	_, err := s.LatestSweep(ctx)
	wants(t, "a held sweep isn't the latest", err, store.ErrNotFound)
	if got := must[store.Sweep](t)(s.Sweep(ctx, id)); got.Status != store.Held || got.Unknown != 10 || got.Note != "变化过大" || changes() != before {
		t.Errorf("the held sweep is %+v after %d changes", got, changes()-before)
	}
	wants(t, "finish a held one", s.FinishSweep(ctx, id, store.Done, "", nil, at(5)), store.ErrConflict)
	_, err = s.PutShard(ctx, id, store.Shard{N: 0, Body: []byte("else")}, at(5))
	wants(t, "another shard", err, store.ErrConflict)
	wants(t, "released by nobody", s.ReleaseSweep(ctx, id, "", true, "", at(5)), store.ErrInvalid)
	wants(t, "release none", s.ReleaseSweep(ctx, 999, "甲", true, "", at(5)), store.ErrNotFound)
	check(t, s.ReleaseSweep(ctx, id, "甲", true, "已核对", at(6)))
	check(t, s.ReleaseSweep(ctx, id, "乙", true, "", at(7))) // changes nothing
	wants(t, "refuse what is released", s.ReleaseSweep(ctx, id, "乙", false, "", at(7)), store.ErrConflict)
	got := must[store.Sweep](t)(s.LatestSweep(ctx))
	if got.ID != id || got.ReleasedBy != "甲" || got.ReleaseNote != "已核对" || !got.ReleasedAt.Equal(at(6)) || !got.FinishedAt.Equal(at(4)) || got.Note != "变化过大" {
		t.Errorf("released it is %+v", got)
	}
	if changes() != before+1 {
		t.Errorf("%d changes tell of it, want 1", changes()-before)
	}
	refused := hold()
	check(t, s.ReleaseSweep(ctx, refused, "甲", false, "数据有误", at(8)))
	if got := must[store.Sweep](t)(s.Sweep(ctx, refused)); got.Status != store.Failed || got.ReleaseNote != "数据有误" || changes() != before+1 {
		t.Errorf("refused it is %+v", got)
	}
}

func twoNodes(t *testing.T, s *store.Store) {
	const shards = 12
	w := newWorld(t, s, 10*shards)
	id := w.begin(t, s, shards)
	var added atomic.Int64
	var group sync.WaitGroup
	for node := range 4 {
		group.Go(func() {
			for i := range shards {
				mine, err := s.PutShard(t.Context(), id, shard((i+3*node)%shards, "a", "b"), at(3))
				if err != nil {
					t.Error(err)
				}
				if mine {
					added.Add(1)
				}
			}
			total := []store.Total{{Item: "a", Outcome: store.Unknown, Decisions: 10 * shards}}
			if err := s.FinishSweep(t.Context(), id, store.Done, "", total, at(4)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(must[[]store.Difference](t)(s.Differences(t.Context(), id, store.DifferenceFilter{}))); added.Load() != shards || n != 20*shards {
		t.Errorf("%d shards were added with %d differences, want %d and %d", added.Load(), n, shards, 20*shards)
	}
}

func slotRace(t *testing.T, s *store.Store) {
	for round := range 8 {
		var won atomic.Int64
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				mine, err := s.TakeSlot(t.Context(), "sweep", fmt.Sprint("tick ", round), at(round))
				if err != nil {
					t.Error(err)
				}
				if mine {
					won.Add(1)
				}
			})
		}
		group.Wait()
		if won.Load() != 1 {
			t.Errorf("round %d has %d winners", round, won.Load())
		}
	}
	if mine := must[bool](t)(s.TakeSlot(t.Context(), "other job", "tick 1", at(1))); !mine {
		t.Error("another job can't have a slot of that name")
	}
}

func slotFinish(t *testing.T, s *store.Store) {
	ctx := t.Context()
	wants(t, "finish what nobody took", s.FinishSlot(ctx, "job", "tick", "ok", at(1)), store.ErrNotFound)
	must[bool](t)(s.TakeSlot(ctx, "job", "tick", at(1)))
	wants(t, "finish without outcome", s.FinishSlot(ctx, "job", "tick", "", at(2)), store.ErrInvalid)
	check(t, s.FinishSlot(ctx, "job", "tick", "ok", at(2)))
	wants(t, "finish twice", s.FinishSlot(ctx, "job", "tick", "failed", at(3)), store.ErrConflict)
	if mine := must[bool](t)(s.TakeSlot(ctx, "job", "tick", at(4))); mine {
		t.Error("a finished slot is taken again")
	}
	_, err := s.TakeSlot(ctx, "", "tick", at(4))
	wants(t, "no job", err, store.ErrInvalid)
}
