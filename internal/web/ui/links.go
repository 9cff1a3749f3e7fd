package ui

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mianshen/internal/web/desk"
	"mianshen/internal/web/say"
	"mianshen/rules"
)

// Examples are queries that find something in the samples, in the words firms use.
var examples = []string{"小巨人奖励", "招大学生有什么补贴", "稳岗返还", "厂房租金补贴", "研发费用补助", "绿色工厂"}

// searchURL is the address of a search.
func searchURL(a desk.Ask, page int) string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("q", a.Text)
	set("enterprise", a.Enterprise)
	q["department"], q["kind"], q["mode"], q["field"] = a.Departments, a.Kinds, a.Modes, a.Fields
	if a.InForce {
		q.Set("in_force", "true")
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if text := q.Encode(); text != "" {
		return "/?" + text
	}
	return "/"
}

// query is the same search for other words, from its beginning.
func query(a desk.Ask, text string) string {
	a.Text = text
	return searchURL(a, 1)
}

// without is the same search for no particular enterprise.
func without(a desk.Ask) string {
	a.Enterprise = ""
	return searchURL(a, 1)
}

// as is the same search for an enterprise.
func as(a desk.Ask, uscc string) string {
	a.Enterprise = uscc
	return searchURL(a, 1)
}

// plain is the same search without filters.
func plain(a desk.Ask) string {
	return searchURL(desk.Ask{Text: a.Text, Enterprise: a.Enterprise}, 1)
}

func inForce(a desk.Ask, only bool) string {
	a.InForce = only
	return searchURL(a, 1)
}

// facet is one list of values to narrow by.
type facet struct {
	name    string
	counts  []desk.Count
	chosen  []string
	change  func(*desk.Ask, []string)
	display func(string) string
}

func facets(v SearchView) []facet {
	same := func(s string) string { return s }
	f := v.Answer.Facets
	return []facet{
		{"兑现方式", f.Modes, v.Ask.Modes, func(a *desk.Ask, to []string) { a.Modes = to }, modeName},
		{"发文部门", f.Departments, v.Ask.Departments, func(a *desk.Ask, to []string) { a.Departments = to }, same},
		{"类别", f.Kinds, v.Ask.Kinds, func(a *desk.Ask, to []string) { a.Kinds = to }, same},
		{"领域", f.Fields, v.Ask.Fields, func(a *desk.Ask, to []string) { a.Fields = to }, same},
	}
}

func modeName(mode string) string { return rules.Mode(mode).Label() }

// values are the counted values, and those chosen that nothing was counted for, so that they can be taken back.
func (f facet) values() []desk.Count {
	out := slices.Clone(f.counts)
	for _, c := range f.chosen {
		if !slices.ContainsFunc(out, func(x desk.Count) bool { return x.Value == c }) {
			out = append(out, desk.Count{Value: c})
		}
	}
	return out
}

// facetShown is how many values of a facet stand open; the others unfold.
const facetShown = 7

// head and rest are the values that stand open and those that unfold; a chosen one always stands open.
func (f facet) head() []desk.Count { return f.part(true) }
func (f facet) rest() []desk.Count { return f.part(false) }

func (f facet) part(open bool) []desk.Count {
	var out []desk.Count
	for i, c := range f.values() {
		if (i < facetShown || f.on(c.Value)) == open {
			out = append(out, c)
		}
	}
	return out
}

func (f facet) on(value string) bool { return slices.Contains(f.chosen, value) }

// toggle is the address with the value added, or taken away if it was chosen.
func (f facet) toggle(a desk.Ask, value string) string {
	to := slices.DeleteFunc(slices.Clone(f.chosen), func(s string) bool { return s == value })
	if !f.on(value) {
		to = append(to, value)
	}
	f.change(&a, to)
	return searchURL(a, 1)
}

// filtered tells whether any filter is on.
func filtered(a desk.Ask) bool {
	return len(a.Departments)+len(a.Kinds)+len(a.Modes)+len(a.Fields) > 0 || a.InForce
}

// anchor is the place in a policy's page where the passage of a hit stands.
func anchor(part, ref string) string {
	switch part {
	case "item":
		return "i-" + ref
	case "clause":
		return "c-" + ref
	case "plain":
		return "plain"
	}
	return ref
}

