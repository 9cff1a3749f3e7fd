package forecast_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"mianshen/internal/notify/forecast"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/formula"
	"mianshen/rules/rulestest"
)

// vocabulary is that of random rules, in which some facts get too old.
func vocabulary(t *testing.T) *rules.Vocabulary {
	t.Helper()
	n := 0
	text := regexp.MustCompile(`(?m)^(  - \{.*source: [^,}]*)\}`).ReplaceAllStringFunc(string(rulestest.Vocabulary()), func(line string) string {
		n++
		if n%2 == 0 {
			return line
		}
		return strings.TrimSuffix(line, "}") + fmt.Sprintf(", stale_after: %d days}", 40*n)
	})
	if n < 10 {
		t.Fatalf("only %d fields of the vocabulary were recognised", n)
	}
	v, mistakes := rules.ParseVocabulary("vocabulary.yaml", []byte(text))
	if err := mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	return v
}

// daily decides on every day by sessions of its own, and returns the first day that comes out otherwise.
func daily(book *rules.Book, around rules.Circumstances, known []forecast.Stretch, r *rules.Rule) (civil.Date, rules.Outcome) {
	today := around.AsOf
	on := func(day civil.Date) rules.Outcome {
		if !r.Due(day) {
			return ""
		}
		profile := known[0].Profile
		for _, k := range known[1:] {
			if !k.From.After(day) {
				profile = k.Profile
			}
		}
		around.AsOf = day
		s := book.NewSession(around)
		s.Load(profile)
		return s.Decide(r).Outcome
	}
	was := on(today)
	for n := 1; n <= forecast.Horizon; n++ {
		day, _ := today.AddDays(n)
		if now := on(day); now != was {
			return day, now
		}
	}
	return civil.Date{}, ""
}

// dated moves the dates of a profile near to what a rule of some years would ask of the day, and gives all facts a day.
func dated(r *rand.Rand, v *rules.Vocabulary, p *rules.Profile, today civil.Date) *rules.Profile {
	p = p.Clone()
	for _, f := range v.Fields {
		if f.Derived() {
			continue
		}
		fact := p.Fact(f)
		if fact.Value == nil {
			continue
		}
		if f.Type == rules.TypeDate && r.IntN(4) > 0 {
			day, _ := today.AddDays(-365*r.IntN(6) + r.IntN(500))
			fact.Value = formula.DateOf(day)
		}
		if r.IntN(5) > 0 {
			fact.On, _ = today.AddDays(-r.IntN(900))
		}
		if err := p.Set(f, fact); err != nil {
			panic(err)
		}
	}
	return p
}

// TestRandom holds forecasts of random rules against evaluation on every day.
func TestRandom(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	v := vocabulary(t)
	const want = 600
	changes, checked, kinds := 0, 0, map[forecast.Kind]int{}
	for n, done := 0, 0; done < want; n++ {
		p := rulestest.RandomPolicy(r, fmt.Sprintf("p%d", n), 1+r.IntN(2))
		law, mistakes := rules.ReadPolicyFiles(p.Files, "random")
		if mistakes.Err() != nil {
			continue
		}
		book, mistakes := rules.Compile(v, []*rules.Policy{law})
		if mistakes.Err() != nil {
			continue
		}
		for range 2 {
			a := rulestest.RandomAround(r, p)
			around := bounded(a)
			known := stretches(t, r, v, a.AsOf)
			desk := forecast.New(book, around)
			if err := desk.Load(known); err != nil {
				t.Fatal(err)
			}
			for _, rule := range book.Rules {
				done++
				day, now := daily(book, around, known, rule)
				c, _ := desk.Next(rule)
				checked += c.Checked
				if c.Day != day || c.Now != now {
					t.Fatalf("seed %d: %s on %s: forecast %s %q, day by day %s %q\n%s", seed, rule.Item.ID, a.AsOf, c.Day, c.Now, day, now, p.Files["policy.yaml"])
				}
				if !day.IsZero() {
					changes++
					kinds[c.Causes[0].Kind]++
				}
			}
		}
	}
	t.Logf("%d changes, causes %v, asked on %.1f days a pair", changes, kinds, float64(checked)/want)
	if changes < want/20 || len(kinds) < 3 {
		t.Errorf("too few changes to prove anything: %d, %v", changes, kinds)
	}
}

// bounded leaves out what isn't known on the day.
func bounded(a rulestest.Around) rules.Circumstances {
	b := rulestest.Around{AsOf: a.AsOf}
	if a.Awards != nil {
		b.Awards = []rules.Award{}
	}
	for _, x := range a.Awards {
		if !x.On.After(a.AsOf) {
			b.Awards = append(b.Awards, x)
		}
	}
	for _, x := range a.Findings {
		if !x.On.After(a.AsOf) {
			b.Findings = append(b.Findings, x)
		}
	}
	return b.Circumstances()
}

func stretches(t *testing.T, r *rand.Rand, v *rules.Vocabulary, today civil.Date) []forecast.Stretch {
	t.Helper()
	from, out := today, []forecast.Stretch(nil)
	for range 1 + max(0, r.IntN(4)-1) {
		p, err := rulestest.RandomFacts(r, []int{0, 10, 30}[r.IntN(3)]).Profile(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, forecast.Stretch{From: from, Profile: dated(r, v, p, today)})
		from, _ = from.AddDays(30 + r.IntN(200))
	}
	return out
}

