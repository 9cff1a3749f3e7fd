package index

import (
	"slices"
	"strconv"
	"strings"

	"mianshen/index/lexicon"
	"mianshen/index/repair"
	"mianshen/index/words"
)

// Chip is a word of a query that was taken as a filter, to be shown and taken back; see Query.Words.
type Chip struct {
	Word   string   // as typed, folded
	By     string   // mode, level, state or department
	Values []string // what it narrows to

	Overruled bool // by what the query's own filter chose of the same kind: it narrows nothing
}

// States of a document on a day.
const (
	StateCurrent = "current" // in force, or still settled
	StateEnded   = "ended"
	StateComing  = "coming"
)

// reading is a query as it was understood.
type reading struct {
	words.Query
	changes []repair.Change
	text    string // folded, without filter words, with the changes made
	chips   []Chip
	places  []lexicon.Place
}

// read reads a query with the words of this index.
func (x *Index) read(q Query) reading {
	head, tail := words.Cap(q.Text)
	runes := []rune(words.Fold(head))
	var out reading
	runes, out.chips = x.takeFilters(runes, q)
	out.text = string(runes)
	if x.repairer != nil && !q.Literal {
		out.text, out.changes = x.repair(runes)
	}
	out.Query = words.Read(out.text, x.lexicon.Expand)
	x.lightenSeams(out.Query)
	x.loosenUnknown(&out.Query)
	out.places = lexicon.Places(out.text)
	out.Ignored = words.Shorten(out.Ignored + tail)
	return out
}

// repair puts right what was typed, but for document numbers: their letters are no words.
func (x *Index) repair(runes []rune) (string, []repair.Change) {
	var text strings.Builder
	var changes []repair.Change
	put := func(part []rune) {
		right, more := x.repairer.Text(string(part))
		text.WriteString(right)
		changes = append(changes, more...)
	}
	from := 0
	for _, n := range words.NumberSpans(string(runes)) {
		put(runes[from:n[0]])
		text.WriteString(string(runes[n[0] : n[1]+1]))
		from = n[1] + 1
	}
	put(runes[from:])
	return text.String(), changes
}

// longQuestion is from how many runes on a question tells a story, in which no word is a filter.
const longQuestion = 18

// takeFilters takes the filter words out of a short query.
func (x *Index) takeFilters(runes []rune, q Query) ([]rune, []Chip) {
	if len(runes) >= longQuestion || q.Literal {
		return runes, nil
	}
	var chips []Chip
	var rest []rune
	for i := 0; i < len(runes); {
		f, n := x.lexicon.FilterAt(runes[i:])
		word := string(runes[i : i+n])
		if n == 0 || slices.Contains(q.Words, word) {
			rest = append(rest, runes[i])
			i++
			continue
		}
		values := x.valuesOf(f, q)
		if f.By == lexicon.ByDepartment && !standsAlone(runes, i, n) || len(values) == 0 && (f.By == lexicon.ByDepartment || f.By == lexicon.ByMode) {
			rest = append(rest, runes[i:i+n]...)
			i += n
			continue
		}
		if len(values) > 0 {
			chips = append(chips, Chip{Word: word, By: f.By, Values: values})
		}
		if i += n; i < len(runes) && runes[i] == '的' {
			i++
		}
	}
	if len(chips) == 0 && strings.TrimSpace(string(rest)) == "" {
		return runes, nil // words that narrow nothing ask for something all the same, not for everything
	}
	return rest, chips
}

// standsAlone reports whether the n runes at i are set off from what is around them: by an end, a blank or 的.
func standsAlone(runes []rune, i, n int) bool {
	border := func(r rune) bool { return r == ' ' || r == '的' }
	return (i == 0 || border(runes[i-1])) && (i+n == len(runes) || border(runes[i+n]))
}

