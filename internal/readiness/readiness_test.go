package readiness_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mianshen/engine"
	"mianshen/internal/intake"
	"mianshen/internal/readiness"
	"mianshen/rules"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
	"mianshen/rules/formula"
	"mianshen/seeds"
	"mianshen/seeds/synth"
)

// district is a population and the sample policies.
type district struct {
	book     *rules.Book
	profiles []*rules.Profile
	table    *engine.Table
	awards   []rules.Award
	findings []rules.PersonFinding
	due      []*rules.Rule

	surveys map[bool]*readiness.Survey // with and without history
	decided map[bool][][]*rules.Decision
}

var asOf = civil.MustParse("2025-06-30")

// sample is the embedded district.
var sample = sync.OnceValues(func() (*district, error) {
	b, err := seeds.Enterprises()
	if err != nil {
		return nil, err
	}
	return newDistrict(first(b, firms))
})

// first keeps the first n enterprises with their records.
func first(b seeds.Bundle, n int) seeds.Bundle {
	out := seeds.Bundle{Profiles: b.Profiles}
	out.Profiles.Rows = b.Profiles.Rows[:n]
	kept := map[string]bool{}
	for _, row := range out.Profiles.Rows {
		kept[row[0]] = true
	}
	for _, t := range b.Records {
		t.Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row []string) bool { return !kept[row[0]] })
		out.Records = append(out.Records, t)
	}
	return out
}

// enough reports that a test found less than it takes to prove something; a part of the firms proves nothing anyway.
func enough(t *testing.T, n, least int) {
	t.Helper()
	if firms == seeds.Size && n < least {
		t.Errorf("%d are too few to prove anything", n)
	}
}

func newDistrict(b seeds.Bundle) (*district, error) {
	v, ms := rules.ParseVocabulary("vocabulary.yaml", seeds.Vocabulary())
	if err := ms.Err(); err != nil {
		return nil, err
	}
	policies, ms := rules.ReadPolicies(seeds.Policies(), "seeds")
	book, more := rules.Compile(v, policies)
	if err := append(ms, more...).Err(); err != nil {
		return nil, err
	}
	ctx := context.Background()
	batch, err := intake.ReadProfiles(ctx, v, asFile(b.Profiles), intake.Options{})
	if err != nil {
		return nil, err
	}
	for _, t := range b.Records {
		f, _ := v.Field(t.Name)
		records, err := intake.ReadRecords(ctx, f, asFile(t), intake.Options{})
		if err == nil {
			err = batch.Attach(records)
		}
		if err != nil {
			return nil, err
		}
	}
	d := &district{book: book, profiles: batch.Profiles, surveys: map[bool]*readiness.Survey{}, decided: map[bool][][]*rules.Decision{}}
	for _, r := range book.Rules {
		if r.Due(asOf) {
			d.due = append(d.due, r)
		}
	}
	awards, findings, err := synth.Samples(seeds.Policies(), b)
	if err != nil {
		return nil, err
	}
	if d.awards, _, err = intake.ReadAwards(ctx, asFile(awards), intake.Options{}); err != nil {
		return nil, err
	}
	if d.findings, _, err = intake.ReadFindings(ctx, asFile(findings), intake.Options{}); err != nil {
		return nil, err
	}
	d.table, err = engine.FromProfiles(v, d.profiles)
	return d, err
}

func asFile(t seeds.Table) intake.Input {
	var b bytes.Buffer
	if err := t.WriteCSV(&b); err != nil {
		panic(err) // a buffer takes everything
	}
	return intake.Bytes(t.Name+".csv", b.Bytes())
}

