package lexicon

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/mozillazg/go-pinyin"
)

// toneless gives the readings of a character without tones, the commonest first.
func toneless(r rune) []string {
	marked, ok := pinyin.PinyinDict[int(r)]
	if !ok {
		return nil
	}
	var out []string
	for reading := range strings.SplitSeq(marked, ",") {
		plain := strings.Map(withoutTone, reading)
		if plain != "" && !slices.Contains(out, plain) {
			out = append(out, plain)
		}
	}
	return out
}

// tones maps vowels with a tone mark to bare ones, and ü to v as keyboards do.
var tones = func() map[rune]rune {
	m := map[rune]rune{'ü': 'v', 'ǖ': 'v', 'ǘ': 'v', 'ǚ': 'v', 'ǜ': 'v', 'ń': 'n', 'ň': 'n', 'ǹ': 'n', 'ḿ': 'm', 'ê': 'e', 'ế': 'e', 'ề': 'e'}
	for bare, marked := range map[rune]string{'a': "āáǎà", 'e': "ēéěè", 'i': "īíǐì", 'o': "ōóǒò", 'u': "ūúǔù"} {
		for _, r := range marked {
			m[r] = bare
		}
	}
	return m
}()

func withoutTone(r rune) rune {
	if bare, ok := tones[r]; ok {
		return bare
	}
	if r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}

// maxReadings is how many readings of one character count; rarer ones stand in names only.
const maxReadings = 3

// readings remembers what toneless gave for the characters in the main block.
var readings = sync.OnceValue(func() map[rune][]string {
	out := make(map[rune][]string, 22_000)
	for r := range pinyin.PinyinDict {
		if r < 0x4E00 || r > 0x9FFF {
			continue
		}
		all := toneless(rune(r))
		out[rune(r)] = all[:min(len(all), maxReadings)]
	}
	return out
})

// Readings gives how a folded character is read, without tones, ü as v; nil for what is no Han character.
func Readings(r rune) []string { return readings()[r] }

// Syllables gives every syllable there is.
var Syllables = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, all := range readings() {
		for _, s := range all {
			out[s] = true
		}
	}
	return out
})

// Initial gives the consonant a syllable starts with: zh of zhong, "" of an.
func Initial(syllable string) string {
	n := 0
	for n < len(syllable) && !strings.ContainsRune("aeiouv", rune(syllable[n])) {
		n++
	}
	if n > 1 && syllable[n-1] != 'h' { // ng, hm: exclamations
		return syllable[:1]
	}
	return syllable[:n]
}

// Blurred gives the form that syllables share which people confuse: zh and z, ch and c, sh and s, l and n before a vowel,
// ang and an, eng and en, ing and in.
func Blurred(syllable string) string {
	s := syllable
	for _, pair := range [...][2]string{{"zh", "z"}, {"ch", "c"}, {"sh", "s"}} {
		if rest, ok := strings.CutPrefix(s, pair[0]); ok {
			s = pair[1] + rest
		}
	}
	if rest, ok := strings.CutPrefix(s, "l"); ok {
		s = "n" + rest
	}
	for _, end := range [...]string{"ang", "eng", "ing"} {
		if strings.HasSuffix(s, end) {
			s = s[:len(s)-1]
		}
	}
	return s
}

//go:embed data/alike.txt
var alikeText string

// alike gives for each character those that look like it.
var alike = sync.OnceValue(func() map[rune]string {
	out := map[rune]string{}
	for line := range strings.Lines(alikeText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for group := range strings.FieldsSeq(line) {
			for _, r := range group {
				out[r] += group
			}
		}
	}
	return out
})

// Alike reports whether people write one folded character for the other: they can be read alike, or nearly so, or look
// alike.
func Alike(a, b rune) bool {
	if strings.ContainsRune(alike()[a], b) {
		return true
	}
	for _, x := range Readings(a) {
		for _, y := range Readings(b) {
			if Blurred(x) == Blurred(y) {
				return true
			}
		}
	}
	return false
}

// maxSpellings caps the ways one word may be read.
const maxSpellings = 8

// Spellings gives the ways a folded word may be read: each its syllables. nil when a character of it has no reading.
func Spellings(word string) [][]string {
	out := [][]string{nil}
	for _, r := range word {
		all := Readings(r)
		if len(all) == 0 {
			return nil
		}
		out = spellOn(out, all)
	}
	return out
}

// spellOn adds one character's readings to each way to read what stands before it.
func spellOn(heads [][]string, readings []string) [][]string {
	var out [][]string
	for _, head := range heads {
		for _, s := range readings {
			if len(out) == maxSpellings {
				return out
			}
			out = append(out, append(slices.Clip(head), s))
		}
	}
	return out
}
