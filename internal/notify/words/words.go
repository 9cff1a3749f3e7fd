// Package words says events in Chinese. A template is a text in which {变量} stands for what the event's data hold: officials can edit
// it, nothing in it is ever run, and its size and that of each value are capped.
package words

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mianshen/internal/notify/event"
)

// Caps of a template and of what is put into it, in characters.
const (
	MaxTitle = 80
	MaxBody  = 2000
	maxValue = 500
	maxParam = 35  // of one parameter of an SMS gateway's template
	maxSMS   = 350 // of all of them
	maxSteps = 3
)

// SMS is the channel whose texts the gateway keeps: a body there is the number of its template, then a line name={变量} a parameter.
const SMS = "sms"

// Template is the words of a kind of event on a channel, "" for all that have none of their own. Version 0 is built in.
type Template struct {
	Kind, Channel string
	Version       int
	Title, Body   string
}

// Said is what a message says.
type Said struct {
	Title, Text, Link string
	Params            map[string]string // of an SMS, with the number of the gateway's template under TemplateID
}

// TemplateID is the parameter that names the gateway's own template.
const TemplateID = "template"

// ErrTemplate says that a template can't be used.
var ErrTemplate = errors.New("模板不能用，请按提示修改")

//go:embed defaults.txt
var defaults string

var builtIn = read(defaults)

// read takes the built-in templates apart: a line == kind, a title, then the body.
func read(text string) map[string]Template {
	all := map[string]Template{}
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "== "), "\n== ") {
		kind, rest, _ := strings.Cut(part, "\n")
		title, body, _ := strings.Cut(rest, "\n")
		all[kind] = Template{Kind: kind, Title: title, Body: strings.TrimSpace(body)}
	}
	return all
}

// Default is the template of a kind that is built in.
func Default(kind string) (Template, bool) {
	t, ok := builtIn[kind]
	return t, ok
}

var variable = regexp.MustCompile(`\{([^{}\n]{1,30})\}`)

// Say puts an event into words. base is the address of the pages, such as https://mianshen.example.
func Say(t Template, e event.Event, base string) (Said, error) {
	said := Said{Link: strings.TrimSuffix(base, "/") + path(e)}
	var err error
	if said.Title, err = put(t.Title, e, said.Link, maxValue); err != nil {
		return Said{}, err
	}
	if t.Channel != SMS {
		said.Text, err = put(t.Body, e, said.Link, maxValue)
		return said, err
	}
	id, params, err := gateway(t.Body)
	if err != nil {
		return Said{}, err
	}
	said.Params = map[string]string{TemplateID: id}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		most := maxParam
		if params[name] == "{"+event.Link+"}" {
			most = maxValue
		}
		if said.Params[name], err = put(params[name], e, said.Link, most); err != nil {
			return Said{}, err
		}
	}
	said.Text = said.Title
	return said, nil
}

// path is the page that a message leads to.
func path(e event.Event) string {
	switch {
	case e.Kind == event.Policy:
		return "/policies/" + e.Data[event.Ref]
	case e.Kind == event.Confirm:
		return "/enterprises/" + e.Enterprise // where a firm answers; the decision is linked there
	case e.Decision != "":
		return "/decisions/" + e.Decision
	case e.Item != "":
		return "/items/" + e.Item
	}
	return "/"
}

// put replaces the variables of a text. Values are one line, without control characters, and cut where they are too long; what they
// hold is never read as a template.
func put(text string, e event.Event, link string, most int) (string, error) {
	var err error
	out := variable.ReplaceAllStringFunc(text, func(m string) string {
		name := m[1 : len(m)-1]
		value, ok := e.Data[name]
		if name == event.Link {
			return link
		}
		if !ok {
			err = fmt.Errorf("%w：没有变量“%s”", ErrTemplate, name)
		}
		return clean(value, most)
	})
	return out, err
}

func clean(value string, most int) string {
	value = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(value, " "))
	value = strings.TrimSpace(value)
	if utf8.RuneCountInString(value) > most {
		value = string([]rune(value)[:most-1]) + "…"
	}
	return value
}

var gatewayID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// gateway reads the body of an SMS template.
func gateway(body string) (id string, params map[string]string, err error) {
	lines := strings.Split(strings.TrimSpace(body), "\n")
	if id = strings.TrimSpace(lines[0]); !gatewayID.MatchString(id) {
		return "", nil, fmt.Errorf("%w：短信模板第一行写网关的模板编号", ErrTemplate)
	}
	params = map[string]string{}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || !gatewayID.MatchString(name) || params[name] != "" {
			return "", nil, fmt.Errorf("%w：短信参数写作 参数名={变量}，每行一个，不重复", ErrTemplate)
		}
		params[name] = strings.TrimSpace(value)
	}
	return id, params, nil
}