// one compiles a policy of one item with one condition over the random vocabulary.
func one(t *testing.T, v *rules.Vocabulary, require string) (*rules.Book, *rules.Rule) {
	t.Helper()
	law := `id: t
title: 测试办法
number: 示例〔2025〕1号
issuer: 区经委
level: 区
in_force: {from: 2025-01-01, to: 2026-03-31}
clauses: [{ref: 第一条, text: 测试}]
items:
  - id: t-item
    title: 测试事项
    mode: auto
    kind: 补贴
    field: 科技创新
    conditions:
      - {id: c, clause: 第一条, quote: 测试, require: '` + require + `', because: 测试条件}
    amount: '1*万元'
`
	p, mistakes := rules.ReadPolicyFiles(map[string][]byte{"policy.yaml": []byte(law)}, "t")
	if err := mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	book, mistakes := rules.Compile(v, []*rules.Policy{p})
	if err := mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	return book, book.Rules[0]
}

// TestReasons holds the day and what is said of it for the plain cases.
func TestReasons(t *testing.T) {
	v := vocabulary(t)
	today := civil.MustParse("2025-06-30")
	for _, x := range []struct {
		require, founded, on string
		day                  string
		was, now             rules.Outcome
		kind                 forecast.Kind
		name                 string
		most                 int // days on which the rule is asked
	}{
		{"满年(成立日期, 3)", "2022-09-15", "", "2025-09-15", rules.Ineligible, rules.Eligible, forecast.ByDate, "成立日期", 6},
		{"满年(成立日期, 3)", "2020-02-29", "", "2026-04-01", rules.Eligible, "", forecast.ByPolicy, "测试办法", 20},
		{"成立日期 >= 基准日", "2025-12-31", "", "2026-01-01", rules.Eligible, rules.Ineligible, forecast.ByDate, "成立日期", 10},
		{"加月(成立日期, 12) <= 基准日", "2024-08-31", "", "2025-08-31", rules.Ineligible, rules.Eligible, forecast.ByDate, "成立日期", 6},
		{"满年(认定日期, 1)", "2024-01-31", "2025-01-01", "", rules.Unknown, "", "", "", 20},
		{"工作日(成立日期, 5) <= 基准日", "2025-06-27", "", "2025-07-04", rules.Ineligible, rules.Eligible, forecast.ByDate, "成立日期", 6},
		{"基准日 >= 日期(\"2025-10-10\")", "2020-01-01", "", "2025-10-10", rules.Ineligible, rules.Eligible, forecast.ByDate, "", 8},
	} {
		t.Run(x.require, func(t *testing.T) {
			book, rule := one(t, v, x.require)
			p := rules.NewProfile(v, "91310118MA00000000")
			f, _ := v.Field("成立日期")
			if err := p.Set(f, rules.Fact{Value: formula.DateOf(civil.MustParse(x.founded))}); err != nil {
				t.Fatal(err)
			}
			desk := forecast.New(book, rules.Circumstances{AsOf: today, History: rules.NewHistory(nil)})
			if err := desk.Load([]forecast.Stretch{{From: today, Profile: p}}); err != nil {
				t.Fatal(err)
			}
			c, ok := desk.Next(rule)
			if x.day == "" {
				if ok && c.Now != "" {
					t.Fatalf("it changes on %s", c.Day)
				}
				return
			}
			if c.Day.String() != x.day || c.Was != x.was || c.Now != x.now {
				t.Fatalf("%s: %q to %q", c.Day, c.Was, c.Now)
			}
			if c.Causes[0].Kind != x.kind || c.Causes[0].Name != x.name {
				t.Errorf("causes %v", c.Causes)
			}
			if x.now != "" && fmt.Sprint(c.Turned) != "[c]" {
				t.Errorf("turned %v", c.Turned)
			}
			if c.Checked > x.most {
				t.Errorf("the rule was asked on %d days", c.Checked)
			}
		})
	}
}

// TestStale: a fact that gets too old makes the item unknown on the day after its last good one.
func TestStale(t *testing.T) {
	v := vocabulary(t)
	book, rule := one(t, v, "高新技术企业")
	today := civil.MustParse("2025-06-30")
	f, _ := v.Field("高新技术企业")
	p := rules.NewProfile(v, "91310118MA00000000")
	if err := p.Set(f, rules.Fact{Value: formula.BoolOf(true), On: today}); err != nil {
		t.Fatal(err)
	}
	desk := forecast.New(book, rules.Circumstances{AsOf: today, History: rules.NewHistory(nil)})
	if err := desk.Load([]forecast.Stretch{{From: today, Profile: p}}); err != nil {
		t.Fatal(err)
	}
	c, ok := desk.Next(rule)
	want, _ := today.AddDays(f.StaleAfter + 1)
	if !ok || f.StaleAfter == 0 || c.Day != want || c.Now != rules.Unknown || c.Causes[0].Kind != forecast.ByStale {
		t.Errorf("%v to %q on %s, wanted %s", c.Causes, c.Now, c.Day, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	v := vocabulary(t)
	book, _ := one(t, v, "高新技术企业")
	today := civil.MustParse("2025-06-30")
	later := civil.MustParse("2025-07-01")
	p := rules.NewProfile(v, "91310118MA00000000")
	desk := forecast.New(book, rules.Circumstances{AsOf: today})
	for _, bad := range [][]forecast.Stretch{nil, {{From: later, Profile: p}}, {{From: today, Profile: p}, {From: today, Profile: p}}} {
		if desk.Load(bad) == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}
