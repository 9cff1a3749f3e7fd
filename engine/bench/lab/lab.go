// Package lab is where an experiment works: its sizes, its enterprises and policies, its clocks, and where its results go.
package lab

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"mianshen/engine/bench/results"
	"mianshen/engine/kernel"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// Around is what all decisions of the benchmark depend on besides the facts.
var Around = rules.Circumstances{AsOf: civil.MustParse("2025-06-30")}

// Options are the sizes of an experiment.
type Options struct {
	Rows, Items int
	Repeat      int // of short measurements
	Pairs       int // of random policies and enterprises
	Seed        uint64
	Dir         string // for files
}

// Full is the size that the names of the results speak of.
func Full() Options {
	return Options{Rows: 1_000_000, Items: 1_000, Repeat: 9, Pairs: 10_000_000, Seed: 20260101, Dir: os.TempDir()}
}

// Lab is where one experiment works.
type Lab struct {
	Options
	Workers int       // processors
	Out     io.Writer // of results; what goes on meanwhile is said on the standard error

	// Differ is what didn't agree.
	Differ []string
}

// Report gives a result.
func (l *Lab) Report(name string, value float64, unit string) {
	fmt.Fprintln(l.Out, results.Result{Name: name, Value: value, Unit: unit}.Line())
}

// Equal reports whether answers agreed: they did when there are no problems. The first problems are said, and the experiment
// goes on.
func (l *Lab) Equal(what string, problems []string) {
	const shown = 5
	for _, p := range problems[:min(shown, len(problems))] {
		l.Logf("%s: %s", what, p)
	}
	value := 1.0
	if len(problems) > 0 {
		l.Logf("%s: %d differences", what, len(problems))
		l.Differ = append(l.Differ, what)
		value = 0
	}
	l.Report("equal_"+what, value, "1 = all agreed")
}

// Logf says what goes on.
func (l *Lab) Logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
}

// Built is the name of what a build with Go's simd experiment measured: sweep_1k_1m_ms becomes sweep_1k_1m_simd_ms. In other
// builds names stay as they are.
func Built(name string) string {
	if !kernel.SIMD() {
		return name
	}
	if i := strings.LastIndexByte(name, '_'); i >= 0 && slices.Contains([]string{"ms", "s", "us", "mib"}, name[i+1:]) {
		return name[:i] + "_simd" + name[i:]
	}
	return name + "_simd"
}
