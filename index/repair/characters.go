package repair

import (
	"slices"
	"strings"

	"mianshen/index/lexicon"
	"mianshen/index/words"
)

// maxRepairs is how many characters or words of a query are put right; who typed more wrong was not understood.
const maxRepairs = 4

// characters puts wrong characters right.
func (r *Repairer) characters(runes []rune) ([]rune, []Change) {
	var changes []Change
	for len(changes) < maxRepairs {
		d := r.doubts(runes)
		fix, ok := r.byPhrase(runes, d)
		if !ok {
			fix, ok = r.bySound(runes, d)
		}
		if !ok {
			fix, ok = r.byNeighbours(runes, d)
		}
		if !ok {
			break
		}
		changes = append(changes, Change{string(runes[fix.first : fix.last+1]), fix.to})
		runes = slices.Concat(runes[:fix.first], []rune(fix.to), runes[fix.last+1:])
	}
	return runes, changes
}

// fix replaces the runes from first to last by to.
type fix struct {
	first, last int
	to          string
}

// doubt says what is doubtful at each rune of a query.
type doubt struct {
	seam  []bool // the rune and the next one are both Han and never follow each other, and it is no border between two words
	known []int  // the number of the known word of two and more characters that the rune is in, from 1; 0 for none
}

// doubts finds the places where something seems wrong.
func (r *Repairer) doubts(runes []rune) doubt {
	d := doubt{seam: make([]bool, len(runes)), known: make([]int, len(runes))}
	for n, w := range r.lex.Cut(runes) {
		if w.Last > w.First && r.lex.Known(string(runes[w.First:w.Last+1])) {
			for i := w.First; i <= w.Last; i++ {
				d.known[i] = n + 1
			}
		}
	}
	for i := 0; i+1 < len(runes); i++ {
		a, b := runes[i], runes[i+1]
		n := r.pair(a, b)
		stray := d.known[i] == 0 && d.known[i+1] == 0
		if !words.IsHan(a) || !words.IsHan(b) || n > rarePair || n > 0 && !stray {
			continue
		}
		between := d.known[i] != d.known[i+1] && d.known[i] > 0 && d.known[i+1] > 0
		d.seam[i] = !between && !strings.ContainsRune(little, a) && !strings.ContainsRune(little, b)
	}
	return d
}

// little are characters that stand before and behind anything.
const little = "的了吗呢吧啊呀有没能可以给我们你他她它是不在和与或及等就都也还又被把让请问想要看查找怎么样哪些什几多少年月日个家这那"

// in reports whether a seam lies within the runes from first to last.
func (d doubt) in(first, last int) bool {
	for i := first; i < last; i++ {
		if d.seam[i] {
			return true
		}
	}
	return false
}

// protected reports whether the seams within lie in a known word: then it was typed on purpose, and only a longer phrase
// around it may say otherwise.
func (d doubt) protected(first, last int) bool {
	for i := first; i < last; i++ {
		if d.seam[i] && d.known[i] != 0 && d.known[i] == d.known[i+1] {
			return true
		}
	}
	return false
}

// byPhrase looks for a stretch with a seam in it that is a known phrase but for one character at the seam: another one, one
// too many, one missing, or two swapped. The longest counts.
func (r *Repairer) byPhrase(runes []rune, d doubt) (fix, bool) {
	for n := min(maxPhrase+1, len(runes)); n >= 3; n-- {
		for i := 0; i+n <= len(runes); i++ {
			if !d.in(i, i+n-1) || n < 4 && d.protected(i, i+n-1) || !allHan(runes[i:i+n]) {
				continue
			}
			if to := r.nearly(runes[i:i+n], d.seam[i:i+n-1]); to != "" {
				return fix{i, i + n - 1, to}, true
			}
		}
	}
	return fix{}, false
}

func allHan(runes []rune) bool {
	return !slices.ContainsFunc(runes, func(c rune) bool { return !words.IsHan(c) })
}

// freely is from how many characters on any character within a phrase may be exchanged; in a shorter one, and at the ends,
// only one that sounds or looks the same, since among short words too many are alike.
const freely = 5

// nearly gives the phrase that typed is but for one character beside a seam, or "". seam[i] lies between i and i+1.
func (r *Repairer) nearly(typed []rune, seam []bool) string {
	best := ""
	consider := func(phrase string) {
		if r.support[phrase] > 0 && r.usable(phrase) && (best == "" || r.better(phrase, best) < 0) {
			best = phrase
		}
	}
	last := len(typed) - 1
	for i := range typed {
		within := i > 0 && i < last
		if !(i > 0 && seam[i-1]) && !(i < last && seam[i]) {
			continue
		}
		if i < last && typed[i] != typed[i+1] {
			swapped := slices.Clone(typed)
			swapped[i], swapped[i+1] = typed[i+1], typed[i]
			consider(string(swapped))
		}
		key := without(typed, i)
		if within && last >= 3 {
			consider(key)
		}
		for _, p := range r.without[key] {
			if exchanged(typed, []rune(p), i) && (within && len(typed) >= freely || lexicon.Alike(typed[i], []rune(p)[i])) {
				consider(p)
			}
		}
	}
	for _, p := range r.without[string(typed)] {
		if i := inserted(typed, []rune(p)); i > 0 && i <= last && seam[i-1] {
			consider(p)
		}
	}
	return best
}

