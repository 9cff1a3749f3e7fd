package words

import (
	"slices"
	"unicode"
)

// Place is a place in a text where terms of a query stand.
type Place struct {
	First, Last int // runes of the text
	Terms       Set
}

// Looker finds where the terms of a query stand in texts, as a [Marker] does, but without their bytes and fast. It is for one
// goroutine.
type Looker struct {
	starts  [1024]uint64 // the characters of the first plane that start a pair or are looked for alone
	pairs   map[[2]rune]Set
	singles map[rune]Set
	words   map[string]Set
	special map[string]Set // numbers and sums
	runes   []rune
	places  []Place
}

// NewLooker gives the looker for a query.
func NewLooker(q Query) *Looker {
	l := &Looker{pairs: map[[2]rune]Set{}, singles: map[rune]Set{}, words: map[string]Set{}, special: map[string]Set{}}
	for i, t := range q.Terms {
		if t.Aside {
			continue
		}
		runes := []rune(t.Key)
		switch t.Kind {
		case Pair:
			l.pairs[[2]rune{runes[0], runes[1]}] |= 1 << i
			l.start(runes[0])
		case Single:
			l.singles[runes[0]] |= 1 << i
			l.start(runes[0])
		case Word:
			l.words[t.Key] |= 1 << i
		default:
			l.special[t.Key] |= 1 << i
		}
	}
	return l
}

// start notes a character; those beyond the first plane share a place with one in it.
func (l *Looker) start(r rune) { l.starts[uint16(r)>>6] |= 1 << (r & 63) }

func (l *Looker) mayStart(r rune) bool { return l.starts[uint16(r)>>6]>>(r&63)&1 != 0 }

// Places gives where the query's terms stand in text, by their start. The result is good until the next call.
func (l *Looker) Places(text string) []Place {
	l.runes, l.places = l.runes[:0], l.places[:0]
	for _, r := range text {
		l.runes = append(l.runes, foldRune(r))
	}
	f := folded{src: text, runes: l.runes}
	if len(l.special) > 0 {
		l.findSpecial(f)
	}
	sorted := len(l.places) == 0
	for i := 0; i < len(l.runes); {
		switch r := l.runes[i]; {
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
	slices.SortStableFunc(all, func(a, b Place) int { return a.First - b.First })
}

func (l *Looker) add(first, last int, terms Set) {
	if terms != 0 {
		l.places = append(l.places, Place{first, last, terms})
	}
}
