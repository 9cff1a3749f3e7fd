//go:build race

package outlook_test

// towns: the race detector slows the building of 400 snapshots tenfold; five firms are enough to look for races.
const towns = 5
