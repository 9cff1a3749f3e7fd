package ui

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"mianshen/internal/web/desk"
	"mianshen/internal/web/reader"
	"mianshen/internal/web/say"
	"mianshen/internal/web/seek"
	"mianshen/internal/web/shelf"
	"mianshen/rules/civil"
	"mianshen/rules/standard"
)

// orders are the orders of hits, with their names.
var orders = []link{{"", "最相关"}, {"newest", "最新发布"}, {"ending", "即将截止"}, {"amount", "金额最高"}}

// ordersOf are the orders that a search can have; where nothing is asked for, the newest come first.
func ordersOf(a seek.Ask) []link {
	if a.Text != "" {
		return orders
	}
	first := link{"", "最新发布"}
	if a.Sort == orders[1].url {
		first = orders[1]
	}
	return append([]link{first}, orders[2:]...)
}

// stateName says whether a policy is in force.
func stateName(state string) string {
	return map[string]string{"current": "有效", "coming": "即将开始", "ended": "已失效"}[state]
}

// stateWord says what the days of a policy alone don't: that it hasn't begun, has ended, or has ended and is still settled.
func stateWord(h desk.Hit, today civil.Date) string {
	if h.State != "current" {
		return stateName(h.State)
	}
	if h.Settle != nil && h.To != nil && h.To.Before(today) {
		return "仍可兑现到" + say.Day(*h.Settle)
	}
	return ""
}

// bandName says between which sums an amount lies; each band begins with its lower sum.
func bandName(band string) string {
	from, to, _ := strings.Cut(band, "-")
	switch {
	case to == "":
		return from + "万元以上"
	case from == "0":
		return to + "万元以下"
	}
	return from + "—" + to + "万元"
}

// industryName is the name of a section of GB/T 4754.
func industryName(section string) string {
	if name, ok := standard.Industry(section); ok {
		return name
	}
	return section
}

// chipText says what a word of the query was taken to narrow to; "" where a choice by hand stands in its place.
func chipText(a seek.Ask, c desk.Chip) string {
	if c.By == "mode" && len(a.Modes) > 0 || c.By == "state" && len(a.States) > 0 || c.By == "department" && len(a.Departments) > 0 {
		return ""
	}
	var names []string
	for _, value := range c.Values {
		switch c.By {
		case "mode":
			value = modeName(value)
		case "state":
			value = stateName(value)
		case "level":
			value = strings.TrimSuffix(value, "级") + "级"
		}
		names = append(names, value)
	}
	if len(names) > 2 {
		names = []string{names[0], names[1] + "等"}
	}
	return "只看" + strings.Join(names, "、")
}

// foundText says how much was found.
func foundText(v SearchView) string {
	total, weak := v.Answer.Total, v.Answer.Weak
	switch {
	case v.Ask.Text == "" && !v.Ask.Narrowed():
		return "共 " + itoa(v.Policies) + " 项政策、" + itoa(v.Items) + " 个事项，其中 " + itoa(v.Auto) + " 个免申即享"
	case total == 0:
		return "没有找到"
	case total == weak:
		return "有 " + itoa(total) + " 项可能相关"
	case weak > 0:
		return "找到 " + itoa(total-weak) + " 项政策，另有 " + itoa(weak) + " 项可能相关"
	}
	return "找到 " + itoa(total) + " 项政策"
}

// nothingText says that nothing fits.
func nothingText(a seek.Ask) string {
	if a.Text == "" {
		return "没有符合这些筛选的政策"
	}
	return "没有找到“" + a.Text + "”"
}

// keeps tells whether the search is one to be saved: for an enterprise, about something, short enough.
func keeps(v SearchView) bool {
	return v.Firm != nil && (v.Ask.Text != "" || v.Ask.Narrowed()) && len([]rune(v.Ask.Text)) <= maxSavedText
}

// maxSavedText is how many characters of a search are saved, as the store has it.
const maxSavedText = 128

// saved tells whether the search is saved already.
func saved(v SearchView) bool {
	return slices.ContainsFunc(v.Saved, func(x shelf.Search) bool {
		return x.Text == strings.Join(strings.Fields(v.Ask.Text), " ") && x.Filters == v.Ask.Filters().Encode()
	})
}

// stays are the parts of an address that stay when other words are typed: all but how the old words were to be read.
func stays(a seek.Ask) iter.Seq2[string, []string] {
	a.Literal = false
	q := a.Filters()
	return func(yield func(string, []string) bool) {
		for _, name := range slices.Sorted(maps.Keys(q)) {
			if !yield(name, q[name]) {
				return
			}
		}
	}
}

// savedText says what a saved search looks for.
func savedText(a seek.Ask) string {
	var out []string
	if a.Text != "" {
		out = append(out, "“"+a.Text+"”")
	}
	for _, x := range chosen(SearchView{Ask: a, Answer: &desk.Answer{}}) {
		out = append(out, x.name)
	}
	for _, o := range orders[1:] {
		if o.url == a.Sort {
			out = append(out, "按"+o.name+"排")
		}
	}
	if a.Literal {
		out = append(out, "按原文查")
	}
	return strings.Join(out, "，")
}

// SavedURL is where an enterprise's saved searches are listed.
func SavedURL(uscc string) string { return firmURL(uscc) + "#saved" }

func savedURL(uscc string) string  { return firmURL(uscc) + "/searches" }
func removeURL(uscc string) string { return savedURL(uscc) + "/remove" }

// endedLeftOut tells whether what has ended is left out for the order's sake.
func endedLeftOut(v SearchView) bool {
	return v.Ask.Sort == "ending" && len(v.Ask.States) == 0 && !slices.ContainsFunc(v.Answer.Chips, func(c desk.Chip) bool { return c.By == "state" })
}

// passagesWord says whether all that was found is shown.
func passagesWord(v PolicyView) string {
	if len(v.Found.Passages) == reader.MaxPassages {
		return "最有关的"
	}
	return "有关的"
}

// passageName names a passage of a policy.
func passageName(p reader.Passage) string {
	switch p.Part {
	case "item":
		return "事项：" + p.Name
	case "qa":
		return "问答"
	}
	return partName(desk.Hit{Part: p.Part, Ref: p.Ref})
}
