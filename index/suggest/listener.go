// Package suggest completes what is being typed, from the titles of an index and the words that are used together in them.
package suggest

import (
	"cmp"
	"slices"

	"mianshen/index/lexicon"
	"mianshen/index/repair"
	"mianshen/index/words"
)

// Caps on the phrases that are learnt from titles.
const (
	maxPhrases    = 20_000  // kept
	maxHeard      = 400_000 // counted; further ones only if they are among these
	maxParts      = 4       // words of a phrase
	maxTitles     = 100_000 // suggested
	leastPhrase   = 2       // runes
	longestPhrase = 8
)

// Listener learns from the titles of documents which words are used together. It is for one goroutine.
type Listener struct {
	lex    *lexicon.Lexicon
	counts map[string]int
	titles map[string]string // title -> its group, the first
	last   string            // title; passages of one policy follow each other
}

// NewListener gives a listener that cuts titles into the words of lex.
func NewListener(lex *lexicon.Lexicon) *Listener {
	return &Listener{lex: lex, counts: map[string]int{}, titles: map[string]string{}}
}

// Hear listens to the title and the further names of a document of a group.
func (l *Listener) Hear(title, also, group string) {
	if title == l.last {
		return
	}
	l.last = title
	l.hear(title)
	l.note(title, group)
	if also != title {
		l.hear(also)
	}
}

// maxTitle is how much of a title is listened to.
const maxTitle = 120

// hear counts the phrases of a title: up to four words in a row.
func (l *Listener) hear(title string) {
	runes := []rune(words.Fold(title))
	runes = runes[:min(len(runes), maxTitle)]
	for start := 0; start < len(runes); {
		end := start
		for end < len(runes) && words.IsHan(runes[end]) {
			end++
		}
		l.hearRun(runes[start:end])
		start = end + 1
	}
}

// hearRun counts the phrases of a run of characters, cut into words and once more into the parts of long ones.
func (l *Listener) hearRun(run []rune) {
	coarse := l.lex.Cut(run)
	fine := make([]lexicon.Span, 0, len(coarse))
	for _, w := range coarse {
		parts := l.lex.Parts(run[w.First : w.Last+1])
		if len(parts) == 0 {
			fine = append(fine, w)
		}
		for _, p := range parts {
			fine = append(fine, lexicon.Span{First: w.First + p.First, Last: w.First + p.Last})
		}
	}
	heard := map[lexicon.Span]bool{}
	for _, cut := range [][]lexicon.Span{coarse, fine} {
		l.hearCut(run, cut, heard)
	}
}

func (l *Listener) hearCut(run []rune, cut []lexicon.Span, heard map[lexicon.Span]bool) {
	for i, a := range cut {
		for _, b := range cut[i:min(i+maxParts, len(cut))] {
			at := lexicon.Span{First: a.First, Last: b.Last}
			n := b.Last - a.First + 1
			if n < leastPhrase || n > longestPhrase || heard[at] {
				continue
			}
			heard[at] = true
			phrase := string(run[a.First : b.Last+1])
			if _, ok := l.counts[phrase]; ok || len(l.counts) < maxHeard {
				l.counts[phrase]++
			}
		}
	}
}

// Phrases gives the commonest phrases, by text.
func (l *Listener) Phrases() []repair.Phrase {
	out := make([]repair.Phrase, 0, len(l.counts))
	for text, n := range l.counts {
		out = append(out, repair.Phrase{Text: text, N: n})
	}
	slices.SortFunc(out, func(a, b repair.Phrase) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Text, b.Text)) })
	out = out[:min(len(out), maxPhrases)]
	slices.SortFunc(out, func(a, b repair.Phrase) int { return cmp.Compare(a.Text, b.Text) })
	return out
}

// note keeps a title to be suggested.
func (l *Listener) note(title, group string) {
	if _, ok := l.titles[title]; !ok && title != "" && len(l.titles) < maxTitles {
		l.titles[title] = group
	}
}
