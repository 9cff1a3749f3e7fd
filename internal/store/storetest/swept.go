package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mianshen/internal/store"
	"mianshen/rules/civil"
)

func snapshots(t *testing.T, s *store.Store) {
	ctx := t.Context()
	_, err := s.LatestSnapshot(ctx)
	wants(t, "before the first", err, store.ErrNotFound)
	first := must[store.Snapshot](t)(putFirms(ctx, s, 1203))
	want := store.Snapshot{ID: first.ID, ReceivedAt: at(1), Source: "甲", Profiles: 1203}
	equal(t, "stored", first, want)
	again, isNew, err := s.PutSnapshot(ctx, store.Snapshot{ReceivedAt: at(5), Source: "乙"}, firms(1203))
	check(t, err)
	if isNew {
		t.Error("the same profiles are a new snapshot")
	}
	equal(t, "stored again", again, want)
	if n := count(t, s, "SELECT count(*) FROM profile"); n != 1203 {
		t.Errorf("%d profiles are stored, want 1203", n)
	}
	second := must[store.Snapshot](t)(putFirms(ctx, s, 1202))
	if second.ID == first.ID {
		t.Error("another set of profiles has the same id")
	}
	equal(t, "latest", must[store.Snapshot](t)(s.LatestSnapshot(ctx)), second)
	equal(t, "by id", must[store.Snapshot](t)(s.Snapshot(ctx, first.ID)), first)

	// Parts that move from one field to the next give another id: each has its length before it.
	a, _, err := s.PutSnapshot(ctx, store.Snapshot{ReceivedAt: at(1), Source: "甲"}, list(store.Profile{USCC: uscc(1), Name: "ab", Body: []byte("c")}))
	check(t, err)
	b, _, err := s.PutSnapshot(ctx, store.Snapshot{ReceivedAt: at(1), Source: "甲"}, list(store.Profile{USCC: uscc(1), Name: "a", Body: []byte("bc")}))
	check(t, err)
	if a.ID == b.ID {
		t.Error("name ab with body c has the id of name a with body bc")
	}
	if e := must[store.Enterprise](t)(s.Enterprise(ctx, uscc(1))); e.Name != "a" {
		t.Errorf("the enterprise is called %q, want the newest name a", e.Name)
	}
	if p := must[store.Profile](t)(s.Profile(ctx, a.ID, uscc(1))); p.Name != "ab" {
		t.Errorf("the old snapshot calls it %q, want ab", p.Name)
	}
}

func profilePages(t *testing.T, s *store.Store) {
	for _, n := range []int{0, 1, 399, 400, 500, 501, 1000} { // around the sizes of batches and pages
		snapshot := must[store.Snapshot](t)(putFirms(t.Context(), s, n))
		var want []store.Profile
		for p, err := range firms(n) {
			check(t, err)
			want = append(want, p)
		}
		equal(t, fmt.Sprintf("profiles of %d", n), collect(t, s, snapshot.ID), want)
	}
	snapshot := must[store.Snapshot](t)(putFirms(t.Context(), s, 501))
	want := store.Profile{USCC: uscc(500), Name: "示例500号有限公司", Body: []byte(`{"n":500}`)}
	equal(t, "one profile", must[store.Profile](t)(s.Profile(t.Context(), snapshot.ID, uscc(500))), want)
	_, err := s.Profile(t.Context(), snapshot.ID, uscc(501))
	wants(t, "one that it doesn't hold", err, store.ErrNotFound)
	wants(t, "profiles of none", s.Profiles(t.Context(), "none", nil), store.ErrNotFound)
	enough := errors.New("enough")
	calls := 0
	err = s.Profiles(t.Context(), snapshot.ID, func(p store.Profile) error {
		must[store.Enterprise](t)(s.Enterprise(t.Context(), p.USCC)) // may call the store
		if calls++; calls == 3 {
			return enough
		}
		return nil
	})
	wants(t, "the caller's own error", err, enough)
	empty := must[store.Snapshot](t)(s.Snapshot(t.Context(), must[store.Snapshot](t)(putFirms(t.Context(), s, 0)).ID))
	if empty.Profiles != 0 {
		t.Errorf("the empty snapshot has %d profiles", empty.Profiles)
	}
}

