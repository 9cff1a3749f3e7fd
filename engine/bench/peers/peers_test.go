// Package peers_test holds DuckDB, expr's machine and the compiled rule against each other.
package peers_test

import (
	"testing"

	"mianshen/engine/bench/peers/duck"
	"mianshen/engine/bench/peers/vm"
	"mianshen/engine/bench/workload"
	"mianshen/rules"
	"mianshen/rules/civil"
)

const rows, items = 1500, 150

// TestAgree holds that every form of every peer gives the counts and sums of the compiled rules.
func TestAgree(t *testing.T) {
	w, err := workload.NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	list, views := w.Items(items, true), w.NewViews(w.Columns(rows, 2))
	want := compiled(t, w, list, views)
	if got := machine(t, w, list, views); !same(got, want, false) {
		t.Errorf("expr's machine: %v\nwant %v", got, want)
	}
	db, err := duck.Open(t.Context(), "", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Load(t.Context(), views, rows); err != nil {
		t.Fatal(err)
	}
	for _, form := range duck.Forms() {
		got, err := db.Counts(t.Context(), form, list)
		if err != nil {
			t.Fatal(err)
		}
		if !same(got, want, true) {
			t.Errorf("DuckDB, %s: %v\nwant %v", form.Name, got, want)
		}
	}
	var granted int64
	for _, c := range want {
		granted += c.Eligible
	}
	if granted == 0 {
		t.Error("nothing is granted: the test compares too little")
	}
}

func same(got, want []duck.Count, sums bool) bool {
	for i := range want {
		if got[i].Eligible != want[i].Eligible || got[i].Possible != want[i].Possible || sums && got[i].Sum != want[i].Sum {
			return false
		}
	}
	return len(got) == len(want)
}

func compiled(t *testing.T, w *workload.World, list []*workload.Item, views []*workload.View) []duck.Count {
	t.Helper()
	book, err := w.Book(list)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]duck.Count, len(list))
	s := book.NewSession(rules.Circumstances{AsOf: civil.MustParse("2025-06-30")})
	for row := range rows {
		p, err := w.Profile(views, row)
		if err != nil {
			t.Fatal(err)
		}
		s.Load(p)
		for i, r := range book.Rules {
			d := s.Decide(r)
			add(&out[i], d.Outcome == rules.Eligible, d.Outcome != rules.Ineligible)
			if d.Amount != nil {
				out[i].Sum += int64(*d.Amount)
			}
		}
	}
	return out
}

func machine(t *testing.T, w *workload.World, list []*workload.Item, views []*workload.View) []duck.Count {
	t.Helper()
	m, err := vm.Compile(w.Fields, list)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]duck.Count, len(list))
	run := m.NewRun(views)
	for row := range rows {
		run.Load(row)
		for i := range list {
			o, err := run.Decide(i)
			if err != nil {
				t.Fatal(err)
			}
			add(&out[i], o == vm.Eligible, o != vm.Ineligible)
		}
	}
	return out
}

func add(c *duck.Count, eligible, possible bool) {
	if eligible {
		c.Eligible++
	}
	if possible {
		c.Possible++
	}
}
