package engine_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"mianshen/engine"
	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/rulestest"
)

// setting reads a whole number from the environment, or gives a default.
func setting(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// world is a random policy with firms, and the three ways to decide them.
type world struct {
	vocabulary *rules.Vocabulary
	policy     rulestest.Policy
	book       *rules.Book
	judge      *rulestest.Judge
	around     rulestest.Around
	facts      []rulestest.Facts
	profiles   []*rules.Profile
}

func randomWorld(t *testing.T, v *rules.Vocabulary, r *rand.Rand, name string, firms int) *world {
	t.Helper()
	w := &world{vocabulary: v, policy: plainPolicy(r, name)}
	if r.IntN(2) == 0 {
		w.policy = rulestest.RandomPolicy(r, name, 1+r.IntN(3))
	}
	law, mistakes := rules.ReadPolicyFiles(w.policy.Files, name)
	if mistakes.Err() != nil {
		return nil // drawn beyond a limit or with a constant that can't be computed; rules' own test counts these
	}
	w.book, mistakes = rules.Compile(v, []*rules.Policy{law})
	if mistakes.Err() != nil {
		return nil
	}
	var err error
	if w.judge, err = rulestest.NewJudge(v, []*rules.Policy{law}); err != nil {
		t.Fatal(err)
	}
	w.around = rulestest.RandomAround(r, w.policy)
	modest := r.IntN(3) > 0
	for i := range firms {
		f := rulestest.RandomFacts(r, []int{0, 10, 30, 60}[r.IntN(4)])
		if i > 0 {
			f.Enterprise = fmt.Sprintf("F%017d", i)
		}
		w.add(t, f, modest)
	}
	return w
}

// add adds a firm. In a modest world figures that force whole columns out of 62 bits are left out.
func (w *world) add(t *testing.T, f rulestest.Facts, modest bool) {
	t.Helper()
	if modest {
		maps.DeleteFunc(f.Cells, func(_, cell string) bool { return len(cell) > 11 && cell[0] >= '-' && cell[0] <= '9' && cell[4] != '-' })
	}
	p, err := f.Profile(w.vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	w.facts, w.profiles = append(w.facts, f), append(w.profiles, p)
}

func (w *world) due() []*rules.Rule {
	var out []*rules.Rule
	for _, r := range w.book.Rules {
		if r.Due(w.around.AsOf) {
			out = append(out, r)
		}
	}
	return out
}

func (w *world) table(t *testing.T) *engine.Table {
	t.Helper()
	table, err := engine.FromProfiles(w.vocabulary, w.profiles)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestThreeWaysAgree holds columns against compiled rules and the independent judge, on random policies, firms, histories and
// findings. MIANSHEN_PAIRS sets the size, MIANSHEN_SEED repeats a run.
func TestThreeWaysAgree(t *testing.T) {
	pairs, seed := setting(t, "MIANSHEN_PAIRS", 30_000), setting(t, "MIANSHEN_SEED", 20260101)
	t.Logf("seed %d (MIANSHEN_SEED), %d pairs", seed, pairs)
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", rulestest.Vocabulary())
	if v == nil {
		t.Fatal(mistakes)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	counts := map[string]int{}
	for n, done := 0, uint64(0); done < pairs; n++ {
		firms := 60 + r.IntN(200)
		w := randomWorld(t, v, r, fmt.Sprintf("p%d", n), firms)
		if w == nil {
			continue
		}
		list := w.due()
		plan, res := w.sweep(t, w.table(t), list)
		s := plan.Shape()
		counts["items"] += s.Items
		counts["items with programs"] += s.Programs
		counts["predicates"] += s.Predicates
		done += uint64(len(list) * firms)
		w.conditions(t, list, plan, counts)
		w.compare(t, list, res, counts)
		if n%tileEvery == 0 {
			w.tiled(t, r, list, res)
		}
		if t.Failed() {
			return
		}
	}
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%9d %s", counts[k], k)
	}
	if counts["eligible"] == 0 || counts["unknown"] == 0 || counts["ineligible"] == 0 || counts["items"]-counts["items with programs"] < counts["items"]/10 {
		t.Error("the random policies no longer reach all outcomes and both ways of deciding")
	}
}

func (w *world) sweep(t *testing.T, table *engine.Table, list []*rules.Rule) (*engine.Plan, *engine.Result) {
	t.Helper()
	plan, err := engine.NewPlan(table, w.book, list, w.around.Circumstances())
	if err != nil {
		t.Fatal(err)
	}
	res, err := plan.Sweep(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return plan, res
}

// tileEvery is for one of how many worlds whole blocks are decided too.
const tileEvery = 16

// tiled decides the firms many times over, so that blocks are full: those are folded by loops of their own. The first firm, which
// has a history and findings, stands once.
func (w *world) tiled(t *testing.T, r *rand.Rand, list []*rules.Rule, res *engine.Result) {
	t.Helper()
	firms := len(w.profiles)
	rows := make([]int, kernel.Rows+1+r.IntN(kernel.Rows))
	for i := range rows {
		if rows[i] = i; i >= firms {
			rows[i] = 1 + r.IntN(firms-1)
		}
	}
	_, many := w.sweep(t, w.table(t).Tiled(rows), list)
	for i, rule := range list {
		for row, firm := range rows {
			sum, paid := many.Amount(i, row)
			want, due := res.Amount(i, firm)
			if many.Outcome(i, row) != res.Outcome(i, firm) || paid != due || sum != want {
				t.Errorf("%s: firm %d alone %s %v %v, as row %d of full blocks %s %v %v\n%s\n%s", rule.Item.ID, firm, res.Outcome(i, firm), want, due,
					row, many.Outcome(i, row), sum, paid, w.policy.Files["policy.yaml"], w.facts[firm].Text(w.around))
				return
			}
		}
	}
}

// conditions holds what columns make of single conditions against the findings of decisions.
func (w *world) conditions(t *testing.T, list []*rules.Rule, plan *engine.Plan, counts map[string]int) {
	t.Helper()
	decisions := make([][]*rules.Decision, len(w.profiles))
	session := w.book.NewSession(w.around.Circumstances())
	for row, p := range w.profiles {
		session.Load(p)
		for _, rule := range list {
			decisions[row] = append(decisions[row], session.Decide(rule))
		}
	}
	odd := map[int]bool{}
	for _, row := range plan.Odd() {
		odd[row] = true
	}
	err := plan.Truths(func(got engine.Truth) {
		d := decisions[got.Row][got.Item]
		if d.Rule.Shape().Each || odd[got.Row] || got.Row == 0 { // the first firm has a history and findings
			return
		}
		counts["conditions"]++
		want := d.Findings[got.Condition]
		if got.True != want.Value.True() || got.Unknown == want.Value.Known() {
			t.Errorf("%s %s of firm %d: columns %v unknown %v, rule %v\n%s\n%s", d.Rule.Item.ID, want.ID, got.Row, got.True, got.Unknown, want.Value, w.policy.Files["policy.yaml"], w.facts[got.Row].Text(w.around))
			t.FailNow()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) compare(t *testing.T, list []*rules.Rule, res *engine.Result, counts map[string]int) {
	t.Helper()
	session := w.book.NewSession(w.around.Circumstances())
	for row, p := range w.profiles {
		session.Load(p)
		firm := w.judge.Load(w.facts[row], w.around)
		for i, rule := range list {
			want := session.Decide(rule)
			counts[string(want.Outcome)]++
			got := res.Outcome(i, row)
			amount, ok := res.Amount(i, row)
			same := got == want.Outcome && ok == (want.Amount != nil) && (!ok || amount == *want.Amount)
			if !same {
				t.Errorf("%s: columns %s %v %v, rule %s %v\n%s\n%s", rule.Item.ID, got, amount, ok, want.Outcome, want.Amount, w.policy.Files["policy.yaml"], w.facts[row].Text(w.around))
				return
			}
			if judged := firm.Decide(rule.Item.ID); !rulestest.FromDecision(want).Same(judged) {
				t.Errorf("%s: rule %+v, judge %+v", rule.Item.ID, want, judged)
				return
			}
		}
	}
}
