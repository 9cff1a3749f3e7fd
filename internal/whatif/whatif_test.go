package whatif_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mianshen/engine"
	"mianshen/internal/demo"
	"mianshen/internal/whatif"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/seeds"
)

var ctx = context.Background()

// district is the sample law over the sample firms.
type district struct {
	book     *rules.Book
	profiles []*rules.Profile
	table    *engine.Table
	around   rules.Circumstances
}

// sampleFirms are read once.
var sampleFirms = sync.OnceValues(func() ([]demo.Firm, error) {
	bundle, err := seeds.Enterprises()
	if err != nil {
		return nil, err
	}
	return demo.Firms(sampleVocabulary(), bundle)
})

var sampleVocabulary = sync.OnceValue(func() *rules.Vocabulary {
	v, ms := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if v == nil {
		panic(ms)
	}
	return v
})

// sample is the law of some policies, or of all, over the first so many firms.
func sample(t testing.TB, firms int, of ...string) *district {
	t.Helper()
	policies, ms := rules.ReadLaw(seeds.Policies(), "seeds")
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	policies = slices.DeleteFunc(policies, func(p *rules.Policy) bool { return len(of) > 0 && !slices.Contains(of, p.ID) })
	d := &district{around: rules.Circumstances{AsOf: civil.MustParse("2025-06-30"), History: rules.NewHistory(nil)}}
	d.book, ms = rules.Compile(sampleVocabulary(), policies)
	if ms.Err() != nil {
		t.Fatal(ms)
	}
	list, err := sampleFirms()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list[:firms] {
		d.profiles = append(d.profiles, f.Profile)
	}
	if d.table, err = engine.FromProfiles(sampleVocabulary(), d.profiles); err != nil {
		t.Fatal(err)
	}
	return d
}

// seed reads MIANSHEN_SEED, or gives a default, and says which it is.
func seed(t testing.TB) *rand.Rand {
	t.Helper()
	n, err := strconv.ParseUint(os.Getenv("MIANSHEN_SEED"), 10, 64)
	if err != nil {
		n = 11
	}
	t.Logf("seed %d (MIANSHEN_SEED)", n)
	return rand.New(rand.NewPCG(n, 1))
}

func (d *district) amended(t testing.TB, item string, edits ...rules.Edit) *rules.Book {
	t.Helper()
	rule, _ := d.book.Rule(item)
	p, ms := rules.Amend(rule.Policy, edits)
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	policies := slices.Clone(d.book.Policies)
	policies[slices.Index(policies, rule.Policy)] = p
	b, ms := rules.Compile(d.book.Vocabulary, policies)
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	return b
}

// verdicts decides an item for every firm by its own program.
func (d *district) verdicts(t testing.TB, b *rules.Book, item string) []*rules.Decision {
	t.Helper()
	s, out := b.NewSession(d.around), make([]*rules.Decision, len(d.profiles))
	r, ok := b.Rule(item)
	if !ok || !r.Due(d.around.AsOf) {
		return nil
	}
	for i, p := range d.profiles {
		s.Load(p)
		out[i] = s.Decide(r)
	}
	return out
}

// worth is what a decision grants.
func worth(d *rules.Decision) exact.Money {
	if d.Amount == nil {
		return 0
	}
	return *d.Amount
}

