package share

import (
	"math"
	"slices"
	"strings"

	"mianshen/index/lexicon"
	"mianshen/index/words"
)

// Settings of how sure it is that a row answers a question: the share of the query's words that stand in it, where
//
//   - a missing word weighs what it is, however rare; in the share none outweighs the heaviest that is known,
//   - seams hardly count, and what is missing counts little if it is a quantity (一张, 每年), which texts write otherwise, or
//     two characters that are no word,
//   - where the question is how to do something (怎么注销) and the row doesn't say that, up to half is lost: the less the
//     more of what it does say is in the title, since then it is about that and may say the deed in other words,
//   - a long question, a story, is answered by less of it.
//
// They were fitted to the relevance files and to questions over real texts; see RELEVANCE.md.
const (
	seamSure  = 0.25 // of a seam's weight
	looseMiss = 0.3  // of a quantity's weight, and of a pair's that is no word
	otherDeed = 0.5
	fewWords  = 3 // of a query up to which nothing is forgiven
)

// Floor is how sure a hit must be not to be weak: half of a short question, or no more than one of its two words, is too little.
const Floor = 0.50

// Held is what a row holds of a query.
type Held struct {
	Share float64 // of its weight, 0 to 1
	Sure  float64 // that this answers the question
}

// measures are what is counted by: 一张, 每年.
const measures = "个家张件套栋间亩月年天次位名份部点些笔块台辆人吨"

// quantity reports whether a word is how many of something, or how often.
func quantity(lex *lexicon.Lexicon, word []rune) bool {
	return len(word) >= 2 && len(word) <= 3 && strings.ContainsRune("一几每半", word[0]) && strings.ContainsRune(measures, word[1]) && !lex.Own(string(word))
}

// getting are characters that ask how to get or found something: what every policy says.
const getting = "领拿申办报补算给发奖贴定搞开弄"

// deed is what is asked how to do.
type deed struct {
	text string
	unit int // its place, or -1 where it is no word to look for
}

// askedHow finds what is asked how to do, if it says anything.
func (s *Shares) askedHow(asked words.Query, cut []lexicon.Span, starts []int) {
	if asked.How == 0 || asked.How >= len(asked.Runes) || asked.Runes[asked.How] == words.Used {
		return
	}
	i := slices.Index(starts, asked.How)
	if i >= 0 && !s.units[i].generic {
		s.deed = &deed{s.units[i].word, i}
		return
	}
	for _, w := range cut {
		next := w.Last + 1
		ends := next == len(asked.Runes) || asked.Runes[next] == words.Used
		if w.First == w.Last && w.Last == asked.How && ends && !strings.ContainsRune(getting, asked.Runes[w.First]) {
			s.deed = &deed{string(asked.Runes[w.First]), -1}
		}
	}
}

// done gives how much of what is asked how to do stands among the terms of mask.
func (s *Shares) done(mask words.Set) float64 {
	switch {
	case s.deed == nil:
		return 1
	case s.deed.unit < 0:
		return 0
	}
	return s.part(s.units[s.deed.unit], mask)
}

// NotDone gives what the question asks how to do, where a row that holds the terms of has doesn't say it; else "".
func (s *Shares) NotDone(has words.Set) string {
	if s.done(has) == 1 {
		return ""
	}
	return s.deed.text
}

// evidence is what was found of the words of a query, weighed.
type evidence struct {
	have, all     float64
	telling       float64 // of words that are not generic, found anywhere
	tellingTitles float64 // and found in the title
}

// add adds a unit of which these parts were found; more is its weight as far as it was found.
func (e *evidence) add(u *unit, found, title, more float64) {
	counts := 1.0
	if u.seam {
		counts = seamSure
	} else if !u.generic {
		e.telling += u.whole * found
		e.tellingTitles += u.whole * title
	}
	e.have += counts * more
	e.all += counts * (u.whole*found + u.lack*(1-found))
}

// sure gives how sure it is that a row with this evidence, in which the terms of mask were found, answers the question.
func (s *Shares) sure(mask words.Set, e evidence) float64 {
	if e.all == 0 {
		return 0
	}
	v := min(1, e.have/e.all)
	if done := s.done(mask); done < 1 {
		if e.telling > 0 {
			done = max(done, min(1, e.tellingTitles/e.telling))
		}
		v *= otherDeed + (1-otherDeed)*done
	}
	return min(1, v*math.Sqrt(max(1, float64(s.words)/fewWords)))
}
