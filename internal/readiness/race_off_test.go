//go:build !race

package readiness_test

import "mianshen/seeds"

// firms is how many of the embedded enterprises are surveyed: all.
const firms = seeds.Size