// exchanged reports whether other is typed with another character at i.
func exchanged(typed, other []rune, i int) bool {
	return len(typed) == len(other) && typed[i] != other[i] && slices.Equal(typed[:i], other[:i]) && slices.Equal(typed[i+1:], other[i+1:])
}

// inserted gives where other has a character that typed lacks, the only difference.
func inserted(typed, other []rune) int {
	i := 0
	for i < len(typed) && typed[i] == other[i] {
		i++
	}
	return i
}

// bySound looks for a stretch with a seam in it that sounds like a known phrase.
func (r *Repairer) bySound(runes []rune, d doubt) (fix, bool) {
	for n := min(maxPhrase, len(runes)); n >= 2; n-- {
		for i := 0; i+n <= len(runes); i++ {
			if !d.in(i, i+n-1) || d.protected(i, i+n-1) {
				continue
			}
			typed := runes[i : i+n]
			to := first(r.blurred[sound(typed)], func(p string) bool {
				return p != string(typed) && r.holds(p) && (n > 2 || []rune(p)[0] == typed[0] || []rune(p)[1] == typed[1])
			})
			if to != "" {
				return fix{i, i + n - 1, to}, true
			}
		}
	}
	return fix{}, false
}

// sound gives how runes are most often read, as phrases are filed; "" when one has no reading.
func sound(runes []rune) string {
	var b strings.Builder
	for _, c := range runes {
		all := lexicon.Readings(c)
		if len(all) == 0 {
			return ""
		}
		b.WriteString(lexicon.Blurred(all[0]) + "'")
	}
	return b.String()
}

// Evidence that a single character needs to take the place of one that sounds the same.
const (
	leastPair = 2  // documents for each pair it makes
	leastEdge = 3  // for its only pair, at the end of a run
	muchMore  = 30 // times as many as for a pair that the texts do hold
	rarePair  = 2  // documents in which even two characters in no known word may follow each other by mistake
)

// byNeighbours looks for a character beside a seam that sounds like one which follows its neighbours in the texts.
func (r *Repairer) byNeighbours(runes []rune, d doubt) (fix, bool) {
	for i := range runes {
		left, right := r.joined(runes, d, i-1), r.joined(runes, d, i)
		if !words.IsHan(runes[i]) || !(left && d.seam[i-1] || right && d.seam[i]) || d.protected(max(i-1, 0), min(i+1, len(runes)-1)) {
			continue
		}
		if c := r.fitting(runes, i, left, right); c != 0 {
			return fix{i, i, string(c)}, true
		}
	}
	return fix{}, false
}

// joined reports whether the rune at i and the next one belong together: Han, and either a pair of the texts or doubtful. What
// is neither is a border between words.
func (r *Repairer) joined(runes []rune, d doubt, i int) bool {
	return i >= 0 && i+1 < len(runes) && words.IsHan(runes[i]) && words.IsHan(runes[i+1]) && (d.seam[i] || r.pair(runes[i], runes[i+1]) > 0)
}

// fitting gives the character that fits best at i, or 0.
func (r *Repairer) fitting(runes []rune, i int, left, right bool) rune {
	best, most := rune(0), 0
	for _, s := range lexicon.Readings(runes[i]) {
		for _, c := range r.common[s] {
			if c == runes[i] {
				continue
			}
			if n := r.fit(runes, i, c, left, right); n > most {
				best, most = c, n
			}
		}
	}
	return best
}

// fit says how well c fits at i: 0 for not at all. It must make a known word with a neighbour.
func (r *Repairer) fit(runes []rune, i int, c rune, left, right bool) int {
	least := 0
	known := false
	side := func(a, b, typed, other rune) bool {
		m := r.pair(a, b)
		if least == 0 || m < least {
			least = m
		}
		known = known || r.lex.Known(string([]rune{a, b}))
		return m >= leastPair && m >= muchMore*r.pair(typed, other)
	}
	if left && !side(runes[i-1], c, runes[i-1], runes[i]) || right && !side(c, runes[i+1], runes[i], runes[i+1]) {
		return 0
	}
	if !known || !(left && right) && least < leastEdge {
		return 0
	}
	return least
}
