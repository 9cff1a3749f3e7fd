package storetest

import (
	"errors"
	"fmt"
	"testing"

	"mianshen/internal/store"
)

func shardsOnce(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 20)
	id := w.begin(t, s, 2)
	first, second := shard(0, "b", "a"), shard(1, "a")
	first.SHA256 = hash("all that the first says")
	first.Faults = []store.Fault{{Item: "b", Reason: "除数为零", Pairs: 2}, {Item: "a", Reason: "溢出", Pairs: 1}}
	second.Faults = []store.Fault{{Item: "b", Reason: "除数为零", Pairs: 3}}
	for round := range 2 {
		for _, h := range []store.Shard{second, first} {
			if added := must[bool](t)(s.PutShard(ctx, id, h, at(3+round))); added != (round == 0) {
				t.Errorf("round %d: shard %d added is %v", round, h.N, added)
			}
		}
	}
	second.SHA256 = store.Hash(second.Body)
	var got []store.Shard
	check(t, s.Shards(ctx, id, func(h store.Shard) error {
		must[[]int](t)(s.ShardsDone(ctx, id)) // may call the store
		got = append(got, h)
		return nil
	}))
	want := []store.Shard{first, second}
	for i := range want {
		want[i].At, want[i].Differences, want[i].Faults = at(3), nil, nil
	}
	equal(t, "shards", got, want)
	equal(t, "one shard", must[store.Shard](t)(s.ShardOf(ctx, id, 1)), want[1])
	equal(t, "numbers", must[[]int](t)(s.ShardsDone(ctx, id)), []int{0, 1})
	equal(t, "faults", must[[]store.Fault](t)(s.Faults(ctx, id)), []store.Fault{{Item: "a", Reason: "溢出", Pairs: 1}, {Item: "b", Reason: "除数为零", Pairs: 5}})
	_, err := s.ShardOf(ctx, id, 2)
	wants(t, "no such shard", err, store.ErrNotFound)
	enough := errors.New("enough")
	wants(t, "the caller's own error", s.Shards(ctx, id, func(store.Shard) error { return enough }), enough)
	check(t, s.FinishSweep(ctx, id, store.Done, "", nil, at(5)))
	if must[bool](t)(s.PutShard(ctx, id, first, at(6))) { // a late node
		t.Error("a shard is added to a sweep that is done")
	}
}

func shardConflicts(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 30)
	id := w.begin(t, s, 3)
	must[bool](t)(s.PutShard(ctx, id, shard(0, "a"), at(3)))
	for name, test := range map[string]struct {
		spoil func(*store.Shard)
		want  error
	}{
		"another body":         {func(h *store.Shard) { h.N, h.Body = 0, []byte("else") }, store.ErrConflict},
		"a fourth shard":       {func(h *store.Shard) { h.N = 3 }, store.ErrConflict},
		"rows beyond the last": {func(h *store.Shard) { h.First = 21 }, store.ErrConflict},
		"a pair of shard 0":    {func(h *store.Shard) { h.Differences[5].Enterprise = uscc(0) }, store.ErrConflict},
		"a pair twice":         {func(h *store.Shard) { h.Differences[5] = h.Differences[0] }, store.ErrConflict},
		"a fault twice": {func(h *store.Shard) {
			h.Faults = []store.Fault{{Item: "a", Reason: "r", Pairs: 1}, {Item: "a", Reason: "r", Pairs: 2}}
		}, store.ErrConflict},
		"a fault of no pair":    {func(h *store.Shard) { h.Faults = []store.Fault{{Item: "a", Reason: "r", Pairs: 0}} }, store.ErrInvalid},
		"a fault for no reason": {func(h *store.Shard) { h.Faults = []store.Fault{{Item: "a", Reason: "", Pairs: 1}} }, store.ErrInvalid},
		"a negative number":     {func(h *store.Shard) { h.N = -1 }, store.ErrInvalid},
		"negative rows":         {func(h *store.Shard) { h.Rows = -1 }, store.ErrInvalid},
		"no hash":               {func(h *store.Shard) { h.SHA256 = "x" }, store.ErrInvalid},
	} {
		h := shard(1, "a")
		test.spoil(&h)
		_, err := s.PutShard(ctx, id, h, at(3))
		wants(t, name, err, test.want)
	}
	_, err := s.PutShard(ctx, 999, shard(0), at(3))
	wants(t, "no such sweep", err, store.ErrNotFound)
	// Nothing of what was refused has stayed.
	if n := count(t, s, "SELECT count(*) FROM sweep_shard") + count(t, s, "SELECT count(*) FROM sweep_difference") + count(t, s, "SELECT count(*) FROM sweep_fault"); n != 11 {
		t.Errorf("%d rows are stored, want the shard and its 10 differences", n)
	}
	check(t, s.FinishSweep(ctx, id, store.Failed, "", nil, at(4)))
	_, err = s.PutShard(ctx, id, shard(1, "a"), at(5))
	wants(t, "a sweep that failed", err, store.ErrConflict)
}

