package ui

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"mianshen/internal/web/desk"
	"mianshen/internal/web/say"
	"mianshen/rules"
	"mianshen/rules/exact"
)

// outcomeSign goes with the word and the colour of an outcome; colour is never the only difference.
func outcomeSign(o rules.Outcome) string {
	return map[rules.Outcome]string{rules.Eligible: "✓", rules.Unknown: "?", rules.Ineligible: "✕"}[o]
}

func resultSign(result string) string {
	return map[string]string{"true": "✓", "false": "✕"}[result] + map[bool]string{true: "?"}[result == "unknown"]
}

func resultWord(result string) string {
	switch result {
	case "true":
		return "满足"
	case "false":
		return "不满足"
	}
	return "待核实"
}

func money(m *exact.Money) string {
	if m == nil {
		return ""
	}
	return m.Words()
}

// standingText is the outcome in few words: 符合 8 万元, 待核实：缺 是否失信被执行人.
func standingText(s *desk.Standing) string {
	text := s.Outcome.Label()
	switch {
	case s.Outcome == rules.Eligible && s.Amount != nil:
		return text + " " + s.Amount.Words()
	case s.Obstacle != "":
		return text + "：" + s.Obstacle
	}
	return text
}

func itoa[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// quantityPattern is a number of units in an expression: 150*万元.
var quantityPattern = regexp.MustCompile(`([0-9.]+) *\* *(亿元|万元|千元|元|人|天)`)

var lookupPattern = regexp.MustCompile(`取值\("([^"]+)"(?:, *([^()]+))?\)`)

// figure is an amount's expression as a person reads it: min(本条.租金 * 取值("比例"), 20*万元) becomes
// 租金 × 「比例」，不超过 20 万元. What it doesn't know stays as it is written.
func figure(rule string) string {
	text := lookupPattern.ReplaceAllString(rule, "「${1}」")
	for _, p := range phrases {
		text = p.from.ReplaceAllString(text, p.to)
	}
	for _, bound := range []struct{ call, words string }{{"min(", "，不超过 "}, {"max(", "，不低于 "}} {
		if inner, ok := strings.CutPrefix(text, bound.call); ok && strings.HasSuffix(inner, ")") {
			if a, b, ok := arguments(strings.TrimSuffix(inner, ")")); ok {
				text = a + bound.words + b
			}
		}
	}
	return strings.NewReplacer("本条.", "", "min(", "取较小者（", "max(", "取较大者（", " × (", " ×（", " ÷ (", " ÷（",
		"(", "（", ")", "）", ", ", "，").Replace(steps(text))
}

// phrases are parts of expressions and the words for them, in the order in which they are replaced.
var phrases = []struct {
	from *regexp.Regexp
	to   string
}{
	{quantityPattern, "${1} ${2}"},
	{regexp.MustCompile(`sum\(([^,()]+), \.([^,()]+)\)`), "${1}的${2}合计"},
	{regexp.MustCompile(`已奖\([^()]*年度\)`), "本年度已经给过的"},
	{regexp.MustCompile(`行业\(行业代码, "([^"]+)"\)`), "行业代码属于 ${1} "},
	{regexp.MustCompile(` == "([^"]*)"`), "为“${1}”"},
	{regexp.MustCompile(` == `), "等于"},
	{regexp.MustCompile(` ?\? `), "时 "},
	{regexp.MustCompile(` : `), "，否则 "},
	{regexp.MustCompile(` ?\* ?`), " × "},
	{regexp.MustCompile(` / `), " ÷ "},
}

var (
	stepsPattern = regexp.MustCompile(`分档\(([^,]+), \[(.*)\]\)`)
	stepPattern  = regexp.MustCompile(`\[([^,\]]+), ([^\]]+)\]`)
)

// steps puts a scale into words: 分档(人数, [[10, 3 万元], [30, 8 万元]]) becomes 按人数：10起 3 万元；30起 8 万元.
func steps(text string) string {
	return stepsPattern.ReplaceAllStringFunc(text, func(m string) string {
		parts := stepsPattern.FindStringSubmatch(m)
		var out []string
		for _, s := range stepPattern.FindAllStringSubmatch(parts[2], -1) {
			out = append(out, s[1]+"起 "+s[2])
		}
		return "按" + parts[1] + "：" + strings.Join(out, "；")
	})
}

// arguments splits two arguments at the comma outside all brackets; ok is false if there aren't exactly two.
func arguments(text string) (a, b string, ok bool) {
	depth := 0
	var commas []int
	for i, r := range text {
		switch {
		case r == '(' || r == '[':
			depth++
		case r == ')' || r == ']':
			depth--
		case r == ',' && depth == 0:
			commas = append(commas, i)
		}
		if depth < 0 {
			return "", "", false
		}
	}
	if len(commas) != 1 {
		return "", "", false
	}
	return strings.TrimSpace(text[:commas[0]]), strings.TrimSpace(text[commas[0]+1:]), true
}

// named lists the dated values that an expression asks for.
func named(p *desk.Policy, rule string) []desk.Value {
	var out []desk.Value
	for _, m := range lookupPattern.FindAllStringSubmatch(rule, -1) {
		for _, v := range p.Values {
			if v.Name == m[1] {
				out = append(out, v)
			}
		}
	}
	return out
}

// current is the entry that counts on the page's day, or the last one.
func current(page Page, v desk.Value) desk.ValueEntry {
	for _, e := range v.Entries {
		if !page.AsOf.IsZero() && !page.AsOf.Before(e.From) && (e.To == nil || !page.AsOf.After(*e.To)) {
			return e
		}
	}
	return v.Entries[len(v.Entries)-1]
}

// howMuch says what an item gives: the rule in words with its numbers put in, then the tables that it looks up.
func howMuch(page Page, p *desk.Policy, it desk.Item) []string {
	if it.Amount == "" {
		return []string{"没有固定金额"}
	}
	values := named(p, it.Amount)
	if len(values) == 1 && lookupPattern.FindString(it.Amount) == it.Amount {
		return current(page, values[0]).Lines
	}
	single := map[string]string{}
	var tables []string
	for _, v := range values {
		if lines := current(page, v).Lines; len(lines) == 1 {
			single[v.Name] = lines[0]
		} else {
			tables = append(tables, "「"+v.Name+"」："+strings.Join(lines, "；"))
		}
	}
	rule := lookupPattern.ReplaceAllStringFunc(it.Amount, func(m string) string {
		if text, ok := single[lookupPattern.FindStringSubmatch(m)[1]]; ok {
			return text
		}
		return m
	})
	return append([]string{figure(rule)}, tables...)
}

// who says which firms an item is for, by its first conditions.
func who(p *desk.Policy, it desk.Item) string {
	var out []string
	for _, c := range it.Own {
		if c.Because != "" && len(out) < 3 {
			out = append(out, strings.TrimSuffix(c.Because, "。"))
		}
	}
	if len(out) == 0 {
		for _, c := range p.Common {
			if c.Because != "" && len(out) < 3 {
				out = append(out, strings.TrimSuffix(c.Because, "。"))
			}
		}
	}
	return strings.Join(out, "；")
}

// kindLead says how the parts of a condition hang together.
func kindLead(kind string) string {
	switch kind {
	case "any":
		return "以下满足一项即可"
	case "all":
		return "以下各项都要满足"
	case "score":
		return "按得分"
	}
	return ""
}

// origin is where a fact comes from: 区税务局，2025年6月25日.
func origin(f rules.ExplainedFact) string {
	text := f.Source
	if f.On != "" {
		if text != "" {
			text += "，"
		}
		text += say.ISODay(f.On)
	}
	return text
}

// factName is a fact's label where it says more than the name.
func factName(f rules.ExplainedFact) string {
	if f.Label == "" || strings.HasPrefix(f.Label, "本事项") || strings.HasPrefix(f.Label, "政策规定") || len([]rune(f.Label)) > 20 {
		return f.Name
	}
	return f.Label
}

// hereIf marks the entry of the menu that the page belongs to.
func hereIf(p Page, place string) templ.Attributes {
	return currentIf(p.Place == place)
}

// currentIf marks one of several links as the one that is shown.
func currentIf(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}

// open says why a condition can't be decided. What is missing stands among the facts already, with who owes it.
func open(f rules.ExplainedFinding) []string {
	var out []string
	if len(f.Parts) > 0 {
		return nil
	}
	for _, r := range f.Reasons {
		among := slices.ContainsFunc(f.Facts, func(x rules.ExplainedFact) bool { return !x.Known && strings.HasPrefix(r, x.Name) })
		if !among {
			out = append(out, r)
		}
	}
	if len(out) < len(f.Reasons) {
		out = append(out, "还缺数据，到了会自动再比对。")
	}
	return out
}

// taken and untaken part the alternatives of a condition that one of several is enough for: once one is met, those that
// are not don't matter and shouldn't look as if they did.
func taken(f rules.ExplainedFinding) []rules.ExplainedFinding {
	if f.Kind != "any" || f.Result != "true" {
		return f.Parts
	}
	return slices.DeleteFunc(slices.Clone(f.Parts), func(p rules.ExplainedFinding) bool { return p.Result != "true" })
}

func untaken(f rules.ExplainedFinding) []rules.ExplainedFinding {
	if f.Kind != "any" || f.Result != "true" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(f.Parts), func(p rules.ExplainedFinding) bool { return p.Result == "true" })
}

// footText stands at the foot of every page.
func footText(p Page) string {
	const basis = "判定由已发布的政策条款和各部门共享的数据算出，每一条都写明依据；缺数据的只会是“待核实”，不会当作符合。"
	if p.AsOf.IsZero() {
		return basis
	}
	return "数据截至" + say.Day(p.AsOf) + "。" + basis
}

// ruleLines are the expressions of a condition and its parts, in the order in which they stand.
func ruleLines(c desk.Condition) []string {
	var out []string
	if c.Rule != "" && c.Kind != "manual" {
		out = append(out, c.Rule)
	}
	for _, part := range c.Parts {
		out = append(out, ruleLines(part)...)
	}
	return out
}
