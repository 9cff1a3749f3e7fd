//go:build !race

package delivery

// underRace says that memory and time mean nothing: the race detector takes a multiple of both.
const underRace = false
