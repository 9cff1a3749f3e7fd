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
// bleve keeps the inverted file on disk; queries never reach its query parser. A query is read into at most
// 32 terms and scored here, term at a time, over bleve's postings: BM25F over body and title (so tuning, and
// later explanation, are in our hands), then the passages of one group are rolled up into one hit.
//
// A hit is [Hit].Weak when the terms found in it carry less than 40 percent of the query's weight (what
// stands in the title counts 1.4 times). That is a share, not a
// score, so it means the same in every corpus and for every length of query.
//
// There is no clock here: days are arguments, and a time limit is the caller's context (see [MaxSearchTime]).
package index
