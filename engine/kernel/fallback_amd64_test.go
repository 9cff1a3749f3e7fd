//go:build goexperiment.simd && amd64

package kernel

import "testing"

// On a processor without wide registers the same build runs the loops in plain Go.
func TestWithoutWideRegisters(t *testing.T) {
	defer func(on bool) { loops.on = on }(loops.on)
	loops.on = false
	if SIMD() {
		t.Fatal("SIMD says yes")
	}
	t.Run("values", TestComparesValuesAndTails)
	t.Run("tables", TestLooksUp)
	t.Run("panics", TestRefusesCodesPastTheTable)
	t.Run("logic", TestLogicAgainstKleene)
	t.Run("sets", TestPositionsAndSets)
	t.Run("planes", TestPlanesHoldTheBits)
	t.Run("compared planes", TestComparesPlanes)
}
