package words

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"mianshen/internal/notify/event"
	"mianshen/rules/source"
)

// leastValue is how many characters of an SMS parameter a variable gets at least: as many as a date has.
const leastValue = 10

// must is what the words of any kind have to name.
var must = []string{event.Firm, event.Link}

// selling are words that a notice of the law has no use for.
var selling = []string{"恭喜", "重磅", "福利", "豪礼", "速来", "抓紧", "机不可失", "千载难逢", "限时", "免费领", "红包", "亲，"}

var (
	halfWidth = regexp.MustCompile(`\p{Han}[,;:!?]|[,;:!?]\p{Han}`)
	numbered  = regexp.MustCompile(`(?m)^([0-9]+)\. `)
)

// Lint says what is wrong with a template, in sentences for the official who edits it, each with its place: the title is line 1, the body
// begins on line 2. There is none for a template that can be used.
func Lint(t Template) source.Mistakes {
	l := newLinter("模板", t, 0)
	l.all()
	l.found.Sort()
	return l.found
}

// linter gathers mistakes of one template.
type linter struct {
	t      Template
	file   string
	before int    // lines of the file before the title
	text   string // the title and the body
	body   int    // where in it the body begins
	found  source.Mistakes
}

func newLinter(file string, t Template, before int) *linter {
	return &linter{t: t, file: file, before: before, text: t.Title + "\n" + t.Body, body: len(t.Title) + 1}
}

// wrong notes a mistake at a byte of the text.
func (l *linter) wrong(at int, format string, args ...any) {
	at = min(at, len(l.text))
	start := strings.LastIndexByte(l.text[:at], '\n') + 1
	line, _, _ := strings.Cut(l.text[start:], "\n")
	l.found = append(l.found, source.Mistake{
		File: l.file, Line: line, Message: fmt.Sprintf(format, args...),
		At: source.Position{Line: l.before + 1 + strings.Count(l.text[:at], "\n"), Column: 1 + utf8.RuneCountInString(l.text[start:at])},
	})
}

// after is the byte after so many characters of a part of the text that begins at from.
func (l *linter) after(from, characters int) int {
	for i := range l.text[from:] {
		if characters--; characters < 0 {
			return from + i
		}
	}
	return len(l.text)
}

func (l *linter) all() {
	k, ok := event.KindOf(l.t.Kind)
	if !ok {
		l.wrong(0, "没有“%s”这一类通知。", l.t.Kind)
		return
	}
	if n := utf8.RuneCountInString(l.t.Title); n == 0 || n > MaxTitle || strings.Contains(l.t.Title, "\n") {
		l.wrong(min(l.after(0, MaxTitle), len(l.t.Title)), "标题写一行，不超过 %d 个字，现在是 %d 个。", MaxTitle, n)
	}
	if n := utf8.RuneCountInString(l.t.Body); n == 0 || n > MaxBody {
		l.wrong(l.after(l.body, MaxBody), "正文写 1 至 %d 个字，现在是 %d 个。", MaxBody, n)
		return
	}
	l.variables(k)
	l.style()
	if l.t.Channel == SMS {
		l.sms()
		return
	}
	for _, name := range needed(k) {
		if !strings.Contains(l.text, "{"+name+"}") {
			l.wrong(len(l.text), "没有写到 {%s}（%s），请补上。", name, meaning(k, name))
		}
	}
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

// variables finds those that the kind doesn't have, and braces that belong to none.
func (l *linter) variables(k event.Kind) {
	for _, m := range variable.FindAllStringSubmatchIndex(l.text, -1) {
		if name := l.text[m[2]:m[3]]; !k.Has(name) {
			l.wrong(m[0], "“%s”类通知没有变量 {%s}，请改用列出的变量。", k.Label, name)
		}
	}
	if at := strings.IndexAny(l.fixed(), "{}"); at >= 0 {
		l.wrong(at, "有花括号没有配对，变量写作 {变量名}。")
	}
}

// fixed is the text with a bracket for each byte of a variable, so that all places stay where they are.
func (l *linter) fixed() string {
	return variable.ReplaceAllStringFunc(l.text, func(m string) string { return strings.Repeat("<", len(m)) })
}

func (l *linter) style() {
	text := l.fixed()
	for _, word := range selling {
		if at := strings.Index(text, word); at >= 0 {
			l.wrong(at, "“%s”是宣传用语，请改成平实的说法。", word)
		}
	}
	if at := strings.IndexAny(text, "！!"); at >= 0 {
		l.wrong(at, "通知里不用感叹号，请改成句号。")
	}
	if m := halfWidth.FindStringIndex(text); m != nil && l.t.Channel != SMS {
		l.wrong(m[0], "“%s”里的标点请用全角。", text[m[0]:m[1]])
	}
	if steps := numbered.FindAllStringIndex(text, -1); len(steps) > maxSteps {
		l.wrong(steps[maxSteps][0], "办理步骤最多 %d 步，现在是 %d 步。", maxSteps, len(steps))
	}
}

// sms holds the parameters against what gateways take: what is too long would be cut, and a firm would read half of it.
func (l *linter) sms() {
	if _, _, err := gateway(l.t.Body); err != nil {
		l.wrong(l.body, "%s。", strings.TrimPrefix(err.Error(), ErrTemplate.Error()+"："))
		return
	}
	at, most := l.body, 0
	for i, line := range strings.SplitAfter(l.t.Body, "\n") {
		_, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		given := variable.FindAllString(value, -1)
		if n := utf8.RuneCountInString(variable.ReplaceAllString(value, "")); i > 0 && n+len(given)*leastValue > maxParam {
			l.wrong(at, "短信的一个参数最多 %d 个字，这一个固定的字有 %d 个，放不下变量的内容，请缩短。", maxParam, n)
		}
		if len(given) > 1 {
			l.wrong(at, "短信的一个参数只放一个变量：放 %d 个会超过 %d 个字，发出时被截断。", len(given), maxParam)
		}
		if i > 0 && strings.TrimSpace(line) != "" {
			most += maxParam
		}
		if most > maxSMS {
			l.wrong(at, "参数太多，短信会超过 %d 个字，请只留事项、金额和链接这样必要的。", maxSMS)
			return
		}
		at += len(line)
	}
}
