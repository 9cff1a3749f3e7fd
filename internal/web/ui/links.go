package ui

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mianshen/internal/web/desk"
	"mianshen/internal/web/say"
	"mianshen/internal/web/seek"
	"mianshen/rules"
)

// Examples are queries that find something in the samples, in the words firms use.
var examples = []string{"小巨人奖励", "招大学生有什么补贴", "稳岗返还", "厂房租金补贴", "研发费用补助", "绿色工厂"}

// SearchURL is the address of a search from its beginning.
func SearchURL(a seek.Ask) string { return searchURL(a, 1) }

// searchURL is the address of a page of a search.
func searchURL(a seek.Ask, page int) string {
	q := a.Filters()
	if a.Text != "" {
		q.Set("q", a.Text)
	}
	if a.Enterprise != "" {
		q.Set("enterprise", a.Enterprise)
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
func query(a seek.Ask, text string) string {
	a.Text, a.Literal, a.Plain = text, false, nil
	return searchURL(a, 1)
}

// without is the same search for no particular enterprise.
func without(a seek.Ask) string {
	a.Enterprise = ""
	return searchURL(a, 1)
}

// as is the same search for an enterprise.
func as(a seek.Ask, uscc string) string {
	a.Enterprise = uscc
	return searchURL(a, 1)
}

// plain is the same search without filters.
func plain(a seek.Ask) string {
	return searchURL(seek.Ask{Text: a.Text, Enterprise: a.Enterprise, Sort: a.Sort, Literal: a.Literal, Plain: a.Plain}, 1)
}

// literal is the same search for what was typed, or for what it is read as.
func literal(a seek.Ask, only bool) string {
	a.Literal = only
	return searchURL(a, 1)
}

// noFilter is the same search in which a word is no filter.
func noFilter(a seek.Ask, word string) string {
	a.Plain = append(slices.Clone(a.Plain), word)
	return searchURL(a, 1)
}

// sorted is the same search in another order.
func sorted(a seek.Ask, order string) string {
	a.Sort = order
	return searchURL(a, 1)
}

// facet is one list of values to narrow by.
type facet struct {
	name    string
	counts  []desk.Count
	chosen  []string
	change  func(*seek.Ask, []string)
	display func(string) string
}

func facets(v SearchView) []facet {
	same := func(s string) string { return s }
	f, a := v.Answer.Facets, v.Ask
	var section []string
	if a.Industry != "" {
		section = []string{a.Industry}
	}
	return []facet{
		{"有效状态", f.States, a.States, func(a *seek.Ask, to []string) { a.States = to }, stateName},
		{"兑现方式", f.Modes, a.Modes, func(a *seek.Ask, to []string) { a.Modes = to }, modeName},
		{"类别", f.Kinds, a.Kinds, func(a *seek.Ask, to []string) { a.Kinds = to }, same},
		{"最高金额", f.Amounts, a.Amounts, func(a *seek.Ask, to []string) { a.Amounts = to }, bandName},
		{"发文部门", f.Departments, a.Departments, func(a *seek.Ask, to []string) { a.Departments = to }, same},
		{"领域", f.Fields, a.Fields, func(a *seek.Ask, to []string) { a.Fields = to }, same},
		{"行业", f.Industries, section, func(a *seek.Ask, to []string) { a.Industry = last(to) }, industryName},
	}
}

// last is the value chosen last, where only one can be.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
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
func (f facet) toggle(a seek.Ask, value string) string {
	to := slices.DeleteFunc(slices.Clone(f.chosen), func(s string) bool { return s == value })
	if !f.on(value) {
		to = append(to, value)
	}
	f.change(&a, to)
	return searchURL(a, 1)
}

// chosen are the addresses of the search without each value that is chosen, with the value's name.
func chosen(v SearchView) (out []link) {
	for _, f := range facets(v) {
		for _, c := range f.chosen {
			out = append(out, link{f.toggle(v.Ask, c), f.display(c)})
		}
	}
	return out
}

// link is an address with what it is called.
type link struct{ url, name string }

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

// supplyURL is where a firm supplies a fact.
func supplyURL(uscc, field string) string {
	return "/facts?" + url.Values{"firm": {uscc}, "field": {field}}.Encode()
}