func brokenSnapshot(t *testing.T, s *store.Store) {
	broken := errors.New("broken")
	firm := func(code, name string) store.Profile { return store.Profile{USCC: code, Name: name} }
	for name, test := range map[string]struct {
		second store.Profile
		err    error
		want   error
	}{
		"order":      {firm(uscc(1), "a"), nil, store.ErrInvalid},
		"twice":      {firm(uscc(5), "a"), nil, store.ErrInvalid},
		"short code": {firm("9131", "a"), nil, store.ErrInvalid},
		"lower case": {firm(strings.ToLower(uscc(6)), "a"), nil, store.ErrInvalid},
		"full width": {firm("９１３１１８", "a"), nil, store.ErrInvalid},
		"no name":    {firm(uscc(6), ""), nil, store.ErrInvalid},
		"the source": {firm(uscc(6), "a"), broken, broken},
	} {
		_, _, err := s.PutSnapshot(t.Context(), store.Snapshot{ReceivedAt: at(1), Source: "甲"}, func(yield func(store.Profile, error) bool) {
			if yield(firm(uscc(5), "a"), nil) {
				yield(test.second, test.err)
			}
		})
		wants(t, name, err, test.want)
	}
	_, _, err := s.PutSnapshot(t.Context(), store.Snapshot{Source: "甲"}, firms(1))
	wants(t, "no time", err, store.ErrInvalid)
	if n := count(t, s, "SELECT count(*) FROM profile") + count(t, s, "SELECT count(*) FROM snapshot") + count(t, s, "SELECT count(*) FROM change"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func enterprises(t *testing.T, s *store.Store) {
	named := []string{"上海青浦科技有限公司", "青浦ＡＢＣ材料有限公司", "青浦abd材料有限公司", "百分之100%纯有限公司", "下_划线有限公司", `反\斜线有限公司`, "同名有限公司", "同名有限公司"}
	var all []store.Profile
	for i, name := range named {
		all = append(all, store.Profile{USCC: uscc(i), Name: name})
	}
	_, _, err := s.PutSnapshot(t.Context(), store.Snapshot{ReceivedAt: at(1), Source: "甲"}, list(all...))
	check(t, err)
	for _, test := range []struct {
		query string
		limit int
		want  []int
	}{
		{uscc(3), 10, []int{3}},
		{strings.ToLower(uscc(3)[:17]), 2, []int{0, 4}}, // by name, up to the limit
		{"青浦", 10, []int{2, 1, 0}},                      // names that begin with it come first
		{"ａｂｃ", 10, []int{1}},
		{"AB", 10, []int{2, 1}},
		{"%", 10, []int{3}},
		{"_", 10, []int{4}},
		{`\`, 10, []int{5}},
		{"同名", 10, []int{6, 7}},
		{" 同名 ", 1, []int{6}},
		{"没有", 10, nil},
		{"' OR 1=1 --", 10, nil},
	} {
		var want []store.Enterprise
		for _, n := range test.want {
			want = append(want, store.Enterprise{USCC: uscc(n), Name: named[n]})
		}
		equal(t, fmt.Sprintf("search %q", test.query), must[[]store.Enterprise](t)(s.SearchEnterprises(t.Context(), test.query, test.limit)), want)
	}
	if n := len(must[[]store.Enterprise](t)(s.SearchEnterprises(t.Context(), "", 100))); n != len(named) {
		t.Errorf("the empty query finds %d, want all %d", n, len(named))
	}
	if n := len(must[[]store.Enterprise](t)(s.SearchEnterprises(t.Context(), "", -1))); n != 0 {
		t.Errorf("a negative limit finds %d", n)
	}
	_, err = s.SearchEnterprises(t.Context(), strings.Repeat("%", 501), 10)
	wants(t, "a long query", err, store.ErrInvalid)
	_, err = s.Enterprise(t.Context(), uscc(99))
	wants(t, "unknown enterprise", err, store.ErrNotFound)
}

func sweep(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 30)
	_, err := s.LatestSweep(ctx)
	wants(t, "before the first", err, store.ErrNotFound)
	_, err = s.Matches(ctx, 0, uscc(1))
	wants(t, "matches before the first", err, store.ErrNotFound)
	plan := w.plan("2025-06-30T02:00")
	plan.Policies = []string{w.other, w.policy, w.other}
	begun := must[store.Sweep](t)(s.BeginSweep(ctx, plan, at(3)))
	want := store.Sweep{ID: begun.ID, Plan: plan, Status: store.Running, StartedAt: at(3)}
	want.Policies = []string{min(w.policy, w.other), max(w.policy, w.other)}
	equal(t, "begun", begun, want)
	all := append(w.decisions("item-b", 30), w.decisions("item-a", 30)...)
	if n := must[int64](t)(s.PutDecisions(ctx, begun.ID, all)); n != 60 {
		t.Errorf("%d decisions are new, want 60", n)
	}
	before := must[[]store.Change](t)(s.Changes(ctx, 0, 100))
	check(t, s.FinishSweep(ctx, begun.ID, store.Done, "", at(4)))
	check(t, s.FinishSweep(ctx, begun.ID, store.Done, "", at(5))) // changes nothing
	want.Status, want.FinishedAt, want.Eligible, want.Ineligible, want.Unknown = store.Done, at(4), 20, 20, 20
	equal(t, "done", must[store.Sweep](t)(s.Sweep(ctx, begun.ID)), want)
	equal(t, "latest", must[store.Sweep](t)(s.LatestSweep(ctx)), want)
	equal(t, "by slot", must[store.Sweep](t)(s.SweepBySlot(ctx, plan.Slot)), want)
	want.Policies = nil
	equal(t, "list", must[[]store.Sweep](t)(s.Sweeps(ctx, 5)), []store.Sweep{want})
	var totals []store.Total
	for _, item := range []string{"item-a", "item-b"} { // firms 0, 3, ... 27 at 100 分 a number: 135 * 100
		totals = append(totals, store.Total{Item: item, Outcome: store.Eligible, Decisions: 10, AmountFen: 13500},
			store.Total{Item: item, Outcome: store.Ineligible, Decisions: 10}, store.Total{Item: item, Outcome: store.Unknown, Decisions: 10})
	}
	equal(t, "summary", must[[]store.Total](t)(s.SweepSummary(ctx, begun.ID)), totals)
	after := must[[]store.Change](t)(s.Changes(ctx, before[len(before)-1].Seq, 100))
	if len(after) != 1 || after[0].Kind != store.ChangeSweep || after[0].Subject != fmt.Sprint(begun.ID) {
		t.Errorf("changes after the sweep are %v, want one of kind sweep", after)
	}
	matches := must[[]store.Decision](t)(s.Matches(ctx, 0, uscc(3)))
	var decisions []store.Decision
	for _, item := range []string{"item-a", "item-b"} {
		d := w.decision(item, 3)
		d.Sweep, d.PolicyID, d.SHA256 = begun.ID, "p1", store.Hash(d.Body)
		decisions = append(decisions, d)
	}
	equal(t, "matches", matches, decisions)
	equal(t, "one decision", must[store.Decision](t)(s.Decision(ctx, decisions[0].ID)), decisions[0])
	_, err = s.Decision(ctx, "none")
	wants(t, "unknown decision", err, store.ErrNotFound)
	_, err = s.Matches(ctx, 0, uscc(77))
	wants(t, "unknown enterprise", err, store.ErrNotFound)
	_, err = s.Matches(ctx, begun.ID+1, uscc(3))
	wants(t, "unknown sweep", err, store.ErrNotFound)
	_, err = s.SweepSummary(ctx, begun.ID+1)
	wants(t, "summary of unknown sweep", err, store.ErrNotFound)

	// A failed sweep is never the latest, a second good one is.
	failed := w.begin(t, s)
	must[int64](t)(s.PutDecisions(ctx, failed, w.decisions("item-a", 3)))
	check(t, s.FinishSweep(ctx, failed, store.Failed, "停电", at(6)))
	if got := must[store.Sweep](t)(s.LatestSweep(ctx)); got.ID != begun.ID {
		t.Errorf("latest is %d, want %d, for %d failed", got.ID, begun.ID, failed)
	}
	if got := must[store.Sweep](t)(s.Sweep(ctx, failed)); got.Note != "停电" || got.Eligible != 0 {
		t.Errorf("the failed sweep is %+v", got)
	}
	wants(t, "end it the other way", s.FinishSweep(ctx, failed, store.Done, "", at(7)), store.ErrConflict)
	wants(t, "end as running", s.FinishSweep(ctx, failed, store.Running, "", at(7)), store.ErrInvalid)
	wants(t, "end none", s.FinishSweep(ctx, 999, store.Done, "", at(7)), store.ErrNotFound)
}

func sweepSlot(t *testing.T, s *store.Store) {
	w := newWorld(t, s, 1)
	var won, lost atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			_, err := s.BeginSweep(t.Context(), w.plan("tick"), at(2))
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
	first, second := w.begin(t, s), w.begin(t, s) // without a slot there may be many
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
		"slot with a NUL": {func(p *store.Plan) { p.Slot = "\x00" }, store.ErrInvalid},
	} {
		plan := w.plan("")
		test.spoil(&plan)
		_, err := s.BeginSweep(t.Context(), plan, at(2))
		wants(t, name, err, test.want)
	}
	if n := count(t, s, "SELECT count(*) FROM sweep") + count(t, s, "SELECT count(*) FROM sweep_policy"); n != 0 {
		t.Errorf("%d rows are left", n)
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
