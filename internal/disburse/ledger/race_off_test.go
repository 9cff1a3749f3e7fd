//go:build !race

package ledger_test

// walks take every step, carried out and refused, many times.
const walks = 30
