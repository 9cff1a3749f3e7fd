package repair

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"mianshen/index/lexicon"
)

// Evidence says what the texts hold. Runes and words are folded.
type Evidence interface {
	// Pair gives in how many documents second follows first.
	Pair(first, second rune) int
	// Runes gives every character of the texts with the number of documents in which another one follows it.
	Runes() map[rune]int
	// Word reports whether a word of letters stands in a text.
	Word(letters string) bool
}

// Phrase is a word or a few words that the texts use as one.
type Phrase struct {
	Text string
	N    int // in how many titles
}

// Change is one thing put right.
type Change struct{ From, To string }

// Repairer repairs queries. It never changes and may be used from many goroutines.
type Repairer struct {
	lex      *lexicon.Lexicon
	evidence Evidence
	follow   map[rune]int        // how often a character is followed by any other
	all      int                 // sum of follow
	common   map[string][]rune   // syllable -> its characters, the commonest first
	starting map[string][]rune   // initial -> the same
	support  map[string]int      // phrase -> how much speaks for it
	spelled  map[string][]string // pinyin in one -> phrases
	initials map[string][]string // initials of the syllables in one -> phrases
	blurred  map[string][]string // pinyin as people confuse it -> phrases
	without  map[string][]string // a phrase of three and more less one character -> phrases
}

// Caps on what is remembered.
const (
	maxCommon   = 80 // characters of one syllable
	maxStarting = 60 // of one initial
	maxPhrase   = 10 // runes
	ownSupport  = 5  // what speaks for a word of the synonyms: as much as five titles
)

// New builds a repairer for texts that use phrases beside the words of the lexicon.
func New(lex *lexicon.Lexicon, evidence Evidence, phrases []Phrase) *Repairer {
	r := &Repairer{
		lex: lex, evidence: evidence, follow: evidence.Runes(), common: map[string][]rune{}, starting: map[string][]rune{}, support: map[string]int{},
		spelled: map[string][]string{}, initials: map[string][]string{}, blurred: map[string][]string{}, without: map[string][]string{},
	}
	for _, g := range lex.Groups() {
		for _, w := range slices.Concat(g.Said, g.Written) {
			r.support[w] += ownSupport
		}
	}
	for _, p := range phrases {
		r.support[p.Text] += p.N
	}
	r.learnRunes()
	for w := range r.support {
		r.learn(w)
	}
	for _, m := range []map[string][]string{r.spelled, r.initials, r.blurred, r.without} {
		for _, phrases := range m {
			slices.SortFunc(phrases, r.better)
		}
	}
	return r
}

// better puts the phrase first for which more speaks.
func (r *Repairer) better(a, b string) int {
	return cmp.Or(cmp.Compare(r.support[b], r.support[a]), cmp.Compare(a, b))
}

// learnRunes sorts the characters of the texts and of the lexicon's own words by how they are read.
func (r *Repairer) learnRunes() {
	runes := make([]rune, 0, len(r.follow))
	seen := map[rune]bool{}
	add := func(c rune) {
		if !seen[c] {
			seen[c] = true
			runes = append(runes, c)
		}
	}
	for c, n := range r.follow {
		r.all += n
		add(c)
	}
	for w := range r.support {
		for _, c := range w {
			add(c)
		}
	}
	slices.SortFunc(runes, func(a, b rune) int { return cmp.Or(cmp.Compare(r.follow[b], r.follow[a]), cmp.Compare(a, b)) })
	for _, c := range runes {
		for _, s := range lexicon.Readings(c) {
			if len(r.common[s]) < maxCommon {
				r.common[s] = append(r.common[s], c)
			}
			i := lexicon.Initial(s)
			if i != "" && len(r.starting[i]) < maxStarting && !slices.Contains(r.starting[i], c) {
				r.starting[i] = append(r.starting[i], c)
			}
		}
	}
}

// learn files a phrase under how it may be typed.
func (r *Repairer) learn(phrase string) {
	runes := []rune(phrase)
	if len(runes) > maxPhrase || len(runes) < 2 {
		return
	}
	for i, spelling := range lexicon.Spellings(phrase) {
		var full, initials, blurred string
		for _, s := range spelling {
			full += s
			initials += s[:1]
			blurred += lexicon.Blurred(s) + "'"
		}
		file(r.spelled, full, phrase)
		if i == 0 {
			file(r.initials, initials, phrase)
			file(r.blurred, blurred, phrase)
		}
	}
	if len(runes) < 3 || !r.holds(phrase) { // what people say for something is no reason to change what was typed
		return
	}
	for i := range runes {
		file(r.without, without(runes, i), phrase)
	}
}

// file adds a phrase once. All that one phrase is filed under comes in a row, so only the last can be the same.
func file(m map[string][]string, key, phrase string) {
	if all := m[key]; len(all) == 0 || all[len(all)-1] != phrase {
		m[key] = append(all, phrase)
	}
}

// without gives runes less the one at i.
func without(runes []rune, i int) string {
	out := make([]rune, 0, len(runes)-1)
	return string(append(append(out, runes[:i]...), runes[i+1:]...))
}

// Text repairs what was typed, which must be folded and short, and says what it changed, in order.
func (r *Repairer) Text(typed string) (string, []Change) {
	runes, changes := r.letters([]rune(typed))
	runes, more := r.characters(runes)
	return string(runes), append(changes, more...)
}

// pair gives in how many texts second follows first.
func (r *Repairer) pair(first, second rune) int { return r.evidence.Pair(first, second) }

// holds reports whether every two neighbours in phrase follow each other in the texts.
func (r *Repairer) holds(phrase string) bool {
	before := rune(utf8.RuneError)
	for _, c := range phrase {
		if before != utf8.RuneError && r.evidence.Pair(before, c) == 0 {
			return false
		}
		before = c
	}
	return true
}

// usable reports whether something can be found by phrase: the texts hold it, or write something else for it.
func (r *Repairer) usable(phrase string) bool { return r.lex.Own(phrase) || r.holds(phrase) }
