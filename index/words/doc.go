// Package words reads Chinese text and queries into the terms they are found under, and marks those terms in a text.
//
// No dictionary decides what can be found: runs of Han characters become overlapping pairs, runs of letters and digits
// become words, and document numbers (文号) and sums of money are recognised and given one normal form beside that.
// Width, case, traditional characters, brackets and quotation marks are folded rune by rune, one to one, so every token
// knows the exact bytes it came from and marks are set into the text as it was written.
//
// A query is read by [Read] in the same way, within caps; the words people ask with (能不能, 有没有, 怎么) are left out.
package words
