package outlook_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"mianshen/internal/casework"
	"mianshen/internal/demo"
	"mianshen/internal/facts"
	"mianshen/internal/notify/forecast"
	"mianshen/internal/pgtest"
	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/seeds"
)

var began = time.Date(2025, 6, 30, 9, 0, 0, 0, civil.Shanghai())

// town is a store with the sample policies and n of the sample firms.
func town(t *testing.T, n int) (*casework.Office, *casework.Book, []string) {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite://"+t.TempDir()+"/a.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	office := casework.New(s)
	if err := demo.Publish(t.Context(), office, began); err != nil {
		t.Fatal(err)
	}
	book, err := office.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	firms, err := demo.Firms(book.Book.Vocabulary, seeds.Generate(n, seeds.Seed))
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Deliver(t.Context(), office, book.Book.Vocabulary, firms, began); err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, f := range firms {
		codes = append(codes, f.Profile.Enterprise)
	}
	return office, book, codes
}

// TestForecast holds forecasts over what deliveries say against a snapshot and a decision of each of 400 days, for 500 random pairs
// (a fifth of that under the race detector).
func TestForecast(t *testing.T) {
	pgtest.NotRacing(t) // one goroutine
	ctx := t.Context()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	office, book, codes := town(t, towns)
	today, v := demo.AsOf(), book.Book.Vocabulary
	around := rules.Circumstances{AsOf: today, History: rules.NewHistory(nil)}
	ahead, err := LookAhead(ctx, office, book, today, began, began)
	if err != nil {
		t.Fatal(err)
	}
	desk := forecast.New(book.Book, around)
	type pair struct {
		rule *rules.Rule
		got  forecast.Change
		ok   bool
		was  rules.Outcome
		done bool
	}
	pairs := map[string][]*pair{}
	asked := 0
	for _, code := range codes {
		known, err := ahead.Stretches(ctx, code)
		if err == nil {
			err = desk.Load(known)
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			p := &pair{rule: book.Rules[r.IntN(len(book.Rules))]}
			p.got, p.ok = desk.Next(p.rule)
			asked += p.got.Checked
			pairs[code] = append(pairs[code], p)
		}
	}
	changes, long, profiles := 0, os.Getenv("MIANSHEN_LONG") != "", map[string]*rules.Profile{}
	for n := 0; n <= forecast.Horizon; n++ {
		day, _ := today.AddDays(n)
		// What is known is read again on every day that it may be otherwise, and on others at random: all of them in the long run.
		if slices.Contains(ahead.from, day) || long || r.IntN(10) == 0 {
			snap, err := facts.Build(ctx, office.Store, v, facts.Request{Vocabulary: book.Vocabulary, AsOf: day, KnownAt: began, Now: began})
			if err != nil {
				t.Fatal(err)
			}
			table, err := facts.Open(ctx, office.Store, v, snap)
			if err != nil {
				t.Fatal(err)
			}
			for code := range pairs {
				row, _ := table.Row(code)
				if profiles[code], err = table.Profile(row); err != nil {
					t.Fatal(err)
				}
			}
		}
		around.AsOf = day
		session := book.NewSession(around)
		for code, list := range pairs {
			session.Load(profiles[code])
			for _, p := range list {
				now := rules.Outcome("")
				if p.rule.Due(day) {
					now = session.Decide(p.rule).Outcome
				}
				switch {
				case n == 0:
					p.was = now
				case !p.done && now != p.was:
					p.done = true
					changes++
					if p.got.Day != day || p.got.Now != now {
						t.Errorf("seed %d: %s of %s: forecast %s %q, but %s %q", seed, p.rule.Item.ID, code, p.got.Day, p.got.Now, day, now)
					}
				}
			}
		}
	}
	for code, list := range pairs {
		for _, p := range list {
			if p.ok != p.done {
				t.Errorf("seed %d: %s of %s: a change on %s that doesn't come", seed, p.rule.Item.ID, code, p.got.Day)
			}
		}
	}
	t.Logf("%d changes of %d pairs, asked on %.1f days a pair", changes, 20*towns, float64(asked)/float64(20*towns))
	if changes < 4*towns {
		t.Errorf("only %d changes", changes)
	}
}
