package rules_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mianshen/rules"
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

// number reads an environment variable, or gives a default.
func number(t testing.TB, name string, otherwise uint64) uint64 {
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

// TestJudgeAgrees holds the product against the judge on random rules and firms: outcome, amount, lists, records and payments.
// 100,000 pairs of rule and firm, a million with MIANSHEN_LONG=1; MIANSHEN_SEED repeats a run, MIANSHEN_PAIRS sets its size.
func TestJudgeAgrees(t *testing.T) {
	pairs := uint64(100_000)
	if os.Getenv("MIANSHEN_LONG") != "" {
		pairs = 1_000_000
	}
	pairs, seed := number(t, "MIANSHEN_PAIRS", pairs), number(t, "MIANSHEN_SEED", 20250630)
	t.Logf("seed %d (MIANSHEN_SEED), %d pairs", seed, pairs)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // much garbage, little that stays
	const workers = 4
	trials := make([]*trial, workers)
	var wait sync.WaitGroup
	for i := range trials {
		trials[i] = &trial{t: t, vocabulary: randomVocabulary(t), counts: map[string]int{}}
		wait.Go(func() { trials[i].run(rand.New(rand.NewPCG(seed, uint64(i))), pairs/workers) })
	}
	wait.Wait()
	counts := map[string]int{}
	for _, tr := range trials {
		for k, n := range tr.counts {
			counts[k] += n
		}
	}
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%9d %s", counts[k], k)
	}
	if pairs < 100_000 {
		return
	}
	for _, k := range mustOccur {
		if counts[k] == 0 {
			t.Errorf("%s never occurred: the generator no longer reaches it", k)
		}
	}
}

// mustOccur lists what a run has to meet.
var mustOccur = strings.Fields(`and or not < <= > >= == != + - * / neg ?: in in-set contains startsWith matches min max any all none
	count sum filter # column define derive 基准日 年度 年 加年 加月 工作日 满年 满月 date+ date- date-date 取值 取值-tiers 取值-table 划型 行业
	分档 已奖 曾获 符合 require exclude parts-any parts-all score manual each finding finding-conflict missing-operand overflow
	division-by-zero date-out-of-range empty-set empty-table no-history class-set-decided ?:-decided-by-equal-branches negative-amount
	cap-used-up times-used-up period-used once_per-used instalment outcome-eligible outcome-ineligible outcome-unknown`)

// trial is the work of one goroutine.
type trial struct {
	t          *testing.T
	vocabulary *rules.Vocabulary
	counts     map[string]int
	failures   int
}

const firmsPerPolicy = 40

func (tr *trial) run(r *rand.Rand, pairs uint64) {
	refused := 0
	for n, done := 0, uint64(0); done < pairs && tr.failures < 3; n++ {
		p := rulestest.RandomPolicy(r, fmt.Sprintf("p%d", n), 1+r.IntN(3))
		law, book, err := compile(tr.vocabulary, p)
		if err != nil {
			refused++
			if !expected(err) {
				tr.failures++
				tr.t.Errorf("refused: %v", err)
			}
			continue
		}
		judge, err := rulestest.NewJudge(tr.vocabulary, []*rules.Policy{law})
		if err != nil {
			tr.failures++
			tr.t.Errorf("judge: %v", err)
			continue
		}
		for range firmsPerPolicy {
			facts, around := rulestest.RandomFacts(r, []int{0, 10, 30, 60}[r.IntN(4)]), rulestest.RandomAround(r, p)
			if !tr.compare(p, book, judge, facts, around) {
				tr.failures++
				break
			}
			done += uint64(len(p.Items))
		}
		for k, c := range judge.Counts() {
			tr.counts[strings.ReplaceAll(k, " ", "-")] += c
		}
		tr.counts["pairs"] += firmsPerPolicy * len(p.Items)
		tr.counts["policies"]++
	}
	tr.counts["policies-refused"] += refused
}

// expected reports whether a random policy was refused for what can't be seen while it is drawn; later mistakes may follow from
// the first.
func expected(err error) bool {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return slices.ContainsFunc([]string{"除数是零", "写定的数算不出来", "表达式太长", "表达式有", "括号嵌套"}, func(s string) bool { return strings.Contains(first, s) })
}

