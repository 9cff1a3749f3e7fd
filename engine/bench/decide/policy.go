package decide

import (
	"context"
	"fmt"
	"time"

	"mianshen/engine"
	"mianshen/engine/bench/lab"
	"mianshen/engine/bench/workload"
	"mianshen/rules"
)

// changes is how many changed policies are measured.
const changes = 100

// Policy measures what a change of one threshold in one policy asks for: its text read and compiled, and the item that depends on
// it decided anew for all enterprises. At the end all changes together are decided as one book, and every count must be the same.
func Policy(ctx context.Context, l *lab.Lab) error {
	law, t, err := l.Stage(l.Items)
	if err != nil {
		return err
	}
	policies := workload.Policies(law.Items)
	var took lab.Timing
	after := map[string]engine.ItemTotal{}
	for i := range changes {
		policy := policies[i%len(policies)]
		changed := i % len(policy)
		policy[changed] = law.World.Altered(policy[changed], i)
		text := law.World.PolicyText(policy)
		start := time.Now()
		result, err := decidePolicy(ctx, t, text, changed)
		if err != nil {
			return err
		}
		took.Add(time.Since(start))
		for _, it := range result.Items {
			after[it.Item] = it
		}
	}
	l.Report(lab.Built("policy_change_p50_ms"), lab.Milliseconds(took.Median()), "ms")
	l.Report(lab.Built("policy_change_p95_ms"), lab.Milliseconds(took.Quantile(0.95)), "ms")
	problems, err := allAtOnce(ctx, t, law, after)
	if err != nil {
		return err
	}
	l.Equal(lab.Built("policy_change"), problems)
	return nil
}

// decidePolicy decides the item of one policy that has changed.
func decidePolicy(ctx context.Context, t *engine.Table, text []byte, changed int) (*engine.Result, error) {
	policy, mistakes := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": text}, "changed")
	if err := mistakes.Err(); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	book, mistakes := rules.Compile(t.Vocabulary, []*rules.Policy{policy})
	if err := mistakes.Err(); err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	rule, _ := book.Rule(policy.Items[changed].ID)
	return decided(ctx, t, book, []*rules.Rule{rule})
}

// allAtOnce decides the changed items as one book and lists where the totals differ from those of single policies.
func allAtOnce(ctx context.Context, t *engine.Table, law *lab.Law, single map[string]engine.ItemTotal) ([]string, error) {
	book, err := law.World.Book(law.Items)
	if err != nil {
		return nil, err
	}
	result, err := decided(ctx, t, book, book.Rules)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, it := range result.Items {
		if one, ok := single[it.Item]; ok && one != it {
			problems = append(problems, fmt.Sprintf("item %s: alone %+v, together %+v", it.Item, one, it))
		}
	}
	return problems, nil
}
