// Package lexicon knows words: which of them mean the same, where words end, how characters are pronounced, and which
// department a matter belongs to. What it knows stands in files under data, two of which are meant to be edited: the
// synonyms and the departments.
//
// A [Lexicon] is built once and never changes; it may be used from many goroutines. All words in it are folded as
// [words.Fold] does.
package lexicon
