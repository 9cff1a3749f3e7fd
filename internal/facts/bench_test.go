package facts_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mianshen/internal/facts"
	"mianshen/internal/facts/arrival"
	"mianshen/internal/intake"
	"mianshen/rules"
	"mianshen/rules/civil"
)

// wideVocabulary has 100 fields of one department, all of what is current: 40 sums, 10 days, 20 enums, 20 truth values, 10 sets.
func wideVocabulary() string {
	var b strings.Builder
	b.WriteString("fields:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  - {name: 指标%d, id: f%d, source: 甲局, ", i, i)
		switch {
		case i < 40:
			fmt.Fprintln(&b, "type: money, unit: 元}")
		case i < 50:
			fmt.Fprintln(&b, "type: date}")
		case i < 70:
			fmt.Fprintln(&b, "type: enum, values: [甲, 乙, 丙, 丁, 戊, 己, 庚, 辛]}")
		case i < 90:
			fmt.Fprintln(&b, "type: bool}")
		default:
			fmt.Fprintln(&b, "type: set}")
		}
	}
	return b.String()
}

// wideFile writes rows with the cells of fields [0, columns), one cell in ten empty, and returns it as an input. step rows of the
// numbering lie between one enterprise and the next.
func wideFile(tb testing.TB, rows, step, columns int, names bool) intake.Input {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "宽.csv")
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(uint64(rows), uint64(step)))
	line := []byte(rules.KeyColumn)
	if names {
		line = append(line, ",企业名称"...)
	}
	for i := range columns {
		line = append(line, ",指标"+strconv.Itoa(i)...)
	}
	for _, n := range r.Perm(rows) {
		line = append(append(line, '\n'), code(n*step)...)
		if names {
			line = append(line, ",上海某某企业第"+strconv.Itoa(n)+"号有限公司"...)
		}
		for i := range columns {
			line = append(line, ',')
			if r.IntN(10) > 0 {
				line = appendCell(line, r, i)
			}
		}
		if _, err := w.Write(line); err != nil {
			tb.Fatal(err)
		}
		line = line[:0]
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	in, closer, err := intake.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := closer.Close(); err != nil {
			tb.Error(err)
		}
	})
	return in
}

func appendCell(line []byte, r *rand.Rand, field int) []byte {
	words := []string{"甲", "乙", "丙", "丁", "戊", "己", "庚", "辛"}
	switch {
	case field < 40:
		return fmt.Appendf(line, "%d.%02d", r.IntN(100_000_000), r.IntN(100))
	case field < 50:
		return fmt.Appendf(line, "20%02d-%02d-%02d", r.IntN(25), r.IntN(12)+1, r.IntN(28)+1)
	case field < 70:
		return append(line, words[min(r.IntN(8), r.IntN(8))]...)
	case field < 90:
		return append(line, []string{"否", "是"}[r.IntN(4)/3]...)
	}
	return append(line, words[r.IntN(8)]+";"+words[r.IntN(8)]...)
}

// peak samples how much the heap holds until stop is called.
func peak() (stop func() uint64) {
	var most atomic.Uint64
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
		}
	}()
	return func() uint64 { close(done); return most.Load() }
}

// BenchmarkFacts receives, builds and opens 200,000 enterprises (or MIANSHEN_ROWS) with 100 fields, then what changes when 1 % of
// them get new values in 10. Each step is run once: go test -bench Facts -benchtime 1x.
func BenchmarkFacts(b *testing.B) {
	rows := 200_000
	if n, err := strconv.Atoi(os.Getenv("MIANSHEN_ROWS")); err == nil {
		rows = n
	}
	names := os.Getenv("MIANSHEN_NAMES") != ""
	for b.Loop() {
		h := newBench(b, onDisk(b), wideVocabulary())
		all, some := wideFile(b, rows, 1, 100, names), wideFile(b, rows/100, 100, 10, false)
		step := func(name string, do func()) {
			runtime.GC()
			stop, start := peak(), time.Now()
			do()
			b.ReportMetric(float64(time.Since(start).Milliseconds()), name+"-ms")
			b.ReportMetric(float64(stop()>>20), name+"-MiB")
		}
		receive := func(in intake.Input, period string) func() {
			return func() {
				if _, _, _, err := arrival.Receive(ctx, h.st, h.v, []intake.Input{in}, meta("甲局", period, false), h.now); err != nil {
					b.Fatal(err)
				}
			}
		}
		build := func() { h.build("2025-01-10", h.now, true) }
		open := func() {
			s := h.build("2025-01-10", h.now, true)
			t, err := facts.Open(ctx, h.st, h.v, s)
			if err == nil {
				err = facts.Prefetch(ctx, t, nil)
			}
			if err != nil || t.Rows() != rows {
				b.Fatal(t.Rows(), err)
			}
		}
		profile := func() {
			reader, s := facts.NewReader(h.st), h.build("2025-01-10", h.now, true)
			for n := range 101 {
				if _, err := reader.Profile(ctx, h.v, s, code(n*37%rows)); err != nil {
					b.Fatal(err)
				}
			}
		}
		step("receive", receive(all, "current:2025-01-01"))
		step("full", build)
		step("open", open)
		step("profiles101", profile)
		h.later(time.Minute)
		step("receive1", receive(some, "current:2025-01-02"))
		step("overlay", build)
		step("reopen", open)
		step("reprofiles101", profile)
		if s, err := h.st.LatestSnapshot(ctx); err != nil || s.Base == "" || s.AsOf != civil.MustParse("2025-01-10") {
			b.Fatal(s, err)
		}
	}
}
