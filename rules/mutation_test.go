package rules_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mianshen/rules"
	"mianshen/rules/exact"
)

// mutant is one slip that somebody could make in a policy: apply makes it, undo takes it back.
type mutant struct {
	kind  string // edge, number, equality, logic, dropped, missing, cap, value
	where string // item, then place and change
	apply func()
	undo  func()
}

// surely lists the kinds that cases must catch every time, testdata/mutants.tsv apart. Of the others share is the least: they are
// single numbers moved by one 分 or one hundredth of a percentage point, which rounding to whole 元 and points often hides.
var (
	surely = []string{"edge", "equality", "logic", "dropped", "missing", "cap"}
	share  = 0.85
)

// TestMutants makes every small slip in the seed policies and asks whether their cases notice. What they can't notice because it
// changes nothing stands in testdata/mutants.tsv with its reason.
func TestMutants(t *testing.T) {
	v, book := seedBook(t)
	excused := readExcused(t)
	made, caught, used := map[string]int{}, map[string]int{}, map[string]bool{}
	var survivors []string
	for _, p := range book.Policies {
		hunt(v, book, p, func(m mutant, killed bool) {
			key := m.kind + " " + m.where
			if _, ok := excused[key]; ok && !killed {
				used[key] = true
				return
			}
			if made[m.kind]++; killed {
				caught[m.kind]++
				return
			}
			survivors = append(survivors, key)
		})
	}
	for _, k := range slices.Sorted(maps.Keys(made)) {
		t.Logf("%-9s %5d made, %5d caught", k, made[k], caught[k])
		if slices.Contains(surely, k) && caught[k] < made[k] || !sampled && float64(caught[k]) < share*float64(made[k]) {
			t.Errorf("%s: %d of %d slips go unnoticed", k, made[k]-caught[k], made[k])
		}
	}
	slices.Sort(survivors)
	if out := os.Getenv("MIANSHEN_SURVIVORS"); out != "" {
		if err := os.WriteFile(out, []byte(strings.Join(survivors, "\n")+"\n"), 0o644); err != nil {
			t.Error(err)
		}
	}
	for _, s := range survivors {
		t.Log("survives: ", s)
	}
	for key := range excused {
		if !used[key] && !sampled {
			t.Errorf("testdata/mutants.tsv excuses what is caught or gone: %s", key)
		}
	}
}

// sampled says that only every fifth mutant is made: the race detector is slow, and the run without it makes all of them.
const sampled = underRace

func readExcused(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/mutants.tsv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, reason, ok := strings.Cut(line, "\t")
		if !ok || strings.TrimSpace(reason) == "" {
			t.Fatalf("no reason: %s", line)
		}
		out[key] = reason
	}
	return out
}

// hunt makes all mutants of a policy one by one, each with only the item and the cases that it concerns.
func hunt(v *rules.Vocabulary, book *rules.Book, p *rules.Policy, report func(mutant, bool)) {
	made := 0
	for _, it := range p.Items {
		alone := *p
		alone.Items, alone.Cases = []*rules.Item{it}, nil
		for _, c := range p.Cases {
			if c.Item == it.ID {
				alone.Cases = append(alone.Cases, c)
			}
		}
		together := []*rules.Policy{&alone}
		if b, _ := rules.Compile(v, together); b == nil { // it asks for items of others
			together = slices.Clone(book.Policies)
			together[slices.Index(together, p)] = &alone
			if b, _ := rules.Compile(v, together); b == nil {
				alone.Items = p.Items
			}
		}
		values := alone.Values
		for _, m := range append(mutants(p, it), valueMutants(values, it)...) {
			if made++; sampled && made%5 != 0 {
				continue
			}
			m.apply()
			b, _ := rules.Compile(v, together)
			killed := b == nil || failing(b, &alone)
			m.undo()
			if b != nil { // else it isn't a policy any more
				report(m, killed)
			}
		}
		for _, m := range missingMutants(book, it, alone.Cases) {
			m.apply()
			killed := failing(book, &alone)
			m.undo()
			report(m, killed)
		}
	}
}

func failing(b *rules.Book, p *rules.Policy) bool {
	return slices.ContainsFunc(b.RunCases(p), func(r rules.CaseResult) bool { return len(r.Problems) > 0 })
}

