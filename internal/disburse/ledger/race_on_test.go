//go:build race

package ledger_test

// walks: SQLite in Go is slow under the race detector; a few walks are enough to look for races.
const walks = 3