func hitURL(h desk.Hit) string {
	u := policyURL(h.Policy)
	if a := anchor(h.Part, h.Ref); a != "" {
		return u + "#" + url.PathEscape(a)
	}
	return u
}

func policyURL(id string) string       { return "/policies/" + url.PathEscape(id) }
func itemURL(policy, id string) string { return policyURL(policy) + "#" + url.PathEscape("i-"+id) }
func clauseURL(policy, ref string) string {
	return policyURL(policy) + "#" + url.PathEscape("c-"+ref)
}
func firmURL(uscc string) string  { return "/enterprises/" + url.PathEscape(uscc) }
func whyURL(id string) string     { return "/decisions/" + url.PathEscape(id) }
func reasonURL(id string) string  { return whyURL(id) + "/reasons" }
func clauseID(ref string) string  { return "c-" + ref }
func itemAnchor(id string) string { return "i-" + id }

// partName names the passage that was found.
func partName(h desk.Hit) string {
	switch h.Part {
	case "item":
		return "事项"
	case "clause":
		return h.Ref
	case "plain":
		return "大白话解读"
	case "qa":
		return "问答"
	case "media":
		return "视频图解"
	}
	return "概要"
}

// pages are the numbers of the pages to link to around the current one.
func pages(now, total, size int) []int {
	last := (total + size - 1) / size
	var out []int
	for p := max(1, now-3); p <= min(last, now+3); p++ {
		out = append(out, p)
	}
	return out
}

// paragraphs splits a text at its line ends.
func paragraphs(text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// joined puts the lines of a plain text that was wrapped for its file together again: a line that ends a sentence ends a
// paragraph.
func joined(text string) []string {
	var out []string
	open := false
	for _, line := range paragraphs(text) {
		if open {
			out[len(out)-1] += line
		} else {
			out = append(out, line)
		}
		open = !strings.HasSuffix(line, "。") && !strings.HasSuffix(line, "！") && !strings.HasSuffix(line, "？")
	}
	return out
}

// passOn carries the words of a search to the list of enterprises and back.
func passOn(text string) string {
	if text == "" {
		return ""
	}
	return "?" + url.Values{"q": {text}}.Encode()
}

// foundText says how much was found.
func foundText(v SearchView) string {
	switch {
	case v.Ask.Text == "" && !filtered(v.Ask):
		return "共 " + itoa(v.Policies) + " 项政策、" + itoa(v.Items) + " 个事项，其中 " + itoa(v.Auto) + " 个免申即享"
	case v.Answer.Total == 0:
		return "没有找到"
	case v.Answer.Weak > 0:
		return "找到 " + itoa(v.Answer.Total) + " 项政策，其中 " + itoa(v.Answer.Weak) + " 项只是可能相关"
	}
	return "找到 " + itoa(v.Answer.Total) + " 项政策"
}

// when says when an item can be had, how often, and which period it looks at.
func when(it desk.Item) string {
	text := it.Window
	if it.Frequency != "" {
		text += "，" + it.Frequency
	}
	return text + "；看" + it.Period + "的数据"
}

// limitsText joins what an amount is held to.
func limitsText(it desk.Item) string {
	var out []string
	for _, l := range it.Limits {
		out = append(out, figure(l))
	}
	return strings.Join(out, "；")
}

// materialsText lists what is to be handed in and where it comes from.
func materialsText(it desk.Item) string {
	var out []string
	for _, m := range it.Materials {
		text := m.Name
		if m.From != "" {
			text += "（" + m.From + "）"
		}
		out = append(out, text)
	}
	return strings.Join(out, "；")
}

// reviewText lists the steps of the review and who does them.
func reviewText(it desk.Item) string {
	var out []string
	for _, s := range it.Review {
		text := s.Name
		if s.By != "" {
			text += "（" + s.By + "）"
		}
		out = append(out, text)
	}
	return strings.Join(out, " → ")
}

func howTo(it desk.Item) string {
	text := say.HowTo(it.Mode) + "。"
	if it.AtMost {
		text += "具体金额由" + it.Issuer + "核定。"
	}
	return text
}
