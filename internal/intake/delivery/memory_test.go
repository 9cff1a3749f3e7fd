//go:build !race

package delivery

import (
	"context"
	"runtime"
	"testing"

	"mianshen/internal/intake"
)

// The race detector needs a multiple of the memory, so the gate runs this test without it, in a step of its own.

// Memory doesn't grow with the file: 170 MB of CSV, 100 MB of columns, pass through less.
func TestMemoryIsBounded(t *testing.T) {
	v := wideVocabulary(t)
	path := t.TempDir() + "/wide.csv"
	writeFile(t, path, 200_000)
	in, file, err := intake.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	runtime.GC() // what other tests have left
	peak := watchHeap()
	_, err = Read(context.Background(), v, in, Meta{Source: "甲局", Period: "2024"}, Limits{Workers: 2}, func(Part) error { return nil })
	if most := peak(); err != nil || most > 224<<20 {
		t.Errorf("%v, %d MiB in use", err, most>>20)
	}
}
