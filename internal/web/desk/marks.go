package desk

import (
	"html"
	"strings"
)

// Segment is a piece of plain text, marked where the search found it.
type Segment struct {
	Text string `json:"text"`
	Mark bool   `json:"mark,omitempty"`
}

// Marks reads the HTML of a hit (escaped text with <mark> and nothing else) back into plain text. It is the only door by
// which the index's HTML reaches a page, and no HTML goes through it: pages escape the text and write the marks themselves,
// so that whatever else stood in it would be shown, never run.
func Marks(snippet string) []Segment {
	const open, shut = "<mark>", "</mark>"
	var out []Segment
	add := func(text string, mark bool) {
		if text != "" {
			out = append(out, Segment{Text: html.UnescapeString(text), Mark: mark})
		}
	}
	for snippet != "" {
		before, rest, found := strings.Cut(snippet, open)
		add(before, false)
		if !found {
			break
		}
		inside, after, _ := strings.Cut(rest, shut)
		add(inside, true)
		snippet = after
	}
	return out
}

// Quoted splits a clause's text around the quoted words; the words are marked. Without the quote in it, all is unmarked.
func Quoted(text, quote string) []Segment {
	if quote == "" {
		return []Segment{{Text: text}}
	}
	before, after, found := strings.Cut(text, quote)
	if !found {
		return []Segment{{Text: text}}
	}
	var out []Segment
	for _, s := range []Segment{{Text: before}, {Text: quote, Mark: true}, {Text: after}} {
		if s.Text != "" {
			out = append(out, s)
		}
	}
	return out
}
