package words

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"mianshen/internal/notify/event"
)

// must is what the words of any kind have to name.
var must = []string{event.Firm, event.Link}

// selling are words that a notice of the law has no use for.
var selling = []string{"恭喜", "重磅", "福利", "豪礼", "速来", "抓紧", "机不可失", "千载难逢", "限时", "免费领", "红包", "亲，", "！"}

var (
	halfWidth = regexp.MustCompile(`\p{Han}[,;:!?]|[,;:!?]\p{Han}`)
	numbered  = regexp.MustCompile(`(?m)^([0-9]+)\. `)
)

// Lint lists what is wrong with a template, in sentences for the official who edits it; none for one that can be used.
func Lint(t Template) []string {
	k, ok := event.KindOf(t.Kind)
	if !ok {
		return []string{fmt.Sprintf("没有“%s”这一类通知。", t.Kind)}
	}
	var out []string
	if t.Title == "" || strings.Contains(t.Title, "\n") || utf8.RuneCountInString(t.Title) > MaxTitle {
		out = append(out, fmt.Sprintf("标题写一行，不超过 %d 个字。", MaxTitle))
	}
	if n := utf8.RuneCountInString(t.Body); n == 0 || n > MaxBody {
		out = append(out, fmt.Sprintf("正文写 1 至 %d 个字，现在是 %d 个。", MaxBody, n))
		return out
	}
	for _, text := range []string{t.Title, t.Body} {
		out = append(out, unknown(k, text)...)
	}
	if t.Channel == SMS {
		if _, _, err := gateway(t.Body); err != nil {
			out = append(out, err.Error()+"。")
		}
		return out
	}
	for _, name := range needed(k) {
		if !strings.Contains(t.Title+t.Body, "{"+name+"}") {
			out = append(out, fmt.Sprintf("没有写到 {%s}（%s），请补上。", name, meaning(k, name)))
		}
	}
	return append(out, style(t)...)
}

// needed are the variables that a template of the kind has to name: whom, what, how much, on which clause, and where to look.
func needed(k event.Kind) []string {
	out := slices.Clone(must)
	for _, name := range []string{event.Item, event.Document, event.Sum, event.Clause, event.Why, event.Until, event.From} {
		if k.Has(name) {
			out = append(out, name)
		}
	}
	return out
}

func meaning(k event.Kind, name string) string {
	for _, v := range k.Variables {
		if v.Name == name {
			return v.Means
		}
	}
	return name
}

// unknown lists variables that the kind doesn't have, and braces that belong to none.
func unknown(k event.Kind, text string) []string {
	var out []string
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		if !k.Has(m[1]) {
			out = append(out, fmt.Sprintf("“%s”类通知没有变量 {%s}，请改用列出的变量。", k.Label, m[1]))
		}
	}
	if strings.ContainsAny(variable.ReplaceAllString(text, ""), "{}") {
		out = append(out, "有花括号没有配对，变量写作 {变量名}。")
	}
	return out
}

func style(t Template) []string {
	var out []string
	text := variable.ReplaceAllString(t.Title+"\n"+t.Body, "〔〕")
	for _, word := range selling {
		if strings.Contains(text, word) {
			out = append(out, fmt.Sprintf("“%s”是宣传用语，请改成平实的说法。", word))
		}
	}
	if m := halfWidth.FindString(text); m != "" {
		out = append(out, fmt.Sprintf("“%s”里的标点请用全角。", m))
	}
	if n := len(numbered.FindAllString(t.Body, -1)); n > maxSteps {
		out = append(out, fmt.Sprintf("办理步骤最多 %d 步，现在是 %d 步。", maxSteps, n))
	}
	return out
}
