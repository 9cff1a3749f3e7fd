package index

import (
	"cmp"
	"errors"
	"slices"
	"unicode/utf8"

	bleveindex "github.com/blevesearch/bleve_index_api"
)

// pairs is which characters follow each other in the index, and in how many documents; it is the evidence for repairs. A
// second character of 0 stands for the end of a run.
type pairs struct {
	seconds map[rune][]second // by character
	letters map[string]bool   // words of letters only
}

// second is a character that follows another one.
type second struct {
	char rune
	n    int32 // documents; titles count beside bodies
}

// readPairs learns the pairs. It is done at once, since bleve reads its dictionaries in goroutines of its own, where a
// fault can't be caught.
func (x *Index) readPairs() error {
	x.pairs = pairs{seconds: map[rune][]second{}, letters: map[string]bool{}}
	for _, field := range searchedFields {
		if err := x.readDict(field); err != nil {
			return err
		}
	}
	for first, all := range x.pairs.seconds {
		x.pairs.seconds[first] = joinSeconds(all)
	}
	slices.Sort(x.sums)
	x.sums = slices.Compact(x.sums)
	return nil
}

// readDict reads one field's dictionary.
func (x *Index) readDict(field string) error {
	dict, err := x.reader.FieldDict(field)
	if err != nil {
		return err
	}
	for {
		e, err := dict.Next()
		if err != nil {
			return errors.Join(err, dict.Close())
		}
		if e == nil {
			return dict.Close()
		}
		if yuan, ok := sumOf(e.Term); ok {
			x.sums = append(x.sums, yuan)
			continue
		}
		x.pairs.add(e)
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

// add notes a term of one or two characters, or of letters.
func (p pairs) add(e *bleveindex.DictEntry) {
	first, size := utf8.DecodeRuneInString(e.Term)
	rest := e.Term[size:]
	next, width := utf8.DecodeRuneInString(rest)
	switch {
	case first >= 'a' && first <= 'z':
		p.letters[e.Term] = true
	case first < utf8.RuneSelf:
	case rest == "":
		p.seconds[first] = append(p.seconds[first], second{0, int32(e.Count)})
	case width == len(rest):
		p.seconds[first] = append(p.seconds[first], second{next, int32(e.Count)})
	}
}

// Pair gives in how many documents next follows first.
func (p pairs) Pair(first, next rune) int {
	all := p.seconds[first]
	i, ok := slices.BinarySearchFunc(all, next, func(s second, c rune) int { return cmp.Compare(s.char, c) })
	if !ok {
		return 0
	}
	return int(all[i].n)
}

// Runes gives every character with the number of documents in which another one follows it.
func (p pairs) Runes() map[rune]int {
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
func (p pairs) Word(letters string) bool { return p.letters[letters] }

// follow gives in how many documents something follows a character.
func (p pairs) follow(first rune) int {
	n := 0
	for _, s := range p.seconds[first] {
		n += int(s.n)
	}
	return n
}

// startingWith gives the terms that start with a character; it occurs exactly where one of them does. Where they stand in more
// documents than budget, the most frequent ones are left out.
func (p pairs) startingWith(char string, budget int) []string {
	first, _ := utf8.DecodeRuneInString(char)
	all := p.seconds[first]
	if p.follow(first) > budget {
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

// holds reports whether every two neighbours in a folded word follow each other in a document.
func (p pairs) holds(word string) bool {
	before := rune(0)
	for _, c := range word {
		if before != 0 && p.Pair(before, c) == 0 {
			return false
		}
		before = c
	}
	return before != 0
}
