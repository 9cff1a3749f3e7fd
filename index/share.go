package index

import (
	"math"

	"mianshen/index/lexicon"
	"mianshen/index/words"
)

// Settings of the share.
const (
	seamWeight = 0.25 // of a pair that spans two words, against one within a word
	fewWords   = 3    // of a query up to which Floor holds; of a longer one, a story, less must stand in a hit
	fluffFrom  = 2000 // times in general texts from which on a word says less when it is missing
	titleShare = 0.4  // by how much more of the query a term counts that stands in the title
)

// unit is a word of a query, or the seam between two.
type unit struct {
	terms words.Set
	whole float64 // weight of all terms
	miss  float64 // what the unit weighs when none of it is found
	seam  bool
}

// shares tells how much of a query a row holds.
type shares struct {
	units   []unit
	weights []weight
	known   map[[2]words.Set]float64
	floor   float64 // below it a row is weak
}

// newShares cuts a query into words. A word that everybody uses all the time weighs less when it is missing: 一部分 was not
// what the question was about.
func newShares(lex *lexicon.Lexicon, asked words.Query, weights []weight) *shares {
	s := &shares{weights: weights, known: map[[2]words.Set]float64{}}
	rest := words.Set(1)<<asked.Typed - 1
	var inWord [words.MaxQueryRunes]bool
	for _, w := range lex.Cut(asked.Runes) {
		for i := w.First; w.Last > w.First && i <= w.Last; i++ {
			inWord[i] = true
		}
		u := unit{}
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
		u.miss = u.whole * fluff(lex.Frequency(string(asked.Runes[w.First:w.Last+1])))
		s.units = append(s.units, u)
	}
	heaviest := 0.0
	for _, u := range s.units {
		heaviest = max(heaviest, u.whole)
	}
	for i, t := range asked.Terms[:asked.Typed] {
		if !rest.Has(i) {
			continue
		}
		u := unit{terms: 1 << i, whole: weights[i].value, miss: weights[i].value}
		if t.Kind == words.Pair && heaviest > 0 && (inWord[t.First] || inWord[t.Last]) {
			u.seam = true
			u.whole = seamWeight * min(u.whole, heaviest)
			u.miss = u.whole
		}
		s.units = append(s.units, u)
	}
	s.settle()
	return s
}

// settle sets the floor, and lets no missing word weigh more than the heaviest that stands in the index.
func (s *shares) settle() {
	n, most := 0, 0.0
	for _, u := range s.units {
		if u.seam {
			continue
		}
		n++
		for i, w := range s.weights {
			if u.terms.Has(i) && !w.unknown {
				most = max(most, u.whole)
			}
		}
	}
	for i := range s.units {
		if most > 0 {
			s.units[i].miss = min(s.units[i].miss, most)
		}
	}
	s.floor = Floor * math.Sqrt(min(1, fewWords/float64(max(n, 1))))
}

// fluff gives how much a missing word counts by how often it stands in general texts.
func fluff(n int) float64 {
	if n <= fluffFrom {
		return 1
	}
	return float64(fluffFrom) / float64(n)
}

func (s *shares) weight(set words.Set) float64 {
	sum := 0.0
	for i := range s.weights {
		if set.Has(i) {
			sum += s.weights[i].value
		}
	}
	return sum
}

// of gives how much of the query's weight a row holds in which the terms of mask were found, 0 to 1.
func (s *shares) of(mask, inTitle words.Set) float64 {
	key := [2]words.Set{mask, inTitle}
	if v, ok := s.known[key]; ok {
		return v
	}
	var have, all float64
	for _, u := range s.units {
		found := 0.0
		if u.whole > 0 {
			found = s.part(u, mask)
		}
		titled := s.part(u, inTitle)
		have += u.whole * found * (1 + titleShare*titled)
		all += u.whole*found + u.miss*(1-found)
	}
	v := 0.0
	if all > 0 {
		v = min(1, have/all)
	}
	s.known[key] = v
	return v
}

// part gives how much of a unit is in set, 0 to 1; half a word is less than half.
func (s *shares) part(u unit, set words.Set) float64 {
	switch found := set & u.terms; {
	case found == u.terms:
		return 1
	case found == 0:
		return 0
	default:
		p := s.weight(found) / s.weight(u.terms)
		return p * p
	}
}
