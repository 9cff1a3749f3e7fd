package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/engine"
	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/rulestest"
)

// randomVocabulary reads the vocabulary of random rules.
func randomVocabulary(t testing.TB) *rules.Vocabulary {
	t.Helper()
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", rulestest.Vocabulary())
	if v == nil {
		t.Fatal(mistakes)
	}
	return v
}

func (w *world) plan(t *testing.T, table *engine.Table) *engine.Plan {
	t.Helper()
	p, err := engine.NewPlan(table, w.book, w.due(), w.around.Circumstances())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sweep(t *testing.T, p *engine.Plan) *engine.Result {
	t.Helper()
	r, err := p.Sweep(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// worlds draws random worlds until n of them are due for something.
func worlds(t *testing.T, n, firms int, visit func(r *rand.Rand, w *world)) {
	t.Helper()
	seed := setting(t, "MIANSHEN_SEED", 7)
	t.Logf("seed %d (MIANSHEN_SEED)", seed)
	v, r := randomVocabulary(t), rand.New(rand.NewPCG(seed, 2))
	for i := 0; n > 0; i++ {
		w := randomWorld(t, v, r, fmt.Sprintf("p%d", i), firms)
		if w == nil || len(w.due()) == 0 {
			continue
		}
		visit(r, w)
		n--
	}
}

// TestStateRoundTrip reads results back from bytes, whole and in shards, and finds every damaged byte.
func TestStateRoundTrip(t *testing.T) {
	worlds(t, 3, kernel.Rows+300, func(r *rand.Rand, w *world) {
		p := w.plan(t, w.table(t))
		whole := sweep(t, p)
		state := whole.AppendState(nil)
		back, err := engine.DecodeState(state)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.AppendState(nil), state) || !slices.Equal(back.Items, whole.Items) {
			t.Error("a state read back differs")
		}
		var shards []*engine.Result
		for b := range 2 {
			part, err := p.Blocks(context.Background(), b, 1)
			if err != nil {
				t.Fatal(err)
			}
			shards = append(shards, part)
		}
		joined, err := engine.Concat(shards)
		if err != nil || !bytes.Equal(joined.AppendState(nil), state) {
			t.Errorf("shards joined differ from the whole: %v", err)
		}
		for range 200 {
			bad := slices.Clone(state)
			bad[r.IntN(len(bad))] ^= byte(1 + r.IntN(255))
			if _, err := engine.DecodeState(bad); !errors.Is(err, engine.ErrState) {
				t.Fatalf("a damaged state is read: %v", err)
			}
		}
	})
}

// TestDifferencesAreExact holds differences against a comparison pair by pair, and a changed table decided row by row against
// one that is decided from scratch.
func TestDifferencesAreExact(t *testing.T) {
	worlds(t, 12, 700, func(r *rand.Rand, w *world) {
		table := w.table(t)
		before := sweep(t, w.plan(t, table))
		changed := map[int]bool{}
		for range 25 {
			row := 1 + r.IntN(len(w.profiles)-1)
			f := rulestest.RandomFacts(r, 20)
			f.Enterprise = w.profiles[row].Enterprise
			p, err := f.Profile(w.vocabulary)
			if err != nil {
				t.Fatal(err)
			}
			w.facts[row], w.profiles[row], changed[row] = f, p, true
		}
		after := sweep(t, w.plan(t, w.table(t)))
		want := map[string]engine.Change{}
		for i, item := range before.Items {
			for row := range w.profiles {
				c := engine.Change{Item: item.Item, Row: row, Was: before.Outcome(i, row), Now: after.Outcome(i, row)}
				c.Before, c.HasBefore = before.Amount(i, row)
				c.After, c.HasAfter = after.Amount(i, row)
				if c.Was != c.Now || c.Before != c.After || c.HasBefore != c.HasAfter {
					want[fmt.Sprint(item.Item, row)] = c
				}
			}
		}
		engine.Differences(before, after, func(c engine.Change) {
			key := fmt.Sprint(c.Item, c.Row)
			if want[key] != c || !changed[c.Row] {
				t.Fatalf("difference %+v, want %+v", c, want[key])
			}
			delete(want, key)
		})
		if len(want) > 0 {
			t.Fatalf("differences not told: %v", want)
		}
	})
}

// TestIncrementIsFromScratch changes facts in place, decides the changed rows alone, and compares with a new plan over everything.
func TestIncrementIsFromScratch(t *testing.T) {
	replans, kept := 0, 0
	worlds(t, 25, 300, func(r *rand.Rand, w *world) {
		table := w.table(t)
		plan := w.plan(t, table)
		result := sweep(t, plan)
		for range 6 {
			rows := w.mutate(t, r, table)
			fresh, err := plan.Rows(context.Background(), rows)
			if errors.Is(err, engine.ErrReplan) {
				replans++
				plan = w.plan(t, table)
				fresh, err = plan.Rows(context.Background(), rows)
			} else {
				kept++
			}
			if err != nil {
				t.Fatal(err)
			}
			if result, err = result.Replace(rows, fresh); err != nil {
				t.Fatal(err)
			}
		}
		want := sweep(t, w.plan(t, table))
		if !bytes.Equal(result.AppendState(nil), want.AppendState(nil)) || !slices.Equal(result.Items, want.Items) {
			engine.Differences(result, want, func(c engine.Change) { t.Errorf("%+v", c) })
			t.Fatal("increments differ from deciding from scratch")
		}
		scratch := sweep(t, w.plan(t, w.table(t)))
		if !bytes.Equal(scratch.AppendState(nil), want.AppendState(nil)) {
			t.Fatal("a changed table differs from a new one")
		}
	})
	t.Logf("%d increments kept the plan, %d needed another", kept, replans)
	if kept == 0 || replans == 0 {
		t.Error("both ways must occur")
	}
}

// mutate gives some firms other facts, in the profiles and in the table, and returns their rows.
func (w *world) mutate(t *testing.T, r *rand.Rand, table *engine.Table) []int {
	t.Helper()
	var rows []int
	for row := range w.profiles {
		if r.IntN(20) == 0 {
			rows = append(rows, row)
		}
	}
	var fresh []*rules.Profile
	for _, row := range rows {
		f := rulestest.RandomFacts(r, 20)
		from := w.facts[r.IntN(len(w.facts))] // most changes stay within what has been seen
		if r.IntN(8) > 0 {
			f.Cells = from.Cells
		}
		if r.IntN(60) == 0 {
			f.Cells = maps.Clone(f.Cells)
			f.Cells["企业名称"] = fmt.Sprintf("示例新户%d", r.IntN(1_000_000)) // a text that no dictionary has
		}
		f.Enterprise, f.Records = w.profiles[row].Enterprise, w.facts[row].Records
		p, err := f.Profile(w.vocabulary)
		if err != nil {
			t.Fatal(err)
		}
		w.facts[row], w.profiles[row] = f, p
		fresh = append(fresh, p)
	}
	patch, err := engine.FromProfiles(w.vocabulary, fresh)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range w.vocabulary.Fields {
		if f.Derived() || f.Type == rules.TypeTable {
			continue
		}
		c, err := patch.Column(f)
		if err == nil {
			err = table.Change(f, rows, c)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

// impatient is a context that is cancelled once it was asked so often.
type impatient struct {
	context.Context
	asked atomic.Int64
	after int64
}

// Err implements context.Context.
func (c *impatient) Err() error {
	if c.asked.Add(1) > c.after {
		return context.Canceled
	}
	return nil
}

// TestCancelledInABlock: a sweep of many items that columns decide stops within a block. The time that takes is measured by the
// benchmark.
func TestCancelledInABlock(t *testing.T) {
	v, mistakes := rules.ParseVocabulary("v", []byte("fields:\n  - {name: 收入, id: revenue, type: money, unit: 元, source: 甲}\n"))
	if v == nil {
		t.Fatal(mistakes)
	}
	law, mistakes := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(`id: p
title: 示例
in_force: {from: 2024-01-01}
clauses: [{ref: 第一条, text: 条款}]
items: [{id: a, title: 事项, mode: auto, conditions: [{id: c, require: 收入 >= 1*元}], amount: 1*元}]
`)}, "p")
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	book, mistakes := rules.Compile(v, []*rules.Policy{law})
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	table, err := engine.FromProfiles(v, []*rules.Profile{rules.NewProfile(v, "A")})
	if err != nil {
		t.Fatal(err)
	}
	around := rules.Circumstances{AsOf: civil.MustParse("2025-06-30"), History: rules.NewHistory(nil)}
	plan, err := engine.NewPlan(table, book, slices.Repeat(book.Rules, 1000), around)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int64{3, 5, 9} {
		ctx := &impatient{Context: context.Background(), after: after}
		if _, err := plan.Sweep(ctx); !errors.Is(err, context.Canceled) || ctx.asked.Load() > after+4 {
			t.Errorf("cancelled when asked %d times: asked %d times, %v", after, ctx.asked.Load(), err)
		}
	}
}

// TestCancelledSweepStops cancels at any moment, also in the middle of slow programs.
func TestCancelledSweepStops(t *testing.T) {
	worlds(t, 2, 6000, func(_ *rand.Rand, w *world) {
		p := w.plan(t, w.table(t))
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(5*time.Millisecond, cancel)
		if _, err := p.Sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		cancel()
		if _, err := p.Sweep(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a sweep under a cancelled context gives %v", err)
		}
	})
}
