package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"mianshen/engine/bench/workload"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// around is what all decisions of the benchmark depend on besides the facts.
var around = rules.Circumstances{AsOf: civil.MustParse("2025-06-30")}

// lab is where one experiment works: its sizes, and where its results go.
type lab struct {
	options
	workers int
	out     io.Writer
}

// report gives a result.
func (l *lab) report(name string, value float64, unit string) {
	fmt.Fprintln(l.out, result{name: name, value: value, unit: unit}.line())
}

// equal reports whether answers agreed; a difference is also said. The experiment goes on, so that all differences are seen.
func (l *lab) equal(what string, problems []string) {
	for i, p := range problems {
		if i == 5 {
			l.logf("%s: and %d more differences", what, len(problems)-i)
			break
		}
		l.logf("%s: %s", what, p)
	}
	value := 1.0
	if len(problems) > 0 {
		value = 0
	}
	l.report("equal_"+what, value, "1 = all agreed")
}

func (l *lab) logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
}

// workload draws the world, and the items and their book.
func (l *lab) workload(items int, amounts bool) (*workload.World, []*workload.Item, *rules.Book, error) {
	w, err := workload.NewWorld()
	if err != nil {
		return nil, nil, nil, err
	}
	start := time.Now()
	list := w.Items(items, amounts)
	book, err := w.Book(list)
	if err != nil {
		return nil, nil, nil, err
	}
	l.logf("%d items compiled in %v", items, time.Since(start).Round(time.Millisecond))
	return w, list, book, nil
}

// times measures work so often and sorts the durations.
func times(n int, work func() error) ([]time.Duration, error) {
	out := make([]time.Duration, n)
	for i := range out {
		runtime.GC()
		start := time.Now()
		if err := work(); err != nil {
			return nil, err
		}
		out[i] = time.Since(start)
	}
	slices.Sort(out)
	return out, nil
}

// quantile is the duration that the share p of sorted durations doesn't exceed.
func quantile(sorted []time.Duration, p float64) time.Duration {
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

func median(sorted []time.Duration) time.Duration { return quantile(sorted, 0.5) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// memory reads a figure of this process in MiB: VmRSS, or VmHWM, the most it ever was.
func memory(name string) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), name+":")
	kib, _ := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	return kib / 1024
}

// forgetPeak gives back what is free and makes VmHWM begin anew.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // where that is forbidden the peak stays too high, never too low
}
