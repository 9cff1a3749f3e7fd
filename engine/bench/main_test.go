package main

import (
	"os"
	"testing"
)

// alone makes this test binary behave as the program, so that experiments can run in processes of their own.
const alone = "MIANSHEN_BENCH_ALONE"

func TestMain(m *testing.M) {
	if os.Getenv(alone) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestExperiments runs every experiment at a small size: all answers must agree.
func TestExperiments(t *testing.T) {
	t.Setenv(alone, "1")
	args := []string{"-rows", "9000", "-items", "40", "-pairs", "3000", "-repeat", "2", "-dir", t.TempDir()}
	if err := run(t.Context(), args); err != nil {
		t.Fatal(err)
	}
}

// TestRefusals holds what the program doesn't do.
func TestRefusals(t *testing.T) {
	for _, args := range [][]string{{"-run", "nothing"}, {"-write", "-rows", "10"}, {"-nonsense"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%v ran", args)
		}
	}
}
