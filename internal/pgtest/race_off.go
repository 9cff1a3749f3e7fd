//go:build !race

package pgtest

// Racing says whether the race detector watches. Tests of money are slow under it, and on PostgreSQL they wait for the server,
// which it doesn't see: with it they run on SQLite alone, and the gate runs them once more whole without it.
const Racing = false
