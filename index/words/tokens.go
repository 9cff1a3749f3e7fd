package words

import (
	"strings"
	"unicode"
)

// Kind says how the term of a token was made.
type Kind uint8

// The kinds of tokens.
const (
	Pair   Kind = iota // two Han characters that follow each other
	Single             // the last (or only) Han character of a run
	Word               // letters or digits
	Number             // a document number in normal form
	Amount             // a sum of money in yuan
)

// Token is one term of a text.
type Token struct {
	Term        string // folded; starts with # for a number and with ¥ for a sum, as nothing else does
	Kind        Kind
	Start, End  int // the bytes of the text it was read from
	First, Last int // the runes of the text it was read from, Last included
}

// maxWordRunes cuts longer runs of letters into several words; nothing sensible is longer.
const maxWordRunes = 32

// maxGap is how many quotes and blanks may stand between two Han characters that still make a pair: a line wrapped by
// a PDF converter, or “专精特新”企业.
const maxGap = 6

// tokenize reads every token of text, in order of their start. spaces says whether a blank ends a run of Han
// characters: in a query it does, since people separate words with it; in a document it does not, since converters
// wrap lines within words.
func tokenize(f folded, spaces bool) []Token {
	var out []Token
	for i := 0; i < len(f.runes); {
		switch r := f.runes[i]; {
		case isHan(r):
			var next int
			out, next = hanRun(out, f, i, spaces)
			i = next
		case isWord(r) && !unicode.IsMark(r):
			t := wordAt(f, i)
			out = append(out, t)
			i = t.Last + 1
		default:
			i++
		}
	}
	return out
}

// hanRun appends the pairs of the run of Han characters that starts at i, then its last character as a single, and
// gives the position behind the run.
func hanRun(out []Token, f folded, i int, spaces bool) ([]Token, int) {
	for {
		j := nextHan(f, i, spaces)
		if j < 0 {
			return append(out, span(f, string(f.runes[i]), i, i, Single)), i + 1
		}
		out = append(out, span(f, string([]rune{f.runes[i], f.runes[j]}), i, j, Pair))
		i = j
	}
}

// nextHan gives the position of the Han character that follows i directly or behind a small gap, or -1.
func nextHan(f folded, i int, spaces bool) int {
	for j := i + 1; j < len(f.runes) && j <= i+1+maxGap; j++ {
		switch r := f.runes[j]; {
		case isHan(r):
			return j
		case r == quoteMark || r == invisible:
		case r == blank && !spaces:
		default:
			return -1
		}
	}
	return -1
}

// wordAt reads the word at i.
func wordAt(f folded, i int) Token {
	term, last := wordText(f, i)
	return span(f, term, i, last, Word)
}

// wordText reads the word at i and gives its last rune. Digits keep a decimal point and lose their thousands separators:
// 500,000 is 500000.
func wordText(f folded, i int) (string, int) {
	var term strings.Builder
	j, n := i, 0
	for j < len(f.runes) && n < maxWordRunes {
		r := f.runes[j]
		switch {
		case isWord(r) && !isHan(r):
			term.WriteRune(r)
			n++
		case r == '.' && digitAt(f, j-1) && digitAt(f, j+1):
			term.WriteRune(r)
			n++
		case r == ',' && digitAt(f, j-1) && groupOfThree(f, j+1):
		default:
			return term.String(), j - 1
		}
		j++
	}
	return term.String(), j - 1
}

func digitAt(f folded, i int) bool {
	return i >= 0 && i < len(f.runes) && f.runes[i] >= '0' && f.runes[i] <= '9'
}

// groupOfThree reports whether exactly three digits stand at i.
func groupOfThree(f folded, i int) bool {
	return digitAt(f, i) && digitAt(f, i+1) && digitAt(f, i+2) && !digitAt(f, i+3)
}

func span(f folded, term string, first, last int, k Kind) Token {
	return Token{Term: term, Start: f.at[first], End: f.at[last+1], First: first, Last: last, Kind: k}
}

// Tokens gives all tokens of a document's text: pairs, singles and words in order of their start, then the document
// numbers and the sums of money in normal form. Any string is a text; its invalid bytes are in no token.
func Tokens(text string) []Token {
	f := fold(text)
	out := tokenize(f, false)
	for _, n := range findNumbers(f) {
		for _, key := range n.keys() {
			out = append(out, span(f, key, n.first, n.last, Number))
		}
	}
	for _, a := range findAmounts(f) {
		out = append(out, span(f, a.term(), a.first, a.last, Amount))
	}
	return out
}