func compile(v *rules.Vocabulary, p rulestest.Policy) (law *rules.Policy, book *rules.Book, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("错误：panic %v\n%s", x, p.Files["policy.yaml"])
		}
	}()
	law, mistakes := rules.ReadPolicyFiles(p.Files, "random")
	if err := mistakes.Err(); err != nil {
		return nil, nil, err
	}
	book, mistakes = rules.Compile(v, []*rules.Policy{law})
	if err := mistakes.Err(); err != nil {
		return nil, nil, err
	}
	return law, book, nil
}

// compare decides every item of a policy for one firm both ways, and reports the first difference as small as it can be made.
func (tr *trial) compare(p rulestest.Policy, book *rules.Book, judge *rulestest.Judge, facts rulestest.Facts, around rulestest.Around) bool {
	item, _, _ := differ(tr.vocabulary, book, judge, p.Items, facts, around)
	if item == "" {
		return true
	}
	facts, around = shrink(facts, around, func(f rulestest.Facts, a rulestest.Around) bool {
		id, _, _ := differ(tr.vocabulary, book, judge, []string{item}, f, a)
		return id != ""
	})
	_, got, want := differ(tr.vocabulary, book, judge, []string{item}, facts, around)
	tr.t.Errorf("%s differs:\nrules %+v\njudge %+v\n%s\n%s", item, got, want, itemText(string(p.Files["policy.yaml"]), item), facts.Text(around))
	return false
}

// itemText cuts the item out of the policy's text, with the policy's own conditions.
func itemText(policy, item string) string {
	head, rest, _ := strings.Cut(policy, "items:\n")
	for part := range strings.SplitSeq(rest, "  - id: p") {
		if strings.HasPrefix("p"+part, item+"\n") {
			return head + "  - id: p" + part
		}
	}
	return policy
}

func differ(v *rules.Vocabulary, book *rules.Book, judge *rulestest.Judge, items []string, facts rulestest.Facts, around rulestest.Around) (item string, got, want rulestest.Verdict) {
	profile, err := facts.Profile(v)
	if err != nil {
		panic(err)
	}
	s := book.NewSession(around.Circumstances())
	s.Load(profile)
	firm := judge.Load(facts, around)
	for _, id := range items {
		rule, ok := book.Rule(id)
		if !ok {
			panic("no rule " + id)
		}
		got, want = rulestest.FromDecision(s.Decide(rule)), firm.Decide(id)
		if !got.Same(want) {
			return id, got, want
		}
	}
	return "", got, want
}

// shrink leaves out facts, rows, awards and findings as long as the answers still differ.
func shrink(f rulestest.Facts, a rulestest.Around, differs func(rulestest.Facts, rulestest.Around) bool) (rulestest.Facts, rulestest.Around) {
	for _, name := range slices.Sorted(maps.Keys(f.Cells)) {
		less := f
		less.Cells = maps.Clone(f.Cells)
		delete(less.Cells, name)
		if differs(less, a) {
			f = less
		}
	}
	for _, table := range slices.Sorted(maps.Keys(f.Records)) {
		for i := len(f.Records[table]) - 1; i >= 0; i-- {
			less := f
			less.Records = maps.Clone(f.Records)
			less.Records[table] = slices.Delete(slices.Clone(f.Records[table]), i, i+1)
			if differs(less, a) {
				f = less
			}
		}
	}
	for i := len(a.Awards) - 1; i >= 0; i-- {
		less := a
		less.Awards = slices.Delete(slices.Clone(a.Awards), i, i+1)
		if differs(f, less) {
			a = less
		}
	}
	for i := len(a.Findings) - 1; i >= 0; i-- {
		less := a
		less.Findings = slices.Delete(slices.Clone(a.Findings), i, i+1)
		if differs(f, less) {
			a = less
		}
	}
	slices.SortStableFunc(a.Findings, func(x, y rules.PersonFinding) int { return cmp.Compare(x.Condition, y.Condition) })
	return f, a
}