// valuesOf gives what of this index a filter word allows; nothing when it can't narrow anything.
func (x *Index) valuesOf(f lexicon.FilterWord, q Query) []string {
	var out []string
	add := func(v string, fits bool) {
		if fits && v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	switch f.By {
	case lexicon.ByState:
		if q.Today == "" {
			return nil
		}
		return f.Values
	case lexicon.ByMode:
		for _, m := range x.known.modes {
			add(m, slices.Contains(f.Values, m))
		}
	case lexicon.ByLevel:
		for _, l := range x.known.levels {
			add(l, slices.Contains(f.Values, l))
		}
	default:
		for _, d := range x.known.departments {
			add(d, slices.ContainsFunc(f.Values, func(part string) bool { return strings.Contains(d, part) }))
		}
	}
	slices.Sort(out)
	return out
}

// narrowed gives the filter with the chips added. Two chips of one kind widen each other; what was chosen by hand stands, and
// chips of its kind change nothing.
func narrowed(f Filter, chips []Chip) (Filter, []Chip) {
	into := map[string]*[]string{
		lexicon.ByMode: &f.Modes, lexicon.ByLevel: &f.Levels, lexicon.ByDepartment: &f.Departments, lexicon.ByState: &f.States,
	}
	for by, values := range into {
		if len(*values) > 0 {
			delete(into, by)
		}
	}
	for i := range chips {
		values := into[chips[i].By]
		if chips[i].Overruled = values == nil; values != nil {
			*values = slices.Concat(*values, chips[i].Values)
		}
	}
	return f, chips
}

// corrected gives the text with the changes made, or "" where there are none.
func (r reading) corrected() string {
	if len(r.changes) == 0 {
		return ""
	}
	return r.text
}

// sumOf reads a term that stands for a sum of money.
func sumOf(term string) (yuan int64, ok bool) {
	digits, ok := strings.CutPrefix(term, "¥")
	if !ok {
		return 0, false
	}
	yuan, err := strconv.ParseInt(digits, 10, 64)
	return yuan, err == nil
}

// crossing is what a pair of characters weighs that belong to two known words: 房租 in 厂房租金.
const crossing = 0.4

// lightenSeams gives pairs that cross the border between two known words less weight.
func (x *Index) lightenSeams(q words.Query) {
	inWord := make([]int, len(q.Runes))
	for n, w := range x.lexicon.Cut(q.Runes) {
		for i := w.First; w.Last > w.First && i <= w.Last; i++ {
			inWord[i] = n + 1
		}
	}
	for i := range q.Terms[:q.Typed] {
		t := &q.Terms[i]
		if a, b := inWord[t.First], inWord[t.Last]; t.Kind == words.Pair && a != b && a > 0 && b > 0 {
			t.Weight, t.Seam = t.Weight*crossing, true
		}
	}
}

// Settings of words that stand nowhere.
const (
	maxSingles   = 6   // of their characters that are looked for
	singleWeight = 0.3 // of each
)

// loosenUnknown adds the characters of words that stand nowhere in the index and for which nothing else is written: 饭堂 is
// not 食堂, but nearer to it than to anything else. They help to put in order what holds other words of the query.
func (x *Index) loosenUnknown(q *words.Query) {
	var answered words.Set
	for _, slot := range q.Slots {
		answered |= slot.Typed
	}
	n := 0
	for i := range q.Typed {
		t := q.Terms[i]
		if t.Kind != words.Pair || answered.Has(i) || t.Weight < 1 || x.pairs.Pair(q.Runes[t.First], q.Runes[t.Last]) > 0 {
			continue
		}
		for _, at := range []int{t.First, t.Last} {
			key := string(q.Runes[at])
			known := slices.ContainsFunc(q.Terms, func(other words.Term) bool {
				return other.Key == key || other.Kind == words.Pair && other.First <= at && at <= other.Last && x.pairs.Pair(q.Runes[other.First], q.Runes[other.Last]) > 0
			})
			if known || n == maxSingles || len(q.Terms) == words.MaxTerms {
				continue
			}
			n++
			q.Terms = append(q.Terms, words.Term{Key: key, Kind: words.Single, Weight: singleWeight, First: at, Last: at, Aside: true})
		}
	}
}

// Settings of places.
const (
	elsewhere = 0.5  // of its score and share counts for a document that is for another part of the country
	right     = 1.25 // more counts one that is for the part asked for
)

// at gives what counts for a document of some places when the question names others.
func at(asked, of []lexicon.Place) float64 {
	if len(asked) == 0 || len(of) == 0 {
		return 1
	}
	for _, a := range asked {
		for _, o := range of {
			if o.Within(a) || a.Within(o) {
				return right
			}
		}
	}
	return elsewhere
}
