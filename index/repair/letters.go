package repair

import (
	"math"
	"slices"
	"strings"

	"mianshen/index/lexicon"
	"mianshen/index/words"
)

// letters replaces pinyin by characters wherever that leads to something the texts hold.
func (r *Repairer) letters(runes []rune) ([]rune, []Change) {
	var out []rune
	var changes []Change
	for i := 0; i < len(runes); {
		g := groupAt(runes, i)
		if g.end == i {
			out = append(out, runes[i])
			i++
			continue
		}
		g.before, g.after = neighbour(out, len(out)-1, -1), neighbour(runes, g.end, 1)
		typed := runes[i:g.end]
		if meant := r.group(g); meant != "" {
			out = append(out, []rune(meant)...)
			changes = append(changes, Change{string(typed), meant})
		} else {
			out = append(out, typed...)
		}
		i = g.end
	}
	return out, changes
}

// group is a run of letters, with the blanks and apostrophes between them, that may be pinyin.
type group struct {
	text          string // letters only
	words         []string
	border        []bool // by position in text: a syllable must not run over it
	end           int    // in the query
	before, after rune   // characters around it, or 0
}

// maxLetters is the longest run of letters that is read as pinyin.
const maxLetters = 48

// groupAt reads the group that starts at i; end is i when there is none. Words with digits are none.
func groupAt(runes []rune, i int) group {
	g := group{end: i}
	if i > 0 && (isLetter(runes[i-1]) || isDigit(runes[i-1])) {
		return g
	}
	for j := i; j < len(runes); {
		k := j
		for k < len(runes) && isLetter(runes[k]) {
			k++
		}
		if k == j || k < len(runes) && isDigit(runes[k]) || len(g.text)+k-j > maxLetters {
			break
		}
		word := string(runes[j:k])
		g.words, g.text, g.end = append(g.words, word), g.text+word, k
		g.border = append(g.border, make([]bool, len(g.text)+1-len(g.border))...)
		g.border[len(g.text)] = true
		j = k
		for j < len(runes) && (runes[j] == ' ' || runes[j] == '"') { // an apostrophe folds to a quote
			j++
		}
		if j == k {
			break
		}
	}
	return g
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// neighbour gives the Han character at i or, beyond blanks, further on; 0 when there is none.
func neighbour(runes []rune, i, step int) rune {
	for ; i >= 0 && i < len(runes); i += step {
		if words.IsHan(runes[i]) {
			return runes[i]
		}
		if runes[i] != ' ' {
			return 0
		}
	}
	return 0
}

// group gives the characters that a group of letters stands for, or "".
func (r *Repairer) group(g group) string {
	if slices.ContainsFunc(g.words, r.lex.Own) {
		return ""
	}
	if known := r.spelledAs(g.text); known != "" {
		return known
	}
	if r.isWord(g) {
		return ""
	}
	if chars, ok := r.decode(g, false); ok {
		return chars
	}
	if len(g.words) == 1 {
		if known := r.startsAs(g.text); known != "" {
			return known
		}
	}
	if chars, ok := r.decode(g, true); ok {
		return chars
	}
	return r.wordByWord(g)
}

// isWord reports whether the letters are words of the texts, such as ai or app, and no run of syllables.
func (r *Repairer) isWord(g group) bool {
	for _, w := range g.words {
		if !r.evidence.Word(w) {
			return false
		}
	}
	return true
}

// wordByWord reads the words of a group one by one, since what one is may say nothing of the next: zjtx butie.
func (r *Repairer) wordByWord(g group) string {
	if len(g.words) < 2 {
		return ""
	}
	var out []string
	changed := false
	for _, w := range g.words {
		one, _ := r.letters([]rune(w))
		out = append(out, string(one))
		changed = changed || string(one) != w
	}
	if !changed {
		return ""
	}
	return strings.Join(out, " ")
}

// spelledAs gives the phrase for which most speaks among those read so, or "".
func (r *Repairer) spelledAs(letters string) string {
	return first(r.spelled[letters], r.usable)
}

// startsAs gives the phrase of three and more characters whose syllables start so; of two only from the lexicon.
func (r *Repairer) startsAs(letters string) string {
	return first(r.initials[letters], func(p string) bool {
		return r.usable(p) && (len(letters) > 2 || r.lex.Own(p))
	})
}

func first(phrases []string, fits func(string) bool) string {
	for _, p := range phrases {
		if fits(p) {
			return p
		}
	}
	return ""
}

// Costs of reading letters as characters, as negative logarithms of probability.
const (
	unseen      = 0.01 // a pair that the texts don't hold counts like this many
	initialCost = 3.0  // of an initial that stands for a syllable
	beam        = 24   // readings followed at each position
)

// path is the best way to read the letters up to a position so that they end with a character.
type path struct {
	char     rune
	cost     float64
	back     *path
	run      int // characters at the end that follow each other in the texts
	full     int // syllables in full
	initials int
}

// decode reads letters as the most probable characters. With initials, a consonant may stand for a syllable, if at least as
// many are in full. ok is false when a character would stand alone, following none and followed by none in the texts.
func (r *Repairer) decode(g group, initials bool) (string, bool) {
	n := len(g.text)
	if initials && !g.mayBeFull() {
		return "", false
	}
	at := make([][]*path, n+1)
	at[0] = []*path{{char: g.before}}
	for i := range n {
		at[i] = narrow(at[i])
		for _, piece := range pieces(g, i, initials) {
			for _, p := range at[i] {
				at[i+len(piece.text)] = r.extend(at[i+len(piece.text)], p, piece)
			}
		}
	}
	var best *path
	for _, p := range at[n] {
		cost := p.cost + 0.5*r.cost(p.char, g.after)
		if p.whole(g) && p.initials <= p.full && (best == nil || cost < best.cost) {
			best = &path{char: p.char, cost: cost, back: p.back, full: p.full, initials: p.initials}
		}
	}
	if best == nil || best.full+best.initials < 2 && g.before == 0 && g.after == 0 {
		return "", false
	}
	var out []rune
	for p := best; p.back != nil; p = p.back {
		out = append(out, p.char)
	}
	slices.Reverse(out)
	return string(out), true
}

// mayBeFull reports whether as many syllables can be in full as words of the group are none: a syllable has a vowel.
func (g group) mayBeFull() bool {
	vowels, without := 0, 0
	for _, w := range g.words {
		n := strings.Count(w, "a") + strings.Count(w, "e") + strings.Count(w, "i") + strings.Count(w, "o") + strings.Count(w, "u") + strings.Count(w, "v")
		vowels += n
		if n == 0 {
			without++
		}
	}
	return without <= vowels
}

// whole reports whether the last characters belong to something: two that follow each other in the texts, or one that goes
// with its neighbours in the query.
func (p *path) whole(g group) bool {
	return p.run > 1 || p.full+p.initials == 1 && (g.before != 0 || g.after != 0)
}

// piece is a syllable, or an initial that stands for one.
type piece struct {
	text    string
	initial bool
}

// pieces gives what may be read at position i of a group.
func pieces(g group, i int, initials bool) []piece {
	var out []piece
	for n := 1; n <= 6 && i+n <= len(g.text); n++ {
		s := g.text[i : i+n]
		if lexicon.Syllables()[s] {
			out = append(out, piece{text: s})
		}
		if initials && lexicon.Initial(s) == s && (n == 1 || s[1] == 'h') {
			out = append(out, piece{text: s, initial: true})
		}
		if g.border[i+n] {
			break
		}
	}
	return out
}

// extend adds to ends every character that piece may be behind p.
func (r *Repairer) extend(ends []*path, p *path, piece piece) []*path {
	chars := r.common[piece.text]
	if piece.initial {
		chars = r.starting[piece.text]
	}
	for _, c := range chars {
		next := &path{char: c, cost: p.cost + r.cost(p.char, c), back: p, full: p.full + 1, initials: p.initials, run: 1}
		switch {
		case p.back == nil:
		case r.pair(p.char, c) > 0:
			next.run = p.run + 1
		case p.run < 2: // it would stand alone
			continue
		}
		if piece.initial {
			next.cost += initialCost
			next.full, next.initials = p.full, p.initials+1
		}
		ends = append(ends, next)
	}
	return ends
}

// narrow keeps the cheapest way to each character, and of these the cheapest.
func narrow(ends []*path) []*path {
	slices.SortStableFunc(ends, func(a, b *path) int {
		switch {
		case a.cost < b.cost:
			return -1
		case a.cost > b.cost:
			return 1
		}
		return 0
	})
	seen := map[rune]bool{}
	out := ends[:0]
	for _, p := range ends {
		if len(out) == beam {
			break
		}
		if !seen[p.char] {
			seen[p.char] = true
			out = append(out, p)
		}
	}
	return out
}

// cost is how improbable it is that second follows first. Either may be 0, for no character.
func (r *Repairer) cost(first, second rune) float64 {
	switch {
	case second == 0:
		return 0
	case first == 0:
		return math.Log((float64(r.all) + 1) / (float64(r.follow[second]) + unseen))
	}
	return math.Log((float64(r.follow[first]) + 1) / (float64(r.pair(first, second)) + unseen))
}
