package engine_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"mianshen/engine"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
	"mianshen/rules/rulestest"
)

// strange are cells that a table of a few firms is unlikely to hold: other texts and sets, finer and larger numbers, far days.
var strange = map[string][]string{
	"行业代码": {"C2710", "I64", "J6610"}, "批次": {"第九批"}, "企业名称": {"没见过的企业", "行业"}, "资质": {"特级", "三级;一级"}, "标签": {"软件;集成电路", "生物医药"},
	"裁员率": {"5.5000001", "0.333333"}, "系数": {"1.23456789", "123456789"}, "厂房面积": {"500.0001", "99999999"}, "亩均税收": {"15.0001"},
	"从业人数": {"300000000", "9223372036854775807"}, "上年营业收入": {"92233720368547758.07", "1234567890.12"}, "研发费用": {"-92233720368547758.07"},
	"成立日期": {"1900-01-01", "1950-06-30", "2999-12-31"}, "认定日期": {"2099-01-01"}, "评级分": {"-100000"},
}

// stranger is a firm with some cells of strange.
func (w *world) stranger(t *testing.T, r *rand.Rand, n int) *rules.Profile {
	t.Helper()
	f := rulestest.RandomFacts(r, []int{0, 10, 30}[r.IntN(3)])
	if n > 0 {
		f.Enterprise = fmt.Sprintf("S%017d", n)
	}
	for _, name := range slices.Sorted(maps.Keys(strange)) {
		if list := strange[name]; r.IntN(6) == 0 {
			f.Cells[name] = list[r.IntN(len(list))]
		}
	}
	p, err := f.Profile(w.vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// same compares what a Single answers with the rules' own decisions.
func same(t *testing.T, s *rules.Session, list []*rules.Rule, p *rules.Profile, got []engine.Answer, counts map[string]int) {
	t.Helper()
	s.Load(p)
	var want []engine.Answer
	for i, rule := range list {
		d := s.Decide(rule)
		counts[string(d.Outcome)]++
		if d.Outcome == rules.Ineligible {
			continue
		}
		a := engine.Answer{Item: i, Outcome: d.Outcome}
		if d.Amount != nil {
			a.Amount, a.HasAmount = *d.Amount, true
		}
		want = append(want, a)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: single\n%v\nrules\n%v", p.Enterprise, got, want)
	}
}

// sameAsSweep compares what a Single answers for a row of the plan's table with a sweep.
func sameAsSweep(t *testing.T, res *engine.Result, row int, got []engine.Answer) {
	t.Helper()
	var want []engine.Answer
	for i := range res.Items {
		if o := res.Outcome(i, row); o != rules.Ineligible {
			a := engine.Answer{Item: i, Outcome: o}
			a.Amount, a.HasAmount = res.Amount(i, row)
			want = append(want, a)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("row %d: single\n%v\nsweep\n%v", row, got, want)
	}
}

// TestSingle holds a Single against sweeps and the rules themselves on random policies, for firms of the table and for others.
// MIANSHEN_SEED repeats a run, MIANSHEN_WORLDS sets its length.
func TestSingle(t *testing.T) {
	seed, worlds := setting(t, "MIANSHEN_SEED", 20260102), setting(t, "MIANSHEN_WORLDS", 60)
	t.Logf("seed %d (MIANSHEN_SEED), %d worlds (MIANSHEN_WORLDS)", seed, worlds)
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", rulestest.Vocabulary())
	if v == nil {
		t.Fatal(mistakes)
	}
	r := rand.New(rand.NewPCG(seed, 2))
	counts := map[string]int{}
	for n := uint64(0); n < worlds && !t.Failed(); n++ {
		w := randomWorld(t, v, r, fmt.Sprintf("s%d", n), r.IntN(60))
		if w == nil {
			continue
		}
		list := w.due()
		plan, err := engine.NewPlan(w.table(t), w.book, list, w.around.Circumstances())
		if err != nil {
			t.Fatal(err)
		}
		res, err := plan.Sweep(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		single, session := plan.Single(), w.book.NewSession(w.around.Circumstances())
		for row, p := range w.profiles {
			got := single.Decide(p)
			same(t, session, list, p, got, counts)
			sameAsSweep(t, res, row, got)
		}
		for i := range 40 {
			p := w.stranger(t, r, i)
			same(t, session, list, p, single.Decide(p), counts)
		}
		if t.Failed() {
			t.Logf("world %d\n%s", n, w.policy.Files["policy.yaml"])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%9d %s", counts[k], k)
	}
	if counts["eligible"] == 0 || counts["unknown"] == 0 || counts["ineligible"] == 0 {
		t.Error("the random policies no longer reach all outcomes")
	}
}

// small compiles a vocabulary and a policy with the given items.
func small(t *testing.T, fields, items string) *rules.Book {
	t.Helper()
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", []byte("fields:\n"+fields))
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	head := "id: p\ntitle: 办法\nnumber: 示例〔2025〕1号\nissuer: 区经委\nlevel: 区\nin_force: {from: 2020-01-01}\nclauses: [{ref: 第一条, text: 符合条件的给予奖励。}]\nitems:\n"
	p, mistakes := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(head + items)}, "p")
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	b, mistakes := rules.Compile(v, []*rules.Policy{p})
	if mistakes.Err() != nil {
		t.Fatal(mistakes)
	}
	return b
}

// TestSingleOldFacts: a fact that has become too old is missing, one of no known day isn't.
func TestSingleOldFacts(t *testing.T) {
	book := small(t, "  - {name: 人数, id: staff, type: int, unit: 人, source: 区人社局, stale_after: 100 days}\n",
		"  - {id: a, title: 奖励, conditions: [{id: c, clause: 第一条, because: 人数, require: 人数 >= 30}], amount: 1*万元}\n")
	around := rules.Circumstances{AsOf: civil.MustParse("2025-06-30")}
	staff, _ := book.Vocabulary.Field("人数")
	var profiles []*rules.Profile
	for i, on := range []string{"2025-06-01", "2025-03-22", "2025-03-21", ""} {
		p := rules.NewProfile(book.Vocabulary, fmt.Sprintf("F%d", i))
		value, err := staff.Parse("30", "")
		if err != nil {
			t.Fatal(err)
		}
		fact := rules.Fact{Value: value}
		if on != "" {
			fact.On = civil.MustParse(on)
		}
		if err := p.Set(staff, fact); err != nil {
			t.Fatal(err)
		}
		profiles = append(profiles, p)
	}
	table, err := engine.FromProfiles(book.Vocabulary, profiles)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.NewPlan(table, book, book.Rules, around)
	if err != nil {
		t.Fatal(err)
	}
	single, session := plan.Single(), book.NewSession(around)
	counts := map[string]int{}
	for i, want := range []rules.Outcome{rules.Eligible, rules.Eligible, rules.Unknown, rules.Eligible} {
		got := single.Decide(profiles[i])
		same(t, session, book.Rules, profiles[i], got, counts)
		if got[0].Outcome != want || got[0].HasAmount != (want == rules.Eligible) {
			t.Errorf("fact %d: %v, want %s", i, got, want)
		}
	}
}

// TestSingleUnknownText: texts that no firm of the table has mean different things to conditions that agree on the table.
func TestSingleUnknownText(t *testing.T) {
	book := small(t, "  - {name: 街道, id: street, type: string, source: 区民政局}\n",
		`  - {id: a, title: 甲, conditions: [{id: c, clause: 第一条, because: 街道, require: '街道 == "盈浦"'}]}
  - {id: b, title: 乙, conditions: [{id: c, clause: 第一条, because: 街道, require: '街道 in ["盈浦", "夏阳"]'}]}
  - {id: d, title: 丙, conditions: [{id: c, clause: 第一条, because: 街道, exclude: '街道 == "盈浦"'}]}
`)
	street, _ := book.Vocabulary.Field("街道")
	firm := func(name string) *rules.Profile {
		p := rules.NewProfile(book.Vocabulary, name)
		if err := p.Set(street, rules.Fact{Value: formula.TextOf(name)}); err != nil {
			t.Fatal(err)
		}
		return p
	}
	table, err := engine.FromProfiles(book.Vocabulary, []*rules.Profile{firm("盈浦"), firm("香花桥")})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.NewPlan(table, book, book.Rules, rules.Circumstances{AsOf: civil.MustParse("2025-06-30")})
	if err != nil {
		t.Fatal(err)
	}
	single := plan.Single()
	for name, want := range map[string][]int{"盈浦": {0, 1}, "香花桥": {2}, "夏阳": {1, 2}, "重固": {2}} {
		var got []int
		for _, a := range single.Decide(firm(name)) {
			if a.Outcome != rules.Eligible {
				t.Errorf("%s: %v", name, a)
			}
			got = append(got, a.Item)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: items %v, want %v", name, got, want)
		}
	}
}

// TestSingleAtOnce: many goroutines share one Single.
func TestSingleAtOnce(t *testing.T) {
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", rulestest.Vocabulary())
	if v == nil {
		t.Fatal(mistakes)
	}
	r := rand.New(rand.NewPCG(3, 3))
	var w *world
	for n := 0; w == nil; n++ {
		w = randomWorld(t, v, r, fmt.Sprintf("g%d", n), 40)
	}
	list := w.due()
	plan, err := engine.NewPlan(w.table(t), w.book, list, w.around.Circumstances())
	if err != nil {
		t.Fatal(err)
	}
	single := plan.Single()
	alone := make([][]engine.Answer, len(w.profiles))
	for i, p := range w.profiles {
		alone[i] = single.Decide(p)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range w.profiles {
				i = (i + g*10) % len(w.profiles)
				if got := single.Decide(w.profiles[i]); !slices.Equal(got, alone[i]) {
					t.Errorf("firm %d: %v, alone %v", i, got, alone[i])
				}
			}
		})
	}
	wg.Wait()
}
