//go:build race

package readiness_test

// firms is how many of the embedded enterprises are surveyed. The race detector makes everything ten times slower.
const firms = 200
