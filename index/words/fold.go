package words

import (
	_ "embed"
	"math"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed data/TSCharacters.txt
var tsCharacters string

// simplified maps traditional characters to simplified ones, one to one, from OpenCC's TSCharacters (data/NOTICE).
var simplified = sync.OnceValue(func() map[rune]rune {
	table := make(map[rune]rune, 4096)
	for line := range strings.Lines(tsCharacters) {
		from, to, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		if !ok {
			continue
		}
		f, _ := utf8.DecodeRuneInString(from)
		t, _ := utf8.DecodeRuneInString(to)
		table[f] = t
	}
	for f, t := range table { // a few simplify in two steps
		if further, ok := table[t]; ok {
			table[f] = further
		}
	}
	return table
})

// Runes that stand for a whole class after folding.
const (
	openBracket  = '('
	closeBracket = ')'
	quoteMark    = '"' // passed over inside a run of Han characters
	blank        = ' '
	invisible    = '\u200b' // passed over everywhere
)

// foldRune gives the one rune that r counts as in an index and in a query: full width becomes half width, upper case
// lower case, traditional simplified; every bracket style used in document numbers becomes a round bracket, every
// quotation mark and book-title mark a plain quote, every white space a blank. It is one to one on purpose, so that
// offsets never shift, and folding twice changes nothing.
func foldRune(r rune) rune {
	if r >= 0 && int(r) < len(folds()) {
		return rune(folds()[r])
	}
	return foldSlow(r)
}

// folds is foldSlow for the first plane, since texts are folded again and again.
var folds = sync.OnceValue(func() []uint16 {
	out := make([]uint16, 1<<16)
	for r := range out {
		to := foldSlow(rune(r))
		if to > math.MaxUint16 { // none does; it would be left alone
			to = rune(r)
		}
		out[r] = uint16(to)
	}
	return out
})

// foldSlow folds one rune.
func foldSlow(r rune) rune {
	if r < utf8.RuneSelf {
		return foldASCII(r)
	}
	if r >= 0x4E00 && r <= 0x9FFF {
		return foldHan(r)
	}
	switch r {
	case '〔', '【', '〖', '［', '（', '﹝', '｟':
		return openBracket
	case '〕', '】', '〗', '］', '）', '﹞', '｠':
		return closeBracket
	case '“', '”', '‘', '’', '「', '」', '『', '』', '《', '》', '〈', '〉', '＂', '＇', '«', '»':
		return quoteMark
	case '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad':
		return invisible
	case utf8.RuneError:
		return r
	}
	return foldOther(r)
}

func foldASCII(r rune) rune {
	switch {
	case r >= 'A' && r <= 'Z':
		return r + ('a' - 'A')
	case r == '[' || r == '{':
		return openBracket
	case r == ']' || r == '}':
		return closeBracket
	case r == '\'':
		return quoteMark
	case r == '\t' || r == '\n' || r == '\v' || r == '\f' || r == '\r':
		return blank
	}
	return r
}

func foldHan(r rune) rune {
	if s, ok := simplified()[r]; ok {
		return s
	}
	return r
}

// foldOther folds what is neither ASCII nor in the main Han block by Unicode's compatibility mapping, where that is a
// single rune (full width forms, circled digits, compatibility ideographs, the radicals that PDF files are full of).
func foldOther(r rune) rune {
	if unicode.IsSpace(r) {
		return blank
	}
	composed := norm.NFKC.String(string(r))
	if c, size := utf8.DecodeRuneInString(composed); size == len(composed) && c != r {
		return foldSlow(c)
	}
	if low := unicode.ToLower(r); low != r {
		return foldSlow(low)
	}
	return foldHan(r)
}

// Fold folds every rune of text; see the package for what that means. It keeps their number.
func Fold(text string) string { return string(fold(text).runes) }

// IsHan reports whether a folded rune is written without spaces between words: Han, kana, bopomofo and hangul.
func IsHan(r rune) bool { return isHan(r) }

// IsPlain reports whether a folded rune is an ASCII letter or digit.
func IsPlain(r rune) bool { return r < utf8.RuneSelf && isWord(r) }

// isHan reports whether r is written without spaces between words: Han, kana, bopomofo and hangul.
func isHan(r rune) bool {
	if r >= 0x4E00 && r <= 0x9FFF {
		return true
	}
	if r < 0x2E80 {
		return unicode.Is(unicode.Hangul, r)
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Hangul)
}

// isWord reports whether r, not Han, belongs into a word.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// folded is a text with its fold beside it: rune i of the fold came from src[at[i]:at[i+1]].
type folded struct {
	src   string
	runes []rune
	at    []int
}

// fold folds src. Invalid bytes become the replacement rune, one each, which no token holds.
func fold(src string) folded {
	f := folded{src: src, runes: make([]rune, 0, len(src)/2+1), at: make([]int, 0, len(src)/2+2)}
	for i, r := range src {
		f.runes = append(f.runes, foldRune(r))
		f.at = append(f.at, i)
	}
	f.at = append(f.at, len(src))
	return f
}
