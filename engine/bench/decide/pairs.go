package decide

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"mianshen/engine"
	"mianshen/engine/bench/lab"
	"mianshen/rules"
	"mianshen/rules/rulestest"
)

// firmsPerPolicy is how many random enterprises a random policy is decided for.
const firmsPerPolicy = 250

// Judged holds columns, compiled rules and the independent judge against each other: random policies of the whole language,
// random enterprises with records, histories and findings.
func Judged(ctx context.Context, l *lab.Lab) error {
	l.Logf("seed %d, %d pairs", l.Seed, l.Pairs)
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", rulestest.Vocabulary())
	if err := mistakes.Err(); err != nil {
		return fmt.Errorf("vocabulary: %w", err)
	}
	var done atomic.Int64
	var mu sync.Mutex
	var problems []string
	var wait sync.WaitGroup
	for i := range l.Workers {
		wait.Go(func() {
			t := trial{vocabulary: v, r: rand.New(rand.NewPCG(l.Seed, uint64(i)))}
			for n := 0; done.Load() < int64(l.Pairs) && len(t.problems) == 0 && ctx.Err() == nil; n++ {
				done.Add(int64(t.policy(ctx, fmt.Sprintf("p%d-%d", i, n))))
			}
			mu.Lock()
			defer mu.Unlock()
			problems = append(problems, t.problems...)
		})
	}
	wait.Wait()
	l.Report("pairs", float64(done.Load()), "pairs decided in three ways")
	l.Equal("pairs", problems)
	return ctx.Err()
}

// trial is the work of one goroutine.
type trial struct {
	vocabulary *rules.Vocabulary
	r          *rand.Rand
	problems   []string
}

// policy draws a policy and its enterprises, decides all pairs and gives their number: 0 for a policy that is refused, as one
// drawn beyond a limit of the language is.
func (t *trial) policy(ctx context.Context, id string) int {
	drawn := rulestest.RandomPolicy(t.r, id, 1+t.r.IntN(3))
	around := rulestest.RandomAround(t.r, drawn)
	law, mistakes := rules.ReadPolicyFiles(drawn.Files, id)
	if mistakes.Err() != nil {
		return 0
	}
	book, mistakes := rules.Compile(t.vocabulary, []*rules.Policy{law})
	if mistakes.Err() != nil {
		return 0
	}
	judge, err := rulestest.NewJudge(t.vocabulary, []*rules.Policy{law})
	if err != nil {
		t.problems = append(t.problems, err.Error())
		return 0
	}
	var due []*rules.Rule
	for _, r := range book.Rules {
		if r.Due(around.AsOf) {
			due = append(due, r)
		}
	}
	facts, profiles, err := t.firms()
	if err != nil {
		t.problems = append(t.problems, err.Error())
		return 0
	}
	result, err := t.columns(ctx, book, due, around, profiles)
	if err != nil {
		t.problems = append(t.problems, err.Error())
		return 0
	}
	session := book.NewSession(around.Circumstances())
	for row, p := range profiles {
		session.Load(p)
		firm := judge.Load(facts[row], around)
		for i, r := range due {
			if p := differ(result, i, row, session.Decide(r), firm.Decide(r.Item.ID)); p != "" {
				t.problems = append(t.problems, fmt.Sprintf("%s\n%s\n%s", p, drawn.Files["policy.yaml"], facts[row].Text(around)))
				return 0
			}
		}
	}
	return len(due) * len(profiles)
}

// firms draws enterprises. The first of them has the history and the findings that were drawn with the policy.
func (t *trial) firms() (facts []rulestest.Facts, profiles []*rules.Profile, err error) {
	for i := range firmsPerPolicy {
		f := rulestest.RandomFacts(t.r, []int{0, 10, 30, 60}[t.r.IntN(4)])
		if i > 0 {
			f.Enterprise = fmt.Sprintf("F%017d", i)
		}
		p, err := f.Profile(t.vocabulary)
		if err != nil {
			return nil, nil, fmt.Errorf("facts: %w", err)
		}
		facts, profiles = append(facts, f), append(profiles, p)
	}
	return facts, profiles, nil
}

func (t *trial) columns(ctx context.Context, book *rules.Book, due []*rules.Rule, around rulestest.Around, profiles []*rules.Profile) (*engine.Result, error) {
	table, err := engine.FromProfiles(t.vocabulary, profiles)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	plan, err := engine.NewPlan(table, book, due, around.Circumstances())
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return plan.Sweep(ctx)
}

// differ tells what the three say where they don't say the same; "" where they do.
func differ(result *engine.Result, i, row int, rule *rules.Decision, judged rulestest.Verdict) string {
	outcome := result.Outcome(i, row)
	amount, has := result.Amount(i, row)
	if outcome != rule.Outcome || has != (rule.Amount != nil) || has && amount != *rule.Amount {
		return fmt.Sprintf("%s: columns %s %v %v, rule %s %v", rule.Rule.Item.ID, outcome, amount, has, rule.Outcome, rule.Amount)
	}
	if !rulestest.FromDecision(rule).Same(judged) {
		return fmt.Sprintf("%s: rule %+v, judge %+v", rule.Rule.Item.ID, rulestest.FromDecision(rule), judged)
	}
	return ""
}
