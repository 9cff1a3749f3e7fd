// Package repair makes out of what a person typed what was meant: pinyin in full, by initials or mixed with characters
// becomes characters, and a wrong, missing, swapped or superfluous character is put right.
//
// Nothing is repaired towards what isn't there: [Evidence] says which characters follow each other in the texts that are
// searched, and a repair must lead to characters that do. A known word that the texts merely don't hold (火锅) is left
// alone, so that a question without an answer stays one.
package repair
