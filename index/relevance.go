package index

import "embed"

// Relevance holds the files that say what a good answer is: a corpus in our own words, questions with the answers expected,
// a question for each group of synonyms, and the figures reached. See mianshen/index/judge for their formats.
//
//go:embed testdata/*.txtar testdata/*.tsv
var Relevance embed.FS