func differenceInvalid(t *testing.T, s *store.Store) {
	w := newWorld(t, s, 10)
	id := w.begin(t, s, 1)
	known := store.Amount{Known: true, Fen: 1}
	for name, spoil := range map[string]func(*store.Difference){
		"no item":                     func(d *store.Difference) { d.Item = "" },
		"no firm":                     func(d *store.Difference) { d.Enterprise = "x" },
		"no turn":                     func(d *store.Difference) { d.Turn = "" },
		"no outcome before":           func(d *store.Difference) { d.Was = "" },
		"a fourth outcome":            func(d *store.Difference) { d.Was = "maybe" },
		"another turn":                func(d *store.Difference) { d.Turn = store.BecameKnown },
		"left without being there":    func(d *store.Difference) { d.Turn = store.Left },
		"an amount of the ineligible": func(d *store.Difference) { d.Before = known },
		"a negative amount":           func(d *store.Difference) { d.After.Fen = -1 },
		"an amount that is none":      func(d *store.Difference) { d.After = store.Amount{Fen: 1} },
		"no difference": func(d *store.Difference) {
			d.Turn, d.Was, d.Before, d.After = store.AmountChanged, store.Eligible, known, known
		},
	} {
		d := difference("a", 5) // entered, with 500 分
		spoil(&d)
		_, err := s.PutShard(t.Context(), id, store.Shard{Rows: 10, Differences: []store.Difference{d}}, at(3))
		wants(t, name, err, store.ErrInvalid)
	}
	lost := difference("a", 5) // eligible before for no sum, now for one; eligible to unknown in both words
	lost.Turn, lost.Was = store.AmountChanged, store.Eligible
	left, unknown := difference("a", 6), difference("a", 7)
	left.Now, unknown.Turn, unknown.Now, unknown.After = store.Unknown, store.BecameUnknown, store.Unknown, store.Amount{}
	must[bool](t)(s.PutShard(t.Context(), id, store.Shard{Rows: 10, Differences: []store.Difference{unknown, lost, left}}, at(3)))
	equal(t, "stored", must[[]store.Difference](t)(s.Differences(t.Context(), id, store.DifferenceFilter{})), []store.Difference{lost, left, unknown})
}

func differences(t *testing.T, s *store.Store) {
	ctx, w := t.Context(), newWorld(t, s, 600)
	id := w.begin(t, s, 60)
	items := []string{"b", "a", "𠮷", "A"}
	for n := range 60 { // more than one INSERT takes
		h := shard(n)
		for _, item := range items[:1+n%4] {
			h.Differences = append(h.Differences, shard(n, item).Differences...)
		}
		must[bool](t)(s.PutShard(ctx, id, h, at(3)))
	}
	must[bool](t)(s.PutShard(ctx, w.begin(t, s, 60), shard(0, "a", "c"), at(3))) // of another sweep
	var all []store.Difference
	for i, item := range []string{"A", "a", "b", "𠮷"} { // in byte order
		from := []int{3, 1, 0, 2}[i]
		for firm := range 600 {
			if firm/10%4 >= from {
				all = append(all, difference(item, firm))
			}
		}
	}
	find := func(f store.DifferenceFilter) []store.Difference {
		return must[[]store.Difference](t)(s.Differences(ctx, id, f))
	}
	where := func(keep func(store.Difference) bool) (out []store.Difference) {
		for _, d := range all {
			if keep(d) {
				out = append(out, d)
			}
		}
		return out
	}
	equal(t, "all", find(store.DifferenceFilter{}), all)
	equal(t, "an item", find(store.DifferenceFilter{Item: "b"}), where(func(d store.Difference) bool { return d.Item == "b" }))
	equal(t, "a firm", find(store.DifferenceFilter{Enterprise: uscc(35)}), where(func(d store.Difference) bool { return d.Enterprise == uscc(35) }))
	equal(t, "a pair", find(store.DifferenceFilter{Enterprise: uscc(35), Item: "𠮷"}), []store.Difference{difference("𠮷", 35)})
	equal(t, "a turn", find(store.DifferenceFilter{Turn: store.Left}), where(func(d store.Difference) bool { return d.Turn == store.Left }))
	equal(t, "an item's page", find(store.DifferenceFilter{Item: "b", AfterItem: "b", AfterEnterprise: uscc(7), Limit: 2}), []store.Difference{difference("b", 8), difference("b", 9)})
	equal(t, "an item after another", find(store.DifferenceFilter{Item: "b", AfterItem: "a", AfterEnterprise: uscc(7), Limit: 1}), []store.Difference{difference("b", 0)})
	equal(t, "an item before another", find(store.DifferenceFilter{Item: "a", AfterItem: "b"}), []store.Difference(nil))
	equal(t, "a firm's page", find(store.DifferenceFilter{Enterprise: uscc(35), AfterItem: "b", AfterEnterprise: uscc(35)}), []store.Difference{difference("𠮷", 35)})
	equal(t, "nobody", find(store.DifferenceFilter{Enterprise: uscc(9999)}), []store.Difference(nil))
	var paged []store.Difference
	for f := (store.DifferenceFilter{Limit: 97, Turn: store.Entered}); ; {
		page := find(f)
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
		last := page[len(page)-1]
		f.AfterItem, f.AfterEnterprise = last.Item, last.Enterprise
	}
	equal(t, "pages", paged, where(func(d store.Difference) bool { return d.Turn == store.Entered }))

	counted := map[string]store.DifferenceCount{}
	for _, d := range all {
		c := counted[d.Item+string(d.Turn)]
		c.Item, c.Turn = d.Item, d.Turn
		c.Enterprises++
		c.BeforeFen += d.Before.Fen
		c.AfterFen += d.After.Fen
		counted[d.Item+string(d.Turn)] = c
	}
	counts := must[[]store.DifferenceCount](t)(s.DifferenceCounts(ctx, id))
	last := ""
	for _, c := range counts {
		key := c.Item + string(c.Turn)
		equal(t, fmt.Sprint("count of ", key), c, counted[key])
		if key <= last {
			t.Errorf("%q comes after %q", key, last)
		}
		last = key
	}
	equal(t, "number of counts", len(counts), len(counted))
}
