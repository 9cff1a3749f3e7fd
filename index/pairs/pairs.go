// Package pairs holds which characters follow each other in the texts of an index, and in how many documents.
package pairs

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"
)

// Pairs is which characters follow each other, and in how many documents; it is the evidence for repairs. A second character
// of 0 stands for the end of a run. It may be read from many goroutines once [Pairs.Join] was called.
type Pairs struct {
	seconds map[rune][]second // by character
	letters map[string]bool   // words of letters only
}

// second is a character that follows another one.
type second struct {
	char rune
	n    int32 // documents; titles count beside bodies
}

// count caps a number of documents at what is kept.
func count(n uint64) int32 { return int32(min(n, math.MaxInt32)) }

// Join puts in order what was added; nothing may be added any more.
func (p Pairs) Join() {
	for first, all := range p.seconds {
		p.seconds[first] = joinSeconds(all)
	}
}

// joinSeconds sorts by character and adds up what both fields have.
func joinSeconds(all []second) []second {
	slices.SortFunc(all, func(a, b second) int { return cmp.Compare(a.char, b.char) })
	out := all[:0]
	for _, s := range all {
		if len(out) > 0 && out[len(out)-1].char == s.char {
			out[len(out)-1].n += s.n
			continue
		}
		out = append(out, s)
	}
	return out
}

// New gives pairs without any.
func New() Pairs { return Pairs{seconds: map[rune][]second{}, letters: map[string]bool{}} }

// Add notes a term of one or two characters, or of letters, that n documents hold; other terms are passed over.
func (p Pairs) Add(term string, n uint64) {
	first, size := utf8.DecodeRuneInString(term)
	rest := term[size:]
	next, width := utf8.DecodeRuneInString(rest)
	switch {
	case first >= 'a' && first <= 'z':
		p.letters[term] = true
	case first < utf8.RuneSelf:
	case rest == "":
		p.seconds[first] = append(p.seconds[first], second{0, count(n)})
	case width == len(rest):
		p.seconds[first] = append(p.seconds[first], second{next, count(n)})
	}
}

// Pair gives in how many documents next follows first.
func (p Pairs) Pair(first, next rune) int {
	all := p.seconds[first]
	i, ok := slices.BinarySearchFunc(all, next, func(s second, c rune) int { return cmp.Compare(s.char, c) })
	if !ok {
		return 0
	}
	return int(all[i].n)
}

// Runes gives every character with the number of documents in which another one follows it.
func (p Pairs) Runes() map[rune]int {
	out := make(map[rune]int, len(p.seconds))
	for first, all := range p.seconds {
		for _, s := range all {
			out[first] += int(s.n)
			if s.char != 0 {
				out[s.char] += 0
			}
		}
	}
	return out
}

// Word reports whether letters is a word of a text.
func (p Pairs) Word(letters string) bool { return p.letters[letters] }

// Follow gives in how many documents something follows a character.
func (p Pairs) Follow(first rune) int {
	n := 0
	for _, s := range p.seconds[first] {
		n += int(s.n)
	}
	return n
}

// StartingWith gives the terms that start with a character; it occurs exactly where one of them does. Where they stand in more
// documents than budget, the most frequent ones are left out.
func (p Pairs) StartingWith(char string, budget int) []string {
	first, _ := utf8.DecodeRuneInString(char)
	all := p.seconds[first]
	if p.Follow(first) > budget {
		all = slices.Clone(all)
		slices.SortFunc(all, func(a, b second) int { return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.char, b.char)) })
	}
	var keys []string
	for _, s := range all {
		if budget -= int(s.n); budget < 0 {
			break
		}
		if s.char == 0 {
			keys = append(keys, char)
			continue
		}
		keys = append(keys, char+string(s.char))
	}
	return keys
}

// Holds reports whether every two neighbours in a folded word follow each other in a document.
func (p Pairs) Holds(word string) bool {
	before := rune(0)
	for _, c := range word {
		if before != 0 && p.Pair(before, c) == 0 {
			return false
		}
		before = c
	}
	return before != 0
}