// TestTryIsBruteForce drops a condition of some items and holds every number of the comparison against sessions that decide each
// firm under both laws.
func TestTryIsBruteForce(t *testing.T) {
	d := sample(t, 2000)
	r := seed(t)
	list := slices.DeleteFunc(slices.Clone(d.book.Rules), func(r *rules.Rule) bool { return !r.Due(d.around.AsOf) })
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	changed := 0
	for _, rule := range list[:5] {
		conditions := rule.Policy.All(rule.Item)
		edits := []rules.Edit{{What: rules.EditDrop, Item: rule.Item.ID, Condition: conditions[r.IntN(len(conditions))].ID}}
		if rule.Item.Amount.Text != "" {
			edits = append(edits, rules.Edit{What: rules.EditAmount, Item: rule.Item.ID, Text: "(" + rule.Item.Amount.Text + ") * 2"})
		}
		q := whatif.Question{Table: d.table, Before: d.book, Items: []string{rule.Item.ID}, Circumstances: d.around}
		out, err := whatif.Try(ctx, q, rule.Item.ID, edits)
		if err != nil {
			t.Fatal(err)
		}
		changed += min(out.Items[0].Entered+out.Items[0].Changed, 1)
		after := d.amended(t, rule.Item.ID, edits...)
		d.check(t, out.Items[0], d.verdicts(t, d.book, rule.Item.ID), d.verdicts(t, after, rule.Item.ID))
		if t.Failed() {
			t.Fatalf("%s after %+v", rule.Item.ID, edits)
		}
	}
	t.Logf("%d items changed", changed)
	if changed < 2 {
		t.Errorf("only %d items changed: that tests little", changed)
	}
}

// check holds one effect against the decisions.
func (d *district) check(t *testing.T, e *whatif.Effect, before, after []*rules.Decision) {
	t.Helper()
	var want whatif.Effect
	var industries, sizes map[string]int
	industries, sizes = map[string]int{}, map[string]int{}
	size, _ := d.book.Vocabulary.Field("企业规模")
	s := d.book.NewSession(d.around)
	for i, b := range before {
		a := after[i]
		was, now := b.Outcome == rules.Eligible, a.Outcome == rules.Eligible
		addTo(&want.Before, b)
		addTo(&want.After, a)
		switch {
		case now && !was:
			want.Entered++
		case was && !now:
			want.Left++
		case was && now && worth(a) != worth(b):
			want.Changed++
		}
		if a.Outcome == rules.Unknown && b.Outcome != rules.Unknown {
			want.Waiting++
		}
		if b.Outcome == rules.Unknown && a.Outcome != rules.Unknown {
			want.Settled++
		}
		if was != now || worth(a) != worth(b) {
			s.Load(d.profiles[i])
			sizes[known(s.Derived(size).Known(), s.Derived(size).Text)]++
			f, _ := d.book.Vocabulary.Field("行业代码")
			fact := d.profiles[i].Fact(f)
			industries[known(fact.Value != nil, func() string { return fact.Value.Text()[:1] })]++
		}
	}
	want.Difference = want.After.Money - want.Before.Money
	got := whatif.Effect{Entered: e.Entered, Left: e.Left, Changed: e.Changed, Waiting: e.Waiting, Settled: e.Settled, Before: e.Before, After: e.After, Difference: e.Difference}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for i, counts := range []map[string]int{industries, sizes} {
		d.checkGroups(t, e, e.Groups[i], counts)
	}
	if len(e.EnteredExamples) != min(10, e.Entered) || len(e.LeftExamples) != min(10, e.Left) {
		t.Errorf("%d and %d examples", len(e.EnteredExamples), len(e.LeftExamples))
	}
	for _, x := range slices.Concat(e.EnteredExamples, e.LeftExamples) {
		if !strings.ContainsAny(x.Reason, "→，") {
			t.Errorf("%s: reason %q", x.Enterprise, x.Reason)
		}
	}
}

func known(is bool, text func() string) string {
	if !is {
		return "不详"
	}
	return text()
}

func addTo(t *whatif.Total, d *rules.Decision) {
	switch d.Outcome {
	case rules.Eligible:
		t.Eligible++
		t.Money += worth(d)
	case rules.Unknown:
		t.Unknown++
	}
}

