package words

import (
	"html"
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
	snippetBytes = 64 << 10 // of a passage that are looked at
)

// Marker marks in a text what a query looks for.
type Marker struct {
	wanted *wanted
	weight []float64
	seams  Set // terms that are marked only beside others
}

// NewMarker gives the marker for a query. It may be used from many goroutines at once.
func NewMarker(q Query) Marker {
	m := Marker{wanted: newWanted(q), weight: make([]float64, len(q.Terms))}
	for i, t := range q.Terms {
		if t.Aside {
			continue
		}
		m.weight[i] = t.Weight
		if t.Seam {
			m.seams |= 1 << i
		}
	}
	return m
}

// Mark gives text as HTML with everything marked that the query looks for. Marks aside and unescaped, the result is
// text, byte for byte.
func (m Marker) Mark(text string) string { return render(text, m.find(text), 0, len(text)) }

// mark is one place where a term stands.
type mark struct {
	start, end  int // bytes
	first, last int // runes
	terms       Set
}

// find gives the places of all terms in text, by start.
func (m Marker) find(text string) []mark {
	if len(m.weight) == 0 {
		return nil
	}
	f := fold(text)
	look := Looker{wanted: m.wanted}
	places := look.placesIn(f)
	out := make([]mark, len(places))
	for i, p := range places {
		out[i] = mark{f.at[p.First], f.at[p.Last+1], p.First, p.Last, p.Terms}
	}
	return m.withoutStraySeams(out)
}

// withoutStraySeams drops places where nothing of the query stands but the seam between two of its words.
func (m Marker) withoutStraySeams(all []mark) []mark {
	if m.seams == 0 {
		return all
	}
	out := all[:0:0]
	for from := 0; from < len(all); {
		to, end, whole := from, 0, false
		for to < len(all) && (to == from || all[to].start < end) {
			end = max(end, all[to].end)
			whole = whole || all[to].terms&^m.seams != 0
			to++
		}
		if whole {
			out = append(out, all[from:to]...)
		}
		from = to
	}
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

// Snippet gives about 120 characters of text around the place where most of the query stands, as HTML with marks, with
// … where text was left out.
func (m Marker) Snippet(text string) string {
	whole := strings.TrimSpace(text)
	text = Clip(whole, snippetBytes)
	marks := m.find(text)
	offsets := runeOffsets(text)
	n := len(offsets) - 1
	first := 0
	if len(marks) > 0 {
		first = startOfSentence(text, offsets, marks[m.densest(marks)].first)
	}
	first = max(0, min(first, n-snippetRunes))
	last := wholeMark(marks, min(first+snippetRunes, n))
	out := render(text, marks, offsets[first], offsets[last])
	if first > 0 {
		out = "…" + out
	}
	if last < n || len(text) < len(whole) {
		out += "…"
	}
	return out
}

// wholeMark moves the end of a snippet behind the mark it would cut in two, but not far: where every pair of a text is marked,
// all of it is one mark.
func wholeMark(marks []mark, last int) int {
	most := last + snippetLead
	for _, k := range marks {
		if k.first < last && k.last >= last {
			last = min(k.last+1, most)
		}
	}
	return last
}

// Clip gives at most limit bytes of s, whole runes.
func Clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// densest gives the mark at which the window with the greatest weight of different terms starts.
func (m Marker) densest(marks []mark) int {
	count := make([]int, len(m.weight))
	add := func(k mark, by int) (changed float64) {
		for i, w := range m.weight {
			if !k.terms.Has(i) {
				continue
			}
			before := count[i]
			if count[i] += by; before == 0 || count[i] == 0 {
				changed += float64(by) * w
			}
		}
		return changed
	}
	best, bestWeight, weight := 0, 0.0, 0.0
	end := 0
	for i := range marks {
		for end < len(marks) && marks[end].last < marks[i].first+snippetRunes-snippetLead {
			weight += add(marks[end], 1)
			end++
		}
		if weight > bestWeight+1e-9 {
			best, bestWeight = i, weight
		}
		if i < end {
			weight += add(marks[i], -1)
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
