// Package moneyui draws the pages of lists, payments, budget and accounts. Each page is a sheet: a head, a bar of stages, and
// sections with facts, tables and forms, given as plain values. So all of them read and behave alike, without scripts too.
package moneyui

import (
	"context"
	"io"
	"strings"
	"time"

	"mianshen/internal/web/say"
	"mianshen/internal/web/ui"
	"mianshen/rules/civil"
	"mianshen/rules/exact"
)

// Link is an address with what it is called. Here marks the one that is shown.
type Link struct {
	Text, URL string
	Here      bool
}

// Sheet is a page.
type Sheet struct {
	ui.Page
	Crumbs   []Link
	Heading  string
	State    string // a word beside the heading
	Tone     Tone   // of State
	Meta     []string
	Hint     string
	Wrong    string   // why the order before wasn't carried out
	Said     string   // what the order before came to
	Secret   string   // shown once, such as an account number in full
	Next     []string // what to do next
	Do       []Form   // what who looks may do now, most important first
	Blocked  []string // what he can't do now though it is his role, and why
	Tabs     []Link
	Stages   []Stage
	Machine  *Drawing
	Sections []Section
	Links    []Link // leads on from the head
}

// Tone is how a word of state is coloured; the word itself says the same.
type Tone string

// The tones.
const (
	Quiet Tone = ""
	Good  Tone = "accepted"
	Warn  Tone = "held"
	Bad   Tone = "failed"
	Going Tone = "running"
)

// Stage is a stage of a list: who did it when.
type Stage struct {
	Name, Who, When, Note string
	Done, Here            bool
}

// Section is a part of a page.
type Section struct {
	ID, Title, Count string // ID is unique in the page
	Hint             string
	Facts            []Fact
	Words            []string // paragraphs
	Tables           []Table
	Forms            []Form
	Tabs             []Link
	Links            []Link
	More             string // address of the next page of the last table
	Fold             bool   // closed at first
}

// Fact is a named value.
type Fact struct{ Name, Value, URL string }

// Table is a table. Heads that end with # are of numbers.
type Table struct {
	Name  string
	Heads []string
	Rows  [][]Cell
	Sum   []Cell
	Empty string // what to say, and to do, when there are no rows
}

// Cell is one value of a table.
type Cell struct {
	Text, URL string
	Small     string // in a second line
	Code      bool   // a number or hash, in fixed width
	Tone      Tone
	Badge     bool   // Text is a word of state
	Reasons   string // address of reasons that unfold in place; URL is where they stand by themselves
	Forms     []Form
}

// Form is an order or a question.
type Form struct {
	Action, Button string
	Title, Hint    string
	Hidden         []Pair
	Fields         []Field
	Files          bool // a file goes along
	Quiet          bool // of less weight
	Ask            bool // only asks: sent as an address
	Fold           bool // unfolds
	Link           bool // not a form but the way to Action, such as to show the password again
}

// Pair is a value with a name.
type Pair struct{ Name, Value string }

// Field is what a form asks for.
type Field struct {
	Name, Label string
	Kind        string // text, number, date, file, select, area or check; head is no field, Label stands above those that follow
	Value, Hint string
	Choices     []Pair // Name is shown, Value sent
	Must        bool
}

// Write writes a page.
func Write(ctx context.Context, w io.Writer, s Sheet) error {
	return ui.WriteFrame(ctx, w, s.Page, func(ctx context.Context, w io.Writer) error { return sheet(s).Render(ctx, w) })
}

// Text is a cell of words.
func Text(text string) Cell { return Cell{Text: text} }

// To is a cell that leads somewhere.
func To(text, url string) Cell { return Cell{Text: text, URL: url} }

// Badge is a word of state.
func Badge(text string, tone Tone) Cell { return Cell{Text: text, Tone: tone, Badge: true} }

// Both is a sum as people say it with its 分 beside it, or once where both are the same: 6.9 万元（69,000.00 元）, 1,500.00 元.
func Both(m exact.Money) string {
	text := Yuan(m) + " 元"
	if said := m.Words(); strings.HasSuffix(said, "万元") || strings.HasSuffix(said, "亿元") {
		return said + "（" + text + "）"
	}
	return text
}

// Yuan is a sum as pages write it: 12,345.00, so that a column of them lines up.
func Yuan(m exact.Money) string {
	text := m.String()
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
	}
	whole, fen, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + "." + fen
}

// Sum is a cell of money in 元.
func Sum(m exact.Money) Cell { return Cell{Text: Yuan(m)} }

// Clock is an instant as people read it: 2026年3月2日 12:00; "" for none.
func Clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return say.Day(civil.On(t)) + t.In(civil.Shanghai()).Format(" 15:04")
}

func number(head string) (string, bool) { return strings.CutSuffix(head, "#") }

// wide tells whether a field wants the whole width.
func wide(kind string) bool { return kind == "area" }

// questions are the forms that only ask: they stand above what they narrow.
func questions(list []Form) (out []Form) {
	for _, f := range list {
		if f.Ask {
			out = append(out, f)
		}
	}
	return out
}

// orders are the others.
func orders(list []Form) (out []Form) {
	for _, f := range list {
		if !f.Ask {
			out = append(out, f)
		}
	}
	return out
}
