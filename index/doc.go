// Package index is the full-text search over policies, items, clauses, explanations and plain text files.
//
// It knows documents, not policies: whoever has something to be found hands it over as [Document] values.
// An index is derived data. It is written once by [Create] into a generation of its own below a folder, becomes
// current by one rename, is verified by checksum at [Open], and may be thrown away at any time: a caller that gets
// [ErrRebuild] builds it again from the store. Nothing about money may read it.
//
// # How it works
//
// Chinese is indexed as overlapping pairs of characters, so that no dictionary decides what can be found; runs of
// letters and digits are words; document numbers (文号) and sums of money are recognised and indexed in one normal
// form beside that. Width, case and traditional characters are folded inside the tokenizer, rune by rune, so every
// token knows the exact bytes it came from and highlights are cut from the text as it was written.
//
// A question is read in steps, each of which says what it did. Words that narrow (人社局的, 免申, 过期) become filters in
// short questions ([Result].Chips). Pinyin and wrong characters are put right, towards what the index holds ([Result].Read, package repair).
// The words people ask with (能不能, 有没有) are left out. What is left becomes at most 32 terms; for words with synonyms
// (package lexicon) what documents write instead is looked for beside them, at most 64 terms in all.
//
// bleve keeps the inverted file on disk; questions never reach its query parser. They are scored here, term at a time,
// the rarest first: inverse frequency, times a saturating count in which the title weighs four times the body, lengths
// allowed for (BM25F; how often a term stands in a passage is not read, since passages are short). In a large index
// frequent words are looked up only in the best of what the rarer ones found. The best rows are then read again: how much of
// the question stands within 48 characters of each other counts, with the title and without. Passages of one group are rolled up into one hit.
//
// A hit is [Hit].Weak when the words that stand close together in it carry less than 40 percent of the question's weight
// (less for long questions; what stands in the title counts 1.4 times; package share). That is a share, not a score, so it means the
// same in every corpus. What names another part of the country than the question counts half.
//
// How good all this is, is measured: see RELEVANCE.md and package judge.
//
// There is no clock here: days are arguments, and a time limit is the caller's context (see [MaxSearchTime]).
package index
