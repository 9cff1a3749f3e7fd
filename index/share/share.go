// Package share says how much of a query stands in a document: word by word, the rarer the more, so that the figure means the
// same in every corpus and for every length of query.
package share

import (
	"mianshen/index/lexicon"
	"mianshen/index/words"
)

// Weight is what a term of a query weighs.
type Weight struct {
	Value   float64 // inverse frequency, less for generic words
	Unknown bool    // it stands nowhere in the index
}

// maxKnown is how many sets of terms are remembered.
const maxKnown = 1 << 14

// Settings of the share.
const (
	seamWeight  = 0.25 // of a pair that spans two words, against one within a word
	genericMiss = 0.3
	fluffFrom   = 2000 // times in general texts from which on a word says less when it is missing
	titleShare  = 0.4  // by how much more of the query a term counts that stands in the title
)

// unit is a word of a query, or the seam between two.
type unit struct {
	word  string
	terms words.Set
	whole float64 // weight of all terms
	miss  float64 // what the unit weighs when none of it is found
	lack  float64 // the same for how sure it is
	seam  bool
	plain bool // a word, no number or sum

	generic bool
}

// Shares tells how much of a query a row holds.
type Shares struct {
	units   []unit
	weights []Weight
	known   map[[2]words.Set]Held
	words   int       // units that are no seams
	deed    *deed     // nil for none
	figure  words.Set // words that are no pairs: figures, letters, numbers
}

// New cuts a query into words. A word that everybody uses all the time weighs less when it is missing: 一部分 was not
// what the question was about.
func New(lex *lexicon.Lexicon, asked words.Query, weights []Weight) *Shares {
	s := &Shares{weights: weights, known: map[[2]words.Set]Held{}}
	for i, t := range asked.Terms[:asked.Typed] {
		if t.Kind == words.Word && t.Weight < 1 {
			s.figure |= 1 << i
		}
	}
	rest := words.Set(1)<<asked.Typed - 1
	var inWord [words.MaxQueryRunes]bool
	cut := lex.Cut(asked.Runes)
	var starts []int // of the units so far
	for _, w := range cut {
		for i := w.First; w.Last > w.First && i <= w.Last; i++ {
			inWord[i] = true
		}
		u := unit{word: string(asked.Runes[w.First : w.Last+1]), plain: true}
		for i, t := range asked.Terms[:asked.Typed] {
			if rest.Has(i) && t.First >= w.First && t.Last <= w.Last {
				u.terms |= 1 << i
			}
		}
		if u.terms == 0 {
			continue
		}
		rest &^= u.terms
		u.whole = s.weight(u.terms)
		u.miss = u.whole * fluff(lex.Frequency(u.word))
		if u.generic = s.generic(asked, u.terms); u.generic {
			u.miss *= genericMiss
		}
		if u.lack = u.miss; quantity(lex, asked.Runes[w.First:w.Last+1]) {
			u.lack *= looseMiss
		}
		s.units, starts = append(s.units, u), append(starts, w.First)
	}
	s.askedHow(asked, cut, starts)
	heaviest := 0.0
	for _, u := range s.units {
		heaviest = max(heaviest, u.whole)
	}
	for i, t := range asked.Terms[:asked.Typed] {
		if !rest.Has(i) {
			continue
		}
		u := unit{word: t.Key, terms: 1 << i, whole: weights[i].Value, miss: weights[i].Value, plain: t.Kind <= words.Word}
		if t.Kind == words.Pair && heaviest > 0 && (inWord[t.First] || inWord[t.Last] || weights[i].Unknown) {
			u.seam = true
			u.whole = seamWeight * min(u.whole, heaviest)
			u.miss = u.whole
		}
		if u.lack = u.miss; t.Kind == words.Pair { // two characters that are no word: 办个
			u.lack *= looseMiss
		}
		s.units = append(s.units, u)
	}
	s.settle()
	return s
}

// settle counts the words, and lets no missing one weigh more in the share than the heaviest that stands in the index.
func (s *Shares) settle() {
	most := 0.0
	for _, u := range s.units {
		if u.seam {
			continue
		}
		s.words++
		for i, w := range s.weights {
			if u.terms.Has(i) && !w.Unknown && !s.figure.Has(i) {
				most = max(most, u.whole)
			}
		}
	}
	for i := range s.units {
		if u := &s.units[i]; most > 0 && u.plain { // a number that is another one is never nearly right
			u.miss = min(u.miss, most)
		}
	}
}

// fluff gives how much a missing word counts by how often it stands in general texts.
func fluff(n int) float64 {
	if n <= fluffFrom {
		return 1
	}
	return float64(fluffFrom) / float64(n)
}

// generic reports whether all of a set are generic: what people call 奖金, texts call 奖励.
func (s *Shares) generic(asked words.Query, set words.Set) bool {
	for i, t := range asked.Terms {
		if set.Has(i) && !t.Generic {
			return false
		}
	}
	return true
}

func (s *Shares) weight(set words.Set) float64 {
	sum := 0.0
	for i := range s.weights {
		if set.Has(i) {
			sum += s.weights[i].Value
		}
	}
	return sum
}

// Of gives what a row holds of the query in which the terms of mask were found.
func (s *Shares) Of(mask, inTitle words.Set) Held {
	key := [2]words.Set{mask, inTitle}
	if v, ok := s.known[key]; ok {
		return v
	}
	var have, all float64
	var e evidence
	for i := range s.units {
		u := &s.units[i]
		found := 0.0
		if u.whole > 0 {
			found = s.part(*u, mask)
		}
		title := s.part(*u, inTitle)
		more := u.whole * found * (1 + titleShare*title)
		have += more
		all += u.whole*found + u.miss*(1-found)
		e.add(u, found, title, more)
	}
	var v Held
	if all > 0 {
		v = Held{min(1, have/all), s.sure(mask, e)}
	}
	if len(s.known) < maxKnown {
		s.known[key] = v
	}
	return v
}

// part gives how much of a unit is in set, 0 to 1; half a word is less than half.
func (s *Shares) part(u unit, set words.Set) float64 {
	found := set & u.terms
	if found == u.terms {
		return 1
	}
	if found == 0 {
		return 0
	}
	p := s.weight(found) / s.weight(u.terms)
	return p * p
}

// Word is a word of a query as it was understood.
type Word struct {
	Text    string
	Share   float64  // of the query's weight
	Instead []string // what documents write for it, of which any will do
	Unknown bool     // it stands nowhere in the index
}

// Understood gives the words of a query, seams left out.
func (s *Shares) Understood(asked words.Query, expand words.Expander) []Word {
	instead := map[string][]string{}
	for _, e := range expand(asked.Runes) {
		instead[string(asked.Runes[e.First:e.Last+1])] = e.Phrases
	}
	all := 0.0
	for _, u := range s.units {
		all += u.whole
	}
	var out []Word
	for _, u := range s.units {
		if u.seam || all == 0 {
			continue
		}
		w := Word{Text: u.word, Share: u.whole / all, Instead: instead[u.word], Unknown: true}
		for i, weight := range s.weights {
			if u.terms.Has(i) && !weight.Unknown {
				w.Unknown = false
			}
		}
		out = append(out, w)
	}
	return out
}

// Missing gives the words of which a row doesn't hold all.
func (s *Shares) Missing(has words.Set) []string {
	var out []string
	for _, u := range s.units {
		if !u.seam && has&u.terms != u.terms {
			out = append(out, u.word)
		}
	}
	return out
}