// mutants are the slips in the conditions, sums and caps of an item.
func mutants(p *rules.Policy, it *rules.Item) []mutant {
	var out []mutant
	for i, d := range it.Defines {
		out = append(out, textMutants(it.ID+" define "+d.Name, &it.Defines[i].Text)...)
	}
	for _, c := range p.All(it) {
		out = append(out, conditionMutants(it.ID+" "+c.ID, c)...)
	}
	out = append(out, dropMutants(it.ID, &it.Conditions)...)
	for _, c := range p.All(it) {
		if !slices.Contains(it.Conditions, c) { // of the policy: it stands for every item, so it is emptied instead
			empty := *c
			empty.Kind, empty.Parts, empty.Score, empty.Expression.Text = rules.AllOf, nil, nil, ""
			out = append(out, replace("dropped", it.ID+" "+c.ID+" of the policy", c, empty))
		}
	}
	for _, e := range []struct {
		name string
		text *string
		cap  bool
	}{{"amount", &it.Amount.Text, false}, {"at_most", &it.AtMost.Text, false}, {"per_grant", &it.Cap.PerGrant.Text, true}, {"per_year", &it.Cap.PerYear.Text, true}, {"total", &it.Cap.Total.Text, true}} {
		if *e.text == "" {
			continue
		}
		out = append(out, textMutants(it.ID+" "+e.name, e.text)...)
		if e.cap {
			out = append(out, replace("cap", it.ID+" without "+e.name, e.text, ""))
		}
	}
	if it.Cap.Times > 0 {
		was := it.Cap.Times
		out = append(out, mutant{"cap", it.ID + " without times", func() { it.Cap.Times = 0 }, func() { it.Cap.Times = was }})
	}
	return out
}

func replace[T any](kind, where string, at *T, by T) mutant {
	was := *at
	return mutant{kind, where, func() { *at = by }, func() { *at = was }}
}

// dropMutants leave out one condition of a list each; the last one of any and all can't be left out, which is no policy.
func dropMutants(where string, list *[]*rules.Condition) []mutant {
	var out []mutant
	for i, c := range *list {
		name := c.ID
		if name == "" {
			name = fmt.Sprintf("#%d", i+1)
		}
		out = append(out, replace("dropped", where+" "+name, list, slices.Delete(slices.Clone(*list), i, i+1)))
	}
	return out
}

func conditionMutants(where string, c *rules.Condition) []mutant {
	var out []mutant
	if c.Expression.Text != "" {
		out = append(out, textMutants(where, &c.Expression.Text)...)
	}
	for i, part := range c.Parts {
		name := part.ID
		if name == "" {
			name = fmt.Sprintf("#%d", i+1)
		}
		out = append(out, conditionMutants(where+" "+name, part)...)
	}
	if len(c.Parts) > 1 {
		out = append(out, dropMutants(where, &c.Parts)...)
	}
	if c.Score == nil {
		return out
	}
	step := exact.Frac(1, 100)
	for _, by := range []exact.Num{step, step.Neg()} {
		out = append(out, nudge(where+" at_least", &c.Score.AtLeast, by))
	}
	for i := range c.Score.Parts {
		part := &c.Score.Parts[i]
		out = append(out, textMutants(where+" "+part.Name, &part.Points.Text)...)
		if part.Minimum != nil {
			out = append(out, replace("dropped", where+" "+part.Name+" at_least", &part.Minimum, nil))
		}
	}
	return out
}

func nudge(where string, n *exact.Num, by exact.Num) mutant {
	next, err := n.Add(by)
	if err != nil {
		next = *n
	}
	return replace("value", where+" "+n.String()+" -> "+next.String(), n, next)
}

var (
	operators = map[string][2]string{
		">=": {"edge", ">"}, ">": {"edge", ">="}, "<=": {"edge", "<"}, "<": {"edge", "<="}, "==": {"equality", "!="}, "!=": {"equality", "=="},
		"and": {"logic", "or"}, "or": {"logic", "and"},
	}
	quoted    = `"(?:[^"\\]|\\.)*"`
	tokens    = regexp.MustCompile(quoted + `|>=|<=|==|!=|>|<|[0-9]+(?:\.[0-9]+)?(?:\s*\*\s*(?:亿元|万元|千元|百元|元))?|[\p{L}_][\p{L}\p{N}_]*`)
	digits    = regexp.MustCompile(`^[0-9]`)
	withMoney = regexp.MustCompile(`元$`)
)

