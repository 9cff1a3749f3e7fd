// Package source reads the law's files and keeps hold of where everything stood, so that a mistake can point at itself:
// file, line, column, the line, and a caret. It owns the YAML library; policies see only its Node.
package source

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Position is a place in a file. Line and Column count from 1, Column in characters (runes). The zero Position is no place.
type Position struct{ Line, Column int }

// Mistake is one thing that is wrong, and where. Message is a sentence in Chinese for the author of the file.
type Mistake struct {
	File    string
	At      Position
	Line    string // the text of the line, without its end
	Message string
	Hint    string // what to do next; may be empty
	Warning bool   // worth saying, stops nothing
}

// maxShown is how much of a long line is shown.
const maxShown = 160

// Error writes file:line:column: message, the line, and a caret under the place.
func (m Mistake) Error() string {
	var b strings.Builder
	kind := "错误"
	if m.Warning {
		kind = "提醒"
	}
	fmt.Fprintf(&b, "%s:%d:%d: %s：%s", m.File, m.At.Line, m.At.Column, kind, m.Message)
	if m.Line != "" {
		line, at := visible(m.Line, m.At.Column-1)
		fmt.Fprintf(&b, "\n    %s\n    %s^", line, strings.Repeat(" ", displayWidth([]rune(line)[:at])))
	}
	if m.Hint != "" {
		fmt.Fprintf(&b, "\n    提示：%s", m.Hint)
	}
	return b.String()
}

// visible cuts a long line around the place and replaces what a terminal would act on.
func visible(line string, at int) (string, int) {
	rs := []rune(strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, line))
	at = max(0, min(at, len(rs)))
	if len(rs) <= maxShown {
		return string(rs), at
	}
	from := max(0, min(at-maxShown/2, len(rs)-maxShown))
	return string(rs[from : from+maxShown]), at - from
}

func displayWidth(rs []rune) int {
	n := 0
	for _, r := range rs {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth || k == width.EastAsianAmbiguous && r > 0x2000 {
			n++
		}
	}
	return n
}

// Mistakes are all mistakes found in one go. As an error it prints them all, in file and line order.
type Mistakes []Mistake

// Error joins all mistakes with blank lines between.
func (ms Mistakes) Error() string {
	parts := make([]string, len(ms))
	for i, m := range ms {
		parts[i] = m.Error()
	}
	return strings.Join(parts, "\n\n")
}

// Err returns ms sorted as an error when it holds at least one that isn't a mere warning, else nil.
func (ms Mistakes) Err() error {
	if !ms.Fatal() {
		return nil
	}
	ms.Sort()
	return ms.Once()
}

// Once leaves out mistakes that say the same of the same place again; ms must be sorted.
func (ms Mistakes) Once() Mistakes {
	out := ms[:0:0]
	for _, m := range ms {
		if !slices.Contains(out[max(0, len(out)-8):], m) {
			out = append(out, m)
		}
	}
	return out
}

// Fatal reports whether any of them is more than a warning.
func (ms Mistakes) Fatal() bool {
	for _, m := range ms {
		if !m.Warning {
			return true
		}
	}
	return false
}

// Sort puts them in the order of file, line and column; equal places keep their order.
func (ms Mistakes) Sort() {
	sort.SliceStable(ms, func(i, j int) bool {
		a, b := ms[i], ms[j]
		switch {
		case a.File != b.File:
			return a.File < b.File
		case a.At.Line != b.At.Line:
			return a.At.Line < b.At.Line
		}
		return a.At.Column < b.At.Column
	})
}

// AsMistakes takes the mistakes out of an error chain.
func AsMistakes(err error) (Mistakes, bool) {
	var ms Mistakes
	ok := errors.As(err, &ms)
	return ms, ok
}

// Nearest returns the candidate that differs from name in the fewest characters, if that is few enough to be a slip.
func Nearest(name string, candidates []string) (string, bool) {
	best, limit := "", 1+utf8.RuneCountInString(name)/3
	for _, c := range candidates {
		if d := distance([]rune(name), []rune(c), limit); d <= limit && (best == "" || d < limit) {
			best, limit = c, d
		}
	}
	return best, best != ""
}

// distance is the edit distance of a and b, or limit+1 once it must exceed limit.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(a) > 64 {
		return limit + 1
	}
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i, x := range a {
		cur := make([]int, len(b)+1)
		cur[0] = i + 1
		for j, y := range b {
			cost := 1
			if x == y {
				cost = 0
			}
			cur[j+1] = min(prev[j+1]+1, cur[j]+1, prev[j]+cost)
		}
		prev = cur
	}
	return prev[len(b)]
}