func (d *district) checkGroups(t *testing.T, e *whatif.Effect, g *whatif.Grouping, counts map[string]int) {
	t.Helper()
	var money exact.Money
	entered, left := 0, 0
	for _, x := range g.Groups {
		name, _, _ := strings.Cut(x.Name, " ")
		if n := x.Entered + x.Left + x.Changed; n != counts[name] {
			t.Errorf("%s %s: %d changes, want %d", g.Field, x.Name, n, counts[name])
		}
		delete(counts, name)
		money, entered, left = money+x.Money, entered+x.Entered, left+x.Left
	}
	if len(counts) > 0 || money != e.Difference || entered != e.Entered || left != e.Left {
		t.Errorf("%s: groups miss %v, %v of %v, %d and %d", g.Field, counts, money, e.Difference, entered, left)
	}
}

// TestCompareVersions: items that one of the laws lacks count as ineligible there.
func TestCompareVersions(t *testing.T) {
	d := sample(t, 500)
	less, ms := rules.Compile(d.book.Vocabulary, d.book.Policies[1:])
	if err := ms.Err(); err != nil {
		t.Fatal(err)
	}
	out, err := whatif.Compare(ctx, whatif.Question{Table: d.table, Before: less, After: d.book, Circumstances: d.around, GroupBy: []string{"注册街镇", "高新技术企业", "没有的指标"}, Examples: 2})
	if err != nil {
		t.Fatal(err)
	}
	entered := 0
	for _, e := range out.Items {
		_, both := less.Rule(e.Item)
		if both && e.Any() || !both && e.Entered != e.After.Eligible {
			t.Errorf("%s: %+v", e.Item, e)
		}
		entered += e.Entered
		if len(e.Groups) != 2 || len(e.EnteredExamples) > 2 {
			t.Errorf("%s: %d groupings, %d examples", e.Item, len(e.Groups), len(e.EnteredExamples))
		}
		for _, x := range e.EnteredExamples {
			if x.Reason != "修改前没有这个事项，或不在有效期内" {
				t.Errorf("reason %q", x.Reason)
			}
		}
	}
	if entered == 0 || out.Firms != 500 {
		t.Errorf("%d entered of %d", entered, out.Firms)
	}
	var refusal *whatif.Refusal
	for _, q := range []whatif.Question{
		{Items: []string{"b-zc-smee"}}, {Items: []string{"b-zc-sme"}, GroupBy: []string{"上年营业收入"}}, {Items: []string{"b-zc-sme"}, GroupBy: []string{"研发费用占比"}},
	} {
		q.Table, q.Before, q.After, q.Circumstances = d.table, less, d.book, d.around
		if _, err := whatif.Compare(ctx, q); !errors.As(err, &refusal) {
			t.Errorf("%v by %v: %v", q.Items, q.GroupBy, err)
		}
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := whatif.Compare(stopped, whatif.Question{Table: d.table, Before: less, After: d.book, Circumstances: d.around}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled comparison gives %v", err)
	}
}

// TestReasons holds the sentences for what only some items have: records, conditions that are new, an amount that wasn't known.
func TestReasons(t *testing.T) {
	d := sample(t, 2000, "qp-fg-2025-24", "qp-jw-gy-2025-22")
	for _, c := range []struct {
		item string
		edit rules.Edit
		want string // in one of the reasons
	}{
		{"b-ls-saving", rules.Edit{What: rules.EditValue, Value: "节能投资起点", On: d.around.AsOf, Text: "300"}, "记录 "},
		{"b-zc-small", rules.Edit{What: rules.EditAmount, Item: "b-zc-small", Text: "min(20*万元, 近两年股权融资 * (上年网络零售额 / 上年网络零售额))"}, "→ 没有"},
	} {
		q := whatif.Question{Table: d.table, Before: d.book, Items: []string{c.item}, Circumstances: d.around}
		out, err := whatif.Try(ctx, q, c.item, []rules.Edit{c.edit})
		if err != nil {
			t.Fatal(err)
		}
		var reasons []string
		for _, x := range out.Items[0].LeftExamples {
			reasons = append(reasons, x.Reason)
		}
		if !strings.Contains(strings.Join(reasons, "\n"), c.want) {
			t.Errorf("%s: %q without %q", c.item, reasons, c.want)
		}
	}
}
