package index

import (
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// Marks around what was found, in titles and snippets. Everything else there is HTML-escaped.
const (
	openMark  = "<mark>"
	closeMark = "</mark>"
)

// snippetRunes is how much of a passage a hit shows; snippetLead how far before the first mark it may start, to start
// with a sentence.
const (
	snippetRunes = 120
	snippetLead  = 36
)

// Highlight gives text as HTML with everything marked that query looks for. Marks aside and unescaped, the result is
// text, byte for byte.
func Highlight(text, query string) string {
	q := read(query)
	return render(text, newMatcher(q.terms).find(text), 0, len(text))
}

// matcher finds the terms of a query in a text.
type matcher struct {
	exact  map[string]int // index term -> position in the query's terms
	single map[string]int // a lone character -> the same
	weight []float64
}

func newMatcher(terms []term) matcher {
	m := matcher{exact: map[string]int{}, single: map[string]int{}, weight: make([]float64, len(terms))}
	for i, t := range terms {
		m.weight[i] = t.weight
		if t.kind == single {
			m.single[t.key] = i
			continue
		}
		m.exact[t.key] = i
	}
	return m
}

// mark is one place where a term stands.
type mark struct {
	start, end  int // bytes
	first, last int // runes
	term        int
}

// find gives the places of all terms in text, by start.
func (m matcher) find(text string) []mark {
	if len(m.weight) == 0 {
		return nil
	}
	var out []mark
	for _, t := range documentTokens(text) {
		if i, ok := m.exact[t.term]; ok {
			out = append(out, mark{t.start, t.end, t.first, t.last, i})
		}
		if t.kind != pair && t.kind != single {
			continue
		}
		_, size := utf8.DecodeRuneInString(t.term)
		if i, ok := m.single[t.term[:size]]; ok {
			_, width := utf8.DecodeRuneInString(text[t.start:])
			out = append(out, mark{t.start, t.start + width, t.first, t.first, i})
		}
	}
	slices.SortStableFunc(out, func(a, b mark) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return a.end - b.end
	})
	return out
}

// render escapes text[from:to] and sets marks around what lies in it; marks that touch become one.
func render(text string, marks []mark, from, to int) string {
	var b strings.Builder
	at := from
	for i := 0; i < len(marks); {
		start, end := marks[i].start, marks[i].end
		for i++; i < len(marks) && marks[i].start <= end; i++ {
			end = max(end, marks[i].end)
		}
		start, end = max(start, at), min(end, to)
		if start >= end {
			continue
		}
		b.WriteString(html.EscapeString(text[at:start]))
		b.WriteString(openMark)
		b.WriteString(html.EscapeString(text[start:end]))
		b.WriteString(closeMark)
		at = end
	}
	b.WriteString(html.EscapeString(text[at:to]))
	return b.String()
}

// snippet gives about 120 characters of text around the place where most of the query stands, with … where text was
// left out.
func (m matcher) snippet(text string) string {
	text = strings.TrimSpace(text)
	marks := m.find(text)
	offsets := runeOffsets(text)
	n := len(offsets) - 1
	if n <= snippetRunes {
		return render(text, marks, 0, len(text))
	}
	first := 0
	if len(marks) > 0 {
		first = startOfSentence(text, offsets, marks[m.densest(marks)].first)
	}
	first = min(first, n-snippetRunes)
	last := min(first+snippetRunes, n)
	out := render(text, marks, offsets[first], offsets[last])
	if first > 0 {
		out = "…" + out
	}
	if last < n {
		out += "…"
	}
	return out
}

// densest gives the mark at which the window with the greatest weight of different terms starts.
func (m matcher) densest(marks []mark) int {
	count := make([]int, len(m.weight))
	best, bestWeight, weight := 0, 0.0, 0.0
	end := 0
	for i := range marks {
		for end < len(marks) && marks[end].last < marks[i].first+snippetRunes-snippetLead {
			if count[marks[end].term]++; count[marks[end].term] == 1 {
				weight += m.weight[marks[end].term]
			}
			end++
		}
		if weight > bestWeight+1e-9 {
			best, bestWeight = i, weight
		}
		if i < end {
			if count[marks[i].term]--; count[marks[i].term] == 0 {
				weight -= m.weight[marks[i].term]
			}
		} else {
			end = i + 1
		}
	}
	return best
}

// startOfSentence gives the position at most snippetLead runes before at where a sentence or line starts, else a few
// runes before at.
func startOfSentence(text string, offsets []int, at int) int {
	for i := at; i > 0 && at-i < snippetLead; i-- {
		switch r, _ := utf8.DecodeRuneInString(text[offsets[i-1]:]); r {
		case '。', '；', '！', '？', '\n', ';':
			return i
		}
	}
	return max(0, at-snippetLead/3)
}

// runeOffsets gives the byte offset of each rune of s, and its length at the end.
func runeOffsets(s string) []int {
	out := make([]int, 0, len(s)/2+1)
	for i := range s {
		out = append(out, i)
	}
	return append(out, len(s))
}