func theSample(t testing.TB) *district {
	t.Helper()
	d, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// around is with or without history and findings.
func (d *district) around(history bool) rules.Circumstances {
	c := rules.Circumstances{AsOf: asOf}
	if history {
		c.History, c.Findings = rules.NewHistory(d.awards), rules.NewFindings(d.findings)
	}
	return c
}

// survey takes the survey once.
func (d *district) survey(t testing.TB, history bool) *readiness.Survey {
	t.Helper()
	if d.surveys[history] == nil {
		d.surveys[history] = d.take(t, d.table, history)
	}
	return d.surveys[history]
}

func (d *district) take(t testing.TB, table *engine.Table, history bool) *readiness.Survey {
	t.Helper()
	s, err := readiness.Take(context.Background(), readiness.Request{Table: table, Book: d.book, Rules: d.due, Around: d.around(history), Pairs: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// part is a table of the first firms.
func (d *district) part(t testing.TB, n int) *engine.Table {
	t.Helper()
	table, err := engine.FromProfiles(d.book.Vocabulary, d.profiles[:n])
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// decisions decides every pair by itself, without columns: by firm, then by rule.
func (d *district) decisions(history bool) [][]*rules.Decision {
	if d.decided[history] == nil {
		s := d.book.NewSession(d.around(history))
		out := make([][]*rules.Decision, len(d.profiles))
		for i, p := range d.profiles {
			s.Load(p)
			for _, r := range d.due {
				out[i] = append(out[i], s.Decide(r))
			}
		}
		d.decided[history] = out
	}
	return d.decided[history]
}

// TestItems: every sample item has a verdict, which its needs and its counts bear out.
func TestItems(t *testing.T) {
	d := theSample(t)
	for _, history := range []bool{false, true} {
		s := d.survey(t, history)
		items, err := s.Items(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if len(items) != len(d.due) || len(items) != 71 {
			t.Fatalf("%d items of %d rules", len(items), len(d.due))
		}
		judges := map[string]bool{}
		for i, it := range items {
			if it.Verdict.Label() == "" || it.Item != d.due[i].Item.ID || it.Eligible+it.Unknown+it.Ineligible != len(d.profiles) {
				t.Errorf("%+v", it)
			}
			ways := slices.ContainsFunc(it.Needs, func(n readiness.Need) bool { return n.Any })
			if asks := len(d.due[i].AsksPersons()) > 0; asks != (it.Verdict == readiness.AwaitsClause) {
				t.Errorf("%s is %s, a person is asked: %v", it.Item, it.Verdict, asks)
			} else if asks {
				judges[it.Item] = true
			}
			if waits := !history && d.due[i].AsksHistory() && !ways; waits && it.Verdict == readiness.Ready || it.Verdict == readiness.AwaitsData && len(it.Owed) == 0 {
				t.Errorf("%s is %s and owed %v", it.Item, it.Verdict, it.Owed)
			}
		}
		total := 0
		for _, c := range readiness.Summarise(items) {
			for _, v := range readiness.Verdicts {
				total += c.Of(v)
			}
		}
		if total != len(items) || len(judges) == 0 {
			t.Errorf("the summary has %d items, %d wait for persons", total, len(judges))
		}
	}
}

// naive is what is held up, added up pair by pair.
type naive struct {
	pairs, unpriced int
	firms           map[string]bool
	held            exact.Money
}

func (n *naive) add(d *rules.Decision) {
	n.pairs++
	if n.firms == nil {
		n.firms = map[string]bool{}
	}
	n.firms[d.Enterprise] = true
	switch it := d.Rule.Item; {
	case d.Held != nil:
		n.held += *d.Held
	case it.Amount.Text != "" || it.AtMost.Text != "":
		n.unpriced++
	}
}

func (n *naive) sum() readiness.Sum {
	return readiness.Sum{Pairs: n.pairs, Firms: len(n.firms), Held: n.held, Unpriced: n.unpriced}
}

// parties names whom a decision waits for, by what stands in the vocabulary.
func parties(v *rules.Vocabulary, d *rules.Decision) []string {
	names := map[string]bool{}
	for _, fact := range d.Missing {
		table, _, _ := strings.Cut(fact, ".")
		f, _ := v.Field(table)
		names[f.Source] = true
	}
	if len(d.Manual) > 0 {
		names["人工认定"] = true
	}
	for _, fault := range d.Faults {
		names[map[bool]string{true: "拨付历史", false: "规则"}[fault == "没有提供拨付历史"]] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// TestGaps holds what is held up against all pairs decided one by one and added up without any cleverness.
func TestGaps(t *testing.T) {
	d := theSample(t)
	for _, history := range []bool{false, true} {
		all, alone, items, facts := map[string]*naive{}, map[string]*naive{}, map[string]*naive{}, map[string]*naive{}
		at := func(m map[string]*naive, key string) *naive {
			if m[key] == nil {
				m[key] = &naive{}
			}
			return m[key]
		}
		var whole naive
		for _, firm := range d.decisions(history) {
			for _, decision := range firm {
				if decision.Outcome != rules.Unknown {
					continue
				}
				whole.add(decision)
				at(items, decision.Rule.Item.ID).add(decision)
				names := parties(d.book.Vocabulary, decision)
				for _, name := range names {
					at(all, name).add(decision)
				}
				if len(names) == 1 {
					at(alone, names[0]).add(decision)
				}
				for _, fact := range decision.Missing {
					at(facts, fact).add(decision)
				}
				if len(names) == 0 {
					t.Errorf("%s waits for nobody: %s", decision.Enterprise, decision.AppendLine(nil))
				}
			}
		}
		g := d.survey(t, history).Gaps()
		if g.Whole != whole.sum() || len(g.Parties) != len(all) || len(g.Items) != len(items) || len(g.Pairs) != whole.pairs {
			t.Errorf("history %v: %+v of %d parties and %d items, want %+v of %d and %d", history, g.Whole, len(g.Parties), len(g.Items), whole.sum(), len(all), len(items))
		}
		for _, w := range g.Parties {
			if w.All != all[w.Party.Name].sum() || w.Alone != at(alone, w.Party.Name).sum() {
				t.Errorf("history %v: %+v, want %+v and %+v", history, w, all[w.Party.Name].sum(), at(alone, w.Party.Name).sum())
			}
			checkReasons(t, w, facts)
		}
		for _, it := range g.Items {
			if it.Sum != items[it.Item].sum() {
				t.Errorf("history %v: %s %+v, want %+v", history, it.Item, it.Sum, items[it.Item].sum())
			}
		}
		t.Logf("history %v: %d pairs of %d firms hold up %s", history, g.Whole.Pairs, g.Whole.Firms, g.Whole.Held.Words())
	}
}

func checkReasons(t *testing.T, w readiness.Wait, facts map[string]*naive) {
	t.Helper()
	for _, r := range w.Reasons {
		if w.Party.Kind == readiness.Department && r.All != facts[r.Text].sum() {
			t.Errorf("%s: %+v, want %+v", r.Text, r.All, facts[r.Text].sum())
		}
		if r.Alone.Pairs > w.Alone.Pairs || r.All.Pairs > w.All.Pairs {
			t.Errorf("%s counts more than %s", r.Text, w.Party.Name)
		}
	}
}

// TestHeldIsTheAmount takes facts away from eligible enterprises: what becomes undecided holds up exactly what was granted, or an
// amount that isn't known any more.
func TestHeldIsTheAmount(t *testing.T) {
	d := theSample(t)
	s := d.book.NewSession(d.around(true))
	held, open := 0, 0
	for n, firm := range d.decisions(true) {
		for _, granted := range firm {
			if granted.Amount == nil || n%10 != 0 {
				continue
			}
			for _, f := range granted.Rule.Reads() {
				p := d.profiles[n].Clone()
				if err := p.Set(f, rules.Fact{}); err != nil {
					t.Fatal(err)
				}
				s.Load(p)
				now := s.Decide(granted.Rule)
				switch {
				case now.Outcome != rules.Unknown:
				case now.Held == nil:
					open++
				case *now.Held != *granted.Amount:
					t.Errorf("%s without %s holds %s, granted %s", now.Enterprise, f.Name, now.Held, granted.Amount)
				default:
					held++
				}
			}
		}
	}
	t.Logf("%d hold the amount, %d don't know it", held, open)
	enough(t, held, 500)
}

// TestSameBytes: neither the number of processors nor the order of work shows in what comes out.
func TestSameBytes(t *testing.T) {
	d := theSample(t)
	table := d.part(t, min(400, firms))
	var first []byte
	for _, n := range []int{1, 2, 7} {
		was := runtime.GOMAXPROCS(n)
		s := d.take(t, table, false)
		items, err := s.Items(context.Background())
		near, failed := s.Near(context.Background(), exact.Frac(2, 100))
		runtime.GOMAXPROCS(was)
		bytesNow, bad := json.Marshal([]any{items, s.Gaps(), near})
		if err := errors.Join(err, failed, bad); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = bytesNow
		}
		if !bytes.Equal(first, bytesNow) {
			t.Errorf("%d processors: %d bytes differ from %d", n, len(bytesNow), len(first))
		}
	}
}

// TestProgressAndCancel: progress ends at the whole, and a cancelled context ends the work.
func TestProgressAndCancel(t *testing.T) {
	d := theSample(t)
	var most, of atomic.Int64
	request := readiness.Request{Table: d.part(t, min(300, firms)), Book: d.book, Rules: d.due, Around: d.around(false), Progress: func(done, total int64) {
		of.Store(total)
		for {
			if seen := most.Load(); done <= seen || most.CompareAndSwap(seen, done) {
				return
			}
		}
	}}
	s, err := readiness.Take(context.Background(), request)
	if err != nil || most.Load() == 0 || most.Load() != of.Load() {
		t.Errorf("%d of %d: %v", most.Load(), of.Load(), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := readiness.Take(ctx, request); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := s.Near(ctx, exact.Frac(2, 100)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestNearIsTheCurve holds the neighbours of every threshold that has a cost curve, which columns compute, against that curve:
// the same figures, each for as many enterprises.
func TestNearIsTheCurve(t *testing.T) {
	d := theSample(t)
	share := exact.Frac(5, 100)
	s := d.survey(t, false)
	list, err := s.Near(context.Background(), share)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.NewPlan(d.table, d.book, d.due, d.around(false))
	if err != nil {
		t.Fatal(err)
	}
	curves, neighbours := 0, 0
	for i, r := range d.due {
		for _, c := range r.Shape().Conditions {
			curve, err := plan.Curve(context.Background(), i, c.ID)
			if errors.Is(err, engine.ErrCurve) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			curves++
			got, want := figuresOf(list, r.Item.ID, c.ID), map[string]int{}
			before := 0
			for _, p := range curve.Points {
				if within(p.Figure, curve.Present, share) {
					want[say(r, c.ID, p.Figure)] += p.Enterprises - before
					neighbours += p.Enterprises - before
				}
				before = p.Enterprises
			}
			if !maps.Equal(got, want) {
				t.Errorf("%s %s: %v, the curve says %v", r.Item.ID, c.ID, got, want)
			}
		}
	}
	t.Logf("%d curves, %d neighbours", curves, neighbours)
	enough(t, curves, 15)
	enough(t, neighbours, 30)
}

func figuresOf(list []readiness.Vicinity, item, condition string) map[string]int {
	out := map[string]int{}
	for _, v := range list {
		if v.Item != item || v.Condition != condition {
			continue
		}
		for _, n := range slices.Concat(v.Passing, v.Failing) {
			out[n.Figure]++
		}
	}
	return out
}

func say(r *rules.Rule, condition string, n exact.Num) string {
	for _, t := range r.Thresholds().All() {
		if t.Condition == condition {
			return t.Say(n)
		}
	}
	return "?"
}

func within(figure, bound, share exact.Num) bool {
	away, err := figure.Sub(bound)
	room, failed := bound.Mul(share)
	if err != nil || failed != nil || bound.Sign() == 0 {
		return false
	}
	return abs(away).Cmp(abs(room)) <= 0
}

func abs(n exact.Num) exact.Num {
	if n.Sign() < 0 {
		return n.Neg()
	}
	return n
}

// TestNearByTrying finds neighbours by brute force, of thresholds on a delivered figure that nothing else of the item reads: an
// enterprise is one if its figure is close, and it is eligible with a figure on the right side of the bound.
func TestNearByTrying(t *testing.T) {
	d, share := theSample(t), exact.Frac(2, 100)
	for _, history := range []bool{false, true} {
		list, err := d.survey(t, history).Near(context.Background(), share)
		if err != nil {
			t.Fatal(err)
		}
		thresholds, neighbours := 0, 0
		session := d.book.NewSession(d.around(history))
		for _, r := range d.due {
			for _, part := range r.Shape().Conditions {
				f, bound, step := d.simple(r, part)
				if f == nil {
					continue
				}
				thresholds++
				got, want := map[string]bool{}, map[string]bool{}
				for _, v := range list {
					for _, n := range slices.Concat(v.Passing, v.Failing) {
						got[n.Enterprise] = got[n.Enterprise] || v.Item == r.Item.ID && v.Condition == part.ID
					}
				}
				maps.DeleteFunc(got, func(_ string, listed bool) bool { return !listed })
				for _, p := range d.profiles {
					if value := p.Fact(f).Value; value != nil && within(value.Num(), bound, share) && d.eligible(t, session, r, p, f, bound, step) {
						want[p.Enterprise] = true
					}
				}
				if neighbours += len(want); !maps.Equal(got, want) {
					t.Errorf("history %v: %s %s: %v, want %v", history, r.Item.ID, part.ID, got, want)
				}
			}
		}
		t.Logf("history %v: %d thresholds, %d neighbours", history, thresholds, neighbours)
		enough(t, thresholds, 8)
		enough(t, neighbours, 20)
	}
}

// simple takes a condition of the form "delivered figure against a number" apart, whose figure stands nowhere else in the item.
// step leads from the bound to where the condition is fulfilled. f is nil for other conditions.
func (d *district) simple(r *rules.Rule, part rules.Part) (f *rules.Field, bound exact.Num, step exact.Num) {
	up := map[formula.Op]int64{formula.OpGe: 1, formula.OpGt: 1, formula.OpLe: -1, formula.OpLt: -1}
	if part.Kind != rules.Require || up[part.Root.Op] == 0 || part.Root.Args[0].Op != formula.OpField {
		return nil, bound, step
	}
	f = d.book.Vocabulary.Fields[part.Root.Args[0].Slot]
	value := d.book.NewProbe(r, d.around(false)).Eval(part.Root.Args[1], nil, nil)
	texts := r.Item.Amount.Text + r.Item.AtMost.Text + r.Item.Cap.PerGrant.Text
	for _, def := range r.Item.Defines {
		texts += def.Text
	}
	for _, c := range r.Policy.All(r.Item) {
		for _, e := range c.Expressions() {
			texts += e.Text
		}
	}
	for _, other := range d.book.Vocabulary.Fields {
		if strings.Contains(other.Derive, f.Name) && strings.Contains(texts, other.Name) {
			return nil, bound, step
		}
	}
	if f.Derived() || f.FormulaType().Kind != formula.Number || !value.Known() || strings.Count(texts, f.Name) > 1 {
		return nil, bound, step
	}
	return f, value.Num(), exact.Int(up[part.Root.Op])
}

// eligible decides with the figure a step inside the bound.
func (d *district) eligible(t *testing.T, s *rules.Session, r *rules.Rule, p *rules.Profile, f *rules.Field, bound, step exact.Num) bool {
	t.Helper()
	inside, err := bound.Add(step)
	if err != nil {
		t.Fatal(err)
	}
	p = p.Clone()
	if err := p.Set(f, rules.Fact{Value: formula.NumberOf(inside)}); err != nil {
		t.Fatal(err)
	}
	s.Load(p)
	return s.Decide(r).Outcome == rules.Eligible
}

// BenchmarkSurvey measures the sample district: 71 items for 2,000 enterprises.
func BenchmarkSurvey(b *testing.B) {
	d := theSample(b)
	for name, work := range map[string]func(s *readiness.Survey) error{
		"take":  func(*readiness.Survey) error { return nil },
		"items": func(s *readiness.Survey) error { _, err := s.Items(b.Context()); return err },
		"near":  func(s *readiness.Survey) error { _, err := s.Near(b.Context(), exact.Frac(2, 100)); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := work(d.take(b, d.table, false)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
