package words

import (
	"cmp"
	"slices"
	"unicode"
)

// Place is a place in a text where terms of a query stand.
type Place struct {
	First, Last int // runes of the text
	Terms       Set
}

// wanted is what a query looks for, by what it is found under. It never changes.
type wanted struct {
	starts  [1024]uint64 // the characters of the first plane that start a pair or are looked for alone
	pairs   map[[2]rune]Set
	singles map[rune]Set
	words   map[string]Set
	special map[string]Set // numbers and sums
}

func newWanted(q Query) *wanted {
	w := &wanted{pairs: map[[2]rune]Set{}, singles: map[rune]Set{}, words: map[string]Set{}, special: map[string]Set{}}
	for i, t := range q.Terms {
		if t.Aside {
			continue
		}
		runes := []rune(t.Key)
		switch t.Kind {
		case Pair:
			w.pairs[[2]rune{runes[0], runes[1]}] |= 1 << i
			w.start(runes[0])
		case Single:
			w.singles[runes[0]] |= 1 << i
			w.start(runes[0])
		case Word:
			w.words[t.Key] |= 1 << i
		default:
			w.special[t.Key] |= 1 << i
		}
	}
	return w
}

// start notes a character; those beyond the first plane share a place with one in it.
func (w *wanted) start(r rune) { w.starts[uint16(r)>>6] |= 1 << (r & 63) }

func (w *wanted) mayStart(r rune) bool { return w.starts[uint16(r)>>6]>>(r&63)&1 != 0 }

// Looker finds where the terms of a query stand in texts. It is for one goroutine.
type Looker struct {
	*wanted
	runes  []rune
	places []Place
}

// NewLooker gives the looker for a query.
func NewLooker(q Query) *Looker { return &Looker{wanted: newWanted(q)} }

// Places gives where the query's terms stand in text, by their start. The result is good until the next call.
func (l *Looker) Places(text string) []Place {
	l.runes = l.runes[:0]
	for _, r := range text {
		l.runes = append(l.runes, foldRune(r))
	}
	return l.placesIn(folded{src: text, runes: l.runes})
}

// placesIn is Places for a text that is folded already.
func (l *Looker) placesIn(f folded) []Place {
	l.places = l.places[:0]
	if len(l.special) > 0 {
		l.findSpecial(f)
	}
	sorted := len(l.places) == 0
	for i := 0; i < len(f.runes); {
		switch r := f.runes[i]; {
		case isHan(r):
			i = l.han(f, i)
		case len(l.words) > 0 && isWord(r) && !unicode.IsMark(r):
			term, last := wordText(f, i)
			l.add(i, last, l.words[term])
			i = last + 1
		default:
			i++
		}
	}
	if !sorted {
		sortPlaces(l.places)
	}
	return l.places
}

// han looks at the Han character at i and at the pair it starts, and gives the next position.
func (l *Looker) han(f folded, i int) int {
	wanted := l.mayStart(f.runes[i])
	if wanted {
		l.add(i, i, l.singles[f.runes[i]])
	}
	j := nextHan(f, i, false)
	if j < 0 {
		return i + 1
	}
	if wanted {
		l.add(i, j, l.pairs[[2]rune{f.runes[i], f.runes[j]}])
	}
	return j
}

func (l *Looker) findSpecial(f folded) {
	for _, n := range findNumbers(f) {
		for _, key := range n.keys() {
			l.add(n.first, n.last, l.special[key])
		}
	}
	for _, a := range findAmounts(f) {
		l.add(a.first, a.last, l.special[a.term()])
	}
}

func sortPlaces(all []Place) {
	slices.SortStableFunc(all, func(a, b Place) int { return cmp.Or(a.First-b.First, a.Last-b.Last) })
}

func (l *Looker) add(first, last int, terms Set) {
	if terms != 0 {
		l.places = append(l.places, Place{first, last, terms})
	}
}
