//go:build !race

package rules_test

// underRace: the race detector slows everything about tenfold, so that bounds in milliseconds mean nothing.
const underRace = false