// textMutants are the slips in one expression: each operator and each number by itself.
func textMutants(where string, text *string) []mutant {
	var out []mutant
	src := *text
	for i, at := range tokens.FindAllStringIndex(src, -1) {
		tok := src[at[0]:at[1]]
		put := func(kind, by string) {
			out = append(out, replace(kind, fmt.Sprintf("%s ~%d %s -> %s", where, i+1, tok, by), text, src[:at[0]]+by+src[at[1]:]))
		}
		if op, ok := operators[tok]; ok {
			put(op[0], op[1])
			continue
		}
		if !digits.MatchString(tok) {
			continue
		}
		step := "1"
		if withMoney.MatchString(tok) {
			step = "0.01*元"
		} else if strings.Contains(tok, ".") {
			step = "0.01"
		}
		put("number", "("+tok+" + "+step+")")
		put("number", "("+tok+" - "+step+")")
	}
	return out
}

// valueMutants change each number of values.yaml that the item may read by its smallest step.
func valueMutants(values []*rules.DatedValue, it *rules.Item) []mutant {
	var out []mutant
	texts := strings.Join(expressions(it), "\n")
	for _, v := range values {
		if !strings.Contains(texts, `取值("`+v.Name+`"`) {
			continue
		}
		step := exact.Int(1) // 分, 人, 年
		if v.Unit == "%" {
			step = exact.Frac(1, 10_000)
		}
		for i := range v.Entries {
			e := &v.Entries[i]
			where := fmt.Sprintf("%s value %s %s", it.ID, v.Name, e.From)
			for _, by := range []exact.Num{step, step.Neg()} {
				if len(e.Tiers) == 0 && e.Table == nil {
					out = append(out, nudge(where, &e.Value, by))
				}
				for j := range e.Tiers {
					out = append(out, nudge(fmt.Sprintf("%s tier %d", where, j+1), &e.Tiers[j].Value, by), nudge(fmt.Sprintf("%s bound %d", where, j+1), &e.Tiers[j].AtLeast, step))
				}
				for _, k := range slices.Sorted(maps.Keys(e.Table)) {
					out = append(out, tableMutant(where, e.Table, k, by))
				}
			}
		}
	}
	return out
}

func tableMutant(where string, table map[string]exact.Num, key string, by exact.Num) mutant {
	was := table[key]
	next, err := was.Add(by)
	if err != nil {
		next = was
	}
	return mutant{"value", fmt.Sprintf("%s %s %s -> %s", where, key, was, next), func() { table[key] = next }, func() { table[key] = was }}
}

func expressions(it *rules.Item) []string {
	out := []string{it.Amount.Text, it.AtMost.Text, it.Cap.PerGrant.Text, it.Cap.PerYear.Text, it.Cap.Total.Text}
	for _, d := range it.Defines {
		out = append(out, d.Text)
	}
	var add func([]*rules.Condition)
	add = func(cs []*rules.Condition) {
		for _, c := range cs {
			out = append(out, c.Expression.Text)
			add(c.Parts)
			if c.Score != nil {
				for _, p := range c.Score.Parts {
					out = append(out, p.Points.Text)
				}
			}
		}
	}
	add(it.Conditions)
	return out
}

// missingMutants are an engine that takes a missing yes-or-no fact for no: in every case where it isn't given it becomes 否.
func missingMutants(book *rules.Book, it *rules.Item, cases []*rules.Case) []mutant {
	rule, ok := book.Rule(it.ID)
	if !ok {
		return nil
	}
	var out []mutant
	for _, f := range rule.Reads() {
		if f.Type != rules.TypeBool {
			continue
		}
		out = append(out, mutant{"missing", it.ID + " " + f.Name + " taken for 否", func() {
			for _, c := range cases {
				if c.Facts[f.Name] == "" {
					c.Facts[f.Name] = "否"
				}
			}
		}, nil})
		m := &out[len(out)-1]
		was := make([]map[string]string, len(cases))
		for i, c := range cases {
			was[i] = maps.Clone(c.Facts)
		}
		m.undo = func() {
			for i, c := range cases {
				c.Facts = maps.Clone(was[i])
			}
		}
	}
	return out
}
